//! What to do about an error.

use {
    crate::fault::Fault,
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::client_error::{Error as RpcError, ErrorKind},
    solana_system_interface::program::ID as SYSTEM_PROGRAM,
    solana_transaction_error::TransactionError,
    std::error::Error,
};

/// What to do about an error of the program beyond what its message says.
pub fn for_program_error(name: &str) -> Option<&'static str> {
    Some(match name {
        "InsufficientFunds" => "fund the plan with `earnout plan fund PLAN AMOUNT`",
        _ => return None,
    })
}

/// What to do about an error of another program.
pub fn for_other_program(program: Option<Pubkey>, code: u32, logs: &[String]) -> Option<String> {
    let insufficient = logs.iter().any(|line| line.contains("insufficient lamports"));
    match (program, code) {
        (Some(SYSTEM_PROGRAM), 1) if insufficient => Some("send SOL to the account that pays".to_owned()),
        _ => None,
    }
}

/// What to do about an error of the runtime.
pub fn for_runtime_error(error: &TransactionError) -> Option<String> {
    match error {
        TransactionError::AccountNotFound | TransactionError::InsufficientFundsForFee => {
            Some("send SOL to the fee payer".to_owned())
        }
        TransactionError::BlockhashNotFound => {
            Some("the blockhash is too old, or of another cluster: sign again with a newer one".to_owned())
        }
        _ => None,
    }
}

/// Whether the error says that a program is not there.
pub fn is_missing_program(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::ProgramAccountNotFound | TransactionError::InvalidProgramForExecution
    )
}

/// That the endpoint did not answer.
pub fn of_connection(what: &str, error: &RpcError) -> Fault {
    let fault = Fault::new(format!("the endpoint did not answer: {what}"));
    match error.kind() {
        ErrorKind::Reqwest(error) => {
            let mut cause: &dyn Error = error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            fault.why(cause)
        }
        other => fault.why(other),
    }
}
