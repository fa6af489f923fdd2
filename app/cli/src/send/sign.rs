//! Signing a message with those who are here, and what is still missing.

use {
    super::Outgoing,
    crate::{fault::Fault, shown::fields::Fields},
    base64::{Engine, engine::general_purpose::STANDARD},
    serde::Serialize,
    solana_hash::Hash,
    solana_message::VersionedMessage,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::{PresignerError, Signer, SignerError},
    solana_transaction::versioned::VersionedTransaction,
    std::fmt,
};

/// The signatures of a message, in the order in which it asks for them.
pub(super) struct Signatures(Vec<(Pubkey, State)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Signed(Signature),
    /// Signs elsewhere.
    Absent,
    /// The signature that was brought is not of this message.
    Bad,
}

impl Signatures {
    /// Has `message` signed by those of `signers` that it asks for.
    ///
    /// # Errors
    /// If a signer refuses, or nobody stands for a key that has to sign.
    pub fn collect(message: &VersionedMessage, signers: &[&dyn Signer]) -> Result<Self, Fault> {
        let bytes = message.serialize();
        let needed = usize::from(message.header().num_required_signatures);
        let keys = message.static_account_keys().iter().take(needed);
        let states = keys.map(|key| Ok((*key, state(&bytes, key, signers)?)));
        Ok(Self(states.collect::<Result<_, Fault>>()?))
    }

    /// The transaction.
    ///
    /// # Errors
    /// If a signature is missing, or of another message.
    pub fn complete(&self, message: VersionedMessage) -> Result<VersionedTransaction, Fault> {
        let bad = self.keys(State::Bad);
        if !bad.is_empty() {
            return Err(Fault::new(format!("the signature of {} is of another message", bad.join(" and ")))
                .why(
                    "all who sign must agree on blockhash, fee payer, compute limits, latest time and arguments; nothing was \
                     sent",
                )
                .advice(
                    "compare the --dump-transaction-message of both commands, and sign again; --not-after names the time \
                     that another command showed as valid until",
                ));
        }
        let absent = self.keys(State::Absent);
        if !absent.is_empty() {
            return Err(Fault::new(format!("the signature of {} is missing", absent.join(" and ")))
                .why("nothing was sent")
                .advice(
                    "bring it with --signer PUBKEY=SIGNATURE (--sign-only makes it), or name the key instead of its address",
                ));
        }
        let signatures = self.0.iter().filter_map(|(_, state)| match state {
            State::Signed(signature) => Some(*signature),
            _ => None,
        });
        Ok(VersionedTransaction {
            signatures: signatures.collect(),
            message,
        })
    }

    fn keys(&self, wanted: State) -> Vec<String> {
        let found = self.0.iter().filter(|(_, state)| *state == wanted);
        found.map(|(key, _)| key.to_string()).collect()
    }
}

fn state(message: &[u8], key: &Pubkey, signers: &[&dyn Signer]) -> Result<State, Fault> {
    let mut state = None;
    for signer in signers.iter().filter(|signer| signer.pubkey() == *key) {
        match signer.try_sign_message(message) {
            Ok(signature) if signature != Signature::default() => return Ok(State::Signed(signature)),
            Ok(_) => state = state.or(Some(State::Absent)),
            Err(SignerError::PresignerError(PresignerError::VerificationFailure)) => state = Some(State::Bad),
            Err(error) => return Err(Fault::new(format!("{key} did not sign")).why(error)),
        }
    }
    state.ok_or_else(|| Fault::new(format!("{key} has to sign, and no option names a signer with that key")))
}

/// What `--sign-only` shows, with the field names of Solana's tools.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignOnly {
    blockhash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// `PUBKEY=SIGNATURE`.
    signers: Vec<String>,
    absent: Vec<String>,
    bad_sig: Vec<String>,
    #[serde(flatten)]
    facts: Fields,
}

impl fmt::Display for SignOnly {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Blockhash: {}", self.blockhash)?;
        if let Some(message) = &self.message {
            write!(out, "\nTransaction message: {message}")?;
        }
        let lists = [
            ("Signers (PUBKEY=SIGNATURE)", &self.signers),
            ("Absent signers", &self.absent),
            ("Signatures of another message", &self.bad_sig),
        ];
        for (name, keys) in lists {
            if !keys.is_empty() {
                write!(out, "\n{name}:")?;
                keys.iter().try_for_each(|key| write!(out, "\n  {key}"))?;
            }
        }
        Ok(())
    }
}

impl Outgoing<'_> {
    /// Shows the signatures of those who are here.
    pub(super) fn sign_only(
        &self,
        message: &VersionedMessage,
        hash: &Hash,
        signers: &[&dyn Signer],
        facts: Fields,
    ) -> Result<(), Fault> {
        let signatures = Signatures::collect(message, signers)?;
        let signed = signatures.0.iter().filter_map(|(key, state)| match state {
            State::Signed(signature) => Some(format!("{key}={signature}")),
            _ => None,
        });
        let dumped = self
            .args
            .dump_transaction_message
            .then(|| STANDARD.encode(message.serialize()));
        self.app.output().show(&SignOnly {
            blockhash: hash.to_string(),
            message: dumped,
            signers: signed.collect(),
            absent: signatures.keys(State::Absent),
            bad_sig: signatures.keys(State::Bad),
            facts,
        })
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        solana_keypair::Keypair,
        solana_message::v0,
        solana_presigner::Presigner,
        solana_program::instruction::{AccountMeta, Instruction},
        solana_signer::null_signer::NullSigner,
    };

    fn message(payer: &Pubkey, other: &Pubkey) -> VersionedMessage {
        let instruction = Instruction {
            program_id: earnout_sdk::ID,
            accounts: vec![AccountMeta::new_readonly(*other, true)],
            data: vec![1],
        };
        let message = v0::Message::try_compile(payer, &[instruction], &[], Hash::new_unique());
        VersionedMessage::V0(message.expect("a message"))
    }

    #[test]
    fn two_who_sign_apart_make_one_transaction() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let message = message(&payer.pubkey(), &other.pubkey());
        let absent = NullSigner::new(&other.pubkey());
        let first = Signatures::collect(&message, &[&payer, &absent]).expect("signed");
        let missing = first.complete(message.clone()).map_err(|fault| fault.to_string());
        let missing = missing.expect_err("one is missing");
        assert!(
            missing.contains(&format!("the signature of {} is missing", other.pubkey())),
            "{missing}"
        );

        let signature = other.sign_message(&message.serialize());
        let presigned = Presigner::new(&other.pubkey(), &signature);
        let both = Signatures::collect(&message, &[&payer, &presigned]).expect("signed");
        let transaction = both.complete(message.clone()).expect("complete");
        let keys = [payer.pubkey(), other.pubkey()];
        for (key, signature) in keys.iter().zip(&transaction.signatures) {
            assert!(signature.verify(key.as_ref(), &message.serialize()), "{key}");
        }
    }

    #[test]
    fn the_signature_of_another_message_is_refused() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let message = message(&payer.pubkey(), &other.pubkey());
        let presigned = Presigner::new(&other.pubkey(), &other.sign_message(b"another"));
        let signatures = Signatures::collect(&message, &[&payer, &presigned]).expect("collected");
        let refused = signatures.complete(message).map_err(|fault| fault.to_string());
        assert!(refused.expect_err("a bad signature").contains("is of another message"));
    }

    #[test]
    fn a_key_that_nobody_stands_for_is_named() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let message = message(&payer.pubkey(), &other.pubkey());
        let refused = Signatures::collect(&message, &[&payer])
            .map(|_| ())
            .map_err(|fault| fault.to_string());
        assert!(refused.expect_err("nobody").contains(&other.pubkey().to_string()));
    }
}
