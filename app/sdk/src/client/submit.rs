//! Building, signing, sending and confirming transactions. The steps are separate, so that a caller can note a
//! signature before anything is sent.

use {
    super::{Client, ClientError, Confirmed, Ending, Endpoint, Follower, Life, Policy, Sighting, Tip},
    crate::send::{Version, packing::MOST_UNITS},
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_hash::Hash,
    solana_message::{VersionedMessage, v0, v1},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    solana_system_interface::instruction::advance_nonce_account,
    solana_transaction::versioned::VersionedTransaction,
    std::time::Duration,
    tokio::time::{Instant, sleep},
};

/// Units on top of what the simulation took, which depends on how fast an address is found: a tenth, and this.
const SPARE_UNITS: u64 = 1_000;

/// Most bytes of accounts and programs that a transaction may load. It is what counts where no limit is set.
pub(super) const MOST_DATA: u32 = 64 * 1024 * 1024;

/// Bytes on top of what the simulation loaded, for accounts that grow or are made in between: an eighth, and this.
const SPARE_DATA: u32 = 64 * 1024;

/// Bytes on top of that for transactions of the same kind, which name other accounts.
const SPARE_DATA_OF_KIND: u32 = 1024 * 1024;

/// What a transaction may use up at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Compute units.
    pub units: u32,
    /// Bytes of accounts and programs that it loads.
    pub data: u32,
}

impl Limits {
    /// The most there is: for a simulation.
    pub const MOST: Self = Self {
        units: MOST_UNITS,
        data: MOST_DATA,
    };

    /// So many units, and any data.
    pub const fn of_units(units: u32) -> Self {
        Self { units, data: MOST_DATA }
    }

    /// The limits of a transaction that took so much in a simulation; `data` is none where the endpoint does not say
    /// it.
    pub(super) fn of(units: u64, data: Option<u32>) -> Self {
        let units = units.saturating_add(units / 10).saturating_add(SPARE_UNITS);
        Self {
            units: u32::try_from(units).unwrap_or(MOST_UNITS).min(MOST_UNITS),
            data: data.map_or(MOST_DATA, |data| with_spare(data, SPARE_DATA)),
        }
    }

    /// The limit of data for transactions like one that loaded so much in a simulation; the most where that is not
    /// known.
    pub(super) fn data_of_kind(data: Option<u32>) -> u32 {
        data.map_or(MOST_DATA, |data| with_spare(data, SPARE_DATA_OF_KIND))
    }

    /// The instructions that set them, in version 0.
    fn instructions(self) -> [Instruction; 2] {
        [
            ComputeBudgetInstruction::set_compute_unit_limit(self.units),
            ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(self.data),
        ]
    }

    /// What sets them in version 1, with a price of the units: there it is paid as one sum.
    fn config(self, unit_price: u64) -> v1::TransactionConfig {
        let config = v1::TransactionConfig::empty()
            .with_compute_unit_limit(self.units)
            .with_loaded_accounts_data_size_limit(self.data);
        match unit_price {
            0 => config,
            price => config.with_priority_fee(priority_fee(price, self.units)),
        }
    }
}

/// Lamports for so many units at a price in millionths of a lamport, rounded up as the network does.
pub fn priority_fee(unit_price: u64, units: u32) -> u64 {
    let fee = u128::from(unit_price)
        .saturating_mul(u128::from(units))
        .div_ceil(1_000_000);
    u64::try_from(fee).unwrap_or(u64::MAX)
}

fn with_spare(data: u32, spare: u32) -> u32 {
    data.saturating_add(data / 8).saturating_add(spare).min(MOST_DATA)
}

/// Until when a transaction can be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// About a minute from now, by the newest blockhash.
    #[default]
    Latest,
    /// As long as this blockhash is recent.
    Blockhash(Hash),
    /// Until the nonce account is advanced: for signatures that take days to collect.
    Nonce {
        /// The nonce account.
        account: Pubkey,
        /// Who may advance it; signs.
        authority: Pubkey,
    },
}

/// A transaction to be made.
pub struct Submission<'a> {
    /// What it does, in order.
    pub instructions: Vec<Instruction>,
    /// Its form: what [`Client::version`] says, or 0, which is always taken.
    pub version: Version,
    /// Who pays the fee.
    pub fee_payer: &'a dyn Signer,
    /// Everybody else who signs. The fee payer may be among them, and so may keys that the instructions do not need.
    pub signers: Vec<&'a dyn Signer>,
    /// Price of a compute unit in millionths of a lamport, 0 for none.
    pub unit_price: u64,
    /// Largest number of compute units; by simulation if none.
    pub unit_limit: Option<u32>,
    /// Until when it can be executed.
    pub lifetime: Lifetime,
    /// The latest time of the chain's clock at which it may be executed, Unix seconds, if there is one.
    pub not_after: Option<i64>,
}

impl<'a> Submission<'a> {
    /// A transaction that only `fee_payer` signs.
    pub fn new(instructions: Vec<Instruction>, fee_payer: &'a dyn Signer) -> Self {
        Self {
            instructions,
            version: Version::Zero,
            fee_payer,
            signers: Vec::new(),
            unit_price: 0,
            unit_limit: None,
            lifetime: Lifetime::Latest,
            not_after: None,
        }
    }

    /// The same with more signers.
    pub fn signed_by(mut self, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Self {
        self.signers.extend(signers);
        self
    }

    /// The message that is signed. A nonce has to be advanced first; the price of the units comes before they are used.
    /// Without `limits` version 0 says none, and version 1 the most there is, since it takes none for zero.
    ///
    /// # Errors
    /// If the instructions name more accounts than a message can.
    pub fn message(&self, hash: Hash, limits: Option<Limits>) -> Result<VersionedMessage, ClientError> {
        let mut instructions = Vec::with_capacity(self.instructions.len() + 5);
        if let Lifetime::Nonce { account, authority } = &self.lifetime {
            instructions.push(advance_nonce_account(account, authority));
        }
        if self.version == Version::Zero {
            instructions.extend(limits.map(Limits::instructions).into_iter().flatten());
            if self.unit_price > 0 {
                instructions.push(ComputeBudgetInstruction::set_compute_unit_price(self.unit_price));
            }
        }
        instructions.extend(self.not_after.map(crate::wire::instructions::require_before));
        instructions.extend(self.instructions.iter().cloned());
        let payer = self.fee_payer.pubkey();
        Ok(match self.version {
            Version::Zero => VersionedMessage::V0(v0::Message::try_compile(&payer, &instructions, &[], hash)?),
            Version::One => {
                let config = limits.unwrap_or(Limits::MOST).config(self.unit_price);
                let message = v1::Message::try_compile_with_config(&payer, &instructions, hash, config);
                VersionedMessage::V1(message?)
            }
        })
    }

    /// Signs `message` with those of the signers that it asks for.
    pub(super) fn sign(&self, message: VersionedMessage) -> Result<VersionedTransaction, ClientError> {
        let needed = usize::from(message.header().num_required_signatures);
        let mut signers: Vec<&dyn Signer> = Vec::with_capacity(needed);
        for key in &message.static_account_keys()[..needed] {
            let known = std::iter::once(&self.fee_payer).chain(&self.signers);
            if let Some(signer) = known.into_iter().find(|signer| signer.pubkey() == *key) {
                signers.push(*signer);
            }
        }
        Ok(VersionedTransaction::try_new(message, signers.as_slice())?)
    }
}

/// A signed transaction that was not sent yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The transaction.
    pub transaction: VersionedTransaction,
    /// Its first signature, by which it is known.
    pub signature: Signature,
    /// What keeps it executable.
    pub life: Life,
    /// The latest time at which it may be executed, Unix seconds, if it says one.
    pub not_after: Option<i64>,
    /// The newest block when it was signed, if it was signed for a blockhash of that moment.
    pub signed_at: Option<Tip>,
}

/// A transaction that was simulated, sent and executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
    /// Compute units by the simulation; 0 if the caller set a limit and none was made.
    pub compute_units: u64,
}

impl Client {
    /// Simulates, signs, sends and follows. It signs once: that nothing happened rests on one endpoint's word, so
    /// whether to send it again is for the caller to say.
    ///
    /// # Errors
    /// `WouldFail` before anything is sent, `Failed` if it was executed and failed, `Expired` if the network did not
    /// take it, `Unknown` if it may have been executed, and whatever keeps it from being built or signed.
    pub async fn send(&self, submission: &Submission<'_>) -> Result<Receipt, ClientError> {
        let (prepared, compute_units) = self.prepare(submission).await?;
        let Confirmed { signature, slot } = self.follow(&prepared).await?;
        Ok(Receipt {
            signature,
            slot,
            compute_units,
        })
    }

    /// Builds and signs a transaction, with limits by simulation unless the caller gives that of the units. The number
    /// returned is what the simulation took, 0 if none was made.
    ///
    /// # Errors
    /// `WouldFail` if the simulation fails, and whatever keeps it from being built or signed.
    pub async fn prepare(&self, submission: &Submission<'_>) -> Result<(Prepared, u64), ClientError> {
        let (hash, life) = self.lifetime(&submission.lifetime).await?;
        let (limits, units) = match submission.unit_limit {
            Some(units) => (Limits::of_units(units), 0),
            None => self.limits(submission.message(hash, Some(Limits::MOST))?).await?,
        };
        let transaction = submission.sign(submission.message(hash, Some(limits))?)?;
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let signed_at = match life {
            Life::Blocks(last) => Some(tip_at_signing(self, last).await?),
            Life::Nonce { .. } => None,
        };
        let prepared = Prepared {
            transaction,
            signature,
            life,
            not_after: submission.not_after,
            signed_at,
        };
        Ok((prepared, units))
    }

    /// Sends a signed transaction and follows it until it ended, or its outcome stays unknown. Sending the same bytes
    /// twice cannot execute them twice, so this can be called again after an interruption.
    ///
    /// # Errors
    /// `Failed` if it was executed and failed, `Expired`, `Unknown`.
    pub async fn follow(&self, prepared: &Prepared) -> Result<Confirmed, ClientError> {
        let ending = follow(self, prepared, &self.policy).await;
        ending.of(prepared.signature)
    }

    pub(super) async fn lifetime(&self, lifetime: &Lifetime) -> Result<(Hash, Life), ClientError> {
        let (hash, last) = match lifetime {
            Lifetime::Latest => self.newest_blockhash().await?,
            // How old it is nobody says; it can never live longer than the newest one.
            Lifetime::Blockhash(hash) => (*hash, self.newest_blockhash().await?.1),
            Lifetime::Nonce { account, .. } => {
                let value = self.nonce(account).await?.value;
                let account = *account;
                return Ok((value, Life::Nonce { account, value }));
            }
        };
        Ok((hash, Life::Blocks(last)))
    }
}

/// The newest block, in which a transaction that was signed just now for a blockhash that counts up to block `last` can
/// still be executed.
///
/// # Errors
/// If the endpoint does not answer, or says that this block is over: the transaction would seem over while it can be
/// executed.
async fn tip_at_signing<E: Endpoint>(endpoint: &E, last: u64) -> Result<Tip, ClientError> {
    let tip = endpoint.tip().await?;
    match tip.height <= last {
        true => Ok(tip),
        false => Err(ClientError::Contradiction(format!(
            "its newest blockhash counts up to block {last}, and its newest block is {}",
            tip.height
        ))),
    }
}

/// The newest blockhash with the last block height at which it counts, and the newest block.
///
/// # Errors
/// If the endpoint does not answer, or says that the blockhash it gives is over: what is signed with it would seem over
/// while it can be executed.
pub async fn fresh_blockhash<E: Endpoint>(endpoint: &E) -> Result<(Hash, u64, Tip), ClientError> {
    let (hash, last) = endpoint.newest_blockhash().await?;
    Ok((hash, last, tip_at_signing(endpoint, last).await?))
}

/// The newest block. An answer by which a transaction that counts up to block `last` would be over is asked for once
/// more, and the lower of both counts: one wrong answer must not make a transaction seem over that can be executed.
///
/// # Errors
/// If the endpoint does not answer.
pub(super) async fn sure_tip<E: Endpoint>(endpoint: &E, last: u64, policy: &Policy) -> Result<Tip, ClientError> {
    let tip = endpoint.tip().await?;
    if tip.height <= last.saturating_add(policy.margin) {
        return Ok(tip);
    }
    sleep(policy.poll).await;
    let again = endpoint.tip().await?;
    Ok(if again.height < tip.height { again } else { tip })
}

/// Hands a signed transaction over, again and again the same bytes, until it ended or its outcome stays unknown. That
/// is no end: it can be called again with the same transaction, also by another process.
pub async fn follow<E: Endpoint>(endpoint: &E, prepared: &Prepared, policy: &Policy) -> Ending {
    let begin = Instant::now();
    let mut follower = Follower::new(prepared.life, prepared.not_after, *policy, Duration::ZERO);
    if let Some(tip) = prepared.signed_at {
        follower.tip(tip, Duration::ZERO);
    }
    loop {
        if follower.is_to_post(begin.elapsed()) {
            let posted = endpoint.post(&prepared.transaction).await;
            follower.posted(begin.elapsed());
            if let Err(error) = posted
                && let Some(ending) = follower.trouble(error.to_string(), begin.elapsed())
            {
                return ending;
            }
        }
        let looked = look(endpoint, &mut follower, prepared, policy, begin).await;
        let ended = looked.unwrap_or_else(|error| follower.trouble(error.to_string(), begin.elapsed()));
        if let Some(ending) = ended {
            return ending;
        }
        sleep(policy.poll).await;
    }
}

/// First whether it is over, then what became of it: only in this order the second answer can be the newer one.
async fn look<E: Endpoint>(
    endpoint: &E,
    follower: &mut Follower,
    prepared: &Prepared,
    policy: &Policy,
    begin: Instant,
) -> Result<Option<Ending>, ClientError> {
    match prepared.life {
        Life::Blocks(last) => {
            let tip = sure_tip(endpoint, last, policy).await?;
            follower.tip(tip, begin.elapsed());
        }
        Life::Nonce { account, .. } => {
            let (slot, held) = endpoint.nonce_at(&account).await?;
            follower.nonce(slot, held, begin.elapsed());
        }
    }
    if prepared.not_after.is_some() {
        let (slot, time) = endpoint.clock_at().await?;
        follower.clock(slot, time, begin.elapsed());
    }
    let searched = follower.is_to_search();
    let (slot, sightings) = endpoint.sightings(&[prepared.signature], searched).await?;
    let sighting = sightings.first().unwrap_or(&Sighting::Nothing);
    Ok(follower.sighting(slot, searched, sighting, begin.elapsed()))
}
