//! Amounts, times, names, endpoints and tables as people read and write them.

pub mod amount;
pub mod endpoint;
pub mod names;
#[cfg(feature = "plan-file")]
pub mod table;
pub mod time;
