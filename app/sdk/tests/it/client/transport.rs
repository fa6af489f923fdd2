//! What counts as an answer, and when a request is asked again.

use {
    super::rpc::request,
    earnout_sdk::client::{Client, ClientError, Trouble, TroubleKind},
    serde_json::{Value, json},
    solana_commitment_config::CommitmentConfig,
    std::{
        io::Write,
        net::{TcpListener, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
        time::{Duration, Instant},
    },
};

/// An endpoint that writes what `answer` says to the request of this number, and how many requests it got.
fn endpoint(answer: impl Fn(usize, &Value) -> String + Send + Sync + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (Arc::clone(&asked), Arc::new(answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (count, answer) = (Arc::clone(&count), Arc::clone(&answer));
            thread::spawn(move || {
                let mut stream: TcpStream = stream.unwrap();
                let request = request(&stream);
                let text = answer(count.fetch_add(1, Ordering::SeqCst), &request);
                if text == NEVER {
                    thread::sleep(Duration::from_secs(30));
                }
                let _ = stream.write_all(text.as_bytes());
            });
        }
    });
    (format!("http://name:secret@{address}/secret?api-key=secret"), asked)
}

const NEVER: &str = "never";

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
}

fn good(request: &Value) -> String {
    http(
        "200 OK",
        "",
        &json!({ "jsonrpc": "2.0", "id": request["id"], "result": 5 }).to_string(),
    )
}

fn client(url: &str) -> Client {
    Client::with_timeout(url, CommitmentConfig::confirmed(), Duration::from_millis(700))
}

async fn trouble(url: &str) -> TroubleKind {
    let error = client(url).rent(10).await.unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("secret"), "{text}");
    }
    let ClientError::Rpc { cause: source, .. } = &error else {
        panic!("{error}");
    };
    let trouble = Trouble::of(source).unwrap_or_else(|| panic!("{error}"));
    assert!(trouble.endpoint.starts_with("http://127.0.0.1:"), "{trouble}");
    assert!(error.to_string().contains(&trouble.endpoint), "{error}");
    trouble.kind.clone()
}

#[tokio::test]
async fn a_refusal_for_now_is_asked_again_when_the_endpoint_says() {
    let (url, asked) = endpoint(|number, request| match number {
        0 => http("429 Too Many Requests", "Retry-After: 1\r\n", "slow down"),
        1 => http("503 Service Unavailable", "", "<html>"),
        2 => http(
            "200 OK",
            "",
            &json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": 429, "message": "slow down" } })
                .to_string(),
        ),
        _ => good(request),
    });
    let begun = Instant::now();
    assert_eq!(client(&url).rent(10).await.unwrap(), 5);
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_endpoint_that_refuses_on_is_given_up_after_five_requests() {
    let (url, asked) = endpoint(|_, _| http("429 Too Many Requests", "Retry-After: 0\r\n", ""));
    assert_eq!(trouble(&url).await, TroubleKind::Status(429));
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_refusal_for_good_is_not_asked_again() {
    let (url, asked) = endpoint(|_, _| http("403 Forbidden", "", ""));
    assert_eq!(trouble(&url).await, TroubleKind::Status(403));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_asked_once() {
    let (url, asked) = endpoint(|_, _| NEVER.to_owned());
    let begun = Instant::now();
    assert_eq!(trouble(&url).await, TroubleKind::TimedOut(Duration::from_millis(700)));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn only_a_complete_answer_to_the_request_counts() {
    let whole = |id: Value| json!({ "jsonrpc": "2.0", "id": id, "result": 5 }).to_string();
    let (html, _) = endpoint(|_, _| http("200 OK", "", "<html>Welcome</html>"));
    assert_eq!(trouble(&html).await, TroubleKind::NotJson);
    let (empty, _) = endpoint(|_, _| http("200 OK", "", ""));
    assert_eq!(trouble(&empty).await, TroubleKind::NotJson);
    let (accepted, _) = endpoint(|_, request| good(request).replace("200 OK", "202 Accepted"));
    assert_eq!(trouble(&accepted).await, TroubleKind::Status(202));
    let (moved, _) = endpoint(|_, _| http("302 Found", "Location: /elsewhere\r\n", ""));
    assert_eq!(trouble(&moved).await, TroubleKind::Status(302));
    let (cut, _) = endpoint(|_, request| good(request).replace("\"result\":5", "\"resu"));
    assert_eq!(trouble(&cut).await, TroubleKind::Incomplete);
    let (short, _) = endpoint(move |_, request| {
        let body = whole(request["id"].clone());
        format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{body}")
    });
    assert_eq!(trouble(&short).await, TroubleKind::Incomplete);
    let (other, _) = endpoint(move |_, _| http("200 OK", "", &whole(json!(77))));
    assert_eq!(trouble(&other).await, TroubleKind::NotTheAnswer);
    let (neither, _) = endpoint(|_, request| http("200 OK", "", &json!({ "id": request["id"] }).to_string()));
    assert_eq!(trouble(&neither).await, TroubleKind::NotTheAnswer);
}

#[tokio::test]
async fn what_is_not_an_endpoint_is_said() {
    assert!(matches!(
        trouble("http://name:secret@127.0.0.1:1/secret").await,
        TroubleKind::Unreachable(_)
    ));
    let error = Client::new("nonsense secret").rent(1).await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
