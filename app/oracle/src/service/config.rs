//! The configuration file: read and checked as a whole before anything is done.

use {
    crate::{
        measure::{Feed, Source, Surroundings, checks::decimal, feed::KpiName, folder},
        service::{
            Origin,
            agree::Agree,
            blame::{Blamed, blame, feed_at, without_value},
        },
        vote::{Chain, PriorityFee, is_endpoint},
    },
    earnout_sdk::signers,
    rust_decimal::Decimal,
    serde::{Deserialize, Deserializer, de::Error as _},
    solana_program::pubkey::Pubkey,
    std::{
        collections::BTreeSet,
        fs, io,
        net::SocketAddr,
        path::{Path, PathBuf},
        time::Duration,
    },
    thiserror::Error,
};

/// Everything that an operator says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The chain.
    pub chain: Chain,
    /// Who votes.
    pub signer: Signer,
    /// The process.
    pub service: Service,
    /// How votes are sent.
    #[serde(default)]
    pub submit: Submit,
    /// Who is told.
    #[serde(default)]
    pub alerts: Alerts,
    /// What other oracles attested, checked against the same sources.
    #[serde(default)]
    pub watch: Watch,
    /// What oracles tell each other before they vote.
    #[serde(default)]
    pub agree: Agree,
    /// What is measured.
    #[serde(rename = "feed", default)]
    pub feeds: Vec<Feed>,
    /// Price feeds on the chain that are observed beside those of the feeds' plans, or from other accounts.
    #[serde(rename = "observe", default)]
    pub observes: Vec<Observe>,
}

/// A price feed on the chain, of a KPI that reads one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    #[serde(with = "crate::measure::text")]
    pub plan: Pubkey,
    /// The KPI, by its name or number in the plan; all that have a feed if left out.
    #[serde(default)]
    pub kpi: Option<KpiName>,
    /// An account that holds updates of the feed, looked at beside the one of the sponsor.
    #[serde(default, with = "optional_key")]
    pub account: Option<Pubkey>,
}

/// Whose votes they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// The oracle's key, as a signer string of Solana's tools: a file, `usb://ledger`, `prompt://`, …
    pub oracle: String,
    /// Who pays fees and rent; the oracle if none.
    #[serde(default)]
    pub payer: Option<String>,
}

/// The process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Folder of the journal and the evidence.
    pub state: PathBuf,
    /// Where `/healthz` and `/metrics` are served, on this machine only; nowhere if none.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// Pause between two looks at what is due.
    #[serde(default = "half_a_minute", with = "crate::measure::duration")]
    pub interval: Duration,
    /// Values of one feed that are asked for at the same time.
    #[serde(default = "eight")]
    pub concurrency: usize,
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

fn eight() -> usize {
    8
}

/// How votes are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submit {
    /// What a compute unit may cost.
    pub priority_fee: PriorityFee,
    /// Below this many SOL the payer's balance is too low.
    #[serde(deserialize_with = "sol")]
    pub low_balance: Decimal,
    /// How long before the end of a window an unmade vote is urgent.
    #[serde(with = "crate::measure::duration")]
    pub closing: Duration,
}

impl Default for Submit {
    fn default() -> Self {
        Self {
            priority_fee: PriorityFee::default(),
            low_balance: Decimal::new(1, 1),
            closing: Duration::from_secs(6 * 3_600),
        }
    }
}

/// Who is told when a person has to look.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// A program and its arguments; gets each alert as JSON on its standard input.
    pub command: Vec<String>,
    /// Where it runs: the configuration's folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What `watch` does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Signer of disputes: the plan's authority, or the beneficiary of `grant`. None: only alerts.
    pub disputer: Option<String>,
    /// The grant for which its beneficiary disputes.
    #[serde(with = "optional_key")]
    pub grant: Option<Pubkey>,
    /// How far, in percent of the own value, another value may be off before it is reported or disputed.
    #[serde(deserialize_with = "decimal")]
    pub tolerance_pct: Option<Decimal>,
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {file}: {error}", file = .0.display(), error = .1)]
    Unreadable(PathBuf, io::Error),
    #[error("{file} is not a configuration: line {1}: {2}; the line is not shown, because secrets may stand in it", file = .0.display())]
    Syntax(PathBuf, usize, String),
    #[error("{file} has {count}:\n  {list}", file = .0.display(), count = counted(.1.len()), list = .1.join("\n  "))]
    Mistakes(PathBuf, Vec<String>),
}

fn counted(mistakes: usize) -> String {
    match mistakes {
        1 => "a mistake".to_owned(),
        _ => format!("{mistakes} mistakes"),
    }
}

impl Config {
    /// Reads and checks a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// If it cannot be read, or with every mistake that can be seen without asking anybody.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|error| ConfigError::Unreadable(file.to_owned(), error))?;
        // Some editors begin a file with a mark that says how it is coded.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let folder = file.parent().unwrap_or(Path::new(""));
        let read = folder::within(folder, || toml::from_str(text));
        let mut config: Self = read.map_err(|error: toml::de::Error| {
            let complain = |table: toml::Table| {
                let read = folder::within(folder, || table.try_into::<Self>());
                read.err().map(|error| error.message().to_owned())
            };
            let Blamed { line, place, what } = blame(text, complain).unwrap_or_else(|| of_syntax(text, &error));
            let place = Some(place).filter(|place| !place.is_empty());
            let what = place.into_iter().chain([what]).collect::<Vec<_>>().join(": ");
            ConfigError::Syntax(file.to_owned(), line, what)
        })?;
        config.resolve(folder);
        match config.mistakes() {
            mistakes if mistakes.is_empty() => Ok(config),
            mistakes => Err(ConfigError::Mistakes(file.to_owned(), mistakes)),
        }
    }

    fn resolve(&mut self, folder: &Path) {
        self.service.state = folder.join(&self.service.state);
        self.alerts.folder = folder.to_owned();
        let signers = [
            Some(&mut self.signer.oracle),
            self.signer.payer.as_mut(),
            self.watch.disputer.as_mut(),
        ];
        for signer in signers.into_iter().flatten() {
            if let Ok(signers::Source::File(file)) = signer.parse() {
                *signer = folder.join(file).to_string_lossy().into_owned();
            }
        }
        if let Some(publish) = &mut self.agree.publish {
            *publish = folder.join(&*publish);
        }
        for peer in &mut self.agree.peers {
            for origin in [Some(&mut peer.from), peer.evidence.as_mut()].into_iter().flatten() {
                if let Origin::Folder(path) = origin {
                    *path = folder.join(&*path);
                }
            }
        }
        for feed in &mut self.feeds {
            if let Some(file) = &mut feed.identities {
                *file = folder.join(&*file);
            }
            let around = Surroundings {
                folder: folder.to_owned(),
                state: self.service.state.clone(),
                plan: feed.plan,
                endpoints: self.chain.endpoints.clone(),
                commitment: self.chain.commitment,
            };
            for source in &mut feed.sources {
                source.resolve(&around);
            }
        }
    }

    /// The plans of all feeds, and those whose price feeds are observed.
    pub fn plans(&self) -> BTreeSet<Pubkey> {
        let observed = self.observes.iter().map(|observe| observe.plan);
        self.feeds.iter().map(|feed| feed.plan).chain(observed).collect()
    }

    /// The feed that is called `id`.
    pub fn feed(&self, id: &str) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.id == id)
    }

    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.chain.endpoints.is_empty() {
            mistakes.push("chain.endpoints: there is none".to_owned());
        }
        for (number, endpoint) in self.chain.endpoints.iter().enumerate() {
            if !is_endpoint(endpoint) {
                mistakes.push(format!(
                    "chain.endpoints: number {} is not an http or https URL; it is not shown, because keys stand in them",
                    number.saturating_add(1)
                ));
            }
        }
        if let Some(listen) = self.service.listen.filter(|listen| !listen.ip().is_loopback()) {
            mistakes.push(format!(
                "service.listen: {listen} can be reached from outside; use an address of this machine, like 127.0.0.1:{}, \
                 and a proxy in front if others have to see it",
                listen.port()
            ));
        }
        if self.service.concurrency == 0 {
            mistakes.push("service.concurrency: 0 would measure nothing".to_owned());
        }
        if !(1..=100).contains(&self.submit.priority_fee.percentile) {
            mistakes.push("submit.priority_fee.percentile: not within 1 to 100".to_owned());
        }
        if self.feeds.is_empty() && self.observes.is_empty() {
            mistakes.push("feed: there is none; each KPI to be measured is a [[feed]]".to_owned());
        }
        let mut peers = BTreeSet::new();
        for peer in self.agree.peers.iter().filter(|peer| !peers.insert(peer.oracle)) {
            mistakes.push(format!("agree.peers: {} stands there twice", peer.oracle));
        }
        for observe in &self.observes {
            if observe.account.is_some() && observe.kpi.is_none() {
                let plan = observe.plan;
                mistakes.push(format!(
                    "observe: of the plan {plan}: an account is of one feed: say for which `kpi`"
                ));
            }
        }
        let mut ids = BTreeSet::new();
        for feed in &self.feeds {
            let name = format!("feed {:?}", feed.id);
            if feed.id.is_empty() || !feed.id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                mistakes.push(format!("{name}: an id is made of letters, digits, `-`, `_` and `.`"));
            }
            if !ids.insert(&feed.id) {
                mistakes.push(format!("{name}: there are two of this id"));
            }
            let manual = feed.sources.iter().filter(|source| source.is_manual()).count();
            if manual > 0 && (feed.sources.len() > 1 || feed.checks.samples > 1) {
                mistakes.push(format!(
                    "{name}: a person is asked once: a manual source is the only one, with 1 sample"
                ));
            }
            if feed.round_to.is_some_and(|step| step <= Decimal::ZERO) {
                mistakes.push(format!("{name}: `round_to` is a step above 0"));
            }
            if feed.consent == 0 {
                mistakes.push(format!(
                    "{name}: `consent` is 0: at least one person says a value that is entered"
                ));
            }
            let of_checks = feed.checks.mistakes().into_iter();
            mistakes.extend(of_checks.map(|mistake| format!("{name}: checks: {mistake}")));
            if feed.checks.max_age.is_some() || feed.checks.max_delay.is_some() {
                for source in feed.sources.iter().filter(|source| !source.says_its_age()) {
                    mistakes.push(format!(
                        "{name}: checks: the {} source does not say how old its data are, so `max_age` and `max_delay` \
                         would hold every value",
                        kind(source)
                    ));
                }
            }
            let individual = feed.identities.is_some() || feed.sources.iter().any(names_a_grant);
            for source in &feed.sources {
                let found = source.mistakes(individual).into_iter();
                mistakes.extend(found.map(|mistake| format!("{name}: {} source: {mistake}", kind(source))));
            }
        }
        mistakes
    }
}

/// Whether a source can only be of an individual KPI.
fn names_a_grant(source: &Source) -> bool {
    serde_json::to_string(source).is_ok_and(|text| text.contains("{identity}") || text.contains("{beneficiary}"))
}

/// The `type` of a source.
fn kind(source: &Source) -> &'static str {
    match source {
        Source::Http(_) => "http",
        Source::DailyAverage(_) => "daily-average",
        Source::Prometheus(_) => "prometheus",
        Source::Postgres(_) => "postgres",
        Source::Github(_) => "github",
        Source::Git(_) => "git",
        Source::Csv(_) => "csv",
        Source::Performance(_) => "performance",
        Source::Survey(_) => "survey",
        Source::Command(_) => "command",
        Source::Ratio(_) => "ratio",
        Source::Change(_) => "change",
        Source::Solana(_) => "solana",
        Source::Manual(_) => "manual",
    }
}

fn sol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let amount = decimal(deserializer)?;
    amount
        .filter(|amount| !amount.is_sign_negative())
        .ok_or_else(|| D::Error::custom("expected an amount of SOL"))
}

/// Whether the text is the name of a field, and not a part of a value.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// What is not TOML.
fn of_syntax(text: &str, error: &toml::de::Error) -> Blamed {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let field = text
        .lines()
        .nth(line.saturating_sub(1))
        .and_then(|line| line.split_once('='));
    let is_bare = field.is_some_and(|(_, value)| {
        let value = value.split('#').next().unwrap_or_default().trim();
        value.starts_with(char::is_alphabetic) && !["true", "false", "nan", "inf"].contains(&value)
    });
    let field = field.map(|(field, _)| field.trim()).filter(|field| is_name(field));
    let what = without_value(error.message());
    let what = match field.filter(|_| is_bare) {
        Some(field) => format!(
            "a text stands in quotes, like {field} = \"text\"; only numbers, like {field} = 2, true and false do not"
        ),
        None => what,
    };
    let feed = feed_at(text, line).map(|feed| format!("feed {feed:?}"));
    Blamed {
        line,
        place: feed
            .into_iter()
            .chain(field.map(str::to_owned))
            .collect::<Vec<_>>()
            .join(": "),
        what,
    }
}

mod optional_key {
    use super::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pubkey>, D::Error> {
        crate::measure::text::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::feed::KpiName};

    const GOOD: &str = r#"
        [chain]
        endpoints = ["http://127.0.0.1:8899"]
        [signer]
        oracle = "oracle.json"
        [service]
        state = "state"
        listen = "127.0.0.1:9464"
        [[feed]]
        id = "mau"
        plan = "11111111111111111111111111111112"
        kpi = "monthly active users"
        grace = "2h"
        source = { type = "prometheus", url = "http://127.0.0.1:9090", query = "max_over_time(mau[{seconds}s])" }
        checks = { min = 0, max_change_pct = "50", samples = 3, agree_pct = 1 }
        [[feed]]
        id = "commits"
        plan = "11111111111111111111111111111112"
        kpi = 1
        identities = "identities.csv"
        source = [{ type = "git", repository = "repo", measure = "commits", author = "{identity}" }]
    "#;

    fn read(text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("oracle.toml");
        fs::write(&file, text).unwrap();
        Config::read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_good_file_is_read() {
        let config = read(GOOD).unwrap();
        assert_eq!(config.feeds.len(), 2);
        assert_eq!(config.feeds[0].kpi, KpiName::Name("monthly active users".to_owned()));
        assert_eq!(config.feeds[1].kpi, KpiName::Number(1));
        assert_eq!(config.feeds[0].grace, Duration::from_secs(7_200));
        assert!(config.service.state.is_absolute(), "paths start at the file's folder");
        assert_eq!(config.plans().len(), 1);
    }

    /// The unit for systemd and the image start in other folders.
    #[test]
    fn every_path_starts_at_the_files_folder() {
        let text = GOOD
            .replace("[service]", "payer = \"keys/payer.json\"\n[watch]\ndisputer = \"file:disputer.json\"\n[service]")
            .replace(
                "[[feed]]\n        id = \"mau\"",
                "[alerts]\ncommand = [\"./page.sh\"]\n[[feed]]\nid = \"revenue\"\nplan = \"11111111111111111111111111111112\"\nkpi \
                 = 2\nsource = { type = \"postgres\", connection = \"file:database\", ca_file = \"ca.pem\", query = \"select 1\" \
                 }\n[[feed]]\n        id = \"mau\"",
            )
            .replace("max_over_time(mau[{seconds}s])\"", "m\", auth = { bearer = \"file:token\" }");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("oracle.toml");
        // As some editors begin a file.
        fs::write(&file, format!("\u{feff}{text}")).unwrap();
        let config = Config::read(&file).unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        assert_eq!(config.signer.oracle, at("oracle.json"));
        assert_eq!(config.signer.payer, Some(at("keys/payer.json")));
        assert!(config.watch.disputer.unwrap().ends_with(&at("disputer.json")));
        assert_eq!(config.alerts.folder, dir.path());
        let source = |number: usize| format!("{:?}", config.feeds[number].sources);
        for (number, name) in [(0, "database"), (0, "ca.pem"), (1, "token")] {
            assert!(source(number).contains(&at(name)), "{}", source(number));
        }
        assert_eq!(config.feeds[2].identities, Some(dir.path().join("identities.csv")));
    }

    #[test]
    fn price_feeds_are_observed_without_anything_to_measure() {
        let observe = "[[observe]]\nplan = '11111111111111111111111111111113'\nkpi = 'price'\naccount = \
                       '11111111111111111111111111111114'\n[[observe]]\nplan = '11111111111111111111111111111115'";
        let config = read(&format!("{GOOD}\n{observe}")).unwrap();
        assert_eq!(config.plans().len(), 3);
        let only = GOOD.split_once("[[feed]]").unwrap().0;
        let config = read(&format!("{only}\n{observe}")).unwrap();
        assert_eq!((config.feeds.len(), config.observes.len()), (0, 2));
        assert_eq!(config.observes[1].kpi, None);
        assert!(read(only).unwrap_err().contains("there is none"));
    }

    #[test]
    fn peers_are_named_once_and_fetched_safely() {
        let peer = |from: &str| format!("{{ oracle = '11111111111111111111111111111113', from = '{from}' }}");
        let agree = |peers: &[String]| format!("{GOOD}\n[agree]\npublish = 'public'\npeers = [{}]", peers.join(", "));
        let config = read(&agree(&[peer("others/first")])).unwrap();
        assert!(config.agree.publish.is_some_and(|folder| folder.is_absolute()));
        let origin = config.agree.peers[0].evidence().unwrap();
        assert!(
            origin
                .folder()
                .is_some_and(|folder| folder.is_absolute() && folder.ends_with("others/first"))
        );
        // Where one file lies no evidence does.
        let config = read(&agree(&[peer("https://oracle.example/agree.json")])).unwrap();
        assert_eq!(config.agree.peers[0].evidence(), None);
        for (peers, part) in [
            (vec![peer("a"), peer("b")], "twice"),
            (vec![peer("http://oracle.example/a")], "https://"),
            (vec![peer("ftp://oracle.example/a")], "https://"),
        ] {
            let error = read(&agree(&peers)).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_line_with_a_secret_is_not_shown() {
        for wrong in [
            "endpoints = \"http://127.0.0.1:8899/SECRET\"",
            "endpoints = [\"http://127.0.0.1:8899/SECRET\", 5]",
            "endpoint = [\"http://127.0.0.1:8899/SECRET\"]",
            "endpoints = [\"http://127.0.0.1:8899/SECRET\"",
        ] {
            let lines = GOOD.lines().map(|line| {
                if line.trim_start().starts_with("endpoints") {
                    wrong
                } else {
                    line
                }
            });
            let error = read(&lines.collect::<Vec<_>>().join("\n")).unwrap_err();
            assert!(error.contains("line ") && !error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        for (from, to, part) in [
            (
                "endpoints = [\"http://127.0.0.1:8899\"]",
                "endpoints = []",
                "there is none",
            ),
            ("http://127.0.0.1:8899", "localhost", "not an http or https URL"),
            ("127.0.0.1:9464", "0.0.0.0:9464", "from outside"),
            ("id = \"commits\"", "id = \"mau\"", "two of this id"),
            ("id = \"commits\"", "id = \"a b\"", "letters, digits"),
            ("kpi = 1", "kpi = 1\nround_to = 0", "a step above 0"),
            ("kpi = 1", "kpi = 1\nconsent = 0", "`consent` is 0"),
            ("samples = 3", "samples = 0", "nothing would be measured"),
            ("min = 0", "min = 0.5", "in quotes"),
            ("{seconds}", "{second}", "no placeholder {second}"),
            ("{seconds}", "{identity}", "nothing"),
            (
                "author = \"{identity}\"",
                "author = \"ann\"",
                "differs from grant to grant",
            ),
            (
                "agree_pct = 1",
                "agree_pct = 1, max_age = \"1h\"",
                "does not say how old",
            ),
            (
                "[signer]",
                "commitment = \"finalised\"\n[signer]",
                "line 4: chain.commitment: unknown variant `finalised`, expected one of `processed`, `confirmed`, `finalized`",
            ),
            ("grace = \"2h\"", "grace = \"soon\"", "not a length of time"),
            ("measure = \"commits\"", "measure = \"lines\"", "lines"),
            ("kpi = 1", "kpi = 1\ncolour = 'red'", "colour"),
            ("repository = \"repo\", ", "", "`repository` is missing"),
            ("repository = \"repo\"", "repository = \"repo\", colour = 1", "colour"),
            ("type = \"git\"", "type = \"svn\"", "svn"),
            ("[signer]", "[signers]", "signers"),
            (
                "[signer]",
                "[[observe]]\nplan = '11111111111111111111111111111112'\naccount = '11111111111111111111111111111113'\n\
                 [signer]",
                "say for which `kpi`",
            ),
            ("[signer]", "[[observe]]\nkpi = 1\n[signer]", "plan"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let text = GOOD.replace(from, to);
            match read(&text) {
                Err(error) => assert!(part == "nothing" || error.contains(part), "{to}: {error}"),
                Ok(_) => assert_eq!(part, "nothing", "{to}"),
            }
        }
        assert!(
            Config::read(Path::new("/no/such/file"))
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
    }

    #[test]
    fn a_mistake_of_a_type_is_named_with_its_place() {
        let http = "source = { type = \"http\", url = \"https://example.org\", path = \"$.v\" ";
        let table = "source = { type = \"csv\", file = \"a.csv\", column = \"a\" ";
        for (kpi, part) in [
            (
                format!("kpi = 1\n{http}, scale = \"two\" }}"),
                "line 20: feed \"commits\": source.scale: expected a whole number from -128 to 127, like 2;",
            ),
            (
                format!("kpi = 1\n{http}, require = {{ \"$.a\" = 5 }} }}"),
                "line 20: feed \"commits\": source.require.$.a: expected a condition in quotes, like \">= 4\", or a list",
            ),
            (
                format!("kpi = 1\n{http}, require = \"final\" }}"),
                "feed \"commits\": source.require: expected a table, like {",
            ),
            (
                format!("kpi = 1\n{table}, delimiter = \"; \" }}"),
                "feed \"commits\": source.delimiter: expected one character in quotes, like \",\"",
            ),
            (
                "kpi = 1\n[feed.source]\ntype = \"http\"\nurl = \"https://example.org\"\nscale = \"two\"\n".to_owned(),
                "line 23: feed \"commits\": source.scale:",
            ),
            (
                "kpi = 1\n[feed.source]\ntype = \"change\"\n[feed.source.of]\ntype = \"http\"\nscale = \"two\"\n"
                    .to_owned(),
                "line 24: feed \"commits\": source.of.scale:",
            ),
            (
                "kpi = 1\nsource = { type = \"svn\" }".to_owned(),
                "feed \"commits\": source.type: unknown variant `svn`",
            ),
            (
                "kpi = 1\nsource = { type = \"http\" }".to_owned(),
                "feed \"commits\": source: missing field `url`",
            ),
            (
                "kpi = 1\nconsent = \"two\"\nsource = { type = \"manual\" }".to_owned(),
                "line 20: feed \"commits\": consent: expected a whole number from 0 on, like 2",
            ),
            (
                "kpi = 1\nconsent = two\nsource = { type = \"manual\" }".to_owned(),
                "line 20: feed \"commits\": consent: a text stands in quotes, like consent = \"text\"; only numbers, like \
                 consent = 2",
            ),
            (
                "kpi = 1\nrounding = nearest\nsource = { type = \"manual\" }".to_owned(),
                "line 20: feed \"commits\": rounding: a text stands in quotes, like rounding = \"text\"",
            ),
            (
                "kpi = [1]\nsource = { type = \"manual\" }".to_owned(),
                "line 19: feed \"commits\": kpi: expected the name of a KPI in quotes, or its number in the plan, like 0",
            ),
        ] {
            let head = GOOD.split_once("        kpi = 1").unwrap().0;
            let error = read(&format!("{head}{kpi}")).unwrap_err();
            assert!(error.contains(part), "{error}\n{part}");
        }
        let first = GOOD.rsplit_once("[[feed]]").unwrap().0;
        let error = read(&first.replace("[[feed]]", "[feed]")).unwrap_err();
        assert!(
            error.contains("line 9: feed: ") && error.contains("write [[feed]]"),
            "{error}"
        );
        let error = read(&GOOD.replace("id = \"commits\"", "")).unwrap_err();
        assert!(error.contains("line 16: feed number 2: missing field `id`"), "{error}");
        let error = read(&GOOD.replace("state = \"state\"", "")).unwrap_err();
        assert!(error.contains("line 6: service: missing field `state`"), "{error}");
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let text = GOOD
            .replace("127.0.0.1:9464", "0.0.0.0:1")
            .replace("samples = 3", "samples = 0");
        let error = read(&text).unwrap_err();
        assert!(
            error.contains("has 2 mistakes:") && error.contains("from outside") && error.contains("`samples`"),
            "{error}"
        );
        let error = read(&GOOD.replace("samples = 3", "samples = 0")).unwrap_err();
        assert!(
            error.contains("has a mistake:\n  feed \"mau\": checks: `samples`"),
            "{error}"
        );
    }
}
