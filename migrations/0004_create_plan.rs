//! Step 0004: a plan is on the chain as its file says.
//!
//! The `earnout` command creates it: it checks the whole file first, compares what is on the chain with it term by term, and
//! sends only what is missing. Here it is given the cluster and the keys like every other step, and asked once more at the end.

use {
    crate::cluster::{SendingArgs, line},
    anyhow::{Context, Result, bail, ensure},
    clap::Args,
    earnout_sdk::{endpoint, signers::Source},
    serde_json::Value,
    std::{
        env,
        path::PathBuf,
        process::{Command, Stdio},
    },
};

/// What step 0004 takes.
#[derive(Args)]
pub struct CreatePlan {
    #[command(flatten)]
    sending: SendingArgs,
    /// The plan, as `earnout plan init` writes it
    #[arg(long, value_name = "FILE.toml")]
    plan: PathBuf,
    /// Who creates the plan and is its authority; by default the payer
    #[arg(long, value_name = "SIGNER")]
    authority: Option<Source>,
    /// Freeze the terms permanently when all KPIs are there
    #[arg(long)]
    activate: bool,
    /// Move tokens of the authority into the vault until this many have been funded in all
    #[arg(long, value_name = "AMOUNT")]
    fund: Option<String>,
    /// The command; by default the one beside this program
    #[arg(long, value_name = "FILE", env = "EARNOUT_BIN")]
    earnout: Option<PathBuf>,
}

impl CreatePlan {
    /// Carries it out, or says what it would do.
    ///
    /// # Errors
    /// If the command cannot be started or fails, or something is left to be done after it.
    pub fn run(&self) -> Result<()> {
        let execute = self.sending.execute;
        let mode = if execute {
            ""
        } else {
            ", dry run: nothing is sent without --execute"
        };
        println!("0004 create plan{mode}");
        line("cluster", endpoint::shown(self.sending.cluster.url()));
        line("file", self.plan.display());
        let mut command = self.command()?;
        command.arg(if execute { "--yes" } else { "--dry-run" });
        let status = command.status().with_context(|| self.missing())?;
        ensure!(
            status.success(),
            "`earnout plan create` did not come to its end: it says why"
        );
        if !execute {
            println!("Nothing was sent.");
            return Ok(());
        }
        let left = self
            .command()?
            .args(["--dry-run", "--output", "json-compact"])
            .stderr(Stdio::null())
            .output()
            .with_context(|| self.missing())?;
        let left: Value =
            serde_json::from_slice(&left.stdout).context("`earnout plan create` did not answer in JSON")?;
        let Some(plan) = left["plan"]
            .as_str()
            .filter(|_| left["signatures"] == Value::Array(Vec::new()))
        else {
            bail!("the plan is not yet as the file says: run the step again");
        };
        println!("Checked: the plan {plan} is on the chain as the file says.");
        Ok(())
    }

    /// The command with everything but what is to happen.
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(self.binary()?);
        command
            .args(["plan", "create"])
            .arg(&self.plan)
            .args(["--url", self.sending.cluster.url()])
            .args(["--keypair", &self.sending.keypair.to_string()])
            .args(["--with-compute-unit-price", &self.sending.unit_price().to_string()]);
        if let Some(authority) = &self.authority {
            command.args(["--authority", &authority.to_string()]);
        }
        if let Some(amount) = &self.fund {
            command.args(["--fund", amount]);
        }
        if self.activate {
            command.arg("--activate");
        }
        Ok(command)
    }

    fn binary(&self) -> Result<PathBuf> {
        if let Some(earnout) = &self.earnout {
            return Ok(earnout.clone());
        }
        let here = env::current_exe().context("cannot find this program's folder")?;
        Ok(here.with_file_name("earnout"))
    }

    fn missing(&self) -> String {
        let binary = self.binary().unwrap_or_default();
        format!(
            "cannot start {}: `cargo build --package earnout-cli` makes it, --earnout names another one",
            binary.display()
        )
    }
}
