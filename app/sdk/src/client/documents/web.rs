//! Documents on the web, fetched when somebody asks for them.

use {
    crate::document::unfetched,
    reqwest::{StatusCode, redirect::Policy},
    std::{error::Error, time::Duration},
    thiserror::Error,
};

/// Why a document was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// No client asks there.
    #[error("it is not fetched: {0}")]
    Refused(&'static str),
    /// No connection, or none that is safe.
    #[error("its server cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long, from the first connection to the last byte.
    #[error("it did not come within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The server has none, or leads elsewhere, which is not followed.
    #[error("its server answered with HTTP status {0}")]
    Status(u16),
    /// It is longer than it may be.
    #[error("it has more than {0} bytes")]
    TooLong(usize),
    /// It ended before it was complete.
    #[error("it broke off")]
    Incomplete,
}

/// Fetches documents by HTTP: no redirects, no cookies, nothing that says who asks. What comes is a stranger's word.
#[derive(Debug)]
pub struct Web {
    http: Result<reqwest::Client, String>,
    timeout: Duration,
}

impl Web {
    /// A document may take so long, from the first connection to its last byte.
    pub fn new(timeout: Duration) -> Self {
        let http = reqwest::Client::builder().timeout(timeout).redirect(Policy::none());
        Self {
            // Fails only where the system has no certificates; said with the first request.
            http: http.build().map_err(|error| error.to_string()),
            timeout,
        }
    }

    /// The document at `url`, if it has no more than `most` bytes.
    ///
    /// # Errors
    /// Why there is none. The URL is for the caller to name.
    pub async fn get(&self, url: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        if let Some(why) = unfetched(url) {
            return Err(FetchError::Refused(why));
        }
        let http = self.http.as_ref();
        let http = http.map_err(|why| FetchError::Unreachable(why.clone()))?;
        let mut answer = http
            .get(url)
            .send()
            .await
            .map_err(|error| self.trouble(&error, false))?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        // What claims more is not waited for. What claims less, or nothing, is counted.
        let claimed = answer.content_length().unwrap_or_default();
        if usize::try_from(claimed).map_or(true, |claimed| claimed > most) {
            return Err(FetchError::TooLong(most));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| self.trouble(&error, true))? {
            if body.len().saturating_add(part.len()) > most {
                return Err(FetchError::TooLong(most));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn trouble(&self, error: &reqwest::Error, began: bool) -> FetchError {
        if error.is_timeout() {
            return FetchError::TimedOut(self.timeout);
        }
        if began {
            return FetchError::Incomplete;
        }
        // The innermost cause has the system's words; the outer ones repeat the URL.
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        FetchError::Unreachable(match error.is_builder() {
            true => "it is not a URL".to_owned(),
            false => cause.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        std::{
            io::{Read, Write},
            net::{TcpListener, TcpStream},
            thread,
        },
    };

    /// A server that answers each path in its own way, for as long as the test lasts.
    fn server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer(stream));
            }
        });
        url
    }

    fn answer(mut stream: TcpStream) {
        let mut asked = [0; 2_048];
        let length = stream.read(&mut asked).unwrap();
        let asked = String::from_utf8_lossy(&asked[..length]).to_lowercase();
        let length =
            |length: usize| format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        let path = asked.split(' ').nth(1).unwrap();
        let written = match path {
            "/good" if !asked.contains("cookie") && !asked.contains("user-agent") => length(2) + "{}",
            "/huge" => length(8 << 30),
            "/long" => length(11) + "0123456789a",
            "/endless" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
                while stream.write_all(&[b'x'; 4_096]).is_ok() {}
                return;
            }
            "/short" => length(5) + "{}",
            "/moved" => {
                "HTTP/1.1 302 Found\r\nlocation: /good\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
            "/slow" => {
                thread::sleep(Duration::from_secs(30));
                return;
            }
            _ => "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        // Who asked may have heard enough.
        let _ = stream.write_all(written.as_bytes());
    }

    #[tokio::test]
    async fn what_lies_there_comes_whole_or_not_at_all() {
        let url = server();
        let web = Web::new(Duration::from_secs(20));
        let get = |path: &'static str| web.get(Box::leak(format!("{url}{path}").into_boxed_str()), 10);
        assert_eq!(get("/good").await, Ok(b"{}".to_vec()));
        assert_eq!(get("/long").await, Err(FetchError::TooLong(10)));
        assert_eq!(get("/huge").await, Err(FetchError::TooLong(10)), "nothing of it came");
        assert_eq!(get("/endless").await, Err(FetchError::TooLong(10)));
        assert_eq!(get("/short").await, Err(FetchError::Incomplete));
        assert_eq!(get("/moved").await, Err(FetchError::Status(302)));
        assert_eq!(get("/none").await, Err(FetchError::Status(404)));
    }

    #[tokio::test]
    async fn who_keeps_us_waiting_is_left() {
        let url = format!("{}/slow", server());
        let wait = Duration::from_millis(300);
        assert_eq!(Web::new(wait).get(&url, 10).await, Err(FetchError::TimedOut(wait)));
    }

    #[tokio::test]
    async fn nothing_but_the_web_is_asked() {
        let web = Web::new(Duration::from_secs(5));
        for url in ["file:///etc/passwd", "/etc/passwd", "http://u:p@127.0.0.1:9/"] {
            assert!(matches!(web.get(url, 10).await, Err(FetchError::Refused(_))), "{url}");
        }
        let unreachable = web
            .get("http://127.0.0.1:9/KEY", 10)
            .await
            .expect_err("nothing listens");
        assert!(!unreachable.to_string().contains("KEY"), "{unreachable}");
        assert!(matches!(unreachable, FetchError::Unreachable(_)));
    }
}
