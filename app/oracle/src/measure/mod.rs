//! From a feed to a value that has passed every check, with its evidence. Nothing here sends anything.

pub mod checks;
pub mod condition;
pub mod duration;
mod evidence;
mod exact;
pub mod feed;
mod finding;
pub mod fit;
mod identities;
mod preview;
mod secret;
mod sources;
pub mod statistics;
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
    preview::preview,
    secret::{Secret, SecretError},
    sources::{Entry, Manual, Observation, Part, Source, SourceError},
    statistics::Aggregate,
    template::{GrantScope, Scope, TemplateError, fill},
    value::{Rounding, ValueError, median},
};
