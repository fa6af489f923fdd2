//! What a transfer of a plan's token needs beyond its own accounts: a memo, and the accounts of a transfer hook.

use {
    super::Outgoing,
    crate::{context::token::Token, fault::Fault},
    anchor_spl::compat::spl_token_2022_interface::{
        extension::{StateWithExtensions, memo_transfer::memo_required, transfer_hook::get_program_id},
        state::{Account as TokenAccount, Mint},
    },
    earnout_sdk::instructions,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    spl_transfer_hook_interface::offchain::add_extra_account_metas_for_execute,
};

impl Outgoing<'_> {
    /// The same `fund`, `claim`, `withdraw_surplus` or `close_plan`, with the memo that `destination` may ask for and the
    /// accounts that the mint's transfer hook may ask for. `authority` is who signs for `source`: the funder, or the plan.
    ///
    /// # Errors
    /// If an account cannot be read, or the hook's list of accounts is wrong.
    pub async fn with_transfer_accounts(
        &self,
        instruction: Instruction,
        token: &Token,
        source: &Pubkey,
        destination: &Pubkey,
        authority: &Pubkey,
        amount: u64,
    ) -> Result<Instruction, Fault> {
        let mut instruction = instruction;
        if self
            .account(destination)
            .await?
            .is_some_and(|account| asks_for_memo(&account.data))
        {
            instruction = instructions::with_memo(instruction);
        }
        let mint = self.account(&token.mint).await?;
        let Some(hook) = mint.and_then(|mint| hook_of(&mint.data)) else {
            return Ok(instruction);
        };
        let fetch = |address: Pubkey| async move {
            let account = self.account(&address).await.map_err(|fault| fault.to_string())?;
            Ok(account.map(|account| account.data))
        };
        let own = instruction.accounts.len();
        let extended = add_extra_account_metas_for_execute(
            &mut instruction,
            &hook,
            source,
            &token.mint,
            destination,
            authority,
            amount,
            fetch,
        );
        extended.await.map_err(|error| {
            Fault::new(format!("the accounts of the transfer hook {hook} cannot be found")).why(error)
        })?;
        let extra = instruction.accounts.split_off(own);
        Ok(instructions::with_hook_accounts(instruction, &extra))
    }
}

/// Whether a token account takes no transfer without a memo.
fn asks_for_memo(data: &[u8]) -> bool {
    StateWithExtensions::<TokenAccount>::unpack(data).is_ok_and(|account| memo_required(&account))
}

/// The program of a mint's transfer hook.
fn hook_of(mint: &[u8]) -> Option<Pubkey> {
    get_program_id(&StateWithExtensions::<Mint>::unpack(mint).ok()?)
}
