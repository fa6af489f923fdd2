//! Showing what price feeds on the chain publish: a duty of everybody and of nobody, so the daemon has it for every
//! plan that it serves.

use {
    super::{Filter, Round},
    crate::{
        measure::{FeedError, Misfit, kpi_name, value},
        service::{About, Alert, AlertKind, Daemon, DaemonError, Observe},
        vote::{PlanState, SubmitError},
    },
    earnout::{instructions::ObserveArgs, price_update, state::Plan},
    earnout_sdk::{
        client::{ClientError, Ending, of_bytes},
        report::projection::{ProjectionError, period_times},
        text::names::harmless,
        todo::observing::{self, Observed, UpdateAccount},
        wire::{Evaluation, pda},
    },
    solana_program::pubkey::Pubkey,
    solana_transaction::versioned::VersionedTransaction,
    std::collections::BTreeMap,
    tracing::{info, warn},
};

/// What part of the window is left when a feed of which nothing was shown is an alert.
const LAST: i64 = 3;

/// Shows whatever counts of the plan's price feeds and is not shown yet.
///
/// # Errors
/// If the chain or the journal cannot be used.
pub(super) async fn observe_all(
    daemon: &Daemon,
    state: &PlanState,
    filter: &Filter,
    now: i64,
    round: &mut Round,
) -> Result<(), DaemonError> {
    let (plan, address) = (&state.plan, state.address);
    let PriceFeeds { accounts, mistakes } = feeds(&daemon.config.observes, &address, plan)?;
    for text in mistakes {
        daemon.alarm.raise(Alert::Configuration(text.clone()), About::default());
        round.misfits.push(Misfit {
            feed: "observe".to_owned(),
            text,
            holds: false,
        });
    }
    // A round for one of the operator's feeds is about its votes.
    if accounts.is_empty() || filter.feed.is_some() {
        return Ok(());
    }
    for period in observing::periods(plan, now) {
        if filter.period.is_some_and(|wanted| wanted != period) {
            continue;
        }
        for (kpi, accounts) in &accounts {
            if daemon.is_stopping() {
                return Ok(());
            }
            let feed = Feed {
                daemon,
                state,
                kpi: *kpi,
                period,
                now,
            };
            round.observed = round.observed.saturating_add(feed.observe(accounts).await?);
        }
    }
    Ok(())
}

/// The price feeds of a plan.
pub struct PriceFeeds {
    /// The accounts to look at for each KPI that has a feed, by its number, that of the sponsor last.
    accounts: BTreeMap<u8, Vec<Pubkey>>,
    /// What in the configuration does not fit the plan.
    pub mistakes: Vec<String>,
}

/// The price feeds of the plan at `address`.
///
/// # Errors
/// If the plan holds what the program never writes.
pub fn feeds(observes: &[Observe], address: &Pubkey, plan: &Plan) -> Result<PriceFeeds, FeedError> {
    let mut feeds: BTreeMap<u8, Vec<Pubkey>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for observe in observes.iter().filter(|observe| observe.plan == *address) {
        let Some(wanted) = &observe.kpi else {
            continue;
        };
        match wanted.find(plan) {
            Some((number, kpi)) if kpi.has_feed() => feeds.entry(number).or_default().extend(observe.account),
            Some(_) => mistakes.push(format!(
                "observe: the KPI {wanted} of the plan {address} reads no price feed: its oracles report it; remove the \
                 [[observe]], and make a [[feed]] if this one is to"
            )),
            None => mistakes.push(format!("observe: the plan {address} has no KPI {wanted}")),
        }
    }
    for (number, sponsored) in observing::sponsored(plan).map_err(ProjectionError::from)? {
        feeds.entry(number).or_default().push(sponsored);
    }
    Ok(PriceFeeds {
        accounts: feeds,
        mistakes,
    })
}

/// The price feed of a KPI, and a period on which votes are accepted.
struct Feed<'a> {
    daemon: &'a Daemon,
    state: &'a PlanState,
    kpi: u8,
    period: u16,
    /// The chain's clock, Unix seconds.
    now: i64,
}

impl Feed<'_> {
    /// Shows what counts most of `accounts`, if it counts in the place of what stands. Returns how much was shown.
    async fn observe(&self, accounts: &[Pubkey]) -> Result<usize, DaemonError> {
        let attestation = pda::attestation(&self.state.address, self.kpi, self.period);
        if self.is_pending(&attestation)? {
            return Ok(0);
        }
        // An endpoint that is behind would have the same shown again.
        let looks = self
            .daemon
            .endpoints
            .ask_all(async |client| client.evaluations(&[attestation]).await)
            .await?;
        let looks: Vec<_> = looks.into_iter().map(|mut look| look.pop().flatten()).collect();
        let found = self
            .daemon
            .endpoints
            .ask(async |client| client.update_accounts(accounts).await)
            .await?;
        let choice = choose(&self.state.plan, self.kpi, self.period, &looks, &found, self.now)?;
        let Choice { chosen, mut reason } = choice;
        let mut is_shown = looks.iter().flatten().any(has_observation);
        let mut count = 0;
        if let Some((account, observed)) = chosen {
            match self.show(account, &observed).await? {
                None => (is_shown, count) = (true, 1),
                Some(refused) => reason = refused,
            }
        }
        self.tell(is_shown, reason)?;
        Ok(count)
    }

    /// Whether a transaction is under way that shows something about this KPI and period.
    fn is_pending(&self, attestation: &Pubkey) -> Result<bool, DaemonError> {
        let open = self.daemon.journal().open_transactions()?;
        let names = |bytes: &[u8]| {
            let transaction: Option<VersionedTransaction> = of_bytes(bytes);
            transaction.is_some_and(|transaction| transaction.message.static_account_keys().contains(attestation))
        };
        Ok(open
            .iter()
            .any(|signed| signed.votes.is_empty() && names(&signed.transaction)))
    }

    /// Keeps what the feed's publishers signed, for its hash will be the evidence on the chain, and sends it. Returns why
    /// it was not done, if so.
    async fn show(&self, update: &UpdateAccount, observed: &Observed) -> Result<Option<String>, DaemonError> {
        let (kpi, period) = (self.kpi, self.period);
        let message = price_update::message(&update.data).map_err(ProjectionError::from);
        self.daemon.store.put_foreign(message.map_err(FeedError::from)?)?;
        let args = ObserveArgs { kpi, period };
        let courier = self.daemon.courier();
        let ending = courier.observe(&self.state.address, &update.address, args).await;
        let reason = match ending {
            Ok(Ending::Executed(_)) => {
                let decimals = self.state.plan.kpis().get(usize::from(kpi)).map(|terms| terms.decimals);
                info!(
                    plan = %self.state.address,
                    kpi,
                    period,
                    value = %value::from_fixed(observed.observation.value, decimals.unwrap_or_default()),
                    published = observed.observation.published.at,
                    first = observed.is_first,
                    "an update of a price feed was shown"
                );
                return Ok(None);
            }
            Ok(Ending::Failed(failure)) => failure.to_string(),
            Ok(Ending::Expired) => "the transaction was not executed in time".to_owned(),
            // The next round follows it.
            Ok(Ending::Unknown(why)) => why,
            Err(SubmitError::Client(error)) => match *error {
                ClientError::WouldFail(failure) => failure.to_string(),
                error => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        };
        warn!(plan = %self.state.address, kpi, period, reason, "an update of a price feed was not shown");
        Ok(Some(reason))
    }

    /// Raises an alert if nothing was shown and the last part of the window has begun.
    fn tell(&self, is_shown: bool, reason: String) -> Result<(), DaemonError> {
        let plan = &self.state.plan;
        let times = period_times(plan, self.period).map_err(FeedError::from)?;
        let seconds = times.attest_deadline.saturating_sub(self.now);
        let name = plan.kpis().get(usize::from(self.kpi)).map(kpi_name).unwrap_or_default();
        let about = About {
            feed: Some(format!("{}/{}", self.state.address, harmless(&name))),
            period: Some(self.period),
            grant: None,
        };
        match is_shown {
            true => self.daemon.alarm.clear_about(AlertKind::Unobserved, &about),
            false if is_late(seconds, plan.attest_secs) => {
                let closes = times.attest_deadline;
                let alert = Alert::Unobserved {
                    closes,
                    seconds,
                    reason,
                };
                self.daemon.alarm.raise(alert, about);
            }
            false => {}
        }
        Ok(())
    }
}

/// Whether the last part of a window of so many seconds has begun when `left` are left.
fn is_late(left: i64, window: u32) -> bool {
    left.saturating_mul(LAST) <= i64::from(window)
}

fn has_observation(evaluation: &Evaluation) -> bool {
    evaluation
        .attestation()
        .is_some_and(|state| state.observation().is_some())
}

/// Which of some accounts is shown.
struct Choice<'a> {
    /// The account and what it does.
    chosen: Option<(&'a UpdateAccount, Observed)>,
    /// Why the others are not.
    reason: String,
}

/// Of `accounts` the one whose update counts before those of the others and, by every one of `looks`, in the place of
/// what stands.
fn choose<'a>(
    plan: &Plan,
    kpi: u8,
    period: u16,
    looks: &[Option<Evaluation>],
    accounts: &'a [Option<UpdateAccount>],
    now: i64,
) -> Result<Choice<'a>, FeedError> {
    let end = period_times(plan, period)?.end;
    let mut chosen: Option<(&UpdateAccount, Observed)> = None;
    let mut reasons = Vec::new();
    for account in accounts {
        let Some(account) = account else {
            reasons.push("there is no account where updates would be".to_owned());
            continue;
        };
        let read = |look: &Option<Evaluation>| {
            let standing = look.as_ref().and_then(Evaluation::attestation);
            Observed::of(plan, kpi, period, standing, account, now)
        };
        match looks.iter().map(read).collect::<Result<Vec<_>, _>>() {
            Err(error) => reasons.push(format!("{}: {}", account.address, ProjectionError::from(error))),
            Ok(observed) => {
                let Some(observed) = observed.first() else {
                    continue;
                };
                let published = observed.observation.published;
                let counts = chosen
                    .as_ref()
                    .is_none_or(|(_, other)| published.replaces(&other.observation.published, end));
                if counts {
                    chosen = Some((account, *observed));
                }
            }
        }
    }
    Ok(Choice {
        chosen,
        reason: reasons.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        bytemuck::Zeroable,
        earnout::{
            price_update::PriceUpdate,
            state::{Attestation, Cadence, Feed, Interpolation, Kpi, KpiArgs, PlanStatus, Receiver, Scope},
        },
        earnout_core::feed::{Published, Quote},
        earnout_sdk::wire::price_update_account,
    };

    const END: i64 = 1_806_537_600;
    const PLAN: Pubkey = Pubkey::new_from_array([1; 32]);

    /// An active plan whose period 0 ended at [`END`]: KPI 0 is reported, KPI 1 is its price and read from a feed.
    fn plan() -> Plan {
        let mut plan = Plan::zeroed();
        plan.status = PlanStatus::Active.to_byte();
        (plan.cadence_kind, plan.cadence_length) = Cadence::Seconds(86_400).to_stored();
        (plan.start_ts, plan.period_count) = (END - 86_400, 1);
        plan.attest_secs = 3_600;
        plan.unsettled_grants[0] = 1;
        plan.kpis[1] = Kpi::new(&KpiArgs {
            name: "price".to_owned(),
            unit: "USD".to_owned(),
            rubric_hash: [0; 32],
            decimals: 4,
            scope: Scope::Shared,
            range_min: 100,
            range_max: 1_000_000,
            interpolation: Interpolation::Linear,
            points: Vec::new(),
            default_score: 0,
            default_price: Some(10_000),
            feed: Some(Feed {
                receiver: Receiver::Pyth,
                feed_id: [3; 32],
                average: false,
                max_delay_secs: 600,
                max_confidence_bps: 200,
            }),
        })
        .unwrap();
        plan.kpis[0].name[0] = b'a';
        (plan.kpi_count, plan.price_kpi) = (2, 2);
        plan
    }

    /// An update of the feed: 2.5, published `at` seconds after the end, the one before it at `previous`.
    fn update(number: u8, at: i64, previous: i64) -> Option<UpdateAccount> {
        let quote = Quote {
            price: 25,
            confidence: 0,
            exponent: -1,
        };
        let update = PriceUpdate {
            feed_id: [3; 32],
            spot: quote,
            average: quote,
            published: Published {
                at: END + at,
                previous: END + previous,
            },
        };
        Some(UpdateAccount {
            address: Pubkey::new_from_array([number; 32]),
            owner: Receiver::Pyth.program(),
            data: price_update_account(&update),
        })
    }

    /// What stands, published so many seconds after the end.
    fn standing(at: i64) -> Option<Evaluation> {
        let mut attestation = Attestation::zeroed();
        attestation.is_observed = 1;
        (attestation.observed_at, attestation.observed_previous) = (END + at, END + at);
        Some(Evaluation::Attestation(Box::new(attestation)))
    }

    fn chosen(looks: &[Option<Evaluation>], accounts: &[Option<UpdateAccount>]) -> (Option<u8>, String) {
        let Choice { chosen, reason } = choose(&plan(), 1, 0, looks, accounts, END + 60).unwrap();
        (chosen.map(|(account, _)| account.address.to_bytes()[0]), reason)
    }

    #[test]
    fn the_update_that_counts_is_chosen_in_any_order() {
        let (late, early, first) = (update(1, 30, 29), update(2, 20, 19), update(3, 40, -1));
        for accounts in [
            [late.clone(), early.clone(), first.clone()],
            [first.clone(), late.clone(), early.clone()],
            [early.clone(), first.clone(), late.clone()],
        ] {
            assert_eq!(chosen(&[None], &accounts), (Some(3), String::new()));
        }
        assert_eq!(chosen(&[None], &[late.clone(), early.clone()]).0, Some(2));
        assert_eq!(chosen(&[None], &[early, late]).0, Some(2));
    }

    #[test]
    fn what_one_endpoint_shows_already_is_not_shown_again() {
        let account = [update(1, 30, 29)];
        assert_eq!(
            chosen(&[None, standing(40)], &account).0,
            Some(1),
            "an earlier one appeared"
        );
        // The other endpoint is behind.
        let (none, reason) = chosen(&[None, standing(30)], &account);
        assert_eq!(none, None);
        assert!(reason.contains("EarlierPriceStands"), "{reason}");
    }

    #[test]
    fn why_nothing_is_shown_is_said() {
        let (none, reason) = chosen(&[None], &[None, update(1, -5, -9), update(2, 601, 600)]);
        assert_eq!(none, None);
        for part in ["no account", "PriceTooEarly", "PriceTooLate"] {
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn the_last_third_of_the_window_is_late() {
        assert!(!is_late(1_201, 3_600));
        assert!(is_late(1_200, 3_600));
        assert!(is_late(1, 3_600));
    }

    #[test]
    fn configured_accounts_are_looked_at_beside_the_sponsors() {
        let other = Pubkey::new_from_array([9; 32]);
        let observe = |text: &str| -> Observe { toml::from_str(&format!("plan = '{PLAN}'\n{text}")).unwrap() };
        let sponsored = pda::price_feed(Receiver::Pyth, &[3; 32], 0);
        let PriceFeeds { accounts, mistakes } = feeds(&[], &PLAN, &plan()).unwrap();
        assert_eq!((accounts[&1].as_slice(), mistakes.len()), (&[sponsored][..], 0));
        let configured = observe(&format!("kpi = 'price'\naccount = '{other}'"));
        let PriceFeeds { accounts, mistakes } = feeds(&[configured, observe("")], &PLAN, &plan()).unwrap();
        assert_eq!((accounts[&1].as_slice(), mistakes.len()), (&[other, sponsored][..], 0));
        let PriceFeeds { accounts, mistakes } =
            feeds(&[observe("kpi = 0"), observe("kpi = 'x'")], &PLAN, &plan()).unwrap();
        assert_eq!(accounts.len(), 1);
        assert!(
            mistakes[0].contains("reads no price feed") && mistakes[1].contains("no KPI \"x\""),
            "{mistakes:?}"
        );
    }
}
