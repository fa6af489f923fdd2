//! `cargo xtask size`: what takes the room in the program.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    paths,
    program::{self, Tuning},
    run::{Run, say},
    sbf::{self, Toolchain},
};

/// Arguments of `size`.
#[derive(Args)]
pub struct Size {
    /// How many functions to list
    #[arg(long, default_value_t = 40)]
    top: usize,
    #[command(flatten)]
    tuning: Tuning,
}

impl Size {
    /// Links the program once more, since the built file carries no names, and lists its functions, largest first.
    pub fn run(self) -> Result<()> {
        let toolchain = Toolchain::get()?;
        let dir = paths::target_dir()?.join("size");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        sbf::compile(&toolchain, &[program::PACKAGE], &self.tuning, Some(&dir))?;
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
        self.list(&toolchain, &object)
    }

    fn list(&self, toolchain: &Toolchain, object: &Path) -> Result<()> {
        let table = toolchain
            .llvm_command("llvm-nm")?
            .args(["--demangle", "--print-size", "--radix=d"])
            .arg(object)
            .stdout_of("listing the program's symbols")?;
        let mut symbols: Vec<(u64, &str, &str)> = table.lines().filter_map(symbol).collect();
        symbols.sort_unstable_by(|a, b| b.cmp(a));
        let code = |kind: &str| kind.eq_ignore_ascii_case("t") || kind.eq_ignore_ascii_case("w");
        let total = |of_code: bool| -> u64 {
            let of_kind = symbols.iter().filter(|(_, kind, _)| code(kind) == of_code);
            of_kind.map(|(size, ..)| size).sum()
        };
        say(format_args!(
            "{:>8} code, {} data in {} symbols",
            total(true),
            total(false),
            symbols.len()
        ));
        for (size, kind, name) in symbols.iter().take(self.top) {
            say(format_args!(
                "{size:>8} {}{name}",
                if code(kind) { "" } else { "(data) " }
            ));
        }
        Ok(())
    }
}

/// Size, kind and name in a line of llvm-nm: `address size kind name`.
fn symbol(line: &str) -> Option<(u64, &str, &str)> {
    let mut words = line.splitn(4, ' ');
    let _address = words.next()?;
    Some((words.next()?.parse().ok()?, words.next()?, words.next()?))
}
