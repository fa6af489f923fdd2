//! An independent model of the program, written from the design: who may do what when, and what it does to the amounts.
//!
//! It shares no code with the program. Amounts and products are `i128` (`u64` amounts times credits of at most 2·10^8 fit
//! easily). What the program keeps as running sums is added up here anew each time from the history of every grant.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Number of a key.
pub type Who = usize;
/// Base units.
pub type Amount = i128;

/// Full credit: a score of 10,000 with a weight of 10,000.
const FULL: Amount = 100_000_000;

/// A token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The associated account of a key.
    Associated(Who),
    /// Another account of a key.
    Other(Who),
    /// An account of a key, of another mint.
    Foreign(Who),
    /// The plan's vault.
    Vault,
}

impl Place {
    /// Owner of an account of the plan's mint that is not a vault.
    fn owner(self) -> Option<Who> {
        match self {
            Self::Associated(who) | Self::Other(who) => Some(who),
            Self::Foreign(_) | Self::Vault => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    Seconds(u32),
    Months(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Return,
    CarryOver,
    Redistribute,
}

#[derive(Clone, Debug)]
pub struct OracleSet {
    pub keys: Vec<Who>,
    pub threshold: u8,
    pub first_period: u16,
}

#[derive(Clone, Debug)]
pub struct Terms {
    pub start: i64,
    pub cadence: Cadence,
    pub periods: u16,
    pub attest: u32,
    pub challenge: u32,
    pub ruling: u32,
    pub notice: u32,
    pub weakest: bool,
    pub policy: Policy,
    pub linear: bool,
    pub bonus_cap: u32,
    pub min_allocation: u64,
    pub max_allocation: u64,
    pub max_grants: u32,
    pub enrolment_end: i64,
    pub oracles: OracleSet,
    pub arbiter: Option<Who>,
    /// Whether a mint with a transfer fee is accepted.
    pub fee_allowed: bool,
    /// Transfer fee above which only the beneficiary claims and only the authority sends surplus away, basis points.
    pub max_fee: u16,
}

/// What the token program keeps of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fee {
    pub basis_points: u16,
    pub maximum: u64,
}

/// The transfer fee of a mint, by the rules of Token-2022: a new fee is in force from the second epoch after its announcement
/// on, and until then the one before it.
#[derive(Clone, Debug, Default)]
pub struct Fees {
    pub epoch: u64,
    before: Fee,
    announced: Fee,
    from: u64,
    /// What was withheld and not yet taken, by the account that received a transfer.
    pub withheld: BTreeMap<Place, Amount>,
    /// What was brought home to the mint.
    pub harvested: Amount,
}

impl Fees {
    /// What a transfer of this amount costs now: the token program rounds up.
    pub fn of(&self, amount: Amount) -> Amount {
        ceil(amount * self.rate(), 10_000).min(self.current().maximum.into())
    }

    fn current(&self) -> Fee {
        if self.epoch >= self.from {
            self.announced
        } else {
            self.before
        }
    }

    /// Basis points.
    fn rate(&self) -> Amount {
        self.current().basis_points.into()
    }

    fn announce(&mut self, fee: Fee) {
        if self.epoch >= self.from {
            self.before = self.announced;
        }
        (self.announced, self.from) = (fee, self.epoch + 2);
    }
}

#[derive(Clone, Debug)]
pub struct Kpi {
    pub name: String,
    pub shared: bool,
    pub min: i64,
    pub max: i64,
    pub points: Vec<(i64, u16)>,
    pub step: bool,
    pub default: u16,
}

#[derive(Clone, Debug)]
pub struct GrantTerms {
    pub index: u32,
    pub beneficiary: Who,
    pub allocation: u64,
    pub first: u16,
    pub periods: u16,
    pub cliff: u16,
    pub time_weight: u16,
    pub weights: Vec<u16>,
    pub revocable: bool,
    pub transferable: bool,
}

/// What anyone can do. `by` signs.
#[derive(Clone, Debug)]
pub enum Action {
    CreatePlan {
        payer: Who,
        by: Who,
        treasury: Place,
        terms: Box<Terms>,
    },
    AddKpi {
        by: Who,
        kpi: Box<Kpi>,
    },
    ActivatePlan {
        by: Who,
    },
    Fund {
        by: Who,
        source: Place,
        amount: u64,
    },
    WithdrawSurplus {
        by: Who,
        to: Place,
        amount: Option<u64>,
    },
    ProposeAuthority {
        by: Who,
        to: Option<Who>,
    },
    AcceptAuthority {
        by: Who,
    },
    ProposeOracles {
        by: Who,
        set: OracleSet,
    },
    CancelOracleChange {
        by: Who,
    },
    SetTreasury {
        by: Who,
        to: Place,
    },
    ClosePlan {
        by: Who,
        to: Place,
    },
    CreateGrant {
        payer: Who,
        by: Who,
        terms: Box<GrantTerms>,
    },
    TerminateGrant {
        by: Who,
        grant: usize,
    },
    ResignGrant {
        by: Who,
        grant: usize,
    },
    ProposeBeneficiary {
        by: Who,
        grant: usize,
        to: Option<Who>,
    },
    AcceptBeneficiary {
        by: Who,
        grant: usize,
        claimed: u64,
        termination: u8,
        barred: bool,
    },
    SetClaimLock {
        by: Who,
        grant: usize,
        locked: bool,
    },
    CloseGrant {
        grant: usize,
        treasury: Place,
    },
    Attest {
        payer: Who,
        by: Who,
        kpi: u8,
        period: u16,
        grant: Option<usize>,
        value: i64,
    },
    Dispute {
        payer: Who,
        by: Who,
        kpi: u8,
        period: u16,
        grant: Option<usize>,
    },
    Rule {
        by: Who,
        kpi: u8,
        period: u16,
        subject: Option<usize>,
        disputer: Option<usize>,
        value: Option<i64>,
    },
    Settle {
        payer: Who,
        grant: usize,
    },
    CollectBonus {
        grant: usize,
        period: u16,
    },
    CloseAttestation {
        kpi: u8,
        period: u16,
        subject: Option<usize>,
        treasury: Place,
    },
    ClosePeriod {
        period: u16,
        treasury: Place,
    },
    Claim {
        by: Who,
        grant: usize,
        to: Place,
        amount: Option<u64>,
        /// Least that must arrive.
        least: u64,
    },
    /// Tokens sent straight into the vault.
    Donate {
        by: Who,
        amount: u64,
    },
    /// Lamports sent to an address before the program makes an account there, or to an account.
    GiveLamports {
        to: Target,
        lamports: u64,
    },
    /// The mint's fee authority announces a fee.
    AnnounceFee {
        fee: Fee,
    },
    /// An epoch passes.
    NextEpoch,
    /// What is withheld in an account goes to another by the mint's fee authority, or to the mint by anyone.
    TakeFees {
        from: Place,
        to: Option<Place>,
    },
}

/// An account of the program, there or not.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Plan,
    Vault,
    Grant(usize),
    Attestation(u8, u16, Option<usize>),
    Period(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Nothing,
    Draft,
    Active,
    Closed,
}

/// What a grant got for a period. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub tranche: Amount,
    pub earned: Amount,
    pub kpi: Amount,
    carry: Amount,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub terms: GrantTerms,
    pub payer: Who,
    pub open: bool,
    pub beneficiary: Who,
    pub pending: Option<Who>,
    pub locked: bool,
    pub barred: bool,
    /// Disputes raised for the grant that are not decided, and the end of the last one's ruling window.
    pub undecided: u16,
    pub disputes_until: i64,
    pub forfeited: bool,
    /// 1 terminated, 2 resigned.
    pub termination: u8,
    /// First period that is not covered.
    pub end: u16,
    /// What is left of the last tranche, if it was cut.
    cut: Option<Amount>,
    pub settled: Vec<Settled>,
    pub bonuses: Vec<Amount>,
    pub claimed: Amount,
}

#[derive(Clone, Debug)]
pub struct Attestation {
    pub payer: Who,
    pub votes: BTreeMap<Who, i64>,
    pub resolved: Option<(i64, i64)>,
    pub disputed: Option<(i64, Who, Option<usize>)>,
    /// Ruled: another value, or that it stands.
    pub ruled: Option<Option<i64>>,
}

#[derive(Clone, Debug, Default)]
pub struct Pool {
    pub payer: Who,
    pub expected: usize,
    pub settled: usize,
    pub collected: usize,
    pub kpi_total: Amount,
    pub pool: Amount,
    pub paid: Amount,
}

/// The whole plan.
#[derive(Clone, Debug)]
pub struct Model {
    pub status: Status,
    pub terms: Option<Terms>,
    pub payer: Who,
    pub authority: Who,
    pub pending_authority: Option<Who>,
    /// All sets that were, are or will be in force, by first period.
    pub sets: Vec<OracleSet>,
    /// All treasuries that were, are or will be in force, with the time from which each is.
    pub treasuries: Vec<(i64, Place)>,
    pub kpis: Vec<Kpi>,
    pub grants: Vec<Grant>,
    pub attestations: BTreeMap<(u8, u16, Option<usize>), Attestation>,
    pub pools: BTreeMap<u16, Pool>,
    pub balances: BTreeMap<Place, Amount>,
    /// Of a mint with a transfer fee.
    pub fees: Option<Fees>,
    pub funded: Amount,
    pub withdrawn: Amount,
    pub events: u64,
    /// How often scores came from: agreement, enough votes for at least the default, enough for at most the default, too few
    /// votes, ruling to another value, upholding, a dispute that nobody ruled on, votes on both sides of the default.
    pub outcomes: [u64; 8],
    boundaries: Vec<i64>,
}

fn require(condition: bool) -> Option<()> {
    condition.then_some(())
}

/// `ceil(a / b)` of positive numbers.
fn ceil(a: Amount, b: Amount) -> Amount {
    (a + b - 1) / b
}

/// The day number (from 1970-01-01) of a civil date, by counting.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    years + (0..month).map(|month| month_length(year, month)).sum::<i64>() + day
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// Days of month 0 to 11.
fn month_length(year: i64, month: i64) -> i64 {
    match month {
        1 if leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// `months` civil months after `start`, the day clamped.
fn add_months(start: i64, months: i64) -> i64 {
    let (mut rest, second) = (start.div_euclid(86_400), start.rem_euclid(86_400));
    let (mut year, mut month) = (1970, 0);
    while rest >= month_length(year, month) {
        rest -= month_length(year, month);
        month += 1;
        if month == 12 {
            (year, month) = (year + 1, 0);
        }
    }
    let month = month + months;
    let (year, month) = (year + month / 12, month % 12);
    day_number(year, month, rest.min(month_length(year, month) - 1)) * 86_400 + second
}

impl Terms {
    /// Beginning of period `index`.
    pub fn boundary(&self, index: u16) -> i64 {
        match self.cadence {
            Cadence::Seconds(length) => self.start + i64::from(index) * i64::from(length),
            Cadence::Months(length) => add_months(self.start, i64::from(index) * i64::from(length)),
        }
    }

    fn acceptable(&self, now: i64) -> bool {
        let window = |secs: u32| (600..=90 * 86_400).contains(&secs);
        let calendar = match self.cadence {
            Cadence::Seconds(length) => (600..=366 * 86_400).contains(&length),
            Cadence::Months(length) => (1..=12).contains(&length),
        };
        let challenges = match self.arbiter {
            // The ruling lasts at least as long as the challenge (docs/decisions.md).
            Some(_) => window(self.challenge) && window(self.ruling) && self.ruling >= self.challenge,
            None => self.challenge == 0 && self.ruling == 0,
        };
        calendar
            && (1..=120).contains(&self.periods)
            && self.starts_in_time(now)
            && window(self.attest)
            && window(self.notice)
            && challenges
            && (1..=self.max_allocation).contains(&self.min_allocation)
            && self.max_grants > 0
            && self.bonus_cap <= 1_000_000
            && self.max_fee <= 10_000
            && (now + 1..=self.boundary(self.periods)).contains(&self.enrolment_end)
    }
}

impl Terms {
    fn starts_in_time(&self, now: i64) -> bool {
        (now + 1..=now + 5 * 366 * 86_400).contains(&self.start)
    }
}

impl OracleSet {
    fn acceptable(&self, authority: Who, arbiter: Option<Who>) -> bool {
        let different: BTreeSet<Who> = self.keys.iter().copied().collect();
        (1..=8).contains(&self.keys.len())
            && different.len() == self.keys.len()
            && usize::from(self.threshold) * 2 > self.keys.len()
            && usize::from(self.threshold) <= self.keys.len()
            && !different.contains(&authority)
            && !arbiter.is_some_and(|arbiter| different.contains(&arbiter))
    }
}

impl Kpi {
    fn acceptable(&self) -> bool {
        (1..=32).contains(&self.name.len())
            && self.min <= self.max
            && (1..=8).contains(&self.points.len())
            && self.points.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && self.points.iter().all(|point| point.1 <= 20_000)
            && self.default <= 10_000
    }

    pub fn score(&self, value: i64) -> Amount {
        let above = self.points.iter().position(|point| value < point.0);
        let (left, right) = match above {
            Some(0) => return self.points[0].1.into(),
            None => return self.points[self.points.len() - 1].1.into(),
            Some(right) => (self.points[right - 1], self.points[right]),
        };
        let (v0, s0) = (Amount::from(left.0), Amount::from(left.1));
        let (v1, s1) = (Amount::from(right.0), Amount::from(right.1));
        if self.step {
            return s0;
        }
        s0 + ((s1 - s0) * (Amount::from(value) - v0)).div_euclid(v1 - v0)
    }

    fn best(&self) -> Amount {
        let best = self.points.iter().map(|point| point.1).max();
        best.unwrap_or(0).max(self.default).into()
    }
}

impl Grant {
    /// Whether a dispute for the grant can still be decided.
    fn is_disputed(&self, now: i64) -> bool {
        self.undecided > 0 && now < self.disputes_until
    }

    pub fn next(&self) -> u16 {
        self.terms.first + self.settled.len() as u16
    }

    /// Whether the grant covers the period and has not settled it.
    pub fn needs(&self, period: u16) -> bool {
        (self.next()..self.end).contains(&period)
    }

    pub fn weight(&self, kpi: u8) -> u16 {
        self.terms.weights.get(usize::from(kpi)).copied().unwrap_or(0)
    }

    fn whole_tranche(&self, period: u16) -> Amount {
        let (a, n) = (Amount::from(self.terms.allocation), Amount::from(self.terms.periods));
        let i = Amount::from(period - self.terms.first);
        a * (i + 1) / n - a * i / n
    }

    pub fn tranche(&self, period: u16) -> Amount {
        match self.cut {
            Some(cut) if period + 1 == self.end => cut,
            _ => self.whole_tranche(period),
        }
    }

    pub fn earned(&self) -> Amount {
        self.settled.iter().map(|settled| settled.earned).sum()
    }

    pub fn bonus(&self) -> Amount {
        self.bonuses.iter().sum()
    }

    /// Unearned amount that the next period can earn.
    pub fn carry(&self) -> Amount {
        match self.settled.last() {
            Some(last) if self.next() < self.end => last.carry,
            _ => 0,
        }
    }

    /// Whether the last tranche was cut.
    pub fn was_cut(&self) -> bool {
        self.cut.is_some()
    }

    pub fn owed(&self) -> Amount {
        if self.forfeited {
            0
        } else {
            self.earned() + self.bonus() - self.claimed
        }
    }
}

impl Model {
    pub fn new(balances: BTreeMap<Place, Amount>, charges: bool) -> Self {
        Self {
            status: Status::Nothing,
            terms: None,
            payer: 0,
            authority: 0,
            pending_authority: None,
            sets: Vec::new(),
            treasuries: Vec::new(),
            kpis: Vec::new(),
            grants: Vec::new(),
            attestations: BTreeMap::new(),
            pools: BTreeMap::new(),
            balances,
            fees: charges.then(Fees::default),
            funded: 0,
            withdrawn: 0,
            events: 0,
            outcomes: [0; 8],
            boundaries: Vec::new(),
        }
    }

    /// The transfer fee on `amount`.
    pub fn fee(&self, amount: Amount) -> Amount {
        self.fees.as_ref().map_or(0, |fees| fees.of(amount))
    }

    /// What of `amount` arrives after a transfer.
    pub fn arrives(&self, amount: Amount) -> Amount {
        amount - self.fee(amount)
    }

    /// Whether others than beneficiary and authority may decide about a transfer of `amount`: its fee is within the plan's
    /// limit. The unit that the token program rounds up is allowed where it is at most a basis point and the plan allows a fee
    /// at all (docs/decisions.md).
    pub fn is_fee_within(&self, amount: Amount) -> bool {
        let limit = Amount::from(self.terms().max_fee);
        let rounding = if limit > 0 && amount >= 10_000 { 1 } else { 0 };
        (self.fee(amount) - rounding) * 10_000 <= amount * limit
    }

    /// Whether the fee on `amount` is rounded up from below one unit.
    pub fn is_crumb(&self, amount: Amount) -> bool {
        self.fee(amount) > 0 && amount * self.fees.as_ref().map_or(0, Fees::rate) < 10_000
    }

    pub fn balance(&self, place: Place) -> Amount {
        self.balances.get(&place).copied().unwrap_or(0)
    }

    /// Moves tokens of the plan's mint.
    fn transfer(&mut self, from: Place, to: Place, amount: Amount) -> Option<()> {
        require(self.balance(from) >= amount)?;
        let arrived = self.arrives(amount);
        *self.balances.entry(from).or_default() -= amount;
        *self.balances.entry(to).or_default() += arrived;
        if let Some(fees) = &mut self.fees {
            *fees.withheld.entry(to).or_default() += amount - arrived;
        }
        Some(())
    }

    /// What an account withholds goes to the mint.
    fn harvest(&mut self, from: Place) -> Option<()> {
        let fees = self.fees.as_mut()?;
        fees.harvested += fees.withheld.remove(&from).unwrap_or(0);
        Some(())
    }

    pub fn boundary(&self, index: u16) -> i64 {
        self.boundaries[usize::from(index)]
    }

    /// Periods of the calendar; 0 without a plan.
    pub fn periods(&self) -> u16 {
        self.terms.as_ref().map_or(0, |terms| terms.periods)
    }

    fn terms(&self) -> &Terms {
        self.terms.as_ref().expect("there is a plan")
    }

    /// End of the voting window.
    pub fn voting_end(&self, period: u16) -> i64 {
        self.boundary(period + 1) + i64::from(self.terms().attest)
    }

    /// When a period settles without anyone's goodwill.
    pub fn deadline(&self, period: u16) -> i64 {
        self.voting_end(period) + i64::from(self.terms().challenge) + i64::from(self.terms().ruling)
    }

    pub fn last_deadline(&self) -> i64 {
        self.deadline(self.terms().periods - 1)
    }

    pub fn redistributes(&self) -> bool {
        self.terms().policy == Policy::Redistribute
    }

    pub fn unsettled(&self, period: u16) -> usize {
        self.grants.iter().filter(|grant| grant.needs(period)).count()
    }

    /// The set that votes on a period.
    pub fn set(&self, period: u16) -> &OracleSet {
        let set = self.sets.iter().rev().find(|set| set.first_period <= period);
        set.expect("the first set begins with period 0")
    }

    /// The announced set that has not begun.
    fn pending_set(&self, now: i64) -> bool {
        let last = &self.sets[self.sets.len() - 1];
        self.sets.len() > 1 && now < self.boundary(last.first_period)
    }

    /// The sets that the plan still keeps: the last one, and the one before until its last period is past its deadlines.
    pub fn kept_sets(&self, now: i64) -> &[OracleSet] {
        let count = self.sets.len();
        if count < 2 {
            return &self.sets;
        }
        let first = self.sets[count - 1].first_period;
        let before = match first.checked_sub(1) {
            Some(last) => now < self.deadline(last),
            None => self.pending_set(now),
        };
        &self.sets[count - if before { 2 } else { 1 }..]
    }

    pub fn treasury(&self, now: i64) -> Place {
        let treasury = self.treasuries.iter().rev().find(|treasury| treasury.0 <= now);
        treasury.expect("the first treasury is in force at once").1
    }

    /// Largest credit that any scores give.
    fn max_credit(&self, terms: &GrantTerms) -> Amount {
        let best: Vec<Amount> = self.kpis.iter().map(Kpi::best).collect();
        self.credit(terms, &best).0.max(FULL)
    }

    /// Credit, and the KPIs' part in it, for the scores of all KPIs.
    fn credit(&self, terms: &GrantTerms, scores: &[Amount]) -> (Amount, Amount) {
        let weighted = terms.weights.iter().zip(scores).filter(|(weight, _)| **weight > 0);
        let time = Amount::from(terms.time_weight);
        let kpi = if self.terms().weakest {
            (10_000 - time) * weighted.map(|(_, score)| *score).min().unwrap_or(0)
        } else {
            weighted.map(|(weight, score)| Amount::from(*weight) * score).sum()
        };
        (time * 10_000 + kpi, kpi)
    }

    pub fn max_payout(&self, grant: &Grant) -> Amount {
        ceil(
            Amount::from(grant.terms.allocation) * self.max_credit(&grant.terms),
            FULL,
        )
    }

    pub fn grant_reserve(&self, grant: &Grant) -> Amount {
        let left: Amount = (grant.next()..grant.end).map(|period| grant.tranche(period)).sum();
        ceil(left * self.max_credit(&grant.terms), FULL) + grant.carry()
    }

    pub fn reserved(&self) -> Amount {
        self.grants.iter().map(|grant| self.grant_reserve(grant)).sum()
    }

    pub fn owed(&self) -> Amount {
        self.grants.iter().map(Grant::owed).sum()
    }

    pub fn pooled(&self) -> Amount {
        let open = self.pools.values().filter(|pool| pool.collected < pool.expected);
        open.map(|pool| pool.pool - pool.paid).sum()
    }

    pub fn surplus(&self) -> Amount {
        self.balance(Place::Vault) - self.reserved() - self.owed() - self.pooled()
    }

    pub fn cliff(&self, grant: &Grant) -> i64 {
        self.boundary(grant.terms.first + grant.terms.cliff)
    }

    pub fn vested(&self, grant: &Grant, now: i64) -> Amount {
        if grant.forfeited || now < self.cliff(grant) {
            return 0;
        }
        let Some(last) = grant.settled.last().filter(|_| self.terms().linear) else {
            return grant.earned() + grant.bonus();
        };
        let (from, to) = (self.boundary(grant.next()), self.boundary(grant.next() + 1));
        let streamed = last.earned * Amount::from(now.clamp(from, to) - from) / Amount::from(to - from);
        grant.earned() - last.earned + streamed + grant.bonus()
    }

    fn subject(&self, kpi: u8, grant: usize) -> Option<usize> {
        (!self.kpis[usize::from(kpi)].shared).then_some(grant)
    }

    /// The score of a KPI, once it is final.
    fn final_score(&self, key: (u8, u16, Option<usize>), now: i64) -> Option<Amount> {
        let kpi = &self.kpis[usize::from(key.0)];
        let attestation = self.attestations.get(&key);
        let resolved = attestation.and_then(|attestation| attestation.resolved);
        let (value, at) = match resolved {
            Some((value, at)) => (Some(value), at),
            None => {
                let closes = self.voting_end(key.1);
                require(now >= closes)?;
                (
                    attestation.and_then(|attestation| self.at_deadline(kpi, key.1, attestation)),
                    closes,
                )
            }
        };
        let ruled = attestation.and_then(|attestation| attestation.ruled);
        let disputed = attestation.and_then(|attestation| attestation.disputed);
        let value = match (ruled, disputed) {
            (Some(Some(other)), _) => Some(other),
            (Some(None), _) => value,
            (None, Some((disputed_at, ..))) => {
                require(now >= disputed_at + i64::from(self.terms().ruling))?;
                value
            }
            (None, None) => {
                require(now >= at + i64::from(self.terms().challenge))?;
                value
            }
        };
        Some(value.map_or(kpi.default.into(), |value| kpi.score(value)))
    }

    fn at_deadline(&self, kpi: &Kpi, period: u16, attestation: &Attestation) -> Option<i64> {
        let mut votes: Vec<i64> = attestation.votes.values().copied().collect();
        let threshold = usize::from(self.set(period).threshold);
        require(votes.len() >= threshold)?;
        votes.sort_by_key(|vote| (Reverse(kpi.score(*vote)), *vote));
        let (from_top, from_bottom) = (votes[threshold - 1], votes[votes.len() - threshold]);
        if kpi.score(from_top) >= kpi.default.into() {
            return Some(from_top);
        }
        (kpi.score(from_bottom) <= kpi.default.into()).then_some(from_bottom)
    }

    /// Which of `outcomes` a final score is.
    fn outcome(&self, key: (u8, u16, Option<usize>)) -> usize {
        let Some(found) = self.attestations.get(&key) else {
            return 3;
        };
        match (found.ruled, found.disputed, found.resolved) {
            (Some(Some(_)), ..) => 4,
            (Some(None), ..) => 5,
            (None, Some(_), _) => 6,
            (None, None, Some(_)) => 0,
            (None, None, None) if found.votes.len() < usize::from(self.set(key.1).threshold) => 3,
            (None, None, None) => {
                let kpi = &self.kpis[usize::from(key.0)];
                match self.at_deadline(kpi, key.1, found) {
                    Some(value) if kpi.score(value) >= kpi.default.into() => 1,
                    Some(_) => 2,
                    None => 7,
                }
            }
        }
    }

    /// Whether it can be done now; if so it is.
    pub fn apply(&mut self, action: &Action, now: i64) -> bool {
        let mut next = self.clone();
        let done = next.attempt(action, now).is_some();
        if done {
            let outside = matches!(
                action,
                Action::Donate { .. }
                    | Action::GiveLamports { .. }
                    | Action::AnnounceFee { .. }
                    | Action::NextEpoch
                    | Action::TakeFees { .. }
            );
            next.events += u64::from(!outside);
            *self = next;
        }
        done
    }

    /// Whether it could be done now.
    pub fn allows(&self, action: &Action, now: i64) -> bool {
        self.clone().attempt(action, now).is_some()
    }

    fn open_grant(&self, grant: usize) -> Option<&Grant> {
        self.grants.get(grant).filter(|grant| grant.open)
    }

    /// Who may send surplus where.
    fn may_send_surplus(&self, by: Who, to: Place, now: i64) -> Option<()> {
        require(matches!(self.status, Status::Draft | Status::Active))?;
        let treasury = self.treasury(now);
        if by == self.authority && to == treasury {
            return Some(());
        }
        let over = if self.status == Status::Draft {
            self.terms().start
        } else {
            self.last_deadline()
        };
        require(now >= over)?;
        require(to == Place::Associated(treasury.owner()?))
    }

    /// Nothing if it is refused; what it did until then does not count.
    fn attempt(&mut self, action: &Action, now: i64) -> Option<()> {
        let exists = matches!(self.status, Status::Draft | Status::Active);
        let active = self.status == Status::Active;
        match action {
            Action::Donate { by, amount } => {
                require(exists)?;
                self.transfer(Place::Associated(*by), Place::Vault, (*amount).into())
            }
            Action::GiveLamports { .. } => Some(()),
            Action::AnnounceFee { fee } => {
                require(fee.basis_points <= 10_000)?;
                self.fees.as_mut()?.announce(*fee);
                Some(())
            }
            Action::NextEpoch => {
                self.fees.as_mut()?.epoch += 1;
                Some(())
            }
            Action::TakeFees { from, to: None } => {
                require(exists || *from != Place::Vault)?;
                self.harvest(*from)
            }
            Action::TakeFees { from, to: Some(to) } => {
                require(exists || *from != Place::Vault)?;
                let taken = self.fees.as_mut()?.withheld.remove(from).unwrap_or(0);
                *self.balances.entry(*to).or_default() += taken;
                Some(())
            }
            Action::CreatePlan {
                payer,
                by,
                treasury,
                terms,
            } => {
                require(self.status == Status::Nothing)?;
                require(terms.oracles.acceptable(*by, terms.arbiter) && terms.arbiter != Some(*by))?;
                treasury.owner()?;
                require(terms.fee_allowed || self.fees.is_none())?;
                self.status = Status::Draft;
                (self.payer, self.authority) = (*payer, *by);
                self.sets = vec![terms.oracles.clone()];
                self.treasuries = vec![(i64::MIN, *treasury)];
                self.boundaries = (0..=terms.periods + 1).map(|index| terms.boundary(index)).collect();
                self.terms = Some((**terms).clone());
                Some(())
            }
            Action::AddKpi { by, kpi } => {
                require(self.status == Status::Draft && *by == self.authority && self.kpis.len() < 16)?;
                require(kpi.acceptable() && self.kpis.iter().all(|other| other.name != kpi.name))?;
                self.kpis.push((**kpi).clone());
                Some(())
            }
            Action::ActivatePlan { by } => {
                require(self.status == Status::Draft && *by == self.authority && !self.kpis.is_empty())?;
                require(self.terms().acceptable(now))?;
                require(self.sets[0].acceptable(self.authority, self.terms().arbiter))?;
                self.status = Status::Active;
                Some(())
            }
            Action::Fund { by, source, amount } => {
                require(exists && *amount > 0 && source.owner()? == *by)?;
                // A draft that its start does not let activate takes nothing.
                require(active || self.terms().starts_in_time(now))?;
                self.transfer(*source, Place::Vault, (*amount).into())?;
                self.funded += self.arrives((*amount).into());
                Some(())
            }
            Action::WithdrawSurplus { by, to, amount } => {
                self.may_send_surplus(*by, *to, now)?;
                let amount = amount.map_or(self.surplus(), Amount::from);
                require((1..=self.surplus()).contains(&amount))?;
                require(*by == self.authority || (self.is_fee_within(amount) && !self.is_crumb(amount)))?;
                self.withdrawn += amount;
                self.transfer(Place::Vault, *to, amount)
            }
            Action::ProposeAuthority { by, to } => {
                require(exists && *by == self.authority)?;
                if let Some(to) = to {
                    self.can_be_authority(*to, now)?;
                }
                self.pending_authority = *to;
                Some(())
            }
            Action::AcceptAuthority { by } => {
                require(exists && self.pending_authority == Some(*by))?;
                self.can_be_authority(*by, now)?;
                self.authority = *by;
                self.pending_authority = None;
                self.treasuries.retain(|treasury| treasury.0 <= now);
                if self.pending_set(now) {
                    self.sets.pop();
                }
                Some(())
            }
            Action::ProposeOracles { by, set } => {
                require(active && *by == self.authority && set.first_period < self.periods())?;
                require(set.acceptable(self.authority, self.terms().arbiter))?;
                require(self.boundary(set.first_period) >= now + i64::from(self.terms().notice))?;
                require(self.kept_sets(now).len() == 1)?;
                self.sets.push(set.clone());
                Some(())
            }
            Action::CancelOracleChange { by } => {
                require(active && *by == self.authority && self.pending_set(now))?;
                self.sets.pop();
                Some(())
            }
            Action::SetTreasury { by, to } => {
                require(exists && *by == self.authority)?;
                to.owner()?;
                self.treasuries.retain(|treasury| treasury.0 <= now);
                self.treasuries.push((now + i64::from(self.terms().notice), *to));
                Some(())
            }
            Action::ClosePlan { by, to } => {
                self.may_send_surplus(*by, *to, now)?;
                require(self.grants.iter().all(|grant| !grant.open))?;
                require(self.attestations.is_empty() && self.pools.is_empty())?;
                let left = self.balance(Place::Vault);
                require(*by == self.authority || self.is_fee_within(left))?;
                self.transfer(Place::Vault, *to, left)?;
                if self.fees.is_some() {
                    self.harvest(Place::Vault)?;
                }
                self.status = Status::Closed;
                Some(())
            }
            Action::CreateGrant { payer, by, terms } => self.create_grant(*payer, *by, terms, now),
            Action::TerminateGrant { by, grant } => {
                require(*by == self.authority && self.open_grant(*grant)?.terms.revocable)?;
                self.end_grant(*grant, 1, now)
            }
            Action::ResignGrant { by, grant } => {
                require(*by == self.open_grant(*grant)?.beneficiary)?;
                self.end_grant(*grant, 2, now)
            }
            Action::ProposeBeneficiary { by, grant, to } => {
                let found = self.open_grant(*grant)?;
                require(*by == found.beneficiary && found.terms.transferable)?;
                require(to.is_none() || *to != self.terms().arbiter)?;
                self.grants[*grant].pending = *to;
                Some(())
            }
            Action::AcceptBeneficiary {
                by,
                grant,
                claimed,
                termination,
                barred,
            } => {
                let found = self.open_grant(*grant)?;
                require(found.pending == Some(*by) && Some(*by) != self.terms().arbiter)?;
                require(found.claimed == Amount::from(*claimed) && found.termination == *termination)?;
                require(found.barred == *barred && !found.is_disputed(now))?;
                let individual = (0u8..)
                    .zip(&self.kpis)
                    .any(|(kpi, terms)| !terms.shared && found.weight(kpi) > 0);
                let sets = self.kept_sets(now);
                let in_force = &sets[..sets.len() - usize::from(self.pending_set(now))];
                let votes = in_force.iter().any(|set| set.keys.contains(by));
                require(!(individual && votes && found.next() < found.end))?;
                let found = &mut self.grants[*grant];
                (found.beneficiary, found.pending, found.locked) = (*by, None, false);
                Some(())
            }
            Action::SetClaimLock { by, grant, locked } => {
                require(*by == self.open_grant(*grant)?.beneficiary)?;
                self.grants[*grant].locked = *locked;
                Some(())
            }
            Action::CloseGrant { grant, treasury } => {
                let found = self.open_grant(*grant)?;
                let collected = !self.redistributes() || found.bonuses.len() == found.settled.len();
                require(found.next() == found.end && collected && found.owed() == 0)?;
                require(*treasury == self.treasury(now))?;
                self.grants[*grant].open = false;
                Some(())
            }
            Action::Attest {
                payer,
                by,
                kpi,
                period,
                grant,
                value,
            } => {
                let terms = self.kpis.get(usize::from(*kpi))?;
                require(active && *period < self.periods() && (terms.min..=terms.max).contains(value))?;
                require((self.boundary(*period + 1)..self.voting_end(*period)).contains(&now))?;
                require(self.unsettled(*period) > 0 && grant.is_none() == terms.shared)?;
                if let Some(grant) = grant {
                    let found = self.open_grant(*grant)?;
                    require(found.needs(*period) && found.weight(*kpi) > 0 && found.beneficiary != *by)?;
                }
                let set = self.set(*period).clone();
                require(set.keys.contains(by))?;
                let attestation = self.attestation((*kpi, *period, *grant), *payer);
                require(attestation.resolved.is_none())?;
                attestation.votes.insert(*by, *value);
                let same = attestation.votes.values().filter(|other| *other == value).count();
                if same >= usize::from(set.threshold) {
                    attestation.resolved = Some((*value, now));
                }
                Some(())
            }
            Action::Dispute {
                payer,
                by,
                kpi,
                period,
                grant,
            } => {
                let terms = self.kpis.get(usize::from(*kpi))?;
                require(active && *period < self.periods() && self.unsettled(*period) > 0)?;
                if let Some(grant) = grant {
                    let found = self.open_grant(*grant)?;
                    require(found.needs(*period) && found.weight(*kpi) > 0)?;
                } else {
                    require(terms.shared)?;
                }
                let mut for_grant = None;
                if *by != self.authority {
                    let found = &self.grants[(*grant)?];
                    require(found.beneficiary == *by && found.tranche(*period) > 0 && !found.barred)?;
                    // Nothing of a forfeited grant depends on the value (docs/decisions.md).
                    require(!found.forfeited)?;
                    for_grant = *grant;
                }
                let subject = grant.and_then(|grant| self.subject(*kpi, grant));
                let (closes, challenge) = (self.voting_end(*period), i64::from(self.terms().challenge));
                let attestation = self.attestation((*kpi, *period, subject), *payer);
                let at = attestation.resolved.map_or(closes, |(_, at)| at);
                require(attestation.disputed.is_none() && (at..at + challenge).contains(&now))?;
                attestation.disputed = Some((now, *by, for_grant));
                if let Some(grant) = for_grant {
                    let ruling = i64::from(self.terms().ruling);
                    let found = &mut self.grants[grant];
                    found.undecided = if found.is_disputed(now) { found.undecided + 1 } else { 1 };
                    found.disputes_until = now + ruling;
                }
                Some(())
            }
            Action::Rule {
                by,
                kpi,
                period,
                subject,
                disputer,
                value,
            } => {
                require(self.status == Status::Active && self.terms().arbiter == Some(*by))?;
                let ruling = i64::from(self.terms().ruling);
                let terms = self.kpis.get(usize::from(*kpi))?.clone();
                let attestation = self.attestations.get_mut(&(*kpi, *period, *subject))?;
                let (at, _, for_grant) = attestation.disputed?;
                require(attestation.ruled.is_none() && now < at + ruling && for_grant == *disputer)?;
                require(value.is_none_or(|value| (terms.min..=terms.max).contains(&value)))?;
                attestation.ruled = Some(*value);
                if let Some(grant) = for_grant {
                    self.grants[grant].barred |= value.is_none();
                    self.grants[grant].undecided -= 1;
                }
                Some(())
            }
            Action::Settle { payer, grant } => self.settle(*payer, *grant, now),
            Action::CollectBonus { grant, period } => self.collect(*grant, *period),
            Action::CloseAttestation {
                kpi,
                period,
                subject,
                treasury,
            } => {
                self.attestations.remove(&(*kpi, *period, *subject))?;
                let needed = match subject {
                    Some(grant) => self.grants[*grant].next() <= *period,
                    None => self.unsettled(*period) > 0,
                };
                require(!needed && *treasury == self.treasury(now))
            }
            Action::ClosePeriod { period, treasury } => {
                let pool = self.pools.remove(period)?;
                require(pool.collected == pool.expected && *treasury == self.treasury(now))
            }
            Action::Claim {
                by,
                grant,
                to,
                amount,
                least,
            } => {
                let found = self.open_grant(*grant)?;
                if *by == found.beneficiary {
                    to.owner()?;
                } else {
                    require(!found.locked && amount.is_none() && *to == Place::Associated(found.beneficiary))?;
                }
                let claimable = self.vested(found, now) - found.claimed;
                let amount = amount.map_or(claimable, Amount::from);
                require((1..=claimable).contains(&amount))?;
                require(self.arrives(amount) >= Amount::from(*least))?;
                require(*by == found.beneficiary || (self.is_fee_within(amount) && !self.is_crumb(amount)))?;
                self.grants[*grant].claimed += amount;
                self.transfer(Place::Vault, *to, amount)
            }
        }
    }

    fn can_be_authority(&self, key: Who, now: i64) -> Option<()> {
        let oracle = self.kept_sets(now).iter().any(|set| set.keys.contains(&key));
        require(!oracle && self.terms().arbiter != Some(key))
    }

    fn attestation(&mut self, key: (u8, u16, Option<usize>), payer: Who) -> &mut Attestation {
        self.attestations.entry(key).or_insert(Attestation {
            payer,
            votes: BTreeMap::new(),
            resolved: None,
            disputed: None,
            ruled: None,
        })
    }

    fn create_grant(&mut self, payer: Who, by: Who, terms: &GrantTerms, now: i64) -> Option<()> {
        require(self.status == Status::Active && by == self.authority)?;
        let plan = self.terms();
        require(terms.index as usize == self.grants.len() && terms.index < plan.max_grants)?;
        require(now < plan.enrolment_end)?;
        require((plan.min_allocation..=plan.max_allocation).contains(&terms.allocation))?;
        let end = u32::from(terms.first) + u32::from(terms.periods);
        require(terms.periods > 0 && end <= plan.periods.into() && terms.cliff <= terms.periods)?;
        require(now < self.boundary(terms.first))?;
        let weights = terms.weights.iter().map(|weight| u32::from(*weight)).sum::<u32>();
        require(weights + u32::from(terms.time_weight) == 10_000)?;
        require(terms.weights.iter().skip(self.kpis.len()).all(|weight| *weight == 0))?;
        require(Some(terms.beneficiary) != plan.arbiter)?;
        let grant = Grant {
            terms: terms.clone(),
            payer,
            open: true,
            beneficiary: terms.beneficiary,
            pending: None,
            locked: false,
            barred: false,
            undecided: 0,
            disputes_until: 0,
            forfeited: false,
            termination: 0,
            end: terms.first + terms.periods,
            cut: None,
            settled: Vec::new(),
            bonuses: Vec::new(),
            claimed: 0,
        };
        let reserve = self.max_payout(&grant);
        require(reserve <= u64::MAX.into() && reserve <= self.surplus())?;
        self.grants.push(grant);
        Some(())
    }

    fn end_grant(&mut self, number: usize, termination: u8, now: i64) -> Option<()> {
        let grant = self.open_grant(number)?;
        require(grant.termination == 0 && now < self.boundary(grant.end))?;
        // The running period; or the end of the grant's first second.
        let running = (grant.terms.first..grant.end).find(|period| now < self.boundary(period + 1))?;
        let (from, to) = (self.boundary(running), self.boundary(running + 1));
        let (end, cut) = if now <= from {
            (running, None)
        } else {
            let cut = grant.whole_tranche(running) * Amount::from(now - from) / Amount::from(to - from);
            (running + 1, Some(cut))
        };
        let forfeited = now < self.cliff(grant);
        let grant = &mut self.grants[number];
        (grant.end, grant.cut) = (end, cut);
        (grant.termination, grant.forfeited) = (termination, forfeited);
        Some(())
    }

    fn settle(&mut self, payer: Who, number: usize, now: i64) -> Option<()> {
        let grant = self.open_grant(number)?;
        let period = grant.next();
        require(period < grant.end && now >= self.boundary(period + 1))?;
        let collected = grant.bonuses.len() == grant.settled.len();
        require(!self.redistributes() || collected)?;
        let mut scores = vec![0; self.kpis.len()];
        let mut outcomes = self.outcomes;
        for kpi in 0..self.kpis.len() as u8 {
            if grant.weight(kpi) > 0 {
                let key = (kpi, period, self.subject(kpi, number));
                scores[usize::from(kpi)] = self.final_score(key, now)?;
                outcomes[self.outcome(key)] += 1;
            }
        }
        let (tranche, carry) = (grant.tranche(period), grant.carry());
        let (credit, kpi_credit) = self.credit(&grant.terms, &scores);
        let earned = (tranche * credit + carry * credit.min(FULL)) / FULL;
        let unearned = (tranche + carry - earned).max(0);
        let kpi = tranche * kpi_credit / FULL;
        let expected = self.unsettled(period);
        let mut settled = Settled {
            tranche,
            earned,
            kpi,
            carry: 0,
        };
        match self.terms().policy {
            Policy::Return => {}
            Policy::CarryOver => settled.carry = unearned,
            Policy::Redistribute => {
                let new = Pool {
                    payer,
                    expected,
                    ..Pool::default()
                };
                let pool = self.pools.entry(period).or_insert(new);
                pool.settled += 1;
                pool.kpi_total += kpi;
                pool.pool += unearned;
            }
        }
        self.grants[number].settled.push(settled);
        self.outcomes = outcomes;
        Some(())
    }

    fn collect(&mut self, number: usize, period: u16) -> Option<()> {
        let grant = self.open_grant(number)?;
        require(self.redistributes() && grant.bonuses.len() < grant.settled.len())?;
        require(period + 1 == grant.next())?;
        let settled = grant.settled.last()?.clone();
        let cap = settled.tranche * Amount::from(self.terms().bonus_cap) / 10_000;
        let pool = self.pools.get_mut(&period)?;
        require(pool.settled == pool.expected)?;
        let share = if pool.kpi_total == 0 {
            0
        } else {
            pool.pool * settled.kpi / pool.kpi_total
        };
        let bonus = share.min(cap);
        pool.paid += bonus;
        pool.collected += 1;
        self.grants[number].bonuses.push(bonus);
        Some(())
    }
}
