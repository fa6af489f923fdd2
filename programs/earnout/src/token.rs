//! Everything that touches tokens: which mints are accepted, what a token account holds, and moving amounts.

use {
    crate::{
        address,
        constants::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK},
        error::EarnoutError,
        prelude::*,
        state::account,
    },
    anchor_lang::solana_program::program_pack::IsInitialized,
    anchor_spl::compat::{
        spl_token_2022_interface::{
            self as spl_token_2022,
            extension::{
                BaseStateWithExtensions, ExtensionType, PodStateWithExtensions,
                transfer_fee::{TransferFeeAmount, TransferFeeConfig},
            },
            pod::{PodAccount, PodMint},
        },
        spl_token_interface as spl_token,
    },
    bytemuck::Pod,
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
    if !is_owned_by(info, token_program) {
        return None;
    }
    let data = info.try_borrow().ok()?;
    let account = match base::<PodAccount>(&data)? {
        // Nothing follows that would have to be looked at.
        account if data.len() == size_of::<PodAccount>() => account.is_initialized().then_some(account)?,
        _ => PodStateWithExtensions::<PodAccount>::unpack(&data).ok()?.base,
    };
    let PodAccount {
        mint, owner, amount, ..
    } = *account;
    Some(Holding {
        mint,
        owner,
        amount: amount.into(),
    })
}

/// Balance of an account of a token program that was read with [`holding`] before or is a vault: what only the token
/// program can change need not be looked through again for its extensions.
///
/// Errors: `TransferMismatch` if the account is too small.
#[inline(always)]
fn balance(info: &AccountInfo) -> Result<u64> {
    let data = info.try_borrow()?;
    let account = base::<PodAccount>(&data).ok_or(EarnoutError::TransferMismatch)?;
    Ok(account.amount.into())
}

/// What stands before the extensions of an account of a token program.
#[inline(always)]
fn base<T: Pod>(data: &[u8]) -> Option<&T> {
    bytemuck::try_from_bytes(data.get(..size_of::<T>())?).ok()
}

/// Checks that the plan can hold and pay out this mint, and returns its decimals. `flags` are the plan's `ALLOW_…`
/// flags.
///
/// Errors: `WrongMint`, `ExtensionNotAllowed`, `TransferFeeNotAllowed`, `TransferHookNotAllowed`,
/// `FreezeAuthorityNotAllowed`.
#[inline(never)]
pub fn check_mint(info: &AccountInfo, token_program: &Pubkey, flags: u8) -> Result<u8> {
    require!(is_owned_by(info, token_program), EarnoutError::WrongMint);
    let data = info.try_borrow()?;
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

/// Creates a plan's vault: a token account for `mint` owned by `plan`, at the address that `seeds` (bump included) sign
/// for.
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
        let data = mint.try_borrow()?;
        let mint = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| EarnoutError::WrongMint)?;
        let extensions = mint
            .get_extension_types()
            .map_err(|_| EarnoutError::ExtensionNotAllowed)?;
        let required = ExtensionType::get_required_init_account_extensions(&extensions);
        ExtensionType::try_calculate_account_len::<PodAccount>(&required)?
    };
    let rent_paid = account::create_address(payer, vault, seeds, space, token_program.address())?;
    let passed = [Passed::writable(vault), Passed::readonly(mint)];
    invoke(token_program.address(), &passed, &data::initialize_account3(plan), &[])?;
    Ok(rent_paid)
}

/// Moves `amount` base units, reads both balances again and compares. `seeds` (bump included) sign for the authority
/// where it is a plan; empty where it has signed itself.
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
    } = *accounts;
    let program = token_program.address();
    for account in [source, destination] {
        require!(is_owned_by(account, program), EarnoutError::TransferMismatch);
    }
    let balances = || -> Result<(u64, u64)> { Ok((balance(source)?, balance(destination)?)) };
    let decimals = base::<PodMint>(&mint.try_borrow()?)
        .ok_or(EarnoutError::WrongMint)?
        .decimals;
    let (source_before, destination_before) = balances()?;
    if let Some(memo_program) = memo_program {
        // Token-2022 looks for the memo directly before the transfer.
        require!(memo_program.address() == &MEMO_PROGRAM, EarnoutError::WrongMemoProgram);
        invoke(&MEMO_PROGRAM, &[], MEMO, &[])?;
    }
    let passed = [
        Passed::writable(source),
        Passed::readonly(mint),
        Passed::writable(destination),
        Passed::readonly(authority).signer(),
    ];
    let data = data::transfer_checked(amount, decimals);
    if hook_accounts.is_empty() {
        invoke(program, &passed, &data, seeds)?;
    } else {
        let hook = hook_accounts.iter().map(|account| {
            if account.is_writable() {
                Passed::writable(account)
            } else {
                Passed::readonly(account)
            }
        });
        let passed: Vec<Passed> = passed.into_iter().chain(hook).collect();
        invoke_slice(program, &passed, &data, seeds)?;
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

/// Checks what somebody else than who is paid may let a transfer of `amount` base units suffer, of which `received`
/// arrived.
///
/// Errors: `FeeTooHigh` if what did not arrive is more than `max_fee_bps` of the amount. `FeeOnCrumbs` if the mint's
/// fee on the amount, before the token program rounds it up, is below one base unit in the running epoch: a stranger
/// who takes an amount in crumbs would make it lose many times the mint's rate.
pub fn check_fee(mint: &AccountInfo, amount: u64, received: u64, max_fee_bps: u16) -> Result<()> {
    require!(is_fee_within(amount, received, max_fee_bps), EarnoutError::FeeTooHigh);
    if received < amount {
        let rate = fee_rate(&mint.try_borrow()?, Clock::get()?.epoch)?;
        let rate = rate.ok_or(EarnoutError::TransferMismatch)?;
        require!(!is_crumb(amount, rate), EarnoutError::FeeOnCrumbs);
    }
    Ok(())
}

/// Whether a fee of `rate` basis points on `amount` base units is below one base unit before it is rounded up.
#[expect(clippy::arithmetic_side_effects, reason = "64 by 16 bits fit into 128")]
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

/// Whether what did not arrive is at most `max_fee_bps` of the amount. The token program rounds its fee up; that unit
/// more is allowed, unless the plan allows no fee, where it is at most a basis point of the amount.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "64 by 16 bits fit into 128, with room for one more"
)]
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

/// Whether `key` is a vault of this program, given the owner of its tokens: a vault's address follows from its plan,
/// and the plan owns its tokens.
pub fn is_vault(key: &Pubkey, token_owner: &Pubkey) -> Result<bool> {
    Ok(&address::vault(token_owner)?.0 == key)
}

/// Checks that `plan`, which holds `mint`, can send surplus to this token account, and returns its owner.
///
/// Errors: `WrongTreasury`.
pub fn check_treasury(info: &AccountInfo, plan: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Result<Pubkey> {
    let treasury = holding(info, token_program).ok_or(EarnoutError::WrongTreasury)?;
    // The plan itself could never send on what it owns outside its vault.
    let is_usable = &treasury.owner != plan && !is_vault(info.address(), &treasury.owner)?;
    require!(&treasury.mint == mint && is_usable, EarnoutError::WrongTreasury);
    Ok(treasury.owner)
}

/// Moves all that the source holds, lamports that arrived as native tokens included, to the destination, returns
/// withheld fees to the mint and closes the source; its rent goes to the authority, for which `seeds` (bump included)
/// sign. Returns what was sent and what arrived, base units.
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
    } = *accounts;
    let program = token_program.address();
    if mint.address() == &spl_token::native_mint::ID || mint.address() == &spl_token_2022::native_mint::ID {
        invoke(program, &[Passed::writable(source)], &data::SYNC_NATIVE, &[])?;
    }
    let held = holding(source, program).ok_or(EarnoutError::WrongVault)?.amount;
    let received = if held > 0 {
        transfer(accounts, held, seeds)?.received
    } else {
        0
    };
    if has_withheld_fees(source) {
        let passed = [Passed::writable(mint), Passed::writable(source)];
        invoke(program, &passed, &data::HARVEST_WITHHELD_TOKENS_TO_MINT, &[])?;
    }
    let passed = [
        Passed::writable(source),
        Passed::writable(authority),
        Passed::readonly(authority).signer(),
    ];
    invoke(program, &passed, &data::CLOSE_ACCOUNT, seeds)?;
    Ok((held, received))
}

fn has_withheld_fees(account: &AccountInfo) -> bool {
    account.try_borrow().is_ok_and(|data| {
        PodStateWithExtensions::<PodAccount>::unpack(&data)
            .and_then(|state| {
                state
                    .get_extension::<TransferFeeAmount>()
                    .map(|fee| fee.withheld_amount)
            })
            .is_ok_and(|withheld| u64::from(withheld) > 0)
    })
}

/// Data of the token programs' instructions.
mod data {
    use crate::prelude::Pubkey;

    pub(super) const CLOSE_ACCOUNT: [u8; 1] = [9];
    pub(super) const SYNC_NATIVE: [u8; 1] = [17];
    pub(super) const HARVEST_WITHHELD_TOKENS_TO_MINT: [u8; 2] = [26, 4];

    pub(super) fn transfer_checked(amount: u64, decimals: u8) -> [u8; 10] {
        let mut data = [12; 10];
        data[1..9].copy_from_slice(&amount.to_le_bytes());
        data[9] = decimals;
        data
    }

    pub(super) fn initialize_account3(owner: &Pubkey) -> [u8; 33] {
        let mut data = [18; 33];
        data[1..].copy_from_slice(owner.as_ref());
        data
    }

    #[cfg(test)]
    mod tests {
        use {
            super::*,
            anchor_spl::compat::spl_token_2022_interface::{
                ID, extension::transfer_fee::instruction::harvest_withheld_tokens_to_mint, instruction as interface,
            },
        };

        #[test]
        fn data_are_those_of_the_interface() {
            let [account, mint, owner] = [1, 2, 3].map(|byte| Pubkey::from([byte; 32]));
            let close = interface::close_account(&ID, &account, &owner, &owner, &[]).unwrap();
            assert_eq!(close.data, CLOSE_ACCOUNT);
            assert_eq!(interface::sync_native(&ID, &account).unwrap().data, SYNC_NATIVE);
            let harvest = harvest_withheld_tokens_to_mint(&ID, &mint, &[&account]).unwrap();
            assert_eq!(harvest.data, HARVEST_WITHHELD_TOKENS_TO_MINT);
            let amount = 0x0102_0304_0506_0708;
            let transfer = interface::transfer_checked(&ID, &account, &mint, &account, &owner, &[], amount, 7).unwrap();
            assert_eq!(transfer.data, transfer_checked(amount, 7));
            let initialize = interface::initialize_account3(&ID, &account, &mint, &owner).unwrap();
            assert_eq!(initialize.data, initialize_account3(&owner));
        }
    }
}
