//! `cargo xtask bench`: builds the program on both runtimes and measures it.

use {
    crate::{
        installed, paths,
        program::{self, Runtime},
        run::{self, Run},
    },
    anyhow::Result,
    clap::Args,
    std::{ffi::OsString, process::Command},
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
        run::with_progress(&mut run::linting_everything(), "building the bench")?;
        let bench = installed::target_dir()?.join("debug/bench");
        for runtime in Runtime::ALL {
            program::build_with(runtime)?;
            let mut command = Command::new(&bench);
            command
                .args(&self.arguments)
                .current_dir(paths::root())
                .env("EARNOUT_SO", runtime.place());
            if runtime == Runtime::Anchor {
                command.arg("--anchor");
            }
            match command.exit_code("running the bench")? {
                0 => {}
                code => return Ok(code),
            }
        }
        Ok(0)
    }
}
