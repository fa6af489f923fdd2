//! The evidence of a page: a manifest of all that the oracle reported there, kept before anything is sent.

use {
    crate::fault::Fault,
    earnout::state::slots_of,
    earnout_sdk::{
        client::{Client, ClientError, DocumentError, Documents, Failure, Submission, owned},
        text::amount::{self, ranges},
        wire::{Evaluation, Listed, Manifest, PageState, pda},
    },
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        path::{Path, PathBuf},
    },
};

/// The folder of manifests if none is named.
pub const FOLDER: &str = "evidence";

/// What a page holds of an oracle.
#[derive(Default)]
pub struct Held {
    /// By the grant's number.
    pub votes: BTreeMap<u32, i64>,
    /// Grants on which enough oracles agreed, so that nothing can change what counts.
    agreed: BTreeSet<u32>,
    /// The evidence of all of them.
    pub evidence: [u8; 32],
}

impl Held {
    /// Nothing if the oracle is not in the set that votes. Of grants that `beneficiaries` does not have it is not known
    /// whether anything can change.
    pub fn of(page: &PageState, oracle: &Pubkey, beneficiaries: &BTreeMap<u32, Pubkey>) -> Self {
        let view = page.view();
        let Some(ballot) = view.ballots().find(|ballot| ballot.head.oracle == *oracle) else {
            return Self::default();
        };
        let grant = |slot: u8| page.head().first_grant().saturating_add(slot.into());
        let slots = slots_of(ballot.head.voted);
        let votes = slots
            .filter_map(|slot| Some((grant(slot), ballot.vote(slot)?)))
            .collect();
        let is_agreed = |slot: &u8| {
            let beneficiary = beneficiaries.get(&grant(*slot));
            beneficiary.is_some_and(|key| view.tally(*slot, key).is_ok_and(|tally| tally.agreed.is_some()))
        };
        let agreed = (0..page.head().capacity).filter(is_agreed).map(grant).collect();
        Self {
            votes,
            agreed,
            evidence: ballot.head.evidence,
        }
    }

    /// Whether the oracle reported on a grant on which enough oracles agreed: another value of its would not count.
    pub fn is_agreed(&self, grant: u32) -> bool {
        self.agreed.contains(&grant) && self.votes.contains_key(&grant)
    }
}

/// What the chain gets as evidence of an upload.
pub struct Proof {
    pub manifest: Manifest,
    /// Grants whose document of before is not named any more, for its manifest is not in the folder.
    pub forgotten: Vec<u32>,
}

/// A manifest that was reported, as results show it.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    pub page: u32,
    sha256: String,
    pub file: PathBuf,
}

/// The manifests of an oracle, in a folder.
pub struct Manifests {
    documents: Documents,
}

impl Manifests {
    pub fn at(folder: PathBuf) -> Self {
        Self {
            documents: Documents::at(folder),
        }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        self.documents.folder()
    }

    /// The manifest of `page`, which has no votes yet, with what the oracle `held` there and what is `given` now. Who
    /// gives a value without a document leaves the one of before, if the value is the same.
    ///
    /// # Errors
    /// If something that the oracle reported before is not given again, and its manifest is not in the folder.
    pub fn complete(&self, page: Manifest, held: &Held, given: &BTreeMap<u32, Listed>) -> Result<Proof, Fault> {
        let earlier = match held.votes.is_empty() {
            true => Ok(page.clone()),
            false => self.earlier(&page, held),
        };
        let listed = |grant: &u32, value: i64| {
            let listed = earlier.as_ref().ok()?.votes.get(grant)?;
            (listed.value == value).then_some(*listed)
        };
        let mut manifest = page;
        let (mut missing, mut forgotten) = (Vec::new(), Vec::new());
        for (grant, value) in &held.votes {
            match listed(grant, *value) {
                Some(before) => {
                    manifest.votes.insert(*grant, before);
                }
                None if !given.contains_key(grant) => missing.push(*grant),
                None => (),
            }
        }
        for (grant, new) in given {
            let before = manifest
                .votes
                .get(grant)
                .copied()
                .filter(|before| before.value == new.value);
            let is_repeated = held.votes.get(grant) == Some(&new.value);
            if is_repeated && before.is_none() && new.evidence.is_none() {
                forgotten.push(*grant);
            }
            let evidence = new.evidence.or(before.and_then(|before| before.evidence));
            manifest.votes.insert(*grant, Listed { evidence, ..*new });
        }
        if missing.is_empty() {
            return Ok(Proof { manifest, forgotten });
        }
        let why = match earlier {
            Ok(_) => "the manifest of before does not list them".to_owned(),
            Err(why) => why,
        };
        Err(Fault::new(format!(
            "the oracle {} reported values of grants {} in this page before, and the new manifest has to repeat them",
            manifest.oracle,
            ranges(missing)
        ))
        .why(format!("{why}; nothing was sent"))
        .advice(
            "put the manifest of the last upload into that folder, or name its folder with --evidence-dir; if it is lost, \
             repeat those values in a --values file: `earnout attestation show --page --output json` has the votes of each \
             oracle",
        ))
    }

    /// The manifest of the last upload; else why there is none.
    fn earlier(&self, page: &Manifest, held: &Held) -> Result<Manifest, String> {
        let hash = hex::encode(held.evidence);
        let bytes = self.documents.get(&held.evidence).map_err(|error| match error {
            DocumentError::Missing(_) => format!(
                "their manifest {hash}.json is not in {}",
                self.documents.folder().display()
            ),
            error => format!("their manifest cannot be used: {error}"),
        })?;
        let earlier = Manifest::read(&bytes).map_err(|error| format!("the document {hash} is no manifest: {error}"))?;
        let of = |manifest: &Manifest| Manifest {
            votes: BTreeMap::new(),
            ..manifest.clone()
        };
        match of(&earlier) == *page {
            true => Ok(earlier),
            false => Err(format!("the manifest {hash} is of another page, or of another oracle")),
        }
    }

    /// Writes a manifest through to the disk, unless this `is_forecast`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, manifest: &Manifest, is_forecast: bool) -> Result<Kept, Fault> {
        let (bytes, hash) = (manifest.to_bytes(), manifest.hash());
        if !is_forecast {
            self.documents.put(&bytes).map_err(|error| {
                Fault::new("the manifest cannot be kept")
                    .why(format!("{error}; nothing was sent"))
                    .advice("name another folder with --evidence-dir")
            })?;
        }
        Ok(Kept {
            page: manifest.page,
            sha256: hex::encode(hash),
            file: self.documents.file(&hash),
        })
    }
}

/// Whether the chain will have exactly the votes that `manifest` lists, once the upload that `submission` makes is
/// executed. What an endpoint shows of a page may be from before the oracle's last upload. Where the upload would fail
/// nobody can say so: it must not be sent, and why it would fail is returned.
///
/// # Errors
/// If it will not, or the endpoint does not answer.
pub async fn require_whole(
    client: &Client,
    manifest: &Manifest,
    submission: &Submission<'_>,
) -> Result<Option<Box<Failure>>, Fault> {
    let page = pda::page(&manifest.plan, manifest.kpi, manifest.period, manifest.page);
    let after = match client.after(submission, &page).await {
        Err(ClientError::WouldFail(failure)) => return Ok(Some(failure)),
        after => owned::<Evaluation>(&page, after?)?,
    };
    let held = after
        .page()
        .map(|page| Held::of(page, &manifest.oracle, &BTreeMap::new()));
    let votes: BTreeMap<u32, i64> = manifest
        .votes
        .iter()
        .map(|(grant, listed)| (*grant, listed.value))
        .collect();
    let held = held.unwrap_or_default().votes;
    if held == votes {
        return Ok(None);
    }
    let differing = held.iter().filter(|(grant, value)| votes.get(grant) != Some(value));
    Err(Fault::new(format!(
        "the page {page} that {} gives is older than its own simulation",
        client.endpoint()
    ))
    .why(format!(
        "the oracle reported values of grants {} which the manifest would not list; nothing was sent",
        ranges(differing.map(|(grant, _)| *grant))
    ))
    .advice("use another endpoint (-u), or run the command again"))
}

/// How many other values of a page a manifest stands for, if it does.
pub fn others(manifest: &Manifest, reported: usize) -> Option<String> {
    match manifest.votes.len().saturating_sub(reported) {
        0 => None,
        others => Some(format!("{} of the page", amount::counted(others, "other value"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHES: [Option<[u8; 32]>; 3] = [None, Some([1; 32]), Some([2; 32])];

    fn page() -> Manifest {
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        Manifest::new(key(1), key(2), 0, 3, 1)
    }

    fn votes(votes: &[(u32, i64, usize)]) -> BTreeMap<u32, Listed> {
        let listed = |(grant, value, hash): &(u32, i64, usize)| {
            let evidence = HASHES[*hash];
            (
                *grant,
                Listed {
                    value: *value,
                    evidence,
                },
            )
        };
        votes.iter().map(listed).collect()
    }

    fn held(manifest: &Manifest) -> Held {
        Held {
            votes: manifest
                .votes
                .iter()
                .map(|(grant, listed)| (*grant, listed.value))
                .collect(),
            agreed: BTreeSet::new(),
            evidence: manifest.hash(),
        }
    }

    #[test]
    fn what_was_reported_before_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = Manifests::at(folder.path().join("evidence"));
        let complete = |held: &Held, given: &[(u32, i64, usize)]| manifests.complete(page(), held, &votes(given));
        let first = complete(&Held::default(), &[(64, 5, 1), (65, 6, 0)]).unwrap().manifest;
        assert_eq!(first.votes, votes(&[(64, 5, 1), (65, 6, 0)]));

        // Not here yet: what is not given again is missing, and a document that is not named is forgotten.
        let before = held(&first);
        let fault = complete(&before, &[(64, 7, 2), (66, 8, 0)])
            .err()
            .unwrap()
            .to_json()
            .to_string();
        assert!(
            fault.contains("of grants 65 in this page") && fault.contains("is not in"),
            "{fault}"
        );
        assert!(fault.contains(&hex::encode(first.hash())), "{fault}");
        let again = complete(&before, &[(64, 5, 0), (65, 7, 0)]).unwrap();
        assert_eq!(
            (again.manifest.votes, again.forgotten),
            (votes(&[(64, 5, 0), (65, 7, 0)]), vec![64])
        );

        let kept = manifests.keep(&first, true).unwrap();
        assert!(!kept.file.exists());
        manifests.keep(&first, false).unwrap();
        assert!(kept.file.exists());
        let next = complete(&before, &[(65, 6, 2), (66, 8, 0)]).unwrap();
        assert_eq!(next.manifest.votes, votes(&[(64, 5, 1), (65, 6, 2), (66, 8, 0)]));
        assert!(next.forgotten.is_empty());
        let same = complete(&before, &[(64, 5, 0), (65, 6, 0)]).unwrap();
        assert_eq!(same.manifest, first, "nothing new");
        assert_eq!(
            complete(&before, &[(64, 9, 0)]).unwrap().manifest.votes,
            votes(&[(64, 9, 0), (65, 6, 0)])
        );
    }

    #[test]
    fn only_the_manifest_of_this_page_and_these_values_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = Manifests::at(folder.path().to_owned());
        let given = votes(&[(66, 1, 1)]);
        let said = |manifest: &Manifest, held: &Held| {
            manifests.keep(manifest, false).unwrap();
            let fault = manifests.complete(page(), held, &given).err().unwrap();
            fault.to_json().to_string()
        };
        for other in [
            Manifest { period: 4, ..page() },
            Manifest {
                oracle: page().plan,
                ..page()
            },
        ] {
            let other = Manifest {
                votes: votes(&[(64, 5, 1)]),
                ..other
            };
            assert!(said(&other, &held(&other)).contains("of another page, or of another oracle"));
        }
        let mut manifest = page();
        manifest.votes = votes(&[(64, 5, 1)]);
        let changed = Held {
            votes: [(64, 6)].into(),
            ..held(&manifest)
        };
        assert!(said(&manifest, &changed).contains("does not list them"));
        let damaged = manifests.documents.file(&manifest.hash());
        std::fs::write(damaged, "{}").unwrap();
        let fault = manifests.complete(page(), &held(&manifest), &given).err().unwrap();
        assert!(fault.to_json().to_string().contains("is not what was stored"));
    }
}
