//! `cargo xtask mutants`: switches off every check of the program in turn and asks the tests whether they notice.
//!
//! One build serves all of them: in a copy of the source each check is written `off(number) || check`, where `off`
//! compares with a number in the program's file, and a mutant is that file with another number in it.

mod build;
mod find;
mod tests;

use {
    crate::{paths, run::say},
    anyhow::{Context, Result, ensure},
    clap::Args,
    std::{
        collections::BTreeMap,
        fs,
        path::PathBuf,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    },
};

/// Survivors that no test can notice, and why.
const EQUIVALENT: &str = "tests/program/mutants/equivalent.txt";

/// Arguments of `mutants`.
#[derive(Args)]
pub struct Mutants {
    /// Only checks whose `file:line: text` contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// List the checks and stop
    #[arg(long)]
    list: bool,
    /// How many mutants are tested at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// One check of the program, switched off.
pub struct Mutant {
    /// Its number in the built file; 0 is the program itself.
    pub number: u32,
    /// File in the program's `src`.
    pub file: String,
    /// Line in that file.
    pub line: usize,
    /// The check.
    pub text: String,
}

impl Mutant {
    /// How the list of equivalent mutants names it: without the line, which moves.
    fn name(&self) -> String {
        format!("{}: {}", self.file, self.text)
    }
}

impl Mutants {
    /// Runs it; 1 if a mutant survived that is not listed, or a listed one did not.
    pub fn run(&self) -> Result<u8> {
        let mutants = build::mutants()?;
        let chosen: Vec<&Mutant> = mutants
            .iter()
            .filter(|mutant| {
                let shown = format!("{}:{}: {}", mutant.file, mutant.line, mutant.text);
                self.only.as_deref().is_none_or(|only| shown.contains(only))
            })
            .collect();
        if self.list {
            for mutant in &chosen {
                say(format_args!(
                    "{:4} {}:{}: {}",
                    mutant.number, mutant.file, mutant.line, mutant.text
                ));
            }
            return Ok(0);
        }
        let equivalent = equivalent(&mutants)?;
        let program = build::program()?;
        let suite = tests::Suite::build(&program.dir().join("tests"))?;
        let unchanged = program.with(0)?;
        if let Some(test) = suite.first_failure(&unchanged, None)? {
            anyhow::bail!("{test} fails although nothing is switched off");
        }

        let next = AtomicUsize::new(0);
        let outcomes: Mutex<Vec<(&Mutant, Option<String>)>> = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let work = || -> Result<()> {
                while let Some(mutant) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file = program.with(mutant.number)?;
                    let noticed = suite.first_failure(&file, Some(mutant))?;
                    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
                    say(format_args!(
                        "{}:{}: {}\n    {}",
                        mutant.file,
                        mutant.line,
                        mutant.text,
                        noticed
                            .as_deref()
                            .map_or("SURVIVED".to_owned(), |test| format!("noticed by {test}")),
                    ));
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push((mutant, noticed));
                    }
                }
                Ok(())
            };
            let workers: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                worker.join().map_err(|_| anyhow::anyhow!("a worker stopped"))??;
            }
            Ok::<_, anyhow::Error>(())
        })?;
        let outcomes = outcomes.into_inner().unwrap_or_default();
        Ok(report(&outcomes, &equivalent))
    }
}

/// Prints the summary; 1 if something is to be done.
fn report(outcomes: &[(&Mutant, Option<String>)], equivalent: &BTreeMap<String, String>) -> u8 {
    let mut noticed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut listed = 0;
    for (mutant, test) in outcomes {
        let reason = equivalent.get(&mutant.name());
        match (test, reason) {
            (Some(test), None) => *noticed.entry(test).or_default() += 1,
            (None, Some(_)) => listed += 1,
            (None, None) => wrong.push(format!("survived: {}:{}: {}", mutant.file, mutant.line, mutant.text)),
            (Some(test), Some(_)) => {
                wrong.push(format!("{EQUIVALENT} lists it, but {test} notices: {}", mutant.name()))
            }
        }
    }
    say(format_args!(
        "\n{} checks switched off, {listed} of them listed in {EQUIVALENT}",
        outcomes.len()
    ));
    for (test, count) in &noticed {
        say(format_args!("{count:6} noticed by {test}"));
    }
    for line in &wrong {
        say(format_args!("{line}"));
    }
    u8::from(!wrong.is_empty())
}

/// The listed mutants and why nothing can notice them: `file: check | reason`, a line each.
fn equivalent(mutants: &[Mutant]) -> Result<BTreeMap<String, String>> {
    let file: PathBuf = paths::root().join(EQUIVALENT);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {EQUIVALENT}"))?;
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, reason) = line
            .rsplit_once(" | ")
            .with_context(|| format!("{EQUIVALENT}: `{line}` has no ` | ` before its reason"))?;
        let mut named = mutants.iter().filter(|mutant| mutant.name() == name);
        ensure!(
            named.next().is_some(),
            "{EQUIVALENT} names a check that is gone: {name}"
        );
        ensure!(named.next().is_none(), "{EQUIVALENT}: there are several of {name}");
        listed.insert(name.to_owned(), reason.to_owned());
    }
    Ok(listed)
}

#[cfg(test)]
mod list {
    use super::*;

    #[test]
    fn every_listed_mutant_is_a_check_of_the_program_as_it_is() {
        let mutants = build::mutants().expect("the program's checks");
        assert!(mutants.len() > 250, "only {} checks found", mutants.len());
        equivalent(&mutants).expect("a list of known checks");
    }
}
