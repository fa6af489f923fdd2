//! `collect_bonus` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct CollectBonus {
    pub grant: usize,
    pub period: u16,
}

impl Act for CollectBonus {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, found, .. } = draw;
        let last = found.map_or(0, |grant| grant.next().saturating_sub(1));
        let period = if rng.chance(95) { last } else { rng.period(model) };
        Self {
            grant: draw.grant,
            period,
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        let grant = model.open_grant(self.grant)?;
        require(model.redistributes() && grant.bonuses.len() < grant.settled.len())?;
        require(self.period + 1 == grant.next())?;
        let settled = grant.settled.last()?.clone();
        let cap = settled.tranche * Amount::from(model.terms().bonus_cap) / 10_000;
        let pool = model.pools.get_mut(&self.period)?;
        require(pool.settled == pool.expected)?;
        let share = if pool.kpi_total == 0 {
            0
        } else {
            pool.pool * settled.kpi / pool.kpi_total
        };
        let bonus = share.min(cap);
        pool.paid += bonus;
        pool.collected += 1;
        model.grants[self.grant].bonuses.push(bonus);
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let grant = stage.grant(self.grant);
        Some(instructions::collect_bonus(&stage.plan(), &grant, self.period))
    }
}
