//! The oracle daemon as its operator runs it: built, against a local chain, with everything going wrong that can.

mod agree;
mod commands;
mod faults;
mod hostile;
mod life;
mod pages;
mod patience;
mod services;
mod sources;
mod standby;
mod support;
mod watch;
