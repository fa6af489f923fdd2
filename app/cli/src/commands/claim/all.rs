//! `earnout claim --all`: everything that can be claimed for the beneficiaries of a plan.

use {
    crate::{
        context::{
            app::App,
            reference::plan_name,
            token::{Amount, Token},
        },
        fault::{Exit, Fault},
        send::many::{Sending, interrupted, signatures, unfinished},
        shown::{
            progress::Progress,
            text::{either, quoted},
        },
    },
    earnout::state::{ALLOW_TRANSFER_HOOK, Release},
    earnout_sdk::{
        client::bulk::{self, Claim, Done, Obstacle},
        text::amount::{count, counted},
    },
    serde::Serialize,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::fmt,
};

/// What was claimed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    plan: String,
    claimed: Vec<Line>,
    /// With the reason.
    passed_over: Vec<Line>,
    /// How many of those lack a token account, which --create-accounts makes.
    #[serde(skip)]
    without_account: usize,
    refused: Vec<Line>,
    /// Transactions that may have paid, or may still pay.
    #[serde(skip)]
    unknown: Vec<Signature>,
    /// Claims for which the network took no transaction.
    left: usize,
    total: Amount,
    transactions: usize,
    failed_transactions: usize,
    #[serde(skip)]
    is_forecast: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    grant: String,
    beneficiary: String,
    /// Claimable when it was read; what streams is a little more by the time it is paid.
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

fn why(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoAccount => "the beneficiary has no token account",
        Obstacle::FeeOnCrumbs => {
            "so little that rounding the transfer fee up would cost too much: only the beneficiary may claim it now"
        }
    }
}

impl Line {
    fn new(token: &Token, claim: &Claim) -> Self {
        Self {
            grant: claim.grant.to_string(),
            beneficiary: claim.beneficiary.to_string(),
            amount: token.amount(claim.amount),
            signature: None,
            why: None,
        }
    }
}

/// Claims for every beneficiary of `plan` that has something to claim and did not reserve claiming for itself, to its
/// associated token account. `creating_accounts`: the payer makes those that are missing.
///
/// # Errors
/// Whatever keeps some of it from being done.
pub async fn run(app: &App, plan: Pubkey, creating_accounts: bool, sending: Sending) -> Result<(), Fault> {
    let client = app.client()?;
    let state = client.plan(&plan).await?;
    if state.token_flags & ALLOW_TRANSFER_HOOK != 0 {
        return Err(Fault::new("--all cannot claim tokens with a transfer hook")
            .why("each claim needs accounts that only the hook can name")
            .advice("claim for each grant: `earnout claim GRANT`"));
    }
    let token = app.token_of(&state).await?;
    let payer = sending.payer.as_ref();
    let forecast = client.claims_for_all(&plan, creating_accounts, &payer.pubkey()).await?;
    let (claims, created, passed_over) = &forecast;
    if sending.dry_run {
        let report = Report {
            total: total(&token, claims.iter().map(|claim| claim.amount)),
            claimed: claims.iter().map(|claim| Line::new(&token, claim)).collect(),
            is_forecast: true,
            ..Report::empty(&plan, &token, passed_over)
        };
        app.output().note("nothing was sent");
        return app.output().show(&report);
    }
    if !claims.is_empty() {
        let amount = total(&token, claims.iter().map(|claim| claim.amount));
        let streams = match state.release()? {
            Release::Linear => ", a little more by the time it is paid, because it vests by the second",
            Release::AtSettlement => "",
        };
        let mut summary = format!(
            "Pay what is claimable to the beneficiaries\n  plan     {plan} {}\n  amount   {amount} of {}{streams}\n  grants   \
             {}\n  payer    {}\n  cluster  {}",
            quoted(&plan_name(&state)),
            token.mint,
            count(claims.len()),
            app.named(&payer.pubkey()),
            app.cluster().unwrap_or_default()
        );
        if *created > 0 {
            summary += &format!("\n  token accounts to make, at the payer's cost: {}", count(*created));
        }
        app.output().note(summary);
        app.confirm("Claim for every beneficiary?")?;
    }
    let mut progress = bulk::Progress::default();
    let mut shown = Progress::new("claims", 0, 0);
    let mut watch = |state: &bulk::Progress| shown.show(state);
    let done = client
        .claim_for_all(
            &plan,
            creating_accounts,
            payer,
            sending.options,
            &mut progress,
            &mut watch,
        )
        .await;
    shown.finish();
    let (done, passed_over) = done.map_err(|error| interrupted(error, &progress, "claims", 0))?;
    Report::of(&plan, &token, &done, &passed_over, &progress).finish(app)
}

fn total(token: &Token, amounts: impl Iterator<Item = u64>) -> Amount {
    token.amount(amounts.fold(0, u64::saturating_add))
}

impl Report {
    fn empty(plan: &Pubkey, token: &Token, passed_over: &[(Claim, Obstacle)]) -> Self {
        let lines = passed_over.iter().map(|(claim, obstacle)| Line {
            why: Some(why(*obstacle).to_owned()),
            ..Line::new(token, claim)
        });
        let without_account = passed_over
            .iter()
            .filter(|(_, obstacle)| *obstacle == Obstacle::NoAccount);
        Self {
            plan: plan.to_string(),
            claimed: Vec::new(),
            passed_over: lines.collect(),
            without_account: without_account.count(),
            refused: Vec::new(),
            unknown: Vec::new(),
            left: 0,
            total: token.amount(0),
            transactions: 0,
            failed_transactions: 0,
            is_forecast: false,
        }
    }

    fn of(
        plan: &Pubkey,
        token: &Token,
        done: &Done<Claim>,
        passed_over: &[(Claim, Obstacle)],
        progress: &bulk::Progress,
    ) -> Self {
        let claimed = done.done.iter().map(|(claim, signature)| Line {
            signature: Some(signature.to_string()),
            ..Line::new(token, claim)
        });
        let refused = done.refused.iter().map(|(claim, failure)| Line {
            why: Some(failure.to_string()),
            ..Line::new(token, claim)
        });
        Self {
            claimed: claimed.collect(),
            refused: refused.collect(),
            unknown: signatures(&done.unknown),
            left: done.left,
            total: total(token, done.done.iter().map(|(claim, _)| claim.amount)),
            transactions: progress.executed,
            failed_transactions: progress.failed,
            ..Self::empty(plan, token, passed_over)
        }
    }

    fn finish(&self, app: &App) -> Result<(), Fault> {
        if self.refused.is_empty() && self.unknown.is_empty() && self.left == 0 && self.passed_over.is_empty() {
            return app.output().show(self);
        }
        let exit = if self.claimed.is_empty() {
            Exit::Nothing
        } else {
            Exit::Partly
        };
        let fault = Fault::new("not everything was claimed").exit(exit);
        let fault = match (self.refused.first(), self.without_account) {
            (Some(refused), _) => fault
                .why(format!(
                    "{} {} refused, the first, of grant {}: {}",
                    counted(self.refused.len(), "claim"),
                    either(self.refused.len(), "was", "were"),
                    refused.grant,
                    refused.why.as_deref().unwrap_or_default()
                ))
                .advice("the beneficiary may have to claim by itself: `earnout claim GRANT`"),
            (None, 0) if self.left == 0 => fault
                .why(format!(
                    "what {} can claim is {}",
                    counted(self.passed_over.len(), "beneficiary"),
                    why(Obstacle::FeeOnCrumbs)
                ))
                .advice("claim later, when there is more"),
            (None, 0) => fault
                .why(format!(
                    "the network took no transaction for {}",
                    counted(self.left, "claim")
                ))
                .advice("run the same command again: nothing is paid twice"),
            (None, missing) => fault
                .why(without_account(missing))
                .advice("--create-accounts makes them, and you pay their rent"),
        };
        unfinished(app, self, &self.unknown, "nothing more was claimed after them", fault)
    }
}

/// That so many beneficiaries have no token account.
fn without_account(missing: usize) -> String {
    let have = either(missing, "has", "have");
    format!("{} {have} no token account", counted(missing, "beneficiary"))
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grants = counted(self.claimed.len(), "grant");
        match (self.claimed.is_empty(), self.is_forecast) {
            (true, true) => out.write_str("nothing can be claimed")?,
            (true, false) => out.write_str("nothing was claimed")?,
            (false, true) => write!(out, "claimable: {} tokens for {grants}", self.total)?,
            (false, false) => write!(out, "claimed {} tokens for {grants}", self.total)?,
        }
        if self.transactions > 0 {
            write!(out, " in {}", counted(self.transactions, "transaction"))?;
        }
        if !self.is_forecast {
            return Ok(());
        }
        if self.without_account > 0 {
            let missing = without_account(self.without_account);
            write!(out, "; {missing}, which --create-accounts makes")?;
        }
        let crumbs = self.passed_over.len().saturating_sub(self.without_account);
        if crumbs > 0 {
            write!(
                out,
                "; {} {} passed over: {}",
                counted(crumbs, "claim"),
                either(crumbs, "is", "are"),
                why(Obstacle::FeeOnCrumbs)
            )?;
        }
        Ok(())
    }
}
