//! `token_extensions`.
