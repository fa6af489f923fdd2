//! What events say about the plan itself.

use {
    super::{LedgerError, bump},
    crate::events::Event,
    bytemuck::Zeroable,
    earnout::{
        address,
        events::PlanCreated,
        state::{Kpi, OracleSet, Plan, PlanStatus},
    },
    solana_program::pubkey::Pubkey,
};

/// The plan that the event creates.
pub(super) fn created(event: &PlanCreated) -> Plan {
    let mut plan = Plan::zeroed();
    let terms = &event.terms;
    plan.version = 1;
    plan.bump = bump(address::plan(&event.creator, terms.plan_id));
    plan.vault_bump = bump(address::vault(&event.plan));
    (plan.cadence_kind, plan.cadence_length) = terms.cadence.to_stored();
    plan.combination = terms.combination.to_byte();
    plan.unearned_policy = terms.unearned_policy.to_byte();
    plan.release = terms.release.to_byte();
    plan.token_flags = terms.token_flags;
    plan.period_count = terms.period_count;
    plan.plan_id = terms.plan_id;
    plan.start_ts = terms.start_ts;
    plan.enrolment_end = terms.enrolment_end;
    plan.attest_secs = terms.attest_secs;
    plan.challenge_secs = terms.challenge_secs;
    plan.ruling_secs = terms.ruling_secs;
    plan.notice_secs = terms.notice_secs;
    plan.bonus_cap_bps = terms.bonus_cap_bps;
    plan.max_fee_bps = terms.max_fee_bps;
    plan.min_allocation = terms.min_allocation;
    plan.max_allocation = terms.max_allocation;
    plan.max_grants = terms.max_grants;
    (plan.creator, plan.authority) = (event.creator, event.creator);
    plan.arbiter = terms.arbiter.unwrap_or_default();
    (plan.mint, plan.token_program, plan.vault) = (event.mint, event.token_program, event.vault);
    (plan.treasury, plan.treasury_owner) = (event.treasury, event.treasury_owner);
    (plan.rent_payer, plan.rent_paid) = (event.rent.payer, event.rent.lamports);
    plan.vault_rent_paid = event.vault_rent;
    plan.oracles = oracle_set(&terms.oracles, terms.threshold, 0);
    plan
}

/// Applies an event that changes nothing but terms and roles.
///
/// # Errors
/// If it does not follow from the plan.
pub(super) fn apply(plan: &mut Plan, event: &Event) -> Result<(), LedgerError> {
    let contradicts = |what| LedgerError::contradiction(event.sequence(), what);
    match event {
        Event::KpiAdded(added) => {
            let slot = plan.kpis.get_mut(usize::from(added.kpi));
            let slot = slot
                .filter(|_| added.kpi == plan.kpi_count)
                .ok_or(contradicts("the KPI is not the next one"))?;
            *slot = Kpi::new(&added.terms).map_err(|_| contradicts("the program accepts no such KPI"))?;
            plan.kpi_count = plan.kpi_count.saturating_add(1);
        }
        Event::PlanActivated(activated) => {
            plan.status = PlanStatus::Active.to_byte();
            plan.activated_at = activated.time;
        }
        Event::AuthorityProposed(change) => {
            if change.old != plan.pending_authority {
                return Err(contradicts("another authority was proposed"));
            }
            plan.pending_authority = change.new;
        }
        Event::AuthorityAccepted(change) => {
            if (change.old, change.new) != (plan.authority, plan.pending_authority) {
                return Err(contradicts("another authority was proposed"));
            }
            (plan.authority, plan.pending_authority) = (change.new, Pubkey::default());
            (plan.treasury, plan.treasury_owner) = (change.treasury, change.treasury_owner);
            plan.drop_pending_treasury();
            if !change.oracle_change {
                plan.next_oracles = OracleSet::empty();
            }
        }
        Event::OraclesProposed(change) => {
            // A change can follow another one only when that has taken the place of its predecessor.
            if plan.next_oracles.count > 0 {
                plan.oracles = plan.next_oracles;
            }
            plan.next_oracles = oracle_set(&change.oracles, change.threshold, change.first_period);
        }
        Event::OracleChangeCancelled(change) => {
            if change.first_period != plan.next_oracles.first_period {
                return Err(contradicts("another oracle set was announced"));
            }
            plan.next_oracles = OracleSet::empty();
        }
        Event::TreasurySet(change) => {
            plan.apply_treasury(change.time);
            if change.old != plan.treasury {
                return Err(contradicts("another treasury was in force"));
            }
            (plan.pending_treasury, plan.pending_treasury_owner) = (change.new, change.new_owner);
            plan.pending_treasury_at = change.effective_at;
        }
        _ => return Err(contradicts("it is not about the plan's terms")),
    }
    Ok(())
}

fn oracle_set(oracles: &[Pubkey], threshold: u8, first_period: u16) -> OracleSet {
    let mut set = OracleSet::empty();
    for (slot, oracle) in set.keys.iter_mut().zip(oracles) {
        *slot = *oracle;
    }
    set.count = u8::try_from(oracles.len()).unwrap_or(u8::MAX);
    set.threshold = threshold;
    set.first_period = first_period;
    set
}
