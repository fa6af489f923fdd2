//! What goes to the chain and comes from it.

pub mod accounts;
pub mod errors;
pub mod events;
pub mod instructions;
mod interface;
pub mod pda;

/// The arguments of the program's instructions.
pub mod args {
    pub use earnout::{
        instructions::{
            AcceptBeneficiaryArgs, AttestArgs, CreateGrantArgs, CreatePlanArgs, DisputeArgs, ProposeOraclesArgs,
            RuleArgs,
        },
        state::KpiArgs,
    };
}
