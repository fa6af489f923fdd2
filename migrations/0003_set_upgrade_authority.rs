//! Step 0003: the right to upgrade the program is where it should be.

use {
    crate::{
        cluster::{Cluster, SendingArgs, authority_name, line, open},
        deployment::Deployment,
        program_file::ProgramFile,
        verify_bytes::verify,
    },
    anyhow::{Context, Result, bail, ensure},
    clap::{ArgGroup, Args},
    earnout_sdk::signers::Source,
    solana_loader_v3_interface::instruction::{self as loader},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::path::PathBuf,
};

/// What step 0003 takes.
#[derive(Args)]
#[command(group(ArgGroup::new("to").required(true).args(["new_authority", "is_final"])))]
pub struct SetUpgradeAuthority {
    #[command(flatten)]
    sending: SendingArgs,
    /// The program, with which the deployed one is compared first; by default what `cargo xtask build` made
    #[arg(long, value_name = "FILE.so", env = "EARNOUT_SO")]
    program: PathBuf,
    /// Address of the program; by default the one that the source declares
    #[arg(long, value_name = "ADDRESS", default_value_t = earnout::ID)]
    program_id: Pubkey,
    /// Who may upgrade the program now; by default the payer
    #[arg(long, value_name = "SIGNER")]
    authority: Option<Source>,
    /// Who is to have the right. A key signs, to show that somebody holds it; an address does not
    #[arg(long, value_name = "SIGNER")]
    new_authority: Option<Source>,
    /// Accept a new authority that does not sign: a multisig's vault, say. A wrong address loses the right permanently
    #[arg(long, requires = "new_authority")]
    unsigned: bool,
    /// Give the right up: nobody can change the program any more, not even to repair it
    #[arg(long = "final")]
    is_final: bool,
}

impl SetUpgradeAuthority {
    /// Carries it out, or says what it would do.
    ///
    /// # Errors
    /// If it cannot be done: before anything is sent wherever that can be known.
    pub async fn run(&self) -> Result<()> {
        let cluster = Cluster::open(&self.sending)?;
        let file = ProgramFile::read(&self.program)?;
        cluster.announce("0003 set upgrade authority");
        line("file", &file);
        let deployment = Deployment::must_be_at(&cluster.client, self.program_id).await?;
        deployment.show();
        let new = match &self.new_authority {
            Some(source) => Some(self.open_new(source, cluster.execute)?),
            None => None,
        };
        let wanted = new.as_ref().map(|signer| signer.pubkey());
        if deployment.authority == wanted {
            println!("Nothing to do: the upgrade authority is {}.", authority_name(wanted));
            return Ok(());
        }
        let Some(required) = deployment.authority else {
            bail!("the upgrade authority of {} was given up permanently", self.program_id);
        };
        let own = match &self.authority {
            Some(source) => Some(open(source, "upgrade authority", cluster.execute)?),
            None => None,
        };
        let authority: &dyn Signer = own.as_deref().unwrap_or(&*cluster.payer);
        ensure!(
            authority.pubkey() == required,
            "only {required} may pass the right on, not {}: name its key with --authority",
            authority.pubkey()
        );
        verify(&deployment, &file).context("the right to repair the program is not passed on unseen")?;
        line(
            "to do",
            format!("make the upgrade authority {}", authority_name(wanted)),
        );
        cluster
            .afford(if new.is_some() { 3 * 5_000 } else { 2 * 5_000 }, "fees")
            .await?;
        if !cluster.execute {
            println!("Nothing was sent.");
            return Ok(());
        }
        let sent = match &new {
            Some(new) if self.unsigned => {
                let set = loader::set_upgrade_authority(&self.program_id, &required, Some(&new.pubkey()));
                cluster.send(vec![set], &[authority]).await?
            }
            Some(new) => {
                let set = loader::set_upgrade_authority_checked(&self.program_id, &required, &new.pubkey());
                cluster.send(vec![set], &[authority, &**new]).await?
            }
            None => {
                let set = loader::set_upgrade_authority(&self.program_id, &required, None);
                cluster.send(vec![set], &[authority]).await?
            }
        };
        line("done", format!("transaction {}", sent.signature));
        let deployment = Deployment::must_be_at(&cluster.client, self.program_id).await?;
        ensure!(
            deployment.authority == wanted,
            "the upgrade authority is {}, which is not what was asked for",
            authority_name(deployment.authority)
        );
        println!("Checked: the upgrade authority is {}.", authority_name(wanted));
        Ok(())
    }

    /// The new authority; it signs unless that is waived.
    fn open_new(&self, source: &Source, execute: bool) -> Result<Box<dyn Signer>> {
        if let Source::Key(address) = source
            && !self.unsigned
        {
            bail!(
                "{address} cannot sign here, so nothing shows that somebody holds it: give its key, or --unsigned if you are \
                 certain, as for a multisig's vault"
            );
        }
        open(source, "new upgrade authority", execute && !self.unsigned)
    }
}
