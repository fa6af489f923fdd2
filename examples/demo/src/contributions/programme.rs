//! The rules of a contributor programme, as `examples/contributions/README.md` states them.

use {
    super::file::{Contributions, MEASURES},
    crate::programme::{Programme, Vote},
    anyhow::{Context, Result},
    earnout::{constants::PAGE_GRANTS, instructions::CreatePlanArgs, state::UnearnedPolicy},
    earnout_sdk::terms::{
        GrantTerms,
        plan_file::{Check, NamedGrant, PlanFile},
    },
    std::path::Path,
};

/// Weights of the measures, basis points.
const WEIGHTS: [u16; 3] = [5_000, 3_000, 2_000];

const ORACLES: usize = 3;
/// The oracle that always reports something wrong.
pub const LIAR: usize = 2;

/// What the record does not say.
const PLAN: &str = include_str!("../../../contributions/plan.toml");

/// The plan and its grants.
pub fn programme(contributions: &Contributions, unearned_policy: UnearnedPolicy) -> Result<Programme> {
    let plan = PlanFile::parse(PLAN, Path::new("examples/contributions/plan.toml"), &Check::offline())?;
    let supply = plan.token.supply.context("the plan has no supply")?;
    let count = u32::try_from(contributions.contributors.len())
        .unwrap_or(u32::MAX)
        .max(1);
    let allocation = supply / u64::from(count);
    let periods = u16::try_from(contributions.quarters.len()).unwrap_or(u16::MAX);
    let start_ts = contributions.quarters.first().map_or(0, |quarter| quarter.start());
    let grant = |name: &String| NamedGrant {
        name: name.clone(),
        beneficiary: None,
        terms: GrantTerms {
            allocation,
            unit_allocation: 0,
            first_period: 0,
            periods,
            cliff_periods: 0,
            time_weight: 0,
            kpi_weights: WEIGHTS.to_vec(),
            revocable: false,
            transferable: false,
        },
    };
    Ok(Programme {
        decimals: plan.token.decimals,
        supply,
        terms: CreatePlanArgs {
            start_ts,
            period_count: periods,
            unearned_policy,
            min_allocation: allocation,
            max_allocation: allocation,
            max_grants: count,
            enrolment_end: start_ts,
            ..plan.terms
        },
        kpis: plan.kpis,
        grants: contributions.contributors.iter().map(grant).collect(),
        periods: contributions.quarters.iter().map(ToString::to_string).collect(),
        oracles: ORACLES,
    })
}

/// All votes on a period. The liar votes first on one half of the grants and second on the other, and the halves and
/// the honest ones change places each period.
pub fn votes(contributions: &Contributions, period: u16) -> Vec<Vote> {
    let grants = 0..contributions.contributors.len();
    let parity = usize::from(period % 2);
    let (liar_first, liar_second): (Vec<_>, Vec<_>) =
        grants.clone().partition(|grant| (grant + parity).is_multiple_of(2));
    let (one, other) = (parity, 1 - parity);
    let all: Vec<usize> = grants.collect();
    let rounds = [(LIAR, &liar_first), (one, &all), (LIAR, &liar_second), (other, &all)];
    let votes = rounds.into_iter().flat_map(|(oracle, grants)| {
        let of = move |grant: &usize| votes_of(contributions, period, oracle, *grant);
        grants.iter().flat_map(of).collect::<Vec<_>>()
    });
    votes.collect()
}

fn votes_of(contributions: &Contributions, period: u16, oracle: usize, grant: usize) -> Vec<Vote> {
    let (values, evidence) = contributions.of(grant, period);
    let votes = (0u8..).zip(values).map(|(kpi, value)| Vote {
        oracle,
        kpi,
        grant: Some(grant),
        value: if oracle == LIAR { lie(value) } else { value.into() },
        evidence,
    });
    votes.collect()
}

/// A value that is never the true one, and would change every score.
fn lie(value: u32) -> i64 {
    if value == 0 { 1_000 } else { 0 }
}

/// Instructions that the run needs at most, for the progress bar: claims are not known in advance.
pub fn instructions(programme: &Programme) -> u64 {
    let of = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let (grants, periods) = (of(programme.grants.len()), of(programme.periods.len()));
    // The liar votes twice, each time on half of the grants.
    let uploads = of(MEASURES.len() * (ORACLES + 1)) * grants.div_ceil(PAGE_GRANTS.into());
    let collect = u64::from(programme.terms.unearned_policy == UnearnedPolicy::Redistribute);
    let settle_and_claim = 2;
    grants * 2 + periods * (uploads + grants * (settle_and_claim + collect))
}
