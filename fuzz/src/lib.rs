//! What the fuzz targets share: shapes of input, and models of the arithmetic that are written from the design alone
//! and share no code with it.

#![warn(missing_docs)]

pub mod civil;
pub mod exact;
pub mod fixtures;
pub mod interface;
pub mod memory;
pub mod shapes;
