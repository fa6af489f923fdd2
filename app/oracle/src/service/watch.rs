//! Looking over the other oracles' shoulders: what they attested is measured again from the operator's own sources.

use {
    crate::{
        measure::{
            Bound, Evidence, Feed, FeedError, GrantScope, Hash, Identities, checks::within, grant_scope, measure, value,
        },
        service::{Alert, Daemon, DaemonError, examine::Examined, keys},
        vote::{Duty, PlanState, Target, last_block},
    },
    earnout::{
        instructions::DisputeArgs,
        state::{DISPUTE_BARRED, Grant, PageGrants, Plan, Standing, Tally},
    },
    earnout_core::quorum::{Finality, Outcome},
    earnout_sdk::{
        client::{ClientError, Ending, Failure, Submission, to_bytes},
        report::projection::{self, ProjectionError},
        text::time,
        wire::{Evaluation, instructions},
    },
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{collections::BTreeSet, time::Duration},
    tracing::{info, warn},
};

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
    /// Disputes of which it is not known what became of them.
    pub unfinished: usize,
    /// Votes of peers that their published evidence proves.
    pub proved: usize,
    /// Votes of peers that it does not prove, or whose evidence cannot be read.
    pub unproved: usize,
}

/// A value of others that is not final yet.
struct Claimed<'a> {
    bound: &'a Bound<'a>,
    duty: Duty,
    value: i64,
    standing: Standing,
}

/// Compares every value that is not final yet with the own sources, disputes what differs if the configuration says so,
/// and then examines the evidence of the peers that it names.
///
/// # Errors
/// If the chain, the journal or the evidence cannot be used.
pub async fn look(daemon: &Daemon, examined: &mut Examined) -> Result<Look, DaemonError> {
    let disputer = match &daemon.config.watch.disputer {
        Some(text) => Some(keys::open(text, "the disputer")?),
        None => None,
    };
    let now = daemon.endpoints.now().await?;
    let mut look = Look::default();
    let mut trouble = None;
    // What is wrong with one plan or feed does not cost the looks at the others.
    for address in daemon.config.plans() {
        let (state, evaluations) = match of_plan(daemon, address).await {
            Ok(found) => found,
            Err(problem) => {
                warn!(plan = %address, %problem, "cannot look at a plan");
                trouble = trouble.or(Some(problem));
                continue;
            }
        };
        let mut open = BTreeSet::new();
        for feed in daemon.feeds_of(address) {
            let looked = look_at(daemon, &state, feed, &evaluations, disputer.as_deref(), now, &mut look).await;
            match looked {
                Ok(targets) => open.extend(targets),
                Err(problem) => {
                    warn!(feed = feed.id, %problem, "cannot look at a feed");
                    trouble = trouble.or(Some(problem));
                }
            }
        }
        // After the disputes, which have an end.
        let peers = &daemon.config.agree.peers;
        match examined.examine(peers, &state, &evaluations, &open).await {
            Ok((proved, unproved)) => {
                look.proved = look.proved.saturating_add(proved);
                look.unproved = look.unproved.saturating_add(unproved);
            }
            Err(problem) => {
                warn!(plan = %address, %problem, "cannot examine the evidence of others");
                trouble = trouble.or(Some(problem));
            }
        }
        daemon.alarm.tell();
    }
    trouble.map_or(Ok(look), Err)
}

async fn of_plan(daemon: &Daemon, address: Pubkey) -> Result<(PlanState, Vec<(Pubkey, Evaluation)>), DaemonError> {
    let state = daemon.endpoints.plan(address, true).await?;
    let evaluations = daemon
        .endpoints
        .ask(async |client| client.evaluations_of_plan(&address).await)
        .await?;
    Ok((state, evaluations))
}

async fn look_at(
    daemon: &Daemon,
    state: &PlanState,
    feed: &Feed,
    evaluations: &[(Pubkey, Evaluation)],
    disputer: Option<&dyn Signer>,
    now: i64,
    look: &mut Look,
) -> Result<Vec<Target>, DaemonError> {
    let bound = Bound::new(feed, &state.plan)?;
    let identities = feed.identities()?;
    let mut claims = Vec::new();
    for (_, evaluation) in evaluations.iter().filter(|(_, found)| found.kpi() == bound.kpi) {
        claims.extend(claims_of(&bound, state, evaluation, &identities, now)?);
    }
    let targets = claims.iter().map(|claimed| claimed.duty.target).collect();
    for claimed in claims {
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
            Proof::New(evidence) => daemon.store.put(evidence.as_ref())?,
        };
        let shown = |fixed| value::from_fixed(fixed, bound.terms.decimals);
        let alert = Alert::Disagreement {
            theirs: shown(claimed.value),
            own: shown(own),
            evidence,
        };
        daemon.alarm.note(alert, &claimed.duty);
        if let Some(disputer) = disputer {
            match dispute(daemon, state, &claimed, disputer, evidence, now).await? {
                Filed::Yes => look.disputed += 1,
                Filed::Unfinished => look.unfinished += 1,
                Filed::No => (),
            }
        }
    }
    Ok(targets)
}

/// The values that an attestation or a page would give if nothing more happened, as far as they can still change.
fn claims_of<'a>(
    bound: &'a Bound<'a>,
    state: &PlanState,
    evaluation: &Evaluation,
    identities: &Identities,
    now: i64,
) -> Result<Vec<Claimed<'a>>, DaemonError> {
    let period = evaluation.period();
    let times = projection::period_times(&state.plan, period).map_err(FeedError::from)?;
    let claimed = |tally: Tally, grant: Option<GrantScope>| -> Result<_, FeedError> {
        let reading = projection::reading(&state.plan, bound.kpi, period, &tally, now)?;
        let (Finality::NotBefore(_), Outcome::Value(value)) = (reading.finality, reading.outcome) else {
            return Ok(None);
        };
        Ok(Some(Claimed {
            bound,
            duty: bound.duty(&times, grant),
            value,
            standing: tally.standing,
        }))
    };
    let mut claims = Vec::new();
    match evaluation {
        Evaluation::Attestation(attestation) => {
            claims.extend(claimed(
                attestation
                    .tally()
                    .map_err(ProjectionError::from)
                    .map_err(FeedError::from)?,
                None,
            )?);
        }
        Evaluation::Page(page) => {
            let view = page.view();
            let grants = (page.head().first_grant()..).zip(0..page.head().capacity);
            for (index, slot) in grants {
                let found = state.grants.binary_search_by_key(&index, |(_, grant)| grant.index);
                let found = found.ok().and_then(|place| state.grants.get(place));
                // Oracles may vote on what no grant depends on, and a grant that was closed has settled.
                let Some((address, grant)) =
                    found.filter(|(_, grant)| grant.depends_on(&state.plan, bound.kpi, period))
                else {
                    continue;
                };
                let tally = view.tally(slot, &grant.beneficiary);
                let tally = tally.map_err(ProjectionError::from).map_err(FeedError::from)?;
                claims.extend(claimed(tally, Some(grant_scope(address, grant, identities)))?);
            }
        }
    }
    Ok(claims)
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
    // No vote is at stake whose window closes.
    let patience = (&daemon.patience, Duration::MAX);
    match measure(claimed.bound, &claimed.duty.scope, entry.as_ref(), None, patience).await {
        Ok(finding) => Ok(Some((finding.value, Proof::New(Box::new(finding.evidence))))),
        Err(hold) => {
            warn!(feed = claimed.duty.feed, period = claimed.duty.target.period, reason = %hold, "nothing to compare with");
            Ok(None)
        }
    }
}

/// What became of a dispute.
enum Filed {
    /// It stands.
    Yes,
    /// It is not possible, not needed any more, or was refused.
    No,
    /// It is not known.
    Unfinished,
}

/// Disputes a value once, as long as that is possible; the hash of the own evidence is the reason.
async fn dispute(
    daemon: &Daemon,
    state: &PlanState,
    claimed: &Claimed<'_>,
    disputer: &dyn Signer,
    reason_hash: Hash,
    now: i64,
) -> Result<Filed, DaemonError> {
    let plan = &state.plan;
    let target = claimed.duty.target;
    let window = claimed.standing.challenge_window(plan, claimed.duty.closes);
    let (from, until) = window.map_err(|error| FeedError::Corrupt(error.to_string()))?;
    let is_open = (from..until).contains(&now);
    if claimed.standing.disputed_at.is_some() {
        return Ok(Filed::No);
    }
    // One that was signed before is followed to its end first, also when the window is over.
    if let Some(filed) = signed_before(daemon, claimed).await? {
        return Ok(filed);
    }
    if !is_open {
        return Ok(Filed::No);
    }
    let cause = Cause {
        plan,
        grants: &state.grants,
        kpi: target.kpi,
        period: target.period,
        individual: target.grant,
        named: daemon.config.watch.grant,
    };
    let grant = match cause.entitled(&disputer.pubkey()) {
        Ok(grant) => grant,
        Err(why) => {
            daemon.alarm.note(Alert::NotEntitled(why), &claimed.duty);
            return Ok(Filed::No);
        }
    };
    let args = DisputeArgs {
        kpi: target.kpi,
        period: target.period,
        grants: target.grant.map(PageGrants::one),
        reason_hash,
    };
    let instruction = instructions::dispute(&disputer.pubkey(), &disputer.pubkey(), &state.address, grant, args);
    let version = daemon.endpoints.version(&[disputer]).await?;
    let prepared = daemon
        .endpoints
        .ask(async |client| {
            let mut submission = Submission::new(vec![instruction.clone()], disputer);
            submission.version = version;
            Ok(client.prepare(&submission).await?.0)
        })
        .await;
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(ClientError::WouldFail(failure)) => return Ok(refused(daemon, claimed, &failure)),
        Err(error) => return Err(error.into()),
    };
    // Written down first: nothing else is signed until it is known what became of this one.
    let bytes = to_bytes(&prepared.transaction);
    let last = last_block(prepared.life);
    daemon
        .journal()
        .record_dispute(&target, &prepared.signature, last, &bytes, time::now())?;
    followed(daemon, claimed, &prepared.signature, last, &bytes).await
}

fn refused(daemon: &Daemon, claimed: &Claimed<'_>, failure: &Failure) -> Filed {
    daemon
        .alarm
        .note(Alert::DisputeFailed(failure.to_string()), &claimed.duty);
    Filed::No
}

/// Follows a dispute that is in the journal. One that by proof will never be executed is forgotten, so that the next
/// look, which reads the chain first, can file it again.
async fn followed(
    daemon: &Daemon,
    claimed: &Claimed<'_>,
    signature: &Signature,
    last: u64,
    bytes: &[u8],
) -> Result<Filed, DaemonError> {
    let (feed, period) = (&claimed.duty.feed, claimed.duty.target.period);
    Ok(match daemon.courier().ending(bytes, last).await? {
        Ending::Executed(_) => {
            info!(%signature, feed, period, "disputed");
            Filed::Yes
        }
        Ending::Failed(failure) => refused(daemon, claimed, &failure),
        Ending::Expired => {
            warn!(%signature, feed, "a dispute expired; the next look files it again");
            daemon.journal().forget_dispute(&claimed.duty.target)?;
            Filed::Unfinished
        }
        Ending::Unknown(why) => {
            warn!(%signature, feed, why, "what became of a dispute is not known; the next look follows it again");
            Filed::Unfinished
        }
    })
}

/// What became of a dispute of this value that was signed before, by this process or an earlier one; none if there is
/// none.
async fn signed_before(daemon: &Daemon, claimed: &Claimed<'_>) -> Result<Option<Filed>, DaemonError> {
    let Some(signed) = daemon.journal().disputed(&claimed.duty.target)? else {
        return Ok(None);
    };
    let last = signed.last_valid_block_height;
    let filed = followed(daemon, claimed, &signed.signature, last, &signed.transaction).await?;
    Ok(Some(filed))
}

/// What is disputed, and on whose behalf.
struct Cause<'a> {
    plan: &'a Plan,
    grants: &'a [(Pubkey, Grant)],
    kpi: u8,
    period: u16,
    /// Index of the grant of an individual KPI.
    individual: Option<u32>,
    /// The grant that the configuration names for shared ones.
    named: Option<Pubkey>,
}

impl Cause<'_> {
    /// The grant for which `key` may dispute, none for the authority and a shared KPI; or why it may not. The authority
    /// names the grant of an individual KPI, so that what its beneficiary voted does not count. What the program asks
    /// (`programs/earnout/src/instructions/dispute.rs`), so that nothing is filed in vain.
    fn entitled(&self, key: &Pubkey) -> Result<Option<Pubkey>, String> {
        if self.plan.authority == *key && self.individual.is_none() {
            return Ok(None);
        }
        let is_wanted = |address: &Pubkey, grant: &Grant| match self.individual {
            Some(index) => grant.index == index,
            None => self.named.is_none_or(|named| named == *address),
        };
        let mut why = format!(
            "{key} may not dispute this: it is neither the authority of the plan nor the beneficiary of a grant with weight on \
             the KPI that covers the period and is not settled"
        );
        for (address, grant) in self.grants {
            if !is_wanted(address, grant) || !grant.depends_on(self.plan, self.kpi, self.period) {
                continue;
            }
            if self.plan.authority == *key {
                return Ok(Some(*address));
            }
            if grant.beneficiary != *key {
                continue;
            }
            // One grant that cannot dispute does not keep another one of the same beneficiary from it.
            let earns = grant.can_earn_in(self.period);
            if !earns.is_ok_and(|earns| earns) {
                why = format!(
                    "{key} may not dispute this for grant {}: it can earn nothing from the value",
                    grant.index
                );
            } else if grant.has(DISPUTE_BARRED) {
                why = format!(
                    "grant {} may not dispute any more: a dispute of it was rejected",
                    grant.index
                );
            } else {
                return Ok(Some(*address));
            }
        }
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable, earnout::state::FORFEITED};

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    /// A grant of the beneficiary 2 over periods 0 to 3 with weight on KPI 1.
    fn grant(index: u32, change: impl Fn(&mut Grant)) -> (Pubkey, Grant) {
        let mut grant = Grant::zeroed();
        grant.index = index;
        grant.beneficiary = key(2);
        grant.allocation = 1_000;
        grant.periods = 4;
        grant.end_period = 4;
        grant.kpi_weights[1] = 10_000;
        change(&mut grant);
        (key(10 + u8::try_from(index).unwrap()), grant)
    }

    /// A plan with the authority 1.
    fn plan() -> Plan {
        let mut plan = Plan::zeroed();
        plan.authority = key(1);
        plan
    }

    fn cause<'a>(plan: &'a Plan, grants: &'a [(Pubkey, Grant)]) -> Cause<'a> {
        Cause {
            plan,
            grants,
            kpi: 1,
            period: 2,
            individual: None,
            named: None,
        }
    }

    /// The same order and conditions as the program's `check_disputer`.
    #[test]
    fn the_grant_that_can_dispute_is_chosen() {
        let plan = plan();
        let grants = [
            grant(0, |grant| grant.flags = DISPUTE_BARRED),
            grant(1, |grant| grant.flags = FORFEITED),
            grant(2, |grant| grant.allocation = 0),
            grant(3, |grant| grant.kpi_weights[1] = 0),
            grant(4, |grant| grant.next_period = 3),
            grant(5, |grant| grant.end_period = 2),
            grant(6, |grant| grant.beneficiary = key(3)),
            grant(7, |_| ()),
        ];
        assert_eq!(cause(&plan, &grants).entitled(&key(2)), Ok(Some(key(17))));
        assert_eq!(cause(&plan, &grants).entitled(&key(3)), Ok(Some(key(16))));
        for (number, part) in [
            (0, "grant 0 may not dispute any more"),
            (1, "can earn nothing"),
            (2, "can earn nothing"),
            (3, "neither the authority"),
            (4, "neither the authority"),
            (5, "neither the authority"),
            (6, "neither the authority"),
        ] {
            let why = cause(&plan, &grants[number..=number]).entitled(&key(2)).unwrap_err();
            assert!(why.contains(part), "{number}: {why}");
        }
        let named = Cause {
            named: Some(key(10)),
            ..cause(&plan, &grants)
        };
        assert!(named.entitled(&key(2)).unwrap_err().contains("grant 0 may not"));
    }

    #[test]
    fn the_authority_disputes_a_shared_value_without_a_grant_and_an_individual_one_with_its_own() {
        let plan = plan();
        let grants = [
            grant(0, |grant| grant.flags = DISPUTE_BARRED),
            grant(1, |grant| grant.next_period = 3),
        ];
        assert_eq!(cause(&plan, &grants).entitled(&key(1)), Ok(None));
        let individual = |index| Cause {
            individual: Some(index),
            ..cause(&plan, &grants)
        };
        assert_eq!(individual(0).entitled(&key(1)), Ok(Some(key(10))));
        assert!(individual(0).entitled(&key(2)).is_err(), "barred");
        assert!(individual(1).entitled(&key(1)).is_err(), "settled");
    }
}
