//! Commands on pages of values, where an endpoint gives another page than there is, or none: each shows what is true or
//! ends with one error, and nothing is sent on what is not so.

use {
    crate::support::{PLAN, Table, Violations, first_words, kpi, run},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_e2e::{Chain, Earnout, Hostile, Mode, Setting, Token},
    earnout_sdk::{
        client::Documents,
        wire::{Manifest, pda},
    },
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

const HASH: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// A lie of an endpoint that does not search.
const NO_SEARCH: &str = "no page and no search";

/// A lie by which it cannot be seen that a page is an older one: its first simulations fail, the next ones do not. One
/// of them says whether the endpoint takes version 1.
const BLIND_FIRST: &str = "an older page and no simulation at first";

/// Adds to what was reported before: the manifest has to repeat all of that.
const ADDITION: &str = "attest PLAN tasks 0 --values few.csv";

/// Commands, who gives them, and whether they send.
const COMMANDS: [(&str, &str, bool); 8] = [
    ("payer", "attestation show PLAN tasks 0 --page 0 --output json", false),
    (
        "payer",
        "attestation show PLAN tasks 0 --grant PLAN/0 --output json",
        false,
    ),
    ("payer", "plan statement PLAN --output json", false),
    ("oracle-1", ADDITION, true),
    ("oracle-1", "attest PLAN tasks 0 --values all.csv", true),
    (
        "oracle-3",
        "attest PLAN tasks 0 25 --grant PLAN/1 --evidence-hash HASH",
        true,
    ),
    (
        "arbiter",
        "attestation rule PLAN tasks 0 --grants 0 --uphold --reason-hash HASH",
        true,
    ),
    (
        "authority",
        "attestation dispute PLAN tasks 0 --grants 1 --reason-hash HASH",
        true,
    ),
];

struct World {
    chain: Chain,
    earnout: Earnout,
}

impl World {
    /// Two plans, 1 and 2, each with four grants and an individual KPI; the first period has ended.
    async fn begin() -> Self {
        let chain = Chain::start(&["--slot-ms", "25", "--time", "2027-01-01T00:00:00Z"]);
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain
            .mint_to(&token, &authority, &authority.pubkey(), 1_000_000_000_000)
            .await;
        let treasurer = chain.new_key("treasury-owner", 0);
        chain.mint_to(&token, &authority, &treasurer.pubkey(), 0).await;
        let world = Self {
            earnout: Earnout::on(&chain),
            chain,
        };
        let mut rows = "beneficiary,allocation,time_weight,weight:tasks,revocable,transferable,cliff\n".to_owned();
        for name in ["beneficiary-1", "beneficiary-2", "beneficiary-3", "beneficiary-4"] {
            rows += &format!("{},40,4000,6000,true,true,0\n", world.key(name));
        }
        world.earnout.file("grants.csv", rows);
        for id in ["1", "2"] {
            let mut file = PLAN.replace("{mint}", &token.mint.to_string()).replace("{id}", id)
                + &kpi("tasks", "tasks", "individual");
            for role in ["oracle-1", "oracle-2", "oracle-3", "arbiter", "treasury-owner"] {
                file = file.replace(&format!("{{{role}}}"), &world.key(role));
            }
            world.earnout.file(&format!("{id}.toml"), file);
            world.by(
                "authority",
                &format!("plan create {id}.toml --activate --fund 1_000"),
                id,
            );
            world.by(
                "authority",
                &format!("grant import PLAN grants.csv --journal {id}.journal"),
                id,
            );
        }
        world.chain.warp("2027-03-03T01:00:00Z");
        world
    }

    fn key(&self, name: &str) -> String {
        self.chain.key(name).pubkey().to_string()
    }

    fn plan(&self, id: &str) -> Pubkey {
        pda::plan(&self.chain.key("authority").pubkey(), id.parse().expect("a number"))
    }

    fn words(&self, key: &str, words: &str, id: &str) -> Vec<String> {
        let words = words.replace("PLAN", &self.plan(id).to_string()).replace("HASH", HASH);
        let signer = self.chain.key_file(key).display().to_string();
        let words = words.split(' ').map(str::to_owned);
        words.chain(["-y".to_owned(), "-k".to_owned(), signer]).collect()
    }

    #[track_caller]
    fn by(&self, key: &str, words: &str, id: &str) {
        self.earnout.run(&self.words(key, words, id)).succeeded();
    }

    /// The account of a plan's page, as the chain answers it.
    async fn page(&self, id: &str) -> Value {
        let address = pda::page(&self.plan(id), 0, 0, 0).to_string();
        let asked = json!([address, { "encoding": "base64" }]);
        self.chain.ask("getAccountInfo", asked).await["value"].clone()
    }

    /// Votes that lie in two uploads, and a dispute. Returns the page after the first one.
    async fn vote(&self, id: &str) -> Value {
        let upload = async |oracle: &str, name: &str, rows: &str| {
            self.earnout.file(name, format!("grant,value\n{rows}"));
            self.by(oracle, &format!("attest PLAN tasks 0 --values {name}"), id);
            self.page(id).await
        };
        let older = upload("oracle-1", "first.csv", "0,10\n1,20\n").await;
        upload("oracle-1", "second.csv", "2,30\n").await;
        upload("oracle-2", "other.csv", "0,10\n1,20\n").await;
        let dispute = "attestation dispute PLAN tasks 0 --grants 0 --reason-hash HASH";
        self.by("authority", dispute, id);
        older
    }

    async fn events(&self) -> u64 {
        let plan = self.chain.client().plan(&self.plan("1")).await.expect("a plan");
        plan.event_sequence
    }

    /// Every manifest that the chain names says what the chain has.
    async fn require_manifests(&self, violations: &Violations, about: &str) {
        let documents = Documents::at(self.earnout.home().join("evidence"));
        let page = pda::page(&self.plan("1"), 0, 0, 0);
        let page = self.chain.client().evaluation(&page).await.expect("a page");
        let view = page.page().expect("a page").view();
        for ballot in view.ballots().filter(|ballot| ballot.head.voted != 0) {
            let bytes = documents.get(&ballot.head.evidence).expect("a document");
            let manifest = Manifest::read(&bytes).expect("a manifest");
            let listed = (0..3u8).map(|slot| manifest.votes.get(&slot.into()).map(|listed| listed.value));
            let votes = (0..3).map(|slot| ballot.vote(slot));
            violations.unless(listed.eq(votes), || {
                format!("{about}: {manifest:?} is not what the chain has")
            });
        }
    }
}

/// A page without what is the same in every look, but for the time.
fn timeless(text: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let fields = value.as_object_mut()?;
    for name in ["time", "at", "endpoint"] {
        fields.remove(name);
    }
    Some(value)
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_another_page_is_not_believed() {
    let world = World::begin().await;
    let older = world.vote("1").await;
    world.vote("2").await;
    world.earnout.file("all.csv", "grant,value\n0,10\n1,20\n2,31\n");
    world.earnout.file("few.csv", "grant,value\n3,40\n");
    let (page, foreign) = (world.page("1").await, world.page("2").await);
    let with = |field: &str, value: Value| {
        let mut changed = page.clone();
        changed[field] = value;
        changed
    };
    let data = BASE64_STANDARD
        .decode(page["data"][0].as_str().expect("text"))
        .expect("base64");
    let encoded = |data: &[u8]| json!([BASE64_STANDARD.encode(data), "base64"]);
    let mut empty = with("owner", json!(Pubkey::default().to_string()));
    empty["data"] = encoded(&[]);
    let lies = [
        ("no page", Value::Null),
        (NO_SEARCH, Value::Null),
        ("an empty account", empty),
        ("a foreign owner", with("owner", json!(Token::CLASSIC.to_string()))),
        ("another plan's page", foreign),
        ("truncated bytes", with("data", encoded(&data[..data.len() - 10]))),
        // The last one: what is sent on it is what the file says.
        (BLIND_FIRST, older.clone()),
        ("an older page", older),
    ];
    let (violations, table) = (Violations::default(), Table::default());
    let address = pda::page(&world.plan("1"), 0, 0, 0).to_string();
    for (key, command, sends) in COMMANDS {
        let words = world.words(key, command, "1");
        let truth = (!sends).then(|| timeless(&world.earnout.run(&words).succeeded().stdout));
        for (name, account) in &lies {
            let hostile = Hostile::before(&world.chain.rpc_url);
            let swaps = Setting {
                accounts: [(address.clone(), account.clone())].into(),
                ..Setting::new(Mode::Swaps)
            };
            let no_index = (*name == NO_SEARCH).then(|| Setting::new(Mode::NoIndex));
            let blind_first = (*name == BLIND_FIRST).then(|| {
                let refuses = Setting::new(Mode::Refuses).only(&["simulateTransaction"]);
                refuses.times(if command.contains("--values") { 2 } else { 1 })
            });
            hostile.set([swaps].into_iter().chain(no_index).chain(blind_first));
            let before = world.events().await;
            let finished = run(&world.earnout, &hostile, &words, &violations);
            let (sent, done) = (hostile.seen().signatures.len(), world.events().await - before);
            let shown = timeless(&finished.stdout);
            let is_true = truth.as_ref().is_none_or(|truth| shown == *truth);
            let outcome = match finished.code {
                Some(0) if sends => "0 done".to_owned(),
                Some(0) if is_true => "0 the truth".to_owned(),
                Some(0) => "0 what was true before".to_owned(),
                Some(code) => format!("{code} {}", first_words(&finished)),
                None => "hangs".to_owned(),
            };
            table.note(command, name, outcome);
            let is_older = ["an older page", BLIND_FIRST].contains(name);
            let about = || format!("{name} / {command}: sent {sent}, events {done}: {finished:#?}");
            match finished.code {
                // An account of before cannot be told from one that a slow endpoint has.
                Some(0) => violations.unless(command != ADDITION && (is_true || is_older), about),
                _ => {
                    violations.unless(sent == 0 && done == 0, about);
                    let errors = finished.stderr.lines().filter(|line| line.starts_with("error: "));
                    violations.unless(sends || shown.is_some() || errors.count() == 1, about);
                }
            }
            let blind = ["no page", NO_SEARCH, "an empty account", "a foreign owner"].contains(name)
                && command.contains("attest ");
            violations.unless(!blind || (sent == 0 && finished.code != Some(0)), about);
            world
                .require_manifests(&violations, &format!("{name} / {command}"))
                .await;
        }
    }
    let compared = table.compare("pages");
    violations.none();
    compared.unwrap_or_else(|differs| panic!("{differs}"));
}
