//! Checks of the documents: the front page is short, and every relative link leads to a file and to a heading in it.

use {
    anyhow::{Result, ensure},
    std::{fs, path::Path},
};

/// What fits on two screens.
const FRONT_PAGE_BYTES: usize = 8_192;

/// Checks those of `files`, relative to `root`, that are Markdown.
pub fn check(root: &Path, files: &[String]) -> Result<()> {
    let mut found = Vec::new();
    for name in files.iter().filter(|name| name.ends_with(".md")) {
        // One that is listed may be deleted.
        let Ok(text) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        if name == "README.md" && text.len() > FRONT_PAGE_BYTES {
            found.push(format!(
                "{name}: {} bytes; at most {FRONT_PAGE_BYTES} fit on the front page, the rest belongs in docs",
                text.len()
            ));
        }
        for (number, line) in prose(&text) {
            for target in links(line) {
                if let Some(why) = broken(root, name, target) {
                    found.push(format!("{name}:{number}: {target}: {why}"));
                }
            }
        }
    }
    ensure!(
        found.is_empty(),
        "documents are not in order:\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

/// The lines outside of blocks of code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !is_fence && !in_code
    })
}

/// Where the links of a line lead to, those out of the repository left out.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains(':'))
}

/// Why a link of the document `name` leads nowhere, if it does.
fn broken(root: &Path, name: &str, target: &str) -> Option<&'static str> {
    let (path, wanted) = target.split_once('#').unwrap_or((target, ""));
    let document = root.join(name);
    let file = match path {
        "" => document,
        _ => document.parent()?.join(path),
    };
    if !file.exists() {
        return Some("there is no such file");
    }
    if wanted.is_empty() {
        return None;
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    let known = prose(&text).any(|(_, line)| anchor(line).is_some_and(|anchor| anchor == wanted));
    (!known).then_some("there is no such heading")
}

/// The anchor that hosts of repositories give to a heading; none for other lines.
fn anchor(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#').strip_prefix(' ')?;
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    let text = title.trim().to_lowercase();
    line.starts_with('#')
        .then(|| text.chars().filter(kept).collect::<String>().replace(' ', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_anchors_are_read_as_hosts_read_them() {
        let line = "see [a](x.md), [b](docs/y.md#a-b), [c](https://example.org/#z) and `f(x)`";
        assert_eq!(links(line).collect::<Vec<_>>(), ["x.md", "docs/y.md#a-b"]);
        assert_eq!(anchor("## G3: `settle`, once").as_deref(), Some("g3-settle-once"));
        assert_eq!(anchor(" indented"), None);
        let text = "# one\n```sh\n# no heading\n```\ntwo\n";
        assert_eq!(prose(text).collect::<Vec<_>>(), [(1, "# one"), (5, "two")]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (target, broken_is) in [
            ("CONTRIBUTING.md#setup", false),
            ("docs", false),
            ("#two-commands", false),
            ("CONTRIBUTING.md#no-such-heading", true),
            ("no-such-file.md", true),
        ] {
            assert_eq!(broken(&root, "README.md", target).is_some(), broken_is, "{target}");
        }
    }
}
