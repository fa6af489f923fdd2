//! What was computed again, compared with what the accounts have recorded.

use {
    super::{GrantReport, PoolReport, Sources, Totals, VaultReport},
    earnout::state::Plan,
    std::{collections::BTreeMap, fmt},
};

/// Whose figure is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The plan.
    Plan,
    /// The grant of this number.
    Grant(u32),
    /// The pool of this period.
    Pool(u16),
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan => write!(out, "the plan"),
            Self::Grant(number) => write!(out, "grant {number}"),
            Self::Pool(period) => write!(out, "the pool of period {period}"),
        }
    }
}

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A recorded figure is not what follows from the attested values.
    Differs {
        /// Whose figure.
        subject: Subject,
        /// Which.
        figure: &'static str,
        /// What the account says.
        recorded: u128,
        /// What follows from the values.
        computed: u128,
    },
    /// Something could not be found, so the report is not complete.
    Missing(String),
    /// A settlement could not be computed again.
    NotReplayed {
        /// Number of the grant.
        number: u32,
        /// The period.
        period: u16,
        /// Why.
        reason: String,
    },
    /// The vault holds less than it owes.
    Deficit {
        /// What is missing, base units.
        amount: u128,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs {
                subject,
                figure,
                recorded,
                computed,
            } => write!(
                out,
                "{subject}: {figure} is {recorded} in the account and {computed} by the attested values"
            ),
            Self::Missing(what) => write!(out, "{what}"),
            Self::NotReplayed { number, period, reason } => {
                write!(
                    out,
                    "grant {number}: period {period} cannot be settled again by the attested values: {reason}"
                )
            }
            Self::Deficit { amount } => write!(out, "the vault holds {amount} less than the plan owes"),
        }
    }
}

/// What the findings of a statement come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All recorded amounts agree with what follows from the attested values.
    Agrees,
    /// Something could not be found. What differs may follow from that alone, so nobody is to blame yet.
    Incomplete,
    /// Everything was found that the amounts follow from, and they differ.
    Mismatch,
}

impl Verdict {
    /// Of these findings. `is_closed` says whether the plan was closed, so that all is known from events.
    pub(super) fn of(findings: &[Finding], is_closed: bool) -> Self {
        let is_missing = findings.iter().any(|finding| matches!(finding, Finding::Missing(_)));
        // What the vault lacks follows from the accounts of plan and vault, whatever else is missing.
        let is_proven = |finding: &Finding| match finding {
            Finding::Missing(_) => false,
            Finding::Deficit { .. } => !is_missing || !is_closed,
            Finding::Differs { .. } | Finding::NotReplayed { .. } => !is_missing,
        };
        match (findings.is_empty(), findings.iter().any(is_proven)) {
            (true, _) => Self::Agrees,
            (false, true) => Self::Mismatch,
            (false, false) => Self::Incomplete,
        }
    }
}

/// Adds what differs for a subject to a list.
struct Comparison<'a> {
    subject: Subject,
    findings: &'a mut Vec<Finding>,
}

impl Comparison<'_> {
    fn equal(&mut self, figure: &'static str, recorded: impl Into<u128>, computed: impl Into<u128>) {
        let (recorded, computed) = (recorded.into(), computed.into());
        if recorded != computed {
            self.findings.push(Finding::Differs {
                subject: self.subject,
                figure,
                recorded,
                computed,
            });
        }
    }

    /// For totals that stay at the largest number instead of overflowing.
    fn equal_total(&mut self, figure: &'static str, recorded: u64, computed: u128) {
        self.equal(figure, recorded, computed.min(u64::MAX.into()));
    }
}

/// Compares every grant with its lines.
pub(super) fn grants(plan: &Plan, grants: &BTreeMap<u32, GrantReport>, findings: &mut Vec<Finding>) {
    let redistributes = plan.redistributes().unwrap_or_default();
    for (number, report) in grants {
        let grant = &report.state;
        let mut comparison = Comparison {
            subject: Subject::Grant(*number),
            findings,
        };
        let settled: Vec<_> = report
            .lines
            .iter()
            .filter_map(|line| Some((line, line.settlement?)))
            .collect();
        let sum = |amounts: &mut dyn Iterator<Item = u64>| amounts.map(u128::from).fold(0, u128::saturating_add);
        let earned = sum(&mut settled.iter().map(|(_, settlement)| settlement.earned));
        let settled_periods = grant.next_period.saturating_sub(grant.first_period);
        comparison.equal("number of settled periods", settled_periods, as_u128(settled.len()));
        comparison.equal("earned", grant.earned, earned);
        if let Some((line, settlement)) = settled.last() {
            comparison.equal("last earned", grant.last_earned, settlement.earned);
            comparison.equal("last tranche", grant.last_tranche, line.tranche);
            comparison.equal("KPI amount", grant.last_kpi_amount, settlement.kpi_amount);
        }
        let carry = settled.last().map_or(0, |(_, settlement)| settlement.carry);
        comparison.equal("carry", grant.carry, carry);
        let reserved = grant.reserve_from(grant.next_period).unwrap_or(u64::MAX);
        comparison.equal("reserved", grant.reserved, reserved);
        let collected = report.lines.iter().filter(|line| line.period < grant.collected_through);
        if redistributes && collected.clone().all(|line| line.bonus.is_some()) {
            let bonus = sum(&mut report.lines.iter().filter_map(|line| line.bonus));
            comparison.equal("bonus", grant.bonus, bonus);
        }
        let paid = sum(&mut report.lines.iter().map(|line| line.claimed));
        comparison.equal("claimed", grant.claimed, paid);
    }
}

/// Compares the plan with the sums over its grants, and the pools with those of its grants.
pub(super) fn plan(
    sources: &Sources,
    grants: &BTreeMap<u32, GrantReport>,
    totals: &Totals,
    pools: &BTreeMap<u16, PoolReport>,
    findings: &mut Vec<Finding>,
) {
    let plan = &sources.plan;
    let mut comparison = Comparison {
        subject: Subject::Plan,
        findings,
    };
    comparison.equal("number of grants made", plan.grant_counter, as_u128(grants.len()));
    let open = grants.values().filter(|grant| !grant.closed).count();
    comparison.equal("number of open grants", plan.open_grants, as_u128(open));
    comparison.equal("reserved", plan.reserved, totals.reserved);
    comparison.equal("owed", plan.owed, totals.owed);
    let open_pools = pools.values().map(|pool| {
        let left = pool.pool.saturating_sub(pool.paid).saturating_sub(pool.left_over);
        u128::from(left)
    });
    comparison.equal("pooled", plan.pooled, open_pools.fold(0, u128::saturating_add));
    comparison.equal_total("earned in total", plan.earned_total, totals.earned);
    comparison.equal_total("bonuses in total", plan.bonus_total, totals.bonus);
    comparison.equal_total("claimed in total", plan.claimed_total, totals.claimed);
    let mut unsettled = [0u32; earnout_core::MAX_PERIODS as usize];
    for grant in grants.values() {
        for period in grant.state.next_period..grant.state.end_period {
            if let Some(count) = unsettled.get_mut(usize::from(period)) {
                *count = count.saturating_add(1);
            }
        }
    }
    for (recorded, computed) in plan.unsettled_grants.iter().zip(unsettled) {
        comparison.equal("number of unsettled grants of a period", *recorded, computed);
    }
    for (period, recorded) in &sources.pools {
        let computed = pools.get(period).copied().unwrap_or_default();
        let mut comparison = Comparison {
            subject: Subject::Pool(*period),
            findings,
        };
        comparison.equal("pool", recorded.pool, computed.pool);
        comparison.equal("sum of the KPI amounts", recorded.kpi_total, computed.kpi_total);
        comparison.equal("bonuses paid", recorded.paid, computed.paid);
        comparison.equal("number of bonuses collected", recorded.collected, computed.collected);
    }
}

/// Compares the vault with what the plan owes.
pub(super) fn vault(plan: &Plan, vault: &VaultReport, findings: &mut Vec<Finding>) {
    let saturated = plan.claimed_total == u64::MAX || plan.withdrawn_total == u64::MAX || plan.funded_total == u64::MAX;
    if vault.surplus < 0 {
        let amount = vault.surplus.unsigned_abs();
        findings.push(Finding::Deficit { amount });
    }
    if vault.donated < 0 && !saturated {
        findings.push(Finding::Differs {
            subject: Subject::Plan,
            figure: "claimed, withdrawn and left in the vault",
            recorded: u128::from(vault.funded).saturating_sub(vault.donated.unsigned_abs()),
            computed: vault.funded.into(),
        });
    }
}

fn as_u128(count: usize) -> u128 {
    count.try_into().unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_makes_nobody_a_liar() {
        let missing = || Finding::Missing("http://a.example does not tell 4".to_owned());
        let differs = || Finding::Differs {
            subject: Subject::Grant(0),
            figure: "earned",
            recorded: 1,
            computed: 0,
        };
        let stuck = || Finding::NotReplayed {
            number: 0,
            period: 0,
            reason: "it has no value".to_owned(),
        };
        let deficit = || Finding::Deficit { amount: 1 };
        for (findings, open, closed) in [
            (vec![], Verdict::Agrees, Verdict::Agrees),
            (vec![missing()], Verdict::Incomplete, Verdict::Incomplete),
            (vec![differs()], Verdict::Mismatch, Verdict::Mismatch),
            (vec![stuck()], Verdict::Mismatch, Verdict::Mismatch),
            (vec![deficit()], Verdict::Mismatch, Verdict::Mismatch),
            (
                vec![missing(), differs(), stuck()],
                Verdict::Incomplete,
                Verdict::Incomplete,
            ),
            (vec![missing(), deficit()], Verdict::Mismatch, Verdict::Incomplete),
        ] {
            let of = |is_closed| Verdict::of(&findings, is_closed);
            assert_eq!((of(false), of(true)), (open, closed), "{findings:?}");
        }
    }
}
