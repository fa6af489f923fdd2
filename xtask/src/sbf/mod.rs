//! Building SBF without Solana's tools: upstream Rust and LLVM, installed once into a cache of their own.

mod compile;
mod debian;
mod toolchain;

pub use {
    compile::{build, compile},
    debian::mirror_hosts,
    toolchain::Toolchain,
};
