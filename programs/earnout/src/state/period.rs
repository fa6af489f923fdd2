//! The pool of one period under `Redistribute`.

use {
    super::account::versioned,
    crate::{error::EarnoutError, prelude::*},
};

/// What the grants of one period did not earn, and how it is shared among them. Exists only under `Redistribute`, from
/// the first settlement of the period on. Address: `["period", plan, period u16]`.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct Period {
    /// Layout version.
    pub version: u8,
    /// Canonical bump of the address.
    pub bump: u8,
    /// Index of the period.
    pub period: u16,
    /// Grants of the period, counted at its first settlement. None can come or go after that.
    pub expected: u32,
    /// The plan.
    pub plan: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Grants settled.
    pub settled: u32,
    /// Grants that have collected their bonus, zero included.
    pub collected: u32,
    /// Sum over the settled grants of what their KPIs earned, base units. The denominator of every share.
    pub kpi_total: u64,
    /// Unearned by the settled grants, base units.
    pub pool: u64,
    /// Bonuses collected, base units; at most `pool`.
    pub paid: u64,
    /// Lamports that `rent_payer` paid.
    pub rent_paid: u64,
}

versioned!(Period);

impl Period {
    /// Writes down the pool of `period` of the plan at `plan`, with so many grants. `bump` is that of its address. The
    /// rent is the caller's to write.
    pub fn begin(&mut self, plan: &Pubkey, period: u16, expected: u32, bump: u8) {
        self.bump = bump;
        self.period = period;
        self.plan = *plan;
        self.expected = expected;
    }

    /// Whether all grants of the period are settled.
    pub fn is_settled(&self) -> bool {
        self.settled == self.expected
    }

    /// Whether all grants have collected their bonuses.
    pub fn is_collected(&self) -> bool {
        self.collected == self.expected
    }

    /// Adds one settled grant: `unearned` to the pool and `kpi_amount` to the denominator, both base units.
    ///
    /// Errors: `Overflow`; `InvariantViolated` if more grants settle than the period has.
    pub fn add_settled(&mut self, unearned: u64, kpi_amount: u64) -> Result<()> {
        self.pool = self.pool.checked_add(unearned).ok_or(EarnoutError::Overflow)?;
        self.kpi_total = self.kpi_total.checked_add(kpi_amount).ok_or(EarnoutError::Overflow)?;
        self.settled = self.settled.checked_add(1).ok_or(EarnoutError::Overflow)?;
        require!(self.settled <= self.expected, EarnoutError::InvariantViolated);
        Ok(())
    }

    /// Adds one collected bonus, base units, and returns what the last collection leaves over for the surplus: what the
    /// caps and the rounding kept back. Zero for every collection but the last.
    ///
    /// Errors: `Overflow`; `InvariantViolated` if more is paid than the pool holds.
    pub fn add_collected(&mut self, bonus: u64) -> Result<u64> {
        self.paid = self.paid.checked_add(bonus).ok_or(EarnoutError::Overflow)?;
        self.collected = self.collected.checked_add(1).ok_or(EarnoutError::Overflow)?;
        require!(
            self.paid <= self.pool && self.collected <= self.expected,
            EarnoutError::InvariantViolated
        );
        if self.collected < self.expected {
            return Ok(0);
        }
        Ok(self.pool.saturating_sub(self.paid))
    }
}
