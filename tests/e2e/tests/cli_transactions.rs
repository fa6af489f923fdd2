//! What remains for anybody to do: with nobody's goodwill a plan is settled, paid out, emptied and closed; and an
//! oracle set is announced and taken back.

use {
    anchor_spl::compat::spl_token_2022_interface::instruction::{AuthorityType, set_authority},
    earnout_e2e::{Chain, Earnout, Finished, Token},
    earnout_sdk::wire::{accounts, instructions, pda},
    solana_program::{pubkey::Pubkey, rent::Rent},
    solana_signer::Signer,
};

struct World {
    chain: Chain,
    plan: Pubkey,
}

impl World {
    fn new() -> Self {
        // The demo plan begins on the first of a month: ten days are less than its notice, whatever today is.
        let chain = Chain::start(&["--demo", "--slot-ms", "50", "--time", "2027-01-22T00:00:00Z"]);
        let plan = chain.demo_address("plan");
        Self { chain, plan }
    }

    /// Runs the command with the plan's address for `PLAN`, signed by `key`.
    fn run(&self, key: &str, words: &str) -> Finished {
        let words = words.replace("PLAN", &self.plan.to_string());
        Earnout::as_key(&self.chain, key).run(&words.split(' ').collect::<Vec<_>>())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oracle_set_is_announced_and_taken_back() {
    let world = World::new();
    let client = world.chain.client();
    let new = [Pubkey::new_unique(), Pubkey::new_unique(), Pubkey::new_unique()];
    let keys = new.map(|key| key.to_string()).join(" ");
    let announce = format!("plan oracles PLAN --propose {keys} --threshold 2 --first-period 3 --output json");
    let announced = world.run("authority", &announce).succeeded().json();
    assert_eq!(
        (&announced["threshold"], &announced["firstPeriod"]),
        (&2.into(), &3.into())
    );
    let plan = client.plan(&world.plan).await.expect("the plan");
    assert_eq!(plan.next_oracles.oracles(), new);
    assert_eq!((plan.next_oracles.threshold, plan.next_oracles.first_period), (2, 3));
    world
        .run("authority", &announce)
        .failed(1)
        .says("OracleChangePending")
        .says("plan oracles PLAN --cancel");

    world.run("authority", "plan oracles PLAN --cancel").succeeded();
    let plan = client.plan(&world.plan).await.expect("the plan");
    assert_eq!(plan.next_oracles.count, 0);
    world
        .run("authority", "plan oracles PLAN --cancel")
        .failed(1)
        .says("NoOracleChange");
    // A period that has begun or begins too soon keeps its oracles.
    let soon = announce.replace("--first-period 3", "--first-period 0");
    world
        .run("authority", &soon)
        .failed(1)
        .says("NoticeTooShort")
        .says("choose a later first period");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_cares_for_is_finished_by_a_stranger() {
    let world = World::new();
    let client = world.chain.client();
    world.chain.new_key("stranger", 10);
    world
        .run("stranger", "plan surplus PLAN")
        .failed(1)
        .says("on anybody may");

    // No oracle ever reported anything. After the last deadline silence counts.
    world.chain.warp("800d");
    for grant in 0..5 {
        for period in 0..4 {
            let settled = world
                .run("stranger", &format!("settle PLAN/{grant} --output json"))
                .succeeded()
                .json();
            assert_eq!(settled["period"], period);
        }
        world
            .run("stranger", &format!("settle PLAN/{grant}"))
            .failed(1)
            .says("AllSettled")
            .says("earnout claim");
    }
    let mut paid = 0;
    for grant in 0..5 {
        let address = pda::grant(&world.plan, grant);
        let state = client.grant(&address).await.expect("the grant");
        if state.earned > 0 {
            world
                .run("stranger", &format!("grant close PLAN/{grant}"))
                .failed(1)
                .says("earned and not claimed");
            let claimed = world
                .run("stranger", &format!("claim PLAN/{grant} --output json"))
                .succeeded()
                .json();
            assert_eq!(claimed["amount"]["amount"], state.earned.to_string());
        }
        let associated = pda::associated_token_account(
            &state.beneficiary,
            &world.chain.demo_address("mint"),
            &world.chain.demo_address("tokenProgram"),
        );
        if state.earned > 0 {
            assert_eq!(world.chain.token_balance(&associated).await, state.earned);
        }
        paid += state.earned;

        // The rent returns to who paid it, to the lamport.
        let before = world.chain.rpc.get_balance(&state.rent_payer).await.expect("an answer");
        let closed = world
            .run("stranger", &format!("grant close PLAN/{grant} --output json"))
            .succeeded()
            .json();
        assert_eq!(closed["rentTo"], state.rent_payer.to_string());
        let after = world.chain.rpc.get_balance(&state.rent_payer).await.expect("an answer");
        assert_eq!(
            after - before,
            Rent::default().minimum_balance(accounts::space::<earnout::state::Grant>())
        );
        assert!(client.account(&address).await.expect("an answer").is_none());
    }
    assert!(paid > 0, "the demo's grants have time weights");

    // Surplus goes to the associated account of the treasury's owner, wherever it stood before.
    let vault = world.chain.token_balance(&world.chain.demo_address("vault")).await;
    let treasury = world.chain.demo_address("treasury");
    let before = world.chain.token_balance(&treasury).await;
    world.run("stranger", "plan surplus PLAN 100.5").succeeded();
    assert_eq!(world.chain.token_balance(&treasury).await, before + 100_500_000);
    let closed = world
        .run("stranger", "plan close PLAN --output json")
        .succeeded()
        .json();
    assert_eq!(closed["destination"], treasury.to_string());
    let stranger = world.chain.key("stranger").pubkey().to_string();
    assert_eq!((&closed["caller"], closed.get("authority")), (&stranger.into(), None));
    assert_eq!(world.chain.token_balance(&treasury).await, before + vault);
    let left = world.chain.account(&world.plan).await;
    accounts::closed_plan(&left).expect("a mark that the plan is closed");
    world.run("stranger", "plan close PLAN").failed(1).says("was closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_destination_that_changed_hands_is_not_paid() {
    let world = World::new();
    let client = world.chain.client();
    let thief = world.chain.new_key("thief", 1).pubkey();
    world.chain.warp("800d");
    world.run("payer", "crank PLAN --no-close").succeeded();
    let mut grants = Vec::new();
    for grant in 0..5 {
        let state = client.grant(&pda::grant(&world.plan, grant)).await.expect("the grant");
        grants.push((grant, state));
    }
    let (number, grant) = grants
        .into_iter()
        .find(|(_, state)| state.earned > 0)
        .expect("somebody earned something");
    let name = format!("beneficiary-{}", number + 1);
    let beneficiary = world.chain.key(&name);
    assert_eq!(beneficiary.pubkey(), grant.beneficiary);

    let token = Token {
        mint: world.chain.demo_address("mint"),
        program: world.chain.demo_address("tokenProgram"),
        decimals: 6,
    };
    let (own, other) = (grant.beneficiary, token.account(&thief));
    let account = token.account(&own);
    let payer = world.chain.key("payer");
    let create =
        |owner| instructions::create_associated_token_account(&payer.pubkey(), owner, &token.mint, &token.program);
    let hand_over = set_authority(
        &token.program,
        &account,
        Some(&thief),
        AuthorityType::AccountOwner,
        &own,
        &[],
    );
    let steps = [create(&own), create(&thief), hand_over.expect("an instruction")];
    world.chain.send(&steps, &[&payer, &beneficiary]).await;

    for claimant in [name.as_str(), "payer"] {
        world
            .run(claimant, &format!("claim PLAN/{number}"))
            .failed(1)
            .says("does not belong to the beneficiary")
            .says(&format!("its owner is {thief}"))
            .says("--to");
    }
    assert_eq!(world.chain.token_balance(&account).await, 0);

    // Named by the beneficiary itself it is paid, and the summary says whose it is.
    world
        .run(&name, &format!("claim PLAN/{number} 1 --to {other}"))
        .succeeded()
        .says("owner of the destination")
        .says(&thief.to_string());
    assert_eq!(world.chain.token_balance(&other).await, 1_000_000);
}
