//! A team over a year.

mod pool;
mod promises;
mod story;
mod votes;

use {
    crate::{
        args::Args, json, picture, programme::Programme, progress::Progress, stage::Stage, statement::Statement, value,
    },
    anyhow::Result,
    earnout::state::UnearnedPolicy,
    earnout_sdk::terms::plan_file::{Check, Mistakes, PlanFile},
    std::{io::Write, path::Path},
    votes::Reports,
};

/// Runs the plan of a folder's plan.toml, with what its oracle.toml measures or else with its values.csv, and tells
/// what happens.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<()> {
    let folder = args.team();
    let file = folder.join("plan.toml");
    let plan = PlanFile::read(&file, &Check::offline())?;
    let programme = programme(&file, &plan)?;
    let has_price = plan.kpis.iter().any(|kpi| kpi.default_price.is_some());
    let redistributes = plan.terms.unearned_policy == UnearnedPolicy::Redistribute;
    let picture = args.picture(&file, has_price || redistributes)?;
    let reports = Reports::read(&folder, &plan)?;
    let oracles: Vec<String> = plan.roles.oracles.iter().map(|oracle| oracle.name.clone()).collect();

    let mut stage = Stage::set_up(&args.program(), &programme, Progress::silent())?;
    story::beginning(&file, &programme, &stage, out)?;
    if reports.are_measured() {
        let by = folder.join("oracle.toml");
        writeln!(
            out,
            "\nThe code of the oracle daemon measures the values, as {} says.",
            by.display()
        )?;
    }
    for period in 0..programme.terms.period_count {
        let votes = reports.votes(period, &programme, &stage)?;
        stage.vote(period, &votes)?;
        stage.settle_and_pay(period)?;
        story::period(period, &programme, &oracles, &stage, out)?;
    }
    stage.end()?;
    let statement = Statement::check(&stage)?;
    story::end(&programme, &stage, &statement, out)?;
    if let Some(json) = &args.json {
        json::write(json, &programme, &stage, &statement)?;
        writeln!(out, "The result is in {}.", json.display())?;
    }
    let Some(picture) = picture else {
        return Ok(());
    };
    let what = match value::Values::read(&programme, &stage)? {
        Some(values) => {
            picture::of_price(&picture, &programme, &stage, &values)?;
            "Price, value and tokens"
        }
        None => {
            picture::of_moves(&picture, &programme, &stage)?;
            "What was paid and what moved"
        }
    };
    writeln!(out, "{what} by period are drawn in {}.", picture.display())?;
    Ok(())
}

/// What the plan file says, if the demo can play it: it needs tokens to mint, grants to pay, and an arbiter of its
/// windows.
fn programme(file: &Path, plan: &PlanFile) -> Result<Programme, Mistakes> {
    let Some(supply) = plan.token.supply else {
        return Err(Mistakes::of_file(
            file,
            "the demo mints the supply; expected `supply` in [token]",
        ));
    };
    if plan.grants.is_empty() {
        return Err(Mistakes::of_file(
            file,
            "the demo pays grants; expected at least one [[grant]]",
        ));
    }
    Ok(Programme {
        decimals: plan.token.decimals,
        supply,
        terms: plan.terms.clone(),
        kpis: plan.kpis.clone(),
        grants: plan.grants.clone(),
        periods: plan.periods.clone(),
        oracles: plan.roles.oracles.len(),
    })
}
