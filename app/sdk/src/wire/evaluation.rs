//! What holds the values of a KPI for a period: an attestation, or a page.

use {
    super::{
        PageState,
        accounts::{self, Addressed, DecodeError},
        pda,
    },
    anchor_lang::{Discriminator, Result},
    earnout::state::{Attestation, Grant, Page, Tally, place},
    solana_program::pubkey::Pubkey,
};

/// The attestation of a shared KPI, or a page of an individual one.
#[derive(Clone, Debug)]
pub enum Evaluation {
    /// Of a shared KPI.
    Attestation(Box<Attestation>),
    /// Of an individual KPI.
    Page(Box<PageState>),
}

impl Evaluation {
    /// The plan.
    pub fn plan(&self) -> Pubkey {
        match self {
            Self::Attestation(state) => state.plan,
            Self::Page(state) => state.head().plan,
        }
    }

    /// Number of the KPI.
    pub fn kpi(&self) -> u8 {
        match self {
            Self::Attestation(state) => state.kpi,
            Self::Page(state) => state.head().kpi,
        }
    }

    /// The period.
    pub fn period(&self) -> u16 {
        match self {
            Self::Attestation(state) => state.period,
            Self::Page(state) => state.head().period,
        }
    }

    /// The page; none for an attestation.
    pub fn page(&self) -> Option<&PageState> {
        match self {
            Self::Attestation(_) => None,
            Self::Page(state) => Some(state),
        }
    }

    /// The attestation; none for a page.
    pub fn attestation(&self) -> Option<&Attestation> {
        match self {
            Self::Attestation(state) => Some(state),
            Self::Page(_) => None,
        }
    }

    /// What is known of the KPI for the period; where it is individual, for this grant.
    ///
    /// # Errors
    /// If the account holds what the program never writes, or the page has no such grant.
    pub fn tally(&self, grant: &Grant) -> Result<Tally> {
        match self {
            Self::Attestation(state) => state.tally(),
            Self::Page(state) => state.view().tally(place(grant.index).1, &grant.beneficiary),
        }
    }
}

impl Addressed for Evaluation {
    const NAME: &'static str = "attestation or page";

    fn read(data: &[u8]) -> std::result::Result<Self, DecodeError> {
        if data.starts_with(Page::DISCRIMINATOR) {
            Ok(Self::Page(Box::new(PageState::read(data)?)))
        } else if data.starts_with(Attestation::DISCRIMINATOR) {
            Ok(Self::Attestation(Box::new(accounts::attestation(data)?)))
        } else {
            Err(DecodeError::WrongType(Self::NAME))
        }
    }

    fn address(&self) -> Pubkey {
        match self {
            Self::Attestation(state) => state.address(),
            Self::Page(state) => pda::page(&state.head().plan, self.kpi(), self.period(), state.head().page),
        }
    }
}
