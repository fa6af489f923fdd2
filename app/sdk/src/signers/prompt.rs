//! Keys from a seed phrase that is typed on the terminal and never written anywhere.

use {
    super::{Derivation, SignerError},
    bip39::{Language, Mnemonic},
    solana_keypair::{
        Keypair, keypair_from_seed_phrase_and_passphrase, seed_derivable::keypair_from_seed_and_derivation_path,
    },
    solana_seed_phrase::generate_seed_from_seed_phrase_and_passphrase,
};

/// Asks for the seed phrase of `name` and its passphrase.
///
/// # Errors
/// If there is no terminal, or the words are not a seed phrase.
pub(super) fn ask(name: &str, derivation: &Derivation) -> Result<Keypair, SignerError> {
    let asked = |question: String| {
        rpassword::prompt_password(question).map_err(|error| SignerError::NoTerminal(name.to_owned(), error))
    };
    let phrase = asked(format!("[{name}] seed phrase: "))?;
    let phrase = checked(&phrase)?;
    let passphrase = asked(format!("[{name}] passphrase of this seed phrase, Enter for none: "))?;
    derive(&phrase, &passphrase, derivation)
}

/// The words with one space between them.
fn checked(phrase: &str) -> Result<String, SignerError> {
    let words: Vec<_> = phrase.split_whitespace().collect();
    let phrase = words.join(" ");
    match Mnemonic::parse_in_normalized(Language::English, &phrase) {
        Ok(_) => Ok(phrase),
        // The cause can name a word; it says nothing that is not on the user's own paper.
        Err(error) => Err(SignerError::BadPhrase(error.to_string())),
    }
}

fn derive(phrase: &str, passphrase: &str, derivation: &Derivation) -> Result<Keypair, SignerError> {
    let pair = match derivation {
        Derivation::Legacy => keypair_from_seed_phrase_and_passphrase(phrase, passphrase),
        Derivation::Path(path) => {
            let seed = generate_seed_from_seed_phrase_and_passphrase(phrase, passphrase);
            keypair_from_seed_and_derivation_path(&seed, path.clone())
        }
    };
    pair.map_err(|error| SignerError::BadPhrase(error.to_string()))
}

#[cfg(test)]
mod tests {
    use {super::*, solana_derivation_path::DerivationPath, solana_signer::Signer};

    const PHRASE: &str =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    fn key(derivation: &Derivation) -> String {
        let pair = derive(PHRASE, "", derivation).expect("a key");
        pair.pubkey().to_string()
    }

    #[test]
    fn a_phrase_gives_the_keys_that_wallets_show_for_it() {
        // The address that Phantom and Solflare show for the test phrase of BIP-39.
        let path = DerivationPath::new_bip44(Some(0), Some(0));
        assert_eq!(
            key(&Derivation::Path(Some(path))),
            "HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk"
        );
        let all = [Derivation::Legacy, Derivation::Path(None)].map(|derivation| key(&derivation));
        assert_ne!(all[0], all[1]);
    }

    #[test]
    fn words_are_checked_and_spaces_are_not() {
        let spaced = PHRASE.replace(' ', "  ");
        assert_eq!(checked(&spaced).expect("a phrase"), PHRASE);
        assert!(checked("abandon about").is_err());
        let wrong_checksum = PHRASE.replace("about", "abandon");
        assert!(checked(&wrong_checksum).is_err());
    }
}
