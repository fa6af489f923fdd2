//! A transaction for a Squads vault: nobody here signs it, the members of the multisig approve it.

use {
    super::Outgoing,
    crate::{fault::Fault, shown::fields::Fields},
    base64::{Engine, engine::general_purpose::STANDARD},
    serde::Serialize,
    solana_hash::Hash,
    solana_message::{VersionedMessage, compiled_instruction::CompiledInstruction, v0},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    std::fmt,
};

/// What `--export-transaction` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    /// Solana's own form of a message, base64.
    message: String,
    /// The same, base58.
    message_base58: String,
    /// The form that the Squads program keeps, base64: `transaction_message` of `vault_transaction_create`.
    vault_transaction_message: String,
    signers: Vec<String>,
    #[serde(flatten)]
    facts: Fields,
}

impl fmt::Display for Exported {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Solana message (base64):\n{}\n", self.message)?;
        writeln!(out, "Solana message (base58):\n{}\n", self.message_base58)?;
        writeln!(
            out,
            "Squads vault transaction message (base64), `transaction_message` of vault_transaction_create:\n{}\n",
            self.vault_transaction_message
        )?;
        write!(out, "Signers: {}", self.signers.join(", "))
    }
}

impl Outgoing<'_> {
    /// Shows the transaction for the vault that pays for it.
    pub(super) fn export(&self, vault: &Pubkey, instructions: &[Instruction], facts: Fields) -> Result<(), Fault> {
        // The multisig's program brings blockhash and compute limits when it executes the transaction.
        let message = v0::Message::try_compile(vault, instructions, &[], Hash::default())
            .map_err(|error| Fault::new("the transaction could not be built").why(error))?;
        let signers: Vec<_> = message
            .account_keys
            .iter()
            .take(message.header.num_required_signatures.into())
            .collect();
        let others: Vec<_> = signers
            .iter()
            .filter(|key| **key != vault)
            .map(ToString::to_string)
            .collect();
        if !others.is_empty() {
            self.app.output().note(format!(
                "Note: {} must sign besides the vault {vault}. A vault transaction brings only the vault's signature: name the \
                 vault for every role, with -k {vault}.",
                others.join(" and ")
            ));
        }
        let signers = signers.into_iter().map(ToString::to_string).collect();
        let squads = squads_message(&message)?;
        let bytes = VersionedMessage::V0(message).serialize();
        self.app.output().show(&Exported {
            message: STANDARD.encode(&bytes),
            message_base58: bs58::encode(&bytes).into_string(),
            vault_transaction_message: STANDARD.encode(squads),
            signers,
            facts,
        })
    }
}

/// The form in which the Squads program (v4) takes a message: three counts, then the keys, the instructions and the
/// lookup tables, each list with a length of one byte and an instruction's data with one of two bytes, little-endian.
fn squads_message(message: &v0::Message) -> Result<Vec<u8>, Fault> {
    let header = &message.header;
    let keys = u8::try_from(message.account_keys.len()).map_err(|_| too_large())?;
    let signers = header.num_required_signatures;
    let writable_others = keys
        .checked_sub(signers)
        .and_then(|others| others.checked_sub(header.num_readonly_unsigned_accounts));
    let writable_signers = signers.checked_sub(header.num_readonly_signed_accounts);
    let mut bytes = vec![
        signers,
        writable_signers.ok_or_else(too_large)?,
        writable_others.ok_or_else(too_large)?,
        keys,
    ];
    for key in &message.account_keys {
        bytes.extend_from_slice(key.as_ref());
    }
    bytes.push(u8::try_from(message.instructions.len()).map_err(|_| too_large())?);
    for CompiledInstruction {
        program_id_index,
        accounts,
        data,
    } in &message.instructions
    {
        bytes.push(*program_id_index);
        bytes.push(u8::try_from(accounts.len()).map_err(|_| too_large())?);
        bytes.extend_from_slice(accounts);
        bytes.extend_from_slice(&u16::try_from(data.len()).map_err(|_| too_large())?.to_le_bytes());
        bytes.extend_from_slice(data);
    }
    // No lookup tables.
    bytes.push(0);
    Ok(bytes)
}

fn too_large() -> Fault {
    Fault::new("the transaction is too large for a vault transaction")
}
