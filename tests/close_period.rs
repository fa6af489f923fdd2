//! `close_period`.
