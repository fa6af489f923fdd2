//! `add_kpi`: what may be measured, and how its curve must look.

use {bytemuck::Zeroable, earnout::state, earnout_tests::*};

fn add(world: &World, args: KpiArgs) -> Instruction {
    instructions::add_kpi(&world.authority.pubkey(), &world.token.plan, args)
}

fn points(points: &[(i64, u16)]) -> Vec<CurvePoint> {
    points
        .iter()
        .map(|&(value, score)| CurvePoint { value, score })
        .collect()
}

#[test]
fn a_kpi_is_stored_in_full_and_reported() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let first = KpiArgs {
        name: "net revenue €".to_owned(),
        unit: "k€".to_owned(),
        rubric_hash: [5; 32],
        decimals: 18,
        scope: Scope::Shared,
        range_min: i64::MIN + 1,
        range_max: i64::MAX,
        interpolation: Interpolation::Step,
        points: points(&[(i64::MIN + 1, 20_000), (-1, 10_000), (i64::MAX, 0)]),
        default_score: 10_000,
        default_price: None,
        feed: None,
    };
    let second = kpi("tasks", Scope::Individual);
    let before = world.plan();
    let mut expected = before;
    let mut stored = state::Kpi::zeroed();
    stored.name[..15].copy_from_slice("net revenue €".as_bytes());
    stored.unit[..4].copy_from_slice("k€".as_bytes());
    stored.rubric_hash = [5; 32];
    stored.range_min = i64::MIN + 1;
    stored.range_max = i64::MAX;
    stored.curve_values[..3].copy_from_slice(&[i64::MIN + 1, -1, i64::MAX]);
    stored.curve_scores[..3].copy_from_slice(&[20_000, 10_000, 0]);
    stored.default_score = 10_000;
    stored.decimals = 18;
    stored.scope = 0;
    stored.interpolation = 1;
    stored.point_count = 3;
    expected.kpis[0] = stored;
    let mut stored = state::Kpi::zeroed();
    stored.name[..5].copy_from_slice(b"tasks");
    stored.unit[..6].copy_from_slice(b"points");
    stored.rubric_hash = [7; 32];
    stored.range_max = 1_000_000;
    stored.curve_values[1] = 100;
    stored.curve_scores[1] = 10_000;
    stored.scope = 1;
    stored.point_count = 2;
    expected.kpis[1] = stored;
    for (number, args) in [(0u8, first), (1, second)] {
        let receipt = world.run(add(&world, args.clone()));
        let event = KpiAdded {
            plan: world.token.plan,
            time: GENESIS,
            sequence: u64::from(number) + 2,
            kpi: number,
            terms: args,
        };
        assert_eq!(the_event!(receipt, KpiAdded), event);
    }
    expected.kpi_count = 2;
    expected.event_sequence = 3;
    assert_eq!(world.plan(), expected);
}

#[test]
fn sixteen_kpis_fit_and_no_more() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let kpis: Vec<KpiArgs> = (0..16).map(|n| kpi(&format!("kpi {n}"), Scope::Shared)).collect();
    world.add_kpis(&kpis);
    assert_eq!(world.plan().kpi_count, 16);
    let one_more = add(&world, kpi("kpi 16", Scope::Shared));
    world.refuses(&one_more, EarnoutError::TooManyKpis);
}

#[test]
fn a_name_is_used_once() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[kpi("uptime", Scope::Shared), kpi("revenue", Scope::Shared)]);
    for (name, scope) in [("uptime", Scope::Individual), ("revenue", Scope::Shared)] {
        let again = add(&world, kpi(name, scope));
        world.refuses(&again, EarnoutError::DuplicateKpi);
    }
    world.add_kpis(&[kpi("Revenue", Scope::Shared), kpi("reven ue", Scope::Shared)]);
}

#[test]
fn each_bad_term_has_its_own_error() {
    use EarnoutError::*;
    let nine: Vec<(i64, u16)> = (0..9).map(|n| (n, 100)).collect();
    type Change = Box<dyn Fn(&mut KpiArgs)>;
    let name = |name: &str| -> Change {
        let name = name.to_owned();
        Box::new(move |kpi| kpi.name = name.clone())
    };
    let unit = |unit: &str| -> Change {
        let unit = unit.to_owned();
        Box::new(move |kpi| kpi.unit = unit.clone())
    };
    let range = |min: i64, max: i64| -> Change { Box::new(move |kpi| (kpi.range_min, kpi.range_max) = (min, max)) };
    let curve = |curve: &[(i64, u16)]| -> Change {
        let curve = points(curve);
        Box::new(move |kpi| kpi.points = curve.clone())
    };
    let refused: Vec<(&str, Change, EarnoutError)> = vec![
        ("no name", name(""), BadName),
        ("a name of 33 bytes", name(&"n".repeat(33)), BadName),
        ("a name of 17 characters in 34 bytes", name(&"é".repeat(17)), BadName),
        ("a line feed in the name", name("a\nb"), BadName),
        ("a zero byte in the name", name("a\0"), BadName),
        ("a C1 control character in the name", name("a\u{85}"), BadName),
        ("a name that begins with a space", name(" a"), BadName),
        ("a name that ends with a space", name("a "), BadName),
        ("a name that is a space", name(" "), BadName),
        ("a no-break space in the name", name("a\u{a0}b"), BadName),
        ("a zero-width space in the name", name("a\u{200b}b"), BadName),
        ("a zero-width joiner at the end of the name", name("a\u{200d}"), BadName),
        ("a right-to-left override in the name", name("a\u{202e}b"), BadName),
        ("a line separator in the name", name("a\u{2028}b"), BadName),
        ("a soft hyphen in the name", name("a\u{ad}b"), BadName),
        ("a Hangul filler as the name", name("\u{3164}"), BadName),
        ("a variation selector in the name", name("a\u{fe0f}"), BadName),
        ("a tag character in the name", name("a\u{e0041}"), BadName),
        ("a unit that ends with a space", unit("% "), BadUnit),
        ("a zero-width space as the unit", unit("\u{200b}"), BadUnit),
        ("an ideographic space in the unit", unit("a\u{3000}b"), BadUnit),
        ("a unit of 17 bytes", unit(&"u".repeat(17)), BadUnit),
        ("a control character in the unit", unit("\t"), BadUnit),
        ("19 decimals", Box::new(|kpi| kpi.decimals = 19), TooManyDecimals),
        ("255 decimals", Box::new(|kpi| kpi.decimals = 255), TooManyDecimals),
        ("an empty range", range(1, 0), BadRange),
        // The least value stands for none in a page.
        ("a range with the least value", range(i64::MIN, 0), BadRange),
        ("the widest empty range", range(i64::MAX, i64::MIN), BadRange),
        ("no points", curve(&[]), BadCurve),
        ("nine points", curve(&nine), BadCurve),
        ("equal values", curve(&[(0, 0), (0, 10_000)]), BadCurve),
        ("falling values", curve(&[(0, 0), (50, 5_000), (49, 10_000)]), BadCurve),
        ("a score of 20,001", curve(&[(0, 20_001)]), BadCurve),
        ("a last score of 65,535", curve(&[(0, 0), (1, u16::MAX)]), BadCurve),
        (
            "10,001 under silence",
            Box::new(|kpi| kpi.default_score = 10_001),
            DefaultScoreTooHigh,
        ),
    ];
    let mut world = World::draft(TokenProgram::Spl, terms());
    for (case, change, error) in refused {
        println!("{case}");
        let mut args = kpi("kpi", Scope::Shared);
        change(&mut args);
        let add = add(&world, args);
        world.refuses(&add, error);
    }

    let accepted: Vec<(&str, Change)> = vec![
        ("a name of 32 bytes", name(&"n".repeat(32))),
        ("a name of 16 characters in 32 bytes", name(&"é".repeat(16))),
        ("no unit", unit("")),
        ("a unit of 16 bytes", unit(&"u".repeat(16))),
        ("18 decimals", Box::new(|kpi| kpi.decimals = 18)),
        ("a range of one value", range(-5, -5)),
        ("eight points", curve(&nine[..8])),
        ("one point", curve(&[(0, 20_000)])),
        ("falling scores", curve(&[(0, 20_000), (1, 10_000), (2, 0)])),
        ("10,000 under silence", Box::new(|kpi| kpi.default_score = 10_000)),
    ];
    for (number, (case, change)) in accepted.into_iter().enumerate() {
        println!("{case}");
        let mut args = kpi(&format!("kpi {number}"), Scope::Shared);
        change(&mut args);
        world.run(add(&world, args));
    }
}

#[test]
fn only_the_authority_adds_to_a_draft() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let add = add(&world, kpi("revenue", Scope::Shared));
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    let stranger = world.key();
    world.refuses(&swapped(&add, &authority, &stranger), EarnoutError::WrongAuthority);
    world.refuses_broken(&add, &[authority], &[plan]);
    world.run(add);
}

#[test]
fn g5_no_kpi_is_added_to_an_active_plan() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], 1_000);
    let late = add(&world, kpi("uptime", Scope::Shared));
    world.refuses(&late, EarnoutError::PlanNotDraft);
    let (_, grant) = world.grant(1_000, &[10_000]);
    world.refuses(&late, EarnoutError::PlanNotDraft);
    let grant_as_plan = swapped(&late, &world.token.plan, &grant);
    world.refuses(&grant_as_plan, AnchorError::AccountDiscriminatorMismatch);
}

#[test]
fn bytes_that_are_no_utf8_or_no_known_choice_do_not_deserialize() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let add = add(&world, kpi("revenue", Scope::Shared));
    // The discriminator, then the name: length and bytes; unit, hash and decimals; the scope.
    let scope = 8 + (4 + 7) + (4 + 6) + 32 + 1;
    for (position, was, byte) in [(12, b'r', 0xff), (scope, 0, 2), (scope + 17, 0, 2)] {
        let mut broken = add.clone();
        assert_eq!(broken.data[position], was);
        broken.data[position] = byte;
        world.refuses(&broken, AnchorError::InstructionDidNotDeserialize);
    }
}
