//! `earnout events`.

use {
    crate::{
        context::{
            app::App,
            reference::{GrantBeside, PlanRef},
        },
        fault::Fault,
        shown::{
            event, json,
            plan::{merge, require_complete},
            text::safe,
        },
    },
    clap::Args,
    earnout_sdk::{
        client::{History, Recorded},
        text::endpoint,
        wire::events::Event,
    },
    futures_util::{StreamExt, stream::BoxStream},
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_commitment_config::CommitmentConfig,
    solana_program::pubkey::Pubkey,
    solana_pubsub_client::nonblocking::pubsub_client::PubsubClient,
    solana_rpc_client_api::{
        config::{RpcTransactionLogsConfig, RpcTransactionLogsFilter},
        response::{Response, RpcLogsResponse},
    },
    std::{
        fmt,
        io::{self, Write},
        time::Duration,
    },
};

/// Show what happened to a plan or a grant, oldest first
///
/// Only what the program itself reported is an event. The plan counts its events: what the endpoint leaves out,
/// repeats, contradicts or cannot give is said, and makes the exit code 2.
///
/// JSON is an object with `events` and what is wrong with them. With `--output json-compact`, and with `--watch` in
/// either form of JSON, one event is one line, and a line without `event` says what is wrong, if something is. Amounts
/// are decimal strings of base units, times are Unix seconds. With `--watch`, an event that the endpoint told after
/// later ones is marked as late. A plan that was closed still has its events, as far back as the endpoint keeps them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout events PLAN
  $ earnout events PLAN --grant 3 --kind GrantClaimed
  $ earnout events PLAN --watch --output json-compact | jq -c 'select(.event == \"ValueDisputed\")'")]
pub struct Events {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Only events that change this grant (its number, its address, or PLAN/INDEX); `attestation show --grant` has the
    /// votes, disputes and rulings about it
    #[arg(long)]
    grant: Option<GrantBeside>,
    /// Only events of this name, for example GrantSettled; can be given more than once
    #[arg(long, value_name = "NAME", value_parser = kind)]
    kind: Vec<String>,
    /// Only events from this number on
    #[arg(long, value_name = "SEQUENCE", default_value_t = 1)]
    from: u64,
    /// Go on with new events until interrupted
    #[arg(short, long)]
    watch: bool,
    /// Seconds between two looks for new events; the websocket endpoint (--ws), if it answers, is quicker
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "watch",
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    interval: u64,
}

fn kind(name: &str) -> Result<String, String> {
    match Event::names().contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "there is no event `{name}`; the names are {}",
            Event::names().join(", ")
        )),
    }
}

impl Events {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let client = app.client()?;
        let plan = self.plan.address();
        let mut history = client.history(&plan).await?;
        let words = event::Words::new(app, &history).await?;
        let line_by_line = self.watch || app.output().is_compact();
        let chosen: Vec<_> = history
            .events()
            .filter(|recorded| self.is_chosen(&recorded.event))
            .collect();
        if line_by_line && app.output().is_json() {
            for recorded in &chosen {
                if !app.output().is_read(|out| line(out, &event_json(recorded)))? {
                    return Ok(());
                }
            }
        } else {
            app.output().show(&Listed {
                history: &history,
                events: &chosen,
                words: &words,
            })?;
        }
        let mut complaints = Vec::new();
        if !self.watch {
            self.complain(app, &history, line_by_line, &mut complaints)?;
            return require_complete(&complaints);
        }
        let bell = Bell::new(app, &plan).await;
        let mut rings = match &bell {
            Some(bell) => bell.rings(&plan).await,
            None => None,
        };
        let mut last = history.events().last().map_or(0, |recorded| recorded.event.sequence());
        let mut fails = false;
        loop {
            // What is missing once may be on its way; what is missing at the next look too is said.
            let before = history.complaints();
            let pause = tokio::time::sleep(Duration::from_secs(self.interval));
            match &mut rings {
                None => pause.await,
                Some(stream) => tokio::select! {
                    () = pause => (),
                    rung = stream.next() => if rung.is_none() {
                        // The connection was closed: from now on by asking.
                        rings = None;
                    },
                },
            }
            let new = match history.refresh(client).await {
                Ok(new) => new,
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        app.output().note(format!(
                            "asking again in {} s: {}",
                            self.interval,
                            safe(&error.to_string())
                        ));
                    }
                    continue;
                }
            };
            fails = false;
            for recorded in &new {
                let number = recorded.event.sequence();
                let late = number < last;
                last = last.max(number);
                if !self.is_chosen(&recorded.event) {
                    continue;
                }
                let is_read = match app.output().is_json() {
                    true => {
                        let mut value = event_json(recorded);
                        merge(&mut value, json!({ "late": late }));
                        app.output().is_read(|out| line(out, &value))?
                    }
                    false => {
                        let late = if late { "  (told late)" } else { "" };
                        app.output()
                            .is_read(|out| writeln!(out, "{}{late}", words.line(recorded)))?
                    }
                };
                if !is_read {
                    return Ok(());
                }
            }
            if history.complaints() == before {
                self.complain(app, &history, true, &mut complaints)?;
            }
        }
    }

    /// Says what is wrong with the history and was not said yet, to people and in a line of JSON.
    fn complain(&self, app: &App, history: &History, in_lines: bool, said: &mut Vec<String>) -> Result<(), Fault> {
        let complaints = history.complaints();
        if complaints == *said {
            return Ok(());
        }
        *said = complaints;
        if self.watch {
            for complaint in said {
                app.output().note(format!("INCOMPLETE: {}", safe(complaint)));
            }
        }
        match in_lines && app.output().is_json() {
            true => app.output().is_read(|out| line(out, &history_json(history))).map(drop),
            false => Ok(()),
        }
    }

    fn is_chosen(&self, event: &Event) -> bool {
        let grant = self.grant.map(|grant| grant.of(&self.plan.address()).address());
        event.sequence() >= self.from
            && (self.kind.is_empty() || self.kind.iter().any(|kind| kind == event.name()))
            && grant.is_none_or(|grant| event.grants().any(|its| its == grant))
    }
}

/// A websocket that says when there may be something new, so that it is shown at once. Without one it is asked for at
/// intervals, which is why no failure here is an error.
struct Bell(PubsubClient, CommitmentConfig);

/// A stream of which only the occurrence of an item counts.
type Rings<'a> = BoxStream<'a, Response<RpcLogsResponse>>;

impl Bell {
    async fn new(app: &App, address: &Pubkey) -> Option<Self> {
        let url = app.ws_url().ok()?;
        match PubsubClient::new(&url).await {
            Ok(client) => Some(Self(client, app.client().ok()?.commitment())),
            Err(error) => {
                app.output().note(format!(
                    "{} does not answer ({}): {address} is asked for at intervals",
                    endpoint::shown(&url),
                    safe(&error.to_string())
                ));
                None
            }
        }
    }

    async fn rings(&self, address: &Pubkey) -> Option<Rings<'_>> {
        let filter = RpcTransactionLogsFilter::Mentions(vec![address.to_string()]);
        let commitment = Some(self.1);
        let subscribed = self
            .0
            .logs_subscribe(filter, RpcTransactionLogsConfig { commitment })
            .await;
        subscribed.ok().map(|(stream, _)| stream)
    }
}

/// A value in one line of JSON.
fn line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    json::write(out, value, false)?;
    out.write_all(b"\n")
}

fn event_json(recorded: &Recorded) -> Value {
    let mut value = recorded.event.to_json();
    let rest = json!({
        "signature": recorded.signature.to_string(),
        "slot": recorded.slot,
        "blockTime": recorded.block_time,
    });
    merge(&mut value, rest);
    value
}

/// What is wrong with a history.
fn history_json(history: &History) -> Value {
    let missing = history.missing();
    let unreadable = history.unreadable();
    let unreadable = unreadable.map(|one| json!({ "signature": one.signature.to_string(), "why": one.why }));
    let signatures = history.listed_again().iter().map(ToString::to_string);
    json!({
        "plan": history.plan().to_string(),
        "endpoint": history.endpoint(),
        "counted": history.counted(),
        "complete": history.is_complete(),
        "missing": missing.iter().map(|range| [range.start(), range.end()]).collect::<Vec<_>>(),
        "contradicted": history.contradicted(),
        "beyond": history.beyond().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "repeated": history.repeated(),
        "listedAgain": signatures.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
        "complaints": history.complaints(),
    })
}

struct Listed<'a> {
    history: &'a History,
    events: &'a [&'a Recorded],
    words: &'a event::Words,
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.events.iter().map(|recorded| self.words.line(recorded)).collect();
        out.write_str(&lines.join("\n"))
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = history_json(self.history);
        let events: Vec<_> = self.events.iter().map(|recorded| event_json(recorded)).collect();
        merge(&mut value, json!({ "events": events }));
        value.serialize(serializer)
    }
}
