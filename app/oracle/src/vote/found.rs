//! What the chain has of this oracle's votes, written down.

use {
    crate::{
        measure::{Hash, Store},
        vote::{Journal, JournalError, Target},
    },
    earnout_sdk::wire::Manifest,
    std::collections::BTreeMap,
};

/// A vote of this oracle that the chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: i64,
    /// Whether this daemon made it.
    pub is_own: bool,
}

/// Writes down `votes` that the chain has, each with the evidence hash that it shows there: the next manifest of a page
/// repeats them. One that the journal does not know was made by another process, whose documents only a manifest in the
/// store can name. `at` is the time, Unix seconds.
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
        let document = match target.grant {
            None => Some(evidence),
            Some(grant) => {
                let manifest = manifests
                    .entry(evidence)
                    .or_insert_with(|| store.get::<Manifest>(&evidence).ok());
                let about = manifest.as_ref().filter(|manifest| target.place().is_of(manifest));
                let listed = about.and_then(|manifest| manifest.votes.get(&grant));
                listed
                    .filter(|listed| listed.value == value)
                    .and_then(|listed| listed.evidence)
            }
        };
        let is_own = journal.note_found(&target, value, &evidence, document, at)?;
        all.insert(target, Found { value, is_own });
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
        let mut listed = |votes: &[(u32, i64, Hash)]| {
            let votes = votes.iter().map(|(grant, value, hash)| (on(*grant), *value, *hash));
            let found = note_votes(&mut journal, &store, votes, 7).unwrap();
            assert!(found.values().all(|found| !found.is_own));
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
    }
}
