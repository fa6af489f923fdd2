//! The report as Markdown, for a web page or a repository: with whole keys and hashes.

use {
    super::lines,
    crate::{
        context::{reference::kpi_name, time::Moment},
        shown::{
            grant::{scores_text, status},
            measurement::{basis, deciding, outcome, state, voter},
            names::Names,
            plan::{scope_text, stage_text},
            text::markdown,
        },
    },
    earnout::state::{Kpi, Scope},
    earnout_sdk::{
        amount::{count, tokens, total},
        statement::{Measurement, PeriodReport, Statement},
    },
    std::io::{self, Write},
};

/// Writes the whole report.
///
/// # Errors
/// If the writer fails.
pub fn write(out: &mut impl Write, report: &Statement, decimals: u8) -> io::Result<()> {
    let sources = &report.sources;
    let plan = &sources.plan;
    writeln!(out, "# Statement of plan `{}`\n", sources.address)?;
    writeln!(out, "On {}, in tokens of `{}`.", Moment(sources.now), plan.mint)?;
    if let Some(closing) = &sources.closing {
        let sent = tokens(closing.amount, decimals);
        let (time, to) = (Moment(closing.mark.closed_at), closing.destination);
        writeln!(out, "The plan was closed on {time}; {sent} went to `{to}`.")?;
    }
    writeln!(out, "\n## KPIs\n")?;
    head(out, &["#:", "name", "scope", "silence scores:", "rubric SHA-256"])?;
    for (number, kpi) in plan.kpis().iter().enumerate() {
        let name = markdown(&kpi_name(kpi));
        let (scope, silence) = (scope_text(kpi), count(kpi.default_score));
        writeln!(
            out,
            "| {number} | {name} | {scope} | {silence} | `{}` |",
            hex::encode(kpi.rubric_hash)
        )?;
    }
    for period in report.periods.iter().filter(|period| period.times.end <= sources.now) {
        self::period(out, report, period, decimals)?;
    }
    grants(out, report, decimals)?;
    sums(out, report, decimals)
}

fn period(out: &mut impl Write, report: &Statement, period: &PeriodReport, decimals: u8) -> io::Result<()> {
    let times = &period.times;
    writeln!(out, "\n## Period {}\n", times.period)?;
    writeln!(
        out,
        "{} to {}; {}; {} of {} grants settled.\n",
        Moment(times.start),
        Moment(times.end),
        stage_text(period.stage),
        count(period.settled),
        count(period.grants)
    )?;
    head(
        out,
        &[
            "KPI",
            "grant",
            "value:",
            "score:",
            "by",
            "attested by",
            "evidence SHA-256",
            "state",
        ],
    )?;
    for (number, kpi) in (0u8..).zip(report.sources.plan.kpis()) {
        let weighted = lines(report, period).map(|(grant, _)| grant);
        let weighted = weighted.filter(|grant| grant.state.kpi_weights[usize::from(number)] > 0);
        let shared = kpi.scope == Scope::Shared.to_byte();
        for grant in weighted.take(if shared { 1 } else { usize::MAX }) {
            let index = grant.state.index;
            if let Ok(measurement) = report.measurement(number, times.period, index) {
                let whose = if shared { "all".to_owned() } else { index.to_string() };
                row(out, kpi, &whose, &measurement)?;
            }
        }
    }
    writeln!(out)?;
    head(
        out,
        &[
            "grant:",
            "beneficiary",
            "tranche:",
            "scores:",
            "earned:",
            "bonus:",
            "returned:",
            "claimed:",
        ],
    )?;
    for (grant, line) in lines(report, period) {
        let tokens = |amount| tokens(amount, decimals);
        writeln!(
            out,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} |",
            grant.state.index,
            grant.state.beneficiary,
            tokens(line.tranche),
            scores_text(grant, line),
            line.settlement
                .map_or("not settled".to_owned(), |settled| tokens(settled.earned)),
            line.bonus.map_or("-".to_owned(), tokens),
            tokens(line.returned),
            tokens(line.claimed),
        )?;
    }
    if let Some(pool) = &period.pool {
        let [all, paid, left] = [pool.pool, pool.paid, pool.left_over].map(|amount| tokens(amount, decimals));
        writeln!(
            out,
            "\nThe pool: {all}, of which {paid} were paid as bonuses and {left} were left over."
        )?;
    }
    Ok(())
}

fn row(out: &mut impl Write, kpi: &Kpi, whose: &str, measurement: &Measurement) -> io::Result<()> {
    let quoted = |text: String| format!("`{text}`");
    let voters: Vec<_> = deciding(measurement)
        .map(|vote| quoted(voter(vote, &Names::default())))
        .collect();
    let evidence: Vec<_> = deciding(measurement)
        .map(|vote| quoted(hex::encode(vote.evidence)))
        .collect();
    writeln!(
        out,
        "| {} | {whose} | {} | {} | {} | {} | {} | {} |",
        markdown(&kpi_name(kpi)),
        markdown(&outcome(kpi, measurement)),
        count(measurement.reading.score),
        basis(measurement),
        voters.join("<br>"),
        evidence.join("<br>"),
        state(measurement)
    )
}

fn grants(out: &mut impl Write, report: &Statement, decimals: u8) -> io::Result<()> {
    writeln!(out, "\n## Grants\n")?;
    head(
        out,
        &[
            "#:",
            "address",
            "beneficiary",
            "status",
            "allocated:",
            "cancelled:",
            "earned:",
            "bonus:",
            "returned:",
            "forfeited:",
            "claimed:",
            "claimable:",
        ],
    )?;
    for (number, grant) in &report.grants {
        let state = &grant.state;
        let amounts = [
            state.allocation,
            grant.cancelled,
            state.earned,
            state.bonus,
            grant.returned,
            grant.forfeited,
            state.claimed,
            grant.claimable,
        ];
        let amounts = amounts.map(|amount| tokens(amount, decimals)).join(" | ");
        let (address, beneficiary, status) = (grant.address, state.beneficiary, status(grant));
        writeln!(
            out,
            "| {number} | `{address}` | `{beneficiary}` | {status} | {amounts} |"
        )?;
    }
    Ok(())
}

fn sums(out: &mut impl Write, report: &Statement, decimals: u8) -> io::Result<()> {
    let totals = &report.totals;
    writeln!(out, "\n## All grants\n")?;
    head(out, &["", "tokens:"])?;
    let lines = [
        ("allocated", totals.allocated),
        ("cancelled", totals.cancelled),
        ("earned", totals.earned),
        ("bonus", totals.bonus),
        ("returned", totals.returned),
        ("left over in pools", totals.left_over),
        ("forfeited", totals.forfeited),
        ("claimed", totals.claimed),
        ("claimable", totals.claimable),
    ];
    for (name, amount) in lines {
        writeln!(out, "| {name} | {} |", total(amount, decimals))?;
    }
    let vault = &report.vault;
    writeln!(out, "\n## Vault\n")?;
    head(out, &["", "tokens:"])?;
    let lines = [
        ("balance", i128::from(vault.balance)),
        ("reserved for what can still be earned", vault.reserved.into()),
        ("owed: earned and not yet claimed", vault.owed.into()),
        ("pooled: bonuses not yet collected", vault.pooled.into()),
        ("surplus that no grant can ever claim", vault.surplus),
        ("funded", vault.funded.into()),
        ("claimed", vault.claimed.into()),
        ("withdrawn to the treasury", vault.withdrawn.into()),
        ("came in otherwise", vault.donated),
    ];
    for (name, amount) in lines {
        let sign = if amount < 0 { "-" } else { "" };
        writeln!(out, "| {name} | {sign}{} |", total(amount.unsigned_abs(), decimals))?;
    }
    writeln!(out, "\n## Agreement\n")?;
    if report.findings.is_empty() {
        return writeln!(
            out,
            "All recorded amounts agree with the settlements computed again from the attested values."
        );
    }
    for finding in &report.findings {
        writeln!(out, "- {}", markdown(&finding.to_string()))?;
    }
    Ok(())
}

/// The head of a table. Columns whose name ends with `:` are aligned to the right.
fn head(out: &mut impl Write, columns: &[&str]) -> io::Result<()> {
    let names: Vec<_> = columns.iter().map(|column| column.trim_end_matches(':')).collect();
    let rules = columns
        .iter()
        .map(|column| if column.ends_with(':') { "---:" } else { "---" });
    let rules: Vec<_> = rules.collect();
    writeln!(out, "| {} |\n| {} |", names.join(" | "), rules.join(" | "))
}
