//! `cargo xtask e2e`: the tests that start a local chain and drive the built binaries.

use std::ffi::OsString;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    installed, localnet, program,
    run::{self, Run},
    services,
};

/// The packages whose binaries are driven.
const BINARIES: [&str; 3] = ["earnout-cli", "earnout-migrations", "earnout-oracle"];

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
        for package in BINARIES {
            let mut build = run::workspace_cargo();
            build.args(["build", "--locked", "--package", package, "--bins"]);
            run::with_progress(&mut build, &format!("building {package}"))?;
        }
        let mut test = run::workspace_cargo();
        test.args(["test", "--locked", "--package", "earnout-e2e"]);
        for file in &self.files {
            test.args(["--test", file]);
        }
        let built = installed::target_dir()?.join("debug");
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
