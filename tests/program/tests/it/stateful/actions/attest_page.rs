//! `attest_page` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct AttestPage {
    payer: Who,
    by: Who,
    kpi: u8,
    period: u16,
    first: usize,
    /// Nothing leaves a vote as it is.
    values: Vec<Option<i64>>,
    evidence: u8,
}

impl Act for AttestPage {
    fn random(draw: Draw<'_>) -> Self {
        let (kpi, period) = voted(&mut *draw.rng, draw.model, draw.now, false);
        let Draw { rng, model, .. } = draw;
        let made = model.grants.len();
        let beyond = u64::from(rng.chance(3));
        // Where there is a second page often there.
        let first = if made > PAGE && rng.chance(60) {
            PAGE
        } else {
            rng.below(made as u64 + beyond) as usize
        };
        let left = made.saturating_sub(first).clamp(1, PAGE - first % PAGE) as u64;
        let count = 1 + rng.below(left + beyond) as usize;
        let values = (first..first + count).map(|grant| {
            let value = vote(rng, model, (kpi, period, Some(grant)));
            (value != NO_VALUE && !rng.chance(15)).then_some(value)
        });
        let values = values.collect();
        // Often of who has one of the grants.
        let own: Vec<Who> = model.grants.iter().map(|grant| grant.beneficiary).collect();
        let by = voter(rng, model, period);
        let own = match model.status {
            Status::Active => own.into_iter().find(|who| model.set(period).keys.contains(who)),
            _ => None,
        };
        Self {
            payer: draw.payer,
            by: own.filter(|_| rng.chance(25)).unwrap_or(by),
            kpi,
            period,
            first,
            values,
            evidence: rng.below(250) as u8 + 1,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let (by, kpi, period, first) = (self.by, self.kpi, self.period, self.first);
        let terms = model.kpis.get(usize::from(kpi))?;
        let in_range = |value: &i64| (terms.min..=terms.max).contains(value);
        require(!terms.shared && self.values.iter().flatten().all(in_range))?;
        let threshold = may_vote(model, by, period, now)?;
        let account = model.open_account(kpi, period, Some(first), self.payer)?;
        account.evidence.insert(by, self.evidence);
        require(first % PAGE + self.values.len() <= account.capacity?)?;
        let mut taken = false;
        for (grant, value) in (first..).zip(&self.values) {
            let Some(value) = *value else { continue };
            let found = model.evaluations.entry((kpi, period, Some(grant))).or_default();
            let (late, before) = (found.resolved.is_some(), found.votes.get(&by).copied());
            let is_new = found.vote(by, value, threshold, now, false);
            taken |= is_new;
            model.outcomes[9] += u64::from(late && before.is_none());
            model.outcomes[10] += u64::from(late && before.is_some_and(|before| before != value));
        }
        require(taken)
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = AttestPageArgs {
            kpi: self.kpi,
            period: self.period,
            first: self.first as u32,
            values: self.values.iter().map(|value| value.unwrap_or(NO_VALUE)).collect(),
            evidence: [self.evidence; 32],
        };
        let (payer, by) = (stage.key(self.payer), stage.key(self.by));
        Some(instructions::attest_page(&payer, &by, &stage.plan(), args))
    }
}
