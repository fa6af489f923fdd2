//! Keys to try the program with. They are worth nothing anywhere else.

use {
    crate::{
        fault::Fault,
        folder::{Folder, write_whole},
    },
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        fs,
        io::ErrorKind,
        path::{Path, PathBuf},
    },
};

/// A key and its file, in the format of Solana's tools.
pub struct DemoKey {
    pub name: String,
    pub path: PathBuf,
    pub pair: Keypair,
}

impl DemoKey {
    pub fn pubkey(&self) -> Pubkey {
        self.pair.pubkey()
    }

    /// Reads the key of this name, or makes it. A file that is not a key is never replaced.
    fn read_or_make(folder: &Folder, name: &str) -> Result<Self, Fault> {
        let path = folder.key(name);
        let fault = |what: String| Fault::new(format!("cannot use the key {}: {what}", path.display()));
        let pair = match fs::read(&path) {
            Ok(bytes) => parse(&bytes).ok_or_else(|| fault("expected a list of 64 numbers".to_owned()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(&path).map_err(|error| fault(error.to_string()))?
            }
            Err(error) => return Err(fault(error.to_string())),
        };
        let name = name.to_owned();
        Ok(Self { name, path, pair })
    }
}

fn parse(bytes: &[u8]) -> Option<Keypair> {
    let numbers: Vec<u8> = serde_json::from_slice(bytes).ok()?;
    Keypair::try_from(numbers.as_slice()).ok()
}

fn make(path: &Path) -> anyhow::Result<Keypair> {
    let pair = Keypair::new();
    write_whole(path, serde_json::to_string(pair.to_bytes().as_slice())?.as_bytes())?;
    Ok(pair)
}

/// One key for each role.
pub struct DemoKeys {
    /// Pays fees and rent.
    pub payer: DemoKey,
    /// Makes the plan and its grants.
    pub authority: DemoKey,
    /// Owns the treasury.
    pub treasury_owner: DemoKey,
    pub oracles: [DemoKey; 3],
    pub arbiter: DemoKey,
    pub beneficiaries: [DemoKey; 5],
    /// May replace the program.
    pub upgrade_authority: DemoKey,
    /// The address of the demo plan's mint; signs only when it is made.
    pub mint: DemoKey,
}

impl DemoKeys {
    /// Reads the keys of a folder. Those that are missing are made.
    ///
    /// # Errors
    /// If a file cannot be used.
    pub fn of(folder: &Folder) -> Result<Self, Fault> {
        let key = |name| DemoKey::read_or_make(folder, name);
        Ok(Self {
            payer: key("payer")?,
            authority: key("authority")?,
            treasury_owner: key("treasury-owner")?,
            oracles: [key("oracle-1")?, key("oracle-2")?, key("oracle-3")?],
            arbiter: key("arbiter")?,
            beneficiaries: [
                key("beneficiary-1")?,
                key("beneficiary-2")?,
                key("beneficiary-3")?,
                key("beneficiary-4")?,
                key("beneficiary-5")?,
            ],
            upgrade_authority: key("upgrade-authority")?,
            mint: key("mint")?,
        })
    }

    /// The keys that sign transactions, which are all but the mint.
    pub fn signers(&self) -> impl Iterator<Item = &DemoKey> {
        let single = [
            &self.payer,
            &self.authority,
            &self.treasury_owner,
            &self.arbiter,
            &self.upgrade_authority,
        ];
        single.into_iter().chain(&self.oracles).chain(&self.beneficiaries)
    }
}
