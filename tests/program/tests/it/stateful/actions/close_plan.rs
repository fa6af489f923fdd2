//! `close_plan` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ClosePlan {
    pub by: Who,
    pub to: Place,
}

impl Act for ClosePlan {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
        let by = if rng.chance(30) {
            rng.who(0..PEOPLE)
        } else {
            model.authority
        };
        Self {
            by,
            to: treasury(rng, model, now),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        model.may_send_surplus(self.by, self.to, now)?;
        require(model.grants.iter().all(|grant| !grant.open))?;
        require(model.accounts.is_empty() && model.pools.is_empty())?;
        let left = model.balance(Place::Vault);
        require(self.by == model.authority || model.is_fee_within(left))?;
        model.transfer(Place::Vault, self.to, left)?;
        if model.fees.is_some() {
            model.harvest(Place::Vault)?;
        }
        model.status = Status::Closed;
        Some(())
    }

    fn instruction(&self, stage: &Stage, model: &Model) -> Option<Instruction> {
        let (by, to, payer) = (stage.key(self.by), stage.place(self.to), stage.key(model.payer));
        Some(instructions::close_plan(&by, &stage.plan_token(), &to, &payer))
    }
}
