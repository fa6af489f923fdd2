//! Where the relative paths of a configuration start: at its folder, wherever the process runs.

use {
    serde::{Deserialize, Deserializer},
    std::{
        cell::RefCell,
        path::{Path, PathBuf},
    },
};

thread_local! {
    /// The folder of the configuration that is being read on this thread.
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Reads something whose relative paths start at `folder`. Evidence is read outside of it, and keeps its paths.
pub fn within<T>(folder: &Path, read: impl FnOnce() -> T) -> T {
    let before = FOLDER.replace(Some(folder.to_owned()));
    let done = read();
    FOLDER.set(before);
    done
}

/// `path` as seen from everywhere.
pub fn resolved(path: &Path) -> PathBuf {
    FOLDER.with_borrow(|folder| match folder {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    })
}

/// For `#[serde(deserialize_with)]`: a path that may be left out.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path: Option<PathBuf> = Option::deserialize(deserializer)?;
    Ok(path.map(|path| resolved(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_starts_at_the_folder_while_the_configuration_is_read() {
        let path = Path::new("token");
        let read = || (resolved(path), resolved(Path::new("/etc/token")));
        let (relative, absolute) = within(Path::new("/etc/earnout"), read);
        assert_eq!(relative, Path::new("/etc/earnout/token"));
        assert_eq!(absolute, Path::new("/etc/token"));
        assert_eq!(resolved(path), path);
    }
}
