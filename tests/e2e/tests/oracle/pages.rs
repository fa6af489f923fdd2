//! Individual KPIs: the values of 64 grants are one upload, and nothing of it is lost or doubled.

use {
    earnout::{
        constants::NO_VALUE,
        events::PageAttested,
        instructions::{AttestPageArgs, CreateGrantArgs, CreatePlanArgs},
        state::{Cadence, Combination, CurvePoint, Interpolation, KpiArgs, Release, Scope, UnearnedPolicy, place},
    },
    earnout_e2e::{Chain, Earnout, Hostile, Mode, Oracle, Setting, Token},
    earnout_sdk::wire::{
        Manifest,
        events::Event,
        instructions::{self, PlanToken},
        pda,
    },
    solana_keypair::Keypair,
    solana_program::{hash, pubkey::Pubkey},
    solana_signer::Signer,
    std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt, path::PathBuf},
};

const TOKENS: u64 = 1_000_000;

/// A plan with one individual KPI of whole numbers; its first quarter ended a day ago.
struct Commits {
    chain: Chain,
    plan: Pubkey,
    beneficiaries: Vec<Pubkey>,
}

impl Commits {
    /// With so many grants. Number 1 is the oracle's with the key `oracle-2`.
    async fn ended(grants: u32) -> Self {
        let chain = Chain::start(&["--slot-ms", "50", "--time", "2026-01-15T00:00:00Z"]);
        let (payer, authority) = (chain.key("payer"), chain.key("authority"));
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        let source = chain
            .mint_to(&token, &authority, &authority.pubkey(), 1_000_000 * TOKENS)
            .await;
        let owner = chain.key("treasury-owner").pubkey();
        let treasury = chain.mint_to(&token, &authority, &owner, 0).await;
        let plan = pda::plan(&authority.pubkey(), 1);
        let terms = CreatePlanArgs {
            plan_id: 1,
            name: "Design guild".to_owned(),
            unit: String::new(),
            unit_decimals: 0,
            start_ts: 1_769_904_000,
            cadence: Cadence::Months(3),
            period_count: 1,
            attest_secs: 14 * 86_400,
            challenge_secs: 7 * 86_400,
            ruling_secs: 7 * 86_400,
            notice_secs: 86_400,
            combination: Combination::WeightedSum,
            unearned_policy: UnearnedPolicy::Return,
            release: Release::AtSettlement,
            bonus_cap_bps: 0,
            min_allocation: 1,
            max_allocation: 1_000 * TOKENS,
            max_grants: grants,
            enrolment_end: 1_777_593_600,
            token_flags: 0,
            max_fee_bps: 0,
            oracles: ["oracle-1", "oracle-2", "oracle-3"]
                .map(|name| chain.key(name).pubkey())
                .to_vec(),
            threshold: 2,
            arbiter: Some(chain.key("arbiter").pubkey()),
        };
        let kpi = KpiArgs {
            name: "commits".to_owned(),
            unit: String::new(),
            rubric_hash: [1; 32],
            decimals: 0,
            scope: Scope::Individual,
            range_min: 0,
            range_max: 10_000,
            interpolation: Interpolation::Linear,
            points: vec![
                CurvePoint { value: 0, score: 0 },
                CurvePoint {
                    value: 4,
                    score: 10_000,
                },
            ],
            default_score: 0,
            default_price: None,
            feed: None,
        };
        let create = instructions::create_plan(
            &payer.pubkey(),
            &authority.pubkey(),
            &token.mint,
            &treasury,
            &token.program,
            terms,
        );
        let signers = [&payer, &authority];
        chain.send(&[create], &signers).await;
        let plan_token = PlanToken {
            plan,
            mint: token.mint,
            token_program: token.program,
        };
        let begin = [
            instructions::add_kpi(&authority.pubkey(), &plan, kpi),
            instructions::activate_plan(&authority.pubkey(), &plan, &token.mint),
            instructions::fund(&authority.pubkey(), &plan_token, &source, 1_000_000 * TOKENS),
        ];
        chain.send(&begin, &signers).await;
        let mut beneficiaries = Vec::new();
        let mut creations = Vec::new();
        for index in 0..grants {
            let beneficiary = match index {
                1 => chain.key("oracle-2").pubkey(),
                _ => Keypair::new().pubkey(),
            };
            beneficiaries.push(beneficiary);
            let args = CreateGrantArgs {
                grant_index: index,
                beneficiary,
                allocation: 1_000 * TOKENS,
                unit_allocation: 0,
                first_period: 0,
                periods: 1,
                cliff_periods: 0,
                time_weight: 0,
                kpi_weights: vec![10_000],
                revocable: false,
                transferable: false,
            };
            creations.push(instructions::create_grant(
                &payer.pubkey(),
                &authority.pubkey(),
                &plan,
                &token.mint,
                args,
            ));
        }
        for some in creations.chunks(3) {
            chain.send(some, &signers).await;
        }
        chain.warp("2026-05-02T00:00:00Z");
        Self {
            chain,
            plan,
            beneficiaries,
        }
    }

    /// An operator whose source is a file for each grant, named by its number.
    fn operator(&self, key: &str, endpoint: &str, more: &str) -> Oracle {
        let feed = format!(
            "{more}[[feed]]\nid = \"commits\"\nplan = \"{}\"\nkpi = 0\nidentities = \"identities.csv\"\nsource = {{ type = \
             \"command\", command = [\"cat\", \"{{identity}}\"] }}\n",
            self.plan
        );
        let operator = Oracle::new(&self.chain, key, &[endpoint], &feed);
        let mut identities = "beneficiary,identity\n".to_owned();
        for (number, beneficiary) in self.beneficiaries.iter().enumerate() {
            writeln!(identities, "{beneficiary},grant-{number}").expect("memory");
        }
        operator.file("identities.csv", &identities);
        operator
    }

    /// The uploads of a key, in every transaction that was executed.
    async fn uploads(&self, key: &str) -> Vec<PageAttested> {
        let oracle = self.chain.key(key).pubkey();
        let client = self.chain.client();
        let events = client.events(&self.plan).await.expect("the chain answers");
        let uploads = events.into_iter().filter_map(|recorded| match recorded.event {
            Event::PageAttested(upload) if upload.oracle == oracle => Some(*upload),
            _ => None,
        });
        uploads.collect()
    }

    /// The other oracles' votes on the first grants.
    async fn others_vote(&self, values: &[i64]) {
        let payer = self.chain.key("payer");
        for name in ["oracle-2", "oracle-3"] {
            let oracle = self.chain.key(name);
            let votes = AttestPageArgs {
                kpi: 0,
                period: 0,
                first: 0,
                values: values.to_vec(),
                evidence: [7; 32],
            };
            let attest = instructions::attest_page(&payer.pubkey(), &oracle.pubkey(), &self.plan, votes);
            self.chain.send(&[attest], &[&payer, &oracle]).await;
        }
    }
}

/// The source has a value for a grant.
fn count(operator: &Oracle, grant: u32, value: i64) {
    operator.file(&format!("grant-{grant}"), &format!("{value}\n"));
}

fn document(operator: &Oracle, hash: &[u8]) -> PathBuf {
    let name = hex::encode(hash);
    let folder = operator.folder().join("state/evidence").join(&name[..2]);
    folder.join(format!("{name}.json"))
}

fn read(operator: &Oracle, hash: &[u8; 32]) -> Manifest {
    Manifest::read(&fs::read(document(operator, hash)).expect("a manifest")).expect("a manifest")
}

/// The grants and values that a manifest lists, each with a document.
fn manifest(operator: &Oracle, hash: &[u8; 32]) -> Vec<(u32, i64)> {
    let votes = read(operator, hash).votes.into_iter();
    let listed = votes.map(|(grant, listed)| {
        let evidence = listed.evidence.expect("a hash");
        assert!(document(operator, &evidence).exists(), "{grant}");
        (grant, listed.value)
    });
    listed.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_one_upload_and_each_repeats_what_was_reported_before() {
    let commits = Commits::ended(66).await;
    let operator = commits.operator("oracle-1", &commits.chain.rpc_url, "");
    let plan = commits.plan.to_string();
    for grant in (0..65).filter(|grant| *grant != 2) {
        count(&operator, grant, i64::from(grant));
    }
    operator
        .run(&["once"])
        .failed(2)
        .shows("64 voted, 0 already on chain, 2 held");
    let shown = |uploads: Vec<PageAttested>| {
        let mut shown: Vec<_> = uploads
            .into_iter()
            .map(|upload| (upload.first, upload.values))
            .collect();
        shown.sort();
        shown
    };
    let mut full: Vec<i64> = (0..64).collect();
    full[2] = NO_VALUE;
    assert_eq!(
        shown(commits.uploads("oracle-1").await),
        [(0, full.clone()), (64, vec![64])],
        "one for each page"
    );
    operator
        .run(&["once"])
        .failed(2)
        .shows("0 voted, 64 already on chain, 2 held");

    count(&operator, 2, 200);
    count(&operator, 65, 6_500);
    operator
        .run(&["once"])
        .succeeded()
        .shows("2 voted, 64 already on chain, 0 held");
    let uploads = commits.uploads("oracle-1").await;
    assert_eq!(
        shown(uploads.clone()),
        [(0, full), (2, vec![200]), (64, vec![64]), (65, vec![6_500])],
        "only what is new"
    );
    let last = |first| uploads.iter().find(|upload| upload.first == first).expect("an upload");
    let listed = manifest(&operator, &last(2).evidence);
    let expected = (0..64).map(|grant| {
        let value = if grant == 2 { 200 } else { i64::from(grant) };
        (grant, value)
    });
    assert_eq!(listed, expected.collect::<Vec<_>>());
    assert_eq!(manifest(&operator, &last(65).evidence), [(64, 64), (65, 6_500)]);
    operator.run(&["status"]).succeeded().shows("voted").shows("0-65");
    operator
        .run(&["status", "--all"])
        .succeeded()
        .shows("voted")
        .shows("6500");
    operator
        .run(&["verify", &plan, "0"])
        .succeeded()
        .shows("66 of 66 votes")
        .shows("proved");

    // One document less, one vote less; without the manifest nothing of its page is proved.
    let single = read(&operator, &last(65).evidence).votes[&64].evidence.expect("a hash");
    fs::remove_file(document(&operator, &single)).expect("a file of the daemon");
    operator
        .run(&["verify", &plan, "0"])
        .failed(2)
        .shows("65 of 66 votes")
        .shows("UNPROVED");
    fs::remove_file(document(&operator, &last(2).evidence)).expect("a file of the daemon");
    operator
        .run(&["verify", &plan, "0"])
        .failed(2)
        .shows("1 of 66 votes")
        .shows("the manifest of the page");
}

/// A person corrects or completes with the same key, by the command, and leaves the manifest with the daemon's.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_reported_by_hand_is_verified_and_repeated() {
    let commits = Commits::ended(4).await;
    let operator = commits.operator("oracle-1", &commits.chain.rpc_url, "");
    let plan = commits.plan.to_string();
    count(&operator, 0, 4);
    count(&operator, 1, 5);
    operator
        .run(&["once"])
        .failed(2)
        .shows("2 voted, 0 already on chain, 2 held");
    let earnout = Earnout::as_key(&commits.chain, "oracle-1");
    let proof = "What was counted by hand.";
    earnout.file("proof.pdf", proof);
    let folder = operator.folder().join("state/evidence").display().to_string();
    let grant = format!("{plan}/2");
    let words = [
        "attest",
        &plan,
        "0",
        "0",
        "9",
        "--grant",
        &grant,
        "--evidence",
        "proof.pdf",
        "-y",
    ];
    earnout.run(&words).failed(1).says("of grants 0-1 in this page");
    earnout
        .run(&[&words[..], &["--evidence-dir", &folder]].concat())
        .succeeded();
    operator
        .run(&["verify", &plan, "0"])
        .failed(2)
        .shows("2 of 3 votes")
        .shows("there is no document");
    count(&operator, 3, 7);
    // The manifest is here, so it is this oracle's own vote; what proves the value is not.
    let once = operator
        .run(&["once"])
        .failed(2)
        .shows("1 voted, 3 already on chain, 0 held")
        .says("alert=\"evidence-missing\"");
    assert!(!once.stderr.contains("foreign-vote"), "{once:#?}");
    let uploads = commits.uploads("oracle-1").await;
    let votes = read(&operator, &uploads.last().expect("an upload").evidence).votes;
    let listed: Vec<_> = votes.iter().map(|(grant, listed)| (*grant, listed.value)).collect();
    assert_eq!(listed, [(0, 4), (1, 5), (2, 9), (3, 7)]);
    assert_eq!(votes[&2].evidence, Some(hash::hash(proof.as_bytes()).to_bytes()));
    operator.run(&["verify", &plan, "0"]).failed(2).shows("3 of 4 votes");
}

/// Kills the daemon while a request is held, starts it again, and expects exactly one upload.
#[tokio::test(flavor = "multi_thread")]
async fn g16_a_page_is_uploaded_once_whatever_is_killed_when() {
    for (method, setting) in [
        (
            "simulateTransaction",
            Setting::new(Mode::Never).only(&["simulateTransaction"]),
        ),
        ("sendTransaction", Setting::new(Mode::Never).only(&["sendTransaction"])),
        ("sendTransaction", Setting::held("sendTransaction")),
        (
            "getSignatureStatuses",
            Setting::new(Mode::Never).only(&["getSignatureStatuses"]),
        ),
    ] {
        let commits = Commits::ended(3).await;
        let hostile = Hostile::before(&commits.chain.rpc_url);
        let operator = commits.operator("oracle-1", &hostile.url, "");
        for grant in 0..3 {
            count(&operator, grant, 5);
        }
        hostile.set([setting]);
        let daemon = operator.start(&["run"]);
        hostile.wait_for(method, 0);
        daemon.kill();
        hostile.obey();
        // What was measured before stays.
        count(&operator, 0, 9);
        let mut daemon = operator.start(&["run"]);
        daemon.wait_for("3 already on chain");
        daemon.terminate();
        let uploads = commits.uploads("oracle-1").await;
        let values: Vec<_> = uploads.iter().map(|upload| upload.values.clone()).collect();
        assert_eq!(values, [[5, 5, 5]], "{method}");
        assert_eq!(manifest(&operator, &uploads[0].evidence), [(0, 5), (1, 5), (2, 5)]);
    }
}

/// The next manifest has to repeat what the last upload said, so it waits until it is known what became of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_an_upload_that_is_not_known_gets_no_other() {
    let commits = Commits::ended(3).await;
    let hostile = Hostile::before(&commits.chain.rpc_url);
    let operator = commits.operator("oracle-1", &hostile.url, "");
    count(&operator, 0, 4);
    let accounts = ["getMultipleAccounts", "getAccountInfo"];
    hostile.set([Setting::new(Mode::Processed), Setting::new(Mode::Lags).only(&accounts)]);
    operator
        .run(&["once"])
        .failed(2)
        .shows("0 voted, 0 already on chain, 2 held, 1 unfinished");
    count(&operator, 1, 5);
    count(&operator, 2, 6);
    operator.run(&["once"]).failed(2).shows("0 voted").shows("3 unfinished");
    assert_eq!(hostile.seen().signatures.len(), 1);
    hostile.obey();
    operator.run(&["once"]).succeeded().shows("2 voted, 1 already on chain");
    let uploads = commits.uploads("oracle-1").await;
    assert_eq!(uploads.len(), 2);
    assert_eq!(manifest(&operator, &uploads[1].evidence), [(0, 4), (1, 5), (2, 6)]);
}

/// An endpoint that says that nothing was executed, when it was; one that invents events; one that leaves some out.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_lies_gets_one_upload() {
    for mode in [Mode::Blind, Mode::Forges, Mode::Omits, Mode::LosesAnswer] {
        let commits = Commits::ended(3).await;
        let hostile = Hostile::before(&commits.chain.rpc_url);
        let operator = commits.operator("oracle-1", &hostile.url, "");
        for grant in 0..3 {
            count(&operator, grant, 5);
        }
        hostile.mode(mode);
        operator.run(&["once"]).succeeded().shows("3 voted");
        operator.run(&["once"]).succeeded().shows("3 already on chain");
        assert_eq!(hostile.seen().signatures.len(), 1, "{mode:?}");
        assert_eq!(commits.uploads("oracle-1").await.len(), 1, "{mode:?}");
    }
}

/// An oracle does not vote on its own grant, and where it does that decides nothing; the others' values are compared
/// and disputed grant by grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_an_oracle_is_decided_by_the_others() {
    let commits = Commits::ended(3).await;
    let key = commits.chain.key_file("authority");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a file of this test");
    let watch = format!("[watch]\ndisputer = {key:?}\n");
    let operator = commits.operator("oracle-1", &commits.chain.rpc_url, &watch);
    let beneficiary = commits.operator("oracle-2", &commits.chain.rpc_url, "");
    for grant in 0..3 {
        count(&operator, grant, 2);
        count(&beneficiary, grant, 9);
    }
    beneficiary.run(&["once"]).succeeded().shows("2 voted");
    assert_eq!(commits.uploads("oracle-2").await[0].values, [9, NO_VALUE, 9]);
    // By hand it can.
    commits.others_vote(&[9, 9]).await;
    operator.run(&["once"]).succeeded().shows("2 voted, 1 already on chain");
    assert_eq!(commits.uploads("oracle-1").await[0].values, [2, 2]);

    // Of grant 0 two say 9, of grant 1 another one says 9, and of grant 2 this one says 2 and the beneficiary 9.
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("2 agree, 1 differ, 0 cannot be measured, 1 disputed")
        .says("the oracles attested 9, this operator's sources say 2");
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("2 agree, 1 differ, 0 cannot be measured, 0 disputed");
    let page = pda::page(&commits.plan, 0, 0, 0);
    let page = commits.chain.client().evaluation(&page).await.expect("a page");
    let view = page.page().expect("a page").view();
    let disputed = [0, 1, 2].map(|index| {
        let (_, standing) = view.entry(place(index).1).expect("what the program writes");
        standing.disputed_at.is_some()
    });
    assert_eq!(disputed, [true, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_verifies_a_page_from_what_was_exported() {
    let commits = Commits::ended(3).await;
    let url = commits.chain.rpc_url.clone();
    let operator = commits.operator("oracle-1", &url, "");
    for grant in 0..3 {
        count(&operator, grant, 5);
    }
    operator.run(&["once"]).succeeded().shows("3 voted");
    let plan = commits.plan.to_string();
    let key = commits.chain.key("oracle-1").pubkey().to_string();
    let stranger = commits.operator("oracle-3", &url, "");
    stranger.configure("this is no configuration");
    let public = operator.folder().join("public");
    let public = public.to_str().expect("a path in UTF-8");
    let verify = || stranger.run(&["verify", &plan, "0", "--all", "-u", &url, "--evidence", public]);
    // The manifest is for everybody, the documents of single persons are not.
    operator
        .run(&["export", public])
        .succeeded()
        .shows("1 document in ")
        .shows("3 documents of individual values left out");
    let partly = verify().failed(2);
    assert!(
        partly.stdout.contains(&format!("0 of 3 votes of {key} proved")),
        "{partly:#?}"
    );
    assert!(!partly.stdout.contains("the manifest of the page"), "{partly:#?}");
    operator
        .run(&["export", public, "--individual"])
        .succeeded()
        .shows("4 documents in ");
    let whole = verify().succeeded();
    assert!(
        whole.stdout.contains(&format!("3 of 3 votes of {key} proved")),
        "{whole:#?}"
    );
    for entry in fs::read_dir(public).expect("a folder of this test") {
        let entry = entry.expect("a file of this test");
        let mode = entry.metadata().expect("a file of this test").permissions().mode() & 0o777;
        assert_eq!(mode, 0o644, "a web server can read it");
        assert_eq!(entry.file_name().len(), 64, "{entry:?}");
    }
}

/// Reviewers' marks: one command for all grants, and a mistake in one of them keeps all of them out.
#[tokio::test(flavor = "multi_thread")]
async fn values_of_many_grants_are_entered_from_a_file() {
    let commits = Commits::ended(4).await;
    let feed = format!(
        "[[feed]]\nid = \"marks\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"manual\" }}\n",
        commits.plan
    );
    let operator = Oracle::new(&commits.chain, "oracle-1", &[&commits.chain.rpc_url], &feed);
    let enter = |marks: &str| {
        let file = operator.file("marks.csv", marks);
        let file = file.to_str().expect("a path in UTF-8");
        operator.run(&["enter", "marks", "0", "--note", "reviewed", "--file", file])
    };
    enter("grant,value,note\n0,8,\n2,10001,\n3,7.5,three reviewers\n9,1,\n")
        .failed(1)
        .says("3 mistakes:")
        .says("marks.csv:3: grant 2: 10001 is outside")
        .says("marks.csv:4: grant 3: 7.5 has more decimals")
        .says("marks.csv:5: grant 9: the plan has no open grant 9");
    enter("grant,value,note\n0,8,\n2,10001,\n3,7.5,three reviewers\n")
        .failed(1)
        .says("grant 2: 10001 is outside of what the plan accepts")
        .says("grant 3: 7.5 has more decimals than the KPI, which has 0")
        .says("nothing was entered");
    operator
        .run(&["once"])
        .failed(2)
        .shows("0 voted, 0 already on chain, 4 held");
    enter("grant,value,note\n0,8,\n2,9,\n3,7,three reviewers\n")
        .succeeded()
        .shows("entered 3 values for period 0 of feed marks; the daemon attests them when they are due");
    // A whole file is taken back, and what was not entered is told.
    let file = operator.file("some.csv", "grant\n0\n1\n");
    let file = file.to_str().expect("a path in UTF-8");
    operator
        .run(&["withdraw", "marks", "0", "--file", file])
        .failed(2)
        .shows("withdrew 1 value")
        .says("grant 1");
    let withdraw_all = || operator.run(&["withdraw", "marks", "0", "--all"]);
    withdraw_all().succeeded().shows("withdrew 2 values");
    withdraw_all().failed(1).says("nothing that can be taken back");
    enter("grant,value,note\n0,8,\n2,9,\n3,7,three reviewers\n").succeeded();
    operator
        .run(&["once"])
        .failed(2)
        .shows("3 voted, 0 already on chain, 1 held");
    let uploads = commits.uploads("oracle-1").await;
    let last = uploads.last().expect("an upload");
    assert_eq!(manifest(&operator, &last.evidence), [(0, 8), (2, 9), (3, 7)]);
    operator
        .run(&["verify", &commits.plan.to_string(), "0"])
        .succeeded()
        .shows("3 of 3 votes");
}
