//! `cargo xtask migrate`: builds the program and runs the steps of `migrations/` with it.

use {
    crate::{
        paths, program,
        run::{self, Run},
    },
    anyhow::Result,
    clap::Args,
    std::ffi::OsString,
};

/// Arguments of `migrate`: everything is the steps'.
#[derive(Args)]
pub struct Migrate {
    /// A step and its arguments; --help lists the steps
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Migrate {
    /// Runs it in the caller's directory, so that relative paths mean what the caller meant; returns its exit code.
    pub fn run(self) -> Result<u8> {
        program::build_quietly()?;
        let migrations = ["--locked", "--package", "earnout-migrations", "--manifest-path"];
        let manifest = paths::root().join("Cargo.toml");
        let mut build = run::cargo();
        build.arg("build").args(migrations).arg(&manifest);
        run::with_progress(&mut build, "building the steps")?;
        run::cargo()
            .args(["run", "--quiet"])
            .args(migrations)
            .arg(manifest)
            .arg("--")
            .args(self.arguments)
            .env("EARNOUT_SO", paths::program_so())
            .exit_code("running the step")
    }
}
