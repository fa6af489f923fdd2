//! Plan names, `plan uri`, plan documents and what is shown with them, whoever publishes them.

use {
    earnout::{
        instructions::AttestArgs,
        state::{Scope, UnearnedPolicy},
    },
    earnout_e2e::{BigPlan, Chain, DAY, Earnout, Finished, program_file},
    earnout_sdk::{
        document::{Content, PlanDocument, Rubric},
        wire::{accounts, instructions},
    },
    serde_json::Value,
    solana_program::{hash, pubkey::Pubkey},
    solana_signer::Signer,
    std::{
        collections::BTreeMap,
        fs,
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        path::Path,
        sync::{Arc, Mutex},
        thread,
    },
};

/// The plan file of which the plan has the KPI's rubric.
const PLAN_FILE: &str = include_str!("../../../examples/one-kpi/plan.toml");

/// What acts on a terminal.
const HOSTILE: &str = "\u{1b}[2J\u{202e}";

/// What a server has, by path, and what it was asked for.
#[derive(Clone, Default)]
struct Shelf {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Shelf {
    fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.lock().expect("files").insert(path.to_owned(), bytes.into());
    }

    /// The paths that were asked for since the last look.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("paths"))
    }

    /// Serves it; returns the URL.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shelf = self.clone();
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| shelf.answer(stream)));
        url
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("a request");
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().expect("paths").push(path.clone());
        if path.starts_with("/huge/") {
            let claim = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 8u64 << 30);
            let _ = stream.write_all(claim.as_bytes());
            // Whoever waits for them hears nothing more.
            let _ = stream.read(&mut [0; 1_024]);
            return;
        }
        let found = self.files.lock().expect("files").get(&path).cloned();
        let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
        let body = found.unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        // Who asked may have left.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read(&mut [0; 1_024]);
    }
}

struct World {
    chain: Chain,
    plan: BigPlan,
    earnout: Earnout,
    shelf: Shelf,
    url: String,
}

impl World {
    async fn new() -> Self {
        Self::measuring(&["users"], Scope::Shared).await
    }

    /// With these KPIs.
    async fn measuring(kpis: &'static [&'static str], scope: Scope) -> Self {
        assert!(program_file().exists(), "the program is built");
        let chain = Chain::start_embedded();
        let plan = BigPlan::create_with(&chain, UnearnedPolicy::Return, 10_000, kpis, scope).await;
        let earnout = Earnout::as_key(&chain, "authority");
        earnout.file("plan.toml", PLAN_FILE);
        let shelf = Shelf::default();
        let url = shelf.serve();
        Self {
            chain,
            plan,
            earnout,
            shelf,
            url,
        }
    }

    fn run(&self, words: &str, more: &[&str]) -> Finished {
        let plan = self.plan.address.to_string();
        let words: Vec<_> = words.split(' ').map(|word| word.replace("PLAN", &plan)).collect();
        let words: Vec<_> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.earnout.run(&words)
    }

    fn json(&self, words: &str, more: &[&str]) -> Value {
        self.run(words, &[more, &["--output", "json"]].concat()).json()
    }

    /// A grant of 40 tokens over four periods, 60 % of it for this KPI.
    fn grant(&self, kpi: &str) {
        let beneficiary = BigPlan::contributor(1).pubkey();
        let weight = format!("{kpi}=60%");
        let terms = ["--periods", "4", "--time-weight", "40%", "--weight", &weight];
        self.run(&format!("grant create PLAN {beneficiary} 40"), &terms)
            .succeeded();
    }

    /// Votes on the first KPI for period 0, each with a document as its evidence.
    async fn vote<const N: usize>(&self, votes: [(&str, i64, &str); N]) {
        let payer = self.chain.key("payer");
        for (name, value, document) in votes {
            let oracle = self.chain.key(name);
            let vote = AttestArgs {
                kpi: 0,
                period: 0,
                value,
                evidence: hash::hash(document.as_bytes()).to_bytes(),
            };
            let attest = instructions::attest(&payer.pubkey(), &oracle.pubkey(), &self.plan.address, vote);
            self.chain.send(&[attest], &[&payer, &oracle]).await;
        }
    }

    async fn uri(&self) -> String {
        let plan = accounts::plan(&self.chain.account(&self.plan.address).await).expect("a plan");
        accounts::padded_text(&plan.uri)
    }

    /// The document as `plan document new` writes it.
    fn document(&self) -> PlanDocument {
        let path = self.earnout.home().join("plan-document.json");
        if !path.exists() {
            self.run("plan document new PLAN --plan-file plan.toml", &[])
                .succeeded();
        }
        PlanDocument::read(&fs::read(path).expect("written")).expect("a document")
    }
}

/// The SHA-256 of a document, by which it is published.
fn name(text: &str) -> String {
    hex::encode(hash::hash(text.as_bytes()).to_bytes())
}

fn harmless(finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_where_its_documents_are() {
    let world = World::new().await;
    let address = world.plan.address.to_string();
    // Nothing is sent of what the program would refuse.
    for (uri, why) in [
        ("https://example.org/a b", "it holds a space"),
        ("https://example.org/\u{200b}", "U+200B"),
        (&format!("https://example.org/{}", "a".repeat(77)), "it has 97 bytes"),
        ("", "say --clear"),
    ] {
        world.run("plan uri PLAN", &[uri]).failed(1).says(why);
    }
    world.run("plan uri PLAN", &[]).failed(1);
    world.run("plan uri PLAN https://a.example/ --clear", &[]).failed(1);
    world
        .run("plan uri PLAN --clear", &[])
        .failed(1)
        .says("no documents already");
    let stranger = world.chain.key_file("payer").display().to_string();
    world
        .run("plan uri PLAN https://a.example/ -k", &[&stranger])
        .failed(1)
        .says("authority");
    world.run("plan uri PLAN https://a.example/ --dry-run", &[]).succeeded();
    let exported = world
        .run("plan uri PLAN https://a.example/ --export-transaction", &[])
        .succeeded();
    assert!(!exported.stdout.is_empty());
    assert_eq!(world.uri().await, "", "nothing was sent");
    // The confirmation has the address and the name, JSON apart from each other.
    let set = world
        .run("plan uri PLAN https://a.example/ --output json", &[])
        .succeeded();
    let set = set
        .says(&format!("{address} \"Design guild\""))
        .says("https://a.example/");
    assert_eq!(
        (set.json()["plan"].as_str(), set.json()["planName"].as_str()),
        (Some(&*address), Some("Design guild"))
    );
    assert_eq!(world.uri().await, "https://a.example/");
    world
        .run("plan uri PLAN https://a.example/", &[])
        .failed(1)
        .says("already");
    world
        .run("plan uri PLAN ipfs://b", &[])
        .succeeded()
        .says("Clients will not fetch")
        .says("https://a.example/");
    let shown = world.json("plan show PLAN", &[]);
    assert_eq!(
        (shown["name"].as_str(), shown["uri"].as_str()),
        (Some("Design guild"), Some("ipfs://b"))
    );
    world
        .run("plan show PLAN --document uri", &[])
        .failed(1)
        .says("not fetched");
    world.run("plan uri PLAN --clear", &[]).succeeded();
    assert_eq!(world.uri().await, "");
    world
        .run("plan document check PLAN", &[])
        .failed(1)
        .says("says of no place");
    let listed = world.json("plan list", &[]);
    assert_eq!(
        (listed[0]["plan"].as_str(), listed[0]["name"].as_str()),
        (Some(&*address), Some("Design guild"))
    );
    world.run("plan list", &[]).succeeded().shows("Design guild");
    // Another command of the authority.
    let key = Pubkey::new_unique().to_string();
    world
        .run("plan authority PLAN --propose", &[&key])
        .succeeded()
        .says("\"Design guild\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_made_published_and_compared() {
    let world = World::new().await;
    world
        .run("plan document new PLAN", &[])
        .failed(1)
        .says("0 \"users\"")
        .says("nothing was written");
    world
        .run("plan document new PLAN --plan-file none.toml", &[])
        .failed(1)
        .says("cannot be read");
    world.earnout.file("labels.csv", "label,grant\nAda,x\n");
    let wrong = world.run("plan document new PLAN --plan-file plan.toml --labels labels.csv", &[]);
    wrong
        .failed(1)
        .says("labels.csv:2: grant: expected the number of a grant");
    assert!(!world.earnout.home().join("plan-document.json").exists());
    let beneficiary = Pubkey::new_unique();
    world
        .earnout
        .file("labels.csv", format!("label,beneficiary\nAda,{beneficiary}\n"));
    world.earnout.file("about.md", "What the guild does.\r\n\tAnd why.\r\n");
    let oracle = world.chain.key("oracle-1").pubkey();
    let evidence = format!("{oracle}={}/evidence", world.url);
    let new = "plan document new PLAN --plan-file plan.toml --labels labels.csv --description about.md --evidence";
    let made = world.run(new, &[&evidence]).succeeded();
    made.says("earnout plan uri").shows("\"Design guild\"");
    world.run(new, &[&evidence]).failed(1).says("exists already");
    let document = world.document();
    assert_eq!(document.plan, world.plan.address);
    assert_eq!(document.description, "What the guild does.\n\tAnd why.\n");
    assert_eq!(document.labels.of(0, &beneficiary), Some("Ada"));
    assert_eq!(document.evidence[&oracle], format!("{}/evidence", world.url));
    let rubric = "Growth of revenue over the same month a year earlier.";
    assert_eq!(document.rubrics[&0], Rubric::of_text("users", rubric));
    let checked = world.json("plan document check PLAN --document plan-document.json", &[]);
    assert_eq!(checked["rubrics"][0]["rubric"], "matches");
    assert_eq!(checked["findings"].as_array().map(Vec::len), Some(0));
    // Under the plan's uri it is fetched when it is asked for, and not otherwise.
    let folder = format!("{}/", world.url);
    world.run("plan uri PLAN", &[&folder]).succeeded();
    world
        .run("plan document check PLAN", &[])
        .failed(1)
        .says("HTTP status 404");
    world.shelf.put("/plan-document.json", document.to_bytes());
    assert_eq!(world.shelf.asked(), ["/plan-document.json"]);
    let shown = world.run("plan show PLAN", &[]);
    shown
        .shows("not looked at")
        .shows(&format!("documents       \"{folder}\""));
    assert!(world.shelf.asked().is_empty(), "nobody asked for it");
    world
        .run("plan document check PLAN", &[])
        .succeeded()
        .shows("matches")
        .says("Fetching");
    let shown = world.json("plan show PLAN --document uri", &[]);
    assert_eq!(shown["kpis"][0]["rubric"], "matches");
    assert_eq!(world.json("plan show PLAN", &[])["kpis"][0]["rubric"], "not looked at");
    let shown = world.run("plan document show PLAN", &[]).succeeded();
    let shown = shown
        .shows("  | What the guild does.\n  |     And why.")
        .shows(&format!("  | {rubric}"));
    shown
        .shows("matches its hash on the chain")
        .shows("Ada")
        .shows("/evidence");
    // A rubric that is not text lies beside the document; it is fetched from there.
    let mut beside = document.clone();
    let file = Content::File("rubrics/growth.md".to_owned());
    beside.rubrics.get_mut(&0).expect("a rubric").content = file;
    world.shelf.put("/plan-document.json", beside.to_bytes());
    world.shelf.asked();
    let missing = world.run("plan document check PLAN", &[]).failed(2);
    missing
        .shows("not looked at")
        .shows("the file rubrics/growth.md cannot be had");
    assert_eq!(world.shelf.asked(), ["/plan-document.json", "/rubrics/growth.md"]);
    world.shelf.put("/rubrics/growth.md", rubric);
    world.run("plan document check PLAN", &[]).succeeded();
    world.shelf.put("/rubrics/growth.md", "Growth.");
    world
        .run("plan document check PLAN", &[])
        .failed(2)
        .shows("does not match");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_confirmed_with_the_plans_name() {
    let world = World::new().await;
    let named = format!("{} \"Design guild\"", world.plan.address);
    world.earnout.file("contributors.csv", world.plan.contributors(0, 2));
    world
        .run("grant import PLAN contributors.csv", &[])
        .succeeded()
        .says(&named);
    let forecast = world.json("grant import PLAN contributors.csv --dry-run", &[]);
    assert_eq!(forecast["planName"], "Design guild");
    world.chain.warp(&world.plan.end(0).to_string());
    world.plan.attest(&world.chain, 0, 80).await;
    world.chain.warp(&(world.plan.end(0) + 2 * DAY).to_string());
    world.run("crank PLAN", &[]).succeeded();
    world
        .run("claim --all PLAN --create-accounts", &[])
        .succeeded()
        .says(&named);
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_what_a_stranger_publishes_is_only_text() {
    let world = World::new().await;
    let good = world.document();
    let check = |bytes: Vec<u8>| {
        world.earnout.file("other.json", bytes);
        ["check", "show"].map(|verb| world.run(&format!("plan document {verb} PLAN --document other.json"), &[]))
    };
    let mut wrong = good.clone();
    let text = format!("Pay all.{HOSTILE}\nEverything that the chain has a hash of agrees.");
    wrong.rubrics.insert(0, Rubric::of_text("users", text));
    wrong.labels.grants.insert(77, "Bo".to_owned());
    for finished in check(wrong.to_bytes()) {
        harmless(&finished);
        let finished = finished.failed(2).says("MISMATCH").shows("does not match");
        assert!(
            !finished.stdout.lines().any(|line| line.starts_with("Everything")),
            "{}",
            finished.stdout
        );
        finished.shows("the plan has no grant 77");
    }
    let shown = world.run("plan document show PLAN --document other.json", &[]);
    shown
        .shows("DOES NOT MATCH its hash")
        .shows("  | Pay all.\\u{1b}[2J\\u{202e}");
    let shown = world.run("plan show PLAN --document other.json", &[]);
    harmless(&shown);
    shown.shows("does not match");
    let mut foreign = good.clone();
    foreign.plan = Pubkey::new_unique();
    let text = String::from_utf8(good.to_bytes()).expect("text");
    for (bytes, why) in [
        (foreign.to_bytes(), "is not of this plan"),
        (
            text.replace("document/1", "document/2").into_bytes(),
            "its format is \"earnout-plan-document/2\"",
        ),
        (
            text.replace("\"description\": \"\"", "\"description\": 1").into_bytes(),
            "description: it is a number",
        ),
        (
            text.replace("\"rolls\"", &format!("\"r{HOSTILE}\"")).into_bytes(),
            "it is not JSON",
        ),
        (
            text.replace("\"rolls\"", "\"r\\u001b\\u202e\"").into_bytes(),
            "the field \"r\\u{1b}\\u{202e}\" is unknown",
        ),
        ("[".repeat(1 << 20).into_bytes(), "more than 8 deep"),
        (vec![b' '; (4 << 20) + 1], "more than 4194304 bytes"),
        (b"\xff\xfe".to_vec(), "invalid utf-8"),
    ] {
        for finished in check(bytes) {
            harmless(&finished);
            let finished = finished.failed(1).says(why);
            assert!(finished.stdout.is_empty(), "{}", finished.stdout);
        }
    }
    world
        .run("plan document check PLAN --document none.json", &[])
        .failed(1)
        .says("cannot be had");
    world
        .run("plan document check PLAN --document file:///etc/passwd", &[])
        .failed(1)
        .says("does not begin with");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_stand_beside_addresses() {
    let world = World::new().await;
    let beneficiaries = [1, 2].map(|number| BigPlan::contributor(number).pubkey().to_string());
    for beneficiary in &beneficiaries {
        let terms = ["--periods", "4", "--time-weight", "40%", "--weight", "users=60%"];
        let made = world.run(&format!("grant create PLAN {beneficiary} 40"), &terms);
        made.succeeded().says("\"Design guild\"");
    }
    let mut document = world.document();
    document
        .labels
        .beneficiaries
        .insert(beneficiaries[0].parse().expect("a key"), "Ada \"A\" =1".to_owned());
    world.earnout.file("labelled.json", document.to_bytes());
    world.earnout.file("labels.csv", "label,grant\nBo,0\n");
    for (option, label) in [
        ("--document labelled.json", "Ada \"A\" =1"),
        ("--labels labels.csv", "Bo"),
    ] {
        let listed = world.json(&format!("grant list PLAN {option}"), &[]);
        assert_eq!(listed[0]["beneficiary"], *beneficiaries[0]);
        assert_eq!(
            (&listed[0]["label"], &listed[1]["label"]),
            (&label.into(), &Value::Null)
        );
        assert_eq!(listed[0]["planName"], "Design guild");
        let listed = world.run(&format!("grant list PLAN {option}"), &[]).succeeded();
        listed
            .shows(&beneficiaries[0])
            .shows(label)
            .shows("label that is given");
        let quoted = format!("\"{}\"", label.replace('"', "\\\""));
        let shown = world.run(&format!("grant show PLAN/0 {option}"), &[]);
        shown.shows(&beneficiaries[0]).shows(&quoted).shows("\"Design guild\"");
        let shown = world.json(&format!("grant show PLAN/0 {option}"), &[]);
        assert_eq!(
            (&shown["beneficiary"], &shown["label"]),
            (&beneficiaries[0].clone().into(), &label.into())
        );
        world.run(&format!("plan statement PLAN {option}"), &[]).shows(&quoted);
        let csv = world.run(&format!("plan statement PLAN --format csv --by grant {option}"), &[]);
        csv.shows(",label\n").shows(&beneficiaries[0]);
        let markdown = world.run(&format!("plan statement PLAN --format markdown {option}"), &[]);
        markdown.shows(&format!("`{}`", beneficiaries[0]));
        let statement = world.json(&format!("plan statement PLAN {option}"), &[]);
        assert_eq!(statement["grants"][0]["label"], label);
        assert_eq!(statement["terms"]["name"], "Design guild");
    }
    let unlabelled = world.json("grant list PLAN", &[]);
    assert_eq!(unlabelled[0]["label"], Value::Null);
    world
        .run("grant list --labels labels.csv --beneficiary", &[&beneficiaries[0]])
        .failed(1)
        .says("of one plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_evidence_is_kept_only_if_it_has_the_hash_of_the_vote() {
    let world = World::new().await;
    world.grant("users");
    world.chain.warp(&world.plan.end(0).to_string());
    world
        .vote([
            ("oracle-1", 80, "80 users"),
            ("oracle-2", 80, "80 users, too"),
            ("oracle-3", 80, "90 users"),
        ])
        .await;
    let mut document = world.document();
    for oracle in ["oracle-1", "oracle-2"] {
        let base = format!("{}/{oracle}", world.url);
        document.evidence.insert(world.chain.key(oracle).pubkey(), base);
    }
    world.earnout.file("evidence.json", document.to_bytes());
    world.shelf.put(&format!("/oracle-1/{}", name("80 users")), "80 users");
    world.shelf.put(
        &format!("/oracle-2/{}", name("80 users, too")),
        format!("other{HOSTILE}"),
    );
    let show = "attestation show PLAN users 0 --document evidence.json";
    let shown = world.run(show, &[]).succeeded();
    shown.shows("its text: matches").shows("\"Design guild\"");
    assert!(world.shelf.asked().is_empty(), "nobody asked for evidence");
    world
        .run("attestation show PLAN users 0 --evidence kept", &[])
        .failed(1)
        .says("no evidence can be looked for in kept")
        .says("there is nothing of this name");
    std::fs::create_dir(world.earnout.home().join("empty")).unwrap();
    let alone = world
        .run("attestation show PLAN users 0 --evidence empty", &[])
        .failed(2);
    alone.shows("without --document nothing is fetched");
    assert!(world.shelf.asked().is_empty(), "nobody said where it lies");
    let shown = world
        .run(show, &["--evidence", "kept"])
        .failed(2)
        .says("2 of 3 documents of evidence are not here");
    harmless(&shown);
    let shown = shown.shows("matches, kept in kept/").shows("DOES NOT MATCH");
    shown.shows("does not say where the oracle publishes");
    let kept = |text: &str| {
        let name = name(text);
        let path = world
            .earnout
            .home()
            .join("kept")
            .join(&name[..2])
            .join(format!("{name}.json"));
        path.exists().then(|| fs::read(path).expect("kept"))
    };
    assert_eq!(kept("80 users"), Some(b"80 users".to_vec()));
    assert_eq!(kept("80 users, too"), None);
    // What is kept is not fetched again.
    world.shelf.asked();
    world
        .shelf
        .put(&format!("/oracle-2/{}", name("80 users, too")), "80 users, too");
    let shown = world.json(show, &["--evidence", "kept"]);
    assert_eq!(world.shelf.asked(), [format!("/oracle-2/{}", name("80 users, too"))]);
    let evidence = shown["evidence"].as_array().expect("a list");
    assert_eq!(evidence.iter().filter(|one| one["file"].is_string()).count(), 2);
    assert_eq!(
        (shown["rubric"].as_str(), shown["planName"].as_str()),
        (Some("matches"), Some("Design guild"))
    );
    assert!(
        Path::new(
            evidence[0]["file"]
                .as_str()
                .or(evidence[1]["file"].as_str())
                .expect("a file")
        )
        .starts_with("kept")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_page_the_manifest_leads_to_the_evidence_of_a_grant() {
    let world = World::measuring(&["tasks"], Scope::Individual).await;
    world.grant("tasks");
    world.chain.warp(&world.plan.end(0).to_string());
    let oracle = world.chain.key_file("oracle-1").display().to_string();
    let tasks = world.earnout.file("tasks.json", "[1, 2, 3]");
    let attest = "attest PLAN tasks 0 3 --grant PLAN/0 --evidence-dir state --evidence";
    world
        .run(attest, &[&tasks.display().to_string(), "-k", &oracle])
        .succeeded();
    // The oracle publishes what it kept, by its hash alone, and the document that the manifest names.
    let mut published = 1;
    let folder = world.earnout.home().join("state");
    for part in fs::read_dir(&folder).expect("a folder").flatten() {
        for file in fs::read_dir(part.path()).expect("a folder").flatten() {
            let name = file.file_name().to_string_lossy().replace(".json", "");
            world
                .shelf
                .put(&format!("/evidence/{name}"), fs::read(file.path()).expect("a file"));
            published += 1;
        }
    }
    let name = hex::encode(hash::hash(b"[1, 2, 3]").to_bytes());
    world.shelf.put(&format!("/evidence/{name}"), "[1, 2, 3]");
    assert!(published >= 2, "a manifest and what it names");
    let mut document = world.document();
    let base = format!("{}/evidence", world.url);
    document.evidence.insert(world.chain.key("oracle-1").pubkey(), base);
    world.earnout.file("evidence.json", document.to_bytes());
    let show = "attestation show PLAN tasks 0 --document evidence.json --evidence kept --output json";
    let shown = world.run(show, &["--page", "0"]);
    assert_eq!(shown.json()["evidence"].as_array().map(Vec::len), Some(1), "{shown:?}");
    let grant = format!("{}/0", world.plan.address);
    let shown = world.run(show, &["--grant", &grant]).json();
    let hashes: Vec<_> = shown["evidence"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["hash"])
        .collect();
    assert_eq!(hashes.len(), 2, "{shown:#}");
    assert_eq!(*hashes[1], name);
    assert!(shown["evidence"][1]["file"].is_string(), "{shown:#}");
    // A statement asks for the manifests alone.
    let statement = "plan statement PLAN --document evidence.json --evidence kept";
    let listed = world.json(statement, &[])["evidence"].clone();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!((&listed[0]["page"], &listed[0]["state"]), (&0.into(), &"found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_a_statement_says_of_every_vote_whether_its_evidence_is_here() {
    let world = World::new().await;
    world.grant("users");
    world.chain.warp(&world.plan.end(0).to_string());
    let documents = ["80 users", "80 users, too", "90 users"];
    let oracles = ["oracle-1", "oracle-2", "oracle-3"];
    world
        .vote([
            (oracles[0], 80, documents[0]),
            (oracles[1], 80, documents[1]),
            (oracles[2], 90, documents[2]),
        ])
        .await;
    let mut document = world.document();
    for (oracle, base) in oracles.into_iter().zip(["oracle-1", "oracle-2", "huge"]) {
        let base = format!("{}/{base}", world.url);
        document.evidence.insert(world.chain.key(oracle).pubkey(), base);
    }
    world.earnout.file("evidence.json", document.to_bytes());
    world
        .shelf
        .put(&format!("/oracle-1/{}", name(documents[0])), documents[0]);
    let wrong = format!("other{HOSTILE}");
    world
        .shelf
        .put(&format!("/oracle-2/{}", name(documents[1])), wrong.as_str());

    // Without the option the hashes stand there as ever, and nothing is fetched.
    for options in ["", " --document evidence.json"] {
        let statement = format!("plan statement PLAN{options}");
        assert_eq!(world.json(&statement, &[])["evidence"], Value::Null);
        let shown = world.run(&statement, &[]).succeeded();
        assert!(!shown.stdout.contains("Evidence"), "{}", shown.stdout);
        world
            .run(&statement, &["--format", "markdown"])
            .shows(&name(documents[0]));
    }
    let beside = world.json("plan statement PLAN --document evidence.json", &[]);
    assert_eq!(beside["terms"]["kpis"][0]["rubric"], "matches");
    assert!(world.shelf.asked().is_empty(), "nobody asked for evidence");
    // A folder alone fetches nothing either.
    std::fs::create_dir(world.earnout.home().join("empty")).unwrap();
    let alone = world.run("plan statement PLAN --evidence empty", &[]).failed(2);
    alone.shows("Evidence: 0 found, 3 missing, 0 differ");
    assert!(world.shelf.asked().is_empty(), "nobody said where it lies");
    assert!(!world.earnout.home().join("kept").exists());

    let statement = "plan statement PLAN --document evidence.json --evidence kept";
    let failed = world.run(statement, &["--output", "json"]).failed(2);
    harmless(&failed);
    let failed = failed.says("2 of 3 documents of evidence are not here");
    let shown: Value = serde_json::from_str(&failed.stdout).expect("JSON");
    let states: BTreeMap<_, _> = shown["evidence"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["hash"].as_str().expect("a hash").to_owned(), one.clone()))
        .collect();
    for (number, (state, why)) in [
        ("found", Value::Null),
        (
            "differs",
            format!("DOES NOT MATCH: what lies there has the SHA-256 {}", name(&wrong)).into(),
        ),
        ("missing", "it has more than 67108864 bytes".into()),
    ]
    .into_iter()
    .enumerate()
    {
        let one = &states[&name(documents[number])];
        let oracle = world.chain.key(oracles[number]).pubkey().to_string();
        assert_eq!((&one["state"], &one["why"]), (&state.into(), &why));
        assert_eq!(
            (&one["oracle"], &one["period"], &one["page"]),
            (&oracle.into(), &0.into(), &Value::Null)
        );
    }
    let kept = world.earnout.home().join("kept");
    let parts: Vec<_> = fs::read_dir(&kept).expect("a folder").flatten().collect();
    assert_eq!(parts.len(), 1, "only what has its hash is kept");
    let text = world.run(statement, &[]).failed(2);
    harmless(&text);
    text.shows("Evidence: 1 found, 1 missing, 1 differ")
        .shows("All recorded amounts agree");
    let text = world.run(statement, &["--format", "markdown"]).failed(2);
    harmless(&text);
    text.shows("## Evidence").shows(" | differs | DOES NOT MATCH");
    let text = world.run(statement, &["--format", "csv"]).failed(2);
    harmless(&text);
    let text = text.shows("users: evidence SHA-256,users: evidence").stdout;
    assert!(text.contains("found") && text.contains("differs"), "{text}");

    // Once all of it is published, all of it is found. What was kept, and was damaged since, is fetched again.
    world
        .shelf
        .put(&format!("/oracle-2/{}", name(documents[1])), documents[1]);
    document
        .evidence
        .insert(world.chain.key("oracle-3").pubkey(), format!("{}/oracle-3", world.url));
    world
        .shelf
        .put(&format!("/oracle-3/{}", name(documents[2])), documents[2]);
    world.earnout.file("evidence.json", document.to_bytes());
    let first = kept.join(&name(documents[0])[..2]);
    let first = first.join(format!("{}.json", name(documents[0])));
    fs::write(&first, "damaged").expect("written");
    let damaged = world.run("plan statement PLAN --evidence kept", &[]).failed(2);
    damaged.shows("Evidence: 0 found, 2 missing, 1 differ");
    let found = world.run(statement, &[]).succeeded();
    found.shows("Evidence: 3 found, 0 missing, 0 differ");
    assert_eq!(fs::read(&first).expect("kept"), documents[0].as_bytes());

    // A server that is gone is asked twice in a row, not once for every document.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = format!("http://{}/evidence", listener.local_addr().expect("an address"));
    drop(listener);
    for oracle in oracles {
        document.evidence.insert(world.chain.key(oracle).pubkey(), gone.clone());
    }
    world.earnout.file("evidence.json", document.to_bytes());
    let asked = world
        .run("plan statement PLAN --document evidence.json --evidence empty", &[])
        .failed(2);
    assert_eq!(asked.stderr.matches("Fetching").count(), 2, "{}", asked.stderr);
    asked.shows("it was not fetched: nobody answered there 2 times in a row");

    // A document that leads out of its folder, or to files of this machine, is refused as a whole.
    let text = String::from_utf8(document.to_bytes()).expect("text");
    for (wrong, why) in [
        (
            text.replace(&gone, "file:///etc"),
            "does not begin with https:// or http://",
        ),
        (
            text.replace("\"text\": \"", "\"file\": \"../../"),
            "not the name of a file beside the document",
        ),
    ] {
        world.earnout.file("wrong.json", wrong);
        let refused = world
            .run("plan statement PLAN --document wrong.json --evidence kept", &[])
            .failed(1)
            .says(why);
        assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    }
}
