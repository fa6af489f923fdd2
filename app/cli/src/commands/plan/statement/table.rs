//! The report as tables for a terminal.

use {
    super::lines,
    crate::{
        context::{reference::kpi_name, time::Moment},
        shown::{
            grant::{scores_text, status},
            measurement::{basis, deciding, outcome, state},
            names::Names,
            plan::{findings, kpis_table, stage_text, totals_facts, vault_facts},
            table::Table,
            text::{safe, short},
        },
    },
    earnout::state::{Kpi, Scope},
    earnout_sdk::{
        amount::{count, tokens},
        statement::{GrantReport, Measurement, PeriodReport, Statement, Vote},
    },
    std::io::{self, Write},
};

/// Writes the whole report.
///
/// # Errors
/// If the writer fails.
pub fn write(out: &mut impl Write, report: &Statement, names: &Names, decimals: u8) -> io::Result<()> {
    let sources = &report.sources;
    writeln!(out, "Statement of plan {} on {}", sources.address, Moment(sources.now))?;
    writeln!(out, "in tokens of {}", sources.plan.mint)?;
    if let Some(closing) = &sources.closing {
        let sent = tokens(closing.amount, decimals);
        writeln!(
            out,
            "closed on {}: {sent} went to {}",
            Moment(closing.mark.closed_at),
            closing.destination
        )?;
    }
    writeln!(out, "\nKPIs\n{}", kpis_table(&sources.plan))?;
    for period in report.periods.iter().filter(|period| period.times.end <= sources.now) {
        let times = &period.times;
        writeln!(
            out,
            "\nPeriod {}: {} to {}, {}, {} of {} grants settled",
            times.period,
            Moment(times.start),
            Moment(times.end),
            stage_text(period.stage),
            count(period.settled),
            count(period.grants)
        )?;
        writeln!(out, "{}", values(report, period, names))?;
        writeln!(out, "\n{}", amounts(report, period, names, decimals))?;
        if let Some(pool) = &period.pool {
            let [all, paid, left] = [pool.pool, pool.paid, pool.left_over].map(|amount| tokens(amount, decimals));
            writeln!(out, "  pool {all}, bonuses paid {paid}, left over {left}")?;
        }
    }
    writeln!(out, "\nGrants\n{}", grants(report, names, decimals))?;
    writeln!(out, "\nAll grants\n{}", totals_facts(&report.totals, decimals))?;
    writeln!(out, "\nVault\n{}", vault_facts(&report.vault, decimals))?;
    let mut end = String::new();
    findings(&mut end, report).map_err(io::Error::other)?;
    writeln!(out, "{end}")
}

/// The values of a period: shared ones once, individual ones for each grant.
fn values(report: &Statement, period: &PeriodReport, names: &Names) -> Table {
    let mut table = Table::new([
        "KPI",
        "grant",
        ">value",
        ">score",
        "by",
        "attested by",
        "evidence",
        "state",
    ]);
    let number = period.times.period;
    for (kpi_number, kpi) in (0u8..).zip(report.sources.plan.kpis()) {
        let weighted = lines(report, period).map(|(grant, _)| grant);
        let weighted = weighted.filter(|grant| grant.state.kpi_weights[usize::from(kpi_number)] > 0);
        let shared = kpi.scope == Scope::Shared.to_byte();
        for grant in weighted.take(if shared { 1 } else { usize::MAX }) {
            let index = grant.state.index;
            if let Ok(measurement) = report.measurement(kpi_number, number, index) {
                let whose = if shared { "all".to_owned() } else { index.to_string() };
                table.row(row(kpi, whose, &measurement, names));
            }
        }
    }
    table
}

fn row(kpi: &Kpi, whose: String, measurement: &Measurement, names: &Names) -> [String; 8] {
    let voter = |vote: &Vote| {
        vote.oracle
            .map_or_else(|| format!("#{}", vote.position), |oracle| names.short(&oracle))
    };
    let voters: Vec<_> = deciding(measurement).map(voter).collect();
    let evidence: Vec<_> = deciding(measurement)
        .map(|vote| short(hex::encode(vote.evidence)))
        .collect();
    [
        safe(&kpi_name(kpi)),
        whose,
        outcome(kpi, measurement),
        count(measurement.reading.score),
        basis(measurement).to_owned(),
        voters.join(", "),
        evidence.join(", "),
        state(measurement),
    ]
}

fn amounts(report: &Statement, period: &PeriodReport, names: &Names, decimals: u8) -> Table {
    let mut table = Table::new([
        ">grant",
        "beneficiary",
        ">tranche",
        ">scores",
        ">earned",
        ">bonus",
        ">returned",
        ">claimed",
    ]);
    for (grant, line) in lines(report, period) {
        let tokens = |amount| tokens(amount, decimals);
        table.row([
            grant.state.index.to_string(),
            names.short(&grant.state.beneficiary),
            tokens(line.tranche),
            scores_text(grant, line),
            line.settlement
                .map_or("not settled".to_owned(), |settled| tokens(settled.earned)),
            line.bonus.map_or("-".to_owned(), tokens),
            tokens(line.returned),
            tokens(line.claimed),
        ]);
    }
    table
}

fn grants(report: &Statement, names: &Names, decimals: u8) -> Table {
    let mut table = Table::new([
        ">#",
        "beneficiary",
        "status",
        ">allocated",
        ">cancelled",
        ">earned",
        ">bonus",
        ">returned",
        ">forfeited",
        ">claimed",
        ">claimable",
    ]);
    for (number, grant) in &report.grants {
        let GrantReport {
            state,
            cancelled,
            returned,
            forfeited,
            claimable,
            ..
        } = grant;
        let tokens = |amount| tokens(amount, decimals);
        table.row([
            number.to_string(),
            names.full(&state.beneficiary),
            status(grant),
            tokens(state.allocation),
            tokens(*cancelled),
            tokens(state.earned),
            tokens(state.bonus),
            tokens(*returned),
            tokens(*forfeited),
            tokens(state.claimed),
            tokens(*claimable),
        ]);
    }
    table
}
