//! `rule`.
