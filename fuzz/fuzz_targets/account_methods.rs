//! Everything that a client asks of a decoded account, on accounts that no program would have written: it answers or
//! refuses, and never panics. What it answers keeps its promises.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout::state::{Attestation, Grant, Kpi, Observation, Period, Plan, Results, Tally},
    earnout_core::{feed::Published, quorum::Finality},
    earnout_fuzz::{
        fixtures::{self, Patch},
        shapes::Signed,
    },
    earnout_sdk::report::projection,
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    plan: Vec<Patch>,
    grant: Vec<Patch>,
    attestation: Vec<Patch>,
    pool: Vec<Patch>,
    now: Signed,
    later: Signed,
    period: u16,
    kpi: u8,
    scores: [u16; 16],
    amount: u64,
}

fuzz_target!(|input: Input| {
    let plan = fixtures::plan(&input.plan);
    let grant = fixtures::grant(&input.grant);
    let attestation = fixtures::attestation(&input.attestation);
    check_plan(&plan, &grant, &input);
    plan.kpis().iter().for_each(|kpi| check_kpi(kpi, input.now.0));
    check_grant(&plan, &grant, &input);
    check_attestation(&plan, &attestation, &input);
    check_pool(fixtures::period(&input.pool), input.amount);
});

fn check_plan(plan: &Plan, grant: &Grant, input: &Input) {
    let (now, later) = (input.now.0.min(input.later.0), input.now.0.max(input.later.0));
    let key = &grant.beneficiary;
    assert!(plan.kpis().len() <= 16);
    assert_eq!(plan.kpi(input.kpi).is_ok(), usize::from(input.kpi) < plan.kpis().len());
    let _ = (
        plan.status(),
        plan.require_open(),
        plan.require_active(),
        plan.combination(),
        plan.release(),
    );
    assert_eq!(
        plan.redistributes().ok(),
        plan.unearned_policy().ok().map(|_| plan.unearned_policy == 2)
    );
    let _ = (
        plan.last_deadline(),
        plan.attest_deadline(input.period),
        plan.check_terms(now),
    );
    let _ = (
        plan.oracle_set(input.period).oracles(),
        plan.is_oracle(key, now),
        plan.is_oracle_in_force(key, now),
        plan.oracle_change_is_pending(now),
    );
    let _ = (
        plan.treasury_at(now),
        plan.require_treasury(key, now),
        plan.is_arbiter(key),
    );
    let _ = (
        plan.require_separate_authority(key, now),
        plan.require_beneficiary(&grant.plan, key),
    );
    let _ = (plan.require_separate_roles(&plan.next_oracles), plan.signer().seeds());
    let exact = u128::from(plan.reserved) + u128::from(plan.owed) + u128::from(plan.pooled);
    assert_eq!(plan.obligations().ok(), u64::try_from(exact).ok());
    let _ = plan.invariant(input.amount);

    let mut retired = *plan;
    if retired.retire_oracles(later).is_ok() && retired != *plan {
        assert_eq!(retired.oracles, plan.next_oracles);
        assert_eq!(
            plan.oracle_set(u16::MAX),
            retired.oracle_set(u16::MAX),
            "who votes on the last period has changed"
        );
    }
    let mut applied = *plan;
    applied.apply_treasury(later);
    assert_eq!(applied.treasury_at(later), plan.treasury_at(later));

    if let Ok(schedule) = projection::schedule(plan) {
        assert_eq!(schedule.len(), usize::from(plan.period_count));
        for times in schedule {
            assert!(times.end <= times.attest_deadline && times.attest_deadline <= times.settle_deadline);
        }
    }
}

fn check_kpi(kpi: &Kpi, value: i64) {
    let _ = (kpi.scope(), kpi.feed());
    assert_eq!(kpi.accepts(value), kpi.range_min <= value && value <= kpi.range_max);
    let Ok(curve) = kpi.curve() else { return };
    let best = kpi.best_score().expect("the best score of a curve");
    if curve.validate().is_ok() {
        assert!(curve.score(value).is_ok_and(|score| score <= best));
    } else {
        let _ = curve.score(value);
    }
}

fn check_grant(plan: &Plan, grant: &Grant, input: &Input) {
    let (now, later) = (input.now.0.min(input.later.0), input.now.0.max(input.later.0));
    let vested = grant.vested(plan, now);
    if let (Ok(before), Ok(after)) = (&vested, grant.vested(plan, later)) {
        assert!(*before <= after, "vested amounts fall with time");
        assert!(u128::from(after) <= u128::from(grant.earned) + u128::from(grant.bonus));
    }
    if let Ok(claimable) = grant.claimable(plan, now) {
        assert_eq!(claimable + grant.claimed, vested.expect("what is claimable is vested"));
    }
    if let Ok(amounts) = projection::amounts(plan, grant, now) {
        assert!(amounts.claimable <= amounts.vested);
    }
    let _ = (
        grant.owed(),
        grant.invariant(),
        grant.bonus_room(),
        grant.is_measured(plan),
    );
    let _ = (
        grant.cap(input.period),
        grant.units(input.period),
        grant.caps_from(input.period),
        grant.reserve_from(input.period),
    );
    let _ = (
        grant.is_last(input.period),
        grant.covers(input.period),
        grant.was_ended(),
    );
    let _ = Grant::max_credit(plan, grant.time_weight, &grant.kpi_weights);
    let results = Results {
        scores: input.scores,
        price: Some(input.later.0),
    };
    if let (Ok(tranche), Ok(cap)) = (
        grant.tranche(plan, input.period, results.price),
        grant.cap(input.period),
    ) {
        assert!(tranche <= cap, "a tranche above its cap");
    }
    for (kpi, _) in grant.paid_by(plan) {
        assert!(grant.is_paid_by(plan, kpi));
    }
    if let Ok(projected) = projection::project(plan, grant, |_| results) {
        assert!(projected.iter().all(|period| grant.covers(period.period)));
    }
}

fn check_attestation(plan: &Plan, attestation: &Attestation, input: &Input) {
    let tally = attestation.tally();
    if let Ok(tally) = &tally {
        for (position, vote) in tally.votes.into_iter().enumerate() {
            assert_eq!(vote.is_some(), attestation.voted >> position & 1 == 1);
        }
    }
    for existing in [Some(Tally::default()), tally.ok()].into_iter().flatten() {
        let at = |now| projection::reading(plan, input.kpi, attestation.period, &existing, now);
        let Ok(reading) = at(input.now.0) else { continue };
        match reading.finality {
            Finality::Final(outcome) => assert_eq!(outcome, reading.outcome),
            // If nothing happens in between it is final at the time it says, and is what it says.
            Finality::NotBefore(time) => {
                assert!(time > input.now.0);
                let then = at(time).expect("a reading at the later time");
                assert_eq!(then.finality, Finality::Final(reading.outcome));
                assert_eq!(then.score, reading.score);
            }
        }
    }
    let mut voted = *attestation;
    let position = usize::from(input.kpi) % voted.values.len();
    let seen = Observation {
        confidence_bps: 40,
        value: input.now.0,
        published: Published {
            at: input.later.0,
            previous: input.now.0,
        },
        evidence: [2; 32],
    };
    let before = voted.observation();
    let counts = voted.observe(&seen, input.now.0).is_ok();
    assert_eq!(voted.observation(), if counts { Some(seen) } else { before });
    if voted.vote(position, input.now.0, [1; 32], Some(input.later.0)).is_ok()
        && let Ok(tally) = voted.tally()
    {
        assert_eq!(tally.votes[position], Some(input.now.0));
    }
}

fn check_pool(mut pool: Period, amount: u64) {
    let before = pool;
    if pool.add_settled(amount, amount).is_ok() {
        assert!(pool.pool >= before.pool && pool.settled <= pool.expected);
    }
    if let Ok(left_over) = pool.add_collected(amount) {
        assert!(left_over <= pool.pool - pool.paid);
    }
}
