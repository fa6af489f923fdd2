//! Events in one line each.

use {
    super::{
        measurement,
        text::{quoted, safe, short},
    },
    crate::{
        context::{app::App, reference::kpi_name, time::Moment},
        fault::Fault,
    },
    earnout::{
        constants::NO_VALUE,
        events::PageAttested,
        state::{Kpi, PageGrants, Termination},
    },
    earnout_sdk::{
        client::{ClientError, History, Recorded},
        report::priced::{amount_text, price_text},
        text::amount::{count, counted, ranges, tokens},
        wire::{accounts::padded_text, events::Event},
    },
    serde_json::Value,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// What is needed to speak of a plan's events.
pub struct Words {
    decimals: u8,
    kpis: Vec<Kpi>,
    /// The unit of account and its decimals.
    unit: (String, u8),
    grants: BTreeMap<Pubkey, u32>,
}

impl Words {
    /// For the plan of this history. The terms are those of its account, or, if it was closed, of its first events.
    ///
    /// # Errors
    /// If the endpoint does not answer, or does not tell the first event of a plan that was closed.
    pub async fn new(app: &App, history: &History) -> Result<Self, Fault> {
        let mut mint = None;
        let mut kpis = Vec::new();
        let mut unit = (String::new(), 0);
        let mut grants = BTreeMap::new();
        for recorded in history.events() {
            match &recorded.event {
                Event::PlanCreated(event) if event.sequence == 1 => {
                    mint = Some(event.mint);
                    unit = (event.terms.unit.clone(), event.terms.unit_decimals);
                }
                Event::KpiAdded(event) => kpis.extend(Kpi::new(&event.terms).ok()),
                Event::GrantCreated(event) => drop(grants.insert(event.grant, event.terms.grant_index)),
                _ => {}
            }
        }
        if let Some(plan) = history.open_plan() {
            (mint, kpis) = (Some(plan.mint), plan.kpis().to_vec());
            unit = (padded_text(&plan.unit), plan.unit_decimals);
        }
        let mint = mint.ok_or_else(|| ClientError::Incomplete(history.complaints().join("; ")))?;
        Ok(Self {
            decimals: app.token(&mint).await?.decimals,
            kpis,
            unit,
            grants,
        })
    }

    /// The event in one line.
    pub fn line(&self, recorded: &Recorded) -> String {
        let event = &recorded.event;
        let (sequence, time) = (event.sequence(), Moment(event.time()));
        format!("{sequence:>5}  {time}  {:<21}  {}", event.name(), self.tell(event))
    }

    fn tokens(&self, amount: u64) -> String {
        tokens(amount, self.decimals)
    }

    /// An amount of the unit of account.
    fn units(&self, amount: u64) -> String {
        let (unit, decimals) = &self.unit;
        safe(&amount_text(amount, *decimals, unit))
    }

    fn price(&self, price: i64) -> String {
        match self.kpis.iter().find(|kpi| kpi.is_price()) {
            Some(kpi) => safe(&price_text(kpi, price)),
            None => price.to_string(),
        }
    }

    fn grant(&self, address: &Pubkey) -> String {
        match self.grants.get(address) {
            Some(number) => format!("grant {number}"),
            None => format!("grant {}", short(address)),
        }
    }

    fn kpi(&self, kpi: u8) -> String {
        let name = self.kpis.get(usize::from(kpi)).map(kpi_name).unwrap_or_default();
        format!("KPI {kpi} ({})", safe(&name))
    }

    /// A KPI in a period, of an individual one for which grants.
    fn subject(&self, kpi: u8, period: u16, grants: Option<PageGrants>) -> String {
        let of = grants.map_or(String::new(), |grants| {
            let s = if grants.mask.count_ones() == 1 { "" } else { "s" };
            format!(" of grant{s} {}", ranges(grants.indices()))
        });
        format!("{}{of} in period {period}", self.kpi(kpi))
    }

    fn value(&self, kpi: u8, value: i64) -> String {
        match self.kpis.get(usize::from(kpi)) {
            Some(kpi) => measurement::value(kpi, value),
            None => value.to_string(),
        }
    }

    fn tell(&self, event: &Event) -> String {
        match event {
            Event::PlanCreated(event) => format!(
                "{}, {} from {}, token {}, by {}",
                quoted(&event.terms.name),
                counted(event.terms.period_count, "period"),
                Moment(event.terms.start_ts),
                event.mint,
                event.creator
            ),
            Event::KpiAdded(event) => {
                let what = match event.terms.default_price {
                    Some(_) => format!(", the price in {}", safe(&event.terms.unit)),
                    None => String::new(),
                };
                format!("KPI {} ({}){what}", event.kpi, safe(&event.terms.name))
            }
            Event::PlanActivated(event) => format!("everything settles by {}", Moment(event.last_deadline)),
            Event::PlanFunded(event) => format!(
                "{} by {}; the vault holds {}",
                self.tokens(event.received),
                event.funder,
                self.tokens(event.vault_balance)
            ),
            Event::SurplusWithdrawn(event) => format!(
                "{} to {}; the vault holds {}",
                self.tokens(event.amount),
                event.destination,
                self.tokens(event.vault_balance)
            ),
            Event::GrantCreated(event) => {
                let allocation = self.tokens(event.terms.allocation);
                let what = match event.terms.unit_allocation {
                    0 => allocation,
                    units => format!("{}, at most {allocation},", self.units(units)),
                };
                format!(
                    "grant {} of {what} for {}, {} reserved",
                    event.terms.grant_index,
                    event.terms.beneficiary,
                    self.tokens(event.reserved)
                )
            }
            Event::ValueAttested(event) => {
                let resolved = if event.resolved { "; the oracles agree" } else { "" };
                format!(
                    "{}: {} by {}, evidence {}{resolved}",
                    self.subject(event.kpi, event.period, None),
                    self.value(event.kpi, event.value),
                    event.oracle,
                    short(hex::encode(event.evidence))
                )
            }
            Event::ValueObserved(event) => format!(
                "{}: {} from the feed, published {}{}",
                self.subject(event.kpi, event.period, None),
                self.value(event.kpi, event.value),
                Moment(event.published_at),
                match event.replaced {
                    Some(value) => format!("; {}, shown before, was published later", self.value(event.kpi, value)),
                    None => String::new(),
                }
            ),
            Event::PageAttested(event) => {
                let said: Vec<_> = event
                    .values
                    .iter()
                    .copied()
                    .filter(|value| *value != NO_VALUE)
                    .collect();
                let value = |value: &i64| self.value(event.kpi, *value);
                let values = match (said.as_slice(), said.iter().min(), said.iter().max()) {
                    ([one], ..) => value(one),
                    (all, Some(min), Some(max)) => {
                        format!("{} values from {} to {}", count(all.len()), value(min), value(max))
                    }
                    _ => "no values".to_owned(),
                };
                let voted = (0u32..).zip(&event.values).filter(|(_, value)| **value != NO_VALUE);
                let mask = voted.fold(0, |mask, (place, _)| mask | 1u64.checked_shl(place).unwrap_or_default());
                let some = |what: &str, mask: u64| match mask {
                    0 => String::new(),
                    mask => format!("; {what} grants {}", ranges(PageGrants { mask, ..of(event) }.indices())),
                };
                format!(
                    "{}: {values} by {}, manifest {}{}{}",
                    self.subject(event.kpi, event.period, Some(PageGrants { mask, ..of(event) })),
                    event.oracle,
                    short(hex::encode(event.evidence)),
                    some("the oracles agree on", event.resolved),
                    some("came after enough oracles had agreed:", event.late)
                )
            }
            Event::GrantSettled(event) => {
                let scores: Vec<_> = event.scores.iter().map(|score| count(*score)).collect();
                let price = event
                    .price
                    .map_or(String::new(), |price| format!(", price {}", self.price(price)));
                format!(
                    "{} earned {} of {} in period {}, scores {}{price}",
                    self.grant(&event.grant),
                    self.tokens(event.earned),
                    self.tokens(event.tranche),
                    event.period,
                    scores.join(" ")
                )
            }
            Event::BonusCollected(event) => format!(
                "{} got a bonus of {} for period {}",
                self.grant(&event.grant),
                self.tokens(event.bonus),
                event.period
            ),
            Event::GrantClaimed(event) => format!(
                "{} was paid {} to {}; {} so far",
                self.grant(&event.grant),
                self.tokens(event.amount),
                event.destination,
                self.tokens(event.claimed)
            ),
            Event::ValueDisputed(event) => format!(
                "{} by {}, reason {}",
                self.subject(event.kpi, event.period, event.grants),
                event.disputer,
                short(hex::encode(event.reason_hash))
            ),
            Event::DisputeRuled(event) => format!(
                "{}: {}, reason {}",
                self.subject(event.kpi, event.period, event.grants),
                match event.value {
                    Some(value) => format!("{} counts", self.value(event.kpi, value)),
                    None => "it stands".to_owned(),
                },
                short(hex::encode(event.reason_hash))
            ),
            Event::AuthorityProposed(event) => offered("the plan", &event.new),
            Event::AuthorityAccepted(event) => format!("from {} to {}", event.old, event.new),
            Event::OraclesProposed(event) => {
                let keys: Vec<_> = event.oracles.iter().map(ToString::to_string).collect();
                format!(
                    "from period {}: {} of {}",
                    event.first_period,
                    event.threshold,
                    keys.join(", ")
                )
            }
            Event::TreasurySet(event) => format!("{} from {} on", event.new, Moment(event.effective_at)),
            Event::UriSet(event) => match event.new.is_empty() {
                true => format!("documents are nowhere any more, they were at {}", quoted(&event.old)),
                false => format!("documents are at {}", quoted(&event.new)),
            },
            Event::BeneficiaryProposed(event) => offered(&self.grant(&event.grant), &event.new),
            Event::BeneficiaryAccepted(event) => {
                format!("{}: from {} to {}", self.grant(&event.grant), event.old, event.new)
            }
            Event::ClaimLockSet(event) => match event.locked {
                true => format!("{}: only the beneficiary claims", self.grant(&event.grant)),
                false => format!("{}: anyone may claim for the beneficiary", self.grant(&event.grant)),
            },
            Event::GrantEnded(event) => {
                let by = if event.termination == Termination::Terminated.to_byte() {
                    "the authority"
                } else {
                    "the beneficiary"
                };
                let forfeited = if event.forfeited {
                    "; what it earned is surplus"
                } else {
                    ""
                };
                let grant = self.grant(&event.grant);
                match (event.cut_cap, event.cut_units) {
                    (0, 0) => format!("{grant} by {by}{forfeited}"),
                    (cut, 0) => format!("{grant} by {by}; its last tranche is {}{forfeited}", self.tokens(cut)),
                    (cut, units) => format!(
                        "{grant} by {by}; its last tranche is {}, at most {}{forfeited}",
                        self.units(units),
                        self.tokens(cut)
                    ),
                }
            }
            Event::AttestationClosed(event) => self.subject(event.kpi, event.period, None),
            Event::PageClosed(event) => {
                format!(
                    "page {} of {} in period {}",
                    event.page,
                    self.kpi(event.kpi),
                    event.period
                )
            }
            Event::GrantClosed(event) => {
                format!(
                    "{}, paid {} in total",
                    self.grant(&event.grant),
                    self.tokens(event.claimed)
                )
            }
            Event::PlanClosed(event) => {
                format!("{} to {}", self.tokens(event.amount), event.destination)
            }
            other => self.fields(other),
        }
    }

    /// An event whose fields say it all: each with its name.
    fn fields(&self, event: &Event) -> String {
        let told = event.to_json();
        let fields = told.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| !["event", "plan", "time", "sequence"].contains(&name.as_str()));
        let field = |(name, value): (&String, &Value)| match (name.as_str(), event.grant(), value.as_str()) {
            ("grant", Some(grant), _) => self.grant(&grant),
            (_, _, text) => format!("{} {}", words(name), safe(text.unwrap_or(&value.to_string()))),
        };
        fields.map(field).collect::<Vec<_>>().join(", ")
    }
}

/// The words of a name in camel case.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// The first grant of an upload.
fn of(event: &PageAttested) -> PageGrants {
    PageGrants::one(event.first)
}

fn offered(what: &str, to: &Pubkey) -> String {
    match *to == Pubkey::default() {
        true => format!("{what}: the offer is taken back"),
        false => format!("{what} to {to}"),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        earnout::{
            events::{ClaimLockSet, GrantCreated, GrantSettled, OracleChangeCancelled, Rent, UriSet},
            instructions::CreateGrantArgs,
        },
    };

    #[test]
    fn where_documents_are_is_told_as_what_somebody_wrote() {
        let words = Words {
            decimals: 6,
            kpis: Vec::new(),
            grants: BTreeMap::new(),
            unit: (String::new(), 0),
        };
        let told = |old: &str, new: &str| {
            words.tell(&Event::UriSet(Box::new(UriSet {
                plan: Pubkey::default(),
                time: 1_800_000_000,
                sequence: 3,
                old: old.to_owned(),
                new: new.to_owned(),
            })))
        };
        assert_eq!(
            told("", "https://a\u{202e}\""),
            "documents are at \"https://a\\u{202e}\\\"\""
        );
        assert_eq!(
            told("ipfs://b", ""),
            "documents are nowhere any more, they were at \"ipfs://b\""
        );
    }

    #[test]
    fn an_event_without_words_of_its_own_names_its_fields() {
        let (plan, grant) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let words = Words {
            decimals: 6,
            kpis: Vec::new(),
            unit: (String::new(), 0),
            grants: BTreeMap::from([(grant, 7)]),
        };
        let (time, sequence) = (1_800_000_000, 3);
        let cancelled = OracleChangeCancelled {
            plan,
            time,
            sequence,
            first_period: 5,
        };
        assert_eq!(
            words.tell(&Event::OracleChangeCancelled(Box::new(cancelled))),
            "first period 5"
        );
        let locked = ClaimLockSet {
            plan,
            time,
            sequence,
            grant,
            locked: true,
        };
        assert_eq!(
            words.fields(&Event::ClaimLockSet(Box::new(locked))),
            "grant 7, locked true"
        );
    }

    #[test]
    fn grants_in_another_unit_are_told_with_unit_and_price() {
        let mut price: Kpi = bytemuck::Zeroable::zeroed();
        price.unit[..3].copy_from_slice(b"USD");
        (price.decimals, price.default_price) = (4, 500);
        let (plan, grant) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let words = Words {
            decimals: 6,
            kpis: vec![price],
            unit: ("USD".to_owned(), 2),
            grants: BTreeMap::from([(grant, 7)]),
        };
        let (time, sequence) = (1_800_000_000, 3);
        let settled = GrantSettled {
            plan,
            time,
            sequence,
            grant,
            period: 2,
            scores: vec![0, 9_000],
            price: Some(410),
            tranche: 60_975_609_756,
            earned: 54_878_048_780,
            unearned: 0,
            carry: 0,
            pooled: 0,
            kpi_amount: 0,
            reserved: 0,
            rent: None,
            plan_reserved: 0,
            plan_owed: 0,
            plan_pooled: 0,
        };
        assert_eq!(
            words.tell(&Event::GrantSettled(Box::new(settled))),
            "grant 7 earned 54,878.048780 of 60,975.609756 in period 2, scores 0 9,000, price 0.0410 USD"
        );
        let terms = CreateGrantArgs {
            grant_index: 7,
            beneficiary: plan,
            allocation: 750_000_000_000,
            unit_allocation: 3_000_000,
            first_period: 0,
            periods: 4,
            cliff_periods: 0,
            time_weight: 10_000,
            kpi_weights: Vec::new(),
            revocable: false,
            transferable: false,
        };
        let created = GrantCreated {
            plan,
            time,
            sequence,
            grant,
            terms,
            max_credit: 0,
            reserved: 750_000_000_000,
            rent: Rent {
                payer: plan,
                lamports: 0,
            },
            plan_reserved: 0,
            vault_balance: 0,
        };
        assert_eq!(
            words.tell(&Event::GrantCreated(Box::new(created))),
            format!("grant 7 of 30,000.00 USD, at most 750,000.000000, for {plan}, 750,000.000000 reserved")
        );
    }
}
