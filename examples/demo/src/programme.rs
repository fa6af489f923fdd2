//! What a demo is about, before any of it is on the chain.

use {
    anchor_lang::prelude::Pubkey,
    earnout::{
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::KpiArgs,
    },
    earnout_core::{credit, tranche},
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
    pub grants: Vec<GrantTerms>,
    /// A name for each period.
    pub periods: Vec<String>,
    /// Number of oracles.
    pub oracles: usize,
}

/// Terms of a grant.
pub struct GrantTerms {
    pub name: String,
    pub allocation: u64,
    pub first_period: u16,
    pub periods: u16,
    pub cliff_periods: u16,
    pub time_weight: u16,
    /// One for each KPI of the plan.
    pub kpi_weights: Vec<u16>,
    pub revocable: bool,
    pub transferable: bool,
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

impl GrantTerms {
    /// The arguments of `create_grant`.
    pub fn args(&self, index: u32, beneficiary: &Pubkey) -> CreateGrantArgs {
        CreateGrantArgs {
            grant_index: index,
            beneficiary: *beneficiary,
            allocation: self.allocation,
            first_period: self.first_period,
            periods: self.periods,
            cliff_periods: self.cliff_periods,
            time_weight: self.time_weight,
            kpi_weights: self.kpi_weights.clone(),
            revocable: self.revocable,
            transferable: self.transferable,
        }
    }

    /// What the vault must hold for the grant under this plan: the most that any scores can make of it, base units.
    pub fn reserve(&self, terms: &CreatePlanArgs, kpis: &[KpiArgs]) -> Result<u64, earnout_core::Error> {
        let best_of = |kpi: &KpiArgs| {
            let scores = kpi.points.iter().map(|point| point.score);
            scores.chain([kpi.default_score]).max().unwrap_or_default()
        };
        let best: Vec<u16> = kpis.iter().map(best_of).collect();
        let max_credit = credit::max_credit(terms.combination.into(), self.time_weight, &self.kpi_weights, &best)?;
        tranche::reserve(self.allocation, max_credit, 0)
    }
}
