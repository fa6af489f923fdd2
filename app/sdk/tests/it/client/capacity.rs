//! What a transaction of each version holds.

use {
    earnout::{
        instructions::{AttestArgs, AttestPageArgs, CreateGrantArgs},
        state::Plan,
    },
    earnout_sdk::{
        send::{
            Version, cost,
            packing::{self, Envelope, Group},
        },
        wire::instructions::{self, PlanToken},
    },
    solana_program::pubkey::Pubkey,
};

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

/// How many of the things that `group` makes fit into a transaction of version 0 and of version 1, and its bytes.
fn held(group: impl Fn(u8) -> Group) -> [(usize, usize); 2] {
    [Version::Zero, Version::One].map(|version| {
        let envelope = Envelope {
            version,
            payer: key(200),
            priced: false,
            spare: 0,
        };
        let groups: Vec<_> = (0..80).map(&group).collect();
        let first = packing::pack(&envelope, &groups)
            .expect("groups that fit")
            .remove(0)
            .groups;
        let instructions: Vec<_> = groups[first.clone()]
            .iter()
            .flat_map(|group| group.instructions.clone())
            .collect();
        (first.len(), packing::bytes(&envelope, &instructions))
    })
}

/// The figures of `docs/performance.md`. Version 1 ends with the 64 calls of a transaction, version 0 with its bytes.
#[test]
fn what_a_transaction_holds() {
    let (payer, plan, mint) = (key(200), key(201), key(202));
    let token = PlanToken {
        plan,
        mint,
        token_program: key(203),
    };
    let state: Plan = bytemuck::Zeroable::zeroed();
    let terms = |number: u8| CreateGrantArgs {
        grant_index: number.into(),
        beneficiary: key(number),
        allocation: 1_000,
        unit_allocation: 0,
        first_period: 0,
        periods: 4,
        cliff_periods: 1,
        time_weight: 4_000,
        kpi_weights: vec![6_000],
        revocable: true,
        transferable: false,
    };
    let grant = |number| {
        let create = instructions::create_grant(&payer, &payer, &plan, &mint, terms(number));
        cost::alone(create, cost::CREATE_GRANT)
    };
    let claim = |number| {
        let claim = instructions::claim(&payer, &token, &key(number), &key(number + 100), None);
        cost::alone(claim, cost::claim(&state))
    };
    let first_claim = |number| {
        let create = instructions::create_associated_token_account(&payer, &key(number), &mint, &token.token_program);
        let claim = claim(number);
        Group {
            instructions: [vec![create], claim.instructions].concat(),
            cost: claim.cost.plus(cost::CREATE_ASSOCIATED),
        }
    };
    let vote = |number: u8| {
        let args = AttestArgs {
            kpi: 0,
            period: 0,
            value: 5,
            evidence: [7; 32],
        };
        let attest = instructions::attest(
            &payer,
            &key(204),
            &plan,
            AttestArgs {
                period: number.into(),
                ..args
            },
        );
        cost::alone(attest, cost::ATTEST)
    };
    let upload = |number: u8| {
        let args = AttestPageArgs {
            kpi: 0,
            period: 0,
            first: u32::from(number) * 64,
            values: vec![5; 64],
            evidence: [7; 32],
        };
        cost::alone(
            instructions::attest_page(&payer, &key(204), &plan, args),
            cost::ATTEST_PAGE,
        )
    };
    let found = [held(grant), held(claim), held(first_claim), held(vote), held(upload)];
    let expected = [
        [(7, 1_216), (12, 1_790)],
        [(9, 1_222), (16, 1_858)],
        [(5, 1_088), (5, 1_060)],
        [(8, 1_152), (12, 1_498)],
        [(1, 1_014), (6, 4_006)],
    ];
    assert_eq!(found, expected);
}
