use {
    super::*,
    bytemuck::Zeroable,
    earnout::state::{Kpi, Plan},
    serde_json::{Value, json},
};

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// A document with something in every field.
fn full() -> PlanDocument {
    let mut document = PlanDocument::new(key(9));
    document.description = "What the core team is paid for.\n\tSee \"below\" \\ tâches 任务".to_owned();
    let text = "Accounts that were active.\r\nCounted\u{a0}once: \u{202e}.";
    document.rubrics.insert(0, Rubric::of_text("users", text));
    let file = Rubric {
        name: "review".to_owned(),
        sha256: [7; 32],
        content: Content::File("rubrics/review-2.pdf".to_owned()),
    };
    document.rubrics.insert(1, file);
    document.evidence = [(key(3), "https://oracle.example/evidence".to_owned())].into();
    document.labels.beneficiaries = [(key(4), "Ada".to_owned())].into();
    document.labels.grants = [(12, "O'Neil \"Bo\"".to_owned())].into();
    document
}

fn json() -> Value {
    serde_json::from_slice(&full().to_bytes()).unwrap()
}

#[track_caller]
fn refused(json: &Value) -> String {
    let bytes = serde_json::to_vec(json).unwrap();
    PlanDocument::read(&bytes).expect_err("no document").to_string()
}

#[test]
fn a_document_that_was_written_is_read_as_it_was() {
    for document in [full(), PlanDocument::new(key(1))] {
        let bytes = document.to_bytes();
        assert_eq!(PlanDocument::read(&bytes).unwrap(), document);
        assert_eq!(PlanDocument::read(&bytes).unwrap().to_bytes(), bytes);
        // Whoever writes one may order and space it otherwise.
        let other = serde_json::to_vec(&serde_json::from_slice::<Value>(&bytes).unwrap()).unwrap();
        assert_ne!(other, bytes);
        assert_eq!(PlanDocument::read(&other).unwrap(), document);
    }
    let text = String::from_utf8(full().to_bytes()).unwrap();
    assert!(
        !text.contains(['\u{202e}', '\u{a0}', '\r']),
        "nothing hidden is in the file itself: {text}"
    );
    let mut without = json();
    without.as_object_mut().unwrap().remove("labels");
    assert!(
        PlanDocument::read(without.to_string().as_bytes())
            .unwrap()
            .labels
            .is_empty(),
        "labels are optional"
    );
}

#[test]
fn the_canonical_bytes_are_these() {
    let mut document = PlanDocument::new(key(9));
    document.rubrics.insert(0, Rubric::of_text("users", "Active\n"));
    document.evidence = [(key(3), "https://o.example/e".to_owned())].into();
    document.labels.grants = [(1, "Ada".to_owned())].into();
    let (plan, oracle) = (key(9), key(3));
    let expected = format!(
        r#"{{
  "format": "earnout-plan-document/1",
  "plan": "{plan}",
  "description": "",
  "rubrics": [
    {{
      "kpi": 0,
      "name": "users",
      "sha256": "{}",
      "text": "Active\n"
    }}
  ],
  "evidence": [
    {{ "oracle": "{oracle}", "base": "https://o.example/e" }}
  ],
  "rolls": [],
  "labels": [
    {{ "grant": 1, "label": "Ada" }}
  ]
}}
"#,
        hex::encode(hash::hash(b"Active\n").to_bytes())
    );
    assert_eq!(String::from_utf8(document.to_bytes()).unwrap(), expected);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    type Change = fn(&mut Value);
    let cases: &[(Change, &str)] = &[
        (
            |it| it["format"] = json!("earnout-plan-document/2"),
            "its format is \"earnout-plan-document/2\", not",
        ),
        (
            |it| it["format"] = json!(1),
            "its format is stated otherwise than once as a text",
        ),
        (
            |it| drop(it.as_object_mut().unwrap().remove("format")),
            "its format is missing",
        ),
        (
            |it| drop(it.as_object_mut().unwrap().remove("plan")),
            "the document: the field plan is missing",
        ),
        (
            |it| it["extra\u{202e}"] = json!(1),
            "the document: the field \"extra\\u{202e}\" is unknown",
        ),
        (|it| it["plan"] = json!("abc"), "plan: expected an address"),
        (|it| it["plan"] = json!(null), "plan: it is null; expected a text"),
        (
            |it| it["description"] = json!("a\u{202e}b"),
            "description: it holds a character that nobody sees: U+202E",
        ),
        (
            |it| it["description"] = json!("a".repeat(10_001)),
            "description: it has more than 10000 letters",
        ),
        (
            |it| it["rubrics"] = json!({}),
            "rubrics: it is an object; expected a list",
        ),
        (
            |it| it["rubrics"][1] = json!("x"),
            "rubrics[1]: it is a text; expected an object",
        ),
        (
            |it| it["rubrics"][1]["kpi"] = json!(0),
            "rubrics[1].kpi: the KPI is there twice",
        ),
        (
            |it| it["rubrics"][0]["kpi"] = json!(-1),
            "rubrics[0].kpi: expected a number from 0",
        ),
        (
            |it| it["rubrics"][0]["kpi"] = json!(256),
            "rubrics[0].kpi: expected a number from 0",
        ),
        (
            |it| it["rubrics"][0]["kpi"] = json!(0.5),
            "rubrics[0].kpi: expected a number from 0",
        ),
        (
            |it| it["rubrics"][0]["kpi"] = json!("0"),
            "rubrics[0].kpi: it is a text; expected a number",
        ),
        (
            |it| it["rubrics"][0]["name"] = json!(" users"),
            "rubrics[0].name: it begins or ends with a space",
        ),
        (
            |it| it["rubrics"][0]["name"] = json!(""),
            "rubrics[0].name: it is empty",
        ),
        (
            |it| it["rubrics"][0]["sha256"] = json!("AB".repeat(32)),
            "rubrics[0].sha256: expected a SHA-256",
        ),
        (
            |it| it["rubrics"][0]["text"] = json!(true),
            "rubrics[0].text: it is true or false; expected a text",
        ),
        (
            |it| it["rubrics"][0]["file"] = json!("a"),
            "rubrics[0]: expected either text or file",
        ),
        (
            |it| it["rubrics"][1]["file"] = json!("../a"),
            "rubrics[1].file: it is not the name of a file beside",
        ),
        (
            |it| it["rubrics"][1]["file"] = json!("/etc/passwd"),
            "rubrics[1].file: it is not the name of a file",
        ),
        (
            |it| it["rubrics"][1]["file"] = json!("a/.ssh"),
            "rubrics[1].file: it is not the name of a file",
        ),
        (
            |it| it["rubrics"][1]["file"] = json!("a\\b"),
            "rubrics[1].file: it is not the name of a file",
        ),
        (
            |it| it["rubrics"][1]["file"] = json!("https://x.example/a"),
            "rubrics[1].file: it is not the name",
        ),
        (
            |it| it["evidence"][0]["base"] = json!("file:///a"),
            "evidence[0].base: it does not begin with https://",
        ),
        (
            |it| it["evidence"][0]["base"] = json!("https://a@b/"),
            "evidence[0].base: it ends with /",
        ),
        (
            |it| it["evidence"][0]["base"] = json!("https://a@b/c"),
            "evidence[0].base: it has a user name in it",
        ),
        (
            |it| it["evidence"][0]["base"] = json!("https://a/?b"),
            "evidence[0].base: it has a query",
        ),
        (
            |it| it["evidence"][0]["base"] = json!("https://a\u{200b}"),
            "evidence[0].base: it has characters in it",
        ),
        (
            |it| it["evidence"][1] = it["evidence"][0].clone(),
            "evidence[1].oracle: the oracle is there twice",
        ),
        (|it| it["rolls"] = json!([1]), "rolls: there are no rolls yet"),
        (
            |it| it["labels"][0] = json!({ "label": "x" }),
            "labels[0]: expected either beneficiary or grant",
        ),
        (
            |it| it["labels"][1]["grant"] = json!(1),
            "labels[1]: expected either beneficiary or grant",
        ),
        (
            |it| it["labels"][0]["grant"] = json!(u64::from(u32::MAX) + 1),
            "labels[0].grant: expected a number",
        ),
        (
            |it| it["labels"][0]["label"] = json!("x\ny"),
            "labels[0].label: it holds a character that nobody sees",
        ),
        (
            |it| it["labels"][0]["label"] = json!("x".repeat(65)),
            "labels[0].label: it has more than 64 letters",
        ),
        (
            |it| it["labels"][2] = it["labels"][0].clone(),
            "labels[2].grant: it has a label already",
        ),
        (|it| *it = json!([]), "the document: it is a list; expected an object"),
    ];
    for (change, expected) in cases {
        let mut changed = json();
        // Lists grow by one where a case adds to them.
        for list in ["evidence", "labels"] {
            let grows =
                expected.starts_with(&format!("{list}[1].oracle")) || expected.starts_with(&format!("{list}[2]"));
            if grows {
                changed[list].as_array_mut().unwrap().push(Value::Null);
            }
        }
        change(&mut changed);
        let said = refused(&changed);
        assert!(said.contains(expected), "expected {expected:?}: {said}");
    }
}

#[test]
fn what_is_no_json_or_too_much_of_it_is_refused() {
    let text = String::from_utf8(full().to_bytes()).unwrap();
    let twice = text.replacen("\"rolls\": []", "\"rolls\": [], \"rolls\": []", 1);
    let formats = text.replacen("\"plan\"", "\"format\": \"earnout-plan-document/1\", \"plan\"", 1);
    let deep = "[".repeat(100_000);
    let many = format!(
        "{{{}}}",
        (0..70).map(|it| format!("\"{it}\": 0")).collect::<Vec<_>>().join(",")
    );
    for (bytes, expected) in [
        (b"".to_vec(), "it is not JSON: EOF"),
        (b"\xff{}".to_vec(), "it is not JSON: invalid utf-8"),
        (format!("{text}x").into_bytes(), "it is not JSON: trailing characters"),
        (text.as_bytes()[..text.len() - 3].to_vec(), "it is not JSON: EOF"),
        (twice.into_bytes(), "the document: the field rolls is there twice"),
        (formats.into_bytes(), "its format is stated otherwise than once"),
        (
            deep.into_bytes(),
            "objects and lists lie more than 8 deep in each other",
        ),
        (many.into_bytes(), "an object has more than 64 fields"),
        (
            vec![b' '; PlanDocument::MOST_BYTES + 1],
            "it has more than 4194304 bytes",
        ),
    ] {
        let said = PlanDocument::read(&bytes).expect_err("no document").to_string();
        assert!(said.contains(expected), "expected {expected:?}: {said}");
    }
}

/// A plan with these rubrics for its KPIs.
fn plan(rubrics: &[&[u8]]) -> Plan {
    let mut plan = Plan::zeroed();
    for (kpi, (number, rubric)) in plan.kpis.iter_mut().zip(rubrics.iter().enumerate()) {
        *kpi = Kpi::zeroed();
        kpi.name[..2].copy_from_slice(format!("k{number}").as_bytes());
        kpi.rubric_hash = hash::hash(rubric).to_bytes();
    }
    plan.kpi_count = u8::try_from(rubrics.len()).unwrap();
    plan.grant_counter = 2;
    plan
}

#[test]
fn g15_what_does_not_agree_with_the_chain_is_named() {
    let plan = plan(&[b"a", b"b", b"c"]);
    let mut document = PlanDocument::new(key(1));
    document.rubrics.insert(0, Rubric::of_text("k0", "a"));
    document.rubrics.insert(1, Rubric::of_text("k1", "b"));
    let file = Rubric {
        content: Content::File("c.txt".to_owned()),
        ..Rubric::of_text("k2", "c")
    };
    document.rubrics.insert(2, file);
    document.labels.grants.insert(1, "Ada".to_owned());
    let unseen = BTreeMap::new();
    let seen: BTreeMap<_, _> = [("c.txt".to_owned(), b"c".to_vec())].into();
    let checked = document.check(&key(1), &plan, &seen);
    assert_eq!(checked.rubrics, [RubricState::Matches; 3]);
    assert_eq!(checked.findings, []);
    let checked = document.check(&key(1), &plan, &unseen);
    assert_eq!(checked.rubrics[2], RubricState::NotLookedAt);
    let findings = |document: &PlanDocument| -> Vec<String> {
        let checked = document.check(&key(1), &plan, &seen);
        checked.findings.iter().map(ToString::to_string).collect()
    };
    let mut other = document.clone();
    other.plan = key(2);
    assert_eq!(
        findings(&other),
        [format!("the document is of another plan: {}", key(2))]
    );
    let mut other = document.clone();
    // The stated hash is right, the text is another one.
    other.rubrics.get_mut(&0).unwrap().content = Content::Text("A".to_owned());
    let hash = hex::encode(hash::hash(b"A").to_bytes());
    let expected = format!("KPI 0 k0: the rubric is not the one that the plan was made with; its SHA-256 is {hash}");
    assert_eq!(findings(&other), [expected]);
    assert!(matches!(
        other.check(&key(1), &plan, &seen).rubrics[0],
        RubricState::Differs(_)
    ));
    let mut other = document.clone();
    other.rubrics.get_mut(&0).unwrap().sha256 = [0; 32];
    other.rubrics.get_mut(&1).unwrap().name = "k\u{200b}".to_owned();
    other.rubrics.remove(&2);
    other.rubrics.insert(3, Rubric::of_text("k3", "d"));
    other.labels.grants.insert(2, "Bo".to_owned());
    assert_eq!(
        findings(&other),
        [
            "KPI 0: the document states another SHA-256 than the chain has",
            "KPI 1 k1: the document calls it \"k\\u{200b}\"",
            "KPI 2 k2: the document has no rubric",
            "the plan has no KPI 3, of which the document has a rubric",
            "the plan has no grant 2, which the document gives a label",
        ]
    );
}

#[test]
fn the_number_of_a_grant_says_more_than_its_beneficiary() {
    let labels = full().labels;
    assert_eq!(labels.of(12, &key(4)), Some("O'Neil \"Bo\""));
    assert_eq!(labels.of(0, &key(4)), Some("Ada"));
    assert_eq!(labels.of(0, &key(5)), None);
}

#[test]
fn addresses_of_documents_are_what_the_program_takes() {
    for good in [
        "",
        "https://example.org/plan-document.json",
        "ipfs://bafy",
        &"a".repeat(96),
    ] {
        assert_eq!(require_uri(good), Ok(()), "{good}");
    }
    for (bad, expected) in [
        ("https://example.org/a b", "it holds a space"),
        (" ", "it holds a space"),
        ("https://e\u{200b}x.org", "U+200B"),
        ("a\n", "U+000A"),
        ("a\0", "U+0000"),
        (&"a".repeat(97), "it has 97 bytes; a plan has room for 96"),
        (&"é".repeat(49), "it has 98 bytes"),
    ] {
        let said = require_uri(bad).expect_err("refused").to_string();
        assert!(said.contains(expected), "{bad:?}: {said}");
    }
}

#[test]
fn only_the_web_is_asked() {
    for (url, why) in [
        ("file:///etc/passwd", "it does not begin with"),
        ("/etc/passwd", "it does not begin with"),
        ("HTTPS://a.example", "it does not begin with"),
        ("https://", "it names no server"),
        ("https:///a", "it names no server"),
        ("https://user:pw@a.example/", "it has a user name"),
        ("https://a.example/\"x", "characters"),
        ("https://a.example\\b", "characters"),
        ("https://a.example/#b", "characters"),
        ("https://ä.example/", "characters"),
    ] {
        let said = document_url(url).expect_err("not fetched");
        assert!(said.contains(why), "{url}: {said}");
    }
    assert_eq!(
        document_url("http://[::1]:80/a?b=c@d"),
        Ok("http://[::1]:80/a?b=c@d".to_owned())
    );
}

#[test]
fn files_lie_beside_the_document() {
    for (url, expected) in [
        ("https://a.example/b/c.json", "https://a.example/b/r/x.md"),
        ("https://a.example/c.json?t=1/2", "https://a.example/r/x.md"),
        ("https://a.example", "https://a.example/r/x.md"),
    ] {
        assert_eq!(beside(url, "r/x.md"), expected, "{url}");
    }
    let url = evidence_url("https://a.example/e", &[0xab; 32]);
    assert_eq!(url, format!("https://a.example/e/{}", "ab".repeat(32)));
}

#[cfg(feature = "plan-file")]
#[test]
fn labels_come_from_a_table() {
    let (ada, bo) = (key(1), key(2));
    let read = labels(&format!(
        "team,label,beneficiary,grant\nx,Ada,{ada},\n,Ada,{ada},\n,Bo,{bo},7\n"
    ))
    .unwrap();
    assert_eq!(read.beneficiaries, [(ada, "Ada".to_owned())].into());
    assert_eq!(read.grants, [(7, "Bo".to_owned())].into());
    for (text, expected) in [
        (
            "label\nAda\n".to_owned(),
            "expected the columns label, and beneficiary or grant",
        ),
        (
            "label,label,grant\na,b,1\n".to_owned(),
            "label: the column is there twice",
        ),
        (
            "label,grant\nAda,x\n".to_owned(),
            "2: grant: expected the number of a grant",
        ),
        (
            "label,grant\nAda,\n".to_owned(),
            "2: it says of whom it is the label neither",
        ),
        (
            "label,beneficiary\nAda,abc\n".to_owned(),
            "2: beneficiary: expected an address",
        ),
        (
            format!("label,beneficiary\nAda,{ada}\nBo,{ada}\n"),
            "3: label: another row gives another label",
        ),
        (
            "label,grant\nA\u{200b},1\n".to_owned(),
            "2: label: it holds a character that nobody sees",
        ),
    ] {
        let mistakes = labels(&text).expect_err("mistakes");
        let said: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        assert!(said.join("\n").contains(expected), "expected {expected:?}: {said:?}");
    }
}

#[cfg(feature = "plan-file")]
#[test]
fn rubrics_of_a_plan_file_are_found_by_their_hash() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.md"), "b").unwrap();
    let file = "[[kpi]]\nrubric = \"a\"\n[[kpi]]\nrubric = { file = \"b.md\" }\n[[kpi]]\nrubric = { sha256 = \"00\" }\n\
                [price]\nrubric = \"p\"\n";
    let found = rubrics_in(file, folder.path()).unwrap();
    let of = |text: &str| hash::hash(text.as_bytes()).to_bytes();
    assert_eq!(found.len(), 3);
    assert_eq!(found[&of("a")], (None, b"a".to_vec()));
    assert_eq!(found[&of("b")], (Some("b.md".to_owned()), b"b".to_vec()));
    assert_eq!(found[&of("p")], (None, b"p".to_vec()));
    let error = rubrics_in("[[kpi]]\nrubric = { file = \"none.md\" }\n", folder.path()).expect_err("no file");
    assert!(error.to_string().starts_with("none.md: "), "{error}");
}

#[test]
fn the_documentation_shows_a_document_and_its_schema_the_limits() {
    let page = include_str!("../../../../docs/plan-document.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let document = PlanDocument::read(example.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(document.to_bytes()).unwrap(), example);
    let Content::Text(text) = &document.rubrics[&0].content else {
        panic!("a text");
    };
    assert_eq!(Rubric::of_text("active users", text.as_str()), document.rubrics[&0]);

    let schema: Value = serde_json::from_str(include_str!("../../../../docs/plan-document.schema.json")).unwrap();
    let properties = &schema["properties"];
    assert_eq!(properties["format"]["const"], PlanDocument::FORMAT);
    assert_eq!(properties["description"]["maxLength"], PlanDocument::MOST_DESCRIPTION);
    assert_eq!(schema["$defs"]["label"]["maxLength"], PlanDocument::MOST_LABEL);
    let base = &properties["evidence"]["items"]["properties"]["base"]["maxLength"];
    let longest = |require: fn(&str) -> Result<(), String>, begin: &str| {
        let fits = |length: usize| require(&format!("{begin}{}", "a".repeat(length - begin.len()))).is_ok();
        (20..2_000).take_while(|length| fits(*length)).last()
    };
    assert_eq!(
        base.as_u64(),
        longest(require_base, "https://").map(|it| it.try_into().unwrap())
    );
    let file = &properties["rubrics"]["items"]["properties"]["file"]["maxLength"];
    assert_eq!(
        file.as_u64(),
        longest(require_file, "a").map(|it| it.try_into().unwrap())
    );
    // What the schema knows is what the reader knows.
    let mut known: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
    known.sort();
    let mut written: Vec<_> = json().as_object().unwrap().keys().cloned().collect();
    written.sort();
    assert_eq!(known, written);
}

#[test]
fn whatever_is_read_can_be_written_and_read_again() {
    let bytes = full().to_bytes();
    let mut others = 0;
    for at in 0..bytes.len() {
        // What is cut off is no document, but for the line's end behind it.
        assert_eq!(
            PlanDocument::read(&bytes[..at]).is_ok(),
            at + 1 == bytes.len(),
            "the first {at} bytes"
        );
        for letter in *b"\x00\x1b\"\\,:[]{}0a/ \n\x80\xe2" {
            let mut changed = bytes.clone();
            changed[at] = letter;
            if let Ok(document) = PlanDocument::read(&changed) {
                others += usize::from(document != full());
                assert_eq!(PlanDocument::read(&document.to_bytes()), Ok(document));
            }
        }
    }
    assert!(others > 100, "some of them mean something else: {others}");
}
