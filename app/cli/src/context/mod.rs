//! What a command runs with: arguments and configuration turned into a client, signers, and names for what is on the
//! chain.

pub mod app;
pub mod config;
pub mod document;
pub mod evidence;
pub mod powers;
pub mod reference;
pub mod time;
pub mod token;
