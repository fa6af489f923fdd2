//! What `docs/oracle.md` and the files beside it promise.

#![allow(clippy::unwrap_used)]

use {
    earnout_oracle::Config,
    std::{fs, path::Path},
};

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A configuration with an address in place of what says that one belongs there.
fn config(text: &str) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("oracle.toml");
    let address = "11111111111111111111111111111112";
    let text = text.replace("REPLACE-WITH-THE-ADDRESS-OF-THE-PLAN", address);
    let text = text.replace("REPLACE-WITH-THE-ADDRESS-OF-AN-ACCOUNT", address);
    fs::write(&file, text).unwrap();
    Config::read(&file).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_configuration_is_one() {
    let config = config(&read("oracle/oracle.toml"));
    assert_eq!((config.feeds.len(), config.observes.len()), (11, 1));
}

/// What shows a part is one beside the smallest whole.
fn part(text: &str) -> Config {
    let rest = "[chain]\nendpoints = ['http://127.0.0.1:8899']\n[signer]\noracle = 'a'\n[service]\nstate = 'b'";
    config(&format!("{text}\n{rest}"))
}

#[test]
fn every_recipe_is_a_configuration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            part(&fs::read_to_string(path).unwrap());
            count += 1;
        }
    }
    assert!(count > 10, "there are {count} recipes");
}

#[test]
fn every_configuration_in_the_text_is_one() {
    let text = read("oracle.md");
    let mut count = 0;
    for block in text.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        // What has no feed of its own is beside something to observe.
        let block = match block.contains("[[feed]]") || block.contains("[[observe]]") {
            true => block.to_owned(),
            false => format!("{block}\n[[observe]]\nplan = 'REPLACE-WITH-THE-ADDRESS-OF-THE-PLAN'\n"),
        };
        match block.contains("[chain]") {
            true => config(&block),
            false => part(&block),
        };
        count += 1;
    }
    assert!(count > 2, "the text has {count} configurations");
}
