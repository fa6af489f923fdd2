//! What can go wrong between a client and the chain.

use {
    super::transport::Trouble,
    crate::{
        report::{books::LedgerError, projection::ProjectionError},
        text::names::{harmless, shortened},
        wire::{accounts::DecodeError, errors},
    },
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::{
        client_error,
        request::{RpcError, RpcRequest},
    },
    solana_signature::Signature,
    solana_transaction_error::TransactionError,
    std::{fmt, str::FromStr},
    thiserror::Error,
};

/// JSON-RPC: what will be refused again: not JSON, no request, no such method, wrong arguments; a signature that is
/// wrong.
const REFUSALS: [i64; 5] = [-32700, -32600, -32601, -32602, -32003];

/// Why a request to the chain, or a transaction, did not do what it should.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The endpoint did not answer, or not with an answer.
    #[error("{what}: {}", told(.cause))]
    Rpc {
        /// What was asked.
        what: String,
        /// The connection's word for it. Not the error's source, whose text would be printed as the endpoint wrote it.
        cause: Box<client_error::Error>,
    },
    /// There is no account at the address.
    #[error("there is no {what} at {address}: check the address and the cluster")]
    NotFound {
        /// What should be there.
        what: &'static str,
        /// Where.
        address: Pubkey,
    },
    /// The account belongs to another program.
    #[error("{address} holds no {what} of this program: its owner is {owner}")]
    ForeignAccount {
        /// What should be there.
        what: &'static str,
        /// Where.
        address: Pubkey,
        /// Whose it is.
        owner: Pubkey,
    },
    /// The account holds no update of a price feed.
    #[error("{address} holds no price update: {why}")]
    NoPriceUpdate {
        /// Where.
        address: Pubkey,
        /// What it is instead.
        why: String,
    },
    /// The account is not what it should be.
    #[error("{address}: {source}")]
    Decode {
        /// Where.
        address: Pubkey,
        /// What is wrong with its bytes.
        source: DecodeError,
    },
    /// The endpoint answered in a way this client cannot read.
    #[error("the endpoint's answer about {0} cannot be read")]
    Unreadable(String),
    /// The endpoint says two things of which one is wrong.
    #[error("the endpoint contradicts itself: {0}")]
    Contradiction(String),
    /// The endpoint has not got as far as a transaction that it said was executed.
    #[error("the endpoint is at slot {slot}, and has not got to slot {wanted}")]
    Behind {
        /// As far as it is.
        slot: u64,
        /// As far as it should be.
        wanted: u64,
    },
    /// The plan changes faster than its accounts can be read.
    #[error("plan {0} changes while it is read: try again in a moment")]
    Changing(Pubkey),
    /// The endpoint does not have all events of a plan.
    #[error("the plan's events do not follow from each other: {0}; use an endpoint that keeps the whole history")]
    Ledger(#[from] LedgerError),
    /// The endpoint leaves something out, in words that name it and the endpoint.
    #[error("{0}: use an endpoint that has everything")]
    Incomplete(String),
    /// An account holds what the program never writes.
    #[error("the plan cannot be evaluated: {0}")]
    Projection(#[from] ProjectionError),
    /// A simulation failed; nothing was sent.
    #[error("the transaction would fail, so it was not sent: {0}")]
    WouldFail(Box<Failure>),
    /// The transaction was executed and failed; only its fee was taken.
    #[error("transaction {signature} failed: {failure}")]
    Failed {
        /// The transaction.
        signature: Signature,
        /// Why.
        failure: Box<Failure>,
    },
    /// The transaction can never be executed any more.
    #[error(
        "transaction {0} was not executed in time and never will be; nothing happened, so it is safe to send it again"
    )]
    Expired(Signature),
    /// What became of the transaction could not be learnt: it may have been executed, or may still be.
    #[error("what became of transaction {signature} is not known: {why}; look it up before you do it again")]
    Unknown {
        /// The transaction.
        signature: Signature,
        /// What keeps it from being known.
        why: String,
    },
    /// A signer refused, or is missing.
    #[error("the transaction could not be signed: {0}")]
    Signing(#[from] solana_signer::SignerError),
    /// Version 1 is wanted, and a hardware wallet signs.
    #[error("{0} is of a hardware wallet, which does not sign transactions of version 1")]
    OldSigner(Pubkey),
    /// The message could not be built.
    #[error("the transaction could not be built: {0}")]
    Message(#[from] solana_message::CompileError),
}

impl From<anchor_lang::error::Error> for ClientError {
    fn from(error: anchor_lang::error::Error) -> Self {
        Self::Projection(error.into())
    }
}

impl ClientError {
    /// Whether the same request may succeed later: the endpoint is away, overloaded or behind, and did not refuse it.
    pub fn may_pass(&self) -> bool {
        let Self::Rpc { cause: source, .. } = self else {
            return false;
        };
        match source.kind() {
            client_error::ErrorKind::Io(_) => true,
            client_error::ErrorKind::Middleware(_) => Trouble::of(source).is_none_or(Trouble::may_pass),
            client_error::ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => !REFUSALS.contains(code),
            client_error::ErrorKind::RpcError(_) | client_error::ErrorKind::SerdeJson(_) => true,
            _ => false,
        }
    }

    /// Whether the endpoint answered that it does not take what it was given: asked again, it will say the same.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Rpc { .. }) && !self.may_pass()
    }

    /// Whether the endpoint did not search for accounts, which many refuse or cannot do.
    pub fn is_of_search(&self) -> bool {
        matches!(self, Self::Rpc { cause, .. } if matches!(cause.request(), Some(RpcRequest::GetProgramAccounts)))
    }

    /// For `map_err`: what was asked, in words.
    pub(super) fn rpc(what: impl Into<String>) -> impl FnOnce(client_error::Error) -> Self {
        let what = what.into();
        move |cause| Self::Rpc {
            what,
            cause: Box::new(cause),
        }
    }
}

/// Most letters of a foreign text that an error repeats.
const MOST_LETTERS: usize = 500;

/// What an endpoint said, without what acts on a terminal, and not at any length.
fn told(error: &client_error::Error) -> String {
    harmless(&shortened(&error.to_string(), MOST_LETTERS))
}

/// Why a transaction failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Position of the instruction that failed, counted from 0, if one did.
    pub instruction: Option<usize>,
    /// The reason.
    pub reason: FailureReason,
    /// What the programs logged.
    pub logs: Vec<String>,
}

/// The reason why a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// An error of the Earnout program, or of Anchor's checks in front of it.
    Program(errors::ProgramError),
    /// An error number of another program.
    OtherProgram {
        /// Which program, if the logs say so.
        program: Option<Pubkey>,
        /// Its number.
        code: u32,
    },
    /// Anything else, in the runtime's words.
    Runtime(TransactionError),
}

impl Failure {
    pub(super) fn new(error: TransactionError, logs: Vec<String>) -> Self {
        let custom = match &error {
            TransactionError::InstructionError(_, solana_program::instruction::InstructionError::Custom(code)) => {
                Some(*code)
            }
            _ => None,
        };
        let instruction = match &error {
            TransactionError::InstructionError(position, _) => Some(usize::from(*position)),
            _ => None,
        };
        let reason = match custom {
            None => FailureReason::Runtime(error),
            Some(code) => {
                // A number means something only together with the program that failed first.
                let program = failed_program(&logs);
                let own = program.is_none_or(|program| program == crate::ID);
                match errors::program_error(code).filter(|_| own) {
                    Some(error) => FailureReason::Program(error.clone()),
                    None => FailureReason::OtherProgram { program, code },
                }
            }
        };
        Self {
            instruction,
            reason,
            logs,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            FailureReason::Program(error) => write!(out, "{error}"),
            FailureReason::OtherProgram { program, code } => {
                match program {
                    Some(program) => write!(out, "program {program} answered with its error {code} ({code:#x})")?,
                    None => write!(out, "a program answered with its error {code} ({code:#x})")?,
                }
                match self
                    .logs
                    .iter()
                    .rev()
                    .find_map(|line| line.strip_prefix("Program log: "))
                {
                    Some(line) => write!(out, ": {line}"),
                    None => Ok(()),
                }
            }
            FailureReason::Runtime(error) => write!(out, "{error}"),
        }
    }
}

/// The innermost program that failed: its line comes first in the logs.
fn failed_program(logs: &[String]) -> Option<Pubkey> {
    logs.iter().find_map(|line| {
        let (program, rest) = line.strip_prefix("Program ")?.split_once(' ')?;
        rest.starts_with("failed: ").then(|| Pubkey::from_str(program).ok())?
    })
}

#[cfg(test)]
mod tests {
    use {super::*, solana_program::instruction::InstructionError};

    fn custom(code: u32, logs: &[&str]) -> Failure {
        let error = TransactionError::InstructionError(2, InstructionError::Custom(code));
        Failure::new(error, logs.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_error_of_the_program_has_its_name_and_position() {
        let log = format!("Program {} failed: custom program error: 0x1770", crate::ID);
        let failure = custom(6000, &[&log]);
        assert_eq!(failure.instruction, Some(2));
        assert!(failure.to_string().starts_with("Overflow: An amount"), "{failure}");
    }

    #[test]
    fn the_same_number_of_another_program_is_not_taken_for_ours() {
        let token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
        let inner = format!("Program {token} failed: custom program error: 0x1770");
        let outer = format!("Program {} failed: custom program error: 0x1770", crate::ID);
        let failure = custom(6000, &["Program log: Error: owner does not match", &inner, &outer]);
        assert_eq!(
            failure.reason,
            FailureReason::OtherProgram {
                program: Some(token.parse().expect("a key")),
                code: 6000
            }
        );
        assert!(failure.to_string().ends_with("owner does not match"), "{failure}");
    }

    #[test]
    fn what_is_no_program_error_keeps_the_runtimes_words() {
        let failure = Failure::new(TransactionError::InsufficientFundsForFee, Vec::new());
        assert_eq!(failure.instruction, None);
        assert_eq!(failure.to_string(), "Insufficient funds for fee");
    }
}
