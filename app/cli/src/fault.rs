//! What went wrong, in a form that people and programs can read: what failed, why, and what to do.

use {
    crate::{advice, shown::text::safe},
    anchor_lang::error::Error as AnchorError,
    earnout_sdk::{
        client::{
            ClientError, Failure, FailureReason, Trouble, TroubleKind,
            token::{TokenError, TransferError},
        },
        report::projection::ProjectionError,
        signers::SignerError,
        text::{amount::counted, names::shortened},
        wire::accounts::DecodeError,
    },
    serde_json::{Map, Value, json},
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::{
        client_error::{Error as RpcFault, ErrorKind},
        request::RpcError,
    },
    solana_signature::Signature,
    std::{fmt, process::ExitCode},
};

/// How much was done, as the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing.
    Nothing = 1,
    /// A part of it; the rest can be done by the same command.
    Partly = 2,
    /// A transaction was sent and what became of it could not be learnt.
    Unknown = 3,
}

/// An error of a command. Every part is one sentence or a few, without a line break.
#[derive(Debug)]
pub struct Fault(Box<Parts>);

#[derive(Debug)]
struct Parts {
    what: String,
    why: Option<String>,
    advice: Option<String>,
    /// Name and number of an error of the program.
    program_error: Option<(String, u32)>,
    signatures: Vec<String>,
    logs: Vec<String>,
    /// That the program is not on this cluster would explain it.
    suspects_cluster: bool,
    exit: Exit,
    /// What stands beside the error in JSON: what was done all the same, or every mistake of a file.
    details: Map<String, Value>,
    /// That the standard output has the result already, so that JSON there stays one value.
    after_result: bool,
}

impl Fault {
    /// `what` failed.
    pub fn new(what: impl fmt::Display) -> Self {
        Self(Box::new(Parts {
            what: what.to_string(),
            why: None,
            advice: None,
            program_error: None,
            signatures: Vec::new(),
            logs: Vec::new(),
            suspects_cluster: false,
            exit: Exit::Nothing,
            details: Map::new(),
            after_result: false,
        }))
    }

    /// The same with a reason.
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.0.why = Some(why.to_string());
        self
    }

    /// The same with what the user can do about it.
    pub fn advice(mut self, advice: impl fmt::Display) -> Self {
        self.0.advice = Some(advice.to_string());
        self
    }

    /// The same with advice, if it has none yet.
    pub fn or_advice(mut self, advice: impl fmt::Display) -> Self {
        self.0.advice.get_or_insert_with(|| advice.to_string());
        self
    }

    /// The same with one more thing that can be done.
    pub fn or_else(mut self, advice: impl fmt::Display) -> Self {
        self.0.advice = Some(match self.0.advice.take() {
            Some(before) => format!("{before}; {advice}"),
            None => advice.to_string(),
        });
        self
    }

    /// The same, introduced by what was being done: the former `what` becomes the reason.
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        let cause = std::mem::replace(&mut self.0.what, what.to_string());
        self.0.why = Some(match self.0.why.take() {
            Some(why) => format!("{cause}: {why}"),
            None => cause,
        });
        self
    }

    /// The same after a part was done before it; that an outcome is unknown weighs more.
    pub fn after_a_part(mut self) -> Self {
        if self.0.exit == Exit::Nothing {
            self.0.exit = Exit::Partly;
        }
        self
    }

    /// The same with another exit code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// The same with a field that stands beside the error in JSON. People have seen it before the error.
    pub fn detail(mut self, name: &str, detail: Value) -> Self {
        self.0.details.insert(name.to_owned(), detail);
        self
    }

    /// The same; that the program is not on the cluster would explain it.
    pub fn suspecting_cluster(mut self) -> Self {
        self.0.suspects_cluster = true;
        self
    }

    /// That the arguments cannot be understood.
    pub fn of_arguments(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut parts = text.splitn(2, "\n\n");
        let what = parts.next().unwrap_or_default().trim_start_matches("error: ");
        let advice = parts.next().unwrap_or_default().split_whitespace();
        Self::new(what).advice(advice.collect::<Vec<_>>().join(" "))
    }

    /// The same, after the result was shown: the error is told to people only.
    pub fn after_result(mut self) -> Self {
        self.0.after_result = true;
        self
    }

    /// Whether the result was shown already.
    pub fn is_after_result(&self) -> bool {
        self.0.after_result
    }

    /// That `signer` cannot act as `role` of `of`, which is `needed`. Nothing was sent.
    pub fn wrong_signer(role: &str, of: impl fmt::Display, needed: &Pubkey, signer: &Pubkey) -> Self {
        Self::new(format!("{signer} is not the {role} of {of}"))
            .why(format!("the {role} is {needed}; nothing was sent"))
            .advice(format!("sign with that key: --{role} SIGNER, or -k SIGNER"))
    }

    /// The same; it is about this transaction.
    pub fn with_signature(mut self, signature: &Signature) -> Self {
        self.0.signatures = vec![signature.to_string()];
        self
    }

    /// That transactions were sent, and that what became of them is not known.
    pub fn unknown(signatures: &[Signature], why: impl fmt::Display) -> Self {
        let what = match signatures {
            [_] => "a transaction was sent, but its outcome is not known".to_owned(),
            _ => format!(
                "{} were sent, but their outcome is not known",
                counted(signatures.len(), "transaction")
            ),
        };
        let first = signatures.first().map(ToString::to_string).unwrap_or_default();
        let mut fault = Self::new(what).why(why).exit(Exit::Unknown).advice(format!(
            "look it up with `solana confirm {first}` or in an explorer before you do it again: it may have been executed, \
             or may still be"
        ));
        fault.0.signatures = signatures.iter().map(ToString::to_string).collect();
        fault
    }

    /// Whether the outcome of something that was sent is unknown.
    pub fn is_unknown(&self) -> bool {
        self.0.exit == Exit::Unknown
    }

    /// Whether a cluster without the program would explain it.
    pub fn suspects_cluster(&self) -> bool {
        self.0.suspects_cluster
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.0.exit {
            Exit::Nothing => 1,
            Exit::Partly => 2,
            Exit::Unknown => 3,
        })
    }

    /// What the programs logged.
    pub fn logs(&self) -> &[String] {
        &self.0.logs
    }

    /// The error as one object, for `--output json`.
    pub fn to_json(&self) -> Value {
        let parts = &self.0;
        let mut error = Map::new();
        error.insert("what".to_owned(), json!(parts.what));
        if let Some((name, code)) = &parts.program_error {
            error.insert("name".to_owned(), json!(name));
            error.insert("code".to_owned(), json!(code));
        }
        for (key, text) in [("why", &parts.why), ("advice", &parts.advice)] {
            if let Some(text) = text {
                error.insert(key.to_owned(), json!(text));
            }
        }
        if let Some(signature) = parts.signatures.first() {
            error.insert("signature".to_owned(), json!(signature));
        }
        if parts.signatures.len() > 1 {
            error.insert("signatures".to_owned(), json!(parts.signatures));
        }
        if !parts.logs.is_empty() {
            error.insert("logs".to_owned(), json!(parts.logs));
        }
        let mut object = Map::from_iter([("error".to_owned(), Value::Object(error))]);
        object.extend(parts.details.clone());
        Value::Object(object)
    }

    fn of_failure(what: impl fmt::Display, failure: Failure) -> Self {
        let mut fault = Self::new(what).why(&failure);
        match &failure.reason {
            FailureReason::Program(error) => {
                fault.0.program_error = Some((error.name.clone(), error.code));
                fault.0.advice = advice::for_program_error(&error.name).map(str::to_owned);
            }
            FailureReason::OtherProgram { .. } => {
                fault.0.advice = advice::for_other_program(&failure.logs);
            }
            FailureReason::Runtime(error) => {
                fault.0.advice = advice::for_runtime_error(error);
                fault.0.suspects_cluster = advice::is_missing_program(error);
            }
        }
        fault.0.logs = failure.logs;
        fault
    }

    /// That the endpoint did not answer a request for `what`, or refused it.
    fn of_connection(what: &str, error: &RpcFault) -> Self {
        match error.kind() {
            ErrorKind::RpcError(RpcError::RpcResponseError { code, message, .. }) => {
                Self::new(format!("the endpoint refused: {what}"))
                    .why(format!("{message} ({code})"))
                    .advice("try another endpoint (-u)")
            }
            ErrorKind::SerdeJson(error) => Self::new(format!("the endpoint's answer cannot be read: {what}"))
                .why(error)
                .advice("use another endpoint (-u)"),
            other => Self::new(format!("the endpoint did not answer: {what}"))
                .why(other)
                .advice("try again, or another endpoint (-u)"),
        }
    }

    /// That the endpoint did not answer a request for `what`.
    fn of_trouble(what: &str, trouble: &Trouble) -> Self {
        let fault = match &trouble.kind {
            TroubleKind::Unreachable(why) => Self::new(format!("{} cannot be reached", trouble.endpoint)).why(why),
            _ => Self::new(trouble).why(format!("it was {what}")),
        };
        match trouble.kind {
            TroubleKind::Unreachable(_) | TroubleKind::NotJson => fault.advice(
                "check the endpoint: -u URL, or json_rpc_url of the configuration; a local chain is started with `earnout \
                 localnet start`",
            ),
            TroubleKind::Status(429) => fault.advice("wait a little, or use an endpoint of your own (-u)"),
            TroubleKind::TimedOut(_) => {
                fault.advice("try again, or another endpoint (-u); --rpc-timeout sets how long one request may take")
            }
            _ => fault.advice("try again, or another endpoint (-u)"),
        }
    }
}

/// Most letters of a part of an error: more is not read by anybody.
const MOST_LETTERS: usize = 4_000;

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is quoted, from the user or from the chain, must not break the lines or act on the terminal.
        let line = |text: &str| safe(&shortened(&text.replace(['\r', '\n'], " "), MOST_LETTERS));
        write!(out, "error: {}", line(&self.0.what))?;
        if let Some(why) = &self.0.why {
            write!(out, "\n  why: {}", line(why))?;
        }
        for signature in &self.0.signatures {
            write!(out, "\n  transaction: {signature}")?;
        }
        if let Some(advice) = &self.0.advice {
            write!(out, "\n  what to do: {}", line(advice))?;
        }
        Ok(())
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rpc { what, cause } => match Trouble::of(&cause) {
                Some(trouble) => Self::of_trouble(&what, trouble),
                None => Self::of_connection(&what, &cause),
            },
            ClientError::NotFound { what, address } => Self::new(format!("there is no {what} at {address}"))
                .advice("check the address and the cluster (-u)")
                .suspecting_cluster(),
            ClientError::ForeignAccount { what, address, owner } => {
                Self::new(format!("{address} holds no {what} of this program"))
                    .why(format!("it belongs to {owner}"))
                    .advice("check the address and the cluster (-u)")
                    .suspecting_cluster()
            }
            ClientError::NoPriceUpdate { address, why } => Self::new(format!("{address} holds no price update"))
                .why(why)
                .advice("check the address and the cluster (-u)"),
            ClientError::Decode { address, source } => Self::new(format!("{address} cannot be read"))
                .why(source)
                .advice("check the address: plans, grants, attestations and pages are different accounts"),
            ClientError::Unreadable(what) => Self::new(format!("the endpoint's answer about {what} cannot be read"))
                .advice("try another endpoint (-u)"),
            ClientError::Contradiction(what) => Self::new("the endpoint contradicts itself")
                .why(what)
                .advice("nothing was sent; use another endpoint (-u)"),
            ClientError::Incomplete(what) => Self::new("INCOMPLETE: the endpoint leaves something out")
                .why(what)
                .advice("use an endpoint that keeps the whole history (-u)")
                .exit(Exit::Partly),
            ClientError::WouldFail(failure) => {
                Self::of_failure("the transaction would fail, so it was not sent", *failure)
            }
            ClientError::Failed { signature, failure } => {
                let fault = Self::of_failure("the transaction failed; only its fee was taken", *failure);
                fault.with_signature(&signature)
            }
            ClientError::Expired(signature) => Self::new("the transaction was not executed, and never will be")
                .why("its blockhash, nonce or time limit ended before the cluster took it; nothing happened")
                .advice(
                    "send it again; a priority fee (--with-compute-unit-price) helps when the cluster is busy, and a \
                     durable nonce (--nonce) when signatures take long",
                )
                .with_signature(&signature),
            ClientError::Unknown { signature, why } => Self::unknown(&[signature], why),
            error @ (ClientError::Behind { .. }
            | ClientError::Changing(_)
            | ClientError::Ledger(_)
            | ClientError::Projection(_)) => Self::new(error),
            error @ ClientError::OldSigner(_) => {
                Self::new(error).advice("leave out --transaction-version, or say --transaction-version 0")
            }
            ClientError::Signing(error) => Self::new("the transaction could not be signed").why(error),
            ClientError::Message(error) => Self::new("the transaction could not be built").why(error),
        }
    }
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        let not_a_mint = |mint: Pubkey, why: &str| {
            Self::new(format!("{mint} is not a mint"))
                .why(why)
                .advice("check the address")
        };
        match error {
            TokenError::NoMint(_) => Self::new(error)
                .advice("check the address and the cluster (-u)")
                .suspecting_cluster(),
            TokenError::ForeignMint(mint) => not_a_mint(mint, "it belongs neither to SPL Token nor to Token-2022"),
            TokenError::NotAMint(mint) => not_a_mint(mint, "it is another account of the token program"),
            TokenError::NoHolding { mint, .. } => Self::new(error)
                .why(format!("the token is {mint}; nothing was sent"))
                .advice("`spl-token create-account` makes one"),
            TokenError::OtherToken {
                address,
                role,
                found,
                mint,
            } => Self::new(format!("{address}, the {role}, holds another token"))
                .why(format!("its mint is {found}, the plan's is {mint}; nothing was sent")),
            TokenError::NotAHolding { address, role, owner } => {
                Self::new(format!("{address}, the {role}, is not a token account"))
                    .why(format!("it belongs to {owner}; nothing was sent"))
            }
        }
    }
}

impl From<TransferError<Fault>> for Fault {
    fn from(error: TransferError<Fault>) -> Self {
        match error {
            TransferError::Read(fault) => fault,
            TransferError::Hook { hook, why } => {
                Self::new(format!("the accounts of the transfer hook {hook} cannot be found")).why(why)
            }
        }
    }
}

impl From<SignerError> for Fault {
    fn from(error: SignerError) -> Self {
        let advice = match &error {
            SignerError::NoFile(_) => {
                "make a key with `solana-keygen new`, or name another signer with -k: a file, ASK, prompt://, \
                 usb://ledger, or the public key of an absent signer"
            }
            SignerError::Unreadable(..) => "check the permissions of the file",
            SignerError::NotAKey(_) => "name a key file as `solana-keygen` writes it",
            SignerError::UnknownKind(_) => "name a file, `-`, ASK, prompt://, usb://ledger or a public key",
            SignerError::BadPath { .. } => "write ?key=ACCOUNT/CHANGE, for example usb://ledger?key=0/0",
            SignerError::NoTerminal(..) => "run the command in a terminal, or name a key file with -k",
            SignerError::BadPhrase(_) => "check each word and their order",
            SignerError::Device(..) => "connect and unlock the device, and open its Solana app",
            SignerError::NoDeviceSupport(_) => {
                "`cargo install --path app/cli --features hardware-wallet` makes one that has"
            }
        };
        Self::new(&error).advice(advice)
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::new("an account cannot be read").why(error)
    }
}

impl From<ProjectionError> for Fault {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::State(error) => Self::from(*error),
            other => Self::new("the account holds what this release cannot evaluate").why(other),
        }
    }
}

impl From<AnchorError> for Fault {
    /// An error of the program's own code, run here on what the accounts hold.
    fn from(error: AnchorError) -> Self {
        match error {
            // The program never wrote such books: what was read is not of one moment.
            AnchorError::AnchorError(error) if error.error_name == "InvariantViolated" => {
                Self::new("what the endpoint answered does not fit together")
                    .why("an account and the chain's clock, or two accounts, contradict each other")
                    .advice("try again, or use another endpoint (-u)")
            }
            AnchorError::AnchorError(error) => {
                let mut fault = Self::new(format!("{}: {}", error.error_name, error.error_msg));
                fault.0.advice = advice::for_program_error(&error.error_name).map(str::to_owned);
                fault.0.program_error = Some((error.error_name, error.error_code_number));
                fault
            }
            AnchorError::ProgramError(error) => Self::new(error.program_error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_one_line_for_each_part_whatever_it_quotes() {
        let fault = Fault::new("a\nb\u{1b}[2J").why("c\u{202e}d").advice("e");
        let shown = "error: a b\\u{1b}[2J\n  why: c\\u{202e}d\n  what to do: e";
        assert_eq!(fault.to_string(), shown);
        let object = fault.to_json();
        assert_eq!(object["error"]["what"], "a\nb\u{1b}[2J", "programs get it as it is");
        assert_eq!(fault.during("f").to_json()["error"]["why"], "a\nb\u{1b}[2J: c\u{202e}d");
    }
}
