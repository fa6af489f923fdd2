//! The values of a plan's KPIs: a CSV file with the columns `period`, `kpi`, `value` and, for individual KPIs, `grant`.

use {
    super::{
        PlanFile,
        mistake::{Mistakes, Notes, read_text},
    },
    crate::text::{
        amount::{self, AmountError},
        table::{Record, Table},
    },
    earnout::state::{KpiArgs, Scope},
    sha2::{Digest, Sha256},
    std::{collections::BTreeMap, path::Path},
};

const HEADER: [&str; 3] = ["period", "kpi", "value"];

/// How many names of periods a message lists.
const LISTED: usize = 12;

/// Period, number of the KPI, and for an individual KPI the position of the grant.
type Key = (u16, u8, Option<usize>);

/// What was measured. A value that is missing was never reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Key, Value>);

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Fixed point, with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the row.
    pub evidence: [u8; 32],
    /// Line of the file.
    pub line: usize,
}

impl Values {
    /// Reads the values of the KPIs of `plan` from the file at `path`.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn read(path: &Path, plan: &PlanFile) -> Result<Self, Mistakes> {
        Self::parse(&read_text(path)?, path, plan)
    }

    /// Reads a text. `path` is where it stands, for messages.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn parse(text: &str, path: &Path, plan: &PlanFile) -> Result<Self, Mistakes> {
        let mut notes = Notes::new(text);
        let expected = "the header period,kpi,value, and a fourth column grant for individual KPIs";
        let table = match Table::read(text, expected) {
            Ok(table) => table,
            Err(mistake) => {
                notes.extend([mistake]);
                return Err(notes.into_mistakes(path));
            }
        };
        if table.columns != HEADER && table.columns != [&HEADER[..], &["grant"]].concat() {
            notes.add_line(table.line, "", format!("expected {expected}"));
            return Err(notes.into_mistakes(path));
        }
        notes.extend(table.mistakes);
        let grants: BTreeMap<&str, usize> = plan
            .grants
            .iter()
            .enumerate()
            .map(|(position, grant)| (grant.name.as_str(), position))
            .collect();
        let mut values: BTreeMap<Key, Value> = BTreeMap::new();
        for record in table.records {
            let line = record.line;
            match row(&record, plan, &grants) {
                Ok((key, value)) => {
                    if let Some(first) = values.get(&key) {
                        let what = format!("this value already stands in line {}; expected it once", first.line);
                        notes.add_line(line, "", what);
                    } else {
                        values.insert(key, value);
                    }
                }
                Err(what) => notes.add_line(line, "", what),
            }
        }
        match notes.is_empty() {
            true => Ok(Self(values)),
            false => Err(notes.into_mistakes(path)),
        }
    }

    /// The value of a KPI for a period, and of an individual one for the grant at this position in the file.
    pub fn value(&self, period: u16, kpi: u8, grant: usize) -> Option<i64> {
        let shared = self.0.get(&(period, kpi, None));
        let value = shared.or_else(|| self.0.get(&(period, kpi, Some(grant))));
        value.map(|value| value.value)
    }

    /// All values of a period, by number of the KPI and, for an individual one, position of the grant.
    pub fn of_period(&self, period: u16) -> impl Iterator<Item = (u8, Option<usize>, &Value)> {
        let of_period = self.0.range((period, 0, None)..=(period, u8::MAX, Some(usize::MAX)));
        of_period.map(|((_, kpi, grant), value)| (*kpi, *grant, value))
    }
}

fn row(record: &Record, plan: &PlanFile, grants: &BTreeMap<&str, usize>) -> Result<(Key, Value), String> {
    let [period, kpi, value, grant] = [0, 1, 2, 3].map(|column| record.field(column));
    let period = period_of(period, plan)?;
    let Some((number, kpi)) = (0u8..).zip(&plan.kpis).find(|(_, args)| args.name == kpi) else {
        return Err(format!("kpi is {kpi:?}; expected the name of a KPI of the plan"));
    };
    let value = value_of(value, kpi)?;
    let grant = match kpi.scope {
        Scope::Shared if grant.is_empty() => None,
        Scope::Shared => return Err(format!("{:?} is shared; expected no grant", kpi.name)),
        Scope::Individual => {
            let has_weight = |index: &usize| {
                let weights = plan.grants.get(*index).map(|grant| &grant.terms.kpi_weights);
                let weight = weights.and_then(|weights| weights.get(usize::from(number)));
                weight.is_some_and(|weight| *weight > 0)
            };
            let found = grants.get(grant).copied();
            Some(found.filter(has_weight).ok_or_else(|| {
                format!(
                    "grant is {grant:?}; expected a grant with weight on {:?}, which is individual",
                    kpi.name
                )
            })?)
        }
    };
    let value = Value {
        value,
        evidence: Sha256::digest(record.text).into(),
        line: record.line,
    };
    Ok(((period, number, grant), value))
}

/// A period by its name, or by its number from 0.
fn period_of(text: &str, plan: &PlanFile) -> Result<u16, String> {
    let by_name = (0u16..).zip(&plan.periods).find(|(_, name)| *name == text);
    let by_number = || text.parse().ok().filter(|number| *number < plan.terms.period_count);
    let period = by_name.map(|(period, _)| period).or_else(by_number);
    period.ok_or_else(|| {
        let all = match plan.periods.as_slice() {
            [first, .., last] if plan.periods.len() > LISTED => format!("{first} to {last}"),
            few => few.join(", "),
        };
        format!("period is {text:?}; expected one of {all}")
    })
}

/// A value of a KPI within its range, fixed point.
///
/// # Errors
/// What is wrong with it and what is expected.
pub(crate) fn value_of(text: &str, kpi: &KpiArgs) -> Result<i64, String> {
    let value = amount::parse_value(text, kpi.decimals).map_err(|error| match error {
        AmountError::TooLarge | AmountError::BadGroups => format!("value is {text:?}, which {error}"),
        _ => format!(
            "value is {text:?}; expected a number with at most {}",
            amount::counted(kpi.decimals, "decimal")
        ),
    })?;
    if !(kpi.range_min..=kpi.range_max).contains(&value) {
        let [min, max, value] = [kpi.range_min, kpi.range_max, value].map(|value| amount::fixed(value, kpi.decimals));
        return Err(format!(
            "value is {value}; expected {min} to {max}, the range of {:?}{}",
            kpi.name,
            amount::hint(text)
        ));
    }
    Ok(value)
}
