//! What is measured: each instruction in the situations that change its cost.

use {
    crate::rent::rent,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, CreatePlanArgs, ProposeOraclesArgs},
        state::{CurvePoint, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_sdk::{
        text::amount::sol,
        wire::{accounts, instructions, pda},
    },
    earnout_tests::{prices::*, scenes::CASES, *},
};

/// Compute units of one instruction in one situation.
pub struct Figure {
    pub instruction: &'static str,
    pub scenario: String,
    pub units: u64,
}

const FUNDS: u64 = 1_000_000_000_000;
const ALLOCATION: u64 = 400_000_000;

fn units(receipt: &Receipt) -> u64 {
    receipt.steps[0].compute_units
}

/// All figures.
pub fn all() -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |instruction, scenario: &str, receipt: &Receipt| {
        figures.push(Figure {
            instruction,
            scenario: scenario.to_owned(),
            units: units(receipt),
        });
    };
    set_up(&mut add);
    for (name, program) in [
        ("SPL Token", TokenProgram::Spl),
        ("Token-2022", TokenProgram::Token2022),
    ] {
        payments(&mut add, name, program);
    }
    votes(&mut add);
    units_of_account(&mut add);
    pages(&mut add);
    evaluation(&mut add);
    months(&mut add);
    many_kpis(&mut add);
    many_silent_kpis(&mut add);
    redistribution(&mut add);
    linear(&mut add);
    disputes(&mut add);
    keys(&mut add);
    leaving_and_closing(&mut add);
    // What none of them measures, in the first state in which it is allowed.
    for case in CASES {
        if figures.iter().all(|figure| figure.instruction != case.instruction) {
            let (mut world, call) = (case.build)();
            figures.push(Figure {
                instruction: case.instruction,
                scenario: case.state.to_owned(),
                units: units(&world.run(call)),
            });
        }
    }
    figures
}

type Add<'a> = dyn FnMut(&'static str, &str, &Receipt) + 'a;

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
        &world.by_authority(&[second]).unwrap(),
    );

    let authority = world.authority.pubkey();
    let plan = world.token.plan;
    let short = instructions::add_kpi(&authority, &plan, kpi("short", Scope::Shared));
    add("add_kpi", "curve of 2 points", &world.by_authority(&[short]).unwrap());
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
    add("add_kpi", "curve of 8 points", &world.by_authority(&[long]).unwrap());
    let activate = instructions::activate_plan(&authority, &plan, &world.token.mint);
    add("activate_plan", "2 KPIs", &world.by_authority(&[activate]).unwrap());
}

fn payments(add: &mut Add, name: &str, program: TokenProgram) {
    let mut world = World::active(program, terms(), &three_kpis(Scope::Shared), 0);
    let fund = world.fund(FUNDS);
    add("fund", name, &world.by_authority(&[fund]).unwrap());
    let stranger = world.chain.key().pubkey();
    let args = world.grant_args(&stranger, ALLOCATION, &[5_000, 3_000, 2_000]);
    let create = world.create_grant(args);
    add(
        "create_grant",
        &format!("4 periods, {name}"),
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
    add("claim", &format!("a part, by the beneficiary, {name}"), &part);
    add(
        "claim",
        &format!("all, by anyone, {name}"),
        &world.claim(&grant).unwrap(),
    );
    let withdraw = instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, None);
    add("withdraw_surplus", name, &world.by_authority(&[withdraw]).unwrap());
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
        &world.by_authority(&[create]).unwrap(),
    );
    let (_, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, Some(grant), 70);
    world.resolve(1, 0, Some(grant), 80);
    world.resolve(2, 0, Some(grant), 90);
    world.after_windows(0);
    add("settle", "3 individual KPIs, resolved", &world.settle(&grant).unwrap());
    world.after_period(1, 0);
    for kpi in 0..3 {
        for (oracle, value) in [70, 80, 90].into_iter().enumerate() {
            world.attest(oracle, kpi, 1, Some(grant), value).unwrap();
        }
    }
    world.after_windows(1);
    add("settle", "3 individual KPIs, by median", &world.settle(&grant).unwrap());
    world.after_windows(2);
    add("settle", "3 individual KPIs, silent", &world.settle(&grant).unwrap());
}

fn votes(add: &mut Add) {
    let mut world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], FUNDS);
    world.grant(ALLOCATION, &[10_000]);
    world.after_period(0, 0);
    let votes = [
        ("first vote, creates the account", 70),
        ("second vote, another value", 80),
        ("third vote, resolves", 70),
    ];
    for (oracle, (scenario, value)) in votes.into_iter().enumerate() {
        add("attest", scenario, &world.attest(oracle, 0, 0, None, value).unwrap());
    }
}

/// The same grant in tokens and in another unit, and the price that the second one needs besides.
fn units_of_account(add: &mut Add) {
    let kpis = [fed_price_kpi(), kpi("revenue", Scope::Shared)];
    let mut world = World::active(TokenProgram::Spl, unit_terms(), &kpis, FUNDS);
    let (_, in_tokens) = world.grant(ALLOCATION, &[0, 10_000]);
    let (_, in_units) = world.unit_grant(ALLOCATION, 40_000, &[0, 10_000]);
    world.after_period(0, 60);
    for (scenario, at) in [("creates the account", 9), ("in the place of a later update", 5)] {
        let end = period_end(0);
        let update = Update {
            at: end + at,
            previous: end + at - 1,
            ..Update::first(end)
        };
        let account = world.publish(&update);
        let observe = world.observe(0, 0, &account);
        add("observe", scenario, &world.run(observe));
    }
    world.resolve(1, 0, None, 80);
    world.after_windows(0);
    add("settle", "1 shared KPI, in tokens", &world.settle(&in_tokens).unwrap());
    add(
        "settle",
        "1 shared KPI, in another unit",
        &world.settle(&in_units).unwrap(),
    );
    for grant in [in_tokens, in_units] {
        world.after_windows(1);
        world.settle(&grant).unwrap();
    }
    world.after_period(2, 0);
    for (oracle, price) in [10_000, 20_000, 30_000].into_iter().enumerate() {
        world.attest(oracle, 0, 2, None, price).unwrap();
    }
    world.after_windows(2);
    add(
        "settle",
        "silent KPI, in another unit, median of prices",
        &world.settle(&in_units).unwrap(),
    );
}

/// A plan with so many individual KPIs, and 64 grants that depend on each.
fn full_page(kpis: usize, oracles: usize, threshold: u8) -> (World, Vec<Pubkey>) {
    let kpis: Vec<KpiArgs> = (0..kpis)
        .map(|number| kpi(&format!("kpi {number}"), Scope::Individual))
        .collect();
    let mut world = World::new(TokenProgram::Spl);
    while world.oracles.len() < oracles {
        let oracle = world.chain.key();
        world.remember(oracle.insecure_clone());
        world.oracles.push(oracle);
    }
    let args = CreatePlanArgs { threshold, ..terms() };
    world.token.plan = world.active_plan(args, &kpis, FUNDS);
    let weight = 10_000 / u16::try_from(kpis.len()).unwrap_or(1);
    let grants = (0..64)
        .map(|_| world.grant(1_000, &vec![weight; kpis.len()]).1)
        .collect();
    world.after_period(0, 0);
    (world, grants)
}

fn pages(add: &mut Add) {
    let (mut world, grants) = full_page(1, 3, 2);
    let first = world.upload(0, 0, 0, 0, &[70; 64]);
    add("attest_page", "64 values, creates the page", &world.run(first));
    let second = world.upload(1, 0, 0, 0, &[80; 64]);
    add("attest_page", "64 values, none agrees", &world.run(second));
    let third = world.upload(2, 0, 0, 0, &[70; 64]);
    add("attest_page", "64 values, all resolve", &world.run(third));
    let dispute = world.disputes_of_page(0, 0, 0, u64::MAX);
    add("dispute", "64 values of a page", &world.run(dispute));
    let all = PageGrants {
        first: 0,
        mask: u64::MAX,
    };
    let rule = world.rules_on(0, 0, Some(all), &[], Some(60));
    add("rule", "64 values of a page", &world.run(rule));
    add(
        "settle",
        "1 individual KPI of a full page, ruled",
        &world.settle(&grants[63]).unwrap(),
    );

    let (mut world, grants) = full_page(1, 8, 5);
    for oracle in 0..8 {
        let vote = world.upload(oracle, 0, 0, 63, &[70 + i64::try_from(oracle).unwrap_or_default()]);
        let receipt = world.run(vote);
        match oracle {
            0 => add("attest_page", "1 value, creates a page for 8 oracles", &receipt),
            7 => add("attest_page", "1 value, the last of 8 oracles", &receipt),
            _ => {}
        }
    }
    let upload = world.upload(0, 0, 0, 0, &[70; 64]);
    add("attest_page", "64 values, 8 oracles", &world.run(upload));
    world.after_period(0, DAY);
    let beneficiary = world.grant_state(&grants[63]).beneficiary;
    let dispute = world.disputes(&beneficiary, 0, 0, Some(grants[63]));
    add("dispute", "a value of a page, by a beneficiary", &world.run(dispute));
    let rule = world.rules(0, 0, Some(grants[63]), &[grants[63]], None);
    add("rule", "a value of a page, it stands", &world.run(rule));

    let (mut world, grants) = full_page(16, 8, 5);
    for kpi in 0..16 {
        for oracle in 0..8 {
            let value = 55 + 3 * i64::try_from(oracle).unwrap_or_default();
            let vote = world.upload(oracle, kpi, 0, 63, &[value]);
            world.run(vote);
        }
    }
    world.after_windows(0);
    add(
        "settle",
        "16 individual KPIs, 8 oracles disagree",
        &world.settle(&grants[63]).unwrap(),
    );
}

/// Periods of civil months, whose boundaries are worked out from dates.
fn months(add: &mut Add) {
    let terms = CreatePlanArgs {
        cadence: Cadence::Months(1),
        release: Release::Linear,
        ..terms()
    };
    let kpis = three_kpis(Scope::Individual);
    let mut world = World::active(TokenProgram::Spl, terms, &kpis, FUNDS);
    let (_, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    world.attest(0, 0, 0, Some(grant), 70).unwrap();
    add(
        "attest_page",
        "1 value, periods of months",
        &world.attest(1, 0, 0, Some(grant), 70).unwrap(),
    );
    world.resolve(1, 0, Some(grant), 80);
    world.resolve(2, 0, Some(grant), 90);
    world.after_windows(0);
    add(
        "settle",
        "3 individual KPIs, resolved, periods of months",
        &world.settle(&grant).unwrap(),
    );
    add(
        "claim",
        "all, by anyone, while it streams, periods of months, SPL Token",
        &world.claim(&grant).unwrap(),
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
    add("settle", "16 shared KPIs, resolved", &world.settle(&grant).unwrap());
}

/// Each silent KPI of its own costs the search for its address.
fn many_silent_kpis(add: &mut Add) {
    let kpis: Vec<KpiArgs> = (0..16)
        .map(|number| kpi(&format!("kpi {number}"), Scope::Individual))
        .collect();
    for (scenario, unearned_policy) in [
        ("16 individual KPIs, silent", UnearnedPolicy::Return),
        (
            "16 individual KPIs, silent, first of a pool",
            UnearnedPolicy::Redistribute,
        ),
    ] {
        let args = CreatePlanArgs {
            unearned_policy,
            ..terms()
        };
        let mut world = World::active(TokenProgram::Spl, args, &kpis, FUNDS);
        let (_, grant) = world.grant(ALLOCATION, &[625; 16]);
        world.after_windows(0);
        add("settle", scenario, &world.settle(&grant).unwrap());
    }
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
        &world.settle(&grants[0]).unwrap(),
    );
    add(
        "settle",
        "3 shared KPIs, into a pool",
        &world.settle(&grants[1]).unwrap(),
    );
    add(
        "collect_bonus",
        "first of the period",
        &world.collect_bonus(&grants[0], 0).unwrap(),
    );
    add(
        "collect_bonus",
        "last of the period",
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
        &world.claim(&grant).unwrap(),
    );
}

fn disputes(add: &mut Add) {
    let mut world = World::active(TokenProgram::Spl, terms(), &three_kpis(Scope::Shared), FUNDS);
    let (beneficiary, grant) = world.grant(ALLOCATION, &[5_000, 3_000, 2_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 80);
    let value = world.disputes(&beneficiary.pubkey(), 0, 0, Some(grant));
    add("dispute", "a value, by a beneficiary", &world.run(value));
    let rule = world.rules(0, 0, None, &[grant], None);
    add("rule", "the value stands", &world.run(rule));
    world.after_period(0, DAY);
    let silence = world.disputes(&world.authority.pubkey(), 1, 0, None);
    add("dispute", "a silence, creates the account", &world.run(silence));
    let rule = world.rules(1, 0, None, &[], Some(70));
    add("rule", "another value counts", &world.run(rule));
}

fn keys(add: &mut Add) {
    let mut world = World::active(TokenProgram::Spl, terms(), &three_kpis(Scope::Shared), FUNDS);
    let (plan, authority) = (world.token.plan, world.authority.pubkey());
    let oracles = ProposeOraclesArgs {
        oracles: (0..3).map(|_| world.chain.key().pubkey()).collect(),
        threshold: 2,
        first_period: 2,
    };
    let propose = instructions::propose_oracles(&authority, &plan, oracles);
    add("propose_oracles", "3 oracles", &world.by_authority(&[propose]).unwrap());
    let cancel = instructions::cancel_oracle_change(&authority, &plan);
    add(
        "cancel_oracle_change",
        "the usual case",
        &world.by_authority(&[cancel]).unwrap(),
    );
    let treasury = instructions::set_treasury(&authority, &plan, &world.source);
    add(
        "set_treasury",
        "the usual case",
        &world.by_authority(&[treasury]).unwrap(),
    );
    let new = world.chain.key();
    let propose = instructions::propose_authority(&authority, &plan, Some(new.pubkey()));
    add(
        "propose_authority",
        "the usual case",
        &world.by_authority(&[propose]).unwrap(),
    );
    let (beneficiary, grant) = world.grant_with(|args| {
        args.allocation = ALLOCATION;
        args.transferable = true;
    });
    let key = beneficiary.pubkey();
    let lock = instructions::set_claim_lock(&key, &plan, &grant, true);
    add(
        "set_claim_lock",
        "the usual case",
        &world.chain.send(&[lock], &[&beneficiary]).unwrap(),
    );
    let propose = instructions::propose_beneficiary(&key, &plan, &grant, Some(new.pubkey()));
    let propose = world.chain.send(&[propose], &[&beneficiary]).unwrap();
    add("propose_beneficiary", "the usual case", &propose);
    let args = AcceptBeneficiaryArgs {
        claimed: 0,
        termination: 0,
        dispute_barred: false,
    };
    let accept = instructions::accept_beneficiary(&new.pubkey(), &plan, &grant, args);
    add(
        "accept_beneficiary",
        "the usual case",
        &world.chain.send(&[accept], &[&new]).unwrap(),
    );
    let accept = instructions::accept_authority(&new.pubkey(), &plan);
    add(
        "accept_authority",
        "the usual case",
        &world.chain.send(&[accept], &[&new]).unwrap(),
    );
}

fn leaving_and_closing(add: &mut Add) {
    let terms = CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        ..terms()
    };
    let kpis = [kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, terms, &kpis, FUNDS);
    let (plan, authority, treasury) = (world.token.plan, world.authority.pubkey(), world.treasury);
    let (_, terminated) = world.grant(ALLOCATION, &[10_000]);
    let (beneficiary, resigned) = world.grant(ALLOCATION, &[10_000]);
    world.chain.set_time(START + PERIOD / 2);
    let terminate = instructions::terminate_grant(&authority, &plan, &terminated);
    add(
        "terminate_grant",
        "in its first of 4 periods",
        &world.by_authority(&[terminate]).unwrap(),
    );
    let resign = instructions::resign_grant(&beneficiary.pubkey(), &plan, &resigned);
    let resign = world.chain.send(&[resign], &[&beneficiary]).unwrap();
    add("resign_grant", "in its first of 4 periods", &resign);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 80);
    world.resolve(1, 0, Some(terminated), 80);
    let close_page = world.close_page(1, 0, &terminated);
    world.after_windows(0);
    for grant in [terminated, resigned] {
        world.settle(&grant).unwrap();
    }
    for grant in [terminated, resigned] {
        world.collect_bonus(&grant, 0).unwrap();
        world.claim(&grant).unwrap();
        let close = instructions::close_grant(&grant, &world.grant_state(&grant), &treasury);
        let close = world.chain.send(&[close], &[]).unwrap();
        if grant == resigned {
            add("close_grant", "the usual case", &close);
        }
    }
    let attestation = pda::attestation(&plan, 0, 0);
    let close = instructions::close_attestation(&attestation, &world.attestation(0, 0), &treasury);
    add(
        "close_attestation",
        "shared KPI",
        &world.chain.send(&[close], &[]).unwrap(),
    );
    let close = world.chain.send(&[close_page], &[]).unwrap();
    add("close_page", "the usual case", &close);
    let close = instructions::close_period(&world.pool(0), &treasury);
    add(
        "close_period",
        "the usual case",
        &world.chain.send(&[close], &[]).unwrap(),
    );
    let close = instructions::close_plan(&authority, &world.token, &treasury, &authority);
    add("close_plan", "SPL Token", &world.by_authority(&[close]).unwrap());
    let before = instructions::require_before(world.chain.now());
    add("require_before", "in time", &world.send(&[before]).unwrap());
}

/// What the 60-contributor example costs with one transaction for each step, so that anyone can recompute it.
pub fn example() -> Vec<(String, String)> {
    const FEE: u64 = 5_000;
    let (grants, periods, kpis, votes) = (60u64, 10u64, 3u64, 3u64);
    let pages = periods * kpis;
    let all = |bytes: usize, accounts: u64| rent(bytes as u64 * accounts, accounts);
    let plan = rent(accounts::space::<earnout::state::Plan>() as u64 + 165, 2);
    let grant = all(accounts::space::<earnout::state::Grant>(), grants);
    let page = all(page_space(3, 60), pages);
    // Payer and authority or oracle may be one key; one signature each then.
    let signatures = 1 + kpis + 1 + 1 + grants + pages * votes + grants * periods * 2 + 1;
    vec![
        ("rent of plan and vault, SOL (returned when closed)".to_owned(), plan),
        ("rent of 60 grants, SOL (returned when closed)".to_owned(), grant),
        (
            "rent of 30 pages of 60 values, SOL (returned when closed)".to_owned(),
            page,
        ),
        ("signatures, one instruction each".to_owned(), signatures.to_string()),
        (
            "fees, SOL (5,000 lamports a signature)".to_owned(),
            sol(signatures * FEE),
        ),
    ]
}
