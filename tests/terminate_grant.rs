//! `terminate_grant`.
