//! `close_page` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ClosePage {
    pub kpi: u8,
    pub period: u16,
    pub page: usize,
    pub treasury: Place,
}

impl Act for ClosePage {
    fn random(draw: Draw<'_>) -> Self {
        let (kpi, period, page) = draw.rng.account(draw.model, true);
        Self {
            kpi,
            period,
            page: page.unwrap_or(0),
            treasury: treasury(draw.rng, draw.model, draw.now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let (kpi, period, page) = (self.kpi, self.period, self.page);
        model.accounts.remove(&(kpi, period, Some(page)))?;
        let gone = |grant: usize| grant / PAGE == page;
        model
            .evaluations
            .retain(|key, _| !(key.0 == kpi && key.1 == period && key.2.is_some_and(gone)));
        require(model.unsettled(period) == 0 && self.treasury == model.treasury(now))
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let mut state = state::Page::zeroed();
        state.plan = stage.plan();
        let found = model.accounts.get(&(self.kpi, self.period, Some(self.page)));
        state.rent_payer = stage.key(found.map_or(0, |account| account.payer));
        let address = stage.evaluation(self.kpi, self.period, Some(self.page * PAGE));
        let treasury = stage.place(self.treasury);
        Some(instructions::close_page(&address, &state, &treasury))
    }

    fn closed(&self, stage: &Stage, before: &Accounts, old: &Model) -> Option<Closed> {
        let address = stage.evaluation(self.kpi, self.period, Some(self.page * PAGE));
        let state = accounts::page(&before[&address].as_ref()?.data).ok()?;
        let payer = old.accounts[&(self.kpi, self.period, Some(self.page))].payer;
        Some((address, payer, self.treasury, state.head().rent_paid))
    }
}
