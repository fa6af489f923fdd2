//! Amounts, times, names, endpoints and tables as people read and write them.

pub mod amount;
#[cfg(feature = "client")]
pub mod endpoint;
pub mod names;
#[cfg(feature = "plan-file")]
pub mod table;
#[cfg(any(feature = "client", feature = "plan-file"))]
pub mod time;
