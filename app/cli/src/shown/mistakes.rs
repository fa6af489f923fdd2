//! What is wrong with an input file, all of it at once.

use {
    crate::{fault::Fault, shown::output::Output},
    earnout_sdk::{terms::plan_file::Mistakes, text::amount::counted},
    serde_json::json,
};

/// Shows every mistake, as a line for people and in JSON beside the error. Nothing was sent because of them.
pub fn refused(output: &Output, found: Mistakes) -> Fault {
    let lines = found.to_string();
    output.note(&lines);
    let mistakes = found.mistakes.iter().map(|mistake| {
        json!({
            "line": mistake.line,
            "field": mistake.field,
            "what": mistake.what,
        })
    });
    let number = found.mistakes.len();
    let what = match number {
        1 => "a mistake".to_owned(),
        _ => counted(number, "mistake"),
    };
    Fault::new(format!("{} has {what}; nothing was sent", found.file.display()))
        .why(lines.lines().next().unwrap_or_default())
        .advice("correct the file and run the command again")
        .detail("mistakes", mistakes.collect())
}
