use super::*;

/// The mint's fee authority announces a fee.
#[derive(Debug)]
pub struct AnnouncedFee {
    fee: Fee,
}

impl Act for AnnouncedFee {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, .. } = draw;
        let limit = model.terms.as_ref().map_or(0, |terms| terms.max_fee);
        let about = rng.pick(&[limit, limit.saturating_add(1), limit.saturating_sub(1)]);
        let fee = Fee {
            basis_points: rng.pick(&[0, 1, 100, 250, about, about, 9_999, 10_000, 10_000, 10_001]),
            maximum: rng.pick(&[0, 1, 5_000, u64::MAX, u64::MAX, u64::MAX]),
        };
        Self { fee }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        require(self.fee.basis_points <= 10_000)?;
        model.fees.as_mut()?.announce(self.fee);
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let set = fee_instruction::set_transfer_fee;
        let authority = stage.chain.fee_payer().pubkey();
        let Fee { basis_points, maximum } = self.fee;
        set(&TOKEN_2022, &stage.mint(), &authority, &[], basis_points, maximum).ok()
    }
}
