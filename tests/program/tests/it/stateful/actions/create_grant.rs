//! `create_grant` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CreateGrant {
    payer: Who,
    by: Who,
    terms: GrantTerms,
}

impl CreateGrant {
    /// One like the last one, as small as the plan takes.
    pub fn like_the_last(model: &Model) -> Option<Self> {
        let last = model.grants.last()?;
        let terms = GrantTerms {
            index: last.terms.index + 1,
            allocation: model.terms().min_allocation,
            ..last.terms.clone()
        };
        Some(Self {
            payer: last.payer,
            by: model.authority,
            terms,
        })
    }
}

impl Act for CreateGrant {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            payer: draw.payer,
            by: draw.authority,
            terms: grant_terms(draw.rng, draw.model, draw.now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let terms = &self.terms;
        require(model.is_active() && self.by == model.authority)?;
        let plan = model.terms();
        require(terms.index as usize == model.grants.len() && terms.index < plan.max_grants)?;
        require(now < plan.enrolment_end)?;
        require((plan.min_allocation..=plan.max_allocation).contains(&terms.allocation))?;
        let end = u32::from(terms.first) + u32::from(terms.periods);
        require(terms.periods > 0 && end <= plan.periods.into() && terms.cliff <= terms.periods)?;
        require(now < model.boundary(terms.first))?;
        let weights = terms.weights.iter().map(|weight| u32::from(*weight)).sum::<u32>();
        require(weights + u32::from(terms.time_weight) == 10_000)?;
        require(terms.weights.iter().skip(model.kpis.len()).all(|weight| *weight == 0))?;
        require(Some(terms.beneficiary) != plan.arbiter)?;
        match model.price() {
            Some(price) => require(terms.weights.get(usize::from(price)).is_none_or(|weight| *weight == 0))?,
            None => require(terms.units == 0)?,
        }
        let grant = Grant::new(terms, self.payer);
        let reserve = model.max_payout(&grant);
        require(reserve <= u64::MAX.into() && reserve <= model.surplus())?;
        model.grants.push(grant);
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let terms = &self.terms;
        let args = CreateGrantArgs {
            grant_index: terms.index,
            beneficiary: stage.key(terms.beneficiary),
            allocation: terms.allocation,
            unit_allocation: terms.units,
            first_period: terms.first,
            periods: terms.periods,
            cliff_periods: terms.cliff,
            time_weight: terms.time_weight,
            kpi_weights: terms.weights.clone(),
            revocable: terms.revocable,
            transferable: terms.transferable,
        };
        let (payer, by) = (stage.key(self.payer), stage.key(self.by));
        Some(instructions::create_grant(
            &payer,
            &by,
            &stage.plan(),
            &stage.mint(),
            args,
        ))
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
    let price = model.price().map(usize::from);
    if let Some(price) = price.filter(|price| *price < parts.len() && rng.chance(97)) {
        rest += parts[price];
        parts[price] = 0;
    }
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
    // Worth from nothing to more than the cap at prices from 0.40 to 10.
    let decimals = model.terms.as_ref().and_then(|terms| terms.unit);
    let scale = 10u128.pow(decimals.unwrap_or_default().into());
    let near = u128::from(allocation) * scale / 1_000_000;
    let units = match rng.below(10) {
        0 => rng.amount(64),
        1 => rng.below(40) + 1,
        few => u64::try_from(near * u128::from(few) / 2).unwrap_or(u64::MAX),
    };
    GrantTerms {
        units: if rng.chance(if price.is_some() { 60 } else { 2 }) {
            units
        } else {
            0
        },
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
