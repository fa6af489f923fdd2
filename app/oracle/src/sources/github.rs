//! GitHub's REST API, or any server that speaks it: <https://docs.github.com/rest>.

use {
    super::{
        Auth, Part, Reading, SourceError, escaped, http_client, json, moment, request::send, request::url_mistakes,
    },
    crate::template::{Scope, fill},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::Value,
    std::time::Duration,
};

/// Entries of a page that are asked for; GitHub gives no more.
const PAGE: usize = 100;

/// Most pages that are asked for.
const MOST_PAGES: usize = 100;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GithubMeasure {
    /// Closed issues of a milestone, percent of all of its issues, at the time of asking.
    MilestonePercent {
        /// Title of the milestone.
        title: String,
    },
    /// Issues closed in the period, pull requests not counted.
    IssuesClosed {
        /// Only with all of these labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<String>,
        /// Only assigned to this login.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assignee: Option<String>,
    },
    /// Releases published in the period; drafts and pre-releases not counted.
    Releases,
}

/// A measure of one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Github {
    /// Base URL of the API.
    #[serde(default = "default_url")]
    pub url: String,
    /// `owner/name`.
    pub repository: String,
    /// What is counted.
    pub measure: GithubMeasure,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// How long each page may take.
    #[serde(default = "super::default_timeout", with = "crate::duration")]
    pub timeout: Duration,
}

fn default_url() -> String {
    "https://api.github.com".to_owned()
}

impl Github {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let mut parts = Vec::new();
        loop {
            let url = self.page_url(scope, parts.len() + 1)?;
            let builder = http_client()?
                .get(&url)
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28");
            let part = send(builder, self.auth.as_ref(), self.timeout, format!("GET {url}")).await?;
            // Servers with the same API can have smaller pages than were asked for: only an empty one is the last.
            let last = list(&part)?.is_empty();
            if parts
                .last()
                .is_some_and(|before: &Part| !last && before.body == part.body)
            {
                return Err(SourceError::Unexpected(format!(
                    "{} gave the same page twice",
                    part.request
                )));
            }
            parts.push(part);
            if last {
                return Ok(parts);
            }
            if parts.len() == MOST_PAGES {
                return Err(SourceError::TooLong);
            }
        }
    }

    fn page_url(&self, scope: &Scope, page: usize) -> Result<String, SourceError> {
        let query = match &self.measure {
            GithubMeasure::MilestonePercent { .. } => "milestones?state=all".to_owned(),
            GithubMeasure::Releases => "releases?".to_owned(),
            GithubMeasure::IssuesClosed { labels, assignee } => {
                // `since` is about the last change, which closing is one of: nothing closed in the period is left out.
                // Oldest first: what is new while the pages are read comes at the end.
                let since = crate::template::time(scope.start);
                let mut query = format!(
                    "issues?state=closed&sort=created&direction=asc&since={}",
                    escaped(&since)
                );
                if !labels.is_empty() {
                    query = format!("{query}&labels={}", escaped(&labels.join(",")));
                }
                if let Some(assignee) = assignee {
                    query = format!("{query}&assignee={}", escaped(&fill(assignee, scope)?));
                }
                query
            }
        };
        let base = self.url.trim_end_matches('/');
        Ok(format!(
            "{base}/repos/{}/{query}&per_page={PAGE}&page={page}",
            self.repository
        ))
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Reading, SourceError> {
        if parts.is_empty() {
            return Err(SourceError::NoData("no page".to_owned()));
        }
        let mut entries = Vec::new();
        for part in parts {
            entries.extend(list(part)?);
        }
        let mut seen = std::collections::HashSet::new();
        for id in entries.iter().filter_map(|entry| entry["id"].as_u64()) {
            if !seen.insert(id) {
                return Err(SourceError::Ambiguous(format!(
                    "the entry {id} stands there twice: the list changed while it was read"
                )));
            }
        }
        let value = match &self.measure {
            GithubMeasure::MilestonePercent { title } => percent(&entries, title)?,
            GithubMeasure::IssuesClosed { .. } => count(&entries, "closed_at", scope, |entry| {
                entry.get("pull_request").is_none()
            })?,
            GithubMeasure::Releases => count(&entries, "published_at", scope, |entry| {
                entry["draft"] == false && entry["prerelease"] == false
            })?,
        };
        Ok(Reading {
            value,
            observed_at: parts.first().map(|part| part.answered_at),
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = url_mistakes(&self.url);
        let named =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !self
            .repository
            .split_once('/')
            .is_some_and(|(owner, name)| named(owner) && named(name))
        {
            mistakes.push(format!(
                "{:?} is no repository: it is written owner/name",
                self.repository
            ));
        }
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        match &self.measure {
            GithubMeasure::IssuesClosed {
                assignee: Some(assignee),
                ..
            } => vec![assignee],
            _ => Vec::new(),
        }
    }
}

fn list(part: &Part) -> Result<Vec<Value>, SourceError> {
    match json::parse(part.body.text()?)? {
        Value::Array(entries) => Ok(entries),
        _ => Err(SourceError::Unexpected(format!("{} gave no list", part.request))),
    }
}

fn percent(milestones: &[Value], title: &str) -> Result<Decimal, SourceError> {
    let mut named = milestones.iter().filter(|milestone| milestone["title"] == title);
    let milestone = named
        .next()
        .ok_or_else(|| SourceError::NoData(format!("there is no milestone {title:?}")))?;
    if named.next().is_some() {
        return Err(SourceError::Ambiguous(format!(
            "several milestones are called {title:?}"
        )));
    }
    let (Some(open), Some(closed)) = (milestone["open_issues"].as_u64(), milestone["closed_issues"].as_u64()) else {
        return Err(SourceError::Unexpected(
            "the milestone does not say how many issues are open and closed".to_owned(),
        ));
    };
    let all = Decimal::from(open)
        .checked_add(Decimal::from(closed))
        .filter(|all| !all.is_zero())
        .ok_or_else(|| SourceError::NoData(format!("the milestone {title:?} has no issues")))?;
    Decimal::from(closed)
        .checked_mul(Decimal::ONE_HUNDRED)
        .and_then(|closed| closed.checked_div(all))
        .ok_or_else(|| SourceError::Unexpected("the milestone has too many issues".to_owned()))
}

/// Entries whose time is within the period. An entry that cannot be read is no reason to count one less.
fn count(
    entries: &[Value],
    time: &str,
    scope: &Scope,
    counts: impl Fn(&Value) -> bool,
) -> Result<Decimal, SourceError> {
    let mut count = 0u32;
    for entry in entries.iter().filter(|entry| counts(entry)) {
        let text = entry[time]
            .as_str()
            .ok_or_else(|| SourceError::Unexpected(format!("an entry has no {time}")))?;
        if (scope.start..scope.end).contains(&moment(text)?) {
            count = count.saturating_add(1);
        }
    }
    Ok(Decimal::from(count))
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::sources::testing::{answer, scope},
    };

    fn source(measure: &str) -> Github {
        toml::from_str(&format!("repository = 'ann/app'\nmeasure = {measure}")).unwrap()
    }

    #[test]
    fn milestones_are_a_share_of_their_issues() {
        let source = source("{ milestone-percent = { title = 'v1' } }");
        let page =
            r#"[{"title":"v0","open_issues":1,"closed_issues":9},{"title":"v1","open_issues":1,"closed_issues":4}]"#;
        assert_eq!(source.read(&scope(), &answer(page)).unwrap().value.to_string(), "80");
        let thirds = r#"[{"title":"v1","open_issues":1,"closed_issues":2}]"#;
        let value = source.read(&scope(), &answer(thirds)).unwrap().value;
        assert!(value.to_string().starts_with("66.6666"), "{value}");
        for (page, part) in [
            ("[]", "no milestone"),
            (r#"[{"title":"v1","open_issues":0,"closed_issues":0}]"#, "no issues"),
            (r#"[{"title":"v1","open_issues":0}]"#, "does not say"),
            (r#"{"message":"Not Found"}"#, "no list"),
        ] {
            let error = source.read(&scope(), &answer(page)).unwrap_err().to_string();
            assert!(error.contains(part), "{page}: {error}");
        }
    }

    #[test]
    fn issues_count_in_their_period_and_pull_requests_never() {
        let source = source("{ issues-closed = { labels = ['kpi', 'a b'], assignee = '{identity}' } }");
        let page = r#"[{"closed_at":"2027-04-01T00:00:00Z"},{"closed_at":"2027-06-30T23:59:59Z"},
            {"closed_at":"2027-07-01T00:00:00Z"},{"closed_at":"2027-03-31T23:59:59Z"},
            {"closed_at":"2027-05-01T00:00:00Z","pull_request":{}}]"#;
        assert_eq!(source.read(&scope(), &answer(page)).unwrap().value.to_string(), "2");
        assert!(source.read(&scope(), &answer(r#"[{"closed_at":null}]"#)).is_err());
        let url = source.page_url(&scope(), 2).unwrap();
        assert!(
            url.ends_with(
                "/repos/ann/app/issues?state=closed&sort=created&direction=asc&since=2027-04-01T00%3A00%3A00Z&labels=kpi%2Ca%20b&assignee=ann&per_page=100&page=2"
            ),
            "{url}"
        );
    }

    #[test]
    fn releases_count_when_they_are_published() {
        let page = r#"[{"draft":false,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"},
            {"draft":true,"prerelease":false,"published_at":null},
            {"draft":false,"prerelease":true,"published_at":"2027-05-02T00:00:00Z"}]"#;
        let source = source("'releases'");
        assert_eq!(source.read(&scope(), &answer(page)).unwrap().value.to_string(), "1");
        assert_eq!(source.mistakes(), Vec::<String>::new());
        let wrong = Github {
            repository: "app".to_owned(),
            ..source
        };
        assert_eq!(wrong.mistakes().len(), 1);
    }

    #[test]
    fn an_entry_on_two_pages_is_not_counted_twice() {
        let source = source("'releases'");
        let page = r#"[{"id":7,"draft":false,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"}]"#;
        let pages = [answer(page), answer(page)].concat();
        let error = source.read(&scope(), &pages).unwrap_err().to_string();
        assert!(error.contains("changed while it was read"), "{error}");
    }

    #[tokio::test]
    async fn small_pages_are_read_to_the_last() {
        use axum::{Router, extract::RawQuery, routing::get};
        let pages = async |RawQuery(query): RawQuery| {
            let page: u32 = query.unwrap().rsplit_once("&page=").unwrap().1.parse().unwrap();
            let entry =
                |id| format!(r#"{{"id":{id},"draft":false,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"}}"#);
            match page {
                1..=3 => format!("[{},{}]", entry(page * 2), entry(page * 2 + 1)),
                _ => "[]".to_owned(),
            }
        };
        let always = async || r#"[{"id":1}]"#;
        let router = Router::new()
            .route("/repos/ann/app/releases", get(pages))
            .route("/repos/ann/same/releases", get(always));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut source = source("'releases'");
        source.url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "6");
        source.repository = "ann/same".to_owned();
        let error = source.fetch(&scope()).await.unwrap_err().to_string();
        assert!(error.contains("same page twice"), "{error}");
    }
}
