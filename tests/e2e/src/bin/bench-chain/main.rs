//! What whole plans take: `cargo xtask bench-chain` builds everything and runs this. It prints the tables of
//! `docs/performance.md`, and with `--write` puts them and their picture there. What has to hold for every number of
//! grants (transactions, bytes, memory) is checked, and ends it with an error; times are only told.
//!
//! Plans of all sizes are on the embedded chain, since the local chain's time grows with the square of their accounts.
//! With `--check` one plan is on the local chain.

mod extras;
mod figures;
mod oracle;
mod picture;
mod process;
mod report;
mod scale;

use {
    earnout_e2e::Chain,
    figures::Figures,
    std::{env, path::PathBuf},
};

/// Grants of the largest plan, unless the command line says otherwise.
const MANY: u32 = 100_000;

/// Grants of the plans before it, which show how everything grows.
const SIZES: [u32; 4] = [1_000, 3_000, 10_000, 30_000];

/// Up to so many grants, a second period is settled in transactions of version 0: what those hold does not depend on
/// the number of grants, but doubles the time of a run.
const BOTH_VERSIONS: u32 = 10_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_set = |name: &str| arguments.iter().any(|argument| argument == name);
    let grants = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--grants="))
        .map_or(MANY, |count| count.parse().expect("--grants=NUMBER"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if is_set("--check") {
        let figures = runtime.block_on(scale::measure(Chain::start(&[]), grants, true));
        println!("{}", report::text(&report::of_sizes(&[figures])));
        return;
    }
    let before = SIZES.into_iter().filter(|size| *size < grants && !is_set("--alone"));
    let sizes = before.chain([grants]);
    let mut all: Vec<Figures> = Vec::new();
    for size in sizes {
        let file = kept().join(format!("{size}.json"));
        let figures = match Figures::read(&file).filter(|_| is_set("--kept")) {
            Some(figures) => figures,
            None => {
                let figures = runtime.block_on(scale::measure(Chain::start_embedded(), size, size <= BOTH_VERSIONS));
                figures.write(&file);
                figures
            }
        };
        all.push(figures);
    }
    let mut tables = report::of_sizes(&all);
    tables.extend(runtime.block_on(extras::tables(&all)));
    let text = report::text(&tables);
    println!("{text}");
    if is_set("--write") {
        report::write(&text);
        picture::write(&all);
    }
}

/// Where the figures of each size are kept, for `--kept`: the largest take long.
fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-chain")
}
