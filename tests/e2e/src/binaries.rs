//! Where the binaries under test are. `cargo xtask e2e` builds them and says it in the environment.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The binary of `app/localnet`: `EARNOUT_LOCALNET`, else where `cargo xtask localnet` leaves it.
///
/// # Panics
/// If it has not been built.
pub fn localnet_binary() -> PathBuf {
    built("EARNOUT_LOCALNET", "earnout-localnet", "cargo xtask e2e")
}

/// The embedded chain behind an endpoint, which is asked as the local chain is: `EARNOUT_EMBEDDED`, else where cargo
/// leaves it.
///
/// # Panics
/// If it has not been built.
pub fn embedded_binary() -> PathBuf {
    built("EARNOUT_EMBEDDED", "embedded-chain", "cargo xtask bench-chain")
}

/// The binary of `app/cli`: `EARNOUT_BIN`, else where cargo leaves it.
///
/// # Panics
/// If it has not been built.
pub fn earnout_binary() -> PathBuf {
    built(
        "EARNOUT_BIN",
        "earnout",
        "cargo xtask e2e, or cargo build --package earnout-cli",
    )
}

/// The binary of `migrations`: `EARNOUT_MIGRATE`, else where cargo leaves it.
///
/// # Panics
/// If it has not been built.
pub fn migrate_binary() -> PathBuf {
    built(
        "EARNOUT_MIGRATE",
        "earnout-migrate",
        "cargo xtask e2e, or cargo build --package earnout-migrations",
    )
}

/// The binary of `app/oracle`: `EARNOUT_ORACLE`, else where cargo leaves it.
///
/// # Panics
/// If it has not been built.
pub fn oracle_binary() -> PathBuf {
    built(
        "EARNOUT_ORACLE",
        "earnout-oracle",
        "cargo xtask e2e, or cargo build --package earnout-oracle",
    )
}

/// The program that the chains load: `EARNOUT_SO`, else what `cargo xtask build` made.
pub fn program_file() -> PathBuf {
    env::var_os("EARNOUT_SO").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/earnout.so"),
        PathBuf::from,
    )
}

fn built(variable: &str, name: &str, how: &str) -> PathBuf {
    let path = env::var_os(variable).map_or_else(|| profile_folder().join(name), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: build it with `{how}`, or name it in {variable}",
        path.display()
    );
    path
}

/// Cargo's folder of this profile: tests run from `deps` in it.
fn profile_folder() -> PathBuf {
    let test = env::current_exe().expect("the running test is a file");
    let deps = test.parent().expect("a file is in a folder");
    deps.parent().unwrap_or(deps).to_path_buf()
}
