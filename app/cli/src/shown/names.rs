//! Addresses with the labels that the configuration of Solana's tools has for them.

use {super::text::short, crate::context::app::App, solana_program::pubkey::Pubkey, std::collections::BTreeMap};

/// Labels by address.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Those of the configuration; none if it cannot be read, which matters to nobody who only looks.
    pub fn of(app: &App) -> Self {
        let labels = app.config().map(|config| config.address_labels.clone());
        Self(labels.unwrap_or_default())
    }

    /// The whole address and its label.
    pub fn full(&self, address: &Pubkey) -> String {
        let address = address.to_string();
        match self.0.get(&address) {
            Some(label) => format!("{address} ({label})"),
            None => address,
        }
    }

    /// For tables: the label, or the address shortened.
    pub fn short(&self, address: &Pubkey) -> String {
        let address = address.to_string();
        match self.0.get(&address) {
            Some(label) => label.clone(),
            None => short(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_beside_the_address_or_in_its_place() {
        let [known, other] = [1, 2].map(|byte| Pubkey::new_from_array([byte; 32]));
        let names = Names([(known.to_string(), "treasury".to_owned())].into());
        assert_eq!(names.full(&known), format!("{known} (treasury)"));
        assert_eq!(names.short(&known), "treasury");
        assert_eq!(names.full(&other), other.to_string());
        assert_eq!(names.short(&other), short(other));
    }
}
