//! The real binary, started as its users start it: every test has a chain of its own, on free ports.

mod life;
mod process;
mod rpc;
mod upgrade;
mod warp;
mod websocket;
