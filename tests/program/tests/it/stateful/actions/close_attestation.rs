//! `close_attestation` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CloseAttestation {
    pub kpi: u8,
    pub period: u16,
    pub treasury: Place,
}

impl Act for CloseAttestation {
    fn random(draw: Draw<'_>) -> Self {
        let (kpi, period, _) = draw.rng.account(draw.model, false);
        Self {
            kpi,
            period,
            treasury: treasury(draw.rng, draw.model, draw.now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        model.accounts.remove(&(self.kpi, self.period, None))?;
        model.evaluations.remove(&(self.kpi, self.period, None));
        require(model.unsettled(self.period) == 0 && self.treasury == model.treasury(now))
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let mut state = state::Attestation::zeroed();
        state.plan = stage.plan();
        let found = model.accounts.get(&(self.kpi, self.period, None));
        state.rent_payer = stage.key(found.map_or(0, |account| account.payer));
        let address = stage.evaluation(self.kpi, self.period, None);
        let treasury = stage.place(self.treasury);
        Some(instructions::close_attestation(&address, &state, &treasury))
    }

    fn closed(&self, stage: &Stage, before: &Accounts, old: &Model) -> Option<Closed> {
        let address = stage.evaluation(self.kpi, self.period, None);
        let state = accounts::attestation(&before[&address].as_ref()?.data).ok()?;
        let payer = old.accounts[&(self.kpi, self.period, None)].payer;
        Some((address, payer, self.treasury, state.rent_paid))
    }
}
