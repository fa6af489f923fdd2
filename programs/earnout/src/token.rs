//! Everything that touches tokens: which mints are accepted, what a token account holds, and moving amounts.

use {
    crate::{
        address,
        error::EarnoutError,
        state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, account},
    },
    anchor_lang::{
        prelude::*,
        solana_program::{
            instruction::Instruction,
            program::{invoke, invoke_signed},
        },
    },
    anchor_spl::compat::{
        spl_token_2022_interface::{
            self as spl_token_2022,
            extension::{
                BaseStateWithExtensions, ExtensionType, PodStateWithExtensions,
                transfer_fee::{self, TransferFeeAmount, TransferFeeConfig},
            },
            pod::{PodAccount, PodMint},
        },
        spl_token_interface as spl_token,
    },
};

/// Extensions of a mint that change neither who owns an amount nor whether it can move.
const ALLOWED_EXTENSIONS: [ExtensionType; 8] = [
    ExtensionType::MetadataPointer,
    ExtensionType::TokenMetadata,
    ExtensionType::GroupPointer,
    ExtensionType::TokenGroup,
    ExtensionType::GroupMemberPointer,
    ExtensionType::TokenGroupMember,
    ExtensionType::InterestBearingConfig,
    ExtensionType::ScaledUiAmount,
];

/// The memo program.
pub const MEMO_PROGRAM: Pubkey = pubkey!("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

/// What goes into the memo of a destination that asks for one.
const MEMO: &[u8] = b"Earnout";

/// What the program needs to know of a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Mint of the account.
    pub mint: Pubkey,
    /// Owner of the tokens.
    pub owner: Pubkey,
    /// Balance in base units.
    pub amount: u64,
}

/// What a transfer did, in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Arrived at the destination.
    pub received: u64,
    /// Balance of the source afterwards.
    pub source_balance: u64,
    /// Balance of the destination afterwards.
    pub destination_balance: u64,
}

/// The accounts of a transfer.
pub struct Transfer<'a, 'info> {
    /// SPL Token or Token-2022.
    pub token_program: &'a AccountInfo<'info>,
    /// The token.
    pub mint: &'a AccountInfo<'info>,
    /// Token account that pays.
    pub source: &'a AccountInfo<'info>,
    /// Token account that receives.
    pub destination: &'a AccountInfo<'info>,
    /// Owner of the source.
    pub authority: &'a AccountInfo<'info>,
    /// The memo program, for a destination that accepts no transfer without a memo.
    pub memo_program: Option<&'a AccountInfo<'info>>,
    /// What the mint's transfer hook asks for. Passed on without any right to sign.
    pub hook_accounts: &'a [AccountInfo<'info>],
}

/// Errors: `WrongTokenProgram` unless `key` is SPL Token or Token-2022.
pub fn require_token_program(key: &Pubkey) -> Result<()> {
    require!(
        key == &spl_token::ID || key == &spl_token_2022::ID,
        EarnoutError::WrongTokenProgram
    );
    Ok(())
}

/// Reads a token account of `token_program`; `None` if the account is none.
pub fn holding(info: &AccountInfo, token_program: &Pubkey) -> Option<Holding> {
    if info.owner != token_program {
        return None;
    }
    let data = info.try_borrow_data().ok()?;
    let state = PodStateWithExtensions::<PodAccount>::unpack(&data).ok()?;
    let PodAccount {
        mint, owner, amount, ..
    } = *state.base;
    Some(Holding {
        mint,
        owner,
        amount: amount.into(),
    })
}

/// Checks that the plan can hold and pay out this mint, and returns its decimals. `flags` are the plan's `ALLOW_…` flags.
///
/// Errors: `WrongMint`, `ExtensionNotAllowed`, `TransferFeeNotAllowed`, `TransferHookNotAllowed`,
/// `FreezeAuthorityNotAllowed`.
#[inline(never)]
pub fn check_mint(info: &AccountInfo, token_program: &Pubkey, flags: u8) -> Result<u8> {
    require!(info.owner == token_program, EarnoutError::WrongMint);
    let data = info.try_borrow_data()?;
    let mint = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| EarnoutError::WrongMint)?;
    let extensions = mint
        .get_extension_types()
        .map_err(|_| EarnoutError::ExtensionNotAllowed)?;
    for extension in extensions {
        match extension {
            ExtensionType::TransferFeeConfig => {
                require!(flags & ALLOW_TRANSFER_FEE != 0, EarnoutError::TransferFeeNotAllowed);
            }
            ExtensionType::TransferHook => {
                require!(flags & ALLOW_TRANSFER_HOOK != 0, EarnoutError::TransferHookNotAllowed);
            }
            other => require!(ALLOWED_EXTENSIONS.contains(&other), EarnoutError::ExtensionNotAllowed),
        }
    }
    require!(
        mint.base.freeze_authority.is_none() || flags & ALLOW_FREEZE_AUTHORITY != 0,
        EarnoutError::FreezeAuthorityNotAllowed
    );
    Ok(mint.base.decimals)
}

/// Creates a plan's vault: a token account for `mint` owned by `plan`, at the address that `seeds` (bump included) sign for.
///
/// Returns the lamports that `payer` paid.
///
/// Errors: `AccountExists`, `WrongMint`.
#[inline(never)]
pub fn create_vault<'info>(
    payer: &AccountInfo<'info>,
    vault: &AccountInfo<'info>,
    mint: &AccountInfo<'info>,
    token_program: &AccountInfo<'info>,
    plan: &Pubkey,
    seeds: &[&[u8]],
) -> Result<u64> {
    let space = {
        let data = mint.try_borrow_data()?;
        let mint = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| EarnoutError::WrongMint)?;
        let extensions = mint
            .get_extension_types()
            .map_err(|_| EarnoutError::ExtensionNotAllowed)?;
        let required = ExtensionType::get_required_init_account_extensions(&extensions);
        ExtensionType::try_calculate_account_len::<PodAccount>(&required)?
    };
    let rent_paid = account::create_address(payer, vault, seeds, space, token_program.key)?;
    let initialize = spl_token_2022::instruction::initialize_account3(token_program.key, vault.key, mint.key, plan)?;
    invoke(&initialize, &[vault.clone(), mint.clone()])?;
    Ok(rent_paid)
}

/// Moves `amount` base units, reads both balances again and compares. `seeds` (bump included) sign for the authority where
/// it is a plan; empty where it has signed itself.
///
/// Errors: `WrongMint`, `WrongMemoProgram`, `TransferMismatch` if the source lost another amount than `amount` or the
/// destination received more, and those of the token program.
#[inline(never)]
pub fn transfer(accounts: &Transfer, amount: u64, seeds: &[&[u8]]) -> Result<Moved> {
    let Transfer {
        token_program,
        mint,
        source,
        destination,
        authority,
        memo_program,
        hook_accounts,
    } = accounts;
    let balances = || -> Result<(u64, u64)> {
        let source = holding(source, token_program.key).ok_or(EarnoutError::TransferMismatch)?;
        let destination = holding(destination, token_program.key).ok_or(EarnoutError::TransferMismatch)?;
        Ok((source.amount, destination.amount))
    };
    let decimals = {
        let data = mint.try_borrow_data()?;
        let mint = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| EarnoutError::WrongMint)?;
        mint.base.decimals
    };
    let (source_before, destination_before) = balances()?;
    let mut instruction = spl_token_2022::instruction::transfer_checked(
        token_program.key,
        source.key,
        mint.key,
        destination.key,
        authority.key,
        &[],
        amount,
        decimals,
    )?;
    let mut infos = Vec::with_capacity(4 + hook_accounts.len());
    infos.extend([*source, *mint, *destination, *authority].map(Clone::clone));
    for account in *hook_accounts {
        instruction.accounts.push(AccountMeta {
            pubkey: account.key(),
            is_signer: false,
            is_writable: account.is_writable,
        });
        infos.push(account.clone());
    }
    if let Some(memo_program) = memo_program {
        // Token-2022 looks for the memo directly before the transfer.
        require!(memo_program.key == &MEMO_PROGRAM, EarnoutError::WrongMemoProgram);
        let memo = Instruction {
            program_id: MEMO_PROGRAM,
            accounts: Vec::new(),
            data: MEMO.to_vec(),
        };
        invoke(&memo, std::slice::from_ref(*memo_program))?;
    }
    if seeds.is_empty() {
        invoke(&instruction, &infos)?;
    } else {
        invoke_signed(&instruction, &infos, &[seeds])?;
    }
    let (source_balance, destination_balance) = balances()?;
    let sent = source_before.checked_sub(source_balance);
    let received = destination_balance.checked_sub(destination_before);
    let received = received.ok_or(EarnoutError::TransferMismatch)?;
    require!(
        sent == Some(amount) && received <= amount,
        EarnoutError::TransferMismatch
    );
    Ok(Moved {
        received,
        source_balance,
        destination_balance,
    })
}

/// Checks what somebody else than who is paid may let a transfer of `amount` base units suffer, of which `received` arrived.
///
/// Errors: `FeeTooHigh` if what did not arrive is more than `max_fee_bps` of the amount. `FeeOnCrumbs` if the mint's fee on the
/// amount, before the token program rounds it up, is below one base unit in the running epoch: a stranger who takes an amount in
/// crumbs would make it lose many times the mint's rate.
pub fn check_fee(mint: &AccountInfo, amount: u64, received: u64, max_fee_bps: u16) -> Result<()> {
    require!(is_fee_within(amount, received, max_fee_bps), EarnoutError::FeeTooHigh);
    if received < amount {
        let rate = fee_rate(&mint.try_borrow_data()?, Clock::get()?.epoch)?;
        let rate = rate.ok_or(EarnoutError::TransferMismatch)?;
        require!(!is_crumb(amount, rate), EarnoutError::FeeOnCrumbs);
    }
    Ok(())
}

/// Whether a fee of `rate` basis points on `amount` base units is below one base unit before it is rounded up.
pub fn is_crumb(amount: u64, rate: u16) -> bool {
    u128::from(amount) * u128::from(rate) < u128::from(earnout_core::FULL_SCORE)
}

/// The transfer fee in `epoch`, basis points, of the mint that holds `data`; none if the mint takes none.
///
/// Errors: `WrongMint`.
pub fn fee_rate(data: &[u8], epoch: u64) -> Result<Option<u16>> {
    let mint = PodStateWithExtensions::<PodMint>::unpack(data).map_err(|_| EarnoutError::WrongMint)?;
    let config = mint.get_extension::<TransferFeeConfig>().ok();
    let fee = config.map(|config| config.get_epoch_fee(epoch));
    let fee = fee.filter(|fee| u64::from(fee.maximum_fee) > 0);
    Ok(fee.map(|fee| fee.transfer_fee_basis_points.into()))
}

/// Whether what did not arrive is at most `max_fee_bps` of the amount. The token program rounds its fee up; that unit more is
/// allowed, unless the plan allows no fee, where it is at most a basis point of the amount.
pub fn is_fee_within(amount: u64, received: u64, max_fee_bps: u16) -> bool {
    let whole = u128::from(earnout_core::FULL_SCORE);
    let fee = u128::from(amount.abs_diff(received)) * whole;
    let rounding = if max_fee_bps > 0 && u128::from(amount) >= whole {
        whole
    } else {
        0
    };
    fee <= u128::from(amount) * u128::from(max_fee_bps) + rounding
}

/// Whether `key` is a vault of this program, given the owner of its tokens: a vault's address follows from its plan, and the
/// plan owns its tokens.
pub fn is_vault(key: &Pubkey, token_owner: &Pubkey) -> Result<bool> {
    Ok(&address::vault(token_owner)?.0 == key)
}

/// Checks that `plan`, which holds `mint`, can send surplus to this token account, and returns its owner.
///
/// Errors: `WrongTreasury`.
pub fn check_treasury(info: &AccountInfo, plan: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Result<Pubkey> {
    let treasury = holding(info, token_program).ok_or(EarnoutError::WrongTreasury)?;
    // The plan itself could never send on what it owns outside its vault.
    let is_usable = &treasury.owner != plan && !is_vault(info.key, &treasury.owner)?;
    require!(&treasury.mint == mint && is_usable, EarnoutError::WrongTreasury);
    Ok(treasury.owner)
}

/// Moves all that the source holds, lamports that arrived as native tokens included, to the destination, returns withheld
/// fees to the mint and closes the source; its rent goes to the authority, for which `seeds` (bump included) sign. Returns
/// what was sent and what arrived, base units.
///
/// Errors: as [`transfer`].
#[inline(never)]
pub fn empty_and_close(accounts: &Transfer, seeds: &[&[u8]]) -> Result<(u64, u64)> {
    let Transfer {
        token_program,
        mint,
        source,
        authority,
        ..
    } = accounts;
    if mint.key == &spl_token::native_mint::ID || mint.key == &spl_token_2022::native_mint::ID {
        let sync = spl_token_2022::instruction::sync_native(token_program.key, source.key)?;
        invoke(&sync, std::slice::from_ref(*source))?;
    }
    let held = holding(source, token_program.key)
        .ok_or(EarnoutError::WrongVault)?
        .amount;
    let received = if held > 0 {
        transfer(accounts, held, seeds)?.received
    } else {
        0
    };
    if has_withheld_fees(source) {
        let harvest =
            transfer_fee::instruction::harvest_withheld_tokens_to_mint(token_program.key, mint.key, &[source.key])?;
        invoke(&harvest, &[(*mint).clone(), (*source).clone()])?;
    }
    let close =
        spl_token_2022::instruction::close_account(token_program.key, source.key, authority.key, authority.key, &[])?;
    invoke_signed(&close, &[(*source).clone(), (*authority).clone()], &[seeds])?;
    Ok((held, received))
}

fn has_withheld_fees(account: &AccountInfo) -> bool {
    account.try_borrow_data().is_ok_and(|data| {
        PodStateWithExtensions::<PodAccount>::unpack(&data)
            .and_then(|state| {
                state
                    .get_extension::<TransferFeeAmount>()
                    .map(|fee| fee.withheld_amount)
            })
            .is_ok_and(|withheld| u64::from(withheld) > 0)
    })
}
