//! What the loader passes to a program, made from accounts as a test wants them.

use pinocchio::{Address, MAX_TX_ACCOUNTS, account::MAX_PERMITTED_DATA_INCREASE};

/// An account as it stands in the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its address.
    pub address: Address,
    /// The program it belongs to.
    pub owner: Address,
    /// Its lamports.
    pub lamports: u64,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Whether it has signed.
    pub is_signer: bool,
    /// Whether it may be written.
    pub is_writable: bool,
    /// Whether it is a program.
    pub executable: bool,
}

/// A place in the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An account that was not there before.
    First(Shape),
    /// The account of an earlier place again.
    Again(u8),
}

/// The bytes.
#[derive(Clone, Debug)]
pub struct Input {
    /// In words, because the loader aligns to eight bytes.
    words: Vec<u64>,
}

impl Input {
    /// Lays out these accounts and data for this program. What the runtime would not pass is left out: more than 255
    /// accounts, and a repetition of a place that is not before it or repeats one itself.
    pub fn new(program: &Address, entries: &[Entry], data: &[u8]) -> Self {
        let entries = Self::possible(entries);
        let mut bytes = Vec::new();
        bytes.extend(number(entries.len()));
        for entry in &entries {
            match entry {
                Entry::Again(place) => bytes.extend([*place, 0, 0, 0, 0, 0, 0, 0]),
                Entry::First(shape) => {
                    bytes.extend([
                        u8::MAX,
                        shape.is_signer.into(),
                        shape.is_writable.into(),
                        shape.executable.into(),
                    ]);
                    bytes.extend([0; 4]);
                    bytes.extend(shape.address.as_array());
                    bytes.extend(shape.owner.as_array());
                    bytes.extend(shape.lamports.to_le_bytes());
                    bytes.extend(number(shape.data.len()));
                    bytes.extend(&shape.data);
                    bytes.extend([0; MAX_PERMITTED_DATA_INCREASE]);
                    bytes.resize(bytes.len().next_multiple_of(8), 0);
                    // When rent is due: never.
                    bytes.extend([u8::MAX; 8]);
                }
            }
        }
        bytes.extend(number(data.len()));
        bytes.extend(data);
        bytes.extend(program.as_array());
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_ne_bytes(word)
        });
        Self { words: words.collect() }
    }

    /// Those of the entries that the runtime could pass.
    pub fn possible(entries: &[Entry]) -> Vec<Entry> {
        let mut possible: Vec<Entry> = Vec::new();
        for entry in entries.iter().take(MAX_TX_ACCOUNTS) {
            let fits = match entry {
                Entry::First(_) => true,
                Entry::Again(place) => matches!(possible.get(usize::from(*place)), Some(Entry::First(_))),
            };
            if fits {
                possible.push(entry.clone());
            }
        }
        possible
    }

    /// The first byte.
    pub(crate) fn start(&mut self) -> *mut u8 {
        self.words.as_mut_ptr().cast()
    }
}

fn number(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}
