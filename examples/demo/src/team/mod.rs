//! A team over a year.

mod plan_file;
mod story;
mod values;

use {
    crate::{args::Args, json, progress::Progress, stage::Stage, statement::Statement},
    anyhow::Result,
    plan_file::PlanFile,
    std::io::Write,
    values::Values,
};

/// Runs the plan of a folder's plan.toml with its values.csv, and tells what happens.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<()> {
    let folder = args.team();
    let file = folder.join("plan.toml");
    let PlanFile { programme, oracles } = PlanFile::read(&file)?;
    let values = Values::read(&folder.join("values.csv"), &programme)?;

    let mut stage = Stage::set_up(&args.program(), &programme, Progress::silent())?;
    story::beginning(&file, &programme, &stage, out)?;
    for period in 0..programme.terms.period_count {
        stage.vote(period, &values.votes(period, oracles.len(), programme.terms.threshold))?;
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
    Ok(())
}
