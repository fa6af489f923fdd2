//! `check`: everything that can go wrong, before it does.

use {
    super::{DONE, LOOK, table::table},
    crate::{
        args::Check,
        measure::{Bound, Identities, checks, fit, grant_scope, kpi_name, measure, preview, value},
        service::{Config, Daemon, round::price_feeds},
        vote::{Duty, PlanState},
    },
    anyhow::{Context, Result, bail},
    earnout_sdk::{
        client::{ClientError, token::Mint},
        report::projection,
        text::{amount, names::harmless, time},
    },
    futures_util::{StreamExt, TryStreamExt, stream},
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    std::time::Duration,
};

/// What one source says today.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    feed: String,
    kpi: String,
    period: u16,
    grant: Option<u32>,
    value: Option<String>,
    score: Option<u16>,
    pays: Option<String>,
    at_target: Option<String>,
    held: Option<String>,
    votes: bool,
}

pub async fn run(args: &Check, config: Config, json: bool) -> Result<u8> {
    if let Some(feed) = &args.feed
        && config.feed(feed).is_none()
    {
        bail!("there is no feed {feed:?}");
    }
    let daemon = Daemon::beside(config)?;
    let now = daemon.endpoints.now().await?;
    let skew = checks::clock(time::now(), now, daemon.config.chain.max_clock_skew);
    let (mut lines, mut mistakes) = (Vec::new(), Vec::new());
    for address in daemon.config.plans() {
        let state = match daemon.endpoints.plan(address, true).await {
            Ok(state) => state,
            Err(problem) if is_about_the_plan(&problem) => {
                mistakes.extend(
                    daemon
                        .feeds_of(address)
                        .map(|feed| format!("feed {:?}: {problem}", feed.id)),
                );
                continue;
            }
            Err(problem) => return Err(problem.into()),
        };
        let decimals = mint_decimals(&daemon, &state.plan.mint).await?;
        mistakes.extend(price_feeds(&daemon.config.observes, &address, &state.plan)?.mistakes);
        let mut bound = Vec::new();
        for feed in daemon.feeds_of(address) {
            match Bound::new(feed, &state.plan) {
                Ok(feed) => bound.push(feed),
                Err(problem) => mistakes.push(problem.to_string()),
            }
        }
        let together: Vec<&Bound<'_>> = bound.iter().collect();
        let misfits = fit::misfits(
            &together,
            &state.plan,
            &daemon.oracle(),
            daemon.config.service.interval,
            now,
        );
        mistakes.extend(
            misfits
                .iter()
                .map(|misfit| format!("feed {:?}: {}", misfit.feed, misfit.text)),
        );
        for bound in &bound {
            let feed = bound.feed;
            if args.feed.as_ref().is_none_or(|wanted| *wanted == feed.id) {
                match feed.identities() {
                    Ok(known) => {
                        let found = check_feed(&daemon, &state, bound, &known, args.period, now, decimals);
                        lines.extend(found.await?);
                    }
                    Err(problem) => mistakes.push(format!("feed {:?}: {problem}", feed.id)),
                }
            }
        }
    }
    let payer = daemon.payer();
    let balance = daemon
        .endpoints
        .ask(async |client| client.balance(&payer).await)
        .await?;
    if json {
        say!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        say!("oracle {}", daemon.oracle());
        say!("payer  {payer}, {} SOL", amount::sol(balance));
        say!("chain  {}\n", time::text(now));
        say!("{}", shown(&lines));
    }
    if !mistakes.is_empty() {
        bail!("the configuration does not fit:\n  {}", mistakes.join("\n  "));
    }
    let mut code = DONE;
    if let Err(hold) = &skew {
        note!("clock: {hold}; nothing would be attested");
        code = LOOK;
    }
    if lines.iter().any(|line| line.held.is_some()) {
        code = LOOK;
    }
    Ok(code)
}

/// Whether a plan is not what the configuration says, and not the way to it.
fn is_about_the_plan(problem: &ClientError) -> bool {
    matches!(
        problem,
        ClientError::NotFound { .. } | ClientError::ForeignAccount { .. } | ClientError::Decode { .. }
    )
}

async fn check_feed(
    daemon: &Daemon,
    state: &PlanState,
    bound: &Bound<'_>,
    identities: &Identities,
    period: Option<u16>,
    now: i64,
    decimals: u8,
) -> Result<Vec<Line>> {
    let schedule = projection::schedule(&state.plan)?;
    let ended = schedule.iter().rfind(|times| times.end <= now);
    let period = period.or(ended.map(|times| times.period)).unwrap_or_default();
    let times = schedule.iter().find(|times| times.period == period).with_context(|| {
        format!(
            "the plan has {} periods, counted from 0: there is no {period}",
            schedule.len()
        )
    })?;
    let mut duties: Vec<Duty> = Vec::new();
    match bound.individual {
        false => duties.push(bound.duty(times, None)),
        true => {
            for (address, grant) in &state.grants {
                if grant.has_weight(bound.kpi) && grant.covers(period) {
                    duties.push(bound.duty(times, Some(grant_scope(address, grant, identities))));
                }
            }
        }
    }
    // Several at a time, and a source that does not answer three times only so often.
    let lines = stream::iter(duties).map(async |duty| {
        let entry = daemon.journal().entry(&duty.target)?;
        let grant = duty.scope.grant.as_ref();
        let mut line = Line {
            feed: bound.feed.id.clone(),
            kpi: harmless(&kpi_name(&bound.terms)),
            period,
            grant: grant.map(|grant| grant.index),
            votes: state.plan.oracle_set(period).position(&daemon.oracle()).is_some(),
            ..Line::default()
        };
        let patience = (&daemon.patience, Duration::MAX);
        match measure(bound, &duty.scope, entry.as_ref(), None, patience).await {
            Err(hold) => line.held = Some(hold.to_string()),
            Ok(finding) => {
                let worth = preview(bound, &state.plan, &state.grants, period, duty.grant(), finding.value)?;
                line.value = Some(value::from_fixed(finding.value, bound.terms.decimals).to_string());
                line.score = worth.score;
                let most = if worth.at_most { "at most " } else { "" };
                line.pays = Some(format!("{most}{}", amount::tokens(worth.pays, decimals)));
                line.at_target = Some(amount::tokens(worth.at_target, decimals));
            }
        }
        Ok(line)
    });
    lines.buffered(daemon.config.service.concurrency).try_collect().await
}

async fn mint_decimals(daemon: &Daemon, mint: &Pubkey) -> Result<u8> {
    let account = daemon.endpoints.ask(async |client| client.account(mint).await).await?;
    Ok(Mint::of_account(mint, account.as_ref())?.decimals)
}

fn shown(lines: &[Line]) -> comfy_table::Table {
    let mut table = table(&[
        "feed",
        "KPI",
        "period",
        "grant",
        "value",
        "score",
        "pays",
        "at target",
        "",
    ]);
    for line in lines {
        let grant = line.grant.map(|grant| grant.to_string()).unwrap_or_default();
        let score = line.score.map(amount::count).unwrap_or_default();
        let note = match (&line.held, line.votes) {
            (Some(reason), _) => format!("would be held: {reason}"),
            (None, false) => "this oracle does not vote on this period".to_owned(),
            (None, true) => "ok".to_owned(),
        };
        table.add_row([
            line.feed.clone(),
            line.kpi.clone(),
            line.period.to_string(),
            grant,
            line.value.clone().unwrap_or_default(),
            score,
            line.pays.clone().unwrap_or_default(),
            line.at_target.clone().unwrap_or_default(),
            note,
        ]);
    }
    table
}
