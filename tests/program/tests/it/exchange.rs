//! Calls with up to three accounts exchanged: two plans live the same life among different people on one chain, and in
//! calls that are valid for one of them accounts of the other take the place of its own. Whatever succeeds is a valid
//! call for one of the two plans, and leaves the other as it was.
//!
//! `EARNOUT_EXCHANGES=200000` sends as many calls instead of some thousand.

use {
    crate::rng::Rng,
    earnout_tests::{
        keys::*,
        leaving::Leave,
        prices::{Update, feed},
        *,
    },
    serde_json::Value,
    std::collections::{BTreeMap, BTreeSet},
};

/// Calls that are sent where the environment does not say how many.
const CALLS: usize = 6_000;

/// Who may be anyone: who pays, who funds and from where, a treasury that is only now named, and what holds an update.
const FREE: [(&str, &str); 12] = [
    ("create_plan", "payer"),
    ("create_plan", "treasury"),
    ("create_grant", "payer"),
    ("fund", "funder"),
    ("fund", "source"),
    ("attest", "payer"),
    ("attest_page", "payer"),
    ("observe", "payer"),
    ("observe", "price_update"),
    ("settle", "payer"),
    ("dispute", "payer"),
    ("set_treasury", "treasury"),
];

/// Names of the accounts of each instruction.
fn roles() -> BTreeMap<String, Vec<String>> {
    let idl: Value = serde_json::from_str(include_str!("../../../../idl/earnout.json")).unwrap();
    let text = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    instructions
        .map(|one| {
            (
                text(one),
                one["accounts"].as_array().unwrap().iter().map(text).collect(),
            )
        })
        .collect()
}

type Calls = Vec<(&'static str, Instruction)>;

/// Other people with the same roles, and their plan's address.
fn change_people(world: &mut World) {
    let [authority, arbiter, treasury_owner, first, second, third] = std::array::from_fn(|_| {
        let key = world.chain.key();
        world.remember(key.insecure_clone());
        key
    });
    world.source = world.associated(&authority.pubkey());
    let (program, mint, source) = (world.program, world.token.mint, world.source);
    world.chain.mint_to(program, &mint, &source, u64::MAX / 4).unwrap();
    world.treasury = world.associated(&treasury_owner.pubkey());
    world.treasury_owner = treasury_owner.pubkey();
    world.token.plan = pda::plan(&authority.pubkey(), 1);
    (world.authority, world.arbiter, world.oracles) = (authority, arbiter, vec![first, second, third]);
}

/// A plan's life up to half an hour after the end of period 2, and all that can be done then.
fn live(world: &mut World, unearned_policy: UnearnedPolicy) -> Calls {
    world.chain.set_time(GENESIS);
    let pooled = unearned_policy == UnearnedPolicy::Redistribute;
    let terms = CreatePlanArgs {
        unearned_policy,
        period_count: 6,
        enrolment_end: START + 5 * PERIOD,
        ..disputable_terms()
    };
    let [shared, individual] = disputable_kpis();
    let market = KpiArgs {
        decimals: 4,
        feed: Some(feed()),
        ..kpi("market", Scope::Shared)
    };
    let plan = world.active_plan(terms.clone(), &[shared, individual, market], 10_000_000);
    assert_eq!(plan, world.token.plan);
    let (_, both) = world.transferable_grant(&[5_000, 5_000]);
    let timed = world.timed_grant(400_000);
    let (_, later) = world.grant_with(|args| {
        (args.allocation, args.first_period, args.periods) = (300_000, 1, 3);
        (args.time_weight, args.kpi_weights) = (0, vec![5_000, 5_000]);
    });
    let (_, early) = world.grant(100, &[10_000]);
    world.left(Leave::Resign, &early);
    let (_, handed) = world.grant_with(|args| {
        (args.allocation, args.first_period, args.periods, args.transferable) = (1_000, 4, 2, true);
    });
    let heir = world.key();
    world.run(world.offers_grant(&handed, Some(heir)));
    let next_authority = world.key();
    world.run(world.offers_plan(Some(next_authority)));
    for period in 0..2 {
        world.after_period(period, 0);
        world.resolve(0, period, None, 60);
        for grant in [both, later].into_iter().take(1 + usize::from(period)) {
            world.resolve(1, period, Some(grant), 40);
        }
        world.after_windows(period);
        let settled = [both, timed, later].into_iter().take(2 + usize::from(period));
        // Where nothing is pooled, period 1 stays to be settled.
        let settled: Vec<Pubkey> = settled.filter(|_| pooled || period == 0).collect();
        for grant in &settled {
            world.settled(grant);
        }
        // Where it is, one bonus of it stays to be collected.
        for grant in settled
            .iter()
            .filter(|grant| pooled && (period == 0 || **grant != later))
        {
            world.collected(grant, period);
        }
    }
    // Of period 2 one value is disputed, one can be, and one is voted on.
    world.after_period(2, 0);
    for grant in [both, later] {
        world.resolve(1, 2, Some(grant), 70);
    }
    let [of_both, of_later] = [both, later].map(|grant| world.grant_state(&grant).beneficiary);
    world.run(world.disputes(&of_later, 1, 2, Some(later)));
    world.attest(0, 0, 2, None, 50).unwrap();
    world.after_period(2, 1_800);

    let draft = CreatePlanArgs {
        plan_id: 2,
        name: "Design guild".to_owned(),
        unit: String::new(),
        unit_decimals: 0,
        start_ts: START + 100 * PERIOD,
        enrolment_end: START + 101 * PERIOD,
        ..terms
    };
    let new = CreatePlanArgs {
        plan_id: 3,
        ..draft.clone()
    };
    let draft = world.draft_plan(draft);
    let (authority, oracle, payer) = (world.authority.pubkey(), world.oracles[1].pubkey(), world.key());
    let (token, treasury) = (world.token, world.treasury);
    let vote = AttestArgs {
        kpi: 0,
        period: 2,
        value: 55,
        evidence: EVIDENCE,
    };
    let update = world.publish(&Update::first(period_end(2)));
    let seen = ObserveArgs { kpi: 2, period: 2 };
    let upload = AttestPageArgs {
        kpi: 1,
        period: 2,
        first: 1,
        values: vec![70, NO_VALUE],
        evidence: EVIDENCE,
    };
    let dispute = DisputeArgs {
        kpi: 1,
        period: 2,
        grants: Some(world.one(&both)),
        reason_hash: REASON,
    };
    let beneficiary = world.key();
    world.associated(&beneficiary);
    let mut another = world.grant_args(&beneficiary, 1_000, &[10_000]);
    (another.first_period, another.periods) = (4, 2);
    let home = world.associated_address(&of_both);
    let manned = world.manned(new);
    let settle = |world: &World, grant: &Pubkey| {
        instructions::settle(&payer, &plan, &world.plan(), grant, &world.grant_state(grant))
    };
    let mut calls = vec![
        (
            "create_plan",
            instructions::create_plan(&payer, &authority, &token.mint, &treasury, &token.token_program, manned),
        ),
        ("fund", world.fund(10)),
        (
            "withdraw_surplus",
            instructions::withdraw_surplus(&authority, &token, &treasury, Some(10)),
        ),
        (
            "create_grant",
            instructions::create_grant(&payer, &authority, &plan, &token.mint, another),
        ),
        ("attest", instructions::attest(&payer, &oracle, &plan, vote)),
        ("observe", instructions::observe(&payer, &plan, &update, seen)),
        ("attest_page", instructions::attest_page(&payer, &oracle, &plan, upload)),
        ("settle", settle(world, if pooled { &timed } else { &both })),
        ("claim", instructions::claim(&of_both, &token, &both, &home, None)),
        (
            "dispute",
            instructions::dispute(&payer, &of_both, &plan, Some(both), dispute),
        ),
        ("rule", world.rules(1, 2, Some(later), &[later], Some(30))),
        ("rule", world.rules(1, 2, Some(later), &[later], None)),
        ("propose_authority", world.offers_plan(None)),
        ("accept_authority", world.takes_plan(&next_authority)),
        ("propose_oracles", world.announces(&[heir], 1, 5)),
        ("set_treasury", world.sets_treasury(&treasury)),
        (
            "set_uri",
            instructions::set_uri(&authority, &plan, "https://example.org".to_owned()),
        ),
        ("propose_beneficiary", world.offers_grant(&both, None)),
        ("accept_beneficiary", world.takes_grant(&handed, &heir)),
        ("set_claim_lock", world.locks(&both, true)),
        ("terminate_grant", world.leave(Leave::Terminate, &timed)),
        ("resign_grant", world.leave(Leave::Resign, &both)),
        ("close_attestation", world.close_attestation(0, 0)),
        ("close_page", world.close_page(1, 0, &both)),
        ("close_grant", world.close_grant(&early)),
    ];
    if pooled {
        calls.push(("collect_bonus", instructions::collect_bonus(&plan, &later, 1)));
        calls.push(("close_period", world.close_period(0)));
    } else {
        calls.push(("settle", settle(world, &later)));
    }
    world.in_plan(draft, |world| {
        let add = instructions::add_kpi(&authority, &draft, kpi("revenue", Scope::Shared));
        calls.push(("add_kpi", add));
        calls.push(("close_plan", world.close_plan()));
    });
    calls
}

struct Twins {
    world: World,
    plans: [Pubkey; 2],
    sides: [Calls; 2],
    /// All accounts that any of the calls names.
    all: Vec<Pubkey>,
    roles: BTreeMap<String, Vec<String>>,
}

impl Twins {
    fn new(unearned_policy: UnearnedPolicy) -> Self {
        let mut world = World::new(TokenProgram::Spl);
        let first = live(&mut world, unearned_policy);
        let one = world.token.plan;
        change_people(&mut world);
        let second = live(&mut world, unearned_policy);
        let plans = [one, world.token.plan];
        let sides = [first, second];
        let named = sides.iter().flatten().flat_map(|(_, call)| &call.accounts);
        let mut all: BTreeSet<Pubkey> = named.map(|meta| meta.pubkey).collect();
        // It pays for every call, a refused one too.
        all.remove(&world.chain.fee_payer().pubkey());
        let mut twins = Self {
            world,
            plans,
            sides,
            all: all.into_iter().collect(),
            roles: roles(),
        };
        // Each is valid as it is.
        for side in 0..2 {
            for (name, call) in twins.sides[side].clone() {
                let before = twins.snapshot();
                if let Err(failure) = twins.world.send(std::slice::from_ref(&call)) {
                    panic!("{name} of side {side}: {failure}");
                }
                assert_eq!(twins.changed_sides(&before), BTreeSet::from([side]), "{name}");
                twins.restore(&before);
            }
        }
        twins
    }

    fn snapshot(&self) -> Vec<Option<Account>> {
        self.all
            .iter()
            .map(|address| self.world.chain.account(address))
            .collect()
    }

    fn restore(&mut self, before: &[Option<Account>]) {
        for (address, account) in self.all.iter().zip(before) {
            if &self.world.chain.account(address) != account {
                self.world.chain.replace(address, account.clone().unwrap_or_default());
            }
        }
    }

    /// The side whose calls alone name this account.
    fn side(&self, address: &Pubkey) -> Option<usize> {
        let names = |side: &Calls| {
            side.iter()
                .any(|(_, call)| call.accounts.iter().any(|meta| &meta.pubkey == address))
        };
        match [names(&self.sides[0]), names(&self.sides[1])] {
            [true, false] => Some(0),
            [false, true] => Some(1),
            _ => None,
        }
    }

    /// The sides of which an account of the program, or a vault, is another than before.
    fn changed_sides(&self, before: &[Option<Account>]) -> BTreeSet<usize> {
        let vaults = self.plans.map(|plan| pda::vault(&plan));
        let of_program =
            |account: &Option<Account>| account.as_ref().is_some_and(|account| account.owner == earnout::ID);
        let changed = self.all.iter().zip(before).filter(|(address, before)| {
            let now = self.world.chain.account(address);
            &now != *before && (of_program(&now) || of_program(before) || vaults.contains(address))
        });
        changed.filter_map(|(address, _)| self.side(address)).collect()
    }

    /// What is wrong with a call that succeeded.
    fn fault(&self, name: &str, call: &Instruction, before: &[Option<Account>]) -> Option<String> {
        let sides: Vec<usize> = self.changed_sides(before).into_iter().collect();
        let [side] = sides[..] else {
            return Some(format!("it changed {} plans", sides.len()));
        };
        for plan in &self.plans {
            let state = self.world.chain.plan(plan).unwrap();
            if state.surplus(self.world.chain.balance(&state.vault)).is_err() {
                return Some("a vault holds less than it owes".to_owned());
            }
        }
        let roles = &self.roles[name];
        for (index, meta) in call.accounts.iter().enumerate() {
            let role = roles.get(index).map_or("evaluation", String::as_str);
            // A beneficiary names any account. Others pay its own, and can be anyone.
            let free = FREE.contains(&(name, role))
                // Not read: an event goes to its own address, and where nothing is sent no memo is.
                || ["program", "memo_program"].contains(&role)
                || (name == "claim" && role == "claimant")
                || (name == "claim" && role == "destination" && self.side(&call.accounts[0].pubkey) == Some(side));
            if !free && self.side(&meta.pubkey).is_some_and(|of| of != side) {
                return Some(format!("{role} is the other's"));
            }
        }
        None
    }
}

/// The one that is not exchanged although it names more than that: the plans here are active.
const APART: &str = "activate_plan";
/// The plan and its authority, and the program with its events. Their other sides are tried in other calls.
const COMMON: [&str; 4] = ["authority", "plan", "event_authority", "program"];

#[test]
fn g12_g13_calls_with_up_to_three_accounts_exchanged_between_twin_plans() {
    let calls = std::env::var("EARNOUT_EXCHANGES").map_or(CALLS, |calls| calls.parse().expect("a number of calls"));
    let (mut numbers, mut accepted, mut failures) = (Rng(200), 0, Vec::new());
    let mut apart: BTreeSet<String> = roles().into_keys().collect();
    for unearned_policy in [UnearnedPolicy::Return, UnearnedPolicy::Redistribute] {
        let mut twins = Twins::new(unearned_policy);
        let before = twins.snapshot();
        apart.retain(|name| twins.sides[0].iter().all(|(called, _)| called != name));
        let mut sent = 0;
        while sent < calls / 2 {
            let side = numbers.index(2);
            let number = numbers.index(twins.sides[side].len());
            let (name, valid) = twins.sides[side][number].clone();
            let twin = &twins.sides[1 - side][number].1;
            let mut call = valid.clone();
            for _ in 0..1 + numbers.index(3) {
                let index = numbers.index(call.accounts.len());
                call.accounts[index].pubkey = if numbers.index(5) < 3 {
                    twin.accounts[index].pubkey
                } else {
                    twins.all[numbers.index(twins.all.len())]
                };
            }
            if call.accounts == valid.accounts {
                continue;
            }
            sent += 1;
            let result = twins.world.send(std::slice::from_ref(&call));
            if result.is_ok() {
                accepted += 1;
                if let Some(fault) = twins.fault(name, &call, &before) {
                    failures.push(format!("{name}: {fault}: {:?}", call.accounts));
                }
                twins.restore(&before);
            } else if sent % 16 == 0 {
                assert_eq!(twins.snapshot(), before, "{name}: a refused call changed an account");
            }
        }
        assert_eq!(twins.snapshot(), before, "a refused call changed an account");
    }
    println!("{calls} calls, {accepted} of them valid for one of the plans");
    assert!(accepted > 0, "exchanging who pays is allowed");
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
    let roles = roles();
    apart.retain(|name| roles[name].iter().any(|role| !COMMON.contains(&role.as_str())));
    assert_eq!(apart, BTreeSet::from([APART.to_owned()]));
}
