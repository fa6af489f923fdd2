//! The library from outside: its client, and what its readers of files make of them.

#![allow(clippy::unwrap_used)]

mod client;
mod plan_file;
mod vectors;
