//! The workspace's tasks: `cargo xtask build`, `check`, `test`, `demo`, `bench`, `bench-chain`, `localnet`, `migrate`,
//! `e2e`, `size`, `fuzz`, `mutants`.

mod bench;
mod bench_chain;
mod cache;
mod check;
mod demo;
mod deny;
mod dependencies;
mod documents;
mod e2e;
mod frame;
mod fuzz;
mod hygiene;
mod idl;
mod installed;
mod localnet;
mod migrate;
mod mutants;
mod paths;
mod program;
mod prose;
mod rings;
mod run;
mod runtimes;
mod sbf;
mod services;
mod size;
mod suite;
mod web;

use {
    anyhow::Result,
    clap::{Parser, Subcommand},
    std::process::ExitCode,
};

/// Build, demo, test and bench of the Earnout workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the program (target/deploy/earnout.so) and its IDL (idl/earnout.json)
    Build(program::Build),
    /// Check what changed, in about a minute: format, lints, modules, the touched tests
    Check(check::Check),
    /// Run everything CI runs, cheap stages first
    Test(suite::Test),
    /// Play the whole life of a plan on an embedded chain; takes the demo's own arguments
    #[command(disable_help_flag = true)]
    Demo(demo::Demo),
    /// Measure the program's compute units and size, or check them against their limits
    #[command(disable_help_flag = true)]
    Bench(bench::Bench),
    /// Measure whole plans on a local chain: import, settlements, claims, statement
    BenchChain(bench_chain::BenchChain),
    /// Run the local chain: start, warp, clock, airdrop, stop; takes the chain's own arguments
    #[command(disable_help_flag = true)]
    Localnet(localnet::Localnet),
    /// Run a step of migrations/ with the program built here; takes the step's own arguments
    #[command(disable_help_flag = true)]
    Migrate(migrate::Migrate),
    /// Run the tests that start a local chain and drive the built binaries
    E2e(e2e::EndToEnd),
    /// List the program's functions by what they take of its size, upstream's compiler only
    Size(size::Size),
    /// Fuzz the arithmetic and what reads foreign bytes
    Fuzz(fuzz::Fuzz),
    /// Switch off the program's checks one after the other: a test must notice each
    Mutants(mutants::Mutants),
    #[command(name = idl::PRINT, hide = true)]
    PrintIdl {
        /// Features of the program
        #[arg(long)]
        feature: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<u8> {
    match task {
        Task::Build(build) => build.run().map(|()| 0),
        Task::Check(check) => check.run().map(|()| 0),
        Task::Test(test) => test.run().map(|()| 0),
        Task::Demo(demo) => demo.run(),
        Task::Bench(bench) => bench.run(),
        Task::BenchChain(bench) => bench.run(),
        Task::Localnet(localnet) => localnet.run(),
        Task::Migrate(migrate) => migrate.run(),
        Task::E2e(e2e) => e2e.run(),
        Task::Size(size) => size.run().map(|()| 0),
        Task::Fuzz(fuzz) => fuzz.run().map(|()| 0),
        Task::Mutants(mutants) => mutants.run(),
        Task::PrintIdl { feature } => idl::print(&feature).map(|()| 0),
    }
}
