//! How plans, grants and attestations are shown: tables for people, JSON for programs.

pub mod event;
pub mod grant;
pub mod json;
pub mod measurement;
pub mod names;
pub mod plan;
pub mod table;
pub mod task;
pub mod text;
