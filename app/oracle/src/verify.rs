//! Whether every vote of this oracle follows from the evidence that it kept.

use {
    crate::{
        daemon::{Daemon, DaemonError, address, own_vote},
        evidence::{Evidence, EvidenceError},
        journal::Target,
        value,
    },
    earnout_sdk::events::Event,
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeSet,
};

/// What became of one vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence gives the value that the chain has.
    Proved,
    /// The evidence is not there any more, or was changed.
    Unproved {
        /// What is wrong with it.
        reason: String,
    },
    /// The journal or another account says that there is a vote, and the endpoint does not have it.
    Missing {
        /// What is missing, and from where.
        reason: String,
    },
    /// The evidence gives another value, or is about something else.
    Wrong {
        /// What is wrong with it.
        reason: String,
    },
}

/// One vote, recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Name of the KPI.
    pub kpi: String,
    /// Address of the grant of an individual KPI.
    pub grant: Option<String>,
    /// The value on chain, decimal.
    pub value: String,
    /// The evidence hash on chain.
    pub evidence: String,
    /// What follows.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Recomputes every vote of this oracle on `period` of `plan`.
///
/// # Errors
/// If the chain or the journal cannot be read.
pub async fn verify(daemon: &Daemon, plan: Pubkey, period: u16) -> Result<Vec<Verified>, DaemonError> {
    let state = daemon.plan(plan, false).await?;
    let oracle = daemon.oracle();
    let mut targets: BTreeSet<Target> = daemon.journal().voted(&plan, period)?.into_iter().collect();
    let open = daemon
        .endpoints
        .ask(async |client| client.attestations_of_plan(&plan).await)
        .await?;
    targets.extend(
        open.iter()
            .filter(|(_, found)| found.period == period)
            .map(|(_, found)| Target {
                plan,
                kpi: found.kpi,
                period,
                subject: found.subject,
            }),
    );
    let mut verified = Vec::new();
    for target in targets {
        let place = address(&target);
        let on_chain = match open.iter().find(|(address, _)| *address == place) {
            Some((_, attestation)) => {
                let position = state.plan.oracle_set(period).position(&oracle);
                let found = position.and_then(|position| own_vote(attestation, position));
                let known = daemon.journal().vote(&target)?;
                match (found, known) {
                    // The plan keeps two oracle sets; after more changes the votes of an old period are other oracles'.
                    (found, Some(known)) if found != Some((known.value, known.evidence)) => {
                        last_vote(daemon, &plan, &place, &oracle).await?.or(found)
                    }
                    (found, _) => found,
                }
            }
            // The account was closed after the settlement; what was voted is in its transactions.
            None => last_vote(daemon, &plan, &place, &oracle).await?,
        };
        let (name, decimals) = state.plan.kpis().get(usize::from(target.kpi)).map_or_else(
            || (target.kpi.to_string(), 0),
            |kpi| (crate::duties::name(kpi), kpi.decimals),
        );
        let known = daemon.journal().vote(&target)?.map(|vote| (vote.value, vote.evidence));
        // A value that others voted on, and this oracle did not.
        let Some((value, hash)) = on_chain.or(known) else {
            continue;
        };
        verified.push(Verified {
            kpi: name,
            grant: (target.subject != plan).then(|| target.subject.to_string()),
            value: value::from_fixed(value, decimals).to_string(),
            evidence: hex::encode(hash),
            verdict: match on_chain {
                Some(_) => verdict(&target, value, daemon.store.get(&hash)),
                None => Verdict::Missing {
                    reason: format!(
                        "the journal has this vote, the endpoint shows neither it nor its transaction ({place})"
                    ),
                },
            },
        });
    }
    Ok(verified)
}

async fn last_vote(
    daemon: &Daemon,
    plan: &Pubkey,
    attestation: &Pubkey,
    oracle: &Pubkey,
) -> Result<Option<(i64, [u8; 32])>, DaemonError> {
    let events = daemon.endpoints.ask(async |client| client.events(plan).await).await?;
    let votes = events.into_iter().rev().filter_map(|recorded| match recorded.event {
        Event::ValueAttested(vote) if vote.oracle == *oracle => Some((address_of(&vote), vote.value, vote.evidence)),
        _ => None,
    });
    // A transaction holds votes on other things too.
    Ok(votes
        .into_iter()
        .find(|(place, ..)| place == attestation)
        .map(|(_, value, evidence)| (value, evidence)))
}

fn address_of(vote: &earnout::events::ValueAttested) -> Pubkey {
    address(&Target {
        plan: vote.plan,
        kpi: vote.kpi,
        period: vote.period,
        subject: vote.subject,
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
    let subject = evidence
        .scope
        .grant
        .as_ref()
        .map_or(evidence.plan, |grant| grant.address);
    let about = Target {
        plan: evidence.plan,
        kpi: evidence.kpi,
        period: evidence.scope.period,
        subject,
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
