//! Where things are in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::{self, Run};

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

/// The one built program that tests, demo and bench load, whoever built it.
pub fn program_so() -> PathBuf {
    root().join("target/deploy/earnout.so")
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

/// `path` as a reader wants it: relative to the workspace where it lies inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
