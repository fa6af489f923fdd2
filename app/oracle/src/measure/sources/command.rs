//! What a command prints.

use {
    super::{LARGEST_ANSWER, Observation, Part, SourceError, json, json_path, only, secrets::Secrets, unexpected},
    crate::measure::{Scope, Secret, fill, value},
    serde::{Deserialize, Serialize},
    std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration},
    tokio::{io::AsyncReadExt, process},
};

/// Where programs are found, whatever the environment of the daemon says.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that prints a number, or JSON with one in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, with placeholders; no shell reads them.
    pub command: Vec<String>,
    /// JSONPath of the value, with placeholders; without it the whole output is the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its environment beside `PATH`, `TZ=UTC` and `LC_ALL=C`: names and where each text is. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub env: BTreeMap<String, Secret>,
    /// Where it runs: the configuration's folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// How long it may run.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

impl Command {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let words: Vec<String> = self.words(scope)?;
        let (program, arguments) = words.split_first().ok_or_else(|| unexpected("`command` is empty"))?;
        let mut command = process::Command::new(program);
        command.args(arguments);
        clean(&mut command);
        let mut secrets = Secrets::default();
        for (name, text) in &self.env {
            let text = text.reveal()?;
            secrets.add(name, &text);
            command.env(name, text);
        }
        if !self.folder.as_os_str().is_empty() {
            command.current_dir(&self.folder);
        }
        let printed = output(command, self.timeout, program, &secrets).await?;
        secrets.require_none_in(&printed)?;
        Ok(vec![Part::new(format!("{words:?}"), printed)])
    }

    /// The program and its arguments.
    ///
    /// # Errors
    /// If an argument would be an option only because of the identity that it begins with.
    fn words(&self, scope: &Scope) -> Result<Vec<String>, SourceError> {
        let word = |template: &String| {
            let word = fill(template, scope)?;
            match word.starts_with('-') && !template.starts_with('-') {
                false => Ok(word),
                true => Err(unexpected(format!(
                    "{word:?} in place of {template:?} would be an option of the command: write something in front of \
                     {{identity}}, as in `--user={{identity}}`"
                ))),
            }
        };
        self.command.iter().map(word).collect()
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let printed = only(parts)?.body.text()?;
        let value = match &self.path {
            Some(path) => json::number(printed, &json_path::fill(path, scope)?, false)?,
            None => value::parse(printed)?,
        };
        Ok(Observation {
            value,
            observed_at: None,
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.command.first().is_none_or(String::is_empty) {
            mistakes.push("`command` names no program".to_owned());
        }
        if self
            .command
            .first()
            .is_some_and(|program| program.contains("{identity}"))
        {
            mistakes.push("`command`: {identity} is an argument, and not in the name of the program".to_owned());
        }
        let option = |word: &&String| word.starts_with('-') && word.trim_start_matches('-').starts_with("{identity}");
        if let Some(word) = self.command.iter().find(option) {
            mistakes.push(format!("`command`: in {word:?} the identity would name the option"));
        }
        mistakes.extend(self.path.as_deref().and_then(json_path::mistake));
        let named = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
        mistakes.extend(
            self.env
                .keys()
                .find(named)
                .map(|name| format!("{name:?} in `env` is not a name")),
        );
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        self.command.iter().chain(&self.path).map(String::as_str).collect()
    }
}

/// Gives a command an environment that is the same wherever the daemon runs: what it inherits could change the value.
pub(super) fn clean(command: &mut process::Command) {
    command
        .env_clear()
        .env("PATH", PATH)
        .env("TZ", "UTC")
        .env("LC_ALL", "C");
}

/// Runs a command to its end and returns what it printed. It is killed if it takes longer than `timeout`. What it
/// complains about is shown without `secrets`.
pub(super) async fn output(
    mut command: process::Command,
    timeout: Duration,
    name: &str,
    secrets: &Secrets,
) -> Result<Vec<u8>, SourceError> {
    let io = |what: &str| {
        let what = format!("{what} {name}");
        move |error| SourceError::Io { what, error }
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(io("cannot start"))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(unexpected(format!("{name} has no output")));
    };
    let run = async {
        let limit = u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX).saturating_add(1);
        let (mut printed, mut complaint) = (Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (stdout.take(limit), stderr.take(64 << 10));
        let print = async {
            stdout
                .read_to_end(&mut printed)
                .await
                .map_err(io("cannot read the output of"))?;
            // A program that prints on and on is not waited for.
            match printed.len() > LARGEST_ANSWER {
                true => Err(SourceError::TooLong),
                false => Ok(()),
            }
        };
        let complain = async {
            let complained = stderr.read_to_end(&mut complaint).await;
            complained.map(drop).map_err(io("cannot read the output of"))
        };
        tokio::try_join!(print, complain)?;
        let status = child.wait().await.map_err(io("cannot wait for"))?;
        if !status.success() {
            let complaint = secrets.hide(&String::from_utf8_lossy(&complaint));
            let last = complaint.trim().lines().last().unwrap_or("it says nothing").to_owned();
            return Err(unexpected(format!("{name} failed ({status}): {last}")));
        }
        Ok(printed)
    };
    let finished = tokio::time::timeout(timeout, run).await;
    finished.map_err(|_| SourceError::TimedOut(name.to_owned(), timeout))?
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::sources::testing::scope};

    async fn run(command: &[&str], path: Option<&str>) -> Result<String, String> {
        let source = Command {
            command: command.iter().map(ToString::to_string).collect(),
            path: path.map(str::to_owned),
            env: BTreeMap::new(),
            folder: PathBuf::new(),
            timeout: Duration::from_secs(if command[0] == "sleep" { 1 } else { 60 }),
        };
        let value = async { source.read(&scope(), &source.fetch(&scope()).await?) }.await;
        value
            .map(|reading| reading.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_is_printed_is_the_value() {
        assert_eq!(run(&["echo", "12.5"], None).await.unwrap(), "12.5");
        assert_eq!(run(&["echo", r#"{{"n": {period}}}"#], Some("$.n")).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn the_environment_is_the_daemons_and_not_the_operators() {
        // HOME, USER and whatever else the test has are not there.
        let printed = run(&["sh", "-c", "env | cut -d= -f1 | grep -cvE '^(PWD|SHLVL|_)$'"], None).await;
        assert_eq!(printed.unwrap(), "3");
        let shell = "test \"$TZ $LC_ALL $PATH\" = \"UTC C $1\" && echo 1";
        assert_eq!(run(&["sh", "-c", shell, "sh", PATH], None).await.unwrap(), "1");
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "hunter2\n").unwrap();
        let text = format!(
            "command = ['sh', '-c', 'test $TOKEN = hunter2 && test -e token && echo 1']\nenv.TOKEN = 'file:{}/token'",
            dir.path().display()
        );
        let mut source: Command = toml::from_str(&text).unwrap();
        source.folder = dir.path().to_owned();
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "1");
        assert!(
            !serde_json::to_string(&source).unwrap().contains("token\""),
            "left out of the evidence"
        );
    }

    #[tokio::test]
    async fn a_command_that_prints_a_secret_gives_no_value() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let run = async |secret: &str, script: &str| {
            std::fs::write(&file, secret).unwrap();
            let place = file.display();
            let source = format!("command = ['sh', '-c', '{script}']\nenv.TOKEN = 'file:{place}'");
            let source: Command = toml::from_str(&source).unwrap();
            let fetched = source.fetch(&scope()).await;
            fetched.map(drop).map_err(|error| error.to_string())
        };
        let printed = run("hunter2hunter2", "echo 7 $TOKEN").await.unwrap_err();
        assert!(
            printed.contains("the secret of TOKEN") && !printed.contains("hunter2"),
            "{printed}"
        );
        for secret in ["hunter2hunter2", "12"] {
            let failed = run(secret, "echo no luck with $TOKEN >&2; exit 1").await.unwrap_err();
            assert!(failed.ends_with("no luck with ***"), "{failed}");
        }
        let lines = run("first line\nsecond line", "echo \"$TOKEN\" >&2; exit 1")
            .await
            .unwrap_err();
        assert!(lines.ends_with(": ***"), "{lines}");
        run("12", "echo 12").await.unwrap();
    }

    #[tokio::test]
    async fn an_identity_is_not_an_option() {
        let run = async |words: &[&str], identity: &str| {
            let words = words.iter().map(ToString::to_string).collect();
            let mut source: Command = toml::from_str("command = []").unwrap();
            source.command = words;
            let mut scope = scope();
            scope.grant.as_mut().unwrap().identity = Some(identity.to_owned());
            let printed = source.fetch(&scope).await.map_err(|error| error.to_string())?;
            printed[0]
                .body
                .text()
                .map(str::to_owned)
                .map_err(|error| error.to_string())
        };
        for identity in ["--help", "-n", "-"] {
            let error = run(&["echo", "{identity}"], identity).await.unwrap_err();
            assert!(error.contains("would be an option"), "{error}");
            assert_eq!(
                run(&["echo", "a{identity}"], identity).await.unwrap(),
                format!("a{identity}\n")
            );
        }
        assert_eq!(run(&["echo", "--user={identity}"], "-x").await.unwrap(), "--user=-x\n");
        for (words, count) in [
            ("['{identity}']", 1),
            ("['bin/{identity}', 'a']", 1),
            ("['a', '--{identity}']", 1),
            ("['a', '-{identity}=1']", 1),
            ("['a', '-', '{identity}', '-u{identity}']", 0),
        ] {
            let source: Command = toml::from_str(&format!("command = {words}")).unwrap();
            assert_eq!(source.mistakes().len(), count, "{words}");
        }
    }

    #[tokio::test]
    async fn failures_are_errors() {
        for (command, part) in [
            (&["sh", "-c", "echo 7; echo no luck >&2; exit 3"][..], "no luck"),
            (&["sleep", "600"], "within 1s"),
            (&["echo"], "empty"),
            (&["echo", "none"], "not a number"),
            (&["/no/such/program"], "cannot start"),
            (&["sh", "-c", "head -c 9000000 /dev/zero"], "longer than"),
        ] {
            let error = run(command, None).await.unwrap_err();
            assert!(error.contains(part), "{command:?}: {error}");
        }
    }
}
