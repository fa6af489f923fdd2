//! Which form of transactions is sent: the one place that decides it.
//!
//! Version 1 goes out where the cluster has it, the endpoint takes it, and everybody who signs can; elsewhere version
//! 0. The cluster says it in the account of its feature, and the endpoint by simulating a transaction that does
//! nothing. Nothing is signed to find out, so whatever an endpoint answers, nothing can be executed twice: one that
//! says yes and then does not carry it leaves transactions that expire, as any other fault of an endpoint does.

use {
    super::{Client, ClientError, Limits, Submission, is_vacant},
    crate::send::Version,
    solana_account::Account,
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_hash::Hash,
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::{client_error, request::RpcError},
    solana_signer::{Signer, null_signer::NullSigner},
    solana_transaction_error::TransactionError,
    std::str::FromStr,
};

/// The account that says since when the cluster executes transactions of version 1 (SIMD-0385).
pub const VERSION_1_FEATURE: Pubkey = Pubkey::from_str_const("txv1aq4pp281K9um3tnPgkfX8UqtFT6wcVW3hNezGLL");

/// Owner of the accounts of features.
pub const FEATURES: Pubkey = Pubkey::from_str_const("Feature111111111111111111111111111111111111");

/// Which transactions a client sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// The newest that cluster, endpoint and signers have.
    #[default]
    Auto,
    /// This one.
    Only(Version),
}

impl FromStr for Versions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "0" => Ok(Self::Only(Version::Zero)),
            "1" => Ok(Self::Only(Version::One)),
            _ => Err("expected auto, 0 or 1".to_owned()),
        }
    }
}

impl Versions {
    /// The newest of these forms that all `signers` sign: a hardware wallet refuses version 1.
    ///
    /// # Errors
    /// If only version 1 will do, and somebody cannot sign it.
    pub fn signed_by(self, signers: &[&dyn Signer]) -> Result<Version, ClientError> {
        let wallet = signers.iter().find(|signer| signer.is_interactive());
        match (self, wallet) {
            (Self::Only(Version::One), Some(wallet)) => Err(ClientError::OldSigner(wallet.pubkey())),
            (Self::Only(version), _) => Ok(version),
            (Self::Auto, Some(_)) => Ok(Version::Zero),
            (Self::Auto, None) => Ok(Version::One),
        }
    }
}

impl Client {
    /// The form of transactions that `signers` sign and this cluster executes. That it is version 1 is asked for once.
    ///
    /// # Errors
    /// If version 1 is wanted and somebody cannot sign it, or the endpoint does not answer.
    pub async fn version(&self, signers: &[&dyn Signer]) -> Result<Version, ClientError> {
        let newest = self.versions.signed_by(signers)?;
        if newest == Version::Zero || self.versions != Versions::Auto || self.takes_version_1.get().is_some() {
            return Ok(newest);
        }
        match self.has_version_1().await? && self.simulates_version_1().await? {
            true => {
                // That it is set already says the same.
                let _ = self.takes_version_1.set(());
                Ok(Version::One)
            }
            // It may come: a daemon runs for months.
            false => Ok(Version::Zero),
        }
    }

    /// Whether the cluster says that it executes version 1.
    async fn has_version_1(&self) -> Result<bool, ClientError> {
        let account = self.account(&VERSION_1_FEATURE).await?;
        Ok(account.is_some_and(|account| is_active(&account)))
    }

    /// Whether the endpoint reads version 1: it simulates an instruction that does nothing. The payer need not exist.
    async fn simulates_version_1(&self) -> Result<bool, ClientError> {
        let nobody = NullSigner::new(&VERSION_1_FEATURE);
        let nothing = ComputeBudgetInstruction::set_compute_unit_limit(0);
        let mut submission = Submission::new(vec![nothing], &nobody);
        submission.version = Version::One;
        let message = submission.message(Hash::default(), Some(Limits::MOST))?;
        match self.simulated(message, None).await {
            Ok(result) => Ok(match result.err.map(TransactionError::from) {
                // Whatever an account is refused for, the transaction was understood.
                None | Some(TransactionError::AccountNotFound | TransactionError::InvalidAccountForFee) => true,
                Some(TransactionError::InsufficientFundsForFee) => true,
                Some(_) => false,
            }),
            Err(ClientError::Rpc { cause, .. }) if is_answer(&cause) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether a feature's account says that it was activated: a 1, and the slot of that.
fn is_active(account: &Account) -> bool {
    account.owner == FEATURES && !is_vacant(account) && account.data.len() == 9 && account.data.first() == Some(&1)
}

/// Whether the endpoint answered, with a refusal.
fn is_answer(error: &client_error::Error) -> bool {
    matches!(
        error.kind(),
        client_error::ErrorKind::RpcError(RpcError::RpcResponseError { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_activated_feature_counts() {
        let account = |owner: Pubkey, data: &[u8]| Account {
            lamports: 1,
            data: data.to_vec(),
            owner,
            ..Account::default()
        };
        let activated = [1, 9, 0, 0, 0, 0, 0, 0, 0];
        assert!(is_active(&account(FEATURES, &activated)));
        let requested = [0; 9];
        let longer = [&activated[..], &[0]].concat();
        for data in [&requested[..], &activated[..8], &longer, &[]] {
            assert!(!is_active(&account(FEATURES, data)), "{data:?}");
        }
        assert!(!is_active(&account(Pubkey::default(), &activated)));
    }

    #[test]
    fn versions_are_named_by_their_number() {
        let read = |text: &str| text.parse::<Versions>().ok();
        assert_eq!(read("auto"), Some(Versions::Auto));
        assert_eq!(read("0"), Some(Versions::Only(Version::Zero)));
        assert_eq!(read("1"), Some(Versions::Only(Version::One)));
        for wrong in ["2", "", "legacy", "V1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
