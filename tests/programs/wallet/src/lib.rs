//! A program whose addresses sign: what a DAO, a multisig's vault or any other program does for the addresses it owns.
//! It asks nobody for consent, since the tests are about who may be named, not about who decides.

// The entry point's macro looks for features that this crate does not have.
#![allow(unexpected_cfgs)]

use anchor_lang::{
    prelude::{AccountInfo, ProgramError, Pubkey},
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::invoke_signed,
    },
};

#[cfg(feature = "upstream-sbf")]
use solana_compiler_builtins as _;

#[cfg(feature = "upstream-sbf")]
#[path = "../../../../programs/earnout/src/int128.rs"]
mod int128;

/// Where the tests put this program.
pub const ID: Pubkey = Pubkey::from_str_const("Wa11etTest111111111111111111111111111111111");

const SEED: &[u8] = b"wallet";

#[cfg(target_os = "solana")]
anchor_lang::solana_program::entrypoint!(process);

/// The address of wallet number `wallet`, and its bump.
pub fn address(wallet: u8) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[SEED, &[wallet]], &ID)
}

/// `instruction`, called by this program with the signatures of `wallets`, which are nobody's keys.
pub fn signed(instruction: &Instruction, wallets: &[u8]) -> Instruction {
    let addresses: Vec<Pubkey> = wallets.iter().map(|wallet| address(*wallet).0).collect();
    let mut accounts = vec![AccountMeta::new_readonly(instruction.program_id, false)];
    accounts.extend(instruction.accounts.iter().cloned().map(|mut meta| {
        meta.is_signer &= !addresses.contains(&meta.pubkey);
        meta
    }));
    let count = u8::try_from(wallets.len()).expect("at most 255 wallets");
    let mut data = vec![count];
    data.extend(wallets);
    data.extend(&instruction.data);
    Instruction {
        program_id: ID,
        accounts,
        data,
    }
}

/// Calls the program in the first account with the others and signs for the wallets in the data: their count, their
/// numbers, and then the data of the call.
///
/// # Errors
/// `InvalidInstructionData`, `NotEnoughAccountKeys`, and what the called program says.
pub fn process(program_id: &Pubkey, accounts: &[AccountInfo], data: &[u8]) -> Result<(), ProgramError> {
    let (program, accounts) = accounts.split_first().ok_or(ProgramError::NotEnoughAccountKeys)?;
    let (count, rest) = data.split_first().ok_or(ProgramError::InvalidInstructionData)?;
    let (wallets, data) = rest
        .split_at_checked(usize::from(*count))
        .ok_or(ProgramError::InvalidInstructionData)?;
    let found: Vec<(Pubkey, [u8; 1], [u8; 1])> = wallets
        .iter()
        .map(|wallet| {
            let (address, bump) = Pubkey::find_program_address(&[SEED, &[*wallet]], program_id);
            (address, [*wallet], [bump])
        })
        .collect();
    let seeds: Vec<[&[u8]; 3]> = found.iter().map(|(_, wallet, bump)| [SEED, wallet, bump]).collect();
    let seeds: Vec<&[&[u8]]> = seeds.iter().map(|seeds| &seeds[..]).collect();
    let metas = accounts.iter().map(|account| AccountMeta {
        pubkey: *account.key,
        is_signer: account.is_signer || found.iter().any(|(address, ..)| address == account.key),
        is_writable: account.is_writable,
    });
    let call = Instruction {
        program_id: *program.key,
        accounts: metas.collect(),
        data: data.to_vec(),
    };
    invoke_signed(&call, accounts, &seeds)
}
