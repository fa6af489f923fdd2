//! `close_attestation` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CloseAttestation {
    pub kpi: u8,
    pub period: u16,
    pub subject: Option<usize>,
    pub treasury: Place,
}

impl Act for CloseAttestation {
    fn random(draw: Draw<'_>) -> Self {
        let (kpi, period, subject) = draw.rng.attested(draw.model);
        Self {
            kpi,
            period,
            subject,
            treasury: treasury(draw.rng, draw.model, draw.now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        model.attestations.remove(&(self.kpi, self.period, self.subject))?;
        let needed = match self.subject {
            Some(grant) => model.grants[grant].next() <= self.period,
            None => model.unsettled(self.period) > 0,
        };
        require(!needed && self.treasury == model.treasury(now))
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let mut state = state::Attestation::zeroed();
        state.plan = stage.plan();
        state.subject = self.subject.map_or(state.plan, |grant| stage.grant(grant));
        let found = model.attestations.get(&(self.kpi, self.period, self.subject));
        state.rent_payer = stage.key(found.map_or(0, |attestation| attestation.payer));
        let address = stage.attestation(self.kpi, self.period, self.subject);
        Some(instructions::close_attestation(
            &address,
            &state,
            &stage.place(self.treasury),
        ))
    }

    fn closed(&self, stage: &Stage, before: &Accounts, old: &Model) -> Option<Closed> {
        let address = stage.attestation(self.kpi, self.period, self.subject);
        let state = accounts::attestation(&before[&address].as_ref()?.data).ok()?;
        let payer = old.attestations[&(self.kpi, self.period, self.subject)].payer;
        Some((address, payer, self.treasury, state.rent_paid))
    }
}
