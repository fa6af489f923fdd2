//! Addresses with the labels that the configuration of Solana's tools has for them, and with those that a plan document
//! or a file gives to contributors. The configuration is the user's own; what others wrote stands in quotation marks,
//! and never in the place of the address.

use {
    super::text::{quoted, short},
    crate::context::app::App,
    earnout_sdk::document::Labels,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// Labels by address.
#[derive(Clone, Debug, Default)]
pub struct Names {
    own: BTreeMap<String, String>,
    given: Labels,
}

impl Names {
    /// Those of the configuration; none if it cannot be read, which matters to nobody who only looks.
    pub fn of(app: &App) -> Self {
        let labels = app.config().map(|config| config.address_labels.clone());
        Self {
            own: labels.unwrap_or_default(),
            given: Labels::default(),
        }
    }

    /// The same with labels that somebody gives to contributors.
    pub fn with(mut self, given: Labels) -> Self {
        self.given = given;
        self
    }

    /// What somebody calls a grant.
    pub fn label(&self, grant: u32, beneficiary: &Pubkey) -> Option<&str> {
        self.given.of(grant, beneficiary)
    }

    /// The beneficiary of a grant: the whole address and its labels.
    pub fn beneficiary(&self, grant: u32, address: &Pubkey) -> String {
        self.labelled(self.full(address), grant, address)
    }

    /// For tables: as [`Names::short`], and what somebody calls the grant.
    pub fn short_beneficiary(&self, grant: u32, address: &Pubkey) -> String {
        self.labelled(self.short(address), grant, address)
    }

    fn labelled(&self, text: String, grant: u32, address: &Pubkey) -> String {
        match self.label(grant, address) {
            Some(label) => format!("{text} {}", quoted(label)),
            None => text,
        }
    }

    /// The whole address and its label.
    pub fn full(&self, address: &Pubkey) -> String {
        let address = address.to_string();
        match self.own.get(&address) {
            Some(label) => format!("{address} ({label})"),
            None => address,
        }
    }

    /// For tables: the label, or the address shortened.
    pub fn short(&self, address: &Pubkey) -> String {
        let address = address.to_string();
        match self.own.get(&address) {
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
        let names = Names {
            own: [(known.to_string(), "treasury".to_owned())].into(),
            given: Labels::default(),
        };
        assert_eq!(names.full(&known), format!("{known} (treasury)"));
        assert_eq!(names.short(&known), "treasury");
        assert_eq!(names.full(&other), other.to_string());
        assert_eq!(names.short(&other), short(other));
        let given = Labels {
            beneficiaries: [(other, "A\u{202e}da".to_owned())].into(),
            grants: [(7, "Bo".to_owned())].into(),
        };
        let names = names.with(given);
        assert_eq!(names.beneficiary(0, &other), format!("{other} \"A\\u{{202e}}da\""));
        assert_eq!(
            names.short_beneficiary(0, &other),
            format!("{} \"A\\u{{202e}}da\"", short(other))
        );
        assert_eq!(names.beneficiary(7, &known), format!("{known} (treasury) \"Bo\""));
        assert_eq!(names.beneficiary(0, &known), names.full(&known));
    }
}
