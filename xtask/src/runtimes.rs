//! The program on Anchor's runtime: the tests of the program run on it too, and random calls are sent to both builds.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    program::{Build, Runtime},
    run::{self, Run},
};

/// The package of the program's tests.
const TESTS: &str = "earnout-tests";

/// What CI runs. The program on the frame must have been built.
pub fn check() -> Result<()> {
    // From the same source and with the same interface description, which is checked.
    Build::checked_with(Runtime::Anchor).run()?;
    let names = test_names()?;
    let names = names.iter().flat_map(|name| ["--test", name]);
    run::linting("test")
        .args(names)
        .env("EARNOUT_SO", Runtime::Anchor.place())
        .run("testing the program on Anchor's runtime")?;
    run::linting("test")
        .args(["--test", "differential", "--", "--ignored", "--nocapture"])
        .env("EARNOUT_SO", Runtime::Frame.place())
        .env("EARNOUT_SO_ANCHOR", Runtime::Anchor.place())
        .run("comparing the program on both runtimes")
}

/// Names of the test targets of the program's tests.
fn test_names() -> Result<Vec<String>> {
    let text = run::workspace_cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--offline", "--locked"])
        .stdout_of("asking cargo for the tests")?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata did not print JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let package = packages.iter().find(|package| package["name"] == TESTS);
    let targets = package.and_then(|package| package["targets"].as_array());
    let targets = targets.with_context(|| format!("cargo metadata names no {TESTS}"))?;
    let tests = targets.iter().filter(|target| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "test"))
    });
    Ok(tests
        .filter_map(|test| test["name"].as_str())
        .map(str::to_owned)
        .collect())
}
