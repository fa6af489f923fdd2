//! The values of a year.

use {
    crate::{
        amount,
        csv_line::{fields, is_blank},
        fault::{InputFault, read_text},
        programme::{Programme, Vote},
    },
    earnout::state::Scope,
    sha2::{Digest, Sha256},
    std::{collections::BTreeMap, path::Path},
};

const HEADER: [&str; 3] = ["period", "kpi", "value"];

/// What was measured, by period, KPI and, for an individual one, grant.
pub struct Values(BTreeMap<(u16, u8, Option<usize>), Value>);

struct Value {
    value: i64,
    /// SHA-256 of the row.
    evidence: [u8; 32],
    line: usize,
}

impl Values {
    /// Reads the values of a programme's KPIs.
    pub fn read(file: &Path, programme: &Programme) -> Result<Self, InputFault> {
        let text = read_text(file)?;
        let fault = |line, what| InputFault::of_line(file, line, what);
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !is_blank(line));
        let expected = "expected the header period,kpi,value, and a fourth column grant for individual KPIs";
        let Some((line, header)) = lines.next() else {
            return Err(fault(1, format!("the file is empty; {expected}")));
        };
        let header = fields(header).map_err(|what| fault(line, what))?;
        let with_grant = header.len() == 4 && header.get(3).is_some_and(|column| column == "grant");
        if header.get(..3).is_none_or(|columns| columns != HEADER) || (header.len() > 3 && !with_grant) {
            return Err(fault(line, expected.to_owned()));
        }
        let mut values = BTreeMap::new();
        for (line, text) in lines {
            let (key, value) = row(line, text, header.len(), programme).map_err(|what| fault(line, what))?;
            let value: Value = value;
            if let Some(first) = values.insert(key, value) {
                let what = format!("this value already stands in line {}; expected it once", first.line);
                return Err(fault(line, what));
            }
        }
        Ok(Self(values))
    }

    /// The votes on a period: two of the oracles report, in turn; that resolves the value. A value that is missing was never
    /// reported.
    pub fn votes(&self, period: u16, oracles: usize, threshold: u8) -> Vec<Vote> {
        let mut votes = Vec::new();
        for (index, turn) in (0..usize::from(threshold)).zip(usize::from(period)..) {
            debug_assert!(index < oracles);
            let of_period = self.0.range((period, 0, None)..=(period, u8::MAX, Some(usize::MAX)));
            votes.extend(of_period.map(|((_, kpi, grant), value)| Vote {
                oracle: turn % oracles.max(1),
                kpi: *kpi,
                grant: *grant,
                value: value.value,
                evidence: value.evidence,
            }));
        }
        votes
    }
}

type Key = (u16, u8, Option<usize>);

fn row(line: usize, text: &str, columns: usize, programme: &Programme) -> Result<(Key, Value), String> {
    let fields = fields(text)?;
    if fields.len() != columns {
        return Err(format!(
            "the row has {} fields; expected {columns} as in the header",
            fields.len()
        ));
    }
    let field = |index: usize| fields.get(index).map(String::as_str).unwrap_or_default();
    let (period, kpi, value, grant) = (field(0), field(1), field(2), field(3));
    let Some((period, _)) = (0u16..).zip(&programme.periods).find(|(_, label)| *label == period) else {
        let all = programme.periods.join(", ");
        return Err(format!("period is {period:?}; expected one of {all}"));
    };
    let Some((number, kpi)) = (0u8..).zip(&programme.kpis).find(|(_, args)| args.name == kpi) else {
        return Err(format!("kpi is {kpi:?}; expected the name of a KPI of the plan"));
    };
    let value = amount::parse(value, kpi.decimals).ok_or_else(|| {
        format!(
            "value is {value:?}; expected a number with at most {} decimals",
            kpi.decimals
        )
    })?;
    if !(kpi.range_min..=kpi.range_max).contains(&value) {
        let range = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
        let [min, max] = range;
        let value = amount::fixed(value, kpi.decimals);
        return Err(format!(
            "value is {value}; expected {min} to {max}, the range of {:?}",
            kpi.name
        ));
    }
    let grant = match kpi.scope {
        Scope::Shared if grant.is_empty() => None,
        Scope::Shared => return Err(format!("{:?} is shared; expected no grant", kpi.name)),
        Scope::Individual => {
            let weight = |index: usize| {
                programme
                    .grants
                    .get(index)
                    .and_then(|grant| grant.kpi_weights.get(usize::from(number)))
            };
            let found = programme.grants.iter().position(|terms| terms.name == grant);
            let found = found.filter(|index| weight(*index).is_some_and(|weight| *weight > 0));
            Some(found.ok_or_else(|| {
                format!(
                    "grant is {grant:?}; expected a grant with weight on {:?}, which is individual",
                    kpi.name
                )
            })?)
        }
    };
    let value = Value {
        value,
        evidence: Sha256::digest(text).into(),
        line,
    };
    Ok(((period, number, grant), value))
}
