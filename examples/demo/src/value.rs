//! What grants in another unit were promised, and what they earned, in that unit.

use {
    crate::{programme::Programme, stage::Stage},
    anyhow::{Context, Result},
    earnout::state::Plan,
    earnout_sdk::report::priced::{Priced, price_text, units_text},
};

/// A plan with a price, and what was paid at it.
pub struct Values {
    pub plan: Plan,
    /// In the order of the programme.
    pub grants: Vec<GrantValues>,
}

/// One grant.
pub struct GrantValues {
    /// What it was promised in all periods, in the smallest part of the unit; none for a grant in tokens.
    pub promised: Option<u64>,
    /// Its periods that have been settled, by period of the plan.
    pub periods: Vec<Option<PeriodValues>>,
}

/// One settled period of a grant.
pub struct PeriodValues {
    /// Units, price and cap; none for a grant in tokens.
    pub priced: Option<Priced>,
    /// What was earned, base units.
    pub earned: u64,
    /// What that is worth at the period's price, in the smallest part of the unit; none if the period has no price.
    pub worth: Option<u128>,
    /// The part of the promise that the cap cut off, in the smallest part of the unit.
    pub lost: u128,
}

impl Values {
    /// Reads the settled periods; none if the plan has no price.
    pub fn read(programme: &Programme, stage: &Stage) -> Result<Option<Self>> {
        let plan = stage.plan()?;
        if plan.price().is_none() {
            return Ok(None);
        }
        let periods = programme.periods.len();
        let prices: Vec<Option<i64>> = (0..periods).map(|period| price(stage, period)).collect();
        let mut grants = Vec::new();
        for (address, record) in stage.grants.iter().zip(&stage.record.grants) {
            let grant = stage.grant(address)?;
            let mut values = Vec::new();
            for (period, price) in (0u16..).zip(&prices) {
                let Some(settled) = record.settlement(period.into()) else {
                    values.push(None);
                    continue;
                };
                let priced = Priced::of_period(&plan, &grant, period, settled.price)?;
                let worth = |amount| price.and_then(|price| worth(amount, price, plan.unit_exponent));
                let capped = priced.filter(Priced::is_capped);
                let lost = capped.map_or(Some(0), |priced| {
                    Some(u128::from(priced.units).saturating_sub(worth(priced.tranche)?))
                });
                values.push(Some(PeriodValues {
                    priced,
                    earned: settled.earned,
                    worth: worth(settled.earned),
                    lost: lost.context("what a cap cut off is too large")?,
                }));
            }
            grants.push(GrantValues {
                promised: grant.is_in_units().then_some(grant.unit_allocation),
                periods: values,
            });
        }
        Ok(Some(Self { plan, grants }))
    }

    /// An amount in the plan's unit, with the unit.
    pub fn units(&self, amount: impl Into<u128>) -> String {
        units_text(&self.plan, amount)
    }

    /// A price with its unit.
    pub fn price(&self, price: i64) -> String {
        match self.plan.price() {
            Some((_, kpi)) => price_text(kpi, price),
            None => price.to_string(),
        }
    }
}

impl GrantValues {
    pub fn period(&self, period: usize) -> Option<&PeriodValues> {
        self.periods.get(period)?.as_ref()
    }

    pub fn settled(&self) -> impl Iterator<Item = &PeriodValues> {
        self.periods.iter().flatten()
    }
}

impl PeriodValues {
    /// Whether the cap was reached.
    pub fn is_capped(&self) -> bool {
        self.priced.as_ref().is_some_and(Priced::is_capped)
    }
}

/// The price at which a period was settled; none if it settled no grant in another unit.
pub fn price(stage: &Stage, period: usize) -> Option<i64> {
    let grants = stage.record.grants.iter();
    let mut prices = grants.filter_map(|grant| grant.settlement(period)?.price);
    prices.next()
}

/// What base units of the token are worth at a price, in the smallest part of the unit, to the nearest; none if it is
/// too large. `exponent` is the plan's.
fn worth(amount: u64, price: i64, exponent: i8) -> Option<u128> {
    let product = u128::from(amount).checked_mul(u128::try_from(price).ok()?)?;
    let power = 10u128.checked_pow(exponent.unsigned_abs().into())?;
    match exponent < 0 {
        true => product.checked_mul(power),
        false => Some(product.checked_add(power / 2)? / power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_worth_their_price_to_the_nearest() {
        // 24,193.548387 tokens at 0.62 USD: 14,999.99999994 USD.
        assert_eq!(worth(24_193_548_387, 620_000, 10), Some(1_500_000));
        assert_eq!(worth(1, 4, 1), Some(0));
        assert_eq!(worth(1, 5, 1), Some(1));
        assert_eq!(worth(3, 7, -2), Some(2_100));
        assert_eq!(worth(u64::MAX, i64::MAX, -18), None);
        assert_eq!(worth(1, -1, 0), None);
    }
}
