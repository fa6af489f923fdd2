//! Who reports the values of a year, and where they come from.

use {
    crate::{
        programme::{Programme, Vote},
        stage::Stage,
    },
    anyhow::Result,
    earnout_oracle::{
        Config,
        rehearsal::{Subject, readings},
    },
    earnout_sdk::terms::plan_file::{Mistakes, PlanFile, Values},
    std::path::Path,
};

/// Where values come from.
pub enum Reports {
    /// They stand in a file.
    Written(Values),
    /// The daemon's own code measures them.
    Measured(Box<Config>),
}

impl Reports {
    /// Reads `oracle.toml` in a team's folder, or where there is none `values.csv`.
    pub fn read(folder: &Path, plan: &PlanFile) -> Result<Self, Mistakes> {
        let file = folder.join("oracle.toml");
        if !file.exists() {
            return Ok(Self::Written(Values::read(&folder.join("values.csv"), plan)?));
        }
        let config = Config::read(&file).map_err(|error| Mistakes::of_file(&file, error.to_string()))?;
        Ok(Self::Measured(Box::new(config)))
    }

    /// Whether they are measured, and do not only stand there.
    pub fn are_measured(&self) -> bool {
        matches!(self, Self::Measured(_))
    }

    /// The votes on a period: as many of the oracles as decide report, in turn; that resolves the values. A value that
    /// is missing was never reported.
    pub fn votes(&self, period: u16, programme: &Programme, stage: &Stage) -> Result<Vec<Vote>> {
        let mut votes = Vec::new();
        for (_, turn) in (0..programme.terms.threshold).zip(usize::from(period)..) {
            let oracle = turn % programme.oracles.max(1);
            match self {
                Self::Written(values) => votes.extend(values.of_period(period).map(|(kpi, grant, value)| Vote {
                    oracle,
                    kpi,
                    grant,
                    value: value.value,
                    evidence: value.evidence,
                })),
                // Each operator measures.
                Self::Measured(config) => {
                    let found = readings(config, &stage.plan()?, period, &subjects(programme, stage)?)?;
                    votes.extend(found.iter().map(|reading| Vote {
                        oracle,
                        kpi: reading.kpi,
                        grant: reading.subject,
                        value: reading.value,
                        evidence: reading.evidence,
                    }));
                }
            }
        }
        Ok(votes)
    }
}

/// The grants; each is known by its name where it is measured.
fn subjects(programme: &Programme, stage: &Stage) -> Result<Vec<Subject>> {
    let grants = programme.grants.iter().zip(&stage.grants);
    let subject = |(named, address): (&earnout_sdk::terms::plan_file::NamedGrant, &_)| {
        Ok(Subject {
            address: *address,
            grant: stage.grant(address)?,
            identity: named.name.clone(),
        })
    };
    grants.map(subject).collect()
}
