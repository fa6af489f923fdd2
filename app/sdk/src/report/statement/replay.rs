//! Settlements and bonuses, computed again from the attested values by the program's own functions.

use {
    super::{Finding, GrantReport, GrantSource, Line, PoolReport, Sources},
    crate::report::{
        priced::Priced,
        projection::{self, ProjectionError},
    },
    earnout::state::{FORFEITED, Grant, Period, Plan, Results},
    earnout_core::{redistribution, tranche::Settlement},
    std::collections::BTreeMap,
};

/// One grant from its beginning to `now` (Unix seconds). `results` gives those that count in a period.
///
/// # Errors
/// If an account holds what the program never writes.
pub(super) fn grant(
    plan: &Plan,
    source: &GrantSource,
    now: i64,
    results: impl Fn(u16) -> Result<Results, ProjectionError>,
) -> Result<(GrantReport, Option<Finding>), ProjectionError> {
    let recorded = &source.state;
    let amounts = projection::amounts(plan, recorded, now)?;
    let mut report = GrantReport {
        address: source.address,
        state: *recorded,
        closed: source.closed,
        lines: Vec::new(),
        cancelled: cancelled(recorded)?,
        returned: 0,
        unused: 0,
        forfeited: 0,
        vested: amounts.vested,
        claimable: amounts.claimable,
    };
    if recorded.has(FORFEITED) {
        report.forfeited = recorded.earned.saturating_add(recorded.bonus);
    }
    let mut finding = None;
    let mut grant = beginning(recorded)?;
    let calendar = plan.calendar()?;
    for period in recorded.first_period..recorded.end_period {
        if now < calendar.period_end(period)? {
            break;
        }
        let results = results(period)?;
        let mut line = Line {
            period,
            cap: recorded.cap(period)?,
            units: recorded.units(period)?,
            tranche: recorded.tranche(plan, period, results.price)?,
            priced: Priced::of_period(plan, recorded, period, results.price)?,
            results,
            settlement: None,
            returned: 0,
            bonus: None,
            claimed: 0,
            taken: 0,
        };
        if period < recorded.next_period && finding.is_none() {
            match grant.settle(plan, &line.results) {
                Ok(settlement) => {
                    line.returned = returned(&settlement);
                    line.taken = grant.earned.saturating_add(grant.reserved);
                    line.settlement = Some(settlement);
                    report.returned = report.returned.saturating_add(line.returned);
                    report.unused = report.unused.saturating_add(line.unused());
                }
                Err(error) => {
                    let (number, reason) = (recorded.index, error.to_string());
                    finding = Some(Finding::NotReplayed { number, period, reason });
                }
            }
        }
        report.lines.push(line);
    }
    Ok((report, finding))
}

/// The pools of all periods under `Redistribute`, before anything was collected; none under other policies.
///
/// # Errors
/// If the plan holds what the program never writes.
pub(super) fn pools(
    plan: &Plan,
    grants: &BTreeMap<u32, GrantReport>,
) -> Result<BTreeMap<u16, PoolReport>, ProjectionError> {
    let mut pools: BTreeMap<u16, PoolReport> = BTreeMap::new();
    if !plan.redistributes()? {
        return Ok(pools);
    }
    for grant in grants.values() {
        for period in grant.state.first_period..grant.state.end_period {
            let pool = pools.entry(period).or_default();
            pool.expected = pool.expected.saturating_add(1);
        }
        for (period, settlement) in grant
            .lines
            .iter()
            .filter_map(|line| Some((line.period, line.settlement?)))
        {
            let pool = pools.entry(period).or_default();
            pool.pool = pool.pool.saturating_add(settlement.pooled);
            pool.kpi_total = pool.kpi_total.saturating_add(settlement.kpi_amount);
        }
    }
    Ok(pools)
}

/// The same as the accounts have them, for a part of the grants.
pub(super) fn recorded_pools(pools: &BTreeMap<u16, Period>) -> BTreeMap<u16, PoolReport> {
    let recorded = pools.iter().map(|(period, pool)| {
        let report = PoolReport {
            pool: pool.pool,
            kpi_total: pool.kpi_total,
            expected: pool.expected,
            ..PoolReport::default()
        };
        (*period, report)
    });
    recorded.collect()
}

/// Adds the bonuses to the grants' lines and to the pools, which are returned.
pub(super) fn bonuses(
    sources: &Sources,
    grants: &mut BTreeMap<u32, GrantReport>,
    mut pools: BTreeMap<u16, PoolReport>,
) -> BTreeMap<u16, PoolReport> {
    let cap = sources.plan.bonus_cap_bps;
    for (number, grant) in grants {
        let mut bonuses: u64 = 0;
        for line in &mut grant.lines {
            let (Some(settlement), true) = (line.settlement, line.period < grant.state.collected_through) else {
                continue;
            };
            let Some(pool) = pools.get_mut(&line.period) else {
                line.bonus = sources.collected.get(&(*number, line.period)).copied();
                continue;
            };
            let (of, share) = (pool.kpi_total, settlement.kpi_amount);
            // Only a wrong value among those attested makes a share larger than the whole; the sums show it.
            let bonus = redistribution::bonus(pool.pool, share, of, line.tranche, cap).unwrap_or_default();
            let room = u64::MAX.saturating_sub(line.taken).saturating_sub(bonuses);
            let bonus = bonus.min(room);
            bonuses = bonuses.saturating_add(bonus);
            line.bonus = Some(bonus);
            pool.paid = pool.paid.saturating_add(bonus);
            pool.collected = pool.collected.saturating_add(1);
        }
    }
    for pool in pools.values_mut().filter(|pool| pool.collected == pool.expected) {
        pool.left_over = pool.pool.saturating_sub(pool.paid);
    }
    pools
}

/// Counts what was claimed against the oldest earnings first.
pub(super) fn share_claims(grant: &mut GrantReport) {
    let mut left = grant.state.claimed;
    for line in &mut grant.lines {
        let earned = line.settlement.map_or(0, |settlement| settlement.earned);
        line.claimed = earned.saturating_add(line.bonus.unwrap_or_default()).min(left);
        left = left.saturating_sub(line.claimed);
    }
}

/// The grant before its first settlement, with the end it has now: an end is never in the past, so it changes no period
/// that was settled before.
fn beginning(recorded: &Grant) -> Result<Grant, ProjectionError> {
    let mut grant = *recorded;
    (grant.next_period, grant.collected_through) = (grant.first_period, grant.first_period);
    (grant.earned, grant.bonus, grant.carry) = (0, 0, 0);
    (grant.last_earned, grant.last_tranche, grant.last_kpi_amount) = (0, 0, 0);
    grant.reserved = grant.reserve_from(grant.first_period)?;
    Ok(grant)
}

/// What of the unearned amount is neither carried nor pooled.
fn returned(settlement: &Settlement) -> u64 {
    settlement
        .unearned
        .saturating_sub(settlement.carry)
        .saturating_sub(settlement.pooled)
}

/// What of the allocation belongs to no period any more.
fn cancelled(grant: &Grant) -> Result<u64, ProjectionError> {
    Ok(grant.allocation.saturating_sub(grant.caps_from(grant.first_period)?))
}
