//! `status`: what was measured, voted and held.

use {
    super::{DONE, LOOK, table::table},
    crate::{
        measure::{Bound, kpi_name, value},
        service::{Config, Daemon},
        vote::{Duty, Target},
    },
    anyhow::Result,
    earnout_sdk::{
        report::projection,
        text::{names::harmless, time},
    },
    serde::Serialize,
    std::collections::{HashMap, HashSet},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    feed: String,
    kpi: String,
    period: u16,
    grant: Option<u32>,
    state: &'static str,
    value: Option<String>,
    evidence: Option<String>,
    signature: Option<String>,
    closes: String,
    note: String,
}

pub async fn run(config: Config, json: bool) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let now = daemon.endpoints.now().await?;
    let mut lines = Vec::new();
    let holds = daemon.journal().holds()?.into_iter();
    let holds: HashMap<Target, String> = holds.map(|held| (held.target, held.reason)).collect();
    for address in daemon.config.plans() {
        let state = daemon.endpoints.plan(address, true).await?;
        for feed in daemon.feeds_of(address) {
            let bound = Bound::new(feed, &state.plan)?;
            // What is open or to come, and every vote that was made.
            let (plan, grants) = (&state.plan, &state.grants);
            let mut due = bound.unsettled(plan, grants, &feed.identities()?, &daemon.oracle())?;
            due.retain(|duty| now < duty.closes);
            let open: HashSet<Target> = due.iter().map(|duty| duty.target).collect();
            for times in projection::schedule(&state.plan)? {
                let voted = daemon.journal().voted(&address, times.period)?;
                for target in voted {
                    if target.kpi == bound.kpi && !open.contains(&target) {
                        let mut duty = bound.duty(&times, None);
                        duty.target = target;
                        lines.push(line(&daemon, &bound, &duty, &holds, now)?);
                    }
                }
            }
            for duty in &due {
                lines.push(line(&daemon, &bound, duty, &holds, now)?);
            }
        }
    }
    let held = lines.iter().any(|line| line.state == "held");
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        let mut table = table(&["feed", "KPI", "period", "grant", "state", "value", "window closes", ""]);
        for line in &lines {
            table.add_row([
                line.feed.as_str(),
                &line.kpi,
                &line.period.to_string(),
                &line.grant.map(|grant| grant.to_string()).unwrap_or_default(),
                line.state,
                line.value.as_deref().unwrap_or_default(),
                &line.closes,
                &line.note,
            ]);
        }
        println!("{table}");
        let (signed, confirmed) = daemon.journal().transactions("confirmed")?;
        println!("transactions: {signed} signed, {confirmed} confirmed");
    }
    Ok(if held { LOOK } else { DONE })
}

fn line(daemon: &Daemon, bound: &Bound<'_>, duty: &Duty, holds: &HashMap<Target, String>, now: i64) -> Result<Line> {
    let journal = daemon.journal();
    let decimals = bound.terms.decimals;
    let held = holds.get(&duty.target);
    let (vote, measured) = (journal.vote(&duty.target)?, journal.measured(&duty.target)?);
    let state = match (&vote, &held, &measured) {
        (Some(_), ..) => "voted",
        (None, Some(_), _) => "held",
        (None, None, Some(_)) => "measured",
        _ if now < duty.measure_at => "waiting",
        _ => "due",
    };
    let value = vote.map(|vote| vote.value).or(measured.map(|measured| measured.value));
    let evidence = vote
        .and_then(|vote| vote.evidence)
        .or(measured.map(|measured| measured.evidence));
    let note = match (held, state) {
        (Some(reason), "held") => reason.clone(),
        (_, "waiting") => format!("due at {}", time::text(duty.measure_at)),
        _ => String::new(),
    };
    Ok(Line {
        feed: duty.feed.clone(),
        kpi: harmless(&kpi_name(&bound.terms)),
        period: duty.target.period,
        grant: duty.target.grant,
        state,
        value: value.map(|value| value::from_fixed(value, decimals).to_string()),
        evidence: evidence.map(hex::encode),
        signature: vote
            .and_then(|vote| vote.signature)
            .map(|signature| signature.to_string()),
        closes: time::text(duty.closes),
        note,
    })
}
