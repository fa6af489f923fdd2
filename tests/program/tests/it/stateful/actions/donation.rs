use super::*;

/// Tokens sent straight into the vault.
#[derive(Debug)]
pub struct Donation {
    by: Who,
    amount: u64,
}

impl Act for Donation {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.payer,
            amount: draw.rng.amount(40),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        require(model.exists())?;
        model.transfer(Place::Associated(self.by), Place::Vault, self.amount.into())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let PlanToken {
            mint, token_program, ..
        } = stage.plan_token();
        let (from, to) = (stage.place(Place::Associated(self.by)), stage.place(Place::Vault));
        let by = stage.key(self.by);
        let transfer = token_instruction::transfer_checked;
        transfer(&token_program, &from, &mint, &to, &by, &[], self.amount, 6).ok()
    }
}
