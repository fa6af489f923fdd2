//! Who may use a file or folder: one daemon at a time, and nobody but its owner.

use {
    super::JournalError,
    std::{
        fs::{self, File, OpenOptions, TryLockError},
        io,
        os::unix::fs::PermissionsExt,
        path::Path,
        time::Duration,
    },
};

/// How often a lock is tried for, and the pause between.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Takes every right on a file or folder away from everybody but its owner: values are known here before they are
/// published.
pub(super) fn private(path: &Path) -> Result<(), JournalError> {
    let change = || -> io::Result<()> {
        let mut permissions = fs::metadata(path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & 0o700);
            fs::set_permissions(path, permissions)?;
        }
        Ok(())
    };
    change().map_err(JournalError::io("cannot keep others out of", path))
}

/// Locks a file for as long as what is returned lives; none if somebody else has it.
pub fn lock(file: &Path) -> Result<Option<File>, JournalError> {
    let handle = OpenOptions::new().create(true).append(true).open(file);
    let handle = handle.map_err(JournalError::io("cannot open", file))?;
    // A program that is being started holds its parent's locks for a moment, also those that the parent gave up just
    // now.
    for _ in 0..LOCK_TRIES {
        match handle.try_lock() {
            Ok(()) => return Ok(Some(handle)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(JournalError::io("cannot lock", file)(error)),
        }
    }
    Ok(None)
}
