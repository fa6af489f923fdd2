//! A value from two reads of other sources: a quotient, a difference, a share or a product.

use {
    super::{Observation, Part, Source, SourceError, unexpected},
    crate::measure::{Scope, arithmetic, checks, number},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
};

/// What is computed of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compute {
    /// `a / b`
    Quotient,
    /// `a - b`
    Difference,
    /// `a / (a + b)`, of two numbers of which none is below 0.
    Share,
    /// `a · b`
    Product,
}

/// A value from two reads of other sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    pub compute: Compute,
    /// The first number.
    pub a: Box<Source>,
    /// The second one.
    pub b: Box<Source>,
    /// What the result is multiplied by, 1 if left out: 100 for percent.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "number::serialize",
        deserialize_with = "checks::decimal"
    )]
    pub factor: Option<Decimal>,
}

impl Ratio {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let mut parts = Vec::new();
        for (name, source) in self.operands() {
            parts.extend(ask(name, source, scope).await?);
        }
        Ok(parts)
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let [of_a, of_b] = split(["a", "b"], parts)?;
        let a = read("a", &self.a, scope, &of_a)?;
        let b = read("b", &self.b, scope, &of_b)?;
        let factor = self.factor.unwrap_or(Decimal::ONE);
        let scaled = arithmetic::product(a.value, factor)?;
        let value = match self.compute {
            Compute::Quotient => arithmetic::quotient(scaled, b.value)?,
            Compute::Difference => arithmetic::product(arithmetic::difference(a.value, b.value)?, factor)?,
            Compute::Share => {
                let below = [a.value, b.value].into_iter().find(|number| *number < Decimal::ZERO);
                if let Some(number) = below {
                    return Err(unexpected(format!(
                        "a share is of numbers that are not below 0, and one is {number}"
                    )));
                }
                arithmetic::quotient(scaled, arithmetic::sum(a.value, b.value)?)?
            }
            Compute::Product => arithmetic::product(scaled, b.value)?,
        };
        Ok(Observation {
            value,
            // As old as the older one, if both say how old they are.
            observed_at: a.observed_at.zip(b.observed_at).map(|(a, b)| a.min(b)),
        })
    }

    /// The sources that are asked, with their names.
    pub(super) fn operands(&self) -> [(&'static str, &Source); 2] {
        [("a", &self.a), ("b", &self.b)]
    }
}

/// What `source` answers, as the parts of the operand `name`.
pub(super) async fn ask(name: &str, source: &Source, scope: &Scope) -> Result<Vec<Part>, SourceError> {
    let mut parts = Box::pin(source.fetch(scope, None))
        .await
        .map_err(|error| within(name, error))?;
    for part in &mut parts {
        part.of = match part.of.is_empty() {
            true => name.to_owned(),
            false => format!("{name}.{}", part.of),
        };
    }
    Ok(parts)
}

/// Reads the operand `name` out of its parts.
pub(super) fn read(name: &str, source: &Source, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
    source.read(scope, parts).map_err(|error| within(name, error))
}

/// An error that says where. What can pass and what a server wants is kept.
fn within(name: &str, error: SourceError) -> SourceError {
    match error {
        SourceError::NoData(text) => SourceError::NoData(format!("`{name}`: {text}")),
        SourceError::Ambiguous(text) => SourceError::Ambiguous(format!("`{name}`: {text}")),
        SourceError::Unexpected(text) => SourceError::Unexpected(format!("`{name}`: {text}")),
        SourceError::Unreachable(text) => SourceError::Unreachable(format!("`{name}`: {text}")),
        error => error,
    }
}

/// The parts of each operand, as its source gave them.
///
/// # Errors
/// If there is a part of nothing that is asked.
pub(super) fn split<const N: usize>(names: [&str; N], parts: &[Part]) -> Result<[Vec<Part>; N], SourceError> {
    let mut found = names.map(|_| Vec::new());
    for part in parts {
        let (name, rest) = part.of.split_once('.').unwrap_or((&part.of, ""));
        let place = names.iter().position(|known| *known == name);
        let list = place.and_then(|place| found.get_mut(place));
        let list =
            list.ok_or_else(|| unexpected(format!("there is an answer of {:?}, which is not asked", part.of)))?;
        list.push(Part {
            of: rest.to_owned(),
            ..part.clone()
        });
    }
    Ok(found)
}

/// Mistakes of a source that is a part of another one.
pub(super) fn part_mistakes(name: &str, source: &Source, individual: bool) -> Vec<String> {
    if source.is_manual() {
        return vec![format!("`{name}`: a person cannot be asked for a part of a value")];
    }
    let mistakes = source.own_mistakes(individual).into_iter();
    mistakes.map(|mistake| format!("`{name}`: {mistake}")).collect()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    fn ratio(compute: &str, more: &str) -> Source {
        let text = format!(
            "type = 'ratio'\ncompute = '{compute}'\na = {{ type = 'command', command = ['a'] }}\nb = {{ type = 'command', \
             command = ['b'] }}\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    fn parts(a: &str, b: &str) -> Vec<Part> {
        let part = |name: &str, text: &str| Part {
            of: name.to_owned(),
            ..answer(text).remove(0)
        };
        vec![part("a", a), part("b", b)]
    }

    fn value(source: &Source, a: &str, b: &str) -> Result<String, String> {
        let observed = source.read(&scope(), &parts(a, b));
        observed
            .map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn two_numbers_make_one() {
        for (compute, more, a, b, result) in [
            ("quotient", "", "3", "8", "0.375"),
            ("quotient", "factor = 100", "3", "8", "37.5"),
            ("quotient", "factor = '0.01'", "2500", "1", "25"),
            ("difference", "", "3", "8.5", "-5.5"),
            ("difference", "factor = '0.1'", "8", "3", "0.5"),
            ("share", "", "3", "1", "0.75"),
            ("share", "factor = 100", "0", "7", "0"),
            ("product", "", "1.5", "-4", "-6"),
            ("product", "factor = '1e-9'", "5000000000", "20", "100"),
            ("quotient", "factor = 100", "1", "3", "33.333333333333333333333333331"),
        ] {
            assert_eq!(value(&ratio(compute, more), a, b).unwrap(), result, "{compute} {more}");
        }
    }

    #[test]
    fn what_cannot_be_computed_is_an_error() {
        for (compute, a, b, part) in [
            ("quotient", "5", "0", "5 cannot be divided by 0"),
            ("quotient", "0", "0.0", "cannot be divided by 0"),
            ("share", "0", "0", "cannot be divided by 0"),
            ("share", "-1", "3", "not below 0"),
            ("quotient", "null", "3", "not a number"),
            ("quotient", "3", "", "empty"),
        ] {
            let error = value(&ratio(compute, ""), a, b).unwrap_err();
            assert!(error.contains(part), "{compute} {a} {b}: {error}");
        }
    }

    #[test]
    fn evidence_says_which_answer_is_of_what() {
        let source = ratio("quotient", "");
        let mut swapped = parts("3", "4");
        swapped.reverse();
        assert_eq!(source.read(&scope(), &swapped).unwrap().value.to_string(), "0.75");
        for wrong in ["", "c", "a.b", "ab"] {
            let mut parts = parts("3", "4");
            parts[0].of = wrong.to_owned();
            assert!(source.read(&scope(), &parts).is_err(), "{wrong}");
        }
        let mut twice = parts("3", "4");
        twice.push(twice[0].clone());
        assert!(source.read(&scope(), &twice).is_err());
        assert!(source.read(&scope(), &parts("3", "4")[..1]).is_err());
    }

    #[tokio::test]
    async fn every_part_is_asked_and_kept_also_of_one_within_another() {
        let text = "type = 'ratio'\ncompute = 'quotient'\nfactor = '100'\nb = { type = 'command', command = ['echo', '8'] }\n\
                    [a]\ntype = 'ratio'\ncompute = 'difference'\na = { type = 'command', command = ['echo', '7'] }\nb = { type = \
                    'command', command = ['echo', '{period}'] }";
        let source: Source = toml::from_str(text).unwrap();
        assert_eq!(source.mistakes(false), Vec::<String>::new());
        let parts = source.fetch(&scope(), None).await.unwrap();
        let of: Vec<&str> = parts.iter().map(|part| part.of.as_str()).collect();
        assert_eq!(of, ["a.a", "a.b", "b"]);
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "75");
        // And again from what is stored.
        let stored = serde_json::to_string(&(&source, &parts)).unwrap();
        let (source, parts): (Source, Vec<Part>) = serde_json::from_str(&stored).unwrap();
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "75");
        let failing = ratio("quotient", "");
        let error = failing.fetch(&scope(), None).await.unwrap_err().to_string();
        assert!(error.contains("cannot start a"), "{error}");
    }

    #[test]
    fn a_part_keeps_its_own_checks() {
        let of = |a: &str, b: &str, individual| {
            let text = format!("type = 'ratio'\ncompute = 'share'\na = {{ {a} }}\nb = {{ {b} }}");
            toml::from_str::<Source>(&text).unwrap().mistakes(individual)
        };
        let good = "type = 'command', command = ['a', '{period}']";
        assert_eq!(of(good, good, false), Vec::<String>::new());
        for (a, part) in [
            ("type = 'manual'", "`a`: a person"),
            ("type = 'command', command = []", "`a`: `command` names no program"),
            (
                "type = 'command', command = ['{perod}']",
                "`a`: there is no placeholder {perod}",
            ),
            ("type = 'http', url = 'ftp://a', path = '$'", "`a`: the URL"),
            (
                "type = 'http', url = 'https://a.test/', path = '$.n', auth = { client_cert = 'a' }",
                "`a`: `auth`",
            ),
        ] {
            let mistakes = of(a, good, false);
            assert!(mistakes.len() == 1 && mistakes[0].contains(part), "{a}: {mistakes:?}");
        }
        // What is common to all grants may be one of the two, not both.
        let own = "type = 'command', command = ['a', '{identity}']";
        assert_eq!(of(own, good, true), Vec::<String>::new());
        assert_eq!(of(good, good, true).len(), 1);
        let unknown = "type = 'ratio'\ncompute = 'share'\na = { type = 'manual', colour = 1 }\nb = { type = 'manual' }";
        assert!(toml::from_str::<Source>(unknown).is_err());
    }
}
