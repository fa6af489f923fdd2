//! Mints and token accounts on the chain, made by the real token programs.

use {
    crate::{Chain, Failure, Keypair, Signer},
    anchor_lang::{
        prelude::{ProgramError, Pubkey},
        solana_program::instruction::Instruction,
    },
    anchor_spl::{
        associated_token::spl_associated_token_account,
        compat::{
            spl_token_2022_interface::{
                self as spl_token_2022,
                extension::{BaseStateWithExtensions, ExtensionType, PodStateWithExtensions},
                pod::{PodAccount, PodMint},
            },
            spl_token_interface as spl_token,
        },
    },
    earnout_sdk::wire::pda,
    solana_system_interface::instruction as system_instruction,
};

/// A token program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProgram {
    /// SPL Token.
    Spl,
    /// Token-2022.
    Token2022,
}

impl TokenProgram {
    /// Address of the program.
    pub fn id(self) -> Pubkey {
        match self {
            Self::Spl => spl_token::ID,
            Self::Token2022 => spl_token_2022::ID,
        }
    }
}

impl Chain {
    /// A new mint without extensions, whose authority is the fee payer.
    ///
    /// # Errors
    /// If the token program refuses.
    pub fn mint(
        &mut self,
        program: TokenProgram,
        decimals: u8,
        freeze_authority: Option<&Pubkey>,
    ) -> Result<Pubkey, Box<Failure>> {
        let authority = self.fee_payer().pubkey();
        let mint = self.key();
        let initialize = spl_token_2022::instruction::initialize_mint2(
            &program.id(),
            &mint.pubkey(),
            &authority,
            freeze_authority,
            decimals,
        )
        .map_err(refused)?;
        self.mint_with(program, mint, size_of::<PodMint>(), &[initialize])
    }

    /// A new mint of `space` bytes at the address of `mint`, made by these instructions: the extensions' first, then
    /// the mint's own.
    ///
    /// # Errors
    /// If the token program refuses.
    pub fn mint_with(
        &mut self,
        program: TokenProgram,
        mint: Keypair,
        space: usize,
        initialize: &[Instruction],
    ) -> Result<Pubkey, Box<Failure>> {
        // The key was endowed; a mint begins as nothing.
        self.replace(&mint.pubkey(), Default::default());
        let payer = self.fee_payer().pubkey();
        let lamports = self.rent(space.max(500));
        let space = u64::try_from(space).unwrap_or_default();
        let mut instructions = vec![system_instruction::create_account(
            &payer,
            &mint.pubkey(),
            lamports,
            space,
            &program.id(),
        )];
        instructions.extend_from_slice(initialize);
        self.send(&instructions, &[&mint])?;
        Ok(mint.pubkey())
    }

    /// The associated token account of `owner`, made if it is missing.
    ///
    /// # Errors
    /// If the token program refuses.
    pub fn associated(&mut self, program: TokenProgram, mint: &Pubkey, owner: &Pubkey) -> Result<Pubkey, Box<Failure>> {
        let payer = self.fee_payer().pubkey();
        let create = spl_associated_token_account::instruction::create_associated_token_account_idempotent(
            &payer,
            owner,
            mint,
            &program.id(),
        );
        self.send(&[create], &[])?;
        Ok(pda::associated_token_account(owner, mint, &program.id()))
    }

    /// A new token account of `owner` that is not the associated one.
    ///
    /// # Errors
    /// If the token program refuses.
    pub fn token_account(
        &mut self,
        program: TokenProgram,
        mint: &Pubkey,
        owner: &Pubkey,
    ) -> Result<Pubkey, Box<Failure>> {
        let key = self.key();
        let initialize = spl_token_2022::instruction::initialize_account3(&program.id(), &key.pubkey(), mint, owner)
            .map_err(refused)?;
        let space = self.token_account_space(mint).map_err(refused)?;
        self.mint_with(program, key, space, &[initialize])
    }

    /// Bytes of a token account of this mint, whose extensions may need room in it.
    fn token_account_space(&self, mint: &Pubkey) -> Result<usize, ProgramError> {
        let data = self.account(mint).map(|account| account.data).unwrap_or_default();
        let mint = PodStateWithExtensions::<PodMint>::unpack(&data)?;
        let required = ExtensionType::get_required_init_account_extensions(&mint.get_extension_types()?);
        ExtensionType::try_calculate_account_len::<PodAccount>(&required)
    }

    /// Mints `amount` base units to a token account. The fee payer must be the mint's authority.
    ///
    /// # Errors
    /// If the token program refuses.
    pub fn mint_to(
        &mut self,
        program: TokenProgram,
        mint: &Pubkey,
        account: &Pubkey,
        amount: u64,
    ) -> Result<(), Box<Failure>> {
        let authority = self.fee_payer().pubkey();
        let mint_to = spl_token_2022::instruction::mint_to(&program.id(), mint, account, &authority, &[], amount)
            .map_err(refused)?;
        self.send(&[mint_to], &[]).map(drop)
    }

    /// Balance of a token account in base units; 0 if there is none.
    pub fn balance(&self, account: &Pubkey) -> u64 {
        let Some(account) = self.account(account) else {
            return 0;
        };
        PodStateWithExtensions::<PodAccount>::unpack(&account.data).map_or(0, |state| state.base.amount.into())
    }
}

/// The client library of the token program refused to build an instruction.
fn refused(error: ProgramError) -> Box<Failure> {
    Box::new(Failure {
        error: solana_transaction_error::TransactionError::SanitizeFailure,
        instruction: None,
        code: None,
        logs: vec![error.to_string()],
    })
}
