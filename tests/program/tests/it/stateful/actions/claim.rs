//! `claim` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Claim {
    pub by: Who,
    pub grant: usize,
    pub to: Place,
    pub amount: Option<u64>,
    /// Least that must arrive.
    pub least: u64,
}

impl Act for Claim {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
        let beneficiary = draw.beneficiary;
        let by = if rng.chance(50) {
            rng.who(0..PEOPLE)
        } else {
            beneficiary
        };
        let to = if rng.chance(70) {
            Place::Associated(beneficiary)
        } else {
            place(rng, by)
        };
        let claimable = draw
            .found
            .filter(|_| model.is_active())
            .map_or(0, |grant| model.vested(grant, now) - grant.claimed) as u64;
        let amount = match rng.below(8) {
            0 => Some(claimable),
            1 => Some(claimable.saturating_add(1)),
            2 => Some(rng.below(claimable.saturating_add(1))),
            _ => None,
        };
        let arrives = model.arrives(amount.unwrap_or(claimable).into());
        let arrives = u64::try_from(arrives).unwrap_or(0);
        let least = match rng.below(8) {
            0 => arrives,
            1 => arrives.saturating_add(1),
            _ => 0,
        };
        Self {
            by,
            grant: draw.grant,
            to,
            amount,
            least,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let found = model.open_grant(self.grant)?;
        let by_beneficiary = self.by == found.beneficiary;
        if by_beneficiary {
            self.to.owner()?;
        } else {
            let home = Place::Associated(found.beneficiary);
            require(!found.locked && self.amount.is_none() && self.to == home)?;
        }
        let claimable = model.vested(found, now) - found.claimed;
        let amount = self.amount.map_or(claimable, Amount::from);
        require((1..=claimable).contains(&amount))?;
        require(model.arrives(amount) >= Amount::from(self.least))?;
        require(by_beneficiary || (model.is_fee_within(amount) && !model.is_crumb(amount)))?;
        model.grants[self.grant].claimed += amount;
        model.transfer(Place::Vault, self.to, amount)
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let Self { amount, least, .. } = *self;
        let (by, grant, to) = (stage.key(self.by), stage.grant(self.grant), stage.place(self.to));
        let token = stage.plan_token();
        Some(instructions::claim_at_least(&by, &token, &grant, &to, amount, least))
    }
}
