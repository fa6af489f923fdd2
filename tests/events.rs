//! The whole state of a plan can be rebuilt from its events: every field of every account, byte by byte, after every single
//! transaction of a long mixed life.
//!
//! What events leave out by design, because addresses and layout give it: bumps, discriminators and the layout version.
//! Nothing else had to be taken from anywhere but the events.

use {
    anchor_lang::ZeroCopy,
    bytemuck::Zeroable,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
        state::{
            ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, CLAIM_LOCKED, ClosedPlan, DISPUTE_BARRED, FORFEITED, Kpi,
            OracleSet, REVOCABLE, RULING_UPHELD, RULING_VALUE, TRANSFERABLE,
        },
    },
    earnout_tests::{
        extensions::fee_mint,
        leaving::{Leave, policy},
        *,
    },
    std::{
        collections::{BTreeMap, BTreeSet},
        fmt::Debug,
    },
};

/// Everything that the events of all plans tell.
#[derive(Default)]
struct Books {
    plans: BTreeMap<Pubkey, Plan>,
    marks: BTreeMap<Pubkey, ClosedPlan>,
    grants: BTreeMap<Pubkey, Grant>,
    attestations: BTreeMap<Pubkey, Attestation>,
    periods: BTreeMap<Pubkey, Period>,
    /// Balances of the vaults, by plan.
    vaults: BTreeMap<Pubkey, u64>,
    /// Accounts that were closed.
    closed: BTreeSet<Pubkey>,
}

/// Plan, time and number of any event.
macro_rules! head {
    ($event:expr, $($kind:ident)+) => {
        match $event { $(Event::$kind(event) => (event.plan, event.time, event.sequence)),+ }
    };
}

fn bump(seeds: &[&[u8]]) -> u8 {
    Pubkey::find_program_address(seeds, &earnout::ID).1
}

fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn oracle_set(oracles: &[Pubkey], threshold: u8, first_period: u16) -> OracleSet {
    let mut set = OracleSet::zeroed();
    set.keys[..oracles.len()].copy_from_slice(oracles);
    set.count = u8::try_from(oracles.len()).unwrap();
    set.threshold = threshold;
    set.first_period = first_period;
    set
}

fn attestation_address(plan: &Pubkey, kpi: u8, period: u16, subject: &Pubkey) -> Pubkey {
    pda::attestation(plan, kpi, period, subject)
}

impl Books {
    fn apply(&mut self, event: &Event) {
        let (key, time, sequence) = head!(
            event,
            PlanCreated KpiAdded PlanActivated PlanFunded SurplusWithdrawn GrantCreated ValueAttested GrantSettled
            BonusCollected GrantClaimed ValueDisputed DisputeRuled AuthorityProposed AuthorityAccepted OraclesProposed
            OracleChangeCancelled TreasurySet BeneficiaryProposed BeneficiaryAccepted ClaimLockSet GrantEnded
            AttestationClosed PeriodClosed GrantClosed PlanClosed
        );
        if let Event::PlanCreated(event) = event {
            assert!(self.plans.insert(key, created(event)).is_none());
            self.vaults.insert(key, 0);
        }
        let plan = self.plans.get_mut(&key).expect("the first event creates the plan");
        assert_eq!(sequence, plan.event_sequence + 1, "no event is missing");
        plan.event_sequence = sequence;
        match event {
            Event::PlanCreated(_) => {}
            Event::KpiAdded(event) => {
                assert_eq!(event.kpi, plan.kpi_count);
                plan.kpis[usize::from(event.kpi)] = packed(&event.terms);
                plan.kpi_count += 1;
            }
            Event::PlanActivated(_) => {
                plan.status = PlanStatus::Active.to_byte();
                plan.activated_at = time;
            }
            Event::PlanFunded(event) => {
                plan.funded_total += event.received;
                self.vaults.insert(key, event.vault_balance);
            }
            Event::SurplusWithdrawn(event) => {
                plan.withdrawn_total += event.amount;
                self.vaults.insert(key, event.vault_balance);
            }
            Event::AuthorityProposed(event) => {
                assert_eq!(event.old, plan.pending_authority);
                plan.pending_authority = event.new;
            }
            Event::AuthorityAccepted(event) => {
                assert_eq!((event.old, event.new), (plan.authority, plan.pending_authority));
                (plan.authority, plan.pending_authority) = (event.new, Pubkey::default());
                (plan.treasury, plan.treasury_owner) = (event.treasury, event.treasury_owner);
                (plan.pending_treasury, plan.pending_treasury_owner) = Default::default();
                plan.pending_treasury_at = 0;
                if !event.oracle_change {
                    plan.next_oracles = OracleSet::zeroed();
                }
            }
            Event::OraclesProposed(event) => {
                // A change can follow another one only when that has taken the place of its predecessor.
                if plan.next_oracles.count > 0 {
                    plan.oracles = plan.next_oracles;
                }
                plan.next_oracles = oracle_set(&event.oracles, event.threshold, event.first_period);
            }
            Event::OracleChangeCancelled(event) => {
                assert_eq!(event.first_period, plan.next_oracles.first_period);
                plan.next_oracles = OracleSet::zeroed();
            }
            Event::TreasurySet(event) => {
                if plan.pending_treasury_at != 0 && time >= plan.pending_treasury_at {
                    (plan.treasury, plan.treasury_owner) = (plan.pending_treasury, plan.pending_treasury_owner);
                }
                assert_eq!(event.old, plan.treasury);
                (plan.pending_treasury, plan.pending_treasury_owner) = (event.new, event.new_owner);
                plan.pending_treasury_at = event.effective_at;
            }
            Event::GrantCreated(event) => {
                let grant = granted(plan, event);
                for period in grant.first_period..grant.end_period {
                    plan.unsettled_grants[usize::from(period)] += 1;
                }
                plan.grant_counter += 1;
                plan.open_grants += 1;
                plan.reserved = event.plan_reserved;
                self.vaults.insert(key, event.vault_balance);
                assert!(self.grants.insert(event.grant, grant).is_none());
            }
            Event::ValueAttested(event) => {
                let address = attestation_address(&key, event.kpi, event.period, &event.subject);
                if let Some(rent) = event.rent {
                    let opened = opened(plan, &key, event.kpi, event.period, &event.subject, rent);
                    assert!(self.attestations.insert(address, opened).is_none());
                    plan.open_attestations += 1;
                }
                let position = plan.oracle_set(event.period).position(&event.oracle).unwrap();
                let attestation = self.attestations.get_mut(&address).unwrap();
                attestation.voted |= 1 << position;
                attestation.values[position] = event.value;
                attestation.evidence[position] = event.evidence;
                if event.resolved {
                    attestation.resolved = 1;
                    (attestation.resolved_value, attestation.resolved_at) = (event.value, time);
                }
            }
            Event::ValueDisputed(event) => {
                let address = attestation_address(&key, event.kpi, event.period, &event.subject);
                if let Some(rent) = event.rent {
                    let opened = opened(plan, &key, event.kpi, event.period, &event.subject, rent);
                    assert!(self.attestations.insert(address, opened).is_none());
                    plan.open_attestations += 1;
                }
                let attestation = self.attestations.get_mut(&address).unwrap();
                attestation.disputed_at = time;
                attestation.disputer = event.disputer;
                attestation.disputer_grant = event.grant.unwrap_or_default();
                attestation.reason_hash = event.reason_hash;
            }
            Event::DisputeRuled(event) => {
                let address = attestation_address(&key, event.kpi, event.period, &event.subject);
                let attestation = self.attestations.get_mut(&address).unwrap();
                attestation.ruling = event.value.map_or(RULING_UPHELD, |_| RULING_VALUE);
                attestation.ruling_value = event.value.unwrap_or_default();
                attestation.ruling_hash = event.reason_hash;
                attestation.ruled_at = time;
                if let Some(grant) = &event.barred_grant {
                    self.grants.get_mut(grant).unwrap().flags |= DISPUTE_BARRED;
                }
            }
            Event::GrantSettled(event) => {
                let grant = self.grants.get_mut(&event.grant).unwrap();
                assert_eq!(event.period, grant.next_period);
                grant.next_period += 1;
                grant.earned += event.earned;
                grant.carry = event.carry;
                grant.last_earned = event.earned;
                grant.last_tranche = event.tranche;
                grant.last_kpi_amount = event.kpi_amount;
                grant.reserved = event.reserved;
                let unsettled = &mut plan.unsettled_grants[usize::from(event.period)];
                let address = pda::period(&key, event.period);
                if let Some(rent) = event.rent {
                    let mut pool = Period::zeroed();
                    pool.version = 1;
                    pool.bump = bump(&[b"period", key.as_ref(), &event.period.to_le_bytes()]);
                    pool.period = event.period;
                    pool.expected = *unsettled;
                    pool.plan = key;
                    (pool.rent_payer, pool.rent_paid) = (rent.payer, rent.lamports);
                    assert!(self.periods.insert(address, pool).is_none());
                    plan.open_periods += 1;
                }
                if let Some(pool) = self.periods.get_mut(&address) {
                    pool.settled += 1;
                    pool.pool += event.pooled;
                    pool.kpi_total += event.kpi_amount;
                }
                *unsettled -= 1;
                plan.earned_total += event.earned;
                (plan.reserved, plan.owed, plan.pooled) = (event.plan_reserved, event.plan_owed, event.plan_pooled);
            }
            Event::BonusCollected(event) => {
                let grant = self.grants.get_mut(&event.grant).unwrap();
                grant.bonus += event.bonus;
                grant.last_bonus = event.bonus;
                grant.collected_through = event.period + 1;
                let pool = self.periods.get_mut(&pda::period(&key, event.period)).unwrap();
                pool.collected += 1;
                pool.paid += event.bonus;
                plan.bonus_total += event.bonus;
                (plan.owed, plan.pooled) = (event.plan_owed, event.plan_pooled);
            }
            Event::GrantClaimed(event) => {
                self.grants.get_mut(&event.grant).unwrap().claimed = event.claimed;
                plan.claimed_total += event.amount;
                plan.owed = event.plan_owed;
                self.vaults.insert(key, event.vault_balance);
            }
            Event::BeneficiaryProposed(event) => {
                let grant = self.grants.get_mut(&event.grant).unwrap();
                assert_eq!(event.old, grant.pending_beneficiary);
                grant.pending_beneficiary = event.new;
            }
            Event::BeneficiaryAccepted(event) => {
                let grant = self.grants.get_mut(&event.grant).unwrap();
                assert_eq!((event.old, event.new), (grant.beneficiary, grant.pending_beneficiary));
                (grant.beneficiary, grant.pending_beneficiary) = (event.new, Pubkey::default());
                grant.associated_bump = associated_bump(plan, &event.new);
                grant.flags &= !CLAIM_LOCKED;
            }
            Event::ClaimLockSet(event) => {
                let flags = &mut self.grants.get_mut(&event.grant).unwrap().flags;
                *flags = *flags & !CLAIM_LOCKED | if event.locked { CLAIM_LOCKED } else { 0 };
            }
            Event::GrantEnded(event) => {
                let grant = self.grants.get_mut(&event.grant).unwrap();
                for period in event.end_period..grant.end_period {
                    plan.unsettled_grants[usize::from(period)] -= 1;
                }
                grant.end_period = event.end_period;
                grant.cut_tranche = event.cut_tranche;
                grant.termination = event.termination;
                grant.ended_at = time;
                grant.flags |= if event.forfeited { FORFEITED } else { 0 };
                (grant.carry, grant.reserved) = (event.carry, event.reserved);
                (plan.reserved, plan.owed) = (event.plan_reserved, event.plan_owed);
            }
            Event::AttestationClosed(event) => {
                let address = attestation_address(&key, event.kpi, event.period, &event.subject);
                plan.open_attestations -= 1;
                self.closed.insert(address);
                assert!(self.attestations.remove(&address).is_some());
            }
            Event::PeriodClosed(event) => {
                let address = pda::period(&key, event.period);
                plan.open_periods -= 1;
                self.closed.insert(address);
                assert!(self.periods.remove(&address).is_some());
            }
            Event::GrantClosed(event) => {
                plan.open_grants -= 1;
                self.closed.insert(event.grant);
                let grant = self.grants.remove(&event.grant).unwrap();
                assert_eq!(event.claimed, grant.claimed);
            }
            Event::PlanClosed(event) => {
                let mut mark = ClosedPlan::zeroed();
                (mark.closed_at, mark.event_sequence) = (time, sequence);
                self.marks.insert(key, mark);
                self.closed.insert(plan.vault);
                assert_eq!(self.vaults.remove(&key), Some(event.amount));
                self.plans.remove(&key);
            }
        }
    }

    /// Compares every account with the chain.
    #[track_caller]
    fn assert_equal(&self, chain: &Chain) {
        // Whole structures first, because they can be read.
        for (address, plan) in &self.plans {
            assert_eq!(chain.plan(address).as_ref(), Some(plan));
            assert_eq!(chain.balance(&plan.vault), self.vaults[address]);
        }
        for (address, grant) in &self.grants {
            assert_eq!(chain.grant(address).as_ref(), Some(grant));
        }
        for (address, attestation) in &self.attestations {
            assert_eq!(chain.attestation(address).as_ref(), Some(attestation));
        }
        for (address, period) in &self.periods {
            assert_eq!(chain.period(address).as_ref(), Some(period));
        }
        assert_bytes(chain, &self.plans);
        assert_bytes(chain, &self.marks);
        assert_bytes(chain, &self.grants);
        assert_bytes(chain, &self.attestations);
        assert_bytes(chain, &self.periods);
        for address in &self.closed {
            assert_eq!(chain.account(address), None);
        }
    }
}

#[track_caller]
fn assert_bytes<T: ZeroCopy>(chain: &Chain, accounts: &BTreeMap<Pubkey, T>) {
    for (address, state) in accounts {
        let bytes = [T::DISCRIMINATOR, bytemuck::bytes_of(state)].concat();
        assert_eq!(chain.account(address).unwrap().data, bytes);
    }
}

fn created(event: &PlanCreated) -> Plan {
    let mut plan = Plan::zeroed();
    let terms = &event.terms;
    plan.version = 1;
    plan.bump = bump(&[b"plan", event.creator.as_ref(), &terms.plan_id.to_le_bytes()]);
    plan.vault_bump = bump(&[b"vault", event.plan.as_ref()]);
    (plan.cadence_kind, plan.cadence_length) = match terms.cadence {
        Cadence::Seconds(secs) => (0, secs),
        Cadence::Months(months) => (1, u32::from(months)),
    };
    plan.combination = terms.combination.to_byte();
    plan.unearned_policy = terms.unearned_policy.to_byte();
    plan.release = terms.release.to_byte();
    plan.token_flags = terms.token_flags;
    plan.period_count = terms.period_count;
    plan.plan_id = terms.plan_id;
    plan.start_ts = terms.start_ts;
    plan.enrolment_end = terms.enrolment_end;
    plan.attest_secs = terms.attest_secs;
    plan.challenge_secs = terms.challenge_secs;
    plan.ruling_secs = terms.ruling_secs;
    plan.notice_secs = terms.notice_secs;
    plan.bonus_cap_bps = terms.bonus_cap_bps;
    plan.max_fee_bps = terms.max_fee_bps;
    plan.min_allocation = terms.min_allocation;
    plan.max_allocation = terms.max_allocation;
    plan.max_grants = terms.max_grants;
    (plan.creator, plan.authority) = (event.creator, event.creator);
    plan.arbiter = terms.arbiter.unwrap_or_default();
    (plan.mint, plan.token_program, plan.vault) = (event.mint, event.token_program, event.vault);
    (plan.treasury, plan.treasury_owner) = (event.treasury, event.treasury_owner);
    (plan.rent_payer, plan.rent_paid) = (event.rent.payer, event.rent.lamports);
    plan.vault_rent_paid = event.vault_rent;
    plan.oracles = oracle_set(&terms.oracles, terms.threshold, 0);
    plan
}

fn packed(terms: &KpiArgs) -> Kpi {
    let mut kpi = Kpi::zeroed();
    (kpi.name, kpi.unit) = (padded(&terms.name), padded(&terms.unit));
    kpi.rubric_hash = terms.rubric_hash;
    (kpi.range_min, kpi.range_max) = (terms.range_min, terms.range_max);
    for (index, point) in terms.points.iter().enumerate() {
        (kpi.curve_values[index], kpi.curve_scores[index]) = (point.value, point.score);
    }
    kpi.point_count = u8::try_from(terms.points.len()).unwrap();
    kpi.default_score = terms.default_score;
    kpi.decimals = terms.decimals;
    (kpi.scope, kpi.interpolation) = (terms.scope.to_byte(), terms.interpolation.to_byte());
    kpi
}

fn associated_bump(plan: &Plan, owner: &Pubkey) -> u8 {
    let seeds = [owner.as_ref(), plan.token_program.as_ref(), plan.mint.as_ref()];
    Pubkey::find_program_address(&seeds, &anchor_spl::associated_token::ID).1
}

fn granted(plan: &Plan, event: &GrantCreated) -> Grant {
    let mut grant = Grant::zeroed();
    let terms = &event.terms;
    grant.version = 1;
    grant.bump = bump(&[b"grant", event.plan.as_ref(), &terms.grant_index.to_le_bytes()]);
    grant.associated_bump = associated_bump(plan, &terms.beneficiary);
    grant.flags |= if terms.revocable { REVOCABLE } else { 0 };
    grant.flags |= if terms.transferable { TRANSFERABLE } else { 0 };
    (grant.index, grant.plan) = (terms.grant_index, event.plan);
    (grant.beneficiary, grant.allocation) = (terms.beneficiary, terms.allocation);
    (grant.rent_payer, grant.rent_paid) = (event.rent.payer, event.rent.lamports);
    (grant.first_period, grant.periods, grant.cliff_periods) = (terms.first_period, terms.periods, terms.cliff_periods);
    (grant.next_period, grant.collected_through) = (terms.first_period, terms.first_period);
    grant.end_period = terms.first_period + terms.periods;
    grant.time_weight = terms.time_weight;
    grant.kpi_weights[..terms.kpi_weights.len()].copy_from_slice(&terms.kpi_weights);
    (grant.max_credit, grant.reserved) = (event.max_credit, event.reserved);
    grant.created_at = event.time;
    grant
}

fn opened(plan: &Plan, key: &Pubkey, kpi: u8, period: u16, subject: &Pubkey, rent: Rent) -> Attestation {
    let mut attestation = Attestation::zeroed();
    let set = plan.oracle_set(period);
    attestation.version = 1;
    attestation.bump = bump(&[
        b"attestation",
        key.as_ref(),
        &[kpi],
        &period.to_le_bytes(),
        subject.as_ref(),
    ]);
    (attestation.kpi, attestation.period) = (kpi, period);
    (attestation.plan, attestation.subject) = (*key, *subject);
    (attestation.rent_payer, attestation.rent_paid) = (rent.payer, rent.lamports);
    (attestation.oracle_count, attestation.threshold) = (set.count, set.threshold);
    attestation
}

/// A world whose transactions are all written into books.
struct Life {
    world: World,
    books: Books,
    /// Discriminators of the instructions that were used.
    used: BTreeSet<Vec<u8>>,
    /// Fields that once held something else than zero.
    filled: BTreeSet<String>,
}

/// The fields of a structure that hold something else than zero, as `Type.field`.
fn filled<T: Debug + Zeroable>(state: &T) -> Vec<String> {
    let fields = |state: &T| -> Vec<String> {
        let text = format!("{state:#?}");
        // A field begins with a line that is indented once.
        let fields = text.split("\n    ").collect::<Vec<_>>();
        let mut joined: Vec<String> = Vec::new();
        for line in fields {
            match joined.last_mut() {
                Some(field) if line.starts_with([' ', ']', '}']) => field.push_str(line),
                _ => joined.push(line.to_owned()),
            }
        }
        joined
    };
    let of = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    let changed = fields(state)
        .into_iter()
        .zip(fields(&T::zeroed()))
        .filter(|(field, zero)| field != zero);
    changed
        .map(|(field, _)| format!("{of}.{}", field.split(':').next().unwrap_or_default()))
        .collect()
}

/// All fields of a structure, as [`filled`] names them.
fn all_fields<T: Debug + Zeroable>() -> Vec<String> {
    let of = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    let text = format!("{:#?}", T::zeroed());
    let lines = text
        .split("\n    ")
        .skip(1)
        .filter(|line| !line.starts_with([' ', ']', '}']));
    lines
        .map(|line| format!("{of}.{}", line.split(':').next().unwrap_or_default()))
        .collect()
}

const SHARED: u8 = 0;
const INDIVIDUAL: u8 = 1;

impl Life {
    /// Sends one instruction of the program that must succeed, writes its event down, and compares all accounts.
    #[track_caller]
    fn run(&mut self, instruction: Instruction) {
        self.used.insert(instruction.data[..8].to_vec());
        let receipt = self.world.run(instruction);
        let events: Vec<&Event> = receipt.events().collect();
        assert_eq!(events.len(), 1);
        self.books.apply(events[0]);
        self.books.assert_equal(&self.world.chain);
        self.filled.extend(self.books.plans.values().flat_map(filled));
        self.filled.extend(self.books.grants.values().flat_map(filled));
        self.filled.extend(self.books.attestations.values().flat_map(filled));
        self.filled.extend(self.books.periods.values().flat_map(filled));
    }

    /// A key that can sign.
    fn keypair(&mut self) -> Keypair {
        let key = self.world.chain.key();
        self.world.remember(key.insecure_clone());
        key
    }

    /// `create_plan`, the KPIs, and some funds, with a payer of its own.
    fn draft(&mut self, args: CreatePlanArgs) -> Pubkey {
        let payer = self.world.key();
        let authority = self.world.authority.pubkey();
        let plan = pda::plan(&authority, args.plan_id);
        self.world.token.plan = plan;
        let PlanToken {
            mint, token_program, ..
        } = self.world.token;
        let args = self.world.manned(args);
        self.run(instructions::create_plan(
            &payer,
            &authority,
            &mint,
            &self.world.treasury,
            &token_program,
            args,
        ));
        let tasks = KpiArgs {
            unit: "Aufgaben".to_owned(),
            decimals: 2,
            range_min: -5,
            interpolation: Interpolation::Step,
            default_score: 2_500,
            ..kpi("tâches", Scope::Individual)
        };
        for terms in [stretch_kpi("revenue", Scope::Shared), tasks] {
            self.run(instructions::add_kpi(&authority, &plan, terms));
        }
        self.run(self.world.fund(5_000_000));
        plan
    }

    /// A grant of these terms, for a new key.
    fn grant(&mut self, change: impl FnOnce(&mut CreateGrantArgs)) -> Pubkey {
        let (payer, beneficiary) = (self.world.key(), self.world.key());
        self.world.associated(&beneficiary);
        let mut args = self.world.grant_args(&beneficiary, 100_003, &[4_000, 3_000]);
        args.periods = 6;
        change(&mut args);
        let PlanToken { plan, mint, .. } = self.world.token;
        let grant = pda::grant(&plan, args.grant_index);
        self.run(instructions::create_grant(
            &payer,
            &self.world.authority.pubkey(),
            &plan,
            &mint,
            args,
        ));
        grant
    }

    /// Votes of these oracles on one KPI.
    fn votes(&mut self, kpi: u8, period: u16, grant: Option<Pubkey>, votes: &[(usize, i64)]) {
        for (oracle, value) in votes {
            self.run(self.world.vote(*oracle, kpi, period, grant, *value));
        }
    }

    fn dispute(&mut self, disputer: &Pubkey, kpi: u8, period: u16, grant: Option<Pubkey>) {
        let reason_hash = [4; 32];
        let args = DisputeArgs {
            kpi,
            period,
            reason_hash,
        };
        let (plan, payer) = (self.world.token.plan, self.world.chain.fee_payer().pubkey());
        self.run(instructions::dispute(
            &payer,
            disputer,
            &plan,
            &self.world.plan(),
            grant,
            args,
        ));
    }

    fn rule(&mut self, kpi: u8, period: u16, subject: Pubkey, grant: Option<Pubkey>, value: Option<i64>) {
        let (arbiter, plan) = (self.world.arbiter.pubkey(), self.world.token.plan);
        let reason_hash = [5; 32];
        let args = RuleArgs { value, reason_hash };
        let address = attestation_address(&plan, kpi, period, &subject);
        self.run(instructions::rule(&arbiter, &plan, &address, grant, args));
    }

    /// Settles the period for all of its grants, and collects where the plan redistributes.
    fn settle(&mut self, period: u16) {
        self.world.after_windows(period);
        let of_plan = |(address, grant): (&Pubkey, &Grant)| (grant.plan == self.world.token.plan).then_some(*address);
        let due: Vec<Pubkey> = self.books.grants.iter().filter_map(of_plan).collect();
        let due = due.into_iter().filter(|address| {
            let grant = &self.books.grants[address];
            grant.next_period == period && grant.end_period > period
        });
        let due: Vec<Pubkey> = due.collect();
        for grant in &due {
            self.run(self.world.settle_instruction(grant));
        }
        if self.world.plan().redistributes().unwrap() {
            for grant in due {
                self.run(instructions::collect_bonus(&self.world.token.plan, &grant, period));
            }
        }
    }

    /// Claims `amount`, or all, by the beneficiary.
    fn claim(&mut self, grant: &Pubkey, amount: Option<u64>) {
        let beneficiary = self.world.grant_state(grant).beneficiary;
        let destination = self.world.associated_address(&beneficiary);
        self.run(instructions::claim(
            &beneficiary,
            &self.world.token,
            grant,
            &destination,
            amount,
        ));
    }

    fn set_treasury(&mut self) -> Pubkey {
        let owner = self.world.key();
        let treasury = self.world.associated(&owner);
        self.run(instructions::set_treasury(
            &self.world.authority.pubkey(),
            &self.world.token.plan,
            &treasury,
        ));
        treasury
    }

    fn propose_oracles(&mut self, oracles: &[Keypair], threshold: u8, first_period: u16) {
        let args = ProposeOraclesArgs {
            oracles: oracles.iter().map(Signer::pubkey).collect(),
            threshold,
            first_period,
        };
        self.run(instructions::propose_oracles(
            &self.world.authority.pubkey(),
            &self.world.token.plan,
            args,
        ));
    }

    /// Offers the plan to another key, which takes it after `in_between`.
    fn hand_over(&mut self, in_between: impl FnOnce(&mut Self)) {
        let (old, plan, new) = (self.world.authority.pubkey(), self.world.token.plan, self.keypair());
        for offered in [Some(self.world.treasury_owner), None, Some(new.pubkey())] {
            self.run(instructions::propose_authority(&old, &plan, offered));
        }
        in_between(self);
        self.run(instructions::accept_authority(&new.pubkey(), &plan));
        self.world.authority = new;
    }
}

/// A life with every instruction in it, under these terms.
fn live(world: World, args: CreatePlanArgs) -> Life {
    let mut life = Life {
        world,
        books: Books::default(),
        used: BTreeSet::new(),
        filled: BTreeSet::new(),
    };
    // A draft that comes to nothing.
    let draft = CreatePlanArgs {
        plan_id: 77,
        ..args.clone()
    };
    life.draft(draft);
    let withdraw = |world: &World, amount| {
        instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, amount)
    };
    life.run(withdraw(&life.world, Some(1_000)));
    life.run(life.world.close_plan());

    let plan = life.draft(args);
    life.run(life.world.activate());
    life.run(withdraw(&life.world, Some(500)));
    let first = life.grant(|args| args.transferable = true);
    let second = life.grant(|args| (args.revocable, args.cliff_periods) = (false, 3));
    let third = life.grant(|args| (args.first_period, args.periods) = (1, 3));
    let timed = life.grant(|args| (args.time_weight, args.kpi_weights) = (10_000, vec![]));
    let early = life.grant(|_| ());
    life.run(life.world.leave(Leave::Terminate, &early));
    life.run(life.world.close_grant(&early));

    // Announcements, some of them taken back.
    let old_oracles: Vec<Keypair> = life.world.oracles.iter().map(Keypair::insecure_clone).collect();
    let new_oracles: Vec<Keypair> = vec![old_oracles[2].insecure_clone(), life.keypair()];
    life.propose_oracles(&new_oracles, 2, 3);
    life.run(instructions::cancel_oracle_change(
        &life.world.authority.pubkey(),
        &plan,
    ));
    life.propose_oracles(&new_oracles, 2, 2);
    life.set_treasury();
    life.world.treasury = life.set_treasury();

    // Period 0: a changed vote, a median, a silence with a vote, and one without any.
    life.world.after_period(0, 0);
    life.votes(SHARED, 0, None, &[(0, 50), (1, 60), (0, 70), (2, 70)]);
    life.world.after_period(0, 100);
    life.votes(INDIVIDUAL, 0, Some(first), &[(0, 10), (1, 20), (2, 30)]);
    let [first_owner, second_owner] = [first, second].map(|grant| life.world.grant_state(&grant).beneficiary);
    life.dispute(&first_owner, SHARED, 0, Some(first));
    life.rule(SHARED, 0, plan, Some(first), None);
    life.world.after_period(0, DAY);
    life.dispute(&second_owner, INDIVIDUAL, 0, Some(second));
    let authority = life.world.authority.pubkey();
    life.dispute(&authority, INDIVIDUAL, 0, Some(first));
    life.world.after_period(0, DAY + 50);
    life.rule(INDIVIDUAL, 0, second, Some(second), Some(-5));
    life.rule(INDIVIDUAL, 0, first, None, None);
    life.settle(0);
    life.claim(&first, Some(3));
    life.run(life.world.close_attestation(INDIVIDUAL, 0, Some(second)));

    // Handed over: the treasury's time has come, the change of oracles is void.
    life.hand_over(|_| ());
    life.propose_oracles(&new_oracles, 2, 2);
    life.set_treasury();
    life.grant(|args| (args.first_period, args.periods, args.allocation) = (2, 4, 7));

    // People change.
    let heir = life.world.key();
    life.world.associated(&heir);
    life.run(instructions::set_claim_lock(&first_owner, &plan, &first, true));
    for offered in [Some(second_owner), None, Some(heir)] {
        life.run(instructions::propose_beneficiary(&first_owner, &plan, &first, offered));
    }
    let expected = AcceptBeneficiaryArgs {
        claimed: 3,
        termination: 0,
        dispute_barred: true,
    };
    life.run(instructions::accept_beneficiary(&heir, &plan, &first, expected));
    for locked in [true, false] {
        life.run(instructions::set_claim_lock(&second_owner, &plan, &second, locked));
    }
    // One is dismissed, one leaves before its cliff.
    life.world.after_period(0, 15 * DAY);
    life.run(life.world.leave(Leave::Terminate, &third));
    life.world.after_period(0, 20 * DAY);
    life.run(life.world.leave(Leave::Resign, &second));

    // Period 1: nobody agrees. Period 2: the new oracles do, on an address that holds lamports already.
    life.world.after_period(1, 5);
    life.votes(SHARED, 1, None, &[(0, 150), (1, 10), (2, 200)]);
    life.votes(INDIVIDUAL, 1, Some(third), &[(1, 100), (0, 100)]);
    life.world.after_period(1, DAY);
    let authority = life.world.authority.pubkey();
    life.dispute(&authority, SHARED, 1, None);
    life.settle(1);
    life.world.oracles = new_oracles;
    life.world.after_period(2, 9);
    life.world
        .chain
        .give(&attestation_address(&plan, SHARED, 2, &plan), 1_234);
    life.votes(SHARED, 2, None, &[(1, 120), (0, 120)]);
    life.settle(2);
    life.claim(&timed, None);

    // The change of oracles has begun and so outlives this handover; the next one makes it the first set.
    life.hand_over(|life| {
        life.set_treasury();
        life.world.after_period(2, 10 * DAY);
    });
    life.world.treasury = life.world.plan().treasury;
    life.propose_oracles(&old_oracles, 3, 5);
    life.run(life.world.leave(Leave::Terminate, &timed));
    for period in [3, 4, 5] {
        life.settle(period);
    }

    // The end, beyond the last release.
    life.world.after_period(5, 40 * DAY);
    let grants: Vec<Pubkey> = life.books.grants.keys().copied().collect();
    for grant in grants {
        let now = life.world.chain.now();
        if life
            .world
            .grant_state(&grant)
            .claimable(&life.world.plan(), now)
            .unwrap()
            > 0
        {
            life.claim(&grant, None);
        }
        life.run(life.world.close_grant(&grant));
    }
    let treasury = life.world.treasury;
    let mut closings = Vec::new();
    for (address, state) in &life.books.attestations {
        closings.push(instructions::close_attestation(address, state, &treasury));
    }
    for state in life.books.periods.values() {
        closings.push(instructions::close_period(state, &treasury));
    }
    for closing in closings {
        life.run(closing);
    }
    life.run(withdraw(&life.world, Some(10)));
    let stranger = life.world.chain.fee_payer().pubkey();
    life.run(life.world.close_plan_as(&stranger, &treasury));
    life
}

#[test]
fn a_plan_can_be_rebuilt_from_its_events() {
    let months = CreatePlanArgs {
        cadence: Cadence::Months(1),
        release: Release::Linear,
        ..policy(UnearnedPolicy::Redistribute)
    };
    let weakest = CreatePlanArgs {
        combination: Combination::Weakest,
        ..policy(UnearnedPolicy::CarryOver)
    };
    // 1 % of every transfer is kept, so that another amount arrives than was sent.
    let fee = World::with_mint(TokenProgram::Token2022, |chain| fee_mint(chain, 100, u64::MAX));
    let lives = [
        (World::new(TokenProgram::Spl), policy(UnearnedPolicy::Return)),
        (fee, weakest),
        (World::new(TokenProgram::Spl), months),
    ];
    let (mut used, mut told) = (BTreeSet::new(), BTreeSet::new());
    for (world, terms) in lives {
        let args = CreatePlanArgs {
            period_count: 6,
            token_flags: ALLOW_FREEZE_AUTHORITY | ALLOW_TRANSFER_FEE,
            max_fee_bps: 300,
            ..terms
        };
        let life = live(world, args);
        assert_eq!((life.books.plans.len(), life.books.marks.len()), (0, 2));
        assert!(life.books.grants.is_empty() && life.books.attestations.is_empty() && life.books.periods.is_empty());
        used.extend(life.used);
        told.extend(life.filled);
    }
    // No field was equal only because it was never written.
    let fields = [
        all_fields::<Plan>(),
        all_fields::<Grant>(),
        all_fields::<Attestation>(),
        all_fields::<Period>(),
    ];
    let untold: Vec<String> = fields
        .concat()
        .into_iter()
        .filter(|field| !told.contains(field))
        .collect();
    let spare = [
        "Plan.spare_terms",
        "Plan.spare_counters",
        "Plan.spare",
        "Grant.spare_terms",
        "Grant.spare",
        "Attestation.spare",
        "Period.spare",
    ];
    assert_eq!(untold, spare);
    let idl: serde_json::Value = serde_json::from_str(include_str!("../idl/earnout.json")).unwrap();
    for instruction in idl["instructions"].as_array().unwrap() {
        let bytes = instruction["discriminator"].as_array().unwrap();
        let bytes: Vec<u8> = bytes
            .iter()
            .map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
            .collect();
        assert!(used.contains(&bytes), "{} was never used", instruction["name"]);
    }
}
