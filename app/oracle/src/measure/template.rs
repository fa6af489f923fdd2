//! Placeholders in queries: what differs from period to period and from grant to grant.

use {
    earnout_sdk::text::time,
    serde::{Deserialize, Serialize},
    solana_program::pubkey::Pubkey,
    thiserror::Error,
};

/// What is measured: one KPI in one period for the plan or one grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Number of the period.
    pub period: u16,
    /// Its first second, Unix seconds.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// The grant of an individual KPI.
    pub grant: Option<GrantScope>,
}

/// The grant that an individual KPI is measured for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantScope {
    /// Number of the grant in the plan.
    pub index: u32,
    /// Address of the grant.
    #[serde(with = "crate::measure::text")]
    pub address: Pubkey,
    /// Whose it is.
    #[serde(with = "crate::measure::text")]
    pub beneficiary: Pubkey,
    /// Who that is where the KPI is measured, by the feed's identities file.
    pub identity: Option<String>,
}

/// Why a template cannot be filled in.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    #[error("there is no placeholder {{{0}}}; there are {known}", known = known())]
    Unknown(String),
    #[error("a placeholder has no closing brace; a brace itself is written twice: {{{{")]
    Open,
    #[error("{{{0}}} is for individual KPIs: a shared KPI has no grant")]
    NoGrant(&'static str),
    #[error("the identities file has no line for the beneficiary {0}")]
    NoIdentity(Pubkey),
}

/// All placeholders.
const PLACEHOLDERS: [&str; 14] = [
    "period",
    "start",
    "end",
    "seconds",
    "start_time",
    "end_time",
    "start_date",
    "end_date",
    "date",
    "year",
    "month",
    "day",
    "identity",
    "beneficiary",
];

fn known() -> String {
    PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ")
}

/// Fills in the placeholders of `template`. `{{` and `}}` stand for the braces themselves.
pub fn fill(template: &str, scope: &Scope) -> Result<String, TemplateError> {
    replace(template, |name| value(name, scope))
}

/// Checks the placeholders of `template` for a KPI that is `individual` or shared.
pub fn check(template: &str, individual: bool) -> Result<(), TemplateError> {
    let mut scope = example();
    scope.grant = scope.grant.filter(|_| individual);
    fill(template, &scope).map(drop)
}

/// Something to put in place of placeholders, to see whether the rest makes sense.
pub fn example() -> Scope {
    Scope {
        period: 0,
        start: 0,
        end: 0,
        grant: Some(GrantScope {
            index: 0,
            address: Pubkey::default(),
            beneficiary: Pubkey::default(),
            identity: Some("x".to_owned()),
        }),
    }
}

fn value(name: &str, scope: &Scope) -> Result<String, TemplateError> {
    let grant = |name| scope.grant.as_ref().ok_or(TemplateError::NoGrant(name));
    Ok(match name {
        "period" => scope.period.to_string(),
        "start" => scope.start.to_string(),
        "end" => scope.end.to_string(),
        "seconds" => scope.end.saturating_sub(scope.start).to_string(),
        "start_time" => time::text(scope.start),
        "end_time" => time::text(scope.end),
        "start_date" => time::date(scope.start),
        "end_date" => time::date(scope.end),
        "date" => time::date(scope.start),
        "year" | "month" | "day" => {
            let date = time::date(scope.start);
            // `2027-01-31`, from the right.
            let mut parts = date.rsplitn(3, '-');
            let (day, month, year) = (parts.next(), parts.next(), parts.next());
            let part = match name {
                "year" => year,
                "month" => month,
                _ => day,
            };
            part.unwrap_or_default().to_owned()
        }
        "beneficiary" => grant("beneficiary")?.beneficiary.to_string(),
        "identity" => {
            let grant = grant("identity")?;
            let identity = grant.identity.clone();
            identity.ok_or(TemplateError::NoIdentity(grant.beneficiary))?
        }
        _ => return Err(TemplateError::Unknown(name.to_owned())),
    })
}

fn replace(
    template: &str,
    mut value: impl FnMut(&str) -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(position) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(position);
        filled.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            filled.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            filled.push('}');
            rest = after;
        } else if let Some(inner) = from.strip_prefix('{') {
            let (name, after) = inner.split_once('}').ok_or(TemplateError::Open)?;
            filled.push_str(&value(name)?);
            rest = after;
        } else {
            // A closing brace alone is not a mistake that could change a query.
            filled.push('}');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            period: 3,
            start: 1_806_537_600,
            end: 1_814_400_000,
            grant: Some(GrantScope {
                index: 7,
                address: Pubkey::new_from_array([1; 32]),
                beneficiary: Pubkey::new_from_array([2; 32]),
                identity: Some("ann@example.org".to_owned()),
            }),
        }
    }

    #[test]
    fn placeholders_are_filled_in() {
        let filled = fill(
            "p{period} [{start_date}, {end_date}) {start_time} {seconds} {identity} {{x}} {date} {day}.{month}.{year}",
            &scope(),
        );
        assert_eq!(
            filled.unwrap(),
            "p3 [2027-04-01, 2027-07-01) 2027-04-01T00:00:00Z 7862400 ann@example.org {x} 2027-04-01 01.04.2027"
        );
    }

    #[test]
    fn mistakes_have_names() {
        assert_eq!(
            fill("{perod}", &scope()),
            Err(TemplateError::Unknown("perod".to_owned()))
        );
        assert_eq!(fill("sum{x", &scope()), Err(TemplateError::Open));
        let shared = Scope { grant: None, ..scope() };
        assert_eq!(fill("{identity}", &shared), Err(TemplateError::NoGrant("identity")));
        assert_eq!(check("{identity}", false), Err(TemplateError::NoGrant("identity")));
        assert_eq!(check("{identity} {beneficiary}", true), Ok(()));
        let mut unknown = scope();
        unknown.grant.as_mut().unwrap().identity = None;
        assert!(matches!(
            fill("{identity}", &unknown),
            Err(TemplateError::NoIdentity(_))
        ));
    }

    #[test]
    fn every_placeholder_is_known() {
        for name in PLACEHOLDERS {
            assert!(fill(&format!("{{{name}}}"), &scope()).is_ok(), "{name}");
        }
    }
}
