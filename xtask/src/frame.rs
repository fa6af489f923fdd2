//! The frame's tests with AddressSanitizer, which the compiler brings but the stable one does not let everyone use.

use {
    crate::{
        installed, paths,
        run::{self, Run, say},
    },
    anyhow::Result,
    std::env::consts::{ARCH, OS},
};

/// What CI runs.
pub fn check() -> Result<()> {
    if (ARCH, OS) != ("x86_64", "linux") {
        say(format_args!(
            "skipped: the compiler has AddressSanitizer for 64-bit Linux"
        ));
        return Ok(());
    }
    run::cargo()
        .current_dir(paths::root())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", "-Zsanitizer=address")
        // A target named makes cargo spare build scripts and macros the flag, which run in the compiler.
        .args([
            "test",
            "--locked",
            "--package",
            "earnout-frame",
            "--target",
            "x86_64-unknown-linux-gnu",
        ])
        .args(["--lib", "--tests"])
        .arg("--target-dir")
        .arg(installed::target_dir()?.join("frame"))
        .run("testing earnout-frame with AddressSanitizer")
}
