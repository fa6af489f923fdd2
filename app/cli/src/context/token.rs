//! A plan's token, and amounts of it as people write them.

use {
    crate::fault::Fault,
    anchor_lang::prelude::AccountInfo,
    earnout::token::Holding,
    earnout_sdk::{
        amount::{self, AmountError},
        instructions::PlanToken,
    },
    serde::{Serialize, Serializer, ser::SerializeStruct},
    solana_account::Account,
    solana_program::pubkey::Pubkey,
    std::{fmt, str::FromStr},
};

/// Bytes of a mint without extensions, and where in them its decimals are.
const MINT_BYTES: usize = 82;
const MINT_DECIMALS: usize = 44;
/// Where Token-2022 says what an account with extensions is, and what it says of a mint.
const ACCOUNT_TYPE: usize = 165;
const TYPE_MINT: u8 = 1;

/// A mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub mint: Pubkey,
    /// SPL Token or Token-2022.
    pub program: Pubkey,
    pub decimals: u8,
}

impl Token {
    /// The token whose mint is `account`, at `mint`.
    ///
    /// # Errors
    /// If there is no account, or it is not a mint.
    pub fn of_account(mint: &Pubkey, account: Option<&Account>) -> Result<Self, Fault> {
        let account = account.ok_or_else(|| {
            Fault::new(format!("there is no mint at {mint}"))
                .advice("check the address and the cluster (-u)")
                .suspecting_cluster()
        })?;
        let no_mint = |why: &str| {
            Fault::new(format!("{mint} is not a mint"))
                .why(why)
                .advice("check the address")
        };
        earnout::token::require_token_program(&account.owner)
            .map_err(|_| no_mint("it belongs neither to SPL Token nor to Token-2022"))?;
        // A token account is longer, and with extensions an account's type follows its base.
        let is_mint = account.data.len() == MINT_BYTES || account.data.get(ACCOUNT_TYPE) == Some(&TYPE_MINT);
        match account.data.get(MINT_DECIMALS) {
            Some(decimals) if is_mint => Ok(Self {
                mint: *mint,
                program: account.owner,
                decimals: *decimals,
            }),
            _ => Err(no_mint("it is another account of the token program")),
        }
    }

    /// `base_units` of this token, to show.
    pub fn amount(&self, base_units: u64) -> Amount {
        Amount {
            base_units,
            decimals: self.decimals,
        }
    }

    /// The plan and its token, as instructions name them.
    pub fn of_plan(&self, plan: &Pubkey) -> PlanToken {
        PlanToken {
            plan: *plan,
            mint: self.mint,
            token_program: self.program,
        }
    }
}

/// An amount of a token: for people `1,250.5`, in JSON in the form that Solana's RPC has for amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub base_units: u64,
    pub decimals: u8,
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&amount::short(self.base_units, self.decimals))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Amount", 3)?;
        fields.serialize_field("amount", &self.base_units.to_string())?;
        fields.serialize_field("decimals", &self.decimals)?;
        fields.serialize_field("uiAmountString", &self.to_string().replace(',', ""))?;
        fields.end()
    }
}

/// What a token account holds; none if it is not a token account.
pub fn holding(account: &Account) -> Option<Holding> {
    earnout::token::require_token_program(&account.owner).ok()?;
    let (owner, address) = (account.owner, Pubkey::default());
    let (mut lamports, mut data) = (account.lamports, account.data.clone());
    let info = AccountInfo::new(&address, false, false, &mut lamports, &mut data, &owner, false);
    earnout::token::holding(&info, &owner)
}

/// Lamports as SOL, exactly.
pub fn sol(lamports: u64) -> Amount {
    Amount {
        base_units: lamports,
        decimals: 9,
    }
}

/// An amount of tokens on the command line: `1_250.5`, `1,250.5` as amounts are shown, or ALL. The decimals are known only
/// with the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountArg {
    All,
    Tokens(String),
}

impl FromStr for AmountArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        // Whether it is exact is seen when the decimals are known; whether it is a number can be seen now.
        match amount::parse(text, 0) {
            Err(error @ (AmountError::NotANumber | AmountError::BadGroups)) => Err(format!("`{text}` {error}")),
            _ => Ok(Self::Tokens(text.to_owned())),
        }
    }
}

impl AmountArg {
    /// As [`amount::hint`], for a refusal by a limit.
    pub fn hint(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Tokens(text) => amount::hint(text),
        }
    }

    /// Base units; none for all there is.
    ///
    /// # Errors
    /// If the token has fewer decimals, or the amount does not fit.
    pub fn base_units(&self, token: &Token) -> Result<Option<u64>, Fault> {
        match self {
            Self::All => Ok(None),
            Self::Tokens(text) => match amount::parse(text, token.decimals) {
                Ok(amount) => Ok(Some(amount)),
                Err(error) => Err(Fault::new(format!("the amount {text} {error}"))
                    .why(format!("the token {} has {} decimals", token.mint, token.decimals))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(decimals: u8) -> Token {
        Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
            decimals,
        }
    }

    #[test]
    fn amounts_wait_for_the_decimals() {
        let amount: AmountArg = "1_250.5".parse().expect("an amount");
        assert_eq!(amount.base_units(&token(6)).expect("exact"), Some(1_250_500_000));
        let rounded = amount.base_units(&token(0)).map_err(|fault| fault.to_string());
        assert!(rounded.expect_err("not exact").contains("would have to be rounded"));
        for all in ["ALL", "all", "All"] {
            assert_eq!(all.parse(), Ok(AmountArg::All));
        }
        let shown = token(6).amount(1_873_190_000_000).to_string();
        let typed: AmountArg = shown.parse().expect("an amount that was shown");
        assert_eq!(typed.base_units(&token(6)).expect("exact"), Some(1_873_190_000_000));
        for wrong in ["al", "-1", "1,5", "x", ""] {
            assert!(wrong.parse::<AmountArg>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_shown_exactly() {
        let amount = token(6).amount(u64::MAX);
        assert_eq!(amount.to_string(), "18,446,744,073,709.551615");
        assert_eq!(token(6).amount(1_250_500_000).to_string(), "1,250.5");
        assert_eq!(format!("{:>6}", token(0).amount(100)), "   100");
        assert_eq!(
            serde_json::to_string(&amount).expect("JSON"),
            r#"{"amount":"18446744073709551615","decimals":6,"uiAmountString":"18446744073709.551615"}"#
        );
    }
}
