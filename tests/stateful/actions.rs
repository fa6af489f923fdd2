//! Random actions: mostly such that can be done, often such that cannot.

use crate::{
    chain::PEOPLE,
    model::{Action, Cadence, Fee, GrantTerms, Kpi, Model, OracleSet, Place, Policy, Status, Target, Terms, Who},
};

/// The program's instructions, then what goes round it.
pub const KINDS: [&str; 31] = [
    "create_plan",
    "add_kpi",
    "activate_plan",
    "fund",
    "withdraw_surplus",
    "propose_authority",
    "accept_authority",
    "propose_oracles",
    "cancel_oracle_change",
    "set_treasury",
    "close_plan",
    "create_grant",
    "terminate_grant",
    "resign_grant",
    "propose_beneficiary",
    "accept_beneficiary",
    "set_claim_lock",
    "close_grant",
    "attest",
    "dispute",
    "rule",
    "settle",
    "collect_bonus",
    "close_attestation",
    "close_period",
    "claim",
    "donation",
    "lamports",
    "announced fee",
    "epoch",
    "fees taken",
];

/// The kinds from here on are of mints with a transfer fee.
pub const FEE_KINDS: usize = 28;

/// How often each kind is tried on a draft, and on an active plan.
const WEIGHTS: [(u64, u64); 31] = [
    (2, 1),
    (30, 1),
    (30, 1),
    (8, 5),
    (3, 3),
    (3, 4),
    (3, 6),
    (1, 6),
    (1, 3),
    (3, 4),
    (1, 2),
    (2, 18),
    (1, 2),
    (1, 2),
    (1, 4),
    (1, 6),
    (1, 3),
    (1, 6),
    (1, 45),
    (1, 12),
    (1, 12),
    (1, 40),
    (1, 24),
    (1, 6),
    (1, 6),
    (1, 16),
    (2, 3),
    (2, 4),
    (2, 8),
    (2, 12),
    (1, 4),
];

const ARBITER: Who = 2;
const ORACLES: std::ops::Range<Who> = 3..8;
const BENEFICIARIES: std::ops::Range<Who> = 8..12;
const TREASURIES: std::ops::Range<Who> = 12..14;

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    fn who(&mut self, range: std::ops::Range<Who>) -> Who {
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

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}

/// The number of the action's kind.
pub fn kind(action: &Action) -> usize {
    match action {
        Action::CreatePlan { .. } => 0,
        Action::AddKpi { .. } => 1,
        Action::ActivatePlan { .. } => 2,
        Action::Fund { .. } => 3,
        Action::WithdrawSurplus { .. } => 4,
        Action::ProposeAuthority { .. } => 5,
        Action::AcceptAuthority { .. } => 6,
        Action::ProposeOracles { .. } => 7,
        Action::CancelOracleChange { .. } => 8,
        Action::SetTreasury { .. } => 9,
        Action::ClosePlan { .. } => 10,
        Action::CreateGrant { .. } => 11,
        Action::TerminateGrant { .. } => 12,
        Action::ResignGrant { .. } => 13,
        Action::ProposeBeneficiary { .. } => 14,
        Action::AcceptBeneficiary { .. } => 15,
        Action::SetClaimLock { .. } => 16,
        Action::CloseGrant { .. } => 17,
        Action::Attest { .. } => 18,
        Action::Dispute { .. } => 19,
        Action::Rule { .. } => 20,
        Action::Settle { .. } => 21,
        Action::CollectBonus { .. } => 22,
        Action::CloseAttestation { .. } => 23,
        Action::ClosePeriod { .. } => 24,
        Action::Claim { .. } => 25,
        Action::Donate { .. } => 26,
        Action::GiveLamports { .. } => 27,
        Action::AnnounceFee { .. } => 28,
        Action::NextEpoch => 29,
        Action::TakeFees { .. } => 30,
    }
}

/// The next action of a sequence.
pub fn next(rng: &mut Rng, model: &Model, now: i64) -> Action {
    if model.status == Status::Nothing && rng.chance(90) {
        return suitable(rng, model, now, 0);
    }
    let active = model.status == Status::Active;
    // What has begun goes on: votes, disputes and rulings.
    if active && rng.chance(45) {
        let attestations = || model.attestations.iter();
        let voting = attestations().any(|(key, found)| found.resolved.is_none() && now < model.voting_end(key.1));
        let ruling = attestations().any(|(_, found)| found.disputed.is_some() && found.ruled.is_none());
        let kind = match rng.below(10) {
            0..=4 if voting || evaluating(model, now).next().is_some() => Some("attest"),
            5..=6 if !model.attestations.is_empty() => Some("dispute"),
            7..=8 if ruling => Some("rule"),
            _ => None,
        };
        if let Some(kind) = kind {
            let action = suitable(
                rng,
                model,
                now,
                KINDS.iter().position(|name| *name == kind).unwrap_or(0),
            );
            if model.allows(&action, now) || rng.chance(10) {
                return action;
            }
        }
    }
    // To the second when the notice of an oracle change begins.
    let notice = model.terms.as_ref().map_or(0, |terms| i64::from(terms.notice));
    let edge = active && (0..model.periods()).any(|period| (model.boundary(period) - notice - now).abs() <= 1);
    if edge && rng.chance(40) {
        return suitable(rng, model, now, 7);
    }
    // Mostly of a kind that can be done now.
    let tries = if rng.chance(70) { 6 } else { 1 };
    let mut action = None;
    for _ in 0..tries {
        let weight = |kind: usize| match WEIGHTS[kind] {
            _ if kind >= FEE_KINDS && model.fees.is_none() => 0,
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
        if KINDS[chosen] == "close_plan" && model.grants.is_empty() && rng.chance(90) {
            continue;
        }
        let tried = suitable(rng, model, now, chosen);
        let possible = model.allows(&tried, now);
        action = Some(tried);
        if possible {
            break;
        }
    }
    action.unwrap_or_else(|| suitable(rng, model, now, 3))
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
        if model.allows(&action, now) {
            break;
        }
        action = random(rng, model, now, kind);
    }
    action
}

fn window(rng: &mut Rng) -> u32 {
    match rng.below(100) {
        0..=20 => 600,
        21..=40 => 3_600,
        41..=70 => 86_400,
        71..=98 => 600 + rng.below(20 * 86_400) as u32,
        _ => rng.pick(&[599, 90 * 86_400, 90 * 86_400 + 1]),
    }
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

fn terms(rng: &mut Rng, now: i64) -> Terms {
    let periods = if rng.chance(98) {
        rng.below(5) + 1
    } else {
        rng.pick(&[12, 30, 120])
    } as u16;
    let cadence = match rng.below(10) {
        0..=2 => Cadence::Months(rng.below(3) as u16 + 1),
        3 => Cadence::Seconds(rng.pick(&[600, 601, 3_600])),
        _ => Cadence::Seconds(rng.below(40 * 86_400) as u32 + 600),
    };
    let arbiter = rng.chance(80).then(|| rng.role(ARBITER));
    let contested = arbiter.is_some();
    let (one, other) = (window(rng), window(rng));
    let windows = if contested {
        if rng.chance(98) {
            (one.min(other), one.max(other))
        } else {
            (one, other)
        }
    } else {
        (0, 0)
    };
    let mut terms = Terms {
        start: now + 1 + rng.below(40 * 86_400) as i64,
        cadence,
        periods,
        attest: window(rng),
        challenge: windows.0,
        ruling: windows.1,
        notice: window(rng),
        weakest: rng.chance(35),
        policy: rng.pick(&[
            Policy::Return,
            Policy::CarryOver,
            Policy::Redistribute,
            Policy::Redistribute,
        ]),
        linear: rng.chance(50),
        bonus_cap: rng.pick(&[0, 1, 500, 10_000, 10_000, 30_000, 1_000_000]),
        min_allocation: 1,
        max_allocation: u64::MAX,
        max_grants: rng.below(8) as u32 + 2,
        enrolment_end: 0,
        oracles: oracle_set(rng, 0),
        arbiter,
        fee_allowed: rng.chance(97),
        max_fee: match rng.below(50) {
            0 => 10_001,
            _ => rng.pick(&[0, 1, 100, 250, 250, 10_000]),
        },
    };
    if rng.chance(20) {
        terms.min_allocation = rng.amount(20);
        terms.max_allocation = terms.min_allocation.saturating_add(rng.amount(40));
    }
    let (from, to) = (terms.boundary(0), terms.boundary(periods));
    terms.enrolment_end = if rng.chance(80) {
        to
    } else {
        from + rng.below((to - from) as u64 + 2) as i64
    };
    terms
}

fn kpi(rng: &mut Rng, model: &Model) -> Kpi {
    let scores = [0, 1, 2_500, 5_000, 9_999, 10_000, 10_000, 13_333, 20_000];
    let mut points: Vec<(i64, u16)> = Vec::new();
    let mut value = if rng.chance(5) {
        i64::MIN
    } else {
        rng.below(200) as i64 - 100
    };
    for _ in 0..rng.below(4) + 1 {
        points.push((value, rng.pick(&scores)));
        let step = if rng.chance(5) {
            i64::MAX
        } else {
            rng.below(90) as i64 + 1
        };
        value = value.saturating_add(step);
    }
    if rng.chance(3) {
        points.push(points[0]);
    }
    let name = if rng.chance(5) { 0 } else { model.kpis.len() };
    Kpi {
        name: format!("kpi {name}"),
        shared: rng.chance(50),
        min: if rng.chance(10) { i64::MIN } else { -100 },
        max: if rng.chance(10) { i64::MAX } else { 300 },
        points,
        step: rng.chance(25),
        default: if rng.chance(50) { 0 } else { rng.below(10_002) as u16 },
    }
}

fn grant_terms(rng: &mut Rng, model: &Model, now: i64) -> GrantTerms {
    let count = model.periods().max(1);
    let open: Vec<u16> = (0..model.periods())
        .filter(|period| now < model.boundary(*period))
        .collect();
    let first = match open.first() {
        Some(first) if rng.chance(60) => *first,
        Some(_) if rng.chance(90) => rng.pick(&open),
        _ => rng.below(u64::from(count)) as u16,
    };
    let left = count.saturating_sub(first).max(1);
    let periods = if rng.chance(60) {
        left
    } else {
        rng.below(u64::from(left) + 1) as u16
    };
    let cliff = if rng.chance(60) {
        0
    } else {
        rng.below(u64::from(periods) + 2) as u16
    };
    let mut rest = 10_000u16;
    let mut parts: Vec<u16> = Vec::new();
    for _ in 0..model.kpis.len() {
        let any = rng.below(u64::from(rest) + 1) as u16;
        let part = rng.pick(&[0, rest, rest / 2, rest / 3, any]);
        parts.push(part);
        rest -= part;
    }
    rng.shuffle(&mut parts);
    let surplus = if model.status == Status::Active {
        model.surplus()
    } else {
        0
    };
    let fitting = u64::try_from(surplus / 3).unwrap_or(0);
    let allocation = match rng.below(10) {
        0..=4 => rng.amount(30).min(fitting).max(1),
        5..=6 => fitting.max(1),
        7 => rng.below(40) + 1,
        _ => rng.amount(64),
    };
    let made = model.grants.len() as u32;
    GrantTerms {
        index: if rng.chance(97) {
            made
        } else {
            rng.below(u64::from(made) + 2) as u32
        },
        beneficiary: if rng.chance(85) {
            rng.who(BENEFICIARIES)
        } else {
            rng.who(0..PEOPLE)
        },
        allocation,
        first,
        periods,
        cliff,
        time_weight: if rng.chance(98) { rest } else { rng.below(10_001) as u16 },
        weights: parts,
        revocable: rng.chance(80),
        transferable: rng.chance(70),
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

fn random(rng: &mut Rng, model: &Model, now: i64, kind: usize) -> Action {
    let grants = model.grants.len() as u64;
    // One more than there are.
    let beyond = grants == 0 || rng.chance(3);
    let grant = rng.below(grants + u64::from(beyond)) as usize;
    let found = model.grants.get(grant);
    let beneficiary = found.map_or(BENEFICIARIES.start, |grant| grant.beneficiary);
    let authority = rng.role(model.authority);
    let payer = rng.who(0..PEOPLE);
    let periods = u64::from(model.periods());
    match KINDS[kind] {
        "create_plan" => {
            let owner = rng.who(TREASURIES);
            let treasury = place(rng, owner);
            Action::CreatePlan {
                payer,
                by: 0,
                treasury,
                terms: Box::new(terms(rng, now)),
            }
        }
        "add_kpi" => Action::AddKpi {
            by: authority,
            kpi: Box::new(kpi(rng, model)),
        },
        "activate_plan" => Action::ActivatePlan { by: authority },
        "fund" => {
            let by = rng.role(model.authority);
            let source = if rng.chance(5) { rng.role(by) } else { by };
            let amount = if rng.chance(3) { 0 } else { rng.amount(60) };
            Action::Fund {
                by,
                source: place(rng, source),
                amount,
            }
        }
        "withdraw_surplus" => {
            let by = if rng.chance(30) {
                rng.who(0..PEOPLE)
            } else {
                model.authority
            };
            let to = if rng.chance(30) {
                Place::Associated(rng.who(TREASURIES))
            } else {
                treasury(rng, model, now)
            };
            let surplus = if matches!(model.status, Status::Draft | Status::Active) {
                model.surplus()
            } else {
                0
            };
            let surplus = u64::try_from(surplus).unwrap_or(0);
            let amount = match rng.below(8) {
                0 => None,
                1 => Some(surplus),
                2 => Some(surplus.saturating_add(1)),
                3 => Some(0),
                _ => Some(rng.below(surplus / 4 + 1)),
            };
            Action::WithdrawSurplus { by, to, amount }
        }
        "propose_authority" => {
            let to = (!rng.chance(10)).then(|| {
                if rng.chance(60) {
                    rng.who(0..2)
                } else {
                    rng.who(0..PEOPLE)
                }
            });
            Action::ProposeAuthority { by: authority, to }
        }
        "accept_authority" => {
            let by = model.pending_authority.unwrap_or(1);
            Action::AcceptAuthority { by: rng.role(by) }
        }
        "propose_oracles" => {
            // Mostly the first period that the notice allows.
            let notice = model.terms.as_ref().map_or(0, |terms| i64::from(terms.notice));
            let allowed = (0..model.periods()).find(|period| model.boundary(*period) >= now + notice);
            let first = match allowed {
                Some(first) if rng.chance(60) => first,
                _ => rng.below(periods + 1) as u16,
            };
            let set = oracle_set(rng, first);
            Action::ProposeOracles { by: authority, set }
        }
        "cancel_oracle_change" => Action::CancelOracleChange { by: authority },
        "set_treasury" => {
            let owner = if rng.chance(80) {
                rng.who(TREASURIES)
            } else {
                rng.who(0..PEOPLE)
            };
            Action::SetTreasury {
                by: authority,
                to: place(rng, owner),
            }
        }
        "close_plan" => {
            let by = if rng.chance(30) {
                rng.who(0..PEOPLE)
            } else {
                model.authority
            };
            Action::ClosePlan {
                by,
                to: treasury(rng, model, now),
            }
        }
        "create_grant" => Action::CreateGrant {
            payer,
            by: authority,
            terms: Box::new(grant_terms(rng, model, now)),
        },
        "terminate_grant" => Action::TerminateGrant { by: authority, grant },
        "resign_grant" => Action::ResignGrant {
            by: rng.role(beneficiary),
            grant,
        },
        "propose_beneficiary" => {
            let to = (!rng.chance(10)).then(|| {
                if rng.chance(60) {
                    rng.who(BENEFICIARIES)
                } else {
                    rng.who(0..PEOPLE)
                }
            });
            Action::ProposeBeneficiary {
                by: rng.role(beneficiary),
                grant,
                to,
            }
        }
        "accept_beneficiary" => {
            let by = found.and_then(|grant| grant.pending).unwrap_or(beneficiary);
            let claimed = found.map_or(0, |grant| grant.claimed as u64) + u64::from(rng.chance(5));
            let termination = if rng.chance(95) {
                found.map_or(0, |grant| grant.termination)
            } else {
                1
            };
            let barred = found.is_some_and(|grant| grant.barred) != rng.chance(3);
            Action::AcceptBeneficiary {
                by: rng.role(by),
                grant,
                claimed,
                termination,
                barred,
            }
        }
        "set_claim_lock" => Action::SetClaimLock {
            by: rng.role(beneficiary),
            grant,
            locked: rng.chance(50),
        },
        "close_grant" => Action::CloseGrant {
            grant,
            treasury: treasury(rng, model, now),
        },
        "attest" => attest(rng, model, now, payer, grant),
        "dispute" => {
            let known = model.attestations.iter().filter(|(_, found)| found.disputed.is_none());
            let known: Vec<_> = known.map(|(key, _)| *key).collect();
            let (kpi, period, subject) = if known.is_empty() || rng.chance(35) {
                let kpi = rng.below(model.kpis.len() as u64 + 1) as u8;
                let shared = model.kpis.get(usize::from(kpi)).is_none_or(|kpi| kpi.shared);
                (kpi, rng.below(periods + 1) as u16, (!shared).then_some(grant))
            } else {
                rng.pick(&known)
            };
            if rng.chance(40) {
                return Action::Dispute {
                    payer,
                    by: authority,
                    kpi,
                    period,
                    grant: subject,
                };
            }
            let grant = subject.unwrap_or(grant);
            let by = model.grants.get(grant).map_or(beneficiary, |grant| grant.beneficiary);
            Action::Dispute {
                payer,
                by: rng.role(by),
                kpi,
                period,
                grant: Some(grant),
            }
        }
        "rule" => {
            let disputed = model
                .attestations
                .iter()
                .filter(|(_, attestation)| attestation.disputed.is_some());
            let open: Vec<_> = disputed
                .clone()
                .filter(|(_, found)| found.ruled.is_none())
                .map(|(key, _)| *key)
                .collect();
            let all: Vec<_> = model.attestations.keys().copied().collect();
            let (kpi, period, subject) = if !open.is_empty() && rng.chance(90) {
                rng.pick(&open)
            } else if !all.is_empty() {
                rng.pick(&all)
            } else {
                (0, 0, None)
            };
            let found = model.attestations.get(&(kpi, period, subject));
            let mut disputer = found.and_then(|found| found.disputed).and_then(|disputed| disputed.2);
            if rng.chance(3) {
                disputer = if disputer.is_some() { None } else { Some(grant) };
            }
            let value = (!rng.chance(50)).then(|| value(rng, model, kpi));
            Action::Rule {
                by: rng.role(ARBITER),
                kpi,
                period,
                subject,
                disputer,
                value,
            }
        }
        "settle" => Action::Settle { payer, grant },
        "collect_bonus" => {
            let last = found.map_or(0, |grant| grant.next().saturating_sub(1));
            let period = if rng.chance(95) {
                last
            } else {
                rng.below(periods + 1) as u16
            };
            Action::CollectBonus { grant, period }
        }
        "close_attestation" => {
            let known: Vec<_> = model.attestations.keys().copied().collect();
            let (kpi, period, subject) = if known.is_empty() {
                (0, 0, None)
            } else {
                rng.pick(&known)
            };
            Action::CloseAttestation {
                kpi,
                period,
                subject,
                treasury: treasury(rng, model, now),
            }
        }
        "close_period" => {
            let known: Vec<u16> = model.pools.keys().copied().collect();
            let period = if known.is_empty() {
                rng.below(periods + 1) as u16
            } else {
                rng.pick(&known)
            };
            Action::ClosePeriod {
                period,
                treasury: treasury(rng, model, now),
            }
        }
        "claim" => {
            let by = if rng.chance(50) {
                rng.who(0..PEOPLE)
            } else {
                beneficiary
            };
            let to = if rng.chance(70) {
                Place::Associated(beneficiary)
            } else {
                place(rng, by)
            };
            let active = model.status == Status::Active;
            let claimable = found
                .filter(|_| active)
                .map_or(0, |grant| model.vested(grant, now) - grant.claimed) as u64;
            let amount = match rng.below(8) {
                0 => Some(claimable),
                1 => Some(claimable.saturating_add(1)),
                2 => Some(rng.below(claimable.saturating_add(1))),
                _ => None,
            };
            let arrives = model.arrives(amount.unwrap_or(claimable).into());
            let arrives = u64::try_from(arrives).unwrap_or(0);
            let least = match rng.below(8) {
                0 => arrives,
                1 => arrives.saturating_add(1),
                _ => 0,
            };
            Action::Claim {
                by,
                grant,
                to,
                amount,
                least,
            }
        }
        "donation" => Action::Donate {
            by: payer,
            amount: rng.amount(40),
        },
        "announced fee" => {
            let limit = model.terms.as_ref().map_or(0, |terms| terms.max_fee);
            let about = rng.pick(&[limit, limit.saturating_add(1), limit.saturating_sub(1)]);
            Action::AnnounceFee {
                fee: Fee {
                    basis_points: rng.pick(&[0, 1, 100, 250, about, about, 9_999, 10_000, 10_000, 10_001]),
                    maximum: rng.pick(&[0, 1, 5_000, u64::MAX, u64::MAX, u64::MAX]),
                },
            }
        }
        "epoch" => Action::NextEpoch,
        "fees taken" => {
            let owner = rng.who(0..PEOPLE);
            let from = if rng.chance(40) {
                Place::Vault
            } else {
                place(rng, owner)
            };
            // Another account than the one they are taken from.
            let to = Place::Other(PEOPLE - 1);
            Action::TakeFees {
                from: match from {
                    Place::Foreign(who) => Place::Associated(who),
                    Place::Other(who) if who == PEOPLE - 1 => Place::Associated(who),
                    from => from,
                },
                to: rng.chance(50).then_some(to),
            }
        }
        _ => {
            let period = rng.below(periods + 1) as u16;
            let (kpi, subject) = (rng.below(3) as u8, rng.chance(50).then_some(grant));
            let to = match rng.below(8) {
                0 => Target::Plan,
                1 => Target::Vault,
                2..=3 => Target::Grant(grants as usize),
                4..=5 => Target::Attestation(kpi, period, subject),
                _ => Target::Period(period),
            };
            Action::GiveLamports {
                to,
                lamports: rng.pick(&[1, 890_880, 1_000_000_000]),
            }
        }
    }
}

/// One of few values, so that oracles often agree: at and next to the points of the curve, and at the ends of the range.
fn value(rng: &mut Rng, model: &Model, kpi: u8) -> i64 {
    let Some(kpi) = model.kpis.get(usize::from(kpi)) else {
        return 0;
    };
    let point = rng.pick(&kpi.points).0;
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

fn attest(rng: &mut Rng, model: &Model, now: i64, payer: Who, grant: usize) -> Action {
    let count = model.periods();
    // Terms of a draft need not hold together.
    let running: Vec<u16> = match model.status {
        Status::Active => evaluating(model, now).collect(),
        _ => Vec::new(),
    };
    let period = if running.is_empty() || rng.chance(5) {
        rng.below(u64::from(count) + 1) as u16
    } else {
        rng.pick(&running)
    };
    let beyond = rng.chance(3);
    let kpi = rng.below(model.kpis.len() as u64 + u64::from(beyond)) as u8;
    let shared = model.kpis.get(usize::from(kpi)).is_none_or(|kpi| kpi.shared);
    let subject = if rng.chance(97) == shared { None } else { Some(grant) };
    // Mostly a vote on what others voted on already.
    let begun = model.attestations.iter();
    let begun = begun.filter(|(key, found)| found.resolved.is_none() && running.contains(&key.1));
    let begun: Vec<_> = begun.map(|(key, _)| *key).collect();
    let (kpi, period, subject) = if !begun.is_empty() && rng.chance(65) {
        rng.pick(&begun)
    } else {
        (kpi, period, subject)
    };
    let by = match model.status {
        Status::Active if rng.chance(92) => rng.pick(&model.set(period).keys),
        _ => rng.who(0..PEOPLE),
    };
    let votes: Vec<i64> = match model.attestations.get(&(kpi, period, subject)) {
        Some(found) => found.votes.values().copied().collect(),
        None => Vec::new(),
    };
    let value = if !votes.is_empty() && rng.chance(60) {
        rng.pick(&votes)
    } else {
        value(rng, model, kpi)
    };
    Action::Attest {
        payer,
        by,
        kpi,
        period,
        grant: subject,
        value,
    }
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
    for attestation in model.attestations.values() {
        edges.extend(attestation.resolved.map(|(_, at)| at + i64::from(plan.challenge)));
        edges.extend(attestation.disputed.map(|(at, ..)| at + i64::from(plan.ruling)));
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
            .attestations
            .values()
            .any(|found| found.disputed.is_some() && found.ruled.is_none());
    let ruling = model.attestations.values().filter(|found| found.ruled.is_none());
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
