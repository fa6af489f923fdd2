//! What grants in another unit were promised, and what became of it.

use {
    crate::{
        programme::Programme,
        stage::Stage,
        table::Table,
        value::{Values, price},
    },
    anyhow::Result,
    earnout_sdk::{
        report::priced::{lowest_price, price_text, units_text},
        text::{
            amount::{tokens, total},
            names::harmless,
        },
    },
    std::io::Write,
};

/// What grants in another unit are promised, and down to which price.
pub fn beginning(programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let plan = stage.plan()?;
    let Some((_, kpi)) = plan.price() else {
        return Ok(());
    };
    let mut table = Table::new(1, &["grant", "promised", "in full down to a price of"]);
    for (named, address) in programme.grants.iter().zip(&stage.grants) {
        let grant = stage.grant(address)?;
        if grant.is_in_units() {
            let lowest = lowest_price(&plan, &grant)?;
            table.row([
                named.name.clone(),
                units_text(&plan, grant.unit_allocation),
                lowest.map_or_else(|| "none".to_owned(), |lowest| price_text(kpi, lowest)),
            ]);
        }
    }
    writeln!(
        out,
        "\nPaid in tokens at the price of each period; {} counts if nobody reports one. A period never takes more than its\n\
         part of the allocation, its cap:",
        price_text(kpi, kpi.default_price)
    )?;
    Ok(table.write(out)?)
}

/// What the price makes of the units of each grant in another unit, and what the caps cut off.
pub fn period(index: usize, programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let (Some(values), Some(price)) = (Values::read(programme, stage)?, price(stage, index)) else {
        return Ok(());
    };
    let heading = [
        "grant",
        "promised",
        "tokens for it",
        "cap",
        "cap reached",
        "cut off",
        "worth",
    ];
    let mut table = Table::new(1, &heading);
    let amount = |amount: Option<u64>| match amount {
        Some(amount) => tokens(amount, programme.decimals),
        None => "more than fits".to_owned(),
    };
    let mut lost = 0;
    for (named, grant) in programme.grants.iter().zip(&values.grants) {
        let Some(of_period) = grant.period(index) else {
            continue;
        };
        let Some(priced) = &of_period.priced else {
            continue;
        };
        lost += of_period.lost;
        table.row([
            named.name.clone(),
            values.units(priced.units),
            amount(priced.worth),
            amount(Some(priced.cap)),
            if priced.is_capped() { "yes" } else { "no" }.to_owned(),
            amount(priced.cut_off()),
            values.units(of_period.lost),
        ]);
    }
    writeln!(out, "\n  One token is worth {}.", values.price(price))?;
    table.write(out)?;
    let said = match lost {
        0 => "No cap is reached: the tranche is worth all that was promised.".to_owned(),
        _ => format!(
            "At this price the caps are too small: {} of the promise is lost.",
            values.units(lost)
        ),
    };
    writeln!(out, "  {said}")?;
    Ok(())
}

/// Who was paid how much in the plan's unit, each period at its own price.
pub fn end(programme: &Programme, values: &Values, out: &mut dyn Write) -> Result<()> {
    let heading = [
        "grant",
        "promised",
        "cut off by caps",
        "cap reached in",
        "earned",
        "in tokens",
    ];
    let mut table = Table::new(1, &heading);
    let mut sums = [0u128; 4];
    let mut in_tokens = Vec::new();
    for (named, grant) in programme.grants.iter().zip(&values.grants) {
        let lost: u128 = grant.settled().map(|period| period.lost).sum();
        let worth: u128 = grant.settled().filter_map(|period| period.worth).sum();
        let earned: u128 = grant.settled().map(|period| u128::from(period.earned)).sum();
        let paid = [values.units(worth), total(earned, programme.decimals)];
        let Some(promised) = grant.promised else {
            in_tokens.push((&named.name, paid));
            continue;
        };
        let (capped, settled) = (grant.settled().filter(|period| period.is_capped()), grant.settled());
        let promise = [
            named.name.clone(),
            values.units(promised),
            values.units(lost),
            format!("{} of {} periods", capped.count(), settled.count()),
        ];
        table.row(promise.into_iter().chain(paid));
        for (sum, amount) in sums.iter_mut().zip([promised.into(), lost, worth, earned]) {
            *sum += amount;
        }
    }
    let [promised, lost, worth, earned] = sums;
    table.row([
        "all".to_owned(),
        values.units(promised),
        values.units(lost),
        String::new(),
        values.units(worth),
        total(earned, programme.decimals),
    ]);
    writeln!(
        out,
        "\nThe same in {}, each period at its own price:",
        programme.terms.unit
    )?;
    table.write(out)?;
    writeln!(
        out,
        "Promised is what full scores earn while no cap is reached. What caps cut off is lost; the results change the rest."
    )?;
    for (name, [worth, earned]) in in_tokens {
        writeln!(
            out,
            "{} has a grant in tokens and bears the price itself: {earned} tokens were worth {worth}.",
            harmless(name)
        )?;
    }
    Ok(())
}
