//! `cargo xtask size`: what takes the room in the program.

use {
    crate::{
        installed, paths,
        program::{self, Tuning},
        run::{Run, say},
        sbf::{self, Toolchain},
    },
    anyhow::{Context, Result, bail},
    clap::Args,
    std::{
        collections::BTreeMap,
        fmt::Write as _,
        fs,
        path::{Path, PathBuf},
    },
};

/// Between these lines of the page the table stands.
const BEGIN: &str = "<!-- functions: written by `cargo xtask size --write` -->";
const END: &str = "<!-- end of functions -->";

/// Functions of fewer bytes are one row of the table.
const SMALLEST_ROW: u64 = 3_000;

/// How much a part may differ from the committed one, percent of the whole.
const TOLERANCE_PERCENT: u64 = 1;

/// Arguments of `size`.
#[derive(Args, Default)]
pub struct Size {
    /// How many functions to list
    #[arg(long, default_value_t = 40)]
    top: usize,
    /// Rewrite the table in docs/compute-units.md
    #[arg(long, conflicts_with_all = ["top", "check"])]
    write: bool,
    /// Fail if the parts of the program are no longer those of docs/compute-units.md
    #[arg(long, conflicts_with = "top")]
    check: bool,
    #[command(flatten)]
    tuning: Tuning,
}

/// A function, or a constant.
struct Symbol {
    bytes: u64,
    is_code: bool,
    name: String,
}

impl Size {
    /// The comparison CI runs.
    pub fn checked() -> Self {
        Self {
            check: true,
            ..Self::default()
        }
    }

    /// Links the program once more, since the built file carries no names, and says what is in it, largest first.
    pub fn run(self) -> Result<()> {
        let toolchain = Toolchain::get()?;
        let dir = installed::target_dir()?.join("size");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        sbf::compile(&toolchain, &[program::PACKAGE], &[], &self.tuning, Some(&dir))?;
        let object = dir.join("earnout.o");
        toolchain
            .llvm_command("llc")?
            .args([
                "-march=bpf",
                "-mcpu=v2",
                "-mattr=+allows-misaligned-mem-access",
                "-filetype=obj",
                "-bpf-stack-size=4096",
                "-bpf-allows-libcalls",
                "-o",
            ])
            .arg(&object)
            .arg(dir.join("post-opt.ll"))
            .stdout_of("compiling the dumped program")?;
        let symbols = symbols(&toolchain, &object)?;
        let page = page();
        if self.write {
            let text = fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
            fs::write(&page, written_into(&text, &table(&symbols))?)
                .with_context(|| format!("cannot write {}", page.display()))?;
        } else if self.check {
            let text = fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
            compare(&text, &symbols)?;
        } else {
            self.list(&symbols);
        }
        Ok(())
    }

    fn list(&self, symbols: &[Symbol]) {
        let total = |of_code: bool| sum(symbols.iter().filter(|symbol| symbol.is_code == of_code));
        say(format_args!(
            "{:>8} code, {} data in {} symbols",
            total(true),
            total(false),
            symbols.len()
        ));
        for Symbol { bytes, is_code, name } in symbols.iter().take(self.top) {
            say(format_args!(
                "{bytes:>8} {}{name}",
                if *is_code { "" } else { "(data) " }
            ));
        }
    }
}

fn page() -> PathBuf {
    paths::root().join("docs/compute-units.md")
}

/// What the object file holds, largest first.
fn symbols(toolchain: &Toolchain, object: &Path) -> Result<Vec<Symbol>> {
    let table = toolchain
        .llvm_command("llvm-nm")?
        .args(["--demangle", "--print-size", "--radix=d"])
        .arg(object)
        .stdout_of("listing the program's symbols")?;
    let mut symbols: Vec<Symbol> = table.lines().filter_map(symbol).collect();
    symbols.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(symbols)
}

/// A line of llvm-nm: `address size kind name`.
fn symbol(line: &str) -> Option<Symbol> {
    let mut words = line.splitn(4, ' ');
    let _address = words.next()?;
    let (bytes, kind, name) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    Some(Symbol {
        bytes,
        is_code: kind.eq_ignore_ascii_case("t") || kind.eq_ignore_ascii_case("w"),
        name: name.to_owned(),
    })
}

fn sum<'a>(symbols: impl Iterator<Item = &'a Symbol>) -> u64 {
    symbols.map(|symbol| symbol.bytes).sum()
}

/// How the names of the functions begin that the frame's `#[program]` makes, one for each instruction.
const INSTRUCTION: &str = "earnout::__";

/// What a symbol is there for.
fn part(symbol: &Symbol) -> &'static str {
    let name = symbol.name.as_str();
    if !symbol.is_code {
        "constants: texts and tables"
    } else if name.starts_with(INSTRUCTION) || name == "entrypoint" {
        "instructions, with what the compiler put into them"
    } else if is_error(name) {
        "errors: names and texts"
    } else if name.contains("earnout_core::") {
        "arithmetic (`earnout-core`)"
    } else if name.contains("int128") || name.contains("__earnout_") || name.ends_with("ti3") {
        "128-bit multiplication and division"
    } else if name.contains("earnout_frame") {
        "the frame: checks, calls, bytes"
    } else if name.contains("earnout::") {
        "the program's other functions"
    } else if ["spl_", "solana_", "anchor_", "pinocchio", "bytemuck"]
        .iter()
        .any(|krate| name.contains(krate))
    {
        "Solana, SPL and pinocchio"
    } else {
        "Rust's own library"
    }
}

fn is_error(name: &str) -> bool {
    let of = ["EarnoutError", "anchor_lang_error", "ErrorCode", "ProgramError"];
    let does = [
        "::name",
        "fmt::Display",
        "::from",
        "::log",
        "convert::From",
        "error_msg",
    ];
    of.iter().any(|of| name.contains(of)) && does.iter().any(|does| name.contains(does))
}

/// Bytes by part, largest first.
fn parts(symbols: &[Symbol]) -> Vec<(&'static str, u64)> {
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    for symbol in symbols {
        *parts.entry(part(symbol)).or_default() += symbol.bytes;
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_unstable_by_key(|(name, bytes)| (std::cmp::Reverse(*bytes), *name));
    parts
}

/// The name of a function for readers: without what macros and generic parameters add.
fn shown(name: &str) -> String {
    if let Some(instruction) = name.strip_prefix(INSTRUCTION) {
        return format!("instruction `{instruction}`");
    }
    let mut short = String::new();
    let mut depth = 0u32;
    let generic = name.trim_start_matches('<');
    let opened = name.len() - generic.len();
    for letter in generic.chars() {
        match letter {
            '<' => depth += 1,
            '>' if depth > 0 => depth -= 1,
            _ if depth == 0 => short.push(letter),
            _ => {}
        }
    }
    let short = if opened > 0 {
        short.replacen('>', "", opened)
    } else {
        short
    };
    format!("`{}`", short.replace("::::", "::").trim_end_matches("::"))
}

/// The tables in Markdown.
fn table(symbols: &[Symbol]) -> String {
    let total = sum(symbols.iter());
    let mut text = String::from("| part | bytes | share |\n| --- | ---: | ---: |\n");
    for (name, bytes) in parts(symbols) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {bytes} | {} % |", percent(bytes, total));
    }
    let _ = writeln!(text, "| all | {total} | 100 % |");
    text.push_str("\n| function | bytes |\n| --- | ---: |\n");
    let functions = || symbols.iter().filter(|symbol| symbol.is_code);
    for symbol in functions().filter(|symbol| symbol.bytes >= SMALLEST_ROW) {
        let _ = writeln!(text, "| {} | {} |", shown(&symbol.name), symbol.bytes);
    }
    let small = || functions().filter(|symbol| symbol.bytes < SMALLEST_ROW);
    let _ = writeln!(
        text,
        "| {} functions of less than {SMALLEST_ROW} bytes | {} |",
        small().count(),
        sum(small())
    );
    text
}

fn percent(bytes: u64, total: u64) -> String {
    let tenths = (bytes * 1_000 + total / 2) / total.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn written_into(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .with_context(|| format!("docs/compute-units.md has no line {BEGIN}"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("docs/compute-units.md has no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

/// Fails if a part differs from the page's by more than the tolerance.
fn compare(page: &str, symbols: &[Symbol]) -> Result<()> {
    let total = sum(symbols.iter());
    let mut problems = Vec::new();
    for (name, bytes) in parts(symbols) {
        let row = page.lines().find_map(|line| {
            let rest = line.strip_prefix("| ")?.strip_prefix(name)?.strip_prefix(" | ")?;
            rest.split(' ').next()?.parse::<u64>().ok()
        });
        match row {
            None => problems.push(format!("{name}: {bytes} bytes, not in the table")),
            Some(row) if row.abs_diff(bytes) * 100 > total * TOLERANCE_PERCENT => {
                problems.push(format!("{name}: {bytes} bytes, the table says {row}"));
            }
            Some(_) => {}
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "docs/compute-units.md does not say any more what the program is made of; `cargo xtask size --write` and commit it:\n  {}",
        problems.join("\n  ")
    )
}
