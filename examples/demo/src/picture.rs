//! The picture of a plan with a price: price, units and tokens of each period.

use {
    crate::{
        programme::Programme,
        stage::Stage,
        value::{GrantValues, PeriodValues, Values, price},
    },
    anyhow::{Context, Result},
    earnout_chart::{Bars, Panel, Panels, Shown},
    earnout_sdk::{report::priced::Priced, text::amount::short, wire::accounts::padded_text},
    std::{fs, path::Path},
};

/// Most grants that have a panel of their own.
const MOST_GRANTS: usize = 6;

/// Letters of a grant's name that fit beside what it was promised.
const LONGEST_NAME: usize = 20;

/// Writes the picture to `file`, and makes its folder if it is missing.
pub fn write(file: &Path, programme: &Programme, stage: &Stage, values: &Values) -> Result<()> {
    let failed = || format!("{}: cannot be written", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::write(file, panels(programme, stage, values)?.svg()).with_context(failed)
}

fn panels(programme: &Programme, stage: &Stage, values: &Values) -> Result<Panels> {
    let (_, kpi) = values.plan.price().context("the plan has no price")?;
    let unit = padded_text(&values.plan.unit);
    let periods = 0..programme.periods.len();
    let prices: Vec<Option<i64>> = periods.clone().map(|period| price(stage, period)).collect();
    let of_prices = prices
        .iter()
        .map(|price| price.and_then(|price| u64::try_from(price).ok()));
    let mut panels = vec![
        Panel {
            heading: format!("Price of a token, {unit}"),
            decimals: kpi.decimals,
            shown: Shown::Line(of_prices.collect()),
        },
        Panel {
            heading: format!("All grants in {unit}: worth of what was earned"),
            decimals: values.plan.unit_decimals,
            shown: Shown::Bars(together(values, periods.clone())?),
        },
    ];
    let in_units = programme.grants.iter().zip(&values.grants);
    for (named, grant) in in_units.filter(|(_, grant)| grant.promised.is_some()).take(MOST_GRANTS) {
        let cells = || grant.periods.iter().map(Option::as_ref);
        panels.push(Panel {
            heading: heading(&named.name, grant, values),
            decimals: programme.decimals,
            shown: Shown::Bars(Bars {
                amounts: cells().map(|period| Some(period?.earned)).collect(),
                hit: cells()
                    .map(|period| period.is_some_and(PeriodValues::is_capped))
                    .collect(),
                limits: cells().map(|period| Some(period?.priced.as_ref()?.cap)).collect(),
            }),
        });
    }
    Ok(Panels {
        title: format!("Paid in {unit} with tokens"),
        description: description(programme, values, &prices)?,
        periods: programme.periods.clone(),
        panels,
        legend: [
            "earned".to_owned(),
            "earned, and the cap cut a part off".to_owned(),
            format!("promised ({unit}) and cap (tokens), at full scores"),
        ],
    })
}

/// What all grants in the unit were promised and earned together, by period, in the smallest part of the unit.
fn together(values: &Values, periods: std::ops::Range<usize>) -> Result<Bars> {
    let mut bars = Bars::default();
    for period in periods {
        let all: Vec<(&Priced, &PeriodValues)> = in_units(values, period).collect();
        let fits = |sum: u128| u64::try_from(sum).context("a sum is too large for the picture");
        let promised = fits(all.iter().map(|(priced, _)| u128::from(priced.units)).sum())?;
        let earned = fits(all.iter().filter_map(|(_, period)| period.worth).sum())?;
        bars.limits.push((!all.is_empty()).then_some(promised));
        bars.amounts.push((!all.is_empty()).then_some(earned));
        bars.hit.push(all.iter().any(|(priced, _)| priced.is_capped()));
    }
    Ok(bars)
}

/// What grants in the unit had in a period.
fn in_units(values: &Values, period: usize) -> impl Iterator<Item = (&Priced, &PeriodValues)> {
    let grants = values.grants.iter().filter_map(move |grant| grant.period(period));
    grants.filter_map(|period| Some((period.priced.as_ref()?, period)))
}

/// Name and promise of a grant: that of a period if all periods have the same.
fn heading(name: &str, grant: &GrantValues, values: &Values) -> String {
    let name: String = match name.chars().count() > LONGEST_NAME {
        true => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    };
    let mut units = grant.settled().filter_map(|period| Some(period.priced.as_ref()?.units));
    match units.next() {
        Some(first) if units.all(|other| other == first) => {
            format!("{name}, tokens for {} a period", values.units(first))
        }
        _ => format!(
            "{name}, tokens for {} in all",
            values.units(grant.promised.unwrap_or_default())
        ),
    }
}

/// The picture in sentences, one for each period.
fn description(programme: &Programme, values: &Values, prices: &[Option<i64>]) -> Result<String> {
    let unit = padded_text(&values.plan.unit);
    let mut told = vec![format!(
        "Price of a token, and by it what grants in {unit} were promised and earned in each period."
    )];
    let bars = together(values, 0..programme.periods.len())?;
    for (index, (name, price)) in programme.periods.iter().zip(prices).enumerate() {
        let Some(price) = price else { continue };
        let of = |amounts: &[Option<u64>]| amounts.get(index).copied().flatten().unwrap_or_default();
        let earned: u64 = in_units(values, index).map(|(_, period)| period.earned).sum();
        let grants = programme.grants.iter().zip(&values.grants);
        let capped = grants.filter(|(_, grant)| grant.period(index).is_some_and(PeriodValues::is_capped));
        let capped: Vec<&str> = capped.map(|(named, _)| named.name.as_str()).collect();
        let cap = match capped.is_empty() {
            true => "no cap reached".to_owned(),
            false => format!("cap reached: {}", capped.join(", ")),
        };
        told.push(format!(
            "{name}: price {}, promised {}, earned {} tokens worth {}, {cap}.",
            values.price(*price),
            values.units(of(&bars.limits)),
            short(earned, programme.decimals),
            values.units(of(&bars.amounts))
        ));
    }
    Ok(told.join(" "))
}
