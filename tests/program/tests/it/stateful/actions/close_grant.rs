//! `close_grant` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CloseGrant {
    pub grant: usize,
    pub treasury: Place,
}

impl Act for CloseGrant {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            grant: draw.grant,
            treasury: treasury(draw.rng, draw.model, draw.now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let found = model.open_grant(self.grant)?;
        let collected = !model.redistributes() || found.bonuses.len() == found.settled.len();
        require(found.next() == found.end && collected && found.owed() == 0)?;
        require(self.treasury == model.treasury(now))?;
        model.grants[self.grant].open = false;
        Some(())
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let mut state = state::Grant::zeroed();
        state.plan = stage.plan();
        state.rent_payer = stage.key(model.grants.get(self.grant).map_or(0, |grant| grant.payer));
        let treasury = stage.place(self.treasury);
        Some(instructions::close_grant(&stage.grant(self.grant), &state, &treasury))
    }

    fn closed(&self, stage: &Stage, before: &Accounts, old: &Model) -> Option<Closed> {
        let address = stage.grant(self.grant);
        let state = accounts::grant(&before[&address].as_ref()?.data).ok()?;
        let payer = old.grants[self.grant].payer;
        Some((address, payer, self.treasury, state.rent_paid))
    }
}
