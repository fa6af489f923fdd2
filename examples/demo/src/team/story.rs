//! What happened, quarter by quarter, as the chain shows it.

use {
    super::{pool, promises},
    crate::{
        programme::Programme,
        record::Resolved,
        stage::Stage,
        statement::{self, Statement},
        table::Table,
        value::{Values, price},
        words::{target, value},
    },
    anyhow::{Context, Result},
    earnout::state::{KpiArgs, Scope},
    earnout_core::FULL_SCORE,
    earnout_embedded::Signer,
    earnout_sdk::{
        terms::plan_file::calendar,
        text::{
            amount::{count, fixed, tokens},
            time::date,
        },
    },
    std::{io::Write, path::Path},
};

/// The plan before its first period.
pub fn beginning(file: &Path, programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let (periods, kpis, grants) = (programme.periods.len(), programme.kpis.len(), programme.grants.len());
    let decimals = programme.decimals;
    writeln!(
        out,
        "{}: {periods} periods, {kpis} KPIs, {grants} grants.",
        file.display()
    )?;
    writeln!(
        out,
        "Supply {} tokens. In the vault before the first period begins: {}, the most that the grants can earn.\n",
        tokens(programme.supply, decimals),
        tokens(stage.vault_balance(), decimals)
    )?;
    let mut table = Table::new(
        4,
        &["grant", "KPI", "target", "cliff", "of supply", "allocated", "held"],
    );
    for (grant, record) in programme.grants.iter().zip(&stage.record.grants) {
        let weighted = programme
            .kpis
            .iter()
            .zip(&grant.terms.kpi_weights)
            .filter(|(_, weight)| **weight > 0);
        let (names, targets): (Vec<&str>, Vec<String>) =
            weighted.map(|(kpi, _)| (kpi.name.as_str(), target(kpi))).unzip();
        let (names, targets) = match names.is_empty() {
            true => ("none, paid by time".to_owned(), "-".to_owned()),
            false => (names.join(", "), targets.join(", ")),
        };
        let cliff = match grant.terms.cliff_periods {
            0 => "none".to_owned(),
            1 => "1 period".to_owned(),
            more => format!("{more} periods"),
        };
        let amounts = [grant.terms.allocation, record.reserved].map(|amount| tokens(amount, decimals));
        let words = [grant.name.clone(), names, targets, cliff];
        let share = share(grant.terms.allocation, programme.supply);
        table.row(words.into_iter().chain([share]).chain(amounts));
    }
    table.write(out)?;
    promises::beginning(programme, stage, out)
}

/// A part of the supply, rounded down to a hundredth of a percent.
fn share(amount: u64, supply: u64) -> String {
    let basis_points = (u128::from(amount) * 10_000)
        .checked_div(supply.into())
        .unwrap_or_default();
    format!("{} %", fixed(i64::try_from(basis_points).unwrap_or(i64::MAX), 2))
}

/// A period that has been settled and paid.
pub fn period(
    period: u16,
    programme: &Programme,
    oracles: &[String],
    stage: &Stage,
    out: &mut dyn Write,
) -> Result<()> {
    let index = usize::from(period);
    let calendar = calendar(&programme.terms);
    let (start, end) = (calendar.period_start(period)?, calendar.period_end(period)?);
    writeln!(
        out,
        "\n{}: {} to {}, settled on {}",
        programme.periods.get(index).map(String::as_str).unwrap_or_default(),
        date(start),
        date(end - 1),
        date(stage.chain.now())
    )?;

    let mut table = Table::new(4, &["KPI", "value", "reported by", "result", "score"]);
    for (number, kpi) in (0u8..).zip(&programme.kpis) {
        kpi_rows(period, number, kpi, (programme, oracles, stage), &mut table)?;
    }
    table.write(out)?;
    promises::period(index, programme, stage, out)?;

    let mut table = Table::new(
        1,
        &["grant", "tranche", "earned", "bonus", "vested so far", "claimed now"],
    );
    let plan = stage.plan()?;
    for ((named, record), grant) in programme.grants.iter().zip(&stage.record.grants).zip(&stage.grants) {
        let settled = record.settlement(index).context("a period was not settled")?;
        let vested = stage.grant(grant)?.vested(&plan, stage.chain.now())?;
        let amounts = [
            settled.tranche,
            settled.earned,
            record.bonus(index),
            vested,
            record.last_claim,
        ];
        let cells = amounts.map(|amount| tokens(amount, programme.decimals));
        table.row([named.name.clone()].into_iter().chain(cells));
    }
    writeln!(out)?;
    table.write(out)?;
    pool::period(period, programme, stage, out)
}

/// A row for the price, a shared KPI without scores; its value is the one at which the period was settled.
fn price_row(period: u16, number: u8, kpi: &KpiArgs, (oracles, stage): (&[String], &Stage), table: &mut Table) {
    let Some(price) = price(stage, period.into()) else {
        return;
    };
    let resolved = stage.record.resolved.get(&(number, period, None));
    let (names, result) = match resolved {
        Some(resolved) => (reporters(resolved, oracles, stage), "the price of the period"),
        None => ("nobody".to_owned(), "never reported: the default price counts"),
    };
    table.row([
        kpi.name.clone(),
        value(price, kpi),
        names,
        result.to_owned(),
        "-".to_owned(),
    ]);
}

/// Who reported a value.
fn reporters(resolved: &Resolved, oracles: &[String], stage: &Stage) -> String {
    let position = |key| stage.oracles.iter().position(|oracle| oracle.pubkey() == key);
    let names = resolved.oracles.iter().filter_map(|key| oracles.get(position(*key)?));
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// A row for a shared KPI, or one for each grant with weight on an individual one.
fn kpi_rows(
    period: u16,
    number: u8,
    kpi: &KpiArgs,
    (programme, oracles, stage): (&Programme, &[String], &Stage),
    table: &mut Table,
) -> Result<()> {
    if kpi.default_price.is_some() {
        price_row(period, number, kpi, (oracles, stage), table);
        return Ok(());
    }
    let weighted = |index: &usize| {
        let weights = programme.grants.get(*index).map(|grant| &grant.terms.kpi_weights);
        weights
            .and_then(|weights| weights.get(usize::from(number)))
            .is_some_and(|weight| *weight > 0)
    };
    let grants = (0..programme.grants.len()).filter(weighted);
    // All grants have the same score of a shared KPI.
    let rows = if kpi.scope == Scope::Shared { 1 } else { usize::MAX };
    for index in grants.take(rows) {
        let (name, grant) = match (kpi.scope, programme.grants.get(index)) {
            (Scope::Individual, Some(named)) => (format!("{}, {}", kpi.name, named.name), u32::try_from(index).ok()),
            _ => (kpi.name.clone(), None),
        };
        let settled = stage.record.grants.get(index);
        let settled = settled.and_then(|record| record.settlement(usize::from(period)));
        let score = settled.and_then(|settled| settled.scores.get(usize::from(number)));
        let score = *score.context("a period was not settled")?;
        let resolved = stage.record.resolved.get(&(number, period, grant));
        let cells = match resolved {
            Some(resolved) => {
                let result = match score.cmp(&FULL_SCORE) {
                    std::cmp::Ordering::Less => "missed the target",
                    std::cmp::Ordering::Equal => "met the target",
                    std::cmp::Ordering::Greater => "beat the target",
                };
                [
                    value(resolved.value, kpi),
                    reporters(resolved, oracles, stage),
                    result.to_owned(),
                ]
            }
            None => [
                "-".to_owned(),
                "nobody".to_owned(),
                "never reported: the default score counts".to_owned(),
            ],
        };
        let score = count(score);
        table.row([name].into_iter().chain(cells).chain([score]));
    }
    Ok(())
}

/// The final statement.
pub fn end(programme: &Programme, stage: &Stage, statement: &Statement, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nFinal statement, in tokens:")?;
    statement::grants(programme, &stage.record)?.write(out)?;
    writeln!(
        out,
        "Held is the most that any scores could have earned; what of it was not earned has returned to the treasury."
    )?;
    if let Some(values) = Values::read(programme, stage)? {
        promises::end(programme, &values, out)?;
    }
    writeln!(out, "\nThe vault, in tokens:")?;
    statement.write(programme.decimals, out)?;
    crate::units::write(&stage.units, stage.chain.transactions(), out)
}
