//! Addresses of the program's accounts.

use {
    anchor_lang::Result,
    earnout::{
        address,
        state::{Receiver, place},
    },
    solana_program::pubkey::Pubkey,
};

/// The program that keeps an account for each feed of Pyth's first receiver.
const PYTH_PUBLISHER: Pubkey = solana_program::pubkey!("pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT");
/// The same for the receiver of Pyth Pro.
const PYTH_PRO_PUBLISHER: Pubkey = solana_program::pubkey!("pyt2F414BA6dPttK6RddPZUdHfapoBN24GL5wbrPCou");

/// Address of the plan that `creator` gave the number `plan_id`.
pub fn plan(creator: &Pubkey, plan_id: u64) -> Pubkey {
    found(address::plan(creator, plan_id))
}

/// Address of a plan's vault.
pub fn vault(plan: &Pubkey) -> Pubkey {
    found(address::vault(plan))
}

/// Address of a plan's grant number `index`.
pub fn grant(plan: &Pubkey, index: u32) -> Pubkey {
    found(address::grant(plan, index))
}

/// Address of the attestation of a shared KPI for a period.
pub fn attestation(plan: &Pubkey, kpi: u8, period: u16) -> Pubkey {
    found(address::attestation(plan, kpi, period))
}

/// Address of the page with an individual KPI's values for a period and 64 grants, of which the first has the index
/// `64 · page`.
pub fn page(plan: &Pubkey, kpi: u8, period: u16, page: u32) -> Pubkey {
    found(address::page(plan, kpi, period, page))
}

/// Address at which a sponsor publishes the updates of a price feed; each number is another one, of which most feeds
/// have only number 0.
pub fn price_feed(receiver: Receiver, feed_id: &[u8; 32], number: u16) -> Pubkey {
    let publisher = match receiver {
        Receiver::Pyth => PYTH_PUBLISHER,
        Receiver::PythPro => PYTH_PRO_PUBLISHER,
    };
    Pubkey::find_program_address(&[&number.to_le_bytes(), feed_id], &publisher).0
}

/// Address of what holds a KPI's values for a period: the attestation of a shared KPI, of an individual one the page
/// with the grant of this index.
pub fn evaluation(plan: &Pubkey, kpi: u8, period: u16, grant: Option<u32>) -> Pubkey {
    match grant {
        None => attestation(plan, kpi, period),
        Some(index) => page(plan, kpi, period, place(index).0),
    }
}

/// Address of the pool of a period.
pub fn period(plan: &Pubkey, period: u16) -> Pubkey {
    found(address::period(plan, period))
}

/// The address with which the program signs its events.
pub fn event_authority() -> Pubkey {
    earnout::EVENT_AUTHORITY_AND_BUMP.0
}

/// Associated token account of `owner`.
pub fn associated_token_account(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Pubkey {
    found(address::associated(owner, mint, token_program))
}

/// That none of 256 bumps leads to an address is as unlikely as guessing a key. The zero key, which no account of the
/// program can have, stands for it.
fn found(address: Result<(Pubkey, u8)>) -> Pubkey {
    address.map_or_else(|_| Pubkey::default(), |(address, _)| address)
}
