//! Who holds power over a token's transfers: a plan that accepts it says so, and its users see whose it is.

use {
    anchor_spl::compat::spl_token_2022_interface::{
        extension::{
            BaseStateWithExtensions, StateWithExtensions, transfer_fee::TransferFeeConfig, transfer_hook::TransferHook,
        },
        state::Mint,
    },
    earnout_sdk::text::amount,
    solana_program::pubkey::Pubkey,
};

/// What a mint allows somebody to do to transfers, each with the words for it.
pub fn powers(mint: &[u8]) -> Vec<(&'static str, String)> {
    let Ok(mint) = StateWithExtensions::<Mint>::unpack(mint) else {
        return Vec::new();
    };
    let mut powers = Vec::new();
    if let Some(key) = Option::<Pubkey>::from(mint.base.freeze_authority) {
        powers.push(("freeze authority", format!("{key}, who can stop payouts")));
    }
    if let Ok(fee) = mint.get_extension::<TransferFeeConfig>() {
        let percent = amount::tokens(u16::from(fee.newer_transfer_fee.transfer_fee_basis_points).into(), 2);
        let changed = changed_by(Option::<Pubkey>::from(fee.transfer_fee_config_authority), "changed");
        powers.push(("transfer fee", format!("{percent} %, {changed}")));
    }
    if let Ok(hook) = mint.get_extension::<TransferHook>() {
        let changed = changed_by(Option::<Pubkey>::from(hook.authority), "replaced");
        match Option::<Pubkey>::from(hook.program_id) {
            Some(program) => powers.push((
                "transfer hook",
                format!("{program}, which can refuse any transfer, {changed}"),
            )),
            None => powers.push(("transfer hook", format!("none now, {changed}"))),
        }
    }
    powers
}

fn changed_by(key: Option<Pubkey>, how: &str) -> String {
    match key {
        Some(key) => format!("can be {how} by {key}"),
        None => format!("cannot be {how}"),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        anchor_spl::compat::spl_token_2022_interface::{
            extension::{BaseStateWithExtensionsMut, ExtensionType, StateWithExtensionsMut, transfer_fee::TransferFee},
            state::Mint,
        },
        solana_program::program_option::COption,
    };

    /// The bytes of a mint with this freeze authority, and what `change` makes of it.
    fn mint(
        extensions: &[ExtensionType],
        freeze_authority: Option<Pubkey>,
        change: impl FnOnce(&mut StateWithExtensionsMut<Mint>),
    ) -> Vec<u8> {
        let length = ExtensionType::try_calculate_account_len::<Mint>(extensions).expect("a length");
        let mut data = vec![0; length];
        let mut state = StateWithExtensionsMut::<Mint>::unpack_uninitialized(&mut data).expect("room for a mint");
        change(&mut state);
        state.base = Mint {
            mint_authority: COption::None,
            supply: 0,
            decimals: 6,
            is_initialized: true,
            freeze_authority: freeze_authority.map_or(COption::None, COption::Some),
        };
        state.pack_base();
        state.init_account_type().expect("a mint");
        data
    }

    #[test]
    fn a_plain_mint_gives_nobody_power() {
        assert_eq!(powers(&mint(&[], None, |_| ())), []);
        assert_eq!(powers(b"no mint"), []);
    }

    #[test]
    fn whose_power_it_is_and_what_it_can_do() {
        let [freezer, fees, program] = std::array::from_fn(|_| Pubkey::new_unique());
        let extensions = [ExtensionType::TransferFeeConfig, ExtensionType::TransferHook];
        let data = mint(&extensions, Some(freezer), |state| {
            let fee = state.init_extension::<TransferFeeConfig>(true).expect("a fee");
            fee.transfer_fee_config_authority = Some(fees).try_into().expect("a key");
            fee.newer_transfer_fee = TransferFee {
                transfer_fee_basis_points: 125.into(),
                ..Default::default()
            };
            let hook = state.init_extension::<TransferHook>(true).expect("a hook");
            hook.program_id = Some(program).try_into().expect("a key");
        });
        assert_eq!(
            powers(&data),
            [
                ("freeze authority", format!("{freezer}, who can stop payouts")),
                ("transfer fee", format!("1.25 %, can be changed by {fees}")),
                (
                    "transfer hook",
                    format!("{program}, which can refuse any transfer, cannot be replaced")
                ),
            ]
        );
    }
}
