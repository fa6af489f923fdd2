//! What the tests of the matrix share.

use {
    earnout_e2e::{Cut, Earnout, Finished, Hostile, Mode, Setting},
    std::{
        collections::{BTreeMap, BTreeSet},
        env,
        fmt::Write,
        fs,
        path::Path,
        sync::Mutex,
        thread,
        time::Duration,
    },
};

/// Four periods of 30 days from 1 February 2027, with windows of a day.
pub const PLAN: &str = include_str!("plan.toml");

/// A KPI for the plan's file: what is reported scores as many percent.
pub fn kpi(name: &str, unit: &str, scope: &str) -> String {
    format!(
        r#"
[[kpi]]
name = "{name}"
unit = "{unit}"
decimals = 0
scope = "{scope}"
range = {{ min = 0, max = 100 }}
interpolation = "linear"
curve = [{{ value = 0, score = 0 }}, {{ value = 100, score = 10_000 }}]
default_score = 0
rubric = "What was planned and came true."
"#
    )
}

/// A price for the plan's file, behind its KPIs, which reads the feed [`earnout_e2e::UnitPlan::FEED`].
pub const PRICE: &str = r#"
[price]
kpi = "token price"
unit = "USD"
unit_decimals = 2
decimals = 6
range = { min = "0.01", max = "50" }
default = "0.40"
feed = { receiver = "pyth", id = "0303030303030303030303030303030303030303030303030303030303030303", price = "spot", max_delay = "1 day", max_confidence = "2 %" }
rubric = "The first price that the feed publishes after the end of the period."
"#;

/// A part of the endpoint's URL that nobody may see.
pub const SECRET: &str = "s3cr3tk3y";

/// Seconds that one request may take.
pub const TIMEOUT: &str = "3";

/// Seconds after which an outcome counts as unknown. A blockhash of these chains lives for less than 5, with the
/// margin.
pub const WAIT: &str = "8";

/// After how long a command counts as hanging: a busy machine, and several requests in turn that take their time.
pub const HANGS: Duration = Duration::from_secs(75);

/// A column of the table: a name and what is wrong with the endpoint.
pub struct Column {
    pub name: String,
    pub mode: Mode,
    pub setting: Setting,
}

/// Every mode as it is meant.
pub fn modes() -> Vec<Column> {
    let column = |(mode, name): (Mode, &str)| Column {
        name: name.to_owned(),
        mode,
        setting: Setting {
            // So far behind that the chain does not get there within the test.
            slots: Some(1_000_000),
            // In turn with 200 it would depend on what else is asked.
            status: Some(200),
            ..Setting::new(mode)
        },
    };
    Mode::ALL.into_iter().map(column).collect()
}

/// What goes wrong for all requests goes wrong for the first one already: the same once something was sent.
pub fn modes_once_sent() -> Vec<Column> {
    let always = Some(1);
    let column = |name: &str, setting: Setting| Column {
        name: format!("{name} once sent"),
        mode: setting.mode,
        setting: setting.once_sent(),
    };
    vec![
        column("truncates", Setting::new(Mode::Truncates)),
        column(
            "truncates the JSON",
            Setting {
                cut: Cut::Short,
                ..Setting::new(Mode::Truncates)
            },
        ),
        column(
            "status-429",
            Setting {
                every: always,
                ..Setting::new(Mode::Status429)
            },
        ),
        column("status-503", Setting::new(Mode::Status503)),
        column(
            "html",
            Setting {
                status: Some(502),
                ..Setting::new(Mode::Html)
            },
        ),
        column("never", Setting::new(Mode::Never)),
        column(
            "lags with statuses",
            Setting {
                slots: Some(1_000_000),
                ..Setting::new(Mode::Lags).only(&["getSignatureStatuses"])
            },
        ),
    ]
}

/// Runs a command through the endpoint. It ends, without a panic, and shows no key.
pub fn run(earnout: &Earnout, hostile: &Hostile, words: &[String], violations: &Violations) -> Finished {
    let url = format!("{}/v2/{SECRET}?api-key={SECRET}", hostile.url);
    let connection = ["-u", &url, "--rpc-timeout", TIMEOUT, "--wait", WAIT].map(str::to_owned);
    let (finished, time) = earnout.run_within(&[words, &connection].concat(), HANGS);
    violations.unless(finished.code.is_some(), || {
        format!("it hangs after {time:?}: {finished:#?}")
    });
    let shows = |what: &str| finished.stdout.contains(what) || finished.stderr.contains(what);
    violations.unless(!shows(SECRET), || format!("a key is shown: {finished:#?}"));
    violations.unless(!shows("panicked at"), || format!("a panic: {finished:#?}"));
    finished
}

/// Does `work` for all of them, so many at a time, and collects what is wrong with any.
pub fn in_parallel<T: Sync>(threads: usize, items: &[T], work: impl Fn(&T) + Sync) {
    let next = Mutex::new(items.iter());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(item) = next.lock().expect("no panic while it is held").next() else {
                        return;
                    };
                    work(item);
                }
            });
        }
    });
}

/// Violations of what must hold whatever the table says.
#[derive(Default)]
pub struct Violations(Mutex<Vec<String>>);

impl Violations {
    /// Notes one unless it holds.
    pub fn unless(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.lock().expect("no panic while it is held").push(what());
        }
    }

    /// # Panics
    /// If there are any.
    pub fn none(self) {
        let mut all = self.0.into_inner().expect("no panic while it is held");
        all.sort();
        assert!(all.is_empty(), "{} violations:\n{}", all.len(), all.join("\n"));
    }
}

/// Outcomes of one kind of clients: by command and outcome, the columns.
#[derive(Default)]
pub struct Table(Mutex<BTreeMap<String, BTreeMap<String, Vec<String>>>>);

impl Table {
    pub fn note(&self, command: &str, column: &str, outcome: String) {
        let mut table = self.0.lock().expect("no panic while it is held");
        let columns = table.entry(command.to_owned()).or_default().entry(outcome).or_default();
        columns.push(column.to_owned());
        columns.sort();
    }

    /// Writes the part `name` of `outcomes.txt` if `UPDATE_EXPECT` is set, else looks that it has every command and
    /// mode. What must hold of an outcome is asserted where it is noted; which of the right words a command ends with
    /// can depend on how busy the machine is.
    ///
    /// # Errors
    /// If the file lacks something, or has what there is not.
    pub fn compare(self, name: &str) -> Result<(), String> {
        /// Tests run side by side.
        static FILE: Mutex<()> = Mutex::new(());
        let table = self.0.into_inner().expect("no panic while it is held");
        let mut part = String::new();
        for (command, outcomes) in &table {
            writeln!(part, "{command}").expect("memory");
            for (outcome, columns) in outcomes {
                writeln!(part, "    {outcome}\n        {}", columns.join(", ")).expect("memory");
            }
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/outcomes.txt");
        let _guard = FILE.lock();
        let text = fs::read_to_string(&file).unwrap_or_default();
        let mut parts: BTreeMap<_, _> = text.split("# ").filter_map(|part| part.split_once(":\n")).collect();
        if env::var_os("UPDATE_EXPECT").is_some() {
            parts.insert(name, &part);
            let parts = parts.into_iter().map(|(name, part)| format!("# {name}:\n{part}"));
            fs::write(&file, parts.collect::<String>()).expect("a file of this folder");
            return Ok(());
        }
        let golden = parts.get(name).copied().unwrap_or_default();
        let (run, written) = (places(&part), places(golden));
        let differing: Vec<_> = run.symmetric_difference(&written).collect();
        (differing.is_empty() && !written.is_empty())
            .then_some(())
            .ok_or_else(|| {
                let file = file.display();
                format!("`{name}` in {file} differs in {differing:?}; UPDATE_EXPECT=1 writes it:\n{part}")
            })
    }
}

/// Each command and mode of a part of the table.
fn places(part: &str) -> BTreeSet<(&str, &str)> {
    let (mut command, mut places) = ("", BTreeSet::new());
    for line in part.lines() {
        match line.strip_prefix("        ") {
            Some(columns) => places.extend(columns.split(", ").map(|column| (command, column))),
            None if !line.starts_with(' ') => command = line,
            None => (),
        }
    }
    places
}

/// The first words of what a command says on standard error, without what differs from run to run.
pub fn first_words(finished: &Finished) -> String {
    let error = finished.stderr.lines().find_map(|line| line.strip_prefix("error: "));
    let said = error.or(finished.stderr.lines().next()).unwrap_or_default();
    let words = said.split_whitespace().map(masked).take(12);
    words.collect::<Vec<_>>().join(" ")
}

/// A word without keys, ports and numbers.
fn masked(word: &str) -> String {
    let (mut text, mut run) = (String::new(), String::new());
    for character in word.chars().chain([' ']) {
        if character.is_ascii_alphanumeric() {
            run.push(character);
            continue;
        }
        match run.len() {
            0 => (),
            32.. => text.push_str("KEY"),
            _ if run.bytes().all(|byte| byte.is_ascii_digit()) => text.push('N'),
            _ => text.push_str(&run),
        }
        run.clear();
        text.push(character);
    }
    text.trim_end().to_owned()
}
