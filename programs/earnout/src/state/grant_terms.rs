//! The terms of a grant: what is given, what is refused, and how they are written down.

use {
    super::{Grant, Plan, REVOCABLE, TRANSFERABLE},
    crate::{error::EarnoutError, prelude::*},
    earnout_core::credit,
};

/// Terms of a grant.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreateGrantArgs {
    /// Number of the grant: the plan's `grant_counter`, stated so that a repeated transaction cannot make a second
    /// grant.
    pub grant_index: u32,
    /// Who is paid.
    pub beneficiary: Pubkey,
    /// Paid in full for full scores in every period, base units. Of a grant in another unit the most that is.
    pub allocation: u64,
    /// Of a grant in the plan's unit of account what full scores in every period pay, at each period's price, in the
    /// smallest part of the unit; 0 of a grant in tokens.
    pub unit_allocation: u64,
    /// First period; it must not have begun.
    pub first_period: u16,
    /// Number of periods, at least 1.
    pub periods: u16,
    /// Nothing vests before the end of this many periods from the first.
    pub cliff_periods: u16,
    /// Weight of time, basis points.
    pub time_weight: u16,
    /// Weights of the plan's KPIs in their order, basis points; with `time_weight` they sum to 10,000. Missing ones are
    /// 0.
    pub kpi_weights: Vec<u16>,
    /// The authority may terminate the grant.
    pub revocable: bool,
    /// The beneficiary may hand the grant to another key.
    pub transferable: bool,
}

impl CreateGrantArgs {
    /// The first period after the grant.
    ///
    /// Errors: `BadGrantPeriods`.
    fn end_period(&self) -> Result<u16> {
        let end = self.first_period.checked_add(self.periods);
        Ok(end.ok_or(EarnoutError::BadGrantPeriods)?)
    }

    /// The weights of all 16 possible KPIs.
    ///
    /// Errors: `BadWeights` if there are more than that.
    fn padded_weights(&self) -> Result<earnout_core::ByKpi<u16>> {
        let mut weights = [0; earnout_core::MAX_KPIS];
        let given = weights.get_mut(..self.kpi_weights.len());
        given
            .ok_or(EarnoutError::BadWeights)?
            .copy_from_slice(&self.kpi_weights);
        Ok(weights)
    }
}

impl Plan {
    /// Checks the terms of a grant that is to be made at `now` (Unix seconds); `key` is the plan's address. Whether the
    /// vault can fund it is not among them.
    ///
    /// Errors: `TooManyGrants`, `EnrolmentEnded`, `AllocationOutOfLimits`, `BadGrantPeriods`, `PeriodBegun`,
    /// `BadBeneficiary`; `BadWeights` if the weights do not sum to 10,000 or one stands for a KPI that the plan does
    /// not have or for its price; `NoPrice` if the grant is in a unit of account and the plan has none.
    pub fn check_enrolment(&self, key: &Pubkey, args: &CreateGrantArgs, now: i64) -> Result<()> {
        require!(args.grant_index < self.max_grants, EarnoutError::TooManyGrants);
        require!(now < self.enrolment_end, EarnoutError::EnrolmentEnded);
        require!(
            (self.min_allocation..=self.max_allocation).contains(&args.allocation),
            EarnoutError::AllocationOutOfLimits
        );
        let fit = args.periods > 0 && args.end_period()? <= self.period_count && args.cliff_periods <= args.periods;
        require!(fit, EarnoutError::BadGrantPeriods);
        let begins = self.calendar()?.period_start(args.first_period).ours()?;
        require!(now < begins, EarnoutError::PeriodBegun);
        require!(args.kpi_weights.len() <= self.kpis().len(), EarnoutError::BadWeights);
        credit::check_weights(args.time_weight, &args.kpi_weights).map_err(|_| EarnoutError::BadWeights)?;
        match self.price() {
            Some((number, _)) => {
                let weight = args.kpi_weights.get(usize::from(number));
                require!(weight.is_none_or(|weight| *weight == 0), EarnoutError::BadWeights);
            }
            None => require!(args.unit_allocation == 0, EarnoutError::NoPrice),
        }
        self.require_beneficiary(key, &args.beneficiary)
    }

    /// Counts a grant that was made, and holds back its reserve.
    ///
    /// Errors: `Overflow`.
    pub fn enrol(&mut self, grant: &Grant) -> Result<()> {
        let reserved = self.reserved.checked_add(grant.reserved);
        self.reserved = reserved.ok_or(EarnoutError::Overflow)?;
        Self::count_opened(&mut self.grant_counter)?;
        Self::count_opened(&mut self.open_grants)?;
        let covered = self
            .unsettled_grants
            .get_mut(usize::from(grant.first_period)..usize::from(grant.end_period));
        covered
            .ok_or(EarnoutError::UnknownPeriod)?
            .iter_mut()
            .try_for_each(Self::count_opened)
    }
}

impl Grant {
    /// Writes down a new grant of `plan`, which is at `key`, made at `now` (Unix seconds). `bump` and `associated_bump`
    /// are those of the addresses of the grant and of the beneficiary's associated account. The rent is the caller's to
    /// write.
    ///
    /// Errors: `BadGrantPeriods`, `BadWeights`, `ReserveTooLarge`, `Overflow`, `CorruptAccount`.
    pub fn begin(
        &mut self,
        plan: &Plan,
        key: &Pubkey,
        args: &CreateGrantArgs,
        bump: u8,
        associated_bump: u8,
        now: i64,
    ) -> Result<()> {
        self.bump = bump;
        self.associated_bump = associated_bump;
        self.flags = if args.revocable { REVOCABLE } else { 0 } | if args.transferable { TRANSFERABLE } else { 0 };
        self.index = args.grant_index;
        self.plan = *key;
        self.beneficiary = args.beneficiary;
        self.allocation = args.allocation;
        self.unit_allocation = args.unit_allocation;
        self.first_period = args.first_period;
        self.periods = args.periods;
        self.cliff_periods = args.cliff_periods;
        self.next_period = args.first_period;
        self.end_period = args.end_period()?;
        self.collected_through = args.first_period;
        self.time_weight = args.time_weight;
        self.kpi_weights = args.padded_weights()?;
        self.max_credit = Self::max_credit(plan, self.time_weight, &self.kpi_weights)?;
        self.created_at = now;
        self.reserved = self.reserve_from(self.first_period)?;
        Ok(())
    }
}
