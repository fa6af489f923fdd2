//! `propose_authority` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ProposeAuthority {
    by: Who,
    to: Option<Who>,
}

impl Act for ProposeAuthority {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.authority,
            to: draw.rng.next_holder(0..2),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.exists() && self.by == model.authority)?;
        if let Some(to) = self.to {
            model.can_be_authority(to, now)?;
        }
        model.pending_authority = self.to;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let to = self.to.map(|who| stage.key(who));
        Some(instructions::propose_authority(&stage.key(self.by), &stage.plan(), to))
    }
}
