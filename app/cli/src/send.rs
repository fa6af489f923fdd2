//! The one way on which the transaction of a command goes out: summary, question, signing, sending, result.

use {
    crate::{app::App, fault::Fault},
    clap::Args,
    earnout_sdk::client::Submission,
    serde::Serialize,
    serde_json::{Map, Value},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    std::{fmt, rc::Rc, str::FromStr},
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
#[command(next_help_heading = "Transaction options")]
pub struct SendArgs {
    #[command(flatten)]
    pub fees: FeeArgs,
}

impl SendArgs {
    /// The signer of `role` that `chosen` names, or else the --keypair.
    ///
    /// # Errors
    /// If there is none.
    pub fn signer(&self, app: &App, chosen: Option<&str>, role: &str) -> Result<Rc<dyn Signer>, Fault> {
        app.signer(chosen, role)
    }
}

/// What a command wants to do with one transaction.
pub struct Action {
    title: &'static str,
    facts: Vec<(&'static str, String, Value)>,
    instructions: Vec<Instruction>,
    signers: Vec<Rc<dyn Signer>>,
}

impl Action {
    /// `title` says what is done, as an order: "Fund the plan".
    pub fn new(title: &'static str, instructions: Vec<Instruction>) -> Self {
        Self {
            title,
            facts: Vec::new(),
            instructions,
            signers: Vec::new(),
        }
    }

    /// The same with a line of the summary, which is also a field of the result: `first period` becomes `firstPeriod`.
    pub fn fact(mut self, label: &'static str, value: impl fmt::Display + Serialize) -> Self {
        let json = serde_json::to_value(&value).unwrap_or_default();
        self.facts.push((label, value.to_string(), json));
        self
    }

    /// The same with somebody else who signs.
    pub fn signed_by(mut self, signer: Rc<dyn Signer>) -> Self {
        self.signers.push(signer);
        self
    }
}

impl App {
    /// Does what `action` says and shows the result.
    ///
    /// # Errors
    /// Whatever keeps it from being done.
    pub async fn execute(&self, args: &SendArgs, action: Action) -> Result<(), Fault> {
        let fee_payer = args.signer(self, args.fees.fee_payer.as_deref(), "fee payer")?;
        for (label, text, _) in &action.facts {
            self.output().note(format!("  {label}: {text}"));
        }
        self.confirm(&format!("{}?", action.title))?;
        let mut submission = Submission::new(action.instructions, fee_payer.as_ref());
        submission = submission.signed_by(action.signers.iter().map(AsRef::as_ref));
        submission.unit_price = args.fees.with_compute_unit_price;
        submission.unit_limit = args.fees.with_compute_unit_limit;
        let receipt = self.client()?.send(&submission).await?;
        let mut fields = Map::new();
        fields.insert("signature".to_owned(), receipt.signature.to_string().into());
        for (label, _, json) in action.facts {
            fields.insert(label.to_owned(), json);
        }
        self.output().show(&crate::output::Json(Value::Object(fields)))
    }
}

/// `PUBKEY=SIGNATURE` on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presigned(pub Pubkey, pub Signature);

impl FromStr for Presigned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, signature) = text.split_once('=').ok_or("expected PUBKEY=SIGNATURE")?;
        let key = key.parse().map_err(|_| format!("`{key}` is no public key"))?;
        let signature = signature
            .parse()
            .map_err(|_| format!("`{signature}` is no signature"))?;
        Ok(Self(key, signature))
    }
}
