//! The whole life of a plan on an embedded chain: a team of three over a year, or a contributor programme computed from
//! a contribution record. `cargo xtask demo --help` says what can be asked for, `examples/contributions/README.md`
//! states the rules of the contributor programme.

mod args;
mod contributions;
mod json;
mod life;
mod moves;
mod picture;
mod programme;
mod progress;
mod quarter;
mod record;
mod stage;
mod statement;
mod table;
mod team;
mod units;
mod value;
mod words;

use {
    anyhow::Result,
    args::Args,
    clap::Parser,
    earnout_sdk::terms::plan_file::Mistakes,
    std::{
        io::{self, Write},
        process::ExitCode,
    },
};

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = io::stdout().lock();
    match run(&args, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<Mistakes>() {
            Some(mistakes) => {
                report(mistakes);
                ExitCode::from(2)
            }
            None => {
                eprintln!("error: {error:#}");
                ExitCode::from(1)
            }
        },
    }
}

fn run(args: &Args, out: &mut dyn Write) -> Result<()> {
    args.check()?;
    match &args.contributions {
        Some(file) => contributions::run(args, file, out),
        None => team::run(args, out),
    }
}

/// A line for each mistake in an input.
fn report(mistakes: &Mistakes) {
    for mistake in &mistakes.mistakes {
        let line = mistake.line.map_or_else(String::new, |line| format!(":{line}"));
        eprintln!("error: {}{line}: {}", mistakes.file.display(), mistake.what);
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
