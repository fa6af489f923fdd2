//! What of the rows depends on the chain: time, funds, and what is there already.

use {
    super::{super::existing, table::Row},
    crate::{
        context::token::{Token, sol},
        fault::Fault,
        shown::text::either,
    },
    earnout::{
        error::EarnoutError,
        state::{Grant, Plan},
    },
    earnout_sdk::{
        client::{Client, bulk, token::holding},
        report::projection,
        terms::{self, plan_file::Mistake},
        text::amount::{count, counted},
    },
    solana_account::Account,
    solana_program::pubkey::Pubkey,
    std::collections::{BTreeSet, HashMap},
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
    /// Numbers of grants that earlier runs made for rows of the file.
    pub made: &'a BTreeSet<u32>,
    /// Numbers of grants that earlier runs made for rows which the file does not have any more.
    pub replaced: &'a BTreeSet<u32>,
    /// Unix seconds.
    pub now: i64,
}

impl Chain<'_> {
    /// Everything that is wrong with `rows`, which are not made yet. `again`: that a beneficiary has a grant of the
    /// plan already is meant.
    pub fn check(&self, rows: &[&Row], again: bool) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut existing: HashMap<&Pubkey, Vec<&Grant>> = HashMap::new();
        let others = self.grants.iter().map(|(_, grant)| grant);
        // The file's own grants are the rows that came before these.
        for grant in others.filter(|grant| !again && !self.made.contains(&grant.index)) {
            existing.entry(&grant.beneficiary).or_default().push(grant);
        }
        let mut reserve = 0u128;
        for row in rows {
            match terms::grant(self.plan, &row.args, self.now) {
                Ok(grant) => reserve = reserve.saturating_add(u128::from(grant.reserved)),
                Err(error) => {
                    let what = terms::message(&error);
                    let begun = what == terms::message(&EarnoutError::PeriodBegun.into());
                    let (field, more) = if begun {
                        ("first_period", self.next(row))
                    } else {
                        ("", String::new())
                    };
                    mistakes.push(of_line(row.line, field, what + &more));
                }
            }
            let theirs = existing
                .get(&row.args.beneficiary)
                .map(Vec::as_slice)
                .unwrap_or_default();
            if let Some(grant) = theirs.iter().find(|grant| bulk::same_terms(grant, &row.args)) {
                let what = format!(
                    "grant {} of the plan has the same beneficiary and terms already; if another one is meant, say --again",
                    grant.index
                );
                mistakes.push(of_line(row.line, "", what));
            } else if let Some(grant) = theirs.iter().find(|grant| self.replaced.contains(&grant.index)) {
                let what = format!(
                    "grant {} was made for this beneficiary by an earlier run, from a line that was changed since: the terms \
                     of a grant cannot change; put the line back, or if another grant is meant, say --again",
                    grant.index
                );
                mistakes.push(of_line(row.line, "", what));
            } else if !theirs.is_empty() {
                let theirs: Vec<_> = theirs
                    .iter()
                    .map(|grant| existing::sentence(self.plan, grant, self.token))
                    .collect();
                let what = format!(
                    "the beneficiary has a grant of the plan already, {}; if another one is meant, say --again",
                    theirs.join(", and ")
                );
                mistakes.push(of_line(row.line, "", what));
            }
        }
        let left = self.plan.max_grants.saturating_sub(self.plan.grant_counter);
        if u32::try_from(rows.len()).map_or(true, |rows| rows > left) {
            let what = format!(
                "{} {} to be made, and the plan may have {} more of {}",
                counted(rows.len(), "grant"),
                either(rows.len(), "is", "are"),
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

    /// Which period of the row has begun, and which one is the first that has not.
    fn next(&self, row: &Row) -> String {
        let schedule = projection::schedule(self.plan).unwrap_or_default();
        let next = schedule.iter().find(|times| times.start > self.now);
        match next.map(|times| times.period) {
            Some(next) => format!(" It is {}, and the next one is {next}.", row.args.first_period),
            None => " All periods of the plan have begun.".to_owned(),
        }
    }
}

/// Beneficiaries that are not wallets but accounts of some program, which could never sign.
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

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable, earnout::instructions::CreateGrantArgs};

    const BENEFICIARY: Pubkey = Pubkey::new_from_array([7; 32]);

    fn row(allocation: u64) -> Row {
        Row {
            line: 2,
            name: None,
            args: CreateGrantArgs {
                grant_index: 0,
                beneficiary: BENEFICIARY,
                allocation,
                unit_allocation: 0,
                first_period: 0,
                periods: 4,
                cliff_periods: 0,
                time_weight: 10_000,
                kpi_weights: Vec::new(),
                revocable: false,
                transferable: false,
            },
        }
    }

    fn grant(index: u32, allocation: u64) -> (Pubkey, Grant) {
        let mut grant = Grant::zeroed();
        grant.index = index;
        grant.beneficiary = BENEFICIARY;
        grant.allocation = allocation;
        grant.periods = 4;
        grant.time_weight = 10_000;
        (Pubkey::new_unique(), grant)
    }

    /// What is said of a row for `allocation` about grants that exist, of which earlier runs made some.
    fn said(allocation: u64, grants: &[(Pubkey, Grant)], [made, replaced]: [&[u32]; 2], again: bool) -> Vec<String> {
        let token = Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
            decimals: 0,
        };
        let chain = Chain {
            plan: &Plan::zeroed(),
            token: &token,
            grants,
            vault: 0,
            made: &made.iter().copied().collect(),
            replaced: &replaced.iter().copied().collect(),
            now: 0,
        };
        let row = row(allocation);
        let said = chain.check(&[&row], again).into_iter().map(|mistake| mistake.what);
        said.filter(|what| what.contains("--again")).collect()
    }

    #[test]
    fn a_period_that_has_begun_is_told_with_the_next_one() {
        let mut plan = Plan::zeroed();
        (plan.start_ts, plan.cadence_length, plan.period_count) = (1_000, 100, 6);
        (plan.max_grants, plan.max_allocation, plan.enrolment_end) = (9, 100, 2_000);
        let token = Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
            decimals: 0,
        };
        let chain = Chain {
            plan: &plan,
            token: &token,
            grants: &[],
            vault: 1_000,
            made: &BTreeSet::new(),
            replaced: &BTreeSet::new(),
            now: 1_150,
        };
        let mistakes = chain.check(&[&row(10)], false);
        let said: Vec<_> = mistakes
            .into_iter()
            .map(|mistake| (mistake.field, mistake.what))
            .collect();
        let expected = "The first period has begun already. Begin with a later one. It is 0, and the next one is 2.";
        assert_eq!(said, [("first_period".to_owned(), expected.to_owned())]);
    }

    #[test]
    fn every_grant_of_a_beneficiary_is_compared() {
        let grants = [grant(0, 10), grant(1, 20), grant(2, 30)];
        for (allocation, number) in [(10, 0), (20, 1), (30, 2)] {
            let said = said(allocation, &grants, [&[], &[]], false);
            assert!(
                said[0].starts_with(&format!("grant {number} of the plan has the same")),
                "{said:?}"
            );
        }
        assert_eq!(said(10, &grants, [&[], &[]], true), [""; 0]);
    }

    #[test]
    fn other_terms_are_another_grant_for_the_same_beneficiary() {
        let grants = [grant(0, 10), grant(1, 20)];
        let refused = said(40, &grants, [&[], &[]], false);
        assert!(
            refused[0].starts_with("the beneficiary has a grant of the plan already, grant 0: 10 tokens")
                && refused[0].contains(", and grant 1: 20 tokens"),
            "{refused:?}"
        );
        assert_eq!(said(40, &grants, [&[], &[]], true), [""; 0]);
        // What earlier runs of the same file made is no reason against its other rows.
        assert_eq!(said(40, &grants, [&[0, 1], &[]], false), [""; 0]);
        assert_eq!(said(40, &grants, [&[0], &[]], false).len(), 1);
    }

    #[test]
    fn a_line_that_was_changed_after_its_grant_was_made_is_refused() {
        let grants = [grant(0, 10), grant(1, 20)];
        let refused = said(25, &grants, [&[], &[1]], false);
        assert!(
            refused[0].starts_with("grant 1 was made for this beneficiary"),
            "{refused:?}"
        );
        assert_eq!(said(25, &grants, [&[], &[1]], true), [""; 0]);
    }
}
