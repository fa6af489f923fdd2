//! What goes round the program.

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
            4..=5 => Target::Evaluation(kpi, period, subject),
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
        stage.give(self.to, self.lamports);
    }
}

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
