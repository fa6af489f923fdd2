//! An endpoint that is broken or lies, and what clients make of it.

mod commands;
mod endpoint;
mod observing;
mod pages;
mod sending;
mod support;
