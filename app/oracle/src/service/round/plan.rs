//! What is done in a round for one plan.

use {
    super::{
        Class, Filter, Ready, Round,
        measuring::{hold, measure_all},
        observing::observe_all,
        sampling::sample_all,
        voted::not_yet_voted,
    },
    crate::{
        measure::{Bound, Identities, Misfit, duration, fit},
        service::{About, Alert, Daemon, DaemonError},
        vote::{Duty, PlanState, Refused, Target},
    },
    earnout::state::Plan,
    solana_program::pubkey::Pubkey,
    std::collections::{BTreeMap, HashMap},
    tracing::warn,
};

pub(super) struct PlanRound<'a> {
    pub daemon: &'a Daemon,
    pub filter: &'a Filter,
    /// The chain's clock, Unix seconds.
    pub now: i64,
    /// Whether this machine's clock agrees with it.
    pub clock_is_right: bool,
    pub round: &'a mut Round,
}

impl<'a> PlanRound<'a> {
    /// Does everything that is due for the plan at `address`.
    ///
    /// # Errors
    /// If the chain, the journal or the evidence cannot be used, or the plan cannot be read.
    pub async fn run(&mut self, address: Pubkey) -> Result<(), DaemonError> {
        let (daemon, now) = (self.daemon, self.now);
        let mut state = daemon.endpoints.plan(address, false).await?;
        // What keeps a price feed from being observed does not cost the votes.
        let observed = observe_all(daemon, &state, self.filter, now, self.round).await;
        if let Err(problem) = observed {
            warn!(plan = %address, %problem, "a price feed could not be observed");
            self.round.fail(problem);
        }
        let ready = self.ready(address, &state.plan);
        if ready.iter().any(|ready| ready.bound.individual) {
            state = daemon.endpoints.plan(address, true).await?;
        }
        sample_all(daemon, &ready, &state, now).await?;
        let open = self.open(&ready, &state)?;
        let left = not_yet_voted(daemon, address, open, self.round).await?;
        let (mut left, missed): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, duty)| now < duty.closes);
        self.tell_missed(missed.into_iter().map(|(_, duty)| duty))?;
        left.retain(|(_, duty)| now >= duty.measure_at);
        let late: Vec<Duty> = left.iter().map(|(_, duty)| duty.clone()).collect();
        self.warn_of_closing(&late);
        self.tell_lag(address, &late)?;
        let mut due: Vec<(&Bound<'_>, Duty)> = Vec::new();
        for (ready, duty) in left {
            if !self.clock_is_right {
                self.round.put(&duty, Class::Held);
            } else if let Some(reason) = &ready.blocked {
                self.round.put(&duty, Class::Held);
                hold(daemon, &duty, "configuration", reason.clone())?;
            } else {
                due.push((&ready.bound, duty));
            }
        }
        let ballots = measure_all(daemon, &due, self.round).await?;
        if daemon.is_stopping() {
            return Ok(());
        }
        let sent = daemon.courier().send(ballots).await?;
        for (_, duty) in &due {
            if daemon.journal().vote(&duty.target)?.is_some() {
                daemon.metrics.last_success.with_label_values(&[&duty.feed]).set(now);
                self.round.put(duty, Class::Voted);
            }
        }
        self.tell_refused(&due, &sent.refused)?;
        self.tell_lag(address, &late)?;
        sent.trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// The feeds of the plan with their KPIs, the identities, and why nothing may be attested for one, if so. What
    /// cannot be read is the round's trouble.
    fn ready(&mut self, address: Pubkey, plan: &Plan) -> Vec<Ready<'a>> {
        let daemon = self.daemon;
        let mut ready = Vec::new();
        for feed in daemon.feeds_of(address) {
            let bound = match Bound::new(feed, plan) {
                Ok(bound) => bound,
                Err(problem) => {
                    warn!(feed = feed.id, %problem, "a feed cannot be measured");
                    self.round.fail(problem.into());
                    continue;
                }
            };
            let (identities, blocked) = match feed.identities() {
                Ok(identities) => (identities, None),
                Err(problem) => {
                    let reason = problem.to_string();
                    self.round.fail(problem.into());
                    (Identities::default(), Some(reason))
                }
            };
            ready.push(Ready {
                bound,
                identities,
                blocked,
            });
        }
        let bound: Vec<&Bound<'_>> = ready.iter().map(|ready| &ready.bound).collect();
        let misfits = fit::misfits(&bound, plan, &daemon.oracle(), daemon.config.service.interval);
        for misfit in misfits {
            let Misfit { feed, text, holds } = &misfit;
            let about = About {
                feed: Some(feed.clone()),
                ..About::default()
            };
            daemon.alarm.raise(Alert::Configuration(text.clone()), about);
            let of_feed = ready.iter_mut().find(|ready| ready.bound.feed.id == *feed);
            if let Some(of_feed) = of_feed.filter(|_| *holds) {
                of_feed.blocked.get_or_insert_with(|| text.clone());
            }
            self.round.misfits.push(misfit);
        }
        ready
    }

    /// The votes whose window has begun, also those whose window is over.
    fn open<'r>(
        &mut self,
        ready: &'r [Ready<'a>],
        state: &PlanState,
    ) -> Result<Vec<(&'r Ready<'a>, Duty)>, DaemonError> {
        let mut open = Vec::new();
        for ready in ready {
            let (plan, grants) = (&state.plan, &state.grants);
            let duties = ready
                .bound
                .unsettled(plan, grants, &ready.identities, &self.daemon.oracle())?;
            for duty in duties.into_iter().filter(|duty| self.filter.takes(duty)) {
                if self.now < duty.closes {
                    match self.now >= duty.measure_at {
                        // Until something is known.
                        true => self.round.put(&duty, Class::Unfinished),
                        false => self.round.wait(&duty),
                    }
                }
                if self.now >= duty.opens {
                    open.push((ready, duty));
                }
            }
        }
        Ok(open)
    }

    /// Votes whose window closed without them: one alert for each feed and period, and nothing is held any more.
    fn tell_missed(&mut self, missed: impl Iterator<Item = Duty>) -> Result<(), DaemonError> {
        let mut counts: BTreeMap<(String, u16), usize> = BTreeMap::new();
        for duty in missed {
            self.round.put(&duty, Class::Missed);
            self.daemon.journal().end_hold(&duty.target)?;
            *counts.entry((duty.feed, duty.target.period)).or_default() += 1;
        }
        for ((feed, period), count) in counts {
            let about = About {
                feed: Some(feed),
                period: Some(period),
                grant: None,
            };
            self.daemon.alarm.raise(Alert::Missed(count), about);
        }
        Ok(())
    }

    /// Votes whose window is about to close: one alert for each feed and period.
    fn warn_of_closing(&self, late: &[Duty]) {
        let mut counts: BTreeMap<(&str, u16, i64), usize> = BTreeMap::new();
        for duty in late {
            *counts.entry((&duty.feed, duty.target.period, duty.closes)).or_default() += 1;
        }
        for ((feed, period, closes), count) in counts {
            let seconds = closes.saturating_sub(self.now);
            if seconds <= duration::seconds(self.daemon.config.submit.closing) {
                let about = About {
                    feed: Some(feed.to_owned()),
                    period: Some(period),
                    grant: None,
                };
                let alert = Alert::Closing { closes, seconds, count };
                self.daemon.alarm.raise(alert, about);
            }
        }
    }

    /// For how long the oldest vote of each feed that the chain does not have has been due.
    fn tell_lag(&self, plan: Pubkey, late: &[Duty]) -> Result<(), DaemonError> {
        for feed in self.daemon.feeds_of(plan) {
            let mut lag = 0;
            for duty in late.iter().filter(|duty| duty.feed == feed.id) {
                if self.daemon.journal().vote(&duty.target)?.is_none() {
                    lag = lag.max(self.now.saturating_sub(duty.measure_at));
                }
            }
            self.daemon.metrics.lag.with_label_values(&[&feed.id]).set(lag);
        }
        Ok(())
    }

    fn tell_refused(&mut self, due: &[(&Bound<'_>, Duty)], refused: &[Refused]) -> Result<(), DaemonError> {
        let due: HashMap<&Target, &Duty> = due.iter().map(|(_, duty)| (&duty.target, duty)).collect();
        for refused in refused {
            let Some(duty) = due.get(&refused.target) else {
                continue;
            };
            self.round.put(duty, Class::Failed);
            hold(
                self.daemon,
                duty,
                "refused",
                format!("the program refuses the vote: {}", refused.reason),
            )?;
        }
        Ok(())
    }
}
