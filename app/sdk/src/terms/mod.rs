//! A plan and its grants before they are on any chain: the same accounts that the program would write, made from the
//! arguments of its instructions, and what the program would refuse of them.

#[cfg(feature = "plan-file")]
pub mod plan_file;
pub mod simulation;

use {
    crate::wire::pda,
    anchor_lang::error::Error as ProgramError,
    bytemuck::Zeroable,
    earnout::{
        address,
        constants::ACCOUNT_VERSION,
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Grant, KpiArgs, OracleSet, Plan},
    },
    solana_program::pubkey::Pubkey,
};

/// The draft that `create_plan` and `add_kpi` would write for `creator`, without mint and treasury, which only a chain
/// has.
///
/// # Errors
/// What `add_kpi` refuses: `TooManyKpis`, `DuplicateKpi`, and a KPI that is not possible.
pub fn draft(creator: &Pubkey, args: &CreatePlanArgs, kpis: &[KpiArgs]) -> Result<Plan, ProgramError> {
    let address = pda::plan(creator, args.plan_id);
    let mut plan = Plan::zeroed();
    let oracles = args.oracle_set().unwrap_or_else(|_| OracleSet::empty());
    plan.version = ACCOUNT_VERSION;
    plan.begin(
        args,
        &oracles,
        creator,
        address::plan(creator, args.plan_id)?.1,
        address::vault(&address)?.1,
    )?;
    plan.vault = pda::vault(&address);
    for args in kpis {
        plan.push_kpi(args)?;
    }
    Ok(plan)
}

/// Terms of a grant, apart from its number and its beneficiary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// Paid in full for full scores in every period, base units.
    pub allocation: u64,
    /// In the smallest part of the plan's unit of account; 0 of a grant in tokens.
    pub unit_allocation: u64,
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
            unit_allocation: self.unit_allocation,
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

/// What `create_plan` and `activate_plan` refuse of a draft by `args` at `now` (Unix seconds), apart from mint and
/// treasury.
///
/// # Errors
/// The program's: `BadOracleSet`, `BadThreshold`, `RolesNotSeparate`, `BadTokenFlags`, and those of its terms.
pub fn check(plan: &Plan, args: &CreatePlanArgs, now: i64) -> Result<(), ProgramError> {
    args.oracle_set()?;
    args.check_token_flags()?;
    args.check_arbiter()?;
    plan.check_terms(now)?;
    plan.require_separate_roles(&plan.oracles)
}

/// The grant that `create_grant` would write under `plan` at `now` (Unix seconds), apart from who paid for it. Whether
/// the vault can fund it is the chain's to say.
///
/// # Errors
/// What `create_grant` refuses: `TooManyGrants`, `EnrolmentEnded`, `AllocationOutOfLimits`, `BadGrantPeriods`,
/// `PeriodBegun`, `BadWeights`, `BadBeneficiary`, `ReserveTooLarge`.
pub fn grant(plan: &Plan, args: &CreateGrantArgs, now: i64) -> Result<Grant, ProgramError> {
    let address = pda::plan(&plan.creator, plan.plan_id);
    plan.check_enrolment(&address, args, now)?;
    let mut grant = Grant::zeroed();
    grant.version = ACCOUNT_VERSION;
    let (_, associated_bump) = address::associated(&args.beneficiary, &plan.mint, &plan.token_program)?;
    let (_, bump) = address::grant(&address, args.grant_index)?;
    grant.begin(plan, &address, args, bump, associated_bump, now)?;
    Ok(grant)
}

/// What the program says about one of its errors.
pub fn message(error: &ProgramError) -> String {
    match error {
        ProgramError::AnchorError(error) => error.error_msg.clone(),
        other => other.to_string(),
    }
}
