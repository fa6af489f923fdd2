//! Keeps `docs/guarantees.md` and the tests together: every guarantee has tests, the page names all of them under the
//! right guarantee, and names none that does not exist. The tests that `docs/threat-model.md` and `docs/faults.md` name
//! exist too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const GUARANTEES: usize = 16;

/// A file, relative to the workspace, and a test in it.
type Test = (String, String);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the tests lie in the workspace")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Where tests lie.
const FOLDERS: [&str; 10] = [
    "tests",
    "crates/core/src",
    "crates/core/tests",
    "app/sdk/src",
    "app/sdk/tests",
    "app/cli/src",
    "app/oracle/src",
    "app/web/test",
    "app/web/e2e",
    "xtask/src",
];

/// All functions of the sources that hold tests, and the tests of the web app by the names that they are given.
fn functions() -> BTreeSet<Test> {
    let mut found = BTreeSet::new();
    for folder in FOLDERS {
        collect(folder, &mut found);
    }
    found
}

fn collect(folder: &str, found: &mut BTreeSet<Test>) {
    for entry in fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.expect("a folder can be listed");
        let path = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            collect(&path, found);
        } else if path.ends_with(".rs") {
            let names = read(&path);
            let names = names.lines().filter_map(function);
            found.extend(names.map(|name| (path.clone(), name.to_owned())));
        } else if path.ends_with(".ts") || path.ends_with(".tsx") {
            let text = read(&path);
            let names = text.lines().filter_map(web_test);
            found.extend(names.map(|name| (path.clone(), name.to_owned())));
        }
    }
}

/// The name of the function that this line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    line.split(|c: char| !is_part_of_a_name(c)).next()
}

/// The name of the web app's test that this line begins: what stands in quotes after `it(` or `test(`.
fn web_test(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let call = line.strip_prefix("it(").or_else(|| line.strip_prefix("test("))?;
    let quote = call.chars().next().filter(|quote| ['"', '\'', '`'].contains(quote))?;
    call.get(1..)?.split(quote).next()
}

fn is_part_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The guarantees that a test's name begins with: 6 and 13 for `g6_g13_only_…`.
fn guarantees(name: &str) -> Vec<usize> {
    let ids = name
        .split('_')
        .map_while(|part| part.strip_prefix('g')?.parse::<usize>().ok());
    ids.collect()
}

/// What the text has between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tests that the page names, by guarantee: rows `` | `file` | `test`, `test` | `` under a heading `## G<n>: …`.
fn page() -> BTreeMap<usize, BTreeSet<Test>> {
    let mut sections: BTreeMap<usize, BTreeSet<Test>> = BTreeMap::new();
    let mut section = None;
    for line in read("docs/guarantees.md").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading
                .strip_prefix('G')
                .and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
            if let Some(id) = section {
                assert!(
                    sections.insert(id, BTreeSet::new()).is_none(),
                    "G{id} stands on the page twice"
                );
            }
        } else if let (Some(id), Some(row)) = (section, line.strip_prefix("| `")) {
            let (file, names) = row.split_once('`').expect("a file is followed by its tests");
            let names = quoted(names).map(|name| (file.to_owned(), name.to_owned()));
            sections.get_mut(&id).expect("just inserted").extend(names);
        }
    }
    sections
}

fn listed<'a>(tests: impl IntoIterator<Item = &'a Test>) -> String {
    let lines = tests.into_iter().map(|(file, name)| format!("\n  {file}: {name}"));
    lines.collect()
}

#[test]
fn every_guarantee_has_a_test_and_no_test_an_unknown_one() {
    let mut shown = BTreeSet::new();
    for (file, name) in functions() {
        for id in guarantees(&name) {
            assert!((1..=GUARANTEES).contains(&id), "{file}: {name}: there is no G{id}");
            shown.insert(id);
        }
    }
    let missing: Vec<_> = (1..=GUARANTEES).filter(|id| !shown.contains(id)).collect();
    assert!(missing.is_empty(), "no test shows these guarantees: {missing:?}");
}

#[test]
fn the_page_has_every_guarantee_and_each_of_them_tests() {
    let page = page();
    assert!(page.keys().copied().eq(1..=GUARANTEES), "sections: {:?}", page.keys());
    let empty: Vec<_> = page.iter().filter(|(_, tests)| tests.is_empty()).collect();
    assert!(empty.is_empty(), "no tests stand under {empty:?}");
}

#[test]
fn the_page_names_only_tests_that_exist() {
    let functions = functions();
    let named: BTreeSet<_> = page().into_values().flatten().collect();
    let gone: Vec<_> = named.difference(&functions).collect();
    assert!(
        gone.is_empty(),
        "docs/guarantees.md names tests that do not exist:{}",
        listed(gone)
    );
}

#[test]
fn the_page_names_every_test_of_a_guarantee_where_it_belongs() {
    let functions = functions();
    for (id, named) in page() {
        let expected: BTreeSet<_> = functions
            .iter()
            .filter(|(_, name)| guarantees(name).contains(&id))
            .cloned()
            .collect();
        let missing: Vec<_> = expected.difference(&named).collect();
        assert!(
            missing.is_empty(),
            "docs/guarantees.md, G{id}, lacks:{}",
            listed(missing)
        );
        // Tests without an ID may stand under any guarantee; one with an ID only under its own.
        let misplaced: Vec<_> = named
            .difference(&expected)
            .filter(|(_, name)| !guarantees(name).is_empty())
            .collect();
        assert!(
            misplaced.is_empty(),
            "docs/guarantees.md, G{id}, names tests of others:{}",
            listed(misplaced)
        );
    }
}

/// References have the form `` `file.rs::test` ``, or `` `file.ts::test` `` in the web app.
fn references(page: &str) -> BTreeSet<Test> {
    let text = read(page);
    let references = quoted(&text).filter_map(|reference| reference.split_once("::"));
    let tests = references.filter(|(file, _)| [".rs", ".ts", ".tsx"].iter().any(|end| file.ends_with(end)));
    tests.map(|(file, name)| (file.to_owned(), name.to_owned())).collect()
}

#[test]
fn the_threat_model_and_the_list_of_faults_name_only_tests_that_exist() {
    let functions = functions();
    for page in ["docs/threat-model.md", "docs/faults.md"] {
        let named = references(page);
        assert!(!named.is_empty(), "{page} names no tests");
        let gone: Vec<_> = named.difference(&functions).collect();
        assert!(gone.is_empty(), "{page} names tests that do not exist:{}", listed(gone));
    }
}

/// A row begins with its number: `A1` to `D8`, `C1` and `H1` to `H10` of the web app.
#[test]
fn every_fault_that_was_found_has_a_row_with_a_test() {
    let text = read("docs/faults.md");
    let rows: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .collect();
    let kinds = [("A", 7), ("B", 7), ("C", 8), ("D", 8), ("web C", 2), ("web H", 10)];
    for (kind, count) in kinds {
        for number in 1..=count {
            let fault = format!("{kind}{number}");
            let row = rows
                .get(fault.as_str())
                .unwrap_or_else(|| panic!("docs/faults.md lacks {fault}"));
            assert!(row.contains("::"), "{fault} names no test: {row}");
        }
    }
}

#[test]
fn the_threat_model_answers_each_of_the_45_rules() {
    let text = read("docs/threat-model.md");
    let (_, rules) = text.split_once("## Rules learned from others").unwrap();
    let rows = rules.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.splitn(4, " | ").collect();
        let [number, rule, met, how] = cells[..] else {
            return None;
        };
        let number: u32 = number.parse().ok()?;
        let known = ["yes", "partly", "not met", "not applicable"].contains(&met);
        assert!(known && !rule.is_empty() && !how.is_empty(), "rule {number}: {line}");
        // What is met is shown, by a test or by the place in the code.
        assert!(met != "yes" || how.contains('`'), "rule {number} names nothing");
        Some(number)
    });
    assert_eq!(rows.collect::<Vec<_>>(), (1..=45).collect::<Vec<_>>());
}

#[test]
fn every_file_of_tests_is_a_module() {
    let main = read("tests/program/tests/it/main.rs");
    for entry in fs::read_dir(root().join("tests/program/tests/it")).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let known = name == "main" || main.contains(&format!("mod {name};"));
        assert!(known, "main.rs does not name {name}: its tests never run");
    }
}

#[test]
fn names_are_read_as_meant() {
    assert_eq!(guarantees("g6_g13_only_the_authority_sets_the_treasury"), [6, 13]);
    assert_eq!(guarantees("g1_donations"), [1]);
    assert!(guarantees("grants_end").is_empty());
    assert_eq!(function("    async fn g1_it(story in story()) {"), Some("g1_it"));
    assert_eq!(function("/// fn nothing()"), None);
    assert_eq!(web_test("  it('g16_it ends', async () => {"), Some("g16_it ends"));
    assert_eq!(web_test("  item('no')"), None);
}
