//! `resign_grant`.
