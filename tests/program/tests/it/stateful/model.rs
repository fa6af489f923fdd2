//! An independent model of the program, written from the design: who may do what when, and what it does to the amounts.
//!
//! It shares no code with the program. Amounts and products are `i128` (`u64` amounts times credits of at most 2·10^8
//! fit easily). What the program keeps as running sums is added up here anew each time from the history of every grant.

use {
    super::actions::Act,
    std::{
        cmp::Reverse,
        collections::{BTreeMap, BTreeSet},
    },
};

/// Number of a key.
pub type Who = usize;
/// KPI, period, and the grant where it is about one.
pub type Key = (u8, u16, Option<usize>);
/// Base units.
pub type Amount = i128;

/// Full credit: a score of 10,000 with a weight of 10,000.
pub const FULL: Amount = 100_000_000;

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
    pub fn owner(self) -> Option<Who> {
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
    /// Decimals of the unit of account, if the plan has one.
    pub unit: Option<u8>,
}

/// What the token program keeps of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fee {
    pub basis_points: u16,
    pub maximum: u64,
}

/// The transfer fee of a mint, by the rules of Token-2022: a new fee is in force from the second epoch after its
/// announcement on, and until then the one before it.
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

    pub fn announce(&mut self, fee: Fee) {
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
    /// Makes it the price: what counts under silence.
    pub price: Option<i64>,
    /// Read from a feed: how long after the end of a period an update may come.
    pub feed: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct GrantTerms {
    pub index: u32,
    pub beneficiary: Who,
    pub allocation: u64,
    /// In the unit of account; 0 of a grant in tokens.
    pub units: u64,
    pub first: u16,
    pub periods: u16,
    pub cliff: u16,
    pub time_weight: u16,
    pub weights: Vec<u16>,
    pub revocable: bool,
    pub transferable: bool,
}

/// An account of the program, there or not.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Plan,
    Vault,
    Grant(usize),
    Evaluation(u8, u16, Option<usize>),
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
    pub carry: Amount,
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
    /// What is left of the last cap and of the last units, if they were cut.
    pub cut: Option<(Amount, Amount)>,
    pub settled: Vec<Settled>,
    pub bonuses: Vec<Amount>,
    pub claimed: Amount,
    pub hand_overs: u16,
}

/// Grants of a page.
pub const PAGE: usize = 64;

/// What is known of a value: of a shared KPI for all, of an individual one for a grant.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub votes: BTreeMap<Who, i64>,
    /// Who first voted after enough votes were the same.
    pub late: BTreeSet<Who>,
    /// On what enough votes are the same, all votes counted, and since when.
    pub resolved: Option<(i64, i64)>,
    pub disputed: Option<(i64, Who, Option<usize>)>,
    /// Ruled: another value, or that it stands.
    pub ruled: Option<Option<i64>>,
    /// What a feed said.
    pub observed: Option<Observed>,
}

/// An update of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    pub value: i64,
    pub at: i64,
    pub previous: i64,
}

impl Evaluation {
    /// What of it counts where `beneficiary` has the grant: not that one's vote, and unless enough others agreed before
    /// it nothing is resolved early.
    fn counted(&self, beneficiary: Option<Who>) -> Self {
        let mut counted = self.clone();
        if let Some(who) = beneficiary
            && counted.votes.remove(&who).is_some()
            && !self.late.contains(&who)
        {
            counted.resolved = None;
        }
        counted
    }

    /// Takes a vote; whether it says anything new. A changed one on a shared KPI is not taken once the value is
    /// resolved.
    pub fn vote(&mut self, by: Who, value: i64, threshold: u8, now: i64, shared: bool) -> bool {
        if self.resolved.is_some() {
            match self.votes.get(&by) {
                None => _ = self.late.insert(by),
                Some(before) if shared || *before == value => return false,
                Some(_) => (),
            }
        }
        self.votes.insert(by, value);
        let same = self.votes.values().filter(|other| **other == value).count();
        if self.resolved.is_none() && same >= usize::from(threshold) {
            self.resolved = Some((value, now));
        }
        true
    }

    /// Whether it can be disputed for the first time now.
    pub fn disputable(&self, beneficiary: Option<Who>, closes: i64, challenge: i64, now: i64) -> bool {
        let resolved = self.counted(beneficiary).resolved;
        let at = resolved.map_or(closes, |(_, at)| at);
        self.disputed.is_none() && (at..at + challenge).contains(&now)
    }
}

/// An attestation or page that exists.
#[derive(Clone, Debug)]
pub struct Account {
    pub payer: Who,
    /// Grants of a page; none of an attestation.
    pub capacity: Option<usize>,
    /// Of the last vote or upload of each.
    pub evidence: BTreeMap<Who, u8>,
}

/// KPI, period, and of an individual KPI the page.
pub type Address = (u8, u16, Option<usize>);

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
    /// The attestations and pages that exist.
    pub accounts: BTreeMap<Address, Account>,
    /// What they hold of values on which somebody voted or that somebody disputed.
    pub evaluations: BTreeMap<Key, Evaluation>,
    pub pools: BTreeMap<u16, Pool>,
    pub balances: BTreeMap<Place, Amount>,
    /// Of a mint with a transfer fee.
    pub fees: Option<Fees>,
    pub funded: Amount,
    pub withdrawn: Amount,
    pub events: u64,
    /// How often scores came from: agreement, enough votes for at least the default, enough for at most the default,
    /// too few votes, ruling to another value, upholding, a dispute that nobody ruled on, votes on both sides of the
    /// default. And how often: an own vote did not count, a late vote was taken, a value was changed after an
    /// agreement, several grants were disputed at once, several were ruled on at once, a measured grant changed hands,
    /// a value in a second page counted, a grant in another unit was settled, its cap was reached, a feed counted, and
    /// an update took the place of another.
    pub outcomes: [u64; 19],
    pub uri: String,
    pub boundaries: Vec<i64>,
}

pub fn require(condition: bool) -> Option<()> {
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

    pub fn acceptable(&self, now: i64) -> bool {
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

    pub fn starts_in_time(&self, now: i64) -> bool {
        (now + 1..=now + 5 * 366 * 86_400).contains(&self.start)
    }
}

impl OracleSet {
    pub fn acceptable(&self, authority: Who, arbiter: Option<Who>) -> bool {
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
    pub fn acceptable(&self) -> bool {
        let named = (1..=32).contains(&self.name.len()) && i64::MIN < self.min && self.min <= self.max;
        let fed = self.feed.is_none_or(|delay| self.shared && delay > 0);
        if let Some(price) = self.price {
            let scored = !self.points.is_empty() || self.default > 0;
            return named && fed && self.shared && self.min > 0 && (self.min..=self.max).contains(&price) && !scored;
        }
        named
            && fed
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
    pub fn new(terms: &GrantTerms, payer: Who) -> Self {
        Self {
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
            hand_overs: 0,
        }
    }

    /// Whether a dispute for the grant can still be decided.
    pub fn is_disputed(&self, now: i64) -> bool {
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

    fn part(&self, all: u64, period: u16) -> Amount {
        let (a, n) = (Amount::from(all), Amount::from(self.terms.periods));
        let i = Amount::from(period - self.terms.first);
        a * (i + 1) / n - a * i / n
    }

    fn whole(&self, period: u16) -> (Amount, Amount) {
        let terms = &self.terms;
        (self.part(terms.allocation, period), self.part(terms.units, period))
    }

    /// The most that a period pays for full scores, and the units it pays.
    pub fn parts(&self, period: u16) -> (Amount, Amount) {
        match self.cut {
            Some(cut) if period + 1 == self.end => cut,
            _ => self.whole(period),
        }
    }

    pub fn cap(&self, period: u16) -> Amount {
        self.parts(period).0
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
            accounts: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            pools: BTreeMap::new(),
            balances,
            fees: charges.then(Fees::default),
            funded: 0,
            withdrawn: 0,
            events: 0,
            outcomes: [0; 19],
            uri: String::new(),
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

    /// Whether others than beneficiary and authority may decide about a transfer of `amount`: its fee is within the
    /// plan's limit. The unit that the token program rounds up is allowed where it is at most a basis point and the
    /// plan allows a fee at all (docs/decisions.md).
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
    pub fn transfer(&mut self, from: Place, to: Place, amount: Amount) -> Option<()> {
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
    pub fn harvest(&mut self, from: Place) -> Option<()> {
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

    pub fn terms(&self) -> &Terms {
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
    pub fn pending_set(&self, now: i64) -> bool {
        let last = &self.sets[self.sets.len() - 1];
        self.sets.len() > 1 && now < self.boundary(last.first_period)
    }

    /// The sets that the plan still keeps: the last one, and the one before until its last period is past its
    /// deadlines.
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
    pub fn credit(&self, terms: &GrantTerms, scores: &[Amount]) -> (Amount, Amount) {
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
        let left: Amount = (grant.next()..grant.end).map(|period| grant.cap(period)).sum();
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

    pub fn subject(&self, kpi: u8, grant: usize) -> Option<usize> {
        (!self.kpis[usize::from(kpi)].shared).then_some(grant)
    }

    /// What counts of a value for who has the grant now.
    pub fn counted(&self, key: Key) -> Evaluation {
        let found = self.evaluations.get(&key).cloned().unwrap_or_default();
        found.counted(
            key.2
                .and_then(|grant| self.grants.get(grant))
                .map(|grant| grant.beneficiary),
        )
    }

    /// The number of the price.
    pub fn price(&self) -> Option<u8> {
        let price = self.kpis.iter().position(|kpi| kpi.price.is_some());
        price.map(|number| number as u8)
    }

    /// Whether a KPI decides what a grant earns.
    pub fn pays(&self, kpi: u8, grant: &Grant) -> bool {
        grant.weight(kpi) > 0 || grant.terms.units > 0 && self.price() == Some(kpi)
    }

    /// What full scores pay for a period of a grant at this price: 6 decimals has the token, 2 the price.
    pub fn tranche(&self, grant: &Grant, period: u16, price: Option<i64>) -> Amount {
        let (cap, units) = grant.parts(period);
        let (Some(price), Some(decimals)) = (price, self.terms().unit) else {
            return cap;
        };
        // Units of 2^64 times 10^8 fit.
        let (mut worth, mut divisor) = (units * Amount::pow(10, 6 + 2), Amount::from(price));
        divisor *= Amount::pow(10, decimals.into());
        worth /= divisor;
        worth.min(cap)
    }

    /// The score of a KPI, once it is final.
    pub fn final_score(&self, key: Key, now: i64) -> Option<Amount> {
        let kpi = &self.kpis[usize::from(key.0)];
        let value = self.final_value(key, now)?;
        Some(value.map_or(kpi.default.into(), |value| kpi.score(value)))
    }

    /// The price for a period, once it is final.
    pub fn final_price(&self, period: u16, now: i64) -> Option<i64> {
        let kpi = self.price()?;
        let value = self.final_value((kpi, period, None), now)?;
        value.or(self.kpis[usize::from(kpi)].price)
    }

    /// The value of a KPI or its silence, once it is final.
    fn final_value(&self, key: Key, now: i64) -> Option<Option<i64>> {
        let kpi = &self.kpis[usize::from(key.0)];
        let found = self.counted(key);
        let (value, at) = match found.resolved {
            Some((value, at)) => (Some(value), at),
            None => {
                let closes = self.voting_end(key.1);
                require(now >= closes)?;
                let seen = found.observed.map(|observed| observed.value);
                (seen.or_else(|| self.at_deadline(kpi, key.1, &found)), closes)
            }
        };
        let (ruled, disputed) = (found.ruled, found.disputed);
        Some(match (ruled, disputed) {
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
        })
    }

    fn at_deadline(&self, kpi: &Kpi, period: u16, found: &Evaluation) -> Option<i64> {
        let mut votes: Vec<i64> = found.votes.values().copied().collect();
        let threshold = usize::from(self.set(period).threshold);
        if let Some(price) = kpi.price {
            // The median of the votes and of as many defaults as are missing.
            votes.resize(votes.len().max(2 * threshold - 1), price);
            votes.sort_unstable();
            return Some(votes[threshold - 1]);
        }
        require(votes.len() >= threshold)?;
        votes.sort_by_key(|vote| (Reverse(kpi.score(*vote)), *vote));
        let (from_top, from_bottom) = (votes[threshold - 1], votes[votes.len() - threshold]);
        if kpi.score(from_top) >= kpi.default.into() {
            return Some(from_top);
        }
        (kpi.score(from_bottom) <= kpi.default.into()).then_some(from_bottom)
    }

    /// Which of `outcomes` a final score is.
    pub fn outcome(&self, key: Key) -> usize {
        let found = self.counted(key);
        match (found.ruled, found.disputed, found.resolved) {
            (Some(Some(_)), ..) => 4,
            (Some(None), ..) => 5,
            (None, Some(_), _) => 6,
            (None, None, Some(_)) => 0,
            (None, None, None) if found.observed.is_some() => 17,
            (None, None, None) if found.votes.len() < usize::from(self.set(key.1).threshold) => 3,
            (None, None, None) => {
                let kpi = &self.kpis[usize::from(key.0)];
                match self.at_deadline(kpi, key.1, &found) {
                    Some(value) if kpi.price.is_some() => usize::from(kpi.price > Some(value)) + 1,
                    Some(value) if kpi.score(value) >= kpi.default.into() => 1,
                    Some(_) => 2,
                    None => 7,
                }
            }
        }
    }

    /// Whether it can be done now; if so it is.
    pub fn apply(&mut self, action: &dyn Act, now: i64) -> bool {
        let mut next = self.clone();
        let done = action.attempt(&mut next, now).is_some();
        if done {
            *self = next;
        }
        done
    }

    /// Whether it could be done now.
    pub fn allows(&self, action: &dyn Act, now: i64) -> bool {
        action.attempt(&mut self.clone(), now).is_some()
    }

    /// Whether there is a plan.
    pub fn exists(&self) -> bool {
        matches!(self.status, Status::Draft | Status::Active)
    }

    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    pub fn open_grant(&self, grant: usize) -> Option<&Grant> {
        self.grants.get(grant).filter(|grant| grant.open)
    }

    /// Who may send surplus where.
    pub fn may_send_surplus(&self, by: Who, to: Place, now: i64) -> Option<()> {
        require(self.exists())?;
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

    pub fn can_be_authority(&self, key: Who, now: i64) -> Option<()> {
        let oracle = self.kept_sets(now).iter().any(|set| set.keys.contains(&key));
        require(!oracle && self.terms().arbiter != Some(key))
    }

    /// Opens the attestation, or the page with this grant, if it does not exist; nothing if none of the page's grants
    /// was made.
    pub fn open_account(&mut self, kpi: u8, period: u16, grant: Option<usize>, payer: Who) -> Option<&mut Account> {
        let page = grant.map(|grant| grant / PAGE);
        let made = self.grants.len();
        let capacity = page.map(|page| made.saturating_sub(page * PAGE).min(PAGE));
        require(capacity != Some(0))?;
        let new = Account {
            payer,
            capacity,
            evidence: BTreeMap::new(),
        };
        Some(self.accounts.entry((kpi, period, page)).or_insert(new))
    }

    /// The grants from `first` on whose bits are set, if there are any and all of them are in one page that exists.
    pub fn of_page(&self, kpi: u8, period: u16, (first, mask): (usize, u64)) -> Option<Vec<usize>> {
        let account = self.accounts.get(&(kpi, period, Some(first / PAGE)))?;
        let grants: Vec<usize> = (0..PAGE)
            .filter(|bit| mask >> bit & 1 == 1)
            .map(|bit| first + bit)
            .collect();
        let end = first / PAGE * PAGE + account.capacity?;
        require(grants.last().is_some_and(|last| *last < end))?;
        Some(grants)
    }

    pub fn end_grant(&mut self, number: usize, termination: u8, now: i64) -> Option<()> {
        let grant = self.open_grant(number)?;
        require(grant.termination == 0 && now < self.boundary(grant.end))?;
        // The running period; or the end of the grant's first second.
        let running = (grant.terms.first..grant.end).find(|period| now < self.boundary(period + 1))?;
        let (from, to) = (self.boundary(running), self.boundary(running + 1));
        let (end, cut) = if now <= from {
            (running, None)
        } else {
            let (cap, units) = grant.whole(running);
            let cut = |whole: Amount| whole * Amount::from(now - from) / Amount::from(to - from);
            (running + 1, Some((cut(cap), cut(units))))
        };
        let forfeited = now < self.cliff(grant);
        let grant = &mut self.grants[number];
        (grant.end, grant.cut) = (end, cut);
        (grant.termination, grant.forfeited) = (termination, forfeited);
        Some(())
    }
}
