//! The final statement, checked against the chain.

use {
    crate::{programme::Programme, record::Record, stage::Stage, table::Table},
    anchor_lang::prelude::Pubkey,
    anyhow::{Context, Result, ensure},
    earnout_sdk::{text::amount::tokens, wire::pda},
    std::io::{self, Write},
};

/// Where all tokens that were ever funded are now, base units.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub funded: u64,
    pub claimed: u64,
    pub treasury: u64,
    pub vault: u64,
}

impl Statement {
    /// Reads the balances of vault and treasury and the books of the plan and of every grant, and compares them with
    /// each other and with the events.
    pub fn check(stage: &Stage) -> Result<Self> {
        Self::compare(stage).context("the books do not reconcile")
    }

    fn compare(stage: &Stage) -> Result<Self> {
        let plan = stage.plan()?;
        let record = &stage.record;
        let statement = Self {
            funded: plan.funded_total,
            claimed: plan.claimed_total,
            treasury: stage.treasury_balance(),
            vault: stage.vault_balance(),
        };
        let accounted = u128::from(statement.claimed) + u128::from(statement.treasury) + u128::from(statement.vault);
        same(
            "funded, and claimed + treasury + vault",
            statement.funded.into(),
            accounted,
        )?;
        same("funded by the plan and by its events", plan.funded_total, record.funded)?;
        same("the treasury and the withdrawals", statement.treasury, record.withdrawn)?;
        same(
            "withdrawn by the plan and by its events",
            plan.withdrawn_total,
            record.withdrawn,
        )?;

        let (mut earned, mut bonus, mut claimed) = (0u64, 0u64, 0u64);
        for (address, record) in stage.grants.iter().zip(&record.grants) {
            let grant = stage.grant(address)?;
            let account = held_by(stage, &grant.beneficiary);
            same(
                "earned by a grant and by its events",
                grant.earned,
                record.earned_total(),
            )?;
            same("bonus of a grant and of its events", grant.bonus, record.bonus_total())?;
            same("claimed by a grant and by its events", grant.claimed, record.claimed)?;
            same("claimed by a grant and held by its beneficiary", grant.claimed, account)?;
            same(
                "earned + bonus and claimed of a grant",
                grant.earned + grant.bonus,
                grant.claimed,
            )?;
            earned += grant.earned;
            bonus += grant.bonus;
            claimed += grant.claimed;
        }
        same("earned by the plan and by its grants", plan.earned_total, earned)?;
        same("bonuses of the plan and of its grants", plan.bonus_total, bonus)?;
        same("claimed by the plan and by its grants", plan.claimed_total, claimed)?;
        same("what the plan still owes, and nothing", plan.obligations()?, 0)?;
        same("what is left in the vault, and nothing", statement.vault, 0)?;
        Ok(statement)
    }

    /// The lines that show that nothing is missing.
    pub fn write(&self, decimals: u8, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(1, &["", "tokens"]);
        let mut row = |name: &str, amount: u64| table.row([name.to_owned(), tokens(amount, decimals)]);
        row("funded", self.funded);
        row("= claimed", self.claimed);
        row("+ returned to the treasury", self.treasury);
        row("+ left in the vault", self.vault);
        table.write(out)?;
        writeln!(
            out,
            "\nThe sums reconcile to the last base unit, in the accounts and in the events."
        )
    }
}

/// A row for each grant: what was promised and what became of it.
pub fn grants(programme: &Programme, record: &Record) -> Result<Table> {
    let heading = ["grant", "allocated", "held", "earned", "bonus", "claimed", "returned"];
    let mut table = Table::new(1, &heading);
    let mut sums = [0u64; 6];
    let mut row = |name: &str, amounts: [u64; 6]| {
        let cells = amounts.iter().map(|amount| tokens(*amount, programme.decimals));
        table.row([name.to_owned()].into_iter().chain(cells));
    };
    for (grant, record) in programme.grants.iter().zip(&record.grants) {
        let amounts = [
            grant.terms.allocation,
            record.reserved,
            record.earned_total(),
            record.bonus_total(),
            record.claimed,
            record.returned().context("a grant earned more than was held for it")?,
        ];
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += amount;
        }
        row(&grant.name, amounts);
    }
    if record.left_over > 0 {
        row("left over in the pools", [0, 0, 0, 0, 0, record.left_over]);
        sums[5] += record.left_over;
    }
    row("all", sums);
    Ok(table)
}

/// What a beneficiary holds, base units.
fn held_by(stage: &Stage, beneficiary: &Pubkey) -> u64 {
    let token = &stage.token;
    let account = pda::associated_token_account(beneficiary, &token.mint, &token.token_program);
    stage.chain.balance(&account)
}

fn same<T: PartialEq + std::fmt::Display>(what: &str, one: T, other: T) -> Result<()> {
    ensure!(one == other, "{what} differ: {one} and {other} base units");
    Ok(())
}
