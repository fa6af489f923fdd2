//! Measures the built program and keeps `docs/compute-units.md` up to date; `--check` compares instead, for CI.

mod rent;
mod report;
mod scenarios;

use {
    report::Report,
    std::{fs, path::Path, process::ExitCode},
};

fn main() -> ExitCode {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => {
            eprintln!("error: unknown argument {other}; the bench takes --check or nothing");
            return ExitCode::from(2);
        }
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compute-units.md");
    let report = Report::measure();
    println!("{}", report.tables());
    let problems = if check {
        report.compare(&fs::read_to_string(&page).unwrap_or_default())
    } else {
        let written = report.written_into(&fs::read_to_string(&page).unwrap_or_default());
        match written.and_then(|text| fs::write(&page, text).map_err(|error| error.to_string())) {
            Ok(()) => report.over_ceiling(),
            Err(error) => vec![format!("cannot write docs/compute-units.md: {error}")],
        }
    };
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
