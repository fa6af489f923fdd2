//! `set_uri` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct SetUri {
    by: Who,
    uri: String,
}

impl Act for SetUri {
    fn random(draw: Draw<'_>) -> Self {
        let length = draw.rng.pick(&[0, 1, 30, 96, 97]);
        Self {
            by: draw.authority,
            uri: "u".repeat(length),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        require(model.exists() && self.by == model.authority && self.uri.len() <= 96)?;
        model.uri = self.uri.clone();
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        Some(instructions::set_uri(
            &stage.key(self.by),
            &stage.plan(),
            self.uri.clone(),
        ))
    }
}
