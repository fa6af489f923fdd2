//! The value of one KPI for one period and one subject.

use {
    super::{
        Grant, Kpi, OracleSet, Plan, RulingKind, Scope,
        account::{self, versioned},
    },
    crate::{
        address,
        constants::{ATTESTATION_SEED, MAX_ORACLES},
        error::EarnoutError,
        prelude::*,
    },
    earnout_core::quorum::{self, Evaluation, Finality, Outcome, Ruling},
};

/// Votes and result. Address: `["attestation", plan, kpi u8, period u16, subject]`, where the subject is the plan for a
/// shared KPI and a grant for an individual one.
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
    /// 1 once enough identical votes have resolved the value.
    pub resolved: u8,
    /// [`RulingKind`] as a byte.
    pub ruling: u8,
    /// The plan.
    pub plan: Pubkey,
    /// The plan again, or the grant.
    pub subject: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Votes by position in the oracle set, fixed point with the KPI's decimals.
    pub values: [i64; 8],
    /// SHA-256 of each vote's evidence, by position in the oracle set.
    pub evidence: [[u8; 32]; 8],
    /// Value on which enough oracles agreed; counts if `resolved`.
    pub resolved_value: i64,
    /// When they agreed, Unix seconds; counts if `resolved`.
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
    /// Oracles in the set that votes; stays here when the plan has moved on to other sets.
    pub oracle_count: u8,
    /// Votes that decide in that set.
    pub threshold: u8,
    /// Zero.
    pub spare: [u8; 6],
}

versioned!(Attestation);
// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&Attestation) -> &[i64; MAX_ORACLES as usize] = |attestation| &attestation.values;

/// Which attestation is meant: a KPI, a period and a subject of a plan.
#[derive(Clone, Copy, Debug)]
pub struct AttestationKey<'a> {
    /// Address of the plan.
    pub plan: &'a Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// The period.
    pub period: u16,
    /// The plan, or a grant.
    pub subject: &'a Pubkey,
}

impl AttestationKey<'_> {
    /// The canonical address and its bump, derived here and not taken from a caller: an empty address under another
    /// bump would turn a reported KPI into a silent one.
    pub fn find_address(&self) -> Result<(Pubkey, u8)> {
        address::attestation(self.plan, self.kpi, self.period, self.subject)
    }
}

/// Who is measured: the plan for a shared KPI, the grant for an individual one.
pub fn subject<'a>(kpi: &Kpi, plan: &'a Pubkey, grant: &'a Pubkey) -> Result<&'a Pubkey> {
    Ok(match kpi.scope()? {
        Scope::Shared => plan,
        Scope::Individual => grant,
    })
}

impl Attestation {
    /// The attestation that `key` means, to be written, created if it does not exist and then counted in `plan`; and
    /// whether it was created.
    ///
    /// Errors: `WrongAttestation` if `info` is another account.
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
            key.subject.as_ref(),
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
        self.subject = *key.subject;
        self.oracle_count = set.count;
        self.threshold = set.threshold;
    }

    /// Whether this is the attestation that `key` means. Only `attest` and `dispute` create attestations, through
    /// [`Attestation::obtain`] at their canonical addresses and with these fields, so equal fields show that the
    /// address is the canonical one.
    pub fn is(&self, key: &AttestationKey) -> bool {
        self.kpi == key.kpi
            && self.period == key.period
            && same(&self.plan, key.plan)
            && same(&self.subject, key.subject)
    }

    /// The votes by position in the oracle set; the first `oracle_count` count.
    pub fn votes(&self) -> ([Option<i64>; 8], usize) {
        let mut votes = [None; 8];
        for (position, vote) in votes.iter_mut().enumerate() {
            if self.voted & (1 << position) != 0 {
                *vote = Some(self.values[position]);
            }
        }
        (votes, usize::from(self.oracle_count).min(votes.len()))
    }

    /// Records a vote and resolves the value if enough oracles now agree; `now` in Unix seconds.
    ///
    /// Errors: `AlreadyResolved`.
    pub fn vote(&mut self, position: usize, value: i64, evidence: [u8; 32], now: i64) -> Result<()> {
        require!(!self.is_resolved(), EarnoutError::AlreadyResolved);
        self.voted |= 1 << position;
        self.values[position] = value;
        self.evidence[position] = evidence;
        let (votes, count) = self.votes();
        let agreed = quorum::agreed(&votes[..count], self.threshold).ours()?;
        if let Some(value) = agreed {
            self.resolved = 1;
            self.resolved_value = value;
            self.resolved_at = now;
        }
        Ok(())
    }

    /// Whether enough oracles have agreed.
    pub fn is_resolved(&self) -> bool {
        self.resolved != 0
    }

    /// The ruling, decoded.
    pub fn ruling(&self) -> Result<RulingKind> {
        Ok(RulingKind::try_from(self.ruling)?)
    }

    /// From when until when the value or the silence can be disputed, Unix seconds. `deadline` is the end of the voting
    /// window.
    ///
    /// Errors: `Overflow`.
    pub fn challenge_window(&self, plan: &Plan, deadline: i64) -> Result<(i64, i64)> {
        let decided_at = if self.is_resolved() { self.resolved_at } else { deadline };
        quorum::challenge_window(decided_at, &plan.windows()).ours()
    }

    /// Until when the arbiter can rule on the dispute, Unix seconds.
    ///
    /// Errors: `Overflow`.
    pub fn ruling_deadline(&self, plan: &Plan) -> Result<i64> {
        let deadline = self.disputed_at.checked_add(i64::from(plan.ruling_secs));
        Ok(deadline.ok_or(EarnoutError::Overflow)?)
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
        self.ruling = value.map_or(RulingKind::Upheld, |_| RulingKind::Value).to_byte();
        self.ruling_value = value.unwrap_or_default();
        self.ruling_hash = reason_hash;
        self.ruled_at = now;
    }

    /// Whether a settlement may still need the attestation. `grant` is its subject where that is a grant; none if it
    /// was closed, since a closed grant's index is never used again.
    pub fn is_needed(&self, plan: &Plan, grant: Option<&Grant>) -> bool {
        if self.subject == self.plan {
            plan.is_needed(self.period)
        } else {
            grant.is_some_and(|grant| !grant.has_settled(self.period))
        }
    }

    /// What the votes, a dispute and a ruling amount to at `now`.
    ///
    /// Errors: `Overflow`, `CorruptAccount`.
    pub fn finality(&self, plan: &Plan, kpi: &Kpi, now: i64) -> Result<Finality> {
        self.finality_by(plan.attest_deadline(self.period)?, plan, kpi, now)
    }

    /// The same, where the end of the voting window is known.
    #[inline(never)]
    fn finality_by(&self, deadline: i64, plan: &Plan, kpi: &Kpi, now: i64) -> Result<Finality> {
        let resolved = self.is_resolved().then_some((self.resolved_value, self.resolved_at));
        let evaluation = Evaluation {
            resolved,
            disputed_at: (self.disputed_at != 0).then_some(self.disputed_at),
            ruling: match self.ruling()? {
                RulingKind::None => None,
                RulingKind::Upheld => Some(Ruling::Uphold),
                RulingKind::Value => Some(Ruling::Value(self.ruling_value)),
            },
        };
        let at_deadline = match resolved {
            Some((value, _)) => Outcome::Value(value),
            None => {
                let (votes, count) = self.votes();
                quorum::at_deadline(&votes[..count], self.threshold, &kpi.curve()?, kpi.default_score).ours()?
            }
        };
        finality(evaluation, at_deadline, plan, deadline, now)
    }
}

/// The score of a KPI once its value or silence is final at `now`.
///
/// `info` is the attestation that `key` means, or its canonical address with nothing there, which shows that no oracle
/// ever voted. `deadline` is the end of the voting window of the key's period, the same for all its KPIs.
///
/// Errors: `WrongAttestation`, `NotFinal`.
#[inline(never)]
pub fn final_score(info: &AccountInfo, key: &AttestationKey, plan: &Plan, deadline: i64, now: i64) -> Result<u16> {
    let kpi = plan.kpi(key.kpi)?;
    let finality = if is_owned_by(info, &crate::ID) {
        let attestation = account::read::<Attestation>(info, EarnoutError::WrongAttestation)?;
        require!(attestation.is(key), EarnoutError::WrongAttestation);
        attestation.finality_by(deadline, plan, kpi, now)?
    } else {
        let (address, _) = key.find_address()?;
        require!(
            same(info.address(), &address) && account::is_vacant(info),
            EarnoutError::WrongAttestation
        );
        let untouched = Evaluation {
            resolved: None,
            disputed_at: None,
            ruling: None,
        };
        finality(untouched, Outcome::Silent, plan, deadline, now)?
    };
    match finality {
        Finality::Final(outcome) => quorum::score_of(outcome, &kpi.curve()?, kpi.default_score).ours(),
        Finality::NotBefore(_) => err!(EarnoutError::NotFinal),
    }
}

fn finality(evaluation: Evaluation, at_deadline: Outcome, plan: &Plan, deadline: i64, now: i64) -> Result<Finality> {
    quorum::finality(&evaluation, at_deadline, deadline, &plan.windows(), now).ours()
}
