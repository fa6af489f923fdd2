//! The web app, `app/web`: its stages of the suite, with what they need on a system that has Node.

use {
    crate::{
        installed, localnet, paths, program,
        run::{self, Run},
        services,
    },
    anyhow::{Context, Result, bail},
    std::{
        fs,
        path::{Path, PathBuf},
        process::Command,
        sync::atomic::{AtomicBool, Ordering},
        time::SystemTime,
    },
};

/// The oldest release of Node that the app's tools run on.
const NODE: (u32, u32) = (20, 19);
/// The release of npm that writes and reads the committed lock file, whose entries name no registry.
const NPM: u32 = 11;
/// The browser of the system.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What needs no browser: the generated client is current, types, lints, tests on the built program, size of the build.
pub fn check() -> Result<()> {
    program::build_quietly()?;
    let npm = Npm::ready()?;
    npm.run(
        "generate:check",
        "comparing the generated client with the interface description",
    )?;
    check_types_with(&npm)?;
    npm.run("test", "testing the web app")?;
    build(&npm)?;
    npm.run("budget", "weighing the web app's first load")
}

/// Types and lints alone.
pub fn check_types() -> Result<()> {
    check_types_with(&Npm::ready()?)
}

fn check_types_with(npm: &Npm) -> Result<()> {
    npm.run("typecheck", "checking the web app's types")?;
    npm.run(
        "lint",
        "linting the web app (`npm run format` in app/web repairs its format)",
    )
}

/// The app's packages, for who runs its code.
pub fn install() -> Result<()> {
    Npm::ready().map(drop)
}

/// The built app in Chromium against a local chain.
pub fn browse() -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        services::install_packages(&["chromium"], "the tests of the web app in a browser")?;
    }
    program::build_quietly()?;
    let chain = localnet::build()?;
    run::with_progress(&mut run::linting_everything(), "building the hostile endpoint")?;
    let hostile = installed::target_dir()?.join("debug/hostile-endpoint");
    let npm = Npm::ready()?;
    build(&npm)?;
    npm.command()
        .args(["run", "e2e"])
        .env("EARNOUT_LOCALNET", chain)
        .env("EARNOUT_HOSTILE", hostile)
        .env("CHROMIUM", CHROMIUM)
        .run("testing the web app in a browser")
}

/// Builds the app, once for all stages of a run.
fn build(npm: &Npm) -> Result<()> {
    static BUILT: AtomicBool = AtomicBool::new(false);
    if !BUILT.load(Ordering::Relaxed) {
        npm.run("build", "building the web app")?;
        BUILT.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// npm with the app's packages installed.
struct Npm {
    program: PathBuf,
}

impl Npm {
    /// Finds npm, or puts the release that is needed into the cache, and installs the packages of the lock file.
    fn ready() -> Result<Self> {
        let node = version("node")?;
        if (node.0, node.1) < NODE {
            let (major, minor) = NODE;
            bail!(
                "the web app needs Node {major}.{minor} or newer; this is {}.{}",
                node.0,
                node.1
            );
        }
        let program = if version("npm")?.0 >= NPM {
            PathBuf::from("npm")
        } else {
            cached_npm()?
        };
        let npm = Self { program };
        if !is_installed(&app()) {
            npm.command().arg("ci").run("installing the web app's packages")?;
        }
        Ok(npm)
    }

    /// Runs one of the app's scripts.
    fn run(&self, script: &str, doing: &str) -> Result<()> {
        self.command().args(["run", "--silent", script]).run(doing)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(app()).env("EARNOUT_SO", paths::program_so());
        command
    }
}

fn app() -> PathBuf {
    paths::root().join("app/web")
}

/// Whether the packages in place are those of the lock file: npm writes its own list when it has installed them all.
fn is_installed(app: &Path) -> bool {
    let written = |file: &str| -> Option<SystemTime> { fs::metadata(app.join(file)).ok()?.modified().ok() };
    written("node_modules/.package-lock.json") > written("package-lock.json")
}

/// npm in the cache, for systems whose own is older.
fn cached_npm() -> Result<PathBuf> {
    let dir = paths::cache_dir()?.join(format!("npm-{NPM}"));
    let program = dir.join("node_modules/.bin/npm");
    if !program.exists() {
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        eprintln!("First use: npm {NPM}, into {}", dir.display());
        Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
            .arg(&dir)
            .arg(format!("npm@{NPM}"))
            .stdout_of("installing npm")?;
    }
    Ok(program)
}

/// Major and minor release of `node` or `npm`.
fn version(program: &str) -> Result<(u32, u32)> {
    if !run::on_path(program) {
        bail!(
            "the web app needs {program}: install Node {}.{} or newer",
            NODE.0,
            NODE.1
        );
    }
    let text = Command::new(program)
        .arg("--version")
        .stdout_of(&format!("asking {program} for its version"))?;
    let mut numbers = text.trim().trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("{program} names no version: {text}"),
    }
}
