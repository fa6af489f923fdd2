//! Whole plans on a bank (solana-program-test): from `create_plan` to `withdraw_surplus`, every amount worked out by
//! hand.
//!
//! Three oracles, of whom one lies in every period and none votes in period 2; three grants that the same votes pay
//! under each policy. Everything that anyone may do is done by a stranger.
//!
//! A binary of its own: it changes the directory, the log level and the system calls of its whole process.

use {
    anchor_lang::{prelude::Clock, solana_program::system_instruction},
    anchor_spl::associated_token::spl_associated_token_account,
    earnout_sdk::wire::accounts,
    earnout_tests::*,
    solana_program_test::{ProgramTest, ProgramTestContext},
    solana_transaction::Transaction,
    std::{path::PathBuf, sync::OnceLock},
};

/// Folder of the built program, where program-test finds it: the directory in which this binary runs from now on.
fn enter_program_folder() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let file: PathBuf = Chain::built_program()
            .canonicalize()
            .expect("`cargo xtask build` makes it");
        std::env::set_current_dir(file.parent().unwrap()).unwrap();
        file.file_stem().unwrap().to_str().unwrap().to_owned()
    })
}

/// A bank with the program on it, and the people.
struct Bank {
    context: ProgramTestContext,
    program: TokenProgram,
    token: PlanToken,
    authority: Keypair,
    oracles: [Keypair; 3],
    beneficiaries: [Pubkey; 3],
    treasury: Pubkey,
    sent: u32,
}

impl Bank {
    async fn start(program: TokenProgram) -> Self {
        let mut test = ProgramTest::default();
        // It logs all that programs log, which nobody reads.
        log::set_max_level(log::LevelFilter::Warn);
        test.prefer_bpf(true);
        test.add_program(enter_program_folder(), earnout::ID, None);
        let key = |byte: u8| Keypair::new_from_array([byte; 32]);
        let (authority, mint) = (key(1), key(2).pubkey());
        let plan = pda::plan(&authority.pubkey(), 1);
        let token = PlanToken {
            plan,
            mint,
            token_program: program.id(),
        };
        let mut bank = Self {
            context: test.start_with_context().await,
            program,
            token,
            authority,
            oracles: [key(11), key(12), key(13)],
            beneficiaries: [key(21), key(22), key(23)].map(|key| key.pubkey()),
            treasury: Pubkey::default(),
            sent: 0,
        };
        bank.set_time(GENESIS).await;
        bank.make_mint(&key(2)).await;
        bank
    }

    async fn set_time(&mut self, time: i64) {
        let mut clock: Clock = self.context.banks_client.get_sysvar().await.unwrap();
        clock.unix_timestamp = time;
        self.context.set_sysvar(&clock);
    }

    /// Sends one transaction; the context's payer pays and everyone signs who must.
    async fn send(&mut self, instructions: &[Instruction], more: &[&Keypair]) {
        // A different limit makes every transaction a different one.
        self.sent += 1;
        let mut data = vec![2];
        data.extend_from_slice(&(1_000_000 + self.sent).to_le_bytes());
        let limit = Instruction {
            program_id: Pubkey::from_str_const("ComputeBudget111111111111111111111111111111"),
            accounts: Vec::new(),
            data,
        };
        let all: Vec<Instruction> = std::iter::once(limit).chain(instructions.iter().cloned()).collect();
        let payer = &self.context.payer;
        let everyone = self.oracles.iter().chain([&self.authority]).chain(more.iter().copied());
        let needed = |key: &Keypair| {
            let mut metas = all.iter().flat_map(|instruction| &instruction.accounts);
            metas.any(|meta| meta.is_signer && meta.pubkey == key.pubkey())
        };
        let signers: Vec<&Keypair> = [payer].into_iter().chain(everyone.filter(|key| needed(key))).collect();
        let blockhash = self.context.banks_client.get_latest_blockhash().await.unwrap();
        let transaction = Transaction::new_signed_with_payer(&all, Some(&payer.pubkey()), &signers, blockhash);
        self.context
            .banks_client
            .process_transaction(transaction)
            .await
            .unwrap();
    }

    /// The mint, the authority's million of tokens, the treasury and the beneficiaries' accounts.
    async fn make_mint(&mut self, mint: &Keypair) {
        let (payer, id) = (self.context.payer.pubkey(), self.program.id());
        let rent = self.context.banks_client.get_rent().await.unwrap();
        let create = system_instruction::create_account(&payer, &mint.pubkey(), rent.minimum_balance(82), 82, &id);
        let initialize = token_instruction::initialize_mint2(&id, &mint.pubkey(), &payer, None, 6).unwrap();
        self.send(&[create, initialize], &[mint]).await;
        let owner = Pubkey::new_from_array([31; 32]);
        self.treasury = self.associated(&owner);
        let mut owners = vec![self.authority.pubkey(), owner];
        owners.extend(self.beneficiaries);
        for owner in owners {
            let create = spl_associated_token_account::instruction::create_associated_token_account_idempotent;
            let create = create(&payer, &owner, &mint.pubkey(), &id);
            self.send(&[create], &[]).await;
        }
        let source = self.associated(&self.authority.pubkey());
        let mint_to = token_instruction::mint_to(&id, &mint.pubkey(), &source, &payer, &[], FUNDS).unwrap();
        let lamports = system_instruction::transfer(&payer, &self.authority.pubkey(), 10_000_000_000);
        self.send(&[mint_to, lamports], &[]).await;
    }

    fn associated(&self, owner: &Pubkey) -> Pubkey {
        pda::associated_token_account(owner, &self.token.mint, &self.token.token_program)
    }

    async fn data(&mut self, address: &Pubkey) -> Vec<u8> {
        self.context
            .banks_client
            .get_account(*address)
            .await
            .unwrap()
            .unwrap()
            .data
    }

    async fn balance(&mut self, account: &Pubkey) -> u64 {
        let data = self.data(account).await;
        u64::from_le_bytes(data[64..72].try_into().unwrap())
    }

    async fn plan(&mut self) -> Plan {
        let plan = self.token.plan;
        accounts::plan(&self.data(&plan).await).unwrap()
    }

    /// Creates, funds and activates the plan of the scenario and makes its grants.
    async fn begin(&mut self, unearned_policy: UnearnedPolicy) -> [Pubkey; 3] {
        let (authority, plan) = (self.authority.pubkey(), self.token.plan);
        let PlanToken {
            mint, token_program, ..
        } = self.token;
        let args = CreatePlanArgs {
            unearned_policy,
            oracles: self.oracles.iter().map(Signer::pubkey).collect(),
            arbiter: Some(Pubkey::new_from_array([41; 32])),
            ..terms()
        };
        let revenue = KpiArgs {
            default_score: 5_000,
            ..stretch_kpi("revenue", Scope::Shared)
        };
        let create = instructions::create_plan(&authority, &authority, &mint, &self.treasury, &token_program, args);
        let kpis = [revenue, kpi("tasks", Scope::Individual)];
        self.send(&[create], &[]).await;
        for kpi in kpis {
            self.send(&[instructions::add_kpi(&authority, &plan, kpi)], &[]).await;
        }
        let source = self.associated(&authority);
        let activate = instructions::activate_plan(&authority, &plan, &mint);
        let fund = instructions::fund(&authority, &self.token, &source, FUNDS);
        self.send(&[activate, fund], &[]).await;
        let terms: [(u64, u16, &[u16]); 3] = [
            (400_000, 0, &[5_000, 5_000]),
            (200_000, 0, &[0, 10_000]),
            (100_003, 4_000, &[6_000]),
        ];
        for (index, (allocation, time_weight, weights)) in (0..).zip(terms) {
            let args = CreateGrantArgs {
                grant_index: index,
                beneficiary: self.beneficiaries[index as usize],
                allocation,
                unit_allocation: 0,
                first_period: 0,
                periods: 4,
                cliff_periods: 1,
                time_weight,
                kpi_weights: weights.to_vec(),
                revocable: false,
                transferable: false,
            };
            self.send(
                &[instructions::create_grant(&authority, &authority, &plan, &mint, args)],
                &[],
            )
            .await;
        }
        [0, 1, 2].map(|index| pda::grant(&plan, index))
    }

    /// The votes on one subject: in the shared KPI the liar speaks first, in the others second. The last honest vote
    /// resolves the value.
    async fn vote(&mut self, kpi: u8, period: u16, grant: Option<u32>, value: i64) {
        let liar = usize::from(period) % 3;
        let honest = [(liar + 1) % 3, (liar + 2) % 3];
        let order = if grant.is_none() {
            [liar, honest[0], honest[1]]
        } else {
            [honest[0], liar, honest[1]]
        };
        for oracle in order {
            let (payer, key) = (self.context.payer.pubkey(), self.oracles[oracle].pubkey());
            let value = if oracle == liar { 1_000_000 } else { value };
            let evidence = [7; 32];
            let attest = match grant {
                None => {
                    let args = AttestArgs {
                        kpi,
                        period,
                        value,
                        evidence,
                    };
                    instructions::attest(&payer, &key, &self.token.plan, args)
                }
                Some(first) => {
                    let args = AttestPageArgs {
                        kpi,
                        period,
                        first,
                        values: vec![value],
                        evidence,
                    };
                    instructions::attest_page(&payer, &key, &self.token.plan, args)
                }
            };
            self.send(&[attest], &[]).await;
        }
    }
}

const FUNDS: u64 = 1_000_000;

/// Values of a period: revenue, and the tasks of the first two grants.
const VALUES: [Option<[i64; 3]>; 4] = [
    // Scores 100 %, 100 %, 50 %.
    Some([100, 100, 50]),
    // 150 %, 80 %, 100 %.
    Some([150, 80, 100]),
    // Nobody votes: 50 % by default, 0, 0.
    None,
    // 0, 100 %, 100 %.
    Some([0, 100, 100]),
];

/// What each grant earns in each period, bonus included, and what its beneficiary holds in the end.
struct Expected {
    policy: UnearnedPolicy,
    earned: [[u64; 3]; 4],
    bonuses: [[u64; 3]; 4],
    paid: [u64; 3],
    surplus: u64,
}

// Tranches: 100,000; 50,000; 25,000, then 25,001. Reserves: 600,000 + 200,000 + 160,005 (credits of 150, 100 and 160
// %).

const RETURN: Expected = Expected {
    policy: UnearnedPolicy::Return,
    earned: [
        [100_000, 25_000, 25_000],
        [115_000, 50_000, 32_501],
        [25_000, 0, 17_500],
        [50_000, 50_000, 10_000],
    ],
    bonuses: [[0; 3]; 4],
    paid: [290_000, 125_000, 85_001],
    surplus: 499_999,
};

const CARRY_OVER: Expected = Expected {
    policy: UnearnedPolicy::CarryOver,
    earned: [
        [100_000, 25_000, 25_000],
        // 50,000 + 25,000 carried
        [115_000, 75_000, 32_501],
        [25_000, 0, 17_500],
        // (100,000 + 75,000) · 50 %; 50,000 + 50,000; (25,001 + 7,501) · 40 %
        [87_500, 100_000, 13_000],
    ],
    bonuses: [[0; 3]; 4],
    paid: [327_500, 200_000, 88_001],
    surplus: 384_499,
};

const REDISTRIBUTE: Expected = Expected {
    policy: UnearnedPolicy::Redistribute,
    earned: RETURN.earned,
    bonuses: [
        // 25,000 shared by 100,000 : 25,000 : 15,000
        [17_857, 4_464, 2_678],
        [0, 0, 0],
        // 132,501 shared by 25,000 : 0 : 7,500, up to one tranche each
        [100_000, 0, 25_001],
        // 65,001 shared by 50,000 : 50,000 : 0
        [32_500, 32_500, 0],
    ],
    paid: [440_357, 161_964, 112_680],
    surplus: 284_999,
};

async fn lifecycle(program: TokenProgram, expected: Expected) {
    let mut bank = Bank::start(program).await;
    let grants = bank.begin(expected.policy).await;
    let (stranger, plan) = (bank.context.payer.pubkey(), bank.token.plan);
    assert_eq!(bank.plan().await.reserved, 960_005);
    let mut owed = 0;
    for (period, values) in (0..).zip(VALUES) {
        let index = usize::from(period);
        let end = period_end(period);
        bank.set_time(end + HOUR).await;
        if let Some([revenue, first, second]) = values {
            bank.vote(0, period, None, revenue).await;
            bank.vote(1, period, Some(0), first).await;
            bank.vote(1, period, Some(1), second).await;
        }
        bank.set_time(end + 2 * DAY).await;
        for (grant, earned) in grants.iter().zip(expected.earned[index]) {
            let state = bank.plan().await;
            let grant_state = accounts::grant(&bank.data(grant).await).unwrap();
            bank.send(
                &[instructions::settle(&stranger, &plan, &state, grant, &grant_state)],
                &[],
            )
            .await;
            let grant_state = accounts::grant(&bank.data(grant).await).unwrap();
            assert_eq!(grant_state.last_earned, earned, "period {period}");
            owed += earned;
        }
        if expected.policy == UnearnedPolicy::Redistribute {
            for (grant, bonus) in grants.iter().zip(expected.bonuses[index]) {
                let before = accounts::grant(&bank.data(grant).await).unwrap().bonus;
                bank.send(&[instructions::collect_bonus(&plan, grant, period)], &[])
                    .await;
                let after = accounts::grant(&bank.data(grant).await).unwrap().bonus;
                assert_eq!(after - before, bonus, "period {period}");
                owed += bonus;
            }
        }
        let state = bank.plan().await;
        assert_eq!((state.owed, state.pooled), (owed, 0), "period {period}");
        // Paid after the first period and then at the end.
        if period == 0 || period == 3 {
            for (index, grant) in grants.iter().enumerate() {
                let account = bank.associated(&bank.beneficiaries[index]);
                bank.send(
                    &[instructions::claim(&stranger, &bank.token, grant, &account, None)],
                    &[],
                )
                .await;
            }
            owed = 0;
        }
    }
    for (index, paid) in expected.paid.into_iter().enumerate() {
        let account = bank.associated(&bank.beneficiaries[index]);
        assert_eq!(bank.balance(&account).await, paid);
    }
    // After the last deadline the stranger sends the rest home, and nothing is left.
    let state = bank.plan().await;
    assert_eq!((state.reserved, state.owed, state.pooled), (0, 0, 0));
    bank.set_time(state.last_deadline().unwrap()).await;
    let treasury = bank.treasury;
    bank.send(
        &[instructions::withdraw_surplus(&stranger, &bank.token, &treasury, None)],
        &[],
    )
    .await;
    assert_eq!(bank.balance(&treasury).await, expected.surplus);
    assert_eq!(bank.balance(&state.vault).await, 0);
    assert_eq!(expected.paid.iter().sum::<u64>() + expected.surplus, FUNDS);
}

macro_rules! lifecycles {
    ($($name:ident: $program:ident, $expected:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            lifecycle(TokenProgram::$program, $expected).await;
        }
    )+};
}

lifecycles! {
    a_plan_that_returns_pays_to_the_last_unit_on_spl_token: Spl, RETURN;
    a_plan_that_returns_pays_to_the_last_unit_on_token_2022: Token2022, RETURN;
    a_plan_that_carries_over_pays_to_the_last_unit_on_spl_token: Spl, CARRY_OVER;
    a_plan_that_carries_over_pays_to_the_last_unit_on_token_2022: Token2022, CARRY_OVER;
    a_plan_that_redistributes_pays_to_the_last_unit_on_spl_token: Spl, REDISTRIBUTE;
    a_plan_that_redistributes_pays_to_the_last_unit_on_token_2022: Token2022, REDISTRIBUTE;
}
