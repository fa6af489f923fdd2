//! A git repository on this machine.

use {
    super::{
        Observation, Part, SourceError, ambiguous,
        command::{clean, output},
        secrets::Secrets,
        unexpected,
    },
    crate::measure::{Scope, fill},
    globset::{Glob, GlobSet, GlobSetBuilder},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{
        collections::HashSet,
        os::unix::ffi::OsStringExt,
        path::{Path, PathBuf},
        time::Duration,
    },
    tokio::process,
};

/// Begins a commit in what `git log` prints: no file name holds it unquoted.
const RECORD: char = '\u{1e}';

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitMeasure {
    /// Commits that change one of the paths, merges not counted.
    Commits,
    /// Changed files, in each commit once.
    FilesChanged,
}

/// A measure of one branch, by the committers' times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    /// The repository's folder. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub repository: Option<PathBuf>,
    /// The branch or other revision.
    #[serde(default = "default_branch")]
    pub branch: String,
    /// Remote that is fetched first; none if somebody else keeps the repository up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<String>,
    /// What is counted.
    pub measure: GitMeasure,
    /// Only commits of this author's e-mail address (after `.mailmap`), upper or lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Only paths that match one of these globs; all if none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// How long each call of git may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

fn default_branch() -> String {
    "HEAD".to_owned()
}

impl Git {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        if let Some(remote) = &self.fetch {
            self.git(None, &["fetch", "--quiet", "--", remote]).await?;
        }
        let folder = self.git(None, &["rev-parse", "--absolute-git-dir"]).await?;
        let folder = PathBuf::from(std::ffi::OsString::from_vec(folder.trim_ascii_end().to_vec()));
        // The past of a shallow clone is not there, and what is not there is not counted.
        let shallow = self
            .git(Some(&folder), &["rev-parse", "--is-shallow-repository"])
            .await?;
        if shallow.trim_ascii() != b"false" {
            return Err(unexpected(
                "the repository is a shallow clone, in which commits are missing: `git fetch --unshallow` it",
            ));
        }
        let head = self
            .git(
                Some(&folder),
                &[
                    "rev-parse",
                    "--verify",
                    "--end-of-options",
                    &format!("{}^{{commit}}", self.branch),
                ],
            )
            .await?;
        let head = String::from_utf8_lossy(&head).trim().to_owned();
        let (first, last) = asked(scope);
        // `--since` stops at the first older commit unless it is a filter.
        let since = format!("--since-as-filter=@{first}");
        let until = format!("--until=@{last}");
        // Who an author is says the measured commit, not a file of this machine.
        let people = format!("mailmap.blob={head}:.mailmap");
        let arguments = [
            "-c",
            &people,
            "log",
            "--no-merges",
            "--no-renames",
            "--no-color",
            "--no-notes",
            "--no-ext-diff",
            "--no-relative",
            "--ignore-submodules=none",
            "--encoding=UTF-8",
            "--name-only",
            "--format=tformat:%x1e%H %ct %aE",
            &since,
            &until,
            &head,
            "--",
        ];
        let log = self.git(Some(&folder), &arguments).await?;
        let request = format!("git {}", arguments.join(" ").replace(RECORD, "%x1e"));
        let Some(author) = &self.author else {
            return Ok(vec![Part::new(request, log)]);
        };
        // What others did is no part of what one person is paid for, and not to be published with it.
        let author = fill(author, scope)?;
        let request = format!("{request}, of which the commits by {author}");
        Ok(vec![Part::new(request, of_author(log, &author)?)])
    }

    /// Runs git in `data`, the folder with the repository's data, with nothing but what the repository holds: no
    /// variables and settings of the system or the user, no replaced or grafted commits, no files of the checkout.
    /// Without `data`, in the configured folder and as the user does, to find it (git asks whose it is) and to reach a
    /// remote.
    async fn git(&self, data: Option<&Path>, arguments: &[&str]) -> Result<Vec<u8>, SourceError> {
        let folder = self
            .repository
            .as_ref()
            .ok_or_else(|| unexpected("no repository is configured"))?;
        let mut command = process::Command::new("git");
        clean(&mut command);
        command.arg("-C").arg(data.unwrap_or(folder));
        match data {
            Some(data) => {
                command
                    .arg("--git-dir")
                    .arg(data)
                    .args([
                        "-c",
                        "core.quotePath=true",
                        "-c",
                        "log.showSignature=false",
                        "-c",
                        "mailmap.file=",
                    ])
                    .env("GIT_CONFIG_NOSYSTEM", "1")
                    .env("GIT_CONFIG_GLOBAL", "/dev/null")
                    .env("GIT_NO_REPLACE_OBJECTS", "1")
                    .env("GIT_GRAFT_FILE", "/dev/null");
            }
            None => {
                for name in ["HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK"] {
                    if let Some(value) = std::env::var_os(name) {
                        command.env(name, value);
                    }
                }
            }
        }
        command.env("GIT_TERMINAL_PROMPT", "0").args(arguments);
        let name = format!("git in {}", folder.display());
        output(command, self.timeout, &name, &Secrets::default()).await
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let log = super::only(parts)?.body.text()?;
        let author = match &self.author {
            Some(author) => Some(fill(author, scope)?),
            None => None,
        };
        let paths = self.globs()?;
        let (mut commits, mut files) = (0u64, 0u64);
        let (first, last) = asked(scope);
        let mut seen = HashSet::new();
        let mut records = log.split(RECORD);
        if records.next().is_some_and(|before| !before.trim().is_empty()) {
            return Err(unexpected("git log printed something before the first commit"));
        }
        for record in records {
            let commit = Commit::parse(record)?;
            if !(first..=last).contains(&commit.time) {
                return Err(unexpected(format!(
                    "the answer does not fit the question: commit {} is of {}",
                    commit.hash,
                    earnout_sdk::text::time::text(commit.time)
                )));
            }
            if !seen.insert(commit.hash) {
                return Err(ambiguous(format!("commit {} stands there twice", commit.hash)));
            }
            let by_author = author
                .as_ref()
                .is_none_or(|author| author.eq_ignore_ascii_case(commit.author));
            if !by_author || !(scope.start..scope.end).contains(&commit.time) {
                continue;
            }
            let changed = commit
                .files
                .filter(|file| self.paths.is_empty() || paths.is_match(unquoted(file)))
                .count();
            if changed > 0 || self.paths.is_empty() {
                commits = commits.saturating_add(1);
            }
            files = files.saturating_add(u64::try_from(changed).unwrap_or(u64::MAX));
        }
        let value = match self.measure {
            GitMeasure::Commits => commits,
            GitMeasure::FilesChanged => files,
        };
        Ok(Observation {
            value: Decimal::from(value),
            observed_at: None,
        })
    }

    fn globs(&self) -> Result<GlobSet, SourceError> {
        let mut set = GlobSetBuilder::new();
        let wrong = |error: globset::Error| unexpected(format!("`paths`: {error}"));
        for path in &self.paths {
            set.add(Glob::new(path).map_err(wrong)?);
        }
        set.build().map_err(wrong)
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.repository.is_none() {
            mistakes.push("`repository` is missing: the folder of a git repository".to_owned());
        }
        if self.branch.starts_with('-') || self.branch.is_empty() {
            mistakes.push(format!("{:?} is not a branch", self.branch));
        }
        mistakes.extend(self.globs().err().map(|error| error.to_string()));
        mistakes
    }
}

/// The commits of a log that are by `author`.
fn of_author(log: Vec<u8>, author: &str) -> Result<Vec<u8>, SourceError> {
    // What is not UTF-8 cannot be read, and is refused later as it is.
    let Ok(text) = std::str::from_utf8(&log) else {
        return Ok(log);
    };
    let mut kept = String::new();
    let mut records = text.split(RECORD);
    kept.push_str(records.next().unwrap_or_default());
    for record in records {
        if Commit::parse(record)?.author.eq_ignore_ascii_case(author) {
            kept.push(RECORD);
            kept.push_str(record);
        }
    }
    Ok(kept.into_bytes())
}

/// From when to when git is asked for commits, Unix seconds: a day is left on both sides of the period.
fn asked(scope: &Scope) -> (i64, i64) {
    (scope.start.saturating_sub(86_400), scope.end.saturating_add(86_400))
}

/// A file name as git prints it with `core.quotePath`: what is not plain ASCII stands in quotes, with C's escapes.
fn unquoted(name: &str) -> PathBuf {
    let Some(inner) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else {
        return name.into();
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(digit @ b'0'..=b'3') => {
                let mut code = digit - b'0';
                for _ in 0..2 {
                    let low = rest.next_if(|byte| (b'0'..=b'7').contains(byte)).unwrap_or(b'0');
                    code = code.wrapping_mul(8).wrapping_add(low - b'0');
                }
                bytes.push(code);
            }
            Some(letter) => bytes.push(match letter {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => other,
            }),
            None => bytes.push(b'\\'),
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

/// One commit of the log.
struct Commit<'a, Files> {
    hash: &'a str,
    time: i64,
    author: &'a str,
    files: Files,
}

impl<'a> Commit<'a, ()> {
    fn parse(record: &'a str) -> Result<Commit<'a, impl Iterator<Item = &'a str>>, SourceError> {
        let unreadable = || unexpected("git log printed something else than commits");
        let mut lines = record.lines();
        let mut head = lines.next().ok_or_else(unreadable)?.splitn(3, ' ');
        let (Some(hash), Some(time), Some(author)) = (head.next(), head.next(), head.next()) else {
            return Err(unreadable());
        };
        // SHA-1 or SHA-256.
        if !matches!(hash.len(), 40 | 64) || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unreadable());
        }
        Ok(Commit {
            hash,
            time: time.parse().map_err(|_| unreadable())?,
            author,
            files: lines.filter(|line| !line.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    /// Commits with short hashes, made as long as git's.
    fn log(commits: &str) -> Vec<Part> {
        let mut text = String::new();
        for commit in commits.split(RECORD).skip(1) {
            let (hash, rest) = commit.split_once(' ').unwrap();
            text.push_str(&format!("{RECORD}{hash:0>40} {rest}"));
        }
        answer(&text)
    }

    const LOG: &str = "\u{1e}a1 1806537600 Ann@Example.org\n\nsrc/lib.rs\ndocs/a.md\n\u{1e}a2 1806537601 bob@example.org\n\ntests/x.rs\n\
         \u{1e}a3 1814400000 ann@example.org\n\nsrc/late.rs\n\u{1e}a4 1806537599 ann@example.org\n\nsrc/early.rs\n\
         \u{1e}a5 1806600000 ann@example.org\n";

    fn value(extra: &str) -> String {
        let source: Git = toml::from_str(&format!("repository = '.'\n{extra}")).unwrap();
        assert_eq!(source.mistakes(), Vec::<String>::new());
        source.read(&scope(), &log(LOG)).unwrap().value.to_string()
    }

    #[test]
    fn commits_and_files_count_in_their_period() {
        assert_eq!(value("measure = 'commits'"), "3", "an empty commit is one");
        assert_eq!(value("measure = 'commits'\nauthor = 'ann@example.org'"), "2");
        assert_eq!(value("measure = 'commits'\npaths = ['docs/**', 'tests/**']"), "2");
        assert_eq!(value("measure = 'files-changed'"), "3");
        assert_eq!(value("measure = 'files-changed'\npaths = ['**/*.rs']"), "2");
        assert_eq!(value("measure = 'files-changed'\nauthor = 'nobody@example.org'"), "0");
    }

    #[test]
    fn a_log_that_is_none_is_an_error() {
        let source: Git = toml::from_str("repository = '.'\nmeasure = 'commits'").unwrap();
        for (text, part) in [
            ("\u{1e}a1 soon ann\n".to_owned(), "something else"),
            ("\u{1e}a1 1806537600 ann@example.org\n".to_owned(), "something else"),
            ("warning\n".to_owned(), "before the first commit"),
            (
                format!("\u{1e}{:040} 1806451199 ann@example.org\n", 1),
                "is of 2027-03-30T23:59:59Z",
            ),
            (
                format!("\u{1e}{:040} 1814486401 ann@example.org\n", 1),
                "does not fit the question",
            ),
            (
                format!("\u{1e}{:040} 1806537600 ann@example.org\n", 1).repeat(2),
                "twice",
            ),
        ] {
            let error = source.read(&scope(), &answer(&text)).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        assert_eq!(source.read(&scope(), &answer("")).unwrap().value.to_string(), "0");
    }

    fn git(folder: &std::path::Path, arguments: &[&str]) {
        let done = std::process::Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"])
            .args(["-c", "commit.gpgSign=false"])
            .args(arguments)
            .env("GIT_COMMITTER_DATE", "2027-05-01T00:00:00Z")
            .env("GIT_AUTHOR_DATE", "2027-05-01T00:00:00Z")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    #[tokio::test]
    async fn every_name_counts_and_a_shallow_clone_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let origin = dir.path().join("origin");
        std::fs::create_dir_all(origin.join("docs")).unwrap();
        git(dir.path(), &["init", "--quiet", "origin"]);
        for name in ["plain.md", "größe.md", "a \"b\"\t\\c.md"] {
            std::fs::write(origin.join("docs").join(name), "x").unwrap();
            git(&origin, &["add", "."]);
            git(&origin, &["commit", "--quiet", "-m", "more"]);
        }
        let text = "measure = 'files-changed'\npaths = ['docs/*.md']";
        let mut source: Git = toml::from_str(text).unwrap();
        source.repository = Some(origin.clone());
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "3");
        let url = format!("file://{}", origin.display());
        git(dir.path(), &["clone", "--quiet", "--depth", "1", &url, "shallow"]);
        source.repository = Some(dir.path().join("shallow"));
        let error = source.fetch(&scope()).await.unwrap_err().to_string();
        assert!(error.contains("shallow clone"), "{error}");
    }

    /// Two machines with the same commits measure the same, whatever their users and checkouts say.
    #[tokio::test]
    async fn settings_and_files_of_the_machine_change_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("repo");
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "--quiet"]);
        for name in ["a.md", "b.md"] {
            std::fs::write(folder.join(name), name.repeat(40)).unwrap();
            git(&folder, &["add", "."]);
            git(&folder, &["commit", "--quiet", "-m", name]);
        }
        let text = "measure = 'commits'\nauthor = 'ann@example.org'\npaths = ['*.md']";
        let mut source: Git = toml::from_str(text).unwrap();
        source.repository = Some(folder.clone());
        let measured = async || {
            let parts = source.fetch(&scope()).await.unwrap();
            source.read(&scope(), &parts).unwrap().value.to_string()
        };
        assert_eq!(measured().await, "2");
        // A file of the checkout that is not in the measured commit, settings of the repository, grafts and
        // replacements.
        let other = "Eve <eve@example.org> <ann@example.org>\n";
        std::fs::write(folder.join(".mailmap"), other).unwrap();
        let file = dir.path().join("mailmap");
        std::fs::write(&file, other).unwrap();
        git(&folder, &["config", "mailmap.file", file.to_str().unwrap()]);
        git(&folder, &["config", "core.quotePath", "false"]);
        git(&folder, &["config", "log.showSignature", "true"]);
        git(&folder, &["config", "diff.orderFile", "/dev/null"]);
        git(&folder, &["config", "color.ui", "always"]);
        git(&folder, &["replace", "--graft", "HEAD"]);
        let head = std::process::Command::new("git")
            .arg("-C")
            .arg(&folder)
            .args(["rev-parse", "HEAD"])
            .output();
        std::fs::create_dir_all(folder.join(".git/info")).unwrap();
        std::fs::write(folder.join(".git/info/grafts"), head.unwrap().stdout).unwrap();
        assert_eq!(measured().await, "2");
        // What the measured commit itself says counts.
        git(&folder, &["add", ".mailmap"]);
        git(&folder, &["commit", "--quiet", "-m", "people"]);
        assert_eq!(measured().await, "0");
    }

    #[test]
    fn the_evidence_of_one_person_names_no_other() {
        let record = |letter: &str, author: &str, file: &str| {
            format!("{RECORD}{} 1806537600 {author}\n\n{file}\n", letter.repeat(40))
        };
        let (ann, bob) = (
            record("a", "Ann@Example.org", "src/a.rs"),
            record("b", "bob@example.org", "src/b.rs"),
        );
        let log = format!("{ann}{bob}{ann}").into_bytes();
        let kept = String::from_utf8(of_author(log.clone(), "ann@example.org").unwrap()).unwrap();
        assert_eq!(kept, format!("{ann}{ann}"));
        assert_eq!(of_author(log, "carol@example.org").unwrap(), b"");
        assert!(of_author(format!("{RECORD}nothing\n").into_bytes(), "ann").is_err());
    }
}
