//! The built demo.

mod contributions;
mod inputs;
mod support;
mod team;
