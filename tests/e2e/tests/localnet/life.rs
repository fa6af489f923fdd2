//! The first quarter of the demo plan, from its vote to its payments.

use {
    earnout::{
        instructions::AttestArgs,
        state::{Grant, Plan},
    },
    earnout_core::calendar::{Cadence, Calendar},
    earnout_e2e::{Chain, DAY},
    earnout_sdk::wire::{
        accounts,
        events::Event,
        instructions::{self, PlanToken},
        pda,
    },
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
};

const TOKEN: u64 = 1_000_000;

/// Values with one decimal: 76 %, 62.5 % and 91 %.
const VALUES: [i64; 3] = [760, 625, 910];

/// What the grants earn, tokens. Scores: 9,500, 11,250 and 10,100.
///
/// | grant | tranche | credit | earned |
/// | --- | ---: | ---: | ---: |
/// | Developer | 2,500,000 | 9,500 | 2,375,000 |
/// | Marketing Specialist | 1,250,000 | 11,250 | 1,406,250 |
/// | Project Manager | 2,000,000 | 10,100 | 2,020,000 |
/// | Designer | 1,250,000 | 2,000 + 0.5 · 9,500 + 0.3 · 10,100 = 9,780 | 1,222,500 |
/// | Community Manager | 1,250,000 | 4,000 + 0.6 · 11,250 = 10,750 | 1,343,750 |
const EARNED: [u64; 5] = [2_375_000, 1_406_250, 2_020_000, 1_222_500, 1_343_750];

/// What of it has vested after one period: the Developer's cliff is after two, the Community Manager's after one.
const PAID: [u64; 5] = [0, 1_406_250, 2_020_000, 1_222_500, 1_343_750];

async fn plan_state(chain: &Chain, plan: &Pubkey) -> Plan {
    accounts::plan(&chain.account(plan).await).unwrap()
}

async fn grant_state(chain: &Chain, grant: &Pubkey) -> Grant {
    accounts::grant(&chain.account(grant).await).unwrap()
}

/// The events of a transaction, as the program sent them to itself.
async fn events(chain: &Chain, signature: &Signature) -> Vec<Event> {
    let config = json!({ "encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0 });
    let transaction = chain
        .ask("getTransaction", json!([signature.to_string(), config]))
        .await;
    let keys = &transaction["transaction"]["message"]["accountKeys"];
    let inner = transaction["meta"]["innerInstructions"].as_array().unwrap();
    let inner = inner
        .iter()
        .flat_map(|of_one| of_one["instructions"].as_array().unwrap());
    let by_program = inner.filter(|instruction| {
        let program = instruction["programIdIndex"].as_u64().unwrap();
        keys[usize::try_from(program).unwrap()] == earnout::ID.to_string()
    });
    let data = |instruction: &Value| bs58::decode(instruction["data"].as_str().unwrap()).into_vec().unwrap();
    by_program
        .map(|instruction| Event::decode(&data(instruction)).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_is_voted_on_settled_and_paid() {
    let chain = Chain::start(&["--demo", "--slot-ms", "50", "--time", "2027-05-20T10:00:00Z"]);
    let payer = chain.key("payer");
    let token = PlanToken {
        plan: chain.demo_address("plan"),
        mint: chain.demo_address("mint"),
        token_program: chain.demo_address("tokenProgram"),
    };
    let plan = &token.plan;
    let state = plan_state(&chain, plan).await;
    assert_eq!(state.kpi_count, 3);
    assert_eq!(state.open_grants, 5);
    let calendar = Calendar {
        start_ts: state.start_ts,
        cadence: Cadence::Months(3),
        period_count: 4,
    };
    let start = "2027-06-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    assert_eq!(state.start_ts, start.as_second());

    // The oracles vote when the quarter has ended.
    let end = calendar.period_end(0).unwrap();
    chain.warp(&(end + DAY).to_string());
    for (kpi, value) in (0u8..).zip(VALUES) {
        for name in ["oracle-1", "oracle-3"] {
            let oracle = chain.key(name);
            let vote = AttestArgs {
                kpi,
                period: 0,
                value,
                evidence: [kpi; 32],
            };
            let attest = instructions::attest(&payer.pubkey(), &oracle.pubkey(), plan, vote);
            chain.send(&[attest], &[&payer, &oracle]).await;
        }
        let attestation = pda::attestation(plan, kpi, 0);
        let attestation = accounts::attestation(&chain.account(&attestation).await).unwrap();
        assert_eq!(attestation.tally().unwrap().agreed, Some(value));
    }

    // Anyone settles when nobody can dispute any more.
    chain.warp("1w1h");
    for (index, (earned, paid)) in EARNED.into_iter().zip(PAID).enumerate() {
        let grant = chain.demo_grant(index);
        let (state, before) = (plan_state(&chain, plan).await, grant_state(&chain, &grant).await);
        let settle = instructions::settle(&payer.pubkey(), plan, &state, &grant, &before);
        let settled = chain.send(&[settle], &[&payer]).await;
        let events = events(&chain, &settled).await;
        let [Event::GrantSettled(event)] = events.as_slice() else {
            panic!("expected one event, got {events:?}");
        };
        assert_eq!((event.grant, event.earned), (grant, earned * TOKEN));
        assert_eq!(grant_state(&chain, &grant).await.earned, earned * TOKEN);

        let owner = before.beneficiary;
        let destination = pda::associated_token_account(&owner, &token.mint, &token.token_program);
        let account =
            anchor_spl::associated_token::spl_associated_token_account::instruction::create_associated_token_account(
                &payer.pubkey(),
                &owner,
                &token.mint,
                &token.token_program,
            );
        chain.send(&[account], &[&payer]).await;
        let claim = instructions::claim(&payer.pubkey(), &token, &grant, &destination, None);
        if paid == 0 {
            let refused = chain.sign(&[claim], &[&payer]).await;
            let error = chain.rpc.send_transaction(&refused).await.unwrap_err();
            assert!(error.to_string().contains("Nothing is claimable now"), "{error}");
            continue;
        }
        let claimed = chain.send(&[claim], &[&payer]).await;
        let events = self::events(&chain, &claimed).await;
        assert!(
            matches!(events.as_slice(), [Event::GrantClaimed(event)] if event.amount == paid * TOKEN),
            "{events:?}"
        );
        let balance = chain
            .ask("getTokenAccountBalance", json!([destination.to_string()]))
            .await;
        assert_eq!(balance["value"]["amount"], (paid * TOKEN).to_string());
        assert_eq!(balance["value"]["decimals"], 6);
    }

    let state = plan_state(&chain, plan).await;
    let owed = EARNED.iter().sum::<u64>() - PAID.iter().sum::<u64>();
    assert_eq!(state.owed, owed * TOKEN);
    let vault = chain
        .ask(
            "getTokenAccountBalance",
            json!([chain.demo_address("vault").to_string()]),
        )
        .await;
    let left = 50_000_000 - PAID.iter().sum::<u64>();
    assert_eq!(vault["value"]["amount"], (left * TOKEN).to_string());
}
