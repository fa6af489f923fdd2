//! What becomes of a signed transaction: one rule for everybody who sends.
//!
//! A [`Follower`] is the rule, without a connection: it is told what an endpoint said, and answers what to do and when
//! it is over. [`super::follow`] drives one; bulk work drives many with one request for all. That a transaction did not
//! happen is said only with proof. An endpoint may lag, may not know yet, may have forgotten, and may be one of several
//! behind a balancer, so one empty answer proves nothing:
//!
//! - the transaction can be executed no more: at some slot the block height had passed its last valid block by a
//!   margin, or its nonce had advanced, or the chain's clock was past its `require_before`;
//! - and a look-up with history, answered by a node at that slot or later, finds nothing.
//!
//! Without that proof the outcome is unknown, and nothing may be signed in its place.

use {
    super::{ClientError, Failure},
    solana_hash::Hash,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::time::Duration,
};

/// What keeps a transaction executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Its blockhash, up to this block height.
    Blocks(u64),
    /// A nonce, until it is advanced.
    Nonce {
        /// The nonce account.
        account: Pubkey,
        /// The nonce it has to hold.
        value: Hash,
    },
}

/// What became of a transaction that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
}

/// How a transaction is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Pause between two looks.
    pub poll: Duration,
    /// After how long the same bytes are sent once more: a leader may have dropped them.
    pub resend: Duration,
    /// Blocks beyond the last valid one before a transaction counts as over: nodes behind a balancer differ.
    pub margin: u64,
    /// How long an endpoint may answer nothing but errors, or fail to complete the proof, before the outcome is
    /// unknown.
    pub patience: Duration,
    /// How long a transaction is followed at most.
    pub longest: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(400),
            resend: Duration::from_secs(2),
            margin: 32,
            patience: Duration::from_secs(30),
            longest: Duration::from_secs(300),
        }
    }
}

/// The newest block that an endpoint knows and that is at least confirmed. Slots are not heights: a slot may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its slot.
    pub slot: u64,
    /// How many blocks came before it.
    pub height: u64,
}

/// What an endpoint knows of one transaction.
#[derive(Clone, Debug)]
pub enum Sighting {
    /// Nothing.
    Nothing,
    /// It was executed in a block that does not count yet.
    Seen,
    /// It did what it should.
    Executed(Confirmed),
    /// It was executed and failed; only its fee was taken.
    Failed(Box<Failure>),
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It did what it should.
    Executed(Confirmed),
    /// It was executed and failed; only its fee was taken.
    Failed(Box<Failure>),
    /// It was not executed and, by proof, never will be.
    Expired,
    /// Nobody knows: it may have been executed, or may still be.
    Unknown(String),
}

impl Ending {
    /// The same as the result of sending the transaction `signature`.
    ///
    /// # Errors
    /// `Failed`, `Expired` and `Unknown`.
    pub fn of(self, signature: Signature) -> Result<Confirmed, ClientError> {
        match self {
            Self::Executed(confirmed) => Ok(confirmed),
            Self::Failed(failure) => Err(ClientError::Failed { signature, failure }),
            Self::Expired => Err(ClientError::Expired(signature)),
            Self::Unknown(why) => Err(ClientError::Unknown { signature, why }),
        }
    }
}

/// The rule, for one transaction. Times are counted from any fixed moment.
#[derive(Clone, Debug)]
pub struct Follower {
    life: Life,
    not_after: Option<i64>,
    policy: Policy,
    began: Duration,
    /// The first block that the endpoint told.
    known: Option<Tip>,
    /// When it was handed over last.
    posted: Option<Duration>,
    /// The slot at which it could be executed no more.
    over: Option<u64>,
    /// When that was learnt first.
    learnt: Option<Duration>,
    /// When it was last told something by the endpoint.
    heard: Duration,
    /// What kept it from being told, or sent.
    trouble: Option<String>,
    seen: bool,
}

impl Follower {
    /// Begins to follow a transaction that lives as long as `life` and carries `require_before(not_after)`, if it does
    /// (Unix seconds). `now` is the time that has passed.
    pub fn new(life: Life, not_after: Option<i64>, policy: Policy, now: Duration) -> Self {
        Self {
            life,
            not_after,
            policy,
            began: now,
            known: None,
            posted: None,
            over: None,
            learnt: None,
            heard: now,
            trouble: None,
            seen: false,
        }
    }

    /// Whether the bytes are to be handed over (once more).
    pub fn is_to_post(&self, now: Duration) -> bool {
        let waited = |posted: Duration| now.saturating_sub(posted) >= self.policy.resend;
        self.over.is_none() && !self.seen && self.posted.is_none_or(waited)
    }

    /// The bytes were handed over, or it was tried. True if that was not the first time.
    pub fn posted(&mut self, now: Duration) -> bool {
        self.posted.replace(now).is_some()
    }

    /// The endpoint's newest block.
    pub fn tip(&mut self, tip: Tip, now: Duration) {
        let Life::Blocks(last) = self.life else {
            return;
        };
        // Each block takes a slot at least, so heights that grow faster than slots are not true.
        let known = *self.known.get_or_insert(tip);
        if tip.height.saturating_sub(known.height) > tip.slot.saturating_sub(known.slot) {
            self.trouble = Some("the endpoint's block heights grow faster than its slots, which cannot be".to_owned());
        } else if tip.height > last.saturating_add(self.policy.margin) {
            self.is_over_at(tip.slot, now);
        } else {
            self.is_not_over_at(tip.slot);
        }
    }

    /// What the nonce account holds at `slot`; none if it is gone.
    pub fn nonce(&mut self, slot: u64, held: Option<Hash>, now: Duration) {
        let Life::Nonce { value, .. } = self.life else {
            return;
        };
        if held == Some(value) {
            self.is_not_over_at(slot);
        } else {
            self.is_over_at(slot, now);
        }
    }

    /// The chain's clock at `slot`, Unix seconds.
    pub fn clock(&mut self, slot: u64, time: i64, now: Duration) {
        if self.not_after.is_some_and(|not_after| time > not_after) {
            self.is_over_at(slot, now);
        }
    }

    /// A node at `slot` says that it can be executed. If it is ahead of the one that said otherwise, that was wrong.
    fn is_not_over_at(&mut self, slot: u64) {
        if self.over.is_some_and(|over| over <= slot) {
            (self.over, self.learnt) = (None, None);
        }
    }

    fn is_over_at(&mut self, slot: u64, now: Duration) {
        self.over.get_or_insert(slot);
        self.learnt.get_or_insert(now);
    }

    /// Whether the look-up has to search the whole history: what is over may be older than an endpoint's recent memory.
    pub fn is_to_search(&self) -> bool {
        self.over.is_some()
    }

    /// What the endpoint, at `slot`, knows of the transaction; `searched` if it looked through the whole history.
    pub fn sighting(&mut self, slot: u64, searched: bool, sighting: &Sighting, now: Duration) -> Option<Ending> {
        self.heard = now;
        match sighting {
            Sighting::Executed(confirmed) => return Some(Ending::Executed(*confirmed)),
            Sighting::Failed(failure) => return Some(Ending::Failed(failure.clone())),
            Sighting::Seen => {
                self.seen = true;
                // Found once, it has to be missed by a later look-up.
                self.over = None;
                self.trouble = Some("the endpoint has seen it, but in no block that counts".to_owned());
            }
            Sighting::Nothing => {
                self.seen = false;
                if searched && self.over.is_some_and(|over| slot >= over) {
                    return Some(Ending::Expired);
                }
            }
        }
        self.patience_ends(now)
    }

    /// The endpoint did not answer, or did not take the bytes.
    pub fn trouble(&mut self, why: String, now: Duration) -> Option<Ending> {
        self.trouble = Some(why);
        self.patience_ends(now)
    }

    fn patience_ends(&self, now: Duration) -> Option<Ending> {
        let since = |time: Duration| now.saturating_sub(time);
        let unproved = self.learnt.is_some_and(|learnt| since(learnt) >= self.policy.patience);
        let silent = since(self.heard) >= self.policy.patience;
        let why = match &self.trouble {
            Some(trouble) if silent || self.seen => trouble.clone(),
            _ if unproved => "no answer of the endpoint is new enough to prove that it was not executed".to_owned(),
            Some(trouble) => trouble.clone(),
            None => "the endpoint knows nothing of it, and it can still be executed".to_owned(),
        };
        (silent || unproved || since(self.began) >= self.policy.longest).then_some(Ending::Unknown(why))
    }
}
