//! `status`: what was measured, voted and held, and where each vote stands among those of the others.

use {
    super::{DONE, LOOK, table::table},
    crate::{
        args::Status,
        measure::{Bound, Misfit, fit, kpi_name, value},
        service::{
            Config, Daemon,
            standing::{Position, Standing, position, tally},
        },
        vote::{Duty, Place, PlanState, Target, own_votes},
    },
    anyhow::Result,
    earnout_sdk::{
        report::projection,
        text::{amount::ranges, names::harmless, time},
        wire::Evaluation,
    },
    serde::Serialize,
    std::collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

/// Noted of a vote that nobody can verify.
const LACKS: &str = "its evidence is missing";

/// Grants of a feed and period that are shown one by one; more of them are told together.
const ONE_BY_ONE: usize = 20;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    feed: String,
    kpi: String,
    period: u16,
    grant: Option<u32>,
    /// Where one line is about several: their numbers, as ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<String>,
    /// How many values the line is about.
    count: usize,
    state: &'static str,
    /// Of this oracle, as it is on the chain, or else as it was measured.
    value: Option<String>,
    /// How the votes agree.
    agreement: Option<&'static str>,
    /// The value that would count if nothing more happened.
    stands: Option<String>,
    evidence: Option<String>,
    signature: Option<String>,
    closes: String,
    note: String,
}

/// Feed, period, state, agreement, and whether evidence is missing.
type Kind = (String, u16, &'static str, Option<&'static str>, bool);

impl Line {
    /// What lines have in common that are told together.
    fn kind(&self) -> Kind {
        let lacks = self.note == LACKS;
        (self.feed.clone(), self.period, self.state, self.agreement, lacks)
    }
}

pub async fn run(args: &Status, config: Config, json: bool) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let now = daemon.endpoints.now().await?;
    let (mut lines, mut misfits) = (Vec::new(), Vec::new());
    let holds = daemon.journal().holds()?.into_iter();
    let holds: HashMap<Target, String> = holds.map(|held| (held.target, held.reason)).collect();
    for address in daemon.config.plans() {
        let state = daemon.endpoints.plan(address, true).await?;
        let of_plan = OfPlan {
            daemon: &daemon,
            state: &state,
            holds: &holds,
            now,
        };
        misfits.extend(of_plan.lines(args.all, &mut lines).await?);
    }
    let is_urgent =
        |line: &Line| line.state == "held" || line.agreement == Some(Standing::Outvoted.name()) || line.note == LACKS;
    let look = lines.iter().any(is_urgent);
    let lines = if args.all { lines } else { told_together(lines) };
    if json {
        say!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        say!("{}", shown(&lines));
        let (signed, confirmed) = daemon.journal().transactions("confirmed")?;
        say!("transactions: {signed} signed, {confirmed} confirmed");
    }
    for misfit in &misfits {
        note!("feed {:?}: {}", misfit.feed, misfit.text);
    }
    Ok(if look || !misfits.is_empty() { LOOK } else { DONE })
}

/// One plan, as the chain has it.
struct OfPlan<'a> {
    daemon: &'a Daemon,
    state: &'a PlanState,
    /// Why values are held.
    holds: &'a HashMap<Target, String>,
    now: i64,
}

impl OfPlan<'_> {
    /// What is not settled, and with `all` also what is or comes after the next period.
    ///
    /// Returns why feeds do not do what their operator expects.
    async fn lines(&self, all: bool, lines: &mut Vec<Line>) -> Result<Vec<Misfit>> {
        let (daemon, address) = (self.daemon, self.state.address);
        let (plan, grants) = (&self.state.plan, &self.state.grants);
        let bound = daemon.feeds_of(address).map(|feed| Bound::new(feed, plan));
        let bound = bound.collect::<Result<Vec<_>, _>>()?;
        for bound in &bound {
            let feed = bound.feed;
            let mut duties = bound.unsettled(plan, grants, &feed.identities()?, &daemon.oracle())?;
            if !all {
                let next = duties
                    .iter()
                    .map(|duty| duty.opens)
                    .filter(|opens| self.now < *opens)
                    .min();
                duties.retain(|duty| duty.opens <= self.now || Some(duty.opens) == next);
            }
            let begun = duties.iter().filter(|duty| duty.opens <= self.now);
            let places: BTreeSet<Place> = begun.map(|duty| duty.target.place()).collect();
            let found = self.evaluations(places).await?;
            let votes = found
                .values()
                .flat_map(|evaluation| own_votes(evaluation, plan, &daemon.oracle()));
            let votes: HashMap<Target, i64> = votes.map(|(target, value, _)| (target, value)).collect();
            if all {
                let open: HashSet<Target> = duties.iter().map(|duty| duty.target).collect();
                for times in projection::schedule(plan)? {
                    let voted = daemon.journal().voted(&address, times.period)?;
                    for target in voted {
                        if target.kpi == bound.kpi && !open.contains(&target) {
                            let mut duty = bound.duty(&times, None);
                            duty.target = target;
                            lines.push(self.line(bound, &duty, None, None)?);
                        }
                    }
                }
            }
            for duty in &duties {
                let own = votes.get(&duty.target).copied();
                let tally = tally(found.get(&duty.target.place()), duty)?;
                let stands = position(plan, duty, &tally, own, self.now)?;
                lines.push(self.line(bound, duty, own, Some(stands))?);
            }
        }
        let together: Vec<&Bound<'_>> = bound.iter().collect();
        let interval = daemon.config.service.interval;
        Ok(fit::misfits(&together, plan, &daemon.oracle(), interval, self.now))
    }

    async fn evaluations(&self, places: BTreeSet<Place>) -> Result<BTreeMap<Place, Evaluation>> {
        let addresses: Vec<_> = places.iter().map(Place::address).collect();
        if addresses.is_empty() {
            return Ok(BTreeMap::new());
        }
        let endpoints = &self.daemon.endpoints;
        let found = endpoints
            .ask(async |client| client.evaluations(&addresses).await)
            .await?;
        let found = places.into_iter().zip(found);
        Ok(found.filter_map(|(place, found)| Some((place, found?))).collect())
    }

    /// A value, `own` as the chain has this oracle's vote. Without a `position` its period is settled.
    fn line(&self, bound: &Bound<'_>, duty: &Duty, own: Option<i64>, position: Option<Position>) -> Result<Line> {
        let journal = self.daemon.journal();
        let shown = |fixed| value::from_fixed(fixed, bound.terms.decimals).to_string();
        let (vote, measured) = (journal.vote(&duty.target)?, journal.measured(&duty.target)?);
        let held = self.holds.get(&duty.target);
        let standing = position.map(|position| position.standing);
        let state = match standing {
            None => "voted",
            Some(standing) if standing.is_voted() => "voted",
            Some(Standing::Missed | Standing::Decided) => standing.map_or("", Standing::name),
            Some(_) if vote.is_some() => "voted",
            Some(_) if held.is_some() => "held",
            Some(_) if measured.is_some() => "measured",
            Some(_) if self.now < duty.measure_at => "waiting",
            Some(_) => "due",
        };
        let known = vote.map(|vote| vote.value).or(measured.map(|measured| measured.value));
        let evidence = vote
            .and_then(|vote| vote.evidence)
            .or(measured.map(|measured| measured.evidence));
        let note = match (held, state) {
            (Some(reason), "held") => reason.clone(),
            (_, "waiting") => format!("due at {}", time::text(duty.measure_at)),
            (_, "voted") if evidence.is_some_and(|hash| !self.daemon.store.has(&hash)) => LACKS.to_owned(),
            _ => String::new(),
        };
        Ok(Line {
            feed: duty.feed.clone(),
            kpi: harmless(&kpi_name(&bound.terms)),
            period: duty.target.period,
            grant: duty.target.grant,
            grants: None,
            count: 1,
            state,
            value: own.or(known).map(shown),
            agreement: standing.filter(|standing| standing.is_voted()).map(Standing::name),
            stands: position.and_then(|position| position.stands).map(shown),
            evidence: evidence.map(hex::encode),
            signature: vote
                .and_then(|vote| vote.signature)
                .map(|signature| signature.to_string()),
            closes: time::text(duty.closes),
            note,
        })
    }
}

/// Lines of many grants that say the same become one.
fn told_together(lines: Vec<Line>) -> Vec<Line> {
    let mut counts: HashMap<(String, u16), usize> = HashMap::new();
    for line in &lines {
        *counts.entry((line.feed.clone(), line.period)).or_default() += 1;
    }
    let mut told: Vec<Line> = Vec::new();
    let mut grants: Vec<Vec<u32>> = Vec::new();
    let mut places: HashMap<Kind, usize> = HashMap::new();
    for mut line in lines {
        let key = line.kind();
        let many = counts
            .get(&(key.0.clone(), line.period))
            .is_some_and(|count| *count > ONE_BY_ONE);
        let Some(grant) = line.grant.filter(|_| many) else {
            told.push(line);
            grants.push(Vec::new());
            continue;
        };
        match places.get(&key).copied() {
            Some(place) => grants.get_mut(place).into_iter().for_each(|grants| grants.push(grant)),
            None => {
                places.insert(key, told.len());
                (line.value, line.stands, line.evidence, line.signature) = (None, None, None, None);
                line.grant = None;
                told.push(line);
                grants.push(vec![grant]);
            }
        }
    }
    for (line, mut grants) in told.iter_mut().zip(grants) {
        if let Some(first) = grants.first().copied() {
            grants.sort_unstable();
            line.count = grants.len();
            if line.count == 1 {
                line.grant = Some(first);
            } else if !line.note.is_empty() && line.state == "held" {
                line.note = format!("{} (grant {first}, and the like)", line.note);
            }
            line.grants = Some(ranges(grants));
        }
    }
    told
}

fn shown(lines: &[Line]) -> comfy_table::Table {
    let header = [
        "feed",
        "KPI",
        "period",
        "grant",
        "state",
        "value",
        "agreement",
        "stands",
        "window closes",
        "",
    ];
    let mut table = table(&header);
    for line in lines {
        let grant = line.grant.map(|grant| grant.to_string());
        let grants = line.grants.clone().filter(|_| line.count > 1);
        table.add_row([
            line.feed.as_str(),
            &line.kpi,
            &line.period.to_string(),
            &grants.or(grant).unwrap_or_default(),
            line.state,
            line.value.as_deref().unwrap_or_default(),
            line.agreement.unwrap_or_default(),
            line.stands.as_deref().unwrap_or_default(),
            &line.closes,
            &line.note,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(period: u16, grant: Option<u32>, state: &'static str) -> Line {
        Line {
            feed: "commits".to_owned(),
            kpi: "commits".to_owned(),
            period,
            grant,
            grants: None,
            count: 1,
            state,
            value: Some("1".to_owned()),
            agreement: None,
            stands: None,
            evidence: None,
            signature: None,
            closes: String::new(),
            note: "why".to_owned(),
        }
    }

    #[test]
    fn thousands_of_grants_are_a_few_lines() {
        let mut lines: Vec<Line> = (0..5_000).map(|grant| line(0, Some(grant), "voted")).collect();
        lines[7].state = "held";
        lines[9].state = "held";
        lines[100].state = "due";
        lines.extend((0..3).map(|grant| line(1, Some(grant), "voted")));
        lines.push(line(2, None, "voted"));
        let told = told_together(lines);
        let told: Vec<_> = told
            .iter()
            .map(|line| (line.period, line.state, line.count, line.grant, line.grants.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (0, "voted", 4_997, None, Some("0-6, 8, 10-99, 101-4999")),
                (0, "held", 2, None, Some("7, 9")),
                (0, "due", 1, Some(100), Some("100")),
                (1, "voted", 1, Some(0), None),
                (1, "voted", 1, Some(1), None),
                (1, "voted", 1, Some(2), None),
                (2, "voted", 1, None, None),
            ]
        );
    }
}
