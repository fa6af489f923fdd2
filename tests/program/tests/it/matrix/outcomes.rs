//! What must come of each broken call.

use {
    earnout_tests::*,
    std::{
        collections::{BTreeMap, BTreeSet},
        sync::LazyLock,
    },
};

/// The table: one line for each rule, `instruction | state | role | break | with | outcome | reason`. `*` stands for
/// anything, `a; b` for either. The first line that fits counts. The outcome is the name of an error, or `ok` with the
/// reason why that is sound.
pub struct Outcomes {
    rules: Vec<(usize, [Vec<String>; 5], String)>,
}

impl Outcomes {
    /// The table of `outcomes.txt`.
    pub fn read() -> Self {
        let mut rules = Vec::new();
        for (index, line) in include_str!("outcomes.txt").lines().enumerate() {
            let number = index + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [instruction, state, role, name, with, outcome, reason @ ..] = &cells[..] else {
                panic!("line {number}: {line}");
            };
            assert_eq!(
                *outcome == "ok",
                reason.iter().any(|reason| !reason.is_empty()),
                "line {number}: a reason, for what is allowed only: {line}"
            );
            assert!(
                *outcome != "ok" || *instruction != "*",
                "line {number}: what is allowed names its instruction: {line}"
            );
            let keys = [instruction, state, role, name, with];
            let keys = keys.map(|cell| cell.split(';').map(|one| one.trim().to_owned()).collect());
            rules.push((number, keys, (*outcome).to_owned()));
        }
        Self { rules }
    }

    /// Line and outcome for this row.
    pub fn of(&self, row: [&str; 5]) -> Option<(usize, &str)> {
        let fits = |cells: &[Vec<String>; 5]| {
            let mut pairs = cells.iter().zip(row);
            pairs.all(|(cell, value)| cell.iter().any(|one| one == "*" || one == value))
        };
        let rule = self.rules.iter().find(|(_, cells, _)| fits(cells));
        rule.map(|(line, _, outcome)| (*line, outcome.as_str()))
    }

    /// Complaints about lines that no row used.
    pub fn unused(&self, used: &BTreeSet<usize>) -> Vec<String> {
        let lines = self.rules.iter().map(|(line, ..)| line);
        let idle = lines.filter(|line| !used.contains(line));
        idle.map(|line| format!("outcomes.txt:{line}: no broken call needs this line"))
            .collect()
    }
}

/// The name of what came of a transaction: `ok`, an error of this program, of Anchor or of the called program, or the
/// runtime's word.
pub fn outcome(result: &Result<Receipt, Box<Failure>>) -> String {
    let failure = match result {
        Ok(_) => return "ok".to_owned(),
        Err(failure) => failure,
    };
    match failure.code {
        Some(code) => named(code).unwrap_or_else(|| format!("{} {code}", refuser(failure))),
        None => {
            let word = format!("{:?}", failure.error);
            let inner = word
                .strip_prefix("InstructionError(0, ")
                .and_then(|word| word.strip_suffix(')'));
            let inner = inner.unwrap_or(&word);
            inner.split(' ').next().unwrap_or(inner).to_owned()
        }
    }
}

/// The program that failed first.
fn refuser(failure: &Failure) -> &'static str {
    let failed = failure
        .logs
        .iter()
        .find(|line| line.contains(" failed: "))
        .map(String::as_str);
    let is = |program: &Pubkey| failed.is_some_and(|line| line.contains(&program.to_string()));
    if TOKEN_PROGRAMS.iter().any(|program| is(&program.id())) {
        "token"
    } else if is(&system_program::ID) {
        "system"
    } else {
        "unknown"
    }
}

fn named(code: u32) -> Option<String> {
    static NAMES: LazyLock<BTreeMap<u32, String>> = LazyLock::new(names);
    NAMES.get(&code).cloned()
}

/// The errors of Anchor that can occur here, and all of this program.
fn names() -> BTreeMap<u32, String> {
    const ANCHOR: &[AnchorError] = &[
        AnchorError::ConstraintMut,
        AnchorError::ConstraintHasOne,
        AnchorError::ConstraintSigner,
        AnchorError::ConstraintOwner,
        AnchorError::ConstraintSeeds,
        AnchorError::ConstraintExecutable,
        AnchorError::ConstraintAddress,
        AnchorError::ConstraintDuplicateMutableAccount,
        AnchorError::AccountDiscriminatorNotFound,
        AnchorError::AccountDiscriminatorMismatch,
        AnchorError::AccountDidNotDeserialize,
        AnchorError::AccountNotEnoughKeys,
        AnchorError::AccountNotMutable,
        AnchorError::AccountOwnedByWrongProgram,
        AnchorError::InvalidProgramId,
        AnchorError::InvalidProgramExecutable,
        AnchorError::AccountNotSigner,
        AnchorError::AccountNotSystemOwned,
        AnchorError::AccountNotInitialized,
    ];
    let anchor = ANCHOR.iter().map(|error| (Refusal::code(error), Refusal::name(error)));
    let idl: serde_json::Value = serde_json::from_str(include_str!("../../../../../idl/earnout.json")).unwrap();
    let own = idl["errors"].as_array().unwrap().iter().map(|error| {
        let code = u32::try_from(error["code"].as_u64().unwrap()).unwrap();
        (code, error["name"].as_str().unwrap().to_owned())
    });
    anchor.chain(own).collect()
}
