//! How many instructions fit into a transaction.

use {
    anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction},
    std::collections::BTreeSet,
};

/// Largest transaction that the network carries, in bytes.
const MAX_BYTES: usize = 1_232;

/// Each instruction brings 200,000 compute units and a transaction has at most 1,400,000.
const MAX_INSTRUCTIONS: usize = 7;

/// Splits groups of instructions into transactions, in order and no group apart, each as full as it may be.
pub fn transactions(payer: &Pubkey, groups: impl IntoIterator<Item = Vec<Instruction>>) -> Vec<Vec<Instruction>> {
    let mut transactions: Vec<Vec<Instruction>> = Vec::new();
    for group in groups {
        if let Some(last) = transactions.last_mut() {
            let before = last.len();
            last.extend_from_slice(&group);
            if last.len() <= MAX_INSTRUCTIONS && bytes(payer, last) <= MAX_BYTES {
                continue;
            }
            last.truncate(before);
        }
        transactions.push(group);
    }
    transactions
}

/// Bytes of a transaction of these instructions.
fn bytes(payer: &Pubkey, instructions: &[Instruction]) -> usize {
    let mut keys = BTreeSet::from([*payer]);
    let mut signers = keys.clone();
    let mut body = 0;
    for instruction in instructions {
        keys.insert(instruction.program_id);
        for account in &instruction.accounts {
            keys.insert(account.pubkey);
            if account.is_signer {
                signers.insert(account.pubkey);
            }
        }
        let (accounts, data) = (instruction.accounts.len(), instruction.data.len());
        body += 1 + prefix(accounts) + accounts + prefix(data) + data;
    }
    let signatures = prefix(signers.len()) + 64 * signers.len();
    let header_and_keys = 3 + prefix(keys.len()) + 32 * keys.len();
    signatures + header_and_keys + 32 + prefix(instructions.len()) + body
}

/// Bytes of a length before its items.
fn prefix(length: usize) -> usize {
    if length < 0x80 { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use {super::*, anchor_lang::prelude::AccountMeta};

    #[test]
    fn transactions_are_full_and_none_is_too_long() {
        let payer = Pubkey::new_unique();
        let instruction = |data: usize| Instruction {
            program_id: Pubkey::default(),
            accounts: vec![AccountMeta::new(payer, true)],
            data: vec![0; data],
        };
        // Signature 1 + 64, header 3, keys 1 + 2 · 32, blockhash 32, count 1, instruction 4 or 5 and its data.
        let lengths = |datas: &[usize]| -> Vec<usize> {
            let groups = datas.iter().map(|&data| vec![instruction(data)]);
            transactions(&payer, groups).iter().map(Vec::len).collect()
        };
        let room = MAX_BYTES - (1 + 64 + 3 + 1 + 64 + 32 + 1);
        assert_eq!(lengths(&[room - 5 - 14, 10]), [2]);
        assert_eq!(lengths(&[room - 5 - 14, 11]), [1, 1]);
        assert_eq!(lengths(&[1; 15]), [7, 7, 1]);
    }
}
