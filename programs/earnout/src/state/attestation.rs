//! The value of one shared KPI for one period.

use {
    super::{
        OracleSet, Plan, RulingKind, Standing, Tally,
        account::{self, versioned},
        standing,
    },
    crate::{
        address,
        constants::{ATTESTATION_SEED, MAX_ORACLES},
        error::EarnoutError,
        prelude::*,
    },
    earnout_core::{feed::Published, quorum},
};

/// Votes and result. Address: `["attestation", plan, kpi u8, period u16]`.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Layout version.
    pub version: u8,
    /// Canonical bump of the address.
    pub bump: u8,
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// Bit `i` is set once oracle `i` of the period's set has voted.
    pub voted: u8,
    /// The period.
    pub period: u16,
    /// Oracles in the set that votes; stays here when the plan has moved on to other sets.
    pub oracle_count: u8,
    /// Votes that decide in that set.
    pub threshold: u8,
    /// The plan.
    pub plan: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Votes by position in the oracle set, fixed point with the KPI's decimals.
    pub values: [i64; 8],
    /// SHA-256 of each vote's evidence, by position in the oracle set.
    pub evidence: [[u8; 32]; 8],
    /// When enough oracles agreed, Unix seconds; 0 if they did not.
    pub resolved_at: i64,
    /// When the value or the silence was disputed, Unix seconds; 0 if it was not.
    pub disputed_at: i64,
    /// Who disputed.
    pub disputer: Pubkey,
    /// The grant for which it was disputed; zero if the authority did.
    pub disputer_grant: Pubkey,
    /// SHA-256 of the published reason of the dispute.
    pub reason_hash: [u8; 32],
    /// When the arbiter ruled, Unix seconds; 0 if it did not.
    pub ruled_at: i64,
    /// Value set by the arbiter; counts if `ruling` says so.
    pub ruling_value: i64,
    /// SHA-256 of the published reason of the ruling.
    pub ruling_hash: [u8; 32],
    /// Lamports that `rent_payer` paid.
    pub rent_paid: u64,
    /// What a feed said, fixed point; counts if `is_observed` says so.
    pub observed_value: i64,
    /// When the feed published it, Unix seconds.
    pub observed_at: i64,
    /// When the feed published its update before, Unix seconds.
    pub observed_previous: i64,
    /// SHA-256 of the feed's message.
    pub observed_hash: [u8; 32],
    /// [`RulingKind`] as a byte.
    pub ruling: u8,
    /// 1 if an update of the feed was shown.
    pub is_observed: u8,
    /// How uncertain the feed was, basis points of its price, rounded up.
    pub observed_confidence_bps: u16,
    /// Zero.
    pub spare: [u8; 4],
}

versioned!(Attestation);
// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&Attestation) -> &[i64; MAX_ORACLES as usize] = |attestation| &attestation.values;

/// What a feed on the chain said about a KPI for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Fixed point with the KPI's decimals.
    pub value: i64,
    /// How uncertain the feed was, basis points of its price, rounded up.
    pub confidence_bps: u16,
    /// When it was published.
    pub published: Published,
    /// SHA-256 of the feed's message.
    pub evidence: [u8; 32],
}

/// Which attestation is meant: a shared KPI and a period of a plan.
#[derive(Clone, Copy, Debug)]
pub struct AttestationKey<'a> {
    /// Address of the plan.
    pub plan: &'a Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// The period.
    pub period: u16,
}

impl AttestationKey<'_> {
    /// The canonical address and its bump, derived here and not taken from a caller: an empty address under another
    /// bump would turn a reported KPI into a silent one.
    pub fn find_address(&self) -> Result<(Pubkey, u8)> {
        address::attestation(self.plan, self.kpi, self.period)
    }

    /// What is known of the KPI for the period. `info` is the attestation, or its canonical address with nothing there,
    /// which shows that nobody ever voted or disputed.
    ///
    /// Errors: `WrongAttestation`, `CorruptAccount`.
    #[inline(never)]
    pub fn tally(&self, info: &AccountInfo) -> Result<Tally> {
        if is_owned_by(info, &crate::ID) {
            let attestation = account::read::<Attestation>(info, EarnoutError::WrongAttestation)?;
            require!(attestation.is(self), EarnoutError::WrongAttestation);
            return attestation.tally();
        }
        account::require_vacant(info, &self.find_address()?.0, EarnoutError::WrongAttestation)?;
        Ok(Tally::default())
    }
}

impl Attestation {
    /// The attestation that `key` means, to be written, created if it does not exist and then counted in `plan`; and
    /// whether it was created.
    ///
    /// Errors: `WrongAttestation` if `info` is another account.
    #[inline(never)]
    pub fn obtain<'a, 'info>(
        payer: &AccountInfo<'info>,
        info: &'a AccountInfo<'info>,
        key: &AttestationKey,
        plan: &mut Plan,
    ) -> Result<(RefMut<'a, Self>, bool)> {
        let is_new = account::is_vacant(info);
        if is_new {
            Self::open(payer, info, key, plan.oracle_set(key.period))?;
            Plan::count_opened(&mut plan.open_attestations)?;
        }
        let attestation = account::write::<Self>(info, EarnoutError::WrongAttestation)?;
        require!(attestation.is(key), EarnoutError::WrongAttestation);
        Ok((attestation, is_new))
    }

    /// Creates the attestation that `key` means at its canonical address, to be voted on by `set`.
    ///
    /// Errors: `WrongAttestation` if `target` is another address.
    fn open<'info>(
        payer: &AccountInfo<'info>,
        target: &AccountInfo<'info>,
        key: &AttestationKey,
        set: &OracleSet,
    ) -> Result<()> {
        let (address, bump) = key.find_address()?;
        require!(same(target.address(), &address), EarnoutError::WrongAttestation);
        let seeds: &[&[u8]] = &[
            ATTESTATION_SEED,
            key.plan.as_ref(),
            &[key.kpi],
            &key.period.to_le_bytes(),
            &[bump],
        ];
        let rent_paid = account::create::<Self>(payer, target, seeds)?;
        let attestation = &mut *account::write::<Self>(target, EarnoutError::CorruptAccount)?;
        attestation.begin(key, set, bump);
        (attestation.rent_payer, attestation.rent_paid) = (payer.key(), rent_paid);
        Ok(())
    }

    /// Writes down the attestation that `key` means, on which `set` votes. `bump` is that of its address. The rent is
    /// the caller's to write.
    pub fn begin(&mut self, key: &AttestationKey, set: &OracleSet, bump: u8) {
        self.bump = bump;
        self.kpi = key.kpi;
        self.period = key.period;
        self.plan = *key.plan;
        self.oracle_count = set.count;
        self.threshold = set.threshold;
    }

    /// Whether this is the attestation that `key` means. Only `attest` and `dispute` create attestations, through
    /// [`Attestation::obtain`] at their canonical addresses and with these fields, so equal fields show that the
    /// address is the canonical one.
    pub fn is(&self, key: &AttestationKey) -> bool {
        self.kpi == key.kpi && self.period == key.period && same(&self.plan, key.plan)
    }

    /// Records a vote and notes at `now` (Unix seconds) if enough oracles agree by it; `now` is none if the KPI has a
    /// feed, which may still say something until voting ends. Who has not voted may still vote after others have
    /// agreed; that changes nothing.
    ///
    /// Errors: `AlreadyResolved` if it would change a vote then.
    #[inline(never)]
    pub fn vote(&mut self, position: usize, value: i64, evidence: [u8; 32], now: Option<i64>) -> Result<()> {
        let bit = 1 << position;
        require!(
            !(self.is_resolved() && self.voted & bit != 0),
            EarnoutError::AlreadyResolved
        );
        self.voted |= bit;
        self.values[position] = value;
        self.evidence[position] = evidence;
        if let (Some(now), false) = (now, self.is_resolved())
            && quorum::agree_on(value, self.votes().into_iter().flatten(), self.threshold)
        {
            self.resolved_at = now;
        }
        Ok(())
    }

    /// Records what the feed said, unless an update that counts before it was shown already; `end` is the end of the
    /// period.
    ///
    /// Errors: `EarlierPriceStands`.
    pub fn observe(&mut self, observation: &Observation, end: i64) -> Result<()> {
        let standing = self.observation();
        let counts = standing.is_none_or(|standing| observation.published.replaces(&standing.published, end));
        require!(counts, EarnoutError::EarlierPriceStands);
        self.is_observed = 1;
        self.observed_value = observation.value;
        self.observed_confidence_bps = observation.confidence_bps;
        self.observed_at = observation.published.at;
        self.observed_previous = observation.published.previous;
        self.observed_hash = observation.evidence;
        Ok(())
    }

    /// What the feed said.
    pub fn observation(&self) -> Option<Observation> {
        (self.is_observed != 0).then_some(Observation {
            value: self.observed_value,
            confidence_bps: self.observed_confidence_bps,
            published: Published {
                at: self.observed_at,
                previous: self.observed_previous,
            },
            evidence: self.observed_hash,
        })
    }

    /// The votes by position in the oracle set; the first `oracle_count` count.
    fn votes(&self) -> [Option<i64>; 8] {
        let mut votes = [None; 8];
        for (position, vote) in votes.iter_mut().enumerate() {
            if self.voted & (1 << position) != 0 {
                *vote = Some(self.values[position]);
            }
        }
        votes
    }

    /// Whether enough oracles have agreed.
    pub fn is_resolved(&self) -> bool {
        self.resolved_at != 0
    }

    /// How far the evaluation has come.
    ///
    /// Errors: `CorruptAccount`.
    #[inline(never)]
    pub fn standing(&self) -> Result<Standing> {
        Ok(Standing {
            resolved_at: self.is_resolved().then_some(self.resolved_at),
            disputed_at: (self.disputed_at != 0).then_some(self.disputed_at),
            ruling: RulingKind::try_from(self.ruling)?.with(self.ruling_value),
        })
    }

    /// The votes and how far the evaluation has come.
    ///
    /// Errors: `CorruptAccount`.
    pub fn tally(&self) -> Result<Tally> {
        let votes = self.votes();
        let mut agreed = None;
        if self.is_resolved() {
            // Changed votes are refused since, and no second value can have a majority.
            agreed = quorum::agreed(standing::cast(&votes, self.oracle_count), self.threshold).ours()?;
            require!(agreed.is_some(), EarnoutError::CorruptAccount);
        }
        Ok(Tally {
            votes,
            oracle_count: self.oracle_count,
            threshold: self.threshold,
            standing: self.standing()?,
            agreed,
            observed: self.observation().map(|observation| observation.value),
        })
    }

    /// Notes a dispute by `disputer` at `now` (Unix seconds); of `grant` if a beneficiary disputes.
    pub fn dispute(&mut self, disputer: Pubkey, grant: Option<Pubkey>, reason_hash: [u8; 32], now: i64) {
        self.disputed_at = now;
        self.disputer = disputer;
        self.disputer_grant = grant.unwrap_or_default();
        self.reason_hash = reason_hash;
    }

    /// Notes the ruling at `now` (Unix seconds): `value` counts, or none if the dispute was in vain.
    pub fn rule(&mut self, value: Option<i64>, reason_hash: [u8; 32], now: i64) {
        self.ruling = RulingKind::of(value).to_byte();
        self.ruling_value = value.unwrap_or_default();
        self.ruling_hash = reason_hash;
        self.ruled_at = now;
    }
}
