//! Reads the value of a shared KPI for a period from a price feed on the chain.

use crate::{
    error::EarnoutError,
    events::{self, Rent, ValueObserved},
    prelude::*,
    price_update::{self, PriceUpdate},
    state::{Attestation, AttestationKey, LoadKnown, Plan},
};

/// What is to be read.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObserveArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period.
    pub period: u16,
}

/// Accounts of `observe`.
#[event_cpi]
#[derive(Accounts)]
pub struct Observe<'info> {
    /// Anyone. Pays the rent of the attestation if nobody has voted.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the attestation of this KPI and period by its stored fields, or its canonical address, empty; checked in
    /// the handler.
    #[account(mut)]
    pub attestation: UncheckedAccount<'info>,
    /// CHECK: owned by the receiver that the KPI names, and read by `PriceUpdate::of`; checked in the handler.
    pub price_update: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::observe`].
pub fn handle_observe(ctx: Context<Observe>, args: ObserveArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        let end = plan.check_voting(args.period, now)?;
        let kpi = plan.kpi(args.kpi)?;
        let feed = kpi.feed()?.ok_or(EarnoutError::NoFeed)?;
        require!(
            is_owned_by(&accounts.price_update, &feed.receiver.program()),
            EarnoutError::WrongPriceUpdate
        );
        let observation = {
            let data = accounts.price_update.try_borrow()?;
            let update = PriceUpdate::of(&data)?;
            update.observation(kpi, &feed, end, now, price_update::message(&data)?)?
        };

        // Effect.
        let key = AttestationKey {
            plan: &plan_key,
            kpi: args.kpi,
            period: args.period,
        };
        let (mut attestation, is_new) = Attestation::obtain(&accounts.payer, &accounts.attestation, &key, plan)?;
        let replaced = attestation.observation().map(|standing| standing.value);
        attestation.observe(&observation, end)?;
        ValueObserved {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            price_update: accounts.price_update.key(),
            replaced,
            value: observation.value,
            confidence_bps: observation.confidence_bps,
            published_at: observation.published.at,
            previous_at: observation.published.previous,
            evidence: observation.evidence,
            rent: is_new.then(|| Rent {
                payer: accounts.payer.key(),
                lamports: attestation.rent_paid,
            }),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
