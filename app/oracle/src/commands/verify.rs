//! `verify`: the chain against the evidence.

use {
    super::{DONE, LOOK, table::table},
    crate::{
        args::Verify,
        measure::Store,
        service::{
            Config, Library, Origin, keys,
            verify::{Verdict, Verification, Verified, Whose, verify},
        },
        vote::{Chain, Endpoints, Journal},
    },
    anyhow::{Context, Result, bail},
    earnout_sdk::text::{amount::counted, names::harmless},
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeSet, path::Path},
};

pub async fn run(args: &Verify, file: &Path, json: bool) -> Result<u8> {
    let is_own = args.oracles.is_empty() && !args.all;
    let config = match is_own || args.urls.is_empty() || args.evidence.is_empty() {
        true => Some(read(file, is_own)?),
        false => None,
    };
    let endpoints = match (&config, args.urls.as_slice()) {
        (Some(config), []) => Endpoints::new(&config.chain),
        (_, urls) => Endpoints::new(&Chain::of(urls.to_vec()).map_err(anyhow::Error::msg)?),
    };
    let mut origins = args.evidence.clone();
    if let (true, Some(config)) = (is_own || origins.is_empty(), &config) {
        origins.push(Origin::Folder(config.service.state.join("evidence")));
    }
    for folder in origins.iter().filter_map(Origin::folder) {
        if !is_own && !folder.is_dir() {
            bail!("--evidence: there is no folder {}", folder.display());
        }
    }
    let library = Library::new(origins);
    let journal;
    let whose = match &config {
        Some(config) if is_own => {
            Store::open(config.service.state.join("evidence"))?;
            journal = Journal::beside(&config.service.state)?;
            Whose::Own(keys::public(&config.signer.oracle, "the oracle")?, &journal)
        }
        _ if args.all => Whose::All,
        _ => Whose::These(args.oracles.iter().copied().collect()),
    };
    let Verification {
        votes,
        complaints,
        is_whole,
    } = verify(&endpoints, &library, &whose, args.plan, args.period).await?;
    let expected: BTreeSet<Pubkey> = match &whose {
        Whose::Own(oracle, _) => [*oracle].into(),
        Whose::These(these) => these.clone(),
        Whose::All => BTreeSet::new(),
    };
    let voted: BTreeSet<Pubkey> = votes.iter().map(|vote| vote.oracle).collect();
    match json {
        true => say!("{}", serde_json::to_string_pretty(&votes)?),
        false => show(&votes, &expected | &voted)?,
    }
    for complaint in &complaints {
        note!("incomplete: {}", harmless(complaint));
    }
    // Of nothing, everything is proved.
    for oracle in &expected - &voted {
        note!(
            "nothing was checked: {oracle} has no vote on period {} of {} that the journal or the endpoint knows",
            args.period,
            args.plan
        );
    }
    if votes.is_empty() && expected.is_empty() {
        note!(
            "nothing was checked: no oracle has a vote on period {} of {}",
            args.period,
            args.plan
        );
    }
    let all_proved = votes.iter().all(|vote| vote.verdict == Verdict::Proved);
    let is_well = is_whole && all_proved && !votes.is_empty() && expected.is_subset(&voted);
    Ok(if is_well { DONE } else { LOOK })
}

/// The configuration, where one is needed.
fn read(file: &Path, is_own: bool) -> Result<Config> {
    let config = Config::read(file);
    match is_own {
        true => config.context("whose votes are meant is said by --oracle KEY, --all or a configuration"),
        false => {
            config.context("without a configuration, name the endpoint with --url and the evidence with --evidence")
        }
    }
}

fn show(votes: &[Verified], oracles: BTreeSet<Pubkey>) -> Result<()> {
    let several = oracles.len() > 1;
    let header = ["oracle", "KPI", "grant", "value", "evidence", "result"];
    let mut table = table(header.get(usize::from(!several)..).unwrap_or_default());
    for vote in votes {
        let result = match &vote.verdict {
            Verdict::Proved => "proved".to_owned(),
            Verdict::Unproved { reason } => format!("UNPROVED: {reason}"),
            Verdict::Missing { reason } => format!("MISSING: {reason}"),
            Verdict::Wrong { reason } => format!("WRONG: {reason}"),
        };
        let mut row = vec![
            harmless(&vote.kpi),
            vote.grant.map(|grant| grant.to_string()).unwrap_or_default(),
            vote.value.clone(),
            vote.evidence.clone().unwrap_or_default(),
            result,
        ];
        if several {
            row.insert(0, vote.oracle.to_string());
        }
        table.add_row(row);
    }
    say!("{table}");
    for oracle in oracles {
        let of_oracle = || votes.iter().filter(|vote| vote.oracle == oracle);
        let proved = of_oracle().filter(|vote| vote.verdict == Verdict::Proved).count();
        say!(
            "{proved} of {} of {oracle} proved",
            counted(of_oracle().count(), "vote")
        );
    }
    Ok(())
}
