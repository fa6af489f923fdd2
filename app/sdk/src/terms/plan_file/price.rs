//! `[price]`: what a token is worth in the plan's unit of account.

use {
    super::{
        feed,
        kpi::{ReadKpi, ends, rubric, value},
        mistake::Notes,
        parts::{as_number, sound},
        section::{Found, Section},
    },
    crate::{terms, text::amount::fixed},
    earnout::{
        constants::{MAX_KPI_DECIMALS, MAX_UNIT_DECIMALS},
        instructions::CreatePlanArgs,
        state::{Interpolation, Kpi, KpiArgs, Scope},
    },
    std::path::Path,
};

/// The unit of account as far as it could be read.
pub(super) struct ReadPrice {
    pub unit: Option<String>,
    pub unit_decimals: Option<u8>,
}

/// Reads the price: the unit of account, and the KPI. Rubric files lie relative to `folder`; `attest_secs` is how long
/// the oracles report, if it is right.
pub(super) fn read(
    mut table: Section,
    folder: &Path,
    attest_secs: Option<u32>,
    notes: &mut Notes,
) -> (ReadPrice, ReadKpi) {
    let before = notes.len();
    let name = table.required("kpi").and_then(|found| found.text(notes));
    let unit = table.required("unit").and_then(|found| found.text(notes));
    let unit = unit.filter(|found| is_unit(found, notes));
    let unit_decimals = table.required("unit_decimals");
    let unit_decimals = unit_decimals.and_then(|found| found.number::<u8>(notes, MAX_UNIT_DECIMALS));
    let unit_decimals = unit_decimals.filter(|found| {
        let is_accepted = unit_of("unit", found.value).packed_unit().is_ok();
        if !is_accepted {
            found.wrong(notes, format!("expected a whole number from 0 to {MAX_UNIT_DECIMALS}"));
        }
        is_accepted
    });
    let decimals = table
        .required("decimals")
        .and_then(|found| found.number(notes, u8::MAX));
    // Values mean nothing without their decimals.
    let in_range = decimals.as_ref().map(|found: &Found<u8>| found.value);
    let in_range = in_range.filter(|decimals| *decimals <= MAX_KPI_DECIMALS);
    let range = table
        .table(notes, "range")
        .and_then(|range| ends(range, in_range, notes));
    let default = table.required("default");
    let default_place = default.as_ref().map(|found| found.map(()));
    let default = default.and_then(|found| value(found, in_range, notes));
    let rubric = table.required("rubric").and_then(|found| rubric(found, folder, notes));
    let feed = table.optional("feed");
    let feed = feed.map(|found| feed::read(found, attest_secs, notes));
    let (at, header) = (table.at, table.name.clone());
    table.finish(notes);

    if let Some((name, what)) = name.as_ref().and_then(|name| Some((name, as_number(name.value)?))) {
        name.wrong(notes, what);
    }
    let mut check = |field: &str, args: KpiArgs| {
        let checked = Kpi::new(&args);
        if let Err(error) = &checked {
            let what = format!("the price is not possible: {}", terms::message(error));
            notes.add(at, format!("{header}.{field}"), what);
        }
        checked.is_ok()
    };
    if let Some(name) = &name {
        let name = name.value.to_owned();
        check("kpi", KpiArgs { name, ..sound() });
    }
    if let Some(decimals) = &decimals {
        let decimals = decimals.value;
        check("decimals", KpiArgs { decimals, ..sound() });
    }
    // Within a range that is possible the default alone can be wrong.
    let range = range.filter(|range| check("range", priced(*range, range.0)));
    if let (Some((min, max)), Some(default), Some(place)) = (range, default, default_place)
        && Kpi::new(&priced((min, max), default)).is_err()
    {
        let decimals = in_range.unwrap_or_default();
        let [min, max, default] = [min, max, default].map(|value| fixed(value, decimals));
        place.wrong(
            notes,
            format!("{default}: expected {min} to {max}, the range of the price"),
        );
    }
    let name = name.map(|found| found.value.to_owned());
    let unit = unit.map(|found| found.value.to_owned());
    let args = (|| {
        Some(KpiArgs {
            name: name.clone()?,
            unit: unit.clone()?,
            rubric_hash: rubric?,
            decimals: decimals?.value,
            feed: feed.flatten(),
            ..priced(range?, default?)
        })
    })();
    let price = ReadPrice {
        unit,
        unit_decimals: unit_decimals.map(|found| found.value),
    };
    let kpi = ReadKpi {
        name,
        args: args.filter(|_| notes.len() == before),
        is_price: true,
        at,
        header,
    };
    (price, kpi)
}

/// A price with this range and default.
fn priced((range_min, range_max): (i64, i64), default_price: i64) -> KpiArgs {
    KpiArgs {
        scope: Scope::Shared,
        range_min,
        range_max,
        interpolation: Interpolation::Linear,
        points: Vec::new(),
        default_score: 0,
        default_price: Some(default_price),
        ..sound()
    }
}

/// Whether the program takes a text for a unit of account; what is wrong with it is noted.
fn is_unit(found: &Found<&str>, notes: &mut Notes) -> bool {
    let is_unit = !found.value.is_empty() && unit_of(found.value, 0).packed_unit().is_ok();
    if !is_unit {
        let what = "expected 1 to 8 bytes of UTF-8 without hidden characters and outer spaces, like \"USD\"";
        found.wrong(notes, format!("{:?}: {what}", found.value));
    }
    is_unit
}

/// Terms of a plan with this unit of account.
fn unit_of(unit: &str, unit_decimals: u8) -> CreatePlanArgs {
    CreatePlanArgs {
        unit: unit.to_owned(),
        unit_decimals,
        ..super::terms::sound()
    }
}
