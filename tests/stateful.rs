//! `stateful`.
