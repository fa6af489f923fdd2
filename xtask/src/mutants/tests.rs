//! The tests of the built program, run one module at a time until one fails.

use {
    super::Mutant,
    crate::{
        paths,
        run::{self, Run},
    },
    anyhow::{Context, Result},
    serde_json::Value,
    std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    },
};

/// Modules for checks that no instruction of the same name has, and after those: quick ones first.
const ORDER: [&str; 12] = [
    "invariants",
    "token_view",
    "token_extensions",
    "attacks",
    "guarantees",
    "edge_amounts",
    "events",
    "matrix",
    "program_signers",
    "simulation",
    "statement",
    "stateful",
];

/// Modules that say nothing about what the program checks, or that the switches themselves disturb.
const APART: [&str; 6] = [
    "compute_units",
    "differential",
    "guarantee_ids",
    "fixtures",
    "int128",
    "security_txt",
];

/// A module takes at most a few minutes, also on a busy machine; a mutant that makes one hang is noticed.
const PATIENCE: Duration = Duration::from_secs(600);

/// How many sequences the stateful test runs for one mutant.
const SEQUENCES: &str = "150";

/// The tests, built.
pub struct Suite {
    binary: PathBuf,
    modules: BTreeSet<String>,
}

impl Suite {
    /// Builds them, and keeps a copy in `dir`, so that builds in the meantime change nothing of this run.
    pub fn build(dir: &Path) -> Result<Self> {
        let messages = run::with_progress(
            run::workspace_cargo().args([
                "test",
                "--locked",
                "--package",
                "earnout-tests",
                "--test",
                "program",
                "--no-run",
                "--message-format=json",
            ]),
            "building the tests",
        )?;
        let mut built = None;
        for line in messages.lines() {
            let message: Value = serde_json::from_str(line).context("cargo printed a line that is not JSON")?;
            if message["target"]["name"] == "program" {
                built = message["executable"].as_str().map(PathBuf::from).or(built);
            }
        }
        let built = built.context("cargo built no tests of the program")?;
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let binary = dir.join("program");
        fs::copy(&built, &binary).with_context(|| format!("cannot copy {}", built.display()))?;
        let listed = Command::new(&binary).arg("--list").stdout_of("listing the tests")?;
        let modules = listed.lines().filter_map(|line| line.split_once("::"));
        let modules = modules.map(|(module, _)| module.to_owned());
        let modules = modules.filter(|module| !APART.contains(&module.as_str())).collect();
        Ok(Self { binary, modules })
    }

    /// The first module that fails with this program, or none. What a mutant concerns is asked first.
    pub fn first_failure(&self, program: &Path, mutant: Option<&Mutant>) -> Result<Option<String>> {
        for name in self.order(mutant) {
            if !self.passes(&name, program)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn order(&self, mutant: Option<&Mutant>) -> Vec<String> {
        let own = mutant.and_then(|mutant| mutant.file.strip_prefix("instructions/")?.strip_suffix(".rs"));
        let others = self
            .modules
            .iter()
            .map(String::as_str)
            .filter(|name| !ORDER.contains(name));
        let mut order: Vec<String> = Vec::new();
        for name in own.into_iter().chain(others).chain(ORDER) {
            if self.modules.contains(name) && !order.iter().any(|known| known == name) {
                order.push(name.to_owned());
            }
        }
        // Apart from its own file, a check of one instruction is hardly noticed by the files of the others.
        if own.is_some() {
            let (first, rest) = order.split_at(1);
            let (late, early): (Vec<_>, Vec<_>) =
                rest.iter().cloned().partition(|name| !ORDER.contains(&name.as_str()));
            order = first.iter().cloned().chain(early).chain(late).collect();
        }
        order
    }

    fn passes(&self, name: &str, program: &Path) -> Result<bool> {
        let mut test = Command::new(&self.binary)
            .arg(format!("{name}::"))
            .current_dir(paths::root().join("tests/program"))
            .env("EARNOUT_SO", program)
            .env("EARNOUT_SEQUENCES", SEQUENCES)
            .env("EARNOUT_STORE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start the test {name}"))?;
        let begun = Instant::now();
        loop {
            if let Some(status) = test.try_wait()? {
                return Ok(status.success());
            }
            if begun.elapsed() > PATIENCE {
                test.kill()?;
                test.wait()?;
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
