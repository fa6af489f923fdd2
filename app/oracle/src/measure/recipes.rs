//! The recipes in `docs/recipes`: each configuration against a server that answers in the shape of the API it is for.

use {
    super::{Feed, Scope, sources::testing, value},
    axum::{Router, body, extract::Request, http::StatusCode, response::IntoResponse},
    serde::Deserialize,
    std::{fs, path::Path, sync::Arc},
    tokio::net::TcpListener,
};

/// What the server of a recipe answers: the first answer whose first text is part of the request (method, path, query
/// and body). The second is its header `Link`, the third the document; `HOST` stands for the server.
type Answers = &'static [(&'static str, &'static str, &'static str)];

struct Recipe {
    name: &'static str,
    answers: Answers,
    /// What each feed measures.
    values: &'static [&'static str],
    /// What is changed in the answers, to what, and what then holds the first feed.
    broken: &'static [(&'static str, &'static str, &'static str)],
}

#[derive(Deserialize)]
struct Configuration {
    feed: Vec<Feed>,
}

/// The second quarter of 2027.
fn scope() -> Scope {
    Scope {
        grant: None,
        ..testing::scope()
    }
}

async fn serve(answers: Vec<(String, String, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answers, host) = (Arc::new(answers), url.clone());
    let router = Router::new().fallback(move |request: Request| {
        let (answers, host) = (Arc::clone(&answers), host.clone());
        async move {
            let (head, content) = request.into_parts();
            let content = body::to_bytes(content, 1 << 20).await.unwrap();
            let asked = format!("{} {} {}", head.method, head.uri, String::from_utf8_lossy(&content));
            let signed = head
                .headers
                .values()
                .any(|value| value.to_str().is_ok_and(|text| text.contains("hunter2")));
            let basic = head
                .headers
                .get("authorization")
                .is_some_and(|value| value.as_bytes().starts_with(b"Basic "));
            let Some((_, link, document)) = answers.iter().find(|(part, ..)| asked.contains(part.as_str())) else {
                return (StatusCode::NOT_FOUND, asked).into_response();
            };
            if document.starts_with("signed:") && !signed && !basic {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            let document = document.trim_start_matches("signed:").replace("HOST", &host);
            let kind = if document.starts_with(['{', '[']) {
                "application/json"
            } else {
                "text/csv"
            };
            let mut response = ([("content-type", kind)], document).into_response();
            if !link.is_empty() {
                let link = link.replace("HOST", &host);
                response.headers_mut().insert("link", link.parse().unwrap());
            }
            response
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// The feeds of a recipe, with the server in the place of every other one.
fn feeds(name: &str, url: &str, secret: &str) -> Vec<Feed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes");
    let written = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
    let mut text = String::new();
    for line in written.lines() {
        let line = line.replace(
            "REPLACE-WITH-THE-ADDRESS-OF-THE-PLAN",
            "11111111111111111111111111111112",
        );
        text.push_str(&with_secret(&elsewhere(&line, url), secret));
        text.push('\n');
    }
    let Configuration { feed: mut feeds } = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    for feed in &mut feeds {
        for source in &mut feed.sources {
            assert_eq!(source.mistakes(false), Vec::<String>::new(), "{name}");
            if let super::Source::Github(source) = source {
                source.url = url.to_owned();
            }
        }
        assert_eq!(feed.checks.mistakes(), Vec::<String>::new(), "{name}");
    }
    feeds
}

/// `line` with `url` in the place of a server.
fn elsewhere(line: &str, url: &str) -> String {
    match line.split_once("https://") {
        Some((before, after)) => {
            let path = after.find(['/', '"']).unwrap();
            format!("{before}{url}{}", &after[path..])
        }
        None => line.to_owned(),
    }
}

/// `line` with a file that exists in the place of a secret.
fn with_secret(line: &str, file: &str) -> String {
    for kind in ["\"env:", "\"file:"] {
        if let Some((before, after)) = line.split_once(kind) {
            let end = after.find('"').unwrap();
            return format!("{before}\"file:{file}{}", &after[end..]);
        }
    }
    line.to_owned()
}

/// What a feed measures, if it passes its own checks.
async fn measured(feed: &Feed) -> Result<String, String> {
    let source = &feed.sources[0];
    let parts = source.fetch(&scope(), None).await.map_err(|error| error.to_string())?;
    let observed = source.read(&scope(), &parts).map_err(|error| error.to_string())?;
    // Of a KPI with two decimals.
    let fixed = value::to_fixed(observed.value, 2, feed.rounding).map_err(|error| error.to_string())?;
    let range = (i64::MIN, i64::MAX);
    feed.checks.bounds(fixed, range, 2).map_err(|hold| hold.to_string())?;
    Ok(value::from_fixed(fixed, 2).normalize().to_string())
}

#[tokio::test]
async fn every_recipe_measures_what_it_says() {
    let texts = |answers: Answers, from: &str, to: &str| {
        let changed = answers.iter().map(|(asked, link, document)| {
            let [link, document] = [link, document].map(|text| match from {
                "" => (*text).to_owned(),
                from => text.replace(from, to),
            });
            ((*asked).to_owned(), link, document)
        });
        changed.collect::<Vec<_>>()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "hunter2").unwrap();
    let secret = file.path().to_str().unwrap();
    for recipe in RECIPES {
        let name = recipe.name;
        let feeds = feeds(name, &serve(texts(recipe.answers, "", "")).await, secret);
        assert_eq!(feeds.len(), recipe.values.len(), "{name}");
        for (feed, expected) in feeds.iter().zip(recipe.values) {
            let found = measured(feed).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found, *expected, "{name}: {}", feed.id);
        }
        for (from, to, reason) in recipe.broken {
            let all = recipe.answers.iter();
            assert!(
                all.clone()
                    .any(|(_, link, text)| format!("{link}{text}").contains(from)),
                "{name}: {from}"
            );
            let feeds = self::feeds(name, &serve(texts(recipe.answers, from, to)).await, secret);
            let held = measured(&feeds[0]).await;
            let error = held.expect_err(&format!("{name}: {from} -> {to}"));
            assert!(error.contains(reason), "{name}: {from} -> {to}: {error}");
        }
    }
}

#[test]
fn every_recipe_has_a_page_and_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    // What is sampled while a period ends has a test beside its source.
    let tested = RECIPES.iter().map(|recipe| recipe.name);
    let mut tested: Vec<&str> = tested.chain(["solana-treasury"]).collect();
    tested.sort_unstable();
    assert_eq!(names, tested);
    for name in names {
        let page = fs::read_to_string(folder.join(format!("{name}.md"))).unwrap();
        let configuration = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        assert!(
            page.contains(&format!("```toml\n{configuration}```")),
            "{name}.md shows {name}.toml"
        );
        assert!(index.contains(&format!("]({name}.md)")), "README.md names {name}.md");
    }
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "stripe-revenue",
        answers: &[
            (
                "starting_after=txn_2",
                "",
                r#"signed:{"object": "list", "url": "/v1/balance_transactions", "has_more": false, "data": [
                {"id": "txn_3", "object": "balance_transaction", "amount": -2000, "created": 1806600000, "currency": "usd", "fee": 0,
                 "net": -2000, "reporting_category": "refund", "status": "available", "type": "refund"}]}"#,
            ),
            (
                "GET /v1/balance_transactions?currency=usd&created[gte]=1806537600&created[lt]=1814400000&limit=100 ",
                "",
                r#"signed:{"object": "list", "url": "/v1/balance_transactions", "has_more": true, "data": [
                {"id": "txn_1", "object": "balance_transaction", "amount": 10000, "created": 1806537600, "currency": "usd", "fee": 320,
                 "net": 9680, "reporting_category": "charge", "status": "available", "type": "charge"},
                {"id": "txn_2", "object": "balance_transaction", "amount": -500000, "created": 1806538000, "currency": "usd", "fee": 0,
                 "net": -500000, "reporting_category": "payout", "status": "available", "type": "payout"}]}"#,
            ),
        ],
        values: &["76.8"],
        broken: &[
            ("\"has_more\": false", "\"has_more\": true", "answered 404"),
            ("\"has_more\"", "\"more\"", "nothing at $.has_more"),
            ("1806600000", "1814400000", "not within the period"),
            ("txn_3", "txn_1", "a second time"),
        ],
    },
    Recipe {
        name: "github",
        answers: &[
            (
                "GET /search/issues?q=repo:OWNER/NAME+is:pr+is:merged+merged:2027-04-01T00:00:00Z..2027-07-01T00:00:00Z&",
                "",
                r#"signed:{"total_count": 3, "incomplete_results": false, "items": [
                {"id": 11, "number": 7, "state": "closed", "pull_request": {"url": "https://api.github.com/x", "merged_at": "2027-04-01T00:00:00Z"}},
                {"id": 12, "number": 8, "state": "closed", "pull_request": {"merged_at": "2027-06-30T23:59:59Z"}},
                {"id": 13, "number": 9, "state": "closed", "pull_request": {"merged_at": "2027-07-01T00:00:00Z"}}]}"#,
            ),
            (
                "GET /repos/OWNER/NAME/milestones?state=all&per_page=100&page=1",
                "",
                r#"signed:[{"id": 1, "number": 1, "title": "1.0", "state": "open", "open_issues": 1, "closed_issues": 2},
                {"id": 2, "number": 2, "title": "2.0", "state": "open", "open_issues": 0, "closed_issues": 0}]"#,
            ),
            (
                "GET /repos/OWNER/NAME/milestones?state=all&per_page=100&page=2",
                "",
                "signed:[]",
            ),
        ],
        values: &["2", "66.66"],
        broken: &[
            (
                "\"incomplete_results\": false",
                "\"incomplete_results\": true",
                "not whole",
            ),
            ("\"total_count\": 3", "\"total_count\": 4", "page 2 is page 1 once more"),
            ("\"id\": 12", "\"id\": 11", "a second time"),
            (
                "\"merged_at\": \"2027-06-30T23:59:59Z\"",
                "\"merged_at\": null",
                "$.pull_request.merged_at",
            ),
        ],
    },
    Recipe {
        name: "gitlab",
        answers: &[
            (
                "GET /api/v4/projects/278964/milestones/5/issues?page=2",
                r#"<HOST/api/v4/projects/278964/milestones/5/issues?page=1>; rel="first""#,
                r#"signed:[{"id": 3, "iid": 3, "state": "opened"}]"#,
            ),
            (
                "GET /api/v4/projects/278964/milestones/5/issues?per_page=100",
                r#"<HOST/api/v4/projects/278964/milestones/5/issues?page=2&per_page=100>; rel="next", <HOST/api/v4/x>; rel="last""#,
                r#"signed:[{"id": 1, "iid": 1, "state": "closed"}, {"id": 2, "iid": 2, "state": "closed"}]"#,
            ),
            (
                "GET /api/v4/projects/278964/merge_requests?state=merged&updated_after=2027-04-01T00:00:00Z&",
                r#"<HOST/api/v4/projects/278964/merge_requests?page=1>; rel="first""#,
                r#"signed:[{"id": 7, "state": "merged", "merged_at": "2027-03-01T10:00:00.000Z"},
                {"id": 8, "state": "merged", "merged_at": "2027-04-01T02:00:00.000+02:00"}]"#,
            ),
        ],
        values: &["66.66", "1"],
        broken: &[
            ("\"id\": 3", "\"id\": 2", "a second time"),
            (
                "<HOST/api/v4/projects/278964/milestones/5/issues?page=2",
                "<http://127.0.0.1:1/issues?page=2",
                "not on the server",
            ),
            ("issues?page=2&per_page", "issues?page=3&per_page", "answered 404"),
        ],
    },
    Recipe {
        name: "jira-points",
        answers: &[
            (
                r#""nextPageToken":"CAEaAggC""#,
                "",
                r#"signed:{"issues": [{"expand": "", "id": "10002", "self": "https://x/10002", "key": "ABC-2",
                "fields": {"resolutiondate": "2027-06-30T10:00:00.000+0000", "customfield_10016": 8.0}}], "isLast": true}"#,
            ),
            (
                r#"POST /rest/api/3/search/jql {"jql": "project = ABC AND statusCategory = Done AND resolved >= \"2027-04-01\" AND resolved < \"2027-07-01\""#,
                "",
                r#"signed:{"issues": [{"expand": "", "id": "10001", "self": "https://x/10001", "key": "ABC-1",
                "fields": {"resolutiondate": "2027-04-01T02:00:00.000+0200", "customfield_10016": 2.5}},
                {"id": "10003", "key": "ABC-3", "fields": {"resolutiondate": "2027-05-01T00:00:00.000+0000", "customfield_10016": null}}],
                "nextPageToken": "CAEaAggC", "isLast": false}"#,
            ),
        ],
        values: &["10.5"],
        broken: &[
            ("2027-06-30T10", "2027-07-01T10", "not within the period"),
            (
                "\"isLast\": true",
                "\"nextPageToken\": \"CAEaAggC\"",
                "cursor does not move",
            ),
            (
                "customfield_10016\": 8.0",
                "customfield_10016\": \"8\"",
                "number_as_text",
            ),
        ],
    },
    Recipe {
        name: "linear-points",
        answers: &[
            (
                r#""after":"c1""#,
                "",
                r#"signed:{"data": {"issues": {"nodes": [{"id": "b", "estimate": 5, "completedAt": "2027-06-30T23:59:59.999Z"}],
                "pageInfo": {"hasNextPage": false, "endCursor": "c2"}}}}"#,
            ),
            (
                r#""from":"2027-04-01T00:00:00Z""#,
                "",
                r#"signed:{"data": {"issues": {"nodes": [{"id": "a", "estimate": 3, "completedAt": "2027-04-01T00:00:00.000Z"},
                {"id": "n", "estimate": null, "completedAt": "2027-05-01T00:00:00.000Z"}],
                "pageInfo": {"hasNextPage": true, "endCursor": "c1"}}}}"#,
            ),
        ],
        values: &["8"],
        broken: &[
            (
                "\"hasNextPage\": false",
                "\"hasNextPage\": true",
                "page 3 is page 1 once more",
            ),
            (
                "{\"data\": {",
                "{\"errors\": [{\"message\": \"rate limited\"}], \"data\": {",
                "not whole",
            ),
            (
                "\"endCursor\": \"c1\"",
                "\"endCursor\": null",
                "says that more follow, and not where",
            ),
        ],
    },
    Recipe {
        name: "discourse-posts",
        answers: &[(
            "GET /admin/reports/posts.json?start_date=2027-04-01&end_date=2027-06-30 ",
            "",
            r#"signed:{"report": {"type": "posts", "title": "Posts", "start_date": "2027-04-01T00:00:00Z", "end_date": "2027-06-30T23:59:59Z",
            "data": [{"x": "2027-04-01", "y": 120}, {"x": "2027-06-30", "y": 80}], "total": 200}}"#,
        )],
        values: &["200"],
        broken: &[
            (
                "\"type\": \"posts\"",
                "\"type\": \"visits\"",
                "is \"visits\", not \"posts\"",
            ),
            ("2027-06-30\"", "2027-04-01\"", "a second time"),
            ("2027-06-30\"", "2027-07-01\"", "not within the period"),
            ("\"data\"", "\"rows\"", "nothing at $.report.data"),
            ("\"y\": 80", "\"y\": null", "$.y is null"),
        ],
    },
    Recipe {
        name: "posthog-signups",
        answers: &[(
            "where event = 'signed up' and timestamp >= toDateTime(1806537600) and timestamp < toDateTime(1814400000)",
            "",
            r#"signed:{"results": [[321]], "columns": ["count"], "types": [["count", "UInt64"]], "hasMore": false, "error": null,
            "hogql": "select …", "timings": []}"#,
        )],
        values: &["321"],
        broken: &[
            ("\"hasMore\": false", "\"hasMore\": true", "$.hasMore is \"true\""),
            ("\"error\": null", "\"error\": \"timeout\"", "not whole"),
            ("[[321]]", "[[321], [1]]", "$.results[1]"),
            ("[[321]]", "[]", "nothing at $.results[0][0]"),
        ],
    },
    Recipe {
        name: "plausible-visitors",
        answers: &[(
            r#"{"site_id": "example.org", "metrics": ["visitors"], "date_range": ["2027-04-01T00:00:00Z", "2027-07-01T00:00:00Z"]}"#,
            "",
            r#"signed:{"results": [{"metrics": [24000], "dimensions": []}], "meta": {}, "query": {"site_id": "example.org",
            "metrics": ["visitors"], "date_range": ["2027-04-01T00:00:00Z", "2027-07-01T00:00:00Z"], "filters": []}}"#,
        )],
        values: &["24000"],
        broken: &[
            (
                "\"site_id\": \"example.org\"",
                "\"site_id\": \"other.org\"",
                "$.query.site_id",
            ),
            (
                "\"metrics\": [\"visitors\"]",
                "\"metrics\": [\"pageviews\"]",
                "$.query.metrics[0]",
            ),
            ("[24000]", "[]", "nothing at"),
        ],
    },
    Recipe {
        name: "dune",
        answers: &[
            (
                "GET /api/v1/query/1234567/results?limit=1000&offset=1 ",
                "",
                DUNE_SECOND,
            ),
            ("GET /api/v1/query/1234567/results?limit=1000 ", "", DUNE_FIRST),
        ],
        values: &["3500.75"],
        broken: &[
            ("QUERY_STATE_COMPLETED", "QUERY_STATE_EXECUTING", "$.state is"),
            ("2027-07-01T06", "2027-06-30T06", "$.execution_ended_at is"),
            (
                "\"total_row_count\": 30",
                "\"total_row_count\": 31",
                "30 items together, but there are 31",
            ),
            (
                "2027-04-29 00:00:00.000 UTC",
                "2027-04-28 00:00:00.000 UTC",
                "a second time",
            ),
            ("2027-04-0", "2027-03-0", "at least 28 are needed"),
        ],
    },
    Recipe {
        name: "defillama-tvl",
        answers: &[("GET /protocol/YOUR-PROTOCOL ", "", DEFILLAMA)],
        values: &["1500"],
        broken: &[
            ("1806796800", "1806710400", "a second time"),
            ("\"tvl\"", "\"history\"", "nothing at $.tvl"),
            ("\"totalLiquidityUSD\": 1000", "\"totalLiquidityUSD\": null", "is null"),
            (
                "{\"date\": 1808870400, \"totalLiquidityUSD\": 2000}",
                "{\"date\": 1, \"totalLiquidityUSD\": 1}",
                "is not a time",
            ),
        ],
    },
    Recipe {
        name: "coingecko-price",
        answers: &[(
            "GET /api/v3/coins/solana/market_chart/range?vs_currency=usd&from=1806537600&to=1814400000&interval=daily ",
            "",
            COINGECKO,
        )],
        values: &["150.25"],
        broken: &[
            ("\"prices\"", "\"price\"", "nothing at $.prices"),
            ("1808870400000", "1808784000000", "a second time"),
            ("150.5", "\"150.5\"", "number_as_text"),
            ("[1806", "[1706", "at least 28 are needed"),
        ],
    },
    Recipe {
        name: "snapshot-turnout",
        answers: &[
            (r#""skip":2"#, "", r#"{"data": {"proposals": []}}"#),
            (
                r#""from":1806537600"#,
                "",
                r#"{"data": {"proposals": [
                {"id": "0x01", "end": 1806600000, "state": "closed", "votes": 101, "scores_state": "final"},
                {"id": "0x02", "end": 1814399999, "state": "closed", "votes": 200, "scores_state": "final"}]}}"#,
            ),
        ],
        values: &["150.5"],
        broken: &[
            (
                "\"scores_state\": \"final\"}]",
                "\"scores_state\": \"pending\"}]",
                "has to be: is absent",
            ),
            ("1814399999", "1814400000", "not within the period"),
            ("0x02", "0x01", "a second time"),
        ],
    },
    Recipe {
        name: "nps-survey",
        answers: &[(
            "GET /spreadsheets/d/YOUR-SHEET/gviz/tq?tqx=out:csv&sheet=Answers ",
            "",
            NPS,
        )],
        values: &["10"],
        broken: &[
            (
                "\"4/2/2027 10:00:00\"",
                "\"3/2/2027 10:00:00\"",
                "at least 30 are needed",
            ),
            ("\"4/3/2027 10:00:00\"", "\"2027-04-03\"", "not a time of the form"),
            ("\"How likely", "\"Would", "no column"),
        ],
    },
];

const DUNE_FIRST: &str = r#"signed:{"execution_id": "01", "query_id": 1234567, "is_execution_finished": true, "state": "QUERY_STATE_COMPLETED",
    "execution_ended_at": "2027-07-01T06:00:00.123456789Z", "next_offset": 1, "next_uri": "HOST/api/v1/query/1234567/results?limit=1000&offset=1", "result": {"metadata": {"row_count": 1, "total_row_count": 30}, "rows": [
    {"day": "2027-03-31 00:00:00.000 UTC", "volume_usd": 9}]}}"#;

const DUNE_SECOND: &str = r#"signed:{"execution_id": "01", "query_id": 1234567, "is_execution_finished": true, "state": "QUERY_STATE_COMPLETED",
    "execution_ended_at": "2027-07-01T06:00:00.123456789Z", "result": {"metadata": {"row_count": 29, "total_row_count": 30}, "rows": [
    {"day": "2027-04-01 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-02 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-03 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-04 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-05 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-06 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-07 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-08 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-09 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-10 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-11 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-12 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-13 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-14 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-15 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-16 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-17 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-18 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-19 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-20 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-21 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-22 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-23 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-24 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-25 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-26 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-27 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-28 00:00:00.000 UTC", "volume_usd": 100},
    {"day": "2027-04-29 00:00:00.000 UTC", "volume_usd": 700.75}]}}"#;

const DEFILLAMA: &str = r#"{"id": "1", "name": "x", "currentChainTvls": {}, "tvl": [
    {"date": 1806451200, "totalLiquidityUSD": 2000},
    {"date": 1806537600, "totalLiquidityUSD": 1000},
    {"date": 1806624000, "totalLiquidityUSD": 2000},
    {"date": 1806710400, "totalLiquidityUSD": 1000},
    {"date": 1806796800, "totalLiquidityUSD": 2000},
    {"date": 1806883200, "totalLiquidityUSD": 1000},
    {"date": 1806969600, "totalLiquidityUSD": 2000},
    {"date": 1807056000, "totalLiquidityUSD": 1000},
    {"date": 1807142400, "totalLiquidityUSD": 2000},
    {"date": 1807228800, "totalLiquidityUSD": 1000},
    {"date": 1807315200, "totalLiquidityUSD": 2000},
    {"date": 1807401600, "totalLiquidityUSD": 1000},
    {"date": 1807488000, "totalLiquidityUSD": 2000},
    {"date": 1807574400, "totalLiquidityUSD": 1000},
    {"date": 1807660800, "totalLiquidityUSD": 2000},
    {"date": 1807747200, "totalLiquidityUSD": 1000},
    {"date": 1807833600, "totalLiquidityUSD": 2000},
    {"date": 1807920000, "totalLiquidityUSD": 1000},
    {"date": 1808006400, "totalLiquidityUSD": 2000},
    {"date": 1808092800, "totalLiquidityUSD": 1000},
    {"date": 1808179200, "totalLiquidityUSD": 2000},
    {"date": 1808265600, "totalLiquidityUSD": 1000},
    {"date": 1808352000, "totalLiquidityUSD": 2000},
    {"date": 1808438400, "totalLiquidityUSD": 1000},
    {"date": 1808524800, "totalLiquidityUSD": 2000},
    {"date": 1808611200, "totalLiquidityUSD": 1000},
    {"date": 1808697600, "totalLiquidityUSD": 2000},
    {"date": 1808784000, "totalLiquidityUSD": 1000},
    {"date": 1808870400, "totalLiquidityUSD": 2000},
    {"date": 1808956800, "totalLiquidityUSD": 1000},
    {"date": 1809043200, "totalLiquidityUSD": 2000}]}"#;

const COINGECKO: &str = r#"signed:{"prices": [
    [1806537600000, 150],
    [1806624000000, 150.5],
    [1806710400000, 150],
    [1806796800000, 150.5],
    [1806883200000, 150],
    [1806969600000, 150.5],
    [1807056000000, 150],
    [1807142400000, 150.5],
    [1807228800000, 150],
    [1807315200000, 150.5],
    [1807401600000, 150],
    [1807488000000, 150.5],
    [1807574400000, 150],
    [1807660800000, 150.5],
    [1807747200000, 150],
    [1807833600000, 150.5],
    [1807920000000, 150],
    [1808006400000, 150.5],
    [1808092800000, 150],
    [1808179200000, 150.5],
    [1808265600000, 150],
    [1808352000000, 150.5],
    [1808438400000, 150],
    [1808524800000, 150.5],
    [1808611200000, 150],
    [1808697600000, 150.5],
    [1808784000000, 150],
    [1808870400000, 150.5],
    [1808956800000, 150],
    [1809043200000, 150.5],
    [1814400000000, 999]], "market_caps": [], "total_volumes": []}"#;

const NPS: &str = "\
\"Timestamp\",\"How likely are you to recommend us?\",\"Why?\"\n\
\"3/31/2027 19:59:59\",\"0\",\"late\"\n\
\"4/1/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/2/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/3/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/4/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/5/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/6/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/7/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/8/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/9/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/10/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/11/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/12/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/13/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/14/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/15/2027 10:00:00\",\"10\",\"a, b\"\n\
\"4/16/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/17/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/18/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/19/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/20/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/21/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/22/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/23/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/24/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/25/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/26/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/27/2027 10:00:00\",\"3\",\"a, b\"\n\
\"4/28/2027 10:00:00\",\"8\",\"a, b\"\n\
\"4/29/2027 10:00:00\",\"8\",\"a, b\"\n\
\"4/30/2027 10:00:00\",\"8\",\"a, b\"\n\
\"5/1/2027 10:00:00\",\"\",\"no answer\"\n";
