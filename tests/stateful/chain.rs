//! The built program on the embedded chain: does what the model predicts, and is put back for the next sequence.

use {
    crate::model::{Action, Cadence as ModelCadence, Kpi, Model, Place, Policy, Target, Terms, Who},
    anchor_spl::compat::spl_token_2022_interface::extension::transfer_fee::instruction as fee_instruction,
    bytemuck::Zeroable,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
        state::ALLOW_TRANSFER_FEE,
    },
    earnout_tests::{
        extensions::{TOKEN_2022, fee_mint, withheld},
        *,
    },
    std::collections::BTreeMap,
};

/// Keys of a sequence.
pub const PEOPLE: usize = 16;
/// Tokens of everyone in each account at the beginning of a sequence.
pub const PURSE: u64 = u64::MAX / 64;

/// A mint of SPL Token, one of Token-2022, and one of Token-2022 with a transfer fee.
pub const TOKENS: usize = 3;

/// The accounts of one mint.
struct Token {
    program: TokenProgram,
    charges: bool,
    mint: Pubkey,
    places: BTreeMap<Place, Pubkey>,
}

/// A chain with people and mints, and the plan of one sequence.
pub struct Stage {
    pub chain: Chain,
    people: Vec<Keypair>,
    tokens: Vec<Token>,
    /// Number of the sequence's token.
    pub token: usize,
    /// Accounts that the sequence named, as they were before it.
    before: BTreeMap<Pubkey, Option<Account>>,
}

pub fn kpi_args(kpi: &Kpi) -> KpiArgs {
    KpiArgs {
        name: kpi.name.clone(),
        unit: "points".to_owned(),
        rubric_hash: [7; 32],
        decimals: 2,
        scope: if kpi.shared { Scope::Shared } else { Scope::Individual },
        range_min: kpi.min,
        range_max: kpi.max,
        interpolation: if kpi.step {
            Interpolation::Step
        } else {
            Interpolation::Linear
        },
        points: kpi
            .points
            .iter()
            .map(|&(value, score)| CurvePoint { value, score })
            .collect(),
        default_score: kpi.default,
    }
}

impl Stage {
    pub fn new() -> Self {
        let mut chain = Chain::start(&Chain::built_program()).unwrap();
        let people: Vec<Keypair> = (0..PEOPLE).map(|_| chain.key()).collect();
        let mut tokens = Vec::new();
        for (program, charges) in [
            (TokenProgram::Spl, false),
            (TokenProgram::Token2022, false),
            (TokenProgram::Token2022, true),
        ] {
            let mint = if charges {
                fee_mint(&mut chain, 0, 0)
            } else {
                chain.mint(program, 6, None).unwrap()
            };
            let foreign = chain.mint(program, 6, None).unwrap();
            let mut places = BTreeMap::new();
            for (who, key) in people.iter().enumerate() {
                let key = key.pubkey();
                let associated = chain.associated(program, &mint, &key).unwrap();
                let other = chain.token_account(program, &mint, &key).unwrap();
                let foreign_account = chain.associated(program, &foreign, &key).unwrap();
                for (account, mint) in [(associated, mint), (other, mint), (foreign_account, foreign)] {
                    chain.mint_to(program, &mint, &account, PURSE).unwrap();
                }
                places.insert(Place::Associated(who), associated);
                places.insert(Place::Other(who), other);
                places.insert(Place::Foreign(who), foreign_account);
            }
            tokens.push(Token {
                program,
                charges,
                mint,
                places,
            });
        }
        let before = BTreeMap::new();
        Self {
            chain,
            people,
            tokens,
            token: 0,
            before,
        }
    }

    /// Puts everything back as it was before the first sequence.
    pub fn reset(&mut self, token: usize) {
        for (address, account) in std::mem::take(&mut self.before) {
            self.chain.replace(&address, account.unwrap_or_default());
        }
        self.chain.set_time(GENESIS);
        self.chain.set_epoch(0);
        self.token = token;
    }

    /// Whether the sequence's mint has a transfer fee.
    pub fn charges(&self) -> bool {
        self.tokens[self.token].charges
    }

    /// What an account withholds, base units.
    pub fn withheld(&self, place: Place) -> u64 {
        withheld(&self.chain, &self.place(place))
    }

    /// What the mint has been given of that, base units.
    pub fn harvested(&self) -> u64 {
        withheld(&self.chain, &self.mint())
    }

    /// What everyone holds at the beginning.
    pub fn balances(&self) -> BTreeMap<Place, i128> {
        let places = self.tokens[self.token].places.keys();
        places.map(|place| (*place, PURSE.into())).collect()
    }

    pub fn key(&self, who: Who) -> Pubkey {
        self.people[who].pubkey()
    }

    pub fn plan(&self) -> Pubkey {
        // A sequence has one plan; whoever creates it first is person 0 or 1.
        pda::plan(&self.key(0), 1)
    }

    fn mint(&self) -> Pubkey {
        self.tokens[self.token].mint
    }

    fn plan_token(&self) -> PlanToken {
        let Token { program, mint, .. } = self.tokens[self.token];
        PlanToken {
            plan: self.plan(),
            mint,
            token_program: program.id(),
        }
    }

    pub fn place(&self, place: Place) -> Pubkey {
        match self.tokens[self.token].places.get(&place) {
            Some(address) => *address,
            None => pda::vault(&self.plan()),
        }
    }

    pub fn grant(&self, grant: usize) -> Pubkey {
        pda::grant(&self.plan(), grant as u32)
    }

    pub fn attestation(&self, kpi: u8, period: u16, subject: Option<usize>) -> Pubkey {
        let subject = subject.map_or(self.plan(), |grant| self.grant(grant));
        pda::attestation(&self.plan(), kpi, period, &subject)
    }

    pub fn period(&self, period: u16) -> Pubkey {
        pda::period(&self.plan(), period)
    }

    pub fn target(&self, target: Target) -> Pubkey {
        match target {
            Target::Plan => self.plan(),
            Target::Vault => pda::vault(&self.plan()),
            Target::Grant(grant) => self.grant(grant),
            Target::Attestation(kpi, period, subject) => self.attestation(kpi, period, subject),
            Target::Period(period) => self.period(period),
        }
    }

    fn create_plan_args(&self, terms: &Terms) -> CreatePlanArgs {
        CreatePlanArgs {
            plan_id: 1,
            start_ts: terms.start,
            cadence: match terms.cadence {
                ModelCadence::Seconds(secs) => Cadence::Seconds(secs),
                ModelCadence::Months(months) => Cadence::Months(months),
            },
            period_count: terms.periods,
            attest_secs: terms.attest,
            challenge_secs: terms.challenge,
            ruling_secs: terms.ruling,
            notice_secs: terms.notice,
            combination: if terms.weakest {
                Combination::Weakest
            } else {
                Combination::WeightedSum
            },
            unearned_policy: match terms.policy {
                Policy::Return => UnearnedPolicy::Return,
                Policy::CarryOver => UnearnedPolicy::CarryOver,
                Policy::Redistribute => UnearnedPolicy::Redistribute,
            },
            release: if terms.linear {
                Release::Linear
            } else {
                Release::AtSettlement
            },
            bonus_cap_bps: terms.bonus_cap,
            min_allocation: terms.min_allocation,
            max_allocation: terms.max_allocation,
            max_grants: terms.max_grants,
            enrolment_end: terms.enrolment_end,
            token_flags: if terms.fee_allowed { ALLOW_TRANSFER_FEE } else { 0 },
            max_fee_bps: terms.max_fee,
            oracles: terms.oracles.keys.iter().map(|who| self.key(*who)).collect(),
            threshold: terms.oracles.threshold,
            arbiter: terms.arbiter.map(|who| self.key(who)),
        }
    }

    /// The instruction that does it.
    fn instruction(&self, action: &Action, model: &Model) -> Instruction {
        let key = |who: &Who| self.key(*who);
        let (plan, token) = (self.plan(), self.plan_token());
        let grant_of = |grant: &usize| self.grant(*grant);
        let state = || self.chain.plan(&plan).unwrap_or_else(Plan::zeroed);
        match action {
            Action::CreatePlan {
                payer,
                by,
                treasury,
                terms,
            } => instructions::create_plan(
                &key(payer),
                &key(by),
                &token.mint,
                &self.place(*treasury),
                &token.token_program,
                self.create_plan_args(terms),
            ),
            Action::AddKpi { by, kpi } => instructions::add_kpi(&key(by), &plan, kpi_args(kpi)),
            Action::ActivatePlan { by } => instructions::activate_plan(&key(by), &plan, &token.mint),
            Action::Fund { by, source, amount } => instructions::fund(&key(by), &token, &self.place(*source), *amount),
            Action::WithdrawSurplus { by, to, amount } => {
                instructions::withdraw_surplus(&key(by), &token, &self.place(*to), *amount)
            }
            Action::ProposeAuthority { by, to } => {
                instructions::propose_authority(&key(by), &plan, to.map(|who| self.key(who)))
            }
            Action::AcceptAuthority { by } => instructions::accept_authority(&key(by), &plan),
            Action::ProposeOracles { by, set } => {
                let args = ProposeOraclesArgs {
                    oracles: set.keys.iter().map(|who| self.key(*who)).collect(),
                    threshold: set.threshold,
                    first_period: set.first_period,
                };
                instructions::propose_oracles(&key(by), &plan, args)
            }
            Action::CancelOracleChange { by } => instructions::cancel_oracle_change(&key(by), &plan),
            Action::SetTreasury { by, to } => instructions::set_treasury(&key(by), &plan, &self.place(*to)),
            Action::ClosePlan { by, to } => {
                instructions::close_plan(&key(by), &token, &self.place(*to), &self.key(model.payer))
            }
            Action::CreateGrant { payer, by, terms } => {
                let args = CreateGrantArgs {
                    grant_index: terms.index,
                    beneficiary: self.key(terms.beneficiary),
                    allocation: terms.allocation,
                    first_period: terms.first,
                    periods: terms.periods,
                    cliff_periods: terms.cliff,
                    time_weight: terms.time_weight,
                    kpi_weights: terms.weights.clone(),
                    revocable: terms.revocable,
                    transferable: terms.transferable,
                };
                instructions::create_grant(&key(payer), &key(by), &plan, &token.mint, args)
            }
            Action::TerminateGrant { by, grant } => instructions::terminate_grant(&key(by), &plan, &grant_of(grant)),
            Action::ResignGrant { by, grant } => instructions::resign_grant(&key(by), &plan, &grant_of(grant)),
            Action::ProposeBeneficiary { by, grant, to } => {
                let to = to.map(|who| self.key(who));
                instructions::propose_beneficiary(&key(by), &plan, &grant_of(grant), to)
            }
            Action::AcceptBeneficiary {
                by,
                grant,
                claimed,
                termination,
                barred,
            } => {
                let args = AcceptBeneficiaryArgs {
                    claimed: *claimed,
                    termination: *termination,
                    dispute_barred: *barred,
                };
                instructions::accept_beneficiary(&key(by), &plan, &grant_of(grant), args)
            }
            Action::SetClaimLock { by, grant, locked } => {
                instructions::set_claim_lock(&key(by), &plan, &grant_of(grant), *locked)
            }
            Action::CloseGrant { grant, treasury } => {
                let mut state = Grant::zeroed();
                state.plan = plan;
                state.rent_payer = self.key(model.grants.get(*grant).map_or(0, |grant| grant.payer));
                instructions::close_grant(&grant_of(grant), &state, &self.place(*treasury))
            }
            Action::Attest {
                payer,
                by,
                kpi,
                period,
                grant,
                value,
            } => {
                let args = AttestArgs {
                    kpi: *kpi,
                    period: *period,
                    value: *value,
                    evidence: [9; 32],
                };
                instructions::attest(&key(payer), &key(by), &plan, grant.map(|grant| self.grant(grant)), args)
            }
            Action::Dispute {
                payer,
                by,
                kpi,
                period,
                grant,
            } => {
                let args = DisputeArgs {
                    kpi: *kpi,
                    period: *period,
                    reason_hash: [8; 32],
                };
                let grant = grant.map(|grant| self.grant(grant));
                instructions::dispute(&key(payer), &key(by), &plan, &state(), grant, args)
            }
            Action::Rule {
                by,
                kpi,
                period,
                subject,
                disputer,
                value,
            } => {
                let args = RuleArgs {
                    value: *value,
                    reason_hash: [6; 32],
                };
                let attestation = self.attestation(*kpi, *period, *subject);
                instructions::rule(
                    &key(by),
                    &plan,
                    &attestation,
                    disputer.map(|grant| self.grant(grant)),
                    args,
                )
            }
            Action::Settle { payer, grant } => {
                let address = grant_of(grant);
                let state_of = self.chain.grant(&address).unwrap_or_else(Grant::zeroed);
                instructions::settle(&key(payer), &plan, &state(), &address, &state_of)
            }
            Action::CollectBonus { grant, period } => instructions::collect_bonus(&plan, &grant_of(grant), *period),
            Action::CloseAttestation {
                kpi,
                period,
                subject,
                treasury,
            } => {
                let mut state = Attestation::zeroed();
                state.plan = plan;
                state.subject = subject.map_or(plan, |grant| self.grant(grant));
                let found = model.attestations.get(&(*kpi, *period, *subject));
                state.rent_payer = self.key(found.map_or(0, |attestation| attestation.payer));
                let address = self.attestation(*kpi, *period, *subject);
                instructions::close_attestation(&address, &state, &self.place(*treasury))
            }
            Action::ClosePeriod { period, treasury } => {
                let mut state = Period::zeroed();
                (state.plan, state.period) = (plan, *period);
                state.rent_payer = self.key(model.pools.get(period).map_or(0, |pool| pool.payer));
                instructions::close_period(&state, &self.place(*treasury))
            }
            Action::Claim {
                by,
                grant,
                to,
                amount,
                least,
            } => instructions::claim_at_least(&key(by), &token, &grant_of(grant), &self.place(*to), *amount, *least),
            Action::Donate { by, amount } => {
                let (from, to) = (self.place(Place::Associated(*by)), self.place(Place::Vault));
                let transfer = token_instruction::transfer_checked(
                    &token.token_program,
                    &from,
                    &self.mint(),
                    &to,
                    &key(by),
                    &[],
                    *amount,
                    6,
                );
                transfer.unwrap()
            }
            Action::AnnounceFee { fee } => {
                let set = fee_instruction::set_transfer_fee;
                let authority = self.chain.fee_payer().pubkey();
                set(&TOKEN_2022, &token.mint, &authority, &[], fee.basis_points, fee.maximum).unwrap()
            }
            Action::TakeFees { from, to: None } => {
                let harvest = fee_instruction::harvest_withheld_tokens_to_mint;
                harvest(&TOKEN_2022, &token.mint, &[&self.place(*from)]).unwrap()
            }
            Action::TakeFees { from, to: Some(to) } => {
                let (from, to) = (self.place(*from), self.place(*to));
                let authority = self.chain.fee_payer().pubkey();
                let withdraw = fee_instruction::withdraw_withheld_tokens_from_accounts;
                withdraw(&TOKEN_2022, &token.mint, &to, &authority, &[], &[&from]).unwrap()
            }
            Action::GiveLamports { .. } | Action::NextEpoch => unreachable!("no instruction"),
        }
    }

    /// Remembers how these accounts were before the sequence.
    fn track(&mut self, addresses: impl IntoIterator<Item = Pubkey>) {
        let payer = self.chain.fee_payer().pubkey();
        for address in addresses {
            if address != payer && !self.before.contains_key(&address) {
                self.before.insert(address, self.chain.account(&address));
            }
        }
    }

    /// All accounts that the sequence named so far.
    pub fn snapshot(&self) -> BTreeMap<Pubkey, Option<Account>> {
        self.before
            .keys()
            .map(|address| (*address, self.chain.account(address)))
            .collect()
    }

    /// The instruction that does it, if one does; its accounts count as named from here on.
    pub fn prepare(&mut self, action: &Action, model: &Model) -> Option<Instruction> {
        match action {
            Action::GiveLamports { to, .. } => {
                let address = self.target(*to);
                self.track([address]);
                return None;
            }
            Action::NextEpoch => return None,
            _ => {}
        }
        let instruction = self.instruction(action, model);
        let writable = instruction.accounts.iter().filter(|meta| meta.is_writable);
        self.track(writable.map(|meta| meta.pubkey));
        Some(instruction)
    }

    /// Does it: whether the program did, or what is wrong with the way it refused. `before` is the snapshot before it, `model`
    /// what is expected after it.
    pub fn perform(
        &mut self,
        action: &Action,
        model: &Model,
        instruction: Option<Instruction>,
        before: &BTreeMap<Pubkey, Option<Account>>,
    ) -> Result<bool, String> {
        if let Action::GiveLamports { to, lamports } = action {
            let address = self.target(*to);
            self.chain.give(&address, *lamports);
        }
        if let (Action::NextEpoch, Some(fees)) = (action, &model.fees) {
            self.chain.set_epoch(fees.epoch);
        }
        let Some(instruction) = instruction else {
            return Ok(true);
        };
        let needed = instruction
            .accounts
            .iter()
            .filter(|meta| meta.is_signer)
            .map(|meta| meta.pubkey);
        let needed: Vec<Pubkey> = needed.collect();
        let signers = self.people.iter().filter(|key| needed.contains(&key.pubkey()));
        let signers: Vec<&Keypair> = signers.collect();
        let Err(failure) = self.chain.send(&[instruction], &signers) else {
            return Ok(true);
        };
        if &self.snapshot() != before {
            return Err("G12: a refused instruction changed an account".to_owned());
        }
        let broken = [
            EarnoutError::Overflow,
            EarnoutError::CorruptAccount,
            EarnoutError::InvariantViolated,
            EarnoutError::TransferMismatch,
        ];
        match failure.code {
            Some(code) if broken.map(u32::from).contains(&code) => Err(format!("books out of balance: {failure}")),
            Some(_) => Ok(false),
            None if format!("{failure}").contains("Unbalanced") => Err(failure.to_string()),
            None => Ok(false),
        }
    }
}
