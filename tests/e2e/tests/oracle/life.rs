//! Three operators with real sources: a quarter of KPIs measured, attested, settled and claimed.

use {
    crate::services::{commit, postgres, prometheus},
    axum::{Router, extract::RawQuery, routing::get},
    earnout::{
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Cadence, Combination, CurvePoint, Interpolation, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_e2e::{Chain, Oracle, Token},
    earnout_sdk::wire::{
        instructions::{self, PlanToken},
        pda,
    },
    serde_json::json,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::fs,
    tokio::net::TcpListener,
};

const TOKENS: u64 = 1_000_000;
const ALLOCATION: u64 = 1_000_000 * TOKENS;

struct Plan {
    chain: Chain,
    token: PlanToken,
    grants: [Pubkey; 2],
}

fn kpi(name: &str, decimals: u8, scope: Scope, range_max: i64, points: &[(i64, u16)]) -> KpiArgs {
    KpiArgs {
        name: name.to_owned(),
        unit: String::new(),
        rubric_hash: [1; 32],
        decimals,
        scope,
        range_min: 0,
        range_max,
        interpolation: Interpolation::Linear,
        points: points
            .iter()
            .map(|&(value, score)| CurvePoint { value, score })
            .collect(),
        default_score: 0,
        default_price: None,
        feed: None,
    }
}

/// Five KPIs of equal weight, two grants of a million tokens over two quarters from 1 February 2026.
async fn plan() -> Plan {
    let chain = Chain::start(&["--slot-ms", "100", "--time", "2026-01-15T00:00:00Z"]);
    let (payer, authority) = (chain.key("payer"), chain.key("authority"));
    let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
    let source = chain
        .mint_to(&token, &authority, &authority.pubkey(), 3_000_000 * TOKENS)
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
        period_count: 2,
        attest_secs: 14 * 86_400,
        challenge_secs: 7 * 86_400,
        ruling_secs: 7 * 86_400,
        notice_secs: 86_400,
        combination: Combination::WeightedSum,
        unearned_policy: UnearnedPolicy::Return,
        release: Release::AtSettlement,
        bonus_cap_bps: 0,
        min_allocation: 1,
        max_allocation: ALLOCATION,
        max_grants: 2,
        enrolment_end: 1_777_593_600,
        token_flags: 0,
        max_fee_bps: 0,
        oracles: ["oracle-1", "oracle-2", "oracle-3"]
            .map(|name| chain.key(name).pubkey())
            .to_vec(),
        threshold: 2,
        arbiter: Some(chain.key("arbiter").pubkey()),
    };
    let plan_token = PlanToken {
        plan,
        mint: token.mint,
        token_program: token.program,
    };
    let signers = [&payer, &authority];
    let create = instructions::create_plan(
        &payer.pubkey(),
        &authority.pubkey(),
        &token.mint,
        &treasury,
        &token.program,
        terms,
    );
    chain.send(&[create], &signers).await;
    for args in [
        kpi(
            "signups",
            0,
            Scope::Shared,
            1_000_000,
            &[(0, 0), (1_000, 10_000), (2_000, 15_000)],
        ),
        kpi(
            "availability",
            2,
            Scope::Shared,
            10_000,
            &[(9_500, 0), (9_990, 10_000), (10_000, 11_000)],
        ),
        kpi(
            "milestones",
            1,
            Scope::Shared,
            1_000,
            &[(0, 0), (800, 10_000), (1_000, 12_500)],
        ),
        kpi(
            "revenue",
            2,
            Scope::Shared,
            1_000_000_000,
            &[(0, 0), (5_000_000, 10_000)],
        ),
        kpi(
            "commits",
            0,
            Scope::Individual,
            10_000,
            &[(0, 0), (4, 10_000), (8, 15_000)],
        ),
    ] {
        chain
            .send(&[instructions::add_kpi(&authority.pubkey(), &plan, args)], &signers)
            .await;
    }
    let activate = instructions::activate_plan(&authority.pubkey(), &plan, &token.mint);
    let fund = instructions::fund(&authority.pubkey(), &plan_token, &source, 3_000_000 * TOKENS);
    chain.send(&[activate, fund], &signers).await;
    for (index, beneficiary) in [(0, "beneficiary-1"), (1, "beneficiary-2")] {
        let args = CreateGrantArgs {
            grant_index: index,
            beneficiary: chain.key(beneficiary).pubkey(),
            allocation: ALLOCATION,
            unit_allocation: 0,
            first_period: 0,
            periods: 2,
            cliff_periods: 0,
            time_weight: 0,
            kpi_weights: vec![2_000; 5],
            revocable: false,
            transferable: false,
        };
        let grant = instructions::create_grant(&payer.pubkey(), &authority.pubkey(), &plan, &token.mint, args);
        chain.send(&[grant], &signers).await;
    }
    let grants = [pda::grant(&plan, 0), pda::grant(&plan, 1)];
    Plan {
        chain,
        token: plan_token,
        grants,
    }
}

/// A server that answers as GitHub does, and one JSON document of a business.
async fn web() -> String {
    let milestones = |RawQuery(query): RawQuery| async move {
        match query.is_some_and(|query| query.ends_with("&page=1")) {
            true => json!([{"id": 1, "title": "v1", "open_issues": 1, "closed_issues": 2}]).to_string(),
            false => "[]".to_owned(),
        }
    };
    let revenue = || async { r#"{"quarters": [{"from": "2026-02-01", "revenue": 50000.25}]}"# };
    let router = Router::new()
        .route("/repos/ann/app/milestones", get(milestones))
        .route("/revenue", get(revenue));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn feed(plan: &Pubkey, name: &str, more: &str, source: &str) -> String {
    format!("[[feed]]\nid = \"{name}\"\nplan = \"{plan}\"\nkpi = \"{name}\"\n{more}\n[feed.source]\n{source}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_is_measured_attested_settled_and_claimed() {
    let plan = plan().await;
    let (chain, address) = (&plan.chain, &plan.token.plan);
    let database = postgres(
        "CREATE TABLE signups (at timestamptz NOT NULL); CREATE SEQUENCE counter;
         INSERT INTO signups SELECT '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 hour' FROM generate_series(0, 1199) AS n;
         INSERT INTO signups VALUES ('2026-01-31T23:59:59Z'), ('2026-05-01T00:00:00Z')",
    );
    let monitoring = prometheus("# TYPE availability gauge\navailability 99.95 1777593000\navailability 12 1777593600");
    let web = web().await;
    let repository = tempfile::tempdir().expect("a temporary folder");
    for (count, author, month) in [
        (3, "ann@example.org", 2),
        (5, "bob@example.org", 3),
        (1, "bob@example.org", 5),
    ] {
        for number in 1..=count {
            let time = format!("2026-0{month}-0{number}T12:00:00Z");
            commit(repository.path(), &format!("{author}-{month}-{number}"), author, &time);
        }
    }
    let feeds = [
        feed(
            address,
            "signups",
            "",
            "type = \"postgres\"\nconnection = \"env:DATABASE\"\nquery = \"\"\"select count(*) from signups -- of the quarter\nwhere at \
             >= $1::timestamptz and at < $2::timestamptz\"\"\"\nparams = [\"{start_time}\", \"{end_time}\"]",
        ),
        feed(
            address,
            "availability",
            "checks = { max = 100 }",
            &format!("type = \"prometheus\"\nurl = \"http://127.0.0.1:{}\"\nquery = \"last_over_time(availability[1h])\"", monitoring.port),
        ),
        feed(
            address,
            "milestones",
            "rounding = \"floor\"",
            &format!("type = \"github\"\nurl = \"{web}\"\nrepository = \"ann/app\"\nmeasure = {{ milestone-percent = {{ title = \"v1\" }} }}"),
        ),
        feed(
            address,
            "revenue",
            "checks = { samples = 2, sample_pause = \"50ms\" }",
            &format!("type = \"http\"\nurl = \"{web}/revenue\"\npath = \"$.quarters[?@.from == '2026-02-01'].revenue\""),
        ),
        feed(
            address,
            "commits",
            "identities = \"identities.csv\"",
            &format!("type = \"git\"\nrepository = {:?}\nmeasure = \"commits\"\nauthor = \"{{identity}}\"", repository.path()),
        ),
    ]
    .concat();
    let operators: Vec<Oracle> = ["oracle-1", "oracle-2", "oracle-3"]
        .into_iter()
        .map(|key| {
            let operator = Oracle::new(chain, key, &[&chain.rpc_url], &feeds).with_variable(
                "DATABASE",
                &format!("host=127.0.0.1 port={} user=nobody dbname=postgres", database.port),
            );
            let (ann, bob) = (chain.key("beneficiary-1").pubkey(), chain.key("beneficiary-2").pubkey());
            let identities = format!("beneficiary,identity\n{ann},ann@example.org\n{bob},bob@example.org\n");
            operator.file("identities.csv", &identities);
            operator
        })
        .collect();

    chain.warp("2026-05-02T00:00:00Z");
    // Nothing is sent by a look.
    operators[0]
        .run(&["check"])
        .succeeded()
        .shows("11,000")
        .shows("8,325")
        .shows("11,250");
    let mut daemons: Vec<_> = operators.iter().map(|operator| operator.start(&["run"])).collect();
    for daemon in &mut daemons {
        daemon.wait_for(" 6 already on chain, 0 held");
    }
    for daemon in daemons {
        assert!(daemon.terminate().success());
    }
    // Two that agree resolve a value, so one that comes later has nothing to vote on, and nothing to prove.
    let mut checked = 0;
    for operator in &operators {
        let verified = operator.run(&["verify", &address.to_string(), "0"]);
        if verified.stdout.contains("\n0 of 0 votes") {
            verified.failed(2).says("nothing was checked");
        } else {
            verified.succeeded();
            checked += 1;
        }
    }
    assert!(checked >= 2, "{checked} of three voted");

    let client = chain.client();
    let shared = [(0, 1_200), (1, 9_995), (2, 666), (3, 5_000_025)].map(|(kpi, value)| (kpi, None, value));
    let individual = [(4, Some(0), 3), (4, Some(1), 5)];
    for (kpi, index, value) in shared.into_iter().chain(individual) {
        let evaluation = client.evaluation(&pda::evaluation(address, kpi, 0, index)).await;
        let grant = plan.grants[index.map_or(0, |index| usize::try_from(index).expect("a small number"))];
        let grant = client.grant(&grant).await.expect("the grant");
        let tally = evaluation.expect("an attestation or a page").tally(&grant);
        assert_eq!(tally.expect("what the program writes").agreed, Some(value), "KPI {kpi}");
    }

    // Nobody disputes within the week.
    chain.warp("2026-05-10T00:00:00Z");
    let payer = chain.key("payer");
    let state = client.plan(address).await.expect("the plan");
    // Scores 11,000, 10,500, 8,325, 10,000 and 7,500 or 11,250, a fifth each, of a tranche of 500,000 tokens.
    for (grant, beneficiary, earned) in [
        (plan.grants[0], "beneficiary-1", 473_250 * TOKENS),
        (plan.grants[1], "beneficiary-2", 510_750 * TOKENS),
    ] {
        let grant_state = client.grant(&grant).await.expect("the grant");
        let settle = instructions::settle(&payer.pubkey(), address, &state, &grant, &grant_state);
        chain.send(&[settle], &[&payer]).await;
        assert_eq!(
            client.grant(&grant).await.expect("the grant").earned,
            earned,
            "{beneficiary}"
        );
        let owner = chain.key(beneficiary);
        let token = Token {
            mint: plan.token.mint,
            program: plan.token.token_program,
            decimals: 6,
        };
        let destination = chain.mint_to(&token, &chain.key("authority"), &owner.pubkey(), 0).await;
        let claim = instructions::claim(&owner.pubkey(), &plan.token, &grant, &destination, None);
        chain.send(&[claim], &[&owner]).await;
        assert_eq!(
            client.grant(&grant).await.expect("the grant").claimed,
            earned,
            "{beneficiary}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_writes_is_refused_by_the_database() {
    let chain = Chain::start(&["--demo", "--time", "2027-01-15T00:00:00Z"]);
    let plan = chain.demo_address("plan");
    chain.warp("2027-05-02T00:00:00Z");
    let database = postgres("CREATE SEQUENCE counter");
    let connection = format!("host=127.0.0.1 port={} user=nobody dbname=postgres", database.port);
    for (query, reason) in [
        ("select nextval('counter')", "read-only transaction"),
        ("select 1 limit 0", "no row"),
        ("select generate_series(1, 3)", "more than one row"),
        ("select null", "is null"),
        ("select pg_sleep(60)::text", "no complete answer within 1s"),
        ("selec 1", "syntax error"),
    ] {
        let feed = format!(
            "[[feed]]\nid = \"x\"\nplan = \"{plan}\"\nkpi = 0\nsource = {{ type = \"postgres\", connection = \"file:connection\", timeout = \
             \"1s\", query = \"{query}\" }}\n"
        );
        let operator = Oracle::new(&chain, "oracle-1", &[&chain.rpc_url], &feed);
        operator.file("connection", &connection);
        operator.run(&["once"]).failed(2).says(reason);
    }
    drop(database);
    let feed = format!(
        "[[feed]]\nid = \"x\"\nplan = \"{plan}\"\nkpi = 0\nsource = {{ type = \"postgres\", connection = \"file:connection\", query = \
         \"select 1\" }}\n"
    );
    let operator = Oracle::new(&chain, "oracle-1", &[&chain.rpc_url], &feed);
    operator.file("connection", &connection);
    let held = operator.run(&["once"]).failed(2).says("PostgreSQL at 127.0.0.1: ");
    assert!(!held.stderr.contains("dbname"), "{held:#?}");
    fs::remove_file(operator.folder().join("connection")).expect("a file of this test");
    operator
        .run(&["once"])
        .failed(2)
        .says("cannot read the secret in ")
        .says("/connection: No such file");
}

/// What the role, the database or the connection string set is not a part of a value.
#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_a_database_is_the_daemons() {
    let chain = Chain::start(&["--demo", "--time", "2027-01-15T00:00:00Z"]);
    let plan = chain.demo_address("plan");
    chain.warp("2027-05-02T00:00:00Z");
    let database = postgres(
        "CREATE TABLE signups (at timestamptz NOT NULL);
         INSERT INTO signups VALUES ('2027-01-31T22:30:00Z'), ('2027-02-01T00:00:00Z'), ('2027-04-30T21:59:59Z'),
            ('2027-04-30T23:30:00Z'), ('2027-05-01T00:00:00Z');
         CREATE SCHEMA other; CREATE TABLE other.signups (at timestamptz NOT NULL);
         CREATE ROLE abroad LOGIN; GRANT USAGE ON SCHEMA other TO abroad;
         GRANT SELECT ON ALL TABLES IN SCHEMA public, other TO abroad;
         ALTER ROLE abroad SET timezone = 'Europe/Berlin'; ALTER ROLE abroad SET datestyle = 'German';
         ALTER ROLE abroad SET intervalstyle = 'iso_8601'; ALTER ROLE abroad SET search_path = other;
         ALTER ROLE abroad SET extra_float_digits = -10; ALTER ROLE abroad SET standard_conforming_strings = off;
         ALTER ROLE abroad SET transform_null_equals = on",
    );
    for (query, value) in [
        // Midnight is UTC's.
        (
            "select count(*) from signups where at >= '2027-02-01' and at < '2027-05-01'",
            "3.0",
        ),
        (
            "select count(*) from signups where at::date >= '2027-02-01' and at::date < '2027-05-01'",
            "3.0",
        ),
        (
            "select (current_setting('TimeZone') = 'UTC' and current_setting('DateStyle') = 'ISO, YMD')::int",
            "1.0",
        ),
        ("select (interval '1 day 2 hours'::text = '1 day 02:00:00')::int", "1.0"),
        ("select (current_setting('transaction_read_only') = 'on')::int", "1.0"),
        (
            "select (current_setting('transaction_isolation') = 'repeatable read')::int",
            "1.0",
        ),
        ("select (current_setting('statement_timeout') = '30s')::int", "1.0"),
        ("select length('a\\\\b')", "3.0"),
        ("select count(*) from signups where null = null", "0.0"),
    ] {
        let feed = format!(
            "[[feed]]\nid = \"x\"\nplan = \"{plan}\"\nkpi = 0\nsource = {{ type = \"postgres\", connection = \"env:DATABASE\", query = \
             \"{query}\" }}\n"
        );
        let connection = format!("host=127.0.0.1 port={} user=abroad dbname=postgres", database.port);
        let operator = Oracle::new(&chain, "oracle-1", &[&chain.rpc_url], &feed).with_variable("DATABASE", &connection);
        let checked = operator.run(&["--json", "check", "--period", "0"]).succeeded().json();
        assert_eq!(checked[0]["value"], value, "{query}: {checked}");
    }
}
