//! GitHub's REST API, or any server that speaks it: <https://docs.github.com/rest>.

use {
    super::{
        Auth, Observation, Part, SourceError, ambiguous, escaped, http_client, json, moment, no_data,
        request::{send, url_mistakes},
        unexpected,
    },
    crate::measure::{Scope, fill},
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
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
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
                return Err(unexpected(format!("{} gave the same page twice", part.request)));
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
                let since = earnout_sdk::text::time::text(scope.start);
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

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let Some((last, pages)) = parts.split_last() else {
            return Err(no_data("no page"));
        };
        let mut entries = list(last)?;
        if parts.len() > 1 && !entries.is_empty() {
            return Err(no_data("the last page is missing"));
        }
        for page in pages {
            entries.extend(list(page)?);
        }
        let assignee = match &self.measure {
            GithubMeasure::IssuesClosed { assignee, .. } => {
                assignee.as_deref().map(|assignee| fill(assignee, scope)).transpose()?
            }
            _ => None,
        };
        let mut seen = std::collections::HashSet::new();
        for entry in &entries {
            let id = entry["id"]
                .as_u64()
                .ok_or_else(|| unexpected("an entry of the list has no id"))?;
            if !seen.insert(id) {
                return Err(ambiguous(format!(
                    "the entry {id} stands there twice: the list changed while it was read"
                )));
            }
            if let Some(what) = self.contradiction(scope, assignee.as_deref(), entry) {
                let number = entry["number"].as_u64().unwrap_or(id);
                return Err(unexpected(format!(
                    "the answer does not fit the question: entry {number} {what}"
                )));
            }
        }
        let value = match &self.measure {
            GithubMeasure::MilestonePercent { title } => percent(&entries, title)?,
            GithubMeasure::IssuesClosed { .. } => {
                // Some servers write what is not there as null.
                let issues = entries.iter().filter(|entry| entry["pull_request"].is_null());
                count(issues, "closed_at", scope)?
            }
            GithubMeasure::Releases => {
                let public = entries
                    .iter()
                    .filter(|entry| entry["draft"] == false && entry["prerelease"] == false);
                count(public, "published_at", scope)?
            }
        };
        Ok(Observation {
            value,
            observed_at: parts.first().map(|part| part.answered_at),
        })
    }

    /// In what an entry is not what was asked for. A server that ignores a filter gives everybody's entries.
    fn contradiction(&self, scope: &Scope, assignee: Option<&str>, entry: &Value) -> Option<String> {
        for place in ["repository_url", "url"] {
            let of = entry[place].as_str().and_then(|url| url.split_once("/repos/"));
            if let Some((_, of)) = of
                && !is_of(of, &self.repository)
            {
                return Some(format!("is of another repository: {of:?}"));
            }
        }
        if let Some(name) = entry["repository"]["full_name"].as_str()
            && !name.eq_ignore_ascii_case(&self.repository)
        {
            return Some(format!("is of another repository: {name:?}"));
        }
        match &self.measure {
            GithubMeasure::MilestonePercent { .. } => {
                entry["title"].as_str().is_none().then(|| "has no title".to_owned())
            }
            GithubMeasure::Releases => ["draft", "prerelease"]
                .into_iter()
                .find(|flag| !entry[*flag].is_boolean())
                .map(|flag| format!("does not say whether it is a {flag}")),
            GithubMeasure::IssuesClosed {
                labels,
                assignee: asked,
            } => {
                if entry["state"] != "closed" {
                    return Some(format!("has the state {}, not \"closed\"", entry["state"]));
                }
                let changed = entry["updated_at"].as_str().map(moment);
                if changed.is_some_and(|changed| changed.is_ok_and(|changed| changed < scope.start)) {
                    return Some(format!(
                        "was last changed at {}, before the period",
                        entry["updated_at"]
                    ));
                }
                let has = names(&entry["labels"], "name");
                if let Some(label) = labels.iter().find(|label| !holds(&has, label)) {
                    return Some(format!("does not have the label {label:?}"));
                }
                let mut people = names(&entry["assignees"], "login");
                people.extend(entry["assignee"]["login"].as_str());
                // What the API calls nobody and anybody; an identity is a person.
                let special = asked.as_ref().is_some_and(|asked| !asked.contains('{'));
                match assignee? {
                    "none" if special => {
                        (!people.is_empty()).then(|| format!("is assigned to {people:?}, not to nobody"))
                    }
                    "*" if special => people.is_empty().then(|| "is assigned to nobody".to_owned()),
                    login => (!holds(&people, login)).then(|| format!("is assigned to {people:?}, not to {login:?}")),
                }
            }
        }
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
                "{:?} is not a repository: it is written owner/name",
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
        _ => Err(unexpected(format!("{} gave no list", part.request))),
    }
}

fn percent(milestones: &[Value], title: &str) -> Result<Decimal, SourceError> {
    let mut named = milestones.iter().filter(|milestone| milestone["title"] == title);
    let milestone = named
        .next()
        .ok_or_else(|| no_data(format!("there is no milestone {title:?}")))?;
    if named.next().is_some() {
        return Err(ambiguous(format!("several milestones are called {title:?}")));
    }
    let (Some(open), Some(closed)) = (milestone["open_issues"].as_u64(), milestone["closed_issues"].as_u64()) else {
        return Err(unexpected(
            "the milestone does not say how many issues are open and closed",
        ));
    };
    let all = Decimal::from(open)
        .checked_add(Decimal::from(closed))
        .filter(|all| !all.is_zero())
        .ok_or_else(|| no_data(format!("the milestone {title:?} has no issues")))?;
    Decimal::from(closed)
        .checked_mul(Decimal::ONE_HUNDRED)
        .and_then(|closed| closed.checked_div(all))
        .ok_or_else(|| unexpected("the milestone has too many issues"))
}

/// Entries whose time is within the period. An entry that cannot be read is no reason to count one less.
fn count<'a>(entries: impl Iterator<Item = &'a Value>, time: &str, scope: &Scope) -> Result<Decimal, SourceError> {
    let mut count = 0u32;
    for entry in entries {
        let text = entry[time]
            .as_str()
            .ok_or_else(|| unexpected(format!("an entry has no {time}")))?;
        if (scope.start..scope.end).contains(&moment(text)?) {
            count = count.saturating_add(1);
        }
    }
    Ok(Decimal::from(count))
}

/// Whether the part of a URL behind `/repos/` begins with `repository`. GitHub does not tell upper from lower case.
fn is_of(path: &str, repository: &str) -> bool {
    let mut parts = path.split('/');
    let mut wanted = repository.split('/');
    (0..2).all(|_| match (parts.next(), wanted.next()) {
        (Some(part), Some(wanted)) => part.eq_ignore_ascii_case(wanted),
        _ => false,
    })
}

/// The texts under `key` in a list of objects; a list of plain texts is one too.
fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = entries
        .iter()
        .filter_map(|entry| entry[key].as_str().or(entry.as_str()));
    named.collect()
}

/// Whether `name` is one of `names`. GitHub does not tell upper from lower case in logins and labels.
fn holds(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.to_lowercase() == name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    fn source(measure: &str) -> Github {
        toml::from_str(&format!("repository = 'ann/app'\nmeasure = {measure}")).unwrap()
    }

    #[test]
    fn milestones_are_a_share_of_their_issues() {
        let source = source("{ milestone-percent = { title = 'v1' } }");
        let page = r#"[{"id":1,"title":"v0","open_issues":1,"closed_issues":9},{"id":2,"title":"v1","open_issues":1,"closed_issues":4}]"#;
        assert_eq!(source.read(&scope(), &answer(page)).unwrap().value.to_string(), "80");
        let thirds = r#"[{"id":2,"title":"v1","open_issues":1,"closed_issues":2}]"#;
        let value = source.read(&scope(), &answer(thirds)).unwrap().value;
        assert!(value.to_string().starts_with("66.6666"), "{value}");
        for (page, part) in [
            ("[]", "no milestone"),
            (
                r#"[{"id":2,"title":"v1","open_issues":0,"closed_issues":0}]"#,
                "no issues",
            ),
            (r#"[{"id":2,"title":"v1","open_issues":0}]"#, "does not say"),
            (r#"[{"title":"v1","open_issues":0,"closed_issues":1}]"#, "no id"),
            (r#"{"message":"Not Found"}"#, "no list"),
        ] {
            let error = source.read(&scope(), &answer(page)).unwrap_err().to_string();
            assert!(error.contains(part), "{page}: {error}");
        }
    }

    /// An issue as the API writes it, closed at `closed_at` and with `more` members.
    fn issue(id: u64, closed_at: &str, more: Value) -> Value {
        let mut issue = serde_json::json!({
            "id": id, "number": id, "state": "closed", "closed_at": closed_at, "updated_at": "2027-07-02T00:00:00Z",
            "repository_url": "https://api.github.com/repos/Ann/App", "labels": [{"name": "KPI"}, {"name": "a b"}],
            "assignee": {"login": "bob"}, "assignees": [{"login": "bob"}, {"login": "Ann"}],
        });
        let members = more.as_object().unwrap().clone();
        issue.as_object_mut().unwrap().extend(members);
        issue
    }

    #[test]
    fn an_entry_that_was_not_asked_for_is_an_error_that_names_it() {
        let source = source("{ issues-closed = { labels = ['kpi', 'a b'], assignee = '{identity}' } }");
        let good = issue(1, "2027-05-01T00:00:00Z", serde_json::json!({}));
        let read = |source: &Github, entry: &Value| {
            let page = serde_json::json!([good, entry]).to_string();
            let read = source.read(&scope(), &answer(&page));
            read.map(|reading| reading.value.to_string())
                .map_err(|error| error.to_string())
        };
        for (more, part) in [
            (
                serde_json::json!({"assignee": {"login": "bob"}, "assignees": [{"login": "bob"}]}),
                "\"ann\"",
            ),
            (
                serde_json::json!({"assignee": null, "assignees": []}),
                "is assigned to [], not to \"ann\"",
            ),
            (
                serde_json::json!({"assignee": null, "assignees": null}),
                "is assigned to",
            ),
            (serde_json::json!({"labels": [{"name": "kpi"}]}), "the label \"a b\""),
            (serde_json::json!({"labels": null}), "the label \"kpi\""),
            (serde_json::json!({"state": "open"}), "\"open\""),
            (serde_json::json!({"state": null}), "not \"closed\""),
            (
                serde_json::json!({"updated_at": "2027-03-31T23:59:59Z"}),
                "before the period",
            ),
            (
                serde_json::json!({"repository_url": "https://api.github.com/repos/ann/app2"}),
                "another repository",
            ),
            (
                serde_json::json!({"url": "https://api.github.com/repos/eve/app/issues/7"}),
                "another repository",
            ),
            (
                serde_json::json!({"repository": {"full_name": "eve/app"}}),
                "another repository",
            ),
            // What is not counted is checked too: the server did not do what it was asked.
            (
                serde_json::json!({"pull_request": {}, "assignees": [], "assignee": null}),
                "is assigned to",
            ),
        ] {
            let error = read(&source, &issue(7, "2027-05-01T00:00:00Z", more)).unwrap_err();
            assert!(error.contains(part) && error.contains("entry 7"), "{part}: {error}");
        }
        let url = serde_json::json!({"url": "https://api.github.com/repos/ann/app/issues/7", "pull_request": null});
        assert_eq!(read(&source, &issue(7, "2027-05-01T00:00:00Z", url)).unwrap(), "2");
        let nobody = self::source("{ issues-closed = { assignee = 'none' } }");
        assert!(read(&nobody, &good).unwrap_err().contains("not to nobody"));
    }

    #[test]
    fn a_release_that_does_not_say_what_it_is_is_an_error() {
        let source = source("'releases'");
        for (page, part) in [
            (
                r#"[{"id":1,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"}]"#,
                "a draft",
            ),
            (
                r#"[{"id":1,"draft":false,"prerelease":null,"published_at":"2027-05-01T00:00:00Z"}]"#,
                "a prerelease",
            ),
            (
                r#"[{"id":1,"draft":false,"prerelease":false,"published_at":null}]"#,
                "no published_at",
            ),
        ] {
            let error = source.read(&scope(), &answer(page)).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let page = answer(r#"[{"id":1,"draft":false,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"}]"#);
        let error = source
            .read(&scope(), &[page.clone(), page].concat())
            .unwrap_err()
            .to_string();
        assert!(error.contains("last page is missing"), "{error}");
    }

    #[test]
    fn issues_count_in_their_period_and_pull_requests_never() {
        let source = source("{ issues-closed = { labels = ['kpi', 'a b'], assignee = '{identity}' } }");
        let none = || serde_json::json!({});
        let page = serde_json::json!([
            issue(1, "2027-04-01T00:00:00Z", none()),
            issue(2, "2027-06-30T23:59:59Z", none()),
            issue(3, "2027-07-01T00:00:00Z", none()),
            issue(4, "2027-03-31T23:59:59Z", none()),
            issue(5, "2027-05-01T00:00:00Z", serde_json::json!({"pull_request": {}})),
        ]);
        let page = answer(&page.to_string());
        assert_eq!(source.read(&scope(), &page).unwrap().value.to_string(), "2");
        let open = serde_json::json!([issue(1, "", serde_json::json!({"closed_at": null}))]).to_string();
        assert!(source.read(&scope(), &answer(&open)).is_err());
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
        let page = r#"[{"id":1,"draft":false,"prerelease":false,"published_at":"2027-05-01T00:00:00Z"},
            {"id":2,"draft":true,"prerelease":false,"published_at":null},
            {"id":3,"draft":false,"prerelease":true,"published_at":"2027-05-02T00:00:00Z"}]"#;
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
        let pages = [answer(page), answer(page), answer("[]")].concat();
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
