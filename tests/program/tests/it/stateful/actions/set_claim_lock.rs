//! `set_claim_lock` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct SetClaimLock {
    by: Who,
    grant: usize,
    locked: bool,
}

impl Act for SetClaimLock {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.rng.role(draw.beneficiary),
            grant: draw.grant,
            locked: draw.rng.chance(50),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        require(self.by == model.open_grant(self.grant)?.beneficiary)?;
        model.grants[self.grant].locked = self.locked;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (by, grant) = (stage.key(self.by), stage.grant(self.grant));
        Some(instructions::set_claim_lock(&by, &stage.plan(), &grant, self.locked))
    }
}
