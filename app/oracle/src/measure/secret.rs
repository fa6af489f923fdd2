//! Secrets come from the environment or from files, are read when they are needed, and are never shown.

use {
    serde::{Deserialize, Deserializer, de::Error},
    std::{
        env, fmt,
        fs::{self, File, OpenOptions},
        io::Write,
        os::unix::fs::{OpenOptionsExt, PermissionsExt},
        path::{Path, PathBuf},
    },
    thiserror::Error,
};

/// Where a secret is.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// `env:NAME`
    Env(String),
    /// `file:PATH`
    File(PathBuf),
}

/// Why a secret cannot be had. Names the place, never the content.
#[derive(Debug, Error)]
pub enum SecretError {
    #[error("the environment has no {0}: set it for this process, or change the configuration")]
    NotSet(String),
    #[error("cannot read the secret in {file}: {error}", file = .0.display(), error = .1)]
    Unreadable(PathBuf, std::io::Error),
    #[error("the secret {0} is empty")]
    Empty(Secret),
    #[error("others can read the key in {file} (mode {mode:o}): `chmod 600 {file}`", file = .0.display(), mode = .1)]
    Permissions(PathBuf, u32),
    #[error("cannot write the secret to {place}: {error}", place = .0, error = .1)]
    Unwritable(Secret, std::io::Error),
}

impl Secret {
    /// The secret itself, without the line break at its end.
    ///
    /// # Errors
    /// If it is not there or is empty.
    pub fn reveal(&self) -> Result<String, SecretError> {
        let text = match self {
            Self::Env(name) => env::var(name).map_err(|_| SecretError::NotSet(name.clone()))?,
            Self::File(path) => {
                fs::read_to_string(path).map_err(|error| SecretError::Unreadable(path.clone(), error))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        match text.is_empty() {
            true => Err(SecretError::Empty(self.clone())),
            false => Ok(text.to_owned()),
        }
    }

    /// Lets a relative path start at `folder`.
    pub fn resolve(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&*path);
        }
    }

    /// Puts `text` in its place: into the file, which is then readable for its owner alone. When this returns, it
    /// survives a loss of power.
    ///
    /// # Errors
    /// If it is in the environment, or the file cannot be written.
    pub fn replace(&self, text: &str) -> Result<(), SecretError> {
        let failed = |error| SecretError::Unwritable(self.clone(), error);
        let Self::File(path) = self else {
            return Err(failed(std::io::Error::other(
                "the environment cannot be changed; use a file",
            )));
        };
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).map_err(failed)?;
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let write = || {
            let _ = fs::remove_file(&beside);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
        };
        write().map_err(failed)
    }

    /// The content of a file that has to be readable for its owner alone.
    ///
    /// # Errors
    /// If it is not, or cannot be read.
    pub fn private(file: &Path) -> Result<Vec<u8>, SecretError> {
        let unreadable = |error| SecretError::Unreadable(file.to_owned(), error);
        let mode = fs::metadata(file).map_err(unreadable)?.permissions().mode() & 0o777;
        match mode & 0o077 {
            0 => fs::read(file).map_err(unreadable),
            _ => Err(SecretError::Permissions(file.to_owned(), mode)),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(out, "env:{name}"),
            Self::File(path) => write!(out, "file:{}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // The text is not repeated: it may be the secret itself.
            _ => Err(D::Error::custom(
                "a secret is never written into the configuration: name where it is, as env:NAME or file:PATH",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Secret, toml::de::Error> {
        #[derive(Deserialize)]
        struct Holder {
            secret: Secret,
        }
        toml::from_str::<Holder>(&format!("secret = {text:?}")).map(|holder| holder.secret)
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
        let error = parse("hunter2").unwrap_err();
        assert!(!error.message().contains("hunter2"), "{error}");
        assert_eq!(parse("env:TOKEN").unwrap(), Secret::Env("TOKEN".to_owned()));
    }

    #[test]
    fn a_file_is_read_without_its_line_break() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "s3cret\n").unwrap();
        let secret = Secret::File(path.clone());
        assert_eq!(secret.reveal().unwrap(), "s3cret");
        assert!(!format!("{secret:?}").contains("s3cret"));
        fs::write(&path, "\n").unwrap();
        assert!(matches!(secret.reveal(), Err(SecretError::Empty(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(secret.reveal(), Err(SecretError::Unreadable(..))));
    }

    #[test]
    fn a_secret_is_replaced_in_its_file_and_others_cannot_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "old").unwrap();
        assert!(matches!(
            Secret::private(&path),
            Err(SecretError::Permissions(_, 0o644))
        ));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut secret = Secret::File("link".into());
        secret.resolve(dir.path());
        secret.replace("new").unwrap();
        assert_eq!(secret.reveal().unwrap(), "new");
        assert_eq!(Secret::private(&path).unwrap(), b"new");
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left over");
        let error = Secret::Env("TOKEN".to_owned())
            .replace("hunter2")
            .unwrap_err()
            .to_string();
        assert!(error.contains("use a file") && !error.contains("hunter2"), "{error}");
    }
}
