//! `attest` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Attest {
    payer: Who,
    by: Who,
    kpi: u8,
    period: u16,
    value: i64,
    evidence: u8,
}

impl Act for Attest {
    fn random(draw: Draw<'_>) -> Self {
        let (kpi, period) = voted(&mut *draw.rng, draw.model, draw.now, true);
        let Draw { rng, model, .. } = draw;
        Self {
            payer: draw.payer,
            by: voter(rng, model, period),
            kpi,
            period,
            value: vote(rng, model, (kpi, period, None)),
            evidence: rng.below(250) as u8 + 1,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let Self {
            by, kpi, period, value, ..
        } = *self;
        let terms = model.kpis.get(usize::from(kpi))?;
        require(terms.shared && (terms.min..=terms.max).contains(&value))?;
        let fed = terms.feed.is_some();
        let threshold = may_vote(model, by, period, now)?;
        // Votes beside a feed resolve nothing.
        let threshold = if fed { u8::MAX } else { threshold };
        let account = model.open_account(kpi, period, None, self.payer)?;
        account.evidence.insert(by, self.evidence);
        let found = model.evaluations.entry((kpi, period, None)).or_default();
        let late = found.resolved.is_some();
        require(found.vote(by, value, threshold, now, true))?;
        model.outcomes[9] += u64::from(late);
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = AttestArgs {
            kpi: self.kpi,
            period: self.period,
            value: self.value,
            evidence: [self.evidence; 32],
        };
        let (payer, by) = (stage.key(self.payer), stage.key(self.by));
        Some(instructions::attest(&payer, &by, &stage.plan(), args))
    }
}
