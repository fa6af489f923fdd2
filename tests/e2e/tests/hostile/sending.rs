//! Every command that sends, against every mode: nothing is done twice, and nothing that was done is denied.

use {
    crate::support::{
        Column, PLAN, PRICE, Table, Violations, first_words, in_parallel, kpi, modes, modes_once_sent, run,
    },
    earnout::state::Receiver,
    earnout_e2e::{Chain, Earnout, Hostile, Mode, Token, UnitPlan},
    earnout_sdk::wire::{accounts, pda},
    serde_json::json,
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{collections::BTreeMap, fmt::Write, sync::Mutex},
    tokio::runtime::Handle,
};

/// Who has the grants 0 to 8 of a plan. Some sign, the others only receive.
const HOLDERS: [&str; 9] = [
    "beneficiary-1",
    "beneficiary-2",
    "beneficiary-3",
    "beneficiary-4",
    "beneficiary-5",
    "holder-1",
    "holder-2",
    "holder-3",
    "holder-4",
];

/// Commands run side by side, which mostly wait.
const THREADS: usize = 28;

/// A command, who signs it, and whether it sends as many transactions as it needs.
struct Order {
    words: &'static str,
    key: &'static str,
    in_bulk: bool,
    /// What of the plan it is about: added to the plan's number.
    plan: u64,
}

const fn order(key: &'static str, words: &'static str) -> Order {
    Order {
        words,
        key,
        in_bulk: false,
        plan: ACTIVE,
    }
}

const fn bulk(key: &'static str, words: &'static str) -> Order {
    Order {
        in_bulk: true,
        ..order(key, words)
    }
}

const fn about(plan: u64, order: Order) -> Order {
    Order { plan, ..order }
}

/// The plan of a column that is active; one that is made by a command; drafts to be activated and closed.
const ACTIVE: u64 = 1_000;
const NEW: u64 = 2_000;
const DRAFT: u64 = 3_000;
const UNWANTED: u64 = 4_000;

const HASH: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// Before the first period.
const FIRST: &[Order] = &[
    about(
        NEW,
        bulk("authority", "plan create new-{column}.toml --activate --fund 5"),
    ),
    about(DRAFT, order("authority", "plan activate PLAN")),
    about(UNWANTED, order("authority", "plan close PLAN")),
    order("authority", "plan fund PLAN 1"),
    order("authority", "plan surplus PLAN 1"),
    order("authority", "plan authority PLAN --propose {new-authority}"),
    order(
        "authority",
        "plan oracles PLAN --propose {oracle-1} {oracle-2} --threshold 2 --first-period 3",
    ),
    order("authority", "plan treasury PLAN {treasury-account}"),
    order("authority", "plan uri PLAN https://documents.example/"),
    order("authority", "grant create PLAN {fresh} 1 --time-weight 100%"),
    order("authority", "grant create PLAN {paid} 1 --value 3 --time-weight 100%"),
    bulk("authority", "grant import PLAN import-{column}.csv"),
    order("authority", "grant terminate PLAN/0"),
    // A lock stands in the way of `claim --all`, unless there is nothing to claim.
    order("beneficiary-2", "grant lock PLAN/1"),
    order("beneficiary-2", "grant resign PLAN/1"),
    order("beneficiary-3", "grant transfer PLAN/2 --propose {new-authority}"),
];

/// When the first period has ended.
const SECOND: &[Order] = &[
    order("oracle-1", "attest PLAN a 0 50 --evidence-hash {hash}"),
    order("payer", "observe PLAN"),
    order("authority", "attestation dispute PLAN b 0 --reason-hash {hash}"),
    order("arbiter", "attestation rule PLAN c 0 --uphold --reason-hash {hash}"),
    bulk("oracle-1", "attest PLAN d 0 --values values.csv"),
    order("oracle-1", "attest PLAN d 0 50 --grant PLAN/8 --evidence-hash {hash}"),
    order(
        "authority",
        "attestation dispute PLAN d 0 --grants 3-4 --reason-hash {hash}",
    ),
    order(
        "arbiter",
        "attestation rule PLAN d 0 --grants 5-6 --uphold --reason-hash {hash}",
    ),
];

/// When every value of it is final.
const THIRD: &[Order] = &[
    order("payer", "settle PLAN/4"),
    bulk("payer", "settle --all PLAN"),
    order("payer", "claim PLAN/5"),
    bulk("payer", "claim --all PLAN --create-accounts"),
    order("payer", "grant close PLAN/8"),
];

/// When the second period is final, too.
const FOURTH: &[Order] = &[bulk("payer", "crank PLAN")];

/// What a command changed: tokens in the vault, grants made, events reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    vault: i128,
    grants: u32,
    events: u64,
}

impl State {
    fn since(self, before: Self) -> Self {
        Self {
            vault: self.vault - before.vault,
            grants: self.grants - before.grants,
            events: self.events - before.events,
        }
    }

    /// Whether this is no more than `all` of the change.
    fn is_part(self, all: Self) -> bool {
        let within = self.vault.signum() * all.vault.signum() >= 0 && self.vault.abs() <= all.vault.abs();
        within && self.grants <= all.grants && self.events <= all.events
    }
}

struct World {
    chain: Chain,
    earnout: Earnout,
    token: Token,
    treasury: Pubkey,
    violations: Violations,
    table: Table,
    /// What each command does if nothing is wrong.
    whole: Mutex<BTreeMap<&'static str, State>>,
    /// Transactions that are said not to have happened.
    denied: Mutex<Vec<String>>,
}

/// A column with its number.
struct Lane {
    number: u64,
    column: Column,
    /// Gets a grant by a command.
    fresh: Pubkey,
    /// Gets one in dollars.
    paid: Pubkey,
}

impl World {
    async fn new() -> Self {
        let chain = Chain::start(&["--slot-ms", "25", "--time", "2027-01-01T00:00:00Z"]);
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain
            .mint_to(&token, &authority, &authority.pubkey(), 1_000_000_000_000)
            .await;
        for name in HOLDERS.into_iter().chain(["treasury-owner", "new-authority"]) {
            if !chain.key_file(name).exists() {
                chain.new_key(name, 0);
            }
            chain.mint_to(&token, &authority, &chain.key(name).pubkey(), 0).await;
        }
        Self {
            treasury: token.account(&chain.key("new-authority").pubkey()),
            earnout: {
                let earnout = Earnout::on(&chain);
                // Of those grants that no earlier command ended.
                earnout.file("values.csv", "grant,value\n2,50\n7,50\n");
                earnout.file("others.csv", "grant,value\n3,50\n4,50\n5,50\n6,50\n");
                earnout
            },
            chain,
            token,
            violations: Violations::default(),
            table: Table::default(),
            whole: Mutex::default(),
            denied: Mutex::default(),
        }
    }

    fn address(&self, lane: &Lane, kind: u64) -> Pubkey {
        pda::plan(&self.chain.key("authority").pubkey(), kind + lane.number)
    }

    fn plan_file(&self, lane: &Lane, kind: u64, kpis: &[&str]) -> String {
        let mut file = PLAN.replace("{mint}", &self.token.mint.to_string());
        file = file.replace("{id}", &(kind + lane.number).to_string());
        for role in ["oracle-1", "oracle-2", "oracle-3", "arbiter", "treasury-owner"] {
            file = file.replace(&format!("{{{role}}}"), &self.chain.key(role).pubkey().to_string());
        }
        for name in kpis {
            let scope = if *name == "d" { "individual" } else { "shared" };
            file.push_str(&kpi(name, "%", scope));
        }
        file + PRICE
    }

    fn grant_file(&self, beneficiaries: &[Pubkey], short: Option<usize>) -> String {
        let mut file = String::from(
            "beneficiary,allocation,first_period,periods,cliff,time_weight,weight:a,weight:b,weight:c,weight:d,revocable,\
             transferable\n",
        );
        for (row, beneficiary) in beneficiaries.iter().enumerate() {
            let periods = if short == Some(row) { 1 } else { 4 };
            writeln!(
                file,
                "{beneficiary},40,0,{periods},0,4000,2000,2000,1000,1000,true,true"
            )
            .expect("memory");
        }
        file
    }

    fn words(&self, lane: &Lane, order: &Order) -> Vec<String> {
        let key = |name: &str| self.chain.key(name).pubkey().to_string();
        let words = order
            .words
            .replace("PLAN", &self.address(lane, order.plan).to_string())
            .replace("{column}", &lane.number.to_string())
            .replace("{new-authority}", &key("new-authority"))
            .replace("{oracle-1}", &key("oracle-1"))
            .replace("{oracle-2}", &key("oracle-2"))
            .replace("{treasury-account}", &self.treasury.to_string())
            .replace("{fresh}", &lane.fresh.to_string())
            .replace("{paid}", &lane.paid.to_string())
            .replace("{hash}", HASH);
        let signer = self.chain.key_file(order.key).display().to_string();
        let words = words.split(' ').map(str::to_owned);
        words.chain(["-y".to_owned(), "-k".to_owned(), signer]).collect()
    }

    /// Runs a command on the chain itself.
    #[track_caller]
    fn honestly(&self, lane: &Lane, key: &'static str, words: &'static str) {
        self.earnout.run(&self.words(lane, &order(key, words))).succeeded();
    }

    /// What the chain has of the plan that a command is about.
    async fn state(&self, plan: &Pubkey) -> State {
        let found = self.chain.rpc.get_multiple_accounts(&[*plan, pda::vault(plan)]).await;
        let found = found.expect("the chain answers");
        let Some(account) = &found[0] else {
            return State::default();
        };
        let amount = found[1]
            .as_ref()
            .and_then(|vault| vault.data.get(64..72)?.try_into().ok());
        let vault = i128::from(amount.map_or(0, u64::from_le_bytes));
        match accounts::plan(&account.data) {
            Ok(plan) => State {
                vault,
                grants: plan.grant_counter,
                events: plan.event_sequence,
            },
            // Only its mark is left.
            Err(_) => State {
                events: u64::MAX,
                ..State::default()
            },
        }
    }

    /// Makes the plans of a column and the grants of its active one.
    fn begin(&self, lane: &Lane) {
        let name = |what: &str| format!("{what}-{}.toml", lane.number);
        let file = |what: &str, kind, kpis: &[&str]| self.earnout.file(&name(what), self.plan_file(lane, kind, kpis));
        file("new", NEW, &["a"]);
        file("active", ACTIVE, &["a", "b", "c", "d"]);
        file("draft", DRAFT, &["a"]);
        file("unwanted", UNWANTED, &["a"]);
        let key = self.chain.key_file("authority").display().to_string();
        let create = |what: &str, more: &[&str]| {
            let file = name(what);
            let words = [&["plan", "create", &file, "-y", "-k", &key], more].concat();
            self.earnout.run(&words).succeeded();
        };
        create("active", &["--activate", "--fund", "1_000"]);
        create("draft", &[]);
        create("unwanted", &[]);
        let fresh: Vec<_> = (0..3).map(|_| Keypair::new().pubkey()).collect();
        self.earnout
            .file(&format!("import-{}.csv", lane.number), self.grant_file(&fresh, None));
        let holders: Vec<_> = HOLDERS.iter().map(|name| self.chain.key(name).pubkey()).collect();
        let last = holders.len() - 1;
        self.earnout.file(
            &format!("first-{}.csv", lane.number),
            self.grant_file(&holders, Some(last)),
        );
        self.honestly(lane, "authority", "grant import PLAN first-{column}.csv");
    }

    /// The sponsor publishes the price of the first period.
    async fn publish(&self) {
        // 2027-03-03T00:00:00Z
        let end = 1_804_032_000;
        let update = UnitPlan::update(250_000_000, 0, end + 5, end - 1);
        self.chain
            .publish(&UnitPlan::sponsored(), Receiver::Pyth, &update)
            .await;
    }

    fn vote(&self, lane: &Lane) {
        for oracle in ["oracle-2", "oracle-3"] {
            self.honestly(lane, oracle, "attest PLAN b 0 50 --evidence-hash {hash}");
            self.honestly(lane, oracle, "attest PLAN c 0 50 --evidence-hash {hash}");
            self.honestly(lane, oracle, "attest PLAN d 0 --values others.csv");
        }
        self.honestly(lane, "authority", "attestation dispute PLAN c 0 --reason-hash {hash}");
        self.honestly(
            lane,
            "authority",
            "attestation dispute PLAN d 0 --grants 5-6 --reason-hash {hash}",
        );
    }

    /// Runs the commands in every column: first where nothing is wrong, which says what they do, then where all else
    /// is.
    fn run(&self, lanes: &[Lane], orders: &'static [Order], prepare: impl Fn(&Lane) + Sync) {
        in_parallel(THREADS, lanes, &prepare);
        let (honest, others) = lanes.split_first().expect("columns");
        let runtime = Handle::current();
        let all = |lane: &Lane| orders.iter().for_each(|order| runtime.block_on(self.one(lane, order)));
        all(honest);
        in_parallel(THREADS, others, all);
    }

    async fn one(&self, lane: &Lane, order: &Order) {
        let Lane { column, .. } = lane;
        let plan = self.address(lane, order.plan);
        let hostile = Hostile::before(&self.chain.rpc_url);
        hostile.set([column.setting.clone()]);
        let before = self.state(&plan).await;
        let finished = run(&self.earnout, &hostile, &self.words(lane, order), &self.violations);
        let change = self.state(&plan).await.since(before);
        let seen = hostile.seen();
        let executed = self.executed(&seen.signatures).await;
        let outcome = match finished.code {
            Some(0) => "0 done".to_owned(),
            Some(code) => format!("{code} {}", first_words(&finished)),
            None => "hangs".to_owned(),
        };
        let done = if executed > 0 { "executed" } else { "not executed" };
        let outcome = match (finished.code, column.mode) {
            (Some(0), _) => outcome,
            (_, Mode::Blind) => format!("{outcome} [{done}: a lie of the endpoint that cannot be told from the truth]"),
            _ => format!("{outcome} [{done}]"),
        };
        self.table.note(order.words, &column.name, outcome);
        let unless = |holds: bool, what: &str| {
            let about = || {
                format!(
                    "{} / {}: {what}: {change:?} by {seen:?}: {finished:#?}",
                    column.name, order.words
                )
            };
            self.violations.unless(holds, about);
        };
        if column.mode == Mode::Honest {
            unless(
                finished.code == Some(0) && change != State::default(),
                "nothing is wrong",
            );
            self.whole
                .lock()
                .expect("no panic while it is held")
                .insert(order.words, change);
        }
        let whole = self.whole.lock().expect("no panic while it is held")[order.words];
        let nothing = change == State::default();
        unless(change.is_part(whole), "more was done than once");
        unless(order.in_bulk || executed <= 1, "more than one transaction was executed");
        unless(order.in_bulk || nothing || change == whole, "another thing was done");
        match finished.code {
            // In bulk one may fail that another one has made superfluous.
            Some(0) => unless(
                change == whole && (order.in_bulk || executed == seen.signatures.len()),
                "not all was done",
            ),
            // What no client can tell from the truth.
            Some(1) if column.mode == Mode::Blind => (),
            Some(1) => unless(nothing && executed == 0, "what was done is denied"),
            Some(2) => unless(order.in_bulk || order.plan == NEW, "a transaction is done or it is not"),
            Some(3) => {
                let named = seen
                    .signatures
                    .iter()
                    .any(|signature| finished.stderr.contains(signature));
                unless(named, "the outcome is unknown and no signature is said");
            }
            _ => unless(false, "another exit code"),
        }
        if finished.code == Some(1) && column.mode != Mode::Blind {
            self.denied
                .lock()
                .expect("no panic while it is held")
                .extend(seen.signatures);
        }
        // What comes later in the column stands on it, and the same command does the rest.
        if change != whole && column.mode != Mode::Honest {
            let rest = self.earnout.run(&self.words(lane, order));
            let all = self.state(&plan).await.since(before);
            let about = || {
                format!(
                    "{} / {}: the rest is not done: {all:?}: {rest:#?}",
                    column.name, order.words
                )
            };
            self.violations.unless(all == whole, about);
        }
    }

    /// How many of these the chain executed.
    async fn executed(&self, signatures: &[String]) -> usize {
        if signatures.is_empty() {
            return 0;
        }
        let search = json!({"searchTransactionHistory": true});
        let statuses = self
            .chain
            .ask("getSignatureStatuses", json!([signatures, search]))
            .await;
        let statuses = statuses["value"].as_array().expect("a list");
        statuses
            .iter()
            .filter(|status| status["err"].is_null() && status.is_object())
            .count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g16_nothing_is_done_twice_and_nothing_done_is_denied() {
    let world = World::new().await;
    let columns = modes().into_iter().chain(modes_once_sent());
    let lanes: Vec<_> = (0..)
        .zip(columns)
        .map(|(number, column)| Lane {
            number,
            column,
            fresh: Keypair::new().pubkey(),
            paid: Keypair::new().pubkey(),
        })
        .collect();
    tokio::task::block_in_place(|| {
        world.run(&lanes, FIRST, |lane| world.begin(lane));
        world.chain.warp("2027-03-03T01:00:00Z");
        Handle::current().block_on(world.publish());
        world.run(&lanes, SECOND, |lane| world.vote(lane));
        world.chain.warp("2027-03-10T00:00:00Z");
        world.run(&lanes, THIRD, |lane| {
            world.honestly(lane, "payer", "settle PLAN/5");
            world.honestly(lane, "payer", "settle PLAN/6");
        });
        world.chain.warp("2027-04-10T00:00:00Z");
        world.run(&lanes, FOURTH, |_| ());
    });
    let denied = world.denied.lock().expect("no panic while it is held").clone();
    for denied in denied.chunks(200) {
        assert_eq!(
            world.executed(denied).await,
            0,
            "what was said not to happen happened later"
        );
    }
    let compared = world.table.compare("sending");
    world.violations.none();
    compared.unwrap_or_else(|differs| panic!("{differs}"));
}
