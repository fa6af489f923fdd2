//! Telling a person.

use {
    crate::config::Alerts,
    serde::Serialize,
    std::{
        collections::HashSet,
        process::Stdio,
        sync::{Mutex, PoisonError},
        time::Duration,
    },
    tokio::{io::AsyncWriteExt, process::Command},
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
    command: Vec<String>,
    raised: Mutex<HashSet<String>>,
}

impl Alarm {
    /// An alarm that runs the command of the configuration.
    pub fn new(alerts: &Alerts) -> Self {
        Self {
            command: alerts.command.clone(),
            raised: Mutex::new(HashSet::new()),
        }
    }

    /// Raises an alert unless it is raised already.
    pub async fn raise(&self, alert: Alert) {
        let new = self
            .raised
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key(&alert));
        if new {
            self.always(alert).await;
        }
    }

    /// Raises an alert that is known to be news.
    pub async fn always(&self, alert: Alert) {
        error!(
            alert = alert.kind,
            feed = alert.feed,
            period = alert.period,
            subject = alert.subject,
            "{}",
            alert.text
        );
        if let Err(problem) = self.run(&alert).await {
            warn!(%problem, "the alert command failed");
        }
    }

    /// Says that what an alert was about is over, so that it is news when it comes again.
    pub fn clear(&self, kind: &'static str) {
        let prefix = format!("{kind} ");
        self.raised
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|key| !key.starts_with(&prefix));
    }

    async fn run(&self, alert: &Alert) -> Result<(), String> {
        let Some((program, arguments)) = self.command.split_first() else {
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
}

fn key(alert: &Alert) -> String {
    format!("{} {:?} {:?} {:?}", alert.kind, alert.feed, alert.period, alert.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        alarm.raise(alert.clone()).await;
        alarm.raise(alert.clone()).await;
        let lines = || std::fs::read_to_string(&file).unwrap().lines().count();
        assert_eq!(lines(), 1);
        alarm.clear("balance");
        alarm.raise(alert).await;
        assert_eq!(lines(), 2);
    }
}
