//! `accept_authority`.
