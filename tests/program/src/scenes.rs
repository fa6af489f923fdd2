//! For every instruction each state in which it is allowed, with one valid call. No two accounts of a call are the
//! same, and none is the chain's fee payer, so that each can be changed alone.

use crate::{
    keys::{AGREED, Disputable, SILENT, STANDINGS, Standing, disputable_kpis, disputable_terms},
    leaving::{Leave, policy},
    prices::{Update, fed_price_kpi, price_kpi, unit_terms},
    *,
};

/// An instruction in one state.
pub struct Case {
    /// Its name in the IDL.
    pub instruction: &'static str,
    /// The state.
    pub state: &'static str,
    /// Builds the state and the valid call.
    pub build: fn() -> (World, Instruction),
}

/// All cases.
pub const CASES: &[Case] = &[
    case("create_plan", "SPL Token", || create_plan(TokenProgram::Spl)),
    case("create_plan", "Token-2022", || create_plan(TokenProgram::Token2022)),
    case("add_kpi", "empty draft", || {
        let world = World::draft(TokenProgram::Spl, terms());
        let add = add_kpi(&world);
        (world, add)
    }),
    case("add_kpi", "draft with a KPI", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        world.add_kpis(&[kpi("first", Scope::Individual)]);
        let add = add_kpi(&world);
        (world, add)
    }),
    case("activate_plan", "draft", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        world.add_kpis(&kpis());
        let activate = world.activate();
        (world, activate)
    }),
    case("activate_plan", "draft, Token-2022", || {
        let mut world = World::draft(TokenProgram::Token2022, terms());
        world.add_kpis(&kpis());
        let activate = world.activate();
        (world, activate)
    }),
    case("fund", "draft", || {
        let world = World::draft(TokenProgram::Spl, terms());
        let fund = world.fund(100);
        (world, fund)
    }),
    case("fund", "active", || {
        let world = active(terms());
        let fund = world.fund(100);
        (world, fund)
    }),
    case("fund", "active, Token-2022", || {
        let world = World::active(TokenProgram::Token2022, terms(), &kpis(), 100);
        let fund = world.fund(100);
        (world, fund)
    }),
    case("fund", "active, after its end", || {
        let mut world = active(terms());
        world.after_windows(3);
        let fund = world.fund(100);
        (world, fund)
    }),
    case("fund", "by a delegate", || {
        let mut world = active(terms());
        let (delegate, owner) = (world.key(), world.authority.pubkey());
        let program = world.token.token_program;
        let approve = token_instruction::approve(&program, &world.source, &delegate, &owner, &[], 1_000);
        world.run(approve.unwrap());
        let fund = instructions::fund(&delegate, &world.token, &world.source, 100);
        (world, fund)
    }),
    case("withdraw_surplus", "draft", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        world.run(world.fund(100));
        let withdraw = withdraw(&world);
        (world, withdraw)
    }),
    case("withdraw_surplus", "active, by the authority", || {
        let mut world = active(terms());
        world.grant(400_000, &[10_000]);
        let withdraw = withdraw(&world);
        (world, withdraw)
    }),
    case("withdraw_surplus", "active, Token-2022 with a memo", || {
        let world = World::active(TokenProgram::Token2022, terms(), &kpis(), 1_000);
        let withdraw = instructions::with_memo(withdraw(&world));
        (world, withdraw)
    }),
    case("withdraw_surplus", "over, by a stranger", || {
        let mut world = active(terms());
        world.after_windows(3);
        let stranger = world.key();
        let withdraw = instructions::withdraw_surplus(&stranger, &world.token, &world.treasury, None);
        (world, withdraw)
    }),
    case("withdraw_surplus", "draft past its start, by a stranger", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        world.run(world.fund(100));
        world.chain.set_time(START);
        let stranger = world.key();
        let withdraw = instructions::withdraw_surplus(&stranger, &world.token, &world.treasury, None);
        (world, withdraw)
    }),
    case("create_grant", "before the first period", || {
        let mut world = active(terms());
        let create = create_grant(&mut world, |_| {});
        (world, create)
    }),
    case("create_grant", "second, in a running plan", || {
        let mut world = World::active(TokenProgram::Token2022, terms(), &kpis(), 1_000_000);
        world.grant(400_000, &[10_000]);
        world.after_period(0, 0);
        let create = create_grant(&mut world, |args| (args.first_period, args.periods) = (2, 2));
        (world, create)
    }),
    case("attest", "shared, first vote", || {
        let (mut world, _) = measured(terms(), &[10_000]);
        let vote = vote(&mut world, 0, 0, None);
        (world, vote)
    }),
    case("attest", "shared, second vote", || {
        let (mut world, _) = measured(terms(), &[10_000]);
        world.attest(1, 0, 0, None, 60).unwrap();
        let vote = vote(&mut world, 0, 0, None);
        (world, vote)
    }),
    case("attest", "shared, changed vote", || {
        let (mut world, _) = measured(terms(), &[10_000]);
        world.attest(0, 0, 0, None, 60).unwrap();
        let vote = vote(&mut world, 0, 0, None);
        (world, vote)
    }),
    case("attest", "shared, late vote", || {
        let (mut world, _) = measured(terms(), &[10_000]);
        for oracle in [1, 2] {
            world.attest(oracle, 0, 0, None, 60).unwrap();
        }
        let vote = vote(&mut world, 0, 0, None);
        (world, vote)
    }),
    case("observe", "first", || {
        let mut world = fed();
        let observe = observe(&mut world, 5, -1);
        (world, observe)
    }),
    case("observe", "after a vote", || {
        let mut world = fed();
        world.attest(1, 0, 0, None, 20_000).unwrap();
        let observe = observe(&mut world, 5, -1);
        (world, observe)
    }),
    case("observe", "in the place of a later one", || {
        let mut world = fed();
        let later = observe(&mut world, 9, 8);
        world.run(later);
        let observe = observe(&mut world, 5, 4);
        (world, observe)
    }),
    case("attest_page", "first upload", || {
        let (mut world, grant) = measured(terms(), &[0, 10_000]);
        let vote = vote(&mut world, 0, 1, Some(grant));
        (world, vote)
    }),
    case("attest_page", "upload that resolves", || {
        let (mut world, grant) = measured(terms(), &[0, 10_000]);
        world.attest(1, 1, 0, Some(grant), 70).unwrap();
        let vote = vote(&mut world, 0, 1, Some(grant));
        (world, vote)
    }),
    case("settle", "in another unit, price and KPI", || {
        let kpis = [price_kpi(), stretch_kpi("revenue", Scope::Shared)];
        let mut world = World::active(TokenProgram::Spl, unit_terms(), &kpis, 100_000_000);
        let (_, grant) = world.unit_grant(4_000_000, 40_000, &[0, 10_000]);
        world.after_period(0, 0);
        world.resolve(0, 0, None, 20_000);
        world.resolve(1, 0, None, 70);
        world.after_windows(0);
        settle(world, grant)
    }),
    case("settle", "in another unit, silent price", || {
        let mut world = World::active(TokenProgram::Spl, unit_terms(), &[price_kpi()], 10_000_000);
        let (_, grant) = world.unit_grant(4_000_000, 40_000, &[]);
        world.after_windows(0);
        settle(world, grant)
    }),
    case("settle", "Return, shared, resolved", || resolved(terms(), &[10_000])),
    case("settle", "Return, individual, resolved", || {
        resolved(terms(), &[0, 10_000])
    }),
    case("settle", "Return, both", || resolved(terms(), &[5_000, 5_000])),
    case("settle", "Return, time alone", || resolved(terms(), &[])),
    case("settle", "Return, by median", || {
        let (mut world, grant) = measured(undisputed_terms(), &[10_000]);
        for (oracle, value) in [50, 90, 60].into_iter().enumerate() {
            world.attest(oracle, 0, 0, None, value).unwrap();
        }
        world.after_windows(0);
        settle(world, grant)
    }),
    case("settle", "Return, silent, nobody voted", || {
        let (mut world, grant) = measured(terms(), &[5_000, 5_000]);
        world.after_windows(0);
        settle(world, grant)
    }),
    case("settle", "Return, silent, one vote", || {
        let (mut world, grant) = measured(terms(), &[10_000]);
        world.attest(0, 0, 0, None, 70).unwrap();
        world.after_windows(0);
        settle(world, grant)
    }),
    case("settle", "disputed and ruled", || {
        let mut scene = Disputable::new(0, AGREED);
        scene.world.run(scene.by_beneficiary());
        scene.world.run(scene.ruling(Some(90)));
        let grant = scene.grant;
        settle(scene.world, grant)
    }),
    case("settle", "disputed, no ruling in time", || {
        let mut scene = Disputable::new(1, AGREED);
        scene.world.run(scene.by_beneficiary());
        scene.world.after_windows(0);
        let grant = scene.grant;
        settle(scene.world, grant)
    }),
    case("settle", "after termination", || {
        let mut world = active(terms());
        let (_, grant) = world.grant(400_000, &[10_000]);
        world.chain.set_time(START + PERIOD / 2);
        world.left(Leave::Terminate, &grant);
        world.evaluate(0, 70);
        settle(world, grant)
    }),
    case("settle", "Redistribute, first of a pool", || {
        resolved(policy(UnearnedPolicy::Redistribute), &[10_000])
    }),
    case("settle", "Redistribute, into a pool", || {
        let mut world = active(policy(UnearnedPolicy::Redistribute));
        let (_, first) = world.grant(400_000, &[10_000]);
        let (_, grant) = world.grant(400_000, &[10_000]);
        world.evaluate(0, 70);
        world.settled(&first);
        settle(world, grant)
    }),
    case("settle", "Redistribute, forfeited by resignation", || {
        let mut world = active(policy(UnearnedPolicy::Redistribute));
        let (_, grant) = world.grant_with(|args| {
            (args.allocation, args.cliff_periods) = (400_000, 2);
            (args.time_weight, args.kpi_weights) = (5_000, vec![5_000]);
        });
        world.chain.set_time(START + PERIOD / 2);
        world.left(Leave::Resign, &grant);
        world.evaluate(0, 70);
        settle(world, grant)
    }),
    case("settle", "CarryOver", || {
        resolved(policy(UnearnedPolicy::CarryOver), &[5_000, 5_000])
    }),
    case("settle", "Linear", || {
        let terms = CreatePlanArgs {
            release: Release::Linear,
            ..terms()
        };
        resolved(terms, &[10_000])
    }),
    case("collect_bonus", "first of the period", || {
        let (world, grants) = pooled();
        let collect = instructions::collect_bonus(&world.token.plan, &grants[0], 0);
        (world, collect)
    }),
    case("collect_bonus", "last of the period", || {
        let (mut world, grants) = pooled();
        world.collected(&grants[0], 0);
        let collect = instructions::collect_bonus(&world.token.plan, &grants[1], 0);
        (world, collect)
    }),
    case("claim", "all, by the beneficiary", || {
        claim(TokenProgram::Spl, terms(), Who::Beneficiary)
    }),
    case("claim", "a part to another account", || {
        claim(TokenProgram::Spl, terms(), Who::Elsewhere)
    }),
    case("claim", "all, by a stranger", || {
        claim(TokenProgram::Spl, terms(), Who::Stranger)
    }),
    case("claim", "Token-2022, by a stranger", || {
        claim(TokenProgram::Token2022, terms(), Who::Stranger)
    }),
    case("claim", "with a memo", || {
        let (world, claim) = claim(TokenProgram::Spl, terms(), Who::Stranger);
        (world, instructions::with_memo(claim))
    }),
    case("claim", "locked, by the beneficiary", || {
        let (mut world, claim) = claim(TokenProgram::Spl, terms(), Who::Beneficiary);
        let lock = world.locks(&claim.accounts[2].pubkey, true);
        world.run(lock);
        (world, claim)
    }),
    case("claim", "while it streams", || {
        let terms = CreatePlanArgs {
            release: Release::Linear,
            ..terms()
        };
        let (mut world, claim) = claim(TokenProgram::Spl, terms, Who::Stranger);
        world.after_period(0, PERIOD / 2);
        (world, claim)
    }),
    case("claim", "after termination", || {
        let (mut world, claim) = claim(TokenProgram::Spl, terms(), Who::Stranger);
        world.left(Leave::Terminate, &claim.accounts[2].pubkey);
        (world, claim)
    }),
    case("claim", "by the second beneficiary", || {
        let mut world = active(terms());
        let (_, grant) = world.transferable_grant(&[10_000]);
        let new = world.key();
        world.hand_on(&grant, &new);
        let destination = world.associated(&new);
        world.evaluate(0, 70);
        world.settled(&grant);
        let claim = instructions::claim(&new, &world.token, &grant, &destination, Some(10));
        (world, claim)
    }),
    case("claim", "with a bonus, after resignation", || {
        let (mut world, grants) = pooled();
        world.collected(&grants[0], 0);
        world.left(Leave::Resign, &grants[0]);
        let beneficiary = world.grant_state(&grants[0]).beneficiary;
        let (stranger, destination) = (world.key(), world.associated_address(&beneficiary));
        let claim = instructions::claim(&stranger, &world.token, &grants[0], &destination, None);
        (world, claim)
    }),
    case("attest_page", "of a later oracle set", || {
        let mut world = active(terms());
        let (_, grant) = world.grant(400_000, &[0, 10_000]);
        let new = world.key();
        world.run(world.announces(&[new], 1, 1));
        world.after_period(1, 0);
        let mut vote = world.vote(0, 1, 1, Some(grant), 70);
        (vote.accounts[0].pubkey, vote.accounts[1].pubkey) = (world.key(), new);
        (world, vote)
    }),
    case("withdraw_surplus", "after a change of treasury", || {
        let mut world = active(terms());
        let owner = world.key();
        let treasury = world.token_account(&owner);
        world.run(world.sets_treasury(&treasury));
        let at = world.plan().pending_treasury_at;
        world.chain.set_time(at);
        let withdraw = instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &treasury, None);
        (world, withdraw)
    }),
    case("dispute", "shared value, by a beneficiary", || {
        dispute(0, AGREED, Who::Beneficiary)
    }),
    case("dispute", "shared value, by the authority", || {
        dispute(0, AGREED, Who::Authority)
    }),
    case("dispute", "individual value, by the beneficiary", || {
        dispute(1, AGREED, Who::Beneficiary)
    }),
    case("dispute", "individual value, by the authority", || {
        dispute(1, AGREED, Who::Authority)
    }),
    case("dispute", "shared silence without an account", || {
        dispute(0, SILENT, Who::Beneficiary)
    }),
    case("dispute", "individual silence without an account", || {
        dispute(1, SILENT, Who::Authority)
    }),
    case("dispute", "shared silence of one vote", || {
        dispute(0, &STANDINGS[3], Who::Authority)
    }),
    case("dispute", "two grants of a page, by the authority", || {
        let (mut world, second) = two_of_a_page();
        world.run(world.disputes(&second.0, 1, 0, Some(second.1)));
        let mut dispute = world.disputes_of_page(1, 0, 0, 0b11);
        dispute.accounts[0].pubkey = world.key();
        (world, dispute)
    }),
    case("dispute", "shared median", || {
        dispute(0, &STANDINGS[1], Who::Beneficiary)
    }),
    case("rule", "a value for a silence without an account", || {
        let mut scene = Disputable::new(1, SILENT);
        scene.world.run(scene.by_beneficiary());
        let rule = scene.ruling(Some(90));
        (scene.world, rule)
    }),
    case("rule", "upheld against a beneficiary", || {
        rule(0, Who::Beneficiary, None)
    }),
    case("rule", "a value for a beneficiary", || {
        rule(1, Who::Beneficiary, Some(90))
    }),
    case("rule", "two grants of a page, one of them a beneficiary's", || {
        let (mut world, second) = two_of_a_page();
        world.run(world.disputes(&second.0, 1, 0, Some(second.1)));
        world.run(world.disputes_of_page(1, 0, 0, 0b11));
        let both = PageGrants { first: 0, mask: 0b11 };
        let rule = world.rules_on(1, 0, Some(both), &[second.1], None);
        (world, rule)
    }),
    case("rule", "upheld against the authority", || rule(0, Who::Authority, None)),
    case("rule", "a value for the authority", || {
        rule(1, Who::Authority, Some(90))
    }),
    case("propose_authority", "draft", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        let new = world.key();
        let offer = world.offers_plan(Some(new));
        (world, offer)
    }),
    case("propose_authority", "active, taken back", || {
        let mut world = active(terms());
        let new = world.key();
        world.run(world.offers_plan(Some(new)));
        let offer = world.offers_plan(None);
        (world, offer)
    }),
    case("accept_authority", "draft", || {
        let mut world = World::draft(TokenProgram::Spl, terms());
        let new = world.key();
        world.run(world.offers_plan(Some(new)));
        let take = world.takes_plan(&new);
        (world, take)
    }),
    case("accept_authority", "active, with changes announced", || {
        let (mut world, _) = announced();
        let new = world.key();
        world.run(world.offers_plan(Some(new)));
        let take = world.takes_plan(&new);
        (world, take)
    }),
    case("propose_oracles", "active", || {
        let mut world = active(terms());
        let new = world.key();
        let announce = world.announces(&[new], 1, 2);
        (world, announce)
    }),
    case("propose_oracles", "after an earlier change", || {
        let mut world = World::active(TokenProgram::Spl, disputable_terms(), &kpis(), 1_000_000);
        let keys = [world.key(), world.key()];
        world.run(world.announces(&keys[..1], 1, 1));
        world.chain.set_time(START + 2 * PERIOD);
        let announce = world.announces(&keys[1..], 1, 3);
        (world, announce)
    }),
    case("cancel_oracle_change", "announced", || {
        let (world, cancel) = announced();
        (world, cancel)
    }),
    case("set_uri", "draft", || {
        let world = World::draft(TokenProgram::Spl, terms());
        let set = set_uri(&world);
        (world, set)
    }),
    case("set_uri", "active", || {
        let world = active(terms());
        let set = set_uri(&world);
        (world, set)
    }),
    case("set_treasury", "draft", || {
        let world = World::draft(TokenProgram::Spl, terms());
        let set = world.sets_treasury(&world.source);
        (world, set)
    }),
    case("set_treasury", "active, another announced", || {
        let mut world = active(terms());
        let owner = world.key();
        let other = world.token_account(&owner);
        world.run(world.sets_treasury(&other));
        let set = world.sets_treasury(&world.source);
        (world, set)
    }),
    case("propose_beneficiary", "offered", || {
        let mut world = active(terms());
        let (_, grant) = world.transferable_grant(&[10_000]);
        let new = world.key();
        let offer = world.offers_grant(&grant, Some(new));
        (world, offer)
    }),
    case("propose_beneficiary", "taken back", || {
        let mut world = active(terms());
        let (_, grant) = world.transferable_grant(&[10_000]);
        let new = world.key();
        world.run(world.offers_grant(&grant, Some(new)));
        let offer = world.offers_grant(&grant, None);
        (world, offer)
    }),
    case("accept_beneficiary", "offered", || {
        let mut world = active(terms());
        let (_, grant) = world.transferable_grant(&[10_000]);
        let new = world.key();
        world.run(world.offers_grant(&grant, Some(new)));
        let take = world.takes_grant(&grant, &new);
        (world, take)
    }),
    case("accept_beneficiary", "offered, claims locked, terminated", || {
        let mut world = active(terms());
        let (_, grant) = world.transferable_grant(&[10_000]);
        let new = world.key();
        world.run(world.offers_grant(&grant, Some(new)));
        world.run(world.locks(&grant, true));
        world.left(Leave::Terminate, &grant);
        let take = world.takes_grant(&grant, &new);
        (world, take)
    }),
    case("set_claim_lock", "open", || {
        let (world, grant) = measured(terms(), &[10_000]);
        let lock = world.locks(&grant, true);
        (world, lock)
    }),
    case("set_claim_lock", "locked", || {
        let (mut world, grant) = measured(terms(), &[10_000]);
        world.run(world.locks(&grant, true));
        let lock = world.locks(&grant, false);
        (world, lock)
    }),
    case("terminate_grant", "before its first period", || {
        leave(Leave::Terminate, GENESIS, terms())
    }),
    case("terminate_grant", "in a period", || {
        leave(Leave::Terminate, START + PERIOD / 2, terms())
    }),
    case("terminate_grant", "Redistribute, in a period", || {
        leave(
            Leave::Terminate,
            START + PERIOD / 2,
            policy(UnearnedPolicy::Redistribute),
        )
    }),
    case("terminate_grant", "with settled and unsettled periods", || {
        let mut world = active(terms());
        let (_, grant) = world.grant(400_000, &[10_000]);
        world.evaluate(0, 70);
        world.settled(&grant);
        world.chain.set_time(START + 2 * PERIOD + DAY);
        let terminate = world.leave(Leave::Terminate, &grant);
        (world, terminate)
    }),
    case("resign_grant", "before its first period", || {
        leave(Leave::Resign, GENESIS, terms())
    }),
    case("resign_grant", "in a period", || {
        leave(Leave::Resign, START + PERIOD / 2, terms())
    }),
    case("close_attestation", "settled", || {
        let (mut world, grant) = measured(terms(), &[10_000]);
        vote_as_payer(&mut world, 0, None);
        world.after_windows(0);
        world.settled(&grant);
        world.chain.give(&pda::attestation(&world.token.plan, 0, 0), 7);
        let close = world.close_attestation(0, 0);
        (world, close)
    }),
    case("close_page", "open grant", || {
        let (mut world, grant) = measured(terms(), &[0, 10_000]);
        vote_as_payer(&mut world, 1, Some(grant));
        world.after_windows(0);
        world.settled(&grant);
        let close = world.close_page(1, 0, &grant);
        (world, close)
    }),
    case("close_page", "closed grant", || {
        let mut world = active(terms());
        let (_, grant) = world.grant_with(|args| {
            (args.allocation, args.periods) = (400_000, 1);
            (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
        });
        world.after_period(0, 0);
        vote_as_payer(&mut world, 1, Some(grant));
        world.after_windows(0);
        world.settled(&grant);
        let claimable = world.grant_state(&grant).owed().unwrap() > 0;
        if claimable {
            world.claim(&grant).unwrap();
        }
        let close = world.close_page(1, 0, &grant);
        world.run(world.close_grant(&grant));
        (world, close)
    }),
    case("collect_bonus", "by a forfeited grant", || {
        let mut world = active(policy(UnearnedPolicy::Redistribute));
        let grants = [0, 1].map(|_| {
            let (_, grant) = world.grant_with(|args| {
                (args.allocation, args.cliff_periods) = (400_000, 2);
                (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
            });
            grant
        });
        world.chain.set_time(START + PERIOD / 2);
        world.left(Leave::Resign, &grants[0]);
        world.evaluate(0, 70);
        for grant in grants {
            world.settled(&grant);
        }
        let collect = instructions::collect_bonus(&world.token.plan, &grants[0], 0);
        (world, collect)
    }),
    case("close_period", "all collected", || {
        let (mut world, grants) = pooled();
        for grant in grants {
            world.collected(&grant, 0);
        }
        // The fee payer paid for the pool; the account must be another one to be told apart.
        let (pool, payer) = (pda::period(&world.token.plan, 0), world.key());
        world.tamper::<Period>(&pool, |pool| pool.rent_payer = payer);
        let close = world.close_period(0);
        (world, close)
    }),
    case("close_grant", "paid in full", || {
        let (mut world, grant) = finished(terms());
        world.claim(&grant).unwrap();
        let close = world.close_grant(&grant);
        (world, close)
    }),
    case("close_grant", "Redistribute, collected and paid", || {
        let (mut world, grant) = finished(policy(UnearnedPolicy::Redistribute));
        world.collected(&grant, 0);
        world.claim(&grant).unwrap();
        let close = world.close_grant(&grant);
        (world, close)
    }),
    case("close_grant", "terminated before it began", || {
        let (mut world, terminate) = leave(Leave::Terminate, GENESIS, terms());
        let grant = terminate.accounts[2].pubkey;
        world.run(terminate);
        let close = world.close_grant(&grant);
        (world, close)
    }),
    case("close_plan", "draft without tokens", || {
        close_plan(World::draft(TokenProgram::Spl, terms()))
    }),
    case("close_plan", "active, with surplus", || close_plan(active(terms()))),
    case("close_plan", "active, after its grants", || {
        let (mut world, grant) = finished(terms());
        world.claim(&grant).unwrap();
        world.run(world.close_grant(&grant));
        world.run(world.close_attestation(0, 0));
        close_plan(world)
    }),
    case("close_plan", "Token-2022, with a memo", || {
        let (world, close) = close_plan(World::active(TokenProgram::Token2022, terms(), &kpis(), 1_000));
        (world, instructions::with_memo(close))
    }),
    case("close_plan", "over, by a stranger", || {
        let mut world = active(terms());
        world.after_windows(3);
        let stranger = world.key();
        let close = world.close_plan_as(&stranger, &world.treasury);
        with_rent_payer(world, close)
    }),
    case("require_before", "in time", || {
        let world = active(terms());
        let before = instructions::require_before(world.chain.now());
        (world, before)
    }),
];

const fn case(instruction: &'static str, state: &'static str, build: fn() -> (World, Instruction)) -> Case {
    Case {
        instruction,
        state,
        build,
    }
}

enum Who {
    Authority,
    Beneficiary,
    Elsewhere,
    Stranger,
}

/// KPI 0 shared, KPI 1 individual.
fn kpis() -> [KpiArgs; 2] {
    disputable_kpis()
}

fn active(args: CreatePlanArgs) -> World {
    World::active(TokenProgram::Spl, args, &kpis(), 1_000_000)
}

fn create_plan(program: TokenProgram) -> (World, Instruction) {
    let mut world = World::new(program);
    let (payer, creator) = (world.key(), world.authority.pubkey());
    let args = world.manned(terms());
    let create = instructions::create_plan(
        &payer,
        &creator,
        &world.token.mint,
        &world.treasury,
        &program.id(),
        args,
    );
    (world, create)
}

fn add_kpi(world: &World) -> Instruction {
    instructions::add_kpi(
        &world.authority.pubkey(),
        &world.token.plan,
        kpi("revenue", Scope::Shared),
    )
}

fn withdraw(world: &World) -> Instruction {
    instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, Some(10))
}

fn create_grant(world: &mut World, change: impl FnOnce(&mut CreateGrantArgs)) -> Instruction {
    let (payer, beneficiary) = (world.key(), world.key());
    let mut args = world.grant_args(&beneficiary, 400_000, &[5_000, 3_000]);
    change(&mut args);
    let PlanToken { plan, mint, .. } = world.token;
    instructions::create_grant(&payer, &world.authority.pubkey(), &plan, &mint, args)
}

/// A grant of 400,000 with these weights, in the voting window of period 0.
fn measured(args: CreatePlanArgs, weights: &[u16]) -> (World, Pubkey) {
    let mut world = active(args);
    let (_, grant) = world.grant(400_000, weights);
    world.after_period(0, 0);
    (world, grant)
}

/// A grant in US dollars whose price is read from a feed, in the voting window of period 0.
fn fed() -> World {
    let mut world = World::active(TokenProgram::Spl, unit_terms(), &[fed_price_kpi()], 10_000_000);
    world.unit_grant(4_000_000, 40_000, &[]);
    world.after_period(0, 60);
    world
}

/// Reads the price for period 0 from an update of so many seconds after its end, and one before it.
fn observe(world: &mut World, at: i64, previous: i64) -> Instruction {
    let end = period_end(0);
    let update = Update {
        at: end + at,
        previous: end + previous,
        ..Update::first(end)
    };
    let account = world.publish(&update);
    world.observe(0, 0, &account)
}

/// A vote of oracle 0 of 70, that somebody else pays for.
fn vote(world: &mut World, oracle: usize, kpi: u8, grant: Option<Pubkey>) -> Instruction {
    let payer = world.key();
    let mut vote = world.vote(oracle, kpi, 0, grant, 70);
    vote.accounts[0].pubkey = payer;
    vote
}

fn vote_as_payer(world: &mut World, kpi: u8, grant: Option<Pubkey>) {
    let first = vote(world, 0, kpi, grant);
    world.run(first);
    world.attest(1, kpi, 0, grant, 70).unwrap();
}

fn resolved(args: CreatePlanArgs, weights: &[u16]) -> (World, Instruction) {
    let (mut world, grant) = measured(args, weights);
    if weights.first().is_some_and(|weight| *weight > 0) {
        world.resolve(0, 0, None, 70);
    }
    if weights.len() > 1 {
        world.resolve(1, 0, Some(grant), 60);
    }
    world.after_windows(0);
    settle(world, grant)
}

fn set_uri(world: &World) -> Instruction {
    let uri = "https://example.org/plan".to_owned();
    instructions::set_uri(&world.authority.pubkey(), &world.token.plan, uri)
}

fn settle(mut world: World, grant: Pubkey) -> (World, Instruction) {
    let payer = world.key();
    let mut settle = world.settle_instruction(&grant);
    settle.accounts[0].pubkey = payer;
    (world, settle)
}

/// Two grants that have settled period 0 and share its pool.
fn pooled() -> (World, [Pubkey; 2]) {
    let mut world = active(policy(UnearnedPolicy::Redistribute));
    let grants = [0, 1].map(|_| world.grant(400_000, &[10_000]).1);
    world.evaluate(0, 70);
    for grant in grants {
        world.settled(&grant);
    }
    (world, grants)
}

fn claim(program: TokenProgram, args: CreatePlanArgs, who: Who) -> (World, Instruction) {
    let mut world = World::active(program, args, &kpis(), 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[10_000]);
    world.evaluate(0, 70);
    world.settled(&grant);
    let beneficiary = beneficiary.pubkey();
    let own = world.associated_address(&beneficiary);
    let (claimant, destination, amount) = match who {
        Who::Elsewhere => {
            let friend = world.key();
            (beneficiary, world.token_account(&friend), Some(10))
        }
        Who::Stranger => (world.key(), own, None),
        _ => (beneficiary, own, None),
    };
    let claim = instructions::claim(&claimant, &world.token, &grant, &destination, amount);
    (world, claim)
}

fn dispute(kpi: u8, standing: &Standing, who: Who) -> (World, Instruction) {
    let mut scene = Disputable::new(kpi, standing);
    let mut dispute = match who {
        Who::Authority => scene.by_authority(),
        _ => scene.by_beneficiary(),
    };
    dispute.accounts[0].pubkey = scene.world.key();
    (scene.world, dispute)
}

/// Two grants with a value each of the individual KPI; the second one's beneficiary and address.
fn two_of_a_page() -> (World, (Pubkey, Pubkey)) {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &kpis(), 1_000_000);
    world.grant(400_000, &[0, 10_000]);
    let (beneficiary, second) = world.grant(400_000, &[0, 10_000]);
    world.after_period(0, 0);
    for oracle in [0, 1] {
        world.run(world.upload(oracle, 1, 0, 0, &[70, 80]));
    }
    (world, (beneficiary.pubkey(), second))
}

fn rule(kpi: u8, who: Who, value: Option<i64>) -> (World, Instruction) {
    let mut scene = Disputable::new(kpi, AGREED);
    let rule = match who {
        Who::Authority => {
            scene.world.run(scene.by_authority());
            scene.ruling_for_authority(value)
        }
        _ => {
            scene.world.run(scene.by_beneficiary());
            scene.ruling(value)
        }
    };
    (scene.world, rule)
}

/// An announced oracle set, and what takes it back.
fn announced() -> (World, Instruction) {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &kpis(), 1_000_000);
    let new = world.key();
    world.run(world.announces(&[new], 1, 2));
    let cancel = world.cancels();
    (world, cancel)
}

fn leave(way: Leave, time: i64, args: CreatePlanArgs) -> (World, Instruction) {
    let mut world = active(args);
    let (_, grant) = world.grant(400_000, &[10_000]);
    world.chain.set_time(time);
    let leave = world.leave(way, &grant);
    (world, leave)
}

/// A grant of one period that is settled.
fn finished(args: CreatePlanArgs) -> (World, Pubkey) {
    let mut world = active(args);
    let (_, grant) = world.grant_with(|args| {
        (args.allocation, args.periods) = (400_000, 1);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    world.evaluate(0, 70);
    world.settled(&grant);
    (world, grant)
}

fn close_plan(world: World) -> (World, Instruction) {
    let close = world.close_plan();
    with_rent_payer(world, close)
}

/// Somebody other than the authority has paid for the plan.
fn with_rent_payer(mut world: World, mut close: Instruction) -> (World, Instruction) {
    let (plan, payer) = (world.token.plan, world.key());
    world.tamper::<Plan>(&plan, |plan| plan.rent_payer = payer);
    close.accounts[4].pubkey = payer;
    (world, close)
}
