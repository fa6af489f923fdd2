//! That there is no page where an endpoint shows none.

use {
    super::{Client, ClientError, Recorded},
    crate::wire::events::Event,
    earnout::state::Plan,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeSet,
};

impl Client {
    /// Whether the endpoint leaves out one of the pages at `absent`, where it has shown none. `state` is what the plan
    /// holds. It is asked for all pages that the plan has counted; one that does not search, for what happened.
    ///
    /// # Errors
    /// `Incomplete` if it does, or does not tell enough to say; or if it does not answer.
    pub async fn require_absent(&self, plan: &Pubkey, state: &Plan, absent: &[Pubkey]) -> Result<(), ClientError> {
        if absent.is_empty() || state.open_pages == 0 {
            return Ok(());
        }
        let mut there = BTreeSet::new();
        match self.evaluations_of_plan(plan).await {
            Ok(found) => there.extend(found.into_iter().map(|(address, _)| address)),
            Err(ClientError::Incomplete(shortfall)) => return Err(ClientError::Incomplete(shortfall)),
            Err(_) => {
                for Recorded { event, .. } in self.events(plan).await? {
                    match (event.evaluation(), &event) {
                        (Some(page), Event::PageClosed(_)) => drop(there.remove(&page)),
                        (page, _) => there.extend(page),
                    }
                }
            }
        }
        match absent.iter().find(|page| there.contains(page)) {
            None => Ok(()),
            Some(page) => Err(ClientError::Incomplete(format!(
                "{} does not give the page {page}, which is there",
                self.endpoint()
            ))),
        }
    }
}
