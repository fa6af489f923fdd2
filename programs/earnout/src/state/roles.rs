//! Who may do what for a plan: authority, arbiter, oracles, and where surplus goes.

use {
    super::{OracleSet, Plan},
    crate::{address, error::EarnoutError, prelude::*, token},
};

impl Plan {
    /// The oracles that vote on `period`.
    pub fn oracle_set(&self, period: u16) -> &OracleSet {
        if self.next_oracles.count > 0 && period >= self.next_oracles.first_period {
            &self.next_oracles
        } else {
            &self.oracles
        }
    }

    /// Whether `next_oracles` was announced and has not begun at `now`.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn oracle_change_is_pending(&self, now: i64) -> Result<bool> {
        if self.next_oracles.count == 0 {
            return Ok(false);
        }
        let begins = self.calendar()?.period_start(self.next_oracles.first_period).ours()?;
        Ok(now < begins)
    }

    /// Whether `next_oracles` has begun at `now` and the last period of `oracles` is past its deadlines.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    fn oracles_are_retired(&self, now: i64) -> Result<bool> {
        if self.next_oracles.count == 0 || self.oracle_change_is_pending(now)? {
            return Ok(false);
        }
        let Some(last) = self.next_oracles.first_period.checked_sub(1) else {
            return Ok(true);
        };
        let end = self.calendar()?.period_end(last).ours()?;
        Ok(now >= self.windows().settle_deadline(end).ours()?)
    }

    /// Lets `next_oracles` take the place of `oracles` once the latter are retired at `now`.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn retire_oracles(&mut self, now: i64) -> Result<()> {
        if self.oracles_are_retired(now)? {
            self.oracles = self.next_oracles;
            self.next_oracles = OracleSet::empty();
        }
        Ok(())
    }

    /// The treasury at `now` and its owner.
    pub fn treasury_at(&self, now: i64) -> (Pubkey, Pubkey) {
        if self.pending_treasury_at != 0 && now >= self.pending_treasury_at {
            (self.pending_treasury, self.pending_treasury_owner)
        } else {
            (self.treasury, self.treasury_owner)
        }
    }

    /// Writes down a treasury whose time has come at `now`.
    pub fn apply_treasury(&mut self, now: i64) {
        (self.treasury, self.treasury_owner) = self.treasury_at(now);
        if now >= self.pending_treasury_at {
            self.drop_pending_treasury();
        }
    }

    /// Forgets an announced treasury.
    pub fn drop_pending_treasury(&mut self) {
        self.pending_treasury = Pubkey::default();
        self.pending_treasury_owner = Pubkey::default();
        self.pending_treasury_at = 0;
    }

    /// Errors: `WrongTreasury` if `key` is not the treasury at `now`.
    pub fn require_treasury(&self, key: &Pubkey, now: i64) -> Result<()> {
        require!(&self.treasury_at(now).0 == key, EarnoutError::WrongTreasury);
        Ok(())
    }

    /// Checks that `caller` may send surplus to `destination` at `now`: the authority to the treasury; once the plan is
    /// over anyone, the authority included, to the associated account of the treasury's owner; in both cases still
    /// owned by that owner.
    ///
    /// Errors: `WrongTreasury`, `WrongAuthority`.
    pub fn check_surplus_destination(&self, caller: &Pubkey, destination: &AccountInfo, now: i64) -> Result<()> {
        let (treasury, owner) = self.treasury_at(now);
        let holding = token::holding(destination, &self.token_program).ok_or(EarnoutError::WrongTreasury)?;
        require!(
            holding.mint == self.mint && holding.owner == owner,
            EarnoutError::WrongTreasury
        );
        let by_authority = caller == &self.authority;
        if by_authority && same(destination.address(), &treasury) {
            return Ok(());
        }
        let over = self.is_over(now)?;
        require!(by_authority || over, EarnoutError::WrongAuthority);
        let associated = address::associated(&owner, &self.mint, &self.token_program)?.0;
        require!(
            over && same(destination.address(), &associated),
            EarnoutError::WrongTreasury
        );
        Ok(())
    }

    /// Whether the plan has an arbiter, and `key` is it.
    pub fn is_arbiter(&self, key: &Pubkey) -> bool {
        self.arbiter != Pubkey::default() && &self.arbiter == key
    }

    /// Whether `key` votes on a period at `now` or later. Sets whose last period is past its deadlines do not count.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn is_oracle(&self, key: &Pubkey, now: i64) -> Result<bool> {
        let by_old_set = self.oracles.position(key).is_some() && !self.oracles_are_retired(now)?;
        Ok(by_old_set || self.next_oracles.position(key).is_some())
    }

    /// Whether `key` votes at `now`. A set that has not begun does not count, nor one whose last period is past its
    /// deadlines.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn is_oracle_in_force(&self, key: &Pubkey, now: i64) -> Result<bool> {
        let by_old_set = self.oracles.position(key).is_some() && !self.oracles_are_retired(now)?;
        Ok(by_old_set || (self.next_oracles.position(key).is_some() && !self.oracle_change_is_pending(now)?))
    }

    /// Errors: `RolesNotSeparate` if `key` is at `now` the arbiter or an oracle and so cannot become the authority.
    pub fn require_separate_authority(&self, key: &Pubkey, now: i64) -> Result<()> {
        require!(
            !self.is_arbiter(key) && !self.is_oracle(key, now)?,
            EarnoutError::RolesNotSeparate
        );
        Ok(())
    }

    /// Errors: `BadBeneficiary` for a key that cannot claim or must not be paid.
    pub fn require_beneficiary(&self, plan_key: &Pubkey, key: &Pubkey) -> Result<()> {
        let fit = key != &Pubkey::default() && key != plan_key && key != &self.vault && !self.is_arbiter(key);
        require!(fit, EarnoutError::BadBeneficiary);
        Ok(())
    }

    /// Errors: `RolesNotSeparate` if the authority, the arbiter and the oracles of `set` are not all different keys.
    pub fn require_separate_roles(&self, set: &OracleSet) -> Result<()> {
        let separate = !self.is_arbiter(&self.authority)
            && set.position(&self.authority).is_none()
            && (self.arbiter == Pubkey::default() || set.position(&self.arbiter).is_none());
        require!(separate, EarnoutError::RolesNotSeparate);
        Ok(())
    }
}
