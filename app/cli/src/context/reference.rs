//! How plans, grants and KPIs are named on the command line.

use {
    crate::fault::Fault,
    earnout::state::{Kpi, Plan},
    earnout_sdk::{
        report::projection::{self, PeriodTimes},
        text::names,
        wire::{accounts, pda},
    },
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeSet, fmt, ops::RangeInclusive, str::FromStr},
};

/// A plan: `ADDRESS`, or `CREATOR/ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanRef {
    address: Pubkey,
}

impl PlanRef {
    pub fn address(&self) -> Pubkey {
        self.address
    }
}

impl FromStr for PlanRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = match text.split_once('/') {
            None => key(text).map_err(|why| format!("{why}, or CREATOR/ID"))?,
            Some((creator, id)) => {
                let id = id.parse();
                let id = id.map_err(|_| format!("`{text}` names no plan: expected CREATOR/ID with a number as ID"))?;
                pda::plan(&key(creator)?, id)
            }
        };
        Ok(Self { address })
    }
}

/// A grant: `ADDRESS`, or `PLAN/INDEX` with a plan in either form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantRef {
    /// Its address; the account says of which plan.
    Address(Pubkey),
    /// By number.
    OfPlan(PlanRef, u32),
}

impl GrantRef {
    pub fn address(&self) -> Pubkey {
        match self {
            Self::Address(address) => *address,
            Self::OfPlan(plan, index) => pda::grant(&plan.address, *index),
        }
    }
}

impl FromStr for GrantRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((plan, index)) = text.rsplit_once('/') else {
            return match text.parse::<u32>() {
                Ok(number) => Err(format!(
                    "`{text}` is not a grant: expected its address, or PLAN/{number}"
                )),
                Err(_) => Ok(Self::Address(key(text).map_err(|why| format!("{why}, or PLAN/INDEX"))?)),
            };
        };
        let index = index.parse();
        let index =
            index.map_err(|_| format!("`{text}` names no grant: expected PLAN/INDEX with a number as INDEX"))?;
        Ok(Self::OfPlan(plan.parse()?, index))
    }
}

/// A grant, named beside the plan that it is of: its number, or as a [`GrantRef`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantBeside {
    /// By number.
    Number(u32),
    /// In a form that needs no plan beside it.
    Named(GrantRef),
}

impl GrantBeside {
    /// Which grant is meant beside the plan at `plan`.
    pub fn of(&self, plan: &Pubkey) -> GrantRef {
        match *self {
            Self::Number(number) => GrantRef::OfPlan(PlanRef { address: *plan }, number),
            Self::Named(grant) => grant,
        }
    }
}

impl FromStr for GrantBeside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => text.parse().map(Self::Named),
        }
    }
}

/// Grants of a plan by their numbers: `3,7-12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantList(Vec<RangeInclusive<u32>>);

impl GrantList {
    /// The numbers, each once.
    ///
    /// # Errors
    /// If `plan` has not made all of them.
    pub fn numbers(&self, plan: &Plan) -> Result<BTreeSet<u32>, Fault> {
        let made = plan.grant_counter;
        match self.0.iter().map(RangeInclusive::end).find(|last| **last >= made) {
            None => Ok(self.0.iter().flat_map(Clone::clone).collect()),
            Some(last) => Err(Fault::new(format!("the plan has no grant {last}"))
                .why(format!("it has made {made}, which are counted from 0"))
                .advice("`earnout grant list` shows its grants")),
        }
    }
}

impl FromStr for GrantList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let range = |part: &str| match part.split_once('-') {
            None => number(part).map(|one| one..=one),
            Some((first, last)) => Some(number(first)?..=number(last)?).filter(|range| !range.is_empty()),
        };
        let ranges = text.split(',').map(range).collect::<Option<_>>();
        let expected = || format!("`{text}` names no grants: expected their numbers, for example 3,7-12");
        ranges.map(Self).ok_or_else(expected)
    }
}

/// A KPI of a plan: its name, its number, counted from 0, or both, like `0 users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiRef(String);

impl KpiRef {
    /// The number of the KPI in `plan`.
    ///
    /// # Errors
    /// If the plan has no such KPI, or the text is the name of one and the number of another.
    pub fn number(&self, plan: &Plan) -> Result<u8, Fault> {
        let all: Vec<_> = plan.kpis().iter().map(kpi_name).collect();
        let number = names::kpi(&all, &self.0).and_then(|place| u8::try_from(place).map_err(|error| error.to_string()));
        number.map_err(|why| Fault::new(format!("the plan has no KPI `{}`", self.0)).why(why))
    }
}

impl FromStr for KpiRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.is_empty() {
            true => Err("the name or number of a KPI is needed".to_owned()),
            false => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for KpiRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The times of a period of `plan`.
///
/// # Errors
/// If the plan has no such period.
pub fn period_times(plan: &Plan, period: u16) -> Result<PeriodTimes, Fault> {
    match plan.period_count {
        count if period < count => Ok(projection::period_times(plan, period)?),
        count => Err(Fault::new(format!("the plan has no period {period}"))
            .why(format!("its periods are 0 to {}", count.saturating_sub(1)))),
    }
}

/// What `caller` is to a plan whose surplus it sends: after the last deadline that may be anybody.
pub fn caller_role(plan: &Plan, caller: &Pubkey) -> &'static str {
    match *caller == plan.authority {
        true => "authority",
        false => "caller",
    }
}

/// The name that a plan gives itself. It stands for nothing: two plans can have the same one.
pub fn plan_name(plan: &Plan) -> String {
    accounts::padded_text(&plan.name)
}

/// Where a plan says that its documents are; empty if it says nothing.
pub fn plan_uri(plan: &Plan) -> String {
    accounts::padded_text(&plan.uri)
}

/// The name of a KPI.
pub fn kpi_name(kpi: &Kpi) -> String {
    accounts::padded_text(&kpi.name)
}

fn key(text: &str) -> Result<Pubkey, String> {
    Pubkey::from_str(text).map_err(|_| format!("`{text}` is not an address: expected 32 bytes in base58"))
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn plans_and_grants_by_address_or_number() {
        let creator = Pubkey::new_unique();
        let plan = pda::plan(&creator, 7);
        let grant = pda::grant(&plan, 3);
        for text in [plan.to_string(), format!("{creator}/7")] {
            assert_eq!(text.parse::<PlanRef>().expect("a plan").address(), plan);
            let grant_text = format!("{text}/3");
            assert_eq!(grant_text.parse::<GrantRef>().expect("a grant").address(), grant);
        }
        let by_address: GrantRef = grant.to_string().parse().expect("a grant");
        assert_eq!(by_address.address(), grant);
        // Beside its plan a grant is named by its number alone, or in full, also one of another plan.
        let plan = Pubkey::new_unique();
        for (text, named) in [("3", pda::grant(&plan, 3)), (&grant.to_string(), grant)] {
            let beside: GrantBeside = text.parse().expect("a grant");
            assert_eq!(beside.of(&plan).address(), named, "{text}");
        }
        assert!(
            "three"
                .parse::<GrantBeside>()
                .is_err_and(|why| why.contains("PLAN/INDEX"))
        );
        // What stands elsewhere, in --grant and --grants, names no grant without its plan.
        for (text, expected) in [("3", "PLAN/3"), ("three", "PLAN/INDEX")] {
            let why = text.parse::<GrantRef>().expect_err("no grant");
            assert!(why.contains(expected), "{why}");
        }
        assert!("three".parse::<PlanRef>().is_err_and(|why| why.contains("CREATOR/ID")));
    }

    #[test]
    fn grants_by_number_and_range() {
        let mut plan = Plan::zeroed();
        plan.grant_counter = 10;
        let numbers = |text: &str| text.parse::<GrantList>().expect("grants").numbers(&plan);
        assert_eq!(numbers("3").expect("one"), [3].into());
        assert_eq!(numbers("8-9, 3,0-1,1-3").expect("some"), [0, 1, 2, 3, 8, 9].into());
        let error = numbers("3,7-12").expect_err("two too many").to_string();
        assert!(error.contains("no grant 12"), "{error}");
        for wrong in ["", "x", "1,", "3-", "5-4", "-3", "1-2-3", "4294967296"] {
            assert!(wrong.parse::<GrantList>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let key = Pubkey::new_unique();
        for wrong in [
            "",
            "abc",
            &format!("{key}/x"),
            &format!("{key}/1/2"),
            &format!("{key}/"),
        ] {
            assert!(wrong.parse::<PlanRef>().is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "abc",
            &format!("{key}/x"),
            &format!("{key}/1/2/3"),
            &format!("{key}/-1"),
        ] {
            assert!(wrong.parse::<GrantRef>().is_err(), "{wrong}");
        }
    }
}
