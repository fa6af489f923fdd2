//! What the chain has of this oracle's votes, compared with what the journal says.

use {
    super::{Class, Ready, Round},
    crate::{
        measure::{Bound, value},
        service::{Alert, Daemon, DaemonError},
        vote::{Duty, Vote, address, own_vote},
    },
    earnout_sdk::text::time,
    solana_program::pubkey::Pubkey,
    tracing::debug,
};

/// For how long a vote that the chain does not show is taken for not visible yet, seconds: by then a block that was
/// dropped is known to be.
const LOST_AFTER: i64 = 300;

/// Compares with the chain, and leaves only what this oracle has not voted on there.
pub(super) async fn not_yet_voted<'a>(
    daemon: &Daemon,
    plan: Pubkey,
    open: Vec<(&'a Ready<'a>, Duty)>,
    round: &mut Round,
) -> Result<Vec<(&'a Ready<'a>, Duty)>, DaemonError> {
    if open.is_empty() {
        return Ok(open);
    }
    let addresses: Vec<Pubkey> = open.iter().map(|(_, duty)| address(&duty.target)).collect();
    let attestations = daemon
        .endpoints
        .ask(async |client| client.attestations(&addresses).await)
        .await?;
    // Read after the votes: who votes on a period can have changed in between.
    let plan = daemon.endpoints.plan(plan, false).await?.plan;
    let mut left = Vec::new();
    // Both ends of how long a vote has been known are of this machine's clock.
    let here = time::now();
    for ((ready, duty), attestation) in open.into_iter().zip(attestations) {
        let position = plan.oracle_set(duty.target.period).position(&daemon.oracle());
        let on_chain = attestation
            .as_ref()
            .and_then(|attestation| own_vote(attestation, position?));
        let known = daemon.journal().vote(&duty.target)?;
        if let Some((value, evidence)) = on_chain {
            round.put(&duty, Class::Already);
            let vote = Vote {
                value,
                evidence,
                signature: None,
                at: here,
            };
            note_vote(daemon, &ready.bound, &duty, &vote, known.is_none(), round)?;
            continue;
        }
        if let Some(vote) = known {
            if here < vote.at.saturating_add(LOST_AFTER) {
                // One answer said that it was executed; the accounts do not show it, and they count.
                debug!(feed = duty.feed, "a vote is not visible yet");
                round.put(&duty, Class::Unfinished);
                continue;
            }
            if let Some(signature) = vote.signature {
                daemon.alarm.raise(Alert::HiddenVote(signature), &duty);
                daemon.journal().reopen_transaction(&signature, &duty.target)?;
                round.put(&duty, Class::Unfinished);
                continue;
            }
            daemon.alarm.raise(Alert::LostVote, &duty);
            daemon.journal().forget_vote(&duty.target)?;
        }
        match attestation.filter(|attestation| attestation.resolved != 0) {
            Some(attestation) => {
                // Enough others agreed; the program takes no more votes.
                round.put(&duty, Class::Already);
                compare_resolved(daemon, &ready.bound, &duty, attestation.resolved_value)?;
            }
            None => left.push((ready, duty)),
        }
    }
    Ok(left)
}

/// The chain has a vote of this oracle. One that the journal does not know was made by another process.
fn note_vote(
    daemon: &Daemon,
    bound: &Bound<'_>,
    duty: &Duty,
    vote: &Vote,
    is_news: bool,
    round: &mut Round,
) -> Result<(), DaemonError> {
    if is_news {
        daemon.journal().record_vote(&duty.target, vote)?;
    }
    let measured = daemon.journal().measured(&duty.target)?;
    if measured.is_none_or(|own| (own.value, own.evidence) != (vote.value, vote.evidence)) {
        let shown = value::from_fixed(vote.value, bound.terms.decimals);
        daemon.alarm.raise(Alert::ForeignVote(shown), duty);
        round.has_foreign_vote = true;
    }
    Ok(())
}

fn compare_resolved(daemon: &Daemon, bound: &Bound<'_>, duty: &Duty, resolved: i64) -> Result<(), DaemonError> {
    daemon.journal().end_hold(&duty.target)?;
    let measured = daemon.journal().measured(&duty.target)?;
    if let Some(measured) = measured.filter(|own| own.value != resolved) {
        let shown = |fixed| value::from_fixed(fixed, bound.terms.decimals);
        let (theirs, own) = (shown(resolved), shown(measured.value));
        daemon.alarm.raise(Alert::Outvoted { theirs, own }, duty);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::{
            measure::feed::testing::feed,
            service::{Config, round::Round},
        },
        bytemuck::Zeroable,
        earnout::state::Kpi,
        earnout_sdk::report::projection::PeriodTimes,
        std::{fs, os::unix::fs::PermissionsExt},
    };

    /// The round is done, but a person has to look: `once` ends with 2.
    #[test]
    fn a_foreign_vote_leaves_the_round_open() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| {
            let file = dir.path().join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            file
        };
        file("key.json", format!("{:?}", solana_keypair::Keypair::new().to_bytes()));
        let key = dir.path().join("key.json");
        let text = format!(
            "[chain]\nendpoints = ['http://a.test']\n[signer]\noracle = {key:?}\n[service]\nstate = 'state'\n[[feed]]\nid = 'mau'\n\
             plan = '11111111111111111111111111111112'\nkpi = 0\nsource = {{ type = 'manual' }}"
        );
        let daemon = Daemon::beside(Config::read(&file("oracle.toml", text)).unwrap()).unwrap();
        let bound = Bound {
            feed: &feed("mau", ""),
            kpi: 0,
            terms: Kpi::zeroed(),
            individual: false,
        };
        let times = PeriodTimes {
            period: 0,
            start: 0,
            end: 10,
            attest_deadline: 30,
            settle_deadline: 60,
        };
        let duty = bound.duty(&times, None);
        let vote = Vote {
            value: 5,
            evidence: [7; 32],
            signature: None,
            at: 1,
        };
        let mut round = Round::default();
        round.put(&duty, Class::Already);
        assert!(!round.is_open());
        note_vote(&daemon, &bound, &duty, &vote, true, &mut round).unwrap();
        assert!(round.is_open());
    }
}
