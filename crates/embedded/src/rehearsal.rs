//! What a transaction would do, without doing it: for comparing two builds of the program.

use {
    crate::{Chain, StartError},
    anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction},
    litesvm::types::TransactionMetadata,
    solana_account::Account,
    solana_message::Message,
    solana_signer::Signer,
    solana_transaction::Transaction,
    solana_transaction_error::TransactionError,
    std::path::Path,
};

/// A call that the transaction makes of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Depth: 2 for a call of the transaction's own instruction.
    pub depth: u8,
    /// The program.
    pub program: Pubkey,
    /// Its accounts.
    pub accounts: Vec<Pubkey>,
    /// Its data; of an event what is reported.
    pub data: Vec<u8>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// Whether it would succeed.
    pub result: Result<(), TransactionError>,
    /// The accounts of the transaction as they would be, if it succeeds.
    pub accounts: Vec<(Pubkey, Account)>,
    /// All calls, events included.
    pub calls: Vec<Call>,
    /// What the last program returned.
    pub returned: Vec<u8>,
    /// Names of the instructions, as the program logs them.
    pub names: Vec<String>,
}

impl Chain {
    /// This chain with the program of `file` in the place of its own, on which nobody has to sign: what a message says
    /// of its signers is believed.
    ///
    /// # Errors
    /// If the file cannot be read or is no program.
    pub fn with_program(&self, file: &Path) -> Result<Self, StartError> {
        let mut chain = Self {
            svm: self.svm.clone().with_sigverify(false),
            fee_payer: self.fee_payer.insecure_clone(),
            transactions: self.transactions,
            events: self.events.clone(),
            keys: self.keys,
        };
        chain.deploy(&earnout::ID, file)?;
        Ok(chain)
    }

    /// What a transaction of this instruction would do.
    pub fn rehearse(&self, instruction: &Instruction) -> Rehearsal {
        let payer = self.fee_payer.pubkey();
        let blockhash = self.svm.latest_blockhash();
        let message = Message::new_with_blockhash(std::slice::from_ref(instruction), Some(&payer), &blockhash);
        let keys = message.account_keys.clone();
        match self.svm.simulate_transaction(Transaction::new_unsigned(message)) {
            Ok(done) => Rehearsal {
                accounts: done
                    .post_accounts
                    .into_iter()
                    .map(|(address, account)| (address, account.into()))
                    .collect(),
                ..rehearsal(Ok(()), &keys, done.meta)
            },
            Err(failed) => rehearsal(Err(failed.err), &keys, failed.meta),
        }
    }
}

fn rehearsal(result: Result<(), TransactionError>, keys: &[Pubkey], meta: TransactionMetadata) -> Rehearsal {
    let key = |index: u8| keys.get(usize::from(index)).copied().unwrap_or_default();
    let calls = meta.inner_instructions.into_iter().flatten().map(|call| Call {
        depth: call.stack_height,
        program: key(call.instruction.program_id_index),
        accounts: call.instruction.accounts.iter().map(|index| key(*index)).collect(),
        data: call.instruction.data,
    });
    Rehearsal {
        result,
        accounts: Vec::new(),
        calls: calls.collect(),
        returned: meta.return_data.data,
        names: meta
            .logs
            .into_iter()
            .filter(|line| line.starts_with("Program log: Instruction: "))
            .collect(),
    }
}
