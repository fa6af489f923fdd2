//! What a period moved between grants, and why.

use {
    crate::{
        moves::{Move, Moves},
        programme::Programme,
        stage::Stage,
        table::Table,
        words::value,
    },
    anyhow::Result,
    earnout::state::Scope,
    earnout_core::FULL_SCORE,
    earnout_sdk::text::{
        amount::{fixed, tokens},
        names::harmless,
    },
    std::io::Write,
};

/// What each grant gave to the period's pool and got of it, and which results that was for.
pub fn period(period: u16, programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    if !stage.plan()?.redistributes()? {
        return Ok(());
    }
    let moves = Moves::of_period(period.into(), programme, stage);
    let amount = |amount: u64| tokens(amount, programme.decimals);
    let heading = [
        "grant",
        "left unearned",
        "of all results",
        "bonus",
        "largest bonus",
        "moved",
    ];
    let mut table = Table::new(1, &heading);
    for (named, moved) in programme.grants.iter().zip(&moves.0) {
        let Some(moved) = moved else { continue };
        let part = (u128::from(moved.by_results) * 10_000).checked_div(moves.by_results());
        let part = part.and_then(|part| i64::try_from(part).ok()).unwrap_or_default();
        table.row([
            named.name.clone(),
            amount(moved.given),
            format!("{} %", fixed(part, 2)),
            amount(moved.bonus),
            amount(moved.cap),
            signed(moved, programme.decimals),
        ]);
    }
    writeln!(
        out,
        "\n  What is not earned goes to all by what their results earned, up to {} % of a tranche:",
        fixed(i64::from(programme.terms.bonus_cap_bps), 2)
    )?;
    table.write(out)?;
    for (index, (named, moved)) in programme.grants.iter().zip(&moves.0).enumerate() {
        let Some(moved) = moved.filter(|moved| moved.net() != 0) else {
            continue;
        };
        let why = reasons(period, index, moved.net() > 0, programme, stage);
        let capped = if moved.is_capped() {
            "; its bonus ends at the cap"
        } else {
            ""
        };
        let verb = if moved.net() > 0 { "gets" } else { "gives" };
        let net = u64::try_from(moved.net().unsigned_abs()).unwrap_or(u64::MAX);
        let line = format!("{} {verb} {}: {why}{capped}.", named.name, amount(net));
        writeln!(out, "  {}", harmless(&line))?;
    }
    match moves.left_over() {
        0 => {}
        left => writeln!(out, "  {} are left over and return to the treasury.", amount(left))?,
    }
    Ok(())
}

fn signed(moved: &Move, decimals: u8) -> String {
    let net = tokens(u64::try_from(moved.net().unsigned_abs()).unwrap_or(u64::MAX), decimals);
    match moved.net() {
        0 => net,
        1.. => format!("+{net}"),
        _ => format!("-{net}"),
    }
}

/// The results for which a grant got something, or those for which it gave.
fn reasons(period: u16, index: usize, got: bool, programme: &Programme, stage: &Stage) -> String {
    let settled = stage.record.grants.get(index);
    let settled = settled.and_then(|record| record.settlement(period.into()));
    let weights = programme.grants.get(index);
    let weights = weights.map_or(&[][..], |grant| grant.terms.kpi_weights.as_slice());
    let mut results = Vec::new();
    for ((number, kpi), weight) in (0u8..).zip(&programme.kpis).zip(weights) {
        let score = settled.and_then(|settled| settled.scores.get(usize::from(number)));
        if *weight == 0 || score.is_none_or(|score| (*score >= FULL_SCORE) != got) {
            continue;
        }
        let grant = match kpi.scope {
            Scope::Individual => u32::try_from(index).ok(),
            Scope::Shared => None,
        };
        let found = stage.record.resolved.get(&(number, period, grant));
        let found = found.map_or_else(|| "not reported".to_owned(), |resolved| value(resolved.value, kpi));
        results.push(format!("{} {found}", kpi.name));
    }
    let (verb, targets) = (
        if got { "met" } else { "missed" },
        if results.len() == 1 {
            "the target"
        } else {
            "their targets"
        },
    );
    match results.split_last() {
        None => "it missed every target, but others earned even less".to_owned(),
        Some((last, [])) => format!("{last} {verb} {targets}"),
        Some((last, others)) => format!("{} and {last} {verb} {targets}", others.join(", ")),
    }
}
