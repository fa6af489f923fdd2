//! `earnout grant import`: thousands of rows, each made exactly once, whatever happens in between.

use {
    earnout::state::{Plan, UnearnedPolicy},
    earnout_e2e::{BigPlan, Chain, DAY, Earnout, Finished, PATIENCE},
    earnout_sdk::wire::{accounts, pda},
    serde_json::Value,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        collections::BTreeMap,
        fs,
        path::Path,
        process::{Child, Command},
        time::{Duration, Instant},
    },
    tokio::time::sleep,
};

const FILE: &str = "contributors.csv";
const JOURNAL: &str = "contributors.csv.journal.jsonl";

async fn start(funded: u64) -> (Chain, BigPlan, Earnout) {
    let chain = Chain::start(&["--slot-ms", "100"]);
    let plan = BigPlan::create(&chain, UnearnedPolicy::Return, funded).await;
    let earnout = Earnout::as_key(&chain, "authority");
    (chain, plan, earnout)
}

fn arguments(plan: &BigPlan) -> Vec<String> {
    let plan = plan.address.to_string();
    ["grant", "import", &plan, FILE, "--output", "json"]
        .map(str::to_owned)
        .to_vec()
}

fn import(earnout: &Earnout, plan: &BigPlan, more: &[&str]) -> Finished {
    let mut arguments = arguments(plan);
    arguments.extend(more.iter().map(|more| (*more).to_owned()));
    earnout.run(&arguments)
}

async fn state(chain: &Chain, plan: &BigPlan) -> Plan {
    accounts::plan(&chain.account(&plan.address).await).expect("a plan")
}

/// Beneficiaries of the plan's grants, and how many each has.
async fn beneficiaries(chain: &Chain, plan: &BigPlan) -> BTreeMap<Pubkey, usize> {
    let state = state(chain, plan).await;
    let grants = chain
        .client()
        .grants_of_plan(&plan.address, &state)
        .await
        .expect("grants");
    assert_eq!(
        grants.len(),
        usize::try_from(state.grant_counter).expect("a small number")
    );
    let mut beneficiaries = BTreeMap::new();
    for (_, grant) in grants {
        *beneficiaries.entry(grant.beneficiary).or_default() += 1;
    }
    beneficiaries
}

/// Each of the first `count` contributors has one grant, and nobody else has any.
async fn each_has_one(chain: &Chain, plan: &BigPlan, count: u32) {
    let made = beneficiaries(chain, plan).await;
    let expected: BTreeMap<_, _> = (0..count)
        .map(|number| (BigPlan::contributor(number).pubkey(), 1))
        .collect();
    assert_eq!(made, expected);
}

/// Waits until the plan has so many grants.
async fn until_made(chain: &Chain, plan: &BigPlan, count: u32) {
    let begun = Instant::now();
    while state(chain, plan).await.grant_counter < count {
        assert!(begun.elapsed() < PATIENCE, "the import does not get on");
        sleep(Duration::from_millis(5)).await;
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.expect("`kill` runs").success());
}

/// What a process that was spawned left behind.
fn finished(child: Child) -> (Option<i32>, Value, String) {
    let output = child.wait_with_output().expect("the import ends");
    let stderr = String::from_utf8(output.stderr).expect("text");
    let stdout = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        stdout.unwrap_or_else(|error| panic!("{error}: {stderr}")),
        stderr,
    )
}

fn signed(home: &Path) -> usize {
    let journal = fs::read_to_string(home.join(JOURNAL)).expect("a journal");
    journal
        .lines()
        .filter(|line| line.contains(r#""event":"signed""#))
        .count()
}

/// The plan's grants are what counts, not the name of the file or its journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_copy_of_the_file_grants_nobody_twice() {
    let (chain, plan, earnout) = start(10_000).await;
    let (text, address) = (plan.contributors(0, 3), plan.address.to_string());
    earnout.file(FILE, &text);
    import(&earnout, &plan, &[]).succeeded();
    let corrected = text.replace(",100,", ",110,");
    assert_ne!(corrected, text);
    earnout.file("corrected.csv", &corrected);
    for more in [&[][..], &["--dry-run"]] {
        let words = [&["grant", "import", &address, "corrected.csv"], more].concat();
        let refused = earnout.run(&words).failed(1);
        refused
            .says("2: the beneficiary has a grant of the plan already, grant 0: 100 tokens")
            .says("--again");
    }
    each_has_one(&chain, &plan, 3).await;
    // The first file still knows its rows, and a new one joins them.
    earnout.file(FILE, plan.contributors(0, 4));
    let report = import(&earnout, &plan, &[]).succeeded().json();
    assert_eq!((&report["made"], &report["madeBefore"]), (&4.into(), &3.into()));
    each_has_one(&chain, &plan, 4).await;
    earnout
        .run(&["grant", "import", &address, "corrected.csv", "--again"])
        .succeeded();
    assert_eq!(beneficiaries(&chain, &plan).await.into_values().sum::<usize>(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_becomes_one_grant_and_a_second_run_makes_nothing() {
    let (chain, plan, earnout) = start(60_000).await;
    earnout.file(FILE, plan.contributors(0, 200));
    let report = import(&earnout, &plan, &["--report", "grants.csv"]).succeeded().json();
    assert_eq!((&report["made"], &report["madeBefore"]), (&200.into(), &0.into()));
    // Twelve a transaction.
    assert_eq!(report["transactions"], 17);
    let rent = 200 * 3_229_440;
    assert_eq!(report["rentLamports"], rent);
    let failed = report["failedTransactions"].as_u64().expect("a number");
    assert_eq!(report["lamports"], rent + (17 + failed) * 5_000);
    each_has_one(&chain, &plan, 200).await;

    let written = fs::read_to_string(earnout.home().join("grants.csv")).expect("a report");
    let last = written.lines().last().expect("a line");
    let (key, grant) = (BigPlan::contributor(199).pubkey(), pda::grant(&plan.address, 199));
    assert!(last.starts_with(&format!("201,,{key},199,{grant},")), "{last}");
    assert_eq!(written.lines().count(), 201);

    let report = import(&earnout, &plan, &[]).succeeded().json();
    assert_eq!(
        (&report["made"], &report["madeBefore"], &report["transactions"]),
        (&200.into(), &200.into(), &0.into())
    );
    each_has_one(&chain, &plan, 200).await;

    // Rows that were added are made, and those alone.
    earnout.file(FILE, plan.contributors(0, 205));
    let report = import(&earnout, &plan, &[]).succeeded().json();
    assert_eq!((&report["made"], &report["madeBefore"]), (&205.into(), &200.into()));
    each_has_one(&chain, &plan, 205).await;

    // A line that is changed after its grant was made would make a second one for the same person.
    let changed = plan.contributors(0, 205).replacen(",100,0,4,", ",90,0,4,", 1);
    earnout.file(FILE, changed);
    import(&earnout, &plan, &[])
        .failed(1)
        .says("grant 0 was made for this beneficiary by an earlier run")
        .says("nothing was sent");
    earnout.file(FILE, plan.contributors(0, 205));
    each_has_one(&chain, &plan, 205).await;

    // Without the journal the chain itself says that they are made.
    fs::remove_file(earnout.home().join(JOURNAL)).expect("a journal");
    let refused = import(&earnout, &plan, &[]).failed(1).says("nothing was sent");
    let mistakes = refused.json();
    assert_eq!(mistakes["mistakes"].as_array().expect("mistakes").len(), 205);
    assert!(
        mistakes["mistakes"][3]["what"]
            .as_str()
            .expect("text")
            .contains("grant 3 of the plan")
    );
    assert!(!earnout.home().join(JOURNAL).exists());
    each_has_one(&chain, &plan, 205).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_leaves_nothing_twice_and_nothing_out() {
    let (chain, plan, earnout) = start(60_000).await;
    earnout.file(FILE, plan.contributors(0, 500));
    // Four processes are killed in turn, the last one goes through.
    for at in [1, 60, 200, 420] {
        let child = earnout.spawn(&arguments(&plan));
        until_made(&chain, &plan, at).await;
        signal(&child, "KILL");
        let output = child.wait_with_output().expect("the import ends");
        assert_eq!(output.status.code(), None, "it was killed before its end");
        // A dry run knows from the accounts what was made, and brings nothing to its end. What was handed over before
        // the kill may still be executed.
        sleep(Duration::from_secs(1)).await;
        let made = state(&chain, &plan).await.grant_counter;
        let forecast = import(&earnout, &plan, &["--dry-run"]).succeeded().json();
        assert_eq!(forecast["grants"], 500 - made);
        assert_eq!(state(&chain, &plan).await.grant_counter, made);
    }
    let report = import(&earnout, &plan, &[]).succeeded().json();
    assert_eq!(report["made"], 500);
    assert!(report["madeBefore"].as_u64().expect("a number") >= 420, "{report}");
    each_has_one(&chain, &plan, 500).await;
    assert!(signed(earnout.home()) >= 42, "twelve a transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_breaks_off_in_a_line_is_resumed() {
    let (chain, plan, earnout) = start(30_000).await;
    earnout.file(FILE, plan.contributors(0, 210));
    let child = earnout.spawn(&arguments(&plan));
    until_made(&chain, &plan, 70).await;
    signal(&child, "KILL");
    child.wait_with_output().expect("the import ends");
    let journal = earnout.home().join(JOURNAL);
    let bytes = fs::read(&journal).expect("a journal");
    // Everything that is known of what was sent is lost, down to half of the last signature that was noted.
    let text = String::from_utf8(bytes).expect("text");
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.contains(r#""event":"executed""#))
        .collect();
    fs::write(
        &journal,
        lines.join("\n") + "\n{\"event\":\"signed\",\"items\":[{\"row\":\"4f",
    )
    .expect("a journal");
    let report = import(&earnout, &plan, &[]).succeeded().json();
    assert_eq!(report["made"], 210);
    each_has_one(&chain, &plan, 210).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_do_not_use_one_journal() {
    let (chain, plan, earnout) = start(30_000).await;
    earnout.file(FILE, plan.contributors(0, 200));
    let child = earnout.spawn(&arguments(&plan));
    until_made(&chain, &plan, 1).await;
    signal(&child, "STOP");
    import(&earnout, &plan, &[]).failed(1).says("is in use");
    signal(&child, "CONT");
    let (code, report, _) = finished(child);
    assert_eq!((code, &report["made"]), (Some(0), &200.into()));
    each_has_one(&chain, &plan, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_grants_in_between_shift_the_numbers_only() {
    let (chain, plan, earnout) = start(60_000).await;
    earnout.file(FILE, plan.contributors(0, 200));
    let other = Earnout::as_key(&chain, "authority");
    other.file(FILE, plan.contributors(200, 100));
    let child = earnout.spawn(&arguments(&plan));
    until_made(&chain, &plan, 1).await;
    let report = import(&other, &plan, &[]).succeeded().json();
    assert_eq!(report["made"], 100);
    let (code, report, stderr) = finished(child);
    assert_eq!((code, &report["made"]), (Some(0), &200.into()), "{stderr}");
    each_has_one(&chain, &plan, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_that_ends_in_the_middle_leaves_a_part_and_says_so() {
    let (chain, plan, earnout) = start(60_000).await;
    // Periods from the second on, so that only the enrolment ends.
    earnout.file(FILE, plan.contributors(0, 400).replace(",100,0,4,", ",100,2,2,"));
    let child = earnout.spawn(&arguments(&plan));
    until_made(&chain, &plan, 30).await;
    signal(&child, "STOP");
    chain.warp(&(plan.end(0) + DAY).to_string());
    signal(&child, "CONT");
    let (code, report, stderr) = finished(child);
    assert_eq!(code, Some(2), "{stderr}");
    let made = state(&chain, &plan).await.grant_counter;
    assert!((30..400).contains(&made), "{made}");
    let report = &report["report"];
    assert_eq!(report["made"], made);
    let left = report["left"].as_array().expect("lines");
    assert_eq!(left.len(), 400 - usize::try_from(made).expect("a small number"));
    assert_eq!(left[0], made + 2, "the line of the first row that is not made");
    assert!(
        report["stopped"]
            .as_str()
            .expect("a reason")
            .starts_with("EnrolmentEnded"),
        "{report}"
    );
    assert!(stderr.contains("run the same command again"), "{stderr}");
    each_has_one(&chain, &plan, made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_period_begins_in_the_middle_are_refused_and_the_others_made() {
    let (chain, plan, earnout) = start(60_000).await;
    let early = plan.contributors(0, 200);
    let late = plan.contributors(200, 50).replace(",100,0,4,", ",100,1,3,");
    let late = late.split_once('\n').expect("a header").1;
    earnout.file(FILE, format!("{early}{late}"));
    let child = earnout.spawn(&arguments(&plan));
    until_made(&chain, &plan, 30).await;
    signal(&child, "STOP");
    chain.warp(&(plan.start + 3_600).to_string());
    signal(&child, "CONT");
    let (code, report, stderr) = finished(child);
    assert_eq!(code, Some(2), "{stderr}");
    let report = &report["report"];
    let refused = report["refused"].as_array().expect("lines");
    let made = state(&chain, &plan).await.grant_counter;
    assert_eq!(usize::try_from(made).expect("a small number") + refused.len(), 250);
    assert!(
        refused[0]["why"].as_str().expect("a reason").starts_with("PeriodBegun"),
        "{report}"
    );
    assert_eq!(
        refused.last().expect("a line")["line"],
        201,
        "the last of those that begin with the first period"
    );
    let have = beneficiaries(&chain, &plan).await;
    assert!((200..250).all(|number| have.get(&BigPlan::contributor(number).pubkey()) == Some(&1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_sends_nothing() {
    let (chain, plan, earnout) = start(500).await;
    let header = "beneficiary,allocation,cliff,time_weight,weight:users,revocable,transferable\n";
    let key = |number| BigPlan::contributor(number).pubkey();
    let vault = pda::vault(&plan.address);
    let file = format!(
        "{header}{},100,0,4000,6000,true,false\n{vault},100,0,4000,6000,true,false\n{},0.0000001,0,4000,6000,true,false\n\
         {},100,0,4000,5000,true,false\n{},100,0,4000,6000,true,false\n",
        key(0),
        key(1),
        key(2),
        key(0)
    );
    earnout.file(FILE, file);
    let refused = import(&earnout, &plan, &[])
        .failed(1)
        .says("contributors.csv has 4 mistakes; nothing was sent");
    let mistakes = refused.json();
    let lines: Vec<_> = mistakes["mistakes"]
        .as_array()
        .expect("mistakes")
        .iter()
        .map(|one| &one["line"])
        .collect();
    assert_eq!(lines, [3, 4, 5, 6]);
    assert!(
        refused
            .stderr
            .contains("contributors.csv:4: allocation: \"0.0000001\" has more than 6 decimals")
    );

    // More than the vault has, more than the payer has, another signer, another file: each one sentence, and nothing
    // sent.
    earnout.file(FILE, plan.contributors(0, 6));
    import(&earnout, &plan, &[])
        .failed(1)
        .says("the grants need 600 tokens in the vault, which has 500");
    earnout.file(FILE, plan.contributors(0, 5));
    let poor = chain.new_key("poor", 0);
    let poor_file = chain.key_file("poor").display().to_string();
    import(&earnout, &plan, &["--fee-payer", &poor_file])
        .failed(1)
        .says(&format!("{} has 0 SOL", poor.pubkey()));
    let stranger = Earnout::as_key(&chain, "payer");
    stranger.file(FILE, plan.contributors(0, 5));
    import(&stranger, &plan, &[])
        .failed(1)
        .says("is not the authority of the plan");
    earnout.file(FILE, "beneficiary,salary\n");
    import(&earnout, &plan, &[]).failed(1).says("salary: is not a column");
    fs::remove_file(earnout.home().join(FILE)).expect("a file");
    import(&earnout, &plan, &[]).failed(1).says("cannot be read");
    // A token account is not a wallet.
    let payee = chain.mint_to(&plan.token, &chain.key("authority"), &key(3), 0).await;
    earnout.file(
        FILE,
        plan.contributors(0, 2).replace(&key(1).to_string(), &payee.to_string()),
    );
    import(&earnout, &plan, &["--allow-off-curve"])
        .failed(1)
        .says(&format!("is a token account of {}", key(3)));

    earnout.file(FILE, plan.contributors(0, 5));
    import(&earnout, &plan, &["--report", "nowhere/grants.csv"])
        .failed(1)
        .says("nowhere/grants.csv cannot be written");

    assert_eq!(state(&chain, &plan).await.grant_counter, 0);
    assert!(!earnout.home().join(JOURNAL).exists(), "nothing was signed");
    earnout.file(FILE, plan.contributors(0, 5));
    import(&earnout, &plan, &["--dry-run"])
        .succeeded()
        .says("nothing was sent");
    assert_eq!(state(&chain, &plan).await.grant_counter, 0);
    import(&earnout, &plan, &[]).succeeded();
    each_has_one(&chain, &plan, 5).await;
}
