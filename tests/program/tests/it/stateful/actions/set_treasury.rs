//! `set_treasury` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct SetTreasury {
    by: Who,
    to: Place,
}

impl Act for SetTreasury {
    fn random(draw: Draw<'_>) -> Self {
        let rng = draw.rng;
        let owner = if rng.chance(80) {
            rng.who(TREASURIES)
        } else {
            rng.who(0..PEOPLE)
        };
        Self {
            by: draw.authority,
            to: place(rng, owner),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.exists() && self.by == model.authority)?;
        self.to.owner()?;
        model.treasuries.retain(|treasury| treasury.0 <= now);
        model.treasuries.push((now + i64::from(model.terms().notice), self.to));
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let to = stage.place(self.to);
        Some(instructions::set_treasury(&stage.key(self.by), &stage.plan(), &to))
    }
}
