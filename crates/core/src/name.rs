//! Which texts may name something: two names that look the same to people are the same.
//!
//! A name neither begins nor ends with a space, and holds no character that nobody sees or that moves others: control
//! and format characters, separators other than the space, and what renderers leave out ("default ignorable", variation
//! selectors among them). Letters of different scripts that look alike are not told apart: `А` and `A` are two names.

use core::fmt;

/// Sorted and apart from each other. General categories Cc, Cf, Zl, Zp, Zs without U+0020, and the property
/// `Default_Ignorable_Code_Point`, which also covers code points that are not assigned yet. A test compares it with the
/// Unicode data.
const HIDDEN: [(char, char); 29] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It begins or ends with a space.
    OuterSpace,
    /// It holds this character.
    Hidden(char),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OuterSpace => f.write_str("it begins or ends with a space"),
            Self::Hidden(character) => write!(
                f,
                "it holds a character that nobody sees: U+{:04X}",
                u32::from(*character)
            ),
        }
    }
}

impl core::error::Error for Flaw {}

/// The hidden characters as ranges, first and last, sorted.
pub fn ranges() -> &'static [(char, char)] {
    &HIDDEN
}

/// Whether no name may hold this character.
///
/// ```
/// use earnout_core::name::is_hidden;
///
/// assert!(is_hidden('\u{200b}') && is_hidden('\n') && is_hidden('\u{a0}'));
/// assert!(!is_hidden(' ') && !is_hidden('é') && !is_hidden('%'));
/// ```
pub fn is_hidden(character: char) -> bool {
    // Most names are made of these alone.
    if matches!(character, ' '..='~') {
        return false;
    }
    HIDDEN.iter().any(|(first, last)| (first..=last).contains(&&character))
}

/// Checks the characters of a name or of a unit; lengths are for the caller to check.
///
/// # Errors
/// The first [`Flaw`].
///
/// ```
/// use earnout_core::name::{Flaw, check};
///
/// assert_eq!(check("Net revenue, %"), Ok(()));
/// assert_eq!(check("Net revenue "), Err(Flaw::OuterSpace));
/// assert_eq!(check("Net\u{200b}revenue"), Err(Flaw::Hidden('\u{200b}')));
/// ```
pub fn check(text: &str) -> Result<(), Flaw> {
    if let Some(hidden) = text.chars().find(|character| is_hidden(*character)) {
        return Err(Flaw::Hidden(hidden));
    }
    // All other white space is hidden.
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(Flaw::OuterSpace);
    }
    Ok(())
}
