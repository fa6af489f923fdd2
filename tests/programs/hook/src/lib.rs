//! A transfer hook with a will of its own: for each mint it has rules that say what it does with a transfer. Whoever
//! deploys a hook can write the like of any of them.

// The entry point's macro looks for features that this crate does not have.
#![allow(unexpected_cfgs)]

use anchor_lang::{
    AnchorDeserialize, AnchorSerialize,
    prelude::{AccountInfo, ProgramError, Pubkey},
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::{invoke, invoke_signed},
        system_instruction, system_program,
    },
};

#[cfg(feature = "upstream-sbf")]
use solana_compiler_builtins as _;

#[cfg(feature = "upstream-sbf")]
#[path = "../../../../programs/earnout/src/int128.rs"]
mod int128;

/// Where the tests put this program.
pub const ID: Pubkey = Pubkey::from_str_const("HookTest11111111111111111111111111111111111");

/// What the token program calls, by the interface of transfer hooks; an amount follows.
const EXECUTE: &[u8] = &[105, 37, 101, 197, 75, 251, 102, 26];
/// Writes the list of the accounts that `EXECUTE` wants, by the same interface; a counted list of metas follows.
const INITIALIZE_LIST: &[u8] = &[43, 34, 13, 49, 167, 88, 235, 235];
/// Writes the rules of a mint, which follow.
const SET_RULES: &[u8] = b"setrules";

const LIST_SEED: &[u8] = b"extra-account-metas";
const RULES_SEED: &[u8] = b"rules";
/// Bytes of an account in that list: kind, address or seeds, signer, writable.
const META_LEN: usize = 35;
const RULES_SPACE: usize = 96;

/// The hook refuses the transfer.
pub const REFUSED: u32 = 9_001;
/// The hook refuses this destination.
pub const WRONG_DESTINATION: u32 = 9_002;
/// The hook refuses so large an amount.
pub const TOO_MUCH: u32 = 9_003;
/// The hook was not given a signature.
pub const NO_SIGNATURE: u32 = 9_004;

/// What the hook does with a transfer.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lets it pass.
    Pass,
    /// Counts it and lets it pass.
    Count,
    /// Refuses it.
    Fail,
    /// Refuses it unless it goes to this token account.
    OnlyTo(Pubkey),
    /// Refuses more than so many base units.
    AtMost(u64),
    /// Refuses it unless one of the accounts it is given has signed.
    WantsSignature,
    /// Moves the tokens once more, in the name of the owner of the source.
    TakesTwice,
    /// Takes a lamport from the first account after its rules for the second.
    TakesLamports,
}

/// What the hook knows of a mint.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What it does.
    pub mode: Mode,
    /// Transfers counted.
    pub calls: u64,
    /// Their amounts, base units.
    pub amount: u64,
    /// Signatures seen in them.
    pub signatures: u64,
}

impl Rules {
    /// Nothing counted yet.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            calls: 0,
            amount: 0,
            signatures: 0,
        }
    }

    /// Reads them from the bytes of their account.
    ///
    /// # Errors
    /// `InvalidAccountData`.
    pub fn read(mut data: &[u8]) -> Result<Self, ProgramError> {
        Self::deserialize(&mut data).map_err(|_| ProgramError::InvalidAccountData)
    }
}

/// An account that the hook asks for with every transfer.
#[derive(Clone, Debug)]
pub enum Extra {
    /// At this address, with these rights.
    At(AccountMeta),
    /// The rules of the mint, writable: the token program finds the address by the seeds in the list.
    Rules,
}

impl Extra {
    fn bytes(&self) -> [u8; META_LEN] {
        let mut bytes = [0; META_LEN];
        match self {
            Self::At(meta) => {
                bytes[1..33].copy_from_slice(meta.pubkey.as_ref());
                bytes[33..].copy_from_slice(&[u8::from(meta.is_signer), u8::from(meta.is_writable)]);
            }
            Self::Rules => {
                // An address of this program by two seeds: these letters, and the key of account 1, which is the mint.
                let seeds = [&[1, 5], RULES_SEED, &[3, 1]].concat();
                bytes[0] = 1;
                bytes[1..1 + seeds.len()].copy_from_slice(&seeds);
                bytes[34] = 1;
            }
        }
        bytes
    }
}

/// The account that tells the token program which accounts the hook wants with transfers of `mint`.
pub fn list_address(mint: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[LIST_SEED, mint.as_ref()], &ID).0
}

/// The rules of `mint`.
pub fn rules_address(mint: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[RULES_SEED, mint.as_ref()], &ID).0
}

/// The instruction that writes which accounts the hook wants with transfers of `mint`.
pub fn set_list(authority: &Pubkey, mint: &Pubkey, extra: &[Extra]) -> Instruction {
    let count = u32::try_from(extra.len()).expect("a short list");
    let mut data = [INITIALIZE_LIST, &count.to_le_bytes()].concat();
    extra.iter().for_each(|extra| data.extend(extra.bytes()));
    writing(list_address(mint), authority, mint, data)
}

/// The instruction that writes the rules of `mint`.
pub fn set_rules(authority: &Pubkey, mint: &Pubkey, mode: Mode) -> Instruction {
    let mut data = SET_RULES.to_vec();
    Rules::new(mode).serialize(&mut data).expect("bytes in memory");
    writing(rules_address(mint), authority, mint, data)
}

/// The call that the token program makes for a transfer, as anyone can make it; `extra` are the accounts that the list
/// names.
pub fn execute(
    source: &Pubkey,
    mint: &Pubkey,
    destination: &Pubkey,
    owner: &Pubkey,
    amount: u64,
    extra: &[AccountMeta],
) -> Instruction {
    let named = [source, mint, destination, owner, &list_address(mint)];
    let named = named.map(|key| AccountMeta::new_readonly(*key, false));
    Instruction {
        program_id: ID,
        accounts: [&named, extra].concat(),
        data: [EXECUTE, &amount.to_le_bytes()].concat(),
    }
}

fn writing(target: Pubkey, authority: &Pubkey, mint: &Pubkey, data: Vec<u8>) -> Instruction {
    Instruction {
        program_id: ID,
        accounts: vec![
            AccountMeta::new(target, false),
            AccountMeta::new_readonly(*mint, false),
            AccountMeta::new(*authority, true),
            AccountMeta::new_readonly(system_program::ID, false),
        ],
        data,
    }
}

#[cfg(target_os = "solana")]
anchor_lang::solana_program::entrypoint!(process);

/// Carries out one of the three instructions.
///
/// # Errors
/// As the rules say; `InvalidInstructionData`, `NotEnoughAccountKeys`.
pub fn process<'info>(program_id: &Pubkey, accounts: &[AccountInfo<'info>], data: &[u8]) -> Result<(), ProgramError> {
    if let Some(amount) = data.strip_prefix(EXECUTE) {
        let amount = amount.try_into().map_err(|_| ProgramError::InvalidInstructionData)?;
        look_at(program_id, accounts, u64::from_le_bytes(amount))
    } else if let Some(metas) = data.strip_prefix(INITIALIZE_LIST) {
        let length = u32::try_from(metas.len()).map_err(|_| ProgramError::InvalidInstructionData)?;
        let list = [EXECUTE, &length.to_le_bytes(), metas].concat();
        write(program_id, accounts, LIST_SEED, list.len(), &list)
    } else if let Some(rules) = data.strip_prefix(SET_RULES) {
        write(program_id, accounts, RULES_SEED, RULES_SPACE, rules)
    } else {
        Err(ProgramError::InvalidInstructionData)
    }
}

/// Does with a transfer what the rules say.
fn look_at(program_id: &Pubkey, accounts: &[AccountInfo], amount: u64) -> Result<(), ProgramError> {
    let [source, mint, destination, owner, _list, rules_info, extra @ ..] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    if rules_info.owner != program_id {
        return Err(ProgramError::IllegalOwner);
    }
    let mut rules = Rules::read(&rules_info.try_borrow_data()?)?;
    let signatures = accounts.iter().filter(|account| account.is_signer).count();
    let refuse_if = |condition: bool, code: u32| {
        if condition {
            Err(ProgramError::Custom(code))
        } else {
            Ok(())
        }
    };
    match rules.mode {
        Mode::Pass => Ok(()),
        Mode::Count => {
            rules.calls += 1;
            rules.amount += amount;
            rules.signatures += u64::try_from(signatures).map_err(|_| ProgramError::ArithmeticOverflow)?;
            let mut data = rules_info.try_borrow_mut_data()?;
            rules
                .serialize(&mut &mut data[..])
                .map_err(|_| ProgramError::AccountDataTooSmall)
        }
        Mode::Fail => Err(ProgramError::Custom(REFUSED)),
        Mode::OnlyTo(address) => refuse_if(destination.key != &address, WRONG_DESTINATION),
        Mode::AtMost(limit) => refuse_if(amount > limit, TOO_MUCH),
        Mode::WantsSignature => refuse_if(signatures == 0, NO_SIGNATURE),
        Mode::TakesTwice => {
            // `TransferChecked`: amount and decimals follow its number.
            let mut data = vec![12];
            data.extend(amount.to_le_bytes());
            // Where a mint keeps its decimals.
            data.push(mint.try_borrow_data()?[44]);
            let again = Instruction {
                program_id: *mint.owner,
                accounts: vec![
                    AccountMeta::new(*source.key, false),
                    AccountMeta::new_readonly(*mint.key, false),
                    AccountMeta::new(*destination.key, false),
                    AccountMeta::new_readonly(*owner.key, true),
                ],
                data,
            };
            invoke(&again, accounts)
        }
        Mode::TakesLamports => {
            let [victim, thief, ..] = extra else {
                return Err(ProgramError::NotEnoughAccountKeys);
            };
            invoke(&system_instruction::transfer(victim.key, thief.key, 1), accounts)
        }
    }
}

/// Writes `data` into the account of `space` bytes at the address that `seed` and the mint give, and creates it first
/// where it does not exist. The old content is overwritten.
fn write<'info>(
    program_id: &Pubkey,
    accounts: &[AccountInfo<'info>],
    seed: &[u8],
    space: usize,
    data: &[u8],
) -> Result<(), ProgramError> {
    let [target, mint, authority, ..] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let (address, bump) = Pubkey::find_program_address(&[seed, mint.key.as_ref()], program_id);
    if target.key != &address {
        return Err(ProgramError::InvalidSeeds);
    }
    if target.owner != program_id {
        // Enough for any list of the tests.
        let room = u64::try_from(space.max(512)).map_err(|_| ProgramError::ArithmeticOverflow)?;
        let create = system_instruction::create_account(authority.key, &address, 10_000_000, room, program_id);
        invoke_signed(&create, accounts, &[&[seed, mint.key.as_ref(), &[bump]]])?;
    }
    let mut stored = target.try_borrow_mut_data()?;
    stored.fill(0);
    stored
        .get_mut(..data.len())
        .ok_or(ProgramError::AccountDataTooSmall)?
        .copy_from_slice(data);
    Ok(())
}
