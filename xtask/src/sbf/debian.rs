//! Fetching packages of newer Debian releases without touching the system: a private apt with its own sources, lists
//! and package state, which needs no root. The mirror and the network settings are the machine's own.

use {
    crate::run::{self, Run},
    anyhow::{Context, Result, bail, ensure},
    std::{
        env, fmt, fs,
        path::{Path, PathBuf},
        process::Command,
    },
};

/// Where Debian keeps the keys its archive is signed with.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Names the mirror on a machine whose own apt configuration has none of Debian's (Ubuntu, say).
const MIRROR: &str = "EARNOUT_DEBIAN_MIRROR";

/// The releases packages are taken from; the last one is where LLVM comes from. `testing` is there because a compiler
/// that has left sid is still found in it for a while.
const SUITES: [&str; 3] = ["trixie-backports", "testing", "sid"];

/// The release LLVM and every library it was linked with come from.
const LLVM_SUITE: &str = "sid";

/// What the network settings of the machine's apt begin with; nothing else of its configuration (hooks, pins, clean-up
/// rules) is wanted in a private one.
const NETWORK_SETTINGS: [&str; 5] = [
    "Acquire::http",
    "Acquire::Retries",
    "Acquire::Check-",
    "Acquire::Force",
    "Acquire::Max",
];

/// A private apt in a directory of its own.
pub struct Apt {
    dir: PathBuf,
}

impl Apt {
    /// Prepares it in `dir` and fetches the package lists.
    pub fn new(dir: &Path) -> Result<Self> {
        for program in ["apt-get", "apt-cache", "apt-config", "dpkg"] {
            ensure!(
                run::on_path(program),
                "`{program}` is not on PATH: without Solana's tools the build needs Debian's packages. Use a Debian \
                 machine or container, or install Solana's tools so that `cargo build-sbf` is on PATH"
            );
        }
        ensure!(
            Path::new(KEYRING).is_file(),
            "{KEYRING} is missing: install the package debian-archive-keyring, whose keys Debian's archive is signed with"
        );
        let mirror = mirror()?;
        for sub in ["lists/partial", "archives/partial"] {
            create_dir(&dir.join(sub))?;
        }
        let mut sources = String::new();
        for suite in SUITES {
            sources += &format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
        }
        write(&dir.join("sources.list"), &sources)?;
        // As for an empty system, so that apt resolves every library down to the C library.
        write(&dir.join("status"), "")?;
        write(&dir.join("apt.conf"), &configuration(dir)?)?;
        let apt = Self { dir: dir.to_path_buf() };
        apt.command("apt-get")
            .args(["-qq", "-o", "APT::Update::Error-Mode=any", "update"])
            .stdout_of("fetching Debian's package lists")
            .context("no network, or the mirror in this machine's apt configuration is out of reach")?;
        Ok(apt)
    }

    /// The full version of `package` whose upstream part is `upstream`, or the versions there are.
    pub fn version_of(&self, package: &str, upstream: &str) -> Result<Result<String, Vec<String>>> {
        let table = self
            .command("apt-cache")
            .args(["madison", package])
            .stdout_of("asking Debian's package lists")?;
        let versions: Vec<String> = table
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .map(|version| version.trim().to_owned())
            .collect();
        let wanted = versions.iter().find(|version| upstream_part(version) == upstream);
        Ok(wanted.cloned().ok_or(versions))
    }

    /// Unpacks one package, without what it depends on, into `to`.
    pub fn unpack_one(&self, package: &str, version: &str, to: &Path) -> Result<()> {
        let downloads = self.dir.join("one");
        create_dir(&downloads)?;
        self.command("apt-get")
            .args(["-qq", "download", &format!("{package}={version}")])
            .current_dir(&downloads)
            .stdout_of("downloading a Debian package")?;
        unpack_all(&downloads, to)
    }

    /// Unpacks packages of LLVM's release with everything they depend on into `to`.
    pub fn unpack_with_dependencies(&self, packages: &[&str], to: &Path) -> Result<()> {
        self.command("apt-get")
            .args(["-qq", "-y", "--no-install-recommends", "--download-only"])
            .args(["-t", LLVM_SUITE, "install"])
            .args(packages)
            .stdout_of("downloading Debian packages")?;
        unpack_all(&self.dir.join("archives"), to)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.dir.join("apt.conf"))
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

fn configuration(dir: &Path) -> Result<String> {
    let architecture = Command::new("dpkg")
        .arg("--print-architecture")
        .stdout_of("asking dpkg for the architecture")?;
    let machine = Command::new("apt-config")
        .arg("dump")
        .stdout_of("reading apt's configuration")?;
    let dir = dir.display();
    let mut text = format!(
        r#"Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "{dir}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "{dir}/lists";
Dir::State::status "{dir}/status";
Dir::Cache "{dir}";
Dir::Cache::archives "archives";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
"#,
        arch = architecture.trim(),
    );
    for line in machine.lines() {
        if NETWORK_SETTINGS.iter().any(|prefix| line.starts_with(prefix)) {
            text += line;
            text.push('\n');
        }
    }
    Ok(text)
}

/// The upstream part of a Debian version: without epoch, repackaging mark and Debian revision.
fn upstream_part(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(['+', '-', '~']).next().unwrap_or(version)
}

fn unpack_all(debs: &Path, to: &Path) -> Result<()> {
    create_dir(to)?;
    for entry in fs::read_dir(debs).with_context(|| format!("cannot read {}", debs.display()))? {
        let deb = entry?.path();
        if deb.extension().is_some_and(|extension| extension == "deb") {
            Command::new("dpkg")
                .arg("-x")
                .arg(&deb)
                .arg(to)
                .stdout_of("unpacking a Debian package")?;
        }
    }
    Ok(())
}

/// One place packages come from, as the machine's apt is told of it.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
}

impl Source {
    /// How surely this is Debian's main archive; nothing for security updates and other people's archives.
    fn rank(&self, codename: Option<&str>) -> Option<u8> {
        const ALIASES: [&str; 6] = ["stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"];
        let main = self.components.iter().any(|component| component == "main");
        let release = self
            .suites
            .iter()
            .any(|suite| ALIASES.contains(&suite.as_str()) || Some(suite.as_str()) == codename);
        if !main || !release || self.uri.starts_with("cdrom:") {
            return None;
        }
        // Mirrors serve it under this path nearly everywhere; a third party's archive may use a release's name too.
        Some(u8::from(
            self.uri.trim_end_matches('/').rsplit('/').next() != Some("debian"),
        ))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.uri, self.suites.join(" "))
    }
}

/// The address of Debian's main archive, from the machine's own apt configuration.
fn mirror() -> Result<String> {
    if let Ok(mirror) = env::var(MIRROR) {
        return Ok(mirror);
    }
    let sources = machine_sources();
    let codename = fs::read_to_string("/etc/os-release")
        .ok()
        .filter(|text| text.lines().any(|line| line == "ID=debian"))
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
                .map(|name| name.trim_matches('"').to_owned())
        });
    let best = sources
        .iter()
        .filter_map(|source| Some((source.rank(codename.as_deref())?, source)))
        .min_by_key(|(rank, _)| *rank);
    match best {
        Some((_, source)) => Ok(source.uri.clone()),
        None => bail!(
            "the apt configuration of this machine (/etc/apt) names no mirror of Debian's main archive{}. Set {MIRROR} to \
             one, or install Solana's tools so that `cargo build-sbf` is on PATH",
            match sources.as_slice() {
                [] => String::new(),
                [first, ..] => format!(" (the first of its {} sources is {first})", sources.len()),
            }
        ),
    }
}

/// The host names of every package source of the machine, for the check that none of them is committed.
pub fn mirror_hosts() -> Vec<String> {
    let mut hosts: Vec<String> = machine_sources()
        .iter()
        .filter_map(|source| source.uri.split_once("://"))
        .filter_map(|(_, rest)| rest.split('/').next())
        .filter(|host| host.contains('.'))
        .map(str::to_owned)
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Every source of the machine's apt, of both notations.
fn machine_sources() -> Vec<Source> {
    let apt = Path::new("/etc/apt");
    let mut files = vec![apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(apt.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    let mut sources = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => sources.extend(deb822(&text)),
            Some("list") => sources.extend(one_line(&text)),
            _ => {}
        }
    }
    sources
}

/// Sources in apt's newer notation: stanzas of `Field: value` with continuation lines.
fn deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut finish = |fields: &mut Vec<(String, String)>| {
        let words = |name: &str| -> Vec<String> {
            fields
                .iter()
                .filter(|(field, _)| field.eq_ignore_ascii_case(name))
                .flat_map(|(_, value)| value.split_whitespace().map(str::to_owned))
                .collect()
        };
        let enabled = !words("Enabled")
            .iter()
            .any(|word| ["no", "false", "0"].contains(&word.as_str()));
        if enabled && words("Types").iter().any(|word| word == "deb") {
            for uri in words("URIs") {
                sources.push(Source {
                    uri,
                    suites: words("Suites"),
                    components: words("Components"),
                });
            }
        }
        fields.clear();
    };
    for line in text.lines() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            finish(&mut fields);
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    finish(&mut fields);
    sources
}

/// Sources in apt's older notation: `deb [options] uri suite component...`.
fn one_line(text: &str) -> Vec<Source> {
    let parse = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line
            .strip_prefix("deb")
            .filter(|rest| rest.starts_with([' ', '\t', '[']))?
            .trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some(Source {
            uri: words.next()?,
            suites: vec![words.next()?],
            components: words.collect(),
        })
    };
    text.lines().filter_map(parse).collect()
}

fn create_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_main_archive_in_either_notation() {
        let stanzas = "\
Types: deb deb-src
# a comment
URIs: http://mirror.test/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /some/key.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
";
        let found = deb822(stanzas);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].rank(Some("bookworm")), Some(0));
        assert_eq!(found[1].rank(Some("bookworm")), None);

        let lines = "\
# deb http://comment.test/debian bookworm main
deb-src http://source.test/debian bookworm main
deb [arch=amd64 signed-by=/some/key.gpg] https://third.test/apt bookworm main # third party
deb http://mirror.test/debian stable main
deb cdrom:[Debian]/ bookworm main
";
        let found = one_line(lines);
        assert_eq!(found.len(), 3);
        let ranks: Vec<_> = found.iter().map(|source| source.rank(Some("bookworm"))).collect();
        assert_eq!(ranks, [Some(1), Some(0), None]);
    }

    #[test]
    fn compares_only_the_upstream_part_of_a_version() {
        assert_eq!(upstream_part("1.95.0+dfsg1-2~bpo13+1"), "1.95.0");
        assert_eq!(upstream_part("1:23.1.4-2"), "23.1.4");
        assert_eq!(upstream_part("1.95.0~beta.3-1"), "1.95.0");
        assert_eq!(upstream_part("1.95.0"), "1.95.0");
    }
}
