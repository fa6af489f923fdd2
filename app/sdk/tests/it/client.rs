//! The client against an endpoint that answers as the test says: what it asks for, how it reads the answers, and what
//! it makes of bad ones.

mod capacity;
mod claims;
#[cfg(feature = "plan-file")]
mod creation;
mod follow;
mod history;
mod hostile;
mod prices;
mod read;
mod rpc;
mod simulate;
mod statement;
mod story;
mod submit;
mod transport;
mod version;
