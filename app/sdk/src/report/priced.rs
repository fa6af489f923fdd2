//! Grants in another unit: what their units are worth at a price, and what the cap makes of it.
//!
//! ```
//! use earnout_sdk::report::priced::Priced;
//!
//! // 2,500.00 USD at 0.0410 USD for a token with 6 decimals, of which at most 50,000 are paid.
//! let priced = Priced::of(250_000, 410, 50_000_000_000, 6 + 4 - 2)?;
//! assert_eq!(priced.tranche, 50_000_000_000);
//! assert!(priced.is_capped());
//! assert_eq!(priced.cut_off(), Some(10_975_609_756));
//! # Ok::<(), earnout_sdk::report::projection::ProjectionError>(())
//! ```

use {
    super::error::ProjectionError,
    crate::{text::amount, wire::accounts::padded_text},
    earnout::state::{Grant, Kpi, Plan},
    earnout_core::unit,
};

/// A low end of a price's range below which a price has fewer than three digits, in the smallest part of its KPI.
const THREE_DIGITS: i64 = 100;

/// One period of a grant in another unit, at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The part of the unit allocation that belongs to the period, in the smallest part of the unit.
    pub units: u64,
    /// The price, fixed point with the decimals of its KPI.
    pub price: i64,
    /// The part of the allocation that belongs to the period, base units: the most that full scores pay.
    pub cap: u64,
    /// What the units are worth at the price, base units; none if it exceeds what a token amount can express.
    pub worth: Option<u64>,
    /// What full scores pay, base units: the worth, at most the cap.
    pub tranche: u64,
}

impl Priced {
    /// `units` in the smallest part of the unit at `price`, under `cap` base units. `exponent` is the plan's.
    ///
    /// # Errors
    /// If the price is not above 0, or the exponent is none that the program writes.
    pub fn of(units: u64, price: i64, cap: u64, exponent: i8) -> Result<Self, ProjectionError> {
        Ok(Self {
            units,
            price,
            cap,
            worth: unit::worth(units, price, exponent)?,
            tranche: unit::tranche(cap, units, price, exponent)?,
        })
    }

    /// A period of `grant` at `price`; none for a grant in tokens, and where there is no price.
    ///
    /// # Errors
    /// If the grant does not cover the period, or an account holds what the program never writes.
    pub fn of_period(
        plan: &Plan,
        grant: &Grant,
        period: u16,
        price: Option<i64>,
    ) -> Result<Option<Self>, ProjectionError> {
        let Some(price) = price.filter(|_| grant.is_in_units()) else {
            return Ok(None);
        };
        let (units, cap) = (grant.units(period)?, grant.cap(period)?);
        Self::of(units, price, cap, plan.unit_exponent).map(Some)
    }

    /// Whether the units are worth more than the cap, so that a part of them is not paid.
    pub fn is_capped(&self) -> bool {
        self.cut_off() != Some(0)
    }

    /// What the cap cuts off, base units: lost. None if it exceeds what a token amount can express.
    pub fn cut_off(&self) -> Option<u64> {
        self.worth.map(|worth| worth.saturating_sub(self.cap))
    }

    /// What the price leaves of the cap, base units: surplus as soon as the period is settled, whatever the scores are.
    pub fn unused(&self) -> u64 {
        self.cap.saturating_sub(self.tranche)
    }
}

/// The lowest price at which the caps of all periods pay the units of `grant` in full, fixed point with the decimals of
/// the price; none for a grant in tokens, and if no price is high enough.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn lowest_price(plan: &Plan, grant: &Grant) -> Result<Option<i64>, ProjectionError> {
    let mut lowest = None;
    if !grant.is_in_units() {
        return Ok(lowest);
    }
    for period in grant.first_period..grant.end_period {
        let of_period = unit::lowest_price(grant.cap(period)?, grant.units(period)?, plan.unit_exponent)?;
        let Some(of_period) = of_period else {
            return Ok(None);
        };
        lowest = lowest.max(Some(of_period));
    }
    Ok(lowest)
}

/// An amount in the plan's unit of account with the unit, like `30,000.00 USD`.
pub fn units_text(plan: &Plan, units: impl Into<u128>) -> String {
    amount_text(units, plan.unit_decimals, &padded_text(&plan.unit))
}

/// An amount of a unit of account with so many decimals, with the unit.
pub fn amount_text(amount: impl Into<u128>, decimals: u8, unit: &str) -> String {
    let number = amount::total(amount.into(), decimals);
    format!("{number} {unit}").trim_end().to_owned()
}

/// A price with all its decimals and the unit, like `0.0410 USD`. `kpi` is the plan's price.
pub fn price_text(kpi: &Kpi, price: i64) -> String {
    let sign = if price < 0 { "-" } else { "" };
    let text = amount_text(price.unsigned_abs(), kpi.decimals, &padded_text(&kpi.unit));
    format!("{sign}{text}")
}

/// What is unwise about the plan's price although the program accepts it; none if nothing is.
pub fn caution_of_price(plan: &Plan) -> Option<String> {
    let (_, kpi) = plan.price().filter(|(_, kpi)| kpi.range_min < THREE_DIGITS)?;
    let low = price_text(kpi, kpi.range_min);
    Some(format!(
        "the low end of the price's range, {low}, has fewer than three digits: near it one smallest part of the price \
         changes pay by more than 1 %. More decimals of the price, or a higher low end, help"
    ))
}

/// That the cap of `grant` is reached at `today`, a price with the decimals of its KPI, or at half of it; none if not.
/// `today` is the price that counts under silence where no other is known.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn caution_of_cap(plan: &Plan, grant: &Grant, today: i64) -> Result<Option<String>, ProjectionError> {
    let Some((_, kpi)) = plan.price().filter(|_| grant.is_in_units()) else {
        return Ok(None);
    };
    // Half of 1 is still a price.
    let half = (today / 2).max(1);
    let lowest = lowest_price(plan, grant)?;
    if lowest.is_some_and(|lowest| lowest <= half) {
        return Ok(None);
    }
    let reaches = match lowest {
        Some(lowest) => {
            format!("it pays {} in full", units_text(plan, grant.unit_allocation))
                + &format!(" down to a price of {}", price_text(kpi, lowest))
        }
        None => format!(
            "it pays {} in full at no price",
            units_text(plan, grant.unit_allocation)
        ),
    };
    let when = match lowest.is_some_and(|lowest| lowest <= today) {
        true => "at half of the price",
        false => "already at the price",
    };
    Ok(Some(format!(
        "{when} {} the allocation would not pay the value in full: {reaches}. What the cap cuts off is lost; a larger \
         allocation reaches further",
        price_text(kpi, today)
    )))
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    /// A plan in US dollars for a token with 6 decimals, with a price of 4 decimals from `low` on.
    fn plan(low: i64) -> Plan {
        let mut plan = Plan::zeroed();
        plan.unit[..3].copy_from_slice(b"USD");
        (plan.unit_decimals, plan.unit_exponent) = (2, 8);
        (plan.kpi_count, plan.price_kpi) = (1, 1);
        let kpi = &mut plan.kpis[0];
        kpi.unit[..3].copy_from_slice(b"USD");
        (kpi.decimals, kpi.range_min, kpi.default_price) = (4, low, 500);
        plan
    }

    /// 1,200.00 USD in three periods, at most `tokens`.
    fn grant(tokens: u64) -> Grant {
        let mut grant = Grant::zeroed();
        (grant.allocation, grant.unit_allocation) = (tokens * 1_000_000, 120_000);
        (grant.periods, grant.end_period) = (3, 3);
        grant
    }

    #[test]
    fn a_cap_is_reached_below_the_lowest_price() {
        let (plan, grant) = (plan(100), grant(30_000));
        let lowest = lowest_price(&plan, &grant).expect("sound").expect("a price");
        // 400 USD at 0.04 USD are 10,000 tokens.
        assert_eq!(lowest, 400);
        for (price, capped) in [(399, true), (400, false)] {
            let periods = (0..3).map(|period| Priced::of_period(&plan, &grant, period, Some(price)));
            let priced: Vec<Priced> = periods.map(|priced| priced.expect("sound").expect("units")).collect();
            assert!(priced.iter().all(|priced| priced.is_capped() == capped), "{priced:?}");
            let sum: u64 = priced.iter().map(|priced| priced.tranche + priced.unused()).sum();
            assert_eq!(sum, grant.allocation);
        }
        assert_eq!(Priced::of_period(&plan, &grant, 0, None).expect("sound"), None);
        assert!(
            Priced::of_period(&plan, &grant, 3, Some(400)).is_err(),
            "no such period"
        );
    }

    #[test]
    fn a_worth_that_no_amount_can_express_is_capped() {
        let priced = Priced::of(u64::MAX, 1, 7, 8).expect("sound");
        assert_eq!((priced.worth, priced.tranche, priced.cut_off()), (None, 7, None));
        assert!(priced.is_capped());
        assert!(Priced::of(1, 0, 7, 8).is_err(), "no price");
    }

    #[test]
    fn a_grant_in_tokens_has_no_lowest_price() {
        let (plan, mut grant) = (plan(100), grant(30_000));
        grant.unit_allocation = 0;
        assert_eq!(lowest_price(&plan, &grant).expect("sound"), None);
        assert_eq!(Priced::of_period(&plan, &grant, 0, Some(400)).expect("sound"), None);
        assert_eq!(caution_of_cap(&plan, &grant, 1).expect("sound"), None);
    }

    #[test]
    fn amounts_and_prices_have_their_unit() {
        let plan = plan(100);
        assert_eq!(units_text(&plan, 3_000_000u64), "30,000.00 USD");
        assert_eq!(price_text(&plan.kpis[0], 410), "0.0410 USD");
        assert_eq!(price_text(&plan.kpis[0], i64::MAX), "922,337,203,685,477.5807 USD");
    }

    #[test]
    fn what_is_unwise_is_said() {
        assert_eq!(caution_of_price(&plan(100)), None);
        let said = caution_of_price(&plan(99)).expect("two digits");
        assert!(said.contains("0.0099 USD, has fewer than three digits"), "{said}");
        assert_eq!(caution_of_price(&Plan::zeroed()), None);

        let (plan, grant) = (plan(100), grant(30_000));
        assert_eq!(caution_of_cap(&plan, &grant, 800).expect("sound"), None);
        // Half of it is 0.0399.
        let said = caution_of_cap(&plan, &grant, 799).expect("sound").expect("a caution");
        assert!(
            said.starts_with(
                "at half of the price 0.0799 USD the allocation would not pay the value in full: it pays 1,200.00 USD in \
                 full down to"
            ),
            "{said}"
        );
        assert!(said.contains("a price of 0.0400 USD"), "{said}");
        for (today, already) in [(400, false), (399, true)] {
            let said = caution_of_cap(&plan, &grant, today).expect("sound").expect("a caution");
            assert_eq!(said.starts_with("already at the price"), already, "{said}");
        }
    }
}
