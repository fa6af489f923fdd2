//! `set_treasury`.
