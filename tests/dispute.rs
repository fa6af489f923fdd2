//! `dispute`.
