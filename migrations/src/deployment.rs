//! What the upgradeable loader has stored of a program.

use {
    crate::{
        cluster::{authority_name, line},
        program_file::{ProgramFile, executable},
    },
    anyhow::{Context, Result, bail, ensure},
    earnout_sdk::client::Client,
    solana_loader_v3_interface::{get_program_data_address, state::UpgradeableLoaderState},
    solana_program::pubkey::Pubkey,
    solana_sdk_ids::bpf_loader_upgradeable,
};

/// A deployed program.
pub struct Deployment {
    pub address: Pubkey,
    /// May replace the program.
    pub authority: Option<Pubkey>,
    /// When its bytes were written.
    pub slot: u64,
    /// Its bytes, and the room behind them.
    pub bytes: Vec<u8>,
}

impl Deployment {
    /// What is deployed at an address, `None` if nothing is.
    ///
    /// # Errors
    /// If something else is there, or the endpoint does not answer.
    pub async fn at(client: &Client, address: Pubkey) -> Result<Option<Self>> {
        let data = get_program_data_address(&address);
        let accounts = client.accounts(&[address, data]).await?;
        let [program, data] = accounts
            .try_into()
            .ok()
            .context("the endpoint does not answer for both accounts")?;
        let Some(program) = program else {
            return Ok(None);
        };
        ensure!(
            program.owner == bpf_loader_upgradeable::ID,
            "{address} is not an upgradeable program: it belongs to {}",
            program.owner
        );
        let Ok(UpgradeableLoaderState::Program { .. }) = bincode::deserialize(&program.data) else {
            bail!("{address} belongs to the upgradeable loader, but is not a program");
        };
        let data =
            data.with_context(|| format!("the program {address} was closed; its address cannot be used again"))?;
        let Ok(UpgradeableLoaderState::ProgramData {
            slot,
            upgrade_authority_address: authority,
        }) = bincode::deserialize(&data.data)
        else {
            bail!("what is stored of the program {address} cannot be read");
        };
        let bytes = data.data.get(UpgradeableLoaderState::size_of_programdata_metadata()..);
        Ok(Some(Self {
            address,
            authority,
            slot,
            bytes: bytes.unwrap_or_default().to_vec(),
        }))
    }

    /// As [`Deployment::at`], where something must be.
    ///
    /// # Errors
    /// If nothing is deployed, too.
    pub async fn must_be_at(client: &Client, address: Pubkey) -> Result<Self> {
        let deployment = Self::at(client, address).await?;
        deployment.with_context(|| format!("there is no program at {address} on this cluster: step 0001 deploys it"))
    }

    /// Whether these are the bytes of the file.
    pub fn holds(&self, file: &ProgramFile) -> bool {
        executable(&self.bytes) == executable(&file.bytes)
    }

    /// Says what is deployed.
    pub fn show(&self) {
        line("program", format!("{}, deployed in slot {}", self.address, self.slot));
        line("authority", authority_name(self.authority));
    }
}
