//! The chain, and everyone whom a plan needs.

use {
    crate::{programme::Programme, progress::Progress, record::Record, units::Units},
    anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction},
    anyhow::{Context, Result},
    earnout::state::{Grant, Plan},
    earnout_embedded::{Chain, Keypair, Signer, TokenProgram},
    earnout_sdk::{
        send::{
            Version,
            packing::{self, Cost, Envelope, Group},
        },
        terms,
        text::time::DAY,
        wire::{
            instructions::{self, PlanToken},
            pda,
        },
    },
    std::path::Path,
};

/// How long before its calendar a plan is made.
const HEAD_START: i64 = 3 * DAY;

/// At least what any instruction of the demo takes.
const COST: Cost = Cost {
    units: 100_000,
    calls: 5,
};

/// A balance below which the payer of fees and rent gets more, lamports.
const LOW_BALANCE: u64 = earnout_embedded::ENDOWMENT / 10;

/// A chain with a token, the people and what has happened so far. From [`Stage::set_up`] on there is an active plan,
/// and its grants.
pub struct Stage {
    pub chain: Chain,
    pub token: PlanToken,
    pub treasury: Pubkey,
    pub oracles: Vec<Keypair>,
    /// Addresses of the grants, in the order of the programme.
    pub grants: Vec<Pubkey>,
    pub record: Record,
    pub units: Units,
    pub progress: Progress,
    /// Who pays fees and rent.
    pub payer: Pubkey,
    authority: Keypair,
}

impl Stage {
    /// Starts a chain shortly before the programme, makes the token, activates the plan, and funds and makes every
    /// grant.
    pub fn set_up(program: &Path, programme: &Programme, progress: Progress) -> Result<Self> {
        let mut chain = Chain::start(program)?;
        chain.set_time(programme.terms.start_ts - HEAD_START);
        let (authority, arbiter, treasurer) = (chain.key(), chain.key(), chain.key());
        let oracles: Vec<Keypair> = (0..programme.oracles).map(|_| chain.key()).collect();

        let mint = chain.mint(TokenProgram::Spl, programme.decimals, None)?;
        let source = chain.associated(TokenProgram::Spl, &mint, &authority.pubkey())?;
        chain.mint_to(TokenProgram::Spl, &mint, &source, programme.supply)?;
        let treasury = chain.associated(TokenProgram::Spl, &mint, &treasurer.pubkey())?;

        let mut terms = programme.terms.clone();
        terms.oracles = oracles.iter().map(Signer::pubkey).collect();
        // Without disputes nobody rules on them.
        terms.arbiter = (terms.challenge_secs > 0).then(|| arbiter.pubkey());
        let creator = authority.pubkey();
        let token = PlanToken {
            plan: pda::plan(&creator, terms.plan_id),
            mint,
            token_program: TokenProgram::Spl.id(),
        };
        let payer = chain.fee_payer().pubkey();
        let mut stage = Self {
            chain,
            token,
            treasury,
            oracles,
            grants: Vec::new(),
            record: Record::new(programme),
            units: Units::default(),
            progress,
            authority,
            payer,
        };
        let create = instructions::create_plan(&payer, &creator, &mint, &treasury, &token.token_program, terms);
        let kpis = programme.kpis.iter().cloned();
        let add = kpis.map(|kpi| instructions::add_kpi(&creator, &token.plan, kpi));
        let activate = instructions::activate_plan(&creator, &token.plan, &mint);
        let groups = [create].into_iter().chain(add).chain([activate]).map(|one| vec![one]);
        stage.by_authority(groups)?;
        stage.make_grants(programme, &source)?;
        Ok(stage)
    }

    /// Funds and makes the grants, each in one transaction: what is funded and not yet reserved is surplus.
    fn make_grants(&mut self, programme: &Programme, source: &Pubkey) -> Result<()> {
        let authority = self.authority.pubkey();
        let mut groups = Vec::new();
        let plan = self.plan()?;
        for (index, grant) in (0u32..).zip(&programme.grants) {
            let beneficiary = self.chain.key().pubkey();
            self.chain
                .associated(TokenProgram::Spl, &self.token.mint, &beneficiary)?;
            let args = grant.terms.args(index, &beneficiary);
            let reserve = terms::grant(&plan, &args, self.chain.now())?.reserved;
            let fund = instructions::fund(&authority, &self.token, source, reserve);
            let create = instructions::create_grant(&self.payer, &authority, &self.token.plan, &self.token.mint, args);
            groups.push(vec![fund, create]);
            let grant = pda::grant(&self.token.plan, index);
            self.grants.push(grant);
            self.record.expect_grant(grant);
        }
        self.by_authority(groups)
    }

    fn by_authority(&mut self, groups: impl IntoIterator<Item = Vec<Instruction>>) -> Result<()> {
        let authority = self.authority.insecure_clone();
        self.send(groups, &[&authority])
    }

    /// Sends instructions that nobody but the payer of fees has to sign.
    pub fn by_anyone(&mut self, instructions: Vec<Instruction>) -> Result<()> {
        self.send(instructions.into_iter().map(|one| vec![one]), &[])
    }

    /// Sends instructions signed by an oracle.
    pub fn by_oracle(&mut self, oracle: usize, instructions: Vec<Instruction>) -> Result<()> {
        let oracle = self.oracles.get(oracle).context("there is no such oracle")?;
        let oracle = oracle.insecure_clone();
        self.send(instructions.into_iter().map(|one| vec![one]), &[&oracle])
    }

    /// Sends the surplus to the treasury, signed by the authority.
    pub fn withdraw_surplus(&mut self) -> Result<()> {
        let (authority, treasury) = (self.authority.pubkey(), self.treasury);
        let withdraw = instructions::withdraw_surplus(&authority, &self.token, &treasury, None);
        self.by_authority([vec![withdraw]])
    }

    /// Sends groups of instructions in as few transactions as they fit in, and notes what they did.
    fn send(&mut self, groups: impl IntoIterator<Item = Vec<Instruction>>, signers: &[&Keypair]) -> Result<()> {
        let groups: Vec<_> = groups.into_iter().map(together).collect();
        let envelope = Envelope {
            version: Version::One,
            payer: self.payer,
            priced: false,
            spare: 0,
        };
        for packed in packing::pack(&envelope, &groups)? {
            let groups = &groups[packed.groups];
            let instructions: Vec<_> = groups.iter().flat_map(|group| group.instructions.clone()).collect();
            let receipt = self.chain.send_large(&instructions, signers)?;
            for (instruction, step) in instructions.iter().zip(&receipt.steps) {
                self.units.add(instruction, step.compute_units);
            }
            for event in receipt.events() {
                self.record.note(event)?;
            }
            self.progress.advance(instructions.len());
        }
        self.top_up();
        Ok(())
    }

    /// Keeps the payer of fees and rent solvent, however long the record is.
    fn top_up(&mut self) {
        let balance = self.chain.account(&self.payer).map_or(0, |account| account.lamports);
        if balance < LOW_BALANCE {
            self.chain.endow(&self.payer);
        }
    }

    /// The plan as it is on the chain.
    pub fn plan(&self) -> Result<Plan> {
        self.chain
            .plan(&self.token.plan)
            .context("the plan is not on the chain")
    }

    /// A grant as it is on the chain.
    pub fn grant(&self, grant: &Pubkey) -> Result<Grant> {
        self.chain.grant(grant).context("a grant is not on the chain")
    }

    /// What the vault holds, base units.
    pub fn vault_balance(&self) -> u64 {
        self.chain.balance(&pda::vault(&self.token.plan))
    }

    /// What the treasury holds, base units.
    pub fn treasury_balance(&self) -> u64 {
        self.chain.balance(&self.treasury)
    }
}

/// Instructions that stay together.
fn together(instructions: Vec<Instruction>) -> Group {
    let cost = instructions.iter().fold(Cost::default(), |sum, _| sum.plus(COST));
    Group { instructions, cost }
}
