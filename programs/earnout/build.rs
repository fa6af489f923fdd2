//! Takes what only a deployer knows about a build: whom to tell about a weakness, and where the project is found.
//! Decides who reads the declarations: `cfg(lean)` is set if that is `earnout-frame`.

const WANTED: [(&str, &str); 3] = [
    ("EARNOUT_PROJECT_URL", "not named by the deployer"),
    ("EARNOUT_SECURITY_CONTACTS", "other:not named by the deployer"),
    ("EARNOUT_SOURCE_REVISION", "not named by the deployer"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lean)");
    let systems = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let on_chain = systems.split(',').any(|system| system == "solana");
    if on_chain && std::env::var_os("CARGO_FEATURE_ANCHOR_RUNTIME").is_none() {
        println!("cargo::rustc-cfg=lean");
    }
    for (variable, missing) in WANTED {
        println!("cargo::rerun-if-env-changed={variable}");
        let value = std::env::var(variable).unwrap_or_else(|_| missing.to_owned());
        // The text is a sequence of fields that end in NUL, and a line that Cargo reads.
        if value.is_empty() || value.contains(['\0', '\n', '\r']) {
            println!(
                "cargo::error={variable} is empty or has a line break or a NUL; unset it or give one line of text"
            );
        } else {
            println!("cargo::rustc-env={variable}={value}");
        }
    }
}
