//! One token, one vault, one calendar, one list of KPIs, one oracle set.

use {
    super::{Cadence, Combination, Kpi, OracleSet, PlanStatus, Release, UnearnedPolicy},
    crate::{address, constants::*, error::EarnoutError, prelude::*, token},
    earnout_core::calendar::{Calendar, Windows},
};

/// The plan accepts a mint whose freeze authority could stop payouts.
pub const ALLOW_FREEZE_AUTHORITY: u8 = 1;

/// The plan accepts a mint with a transfer fee, which its fee authority can change.
pub const ALLOW_TRANSFER_FEE: u8 = 2;
/// The plan accepts a mint with a transfer hook, a program that can refuse any transfer.
pub const ALLOW_TRANSFER_HOOK: u8 = 4;

/// A plan. Address: `["plan", creator, plan_id u64]`.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// Layout version.
    pub version: u8,
    /// Canonical bump of the address.
    pub bump: u8,
    /// Canonical bump of the vault's address.
    pub vault_bump: u8,
    /// [`PlanStatus`] as a byte.
    pub status: u8,
    /// Kind of [`Cadence`]: 0 seconds, 1 months.
    pub cadence_kind: u8,
    /// [`Combination`] as a byte.
    pub combination: u8,
    /// [`UnearnedPolicy`] as a byte.
    pub unearned_policy: u8,
    /// [`Release`] as a byte.
    pub release: u8,
    /// What the plan accepts of its mint: a sum of `ALLOW_…` flags.
    pub token_flags: u8,
    /// KPIs in use.
    pub kpi_count: u8,
    /// Periods of the calendar, 1 to 120.
    pub period_count: u16,
    /// Length of a period in units of the cadence.
    pub cadence_length: u32,
    /// The creator's number for this plan.
    pub plan_id: u64,
    /// Beginning of period 0, Unix seconds.
    pub start_ts: i64,
    /// No grant is made at or after this time, Unix seconds.
    pub enrolment_end: i64,
    /// When the terms were frozen, Unix seconds; 0 in a draft.
    pub activated_at: i64,
    /// Votes on a period are accepted for this long after its end.
    pub attest_secs: u32,
    /// A value or a silence can be disputed for this long; 0 without an arbiter.
    pub challenge_secs: u32,
    /// The arbiter can rule for this long after a dispute; 0 without an arbiter.
    pub ruling_secs: u32,
    /// Notice before a change of oracles or treasury takes effect.
    pub notice_secs: u32,
    /// Largest bonus of a grant for a period, basis points of its tranche. Counts under `Redistribute` only.
    pub bonus_cap_bps: u32,
    /// Transfer fee above which only the beneficiary claims and only the authority sends surplus away, basis points. Counts
    /// for mints with a transfer fee only.
    pub max_fee_bps: u16,
    /// Zero.
    pub spare_terms: [u8; 2],
    /// Smallest allocation of a grant, base units.
    pub min_allocation: u64,
    /// Largest allocation of a grant, base units.
    pub max_allocation: u64,
    /// Most grants ever made.
    pub max_grants: u32,
    /// Grants made so far and index of the next one. Never falls.
    pub grant_counter: u32,
    /// What live grants can still earn, base units.
    pub reserved: u64,
    /// Earned and bonuses that are not yet claimed, base units.
    pub owed: u64,
    /// Pools of periods whose bonuses are not yet collected, base units.
    pub pooled: u64,
    /// Ever funded, base units; saturates. Donations that bypass `fund` do not count.
    pub funded_total: u64,
    /// Ever earned, base units; saturates.
    pub earned_total: u64,
    /// Ever collected as bonus, base units; saturates.
    pub bonus_total: u64,
    /// Ever claimed, base units; saturates.
    pub claimed_total: u64,
    /// Ever withdrawn to the treasury, base units; saturates.
    pub withdrawn_total: u64,
    /// Events emitted so far; an event carries the number it has in this count, from 1.
    pub event_sequence: u64,
    /// Grant accounts that exist.
    pub open_grants: u32,
    /// Attestation accounts that exist.
    pub open_attestations: u32,
    /// Period accounts that exist.
    pub open_periods: u32,
    /// Zero.
    pub spare_counters: [u8; 4],
    /// When `pending_treasury` takes effect, Unix seconds; 0 without one.
    pub pending_treasury_at: i64,
    /// Who created the plan; part of its address.
    pub creator: Pubkey,
    /// Who makes grants, withdraws surplus and changes keys.
    pub authority: Pubkey,
    /// Proposed authority; zero without one.
    pub pending_authority: Pubkey,
    /// Who rules on disputes; zero without one.
    pub arbiter: Pubkey,
    /// The token.
    pub mint: Pubkey,
    /// Token program of the mint.
    pub token_program: Pubkey,
    /// Token account owned by this plan.
    pub vault: Pubkey,
    /// Token account that receives surplus.
    pub treasury: Pubkey,
    /// Owner of `treasury` when it was set.
    pub treasury_owner: Pubkey,
    /// Next treasury; zero without one.
    pub pending_treasury: Pubkey,
    /// Owner of `pending_treasury` when it was proposed.
    pub pending_treasury_owner: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Oracles in force, unless the period has reached `next_oracles`.
    pub oracles: OracleSet,
    /// Oracles from `next_oracles.first_period` on; empty without a change.
    pub next_oracles: OracleSet,
    /// Grants that cover the period and have not settled it, by period. At the first settlement of a period this is the
    /// number of its grants.
    pub unsettled_grants: [u32; 120],
    /// The KPIs; the first `kpi_count` count.
    pub kpis: [Kpi; 16],
    /// Lamports that `rent_payer` paid for the plan.
    pub rent_paid: u64,
    /// Lamports that `rent_payer` paid for the vault.
    pub vault_rent_paid: u64,
    /// Zero. For Merkle roots, price-denominated grants and bonds.
    pub spare: [u8; 240],
}

/// The seeds of a plan, copied out of it, so that its account is free while it signs.
#[derive(Clone, Copy, Debug)]
pub struct PlanSigner {
    creator: Pubkey,
    plan_id: [u8; 8],
    bump: [u8; 1],
}

impl PlanSigner {
    /// The seeds with the bump.
    pub fn seeds(&self) -> [&[u8]; 4] {
        [PLAN_SEED, self.creator.as_ref(), &self.plan_id, &self.bump]
    }
}

/// What is left of a plan that was closed: its address can never be used again.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct ClosedPlan {
    /// When it was closed, Unix seconds.
    pub closed_at: i64,
    /// Number of its last event.
    pub event_sequence: u64,
}

impl Plan {
    /// Errors: `PlanNotActive` if the plan is closed; `BadStart` if it is a draft that could not be activated at `now` because
    /// of its start: what it took could never reach a grant.
    pub fn require_fundable(&self, now: i64) -> Result<()> {
        self.require_open()?;
        if self.status()? == PlanStatus::Draft {
            self.check_start(now)?;
        }
        Ok(())
    }

    /// Whether nobody needs the surplus any more at `now`: every period can be settled, or the plan is a draft whose start has
    /// passed and that nobody can activate.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn is_over(&self, now: i64) -> Result<bool> {
        Ok(match self.status()? {
            PlanStatus::Draft => now >= self.start_ts,
            PlanStatus::Active => now >= self.last_deadline()?,
            PlanStatus::Closed => false,
        })
    }

    /// Errors: `PlanNotActive` if the plan is closed.
    pub fn require_open(&self) -> Result<()> {
        require!(self.status()? != PlanStatus::Closed, EarnoutError::PlanNotActive);
        Ok(())
    }

    /// The status, decoded.
    pub fn status(&self) -> Result<PlanStatus> {
        Ok(PlanStatus::try_from(self.status)?)
    }

    /// Errors: `PlanNotActive` unless the terms are frozen and the plan is not closed.
    pub fn require_active(&self) -> Result<()> {
        require!(self.status()? == PlanStatus::Active, EarnoutError::PlanNotActive);
        Ok(())
    }

    /// The combination, decoded.
    pub fn combination(&self) -> Result<Combination> {
        Ok(Combination::try_from(self.combination)?)
    }

    /// The policy for what is not earned, decoded.
    pub fn unearned_policy(&self) -> Result<UnearnedPolicy> {
        Ok(UnearnedPolicy::try_from(self.unearned_policy)?)
    }

    /// Whether unearned amounts are shared among the grants of a period.
    pub fn redistributes(&self) -> Result<bool> {
        Ok(self.unearned_policy()? == UnearnedPolicy::Redistribute)
    }

    /// The release, decoded.
    pub fn release(&self) -> Result<Release> {
        Ok(Release::try_from(self.release)?)
    }

    /// The calendar, as the arithmetic reads it.
    #[inline(never)]
    pub fn calendar(&self) -> Result<Calendar> {
        Ok(Calendar {
            start_ts: self.start_ts,
            cadence: Cadence::from_stored(self.cadence_kind, self.cadence_length)?.into(),
            period_count: self.period_count,
        })
    }

    /// The windows, as the arithmetic reads them.
    pub fn windows(&self) -> Windows {
        Windows {
            attest_secs: self.attest_secs,
            challenge_secs: self.challenge_secs,
            ruling_secs: self.ruling_secs,
        }
    }

    /// The time after which every period settles without anyone's goodwill, Unix seconds.
    pub fn last_deadline(&self) -> Result<i64> {
        let end = self.calendar()?.end().map_err(EarnoutError::from)?;
        Ok(self.windows().settle_deadline(end).map_err(EarnoutError::from)?)
    }

    /// End of the voting window of `period`, Unix seconds.
    ///
    /// Errors: `UnknownPeriod`, `Overflow`.
    pub fn attest_deadline(&self, period: u16) -> Result<i64> {
        let end = self.calendar()?.period_end(period).map_err(EarnoutError::from)?;
        Ok(self.windows().attest_deadline(end).map_err(EarnoutError::from)?)
    }

    /// The KPIs in use.
    pub fn kpis(&self) -> &[Kpi] {
        &self.kpis[..usize::from(self.kpi_count).min(self.kpis.len())]
    }

    /// KPI number `kpi`.
    ///
    /// Errors: `UnknownKpi`.
    pub fn kpi(&self, kpi: u8) -> Result<&Kpi> {
        Ok(self.kpis().get(usize::from(kpi)).ok_or(EarnoutError::UnknownKpi)?)
    }

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
        let begins = self.calendar()?.period_start(self.next_oracles.first_period);
        Ok(now < begins.map_err(EarnoutError::from)?)
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
        let end = self.calendar()?.period_end(last).map_err(EarnoutError::from)?;
        Ok(now >= self.windows().settle_deadline(end).map_err(EarnoutError::from)?)
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

    /// Checks that `caller` may send surplus to `destination` at `now`: the authority to the treasury; once the plan is over
    /// anyone, the authority included, to the associated account of the treasury's owner; in both cases still owned by that
    /// owner.
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

    /// What the vault owes or may come to owe to grants, base units.
    ///
    /// Errors: `Overflow`.
    pub fn obligations(&self) -> Result<u64> {
        let sum = self
            .reserved
            .checked_add(self.owed)
            .and_then(|sum| sum.checked_add(self.pooled));
        Ok(sum.ok_or(EarnoutError::Overflow)?)
    }

    /// Vault tokens that no grant can ever claim, base units. `vault_amount` is the vault's balance.
    ///
    /// Errors: `InvariantViolated` if the vault holds less than it owes.
    pub fn surplus(&self, vault_amount: u64) -> Result<u64> {
        let surplus = vault_amount.checked_sub(self.obligations()?);
        Ok(surplus.ok_or(EarnoutError::InvariantViolated)?)
    }

    /// Checks what one account can show, last in every instruction that moves amounts. `backing` is what is known to stand
    /// behind the obligations: the vault's balance, or, where the vault is not part of the instruction, the obligations
    /// before it, which it may only lower.
    ///
    /// Errors: `InvariantViolated`, `Overflow`.
    pub fn invariant(&self, backing: u64) -> Result<()> {
        require!(self.obligations()? <= backing, EarnoutError::InvariantViolated);
        require!(
            self.open_grants <= self.grant_counter && self.grant_counter <= self.max_grants,
            EarnoutError::InvariantViolated
        );
        Ok(())
    }

    /// The number of the next event.
    ///
    /// Errors: `Overflow`.
    pub fn next_event(&mut self) -> Result<u64> {
        self.event_sequence = self.event_sequence.checked_add(1).ok_or(EarnoutError::Overflow)?;
        Ok(self.event_sequence)
    }

    /// Books that a grant's reserve of `before` base units is `after` from now on.
    ///
    /// Errors: `Overflow`.
    pub fn change_reserve(&mut self, before: u64, after: u64) -> Result<()> {
        let reserved = self
            .reserved
            .checked_sub(before)
            .and_then(|rest| rest.checked_add(after));
        self.reserved = reserved.ok_or(EarnoutError::Overflow)?;
        Ok(())
    }

    /// What the plan signs with for its vault.
    pub fn signer(&self) -> PlanSigner {
        PlanSigner {
            creator: self.creator,
            plan_id: self.plan_id.to_le_bytes(),
            bump: [self.bump],
        }
    }

    /// Counts an account of this plan that was created.
    ///
    /// Errors: `Overflow`.
    pub fn count_opened(counter: &mut u32) -> Result<()> {
        *counter = counter.checked_add(1).ok_or(EarnoutError::Overflow)?;
        Ok(())
    }

    /// Counts an account of this plan that was closed.
    ///
    /// Errors: `InvariantViolated` if none was open.
    pub fn count_closed(counter: &mut u32) -> Result<()> {
        *counter = counter.checked_sub(1).ok_or(EarnoutError::InvariantViolated)?;
        Ok(())
    }

    /// Whether `key` votes on a period at `now` or later. Sets whose last period is past its deadlines do not count.
    ///
    /// Errors: `CorruptAccount`, `Overflow`.
    pub fn is_oracle(&self, key: &Pubkey, now: i64) -> Result<bool> {
        let by_old_set = self.oracles.position(key).is_some() && !self.oracles_are_retired(now)?;
        Ok(by_old_set || self.next_oracles.position(key).is_some())
    }

    /// Whether `key` votes at `now`. A set that has not begun does not count, nor one whose last period is past its deadlines.
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

    /// Errors: `BadStart` unless the calendar begins after `now` (Unix seconds) and not too far in the future.
    fn check_start(&self, now: i64) -> Result<()> {
        let latest = now
            .checked_add(i64::from(MAX_START_DELAY_SECS))
            .ok_or(EarnoutError::Overflow)?;
        require!(self.start_ts > now && self.start_ts <= latest, EarnoutError::BadStart);
        Ok(())
    }

    /// Checks all terms against each other and the constant limits; `now` in Unix seconds.
    ///
    /// Errors: `NoKpi`, `BadStart`, `BadCalendar`, `BadWindow`, `BadCaps`.
    pub fn check_terms(&self, now: i64) -> Result<()> {
        require!(self.kpi_count > 0, EarnoutError::NoKpi);
        self.check_start(now)?;

        let length_fits = match Cadence::from_stored(self.cadence_kind, self.cadence_length)? {
            Cadence::Seconds(secs) => (MIN_WINDOW_SECS..=MAX_PERIOD_SECS).contains(&secs),
            Cadence::Months(months) => (1..=MAX_PERIOD_MONTHS).contains(&months),
        };
        require!(length_fits, EarnoutError::BadCalendar);
        let calendar = self.calendar()?;
        calendar.validate().map_err(|_| EarnoutError::BadCalendar)?;

        let window = MIN_WINDOW_SECS..=MAX_WINDOW_SECS;
        require!(
            window.contains(&self.attest_secs) && window.contains(&self.notice_secs),
            EarnoutError::BadWindow
        );
        if self.arbiter == Pubkey::default() {
            require!(
                self.challenge_secs == 0 && self.ruling_secs == 0,
                EarnoutError::BadWindow
            );
        } else {
            require!(
                window.contains(&self.challenge_secs) && window.contains(&self.ruling_secs),
                EarnoutError::BadWindow
            );
            // Else an early dispute, of which there is one, would shorten everyone's challenge window.
            require!(self.ruling_secs >= self.challenge_secs, EarnoutError::BadWindow);
        }
        self.last_deadline()?;

        require!(
            0 < self.min_allocation && self.min_allocation <= self.max_allocation && self.max_grants > 0,
            EarnoutError::BadCaps
        );
        require!(self.bonus_cap_bps <= MAX_BONUS_CAP_BPS, EarnoutError::BadCaps);
        require!(self.max_fee_bps <= earnout_core::FULL_SCORE, EarnoutError::BadCaps);
        let end = calendar.end().map_err(EarnoutError::from)?;
        require!(
            self.enrolment_end > now && self.enrolment_end <= end,
            EarnoutError::BadCaps
        );
        Ok(())
    }
}
