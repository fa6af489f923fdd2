//! `cargo xtask fuzz`: the targets in `fuzz/`, with libFuzzer on the stable compiler.

use {
    crate::{
        cache::{Cache, Kind},
        paths,
        run::{self, Run, say},
    },
    anyhow::{Context, Result, ensure},
    clap::Args,
    std::{
        fs,
        path::{Path, PathBuf},
        process::Command,
    },
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

/// Longest input that is tried, bytes: a plan's account and some room.
const LONGEST: usize = 8_192;

/// Changed inputs that the short run tries on each target, after the committed corpus.
const SHORT_RUN: u32 = 20_000;

/// Arguments of `fuzz`.
#[derive(Args, Default)]
pub struct Fuzz {
    /// Which targets, all if none is named
    targets: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 15)]
    seconds: u32,
    /// Instead of some time: so many changed inputs for each target after its corpus, the same ones each time
    #[arg(long, conflicts_with = "seconds")]
    runs: Option<u32>,
    /// Add what was found to the committed corpus, as few inputs as give the same coverage
    #[arg(long)]
    keep: bool,
    /// List the targets and stop
    #[arg(long)]
    list: bool,
}

impl Fuzz {
    /// What CI runs: the committed corpus, and the same changes of it each time.
    pub fn short() -> Self {
        Self {
            runs: Some(SHORT_RUN),
            ..Self::default()
        }
    }

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
        let (cache, binaries) = build()?;
        for target in chosen {
            self.fuzz(&binaries.join(target), target)?;
        }
        // Held until here: another checkout's targets would take the place of these.
        drop(cache);
        Ok(())
    }

    fn fuzz(&self, binary: &Path, target: &str) -> Result<()> {
        let seeds = fuzz_dir().join("corpus").join(target);
        let regressions = fuzz_dir().join("regressions").join(target);
        let found = fuzz_dir().join("target/found").join(target);
        let crashes = fuzz_dir().join("target/crashes").join(target);
        if self.runs.is_some() && found.exists() {
            // So that the next run begins alike.
            fs::remove_dir_all(&found).with_context(|| format!("cannot empty {}", found.display()))?;
        }
        for dir in [&seeds, &found, &crashes] {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        let mut fuzzer = Command::new(binary);
        fuzzer
            // The message and the input say what is wrong; the way there is the fuzzer's.
            .env("RUST_BACKTRACE", "0")
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .arg(format!("-max_len={LONGEST}"))
            .args(["-print_final_stats=1", "-timeout=60", "-rss_limit_mb=2048"])
            // The first directory takes what is new; the committed ones are only read.
            .args([&found, &seeds]);
        let mut inputs = count(&seeds)?;
        if regressions.exists() {
            inputs += count(&regressions)?;
            fuzzer.arg(&regressions);
        }
        match self.runs {
            Some(runs) => {
                say(format_args!("{target}: {inputs} inputs and {runs} changed ones"));
                let runs = u32::try_from(inputs)?.saturating_add(runs);
                fuzzer.args([format!("-runs={runs}"), "-seed=1".to_owned()]);
            }
            None => {
                say(format_args!("{target}: {inputs} inputs, {} seconds", self.seconds));
                fuzzer.arg(format!("-max_total_time={}", self.seconds));
            }
        }
        let fuzzing = format!(
            "fuzzing {target}: the input is in {}; copied to fuzz/regressions/{target} it is tried in every run",
            paths::shown(&crashes)
        );
        run::quietly(&mut fuzzer, &fuzzing, &["cov: ", "stat::number_of_executed_units"])?;
        if self.keep {
            keep(binary, target, &seeds, &found)?;
        }
        Ok(())
    }
}

/// Builds all targets and returns the directory they are in, held for this process. With a target named, build scripts
/// and macros are left without the flags.
fn build() -> Result<(Cache, PathBuf)> {
    let host = host()?;
    let cache = Cache::open(Kind {
        name: "fuzz",
        workspace: fuzz_dir(),
        target: Some(host.clone()),
        first_use: "compiling the fuzz targets, about 200 packages, 1 GB on disk, 2 minutes on two cores",
    })?;
    let mut cargo = cache.cargo("build");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")).arg("--bins");
    run::with_progress(&mut cargo, "building the fuzz targets")?;
    let binaries = cache.dir().join(host).join("debug");
    Ok((cache, binaries))
}

/// Replaces the committed corpus by as few of its inputs and the found ones as give the same coverage.
fn keep(binary: &Path, target: &str, seeds: &Path, found: &Path) -> Result<()> {
    let merged = fuzz_dir().join("target/merged").join(target);
    if merged.exists() {
        fs::remove_dir_all(&merged).with_context(|| format!("cannot empty {}", merged.display()))?;
    }
    fs::create_dir_all(&merged).with_context(|| format!("cannot create {}", merged.display()))?;
    Command::new(binary)
        .args(["-set_cover_merge=1", &format!("-max_len={LONGEST}")])
        .args([&merged, seeds, found])
        .stdout_of(&format!("merging the corpus of {target}"))?;
    fs::remove_dir_all(seeds).with_context(|| format!("cannot replace {}", seeds.display()))?;
    fs::rename(&merged, seeds).with_context(|| format!("cannot replace {}", seeds.display()))?;
    say(format_args!("    {} inputs in {}", count(seeds)?, paths::shown(seeds)));
    Ok(())
}

fn fuzz_dir() -> PathBuf {
    paths::root().join("fuzz")
}

fn count(dir: &Path) -> Result<usize> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.count())
}

/// The names of the target files.
fn targets() -> Result<Vec<String>> {
    let dir = fuzz_dir().join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The name of this machine's target.
fn host() -> Result<String> {
    let version = Command::new("rustc")
        .arg("-vV")
        .stdout_of("asking rustc for this machine's target")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}
