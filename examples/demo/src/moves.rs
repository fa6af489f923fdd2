//! What moves between the grants of a plan that redistributes: what each left unearned, and what it got of that.

use {
    crate::{programme::Programme, stage::Stage},
    earnout_core::FULL_SCORE,
};

/// What moved in a period, in the order of the programme; none for a grant that had no part in it.
pub struct Moves(pub Vec<Option<Move>>);

/// What a grant gave and got in a period, base units.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub tranche: u64,
    pub earned: u64,
    /// Earned by results: what the grant's part of the pool is in proportion to.
    pub by_results: u64,
    /// Left unearned, to the pool.
    pub given: u64,
    /// Got from the pool.
    pub bonus: u64,
    /// The largest bonus that it could get.
    pub cap: u64,
}

impl Move {
    /// What came in on balance; below 0 what went out.
    pub fn net(&self) -> i128 {
        i128::from(self.bonus) - i128::from(self.given)
    }

    /// What was paid for the period.
    pub fn paid(&self) -> u64 {
        self.earned.saturating_add(self.bonus)
    }

    pub fn is_capped(&self) -> bool {
        self.bonus > 0 && self.bonus == self.cap
    }
}

impl Moves {
    /// Of a period that has been settled, with its bonuses collected.
    pub fn of_period(period: usize, programme: &Programme, stage: &Stage) -> Self {
        let grants = stage.record.grants.iter().map(|record| {
            let settled = record.settlement(period)?;
            let cap = u128::from(settled.tranche) * u128::from(programme.terms.bonus_cap_bps) / u128::from(FULL_SCORE);
            Some(Move {
                tranche: settled.tranche,
                earned: settled.earned,
                by_results: settled.kpi_amount,
                given: settled.pooled,
                bonus: record.bonus(period),
                cap: u64::try_from(cap).unwrap_or(u64::MAX),
            })
        });
        Self(grants.collect())
    }

    fn all(&self) -> impl Iterator<Item = &Move> {
        self.0.iter().flatten()
    }

    /// Earned by results of all grants.
    pub fn by_results(&self) -> u128 {
        self.all().map(|one| u128::from(one.by_results)).sum()
    }

    /// What went from some grants to others, on balance.
    pub fn moved(&self) -> u64 {
        let moved: i128 = self.all().map(|one| one.net().max(0)).sum();
        u64::try_from(moved).unwrap_or(u64::MAX)
    }

    /// What nobody got of the pool.
    pub fn left_over(&self) -> u64 {
        let left: i128 = self.all().map(|one| -one.net()).sum();
        u64::try_from(left).unwrap_or_default()
    }
}
