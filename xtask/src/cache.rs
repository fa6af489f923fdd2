//! What takes long to compile is compiled in a target directory that all checkouts of this user share.

use {
    crate::{
        installed, paths,
        run::{self, Run},
    },
    anyhow::{Context, Result},
    std::{
        fs::{self, File, TryLockError},
        path::{Path, PathBuf},
        process::Command,
    },
};

/// What is compiled there.
pub struct Kind {
    /// Name of the directory, before the compiler's version.
    pub name: &'static str,
    /// The workspace that is compiled.
    pub workspace: PathBuf,
    /// The target that is named in each build, if one is.
    pub target: Option<String>,
    /// What to tell who uses it for the first time: what is compiled, how much and how long.
    pub first_use: &'static str,
}

/// Cargo's target directory for one kind of build, held for this process.
///
/// It is of one compiler. Cargo itself tells what in it is fresh, so that a dependency that changes is all that is
/// built again, and a dependency of another package is not even looked at.
pub struct Cache {
    dir: PathBuf,
    kind: Kind,
    _lock: File,
}

impl Cache {
    /// Opens it for this checkout.
    pub fn open(kind: Kind) -> Result<Self> {
        let all = paths::cache_dir()?;
        let prefix = format!("{}-rust-", kind.name);
        let name = format!("{prefix}{}", installed::rustc_release()?);
        let dir = all.join(&name);
        let new = !dir.join("checkout").exists();
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let cache = Self {
            _lock: lock(&dir)?,
            dir,
            kind,
        };
        if new {
            eprintln!(
                "First use: {}, into {}\n(all checkouts share it; delete the directory to be rid of it).",
                cache.kind.first_use,
                cache.dir.display()
            );
            // What older compilers left is of no use any more.
            for entry in fs::read_dir(&all).with_context(|| format!("cannot read {}", all.display()))? {
                let entry = entry?;
                let found = entry.file_name();
                if found.to_string_lossy().starts_with(&prefix) && found != *name {
                    let old = entry.path();
                    fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
                }
            }
        }
        cache.claim()?;
        Ok(cache)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A cargo command that works in it.
    pub fn cargo(&self, command: &str) -> Command {
        let mut cargo = run::workspace_cargo();
        cargo
            .current_dir(&self.kind.workspace)
            .args([command, "--locked", "--target-dir"])
            .arg(&self.dir);
        if let Some(target) = &self.kind.target {
            cargo.args(["--target", target]);
        }
        cargo
    }

    /// Makes sure that what is built of the checkout's own packages is built of this checkout's.
    ///
    /// Cargo names what it builds by paths relative to the workspace, and tells by time whether it is fresh. So it
    /// would take what another checkout has left for this one's.
    fn claim(&self) -> Result<()> {
        let note = self.dir.join("checkout");
        let root = paths::root();
        let ours = root.to_string_lossy();
        match fs::read_to_string(&note) {
            Ok(of) if of == ours => return Ok(()),
            Ok(_) => {
                let mut clean = self.cargo("clean");
                clean.arg("--quiet");
                for package in own_packages(&self.kind.workspace)? {
                    clean.args(["--package", &package]);
                }
                clean.stdout_of("removing what another checkout has built")?;
            }
            // A new directory.
            Err(_) => (),
        }
        fs::write(&note, ours.as_bytes()).with_context(|| format!("cannot write {}", note.display()))
    }
}

/// One at a time, because a build of another checkout would change what this one is about to use.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => return Ok(lock),
        Err(TryLockError::WouldBlock) => eprintln!("waiting for another build in {} to end", dir.display()),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(lock)
}

/// The packages in a workspace's lock file that come from no registry: those of the checkout.
fn own_packages(workspace: &Path) -> Result<Vec<String>> {
    let path = workspace.join("Cargo.lock");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let locked: toml::Table = toml::from_str(&text).with_context(|| format!("{} is not TOML", path.display()))?;
    let packages = locked.get("package").and_then(toml::Value::as_array);
    let packages = packages.with_context(|| format!("{} locks no packages", path.display()))?;
    let own = packages.iter().filter(|package| package.get("source").is_none());
    let names = own.filter_map(|package| package.get("name").and_then(toml::Value::as_str));
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_packages_are_those_of_the_checkout() {
        for (workspace, member) in [(paths::root(), "xtask"), (paths::root().join("fuzz"), "earnout-fuzz")] {
            let own = own_packages(&workspace).expect("a lock file");
            for expected in [member, "earnout", "earnout-core", "earnout-sdk"] {
                assert!(own.iter().any(|name| name == expected), "{expected} is not in {own:?}");
            }
            assert!(!own.iter().any(|name| name == "anchor-lang"));
        }
    }
}
