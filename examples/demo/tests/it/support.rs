//! Running the built demo, and the files it reads and writes.

pub mod model;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../contributions/anchor-contributions.csv");
pub const TEAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../team");

pub const USD_PAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../usd-pay");

pub const STRATEGIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../strategies");

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

/// The lines of a text, with runs of spaces made one.
pub fn lines(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(words).collect()
}

/// An empty folder of this name.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Asserts that the demo prints what a document shows of it: the block of text that begins with `begin`. A line that
/// begins with `[…` stands for what is left out.
#[track_caller]
pub fn shown_truly(page: &str, begin: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    let text = fs::read_to_string(path).unwrap();
    let block = text.split("```text\n").find(|block| block.starts_with(begin));
    let block = block.and_then(|block| block.split("```").next()).expect(page);
    for line in block.lines().filter(|line| !line.starts_with("[…")) {
        // The demo prints paths as they were given to it.
        let end = line.rsplit('/').next().unwrap_or_default();
        assert!(
            printed.lines().any(|printed| printed.ends_with(end)),
            "{page} shows {line:?}, and the demo prints\n{printed}"
        );
    }
}
