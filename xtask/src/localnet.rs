//! `cargo xtask localnet`: the local chain's binary, which takes long to compile, from a cache that all checkouts share.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::{
    paths, program,
    run::{self, Run, say},
};

/// The package of the local chain.
pub const PACKAGE: &str = "earnout-localnet";

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
    let cache = Cache::open()?;
    cache.cargo("build", &[], &[], "building the local chain")?;
    let place = paths::target_dir()?.join("debug").join(PACKAGE);
    copy_if_newer(&cache.dir.join("debug").join(PACKAGE), &place)?;
    Ok(place)
}

/// Lints, documents and tests the package itself; end-to-end tests are a package of their own.
pub fn check() -> Result<()> {
    let cache = Cache::open()?;
    let warnings = ["--", "-D", "warnings"];
    cache.cargo("clippy", &["--all-targets"], &warnings, "linting the local chain")?;
    cache.cargo("doc", &["--no-deps"], &[], "documenting the local chain")?;
    cache
        .cargo("test", &[], &[], "testing the local chain")
        .map(|output| print!("{output}"))
}

/// Cargo's target directory for the local chain, held for this process.
///
/// It is of one compiler. Cargo itself tells what in it is fresh, so that a dependency that changes is all that is built
/// again, and a dependency of another package is not even looked at.
struct Cache {
    dir: PathBuf,
    _lock: File,
}

impl Cache {
    /// Opens it for this checkout.
    fn open() -> Result<Self> {
        let all = paths::cache_dir()?;
        let prefix = "localnet-rust-";
        let name = format!("{prefix}{}", paths::rustc_release()?);
        let dir = all.join(&name);
        let new = !dir.join("debug").exists();
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let cache = Self {
            _lock: lock(&dir)?,
            dir,
        };
        if new {
            eprintln!(
                "First use: compiling the local chain, about 900 packages, into {}\n\
                 (3 GB on disk, 10 minutes on two cores; all checkouts share it; delete the directory to be rid of it).",
                cache.dir.display()
            );
            // What older compilers left is of no use any more.
            for entry in fs::read_dir(&all).with_context(|| format!("cannot read {}", all.display()))? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(prefix) && *entry.file_name() != *OsStr::new(&name) {
                    let old = entry.path();
                    fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
                }
            }
        }
        cache.claim()?;
        Ok(cache)
    }

    /// Makes sure that what is built of the workspace's own packages is built of this checkout's.
    ///
    /// Cargo names what it builds by paths relative to the workspace, and tells by time whether it is fresh. So it would
    /// take what another checkout has left for this one's.
    fn claim(&self) -> Result<()> {
        let note = self.dir.join("checkout");
        let root = paths::root();
        let ours = root.to_string_lossy();
        match fs::read_to_string(&note) {
            Ok(of) if of == ours => return Ok(()),
            Ok(_) => {
                let mut clean = run::workspace_cargo();
                clean
                    .args(["clean", "--quiet", "--locked", "--target-dir"])
                    .arg(&self.dir);
                for package in own_packages()? {
                    clean.args(["--package", &package]);
                }
                clean.stdout_of("removing what another checkout has built")?;
            }
            // A new directory.
            Err(_) => (),
        }
        fs::write(&note, ours.as_bytes()).with_context(|| format!("cannot write {}", note.display()))
    }

    /// Runs a cargo command on the package, with its progress shown; returns what it printed.
    fn cargo(&self, command: &str, options: &[&str], rest: &[&str], doing: &str) -> Result<String> {
        let mut cargo = run::workspace_cargo();
        cargo
            .args([command, "--locked", "--package", PACKAGE, "--target-dir"])
            .arg(&self.dir)
            .args(options)
            .args(rest)
            .env("RUSTDOCFLAGS", "-D warnings");
        run::with_progress(&mut cargo, doing)
    }
}

/// One at a time, because a build of another checkout would change what this one is about to copy.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => return Ok(lock),
        Err(TryLockError::WouldBlock) => eprintln!("waiting for another build of the local chain to end"),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(lock)
}

/// The names of the workspace's packages.
fn own_packages() -> Result<Vec<String>> {
    let text = run::workspace_cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--offline", "--locked"])
        .stdout_of("asking cargo for the workspace's packages")?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata did not print JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let names = packages.iter().filter_map(|package| package["name"].as_str());
    Ok(names.map(str::to_owned).collect())
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
