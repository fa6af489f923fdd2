//! `cargo xtask test`: everything CI runs.

use std::{process::Command, time::Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    bench::Bench,
    hygiene,
    program::Build,
    run::{self, Run, say},
};

/// What is checked, in the order of what it costs: the first failure ends the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
enum Stage {
    /// Nothing of one machine is committed; program id and version pins agree
    Hygiene,
    /// Formatting
    Fmt,
    /// Lints and tests of the arithmetic alone
    Core,
    /// Lints of the workspace
    Clippy,
    /// Documentation, warnings refused
    Docs,
    /// The program builds, and its committed IDL is current
    Program,
    /// All tests, on the built program
    Tests,
    /// Compute units and size within their limits
    Bench,
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    fn help(self) -> String {
        self.to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_default()
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Hygiene => hygiene::check(),
            Self::Fmt => cargo(&["fmt", "--all", "--check"]).run("checking the format (`cargo fmt --all` repairs it)"),
            Self::Core => {
                let core = ["--locked", "--package", "earnout-core"];
                cargo(&["clippy"])
                    .args(core)
                    .args(["--all-targets", "--", "-D", "warnings"])
                    .run("linting earnout-core")?;
                cargo(&["test"]).args(core).run("testing earnout-core")
            }
            Self::Clippy => cargo(&["clippy", "--locked", "--workspace", "--all-targets"])
                .args(["--", "-D", "warnings"])
                .run("linting the workspace"),
            Self::Docs => cargo(&["doc", "--locked", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings")
                .run("documenting the workspace"),
            Self::Program => Build::checked().run(),
            Self::Tests => cargo(&["test", "--locked", "--workspace"]).run("testing the workspace"),
            Self::Bench => match Bench::check().run()? {
                0 => Ok(()),
                code => bail!("the bench ended with exit code {code}: see above"),
            },
        }
    }
}

/// Arguments of `test`.
#[derive(Args)]
pub struct Test {
    /// Run one stage; may be given again
    #[arg(long, value_enum, value_name = "STAGE", conflicts_with = "from")]
    only: Vec<Stage>,
    /// Begin with this stage
    #[arg(long, value_enum, value_name = "STAGE")]
    from: Option<Stage>,
    /// List the stages
    #[arg(long)]
    list: bool,
}

impl Test {
    /// Runs the chosen stages up to the first that fails.
    pub fn run(self) -> Result<()> {
        let stages: Vec<Stage> = Stage::value_variants()
            .iter()
            .copied()
            .filter(|stage| self.only.is_empty() || self.only.contains(stage))
            .filter(|stage| self.from.is_none_or(|from| *stage >= from))
            .collect();
        if self.list {
            for stage in stages {
                say(format_args!("{:8} {}", stage.name(), stage.help()));
            }
            return Ok(());
        }
        let begin = Instant::now();
        for stage in &stages {
            let name = stage.name();
            say(format_args!("\n==> {name}: {}", stage.help()));
            let stage_begin = Instant::now();
            stage
                .run()
                .with_context(|| format!("stage `{name}` failed (again alone: cargo xtask test --only {name})"))?;
            say(format_args!("==> {name}: {:.1} s", stage_begin.elapsed().as_secs_f64()));
        }
        say(format_args!(
            "\n==> {} stages in {:.0} s",
            stages.len(),
            begin.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = run::workspace_cargo();
    command.args(arguments);
    command
}
