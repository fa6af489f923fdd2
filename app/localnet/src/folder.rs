//! The folder of a chain: the demo keys, and what clients need to know of the running chain.

use {
    crate::fault::Fault,
    std::{
        fs::{self, DirBuilder, File, OpenOptions, TryLockError},
        io::{self, Write},
        os::unix::fs::{DirBuilderExt, OpenOptionsExt},
        path::{Path, PathBuf},
    },
};

/// A folder, held for one running chain until this is dropped or the process ends.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is missing.
    ///
    /// # Errors
    /// If it cannot be used, or another chain is running from it.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let unusable = |error: io::Error| Fault::new(format!("cannot use the folder {}: {error}", path.display()));
        fs::create_dir_all(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path.join("keys"))
            .map_err(unusable)?;
        let mut lock = OpenOptions::new();
        lock.create(true).truncate(false).write(true);
        let lock = lock.open(path.join("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Fault::new(format!(
                "another chain is running from {}; stop it, or name another folder with --dir",
                path.display()
            )),
            TryLockError::Error(error) => unusable(error),
        })?;
        Ok(Self { path, _lock: lock })
    }

    /// The file of a demo key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.path.join("keys").join(format!("{name}.json"))
    }

    /// The file that describes the running chain.
    pub fn description(&self) -> PathBuf {
        self.path.join("localnet.json")
    }
}

/// Writes a file that only its owner can read, so that nobody ever sees a part of it.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut open = options.open(&draft)?;
    open.write_all(content)?;
    open.sync_all()?;
    fs::rename(&draft, file)
}
