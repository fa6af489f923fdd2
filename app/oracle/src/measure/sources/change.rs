//! How much another source's value has changed against the period before or the same period a year ago.

use {
    super::{
        AtSlot, Observation, Part, Source, SourceError, Surroundings,
        chain::{Account, accounts_and_clock, clients},
        no_data, ratio, unexpected,
    },
    crate::measure::{
        Earlier, Scope, Span, arithmetic, checks,
        feed::{KpiName, kpi_name},
        number, template, value,
    },
    earnout::{constants::PAGE_GRANTS, state::Plan},
    earnout_core::quorum::{Finality, Outcome},
    earnout_sdk::{
        client::Client,
        report::projection::reading,
        text::{names::harmless, time},
        wire::{Evaluation, accounts::Addressed, pda},
    },
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    solana_program::pubkey::Pubkey,
};

/// What is computed of the value and the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compute {
    /// `(value - earlier) / earlier`, of an earlier value above 0.
    Growth,
    /// `value - earlier`
    Difference,
    /// `value / earlier`
    Quotient,
}

/// Against which period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The one before.
    PeriodBefore,
    /// The same one a year ago.
    YearAgo,
}

/// Where the earlier value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlierValue {
    /// It is measured again, from the same source.
    Measured,
    /// It is the one that counts on the chain for this KPI of the plan.
    Attested(KpiName),
}

/// The change of another source's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub compute: Compute,
    pub against: Against,
    pub earlier: EarlierValue,
    /// The source of the value.
    pub of: Box<Source>,
    /// What the result is multiplied by, 1 if left out: 100 for percent.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "number::serialize",
        deserialize_with = "checks::decimal"
    )]
    pub factor: Option<Decimal>,
    /// How the chain is reached.
    #[serde(skip)]
    pub around: Surroundings,
}

/// An attested value, as the evidence has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attested {
    #[serde(with = "crate::measure::text")]
    plan: Pubkey,
    /// Number of the KPI.
    kpi: u8,
    kpi_name: String,
    period: u16,
    /// Number of the grant of an individual KPI.
    grant: Option<u32>,
    /// The attestation or page.
    #[serde(with = "crate::measure::text")]
    account: Pubkey,
    /// When the account was read.
    slot: u64,
    /// Whether it is closed, and the value follows from the plan's events.
    closed: bool,
    /// The value on chain, a whole number, and how many of its digits are behind the point.
    #[serde(with = "crate::measure::text")]
    value: i64,
    decimals: u8,
}

impl Change {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let earlier = self.earlier_scope(scope)?;
        let mut parts = ratio::ask("of", &self.of, scope).await?;
        match &self.earlier {
            EarlierValue::Measured => parts.extend(ratio::ask("earlier", &self.of, &earlier).await?),
            EarlierValue::Attested(kpi) => {
                let attested = self.attested(kpi, &earlier).await?;
                let text = serde_json::to_vec(&attested)
                    .map_err(|error| unexpected(format!("the attested value cannot be written: {error}")))?;
                let request = format!("the value of {} that counts on the chain", attested.account);
                parts.push(Part {
                    of: "earlier".to_owned(),
                    ..Part::new(request, text)
                });
            }
        }
        Ok(parts)
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let [now, before] = ratio::split(["of", "earlier"], parts)?;
        let observed = ratio::read("of", &self.of, scope, &now)?;
        let earlier_scope = self.earlier_scope(scope)?;
        let earlier = match &self.earlier {
            EarlierValue::Measured => ratio::read("earlier", &self.of, &earlier_scope, &before)?.value,
            EarlierValue::Attested(kpi) => stated(kpi, &earlier_scope, super::only(&before)?)?,
        };
        let factor = self.factor.unwrap_or(Decimal::ONE);
        let difference = || arithmetic::product(arithmetic::difference(observed.value, earlier)?, factor);
        let value = match self.compute {
            Compute::Difference => difference()?,
            Compute::Quotient => arithmetic::quotient(arithmetic::product(observed.value, factor)?, earlier)?,
            Compute::Growth if earlier < Decimal::ZERO => {
                return Err(unexpected(format!(
                    "the earlier value is {earlier}: growth is against one above 0"
                )));
            }
            Compute::Growth => arithmetic::quotient(difference()?, earlier)?,
        };
        Ok(Observation { value, ..observed })
    }

    /// The earlier period as what is measured.
    fn earlier_scope(&self, scope: &Scope) -> Result<Scope, SourceError> {
        let Earlier { before, year_ago } = scope.earlier.clone();
        let span = match self.against {
            Against::PeriodBefore => before.ok_or_else(|| {
                no_data(format!(
                    "the period {} is the plan's first: there is none before it",
                    scope.period
                ))
            })?,
            Against::YearAgo => {
                year_ago.ok_or_else(|| no_data(format!("a year before the period {} is no time", scope.period)))?
            }
        };
        let Span { period, start, end } = span;
        let period = match (&self.earlier, period) {
            (_, Some(period)) => period,
            // Nothing in the source may speak of its number.
            (EarlierValue::Measured, None) => scope.period,
            (EarlierValue::Attested(_), None) => {
                return Err(no_data(format!(
                    "a year before the period {} is none of the plan's periods, so nothing was attested",
                    scope.period
                )));
            }
        };
        Ok(Scope {
            period,
            start,
            end,
            earlier: Earlier::default(),
            grant: scope.grant.clone(),
        })
    }

    /// The KPI whose attested value is the earlier one, if it is not measured again.
    pub(super) fn attested_kpi(&self) -> Option<&KpiName> {
        match &self.earlier {
            EarlierValue::Measured => None,
            EarlierValue::Attested(kpi) => Some(kpi),
        }
    }

    /// The value that counts on the chain, by the first endpoint that has it.
    async fn attested(&self, kpi: &KpiName, scope: &Scope) -> Result<Attested, SourceError> {
        let mut last = no_data("there is no endpoint to ask for the attested value");
        for client in clients(&self.around.endpoints, self.around.commitment) {
            match attested_by(&client, &self.around.plan, kpi, scope).await {
                Ok(attested) => return Ok(attested),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn mistakes(&self, individual: bool) -> Vec<String> {
        let mut mistakes = ratio::part_mistakes("of", &self.of, individual);
        let templates = self.of.templates();
        let names = || templates.iter().flat_map(|template| template::names(template));
        if let Some(name) = names().find(|name| template::is_past(name)) {
            mistakes.push(format!(
                "`of`: {{{name}}} is for a source that computes the change itself; here `against` says which period"
            ));
        }
        if self.against == Against::YearAgo
            && self.earlier == EarlierValue::Measured
            && names().any(|name| name == "period")
        {
            mistakes.push("`of`: a year ago may be none of the plan's periods, so {period} has no meaning".to_owned());
        }
        if self.of.has_a_change() {
            mistakes.push("`of`: a change of a change is not measured".to_owned());
        }
        mistakes
    }
}

impl Source {
    /// The KPIs whose attested values it is computed with.
    pub fn attested_kpis(&self) -> Vec<&KpiName> {
        match self {
            Self::Change(source) => source.attested_kpi().into_iter().collect(),
            Self::Ratio(source) => {
                let parts = source.operands().into_iter();
                parts.flat_map(|(_, part)| part.attested_kpis()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What an endpoint has of the value that counts.
async fn attested_by(client: &Client, plan: &Pubkey, kpi: &KpiName, scope: &Scope) -> Result<Attested, SourceError> {
    let state = client
        .plan(plan)
        .await
        .map_err(|error| SourceError::Unreachable(error.to_string()))?;
    let (number, terms) = kpi
        .find(&state)
        .ok_or_else(|| no_data(format!("the plan has no KPI {kpi}")))?;
    let name = harmless(&kpi_name(terms));
    let individual = terms.scope().map_err(|error| unexpected(error.to_string()))? == earnout::state::Scope::Individual;
    let grant = match individual {
        false => None,
        true => {
            let grant = scope.grant.as_ref().map(|grant| grant.index);
            Some(grant.ok_or_else(|| {
                no_data(format!(
                    "the KPI {name:?} has a value for each grant, and this one has none"
                ))
            })?)
        }
    };
    let account = address(plan, number, scope.period, grant);
    let mut wanted = vec![account, *plan];
    wanted.extend(grant.map(|grant| pda::grant(plan, grant)));
    let (AtSlot { slot, found }, now) = accounts_and_clock(client, &wanted).await?;
    let [evaluation, plan_account, ..] = found.as_slice() else {
        return Err(no_data("nothing was found"));
    };
    let state = decoded::<Plan>(plan, plan_account.as_ref())?.unwrap_or(state);
    let standing = match decoded::<Evaluation>(&account, evaluation.as_ref())? {
        Some(evaluation) => {
            let beneficiary = match grant {
                None => Pubkey::default(),
                Some(_) => {
                    let state = found.get(2).and_then(Option::as_ref);
                    let grant = decoded::<earnout::state::Grant>(&pda::grant(plan, grant.unwrap_or_default()), state)?;
                    grant.ok_or_else(|| no_data("the grant is closed"))?.beneficiary
                }
            };
            let tally = match &evaluation {
                Evaluation::Attestation(attestation) => {
                    attestation.tally().map_err(|error| unexpected(error.to_string()))?
                }
                Evaluation::Page(page) => {
                    let slot = grant
                        .unwrap_or_default()
                        .checked_rem(PAGE_GRANTS.into())
                        .unwrap_or_default();
                    let slot = u8::try_from(slot).map_err(|_| unexpected("the page has no such grant"))?;
                    page.view()
                        .tally(slot, &beneficiary)
                        .map_err(|error| unexpected(error.to_string()))?
                }
            };
            let read = reading(&state, number, scope.period, &tally, now);
            let read = read.map_err(|error| unexpected(error.to_string()))?;
            Some((read.finality, false))
        }
        None => {
            // What was closed is told by the plan's events.
            let sources = client.grant_sources(plan, grant.unwrap_or_default()).await;
            let sources = sources.map_err(|error| SourceError::Unreachable(error.to_string()))?;
            let measured = sources.measured(number, scope.period, grant.unwrap_or_default());
            measured.map(|measurement| (measurement.reading.finality, measurement.closed))
        }
    };
    let what = format!("the value of {name:?} for the period {}", scope.period);
    let (value, closed) = match standing {
        None | Some((Finality::Final(Outcome::Silent), _)) => return Err(no_data(format!("{what} was not attested"))),
        Some((Finality::NotBefore(at), _)) => {
            return Err(no_data(format!("{what} can still change, until {}", time::text(at))));
        }
        Some((Finality::Final(Outcome::Value(value)), closed)) => (value, closed),
    };
    Ok(Attested {
        plan: *plan,
        kpi: number,
        kpi_name: name,
        period: scope.period,
        grant,
        account,
        slot,
        closed,
        value,
        decimals: terms.decimals,
    })
}

/// The attestation, or the page of a grant.
fn address(plan: &Pubkey, kpi: u8, period: u16, grant: Option<u32>) -> Pubkey {
    match grant {
        None => pda::attestation(plan, kpi, period),
        Some(grant) => pda::page(
            plan,
            kpi,
            period,
            grant.checked_div(PAGE_GRANTS.into()).unwrap_or_default(),
        ),
    }
}

fn decoded<T: Addressed>(address: &Pubkey, account: Option<&Account>) -> Result<Option<T>, SourceError> {
    let account = account.filter(|account| account.owner == earnout::ID);
    let decoded = account.map(|account| T::at(address, &account.data)).transpose();
    decoded.map_err(|error| unexpected(format!("{address}: {error}")))
}

/// The value that the evidence names. Whether the chain had it there anybody can look up.
fn stated(kpi: &KpiName, scope: &Scope, part: &Part) -> Result<Decimal, SourceError> {
    let text = part.body.text()?;
    let stated: Attested =
        serde_json::from_str(text).map_err(|error| unexpected(format!("{text:?} names no attested value: {error}")))?;
    let is_named = match kpi {
        KpiName::Number(number) => *number == stated.kpi,
        KpiName::Name(name) => harmless(name) == stated.kpi_name,
    };
    let is_asked = is_named
        && stated.period == scope.period
        && stated
            .grant
            .is_none_or(|number| scope.grant.as_ref().is_some_and(|grant| grant.index == number))
        && stated.account == address(&stated.plan, stated.kpi, stated.period, stated.grant);
    match is_asked && stated.decimals <= 18 {
        true => Ok(value::from_fixed(stated.value, stated.decimals)),
        false => Err(unexpected("the attested value is of something else")),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
        proptest::prelude::*,
    };

    fn change(compute: &str, against: &str, earlier: &str, more: &str) -> Source {
        let text = format!(
            "type = 'change'\ncompute = '{compute}'\nagainst = '{against}'\nearlier = {earlier}\nof = {{ type = 'command', \
             command = ['echo', '{{start}}'] }}\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    fn parts(now: &str, earlier: &str) -> Vec<Part> {
        let part = |name: &str, text: &str| Part {
            of: name.to_owned(),
            ..answer(text).remove(0)
        };
        vec![part("of", now), part("earlier", earlier)]
    }

    fn value(source: &Source, now: &str, earlier: &str) -> Result<String, String> {
        let observed = source.read(&scope(), &parts(now, earlier));
        observed
            .map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_change_is_computed_exactly() {
        for (compute, more, now, earlier, result) in [
            ("growth", "factor = 100", "120", "100", "20"),
            ("growth", "", "75", "100", "-0.25"),
            ("growth", "", "-5", "10", "-1.5"),
            ("difference", "", "1200", "950.5", "249.5"),
            ("difference", "factor = '0.01'", "1200", "950", "2.5"),
            ("quotient", "", "3", "8", "0.375"),
            ("growth", "factor = 100", "4", "3", "33.333333333333333333333333331"),
        ] {
            let source = change(compute, "period-before", "'measured'", more);
            assert_eq!(
                value(&source, now, earlier).unwrap(),
                result,
                "{compute} {now} {earlier}"
            );
        }
        for (compute, earlier, part) in [
            ("growth", "0", "divided by 0"),
            ("quotient", "0", "divided by 0"),
            ("growth", "-4", "growth is against one above 0"),
            ("difference", "null", "`earlier`"),
        ] {
            let source = change(compute, "period-before", "'measured'", "");
            let error = value(&source, "5", earlier).unwrap_err();
            assert!(error.contains(part) || part == "`earlier`", "{compute}: {error}");
        }
    }

    #[tokio::test]
    async fn the_earlier_value_is_measured_again_with_the_earlier_times() {
        for (against, result) in [("period-before", "7776000"), ("year-ago", "31536000")] {
            let source = change("difference", against, "'measured'", "");
            let parts = source.fetch(&scope(), None).await.unwrap();
            let read = source.read(&scope(), &parts).unwrap();
            assert_eq!(read.value.to_string(), result, "{against}");
            let stored = serde_json::to_string(&(&source, &parts)).unwrap();
            let (source, parts): (Source, Vec<Part>) = serde_json::from_str(&stored).unwrap();
            assert_eq!(source.read(&scope(), &parts).unwrap(), read);
        }
        let first = Scope {
            period: 0,
            earlier: Earlier::default(),
            ..scope()
        };
        let source = change("difference", "period-before", "'measured'", "");
        let error = source.fetch(&first, None).await.unwrap_err().to_string();
        assert!(error.contains("the period 0 is the plan's first"), "{error}");
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        let of = |against: &str, of: &str| {
            let text = format!(
                "type = 'change'\ncompute = 'growth'\nagainst = '{against}'\nearlier = 'measured'\nof = {{ {of} }}"
            );
            toml::from_str::<Source>(&text).unwrap().mistakes(false)
        };
        let good = "type = 'command', command = ['a', '{start_date}']";
        assert_eq!(of("year-ago", good), Vec::<String>::new());
        for (against, source, part) in [
            ("period-before", "type = 'manual'", "a person"),
            (
                "period-before",
                "type = 'command', command = ['a', '{before_start}']",
                "{before_start}",
            ),
            (
                "year-ago",
                "type = 'command', command = ['a', '{year_ago_last:%Y}']",
                "{year_ago_last}",
            ),
            (
                "year-ago",
                "type = 'command', command = ['a', '{period}']",
                "{period} has no meaning",
            ),
            ("year-ago", "type = 'command', command = []", "names no program"),
            (
                "year-ago",
                "type = 'change', compute = 'growth', against = 'year-ago', earlier = 'measured', of = { type = 'command', \
                 command = ['a'] }",
                "a change of a change",
            ),
        ] {
            let mistakes = of(against, source);
            assert!(
                mistakes.len() == 1 && mistakes[0].contains(part),
                "{source}: {mistakes:?}"
            );
        }
        assert_eq!(
            of("period-before", "type = 'command', command = ['a', '{period}']"),
            Vec::<String>::new()
        );
        for wrong in ["'before'", "{ attested = 1.5 }", "{ measured = 1 }"] {
            let text = format!(
                "type = 'change'\ncompute = 'growth'\nagainst = 'year-ago'\nearlier = {wrong}\nof = {{ {good} }}"
            );
            assert!(toml::from_str::<Source>(&text).is_err(), "{wrong}");
        }
    }

    fn attested() -> Attested {
        let plan = Pubkey::new_from_array([3; 32]);
        Attested {
            plan,
            kpi: 2,
            kpi_name: "users".to_owned(),
            period: 0,
            grant: None,
            account: pda::attestation(&plan, 2, 0),
            slot: 5_000,
            closed: false,
            value: 12_050,
            decimals: 2,
        }
    }

    #[test]
    fn an_attested_value_is_of_the_period_the_kpi_and_the_account_that_are_asked() {
        let text = |attested: &Attested| serde_json::to_string(attested).unwrap();
        for earlier in ["{ attested = 'users' }", "{ attested = 2 }"] {
            let source = change("difference", "period-before", earlier, "");
            assert_eq!(value(&source, "130", &text(&attested())).unwrap(), "9.5");
            let plan = attested().plan;
            type Edit<'a> = &'a dyn Fn(&mut Attested);
            let all: [Edit<'_>; 6] = [
                &|attested| attested.period = 1,
                &|attested| {
                    (attested.kpi, attested.kpi_name) = (1, "posts".to_owned());
                    attested.account = pda::attestation(&plan, 1, 0);
                },
                &|attested| attested.account = plan,
                &|attested| {
                    attested.grant = Some(70);
                    attested.account = pda::page(&plan, 2, 0, 1);
                },
                &|attested| attested.decimals = 19,
                &|attested| attested.plan = Pubkey::default(),
            ];
            for edit in all {
                let mut wrong = attested();
                edit(&mut wrong);
                let error = value(&source, "130", &text(&wrong)).unwrap_err();
                assert!(error.contains("of something else"), "{wrong:?}: {error}");
            }
            assert!(value(&source, "130", "120.5").is_err());
        }
        // That of the grant, which is the first.
        let mut of_grant = attested();
        of_grant.grant = Some(0);
        of_grant.account = pda::page(&of_grant.plan, 2, 0, 0);
        let source = change("quotient", "period-before", "{ attested = 'users' }", "");
        assert_eq!(value(&source, "241", &text(&of_grant)).unwrap(), "2");
        // A year ago was before the plan.
        let source = change("quotient", "year-ago", "{ attested = 'users' }", "");
        let error = value(&source, "241", &text(&attested())).unwrap_err();
        assert!(error.contains("none of the plan's periods"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_stated_is_a_number_or_an_error(text in ".{0,200}", value: i64, kpi: u8, grant: Option<u32>, decimals: u8) {
            let source = change("growth", "period-before", "{ attested = 'users' }", "");
            prop_assert!(source.read(&scope(), &parts("130", &text)).is_err());
            let plan = attested().plan;
            let account = address(&plan, kpi, 0, grant);
            let stated = Attested { kpi, grant, value, decimals, account, ..attested() };
            let _ = source.read(&scope(), &parts("130", &serde_json::to_string(&stated).unwrap()));
        }
    }

    #[tokio::test]
    async fn without_an_endpoint_nothing_is_attested() {
        let source = change("quotient", "period-before", "{ attested = 'users' }", "");
        let error = source.fetch(&scope(), None).await.unwrap_err().to_string();
        assert!(error.contains("no endpoint"), "{error}");
    }
}
