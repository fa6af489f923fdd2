//! What a contributor programme came to.

use {
    super::{file::MEASURES, programme::LIAR},
    crate::{
        programme::Programme,
        stage::Stage,
        statement::Statement,
        table::{Table, shortened},
        units,
    },
    anyhow::{Context, Result},
    earnout::state::UnearnedPolicy,
    earnout_embedded::Signer,
    earnout_sdk::text::amount::{count, tokens},
    std::{io::Write, path::Path},
};

const TOP: usize = 10;

/// Writes the summary.
pub fn write(
    file: &Path,
    programme: &Programme,
    stage: &Stage,
    statement: &Statement,
    out: &mut dyn Write,
) -> Result<()> {
    let (contributors, quarters) = (programme.grants.len(), programme.periods.len());
    let policy = match programme.terms.unearned_policy {
        UnearnedPolicy::Return => "goes back to the treasury",
        UnearnedPolicy::CarryOver => "can be earned in the contributor's next quarter",
        UnearnedPolicy::Redistribute => "is shared among the quarter's contributors by results",
    };
    writeln!(
        out,
        "{}: {contributors} contributors, {quarters} quarters; what is not earned {policy}.\n",
        file.display()
    )?;
    writeln!(out, "{}", votes(programme, stage)?)?;
    top(programme, stage, out)?;
    by_quarter(programme, stage, out)?;
    writeln!(out, "\nThe vault, in tokens:")?;
    statement.write(programme.decimals, out)?;
    units::write(&stage.units, stage.chain.transactions(), out)
}

/// How the oracles voted, from the events.
fn votes(programme: &Programme, stage: &Stage) -> Result<String> {
    let values = stage.record.resolved.len();
    let all: u64 = stage.record.votes.values().sum();
    let liar = stage.oracles.get(LIAR).context("there is no third oracle")?.pubkey();
    let wrong = stage.record.votes.get(&liar).copied().unwrap_or_default();
    let believed = stage
        .record
        .resolved
        .values()
        .filter(|resolved| resolved.oracles.contains(&liar));
    Ok(format!(
        "{} votes on {} values ({} KPIs for each contributor and quarter). The third oracle reported {} wrong values; \
         {} of them counted.\n",
        count(all),
        count(values),
        programme.kpis.len().min(MEASURES.len()),
        count(wrong),
        believed.count(),
    ))
}

/// The contributors who were paid most.
fn top(programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let mut ranking: Vec<_> = programme.grants.iter().zip(&stage.record.grants).collect();
    ranking.sort_by_key(|(_, record)| std::cmp::Reverse(record.claimed));
    let unpaid = ranking.iter().filter(|(_, record)| record.claimed == 0).count();
    let mut table = Table::new(1, &["contributor", "allocated", "earned", "bonus", "claimed"]);
    let shown_here = ranking.len().min(TOP);
    for (grant, record) in ranking.iter().take(TOP) {
        let amounts = [
            grant.terms.allocation,
            record.earned_total(),
            record.bonus_total(),
            record.claimed,
        ];
        let cells = amounts.iter().map(|amount| tokens(*amount, programme.decimals));
        table.row([shortened(&grant.name)].into_iter().chain(cells));
    }
    writeln!(
        out,
        "The {shown_here} contributors who were paid most, in tokens ({unpaid} of all earned nothing):"
    )?;
    Ok(table.write(out)?)
}

fn by_quarter(programme: &Programme, stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let mut table = Table::new(
        1,
        &["quarter", "who earned", "tranches", "earned", "bonus", "not earned"],
    );
    let mut sums = [0u64; 4];
    let cells = |amounts: &[u64; 4]| amounts.map(|amount| tokens(amount, programme.decimals));
    for (period, quarter) in programme.periods.iter().enumerate() {
        let mut amounts = [0u64; 4];
        let mut earners = 0u64;
        for record in &stage.record.grants {
            let settled = record.settlement(period).context("a period was not settled")?;
            let of_grant = [settled.tranche, settled.earned, record.bonus(period), settled.unearned];
            for (sum, amount) in amounts.iter_mut().zip(of_grant) {
                *sum += amount;
            }
            earners += u64::from(settled.earned > 0);
        }
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += amount;
        }
        table.row([quarter.clone(), count(earners)].into_iter().chain(cells(&amounts)));
    }
    let [tranches, earned, bonus, _] = cells(&sums);
    // Under carry-over the same tokens stand in several quarters: a sum would say nothing.
    table.row(["all".to_owned(), String::new(), tranches, earned, bonus, String::new()]);
    writeln!(out, "\nBy quarter, in tokens:")?;
    table.write(out)?;
    if programme.terms.unearned_policy == UnearnedPolicy::CarryOver {
        writeln!(
            out,
            "What is not earned includes what was carried from the quarters before."
        )?;
    }
    Ok(())
}
