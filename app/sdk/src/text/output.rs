//! Writing to the standard output, of which a reader may have read enough.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

/// Writes what `write` writes to the standard output; returns whether somebody still reads.
///
/// # Errors
/// If the standard output cannot be written. That its reader left is not an error.
pub fn is_read(write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>) -> io::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is left in the buffer has no reader either.
            let _ = out.into_parts();
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
