//! What the chain has of this oracle's votes, compared with what the journal says.

use {
    super::{Class, Ready, Round},
    crate::{
        measure::{Bound, FeedError, value},
        service::{Alert, Daemon, DaemonError},
        vote::{Duty, Found, Place, Target, note_votes, own_votes},
    },
    earnout::state::{Plan, place},
    earnout_sdk::{text::time, wire::Evaluation},
    solana_program::pubkey::Pubkey,
    std::collections::{BTreeMap, BTreeSet},
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
    let places: BTreeSet<Place> = open.iter().map(|(_, duty)| duty.target.place()).collect();
    if places.is_empty() {
        return Ok(open);
    }
    let addresses: Vec<Pubkey> = places.iter().map(Place::address).collect();
    let found = daemon
        .endpoints
        .ask(async |client| client.evaluations(&addresses).await)
        .await?;
    // Read after the votes: who votes on a period can have changed in between.
    let plan = daemon.endpoints.plan(plan, false).await?.plan;
    let found: BTreeMap<Place, Evaluation> = places
        .into_iter()
        .zip(found)
        .filter_map(|(place, found)| Some((place, found?)))
        .collect();
    compare(daemon, &plan, &found, open, round)
}

fn compare<'a>(
    daemon: &Daemon,
    plan: &Plan,
    found: &BTreeMap<Place, Evaluation>,
    open: Vec<(&'a Ready<'a>, Duty)>,
    round: &mut Round,
) -> Result<Vec<(&'a Ready<'a>, Duty)>, DaemonError> {
    let on_chain = found_votes(daemon, plan, found.values())?;
    let mut left = Vec::new();
    // Both ends of how long a vote has been known are of this machine's clock.
    let here = time::now();
    for (ready, duty) in open {
        if let Some(vote) = on_chain.get(&duty.target) {
            round.put(&duty, Class::Already);
            if !vote.is_own {
                let shown = value::from_fixed(vote.value, ready.bound.terms.decimals);
                daemon.alarm.note(Alert::ForeignVote(shown), &duty);
                round.has_foreign_vote = true;
            }
            continue;
        }
        let known = daemon.journal().vote(&duty.target)?;
        if let Some(vote) = known {
            if here < vote.at.saturating_add(LOST_AFTER) {
                // One answer said that it was executed; the accounts do not show it, and they count.
                debug!(feed = duty.feed, "a vote is not visible yet");
                round.put(&duty, Class::Unfinished);
                continue;
            }
            if let Some(signature) = vote.signature {
                daemon.alarm.note(Alert::HiddenVote(signature), &duty);
                daemon.journal().reopen_transaction(&signature, &duty.target)?;
                round.put(&duty, Class::Unfinished);
                continue;
            }
            daemon.alarm.note(Alert::LostVote, &duty);
            daemon.journal().forget_vote(&duty.target)?;
        }
        let evaluation = found.get(&duty.target.place());
        match evaluation.map(|evaluation| agreed(evaluation, &duty)).transpose()? {
            Some(Some(value)) => {
                // Enough others agreed; a vote would change nothing.
                round.put(&duty, Class::Already);
                compare_resolved(daemon, &ready.bound, &duty, value)?;
            }
            Some(None) | None => left.push((ready, duty)),
        }
    }
    Ok(left)
}

/// Writes down all that the chain has of this oracle's votes in these attestations and pages, also on grants that are
/// settled by now.
fn found_votes<'a>(
    daemon: &Daemon,
    plan: &Plan,
    evaluations: impl Iterator<Item = &'a Evaluation>,
) -> Result<BTreeMap<Target, Found>, DaemonError> {
    let oracle = daemon.oracle();
    let votes = evaluations.flat_map(|evaluation| own_votes(evaluation, plan, &oracle));
    Ok(note_votes(&mut daemon.journal(), &daemon.store, votes, time::now())?)
}

/// The value on which enough oracles have agreed, if nothing can change that: with a vote of the beneficiary among
/// theirs it stays open.
fn agreed(evaluation: &Evaluation, duty: &Duty) -> Result<Option<i64>, DaemonError> {
    let tally = match (evaluation, &duty.scope.grant) {
        (Evaluation::Attestation(state), _) => state.tally(),
        (Evaluation::Page(page), Some(grant)) => page.view().tally(place(grant.index).1, &grant.beneficiary),
        (Evaluation::Page(_), None) => return Ok(None),
    };
    Ok(tally.map_err(|error| FeedError::Corrupt(error.to_string()))?.agreed)
}

fn compare_resolved(daemon: &Daemon, bound: &Bound<'_>, duty: &Duty, resolved: i64) -> Result<(), DaemonError> {
    daemon.journal().end_hold(&duty.target)?;
    let measured = daemon.journal().measured(&duty.target)?;
    if let Some(measured) = measured.filter(|own| own.value != resolved) {
        let shown = |fixed| value::from_fixed(fixed, bound.terms.decimals);
        let (theirs, own) = (shown(resolved), shown(measured.value));
        daemon.alarm.note(Alert::Outvoted { theirs, own }, duty);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::{
            measure::{
                Bound, Feed, GrantScope, Identities,
                feed::testing::{QUARTERS, feed},
            },
            service::Config,
            vote::{Measured, SignedVotes},
        },
        bytemuck::Zeroable,
        earnout::{
            constants::NO_VALUE,
            state::{Kpi, Page, PageKey},
        },
        earnout_sdk::{report::projection::PeriodTimes, wire::PageState},
        solana_signature::Signature,
        std::{fs, os::unix::fs::PermissionsExt, path::Path},
    };

    const PLAN: Pubkey = Pubkey::new_from_array([1; 32]);

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    fn daemon(folder: &Path) -> Daemon {
        let file = |name: &str, text: String| {
            let file = folder.join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            file
        };
        let key = file("key.json", format!("{:?}", solana_keypair::Keypair::new().to_bytes()));
        let text = format!(
            "[chain]\nendpoints = ['http://a.test']\n[signer]\noracle = {key:?}\n[service]\nstate = 'state'\n[[feed]]\nid = 'mau'\n\
             plan = '11111111111111111111111111111112'\nkpi = 0\nsource = {{ type = 'manual' }}"
        );
        Daemon::beside(Config::read(&file("oracle.toml", text)).unwrap()).unwrap()
    }

    /// A feed of an individual KPI.
    fn ready(feed: &Feed) -> Ready<'_> {
        Ready {
            bound: Bound {
                feed,
                kpi: 0,
                terms: Kpi::zeroed(),
                individual: true,
                calendar: QUARTERS,
            },
            identities: Identities::default(),
            blocked: None,
        }
    }

    fn duty(ready: &Ready<'_>, index: u32, beneficiary: Pubkey) -> Duty {
        let times = PeriodTimes {
            period: 0,
            start: 0,
            end: 10,
            attest_deadline: 30,
            settle_deadline: 60,
        };
        let grant = GrantScope {
            index,
            address: key(50),
            beneficiary,
            identity: None,
        };
        ready.bound.duty(&times, Some(grant))
    }

    /// The page of the grants 0 to 9, on which this daemon's oracle and two others vote.
    fn page(daemon: &Daemon) -> (Plan, Place, PageState) {
        let mut plan = Plan::zeroed();
        plan.grant_counter = 10;
        plan.oracles.count = 3;
        plan.oracles.threshold = 2;
        plan.oracles.keys[..3].copy_from_slice(&[daemon.oracle(), key(2), key(3)]);
        let (address, mut head) = (PLAN, Page::zeroed());
        let of = PageKey {
            plan: &address,
            kpi: 0,
            period: 0,
            page: 0,
        };
        head.begin(&of, &plan.oracles, plan.grant_counter, 0, 10).unwrap();
        let place = Place {
            plan: PLAN,
            kpi: 0,
            period: 0,
            page: Some(0),
        };
        (plan, place, PageState::begin(head, &plan.oracles))
    }

    fn feed_of_plan() -> Feed {
        let mut feed = feed("mau", "");
        feed.plan = PLAN;
        feed
    }

    #[test]
    fn the_chain_and_the_journal_say_together_what_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = daemon(dir.path());
        let (plan, place, mut page) = page(&daemon);
        let feed = feed_of_plan();
        let ready = ready(&feed);
        let on = |grant| duty(&ready, grant, key(40)).target;
        let measured = Measured {
            value: 4,
            evidence: [4; 32],
            at: 1,
        };
        daemon.journal().record_measured(&[(on(0), measured)]).unwrap();
        let signed = SignedVotes {
            signature: Signature::default(),
            last_valid_block_height: 1,
            transaction: Vec::new(),
            votes: vec![(on(0), [9; 32])],
        };
        daemon.journal().record_transaction(&signed, 1).unwrap();
        // Grants 0 and 9 are this oracle's, of 1 and 2 others say the same: that of 2 is one of them.
        page.edit().vote(0, 0, &[4], [9; 32], 11).unwrap();
        page.edit().vote(0, 9, &[5], [9; 32], 11).unwrap();
        for position in [1, 2] {
            page.edit().vote(position, 1, &[6, 7], [8; 32], 12).unwrap();
        }
        let found = BTreeMap::from([(place, Evaluation::Page(Box::new(page)))]);
        let duties = [(0, key(40)), (1, key(40)), (2, key(3)), (3, key(40))];
        let open = duties.map(|(grant, beneficiary)| (&ready, duty(&ready, grant, beneficiary)));
        let mut round = Round::default();
        let left = compare(&daemon, &plan, &found, open.into(), &mut round).unwrap();
        let left: Vec<_> = left.into_iter().map(|(_, duty)| duty.target.grant).collect();
        assert_eq!(
            left,
            [Some(2), Some(3)],
            "an oracle's vote on its own grant decides nothing before the deadline"
        );
        assert_eq!(round.count(Class::Already), 2);
        assert!(!round.is_open());
        // Whatever this oracle has in the page will be in its next manifest.
        let votes = daemon.journal().votes_in(&place).unwrap();
        let votes: Vec<_> = votes
            .into_iter()
            .map(|(grant, vote)| (grant, vote.value, vote.evidence))
            .collect();
        assert_eq!(votes, [(0, 4, Some([4; 32])), (9, 5, None)]);
    }

    /// The round is done, but a person has to look: `once` ends with 2.
    #[test]
    fn a_foreign_vote_leaves_the_round_open() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = daemon(dir.path());
        let (plan, place, mut page) = page(&daemon);
        page.edit().vote(0, 0, &[NO_VALUE, 5], [7; 32], 11).unwrap();
        let found = BTreeMap::from([(place, Evaluation::Page(Box::new(page)))]);
        let feed = feed_of_plan();
        let ready = ready(&feed);
        let open = vec![(&ready, duty(&ready, 1, key(40)))];
        let mut round = Round::default();
        assert!(compare(&daemon, &plan, &found, open, &mut round).unwrap().is_empty());
        assert_eq!(round.count(Class::Already), 1);
        assert!(round.is_open());
    }
}
