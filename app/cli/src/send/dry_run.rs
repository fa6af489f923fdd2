//! What a transaction would do: logs, units, fee, rent, tokens.

use {
    super::Outgoing,
    crate::{
        context::token::{Amount, Token, sol},
        fault::Fault,
        shown::{fields::Fields, text::safe},
    },
    earnout_sdk::{
        client::{Changed, Simulated, Submission, token::holding},
        text::amount::count,
    },
    serde::Serialize,
    solana_account::Account,
    solana_program::pubkey::Pubkey,
    std::{cmp::Ordering, fmt},
};

/// What `--dry-run` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    dry_run: bool,
    compute_units: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compute_unit_limit: Option<u32>,
    /// Lamports.
    fee: u64,
    /// Lamports that new accounts lock, less those that closed ones free.
    rent: i128,
    accounts: Vec<AccountLine>,
    tokens: Vec<TokenLine>,
    logs: Vec<String>,
    #[serde(flatten)]
    facts: Fields,
}

/// An account whose lamports change.
#[derive(Serialize)]
struct AccountLine {
    address: String,
    /// Lamports.
    before: u64,
    after: u64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Created,
    Closed,
    Changed,
}

/// A token account whose balance changes.
#[derive(Serialize)]
struct TokenLine {
    account: String,
    mint: String,
    before: Amount,
    after: Amount,
}

impl fmt::Display for DryRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Dry run: nothing was sent.\n")?;
        write!(out, "Compute units  {}", count(self.compute_units))?;
        match self.compute_unit_limit {
            Some(limit) => writeln!(out, " of at most {}", count(limit))?,
            None => writeln!(out)?,
        }
        writeln!(out, "Fee            {} SOL", sol(self.fee))?;
        let rent = u64::try_from(self.rent.unsigned_abs()).unwrap_or(u64::MAX);
        let (sign, word) = if self.rent < 0 { ("-", " (returned)") } else { ("", "") };
        writeln!(out, "Rent           {sign}{} SOL{word}", sol(rent))?;
        if !self.accounts.is_empty() {
            writeln!(out, "\nSOL:")?;
        }
        for line in &self.accounts {
            let change = difference(line.before, line.after, sol);
            let note = match line.what {
                What::Created => "  (created)",
                What::Closed => "  (closed)",
                What::Changed => "",
            };
            writeln!(
                out,
                "  {}  {} -> {}  {change}{note}",
                line.address,
                sol(line.before),
                sol(line.after)
            )?;
        }
        if !self.tokens.is_empty() {
            writeln!(out, "\nTokens:")?;
        }
        for TokenLine {
            account, before, after, ..
        } in &self.tokens
        {
            let of_token = |base_units| Amount { base_units, ..*before };
            let change = difference(before.base_units, after.base_units, of_token);
            writeln!(out, "  {account}  {before} -> {after}  {change}")?;
        }
        write!(out, "\nLogs:")?;
        self.logs.iter().try_for_each(|line| write!(out, "\n  {}", safe(line)))
    }
}

/// The change with its sign.
fn difference(before: u64, after: u64, show: impl Fn(u64) -> Amount) -> String {
    match after.cmp(&before) {
        Ordering::Less => format!("-{}", show(before - after)),
        _ => format!("+{}", show(after - before)),
    }
}

impl Outgoing<'_> {
    /// Simulates and shows what would happen.
    ///
    /// # Errors
    /// If it would fail, or cannot be simulated.
    pub(super) async fn dry_run(&self, submission: &Submission<'_>, facts: Fields) -> Result<(), Fault> {
        let simulated = match self.app.client()?.simulate(submission).await {
            Ok(simulated) => simulated,
            Err(error) => return Err(self.explain(error, submission).await),
        };
        let tokens = self.tokens(&simulated.accounts).await?;
        let Simulated {
            compute_units,
            limits,
            fee,
            logs,
            accounts,
        } = simulated;
        self.app.output().show(&DryRun {
            dry_run: true,
            compute_units,
            compute_unit_limit: limits.map(|limits| limits.units),
            fee,
            rent: rent(&accounts),
            accounts: accounts.iter().filter_map(account_line).collect(),
            tokens,
            logs,
            facts,
        })
    }

    async fn tokens(&self, accounts: &[Changed]) -> Result<Vec<TokenLine>, Fault> {
        let mut lines = Vec::new();
        for changed in accounts {
            let holding_of = |account: &Option<Account>| account.as_ref().and_then(holding);
            let (before, after) = (holding_of(&changed.before), holding_of(&changed.after));
            let Some(mint) = before.or(after).map(|holding| holding.mint) else {
                continue;
            };
            let amounts = [before, after].map(|holding| holding.map_or(0, |holding| holding.amount));
            if amounts[0] != amounts[1] {
                lines.push(self.token_line(&changed.address, &mint, amounts).await?);
            }
        }
        Ok(lines)
    }

    async fn token_line(&self, account: &Pubkey, mint: &Pubkey, amounts: [u64; 2]) -> Result<TokenLine, Fault> {
        let token = Token::of_account(mint, self.account(mint).await?.as_ref())?;
        let [before, after] = amounts.map(|amount| token.amount(amount));
        Ok(TokenLine {
            account: account.to_string(),
            mint: mint.to_string(),
            before,
            after,
        })
    }
}

fn lamports(account: Option<&Account>) -> u64 {
    account.map_or(0, |account| account.lamports)
}

/// Lamports that new accounts lock, less those that closed ones free.
fn rent(accounts: &[Changed]) -> i128 {
    let opened_or_closed = accounts
        .iter()
        .filter(|changed| changed.before.is_none() != changed.after.is_none());
    let change = |changed: &Changed| {
        i128::from(lamports(changed.after.as_ref())) - i128::from(lamports(changed.before.as_ref()))
    };
    opened_or_closed.map(change).sum()
}

fn account_line(changed: &Changed) -> Option<AccountLine> {
    let (before, after) = (lamports(changed.before.as_ref()), lamports(changed.after.as_ref()));
    (before != after).then(|| AccountLine {
        address: changed.address.to_string(),
        before,
        after,
        what: match (before, after) {
            (0, _) => What::Created,
            (_, 0) => What::Closed,
            _ => What::Changed,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(before: u64, after: u64) -> Changed {
        let account = |lamports| {
            let account = Account {
                lamports,
                ..Account::default()
            };
            (lamports > 0).then_some(account)
        };
        Changed {
            address: Pubkey::new_unique(),
            before: account(before),
            after: account(after),
        }
    }

    #[test]
    fn rent_is_what_new_accounts_lock_less_what_closed_ones_free() {
        let accounts = [changed(10, 4), changed(0, 5), changed(7, 0), changed(0, 0)];
        assert_eq!(rent(&accounts), -2);
        let lines: Vec<_> = accounts.iter().filter_map(account_line).map(|line| line.what).collect();
        assert_eq!(lines, [What::Changed, What::Created, What::Closed]);
    }

    #[test]
    fn changes_have_a_sign() {
        assert_eq!(difference(5, 2_000_000_005, sol), "+2");
        assert_eq!(difference(2_500_000_000, 0, sol), "-2.5");
    }
}
