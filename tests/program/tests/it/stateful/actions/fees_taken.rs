use super::*;

/// What is withheld in an account goes to another by the mint's fee authority, or to the mint by anyone.
#[derive(Debug)]
pub struct FeesTaken {
    from: Place,
    to: Option<Place>,
}

impl Act for FeesTaken {
    fn random(draw: Draw<'_>) -> Self {
        let rng = draw.rng;
        let owner = rng.who(0..PEOPLE);
        let from = if rng.chance(40) {
            Place::Vault
        } else {
            place(rng, owner)
        };
        // Another account than the one they are taken from.
        let to = Place::Other(PEOPLE - 1);
        Self {
            from: match from {
                Place::Foreign(who) => Place::Associated(who),
                Place::Other(who) if who == PEOPLE - 1 => Place::Associated(who),
                from => from,
            },
            to: rng.chance(50).then_some(to),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        require(model.exists() || self.from != Place::Vault)?;
        let Some(to) = self.to else {
            return model.harvest(self.from);
        };
        let taken = model.fees.as_mut()?.withheld.remove(&self.from).unwrap_or(0);
        *model.balances.entry(to).or_default() += taken;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (mint, from) = (stage.mint(), stage.place(self.from));
        let Some(to) = self.to else {
            return fee_instruction::harvest_withheld_tokens_to_mint(&TOKEN_2022, &mint, &[&from]).ok();
        };
        let authority = stage.chain.fee_payer().pubkey();
        let withdraw = fee_instruction::withdraw_withheld_tokens_from_accounts;
        withdraw(&TOKEN_2022, &mint, &stage.place(to), &authority, &[], &[&from]).ok()
    }
}
