//! Step 0002: the deployed bytes are those of a build. It never sends anything.

use {
    crate::{
        cluster::{ClusterArgs, line},
        deployment::Deployment,
        program_file::{ProgramFile, executable},
    },
    anyhow::{Result, bail},
    clap::Args,
    earnout_sdk::text::endpoint,
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::path::PathBuf,
};

/// What step 0002 takes.
#[derive(Args)]
pub struct VerifyBytes {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The program; by default what `cargo xtask build` made
    #[arg(long, value_name = "FILE.so", env = "EARNOUT_SO")]
    program: PathBuf,
    /// Address of the program; by default the one that the source declares
    #[arg(long, value_name = "ADDRESS", default_value_t = earnout::ID)]
    program_id: Pubkey,
}

impl VerifyBytes {
    /// Compares.
    ///
    /// # Errors
    /// If they differ, or there is no such program or file.
    pub async fn run(&self) -> Result<()> {
        let client = self.cluster.client();
        let file = ProgramFile::read(&self.program)?;
        println!("0002 verify bytes: sends nothing");
        line("cluster", endpoint::shown(self.cluster.url()));
        line("file", &file);
        let deployment = Deployment::must_be_at(&client, self.program_id).await?;
        deployment.show();
        let deployed = executable(&deployment.bytes);
        line(
            "deployed",
            format!(
                "{} bytes, sha256 {}",
                deployed.len(),
                hex::encode(Sha256::digest(deployed))
            ),
        );
        verify(&deployment, &file)?;
        println!("Checked: the program has the bytes of the file.");
        Ok(())
    }
}

/// Compares a deployment with a file.
///
/// # Errors
/// If they differ: where.
pub fn verify(deployment: &Deployment, file: &ProgramFile) -> Result<()> {
    let (deployed, built) = (executable(&deployment.bytes), executable(&file.bytes));
    if deployed == built {
        return Ok(());
    }
    let at = deployed
        .iter()
        .zip(built)
        .position(|(deployed, built)| deployed != built);
    let at = at.unwrap_or(deployed.len().min(built.len()));
    bail!(
        "the program {} does not have the bytes of the file: they differ from byte {at} on. It is another build, or the build \
         of other tools (docs/deploying.md); step 0001 upgrades it",
        deployment.address
    )
}
