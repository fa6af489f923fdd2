//! The picture of a plan: with a price, price, units and tokens of each period; of one that redistributes, what each
//! grant was paid and what moved.

use {
    crate::{
        moves::{Move, Moves},
        programme::Programme,
        stage::Stage,
        value::{GrantValues, PeriodValues, Values, price},
        words,
    },
    anyhow::{Context, Result},
    earnout::state::Scope,
    earnout_chart::{Bars, Panel, Panels, Shown},
    earnout_sdk::{report::priced::Priced, text::amount::short, wire::accounts::padded_text},
    std::{fs, path::Path},
};

/// Most grants that have a panel of their own.
const MOST_GRANTS: usize = 6;

/// Letters of a grant's name that fit beside what it was promised.
const LONGEST_NAME: usize = 20;

/// Writes the picture of a plan with a price to `file`.
pub fn of_price(file: &Path, programme: &Programme, stage: &Stage, values: &Values) -> Result<()> {
    write(file, &panels(programme, stage, values)?)
}

/// Writes the picture of a plan that redistributes to `file`.
pub fn of_moves(file: &Path, programme: &Programme, stage: &Stage) -> Result<()> {
    write(file, &moving(programme, stage)?)
}

/// Writes a picture, and makes its folder if it is missing.
fn write(file: &Path, panels: &Panels) -> Result<()> {
    let failed = || format!("{}: cannot be written", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::write(file, panels.svg()).with_context(failed)
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
                notes: Vec::new(),
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

/// A name that is not too long.
fn cut(name: &str) -> String {
    match name.chars().count() > LONGEST_NAME {
        true => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
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
    let name = cut(name);
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

/// What each grant was paid, beside its tranche and below the value of the KPI that weighs most.
fn moving(programme: &Programme, stage: &Stage) -> Result<Panels> {
    let moves: Vec<Moves> = (0..programme.periods.len())
        .map(|period| Moves::of_period(period, programme, stage))
        .collect();
    let mut panels = vec![Panel {
        heading: "All grants: tokens that moved from one to another".to_owned(),
        decimals: programme.decimals,
        shown: Shown::Bars(Bars {
            amounts: moves.iter().map(|period| Some(period.moved())).collect(),
            hit: vec![true; moves.len()],
            ..Bars::default()
        }),
    }];
    let mut told = vec!["What each grant was paid in each period, and what of it others left.".to_owned()];
    for (index, named) in programme.grants.iter().enumerate().take(MOST_GRANTS) {
        let of_grant: Vec<Option<Move>> = moves
            .iter()
            .map(|period| period.0.get(index).copied().flatten())
            .collect();
        let weighs_most = (0u8..).zip(&programme.kpis).zip(&named.terms.kpi_weights);
        let weighs_most = weighs_most
            .min_by_key(|(_, weight)| std::cmp::Reverse(**weight))
            .map(|(kpi, _)| kpi);
        let (number, kpi) = weighs_most.context("a grant has no weight on any KPI")?;
        let notes = (0u16..).zip(&moves).map(|(period, _)| {
            let grant = match kpi.scope {
                Scope::Individual => u32::try_from(index).ok(),
                Scope::Shared => None,
            };
            let resolved = stage.record.resolved.get(&(number, period, grant));
            resolved.map_or_else(|| "-".to_owned(), |resolved| words::value(resolved.value, kpi))
        });
        let notes: Vec<String> = notes.collect();
        for ((name, note), moved) in programme.periods.iter().zip(&notes).zip(&of_grant) {
            let Some(moved) = moved else { continue };
            let net = u64::try_from(moved.net().unsigned_abs()).unwrap_or(u64::MAX);
            told.push(format!(
                "{name}, {}: {} {note}, paid {} of a tranche of {}, {} {}.",
                named.name,
                kpi.name,
                short(moved.paid(), programme.decimals),
                short(moved.tranche, programme.decimals),
                if moved.net() < 0 { "gave" } else { "got" },
                short(net, programme.decimals),
            ));
        }
        panels.push(Panel {
            heading: format!("{}, tokens; above, {}", cut(&named.name), cut(&kpi.name)),
            decimals: programme.decimals,
            shown: Shown::Bars(Bars {
                amounts: of_grant.iter().map(|moved| Some(moved.as_ref()?.paid())).collect(),
                hit: of_grant
                    .iter()
                    .map(|moved| moved.is_some_and(|moved| moved.net() > 0))
                    .collect(),
                limits: of_grant.iter().map(|moved| Some(moved.as_ref()?.tranche)).collect(),
                notes,
            }),
        });
    }
    Ok(Panels {
        title: "Tokens move to what performs".to_owned(),
        description: told.join(" "),
        periods: programme.periods.clone(),
        panels,
        legend: [
            "paid; on balance it gave tokens to others".to_owned(),
            "paid; on balance it got tokens of others".to_owned(),
            "tranche of the grant: what full scores earn".to_owned(),
        ],
    })
}
