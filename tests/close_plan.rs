//! `close_plan`.
