//! Running the built demo, and the files it reads and writes.

#![allow(dead_code)] // Each test file uses a part.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../contributions/anchor-contributions.csv");
pub const TEAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../team");

/// Runs the demo.
pub fn demo<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    let demo = env!("CARGO_BIN_EXE_earnout-demo");
    Command::new(demo).args(arguments).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// An empty folder of this name.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(concat!("demo-", env!("CARGO_CRATE_NAME")))
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
