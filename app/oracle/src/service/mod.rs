//! The process: what an operator configures, what is done in each round, and who is told about it.

pub mod agree;
mod alerts;
mod blame;
mod config;
mod daemon;
pub mod examine;
pub mod keys;
mod library;
pub mod metrics;
pub mod round;
pub mod serve;
pub mod standing;
pub mod verify;
pub mod watch;

pub use {
    alerts::{About, Alarm, Alert, AlertKind},
    config::{Alerts, Config, ConfigError, Observe},
    daemon::{Daemon, DaemonError},
    keys::KeyError,
    library::{Library, Origin, in_folder},
    metrics::Metrics,
};
