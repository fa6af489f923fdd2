//! What the oracles of a plan are about to vote, told to each other: signed by each, kept wherever each likes, compared
//! by everybody. Nothing here votes or changes a vote.

mod compare;
mod peers;
#[cfg(test)]
mod simulation;
mod statement;

pub use {
    compare::{Cause, Difference, Read, compare},
    peers::{Agree, Heard, Peer, fits, hear, said},
    statement::{Said, Statement, file_name, read_file},
};
