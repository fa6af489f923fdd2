//! What others can check and compare: votes from published evidence, and what oracles are about to vote.

use {
    crate::{
        services::prometheus,
        support::{NONE, Quarter},
    },
    earnout_e2e::{Daemon, Oracle},
    solana_signer::Signer,
    std::{fs, path::PathBuf},
};

/// Two operators who both say 76, each from a file and with a document of its own.
struct Two {
    quarter: Quarter,
    operators: [Oracle; 2],
    keys: [String; 2],
}

impl Two {
    /// `more` stands in the configuration of the first one.
    fn new(more: impl Fn(&Oracle, &str) -> String) -> Self {
        let quarter = Quarter::ended();
        let feed = quarter.feed("cat value", "");
        let names = ["oracle-1", "oracle-2"];
        let operators = names.map(|key| {
            let operator = Oracle::new(&quarter.chain, key, &[&quarter.chain.rpc_url], &feed);
            operator.file("value", "76");
            operator
        });
        let keys = names.map(|key| quarter.chain.key(key).pubkey().to_string());
        for (number, other) in [(0, 1), (1, 0)] {
            let operator = &operators[number];
            let text = fs::read_to_string(operator.configuration()).expect("a file of this test");
            let agree = more(&operators[other], &keys[other]);
            let text = text.replace("[[feed]]", &format!("{agree}[[feed]]"));
            // Else both have the same document.
            operator.configure(&text.replace("\"milestones\"", &format!("\"milestones-{number}\"")));
        }
        Self {
            quarter,
            operators,
            keys,
        }
    }

    fn plan(&self) -> String {
        self.quarter.plan.to_string()
    }

    fn vote(&self) {
        for operator in &self.operators {
            operator.run(&["once"]).succeeded().shows("1 voted");
        }
    }
}

fn text(path: PathBuf) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Where `serve` says that it listens.
fn served(mut daemon: Daemon) -> (Daemon, String) {
    daemon.wait_for("address=");
    let log = daemon.log();
    let address = log
        .split("address=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let url = format!("http://{}/evidence", address.expect("an address in the log"));
    (daemon, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_can_verify_without_a_key_or_a_configuration() {
    let two = Two::new(|_, _| String::new());
    let (plan, url) = (two.plan(), two.quarter.chain.rpc_url.clone());
    let stranger = two.quarter.operator(&url, "");
    stranger.configure("this is no configuration");
    let folders = two
        .operators
        .each_ref()
        .map(|operator| text(operator.folder().join("state/evidence")));
    let [first, second] = &folders;
    let verify = |more: &[&str]| stranger.run(&[&["verify", &plan, "0", "--url", &url], more].concat());
    // Nothing was voted yet, so nothing is proved.
    fs::create_dir_all(first).expect("a folder of this test");
    verify(&["--all", "--evidence", first])
        .failed(2)
        .says("nothing was checked");
    two.vote();
    let all = verify(&["--all", "--evidence", first, "--evidence", second]).succeeded();
    for key in &two.keys {
        let line = format!("1 of 1 vote of {key} proved");
        assert!(all.stdout.contains(&line), "{}", all.stdout);
    }
    let of_first = ["--oracle", &two.keys[0]];
    verify(&[&of_first[..], &["--evidence", first]].concat())
        .succeeded()
        .shows("proved");
    verify(&[&of_first[..], &["--evidence", second]].concat())
        .failed(2)
        .shows("UNPROVED: there is no document with the hash");
    verify(&["--all", "--evidence", first]).failed(2).shows("UNPROVED");
    let json = stranger.run(&[
        "--json",
        "verify",
        &plan,
        "0",
        "-u",
        &url,
        "--all",
        "--evidence",
        first,
        "--evidence",
        second,
    ]);
    let json = json.succeeded().json();
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&json[0]["result"], &json[0]["value"]),
        (&"proved".into(), &"76.0".into())
    );
    assert!(two.keys.iter().any(|key| json[0]["oracle"] == key.as_str()), "{json}");
    // Who has no vote proves nothing, whatever others proved.
    let third = two.quarter.chain.key("oracle-3").pubkey().to_string();
    let both = verify(&[&of_first[..], &["--oracle", &third, "--evidence", first]].concat()).failed(2);
    assert!(
        both.stderr.contains(&format!("nothing was checked: {third}")),
        "{}",
        both.stderr
    );
    // What is missing is named.
    stranger
        .run(&["verify", &plan, "0", "--all", "--evidence", first])
        .failed(1)
        .says("--url");
    stranger
        .run(&["verify", &plan, "0", "--url", &url])
        .failed(1)
        .says("--oracle");
    verify(&["--all", "--evidence", "nowhere"])
        .failed(1)
        .says("there is no folder nowhere");
    verify(&["--all", "--evidence", "http://oracle.example/evidence"])
        .failed(1)
        .says("use https://");
    stranger
        .run(&["verify", &plan, "9", "--url", &url, "--all", "--evidence", first])
        .failed(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_exported_served_and_recomputed() {
    let two = Two::new(|_, _| String::new());
    two.vote();
    let (plan, url) = (two.plan(), two.quarter.chain.rpc_url.clone());
    let [operator, other] = &two.operators;
    operator
        .run(&["export", "public"])
        .succeeded()
        .shows("1 document in public, 1 new");
    operator.run(&["export", "public"]).succeeded().shows(", 0 new");
    let (daemon, base) = served(operator.start(&["serve", "public", "--listen", "127.0.0.1:0"]));
    let from = ["--oracle", &two.keys[0], "--evidence", &base];
    let verify = || other.run(&[&["verify", &plan, "0", "-u", &url][..], &from[..]].concat());
    verify().succeeded().shows("1 of 1 vote of").shows("proved");
    // Whoever runs the server changes a byte.
    let name = fs::read_dir(operator.folder().join("public"))
        .expect("a folder of this test")
        .next();
    let file = name.expect("one document").expect("a file of this test").path();
    let document = fs::read_to_string(&file).expect("a file of this test");
    fs::write(&file, document.replace("76", "77")).expect("a file of this test");
    verify().failed(2).shows("UNPROVED");
    daemon.terminate();
    verify().failed(2).shows("UNPROVED");
}

#[tokio::test(flavor = "multi_thread")]
async fn oracles_see_where_they_differ_before_they_vote() {
    let two = Two::new(|other, key| {
        let from = text(other.folder().join("public"));
        let evidence = text(other.folder().join("state/evidence"));
        format!(
            "[agree]\npublish = \"public\"\npeers = [{{ oracle = \"{key}\", from = {from:?}, evidence = {evidence:?} }}]\n"
        )
    });
    let plan = two.plan();
    let [first, second] = &two.operators;
    let publish = |operator: &Oracle| operator.run(&["agree", &plan, "0", "--measure", "--publish"]);
    publish(first)
        .failed(2)
        .says("not heard: ")
        .shows("published 1 value in ");
    let both = publish(second).succeeded();
    both.shows("1 value: none differs; enough oracles say the same of each");
    // The same was asked of the same kind of source, and the answers are close.
    second.file("value", "76.1");
    publish(second)
        .failed(2)
        .shows("rounding")
        .shows("proposed: ")
        .shows("`round_to = '0.5'`");
    let seen = first
        .run(&["--json", "agree", &plan, "0", "--measure"])
        .failed(2)
        .json();
    assert_eq!(seen["values"][0]["differ"]["by"], "rounding");
    assert_eq!(seen["values"][0]["step"], "0.5");
    second.file("value", "90");
    publish(second)
        .failed(2)
        .shows("the data")
        .shows("no step makes these the same");
    // Nothing was voted by any of this, and what was measured in passing is not what the daemon votes.
    assert_eq!(two.quarter.votes().await, NONE);
    assert_eq!(two.quarter.votes_of("oracle-2").await, NONE);
    second.file("value", "76");
    two.vote();
    publish(second).succeeded();
    first.run(&["agree", &plan, "0"]).succeeded().shows("none differs");
    // The file is of this plan and period, and of nobody else.
    let file = second.folder().join(format!("public/agree-{plan}-0.json"));
    let statement = fs::read_to_string(&file).expect("a file of this test");
    fs::copy(&file, second.folder().join(format!("public/agree-{plan}-1.json"))).expect("a file of this test");
    first
        .run(&["agree", &plan, "1"])
        .failed(2)
        .says("it is of period 0, not 1");
    fs::write(&file, statement.replace("\"760\"", "\"761\"")).expect("a file of this test");
    first
        .run(&["agree", &plan, "0"])
        .failed(2)
        .says("its signature is not that of");
    fs::copy(first.folder().join(format!("public/agree-{plan}-0.json")), &file).expect("a file of this test");
    first.run(&["agree", &plan, "0"]).failed(2).says("it is signed by");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_recomputes_what_peers_published() {
    let two = Two::new(|other, key| {
        let evidence = text(other.folder().join("state/evidence"));
        format!("[agree]\npeers = [{{ oracle = \"{key}\", from = \"nowhere.json\", evidence = {evidence:?} }}]\n")
    });
    two.vote();
    let [operator, other] = &two.operators;
    operator
        .run(&["watch", "--once"])
        .succeeded()
        .shows("1 proved by their evidence");
    let name = hex::encode(two.quarter.attestation().await.expect("two votes").evidence[1]);
    let file = other
        .folder()
        .join("state/evidence")
        .join(&name[..2])
        .join(format!("{name}.json"));
    fs::remove_file(&file).expect("a file of this test");
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("1 not proved by their evidence")
        .says("there is no document with the hash");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_is_sampled_at_fixed_times() {
    let quarter = Quarter::ended();
    // 70 to 79, four minutes each, the last one from four minutes before the end of the quarter on.
    let end = 1_809_129_600;
    let samples = (0..10).map(|number| format!("users {} {}\n", 70 + number, end - 2_400 + 240 * number));
    let monitoring = prometheus(&format!(
        "# TYPE users gauge\n{}",
        samples.collect::<String>().trim_end()
    ));
    let feed = |more: &str| {
        format!(
            "[[feed]]\nid = \"users\"\nplan = \"{}\"\nkpi = 0\n[feed.source]\ntype = \"prometheus\"\nurl = \
             \"http://127.0.0.1:{}\"\nquery = \"users\"\n{more}\n",
            quarter.plan, monitoring.port
        )
    };
    let checked = |more: &str| {
        quarter
            .operator(&quarter.chain.rpc_url, &feed(more))
            .run(&["--json", "check", "--period", "0"])
    };
    assert_eq!(checked("").succeeded().json()[0]["value"], "79.0");
    let sampled = "samples_at = { last = \"30m\", every = \"1m\" }";
    assert_eq!(checked(sampled).succeeded().json()[0]["value"], "76.0");
    // Before the first sample there is none.
    checked("samples_at = { last = \"1h\", every = \"1m\" }")
        .failed(2)
        .shows("40 of the 60 times");
    let some = "samples_at = { last = \"1h\", every = \"1m\", at_least = 40 }";
    assert_eq!(checked(some).succeeded().json()[0]["value"], "74.0");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed(sampled));
    operator.run(&["once"]).succeeded().shows("1 voted");
    operator
        .run(&["verify", &quarter.plan.to_string(), "0"])
        .succeeded()
        .shows("proved");
    assert_eq!(quarter.votes().await, [760]);
}
