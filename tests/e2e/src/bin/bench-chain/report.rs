//! Tables in Markdown, and their place in the documentation.

use {
    crate::{
        figures::{Figures, Page, Period, Step},
        scale::KPIS,
    },
    earnout_sdk::text::amount,
    std::{fmt::Write, fs, path::PathBuf, time::Duration},
};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench-chain --write` -->";
const END: &str = "<!-- end of figures -->";

/// Lamports of a byte: what mainnet asks, and what it is to ask one day.
const TODAY: u64 = 5_080;
const ONE_DAY: u64 = 696;

const MILLION: u64 = 1_000_000;

/// A table of figures: the first column says what they are.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, what: &str, figures: impl IntoIterator<Item = String>) {
        let row: Vec<String> = std::iter::once(what.to_owned()).chain(figures).collect();
        assert_eq!(row.len(), self.head.len(), "{what}");
        self.rows.push(row);
    }
}

/// What is told of plans of several sizes.
pub fn of_sizes(all: &[Figures]) -> Vec<Table> {
    let largest = all.last().expect("a size");
    vec![growth(all), contributor(all), million(largest)]
}

/// All that was measured, size by size.
fn growth(all: &[Figures]) -> Table {
    let mut table = Table::new(["grants"]);
    table
        .head
        .extend(all.iter().map(|figures| count(figures.grants.into())));
    let mut row = |what: &str, figure: &dyn Fn(&Figures) -> String| table.row(what, all.iter().map(figure));
    let both = |step: &Step| format!("{} / {}", sol(step.rent(TODAY)), sol(step.rent(ONE_DAY)));
    let voted = |figures: &Figures| voted(&figures.period);
    let time = |step: &Step| format!("{}, {}", seconds(step.time), seconds(step.cpu));
    row("`grant import`, seconds, and of its own work", &|of| time(&of.import));
    row("transactions", &|of| count(of.import.transactions));
    row("bytes of accounts", &|of| count(of.import.bytes));
    row("rent, SOL, at 5,080 / at 696 lamports a byte", &|of| both(&of.import));
    row("fees, SOL", &|of| sol(of.import.fees));
    row(
        "values of two KPIs by three daemons, one after the other, seconds",
        &|of| time(&voted(of)),
    );
    row("values a second", &|of| count(values_a_second(of)));
    row("transactions", &|of| count(voted(of).transactions));
    row("bytes of pages", &|of| count(voted(of).bytes));
    row("rent, SOL, at 5,080 / at 696 lamports a byte", &|of| both(&voted(of)));
    row("fees, SOL", &|of| sol(voted(of).fees));
    row("`settle --all`, seconds", &|of| time(&of.period.settle));
    row("transactions", &|of| count(of.period.settle.transactions));
    row("fees, SOL", &|of| sol(of.period.settle.fees));
    row("`claim --all`, everybody has a token account, seconds", &|of| {
        time(&of.period.claim)
    });
    row("transactions", &|of| count(of.period.claim.transactions));
    row("fees, SOL", &|of| sol(of.period.claim.fees));
    row("`plan statement --format csv`, seconds", &|of| time(&of.statement));
    let page = |of: &Figures, figure: &dyn Fn(Page) -> String| of.page.map_or("gives up".to_owned(), figure);
    row("the plan's page in the web app, seconds", &|of| {
        page(of, &|page| time(&page.step))
    });
    row("requests to load it, to see whether it is current", &|of| {
        page(of, &|page| format!("{}, {}", page.calls, page.checks))
    });
    row("bytes of the answers", &|of| page(of, &|page| count(page.bytes)));
    row("peak memory, MB: import", &|of| megabytes(of.import.peak_kib));
    row("a daemon", &|of| megabytes(voted(of).peak_kib));
    row("settle, claim", &|of| {
        let [settle, claim] = [of.period.settle, of.period.claim].map(|step| megabytes(step.peak_kib));
        format!("{settle}, {claim}")
    });
    row("statement", &|of| megabytes(of.statement.peak_kib));
    row("the web app's code in Node", &|of| {
        page(of, &|page| megabytes(page.step.peak_kib))
    });
    table
}

/// What was promised for each contributor and period, and what it is.
fn contributor(all: &[Figures]) -> Table {
    let one = all.last().expect("a size");
    let zero = all.iter().rev().find_map(|of| Some((of, of.version_0.as_ref()?)));
    let mut table = Table::new(["a contributor and period", "goal", "found"]);
    let each = |transactions: u64, grants: u32| decimals(transactions, u64::from(grants));
    let rest = |period: &Period| period.settle.transactions + period.claim.transactions;
    let versions = [
        ("1", "0.02", "0.1", Some((one, &one.period))),
        ("0", "0.1", "0.2", zero),
    ];
    for (version, most_values, most_rest, found) in versions {
        let Some((of, period)) = found else { continue };
        let grants = of.grants;
        let of_grants = format!("version {version}, {} grants", count(grants.into()));
        table.row(
            &format!("transactions for values of two KPIs by three oracles, {of_grants}"),
            [most_values.to_owned(), each(voted(period).transactions, grants)],
        );
        table.row(
            &format!("transactions to settle and to claim, {of_grants}"),
            [most_rest.to_owned(), each(rest(period), grants)],
        );
    }
    let pages = voted(&one.period);
    let kpi = u64::from(one.grants) * u64::try_from(KPIS.len()).expect("a small number");
    for (rate, goal) in [(TODAY, "0.0003"), (ONE_DAY, "–")] {
        table.row(
            &format!("rent of a KPI at {} lamports a byte, SOL", count(rate)),
            [goal.to_owned(), sol(pages.rent(rate).div_ceil(kpi))],
        );
    }
    let fees = pages.fees + one.period.settle.fees + one.period.claim.fees;
    table.row(
        "fees of it all, version 1, SOL",
        ["–".to_owned(), sol(fees.div_ceil(u64::from(one.grants)))],
    );
    table.row(
        "values a second, by one daemon",
        ["420".to_owned(), count(values_a_second(one))],
    );
    table.row(
        &format!("statement of {} grants", count(one.grants.into())),
        [
            "30 s, 500 MB".to_owned(),
            format!(
                "{} s, {} MB",
                seconds(one.statement.time),
                megabytes(one.statement.peak_kib)
            ),
        ],
    );
    if let [first, .., last] = all {
        let names = lines(first).map(|(name, _)| name);
        let growths = lines(first).into_iter().zip(lines(last));
        let growths: Vec<f64> = growths.map(|((_, first), (_, last))| last / first).collect();
        let (worst, name) = growths
            .iter()
            .copied()
            .zip(names)
            .fold((0.0, ""), |worst, next| match next.0 > worst.0 {
                true => next,
                false => worst,
            });
        table.row(
            &format!(
                "time for each of {} grants as a part of that for each of {}",
                count(last.grants.into()),
                count(first.grants.into())
            ),
            ["1.2".to_owned(), format!("{worst:.2} at most ({name})")],
        );
    }
    table
}

/// A million, by what the largest plan took.
fn million(of: &Figures) -> Table {
    let grants = u64::from(of.grants);
    let times = |figure: u64| (u128::from(figure) * u128::from(MILLION)).div_ceil(u128::from(grants));
    let whole = |figure: u64| u64::try_from(times(figure)).expect("a number of 64 bits");
    let pages = voted(&of.period);
    let mut table = Table::new([
        &format!("a million, from the figures of {} grants", count(grants)),
        "transactions",
        "fees, SOL",
        "rent, SOL, at 5,080 / at 696",
    ]);
    let (settle, claim) = (&of.period.settle, &of.period.claim);
    for (what, step) in [
        ("import", &of.import),
        ("values", &pages),
        ("settle", settle),
        ("claim", claim),
    ] {
        let rent = |rate| sol_rounded(whole(step.rent(rate)));
        let rents = match step.bytes {
            0 => "–".to_owned(),
            _ => format!("{} / {}", rent(TODAY), rent(ONE_DAY)),
        };
        table.row(
            what,
            [count(whole(step.transactions)), sol_rounded(whole(step.fees)), rents],
        );
    }
    table
}

/// Seconds for each grant, by what they were spent on.
pub fn lines(of: &Figures) -> [(&'static str, f64); 6] {
    let each = |time: Duration| time.as_secs_f64() / f64::from(of.grants);
    [
        ("import", each(of.import.time)),
        ("values", each(voted(&of.period).time)),
        ("settle", each(of.period.settle.time)),
        ("claim", each(of.period.claim.time)),
        ("statement", each(of.statement.time)),
        (
            "page in the web app",
            of.page.map_or(f64::NAN, |page| each(page.step.time)),
        ),
    ]
}

/// What the daemons took together.
fn voted(period: &Period) -> Step {
    period.values.iter().copied().sum()
}

fn values_a_second(of: &Figures) -> u64 {
    let values = u128::from(of.grants) * (KPIS.len() * of.period.values.len()) as u128;
    let rate = values * 1_000 / voted(&of.period).time.as_millis();
    u64::try_from(rate).expect("a number of 64 bits")
}

/// The tables as Markdown.
pub fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        if !text.is_empty() {
            text.push('\n');
        }
        let rule = " ---: |".repeat(table.head.len() - 1);
        writeln!(text, "| {} |\n| --- |{rule}", table.head.join(" | ")).expect("memory");
        for row in &table.rows {
            writeln!(text, "| {} |", row.join(" | ")).expect("memory");
        }
    }
    text
}

/// Puts the tables into `docs/performance.md`.
///
/// # Panics
/// If it has no place for them.
pub fn write(text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
    let page = fs::read_to_string(&path).expect("docs/performance.md");
    let (before, rest) = page.split_once(BEGIN).expect("a place for the figures");
    let (_, after) = rest.split_once(END).expect("an end of the figures");
    fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}")).expect("docs/performance.md");
}

/// A whole number with its thousands separated.
pub fn count(number: u64) -> String {
    amount::count(number)
}

pub fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// Lamports as SOL.
pub fn sol(lamports: u64) -> String {
    amount::tokens(lamports, 9)
}

/// Lamports as SOL, to the hundredth.
fn sol_rounded(lamports: u64) -> String {
    amount::tokens(lamports.div_ceil(10_000_000), 2)
}

/// KiB as MB, rounded up.
pub fn megabytes(kib: u64) -> String {
    (kib * 1_024).div_ceil(1_000_000).to_string()
}

/// A part of a whole, with four decimals.
fn decimals(part: u64, whole: u64) -> String {
    amount::tokens((part * 10_000).div_ceil(whole), 4)
}
