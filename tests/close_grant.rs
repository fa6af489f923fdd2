//! `close_grant`.
