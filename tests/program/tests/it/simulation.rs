//! What the SDK says about a plan before it is on a chain is what the program then does: simulated amounts, and what is
//! refused.

use {
    earnout_sdk::terms::{
        self,
        simulation::{Simulation, simulate},
    },
    earnout_tests::*,
    proptest::{collection::vec, option, prelude::*, strategy::ValueTree},
};

const DAYS: u32 = 86_400;

/// A plan, its grants and what is measured.
#[derive(Clone, Debug)]
struct Story {
    terms: CreatePlanArgs,
    kpis: Vec<KpiArgs>,
    grants: Vec<CreateGrantArgs>,
    /// By period, KPI and grant; a shared KPI takes the first grant's.
    values: Vec<Option<i64>>,
}

impl Story {
    fn value(&self, period: u16, kpi: u8, grant: usize) -> Option<i64> {
        let grant = match self.kpis[usize::from(kpi)].scope {
            Scope::Shared => 0,
            Scope::Individual => grant,
        };
        let index = (usize::from(period) * self.kpis.len() + usize::from(kpi)) * self.grants.len() + grant;
        self.values[index]
    }
}

fn kpi_of() -> impl Strategy<Value = KpiArgs> {
    let points = vec((1i64..40, 0u16..=20_000), 1..5);
    (points, any::<bool>(), any::<bool>(), 0u16..=10_000, -60i64..20).prop_map(
        |(points, individual, steps, default_score, first)| {
            let mut value = first;
            let points = points.into_iter().map(|(distance, score)| {
                value += distance;
                CurvePoint { value, score }
            });
            KpiArgs {
                range_min: -100,
                range_max: 200,
                scope: if individual { Scope::Individual } else { Scope::Shared },
                interpolation: if steps {
                    Interpolation::Step
                } else {
                    Interpolation::Linear
                },
                points: points.collect(),
                default_score,
                ..kpi("", Scope::Shared)
            }
        },
    )
}

fn story() -> impl Strategy<Value = Story> {
    let policies = (0u8..3, any::<bool>(), any::<bool>(), 0u32..20_000);
    let cadence = prop_oneof![
        (4 * DAYS..90 * DAYS).prop_map(Cadence::Seconds),
        (1u16..5).prop_map(Cadence::Months)
    ];
    let grant = (
        1u64..2_000_000_000,
        any::<u16>(),
        any::<u16>(),
        any::<u16>(),
        vec(0u16..5_000, 4),
    );
    let sizes = (1u16..5, vec(kpi_of(), 1..4), vec(grant, 1..5));
    (
        sizes,
        policies,
        cadence,
        vec(option::weighted(0.8, -100i64..=200), 4 * 3 * 4),
    )
        .prop_map(
            |((period_count, kpis, grants), (unearned, weakest, linear, bonus_cap_bps), cadence, values)| {
                let kpis: Vec<KpiArgs> = (0..)
                    .zip(kpis)
                    .map(|(number, kpi)| KpiArgs {
                        name: format!("kpi {number}"),
                        ..kpi
                    })
                    .collect();
                let grants = (0u32..)
                    .zip(grants)
                    .map(|(grant_index, (allocation, first, periods, cliff, weights))| {
                        let first_period = first % period_count;
                        let periods = 1 + periods % (period_count - first_period);
                        // The last part of the weight is the first KPI's.
                        let mut kpi_weights: Vec<u16> =
                            weights[1..].iter().take(kpis.len()).map(|weight| weight / 3).collect();
                        let time_weight = weights[0];
                        kpi_weights[0] += 10_000 - time_weight - kpi_weights.iter().sum::<u16>();
                        CreateGrantArgs {
                            grant_index,
                            beneficiary: Pubkey::default(),
                            allocation,
                            unit_allocation: 0,
                            first_period,
                            periods,
                            cliff_periods: cliff % (periods + 1),
                            time_weight,
                            kpi_weights,
                            revocable: false,
                            transferable: false,
                        }
                    });
                let terms = CreatePlanArgs {
                    cadence,
                    period_count,
                    enrolment_end: START,
                    combination: if weakest {
                        Combination::Weakest
                    } else {
                        Combination::WeightedSum
                    },
                    unearned_policy: UnearnedPolicy::try_from(unearned).unwrap(),
                    release: if linear { Release::Linear } else { Release::AtSettlement },
                    bonus_cap_bps,
                    ..terms()
                };
                Story {
                    terms,
                    grants: grants.collect(),
                    kpis,
                    values,
                }
            },
        )
}

/// The story on a chain.
struct Play {
    world: World,
    addresses: Vec<Pubkey>,
}

impl Play {
    /// The plan is active and its grants are made; returns what the SDK says they are.
    fn begin(story: &mut Story) -> (Self, Plan, Vec<Grant>) {
        let mut world = World::active(TokenProgram::Spl, story.terms.clone(), &story.kpis, u64::MAX / 4);
        let args = world.manned(story.terms.clone());
        let plan = terms::draft(&world.authority.pubkey(), &args, &story.kpis).unwrap();
        let (mut addresses, mut grants) = (Vec::new(), Vec::new());
        for args in &mut story.grants {
            args.beneficiary = world.key();
            grants.push(terms::grant(&plan, args, world.chain.now()).unwrap());
            let create = world.create_grant(args.clone());
            world.by_authority(&[create]).unwrap();
            addresses.push(pda::grant(&world.token.plan, args.grant_index));
        }
        (Self { world, addresses }, plan, grants)
    }

    /// Reports what the story says about a period.
    fn vote(&mut self, story: &Story, period: u16) {
        self.world.after_period(period, 0);
        for (number, kpi) in (0u8..).zip(&story.kpis) {
            let counts = |index: &usize| {
                let grant = self.world.grant_state(&self.addresses[*index]);
                grant.covers(period) && grant.kpi_weights[usize::from(number)] > 0
            };
            let subjects: Vec<usize> = (0..self.addresses.len()).filter(counts).collect();
            let shared = kpi.scope == Scope::Shared;
            for index in subjects.into_iter().take(if shared { 1 } else { usize::MAX }) {
                if let Some(value) = story.value(period, number, index) {
                    let grant = (!shared).then_some(self.addresses[index]);
                    self.world.resolve(number, period, grant, value);
                }
            }
        }
    }

    /// Settles a period for everyone and collects the bonuses.
    fn settle(&mut self, period: u16) {
        self.world.after_windows(period);
        let covering: Vec<Pubkey> = self
            .addresses
            .iter()
            .filter(|grant| self.world.grant_state(grant).covers(period))
            .copied()
            .collect();
        for grant in &covering {
            self.world.settle(grant).unwrap();
        }
        if self.world.plan().redistributes().unwrap() {
            for grant in &covering {
                self.world.collect_bonus(grant, period).unwrap();
            }
        }
    }

    /// The grants on the chain are the simulated ones, and so is what has vested of them.
    fn agrees(&self, simulation: &Simulation, plan: &Plan) {
        for (address, simulated) in self.addresses.iter().zip(&simulation.grants) {
            let chain = self.world.grant_state(address);
            let mut expected = simulated.state;
            // What the chain alone has: who paid, and the bump of an account of a mint.
            expected.rent_payer = chain.rent_payer;
            expected.rent_paid = chain.rent_paid;
            expected.associated_bump = chain.associated_bump;
            expected.created_at = chain.created_at;
            assert_eq!(chain, expected);
            let now = self.world.chain.now();
            for time in [now, now + HOUR, now + 20 * DAY] {
                assert_eq!(
                    chain.vested(&self.world.plan(), time).unwrap(),
                    expected.vested(plan, time).unwrap()
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: prop::test_runner::RngSeed::Fixed(12),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn simulated_amounts_are_the_chains(mut story in story()) {
        let (mut play, plan, grants) = Play::begin(&mut story);
        let value = |period, kpi, grant| story.value(period, kpi, grant);
        let at_first = simulate(&plan, &grants, value, Some(play.world.chain.now())).unwrap();
        play.agrees(&at_first, &plan);
        let mut left_over = 0;
        for period in 0..story.terms.period_count {
            play.vote(&story, period);
            play.settle(period);
            let until = simulate(&plan, &grants, value, Some(play.world.chain.now())).unwrap();
            assert_eq!(until.left_over.len(), usize::from(period) + 1);
            play.agrees(&until, &plan);
            left_over += until.left_over[usize::from(period)];
        }
        let whole = simulate(&plan, &grants, value, None).unwrap();
        play.agrees(&whole, &plan);
        prop_assert_eq!(whole.left_over.iter().sum::<u64>(), left_over);
        // Whatever was funded is owed or surplus: the simulation lost nothing.
        let owed: u64 = whole.grants.iter().map(|grant| grant.total()).sum();
        prop_assert_eq!(play.world.plan().owed, owed);
        prop_assert_eq!(play.world.surplus(), play.world.vault_balance() - owed);
    }
}

/// Numbers at and beside the limits.
fn near(limits: &'static [u32]) -> impl Strategy<Value = u32> {
    (prop::sample::select(limits), 0u32..3).prop_map(|(limit, step)| (limit + step).saturating_sub(1))
}

const WINDOWS: [u32; 4] = [0, 600, 86_400, 90 * DAYS];

/// Terms of which one part or another is at or beyond a limit, most of the time none.
fn doubtful_terms() -> impl Strategy<Value = CreatePlanArgs> {
    // Which term of each part is doubtful; none if there is no such term.
    let which = || 0usize..20;
    let windows = (which(), near(&WINDOWS), near(&WINDOWS));
    let calendar = (
        which(),
        near(&[0, 600, 366 * DAYS]),
        0u16..14,
        near(&[0, 1, 120]),
        -2i64..3,
    );
    let caps = (which(), 0u64..3, near(&[0, 10_000, 1_000_000]), -2i64..3, 0u8..9);
    let roles = (which(), 0usize..10, 0u8..10);
    (windows, calendar, caps, roles).prop_map(|(windows, calendar, caps, roles)| {
        let mut args = terms();
        match windows {
            (0, secs, _) => args.attest_secs = secs,
            (1, secs, _) => args.notice_secs = secs,
            (2, secs, other) => (args.challenge_secs, args.ruling_secs) = (secs, other),
            (3, secs, _) => (args.challenge_secs, args.ruling_secs) = (secs, secs),
            _ => {}
        }
        let (which, secs, months, periods, moved) = calendar;
        match which {
            0 => args.cadence = Cadence::Months(months),
            1 => (args.cadence, args.enrolment_end) = (Cadence::Seconds(secs), START),
            2 => (args.period_count, args.enrolment_end) = (periods.try_into().unwrap(), START),
            3 => args.start_ts = GENESIS + moved,
            4 => args.start_ts = GENESIS + 5 * 366 * DAY + moved,
            _ => {}
        }
        let (which, amount, bps, moved, flags) = caps;
        match which {
            0 => args.min_allocation = amount,
            1 => (args.min_allocation, args.max_allocation) = (2, amount),
            2 => args.max_grants = amount.try_into().unwrap(),
            3 => args.bonus_cap_bps = bps,
            4 => args.max_fee_bps = bps.min(u16::MAX.into()).try_into().unwrap(),
            5 => args.enrolment_end = GENESIS + moved,
            6 => args.enrolment_end = START + 4 * PERIOD + moved,
            7 => args.token_flags = flags,
            _ => {}
        }
        let key = |number: usize| Pubkey::new_from_array([u8::try_from(number).unwrap(); 32]);
        let (which, number, threshold) = roles;
        args.oracles = (1..=3).map(key).collect();
        args.arbiter = Some(key(9));
        match which {
            0 => (args.oracles, args.threshold) = ((1..=number).map(key).collect(), threshold),
            1 => args.threshold = threshold,
            // One of them again, the zero key, or one more.
            2 => args.oracles.push(key(number % 5)),
            3 => args.oracles[0] = key(9),
            4 => args.arbiter = Some(key(0)),
            5 => args.arbiter = None,
            6 => (args.arbiter, args.challenge_secs, args.ruling_secs) = (None, 0, 0),
            _ => {}
        }
        args
    })
}

/// Whether a draft of these terms can be made and activated on a chain. One error for any that differ.
fn chain_accepts(world: &mut World, args: &CreatePlanArgs, kpis: &[KpiArgs]) -> bool {
    let create = world.create_plan(args.clone());
    if world.send(&[create]).is_err() {
        return false;
    }
    let plan = pda::plan(&world.authority.pubkey(), args.plan_id);
    world.in_plan(plan, |world| {
        let authority = world.authority.pubkey();
        let add = kpis
            .iter()
            .map(|kpi| instructions::add_kpi(&authority, &world.token.plan, kpi.clone()));
        let add: Vec<Instruction> = add.collect();
        add.into_iter().all(|add| world.send(&[add]).is_ok()) && {
            let activate = world.activate();
            world.send(&[activate]).is_ok()
        }
    })
}

#[test]
fn what_the_sdk_refuses_of_a_plan_is_what_the_program_refuses() {
    let mut world = World::new(TokenProgram::Spl);
    let mut runner = prop::test_runner::TestRunner::new(ProptestConfig {
        rng_seed: prop::test_runner::RngSeed::Fixed(13),
        ..ProptestConfig::default()
    });
    let (strategy, kpi_strategy) = (doubtful_terms(), (kpi_of(), 0u16..20, 0usize..20));
    let mut verdicts = [0; 2];
    for plan_id in 1..=1_200 {
        let mut args = strategy.new_tree(&mut runner).unwrap().current();
        args.plan_id = plan_id;
        let (mut kpi, doubt, copies) = kpi_strategy.new_tree(&mut runner).unwrap().current();
        match doubt {
            0 => kpi.name = "k".repeat(33),
            1 => kpi.name.clear(),
            2 => kpi.name = "tab\t".to_owned(),
            3 => kpi.unit = "u".repeat(17),
            4 => kpi.decimals = 19,
            5 => kpi.default_score = 10_001,
            6 => kpi.range_max = kpi.range_min - 1,
            7 => kpi.points.clear(),
            8 => kpi.points[0].score = 20_001,
            9 => kpi.points.push(kpi.points[0]),
            10 => kpi.name = "k".repeat(32),
            _ => kpi.name = "kpi".to_owned(),
        }
        // None at all, the same name twice, or as many as there can be and one more.
        let kpis = match copies {
            0 => Vec::new(),
            1 => vec![kpi.clone(), kpi],
            2 | 3 => (0..14 + copies)
                .map(|number| KpiArgs {
                    name: number.to_string(),
                    ..kpi.clone()
                })
                .collect(),
            _ => vec![kpi],
        };
        let sdk = terms::draft(&world.authority.pubkey(), &args, &kpis)
            .and_then(|plan| terms::check(&plan, &args, world.chain.now()))
            .is_ok();
        let chain = chain_accepts(&mut world, &args, &kpis);
        assert_eq!(
            sdk, chain,
            "the SDK and the program disagree about {args:?} with {kpis:?}"
        );
        verdicts[usize::from(chain)] += 1;
    }
    assert!(
        verdicts.iter().all(|count| *count >= 100),
        "too one-sided: {verdicts:?}"
    );
}

#[test]
fn what_the_sdk_refuses_of_a_grant_is_what_the_program_refuses() {
    let plan_terms = CreatePlanArgs {
        min_allocation: 10,
        max_allocation: u64::MAX / 2,
        max_grants: 2_000,
        ..terms()
    };
    let kpis = [stretch_kpi("a", Scope::Shared), kpi("b", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, plan_terms.clone(), &kpis, u64::MAX / 2);
    let args = world.manned(plan_terms);
    let plan = terms::draft(&world.authority.pubkey(), &args, &kpis).unwrap();
    let arbiter = world.arbiter.pubkey();
    let beneficiaries = [
        world.key(),
        world.key(),
        Pubkey::default(),
        arbiter,
        world.token.plan,
        pda::vault(&world.token.plan),
    ];
    let mut runner = prop::test_runner::TestRunner::new(ProptestConfig {
        rng_seed: prop::test_runner::RngSeed::Fixed(14),
        ..ProptestConfig::default()
    });
    let strategy = (0usize..24, 0usize..40, 0u16..6, 0u16..6, vec(0u16..4, 0..4));
    let mut verdicts = [0; 2];
    for round in 0..1_200 {
        // Now before the calendar, now within it, where the first periods have begun.
        world
            .chain
            .set_time(if round % 3 == 0 { START + PERIOD } else { GENESIS + 1 });
        let (whose, doubt, number, other, parts) = strategy.new_tree(&mut runner).unwrap().current();
        let kpi_weights: Vec<u16> = parts.iter().take(2).map(|part| part * 1_000).collect();
        let mut args = CreateGrantArgs {
            beneficiary: beneficiaries[if whose < 6 { whose } else { whose % 2 }],
            first_period: 2,
            periods: 2,
            ..world.grant_args(&beneficiaries[0], 10, &kpi_weights)
        };
        match doubt {
            0 => args.allocation = 9,
            1 => args.allocation = u64::MAX / 2,
            2 => args.allocation = u64::MAX / 2 + 1,
            3 => (args.first_period, args.periods) = (number, other),
            4 => args.periods = other,
            5 => args.cliff_periods = number,
            6 => args.time_weight += 1,
            7 => args.kpi_weights = parts.iter().map(|part| part * 1_000).collect(),
            8 => args.kpi_weights.push(0),
            9 => args.first_period = 0,
            10 => args.first_period = 1,
            11 => (args.first_period, args.periods) = (u16::MAX, 1),
            _ => {}
        }
        let sdk = terms::grant(&plan, &args, world.chain.now());
        let create = world.create_grant(args.clone());
        let chain = world.by_authority(&[create]);
        match &chain {
            // Whether the vault can fund it only the chain knows.
            Err(failure) if failure.to_string().contains("InsufficientFunds") => continue,
            _ => assert_eq!(
                sdk.is_ok(),
                chain.is_ok(),
                "the SDK and the program disagree about {args:?}"
            ),
        }
        verdicts[usize::from(chain.is_ok())] += 1;
        if let (Ok(sdk), Ok(_)) = (sdk, chain) {
            let made = world.grant_state(&pda::grant(&world.token.plan, args.grant_index));
            assert_eq!((made.max_credit, made.reserved), (sdk.max_credit, sdk.reserved));
        }
    }
    assert!(
        verdicts.iter().all(|count| *count >= 100),
        "too one-sided: {verdicts:?}"
    );
}
