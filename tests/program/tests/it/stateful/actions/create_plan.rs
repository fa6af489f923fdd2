//! `create_plan` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CreatePlan {
    payer: Who,
    by: Who,
    treasury: Place,
    terms: Terms,
}

impl Act for CreatePlan {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, now, payer, .. } = draw;
        let owner = rng.who(TREASURIES);
        let treasury = place(rng, owner);
        Self {
            payer,
            by: 0,
            treasury,
            terms: terms(rng, now),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        let terms = &self.terms;
        require(model.status == Status::Nothing)?;
        require(terms.oracles.acceptable(self.by, terms.arbiter) && terms.arbiter != Some(self.by))?;
        self.treasury.owner()?;
        require(terms.fee_allowed || model.fees.is_none())?;
        require(terms.unit.is_none_or(|decimals| decimals <= 9))?;
        model.status = Status::Draft;
        (model.payer, model.authority) = (self.payer, self.by);
        model.sets = vec![terms.oracles.clone()];
        model.treasuries = vec![(i64::MIN, self.treasury)];
        model.boundaries = (0..=terms.periods + 1).map(|index| terms.boundary(index)).collect();
        model.terms = Some(terms.clone());
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (payer, by) = (stage.key(self.payer), stage.key(self.by));
        let (token, treasury) = (stage.plan_token(), stage.place(self.treasury));
        let args = args(stage, &self.terms);
        let program = &token.token_program;
        Some(instructions::create_plan(
            &payer,
            &by,
            &token.mint,
            &treasury,
            program,
            args,
        ))
    }
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
        // Now and then more than a page holds.
        max_grants: match rng.below(200) as u32 {
            0..8 => PAGE as u32 + 12,
            few => few % 8 + 2,
        },
        enrolment_end: 0,
        oracles: oracle_set(rng, 0),
        arbiter,
        fee_allowed: rng.chance(97),
        max_fee: match rng.below(50) {
            0 => 10_001,
            _ => rng.pick(&[0, 1, 100, 250, 250, 10_000]),
        },
        unit: rng.chance(60).then(|| rng.pick(&[0, 2, 2, 2, 9, 10])),
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

fn args(stage: &Stage, terms: &Terms) -> CreatePlanArgs {
    CreatePlanArgs {
        plan_id: 1,
        name: "Design guild".to_owned(),
        unit: terms.unit.map_or_else(String::new, |_| "USD".to_owned()),
        unit_decimals: terms.unit.unwrap_or_default(),
        start_ts: terms.start,
        cadence: match terms.cadence {
            Cadence::Seconds(secs) => state::Cadence::Seconds(secs),
            Cadence::Months(months) => state::Cadence::Months(months),
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
        oracles: terms.oracles.keys.iter().map(|who| stage.key(*who)).collect(),
        threshold: terms.oracles.threshold,
        arbiter: terms.arbiter.map(|who| stage.key(who)),
    }
}
