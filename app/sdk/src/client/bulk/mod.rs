//! Many transactions: sent with bounded concurrency, each at most once, whatever happens in between.
//!
//! A [`Job`] is the content of one transaction, with the items of work that it does. [`Bulk::run`] signs jobs, notes
//! each signature in a [`Journal`] before it is sent, sends the same bytes again until they are executed or can never
//! be, and signs anew only in the latter case. After a kill at any point [`Bulk::resume`] brings what the journal left
//! open to its end; then the caller looks at the chain and runs what is left.

mod crank;
mod engine;
mod grants;
mod journal;
mod tasks;
#[cfg(test)]
mod tests;

pub use {
    crank::{Claim, Done, Obstacle},
    engine::{Bulk, BulkError, Finished, Job, Options, Order, Outcome, Progress},
    grants::{
        GrantChain, GrantImport, ImportError, ImportReport, Made, Planned, RowFault, is_too_early, row_id, same_terms,
    },
    journal::{Attempt, AttemptState, Header, Journal, JournalError},
    tasks::{Task, TaskError, TaskReport},
};

use solana_signature::Signature;

/// Transactions in words: the signature of one, the number of more and the first signature.
fn transactions(signatures: &[Signature]) -> String {
    match signatures {
        [one] => format!("transaction {one}"),
        [first, ..] => format!("{} transactions ({first} and others)", signatures.len()),
        [] => "no transaction".to_owned(),
    }
}
