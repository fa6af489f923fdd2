//! `terminate_grant` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct TerminateGrant {
    by: Who,
    grant: usize,
}

impl Act for TerminateGrant {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.authority,
            grant: draw.grant,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(self.by == model.authority && model.open_grant(self.grant)?.terms.revocable)?;
        model.end_grant(self.grant, 1, now)
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let grant = stage.grant(self.grant);
        Some(instructions::terminate_grant(
            &stage.key(self.by),
            &stage.plan(),
            &grant,
        ))
    }
}
