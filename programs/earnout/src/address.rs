//! Addresses of the program's accounts, each with its canonical bump.
//!
//! `derive_program_address` finds the same addresses and bumps as the system call `find_program_address`, at about 300
//! compute units for each bump it tries instead of 1,500.

use {
    crate::{constants::*, error::EarnoutError, prelude::*},
    anchor_spl::associated_token,
};

/// The plan to which `creator` gave the number `plan_id`.
///
/// Errors (here and below): `NoAddress` if no bump leads to an address, which nobody can bring about.
pub fn plan(creator: &Pubkey, plan_id: u64) -> Result<(Pubkey, u8)> {
    find(&[PLAN_SEED, creator.as_ref(), &plan_id.to_le_bytes()], &crate::ID)
}

/// The vault of a plan.
pub fn vault(plan: &Pubkey) -> Result<(Pubkey, u8)> {
    find(&[VAULT_SEED, plan.as_ref()], &crate::ID)
}

/// Grant number `index` of a plan.
pub fn grant(plan: &Pubkey, index: u32) -> Result<(Pubkey, u8)> {
    find(&[GRANT_SEED, plan.as_ref(), &index.to_le_bytes()], &crate::ID)
}

/// The attestation of a shared KPI for a period.
pub fn attestation(plan: &Pubkey, kpi: u8, period: u16) -> Result<(Pubkey, u8)> {
    find(
        &[ATTESTATION_SEED, plan.as_ref(), &[kpi], &period.to_le_bytes()],
        &crate::ID,
    )
}

/// A page of an individual KPI's values for a period.
pub fn page(plan: &Pubkey, kpi: u8, period: u16, page: u32) -> Result<(Pubkey, u8)> {
    let (kpi, period, page) = ([kpi], period.to_le_bytes(), page.to_le_bytes());
    find(&[PAGE_SEED, plan.as_ref(), &kpi, &period, &page], &crate::ID)
}

/// The pool of a period.
pub fn period(plan: &Pubkey, period: u16) -> Result<(Pubkey, u8)> {
    find(&[PERIOD_SEED, plan.as_ref(), &period.to_le_bytes()], &crate::ID)
}

/// The associated token account of `owner`.
pub fn associated(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Result<(Pubkey, u8)> {
    find(
        &[owner.as_ref(), token_program.as_ref(), mint.as_ref()],
        &associated_token::ID,
    )
}

/// Whether `key` is the associated token account of `owner`, whose canonical bump was found before.
pub fn is_associated(key: &Pubkey, owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey, bump: u8) -> bool {
    let seeds = &[owner.as_ref(), token_program.as_ref(), mint.as_ref()];
    same(&Pubkey::derive_address(seeds, Some(bump), &associated_token::ID), key)
}

/// Checks what a `seeds` constraint would of an account that is to be created: that it is at `address`, and that it may
/// be written. The constraint would find the address a second time, at 1,500 units for each bump it tries.
///
/// Errors: Anchor's `ConstraintSeeds`, `ConstraintMut`.
pub fn require_creatable(info: &AccountInfo, address: &Pubkey) -> Result<()> {
    require!(same(info.address(), address), ErrorCode::ConstraintSeeds);
    require!(info.is_writable(), ErrorCode::ConstraintMut);
    Ok(())
}

fn find<const N: usize>(seeds: &[&[u8]; N], program: &Pubkey) -> Result<(Pubkey, u8)> {
    Ok(Pubkey::derive_program_address(seeds, program).ok_or(EarnoutError::NoAddress)?)
}
