//! `[[grant]]`.

use {
    super::{
        kpi::ReadKpi,
        mistake::Notes,
        price::ReadPrice,
        roles::{Addresses, Party},
        section::{Found, Section},
        terms::ReadTerms,
        token::Token,
    },
    crate::{
        terms::{self, GrantTerms},
        text::amount,
    },
    earnout::state::{Grant, Plan},
    earnout_core::{FULL_SCORE, credit},
    solana_program::pubkey::Pubkey,
    toml::de::DeValue,
};

/// A grant by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGrant {
    /// What the file calls it.
    pub name: String,
    /// Who is paid, if the file says so.
    pub beneficiary: Option<Party>,
    /// Terms of the grant.
    pub terms: GrantTerms,
}

impl NamedGrant {
    /// Who is paid, or a key that stands for whoever it will be.
    pub fn beneficiary_or_stand_in(&self) -> Pubkey {
        let unnamed = || Party {
            name: format!("beneficiary of {}", self.name),
            key: None,
        };
        self.beneficiary.clone().unwrap_or_else(unnamed).stand_in()
    }
}

/// A grant that was read, and where it stands.
pub(super) struct ReadGrant {
    pub at: usize,
    pub header: String,
    pub grant: NamedGrant,
}

/// What grants refer to, as far as it could be read.
pub(super) struct Context<'a> {
    pub kpis: &'a [ReadKpi],
    pub plan: &'a ReadTerms,
    pub token: Option<&'a Token>,
    /// None if the file has no price.
    pub price: Option<&'a ReadPrice>,
    pub addresses: &'a Addresses,
}

/// Reads one grant, as far as KPIs and terms are known.
pub(super) fn read(mut table: Section, context: &Context, notes: &mut Notes) -> Option<ReadGrant> {
    let Context {
        kpis,
        plan,
        token,
        price,
        addresses,
    } = *context;
    let before = notes.len();
    let name = table.required("name").and_then(|found| found.text(notes));
    let called = name.as_ref().map_or_else(String::new, |name| name.value.to_owned());
    let beneficiary = table.optional("beneficiary");
    let beneficiary = beneficiary.and_then(|found| addresses.party(notes, found, false));
    let allocation = table.required("allocation");
    let written = allocation.as_ref().and_then(|found| found.value.as_str());
    let written = written.unwrap_or_default();
    let allocation = allocation.and_then(|found| token?.amount(found, notes));
    if let (Some(allocation), Some((min, max))) = (&allocation, plan.allocations)
        && !(min..=max).contains(&allocation.value)
    {
        let what = "the allocation is outside min_allocation and max_allocation of [limits]";
        allocation.wrong(notes, format!("{what}{}", amount::hint(written)));
    }
    let value = match table.optional("value") {
        Some(found) => value(found, price, notes),
        None => Some(0),
    };
    let time_weight = table
        .required("time_weight")
        .and_then(|found| found.share(notes, u16::MAX));
    let weights = table.required("weights");
    let weights = weights.and_then(|found| weights_of(found, kpis, &called, time_weight.as_ref(), notes));
    let first = table.optional("first_period");
    let states_periods = table.entries().contains_key("first_period") || table.entries().contains_key("periods");
    let first = match first {
        Some(found) => found.number(notes, u16::MAX),
        None => Some(table_default(&table, 0)),
    };
    let periods = match table.optional("periods") {
        Some(found) => found.number(notes, u16::MAX),
        None => rest(&table, first.as_ref(), plan.period_count),
    };
    if let (Some(first), Some(periods), Some(count)) = (&first, &periods, plan.period_count)
        && states_periods
        && (periods.value == 0 || first.value.checked_add(periods.value).is_none_or(|end| end > count))
    {
        let place = if table.entries().contains_key("periods") {
            periods
        } else {
            first
        };
        let what = format!("expected at least one period, and all within the plan's {count}");
        place.wrong(notes, what);
    }
    let cliff: Option<Found<u16>> = table.required("cliff").and_then(|found| found.number(notes, u16::MAX));
    let (at, header) = (table.at, table.name.clone());
    if let (Some(cliff), Some(periods)) = (&cliff, &periods)
        && cliff.value > periods.value
    {
        let what = format!("the cliff of {called:?} lies beyond its {} periods", periods.value);
        notes.add(at, &cliff.field, what);
    }
    let revocable = table.required("revocable").and_then(|found| found.boolean(notes));
    let transferable = table.required("transferable").and_then(|found| found.boolean(notes));
    table.finish(notes);
    if notes.len() > before {
        return None;
    }
    let grant = NamedGrant {
        name: called,
        beneficiary: beneficiary.map(|found| found.value),
        terms: GrantTerms {
            allocation: allocation?.value,
            unit_allocation: value?,
            first_period: first?.value,
            periods: periods?.value,
            cliff_periods: cliff?.value,
            time_weight: time_weight?.value,
            kpi_weights: weights?,
            revocable: revocable?,
            transferable: transferable?,
        },
    };
    Some(ReadGrant { at, header, grant })
}

/// What full scores in every period are worth, in the smallest part of the unit of account. Zero is none.
fn value(found: Found<&DeValue>, price: Option<&ReadPrice>, notes: &mut Notes) -> Option<u64> {
    let Some(price) = price else {
        let what = "the plan has no price: expected [price], or an `allocation` alone";
        found.wrong(notes, what);
        return None;
    };
    let found = found.text(notes)?;
    let expected = "expected an amount of the unit of account, like \"30_000\"";
    // Amounts mean nothing without their decimals.
    let wrong = match amount::parse(found.value, price.unit_decimals?) {
        Ok(amount) if amount > 0 => return Some(amount),
        Ok(_) | Err(amount::AmountError::NotANumber) => format!("{:?}: {expected}", found.value),
        Err(error) => format!("{:?} {error}", found.value),
    };
    found.wrong(notes, wrong);
    None
}

/// A number that the table leaves out.
fn table_default(table: &Section, value: u16) -> Found<u16> {
    Found {
        value,
        at: table.at,
        field: table.name.clone(),
    }
}

/// All periods from the first one on.
fn rest(table: &Section, first: Option<&Found<u16>>, count: Option<u16>) -> Option<Found<u16>> {
    let left = count?.saturating_sub(first?.value);
    Some(table_default(table, left))
}

/// The weights of all KPIs in their order.
fn weights_of(
    found: Found<&DeValue>,
    kpis: &[ReadKpi],
    called: &str,
    time_weight: Option<&Found<u16>>,
    notes: &mut Notes,
) -> Option<Vec<u16>> {
    let Some(table) = found.value.as_table() else {
        found.wrong(
            notes,
            "expected weights by KPI, like { \"team satisfaction\" = 10_000 }",
        );
        return None;
    };
    let mut weights = vec![0; kpis.len()];
    let mut complete = true;
    for (key, value) in table {
        let name = key.get_ref();
        let weight = Found {
            value: value.get_ref(),
            at: value.span().start,
            field: format!("{}.{:?}", found.field, name),
        };
        let weight = weight.share::<u16>(notes, u16::MAX);
        let position = kpis.iter().position(|kpi| kpi.name.as_deref() == Some(name));
        if position
            .and_then(|position| kpis.get(position))
            .is_some_and(|kpi| kpi.is_price)
        {
            let what = format!("{name:?} is the price, which has no score; expected weights on other KPIs");
            found.wrong(notes, what);
            complete = false;
            continue;
        }
        match (position.and_then(|position| weights.get_mut(position)), weight) {
            (Some(slot), Some(weight)) => *slot = weight.value,
            (Some(_), None) => complete = false,
            (None, _) => {
                complete = false;
                // A KPI without a readable name was noted already.
                if kpis.iter().all(|kpi| kpi.name.is_some()) {
                    found.wrong(notes, format!("there is no KPI named {name:?}"));
                }
            }
        }
    }
    let time_weight = time_weight?.value;
    if !complete {
        return None;
    }
    if credit::check_weights(time_weight, &weights).is_err() {
        let what = format!("weights and time_weight of {called:?} must sum to {FULL_SCORE}");
        found.wrong(notes, what);
        return None;
    }
    Some(weights)
}

/// Asks the program about each grant, and notes what it would refuse.
pub(super) fn judge(grants: &[ReadGrant], plan: &Plan, now: i64, notes: &mut Notes) -> Vec<Grant> {
    let mut states = Vec::new();
    for (index, read) in (0u32..).zip(grants) {
        let args = read.grant.terms.args(index, &read.grant.beneficiary_or_stand_in());
        match terms::grant(plan, &args, now) {
            Ok(state) => states.push(state),
            // The number of grants is noted once for all of them.
            Err(_) if index >= plan.max_grants => {}
            Err(error) => notes.add(read.at, &read.header, terms::message(&error)),
        }
    }
    states
}
