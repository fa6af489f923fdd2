//! What the installed cargo and rustc say of themselves.

use {
    crate::{
        paths::root,
        run::{self, Run},
    },
    anyhow::{Context, Result},
    serde_json::Value,
    std::{path::PathBuf, process::Command},
};

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
