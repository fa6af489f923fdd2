//! The servers that end-to-end tests measure from: PostgreSQL and Prometheus of the system's packages.

use {
    crate::run::{self, Run},
    anyhow::{Result, bail},
    std::{fs, process::Command},
};

/// What has to be there, and the Debian package that brings it.
const NEEDED: [(&str, &str); 4] = [
    ("prometheus", "prometheus"),
    ("promtool", "prometheus"),
    ("psql", "postgresql"),
    ("git", "git"),
];

/// Where Debian has PostgreSQL's server, which is not on PATH.
const POSTGRES: &str = "/usr/lib/postgresql";

/// Installs what is missing; says nothing where all is there.
pub fn install() -> Result<()> {
    let mut missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| !run::on_path(program))
        .map(|(_, package)| *package)
        .collect();
    if fs::read_dir(POSTGRES).is_err() {
        missing.push("postgresql");
    }
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    install_packages(&missing, "the tests of the oracle daemon")
}

/// Installs packages of the system. `who` needs them, for the message where that cannot be done.
pub fn install_packages(missing: &[&str], who: &str) -> Result<()> {
    let packages = missing.join(" ");
    if !run::on_path("apt-get") {
        bail!("{who} need {packages}, and this system has no apt-get: install them by hand");
    }
    eprintln!("First use: installing {packages}");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    apt(&["update"]).stdout_of("looking for packages (as root: `apt-get update`)")?;
    apt(&["install", "--yes", "--no-install-recommends"])
        .args(missing)
        .stdout_of(&format!(
            "installing {packages} (as root: `apt-get install --no-install-recommends {packages}`)"
        ))?;
    Ok(())
}
