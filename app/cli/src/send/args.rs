//! How a transaction is made, signed and sent: the options, with the names that Solana's tools have for them.

use {
    crate::{
        context::time::{Moment, Span},
        fault::Fault,
    },
    clap::Args,
    solana_hash::Hash,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{path::PathBuf, str::FromStr},
};

/// Fees, for every command that sends something.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Fee options")]
pub struct FeeArgs {
    /// Who pays the fee [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    pub fee_payer: Option<String>,
    /// Price of a compute unit, millionths of a lamport: a higher one is executed sooner
    #[arg(long, value_name = "MICRO_LAMPORTS", default_value_t = 0)]
    pub with_compute_unit_price: u64,
    /// Most compute units of a transaction [default: by simulation]
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u32).range(1..=1_400_000))]
    pub with_compute_unit_limit: Option<u32>,
}

/// How one transaction is made, signed and sent.
#[derive(Clone, Debug, Args)]
pub struct SendArgs {
    #[command(flatten)]
    pub fees: FeeArgs,
    /// Simulate and show logs, compute units, fee, rent and changes of tokens; send nothing
    #[arg(long, help_heading = "Transaction options", conflicts_with_all = ["sign_only", "export_transaction"])]
    pub dry_run: bool,
    /// Write the transaction for a Squads vault, base64; send nothing. Name the vault with -k ADDRESS
    #[arg(long, help_heading = "Transaction options", conflicts_with_all = ["sign_only", "signer", "blockhash", "nonce"])]
    pub export_transaction: bool,
    /// Sign without a connection and show the signatures; send nothing
    #[arg(long, help_heading = "Transaction options", requires = "blockhash")]
    pub sign_only: bool,
    /// Show the message that is signed, base64
    #[arg(long, help_heading = "Transaction options", requires = "sign_only")]
    pub dump_transaction_message: bool,
    /// A recent blockhash, or with --nonce the nonce, to be agreed on by all who sign
    #[arg(long, value_name = "HASH", help_heading = "Transaction options")]
    pub blockhash: Option<Hash>,
    /// Signature of somebody who signed elsewhere
    #[arg(long, value_name = "PUBKEY=SIGNATURE", help_heading = "Transaction options")]
    pub signer: Vec<Presigned>,
    /// Nonce account: keeps the transaction alive until it is sent
    #[arg(long, value_name = "ADDRESS", help_heading = "Transaction options")]
    pub nonce: Option<Pubkey>,
    /// Who may advance the nonce [default: the --keypair]
    #[arg(
        long,
        value_name = "SIGNER",
        help_heading = "Transaction options",
        requires = "nonce"
    )]
    pub nonce_authority: Option<String>,
    /// How long the transaction can be executed; days end at midnight UTC [default with --nonce and
    /// --export-transaction: 7d]
    #[arg(long, value_name = "DURATION", help_heading = "Transaction options")]
    pub valid_for: Option<Span>,
    /// The latest time at which the transaction can be executed, in place of --valid-for
    #[arg(
        long,
        value_name = "TIME",
        help_heading = "Transaction options",
        conflicts_with = "valid_for"
    )]
    pub not_after: Option<Moment>,
    /// Accounts that --save-accounts wrote, in place of a connection
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Transaction options",
        requires = "sign_only"
    )]
    pub accounts: Option<PathBuf>,
    /// Write the accounts that this command reads, for --sign-only --accounts elsewhere
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Transaction options",
        conflicts_with = "accounts"
    )]
    pub save_accounts: Option<PathBuf>,
}

impl SendArgs {
    /// Whether several sign the same bytes, so that none of it may depend on who builds the message.
    pub fn is_agreed(&self) -> bool {
        self.blockhash.is_some() || self.nonce.is_some()
    }

    /// What clap cannot check.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if !self.signer.is_empty() && !self.is_agreed() {
            return Err(Fault::new("--signer needs --blockhash or --nonce")
                .why("a signature counts for one message only, and another blockhash makes another message")
                .advice("give the --blockhash, or the --nonce, with which the signature was made"));
        }
        if self.fees.with_compute_unit_price > 0 && self.is_agreed() && self.fees.with_compute_unit_limit.is_none() {
            return Err(Fault::new("--with-compute-unit-price needs --with-compute-unit-limit here")
                .why("with --blockhash or --nonce the limit is not simulated, since all signers must build the same message")
                .advice("a --dry-run shows the units; add a tenth"));
        }
        Ok(())
    }
}

/// `PUBKEY=SIGNATURE` on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presigned {
    pub key: Pubkey,
    pub signature: Signature,
}

impl FromStr for Presigned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, signature) = text.split_once('=').ok_or("expected PUBKEY=SIGNATURE")?;
        Ok(Self {
            key: key.parse().map_err(|_| format!("`{key}` is not a public key"))?,
            signature: signature
                .parse()
                .map_err(|_| format!("`{signature}` is not a signature"))?,
        })
    }
}
