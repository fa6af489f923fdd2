//! What of the rows depends on the chain: time, funds, and what is there already.

use {
    super::table::Row,
    crate::{
        fault::Fault,
        token::{Token, holding, sol},
    },
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        amount::count,
        client::{Client, bulk},
        plan_file::Mistake,
        terms,
    },
    solana_account::Account,
    solana_program::pubkey::Pubkey,
    std::collections::HashMap,
};

/// Owner of wallets.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);

/// What the rows are checked against.
pub struct Chain<'a> {
    pub plan: &'a Plan,
    pub token: &'a Token,
    /// The plan's open grants.
    pub grants: &'a [(Pubkey, Grant)],
    /// Base units in the vault.
    pub vault: u64,
    /// Unix seconds.
    pub now: i64,
}

impl Chain<'_> {
    /// Everything that is wrong with `rows`, which are not made yet. `again`: that a grant with the same terms exists is
    /// meant.
    pub fn check(&self, rows: &[&Row], again: bool) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let existing: HashMap<&Pubkey, &Grant> = match again {
            true => HashMap::new(),
            false => self
                .grants
                .iter()
                .map(|(_, grant)| (&grant.beneficiary, grant))
                .collect(),
        };
        let mut reserve = 0u128;
        for row in rows {
            match terms::grant(self.plan, &row.args, self.now) {
                Ok(grant) => reserve = reserve.saturating_add(u128::from(grant.reserved)),
                Err(error) => mistakes.push(of_line(row.line, "", terms::message(&error))),
            }
            let same = existing.get(&row.args.beneficiary);
            if let Some(grant) = same.filter(|grant| bulk::same_terms(grant, &row.args)) {
                let what = format!(
                    "grant {} of the plan has the same beneficiary and terms already; if another one is meant, say --again",
                    grant.index
                );
                mistakes.push(of_line(row.line, "", what));
            }
        }
        let left = self.plan.max_grants.saturating_sub(self.plan.grant_counter);
        if u32::try_from(rows.len()).map_or(true, |rows| rows > left) {
            let what = format!(
                "{} grants are to be made, and the plan may have {} more of {}",
                count(rows.len()),
                count(left),
                count(self.plan.max_grants)
            );
            mistakes.push(of_file(what));
        }
        // A vault that holds less than it owes has no surplus.
        let surplus = self.plan.surplus(self.vault).unwrap_or_default();
        if let Some(missing) = reserve.checked_sub(u128::from(surplus)).filter(|missing| *missing > 0) {
            let missing = u64::try_from(missing).unwrap_or(u64::MAX);
            let what = format!(
                "the grants need {} tokens in the vault, which has {} that are not reserved; fund {} more with `earnout \
                 plan fund`, in the same breath, because what is not reserved is the authority's",
                self.token.amount(u64::try_from(reserve).unwrap_or(u64::MAX)),
                self.token.amount(surplus),
                self.token.amount(missing)
            );
            mistakes.push(of_file(what));
        }
        mistakes
    }
}

/// Beneficiaries that are no wallets but accounts of some program, which could never sign.
///
/// # Errors
/// If the endpoint does not answer.
pub async fn strange_beneficiaries(client: &Client, rows: &[&Row]) -> Result<Vec<Mistake>, Fault> {
    let keys: Vec<_> = rows.iter().map(|row| row.args.beneficiary).collect();
    let accounts = client.accounts(&keys).await?;
    let strange = rows.iter().zip(accounts).filter_map(|(row, account)| {
        let what = kind(&account?)?;
        let what = format!("{} is {what}, not a wallet", row.args.beneficiary);
        Some(of_line(row.line, "beneficiary", what))
    });
    Ok(strange.collect())
}

/// What an account is, unless it is a wallet.
fn kind(account: &Account) -> Option<String> {
    if account.owner == SYSTEM {
        return None;
    }
    Some(if account.executable {
        "a program".to_owned()
    } else if let Some(holding) = holding(account) {
        format!("a token account of {}", holding.owner)
    } else {
        format!("an account of the program {}", account.owner)
    })
}

/// That the payer cannot pay.
pub fn check_balance(payer: &Pubkey, balance: u64, rent: u64, fees: u64) -> Result<(), Fault> {
    let needed = rent.saturating_add(fees);
    if balance >= needed {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{payer} has {} SOL and needs {} SOL",
        sol(balance),
        sol(needed)
    ))
    .why(format!(
        "{} SOL of rent, which comes back when the grants are closed, and {} SOL of fees",
        sol(rent),
        sol(fees)
    ))
    .advice("send SOL to it, or name another payer with --fee-payer"))
}

fn of_line(line: usize, field: &str, what: String) -> Mistake {
    Mistake {
        line: Some(line),
        field: field.to_owned(),
        what,
    }
}

fn of_file(what: String) -> Mistake {
    Mistake {
        line: None,
        field: String::new(),
        what,
    }
}
