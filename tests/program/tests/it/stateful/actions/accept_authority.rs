//! `accept_authority` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct AcceptAuthority {
    by: Who,
}

impl Act for AcceptAuthority {
    fn random(draw: Draw<'_>) -> Self {
        let by = draw.model.pending_authority.unwrap_or(1);
        Self { by: draw.rng.role(by) }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.exists() && model.pending_authority == Some(self.by))?;
        model.can_be_authority(self.by, now)?;
        model.authority = self.by;
        model.pending_authority = None;
        model.treasuries.retain(|treasury| treasury.0 <= now);
        if model.pending_set(now) {
            model.sets.pop();
        }
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        Some(instructions::accept_authority(&stage.key(self.by), &stage.plan()))
    }
}
