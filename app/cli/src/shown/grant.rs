//! A grant: its terms, its amounts, its periods, and what it would earn if the scores stayed as they are.

use {
    super::{
        fields::Fields,
        measurement,
        names::Names,
        plan::{findings, findings_json, merge},
        sheet::Sheet,
        text::{quoted, safe},
        units,
    },
    crate::{
        context::{
            reference::{kpi_name, plan_name},
            time::Moment,
        },
        fault::{Exit, Fault},
    },
    earnout::state::{
        CLAIM_LOCKED, DISPUTE_BARRED, FORFEITED, Grant, Plan, REVOCABLE, Release, Results, TRANSFERABLE, Termination,
    },
    earnout_core::calendar::Calendar,
    earnout_sdk::{
        report::{
            projection::{Projected, project},
            statement::{GrantReport, Line, Measurement, Statement},
        },
        text::amount::{self, fixed, tokens},
    },
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Everything there is to know about a grant.
#[derive(Debug)]
pub struct GrantView {
    statement: Statement,
    number: u32,
    decimals: u8,
    names: Names,
    next: Option<Next>,
    cliff: i64,
    projection: Vec<Projected>,
    /// The results that were carried forward.
    results: Results,
}

/// The next time at which more can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Unix seconds.
    pub time: i64,
    /// What happens then.
    pub why: &'static str,
}

impl GrantView {
    /// `decimals` are the token's. `number` is one of the statement's grants.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn new(statement: Statement, number: u32, decimals: u8, names: Names) -> Result<Self, Fault> {
        let report = grant_of(&statement, number)?;
        let plan = &statement.sources.plan;
        let results = latest_results(&statement, report);
        let known = |period| match report.lines.iter().find(|line| line.period == period) {
            Some(line) => line.results,
            None => results,
        };
        let projection = project(plan, &report.state, known)?;
        let calendar = plan.calendar()?;
        let first = report.state.first_period.saturating_add(report.state.cliff_periods);
        let cliff = calendar
            .boundary(first)
            .map_err(earnout_sdk::report::projection::ProjectionError::from)?;
        let next = next(&statement, report, &calendar, cliff);
        Ok(Self {
            number,
            decimals,
            names,
            next,
            cliff,
            projection,
            results,
            statement,
        })
    }

    /// The report behind it.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    fn report(&self) -> Option<&GrantReport> {
        self.statement.grants.get(&self.number)
    }

    fn tokens(&self, amount: u64) -> String {
        tokens(amount, self.decimals)
    }

    /// What will have been earned in total if the scores stay as they are.
    fn projected(&self, grant: &Grant) -> u64 {
        let to_come = self.projection.iter().map(|period| period.settlement.earned);
        to_come.fold(grant.earned, u64::saturating_add)
    }

    fn facts(&self, report: &GrantReport) -> Fields {
        let grant = &report.state;
        let plan = &self.statement.sources.plan;
        let mut facts = Fields::default();
        facts.say("plan", plan_text(&self.statement));
        facts.say("status", status(report));
        facts.say("beneficiary", self.names.full(&grant.beneficiary));
        if let Some(label) = self.names.label(self.number, &grant.beneficiary) {
            facts.say("label", format!("{}, as the document or file calls it", quoted(label)));
        }
        if grant.pending_beneficiary != Pubkey::default() {
            facts.say("offered to", self.names.full(&grant.pending_beneficiary));
        }
        facts.say("terms", flags(grant).join(", "));
        facts.say(
            "periods",
            format!(
                "{} to {} ({})",
                grant.first_period,
                grant.end_period.saturating_sub(1),
                grant.periods
            ),
        );
        facts.say("cliff", Moment(self.cliff));
        facts.say("weights", weights(plan, grant));
        match units::value(plan, grant) {
            Some(value) => {
                facts.say("value", format!("{value} for full scores, at the price of each period"));
                facts.say(
                    "cap",
                    format!("{}: the most that full scores pay", self.tokens(grant.allocation)),
                );
                let reach = units::reach(plan, grant).unwrap_or_default();
                facts.say("cap reaches", format!("down to {reach}"));
                let cut = units::cut_off_sum(report.cut_off(), self.decimals);
                facts.say("cut off", format!("{cut} so far, by the cap: lost"));
                facts.say(
                    "unused",
                    format!("{} so far, left of the cap by the price", self.tokens(report.unused)),
                );
            }
            None => facts.say("allocated", self.tokens(grant.allocation)),
        }
        if report.cancelled > 0 {
            facts.say("cancelled", self.tokens(report.cancelled));
        }
        facts.say("earned", self.tokens(grant.earned));
        facts.say("bonus", self.tokens(grant.bonus));
        if report.is_forfeited() {
            facts.say("forfeited", self.tokens(report.forfeited));
        }
        facts.say("returned", self.tokens(report.returned));
        facts.say("vested", self.tokens(report.vested));
        facts.say("claimed", self.tokens(grant.claimed));
        facts.say("claimable", self.tokens(report.claimable));
        facts.say("reserved", self.tokens(grant.reserved));
        if grant.carry > 0 {
            facts.say("carried", self.tokens(grant.carry));
        }
        match self.next {
            Some(next) => facts.say("next date", format!("{}: {}", Moment(next.time), next.why)),
            None => facts.say("next date", "none"),
        }
        facts
    }
}

/// The plan's address and what it calls itself.
fn plan_text(statement: &Statement) -> String {
    let sources = &statement.sources;
    format!("{} {}", sources.address, quoted(&plan_name(&sources.plan)))
}

/// The grant of this number.
///
/// # Errors
/// If the statement has none.
pub fn grant_of(statement: &Statement, number: u32) -> Result<&GrantReport, Fault> {
    let (plan, missing) = (&statement.sources.address, &statement.sources.missing);
    statement.grants.get(&number).ok_or_else(|| match missing.is_empty() {
        true => {
            Fault::new(format!("plan {plan} has no grant {number}")).advice("`earnout grant list` shows its grants")
        }
        false => Fault::new(format!("INCOMPLETE: grant {number} of plan {plan} cannot be shown"))
            .why(missing.join("; "))
            .advice("ask another endpoint (-u), which keeps the whole history")
            .exit(Exit::Partly),
    })
}

/// The results of the newest period for which there is a value; where there is none yet full scores, and the price that
/// counts under silence.
fn latest_results(statement: &Statement, report: &GrantReport) -> Results {
    if let Some(line) = report.lines.last() {
        return line.results;
    }
    let mut scores = [earnout_core::FULL_SCORE; earnout_core::MAX_KPIS];
    let weights = report.state.kpi_weights;
    let count = statement.sources.plan.kpis().len();
    for (score, weight) in scores.iter_mut().zip(weights).take(count) {
        if weight == 0 {
            *score = 0;
        }
    }
    let price = statement.sources.plan.price().map(|(_, kpi)| kpi.default_price);
    Results { scores, price }
}

/// When more can be claimed, if nothing unexpected happens.
fn next(statement: &Statement, report: &GrantReport, calendar: &Calendar, cliff: i64) -> Option<Next> {
    let (grant, now) = (&report.state, statement.sources.now);
    let all = grant.earned.saturating_add(grant.bonus);
    let streams = statement.sources.plan.release().ok()? == Release::Linear;
    let next = if grant.has(FORFEITED) {
        return None;
    } else if streams && now >= cliff && report.vested < all {
        let end = calendar.boundary(grant.next_period.checked_add(1)?).ok()?;
        (end, "what streams since the last settlement has vested")
    } else if now < cliff && all > 0 {
        (cliff, "the cliff ends")
    } else if !grant.is_settled() {
        let times = statement.periods.get(usize::from(grant.next_period))?.times;
        match now < times.end {
            true => (times.end, "the period ends and can be evaluated"),
            false => (times.settle_deadline, "the period settles at the latest"),
        }
    } else {
        return None;
    };
    Some(match next {
        (time, _) if time < cliff => Next {
            time: cliff,
            why: "the cliff ends",
        },
        (time, why) => Next { time, why },
    })
}

/// How the grant was ended before its time; none if it was not.
pub fn ended(grant: &Grant) -> Option<&'static str> {
    match grant.termination().ok()? {
        Termination::None => None,
        Termination::Terminated => Some("terminated"),
        Termination::Resigned => Some("resigned"),
    }
}

/// Where a grant stands, in words.
pub fn status(report: &GrantReport) -> String {
    let grant = &report.state;
    let ended = ended(grant);
    let mut text = match (report.closed, ended) {
        (true, _) => "closed".to_owned(),
        (false, Some(ended)) => format!("{ended} on {}", Moment(grant.ended_at)),
        (false, None) if grant.is_settled() => "all periods settled".to_owned(),
        (false, None) => "running".to_owned(),
    };
    if report.is_forfeited() {
        text.push_str(", forfeited");
    }
    text
}

fn flags(grant: &Grant) -> Vec<&'static str> {
    let pick = |flag, set, unset| if grant.has(flag) { set } else { unset };
    let mut texts = vec![
        pick(REVOCABLE, "revocable", "not revocable"),
        pick(TRANSFERABLE, "transferable", "not transferable"),
        pick(
            CLAIM_LOCKED,
            "only the beneficiary claims",
            "anyone may claim for the beneficiary",
        ),
    ];
    if grant.has(DISPUTE_BARRED) {
        texts.push("may not dispute again");
    }
    texts
}

/// What weighs how much.
pub fn weights(plan: &Plan, grant: &Grant) -> String {
    let time = (grant.time_weight > 0).then(|| format!("time {} %", fixed(grant.time_weight.into(), 2)));
    let kpis = plan
        .kpis()
        .iter()
        .zip(grant.kpi_weights)
        .filter(|(_, weight)| *weight > 0);
    let kpis = kpis.map(|(kpi, weight)| format!("{} {} %", safe(&kpi_name(kpi)), fixed(weight.into(), 2)));
    time.into_iter().chain(kpis).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for GrantView {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(report) = self.report() else {
            return Ok(());
        };
        let plan = &self.statement.sources.plan;
        writeln!(out, "Grant {} ({})", self.number, report.address)?;
        writeln!(out, "{}", self.facts(report).indented())?;
        if !report.lines.is_empty() {
            let in_units = report.state.is_in_units();
            let mut headings = vec![">#"];
            if in_units {
                headings.extend([">units", ">price", ">cut off"]);
            }
            headings.extend([
                ">tranche",
                "values",
                "scores",
                ">earned",
                ">bonus",
                ">returned",
                ">claimed",
            ]);
            let mut sheet = Sheet::new(headings);
            for line in &report.lines {
                let values = measured(&self.statement, report, line.period);
                let values: Vec<_> = values
                    .iter()
                    .filter(|(kpi, _)| report.state.has_weight(*kpi))
                    .map(|(kpi, measurement)| {
                        plan.kpis()
                            .get(usize::from(*kpi))
                            .map_or(String::new(), |kpi| measurement::outcome(kpi, measurement))
                    })
                    .collect();
                let mut row = vec![line.period.to_string()];
                if in_units {
                    row.extend(units::cells(plan, line.priced.as_ref(), self.decimals));
                }
                row.extend([
                    self.tokens(line.tranche),
                    values.join(", "),
                    scores_text(report, line),
                    line.settlement
                        .map_or("not settled".to_owned(), |settled| self.tokens(settled.earned)),
                    line.bonus.map_or("-".to_owned(), |bonus| self.tokens(bonus)),
                    self.tokens(line.returned),
                    self.tokens(line.claimed),
                ]);
                sheet.row(row);
            }
            writeln!(out, "\nPeriods that have ended\n{sheet}")?;
        }
        if !self.projection.is_empty() {
            let in_units = report.state.is_in_units();
            let mut headings = vec![">#"];
            if in_units {
                headings.extend([">units", ">price", ">cut off"]);
            }
            headings.extend([">tranche", ">would earn", ">not earned"]);
            let mut sheet = Sheet::new(headings);
            for period in &self.projection {
                let mut row = vec![period.period.to_string()];
                if in_units {
                    row.extend(units::cells(plan, period.priced.as_ref(), self.decimals));
                }
                row.extend([
                    self.tokens(period.tranche),
                    self.tokens(period.settlement.earned),
                    self.tokens(period.settlement.unearned),
                ]);
                sheet.row(row);
            }
            let all = self.tokens(self.projected(&report.state));
            let basis = match (report.lines.is_empty(), in_units) {
                (true, false) => "if every target is met",
                (true, true) => "if every target is met and nobody reports a price",
                (false, false) => "if the scores stay as they are",
                (false, true) => "if scores and price stay as they are",
            };
            writeln!(out, "\nTo come {basis}, bonuses not counted: {all} in total\n{sheet}")?;
        }
        findings(out, &self.statement)
    }
}

impl Serialize for GrantView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(report) = self.report() else {
            return serializer.serialize_none();
        };
        let mut value = grant_json(&self.statement, report);
        let projection = self.projection.iter().map(|period| {
            json!({
                "period": period.period,
                "tranche": period.tranche.to_string(),
                "inUnits": units::json(&self.statement.sources.plan, period.priced.as_ref()),
                "earned": period.settlement.earned.to_string(),
                "unearned": period.settlement.unearned.to_string(),
            })
        });
        let lines: Vec<_> = report
            .lines
            .iter()
            .map(|line| line_json(&self.statement, report, line, true))
            .collect();
        merge(
            &mut value,
            json!({
                "plan": self.statement.sources.address.to_string(),
                "planName": plan_name(&self.statement.sources.plan),
                "label": self.names.label(self.number, &report.state.beneficiary),
                "time": self.statement.sources.now,
                "decimals": self.decimals,
                "cliff": self.cliff,
                "next": self.next.map(|next| json!({ "time": next.time, "why": next.why })),
                "lines": lines,
                "projection": {
                    "price": self.results.price.filter(|_| report.state.is_in_units()).map(|price| price.to_string()),
                    "scores": self.results.scores.iter().take(self.statement.sources.plan.kpis().len()).collect::<Vec<_>>(),
                    "earned": self.projected(&report.state).to_string(),
                    "periods": projection.collect::<Vec<_>>(),
                },
                "findings": findings_json(&self.statement),
            }),
        );
        value.serialize(serializer)
    }
}

/// The KPIs that pay the grant, the price first, and what is known about them for a period.
pub fn measured(statement: &Statement, report: &GrantReport, period: u16) -> Vec<(u8, Measurement)> {
    let paid_by = report.state.paid_by(&statement.sources.plan);
    paid_by
        .filter_map(|(kpi, _)| Some((kpi, statement.measurement(kpi, period, report.state.index).ok()?)))
        .collect()
}

/// The scores of the KPIs on which the grant has weight.
pub fn scores_text(report: &GrantReport, line: &Line) -> String {
    let weighted = report
        .state
        .kpi_weights
        .iter()
        .zip(line.results.scores)
        .filter(|(weight, _)| **weight > 0);
    let scores: Vec<_> = weighted.map(|(_, score)| amount::count(score)).collect();
    match scores.is_empty() {
        true => "-".to_owned(),
        false => scores.join(", "),
    }
}

/// A grant without its periods.
pub fn grant_json(statement: &Statement, report: &GrantReport) -> Value {
    let grant = &report.state;
    let kpis = statement.sources.plan.kpis().len();
    json!({
        "grant": report.address.to_string(),
        "number": grant.index,
        "beneficiary": grant.beneficiary.to_string(),
        "pendingBeneficiary": Some(grant.pending_beneficiary).filter(|key| *key != Pubkey::default()).map(|key| key.to_string()),
        "closed": report.closed,
        "revocable": grant.has(REVOCABLE),
        "transferable": grant.has(TRANSFERABLE),
        "claimLocked": grant.has(CLAIM_LOCKED),
        "forfeited": grant.has(FORFEITED),
        "disputeBarred": grant.has(DISPUTE_BARRED),
        "termination": ended(grant),
        "createdAt": grant.created_at,
        "endedAt": Some(grant.ended_at).filter(|time| *time != 0),
        "firstPeriod": grant.first_period,
        "periods": grant.periods,
        "endPeriod": grant.end_period,
        "nextPeriod": grant.next_period,
        "cliffPeriods": grant.cliff_periods,
        "timeWeight": grant.time_weight,
        "kpiWeights": grant.kpi_weights.iter().take(kpis).collect::<Vec<_>>(),
        "allocated": grant.allocation.to_string(),
        "unitAllocation": grant.is_in_units().then(|| grant.unit_allocation.to_string()),
        "lowestPrice": units::lowest_json(&statement.sources.plan, grant),
        "unused": report.unused.to_string(),
        "cutOff": report.cut_off().map(|amount| amount.to_string()),
        "cancelled": report.cancelled.to_string(),
        "earned": grant.earned.to_string(),
        "bonus": grant.bonus.to_string(),
        "returned": report.returned.to_string(),
        "forfeitedAmount": report.forfeited.to_string(),
        "vested": report.vested.to_string(),
        "claimed": grant.claimed.to_string(),
        "claimable": report.claimable.to_string(),
        "reserved": grant.reserved.to_string(),
        "carry": grant.carry.to_string(),
    })
}

/// A grant's period. With `all`, also the values of shared KPIs, which a statement has once for all grants.
pub fn line_json(statement: &Statement, report: &GrantReport, line: &Line, all: bool) -> Value {
    let plan = &statement.sources.plan;
    let kpi = |number: u8| plan.kpis().get(usize::from(number));
    let values = measured(statement, report, line.period)
        .into_iter()
        .filter_map(|(number, measurement)| {
            let kpi = kpi(number)?;
            let wanted = all || kpi.scope == earnout::state::Scope::Individual.to_byte();
            wanted.then(|| measurement::json(number, kpi, &measurement))
        });
    json!({
        "period": line.period,
        "settled": line.settlement.is_some(),
        "tranche": line.tranche.to_string(),
        "inUnits": units::json(plan, line.priced.as_ref()),
        "scores": line.results.scores.iter().take(plan.kpis().len()).collect::<Vec<_>>(),
        "earned": line.settlement.map(|settled| settled.earned.to_string()),
        "unearned": line.settlement.map(|settled| settled.unearned.to_string()),
        "carried": line.settlement.map(|settled| settled.carry.to_string()),
        "pooled": line.settlement.map(|settled| settled.pooled.to_string()),
        "returned": line.returned.to_string(),
        "bonus": line.bonus.map(|bonus| bonus.to_string()),
        "claimed": line.claimed.to_string(),
        "values": values.collect::<Vec<_>>(),
    })
}
