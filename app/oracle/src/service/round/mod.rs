//! One round: look at what is due, measure it, hold or vote.

mod measuring;
mod observing;
mod plan;
mod sampling;
mod voted;

pub use observing::feeds as price_feeds;

use {
    crate::{
        measure::{Bound, Identities, Misfit, checks},
        service::{About, Alert, AlertKind, Daemon, DaemonError},
        vote::{Duty, Target},
    },
    earnout_sdk::text::time,
    plan::PlanRound,
    rust_decimal::Decimal,
    solana_program::native_token::LAMPORTS_PER_SOL,
    std::collections::BTreeMap,
    tracing::warn,
};

/// What a round is about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this feed.
    pub feed: Option<String>,
    /// Only this period.
    pub period: Option<u16>,
}

impl Filter {
    fn takes(&self, duty: &Duty) -> bool {
        self.feed.as_ref().is_none_or(|feed| *feed == duty.feed)
            && self.period.is_none_or(|period| period == duty.target.period)
    }
}

/// What became of a vote in a round. Each vote that is due, or will be, is in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The chain got it.
    Voted,
    /// The chain had it already, or enough others agreed before.
    Already,
    /// Its value did not pass, or may not be sent.
    Held,
    /// The program refuses it.
    Failed,
    /// It is due, and what became of it is not known, or nothing yet: the next round goes on.
    Unfinished,
    /// Its window closed without it.
    Missed,
    /// Its data are not complete yet, or its period has not ended.
    NotDue,
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Voted,
        Self::Already,
        Self::Held,
        Self::Failed,
        Self::Unfinished,
        Self::Missed,
        Self::NotDue,
    ];

    /// What a summary calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Voted => "voted",
            Self::Already => "already on chain",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
            Self::Missed => "missed",
            Self::NotDue => "not due yet",
        }
    }

    /// Whether something is left that a person can do, or that has to be tried again.
    pub fn is_open(self) -> bool {
        match self {
            Self::Held | Self::Failed | Self::Unfinished => true,
            Self::Voted | Self::Already | Self::Missed | Self::NotDue => false,
        }
    }
}

/// What a round did.
#[derive(Debug, Default)]
pub struct Round {
    classes: BTreeMap<Target, Class>,
    /// Updates of price feeds that were shown.
    pub observed: usize,
    /// What does not fit between the configuration and the plans.
    pub misfits: Vec<Misfit>,
    /// When the next vote is due, Unix seconds by the chain's clock.
    pub next: Option<i64>,
    /// Whether the chain has a vote that somebody else made with this key.
    has_foreign_vote: bool,
    /// What kept a plan or a feed from being looked at, the first of all.
    pub trouble: Option<DaemonError>,
}

impl Round {
    /// How many votes are in a class.
    pub fn count(&self, class: Class) -> usize {
        self.classes.values().filter(|found| **found == class).count()
    }

    /// Whether a person has to look, or the next round has something left to do.
    pub fn is_open(&self) -> bool {
        self.has_foreign_vote || !self.misfits.is_empty() || self.classes.values().any(|class| class.is_open())
    }

    fn put(&mut self, duty: &Duty, class: Class) {
        self.classes.insert(duty.target, class);
    }

    fn wait(&mut self, duty: &Duty) {
        self.put(duty, Class::NotDue);
        self.next = Some(self.next.map_or(duty.measure_at, |next| next.min(duty.measure_at)));
    }

    fn fail(&mut self, trouble: DaemonError) {
        self.trouble.get_or_insert(trouble);
    }
}

/// A feed with everything that is needed to measure for it.
struct Ready<'a> {
    bound: Bound<'a>,
    identities: Identities,
    /// Why nothing may be attested.
    blocked: Option<String>,
}

/// Does everything that is due, once.
///
/// # Errors
/// If nothing can be looked at, because of the chain or the journal. What keeps one plan or feed from being looked at
/// is in the round's `trouble`. What was done until then stays done.
pub async fn round(daemon: &Daemon, filter: &Filter) -> Result<Round, DaemonError> {
    daemon.courier().reconcile().await?;
    check_balance(daemon).await?;
    let now = daemon.endpoints.now().await?;
    let here = time::now();
    daemon.metrics.clock_skew.set(here.saturating_sub(now));
    let skew = checks::clock(here, now, daemon.config.chain.max_clock_skew).err();
    let clock_is_right = skew.is_none();
    match skew {
        None => daemon.alarm.clear(AlertKind::Clock),
        Some(hold) => daemon.alarm.raise(Alert::Clock(hold), About::default()),
    }
    let mut round = Round::default();
    // What is wrong with one plan or file does not cost the votes on the others.
    for address in daemon.config.plans() {
        let mut of_plan = PlanRound {
            daemon,
            filter,
            now,
            clock_is_right,
            round: &mut round,
        };
        if let Err(problem) = of_plan.run(address).await {
            warn!(plan = %address, %problem, "the round of a plan failed");
            round.fail(problem);
        }
        daemon.alarm.tell();
    }
    if round.misfits.is_empty() {
        daemon.alarm.clear(AlertKind::Configuration);
    }
    let holds = daemon.journal().holds()?;
    for feed in &daemon.config.feeds {
        let count = holds.iter().filter(|held| held.feed == feed.id).count();
        let gauge = daemon.metrics.holds.with_label_values(&[&feed.id]);
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let failures = i64::try_from(daemon.endpoints.failures()).unwrap_or(i64::MAX);
    daemon.metrics.endpoint_failures.set(failures);
    if round.trouble.is_none() {
        daemon.metrics.round(here);
    }
    Ok(round)
}

async fn check_balance(daemon: &Daemon) -> Result<(), DaemonError> {
    let payer = daemon.payer();
    let balance = daemon
        .endpoints
        .ask(async |client| client.balance(&payer).await)
        .await?;
    daemon.metrics.balance.set(i64::try_from(balance).unwrap_or(i64::MAX));
    let left = Decimal::from(balance)
        .checked_div(Decimal::from(LAMPORTS_PER_SOL))
        .unwrap_or_default();
    let least = daemon.config.submit.low_balance;
    match left < least {
        true => daemon
            .alarm
            .raise(Alert::Balance { payer, left, least }, About::default()),
        false => daemon.alarm.clear(AlertKind::Balance),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Earlier, Scope},
        solana_program::pubkey::Pubkey,
    };

    fn duty(period: u16) -> Duty {
        let plan = Pubkey::new_from_array([1; 32]);
        Duty {
            feed: "mau".to_owned(),
            target: Target {
                plan,
                kpi: 0,
                period,
                grant: None,
            },
            scope: Scope {
                period,
                start: 0,
                end: 10,
                earlier: Earlier::default(),
                grant: None,
            },
            opens: 10,
            measure_at: 20,
            closes: 30,
        }
    }

    #[test]
    fn every_vote_is_in_exactly_one_class() {
        let mut round = Round::default();
        for (number, class) in (0..).zip(Class::ALL) {
            round.put(&duty(number), Class::Unfinished);
            round.put(&duty(number), class);
        }
        for class in Class::ALL {
            assert_eq!(round.count(class), 1, "{}", class.name());
        }
        assert_eq!(round.classes.len(), Class::ALL.len());
    }

    #[test]
    fn what_is_left_to_do_is_not_success() {
        for class in Class::ALL {
            let mut round = Round::default();
            round.put(&duty(0), class);
            let open = matches!(class, Class::Held | Class::Failed | Class::Unfinished);
            assert_eq!(round.is_open(), open, "{}", class.name());
        }
        let mut round = Round::default();
        round.misfits.push(Misfit {
            feed: "mau".to_owned(),
            text: "grace".to_owned(),
            holds: false,
        });
        assert!(round.is_open());
        round = Round::default();
        round.wait(&duty(1));
        assert_eq!((round.next, round.count(Class::NotDue)), (Some(20), 1));
    }
}
