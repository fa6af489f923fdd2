//! Addresses of the program's accounts.

use {
    anchor_lang::prelude::Pubkey,
    anchor_spl::associated_token,
    earnout::{
        constants::{GRANT_SEED, PERIOD_SEED, PLAN_SEED, VAULT_SEED},
        state::AttestationKey,
    },
};

/// Address of the plan that `creator` gave the number `plan_id`.
pub fn plan(creator: &Pubkey, plan_id: u64) -> Pubkey {
    find(&[PLAN_SEED, creator.as_ref(), &plan_id.to_le_bytes()])
}

/// Address of a plan's vault.
pub fn vault(plan: &Pubkey) -> Pubkey {
    find(&[VAULT_SEED, plan.as_ref()])
}

/// Address of a plan's grant number `index`.
pub fn grant(plan: &Pubkey, index: u32) -> Pubkey {
    find(&[GRANT_SEED, plan.as_ref(), &index.to_le_bytes()])
}

/// Address of the attestation of a KPI for a period and a subject (the plan, or a grant for an individual KPI).
pub fn attestation(plan: &Pubkey, kpi: u8, period: u16, subject: &Pubkey) -> Pubkey {
    AttestationKey {
        plan,
        kpi,
        period,
        subject,
    }
    .find_address()
    .0
}

/// Address of the pool of a period.
pub fn period(plan: &Pubkey, period: u16) -> Pubkey {
    find(&[PERIOD_SEED, plan.as_ref(), &period.to_le_bytes()])
}

/// The address with which the program signs its events.
pub fn event_authority() -> Pubkey {
    find(&[b"__event_authority"])
}

/// Associated token account of `owner`.
pub fn associated_token_account(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Pubkey {
    associated_token::get_associated_token_address_with_program_id(owner, mint, token_program)
}

fn find(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &earnout::ID).0
}
