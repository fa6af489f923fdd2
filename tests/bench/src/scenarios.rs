//! What is measured: each instruction in the situations that change its cost.

use {
    crate::rent::rent,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, CreatePlanArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
        state::{CurvePoint, KpiArgs, Release, Scope, UnearnedPolicy},
    },
    earnout_sdk::{
        text::amount::sol,
        wire::{accounts, instructions, pda},
    },
    earnout_tests::{scenes::CASES, *},
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
    add(
        "attest",
        "first vote, creates the account",
        &world.attest(0, 0, 0, Some(grant), 70).unwrap(),
    );
    add(
        "attest",
        "second vote, another value",
        &world.attest(1, 0, 0, Some(grant), 80).unwrap(),
    );
    add(
        "attest",
        "third vote, resolves",
        &world.attest(2, 0, 0, Some(grant), 70).unwrap(),
    );
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
        "attest",
        "second vote, another value, periods of months",
        &world.attest(1, 0, 0, Some(grant), 80).unwrap(),
    );
    world.attest(2, 0, 0, Some(grant), 70).unwrap();
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
    let (plan, state) = (world.token.plan, world.plan());
    let args = |kpi| DisputeArgs {
        kpi,
        period: 0,
        reason_hash: [1; 32],
    };
    world.after_period(0, 0);
    world.resolve(0, 0, None, 80);
    let key = beneficiary.pubkey();
    let value = instructions::dispute(&key, &key, &plan, &state, Some(grant), args(0));
    let value = world.chain.send(&[value], &[&beneficiary]).unwrap();
    add("dispute", "a value, by a beneficiary", &value);
    let attestation = pda::attestation(&plan, 0, 0);
    let ruling = RuleArgs {
        value: None,
        reason_hash: [2; 32],
    };
    let rule = instructions::rule(&world.arbiter.pubkey(), &plan, &attestation, Some(grant), ruling);
    let arbiter = world.arbiter.insecure_clone();
    let rule = world.chain.send(&[rule], &[&arbiter]).unwrap();
    add("rule", "the value stands", &rule);
    world.after_period(0, DAY);
    let authority = world.authority.pubkey();
    let silence = instructions::dispute(&authority, &authority, &plan, &state, None, args(1));
    let silence = world.by_authority(&[silence]).unwrap();
    add("dispute", "a silence, creates the account", &silence);
    let attestation = pda::attestation(&plan, 1, 0);
    let ruling = RuleArgs {
        value: Some(70),
        reason_hash: [2; 32],
    };
    let rule = instructions::rule(&arbiter.pubkey(), &plan, &attestation, None, ruling);
    let rule = world.chain.send(&[rule], &[&arbiter]).unwrap();
    add("rule", "another value counts", &rule);
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
    let mut world = World::active(TokenProgram::Spl, terms, &[kpi("revenue", Scope::Shared)], FUNDS);
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
    let attestations = grants * periods * kpis;
    let all = |bytes: usize, accounts: u64| rent(bytes as u64 * accounts, accounts);
    let plan = rent(accounts::space::<earnout::state::Plan>() as u64 + 165, 2);
    let grant = all(accounts::space::<earnout::state::Grant>(), grants);
    let attestation = all(accounts::space::<earnout::state::Attestation>(), attestations);
    // Payer and authority or oracle may be one key; one signature each then.
    let signatures = 1 + kpis + 1 + 1 + grants + attestations * votes + grants * periods * 2 + 1;
    vec![
        ("rent of plan and vault, SOL (returned when closed)".to_owned(), plan),
        ("rent of 60 grants, SOL (returned when closed)".to_owned(), grant),
        (
            "rent of 1,800 attestations, SOL (returned when closed)".to_owned(),
            attestation,
        ),
        ("signatures, one instruction each".to_owned(), signatures.to_string()),
        (
            "fees, SOL (5,000 lamports a signature)".to_owned(),
            sol(signatures * FEE),
        ),
    ]
}
