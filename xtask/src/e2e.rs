//! `cargo xtask e2e`: the tests that start a local chain and drive the built binaries.

use {
    crate::{
        installed, localnet, paths, program,
        run::{self, Run, say},
        services, web,
    },
    anyhow::{Context, Result, anyhow, bail},
    clap::Args,
    std::{ffi::OsString, fs, num::NonZero, path::PathBuf, process::Command, thread},
};

/// The plan of the bench that is part of the suite.
const GRANTS: &str = "--grants=2000";

/// Arguments of `e2e`.
#[derive(Args, Default)]
pub struct EndToEnd {
    /// Which file of tests/e2e/tests, all if none is named; may be given again
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Arguments of the tests: a part of their names, --nocapture
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

impl EndToEnd {
    /// Builds the program, the chain and the binaries, and runs the tests; returns their exit code.
    pub fn run(self) -> Result<u8> {
        let built = Built::new()?;
        let files = if self.files.is_empty() { all()? } else { self.files };
        let mut test = built.tests(&files);
        test.args(self.arguments).exit_code("running the end-to-end tests")
    }

    /// All of them, and a small bench of whole plans, as a stage of the suite. What the endpoint that lies does to
    /// every command takes as long as all others together, and mostly waits: it runs beside them, and is shown after
    /// them.
    pub fn check() -> Result<()> {
        let built = Built::new()?;
        let (lying, others): (Vec<String>, Vec<String>) = all()?.into_iter().partition(|file| file == "hostile");
        let (others, lying) = thread::scope(|scope| {
            let lying = scope.spawn(|| built.tests(&lying).output());
            let others = built.tests(&others).exit_code("running the end-to-end tests");
            (others, lying.join())
        });
        let lying = lying.map_err(|_| anyhow!("lost the tests of the lying endpoint"))??;
        say(format_args!("{}", String::from_utf8_lossy(&lying.stdout)));
        match others? {
            0 if lying.status.success() => built.bench(),
            0 => bail!(
                "the tests of the lying endpoint failed: {}",
                String::from_utf8_lossy(&lying.stderr)
            ),
            code => bail!("the end-to-end tests ended with exit code {code}: see above"),
        }
    }
}

/// What the tests need, built.
struct Built {
    localnet: PathBuf,
    folder: PathBuf,
}

impl Built {
    fn new() -> Result<Self> {
        services::install()?;
        program::build_quietly()?;
        let localnet = localnet::build()?;
        run::with_progress(&mut run::linting_everything(), "building the commands and the tests")?;
        let folder = installed::target_dir()?.join("debug");
        Ok(Self { localnet, folder })
    }

    /// What a plan of some thousand grants takes in transactions, bytes, requests and memory, which has to stay what it
    /// is.
    fn bench(&self) -> Result<()> {
        web::install()?;
        let mut bench = Command::new(self.folder.join("bench-chain"));
        bench.args(["--check", GRANTS]);
        self.name(&mut bench).run("checking what a plan of many grants takes")
    }

    /// Tells a command where everything is.
    fn name<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("EARNOUT_SO", paths::program_so())
            .env("EARNOUT_LOCALNET", &self.localnet)
            .env("EARNOUT_BIN", self.folder.join("earnout"))
            .env("EARNOUT_MIGRATE", self.folder.join("earnout-migrate"))
            .env("EARNOUT_ORACLE", self.folder.join("earnout-oracle"))
    }

    /// The command that runs the tests of these files; their arguments can follow.
    fn tests(&self, files: &[String]) -> Command {
        let mut test = run::linting("test");
        for file in files {
            test.args(["--test", file]);
        }
        // They wait for blocks most of the time.
        let threads = thread::available_parallelism().map_or(1, NonZero::get) * 2;
        test.arg("--").env("RUST_TEST_THREADS", threads.to_string());
        self.name(&mut test);
        test
    }
}

/// All files of tests.
fn all() -> Result<Vec<String>> {
    let folder = paths::root().join("tests/e2e/tests");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|kind| kind == "rs") || path.join("main.rs").exists() {
            names.extend(stem.map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}
