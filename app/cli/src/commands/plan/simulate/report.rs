//! What everyone would earn, in each form.

use {
    super::{Form, Scene},
    crate::{
        context::{reference::kpi_name, time::Moment},
        fault::Fault,
        shown::{
            output::{Json, Output},
            sheet::{Sheet, csv, plain},
            text::safe,
            units,
        },
    },
    earnout::state::UnearnedPolicy,
    earnout_sdk::{
        report::{
            priced::{Priced, price_text, units_text},
            projection::period_times,
        },
        terms::{
            plan_file::NamedGrant,
            simulation::{SettledPeriod, SimulatedGrant, Simulation, simulate},
        },
        text::{amount, time},
    },
    serde_json::{Value, json},
    std::fmt::Write,
};

/// Settles, and shows the result.
pub fn show(output: &Output, scene: &Scene, at: Option<Moment>, form: Form) -> Result<(), Fault> {
    let value = |period, kpi, grant| scene.value(period, kpi, grant);
    let simulation = simulate(&scene.plan, &scene.grants, value, at.map(|at| at.0))?;
    let places = places(scene, &simulation, at)?;
    let report = Report {
        scene,
        simulation,
        at,
        places,
    };
    match form {
        Form::Table => output.raw(&report.tables(&|sheet| format!("{sheet}\n"))?),
        Form::Markdown => output.raw(&report.tables(&|sheet| sheet.markdown())?),
        Form::Csv => {
            let (headings, rows) = report.csv()?;
            output.stream(|out| csv(out, &headings, rows))
        }
        Form::Json => output.show(&Json(report.json()?)),
    }
}

struct Report<'a> {
    scene: &'a Scene,
    simulation: Simulation,
    at: Option<Moment>,
    /// Decimal places that are shown.
    places: usize,
}

/// As many decimal places as the amounts of a simulation need, so that they stand below each other.
fn places(scene: &Scene, simulation: &Simulation, at: Option<Moment>) -> Result<usize, Fault> {
    let mut amounts = Vec::new();
    for grant in &simulation.grants {
        amounts.extend([grant.state.allocation, grant.state.earned, grant.state.bonus]);
        if let Some(at) = at {
            amounts.push(grant.state.vested(&scene.plan, at.0)?);
        }
        for settled in &grant.settled {
            let settlement = &settled.settlement;
            amounts.extend([settled.tranche, settlement.earned, settlement.carry, settled.bonus]);
            amounts.extend(settled.priced.and_then(|priced| priced.cut_off()));
        }
    }
    let decimals = scene.file.token.decimals;
    let needed = amounts.into_iter().map(|amount| {
        let shown = amount::tokens(amount, decimals);
        let fraction = shown
            .split_once('.')
            .map(|(_, fraction)| fraction.trim_end_matches('0').len());
        fraction.unwrap_or_default()
    });
    Ok(needed.max().unwrap_or_default())
}

impl Report<'_> {
    fn decimals(&self) -> u8 {
        self.scene.file.token.decimals
    }

    /// An amount with as many decimal places as all others.
    fn shown(&self, base_units: impl Into<u128>) -> String {
        let text = amount::total(base_units.into(), self.decimals());
        let hidden = usize::from(self.decimals()).saturating_sub(self.places);
        // The point goes with the last of them.
        let hidden = hidden + usize::from(self.places == 0 && self.decimals() > 0);
        text.get(..text.len().saturating_sub(hidden))
            .unwrap_or(&text)
            .to_owned()
    }

    fn named(&self) -> impl Iterator<Item = (&str, &SimulatedGrant)> {
        let names = self.scene.file.grants.iter().map(|grant| grant.name.as_str());
        names.zip(&self.simulation.grants)
    }

    fn period_name(&self, period: u16) -> &str {
        let name = self.scene.file.periods.get(usize::from(period));
        name.map(String::as_str).unwrap_or_default()
    }

    fn redistributes(&self) -> bool {
        self.scene.file.terms.unearned_policy == UnearnedPolicy::Redistribute
    }

    /// Whether a grant is in another unit.
    fn in_units(&self) -> bool {
        self.simulation.grants.iter().any(|grant| grant.state.is_in_units())
    }

    /// What the cap cut off in all settled periods.
    fn cut_off(&self, grant: &SimulatedGrant) -> String {
        let cut = grant
            .settled
            .iter()
            .filter_map(|settled| Some(settled.priced?.cut_off()));
        let sum: Option<u128> = cut.map(|cut| cut.map(u128::from)).sum();
        sum.map_or_else(|| units::cut_off_sum(None, self.decimals()), |sum| self.shown(sum))
    }

    fn carries(&self) -> bool {
        self.scene.file.terms.unearned_policy == UnearnedPolicy::CarryOver
    }

    /// Vested by the time that is asked for, base units.
    fn vested(&self, grant: &SimulatedGrant) -> Result<Option<u64>, Fault> {
        let vested = self.at.map(|at| grant.state.vested(&self.scene.plan, at.0));
        Ok(vested.transpose()?)
    }

    /// What the vault must hold before the first period, base units.
    fn reserve(&self) -> u128 {
        self.scene.grants.iter().map(|grant| u128::from(grant.reserved)).sum()
    }

    /// What of the reserve no grant can claim any more, base units.
    fn returned(&self) -> u128 {
        let earned = self.simulation.grants.iter().map(|grant| u128::from(grant.total()));
        let held = self
            .simulation
            .grants
            .iter()
            .map(|grant| u128::from(grant.state.reserved));
        self.reserve().saturating_sub(earned.sum()).saturating_sub(held.sum())
    }

    fn settled_periods(&self) -> usize {
        self.simulation.left_over.len()
    }

    /// One line about the plan and one about how far it is settled.
    fn introduction(&self) -> String {
        let file = &self.scene.file;
        let policy = match file.terms.unearned_policy {
            UnearnedPolicy::Return => "returns to the treasury",
            UnearnedPolicy::CarryOver => "can be earned in the grant's next period",
            UnearnedPolicy::Redistribute => "is shared among the period's grants by results",
        };
        let mut text = format!(
            "{} of {} from {}, {}, {}. What is not earned {policy}.\n",
            amount::counted(file.periods.len(), "period"),
            time::cadence(file.terms.cadence),
            Moment(file.terms.start_ts),
            amount::counted(file.kpis.len(), "KPI"),
            amount::counted(file.grants.len(), "grant")
        );
        if let Some((_, price)) = self.scene.plan.price().filter(|_| self.in_units()) {
            let (name, default) = (kpi_name(price), price_text(price, price.default_price));
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "Values in {} are paid in tokens at the {} of each period, {} if nobody reports one, up to the allocation.",
                safe(&file.terms.unit),
                safe(&name),
                safe(&default)
            );
        }
        if let Some(at) = self.at {
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "Settled by {at} at the latest: {} of {}.",
                self.settled_periods(),
                amount::counted(file.periods.len(), "period")
            );
        }
        text
    }

    fn conclusion(&self) -> String {
        format!(
            "Funding all grants takes {} tokens, the most that any values could earn. Of them {} are surplus by then.\n",
            amount::short(self.reserve(), self.decimals()),
            amount::short(self.returned(), self.decimals())
        )
    }

    /// A row for each grant and one for all of them.
    fn summary(&self) -> Result<Sheet, Fault> {
        let mut headings = vec!["contributor"];
        if self.in_units() {
            headings.extend([">value", ">cap reaches", ">cut off"]);
        }
        headings.extend([">allocation", ">earned"]);
        headings.extend(self.redistributes().then_some(">bonus"));
        headings.extend([">total", ">of allocation"]);
        headings.extend(self.at.map(|_| ">vested"));
        let mut sheet = Sheet::new(headings);
        let mut sums = [0u128; 5];
        for (name, grant) in self.named() {
            let vested = self.vested(grant)?;
            let state = &grant.state;
            let amounts = [
                state.allocation,
                state.earned,
                state.bonus,
                grant.total(),
                vested.unwrap_or(0),
            ];
            for (sum, amount) in sums.iter_mut().zip(amounts) {
                *sum += u128::from(amount);
            }
            let plan = &self.scene.plan;
            let in_units = units::value(plan, state).map(|value| {
                let reach = units::reach(plan, state).unwrap_or_default();
                [value, reach, self.cut_off(grant)]
            });
            sheet.row(self.cells(name, in_units, amounts.map(u128::from)));
        }
        if self.simulation.grants.len() > 1 {
            let units = self
                .simulation
                .grants
                .iter()
                .map(|grant| u128::from(grant.state.unit_allocation));
            let value = units_text(&self.scene.plan, units.sum::<u128>());
            let value = [value, String::new(), String::new()];
            sheet.row(self.cells("all", Some(value), sums));
        }
        Ok(sheet)
    }

    fn cells(
        &self,
        name: &str,
        in_units: Option<[String; 3]>,
        [allocation, earned, bonus, total, vested]: [u128; 5],
    ) -> Vec<String> {
        let shown = |amount: u128| self.shown(amount);
        let share = (total * 10_000).checked_div(allocation).unwrap_or_default();
        let share = u64::try_from(share).unwrap_or(u64::MAX);
        let mut cells = vec![name.to_owned()];
        if self.in_units() {
            cells.extend(in_units.unwrap_or([const { String::new() }; 3]));
        }
        cells.extend([shown(allocation), shown(earned)]);
        cells.extend(self.redistributes().then(|| shown(bonus)));
        cells.extend([shown(total), format!("{} %", amount::tokens(share, 2))]);
        cells.extend(self.at.map(|_| shown(vested)));
        cells
    }

    /// A row for each period and grant.
    fn periods(&self) -> Sheet {
        let mut headings = vec!["period", "contributor"];
        if self.in_units() {
            headings.extend([">units", ">price", ">cut off"]);
        }
        headings.extend([">tranche", ">scores", ">earned"]);
        headings.extend(self.redistributes().then_some(">bonus"));
        headings.extend(self.carries().then_some(">carried on"));
        let mut sheet = Sheet::new(headings);
        for (named, settled) in self.settlements() {
            let mut cells = vec![self.period_name(settled.period).to_owned(), named.name.clone()];
            if self.in_units() {
                let [units, price, mut cut] = units::cells(&self.scene.plan, settled.priced.as_ref(), self.decimals());
                if let Some(amount) = settled
                    .priced
                    .and_then(|priced| priced.cut_off())
                    .filter(|cut| *cut > 0)
                {
                    cut = self.shown(amount);
                }
                cells.extend([units, price, cut]);
            }
            cells.extend([
                self.shown(settled.tranche),
                Self::scores(named, settled),
                self.shown(settled.settlement.earned),
            ]);
            cells.extend(self.redistributes().then(|| self.shown(settled.bonus)));
            cells.extend(self.carries().then(|| self.shown(settled.settlement.carry)));
            sheet.row(cells);
        }
        sheet
    }

    /// By period, then by grant.
    fn settlements(&self) -> impl Iterator<Item = (&NamedGrant, &SettledPeriod)> {
        let of = move |period: u16| {
            let grants = self.scene.file.grants.iter().zip(&self.simulation.grants);
            grants.filter_map(move |(named, grant)| Some((named, grant.settled_in(period)?)))
        };
        (0..self.scene.plan.period_count).flat_map(of)
    }

    /// The scores of the KPIs on which the grant has weight, in the order of the plan.
    fn scores(named: &NamedGrant, settled: &SettledPeriod) -> String {
        let weights = named.terms.kpi_weights.iter();
        let counted = weights.zip(settled.results.scores).filter(|(weight, _)| **weight > 0);
        let scores: Vec<String> = counted.map(|(_, score)| amount::count(score)).collect();
        scores.join(" / ")
    }

    fn tables(&self, render: &dyn Fn(&Sheet) -> String) -> Result<String, Fault> {
        let mut text = self.introduction();
        text.push('\n');
        text.push_str(&render(&self.summary()?));
        text.push('\n');
        if self.settled_periods() > 0 {
            text.push_str(&render(&self.periods()));
            text.push('\n');
        }
        text.push_str(&self.conclusion());
        Ok(text)
    }

    /// A row for each period and grant, every column whatever the policy.
    fn csv(&self) -> Result<(Vec<String>, Vec<Vec<String>>), Fault> {
        let mut headings = vec!["period", "start", "end", "settled_by", "contributor"];
        if self.in_units() {
            headings.extend(["units", "unit", "price", "cap", "cut_off"]);
        }
        headings.push("tranche");
        let mut headings: Vec<String> = headings.into_iter().map(str::to_owned).collect();
        let scored = self.scene.file.kpis.iter().filter(|kpi| kpi.default_price.is_none());
        headings.extend(scored.clone().map(|kpi| format!("score:{}", kpi.name)));
        headings.extend(["earned", "unearned", "carried_on", "bonus", "total"].map(str::to_owned));
        let mut rows = Vec::new();
        let plain = |amount| plain(amount, self.decimals());
        for (named, settled) in self.settlements() {
            let times = period_times(&self.scene.plan, settled.period)?;
            let mut cells = vec![
                self.period_name(settled.period).to_owned(),
                Moment(times.start).to_string(),
                Moment(times.end).to_string(),
                Moment(times.settle_deadline).to_string(),
                named.name.clone(),
            ];
            if self.in_units() {
                cells.extend(self.csv_units(settled.priced.as_ref()));
            }
            cells.push(plain(settled.tranche));
            for number in 0..scored.clone().count() {
                let weight = named.terms.kpi_weights.get(number);
                let score = settled
                    .results
                    .scores
                    .get(number)
                    .filter(|_| weight.is_some_and(|weight| *weight > 0));
                cells.push(score.map(ToString::to_string).unwrap_or_default());
            }
            let settlement = &settled.settlement;
            let total = settlement.earned.saturating_add(settled.bonus);
            let amounts = [
                settlement.earned,
                settlement.unearned,
                settlement.carry,
                settled.bonus,
                total,
            ];
            cells.extend(amounts.map(plain));
            rows.push(cells);
        }
        Ok((headings, rows))
    }

    /// Units, unit, price, cap and what it cut off; nothing for a grant in tokens.
    fn csv_units(&self, priced: Option<&Priced>) -> [String; 5] {
        let (plan, unit) = (&self.scene.plan, &self.scene.file.terms.unit);
        let Some((priced, (_, kpi))) = priced.zip(plan.price()) else {
            return [const { String::new() }; 5];
        };
        [
            plain(priced.units, plan.unit_decimals),
            unit.clone(),
            amount::fixed(priced.price, kpi.decimals).replace(',', ""),
            plain(priced.cap, self.decimals()),
            priced
                .cut_off()
                .map_or("too large".to_owned(), |amount| plain(amount, self.decimals())),
        ]
    }

    fn json(&self) -> Result<Value, Fault> {
        let mut periods = Vec::new();
        for (period, left_over) in (0..self.scene.plan.period_count).zip(&self.simulation.left_over) {
            let times = period_times(&self.scene.plan, period)?;
            periods.push(json!({
                "period": period,
                "name": self.period_name(period),
                "start": times.start,
                "end": times.end,
                "settleDeadline": times.settle_deadline,
                "leftOver": left_over.to_string(),
            }));
        }
        let mut grants = Vec::new();
        for ((name, grant), terms) in self.named().zip(&self.scene.file.grants) {
            let settled = grant.settled.iter().map(|settled| {
                let kpis = self
                    .scene
                    .file
                    .kpis
                    .iter()
                    .zip(settled.results.scores)
                    .zip(&terms.terms.kpi_weights);
                let scores = kpis.filter(|(_, weight)| **weight > 0);
                let scores = scores.map(|((kpi, score), _)| (kpi.name.clone(), json!(score)));
                json!({
                    "period": settled.period,
                    "tranche": settled.tranche.to_string(),
                    "inUnits": units::json(&self.scene.plan, settled.priced.as_ref()),
                    "scores": scores.collect::<serde_json::Map<_, _>>(),
                    "earned": settled.settlement.earned.to_string(),
                    "unearned": settled.settlement.unearned.to_string(),
                    "carry": settled.settlement.carry.to_string(),
                    "pooled": settled.settlement.pooled.to_string(),
                    "bonus": settled.bonus.to_string(),
                })
            });
            grants.push(json!({
                "name": name,
                "allocation": grant.state.allocation.to_string(),
                "unitAllocation": grant.state.is_in_units().then(|| grant.state.unit_allocation.to_string()),
                "lowestPrice": units::lowest_json(&self.scene.plan, &grant.state),
                "earned": grant.state.earned.to_string(),
                "bonus": grant.state.bonus.to_string(),
                "total": grant.total().to_string(),
                "vested": self.vested(grant)?.map(|vested| vested.to_string()),
                "periods": settled.collect::<Vec<_>>(),
            }));
        }
        Ok(json!({
            "decimals": self.decimals(),
            "unit": self.scene.plan.has_unit().then_some(&self.scene.file.terms.unit),
            "unitDecimals": self.scene.plan.has_unit().then_some(self.scene.plan.unit_decimals),
            "priceDecimals": self.scene.plan.price().map(|(_, kpi)| kpi.decimals),
            "at": self.at,
            "reserve": self.reserve().to_string(),
            "surplus": self.returned().to_string(),
            "periods": periods,
            "grants": grants,
        }))
    }
}
