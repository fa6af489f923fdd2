//! The program's file.

use {
    crate::fault::Fault,
    std::{fs, path::Path},
};

const MAGIC: &[u8] = b"\x7fELF";

/// Reads the program's bytes.
///
/// # Errors
/// If the file cannot be read or is not a program.
pub fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    let bytes = fs::read(file).map_err(|error| {
        let file = file.display();
        Fault::new(format!(
            "cannot read the program {file}: {error}. `cargo xtask build` makes it."
        ))
    })?;
    if !bytes.starts_with(MAGIC) {
        return Err(not_a_program(file, "it is not an ELF file"));
    }
    Ok(bytes)
}

pub fn not_a_program(file: &Path, reason: impl std::fmt::Display) -> Fault {
    Fault::new(format!("{} is not a program: {reason}", file.display()))
}
