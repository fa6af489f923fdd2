//! What a plan owes, what it did, and whether its records agree.

pub mod books;
mod error;
pub mod priced;
pub mod projection;
pub mod statement;
