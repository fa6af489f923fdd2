//! Looking over the other oracles' shoulders: what they attested is measured again from the operator's own sources.

use {
    crate::{
        checks::within,
        config::Feed,
        daemon::{Daemon, DaemonError, PlanState},
        duties::{Bound, Duty, grant_scope},
        evidence::{Evidence, Hash},
        identities::Identities,
        journal::Target,
        keys,
        measure::measure,
        submit::Ending,
        value,
    },
    earnout::{
        instructions::DisputeArgs,
        state::{Attestation, Grant},
    },
    earnout_core::quorum::{Finality, Outcome},
    earnout_sdk::{
        client::{ClientError, Submission},
        instructions, projection,
    },
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    tracing::{info, warn},
};

/// After how many seconds a dispute that the chain does not know can never be executed any more: a blockhash lives for 150
/// blocks, about a minute.
const EXPIRED_AFTER: i64 = 600;

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Values that agree with the own sources.
    pub agree: usize,
    /// Values that do not.
    pub differ: usize,
    /// Values that could not be measured.
    pub unknown: usize,
    /// Disputes that were filed.
    pub disputed: usize,
}

/// A value of others that is not final yet.
struct Claimed<'a> {
    bound: &'a Bound<'a>,
    duty: Duty,
    value: i64,
    attestation: &'a Attestation,
}

/// Compares every value that is not final yet with the own sources, and disputes what differs if the configuration says so.
///
/// # Errors
/// If the chain, the journal or the evidence cannot be used.
pub async fn look(daemon: &Daemon) -> Result<Look, DaemonError> {
    let disputer = match &daemon.config.watch.disputer {
        Some(text) => Some(keys::open(text, "the disputer")?),
        None => None,
    };
    let now = daemon.endpoints.ask(async |client| client.now().await).await?;
    let mut look = Look::default();
    let mut trouble = None;
    // What is wrong with one plan or feed does not cost the looks at the others.
    for address in daemon.config.plans() {
        let (state, attestations) = match of_plan(daemon, address).await {
            Ok(found) => found,
            Err(problem) => {
                warn!(plan = %address, %problem, "cannot look at a plan");
                trouble = trouble.or(Some(problem));
                continue;
            }
        };
        for feed in daemon.config.feeds.iter().filter(|feed| feed.plan == address) {
            let looked = look_at(daemon, &state, feed, &attestations, disputer.as_deref(), now, &mut look).await;
            if let Err(problem) = looked {
                warn!(feed = feed.id, %problem, "cannot look at a feed");
                trouble = trouble.or(Some(problem));
            }
        }
    }
    trouble.map_or(Ok(look), Err)
}

async fn of_plan(daemon: &Daemon, address: Pubkey) -> Result<(PlanState, Vec<(Pubkey, Attestation)>), DaemonError> {
    let state = daemon.plan(address, true).await?;
    let attestations = daemon
        .endpoints
        .ask(async |client| client.attestations_of_plan(&address).await)
        .await?;
    Ok((state, attestations))
}

async fn look_at(
    daemon: &Daemon,
    state: &PlanState,
    feed: &Feed,
    attestations: &[(Pubkey, Attestation)],
    disputer: Option<&dyn Signer>,
    now: i64,
    look: &mut Look,
) -> Result<(), DaemonError> {
    let bound = Bound::new(feed, &state.plan)?;
    let identities = match &feed.identities {
        Some(file) => Identities::read(file)?,
        None => Identities::default(),
    };
    for (_, attestation) in attestations.iter().filter(|(_, found)| found.kpi == bound.kpi) {
        let Some(claimed) = claimed(&bound, state, attestation, &identities, now)? else {
            continue;
        };
        let Some((own, proof)) = own_value(daemon, &claimed).await? else {
            look.unknown += 1;
            continue;
        };
        let tolerance = daemon.config.watch.tolerance_pct.unwrap_or_default();
        if within(own, claimed.value, own, tolerance).unwrap_or(false) {
            look.agree += 1;
            continue;
        }
        look.differ += 1;
        // Kept only where it is needed: a look comes every few seconds, and most of them agree.
        let evidence = match proof {
            Proof::Kept(hash) => hash,
            Proof::New(evidence) => daemon.store.put(&evidence)?,
        };
        let decimals = bound.terms.decimals;
        let text = format!(
            "the oracles attested {}, this operator's sources say {}; evidence {}",
            value::from_fixed(claimed.value, decimals),
            value::from_fixed(own, decimals),
            hex::encode(evidence)
        );
        daemon.alert("disagreement", Some(&claimed.duty), text);
        if let Some(disputer) = disputer
            && dispute(daemon, state, &claimed, disputer, evidence, now).await?
        {
            look.disputed += 1;
        }
    }
    Ok(())
}

/// The value that an attestation would give if nothing more happened, if that can still change.
fn claimed<'a>(
    bound: &'a Bound<'a>,
    state: &PlanState,
    attestation: &'a Attestation,
    identities: &Identities,
    now: i64,
) -> Result<Option<Claimed<'a>>, DaemonError> {
    let times = projection::period_times(&state.plan, attestation.period).map_err(crate::duties::FeedError::from)?;
    let reading = projection::reading(&state.plan, bound.kpi, attestation.period, Some(attestation), now)
        .map_err(crate::duties::FeedError::from)?;
    let (Finality::NotBefore(_), Outcome::Value(value)) = (reading.finality, reading.outcome) else {
        return Ok(None);
    };
    let grant = state.grants.iter().find(|(address, _)| *address == attestation.subject);
    let grant = match (bound.individual, grant) {
        (true, Some((address, grant))) => Some(grant_scope(address, grant, identities)),
        // A grant that was closed has settled.
        (true, None) => return Ok(None),
        (false, _) => None,
    };
    Ok(Some(Claimed {
        bound,
        duty: bound.duty(&times, grant),
        value,
        attestation,
    }))
}

/// From what the own value follows.
enum Proof {
    /// Evidence that is stored.
    Kept(Hash),
    /// Evidence that is not.
    New(Box<Evidence>),
}

/// What this operator measures: what it attested itself, or what its sources say now.
async fn own_value(daemon: &Daemon, claimed: &Claimed<'_>) -> Result<Option<(i64, Proof)>, DaemonError> {
    let (measured, entry) = {
        let journal = daemon.journal();
        (
            journal.measured(&claimed.duty.target)?,
            journal.entry(&claimed.duty.target)?,
        )
    };
    if let Some(measured) = measured {
        return Ok(Some((measured.value, Proof::Kept(measured.evidence))));
    }
    match measure(claimed.bound, &claimed.duty, entry.as_ref(), None).await {
        Ok(finding) => Ok(Some((finding.value, Proof::New(Box::new(finding.evidence))))),
        Err(hold) => {
            warn!(feed = claimed.duty.feed, period = claimed.duty.target.period, reason = %hold, "nothing to compare with");
            Ok(None)
        }
    }
}

/// Disputes a value once, as long as that is possible; the hash of the own evidence is the reason. Returns whether it did.
async fn dispute(
    daemon: &Daemon,
    state: &PlanState,
    claimed: &Claimed<'_>,
    disputer: &dyn Signer,
    reason_hash: Hash,
    now: i64,
) -> Result<bool, DaemonError> {
    let plan = &state.plan;
    let target = claimed.duty.target;
    let since = match claimed.attestation.resolved != 0 {
        true => claimed.attestation.resolved_at,
        false => claimed.duty.closes,
    };
    let over = since.saturating_add(i64::from(plan.challenge_secs));
    let is_open = now >= since && now < over && claimed.attestation.disputed_at == 0;
    if !is_open || pending(daemon, &target).await? {
        return Ok(false);
    }
    let grant = match entitled(daemon, state, claimed, &disputer.pubkey()) {
        Ok(grant) => grant,
        Err(why) => {
            daemon.alert("not-entitled", Some(&claimed.duty), why);
            return Ok(false);
        }
    };
    let args = DisputeArgs {
        kpi: target.kpi,
        period: target.period,
        reason_hash,
    };
    let instruction = instructions::dispute(
        &disputer.pubkey(),
        &disputer.pubkey(),
        &state.address,
        plan,
        grant,
        args,
    );
    let prepared = daemon
        .endpoints
        .ask(async |client| {
            let submission = Submission::new(vec![instruction.clone()], disputer);
            Ok(client.prepare(&submission).await?.0)
        })
        .await;
    let failed = |text: String| {
        let text = format!("the dispute was not accepted: {text}");
        daemon.alert("dispute-failed", Some(&claimed.duty), text);
        Ok(false)
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(ClientError::WouldFail(failure)) => return failed(failure.to_string()),
        Err(error) => return Err(error.into()),
    };
    // Written down first: nothing else is signed until it is known what became of this one.
    daemon
        .journal()
        .record_dispute(&target, &prepared.signature, machine_time())?;
    match daemon.courier().ending(&prepared).await? {
        Ending::Confirmed => {
            info!(signature = %prepared.signature, feed = claimed.duty.feed, period = target.period, "disputed");
            Ok(true)
        }
        Ending::Failed(failure) => failed(failure.to_string()),
        Ending::Expired => {
            warn!(
                feed = claimed.duty.feed,
                "a dispute expired; the next look files it again"
            );
            daemon.journal().forget_dispute(&target)?;
            Ok(false)
        }
    }
}

/// Whether a dispute that was signed before, by this process or an earlier one, may still happen or has ended for good.
/// One that expired is forgotten, so that it can be filed again.
async fn pending(daemon: &Daemon, target: &Target) -> Result<bool, DaemonError> {
    let Some((signature, at)) = daemon.journal().disputed(target)? else {
        return Ok(false);
    };
    if machine_time() < at.saturating_add(EXPIRED_AFTER) {
        return Ok(true);
    }
    let status = daemon
        .endpoints
        .ask(async |client| client.status(&signature).await)
        .await;
    match status {
        Ok(None) => {
            daemon.journal().forget_dispute(target)?;
            Ok(false)
        }
        // Executed: either it stands, or the program refused it and a person was told.
        Ok(Some(_)) | Err(ClientError::Failed { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn machine_time() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The grant for which `key` may dispute, none for the authority; or why it may not.
fn entitled(daemon: &Daemon, state: &PlanState, claimed: &Claimed<'_>, key: &Pubkey) -> Result<Option<Pubkey>, String> {
    let individual = claimed.duty.scope.grant.as_ref().map(|grant| grant.address);
    if state.plan.authority == *key {
        return Ok(individual);
    }
    let wanted = individual.or(daemon.config.watch.grant);
    let weighs = |grant: &Grant| {
        let weight = grant.kpi_weights.get(usize::from(claimed.bound.kpi));
        let period = claimed.duty.target.period;
        weight.is_some_and(|weight| *weight > 0) && grant.covers(period) && period >= grant.next_period
    };
    let own = state.grants.iter().find(|(address, grant)| {
        wanted.is_none_or(|wanted| wanted == *address) && grant.beneficiary == *key && weighs(grant)
    });
    let (address, _) = own.ok_or_else(|| {
        format!("{key} may not dispute this: it is neither the authority of the plan nor the beneficiary of a grant with weight on the KPI")
    })?;
    Ok(Some(*address))
}
