//! What can go wrong, in the order in which the errors were introduced: codes are stable, new errors go to the end.

/// Declares the errors once: off the chain for Anchor, which makes the interface description and the clients' texts
/// from them; on it as numbers with a table of names and texts, which is read when an instruction has failed.
macro_rules! errors {
    ($(#[$doc:meta])* $name:ident { $(#[msg($text:tt $(,)?)] $variant:ident,)+ }) => {
        #[cfg(not(target_os = "solana"))]
        mod declared {
            use anchor_lang::prelude::*;

            $(#[$doc])*
            #[error_code]
            pub enum $name { $(#[msg($text)] $variant,)+ }
        }

        #[cfg(target_os = "solana")]
        mod declared {
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[repr(u32)]
            pub enum $name { $($variant,)+ }

            impl $name {
                pub(super) const TEXTS: &[(&str, &str)] = &[$((stringify!($variant), $text),)+];
            }
        }

        pub use declared::$name;
    };
}

errors! {
    /// Errors of the program; the first one has code 6000.
    EarnoutError {
        // 6000
        #[msg("An amount or a time does not fit its type. Use smaller amounts, or a nearer start.")]
        Overflow,
        #[msg("A stored byte has a value this release does not know. Use the release that wrote the account.")]
        CorruptAccount,
        #[msg("The program found its own books out of balance and stopped. Nothing was changed; please report this.")]
        InvariantViolated,
        #[msg("Something already exists at the address to be created.")]
        AccountExists,
        #[msg("The plan is not active. Terms must be activated first; a closed plan accepts nothing.")]
        PlanNotActive,
        // 6005
        #[msg("The plan is not a draft any more: its terms are frozen.")]
        PlanNotDraft,
        #[msg("The signer is not the plan's authority.")]
        WrongAuthority,
        #[msg("The mint is not the plan's, or no mint of the given token program.")]
        WrongMint,
        #[msg("The token program is not the plan's, or neither SPL Token nor Token-2022.")]
        WrongTokenProgram,
        #[msg("The account is not the plan's vault.")]
        WrongVault,
        // 6010
        #[msg("The account is not the plan's treasury, or the treasury changed its owner.")]
        WrongTreasury,
        #[msg("The grant belongs to another plan.")]
        WrongGrant,
        #[msg("The account is not the attestation of this KPI and period, nor its canonical empty address.")]
        WrongAttestation,
        #[msg("The account is not the pool of this period.")]
        WrongPeriod,
        #[msg("The destination is not a token account of the plan's mint that may receive this claim.")]
        WrongDestination,
        // 6015
        #[msg("The source is not a token account of the plan's mint and token program.")]
        WrongSource,
        #[msg("Authority, arbiter and oracles must be different keys.")]
        RolesNotSeparate,
        #[msg("The oracle set must have 1 to 8 different keys.")]
        BadOracleSet,
        #[msg("The threshold must be more than half of the oracles and at most all of them.")]
        BadThreshold,
        #[msg("The plan has no KPI. Add one before activation.")]
        NoKpi,
        // 6020
        #[msg("The plan has 16 KPIs already.")]
        TooManyKpis,
        #[msg("The plan has a KPI of this name already.")]
        DuplicateKpi,
        #[msg("The name must be 1 to 32 bytes of UTF-8 without hidden characters, and not begin or end with a space.")]
        BadName,
        #[msg("The unit must be at most 16 bytes of UTF-8 without hidden characters, and not begin or end with a space.")]
        BadUnit,
        #[msg("A KPI has at most 18 decimals.")]
        TooManyDecimals,
        // 6025
        #[msg("The smallest accepted value exceeds the largest.")]
        BadRange,
        #[msg("A curve needs 1 to 8 points with strictly rising values and scores of at most 20,000.")]
        BadCurve,
        #[msg("The score under silence must be at most 10,000.")]
        DefaultScoreTooHigh,
        #[msg(
            "The calendar must start in the future, at most five years ahead. Other drafts are neither activated nor funded."
        )]
        BadStart,
        #[msg("The calendar needs 1 to 120 periods of 10 minutes to 366 days, or of 1 to 12 months.")]
        BadCalendar,
        // 6030
        #[msg(
            "Every window must last 10 minutes to 90 days; the ruling at least as long as the challenge. Without an arbiter both must be 0."
        )]
        BadWindow,
        #[msg("The caps do not fit: check allocations, number of grants, bonus cap, fee cap and end of enrolment.")]
        BadCaps,
        #[msg("The plan does not know this token flag.")]
        BadTokenFlags,
        #[msg("The mint has an extension that is not on the allow-list, or one this release does not know.")]
        ExtensionNotAllowed,
        #[msg("The mint has a freeze authority, which could stop payouts. The plan must allow that explicitly.")]
        FreezeAuthorityNotAllowed,
        // 6035
        #[msg("The amount must not be zero.")]
        ZeroAmount,
        #[msg("The vault's surplus is smaller than the amount.")]
        InsufficientSurplus,
        #[msg("The vault cannot fund this grant in full. Fund the plan first.")]
        InsufficientFunds,
        #[msg("The grant's largest possible payout exceeds what a token amount can express.")]
        ReserveTooLarge,
        #[msg("The grant index is not the plan's next one. Read the plan again and retry.")]
        WrongGrantIndex,
        // 6040
        #[msg("The weights must sum to 10,000 and name only KPIs of the plan.")]
        BadWeights,
        #[msg("The allocation is outside the plan's limits.")]
        AllocationOutOfLimits,
        #[msg("The plan has made as many grants as it may.")]
        TooManyGrants,
        #[msg("Enrolment has ended.")]
        EnrolmentEnded,
        #[msg("The grant's periods are not within the calendar, or its cliff not within its periods.")]
        BadGrantPeriods,
        // 6045
        #[msg("The first period has begun already. Begin with a later one.")]
        PeriodBegun,
        #[msg("This key cannot be a beneficiary: it is the arbiter, the plan, its vault or no key at all.")]
        BadBeneficiary,
        #[msg("The plan has no KPI of this number.")]
        UnknownKpi,
        #[msg("The period is outside the calendar.")]
        UnknownPeriod,
        #[msg("The signer is not an oracle of this period's set.")]
        NotAnOracle,
        // 6050
        #[msg("Votes are accepted only after the period has ended.")]
        VotingNotOpen,
        #[msg("The voting window of this period is over.")]
        VotingClosed,
        #[msg("The value is outside the KPI's accepted range.")]
        ValueOutOfRange,
        #[msg("The value is resolved already: enough oracles agreed.")]
        AlreadyResolved,
        #[msg("A shared KPI is attested, disputed and ruled on for all; an individual one for named grants with weight on it.")]
        WrongSubject,
        // 6055
        #[msg("No unsettled grant covers this period.")]
        NothingToEvaluate,
        #[msg("An oracle can neither hand over nor take over a grant that is measured by itself: its own votes do not count.")]
        OwnGrant,
        #[msg("The period has not ended.")]
        PeriodNotEnded,
        #[msg("Not every KPI of the grant is final. Wait for the end of its windows.")]
        NotFinal,
        #[msg("The grant has settled all its periods.")]
        AllSettled,
        // 6060
        #[msg("The bonus of the grant's last settled period must be collected first.")]
        BonusNotCollected,
        #[msg("The accounts at the end are too few or too many: one for each KPI with weight, or for each grant that disputed.")]
        WrongAccountCount,
        #[msg("The plan does not redistribute: there is no bonus.")]
        NoRedistribution,
        #[msg("Not all grants of the period are settled.")]
        PeriodNotSettled,
        #[msg("There is no bonus to collect: the last settled period is collected, or none is settled.")]
        NothingToCollect,
        // 6065
        #[msg("Nothing is claimable now.")]
        NothingToClaim,
        #[msg("The amount exceeds what is claimable now.")]
        AmountTooLarge,
        #[msg("Only the beneficiary may claim a part, or to an account other than the associated one.")]
        OnlyBeneficiary,
        #[msg("The beneficiary has reserved claiming for itself.")]
        ClaimLocked,
        #[msg("The token program moved another amount than it was told to.")]
        TransferMismatch,
        // 6070
        #[msg("No program address exists for these seeds.")]
        NoAddress,
        #[msg("The signer is not the plan's arbiter.")]
        WrongArbiter,
        #[msg("The signer is not the grant's beneficiary, or not the one proposed.")]
        WrongBeneficiary,
        #[msg("The account did not pay for the account to be closed.")]
        WrongRentPayer,
        #[msg("The account is not a plan, or the plan is closed.")]
        WrongPlan,
        // 6075
        #[msg("The zero key cannot take this role.")]
        BadKey,
        #[msg("There is nothing to dispute yet: the oracles have not agreed and their window is open.")]
        NotDisputable,
        #[msg("The challenge window is over, or the plan has no arbiter.")]
        ChallengeClosed,
        #[msg("The value or silence is disputed already.")]
        AlreadyDisputed,
        #[msg("Only the authority, or the beneficiary of a grant that this KPI pays in this period, may dispute.")]
        NotEntitled,
        // 6080
        #[msg("A dispute raised for this grant was decided against it: it cannot dispute again in this plan.")]
        DisputeBarred,
        #[msg("Nobody disputed this.")]
        NotDisputed,
        #[msg("The dispute is decided already.")]
        AlreadyRuled,
        #[msg("The ruling window is over: the value or the silence stands.")]
        RulingClosed,
        #[msg("The change must be announced earlier: its first period begins before the notice is over.")]
        NoticeTooShort,
        // 6085
        #[msg("Another change of oracles is announced, or the set before it still has periods to evaluate.")]
        OracleChangePending,
        #[msg("No change of oracles is announced that has not begun.")]
        NoOracleChange,
        #[msg("The grant cannot be handed to another key.")]
        NotTransferable,
        #[msg("The grant is not what you expect: something was claimed, it was ended, or barred from disputes.")]
        GrantChanged,
        #[msg("The grant was made irrevocable.")]
        NotRevocable,
        // 6090
        #[msg("The grant was ended already.")]
        AlreadyEnded,
        #[msg("The grant's last period is over: there is nothing left to end.")]
        GrantOver,
        #[msg("The account is still needed: something of it is not settled, collected, claimed or closed.")]
        StillNeeded,
        #[msg("The mint has a transfer fee. The plan must allow that explicitly.")]
        TransferFeeNotAllowed,
        #[msg("The mint has a transfer hook, which could refuse payouts. The plan must allow that explicitly.")]
        TransferHookNotAllowed,
        // 6095
        #[msg(
            "The transfer fee exceeds the plan's limit: only the beneficiary may claim and only the authority send surplus away."
        )]
        FeeTooHigh,
        #[msg("Less arrived than the least you would accept.")]
        ReceivedTooLittle,
        #[msg("The account is not the memo program.")]
        WrongMemoProgram,
        #[msg("The account has a layout of another release, which this one does not know.")]
        UnknownVersion,
        #[msg("The time by which the transaction was to be executed has passed. Nothing was changed: sign a new one.")]
        TransactionExpired,
        // 6100
        #[msg(
            "A dispute raised for the grant is not decided: it changes hands after the ruling, or when the ruling window is over."
        )]
        DisputeOpen,
        #[msg(
            "The amount is so small that the transfer fee is rounded up from below one base unit: only who is paid may take it so."
        )]
        FeeOnCrumbs,
        #[msg("The account is not the page of this KPI, period and grants, nor its canonical empty address.")]
        WrongPage,
        #[msg("The grants must be 1 to 64 of one page, all of which had been made when the page was created.")]
        WrongGrants,
        #[msg("A period of the grant is past its last deadline and not settled. Settle it before the grant changes hands.")]
        SettleFirst,
        // 6105
        #[msg(
            "The price must be shared and above zero, with a default in its range, without a curve, one for a plan with a unit of account, and at most 18 digits away from the token."
        )]
        BadPrice,
        #[msg("The plan has no price: its grants can only be stated in the token.")]
        NoPrice,
        #[msg(
            "The feed must have an identifier, a delay within the oracles' window and a confidence of 1 to 10,000 basis points; only a shared KPI has one."
        )]
        BadFeed,
        #[msg("The address of the documents is too long, or holds white space or hidden characters.")]
        BadUri,
        #[msg("The KPI is read from no feed: its oracles report it.")]
        NoFeed,
        // 6110
        #[msg("The account is no price update of the receiver that the KPI names.")]
        WrongPriceUpdate,
        #[msg("The price update is not fully verified.")]
        PriceNotVerified,
        #[msg("The price update is of another feed.")]
        WrongFeed,
        #[msg("The price update holds no price: it is not above zero, or its exponent is not from -18 to 0.")]
        UnusablePrice,
        #[msg("The price is less certain than the KPI asks for.")]
        PriceUncertain,
        // 6115
        #[msg("The price was published before the period ended.")]
        PriceTooEarly,
        #[msg("The price was published too long after the end of the period, or is dated in the future.")]
        PriceTooLate,
        #[msg("The price that was shown before counts: it was published first.")]
        EarlierPriceStands,
    }
}

/// Name and text of an own error by its number.
#[cfg(target_os = "solana")]
pub(crate) fn describe(code: u32) -> Option<(&'static str, &'static str)> {
    static TEXTS: &[(&str, &str)] = EarnoutError::TEXTS;
    let index = code.checked_sub(anchor_lang::error::ERROR_CODE_OFFSET)?;
    TEXTS.get(usize::try_from(index).ok()?).copied()
}

impl From<earnout_core::Error> for EarnoutError {
    /// The checks at creation leave only one way for the arithmetic to fail later: a number that does not fit.
    fn from(error: earnout_core::Error) -> Self {
        match error {
            earnout_core::Error::PeriodOutOfRange => Self::UnknownPeriod,
            earnout_core::Error::BadWeights => Self::BadWeights,
            _ => Self::Overflow,
        }
    }
}
