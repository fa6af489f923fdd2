//! What a grant was paid, from the transactions that paid it.
//!
//! Every claim says how much the grant had claimed with it, and the grant says how much it has claimed in all: so it is
//! seen if an endpoint leaves a payment out, however many other transactions name the grant.

use {
    super::{Client, ClientError, read::REQUESTS_AT_ONCE},
    crate::wire::events::Event,
    earnout::events::GrantClaimed,
    futures_util::{StreamExt, stream},
    serde_json::Value,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{
        collections::{BTreeMap, HashSet},
        str::FromStr,
    },
};

/// A payment and the transaction that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The event. Its time is the chain's.
    pub claim: GrantClaimed,
    /// The transaction.
    pub signature: Signature,
}

/// What a grant was paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payments {
    /// The oldest first.
    pub found: Vec<Payment>,
    /// Paid out by the vault, and no transaction found for it, base units.
    pub missing: u64,
}

impl Client {
    /// The payments to `grant`, which has `claimed` so many base units. Only transactions that name the grant are read,
    /// and no more of them than it takes.
    ///
    /// # Errors
    /// If the endpoint does not list transactions. What it leaves out, or does not give, is [`Payments::missing`].
    pub async fn payments(&self, grant: &Pubkey, claimed: u64) -> Result<Payments, ClientError> {
        let mut claims = BTreeMap::new();
        let mut listed = HashSet::new();
        let mut before = None;
        loop {
            let payments = chained(&claims, claimed);
            if payments.missing == 0 {
                return Ok(payments);
            }
            let page = self.list(grant, before, None).await?;
            let mut fresh = Vec::new();
            let mut last = None;
            for entry in &page {
                let Some(signature) = signature(entry).filter(|signature| listed.insert(*signature)) else {
                    continue;
                };
                last = Some(signature);
                // One that failed paid nothing.
                if entry["err"].is_null() {
                    fresh.push(signature);
                }
            }
            let requests = fresh
                .into_iter()
                .map(|signature| async move { (signature, self.told(signature).await) });
            let mut answers = stream::iter(requests).buffered(REQUESTS_AT_ONCE);
            let (mut asked, mut answered) = (false, false);
            while let Some((signature, answer)) = answers.next().await {
                asked = true;
                let Ok(told) = answer else {
                    continue;
                };
                answered = true;
                for event in told.events {
                    if let Event::GrantClaimed(claim) = event
                        && claim.grant == *grant
                    {
                        claims.entry(claim.claimed).or_insert(Payment {
                            claim: *claim,
                            signature,
                        });
                    }
                }
            }
            // A page without anything new is the last one. An endpoint can make up signatures without end: one that has
            // none of those that it lists is not followed.
            match last {
                Some(last) if answered || !asked => before = Some(last),
                _ => return Ok(chained(&claims, claimed)),
            }
        }
    }
}

fn signature(entry: &Value) -> Option<Signature> {
    Signature::from_str(entry["signature"].as_str()?).ok()
}

/// The claims, by what the grant had claimed with each, that follow on another from the first on; of `claimed` base
/// units those are missing that no claim accounts for. One that overlaps another is not believed.
fn chained(claims: &BTreeMap<u64, Payment>, claimed: u64) -> Payments {
    let mut payments = Payments {
        found: Vec::new(),
        missing: claimed,
    };
    let mut reached = 0;
    for (with_it, payment) in claims.range(..=claimed) {
        let without_it = with_it.checked_sub(payment.claim.amount);
        let missing = payments.missing.checked_sub(payment.claim.amount);
        if let (Some(without_it), Some(missing)) = (without_it, missing)
            && without_it >= reached
        {
            reached = *with_it;
            payments.missing = missing;
            payments.found.push(payment.clone());
        }
    }
    payments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(all: &[(u64, u64)]) -> BTreeMap<u64, Payment> {
        let payment = |(amount, claimed): &(u64, u64)| {
            let claim = GrantClaimed {
                plan: Pubkey::default(),
                time: 0,
                sequence: 0,
                grant: Pubkey::default(),
                beneficiary: Pubkey::default(),
                claimant: Pubkey::default(),
                destination: Pubkey::default(),
                amount: *amount,
                received: *amount,
                claimed: *claimed,
                plan_owed: 0,
                vault_balance: 0,
            };
            let signature = Signature::default();
            (*claimed, Payment { claim, signature })
        };
        all.iter().map(payment).collect()
    }

    #[test]
    fn what_is_left_out_or_made_up_is_missing() {
        for (told, claimed, found, missing) in [
            (&[][..], 0, 0, 0),
            (&[], 7, 0, 7),
            (&[(10, 10), (5, 15)], 15, 2, 0),
            // The last one, the first one, one between.
            (&[(10, 10)], 15, 1, 5),
            (&[(5, 15)], 15, 1, 10),
            (&[(10, 10), (1, 16)], 16, 2, 5),
            // More than the grant has claimed, more than was claimed with it, and twice the same tokens.
            (&[(10, 10), (5, 15)], 10, 1, 0),
            (&[(11, 10)], 10, 0, 10),
            (&[(10, 10), (10, 15)], 15, 1, 5),
            (&[(u64::MAX, u64::MAX)], u64::MAX, 1, 0),
        ] {
            let payments = chained(&claims(told), claimed);
            assert_eq!(
                (payments.found.len(), payments.missing),
                (found, missing),
                "{told:?} of {claimed}"
            );
        }
    }
}
