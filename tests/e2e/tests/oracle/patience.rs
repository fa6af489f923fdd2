//! A source that does not answer costs nobody else a vote, nor the time for it.

use {
    crate::support::Quarter,
    axum::{Router, http::StatusCode, routing::get},
    earnout::{
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Cadence, Combination, CurvePoint, Interpolation, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_e2e::{Chain, Hostile, Oracle, Token},
    earnout_sdk::wire::{
        instructions::{self, PlanToken},
        pda,
    },
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        fmt::Write as _,
        future::pending,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
        time::{Duration, Instant},
    },
    tokio::net::TcpListener,
};

const TOKENS: u64 = 1_000_000;

fn kpi(name: &str, scope: Scope) -> KpiArgs {
    KpiArgs {
        name: name.to_owned(),
        unit: String::new(),
        rubric_hash: [1; 32],
        decimals: 0,
        scope,
        range_min: 0,
        range_max: 10_000,
        interpolation: Interpolation::Linear,
        points: vec![
            CurvePoint { value: 0, score: 0 },
            CurvePoint {
                value: 4,
                score: 10_000,
            },
        ],
        default_score: 0,
        default_price: None,
        feed: None,
    }
}

/// A plan with the KPIs `slow`, of each grant by itself, and `fast`, of all. Its first quarter ended a day ago.
async fn plan(chain: &Chain, grants: u32) -> (Pubkey, Vec<Pubkey>) {
    let made = running(chain, grants).await;
    chain.warp("2026-05-02T00:00:00Z");
    made
}

/// The same before the first quarter has begun.
async fn running(chain: &Chain, grants: u32) -> (Pubkey, Vec<Pubkey>) {
    let (payer, authority) = (chain.key("payer"), chain.key("authority"));
    let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
    let source = chain
        .mint_to(&token, &authority, &authority.pubkey(), 1_000_000 * TOKENS)
        .await;
    let owner = chain.key("treasury-owner").pubkey();
    let treasury = chain.mint_to(&token, &authority, &owner, 0).await;
    let plan = pda::plan(&authority.pubkey(), 1);
    let terms = CreatePlanArgs {
        plan_id: 1,
        name: "Design guild".to_owned(),
        unit: String::new(),
        unit_decimals: 0,
        start_ts: 1_769_904_000,
        cadence: Cadence::Months(3),
        period_count: 1,
        attest_secs: 14 * 86_400,
        challenge_secs: 7 * 86_400,
        ruling_secs: 7 * 86_400,
        notice_secs: 86_400,
        combination: Combination::WeightedSum,
        unearned_policy: UnearnedPolicy::Return,
        release: Release::AtSettlement,
        bonus_cap_bps: 0,
        min_allocation: 1,
        max_allocation: 1_000 * TOKENS,
        max_grants: grants,
        enrolment_end: 1_777_593_600,
        token_flags: 0,
        max_fee_bps: 0,
        oracles: vec![chain.key("oracle-1").pubkey()],
        threshold: 1,
        arbiter: Some(chain.key("arbiter").pubkey()),
    };
    let create = instructions::create_plan(
        &payer.pubkey(),
        &authority.pubkey(),
        &token.mint,
        &treasury,
        &token.program,
        terms,
    );
    let signers = [&payer, &authority];
    chain.send(&[create], &signers).await;
    let plan_token = PlanToken {
        plan,
        mint: token.mint,
        token_program: token.program,
    };
    let begin = [
        instructions::add_kpi(&authority.pubkey(), &plan, kpi("slow", Scope::Individual)),
        instructions::add_kpi(&authority.pubkey(), &plan, kpi("fast", Scope::Shared)),
        instructions::activate_plan(&authority.pubkey(), &plan, &token.mint),
        instructions::fund(&authority.pubkey(), &plan_token, &source, 1_000_000 * TOKENS),
    ];
    chain.send(&begin, &signers).await;
    let (mut beneficiaries, mut creations) = (Vec::new(), Vec::new());
    for index in 0..grants {
        let beneficiary = Keypair::new().pubkey();
        beneficiaries.push(beneficiary);
        let args = CreateGrantArgs {
            grant_index: index,
            beneficiary,
            allocation: 1_000 * TOKENS,
            unit_allocation: 0,
            first_period: 0,
            periods: 1,
            cliff_periods: 0,
            time_weight: 0,
            kpi_weights: vec![5_000, 5_000],
            revocable: false,
            transferable: false,
        };
        let create = instructions::create_grant(&payer.pubkey(), &authority.pubkey(), &plan, &token.mint, args);
        creations.push(create);
    }
    for some in creations.chunks(3) {
        chain.send(some, &signers).await;
    }
    (plan, beneficiaries)
}

/// A server that answers `/good` for some people and never `/never`, and says how often it was asked for the latter.
async fn server() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let never = move || {
        count.fetch_add(1, Ordering::SeqCst);
        pending::<String>()
    };
    let router = Router::new()
        .route("/never/{who}", get(never))
        .route("/good", get(async || "{\"v\": 7}"))
        .route(
            "/busy",
            get(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")], "slow down")),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

fn operator(chain: &Chain, plan: &Pubkey, beneficiaries: &[Pubkey], slow: &str, more: &str) -> Oracle {
    let feeds = format!(
        "[[feed]]\nid = \"slow\"\nplan = \"{plan}\"\nkpi = \"slow\"\nidentities = \"identities.csv\"\nsource = {{ {slow} \
         }}\n[[feed]]\nid = \"fast\"\nplan = \"{plan}\"\nkpi = \"fast\"\nsource = {{ type = \"command\", command = [\"echo\", \
         \"5\"] }}\n{more}"
    );
    let operator = Oracle::new(chain, "oracle-1", &[&chain.rpc_url], &feeds);
    let mut identities = "beneficiary,identity\n".to_owned();
    for (number, beneficiary) in beneficiaries.iter().enumerate() {
        writeln!(identities, "{beneficiary},grant-{number}").expect("memory");
    }
    operator.file("identities.csv", &identities);
    operator
}

/// Waits until the chain has this oracle's vote on the KPI `fast`, and says for how long.
async fn until_fast(chain: &Chain, plan: &Pubkey) -> Duration {
    let begun = Instant::now();
    let address = pda::attestation(plan, 1, 0);
    while chain.client().evaluation(&address).await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(25),
            "the fast vote waits for the slow source"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    begun.elapsed()
}

/// Forty values of a server that never answers took 161 s, and the vote on another KPI waited for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_never_answers_holds_nothing_up() {
    let chain = Chain::start(&["--slot-ms", "50", "--time", "2026-01-15T00:00:00Z"]);
    let (plan, beneficiaries) = plan(&chain, 40).await;
    let (url, asked) = server().await;
    let source = format!("type = \"http\", url = \"{url}/never/{{identity}}\", path = \"$.v\", timeout = \"30s\"");
    let operator = operator(&chain, &plan, &beneficiaries, &source, "");
    let begun = Instant::now();
    let daemon = thread::spawn(move || operator.run(&["once"]));
    let fast = until_fast(&chain, &plan).await;
    assert!(fast < Duration::from_secs(20), "{fast:?}");
    let done = daemon.join().expect("the daemon ends").failed(2);
    let all = begun.elapsed();
    println!("the fast vote came after {fast:?}, all was done after {all:?}");
    done.shows("1 voted, 0 already on chain, 40 held").says("not asked");
    assert!(
        all < Duration::from_secs(95),
        "at most two timeouts, and not five: {all:?}"
    );
    let asked = asked.load(Ordering::SeqCst);
    assert!(
        (8..=10).contains(&asked),
        "those under way together, and two more before the third failed: {asked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_page_go_without_the_slowest() {
    let chain = Chain::start(&["--slot-ms", "50", "--time", "2026-01-15T00:00:00Z"]);
    let (plan, beneficiaries) = plan(&chain, 3).await;
    let shell = "case $0 in grant-1) sleep 20;; esac; echo 4";
    let source = format!("type = \"command\", command = [\"sh\", \"-c\", {shell:?}, \"{{identity}}\"]");
    let operator = operator(&chain, &plan, &beneficiaries, &source, "");
    let mut daemon = operator.start(&["run"]);
    let begun = Instant::now();
    // The page goes with two values after five seconds, and again with the third.
    daemon.wait_for("votes=2");
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
    daemon.wait_for("4 already on chain, 0 held");
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_does_not_wait_for_another_one() {
    let quarter = Quarter::ended();
    let chain = &quarter.chain;
    let (url, _) = server().await;
    let slow = format!(
        "[[feed]]\nid = \"slow\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"http\", url = \"{url}/never/1\", path = \"$.v\" }}\n",
        quarter.plan
    );
    // A plan of another authority's number, which ended at the same time.
    let other = quarter.feed("echo 76", "").replace("\"milestones\"", "\"missing\"");
    let missing = other.replace(&quarter.plan.to_string(), "11111111111111111111111111111112");
    let operator = Oracle::new(chain, "oracle-1", &[&chain.rpc_url], &format!("{slow}{missing}"));
    let begun = Instant::now();
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("the round of a plan failed");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // What is under way is given up, not waited for.
    let stopping = Instant::now();
    assert!(daemon.terminate().success());
    assert!(stopping.elapsed() < Duration::from_secs(10), "{:?}", stopping.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_to_be_left_alone_is() {
    let quarter = Quarter::ended();
    let (url, _) = server().await;
    let feed = format!(
        "[[feed]]\nid = \"busy\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"http\", url = \"{url}/busy\", path = \"$.v\" }}\n",
        quarter.plan
    );
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("0 voted, 0 already on chain, 1 held");
    thread::sleep(Duration::from_secs(2));
    let log = daemon.log();
    daemon.terminate();
    assert_eq!(log.matches("alert=\"held\"").count(), 1, "{log}");
    assert!(log.contains("still held: "), "{log}");
    let status = operator.run(&["status"]).failed(2);
    assert!(status.stdout.contains("not asked, it is asked again at"), "{status:#?}");
}

/// While nothing is due the grants are not read in every round.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_due_costs_a_few_requests() {
    let chain = Chain::start(&["--slot-ms", "50", "--time", "2026-01-15T00:00:00Z"]);
    let (plan, beneficiaries) = running(&chain, 3).await;
    let hostile = Hostile::before(&chain.rpc_url);
    let source = "type = \"command\", command = [\"echo\", \"{identity}\"]";
    let operator = operator(&chain, &plan, &beneficiaries, source, "");
    let text = std::fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace(&chain.rpc_url, &hostile.url));
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("4 not due yet");
    let rounds = |log: &str| log.matches("not due yet").count();
    let (before, begun) = (hostile.seen().requests, rounds(&daemon.log()));
    while rounds(&daemon.log()) < begun + 5 {
        thread::sleep(Duration::from_millis(50));
    }
    let asked = hostile.seen().requests - before;
    daemon.terminate();
    // A look, the balance and the plan; one round more may have begun.
    assert!(asked <= 6 * 3, "{asked} requests in five rounds");
}
