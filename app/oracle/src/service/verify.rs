//! Whether every vote of this oracle follows from the evidence that it kept.

use {
    crate::{
        measure::{Evidence, EvidenceError, FeedError, Hash, kpi_name, value},
        service::{Daemon, DaemonError},
        vote::{Place, Target, own_votes},
    },
    earnout::{
        constants::{NO_VALUE, PAGE_GRANTS},
        state::{Plan, Scope},
    },
    earnout_sdk::wire::{Manifest, events::Event},
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::collections::{BTreeMap, BTreeSet},
};

/// What became of one vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence gives the value that the chain has.
    Proved,
    /// The evidence is not there any more, or was changed.
    Unproved { reason: String },
    /// The journal or another account says that there is a vote, and the endpoint does not have it.
    Missing { reason: String },
    /// The evidence gives another value, or is about something else.
    Wrong { reason: String },
}

/// One vote, recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub kpi: String,
    /// Index of the grant, for an individual KPI.
    pub grant: Option<u32>,
    /// The value on chain, decimal.
    pub value: String,
    /// The evidence hash on chain: of the document, or of the page's manifest. Of what is missing there the one that
    /// the journal has, if it has one.
    pub evidence: Option<String>,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The votes of one period, recomputed, and how much of them the endpoints tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Each vote of this oracle.
    pub votes: Vec<Verified>,
    /// What the endpoints leave out, tell twice or cannot be read of, and which one it is.
    pub complaints: Vec<String>,
    /// Whether the endpoints tell everything that happened to the plan.
    pub is_whole: bool,
}

/// Recomputes every vote of this oracle on `period` of `plan`: those that the journal, the plan's history or the
/// accounts know.
pub async fn verify(daemon: &Daemon, plan: Pubkey, period: u16) -> Result<Verification, DaemonError> {
    let state = daemon.endpoints.plan(plan, false).await?.plan;
    let mut verification = Verification::default();
    let told = told(daemon, plan, period, &mut verification).await;
    let places: Vec<Place> = places(plan, &state, period)?;
    let addresses: Vec<Pubkey> = places.iter().map(Place::address).collect();
    let accounts = daemon
        .endpoints
        .ask(async |client| client.evaluations(&addresses).await)
        .await?;
    let accounts = accounts.iter().flatten();
    let shown = accounts.flat_map(|evaluation| own_votes(evaluation, &state, &daemon.oracle()));
    let shown: Votes = shown.map(|(target, value, hash)| (target, (value, hash))).collect();
    let known = daemon.journal().voted(&plan, period)?;
    let targets: BTreeSet<Target> = told.keys().chain(shown.keys()).copied().chain(known).collect();
    let mut manifests = BTreeMap::new();
    for target in targets {
        // The plan keeps two oracle sets, so after more changes the position is another oracle's; what happened says
        // whose vote it was. Only where something of that is missing the account has to do.
        let (told, shown) = (told.get(&target), shown.get(&target));
        let on_chain = match verification.is_whole {
            true => told,
            false => shown.or(told),
        };
        let known = daemon.journal().vote(&target)?;
        let (value, hash, verdict) = match (on_chain, known) {
            (Some(&(value, hash)), _) => {
                let verdict = match target.grant {
                    None => verdict(&target, value, daemon.store.get(&hash)),
                    Some(grant) => {
                        let manifest = manifests.entry(hash).or_insert_with(|| daemon.store.get(&hash));
                        match listed(&target, &daemon.oracle(), grant, value, manifest) {
                            Ok(document) => verdict(&target, value, daemon.store.get(&document)),
                            Err(verdict) => verdict,
                        }
                    }
                };
                (value, Some(hash), verdict)
            }
            (None, Some(vote)) => {
                let reason = format!(
                    "the journal has this vote, the endpoints show neither it nor its transaction (account {})",
                    target.place().address()
                );
                (vote.value, vote.evidence, Verdict::Missing { reason })
            }
            (None, None) => continue,
        };
        let (name, decimals) = state
            .kpis()
            .get(usize::from(target.kpi))
            .map_or_else(|| (target.kpi.to_string(), 0), |kpi| (kpi_name(kpi), kpi.decimals));
        verification.votes.push(Verified {
            kpi: name,
            grant: target.grant,
            value: value::from_fixed(value, decimals).to_string(),
            evidence: hash.map(hex::encode),
            verdict,
        });
    }
    Ok(verification)
}

/// Value and evidence hash on chain of each vote.
type Votes = BTreeMap<Target, (i64, Hash)>;

/// Wherever a vote on `period` can be.
fn places(plan: Pubkey, state: &Plan, period: u16) -> Result<Vec<Place>, DaemonError> {
    let mut places = Vec::new();
    for (kpi, terms) in (0u8..).zip(state.kpis()) {
        let place = |page| Place {
            plan,
            kpi,
            period,
            page,
        };
        match terms.scope().map_err(|error| FeedError::Corrupt(error.to_string()))? {
            Scope::Shared => places.push(place(None)),
            Scope::Individual => {
                let pages = state.grant_counter.div_ceil(u32::from(PAGE_GRANTS));
                places.extend((0..pages).map(|page| place(Some(page))));
            }
        }
    }
    Ok(places)
}

/// The last vote of this oracle on each thing in `period`, by what happened to the plan.
async fn told(daemon: &Daemon, plan: Pubkey, period: u16, verification: &mut Verification) -> Votes {
    let history = match daemon.endpoints.history(&plan).await {
        Ok(history) => history,
        Err(error) => {
            verification
                .complaints
                .push(format!("what happened to the plan cannot be read: {error}"));
            return Votes::new();
        }
    };
    verification.is_whole = history.is_complete();
    verification.complaints.extend(history.complaints());
    let events = history.events().map(|recorded| &recorded.event);
    replayed(plan, period, &daemon.oracle(), events)
}

fn replayed<'a>(plan: Pubkey, period: u16, oracle: &Pubkey, events: impl Iterator<Item = &'a Event>) -> Votes {
    let mut votes = Votes::new();
    // The evidence of a page is that of its last upload, for all that was reported there.
    let mut manifests = BTreeMap::new();
    for event in events {
        let on = |kpi, grant| Target {
            plan,
            kpi,
            period,
            grant,
        };
        match event {
            Event::ValueAttested(vote) if vote.oracle == *oracle && vote.period == period => {
                votes.insert(on(vote.kpi, None), (vote.value, vote.evidence));
            }
            Event::PageAttested(upload) if upload.oracle == *oracle && upload.period == period => {
                manifests.insert(on(upload.kpi, Some(upload.first)).place(), upload.evidence);
                let numbered = (0u32..).zip(&upload.values);
                for (number, value) in numbered.filter(|(_, value)| **value != NO_VALUE) {
                    let target = on(upload.kpi, Some(upload.first.saturating_add(number)));
                    votes.insert(target, (*value, upload.evidence));
                }
            }
            _ => (),
        }
    }
    for (target, (_, evidence)) in &mut votes {
        if let Some(last) = manifests.get(&target.place()) {
            *evidence = *last;
        }
    }
    votes
}

/// The hash of the document that a manifest names for a vote.
fn listed(
    target: &Target,
    oracle: &Pubkey,
    grant: u32,
    value: i64,
    manifest: &Result<Manifest, EvidenceError>,
) -> Result<Hash, Verdict> {
    let manifest = manifest.as_ref().map_err(|error| Verdict::Unproved {
        reason: format!("the manifest of the page: {error}"),
    })?;
    let wrong = |reason: &str| Verdict::Wrong {
        reason: reason.to_owned(),
    };
    if !target.place().is_of(manifest) {
        return Err(wrong("the manifest is about another page"));
    }
    if manifest.oracle != *oracle {
        return Err(wrong("the manifest is another oracle's"));
    }
    let listed = manifest
        .votes
        .get(&grant)
        .ok_or_else(|| wrong("the manifest does not list the grant"))?;
    if listed.value != value {
        return Err(wrong("the manifest lists another value"));
    }
    listed.evidence.ok_or_else(|| Verdict::Unproved {
        reason: "the manifest names no document for this value, so nothing here proves it".to_owned(),
    })
}

fn verdict(target: &Target, value: i64, evidence: Result<Evidence, EvidenceError>) -> Verdict {
    let evidence = match evidence {
        Ok(evidence) => evidence,
        Err(error) => {
            return Verdict::Unproved {
                reason: error.to_string(),
            };
        }
    };
    let about = Target {
        plan: evidence.plan,
        kpi: evidence.kpi,
        period: evidence.scope.period,
        grant: evidence.scope.grant.as_ref().map(|grant| grant.index),
    };
    if about != *target {
        return Verdict::Wrong {
            reason: "the evidence is about something else".to_owned(),
        };
    }
    match evidence.value() {
        Ok(found) if found == value => Verdict::Proved,
        Ok(found) => Verdict::Wrong {
            reason: format!(
                "the evidence gives {}, the chain has {}",
                value::from_fixed(found, evidence.decimals),
                value::from_fixed(value, evidence.decimals)
            ),
        },
        Err(error) => Verdict::Wrong {
            reason: format!("the evidence gives no value: {error}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        earnout::events::{PageAttested, ValueAttested},
        earnout_sdk::{
            client::DocumentError,
            wire::{Listed, pda},
        },
    };

    const PLAN: Pubkey = Pubkey::new_from_array([1; 32]);
    const ORACLE: Pubkey = Pubkey::new_from_array([2; 32]);

    fn on(kpi: u8, grant: Option<u32>) -> Target {
        Target {
            plan: PLAN,
            kpi,
            period: 2,
            grant,
        }
    }

    fn upload(first: u32, values: &[i64], evidence: u8) -> PageAttested {
        PageAttested {
            plan: PLAN,
            time: 0,
            sequence: 0,
            kpi: 1,
            period: 2,
            first,
            oracle: ORACLE,
            values: values.to_vec(),
            evidence: [evidence; 32],
            late: 0,
            resolved: 0,
            rent: None,
        }
    }

    #[test]
    fn what_happened_says_the_last_vote_and_the_last_manifest() {
        let shared = ValueAttested {
            plan: PLAN,
            time: 0,
            sequence: 0,
            kpi: 0,
            period: 2,
            oracle: ORACLE,
            value: 5,
            evidence: [5; 32],
            rent: None,
            resolved: false,
        };
        let others = PageAttested {
            oracle: PLAN,
            ..upload(0, &[9; 64], 9)
        };
        let earlier = PageAttested {
            period: 1,
            ..upload(0, &[9; 64], 9)
        };
        let uploads = [
            upload(62, &[1, 2], 1),
            upload(64, &[3], 2),
            upload(60, &[4, NO_VALUE, 6, 7], 3),
            others,
            earlier,
        ];
        let mut events = vec![Event::ValueAttested(Box::new(shared))];
        events.extend(uploads.map(|upload| Event::PageAttested(Box::new(upload))));
        let votes = replayed(PLAN, 2, &ORACLE, events.iter());
        let expected = [
            (on(0, None), (5, [5; 32])),
            (on(1, Some(60)), (4, [3; 32])),
            (on(1, Some(62)), (6, [3; 32])),
            (on(1, Some(63)), (7, [3; 32])),
            (on(1, Some(64)), (3, [2; 32])),
        ];
        assert_eq!(votes, Votes::from(expected));
    }

    #[test]
    fn a_manifest_proves_only_what_it_lists() {
        let mut manifest = Manifest::new(PLAN, ORACLE, 1, 2, 1);
        for (grant, value, evidence) in [(64, 5, Some([6; 32])), (65, 7, None)] {
            manifest.votes.insert(grant, Listed { value, evidence });
        }
        let of = |oracle: &Pubkey, target: Target, value| {
            listed(&target, oracle, target.grant.unwrap(), value, &Ok(manifest.clone()))
        };
        let found = |target: Target, value| of(&ORACLE, target, value);
        assert_eq!(found(on(1, Some(64)), 5), Ok([6; 32]));
        for (target, value, part) in [
            (on(1, Some(64)), 6, "another value"),
            (on(1, Some(66)), 5, "does not list"),
            (on(2, Some(64)), 5, "another page"),
            (on(1, Some(63)), 5, "another page"),
            (on(1, Some(65)), 7, "names no document"),
        ] {
            let verdict = format!("{:?}", found(target, value).unwrap_err());
            assert!(verdict.contains(part), "{verdict}");
        }
        assert!(format!("{:?}", of(&PLAN, on(1, Some(64)), 5)).contains("another oracle's"));
        let gone = Err(DocumentError::Missing("00".to_owned()).into());
        let verdict = listed(&on(1, Some(64)), &ORACLE, 64, 5, &gone).unwrap_err();
        assert!(matches!(verdict, Verdict::Unproved { .. }), "{verdict:?}");
        assert_eq!(on(1, Some(64)).place().address(), pda::page(&PLAN, 1, 2, 1));
    }
}
