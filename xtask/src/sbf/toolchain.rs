//! What upstream Rust lacks to emit SBF, installed on first use into a cache outside the tree: the standard library's
//! source, LLVM 23 and the linker. Each piece appears under its final name only when complete, so an interrupted
//! installation goes on where it stopped.

use {
    super::debian::Apt,
    crate::{
        installed, paths,
        run::{self, Run},
    },
    anyhow::{Context, Result, bail, ensure},
    std::{
        env,
        fs::{self, File},
        path::{Path, PathBuf},
        process::Command,
        time::Instant,
    },
};

/// Raised whenever what is installed changes, so that an old cache is not taken for the new one.
const RECIPE: u32 = 1;

/// Turns LLVM bitcode into an SBF program. The lock file inside its package pins everything it is built from.
pub const LINKER: &str = "sbpf-linker@0.2.6";

/// What was installed.
pub struct Toolchain {
    /// The cache directory of this compiler and recipe.
    pub dir: PathBuf,
    /// The standard library's source, of exactly the compiler's version.
    pub library: PathBuf,
    /// LLVM's libraries, with the C library and loader they were linked against.
    pub llvm_lib: PathBuf,
    /// The compiler's version.
    pub rust: String,
}

impl Toolchain {
    /// Finds it, installing what is missing.
    pub fn get() -> Result<Self> {
        ensure!(
            cfg!(target_os = "linux"),
            "without Solana's tools the program can only be built on Linux: install them so that `cargo build-sbf` is on \
             PATH, or use a Debian container"
        );
        let rust = installed::rustc_release()?;
        let dir = paths::cache_dir()?.join(format!("sbf-rust-{rust}-recipe-{RECIPE}"));
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let toolchain = Self {
            library: library(&dir)?,
            llvm_lib: dir
                .join("llvm/usr/lib")
                .join(format!("{}-linux-gnu", env::consts::ARCH)),
            dir,
            rust,
        };
        if !toolchain.is_complete() {
            toolchain.install()?;
        }
        Ok(toolchain)
    }

    /// Runs a program of the installed LLVM.
    pub fn llvm_command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(self.loader()?);
        command
            .arg("--library-path")
            .arg(&self.llvm_lib)
            .arg(self.dir.join("llvm/usr/lib/llvm-23/bin").join(program));
        Ok(command)
    }

    /// The program loader of the release LLVM comes from: LLVM needs a newer C library than this system's.
    fn loader(&self) -> Result<PathBuf> {
        let entries =
            fs::read_dir(&self.llvm_lib).with_context(|| format!("cannot read {}", self.llvm_lib.display()))?;
        entries
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with("ld-linux"))
            .map(|entry| entry.path())
            .with_context(|| {
                format!(
                    "no program loader in {}: delete {} and build again",
                    self.llvm_lib.display(),
                    self.dir.display()
                )
            })
    }

    fn is_complete(&self) -> bool {
        self.library.exists() && self.dir.join("llvm").exists() && self.dir.join("linker").exists()
    }

    fn install(&self) -> Result<()> {
        let lock = self.dir.join("lock");
        let lock = File::create(&lock).with_context(|| format!("cannot create {}", lock.display()))?;
        lock.lock().context("cannot lock the toolchain's directory")?;
        if self.is_complete() {
            return Ok(());
        }
        eprintln!(
            "Solana's `cargo build-sbf` is not on PATH, so the program is built with upstream Rust and LLVM 23.\n\
             First use: installing them into {}\n\
             (about 150 MB to download, 380 MB on disk, 2 to 4 minutes on two cores; delete the directory to be rid of it;\n\
             nothing else of this system changes).",
            self.dir.display()
        );
        let begin = Instant::now();
        let mut apt = None;
        if !self.library.exists() {
            self.piece("rust-src", "standard library source", |stage| {
                self.install_library(apt_in(stage, &mut apt)?, stage)
            })?;
        }
        if !self.dir.join("llvm").exists() {
            self.piece("llvm", "LLVM 23", |stage| {
                self.install_llvm(apt_in(stage, &mut apt)?, stage)
            })?;
        }
        if !self.dir.join("linker").exists() {
            self.piece("linker", LINKER, |stage| self.install_linker(stage))?;
        }
        // The package lists and archives have served.
        remove(&self.dir.join("stage"))?;
        eprintln!("  installed in {:.0} s", begin.elapsed().as_secs_f64());
        Ok(())
    }

    /// Makes `name` in the staging directory with `make`, then moves it into place.
    fn piece(&self, name: &str, shown: &str, mut make: impl FnMut(&Path) -> Result<()>) -> Result<()> {
        let begin = Instant::now();
        eprint!("  {shown} ... ");
        let stage = self.dir.join("stage");
        let staged = stage.join(name);
        remove(&staged)?;
        fs::create_dir_all(&staged).with_context(|| format!("cannot create {}", staged.display()))?;
        make(&stage)
            .inspect_err(|_| eprintln!("failed"))
            .with_context(|| format!("cannot install {shown}"))?;
        let place = self.dir.join(name);
        fs::rename(&staged, &place).with_context(|| format!("cannot create {}", place.display()))?;
        eprintln!("{:.0} s", begin.elapsed().as_secs_f64());
        Ok(())
    }

    fn install_library(&self, apt: &Apt, stage: &Path) -> Result<()> {
        let version = match apt.version_of("rust-src", &self.rust)? {
            Ok(version) => version,
            Err(versions) => bail!(
                "Debian offers no rust-src {}, only {}. The source must be of exactly the compiler's version, so the pin in \
                 rust-toolchain.toml and what Debian offers move together: pin one of these versions, or run `rustup \
                 component add rust-src`, or install Solana's tools so that `cargo build-sbf` is on PATH",
                self.rust,
                if versions.is_empty() {
                    "none".to_owned()
                } else {
                    versions.join(", ")
                }
            ),
        };
        let unpacked = stage.join("unpacked");
        remove(&unpacked)?;
        apt.unpack_one("rust-src", &version, &unpacked)?;
        let sources = unpacked.join("usr/src");
        let library = fs::read_dir(&sources)
            .with_context(|| format!("cannot read {}", sources.display()))?
            .flatten()
            .map(|entry| entry.path().join("library"))
            // A link of the package's own may name the same directory.
            .find(|library| library.is_dir())
            .with_context(|| format!("the package rust-src {version} holds no library/ in usr/src"))?;
        let to = stage.join("rust-src/library");
        fs::rename(&library, &to).with_context(|| format!("cannot create {}", to.display()))?;
        remove(&unpacked)
    }

    fn install_llvm(&self, apt: &Apt, stage: &Path) -> Result<()> {
        let to = stage.join("llvm");
        apt.unpack_with_dependencies(&["libllvm23", "llvm-23"], &to)?;
        for needless in ["usr/share", "usr/bin", "usr/sbin", "etc", "var"] {
            remove(&to.join(needless))?;
        }
        Ok(())
    }

    fn install_linker(&self, stage: &Path) -> Result<()> {
        let build = stage.join("linker-build");
        run::cargo()
            .current_dir(stage)
            .args(["install", "--quiet", "--locked", "--no-track"])
            .arg("--root")
            .arg(stage.join("linker"))
            .arg("--target-dir")
            .arg(&build)
            .arg(LINKER)
            .stdout_of("building the linker")?;
        remove(&build)
    }
}

/// The private apt, set up when the first piece needs it.
fn apt_in<'a>(stage: &Path, apt: &'a mut Option<Apt>) -> Result<&'a Apt> {
    if apt.is_none() {
        *apt = Some(Apt::new(&stage.join("apt"))?);
    }
    apt.as_ref().context("apt was just set up")
}

/// The standard library's source: the compiler's own where rustup installed it, else the one in the cache.
fn library(dir: &Path) -> Result<PathBuf> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .stdout_of("asking rustc for its directory")?;
    let own = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    Ok(if own.join("Cargo.lock").is_file() {
        own
    } else {
        dir.join("rust-src/library")
    })
}

/// Removes a file or a directory tree that may not be there.
fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    result.with_context(|| format!("cannot remove {}", path.display()))
}
