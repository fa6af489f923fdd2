//! Claims for all beneficiaries of a plan: which are made, and which are passed over.

use {
    super::story::{self, Chain, PERIOD, START, key},
    earnout::state::ALLOW_TRANSFER_FEE,
    earnout_sdk::{
        client::bulk::Obstacle::{FeeOnCrumbs, NoAccount},
        wire::events::Event,
    },
};

const MINT: u8 = 3;
const TOKEN_2022: u8 = 4;
const BENEFICIARY: u8 = 20;

/// A mint of Token-2022 with a transfer fee: the mint of 82 bytes, its type at 165, then the fee as type, length, two
/// keys, the withheld amount, and the fees of two epochs.
fn mint(basis_points: u16, maximum: u64) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[45] = 1;
    data.push(1);
    data.extend([1u16, 108].map(u16::to_le_bytes).as_flattened());
    data.extend([0; 72]);
    for epoch in [0u64, 0] {
        data.extend(epoch.to_le_bytes());
        data.extend(maximum.to_le_bytes());
        data.extend(basis_points.to_le_bytes());
    }
    data
}

/// The story, in which 250 units of a token with this fee are claimable.
fn chain(basis_points: u16, maximum: u64) -> Chain {
    let mut events = story::events();
    let Event::PlanCreated(created) = &mut events[0] else {
        panic!("the first event creates the plan");
    };
    created.terms.token_flags = ALLOW_TRANSFER_FEE;
    let mut chain = Chain::of(events, START + PERIOD + PERIOD / 2);
    chain
        .accounts
        .insert(key(MINT), (key(TOKEN_2022), mint(basis_points, maximum)));
    chain
}

#[tokio::test]
async fn what_the_program_refuses_to_strangers_for_its_fee_is_foreseen() {
    for (basis_points, maximum, refused) in [(1, 1_000, true), (39, 1_000, true), (40, 1_000, false), (1, 0, false)] {
        let rpc = chain(basis_points, maximum).serve();
        let claims = rpc
            .client()
            .claims_for_all(&story::plan(), true, &key(99))
            .await
            .unwrap();
        let (claims, _, passed_over) = claims;
        assert_eq!(
            (claims.len(), passed_over.len()),
            if refused { (0, 1) } else { (1, 0) },
            "{basis_points}"
        );
        assert!(
            passed_over
                .iter()
                .all(|(claim, why)| claim.amount == 250 && *why == FeeOnCrumbs)
        );
    }
}

#[tokio::test]
async fn the_beneficiary_itself_may_claim_what_little_there_is() {
    let rpc = chain(1, 1_000).serve();
    let by_itself = rpc
        .client()
        .claims_for_all(&story::plan(), true, &key(BENEFICIARY))
        .await
        .unwrap();
    assert_eq!((by_itself.0.len(), by_itself.2.len()), (1, 0));
}

#[tokio::test]
async fn a_beneficiary_without_a_token_account_is_passed_over() {
    let rpc = chain(100, 1_000).serve();
    let (claims, _, passed_over) = rpc
        .client()
        .claims_for_all(&story::plan(), false, &key(99))
        .await
        .unwrap();
    assert!(claims.is_empty());
    assert_eq!(passed_over.iter().map(|(_, why)| *why).collect::<Vec<_>>(), [NoAccount]);
}
