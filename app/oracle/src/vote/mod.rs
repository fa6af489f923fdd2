//! From what is due to a vote that the chain has, exactly once: each step is written down before the next one begins.

mod chain;
mod duties;
mod found;
pub mod journal;
mod submit;

pub use {
    chain::{Chain, Endpoints, PlanState, is_endpoint},
    duties::{Duty, own_votes},
    found::{Found, note_votes},
    journal::{Held, Journal, JournalError, Measured, Place, SignedVotes, Target, Vote},
    submit::{Ballot, Courier, PriorityFee, Refused, Sent, SubmitError, last_block},
};
