//! A plan's token, and amounts of it as people write them.

use {
    crate::fault::Fault,
    earnout_sdk::{
        client::token::Mint,
        text::amount::{self, AmountArg},
        wire::instructions::PlanToken,
    },
    serde::{Serialize, Serializer, ser::SerializeStruct},
    solana_account::Account,
    solana_program::pubkey::Pubkey,
    std::fmt,
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
    /// The token whose mint is `account`, at `mint`.
    ///
    /// # Errors
    /// If there is no account, or it is not a mint.
    pub fn of_account(mint: &Pubkey, account: Option<&Account>) -> Result<Self, Fault> {
        Ok(Mint::of_account(mint, account)?.into())
    }

    /// `base_units` of this token, to show.
    pub fn amount(&self, base_units: u64) -> Amount {
        Amount {
            base_units,
            decimals: self.decimals,
        }
    }

    /// `amount` in base units of this token; none for all there is.
    ///
    /// # Errors
    /// As [`base_units`].
    pub fn base_units(&self, amount: &AmountArg) -> Result<Option<u64>, Fault> {
        base_units(amount, &self.mint, self.decimals)
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

impl From<Mint> for Token {
    fn from(mint: Mint) -> Self {
        Self {
            mint: mint.address,
            program: mint.program,
            decimals: mint.decimals,
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

/// Lamports as SOL, exactly.
pub fn sol(lamports: u64) -> Amount {
    Amount {
        base_units: lamports,
        decimals: 9,
    }
}

/// Base units of the token whose mint is `mint`; none for all there is.
///
/// # Errors
/// If the token has fewer decimals, or the amount does not fit.
pub fn base_units(amount: &AmountArg, mint: &Pubkey, decimals: u8) -> Result<Option<u64>, Fault> {
    amount.base_units(decimals).map_err(|error| {
        Fault::new(format!("the amount {amount} {error}"))
            .why(format!("the token {mint} has {}", amount::counted(decimals, "decimal")))
    })
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
        assert_eq!(token(6).base_units(&amount).expect("exact"), Some(1_250_500_000));
        let rounded = token(0).base_units(&amount).map_err(|fault| fault.to_string());
        assert!(rounded.expect_err("not exact").contains("would have to be rounded"));
        for all in ["ALL", "all", "All"] {
            assert_eq!(all.parse(), Ok(AmountArg::All));
        }
        let shown = token(6).amount(1_873_190_000_000).to_string();
        let typed: AmountArg = shown.parse().expect("an amount that was shown");
        assert_eq!(token(6).base_units(&typed).expect("exact"), Some(1_873_190_000_000));
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
