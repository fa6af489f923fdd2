//! `accept_beneficiary` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct AcceptBeneficiary {
    by: Who,
    grant: usize,
    claimed: u64,
    termination: u8,
    barred: bool,
}

impl Act for AcceptBeneficiary {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, found, .. } = draw;
        let by = found.and_then(|grant| grant.pending).unwrap_or(draw.beneficiary);
        let claimed = found.map_or(0, |grant| grant.claimed as u64) + u64::from(rng.chance(5));
        let termination = if rng.chance(95) {
            found.map_or(0, |grant| grant.termination)
        } else {
            1
        };
        let barred = found.is_some_and(|grant| grant.barred) != rng.chance(3);
        Self {
            by: rng.role(by),
            grant: draw.grant,
            claimed,
            termination,
            barred,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let found = model.open_grant(self.grant)?;
        require(found.pending == Some(self.by) && Some(self.by) != model.terms().arbiter)?;
        require(found.claimed == Amount::from(self.claimed) && found.termination == self.termination)?;
        require(found.barred == self.barred && !found.is_disputed(now))?;
        let individual = (0u8..)
            .zip(&model.kpis)
            .any(|(kpi, terms)| !terms.shared && found.weight(kpi) > 0);
        let sets = model.kept_sets(now);
        let in_force = &sets[..sets.len() - usize::from(model.pending_set(now))];
        let votes = |who: Who| in_force.iter().any(|set| set.keys.contains(&who));
        let measured = individual && found.next() < found.end;
        if measured {
            require(!votes(self.by) && !votes(found.beneficiary) && now < model.deadline(found.next()))?;
            model.outcomes[13] += 1;
        }
        let found = &mut model.grants[self.grant];
        (found.beneficiary, found.pending, found.locked) = (self.by, None, false);
        found.hand_overs += 1;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = AcceptBeneficiaryArgs {
            claimed: self.claimed,
            termination: self.termination,
            dispute_barred: self.barred,
        };
        let (by, grant) = (stage.key(self.by), stage.grant(self.grant));
        Some(instructions::accept_beneficiary(&by, &stage.plan(), &grant, args))
    }
}
