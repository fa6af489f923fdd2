//! What events say about the plan itself.

use {
    super::{LedgerError, bump},
    crate::wire::events::Event,
    bytemuck::Zeroable,
    earnout::{
        address,
        constants::ACCOUNT_VERSION,
        events::PlanCreated,
        state::{OracleSet, Plan, PlanStatus},
    },
    solana_program::pubkey::Pubkey,
};

const NO_SUCH_SET: &str = "the program accepts no such oracles";

/// The plan that the event creates.
///
/// # Errors
/// If the program accepts no such oracles.
pub(super) fn created(event: &PlanCreated) -> Result<Plan, LedgerError> {
    let oracles = event.terms.oracle_set();
    let oracles = oracles.map_err(|_| LedgerError::contradiction(event.sequence, NO_SUCH_SET))?;
    let mut plan = Plan::zeroed();
    plan.version = ACCOUNT_VERSION;
    let plan_bump = bump(address::plan(&event.creator, event.terms.plan_id));
    let vault_bump = bump(address::vault(&event.plan));
    plan.begin(&event.terms, &oracles, &event.creator, plan_bump, vault_bump)
        .map_err(|_| LedgerError::contradiction(event.sequence, "the program makes no such plan"))?;
    (plan.mint, plan.token_program, plan.vault) = (event.mint, event.token_program, event.vault);
    (plan.treasury, plan.treasury_owner) = (event.treasury, event.treasury_owner);
    (plan.rent_payer, plan.rent_paid) = (event.rent.payer, event.rent.lamports);
    plan.vault_rent_paid = event.vault_rent;
    plan.event_sequence = event.sequence;
    Ok(plan)
}

/// Applies an event that changes terms and roles. Others say nothing more of the plan than their number.
///
/// # Errors
/// If it does not follow from the plan.
pub(super) fn apply(plan: &mut Plan, event: &Event) -> Result<(), LedgerError> {
    let contradicts = |what| LedgerError::contradiction(event.sequence(), what);
    match event {
        Event::KpiAdded(added) => {
            let number = plan.push_kpi(&added.terms);
            let number = number.map_err(|_| contradicts("the program accepts no such KPI"))?;
            if number != added.kpi {
                return Err(contradicts("the KPI is not the next one"));
            }
        }
        Event::PlanActivated(activated) => {
            plan.status = PlanStatus::Active.to_byte();
            plan.activated_at = activated.time;
            plan.unit_exponent = activated.unit_exponent;
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
            let set = OracleSet::new(&change.oracles, change.threshold, change.first_period);
            plan.next_oracles = set.map_err(|_| contradicts(NO_SUCH_SET))?;
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
        Event::UriSet(change) => {
            let old = plan.set_uri(&change.new);
            if old.ok().as_deref() != Some(change.old.as_str()) {
                return Err(contradicts("the documents were elsewhere"));
            }
        }
        _ => {}
    }
    Ok(())
}
