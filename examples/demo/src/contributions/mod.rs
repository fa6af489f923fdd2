//! A contributor programme computed from a contribution record.

mod file;
mod programme;
mod summary;

use {
    crate::{args::Args, json, progress::Progress, stage::Stage, statement::Statement},
    anyhow::{Result, ensure},
    file::Contributions,
    std::{io::Write, path::Path},
};

/// Runs the programme of a contribution record from the first quarter to the last claim.
pub fn run(args: &Args, file: &Path, out: &mut dyn Write) -> Result<()> {
    let contributions = Contributions::read(file)?;
    let programme = programme::programme(&contributions, args.unearned_policy())?;
    let progress = Progress::of(programme::instructions(&programme));
    progress.begin("grants");
    let mut stage = Stage::set_up(&args.program(), &programme, progress)?;
    for (period, quarter) in (0u16..).zip(&programme.periods) {
        stage.progress.begin(quarter);
        stage.vote(period, &programme::votes(&contributions, period))?;
        check_values(&contributions, &stage, period)?;
        stage.settle_and_pay(period)?;
        let done = usize::from(period) + 1;
        stage.progress.reached(quarter, done, programme.periods.len());
    }
    stage.end()?;
    stage.progress.finish();
    let statement = Statement::check(&stage)?;
    summary::write(file, &programme, &stage, &statement, out)?;
    if let Some(json) = &args.json {
        json::write(json, &programme, &stage, &statement)?;
        writeln!(out, "The result is in {}.", json.display())?;
    }
    Ok(())
}

/// Checks that the chain holds the record's values, whatever the third oracle said.
fn check_values(contributions: &Contributions, stage: &Stage, period: u16) -> Result<()> {
    for (index, number) in (0..stage.grants.len()).zip(0u32..) {
        let (values, _) = contributions.of(index, period);
        for (kpi, value) in (0u8..).zip(values) {
            let resolved = stage.record.resolved.get(&(kpi, period, Some(number)));
            ensure!(
                resolved.is_some_and(|resolved| resolved.value == i64::from(value)),
                "a value on the chain is not the record's"
            );
        }
    }
    Ok(())
}
