//! `earnout grant import`.

mod check;
mod report;
mod table;
#[cfg(test)]
mod vectors;

use {
    super::{existing, price},
    crate::{
        context::{
            app::App,
            reference::{PlanRef, plan_name},
            token::Token,
        },
        fault::{Exit, Fault},
        send::many::{BulkArgs, interrupted, of_refusal, present, signatures},
        shown::{mistakes::refused, progress::Progress},
    },
    check::Chain,
    clap::Args,
    earnout::{
        instructions::CreateGrantArgs,
        state::{Grant, Plan, PlanStatus},
    },
    earnout_sdk::{
        client::{
            Client, ClientError, Submission,
            bulk::{self, AttemptState, GrantImport, Header, ImportError, ImportReport, Journal, Made, Planned},
            token::holding,
        },
        report::priced::units_text,
        terms::{
            self,
            plan_file::{Mistake, Mistakes, read_text},
        },
        text::amount::{counted, ranges},
        wire::accounts::space,
    },
    report::{Forecast, Report},
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        ffi::OsString,
        path::PathBuf,
        time::Instant,
    },
    table::{Leniency, Row},
};

/// Lamports for a signature.
const SIGNATURE_FEE: u64 = 5_000;

/// Make a grant for each row of a file, thousands if need be.
///
/// The file is CSV with the columns beneficiary, allocation, cliff, time_weight, revocable, transferable, and for each
/// KPI that counts weight:NAME; optional ones are name, first_period (else 0), periods (else all from the first on) and
/// value, in the plan's unit of account: then each period pays its part of the value in tokens at the period's price,
/// and the allocation is the most that they pay. Weights are basis points and sum to 10000. All of it is checked before
/// anything is sent. What is signed is noted in a journal before it is sent, so that the same command goes on where it
/// was interrupted and makes nothing twice.
#[derive(Debug, Args)]
#[command(after_help = "Example of a file:
  name,beneficiary,allocation,first_period,periods,cliff,time_weight,weight:users,revocable,transferable
  Ada,4Nd1mYcvsTSt5FqVqQHnAqtvQxQxB4QqQ2n1LKLmYB7A,1_250.5,0,8,2,4000,6000,true,false

Examples:
  $ earnout grant import PLAN contributors.csv --dry-run
  $ earnout grant import PLAN contributors.csv --report grants.csv

Exit codes: 0 all grants are made; 2 some; 1 none.")]
pub struct Import {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The file
    file: PathBuf,
    /// Authority of the plan [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    /// What was signed [default: FILE.journal.jsonl]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Write index, address and transaction of each grant as CSV
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Accept beneficiaries that are not a key of a wallet, such as the address of a multisig vault
    #[arg(long)]
    allow_off_curve: bool,
    /// Accept more than one grant for a beneficiary
    #[arg(long)]
    several_grants_each: bool,
    /// Make grants although their beneficiaries have some in this plan already
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    bulk: BulkArgs,
}

impl Import {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let text = read_text(&self.file).map_err(|mistakes| refused(app.output(), mistakes))?;
        let client = app.client()?;
        let address = self.plan.address();
        let plan = client.plan(&address).await?;
        if plan.status()? != PlanStatus::Active {
            return Err(Fault::new(format!("the plan {address} is not active"))
                .why("grants are made under terms that are frozen")
                .advice("activate it with `earnout plan activate`"));
        }
        let token = app.token_of(&plan).await?;
        let leniency = Leniency {
            off_curve: self.allow_off_curve,
            several_each: self.several_grants_each,
        };
        let rows = table::read(&text, &plan, &token, leniency);
        let rows = rows.map_err(|mistakes| self.refused(app, mistakes))?;
        let sending = self.bulk.sending(app).await?;
        let authority = present(app, self.authority.as_deref(), "authority")?;
        if authority.pubkey() != plan.authority {
            return Err(Fault::wrong_signer(
                "authority",
                format!("the plan {address}"),
                &plan.authority,
                &authority.pubkey(),
            ));
        }
        let import = GrantImport {
            chain: client,
            plan: address,
            mint: plan.mint,
            payer: sending.payer.as_ref(),
            authority: authority.as_ref(),
            options: bulk::Options {
                version: client.version(&[sending.payer.as_ref(), authority.as_ref()]).await?,
                ..sending.options
            },
        };
        self.import(app, client, &import, &rows, &plan, &token).await
    }

    async fn import(
        &self,
        app: &App,
        client: &Client,
        import: &GrantImport<'_, Client>,
        rows: &[Row],
        plan: &Plan,
        token: &Token,
    ) -> Result<(), Fault> {
        let all: Vec<CreateGrantArgs> = rows.iter().map(|row| row.args.clone()).collect();
        let mut progress = bulk::Progress::default();
        let mut journal = self.journal(client, &import.plan).await?;
        let made = match &mut journal {
            None => BTreeMap::new(),
            Some(journal) => {
                let known = match self.bulk.dry_run {
                    true => import.made(journal, &all).await,
                    false => import.resume(journal, &all, &mut progress, &mut |_| {}).await,
                };
                known.map_err(|error| interrupted(of_line(error, rows), &progress, "grants", 0))?
            }
        };
        // What an earlier run left under way may have changed the plan.
        let plan = if journal.is_some() {
            client.plan(&import.plan).await?
        } else {
            *plan
        };
        let before = made.len();
        let open: Vec<&Row> = rows
            .iter()
            .enumerate()
            .filter(|(place, _)| !made.contains_key(place))
            .map(|(_, row)| row)
            .collect();
        let earlier = Earlier {
            made: made.values().map(|made| made.grant_index).collect(),
            replaced: match &journal {
                Some(journal) => replaced(journal, &made),
                None => BTreeSet::new(),
            },
        };
        let forecast = self.check(app, import, &open, &earlier, &plan, token).await;
        let forecast = forecast.map_err(|refusal| self.refusal(app, refusal))?;
        if self.bulk.dry_run {
            app.output().note("nothing was sent");
            return app.output().show(&forecast);
        }
        let report_file = self.report.as_deref().map(report::create).transpose()?;
        if !open.is_empty() {
            app.output().note(&forecast);
            if import.payer.is_interactive() || import.authority.is_interactive() {
                app.output().note("the device asks for each transaction");
            }
            app.confirm(&format!("Make {}?", counted(open.len(), "grant")))?;
        }
        let mut journal = match journal {
            Some(journal) => journal,
            None => self.open_journal(client, &import.plan).await?,
        };
        let (begun, balance) = (Instant::now(), client.balance(&import.payer.pubkey()).await?);
        let mut shown = Progress::new("grants", rows.len(), before);
        // What the resumption did is in `before`.
        let mut progress = bulk::Progress::default();
        let finished = import
            .run(&mut journal, &all, made, &mut progress, &mut |state| shown.show(state))
            .await;
        shown.finish();
        let finished = finished.map_err(|error| interrupted(error, &progress, "grants", before))?;
        let elapsed = begun.elapsed();
        let spent = balance.saturating_sub(client.balance(&import.payer.pubkey()).await?);
        let report = Report::new(
            &import.plan,
            rows,
            &finished,
            &progress,
            spent,
            rent(client).await?,
            elapsed,
        );
        if let Some((path, file)) = self.report.as_deref().zip(report_file) {
            report::write(path, file, &import.plan, rows, &finished)?;
        }
        finish(app, &report, &finished)
    }

    /// Everything that can be known before something is sent.
    async fn check(
        &self,
        app: &App,
        import: &GrantImport<'_, Client>,
        open: &[&Row],
        earlier: &Earlier,
        plan: &Plan,
        token: &Token,
    ) -> Result<Forecast, Refusal> {
        let client = import.chain;
        let grants = match self.again {
            true => Vec::new(),
            false => existing::all(client, &import.plan, plan).await?,
        };
        let vault = client.account(&plan.vault).await?;
        let vault = vault.as_ref().and_then(holding).map(|vault| vault.amount);
        let chain = Chain {
            plan,
            token,
            grants: &grants,
            vault: vault.unwrap_or_default(),
            made: &earlier.made,
            replaced: &earlier.replaced,
            now: client.now().await?,
        };
        let mut mistakes = chain.check(open, self.again);
        mistakes.extend(check::strange_beneficiaries(client, open).await?);
        if !mistakes.is_empty() {
            mistakes.sort_by_key(|mistake| mistake.line.unwrap_or(usize::MAX));
            return Err(Refusal::Mistakes(mistakes));
        }
        let args: Vec<CreateGrantArgs> = open.iter().map(|row| row.args.clone()).collect();
        self.caution(app, client, &chain, open).await?;
        let (transactions, units) = import.size(&args).map_err(Fault::new)?;
        let payer = import.payer.pubkey();
        let signatures = if payer == import.authority.pubkey() { 1 } else { 2 };
        let allocated = open.iter().map(|row| row.args.allocation);
        let value = open.iter().map(|row| u128::from(row.args.unit_allocation));
        let value = value.fold(0, u128::saturating_add);
        let forecast = Forecast {
            plan: import.plan.to_string(),
            plan_name: plan_name(plan),
            value: (value > 0).then(|| units_text(plan, value)),
            grants: open.len(),
            // More than fits was refused with the reserve.
            allocated: token.amount(allocated.fold(0, u64::saturating_add)),
            transactions,
            rent_lamports: rent(client)
                .await?
                .saturating_mul(u64::try_from(open.len()).unwrap_or(u64::MAX)),
            fee_lamports: fees(transactions, signatures, units, self.bulk.with_compute_unit_price),
        };
        let balance = client.balance(&payer).await?;
        check::check_balance(&payer, balance, forecast.rent_lamports, forecast.fee_lamports)?;
        // What the chain would refuse of the first transaction it would refuse of all.
        if let Some(job) = import.first(&args, plan.grant_counter).map_err(Fault::new)? {
            let mut submission = Submission::new(job.instructions, import.payer).signed_by([import.authority]);
            submission.version = import.options.version;
            match client.simulate(&submission).await {
                // Somebody else made a grant in between: the right number is found when it is sent.
                Err(ClientError::WouldFail(failure)) if bulk::is_too_early(&failure) => {}
                Err(error) => return Err(Refusal::Fault(of_refusal(error.is_refusal(), error.into()))),
                Ok(_) => {}
            }
        }
        Ok(forecast)
    }

    /// Says which grants in another unit have a cap that would cut them off already at half of the price of today.
    async fn caution(&self, app: &App, client: &Client, chain: &Chain<'_>, open: &[&Row]) -> Result<(), Refusal> {
        let in_units = open.iter().filter(|row| row.args.unit_allocation > 0);
        if in_units.clone().next().is_none() {
            return Ok(());
        }
        let look = async |address| {
            let found = client.evaluations(&[address]).await.ok()?;
            found.into_iter().next().flatten()
        };
        let plan = self.plan.address();
        let today = price::today(&plan, chain.plan, chain.now, look).await?;
        let mut cautions = Vec::new();
        for row in in_units {
            let grant = terms::grant(chain.plan, &row.args, chain.now);
            let grant = grant.map_err(|error| Fault::new(terms::message(&error)))?;
            if let Some(caution) = price::caution(chain.plan, &grant, today)? {
                cautions.push((row.line, caution));
            }
        }
        if let Some((line, caution)) = cautions.first() {
            app.output().note(format!("careful: line {line}: {caution}"));
        }
        if let [_, others @ ..] = cautions.as_slice()
            && !others.is_empty()
        {
            let lines = others.iter().filter_map(|(line, _)| u32::try_from(*line).ok());
            app.output()
                .note(format!("the same holds for the lines {}", ranges(lines)));
        }
        Ok(())
    }

    fn refusal(&self, app: &App, refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Mistakes(mistakes) => self.refused(app, mistakes),
            Refusal::Fault(fault) => fault,
        }
    }

    fn refused(&self, app: &App, mistakes: Vec<Mistake>) -> Fault {
        let found = Mistakes {
            file: self.file.clone(),
            mistakes,
        };
        refused(app.output(), found)
    }

    fn journal_path(&self) -> PathBuf {
        self.journal.clone().unwrap_or_else(|| {
            let mut path = OsString::from(&self.file);
            path.push(".journal.jsonl");
            path.into()
        })
    }

    /// The journal of earlier runs, if there is one.
    async fn journal(&self, client: &Client, plan: &Pubkey) -> Result<Option<Journal<Planned>>, Fault> {
        match self.journal_path().exists() {
            true => Ok(Some(self.open_journal(client, plan).await?)),
            false => Ok(None),
        }
    }

    async fn open_journal(&self, client: &Client, plan: &Pubkey) -> Result<Journal<Planned>, Fault> {
        let subject = [
            ("plan", plan.to_string()),
            ("cluster", client.genesis_hash().await?.to_string()),
        ];
        let header = Header {
            purpose: "grant import".to_owned(),
            subject: subject
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        };
        Ok(Journal::open(&self.journal_path(), &header)?)
    }
}

/// Numbers of the grants that earlier runs made.
struct Earlier {
    /// For rows of the file.
    made: BTreeSet<u32>,
    /// For rows which the file does not have any more.
    replaced: BTreeSet<u32>,
}

/// Numbers of the grants that earlier runs made for rows which the file does not have any more.
fn replaced(journal: &Journal<Planned>, made: &BTreeMap<usize, Made>) -> BTreeSet<u32> {
    let kept: BTreeSet<u32> = made.values().map(|made| made.grant_index).collect();
    let executed = journal.attempts().iter();
    let executed = executed.filter(|attempt| matches!(attempt.state, AttemptState::Executed(_)));
    let all = executed.flat_map(|attempt| attempt.items.iter().map(|planned| planned.grant_index));
    all.filter(|index| !kept.contains(index)).collect()
}

/// Why nothing is sent.
enum Refusal {
    Mistakes(Vec<Mistake>),
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// An error about a row, with the line where it stands.
fn of_line(error: ImportError, rows: &[Row]) -> Fault {
    let line = match &error {
        ImportError::Unclear { row, .. } => rows.get(*row).map(|row| row.line),
        _ => None,
    };
    let fault = Fault::from(error);
    match line {
        Some(line) => fault.during(format!("line {line} cannot be judged")),
        None => fault,
    }
}

/// Shows what became of the rows, and says with the exit code whether all, some or none are made.
fn finish(app: &App, report: &Report, finished: &ImportReport) -> Result<(), Fault> {
    if report.is_complete() {
        return app.output().show(report);
    }
    let unknown = signatures(&finished.unknown);
    let exit = if report.is_empty() { Exit::Nothing } else { Exit::Partly };
    let mut fault = Fault::new("not all grants are made").exit(exit);
    if let Some(stopped) = &finished.stopped {
        fault = fault.why(stopped);
    }
    let advice = match finished.stopped {
        Some(_) => "see to the reason, then run the same command again: it makes what is left, and nothing twice",
        None => "correct the refused lines and run the same command again: it makes what is left, and nothing twice",
    };
    fault = fault.advice(advice);
    if !unknown.is_empty() {
        let why = finished.stopped.as_deref().unwrap_or_default();
        fault = Fault::unknown(&unknown, why)
            .advice("run the same command again later: it finds out, and signs nothing in their place before");
    }
    if app.output().is_json() {
        let report = serde_json::to_value(report).unwrap_or_default();
        return Err(fault.detail("report", report));
    }
    app.output().show(report)?;
    Err(fault)
}

/// Lamports of rent for a grant.
async fn rent(client: &Client) -> Result<u64, Fault> {
    Ok(client.rent(space::<Grant>()).await?)
}

/// Lamports of fees for transactions with so many signatures each that ask for `units` compute units in all.
fn fees(transactions: usize, signatures: u64, units: u64, unit_price: u64) -> u64 {
    let transactions = u64::try_from(transactions).unwrap_or(u64::MAX);
    let priority = units.saturating_mul(unit_price).div_ceil(1_000_000);
    // The price of each transaction is rounded up.
    let priority = if priority == 0 {
        0
    } else {
        priority.saturating_add(transactions)
    };
    signatures
        .saturating_mul(SIGNATURE_FEE)
        .saturating_mul(transactions)
        .saturating_add(priority)
}
