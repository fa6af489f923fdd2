//! Step 0001: the program is deployed with the bytes of a file.

use {
    crate::{
        buffer::{Buffer, State},
        cluster::{Cluster, SendingArgs, line, open},
        deployment::Deployment,
        program_file::ProgramFile,
    },
    anyhow::{Context, Result, bail, ensure},
    clap::Args,
    earnout_sdk::{signers::Source, text::amount::sol},
    solana_loader_v3_interface::{
        instruction::{self as loader, MINIMUM_EXTEND_PROGRAM_BYTES},
        state::UpgradeableLoaderState,
    },
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{path::PathBuf, time::Duration},
    tokio::time::sleep,
};

/// Most bytes of an account.
const LARGEST_ACCOUNT: usize = 10 * 1_024 * 1_024;

/// Transactions besides those that write: make the buffer, extend the program, deploy or upgrade it; at most two
/// signatures each.
const OTHER_FEES: u64 = 3 * 2 * 5_000;

/// Between two looks at the slot.
const PAUSE: Duration = Duration::from_millis(200);

/// What step 0001 takes.
#[derive(Args)]
pub struct DeployOrUpgrade {
    #[command(flatten)]
    sending: SendingArgs,
    /// The program; by default what `cargo xtask build` made
    #[arg(long, value_name = "FILE.so", env = "EARNOUT_SO")]
    program: PathBuf,
    /// Address of the program; by default the one that the source declares
    #[arg(long, value_name = "ADDRESS", default_value_t = earnout::ID)]
    program_id: Pubkey,
    /// Key of the program's address, which a first deployment needs
    #[arg(long, value_name = "SIGNER")]
    program_key: Option<Source>,
    /// Who may upgrade the program; by default the payer
    #[arg(long, value_name = "SIGNER")]
    authority: Option<Source>,
    /// Write the buffer and hand it to the program's upgrade authority, which upgrades by itself: for a multisig
    #[arg(long)]
    hand_over: bool,
}

/// What is to be done when the buffer is complete.
enum Goal {
    Deploy(Box<dyn Signer>),
    /// By so many bytes more.
    Upgrade(Option<u32>),
    /// To this authority.
    HandOver(Pubkey),
}

impl DeployOrUpgrade {
    /// Carries it out, or says what it would do.
    ///
    /// # Errors
    /// If it cannot be done: before anything is sent wherever that can be known.
    pub async fn run(&self) -> Result<()> {
        let cluster = Cluster::open(&self.sending)?;
        let file = ProgramFile::read(&self.program)?;
        cluster.announce("0001 deploy or upgrade");
        line("file", &file);
        if self.program_id != earnout::ID {
            line(
                "note",
                format!(
                    "this source declares {}: built from it, a program at another address refuses to run",
                    earnout::ID
                ),
            );
        }
        let deployment = Deployment::at(&cluster.client, self.program_id).await?;
        if let Some(deployment) = &deployment {
            deployment.show();
            if deployment.holds(&file) {
                println!("Nothing to do: the program has the bytes of the file.");
                return Ok(());
            }
        }
        file.check_features(&cluster.client).await?;
        let own_authority = match &self.authority {
            Some(source) => Some(open(source, "upgrade authority", cluster.execute)?),
            None => None,
        };
        let authority: &dyn Signer = own_authority.as_deref().unwrap_or(&*cluster.payer);
        let goal = self.goal(&cluster, &file, deployment.as_ref(), authority)?;
        let buffer = Buffer::of(&cluster, &file, authority)?;
        let state = buffer.state(&cluster).await?;
        if let Goal::HandOver(to) = &goal
            && state.authority == Some(*to)
        {
            ensure!(
                state.missing.is_empty(),
                "the buffer {} belongs to {to} already, but does not have the bytes of the file",
                buffer.address
            );
            println!(
                "Nothing to do: the buffer {} waits for {to} to upgrade from it.",
                buffer.address
            );
            return Ok(());
        }
        if let Some(of) = state.authority.filter(|of| *of != authority.pubkey()) {
            bail!(
                "the buffer {} may only be written by {of}, not by {}",
                buffer.address,
                authority.pubkey()
            );
        }
        self.show(&cluster, &file, &goal, &buffer, &state).await?;
        if !cluster.execute {
            println!("Nothing was sent.");
            return Ok(());
        }
        if state.authority.is_none() {
            let rent = cluster.client.rent(buffer.space()).await?;
            buffer.create(&cluster, &state, rent).await?;
        }
        buffer.fill(&cluster, &state.missing).await?;
        let left = buffer.state(&cluster).await?.missing.len();
        ensure!(
            left == 0,
            "the buffer {} lacks {left} chunks; run the step again",
            buffer.address
        );
        line("done", format!("wrote the buffer {}", buffer.address));
        self.finish(&cluster, &file, &goal, &buffer, authority).await
    }

    /// Decides what the buffer is for.
    fn goal(
        &self,
        cluster: &Cluster,
        file: &ProgramFile,
        deployment: Option<&Deployment>,
        authority: &dyn Signer,
    ) -> Result<Goal> {
        let Some(deployment) = deployment else {
            ensure!(
                !self.hand_over,
                "there is no program at {} whose authority could upgrade it",
                self.program_id
            );
            let key = self.program_key.as_ref().with_context(|| {
                format!(
                    "there is no program at {} yet, so its key is needed: --program-key FILE (docs/deploying.md)",
                    self.program_id
                )
            })?;
            let key = open(key, "program", cluster.execute)?;
            ensure!(
                key.pubkey() == self.program_id,
                "the program's key is that of {}, but the program is built for {}: build it for that address \
                 (docs/deploying.md)",
                key.pubkey(),
                self.program_id
            );
            return Ok(Goal::Deploy(key));
        };
        let Some(required) = deployment.authority else {
            bail!(
                "the program {} can never be changed again: its upgrade authority was given up",
                self.program_id
            );
        };
        if self.hand_over {
            ensure!(
                required != authority.pubkey(),
                "{required} may upgrade the program itself: leave out --hand-over"
            );
            return Ok(Goal::HandOver(required));
        }
        ensure!(
            required == authority.pubkey(),
            "only {required} may upgrade the program, not {}: name its key with --authority, or give --hand-over to write a \
             buffer for it",
            authority.pubkey()
        );
        let lacking = file.bytes.len().saturating_sub(deployment.bytes.len());
        let headroom =
            LARGEST_ACCOUNT.saturating_sub(UpgradeableLoaderState::size_of_programdata(deployment.bytes.len()));
        ensure!(lacking <= headroom, "the program is larger than an account can be");
        let least = usize::try_from(MINIMUM_EXTEND_PROGRAM_BYTES)?;
        let more = match lacking {
            0 => None,
            lacking => Some(u32::try_from(lacking.max(least).min(headroom))?),
        };
        Ok(Goal::Upgrade(more))
    }

    /// Says what would be done, and checks that the payer can pay for it.
    async fn show(
        &self,
        cluster: &Cluster,
        file: &ProgramFile,
        goal: &Goal,
        buffer: &Buffer<'_>,
        state: &State,
    ) -> Result<()> {
        let rent = cluster.client.rent(buffer.space()).await?;
        let (mut needed, mut what) = (0, Vec::new());
        if state.authority.is_none() {
            line(
                "to do",
                format!(
                    "make the buffer {}: {} SOL, returned when it is used",
                    buffer.address,
                    sol(rent)
                ),
            );
            needed += rent.saturating_sub(state.lamports);
            what.push("the buffer");
        }
        let (chunks, missing) = (buffer.chunks()?, state.missing.len());
        let fees = buffer.fee(cluster.unit_price).saturating_mul(u64::try_from(missing)?);
        line(
            "to do",
            format!("write {missing} of {chunks} chunks into it: {} SOL of fees", sol(fees)),
        );
        needed += fees + OTHER_FEES;
        what.push("fees");
        match goal {
            Goal::Deploy(key) => {
                let (program, data) = (
                    cluster.client.rent(UpgradeableLoaderState::size_of_program()).await?,
                    cluster
                        .client
                        .rent(UpgradeableLoaderState::size_of_programdata(file.bytes.len()))
                        .await?,
                );
                line(
                    "to do",
                    format!(
                        "deploy it as {}: {} SOL of rent, in place of the buffer's",
                        key.pubkey(),
                        sol(program + data)
                    ),
                );
                // The buffer's rent is returned first.
                needed += program + data.saturating_sub(rent);
                what.push("rent");
            }
            Goal::Upgrade(more) => {
                if let Some(more) = more {
                    let bytes = usize::try_from(*more)?;
                    let rent = cluster
                        .client
                        .rent(bytes)
                        .await?
                        .saturating_sub(cluster.client.rent(0).await?);
                    line(
                        "to do",
                        format!(
                            "make the program's account {more} bytes larger: {} SOL of rent",
                            sol(rent)
                        ),
                    );
                    needed += rent;
                    what.push("rent");
                }
                line("to do", format!("upgrade {} from it", self.program_id));
            }
            Goal::HandOver(to) => line(
                "to do",
                format!("hand it to {to}, who upgrades {} from it", self.program_id),
            ),
        }
        cluster.afford(needed, &what.join(", ")).await
    }

    /// Uses the complete buffer, and checks what came of it.
    async fn finish(
        &self,
        cluster: &Cluster,
        file: &ProgramFile,
        goal: &Goal,
        buffer: &Buffer<'_>,
        authority: &dyn Signer,
    ) -> Result<()> {
        let payer = cluster.payer.pubkey();
        let slot = match goal {
            Goal::HandOver(to) => {
                cluster.send(vec![buffer.hand_over(to)], &[authority]).await?;
                let state = buffer.state(cluster).await?;
                ensure!(
                    state.authority == Some(*to),
                    "the buffer {} was not handed over",
                    buffer.address
                );
                line("done", format!("the buffer {} belongs to {to}", buffer.address));
                println!(
                    "Checked: it has the bytes of the file. Now {to} has to upgrade {} from it.",
                    self.program_id
                );
                return Ok(());
            }
            Goal::Deploy(key) => {
                let rent = cluster.client.rent(UpgradeableLoaderState::size_of_program()).await?;
                let (program, length) = (key.pubkey(), file.bytes.len());
                let deploy = loader::deploy_with_max_program_len(
                    &payer,
                    &program,
                    &buffer.address,
                    &authority.pubkey(),
                    rent,
                    length,
                )?;
                let sent = cluster
                    .send(deploy, &[&**key, authority])
                    .await
                    .context("cannot deploy")?;
                line("done", format!("deployed {program} in transaction {}", sent.signature));
                sent.slot
            }
            Goal::Upgrade(more) => {
                if let Some(more) = more {
                    let extend = loader::extend_program(&self.program_id, Some(&payer), *more);
                    let extended = cluster
                        .send(vec![extend], &[])
                        .await
                        .context("cannot extend the program")?;
                    line("done", format!("the program's account has {more} bytes more"));
                    // The loader changes a program once in a slot.
                    while cluster.client.rpc().get_slot().await? <= extended.slot {
                        sleep(PAUSE).await;
                    }
                }
                let upgrade = loader::upgrade(&self.program_id, &buffer.address, &authority.pubkey(), &payer);
                let sent = cluster
                    .send(vec![upgrade], &[authority])
                    .await
                    .context("cannot upgrade")?;
                line(
                    "done",
                    format!("upgraded {} in transaction {}", self.program_id, sent.signature),
                );
                sent.slot
            }
        };
        let deployed = Deployment::must_be_at(&cluster.client, self.program_id).await?;
        ensure!(
            deployed.holds(file),
            "the program does not have the bytes of the file: run step 0002"
        );
        ensure!(
            deployed.authority == Some(authority.pubkey()),
            "the program's upgrade authority is not {}",
            authority.pubkey()
        );
        println!(
            "Checked: the program has the bytes of the file since slot {slot}, and {} may upgrade it.",
            authority.pubkey()
        );
        Ok(())
    }
}
