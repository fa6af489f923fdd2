//! Many transactions by one command: options, signers, and errors that say what was done.

use {
    crate::{
        context::app::App,
        fault::{Exit, Fault},
        send::SendArgs,
    },
    clap::Args,
    earnout_sdk::client::bulk::{BulkError, ImportError, JournalError, Options, Progress, TaskError},
    serde::Serialize,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{fmt::Display, rc::Rc},
};

/// What may help if it is the version of the transactions that an endpoint does not carry.
pub const OLDER_VERSION: &str =
    "if the endpoint does not carry transactions of version 1, use another one (-u), or say --transaction-version 0";

/// How many transactions are sent.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Sending options")]
pub struct BulkArgs {
    /// Who pays fees and rent [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    pub fee_payer: Option<String>,
    /// Price of a compute unit, millionths of a lamport: a higher one is executed sooner
    #[arg(long, value_name = "MICRO_LAMPORTS", default_value_t = 0)]
    pub with_compute_unit_price: u64,
    /// Most transactions that are under way at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub in_flight: u16,
    /// Say what would be done, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl BulkArgs {
    /// How to send.
    ///
    /// # Errors
    /// If the payer cannot sign here, or the endpoint does not say which transactions it takes.
    pub async fn sending(&self, app: &App) -> Result<Sending, Fault> {
        let payer = present(app, self.fee_payer.as_deref(), "fee payer")?;
        let options = Options {
            in_flight: usize::from(self.in_flight),
            ..options(app, payer.as_ref(), self.with_compute_unit_price).await?
        };
        Ok(Sending {
            payer,
            options,
            dry_run: self.dry_run,
        })
    }
}

/// The waiting that the user allows is also the longest that an endpoint may answer nothing but errors.
async fn options(app: &App, payer: &dyn Signer, unit_price: u64) -> Result<Options, Fault> {
    let (policy, options) = (app.policy(), Options::default());
    Ok(Options {
        version: app.client()?.version(&[payer]).await?,
        unit_price,
        policy,
        patience: options.patience.min(policy.longest),
        ..options
    })
}

/// How many transactions are sent, and who pays for them.
pub struct Sending {
    pub payer: Rc<dyn Signer>,
    pub options: Options,
    pub dry_run: bool,
}

impl Sending {
    /// For a command that otherwise sends one transaction: its fees and `--dry-run` count, its other options have no
    /// meaning for many. `option` is what makes them many.
    ///
    /// # Errors
    /// If one of those is given, the payer cannot sign here, or the endpoint does not say which transactions it takes.
    pub async fn of_many(app: &App, args: &SendArgs, option: &str) -> Result<Self, Fault> {
        let single = args.sign_only
            || args.export_transaction
            || args.is_agreed()
            || !args.signer.is_empty()
            || args.save_accounts.is_some()
            || args.fees.with_compute_unit_limit.is_some();
        if single {
            return Err(Fault::new(format!(
                "{option} sends many transactions, each with a blockhash and a compute limit of its own"
            ))
            .advice(
                "leave out --sign-only, --export-transaction, --blockhash, --nonce, --signer, --save-accounts and \
                     --with-compute-unit-limit, or name a single grant",
            ));
        }
        let payer = present(app, args.fees.fee_payer.as_deref(), "fee payer")?;
        let options = options(app, payer.as_ref(), args.fees.with_compute_unit_price).await?;
        Ok(Self {
            payer,
            options,
            dry_run: args.dry_run,
        })
    }
}

/// A signer that is here: thousands of transactions cannot be signed elsewhere.
///
/// # Errors
/// If there is none, or it signs elsewhere.
pub fn present(app: &App, chosen: Option<&str>, role: &str) -> Result<Rc<dyn Signer>, Fault> {
    let signer = app.signer(chosen, role)?;
    if app.is_absent(signer.as_ref()) {
        return Err(Fault::new(format!("the {role} {} cannot sign here", signer.pubkey()))
            .why("this command sends many transactions, each with a blockhash of its own")
            .advice("name a key file or a hardware wallet"));
    }
    Ok(signer)
}

/// The transactions of things whose outcome is unknown, each once.
pub fn signatures<I>(unknown: &[(I, Signature)]) -> Vec<Signature> {
    let mut signatures: Vec<_> = unknown.iter().map(|(_, signature)| *signature).collect();
    signatures.dedup();
    signatures
}

/// Shows what was done of bulk work that is not finished, and why it is not. An unknown outcome weighs more than
/// everything else; `after` says what was not done because of it.
///
/// # Errors
/// Always.
pub fn unfinished(
    app: &App,
    report: &(impl Serialize + Display),
    unknown: &[Signature],
    after: &str,
    fault: Fault,
) -> Result<(), Fault> {
    let fault = match unknown.is_empty() {
        true => fault,
        false => Fault::unknown(unknown, after),
    };
    if app.output().is_json() {
        return Err(fault.detail("report", serde_json::to_value(report).unwrap_or_default()));
    }
    app.output().show(report)?;
    Err(fault)
}

/// An error in the middle of bulk work, which says how much was done by then.
pub fn interrupted(error: impl Into<Fault>, progress: &Progress, what: &str, done_before: usize) -> Fault {
    let done = done_before.saturating_add(progress.items);
    let fault = error.into().during(format!("stopped after {done} {what}"));
    if fault.is_unknown() {
        return fault;
    }
    let exit = if done == 0 { Exit::Nothing } else { Exit::Partly };
    fault
        .or_advice("run the same command again: it goes on where it stopped, and does nothing twice")
        .exit(exit)
}

/// The fault of sending, with what may help if the endpoint `refused` the transaction.
pub fn of_refusal(refused: bool, fault: Fault) -> Fault {
    match refused {
        true => fault.or_else(OLDER_VERSION),
        false => fault,
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        let advice = match &error {
            JournalError::Io { .. } => "check path, permissions and space; --journal names another file",
            JournalError::InUse(_) => "wait for the other process to end",
            JournalError::Foreign { .. } | JournalError::NoJournal(_) => "name another file with --journal",
            JournalError::Corrupt { .. } => "restore the file from a backup",
        };
        Self::new(&error).advice(advice)
    }
}

impl From<BulkError> for Fault {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Endpoint(error) => of_refusal(error.is_refusal(), error.into()),
            BulkError::UnderWay { signatures, source } => {
                of_refusal(source.is_refusal(), Self::unknown(&signatures, source))
            }
            BulkError::Journal(error) => error.into(),
        }
    }
}

impl From<TaskError> for Fault {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Bulk(error) => error.into(),
            TaskError::TooLarge(error) => Self::new(error),
        }
    }
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Bulk(error) => error.into(),
            ImportError::Endpoint(error) => error.into(),
            ImportError::TooLarge(error) => Self::new(error),
            ImportError::Unknown { signature, why } => Self::unknown(&[signature], why)
                .advice("run the same command again later: it finds out, and signs nothing in its place before"),
            ImportError::Unclear {
                grant_index, signature, ..
            } => Self::new(format!(
                "whether grant {grant_index} was made for this row cannot be told any more"
            ))
            .why("the grant is closed or was handed on, and the endpoint does not know the transaction")
            .advice(
                "look into the grant's history with `earnout events`: if it was made for this row, take the row out of \
                     the file; if not, name a new --journal",
            )
            .with_signature(&signature),
        }
    }
}
