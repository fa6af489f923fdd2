//! Lines for the standard output and the standard error, of which a reader may have read enough (`status | head -1`).

use {
    earnout_sdk::text::output,
    std::{
        fmt,
        io::{self, Write},
    },
};

/// A line on the standard output.
///
/// # Errors
/// If it cannot be written. That nobody reads it is not an error.
pub fn line(text: fmt::Arguments<'_>) -> io::Result<()> {
    output::is_read(|out| writeln!(out, "{text}")).map(drop)
}

/// A line on the standard error. Where nobody reads, nothing has to be said.
pub fn aside(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// As `println!`, but a reader who left is not an error, and any other one is that of the function.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::out::line(format_args!($($text)*))?
    };
}

/// As `eprintln!`, but never fails.
macro_rules! note {
    ($($text:tt)*) => {
        $crate::out::aside(format_args!($($text)*))
    };
}
