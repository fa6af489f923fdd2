//! `cargo xtask demo`: builds the program and runs the demo on it.

use {
    crate::{
        paths, program,
        run::{self, Run},
    },
    anyhow::Result,
    clap::Args,
    std::ffi::OsString,
};

/// Arguments of `demo`: everything is the demo's.
#[derive(Args)]
pub struct Demo {
    /// Arguments of the demo, `--help` included
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Demo {
    /// Runs it in the caller's directory, so that relative paths mean what the caller meant; returns its exit code.
    pub fn run(self) -> Result<u8> {
        program::build_quietly()?;
        let demo = ["--locked", "--package", "earnout-demo", "--manifest-path"];
        let manifest = paths::root().join("Cargo.toml");
        run::with_progress(run::cargo().arg("build").args(demo).arg(&manifest), "building the demo")?;
        run::cargo()
            .args(["run", "--quiet"])
            .args(demo)
            .arg(manifest)
            .arg("--")
            .arg("--program")
            .arg(paths::program_so())
            .args(self.arguments)
            .env("EARNOUT_SO", paths::program_so())
            .exit_code("running the demo")
    }
}
