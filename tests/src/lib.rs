//! A plan on an embedded chain and the people around it, for tests and benchmarks of the built program.

#![warn(missing_docs)]

pub use earnout_embedded::{Account, Chain, Failure, Keypair, Receipt, Signer, Step, TokenProgram};

use {
    anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction},
    earnout::{
        error::EarnoutError,
        instructions::{AttestArgs, CreateGrantArgs, CreatePlanArgs},
        state::{
            Attestation, Cadence, Combination, CurvePoint, Grant, Interpolation, KpiArgs, Period, Plan, Release, Scope,
            UnearnedPolicy,
        },
    },
    earnout_embedded::GENESIS,
    earnout_sdk::{
        instructions::{self, PlanToken},
        pda,
    },
};

/// One hour, seconds.
pub const HOUR: i64 = 3_600;
/// One day, seconds.
pub const DAY: i64 = 86_400;
/// Beginning of the plans of [`terms`].
pub const START: i64 = GENESIS + 10 * DAY;
/// Length of their periods, seconds.
pub const PERIOD: i64 = 30 * DAY;

/// A plan and everyone it needs.
pub struct World {
    /// The chain.
    pub chain: Chain,
    /// Token program of the mint.
    pub program: TokenProgram,
    /// Authority and creator.
    pub authority: Keypair,
    /// Oracles, in the order of the set.
    pub oracles: Vec<Keypair>,
    /// Arbiter.
    pub arbiter: Keypair,
    /// Plan, mint and token program.
    pub token: PlanToken,
    /// Token account of the authority that funds the plan.
    pub source: Pubkey,
    /// The plan's treasury.
    pub treasury: Pubkey,
}

/// Terms of a plan of 4 periods of 30 days from [`START`], with 3 oracles of which 2 decide, windows of one day, `Return`
/// and release at settlement. `oracles` and `arbiter` are filled in by [`World::draft`].
pub fn terms() -> CreatePlanArgs {
    CreatePlanArgs {
        plan_id: 1,
        start_ts: START,
        cadence: Cadence::Seconds(2_592_000),
        period_count: 4,
        attest_secs: 86_400,
        challenge_secs: 86_400,
        ruling_secs: 86_400,
        notice_secs: 86_400,
        combination: Combination::WeightedSum,
        unearned_policy: UnearnedPolicy::Return,
        release: Release::AtSettlement,
        bonus_cap_bps: 10_000,
        min_allocation: 1,
        max_allocation: u64::MAX,
        max_grants: 1_000,
        enrolment_end: START + 3 * PERIOD,
        token_flags: 0,
        max_fee_bps: 0,
        oracles: Vec::new(),
        threshold: 2,
        arbiter: None,
    }
}

/// A KPI with whole values from 0 to 1,000,000 and a straight curve from (0, 0) to (100, 10,000); silence counts 0.
pub fn kpi(name: &str, scope: Scope) -> KpiArgs {
    KpiArgs {
        name: name.to_owned(),
        unit: "points".to_owned(),
        rubric_hash: [7; 32],
        decimals: 0,
        scope,
        range_min: 0,
        range_max: 1_000_000,
        interpolation: Interpolation::Linear,
        points: vec![
            CurvePoint { value: 0, score: 0 },
            CurvePoint {
                value: 100,
                score: 10_000,
            },
        ],
        default_score: 0,
    }
}

impl World {
    /// A draft of these terms on a fresh chain, with three oracles and an arbiter (left out where `challenge_secs` is 0),
    /// funded with nothing; the authority holds u64::MAX / 2 base units.
    pub fn draft(program: TokenProgram, mut args: CreatePlanArgs) -> Self {
        let mut chain = Chain::start(&Chain::built_program()).unwrap();
        let (authority, arbiter) = (chain.key(), chain.key());
        let oracles: Vec<Keypair> = (0..3).map(|_| chain.key()).collect();
        let mint = chain.mint(program, 6, None).unwrap();
        let source = chain.associated(program, &mint, &authority.pubkey()).unwrap();
        chain.mint_to(program, &mint, &source, u64::MAX / 2).unwrap();
        let owner = chain.key().pubkey();
        let treasury = chain.associated(program, &mint, &owner).unwrap();
        if args.oracles.is_empty() {
            args.oracles = oracles.iter().map(Signer::pubkey).collect();
        }
        if args.arbiter.is_none() && args.challenge_secs > 0 {
            args.arbiter = Some(arbiter.pubkey());
        }
        let token = PlanToken {
            plan: pda::plan(&authority.pubkey(), args.plan_id),
            mint,
            token_program: program.id(),
        };
        let mut world = Self {
            chain,
            program,
            authority,
            oracles,
            arbiter,
            token,
            source,
            treasury,
        };
        let create = world.create_plan(args);
        world.by_authority(&[create]).unwrap();
        world
    }

    /// An active plan of these terms and KPIs, funded with `funds` base units.
    pub fn active(program: TokenProgram, args: CreatePlanArgs, kpis: &[KpiArgs], funds: u64) -> Self {
        let mut world = Self::draft(program, args);
        let authority = world.authority.pubkey();
        let plan = world.token.plan;
        for kpi in kpis {
            let add = instructions::add_kpi(&authority, &plan, kpi.clone());
            world.by_authority(&[add]).unwrap();
        }
        let activate = instructions::activate_plan(&authority, &plan, &world.token.mint);
        world.by_authority(&[activate]).unwrap();
        if funds > 0 {
            let fund = world.fund(funds);
            world.by_authority(&[fund]).unwrap();
        }
        world
    }

    /// Sends instructions signed by the authority.
    pub fn by_authority(&mut self, instructions: &[Instruction]) -> Result<Receipt, Box<Failure>> {
        self.chain.send(instructions, &[&self.authority])
    }

    /// `create_plan` by the authority.
    pub fn create_plan(&self, args: CreatePlanArgs) -> Instruction {
        let authority = self.authority.pubkey();
        instructions::create_plan(
            &authority,
            &authority,
            &self.token.mint,
            &self.treasury,
            &self.token.token_program,
            args,
        )
    }

    /// `fund` by the authority.
    pub fn fund(&self, amount: u64) -> Instruction {
        instructions::fund(&self.authority.pubkey(), &self.token, &self.source, amount)
    }

    /// Terms of the plan's next grant: all four periods, no cliff, the KPIs weighted with these basis points and time with
    /// the rest, revocable.
    pub fn grant_args(&self, beneficiary: &Pubkey, allocation: u64, kpi_weights: &[u16]) -> CreateGrantArgs {
        CreateGrantArgs {
            grant_index: self.plan().grant_counter,
            beneficiary: *beneficiary,
            allocation,
            first_period: 0,
            periods: 4,
            cliff_periods: 0,
            time_weight: 10_000 - kpi_weights.iter().sum::<u16>(),
            kpi_weights: kpi_weights.to_vec(),
            revocable: true,
            transferable: false,
        }
    }

    /// `create_grant` by the authority.
    pub fn create_grant(&self, args: CreateGrantArgs) -> Instruction {
        let authority = self.authority.pubkey();
        instructions::create_grant(&authority, &authority, &self.token.plan, &self.token.mint, args)
    }

    /// Makes a grant of [`World::grant_args`] for a new key with an associated token account; returns both.
    pub fn grant(&mut self, allocation: u64, kpi_weights: &[u16]) -> (Keypair, Pubkey) {
        self.grant_with(|args| {
            args.allocation = allocation;
            args.kpi_weights = kpi_weights.to_vec();
            args.time_weight = 10_000 - kpi_weights.iter().sum::<u16>();
        })
    }

    /// Makes a grant for a new key with an associated token account, its terms changed by `change`; returns both.
    pub fn grant_with(&mut self, change: impl FnOnce(&mut CreateGrantArgs)) -> (Keypair, Pubkey) {
        let beneficiary = self.chain.key();
        self.associated(&beneficiary.pubkey());
        let mut args = self.grant_args(&beneficiary.pubkey(), 1, &[]);
        change(&mut args);
        let grant = pda::grant(&self.token.plan, args.grant_index);
        let create = self.create_grant(args);
        self.by_authority(&[create]).unwrap();
        (beneficiary, grant)
    }

    /// The associated token account of `owner`, made if it is missing.
    pub fn associated(&mut self, owner: &Pubkey) -> Pubkey {
        self.chain.associated(self.program, &self.token.mint, owner).unwrap()
    }

    /// A vote of oracle number `oracle`; `grant` for an individual KPI.
    pub fn attest(
        &mut self,
        oracle: usize,
        kpi: u8,
        period: u16,
        grant: Option<Pubkey>,
        value: i64,
    ) -> Result<Receipt, Box<Failure>> {
        let oracle = &self.oracles[oracle];
        let key = oracle.pubkey();
        let args = AttestArgs {
            kpi,
            period,
            value,
            evidence: [9; 32],
        };
        let attest = instructions::attest(&key, &key, &self.token.plan, grant, args);
        self.chain.send(&[attest], &[oracle])
    }

    /// The same vote of the first two oracles, which resolves the value.
    pub fn resolve(&mut self, kpi: u8, period: u16, grant: Option<Pubkey>, value: i64) {
        self.attest(0, kpi, period, grant, value).unwrap();
        self.attest(1, kpi, period, grant, value).unwrap();
    }

    /// `settle` of the grant's next period, paid by the chain's fee payer.
    pub fn settle_instruction(&self, grant: &Pubkey) -> Instruction {
        let payer = self.chain.fee_payer().pubkey();
        instructions::settle(&payer, &self.token.plan, &self.plan(), grant, &self.grant_state(grant))
    }

    /// Settles the grant's next period, as a stranger.
    pub fn settle(&mut self, grant: &Pubkey) -> Result<Receipt, Box<Failure>> {
        let settle = self.settle_instruction(grant);
        self.chain.send(&[settle], &[])
    }

    /// Collects the grant's bonus of `period`, as a stranger.
    pub fn collect_bonus(&mut self, grant: &Pubkey, period: u16) -> Result<Receipt, Box<Failure>> {
        let collect = instructions::collect_bonus(&self.token.plan, grant, period);
        self.chain.send(&[collect], &[])
    }

    /// Claims all that is claimable to the beneficiary's associated account, as a stranger.
    pub fn claim(&mut self, grant: &Pubkey) -> Result<Receipt, Box<Failure>> {
        let beneficiary = self.grant_state(grant).beneficiary;
        let destination = self.associated_address(&beneficiary);
        let claimant = self.chain.fee_payer().pubkey();
        let claim = instructions::claim(&claimant, &self.token, grant, &destination, None);
        self.chain.send(&[claim], &[])
    }

    /// Address of the associated token account of `owner`.
    pub fn associated_address(&self, owner: &Pubkey) -> Pubkey {
        pda::associated_token_account(owner, &self.token.mint, &self.token.token_program)
    }

    /// Moves the clock to `secs` after the end of `period`.
    pub fn after_period(&mut self, period: u16, secs: i64) {
        self.chain.set_time(period_end(period) + secs);
    }

    /// Moves the clock past every window of `period`.
    pub fn after_windows(&mut self, period: u16) {
        let windows = self.plan().windows();
        self.chain
            .set_time(windows.settle_deadline(period_end(period)).unwrap());
    }

    /// The plan as it is.
    pub fn plan(&self) -> Plan {
        self.chain.plan(&self.token.plan).unwrap()
    }

    /// A grant as it is.
    pub fn grant_state(&self, grant: &Pubkey) -> Grant {
        self.chain.grant(grant).unwrap()
    }

    /// An attestation as it is; `grant` for an individual KPI.
    pub fn attestation(&self, kpi: u8, period: u16, grant: Option<Pubkey>) -> Attestation {
        let subject = grant.unwrap_or(self.token.plan);
        let address = pda::attestation(&self.token.plan, kpi, period, &subject);
        self.chain.attestation(&address).unwrap()
    }

    /// The pool of a period as it is.
    pub fn pool(&self, period: u16) -> Period {
        self.chain.period(&pda::period(&self.token.plan, period)).unwrap()
    }

    /// Balance of the vault, base units.
    pub fn vault_balance(&self) -> u64 {
        self.chain.balance(&self.plan().vault)
    }

    /// Vault tokens that no grant can claim, base units.
    pub fn surplus(&self) -> u64 {
        self.plan().surplus(self.vault_balance()).unwrap()
    }
}

/// End of a period of [`terms`], Unix seconds.
pub fn period_end(period: u16) -> i64 {
    START + (i64::from(period) + 1) * PERIOD
}

/// Asserts that a transaction was refused with this error of the program, and shows the logs if it was not.
#[track_caller]
pub fn assert_refused<T>(result: Result<T, Box<Failure>>, expected: EarnoutError) {
    let name = expected.name();
    let Err(failure) = result else {
        panic!("expected {name}, but the transaction succeeded");
    };
    assert_eq!(failure.code, Some(u32::from(expected)), "expected {name}: {failure}");
}
