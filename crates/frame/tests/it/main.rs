//! The frame from outside: what it reads and writes, and where.

mod codec;
mod walk;
