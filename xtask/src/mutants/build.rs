//! The copy of the source with switches, and the program built from it.

use {
    super::{Mutant, find},
    crate::{
        installed, paths,
        run::{self, Run},
    },
    anyhow::{Context, Result, ensure},
    std::{
        fs,
        path::{Path, PathBuf},
    },
};

/// Stands in the built file before the number of the check that is off.
const MARK: &[u8; 16] = b"earnout mutant: ";

/// Files of the program that hold no checks of calls: declarations, names for Anchor's runtime, and arithmetic that
/// stands in for the compiler's.
const SKIPPED: [&str; 8] = [
    "lib.rs",
    "int128.rs",
    "error.rs",
    "fault.rs",
    "prelude.rs",
    "runtime/mod.rs",
    "runtime/anchor.rs",
    "runtime/lean.rs",
];

/// The module that the copy gets.
const MODULE: &str = r#"
/// Which check is off, behind a mark by which the number is found in the built file.
#[allow(unsafe_code)]
pub(crate) mod mutants {
    static OFF: [u8; 20] = *b"earnout mutant: \0\0\0\0";

    pub(crate) fn off(number: u32) -> bool {
        // SAFETY: a reference to a static array of bytes is valid for reading; volatile, since the file is changed
        // after the compiler has seen it.
        let off = unsafe { core::ptr::read_volatile(&OFF) };
        u32::from_le_bytes([off[16], off[17], off[18], off[19]]) == number
    }
}
"#;

/// The program's file, in which the number of the check that is off can be set.
pub struct Program {
    bytes: Vec<u8>,
    number_at: usize,
    dir: PathBuf,
}

impl Program {
    /// Where it was built.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the program with one check off and returns where.
    pub fn with(&self, number: u32) -> Result<PathBuf> {
        let mut bytes = self.bytes.clone();
        bytes[self.number_at..self.number_at + 4].copy_from_slice(&number.to_le_bytes());
        let file = self.dir.join(format!("{number}.so"));
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

/// Every check of the program, in a fixed order, numbered from 1.
pub fn mutants() -> Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for file in sources()? {
        for check in find::checks(&read(&file)?).with_context(|| file.display().to_string())? {
            mutants.push(Mutant {
                number: u32::try_from(mutants.len() + 1)?,
                file: relative(&file)?,
                line: check.line,
                text: check.text,
            });
        }
    }
    Ok(mutants)
}

/// Builds the copy with all the switches in it.
pub fn program() -> Result<Program> {
    let dir = installed::target_dir()?.join("mutants");
    let copy = dir.join("source");
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    copy_tree(&paths::root(), &copy)?;
    let mut first = 1;
    for file in sources()? {
        let source = read(&file)?;
        let checks = find::checks(&source)?;
        let to = copy.join("programs/earnout/src").join(relative(&file)?);
        write(&to, &find::switched(&source, &checks, first))?;
        first += checks.len();
    }
    let root = copy.join("programs/earnout/src/lib.rs");
    write(&root, &(read(&root)? + MODULE))?;

    let built = dir.join("earnout.so");
    run::cargo()
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .args(["run", "--quiet", "--locked", "--package", "xtask", "--"])
        .args(["build", "--compiler", "upstream", "--runtime", "anchor", "--out"])
        .arg(&built)
        .run("building the program with switches")?;
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(MARK)).collect();
    ensure!(
        places.len() == 1,
        "the mark stands {} times in the built program",
        places.len()
    );
    Ok(Program {
        bytes,
        number_at: places[0] + MARK.len(),
        dir,
    })
}

/// The program's source files in the order of their names.
fn sources() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(&paths::program_crate().join("src"), &mut files)?;
    files.retain(|file| !SKIPPED.iter().any(|name| file.ends_with(Path::new("src").join(name))));
    files.sort();
    Ok(files)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Everything but what is built and what git keeps.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if ["target", ".git", "node_modules"]
            .iter()
            .any(|skipped| name == *skipped)
        {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

fn relative(file: &Path) -> Result<String> {
    let src = paths::program_crate().join("src");
    Ok(file.strip_prefix(src)?.display().to_string())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
