//! What can be done: a file for each instruction, with when it is tried, what the model makes of it, and how it is
//! sent. And random actions: mostly such that can be done, often such that cannot.

mod accept_authority;
mod accept_beneficiary;
mod activate_plan;
mod add_kpi;
mod attest;
mod attest_page;
mod cancel_oracle_change;
mod claim;
mod close_attestation;
mod close_grant;
mod close_page;
mod close_period;
mod close_plan;
mod collect_bonus;
mod create_grant;
mod create_plan;
mod dispute;
mod fund;
mod observe;
mod outside;
mod propose_authority;
mod propose_beneficiary;
mod propose_oracles;
mod resign_grant;
mod rule;
mod set_claim_lock;
mod set_treasury;
mod set_uri;
mod settle;
mod terminate_grant;
mod withdraw_surplus;

pub use {
    claim::Claim, close_attestation::CloseAttestation, close_grant::CloseGrant, close_page::ClosePage,
    close_period::ClosePeriod, close_plan::ClosePlan, collect_bonus::CollectBonus, create_grant::CreateGrant,
    settle::Settle, withdraw_surplus::WithdrawSurplus,
};

use {
    super::{
        chain::{Accounts, PEOPLE, Stage, kpi_args},
        model::{
            Address, Amount, Cadence, FULL, Fee, Grant, GrantTerms, Kpi, Model, Observed, OracleSet, PAGE, Place,
            Policy, Pool, Settled, Status, Target, Terms, Who, require,
        },
    },
    crate::rng::Rng,
    anchor_spl::compat::spl_token_2022_interface::extension::transfer_fee::instruction as fee_instruction,
    bytemuck::Zeroable,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
        state::{self, ALLOW_TRANSFER_FEE},
    },
    earnout_sdk::wire::accounts,
    earnout_tests::{
        AttestArgs, AttestPageArgs, Combination, CreateGrantArgs, CreatePlanArgs, Instruction, NO_VALUE, ObserveArgs,
        PageGrants, PlanToken, Pubkey, Release, Signer, UnearnedPolicy, extensions::TOKEN_2022, instructions,
        prices::Update, token_instruction,
    },
    std::{fmt::Debug, ops::Range, rc::Rc},
};

/// What someone does.
pub trait Act: Debug {
    /// One of this kind, at random.
    fn random(draw: Draw<'_>) -> Self
    where
        Self: Sized;

    /// Does it in the model. Nothing if it is refused; what it did until then does not count.
    fn attempt(&self, model: &mut Model, now: i64) -> Option<()>;

    /// Puts on the chain what it reads.
    fn prepare(&self, _stage: &mut Stage) {}

    /// The instruction that does it, if one does.
    fn instruction(&self, _stage: &Stage, _model: &Model) -> Option<Instruction> {
        None
    }

    /// Does on the chain what no instruction does.
    fn befall(&self, _stage: &mut Stage, _model: &Model) {}

    /// The account that it closed.
    fn closed(&self, _stage: &Stage, _before: &Accounts, _old: &Model) -> Option<Closed> {
        None
    }
}

/// An account that was closed, who had paid for it, who gets the rest, and how many lamports were paid.
pub type Closed = (Pubkey, Who, Place, u64);

/// What someone does, to be done again when a sequence is shortened.
pub type Action = Rc<dyn Act>;

/// A kind of action.
pub struct Kind {
    pub name: &'static str,
    /// How often it is tried on a draft, and on an active plan.
    weights: (u64, u64),
    /// Whether it is only tried where the mint has a transfer fee.
    needs_fee: bool,
    random: fn(Draw<'_>) -> Action,
}

const fn kind<A: Act + 'static>(name: &'static str, draft: u64, active: u64) -> Kind {
    Kind {
        name,
        weights: (draft, active),
        needs_fee: false,
        random: |draw| Rc::new(A::random(draw)),
    }
}

const fn of_fees<A: Act + 'static>(name: &'static str, draft: u64, active: u64) -> Kind {
    Kind {
        needs_fee: true,
        ..kind::<A>(name, draft, active)
    }
}

/// The program's instructions, then what goes round it.
pub const KINDS: &[Kind] = &[
    kind::<create_plan::CreatePlan>("create_plan", 2, 1),
    kind::<add_kpi::AddKpi>("add_kpi", 30, 1),
    kind::<activate_plan::ActivatePlan>("activate_plan", 30, 1),
    kind::<fund::Fund>("fund", 8, 5),
    kind::<WithdrawSurplus>("withdraw_surplus", 3, 3),
    kind::<propose_authority::ProposeAuthority>("propose_authority", 3, 4),
    kind::<accept_authority::AcceptAuthority>("accept_authority", 3, 6),
    kind::<propose_oracles::ProposeOracles>("propose_oracles", 1, 6),
    kind::<cancel_oracle_change::CancelOracleChange>("cancel_oracle_change", 1, 3),
    kind::<set_treasury::SetTreasury>("set_treasury", 3, 4),
    kind::<set_uri::SetUri>("set_uri", 1, 1),
    kind::<ClosePlan>("close_plan", 1, 2),
    kind::<CreateGrant>("create_grant", 2, 18),
    kind::<terminate_grant::TerminateGrant>("terminate_grant", 1, 2),
    kind::<resign_grant::ResignGrant>("resign_grant", 1, 2),
    kind::<propose_beneficiary::ProposeBeneficiary>("propose_beneficiary", 1, 4),
    kind::<accept_beneficiary::AcceptBeneficiary>("accept_beneficiary", 1, 6),
    kind::<set_claim_lock::SetClaimLock>("set_claim_lock", 1, 3),
    kind::<CloseGrant>("close_grant", 1, 6),
    kind::<attest::Attest>("attest", 1, 25),
    kind::<observe::Observe>("observe", 1, 12),
    kind::<attest_page::AttestPage>("attest_page", 1, 30),
    kind::<dispute::Dispute>("dispute", 1, 12),
    kind::<rule::Rule>("rule", 1, 12),
    kind::<Settle>("settle", 1, 40),
    kind::<CollectBonus>("collect_bonus", 1, 24),
    kind::<CloseAttestation>("close_attestation", 1, 6),
    kind::<ClosePage>("close_page", 1, 5),
    kind::<ClosePeriod>("close_period", 1, 6),
    kind::<Claim>("claim", 1, 16),
    kind::<outside::Donation>("donation", 2, 3),
    kind::<outside::Lamports>("lamports", 2, 4),
    of_fees::<outside::AnnouncedFee>("announced fee", 2, 8),
    of_fees::<outside::Epoch>("epoch", 2, 12),
    of_fees::<outside::FeesTaken>("fees taken", 1, 4),
];

#[test]
fn every_instruction_is_an_action() {
    // It changes nothing, so no sequence can tell whether it was there.
    const APART: [&str; 1] = ["require_before"];
    let idl: serde_json::Value = serde_json::from_str(include_str!("../../../../../idl/earnout.json")).unwrap();
    for instruction in idl["instructions"].as_array().unwrap() {
        let name = instruction["name"].as_str().unwrap();
        let known = KINDS.iter().any(|kind| kind.name == name) || APART.contains(&name);
        assert!(known, "{name} is missing in KINDS");
    }
}

/// What an action is made from: chance, how things are, and whom and which grant it is about unless it chooses others.
pub struct Draw<'a> {
    rng: &'a mut Rng,
    model: &'a Model,
    now: i64,
    grant: usize,
    found: Option<&'a Grant>,
    beneficiary: Who,
    authority: Who,
    payer: Who,
}

fn random(rng: &mut Rng, model: &Model, now: i64, kind: usize) -> Action {
    let grants = model.grants.len() as u64;
    // One more than there are.
    let beyond = grants == 0 || rng.chance(3);
    let grant = rng.below(grants + u64::from(beyond)) as usize;
    let found = model.grants.get(grant);
    let draw = Draw {
        grant,
        found,
        beneficiary: found.map_or(BENEFICIARIES.start, |grant| grant.beneficiary),
        authority: rng.role(model.authority),
        payer: rng.who(0..PEOPLE),
        rng,
        model,
        now,
    };
    (KINDS[kind].random)(draw)
}

const ARBITER: Who = 2;
const ORACLES: Range<Who> = 3..8;
const BENEFICIARIES: Range<Who> = 8..12;
const TREASURIES: Range<Who> = 12..14;

impl Rng {
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    fn who(&mut self, range: Range<Who>) -> Who {
        range.start + self.below(range.len() as u64) as Who
    }

    /// `usual`, or now and then anyone.
    fn role(&mut self, usual: Who) -> Who {
        if self.chance(10) { self.who(0..PEOPLE) } else { usual }
    }

    /// An amount of any magnitude up to this many bits.
    fn amount(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits) + 1;
        self.next() >> (64 - bits)
    }

    /// A period of the plan, or one more.
    fn period(&mut self, model: &Model) -> u16 {
        self.below(u64::from(model.periods()) + 1) as u16
    }

    /// Who takes over, mostly one of these; or nobody.
    fn next_holder(&mut self, usual: Range<Who>) -> Option<Who> {
        (!self.chance(10)).then(|| {
            if self.chance(60) {
                self.who(usual)
            } else {
                self.who(0..PEOPLE)
            }
        })
    }

    /// An attestation or a page that exists, or the first that could.
    fn account(&mut self, model: &Model, page: bool) -> Address {
        let all = model.accounts.keys().filter(|key| key.2.is_some() == page);
        let all: Vec<Address> = all.copied().collect();
        if all.is_empty() {
            (0, 0, page.then_some(0))
        } else {
            self.pick(&all)
        }
    }

    /// Some of the grants of a page that one of them is in, as the first and bits: mostly that one alone, or some with
    /// it, and now and then some that are not there.
    fn some_of_page(&mut self, grant: usize, wanted: impl Fn(usize) -> bool) -> (usize, u64) {
        let first = if self.chance(50) { grant } else { grant / PAGE * PAGE };
        let mut mask = 1 << (grant - first);
        if self.chance(60) {
            for bit in 0..PAGE - first % PAGE {
                mask |= u64::from(wanted(first + bit) && self.chance(80)) << bit;
            }
        }
        if self.chance(4) {
            let any = self.next();
            mask = self.pick(&[0, 1 << 63, any, mask | 1 << 20]);
        }
        (first, mask)
    }
}

/// The next action of a sequence, and the number of its kind.
pub fn next(rng: &mut Rng, model: &Model, now: i64) -> (usize, Action) {
    if model.status == Status::Nothing && rng.chance(90) {
        return (0, suitable(rng, model, now, 0));
    }
    let active = model.status == Status::Active;
    // What has begun goes on: votes, disputes and rulings.
    if active && rng.chance(45) {
        let voting = evaluating(model, now).next().is_some();
        let ruling = model
            .evaluations
            .values()
            .any(|found| found.disputed.is_some() && found.ruled.is_none());
        let kind = match rng.below(10) {
            0 if voting && model.kpis.iter().any(|kpi| kpi.feed.is_some()) && rng.chance(50) => Some("observe"),
            0..=1 if voting && model.kpis.iter().any(|kpi| kpi.shared) => Some("attest"),
            0..=4 if voting => Some("attest_page"),
            5..=6 if !model.evaluations.is_empty() => Some("dispute"),
            7..=8 if ruling => Some("rule"),
            _ => None,
        };
        if let Some(kind) = kind {
            let kind = KINDS.iter().position(|known| known.name == kind).unwrap_or(0);
            let action = suitable(rng, model, now, kind);
            if model.allows(&*action, now) || rng.chance(10) {
                return (kind, action);
            }
        }
    }
    // To the second when the notice of an oracle change begins.
    let notice = model.terms.as_ref().map_or(0, |terms| i64::from(terms.notice));
    let edge = active && (0..model.periods()).any(|period| (model.boundary(period) - notice - now).abs() <= 1);
    if edge && rng.chance(40) {
        return (7, suitable(rng, model, now, 7));
    }
    // Mostly of a kind that can be done now.
    let tries = if rng.chance(70) { 6 } else { 1 };
    let mut action = None;
    for _ in 0..tries {
        let weight = |kind: usize| match KINDS[kind].weights {
            _ if KINDS[kind].needs_fee && model.fees.is_none() => 0,
            (_, weight) if active => weight,
            (weight, _) => weight,
        };
        let mut ticket = rng.below((0..KINDS.len()).map(weight).sum());
        let chosen = (0..KINDS.len()).find(|kind| {
            let hit = ticket < weight(*kind);
            ticket = ticket.saturating_sub(weight(*kind));
            hit
        });
        let chosen = chosen.unwrap_or(0);
        // Plans that close before they begin show little.
        if KINDS[chosen].name == "close_plan" && model.grants.is_empty() && rng.chance(90) {
            continue;
        }
        let tried = suitable(rng, model, now, chosen);
        let possible = model.allows(&*tried, now);
        action = Some((chosen, tried));
        if possible {
            break;
        }
    }
    action.unwrap_or_else(|| (3, suitable(rng, model, now, 3)))
}

/// Periods whose voting window is open and that some grant needs.
fn evaluating(model: &Model, now: i64) -> impl Iterator<Item = u16> {
    let open = move |period: &u16| (model.boundary(period + 1)..model.voting_end(*period)).contains(&now);
    (0..model.periods())
        .filter(open)
        .filter(|period| model.unsettled(*period) > 0)
}

/// An action of this kind, mostly one that can be done.
fn suitable(rng: &mut Rng, model: &Model, now: i64, kind: usize) -> Action {
    let tries = if rng.chance(85) { 8 } else { 1 };
    let mut action = random(rng, model, now, kind);
    for _ in 1..tries {
        if model.allows(&*action, now) {
            break;
        }
        action = random(rng, model, now, kind);
    }
    action
}

fn oracle_set(rng: &mut Rng, first_period: u16) -> OracleSet {
    let mut all: Vec<Who> = ORACLES.collect();
    rng.shuffle(&mut all);
    let mut keys = all[..rng.below(ORACLES.len() as u64) as usize + 1].to_vec();
    if rng.chance(25) {
        // An oracle with a grant, or with a role it must not have, or named twice.
        let other = if rng.chance(60) {
            rng.who(BENEFICIARIES)
        } else {
            rng.who(0..ORACLES.end)
        };
        keys.push(other);
    }
    let count = keys.len() as u64;
    let threshold = if rng.chance(95) {
        count / 2 + 1 + rng.below(count - count / 2)
    } else {
        rng.below(count + 2)
    };
    OracleSet {
        keys,
        threshold: threshold as u8,
        first_period,
    }
}

fn place(rng: &mut Rng, owner: Who) -> Place {
    match rng.below(20) {
        0..=12 => Place::Associated(owner),
        13..=17 => Place::Other(owner),
        18 => Place::Foreign(owner),
        _ => Place::Vault,
    }
}

/// The treasury, or now and then some other account.
fn treasury(rng: &mut Rng, model: &Model, now: i64) -> Place {
    if model.treasuries.is_empty() || rng.chance(5) {
        let owner = rng.who(TREASURIES);
        return place(rng, owner);
    }
    model.treasury(now)
}

/// One of few values, so that oracles often agree: at and next to the points of the curve, and at the ends of the
/// range.
fn value(rng: &mut Rng, model: &Model, kpi: u8) -> i64 {
    let Some(kpi) = model.kpis.get(usize::from(kpi)) else {
        return 0;
    };
    let point = match kpi.price {
        Some(price) => price,
        None => rng.pick(&kpi.points).0,
    };
    match rng.below(20) {
        0..=6 => point,
        7 => point.saturating_add(1),
        8 => point.saturating_sub(1),
        9 => kpi.min,
        10 => kpi.max,
        11 => kpi.max.saturating_add(1),
        _ => point.saturating_add(rng.below(60) as i64 - 30),
    }
}

/// A KPI and a period to vote on: mostly one of this scope, and a period that can be voted on.
fn voted(rng: &mut Rng, model: &Model, now: i64, shared: bool) -> (u8, u16) {
    // Terms of a draft need not hold together.
    let running: Vec<u16> = match model.status {
        Status::Active => evaluating(model, now).collect(),
        _ => Vec::new(),
    };
    let period = if running.is_empty() || rng.chance(5) {
        rng.period(model)
    } else {
        rng.pick(&running)
    };
    let fitting: Vec<u8> = (0u8..)
        .zip(&model.kpis)
        .filter_map(|(number, kpi)| (kpi.shared == shared).then_some(number))
        .collect();
    let kpi = if fitting.is_empty() || rng.chance(5) {
        rng.below(model.kpis.len() as u64 + 1) as u8
    } else {
        rng.pick(&fitting)
    };
    // Mostly a vote on what others voted on already.
    let begun = model.evaluations.iter();
    let begun = begun.filter(|(key, found)| found.resolved.is_none() && running.contains(&key.1));
    let begun = begun.filter(|(key, _)| key.2.is_none() == shared);
    let begun: Vec<_> = begun.map(|(key, _)| (key.0, key.1)).collect();
    if !begun.is_empty() && rng.chance(65) {
        rng.pick(&begun)
    } else {
        (kpi, period)
    }
}

/// Who votes on a period, mostly one of its set.
fn voter(rng: &mut Rng, model: &Model, period: u16) -> Who {
    match model.status {
        Status::Active if rng.chance(92) => rng.pick(&model.set(period).keys),
        _ => rng.who(0..PEOPLE),
    }
}

/// A value, mostly one that somebody voted for already.
fn vote(rng: &mut Rng, model: &Model, key: (u8, u16, Option<usize>)) -> i64 {
    let found = model.evaluations.get(&key);
    let votes: Vec<i64> = found.map_or_else(Vec::new, |found| found.votes.values().copied().collect());
    if !votes.is_empty() && rng.chance(60) {
        rng.pick(&votes)
    } else {
        value(rng, model, key.0)
    }
}

/// The votes that decide on a period, if `by` may vote on it now.
fn may_vote(model: &Model, by: Who, period: u16, now: i64) -> Option<u8> {
    require(model.is_active() && period < model.periods())?;
    require((model.boundary(period + 1)..model.voting_end(period)).contains(&now))?;
    let set = model.set(period);
    require(model.unsettled(period) > 0 && set.keys.contains(&by))?;
    Some(set.threshold)
}

fn page_grants(grants: Option<(usize, u64)>) -> Option<PageGrants> {
    grants.map(|(first, mask)| PageGrants {
        first: first as u32,
        mask,
    })
}

/// A later time: a little later, or at, just before or just after the next times at which something changes.
pub fn later(rng: &mut Rng, model: &Model, now: i64) -> i64 {
    if model.status != Status::Active && !(model.status == Status::Draft && rng.chance(3)) {
        return now + rng.below(60) as i64;
    }
    let mut edges: Vec<i64> = Vec::new();
    let plan = model.terms.as_ref().expect("there is a plan");
    for period in 0..model.periods() {
        edges.push(model.boundary(period));
        edges.push(model.boundary(period) - i64::from(plan.notice));
        edges.push(model.boundary(period + 1));
        edges.push(model.voting_end(period));
        edges.push(model.voting_end(period) + i64::from(plan.challenge));
        edges.push(model.deadline(period));
    }
    edges.push(model.boundary(model.periods() + 1));
    edges.push(plan.enrolment_end);
    edges.extend(model.treasuries.iter().map(|treasury| treasury.0));
    for found in model.evaluations.values() {
        edges.extend(found.resolved.map(|(_, at)| at + i64::from(plan.challenge)));
        edges.extend(found.disputed.map(|(at, ..)| at + i64::from(plan.ruling)));
    }
    edges.retain(|edge| *edge > now + 1);
    edges.sort_unstable();
    edges.dedup();
    let Some(next) = edges.first() else {
        return now + rng.below(86_400) as i64;
    };
    // Mostly there is time for votes, disputes and rulings.
    let busy = evaluating(model, now).next().is_some()
        || model
            .evaluations
            .values()
            .any(|found| found.disputed.is_some() && found.ruled.is_none());
    let ruling = model.evaluations.values().filter(|found| found.ruled.is_none());
    let ruling = ruling.filter_map(|found| found.disputed.map(|(at, ..)| at + i64::from(plan.ruling)));
    if let Some(end) = ruling.filter(|end| *end > now + 1).min()
        && rng.chance(10)
    {
        return end + rng.below(3) as i64 - 1;
    }
    if busy && rng.chance(60) {
        return now + rng.below(120) as i64;
    }
    // And when grants exist and nothing is open, the end of the next period they need is near.
    let ends = (0..model.periods())
        .filter(|period| model.unsettled(*period) > 0)
        .map(|period| model.boundary(period + 1));
    if let Some(end) = ends.filter(|end| *end > now).min()
        && rng.chance(30)
    {
        return end + rng.below(3) as i64 - i64::from(end > now + 1);
    }
    match rng.below(10) {
        0 => now + 1,
        1..=3 => now + rng.below((next - now) as u64) as i64,
        _ => {
            let reach = edges.len().min(2) as u64;
            edges[rng.below(reach) as usize] + rng.below(3) as i64 - 1
        }
    }
}
