//! A built program.

use {
    anyhow::{Context, Result, bail, ensure},
    earnout_sdk::client::Client,
    sha2::{Digest, Sha256},
    solana_program::{pubkey, pubkey::Pubkey},
    std::{
        fmt, fs,
        path::{Path, PathBuf},
    },
};

const MAGIC: &[u8] = b"\x7fELF";

/// Where an ELF file of 64 bits has the flags, in which the compiler leaves the version of the instruction set.
const FLAGS: std::ops::Range<usize> = 48..52;

/// Feature gates of Agave 4.2 (`agave-feature-set`) by which a cluster takes a version of the instruction set.
const VERSION_GATES: [(u32, Pubkey); 3] = [
    (1, pubkey!("JE86WkYvTrzW8HgNmrHY7dFYpCmSptUpKupbo2AdQ9cG")),
    (2, pubkey!("F6UVKh1ujTEFK3en2SyAL3cdVnqko1FVEXWhmdLRu6WP")),
    (3, pubkey!("5cC3foj77CWun58pC51ebHFUWavHWKarWyR5UUik7dnC")),
];

/// And the one by which it takes none of the older ones any more.
const NO_OLD_VERSIONS: Pubkey = pubkey!("B8JJXCy5amZyWG9r7EnUYLwzXSXTxG7GZ1qZ1qggo83g");

/// Feature gate of the system calls on curve25519: the program asks whether keys are on it.
const CURVE_CALLS: Pubkey = pubkey!("7rcw5UtqgDTBBv2EcynNfYckgdAaH1MAsCjKgXMkN7Ri");

/// The bytes of a program, and where they are from.
pub struct ProgramFile {
    path: PathBuf,
    pub bytes: Vec<u8>,
    version: u32,
}

impl ProgramFile {
    /// Reads it.
    ///
    /// # Errors
    /// If it cannot be read or is not a program.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes =
            fs::read(path).with_context(|| format!("cannot read the program {shown}; `cargo xtask build` makes it"))?;
        let version = bytes.get(FLAGS).and_then(|flags| flags.try_into().ok());
        let Some(version) = version.filter(|_| bytes.starts_with(MAGIC)) else {
            bail!("{shown} is not a program: it is not an ELF file");
        };
        Ok(Self {
            path: path.to_path_buf(),
            version: u32::from_le_bytes(version),
            bytes,
        })
    }

    /// The SHA-256 of the bytes: what `solana-verify get-executable-hash` prints.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(executable(&self.bytes)))
    }

    /// Asks the cluster whether it takes such programs.
    ///
    /// # Errors
    /// If it does not, or does not answer.
    pub async fn check_features(&self, client: &Client) -> Result<()> {
        let gate = VERSION_GATES.iter().find(|(version, _)| *version == self.version);
        let gates = [
            gate.map_or(CURVE_CALLS, |(_, gate)| *gate),
            CURVE_CALLS,
            NO_OLD_VERSIONS,
        ];
        let active: Vec<bool> = client
            .accounts(&gates)
            .await?
            .iter()
            // The account of a feature holds an optional slot.
            .map(|account| account.as_ref().is_some_and(|account| account.data.first() == Some(&1)))
            .collect();
        let version = self.version;
        let advice = "build the program for one that it takes (docs/deploying.md)";
        ensure!(
            version <= 3 && active.first() == Some(&true),
            "this cluster takes no programs of SBPF version {version}: feature {} is not active; {advice}",
            gates[0]
        );
        ensure!(
            active.get(1) == Some(&true),
            "this cluster does not have the system calls on curve25519, which the program needs: feature {CURVE_CALLS} is not \
             active"
        );
        ensure!(
            version >= 3 || active.get(2) == Some(&false),
            "this cluster takes no programs of SBPF version {version} any more, by its feature {NO_OLD_VERSIONS}; {advice}"
        );
        Ok(())
    }
}

impl fmt::Display for ProgramFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, length, version) = (self.path.display(), self.bytes.len(), self.version);
        write!(
            out,
            "{path}: {length} bytes, SBPF version {version}, sha256 {}",
            self.hash()
        )
    }
}

/// The bytes without the zeros at their end: an account may have more room than the program takes.
pub fn executable(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<ProgramFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program.so");
        fs::write(&file, content).unwrap();
        ProgramFile::read(&file).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_version_is_in_the_header() {
        let mut content = vec![0; 64];
        content[..4].copy_from_slice(MAGIC);
        content[48] = 3;
        content[63] = 9;
        let program = read(&content).unwrap();
        assert_eq!(program.version, 3);
        let more_room: Vec<u8> = content.iter().copied().chain([0; 100]).collect();
        assert_eq!(read(&more_room).unwrap().hash(), program.hash());
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for content in [b"".as_slice(), b"text", MAGIC, &[0; 64]] {
            assert!(read(content).is_err_and(|error| error.contains("it is not an ELF file")));
        }
        let missing = ProgramFile::read(Path::new("missing.so")).map(|_| ());
        let error = format!("{:#}", missing.unwrap_err());
        assert!(error.contains("cannot read the program missing.so"), "{error}");
    }

    #[test]
    fn zeros_at_the_end_do_not_count() {
        assert_eq!(executable(&[1, 0, 2, 0, 0]), [1, 0, 2]);
        assert_eq!(executable(&[0, 0]), [0u8; 0]);
        assert_eq!(executable(&[]), [0u8; 0]);
    }
}
