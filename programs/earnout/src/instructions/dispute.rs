//! Disputes a value, or that nobody reported one.

use crate::{
    error::EarnoutError,
    events::{self, Rent, ValueDisputed},
    prelude::*,
    state::{
        Attestation, AttestationKey, DISPUTE_BARRED, Disputer, Grant, LoadKnown, PageGrants, PageKey, PageMut, Plan,
        Scope, page,
    },
};

/// What is disputed and why.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period.
    pub period: u16,
    /// For an individual KPI the grants of whose values or silence this is.
    pub grants: Option<PageGrants>,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
}

/// Accounts of `dispute`.
#[event_cpi]
#[derive(Accounts)]
pub struct Dispute<'info> {
    /// Pays the rent of the attestation or page if no oracle ever voted.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The plan's authority, or the beneficiary of `grant`.
    pub disputer: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The disputing beneficiary's grant. None if the authority disputes; with it the authority's dispute of an
    /// individual KPI is of this grant alone, and takes no account of what its beneficiary voted.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: Option<AccountLoader<'info, Grant>>,
    /// CHECK: the attestation of a shared KPI for the period, the page of an individual one with the grants, by its
    /// stored fields, or its canonical address, empty; checked in the handler.
    #[account(mut)]
    pub evaluation: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::dispute`].
pub fn handle_dispute(ctx: Context<Dispute>, args: DisputeArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        let end = plan.calendar()?.period_end(args.period).ours()?;
        let deadline = plan.windows().attest_deadline(end).ours()?;
        require!(plan.is_needed(args.period), EarnoutError::NothingToEvaluate);
        let scope = plan.kpi(args.kpi)?.scope()?;
        require!(
            args.grants.is_some() == (scope == Scope::Individual),
            EarnoutError::WrongSubject
        );
        let grant = check_disputer(accounts, plan, &args)?;

        // Effect.
        if let (Some(_), Some(loader)) = (&grant, &accounts.grant) {
            loader.load_known_mut()?.note_dispute(now, plan.ruling_secs)?;
        }
        let by = Disputed {
            plan: &accounts.plan.key(),
            grant,
            end,
            deadline,
            now,
        };
        let (grants, lamports) = match args.grants {
            None => (None, dispute_attestation(accounts, plan, &args, &by)?),
            Some(grants) => {
                let (disputed, lamports) = dispute_page(accounts, plan, &args, grants, &by)?;
                (Some(disputed), lamports)
            }
        };
        ValueDisputed {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            grants,
            disputer: accounts.disputer.key(),
            grant,
            reason_hash: args.reason_hash,
            rent: lamports.map(|lamports| Rent {
                payer: accounts.payer.key(),
                lamports,
            }),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}

/// The grant for which a beneficiary disputes.
///
/// Errors: `WrongSubject`, `NotEntitled`, `NothingToEvaluate`, `DisputeBarred`.
fn check_disputer(accounts: &Dispute, plan: &Plan, args: &DisputeArgs) -> Result<Option<Pubkey>> {
    let by_authority = accounts.disputer.key() == plan.authority;
    let Some(loader) = &accounts.grant else {
        require!(by_authority, EarnoutError::NotEntitled);
        return Ok(None);
    };
    let grant = loader.load_known()?;
    let is_meant = args.grants.is_none_or(|grants| grants == PageGrants::one(grant.index));
    require!(
        is_meant && grant.is_paid_by(plan, args.kpi) && grant.covers(args.period),
        EarnoutError::WrongSubject
    );
    require!(!grant.has_settled(args.period), EarnoutError::NothingToEvaluate);
    if by_authority {
        return Ok(None);
    }
    let can_earn = grant.can_earn_in(args.period)?;
    require!(
        accounts.disputer.key() == grant.beneficiary && can_earn,
        EarnoutError::NotEntitled
    );
    require!(!grant.has(DISPUTE_BARRED), EarnoutError::DisputeBarred);
    Ok(Some(loader.key()))
}

/// A dispute, and the times that matter.
struct Disputed<'a> {
    plan: &'a Pubkey,
    grant: Option<Pubkey>,
    /// End of the period.
    end: i64,
    /// End of the voting window.
    deadline: i64,
    now: i64,
}

/// Writes the dispute into the attestation of a shared KPI. Returns the lamports that the payer paid for it.
///
/// Errors: `WrongAttestation`, `AlreadyDisputed`, `NotDisputable`, `ChallengeClosed`.
#[inline(never)]
fn dispute_attestation(accounts: &Dispute, plan: &mut Plan, args: &DisputeArgs, by: &Disputed) -> Result<Option<u64>> {
    let key = AttestationKey {
        plan: by.plan,
        kpi: args.kpi,
        period: args.period,
    };
    let (mut attestation, is_new) = Attestation::obtain(&accounts.payer, &accounts.evaluation, &key, plan)?;
    attestation.standing()?.check_dispute(plan, by.deadline, by.now)?;
    attestation.dispute(accounts.disputer.key(), by.grant, args.reason_hash, by.now);
    Ok(is_new.then_some(attestation.rent_paid))
}

/// Writes the dispute of `grants` into their page, but for those that are disputed already. Returns which it wrote, and
/// the lamports that the payer paid for the page.
///
/// Errors: `WrongPage`; `WrongGrants` if the page has not all of them; `AlreadyDisputed` if all of them are;
/// `NotDisputable`, `ChallengeClosed` if one of the others is.
#[inline(never)]
fn dispute_page(
    accounts: &Dispute,
    plan: &mut Plan,
    args: &DisputeArgs,
    grants: PageGrants,
    by: &Disputed,
) -> Result<(PageGrants, Option<u64>)> {
    let (number, slots) = grants.slots().ok_or(EarnoutError::WrongGrants)?;
    let key = PageKey {
        plan: by.plan,
        kpi: args.kpi,
        period: args.period,
        page: number,
    };
    let rent = key.obtain(&accounts.payer, &accounts.evaluation, plan, by.end)?;
    let mut data = page::borrow_mut(&accounts.evaluation)?;
    let mut page = PageMut::of(&mut data, &key)?;
    let disputer = if by.grant.is_some() {
        Disputer::Beneficiary
    } else {
        Disputer::Authority
    };
    let mut disputed = 0;
    for slot in page::slots_of(slots) {
        let mut standing = page.view().entry(slot)?.1;
        if let Some(loader) = &accounts.grant {
            standing = page.view().tally(slot, &loader.load_known()?.beneficiary)?.standing;
        }
        if standing.disputed_at.is_none() {
            standing.check_dispute(plan, by.deadline, by.now)?;
            page.dispute(slot, disputer, by.now)?;
            disputed |= page::bit(slot);
        }
    }
    require!(disputed != 0, EarnoutError::AlreadyDisputed);
    Ok((grants.from_slots(disputed), rent))
}
