//! A plan on an embedded chain and the people around it, for tests and benchmarks of the built program.

#![warn(missing_docs)]

pub mod ceilings;
pub mod extensions;
pub mod keys;
pub mod leaving;
pub mod prices;
pub mod programs;
pub mod scenes;

pub use {
    anchor_lang::{
        error::ErrorCode as AnchorError,
        prelude::{AccountMeta, Pubkey},
        solana_program::instruction::Instruction,
        system_program,
    },
    anchor_spl::compat::spl_token_2022_interface::{
        self as token_interface, error::TokenError, extension::ExtensionType, instruction as token_instruction,
    },
    earnout::{
        constants::NO_VALUE,
        error::EarnoutError,
        events::*,
        instructions::{AttestArgs, AttestPageArgs, CreateGrantArgs, CreatePlanArgs, ObserveArgs},
        state::{
            Attestation, Cadence, Combination, CurvePoint, Grant, Interpolation, KpiArgs, Page, PageGrants, PageMut,
            Period, Plan, PlanStatus, Release, Scope, UnearnedPolicy,
        },
    },
    earnout_embedded::{Account, Chain, Failure, GENESIS, Keypair, Receipt, Signer, Step, TokenProgram},
    earnout_sdk::wire::{
        PageState,
        accounts::{Addressed, space},
        events::Event,
        instructions::{self, PlanToken},
        pda,
    },
};

use {
    anchor_lang::ZeroCopy,
    anchor_spl::compat::spl_token_2022_interface::{instruction::AuthorityType, pod::PodMint},
    std::collections::BTreeMap,
};

/// One hour, seconds.
pub const HOUR: i64 = 3_600;
/// One day, seconds.
pub const DAY: i64 = 86_400;
/// Beginning of the plans of [`terms`].
pub const START: i64 = GENESIS + 10 * DAY;
/// Length of their periods, seconds.
pub const PERIOD: i64 = 30 * DAY;

/// Hash of the evidence of all votes here.
pub const EVIDENCE: [u8; 32] = [9; 32];

/// The last deadline of a plan of these terms.
pub const LAST_DEADLINE: i64 = START + 4 * PERIOD + 3 * DAY;

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
    /// The plan's treasury: the associated account of `treasury_owner`.
    pub treasury: Pubkey,
    /// Owner of the treasury.
    pub treasury_owner: Pubkey,
    /// Everyone who can sign.
    keys: BTreeMap<Pubkey, Keypair>,
}

/// Both token programs.
pub const TOKEN_PROGRAMS: [TokenProgram; 2] = [TokenProgram::Spl, TokenProgram::Token2022];

/// Terms of a plan of 4 periods of 30 days from [`START`], with 3 oracles of which 2 decide, windows of one day,
/// `Return` and release at settlement. `oracles` and `arbiter` are filled in by [`World::draft`].
pub fn terms() -> CreatePlanArgs {
    CreatePlanArgs {
        plan_id: 1,
        name: "Design guild".to_owned(),
        unit: String::new(),
        unit_decimals: 0,
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
        default_price: None,
        feed: None,
    }
}

/// The same with a curve that goes on to (200, 20,000).
pub fn stretch_kpi(name: &str, scope: Scope) -> KpiArgs {
    let mut kpi = kpi(name, scope);
    kpi.points.push(CurvePoint {
        value: 200,
        score: 20_000,
    });
    kpi
}

/// Terms without an arbiter, so that there are no disputes: every value counts as soon as it is resolved.
pub fn undisputed_terms() -> CreatePlanArgs {
    CreatePlanArgs {
        challenge_secs: 0,
        ruling_secs: 0,
        ..terms()
    }
}

impl World {
    /// Everyone on a fresh chain, and no plan yet; the authority holds u64::MAX / 2 base units.
    pub fn new(program: TokenProgram) -> Self {
        Self::with_mint(program, |chain| chain.mint(program, 6, None).unwrap())
    }

    /// An active plan with a million base units, of a mint whose freeze authority is the fee payer.
    pub fn freezable(program: TokenProgram) -> Self {
        let mut world = Self::with_mint(program, |chain| {
            let authority = chain.fee_payer().pubkey();
            chain.mint(program, 6, Some(&authority)).unwrap()
        });
        let args = CreatePlanArgs {
            token_flags: earnout::state::ALLOW_FREEZE_AUTHORITY,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &[kpi("revenue", Scope::Shared)], 1_000_000);
        world
    }

    /// The same with this mint, whose authority must be the fee payer.
    pub fn with_mint(program: TokenProgram, mint: impl FnOnce(&mut Chain) -> Pubkey) -> Self {
        let mut chain = Chain::start(&Chain::built_program()).unwrap();
        let (authority, arbiter, treasury_owner) = (chain.key(), chain.key(), chain.key());
        let oracles: Vec<Keypair> = (0..3).map(|_| chain.key()).collect();
        let mint = mint(&mut chain);
        let source = chain.associated(program, &mint, &authority.pubkey()).unwrap();
        chain.mint_to(program, &mint, &source, u64::MAX / 2).unwrap();
        let treasury = chain.associated(program, &mint, &treasury_owner.pubkey()).unwrap();
        let token = PlanToken {
            plan: pda::plan(&authority.pubkey(), 1),
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
            treasury_owner: treasury_owner.pubkey(),
            keys: BTreeMap::new(),
        };
        let everyone = world.oracles.iter().chain([&world.authority, &world.arbiter]);
        let everyone: Vec<Keypair> = everyone.map(Keypair::insecure_clone).collect();
        world.remember(treasury_owner);
        for key in everyone {
            world.remember(key);
        }
        world
    }

    /// A draft of these terms on a fresh chain, with three oracles and an arbiter (left out where `challenge_secs` is
    /// 0), funded with nothing; the authority holds u64::MAX / 2 base units.
    pub fn draft(program: TokenProgram, args: CreatePlanArgs) -> Self {
        let mut world = Self::new(program);
        world.token.plan = world.draft_plan(args);
        world
    }

    /// An active plan of these terms and KPIs, funded with `funds` base units.
    pub fn active(program: TokenProgram, args: CreatePlanArgs, kpis: &[KpiArgs], funds: u64) -> Self {
        let mut world = Self::new(program);
        world.token.plan = world.active_plan(args, kpis, funds);
        world
    }

    /// Makes a draft of these terms on this chain, with oracles and arbiter as in [`World::draft`].
    pub fn draft_plan(&mut self, args: CreatePlanArgs) -> Pubkey {
        let plan = pda::plan(&self.authority.pubkey(), args.plan_id);
        let create = self.create_plan(self.manned(args));
        self.run(create);
        plan
    }

    /// Makes an active plan of these terms and KPIs on this chain, funded with `funds` base units.
    pub fn active_plan(&mut self, args: CreatePlanArgs, kpis: &[KpiArgs], funds: u64) -> Pubkey {
        let plan = self.draft_plan(args);
        self.in_plan(plan, |world| {
            world.add_kpis(kpis);
            let activate = world.activate();
            world.run(activate);
            if funds > 0 {
                let fund = world.fund(funds);
                world.run(fund);
            }
        });
        plan
    }

    /// These terms with the world's oracles and arbiter where they name none.
    pub fn manned(&self, mut args: CreatePlanArgs) -> CreatePlanArgs {
        if args.oracles.is_empty() {
            args.oracles = self.oracles.iter().map(Signer::pubkey).collect();
        }
        if args.arbiter.is_none() && args.challenge_secs > 0 {
            args.arbiter = Some(self.arbiter.pubkey());
        }
        args
    }

    /// Does something in another plan of the same authority and mint.
    pub fn in_plan<T>(&mut self, plan: Pubkey, act: impl FnOnce(&mut Self) -> T) -> T {
        let here = std::mem::replace(&mut self.token.plan, plan);
        let result = act(self);
        self.token.plan = here;
        result
    }

    /// Adds these KPIs to the draft.
    pub fn add_kpis(&mut self, kpis: &[KpiArgs]) {
        for kpi in kpis {
            let add = instructions::add_kpi(&self.authority.pubkey(), &self.token.plan, kpi.clone());
            self.run(add);
        }
    }

    /// `activate_plan` by the authority.
    pub fn activate(&self) -> Instruction {
        instructions::activate_plan(&self.authority.pubkey(), &self.token.plan, &self.token.mint)
    }

    /// A new key that can sign, with lamports.
    pub fn key(&mut self) -> Pubkey {
        let key = self.chain.key();
        let address = key.pubkey();
        self.remember(key);
        address
    }

    /// Lets [`World::send`] sign with this key.
    pub fn remember(&mut self, key: Keypair) {
        self.keys.insert(key.pubkey(), key);
    }

    /// Sends one transaction, signed by all known keys that it asks for.
    pub fn send(&mut self, instructions: &[Instruction]) -> Result<Receipt, Box<Failure>> {
        let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
        let signers = metas
            .filter(|meta| meta.is_signer)
            .filter_map(|meta| self.keys.get(&meta.pubkey));
        let signers: Vec<&Keypair> = signers.collect();
        self.chain.send(instructions, &signers)
    }

    /// Sends one instruction that must succeed.
    #[track_caller]
    pub fn run(&mut self, instruction: Instruction) -> Receipt {
        self.send(&[instruction]).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Sends one instruction that must be refused with this error, and checks that no account it names has changed.
    #[track_caller]
    pub fn refuses(&mut self, instruction: &Instruction, expected: impl Refusal) {
        let payer = self.chain.fee_payer().pubkey();
        let addresses = instruction.accounts.iter().map(|meta| meta.pubkey);
        let addresses: Vec<Pubkey> = addresses.filter(|address| address != &payer).collect();
        let snapshot = |world: &Self| -> Vec<Option<Account>> {
            addresses.iter().map(|address| world.chain.account(address)).collect()
        };
        let before = snapshot(self);
        let result = self.send(std::slice::from_ref(instruction));
        assert_refused(result, expected);
        assert_eq!(snapshot(self), before, "a refused instruction changed an account");
    }

    /// For each case: the instruction with one account put in the place of another must be refused with this error.
    #[track_caller]
    pub fn refuses_swapped<E: Refusal>(&mut self, instruction: &Instruction, cases: &[(Pubkey, Pubkey, E)]) {
        for (account, replacement, expected) in cases {
            self.refuses(&swapped(instruction, account, replacement), expected.clone());
        }
    }

    /// Refuses the plan where its grant belongs, the grant where the plan belongs, and an account of another program.
    #[track_caller]
    pub fn refuses_misplaced(&mut self, instruction: &Instruction, grant: &Pubkey) {
        let (plan, vault) = (self.token.plan, self.plan().vault);
        let cases = [
            (*grant, plan, AnchorError::AccountDiscriminatorMismatch),
            (*grant, vault, AnchorError::AccountOwnedByWrongProgram),
            (plan, *grant, AnchorError::AccountDiscriminatorMismatch),
        ];
        self.refuses_swapped(instruction, &cases);
    }

    /// What every instruction of the program refuses: a missing signature (`AccountNotSigner`), an account that is not
    /// writable but must be (`ConstraintMut`), a plan owned by another program, and a wrong event
    /// authority. `signers` and `writable` are the accounts of which this is asked.
    #[track_caller]
    pub fn refuses_broken(&mut self, instruction: &Instruction, signers: &[Pubkey], writable: &[Pubkey]) {
        for signer in signers {
            self.refuses(
                &changed(instruction, signer, |meta| meta.is_signer = false),
                AnchorError::AccountNotSigner,
            );
        }
        for account in writable {
            let readonly = changed(instruction, account, |meta| meta.is_writable = false);
            self.refuses(&readonly, AnchorError::ConstraintMut);
        }
        let (plan, event_authority) = (self.token.plan, pda::event_authority());
        let forged = self.chain.key().pubkey();
        let mut copy = self.chain.account(&plan).unwrap_or_default();
        copy.owner = self.program.id();
        self.chain.replace(&forged, copy);
        self.refuses(
            &swapped(instruction, &event_authority, &forged),
            AnchorError::ConstraintAddress,
        );
        if self.chain.plan(&plan).is_some() && instruction.accounts.iter().any(|meta| meta.pubkey == plan) {
            self.refuses(
                &swapped(instruction, &plan, &forged),
                AnchorError::AccountOwnedByWrongProgram,
            );
        }
    }

    /// Changes an account of the program as no transaction could.
    pub fn tamper<T: ZeroCopy>(&mut self, address: &Pubkey, change: impl FnOnce(&mut T)) {
        let mut account = self.chain.account(address).unwrap();
        let body = T::DISCRIMINATOR.len()..space::<T>();
        let mut state: T = bytemuck::pod_read_unaligned(&account.data[body.clone()]);
        change(&mut state);
        account.data[body].copy_from_slice(bytemuck::bytes_of(&state));
        self.chain.replace(address, account);
    }

    /// Changes a page as no transaction could.
    pub fn tamper_page(&mut self, address: &Pubkey, change: impl FnOnce(&mut PageMut)) {
        let mut account = self.chain.account(address).unwrap();
        let mut page = PageState::read(&account.data).unwrap();
        change(&mut page.edit());
        account.data = page.to_bytes();
        self.chain.replace(address, account);
    }

    /// Gives the plan's mint the bytes of this one, as no transaction could.
    pub fn replace_mint(&mut self, by: &Pubkey) {
        let other = self.chain.account(by).unwrap();
        self.chain.replace(&self.token.mint.clone(), other);
    }

    /// Puts a program that succeeds and moves nothing (Memo) in the place of SPL Token.
    pub fn break_token_program(&mut self) {
        assert_eq!(self.program, TokenProgram::Spl);
        let memo = Pubkey::from_str_const("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
        let idle = self.chain.account(&memo).unwrap();
        self.chain.replace(&self.token.token_program.clone(), idle);
    }

    /// A new mint with a freeze authority (the fee payer).
    pub fn freezable_mint(&mut self) -> Pubkey {
        let authority = self.chain.fee_payer().pubkey();
        self.chain.mint(self.program, 6, Some(&authority)).unwrap()
    }

    /// A new Token-2022 mint whose tokens a delegate can always move.
    pub fn delegated_mint(&mut self) -> Pubkey {
        extended_mint(
            &mut self.chain,
            &[ExtensionType::PermanentDelegate],
            |mint, delegate| {
                let program = TokenProgram::Token2022.id();
                let delegated = token_instruction::initialize_permanent_delegate(&program, mint, delegate);
                [vec![delegated.unwrap()], vec![]]
            },
        )
    }

    /// A new token account of another mint, owned by `owner`.
    pub fn foreign_account(&mut self, owner: &Pubkey) -> Pubkey {
        let mint = self.chain.mint(self.program, 6, None).unwrap();
        self.chain.associated(self.program, &mint, owner).unwrap()
    }

    /// A token account of `owner` that is not the associated one.
    pub fn token_account(&mut self, owner: &Pubkey) -> Pubkey {
        let mint = self.token.mint;
        self.chain.token_account(self.program, &mint, owner).unwrap()
    }

    /// Hands a token account of SPL Token to another owner.
    pub fn reassign(&mut self, account: &Pubkey, owner: &Pubkey, new_owner: &Pubkey) {
        let program = self.token.token_program;
        let kind = AuthorityType::AccountOwner;
        self.run(token_instruction::set_authority(&program, account, Some(new_owner), kind, owner, &[]).unwrap());
    }

    /// `TransferChecked` of the token program.
    pub fn transfer(&self, from: &Pubkey, to: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
        let PlanToken {
            mint, token_program, ..
        } = self.token;
        token_instruction::transfer_checked(&token_program, from, &mint, to, owner, &[], amount, 6).unwrap()
    }

    /// Sends tokens of the authority straight into the vault, without `fund`.
    pub fn donate(&mut self, amount: u64) {
        let transfer = self.transfer(&self.source, &self.plan().vault, &self.authority.pubkey(), amount);
        self.run(transfer);
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

    /// Terms of the plan's next grant: all four periods, no cliff, the KPIs weighted with these basis points and time
    /// with the rest, revocable.
    pub fn grant_args(&self, beneficiary: &Pubkey, allocation: u64, kpi_weights: &[u16]) -> CreateGrantArgs {
        CreateGrantArgs {
            grant_index: self.plan().grant_counter,
            beneficiary: *beneficiary,
            allocation,
            unit_allocation: 0,
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
        self.remember(beneficiary.insecure_clone());
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

    /// The vote of oracle number `oracle`, who pays for it: `attest`, or for an individual KPI `attest_page` of
    /// `grant`.
    pub fn vote(&self, oracle: usize, kpi: u8, period: u16, grant: Option<Pubkey>, value: i64) -> Instruction {
        match grant {
            Some(grant) => self.upload(oracle, kpi, period, self.grant_state(&grant).index, &[value]),
            None => {
                let key = self.oracles[oracle].pubkey();
                let args = AttestArgs {
                    kpi,
                    period,
                    value,
                    evidence: EVIDENCE,
                };
                instructions::attest(&key, &key, &self.token.plan, args)
            }
        }
    }

    /// `attest_page` by oracle number `oracle`, who pays for it, of the grant of index `first` and those after it.
    pub fn upload(&self, oracle: usize, kpi: u8, period: u16, first: u32, values: &[i64]) -> Instruction {
        let key = self.oracles[oracle].pubkey();
        let args = AttestPageArgs {
            kpi,
            period,
            first,
            values: values.to_vec(),
            evidence: EVIDENCE,
        };
        instructions::attest_page(&key, &key, &self.token.plan, args)
    }

    /// Sends such a vote.
    pub fn attest(
        &mut self,
        oracle: usize,
        kpi: u8,
        period: u16,
        grant: Option<Pubkey>,
        value: i64,
    ) -> Result<Receipt, Box<Failure>> {
        let vote = self.vote(oracle, kpi, period, grant, value);
        self.send(&[vote])
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

    /// After the end of `period`, resolves the shared KPI 0 to `value` and moves past every window of the period.
    pub fn evaluate(&mut self, period: u16, value: i64) {
        self.after_period(period, 0);
        self.resolve(0, period, None, value);
        self.after_windows(period);
    }

    /// Settles the grant's next period, which must succeed, and returns what the event says.
    #[track_caller]
    pub fn settled(&mut self, grant: &Pubkey) -> GrantSettled {
        let settle = self.settle_instruction(grant);
        let receipt = self.run(settle);
        the_event!(receipt, GrantSettled)
    }

    /// Collects the grant's bonus of `period`, which must succeed, and returns what the event says.
    #[track_caller]
    pub fn collected(&mut self, grant: &Pubkey, period: u16) -> BonusCollected {
        let receipt = self.run(instructions::collect_bonus(&self.token.plan, grant, period));
        the_event!(receipt, BonusCollected)
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
        let end = self.plan().calendar().unwrap().period_end(period).unwrap();
        self.chain.set_time(end + secs);
    }

    /// Moves the clock past every window of `period`.
    pub fn after_windows(&mut self, period: u16) {
        let plan = self.plan();
        let end = plan.calendar().unwrap().period_end(period).unwrap();
        self.chain.set_time(plan.windows().settle_deadline(end).unwrap());
    }

    /// The plan as it is.
    pub fn plan(&self) -> Plan {
        self.chain.plan(&self.token.plan).unwrap()
    }

    /// A grant as it is.
    pub fn grant_state(&self, grant: &Pubkey) -> Grant {
        self.chain.grant(grant).unwrap()
    }

    /// Address of a KPI's attestation for a period, or of an individual KPI's page with this grant.
    pub fn evaluation(&self, kpi: u8, period: u16, grant: Option<Pubkey>) -> Pubkey {
        let index = grant.map(|grant| self.grant_state(&grant).index);
        pda::evaluation(&self.token.plan, kpi, period, index)
    }

    /// The attestation of a shared KPI as it is.
    pub fn attestation(&self, kpi: u8, period: u16) -> Attestation {
        let address = self.evaluation(kpi, period, None);
        self.chain.attestation(&address).unwrap()
    }

    /// The page of an individual KPI with this grant as it is.
    pub fn page(&self, kpi: u8, period: u16, grant: &Pubkey) -> PageState {
        let address = self.evaluation(kpi, period, Some(*grant));
        self.chain.page(&address).unwrap()
    }

    /// The page of the plan's first grants, as it is before anybody voted: with all grants made so far, at most 64. Its
    /// rent was paid by `rent_payer` and is `rent_paid` lamports.
    pub fn empty_page(&self, kpi: u8, period: u16, rent_payer: &Pubkey, rent_paid: u64) -> PageState {
        let plan = self.plan();
        let seeds: &[&[u8]] = &[
            b"page",
            self.token.plan.as_ref(),
            &[kpi],
            &period.to_le_bytes(),
            &[0; 4],
        ];
        let mut head: Page = bytemuck::Zeroable::zeroed();
        let set = plan.oracle_set(period);
        (head.version, head.kpi, head.period) = (1, kpi, period);
        (_, head.bump) = Pubkey::find_program_address(seeds, &earnout::ID);
        (head.oracle_count, head.threshold) = (set.count, set.threshold);
        head.capacity = u8::try_from(plan.grant_counter.min(64)).unwrap();
        (head.plan, head.rent_payer, head.rent_paid) = (self.token.plan, *rent_payer, rent_paid);
        head.end = plan.calendar().unwrap().period_end(period).unwrap();
        PageState::begin(head, set)
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

/// The calendar's boundary number `index` of [`terms`], Unix seconds.
pub fn boundary(index: i64) -> i64 {
    START + index * PERIOD
}

/// The instruction with `replacement` in every place of `account`.
#[track_caller]
pub fn swapped(instruction: &Instruction, account: &Pubkey, replacement: &Pubkey) -> Instruction {
    changed(instruction, account, |meta| meta.pubkey = *replacement)
}

/// The instruction with every mention of `account` changed.
#[track_caller]
pub fn changed(instruction: &Instruction, account: &Pubkey, change: impl Fn(&mut AccountMeta)) -> Instruction {
    let mut instruction = instruction.clone();
    let mentions = instruction.accounts.iter_mut().filter(|meta| &meta.pubkey == account);
    assert_ne!(
        mentions.map(change).count(),
        0,
        "the instruction does not name {account}"
    );
    instruction
}

/// A new Token-2022 mint with these extensions, of 6 decimals, whose authorities are the fee payer's. `set_up` gets the
/// mint and that authority, and returns the instructions before the mint's own and those after it.
pub fn extended_mint(
    chain: &mut Chain,
    extensions: &[ExtensionType],
    set_up: impl FnOnce(&Pubkey, &Pubkey) -> [Vec<Instruction>; 2],
) -> Pubkey {
    let program = TokenProgram::Token2022;
    let (key, authority) = (chain.key(), chain.fee_payer().pubkey());
    let mint = key.pubkey();
    let space = ExtensionType::try_calculate_account_len::<PodMint>(extensions).unwrap();
    let freezes = extensions.contains(&ExtensionType::DefaultAccountState);
    let freeze_authority = freezes.then_some(&authority);
    let own = token_instruction::initialize_mint2(&program.id(), &mint, &authority, freeze_authority, 6).unwrap();
    let [before, after] = set_up(&mint, &authority);
    let instructions: Vec<Instruction> = before.into_iter().chain([own]).chain(after).collect();
    chain.mint_with(program, key, space, &instructions).unwrap()
}

/// Another address that the seeds of this attestation give, or of the page with the grant of this index, with a bump
/// that is not the canonical one.
pub fn other_bump_address(plan: &Pubkey, kpi: u8, period: u16, grant: Option<u32>) -> Pubkey {
    let period = period.to_le_bytes();
    let page = grant.map(|index| (index / 64).to_le_bytes());
    let kind: &[u8] = if page.is_some() { b"page" } else { b"attestation" };
    let mut seeds: Vec<&[u8]> = vec![kind, plan.as_ref(), std::slice::from_ref(&kpi), &period];
    seeds.extend(page.iter().map(<[u8; 4]>::as_slice));
    let (_, canonical) = Pubkey::find_program_address(&seeds, &earnout::ID);
    let address = (0..canonical).rev().find_map(|bump| {
        let bump = [bump];
        Pubkey::create_program_address(&[&seeds[..], &[&bump[..]]].concat(), &earnout::ID).ok()
    });
    address.expect("half of all bumps give an address")
}

/// Bytes of a page for so many oracles and grants.
pub const fn page_space(oracles: usize, grants: usize) -> usize {
    8 + 96 + oracles * (32 + 32 + 8 + 8 + 8 * grants) + grants * (8 + 4 + 4 + 1)
}

/// The only event of a transaction, which must be of this kind.
#[macro_export]
macro_rules! the_event {
    ($receipt:expr, $kind:ident) => {
        match $receipt.events().collect::<Vec<_>>()[..] {
            [$crate::Event::$kind(event)] => $kind::clone(event),
            ref others => panic!("expected one {}, found {others:?}", stringify!($kind)),
        }
    };
}

/// An error with which a program can refuse an instruction.
pub trait Refusal: Clone {
    /// Its number.
    fn code(&self) -> u32;
    /// Its name.
    fn name(&self) -> String;
}

impl Refusal for EarnoutError {
    fn code(&self) -> u32 {
        (*self).into()
    }

    fn name(&self) -> String {
        EarnoutError::name(self)
    }
}

impl Refusal for AnchorError {
    fn code(&self) -> u32 {
        (*self).into()
    }

    fn name(&self) -> String {
        AnchorError::name(self)
    }
}

impl Refusal for TokenError {
    fn code(&self) -> u32 {
        self.clone() as u32
    }

    fn name(&self) -> String {
        format!("{self:?}")
    }
}

/// Asserts that a transaction was refused with this error, and shows the logs if it was not.
#[track_caller]
pub fn assert_refused<T>(result: Result<T, Box<Failure>>, expected: impl Refusal) {
    let name = expected.name();
    let Err(failure) = result else {
        panic!("expected {name}, but the transaction succeeded");
    };
    assert_eq!(failure.code, Some(expected.code()), "expected {name}: {failure}");
}
