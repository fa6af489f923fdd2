//! What is measured: each instruction in the situations that change its cost.

use {
    crate::report::sol,
    earnout::{
        instructions::CreatePlanArgs,
        state::{CurvePoint, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_sdk::{accounts, instructions},
    earnout_tests::*,
};

/// Compute units of one instruction in one situation.
pub struct Figure {
    pub instruction: &'static str,
    pub scenario: String,
    pub units: u64,
    pub ceiling: Option<u64>,
}

const FUNDS: u64 = 1_000_000_000_000;
const ALLOCATION: u64 = 400_000_000;

fn units(receipt: &Receipt) -> u64 {
    receipt.steps[0].compute_units
}

/// All figures.
pub fn all() -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |instruction, scenario: &str, ceiling, receipt: &Receipt| {
        figures.push(Figure {
            instruction,
            scenario: scenario.to_owned(),
            units: units(receipt),
            ceiling,
        });
    };
    set_up(&mut add);
    for (name, program) in [
        ("SPL Token", TokenProgram::Spl),
        ("Token-2022", TokenProgram::Token2022),
    ] {
        payments(&mut add, name, program);
    }
    evaluation(&mut add);
    many_kpis(&mut add);
    redistribution(&mut add);
    linear(&mut add);
    figures
}

type Add<'a> = dyn FnMut(&'static str, &str, Option<u64>, &Receipt) + 'a;

fn three_kpis(scope: Scope) -> Vec<KpiArgs> {
    ["milestones", "revenue", "satisfaction"]
        .map(|name| kpi(name, scope))
        .to_vec()
}

fn set_up(add: &mut Add) {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let second = world.create_plan(CreatePlanArgs {
        plan_id: 2,
        oracles: world.oracles.iter().map(Signer::pubkey).collect(),
        arbiter: Some(world.arbiter.pubkey()),
        ..terms()
    });
    add(
        "create_plan",
        "3 oracles and an arbiter",
        None,
        &world.by_authority(&[second]).unwrap(),
    );

    let authority = world.authority.pubkey();
    let plan = world.token.plan;
    let short = instructions::add_kpi(&authority, &plan, kpi("short", Scope::Shared));
    add(
        "add_kpi",
        "curve of 2 points",
        None,
        &world.by_authority(&[short]).unwrap(),
    );
    let points = (0..8)
        .map(|step| CurvePoint {
            value: i64::from(step) * 100,
            score: step * 2_000,
        })
        .collect();
    let long = KpiArgs {
        points,
        ..kpi("long", Scope::Individual)
    };
    let long = instructions::add_kpi(&authority, &plan, long);
    add(
        "add_kpi",
        "curve of 8 points",
        None,
        &world.by_authority(&[long]).unwrap(),
    );
    let activate = instructions::activate_plan(&authority, &plan, &world.token.mint);
    add(
        "activate_plan",
        "2 KPIs",
        None,
        &world.by_authority(&[activate]).unwrap(),
    );
}

fn payments(add: &mut Add, name: &str, program: TokenProgram) {
    let mut world = World::active(program, terms(), &three_kpis(Scope::Shared), 0);
    let fund = world.fund(FUNDS);
    add("fund", name, None, &world.by_authority(&[fund]).unwrap());
    let stranger = world.chain.key().pubkey();
    let args = world.grant_args(&stranger, ALLOCATION, &[5_000, 3_000, 2_000]);
    let create = world.create_grant(args);
    add(
        "create_grant",
        &format!("4 periods, {name}"),
        Some(25_000),
        &world.by_authority(&[create]).unwrap(),
    );
    let (beneficiary, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    for kpi in 0..3 {
        world.resolve(kpi, 0, None, 80);
    }
    world.after_windows(0);
    world.settle(&grant).unwrap();
    let destination = world.associated_address(&beneficiary.pubkey());
    let part = instructions::claim(&beneficiary.pubkey(), &world.token, &grant, &destination, Some(1));
    let part = world.chain.send(&[part], &[&beneficiary]).unwrap();
    add(
        "claim",
        &format!("a part, by the beneficiary, {name}"),
        Some(13_000),
        &part,
    );
    add(
        "claim",
        &format!("all, by anyone, {name}"),
        Some(13_000),
        &world.claim(&grant).unwrap(),
    );
    let withdraw = instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, None);
    add(
        "withdraw_surplus",
        name,
        None,
        &world.by_authority(&[withdraw]).unwrap(),
    );
}

fn evaluation(add: &mut Add) {
    let mut world = World::active(
        TokenProgram::Spl,
        CreatePlanArgs {
            period_count: 120,
            ..terms()
        },
        &three_kpis(Scope::Individual),
        FUNDS,
    );
    let beneficiary = world.chain.key().pubkey();
    let mut args = world.grant_args(&beneficiary, ALLOCATION, &[5_000, 3_000, 2_000]);
    args.periods = 120;
    let create = world.create_grant(args);
    add(
        "create_grant",
        "120 periods, SPL Token",
        Some(25_000),
        &world.by_authority(&[create]).unwrap(),
    );
    let (_, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    add(
        "attest",
        "first vote, creates the account",
        None,
        &world.attest(0, 0, 0, Some(grant), 70).unwrap(),
    );
    add(
        "attest",
        "second vote, another value",
        Some(10_000),
        &world.attest(1, 0, 0, Some(grant), 80).unwrap(),
    );
    add(
        "attest",
        "third vote, resolves",
        Some(10_000),
        &world.attest(2, 0, 0, Some(grant), 70).unwrap(),
    );
    world.resolve(1, 0, Some(grant), 80);
    world.resolve(2, 0, Some(grant), 90);
    world.after_windows(0);
    add(
        "settle",
        "3 individual KPIs, resolved",
        Some(20_000),
        &world.settle(&grant).unwrap(),
    );
    world.after_period(1, 0);
    for kpi in 0..3 {
        for (oracle, value) in [70, 80, 90].into_iter().enumerate() {
            world.attest(oracle, kpi, 1, Some(grant), value).unwrap();
        }
    }
    world.after_windows(1);
    add(
        "settle",
        "3 individual KPIs, by median",
        Some(20_000),
        &world.settle(&grant).unwrap(),
    );
    world.after_windows(2);
    add(
        "settle",
        "3 individual KPIs, silent",
        Some(20_000),
        &world.settle(&grant).unwrap(),
    );
}

fn many_kpis(add: &mut Add) {
    let kpis: Vec<KpiArgs> = (0..16)
        .map(|number| kpi(&format!("kpi {number}"), Scope::Shared))
        .collect();
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, FUNDS);
    let (_, grant) = world.grant(ALLOCATION, &[625; 16]);
    world.after_period(0, 0);
    for kpi in 0..16 {
        world.resolve(kpi, 0, None, 55);
    }
    world.after_windows(0);
    add(
        "settle",
        "16 shared KPIs, resolved",
        Some(60_000),
        &world.settle(&grant).unwrap(),
    );
}

fn redistribution(add: &mut Add) {
    let terms = CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, terms, &three_kpis(Scope::Shared), FUNDS);
    let grants = [(); 2].map(|()| world.grant(ALLOCATION, &[5_000, 3_000, 2_000]).1);
    world.after_period(0, 0);
    for kpi in 0..3 {
        world.resolve(kpi, 0, None, 80);
    }
    world.after_windows(0);
    add(
        "settle",
        "3 shared KPIs, first of a pool",
        None,
        &world.settle(&grants[0]).unwrap(),
    );
    add(
        "settle",
        "3 shared KPIs, into a pool",
        Some(20_000),
        &world.settle(&grants[1]).unwrap(),
    );
    add(
        "collect_bonus",
        "first of the period",
        None,
        &world.collect_bonus(&grants[0], 0).unwrap(),
    );
    add(
        "collect_bonus",
        "last of the period",
        None,
        &world.collect_bonus(&grants[1], 0).unwrap(),
    );
}

fn linear(add: &mut Add) {
    let terms = CreatePlanArgs {
        release: Release::Linear,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, terms, &three_kpis(Scope::Shared), FUNDS);
    let (_, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    for kpi in 0..3 {
        world.resolve(kpi, 0, None, 80);
    }
    world.after_windows(0);
    world.settle(&grant).unwrap();
    add(
        "claim",
        "all, by anyone, while it streams, SPL Token",
        Some(13_000),
        &world.claim(&grant).unwrap(),
    );
}

/// What the 60-contributor example costs with one transaction for each step, so that anyone can recompute it.
pub fn example(chain: &Chain) -> Vec<(String, String)> {
    const FEE: u64 = 5_000;
    let (grants, periods, kpis, votes) = (60u64, 10u64, 3u64, 3u64);
    let attestations = grants * periods * kpis;
    let rent = |bytes: usize| chain.rent(bytes);
    let plan = rent(accounts::space::<earnout::state::Plan>()) + rent(165);
    let grant = rent(accounts::space::<earnout::state::Grant>()) * grants;
    let attestation = rent(accounts::space::<earnout::state::Attestation>()) * attestations;
    // Payer and authority or oracle may be one key; one signature each then.
    let signatures = 1 + kpis + 1 + 1 + grants + attestations * votes + grants * periods * 2 + 1;
    vec![
        (
            "rent of plan and vault, SOL (returned when closed)".to_owned(),
            sol(plan),
        ),
        ("rent of 60 grants, SOL (returned when closed)".to_owned(), sol(grant)),
        (
            "rent of 1,800 attestations, SOL (returned when closed)".to_owned(),
            sol(attestation),
        ),
        ("signatures, one instruction each".to_owned(), signatures.to_string()),
        (
            "fees, SOL (5,000 lamports a signature)".to_owned(),
            sol(signatures * FEE),
        ),
    ]
}
