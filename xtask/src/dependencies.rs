//! Dependencies that nothing in a package's sources names.

use {
    crate::run::{self, Run},
    anyhow::{Context, Result, ensure},
    serde_json::Value,
    std::{fs, path::Path},
};

/// Dependencies that only have to be there, with why.
const SILENT: [(&str, &str); 1] = [
    // A feature of it decides how another package of the graph is built.
    ("earnout-tests", "openssl"),
];

/// Fails if a package of the workspace depends on what its sources, among `files` relative to `root`, never name.
pub fn check(root: &Path, files: &[String]) -> Result<()> {
    let metadata = run::workspace_cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--offline", "--locked"])
        .stdout_of("asking cargo for the workspace's packages")?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata did not print JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let folder = |package: &Value| Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_owned());
    let folders: Vec<_> = packages.iter().filter_map(folder).collect();
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let own = folder(package).with_context(|| format!("{name} has no manifest"))?;
        // The innermost package around a file is its own.
        let is_own = |file: &Path| folders.iter().filter(|folder| file.starts_with(folder)).max() == Some(&own);
        let sources = files
            .iter()
            .filter(|file| file.ends_with(".rs"))
            .map(|file| root.join(file));
        let sources = sources.filter(|file| is_own(file));
        let text: String = sources.filter_map(|file| fs::read_to_string(file).ok()).collect();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let real = dependency["name"].as_str().unwrap_or_default();
            let named = dependency["rename"].as_str().unwrap_or(real).replace('-', "_");
            if !SILENT.contains(&(name, real)) && !has_word(&text, &named) {
                found.push(format!("{name}: {real}"));
            }
        }
    }
    ensure!(
        found.is_empty(),
        "dependencies that nothing names:\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

/// Whether `word` stands in `text`, not as a part of another one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_word_is_not_the_word() {
        assert!(has_word("use hex::encode;", "hex"));
        for other in ["use hexagon;", "let my_hex = 1;", ""] {
            assert!(!has_word(other, "hex"), "{other}");
        }
    }
}
