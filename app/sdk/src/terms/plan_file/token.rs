//! `[token]`, and amounts of it.

use {
    super::{
        mistake::Notes,
        roles::{Addresses, Party},
        section::{Found, Section},
    },
    crate::text::amount,
    earnout::state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK},
    toml::de::DeValue,
};

/// What the plan accepts of its mint, by name.
pub const FLAGS: [(&str, u8); 3] = [
    ("transfer-fee", ALLOW_TRANSFER_FEE),
    ("transfer-hook", ALLOW_TRANSFER_HOOK),
    ("freeze-authority", ALLOW_FREEZE_AUTHORITY),
];

/// Most decimals with which one token still fits 64 bits of base units.
const MOST_DECIMALS: u8 = 19;

/// The token, as far as it could be read.
pub(super) struct Token {
    pub mint: Option<Found<Party>>,
    pub decimals: Option<u8>,
    /// Base units, and where it is stated; none if it is left out, or wrong.
    pub supply: Option<Found<u64>>,
    /// Whether a supply is stated, right or wrong.
    pub states_supply: bool,
    pub flags: u8,
    pub max_fee_bps: Option<Found<u16>>,
}

impl Token {
    pub(super) fn read(mut table: Section, addresses: &Addresses, needs_keys: bool, notes: &mut Notes) -> Self {
        let mint = if needs_keys {
            table.required("mint")
        } else {
            table.optional("mint")
        };
        let mint = mint.and_then(|found| addresses.party(notes, found, needs_keys));
        let decimals = table
            .required("decimals")
            .and_then(|found| found.number(notes, MOST_DECIMALS));
        let decimals: Option<u8> = decimals.and_then(|found: Found<u8>| {
            let fits = found.value <= MOST_DECIMALS;
            if !fits {
                found.wrong(notes, format!("expected a whole number from 0 to {MOST_DECIMALS}"));
            }
            fits.then_some(found.value)
        });
        let supply = table.optional("supply");
        let states_supply = supply.is_some();
        let supply = supply.and_then(|found| supply_units(found, decimals, notes));
        let flags = table
            .optional("allow")
            .and_then(|found| found.list(notes, "what the mint may have"));
        let mut sum = 0;
        for flag in flags.into_iter().flatten() {
            sum |= flag.word(notes, &FLAGS).unwrap_or_default();
        }
        let max_fee_bps = table.optional("max_fee").and_then(|found| found.share(notes, u16::MAX));
        table.finish(notes);
        Self {
            mint,
            decimals,
            supply,
            states_supply,
            flags: sum,
            max_fee_bps,
        }
    }

    /// An amount: tokens, or a part of the supply. Zero is none.
    pub(super) fn amount(&self, found: Found<&DeValue>, notes: &mut Notes) -> Option<Found<u64>> {
        let found = found.text(notes)?;
        let text = found.value;
        let expected = "expected an amount of tokens, like \"250_000.5\", or a part of the supply, like \"10 %\"";
        let amount = match text.strip_suffix('%') {
            Some(_) if !self.states_supply => {
                found.wrong(
                    notes,
                    format!("{text:?} is a part of the supply; expected `supply` in [token]"),
                );
                return None;
            }
            Some(percent) => {
                let supply = self.supply.as_ref()?.value;
                match amount::parse(percent.trim_end(), 2) {
                    Ok(basis_points) => match part(supply, basis_points) {
                        Some(amount) => Ok(amount),
                        None => Err(format!(
                            "{text:?} of the supply is not a whole number of base units; {expected}"
                        )),
                    },
                    Err(_) => Err(format!("{text:?}: {expected}")),
                }
            }
            None => match amount::parse(text, self.decimals?) {
                Ok(amount) => Ok(amount),
                Err(amount::AmountError::NotANumber) => Err(format!("{text:?}: {expected}")),
                Err(error) => Err(format!("{text:?} {error}")),
            },
        };
        match amount {
            Ok(0) => {
                found.wrong(notes, format!("{text:?}: {expected}"));
                None
            }
            Ok(amount) => Some(found.map(amount)),
            Err(what) => {
                found.wrong(notes, what);
                None
            }
        }
    }
}

fn supply_units(found: Found<&DeValue>, decimals: Option<u8>, notes: &mut Notes) -> Option<Found<u64>> {
    let found = found.text(notes)?;
    match amount::parse(found.value, decimals?) {
        Ok(supply) if supply > 0 => Some(found.map(supply)),
        _ => {
            let what = "supply must be a number of tokens that fits 64 bits of base units";
            found.wrong(notes, what);
            None
        }
    }
}

/// A part of the supply in basis points; none if it is not a whole number of base units.
fn part(supply: u64, basis_points: u64) -> Option<u64> {
    let product = u128::from(supply).checked_mul(basis_points.into())?;
    product
        .is_multiple_of(10_000)
        .then(|| u64::try_from(product / 10_000).ok())?
}
