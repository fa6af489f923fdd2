//! `withdraw_surplus` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct WithdrawSurplus {
    pub by: Who,
    pub to: Place,
    pub amount: Option<u64>,
}

impl Act for WithdrawSurplus {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
        let by = if rng.chance(30) {
            rng.who(0..PEOPLE)
        } else {
            model.authority
        };
        let to = if rng.chance(30) {
            Place::Associated(rng.who(TREASURIES))
        } else {
            treasury(rng, model, now)
        };
        let surplus = if model.exists() { model.surplus() } else { 0 };
        let surplus = u64::try_from(surplus).unwrap_or(0);
        let amount = match rng.below(8) {
            0 => None,
            1 => Some(surplus),
            2 => Some(surplus.saturating_add(1)),
            3 => Some(0),
            _ => Some(rng.below(surplus / 4 + 1)),
        };
        Self { by, to, amount }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        model.may_send_surplus(self.by, self.to, now)?;
        let amount = self.amount.map_or(model.surplus(), Amount::from);
        require((1..=model.surplus()).contains(&amount))?;
        require(self.by == model.authority || (model.is_fee_within(amount) && !model.is_crumb(amount)))?;
        model.withdrawn += amount;
        model.transfer(Place::Vault, self.to, amount)
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (by, to) = (stage.key(self.by), stage.place(self.to));
        Some(instructions::withdraw_surplus(
            &by,
            &stage.plan_token(),
            &to,
            self.amount,
        ))
    }
}
