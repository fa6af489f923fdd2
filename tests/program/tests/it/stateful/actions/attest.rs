//! `attest` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Attest {
    payer: Who,
    by: Who,
    kpi: u8,
    period: u16,
    grant: Option<usize>,
    value: i64,
}

impl Act for Attest {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
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
        let beyond = rng.chance(3);
        let kpi = rng.below(model.kpis.len() as u64 + u64::from(beyond)) as u8;
        let shared = model.kpis.get(usize::from(kpi)).is_none_or(|kpi| kpi.shared);
        let subject = if rng.chance(97) == shared {
            None
        } else {
            Some(draw.grant)
        };
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
        Self {
            payer: draw.payer,
            by,
            kpi,
            period,
            grant: subject,
            value,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let Self {
            kpi,
            period,
            grant,
            value,
            ..
        } = *self;
        let terms = model.kpis.get(usize::from(kpi))?;
        require(model.is_active() && period < model.periods() && (terms.min..=terms.max).contains(&value))?;
        require((model.boundary(period + 1)..model.voting_end(period)).contains(&now))?;
        require(model.unsettled(period) > 0 && grant.is_none() == terms.shared)?;
        if let Some(grant) = grant {
            let found = model.open_grant(grant)?;
            require(found.needs(period) && found.weight(kpi) > 0 && found.beneficiary != self.by)?;
        }
        let set = model.set(period).clone();
        require(set.keys.contains(&self.by))?;
        let attestation = model.attestation((kpi, period, grant), self.payer);
        require(attestation.resolved.is_none())?;
        attestation.votes.insert(self.by, value);
        let same = attestation.votes.values().filter(|other| **other == value).count();
        if same >= usize::from(set.threshold) {
            attestation.resolved = Some((value, now));
        }
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = AttestArgs {
            kpi: self.kpi,
            period: self.period,
            value: self.value,
            evidence: [9; 32],
        };
        let (payer, by) = (stage.key(self.payer), stage.key(self.by));
        let grant = self.grant.map(|grant| stage.grant(grant));
        Some(instructions::attest(&payer, &by, &stage.plan(), grant, args))
    }
}
