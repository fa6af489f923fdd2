//! Text that strangers wrote, and the names of KPIs. On the chain anyone can write anything: a name must neither move
//! the cursor nor turn the direction of what stands beside it, and must not be taken for another one.

pub use earnout_core::name::is_hidden;

/// The text with every hidden character written out, like `\u{202e}`.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_hidden(letter) {
            true => shown.extend(letter.escape_unicode()),
            false => shown.push(letter),
        }
    }
    shown
}

/// The text, or its first `most` letters and an ellipsis: endpoints and files can put anything into what is repeated.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a name could be taken for the number of something: it has digits, and nothing but what numbers are written
/// with.
pub fn is_number(name: &str) -> bool {
    let is_part = |letter: char| letter.is_numeric() || letter.is_whitespace() || "+-\u{2212}#.,_'%".contains(letter);
    name.chars().any(char::is_numeric) && name.chars().all(is_part)
}

/// Which KPI of those with these names a text means: by its name, by its number, counted from 0, or by both, like
/// `2 users`. A name that is the number of another KPI means neither, unless its own number stands before it.
///
/// # Errors
/// If there is none, or the text means two. The message names them.
pub fn kpi(names: &[impl AsRef<str>], text: &str) -> Result<usize, String> {
    let both = |(place, name): (usize, &str)| format!("{place} {name}");
    let all = || names.iter().map(AsRef::as_ref).enumerate();
    let find = |is_meant: &dyn Fn((usize, &str)) -> bool| all().find(|(place, name)| is_meant((*place, name)));
    let named = find(&|(_, name)| name == text);
    let numbered = find(&|(place, _)| place.to_string() == text);
    match (named, numbered) {
        (Some(named), Some(numbered)) if named.0 != numbered.0 => {
            let (named, numbered) = (harmless(&both(named)), harmless(&both(numbered)));
            Err(format!(
                "it is the name of one KPI and the number of another; say `{named}` or `{numbered}`"
            ))
        }
        (Some((place, _)), _) | (None, Some((place, _))) => Ok(place),
        (None, None) => find(&|kpi| both(kpi) == text).map(|(place, _)| place).ok_or_else(|| {
            let all: Vec<_> = all().map(|kpi| harmless(&both(kpi))).collect();
            format!("its KPIs are: {}", all.join(", "))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_the_direction_is_written_out() {
        assert_eq!(harmless("tâches 任务 🚀"), "tâches 任务 🚀");
        assert_eq!(harmless("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(harmless("x\u{202e}gpj.exe"), "x\\u{202e}gpj.exe");
        assert_eq!(
            harmless("a\r\nb\u{85}\u{feff}\u{2067}"),
            "a\\u{d}\\u{a}b\\u{85}\\u{feff}\\u{2067}"
        );
        for hidden in [
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{2003}',
            '\u{200b}',
            '\u{2028}',
            '\u{2029}',
            '\u{2064}',
            '\u{2069}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            assert!(is_hidden(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn numbers_are_told_from_names() {
        for number in ["0", "12", "-1", "1.250", "1,250", "50 %", "#3", "٣", "1_000", "½"] {
            assert!(is_number(number), "{number}");
        }
        for name in ["users", "2x", "q3 revenue", "", "-", "%", "1e3"] {
            assert!(!is_number(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_the_number_of_another_means_neither() {
        let names = ["users", "0", "mau", "3"];
        for (text, expected) in [
            ("users", Ok(0)),
            ("1", Ok(1)),
            ("2", Ok(2)),
            ("3", Ok(3)),
            ("1 0", Ok(1)),
            ("0 users", Ok(0)),
        ] {
            assert_eq!(kpi(&names, text), expected, "{text}");
        }
        let said = kpi(&names, "0").expect_err("two");
        assert!(said.ends_with("say `1 0` or `0 users`"), "{said}");
        let said = kpi(&names, "4").expect_err("none");
        assert!(said.ends_with("0 users, 1 0, 2 mau, 3 3"), "{said}");
    }
}
