//! `cargo xtask check`: the short loop. What a change touches, and what costs little, before `cargo xtask test`.

use {
    crate::{
        paths, program,
        run::{self, Run, say},
        suite::Stage,
        web,
    },
    anyhow::Result,
    clap::Args,
    std::{collections::BTreeSet, path::Path, process::Command, time::Instant},
};

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    /// Check what changed since this commit, uncommitted changes included
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    since: String,
}

impl Check {
    /// Runs the checks up to the first that fails.
    ///
    /// # Errors
    /// What failed, in words.
    pub fn run(self) -> Result<()> {
        let begin = Instant::now();
        Stage::Hygiene.run()?;
        Stage::Fmt.run()?;
        let changed = self.changed()?;
        let in_web = |name: &String| name.starts_with("app/web/");
        if changed
            .iter()
            .any(|name| name.ends_with(".rs") || name.ends_with(".toml"))
        {
            Stage::Clippy.run()?;
        }
        if changed.iter().any(|name| name.starts_with("crates/core/")) {
            run::workspace_cargo()
                .args(["test", "--locked", "--package", "earnout-core"])
                .run("testing the arithmetic")?;
        }
        let tests: BTreeSet<String> = changed.iter().filter_map(|name| test_of(name)).collect();
        if !tests.is_empty() {
            program::build_quietly()?;
            run::linting("test")
                .args(["--test", "program", "--"])
                .args(&tests)
                .run("testing what changed")?;
        }
        if changed.iter().any(in_web) {
            web::check_types()?;
        }
        say(format_args!("checked in {:.0} s", begin.elapsed().as_secs_f64()));
        Ok(())
    }

    /// The files that differ from the commit, and those that are new.
    fn changed(&self) -> Result<Vec<String>> {
        let root = paths::root();
        let mut changed = Vec::new();
        for arguments in [
            &["diff", "--name-only", "-z", self.since.as_str()][..],
            &["ls-files", "-z", "--others", "--exclude-standard"],
        ] {
            let mut git = Command::new("git");
            let names = git
                .args(arguments)
                .current_dir(&root)
                .stdout_of("asking git what changed")?;
            changed.extend(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned));
        }
        Ok(changed)
    }
}

/// The tests that are named like the file, a test itself or an instruction of the program: what their names begin with.
fn test_of(name: &str) -> Option<String> {
    let path = Path::new(name);
    let is_named = ["tests/program/tests/it", "programs/earnout/src/instructions"]
        .iter()
        .any(|folder| path.parent() == Some(Path::new(folder)));
    let stem = path.file_stem()?.to_str()?;
    let is_test = path.extension()? == "rs" && is_named && !["mod", "main"].contains(&stem);
    is_test.then(|| format!("{stem}::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_and_its_test_have_one_name() {
        for name in [
            "programs/earnout/src/instructions/claim.rs",
            "tests/program/tests/it/claim.rs",
        ] {
            assert_eq!(test_of(name).as_deref(), Some("claim::"));
        }
        for other in [
            "programs/earnout/src/instructions/mod.rs",
            "tests/program/src/lib.rs",
            "tests/program/tests/it/main.rs",
            "tests/program/tests/it/claim.txt",
            "README.md",
        ] {
            assert_eq!(test_of(other), None, "{other}");
        }
    }
}
