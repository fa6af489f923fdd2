//! One token, one vault, one calendar, one list of KPIs, one oracle set.

use {
    super::{
        Cadence, Combination, Kpi, OracleSet, PlanStatus, Release, UnearnedPolicy,
        account::versioned,
        kpi::{packed_text, text},
    },
    crate::{
        constants::{MAX_KPIS, MAX_PERIODS, PLAN_SEED},
        error::EarnoutError,
        prelude::*,
    },
    earnout_core::calendar::{Calendar, Windows},
};

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
    /// Transfer fee above which only the beneficiary claims and only the authority sends surplus away, basis points.
    /// Counts for mints with a transfer fee only.
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
    /// Page accounts that exist.
    pub open_pages: u32,
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
    /// UTF-8, padded with zero bytes.
    pub name: [u8; 32],
    /// Where the plan's documents are, UTF-8, padded with zero bytes; zero if the authority does not say.
    pub uri: [u8; 96],
    /// Unit of account, UTF-8, padded with zero bytes; zero without one.
    pub unit: [u8; 8],
    /// Decimals of amounts in the unit of account.
    pub unit_decimals: u8,
    /// Number of the price among the KPIs plus 1; 0 without one.
    pub price_kpi: u8,
    /// Power of ten by which amounts in the unit become base units, before they are divided by the price. Fixed at
    /// activation.
    pub unit_exponent: i8,
    /// Zero. For rolls and bonds.
    pub spare: [u8; 101],
}

versioned!(Plan);
// The lengths are numbers because Anchor's description takes nothing else; here they are compared with the limits.
const _: fn(&Plan) -> &[Kpi; MAX_KPIS as usize] = |plan| &plan.kpis;
const _: fn(&Plan) -> &[u32; MAX_PERIODS as usize] = |plan| &plan.unsettled_grants;

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
    /// Errors: `PlanNotActive` if the plan is closed; `BadStart` if it is a draft that could not be activated at `now`
    /// because of its start: what it took could never reach a grant.
    pub fn require_fundable(&self, now: i64) -> Result<()> {
        self.require_open()?;
        if self.status()? == PlanStatus::Draft {
            self.check_start(now)?;
        }
        Ok(())
    }

    /// Whether nobody needs the surplus any more at `now`: every period can be settled, or the plan is a draft whose
    /// start has passed and that nobody can activate.
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
        let end = self.calendar()?.end().ours()?;
        self.windows().settle_deadline(end).ours()
    }

    /// End of the voting window of `period`, Unix seconds.
    ///
    /// Errors: `UnknownPeriod`, `Overflow`.
    pub fn attest_deadline(&self, period: u16) -> Result<i64> {
        let end = self.calendar()?.period_end(period).ours()?;
        self.windows().attest_deadline(end).ours()
    }

    /// The end of `period`, Unix seconds, if oracles can vote on it at `now`.
    ///
    /// Errors: `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`, `NothingToEvaluate` if no grant needs the period any
    /// more, so that the address of an attestation or page that was closed can never be used again.
    #[inline(never)]
    pub fn check_voting(&self, period: u16, now: i64) -> Result<i64> {
        let end = self.calendar()?.period_end(period).ours()?;
        require!(now >= end, EarnoutError::VotingNotOpen);
        let deadline = self.windows().attest_deadline(end).ours()?;
        require!(now < deadline, EarnoutError::VotingClosed);
        require!(self.is_needed(period), EarnoutError::NothingToEvaluate);
        Ok(end)
    }

    /// Whether a grant still depends on `period`.
    pub fn is_needed(&self, period: u16) -> bool {
        let unsettled = self.unsettled_grants.get(usize::from(period));
        unsettled.is_some_and(|unsettled| *unsettled > 0)
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

    /// Whether the plan has a unit of account.
    pub fn has_unit(&self) -> bool {
        self.unit != [0; 8]
    }

    /// The price and its number among the KPIs.
    pub fn price(&self) -> Option<(u8, &Kpi)> {
        let number = self.price_kpi.checked_sub(1)?;
        Some((number, self.kpis().get(usize::from(number))?))
    }

    /// Says where the documents are, and returns where they were. An empty address says nothing.
    ///
    /// Errors: `BadUri`.
    pub fn set_uri(&mut self, uri: &str) -> Result<String> {
        require!(!uri.contains(' '), EarnoutError::BadUri);
        let packed = packed_text(uri).ok_or(EarnoutError::BadUri)?;
        let old = text(&self.uri).ok_or(EarnoutError::CorruptAccount)?.to_owned();
        self.uri = packed;
        Ok(old)
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

    /// Checks what one account can show, last in every instruction that moves amounts. `backing` is what is known to
    /// stand behind the obligations: the vault's balance, or, where the vault is not part of the instruction, the
    /// obligations before it, which it may only lower.
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
}
