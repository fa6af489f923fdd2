//! Amounts, times, names, endpoints and tables as people read and write them, and where they are written to.

pub mod amount;
#[cfg(feature = "client")]
pub mod endpoint;
pub mod names;
pub mod output;
#[cfg(feature = "plan-file")]
pub mod table;
#[cfg(any(feature = "client", feature = "plan-file"))]
pub mod time;
