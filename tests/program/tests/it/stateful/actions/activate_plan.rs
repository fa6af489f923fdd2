//! `activate_plan` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ActivatePlan {
    by: Who,
}

impl Act for ActivatePlan {
    fn random(draw: Draw<'_>) -> Self {
        Self { by: draw.authority }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.status == Status::Draft && self.by == model.authority && !model.kpis.is_empty())?;
        require(model.terms().acceptable(now))?;
        require(model.terms().unit.is_none() || model.price().is_some())?;
        require(model.sets[0].acceptable(model.authority, model.terms().arbiter))?;
        model.status = Status::Active;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        Some(instructions::activate_plan(
            &stage.key(self.by),
            &stage.plan(),
            &stage.mint(),
        ))
    }
}
