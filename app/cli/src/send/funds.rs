//! Whether a transaction fails for want of SOL, and whose.

use {
    super::{Outgoing, many::OLDER_VERSION},
    crate::{context::token::sol, fault::Fault},
    earnout_sdk::{
        client::{ClientError, Failure, FailureReason, Submission},
        send::Version,
    },
    solana_program::pubkey::Pubkey,
    solana_system_interface::program::ID as SYSTEM_PROGRAM,
    solana_transaction_error::TransactionError,
};

/// Number of the System Program's error for a balance that is too small.
const RESULT_WITH_NEGATIVE_LAMPORTS: u32 = 1;

impl Outgoing<'_> {
    /// The error as a fault. If SOL is missing it says who has how much.
    pub async fn explain(&self, error: ClientError, submission: &Submission<'_>) -> Fault {
        // An endpoint may say that it takes version 1 and then not do it. What it did is another matter.
        let may_be_the_version = submission.version == Version::One
            && matches!(
                error,
                ClientError::Rpc { .. } | ClientError::Expired(_) | ClientError::Unknown { .. }
            );
        let fault = self.explained(error, &submission.fee_payer.pubkey()).await;
        match may_be_the_version {
            true => fault.or_else(OLDER_VERSION),
            false => fault,
        }
    }

    async fn explained(&self, error: ClientError, fee_payer: &Pubkey) -> Fault {
        let failure = match &error {
            ClientError::WouldFail(failure) | ClientError::Failed { failure, .. } => failure,
            _ => return error.into(),
        };
        let Some(needed) = shortage(failure) else {
            return error.into();
        };
        let balance = async { self.app.client().ok()?.account(fee_payer).await.ok() };
        let balance = balance
            .await
            .map(|account| account.map_or(0, |account| account.lamports));
        let fault = Fault::from(error).advice(format!(
            "send SOL to {fee_payer}, or name another payer with --fee-payer; on a local chain `earnout localnet airdrop`"
        ));
        match (balance, needed) {
            (Some(balance), Some(needed)) => fault.why(format!(
                "{} SOL are needed at once, and the payer has {}",
                sol(needed),
                sol(balance)
            )),
            (Some(balance), None) => fault.why(format!(
                "the payer {fee_payer} has {} SOL, which is too little",
                sol(balance)
            )),
            (None, _) => fault,
        }
    }
}

/// Whether the failure says that SOL is missing, and if it says so how many lamports were needed.
fn shortage(failure: &Failure) -> Option<Option<u64>> {
    match &failure.reason {
        FailureReason::Runtime(
            TransactionError::AccountNotFound
            | TransactionError::InsufficientFundsForFee
            | TransactionError::InsufficientFundsForRent { .. },
        ) => Some(None),
        FailureReason::OtherProgram {
            program: Some(SYSTEM_PROGRAM),
            code: RESULT_WITH_NEGATIVE_LAMPORTS,
        } => {
            let said = failure
                .logs
                .iter()
                .find_map(|line| line.split_once("insufficient lamports"));
            let needed = said.and_then(|(_, numbers)| numbers.rsplit_once("need ")?.1.trim().parse().ok());
            Some(needed)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: FailureReason, logs: &[&str]) -> Failure {
        Failure {
            instruction: Some(0),
            reason,
            logs: logs.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_shortage_of_sol_is_recognized() {
        let fee = failure(FailureReason::Runtime(TransactionError::InsufficientFundsForFee), &[]);
        assert_eq!(shortage(&fee), Some(None));
        let transfer = FailureReason::OtherProgram {
            program: Some(SYSTEM_PROGRAM),
            code: 1,
        };
        let logs = ["Transfer: insufficient lamports 5, need 1200"];
        assert_eq!(shortage(&failure(transfer.clone(), &logs)), Some(Some(1_200)));
        assert_eq!(shortage(&failure(transfer, &[])), Some(None));
    }

    #[test]
    fn other_failures_are_not() {
        let other = FailureReason::OtherProgram {
            program: Some(Pubkey::new_unique()),
            code: 1,
        };
        assert_eq!(shortage(&failure(other, &[])), None);
        let runtime = FailureReason::Runtime(TransactionError::AlreadyProcessed);
        assert_eq!(shortage(&failure(runtime, &[])), None);
    }
}
