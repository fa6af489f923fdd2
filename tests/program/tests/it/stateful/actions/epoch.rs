use super::*;

/// An epoch passes.
#[derive(Debug)]
pub struct Epoch;

impl Act for Epoch {
    fn random(_: Draw<'_>) -> Self {
        Self
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        model.fees.as_mut()?.epoch += 1;
        Some(())
    }

    fn befall(&self, stage: &mut Stage, model: &Model) {
        if let Some(fees) = &model.fees {
            stage.chain.set_epoch(fees.epoch);
        }
    }
}
