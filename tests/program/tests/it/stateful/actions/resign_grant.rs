//! `resign_grant` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ResignGrant {
    by: Who,
    grant: usize,
}

impl Act for ResignGrant {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.rng.role(draw.beneficiary),
            grant: draw.grant,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(self.by == model.open_grant(self.grant)?.beneficiary)?;
        model.end_grant(self.grant, 2, now)
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let grant = stage.grant(self.grant);
        Some(instructions::resign_grant(&stage.key(self.by), &stage.plan(), &grant))
    }
}
