//! One contributor's vesting account.

use {
    super::{Kpi, Period, Plan, Scope, Termination, UnearnedPolicy, account::versioned},
    crate::{error::EarnoutError, prelude::*},
    earnout_core::{
        self as core,
        calendar::Calendar,
        credit, redistribution,
        release::{self, Earnings},
        tranche::{self, Settlement},
        unit,
    },
};

/// The authority may terminate the grant.
pub const REVOCABLE: u8 = 1;
/// The beneficiary may hand the grant to another key.
pub const TRANSFERABLE: u8 = 2;
/// Only the beneficiary claims.
pub const CLAIM_LOCKED: u8 = 4;
/// The grant ended before its cliff: what it earns becomes surplus.
pub const FORFEITED: u8 = 8;
/// A dispute raised for this grant was decided against it: it cannot dispute again.
pub const DISPUTE_BARRED: u8 = 16;

/// A grant. Address: `["grant", plan, index u32]`. All periods are indices of the plan's calendar.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// Layout version.
    pub version: u8,
    /// Canonical bump of the address.
    pub bump: u8,
    /// Canonical bump of the beneficiary's associated token account, so that a claim need not search for it.
    pub associated_bump: u8,
    /// Sum of `REVOCABLE`, `TRANSFERABLE`, `CLAIM_LOCKED`, `FORFEITED`, `DISPUTE_BARRED`.
    pub flags: u8,
    /// Number of the grant in its plan.
    pub index: u32,
    /// The plan.
    pub plan: Pubkey,
    /// Who is paid.
    pub beneficiary: Pubkey,
    /// Proposed beneficiary; zero without one.
    pub pending_beneficiary: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Paid in full for full scores in every period, base units. Of a grant in another unit the most that is.
    pub allocation: u64,
    /// First period.
    pub first_period: u16,
    /// Number of tranches the allocation was divided into. Never changes.
    pub periods: u16,
    /// Nothing is vested before the end of this many periods from the first.
    pub cliff_periods: u16,
    /// Next period to settle.
    pub next_period: u16,
    /// First period that is not covered any more: `first_period + periods` unless the grant was ended.
    pub end_period: u16,
    /// First period whose bonus is not collected. Counts under `Redistribute` only.
    pub collected_through: u16,
    /// Weight of time, basis points.
    pub time_weight: u16,
    /// Weights of the plan's KPIs, basis points; with `time_weight` they sum to 10,000.
    pub kpi_weights: [u16; 16],
    /// [`Termination`] as a byte.
    pub termination: u8,
    /// Zero.
    pub spare_terms: [u8; 1],
    /// Largest credit that any scores can reach, at least 10^8.
    pub max_credit: u64,
    /// What the grant can still earn, base units; part of the plan's `reserved`.
    pub reserved: u64,
    /// Settled amounts, bonuses excluded, base units.
    pub earned: u64,
    /// Unearned amount that the next period can earn again, base units. Under `CarryOver` only.
    pub carry: u64,
    /// Earned in the last settled period, base units.
    pub last_earned: u64,
    /// Tranche of the last settled period, base units.
    pub last_tranche: u64,
    /// What the KPIs earned in the last settled period, base units: the grant's share in the period's pool.
    pub last_kpi_amount: u64,
    /// Bonuses collected, base units.
    pub bonus: u64,
    /// Paid out, base units.
    pub claimed: u64,
    /// When the grant was made, Unix seconds.
    pub created_at: i64,
    /// When the grant was ended before its time, Unix seconds; 0 if it was not.
    pub ended_at: i64,
    /// Cap of the period that was running when the grant ended, cut to the second, base units.
    pub cut_cap: u64,
    /// Lamports that `rent_payer` paid.
    pub rent_paid: u64,
    /// End of the ruling window of the last dispute that was raised for this grant, Unix seconds; 0 without one.
    pub disputes_until: i64,
    /// Disputes raised for this grant that the arbiter has not decided. Counts before `disputes_until`.
    pub undecided_disputes: u16,
    /// How often the grant changed hands; stays at the largest number. If it never did, `beneficiary` is who settled
    /// periods were settled for.
    pub hand_overs: u16,
    /// Zero.
    pub spare: [u8; 4],
    /// Of a grant in the plan's unit of account what full scores pay in all periods, in the smallest part of the unit;
    /// 0 of a grant in tokens.
    pub unit_allocation: u64,
    /// Units of the period that was running when the grant ended, cut to the second.
    pub cut_units: u64,
}

/// What was measured for a period, as its settlement takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Score of each KPI in basis points; 0 for those without weight in the grant.
    pub scores: earnout_core::ByKpi<u16>,
    /// For a grant in another unit the price, fixed point with the decimals of its KPI.
    pub price: Option<i64>,
}

versioned!(Grant);
// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&Grant) -> &earnout_core::ByKpi<u16> = |grant| &grant.kpi_weights;

impl Grant {
    /// Whether all flags of `mask` are set.
    pub fn has(&self, mask: u8) -> bool {
        self.flags & mask == mask
    }

    /// Whether the grant covers `period`.
    pub fn covers(&self, period: u16) -> bool {
        (self.first_period..self.end_period).contains(&period)
    }

    /// Whether the KPI has weight in the grant.
    pub fn has_weight(&self, kpi: u8) -> bool {
        self.kpi_weights.get(usize::from(kpi)).is_some_and(|weight| *weight > 0)
    }

    /// Whether the grant is in the plan's unit of account.
    pub fn is_in_units(&self) -> bool {
        self.unit_allocation > 0
    }

    /// Whether the KPI decides what the grant earns: by its weight, or as the price of a grant in another unit.
    pub fn is_paid_by(&self, plan: &Plan, kpi: u8) -> bool {
        self.has_weight(kpi) || self.is_in_units() && plan.price().is_some_and(|(price, _)| price == kpi)
    }

    /// The KPIs whose results the settlement of a period takes, by their numbers, in that order: for a grant in another
    /// unit the price, then those on which the grant has weight.
    pub fn paid_by<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (u8, &'a Kpi)> {
        // One loop for both is smaller than two, and costs less than a chain.
        let turns = u8::from(!self.is_in_units())..plan.kpi_count.saturating_add(1);
        turns.filter_map(|turn| {
            let number = match turn.checked_sub(1) {
                None => plan.price_kpi.checked_sub(1)?,
                Some(kpi) if self.has_weight(kpi) => kpi,
                Some(_) => return None,
            };
            Some((number, plan.kpis().get(usize::from(number))?))
        })
    }

    /// Whether what the KPI was in `period` can still change what the grant earns.
    pub fn depends_on(&self, plan: &Plan, kpi: u8, period: u16) -> bool {
        self.is_paid_by(plan, kpi) && self.covers(period) && !self.has_settled(period)
    }

    /// Whether `period` is settled, or before the grant.
    pub fn has_settled(&self, period: u16) -> bool {
        period < self.next_period
    }

    /// Whether all periods are settled.
    pub fn is_settled(&self) -> bool {
        self.next_period >= self.end_period
    }

    /// Whether no bonus waits.
    ///
    /// Errors: `CorruptAccount`.
    pub fn has_collected(&self, plan: &Plan) -> Result<bool> {
        Ok(!plan.redistributes()? || self.collected_through == self.next_period)
    }

    /// Whether nothing can come of the grant any more: it is settled, collected and claimed in full.
    ///
    /// Errors: `CorruptAccount`, `InvariantViolated`.
    pub fn is_closable(&self, plan: &Plan) -> Result<bool> {
        Ok(self.is_settled() && self.has_collected(plan)? && self.owed()? == 0)
    }

    /// Whether `period` can pay the beneficiary: who can earn nothing from a value has nothing to dispute, and would
    /// only delay the others.
    ///
    /// Errors: `AllSettled` if the grant does not cover the period; `Overflow`.
    #[inline(never)]
    pub fn can_earn_in(&self, period: u16) -> Result<bool> {
        Ok(self.cap(period)? > 0 && !self.has(FORFEITED))
    }

    /// The time before which nothing is vested, Unix seconds.
    ///
    /// Errors: `Overflow`, `UnknownPeriod`.
    fn cliff(&self, calendar: &Calendar) -> Result<i64> {
        let index = self.first_period.checked_add(self.cliff_periods);
        let index = index.ok_or(EarnoutError::Overflow)?;
        calendar.boundary(index).ours()
    }

    /// Whether a KPI that is measured for this grant alone can still pay it.
    ///
    /// Errors: `CorruptAccount`.
    pub fn is_measured(&self, plan: &Plan) -> Result<bool> {
        for (kpi, weight) in plan.kpis().iter().zip(self.kpi_weights) {
            if weight > 0 && kpi.scope()? == Scope::Individual {
                return Ok(!self.is_settled());
            }
        }
        Ok(false)
    }

    /// Notes a dispute raised for this grant at `now`, on which the arbiter can rule for `ruling_secs`.
    ///
    /// Errors: `Overflow`.
    #[inline(never)]
    pub fn note_dispute(&mut self, now: i64, ruling_secs: u32) -> Result<()> {
        if !self.has_open_dispute(now) {
            self.undecided_disputes = 0;
        }
        self.undecided_disputes = self.undecided_disputes.checked_add(1).ok_or(EarnoutError::Overflow)?;
        self.disputes_until = now.checked_add(i64::from(ruling_secs)).ok_or(EarnoutError::Overflow)?;
        Ok(())
    }

    /// Notes that a dispute raised for this grant was decided.
    #[inline(never)]
    pub fn note_ruling(&mut self, upheld: bool) {
        self.undecided_disputes = self.undecided_disputes.saturating_sub(1);
        if upheld {
            self.flags |= DISPUTE_BARRED;
        }
    }

    /// Whether a dispute raised for this grant is not decided and can still be at `now`. Of several disputes the last
    /// one's window counts.
    pub fn has_open_dispute(&self, now: i64) -> bool {
        self.undecided_disputes > 0 && now < self.disputes_until
    }

    /// Whether and by whom the grant was ended, decoded.
    pub fn termination(&self) -> Result<Termination> {
        Ok(Termination::try_from(self.termination)?)
    }

    /// Whether the grant was ended before its time.
    pub fn was_ended(&self) -> bool {
        self.termination != Termination::None.to_byte()
    }

    /// Largest credit that any scores can reach, for these weights under the plan's terms.
    ///
    /// Errors: `Overflow`, `CorruptAccount`.
    pub fn max_credit(plan: &Plan, time_weight: u16, kpi_weights: &earnout_core::ByKpi<u16>) -> Result<u64> {
        let mut best = [0; earnout_core::MAX_KPIS];
        for (score, kpi) in best.iter_mut().zip(plan.kpis()) {
            *score = kpi.best_score()?;
        }
        let credit = credit::max_credit(plan.combination()?.into(), time_weight, kpi_weights, &best);
        credit.ours()
    }

    /// The part of the allocation that belongs to `period`, base units: the tranche, or of a grant in another unit the
    /// most that it can be.
    ///
    /// Errors: `AllSettled` if the grant does not cover the period.
    pub fn cap(&self, period: u16) -> Result<u64> {
        self.part(self.allocation, self.cut_cap, period)
    }

    /// The part of the unit allocation that belongs to `period`, in the smallest part of the unit.
    ///
    /// Errors: `AllSettled` if the grant does not cover the period.
    pub fn units(&self, period: u16) -> Result<u64> {
        self.part(self.unit_allocation, self.cut_units, period)
    }

    /// The part of `all` that belongs to `period`; `cut` if the grant ended in it.
    fn part(&self, all: u64, cut: u64, period: u16) -> Result<u64> {
        require!(self.covers(period), EarnoutError::AllSettled);
        if self.was_ended() && self.is_last(period) {
            return Ok(cut);
        }
        let index = period.checked_sub(self.first_period).ok_or(EarnoutError::Overflow)?;
        tranche::tranche(all, index, self.periods).ours()
    }

    /// What full scores pay for `period`, base units: the cap, or of a grant in another unit what its units are worth
    /// at `price`, at most the cap.
    ///
    /// Errors: `AllSettled` if the grant does not cover the period; `NoPrice` if the grant is in another unit and there
    /// is no price.
    pub fn tranche(&self, plan: &Plan, period: u16, price: Option<i64>) -> Result<u64> {
        let cap = self.cap(period)?;
        if !self.is_in_units() {
            return Ok(cap);
        }
        self.worth(plan, period, cap, price)
    }

    /// The same of a grant in another unit: apart, so that grants in tokens do not pay for it.
    #[inline(never)]
    fn worth(&self, plan: &Plan, period: u16, cap: u64, price: Option<i64>) -> Result<u64> {
        let price = price.ok_or(EarnoutError::NoPrice)?;
        unit::tranche(cap, self.units(period)?, price, plan.unit_exponent).ours()
    }

    /// Caps of all periods from `period` on, base units.
    ///
    /// Errors: `Overflow`.
    pub fn caps_from(&self, period: u16) -> Result<u64> {
        if period >= self.end_period {
            return Ok(0);
        }
        let settled = period.checked_sub(self.first_period).ok_or(EarnoutError::Overflow)?;
        let left = tranche::unsettled(self.allocation, settled, self.periods).ours()?;
        if !self.was_ended() {
            return Ok(left);
        }
        // The running period's cap was cut and everything after it cancelled.
        let last = self
            .end_period
            .checked_sub(self.first_period)
            .and_then(|n| n.checked_sub(1));
        let last = last.ok_or(EarnoutError::Overflow)?;
        let from_last = tranche::unsettled(self.allocation, last, self.periods).ours()?;
        let left = left
            .checked_sub(from_last)
            .and_then(|whole| whole.checked_add(self.cut_cap));
        Ok(left.ok_or(EarnoutError::Overflow)?)
    }

    /// Whether `period` is the last one that the grant covers.
    pub fn is_last(&self, period: u16) -> bool {
        period.checked_add(1) == Some(self.end_period)
    }

    /// What must be held back for the grant from `period` on, base units.
    ///
    /// Errors: `ReserveTooLarge` if it exceeds u64.
    pub fn reserve_from(&self, period: u16) -> Result<u64> {
        let reserve = tranche::reserve(self.caps_from(period)?, self.max_credit, self.carry);
        Ok(reserve.map_err(|_| EarnoutError::ReserveTooLarge)?)
    }

    /// Books the settlement of the next period by its results and moves on. What a price leaves of the cap has nothing
    /// to do with results: it becomes surplus under every policy.
    ///
    /// Errors: `AllSettled`, `NoPrice`, `Overflow`.
    pub fn settle(&mut self, plan: &Plan, results: &Results) -> Result<Settlement> {
        let period = self.next_period;
        let tranche = self.tranche(plan, period, results.price)?;
        let combination = plan.combination()?.into();
        // Those of KPIs that the plan does not have are 0, and cost what others cost.
        let count = plan.kpis().len();
        let (weights, scores) = (&self.kpi_weights[..count], &results.scores[..count]);
        let kpi_credit = credit::kpi_credit(combination, self.time_weight, weights, scores);
        let kpi_credit = kpi_credit.ours()?;
        let credit = credit::credit(self.time_weight, kpi_credit).ours()?;
        let policy: UnearnedPolicy = plan.unearned_policy()?;
        let last = self.is_last(period);
        let settlement = tranche::settle(tranche, self.carry, credit, kpi_credit, policy.into(), last);
        let settlement = settlement.ours()?;

        self.earned = self
            .earned
            .checked_add(settlement.earned)
            .ok_or(EarnoutError::Overflow)?;
        self.carry = settlement.carry;
        self.last_earned = settlement.earned;
        self.last_tranche = tranche;
        self.last_kpi_amount = settlement.kpi_amount;
        self.next_period = period.checked_add(1).ok_or(EarnoutError::Overflow)?;
        self.reserved = self.reserve_from(self.next_period)?;
        Ok(settlement)
    }

    /// Books the bonus of the last settled period from its `pool`, and returns it, base units.
    ///
    /// Errors: `Overflow`.
    pub fn collect(&mut self, plan: &Plan, pool: &Period) -> Result<u64> {
        let share = self.last_kpi_amount;
        let bonus = redistribution::bonus(pool.pool, share, pool.kpi_total, self.last_tranche, plan.bonus_cap_bps);
        let bonus = bonus.ours()?.min(self.bonus_room());
        self.bonus = self.bonus.checked_add(bonus).ok_or(EarnoutError::Overflow)?;
        self.collected_through = self.next_period;
        Ok(bonus)
    }

    /// Locks claims to the beneficiary, or opens them.
    pub fn set_claim_lock(&mut self, locked: bool) {
        if locked {
            self.flags |= CLAIM_LOCKED;
        } else {
            self.flags &= !CLAIM_LOCKED;
        }
    }

    /// Gives the grant to the proposed beneficiary, whose associated account has `bump`. The lock was the old one's.
    pub fn hand_over(&mut self, bump: u8) {
        self.hand_overs = self.hand_overs.saturating_add(1);
        self.beneficiary = self.pending_beneficiary;
        self.associated_bump = bump;
        self.pending_beneficiary = Pubkey::default();
        self.set_claim_lock(false);
    }

    /// Ends the grant at `now` (Unix seconds), never in the past. Later periods are cancelled; of the running one the
    /// served part stays and is settled when the period ends; ended periods stay as they are. Before the cliff all that
    /// the grant earned and will earn becomes surplus: leaving before the cliff forfeits everything, whichever side
    /// ends the grant.
    ///
    /// Errors: `AlreadyEnded`, `GrantOver` once the last period has ended.
    pub fn end(&mut self, plan: &mut Plan, by: Termination, now: i64) -> Result<()> {
        require!(!self.was_ended(), EarnoutError::AlreadyEnded);
        let calendar = plan.calendar()?;
        let boundary = |index| calendar.boundary(index).ours();
        require!(now < boundary(self.end_period)?, EarnoutError::GrantOver);

        // The first period that is cancelled, and what stays of the one before it.
        let running = calendar.period_at(now).unwrap_or_default().max(self.first_period);
        let served = now.saturating_sub(boundary(running)?);
        let (end_period, cut_cap, cut_units) = match u64::try_from(served) {
            Ok(served) if served > 0 => {
                let next = running.checked_add(1).ok_or(EarnoutError::Overflow)?;
                let length = boundary(next)?.abs_diff(boundary(running)?);
                let cut = |whole| tranche::cut(whole, served, length).ours();
                (next, cut(self.cap(running)?)?, cut(self.units(running)?)?)
            }
            _ => match running.checked_sub(1).filter(|last| *last >= self.first_period) {
                Some(last) => (running, self.cap(last)?, self.units(last)?),
                None => (running, 0, 0),
            },
        };
        for period in end_period..self.end_period {
            Plan::count_closed(&mut plan.unsettled_grants[usize::from(period)])?;
        }
        self.end_period = end_period;
        (self.cut_cap, self.cut_units) = (cut_cap, cut_units);
        self.termination = by.to_byte();
        self.ended_at = now;

        if now < self.cliff(&calendar)? {
            plan.owed = plan
                .owed
                .checked_sub(self.owed()?)
                .ok_or(EarnoutError::InvariantViolated)?;
            self.flags |= FORFEITED;
        }
        if self.is_settled() {
            self.carry = 0;
        }
        let reserved = self.reserve_from(self.next_period)?;
        plan.change_reserve(self.reserved, reserved)?;
        self.reserved = reserved;
        Ok(())
    }

    /// Vested at `now` (Unix seconds), bonuses included, base units. Nothing of a forfeited grant vests.
    ///
    /// Errors: `Overflow`, `CorruptAccount`.
    pub fn vested(&self, plan: &Plan, now: i64) -> Result<u64> {
        if self.has(FORFEITED) {
            return Ok(0);
        }
        let calendar = plan.calendar()?;
        let cliff = self.cliff(&calendar)?;
        let nothing_settled = self.next_period == self.first_period;
        let release: core::release::Release = plan.release()?.into();
        let (from, to) = if nothing_settled || release == core::release::Release::AtSettlement {
            (0, 0)
        } else {
            let next = self.next_period.checked_add(1).ok_or(EarnoutError::Overflow)?;
            (
                calendar.boundary(self.next_period).ours()?,
                calendar.boundary(next).ours()?,
            )
        };
        let earnings = Earnings {
            earned: self.earned,
            last_earned: self.last_earned,
            bonus: self.bonus,
        };
        release::vested(release, earnings, from, to, cliff, now).ours()
    }

    /// Vested at `now` and not yet claimed, base units.
    ///
    /// Errors: as [`Grant::vested`]; `InvariantViolated` if more was claimed than is vested.
    pub fn claimable(&self, plan: &Plan, now: i64) -> Result<u64> {
        let claimable = self.vested(plan, now)?.checked_sub(self.claimed);
        Ok(claimable.ok_or(EarnoutError::InvariantViolated)?)
    }

    /// The largest bonus with which all that the grant earned and can still earn fits a token amount. Only tokens that
    /// pass through the same grants again and again come near it, and no pool may ever stall for it.
    pub fn bonus_room(&self) -> u64 {
        let taken = self
            .earned
            .checked_add(self.reserved)
            .and_then(|sum| sum.checked_add(self.bonus));
        u64::MAX.saturating_sub(taken.unwrap_or(u64::MAX))
    }

    /// What the vault owes to the grant: earned and bonuses that are not yet claimed, base units.
    ///
    /// Errors: `InvariantViolated` if more was claimed than was ever earned.
    pub fn owed(&self) -> Result<u64> {
        if self.has(FORFEITED) {
            return Ok(0);
        }
        let owed = self
            .earned
            .checked_add(self.bonus)
            .and_then(|sum| sum.checked_sub(self.claimed));
        Ok(owed.ok_or(EarnoutError::InvariantViolated)?)
    }

    /// Checks what one account can show, last in every instruction that changes a grant's amounts.
    ///
    /// Errors: `InvariantViolated`.
    pub fn invariant(&self) -> Result<()> {
        self.owed()?;
        let in_order = self.first_period <= self.next_period
            && self.next_period <= self.end_period
            && self.first_period <= self.collected_through
            && self.collected_through <= self.next_period
            && self.cliff_periods <= self.periods;
        require!(in_order, EarnoutError::InvariantViolated);
        if self.is_settled() {
            require!(self.reserved == 0 && self.carry == 0, EarnoutError::InvariantViolated);
        }
        Ok(())
    }
}
