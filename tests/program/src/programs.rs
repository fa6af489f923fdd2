//! The programs of `tests/programs`, which `cargo xtask build` compiles beside the program under test.

use {crate::*, std::path::Path};

/// Puts the test program `name` at this address.
#[track_caller]
pub fn deploy(chain: &mut Chain, name: &str, address: &Pubkey) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/deploy/earnout_test_{name}.so"));
    chain
        .deploy(address, &file)
        .unwrap_or_else(|error| panic!("{error}: `cargo xtask build` makes it"));
}
