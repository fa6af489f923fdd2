//! Reading what price feeds publish.

use {
    super::{Client, ClientError},
    crate::{report::projection::ProjectionError, todo::observing::UpdateAccount},
    earnout::{price_update::PriceUpdate, state::Receiver},
    solana_account::Account,
    solana_program::pubkey::Pubkey,
};

impl Client {
    /// The update of a price feed in the account at `address`, which `receiver` must have written and fully verified;
    /// and the account.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no such update.
    pub async fn price_update(
        &self,
        address: &Pubkey,
        receiver: Receiver,
    ) -> Result<(PriceUpdate, UpdateAccount), ClientError> {
        let account = self.account(address).await?.ok_or(ClientError::NotFound {
            what: "price update",
            address: *address,
        })?;
        let account = UpdateAccount::new(*address, account);
        let wrong = |why: String| ClientError::NoPriceUpdate { address: *address, why };
        if account.owner != receiver.program() {
            let (owner, receiver) = (account.owner, receiver.program());
            return Err(wrong(format!("its owner is {owner}, not the receiver {receiver}")));
        }
        let update = PriceUpdate::of(&account.data).map_err(|error| wrong(ProjectionError::from(error).to_string()))?;
        Ok((update, account))
    }

    /// The accounts at `addresses`, whatever they hold, none where there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn update_accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<UpdateAccount>>, ClientError> {
        let accounts = self.accounts(addresses).await?;
        let found = addresses.iter().zip(accounts);
        Ok(found
            .map(|(address, account)| Some(UpdateAccount::new(*address, account?)))
            .collect())
    }
}

impl UpdateAccount {
    /// The account at `address`.
    pub fn new(address: Pubkey, account: Account) -> Self {
        Self {
            address,
            owner: account.owner,
            data: account.data,
        }
    }
}
