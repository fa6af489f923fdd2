//! From a feed to a value that has passed every check, with its evidence. Nothing here sends anything.

mod arithmetic;
pub mod checks;
pub mod condition;
pub mod duration;
mod evidence;
mod exact;
pub mod feed;
mod finding;
pub mod fit;
pub mod folder;
mod identities;
mod json_guard;
mod number;
pub mod patience;
mod preview;
#[cfg(test)]
mod recipes;
mod secret;
mod sources;
pub mod statistics;
mod step;
mod template;
pub mod text;
pub mod value;

pub use {
    checks::{Checks, Hold},
    condition::{Conditions, Found},
    evidence::{Answer, Document, Evidence, EvidenceError, Hash, Store},
    feed::{Bound, Feed, FeedError, grant_scope, kpi_name},
    finding::{Finding, measure},
    fit::Misfit,
    identities::{Identities, IdentitiesError},
    patience::Patience,
    preview::preview,
    secret::{Secret, SecretError},
    sources::{Attached, Confirmation, Entry, Manual, Observation, Part, Solana, Source, SourceError, Surroundings},
    statistics::Aggregate,
    template::{Earlier, GrantScope, Scope, Span, TemplateError, fill},
    value::{Rounding, ValueError, median},
};

#[cfg(test)]
pub(crate) use sources::testing;
