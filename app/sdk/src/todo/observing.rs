//! What showing an update of a price feed would do, by the program's own rules: whether it is accepted now, what it
//! becomes, and whether it counts in the place of what stands.

use {
    crate::wire::pda,
    anchor_lang::Result,
    bytemuck::Zeroable,
    earnout::{
        error::EarnoutError,
        price_update::{self, PriceUpdate},
        state::{Attestation, Observation, Plan},
    },
    solana_program::pubkey::Pubkey,
};

/// An account that may hold an update of a price feed, as it is on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateAccount {
    /// Its address.
    pub address: Pubkey,
    /// The program that wrote it.
    pub owner: Pubkey,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// What an update of a feed says about a KPI for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The update.
    pub update: PriceUpdate,
    /// What it becomes.
    pub observation: Observation,
    /// Whether it is the first update at or after the end of the period: then no other one can replace it.
    pub is_first: bool,
    /// What stands now, and is replaced.
    pub standing: Option<Observation>,
}

impl Observed {
    /// What `observe` of KPI number `kpi` for `period` does with the account at `now` (Unix seconds). `standing` is the
    /// attestation, if there is one.
    ///
    /// # Errors
    /// The program's own, if it refuses: `PlanNotActive`, `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`,
    /// `NothingToEvaluate`, `UnknownKpi`, `NoFeed`, `WrongPriceUpdate`, `PriceNotVerified`, `WrongFeed`,
    /// `UnusablePrice`, `PriceUncertain`, `PriceTooEarly`, `PriceTooLate`, `EarlierPriceStands`.
    pub fn of(
        plan: &Plan,
        kpi: u8,
        period: u16,
        standing: Option<&Attestation>,
        account: &UpdateAccount,
        now: i64,
    ) -> Result<Self> {
        plan.require_active()?;
        let end = plan.check_voting(period, now)?;
        let terms = plan.kpi(kpi)?;
        let feed = terms.feed()?.ok_or(EarnoutError::NoFeed)?;
        if account.owner != feed.receiver.program() {
            return Err(EarnoutError::WrongPriceUpdate.into());
        }
        let update = PriceUpdate::of(&account.data)?;
        let message = price_update::message(&account.data)?;
        let observation = update.observation(terms, &feed, end, now, message)?;
        let mut attestation = standing.copied().unwrap_or_else(Attestation::zeroed);
        let standing = attestation.observation();
        attestation.observe(&observation, end)?;
        Ok(Self {
            update,
            observation,
            is_first: observation.published.is_first(end),
            standing,
        })
    }
}

/// The periods of `plan` for which a feed can be read at `now` (Unix seconds): voting is open, and a grant needs it.
pub fn periods(plan: &Plan, now: i64) -> impl Iterator<Item = u16> {
    (0..plan.period_count).filter(move |period| plan.check_voting(*period, now).is_ok())
}

/// The KPIs of `plan` that have a feed, by their numbers, each with the address at which a sponsor publishes it.
///
/// # Errors
/// `CorruptAccount`.
pub fn sponsored(plan: &Plan) -> Result<Vec<(u8, Pubkey)>> {
    let mut found = Vec::new();
    for (number, kpi) in (0u8..).zip(plan.kpis()) {
        if let Some(feed) = kpi.feed()? {
            found.push((number, pda::price_feed(feed.receiver, &feed.feed_id, 0)));
        }
    }
    Ok(found)
}

#[cfg(test)]
pub(crate) mod testing {
    use {
        super::*,
        crate::wire::price_update_account,
        earnout::state::{Cadence, Feed, Interpolation, Kpi, KpiArgs, PlanStatus, Receiver, Scope},
        earnout_core::feed::{Published, Quote},
    };

    /// End of period 0 of [`plan`], Unix seconds.
    pub const END: i64 = 1_806_537_600;

    /// An active plan whose period 0 ended at [`END`], with ten days to vote: KPI 1 is its price and has a feed.
    pub fn plan() -> Plan {
        let mut plan = Plan::zeroed();
        plan.status = PlanStatus::Active.to_byte();
        (plan.cadence_kind, plan.cadence_length) = Cadence::Seconds(86_400).to_stored();
        (plan.start_ts, plan.period_count) = (END - 86_400, 2);
        plan.attest_secs = 10 * 86_400;
        plan.unsettled_grants[..2].fill(1);
        plan.kpis[1] = price();
        (plan.kpi_count, plan.price_kpi) = (2, 2);
        plan
    }

    fn price() -> Kpi {
        let feed = Feed {
            receiver: Receiver::Pyth,
            feed_id: [3; 32],
            average: false,
            max_delay_secs: 600,
            max_confidence_bps: 200,
        };
        let args = KpiArgs {
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
            feed: Some(feed),
        };
        Kpi::new(&args).expect("a price")
    }

    /// An update of the feed: 2.500000001 give or take 0.01, published `at`, the one before it at `previous`.
    pub fn update(at: i64, previous: i64) -> UpdateAccount {
        let quote = |price, confidence| Quote {
            price,
            confidence,
            exponent: -9,
        };
        let update = PriceUpdate {
            feed_id: [3; 32],
            spot: quote(2_500_000_001, 10_000_000),
            average: quote(2_600_000_000, 20_000_000),
            published: Published { at, previous },
        };
        UpdateAccount {
            address: pda::price_feed(Receiver::Pyth, &[3; 32], 0),
            owner: Receiver::Pyth.program(),
            data: price_update_account(&update),
        }
    }
}

#[cfg(test)]
mod tests {
    use {
        super::{testing::*, *},
        earnout::state::Receiver,
    };

    const NOW: i64 = END + 60;

    fn refusal(edit: impl FnOnce(&mut Plan, &mut UpdateAccount)) -> String {
        let (mut plan, mut account) = (plan(), update(END + 5, END - 1));
        edit(&mut plan, &mut account);
        match Observed::of(&plan, 1, 0, None, &account, NOW) {
            Ok(observed) => panic!("{observed:?}"),
            Err(anchor_lang::error::Error::AnchorError(error)) => error.error_name,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_update_that_is_accepted_says_what_it_becomes() {
        let observed = Observed::of(&plan(), 1, 0, None, &update(END + 5, END - 1), NOW).expect("accepted");
        assert_eq!(observed.observation.value, 25_001, "a price is rounded up");
        assert!(observed.is_first && observed.standing.is_none());
        assert_eq!(observed.update.spot.price, 2_500_000_001);
    }

    #[test]
    fn what_the_program_refuses_has_its_names() {
        let byte = |place: usize, byte: u8| refusal(|_, account| account.data[place] = byte);
        assert_eq!(refusal(|plan, _| plan.status = 0), "PlanNotActive");
        assert_eq!(refusal(|plan, _| plan.start_ts += 600), "VotingNotOpen");
        assert_eq!(refusal(|plan, _| plan.attest_secs = 60), "VotingClosed");
        assert_eq!(refusal(|plan, _| plan.unsettled_grants[0] = 0), "NothingToEvaluate");
        assert_eq!(refusal(|plan, _| plan.kpi_count = 1), "UnknownKpi");
        assert_eq!(refusal(|plan, _| plan.kpis[1].feed_receiver = 0), "NoFeed");
        let other = Receiver::PythPro.program();
        assert_eq!(refusal(|_, account| account.owner = other), "WrongPriceUpdate");
        assert_eq!(refusal(|_, account| account.data.push(0)), "WrongPriceUpdate");
        assert_eq!(byte(0, 0), "WrongPriceUpdate");
        assert_eq!(byte(40, 0), "PriceNotVerified");
        assert_eq!(byte(41, 4), "WrongFeed");
        assert_eq!(byte(80, 0x80), "UnusablePrice");
        assert_eq!(byte(88, 1), "PriceUncertain");
        let dated = |at| refusal(|_, account| *account = update(at, END - 1));
        assert_eq!(dated(END - 1), "PriceTooEarly");
        assert_eq!(dated(END + 601), "PriceTooLate");
        assert_eq!(dated(NOW + 1), "PriceTooLate");
    }

    #[test]
    fn what_stands_is_replaced_only_by_what_counts_before_it() {
        let (plan, mut attestation) = (plan(), Attestation::zeroed());
        let mut show = |at, previous| {
            let shown = Observed::of(&plan, 1, 0, Some(&attestation), &update(at, previous), NOW);
            if let Ok(observed) = &shown {
                attestation.observe(&observed.observation, END).expect("it counts");
            }
            shown.map(|observed| {
                (
                    observed.is_first,
                    observed.standing.map(|standing| standing.published.at - END),
                )
            })
        };
        assert_eq!(show(END + 9, END + 8).expect("the first shown"), (false, None));
        assert!(show(END + 9, END + 8).is_err(), "it stands already");
        assert_eq!(show(END + 7, END + 6).expect("an earlier one"), (false, Some(9)));
        assert_eq!(show(END + 8, END - 3).expect("the first of all"), (true, Some(7)));
        let error = show(END, END - 1).expect_err("nothing replaces it").to_string();
        assert!(error.contains("EarlierPriceStands"), "{error}");
    }

    #[test]
    fn where_and_for_which_periods_feeds_are_read() {
        let plan = plan();
        let address = pda::price_feed(Receiver::Pyth, &[3; 32], 0);
        assert_eq!(sponsored(&plan).expect("feeds"), [(1, address)]);
        let open = |now| periods(&plan, now).collect::<Vec<_>>();
        assert!(open(END - 1).is_empty());
        assert_eq!(open(END), [0]);
        assert_eq!(open(END + 86_400), [0, 1]);
        assert_eq!(open(END + 10 * 86_400), [1]);
    }
}
