//! Instructions of the program. Each function takes what cannot be derived, and derives every other address.

use {
    crate::wire::pda,
    anchor_lang::{InstructionData, ToAccountMetas, system_program},
    earnout::{
        accounts, instruction,
        instructions::{
            AcceptBeneficiaryArgs, AttestArgs, AttestPageArgs, CreateGrantArgs, CreatePlanArgs, DisputeArgs,
            ObserveArgs, ProposeOraclesArgs, RuleArgs,
        },
        state::{Attestation, Grant, KpiArgs, Page, PageGrants, Period, Plan, Scope},
        token::MEMO_PROGRAM,
    },
    solana_program::{
        instruction::{AccountMeta, Instruction},
        pubkey::Pubkey,
    },
};

/// The program of associated token accounts.
pub const ASSOCIATED_TOKEN_PROGRAM: Pubkey = solana_program::pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

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
        memo_program: None,
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

/// Records a vote on a shared KPI. `payer` and `oracle` sign.
pub fn attest(payer: &Pubkey, oracle: &Pubkey, plan: &Pubkey, args: AttestArgs) -> Instruction {
    let accounts = accounts::Attest {
        payer: *payer,
        oracle: *oracle,
        plan: *plan,
        attestation: pda::attestation(plan, args.kpi, args.period),
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Attest { args })
}

/// Reads the value of a shared KPI from `price_update`, an account of the feed that the KPI names. `payer` signs;
/// anyone can.
pub fn observe(payer: &Pubkey, plan: &Pubkey, price_update: &Pubkey, args: ObserveArgs) -> Instruction {
    let accounts = accounts::Observe {
        payer: *payer,
        plan: *plan,
        attestation: pda::attestation(plan, args.kpi, args.period),
        price_update: *price_update,
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Observe { args })
}

/// Records votes on an individual KPI for grants of one page. `payer` and `oracle` sign.
pub fn attest_page(payer: &Pubkey, oracle: &Pubkey, plan: &Pubkey, args: AttestPageArgs) -> Instruction {
    let accounts = accounts::AttestPage {
        payer: *payer,
        oracle: *oracle,
        plan: *plan,
        page: pda::evaluation(plan, args.kpi, args.period, Some(args.first)),
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::AttestPage { args })
}

/// Settles the grant's next period. `payer` signs; anyone can. `plan_state` and `grant_state` are what the two accounts
/// hold, from which the attestations and pages that count follow.
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
    for (number, kpi) in grant_state.paid_by(plan_state) {
        let individual = kpi.scope == Scope::Individual.to_byte();
        let evaluation = pda::evaluation(plan, number, period, individual.then_some(grant_state.index));
        settle.accounts.push(AccountMeta::new_readonly(evaluation, false));
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

/// Pays `amount` base units of what has vested, or all of it, to `destination`. `claimant` signs: the beneficiary, or
/// for all of it and towards the beneficiary's associated token account anyone.
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
        memo_program: None,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(
        accounts,
        instruction::Claim {
            amount,
            min_received: 0,
        },
    )
}

/// Disputes a value or a silence, of an individual KPI those of the grants in `args`. `grant` is the one for which its
/// beneficiary disputes; where the authority disputes an individual KPI of one grant, this grant, so that votes of its
/// beneficiary do not count; else none. `payer` and `disputer` sign.
pub fn dispute(
    payer: &Pubkey,
    disputer: &Pubkey,
    plan: &Pubkey,
    grant: Option<Pubkey>,
    args: DisputeArgs,
) -> Instruction {
    let accounts = accounts::Dispute {
        payer: *payer,
        disputer: *disputer,
        plan: *plan,
        grant,
        evaluation: evaluation(plan, args.kpi, args.period, args.grants),
        system_program: system_program::ID,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::Dispute { args })
}

/// Decides disputes. `disputed_for` are the grants for which beneficiaries disputed, in the order of their indices.
/// `arbiter` signs.
pub fn rule(arbiter: &Pubkey, plan: &Pubkey, disputed_for: &[Pubkey], args: RuleArgs) -> Instruction {
    let accounts = accounts::Rule {
        arbiter: *arbiter,
        plan: *plan,
        evaluation: evaluation(plan, args.kpi, args.period, args.grants),
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    let mut rule = build(accounts, instruction::Rule { args });
    let grants = disputed_for.iter().map(|grant| AccountMeta::new(*grant, false));
    rule.accounts.extend(grants);
    rule
}

fn evaluation(plan: &Pubkey, kpi: u8, period: u16, grants: Option<PageGrants>) -> Pubkey {
    pda::evaluation(plan, kpi, period, grants.map(|grants| grants.first))
}

/// Offers the plan to another authority, or takes the offer back. `authority` signs.
pub fn propose_authority(authority: &Pubkey, plan: &Pubkey, new: Option<Pubkey>) -> Instruction {
    let accounts = accounts::ProposeAuthority {
        authority: *authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ProposeAuthority { authority: new })
}

/// Takes over the plan. `pending_authority` signs.
pub fn accept_authority(pending_authority: &Pubkey, plan: &Pubkey) -> Instruction {
    let accounts = accounts::AcceptAuthority {
        pending_authority: *pending_authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::AcceptAuthority {})
}

/// Announces another oracle set. `authority` signs.
pub fn propose_oracles(authority: &Pubkey, plan: &Pubkey, args: ProposeOraclesArgs) -> Instruction {
    let accounts = accounts::ProposeOracles {
        authority: *authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ProposeOracles { args })
}

/// Takes back an announced oracle set. `authority` signs.
pub fn cancel_oracle_change(authority: &Pubkey, plan: &Pubkey) -> Instruction {
    let accounts = accounts::CancelOracleChange {
        authority: *authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CancelOracleChange {})
}

/// Announces another treasury, a token account of the mint. `authority` signs.
pub fn set_treasury(authority: &Pubkey, plan: &Pubkey, treasury: &Pubkey) -> Instruction {
    let accounts = accounts::SetTreasury {
        authority: *authority,
        plan: *plan,
        treasury: *treasury,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::SetTreasury {})
}

/// Says where the plan's documents are; an empty `uri` says nothing. `authority` signs.
pub fn set_uri(authority: &Pubkey, plan: &Pubkey, uri: String) -> Instruction {
    let accounts = accounts::SetUri {
        authority: *authority,
        plan: *plan,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::SetUri { uri })
}

/// Offers the grant to another key, or takes the offer back. `beneficiary` signs.
pub fn propose_beneficiary(beneficiary: &Pubkey, plan: &Pubkey, grant: &Pubkey, new: Option<Pubkey>) -> Instruction {
    let accounts = accounts::ProposeBeneficiary {
        beneficiary: *beneficiary,
        plan: *plan,
        grant: *grant,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ProposeBeneficiary { beneficiary: new })
}

/// Takes over the grant. `pending_beneficiary` signs.
pub fn accept_beneficiary(
    pending_beneficiary: &Pubkey,
    plan: &Pubkey,
    grant: &Pubkey,
    args: AcceptBeneficiaryArgs,
) -> Instruction {
    let accounts = accounts::AcceptBeneficiary {
        pending_beneficiary: *pending_beneficiary,
        plan: *plan,
        grant: *grant,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::AcceptBeneficiary { args })
}

/// Reserves claiming for the beneficiary, or opens it to anyone again. `beneficiary` signs.
pub fn set_claim_lock(beneficiary: &Pubkey, plan: &Pubkey, grant: &Pubkey, locked: bool) -> Instruction {
    let accounts = accounts::SetClaimLock {
        beneficiary: *beneficiary,
        plan: *plan,
        grant: *grant,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::SetClaimLock { locked })
}

/// Ends a grant by the authority, which signs.
pub fn terminate_grant(authority: &Pubkey, plan: &Pubkey, grant: &Pubkey) -> Instruction {
    let accounts = accounts::TerminateGrant {
        authority: *authority,
        plan: *plan,
        grant: *grant,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::TerminateGrant {})
}

/// Ends a grant by its beneficiary, which signs.
pub fn resign_grant(beneficiary: &Pubkey, plan: &Pubkey, grant: &Pubkey) -> Instruction {
    let accounts = accounts::ResignGrant {
        beneficiary: *beneficiary,
        plan: *plan,
        grant: *grant,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ResignGrant {})
}

/// Closes an attestation, in the state that the account holds. Nobody signs; anyone can. `treasury` is the plan's.
pub fn close_attestation(attestation: &Pubkey, state: &Attestation, treasury: &Pubkey) -> Instruction {
    let accounts = accounts::CloseAttestation {
        plan: state.plan,
        attestation: *attestation,
        rent_payer: state.rent_payer,
        treasury: *treasury,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CloseAttestation {})
}

/// Closes a page, in the state that the account holds. Nobody signs; anyone can. `treasury` is the plan's.
pub fn close_page(page: &Pubkey, state: &Page, treasury: &Pubkey) -> Instruction {
    let accounts = accounts::ClosePage {
        plan: state.plan,
        page: *page,
        rent_payer: state.rent_payer,
        treasury: *treasury,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ClosePage {})
}

/// Closes the pool of a period, in the state that the account holds. Nobody signs; anyone can. `treasury` is the
/// plan's.
pub fn close_period(state: &Period, treasury: &Pubkey) -> Instruction {
    let accounts = accounts::ClosePeriod {
        plan: state.plan,
        period: pda::period(&state.plan, state.period),
        rent_payer: state.rent_payer,
        treasury: *treasury,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ClosePeriod {})
}

/// Closes a grant, in the state that the account holds. Nobody signs; anyone can. `treasury` is the plan's.
pub fn close_grant(grant: &Pubkey, state: &Grant, treasury: &Pubkey) -> Instruction {
    let accounts = accounts::CloseGrant {
        plan: state.plan,
        grant: *grant,
        rent_payer: state.rent_payer,
        treasury: *treasury,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::CloseGrant {})
}

/// Closes a plan and its vault. `caller` signs: the authority, or after the last deadline anyone. `destination`
/// receives the surplus: the plan's treasury, for others the associated account of its owner. `rent_payer` is who paid
/// for the plan.
pub fn close_plan(caller: &Pubkey, token: &PlanToken, destination: &Pubkey, rent_payer: &Pubkey) -> Instruction {
    let accounts = accounts::ClosePlan {
        caller: *caller,
        plan: token.plan,
        vault: pda::vault(&token.plan),
        destination: *destination,
        rent_payer: *rent_payer,
        mint: token.mint,
        token_program: token.token_program,
        memo_program: None,
        event_authority: pda::event_authority(),
        program: earnout::ID,
    };
    build(accounts, instruction::ClosePlan {})
}

/// Lets the transaction fail once the chain's clock has passed `not_after`, Unix seconds. Nobody signs. It may stand
/// anywhere after the advance of a durable nonce, which comes first; in a multisig it belongs among the proposed
/// instructions.
pub fn require_before(not_after: i64) -> Instruction {
    build(accounts::RequireBefore {}, instruction::RequireBefore { not_after })
}

/// Makes the associated token account of `owner` if it does not exist. `payer` pays its rent and signs.
pub fn create_associated_token_account(
    payer: &Pubkey,
    owner: &Pubkey,
    mint: &Pubkey,
    token_program: &Pubkey,
) -> Instruction {
    Instruction {
        program_id: ASSOCIATED_TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(*payer, true),
            AccountMeta::new(pda::associated_token_account(owner, mint, token_program), false),
            AccountMeta::new_readonly(*owner, false),
            AccountMeta::new_readonly(*mint, false),
            AccountMeta::new_readonly(system_program::ID, false),
            AccountMeta::new_readonly(*token_program, false),
        ],
        // CreateIdempotent.
        data: vec![1],
    }
}

/// The same `claim` for a mint with a transfer fee, of which at least `min_received` base units must arrive.
pub fn claim_at_least(
    claimant: &Pubkey,
    token: &PlanToken,
    grant: &Pubkey,
    destination: &Pubkey,
    amount: Option<u64>,
    min_received: u64,
) -> Instruction {
    let mut claim = claim(claimant, token, grant, destination, amount);
    claim.data = instruction::Claim { amount, min_received }.data();
    claim
}

/// The same `claim`, `withdraw_surplus` or `close_plan` towards a destination that accepts no transfer without a memo.
pub fn with_memo(mut instruction: Instruction) -> Instruction {
    // The memo program is the account before the two that carry the event; the program itself stands for none.
    let before_event = instruction
        .accounts
        .windows(2)
        .position(|pair| pair[0].pubkey == earnout::ID && pair[1].pubkey == pda::event_authority());
    if let Some(position) = before_event {
        instruction.accounts[position].pubkey = MEMO_PROGRAM;
    }
    instruction
}

/// The same `fund`, `claim`, `withdraw_surplus` or `close_plan` for a mint with a transfer hook: `accounts` are those
/// that the hook asks for, the hook program and its list of extra accounts included.
pub fn with_hook_accounts(mut instruction: Instruction, accounts: &[AccountMeta]) -> Instruction {
    instruction.accounts.extend_from_slice(accounts);
    instruction
}

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction {
        program_id: earnout::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}
