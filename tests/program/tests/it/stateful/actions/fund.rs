//! `fund` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Fund {
    by: Who,
    source: Place,
    amount: u64,
}

impl Act for Fund {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, .. } = draw;
        let by = rng.role(model.authority);
        let source = if rng.chance(5) { rng.role(by) } else { by };
        let amount = if rng.chance(3) { 0 } else { rng.amount(60) };
        Self {
            by,
            source: place(rng, source),
            amount,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.exists() && self.amount > 0 && self.source.owner()? == self.by)?;
        // A draft that its start does not let activate takes nothing.
        require(model.is_active() || model.terms().starts_in_time(now))?;
        model.transfer(self.source, Place::Vault, self.amount.into())?;
        model.funded += model.arrives(self.amount.into());
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (by, source) = (stage.key(self.by), stage.place(self.source));
        Some(instructions::fund(&by, &stage.plan_token(), &source, self.amount))
    }
}
