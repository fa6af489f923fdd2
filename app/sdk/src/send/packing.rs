//! How many instructions fit into a transaction.

use {
    super::version::Version,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    std::{collections::BTreeSet, ops::Range},
    thiserror::Error,
};

/// Most compute units that a transaction may ask for.
pub const MOST_UNITS: u32 = 1_400_000;

/// Most accounts that a transaction may lock.
pub const MOST_ACCOUNTS: usize = 64;

/// Most instructions of a transaction, those that programs call included.
pub const MOST_CALLS: u32 = 64;

/// Most signatures of a transaction.
const MOST_SIGNATURES: usize = 12;

/// The compute budget, and bytes of its instructions: the program's place, no accounts, the length, and what it says.
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
const LIMIT_BYTES: usize = 1 + 1 + 1 + 5;
const PRICE_BYTES: usize = 1 + 1 + 1 + 9;

/// The same in a message of version 1: the limits are two numbers of 4 bytes, the price is one of 8.
const LIMITS_IN_MESSAGE: usize = 4 + 4;
const PRICE_IN_MESSAGE: usize = 8;

/// What a transaction is, besides what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its form.
    pub version: Version,
    /// Who pays for it.
    pub payer: Pubkey,
    /// Whether its units have a price. Their limit and that of loaded data are always set.
    pub priced: bool,
    /// Bytes that it needs besides, such as for another instruction in front.
    pub spare: usize,
}

/// What an instruction takes of a transaction besides its bytes and accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Compute units.
    pub units: u32,
    /// Instructions: itself and all that it makes programs call.
    pub calls: u32,
}

impl Cost {
    /// The cost of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            calls: self.calls.saturating_add(other.calls),
        }
    }
}

/// Instructions that stay together in one transaction, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The instructions.
    pub instructions: Vec<Instruction>,
    /// What they take together, at most.
    pub cost: Cost,
}

/// What goes into one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The groups, by their place in what was packed.
    pub groups: Range<usize>,
    /// What they take together, at most, without the instructions that the transaction begins with.
    pub cost: Cost,
}

/// A group that no transaction can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "instructions that belong together do not fit into a transaction: {bytes} bytes of at most {}, {accounts} accounts of \
     at most {MOST_ACCOUNTS}, {units} compute units of at most {MOST_UNITS}, {calls} calls of at most {MOST_CALLS}",
    .version.most_bytes()
)]
pub struct TooLarge {
    /// The group, by its place in what was packed.
    pub group: usize,
    /// Form of the transaction.
    pub version: Version,
    /// Its bytes.
    pub bytes: usize,
    /// Accounts that it locks.
    pub accounts: usize,
    /// Its compute units.
    pub units: u32,
    /// Its instructions, called ones included.
    pub calls: u32,
}

/// Splits groups into transactions, in order, no group apart, each as full as it may be.
///
/// # Errors
/// If a group does not even fit alone.
pub fn pack(envelope: &Envelope, groups: &[Group]) -> Result<Vec<Packed>, TooLarge> {
    let empty = Draft::new(envelope);
    let mut transactions: Vec<Packed> = Vec::new();
    let mut draft = empty.clone();
    for (number, group) in groups.iter().enumerate() {
        let mut longer = draft.clone();
        longer.add(group);
        if let (true, Some(last)) = (longer.fits(), transactions.last_mut()) {
            draft = longer;
            last.groups.end = number.saturating_add(1);
            last.cost = last.cost.plus(group.cost);
            continue;
        }
        draft = empty.clone();
        draft.add(group);
        if !draft.fits() {
            return Err(draft.too_large(number));
        }
        transactions.push(Packed {
            groups: number..number.saturating_add(1),
            cost: group.cost,
        });
    }
    Ok(transactions)
}

/// Bytes of a transaction of these instructions, its limits and signatures included.
pub fn bytes(envelope: &Envelope, instructions: &[Instruction]) -> usize {
    let mut draft = Draft::new(envelope);
    instructions
        .iter()
        .for_each(|instruction| draft.add_instruction(instruction));
    draft.bytes()
}

/// A transaction that is being filled.
#[derive(Clone)]
struct Draft {
    version: Version,
    keys: BTreeSet<Pubkey>,
    signers: BTreeSet<Pubkey>,
    instructions: usize,
    /// Bytes of the instructions, and in version 1 of the limits.
    body: usize,
    cost: Cost,
}

impl Draft {
    fn new(envelope: &Envelope) -> Self {
        let version = envelope.version;
        let mut keys = BTreeSet::from([envelope.payer]);
        let instructions = version.budget_instructions(envelope.priced);
        let budget = match version {
            Version::Zero => {
                keys.insert(COMPUTE_BUDGET);
                2 * LIMIT_BYTES + if envelope.priced { PRICE_BYTES } else { 0 }
            }
            Version::One => LIMITS_IN_MESSAGE + if envelope.priced { PRICE_IN_MESSAGE } else { 0 },
        };
        Self {
            version,
            keys,
            signers: BTreeSet::from([envelope.payer]),
            instructions,
            body: budget.saturating_add(envelope.spare),
            cost: Cost {
                units: 0,
                calls: u32::try_from(instructions).unwrap_or(MOST_CALLS),
            },
        }
    }

    fn add(&mut self, group: &Group) {
        for instruction in &group.instructions {
            self.add_instruction(instruction);
        }
        self.cost = self.cost.plus(group.cost);
    }

    fn add_instruction(&mut self, instruction: &Instruction) {
        self.keys.insert(instruction.program_id);
        for account in &instruction.accounts {
            self.keys.insert(account.pubkey);
            if account.is_signer {
                self.signers.insert(account.pubkey);
            }
        }
        let (accounts, data) = (instruction.accounts.len(), instruction.data.len());
        self.instructions += 1;
        self.body += accounts + data;
        self.body += match self.version {
            Version::Zero => 1 + prefix(accounts) + prefix(data),
            // Its program, and two lengths of 1 and 2 bytes.
            Version::One => 1 + 1 + 2,
        };
    }

    fn bytes(&self) -> usize {
        let (version_and_header, blockhash) = (1 + 3, 32);
        let (signatures, keys) = (64 * self.signers.len(), 32 * self.keys.len());
        let fixed = version_and_header + signatures + keys + blockhash + self.body;
        fixed
            + match self.version {
                Version::Zero => {
                    let lookup_tables = 1;
                    prefix(self.signers.len()) + prefix(self.keys.len()) + prefix(self.instructions) + lookup_tables
                }
                // Which limits are set, and two lengths of a byte.
                Version::One => 4 + 1 + 1,
            }
    }

    fn fits(&self) -> bool {
        self.bytes() <= self.version.most_bytes()
            && self.keys.len() <= MOST_ACCOUNTS
            && self.signers.len() <= MOST_SIGNATURES
            && self.cost.units <= MOST_UNITS
            && self.cost.calls <= MOST_CALLS
    }

    fn too_large(&self, group: usize) -> TooLarge {
        TooLarge {
            group,
            version: self.version,
            bytes: self.bytes(),
            accounts: self.keys.len(),
            units: self.cost.units,
            calls: self.cost.calls,
        }
    }
}

/// Bytes of a length before its items.
fn prefix(length: usize) -> usize {
    if length < 0x80 { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use {super::*, solana_program::instruction::AccountMeta};

    const BOTH: [Version; 2] = [Version::Zero, Version::One];

    fn instruction(payer: &Pubkey, data: usize) -> Instruction {
        Instruction {
            program_id: Pubkey::default(),
            accounts: vec![AccountMeta::new(*payer, true)],
            data: vec![0; data],
        }
    }

    fn envelope(version: Version, payer: &Pubkey) -> Envelope {
        Envelope {
            version,
            payer: *payer,
            priced: false,
            spare: 0,
        }
    }

    fn lengths(envelope: &Envelope, groups: &[Group]) -> Vec<usize> {
        let packed = pack(envelope, groups).expect("groups that fit");
        packed.iter().map(|packed| packed.groups.len()).collect()
    }

    #[test]
    fn transactions_are_full_to_the_last_byte() {
        let payer = Pubkey::new_unique();
        let groups = |datas: &[usize]| -> Vec<Group> {
            let group = |&data| Group {
                instructions: vec![instruction(&payer, data)],
                cost: Cost { units: 1, calls: 1 },
            };
            datas.iter().map(group).collect()
        };
        // Version 0: signature 1 + 64, version and header 4, keys 1 + 3 · 32, blockhash 32, count 1, no tables 1,
        // limits 2 · 8; then instructions of 5 bytes and their data, since lengths from 128 on take two bytes.
        // Version 1: version and header 4, which limits 4, blockhash 32, counts 2, keys 2 · 32, limits 8, signature
        // 64; then instructions of 5 bytes and their data.
        let taken = [1 + 64 + 4 + 1 + 96 + 32 + 1 + 1 + 16, 4 + 4 + 32 + 2 + 64 + 8 + 64];
        for (version, taken) in BOTH.into_iter().zip(taken) {
            let envelope = envelope(version, &payer);
            let room = version.most_bytes() - taken;
            assert_eq!(lengths(&envelope, &groups(&[room - 5 - 205, 200])), [2]);
            assert_eq!(lengths(&envelope, &groups(&[room - 5 - 205, 201])), [1, 1]);
            let error = pack(&envelope, &groups(&[1, room - 4])).expect_err("too many bytes");
            assert_eq!((error.group, error.bytes), (1, version.most_bytes() + 1));
        }
    }

    #[test]
    fn compute_units_calls_and_accounts_end_a_transaction_too() {
        let payer = Pubkey::new_unique();
        let costly = |units, calls| Group {
            instructions: vec![instruction(&payer, 1)],
            cost: Cost { units, calls },
        };
        // In version 0 the limits are calls too.
        for (version, by_calls) in [(Version::Zero, [3, 3, 2]), (Version::One, [4, 4, 0])] {
            let envelope = envelope(version, &payer);
            assert_eq!(lengths(&envelope, &vec![costly(200_000, 1); 15]), [7, 7, 1]);
            let by_calls: Vec<_> = by_calls.into_iter().filter(|groups| *groups > 0).collect();
            assert_eq!(lengths(&envelope, &vec![costly(1, 16); 8]), by_calls);
            assert_eq!(lengths(&envelope, &vec![costly(1, 31); 3]), [2, 1]);
        }
    }

    /// An instruction that names so many others, who sign if `signing`.
    fn crowd(count: u8, signing: bool) -> Group {
        let accounts = (1..=count).map(|number| AccountMeta::new(Pubkey::new_from_array([number; 32]), signing));
        Group {
            instructions: vec![Instruction {
                program_id: Pubkey::default(),
                accounts: accounts.collect(),
                data: Vec::new(),
            }],
            cost: Cost { units: 0, calls: 1 },
        }
    }

    #[test]
    fn accounts_and_signatures_end_a_transaction_of_version_1() {
        let envelope = envelope(Version::One, &Pubkey::new_unique());
        // The payer and the program count too.
        assert_eq!(lengths(&envelope, &[crowd(62, false)]), [1]);
        let error = pack(&envelope, &[crowd(1, false), crowd(63, false)]).expect_err("too many accounts");
        assert_eq!((error.group, error.accounts), (1, MOST_ACCOUNTS + 1));
        assert!(error.bytes < Version::One.most_bytes(), "accounts end before bytes");
        assert_eq!(lengths(&envelope, &[crowd(11, true)]), [1]);
        pack(&envelope, &[crowd(12, true)]).expect_err("too many signatures");
        let legacy = super::Envelope {
            version: Version::Zero,
            ..envelope
        };
        let error = pack(&legacy, &[crowd(33, false)]).expect_err("too many bytes");
        assert!(error.bytes > Version::Zero.most_bytes(), "bytes end before accounts");
    }

    #[test]
    fn a_group_stays_together() {
        let payer = Pubkey::new_unique();
        let pair = Group {
            instructions: vec![instruction(&payer, 300), instruction(&payer, 300)],
            cost: Cost { units: 10, calls: 2 },
        };
        let packed = pack(&envelope(Version::Zero, &payer), &vec![pair.clone(); 3]).expect("groups that fit");
        let groups: Vec<_> = packed.iter().map(|packed| packed.groups.clone()).collect();
        assert_eq!(groups, [0..1, 1..2, 2..3]);
        assert_eq!(packed[0].cost, Cost { units: 10, calls: 2 });
        assert_eq!(lengths(&envelope(Version::One, &payer), &vec![pair; 7]), [6, 1]);
    }

    #[cfg(feature = "client")]
    #[test]
    fn the_bytes_counted_are_the_bytes_sent() {
        use {
            crate::client::{Limits, Submission, to_bytes},
            solana_signature::Signature,
            solana_signer::null_signer::NullSigner,
            solana_transaction::versioned::VersionedTransaction,
        };
        let (payer, other) = (Pubkey::new_unique(), Pubkey::new_unique());
        let signer = NullSigner::new(&payer);
        for (version, unit_price, count) in BOTH.iter().flat_map(|version| {
            let counts = [1, 2, 9].iter();
            counts.flat_map(move |count| [(*version, 0, *count), (*version, 7, *count)])
        }) {
            let mut instructions = vec![instruction(&payer, 200); count];
            instructions[0].accounts.push(AccountMeta::new_readonly(other, true));
            let mut submission = Submission::new(instructions.clone(), &signer);
            submission.version = version;
            submission.unit_price = unit_price;
            let transaction = VersionedTransaction {
                signatures: vec![Signature::default(); 2],
                message: submission
                    .message(Default::default(), Some(Limits::MOST))
                    .expect("a message"),
            };
            let envelope = Envelope {
                priced: unit_price > 0,
                ..envelope(version, &payer)
            };
            let sent = to_bytes(&transaction).len();
            assert_eq!(bytes(&envelope, &instructions), sent, "{count} instructions, {version}");
        }
    }
}
