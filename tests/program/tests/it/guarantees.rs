//! Random plans, played to the end in a random order: the guarantees that hold after every step, whatever happens.

use {earnout_tests::*, proptest::prelude::*, std::collections::BTreeMap};

/// A grant: allocation, first period, periods and cliff (each cut to what fits), weights of the two KPIs.
type GrantTerms = (u64, u16, u16, u16, u16, u16);

#[derive(Clone, Debug)]
struct Story {
    policy: UnearnedPolicy,
    combination: Combination,
    release: Release,
    bonus_cap_bps: u32,
    default_score: u16,
    grants: Vec<GrantTerms>,
    /// What oracles vote, in the order in which votes are cast; nothing for a silent one.
    votes: Vec<Option<i64>>,
    /// Who acts next: number of a grant, and what is done with it.
    steps: Vec<(usize, u8)>,
}

fn story() -> impl Strategy<Value = Story> {
    use UnearnedPolicy::*;
    let policy = prop_oneof![Just(Return), Just(CarryOver), Just(Redistribute)];
    let combination = prop_oneof![Just(Combination::WeightedSum), Just(Combination::Weakest)];
    let release = prop_oneof![Just(Release::AtSettlement), Just(Release::Linear)];
    let allocation = prop_oneof![1..50u64, 1_000..1_000_000u64, Just(u64::MAX / 64)];
    let grant = (allocation, 0..4u16, 1..5u16, 0..5u16, 0..=10_000u16, 0..=10_000u16);
    // Few different values, so that oracles often agree.
    let vote =
        prop_oneof![1 => Just(None), 4 => prop_oneof![Just(0i64), Just(55), Just(100), Just(170)].prop_map(Some)];
    (
        (
            policy,
            combination,
            release,
            prop_oneof![Just(0u32), Just(500), Just(10_000), Just(1_000_000)],
            0..=10_000u16,
        ),
        prop::collection::vec(grant, 1..5),
        prop::collection::vec(vote, 64),
        prop::collection::vec((0..5usize, 0..8u8), 48),
    )
        .prop_map(
            |((policy, combination, release, bonus_cap_bps, default_score), grants, votes, steps)| Story {
                policy,
                combination,
                release,
                bonus_cap_bps,
                default_score,
                grants,
                votes,
                steps,
            },
        )
}

/// Whether it was done. What cannot be done now is refused, but never because sums do not fit or balance.
fn expected(done: Result<Receipt, Box<Failure>>) -> bool {
    let Err(failure) = done else { return true };
    let code = failure
        .code
        .unwrap_or_else(|| panic!("no error of a program: {failure}"));
    let broken = [
        EarnoutError::Overflow,
        EarnoutError::CorruptAccount,
        EarnoutError::InvariantViolated,
        EarnoutError::TransferMismatch,
    ];
    assert!(!broken.map(u32::from).contains(&code), "{failure}");
    false
}

/// A plan and what was seen of its grants so far.
struct Play {
    world: World,
    grants: Vec<Pubkey>,
    /// Vested and claimed of each grant when last looked at.
    seen: BTreeMap<Pubkey, (u64, u64)>,
    funds: u64,
}

impl Play {
    fn begin(story: &Story) -> Self {
        let args = CreatePlanArgs {
            unearned_policy: story.policy,
            combination: story.combination,
            release: story.release,
            bonus_cap_bps: story.bonus_cap_bps,
            ..terms()
        };
        let kpis = [("shared", Scope::Shared), ("individual", Scope::Individual)].map(|(name, scope)| KpiArgs {
            default_score: story.default_score,
            ..stretch_kpi(name, scope)
        });
        let funds = story.grants.iter().map(|grant| grant.0 * 2).sum();
        let mut world = World::active(TokenProgram::Spl, args, &kpis, funds);
        let grants = story
            .grants
            .iter()
            .map(|&(allocation, first, periods, cliff, shared, individual)| {
                let (_, grant) = world.grant_with(|args| {
                    args.allocation = allocation;
                    args.first_period = first;
                    args.periods = periods.min(4 - first);
                    args.cliff_periods = cliff.min(args.periods);
                    let individual = individual.min(10_000 - shared);
                    args.kpi_weights = vec![shared, individual];
                    args.time_weight = 10_000 - shared - individual;
                });
                grant
            });
        let grants = grants.collect();
        let mut play = Self {
            world,
            grants,
            seen: BTreeMap::new(),
            funds,
        };
        play.check();
        play
    }

    /// Casts the votes of a period.
    fn vote(&mut self, period: u16, votes: &mut impl Iterator<Item = Option<i64>>) {
        let world = &mut self.world;
        let subjects: Vec<(u8, Option<Pubkey>)> = [(0, None)]
            .into_iter()
            .chain(self.grants.iter().map(|grant| (1, Some(*grant))))
            .collect();
        for (kpi, subject) in subjects {
            for oracle in 0..3 {
                if let Some(value) = votes.next().flatten() {
                    expected(world.attest(oracle, kpi, period, subject, value));
                }
            }
        }
    }

    /// Does something with a grant, if it can be done; whether it was.
    fn act(&mut self, grant: usize, action: u8) -> bool {
        let grant = self.grants[grant % self.grants.len()];
        let world = &mut self.world;
        let done = match action {
            0..=2 => world.settle(&grant),
            3..=4 => {
                let period = world.grant_state(&grant).collected_through;
                world.collect_bonus(&grant, period)
            }
            5..=6 => world.claim(&grant),
            _ => {
                let authority = world.authority.pubkey();
                let withdraw = instructions::withdraw_surplus(&authority, &world.token, &world.treasury, None);
                world.send(&[withdraw])
            }
        };
        self.check();
        expected(done)
    }

    /// G1 and G2, and that the plan's sums are those of its grants and pools.
    fn check(&mut self) {
        let world = &self.world;
        let (plan, now) = (world.plan(), world.chain.now());
        assert!(plan.obligations().unwrap() <= world.vault_balance());
        let states: Vec<Grant> = self.grants.iter().map(|grant| world.grant_state(grant)).collect();
        assert_eq!(plan.reserved, states.iter().map(|grant| grant.reserved).sum::<u64>());
        assert_eq!(
            plan.owed,
            states
                .iter()
                .map(|grant| grant.earned + grant.bonus - grant.claimed)
                .sum::<u64>()
        );
        let pools = (0..4).filter_map(|period| world.chain.period(&pda::period(&world.token.plan, period)));
        let pools: Vec<Period> = pools.collect();
        assert!(pools.iter().all(|pool| pool.paid <= pool.pool));
        let open = pools.iter().filter(|pool| pool.collected < pool.expected);
        assert_eq!(plan.pooled, open.map(|pool| pool.pool - pool.paid).sum::<u64>());
        assert_eq!(
            states.iter().map(|grant| grant.bonus).sum::<u64>(),
            pools.iter().map(|pool| pool.paid).sum::<u64>()
        );
        for (address, grant) in self.grants.iter().zip(&states) {
            let vested = grant.vested(&plan, now).unwrap();
            assert!(grant.claimed <= vested && vested <= grant.earned + grant.bonus);
            assert!(
                u128::from(grant.earned) * 100_000_000 <= u128::from(grant.allocation) * u128::from(grant.max_credit)
            );
            let before = self.seen.insert(*address, (vested, grant.claimed)).unwrap_or_default();
            assert!(before.0 <= vested && before.1 <= grant.claimed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: prop::test_runner::RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn g1_g2_g7_hold_after_every_step_and_everything_is_paid_in_the_end(story in story()) {
        let mut play = Play::begin(&story);
        let mut votes = story.votes.iter().copied().chain(std::iter::repeat(None));
        let mut steps = story.steps.iter().copied();
        for period in 0..4 {
            play.world.after_period(period, HOUR);
            play.vote(period, &mut votes);
            play.world.after_windows(period);
            for (grant, action) in steps.by_ref().take(12) {
                play.act(grant, action);
            }
        }
        // From the last deadline on strangers bring it to the end.
        play.world.chain.set_time(boundary(6));
        let all = 0..play.grants.len();
        while all.clone().any(|grant| play.act(grant, 0) || play.act(grant, 3)) {}
        for grant in all {
            play.act(grant, 5);
        }
        let plan = play.world.plan();
        prop_assert_eq!((plan.reserved, plan.owed, plan.pooled), (0, 0, 0));
        play.act(0, 7);
        let treasury = play.world.chain.balance(&play.world.treasury);
        let paid: u64 = play.grants.iter().map(|grant| play.world.grant_state(grant).claimed).sum();
        prop_assert_eq!((play.world.vault_balance(), paid + treasury), (0, play.funds));
    }
}
