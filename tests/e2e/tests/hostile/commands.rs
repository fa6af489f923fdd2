//! Every command that reads, against every mode: what is shown with exit code 0 is the truth, what is missing is said.

use {
    crate::support::{PLAN, Table, Violations, first_words, in_parallel, kpi, modes, run},
    earnout_e2e::{Chain, Earnout, Hostile, Mode, Setting},
    earnout_sdk::wire::pda,
    serde_json::Value,
    solana_signer::Signer,
    std::{
        collections::BTreeMap,
        io::{BufRead, BufReader},
        sync::mpsc,
        thread,
        time::{Duration, Instant},
    },
};

/// Modes in which events of the history cannot be had. What `delays` lists late is had by the second look.
const WITHOUT_HISTORY: [Mode; 2] = [Mode::Omits, Mode::UnknownVersion];

/// What a search leaves out cannot be noticed: nothing else says how many there are.
fn is_a_search(command: &str) -> bool {
    command.starts_with("plan list") || command.starts_with("grant list --beneficiary")
}

struct World {
    chain: Chain,
    earnout: Earnout,
    plan: String,
    pages: String,
}

impl World {
    /// The demo plan in its second period: everything of the first one is settled, partly paid and partly closed, and a
    /// value of the second one is reported.
    fn new() -> Self {
        let chain = Chain::start(&["--demo", "--slot-ms", "20", "--time", "2027-01-15T00:00:00Z"]);
        let world = Self {
            plan: chain.demo_address("plan").to_string(),
            pages: pda::plan(&chain.key("authority").pubkey(), 77).to_string(),
            earnout: Earnout::on(&chain),
            chain,
        };
        world.begin_pages();
        let holder = world.chain.new_key("holder", 0).pubkey();
        let terms = "--time-weight 100% --periods 1";
        world.by("authority", &format!("grant create PLAN {holder} 1_000 {terms}"));
        world.chain.warp("2027-05-02T00:00:00Z");
        world.vote_on_pages();
        for (kpi, value) in [("0", "76"), ("1", "12"), ("2", "90")] {
            world.attest(kpi, "0", value);
        }
        world.chain.warp("2027-07-15T00:00:00Z");
        world.by("payer", "crank PLAN");
        world.by("payer", "claim --all PLAN --create-accounts");
        world.by("payer", "grant close PLAN/5");
        world.chain.warp("2027-08-02T00:00:00Z");
        world.attest("0", "1", "80");
        world
    }

    /// A second plan with three grants and one KPI, which is individual.
    fn begin_pages(&self) {
        let key = |name: &str| self.chain.key(name).pubkey().to_string();
        let mint = self.chain.demo_address("mint").to_string();
        let mut file = PLAN.replace("{mint}", &mint).replace("{id}", "77") + &kpi("tasks", "tasks", "individual");
        for (role, name) in [
            ("oracle-1", "oracle-1"),
            ("oracle-2", "oracle-2"),
            ("oracle-3", "oracle-3"),
            ("arbiter", "arbiter"),
            ("treasury-owner", "authority"),
        ] {
            file = file.replace(&format!("{{{role}}}"), &key(name));
        }
        self.earnout.file("pages.toml", file);
        self.by("authority", "plan create pages.toml --activate --fund 1_000");
        for name in ["beneficiary-1", "beneficiary-2", "beneficiary-3"] {
            let beneficiary = key(name);
            let create = format!("grant create PAGES {beneficiary} 40 --time-weight 40% --weight tasks=60%");
            self.by("authority", &create);
        }
    }

    /// In its third period enough oracles agree on two of three values, and one of those is disputed.
    fn vote_on_pages(&self) {
        let hash = "5e".repeat(32);
        self.earnout.file("all.csv", "grant,value\n0,10\n1,20\n2,30\n");
        self.earnout.file("some.csv", "grant,value\n0,10\n1,20\n2,31\n");
        self.by("oracle-1", "attest PAGES tasks 2 --values all.csv");
        self.by("oracle-2", "attest PAGES tasks 2 --values some.csv");
        let dispute = format!("attestation dispute PAGES tasks 2 --grants 1 --reason-hash {hash}");
        self.by("authority", &dispute);
    }

    fn words(&self, words: &str) -> Vec<String> {
        let words = words.replace("PLAN", &self.plan).replace("PAGES", &self.pages);
        words.split(' ').map(str::to_owned).collect()
    }

    fn by(&self, key: &str, words: &str) {
        let key = self.chain.key_file(key).display().to_string();
        let words = [self.words(words), vec!["-y".to_owned(), "-k".to_owned(), key]].concat();
        self.earnout.run(&words).succeeded();
    }

    fn attest(&self, kpi: &str, period: &str, value: &str) {
        for oracle in ["oracle-1", "oracle-2"] {
            let hash = "5e".repeat(32);
            self.by(
                oracle,
                &format!("attest PLAN {kpi} {period} {value} --evidence-hash {hash}"),
            );
        }
    }

    fn commands(&self) -> Vec<&'static str> {
        vec![
            "plan show PLAN",
            "plan list --authority AUTHORITY",
            "plan list --oracle ORACLE",
            "plan list --beneficiary BENEFICIARY",
            "plan statement PLAN",
            "grant list PLAN",
            "grant list --beneficiary BENEFICIARY",
            "grant show PLAN/0",
            "grant show PLAN/5",
            "grant statement PLAN/0",
            "grant statement PLAN/5",
            "attestation show PLAN 0 0",
            "attestation show PLAN 0 1",
            "attestation show PAGES tasks 2 --page 0",
            "attestation show PAGES tasks 2 --grant PAGES/1",
            "plan statement PAGES",
            "events PLAN",
        ]
    }

    /// A command that reads, for machines.
    fn reading(&self, command: &str) -> Vec<String> {
        let key = |name: &str| self.chain.key(name).pubkey().to_string();
        let command = command
            .replace("AUTHORITY", &key("authority"))
            .replace("ORACLE", &key("oracle-1"))
            .replace("BENEFICIARY", &key("beneficiary-1"));
        self.words(&format!("{command} --output json"))
    }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// The same whatever endpoint it is from, and whenever it was asked for: the chain's clock goes on.
fn at_any_time(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.remove("time");
    }
    from_anywhere(value)
}

fn from_anywhere(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = from_anywhere(item.take())),
        Value::Object(fields) => {
            fields.remove("endpoint");
            fields
                .values_mut()
                .for_each(|field| *field = from_anywhere(field.take()));
        }
        _ => (),
    }
    value
}

/// How much of the truth is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    All,
    Part,
    Other,
}

impl Share {
    /// Of what a command shows. Items that were searched for have no order.
    fn of(shown: Option<Value>, truth: &Value, is_a_search: bool) -> Self {
        match (shown, truth) {
            (Some(shown), truth) if shown == *truth => Self::All,
            (Some(Value::Array(shown)), Value::Array(truth)) if is_a_search => {
                let mut left = truth.clone();
                let mut takes = |item: &Value| {
                    let found = left.iter().position(|one| one == item);
                    found.map(|index| left.remove(index)).is_some()
                };
                match (shown.iter().all(&mut takes), left.is_empty()) {
                    (true, true) => Self::All,
                    (true, false) => Self::Part,
                    (false, _) => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }
}

#[test]
fn g15_what_is_shown_is_the_truth_or_said_to_be_incomplete() {
    let world = World::new();
    let (violations, table) = (Violations::default(), Table::default());
    let truth: BTreeMap<_, _> = world
        .commands()
        .into_iter()
        .map(|command| {
            let shown = world.earnout.run(&world.reading(command)).succeeded().json();
            (command, at_any_time(shown))
        })
        .collect();
    let modes = modes();
    let runs = modes
        .iter()
        .flat_map(|column| truth.keys().map(move |command| (column, *command)));
    let runs: Vec<_> = runs.collect();
    in_parallel(6, &runs, |(column, command)| {
        let hostile = Hostile::before(&world.chain.rpc_url);
        hostile.set([column.setting.clone()]);
        let finished = run(&world.earnout, &hostile, &world.reading(command), &violations);
        let shown = parsed(&finished.stdout).map(at_any_time);
        let share = Share::of(shown, &truth[command], is_a_search(command));
        let outcome = match finished.code {
            Some(0) => match share {
                Share::All => "0 the truth".to_owned(),
                Share::Part => "0 [without what the endpoint left out, which nothing else tells]".to_owned(),
                Share::Other => "0 [not the truth]".to_owned(),
            },
            Some(code) => format!("{code} {}", first_words(&finished)),
            None => "hangs".to_owned(),
        };
        table.note(command, &column.name, outcome);
        let unnoticed = column.mode == Mode::Omits && is_a_search(command) && share == Share::Part;
        violations.unless(finished.code != Some(0) || share == Share::All || unnoticed, || {
            format!(
                "{} / {command}: exit code 0 and not the truth: {finished:#?}",
                column.name
            )
        });
        violations.unless(finished.code == Some(0) || !finished.stderr.is_empty(), || {
            format!("{} / {command}: fails without a word: {finished:#?}", column.name)
        });
        let endpoint = hostile.url.trim_start_matches("http://");
        if WITHOUT_HISTORY.contains(&column.mode) && ["events PLAN", "plan statement PLAN"].contains(command) {
            violations.unless(finished.code == Some(2) && finished.stderr.contains(endpoint), || {
                format!(
                    "{} / {command}: what is missing is not said: {finished:#?}",
                    column.name
                )
            });
        }
    });
    let compared = table.compare("reading");
    violations.none();
    compared.unwrap_or_else(|differs| panic!("{differs}"));
}

/// Each event is shown once, though signatures come late, twice and not at all, and some looks fail.
#[test]
fn g15_a_watch_misses_no_event_and_shows_none_twice() {
    let chain = Chain::start(&["--demo", "--slot-ms", "20"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan").to_string();
    let hostile = Hostile::before(&chain.rpc_url);
    let late = Setting {
        skip: 1,
        ..Setting::new(Mode::Delays)
    };
    let fails = |mode| Setting::new(mode).only(&["getSignaturesForAddress"]).after(2).times(2);
    hostile.set([
        late,
        Setting::new(Mode::Repeats),
        Setting::new(Mode::Forges),
        fails(Mode::Status503),
        Setting {
            after: 6,
            ..fails(Mode::Html)
        },
    ]);
    let watch = [
        "events",
        &plan,
        "--watch",
        "--interval",
        "1",
        "--output",
        "json",
        "-u",
        &hostile.url,
    ];
    let timeout = ["--rpc-timeout", "2", "--ws", "ws://127.0.0.1:9"];
    let mut watching = earnout.spawn(&[&watch[..], &timeout].concat());
    let output = watching.stdout.take().expect("it is captured");
    let (shown, lines) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines
            .filter_map(|line| parsed(&line))
            .for_each(|event| drop(shown.send(event)));
    });
    let before = earnout.run(&["events", &plan, "--output", "json"]).succeeded().json();
    let before = before["events"].as_array().expect("a list").len();
    for _ in 0..4 {
        earnout.run(&["plan", "fund", &plan, "1", "-y"]).succeeded();
        thread::sleep(Duration::from_millis(500));
    }
    let (mut sequences, begun) = (Vec::new(), Instant::now());
    while sequences.len() < before + 4 && begun.elapsed() < Duration::from_secs(30) {
        if let Ok(event) = lines.recv_timeout(Duration::from_secs(1)) {
            // Lines without a number say what is wrong.
            sequences.extend(event["sequence"].as_u64());
        }
    }
    // Time for one that comes twice.
    thread::sleep(Duration::from_secs(3));
    sequences.extend(lines.try_iter().filter_map(|event| event["sequence"].as_u64()));
    let ended = watching.try_wait().expect("a process of this test");
    let _ = watching.kill();
    watching.wait().expect("it ends");
    assert_eq!(ended, None, "a failed look ended it");
    sequences.sort_unstable();
    let all = u64::try_from(before + 4).expect("few events");
    assert_eq!(sequences, (1..=all).collect::<Vec<_>>());
}
