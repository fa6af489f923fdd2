//! What the project depends on, against the reviewed list in `deny.toml`: licences, where packages come from, and those
//! that are there in two versions. The file is cargo-deny's, which reads it too and knows the advisories; decision 62
//! says why it is not run here.

use {
    crate::run::{self, Run},
    anyhow::{Context, Result, ensure},
    cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId},
    serde::Deserialize,
    serde_json::Value,
    spdx::{Expression, Licensee, ParseMode},
    std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        path::Path,
    },
};

/// What is read of `deny.toml`.
#[derive(Deserialize)]
struct Reviewed {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
    exclude: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
    clarify: Vec<Clarification>,
}

/// A licence for one package.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

/// The licence of a release (`name@version`) that does not say it.
#[derive(Deserialize)]
struct Clarification {
    #[serde(rename = "crate")]
    release: String,
    expression: String,
}

#[derive(Deserialize)]
struct Bans {
    skip: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Fails if something that the workspace's packages depend on is not as `deny.toml` in `root` says; lock files are
/// those of `files`.
pub fn check(root: &Path, files: &[String]) -> Result<()> {
    let reviewed = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let reviewed: Reviewed = toml::from_str(&reviewed).context("deny.toml")?;
    let targets = reviewed.graph.targets.iter();
    let metadata = run::workspace_cargo()
        .args(["metadata", "--format-version=1", "--locked", "--quiet"])
        .args(targets.flat_map(|target| ["--filter-platform", target]))
        .stdout_of("asking cargo for all packages")?;
    let metadata = MetadataCommand::parse(metadata).context("what cargo says of all packages")?;

    let mut judge = Judge::new(&reviewed.licenses)?;
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        judge.hear(&package.name, &package.version.to_string(), package.license.as_deref());
    }
    for file in files.iter().filter(|file| file.ends_with("package-lock.json")) {
        let lock: Value = serde_json::from_str(&fs::read_to_string(root.join(file))?).context(file.clone())?;
        for (path, package) in lock["packages"].as_object().into_iter().flatten() {
            // What only builds or tests the page is not given to anybody. Without a name it is the page itself.
            if package["dev"] != true && !path.is_empty() {
                let version = package["version"].as_str().unwrap_or_default();
                judge.hear(path, version, package["license"].as_str());
            }
        }
    }
    let mut faults = judge.verdict();
    faults.extend(twice(&metadata, &reviewed));
    faults.extend(wild(&metadata));
    for file in files.iter().filter(|file| file.ends_with("Cargo.lock")) {
        let lock = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
        faults.extend(foreign(
            file,
            &lock.parse().with_context(|| file.clone())?,
            &reviewed.sources,
        ));
    }
    ensure!(faults.is_empty(), "deny.toml:\n  {}", faults.join("\n  "));
    Ok(())
}

/// Compares licences with those that are allowed.
struct Judge<'a> {
    licences: &'a Licences,
    allowed: Vec<Licensee>,
    /// What was needed: a licence for all, an exception's or a clarification's package.
    needed: BTreeSet<String>,
    faults: Vec<String>,
}

impl<'a> Judge<'a> {
    fn new(licences: &'a Licences) -> Result<Self> {
        Ok(Self {
            licences,
            allowed: licensees(&licences.allow)?,
            needed: BTreeSet::new(),
            faults: Vec::new(),
        })
    }

    fn hear(&mut self, name: &str, version: &str, licence: Option<&str>) {
        let release = format!("{name}@{version}");
        let clarified = self.licences.clarify.iter().find(|known| known.release == release);
        self.needed.extend(clarified.map(|known| known.release.clone()));
        let Some(licence) = clarified.map(|known| known.expression.as_str()).or(licence) else {
            return self.faults.push(format!("{release} names no licence"));
        };
        let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
            return self.faults.push(format!("{release} has an unknown licence: {licence}"));
        };
        let exception = self.licences.exceptions.iter().find(|known| known.package == name);
        let own = exception
            .and_then(|exception| licensees(&exception.allow).ok())
            .unwrap_or_default();
        let mut needed = Vec::new();
        let is_allowed = expression.evaluate(|requirement| {
            let satisfies = |licensee: &&Licensee| licensee.satisfies(requirement);
            let found = self.allowed.iter().find(satisfies).map(ToString::to_string);
            let found = found.or_else(|| own.iter().find(satisfies).map(|_| name.to_owned()));
            needed.extend(found.clone());
            found.is_some()
        });
        self.needed.extend(needed);
        if !is_allowed {
            self.faults
                .push(format!("{release} has a licence that is not allowed: {licence}"));
        }
    }

    /// What is wrong, unused lines of the list included.
    fn verdict(self) -> Vec<String> {
        let Self {
            licences,
            needed,
            mut faults,
            ..
        } = self;
        let listed = licences.allow.iter();
        let listed = listed.chain(licences.exceptions.iter().map(|exception| &exception.package));
        let listed = listed.chain(licences.clarify.iter().map(|clarified| &clarified.release));
        let idle = listed.filter(|listed| !needed.contains(*listed));
        faults.extend(idle.map(|listed| format!("nothing needs what it says of {listed}")));
        faults
    }
}

fn licensees(names: &[String]) -> Result<Vec<Licensee>> {
    let parsed = names
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("{name} is no licence")));
    parsed.collect()
}

/// Packages that what is given to users is built from in several versions.
fn twice(metadata: &Metadata, reviewed: &Reviewed) -> Vec<String> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let below: BTreeMap<&PackageId, Vec<&PackageId>> = nodes
        .map(|node| {
            let built = node.deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| matches!(kind.kind, DependencyKind::Normal | DependencyKind::Build))
            });
            (&node.id, built.map(|dependency| &dependency.pkg).collect())
        })
        .collect();
    let members = metadata.workspace_packages().into_iter();
    let given = members.filter(|member| !reviewed.graph.exclude.contains(member.name.as_str()));
    let mut open: Vec<&PackageId> = given.map(|member| &member.id).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(below.get(id).into_iter().flatten());
        }
    }
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in metadata.packages.iter().filter(|package| reached.contains(&package.id)) {
        versions
            .entry(&package.name)
            .or_default()
            .push(package.version.to_string());
    }
    versions.retain(|_, versions| versions.len() > 1);
    let skip = &reviewed.bans.skip;
    let new = versions.iter().filter(|(name, _)| !skip.contains(**name));
    let new = new.map(|(name, versions)| format!("{name} is there in several versions: {}", versions.join(", ")));
    let idle = skip.iter().filter(|name| !versions.contains_key(name.as_str()));
    new.chain(idle.map(|name| format!("{name} is there in one version: it need not be skipped")))
        .collect()
}

/// Dependencies of the workspace on any version.
fn wild(metadata: &Metadata) -> Vec<String> {
    let members = metadata.workspace_packages().into_iter();
    let wild = members.flat_map(|member| {
        let wild = member
            .dependencies
            .iter()
            .filter(|to| to.path.is_none() && to.req.comparators.is_empty());
        wild.map(move |to| format!("{} depends on any version of {}", member.name, to.name))
    });
    wild.collect()
}

/// Packages of a lock file that come from elsewhere than the registries.
fn foreign(file: &str, lock: &toml::Table, sources: &Sources) -> Vec<String> {
    let packages = lock
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let foreign = packages.filter_map(|package| {
        let source = package.get("source")?.as_str()?;
        let registry = source.strip_prefix("registry+").unwrap_or_default();
        let known = sources.allow_registry.iter().any(|allowed| allowed == registry);
        (!known).then(|| {
            format!(
                "{file}: {} comes from {source}",
                package["name"].as_str().unwrap_or_default()
            )
        })
    });
    foreign.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        allow = ["Apache-2.0", "MIT"]
        exceptions = [{ crate = "cups", allow = ["MPL-2.0"] }]
        clarify = [{ crate = "silent@1.0.0", expression = "MIT" }]
    "#;

    fn faults(heard: &[(&str, Option<&str>)]) -> Vec<String> {
        let licences: Licences = toml::from_str(LIST).expect("a list");
        let mut judge = Judge::new(&licences).expect("licences");
        for (name, licence) in heard {
            judge.hear(name, "1.0.0", *licence);
        }
        judge.verdict()
    }

    #[test]
    fn licences_are_those_of_the_list_and_all_of_them_are_needed() {
        let all = [
            ("old", Some("MIT/BSL-1.0")),
            ("new", Some("Apache-2.0 AND (GPL-3.0-only OR MIT)")),
        ];
        let special = [("cups", Some("MPL-2.0")), ("silent", None)];
        assert_eq!(faults(&[all, special].concat()), [""; 0]);
        assert_eq!(
            faults(&[all[1], special[0]]),
            ["nothing needs what it says of silent@1.0.0"]
        );
    }

    #[test]
    fn other_licences_are_refused() {
        let [first, ..] = &faults(&[("plates", Some("MPL-2.0"))])[..] else {
            panic!("it is allowed")
        };
        assert_eq!(first, "plates@1.0.0 has a licence that is not allowed: MPL-2.0");
        for (licence, fault) in [
            (Some("MIT AND GPL-3.0-only"), "not allowed"),
            (Some("Apache-2.0 WITH LLVM-exception"), "not allowed"),
            (Some("mine"), "unknown licence"),
            (None, "names no licence"),
        ] {
            assert!(faults(&[("plates", licence)])[0].contains(fault), "{licence:?}");
        }
    }

    #[test]
    fn other_sources_are_refused() {
        let lock = r#"
            package = [
                { name = "own" },
                { name = "known", source = "registry+https://registry.test/index" },
                { name = "git", source = "git+https://registry.test/index#12" },
                { name = "other", source = "registry+https://other.test/index" },
            ]
        "#;
        let allow_registry = vec!["https://registry.test/index".to_owned()];
        let found = foreign(
            "Cargo.lock",
            &lock.parse().expect("a lock"),
            &Sources { allow_registry },
        );
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("Cargo.lock: git comes") && found[1].starts_with("Cargo.lock: other comes"));
    }
}
