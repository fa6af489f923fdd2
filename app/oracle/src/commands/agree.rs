//! `agree`: what this oracle and the others are about to vote, side by side.

use {
    super::{DONE, LOOK, has_period, serve::publish, table::table},
    crate::{
        args::Agree,
        measure::{Bound, Evidence, Hash, Patience, Store, kpi_name, measure, value},
        service::{
            Config, Library, Origin,
            agree::{Cause, Difference, Heard, Peer, Read, Said, Statement, compare, file_name, fits, hear, said},
            keys,
            verify::computed,
        },
        vote::{Duty, Endpoints, Journal, Target},
    },
    anyhow::{Context, Result, bail},
    earnout::state::Plan,
    earnout_sdk::text::{amount::counted, names::harmless, time},
    futures_util::{StreamExt, future, stream},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        time::Duration,
    },
};

/// Most differences whose documents are read to find out why.
const EXPLAINED: usize = 32;

/// How long a document of another oracle may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Most differences that a table shows.
const SHOWN: usize = 50;

/// The number of a KPI, and the index of a grant if it is individual.
type Key = (u8, Option<u32>);

/// What one thing is to each oracle.
struct Thing {
    key: Key,
    said: Vec<(Pubkey, Said)>,
    difference: Difference,
}

pub async fn run(args: &Agree, config: Config, json: bool) -> Result<u8> {
    let target = match (args.publish, &config.agree.publish) {
        (true, None) => bail!("`agree.publish` of the configuration does not name a folder to publish in"),
        (true, Some(folder)) => Some(folder.join(file_name(&args.plan, args.period))),
        (false, _) => None,
    };
    if config.agree.peers.is_empty() && target.is_none() {
        bail!("`agree.peers` of the configuration is empty: name each other oracle and where it publishes");
    }
    let endpoints = Endpoints::new(&config.chain);
    let oracle = keys::public(&config.signer.oracle, "the oracle")?;
    let plan = endpoints.plan(args.plan, false).await?.plan;
    has_period(&plan, args.period)?;
    let set = plan.oracle_set(args.period);
    let store = Store::open(config.service.state.join("evidence"))?;
    let journal = Journal::beside(&config.service.state)?;
    let mut own = said(&journal, &args.plan, args.period)?;
    if args.measure {
        let known = own.keys().copied().collect();
        own.extend(measured_now(args, &config, &endpoints, (&journal, &store), &oracle, known).await?);
    } else if own.is_empty() {
        let before = published(&config, &oracle, args)
            .await
            .filter(|before| fits(&plan, before).is_ok());
        if let Some(before) = before.filter(|before| !before.said.is_empty()) {
            if let Some(file) = &target {
                // What is published is not replaced by nothing, and what may be old is not signed again.
                bail!(
                    "nothing was measured here for period {}, but {} says something: it was left as it is; add --measure \
                     to measure now and publish that",
                    args.period,
                    file.display()
                );
            }
            note!("own values: those that `agree --measure --publish` published; add --measure to measure again");
            own = before.said;
        }
    }
    let own = Statement {
        plan: args.plan,
        period: args.period,
        oracle,
        said: own,
    };
    if let Some(file) = &target {
        let signer = keys::open(&config.signer.oracle, "the oracle")?;
        let bytes = own
            .signed(signer.as_ref())
            .context("the oracle's key does not sign texts")?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        publish(file, &bytes).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let peers = config.agree.peers.iter().filter(|peer| peer.oracle != oracle);
    let heard = future::join_all(peers.clone().map(|peer| hear(peer, &args.plan, args.period))).await;
    let heard: Vec<Heard> = heard
        .into_iter()
        .map(|heard| {
            let is_one = match set.position(&heard.oracle) {
                Some(_) => Ok(()),
                None => Err("it is not an oracle of this period".to_owned()),
            };
            let fitting = |statement: Statement| fits(&plan, &statement).map(|()| statement);
            Heard {
                statement: is_one.and(heard.statement).and_then(fitting),
                oracle: heard.oracle,
            }
        })
        .collect();
    let said = heard.iter().filter_map(|heard| heard.statement.as_ref().ok());
    let statements: Vec<&Statement> = [&own].into_iter().chain(said).collect();
    let libraries: BTreeMap<Pubkey, Library> = peers
        .filter_map(|peer: &Peer| Some((peer.oracle, Library::waiting([peer.evidence()?], PATIENCE))))
        .chain([(
            oracle,
            Library::new([Origin::Folder(config.service.state.join("evidence"))]),
        )])
        .collect();
    let things = things(&statements, &libraries, usize::from(set.threshold)).await;
    match json {
        true => {
            let shown = as_json(&plan, &own, &heard, &things);
            say!("{}", serde_json::to_string_pretty(&shown)?);
        }
        false => show(&plan, &own, &things)?,
    }
    if let (Some(file), false) = (&target, json) {
        say!("published {} in {}", counted(own.said.len(), "value"), file.display());
    }
    if own.said.is_empty() {
        note!(
            "nothing was measured here for period {}: `once` and `run` measure; add --measure to measure now",
            args.period
        );
    }
    if set.position(&oracle).is_none() {
        note!(
            "{oracle} is not an oracle of period {}: the others do not hear it",
            args.period
        );
    }
    for heard in &heard {
        if let Err(reason) = &heard.statement {
            note!("not heard: {}: {reason}", heard.oracle);
        }
    }
    let open = things.iter().any(|thing| !thing.difference.enough);
    let silent = heard.iter().any(|heard| heard.statement.is_err());
    Ok(if open || silent || own.said.is_empty() {
        LOOK
    } else {
        DONE
    })
}

/// What this oracle published before, if it did.
async fn published(config: &Config, oracle: &Pubkey, args: &Agree) -> Option<Statement> {
    let folder = config.agree.publish.as_ref()?;
    let own = Peer {
        oracle: *oracle,
        from: Origin::Folder(folder.join(file_name(&args.plan, args.period))),
        evidence: None,
    };
    hear(&own, &args.plan, args.period).await.statement.ok()
}

/// What the sources say now, for what the journal does not have. The documents are kept, so that others can be shown
/// them; the journal stays as it is, for the daemon measures again when the data are complete.
async fn measured_now(
    args: &Agree,
    config: &Config,
    endpoints: &Endpoints,
    (journal, store): (&Journal, &Store),
    oracle: &Pubkey,
    known: BTreeSet<Key>,
) -> Result<Vec<(Key, Said)>> {
    let now = endpoints.now().await?;
    let state = endpoints.plan(args.plan, true).await?;
    let patience = Patience::default();
    let mut all = Vec::new();
    for feed in config.feeds.iter().filter(|feed| feed.plan == args.plan) {
        let bound = Bound::new(feed, &state.plan)?;
        let duties = bound.unsettled(&state.plan, &state.grants, &feed.identities()?, oracle)?;
        let is_meant = |duty: &Duty| {
            let Target { kpi, period, grant, .. } = duty.target;
            period == args.period && now >= duty.opens && !known.contains(&(kpi, grant))
        };
        let duties: Vec<Duty> = duties.into_iter().filter(is_meant).collect();
        let entered = duties.iter().map(|duty| journal.entry(&duty.target));
        let entered = entered.collect::<Result<Vec<_>, _>>()?;
        let asked = duties.iter().zip(&entered);
        // No vote is at stake whose window closes.
        let patience = (&patience, Duration::MAX);
        let asked = asked.map(|(duty, entry)| measure(&bound, &duty.scope, entry.as_ref(), None, patience));
        let found = stream::iter(asked)
            .buffered(config.service.concurrency)
            .collect::<Vec<_>>()
            .await;
        for (duty, found) in duties.iter().zip(found) {
            let key = (duty.target.kpi, duty.target.grant);
            match found {
                Ok(finding) => {
                    let said = Said {
                        value: finding.value,
                        evidence: store.put(&finding.evidence)?,
                        at: time::now(),
                    };
                    all.push((key, said));
                }
                Err(hold) => note!("not measured: feed {}{}: {hold}", feed.id, of_grant(key.1)),
            }
        }
    }
    Ok(all)
}

fn of_grant(grant: Option<u32>) -> String {
    grant.map(|grant| format!(", grant {grant}")).unwrap_or_default()
}

/// Everything that somebody says something about. Of what differs the documents are read, as far as they can be had.
async fn things(statements: &[&Statement], libraries: &BTreeMap<Pubkey, Library>, threshold: usize) -> Vec<Thing> {
    let keys: BTreeSet<Key> = statements
        .iter()
        .flat_map(|statement| statement.said.keys().copied())
        .collect();
    let mut things = Vec::new();
    let mut explained = 0usize;
    for key in keys {
        let of_oracle = |statement: &&Statement| Some((statement.oracle, *statement.said.get(&key)?));
        let said: Vec<(Pubkey, Said)> = statements.iter().filter_map(of_oracle).collect();
        let mut documents = BTreeMap::new();
        let values: BTreeSet<i64> = said.iter().map(|(_, said)| said.value).collect();
        if values.len() > 1 && explained < EXPLAINED {
            explained = explained.saturating_add(1);
            for (oracle, said) in &said {
                if let Some(document) = document(libraries.get(oracle), &said.evidence).await {
                    documents.insert(*oracle, document);
                }
            }
        }
        let read: Vec<Read<'_>> = said
            .iter()
            .map(|(oracle, said)| Read {
                said: *said,
                evidence: documents.get(oracle),
            })
            .collect();
        if let Some(difference) = compare(&read, threshold) {
            things.push(Thing { key, said, difference });
        }
    }
    things
}

/// A document, if it can be had and is one.
async fn document(library: Option<&Library>, hash: &Hash) -> Option<Evidence> {
    let bytes = library?.get(hash).await.ok()?;
    Some(computed(bytes).await.ok()?.evidence)
}

/// In words, by what they differ.
fn cause(difference: &Difference) -> String {
    match &difference.cause {
        Cause::Nothing => "the same".to_owned(),
        Cause::Alone => "nobody to compare with".to_owned(),
        Cause::Question { settings } => format!("what is asked ({})", harmless(&settings.join(", "))),
        Cause::Rounding => "rounding".to_owned(),
        Cause::Time { seconds } => format!("the time: {seconds} s apart"),
        Cause::Data => "the data".to_owned(),
    }
}

fn name(plan: &Plan, kpi: u8) -> (String, u8) {
    let terms = plan.kpis().get(usize::from(kpi));
    terms.map_or_else(|| (kpi.to_string(), 0), |terms| (kpi_name(terms), terms.decimals))
}

fn show(plan: &Plan, own: &Statement, things: &[Thing]) -> Result<()> {
    let mut table = table(&["KPI", "grant", "oracle", "value", "measured at", "differ by"]);
    let mut proposals = BTreeSet::new();
    let differ = |thing: &&Thing| !matches!(thing.difference.cause, Cause::Nothing | Cause::Alone);
    let differing = things.iter().filter(differ).count();
    // Of few things all are shown, of many those that differ before those that one alone knows.
    let mut shown: Vec<&Thing> = things.iter().collect();
    if things.len() > SHOWN {
        shown.retain(|thing| thing.difference.cause != Cause::Nothing);
        shown.sort_by_key(|thing| (!differ(thing), thing.difference.enough));
    }
    for thing in shown.into_iter().take(SHOWN) {
        let (kpi, grant) = thing.key;
        let (kpi, decimals) = name(plan, kpi);
        for (number, (oracle, said)) in thing.said.iter().enumerate() {
            let whose = match *oracle == own.oracle {
                true => format!("{oracle} (own)"),
                false => oracle.to_string(),
            };
            table.add_row([
                harmless(&kpi),
                grant.map(|grant| grant.to_string()).unwrap_or_default(),
                whose,
                value::from_fixed(said.value, decimals).to_string(),
                time::text(said.at),
                if number == 0 {
                    cause(&thing.difference)
                } else {
                    String::new()
                },
            ]);
        }
        if let Some(proposal) = thing.difference.proposal(decimals) {
            proposals.insert(harmless(&format!("{kpi}: {proposal}")));
        }
    }
    say!("{table}");
    let enough = things.iter().filter(|thing| thing.difference.enough).count();
    say!("{}", in_words(things.len(), differing, enough));
    for proposal in proposals {
        say!("proposed: {proposal}");
    }
    Ok(())
}

/// How many of `all` values differ, and on how many enough oracles agree.
fn in_words(all: usize, differing: usize, enough: usize) -> String {
    let said = match enough {
        _ if all == 0 => return "no values to compare".to_owned(),
        0 => "enough oracles say the same of none yet".to_owned(),
        _ if enough == all => "enough oracles say the same of each".to_owned(),
        _ => format!(
            "enough oracles say the same of {enough}, not yet of {}",
            all.saturating_sub(enough)
        ),
    };
    let differ = match differing {
        0 => "none differs".to_owned(),
        1 => "1 differs".to_owned(),
        _ => format!("{differing} differ"),
    };
    format!("{}: {differ}; {said}", counted(all, "value"))
}

fn as_json(plan: &Plan, own: &Statement, heard: &[Heard], things: &[Thing]) -> Value {
    let peers = heard.iter().map(|heard| {
        let statement = heard.statement.as_ref();
        json!({
            "oracle": heard.oracle.to_string(),
            "values": statement.ok().map(|statement| statement.said.len()),
            "problem": statement.err(),
        })
    });
    let things = things.iter().map(|thing| {
        let (kpi, decimals) = name(plan, thing.key.0);
        let said = thing.said.iter().map(|(oracle, said)| {
            json!({
                "oracle": oracle.to_string(),
                "value": value::from_fixed(said.value, decimals).to_string(),
                "evidence": hex::encode(said.evidence),
                "at": time::text(said.at),
            })
        });
        let shown = |fixed: Option<i64>| fixed.map(|fixed| value::from_fixed(fixed, decimals).normalize().to_string());
        json!({
            "kpi": kpi,
            "grant": thing.key.1,
            "said": said.collect::<Vec<_>>(),
            "differ": thing.difference.cause,
            "enough": thing.difference.enough,
            "step": shown(thing.difference.step),
            "sureStep": shown(thing.difference.sure_step),
            "proposal": thing.difference.proposal(decimals),
        })
    });
    json!({
        "oracle": own.oracle.to_string(),
        "peers": peers.collect::<Vec<_>>(),
        "values": things.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_is_still_open() {
        for (of, text) in [
            ((0, 0, 0), "no values to compare"),
            ((1, 0, 1), "1 value: none differs; enough oracles say the same of each"),
            ((1, 1, 0), "1 value: 1 differs; enough oracles say the same of none yet"),
            (
                (5, 2, 3),
                "5 values: 2 differ; enough oracles say the same of 3, not yet of 2",
            ),
        ] {
            assert_eq!(in_words(of.0, of.1, of.2), text);
        }
    }
}
