//! Telling a person.

use {
    crate::config::Alerts,
    serde::Serialize,
    std::{
        collections::HashSet,
        process::Stdio,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
        time::Duration,
    },
    tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, task::JoinSet},
    tracing::{error, warn},
};

/// How long the command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// What a person has to look at. `docs/oracle.md` has a page for each `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// One word for what happened, as in the runbook.
    pub kind: &'static str,
    /// The feed, if it is about one.
    pub feed: Option<String>,
    /// Number of the period, if it is about one.
    pub period: Option<u16>,
    /// Address of the grant or plan, if it is about one.
    pub subject: Option<String>,
    /// What happened and what to do.
    pub text: String,
}

/// Raises alerts, each once as long as it lasts.
pub struct Alarm {
    command: Arc<Vec<String>>,
    raised: Mutex<HashSet<String>>,
    /// Commands that run or wait for their turn: one at a time, and no vote waits for them.
    running: Mutex<JoinSet<()>>,
    turn: Arc<Semaphore>,
}

impl Alarm {
    /// An alarm that runs the command of the configuration.
    pub fn new(alerts: &Alerts) -> Self {
        Self {
            command: Arc::new(alerts.command.clone()),
            raised: Mutex::new(HashSet::new()),
            running: Mutex::new(JoinSet::new()),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Raises an alert unless it is raised already.
    pub fn raise(&self, alert: Alert) {
        let new = self
            .raised
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key(&alert));
        if new {
            self.always(alert);
        }
    }

    /// Raises an alert that is known to be news.
    pub fn always(&self, alert: Alert) {
        error!(
            alert = alert.kind,
            feed = alert.feed,
            period = alert.period,
            subject = alert.subject,
            "{}",
            alert.text
        );
        if self.command.is_empty() {
            return;
        }
        let (command, turn) = (self.command.clone(), self.turn.clone());
        let mut running = self.running();
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let _turn = turn.acquire().await;
            if let Err(problem) = run(&command, &alert).await {
                warn!(%problem, "the alert command failed");
            }
        });
    }

    /// Waits until every command has run, at most for `patience`; what has not is given up. Before the process ends.
    pub async fn settle(&self, patience: Duration) {
        let mut running = std::mem::take(&mut *self.running());
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            warn!("some alerts did not reach the alert command; the log has them");
        }
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that what an alert was about is over, so that it is news when it comes again.
    pub fn clear(&self, kind: &'static str) {
        let prefix = format!("{kind} ");
        self.raised
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|key| !key.starts_with(&prefix));
    }
}

async fn run(command: &[String], alert: &Alert) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let json = serde_json::to_vec(alert).map_err(|error| error.to_string())?;
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

fn key(alert: &Alert) -> String {
    format!("{} {:?} {:?} {:?}", alert.kind, alert.feed, alert.period, alert.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_command_that_hangs_holds_nothing_up() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("begun");
        let alarm = Alarm::new(&Alerts {
            command: vec![
                "sh".to_owned(),
                "-c".to_owned(),
                format!("echo >> {}; sleep 600", file.display()),
            ],
        });
        for number in 0..3u16 {
            // Returns at once: there is nothing to wait for.
            alarm.raise(Alert {
                kind: "held",
                feed: None,
                period: Some(number),
                subject: None,
                text: "down".to_owned(),
            });
        }
        alarm.settle(Duration::from_millis(300)).await;
        let begun = std::fs::read_to_string(&file).unwrap_or_default().lines().count();
        assert!(begun <= 1, "one at a time");
    }

    #[tokio::test]
    async fn each_alert_is_raised_once_and_reaches_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts");
        let alarm = Alarm::new(&Alerts {
            command: vec![
                "sh".to_owned(),
                "-c".to_owned(),
                format!("cat >> {}; echo >> {0}", file.display()),
            ],
        });
        let alert = Alert {
            kind: "balance",
            feed: None,
            period: None,
            subject: None,
            text: "low".to_owned(),
        };
        alarm.raise(alert.clone());
        alarm.raise(alert.clone());
        alarm.settle(PATIENCE).await;
        let lines = || std::fs::read_to_string(&file).unwrap().lines().count();
        assert_eq!(lines(), 1);
        alarm.clear("balance");
        alarm.raise(alert);
        alarm.settle(PATIENCE).await;
        assert_eq!(lines(), 2);
    }
}
