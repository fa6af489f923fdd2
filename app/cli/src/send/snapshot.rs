//! Accounts in a file: what a command read on a machine with a connection, for one without.

use {
    crate::fault::Fault,
    serde::{Deserialize, Serialize},
    solana_account::Account,
    solana_account_decoder_client_types::{UiAccount, UiAccountData, UiAccountEncoding},
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeMap, fs, path::Path, str::FromStr},
};

/// Accounts by address, none where there is none.
#[derive(Debug, Default, PartialEq)]
pub struct Snapshot(BTreeMap<Pubkey, Option<Account>>);

/// The file: accounts in the form in which the RPC gives them.
#[derive(Serialize, Deserialize)]
struct File {
    accounts: BTreeMap<String, Option<UiAccount>>,
}

impl Snapshot {
    /// The account at `address`; none if nothing is known of it, `Some(None)` if there is none.
    pub fn get(&self, address: &Pubkey) -> Option<Option<Account>> {
        self.0.get(address).cloned()
    }

    pub fn insert(&mut self, address: Pubkey, account: Option<Account>) {
        self.0.insert(address, account);
    }

    /// # Errors
    /// If the file cannot be read, or is not such a file.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display();
        let bytes = fs::read(path).map_err(|error| {
            Fault::new(format!("the accounts in {name} cannot be read"))
                .why(error)
                .advice("write the file with --save-accounts on a machine with a connection")
        })?;
        let wrong = |why: String| {
            Fault::new(format!("{name} holds no accounts"))
                .why(why)
                .advice("write the file with --save-accounts on a machine with a connection")
        };
        let file: File = serde_json::from_slice(&bytes).map_err(|error| {
            // What stands there may be a key.
            wrong(format!(
                "line {}, column {} is not as it is written",
                error.line(),
                error.column()
            ))
        })?;
        let accounts = file.accounts.into_iter().map(|(address, account)| {
            let key = Pubkey::from_str(&address).map_err(|_| wrong(format!("`{address}` is not an address")))?;
            let account = match account {
                None => None,
                Some(account) => Some(
                    account
                        .to_account()
                        .ok_or_else(|| wrong(format!("the account {address} is garbled")))?,
                ),
            };
            Ok((key, account))
        });
        Ok(Self(accounts.collect::<Result<_, Fault>>()?))
    }

    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Fault> {
        let accounts = self
            .0
            .iter()
            .map(|(address, account)| (address.to_string(), account.as_ref().map(shown)));
        let file = File {
            accounts: accounts.collect(),
        };
        let text = serde_json::to_string_pretty(&file).map_err(Fault::new)?;
        fs::write(path, text + "\n")
            .map_err(|error| Fault::new(format!("the accounts cannot be written to {}", path.display())).why(error))
    }
}

fn shown(account: &Account) -> UiAccount {
    use base64::{Engine, engine::general_purpose::STANDARD};
    UiAccount {
        lamports: account.lamports,
        data: UiAccountData::Binary(STANDARD.encode(&account.data), UiAccountEncoding::Base64),
        owner: account.owner.to_string(),
        executable: account.executable,
        rent_epoch: account.rent_epoch,
        space: u64::try_from(account.data.len()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_survive_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("accounts.json");
        let mut snapshot = Snapshot::default();
        let (present, absent) = (Pubkey::new_unique(), Pubkey::new_unique());
        let account = Account {
            lamports: 7,
            data: vec![1, 2, 3],
            owner: Pubkey::new_unique(),
            executable: false,
            rent_epoch: u64::MAX,
        };
        snapshot.insert(present, Some(account.clone()));
        snapshot.insert(absent, None);
        snapshot.write(&file).expect("written");
        let read = Snapshot::read(&file).expect("read");
        assert_eq!(read.get(&present), Some(Some(account)));
        assert_eq!(read.get(&absent), Some(None));
        assert_eq!(read.get(&Pubkey::new_unique()), None);
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("accounts.json");
        assert!(Snapshot::read(&file).is_err());
        for wrong in ["", "{}", r#"{"accounts":{"x":null}}"#] {
            fs::write(&file, wrong).expect("written");
            let fault = Snapshot::read(&file).map_err(|fault| fault.to_string());
            assert!(fault.expect_err("wrong").contains("holds no accounts"), "{wrong}");
        }
    }
}
