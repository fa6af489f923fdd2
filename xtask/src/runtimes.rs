//! The program on Anchor's runtime: the tests of the program run on it too, and random calls are sent to both builds.

use {
    crate::{
        program::{Build, Runtime},
        run::{self, Run},
    },
    anyhow::Result,
};

/// What CI runs. The program on the frame must have been built.
pub fn check() -> Result<()> {
    // From the same source and with the same interface description, which is checked.
    Build::checked_with(Runtime::Anchor).run()?;
    run::linting("test")
        .args(["--test", "program", "--test", "lifecycles"])
        .env("EARNOUT_SO", Runtime::Anchor.place())
        .run("testing the program on Anchor's runtime")?;
    run::linting("test")
        .args(["--test", "program", "--", "differential::", "--ignored", "--nocapture"])
        .env("EARNOUT_SO", Runtime::Frame.place())
        .env("EARNOUT_SO_ANCHOR", Runtime::Anchor.place())
        .run("comparing the program on both runtimes")
}
