//! Endpoints as they are shown: providers put keys into name and password, path and query of a URL.

use url::Url;

/// A URL without what may be a key: scheme, host and port. `the endpoint` for what does not look like one.
///
/// ```
/// use earnout_sdk::text::endpoint;
///
/// assert_eq!(endpoint::shown("https://user:pw@rpc.example:8899/v2/KEY?api-key=K#f"), "https://rpc.example:8899");
/// ```
pub fn shown(url: &str) -> String {
    let origin = || {
        let (scheme, rest) = url.trim().split_once("://")?;
        let url = Url::parse(url).ok()?;
        // Some of what is not a URL is read as one: `https:///KEY` too has a host.
        let is_plain = scheme.eq_ignore_ascii_case(url.scheme()) && !rest.starts_with(['/', '\\']);
        let host = url.host_str().filter(|host| is_plain && !host.is_empty())?;
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{host}{port}", url.scheme()))
    };
    origin().unwrap_or_else(|| "the endpoint".to_owned())
}

/// The text with every URL in it as [`shown`] shows it.
pub fn hidden(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find("://") {
        let (before, _) = rest.split_at(mark);
        let scheme = before.rfind(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
        let begin = scheme.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let (before, from) = rest.split_at(begin);
        let is_end = |letter: char| letter.is_whitespace() || "()\"'<>`".contains(letter);
        let end = from.find(is_end).unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        hidden.push_str(before);
        hidden.push_str(&shown(url));
        rest = after;
    }
    hidden.push_str(rest);
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_keys() {
        for (url, expected) in [
            ("https://user:pw@host:1/v2/KEY?api-key=K#f", "https://host:1"),
            ("wss://name:KEY@rpc.example.com:8900?KEY", "wss://rpc.example.com:8900"),
            ("ws://host#KEY", "ws://host"),
            ("https://KEY@host", "https://host"),
            ("https://a@b:KEY@host/", "https://host"),
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("http://[::1]:8899/KEY", "http://[::1]:8899"),
            ("http://u:KEY@[fe80::1]/", "http://[fe80::1]"),
            ("https://host\\KEY", "https://host"),
            ("postgres://u:KEY@db.example/KEY", "postgres://db.example"),
            ("https://user:KEY", "the endpoint"),
            ("https://user:KEY with a space@host", "https://host"),
            ("https:///KEY", "the endpoint"),
            ("http://[::1/KEY", "the endpoint"),
            ("KEY", "the endpoint"),
            ("host/KEY?api-key=KEY", "the endpoint"),
            ("", "the endpoint"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn urls_in_a_text_are_shown_without_their_keys() {
        let text =
            "error sending request for url (https://u:KEY@host:1/KEY?x=KEY), then wss://host/KEY: \u{e9}http://h/KEY";
        let expected = "error sending request for url (https://host:1), then wss://host \u{e9}http://h";
        assert_eq!(hidden(text), expected);
        assert_eq!(hidden("no URL: a // b"), "no URL: a // b");
        assert_eq!(hidden("://"), "the endpoint");
    }
}
