//! Telling a person.

use {
    crate::{
        measure::{Hash, Hold},
        service::Alerts,
        vote::Duty,
    },
    clap::ValueEnum,
    earnout_sdk::text::time,
    prometheus::IntCounterVec,
    rust_decimal::Decimal,
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{
        collections::{BTreeMap, HashSet},
        process::Stdio,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
        time::Duration,
    },
    thiserror::Error,
    tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, task::JoinSet},
    tracing::{error, warn},
};

/// How long the command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// One word for what a person has to look at: a page of the runbook in `docs/oracle.md`, and what the log, the alert
/// command and the counter call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum AlertKind {
    Balance,
    Clock,
    Closing,
    Configuration,
    Disagreement,
    DisputeFailed,
    ForeignVote,
    Held,
    LostVote,
    Missed,
    NotEntitled,
    RoundFailed,
}

impl AlertKind {
    /// The word.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What happened, and what to do.
#[derive(Debug, Error)]
pub enum Alert {
    #[error("{payer} has {left} SOL left, less than {least}: send it SOL for fees and rent")]
    Balance {
        payer: Pubkey,
        left: Decimal,
        least: Decimal,
    },
    #[error(transparent)]
    Clock(Hold),
    #[error(
        "no vote yet, and the window closes at {} (in {seconds} s) for {count} value(s); after that the plan's default score \
         counts unless enough others vote",
        time::text(*closes)
    )]
    Closing { closes: i64, seconds: i64, count: usize },
    #[error("{0}")]
    Configuration(String),
    #[error(
        "the oracles attested {theirs}, this operator's sources say {own}; evidence {}",
        hex::encode(evidence)
    )]
    Disagreement {
        theirs: Decimal,
        own: Decimal,
        evidence: Hash,
    },
    #[error("the other oracles agreed on {theirs} before this one voted; it measured {own}")]
    Outvoted { theirs: Decimal, own: Decimal },
    #[error("the dispute was not accepted: {0}")]
    DisputeFailed(String),
    #[error(
        "the chain has the vote {0} of this oracle, which this daemon did not make: another process votes with the same key"
    )]
    ForeignVote(Decimal),
    #[error("nothing is attested: {reason}{}", and_others(*others))]
    Held {
        reason: String,
        /// How many other values of the feed and period are held for a reason of this kind.
        others: usize,
    },
    #[error(
        "the chain had a vote and does not show it any more: transaction {0} is followed again, and the vote is made anew only \
         if that can never be executed"
    )]
    HiddenVote(Signature),
    #[error("the chain lost a vote that it had: it is made again")]
    LostVote,
    #[error("the vote window closed without a vote of this oracle on {0} value(s)")]
    Missed(usize),
    #[error("{0}")]
    NotEntitled(String),
    #[error("{failures} rounds in a row failed: {problem}")]
    RoundFailed { failures: u32, problem: String },
}

impl Alert {
    fn kind(&self) -> AlertKind {
        match self {
            Self::Balance { .. } => AlertKind::Balance,
            Self::Clock(_) => AlertKind::Clock,
            Self::Closing { .. } => AlertKind::Closing,
            Self::Configuration(_) => AlertKind::Configuration,
            Self::Disagreement { .. } | Self::Outvoted { .. } => AlertKind::Disagreement,
            Self::DisputeFailed(_) => AlertKind::DisputeFailed,
            Self::ForeignVote(_) => AlertKind::ForeignVote,
            Self::Held { .. } => AlertKind::Held,
            Self::HiddenVote(_) | Self::LostVote => AlertKind::LostVote,
            Self::Missed(_) => AlertKind::Missed,
            Self::NotEntitled(_) => AlertKind::NotEntitled,
            Self::RoundFailed { .. } => AlertKind::RoundFailed,
        }
    }
}

fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" (and {count} other value(s) of the feed and period)"),
    }
}

/// What an alert is about: nothing, a feed, one of its periods, or one vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct About {
    pub feed: Option<String>,
    /// Number of the period.
    pub period: Option<u16>,
    /// Index of the grant, for an individual KPI.
    pub grant: Option<u32>,
}

impl From<&Duty> for About {
    fn from(duty: &Duty) -> Self {
        Self {
            feed: Some(duty.feed.clone()),
            period: Some(duty.target.period),
            grant: duty.target.grant,
        }
    }
}

/// What the alert command gets.
#[derive(Debug, Serialize)]
struct Message {
    kind: String,
    #[serde(flatten)]
    about: About,
    text: String,
}

/// Values of one feed and period that began to be held for one kind of reason.
struct Held {
    /// The first of them.
    about: About,
    /// Its reason.
    reason: String,
    others: usize,
}

/// Raises alerts, each once as long as it lasts.
pub struct Alarm {
    command: Arc<Vec<String>>,
    counter: IntCounterVec,
    raised: Mutex<HashSet<(AlertKind, About)>>,
    /// What is held and was not told yet, by feed, period and kind of reason.
    held: Mutex<BTreeMap<(String, u16, String), Held>>,
    /// Commands that run or wait for their turn: one at a time, and no vote waits for them.
    running: Mutex<JoinSet<()>>,
    turn: Arc<Semaphore>,
}

impl Alarm {
    /// An alarm that runs the command of the configuration. `counter` counts by kind how often there was a reason.
    pub fn new(alerts: &Alerts, counter: IntCounterVec) -> Self {
        Self {
            command: Arc::new(alerts.command.clone()),
            counter,
            raised: Mutex::new(HashSet::new()),
            held: Mutex::default(),
            running: Mutex::new(JoinSet::new()),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Raises an alert unless it is raised already.
    pub fn raise(&self, alert: Alert, about: impl Into<About>) {
        let about = about.into();
        let is_new = self.raised().insert((alert.kind(), about.clone()));
        match is_new {
            true => self.always(alert, about),
            false => self.count(alert.kind()),
        }
    }

    /// Raises an alert that is known to be news.
    pub fn always(&self, alert: Alert, about: impl Into<About>) {
        self.count(alert.kind());
        let message = Message {
            kind: alert.kind().name(),
            about: about.into(),
            text: alert.to_string(),
        };
        error!(
            alert = message.kind,
            feed = message.about.feed,
            period = message.about.period,
            grant = message.about.grant,
            "{}",
            message.text
        );
        if self.command.is_empty() {
            return;
        }
        let (command, turn) = (self.command.clone(), self.turn.clone());
        let mut running = self.running();
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let _turn = turn.acquire().await;
            if let Err(problem) = run(&command, &message).await {
                warn!(%problem, "the alert command failed");
            }
        });
    }

    /// Notes that a value is held, which is news. A source that is down holds the values of all grants: they are told
    /// together.
    pub fn hold(&self, duty: &Duty, kind: &str, reason: &str) {
        let key = (duty.feed.clone(), duty.target.period, kind.to_owned());
        let told = |held: &mut Held| held.others = held.others.saturating_add(1);
        let first = || Held {
            about: duty.into(),
            reason: reason.to_owned(),
            others: 0,
        };
        self.held().entry(key).and_modify(told).or_insert_with(first);
    }

    /// Tells what is held and was not told yet.
    pub fn tell_held(&self) {
        let held = std::mem::take(&mut *self.held());
        for Held { about, reason, others } in held.into_values() {
            let about = About {
                grant: about.grant.filter(|_| others == 0),
                ..about
            };
            self.always(Alert::Held { reason, others }, about);
        }
    }

    /// Waits until every command has run, at most for `patience`; what has not is given up. Before the process ends.
    pub async fn settle(&self, patience: Duration) {
        self.tell_held();
        let mut running = std::mem::take(&mut *self.running());
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            warn!("some alerts did not reach the alert command; the log has them");
        }
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raised(&self) -> MutexGuard<'_, HashSet<(AlertKind, About)>> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<(String, u16, String), Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, kind: AlertKind) {
        self.counter.with_label_values(&[kind.name()]).inc();
    }

    /// Says that what alerts of a kind were about is over, so that it is news when it comes again.
    pub fn clear(&self, kind: AlertKind) {
        self.raised().retain(|(raised, _)| *raised != kind);
    }
}

async fn run(command: &[String], message: &Message) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let json = serde_json::to_vec(message).map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let run = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read is no failure.
            let _ = stdin.write_all(&json).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(COMMAND_TIMEOUT, run).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Err(_) => Err(format!("{program}: not done after {} s", COMMAND_TIMEOUT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// An alarm that runs a shell command.
    fn alarm(shell: String) -> Alarm {
        let counter = IntCounterVec::new(prometheus::Opts::new("alerts", "alerts"), &["kind"]).unwrap();
        let command = vec!["sh".to_owned(), "-c".to_owned(), shell];
        Alarm::new(&Alerts { command }, counter)
    }

    #[test]
    fn every_alert_has_its_page_in_the_runbook_and_every_page_is_of_one() {
        let runbook = include_str!("../../../../docs/oracle.md");
        let pages = runbook
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
        let kinds: Vec<String> = AlertKind::value_variants().iter().map(|kind| kind.name()).collect();
        assert_eq!(pages.collect::<Vec<_>>(), kinds);
    }

    #[tokio::test]
    async fn a_command_that_hangs_holds_nothing_up() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("begun");
        let alarm = alarm(format!("echo >> {}; sleep 600", file.display()));
        for number in 0..3u16 {
            // Returns at once: there is nothing to wait for.
            let period = Some(number);
            alarm.raise(
                Alert::LostVote,
                About {
                    period,
                    ..About::default()
                },
            );
        }
        alarm.settle(Duration::from_millis(300)).await;
        let begun = std::fs::read_to_string(&file).unwrap_or_default().lines().count();
        assert!(begun <= 1, "one at a time");
    }

    #[tokio::test]
    async fn each_alert_is_raised_once_and_reaches_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts");
        let alarm = alarm(format!("cat >> {}; echo >> {0}", file.display()));
        let raise = || alarm.raise(Alert::NotEntitled("why".to_owned()), About::default());
        raise();
        raise();
        alarm.settle(PATIENCE).await;
        let line = r#"{"kind":"not-entitled","feed":null,"period":null,"grant":null,"text":"why"}"#;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{line}\n"));
        alarm.clear(AlertKind::NotEntitled);
        raise();
        alarm.settle(PATIENCE).await;
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
        assert_eq!(alarm.counter.with_label_values(&["not-entitled"]).get(), 3);
    }

    #[tokio::test]
    async fn what_is_held_for_one_reason_is_told_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts");
        let alarm = alarm(format!("cat >> {}; echo >> {0}", file.display()));
        let hold = |grant, kind| {
            let target = crate::vote::Target {
                plan: Pubkey::default(),
                kpi: 0,
                period: 3,
                grant: Some(grant),
            };
            let scope = crate::measure::Scope {
                period: 3,
                start: 0,
                end: 1,
                grant: None,
            };
            let duty = Duty {
                feed: "commits".to_owned(),
                target,
                scope,
                opens: 1,
                measure_at: 1,
                closes: 2,
            };
            alarm.hold(&duty, kind, &format!("{kind} {grant}"));
        };
        for grant in 0..1_000 {
            hold(grant, "source");
        }
        hold(7, "range");
        alarm.settle(PATIENCE).await;
        let told = std::fs::read_to_string(&file).unwrap();
        let mut lines: Vec<&str> = told.lines().collect();
        lines.sort_unstable();
        let all = "nothing is attested: source 0 (and 999 other value(s) of the feed and period)";
        assert_eq!(
            lines,
            [
                r#"{"kind":"held","feed":"commits","period":3,"grant":7,"text":"nothing is attested: range 7"}"#
                    .to_owned(),
                format!(r#"{{"kind":"held","feed":"commits","period":3,"grant":null,"text":"{all}"}}"#),
            ]
        );
        alarm.tell_held();
        assert_eq!(alarm.counter.with_label_values(&["held"]).get(), 2, "each once");
    }
}
