//! How many instructions fit into a transaction.

use {
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    std::{collections::BTreeSet, ops::Range},
    thiserror::Error,
};

/// Largest transaction that the network carries, in bytes.
pub const MOST_BYTES: usize = 1_232;

/// Most compute units that a transaction may ask for.
pub const MOST_UNITS: u32 = 1_400_000;

/// Most accounts that a transaction may lock.
pub const MOST_ACCOUNTS: usize = 64;

/// Most instructions of a transaction, those that programs call included.
pub const MOST_CALLS: u32 = 64;

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
    "instructions that belong together do not fit into a transaction: {bytes} bytes of at most {MOST_BYTES}, {accounts} \
     accounts of at most {MOST_ACCOUNTS}, {units} compute units of at most {MOST_UNITS}, {calls} calls of at most {MOST_CALLS}"
)]
pub struct TooLarge {
    /// The group, by its place in what was packed.
    pub group: usize,
    /// Bytes of the transaction.
    pub bytes: usize,
    /// Accounts that it locks.
    pub accounts: usize,
    /// Its compute units.
    pub units: u32,
    /// Its instructions, called ones included.
    pub calls: u32,
}

/// Splits groups into transactions paid by `payer`, in order, no group apart, each as full as it may be. Every
/// transaction begins with the instructions `first`, such as a compute limit: they count.
///
/// # Errors
/// If a group does not even fit alone.
pub fn pack(payer: &Pubkey, first: &[Instruction], groups: &[Group]) -> Result<Vec<Packed>, TooLarge> {
    let empty = Draft::new(payer, first);
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

/// Bytes of a transaction (v0 message, no lookup tables) of these instructions, signatures included.
pub fn bytes(payer: &Pubkey, instructions: &[Instruction]) -> usize {
    Draft::new(payer, instructions).bytes()
}

/// A transaction that is being filled.
#[derive(Clone)]
struct Draft {
    keys: BTreeSet<Pubkey>,
    signers: BTreeSet<Pubkey>,
    instructions: usize,
    /// Bytes of the instructions.
    body: usize,
    cost: Cost,
}

impl Draft {
    fn new(payer: &Pubkey, first: &[Instruction]) -> Self {
        let mut draft = Self {
            keys: BTreeSet::from([*payer]),
            signers: BTreeSet::from([*payer]),
            instructions: 0,
            body: 0,
            cost: Cost::default(),
        };
        for instruction in first {
            draft.add_instruction(instruction);
            draft.cost = draft.cost.plus(Cost { units: 0, calls: 1 });
        }
        draft
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
        self.body += 1 + prefix(accounts) + accounts + prefix(data) + data;
    }

    fn bytes(&self) -> usize {
        let signatures = prefix(self.signers.len()) + 64 * self.signers.len();
        let version_and_header = 1 + 3;
        let keys = prefix(self.keys.len()) + 32 * self.keys.len();
        let blockhash = 32;
        let lookup_tables = 1;
        signatures + version_and_header + keys + blockhash + prefix(self.instructions) + self.body + lookup_tables
    }

    fn fits(&self) -> bool {
        self.bytes() <= MOST_BYTES
            && self.keys.len() <= MOST_ACCOUNTS
            && self.cost.units <= MOST_UNITS
            && self.cost.calls <= MOST_CALLS
    }

    fn too_large(&self, group: usize) -> TooLarge {
        TooLarge {
            group,
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

    fn instruction(payer: &Pubkey, data: usize) -> Instruction {
        Instruction {
            program_id: Pubkey::default(),
            accounts: vec![AccountMeta::new(*payer, true)],
            data: vec![0; data],
        }
    }

    fn lengths(payer: &Pubkey, groups: &[Group]) -> Vec<usize> {
        let packed = pack(payer, &[], groups).expect("groups that fit");
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
        // Signature 1 + 64, version and header 4, keys 1 + 2 · 32, blockhash 32, count 1, no tables 1; then
        // instructions of 4 or 5 bytes and their data.
        let room = MOST_BYTES - (1 + 64 + 4 + 1 + 64 + 32 + 1 + 1);
        assert_eq!(lengths(&payer, &groups(&[room - 5 - 14, 10])), [2]);
        assert_eq!(lengths(&payer, &groups(&[room - 5 - 14, 11])), [1, 1]);
        let error = pack(&payer, &[], &groups(&[1, room - 4])).expect_err("too many bytes");
        assert_eq!((error.group, error.bytes), (1, MOST_BYTES + 1));
    }

    #[test]
    fn compute_units_calls_and_accounts_end_a_transaction_too() {
        let payer = Pubkey::new_unique();
        let costly = |units, calls| Group {
            instructions: vec![instruction(&payer, 1)],
            cost: Cost { units, calls },
        };
        assert_eq!(lengths(&payer, &vec![costly(200_000, 1); 15]), [7, 7, 1]);
        assert_eq!(lengths(&payer, &vec![costly(1, 9); 15]), [7, 7, 1]);
        let first = [instruction(&payer, 1), instruction(&payer, 1)];
        let packed = pack(&payer, &first, &vec![costly(1, 31); 3]).expect("groups that fit");
        assert_eq!(packed.len(), 2, "the instructions that come first are calls too");
        let strangers = |count: usize| Group {
            instructions: vec![Instruction {
                program_id: Pubkey::default(),
                accounts: vec![AccountMeta::new(payer, false); count],
                data: Vec::new(),
            }],
            cost: Cost { units: 0, calls: 1 },
        };
        let mut many = strangers(33);
        for (number, account) in (0u8..).zip(&mut many.instructions[0].accounts) {
            account.pubkey = Pubkey::new_from_array([number + 1; 32]);
        }
        let error = pack(&payer, &[], &[strangers(1), many]).expect_err("too many accounts");
        assert_eq!(error.accounts, 35, "33, the payer and the program");
        assert!(
            error.bytes > MOST_BYTES,
            "bytes end before accounts unless keys come from tables"
        );
    }

    #[test]
    fn a_group_stays_together() {
        let payer = Pubkey::new_unique();
        let pair = Group {
            instructions: vec![instruction(&payer, 300), instruction(&payer, 300)],
            cost: Cost { units: 10, calls: 2 },
        };
        let packed = pack(&payer, &[], &vec![pair; 3]).expect("groups that fit");
        let groups: Vec<_> = packed.iter().map(|packed| packed.groups.clone()).collect();
        assert_eq!(groups, [0..1, 1..2, 2..3]);
        assert_eq!(packed[0].cost, Cost { units: 10, calls: 2 });
    }

    #[cfg(feature = "client")]
    #[test]
    fn the_bytes_counted_are_the_bytes_sent() {
        use {
            solana_message::{VersionedMessage, v0},
            solana_signature::Signature,
            solana_transaction::versioned::VersionedTransaction,
        };
        let (payer, other) = (Pubkey::new_unique(), Pubkey::new_unique());
        for count in [1, 2, 9] {
            let mut instructions = vec![instruction(&payer, 200); count];
            instructions[0].accounts.push(AccountMeta::new_readonly(other, true));
            let message = v0::Message::try_compile(&payer, &instructions, &[], Default::default()).expect("a message");
            let transaction = VersionedTransaction {
                signatures: vec![Signature::default(); 2],
                message: VersionedMessage::V0(message),
            };
            let sent = bincode::serialize(&transaction).expect("bytes").len();
            assert_eq!(bytes(&payer, &instructions), sent, "{count} instructions");
        }
    }
}
