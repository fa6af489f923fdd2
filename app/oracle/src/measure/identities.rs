//! Who a beneficiary is where an individual KPI is measured: a git e-mail address, a login, a customer number.

use {
    earnout_sdk::text::names::is_hidden,
    solana_program::pubkey::Pubkey,
    std::{
        collections::HashMap,
        path::{Path, PathBuf},
    },
    thiserror::Error,
    unicode_normalization::{UnicodeNormalization, char::is_combining_mark},
};

/// Why an identities file cannot be used.
#[derive(Debug, Error)]
pub enum IdentitiesError {
    #[error("cannot read the identities file {file}: {error}", file = .0.display(), error = .1)]
    Unreadable(PathBuf, csv::Error),
    #[error("{file}:{line}: {what}", file = .0.display(), line = .1, what = .2)]
    Line(PathBuf, u64, String),
}

/// Why a text is not somebody's name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NameFlaw {
    #[error("is empty")]
    Empty,
    #[error("holds U+{:04X}, which nobody sees", u32::from(*.0))]
    Hidden(char),
}

/// Whose name this is: the same text for the same person. Mail addresses and logins do not tell upper from lower case,
/// letters with marks can be written in two ways, and several spaces look like one: one person would be taken for two.
///
/// # Errors
/// If it is empty or holds a character that nobody sees.
pub fn person(name: &str) -> Result<String, NameFlaw> {
    let name = name.trim();
    if name.is_empty() {
        return Err(NameFlaw::Empty);
    }
    if let Some(unseen) = name.chars().find(|letter| is_unseen(*letter)) {
        return Err(NameFlaw::Hidden(unseen));
    }
    // What is made one may have another case or another compatible letter again.
    Ok(fold(&fold(name)))
}

/// A text without the difference of upper and lower case (`ß` is `ss`, and the two small sigmas are one), of
/// compatible letters, and of one space and several.
fn fold(name: &str) -> String {
    let letters: String = name
        .nfkc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let mut base = ' ';
    let dotted = letters.nfkd().filter(|letter| {
        // An `i` has its dot already: the large one of Turkish is written with it.
        base = if is_combining_mark(*letter) { base } else { *letter };
        let is_second = *letter == '\u{307}' && base == 'i';
        !is_second
    });
    let letters: String = dotted.nfkc().collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether nobody sees this character. Two more than in names on the chain: an empty pattern of Braille, and a note
/// without a head.
fn is_unseen(letter: char) -> bool {
    is_hidden(letter) || matches!(letter, '\u{2800}' | '\u{1d159}')
}

/// The identity of each beneficiary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities(HashMap<Pubkey, String>);

impl Identities {
    /// Reads a CSV file with the columns `beneficiary` and `identity`.
    ///
    /// # Errors
    /// If it cannot be read, a key is malformed, an identity is missing, or a beneficiary or identity stands twice.
    pub fn read(file: &Path) -> Result<Self, IdentitiesError> {
        let unreadable = |error| IdentitiesError::Unreadable(file.to_owned(), error);
        let mut reader = csv::Reader::from_path(file).map_err(unreadable)?;
        let header = reader.headers().map_err(unreadable)?.clone();
        let column = |name: &str| {
            header
                .iter()
                .position(|column| column.trim() == name)
                .ok_or_else(|| IdentitiesError::Line(file.to_owned(), 1, format!("there is no column `{name}`")))
        };
        let (key, identity) = (column("beneficiary")?, column("identity")?);
        let mut identities = HashMap::new();
        let mut lines: HashMap<String, u64> = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map_or(0, csv::Position::line);
            let wrong = |what: String| IdentitiesError::Line(file.to_owned(), line, what);
            let field = |position: usize| record.get(position).unwrap_or_default().trim();
            let beneficiary: Pubkey = field(key)
                .parse()
                .map_err(|_| wrong(format!("{:?} is not a key", field(key))))?;
            let name = field(identity);
            let person = person(name).map_err(|flaw| match flaw {
                NameFlaw::Empty => wrong("the identity is empty".to_owned()),
                flaw => wrong(format!("the identity {name:?} {flaw}")),
            })?;
            if let Some(before) = lines.insert(person, line) {
                return Err(wrong(format!("{name:?} is already the identity of line {before}")));
            }
            if identities.insert(beneficiary, name.to_owned()).is_some() {
                return Err(wrong(format!("{beneficiary} stands here for the second time")));
            }
        }
        Ok(Self(identities))
    }

    /// Who `beneficiary` is, if the file says so.
    pub fn of(&self, beneficiary: &Pubkey) -> Option<&str> {
        self.0.get(beneficiary).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Identities, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("identities.csv");
        std::fs::write(&file, text).unwrap();
        Identities::read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn identities_are_found() {
        let key = Pubkey::new_from_array([5; 32]);
        let identities = read(&format!("identity,beneficiary\nann@example.org,{key}\n")).unwrap();
        assert_eq!(identities.of(&key), Some("ann@example.org"));
        assert_eq!(identities.of(&Pubkey::default()), None);
    }

    #[test]
    fn one_person_has_one_name() {
        for (one, other) in [
            ("Ann Lee", "ann  lee"),
            (" Ann Lee ", "Ann   Lee"),
            ("Νίκος", "ΝΊΚΟΣ"),
            ("strauß", "STRAUSS"),
            ("STRAU\u{1e9e}", "strauss"),
            ("İLKER", "ilker"),
            ("\u{130}\u{327}a", "i\u{327}A"),
            ("René", "RENE\u{301}"),
            ("ﬁnn", "Finn"),
            ("ＡＮＮ", "ann"),
        ] {
            assert_eq!(person(one), person(other), "{one} {other}");
        }
        for (one, other) in [
            ("Ann Lee", "AnnLee"),
            ("Nikos", "Nikas"),
            ("Rene", "René"),
            ("zoe", "zo\u{307}e"),
        ] {
            assert_ne!(person(one), person(other), "{one} {other}");
        }
        for unseen in ['\u{2800}', '\u{1d159}', '\u{200b}'] {
            assert_eq!(person(&format!("a{unseen}nn")), Err(NameFlaw::Hidden(unseen)));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        /// Neither case nor a second reading makes another person.
        #[test]
        fn a_name_stays_itself(name in ".{1,20}|[A-Za-zß-ÿΑ-ωİıſ\u{300}-\u{345} ]{1,20}") {
            if let Ok(once) = person(&name) {
                proptest::prop_assert_eq!(person(&once), Ok(once.clone()));
                proptest::prop_assert_eq!(person(&name.to_lowercase()), Ok(once));
            }
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        let key = Pubkey::new_from_array([5; 32]);
        let other = Pubkey::new_from_array([6; 32]);
        for (text, part) in [
            ("beneficiary\n".to_owned(), ":1: there is no column `identity`"),
            ("beneficiary,identity\nann,ann\n".to_owned(), ":2: \"ann\" is not a key"),
            (format!("beneficiary,identity\n{key},\n"), ":2: the identity is empty"),
            (format!("beneficiary,identity\n{key},a\n{key},b\n"), ":3: "),
            (
                format!("beneficiary,identity\n{key},a\n{other},a\n"),
                ":3: \"a\" is already",
            ),
            (
                format!("beneficiary,identity\n{key},Ann@Example.org\n{other},ann@example.ORG\n"),
                ":3: \"ann@example.ORG\" is already the identity of line 2",
            ),
            // The same letter: one character, or a letter and its mark.
            (
                format!("beneficiary,identity\n{key},Ren\u{e9}\n{other},RENE\u{301}\n"),
                "is already the identity of line 2",
            ),
            (
                format!("beneficiary,identity\n{key},a\n{other},a\u{200b}\n"),
                ":3: the identity \"a\\u{200b}\" holds U+200B",
            ),
            (
                format!("beneficiary,identity\n{key},Νίκος\n{other},ΝΊΚΟΣ\n"),
                ":3: \"ΝΊΚΟΣ\" is already the identity of line 2",
            ),
            // Other line breaks, and rows of other lengths.
            (
                format!("beneficiary,identity\r{key},a\r{other},A\r"),
                "is already the identity",
            ),
            (format!("beneficiary,identity\n{key},a,b\n"), "cannot read"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
