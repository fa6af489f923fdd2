//! A plan at an address, open or closed.

use {
    super::{Client, ClientError, read},
    crate::wire::accounts,
    earnout::state::{ClosedPlan, Plan},
    solana_program::pubkey::Pubkey,
};

/// A plan at an address, or what is left of it.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Open(Box<Plan>),
    Closed(ClosedPlan),
}

impl Found {
    /// How many events the plan has counted.
    pub(super) fn counted(&self) -> u64 {
        match self {
            Self::Open(plan) => plan.event_sequence,
            Self::Closed(mark) => mark.event_sequence,
        }
    }
}

impl Client {
    /// Whether there was a plan at `address` that was closed.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there never was a plan at the address.
    pub async fn is_closed_plan(&self, address: &Pubkey) -> Result<bool, ClientError> {
        Ok(matches!(self.find_plan(address).await?, Found::Closed(_)))
    }

    pub(super) async fn find_plan(&self, address: &Pubkey) -> Result<Found, ClientError> {
        let account = self.account(address).await?;
        let ours = account.as_ref().filter(|account| account.owner == crate::ID);
        match ours.and_then(|account| accounts::closed_plan(&account.data).ok()) {
            Some(mark) => Ok(Found::Closed(mark)),
            None => Ok(Found::Open(Box::new(read::owned(address, account)?))),
        }
    }
}
