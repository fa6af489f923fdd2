//! The keys of the daemon.

use {
    earnout_sdk::signers::{SignerError, Source},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        env, fs,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
    },
    thiserror::Error,
};

/// Why a key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("the key of {0}: {1}")]
    Signer(&'static str, Box<SignerError>),
    #[error("others can read the key file {file} (mode {mode:o}): `chmod 600 {file}`", file = .0.display(), mode = .1)]
    Permissions(PathBuf, u32),
    #[error("{0} is named by its public key alone: a daemon needs the key itself, or a device that has it")]
    Absent(&'static str),
}

/// The signer that `text` names, for `name`.
///
/// # Errors
/// If it cannot be opened, or is a file that others can read.
pub fn open(text: &str, name: &'static str) -> Result<Box<dyn Signer>, KeyError> {
    let failed = |error| KeyError::Signer(name, Box::new(error));
    let source: Source = text.parse().map_err(failed)?;
    match &source {
        Source::File(path) => check_permissions(path)?,
        Source::Key(_) => return Err(KeyError::Absent(name)),
        _ => (),
    }
    source.open(name, &[]).map_err(failed)
}

/// The public key of what `text` names, for `name`: where nothing is signed, that alone will do.
///
/// # Errors
/// As [`open`].
pub fn public(text: &str, name: &'static str) -> Result<Pubkey, KeyError> {
    match text.parse() {
        Ok(Source::Key(key)) => Ok(key),
        _ => Ok(open(text, name)?.pubkey()),
    }
}

/// A file that is there and is readable for its owner alone.
fn check_permissions(path: &Path) -> Result<(), KeyError> {
    // A file that is not there is reported when it is opened.
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(());
    };
    let mode = metadata.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyError::Permissions(path.to_owned(), mode)),
    }
}

/// The file that a daemon locks as long as it votes with `key`, the same for every daemon of this machine.
pub fn lock_file(key: &Pubkey) -> PathBuf {
    env::temp_dir().join(format!("earnout-oracle-{key}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.json");
        let numbers: Vec<String> = solana_keypair::Keypair::new()
            .to_bytes()
            .iter()
            .map(u8::to_string)
            .collect();
        fs::write(&file, format!("[{}]", numbers.join(","))).unwrap();
        let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let text = file.to_str().unwrap();
        mode(0o644);
        let error = open(text, "the oracle").err().unwrap().to_string();
        assert!(error.contains("chmod 600") && error.contains("644"), "{error}");
        mode(0o600);
        assert!(open(text, "the oracle").is_ok());
        assert!(matches!(
            open("11111111111111111111111111111112", "the oracle"),
            Err(KeyError::Absent(_))
        ));
        fs::remove_file(&file).unwrap();
        assert!(matches!(open(text, "the oracle"), Err(KeyError::Signer(..))));
    }
}
