//! The figures as tables, and what is wrong with them.

use {
    crate::{
        rent::rent,
        scenarios::{self, Figure},
    },
    earnout_sdk::wire::accounts,
    earnout_tests::{
        Chain,
        ceilings::{self, Runtime},
    },
    std::{collections::BTreeMap, fmt::Write},
};

/// Between these lines the page is written by the bench.
fn marks(runtime: Runtime) -> [&'static str; 2] {
    match runtime {
        Runtime::Frame => [
            "<!-- figures: written by `cargo xtask bench` -->",
            "<!-- end of figures -->",
        ],
        Runtime::Anchor => [
            "<!-- figures on Anchor's runtime: written by `cargo xtask bench` -->",
            "<!-- end of figures on Anchor's runtime -->",
        ],
    }
}

/// How much a figure may rise above the committed one, percent.
const TOLERANCE_PERCENT: u64 = 3;

/// Largest grant account, bytes.
const GRANT_CEILING: u64 = 384;
/// What was measured.
pub struct Report {
    runtime: Runtime,
    figures: Vec<Figure>,
    program_bytes: u64,
    accounts: Vec<(&'static str, u64)>,
    example: Vec<(String, String)>,
}

impl Report {
    /// Measures the built program.
    pub fn measure(runtime: Runtime) -> Self {
        let file = Chain::built_program();
        let program_bytes = std::fs::metadata(&file).map_or(0, |meta| meta.len());
        let account = |name, bytes: usize| (name, bytes as u64);
        let accounts = vec![
            account("Plan", accounts::space::<earnout::state::Plan>()),
            account("Vault (SPL Token)", 165),
            account("Grant", accounts::space::<earnout::state::Grant>()),
            account("Attestation", accounts::space::<earnout::state::Attestation>()),
            account("Period", accounts::space::<earnout::state::Period>()),
        ];
        Self {
            runtime,
            figures: scenarios::all(),
            program_bytes,
            accounts,
            example: scenarios::example(),
        }
    }

    /// The figures in Markdown.
    pub fn tables(&self) -> String {
        let mut text = String::from("| instruction | scenario | units | ceiling |\n| --- | --- | ---: | ---: |\n");
        for figure in &self.figures {
            let ceiling = self.ceiling(figure);
            let ceiling = ceiling.map_or_else(|| "–".to_owned(), |units| units.to_string());
            let Figure {
                instruction,
                scenario,
                units,
                ..
            } = figure;
            let _ = writeln!(text, "| `{instruction}` | {scenario} | {units} | {ceiling} |");
        }
        let _ = write!(
            text,
            "\n| file or account | bytes | ceiling | rent, SOL, at 5,080 / at 696 lamports a byte |\n\
             | --- | ---: | ---: | ---: |\n| `{}` | {} | {} | {} |\n",
            self.file(),
            self.program_bytes,
            ceilings::bytes(self.runtime),
            rent(self.program_bytes, 1)
        );
        // Accounts are the same on both.
        if self.runtime == Runtime::Anchor {
            return text;
        }
        for (name, bytes) in &self.accounts {
            let ceiling = if *name == "Grant" {
                GRANT_CEILING.to_string()
            } else {
                "–".to_owned()
            };
            let _ = writeln!(text, "| {name} | {bytes} | {ceiling} | {} |", rent(*bytes, 1));
        }
        text.push_str("\n| the 60-contributor example, `Return` | |\n| --- | ---: |\n");
        for (name, value) in &self.example {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        text
    }

    /// Name of the program's file.
    fn file(&self) -> &'static str {
        match self.runtime {
            Runtime::Frame => "earnout.so",
            Runtime::Anchor => "earnout_anchor.so",
        }
    }

    fn ceiling(&self, figure: &Figure) -> Option<u64> {
        ceilings::units(self.runtime, figure.instruction, &figure.scenario)
    }

    /// The page in three parts: before the figures of this runtime, the figures, after them.
    fn parts<'a>(&self, page: &'a str) -> Result<[&'a str; 3], String> {
        let [begin, end] = marks(self.runtime);
        let missing = |mark| format!("docs/compute-units.md has no line {mark}");
        let (before, rest) = page.split_once(begin).ok_or_else(|| missing(begin))?;
        let (figures, after) = rest.split_once(end).ok_or_else(|| missing(end))?;
        Ok([before, figures, after])
    }

    /// The page with its figures replaced.
    pub fn written_into(&self, page: &str) -> Result<String, String> {
        let [before, _, after] = self.parts(page)?;
        let [begin, end] = marks(self.runtime);
        Ok(format!("{before}{begin}\n\n{}\n{end}{after}", self.tables()))
    }

    /// What exceeds an absolute limit.
    pub fn over_ceiling(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .figures
            .iter()
            .filter(|figure| self.ceiling(figure).is_some_and(|ceiling| figure.units > ceiling))
            .map(|figure| {
                format!(
                    "{} ({}) takes {} units, more than its ceiling",
                    figure.instruction, figure.scenario, figure.units
                )
            })
            .collect();
        let ceiling = ceilings::bytes(self.runtime);
        if self.program_bytes > ceiling {
            problems.push(format!(
                "{} has {} bytes, more than its ceiling of {ceiling}",
                self.file(),
                self.program_bytes
            ));
        }
        for (name, bytes) in &self.accounts {
            if *name == "Grant" && *bytes > GRANT_CEILING {
                problems.push(format!(
                    "a grant has {bytes} bytes, more than its ceiling of {GRANT_CEILING}"
                ));
            }
        }
        problems
    }

    /// What exceeds a limit or the committed page by more than the tolerance.
    pub fn compare(&self, page: &str) -> Vec<String> {
        let committed = match self.parts(page) {
            Ok([_, figures, _]) => committed(figures),
            Err(problem) => return vec![problem],
        };
        let mut problems = self.over_ceiling();
        let name = format!("`{}`", self.file());
        let sizes = std::iter::once(((name, String::new()), self.program_bytes));
        let units = self.figures.iter().map(|figure| {
            (
                (format!("`{}`", figure.instruction), figure.scenario.clone()),
                figure.units,
            )
        });
        for ((name, scenario), now) in units.chain(sizes) {
            match committed.get(&(name.clone(), scenario.clone())) {
                None => problems.push(format!("{name} ({scenario}) is not in docs/compute-units.md; run `cargo xtask bench`")),
                Some(&before) if now * 100 > before * (100 + TOLERANCE_PERCENT) => problems.push(format!(
                    "{name} ({scenario}) rose from {before} to {now}, more than {TOLERANCE_PERCENT}%; make it cheaper, or run `cargo xtask bench` and commit the table"
                )),
                Some(_) => {}
            }
        }
        problems
    }
}

/// The committed figures by name and scenario: rows of four cells whose first is in back quotes. The size of the
/// program has its number in the second cell.
fn committed(page: &str) -> BTreeMap<(String, String), u64> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [name, second, third, _] = cells[..] else {
            return None;
        };
        if !name.starts_with('`') {
            return None;
        }
        match second.parse() {
            Ok(bytes) => Some(((name.to_owned(), String::new()), bytes)),
            Err(_) => Some(((name.to_owned(), second.to_owned()), third.parse().ok()?)),
        }
    });
    rows.collect()
}
