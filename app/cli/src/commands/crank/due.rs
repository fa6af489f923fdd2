//! Doing what is due for a plan, and saying what was done.

use {
    crate::{
        context::app::App,
        fault::{Exit, Fault},
        send::many::{Sending, interrupted, signatures, unfinished},
        shown::{progress::Progress, text::either},
    },
    earnout_sdk::{
        client::bulk::{self, Done},
        text::amount::{count, counted},
        todo::due::{Due, Kinds},
    },
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::fmt,
};

/// Some of what is due for a plan.
pub struct Work<'a> {
    pub app: &'a App,
    pub plan: Pubkey,
    pub kinds: Kinds,
    pub sending: Sending,
}

/// What was done, or would be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    plan: String,
    /// Updates of price feeds that were shown.
    observed: usize,
    settled: usize,
    bonuses_collected: usize,
    /// Attestations and pages.
    evaluations_closed: usize,
    periods_closed: usize,
    grants_closed: usize,
    refused: Vec<Refused>,
    /// Transactions that may have done something, or may still do it.
    #[serde(skip)]
    unknown: Vec<Signature>,
    /// Things for which the network took no transaction.
    left: usize,
    transactions: usize,
    failed_transactions: usize,
    /// Why the endpoint did not search for attestations and pages: some may be left that can be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsearched: Option<String>,
    #[serde(skip)]
    is_forecast: bool,
}

#[derive(Serialize)]
struct Refused {
    #[serde(flatten)]
    due: Due,
    why: String,
}

impl Work<'_> {
    /// Does what is due, or with `--dry-run` says what it is.
    ///
    /// # Errors
    /// Whatever keeps some of it from being done.
    pub async fn once(&self) -> Result<(), Fault> {
        if self.sending.dry_run {
            let client = self.app.client()?;
            let (accounts, unsearched) = match self.kinds.close {
                true => client.plan_accounts_found(&self.plan).await?,
                false => (client.plan_accounts(&self.plan, false).await?, None),
            };
            let due = accounts.due(self.kinds)?;
            let mut report = Report::new(&self.plan, due.iter());
            report.is_forecast = true;
            report.unsearched = unsearched.map(|error| error.to_string());
            return report.finish(self.app);
        }
        let report = self.done().await?;
        report.finish(self.app)
    }

    /// As [`Work::once`], but says nothing if nothing was due.
    ///
    /// # Errors
    /// As [`Work::once`].
    pub async fn look(&self) -> Result<(), Fault> {
        let report = self.done().await?;
        if report.is_nothing() {
            Ok(())
        } else {
            report.finish(self.app)
        }
    }

    async fn done(&self) -> Result<Report, Fault> {
        let client = self.app.client()?;
        let mut progress = bulk::Progress::default();
        let mut shown = Progress::new("due", 0, 0);
        let payer = self.sending.payer.as_ref();
        let mut watch = |state: &bulk::Progress| shown.show(state);
        let done = client
            .crank(
                &self.plan,
                self.kinds,
                payer,
                self.sending.options,
                &mut progress,
                &mut watch,
            )
            .await;
        shown.finish();
        let done = done.map_err(|error| interrupted(error, &progress, "things", 0))?;
        Ok(Report::of_done(&self.plan, &done, &progress))
    }
}

impl Report {
    fn new<'a>(plan: &Pubkey, due: impl Iterator<Item = &'a Due>) -> Self {
        let mut report = Self {
            plan: plan.to_string(),
            observed: 0,
            settled: 0,
            bonuses_collected: 0,
            evaluations_closed: 0,
            periods_closed: 0,
            grants_closed: 0,
            refused: Vec::new(),
            unknown: Vec::new(),
            left: 0,
            transactions: 0,
            failed_transactions: 0,
            unsearched: None,
            is_forecast: false,
        };
        for due in due {
            let number = match due {
                Due::Observe { .. } => &mut report.observed,
                Due::Settle { .. } => &mut report.settled,
                Due::Collect { .. } => &mut report.bonuses_collected,
                Due::CloseEvaluation { .. } => &mut report.evaluations_closed,
                Due::ClosePeriod { .. } => &mut report.periods_closed,
                Due::CloseGrant { .. } => &mut report.grants_closed,
            };
            *number = number.saturating_add(1);
        }
        report
    }

    fn of_done(plan: &Pubkey, done: &Done<Due>, progress: &bulk::Progress) -> Self {
        let refused = done.refused.iter().map(|(due, failure)| Refused {
            due: *due,
            why: failure.to_string(),
        });
        let mut report = Self::new(plan, done.done.iter().map(|(due, _)| due));
        report.refused = refused.collect();
        report.unknown = signatures(&done.unknown);
        report.left = done.left;
        report.unsearched.clone_from(&done.unsearched);
        report.transactions = progress.executed;
        report.failed_transactions = progress.failed;
        report
    }

    fn is_nothing(&self) -> bool {
        self.sum() == 0 && self.is_complete()
    }

    fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.unknown.is_empty() && self.left == 0 && self.unsearched.is_none()
    }

    fn sum(&self) -> usize {
        let numbers = [
            self.observed,
            self.settled,
            self.bonuses_collected,
            self.evaluations_closed,
            self.periods_closed,
            self.grants_closed,
        ];
        numbers.into_iter().fold(0, usize::saturating_add)
    }

    fn finish(&self, app: &App) -> Result<(), Fault> {
        if self.is_complete() {
            return app.output().show(self);
        }
        let exit = if self.sum() == 0 { Exit::Nothing } else { Exit::Partly };
        let fault = match (&self.unsearched, self.refused.first()) {
            (_, Some(refused)) => Fault::new("not all that is due was done")
                .why(format!(
                    "{} were refused, the first: {}",
                    count(self.refused.len()),
                    refused.why
                ))
                .advice("run the same command again: what is done stays done"),
            (None, None) => Fault::new("not all that is due was done")
                .why(format!(
                    "the network took no transaction for {} of them",
                    count(self.left)
                ))
                .advice("run the same command again: what is done stays done"),
            (Some(why), None) => Fault::new("attestations and pages that nobody needs any more may be left open")
                .why(format!("the endpoint does not search for accounts: {why}"))
                .advice("run the command on an endpoint that offers getProgramAccounts (-u), or with --no-close"),
        };
        unfinished(
            app,
            self,
            &self.unknown,
            "nothing more was done after them",
            fault.exit(exit),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [
            (self.observed, "price observed", "prices observed"),
            (self.settled, "settled", "settled"),
            (self.bonuses_collected, "bonus collected", "bonuses collected"),
            (
                self.evaluations_closed,
                "attestation or page closed",
                "attestations and pages closed",
            ),
            (self.periods_closed, "period closed", "periods closed"),
            (self.grants_closed, "grant closed", "grants closed"),
        ];
        let parts: Vec<_> = numbers
            .into_iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, one, many)| format!("{} {}", count(number), either(number, one, many)))
            .collect();
        let before = if self.is_forecast { "due: " } else { "" };
        match parts.is_empty() {
            true => out.write_str("nothing is due")?,
            false => write!(out, "{before}{}", parts.join(", "))?,
        }
        if self.transactions > 0 {
            write!(out, " in {}", counted(self.transactions, "transaction"))?;
        }
        Ok(())
    }
}
