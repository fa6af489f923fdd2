//! The report as CSV, for spreadsheets: sums over a column are the plan's sums.

use {
    super::lines,
    crate::{
        context::{evidence::Found, reference::kpi_name, time::Moment},
        shown::{
            grant::status,
            measurement::{basis, deciding, evidence, voter},
            names::Names,
            plan::stage_text,
            sheet::{csv, plain},
            text::cell,
        },
    },
    earnout::state::Plan,
    earnout_core::quorum::Outcome,
    earnout_sdk::{
        document::Labels,
        report::{
            priced::{Priced, lowest_price},
            statement::{EvidenceState, GrantReport, Line, Statement},
        },
        text::amount::{fixed, total},
        wire::accounts::padded_text,
    },
    std::{
        collections::BTreeMap,
        io::{self, Write},
    },
};

/// One line for each grant in each period that has ended.
///
/// # Errors
/// If the writer fails.
pub fn by_period(
    out: &mut impl Write,
    report: &Statement,
    decimals: u8,
    labels: &Labels,
    documents: Option<&[Found]>,
) -> io::Result<()> {
    let plan = &report.sources.plan;
    let states: Option<States> = documents.map(|all| all.iter().map(|one| (one.named.hash, one.state)).collect());
    let mut head: Vec<String> = [
        "period",
        "begins",
        "ends",
        "stage",
        "grant",
        "address",
        "beneficiary",
        "settled",
        "units",
        "unit",
        "price",
        "cap",
        "cut off",
        "unused",
        "tranche",
        "earned",
        "bonus",
        "returned",
        "carried",
        "pooled",
        "claimed",
    ]
    .map(str::to_owned)
    .into();
    for kpi in plan.kpis() {
        let name = cell(&kpi_name(kpi));
        let columns = ["value", "score", "by", "attested by", "evidence SHA-256"];
        head.extend(columns.map(|column| format!("{name}: {column}")));
        head.extend(states.as_ref().map(|_| format!("{name}: evidence")));
    }
    head.extend(label_column(labels).map(str::to_owned));
    let periods = report.periods.iter();
    let all = periods.flat_map(|period| lines(report, period).map(move |(grant, line)| (period, grant, line)));
    let rows = all.map(|(period, grant, line)| {
        let times = &period.times;
        let settled = if line.settlement.is_some() { "yes" } else { "no" };
        let plain = |amount| plain(amount, decimals);
        let settlement = line.settlement;
        let mut row = vec![
            times.period.to_string(),
            Moment(times.start).to_string(),
            Moment(times.end).to_string(),
            stage_text(period.stage).to_owned(),
            grant.state.index.to_string(),
            grant.address.to_string(),
            grant.state.beneficiary.to_string(),
            settled.to_owned(),
        ];
        row.extend(units(plan, line.priced.as_ref(), decimals));
        row.extend([
            plain(line.tranche),
            settlement.map_or(String::new(), |settled| plain(settled.earned)),
            line.bonus.map_or(String::new(), plain),
            plain(line.returned),
            settlement.map_or(String::new(), |settled| plain(settled.carry)),
            settlement.map_or(String::new(), |settled| plain(settled.pooled)),
            plain(line.claimed),
        ]);
        values(report, grant, line, states.as_ref(), &mut row);
        row.extend(label(labels, grant));
        row
    });
    csv(out, &head, rows)
}

/// Units, unit, price, cap, what it cut off and what the price left of it; nothing for a grant in tokens.
fn units(plan: &Plan, priced: Option<&Priced>, decimals: u8) -> [String; 6] {
    let Some(priced) = priced else {
        return [const { String::new() }; 6];
    };
    let price = plan.price().map(|(_, kpi)| fixed(priced.price, kpi.decimals));
    [
        plain(priced.units, plan.unit_decimals),
        padded_text(&plan.unit),
        price.unwrap_or_default().replace(',', ""),
        plain(priced.cap, decimals),
        cut_off(priced.cut_off().map(u128::from), decimals),
        plain(priced.unused(), decimals),
    ]
}

/// What a cap cut off; a sign that is no number where no amount can express it.
fn cut_off(amount: Option<u128>, decimals: u8) -> String {
    amount.map_or("too large".to_owned(), |amount| {
        total(amount, decimals).replace(',', "")
    })
}

/// What became of evidence, by its hash.
type States = BTreeMap<[u8; 32], EvidenceState>;

/// What is known about each KPI of the plan; nothing where it does not pay the grant.
fn values(report: &Statement, grant: &GrantReport, line: &Line, states: Option<&States>, row: &mut Vec<String>) {
    let kpis = (0u8..).zip(report.sources.plan.kpis());
    for ((number, kpi), score) in kpis.zip(line.results.scores) {
        let measurement = report.measurement(number, line.period, grant.state.index).ok();
        let is_paid_by = grant.state.is_paid_by(&report.sources.plan, number);
        let Some(measurement) = measurement.filter(|_| is_paid_by) else {
            row.extend([const { String::new() }; 5]);
            row.extend(states.map(|_| String::new()));
            continue;
        };
        let value = match measurement.reading.outcome {
            Outcome::Value(value) => fixed(value, kpi.decimals).replace(',', ""),
            Outcome::Silent => String::new(),
        };
        let voters: Vec<_> = deciding(&measurement)
            .map(|vote| voter(vote, &Names::default()))
            .collect();
        let hashes: Vec<_> = evidence(&measurement).map(hex::encode).collect();
        row.extend([
            value,
            match kpi.is_price() {
                true => String::new(),
                false => score.to_string(),
            },
            basis(&measurement).to_owned(),
            voters.join(" "),
            hashes.join(" "),
        ]);
        let state = |states: &States| {
            let of = |hash: &[u8; 32]| states.get(hash).map(ToString::to_string).unwrap_or_default();
            evidence(&measurement).map(of).collect::<Vec<_>>().join(" ")
        };
        row.extend(states.map(state));
    }
}

/// The heading of the labels, where there are any.
fn label_column(labels: &Labels) -> Option<&'static str> {
    (!labels.is_empty()).then_some("label")
}

/// What a grant is called, where any are called something.
fn label(labels: &Labels, grant: &GrantReport) -> Option<String> {
    let state = &grant.state;
    let label = || {
        labels
            .of(state.index, &state.beneficiary)
            .map_or_else(String::new, cell)
    };
    (!labels.is_empty()).then(label)
}

/// One line for each grant.
///
/// # Errors
/// If the writer fails.
pub fn by_grant(out: &mut impl Write, report: &Statement, decimals: u8, labels: &Labels) -> io::Result<()> {
    let head = [
        "grant",
        "address",
        "beneficiary",
        "status",
        "first period",
        "end period",
        "settled periods",
        "value",
        "unit",
        "paid in full from the price",
        "cut off",
        "unused",
        "allocated",
        "cancelled",
        "earned",
        "bonus",
        "returned",
        "forfeited",
        "vested",
        "claimed",
        "claimable",
        "reserved",
    ];
    let head: Vec<_> = head.into_iter().chain(label_column(labels)).collect();
    let plan = &report.sources.plan;
    let rows = report.grants.values().map(|grant| {
        let state = &grant.state;
        let in_units = match state.is_in_units() {
            true => {
                let lowest = lowest_price(plan, state).ok().flatten();
                let lowest = lowest
                    .zip(plan.price())
                    .map(|(lowest, (_, kpi))| fixed(lowest, kpi.decimals));
                [
                    plain(state.unit_allocation, plan.unit_decimals),
                    padded_text(&plan.unit),
                    lowest.unwrap_or_default().replace(',', ""),
                    cut_off(grant.cut_off(), decimals),
                    plain(grant.unused, decimals),
                ]
            }
            false => [const { String::new() }; 5],
        };
        let plain = |amount| plain(amount, decimals);
        let mut row = vec![
            state.index.to_string(),
            grant.address.to_string(),
            state.beneficiary.to_string(),
            status(grant),
            state.first_period.to_string(),
            state.end_period.to_string(),
            state.next_period.saturating_sub(state.first_period).to_string(),
        ];
        row.extend(in_units);
        row.extend([
            plain(state.allocation),
            plain(grant.cancelled),
            plain(state.earned),
            plain(state.bonus),
            plain(grant.returned),
            plain(grant.forfeited),
            plain(grant.vested),
            plain(state.claimed),
            plain(grant.claimable),
            plain(state.reserved),
        ]);
        row.into_iter().chain(label(labels, grant)).collect()
    });
    csv(out, &head, rows)
}
