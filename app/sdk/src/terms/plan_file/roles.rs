//! Who takes part: keys, or names that stand for keys.

use {
    super::{
        mistake::Notes,
        section::{Found, Section},
    },
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeMap, str::FromStr},
    toml::de::DeValue,
};

/// Lengths of a key in base58.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 32..=44;

/// Someone with a role: an address, or a name whose address may not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// As the file calls it.
    pub name: String,
    /// Its address, if the file has it.
    pub key: Option<Pubkey>,
}

impl Party {
    /// The address, or one that stands for the name: the same for the same name, and no key of anyone.
    pub fn stand_in(&self) -> Pubkey {
        self.key
            .unwrap_or_else(|| Pubkey::new_from_array(Sha256::digest(self.name.as_bytes()).into()))
    }
}

/// The names of `[addresses]`, those too whose address is none.
#[derive(Default)]
pub(super) struct Addresses(BTreeMap<String, Option<Pubkey>>);

impl Addresses {
    pub(super) fn read(section: Option<Section>, notes: &mut Notes) -> Self {
        let mut addresses = BTreeMap::new();
        let Some(section) = section else {
            return Self(addresses);
        };
        for (name, value) in section.entries() {
            let name = name.get_ref().to_string();
            let found = Found {
                value: value.get_ref(),
                at: value.span().start,
                field: format!("{}.{name:?}", section.name),
            };
            let key = found.text(notes).and_then(|text| {
                let key = Pubkey::from_str(text.value);
                if key.is_err() {
                    text.wrong(notes, not_an_address(text.value));
                }
                key.ok()
            });
            addresses.insert(name, key);
        }
        Self(addresses)
    }

    /// The party that a text names. A text that looks like an address must be one. With `needs_key` a name must have an
    /// address.
    pub(super) fn party(&self, notes: &mut Notes, found: Found<&DeValue>, needs_key: bool) -> Option<Found<Party>> {
        let found = found.text(notes)?;
        let text = found.value;
        // An address that is none was noted where it stands.
        let key = match self.0.get(text) {
            Some(key) => Some((*key)?),
            None => Pubkey::from_str(text).ok(),
        };
        if key.is_some() {
            let name = text.to_owned();
            return Some(found.map(Party { name, key }));
        }
        let looks_like_a_key =
            KEY_LENGTHS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if looks_like_a_key {
            found.wrong(notes, not_an_address(text));
            return None;
        }
        if needs_key {
            let what = format!("{text:?} has no address: expected an address, or a name that [addresses] lists");
            found.wrong(notes, what);
            return None;
        }
        Some(found.map(Party {
            name: text.to_owned(),
            key: None,
        }))
    }
}

/// What is said of a text that should be an address.
pub(super) fn not_an_address(text: &str) -> String {
    format!(
        "{text:?} is not an address: expected 32 bytes in base58, like {}",
        earnout::ID
    )
}
