//! A plan's token, and amounts of it as people write them.

use {
    crate::fault::Fault,
    earnout_sdk::{
        amount::{self, AmountError},
        instructions::PlanToken,
    },
    serde::{Serialize, Serializer, ser::SerializeStruct},
    solana_program::pubkey::Pubkey,
    std::{fmt, str::FromStr},
};

/// A mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub mint: Pubkey,
    /// SPL Token or Token-2022.
    pub program: Pubkey,
    pub decimals: u8,
}

impl Token {
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
        let text = amount::tokens(self.base_units, self.decimals);
        out.pad(match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        })
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

/// An amount of tokens on the command line: `1_250.5`, or ALL. The decimals are known only with the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountArg {
    All,
    Tokens(String),
}

impl FromStr for AmountArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "ALL" {
            return Ok(Self::All);
        }
        // Whether it is exact is seen when the decimals are known; whether it is a number can be seen now.
        match amount::parse(text, 0) {
            Err(AmountError::NotANumber) => Err(format!("`{text}` {}", AmountError::NotANumber)),
            _ => Ok(Self::Tokens(text.to_owned())),
        }
    }
}

impl AmountArg {
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
        assert_eq!("ALL".parse(), Ok(AmountArg::All));
        for wrong in ["all", "-1", "1,5", "x", ""] {
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
