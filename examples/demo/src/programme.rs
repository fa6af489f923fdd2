//! What a demo is about, before any of it is on the chain.

use {
    earnout::{instructions::CreatePlanArgs, state::KpiArgs},
    earnout_sdk::terms::plan_file::NamedGrant,
};

/// A token, a plan and its grants.
pub struct Programme {
    /// Decimals of the token.
    pub decimals: u8,
    /// Base units that are minted, all to the authority.
    pub supply: u64,
    /// Terms of the plan. Oracles and arbiter are filled in when their keys are made.
    pub terms: CreatePlanArgs,
    /// Its KPIs.
    pub kpis: Vec<KpiArgs>,
    /// Its grants.
    pub grants: Vec<NamedGrant>,
    /// A name for each period.
    pub periods: Vec<String>,
    /// Number of oracles.
    pub oracles: usize,
}

/// An oracle's vote.
pub struct Vote {
    /// Position of the oracle in the set.
    pub oracle: usize,
    /// Number of the KPI.
    pub kpi: u8,
    /// Position of the grant that is measured; none for a shared KPI.
    pub grant: Option<usize>,
    pub value: i64,
    /// SHA-256.
    pub evidence: [u8; 32],
}
