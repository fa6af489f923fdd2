//! The built `earnout` binary.

use {
    crate::{Chain, Finished, binaries::earnout_binary},
    std::{
        env,
        ffi::OsStr,
        fs,
        path::{Path, PathBuf},
        process::{Child, Command, Stdio},
        sync::mpsc,
        thread,
        time::{Duration, Instant},
    },
    tempfile::TempDir,
};

/// The binary, with a home folder of its own: nothing of this machine's user is seen or changed.
pub struct Earnout {
    binary: PathBuf,
    home: TempDir,
}

impl Earnout {
    /// Without a configuration file, as on a new machine.
    ///
    /// # Panics
    /// If the binary has not been built.
    pub fn unconfigured() -> Self {
        Self {
            binary: earnout_binary(),
            home: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Configured, in the file of Solana's tools, for a chain and its key `payer`.
    ///
    /// # Panics
    /// If the binary has not been built.
    pub fn on(chain: &Chain) -> Self {
        Self::as_key(chain, "payer")
    }

    /// As [`Earnout::on`], but with another of the chain's keys.
    ///
    /// # Panics
    /// If the binary has not been built.
    pub fn as_key(chain: &Chain, key: &str) -> Self {
        let earnout = Self::unconfigured();
        let configuration = format!(
            "---\njson_rpc_url: \"{}\"\nwebsocket_url: \"{}\"\nkeypair_path: \"{}\"\naddress_labels: {{}}\ncommitment: \
             confirmed\n",
            chain.rpc_url,
            chain.ws_url,
            chain.key_file(key).display()
        );
        let file = earnout.configuration_file();
        let folder = file.parent().expect("the file is in a folder");
        fs::create_dir_all(folder).expect("a folder for the configuration");
        fs::write(file, configuration).expect("a configuration file");
        earnout
    }

    /// The home folder, which is also where the binary runs: relative paths are from here.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where Solana's tools have their configuration.
    pub fn configuration_file(&self) -> PathBuf {
        self.home().join(".config/solana/cli/config.yml")
    }

    /// Writes a file into the home folder and returns its path.
    ///
    /// # Panics
    /// If that fails.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(name);
        fs::write(&path, content).expect("a file in a temporary folder");
        path
    }

    /// A command with a clean environment and no terminal; standard input is empty.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .current_dir(self.home())
            .stdin(Stdio::null());
        // `PATH` to find other programs, the local chain to start it.
        for name in ["PATH", "EARNOUT_LOCALNET", "EARNOUT_SO"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Finished {
        let mut command = self.command(arguments);
        let output = command.output().expect("the binary runs");
        Finished::of(&command, output)
    }

    /// Runs it to its end, or kills it after `limit`: then it has no exit code. Returns how long it ran, too.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run_within<A: AsRef<OsStr>>(&self, arguments: &[A], limit: Duration) -> (Finished, Duration) {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let child = command.spawn().expect("the binary runs");
        let pid = child.id().to_string();
        let (ended, end) = mpsc::channel();
        let waiting = thread::spawn(move || {
            let output = child.wait_with_output().expect("it ends");
            // Nobody listens any more once it was killed.
            let _ = ended.send(());
            output
        });
        if end.recv_timeout(limit).is_err() {
            let killed = Command::new("kill").args(["-s", "KILL", &pid]).status();
            assert!(killed.expect("`kill` runs").success(), "it runs");
        }
        let output = waiting.join().expect("it ends");
        (Finished::of(&command, output), begun.elapsed())
    }

    /// Starts it with its outputs captured, for tests that stop it on the way.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn spawn<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }
}
