//! Whether every vote of this oracle follows from the evidence that it kept.

use {
    crate::{
        measure::{Evidence, EvidenceError, kpi_name, value},
        service::{Daemon, DaemonError},
        vote::{Target, address, own_vote},
    },
    earnout_sdk::wire::events::Event,
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
    /// Address of the grant of an individual KPI.
    pub grant: Option<String>,
    /// The value on chain, decimal.
    pub value: String,
    /// The evidence hash on chain.
    pub evidence: String,
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
    let state = daemon.endpoints.plan(plan, true).await?;
    let oracle = daemon.oracle();
    let mut verification = Verification::default();
    let told = told(daemon, plan, period, &mut verification).await;
    let known = daemon.journal().voted(&plan, period)?;
    let mut targets: BTreeSet<Target> = told.keys().copied().chain(known).collect();
    let mut subjects = vec![plan];
    subjects.extend(state.grants.iter().map(|(address, _)| *address));
    let places = (0u8..).zip(state.plan.kpis()).flat_map(|(kpi, _)| {
        subjects.iter().map(move |subject| Target {
            plan,
            kpi,
            period,
            subject: *subject,
        })
    });
    targets.extend(places);
    let addresses: Vec<Pubkey> = targets.iter().map(address).collect();
    let accounts = daemon
        .endpoints
        .ask(async |client| client.attestations(&addresses).await)
        .await?;
    let position = state.plan.oracle_set(period).position(&oracle);
    for (target, account) in targets.into_iter().zip(accounts) {
        let shown = account.and_then(|attestation| own_vote(&attestation, position?));
        // The plan keeps two oracle sets, so after more changes the position is another oracle's; what happened says
        // whose vote it was. Only where something of that is missing the account has to do.
        let on_chain = match verification.is_whole {
            true => told.get(&target).copied(),
            false => shown.or(told.get(&target).copied()),
        };
        let known = daemon.journal().vote(&target)?.map(|vote| (vote.value, vote.evidence));
        let Some((value, hash)) = on_chain.or(known) else {
            continue;
        };
        let (name, decimals) = state
            .plan
            .kpis()
            .get(usize::from(target.kpi))
            .map_or_else(|| (target.kpi.to_string(), 0), |kpi| (kpi_name(kpi), kpi.decimals));
        verification.votes.push(Verified {
            kpi: name,
            grant: (target.subject != plan).then(|| target.subject.to_string()),
            value: value::from_fixed(value, decimals).to_string(),
            evidence: hex::encode(hash),
            verdict: match on_chain {
                Some(_) => verdict(&target, value, daemon.store.get(&hash)),
                None => Verdict::Missing {
                    reason: format!(
                        "the journal has this vote, the endpoints show neither it nor its transaction (attestation {})",
                        address(&target)
                    ),
                },
            },
        });
    }
    Ok(verification)
}

/// The last vote of this oracle on each thing in `period`, by what happened to the plan.
async fn told(
    daemon: &Daemon,
    plan: Pubkey,
    period: u16,
    verification: &mut Verification,
) -> BTreeMap<Target, (i64, [u8; 32])> {
    let mut votes = BTreeMap::new();
    let history = match daemon.endpoints.history(&plan).await {
        Ok(history) => history,
        Err(error) => {
            verification
                .complaints
                .push(format!("what happened to the plan cannot be read: {error}"));
            return votes;
        }
    };
    verification.is_whole = history.is_complete();
    verification.complaints.extend(history.complaints());
    for recorded in history.events() {
        if let Event::ValueAttested(vote) = &recorded.event
            && vote.oracle == daemon.oracle()
            && vote.period == period
        {
            let target = Target {
                plan,
                kpi: vote.kpi,
                period,
                subject: vote.subject,
            };
            votes.insert(target, (vote.value, vote.evidence));
        }
    }
    votes
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
