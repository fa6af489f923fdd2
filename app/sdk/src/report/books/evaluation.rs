//! What events say about one attestation or page.

use {
    super::{LedgerError, bump},
    crate::{
        report::{
            projection::ProjectionError,
            statement::{Measurement, Reasons, ValueKey},
        },
        wire::{Evaluation, PageState, events::Event},
    },
    bytemuck::Zeroable,
    earnout::{
        constants::ACCOUNT_VERSION,
        events::{PageAttested, Rent, ValueDisputed},
        state::{
            Attestation, AttestationKey, Disputer, Grant, Observation, OracleSet, Page, PageGrants, PageKey, Plan,
            place,
        },
    },
    earnout_core::feed::Published,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// An attestation or a page, who votes on it, and whether its account was closed.
#[derive(Clone, Debug)]
pub struct EvaluationRecord {
    /// The account, as it is or was last.
    pub state: Evaluation,
    /// The oracles by the position of their votes.
    pub oracles: OracleSet,
    /// What a page does not hold of its disputes, by place in the page.
    pub reasons: BTreeMap<u8, Reasons>,
    /// Whether it was closed.
    pub closed: bool,
    /// Whether the value can be read from a feed, so that votes resolve nothing before voting ends.
    has_feed: bool,
    /// End of the period, Unix seconds.
    end: i64,
}

/// What an event opens.
struct Opened {
    kpi: u8,
    period: u16,
    grant: Option<u32>,
    rent: Rent,
}

impl Opened {
    /// By the event, if it is a vote, an observation or a dispute that made the account.
    fn by(event: &Event) -> Option<Self> {
        let (kpi, period, grant, rent) = match event {
            Event::ValueAttested(vote) => (vote.kpi, vote.period, None, vote.rent),
            Event::ValueObserved(seen) => (seen.kpi, seen.period, None, seen.rent),
            Event::PageAttested(vote) => (vote.kpi, vote.period, Some(vote.first), vote.rent),
            Event::ValueDisputed(dispute) => {
                let grant = dispute.grants.map(|grants| grants.first);
                (dispute.kpi, dispute.period, grant, dispute.rent)
            }
            _ => return None,
        };
        rent.map(|rent| Self {
            kpi,
            period,
            grant,
            rent,
        })
    }

    /// The account, empty. `plan` is what the plan is then, `set` votes.
    fn state(&self, address: &Pubkey, plan: &Plan, set: &OracleSet) -> Option<Evaluation> {
        let (kpi, period) = (self.kpi, self.period);
        let Some(grant) = self.grant else {
            let key = AttestationKey {
                plan: address,
                kpi,
                period,
            };
            let mut state = Attestation::zeroed();
            state.version = ACCOUNT_VERSION;
            state.begin(&key, set, bump(key.find_address()));
            (state.rent_payer, state.rent_paid) = (self.rent.payer, self.rent.lamports);
            return Some(Evaluation::Attestation(Box::new(state)));
        };
        let key = PageKey {
            plan: address,
            kpi,
            period,
            page: place(grant).0,
        };
        let end = plan.calendar().ok()?.period_end(period).ok()?;
        let mut head = Page::zeroed();
        head.begin(&key, set, plan.grant_counter, bump(key.find_address()), end)
            .ok()?;
        (head.rent_payer, head.rent_paid) = (self.rent.payer, self.rent.lamports);
        Some(Evaluation::Page(Box::new(PageState::begin(head, set))))
    }
}

impl EvaluationRecord {
    /// The attestation or page that the event, a vote or a dispute, opens; `plan` is what the plan is then. `set` votes
    /// on it, or if none is given the plan's of the period. None if the event opens none.
    pub fn opened(event: &Event, plan: &Plan, set: Option<&OracleSet>) -> Option<Self> {
        let opened = Opened::by(event)?;
        let set = set.unwrap_or(plan.oracle_set(opened.period));
        let end = plan.calendar().ok()?.period_end(opened.period).ok()?;
        Some(Self {
            has_feed: plan.kpi(opened.kpi).ok()?.has_feed(),
            end,
            state: opened.state(&event.plan(), plan, set)?,
            oracles: *set,
            reasons: BTreeMap::new(),
            closed: false,
        })
    }

    /// The attestation or page at `address` that these events tell of, in order; none if none of them opens it. `set`
    /// votes on it; of `plan` its terms count and the grants it has made. Events of others are passed over, so they can
    /// be all events of the transactions that name it.
    ///
    /// # Errors
    /// If an event does not follow from those before it, because one is missing.
    pub fn of<'a>(
        address: &Pubkey,
        plan: &Plan,
        set: &OracleSet,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Option<Self>, LedgerError> {
        let mut record: Option<Self> = None;
        for event in events.into_iter().filter(|event| event.evaluation() == Some(*address)) {
            if let Some(opened) = Self::opened(event, plan, Some(set)) {
                record = Some(opened);
            }
            let (sequence, what) = (event.sequence(), "an attestation or page");
            let record = record.as_mut().ok_or(LedgerError::Unknown { sequence, what })?;
            record.apply(event)?;
        }
        Ok(record)
    }

    /// Applies the next event about it.
    ///
    /// # Errors
    /// If it does not follow from what the attestation or page is.
    pub fn apply(&mut self, event: &Event) -> Result<(), LedgerError> {
        let contradicts = |what| LedgerError::contradiction(event.sequence(), what);
        match (&mut self.state, event) {
            (Evaluation::Attestation(_), Event::AttestationClosed(_)) | (Evaluation::Page(_), Event::PageClosed(_)) => {
                self.closed = true;
                Ok(())
            }
            (Evaluation::Attestation(state), Event::ValueAttested(vote)) => {
                let position = self.oracles.position(&vote.oracle);
                let position = position.ok_or(contradicts("the oracle is not in the set that votes"))?;
                let resolves_at = (!self.has_feed).then_some(vote.time);
                let voted = state.vote(position, vote.value, vote.evidence, resolves_at);
                let follows = voted.is_ok() && state.is_resolved() == vote.resolved;
                follows
                    .then_some(())
                    .ok_or(contradicts("these votes do not resolve the value so"))
            }
            (Evaluation::Attestation(state), Event::ValueObserved(seen)) => {
                let observation = Observation {
                    value: seen.value,
                    confidence_bps: seen.confidence_bps,
                    published: Published {
                        at: seen.published_at,
                        previous: seen.previous_at,
                    },
                    evidence: seen.evidence,
                };
                let replaced = state.observation().map(|standing| standing.value);
                let counts = state.observe(&observation, self.end).is_ok() && replaced == seen.replaced;
                counts
                    .then_some(())
                    .ok_or(contradicts("another price was published first"))
            }
            (Evaluation::Attestation(state), Event::ValueDisputed(dispute)) => {
                state.dispute(dispute.disputer, dispute.grant, dispute.reason_hash, dispute.time);
                Ok(())
            }
            (Evaluation::Attestation(state), Event::DisputeRuled(ruling)) => {
                state.rule(ruling.value, ruling.reason_hash, ruling.time);
                Ok(())
            }
            (Evaluation::Page(state), Event::PageAttested(vote)) => {
                upload(state, vote).ok_or(contradicts("these votes do not resolve the values so"))
            }
            (Evaluation::Page(state), Event::ValueDisputed(dispute)) => {
                dispute_page(state, &mut self.reasons, dispute).ok_or(contradicts("the page has no such grants"))
            }
            (Evaluation::Page(state), Event::DisputeRuled(ruling)) => {
                let mut rule = || {
                    for slot in slots(ruling.grants?)? {
                        state.edit().rule(slot, ruling.value).ok()?;
                        self.reasons.get_mut(&slot)?.ruling = Some((ruling.reason_hash, ruling.time));
                    }
                    Some(())
                };
                rule().ok_or(contradicts("the page has no such dispute"))
            }
            _ => Err(contradicts("it is about an attestation or page of another kind")),
        }
    }

    /// What it says of `grant` at `now` (Unix seconds), and of which value.
    ///
    /// # Errors
    /// As [`Measurement::of`].
    pub fn measurement(
        &self,
        plan: &Plan,
        grant: &Grant,
        now: i64,
    ) -> Result<(ValueKey, Measurement), ProjectionError> {
        let key = ValueKey {
            period: self.state.period(),
            kpi: self.state.kpi(),
            grant: self.state.page().map(|_| grant.index),
        };
        let measurement = Measurement::of(plan, &self.state, grant, Some(&self.oracles), self.closed, now)?;
        Ok((key, measurement.with_reasons(grant, &self.reasons)))
    }
}

fn slots(grants: PageGrants) -> Option<impl Iterator<Item = u8>> {
    grants.slots().map(|(_, slots)| earnout::state::slots_of(slots))
}

fn upload(state: &mut PageState, event: &PageAttested) -> Option<()> {
    let position = state.view().position(&event.oracle)?;
    let slot = place(event.first).1;
    let vote = state
        .edit()
        .vote(position, slot, &event.values, event.evidence, event.time);
    let upload = vote.ok()?;
    let follows = upload.late >> slot == event.late && upload.resolved >> slot == event.resolved;
    follows.then_some(())
}

fn dispute_page(state: &mut PageState, reasons: &mut BTreeMap<u8, Reasons>, event: &ValueDisputed) -> Option<()> {
    let by = match event.grant {
        Some(_) => Disputer::Beneficiary,
        None => Disputer::Authority,
    };
    for slot in slots(event.grants?)? {
        state.edit().dispute(slot, by, event.time).ok()?;
        let noted = Reasons {
            disputer: event.disputer,
            dispute: event.reason_hash,
            ruling: None,
        };
        reasons.insert(slot, noted);
    }
    Some(())
}
