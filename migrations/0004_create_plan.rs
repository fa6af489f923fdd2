//! Step 0004: a plan is created from a file.
//!
//! The `earnout` command does it: it checks the whole file first, sends only what is missing of a plan that was begun, and
//! shows the plan at the end. Here it is given the cluster and the key like every other step.

use {
    crate::cluster::SendingArgs,
    anyhow::{Context, Result, ensure},
    clap::Args,
    std::{env, path::PathBuf, process::Command},
};

/// What step 0004 takes.
#[derive(Args)]
pub struct CreatePlan {
    #[command(flatten)]
    sending: SendingArgs,
    /// The plan, as `earnout plan init` writes it
    #[arg(long, value_name = "FILE.toml")]
    plan: PathBuf,
    /// The command; by default the one beside this program
    #[arg(long, value_name = "FILE", env = "EARNOUT_BIN")]
    earnout: Option<PathBuf>,
}

impl CreatePlan {
    /// Carries it out, or says what it would do.
    ///
    /// # Errors
    /// If the command cannot be started or fails.
    pub fn run(&self) -> Result<()> {
        let earnout = match &self.earnout {
            Some(earnout) => earnout.clone(),
            None => env::current_exe()
                .context("cannot find this program's folder")?
                .with_file_name("earnout"),
        };
        let mode = if self.sending.execute { "--yes" } else { "--dry-run" };
        let mut command = Command::new(&earnout);
        command.args(["plan", "create"]).arg(&self.plan).args([
            "--url",
            self.sending.cluster.url(),
            "--keypair",
            &self.sending.keypair.to_string(),
            mode,
        ]);
        let status = command.status();
        let status = status.with_context(|| {
            format!(
                "cannot start {}: `cargo build --package earnout-cli` makes it, --earnout names another one",
                earnout.display()
            )
        })?;
        ensure!(status.success(), "the plan was not created: see above");
        Ok(())
    }
}
