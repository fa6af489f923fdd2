//! `earnout plan create`.

use {
    crate::{
        context::{app::App, time::Moment, token::base_units},
        fault::Fault,
        send::{Action, Outgoing, SendArgs, many::present},
        shown::{fields::Fields, mistakes::refused},
    },
    clap::Args,
    earnout::state::PlanStatus,
    earnout_sdk::{
        client::{
            Submission,
            creation::{Creation, CreationError, Funding, Standing, Transaction, told},
        },
        report::priced::amount_text,
        terms::plan_file::PlanFile,
        text::{amount::AmountArg, time},
        wire::pda,
    },
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{fmt, path::PathBuf, rc::Rc},
};

/// Create the plan of a plan file: the plan, its vault and its KPIs
///
/// The whole file is checked before anything is sent: every mistake is said with its line and field. What is on the
/// chain already is compared with the file term by term, so that the same command goes on where it was interrupted, and
/// refuses a plan that differs. The plan stays a draft, and unfunded, unless the options say otherwise.
///
/// With --dry-run, --export-transaction, --sign-only, --blockhash or --nonce only the next transaction of what is left
/// is made; once it is executed, the same command makes the one after it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan create plan.toml
  $ earnout plan create plan.toml --activate --fund 28_800_000
  $ earnout plan create plan.toml --export-transaction -k VAULT")]
pub struct Create {
    /// The plan file
    file: PathBuf,
    /// Freeze the terms permanently when all KPIs are there
    #[arg(long)]
    activate: bool,
    /// Move tokens into the vault until this many have been funded in all, exact: `1_250.5`
    #[arg(long, value_name = "AMOUNT")]
    fund: Option<AmountArg>,
    /// Token account that pays for --fund [default: the authority's associated account]
    #[arg(long, value_name = "ADDRESS", requires = "fund")]
    from: Option<Pubkey>,
    /// Who creates the plan and is its authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

/// What the command shows at the end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    signatures: Vec<String>,
    #[serde(flatten)]
    facts: Fields,
}

impl fmt::Display for Created {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.facts)?;
        for signature in &self.signatures {
            write!(out, "\nSignature: {signature}")?;
        }
        Ok(())
    }
}

impl Create {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let creation = Creation::read(&self.file, authority.pubkey());
        let mut creation = creation.map_err(|found| refused(app.output(), found))?;
        caution(app, &creation.file)?;
        let payer = outgoing.payer()?;
        creation.payer = payer.pubkey();
        creation.version = outgoing.version(&[payer.as_ref(), authority.as_ref()]).await?;
        creation.activate = self.activate;
        if let Some(amount) = &self.fund {
            let token = &creation.file.token;
            creation.fund = Some(Funding {
                amount: base_units(amount, &token.mint.unwrap_or_default(), token.decimals)?,
                source: self.from,
            });
        }
        let standing = look(app, &creation, &outgoing).await?;
        if standing.transactions.is_empty() {
            app.output()
                .note("The plan is on the chain as the file says: nothing is left to be done");
            return app.output().show(&Created {
                signatures: Vec::new(),
                facts: facts(&creation, &standing, "not created"),
            });
        }
        let send = &self.send;
        // Whether only one transaction is made, because it is not sent here and now.
        match send.dry_run
            || send.export_transaction
            || send.sign_only
            || send.is_agreed()
            || send.save_accounts.is_some()
        {
            true => next(app, &outgoing, &standing, authority).await,
            false => self.all(app, &creation, standing).await,
        }
    }

    /// All transactions of what is left, each after the one before it is executed.
    async fn all(&self, app: &App, creation: &Creation, standing: Standing) -> Result<(), Fault> {
        let fees = &self.send.fees;
        let payer = present(app, fees.fee_payer.as_deref(), "fee payer")?;
        let authority = present(app, self.authority.as_deref(), "authority")?;
        summarize(app, creation, &standing)?;
        app.confirm("Create the plan?")?;
        let mut signatures = Vec::new();
        let look = async || look(app, creation, &self.send.begin(app)?).await;
        let send = async |number, total, transaction: Transaction| {
            app.output().note(format!("{number} of {total}: {}", transaction.what));
            let submission = Submission::new(transaction.instructions, payer.as_ref());
            let mut submission = submission.signed_by([authority.as_ref() as &dyn Signer]);
            submission.unit_price = fees.with_compute_unit_price;
            submission.unit_limit = fees.with_compute_unit_limit;
            submission.version = creation.version;
            let sent = self.send.begin(app)?.send_part(&submission).await;
            signatures.push(sent.map_err(|fault| interrupted(fault, &signatures))?);
            Ok(())
        };
        let standing = standing.finish(look, send).await?;
        let facts = facts(creation, &standing, "sent");
        app.output().show(&Created { signatures, facts })
    }
}

/// Says what is unwise about the file.
pub(super) fn caution(app: &App, file: &PlanFile) -> Result<(), Fault> {
    for caution in file.cautions()? {
        app.output().note(format!("careful: {caution}"));
    }
    Ok(())
}

async fn look(app: &App, creation: &Creation, outgoing: &Outgoing<'_>) -> Result<Standing, Fault> {
    let standing = creation.look(async |address| outgoing.account(&address).await).await;
    standing.map_err(|error| refusal(app, error))
}

/// What the plan is, for the summary and the result. `none` says where it stands if the chain does not have it.
fn facts(creation: &Creation, standing: &Standing, none: &str) -> Fields {
    let file = &creation.file;
    let mut facts = Fields::default();
    facts.add("plan", standing.address.to_string());
    facts.add("vault", pda::vault(&standing.address).to_string());
    facts.add("mint", standing.mint.address.to_string());
    facts.add("treasury", standing.treasury.to_string());
    facts.add("start", Moment(file.terms.start_ts));
    facts.add("periods", file.terms.period_count);
    facts.add("cadence", time::cadence(file.terms.cadence));
    facts.add("KPIs", file.kpis.len());
    if let Some(price) = file.kpis.iter().find_map(|kpi| Some((kpi, kpi.default_price?))) {
        let (kpi, default) = price;
        facts.add("unit", &file.terms.unit);
        let text = amount_text(default.unsigned_abs(), kpi.decimals, &kpi.unit);
        facts.add_shown("price if nobody reports", text, default.to_string());
    }
    let status = match &standing.plan {
        Some(plan) if plan.status == PlanStatus::Active.to_byte() => "active",
        Some(_) => "draft",
        None => none,
    };
    facts.add("status", status);
    facts
}

fn summarize(app: &App, creation: &Creation, standing: &Standing) -> Result<(), Fault> {
    let title = match &standing.plan {
        Some(_) => "Go on creating the plan",
        None => "Create the plan",
    };
    let mut facts = facts(creation, standing, "not created");
    facts.add("authority", app.named(&creation.authority));
    facts.add("fee payer", app.named(&creation.payer));
    facts.add("cluster", app.cluster()?);
    app.output().note(format!("{title}\n{}", facts.indented()));
    for step in &standing.steps {
        app.output().note(format!("  - {step}"));
    }
    Ok(())
}

/// The next transaction of what is left, in the way that the options say.
async fn next(app: &App, outgoing: &Outgoing<'_>, standing: &Standing, authority: Rc<dyn Signer>) -> Result<(), Fault> {
    let [transaction, others @ ..] = standing.transactions.as_slice() else {
        return Ok(());
    };
    let more = match others.len() {
        1 => "1 more follows".to_owned(),
        count => format!("{count} more follow"),
    };
    if !others.is_empty() {
        app.output().note(format!(
            "This is the next transaction; {more}: run the same command again when it is executed"
        ));
    }
    let action = Action::new("Create the plan", transaction.instructions.clone())
        .address(app, "plan", standing.address)
        .address(app, "mint", standing.mint.address)
        .address(app, "treasury", standing.treasury)
        .fact("steps", &transaction.what)
        .fact("left after it", others.len())
        .address(app, "authority", authority.pubkey())
        .signed_by(authority)
        .asking();
    outgoing.execute(action).await
}

/// Why the plan cannot be created; nothing was sent.
fn refusal(app: &App, error: CreationError<Fault>) -> Fault {
    match error {
        CreationError::Read(fault) => fault,
        CreationError::Account(error) => error.into(),
        CreationError::Program(error) => error.into(),
        CreationError::Mistakes(found) => refused(app.output(), found),
        CreationError::Token(error) => error.into(),
        CreationError::Transfer(error) => error.into(),
        CreationError::TooLarge(error) => Fault::new("the plan does not fit into a transaction").why(error),
        CreationError::Closed { plan_id, address } => Fault::new(format!("the plan number {plan_id} was closed"))
            .why(format!(
                "its address {address} can never be used again; nothing was sent"
            ))
            .advice("choose another number in `plan.id`"),
        CreationError::TooLittle {
            source_account,
            missing,
            balance,
        } => Fault::new(format!("{source_account} holds less than {missing}"))
            .why(format!("its balance is {balance}; nothing was sent"))
            .advice("fund less, or name another source with --from"),
        CreationError::Differs { plan_id, differences } => {
            let all = differences.iter().map(|difference| {
                serde_json::json!({
                    "field": difference.field,
                    "line": difference.line,
                    "onChain": difference.on_chain,
                    "inFile": difference.in_file,
                })
            });
            Fault::new(format!("the plan number {plan_id} exists with other terms"))
                .why(format!("{}; nothing was sent", told(&differences)))
                .advice("choose another `plan.id`, or put the file back as it was when the plan was made")
                .detail("differences", all.collect())
        }
    }
}

/// That creating the plan stopped, and how it goes on. What became of the last transaction may be unknown; the fault
/// says so.
fn interrupted(fault: Fault, signatures: &[String]) -> Fault {
    let fault = fault.or_advice("run the same command again: it goes on where it stopped, and does nothing twice");
    if signatures.is_empty() {
        return fault;
    }
    let count = signatures.len();
    let plural = if count == 1 { "" } else { "s" };
    fault
        .during(format!("stopped after {count} transaction{plural}"))
        .detail("signatures", serde_json::json!(signatures))
        .after_a_part()
}
