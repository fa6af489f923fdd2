//! `attacks`.
