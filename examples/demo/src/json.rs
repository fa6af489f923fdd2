//! The result as JSON.

use {
    crate::{programme::Programme, stage::Stage, statement::Statement, units::Spread},
    anyhow::{Context, Result},
    serde::Serialize,
    std::{collections::BTreeMap, fs, path::Path},
};

/// All amounts are decimal strings of base units: they do not fit into a JSON number everywhere.
#[derive(Serialize)]
struct Report<'a> {
    decimals: u8,
    periods: &'a [String],
    grants: Vec<GrantReport<'a>>,
    vault_balance: String,
    treasury_received: String,
    transactions: u64,
    compute_units: BTreeMap<&'static str, Spread>,
}

#[derive(Serialize)]
struct GrantReport<'a> {
    contributor: &'a str,
    allocation: String,
    earned: Vec<String>,
    bonus: Vec<String>,
    claimed: String,
}

/// Writes what the chain shows to `file`.
pub fn write(file: &Path, programme: &Programme, stage: &Stage, statement: &Statement) -> Result<()> {
    let mut grants = Vec::new();
    for (index, (named, record)) in programme.grants.iter().zip(&stage.record.grants).enumerate() {
        let grant = stage.grant(stage.grants.get(index).context("a grant is missing")?)?;
        let periods = 0..programme.periods.len();
        grants.push(GrantReport {
            contributor: &named.name,
            allocation: grant.allocation.to_string(),
            earned: periods
                .clone()
                .map(|period| record.earned(period).to_string())
                .collect(),
            bonus: periods.map(|period| record.bonus(period).to_string()).collect(),
            claimed: grant.claimed.to_string(),
        });
    }
    let report = Report {
        decimals: programme.decimals,
        periods: &programme.periods,
        grants,
        vault_balance: statement.vault.to_string(),
        treasury_received: statement.treasury.to_string(),
        transactions: stage.chain.transactions(),
        compute_units: stage.units.spreads(),
    };
    let mut text = serde_json::to_string_pretty(&report)?;
    text.push('\n');
    fs::write(file, text).with_context(|| format!("{}: cannot be written", file.display()))
}
