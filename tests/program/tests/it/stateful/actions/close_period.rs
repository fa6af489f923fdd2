//! `close_period` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ClosePeriod {
    pub period: u16,
    pub treasury: Place,
}

impl Act for ClosePeriod {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
        let known: Vec<u16> = model.pools.keys().copied().collect();
        let period = if known.is_empty() {
            rng.period(model)
        } else {
            rng.pick(&known)
        };
        Self {
            period,
            treasury: treasury(rng, model, now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let pool = model.pools.remove(&self.period)?;
        require(pool.collected == pool.expected && self.treasury == model.treasury(now))
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let mut state = state::Period::zeroed();
        (state.plan, state.period) = (stage.plan(), self.period);
        state.rent_payer = stage.key(model.pools.get(&self.period).map_or(0, |pool| pool.payer));
        Some(instructions::close_period(&state, &stage.place(self.treasury)))
    }

    fn closed(&self, stage: &Stage, before: &Accounts, old: &Model) -> Option<Closed> {
        let address = stage.period(self.period);
        let state = accounts::period(&before[&address].as_ref()?.data).ok()?;
        let payer = old.pools[&self.period].payer;
        Some((address, payer, self.treasury, state.rent_paid))
    }
}
