//! `propose_oracles` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct ProposeOracles {
    by: Who,
    set: OracleSet,
}

impl Act for ProposeOracles {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, now, .. } = draw;
        // Mostly the first period that the notice allows.
        let notice = model.terms.as_ref().map_or(0, |terms| i64::from(terms.notice));
        let allowed = (0..model.periods()).find(|period| model.boundary(*period) >= now + notice);
        let first = match allowed {
            Some(first) if rng.chance(60) => first,
            _ => rng.period(model),
        };
        Self {
            by: draw.authority,
            set: oracle_set(rng, first),
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let set = &self.set;
        require(model.is_active() && self.by == model.authority && set.first_period < model.periods())?;
        require(set.acceptable(model.authority, model.terms().arbiter))?;
        require(model.boundary(set.first_period) >= now + i64::from(model.terms().notice))?;
        require(model.kept_sets(now).len() == 1)?;
        model.sets.push(set.clone());
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = ProposeOraclesArgs {
            oracles: self.set.keys.iter().map(|who| stage.key(*who)).collect(),
            threshold: self.set.threshold,
            first_period: self.set.first_period,
        };
        Some(instructions::propose_oracles(&stage.key(self.by), &stage.plan(), args))
    }
}
