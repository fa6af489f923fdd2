//! The oracle daemon: reads KPIs where they live, attests them once and keeps the proof.

#![warn(missing_docs)]

pub mod alerts;
pub mod args;
pub mod chain;
pub mod checks;
pub mod commands;
pub mod config;
pub mod daemon;
mod duration;
pub mod duties;
pub mod evidence;
pub mod fit;
pub mod identities;
pub mod journal;
pub mod keys;
pub mod measure;
pub mod metrics;
pub mod preview;
pub mod secret;
pub mod sources;
pub mod submit;
pub mod template;
mod text;
pub mod value;
pub mod verify;
pub mod watch;
