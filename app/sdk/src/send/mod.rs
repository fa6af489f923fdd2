//! Instructions packed into transactions, and what they cost.

pub mod cost;
pub mod packing;
pub mod version;

pub use version::Version;
