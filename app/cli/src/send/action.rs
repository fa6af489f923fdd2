//! What a command wants to do, as people read it and as the program executes it.

use {
    crate::{context::app::App, shown::fields::Fields},
    serde::Serialize,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signer::Signer,
    std::{fmt, rc::Rc},
};

/// What a command wants to do with one transaction.
pub struct Action {
    /// As an order: "Fund the plan".
    pub(super) title: &'static str,
    pub(super) facts: Fields,
    pub(super) instructions: Vec<Instruction>,
    pub(super) signers: Vec<Rc<dyn Signer>>,
    pub(super) asks: bool,
}

impl Action {
    /// `title` says what is done, as an order: "Fund the plan".
    pub fn new(title: &'static str, instructions: Vec<Instruction>) -> Self {
        Self {
            title,
            facts: Fields::default(),
            instructions,
            signers: Vec::new(),
            asks: false,
        }
    }

    /// The same with a line of the summary, which is also a field of the result: `first period` becomes `firstPeriod`.
    pub fn fact(mut self, label: &'static str, value: impl fmt::Display + Serialize) -> Self {
        self.facts.add(label, value);
        self
    }

    /// The same with a line that people see as `text`.
    pub fn shown(mut self, label: &'static str, text: impl fmt::Display, value: impl Serialize) -> Self {
        self.facts.add_shown(label, text, value);
        self
    }

    /// The same with more lines.
    pub fn facts(mut self, facts: Fields) -> Self {
        self.facts.extend(facts);
        self
    }

    /// The same with an address among the facts, and the name that the configuration has for it.
    pub fn address(mut self, app: &App, label: &'static str, address: Pubkey) -> Self {
        self.facts.add_shown(label, app.named(&address), address.to_string());
        self
    }

    /// The same with an instruction more.
    pub fn doing(mut self, instruction: Instruction) -> Self {
        self.instructions.push(instruction);
        self
    }

    /// The same with somebody besides the fee payer who signs.
    pub fn signed_by(mut self, signer: Rc<dyn Signer>) -> Self {
        self.signers.push(signer);
        self
    }

    /// The same; because it moves money or cannot be taken back, the user is asked first.
    pub fn asking(mut self) -> Self {
        self.asks = true;
        self
    }
}
