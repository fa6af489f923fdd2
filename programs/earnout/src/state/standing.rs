//! How far the evaluation of one KPI for one period has come, wherever it is written down: in an attestation or in a
//! page.

use {
    super::{Kpi, Plan},
    crate::{error::EarnoutError, prelude::*},
    earnout_core::quorum::{self, Evaluation, Finality, Outcome, Ruling},
};

/// When a value was resolved and disputed, and what was ruled. Times in Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When enough oracles agreed.
    pub resolved_at: Option<i64>,
    /// When the value or the silence was disputed.
    pub disputed_at: Option<i64>,
    /// What the arbiter decided.
    pub ruling: Option<Ruling>,
}

impl Standing {
    /// From when until when the value or the silence can be disputed. `deadline` is the end of the voting window.
    ///
    /// Errors: `Overflow`.
    pub fn challenge_window(&self, plan: &Plan, deadline: i64) -> Result<(i64, i64)> {
        quorum::challenge_window(self.resolved_at.unwrap_or(deadline), &plan.windows()).ours()
    }

    /// Errors: `AlreadyDisputed`, `NotDisputable` before there is a value or a silence to dispute at `now`,
    /// `ChallengeClosed`.
    #[inline(never)]
    pub fn check_dispute(&self, plan: &Plan, deadline: i64, now: i64) -> Result<()> {
        require!(self.disputed_at.is_none(), EarnoutError::AlreadyDisputed);
        let (from, until) = self.challenge_window(plan, deadline)?;
        require!(now >= from, EarnoutError::NotDisputable);
        require!(now < until, EarnoutError::ChallengeClosed);
        Ok(())
    }

    /// Until when the arbiter can rule on the dispute; none if there is none.
    ///
    /// Errors: `Overflow`.
    pub fn ruling_deadline(&self, plan: &Plan) -> Result<Option<i64>> {
        let Some(disputed_at) = self.disputed_at else {
            return Ok(None);
        };
        let deadline = disputed_at.checked_add(i64::from(plan.ruling_secs));
        Ok(Some(deadline.ok_or(EarnoutError::Overflow)?))
    }

    /// Errors: `NotDisputed`, `AlreadyRuled`, `RulingClosed` at `now`.
    #[inline(never)]
    pub fn check_ruling(&self, plan: &Plan, now: i64) -> Result<()> {
        let deadline = self.ruling_deadline(plan)?.ok_or(EarnoutError::NotDisputed)?;
        require!(self.ruling.is_none(), EarnoutError::AlreadyRuled);
        require!(now < deadline, EarnoutError::RulingClosed);
        Ok(())
    }
}

/// The votes on one KPI for one period, and how far its evaluation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Votes by position in the oracle set, fixed point with the KPI's decimals; the first `oracle_count` count.
    pub votes: [Option<i64>; 8],
    /// Oracles in the set that votes; 0 if nobody ever voted or disputed.
    pub oracle_count: u8,
    /// Votes that decide in that set.
    pub threshold: u8,
    /// How far the evaluation has come.
    pub standing: Standing,
    /// The value on which enough oracles agreed at `standing.resolved_at`; of a page, once the arbiter has set another
    /// one, that one. What comes later changes nothing.
    pub agreed: Option<i64>,
    /// What a feed said. It is resolved when voting ends, and then counts in the place of the votes.
    pub observed: Option<i64>,
}

impl Tally {
    /// What the votes, a dispute and a ruling amount to at `now`. `deadline` is the end of the voting window.
    ///
    /// Errors: `Overflow`, `CorruptAccount`.
    #[inline(never)]
    pub fn finality(&self, plan: &Plan, kpi: &Kpi, deadline: i64, now: i64) -> Result<Finality> {
        let resolved = self.agreed.zip(self.standing.resolved_at);
        let at_deadline = match resolved {
            Some((value, _)) => Outcome::Value(value),
            None => self.at_deadline(kpi)?,
        };
        let evaluation = Evaluation {
            resolved,
            disputed_at: self.standing.disputed_at,
            ruling: self.standing.ruling,
        };
        quorum::finality(&evaluation, at_deadline, deadline, &plan.windows(), now).ours()
    }

    /// What a feed said, or else what the votes give, when voting is over and no value was agreed on.
    ///
    /// Errors: `CorruptAccount`.
    fn at_deadline(&self, kpi: &Kpi) -> Result<Outcome> {
        if let Some(value) = self.observed {
            return Ok(Outcome::Value(value));
        }
        if self.oracle_count == 0 {
            return Ok(Outcome::Silent);
        }
        if kpi.is_price() {
            return quorum::price_at_deadline(self.cast(), self.threshold, kpi.default_price).ours();
        }
        quorum::at_deadline(self.cast(), self.threshold, &kpi.curve()?, kpi.default_score).ours()
    }

    /// The score of the KPI once its value or silence is final at `now`, basis points.
    ///
    /// Errors: `NotFinal`.
    #[inline(never)]
    pub fn final_score(&self, plan: &Plan, kpi: &Kpi, deadline: i64, now: i64) -> Result<u16> {
        let outcome = self.final_outcome(plan, kpi, deadline, now)?;
        quorum::score_of(outcome, &kpi.curve()?, kpi.default_score).ours()
    }

    /// The price once its value or silence is final at `now`, fixed point with the decimals of `kpi`.
    ///
    /// Errors: `NotFinal`.
    #[inline(never)]
    pub fn final_price(&self, plan: &Plan, kpi: &Kpi, deadline: i64, now: i64) -> Result<i64> {
        let outcome = self.final_outcome(plan, kpi, deadline, now)?;
        Ok(quorum::price_of(outcome, kpi.default_price))
    }

    #[inline(always)]
    fn final_outcome(&self, plan: &Plan, kpi: &Kpi, deadline: i64, now: i64) -> Result<Outcome> {
        match self.finality(plan, kpi, deadline, now)? {
            Finality::Final(outcome) => Ok(outcome),
            Finality::NotBefore(_) => err!(EarnoutError::NotFinal),
        }
    }

    fn cast(&self) -> &[Option<i64>] {
        cast(&self.votes, self.oracle_count)
    }
}

/// Those of `votes` that are of an oracle of the set.
pub(super) fn cast(votes: &[Option<i64>; 8], oracle_count: u8) -> &[Option<i64>] {
    &votes[..usize::from(oracle_count).min(votes.len())]
}
