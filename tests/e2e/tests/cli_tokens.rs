//! Tokens with conditions: the `earnout` command finds the accounts of a transfer hook, brings the memo that a
//! destination asks for, and says what a transfer fee leaves.

use {
    anchor_spl::compat::spl_token_2022_interface::{
        extension::{
            BaseState, ExtensionType, memo_transfer::instruction::enable_required_transfer_memos,
            transfer_fee::instruction::initialize_transfer_fee_config, transfer_hook,
        },
        instruction::{initialize_account3, initialize_mint2},
        state::{Account, Mint},
    },
    earnout::{
        instructions::CreatePlanArgs,
        state::{
            ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, Cadence, Combination, CurvePoint, Interpolation, KpiArgs, Release,
            Scope, UnearnedPolicy,
        },
    },
    earnout_e2e::{Chain, Earnout, Finished, Token, program_file},
    earnout_sdk::wire::{instructions, pda},
    earnout_test_hook::{self as hook, Extra, Mode, Rules},
    serde_json::json,
    solana_keypair::Keypair,
    solana_program::{instruction::Instruction, pubkey::Pubkey, rent::Rent},
    solana_signer::Signer,
    solana_system_interface::instruction as system,
    std::fs,
};

/// The token's fee, and what the plan lets strangers cause: 1 and 2 percent.
const FEE_BPS: u16 = 100;
const MAX_FEE_BPS: u16 = 200;

/// Base units of a token.
const TOKEN: u64 = 1_000_000;

struct World {
    chain: Chain,
    token: Token,
    plan: Pubkey,
}

impl World {
    /// A chain with a hook that counts, a mint with it and a fee, and a draft without an arbiter.
    async fn new() -> Self {
        let chain = Chain::start(&["--slot-ms", "50"]);
        let (payer, authority) = (chain.key("payer"), chain.key("authority"));
        let mint = Keypair::new();
        let token = Token {
            mint: mint.pubkey(),
            program: Token::TOKEN_2022,
            decimals: 6,
        };
        let code =
            fs::read(program_file().with_file_name("earnout_test_hook.so")).expect("`cargo xtask build` makes it");
        let code = hex::encode(code);
        chain
            .ask("surfnet_writeProgram", json!([hook::ID.to_string(), code, 0]))
            .await;

        let owner = authority.pubkey();
        let extensions = [ExtensionType::TransferFeeConfig, ExtensionType::TransferHook];
        let (program, address) = (token.program, token.mint);
        let fee = initialize_transfer_fee_config(&program, &address, Some(&owner), Some(&owner), FEE_BPS, u64::MAX);
        let hooked = transfer_hook::instruction::initialize(&program, &address, Some(owner), Some(hook::ID));
        let steps = [
            new_account::<Mint>(&payer.pubkey(), &address, &extensions),
            fee.expect("an instruction"),
            hooked.expect("an instruction"),
            initialize_mint2(&program, &address, &owner, None, token.decimals).expect("an instruction"),
        ];
        chain.send(&steps, &[&payer, &mint]).await;
        let rules = [
            hook::set_list(&owner, &address, &[Extra::Rules]),
            hook::set_rules(&owner, &address, Mode::Count),
        ];
        chain.send(&rules, &[&authority]).await;
        chain.mint_to(&token, &authority, &owner, 10_000 * TOKEN).await;
        let treasury = chain
            .mint_to(&token, &authority, &chain.key("treasury-owner").pubkey(), 1)
            .await;

        let start = chain.now().await + 3_600;
        let args = CreatePlanArgs {
            plan_id: 1,
            name: "Design guild".to_owned(),
            unit: String::new(),
            unit_decimals: 0,
            start_ts: start,
            cadence: Cadence::Seconds(3_600),
            period_count: 1,
            attest_secs: 600,
            challenge_secs: 0,
            ruling_secs: 0,
            notice_secs: 600,
            combination: Combination::WeightedSum,
            unearned_policy: UnearnedPolicy::Return,
            release: Release::AtSettlement,
            bonus_cap_bps: 0,
            min_allocation: 1,
            max_allocation: 1_000 * TOKEN,
            max_grants: 5,
            enrolment_end: start,
            token_flags: ALLOW_TRANSFER_FEE | ALLOW_TRANSFER_HOOK,
            max_fee_bps: MAX_FEE_BPS,
            oracles: vec![chain.key("oracle-1").pubkey()],
            threshold: 1,
            arbiter: None,
        };
        let plan = pda::plan(&owner, args.plan_id);
        let kpi = KpiArgs {
            name: "results".to_owned(),
            unit: String::new(),
            rubric_hash: [7; 32],
            decimals: 0,
            scope: Scope::Shared,
            range_min: 0,
            range_max: 100,
            interpolation: Interpolation::Linear,
            points: vec![CurvePoint { value: 0, score: 0 }],
            default_score: 0,
            default_price: None,
            feed: None,
        };
        let steps = [
            instructions::create_plan(&owner, &owner, &address, &treasury, &program, args),
            instructions::add_kpi(&owner, &plan, kpi),
        ];
        chain.send(&steps, &[&authority]).await;
        Self { chain, token, plan }
    }

    /// Runs the command with the plan's address for `PLAN`, signed by `key`.
    fn run(&self, key: &str, words: &str) -> Finished {
        let words = words.replace("PLAN", &self.plan.to_string());
        Earnout::as_key(&self.chain, key).run(&words.split(' ').collect::<Vec<_>>())
    }

    /// Transfers and base units that the hook has seen.
    async fn counted(&self) -> (u64, u64) {
        let rules = Rules::read(&self.chain.account(&hook::rules_address(&self.token.mint)).await);
        let rules = rules.expect("rules");
        (rules.calls, rules.amount)
    }

    /// A token account of `owner` that takes nothing without a memo.
    async fn account_with_memos(&self, owner: &Keypair) -> Pubkey {
        let (account, program) = (Keypair::new(), self.token.program);
        let extensions = [
            ExtensionType::TransferFeeAmount,
            ExtensionType::TransferHookAccount,
            ExtensionType::MemoTransfer,
        ];
        let memos = enable_required_transfer_memos(&program, &account.pubkey(), &owner.pubkey(), &[]);
        let steps = [
            new_account::<Account>(&owner.pubkey(), &account.pubkey(), &extensions),
            initialize_account3(&program, &account.pubkey(), &self.token.mint, &owner.pubkey())
                .expect("an instruction"),
            memos.expect("an instruction"),
        ];
        self.chain.send(&steps, &[owner, &account]).await;
        account.pubkey()
    }
}

/// An account of Token-2022 with room for `extensions`.
fn new_account<State: BaseState>(payer: &Pubkey, address: &Pubkey, extensions: &[ExtensionType]) -> Instruction {
    let space = ExtensionType::try_calculate_account_len::<State>(extensions).expect("a length");
    let rent = Rent::default().minimum_balance(space);
    let space = u64::try_from(space).expect("a small account");
    system::create_account(payer, address, rent, space, &Token::TOKEN_2022)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_hook_a_fee_and_memos() {
    let world = World::new().await;
    let vault = pda::vault(&world.plan);
    world.run("authority", "plan activate PLAN").succeeded();

    // One percent does not arrive.
    let owner = world.chain.key("authority").pubkey();
    world
        .run("authority", "plan fund PLAN 1_000")
        .succeeded()
        .says(&format!("1.00 %, can be changed by {owner}"))
        .says(&format!("{}, which can refuse any transfer", hook::ID));
    assert_eq!(world.chain.token_balance(&vault).await, 990 * TOKEN);
    assert_eq!(
        world.counted().await,
        (1, 1_000 * TOKEN),
        "the hook was called, with its accounts"
    );

    let beneficiary = world.chain.key("beneficiary-1");
    let create = format!("grant create PLAN {} 100 --time-weight 100%", beneficiary.pubkey());
    let created = world
        .run("authority", &format!("{create} --output json"))
        .succeeded()
        .json();
    assert_eq!(created["reserved"]["uiAmountString"], "100");
    world.chain.warp("1d");
    let settled = world.run("payer", "settle PLAN/0 --output json").succeeded().json();
    assert_eq!(settled["earned"]["uiAmountString"], "100");

    // A part, to an account that wants a memo, and no less than arrives.
    let account = world.account_with_memos(&beneficiary).await;
    let claim = format!("claim PLAN/0 10 --to {account}");
    world.run("payer", &claim).failed(1).says("only the beneficiary");
    world
        .run("beneficiary-1", &format!("{claim} --min-received 9.900001"))
        .failed(1)
        .says("ReceivedTooLittle")
        .says("lower --min-received");
    world
        .run("beneficiary-1", &format!("{claim} --min-received 9.9"))
        .succeeded();
    assert_eq!(world.chain.token_balance(&account).await, 9 * TOKEN + 900_000);
    assert_eq!(world.counted().await, (2, 1_010 * TOKEN));

    // The rest by a stranger, to the associated account, which does not exist yet; that somebody sent lamports to its
    // address makes no difference.
    world.chain.airdrop(&world.token.account(&beneficiary.pubkey()), 1);
    let claimed = world.run("payer", "claim PLAN/0 --output json").succeeded().json();
    assert_eq!(claimed["amount"]["uiAmountString"], "90");
    let associated = world.token.account(&beneficiary.pubkey());
    assert_eq!(claimed["destination"], associated.to_string());
    assert_eq!(world.chain.token_balance(&associated).await, 89 * TOKEN + 100_000);
    world.run("payer", "claim PLAN/0").failed(1).says("nothing to claim");

    // What nobody can claim goes to the treasury, and at the end nothing of the plan is left.
    world.run("authority", "plan surplus PLAN 90").succeeded();
    let treasury = world.token.account(&world.chain.key("treasury-owner").pubkey());
    assert_eq!(world.chain.token_balance(&treasury).await, 1 + 89 * TOKEN + 100_000);
    world.run("payer", "grant close PLAN/0").succeeded();
    let closed = world
        .run("authority", "plan close PLAN --output json")
        .succeeded()
        .json();
    assert_eq!(closed["surplus"]["uiAmountString"], "800");
    // 800 less one percent.
    assert_eq!(
        world.chain.token_balance(&treasury).await,
        1 + (89 + 792) * TOKEN + 100_000
    );
    assert_eq!(
        world.counted().await,
        (5, 1_000 * TOKEN + 10 * TOKEN + 90 * TOKEN + 90 * TOKEN + 800 * TOKEN)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_refuses_is_named() {
    let world = World::new().await;
    let authority = world.chain.key("authority");
    world.run("authority", "plan activate PLAN").succeeded();
    let refuse = hook::set_rules(&authority.pubkey(), &world.token.mint, Mode::Fail);
    world.chain.send(&[refuse], &[&authority]).await;
    world
        .run("authority", "plan fund PLAN 1_000")
        .failed(1)
        .says("would fail, so it was not sent")
        .says(&format!(
            "program {} answered with its error {}",
            hook::ID,
            hook::REFUSED
        ));
}
