//! Telling a person.

use {
    crate::{
        measure::{Hash, Hold},
        service::Alerts,
        vote::Duty,
    },
    clap::ValueEnum,
    earnout_sdk::text::{
        amount::{count, ranges},
        time,
    },
    prometheus::IntCounterVec,
    rust_decimal::Decimal,
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{
        collections::{BTreeMap, BTreeSet, HashSet},
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
    Unobserved,
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
    #[error("nothing is attested: {reason}")]
    Held {
        /// The kind of reason.
        kind: String,
        reason: String,
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
    #[error(
        "no update of the price feed was shown yet, and the window closes at {} (in {seconds} s): {reason}; without one the \
         oracles' votes count",
        time::text(*closes)
    )]
    Unobserved {
        closes: i64,
        seconds: i64,
        /// Why this daemon has shown none.
        reason: String,
    },
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
            Self::Unobserved { .. } => AlertKind::Unobserved,
        }
    }

    /// What values of one feed and period have in common that are told together.
    fn cause(&self) -> String {
        match self {
            Self::Held { kind, .. } => format!("held {kind}"),
            Self::HiddenVote(_) => "hidden".to_owned(),
            Self::Outvoted { .. } => "outvoted".to_owned(),
            other => other.kind().name(),
        }
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

/// Values of one feed and period of which one thing is to be told.
struct Gathered {
    /// Of the first of them.
    alert: Alert,
    about: About,
    /// All of them, for an individual KPI.
    grants: BTreeSet<u32>,
    /// Whether there is one of which it was not told.
    is_news: bool,
}

impl Gathered {
    fn text(&self) -> String {
        let first = self.grants.first().filter(|_| self.grants.len() > 1);
        let Some(first) = first else {
            return self.alert.to_string();
        };
        format!(
            "{} (grant {first}; the same of {} values, those of grants {})",
            self.alert,
            count(self.grants.len()),
            ranges(self.grants.iter().copied())
        )
    }
}

/// Raises alerts, each once as long as it lasts.
pub struct Alarm {
    command: Arc<Vec<String>>,
    counter: IntCounterVec,
    raised: Mutex<HashSet<(AlertKind, About)>>,
    /// What is to be told of values, by feed, period and cause.
    gathered: Mutex<BTreeMap<(String, u16, String), Gathered>>,
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
            gathered: Mutex::default(),
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

    fn always(&self, alert: Alert, about: About) {
        self.send(alert.kind(), about, alert.to_string());
    }

    fn send(&self, kind: AlertKind, about: About, text: String) {
        self.count(kind);
        let message = Message {
            kind: kind.name(),
            about,
            text,
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

    /// Notes an alert about a value, which is raised unless all that it is about is raised already. A page has 64
    /// values, and a source that is down concerns all grants: those of one feed, period and cause are told together.
    pub fn note(&self, alert: Alert, duty: &Duty) {
        let is_news = self.raised().insert((alert.kind(), duty.into()));
        self.gather(alert, duty, is_news);
    }

    /// Notes that a value is held, which is news.
    pub fn hold(&self, duty: &Duty, kind: &str, reason: &str) {
        let (kind, reason) = (kind.to_owned(), reason.to_owned());
        self.gather(Alert::Held { kind, reason }, duty, true);
    }

    fn gather(&self, alert: Alert, duty: &Duty, is_news: bool) {
        let key = (duty.feed.clone(), duty.target.period, alert.cause());
        let mut gathered = self.gathered();
        let of_cause = gathered.entry(key).or_insert_with(|| Gathered {
            alert,
            about: duty.into(),
            grants: BTreeSet::new(),
            is_news: false,
        });
        of_cause.grants.extend(duty.target.grant);
        of_cause.is_news |= is_news;
    }

    /// Tells what was noted of values.
    pub fn tell(&self) {
        let gathered = std::mem::take(&mut *self.gathered());
        for of_cause in gathered.into_values() {
            let kind = of_cause.alert.kind();
            if !of_cause.is_news {
                self.count(kind);
                continue;
            }
            let text = of_cause.text();
            let about = About {
                grant: of_cause.about.grant.filter(|_| of_cause.grants.len() == 1),
                ..of_cause.about
            };
            self.send(kind, about, text);
        }
    }

    /// Waits until every command has run, at most for `patience`; what has not is given up. Before the process ends.
    pub async fn settle(&self, patience: Duration) {
        self.tell();
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

    fn gathered(&self) -> MutexGuard<'_, BTreeMap<(String, u16, String), Gathered>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, kind: AlertKind) {
        self.counter.with_label_values(&[kind.name()]).inc();
    }

    /// Says that what alerts of a kind were about is over, so that it is news when it comes again.
    pub fn clear(&self, kind: AlertKind) {
        self.raised().retain(|(raised, _)| *raised != kind);
    }

    /// Ends the alert of a kind about one thing.
    pub fn clear_about(&self, kind: AlertKind, about: &About) {
        self.raised().remove(&(kind, about.clone()));
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

    fn duty(period: u16, grant: Option<u32>) -> Duty {
        let target = crate::vote::Target {
            plan: Pubkey::default(),
            kpi: 0,
            period,
            grant,
        };
        let scope = crate::measure::Scope {
            period,
            start: 0,
            end: 1,
            earlier: crate::measure::Earlier::default(),
            grant: None,
        };
        Duty {
            feed: "commits".to_owned(),
            target,
            scope,
            opens: 1,
            measure_at: 1,
            closes: 2,
        }
    }

    #[tokio::test]
    async fn what_is_held_for_one_reason_is_told_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts");
        let alarm = alarm(format!("cat >> {}; echo >> {0}", file.display()));
        let hold = |grant, kind| alarm.hold(&duty(3, Some(grant)), kind, &format!("{kind} {grant}"));
        for grant in 0..1_000 {
            hold(grant, "source");
        }
        hold(7, "range");
        alarm.settle(PATIENCE).await;
        let told = std::fs::read_to_string(&file).unwrap();
        let mut lines: Vec<&str> = told.lines().collect();
        lines.sort_unstable();
        let all = "nothing is attested: source 0 (grant 0; the same of 1,000 values, those of grants 0-999)";
        assert_eq!(
            lines,
            [
                r#"{"kind":"held","feed":"commits","period":3,"grant":7,"text":"nothing is attested: range 7"}"#
                    .to_owned(),
                format!(r#"{{"kind":"held","feed":"commits","period":3,"grant":null,"text":"{all}"}}"#),
            ]
        );
        alarm.tell();
        assert_eq!(alarm.counter.with_label_values(&["held"]).get(), 2, "each once");
    }

    #[tokio::test]
    async fn values_of_a_feed_with_one_cause_are_one_alert() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts");
        let alarm = alarm(format!("cat >> {}; echo >> {0}", file.display()));
        let foreign = |period, grant: Option<u32>| {
            alarm.note(Alert::ForeignVote(grant.unwrap_or(9).into()), &duty(period, grant))
        };
        let told = async || {
            alarm.settle(PATIENCE).await;
            let told = std::fs::read_to_string(&file).unwrap_or_default();
            drop(std::fs::remove_file(&file));
            let texts = told
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let text =
                |message: serde_json::Value| (message["grant"].clone(), message["text"].as_str().unwrap().to_owned());
            texts.map(text).collect::<Vec<_>>()
        };
        for grant in [3, 7, 8, 9, 100] {
            foreign(0, Some(grant));
        }
        foreign(1, Some(4));
        foreign(2, None);
        alarm.note(Alert::LostVote, &duty(0, Some(5)));
        alarm.note(Alert::HiddenVote(Signature::default()), &duty(0, Some(6)));
        let first = told().await;
        let grants: Vec<_> = first.iter().map(|(grant, _)| grant.as_u64()).collect();
        assert_eq!(first.len(), 5, "{first:?}");
        assert!(
            grants.contains(&Some(4)) && grants.contains(&Some(5)) && grants.contains(&Some(6)),
            "{first:?}"
        );
        let several: Vec<_> = first.iter().filter(|(_, text)| text.contains("grants")).collect();
        assert_eq!(several.len(), 1, "{first:?}");
        assert!(several[0].1.contains("the vote 3 of this oracle"), "{first:?}");
        assert!(
            several[0]
                .1
                .ends_with("(grant 3; the same of 5 values, those of grants 3, 7-9, 100)"),
            "{first:?}"
        );

        // The same again is no news; with one more all of them are told.
        for grant in [3, 7, 8, 9, 100] {
            foreign(0, Some(grant));
        }
        assert_eq!(told().await, []);
        for grant in [3, 10] {
            foreign(0, Some(grant));
        }
        let [(grant, text)] = told().await.try_into().unwrap();
        assert!(
            grant.is_null() && text.ends_with("(grant 3; the same of 2 values, those of grants 3, 10)"),
            "{text}"
        );
        let counted = alarm.counter.with_label_values(&["foreign-vote"]).get();
        assert_eq!(counted, 5, "one for each look at a feed and period");
    }
}
