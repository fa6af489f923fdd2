//! Spelling and line length of what people write.

use {
    anyhow::{Result, ensure},
    std::{fs, path::Path},
    typos::{
        Dictionary, Status, check_str,
        tokens::{Identifier, Tokenizer, Word},
    },
    unicase::UniCase,
};

/// The longest comment line of Rust, in characters. `cargo fmt` sees to code; texts stay on one line, so that they can
/// be searched for.
const MOST_COLUMNS: usize = 120;

/// Endings of the files that people write.
const WRITTEN: [&str; 8] = ["rs", "md", "toml", "ts", "tsx", "css", "sh", "yml"];

/// Files that a program writes, or that hold wrong words on purpose.
const OTHERS: [&str; 4] = ["app/web/src/generated/", "fuzz/corpus/", "vectors", "/fixtures/"];

/// Words that the list of misspellings knows, and that are meant here: of languages, formats and keys, and mistakes
/// that tests make on purpose.
const MEANT: [&str; 15] = [
    "BA", "Ba", "Loca", "Nd", "Pn", "ba", "datas", "evry", "selec", "ser", "ths", "treshold", "ue", "untils", "wth",
];

/// Fails if one of `files`, relative to `root`, has a misspelt word or, in Rust, a comment line that is too long.
pub fn check(root: &Path, files: &[String]) -> Result<()> {
    let tokenizer = Tokenizer::new();
    let mut found = Vec::new();
    for name in files.iter().filter(|name| is_written(name)) {
        // One that is listed but deleted.
        let Ok(text) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            for typo in check_str(line, &tokenizer, &Misspellings) {
                let Status::Corrections(better) = typo.corrections else {
                    continue;
                };
                found.push(format!("{place}: {}; expected {}", typo.typo, better.join(" or ")));
            }
            let columns = line.chars().count();
            let is_comment = name.ends_with(".rs") && line.trim_start().starts_with("//");
            if is_comment && columns > MOST_COLUMNS {
                found.push(format!(
                    "{place}: {columns} characters; expected at most {MOST_COLUMNS}"
                ));
            }
        }
    }
    ensure!(
        found.is_empty(),
        "in the text of committed files:\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

fn is_written(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    WRITTEN.contains(&ending) && !OTHERS.iter().any(|other| name.contains(other))
}

/// Common misspellings, each with what was meant.
struct Misspellings;

impl Dictionary for Misspellings {
    fn correct_ident<'s>(&'s self, _: Identifier<'_>) -> Option<Status<'s>> {
        None
    }

    fn correct_word<'s>(&'s self, word: Word<'_>) -> Option<Status<'s>> {
        if MEANT.contains(&word.token()) {
            return None;
        }
        let better = typos_dict::WORD.find(&UniCase::new(word.token()))?;
        Some(Status::Corrections(better.iter().map(|word| (*word).into()).collect()))
    }
}
