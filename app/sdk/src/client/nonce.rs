//! What a transaction's lifetime rests on: blockhashes, and durable nonces.

use {
    super::{Client, ClientError},
    solana_account::Account,
    solana_hash::Hash,
    solana_program::pubkey::Pubkey,
};

/// An initialized nonce account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// Who may advance it.
    pub authority: Pubkey,
    /// What stands in place of a blockhash until it is advanced.
    pub value: Hash,
}

impl Client {
    /// The nonce account at `address`.
    ///
    /// # Errors
    /// If there is none, or the endpoint does not answer.
    pub async fn nonce(&self, address: &Pubkey) -> Result<Nonce, ClientError> {
        let what = "nonce account";
        let address = *address;
        let account = self.account(&address).await?;
        let account = account.ok_or(ClientError::NotFound { what, address })?;
        Nonce::of_account(&account).ok_or(ClientError::NotFound { what, address })
    }

    /// Whether transactions with this blockhash can still be executed.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn is_blockhash_valid(&self, hash: &Hash) -> Result<bool, ClientError> {
        let valid = self.rpc.is_blockhash_valid(hash, self.commitment).await;
        valid.map_err(ClientError::rpc("asking whether a blockhash is still valid"))
    }
}

impl Nonce {
    /// The nonce that `account` holds, if it is one and initialized.
    pub fn of_account(account: &Account) -> Option<Self> {
        Self::decode(&account.data).filter(|_| account.owner == solana_system_interface::program::ID)
    }

    /// Reads version and state (each a u32, 1 for the current version, 1 for initialized), the authority's 32 bytes, the
    /// nonce's 32 bytes.
    fn decode(data: &[u8]) -> Option<Self> {
        let (head, rest) = data.split_first_chunk::<8>()?;
        let (authority, rest) = rest.split_first_chunk::<32>()?;
        let value = rest.first_chunk::<32>()?;
        (head == &[1, 0, 0, 0, 1, 0, 0, 0]).then(|| Self {
            authority: Pubkey::new_from_array(*authority),
            value: Hash::new_from_array(*value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_initialized_accounts_of_the_current_version_are_nonces() {
        let mut data = vec![1, 0, 0, 0, 1, 0, 0, 0];
        data.extend([7; 32]);
        data.extend([8; 32]);
        data.extend(5_000u64.to_le_bytes());
        let nonce = Nonce::decode(&data).expect("a nonce");
        assert_eq!(nonce.authority, Pubkey::new_from_array([7; 32]));
        assert_eq!(nonce.value, Hash::new_from_array([8; 32]));
        data[4] = 0;
        assert_eq!(Nonce::decode(&data), None, "not initialized");
        assert_eq!(Nonce::decode(&[1, 0, 0, 0, 1, 0, 0, 0]), None, "cut short");
    }
}
