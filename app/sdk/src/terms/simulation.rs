//! What grants earn under given values, without any chain: the program's own settlement, period by period.
//!
//! Nothing here ends a grant early. A period counts as settled from its last deadline on, when it settles without
//! anyone's goodwill; in practice it is often settled earlier.
//!
//! ```
//! use earnout_sdk::terms::{self, simulation::simulate};
//! # use earnout::{instructions::{CreateGrantArgs, CreatePlanArgs}, state::*};
//! # use solana_program::pubkey::Pubkey;
//! # let (creator, beneficiary) = (Pubkey::new_unique(), Pubkey::new_unique());
//! # let kpi = KpiArgs {
//! #     name: "users".to_owned(), unit: String::new(), rubric_hash: [0; 32], decimals: 0, scope: Scope::Shared,
//! #     range_min: 0, range_max: 1_000, interpolation: Interpolation::Linear,
//! #     points: vec![CurvePoint { value: 0, score: 0 }, CurvePoint { value: 100, score: 10_000 }], default_score: 0,
//! #     default_price: None, feed: None,
//! # };
//! # let args = CreatePlanArgs {
//! #     plan_id: 1, name: "Design guild".to_owned(), unit: String::new(), unit_decimals: 0,
//! #     start_ts: 1_000, cadence: Cadence::Months(1), period_count: 2, attest_secs: 600,
//! #     challenge_secs: 0, ruling_secs: 0, notice_secs: 600, combination: Combination::WeightedSum,
//! #     unearned_policy: UnearnedPolicy::Return,
//! #     release: Release::AtSettlement, bonus_cap_bps: 0, min_allocation: 1, max_allocation: 1_000, max_grants: 1,
//! #     enrolment_end: 1_000, token_flags: 0, max_fee_bps: 0, oracles: vec![Pubkey::new_unique()], threshold: 1,
//! #     arbiter: None,
//! # };
//! # let terms_of_grant = CreateGrantArgs {
//! #     grant_index: 0, beneficiary, allocation: 1_000, unit_allocation: 0, first_period: 0, periods: 2,
//! #     cliff_periods: 0, time_weight: 0,
//! #     kpi_weights: vec![10_000], revocable: false, transferable: false,
//! # };
//!
//! let plan = terms::draft(&creator, &args, &[kpi])?;
//! let grant = terms::grant(&plan, &terms_of_grant, 0)?;
//! // 80 users in the first period, and nobody reports on the second.
//! let simulation = simulate(&plan, &[grant], |period, _, _| (period == 0).then_some(80), None)?;
//! assert_eq!(simulation.grants[0].state.earned, 400);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use {
    crate::report::{
        priced::Priced,
        projection::{ProjectionError, period_times, worth},
    },
    bytemuck::Zeroable,
    earnout::state::{Grant, Period, Plan, Results},
    earnout_core::{quorum::Outcome, tranche::Settlement},
};

/// What became of a plan's grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The grants in the order in which they were given.
    pub grants: Vec<SimulatedGrant>,
    /// What caps and rounding kept back of each settled period's pool for the surplus, base units. Zero unless the plan
    /// redistributes.
    pub left_over: Vec<u64>,
}

/// What became of one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedGrant {
    /// The account as it would be.
    pub state: Grant,
    /// Its settled periods, in order.
    pub settled: Vec<SettledPeriod>,
}

/// One settled period of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledPeriod {
    /// Number of the period.
    pub period: u16,
    /// The scores and the price that counted.
    pub results: Results,
    /// What full scores pay, base units.
    pub tranche: u64,
    /// How that follows from the price; none of a grant in tokens.
    pub priced: Option<Priced>,
    /// What the scores made of it.
    pub settlement: Settlement,
    /// The grant's part of the pool, base units.
    pub bonus: u64,
}

/// Settles `grants` of `plan`, and collects their bonuses, in every period whose last deadline is not after `until`
/// (Unix seconds), or in all of them. `value` says what was resolved: for a period, the number of a KPI and the
/// position of a grant; none is a silence. For a shared KPI it must say the same for every grant.
///
/// # Errors
/// If plan or grants hold what the program never writes, or an amount does not fit.
pub fn simulate(
    plan: &Plan,
    grants: &[Grant],
    value: impl Fn(u16, u8, usize) -> Option<i64>,
    until: Option<i64>,
) -> Result<Simulation, ProjectionError> {
    let grants = grants.iter().map(|state| SimulatedGrant {
        state: *state,
        settled: Vec::new(),
    });
    let mut simulation = Simulation {
        grants: grants.collect(),
        left_over: Vec::new(),
    };
    for period in 0..plan.period_count {
        if until.is_some_and(|until| period_times(plan, period).is_ok_and(|times| times.settle_deadline > until)) {
            break;
        }
        simulation.settle(plan, period, &value)?;
    }
    Ok(simulation)
}

impl Simulation {
    fn settle(
        &mut self,
        plan: &Plan,
        period: u16,
        value: &impl Fn(u16, u8, usize) -> Option<i64>,
    ) -> Result<(), ProjectionError> {
        let mut pool = Period::zeroed();
        let covering = self.grants.iter().filter(|grant| grant.state.covers(period)).count();
        pool.expected = u32::try_from(covering).map_err(|_| ProjectionError::from(earnout_core::Error::Overflow))?;
        for (index, grant) in self.grants.iter_mut().enumerate() {
            if !grant.state.covers(period) {
                continue;
            }
            let mut results = Results::default();
            for (number, kpi) in grant.state.paid_by(plan) {
                let outcome = value(period, number, index).map_or(Outcome::Silent, Outcome::Value);
                let (score, price) = worth(kpi, outcome)?;
                results.scores[usize::from(number)] = score;
                results.price = results.price.or(price);
            }
            let priced = Priced::of_period(plan, &grant.state, period, results.price)?;
            let settlement = grant.state.settle(plan, &results)?;
            pool.add_settled(settlement.pooled, settlement.kpi_amount)?;
            grant.settled.push(SettledPeriod {
                period,
                results,
                tranche: grant.state.last_tranche,
                priced,
                settlement,
                bonus: 0,
            });
        }
        let mut left_over = 0;
        if plan.redistributes()? {
            for grant in self.grants.iter_mut().filter(|grant| grant.state.covers(period)) {
                let bonus = grant.state.collect(plan, &pool)?;
                if let Some(settled) = grant.settled.last_mut() {
                    settled.bonus = bonus;
                }
                left_over = pool.add_collected(bonus)?;
            }
        }
        self.left_over.push(left_over);
        Ok(())
    }
}

impl SimulatedGrant {
    /// What became of a period; none if it is not settled.
    pub fn settled_in(&self, period: u16) -> Option<&SettledPeriod> {
        let position = period.checked_sub(self.state.first_period)?;
        self.settled.get(usize::from(position))
    }

    /// What all settled periods earned, bonuses included, base units.
    pub fn total(&self) -> u64 {
        self.state.earned.saturating_add(self.state.bonus)
    }
}
