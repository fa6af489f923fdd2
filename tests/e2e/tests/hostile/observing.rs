//! `observe`, where an endpoint gives another account than there is: what is shown is what the chain has, or that it is
//! not known; and an account that is written to between a look and its transaction, which is no lie.

use {
    crate::support::{PLAN, PRICE, Table, Violations, first_words, kpi, modes, run},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout::state::Receiver,
    earnout_e2e::{Chain, Earnout, Hostile, Mode, Oracle, Setting, Token, UnitPlan},
    earnout_sdk::wire::pda,
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

/// End of the first period, Unix seconds.
const END: i64 = 1_804_032_000;

/// What the sponsor's account holds: 2.5, published 5 s after the end, the first update of all.
const PRICE_THERE: i64 = 250_000_000;

/// A lie about what was recorded.
const HIDDEN: &str = "no attestation once sent";

struct World {
    chain: Chain,
    earnout: Earnout,
}

impl World {
    /// So many plans with a price and a grant that is paid by it; the first period has ended, and the sponsor has
    /// published.
    async fn begin(plans: u64) -> Self {
        let chain = Chain::start(&["--slot-ms", "25", "--time", "2027-01-01T00:00:00Z"]);
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain
            .mint_to(&token, &authority, &authority.pubkey(), 1_000_000_000_000)
            .await;
        let treasurer = chain.key("treasury-owner").pubkey();
        chain.mint_to(&token, &authority, &treasurer, 0).await;
        let world = Self {
            earnout: Earnout::on(&chain),
            chain,
        };
        for id in 1..=plans {
            let mut file = PLAN
                .replace("{mint}", &token.mint.to_string())
                .replace("{id}", &id.to_string())
                + &kpi("delivered", "%", "shared")
                + PRICE;
            for role in ["oracle-1", "oracle-2", "oracle-3", "arbiter", "treasury-owner"] {
                file = file.replace(&format!("{{{role}}}"), &world.chain.key(role).pubkey().to_string());
            }
            world.earnout.file("plan.toml", file);
            world.by("plan create plan.toml --activate --fund 100", id);
            let beneficiary = UnitPlan::wallet(1);
            world.by(
                &format!("grant create PLAN {beneficiary} 40 --value 8 --time-weight 100%"),
                id,
            );
        }
        world.chain.warp(&(END + 60).to_string());
        world.publish(PRICE_THERE).await;
        world
    }

    fn plan(&self, id: u64) -> Pubkey {
        pda::plan(&self.chain.key("authority").pubkey(), id)
    }

    fn words(&self, key: &str, words: &str, id: u64) -> Vec<String> {
        let words = words.replace("PLAN", &self.plan(id).to_string());
        let signer = self.chain.key_file(key).display().to_string();
        let words = words.split(' ').map(str::to_owned);
        words.chain(["-y".to_owned(), "-k".to_owned(), signer]).collect()
    }

    #[track_caller]
    fn by(&self, words: &str, id: u64) {
        self.earnout.run(&self.words("authority", words, id)).succeeded();
    }

    fn update(price: i64) -> Vec<u8> {
        UnitPlan::update(price, 0, END + 5, END - 1)
    }

    async fn publish(&self, price: i64) {
        let data = Self::update(price);
        self.chain.publish(&UnitPlan::sponsored(), Receiver::Pyth, &data).await;
    }

    /// The value that the chain has, with six decimals.
    async fn recorded(&self, id: u64) -> Option<i64> {
        let address = pda::attestation(&self.plan(id), 1, 0);
        let found = self.chain.client().evaluations(&[address]).await;
        let found = found.expect("the chain answers").pop().flatten()?;
        Some(found.attestation()?.observation()?.value)
    }
}

/// The value of a result.
fn shown(stdout: &str) -> Option<i64> {
    let result: Value = serde_json::from_str(stdout).ok()?;
    result["value"]["value"].as_str()?.parse().ok()
}

/// An account as an endpoint gives it.
fn account(owner: &Pubkey, data: &[u8]) -> Value {
    json!({
        "lamports": 1_823_520, "owner": owner.to_string(), "executable": false, "rentEpoch": 0, "space": data.len(),
        "data": [BASE64_STANDARD.encode(data), "base64"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_what_was_observed_is_what_the_chain_has() {
    let receiver = Receiver::Pyth.program();
    let good = World::update(PRICE_THERE);
    let swaps = |account: Value| Setting {
        accounts: [(UnitPlan::sponsored().to_string(), account)].into(),
        ..Setting::new(Mode::Swaps)
    };
    let other = account(&receiver, &World::update(260_000_000));
    let lies: Vec<(&str, Option<Setting>)> = vec![
        ("no account", Some(swaps(Value::Null))),
        ("a foreign owner", Some(swaps(account(&Token::CLASSIC, &good)))),
        ("truncated bytes", Some(swaps(account(&receiver, &good[..133])))),
        ("another price", Some(swaps(other))),
        (HIDDEN, None),
    ];
    let modes = modes();
    let count = u64::try_from(lies.len() + modes.len()).expect("a few");
    let world = World::begin(count).await;
    let lies = lies.into_iter().map(|(name, setting)| (name.to_owned(), setting));
    let columns = modes.into_iter().map(|column| (column.name, Some(column.setting)));
    let (violations, table) = (Violations::default(), Table::default());
    for ((name, setting), id) in lies.chain(columns).zip(1..) {
        let hidden = Setting {
            accounts: [(pda::attestation(&world.plan(id), 1, 0).to_string(), Value::Null)].into(),
            ..Setting::new(Mode::Swaps)
        };
        let setting = setting.unwrap_or_else(|| hidden.once_sent());
        for command in ["observe PLAN --dry-run", "observe PLAN --evidence-dir kept"] {
            let hostile = Hostile::before(&world.chain.rpc_url);
            hostile.set([setting.clone()]);
            let words = world.words("payer", &format!("{command} --output json"), id);
            let finished = run(&world.earnout, &hostile, &words, &violations);
            let sent = hostile.seen().signatures.len();
            let recorded = world.recorded(id).await;
            let outcome = match finished.code {
                Some(0) => "0 the truth".to_owned(),
                Some(code) => format!("{code} {}", first_words(&finished)),
                None => "hangs".to_owned(),
            };
            table.note(command, &name, outcome);
            let about = || format!("{name} / {command}: recorded {recorded:?}, sent {sent}: {finished:#?}");
            let value = shown(&finished.stdout);
            let truth = 2_500_000;
            violations.unless(value.is_none_or(|value| value == truth), about);
            let is_dry = command.contains("--dry-run");
            violations.unless(!is_dry || (sent == 0 && recorded.is_none()), about);
            match finished.code {
                Some(0) => violations.unless(is_dry || (value == Some(truth) && recorded == value), about),
                // A lie that cannot be told from the truth by one endpoint.
                Some(1) if setting.mode == Mode::Blind => (),
                Some(1) => violations.unless(recorded.is_none(), about),
                Some(2) => violations.unless(recorded.is_some() && finished.stderr.contains("INCOMPLETE"), about),
                Some(3) => violations.unless(sent > 0, about),
                _ => violations.unless(false, about),
            }
        }
    }
    let compared = table.compare("observing");
    violations.none();
    compared.unwrap_or_else(|differs| panic!("{differs}"));
}

/// The sponsor writes to its account whenever it likes, also after it was read and before the transaction is executed.
#[tokio::test(flavor = "multi_thread")]
async fn g15_an_account_that_is_written_to_in_between_is_shown_as_it_counts() {
    let world = World::begin(1).await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    // The first time it is sent it gets lost.
    hostile.set([Setting::new(Mode::Drops).times(1)]);
    let words = world.words("payer", "observe PLAN --evidence-dir kept --output json", 1);
    let observing = world
        .earnout
        .spawn(&[words, vec!["-u".to_owned(), hostile.url.clone()]].concat());
    hostile.wait_for("sendTransaction", 0);
    world.publish(260_000_000).await;
    let output = observing.wait_with_output().expect("it ends");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(2), "{stdout}{stderr}");
    assert_eq!(world.recorded(1).await, Some(2_600_000));
    assert_eq!(shown(&stdout), Some(2_600_000), "{stdout}");
    let why = "recorded is 2.6 USD, published 2027-03-03T00:00:05Z, and 2.5 USD, published";
    assert!(
        stderr.contains("another update was recorded") && stderr.contains(why),
        "{stderr}"
    );
    // The evidence that is kept is of what was recorded.
    let statement = world.words("payer", "plan statement PLAN --evidence kept --output json", 1);
    let statement = world.earnout.run(&statement).succeeded().json();
    assert_eq!(statement["evidence"][0]["state"], "found", "{statement:#}");
}

/// The same by the daemon, which keeps the evidence of what was recorded.
#[tokio::test(flavor = "multi_thread")]
async fn g15_the_daemon_keeps_the_evidence_of_what_was_recorded() {
    let world = World::begin(1).await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    hostile.set([Setting::new(Mode::Drops).times(1)]);
    let observes = format!("[[observe]]\nplan = \"{}\"", world.plan(1));
    let oracle = Oracle::new(&world.chain, "oracle-1", &[&hostile.url], &observes);
    let observing = oracle.spawn(&["once"]);
    hostile.wait_for("sendTransaction", 0);
    world.publish(260_000_000).await;
    let output = observing.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(world.recorded(1).await, Some(2_600_000));
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(logged.contains("2.6") && !logged.contains("value=2.5"), "{logged}");
    let evidence = oracle.folder().join("state/evidence").display().to_string();
    let statement = format!("plan statement PLAN --evidence {evidence} --output json");
    let statement = world.earnout.run(&world.words("payer", &statement, 1)).succeeded();
    assert_eq!(statement.json()["evidence"][0]["state"], "found");
}
