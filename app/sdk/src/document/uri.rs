//! Addresses of documents: what the program takes, and what clients fetch.

use {crate::terms::message, bytemuck::Zeroable, earnout::state::Plan, earnout_core::name, thiserror::Error};

/// What a folder's document is called.
const NAME: &str = "plan-document.json";

/// Why no plan can have its documents there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UriError {
    /// It is longer than the plan's field.
    #[error("it has {0} bytes; a plan has room for {most}", most = Plan::zeroed().uri.len())]
    TooLong(usize),
    /// It has a space in it.
    #[error("it holds a space")]
    Space,
    /// It has a character in it that nobody sees.
    #[error("{0}")]
    Name(name::Flaw),
    /// The program refuses it.
    #[error("{0}")]
    Refused(String),
}

/// What the program refuses of an address of documents. The empty one, which says nothing, it takes.
///
/// # Errors
/// Why.
pub fn require_uri(uri: &str) -> Result<(), UriError> {
    let mut plan = Plan::zeroed();
    let Err(error) = plan.set_uri(uri) else {
        return Ok(());
    };
    let most = plan.uri.len();
    Err(match name::check(uri) {
        Err(flaw @ name::Flaw::Hidden(_)) => UriError::Name(flaw),
        _ if uri.contains(' ') => UriError::Space,
        _ if uri.len() > most => UriError::TooLong(uri.len()),
        _ => UriError::Refused(message(&error)),
    })
}

/// Why clients do not fetch what lies at an address; none if they do. Only the web is asked: a plan is a stranger's
/// word, and neither files of this machine nor names and passwords have a place in it.
pub fn unfetched(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("it does not begin with https:// or http://");
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if host.is_empty() {
        return Some("it names no server");
    }
    if host.contains('@') {
        return Some("it has a user name in it");
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=%".contains(letter);
    match rest.chars().all(is_plain) {
        true => None,
        false => Some("it has characters in it that are not those of a URL"),
    }
}

/// URL of the plan document under a plan's `uri`: that itself, or `plan-document.json` in it if it ends with `/`.
///
/// # Errors
/// Why clients do not fetch it.
///
/// ```
/// use earnout_sdk::document::document_url;
///
/// assert_eq!(document_url("https://example.org/a/").unwrap(), "https://example.org/a/plan-document.json");
/// assert_eq!(document_url("https://example.org/a.json").unwrap(), "https://example.org/a.json");
/// assert!(document_url("file:///etc/passwd").is_err());
/// ```
pub fn document_url(uri: &str) -> Result<String, &'static str> {
    match unfetched(uri) {
        Some(why) => Err(why),
        None if uri.ends_with('/') => Ok(format!("{uri}{NAME}")),
        None => Ok(uri.to_owned()),
    }
}

/// URL of a file beside the document at `url`. `file` is one that [`super::require_file`] takes.
pub fn beside(url: &str, file: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    let begin = path.find("://").map_or(0, |at| at.saturating_add(3));
    let folder = match path.get(begin..).and_then(|rest| rest.rfind('/')) {
        Some(slash) => path.get(..begin.saturating_add(slash)).unwrap_or(path),
        None => path,
    };
    format!("{folder}/{file}")
}

/// URL of the evidence with this hash.
pub fn evidence_url(base: &str, hash: &[u8; 32]) -> String {
    format!("{base}/{}", hex::encode(hash))
}
