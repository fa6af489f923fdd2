//! Where things are in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::{self, Run};

/// Names the cache directory; without it, `earnout` in the user's cache.
const CACHE: &str = "EARNOUT_CACHE";

/// The workspace root.
///
/// `cargo run` says at run time where the crate is, so that a checkout that was moved together with its `target` still
/// works; the path known at compile time serves a binary that is started by hand.
pub fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|dir| dir.join("sbf/link.sh").is_file())
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// The program's crate.
pub fn program_crate() -> PathBuf {
    root().join("programs/earnout")
}

/// The crate of a program that only tests use.
pub fn test_program_crate(name: &str) -> PathBuf {
    root().join("tests/programs").join(name)
}

/// The one built program that tests, demo and bench load, whoever built it.
pub fn program_so() -> PathBuf {
    root().join("target/deploy/earnout.so")
}

/// The same program on Anchor's runtime.
pub fn anchor_program_so() -> PathBuf {
    root().join("target/deploy/earnout_anchor.so")
}

/// A built program that only tests use.
pub fn test_program_so(name: &str) -> PathBuf {
    root().join(format!("target/deploy/earnout_test_{name}.so"))
}

/// The committed interface description of the program.
pub fn idl_json() -> PathBuf {
    root().join("idl/earnout.json")
}

/// Cargo's target directory, which the environment or a configuration file may have moved.
pub fn target_dir() -> Result<PathBuf> {
    let text = run::cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .args(["--locked", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .stdout_of("asking cargo for its target directory")?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata did not print JSON")?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata names no target directory")
}

/// Where what takes long to make is kept, for all checkouts of this user.
pub fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os(CACHE).filter(|dir| !dir.is_empty()) {
        return std::path::absolute(&dir).with_context(|| format!("{CACHE} is no usable path: {}", dir.display()));
    }
    if let Some(dir) = env::var_os("XDG_CACHE_HOME").map(PathBuf::from)
        && dir.is_absolute()
    {
        return Ok(dir.join("earnout"));
    }
    env::home_dir()
        .map(|home| home.join(".cache/earnout"))
        .with_context(|| format!("no home directory to keep builds in: set {CACHE} to a directory"))
}

/// The version of the compiler, of which everything in the cache is.
pub fn rustc_release() -> Result<String> {
    let text = Command::new("rustc")
        .arg("-vV")
        .stdout_of("asking rustc for its version")?;
    text.lines()
        .find_map(|line| line.strip_prefix("release: "))
        .map(str::to_owned)
        .context("rustc -vV printed no release")
}

/// `path` as a reader wants it: relative to the workspace where it lies inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
