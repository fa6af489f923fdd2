//! `propose_beneficiary` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ProposeBeneficiary {
    by: Who,
    grant: usize,
    to: Option<Who>,
}

impl Act for ProposeBeneficiary {
    fn random(draw: Draw<'_>) -> Self {
        let to = draw.rng.next_holder(BENEFICIARIES);
        Self {
            by: draw.rng.role(draw.beneficiary),
            grant: draw.grant,
            to,
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        let found = model.open_grant(self.grant)?;
        require(self.by == found.beneficiary && found.terms.transferable)?;
        require(self.to.is_none() || self.to != model.terms().arbiter)?;
        model.grants[self.grant].pending = self.to;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (by, to) = (stage.key(self.by), self.to.map(|who| stage.key(who)));
        let grant = stage.grant(self.grant);
        Some(instructions::propose_beneficiary(&by, &stage.plan(), &grant, to))
    }
}
