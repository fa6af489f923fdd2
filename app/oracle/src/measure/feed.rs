//! A feed: one KPI of a plan, and where and how an operator measures it.

use {
    crate::measure::{Checks, GrantScope, Identities, IdentitiesError, Rounding, Source, checks::decimal},
    earnout::state::{self as program, Grant, Kpi, Plan},
    earnout_core::calendar::Calendar,
    earnout_sdk::{report::projection::ProjectionError, wire::accounts},
    rust_decimal::Decimal,
    serde::{Deserialize, Deserializer, Serialize, de::Error as _},
    solana_program::pubkey::Pubkey,
    std::{fmt, path::PathBuf, time::Duration},
    thiserror::Error,
};

/// One KPI and where it is measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The operator's name for it.
    pub id: String,
    #[serde(with = "crate::measure::text")]
    pub plan: Pubkey,
    /// The KPI, by its name or number in the plan.
    pub kpi: KpiName,
    /// How long after the end of a period the data are complete.
    #[serde(default, with = "crate::measure::duration")]
    pub grace: Duration,
    /// What becomes of decimals that the KPI does not have.
    #[serde(default)]
    pub rounding: Rounding,
    /// The step to whose nearest multiple values are rounded, before `rounding`, halves up.
    #[serde(default, deserialize_with = "decimal")]
    pub round_to: Option<Decimal>,
    /// CSV file with the columns `beneficiary` and `identity`, for individual KPIs.
    #[serde(default)]
    pub identities: Option<PathBuf>,
    /// How many people have to say the same value when it is entered by hand.
    #[serde(default = "one")]
    pub consent: usize,
    /// Where the value is; all of several sources have to agree.
    #[serde(rename = "source", deserialize_with = "one_or_more")]
    pub sources: Vec<Source>,
    /// What the value has to pass.
    #[serde(default)]
    pub checks: Checks,
}

fn one() -> usize {
    1
}

/// A KPI, by its name or number in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a KPI in quotes, or its number in the plan, like 0"
)]
pub enum KpiName {
    /// Counted from 0.
    Number(u8),
    /// The name on chain.
    Name(String),
}

impl KpiName {
    /// The KPI in `plan`, with its number; none if it has no such KPI.
    pub fn find<'p>(&self, plan: &'p Plan) -> Option<(u8, &'p Kpi)> {
        let position = match self {
            Self::Number(number) => usize::from(*number),
            Self::Name(wanted) => plan.kpis().iter().position(|kpi| kpi_name(kpi) == *wanted)?,
        };
        Some((u8::try_from(position).ok()?, plan.kpis().get(position)?))
    }
}

impl fmt::Display for KpiName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(out, "number {number}"),
            Self::Name(name) => write!(out, "{name:?}"),
        }
    }
}

/// Why a feed and a plan do not fit together.
#[derive(Debug, Error)]
pub enum FeedError {
    #[error("feed {feed:?}: the plan has no KPI {kpi}; it has {known}")]
    UnknownKpi { feed: String, kpi: String, known: String },
    /// The account holds what the program never writes.
    #[error(transparent)]
    Plan(#[from] ProjectionError),
    #[error("the plan cannot be read: {0}")]
    Corrupt(String),
    #[error("feed {feed:?}: the KPI {kpi:?} is {scope}: {mistake}")]
    Source {
        feed: String,
        kpi: String,
        scope: &'static str,
        mistake: String,
    },
}

impl Feed {
    /// Who the beneficiaries are, nobody if the feed has no file that says so.
    pub fn identities(&self) -> Result<Identities, IdentitiesError> {
        let read = self.identities.as_deref().map(Identities::read).transpose();
        Ok(read?.unwrap_or_default())
    }
}

/// A feed together with the KPI that it measures.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    pub feed: &'a Feed,
    /// Number of the KPI.
    pub kpi: u8,
    pub terms: Kpi,
    /// Whether there is one value for each grant.
    pub individual: bool,
    /// When the plan's periods begin and end.
    pub calendar: Calendar,
}

impl<'a> Bound<'a> {
    /// Finds the KPI of `feed` in `plan`.
    ///
    /// # Errors
    /// If there is none, or if it is individual and the feed is not, or the other way round.
    pub fn new(feed: &'a Feed, plan: &Plan) -> Result<Self, FeedError> {
        let unknown = |wanted: &KpiName| {
            let known = plan.kpis().iter().enumerate();
            let known: Vec<String> = known
                .map(|(number, kpi)| format!("{number} {:?}", kpi_name(kpi)))
                .collect();
            FeedError::UnknownKpi {
                feed: feed.id.clone(),
                kpi: wanted.to_string(),
                known: known.join(", "),
            }
        };
        let (kpi, terms) = feed.kpi.find(plan).ok_or_else(|| unknown(&feed.kpi))?;
        let mut attested = feed.sources.iter().flat_map(Source::attested_kpis);
        if let Some(missing) = attested.find(|kpi| kpi.find(plan).is_none()) {
            return Err(unknown(missing));
        }
        let scope = terms.scope().map_err(|error| FeedError::Corrupt(error.to_string()))?;
        let individual = scope == program::Scope::Individual;
        let calendar = plan.calendar().map_err(ProjectionError::from)?;
        let mistake = feed
            .sources
            .iter()
            .find_map(|source| source.mistakes(individual).into_iter().next());
        match mistake {
            Some(mistake) => Err(FeedError::Source {
                feed: feed.id.clone(),
                kpi: kpi_name(terms),
                scope: if individual { "individual" } else { "shared" },
                mistake,
            }),
            None => Ok(Self {
                feed,
                kpi,
                terms: *terms,
                individual,
                calendar,
            }),
        }
    }
}

/// The grant at `address`, as a feed sees it.
pub fn grant_scope(address: &Pubkey, grant: &Grant, identities: &Identities) -> GrantScope {
    GrantScope {
        index: grant.index,
        address: *address,
        beneficiary: grant.beneficiary,
        identity: identities.of(&grant.beneficiary).map(str::to_owned),
    }
}

/// The name of a KPI.
pub fn kpi_name(kpi: &Kpi) -> String {
    accounts::padded_text(&kpi.name)
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Source>, D::Error> {
    let tables = match toml::Value::deserialize(deserializer)? {
        toml::Value::Array(tables) => tables,
        table => vec![table],
    };
    if tables.is_empty() {
        return Err(D::Error::custom("a feed needs a source"));
    }
    let read = |table: toml::Value| {
        table
            .try_into()
            .map_err(|error: toml::de::Error| D::Error::custom(error.message()))
    };
    tables.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn a_kpi_that_a_source_needs_is_one_of_the_plan() {
        let mut plan = Plan::zeroed();
        plan.kpi_count = 1;
        plan.kpis[0].name[..3].copy_from_slice(b"mau");
        let feed = |kpi: &str, earlier: &str| -> Feed {
            let change = format!(
                "{{ type = 'change', compute = 'growth', against = 'period-before', earlier = {earlier}, of = {{ type = \
                 'http', url = 'https://example.org/{{period}}', path = '$.v' }} }}"
            );
            let manual = "{ type = 'http', url = 'https://example.org', path = '$.v' }";
            let ratio = format!("{{ type = 'ratio', a = {change}, b = {manual}, compute = 'quotient' }}");
            toml::from_str(&format!(
                "id = 'a'\nplan = '11111111111111111111111111111112'\nkpi = {kpi}\nsource = [{ratio}]"
            ))
            .unwrap()
        };
        for (kpi, earlier, part) in [
            (
                "'mau'",
                "{ attested = 'nope' }",
                "the plan has no KPI \"nope\"; it has 0 \"mau\"",
            ),
            ("'mau'", "{ attested = 1 }", "the plan has no KPI number 1"),
            ("'dau'", "{ attested = 'nope' }", "the plan has no KPI \"dau\""),
        ] {
            let error = Bound::new(&feed(kpi, earlier), &plan).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        for earlier in ["{ attested = 'mau' }", "'measured'"] {
            let bound = feed("'mau'", earlier);
            let error = Bound::new(&bound, &plan).err().map(|error| error.to_string());
            assert!(error.is_none_or(|error| !error.contains("no KPI")), "{earlier}");
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use {super::*, earnout_core::calendar::Cadence};

    /// Quarters from 1 January 2027.
    pub const QUARTERS: Calendar = Calendar {
        start_ts: 1_798_761_600,
        cadence: Cadence::Months(3),
        period_count: 12,
    };

    /// A feed with a manual source and `more` settings.
    pub fn feed(id: &str, more: &str) -> Feed {
        toml::from_str(&format!(
            "id = '{id}'\nplan = '11111111111111111111111111111112'\nkpi = 0\nsource = {{ type = 'manual' }}\n{more}"
        ))
        .unwrap()
    }
}
