//! What each value of one KPI would pay.

use {
    super::{Form, Scene},
    crate::{
        context::token::Amount,
        fault::Fault,
        shown::{
            output::{Json, Output},
            sheet::{Sheet, csv, plain},
            units,
        },
    },
    clap::Args,
    earnout::state::KpiArgs,
    earnout_chart::{Axis, Chart, Line},
    earnout_core::FULL_SCORE,
    earnout_sdk::{
        report::priced::{lowest_price, units_text},
        terms::simulation::simulate,
        text::amount,
    },
    serde_json::json,
    std::{collections::BTreeSet, fs, path::PathBuf},
};

/// Columns of a terminal that is not asked how wide it is.
const COLUMNS: usize = 80;

/// Most lines of one chart.
const LINES: usize = 6;

/// What the line of a grant's cap is called after the grant.
const CAP: &str = ", cap";

/// Which curve, over which values, and where to.
#[derive(Debug, Args)]
#[command(next_help_heading = "Payout curve")]
pub struct CurveArgs {
    /// The KPI whose values are tried
    #[arg(long, value_name = "KPI")]
    curve: Option<String>,
    /// First value of the grid [default: a little before the curve's first point; of prices half of the lowest that
    /// matters]
    #[arg(long, value_name = "VALUE", requires = "curve", allow_hyphen_values = true)]
    from: Option<String>,
    /// Last value of the grid [default: a little after the curve's last point; of prices twice the highest that
    /// matters]
    #[arg(long, value_name = "VALUE", requires = "curve", allow_hyphen_values = true)]
    to: Option<String>,
    /// Number of values of the grid; the curve's own points are added
    #[arg(long, value_name = "NUMBER", requires = "curve", default_value_t = 61,
        value_parser = clap::value_parser!(u16).range(2..=1_000))]
    points: u16,
    /// A grant by its name; can be repeated [default: the first six with weight on the KPI, or three with a value]
    #[arg(long, value_name = "NAME", requires = "curve")]
    grant: Vec<String>,
    /// Write the chart as SVG
    #[arg(long, value_name = "FILE", requires = "curve")]
    svg: Option<PathBuf>,
}

impl CurveArgs {
    pub fn is_asked_for(&self) -> bool {
        self.curve.is_some()
    }

    /// Computes the curve and shows it.
    pub fn run(&self, output: &Output, scene: &Scene, form: Form) -> Result<(), Fault> {
        let name = self.curve.as_deref().unwrap_or_default();
        let kpis = &scene.file.kpis;
        let Some((number, kpi)) = (0u8..).zip(kpis).find(|(_, kpi)| kpi.name == name) else {
            let known: Vec<String> = kpis.iter().map(|kpi| format!("{:?}", kpi.name)).collect();
            return Err(Fault::new(format!("the plan has no KPI named {name:?}"))
                .advice(format!("name one of {}", known.join(", "))));
        };
        let chosen = self.chosen(output, scene, number, kpi)?;
        let is_price = kpi.default_price.is_some();
        let ends = match is_price {
            true => prices(scene, kpi, &chosen)?,
            false => points(kpi),
        };
        let grid = self.grid(kpi, ends)?;
        let chart = match is_price {
            true => price_chart(scene, kpi, &chosen, grid)?,
            false => chart(scene, (number, kpi), &chosen, grid)?,
        };
        if let Some(file) = &self.svg {
            fs::write(file, earnout_chart::svg(&chart)).map_err(|error| {
                Fault::new(format!("{} cannot be written", file.display()))
                    .why(error)
                    .advice("check path, permissions and space")
            })?;
            output.note(format!("Wrote {}", file.display()));
        }
        show(output, &chart, kpi, form)
    }

    /// Positions of the grants to be shown.
    fn chosen(&self, output: &Output, scene: &Scene, number: u8, kpi: &KpiArgs) -> Result<Vec<usize>, Fault> {
        let grants = &scene.file.grants;
        let is_paid = |position: &usize| {
            let grant = scene.grants.get(*position);
            grant.is_some_and(|grant| grant.is_paid_by(&scene.plan, number))
        };
        let is_price = kpi.default_price.is_some();
        // Under a price each grant has a second line, its cap.
        let most = if is_price { LINES / 2 } else { LINES };
        if self.grant.is_empty() {
            let all: Vec<usize> = (0..grants.len()).filter(is_paid).collect();
            if all.is_empty() {
                let what = match is_price {
                    true => "no grant of the file has a `value`".to_owned(),
                    false => format!("no grant has weight on {:?}", kpi.name),
                };
                return Err(Fault::new(what)
                    .why("its values pay nobody")
                    .advice("name another KPI with --curve"));
            }
            if all.len() > most {
                let count = all.len();
                output.note(format!("Showing {most} of {count} grants; --grant NAME chooses others"));
            }
            return Ok(all.into_iter().take(most).collect());
        }
        if self.grant.len() > most {
            return Err(Fault::new(format!("a chart shows at most {most} grants")).advice("name fewer with --grant"));
        }
        let find = |name: &String| {
            let found = grants.iter().position(|grant| &grant.name == name);
            found.ok_or_else(|| {
                Fault::new(format!("the plan file has no grant named {name:?}"))
                    .advice("write the name as it stands in the file")
            })
        };
        let chosen: Vec<usize> = self.grant.iter().map(find).collect::<Result<_, Fault>>()?;
        let other = chosen.iter().find(|position| is_price && !is_paid(position));
        if let Some(grant) = other.and_then(|position| grants.get(*position)) {
            return Err(Fault::new(format!("{:?} is stated in tokens", grant.name))
                .why("no price changes what it pays")
                .advice("name a grant with a `value`"));
        }
        Ok(chosen)
    }

    /// The values to be tried, rising, fixed point.
    fn grid(&self, kpi: &KpiArgs, of: Ends) -> Result<Vec<i64>, Fault> {
        let within = |value: i128| {
            let value = value.clamp(kpi.range_min.into(), kpi.range_max.into());
            i64::try_from(value).unwrap_or(kpi.range_min)
        };
        let read = |given: &Option<String>, option: &str, default: i64| match given {
            None => Ok(default),
            Some(text) => match amount::parse_value(text, kpi.decimals) {
                Ok(value) if (kpi.range_min..=kpi.range_max).contains(&value) => Ok(value),
                Ok(_) => {
                    let [min, max] = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
                    Err(
                        Fault::new(format!("{option} {text} is outside the range of {:?}", kpi.name))
                            .advice(format!("name a value from {min} to {max}{}", amount::hint(text))),
                    )
                }
                Err(error) => Err(Fault::new(format!("{option} {text} {error}"))),
            },
        };
        let from = read(&self.from, "--from", within(of.from))?;
        let to = read(&self.to, "--to", within(of.to))?;
        if from >= to {
            let [from, to] = [from, to].map(|end| amount::fixed(end, kpi.decimals));
            return Err(Fault::new(format!("there are no values from {from} to {to}"))
                .advice("--from must be below --to; name both"));
        }
        let steps = i128::from(self.points).max(2) - 1;
        let (from, to) = (i128::from(from), i128::from(to));
        let mut values: BTreeSet<i128> = (0..=steps).map(|step| from + (to - from) * step / steps).collect();
        // Where the curve bends or jumps: the point and the value before it.
        for bend in of.bends {
            values.extend([i128::from(bend) - 1, i128::from(bend)]);
        }
        let values = values.into_iter().filter(|value| (from..=to).contains(value));
        Ok(values.filter_map(|value| i64::try_from(value).ok()).collect())
    }
}

/// Where a grid begins and ends unless it is told otherwise, and the values at which lines bend or jump.
struct Ends {
    from: i128,
    to: i128,
    bends: Vec<i64>,
}

/// A little beyond the first and the last point of the KPI's curve.
fn points(kpi: &KpiArgs) -> Ends {
    let bends: Vec<i64> = kpi.points.iter().map(|point| point.value).collect();
    let low = i128::from(bends.iter().copied().min().unwrap_or(kpi.range_min));
    let high = i128::from(bends.iter().copied().max().unwrap_or(kpi.range_max));
    let beyond = ((high - low) / 10).max(1);
    Ends {
        from: low - beyond,
        to: high + beyond,
        bends,
    }
}

/// From half of the lowest price that matters to twice the highest: the prices down to which the caps reach, and the
/// one that counts if nobody reports.
fn prices(scene: &Scene, kpi: &KpiArgs, chosen: &[usize]) -> Result<Ends, Fault> {
    let mut bends = Vec::new();
    for grant in chosen.iter().filter_map(|position| scene.grants.get(*position)) {
        bends.extend(lowest_price(&scene.plan, grant)?);
    }
    let prices = bends.iter().copied().chain(kpi.default_price).map(i128::from);
    let (low, high) = (prices.clone().min(), prices.max());
    Ok(Ends {
        from: low.map_or(kpi.range_min.into(), |low| low / 2),
        to: high.map_or(kpi.range_max.into(), |high| high * 2),
        bends,
    })
}

/// What full scores pay for one period of each grant over the price, and the caps.
fn price_chart(scene: &Scene, kpi: &KpiArgs, chosen: &[usize], values: Vec<i64>) -> Result<Chart, Fault> {
    let (plan, decimals) = (&scene.plan, scene.file.token.decimals);
    let (mut lines, mut told) = (Vec::new(), Vec::new());
    for position in chosen {
        let (Some(named), Some(grant)) = (scene.file.grants.get(*position), scene.grants.get(*position)) else {
            continue;
        };
        let period = grant.first_period;
        let mut amounts = Vec::with_capacity(values.len());
        for price in &values {
            amounts.push(grant.tranche(plan, period, Some(*price))?);
        }
        let cap = grant.cap(period)?;
        let (units, reach) = (
            units_text(plan, grant.units(period)?),
            units::reach(plan, grant).unwrap_or_default(),
        );
        let shown = Amount {
            base_units: cap,
            decimals,
        };
        told.push(format!(
            "{} {units}, at most {shown} tokens, which pay it in full down to {reach}",
            named.name
        ));
        lines.push(Line {
            name: named.name.clone(),
            amounts,
        });
        lines.push(Line {
            name: format!("{}{CAP}", named.name),
            amounts: vec![cap; values.len()],
        });
    }
    Ok(Chart {
        title: format!("Tokens for one period by {}", kpi.name),
        description: format!(
            "What full scores pay for the first period of each grant, in tokens, over the price of a token: {}.",
            told.join("; ")
        ),
        x: Axis {
            label: format!("{}, {}", kpi.name, kpi.unit),
            decimals: kpi.decimals,
        },
        y: Axis {
            label: "tokens".to_owned(),
            decimals,
        },
        mark: kpi.default_price.map(|price| (price, "if nobody reports".to_owned())),
        values,
        lines,
    })
}

fn chart(scene: &Scene, (number, kpi): (u8, &KpiArgs), chosen: &[usize], values: Vec<i64>) -> Result<Chart, Fault> {
    let mut lines: Vec<Line> = chosen
        .iter()
        .filter_map(|position| scene.file.grants.get(*position))
        .map(|grant| Line {
            name: grant.name.clone(),
            amounts: Vec::with_capacity(values.len()),
        })
        .collect();
    for tried in &values {
        let value = |period, kpi, grant| match kpi == number {
            true => Some(*tried),
            false => scene.value(period, kpi, grant),
        };
        let simulation = simulate(&scene.plan, &scene.grants, value, None)?;
        for (line, position) in lines.iter_mut().zip(chosen) {
            let total = simulation.grants.get(*position).map(|grant| grant.total());
            line.amounts.push(total.unwrap_or_default());
        }
    }
    let decimals = scene.file.token.decimals;
    let unit = match kpi.unit.is_empty() {
        true => String::new(),
        false => format!(", {}", kpi.unit),
    };
    let target = kpi.points.iter().find(|point| point.score == FULL_SCORE);
    let ends = |line: &Line| {
        let ends = [line.amounts.first(), line.amounts.last()].map(|end| end.copied().unwrap_or_default());
        let [first, last] = ends.map(|base_units| Amount { base_units, decimals }.to_string());
        format!("{} from {first} to {last}", line.name)
    };
    let span = [values.first(), values.last()].map(|end| amount::fixed(end.copied().unwrap_or_default(), kpi.decimals));
    Ok(Chart {
        title: format!(
            "Payout of {} by {}",
            amount::counted(scene.file.periods.len(), "period"),
            kpi.name
        ),
        description: format!(
            "What each grant earns in all periods together, in tokens, if {} is the same in each of them, from {} to {}: {}.",
            kpi.name,
            span[0],
            span[1],
            lines.iter().map(ends).collect::<Vec<_>>().join("; ")
        ),
        x: Axis {
            label: format!("{}{unit}", kpi.name),
            decimals: kpi.decimals,
        },
        y: Axis {
            label: "tokens".to_owned(),
            decimals,
        },
        mark: target.map(|point| (point.value, "target".to_owned())),
        values,
        lines,
    })
}

fn show(output: &Output, chart: &Chart, kpi: &KpiArgs, form: Form) -> Result<(), Fault> {
    // A cap is the same for every price: a line of a drawing, and else a number.
    let is_price = kpi.default_price.is_some();
    let cap_of = |line: &Line| {
        let its = format!("{}{CAP}", line.name);
        let cap = chart.lines.iter().find(|other| is_price && other.name == its);
        cap.and_then(|cap| cap.amounts.first().copied())
    };
    let lines = chart.lines.iter().filter(|line| !is_price || !line.name.ends_with(CAP));
    match form {
        Form::Table => {
            let mut text = earnout_chart::terminal(chart, COLUMNS);
            text.push_str(match kpi.default_price {
                Some(_) => {
                    "\nWhat full scores pay for the first period of each grant: its units at the price, at most its cap.\n"
                }
                None => "\nThe other KPIs are as the values file says; where it says nothing, silence counts.\n",
            });
            return output.raw(&text);
        }
        Form::Json => {
            let lines = lines.map(|line| {
                let amounts = line.amounts.iter().map(ToString::to_string);
                let mut told = json!({ "name": line.name, "amounts": amounts.collect::<Vec<_>>() });
                if let Some(cap) = cap_of(line) {
                    told["cap"] = cap.to_string().into();
                }
                told
            });
            return output.show(&Json(json!({
                "kpi": kpi.name,
                "unit": kpi.unit,
                "valueDecimals": kpi.decimals,
                "decimals": chart.y.decimals,
                "values": chart.values,
                "grants": lines.collect::<Vec<_>>(),
            })));
        }
        Form::Csv => {
            let row = |(index, value): (usize, &i64), line: &Line| {
                let amount = line.amounts.get(index).copied().unwrap_or_default();
                vec![
                    kpi.name.clone(),
                    amount::fixed(*value, kpi.decimals).replace(',', ""),
                    line.name.clone(),
                    plain(amount, chart.y.decimals),
                ]
            };
            let values = chart.values.iter().enumerate();
            let rows = values.flat_map(|value| lines.clone().map(move |line| row(value, line)));
            let paid = if kpi.default_price.is_some() {
                "tranche"
            } else {
                "total"
            };
            return output.stream(|out| csv(out, &["kpi", "value", "contributor", paid], rows));
        }
        Form::Markdown => (),
    }
    let names = lines.clone().map(|line| &line.name);
    let mut sheet = Sheet::new([&chart.x.label].into_iter().chain(names).map(|name| format!(">{name}")));
    let decimals = chart.y.decimals;
    for (index, value) in chart.values.iter().enumerate() {
        let amounts = lines
            .clone()
            .map(|line| line.amounts.get(index).copied().unwrap_or_default());
        let amounts = amounts.map(|base_units| Amount { base_units, decimals }.to_string());
        sheet.row([amount::fixed(*value, kpi.decimals)].into_iter().chain(amounts));
    }
    output.raw(&format!("{}\n\n{}", chart.title, sheet.markdown()))
}
