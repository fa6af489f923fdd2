//! A chain in the process, with the built program and the real token programs on it: for tests, benchmarks and the
//! demo.
//!
//! It runs the same bytecode that is deployed, checks signatures, charges fees and rent, and its clock can be set.

#![warn(missing_docs)]

mod rehearsal;
mod report;
mod token;

pub use {
    rehearsal::{Call, Rehearsal},
    report::{Failure, Receipt, Step},
    solana_account::Account,
    solana_keypair::Keypair,
    solana_signer::Signer,
    token::TokenProgram,
};

use {
    anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction},
    earnout::state::{Attestation, Grant, Period, Plan},
    earnout_sdk::{
        send::packing::MOST_UNITS,
        wire::{PageState, accounts, events::Event},
    },
    litesvm::LiteSVM,
    sha2::{Digest, Sha256},
    solana_clock::Clock,
    solana_message::{Message, VersionedMessage, v1},
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    std::{
        collections::BTreeMap,
        path::{Path, PathBuf},
        sync::{Mutex, PoisonError},
    },
    thiserror::Error,
};

/// Time of a new chain: 1 January 2024, 00:00 UTC.
pub const GENESIS: i64 = 1_704_067_200;

/// Lamports given to every key that [`Chain::key`] makes.
pub const ENDOWMENT: u64 = 1_000_000_000_000;

/// Most bytes of accounts and programs that a transaction may load.
const MOST_DATA: u32 = 64 * 1024 * 1024;

/// New chains, by the program's file: loading and compiling the programs takes longer than most of what is done on a
/// chain, so all chains of a process are copies.
static LOADED: Mutex<BTreeMap<PathBuf, LiteSVM>> = Mutex::new(BTreeMap::new());

/// Why a chain could not be started.
#[derive(Debug, Error)]
#[error("cannot load the program from {}: {reason}. Run `cargo xtask build` first.", path.display())]
pub struct StartError {
    path: PathBuf,
    reason: String,
}

/// The chain.
pub struct Chain {
    svm: LiteSVM,
    fee_payer: Keypair,
    transactions: u64,
    events: Vec<Event>,
    keys: u64,
}

impl Chain {
    /// Starts a chain with the program of `file` on it, at [`GENESIS`].
    ///
    /// # Errors
    /// If the file cannot be read or is not a program.
    pub fn start(file: &Path) -> Result<Self, StartError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(svm) = loaded.get(file) {
            return Ok(Self::of(svm.clone()));
        }
        let mut chain = Self::of(LiteSVM::new().with_log_bytes_limit(None));
        chain.deploy(&earnout::ID, file)?;
        chain.endow(&chain.fee_payer.pubkey());
        chain.set_time(GENESIS);
        loaded.insert(file.to_owned(), chain.svm.clone());
        Ok(chain)
    }

    fn of(svm: LiteSVM) -> Self {
        Self {
            svm,
            fee_payer: keypair("fee payer"),
            transactions: 0,
            events: Vec::new(),
            keys: 0,
        }
    }

    /// Puts the program of `file` at `address`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a program.
    pub fn deploy(&mut self, address: &Pubkey, file: &Path) -> Result<(), StartError> {
        self.svm
            .add_program_from_file(*address, file)
            .map_err(|error| StartError {
                path: file.to_path_buf(),
                reason: error.to_string(),
            })
    }

    /// The program that `cargo xtask build` made: the file named by `EARNOUT_SO`, else the one in this workspace.
    pub fn built_program() -> PathBuf {
        std::env::var_os("EARNOUT_SO").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/earnout.so"),
            PathBuf::from,
        )
    }

    /// A new key with [`ENDOWMENT`] lamports. Keys follow from the order in which they are made, so that runs repeat.
    pub fn key(&mut self) -> Keypair {
        self.keys += 1;
        let key = keypair(&format!("key {}", self.keys));
        self.endow(&key.pubkey());
        key
    }

    /// The key that pays the fees of [`Chain::send`].
    pub fn fee_payer(&self) -> &Keypair {
        &self.fee_payer
    }

    /// Gives `address` [`ENDOWMENT`] lamports.
    pub fn endow(&mut self, address: &Pubkey) {
        self.give(address, ENDOWMENT);
    }

    /// Adds lamports to an address, as a transfer from a stranger would.
    pub fn give(&mut self, address: &Pubkey, lamports: u64) {
        let mut account = self.svm.get_account(address).unwrap_or_default();
        account.lamports = account.lamports.saturating_add(lamports);
        self.replace(address, account);
    }

    /// Time of the chain, Unix seconds.
    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Sets the time of the chain, Unix seconds, and lets the slots that fit in between pass.
    pub fn set_time(&mut self, time: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        let passed = time.saturating_sub(clock.unix_timestamp).max(0);
        clock.unix_timestamp = time;
        clock.slot += u64::try_from(passed).unwrap_or_default() * 5 / 2;
        self.svm.set_sysvar(&clock);
    }

    /// Sets the epoch, on which a mint's transfer fee depends.
    pub fn set_epoch(&mut self, epoch: u64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.epoch = epoch;
        self.svm.set_sysvar(&clock);
    }

    /// Sends one transaction of these instructions, signed by the fee payer and `signers`.
    ///
    /// # Errors
    /// If it fails; nothing but the fee is changed then.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Receipt, Box<Failure>> {
        self.svm.expire_blockhash();
        let payer = self.fee_payer.pubkey();
        let message = Message::new_with_blockhash(instructions, Some(&payer), &self.svm.latest_blockhash());
        self.execute(VersionedMessage::Legacy(message), signers)
    }

    /// The same as one transaction of version 1, which holds more. It may use all the units and load all the data there
    /// is.
    ///
    /// # Errors
    /// If it fails; nothing but the fee is changed then.
    ///
    /// # Panics
    /// If the instructions name more accounts than a transaction can.
    pub fn send_large(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Receipt, Box<Failure>> {
        self.svm.expire_blockhash();
        let config = v1::TransactionConfig::empty()
            .with_compute_unit_limit(MOST_UNITS)
            .with_loaded_accounts_data_size_limit(MOST_DATA);
        let (payer, blockhash) = (self.fee_payer.pubkey(), self.svm.latest_blockhash());
        let message = v1::Message::try_compile_with_config(&payer, instructions, blockhash, config);
        let message = message.expect("packing counts accounts");
        self.execute(VersionedMessage::V1(message), signers)
    }

    fn execute(&mut self, message: VersionedMessage, signers: &[&Keypair]) -> Result<Receipt, Box<Failure>> {
        let transaction = self.sign(message, signers);
        self.transactions += 1;
        match self.svm.send_transaction(transaction.clone()) {
            Ok(meta) => {
                let receipt = report::receipt(&transaction.message, meta);
                self.events.extend(receipt.events().cloned());
                Ok(receipt)
            }
            Err(failed) => Err(Box::new(report::failure(failed))),
        }
    }

    fn sign(&self, message: VersionedMessage, signers: &[&Keypair]) -> VersionedTransaction {
        let bytes = message.serialize();
        let needed = usize::from(message.header().num_required_signatures);
        let signatures = message.static_account_keys().iter().take(needed).map(|key| {
            let mut known = std::iter::once(&self.fee_payer).chain(signers.iter().copied());
            // A missing signature is what some callers want to see refused.
            let signer = known.find(|signer| signer.pubkey() == *key);
            signer.map_or_else(Signature::default, |signer| signer.sign_message(&bytes))
        });
        VersionedTransaction {
            signatures: signatures.collect(),
            message,
        }
    }

    /// Transactions sent so far.
    pub fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Events of all transactions so far, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// An account as it is, or nothing.
    pub fn account(&self, address: &Pubkey) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    /// Puts an account onto the chain as no transaction could.
    pub fn replace(&mut self, address: &Pubkey, account: Account) {
        self.svm
            .set_account(*address, account)
            .expect("only programs and sysvars are looked into, and none is replaced");
    }

    /// Rent-exempt lamports of an account of `space` bytes.
    pub fn rent(&self, space: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(space)
    }

    /// A plan, or nothing.
    pub fn plan(&self, address: &Pubkey) -> Option<Plan> {
        accounts::plan(&self.account(address)?.data).ok()
    }

    /// A grant, or nothing.
    pub fn grant(&self, address: &Pubkey) -> Option<Grant> {
        accounts::grant(&self.account(address)?.data).ok()
    }

    /// An attestation, or nothing.
    pub fn attestation(&self, address: &Pubkey) -> Option<Attestation> {
        accounts::attestation(&self.account(address)?.data).ok()
    }

    /// A page, or nothing.
    pub fn page(&self, address: &Pubkey) -> Option<PageState> {
        accounts::page(&self.account(address)?.data).ok()
    }

    /// The pool of a period, or nothing.
    pub fn period(&self, address: &Pubkey) -> Option<Period> {
        accounts::period(&self.account(address)?.data).ok()
    }
}

fn keypair(name: &str) -> Keypair {
    Keypair::new_from_array(Sha256::digest(format!("earnout {name}")).into())
}
