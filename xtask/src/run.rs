//! Starting other programs: one way to build their environment, one way to report that they failed.

use {
    crate::paths,
    anyhow::{Context, Result, bail},
    std::{
        env,
        ffi::OsString,
        fmt::{self, Write as _},
        io::{self, BufRead, BufReader, IsTerminal, Read, Write as _},
        process::{Command, ExitStatus, Stdio},
        thread,
    },
};

/// The package of the local chain, which is compiled in a cache of its own, not with everything else.
pub const LOCALNET: &str = "earnout-localnet";

/// The cargo this task runs under, without what cargo told the task about the task's own package.
///
/// Build scripts watch variables such as `CARGO_MANIFEST_DIR`: left in place, a build started here would never be fresh
/// for a build started from the shell, and the other way round.
pub fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&text)
        {
            command.env_remove(&name);
        }
    }
    command
}

/// As [`cargo`], run in the workspace root and told where the built program lies.
pub fn workspace_cargo() -> Command {
    let mut command = cargo();
    command
        .current_dir(paths::root())
        .env("EARNOUT_SO", paths::program_so());
    command
}

/// Lets a cargo command lint the workspace's crates while it compiles them, and refuse what is found.
///
/// `cargo clippy` would check every dependency once more, for nothing but lints. Set as cargo's wrapper, clippy's
/// compiler makes the same files as rustc, so that lints, tests and binaries come from one build. `CLIPPY_ARGS` is how
/// `cargo clippy` hands its arguments on; their separator is clippy's.
pub fn lint(cargo: &mut Command) {
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
}

/// A command that fails where the format of these packages is not the project's, which is `cargo fmt`'s and one `use`
/// in braces instead of many. Rustfmt knows that, but the stable one does not let everyone ask.
pub fn format(packages: &str) -> Command {
    let mut cargo = workspace_cargo();
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fmt", packages, "--check", "--", "--config", "imports_granularity=One"]);
    cargo
}

/// A cargo command for everything but the local chain, which [`lint`]s.
pub fn linting(command: &str) -> Command {
    let mut cargo = workspace_cargo();
    cargo
        .arg(command)
        .args(["--locked", "--workspace", "--exclude", LOCALNET]);
    lint(&mut cargo);
    cargo
}

/// Everything of the workspace compiled and linted, the tests that run only when they are named included. A task that
/// needs one binary builds everything: without the tests, the dependencies would have other features, and be compiled
/// again.
pub fn linting_everything() -> Command {
    let mut cargo = linting("build");
    cargo.args(["--all-targets", "--test", "*"]);
    cargo
}

/// Running a command with its failure turned into an error that names it.
pub trait Run {
    /// Runs it with this task's input and output; `doing` opens the error.
    fn run(&mut self, doing: &str) -> Result<()>;
    /// Runs it silently and returns what it printed; the error carries both of its outputs.
    fn stdout_of(&mut self, doing: &str) -> Result<String>;
    /// Runs it in this task's place: the caller ends with its exit code.
    fn exit_code(&mut self, doing: &str) -> Result<u8>;
}

impl Run for Command {
    fn run(&mut self, doing: &str) -> Result<()> {
        let status = self.status().with_context(|| cannot_start(doing, self))?;
        if !status.success() {
            bail!("{doing} failed ({}): {}", ended(status), line(self));
        }
        Ok(())
    }

    fn stdout_of(&mut self, doing: &str) -> Result<String> {
        let output = self
            .stdin(Stdio::null())
            .output()
            .with_context(|| cannot_start(doing, self))?;
        if !output.status.success() {
            bail!(
                "{doing} failed ({}): {}\n{}{}",
                ended(output.status),
                line(self),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr).trim_end(),
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn exit_code(&mut self, doing: &str) -> Result<u8> {
        let status = self.status().with_context(|| cannot_start(doing, self))?;
        match status.code() {
            Some(code) => Ok(u8::try_from(code).unwrap_or(1)),
            None => bail!("{doing} was ended by a signal: {}", line(self)),
        }
    }
}

/// Runs a cargo command with its progress shown but for the lines that come even when nothing was to do.
///
/// Returns what it printed on standard output, which is captured.
pub fn with_progress(command: &mut Command, doing: &str) -> Result<String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command.spawn().with_context(|| cannot_start(doing, command))?;
    let stderr = child
        .stderr
        .take()
        .map(|stderr| thread::spawn(move || show_progress(stderr)));
    let mut stdout = String::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut stdout)
            .with_context(|| format!("{doing}: cannot read its output"))?;
    }
    let status = child.wait().with_context(|| format!("{doing}: lost the process"))?;
    if let Some(thread) = stderr {
        // A reader that failed has shown what it could.
        let _ = thread.join();
    }
    if !status.success() {
        bail!("{doing} failed ({}): {}", ended(status), line(command));
    }
    Ok(stdout)
}

fn show_progress(stderr: impl Read) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let idle = (line.contains("Finished") && line.contains("profile"))
            || (line.contains("Running") && line.contains("unittests"));
        if !idle {
            eprintln!("{line}");
        }
    }
}

/// Runs a command that is chatty on standard error: shows the last of its lines that contain each of `shown`, or all of
/// the end if it fails.
pub fn quietly(command: &mut Command, doing: &str, shown: &[&str]) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| cannot_start(doing, command))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let lines: Vec<&str> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(40)..].join("\n");
        bail!("{doing} failed ({}): {}\n{end}", ended(output.status), line(command));
    }
    for wanted in shown {
        if let Some(found) = text.lines().rfind(|found| found.contains(wanted)) {
            say(format_args!("    {}", found.trim()));
        }
    }
    Ok(())
}

/// Prints a line; a reader that has seen enough (`| head`) is no failure.
pub fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Whether the shell would find `program`.
pub fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "ended by a signal".to_owned(),
    }
}

fn cannot_start(doing: &str, command: &Command) -> String {
    format!("{doing} failed: cannot start `{}`", command.get_program().display())
}

/// The command as one would type it, for the reader of an error.
fn line(command: &Command) -> String {
    let mut text = command.get_program().display().to_string();
    for argument in command.get_args() {
        // Writing to a string cannot fail.
        let _ = write!(text, " {}", argument.display());
    }
    text
}
