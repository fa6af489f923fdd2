//! From a feed to a value that has passed every check, with its evidence. Nothing here sends anything.

pub mod checks;
pub mod duration;
mod evidence;
pub mod feed;
mod finding;
pub mod fit;
mod identities;
mod preview;
mod secret;
mod sources;
mod template;
pub mod text;
pub mod value;

pub use {
    checks::{Checks, Hold},
    evidence::{Answer, Document, Evidence, EvidenceError, Hash, Store},
    feed::{Bound, Feed, FeedError, grant_scope, kpi_name},
    finding::{Finding, measure},
    fit::Misfit,
    identities::{Identities, IdentitiesError},
    preview::preview,
    secret::{Secret, SecretError},
    sources::{Entry, Manual, Observation, Part, Source, SourceError},
    template::{GrantScope, Scope, TemplateError, fill},
    value::{Rounding, ValueError, median},
};

#[cfg(test)]
pub(crate) use sources::testing;
