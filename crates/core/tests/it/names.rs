//! The table of hidden characters against the Unicode data.

use {
    earnout_core::name::{Flaw, check, is_hidden, ranges},
    icu_properties::{
        CodePointMapData, CodePointSetData,
        props::{DefaultIgnorableCodePoint, GeneralCategory, WhiteSpace},
    },
};

#[test]
fn the_table_is_what_unicode_says() {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut hidden = 0u32;
    for character in '\0'..=char::MAX {
        let expected = match categories.get(character) {
            GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => true,
            GeneralCategory::SpaceSeparator => character != ' ',
            _ => ignorable.contains(character),
        };
        assert_eq!(is_hidden(character), expected, "U+{:04X}", u32::from(character));
        hidden += u32::from(expected);
    }
    assert!(hidden > 4_096 && hidden < 5_000, "{hidden}");
}

#[test]
fn the_ranges_are_sorted_and_apart() {
    assert!(ranges().iter().all(|(first, last)| first <= last));
    assert!(
        ranges()
            .windows(2)
            .all(|pair| u32::from(pair[0].1) + 1 < u32::from(pair[1].0))
    );
}

#[test]
fn all_white_space_but_the_space_is_hidden() {
    let white_space = CodePointSetData::new::<WhiteSpace>();
    for character in '\0'..=char::MAX {
        if white_space.contains(character) || character.is_whitespace() {
            assert_eq!(is_hidden(character), character != ' ', "U+{:04X}", u32::from(character));
        }
    }
}

#[test]
fn a_name_is_refused_for_its_ends_and_for_every_hidden_character() {
    for name in [
        "",
        "a",
        "Net revenue",
        "日本 語",
        "étape",
        "\u{2800}",
        "%",
        "a  b",
        "🏆",
    ] {
        assert_eq!(check(name), Ok(()), "{name:?}");
    }
    for name in [" ", " a", "a ", "  "] {
        assert_eq!(check(name), Err(Flaw::OuterSpace), "{name:?}");
    }
    for (first, last) in ranges() {
        for character in [*first, *last] {
            for name in [
                format!("{character}"),
                format!("a{character}b"),
                format!("{character}a"),
                format!("a{character}"),
            ] {
                assert_eq!(check(&name), Err(Flaw::Hidden(character)), "{name:?}");
            }
        }
    }
    assert_eq!(
        Flaw::Hidden('\u{200b}').to_string(),
        "it holds a character that nobody sees: U+200B"
    );
}
