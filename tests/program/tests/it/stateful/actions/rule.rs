//! `rule` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Rule {
    by: Who,
    kpi: u8,
    period: u16,
    subject: Option<usize>,
    disputer: Option<usize>,
    value: Option<i64>,
}

impl Act for Rule {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, .. } = draw;
        let disputed = model
            .attestations
            .iter()
            .filter(|(_, found)| found.disputed.is_some() && found.ruled.is_none());
        let open: Vec<_> = disputed.map(|(key, _)| *key).collect();
        let (kpi, period, subject) = if !open.is_empty() && rng.chance(90) {
            rng.pick(&open)
        } else {
            rng.attested(model)
        };
        let found = model.attestations.get(&(kpi, period, subject));
        let mut disputer = found.and_then(|found| found.disputed).and_then(|disputed| disputed.2);
        if rng.chance(3) {
            disputer = if disputer.is_some() { None } else { Some(draw.grant) };
        }
        let value = (!rng.chance(50)).then(|| value(rng, model, kpi));
        Self {
            by: rng.role(ARBITER),
            kpi,
            period,
            subject,
            disputer,
            value,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.is_active() && model.terms().arbiter == Some(self.by))?;
        let ruling = i64::from(model.terms().ruling);
        let terms = model.kpis.get(usize::from(self.kpi))?;
        let attestation = model.attestations.get_mut(&(self.kpi, self.period, self.subject))?;
        let (at, _, for_grant) = attestation.disputed?;
        require(attestation.ruled.is_none() && now < at + ruling && for_grant == self.disputer)?;
        require(self.value.is_none_or(|value| (terms.min..=terms.max).contains(&value)))?;
        attestation.ruled = Some(self.value);
        if let Some(grant) = for_grant {
            model.grants[grant].barred |= self.value.is_none();
            model.grants[grant].undecided -= 1;
        }
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = RuleArgs {
            value: self.value,
            reason_hash: [6; 32],
        };
        let attestation = stage.attestation(self.kpi, self.period, self.subject);
        let disputer = self.disputer.map(|grant| stage.grant(grant));
        Some(instructions::rule(
            &stage.key(self.by),
            &stage.plan(),
            &attestation,
            disputer,
            args,
        ))
    }
}
