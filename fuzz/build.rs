//! Writes `instructions!(…);` with the type of each instruction of the interface description.

use {
    serde_json::Value,
    std::{env, fs, path::Path},
};

const IDL: &str = "../idl/earnout.json";

fn main() {
    println!("cargo:rerun-if-changed={IDL}");
    let idl = fs::read_to_string(IDL).expect("the interface description");
    let idl: Value = serde_json::from_str(&idl).expect("JSON");
    let instructions = idl["instructions"].as_array().expect("instructions");
    let names = instructions.iter().map(|one| one["name"].as_str().expect("a name"));
    let types: Vec<String> = names.map(upper_camel).collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    let text = format!("instructions!({});", types.join(", "));
    fs::write(Path::new(&out).join("instructions.rs"), text).expect("OUT_DIR can be written");
}

/// `snake_case` as `UpperCamelCase`.
fn upper_camel(name: &str) -> String {
    let words = name.split('_').map(|word| word.split_at(1));
    words.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect()
}
