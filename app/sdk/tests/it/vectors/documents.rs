//! Plan documents, right and wrong, and what is said about them.

use {
    super::{expect, golden, key},
    bytemuck::Zeroable,
    earnout::state::Plan,
    earnout_sdk::document::{
        Content, PlanDocument, ReadError, Rubric, beside, document_url, evidence_url, require_uri,
    },
    serde_json::{Value, json},
    solana_program::hash,
    std::collections::BTreeMap,
};

/// A document with something in every field.
fn full() -> PlanDocument {
    let mut document = PlanDocument::new(key(9));
    document.description = "What the guild does.\n\tSee \"below\" \\ 任务".to_owned();
    document.rubrics.insert(
        0,
        Rubric::of_text("users", "Active.\r\nCounted\u{a0}once\u{202e}\u{e0041}."),
    );
    let file = Rubric {
        content: Content::File("rubrics/review-2.pdf".to_owned()),
        ..Rubric::of_text("review", "of work")
    };
    document.rubrics.insert(1, file);
    document.evidence = [(key(3), "https://oracle.example/evidence".to_owned())].into();
    document.labels.beneficiaries = [(key(4), "Ada".to_owned())].into();
    document.labels.grants = [(12, "O'Neil \"Bo\"".to_owned())].into();
    document
}

fn read_as(document: &PlanDocument) -> Value {
    let rubrics = document.rubrics.iter().map(|(kpi, rubric)| {
        let (text, file) = match &rubric.content {
            Content::Text(text) => (Some(hex::encode(text)), None),
            Content::File(file) => (None, Some(file)),
        };
        json!({
            "kpi": kpi,
            "name": rubric.name,
            "sha256": hex::encode(rubric.sha256),
            "textBytes": text,
            "file": file,
        })
    });
    let evidence = document.evidence.iter();
    let evidence = evidence.map(|(oracle, base)| json!({ "oracle": oracle.to_string(), "base": base }));
    let grants = document.labels.grants.iter();
    let keys = document.labels.beneficiaries.iter();
    let labels = grants.map(|(grant, label)| json!({ "grant": grant, "label": label }));
    let labels = labels.chain(keys.map(|(key, label)| json!({ "beneficiary": key.to_string(), "label": label })));
    json!({
        "plan": document.plan.to_string(),
        "description": document.description,
        "rubrics": rubrics.collect::<Vec<_>>(),
        "evidence": evidence.collect::<Vec<_>>(),
        "labels": labels.collect::<Vec<_>>(),
    })
}

fn good() -> Vec<Value> {
    let reordered = |document: &PlanDocument| {
        let value: Value = serde_json::from_slice(&document.to_bytes()).expect("JSON");
        value.to_string()
    };
    let text = |document: &PlanDocument| String::from_utf8(document.to_bytes()).expect("text");
    let without_labels = text(&PlanDocument::new(key(1))).replace(",\n  \"labels\": []", "");
    let cases = [
        ("everything", text(&full())),
        ("in another order and spacing", reordered(&full())),
        ("nothing", text(&PlanDocument::new(key(1)))),
        ("no labels", without_labels),
    ];
    let all = cases.map(|(name, text)| {
        let document = PlanDocument::read(text.as_bytes());
        expect(name, document.is_ok(), &document);
        let document = document.expect("a document");
        let canonical = String::from_utf8(document.to_bytes()).expect("text");
        json!({ "name": name, "text": text, "document": read_as(&document), "canonical": canonical })
    });
    all.into()
}

fn bad() -> Vec<Value> {
    let text = String::from_utf8(full().to_bytes()).expect("text");
    let with = |old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    };
    let oracle = format!(
        "{{ \"oracle\": \"{}\", \"base\": \"https://oracle.example/evidence\" }}",
        key(3)
    );
    let ada = "{ \"grant\": 12, \"label\": \"O'Neil \\\"Bo\\\"\" }";
    let base = "https://oracle.example/evidence";
    let cases = [
        ("no JSON", text[..text.len() - 4].to_owned(), None),
        ("more behind it", format!("{text}{{}}"), None),
        ("deep", format!("{}{}", "[".repeat(9), "]".repeat(9)), None),
        ("a later version", with("document/1", "document/2"), None),
        (
            "no format",
            with("  \"format\": \"earnout-plan-document/1\",\n", ""),
            None,
        ),
        ("a list", "[]".to_owned(), Some("the document")),
        (
            "an unknown field",
            with("\"rolls\"", "\"more\\u202e\": 1, \"rolls\""),
            Some("the document"),
        ),
        (
            "a field twice",
            with("\"rolls\": []", "\"rolls\": [], \"rolls\": []"),
            Some("the document"),
        ),
        (
            "no description",
            with("\"description\"", "\"plan\": \"\", \"x\""),
            Some("the document"),
        ),
        ("no address", with(&key(9).to_string(), "abc"), Some("plan")),
        (
            "a hidden character",
            with("What the", "What\\u202ethe"),
            Some("description"),
        ),
        (
            "a carriage return",
            with("does.\\n", "does.\\r\\n"),
            Some("description"),
        ),
        (
            "a negative KPI",
            with("\"kpi\": 0", "\"kpi\": -1"),
            Some("rubrics[0].kpi"),
        ),
        (
            "a KPI of more than a byte",
            with("\"kpi\": 0", "\"kpi\": 256"),
            Some("rubrics[0].kpi"),
        ),
        (
            "a KPI as text",
            with("\"kpi\": 0", "\"kpi\": \"0\""),
            Some("rubrics[0].kpi"),
        ),
        ("a KPI twice", with("\"kpi\": 1", "\"kpi\": 0"), Some("rubrics[1].kpi")),
        (
            "a name with a space at its end",
            with("\"users\"", "\"users \""),
            Some("rubrics[0].name"),
        ),
        ("an empty name", with("\"users\"", "\"\""), Some("rubrics[0].name")),
        (
            "no hash",
            with("\"sha256\": \"", "\"sha256\": \"X"),
            Some("rubrics[0].sha256"),
        ),
        (
            "text and file",
            with("\"file\"", "\"text\": \"\", \"file\""),
            Some("rubrics[1]"),
        ),
        (
            "a file elsewhere",
            with("rubrics/review", "../review"),
            Some("rubrics[1].file"),
        ),
        (
            "a hidden file",
            with("rubrics/review", ".ssh/review"),
            Some("rubrics[1].file"),
        ),
        (
            "a file with a root",
            with("rubrics/review", "/review"),
            Some("rubrics[1].file"),
        ),
        (
            "evidence in files",
            with(base, "file:///evidence"),
            Some("evidence[0].base"),
        ),
        (
            "evidence with a password",
            with(base, "https://a:b@c.example/e"),
            Some("evidence[0].base"),
        ),
        (
            "evidence with a query",
            with(base, "https://c.example/?e"),
            Some("evidence[0].base"),
        ),
        (
            "evidence with a slash",
            with(base, "https://c.example/e/"),
            Some("evidence[0].base"),
        ),
        (
            "an oracle twice",
            with(&oracle, &format!("{oracle}, {oracle}")),
            Some("evidence[1].oracle"),
        ),
        ("rolls", with("\"rolls\": []", "\"rolls\": [{}]"), Some("rolls")),
        ("a label of nobody", with("\"grant\": 12, ", ""), Some("labels[0]")),
        (
            "a label of two",
            with(
                "\"grant\": 12",
                &format!("\"grant\": 12, \"beneficiary\": \"{}\"", key(1)),
            ),
            Some("labels[0]"),
        ),
        (
            "a label twice",
            with(ada, &format!("{ada}, {ada}")),
            Some("labels[1].grant"),
        ),
        (
            "a grant with decimals",
            with("\"grant\": 12", "\"grant\": 1.5"),
            Some("labels[0].grant"),
        ),
        ("a long label", with("Ada", &"a".repeat(65)), Some("labels[1].label")),
        ("a label of two lines", with("Ada", "A\\nda"), Some("labels[1].label")),
    ];
    let all = cases.map(|(name, text, at)| {
        let read = PlanDocument::read(text.as_bytes());
        let found = match &read {
            Err(ReadError::Field { at, .. }) => Some(at.as_str()),
            _ => None,
        };
        expect(name, read.is_err() && found == at, &read);
        // What the reader of JSON says is its own.
        let says = read.err().filter(|error| !matches!(error, ReadError::Json(_)));
        json!({ "name": name, "text": text, "at": at, "says": says.map(|error| error.to_string()) })
    });
    all.into()
}

fn uris() -> Vec<Value> {
    let (long, wide) = (format!("https://a.example/{}", "a".repeat(79)), "é".repeat(49));
    let cases = [
        "",
        "https://a.example/plan.json",
        "https://a.example/",
        "http://[::1]:80/a?b=c@d",
        "ipfs://b",
        "file:///etc/passwd",
        "https://a:b@c.example/",
        "https://a.example/#b",
        "https://a.example/\"",
        "https://a.example/a b",
        "https://a.example/\u{200b}",
        "HTTPS://a.example/",
        "https:///a",
        long.as_str(),
        wide.as_str(),
    ];
    let all = cases.map(|uri| {
        let url = document_url(uri).ok();
        json!({
            "uri": uri,
            "refused": require_uri(uri).err().map(|error| error.to_string()),
            "unfetched": document_url(uri).err(),
            "beside": url.as_deref().map(|url| beside(url, "r/x.md")),
            "document": url,
        })
    });
    all.into()
}

/// What is said about a document and a plan of three KPIs, `k0` to `k2`, whose rubrics are `a`, `b` and `c`.
fn checks() -> Vec<Value> {
    let mut plan = Plan::zeroed();
    for (kpi, (number, rubric)) in plan.kpis.iter_mut().zip(["a", "b", "c"].iter().enumerate()) {
        kpi.name[..2].copy_from_slice(format!("k{number}").as_bytes());
        kpi.rubric_hash = hash::hash(rubric.as_bytes()).to_bytes();
    }
    plan.kpi_count = 3;
    plan.grant_counter = 2;
    let mut right = PlanDocument::new(key(1));
    right.rubrics.insert(0, Rubric::of_text("k0", "a"));
    right.rubrics.insert(1, Rubric::of_text("k1", "b"));
    let file = Rubric {
        content: Content::File("c.txt".to_owned()),
        ..Rubric::of_text("k2", "c")
    };
    right.rubrics.insert(2, file);
    right.labels.grants.insert(1, "Ada".to_owned());
    let mut wrong = right.clone();
    wrong.plan = key(2);
    wrong.rubrics.insert(0, Rubric::of_text("k0", "A"));
    wrong.rubrics.insert(1, Rubric::of_text("k9", "b"));
    wrong.rubrics.insert(3, Rubric::of_text("k3", "d"));
    wrong.labels.grants.insert(2, "Bo".to_owned());
    let mut missing = right.clone();
    missing.rubrics.remove(&1);
    let cases = [
        ("right", &right, Some("c"), ["matches"; 3]),
        (
            "a file that was not looked at",
            &right,
            None,
            ["matches", "matches", "not looked at"],
        ),
        (
            "another file",
            &right,
            Some("C"),
            ["matches", "matches", "does not match"],
        ),
        ("wrong", &wrong, Some("c"), ["does not match", "matches", "matches"]),
        ("missing", &missing, Some("c"), ["matches", "no text", "matches"]),
    ];
    let all = cases.map(|(name, document, file, expected)| {
        let files: BTreeMap<_, _> = file
            .map(|text| ("c.txt".to_owned(), text.as_bytes().to_vec()))
            .into_iter()
            .collect();
        let checked = document.check(&key(1), &plan, &files);
        let states: Vec<_> = checked.rubrics.iter().map(ToString::to_string).collect();
        expect(name, states == expected, &checked);
        let findings: Vec<_> = checked.findings.iter().map(ToString::to_string).collect();
        json!({
            "name": name,
            "text": String::from_utf8(document.to_bytes()).expect("text"),
            "file": file,
            "rubrics": states,
            "findings": findings,
        })
    });
    all.into()
}

#[test]
fn plan_documents_mean_the_same_everywhere() {
    let vectors = json!({
        "good": good(),
        "bad": bad(),
        "uris": uris(),
        "plan": { "address": key(1).to_string(), "kpis": ["k0", "k1", "k2"], "rubrics": ["a", "b", "c"], "grants": 2 },
        "checks": checks(),
        "evidence": evidence_url("https://a.example/e", &[0xab; 32]),
    });
    golden("documents.json", &vectors);
}
