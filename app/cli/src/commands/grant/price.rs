//! What a new grant in another unit should be judged by: the plan's unit of account, and the price of today.

use {
    crate::{context::reference::period_times, fault::Fault},
    earnout::state::{Grant, Plan},
    earnout_core::quorum::Outcome,
    earnout_sdk::{
        report::{priced::caution_of_cap, projection},
        text::amount::{self, AmountError},
        wire::{Evaluation, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// How many periods are looked at for a price, from the newest that has ended.
const LOOKED_AT: usize = 3;

/// An amount of the plan's unit of account, in its smallest part, above 0.
///
/// # Errors
/// What is wrong with the text, or that the plan has no price.
pub fn units(plan: &Plan, text: &str) -> Result<u64, String> {
    if plan.price().is_none() {
        return Err("the plan has no price: its grants can only be stated in the token".to_owned());
    }
    match amount::parse(text, plan.unit_decimals) {
        Ok(0) => Err(format!("{text:?} is no value; expected an amount above 0, like 30_000")),
        Ok(units) => Ok(units),
        Err(error @ AmountError::NotANumber) => Err(format!("{text:?} {error}, without the unit")),
        Err(error) => Err(format!("{text:?} {error}")),
    }
}

/// The price of today, fixed point: that of the newest period that has one, of the last few that have ended, else the
/// one that counts if nobody reports. None if the plan has no price. `look` reads an evaluation that may be missing.
///
/// # Errors
/// If the plan holds what the program never writes.
pub async fn today(
    address: &Pubkey,
    plan: &Plan,
    now: i64,
    look: impl AsyncFn(Pubkey) -> Option<Evaluation>,
) -> Result<Option<i64>, Fault> {
    let Some((number, kpi)) = plan.price() else {
        return Ok(None);
    };
    let mut ended = Vec::new();
    for period in 0..plan.period_count {
        if period_times(plan, period)?.end <= now {
            ended.push(period);
        }
    }
    for period in ended.into_iter().rev().take(LOOKED_AT) {
        let evaluation = look(pda::evaluation(address, number, period, None)).await;
        let Some(attestation) = evaluation.as_ref().and_then(Evaluation::attestation) else {
            continue;
        };
        let reading = projection::reading(plan, number, period, &attestation.tally()?, now)?;
        if let Outcome::Value(price) = reading.outcome {
            return Ok(Some(price));
        }
    }
    Ok(Some(kpi.default_price))
}

/// That the cap of a grant would cut it off already at half of the price of today; none if not.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn caution(plan: &Plan, grant: &Grant, today: Option<i64>) -> Result<Option<String>, Fault> {
    match today {
        Some(today) => Ok(caution_of_cap(plan, grant, today)?),
        None => Ok(None),
    }
}
