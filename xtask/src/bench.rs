//! `cargo xtask bench`: builds the program and measures it.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;

use crate::{
    program,
    run::{self, Run},
};

/// Arguments of `bench`: everything is the bench's.
#[derive(Args)]
pub struct Bench {
    /// Arguments of the bench; `--check` compares with the committed limits
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Bench {
    /// The comparison CI runs.
    pub fn check() -> Self {
        Self {
            arguments: vec!["--check".into()],
        }
    }

    /// Runs it; returns its exit code.
    pub fn run(self) -> Result<u8> {
        program::build_quietly()?;
        let bench = ["--locked", "--package", "earnout-tests", "--bin", "bench"];
        run::with_progress(run::workspace_cargo().arg("build").args(bench), "building the bench")?;
        run::workspace_cargo()
            .args(["run", "--quiet"])
            .args(bench)
            .arg("--")
            .args(self.arguments)
            .exit_code("running the bench")
    }
}
