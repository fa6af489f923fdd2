//! What became of a transaction.

use {
    earnout_sdk::wire::events::Event,
    litesvm::types::{FailedTransactionMetadata, TransactionMetadata},
    solana_instruction_error::InstructionError,
    solana_message::VersionedMessage,
    solana_transaction_error::TransactionError,
    thiserror::Error,
};

/// What one instruction of a transaction did.
#[derive(Clone, Debug)]
pub struct Step {
    /// Compute units, calls to other programs included.
    pub compute_units: u64,
    /// Events of this program.
    pub events: Vec<Event>,
}

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// One step for each instruction.
    pub steps: Vec<Step>,
    /// Compute units of the whole transaction.
    pub compute_units: u64,
    /// Fee in lamports.
    pub fee: u64,
    /// What the programs logged.
    pub logs: Vec<String>,
}

impl Receipt {
    /// Events of all instructions.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.steps.iter().flat_map(|step| &step.events)
    }
}

/// A transaction that failed.
#[derive(Clone, Debug, Error)]
#[error("{error}\n{}", logs.join("\n"))]
pub struct Failure {
    /// The runtime's word for it.
    pub error: TransactionError,
    /// Position of the instruction that failed, if one did.
    pub instruction: Option<usize>,
    /// Number of the program error, if it was one.
    pub code: Option<u32>,
    /// What the programs logged.
    pub logs: Vec<String>,
}

pub(crate) fn receipt(message: &VersionedMessage, meta: TransactionMetadata) -> Receipt {
    let mut units = compute_units(&meta.logs).into_iter();
    let program = message
        .static_account_keys()
        .iter()
        .position(|key| key == &earnout::ID)
        .and_then(|index| u8::try_from(index).ok());
    let steps = (0..message.instructions().len())
        .map(|index| Step {
            compute_units: units.next().unwrap_or_default(),
            events: meta
                .inner_instructions
                .get(index)
                .into_iter()
                .flatten()
                .filter(|inner| Some(inner.instruction.program_id_index) == program)
                .filter_map(|inner| Event::decode(&inner.instruction.data))
                .collect(),
        })
        .collect();
    Receipt {
        steps,
        compute_units: meta.compute_units_consumed,
        fee: meta.fee,
        logs: meta.logs,
    }
}

pub(crate) fn failure(failed: FailedTransactionMetadata) -> Failure {
    let (instruction, code) = match &failed.err {
        TransactionError::InstructionError(index, error) => (
            Some(usize::from(*index)),
            match error {
                InstructionError::Custom(code) => Some(*code),
                _ => None,
            },
        ),
        _ => (None, None),
    };
    Failure {
        error: failed.err,
        instruction,
        code,
        logs: failed.meta.logs,
    }
}

/// Units of each instruction, in order. A program's own line comes after the lines of those it called; built-in
/// programs write none.
fn compute_units(logs: &[String]) -> Vec<u64> {
    let mut depth = 0usize;
    let mut units = Vec::new();
    for line in logs {
        let Some(line) = line.strip_prefix("Program ") else {
            continue;
        };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [_, "invoke", level] => {
                depth = level.trim_matches(['[', ']']).parse().unwrap_or_default();
                if depth == 1 {
                    units.push(0);
                }
            }
            [_, "consumed", used, "of", ..] if depth == 1 => {
                if let Some(last) = units.last_mut() {
                    *last = used.parse().unwrap_or_default();
                }
            }
            [_, "success"] => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    units
}
