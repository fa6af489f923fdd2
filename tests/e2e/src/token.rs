//! Tokens of either token program.

use {
    crate::Chain,
    anchor_spl::{
        associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent,
        compat::{spl_token_2022_interface as spl_token_2022, spl_token_interface as spl_token},
    },
    earnout_sdk::wire::pda,
    serde_json::json,
    solana_keypair::Keypair,
    solana_program::{program_pack::Pack, pubkey::Pubkey, rent::Rent},
    solana_signer::Signer,
    solana_system_interface::instruction as system,
};

/// A mint and its program.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub mint: Pubkey,
    pub program: Pubkey,
    pub decimals: u8,
}

impl Token {
    /// SPL Token.
    pub const CLASSIC: Pubkey = spl_token::ID;
    /// Token-2022.
    pub const TOKEN_2022: Pubkey = spl_token_2022::ID;

    /// The associated token account of an owner.
    pub fn account(&self, owner: &Pubkey) -> Pubkey {
        pda::associated_token_account(owner, &self.mint, &self.program)
    }
}

impl Chain {
    /// Makes a mint without a freeze authority and without extensions, paid by the key `payer`. `program` is
    /// [`Token::CLASSIC`] or [`Token::TOKEN_2022`].
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create_mint(&self, program: Pubkey, decimals: u8, authority: &Pubkey) -> Token {
        let (payer, mint) = (self.key("payer"), Keypair::new());
        let token = Token {
            mint: mint.pubkey(),
            program,
            decimals,
        };
        let space = spl_token::state::Mint::LEN;
        let rent = Rent::default().minimum_balance(space);
        let space = u64::try_from(space).expect("a mint is small");
        let create = system::create_account(&payer.pubkey(), &token.mint, rent, space, &program);
        let initialize =
            spl_token_2022::instruction::initialize_mint2(&program, &token.mint, authority, None, decimals);
        let initialize = initialize.expect("a mint without conditions");
        self.send(&[create, initialize], &[&payer, &mint]).await;
        token
    }

    /// Mints `amount` base units to an owner's associated token account, which is made if it is missing. Returns its
    /// address.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn mint_to(&self, token: &Token, authority: &Keypair, owner: &Pubkey, amount: u64) -> Pubkey {
        let payer = self.key("payer");
        let account = token.account(owner);
        let create = create_associated_token_account_idempotent(&payer.pubkey(), owner, &token.mint, &token.program);
        let mint = spl_token_2022::instruction::mint_to(
            &token.program,
            &token.mint,
            &account,
            &authority.pubkey(),
            &[],
            amount,
        );
        let mint = mint.expect("an amount");
        self.send(&[create, mint], &[&payer, authority]).await;
        account
    }

    /// The base units on a token account.
    ///
    /// # Panics
    /// If there is no such account.
    pub async fn token_balance(&self, account: &Pubkey) -> u64 {
        let balance = self.ask("getTokenAccountBalance", json!([account.to_string()])).await;
        let amount = balance["value"]["amount"].as_str().expect("an amount");
        amount.parse().expect("a whole number")
    }
}
