//! Summary, question, and then what the options say: sent, simulated, exported or only signed.

use {
    super::{Action, Outgoing, sign::Signatures},
    crate::{
        context::{
            reference::plan_name,
            time::{Moment, Span},
        },
        fault::Fault,
        shown::fields::Fields,
    },
    earnout_sdk::{
        client::{
            Client, ClientError, Confirmed, Life, Lifetime, Limits, Prepared, Submission, Versions, fresh_blockhash,
        },
        send::Version,
        text::time::DAY,
        wire::instructions,
    },
    serde::Serialize,
    solana_hash::Hash,
    solana_program::{pubkey::Pubkey, sysvar},
    solana_signer::Signer,
    std::{fmt, rc::Rc, str::FromStr},
};

/// How long a transaction with a nonce, or one that is exported, can be executed unless the user says otherwise.
const VALID_FOR: Span = Span(7 * DAY);

/// What sending a transaction shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    signature: String,
    /// The slot in which it was executed.
    pub slot: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compute_units: Option<u64>,
    /// What was done.
    #[serde(flatten)]
    pub facts: Fields,
}

impl fmt::Display for Sent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signature: {}", self.signature)
    }
}

impl Outgoing<'_> {
    /// Does what `action` says, in the way that the options say, and shows the result.
    ///
    /// # Errors
    /// Whatever keeps it from being done.
    pub async fn execute(&self, action: Action) -> Result<(), Fault> {
        match self.bring(action).await? {
            Some(sent) => self.app.output().show(&sent),
            None => Ok(()),
        }
    }

    /// The same; what was sent and executed is returned and not shown yet. None if the options want something else,
    /// which was shown.
    ///
    /// # Errors
    /// As [`Outgoing::execute`].
    pub async fn bring(&self, mut action: Action) -> Result<Option<Sent>, Fault> {
        let fee_payer = self.fee_payer(&action)?;
        let not_after = self.not_after().await?;
        if let Some(not_after) = not_after {
            action.facts.add("valid until", Moment(not_after));
        }
        self.name_plan(&mut action.facts).await;
        if let Some(file) = &self.args.save_accounts {
            self.known.borrow().write(file)?;
        }
        self.summarize(&action, &fee_payer.pubkey());
        if self.args.export_transaction {
            let instructions = [not_after.map(instructions::require_before)].into_iter().flatten();
            let instructions: Vec<_> = instructions.chain(action.instructions).collect();
            self.export(&fee_payer.pubkey(), &instructions, action.facts)?;
            return Ok(None);
        }
        let nonce_authority = match self.args.nonce {
            Some(_) => Some(self.signer(self.args.nonce_authority.as_deref(), "nonce authority")?),
            None => None,
        };
        // Those who are here come first: a key may be named twice, once by its address.
        let mut signers: Vec<_> = std::iter::once(&fee_payer)
            .chain(&action.signers)
            .chain(&nonce_authority)
            .map(Rc::as_ref)
            .collect();
        signers.sort_by_key(|signer| self.app.is_absent(*signer));
        let payer = signers.iter().find(|signer| signer.pubkey() == fee_payer.pubkey());
        let mut submission = Submission::new(action.instructions.clone(), *payer.unwrap_or(&fee_payer.as_ref()));
        submission = submission.signed_by(signers.iter().copied());
        submission.unit_price = self.args.fees.with_compute_unit_price;
        submission.unit_limit = self.args.fees.with_compute_unit_limit;
        submission.not_after = not_after;
        submission.lifetime = match (self.args.nonce, &nonce_authority, self.args.blockhash) {
            (Some(account), Some(authority), _) => Lifetime::Nonce {
                account,
                authority: authority.pubkey(),
            },
            (_, _, Some(hash)) => Lifetime::Blockhash(hash),
            _ => Lifetime::Latest,
        };
        submission.version = self.version(&signers).await?;
        self.check_presigned(&submission)?;
        if self.args.sign_only {
            let hash = self.args.blockhash.unwrap_or_default();
            let message = submission.message(hash, submission.unit_limit.map(Limits::of_units))?;
            self.sign_only(&message, &hash, &signers, action.facts)?;
            return Ok(None);
        }
        if self.args.dry_run {
            self.dry_run(&submission, action.facts).await?;
            return Ok(None);
        }
        if action.asks {
            self.app.confirm(&format!("{}?", action.title))?;
        }
        let sent = match self.args.is_agreed() {
            true => self.send_agreed(&submission, &signers).await?,
            false => self.send_latest(&submission, &signers).await?,
        };
        Ok(Some(Sent {
            facts: action.facts,
            ..sent
        }))
    }

    /// The form of the transaction: 0 for the tools of multisigs; for several who sign apart 0 too unless the user says
    /// otherwise, since they must build the same bytes, and not all of them ask the cluster; else the newest.
    ///
    /// # Errors
    /// If a hardware wallet has to sign version 1, or the endpoint does not answer.
    pub async fn version(&self, signers: &[&dyn Signer]) -> Result<Version, Fault> {
        if self.args.export_transaction {
            return Ok(Version::Zero);
        }
        let versions = self.app.transaction_version();
        Ok(match (versions, self.args.sign_only || self.args.is_agreed()) {
            (Versions::Auto, true) => Version::Zero,
            (_, true) => versions.signed_by(signers)?,
            (_, false) => self.app.client()?.version(signers).await?,
        })
    }

    /// Who pays the fee: in a vault transaction the vault does, which is the first who signs.
    fn fee_payer(&self, action: &Action) -> Result<Rc<dyn Signer>, Fault> {
        match (&self.args.fees.fee_payer, action.signers.first()) {
            (None, Some(first)) if self.args.export_transaction => Ok(Rc::clone(first)),
            (chosen, _) => self.signer(chosen.as_deref(), "fee payer"),
        }
    }

    /// Says beside a plan's address what the plan calls itself. Nothing depends on it, and a plan that cannot be read
    /// is missed by what needs it.
    async fn name_plan(&self, facts: &mut Fields) {
        let Some(address) = facts.text_of("plan").and_then(|text| Pubkey::from_str(text).ok()) else {
            return;
        };
        if let Ok(Some(plan)) = self.plan_if_known(&address).await {
            facts.call("plan", "plan name", &plan_name(&plan));
        }
    }

    /// What is about to be done, on the standard error.
    fn summarize(&self, action: &Action, fee_payer: &Pubkey) {
        let mut facts = action.facts.clone();
        facts.add_shown("fee payer", self.app.named(fee_payer), fee_payer.to_string());
        if !self.args.sign_only {
            let cluster = self.app.cluster().unwrap_or_default();
            facts.add("cluster", cluster);
        }
        self.app
            .output()
            .note(format!("{}\n{}", action.title, facts.indented()));
    }

    /// A signature that belongs to nobody who signs is a mistake, and would be left out silently.
    fn check_presigned(&self, submission: &Submission<'_>) -> Result<(), Fault> {
        let message = submission.message(Hash::default(), None)?;
        let needed = usize::from(message.header().num_required_signatures);
        let signers = message.static_account_keys().get(..needed).unwrap_or_default();
        match self.presigned.iter().find(|(key, _)| !signers.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(Fault::new(format!(
                "{key} does not sign this transaction, so its --signer is of no use"
            ))
            .advice("name it for its role, for example --fee-payer PUBKEY; check the arguments")),
        }
    }

    /// Sends one of several transactions, whose summary and question were shown together. Returns its signature.
    ///
    /// # Errors
    /// Whatever keeps it from being executed.
    pub async fn send_part(&self, submission: &Submission<'_>) -> Result<String, Fault> {
        let signers: Vec<_> = std::iter::once(submission.fee_payer)
            .chain(submission.signers.iter().copied())
            .collect();
        Ok(self.send_latest(submission, &signers).await?.signature)
    }

    /// Sends with the newest blockhash.
    async fn send_latest(&self, submission: &Submission<'_>, signers: &[&dyn Signer]) -> Result<Sent, Fault> {
        let client = self.app.client()?;
        let absent = signers.iter().find(|signer| {
            let present = signers
                .iter()
                .any(|other| other.pubkey() == signer.pubkey() && !self.app.is_absent(*other));
            !present
        });
        if let Some(absent) = absent {
            return Err(Fault::new(format!("the signature of {} is missing", absent.pubkey()))
                .why("its signer was named by its address only; nothing was sent")
                .advice("name its key, or collect signatures with --sign-only and a --blockhash or --nonce"));
        }
        // Without a limit of the user's the client simulates to find one.
        if submission.unit_limit.is_some()
            && let Err(error) = client.simulate(submission).await
        {
            return Err(self.explain(error, submission).await);
        }
        let (prepared, units) = match client.prepare(submission).await {
            Ok(prepared) => prepared,
            Err(error) => return Err(self.explain(error, submission).await),
        };
        match self.follow(client, &prepared).await {
            Ok(confirmed) => Ok(sent(confirmed, (units > 0).then_some(units))),
            Err(error) => Err(self.explain(error, submission).await),
        }
    }

    /// Sends the bytes that all signers agreed on.
    async fn send_agreed(&self, submission: &Submission<'_>, signers: &[&dyn Signer]) -> Result<Sent, Fault> {
        let client = self.app.client()?;
        let hash = match submission.lifetime {
            Lifetime::Nonce { account, authority } => self.nonce(client, &account, &authority).await?,
            _ => self.valid_blockhash(client).await?,
        };
        let message = submission.message(hash, submission.unit_limit.map(Limits::of_units))?;
        let transaction = Signatures::collect(&message, signers)?.complete(message)?;
        let simulated = match client.simulate(submission).await {
            Ok(simulated) => simulated,
            Err(error) => return Err(self.explain(error, submission).await),
        };
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let (life, signed_at) = match submission.lifetime {
            Lifetime::Nonce { account, .. } => (Life::Nonce { account, value: hash }, None),
            _ => {
                let (_, last, tip) = fresh_blockhash(client).await?;
                (Life::Blocks(last), Some(tip))
            }
        };
        let prepared = Prepared {
            transaction,
            signature,
            life,
            not_after: submission.not_after,
            signed_at,
        };
        let confirmed = match self.follow(client, &prepared).await {
            Ok(confirmed) => confirmed,
            Err(error) => return Err(self.explain(error, submission).await),
        };
        Ok(sent(confirmed, Some(simulated.compute_units)))
    }

    async fn follow(&self, client: &Client, prepared: &Prepared) -> Result<Confirmed, ClientError> {
        self.app.output().note(format!("Sending {}", prepared.signature));
        client.follow(prepared).await
    }

    /// The latest time at which the transaction may be executed: what is signed in advance or proposed to others must
    /// not stay usable permanently. The end of a day, so that those who sign on one day build the same bytes.
    async fn not_after(&self) -> Result<Option<i64>, Fault> {
        if let Some(Moment(not_after)) = self.args.not_after {
            return Ok(Some(not_after));
        }
        let lasts = self.args.nonce.is_some() || self.args.export_transaction;
        let Some(valid_for) = self.args.valid_for.or(lasts.then_some(VALID_FOR)) else {
            return Ok(None);
        };
        let now = match self.is_known(&sysvar::clock::ID) {
            true => self.now().await?,
            // Without a connection this machine's clock has to do: only the day counts.
            false => jiff::Timestamp::now().as_second(),
        };
        let Span(seconds) = valid_for;
        let end = now.saturating_add(seconds);
        let rest = DAY.saturating_sub(end.rem_euclid(DAY)).saturating_sub(1);
        Ok(Some(match seconds >= DAY {
            true => end.saturating_add(rest),
            false => end,
        }))
    }

    /// The agreed blockhash.
    ///
    /// # Errors
    /// If it is not valid any more: nothing with it can ever be executed.
    async fn valid_blockhash(&self, client: &Client) -> Result<Hash, Fault> {
        let hash = self.args.blockhash.unwrap_or_default();
        match client.is_blockhash_valid(&hash).await? {
            true => Ok(hash),
            false => Err(
                Fault::new(format!("the blockhash {hash} has expired, or is of another cluster"))
                    .why("a blockhash lives for about a minute; nothing was sent")
                    .advice("sign again with a newer --blockhash, or with a --nonce, which lives until it is used"),
            ),
        }
    }

    /// The value of the nonce.
    ///
    /// # Errors
    /// If there is none, it is somebody else's, or not the one that was agreed on.
    async fn nonce(&self, client: &Client, account: &Pubkey, authority: &Pubkey) -> Result<Hash, Fault> {
        let nonce = client.nonce(account).await?;
        if nonce.authority != *authority {
            return Err(Fault::wrong_signer(
                "nonce-authority",
                account,
                &nonce.authority,
                authority,
            ));
        }
        match self.args.blockhash {
            Some(agreed) if agreed != nonce.value => Err(Fault::new(format!(
                "the nonce {account} has been used: its value is {}",
                nonce.value
            ))
            .why(format!("the transaction was signed for {agreed}; nothing was sent"))
            .advice("check whether the transaction was sent already; else sign again with the new value")),
            _ => Ok(nonce.value),
        }
    }
}

fn sent(confirmed: Confirmed, compute_units: Option<u64>) -> Sent {
    Sent {
        signature: confirmed.signature.to_string(),
        slot: confirmed.slot,
        compute_units,
        facts: Fields::default(),
    }
}
