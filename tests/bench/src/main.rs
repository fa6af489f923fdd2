//! Measures the built program and keeps `docs/compute-units.md` up to date; `--check` compares instead, for CI.

mod rent;
mod report;
mod scenarios;

use {
    earnout_tests::ceilings::Runtime,
    report::Report,
    std::{fs, path::Path, process::ExitCode},
};

fn main() -> ExitCode {
    let (mut check, mut runtime) = (false, Runtime::Frame);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            "--anchor" => runtime = Runtime::Anchor,
            other => {
                eprintln!(
                    "error: unknown argument {other}; the bench takes --check, and --anchor for that runtime's tables"
                );
                return ExitCode::from(2);
            }
        }
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compute-units.md");
    let report = Report::measure(runtime);
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
