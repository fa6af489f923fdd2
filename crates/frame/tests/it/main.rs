//! The frame from outside: what it reads and writes, and where.

#![allow(clippy::unwrap_used)]

mod codec;
mod walk;
