//! Documents of which the chain has the hashes: a folder of them, and what lies on the web.

mod web;

pub use web::{FetchError, Web};

use {
    solana_program::hash,
    std::{
        collections::{BTreeMap, BTreeSet},
        fs::{self, DirBuilder, File, OpenOptions},
        io::{self, ErrorKind, Read, Write},
        path::{Path, PathBuf},
        process, thread,
    },
    thiserror::Error,
};

/// Files that are waited for at the same time.
const SYNCS: usize = 16;

/// Why a document cannot be kept or read.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The system refuses.
    #[error("{what} {file}: {error}", file = .file.display())]
    Io {
        /// What it refuses.
        what: &'static str,
        /// With which file or folder.
        file: PathBuf,
        /// Its word for it.
        error: io::Error,
    },
    /// The folder does not have it.
    #[error("there is no document with the hash {0}")]
    Missing(String),
    /// A file with its name is something else.
    #[error("{file} is not what was stored: its SHA-256 is {found}", file = .file.display(), found = hex::encode(.found))]
    Changed {
        /// The file.
        file: PathBuf,
        /// Hash of what is there.
        found: [u8; 32],
    },
}

/// A folder of documents that are named by their SHA-256: `ab/ab….json`, by the first two digits, or `ab….json` or
/// `ab…` where somebody put it there by hand, or a folder is published.
#[derive(Clone, Debug)]
pub struct Documents(PathBuf);

impl Documents {
    /// Most bytes that a document may have.
    pub const MOST_BYTES: usize = 64 << 20;

    /// The documents in `folder`, which is made with the first of them.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The same; the folder is made now.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(folder: PathBuf) -> Result<Self, DocumentError> {
        create(&folder)?;
        Ok(Self(folder))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Where the document with this hash is put.
    pub fn file(&self, hash: &[u8; 32]) -> PathBuf {
        let name = hex::encode(hash);
        self.0.join(&name[..2]).join(format!("{name}.json"))
    }

    /// Where the document with this hash may lie.
    pub fn places(&self, hash: &[u8; 32]) -> [PathBuf; 3] {
        let name = hex::encode(hash);
        [self.file(hash), self.0.join(format!("{name}.json")), self.0.join(name)]
    }

    /// Keeps a document and returns its hash. When this returns, the document survives a loss of power.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<[u8; 32], DocumentError> {
        let hashes = self.put_all(&[bytes])?;
        Ok(hashes.into_iter().next().unwrap_or_default())
    }

    /// Keeps documents and returns their hashes, in their order. When this returns, they survive a loss of power:
    /// waiting for the disk once for many is what makes thousands quick.
    ///
    /// # Errors
    /// If one cannot be written, or has more than [`Documents::MOST_BYTES`].
    pub fn put_all(&self, documents: &[impl AsRef<[u8]>]) -> Result<Vec<[u8; 32]>, DocumentError> {
        let hashes: Vec<_> = documents.iter().map(|bytes| sha256(bytes.as_ref())).collect();
        let mut written = BTreeMap::new();
        for (hash, bytes) in hashes.iter().zip(documents) {
            let file = self.file(hash);
            if written.contains_key(&file) || self.read(&file, hash).is_ok() {
                continue;
            }
            require_size(bytes.as_ref().len()).map_err(failed("cannot write", &file))?;
            create(file.parent().unwrap_or(&self.0))?;
            let write = || -> io::Result<File> {
                let mut out = private().open(cleared(unfinished(&file))?)?;
                out.write_all(bytes.as_ref())?;
                Ok(out)
            };
            let out = write().map_err(failed("cannot write", &file))?;
            written.insert(file, out);
        }
        let written: Vec<_> = written.into_iter().collect();
        sync(&written)?;
        let mut folders = BTreeSet::new();
        for (file, _) in &written {
            fs::rename(unfinished(file), file).map_err(failed("cannot write", file))?;
            folders.extend(file.parent());
        }
        for folder in folders {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(failed("cannot write", folder))?;
        }
        Ok(hashes)
    }

    /// The document's bytes, known to have this hash. Where the file that was stored is gone or damaged, one that
    /// somebody put beside it counts.
    ///
    /// # Errors
    /// `Missing`, `Changed`, or if it cannot be read.
    pub fn get(&self, hash: &[u8; 32]) -> Result<Vec<u8>, DocumentError> {
        self.find(hash).map(|(_, bytes)| bytes)
    }

    /// The same, and where it lies.
    ///
    /// # Errors
    /// As [`Documents::get`].
    pub fn find(&self, hash: &[u8; 32]) -> Result<(PathBuf, Vec<u8>), DocumentError> {
        let mut trouble = DocumentError::Missing(hex::encode(hash));
        for place in self.places(hash) {
            match self.read(&place, hash) {
                Ok(bytes) => return Ok((place, bytes)),
                // What is there and something else says more than that it cannot be read.
                Err(error) => match (&trouble, &error) {
                    (DocumentError::Missing(_), _) | (DocumentError::Io { .. }, DocumentError::Changed { .. }) => {
                        trouble = error;
                    }
                    _ => (),
                },
            }
        }
        Err(trouble)
    }

    fn read(&self, file: &Path, hash: &[u8; 32]) -> Result<Vec<u8>, DocumentError> {
        let bytes = content(file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => DocumentError::Missing(hex::encode(hash)),
            _ => failed("cannot read", file)(error),
        })?;
        match sha256(&bytes) {
            found if found == *hash => Ok(bytes),
            found => Err(DocumentError::Changed {
                file: file.to_owned(),
                found,
            }),
        }
    }
}

/// What a file holds. What else stands under its name, such as a pipe or a device, may never end, and a file that
/// somebody put there may claim gigabytes.
fn content(file: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    let most = u64::try_from(Documents::MOST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    require_size(bytes.len())?;
    Ok(bytes)
}

/// Refuses what is longer than a document may be.
fn require_size(bytes: usize) -> io::Result<()> {
    let most = Documents::MOST_BYTES;
    match bytes > most {
        true => Err(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes"),
        )),
        false => Ok(()),
    }
}

/// What a file is called until it is on the disk: by each process otherwise, so that none writes into another's.
fn unfinished(file: &Path) -> PathBuf {
    file.with_extension(format!("json.{}.tmp", process::id()))
}

/// Waits until files are on the disk: a few at the same time, which the system then brings there together.
fn sync(written: &[(PathBuf, File)]) -> Result<(), DocumentError> {
    let of_part = |part: &[(PathBuf, File)]| {
        part.iter()
            .try_for_each(|(file, out)| out.sync_all().map_err(failed("cannot write", file)))
    };
    thread::scope(|scope| {
        let parts = written.chunks(written.len().div_ceil(SYNCS).max(1));
        let waiting: Vec<_> = parts.map(|part| scope.spawn(move || of_part(part))).collect();
        waiting.into_iter().try_for_each(|part| match part.join() {
            Ok(synced) => synced,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Makes a folder, and those that it is in, for their owner alone: values are known here before they are published.
fn create(folder: &Path) -> Result<(), DocumentError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed("cannot create", folder))
}

/// A name under which nothing is left: an earlier process of the same number may have been interrupted.
fn cleared(file: PathBuf) -> io::Result<PathBuf> {
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(file),
    }
}

/// How a new file is written that only its owner can read. A link under its name is not followed.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn failed(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> DocumentError {
    let file = file.to_owned();
    move |error| DocumentError::Io { what, file, error }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    hash::hash(bytes).to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_found_by_its_hash_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().join("evidence"));
        let hash = documents.put(b"{}").unwrap();
        assert_eq!(documents.put(b"{}").unwrap(), hash, "storing again changes nothing");
        assert_eq!(documents.get(&hash).unwrap(), b"{}");
        let file = documents.file(&hash);
        #[cfg(unix)]
        for (path, expected) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
            assert_eq!(mode, expected, "others cannot read {}", path.display());
        }
        // Another copy counts where the first one is gone, and nothing counts that has other bytes.
        let flat = documents.folder().join(file.file_name().unwrap());
        fs::rename(&file, &flat).unwrap();
        assert_eq!(documents.get(&hash).unwrap(), b"{}");
        fs::write(&flat, "{ }").unwrap();
        assert!(matches!(documents.get(&hash), Err(DocumentError::Changed { .. })));
        assert_eq!(documents.put(b"{}").unwrap(), hash, "it is written anew");
        assert!(documents.get(&hash).is_ok());
        fs::write(&file, "{ }").unwrap();
        assert!(matches!(documents.get(&hash), Err(DocumentError::Changed { .. })));
        assert_eq!(documents.put(b"{}").unwrap(), hash);
        assert!(documents.get(&hash).is_ok());
        assert!(matches!(documents.get(&[1; 32]), Err(DocumentError::Missing(_))));
    }

    #[test]
    fn a_folder_that_is_published_is_read_too() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().to_owned());
        let hash = sha256(b"{}");
        for place in documents.places(&hash) {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(&place, "{}").unwrap();
            assert_eq!(documents.find(&hash).unwrap(), (place.clone(), b"{}".to_vec()));
            fs::remove_file(place).unwrap();
        }
    }

    #[test]
    fn a_damaged_copy_does_not_hide_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().to_owned());
        let hash = documents.put(b"{}").unwrap();
        let file = documents.file(&hash);
        let by_hand = folder.path().join(file.file_name().unwrap());
        fs::write(&by_hand, "{}").unwrap();
        for damage in ["", "{"] {
            fs::write(&file, damage).unwrap();
            assert_eq!(documents.get(&hash).unwrap(), b"{}");
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(documents.get(&hash).unwrap(), b"{}");
        // What was stored is named, where neither will do.
        fs::write(&by_hand, "{").unwrap();
        assert!(matches!(documents.get(&hash), Err(DocumentError::Changed { .. })));
        fs::remove_file(&by_hand).unwrap();
        let error = documents.get(&hash).unwrap_err().to_string();
        assert!(error.contains("it is not a file"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_do_no_harm() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().join("evidence"));
        let hash = documents.put(b"{}").unwrap();
        let file = documents.file(&hash);
        fs::remove_file(&file).unwrap();
        // It has no end.
        symlink("/dev/zero", &file).unwrap();
        let error = documents.get(&hash).unwrap_err().to_string();
        assert!(error.contains("it is not a file"), "{error}");
        let other = folder.path().join("other");
        fs::write(&other, "of somebody").unwrap();
        for name in [unfinished(&file), file.with_extension("json.tmp"), file.clone()] {
            let _ = fs::remove_file(&name);
            symlink(&other, &name).unwrap();
        }
        assert_eq!(documents.put(b"{}").unwrap(), hash);
        assert_eq!(documents.get(&hash).unwrap(), b"{}");
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody");
    }

    #[test]
    fn no_more_is_read_than_a_document_may_have() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().to_owned());
        let hash = documents.put(b"{}").unwrap();
        // It claims four gigabytes, and takes none.
        let claimed = File::create(documents.file(&hash)).unwrap();
        claimed.set_len(4 << 30).unwrap();
        let error = documents.get(&hash).unwrap_err().to_string();
        assert!(error.contains("it has more than 67108864 bytes"), "{error}");
        // Memory that nobody touches takes none either.
        let error = documents.put(&vec![0; Documents::MOST_BYTES + 1]).unwrap_err();
        assert!(error.to_string().contains("it has more than"), "{error}");
    }

    #[test]
    fn many_documents_are_kept_as_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::at(folder.path().to_owned());
        let known = documents.put(b"2").unwrap();
        let all = ["1", "2", "3", "1"];
        let hashes = documents.put_all(&all).unwrap();
        assert_eq!((hashes[0], hashes[1]), (hashes[3], known));
        for (hash, bytes) in hashes.iter().zip(all) {
            assert_eq!(documents.get(hash).unwrap(), bytes.as_bytes());
        }
        let files = hashes.iter().map(|hash| documents.file(hash));
        let folders: BTreeSet<_> = files.map(|file| file.parent().unwrap().to_owned()).collect();
        let found = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        assert_eq!(found.count(), 3, "nothing unfinished is left");
        assert!(documents.put_all(&[""; 0]).unwrap().is_empty());
    }
}
