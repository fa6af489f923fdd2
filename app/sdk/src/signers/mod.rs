//! Signers by the strings that Solana's tools accept: a file, `-`, `prompt://`, `ASK`, `usb://ledger`, or the public
//! key of somebody who signs elsewhere.
//!
//! ```
//! use {earnout_sdk::signers::Source, solana_signer::Signer};
//!
//! let source: Source = "11111111111111111111111111111112".parse().expect("a key");
//! let absent = source.open("the treasurer", &[]).expect("nothing to read");
//! assert_eq!(absent.pubkey().to_string(), "11111111111111111111111111111112");
//! ```

#[cfg(feature = "hardware-wallet")]
mod ledger;
mod prompt;

use {
    solana_derivation_path::DerivationPath,
    solana_keypair::{Keypair, read_keypair},
    solana_presigner::Presigner,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::{Signer, null_signer::NullSigner},
    std::{
        fmt, fs,
        io::{self, ErrorKind, Read},
        path::{Path, PathBuf},
        str::FromStr,
    },
    thiserror::Error,
    uriparse::URIReference,
};

/// Why there is no signer.
#[derive(Debug, Error)]
pub enum SignerError {
    /// The file is not there.
    #[error("there is no key file {0}")]
    NoFile(PathBuf),
    /// The file cannot be read.
    #[error("the key file {0} cannot be read: {1}")]
    Unreadable(PathBuf, io::Error),
    /// The file or the input is not a key.
    #[error("{0} holds no key: expected the list of 64 numbers that Solana's tools write")]
    NotAKey(String),
    /// The string names a kind of signer that does not exist.
    #[error("`{0}` names no signer")]
    UnknownKind(String),
    /// The part that chooses a key of a seed phrase or a device is wrong.
    #[error("`{text}` does not say which key: {reason}")]
    BadPath {
        /// The string.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no terminal, or it was left.
    #[error("the seed phrase of {0} cannot be asked for: {1}")]
    NoTerminal(String, io::Error),
    /// The words are not a seed phrase.
    #[error("these words are not a seed phrase: {0}")]
    BadPhrase(String),
    /// The device did not answer, or refused.
    #[error("the hardware wallet {0}: {1}")]
    Device(String, String),
    /// This build has no support for hardware wallets.
    #[error(
        "`{0}` is a hardware wallet, and this build has no support for them: build with `--features hardware-wallet`"
    )]
    NoDeviceSupport(String),
}

/// Where a signer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file with a key, as `solana-keygen` writes it.
    File(PathBuf),
    /// Such a file on the standard input.
    Stdin,
    /// A seed phrase that is asked for on the terminal.
    Prompt(Derivation),
    /// A hardware wallet: `usb://ledger`, with `?key=ACCOUNT/CHANGE` or a device's public key.
    Device(String),
    /// Somebody who signs elsewhere.
    Key(Pubkey),
}

/// Which key of a seed phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// The first 32 bytes of the seed, as `ASK` always meant.
    Legacy,
    /// Along this path; none for `m/44'/501'`.
    Path(Option<DerivationPath>),
}

impl FromStr for Source {
    type Err = SignerError;

    /// # Errors
    /// If it is neither of the accepted forms. Whether a file exists is seen when it is opened.
    fn from_str(text: &str) -> Result<Self, SignerError> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if text == "ASK" {
            return Ok(Self::Prompt(Derivation::Legacy));
        }
        if let Ok(key) = Pubkey::from_str(text) {
            return Ok(Self::Key(key));
        }
        match text.split_once(':') {
            Some(("file", path)) => Ok(Self::File(path.strip_prefix("//").unwrap_or(path).into())),
            Some(("stdin", _)) => Ok(Self::Stdin),
            Some(("prompt", _)) => Ok(Self::Prompt(Derivation::Path(derivation(text)?))),
            Some(("usb", _)) => {
                derivation(text)?;
                Ok(Self::Device(text.to_owned()))
            }
            Some((_, rest)) if rest.starts_with("//") => Err(SignerError::UnknownKind(text.to_owned())),
            _ if text.is_empty() => Err(SignerError::UnknownKind(String::new())),
            _ => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Stdin => out.write_str("-"),
            Self::Prompt(Derivation::Legacy) => out.write_str("ASK"),
            Self::Prompt(Derivation::Path(path)) => {
                let query = path.as_ref().map(DerivationPath::get_query).unwrap_or_default();
                write!(out, "prompt://{query}")
            }
            Self::Device(locator) => out.write_str(locator),
            Self::Key(key) => write!(out, "{key}"),
        }
    }
}

impl Source {
    /// The signer. `name` says whose key it is where the user is asked. A bare key signs with its signature among
    /// `presigned`, and without one not at all: it leaves [`Signature::default`], which is for messages that others
    /// complete.
    ///
    /// # Errors
    /// If the key cannot be read, or the user or the device refuses.
    pub fn open(&self, name: &str, presigned: &[(Pubkey, Signature)]) -> Result<Box<dyn Signer>, SignerError> {
        Ok(match self {
            Self::File(path) => Box::new(read_file(path)?),
            Self::Stdin => Box::new(read_from(&mut io::stdin().lock(), "the standard input")?),
            Self::Prompt(derivation) => Box::new(prompt::ask(name, derivation)?),
            Self::Device(locator) => device(locator, name)?,
            Self::Key(key) => match presigned.iter().find(|(signer, _)| signer == key) {
                Some((_, signature)) => Box::new(Presigner::new(key, signature)),
                None => Box::new(NullSigner::new(key)),
            },
        })
    }
}

/// Which key of a seed phrase or a device: `?key=ACCOUNT/CHANGE` or `?full-path=m/…`.
fn derivation(text: &str) -> Result<Option<DerivationPath>, SignerError> {
    let bad = |reason: String| SignerError::BadPath {
        text: text.to_owned(),
        reason,
    };
    let uri = URIReference::try_from(text).map_err(|error| bad(error.to_string()))?;
    DerivationPath::from_uri_any_query(&uri).map_err(|error| bad(error.to_string()))
}

fn read_file(path: &Path) -> Result<Keypair, SignerError> {
    let mut file = fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => SignerError::NoFile(path.to_path_buf()),
        _ => SignerError::Unreadable(path.to_path_buf(), error),
    })?;
    read_from(&mut file, &path.display().to_string())
}

fn read_from(input: &mut impl Read, name: &str) -> Result<Keypair, SignerError> {
    // A cause would quote the content, which may be somebody's key in another form.
    read_keypair(input).map_err(|_| SignerError::NotAKey(name.to_owned()))
}

#[cfg(feature = "hardware-wallet")]
use ledger::open as device;

#[cfg(not(feature = "hardware-wallet"))]
fn device(locator: &str, _name: &str) -> Result<Box<dyn Signer>, SignerError> {
    Err(SignerError::NoDeviceSupport(locator.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        text.parse().expect("a source")
    }

    #[test]
    fn the_forms_of_solanas_tools() {
        let key = Pubkey::new_unique();
        assert_eq!(source(&key.to_string()), Source::Key(key));
        assert_eq!(source("-"), Source::Stdin);
        assert_eq!(source("stdin:"), Source::Stdin);
        assert_eq!(source("ASK"), Source::Prompt(Derivation::Legacy));
        assert_eq!(source("prompt://"), Source::Prompt(Derivation::Path(None)));
        assert_eq!(source("prompt:"), Source::Prompt(Derivation::Path(None)));
        let chosen = DerivationPath::new_bip44(Some(1), Some(2));
        assert_eq!(
            source("prompt://?key=1/2"),
            Source::Prompt(Derivation::Path(Some(chosen)))
        );
        assert_eq!(
            source("usb://ledger?key=0"),
            Source::Device("usb://ledger?key=0".to_owned())
        );
        assert_eq!(source("file:/a/b.json"), Source::File("/a/b.json".into()));
        assert_eq!(source("file:///a/b.json"), Source::File("/a/b.json".into()));
        assert_eq!(source("keys/b.json"), Source::File("keys/b.json".into()));
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let key = Pubkey::new_unique().to_string();
        for text in [
            "-",
            "ASK",
            "prompt://",
            "prompt://?key=1'/2'",
            "usb://ledger?key=0",
            "b.json",
            &key,
        ] {
            assert_eq!(source(text).to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for wrong in ["", "https://example.com", "usb://ledger?key=x", "prompt://?key=1/2/3/4"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_missing_file_and_a_file_without_a_key_are_told_apart() {
        let missing = source("no-such-file.json").open("you", &[]).map(|_| ());
        let missing = missing.expect_err("no file").to_string();
        assert_eq!(missing, "there is no key file no-such-file.json");
        let wrong = read_from(&mut "[1,2,3]".as_bytes(), "a.json").map(|_| ());
        let wrong = wrong.expect_err("no key").to_string();
        assert!(wrong.starts_with("a.json holds no key"), "{wrong}");
        assert!(!wrong.contains("1,2"), "{wrong}");
    }

    #[test]
    fn who_is_absent_signs_only_what_they_signed() {
        let pair = Keypair::new();
        let key = source(&pair.pubkey().to_string());
        let absent = key.open("you", &[]).expect("an absent signer");
        assert_eq!(absent.try_sign_message(b"a").expect("nothing"), Signature::default());
        let signature = pair.sign_message(b"a");
        let presigned = key.open("you", &[(pair.pubkey(), signature)]).expect("a presigner");
        assert_eq!(presigned.try_sign_message(b"a").expect("signed"), signature);
        assert!(
            presigned.try_sign_message(b"b").is_err(),
            "the signature of another message"
        );
    }
}
