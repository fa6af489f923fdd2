//! The report as JSON, written grant by grant.

use {
    crate::{
        context::{document::Beside, evidence::Found},
        shown::{
            grant::{grant_json, line_json},
            measurement,
            plan::{findings_json, merge, period_json, terms_json, totals_json, vault_json},
        },
    },
    earnout::state::Scope,
    earnout_sdk::{
        document::Labels,
        report::statement::{GrantReport, PeriodReport, Statement},
    },
    serde::{Serialize, Serializer, ser::SerializeMap},
    serde_json::{Value, json},
};

pub struct View<'a> {
    pub report: &'a Statement,
    pub decimals: u8,
    pub beside: &'a Beside,
    /// The evidence, if it was looked for.
    pub evidence: Option<&'a [Found]>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        let sources = &report.sources;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &sources.now)?;
        let mut terms = terms_json(&sources.plan, sources.address, self.decimals);
        self.beside.add_rubrics(&mut terms);
        map.serialize_entry("terms", &terms)?;
        map.serialize_entry("closedAt", &sources.closing.map(|closing| closing.mark.closed_at))?;
        map.serialize_entry("totals", &totals_json(&report.totals))?;
        map.serialize_entry("vault", &vault_json(&sources.plan, &report.vault))?;
        map.serialize_entry("findings", &findings_json(report))?;
        let evidence = self.evidence.map(|all| {
            let all = all.iter().map(|one| one.json(&sources.plan));
            all.collect::<Vec<_>>()
        });
        map.serialize_entry("evidence", &evidence)?;
        map.serialize_entry("periods", &Periods(report))?;
        map.serialize_entry("grants", &Grants(report, &self.beside.labels))?;
        map.end()
    }
}

struct Periods<'a>(&'a Statement);

impl Serialize for Periods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.periods.iter().map(|period| with_values(self.0, period)))
    }
}

/// A period with the values of the shared KPIs.
fn with_values(report: &Statement, period: &PeriodReport) -> Value {
    let mut value = period_json(period);
    let plan = &report.sources.plan;
    let ended = period.times.end <= report.sources.now;
    let shared = (0u8..)
        .zip(plan.kpis())
        .filter(|(_, kpi)| ended && kpi.scope == Scope::Shared.to_byte());
    let values = shared.filter_map(|(number, kpi)| {
        let measurement = report.measurement(number, period.times.period, 0).ok()?;
        Some(measurement::json(number, kpi, &measurement))
    });
    merge(&mut value, json!({ "values": values.collect::<Vec<_>>() }));
    value
}

struct Grants<'a>(&'a Statement, &'a Labels);

impl Serialize for Grants<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.grants.values().map(|grant| with_lines(self.0, grant, self.1)))
    }
}

fn with_lines(report: &Statement, grant: &GrantReport, labels: &Labels) -> Value {
    let mut value = grant_json(report, grant);
    let lines: Vec<_> = grant
        .lines
        .iter()
        .map(|line| line_json(report, grant, line, false))
        .collect();
    merge(
        &mut value,
        json!({ "label": labels.of(grant.state.index, &grant.state.beneficiary), "lines": lines }),
    );
    value
}
