//! The SDK's transparency report against amounts worked out by hand, and what it finds when something is not as it
//! should be. `events.rs` has it after every transaction of a long life.

use {
    earnout_sdk::{
        report::statement::{GrantSource, Measurement, Sources, Stage, Statement, ValueKey},
        todo::agenda::{Task, agenda},
        wire::Evaluation,
    },
    earnout_tests::*,
    std::collections::BTreeMap,
};

const REVENUE: u8 = 0;
const TASKS: u8 = 1;

/// A plan that redistributes, and two grants: the first depends on time by a fifth, on the shared revenue by half and
/// on its own tasks for the rest, the second on revenue alone.
struct Case {
    world: World,
    first: Pubkey,
    second: Pubkey,
}

impl Case {
    fn new() -> Self {
        let terms = CreatePlanArgs {
            unearned_policy: UnearnedPolicy::Redistribute,
            ..terms()
        };
        let kpis = [stretch_kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
        let mut world = World::active(TokenProgram::Spl, terms, &kpis, 1_100_000);
        let (_, first) = world.grant(400_000, &[5_000, 3_000]);
        let (_, second) = world.grant(200_000, &[10_000, 0]);
        Self { world, first, second }
    }

    /// After period 0 the oracles agree that revenue is 60, and two of them report 80 and 90 for the tasks.
    fn voted() -> Self {
        let mut case = Self::new();
        case.world.after_period(0, 100);
        for (oracle, value) in [(0, 50), (1, 60), (2, 60)] {
            case.world.attest(oracle, REVENUE, 0, None, value).unwrap();
        }
        for (oracle, value) in [(0, 80), (1, 90)] {
            case.world.attest(oracle, TASKS, 0, Some(case.first), value).unwrap();
        }
        case
    }

    /// The same with period 0 settled, collected and in part claimed.
    fn settled() -> Self {
        let mut case = Self::voted();
        case.world.after_windows(0);
        for grant in [case.first, case.second] {
            case.world.settled(&grant);
        }
        for grant in [case.first, case.second] {
            case.world.collected(&grant, 0);
        }
        case.world.claim(&case.second).unwrap();
        case
    }

    /// What the chain has, as a client would read it.
    fn sources(&self) -> Sources {
        let (world, plan, now) = (&self.world, self.world.plan(), self.world.chain.now());
        let grants = [(0, self.first), (1, self.second)].map(|(number, address)| {
            let state = world.grant_state(&address);
            let closed = false;
            let source = GrantSource {
                address,
                state,
                earlier: Vec::new(),
                closed,
            };
            (number, source)
        });
        let mut measurements = BTreeMap::new();
        for (kpi, grant) in [(REVENUE, None), (TASKS, Some(0))] {
            let address = pda::evaluation(&world.token.plan, kpi, 0, grant);
            if let Some(account) = world.chain.account(&address) {
                let (set, state) = (plan.oracle_set(0), Evaluation::read(&account.data).unwrap());
                let first = world.grant_state(&self.first);
                let measurement = Measurement::of(&plan, &state, &first, Some(set), false, now).unwrap();
                measurements.insert(ValueKey { period: 0, kpi, grant }, measurement);
            }
        }
        let pool = world.chain.period(&pda::period(&world.token.plan, 0));
        Sources {
            address: world.token.plan,
            plan,
            closing: None,
            now,
            vault_balance: world.vault_balance(),
            grants: grants.into(),
            complete: true,
            measurements,
            pools: pool.into_iter().map(|pool| (0, pool)).collect(),
            collected: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    fn statement(&self) -> Statement {
        Statement::of(self.sources()).unwrap()
    }

    fn oracle(&self, position: usize) -> Pubkey {
        self.world.oracles[position].pubkey()
    }

    fn agenda(&self) -> Vec<Task> {
        agenda(&self.statement()).unwrap()
    }
}

/// The findings in words.
fn found(sources: Sources) -> Vec<String> {
    let statement = Statement::of(sources).unwrap();
    statement.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_settled_period_line_by_line() {
    let statement = Case::settled().statement();
    assert_eq!(statement.findings, []);

    // Revenue scores 6,000, the tasks' median 8,000: the lower of the two middle scores.
    let first = &statement.grants[&0];
    let [line] = first.lines.as_slice() else {
        panic!("one period has ended");
    };
    assert_eq!(line.results.scores[..3], [6_000, 8_000, 0]);
    // 100,000 · (0.2 + 0.5 · 0.6 + 0.3 · 0.8), of which time is 20,000.
    let settlement = line.settlement.unwrap();
    assert_eq!(
        (line.tranche, settlement.earned, settlement.unearned),
        (100_000, 74_000, 26_000)
    );
    assert_eq!((settlement.pooled, settlement.kpi_amount), (26_000, 54_000));
    // 46,000 · 54,000 / 84,000, rounded down.
    assert_eq!((line.bonus, line.returned, line.claimed), (Some(29_571), 0, 0));
    assert_eq!(
        (first.vested, first.claimable, first.cancelled, first.forfeited),
        (103_571, 103_571, 0, 0)
    );

    let second = &statement.grants[&1];
    let line = &second.lines[0];
    assert_eq!(line.results.scores[..2], [6_000, 0]);
    let settlement = line.settlement.unwrap();
    assert_eq!(
        (line.tranche, settlement.earned, settlement.kpi_amount),
        (50_000, 30_000, 30_000)
    );
    // 46,000 · 30,000 / 84,000, rounded down; all of it claimed.
    assert_eq!((line.bonus, line.claimed), (Some(16_428), 46_428));
    assert_eq!((second.vested, second.claimable), (46_428, 0));

    let period = &statement.periods[0];
    assert_eq!((period.stage, period.grants, period.settled), (Stage::Over, 2, 2));
    assert_eq!((period.earned, period.bonus, period.returned), (104_000, 45_999, 0));
    let pool = period.pool.unwrap();
    assert_eq!((pool.pool, pool.kpi_total, pool.paid), (46_000, 84_000, 45_999));
    assert_eq!((pool.expected, pool.collected, pool.left_over), (2, 2, 1));
    assert_eq!(
        (statement.periods[1].stage, statement.periods[1].settled),
        (Stage::Running, 0)
    );

    let totals = statement.totals;
    assert_eq!(
        (totals.allocated, totals.earned, totals.bonus),
        (600_000, 104_000, 45_999)
    );
    assert_eq!(
        (totals.claimed, totals.claimable, totals.left_over),
        (46_428, 103_571, 1)
    );
    let vault = statement.vault;
    assert_eq!(
        (vault.funded, vault.claimed, vault.balance),
        (1_100_000, 46_428, 1_053_572)
    );
    // Three tranches each, at most 1.5 and 2 times.
    assert_eq!((vault.reserved, vault.owed, vault.pooled), (750_000, 103_571, 0));
    assert_eq!((vault.surplus, vault.donated, vault.withdrawn), (200_001, 0, 0));
}

#[test]
fn who_attested_what_and_what_counted() {
    let case = Case::voted();
    let statement = case.statement();
    let revenue = statement.measurement(REVENUE, 0, 1).unwrap();
    let votes: Vec<_> = revenue
        .votes
        .iter()
        .map(|vote| (vote.oracle, vote.value, vote.evidence))
        .collect();
    let vote = |position: usize, value| (Some(case.oracle(position)), value, [9; 32]);
    assert_eq!(votes, [vote(0, 50), vote(1, 60), vote(2, 60)]);
    assert_eq!(
        (revenue.reading.score, revenue.agreed_at),
        (6_000, Some(case.world.chain.now()))
    );
    // The same value for both grants; nobody reports tasks for the second.
    assert_eq!(statement.measurement(REVENUE, 0, 0).unwrap(), revenue);
    assert_eq!(statement.measurement(TASKS, 0, 0).unwrap().votes.len(), 2);
    assert_eq!(statement.measurement(TASKS, 0, 1).unwrap().votes.len(), 0);
    assert!(statement.measurement(2, 0, 0).is_err());
}

#[test]
fn a_donation_shows_as_one() {
    let mut case = Case::settled();
    case.world.donate(77);
    let statement = case.statement();
    assert_eq!(statement.findings, []);
    assert_eq!((statement.vault.donated, statement.vault.surplus), (77, 200_078));
}

#[test]
fn a_part_of_the_grants_agrees_by_the_recorded_pools() {
    let case = Case::settled();
    let part = || {
        let mut sources = case.sources();
        sources.complete = false;
        sources.grants.remove(&1);
        sources
    };
    let statement = Statement::of(part()).unwrap();
    assert_eq!(statement.findings, []);
    assert_eq!(statement.grants[&0].lines[0].bonus, Some(29_571));
    // Where the pool was closed the bonus cannot be computed again, and is not guessed.
    let mut sources = part();
    sources.pools.clear();
    let statement = Statement::of(sources).unwrap();
    assert_eq!(statement.findings, []);
    assert_eq!(statement.grants[&0].lines[0].bonus, None);
    // The grant's own events tell it, and must sum to what the grant has recorded.
    let told = |bonus| {
        let mut sources = part();
        sources.pools.clear();
        sources.collected.insert((0, 0), bonus);
        Statement::of(sources).unwrap()
    };
    assert_eq!(told(29_571).findings, []);
    assert_eq!(told(29_571).grants[&0].lines[0].bonus, Some(29_571));
    assert_eq!(
        told(29_570).findings[0].to_string(),
        "grant 0: bonus is 29571 in the account and 29570 by the attested values"
    );
}

#[test]
fn every_figure_that_does_not_follow_is_found() {
    let case = Case::settled();
    let changed = |change: &dyn Fn(&mut Sources)| {
        let mut sources = case.sources();
        change(&mut sources);
        found(sources)
    };
    let grant = |change: fn(&mut Grant)| changed(&|sources| change(&mut sources.grants.get_mut(&0).unwrap().state));
    let plan = |change: fn(&mut Plan)| changed(&|sources| change(&mut sources.plan));
    let pool = |change: fn(&mut Period)| changed(&|sources| change(sources.pools.get_mut(&0).unwrap()));
    let differs = |subject: &str, figure: &str, recorded: u64, computed: u64| {
        format!("{subject}: {figure} is {recorded} in the account and {computed} by the attested values")
    };

    assert_eq!(
        grant(|grant| grant.earned += 1),
        [
            differs("grant 0", "earned", 74_001, 74_000),
            differs("the plan", "owed", 103_571, 103_572),
            differs("the plan", "earned in total", 104_000, 104_001),
        ]
    );
    assert_eq!(
        grant(|grant| grant.bonus -= 1),
        [
            differs("grant 0", "bonus", 29_570, 29_571),
            differs("the plan", "owed", 103_571, 103_570),
            differs("the plan", "bonuses in total", 45_999, 45_998),
        ]
    );
    assert_eq!(
        grant(|grant| grant.last_earned = 1),
        [differs("grant 0", "last earned", 1, 74_000)]
    );
    assert_eq!(
        grant(|grant| grant.last_tranche = 2),
        [differs("grant 0", "last tranche", 2, 100_000)]
    );
    assert_eq!(
        grant(|grant| grant.last_kpi_amount = 3),
        [differs("grant 0", "KPI amount", 3, 54_000)]
    );
    assert_eq!(grant(|grant| grant.carry = 4)[0], differs("grant 0", "carry", 4, 0));
    assert_eq!(
        grant(|grant| grant.reserved += 5),
        [
            differs("grant 0", "reserved", 450_005, 450_000),
            differs("the plan", "reserved", 750_000, 750_005),
        ]
    );
    assert_eq!(
        grant(|grant| grant.next_period = 0)[0],
        differs("grant 0", "earned", 74_000, 0)
    );

    for (change, figure, recorded, computed) in [
        (
            (|plan| plan.reserved += 1) as fn(&mut Plan),
            "reserved",
            750_001,
            750_000,
        ),
        (|plan| plan.owed -= 1, "owed", 103_570, 103_571),
        (|plan| plan.pooled += 2, "pooled", 2, 0),
        (|plan| plan.earned_total -= 1, "earned in total", 103_999, 104_000),
        (|plan| plan.bonus_total += 1, "bonuses in total", 46_000, 45_999),
        (|plan| plan.grant_counter += 1, "number of grants made", 3, 2),
        (|plan| plan.open_grants -= 1, "number of open grants", 1, 2),
        (
            |plan| plan.unsettled_grants[3] = 7,
            "number of unsettled grants of a period",
            7,
            2,
        ),
    ] {
        assert_eq!(plan(change), [differs("the plan", figure, recorded, computed)]);
    }
    assert_eq!(
        plan(|plan| plan.claimed_total -= 1),
        [
            differs("the plan", "claimed in total", 46_427, 46_428),
            differs(
                "the plan",
                "claimed, withdrawn and left in the vault",
                1_099_999,
                1_100_000
            ),
        ]
    );

    for (change, figure, recorded, computed) in [
        ((|pool| pool.pool = 1) as fn(&mut Period), "pool", 1, 46_000),
        (|pool| pool.kpi_total = 2, "sum of the KPI amounts", 2, 84_000),
        (|pool| pool.paid = 3, "bonuses paid", 3, 45_999),
        (|pool| pool.collected = 4, "number of bonuses collected", 4, 2),
    ] {
        assert_eq!(
            pool(change),
            [differs("the pool of period 0", figure, recorded, computed)]
        );
    }

    // Less in the vault than is owed; and less than what came in and did not leave.
    assert_eq!(
        changed(&|sources| sources.vault_balance = 853_570),
        [
            "the vault holds 1 less than the plan owes".to_owned(),
            differs(
                "the plan",
                "claimed, withdrawn and left in the vault",
                899_998,
                1_100_000
            ),
        ]
    );
    assert_eq!(
        changed(&|sources| sources.missing.push("something was closed".to_owned())),
        ["something was closed"]
    );
}

#[test]
fn a_value_that_was_not_attested_is_found() {
    let case = Case::settled();
    let mut sources = case.sources();
    // The record of the tasks is gone: as if the oracles had been silent, which scores 0.
    let tasks = ValueKey {
        period: 0,
        kpi: TASKS,
        grant: Some(0),
    };
    sources.measurements.remove(&tasks).unwrap();
    let found = found(sources);
    let earned = "grant 0: earned is 74000 in the account and 50000 by the attested values";
    assert_eq!(found[0], earned);
    assert!(
        found
            .iter()
            .any(|finding| finding.starts_with("the pool of period 0: pool is 46000"))
    );
}

#[test]
fn what_is_due_from_the_draft_to_the_claim() {
    let mut case = Case::new();
    let (oracles, window) = ([0, 1, 2].map(|position| case.oracle(position)), DAY);
    let end = START + PERIOD;
    let vote = |kpi, missing: &[Pubkey]| Task::Vote {
        period: 0,
        kpi,
        missing: missing.iter().map(|oracle| (*oracle, 1)).collect(),
        until: end + window,
    };
    assert_eq!(case.agenda(), []);
    case.world.chain.set_time(end - 1);
    assert_eq!(case.agenda(), []);
    // Voting is open for the shared value and for the one grant that is measured.
    case.world.chain.set_time(end);
    assert_eq!(case.agenda(), [vote(REVENUE, &oracles), vote(TASKS, &oracles)]);
    case.world.attest(0, REVENUE, 0, None, 60).unwrap();
    assert_eq!(case.agenda(), [vote(REVENUE, &oracles[1..]), vote(TASKS, &oracles)]);
    // Two agree: from now on it can be disputed.
    case.world.chain.set_time(end + 10);
    case.world.attest(2, REVENUE, 0, None, 60).unwrap();
    let dispute = |kpi, until| Task::Dispute {
        period: 0,
        kpi,
        open: 1,
        until,
    };
    assert_eq!(
        case.agenda(),
        [dispute(REVENUE, end + 10 + window), vote(TASKS, &oracles)]
    );
    // The second grant depends on it alone.
    case.world.chain.set_time(end + 10 + window);
    let settle = |grants| Task::Settle { period: 0, grants };
    assert_eq!(case.agenda(), [dispute(TASKS, end + 2 * window), settle(1)]);
    let beneficiary = case.world.grant_state(&case.first).beneficiary;
    let disputes = case.world.disputes(&beneficiary, TASKS, 0, Some(case.first));
    case.world.run(disputes);
    let rule = Task::Rule {
        period: 0,
        kpi: TASKS,
        open: 1,
        grants: vec![0],
        until: end + 10 + 2 * window,
    };
    assert_eq!(case.agenda(), [rule, settle(1)]);
    case.world.settled(&case.second);
    case.world.chain.set_time(end + 10 + 2 * window);
    let claim = |grants, amount| Task::Claim { grants, amount };
    assert_eq!(case.agenda(), [settle(1), claim(1, 30_000)]);
    case.world.settled(&case.first);
    let collect = |grants| Task::Collect { period: 0, grants };
    assert_eq!(case.agenda(), [collect(2), claim(2, 80_000)]);
    case.world.collected(&case.second, 0);
    // 46,000 were not earned of which 20,000 by the second: (50,000 + 20,000) · 30,000 / 60,000, at most the tranche.
    assert_eq!(case.agenda(), [collect(1), claim(2, 115_000)]);
}
