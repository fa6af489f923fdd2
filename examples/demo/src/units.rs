//! Compute units of each instruction.

use {
    crate::table::Table,
    anchor_lang::{Discriminator, solana_program::instruction::Instruction},
    anyhow::Result,
    earnout::instruction,
    earnout_sdk::text::amount::count,
    std::{collections::BTreeMap, io::Write},
};

/// Compute units used, by instruction.
#[derive(Debug, Default)]
pub struct Units(BTreeMap<&'static str, Vec<u64>>);

/// What the units of one instruction amount to.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Spread {
    pub count: usize,
    pub min: u64,
    pub median: u64,
    pub max: u64,
}

impl Units {
    /// Adds what one instruction used; other programs' are left out.
    pub fn add(&mut self, instruction: &Instruction, units: u64) {
        if let Some(name) = name(instruction) {
            self.0.entry(name).or_default().push(units);
        }
    }

    /// By instruction, in the alphabet's order.
    pub fn spreads(&self) -> BTreeMap<&'static str, Spread> {
        let spread = |units: &Vec<u64>| {
            let mut units = units.clone();
            units.sort_unstable();
            let middle = units.get(units.len().saturating_sub(1) / 2);
            Some(Spread {
                count: units.len(),
                min: *units.first()?,
                median: *middle?,
                max: *units.last()?,
            })
        };
        let spreads = self.0.iter().filter_map(|(name, units)| Some((*name, spread(units)?)));
        spreads.collect()
    }
}

fn name(instruction: &Instruction) -> Option<&'static str> {
    let names: [(&[u8], &str); 11] = [
        (instruction::CreatePlan::DISCRIMINATOR, "create_plan"),
        (instruction::AddKpi::DISCRIMINATOR, "add_kpi"),
        (instruction::ActivatePlan::DISCRIMINATOR, "activate_plan"),
        (instruction::Fund::DISCRIMINATOR, "fund"),
        (instruction::CreateGrant::DISCRIMINATOR, "create_grant"),
        (instruction::Attest::DISCRIMINATOR, "attest"),
        (instruction::AttestPage::DISCRIMINATOR, "attest_page"),
        (instruction::Settle::DISCRIMINATOR, "settle"),
        (instruction::CollectBonus::DISCRIMINATOR, "collect_bonus"),
        (instruction::Claim::DISCRIMINATOR, "claim"),
        (instruction::WithdrawSurplus::DISCRIMINATOR, "withdraw_surplus"),
    ];
    if instruction.program_id != earnout::ID {
        return None;
    }
    let found = names.iter().find(|(tag, _)| instruction.data.starts_with(tag));
    found.map(|(_, name)| *name)
}

/// What the instructions of so many transactions cost.
pub fn write(units: &Units, transactions: u64, out: &mut dyn Write) -> Result<()> {
    let mut table = Table::new(1, &["instruction", "count", "min", "median", "max"]);
    for (name, spread) in units.spreads() {
        let numbers = [
            count(spread.count),
            count(spread.min),
            count(spread.median),
            count(spread.max),
        ];
        table.row([name.to_owned()].into_iter().chain(numbers));
    }
    writeln!(out, "\nCompute units:")?;
    table.write(out)?;
    writeln!(out, "\n{} transactions.", count(transactions))?;
    Ok(())
}
