//! A plan and its grants before they are on any chain: the same accounts that the program would write, made from the
//! arguments of its instructions, and what the program would refuse of them.

use {
    crate::{
        ledger::{GrantRecord, Ledger},
        pda,
    },
    anchor_lang::error::Error as ProgramError,
    earnout::{
        constants::MAX_KPIS,
        error::EarnoutError,
        events::{GrantCreated, PlanCreated, Rent},
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Grant, Kpi, KpiArgs, OracleSet, Plan},
    },
    earnout_core::credit,
    solana_program::pubkey::Pubkey,
};

/// Nothing is paid before anything is made.
const NO_RENT: Rent = Rent {
    payer: Pubkey::new_from_array([0; 32]),
    lamports: 0,
};

/// The draft that `create_plan` and `add_kpi` would write for `creator`, without mint and treasury, which only a chain has.
///
/// # Errors
/// What `add_kpi` refuses: `TooManyKpis`, `DuplicateKpi`, and a KPI that is not possible.
pub fn draft(creator: &Pubkey, args: &CreatePlanArgs, kpis: &[KpiArgs]) -> Result<Plan, ProgramError> {
    let address = pda::plan(creator, args.plan_id);
    let mut plan = Ledger::begin(&PlanCreated {
        plan: address,
        time: 0,
        sequence: 0,
        creator: *creator,
        rent: NO_RENT,
        vault_rent: 0,
        mint: Pubkey::default(),
        token_program: Pubkey::default(),
        vault: pda::vault(&address),
        treasury: Pubkey::default(),
        treasury_owner: Pubkey::default(),
        terms: args.clone(),
    })
    .plan;
    for args in kpis {
        let index = usize::from(plan.kpi_count);
        if plan.kpi_count >= MAX_KPIS {
            return Err(EarnoutError::TooManyKpis.into());
        }
        let kpi = Kpi::new(args)?;
        if plan.kpis().iter().any(|other| other.name == kpi.name) {
            return Err(EarnoutError::DuplicateKpi.into());
        }
        plan.kpis[index] = kpi;
        plan.kpi_count += 1;
    }
    Ok(plan)
}

/// Terms of a grant, apart from its number and its beneficiary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// Paid in full for full scores in every period, base units.
    pub allocation: u64,
    /// First period.
    pub first_period: u16,
    /// Number of periods.
    pub periods: u16,
    /// Nothing vests before the end of this many periods from the first.
    pub cliff_periods: u16,
    /// Weight of time, basis points.
    pub time_weight: u16,
    /// Weights of the plan's KPIs in their order, basis points.
    pub kpi_weights: Vec<u16>,
    /// The authority may terminate the grant.
    pub revocable: bool,
    /// The beneficiary may hand the grant to another key.
    pub transferable: bool,
}

impl GrantTerms {
    /// The arguments of `create_grant`.
    pub fn args(&self, index: u32, beneficiary: &Pubkey) -> CreateGrantArgs {
        CreateGrantArgs {
            grant_index: index,
            beneficiary: *beneficiary,
            allocation: self.allocation,
            first_period: self.first_period,
            periods: self.periods,
            cliff_periods: self.cliff_periods,
            time_weight: self.time_weight,
            kpi_weights: self.kpi_weights.clone(),
            revocable: self.revocable,
            transferable: self.transferable,
        }
    }
}

/// What `create_plan` and `activate_plan` refuse of a draft by `args` at `now` (Unix seconds), apart from mint and treasury.
///
/// # Errors
/// The program's: `BadOracleSet`, `BadThreshold`, `RolesNotSeparate`, `BadTokenFlags`, and those of its terms.
pub fn check(plan: &Plan, args: &CreatePlanArgs, now: i64) -> Result<(), ProgramError> {
    check_oracles(args)?;
    check_flags(args)?;
    if args.arbiter == Some(Pubkey::default()) {
        return Err(EarnoutError::RolesNotSeparate.into());
    }
    plan.check_terms(now)?;
    plan.require_separate_roles(&plan.oracles)
}

/// What `create_plan` refuses of the oracles.
///
/// # Errors
/// `BadOracleSet`, `BadThreshold`.
pub fn check_oracles(args: &CreatePlanArgs) -> Result<(), ProgramError> {
    OracleSet::new(&args.oracles, args.threshold, 0).map(drop)
}

/// What `create_plan` refuses of the flags.
///
/// # Errors
/// `BadTokenFlags`.
pub fn check_flags(args: &CreatePlanArgs) -> Result<(), ProgramError> {
    use earnout::state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK};
    if args.token_flags & !(ALLOW_FREEZE_AUTHORITY | ALLOW_TRANSFER_FEE | ALLOW_TRANSFER_HOOK) != 0 {
        return Err(EarnoutError::BadTokenFlags.into());
    }
    Ok(())
}

/// The grant that `create_grant` would write under `plan` at `now` (Unix seconds), apart from who paid for it. Whether the
/// vault can fund it is the chain's to say.
///
/// # Errors
/// What `create_grant` refuses: `TooManyGrants`, `EnrolmentEnded`, `AllocationOutOfLimits`, `BadGrantPeriods`,
/// `PeriodBegun`, `BadWeights`, `BadBeneficiary`, `ReserveTooLarge`.
pub fn grant(plan: &Plan, args: &CreateGrantArgs, now: i64) -> Result<Grant, ProgramError> {
    let address = pda::plan(&plan.creator, plan.plan_id);
    if args.grant_index >= plan.max_grants {
        return Err(EarnoutError::TooManyGrants.into());
    }
    if now >= plan.enrolment_end {
        return Err(EarnoutError::EnrolmentEnded.into());
    }
    if !(plan.min_allocation..=plan.max_allocation).contains(&args.allocation) {
        return Err(EarnoutError::AllocationOutOfLimits.into());
    }
    let end = args.first_period.checked_add(args.periods);
    let within = end.is_some_and(|end| end <= plan.period_count);
    if args.periods == 0 || !within || args.cliff_periods > args.periods {
        return Err(EarnoutError::BadGrantPeriods.into());
    }
    let begins = plan.calendar()?.period_start(args.first_period);
    if now >= begins.map_err(EarnoutError::from)? {
        return Err(EarnoutError::PeriodBegun.into());
    }
    if args.kpi_weights.len() > plan.kpis().len() {
        return Err(EarnoutError::BadWeights.into());
    }
    credit::check_weights(args.time_weight, &args.kpi_weights).map_err(|_| EarnoutError::BadWeights)?;
    plan.require_beneficiary(&address, &args.beneficiary)?;

    let made = GrantCreated {
        plan: address,
        time: now,
        sequence: 0,
        grant: pda::grant(&address, args.grant_index),
        rent: NO_RENT,
        max_credit: 0,
        reserved: 0,
        plan_reserved: 0,
        vault_balance: 0,
        terms: args.clone(),
    };
    let mut grant = GrantRecord::created(plan, &made).state;
    grant.max_credit = Grant::max_credit(plan, grant.time_weight, &grant.kpi_weights)?;
    grant.reserved = grant.reserve_from(args.first_period)?;
    Ok(grant)
}

/// What the program says about one of its errors.
pub fn message(error: &ProgramError) -> String {
    match error {
        ProgramError::AnchorError(error) => error.error_msg.clone(),
        other => other.to_string(),
    }
}
