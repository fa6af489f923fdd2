//! `verify`: the chain against the evidence.

use {
    super::{DONE, LOOK, table::table},
    crate::{
        args::Verify,
        service::{
            Config, Daemon,
            verify::{Verdict, Verification, verify},
        },
    },
    anyhow::Result,
    earnout_sdk::text::names::harmless,
};

pub async fn run(args: &Verify, config: Config, json: bool) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let Verification {
        votes: verified,
        complaints,
        is_whole,
    } = verify(&daemon, args.plan, args.period).await?;
    let proved = verified.iter().filter(|vote| vote.verdict == Verdict::Proved).count();
    if json {
        println!("{}", serde_json::to_string_pretty(&verified)?);
    } else {
        let mut table = table(&["KPI", "grant", "value", "evidence", "result"]);
        for vote in &verified {
            let result = match &vote.verdict {
                Verdict::Proved => "proved".to_owned(),
                Verdict::Unproved { reason } => format!("UNPROVED: {reason}"),
                Verdict::Missing { reason } => format!("MISSING: {reason}"),
                Verdict::Wrong { reason } => format!("WRONG: {reason}"),
            };
            table.add_row([
                harmless(&vote.kpi),
                vote.grant.map(|grant| grant.to_string()).unwrap_or_default(),
                vote.value.clone(),
                vote.evidence.clone().unwrap_or_default(),
                result,
            ]);
        }
        println!("{table}");
        println!("{proved} of {} votes of {} proved", verified.len(), daemon.oracle());
    }
    for complaint in &complaints {
        eprintln!("incomplete: {complaint}");
    }
    // Of nothing, everything is proved.
    if verified.is_empty() {
        eprintln!(
            "nothing was checked: {} has no vote on period {} of {} that the journal or the endpoint knows",
            daemon.oracle(),
            args.period,
            args.plan
        );
        return Ok(LOOK);
    }
    Ok(if is_whole && proved == verified.len() {
        DONE
    } else {
        LOOK
    })
}
