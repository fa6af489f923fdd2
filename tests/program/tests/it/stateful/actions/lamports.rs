use super::*;

/// Lamports sent to an address before the program makes an account there, or to an account.
#[derive(Debug)]
pub struct Lamports {
    to: Target,
    lamports: u64,
}

impl Act for Lamports {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, .. } = draw;
        let period = rng.period(model);
        let (kpi, subject) = (rng.below(3) as u8, rng.chance(50).then_some(draw.grant));
        let to = match rng.below(8) {
            0 => Target::Plan,
            1 => Target::Vault,
            2..=3 => Target::Grant(model.grants.len()),
            4..=5 => Target::Attestation(kpi, period, subject),
            _ => Target::Period(period),
        };
        Self {
            to,
            lamports: rng.pick(&[1, 890_880, 1_000_000_000]),
        }
    }

    fn attempt(&self, _: &mut Model, _: i64) -> Option<()> {
        Some(())
    }

    fn befall(&self, stage: &mut Stage, _: &Model) {
        let address = stage.target(self.to);
        stage.chain.give(&address, self.lamports);
    }

    fn place(&self, stage: &Stage) -> Option<Pubkey> {
        Some(stage.target(self.to))
    }
}
