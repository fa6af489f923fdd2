//! What of a document the chain confirms.

use {
    super::{Content, PlanDocument},
    crate::{
        text::names::{harmless, shortened},
        wire::accounts::padded_text,
    },
    earnout::state::Plan,
    solana_program::{hash, pubkey::Pubkey},
    std::{collections::BTreeMap, fmt},
};

/// What was found out about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The rubric of each KPI of the plan, in their order.
    pub rubrics: Vec<RubricState>,
    /// What does not agree with the chain.
    pub findings: Vec<Finding>,
}

/// What is known about the text of a rubric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RubricState {
    /// It has the hash that the chain has.
    Matches,
    /// It has another hash, this one.
    Differs([u8; 32]),
    /// It lies in a file that was not looked at.
    NotLookedAt,
    /// The document has none.
    Missing,
}

impl RubricState {
    /// Of a text, or none, and the hash that the chain has.
    pub fn of(chain: &[u8; 32], text: Option<&[u8]>) -> Self {
        match text.map(|text| hash::hash(text).to_bytes()) {
            None => Self::Missing,
            Some(hash) if hash == *chain => Self::Matches,
            Some(hash) => Self::Differs(hash),
        }
    }
}

impl fmt::Display for RubricState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Matches => "matches",
            Self::Differs(_) => "does not match",
            Self::NotLookedAt => "not looked at",
            Self::Missing => "no text",
        })
    }
}

/// Something that does not agree with the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The document is of another plan.
    OtherPlan(Pubkey),
    /// The plan has a KPI for which the document has no text.
    NoRubric {
        /// Number of the KPI.
        kpi: u8,
        /// Its name on the chain.
        name: String,
    },
    /// The text is not the one whose hash the chain has.
    WrongRubric {
        /// Number of the KPI.
        kpi: u8,
        /// Its name on the chain.
        name: String,
        /// SHA-256 of the text.
        found: [u8; 32],
    },
    /// The text lies in a file that was not looked at.
    NotLookedAt {
        /// Number of the KPI.
        kpi: u8,
        /// The file.
        file: String,
    },
    /// The document states another hash than the chain.
    StatedHash {
        /// Number of the KPI.
        kpi: u8,
    },
    /// The document calls a KPI something else than the chain.
    OtherName {
        /// Number of the KPI.
        kpi: u8,
        /// Its name on the chain.
        name: String,
        /// Its name in the document.
        said: String,
    },
    /// The plan has no such KPI.
    UnknownKpi(u8),
    /// The plan has made no such grant, which has a label.
    UnknownGrant(u32),
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |text: &str| harmless(&shortened(text, PlanDocument::MOST_LABEL));
        match self {
            Self::OtherPlan(plan) => write!(out, "the document is of another plan: {plan}"),
            Self::NoRubric { kpi, name } => write!(out, "KPI {kpi} {}: the document has no rubric", told(name)),
            Self::WrongRubric { kpi, name, found } => write!(
                out,
                "KPI {kpi} {}: the rubric is not the one that the plan was made with; its SHA-256 is {}",
                told(name),
                hex::encode(found)
            ),
            Self::NotLookedAt { kpi, file } => write!(out, "KPI {kpi}: the file {} was not looked at", told(file)),
            Self::StatedHash { kpi } => {
                write!(out, "KPI {kpi}: the document states another SHA-256 than the chain has")
            }
            Self::OtherName { kpi, name, said } => {
                write!(
                    out,
                    "KPI {kpi} {}: the document calls it \"{}\"",
                    told(name),
                    told(said)
                )
            }
            Self::UnknownKpi(kpi) => write!(out, "the plan has no KPI {kpi}, of which the document has a rubric"),
            Self::UnknownGrant(grant) => write!(out, "the plan has no grant {grant}, which the document gives a label"),
        }
    }
}

impl PlanDocument {
    /// Compares the document with the plan at `address`. `files` are the rubrics that lie beside it and were looked at,
    /// by their names in the document.
    pub fn check(&self, address: &Pubkey, plan: &Plan, files: &BTreeMap<String, Vec<u8>>) -> Checked {
        let mut findings = Vec::new();
        if self.plan != *address {
            findings.push(Finding::OtherPlan(self.plan));
        }
        let mut states = Vec::new();
        for (number, kpi) in (0u8..).zip(plan.kpis()) {
            let name = padded_text(&kpi.name);
            let Some(rubric) = self.rubrics.get(&number) else {
                findings.push(Finding::NoRubric { kpi: number, name });
                states.push(RubricState::Missing);
                continue;
            };
            let (text, file) = match &rubric.content {
                Content::Text(text) => (Some(text.as_bytes()), None),
                Content::File(file) => (files.get(file).map(Vec::as_slice), Some(file)),
            };
            let state = match (text, file) {
                (None, Some(file)) => {
                    let file = file.clone();
                    findings.push(Finding::NotLookedAt { kpi: number, file });
                    RubricState::NotLookedAt
                }
                _ => RubricState::of(&kpi.rubric_hash, text),
            };
            states.push(state);
            if let RubricState::Differs(found) = state {
                let name = name.clone();
                findings.push(Finding::WrongRubric {
                    kpi: number,
                    name,
                    found,
                });
            }
            if rubric.sha256 != kpi.rubric_hash {
                findings.push(Finding::StatedHash { kpi: number });
            }
            if rubric.name != name {
                let said = rubric.name.clone();
                findings.push(Finding::OtherName {
                    kpi: number,
                    name,
                    said,
                });
            }
        }
        let unknown = self
            .rubrics
            .keys()
            .filter(|kpi| usize::from(**kpi) >= plan.kpis().len());
        findings.extend(unknown.map(|kpi| Finding::UnknownKpi(*kpi)));
        let unknown = self.labels.grants.keys().filter(|grant| **grant >= plan.grant_counter);
        findings.extend(unknown.map(|grant| Finding::UnknownGrant(*grant)));
        Checked {
            rubrics: states,
            findings,
        }
    }
}
