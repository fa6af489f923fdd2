//! What goes to the chain and comes from it.

pub mod accounts;
mod decode;
pub mod errors;
mod evaluation;
pub mod events;
pub mod instructions;
mod interface;
mod manifest;
mod page;
pub mod pda;
mod price_update;

pub use {
    evaluation::Evaluation,
    manifest::{Listed, Manifest, ManifestError},
    page::{PageState, by_page, uploads},
    price_update::price_update_account,
};

/// The arguments of the program's instructions.
pub mod args {
    pub use earnout::{
        instructions::{
            AcceptBeneficiaryArgs, AttestArgs, AttestPageArgs, CreateGrantArgs, CreatePlanArgs, DisputeArgs,
            ObserveArgs, ProposeOraclesArgs, RuleArgs,
        },
        state::{Feed, KpiArgs, PageGrants, Receiver},
    };
}
