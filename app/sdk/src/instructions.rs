//! Instructions of the program. Each function takes what cannot be derived, and derives every other address.

use {
    crate::pda,
    anchor_lang::{
        InstructionData, ToAccountMetas,
        prelude::{AccountMeta, Pubkey},
        solana_program::instruction::Instruction,
        system_program,
    },
    earnout::{
        accounts, instruction,
        instructions::{AttestArgs, CreateGrantArgs, CreatePlanArgs},
        state::{Grant, KpiArgs, Plan, Scope},
    },
};

/// A plan and its token, as every instruction that moves tokens needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanToken {
    /// Address of the plan.
    pub plan: Pubkey,
    /// The plan's mint.
    pub mint: Pubkey,
    /// Token program of the mint.
    pub token_program: Pubkey,
}

/// Creates a plan as a draft. `payer` pays the rent and `creator` becomes the authority; both sign. `treasury` is an
/// existing token account of `mint`.
pub fn create_plan(
    payer: &Pubkey,
    creator: &Pubkey,
    mint: &Pubkey,
    treasury: &Pubkey,
    token_program: &Pubkey,
    args: CreatePlanArgs,
) -> Instruction {
    let plan = pda::plan(creator, args.plan_id);
    let accounts = accounts::CreatePlan {
        payer: *payer,
        creator: *creator,
        plan,
        vault: pda::vault(&plan),
        mint: *mint,
        treasury: *treasury,
        token_program: *token_program,
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CreatePlan { args })
}

/// Adds a KPI to a draft. `authority` signs.
pub fn add_kpi(authority: &Pubkey, plan: &Pubkey, args: KpiArgs) -> Instruction {
    let accounts = accounts::AddKpi {
        authority: *authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::AddKpi { args })
}

/// Freezes the terms of a draft. `authority` signs.
pub fn activate_plan(authority: &Pubkey, plan: &Pubkey, mint: &Pubkey) -> Instruction {
    let accounts = accounts::ActivatePlan {
        authority: *authority,
        plan: *plan,
        mint: *mint,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ActivatePlan {})
}

/// Moves `amount` base units from `source` into the vault. `funder`, owner or delegate of `source`, signs.
pub fn fund(funder: &Pubkey, token: &PlanToken, source: &Pubkey, amount: u64) -> Instruction {
    let accounts = accounts::Fund {
        funder: *funder,
        plan: token.plan,
        source: *source,
        vault: pda::vault(&token.plan),
        mint: token.mint,
        token_program: token.token_program,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Fund { amount })
}

/// Sends `amount` base units of surplus, or all of it, to `destination`: the plan's treasury. `caller` signs.
pub fn withdraw_surplus(caller: &Pubkey, token: &PlanToken, destination: &Pubkey, amount: Option<u64>) -> Instruction {
    let accounts = accounts::WithdrawSurplus {
        caller: *caller,
        plan: token.plan,
        vault: pda::vault(&token.plan),
        destination: *destination,
        mint: token.mint,
        token_program: token.token_program,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::WithdrawSurplus { amount })
}

/// Makes a grant. `payer` pays the rent; `payer` and `authority` sign.
pub fn create_grant(
    payer: &Pubkey,
    authority: &Pubkey,
    plan: &Pubkey,
    mint: &Pubkey,
    args: CreateGrantArgs,
) -> Instruction {
    let accounts = accounts::CreateGrant {
        payer: *payer,
        authority: *authority,
        plan: *plan,
        grant: pda::grant(plan, args.grant_index),
        vault: pda::vault(plan),
        mint: *mint,
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CreateGrant { args })
}

/// Records a vote. `grant` is the subject of an individual KPI and none for a shared one. `payer` and `oracle` sign.
pub fn attest(payer: &Pubkey, oracle: &Pubkey, plan: &Pubkey, grant: Option<Pubkey>, args: AttestArgs) -> Instruction {
    let subject = grant.unwrap_or(*plan);
    let accounts = accounts::Attest {
        payer: *payer,
        oracle: *oracle,
        plan: *plan,
        grant,
        attestation: pda::attestation(plan, args.kpi, args.period, &subject),
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Attest { args })
}

/// Settles the grant's next period. `payer` signs; anyone can. `plan_state` and `grant_state` are what the two accounts
/// hold, from which the attestations that count follow.
pub fn settle(payer: &Pubkey, plan: &Pubkey, plan_state: &Plan, grant: &Pubkey, grant_state: &Grant) -> Instruction {
    let period = grant_state.next_period;
    let redistributes = plan_state.redistributes().unwrap_or_default();
    let accounts = accounts::Settle {
        payer: *payer,
        plan: *plan,
        grant: *grant,
        period: redistributes.then(|| pda::period(plan, period)),
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    let mut settle = build(accounts, instruction::Settle {});
    for (number, kpi) in (0u8..).zip(plan_state.kpis()) {
        if grant_state.kpi_weights[usize::from(number)] > 0 {
            let shared = kpi.scope == Scope::Shared.to_byte();
            let subject = if shared { plan } else { grant };
            let attestation = pda::attestation(plan, number, period, subject);
            settle.accounts.push(AccountMeta::new_readonly(attestation, false));
        }
    }
    settle
}

/// Collects the grant's share of the pool of `period`, the one it settled last. Nobody signs.
pub fn collect_bonus(plan: &Pubkey, grant: &Pubkey, period: u16) -> Instruction {
    let accounts = accounts::CollectBonus {
        plan: *plan,
        grant: *grant,
        period: pda::period(plan, period),
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CollectBonus {})
}

/// Pays `amount` base units of what has vested, or all of it, to `destination`. `claimant` signs: the beneficiary, or for all
/// of it and towards the beneficiary's associated token account anyone.
pub fn claim(
    claimant: &Pubkey,
    token: &PlanToken,
    grant: &Pubkey,
    destination: &Pubkey,
    amount: Option<u64>,
) -> Instruction {
    let accounts = accounts::Claim {
        claimant: *claimant,
        plan: token.plan,
        grant: *grant,
        vault: pda::vault(&token.plan),
        destination: *destination,
        mint: token.mint,
        token_program: token.token_program,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Claim { amount })
}

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction {
        program_id: earnout::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}
