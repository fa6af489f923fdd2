//! The process: how it starts, what it refuses, and how it ends.

use {
    earnout_e2e::{Chain, localnet, program_file},
    serde_json::{Value, json},
    solana_signer::Signer,
    std::{
        fs,
        net::TcpListener,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
    },
};

/// Runs `start` with options that cannot work, and returns the message.
fn refused(options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![
        "start",
        "--dir",
        folder.path().to_str().unwrap(),
        "--rpc-port",
        "0",
        "--ws-port",
        "0",
    ];
    for option in options {
        // Later ones count.
        if let Some(place) = all.iter().position(|other| other == option) {
            all.drain(place..place + 2);
        }
    }
    all.extend(options);
    let finished = localnet(&all).failed(2);
    assert!(finished.stdout.is_empty());
    assert!(!folder.path().join("localnet.json").exists());
    finished.stderr.trim_end().to_owned()
}

/// What localnet.json of a folder says.
fn description(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("localnet.json")).unwrap()).unwrap()
}

fn is_one_line(message: &str, part: &str) {
    assert!(message.starts_with("error: "), "{message}");
    assert!(message.contains(part), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    is_one_line(
        &refused(&["--rpc-port", &port]),
        &format!("port {port}: it is in use; name another one with --rpc-port"),
    );
    is_one_line(
        &refused(&["--ws-port", &port]),
        &format!("port {port}: it is in use; name another one with --ws-port"),
    );
    is_one_line(&refused(&["--ws-port", "5001", "--rpc-port", "5001"]), "both 5001");
}

#[test]
fn a_program_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing.so");
    is_one_line(
        &refused(&["--program", missing.to_str().unwrap()]),
        "cannot read the program",
    );
    let words = file("text.so", b"not a program");
    is_one_line(
        &refused(&["--program", &words]),
        "is not a program: it is not an ELF file",
    );
    let empty = file("empty.so", b"");
    is_one_line(
        &refused(&["--program", &empty]),
        "is not a program: it is not an ELF file",
    );

    let program = fs::read(program_file()).unwrap();
    let half = file("half.so", &program[..program.len() / 2]);
    is_one_line(&refused(&["--program", &half]), "is not a program");
    let host = std::env::current_exe().unwrap();
    let head = file("host.so", &fs::read(host).unwrap()[..100_000]);
    is_one_line(&refused(&["--program", &head]), "is not a program");
}

#[test]
fn a_folder_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    is_one_line(&refused(&["--dir", file.to_str().unwrap()]), "cannot use the folder");
    is_one_line(&refused(&["--dir", "/proc/earnout"]), "cannot use the folder");

    let keys = folder.path().join("chain/keys");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join("payer.json"), "[1, 2, 3]").unwrap();
    let chain = folder.path().join("chain");
    is_one_line(
        &refused(&["--dir", chain.to_str().unwrap()]),
        "payer.json: expected a list of 64 numbers",
    );
    // What may be somebody's key is left alone.
    assert_eq!(fs::read_to_string(keys.join("payer.json")).unwrap(), "[1, 2, 3]");
}

#[test]
fn a_time_that_is_none_is_refused() {
    for time in ["soon", "2027-13-01T00:00:00Z", "2027-01-01", "-5"] {
        let message = refused(&[&format!("--time={time}")]);
        assert!(message.contains("expected a time between 1970 and 9999"), "{message}");
    }
}

#[test]
fn the_folder_describes_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::start_in(folder.path(), &[]);
    let described = description(folder.path());
    assert_eq!(described["rpcUrl"], chain.rpc_url);
    assert_eq!(described["wsUrl"], chain.ws_url);
    assert_eq!(described["programId"], earnout::ID.to_string());
    assert_eq!(described["pid"], chain.pid());
    assert_eq!(described["slotMs"], 400);
    assert!(described["demo"].is_null());

    let names = [
        "payer",
        "authority",
        "treasury-owner",
        "oracle-1",
        "oracle-2",
        "oracle-3",
        "arbiter",
        "beneficiary-1",
        "beneficiary-2",
        "beneficiary-3",
        "beneficiary-4",
        "beneficiary-5",
        "upgrade-authority",
    ];
    assert_eq!(described["keys"].as_object().unwrap().len(), names.len());
    for name in names {
        let key = chain.key(name).pubkey();
        assert_eq!(described["keys"][name]["publicKey"], key.to_string());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = PathBuf::from(described["keys"][name]["path"].as_str().unwrap());
        assert_eq!(path, chain.key_file(name).canonicalize().unwrap());
        assert_eq!(mode(&path), 0o600, "{name}");
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_stay_and_are_funded_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut plans = Vec::new();
    for _ in 0..2 {
        let mut chain = Chain::start_in(folder.path(), &["--demo", "--slot-ms", "50"]);
        let oracle = chain.key("oracle-1");
        assert_eq!(
            chain.rpc.get_balance(&oracle.pubkey()).await.unwrap(),
            1_000_000_000_000
        );
        plans.push((oracle.pubkey(), chain.demo_address("plan")));
        chain.signal("TERM");
        assert!(chain.ended().success());
        assert!(!folder.path().join("localnet.json").exists());
    }
    assert_eq!(plans.first(), plans.last());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_chains_run_side_by_side() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let chains = folders
        .each_ref()
        .map(|folder| Chain::start_in(folder.path(), &["--demo", "--slot-ms", "50"]));
    let [one, other] = &chains;
    assert_ne!(one.rpc_url, other.rpc_url);
    assert_ne!(one.ws_url, other.ws_url);
    let plans = chains.each_ref().map(|chain| chain.demo_address("plan"));
    assert_ne!(plans[0], plans[1]);
    for (index, chain) in chains.iter().enumerate() {
        for (other, plan) in plans.iter().enumerate() {
            let found = chain
                .ask("getAccountInfo", json!([plan.to_string(), { "encoding": "base64" }]))
                .await;
            assert_eq!(!found["value"].is_null(), index == other);
        }
    }
    // Their clocks are their own.
    let before = other.now().await;
    one.warp("90d");
    assert!(one.now().await > before + 89 * 86_400);
    assert!(other.now().await < before + 600);

    // But a folder has one chain.
    let refused = localnet(&[
        "start",
        "--rpc-port",
        "0",
        "--ws-port",
        "0",
        "--dir",
        folders[0].path().to_str().unwrap(),
    ]);
    is_one_line(refused.failed(2).stderr.trim_end(), "another chain is running from");
    assert_eq!(description(folders[0].path())["pid"], one.pid());
}

#[test]
fn it_ends_by_signal_by_its_parent_and_by_request() {
    let folder = tempfile::tempdir().unwrap();
    type End = fn(&mut Chain);
    let ways: [(&str, End); 4] = [
        ("SIGINT", |chain| chain.signal("INT")),
        ("SIGTERM", |chain| chain.signal("TERM")),
        ("closed input", Chain::close_input),
        ("stop", |chain| {
            chain.localnet(&["stop"]).succeeded();
        }),
    ];
    for (name, end) in ways {
        let mut chain = Chain::start_in(folder.path(), &[]);
        let ports = [&chain.rpc_url, &chain.ws_url].map(|url| url.rsplit_once(':').unwrap().1.to_owned());
        assert!(folder.path().join("localnet.json").exists());
        end(&mut chain);
        assert_eq!(chain.ended().code(), Some(0), "{name}");
        assert!(!folder.path().join("localnet.json").exists(), "{name}");
        for port in ports {
            assert!(TcpListener::bind(format!("127.0.0.1:{port}")).is_ok(), "{name}");
        }
    }
}

#[test]
fn a_chain_that_was_killed_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::start_in(folder.path(), &[]);
    let killed = chain.pid();
    chain.kill();
    assert_eq!(description(folder.path())["pid"], killed);
    let chain = Chain::start_in(folder.path(), &[]);
    assert_eq!(description(folder.path())["pid"], chain.pid());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_block_is_of_the_time_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (time, unix) in [("2020-02-29T12:00:00Z", 1_582_977_600), ("2000000000", 2_000_000_000)] {
        let mut chain = Chain::start_in(folder.path(), &["--time", time]);
        let described = description(folder.path());
        assert_eq!(described["startedAt"], unix);
        let now = chain.now().await;
        assert!((unix..unix + 60).contains(&now), "{now}");
        // What is confirmed or final lies before the first block at the start.
        let slot = chain.ask("getSlot", json!([{ "commitment": "processed" }])).await;
        let block_time = chain.ask("getBlockTime", json!([slot])).await.as_i64().unwrap();
        assert!((unix..unix + 60).contains(&block_time), "{block_time}");
        chain.signal("TERM");
        assert!(chain.ended().success());
    }
}
