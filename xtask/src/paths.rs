//! Where things are in the workspace.

use {
    anyhow::{Context, Result},
    std::{
        env,
        path::{Path, PathBuf},
    },
};

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

/// Where what takes long to make is kept, for all checkouts of this user.
pub fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os(CACHE).filter(|dir| !dir.is_empty()) {
        return std::path::absolute(&dir).with_context(|| format!("{CACHE} is not a usable path: {}", dir.display()));
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

/// `path` as a reader wants it: relative to the workspace where it lies inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
