//! `dispute` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Dispute {
    payer: Who,
    by: Who,
    kpi: u8,
    period: u16,
    grant: Option<usize>,
}

impl Act for Dispute {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, payer, .. } = draw;
        let known = model.attestations.iter().filter(|(_, found)| found.disputed.is_none());
        let known: Vec<_> = known.map(|(key, _)| *key).collect();
        let (kpi, period, subject) = if known.is_empty() || rng.chance(35) {
            let kpi = rng.below(model.kpis.len() as u64 + 1) as u8;
            let shared = model.kpis.get(usize::from(kpi)).is_none_or(|kpi| kpi.shared);
            (kpi, rng.period(model), (!shared).then_some(draw.grant))
        } else {
            rng.pick(&known)
        };
        let (by, grant) = if rng.chance(40) {
            (draw.authority, subject)
        } else {
            let grant = subject.unwrap_or(draw.grant);
            let found = model.grants.get(grant);
            let by = found.map_or(draw.beneficiary, |grant| grant.beneficiary);
            (rng.role(by), Some(grant))
        };
        Self {
            payer,
            by,
            kpi,
            period,
            grant,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let Self {
            by, kpi, period, grant, ..
        } = *self;
        let terms = model.kpis.get(usize::from(kpi))?;
        require(model.is_active() && period < model.periods() && model.unsettled(period) > 0)?;
        if let Some(grant) = grant {
            let found = model.open_grant(grant)?;
            require(found.needs(period) && found.weight(kpi) > 0)?;
        } else {
            require(terms.shared)?;
        }
        let mut for_grant = None;
        if by != model.authority {
            let found = &model.grants[grant?];
            require(found.beneficiary == by && found.tranche(period) > 0 && !found.barred)?;
            // Nothing of a forfeited grant depends on the value (docs/decisions.md).
            require(!found.forfeited)?;
            for_grant = grant;
        }
        let subject = grant.and_then(|grant| model.subject(kpi, grant));
        let (closes, challenge) = (model.voting_end(period), i64::from(model.terms().challenge));
        let attestation = model.attestation((kpi, period, subject), self.payer);
        let at = attestation.resolved.map_or(closes, |(_, at)| at);
        require(attestation.disputed.is_none() && (at..at + challenge).contains(&now))?;
        attestation.disputed = Some((now, by, for_grant));
        if let Some(grant) = for_grant {
            let ruling = i64::from(model.terms().ruling);
            let found = &mut model.grants[grant];
            found.undecided = if found.is_disputed(now) { found.undecided + 1 } else { 1 };
            found.disputes_until = now + ruling;
        }
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = DisputeArgs {
            kpi: self.kpi,
            period: self.period,
            reason_hash: [8; 32],
        };
        let (payer, by, plan) = (stage.key(self.payer), stage.key(self.by), stage.plan());
        let grant = self.grant.map(|grant| stage.grant(grant));
        Some(instructions::dispute(
            &payer,
            &by,
            &plan,
            &stage.plan_state(),
            grant,
            args,
        ))
    }
}
