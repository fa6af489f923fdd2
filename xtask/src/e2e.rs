//! `cargo xtask e2e`: the tests that start a local chain and drive the built binaries.

use std::{ffi::OsString, fs, num::NonZero, thread};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    installed, localnet, paths, program,
    run::{self, Run},
    services,
};

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
        services::install()?;
        program::build_quietly()?;
        let localnet = localnet::build()?;
        run::with_progress(&mut run::linting_everything(), "building the commands and the tests")?;
        let mut test = run::linting("test");
        let files = if self.files.is_empty() { all()? } else { self.files };
        for file in &files {
            test.args(["--test", file]);
        }
        let built = installed::target_dir()?.join("debug");
        // The tests wait for blocks most of the time.
        let threads = thread::available_parallelism().map_or(1, NonZero::get) * 2;
        test.env("RUST_TEST_THREADS", threads.to_string());
        test.arg("--")
            .args(self.arguments)
            .env("EARNOUT_LOCALNET", localnet)
            .env("EARNOUT_BIN", built.join("earnout"))
            .env("EARNOUT_MIGRATE", built.join("earnout-migrate"))
            .env("EARNOUT_ORACLE", built.join("earnout-oracle"))
            .exit_code("running the end-to-end tests")
    }

    /// All of them, as a stage of the suite.
    pub fn check() -> Result<()> {
        match Self::default().run()? {
            0 => Ok(()),
            code => bail!("the end-to-end tests ended with exit code {code}: see above"),
        }
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
