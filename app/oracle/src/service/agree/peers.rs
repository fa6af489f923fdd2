//! What the other oracles say, from where each of them publishes it.

use {
    crate::{
        measure::text,
        service::{
            Origin,
            agree::{Said, Statement, file_name, read_file, statement::MOST_BYTES},
        },
        vote::{Journal, JournalError},
    },
    earnout::state::{Plan, Scope},
    earnout_sdk::{
        client::Web,
        text::{
            endpoint,
            names::{harmless, shortened},
        },
    },
    serde::{Deserialize, Deserializer},
    solana_program::pubkey::Pubkey,
    std::{
        collections::BTreeMap,
        path::{Path, PathBuf},
        time::Duration,
    },
};

/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most letters of what a stranger's file makes a reader say.
const LONGEST_REASON: usize = 300;

/// What oracles tell each other before they vote.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agree {
    /// Folder into which `agree --publish` writes what this oracle is about to vote; nowhere if none.
    pub publish: Option<PathBuf>,
    /// The other oracles.
    pub peers: Vec<Peer>,
}

/// Another oracle, and where it publishes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    #[serde(with = "crate::measure::text")]
    pub oracle: Pubkey,
    /// Where what it says lies: a folder or BASE of `BASE/agree-PLAN-PERIOD.json`, or one such file.
    #[serde(with = "crate::measure::text")]
    pub from: Origin,
    /// Where its evidence lies: a folder or BASE of `BASE/SHA256`; there too if none.
    #[serde(default, deserialize_with = "optional")]
    pub evidence: Option<Origin>,
}

impl Peer {
    /// Where its evidence lies, if that is known.
    pub fn evidence(&self) -> Option<Origin> {
        let file = match &self.from {
            Origin::Folder(path) => path.as_path(),
            Origin::Web(url) => url.as_ref(),
        };
        let from = (!is_file(file)).then(|| self.from.clone());
        self.evidence.clone().or(from)
    }
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Origin>, D::Error> {
    text::deserialize(deserializer).map(Some)
}

/// What came from one peer.
pub struct Heard {
    pub oracle: Pubkey,
    /// What it says, or why it is not heard.
    pub statement: Result<Statement, String>,
}

/// What this oracle has measured for `period` of `plan`, by its journal.
///
/// # Errors
/// If the journal cannot be read.
pub fn said(journal: &Journal, plan: &Pubkey, period: u16) -> Result<BTreeMap<(u8, Option<u32>), Said>, JournalError> {
    let measured = journal.measured_in(plan, period)?.into_iter();
    let said = measured.map(|(target, measured)| {
        let said = Said {
            value: measured.value,
            evidence: measured.evidence,
            at: measured.at,
        };
        ((target.kpi, target.grant), said)
    });
    Ok(said.collect())
}

/// Whether a statement is about what `plan` has: what nobody can vote on hides what matters.
///
/// # Errors
/// The first thing that the plan does not have.
pub fn fits(plan: &Plan, statement: &Statement) -> Result<(), String> {
    for (kpi, grant) in statement.said.keys() {
        let scope = plan.kpis().get(usize::from(*kpi)).and_then(|terms| terms.scope().ok());
        let is_there = match (scope, grant) {
            (Some(Scope::Shared), None) => true,
            (Some(Scope::Individual), Some(grant)) => *grant < plan.grant_counter,
            _ => false,
        };
        if !is_there {
            let grant = grant.map(|grant| format!(", grant {grant}")).unwrap_or_default();
            return Err(format!("it is about KPI {kpi}{grant}, which the plan does not have"));
        }
    }
    Ok(())
}

/// Asks a peer for its statement on `period` of `plan`. What is another one's, of another plan or period, or not signed
/// by that oracle is not heard.
pub async fn hear(peer: &Peer, plan: &Pubkey, period: u16) -> Heard {
    let statement = match fetched(&peer.from, plan, period).await {
        Ok(bytes) => accepted(&bytes, &peer.oracle, plan, period),
        Err(reason) => Err(reason),
    };
    Heard {
        oracle: peer.oracle,
        statement: statement.map_err(|reason| harmless(&shortened(&reason, LONGEST_REASON))),
    }
}

async fn fetched(from: &Origin, plan: &Pubkey, period: u16) -> Result<Vec<u8>, String> {
    let name = file_name(plan, period);
    match from {
        Origin::Folder(path) => {
            let file = match is_file(path) {
                true => path.clone(),
                false => path.join(name),
            };
            read_file(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
        }
        Origin::Web(base) => {
            let url = match is_file(base.as_ref()) {
                true => base.clone(),
                false => format!("{base}/{name}"),
            };
            let found = Web::new(PATIENCE).get(&url, MOST_BYTES).await;
            found.map_err(|error| format!("{}: {error}", endpoint::shown(&url)))
        }
    }
}

/// Whether a place is that of one statement, and not of all that an oracle publishes.
fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

fn accepted(bytes: &[u8], oracle: &Pubkey, plan: &Pubkey, period: u16) -> Result<Statement, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    let statement = Statement::read(bytes).map_err(|error| error.to_string())?;
    if statement.oracle != *oracle {
        return Err(format!("it is signed by {}, not by {oracle}", statement.oracle));
    }
    if statement.plan != *plan {
        return Err(format!("it is of another plan, {}", statement.plan));
    }
    match statement.period == period {
        true => Ok(statement),
        false => Err(format!("it is of period {}, not {period}", statement.period)),
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable, solana_keypair::Keypair, solana_signer::Signer, std::fs};

    #[test]
    fn what_the_plan_does_not_have_is_not_heard() {
        let mut plan = Plan::zeroed();
        plan.kpi_count = 2;
        plan.kpis[1].scope = Scope::Individual as u8;
        plan.grant_counter = 7;
        let about = |kpi, grant| {
            let said = Said {
                value: 1,
                evidence: [1; 32],
                at: 1,
            };
            let statement = Statement {
                plan: Pubkey::default(),
                period: 0,
                oracle: Pubkey::default(),
                said: [((kpi, grant), said)].into(),
            };
            fits(&plan, &statement)
        };
        assert_eq!((about(0, None), about(1, Some(6))), (Ok(()), Ok(())));
        for (kpi, grant) in [(2, None), (0, Some(0)), (1, None), (1, Some(7)), (255, Some(u32::MAX))] {
            assert!(
                about(kpi, grant).unwrap_err().contains("does not have"),
                "{kpi} {grant:?}"
            );
        }
    }

    #[tokio::test]
    async fn only_the_named_oracle_is_heard_and_only_on_what_was_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (oracle, other) = (Keypair::new_from_array([9; 32]), Keypair::new_from_array([8; 32]));
        let plan = Pubkey::new_from_array([1; 32]);
        let of = |signer: &Keypair, plan, period| {
            let statement = Statement {
                plan,
                period,
                oracle: signer.pubkey(),
                said: BTreeMap::new(),
            };
            statement.signed(signer).unwrap()
        };
        let peer = Peer {
            oracle: oracle.pubkey(),
            from: Origin::Folder(folder.path().to_owned()),
            evidence: None,
        };
        let file = folder.path().join(file_name(&plan, 3));
        let heard = async || hear(&peer, &plan, 3).await.statement;
        assert!(heard().await.unwrap_err().contains("cannot read"));
        fs::write(&file, of(&oracle, plan, 3)).unwrap();
        assert_eq!(heard().await.unwrap().period, 3);
        for (bytes, part) in [
            (of(&other, plan, 3), "it is signed by"),
            (of(&oracle, plan, 2), "it is of period 2"),
            (of(&oracle, Pubkey::new_from_array([2; 32]), 3), "another plan"),
            // It must not act on a terminal.
            (b"{\"\\u001b[2J\":1}".to_vec(), "\\u{1b}[2J"),
        ] {
            fs::write(&file, bytes).unwrap();
            let reason = heard().await.unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
        let named = Peer {
            from: Origin::Folder(file.clone()),
            ..peer.clone()
        };
        fs::write(&file, of(&oracle, plan, 3)).unwrap();
        assert!(hear(&named, &plan, 3).await.statement.is_ok());
    }
}
