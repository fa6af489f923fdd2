//! What to do about an error.

use solana_transaction_error::TransactionError;

/// What to do about an error of the program, where its message does not say it. In groups that need the same.
pub fn for_program_error(name: &str) -> Option<&'static str> {
    Some(match name {
        "InsufficientFunds" => {
            "`earnout plan fund PLAN AMOUNT` funds it; `earnout plan show PLAN` says what is surplus now"
        }
        "InsufficientSurplus" => "`earnout plan show PLAN` says what is surplus now",
        "WrongAuthority" => "sign with the authority's key: --authority SIGNER, or -k SIGNER",
        "WrongArbiter" => "sign with the arbiter's key: --arbiter SIGNER, or -k SIGNER",
        "WrongBeneficiary" | "OnlyBeneficiary" | "ClaimLocked" => {
            "sign with the beneficiary's key: -k SIGNER; `earnout grant show` says who it is"
        }
        "NotAnOracle" => "sign with the key of an oracle of that period: --oracle SIGNER, or -k SIGNER",
        "NotEntitled" | "DisputeBarred" => "another beneficiary that the KPI pays, or the authority, can dispute",
        "PlanNotActive" => "`earnout plan activate PLAN` activates a draft",
        "WrongPlan" => "check the plan's address; `earnout plan list` finds plans",
        "PlanNotDraft" => "make another plan with `earnout plan create`",
        "PeriodNotEnded" | "VotingNotOpen" | "NotFinal" | "NotDisputable" | "NothingToClaim" => {
            "`earnout plan show` and `earnout grant show` say from when on it can be done"
        }
        "VotingClosed" => "the value is decided by the votes that there are; `earnout attestation show` shows them",
        "ChallengeClosed" | "RulingClosed" | "AlreadyResolved" | "AlreadyRuled" | "AlreadyDisputed" | "NotDisputed" => {
            "`earnout attestation show PLAN KPI PERIOD` shows how it stands"
        }
        "BonusNotCollected" | "NothingToCollect" | "PeriodNotSettled" => {
            "`earnout crank PLAN` settles and collects whatever is due, in the right order"
        }
        "NothingToEvaluate" => "`earnout plan show` says how many grants have settled each period",
        "SettleFirst" => "`earnout crank PLAN` settles what is due; then the grant can be taken over",
        "WrongGrants" => "`earnout grant list PLAN` shows the numbers of its grants; a page has 64 of them",
        "StillNeeded" => "`earnout crank PLAN` settles, collects and closes whatever is due",
        "AllSettled" => "`earnout claim GRANT` pays what is vested",
        "WrongGrantIndex" => "another grant was made at the same moment: send the command again",
        "BadWeights" => "weights are basis points: those of time and the plan's KPIs sum to 10,000",
        "AllocationOutOfLimits" | "TooManyGrants" | "EnrolmentEnded" | "BadGrantPeriods" | "PeriodBegun" => {
            "`earnout plan show PLAN` shows the plan's limits and calendar"
        }
        "FreezeAuthorityNotAllowed" | "TransferFeeNotAllowed" | "TransferHookNotAllowed" => {
            "allow it in the plan's file if you accept what it can do to payouts, or choose another mint"
        }
        "ExtensionNotAllowed" => "choose a mint without it: a holder of such powers could empty or block the vault",
        "BadUri" => "`earnout plan uri` says what is wrong with an address before anything is sent",
        "WrongMint" | "WrongTokenProgram" => "check the mint's address: SPL Token and Token-2022 are accepted",
        "WrongTreasury" => "name another treasury with `earnout plan treasury PLAN TOKEN_ACCOUNT`",
        "WrongSource" | "WrongDestination" => "name a token account of the plan's mint",
        "FeeTooHigh" => "sign with the beneficiary's key, or wait until the token's fee is lower",
        "FeeOnCrumbs" => "sign with the beneficiary's key, or wait until more can be claimed at once",
        "DisputeOpen" => {
            "wait for the ruling, or for the end of its window: `earnout attestation show` shows the dispute"
        }
        "ReceivedTooLittle" => "lower --min-received, or wait until the token's fee is lower",
        "BadOracleSet" | "BadThreshold" | "RolesNotSeparate" | "BadKey" | "BadBeneficiary" => "choose other keys",
        "NoticeTooShort" => "choose a later first period",
        "NoOracleChange" => "`earnout plan show PLAN` shows the plan's oracles",
        "OracleChangePending" => "take back the announced set with `earnout plan oracles PLAN --cancel`, or wait",
        "BadStart" | "BadCalendar" | "BadWindow" | "BadCaps" | "NoKpi" | "BadRange" | "BadCurve" => {
            "`earnout plan create` says line and field of such mistakes before anything is sent"
        }
        "NotRevocable" => "only the beneficiary can end it: `earnout grant resign`",
        "AlreadyEnded" | "GrantOver" | "GrantChanged" => "`earnout grant show GRANT` shows how it stands",
        "BadPrice" | "BadFeed" => "`earnout plan create` says line and field of such mistakes before anything is sent",
        "NoPrice" => "`earnout plan show PLAN` shows the plan's unit of account and price, if it has them",
        "NoFeed" => "its oracles report it: `earnout attest`",
        "WrongPriceUpdate" | "WrongFeed" => "name an account that holds an update of the KPI's feed: --account ADDRESS",
        "PriceNotVerified" | "UnusablePrice" | "PriceUncertain" => {
            "show another update of the feed: --account ADDRESS; if there is none, the oracles' votes count"
        }
        "PriceTooEarly" => "wait until the feed publishes again, or show another update: --account ADDRESS",
        "PriceTooLate" => {
            "post an earlier update and name its account: --account ADDRESS; else the oracles' votes count"
        }
        "EarlierPriceStands" => "`earnout attestation show PLAN KPI PERIOD` shows what counts: nothing has to be done",
        "InvariantViolated" | "CorruptAccount" => "report it as SECURITY.md says; nothing was changed",
        _ => return None,
    })
}

/// What to do about an error of another program, as far as its logs tell.
pub fn for_other_program(logs: &[String]) -> Option<String> {
    let says = |text: &str| logs.iter().any(|line| line.contains(text));
    if says("insufficient lamports") {
        Some("send SOL to the account that pays".to_owned())
    } else if says("insufficient funds") {
        Some("the token account that pays holds too little: fund it, or name another".to_owned())
    } else if says("Account is frozen") {
        Some("the token's freeze authority has frozen the account: ask it".to_owned())
    } else {
        None
    }
}

/// What to do about an error of the runtime.
pub fn for_runtime_error(error: &TransactionError) -> Option<String> {
    let advice = match error {
        TransactionError::AccountNotFound
        | TransactionError::InsufficientFundsForFee
        | TransactionError::InsufficientFundsForRent { .. } => "send SOL to the fee payer",
        TransactionError::BlockhashNotFound => {
            "the blockhash is too old, or of another cluster: sign again with a newer one"
        }
        TransactionError::AlreadyProcessed => "it was executed before: nothing has to be done",
        TransactionError::ProgramAccountNotFound | TransactionError::InvalidProgramForExecution => {
            "check the cluster (-u): a program that is needed is not there"
        }
        TransactionError::UnsupportedVersion => {
            "the cluster does not execute transactions of version 1 yet: leave out --transaction-version, or say \
             --transaction-version 0"
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Whether the error says that a program is not there.
pub fn is_missing_program(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::ProgramAccountNotFound | TransactionError::InvalidProgramForExecution
    )
}

#[cfg(test)]
mod tests {
    use {super::*, earnout_sdk::wire::errors::program_error};

    /// Errors whose message says all there is to say, or that no command of this tool can cause.
    const SAID: [&str; 31] = [
        "Overflow",
        "AccountExists",
        "WrongVault",
        "WrongGrant",
        "WrongAttestation",
        "WrongPage",
        "WrongPeriod",
        "TooManyKpis",
        "DuplicateKpi",
        "BadName",
        "BadUnit",
        "TooManyDecimals",
        "DefaultScoreTooHigh",
        "BadTokenFlags",
        "ZeroAmount",
        "ReserveTooLarge",
        "UnknownKpi",
        "UnknownPeriod",
        "ValueOutOfRange",
        "WrongSubject",
        "OwnGrant",
        "WrongAccountCount",
        "NoRedistribution",
        "AmountTooLarge",
        "TransferMismatch",
        "NoAddress",
        "WrongRentPayer",
        "NotTransferable",
        "WrongMemoProgram",
        "UnknownVersion",
        "TransactionExpired",
    ];

    #[test]
    fn every_error_of_the_program_has_advice_or_needs_none() {
        let errors: Vec<_> = (6_000..).map_while(program_error).collect();
        assert!(errors.len() > 90, "the list of errors is cut short");
        for error in &errors {
            let said = SAID.contains(&error.name.as_str());
            let advised = for_program_error(&error.name).is_some();
            assert!(said != advised, "{} needs advice, or a place in the list", error.name);
        }
        for name in SAID {
            assert!(
                errors.iter().any(|error| error.name == name),
                "there is no error {name}"
            );
        }
    }
}
