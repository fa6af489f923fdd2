//! `cargo xtask fuzz`: the targets in `fuzz/`, with libFuzzer on the stable compiler.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    paths,
    run::{self, Run, say},
};

/// What tells libFuzzer where the code went: counters, a table of places, and traced comparisons. `cargo fuzz` sets the
/// same; the flags are stable, only its sanitizers are not.
const FLAGS: [&str; 9] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "--cfg=fuzzing",
];

/// Arguments of `fuzz`.
#[derive(Args)]
pub struct Fuzz {
    /// Which targets, all if none is named
    targets: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 15)]
    seconds: u32,
    /// Add what was found to the committed corpus, as few inputs as give the same coverage
    #[arg(long)]
    keep: bool,
    /// List the targets and stop
    #[arg(long)]
    list: bool,
}

impl Fuzz {
    /// Builds and runs the targets, one after the other.
    pub fn run(&self) -> Result<()> {
        let known = targets()?;
        if self.list {
            known.iter().for_each(|target| say(format_args!("{target}")));
            return Ok(());
        }
        for target in &self.targets {
            ensure!(
                known.contains(target),
                "there is no target {target}: `cargo xtask fuzz --list` names them"
            );
        }
        let chosen = if self.targets.is_empty() { &known } else { &self.targets };
        let host = host()?;
        let dir = paths::root().join("fuzz");
        run::cargo()
            .current_dir(&dir)
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
            .args([
                "build",
                "--locked",
                "--bins",
                "--target",
                &host,
                "--target-dir",
                "target",
            ])
            .run("building the fuzz targets")?;
        for target in chosen {
            self.fuzz(&dir, &host, target)?;
        }
        Ok(())
    }

    fn fuzz(&self, dir: &Path, host: &str, target: &str) -> Result<()> {
        let binary = dir.join("target").join(host).join("debug").join(target);
        let seeds = dir.join("corpus").join(target);
        let found = dir.join("target/corpus").join(target);
        let artifacts = dir.join("target/artifacts").join(target);
        for dir in [&seeds, &found, &artifacts] {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        say(format_args!("{target}: {} seconds", self.seconds));
        let fuzzing = format!("fuzzing {target}: the input is in {}", paths::shown(&artifacts));
        // The first directory takes what is new; the committed one is only read.
        run::quietly(
            std::process::Command::new(&binary)
                .arg(format!("-max_total_time={}", self.seconds))
                .arg(format!("-artifact_prefix={}/", artifacts.display()))
                .args([
                    "-print_final_stats=1",
                    "-timeout=10",
                    "-rss_limit_mb=2048",
                    "-max_len=8192",
                ])
                .args([&found, &seeds]),
            &fuzzing,
            &["cov: ", "stat::number_of_executed_units"],
        )?;
        if self.keep {
            let merged = dir.join("target/merged").join(target);
            fs::create_dir_all(&merged).with_context(|| format!("cannot create {}", merged.display()))?;
            std::process::Command::new(&binary)
                .arg("-merge=1")
                .args([&merged, &seeds, &found])
                .stdout_of(&format!("merging the corpus of {target}"))?;
            fs::remove_dir_all(&seeds).with_context(|| format!("cannot replace {}", seeds.display()))?;
            fs::rename(&merged, &seeds).with_context(|| format!("cannot replace {}", seeds.display()))?;
        }
        Ok(())
    }
}

/// The names of the target files.
fn targets() -> Result<Vec<String>> {
    let dir = paths::root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The target of this machine: with it named, build scripts are left without the flags.
fn host() -> Result<String> {
    let version = std::process::Command::new("rustc")
        .arg("-vV")
        .stdout_of("asking rustc for this machine's target")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}
