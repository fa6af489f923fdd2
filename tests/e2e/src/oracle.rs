//! The built `earnout-oracle` binary.

use {
    crate::{Chain, Finished, binaries::oracle_binary},
    std::{
        env, fs,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
        process::{Child, Command, ExitStatus, Stdio},
        thread,
        time::{Duration, Instant},
    },
    tempfile::TempDir,
};

/// One operator: a folder with a configuration and a state of its own.
pub struct Oracle {
    folder: TempDir,
    /// Where commands run.
    start: PathBuf,
    variables: Vec<(String, String)>,
}

impl Oracle {
    /// An operator who votes with the chain's key `key` through the endpoints `endpoints`, with `feeds` as the rest of
    /// the configuration. Clocks are not compared, since the chain's is moved.
    ///
    /// # Panics
    /// If the binary has not been built or a file cannot be written.
    pub fn new(chain: &Chain, key: &str, endpoints: &[&str], feeds: &str) -> Self {
        let key_file = chain.key_file(key);
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("a file of this test");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let oracle = Self {
            start: folder.path().to_owned(),
            folder,
            variables: Vec::new(),
        };
        let configuration = format!(
            "[chain]\nendpoints = {endpoints:?}\nmax_clock_skew = \"100years\"\n[signer]\noracle = {key_file:?}\n[service]\nstate = \
             \"state\"\ninterval = \"200ms\"\nlisten = \"127.0.0.1:0\"\n{feeds}"
        );
        oracle.configure(&configuration);
        oracle
    }

    /// Replaces the whole configuration.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn configure(&self, configuration: &str) {
        fs::write(self.configuration(), configuration).expect("a file of this test");
    }

    /// The configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.folder().join("oracle.toml")
    }

    /// Where relative paths of the configuration start.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same with a variable in its environment.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, run from another folder than that of its configuration.
    pub fn elsewhere(mut self, start: &str) -> Self {
        self.start = start.into();
        self
    }

    /// Writes a file into the folder.
    ///
    /// # Panics
    /// If that fails.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, content).expect("a file of this test");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(oracle_binary());
        command
            .arg("--config")
            .arg(self.configuration())
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("USER", "operator")
            .current_dir(&self.start)
            .stdin(Stdio::null());
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If the binary does not start.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(arguments);
        let output = command.output().expect("the binary runs");
        Finished::of(&command, output)
    }

    /// Starts a command with its outputs captured.
    ///
    /// # Panics
    /// If the binary does not start.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }

    /// Starts a command; what it writes goes to a file.
    ///
    /// # Panics
    /// If the binary does not start.
    pub fn start(&self, arguments: &[&str]) -> Daemon {
        let log = self.folder().join("daemon.log");
        let file = fs::OpenOptions::new().create(true).append(true).open(&log);
        let file = file.expect("a file of this test");
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(file);
        Daemon {
            child: command.spawn().expect("the binary runs"),
            log,
        }
    }
}

/// A command that is running. It is killed with this value.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Kills it, which leaves it no time for anything.
    ///
    /// # Panics
    /// If it has ended already.
    #[track_caller]
    pub fn kill(mut self) {
        let ended = self.child.try_wait().expect("a process of this test");
        assert_eq!(ended, None, "it ended by itself: {}", self.log());
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(sent.expect("`kill` runs").success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a process of this test") {
                return status;
            }
            assert!(begun.elapsed() < crate::PATIENCE, "it does not end: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has written `part`.
    ///
    /// # Panics
    /// If it does not, or ends before.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) {
        let begun = Instant::now();
        while !self.log().contains(part) {
            let ended = self.child.try_wait().expect("a process of this test");
            assert!(ended.is_none(), "it ended by itself: {}", self.log());
            assert!(begun.elapsed() < crate::PATIENCE, "no {part:?}: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
