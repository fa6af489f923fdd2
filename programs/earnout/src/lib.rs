//! Earnout pays contributors in tokens for results.
//!
//! A project locks tokens in a vault, states in advance what will be measured and what each result is worth, and names
//! who may report the measurements. Each period the oracles attest the values; each contributor's share for that period
//! is computed from them by a rule nobody can change any more; the contributor claims it.
//!
//! Handlers run in one order: load, check, effect, interact, reload and compare, emit, invariant. A failed instruction
//! changes nothing. All amounts are base units of the plan's mint, all times Unix seconds, all scores and weights basis
//! points.

// Anchor's macros produce these.
#![allow(unexpected_cfgs, clippy::diverging_sub_expression)]
// A sum that does not fit is an error by name, not a panic.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use prelude::*;

#[warn(missing_docs)]
pub mod address;
pub mod constants;
pub mod error;
pub mod events;
#[cfg(target_os = "solana")]
mod fault;
pub mod instructions;
#[cfg(any(test, feature = "upstream-sbf"))]
mod int128;
pub mod prelude;
#[warn(missing_docs)]
pub mod price_update;
mod runtime;
#[warn(missing_docs)]
pub mod state;
#[warn(missing_docs)]
pub mod token;

#[cfg(feature = "upstream-sbf")]
use solana_compiler_builtins as _;

use {instructions::*, state::KpiArgs};

// Found in the deployed bytes by the tools that report weaknesses. What is not the same for everyone comes from the
// environment of the build (`build.rs`).
#[cfg(any(not(feature = "no-entrypoint"), feature = "anchor-runtime"))]
solana_security_txt::security_txt! {
    name: "Earnout",
    project_url: env!("EARNOUT_PROJECT_URL"),
    contacts: env!("EARNOUT_SECURITY_CONTACTS"),
    policy: "SECURITY.md in the sources: report privately, an answer within 7 days, published with its repair or after 90 days",
    preferred_languages: "en",
    source_revision: env!("EARNOUT_SOURCE_REVISION"),
    auditors: "None"
}

declare_id!("ECj2Ruz5U2PZTPGQzJr3YcGTSB4a7SVQegcLLzBxsAab");

// Anchor's own entry point reads the accounts of an event as of any instruction, at 430 units.
#[cfg(all(target_os = "solana", feature = "anchor-runtime"))]
mod anchor_entry {
    use earnout_frame::Identity;

    const IDENTITY: Identity = Identity {
        program: crate::ID,
        event_authority: crate::EVENT_AUTHORITY_AND_BUMP.0,
        describe: crate::error::describe,
    };
    earnout_frame::anchor_entrypoint!(IDENTITY, crate::entry);
}

/// Entry points.
#[program]
pub mod earnout {
    use super::*;

    /// Creates a plan as a draft, with its vault.
    ///
    /// Accounts: `payer` (signer, pays rent), `creator` (signer, first authority), `plan` and `vault` (created),
    /// `mint`, `treasury` (token account that will receive surplus), `token_program`, `system_program`.
    ///
    /// Requirements:
    /// - the mint belongs to the token program and has only extensions of the allow-list; a freeze authority, a
    ///   transfer fee and a transfer hook need the plan's flag;
    /// - the treasury is a token account of the mint, no vault, and not owned by the plan;
    /// - 1 to 8 different oracles, the threshold more than half of them;
    /// - the name and the unit of account fit, and the unit has at most 9 decimals;
    /// - authority, arbiter and oracles are different keys.
    ///
    /// Emits `PlanCreated`. Errors: `WrongTokenProgram`, `WrongMint`, `ExtensionNotAllowed`, `TransferFeeNotAllowed`,
    /// `TransferHookNotAllowed`, `FreezeAuthorityNotAllowed`, `BadTokenFlags`, `WrongTreasury`, `BadOracleSet`,
    /// `BadThreshold`, `RolesNotSeparate`, `AccountExists`, `BadName`, `BadUnit`, `TooManyDecimals`.
    pub fn create_plan(ctx: Context<CreatePlan>, args: CreatePlanArgs) -> Result<()> {
        handle_create_plan(ctx, args)
    }

    /// Adds a KPI to a draft.
    ///
    /// Accounts: `authority` (signer), `plan`.
    ///
    /// Requirements: the plan is a draft with fewer than 16 KPIs and none of this name; name and unit fit; the range
    /// and the curve are well-formed; the score under silence is at most 10,000. The price is shared, always above
    /// zero, has a default in its range and no curve, and the plan has a unit of account and no other price. A feed is
    /// of a shared KPI, and its updates come within the oracles' window.
    ///
    /// Emits `KpiAdded`. Errors: `WrongAuthority`, `PlanNotDraft`, `TooManyKpis`, `DuplicateKpi`, `BadName`, `BadUnit`,
    /// `TooManyDecimals`, `BadRange`, `BadCurve`, `DefaultScoreTooHigh`, `BadPrice`, `BadFeed`.
    pub fn add_kpi(ctx: Context<AddKpi>, args: KpiArgs) -> Result<()> {
        handle_add_kpi(ctx, args)
    }

    /// Freezes the terms of a draft: from here on nobody can change KPIs, curves, calendar, windows, policies or caps.
    ///
    /// Accounts: `authority` (signer), `plan`, `mint`.
    ///
    /// Requirements: at least one KPI; the calendar starts in the future; every window is within its limits; all
    /// boundaries and deadlines can be computed; the mint is still acceptable; a plan with a unit of account has a
    /// price, and the decimals of mint, price and unit differ by at most 18 digits.
    ///
    /// Emits `PlanActivated`. Errors: `WrongAuthority`, `WrongMint`, `PlanNotDraft`, `NoKpi`, `BadStart`,
    /// `BadCalendar`, `BadWindow`, `BadCaps`, `BadPrice`, `RolesNotSeparate`, `ExtensionNotAllowed`,
    /// `TransferFeeNotAllowed`, `TransferHookNotAllowed`, `FreezeAuthorityNotAllowed`.
    pub fn activate_plan(ctx: Context<ActivatePlan>) -> Result<()> {
        handle_activate_plan(ctx)
    }

    /// Moves `amount` base units from the funder's token account into the vault. Until grants reserve them they are
    /// surplus, which the authority can withdraw: fund and grant in one transaction.
    ///
    /// Accounts: `funder` (signer), `plan`, `source`, `vault`, `mint`, `token_program`; then what the mint's transfer
    /// hook asks for.
    ///
    /// Requirements: the amount is not zero; the plan is active, or a draft that its start lets activate; the source is
    /// another token account of the mint; the mint is still acceptable.
    ///
    /// Emits `PlanFunded`. Errors: `ZeroAmount`, `PlanNotActive`, `BadStart`, `WrongVault`, `WrongMint`,
    /// `WrongTokenProgram`, `WrongSource`, `ExtensionNotAllowed`, `TransferFeeNotAllowed`, `TransferHookNotAllowed`,
    /// `FreezeAuthorityNotAllowed`, `TransferMismatch`.
    pub fn fund<'info>(ctx: Context<'info, Fund<'info>>, amount: u64) -> Result<()> {
        handle_fund(ctx, amount)
    }

    /// Sends `amount` base units of surplus, or all of it, to the treasury. Once the plan is over (after its last
    /// deadline, or a draft after its start) anyone can send it to the associated account of the treasury's owner.
    ///
    /// Accounts: `caller` (signer), `plan`, `vault`, `destination`, `mint`, `token_program`, `memo_program` (for a
    /// destination that asks for memos); then what the mint's transfer hook asks for.
    ///
    /// Requirements: the caller is the authority or the plan is over; the destination is the treasury (for
    /// others the associated account of its owner), still owned by that owner; the amount is not zero and within the
    /// surplus; for anyone but the authority the transfer fee is as for `claim`.
    ///
    /// Emits `SurplusWithdrawn`. Errors: `WrongAuthority`, `WrongTreasury`, `WrongVault`, `WrongMint`,
    /// `WrongTokenProgram`, `ZeroAmount`, `InsufficientSurplus`, `WrongMemoProgram`, `TransferMismatch`, `FeeTooHigh`,
    /// `FeeOnCrumbs`.
    pub fn withdraw_surplus<'info>(ctx: Context<'info, WithdrawSurplus<'info>>, amount: Option<u64>) -> Result<()> {
        handle_withdraw_surplus(ctx, amount)
    }

    /// Makes a grant. Its largest possible payout is reserved at once.
    ///
    /// Accounts: `payer` (signer, pays rent), `authority` (signer), `plan`, `grant` (created), `vault`, `mint`,
    /// `system_program`.
    ///
    /// Requirements: the plan is active and enrols; the index is its next one; the allocation and the number of grants
    /// are within its caps; the periods lie within the calendar and the first has not begun; the weights sum to 10,000,
    /// none of them on the price; a grant in a unit of account has a price; the beneficiary is not the arbiter; the
    /// vault's surplus covers the reserve.
    ///
    /// Emits `GrantCreated`. Errors: `PlanNotActive`, `WrongAuthority`, `WrongVault`, `WrongMint`, `WrongGrantIndex`,
    /// `TooManyGrants`, `EnrolmentEnded`, `AllocationOutOfLimits`, `BadGrantPeriods`, `PeriodBegun`, `BadWeights`,
    /// `NoPrice`, `BadBeneficiary`, `ReserveTooLarge`, `InsufficientFunds`, `ExtensionNotAllowed`,
    /// `TransferFeeNotAllowed`, `TransferHookNotAllowed`, `FreezeAuthorityNotAllowed`.
    pub fn create_grant(ctx: Context<CreateGrant>, args: CreateGrantArgs) -> Result<()> {
        handle_create_grant(ctx, args)
    }

    /// Records an oracle's vote on a shared KPI. Votes may be changed until enough of them agree, which resolves the
    /// value at once; who has not voted may still do so then, and changes nothing by it. Without agreement, at the
    /// end of the window, the best score counts that enough oracles reach, if it is at least
    /// the score under silence; else the worst that enough of them do not exceed, if it is at most that; else the KPI
    /// is silent.
    ///
    /// Accounts: `payer` (signer, pays rent for the first vote), `oracle` (signer), `plan`, `attestation` (created by
    /// the first vote), `system_program`.
    ///
    /// Requirements: the plan is active; the period has ended and its voting window is open; some grant still needs the
    /// value; the signer is an oracle of the set in force when the period began; the value is within the KPI's range.
    ///
    /// Emits `ValueAttested`. Errors: `PlanNotActive`, `UnknownKpi`, `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`,
    /// `NothingToEvaluate`, `ValueOutOfRange`, `WrongSubject`, `NotAnOracle`, `WrongAttestation`, `AlreadyResolved`.
    pub fn attest(ctx: Context<Attest>, args: AttestArgs) -> Result<()> {
        handle_attest(ctx, args)
    }

    /// Reads the value of a shared KPI from the price feed that it names. Of several updates the first one published at
    /// or after the end of the period counts, whoever shows it and when; it takes the place of the oracles' votes when
    /// their window ends, and can be disputed from then on. Open to anyone.
    ///
    /// Accounts: `payer` (signer, pays rent if nobody voted), `plan`, `attestation` (created if nobody voted),
    /// `price_update` (of the feed), `system_program`.
    ///
    /// Requirements: the plan is active; the period has ended and its voting window is open; some grant still needs the
    /// value; the update is of the KPI's receiver and feed, fully verified, certain enough, and published within the
    /// KPI's delay after the end of the period.
    ///
    /// Emits `ValueObserved`. Errors: `PlanNotActive`, `UnknownKpi`, `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`,
    /// `NothingToEvaluate`, `NoFeed`, `WrongPriceUpdate`, `PriceNotVerified`, `WrongFeed`, `UnusablePrice`,
    /// `PriceUncertain`, `PriceTooEarly`, `PriceTooLate`, `WrongAttestation`, `EarlierPriceStands`.
    pub fn observe(ctx: Context<Observe>, args: ObserveArgs) -> Result<()> {
        handle_observe(ctx, args)
    }

    /// Records an oracle's votes on an individual KPI for up to 64 consecutive grants of one page. For each grant by
    /// itself they count as those of `attest`. What an oracle votes on its own grant does not count: with such a vote
    /// nothing is resolved before the end of the window, unless enough others agreed before it came. So a changed vote
    /// is recorded even after enough oracles agreed, and changes nothing unless one of them was the beneficiary.
    ///
    /// Accounts: `payer` (signer, pays rent for the first vote), `oracle` (signer), `plan`, `page` (created by the
    /// first vote), `system_program`.
    ///
    /// Requirements: as for `attest`; the grants lie in one page and had been made when it was created; on one of them
    /// too few oracles have agreed, or the vote is new or changed.
    ///
    /// Emits `PageAttested`. Errors: `PlanNotActive`, `UnknownKpi`, `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`,
    /// `NothingToEvaluate`, `ValueOutOfRange`, `WrongSubject`, `NotAnOracle`, `WrongPage`, `WrongGrants`,
    /// `AlreadyResolved`.
    pub fn attest_page(ctx: Context<AttestPage>, args: AttestPageArgs) -> Result<()> {
        handle_attest_page(ctx, args)
    }

    /// Computes what a grant earned in its next period. Open to anyone.
    ///
    /// Accounts: `payer` (signer, pays rent for the pool of the period), `plan`, `grant`, `period` (under
    /// `Redistribute`, created by the first settlement), `system_program`; then, for a grant in another unit, the
    /// attestation of the price; then the attestation (of an individual KPI the page) of each KPI on which the grant
    /// has weight, in the order of the plan. In the place of each its empty address if nobody voted.
    ///
    /// Requirements: the period has ended; the value or silence of each of those KPIs is final; under `Redistribute`
    /// the bonus of the grant's last settled period is collected.
    ///
    /// Emits `GrantSettled`. Errors: `AllSettled`, `PeriodNotEnded`, `BonusNotCollected`, `WrongGrant`,
    /// `WrongAccountCount`, `WrongAttestation`, `WrongPage`, `NotFinal`, `WrongPeriod`.
    pub fn settle<'info>(ctx: Context<'info, Settle<'info>>) -> Result<()> {
        handle_settle(ctx)
    }

    /// Gives a grant its share, zero included, of the pool of the period it settled last. Open to anyone.
    ///
    /// Accounts: `plan`, `grant`, `period`.
    ///
    /// Requirements: the plan redistributes; the period's bonus is not collected; all grants of the period are settled.
    ///
    /// Emits `BonusCollected`. Errors: `WrongGrant`, `WrongPeriod`, `NoRedistribution`, `NothingToCollect`,
    /// `PeriodNotSettled`.
    pub fn collect_bonus(ctx: Context<CollectBonus>) -> Result<()> {
        handle_collect_bonus(ctx)
    }

    /// Pays `amount` base units of what has vested, or all of it. Open to anyone for all of it and towards the
    /// beneficiary's associated account; the beneficiary can claim a part and name another account. Of a mint with a
    /// transfer fee at least `min_received` base units must arrive.
    ///
    /// Accounts: `claimant` (signer), `plan`, `grant`, `vault`, `destination`, `mint`, `token_program`, `memo_program`
    /// (for a destination that asks for memos); then what the mint's transfer hook asks for.
    ///
    /// Requirements: something is claimable and the amount within it; the destination is a token account of the mint,
    /// no vault, and the right one for this claimant; the beneficiary has not reserved claiming for itself; for anyone
    /// else the transfer fee is within the plan's limit, and at least one base unit before it is rounded up.
    ///
    /// Emits `GrantClaimed`. Errors: `WrongGrant`, `WrongVault`, `WrongMint`, `WrongTokenProgram`, `WrongDestination`,
    /// `OnlyBeneficiary`, `ClaimLocked`, `NothingToClaim`, `ZeroAmount`, `AmountTooLarge`, `WrongMemoProgram`,
    /// `TransferMismatch`, `ReceivedTooLittle`, `FeeTooHigh`, `FeeOnCrumbs`.
    pub fn claim<'info>(ctx: Context<'info, Claim<'info>>, amount: Option<u64>, min_received: u64) -> Result<()> {
        handle_claim(ctx, amount, min_received)
    }

    /// Disputes a value that was resolved, or that nobody reported one. Once for each value; the authority can dispute
    /// those of several grants of a page at once, and leaves out which are disputed already.
    ///
    /// Accounts: `payer` (signer, pays rent if nobody ever voted), `disputer` (signer), `plan`, `grant` (the disputing
    /// beneficiary's), `evaluation` (the attestation of a shared KPI, the page of an individual one),
    /// `system_program`.
    ///
    /// Requirements: there is something to dispute and the challenge window is open; the disputer is the authority, or
    /// the beneficiary of a grant with weight on the KPI and a positive tranche in the period, unsettled, that has not
    /// disputed in vain before.
    ///
    /// Emits `ValueDisputed`. Errors: `PlanNotActive`, `UnknownPeriod`, `UnknownKpi`, `NothingToEvaluate`,
    /// `WrongGrant`, `WrongSubject`, `NotEntitled`, `DisputeBarred`, `WrongAttestation`, `WrongPage`, `WrongGrants`,
    /// `AlreadyDisputed`, `NotDisputable`, `ChallengeClosed`.
    pub fn dispute(ctx: Context<Dispute>, args: DisputeArgs) -> Result<()> {
        handle_dispute(ctx, args)
    }

    /// Decides a dispute: the value or the silence stands, or another value counts. A beneficiary whose dispute is
    /// decided against it cannot dispute again for that grant.
    ///
    /// Accounts: `arbiter` (signer), `plan`, `evaluation` (the attestation of a shared KPI, the page of an individual
    /// one); then the grants for which beneficiaries disputed, in the order of their indices.
    ///
    /// Requirements: it is disputed, not decided, and the ruling window is open; the value is within the KPI's range.
    ///
    /// Emits `DisputeRuled`. Errors: `WrongArbiter`, `UnknownKpi`, `ValueOutOfRange`, `WrongSubject`,
    /// `WrongAttestation`, `WrongPage`, `WrongGrants`, `NotDisputed`, `AlreadyRuled`, `RulingClosed`,
    /// `WrongAccountCount`, `WrongGrant`.
    pub fn rule<'info>(ctx: Context<'info, Rule<'info>>, args: RuleArgs) -> Result<()> {
        handle_rule(ctx, args)
    }

    /// Offers the plan to another authority, or takes the offer back.
    ///
    /// Accounts: `authority` (signer), `plan`.
    ///
    /// Requirements: the plan is not closed; the key is neither zero nor the arbiter nor an oracle.
    ///
    /// Emits `AuthorityProposed`. Errors: `WrongAuthority`, `PlanNotActive`, `BadKey`, `RolesNotSeparate`.
    pub fn propose_authority(ctx: Context<ProposeAuthority>, authority: Option<Pubkey>) -> Result<()> {
        handle_propose_authority(ctx, authority)
    }

    /// Takes over the plan. Everything that the old authority had announced and that is not in force yet is void.
    ///
    /// Accounts: `pending_authority` (signer), `plan`.
    ///
    /// Requirements: the signer was proposed and is neither arbiter nor oracle.
    ///
    /// Emits `AuthorityAccepted`. Errors: `WrongAuthority`, `PlanNotActive`, `RolesNotSeparate`.
    pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
        handle_accept_authority(ctx)
    }

    /// Announces the oracle set that votes from a later period on. It takes effect by time.
    ///
    /// Accounts: `authority` (signer), `plan`.
    ///
    /// Requirements: the plan is active; the set is well-formed and separate from authority and arbiter; its first
    /// period begins after the notice; no other change is announced, and the last one has replaced its predecessor.
    ///
    /// Emits `OraclesProposed`. Errors: `WrongAuthority`, `PlanNotActive`, `BadOracleSet`, `BadThreshold`,
    /// `RolesNotSeparate`, `UnknownPeriod`, `NoticeTooShort`, `OracleChangePending`.
    pub fn propose_oracles(ctx: Context<ProposeOracles>, args: ProposeOraclesArgs) -> Result<()> {
        handle_propose_oracles(ctx, args)
    }

    /// Takes back an announced oracle set before it begins.
    ///
    /// Accounts: `authority` (signer), `plan`.
    ///
    /// Requirements: a change is announced and has not begun.
    ///
    /// Emits `OracleChangeCancelled`. Errors: `WrongAuthority`, `NoOracleChange`.
    pub fn cancel_oracle_change(ctx: Context<CancelOracleChange>) -> Result<()> {
        handle_cancel_oracle_change(ctx)
    }

    /// Says where the plan's documents are: up to 96 bytes without white space, or nothing.
    ///
    /// Accounts: `authority` (signer), `plan`.
    ///
    /// Requirements: the address fits.
    ///
    /// Emits `UriSet`. Errors: `WrongAuthority`, `BadUri`.
    pub fn set_uri(ctx: Context<SetUri>, uri: String) -> Result<()> {
        handle_set_uri(ctx, uri)
    }

    /// Announces another treasury. It takes effect after the notice.
    ///
    /// Accounts: `authority` (signer), `plan`, `treasury`.
    ///
    /// Requirements: the plan is not closed; the treasury is a token account of the mint and no vault.
    ///
    /// Emits `TreasurySet`. Errors: `WrongAuthority`, `PlanNotActive`, `WrongTreasury`.
    pub fn set_treasury(ctx: Context<SetTreasury>) -> Result<()> {
        handle_set_treasury(ctx)
    }

    /// Offers the grant to another key, or takes the offer back.
    ///
    /// Accounts: `beneficiary` (signer), `plan`, `grant`.
    ///
    /// Requirements: the grant is transferable; the key can be a beneficiary.
    ///
    /// Emits `BeneficiaryProposed`. Errors: `WrongGrant`, `WrongBeneficiary`, `NotTransferable`, `BadBeneficiary`.
    pub fn propose_beneficiary(ctx: Context<ProposeBeneficiary>, beneficiary: Option<Pubkey>) -> Result<()> {
        handle_propose_beneficiary(ctx, beneficiary)
    }

    /// Takes over the grant. Claim lock and offer are cleared.
    ///
    /// Accounts: `pending_beneficiary` (signer), `plan`, `grant`.
    ///
    /// Requirements: the signer was proposed and can be a beneficiary; the grant is what it expects; no dispute raised
    /// for it is open; if the grant has weight on an individual KPI, neither the old nor the new beneficiary is an
    /// oracle in force, and every period past its last deadline is settled.
    ///
    /// Emits `BeneficiaryAccepted`. Errors: `WrongGrant`, `WrongBeneficiary`, `GrantChanged`, `DisputeOpen`,
    /// `BadBeneficiary`, `OwnGrant`, `SettleFirst`.
    pub fn accept_beneficiary(ctx: Context<AcceptBeneficiary>, args: AcceptBeneficiaryArgs) -> Result<()> {
        handle_accept_beneficiary(ctx, args)
    }

    /// Reserves claiming for the beneficiary, or opens it to anyone again.
    ///
    /// Accounts: `beneficiary` (signer), `plan`, `grant`.
    ///
    /// Requirements: the signer is the beneficiary.
    ///
    /// Emits `ClaimLockSet`. Errors: `WrongGrant`, `WrongBeneficiary`.
    pub fn set_claim_lock(ctx: Context<SetClaimLock>, locked: bool) -> Result<()> {
        handle_set_claim_lock(ctx, locked)
    }

    /// Ends a grant now. Ended periods stay; the running one is cut to the second; later ones are cancelled. Before the
    /// cliff all that it earns becomes surplus.
    ///
    /// Accounts: `authority` (signer), `plan`, `grant`.
    ///
    /// Requirements: the grant is revocable, was not ended before, and its last period is not over.
    ///
    /// Emits `GrantEnded`. Errors: `WrongAuthority`, `WrongGrant`, `NotRevocable`, `AlreadyEnded`, `GrantOver`.
    pub fn terminate_grant(ctx: Context<TerminateGrant>) -> Result<()> {
        handle_terminate_grant(ctx)
    }

    /// Ends a grant now by its beneficiary, with the same effect as `terminate_grant`.
    ///
    /// Accounts: `beneficiary` (signer), `plan`, `grant`.
    ///
    /// Requirements: the grant was not ended before and its last period is not over.
    ///
    /// Emits `GrantEnded`. Errors: `WrongBeneficiary`, `WrongGrant`, `AlreadyEnded`, `GrantOver`.
    pub fn resign_grant(ctx: Context<ResignGrant>) -> Result<()> {
        handle_resign_grant(ctx)
    }

    /// Closes an attestation that no grant needs any more. Rent returns to who paid it; lamports beyond that go to the
    /// treasury. Open to anyone.
    ///
    /// Accounts: `plan`, `attestation`, `rent_payer`, `treasury`.
    ///
    /// Requirements: no grant of the period is unsettled.
    ///
    /// Emits `AttestationClosed`. Errors: `WrongAttestation`, `WrongRentPayer`, `WrongTreasury`, `StillNeeded`.
    pub fn close_attestation(ctx: Context<CloseAttestation>) -> Result<()> {
        handle_close_attestation(ctx)
    }

    /// Closes a page that no grant needs any more. Rent returns to who paid it; lamports beyond that go to the
    /// treasury. Open to anyone.
    ///
    /// Accounts: `plan`, `page`, `rent_payer`, `treasury`.
    ///
    /// Requirements: no grant of the period is unsettled.
    ///
    /// Emits `PageClosed`. Errors: `WrongPage`, `WrongRentPayer`, `WrongTreasury`, `StillNeeded`.
    pub fn close_page(ctx: Context<ClosePage>) -> Result<()> {
        handle_close_page(ctx)
    }

    /// Closes the pool of a period. Rent returns to who paid it; lamports beyond that go to the treasury. Open
    /// to anyone.
    ///
    /// Accounts: `plan`, `period`, `rent_payer`, `treasury`.
    ///
    /// Requirements: every grant of the period has collected.
    ///
    /// Emits `PeriodClosed`. Errors: `WrongPeriod`, `WrongRentPayer`, `WrongTreasury`, `StillNeeded`.
    pub fn close_period(ctx: Context<ClosePeriod>) -> Result<()> {
        handle_close_period(ctx)
    }

    /// Closes a grant. Rent returns to who paid it; lamports beyond that go to the treasury. Open
    /// to anyone.
    ///
    /// Accounts: `plan`, `grant`, `rent_payer`, `treasury`.
    ///
    /// Requirements: it is settled, collected and claimed in full.
    ///
    /// Emits `GrantClosed`. Errors: `WrongGrant`, `WrongRentPayer`, `WrongTreasury`, `StillNeeded`.
    pub fn close_grant(ctx: Context<CloseGrant>) -> Result<()> {
        handle_close_grant(ctx)
    }

    /// Closes a plan and its vault; the surplus goes where `withdraw_surplus` sends it. A mark stays at the address for
    /// ever, so that it can never be used again.
    ///
    /// Accounts: `caller` (signer), `plan`, `vault`, `destination`, `rent_payer`, `mint`, `token_program`,
    /// `memo_program` (for a destination that asks for memos); then what the mint's transfer hook asks for.
    ///
    /// Requirements: nothing of the plan is open; the caller is the authority, or the plan is over (after its last
    /// deadline, or a draft after its start).
    ///
    /// Emits `PlanClosed`. Errors: `WrongPlan`, `WrongVault`, `WrongMint`, `WrongTokenProgram`, `WrongRentPayer`,
    /// `WrongAuthority`, `WrongTreasury`, `StillNeeded`, `WrongMemoProgram`, `TransferMismatch`, `FeeTooHigh`.
    pub fn close_plan<'info>(ctx: Context<'info, ClosePlan<'info>>) -> Result<()> {
        handle_close_plan(ctx)
    }

    /// Lets the transaction fail once the clock has passed `not_after`, Unix seconds, wherever it stands in it. So one
    /// that was signed in advance (with a durable nonce) or proposed (in a multisig) lapses.
    ///
    /// Accounts: none. Emits nothing. Errors: `TransactionExpired`.
    pub fn require_before(_ctx: Context<RequireBefore>, not_after: i64) -> Result<()> {
        handle_require_before(not_after)
    }
}
