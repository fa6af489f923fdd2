//! Who reads the declarations and moves the bytes: Anchor, or on the chain `earnout-frame`. Both offer the same names,
//! which
//! [`crate::prelude`] lists.

#[cfg(not(lean))]
mod anchor;
#[cfg(lean)]
mod lean;

#[cfg(not(lean))]
pub use anchor::*;
#[cfg(lean)]
pub use lean::*;
