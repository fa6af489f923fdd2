// What the examples of the guide share: a plan with one KPI and one grant, as a chain would have it.

use {bytemuck::Zeroable, earnout::{events::*, instructions::{CreateGrantArgs, CreatePlanArgs}, state::{Attestation, Grant, KpiArgs, Plan, PlanStatus}}, earnout_sdk::{wire::{events::Event, pda}, terms::{self, plan_file::{Check, PlanFile}}, report::projection}, solana_program::pubkey::Pubkey, std::path::Path};

/// 1 January 2027, the day before the plan begins.
pub const NOW: i64 = 1_798_761_600;
pub const DAY: i64 = 86_400;

pub fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

/// The example with one KPI: four periods of 30 days, windows of a day.
fn file() -> PlanFile {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/one-kpi/plan.toml");
    PlanFile::read(Path::new(path), &Check::offline()).expect("a plan")
}

pub fn plan_args() -> CreatePlanArgs {
    CreatePlanArgs {
        oracles: vec![key(11), key(12), key(13)],
        arbiter: Some(key(14)),
        ..file().terms
    }
}

/// From 0 at nothing over 10,000 at 100 % to 15,000 at 150 %.
pub fn kpi_args() -> KpiArgs {
    file().kpis.remove(0)
}

/// 1,200 tokens of 6 decimals, 40 % of them for time served.
pub fn grant_args() -> CreateGrantArgs {
    CreateGrantArgs {
        grant_index: 0,
        beneficiary: key(9),
        allocation: 1_200_000_000,
        unit_allocation: 0,
        first_period: 0,
        periods: 4,
        cliff_periods: 0,
        time_weight: 4_000,
        kpi_weights: vec![6_000],
        revocable: true,
        transferable: false,
    }
}

pub fn address() -> Pubkey {
    pda::plan(&key(1), 1)
}

/// The active plan and its only grant.
pub fn plan_and_grant() -> Result<(Pubkey, Plan, Grant), anchor_lang::error::Error> {
    let mut plan = terms::draft(&key(1), &plan_args(), &[kpi_args()])?;
    let grant = terms::grant(&plan, &grant_args(), NOW)?;
    plan.status = PlanStatus::Active.to_byte();
    plan.grant_counter = 1;
    plan.open_grants = 1;
    for period in 0..4 {
        plan.unsettled_grants[period] = 1;
    }
    Ok((address(), plan, grant))
}

/// An attestation of period 0 that was agreed on and disputed.
pub fn disputed(plan: &Plan, value: i64) -> Attestation {
    let end = projection::period_times(plan, 0).map_or(0, |times| times.end);
    let mut attestation = Attestation::zeroed();
    attestation.plan = address();
    (attestation.oracle_count, attestation.threshold) = (3, 2);
    attestation.voted = 0b011;
    (attestation.values[0], attestation.values[1]) = (value, value);
    attestation.resolved_at = end + 3_600;
    attestation.disputed_at = end + 7_200;
    attestation
}

/// The plan is funded with 2,000, the grant made, and its first period settled by a value of 41.5.
pub fn events() -> Vec<Event> {
    let (plan, grant) = (address(), pda::grant(&address(), 0));
    let rent = Rent {
        payer: key(2),
        lamports: 0,
    };
    let end = NOW + 31 * DAY;
    let vote = |sequence, oracle| ValueAttested {
        plan,
        time: end,
        sequence,
        kpi: 0,
        period: 0,
        oracle: key(oracle),
        value: 415,
        evidence: [0xE5; 32],
        rent: (oracle == 11).then_some(rent),
        resolved: oracle == 12,
    };
    vec![
        Event::PlanCreated(Box::new(PlanCreated {
            plan,
            time: NOW,
            sequence: 1,
            creator: key(1),
            rent,
            vault_rent: 0,
            mint: key(3),
            token_program: key(5),
            vault: pda::vault(&plan),
            treasury: key(4),
            treasury_owner: key(4),
            terms: plan_args(),
        })),
        Event::KpiAdded(Box::new(KpiAdded {
            plan,
            time: NOW,
            sequence: 2,
            kpi: 0,
            terms: kpi_args(),
        })),
        Event::PlanActivated(Box::new(PlanActivated {
            plan,
            time: NOW,
            sequence: 3,
            last_deadline: NOW + 124 * DAY,
            unit_exponent: 0,
        })),
        Event::PlanFunded(Box::new(PlanFunded {
            plan,
            time: NOW,
            sequence: 4,
            funder: key(1),
            amount: 2_000_000_000,
            received: 2_000_000_000,
            vault_balance: 2_000_000_000,
        })),
        Event::GrantCreated(Box::new(GrantCreated {
            plan,
            time: NOW,
            sequence: 5,
            grant,
            rent,
            terms: grant_args(),
            max_credit: 130_000_000,
            reserved: 1_560_000_000,
            plan_reserved: 1_560_000_000,
            vault_balance: 2_000_000_000,
        })),
        Event::ValueAttested(Box::new(vote(6, 11))),
        Event::ValueAttested(Box::new(vote(7, 12))),
        Event::GrantSettled(Box::new(GrantSettled {
            plan,
            time: end + 2 * DAY,
            sequence: 8,
            grant,
            period: 0,
            scores: vec![4_150],
            price: None,
            tranche: 300_000_000,
            earned: 194_700_000,
            unearned: 105_300_000,
            carry: 0,
            pooled: 0,
            kpi_amount: 74_700_000,
            reserved: 1_170_000_000,
            rent: None,
            plan_reserved: 1_170_000_000,
            plan_owed: 194_700_000,
            plan_pooled: 0,
        })),
    ]
}
