//! `cargo xtask test`: everything CI runs.

use {
    crate::{
        bench::Bench,
        e2e::EndToEnd,
        frame,
        fuzz::Fuzz,
        hygiene, localnet,
        program::Build,
        run::{self, Run, say},
        runtimes,
        size::Size,
        web,
    },
    anyhow::{Context, Result, bail},
    clap::{Args, ValueEnum},
    std::{process::Command, time::Instant},
};

/// What is checked, in the order of what it costs: the first failure ends the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Stage {
    /// Nothing of one machine is committed; program id and version pins agree; links lead somewhere; no modules in a
    /// ring
    Hygiene,
    /// Formatting
    Fmt,
    /// The arithmetic alone, without what others ask of its dependencies: compiles, without a lint
    Core,
    /// The frame under the program, with a checker of every access to memory
    Frame,
    /// The fuzz targets: format, their committed inputs and some thousand changed ones each
    Fuzz,
    /// Everything compiles, without a lint
    Clippy,
    /// Documentation, warnings refused
    Docs,
    /// The program builds, and its committed IDL is current
    Program,
    /// Tests of the program, the libraries and the tools, on the built program
    Tests,
    /// The program on Anchor's runtime: its tests, and that both builds do the same
    Runtimes,
    /// Compute units and size within their limits
    Bench,
    /// The web app: generated client current, types, lints, tests on the built program, size of the first load
    Web,
    /// The local chain: lints and tests
    Localnet,
    /// The built binaries against a local chain, and what a plan of many grants takes
    E2e,
    /// The web app in Chromium against a local chain
    Browser,
}

/// The crates whose documentation is read. Those that only tests need are left out: documenting a crate checks all that
/// it depends on once more.
const DOCUMENTED: [&str; 6] = [
    "earnout",
    "earnout-core",
    "earnout-frame",
    "earnout-sdk",
    "earnout-cli",
    "earnout-oracle",
];

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

    /// Runs it.
    ///
    /// # Errors
    /// What failed, in words.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Hygiene => hygiene::check(),
            Self::Fmt => run::format("--all").run("checking the format"),
            Self::Core => cargo(&["clippy", "--locked", "--package", "earnout-core", "--all-targets"])
                .args(["--", "-D", "warnings"])
                .run("linting earnout-core"),
            Self::Frame => frame::check(),
            Self::Fuzz => {
                run::format("--manifest-path=fuzz/Cargo.toml").run("checking the format of the fuzz targets")?;
                Fuzz::short().run()
            }
            Self::Clippy => run::linting_everything().run("compiling and linting the workspace"),
            Self::Docs => cargo(&["doc", "--locked", "--no-deps"])
                .args(DOCUMENTED.iter().flat_map(|package| ["--package", package]))
                .env("RUSTDOCFLAGS", "-D warnings")
                .run("documenting the program and its clients"),
            Self::Program => Build::checked().run(),
            Self::Tests => run::linting("test").run("testing the workspace"),
            Self::Runtimes => runtimes::check(),
            Self::Bench => match Bench::check().run()? {
                0 => Size::checked().run(),
                code => bail!("the bench ended with exit code {code}: see above"),
            },
            Self::Web => web::check(),
            Self::Localnet => localnet::check(),
            Self::E2e => EndToEnd::check(),
            Self::Browser => web::browse(),
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
