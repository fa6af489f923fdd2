//! Votes that are ready, until they are sent: those of a page together, but not after the slowest of them.

use {
    crate::vote::{Ballot, Place},
    std::{collections::BTreeMap, time::Duration},
    tokio::time::Instant,
};

/// How long votes of a page wait for the others of it, before they are sent without them; twice as long each time.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a page that is whole waits for other pages, which fit into the same transactions.
const COMPANY: Duration = Duration::from_secs(2);

/// What is ready of each attestation and page.
pub(super) struct Pages {
    pages: BTreeMap<Place, Page>,
    /// Whether nothing is sent any more.
    closed: bool,
}

struct Page {
    ready: Vec<Ballot>,
    /// Votes that may still become ready.
    left: usize,
    /// When the first of what is ready was.
    since: Option<Instant>,
    patience: Duration,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// An upload is under way, and the next one repeats it.
    Sent,
    /// It is not known what became of the last upload.
    Unknown,
}

impl Page {
    /// When it is sent if nothing more becomes ready; `more` says whether votes of any page still may. None if there is
    /// nothing to send, or not yet.
    fn next(&self, more: bool) -> Option<Instant> {
        let since = self.since.filter(|_| self.state == State::Open)?;
        match (self.left, more) {
            (0, false) => Some(since),
            (0, true) => since.checked_add(COMPANY),
            _ => since.checked_add(self.patience),
        }
    }
}

impl Pages {
    /// The places of all votes that are to be made, one for each vote.
    pub fn new(votes: impl Iterator<Item = Place>) -> Self {
        let mut pages: BTreeMap<Place, Page> = BTreeMap::new();
        for place in votes {
            let page = pages.entry(place).or_insert_with(|| Page {
                ready: Vec::new(),
                left: 0,
                since: None,
                patience: PATIENCE,
                state: State::Open,
            });
            page.left = page.left.saturating_add(1);
        }
        Self { pages, closed: false }
    }

    /// A vote is ready.
    pub fn ready(&mut self, ballot: Ballot, now: Instant) {
        if let Some(page) = self.pages.get_mut(&ballot.target.place()) {
            page.left = page.left.saturating_sub(1);
            page.ready.push(ballot);
            page.since.get_or_insert(now);
        }
    }

    /// A vote is not made in this round.
    pub fn without(&mut self, place: &Place) {
        if let Some(page) = self.pages.get_mut(place) {
            page.left = page.left.saturating_sub(1);
        }
    }

    /// What is sent at `now`: once a page has waited long enough, it and all that are whole; everything if `all`.
    pub fn take(&mut self, now: Instant, all: bool) -> Vec<Ballot> {
        let mut ballots = Vec::new();
        if self.closed {
            return ballots;
        }
        let more = self.more();
        let waited = |page: &Page| page.next(more).is_some_and(|at| all || at <= now);
        if !self.pages.values().any(waited) {
            return ballots;
        }
        for page in self.pages.values_mut() {
            let is_whole = page.left == 0 && page.next(more).is_some();
            if is_whole || waited(page) {
                ballots.append(&mut page.ready);
                page.state = State::Sent;
                page.since = None;
                page.patience = page.patience.saturating_mul(2);
            }
        }
        ballots
    }

    /// When something is sent next, if nothing more becomes ready.
    pub fn next(&self) -> Option<Instant> {
        let more = self.more();
        let pages = self.pages.values().filter(|_| !self.closed);
        pages.filter_map(|page| page.next(more)).min()
    }

    /// Whether anything may still become ready.
    fn more(&self) -> bool {
        self.pages.values().any(|page| page.left > 0)
    }

    /// The upload of a page has ended, or it is unknown what became of it.
    pub fn landed(&mut self, place: &Place, unknown: bool) {
        if let Some(page) = self.pages.get_mut(place) {
            page.state = if unknown { State::Unknown } else { State::Open };
        }
    }

    /// Nothing is sent any more.
    pub fn close(&mut self) {
        self.closed = true;
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::vote::{Measured, Target},
        solana_program::pubkey::Pubkey,
    };

    fn ballot(grant: Option<u32>) -> Ballot {
        Ballot {
            target: Target {
                plan: Pubkey::default(),
                kpi: u8::from(grant.is_none()),
                period: 0,
                grant,
            },
            measured: Measured {
                value: 1,
                evidence: [1; 32],
                at: 1,
            },
        }
    }

    fn pages(grants: &[Option<u32>]) -> Pages {
        Pages::new(grants.iter().map(|grant| ballot(*grant).target.place()))
    }

    fn grants(ballots: &[Ballot]) -> Vec<Option<u32>> {
        ballots.iter().map(|ballot| ballot.target.grant).collect()
    }

    #[test]
    fn a_page_goes_when_nothing_more_of_it_comes_and_not_after_the_slowest() {
        let begun = Instant::now();
        let mut pages = pages(&[None, Some(0), Some(1), Some(64), Some(65)]);
        assert_eq!((pages.take(begun, false), pages.next()), (vec![], None));
        pages.ready(ballot(None), begun);
        pages.ready(ballot(Some(0)), begun);
        pages.ready(ballot(Some(64)), begun);
        pages.without(&ballot(Some(65)).target.place());
        // Whole pages wait a moment for others, with which they share a transaction.
        assert_eq!(
            (pages.take(begun, false), pages.next()),
            (vec![], Some(begun + COMPANY))
        );
        assert_eq!(grants(&pages.take(begun + COMPANY, false)), [Some(64), None]);
        let later = begun + PATIENCE;
        assert_eq!(pages.next(), Some(later));
        assert_eq!(pages.take(later - Duration::from_millis(1), false), []);
        assert_eq!(grants(&pages.take(later, false)), [Some(0)]);
        // The next upload repeats the last one, so it waits for that.
        pages.ready(ballot(Some(1)), later);
        assert_eq!((pages.take(later, true), pages.next()), (vec![], None));
        let page = ballot(Some(1)).target.place();
        pages.landed(&page, false);
        assert_eq!(grants(&pages.take(later, false)), [Some(1)]);
    }

    #[test]
    fn where_an_upload_is_unknown_and_after_the_end_nothing_is_sent() {
        let now = Instant::now();
        let mut pages = pages(&[Some(0), Some(1), Some(64)]);
        pages.ready(ballot(Some(0)), now);
        assert_eq!(pages.take(now, true).len(), 1);
        pages.landed(&ballot(Some(0)).target.place(), true);
        pages.ready(ballot(Some(1)), now);
        assert_eq!((pages.take(now, true), pages.next()), (vec![], None));
        pages.ready(ballot(Some(64)), now);
        pages.close();
        assert_eq!((pages.take(now, true), pages.next()), (vec![], None));
    }
}
