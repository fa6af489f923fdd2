//! What others can check and compare: votes from published evidence, and what oracles are about to vote.

use {
    crate::support::Quarter,
    earnout_e2e::Oracle,
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
        let line = format!("1 of 1 votes of {key} proved");
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
        .failed(2)
        .says("use https://");
    stranger
        .run(&["verify", &plan, "9", "--url", &url, "--all", "--evidence", first])
        .failed(1);
}
