//! Decides a dispute.

use crate::{
    error::EarnoutError,
    events::{self, DisputeRuled},
    prelude::*,
    state::{
        Attestation, AttestationKey, Disputer, Grant, LoadKnown, PageGrants, PageKey, PageMut, Plan, Scope, account,
        page,
    },
};

/// A ruling and why.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period.
    pub period: u16,
    /// For an individual KPI the grants on whose values or silence this is the ruling.
    pub grants: Option<PageGrants>,
    /// The value that counts, fixed point with the KPI's decimals; none if the oracles' value or silence stands.
    pub value: Option<i64>,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
}

/// Accounts of `rule`. After them, in the order of their indices, the grants for which beneficiaries disputed.
#[event_cpi]
#[derive(Accounts)]
pub struct Rule<'info> {
    /// The plan's arbiter.
    pub arbiter: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = arbiter @ EarnoutError::WrongArbiter)]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the attestation of a shared KPI for the period, or the page of an individual one with the grants, by its
    /// stored fields; checked in the handler.
    #[account(mut)]
    pub evaluation: UncheckedAccount<'info>,
}

/// See [`crate::earnout::rule`].
pub fn handle_rule<'info>(ctx: Context<'info, Rule<'info>>, args: RuleArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let plan_key = accounts.plan.key();

        // Check.
        let kpi = plan.kpi(args.kpi)?;
        if let Some(value) = args.value {
            require!(kpi.accepts(value), EarnoutError::ValueOutOfRange);
        }
        require!(
            args.grants.is_some() == (kpi.scope()? == Scope::Individual),
            EarnoutError::WrongSubject
        );

        // Effect. Who disputed in vain for a grant does not delay the others again.
        let mut disputing = Disputing {
            plan: &plan_key,
            given: ctx.remaining_accounts.iter(),
            upheld: args.value.is_none(),
            keys: Vec::new(),
        };
        match &args.grants {
            None => rule_attestation(accounts, plan, &args, &mut disputing, now)?,
            Some(grants) => rule_page(accounts, plan, &args, grants, &mut disputing, now)?,
        }
        require!(disputing.given.next().is_none(), EarnoutError::WrongAccountCount);
        DisputeRuled {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            grants: args.grants,
            value: args.value,
            reason_hash: args.reason_hash,
            disputed_for: disputing.keys,
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}

/// Errors: `WrongAttestation`, `NotDisputed`, `AlreadyRuled`, `RulingClosed`, and those of [`Disputing::note`].
fn rule_attestation(accounts: &Rule, plan: &Plan, args: &RuleArgs, disputing: &mut Disputing, now: i64) -> Result<()> {
    let mut attestation = account::write::<Attestation>(&accounts.evaluation, EarnoutError::WrongAttestation)?;
    let key = AttestationKey {
        plan: disputing.plan,
        kpi: args.kpi,
        period: args.period,
    };
    require!(attestation.is(&key), EarnoutError::WrongAttestation);
    attestation.standing()?.check_ruling(plan, now)?;
    let grant = attestation.disputer_grant;
    if grant != Pubkey::default() {
        disputing.note(|key, _| *key == grant)?;
    }
    attestation.rule(args.value, args.reason_hash, now);
    Ok(())
}

/// Errors: `WrongPage`, `WrongGrants` if the page has not all of them; `NotDisputed`, `AlreadyRuled`, `RulingClosed` if
/// one of them is; and those of [`Disputing::note`].
fn rule_page(
    accounts: &Rule,
    plan: &Plan,
    args: &RuleArgs,
    grants: &PageGrants,
    disputing: &mut Disputing,
    now: i64,
) -> Result<()> {
    let (number, slots) = grants.slots().ok_or(EarnoutError::WrongGrants)?;
    let key = PageKey {
        plan: disputing.plan,
        kpi: args.kpi,
        period: args.period,
        page: number,
    };
    let mut data = page::borrow_mut(&accounts.evaluation)?;
    let mut page = PageMut::of(&mut data, &key)?;
    for slot in page::slots_of(slots) {
        let (disputer, standing) = page.view().entry(slot)?;
        standing.check_ruling(plan, now)?;
        if disputer == Disputer::Beneficiary {
            disputing.note(|_, grant| page::place(grant.index) == (number, slot))?;
        }
        page.rule(slot, args.value)?;
    }
    Ok(())
}

/// The grants for which beneficiaries disputed.
struct Disputing<'a, 'info> {
    plan: &'a Pubkey,
    given: std::slice::Iter<'info, AccountInfo<'info>>,
    upheld: bool,
    keys: Vec<Pubkey>,
}

impl Disputing<'_, '_> {
    /// Notes the ruling in the next grant that was given.
    ///
    /// Errors: `WrongAccountCount` if there is none; `WrongGrant` if it is another one.
    fn note(&mut self, is_meant: impl FnOnce(&Pubkey, &Grant) -> bool) -> Result<()> {
        let info = self.given.next().ok_or(EarnoutError::WrongAccountCount)?;
        let mut grant = account::write::<Grant>(info, EarnoutError::WrongGrant)?;
        let key = info.key();
        require!(
            grant.plan == *self.plan && is_meant(&key, &grant),
            EarnoutError::WrongGrant
        );
        grant.note_ruling(self.upheld);
        self.keys.push(key);
        Ok(())
    }
}
