//! `earnout events`.

use {
    crate::{
        app::{App, without_keys},
        fault::Fault,
        reference::{GrantRef, PlanRef},
        view::{event, json, text::safe},
    },
    clap::Args,
    earnout_sdk::{
        client::{ClientError, Recorded},
        events::Event,
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
/// With `--output json-compact`, and with `--watch` in either form of JSON, one event is one line. Amounts are decimal
/// strings of base units, times are Unix seconds. A plan that was closed still has its events, as far back as the endpoint
/// keeps them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout events PLAN
  $ earnout events PLAN --grant PLAN/3 --kind GrantClaimed
  $ earnout events PLAN --watch --output json-compact | jq -c 'select(.event == \"ValueDisputed\")'")]
pub struct Events {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Only events that change this grant
    #[arg(long)]
    grant: Option<GrantRef>,
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
        let address = self.grant.as_ref().map_or(plan, GrantRef::address);
        let all = client.events(&address).await?;
        if all.is_empty() {
            // An address without any event is more likely a mistake than a plan without history.
            let missing = match client.account(&plan).await? {
                None => ClientError::NotFound {
                    what: "plan",
                    address: plan,
                },
                Some(_) => ClientError::NoHistory(address),
            };
            return Err(missing.into());
        }
        let mut last = all.last().map(|recorded| recorded.signature);
        let mut shown = all
            .iter()
            .map(|recorded| recorded.event.sequence())
            .max()
            .unwrap_or_default();
        let words = event::Words::new(app, &plan, &all).await?;
        let line_by_line = self.watch || app.output().is_compact();
        let chosen = self.chosen(all, &plan);
        if line_by_line && app.output().is_json() {
            for recorded in &chosen {
                if !app.output().is_read(|out| line(out, recorded))? {
                    return Ok(());
                }
            }
        } else {
            app.output().show(&Listed {
                events: &chosen,
                words: &words,
            })?;
        }
        if !self.watch {
            return Ok(());
        }
        let bell = Bell::new(app, &address).await;
        let mut rings = match &bell {
            Some(bell) => bell.rings(&address).await,
            None => None,
        };
        loop {
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
            let new = client.events_since(&address, last).await?;
            last = new.last().map(|recorded| recorded.signature).or(last);
            // Endpoints behind one address do not all know the same.
            let new: Vec<_> = new
                .into_iter()
                .filter(|recorded| recorded.event.sequence() > shown)
                .collect();
            shown = new
                .iter()
                .map(|recorded| recorded.event.sequence())
                .fold(shown, u64::max);
            for recorded in self.chosen(new, &plan) {
                let is_read = match app.output().is_json() {
                    true => app.output().is_read(|out| line(out, &recorded))?,
                    false => app.output().is_read(|out| writeln!(out, "{}", words.line(&recorded)))?,
                };
                if !is_read {
                    return Ok(());
                }
            }
        }
    }

    fn chosen(&self, events: Vec<Recorded>, plan: &Pubkey) -> Vec<Recorded> {
        let grant = self.grant.as_ref().map(GrantRef::address);
        let is_chosen = |event: &Event| {
            event.plan() == *plan
                && event.sequence() >= self.from
                && (self.kind.is_empty() || self.kind.iter().any(|kind| kind == event.name()))
                && (grant.is_none() || event.grant() == grant)
        };
        events
            .into_iter()
            .filter(|recorded| is_chosen(&recorded.event))
            .collect()
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
                    without_keys(&url),
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

/// One event in one line of JSON.
fn line(out: &mut impl Write, recorded: &Recorded) -> io::Result<()> {
    json::write(out, &event_json(recorded), false)?;
    out.write_all(b"\n")
}

fn event_json(recorded: &Recorded) -> Value {
    let mut value = recorded.event.to_json();
    let rest = json!({
        "signature": recorded.signature.to_string(),
        "slot": recorded.slot,
    });
    crate::view::plan::merge(&mut value, rest);
    value
}

struct Listed<'a> {
    events: &'a [Recorded],
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
        serializer.collect_seq(self.events.iter().map(event_json))
    }
}
