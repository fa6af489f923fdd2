//! Creating a plan: what is left of it, whatever the chain has already.

use {
    anchor_lang::Discriminator,
    anchor_spl::compat::spl_token_2022_interface::state::{Account as TokenAccount, AccountState, Mint},
    earnout::state::{Plan, PlanStatus},
    earnout_sdk::{
        client::{
            creation::{Creation, CreationError, Funding, Standing, Transaction, told},
            token::TokenError,
        },
        terms::plan_file::template,
        wire::pda,
    },
    solana_account::Account,
    solana_program::{clock::Clock, program_pack::Pack, pubkey::Pubkey, sysvar},
    std::{cell::RefCell, collections::HashMap, convert::Infallible},
};

/// Seconds before the calendar of the template, which begins on 1 January 2027.
const EARLIER: i64 = 1_000;
const START: i64 = 1_798_761_600;

const SUPPLY: u64 = 100_000_000_000_000;
const TOKEN_PROGRAM: Pubkey = anchor_spl::compat::spl_token_interface::ID;

/// What the chain has.
struct World {
    accounts: HashMap<Pubkey, Account>,
    creation: Creation,
    mint: Pubkey,
}

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

fn packed<T: Pack>(state: T) -> Account {
    let mut data = vec![0; T::LEN];
    state.pack_into_slice(&mut data);
    Account {
        owner: TOKEN_PROGRAM,
        data,
        ..Account::default()
    }
}

impl World {
    /// The template with addresses, on a chain with its mint.
    fn new() -> Self {
        let mut text = template(START);
        let names = [
            "FIRST ORACLE",
            "SECOND ORACLE",
            "THIRD ORACLE",
            "ARBITER",
            "TOKEN'S MINT",
            "TREASURY",
        ];
        for (number, name) in (1..).zip(names) {
            text = text.replace(&format!("<ADDRESS OF THE {name}>"), &key(number).to_string());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        std::fs::write(&path, text).unwrap();
        let mint = packed(Mint {
            supply: SUPPLY,
            decimals: 6,
            is_initialized: true,
            ..Mint::default()
        });
        let clock = Clock {
            unix_timestamp: START - EARLIER,
            ..Clock::default()
        };
        let clock = Account {
            owner: sysvar::ID,
            data: bincode::serialize(&clock).unwrap(),
            ..Account::default()
        };
        Self {
            accounts: HashMap::from([(key(5), mint), (sysvar::clock::ID, clock)]),
            creation: Creation::read(&path, key(9)).unwrap(),
            mint: key(5),
        }
    }

    fn hold(&mut self, amount: u64) {
        let source = pda::associated_token_account(&key(9), &self.mint, &TOKEN_PROGRAM);
        let holding = TokenAccount {
            mint: self.mint,
            owner: key(9),
            amount,
            state: AccountState::Initialized,
            ..TokenAccount::default()
        };
        self.accounts.insert(source, packed(holding));
    }

    /// The plan of the file as the chain would have it, with the first `kpis` of its KPIs.
    fn make(&mut self, kpis: usize, change: impl FnOnce(&mut Plan)) {
        let mut file = self.creation.file.clone();
        file.kpis.truncate(kpis);
        let mut plan = file.draft(&key(9)).unwrap();
        plan.mint = self.mint;
        plan.treasury = pda::associated_token_account(&key(6), &self.mint, &TOKEN_PROGRAM);
        change(&mut plan);
        let account = Account {
            owner: earnout_sdk::ID,
            data: [Plan::DISCRIMINATOR, bytemuck::bytes_of(&plan)].concat(),
            ..Account::default()
        };
        self.accounts.insert(pda::plan(&key(9), file.terms.plan_id), account);
    }

    async fn look(&self) -> Result<Standing, CreationError<Infallible>> {
        let read = async |address| Ok(self.accounts.get(&address).cloned());
        self.creation.look(read).await
    }

    async fn steps(&self) -> Vec<String> {
        self.look().await.unwrap().steps
    }
}

const STEPS: [&str; 3] = [
    "create the plan and its vault",
    "add the KPI \"monthly active users\"",
    "add the KPI \"review of own work\"",
];

#[tokio::test]
async fn what_is_there_is_not_done_again() {
    let mut world = World::new();
    let standing = world.look().await.unwrap();
    assert_eq!(standing.steps, STEPS);
    assert_eq!(standing.transactions.len(), 1);
    // The treasury's account is made with the plan.
    assert_eq!(standing.transactions[0].instructions.len(), 4);
    world.make(1, |_| ());
    assert_eq!(world.steps().await, STEPS[2..]);
    world.make(2, |_| ());
    assert!(world.look().await.unwrap().transactions.is_empty());

    world.creation.activate = true;
    assert_eq!(world.steps().await, ["freeze the terms permanently"]);
    world.make(2, |plan| {
        plan.status = PlanStatus::Active.to_byte();
        plan.activated_at = START;
    });
    assert!(world.steps().await.is_empty());
}

#[tokio::test]
async fn what_was_funded_counts() {
    let mut world = World::new();
    world.make(2, |plan| plan.funded_total = 1_000_000);
    let fund = |amount| {
        Some(Funding {
            amount: Some(amount),
            source: None,
        })
    };
    world.creation.fund = fund(3_500_000);
    let refused = world.look().await.unwrap_err();
    let CreationError::Token(TokenError::NoHolding { role: "source", .. }) = refused else {
        panic!("{refused}")
    };
    world.hold(2_500_000);
    assert_eq!(world.steps().await, ["fund it with 2.5"]);
    world.creation.fund = fund(3_500_001);
    let refused = world.look().await.unwrap_err().to_string();
    assert!(
        refused.ends_with("holds less than 2.500001: its balance is 2.5"),
        "{refused}"
    );
    world.creation.fund = fund(1_000_000);
    assert!(world.steps().await.is_empty());
    world.creation.fund = Some(Funding {
        amount: None,
        source: None,
    });
    assert_eq!(world.steps().await, ["fund it with 2.5"], "all there is");
}

#[tokio::test]
async fn another_plan_of_this_number_is_refused_by_field() {
    let mut world = World::new();
    world.make(2, |plan| (plan.max_grants, plan.treasury) = (7, key(8)));
    let refused = world.look().await.unwrap_err();
    let CreationError::Differs { differences, .. } = &refused else {
        panic!("{refused}")
    };
    let fields: Vec<_> = differences.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["limits.max_grants", "roles.treasury"]);
    let words = told(differences);
    assert!(
        words.contains("is 7 on the chain and 100 in the file; 1 more differs: roles.treasury"),
        "{words}"
    );
}

#[tokio::test]
async fn what_only_the_chain_shows_is_a_mistake_with_its_line() {
    let mut world = World::new();
    world.creation.file.token.supply = Some(SUPPLY - 1);
    let refused = world.look().await.unwrap_err().to_string();
    assert!(
        refused.contains("token.supply: 100,000,000.000000 tokens exist"),
        "{refused}"
    );
    world.accounts.remove(&world.mint);
    let refused = world.look().await.unwrap_err().to_string();
    assert_eq!(refused, format!("there is no mint at {}", world.mint));
}

#[tokio::test]
async fn each_transaction_follows_from_a_new_look() {
    let mut world = World::new();
    let first = world.look().await.unwrap();
    world.make(1, |_| ());
    let second = world.look().await.unwrap();
    world.make(2, |_| ());
    let looks = RefCell::new(vec![world.look().await.unwrap(), second]);
    let mut sent = Vec::new();
    let look = async || looks.borrow_mut().pop().ok_or("looked too often");
    let send = async |number, total, transaction: Transaction| {
        sent.push((number, total, transaction.what));
        Ok(())
    };
    let done = first.finish(look, send).await.unwrap();
    assert!(done.steps.is_empty());
    assert_eq!(sent, [(1, 1, STEPS.join(", ")), (2, 2, STEPS[2].to_owned())]);
}
