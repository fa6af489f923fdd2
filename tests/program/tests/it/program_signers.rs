//! Roles that are not keys: every signer of every instruction is an address of another program, which signs for it by
//! calling this one, as the vaults of multisigs and DAOs do.

use {
    earnout::instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
    earnout_test_wallet as wallet,
    earnout_tests::{
        prices::{Update, feed},
        *,
    },
    serde_json::Value,
    std::collections::{BTreeMap, BTreeSet},
};

/// Numbers of the wallets.
const PAYER: u8 = 0;
const CREATOR: u8 = 1;
const NEXT_AUTHORITY: u8 = 2;
const FUNDER: u8 = 3;
const ORACLES: [u8; 3] = [4, 5, 6];
const ARBITER: u8 = 7;
const TREASURY: u8 = 8;
const BENEFICIARY: u8 = 9;
const HEIR: u8 = 10;
const RESIGNING: u8 = 11;
const TERMINATED: u8 = 12;
const WALLETS: std::ops::Range<u8> = 0..13;

fn key(wallet: u8) -> Pubkey {
    wallet::address(wallet).0
}

/// Discriminator of every instruction in the IDL: name, and whether somebody must sign.
fn idl() -> BTreeMap<Vec<u8>, (String, bool)> {
    let idl: Value = serde_json::from_str(include_str!("../../../../idl/earnout.json")).unwrap();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    let bytes = |value: &Value| -> Vec<u8> { serde_json::from_value(value.clone()).unwrap() };
    let signs = |instruction: &Value| {
        let mut accounts = instruction["accounts"].as_array().unwrap().iter();
        accounts.any(|account| account["signer"] == true)
    };
    instructions
        .map(|instruction| {
            let name = instruction["name"].as_str().unwrap().to_owned();
            (bytes(&instruction["discriminator"]), (name, signs(instruction)))
        })
        .collect()
}

/// A chain on which nobody but the wallets has a role.
struct Scene {
    world: World,
    /// Data of the calls that succeeded.
    called: Vec<Vec<u8>>,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new(TokenProgram::Token2022);
        programs::deploy(&mut world.chain, "wallet", &wallet::ID);
        for number in WALLETS {
            world.chain.endow(&key(number));
            world.associated(&key(number));
        }
        let purse = world.associated_address(&key(FUNDER));
        world
            .chain
            .mint_to(world.program, &world.token.mint, &purse, 1_000_000)
            .unwrap();
        (world.treasury, world.treasury_owner) = (world.associated_address(&key(TREASURY)), key(TREASURY));
        world.token.plan = pda::plan(&key(CREATOR), 1);
        let called = Vec::new();
        Self { world, called }
    }

    /// Lets the wallets sign that the instruction names as signers. Without the signature of any one of them it is
    /// refused.
    fn run(&mut self, instruction: Instruction) -> Receipt {
        let signs = |number: &u8| {
            let mut metas = instruction.accounts.iter();
            metas.any(|meta| meta.is_signer && meta.pubkey == key(*number))
        };
        let signers: Vec<u8> = WALLETS.filter(signs).collect();
        let different: BTreeSet<Pubkey> = instruction
            .accounts
            .iter()
            .filter(|meta| meta.is_signer)
            .map(|meta| meta.pubkey)
            .collect();
        assert_eq!(signers.len(), different.len(), "a signer is not a wallet");
        for left_out in &signers {
            let without = changed(&instruction, &key(*left_out), |meta| meta.is_signer = false);
            let others: Vec<u8> = signers.iter().copied().filter(|number| number != left_out).collect();
            let unsigned = wallet::signed(&without, &others);
            self.world.refuses(&unsigned, AnchorError::AccountNotSigner);
        }
        let receipt = self.world.run(wallet::signed(&instruction, &signers));
        self.called.push(instruction.data);
        receipt
    }

    fn create_grant(&mut self, beneficiary: u8, allocation: u64, weights: &[u16]) -> Pubkey {
        let mut args = self.world.grant_args(&key(beneficiary), allocation, weights);
        args.transferable = true;
        let grant = pda::grant(&self.world.token.plan, args.grant_index);
        let (plan, mint) = (self.world.token.plan, self.world.token.mint);
        self.run(instructions::create_grant(
            &key(PAYER),
            &key(CREATOR),
            &plan,
            &mint,
            args,
        ));
        grant
    }

    fn attest(&mut self, oracle: u8, value: i64) {
        let args = AttestArgs {
            kpi: 0,
            period: 0,
            value,
            evidence: [9; 32],
        };
        let plan = self.world.token.plan;
        self.run(instructions::attest(&key(PAYER), &key(oracle), &plan, args));
    }

    fn settle(&mut self, grant: &Pubkey) -> GrantSettled {
        let (plan, state) = (self.world.plan(), self.world.grant_state(grant));
        let address = self.world.token.plan;
        let settle = instructions::settle(&key(PAYER), &address, &plan, grant, &state);
        the_event!(self.run(settle), GrantSettled)
    }

    fn claim(&mut self, beneficiary: u8, grant: &Pubkey) -> u64 {
        let account = self.world.associated_address(&key(beneficiary));
        let claim = instructions::claim(&key(beneficiary), &self.world.token, grant, &account, None);
        the_event!(self.run(claim), GrantClaimed).received
    }
}

#[test]
fn every_role_can_be_an_address_of_another_program() {
    let mut scene = Scene::new();
    let (mint, token_program, treasury) = (
        scene.world.token.mint,
        scene.world.token.token_program,
        scene.world.treasury,
    );
    let plan = scene.world.token.plan;
    let args = CreatePlanArgs {
        oracles: ORACLES.map(key).to_vec(),
        arbiter: Some(key(ARBITER)),
        ..terms()
    };

    // Authority, payer and funder.
    scene.run(instructions::create_plan(
        &key(PAYER),
        &key(CREATOR),
        &mint,
        &treasury,
        &token_program,
        args,
    ));
    let revenue = kpi("revenue", Scope::Shared);
    scene.run(instructions::add_kpi(&key(CREATOR), &plan, revenue));
    let tasks = kpi("tasks", Scope::Individual);
    scene.run(instructions::add_kpi(&key(CREATOR), &plan, tasks));
    let market = KpiArgs {
        feed: Some(feed()),
        ..kpi("market", Scope::Shared)
    };
    scene.run(instructions::add_kpi(&key(CREATOR), &plan, market));
    scene.run(instructions::activate_plan(&key(CREATOR), &plan, &mint));
    let uri = "https://example.org".to_owned();
    scene.run(instructions::set_uri(&key(CREATOR), &plan, uri));
    let purse = scene.world.associated_address(&key(FUNDER));
    scene.run(instructions::fund(&key(FUNDER), &scene.world.token, &purse, 1_000_000));
    let grant = scene.create_grant(BENEFICIARY, 400_000, &[10_000]);
    let resigned = scene.create_grant(RESIGNING, 40_000, &[]);
    let terminated = scene.create_grant(TERMINATED, 80_000, &[]);

    // Keys of the plan.
    let proposal = ProposeOraclesArgs {
        oracles: ORACLES.map(key)[..1].to_vec(),
        threshold: 1,
        first_period: 2,
    };
    scene.run(instructions::propose_oracles(&key(CREATOR), &plan, proposal));
    scene.run(instructions::cancel_oracle_change(&key(CREATOR), &plan));
    scene.run(instructions::set_treasury(&key(CREATOR), &plan, &treasury));
    scene.run(instructions::propose_authority(
        &key(CREATOR),
        &plan,
        Some(key(NEXT_AUTHORITY)),
    ));
    scene.run(instructions::accept_authority(&key(NEXT_AUTHORITY), &plan));
    assert_eq!(scene.world.plan().authority, key(NEXT_AUTHORITY));

    // Oracles, a disputing beneficiary, the arbiter.
    scene.world.after_period(0, 0);
    scene.attest(ORACLES[0], 60);
    scene.attest(ORACLES[1], 60);
    let upload = AttestPageArgs {
        kpi: 1,
        period: 0,
        first: 0,
        values: vec![60],
        evidence: EVIDENCE,
    };
    scene.run(instructions::attest_page(&key(PAYER), &key(ORACLES[0]), &plan, upload));
    scene.world.after_period(0, 5);
    let update = scene.world.publish(&Update::first(period_end(0)));
    let seen = ObserveArgs { kpi: 2, period: 0 };
    scene.run(instructions::observe(&key(PAYER), &plan, &update, seen));
    let dispute = DisputeArgs {
        kpi: 0,
        period: 0,
        grants: None,
        reason_hash: [3; 32],
    };
    scene.run(instructions::dispute(
        &key(PAYER),
        &key(BENEFICIARY),
        &plan,
        Some(grant),
        dispute,
    ));
    let rule = RuleArgs {
        kpi: 0,
        period: 0,
        grants: None,
        value: Some(75),
        reason_hash: [4; 32],
    };
    scene.run(instructions::rule(&key(ARBITER), &plan, &[grant], rule));

    // 75 % of 100,000, and time alone pays the others: 10,000 and 20,000.
    let earned = [grant, resigned, terminated].map(|grant| scene.settle(&grant).earned);
    assert_eq!(earned, [75_000, 10_000, 20_000]);
    scene.run(instructions::set_claim_lock(&key(BENEFICIARY), &plan, &grant, true));
    assert_eq!(scene.claim(BENEFICIARY, &grant), 75_000);

    // The grant passes to another wallet, and two grants end in the middle of period 1.
    scene.run(instructions::propose_beneficiary(
        &key(BENEFICIARY),
        &plan,
        &grant,
        Some(key(HEIR)),
    ));
    let expected = AcceptBeneficiaryArgs {
        claimed: 75_000,
        termination: 0,
        dispute_barred: false,
    };
    scene.run(instructions::accept_beneficiary(&key(HEIR), &plan, &grant, expected));
    scene.world.chain.set_time(boundary(1) + PERIOD / 2);
    scene.run(instructions::resign_grant(&key(RESIGNING), &plan, &resigned));
    scene.run(instructions::terminate_grant(&key(NEXT_AUTHORITY), &plan, &terminated));

    // Nobody reports anything more: what depends on the KPI earns nothing, half a period of time pays half a tranche.
    scene.world.after_windows(3);
    for (grant, beneficiary, total) in [
        (grant, HEIR, 75_000),
        (resigned, RESIGNING, 15_000),
        (terminated, TERMINATED, 30_000),
    ] {
        while scene.world.grant_state(&grant).next_period < scene.world.grant_state(&grant).end_period {
            scene.settle(&grant);
        }
        let state = scene.world.grant_state(&grant);
        assert_eq!((state.earned, state.beneficiary), (total, key(beneficiary)));
        if state.claimed < total {
            assert_eq!(scene.claim(beneficiary, &grant), total - state.claimed);
        }
        let close = scene.world.close_grant(&grant);
        scene.run(close);
    }
    for kpi in [0, 2] {
        let close = scene.world.close_attestation(kpi, 0);
        scene.run(close);
    }
    let page = pda::page(&plan, 1, 0, 0);
    let state = scene.world.chain.page(&page).unwrap();
    scene.run(instructions::close_page(&page, state.head(), &treasury));

    // All that is left goes to the treasury, and the rent to the wallet that paid it.
    let withdraw = instructions::withdraw_surplus(&key(NEXT_AUTHORITY), &scene.world.token, &treasury, Some(80_000));
    scene.run(withdraw);
    let rent = scene.world.plan().rent_paid + scene.world.plan().vault_rent_paid;
    let had = scene.world.lamports(&key(PAYER));
    let close = instructions::close_plan(&key(NEXT_AUTHORITY), &scene.world.token, &treasury, &key(PAYER));
    scene.run(close);
    assert_eq!(scene.world.chain.balance(&treasury), 880_000);
    let mark = scene.world.lamports(&plan);
    assert_eq!(scene.world.lamports(&key(PAYER)), had + rent - mark);

    // Every instruction that anybody signs was among them.
    let idl = idl();
    let called: BTreeSet<&String> = scene.called.iter().map(|data| &idl[&data[..8]].0).collect();
    let signed = idl.values().filter(|(_, signs)| *signs).map(|(name, _)| name);
    let missing: Vec<&String> = signed.filter(|name| !called.contains(name)).collect();
    assert!(missing.is_empty(), "never called by a wallet: {missing:?}");
}
