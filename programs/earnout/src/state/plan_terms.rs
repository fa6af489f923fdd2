//! The terms of a plan: what is given, what is refused, and how they are written down.

use {
    super::{
        Cadence, Combination, Kpi, KpiArgs, OracleSet, Plan, PlanStatus, Release, UnearnedPolicy, kpi::packed_text,
    },
    crate::{constants::*, error::EarnoutError, prelude::*},
    earnout_core::unit,
};

/// Terms of a plan, apart from its KPIs.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreatePlanArgs {
    /// The creator's number for this plan; with the creator's key it makes the address.
    pub plan_id: u64,
    /// Name, 1 to 32 bytes of UTF-8 without hidden characters and outer spaces (`earnout_core::name`).
    pub name: String,
    /// Unit of account of grants that are not stated in the token, up to 8 bytes of UTF-8 of the same kind, for example
    /// `USD`; empty without such grants.
    pub unit: String,
    /// Decimals of amounts in the unit of account, 0 to 9; 0 without one.
    pub unit_decimals: u8,
    /// Beginning of period 0, Unix seconds. In the future at activation.
    pub start_ts: i64,
    /// Length of a period: 10 minutes to 366 days, or 1 to 12 months.
    pub cadence: Cadence,
    /// Periods, 1 to 120.
    pub period_count: u16,
    /// Votes are accepted for this long after a period, seconds: 10 minutes to 90 days.
    pub attest_secs: u32,
    /// Values and silences can be disputed for this long, seconds: 10 minutes to 90 days, 0 without an arbiter.
    pub challenge_secs: u32,
    /// The arbiter can rule for this long, seconds: 10 minutes to 90 days and at least `challenge_secs`, 0 without an
    /// arbiter.
    pub ruling_secs: u32,
    /// Notice before oracles or treasury change, seconds: 10 minutes to 90 days.
    pub notice_secs: u32,
    /// How scores combine.
    pub combination: Combination,
    /// What becomes of unearned amounts.
    pub unearned_policy: UnearnedPolicy,
    /// When earned amounts vest.
    pub release: Release,
    /// Largest bonus of a period in basis points of the tranche, up to 1,000,000.
    pub bonus_cap_bps: u32,
    /// Smallest allocation of a grant, base units, not zero.
    pub min_allocation: u64,
    /// Largest allocation of a grant, base units.
    pub max_allocation: u64,
    /// Most grants ever made, not zero.
    pub max_grants: u32,
    /// No grant is made from this time on, Unix seconds; at most the end of the calendar.
    pub enrolment_end: i64,
    /// `ALLOW_…` flags.
    pub token_flags: u8,
    /// Transfer fee above which only the beneficiary claims, basis points, up to 10,000.
    pub max_fee_bps: u16,
    /// 1 to 8 oracles.
    pub oracles: Vec<Pubkey>,
    /// Votes that decide: more than half of the oracles.
    pub threshold: u8,
    /// Who rules on disputes.
    pub arbiter: Option<Pubkey>,
}

impl CreatePlanArgs {
    /// The oracles of the first periods.
    ///
    /// Errors: `BadOracleSet`, `BadThreshold`.
    pub fn oracle_set(&self) -> Result<OracleSet> {
        OracleSet::new(&self.oracles, self.threshold, 0)
    }

    /// Errors: `BadTokenFlags` if one of the flags is unknown.
    pub fn check_token_flags(&self) -> Result<()> {
        let unknown = self.token_flags & !(ALLOW_FREEZE_AUTHORITY | ALLOW_TRANSFER_FEE | ALLOW_TRANSFER_HOOK);
        require!(unknown == 0, EarnoutError::BadTokenFlags);
        Ok(())
    }

    /// The name, padded with zero bytes.
    ///
    /// Errors: `BadName`.
    pub fn packed_name(&self) -> Result<[u8; 32]> {
        require!(!self.name.is_empty(), EarnoutError::BadName);
        Ok(packed_text(&self.name).ok_or(EarnoutError::BadName)?)
    }

    /// The unit of account, padded with zero bytes.
    ///
    /// Errors: `BadUnit`, `TooManyDecimals`.
    pub fn packed_unit(&self) -> Result<[u8; 8]> {
        let most = if self.unit.is_empty() { 0 } else { MAX_UNIT_DECIMALS };
        require!(self.unit_decimals <= most, EarnoutError::TooManyDecimals);
        Ok(packed_text(&self.unit).ok_or(EarnoutError::BadUnit)?)
    }

    /// Errors: `RolesNotSeparate` for an arbiter without a key.
    pub fn check_arbiter(&self) -> Result<()> {
        require!(self.arbiter != Some(Pubkey::default()), EarnoutError::RolesNotSeparate);
        Ok(())
    }
}

impl Plan {
    /// Writes down a new draft of `creator`, who is its first authority. `bump` and `vault_bump` are those of the
    /// addresses of plan and vault. Token, treasury and rent are the caller's to write.
    ///
    /// Errors: `BadName`, `BadUnit`, `TooManyDecimals`.
    pub fn begin(
        &mut self,
        args: &CreatePlanArgs,
        oracles: &OracleSet,
        creator: &Pubkey,
        bump: u8,
        vault_bump: u8,
    ) -> Result<()> {
        self.name = args.packed_name()?;
        self.unit = args.packed_unit()?;
        self.unit_decimals = args.unit_decimals;
        self.bump = bump;
        self.vault_bump = vault_bump;
        self.status = PlanStatus::Draft.to_byte();
        (self.cadence_kind, self.cadence_length) = args.cadence.to_stored();
        self.period_count = args.period_count;
        self.combination = args.combination.to_byte();
        self.unearned_policy = args.unearned_policy.to_byte();
        self.release = args.release.to_byte();
        self.token_flags = args.token_flags;
        self.plan_id = args.plan_id;
        self.start_ts = args.start_ts;
        self.enrolment_end = args.enrolment_end;
        self.attest_secs = args.attest_secs;
        self.challenge_secs = args.challenge_secs;
        self.ruling_secs = args.ruling_secs;
        self.notice_secs = args.notice_secs;
        self.bonus_cap_bps = args.bonus_cap_bps;
        self.max_fee_bps = args.max_fee_bps;
        self.min_allocation = args.min_allocation;
        self.max_allocation = args.max_allocation;
        self.max_grants = args.max_grants;
        self.creator = *creator;
        self.authority = *creator;
        self.arbiter = args.arbiter.unwrap_or_default();
        self.oracles = *oracles;
        Ok(())
    }

    /// Adds a KPI and returns its number.
    ///
    /// Errors: `TooManyKpis`, `DuplicateKpi`; `BadFeed` if updates may come after the oracles' window; `BadPrice` if
    /// the plan has a price already or no unit of account; as [`Kpi::new`].
    pub fn push_kpi(&mut self, args: &KpiArgs) -> Result<u8> {
        let number = self.kpi_count;
        require!(number < MAX_KPIS, EarnoutError::TooManyKpis);
        let kpi = Kpi::new(args)?;
        let is_new = self.kpis().iter().all(|other| other.name != kpi.name);
        require!(is_new, EarnoutError::DuplicateKpi);
        require!(kpi.max_delay_secs <= self.attest_secs, EarnoutError::BadFeed);
        let next = number.checked_add(1).ok_or(EarnoutError::Overflow)?;
        if kpi.is_price() {
            require!(self.price_kpi == 0 && self.has_unit(), EarnoutError::BadPrice);
            self.price_kpi = next;
        }
        self.kpis[usize::from(number)] = kpi;
        self.kpi_count = next;
        Ok(number)
    }

    /// Errors: `BadStart` unless the calendar begins after `now` (Unix seconds) and not too far in the future.
    pub(super) fn check_start(&self, now: i64) -> Result<()> {
        let latest = now
            .checked_add(i64::from(MAX_START_DELAY_SECS))
            .ok_or(EarnoutError::Overflow)?;
        require!(self.start_ts > now && self.start_ts <= latest, EarnoutError::BadStart);
        Ok(())
    }

    /// Writes down by which power of ten units become tokens of a mint with `mint_decimals`.
    ///
    /// Errors: `BadPrice` if the plan has a unit of account but no price, or the decimals differ by more than 18
    /// digits.
    pub fn fix_exponent(&mut self, mint_decimals: u8) -> Result<()> {
        let Some((_, kpi)) = self.price() else {
            require!(!self.has_unit(), EarnoutError::BadPrice);
            return Ok(());
        };
        let exponent = unit::exponent(mint_decimals, kpi.decimals, self.unit_decimals);
        self.unit_exponent = exponent.map_err(|_| EarnoutError::BadPrice)?;
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
        let end = calendar.end().ours()?;
        require!(
            self.enrolment_end > now && self.enrolment_end <= end,
            EarnoutError::BadCaps
        );
        Ok(())
    }
}
