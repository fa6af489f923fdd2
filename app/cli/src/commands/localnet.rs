//! `earnout localnet`.

use {
    crate::{context::app::App, fault::Fault},
    clap::Args,
    std::{
        env,
        ffi::OsString,
        io::ErrorKind,
        path::PathBuf,
        process::{Command, ExitStatus},
    },
};

/// Name of the program that is the local chain, and the variable that says where it is.
const PROGRAM: &str = "earnout-localnet";
const VARIABLE: &str = "EARNOUT_LOCALNET";

/// Run a local chain with the program on it: start, warp, clock, airdrop, stop
///
/// All arguments go to `earnout-localnet`, a program of its own because it is large. It is looked for beside this one,
/// then on the PATH; EARNOUT_LOCALNET says where it is instead.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:
  $ earnout localnet start --demo
  $ earnout localnet warp 90d
  $ earnout localnet airdrop 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU 10
  $ earnout localnet --help"
)]
pub struct Localnet {
    /// Arguments of earnout-localnet
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Localnet {
    pub fn run(&self, app: &App) -> Result<(), Fault> {
        // It would be left out silently, and another chain than the one that is meant would be changed.
        if app.url_option().is_some() {
            return Err(
                Fault::new("--url before `localnet` arguments says nothing to the local chain")
                    .why("all that the local chain is told stands after `localnet COMMAND`; nothing was done")
                    .advice("write for example `earnout localnet warp 90d --url http://127.0.0.1:8899`"),
            );
        }
        let program = program();
        // As the only thing that this process does from here on: signals and exit code are the other program's.
        let status = run(&program, &self.arguments).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::new(format!("{PROGRAM} is not installed"))
                .why(format!(
                    "it is neither beside this program nor on the PATH, and {VARIABLE} does not say where it is"
                ))
                .advice(
                    "`cargo xtask localnet` in the project's folder builds and starts it; `cargo install --path \
                     app/localnet` installs it",
                ),
            _ => Fault::new(format!("{} cannot be started", program.display())).why(error),
        })?;
        match status.success() {
            true => Ok(()),
            false => Err(Fault::new(format!("{PROGRAM} failed")).why(status)),
        }
    }
}

/// Where the program is, as far as it can be known; its name if it has to be searched for.
fn program() -> PathBuf {
    if let Some(chosen) = env::var_os(VARIABLE) {
        return chosen.into();
    }
    let beside = env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PROGRAM.into())
}

fn run(program: &PathBuf, arguments: &[OsString]) -> std::io::Result<ExitStatus> {
    let mut command = Command::new(program);
    command.args(arguments);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Returns only if it did not work.
        Err(command.exec())
    }
    #[cfg(not(unix))]
    command.status()
}
