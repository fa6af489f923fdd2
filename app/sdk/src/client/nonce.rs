//! What a transaction's lifetime rests on: blockhashes, and durable nonces.

use {
    super::{Client, ClientError},
    solana_account::Account,
    solana_hash::Hash,
    solana_nonce::{state::State, versions::Versions},
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
    /// The nonce that `account` holds, if it is one of the current version and initialized.
    pub fn of_account(account: &Account) -> Option<Self> {
        let data = Some(&account.data).filter(|_| account.owner == solana_system_interface::program::ID)?;
        let Ok(Versions::Current(state)) = bincode::deserialize(data) else {
            return None;
        };
        match *state {
            State::Initialized(data) => Some(Self {
                authority: data.authority,
                value: data.blockhash(),
            }),
            State::Uninitialized => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_initialized_accounts_of_the_current_version_are_nonces() {
        let of = |data: &[u8]| {
            Nonce::of_account(&Account {
                data: data.to_vec(),
                ..Account::default()
            })
        };
        let mut data = vec![1, 0, 0, 0, 1, 0, 0, 0];
        data.extend([7; 32]);
        data.extend([8; 32]);
        data.extend(5_000u64.to_le_bytes());
        let nonce = of(&data).expect("a nonce");
        assert_eq!(nonce.authority, Pubkey::new_from_array([7; 32]));
        assert_eq!(nonce.value, Hash::new_from_array([8; 32]));
        for (at, what) in [(4, "not initialized"), (0, "an older version")] {
            let mut data = data.clone();
            data[at] = 0;
            assert_eq!(of(&data), None, "{what}");
        }
        assert_eq!(of(&data[..8]), None, "cut short");
    }
}
