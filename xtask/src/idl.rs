//! The program's interface description, generated from its source and committed as `idl/earnout.json`.

use {
    crate::{paths, run},
    anchor_lang_idl::build::IdlBuilder,
    anyhow::{Context, Result, bail},
    std::{
        env,
        ffi::OsString,
        fs,
        path::{Path, PathBuf},
        process::Command,
    },
};

/// The hidden command behind [`generate`].
pub const PRINT: &str = "print-idl";

/// Rewrites the committed description if that of the program with these features differs.
pub fn update(features: &[&str]) -> Result<()> {
    let file = paths::idl_json();
    let new = generate(features)?;
    if fs::read_to_string(&file).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    fs::write(&file, new).with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("{}: updated, commit it", paths::shown(&file));
    Ok(())
}

/// Fails if the committed description is not the program's.
pub fn check(features: &[&str]) -> Result<()> {
    let file = paths::idl_json();
    let old = fs::read_to_string(&file).unwrap_or_default();
    let new = generate(features)?;
    if old == new {
        return Ok(());
    }
    let line = old
        .lines()
        .zip(new.lines())
        .position(|(old, new)| old != new)
        .unwrap_or_else(|| old.lines().count().min(new.lines().count()));
    bail!(
        "{} is not what the program's source says, first in line {}:\n  committed: {}\n  generated: {}\nRun `cargo xtask \
         build` and commit the file",
        paths::shown(&file),
        line + 1,
        old.lines().nth(line).unwrap_or("(nothing)").trim(),
        new.lines().nth(line).unwrap_or("(nothing)").trim(),
    )
}

/// Generates it in a process of its own, because the builder's environment must differ from this one's.
///
/// It starts `cargo` from PATH and mishandles `RUSTUP_TOOLCHAIN`, which rustup sets for everything it starts (it asks
/// rustup for a toolchain literally called `{toolchain}`). So the variable goes, and the running cargo's directory
/// comes first in PATH. It also sets `RUSTFLAGS`, which would compile every dependency a second time; the encoded
/// flags, here none, have precedence.
fn generate(features: &[&str]) -> Result<String> {
    let this = env::current_exe().context("cannot find the running xtask")?;
    // The build of everything replaces this file by another of the same source; the system marks the old one's name so.
    let this = this.to_string_lossy().trim_end_matches(" (deleted)").to_owned();
    let mut command = Command::new(this);
    command
        .arg(PRINT)
        .args(features.iter().map(|feature| format!("--feature={feature}")))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env("PATH", path_with_this_cargo()?);
    for (name, value) in run::cargo().get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    run::with_progress(&mut command, "generating the IDL")
}

/// Prints the description: the inner process of [`generate`].
pub fn print(features: &[String]) -> Result<()> {
    let program = paths::program_crate();
    let arguments = ["--locked", "--lib"].map(str::to_owned).into_iter();
    let arguments = arguments.chain(features.iter().map(|feature| format!("--features={feature}")));
    let idl = IdlBuilder::new()
        .program_path(program.clone())
        .cargo_args(arguments.collect())
        .build()
        .with_context(|| format!("cannot generate the IDL of {}", program.display()))?;
    println!("{}", serde_json::to_string_pretty(&idl)?);
    Ok(())
}

/// PATH with the directory of the running cargo in front, where its rustc lies as well.
fn path_with_this_cargo() -> Result<OsString> {
    let cargo = env::var_os("CARGO").map(PathBuf::from);
    let first = cargo
        .as_deref()
        .and_then(Path::parent)
        .filter(|dir| dir.is_absolute())
        .map(Path::to_path_buf);
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(first.into_iter().chain(env::split_paths(&rest)))
        .context("the directory of cargo cannot stand in PATH")
}
