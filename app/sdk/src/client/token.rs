//! Tokens as the chain has them: mints, what token accounts hold, and what a transfer needs beyond its own accounts.

use {
    super::read::as_info,
    crate::wire::instructions::{self, PlanToken},
    anchor_spl::compat::spl_token_2022_interface::{
        extension::{StateWithExtensions, memo_transfer::memo_required, transfer_hook::get_program_id},
        state,
    },
    earnout::token::{Holding, require_token_program},
    solana_account::Account,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    spl_transfer_hook_interface::offchain::add_extra_account_metas_for_execute,
    std::fmt::Display,
    thiserror::Error,
};

/// A mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Where it is.
    pub address: Pubkey,
    /// SPL Token or Token-2022.
    pub program: Pubkey,
    /// Decimal places of a token.
    pub decimals: u8,
    /// All tokens that exist, base units.
    pub supply: u64,
}

/// Why an account is not what is expected of a token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// There is no account where the mint should be.
    #[error("there is no mint at {0}")]
    NoMint(Pubkey),
    /// Another program owns the account.
    #[error("{0} is not a mint: it belongs neither to SPL Token nor to Token-2022")]
    ForeignMint(Pubkey),
    /// A token program owns the account, and it is something else.
    #[error("{0} is not a mint: it is another account of the token program")]
    NotAMint(Pubkey),
    /// There is no account where tokens should be.
    #[error("there is no token account at {address}, the {role}")]
    NoHolding {
        /// Where.
        address: Pubkey,
        /// What it is used for.
        role: &'static str,
        /// The expected mint.
        mint: Pubkey,
    },
    /// The tokens are of another mint.
    #[error("{address}, the {role}, holds another token: its mint is {found}, the plan's is {mint}")]
    OtherToken {
        /// Where.
        address: Pubkey,
        /// What it is used for.
        role: &'static str,
        /// The mint of the tokens.
        found: Pubkey,
        /// The expected mint.
        mint: Pubkey,
    },
    /// The account holds no tokens.
    #[error("{address}, the {role}, is not a token account: it belongs to {owner}")]
    NotAHolding {
        /// Where.
        address: Pubkey,
        /// What it is used for.
        role: &'static str,
        /// The program that owns it.
        owner: Pubkey,
    },
}

impl Mint {
    /// The mint that `account`, at `address`, holds.
    ///
    /// # Errors
    /// If there is no account, or it is not a mint.
    pub fn of_account(address: &Pubkey, account: Option<&Account>) -> Result<Self, TokenError> {
        let account = account.ok_or(TokenError::NoMint(*address))?;
        require_token_program(&account.owner).map_err(|_| TokenError::ForeignMint(*address))?;
        let mint = StateWithExtensions::<state::Mint>::unpack(&account.data);
        let mint = mint.map_err(|_| TokenError::NotAMint(*address))?.base;
        Ok(Self {
            address: *address,
            program: account.owner,
            decimals: mint.decimals,
            supply: mint.supply,
        })
    }

    /// A plan and this token, as instructions name them.
    pub fn of_plan(&self, plan: &Pubkey) -> PlanToken {
        PlanToken {
            plan: *plan,
            mint: self.address,
            token_program: self.program,
        }
    }
}

/// What a token account holds; none if it is not a token account.
pub fn holding(account: &Account) -> Option<Holding> {
    require_token_program(&account.owner).ok()?;
    as_info(&Pubkey::default(), account, |info| {
        earnout::token::holding(info, &account.owner)
    })
}

/// What `account`, at `address`, holds of the token `mint`. `role` says what it is used for, like `source`.
///
/// # Errors
/// If there is none, or it is of another token.
pub fn holding_of(
    mint: &Pubkey,
    address: &Pubkey,
    account: Option<&Account>,
    role: &'static str,
) -> Result<Holding, TokenError> {
    let (mint, address) = (*mint, *address);
    let account = account.ok_or(TokenError::NoHolding { address, role, mint })?;
    match holding(account) {
        Some(holding) if holding.mint == mint => Ok(holding),
        Some(Holding { mint: found, .. }) => Err(TokenError::OtherToken {
            address,
            role,
            found,
            mint,
        }),
        None => Err(TokenError::NotAHolding {
            address,
            role,
            owner: account.owner,
        }),
    }
}

/// A transfer that an instruction of the program makes.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The token.
    pub mint: &'a Pubkey,
    /// Token account that pays.
    pub source: &'a Pubkey,
    /// Token account that receives.
    pub destination: &'a Pubkey,
    /// Who signs for the source: the funder, or the plan.
    pub authority: &'a Pubkey,
    /// Base units.
    pub amount: u64,
}

/// Why the accounts of a transfer are not known.
#[derive(Debug, Error)]
pub enum TransferError<E: Display> {
    /// An account cannot be read.
    #[error("{0}")]
    Read(E),
    /// The list of accounts that the mint's transfer hook keeps is wrong.
    #[error("the accounts of the transfer hook {hook} cannot be found: {why}")]
    Hook {
        /// The hook's program.
        hook: Pubkey,
        /// What is wrong.
        why: String,
    },
}

impl Transfer<'_> {
    /// The same `fund`, `claim`, `withdraw_surplus` or `close_plan`, with the memo that the destination may ask for and
    /// the accounts that the mint's transfer hook may ask for. `read` reads the account at an address.
    ///
    /// # Errors
    /// If an account cannot be read, or the hook's list of accounts is wrong.
    pub async fn complete<E: Display>(
        &self,
        mut instruction: Instruction,
        read: impl AsyncFn(Pubkey) -> Result<Option<Account>, E>,
    ) -> Result<Instruction, TransferError<E>> {
        let destination = read(*self.destination).await.map_err(TransferError::Read)?;
        if destination.is_some_and(|account| asks_for_memo(&account.data)) {
            instruction = instructions::with_memo(instruction);
        }
        let mint = read(*self.mint).await.map_err(TransferError::Read)?;
        let Some(hook) = mint.and_then(|mint| hook_of(&mint.data)) else {
            return Ok(instruction);
        };
        let read = &read;
        let fetch = |address: Pubkey| async move {
            let account = read(address).await.map_err(|error| error.to_string())?;
            Ok(account.map(|account| account.data))
        };
        let own = instruction.accounts.len();
        let extended = add_extra_account_metas_for_execute(
            &mut instruction,
            &hook,
            self.source,
            self.mint,
            self.destination,
            self.authority,
            self.amount,
            fetch,
        );
        extended.await.map_err(|error| TransferError::Hook {
            hook,
            why: error.to_string(),
        })?;
        let extra = instruction.accounts.split_off(own);
        Ok(instructions::with_hook_accounts(instruction, &extra))
    }
}

/// Whether a token account takes no transfer without a memo.
fn asks_for_memo(data: &[u8]) -> bool {
    StateWithExtensions::<state::Account>::unpack(data).is_ok_and(|account| memo_required(&account))
}

/// The program of a mint's transfer hook.
fn hook_of(mint: &[u8]) -> Option<Pubkey> {
    get_program_id(&StateWithExtensions::<state::Mint>::unpack(mint).ok()?)
}
