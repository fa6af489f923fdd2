//! `cargo xtask bench-chain`: what whole plans take, with the tools as they are handed out.

use {
    crate::{
        installed, localnet, paths, program,
        run::{self, Run},
        web,
    },
    anyhow::Result,
    clap::Args,
    std::{ffi::OsString, process::Command},
};

/// Arguments of `bench-chain`.
#[derive(Args)]
pub struct BenchChain {
    /// Arguments of the bench: --grants=NUMBER of the largest plan, --alone without the smaller ones before it, --kept
    /// to take what an earlier run measured, --write to put tables and picture into docs/performance.md, --check to
    /// measure one plan on the local chain and print no more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl BenchChain {
    /// Builds the program, the chain, the tools and the bench, and runs it; returns its exit code.
    pub fn run(self) -> Result<u8> {
        program::build_quietly()?;
        let localnet = localnet::build()?;
        web::install()?;
        for (package, binary) in [
            ("earnout-cli", "earnout"),
            ("earnout-oracle", "earnout-oracle"),
            ("earnout-e2e", "embedded-chain"),
        ] {
            let mut build = run::workspace_cargo();
            build.args([
                "build",
                "--locked",
                "--profile",
                "cli",
                "--package",
                package,
                "--bin",
                binary,
            ]);
            run::with_progress(&mut build, &format!("building {binary} for speed"))?;
        }
        run::with_progress(&mut run::linting_everything(), "building the bench")?;
        let target = installed::target_dir()?;
        let built = target.join("cli");
        Command::new(target.join("debug/bench-chain"))
            .args(self.arguments)
            .env("EARNOUT_LOCALNET", localnet)
            .env("EARNOUT_EMBEDDED", built.join("embedded-chain"))
            .env("EARNOUT_BIN", built.join("earnout"))
            .env("EARNOUT_ORACLE", built.join("earnout-oracle"))
            .env("EARNOUT_SO", paths::program_so())
            .exit_code("measuring whole plans")
    }
}
