//! Checks of the committed files that need no compiler: nothing of one machine in them, links that lead somewhere, and
//! facts that are written in several places the same everywhere.

use {
    crate::{deny, dependencies, documents, paths, prose, rings, run::Run, sbf},
    anyhow::{Context, Result, bail, ensure},
    serde_json::Value,
    std::{env, fs, path::Path, process::Command},
    toml::Table,
};

/// Runs all of them.
pub fn check() -> Result<()> {
    let files = committed()?;
    no_machine_facts(&files)?;
    documents::check(&paths::root(), &files)?;
    rings::check(&paths::root(), &files)?;
    prose::check(&paths::root(), &files)?;
    dependencies::check(&paths::root(), &files)?;
    deny::check(&paths::root(), &files)?;
    same_program_id()?;
    same_versions()
}

/// The names of all files that are committed, or would be.
fn committed() -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(paths::root())
        .stdout_of("listing the committed files")?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// No committed text names this machine's directories or package mirrors.
///
/// A path that works here breaks elsewhere, and a mirror is each machine's own setting. `Cargo.lock` names its sources
/// by an identifier every machine maps to its own mirror; an npm lock file can be kept free of addresses, and is.
fn no_machine_facts(files: &[String]) -> Result<()> {
    let root = paths::root();
    let facts = MachineFacts::gather(&root);
    let mut found = Vec::new();
    for name in files {
        // A binary file, or one that is listed but deleted.
        let Ok(text) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        if Path::new(name).file_name().is_some_and(|file| file == "Cargo.lock") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(why) = facts.betrayed_by(line) {
                found.push(format!("{name}:{}: {why}", number + 1));
            }
        }
    }
    ensure!(
        found.is_empty(),
        "committed files name things of one machine:\n  {}\nWrite paths relative to the workspace and leave mirrors to each \
         machine's configuration",
        found.join("\n  ")
    );
    Ok(())
}

/// What must not be committed.
struct MachineFacts {
    directories: Vec<String>,
    hosts: Vec<String>,
}

impl MachineFacts {
    fn gather(root: &Path) -> Self {
        let home = env::home_dir();
        let directories = [Some(root), home.as_deref()]
            .into_iter()
            .flatten()
            .filter(|dir| dir.parent().is_some())
            .map(|dir| dir.display().to_string())
            .collect();
        Self {
            directories,
            hosts: sbf::mirror_hosts(),
        }
    }

    /// What is wrong with the line, if anything is.
    fn betrayed_by(&self, line: &str) -> Option<String> {
        for dir in &self.directories {
            if let Some(path) = absolute_path(line, dir) {
                return Some(format!("path of this machine: {path}"));
            }
        }
        for homes in ["/home", "/Users"] {
            if let Some(path) = absolute_path(line, homes).filter(|path| path.len() > homes.len() + 1) {
                return Some(format!("path of somebody's machine: {path}"));
            }
        }
        if let Some(host) = self.hosts.iter().find(|host| line.contains(host.as_str())) {
            return Some(format!("package mirror of this machine: {host}"));
        }
        if line.trim_start().starts_with("\"resolved\": \"http") {
            return Some(
                "package address in a lock file: npm's setting omit-lockfile-registry-resolved leaves it out".into(),
            );
        }
        None
    }
}

/// The path in `line` that begins with the directory `dir`, where `dir` begins a path there.
fn absolute_path<'a>(line: &'a str, dir: &str) -> Option<&'a str> {
    let in_path = |c: char| c.is_ascii_alphanumeric() || "._-~/".contains(c);
    line.match_indices(dir).find_map(|(start, _)| {
        let before = line[..start].chars().next_back();
        let rest = &line[start + dir.len()..];
        let begins = !before.is_some_and(|c| in_path(c) || c == '}' || c == '$');
        let ends = rest.strip_prefix('/').is_some_and(|rest| rest.starts_with(in_path));
        (begins && ends).then(|| {
            let length = rest.find(|c| !in_path(c)).unwrap_or(rest.len());
            &line[start..start + dir.len() + length]
        })
    })
}

/// `declare_id!`, Anchor.toml (every cluster) and the IDL name one program.
fn same_program_id() -> Result<()> {
    let source = read("programs/earnout/src/lib.rs")?;
    let declared = source
        .split_once("declare_id!(\"")
        .and_then(|(_, rest)| rest.split('"').next())
        .context("programs/earnout/src/lib.rs has no declare_id!(\"...\")")?;
    let anchor = toml("Anchor.toml")?;
    let clusters = anchor.get("programs").and_then(|clusters| clusters.as_table());
    for (cluster, programs) in clusters.context("Anchor.toml has no [programs.CLUSTER]")? {
        let id = programs.get("earnout").and_then(|id| id.as_str()).unwrap_or("(none)");
        ensure!(
            id == declared,
            "Anchor.toml [programs.{cluster}] names the program {id}, but its source declares {declared}"
        );
    }
    let idl: Value = serde_json::from_str(&read("idl/earnout.json")?).context("idl/earnout.json is not JSON")?;
    let id = idl["address"].as_str().unwrap_or("(none)");
    ensure!(
        id == declared,
        "idl/earnout.json names the program {id}, but its source declares {declared}: run `cargo xtask build`"
    );
    Ok(())
}

/// Anchor.toml asks for the Anchor the workspace pins, rust-toolchain.toml for the Rust it requires.
fn same_versions() -> Result<()> {
    let workspace = toml("Cargo.toml")?;
    let anchor = toml("Anchor.toml")?;
    let rust = toml("rust-toolchain.toml")?;
    let pinned = |name: &str| -> Result<String> {
        let dependency = &workspace["workspace"]["dependencies"][name];
        let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
        let exact = version.and_then(|version| version.strip_prefix('='));
        exact
            .map(str::to_owned)
            .with_context(|| format!("Cargo.toml does not pin {name} to one version (\"=...\")"))
    };
    let (lang, spl) = (pinned("anchor-lang")?, pinned("anchor-spl")?);
    let cli = anchor["toolchain"]["anchor_version"].as_str().unwrap_or("(none)");
    if cli != lang || spl != lang {
        bail!("Anchor differs: Anchor.toml asks for {cli}, Cargo.toml pins anchor-lang {lang} and anchor-spl {spl}");
    }
    let channel = rust["toolchain"]["channel"].as_str().unwrap_or("(none)");
    let required = workspace["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap_or("(none)");
    ensure!(
        channel == required || channel.starts_with(&format!("{required}.")),
        "Rust differs: rust-toolchain.toml pins {channel}, Cargo.toml requires {required}"
    );
    Ok(())
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(paths::root().join(name)).with_context(|| format!("cannot read {name}"))
}

fn toml(name: &str) -> Result<Table> {
    read(name)?.parse().with_context(|| format!("{name} is not TOML"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_paths_and_mirrors_but_no_lookalikes() {
        let facts = MachineFacts {
            directories: vec!["/srv/earnout".to_owned()],
            hosts: vec!["mirror.test".to_owned()],
        };
        let slash = '/';
        for line in [
            "see /srv/earnout/idl".to_owned(),
            format!("{slash}home{slash}ann/key.json"),
            format!("\"{slash}Users{slash}ann\""),
            "deb http://mirror.test/debian sid main".to_owned(),
            format!("  \"{}\": \"https://x.test/a.tgz\",", "resolved"),
        ] {
            assert!(facts.betrayed_by(&line).is_some(), "{line}");
        }
        for line in [
            "$HOME/srv/earnout/idl",
            "api/home/ann",
            "/srv/earnout-data",
            "~/.config/solana/id.json",
            "/home/",
        ] {
            assert!(facts.betrayed_by(line).is_none(), "{line}");
        }
    }
}
