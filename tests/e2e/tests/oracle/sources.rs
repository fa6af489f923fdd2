//! Sources that are slow, wrong, cut short, failing or changing: nothing is attested, and a person is told.

use {
    crate::support::{NONE, Quarter},
    axum::{
        Router,
        body::Body,
        extract::{Path, RawQuery},
        http::StatusCode,
        response::{Html, IntoResponse, Response},
        routing::get,
    },
    std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    },
    tokio::net::TcpListener,
};

/// An HTTP server with one page for each way to go wrong.
async fn server() -> String {
    let count = Arc::new(AtomicUsize::new(0));
    let changing = move || {
        let value = 70 + count.fetch_add(1, Ordering::Relaxed);
        async move { format!("{{\"value\": {value}}}") }
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        "{\"value\": 76}"
    };
    // Announces more than it sends.
    let truncated = || async {
        let headers = [("content-length", "100")];
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("{\"value\": 76")]);
        (headers, Body::from_stream(chunks)).into_response()
    };
    let router = Router::new()
        .route(
            "/good",
            get(|| async { "{\"value\": 76.5, \"at\": \"2027-05-01T00:00:00Z\"}" }),
        )
        .route("/slow", get(slow))
        .route("/truncated", get(truncated))
        .route("/cut", get(|| async { "{\"value\": 76" }))
        .route(
            "/500",
            get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "overloaded") }),
        )
        .route("/null", get(|| async { "{\"value\": null}" }))
        .route("/text", get(|| async { "{\"value\": \"many\"}" }))
        .route("/nan", get(|| async { "{\"value\": NaN}" }))
        .route("/missing", get(|| async { "{}" }))
        .route("/negative", get(|| async { "{\"value\": -1}" }))
        .route("/precise", get(|| async { "{\"value\": 76.55}" }))
        .route(
            "/stale",
            get(|| async { "{\"value\": 76, \"at\": \"2027-04-01T00:00:00Z\"}" }),
        )
        .route(
            "/moved",
            get(|| async { (StatusCode::FOUND, [("location", "/good")], "") }),
        )
        .route("/changing", get(changing))
        .route("/pages/{of}", get(page));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A page of a list of three issues, worth 76.5 points together; in some lists there is something wrong.
async fn page(Path(of): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let after = query.strip_prefix("after=");
    let issue = |id: u32, points: &str| {
        format!("{{\"id\": {id}, \"points\": {points}, \"closed\": \"2027-03-0{id}T12:00:00Z\"}}")
    };
    let list = |issues: &[String], next: &str| {
        format!("{{\"issues\": [{}], \"next\": {next}}}", issues.join(",")).into_response()
    };
    let first = || list(&[issue(1, "40"), issue(2, "30.25")], "\"two\"");
    match (of.as_str(), after) {
        (_, None) => first(),
        ("good", Some(_)) => list(&[issue(3, "6.25")], "null"),
        ("loop", Some(_)) => list(&[issue(3, "6.25")], "\"two\""),
        ("endless", Some(after)) => {
            let id = u32::try_from(after.len()).expect("a short cursor");
            list(&[issue(id, "1")], &format!("\"{after}x\""))
        }
        ("double", Some(_)) => list(&[issue(2, "30.25")], "null"),
        ("again", Some(_)) => first(),
        ("late", Some(_)) => list(
            &["{\"id\": 4, \"points\": 1, \"closed\": \"2027-05-01T00:00:00Z\"}".to_owned()],
            "null",
        ),
        ("html", Some(_)) => Html("<p>Sign in</p>").into_response(),
        ("short", Some(_)) => "{\"issues\": [{\"id\": 3".into_response(),
        ("huge", Some(_)) => {
            // Ten gigabytes, if anybody takes them.
            let chunks = (0..10_240).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
            Body::from_stream(futures_util::stream::iter(chunks)).into_response()
        }
        (_, Some(_)) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn feed(quarter: &Quarter, url: &str, source: &str, checks: &str) -> String {
    format!(
        "[[feed]]\nid = \"milestones\"\nplan = \"{}\"\nkpi = \"development milestones completed\"\nsource = {{ type = \"http\", url = \
         \"{url}\", path = \"$.value\", timeout = \"2s\"{source} }}\nchecks = {{ {checks} }}\n",
        quarter.plan
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_answer_is_held_and_never_a_zero() {
    let quarter = Quarter::ended();
    let url = server().await;
    for (page, source, checks, reason) in [
        ("slow", "", "", "no complete answer within 2s"),
        ("truncated", "", "", "http://127.0.0.1:"),
        ("cut", "", "", "not complete JSON"),
        ("500", "", "", "answered 500: overloaded"),
        ("gone", "", "", "answered 404"),
        ("moved", "", "", "answered 302"),
        ("null", "", "", "$.value is null"),
        ("text", "", "", "not a number"),
        ("nan", "", "", "not complete JSON"),
        ("missing", "", "", "there is nothing at $.value"),
        ("negative", "", "", "outside of what the plan accepts"),
        ("precise", "", "", "more than 1 decimal"),
        ("good", "", "max = 70", "above 70"),
        (
            "stale",
            ", time_path = \"$.at\"",
            "max_age = \"1d\"",
            "before the end of the period",
        ),
        (
            "changing",
            "",
            "samples = 3, sample_pause = \"10ms\"",
            "the answers disagree",
        ),
    ] {
        let operator = quarter.operator(
            &quarter.chain.rpc_url,
            &feed(&quarter, &format!("{url}/{page}"), source, checks),
        );
        operator
            .run(&["once"])
            .failed(2)
            .shows("1 held")
            .says("nothing is attested")
            .says(reason);
        let status = operator.run(&["--json", "status"]).failed(2).json();
        assert_eq!(status[0]["state"], "held", "{page}");
        assert!(
            status[0]["note"].as_str().is_some_and(|note| note.contains(reason)),
            "{page}: {status}"
        );
    }
    assert_eq!(quarter.votes().await, NONE, "nothing was guessed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_recovers_is_attested() {
    let quarter = Quarter::ended();
    let url = server().await;
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed(&quarter, &format!("{url}/500"), "", ""));
    operator.run(&["once"]).failed(2);
    let text = std::fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace("/500", "/good"));
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [765]);
    operator
        .run(&["verify", &quarter.plan.to_string(), "0"])
        .succeeded()
        .shows("1 of 1 vote");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_read_to_the_last_or_not_at_all() {
    let quarter = Quarter::ended();
    let url = server().await;
    let feed = |of: &str| {
        format!(
            "[[feed]]\nid = \"points\"\nplan = \"{}\"\nkpi = 0\n[feed.source]\ntype = \"http\"\nurl = \"{url}/pages/{of}\"\nitems = \
             \"$.issues\"\nvalue = \"$.points\"\nid = \"$.id\"\ntime = \"$.closed\"\naggregate = \"sum\"\npages = {{ by = \
             \"cursor\", path = \"$.next\", parameter = \"after\", limit = 5 }}\n",
            quarter.plan
        )
    };
    for (of, reason) in [
        ("loop", "its cursor does not move"),
        ("endless", "more than 5 pages"),
        ("double", "$.id is 2 a second time"),
        ("again", "page 2 is page 1 once more"),
        ("late", "not within the period"),
        ("html", "not JSON"),
        ("short", "not complete JSON"),
        ("huge", "longer than 8 MiB"),
        ("gone", "answered 404"),
    ] {
        let operator = quarter.operator(&quarter.chain.rpc_url, &feed(of));
        operator
            .run(&["once"])
            .failed(2)
            .shows("1 held")
            .says("nothing is attested")
            .says(reason);
    }
    assert_eq!(quarter.votes().await, NONE, "nothing was guessed");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed("good"));
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [765]);
    operator
        .run(&["verify", &quarter.plan.to_string(), "0"])
        .succeeded()
        .shows("1 of 1 vote");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sources_have_to_agree() {
    let quarter = Quarter::ended();
    let url = server().await;
    let sources = |second: &str| {
        format!(
            "[[feed]]\nid = \"milestones\"\nplan = \"{}\"\nkpi = 0\nchecks = {{ agree_pct = 1 }}\n[[feed.source]]\ntype = \
             \"http\"\nurl = \"{url}/good\"\npath = \"$.value\"\n[[feed.source]]\ntype = \"command\"\ncommand = [\"echo\", \
             \"{second}\"]\n",
            quarter.plan
        )
    };
    let operator = quarter.operator(&quarter.chain.rpc_url, &sources("60"));
    operator
        .run(&["once"])
        .failed(2)
        .says("the answers disagree: 60.0 to 76.5");
    let operator = quarter.operator(&quarter.chain.rpc_url, &sources("76.1"));
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [761], "the median, of two the lower");
}
