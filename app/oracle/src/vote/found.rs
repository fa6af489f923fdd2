//! What the chain has of this oracle's votes, written down.

use {
    crate::{
        measure::{Hash, Store},
        vote::{Journal, JournalError, Measured, Target},
    },
    earnout_sdk::wire::Manifest,
    std::collections::BTreeMap,
};

/// A vote of this oracle that the chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: i64,
    /// Whether this daemon made it, or what proves it is in its store: then the journal was lost or restored, or
    /// somebody corrected it by hand and left the evidence.
    pub is_own: bool,
    /// A document that proves a vote of this daemon and is not in the store.
    pub lacks: Option<Hash>,
}

/// Writes down `votes` that the chain has, each with the evidence hash that it shows there: the next manifest of a page
/// repeats them. One that the journal does not know and whose evidence is not in the store was made by another process;
/// one whose evidence is there is taken over. `at` is the time, Unix seconds.
///
/// # Errors
/// If the journal cannot be read or written.
pub fn note_votes(
    journal: &mut Journal,
    store: &Store,
    votes: impl Iterator<Item = (Target, i64, Hash)>,
    at: i64,
) -> Result<BTreeMap<Target, Found>, JournalError> {
    let mut manifests = BTreeMap::new();
    let mut all = BTreeMap::new();
    for (target, value, evidence) in votes {
        // The document that proves the value, and whether the store has what the chain names.
        let (document, is_stored) = match target.grant {
            None => (Some(evidence), store.has(&evidence)),
            Some(grant) => {
                let manifest = manifests
                    .entry(evidence)
                    .or_insert_with(|| store.get::<Manifest>(&evidence).ok());
                let about = manifest.as_ref().filter(|manifest| target.place().is_of(manifest));
                let listed = about.and_then(|manifest| manifest.votes.get(&grant));
                let listed = listed.filter(|listed| listed.value == value);
                (listed.and_then(|listed| listed.evidence), listed.is_some())
            }
        };
        let was_sent = journal.note_found(&target, value, &evidence, document, at)?;
        // What was taken over before and has lost its document since.
        let is_known = |measured: Measured| (measured.value, measured.evidence) == (value, evidence);
        let is_own = was_sent || is_stored || journal.measured(&target)?.is_some_and(is_known);
        if let Some(evidence) = document.filter(|_| is_own && !was_sent) {
            journal.adopt(&target, &Measured { value, evidence, at })?;
        }
        let proof = journal.vote(&target)?.and_then(|vote| vote.evidence);
        let named = [Some(evidence), proof.or(document)].into_iter().flatten();
        let lacks = named.into_iter().find(|hash| is_own && !store.has(hash));
        all.insert(target, Found { value, is_own, lacks });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use {super::*, earnout_sdk::wire::Listed, solana_program::pubkey::Pubkey};

    /// Somebody corrected a vote by hand, with the same key, and left the manifest here.
    #[test]
    fn what_a_manifest_of_another_process_names_is_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let store = Store::open(dir.path().join("evidence")).unwrap();
        let on = |grant| Target {
            plan: Pubkey::new_from_array([1; 32]),
            kpi: 0,
            period: 3,
            grant: Some(grant),
        };
        let mut manifest = Manifest::new(on(0).plan, Pubkey::new_from_array([2; 32]), 0, 3, 0);
        for (grant, value) in [(0, 4), (1, 5)] {
            let evidence = Some([6; 32]);
            manifest.votes.insert(grant, Listed { value, evidence });
        }
        let known = store.put(&manifest).unwrap();
        let mut own = Vec::new();
        let mut listed = |votes: &[(u32, i64, Hash)]| {
            let votes = votes.iter().map(|(grant, value, hash)| (on(*grant), *value, *hash));
            let found = note_votes(&mut journal, &store, votes, 7).unwrap();
            own.push(found.values().filter(|found| found.is_own).count());
            let votes = journal.votes_in(&on(0).place()).unwrap().into_iter();
            votes
                .map(|(grant, vote)| (grant, vote.value, vote.evidence))
                .collect::<Vec<_>>()
        };
        assert_eq!(listed(&[(0, 9, [8; 32])]), [(0, 9, None)], "nobody knows that manifest");
        let votes = [(0, 4, known), (1, 5, known), (2, 6, known)];
        let expected = [(0, 4, Some([6; 32])), (1, 5, Some([6; 32])), (2, 6, None)];
        assert_eq!(listed(&votes), expected);
        assert_eq!(
            listed(&[(0, 9, [8; 32])]),
            expected,
            "an endpoint that is behind changes nothing"
        );
        assert_eq!(
            own,
            [0, 2, 0],
            "what the manifest here lists is this oracle's, the rest somebody else's"
        );
    }

    /// The journal is gone, the evidence is not.
    #[test]
    fn a_vote_whose_evidence_is_here_is_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let store = Store::open(dir.path().join("evidence")).unwrap();
        let target = Target {
            plan: Pubkey::new_from_array([1; 32]),
            kpi: 0,
            period: 3,
            grant: None,
        };
        let document = Manifest::new(target.plan, Pubkey::new_from_array([2; 32]), 0, 3, 0);
        let hash = document.hash();
        let mut found = |store: &Store| {
            let all = note_votes(&mut journal, store, std::iter::once((target, 4, hash)), 7).unwrap();
            all[&target]
        };
        assert!(!found(&store).is_own, "nobody here knows of it");
        store.put(&document).unwrap();
        let expected = Found {
            value: 4,
            is_own: true,
            lacks: None,
        };
        assert_eq!([found(&store), found(&store)], [expected; 2]);
        let measured = journal.measured(&target).unwrap().unwrap();
        assert_eq!((measured.value, measured.evidence), (4, hash));
        let empty = Store::open(dir.path().join("empty")).unwrap();
        let all = note_votes(&mut journal, &empty, std::iter::once((target, 4, hash)), 7).unwrap();
        let lost = all[&target];
        assert_eq!((lost.is_own, lost.lacks), (true, Some(hash)));
    }

    #[test]
    fn what_proves_ones_own_vote_is_missed() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let store = Store::open(dir.path().join("evidence")).unwrap();
        let grant = Some(5);
        let target = Target {
            plan: Pubkey::new_from_array([1; 32]),
            kpi: 0,
            period: 3,
            grant,
        };
        let mut manifest = Manifest::new(target.plan, Pubkey::new_from_array([2; 32]), 0, 3, 0);
        let evidence = Some([6; 32]);
        manifest.votes.insert(5, Listed { value: 4, evidence });
        let hash = store.put(&manifest).unwrap();
        let all = note_votes(&mut journal, &store, std::iter::once((target, 4, hash)), 7).unwrap();
        assert_eq!((all[&target].is_own, all[&target].lacks), (true, Some([6; 32])));
    }
}
