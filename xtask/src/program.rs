//! `cargo xtask build`: the program's one built file and its interface description, and the programs that its tests put
//! beside it.

use {
    crate::{
        idl, installed, paths,
        run::{self, Run},
        sbf,
    },
    anyhow::{Context, Result},
    clap::{Args, ValueEnum},
    std::{
        fs,
        path::{Path, PathBuf},
        process::Command,
    },
};

/// The program's package.
pub const PACKAGE: &str = "earnout";

/// Programs of `tests/programs`.
const TEST_PROGRAMS: [&str; 3] = ["arithmetic", "hook", "wallet"];

/// Which compiler makes the program.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Compiler {
    /// Solana's where `cargo build-sbf` is on PATH, else upstream's.
    #[default]
    Auto,
    /// `cargo build-sbf` of Solana's tools: what is released.
    Solana,
    /// Upstream Rust and LLVM, installed into a cache on first use: for tests and local chains.
    Upstream,
}

impl Compiler {
    fn is_solana(self) -> bool {
        match self {
            Self::Auto => run::on_path("cargo-build-sbf"),
            Self::Solana => true,
            Self::Upstream => false,
        }
    }
}

/// Who reads the program's declarations on the chain.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, ValueEnum)]
pub enum Runtime {
    /// `earnout-frame`: what is deployed.
    #[default]
    Frame,
    /// Anchor, from the same source: to compare, and for whoever prefers it.
    Anchor,
}

impl Runtime {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Frame, Self::Anchor];

    /// The program's features that ask for it.
    pub fn features(self) -> &'static [&'static str] {
        match self {
            Self::Frame => &[],
            Self::Anchor => &["anchor-runtime"],
        }
    }

    /// Where the program goes.
    pub fn place(self) -> PathBuf {
        match self {
            Self::Frame => paths::program_so(),
            Self::Anchor => paths::anchor_program_so(),
        }
    }
}

/// Arguments of `build`.
#[derive(Args, Default)]
pub struct Build {
    /// Fail if the committed IDL differs from the program's, instead of rewriting it
    #[arg(long)]
    check: bool,
    /// Which compiler makes the program
    #[arg(long, value_enum, default_value_t)]
    compiler: Compiler,
    /// Who reads the program's declarations on the chain; `anchor` goes to `target/deploy/earnout_anchor.so`
    #[arg(long, value_enum, default_value_t)]
    runtime: Runtime,
    /// Where the program goes, to keep builds side by side; leaves the IDL alone
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    out: Option<PathBuf>,
    #[command(flatten)]
    tuning: Tuning,
}

/// Departures from the release profile, to measure what they cost.
#[derive(Args, Default)]
pub struct Tuning {
    /// Optimise for 3, 2, 1 (units) or s, z (size) instead of what Cargo.toml says
    #[arg(long, value_name = "LEVEL")]
    opt_level: Option<String>,
    /// The same for one package; may be given again
    #[arg(long, value_name = "PACKAGE=LEVEL", value_parser = package_level)]
    package_opt: Vec<(String, String)>,
}

impl Tuning {
    /// The arguments that tell cargo.
    pub fn cargo_args(&self) -> Vec<String> {
        let everything = self
            .opt_level
            .iter()
            .map(|level| format!("profile.release.opt-level={}", toml_level(level)));
        let packages = self
            .package_opt
            .iter()
            .map(|(package, level)| format!("profile.release.package.\"{package}\".opt-level={}", toml_level(level)));
        everything
            .chain(packages)
            .flat_map(|setting| ["--config".to_owned(), setting])
            .collect()
    }

    fn is_default(&self) -> bool {
        self.opt_level.is_none() && self.package_opt.is_empty()
    }
}

fn package_level(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(package, level)| (package.to_owned(), level.to_owned()))
        .ok_or_else(|| "expected PACKAGE=LEVEL".to_owned())
}

/// Numbers bare, letters quoted.
fn toml_level(level: &str) -> String {
    match level.parse::<u8>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("{level:?}"),
    }
}

impl Build {
    /// Builds the program and brings the IDL up to date, or checks that it is.
    pub fn checked() -> Self {
        Self {
            check: true,
            ..Self::default()
        }
    }

    /// The same with this runtime.
    pub fn checked_with(runtime: Runtime) -> Self {
        Self {
            runtime,
            ..Self::checked()
        }
    }

    /// Carries it out.
    pub fn run(self) -> Result<()> {
        let place = self.out.clone().unwrap_or_else(|| self.runtime.place());
        build_program(self.compiler, self.runtime, &self.tuning, &place)?;
        if !self.tuning.is_default() && self.out.is_none() {
            eprintln!(
                "note: {} now has an optimisation level of your own; `cargo xtask build` makes the committed one",
                paths::shown(&place)
            );
        }
        report(&place)?;
        if self.out.is_some() {
            return Ok(());
        }
        build_test_programs(self.compiler)?;
        let features = self.runtime.features();
        if self.check {
            idl::check(features)
        } else {
            idl::update(features)
        }
    }
}

/// Builds what demo and bench load, saying nothing where it is fresh.
pub fn build_quietly() -> Result<()> {
    build_with(Runtime::Frame)
}

/// The same with this runtime.
pub fn build_with(runtime: Runtime) -> Result<()> {
    build_program(Compiler::Auto, runtime, &Tuning::default(), &runtime.place())
}

fn build_program(compiler: Compiler, runtime: Runtime, tuning: &Tuning, place: &Path) -> Result<()> {
    let features = runtime.features();
    let built = if compiler.is_solana() {
        build_with_solana_tools(&paths::program_crate(), features, tuning)?.join("earnout.so")
    } else {
        sbf::build(&[PACKAGE], features, tuning)?.join("libearnout.so")
    };
    copy_if_changed(&built, place)
}

/// Builds the programs that only tests use. Not together with the program: what they need of a crate must not become
/// part of it.
fn build_test_programs(compiler: Compiler) -> Result<()> {
    let tuning = Tuning::default();
    if compiler.is_solana() {
        for name in TEST_PROGRAMS {
            let dir = build_with_solana_tools(&paths::test_program_crate(name), &[], &tuning)?;
            copy_if_changed(
                &dir.join(format!("earnout_test_{name}.so")),
                &paths::test_program_so(name),
            )?;
        }
        return Ok(());
    }
    let packages = TEST_PROGRAMS.map(|name| format!("earnout-test-{name}"));
    let dir = sbf::build(&packages.each_ref().map(String::as_str), &[], &tuning)?;
    for name in TEST_PROGRAMS {
        copy_if_changed(
            &dir.join(format!("libearnout_test_{name}.so")),
            &paths::test_program_so(name),
        )?;
    }
    Ok(())
}

/// Builds the package in this directory and returns the directory where the tools left it.
fn build_with_solana_tools(package: &Path, features: &[&str], tuning: &Tuning) -> Result<PathBuf> {
    let out = installed::target_dir()?.join("solana-sbf");
    let mut tool = Command::new("cargo-build-sbf");
    tool.current_dir(paths::root())
        // Solana's tools bring a cargo and a compiler of their own.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .arg("--manifest-path")
        .arg(package.join("Cargo.toml"))
        .arg("--sbf-out-dir")
        .arg(&out)
        .args(["--", "--locked"])
        .args(features.iter().flat_map(|feature| ["--features", feature]))
        .args(tuning.cargo_args());
    tool.run("building the program with Solana's tools")?;
    Ok(out)
}

/// Copies only what differs, so that nothing that watches the file's time runs in vain.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    // A test that is loading the file sees the old one or the new one.
    let unfinished = to.with_extension("so.tmp");
    fs::write(&unfinished, new).with_context(|| format!("cannot write {}", unfinished.display()))?;
    fs::rename(&unfinished, to).with_context(|| format!("cannot write {}", to.display()))
}

fn report(program: &Path) -> Result<()> {
    let bytes = fs::metadata(program)
        .with_context(|| format!("cannot read {}", program.display()))?
        .len();
    // What a byte keeps locked changes with the cluster and in time.
    eprintln!(
        "{}: {bytes} bytes (`solana rent {bytes}` says what that keeps locked on a cluster)",
        paths::shown(program)
    );
    Ok(())
}
