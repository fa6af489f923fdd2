//! `activate_plan`: which terms can be frozen.

use earnout_tests::*;

const YEAR_366: u32 = 366 * 86_400;
const DAYS_90: u32 = 90 * 86_400;

fn revenue() -> KpiArgs {
    kpi("revenue", Scope::Shared)
}

/// A draft of these terms with one KPI, on a chain that may have others.
fn draft(world: &mut World, mut args: CreatePlanArgs, number: u64) -> Instruction {
    args.plan_id = number;
    world.token.plan = world.draft_plan(args);
    world.add_kpis(&[revenue()]);
    world.activate()
}

#[test]
fn activation_freezes_the_terms() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::draft(program, terms());
        world.add_kpis(&[revenue()]);
        world.chain.set_time(GENESIS + DAY);
        let mut expected = world.plan();
        let receipt = world.run(world.activate());
        expected.status = 1;
        expected.activated_at = GENESIS + DAY;
        expected.event_sequence = 3;
        assert_eq!(world.plan(), expected);
        let event = PlanActivated {
            plan: world.token.plan,
            time: GENESIS + DAY,
            sequence: 3,
            last_deadline: START + 4 * PERIOD + 3 * DAY,
            unit_exponent: 0,
        };
        assert_eq!(the_event!(receipt, PlanActivated), event);
    }
}

#[test]
fn g5_a_plan_is_activated_once() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[revenue()]);
    let activate = world.activate();
    world.run(activate.clone());
    world.refuses(&activate, EarnoutError::PlanNotDraft);
    world.tamper::<Plan>(&world.token.plan.clone(), |plan| plan.status = 2);
    world.refuses(&activate, EarnoutError::PlanNotDraft);
}

#[test]
fn a_plan_without_a_kpi_is_refused() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.refuses(&world.activate(), EarnoutError::NoKpi);
}

#[test]
fn the_last_moment_is_the_second_before_the_start() {
    let mut world = World::new(TokenProgram::Spl);
    let first = draft(&mut world, terms(), 1);
    let second = draft(&mut world, terms(), 2);
    world.chain.set_time(START - 1);
    world.run(first);
    world.chain.set_time(START);
    world.refuses(&second, EarnoutError::BadStart);
}

#[test]
fn each_bad_term_has_its_own_error_and_each_limit_itself_is_accepted() {
    use EarnoutError::*;
    type Change = fn(&mut CreatePlanArgs);
    const LATEST: i64 = GENESIS + 5 * YEAR_366 as i64;
    /// Moves the start and lets enrolment end with it.
    fn start(args: &mut CreatePlanArgs, start_ts: i64) {
        args.start_ts = start_ts;
        args.enrolment_end = start_ts;
    }
    fn calendar(args: &mut CreatePlanArgs, cadence: Cadence, period_count: u16) {
        args.cadence = cadence;
        args.period_count = period_count;
        args.enrolment_end = START;
    }
    fn no_arbiter(args: &mut CreatePlanArgs, challenge_secs: u32, ruling_secs: u32) {
        (args.arbiter, args.challenge_secs, args.ruling_secs) = (None, challenge_secs, ruling_secs);
    }
    let cases: &[(&str, Change, Option<EarnoutError>)] = &[
        ("a start now", |args| start(args, GENESIS), Some(BadStart)),
        ("a start in a second", |args| start(args, GENESIS + 1), None),
        ("a start in the past", |args| start(args, GENESIS - 1), Some(BadStart)),
        ("the smallest start", |args| start(args, i64::MIN), Some(BadStart)),
        ("the latest start", |args| start(args, LATEST), None),
        ("a start a second later", |args| start(args, LATEST + 1), Some(BadStart)),
        ("the largest start", |args| start(args, i64::MAX), Some(BadStart)),
        (
            "periods of no time",
            |args| calendar(args, Cadence::Seconds(0), 4),
            Some(BadCalendar),
        ),
        (
            "periods of 599 s",
            |args| calendar(args, Cadence::Seconds(599), 4),
            Some(BadCalendar),
        ),
        (
            "periods of 600 s",
            |args| calendar(args, Cadence::Seconds(600), 4),
            None,
        ),
        (
            "periods of 366 days",
            |args| calendar(args, Cadence::Seconds(YEAR_366), 120),
            None,
        ),
        (
            "a second more",
            |args| calendar(args, Cadence::Seconds(YEAR_366 + 1), 4),
            Some(BadCalendar),
        ),
        (
            "periods of 0 months",
            |args| calendar(args, Cadence::Months(0), 4),
            Some(BadCalendar),
        ),
        ("periods of 1 month", |args| calendar(args, Cadence::Months(1), 4), None),
        (
            "periods of 12 months",
            |args| calendar(args, Cadence::Months(12), 120),
            None,
        ),
        (
            "periods of 13 months",
            |args| calendar(args, Cadence::Months(13), 4),
            Some(BadCalendar),
        ),
        (
            "no periods",
            |args| calendar(args, Cadence::Months(1), 0),
            Some(BadCalendar),
        ),
        ("1 period", |args| calendar(args, Cadence::Months(1), 1), None),
        ("120 periods", |args| calendar(args, Cadence::Seconds(600), 120), None),
        (
            "121 periods",
            |args| calendar(args, Cadence::Seconds(600), 121),
            Some(BadCalendar),
        ),
        (
            "65,535 periods",
            |args| calendar(args, Cadence::Seconds(600), u16::MAX),
            Some(BadCalendar),
        ),
        ("599 s to attest", |args| args.attest_secs = 599, Some(BadWindow)),
        ("600 s to attest", |args| args.attest_secs = 600, None),
        ("90 days to attest", |args| args.attest_secs = DAYS_90, None),
        (
            "90 days and a second to attest",
            |args| args.attest_secs = DAYS_90 + 1,
            Some(BadWindow),
        ),
        ("599 s of notice", |args| args.notice_secs = 599, Some(BadWindow)),
        ("600 s of notice", |args| args.notice_secs = 600, None),
        ("90 days of notice", |args| args.notice_secs = DAYS_90, None),
        (
            "90 days and a second of notice",
            |args| args.notice_secs = DAYS_90 + 1,
            Some(BadWindow),
        ),
        (
            "nothing to challenge, with an arbiter",
            |args| args.challenge_secs = 0,
            Some(BadWindow),
        ),
        ("599 s to challenge", |args| args.challenge_secs = 599, Some(BadWindow)),
        ("600 s to challenge", |args| args.challenge_secs = 600, None),
        (
            "90 days for both",
            |args| (args.challenge_secs, args.ruling_secs) = (DAYS_90, DAYS_90),
            None,
        ),
        (
            "a second more to challenge than to rule",
            |args| args.challenge_secs = 86_401,
            Some(BadWindow),
        ),
        (
            "90 days and a second to challenge",
            |args| args.challenge_secs = DAYS_90 + 1,
            Some(BadWindow),
        ),
        (
            "nothing to rule, with an arbiter",
            |args| args.ruling_secs = 0,
            Some(BadWindow),
        ),
        (
            "599 s for both",
            |args| (args.challenge_secs, args.ruling_secs) = (599, 599),
            Some(BadWindow),
        ),
        (
            "600 s for both",
            |args| (args.challenge_secs, args.ruling_secs) = (600, 600),
            None,
        ),
        ("90 days to rule", |args| args.ruling_secs = DAYS_90, None),
        (
            "90 days and a second to rule",
            |args| args.ruling_secs = DAYS_90 + 1,
            Some(BadWindow),
        ),
        ("no arbiter and no windows", |args| no_arbiter(args, 0, 0), None),
        (
            "a challenge window without an arbiter",
            |args| no_arbiter(args, 600, 0),
            Some(BadWindow),
        ),
        (
            "a ruling window without an arbiter",
            |args| no_arbiter(args, 0, 600),
            Some(BadWindow),
        ),
        ("no smallest allocation", |args| args.min_allocation = 0, Some(BadCaps)),
        (
            "smallest above largest",
            |args| (args.min_allocation, args.max_allocation) = (2, 1),
            Some(BadCaps),
        ),
        (
            "smallest is largest",
            |args| (args.min_allocation, args.max_allocation) = (2, 2),
            None,
        ),
        ("no grants", |args| args.max_grants = 0, Some(BadCaps)),
        ("1 grant", |args| args.max_grants = 1, None),
        ("the largest bonus cap", |args| args.bonus_cap_bps = 1_000_000, None),
        (
            "a larger bonus cap",
            |args| args.bonus_cap_bps = 1_000_001,
            Some(BadCaps),
        ),
        ("no bonus at all", |args| args.bonus_cap_bps = 0, None),
        ("the largest fee", |args| args.max_fee_bps = 10_000, None),
        ("a larger fee", |args| args.max_fee_bps = 10_001, Some(BadCaps)),
        ("enrolment over now", |args| args.enrolment_end = GENESIS, Some(BadCaps)),
        (
            "enrolment over in a second",
            |args| args.enrolment_end = GENESIS + 1,
            None,
        ),
        (
            "enrolment to the end",
            |args| args.enrolment_end = START + 4 * PERIOD,
            None,
        ),
        (
            "enrolment past the end",
            |args| args.enrolment_end = START + 4 * PERIOD + 1,
            Some(BadCaps),
        ),
        (
            "enrolment permanently",
            |args| args.enrolment_end = i64::MAX,
            Some(BadCaps),
        ),
    ];
    let mut world = World::new(TokenProgram::Spl);
    for (number, (case, change, refused)) in (1..).zip(cases) {
        println!("{case}");
        let mut args = world.manned(terms());
        change(&mut args);
        args.plan_id = number;
        // Not by `draft`, which would fill in an arbiter.
        let create = world.create_plan(args);
        world.run(create);
        world.token.plan = pda::plan(&world.authority.pubkey(), number);
        world.add_kpis(&[revenue()]);
        let activate = world.activate();
        match refused {
            Some(error) => world.refuses(&activate, *error),
            None => {
                world.run(activate);
                assert_eq!(world.plan().status().unwrap(), PlanStatus::Active);
            }
        }
    }
}

#[test]
fn roles_are_checked_again() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[revenue()]);
    let (plan, authority, oracle) = (world.token.plan, world.authority.pubkey(), world.oracles[0].pubkey());
    let arbiter = world.arbiter.pubkey();
    for bad_arbiter in [authority, oracle] {
        world.tamper::<Plan>(&plan, |plan| plan.arbiter = bad_arbiter);
        world.refuses(&world.activate(), EarnoutError::RolesNotSeparate);
    }
    world.tamper::<Plan>(&plan, |plan| {
        (plan.arbiter, plan.oracles.keys[2]) = (arbiter, authority)
    });
    world.refuses(&world.activate(), EarnoutError::RolesNotSeparate);
}

#[test]
fn the_mint_must_still_be_acceptable() {
    let mut world = World::draft(TokenProgram::Token2022, terms());
    world.add_kpis(&[revenue()]);
    let (freezable, delegated) = (world.freezable_mint(), world.delegated_mint());
    world.replace_mint(&freezable);
    world.refuses(&world.activate(), EarnoutError::FreezeAuthorityNotAllowed);
    world.replace_mint(&delegated);
    world.refuses(&world.activate(), EarnoutError::ExtensionNotAllowed);
    let wallet = world.key();
    world.replace_mint(&wallet);
    world.refuses(&world.activate(), EarnoutError::WrongMint);
}

#[test]
fn g13_only_the_authority_activates_with_the_plans_mint() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[revenue()]);
    let activate = world.activate();
    let (authority, plan, mint) = (world.authority.pubkey(), world.token.plan, world.token.mint);
    let (stranger, oracle, other_mint) = (world.key(), world.oracles[0].pubkey(), world.freezable_mint());
    let cases = [
        (authority, stranger, EarnoutError::WrongAuthority),
        (authority, oracle, EarnoutError::WrongAuthority),
        (mint, other_mint, EarnoutError::WrongMint),
        (mint, world.source, EarnoutError::WrongMint),
    ];
    world.refuses_swapped(&activate, &cases);
    world.refuses_broken(&activate, &[authority], &[plan]);
    world.run(activate);
}
