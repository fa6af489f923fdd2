//! `cancel_oracle_change` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CancelOracleChange {
    by: Who,
}

impl Act for CancelOracleChange {
    fn random(draw: Draw<'_>) -> Self {
        Self { by: draw.authority }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.is_active() && self.by == model.authority && model.pending_set(now))?;
        model.sets.pop();
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        Some(instructions::cancel_oracle_change(&stage.key(self.by), &stage.plan()))
    }
}
