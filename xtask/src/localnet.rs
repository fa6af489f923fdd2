//! `cargo xtask localnet`: the local chain's binary, which takes long to compile, from a cache that all checkouts
//! share.

use {
    crate::{
        cache::{Cache, Kind},
        installed, paths, program,
        run::{self, LOCALNET as PACKAGE, Run, say},
    },
    anyhow::{Context, Result},
    clap::Args,
    std::{
        ffi::OsString,
        fs,
        path::{Path, PathBuf},
        process::Command,
        time::SystemTime,
    },
};

/// Arguments of `localnet`.
#[derive(Args)]
pub struct Localnet {
    /// Print where the binary is instead of running it
    #[arg(long)]
    print_path: bool,
    /// Arguments of the local chain: start, warp, clock, airdrop, stop, --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Localnet {
    /// Builds what is missing and runs it in the caller's directory; returns its exit code.
    pub fn run(self) -> Result<u8> {
        let binary = build()?;
        if self.print_path {
            say(format_args!("{}", binary.display()));
            return Ok(0);
        }
        if self.arguments.first().is_some_and(|command| command == "start") {
            program::build_quietly()?;
        }
        Command::new(binary)
            .args(self.arguments)
            .env("EARNOUT_SO", paths::program_so())
            .exit_code("running the local chain")
    }
}

/// Builds the binary and puts a copy beside the workspace's other binaries; says nothing where it is fresh.
pub fn build() -> Result<PathBuf> {
    let cache = cache()?;
    cargo(&cache, "build", &[], "building the local chain")?;
    let place = installed::target_dir()?.join("debug").join(PACKAGE);
    copy_if_newer(&cache.dir().join("debug").join(PACKAGE), &place)?;
    Ok(place)
}

/// Lints and tests the package itself; end-to-end tests are a package of their own. Its documentation would take as
/// long as all of this: every package below it would be checked once more.
pub fn check() -> Result<()> {
    let cache = cache()?;
    cargo(
        &cache,
        "build",
        &["--all-targets"],
        "compiling and linting the local chain",
    )?;
    cargo(&cache, "test", &[], "testing the local chain").map(|output| print!("{output}"))
}

/// The target directory of the local chain.
fn cache() -> Result<Cache> {
    Cache::open(Kind {
        name: "localnet",
        workspace: paths::root(),
        target: None,
        first_use: "compiling the local chain, about 900 packages, 3 GB on disk, 10 minutes on two cores",
    })
}

/// Runs a cargo command on the package, linting it, with its progress shown; returns what it printed.
fn cargo(cache: &Cache, command: &str, options: &[&str], doing: &str) -> Result<String> {
    let mut cargo = cache.cargo(command);
    cargo.args(["--package", PACKAGE]).args(options);
    run::lint(&mut cargo);
    run::with_progress(&mut cargo, doing)
}

/// Copies a binary whose copy is missing or older. A chain that runs from the copy is not disturbed.
fn copy_if_newer(from: &Path, to: &Path) -> Result<()> {
    let written = |path: &Path| -> Option<SystemTime> { fs::metadata(path).and_then(|file| file.modified()).ok() };
    if written(to) > written(from) {
        return Ok(());
    }
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let unfinished = to.with_extension("tmp");
    fs::copy(from, &unfinished)
        .with_context(|| format!("cannot copy {} to {}", from.display(), unfinished.display()))?;
    fs::rename(&unfinished, to).with_context(|| format!("cannot write {}", to.display()))
}
