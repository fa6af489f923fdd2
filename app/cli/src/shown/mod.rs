//! How results are shown: tables for people, JSON for programs.

pub mod event;
pub mod fields;
pub mod grant;
pub mod json;
pub mod measurement;
pub mod mistakes;
pub mod names;
pub mod output;
pub mod plan;
pub mod progress;
pub mod sheet;
pub mod task;
pub mod text;
pub mod units;
