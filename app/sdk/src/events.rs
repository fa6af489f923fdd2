//! Reading the program's events from the inner instructions of a transaction.

use {
    anchor_lang::{Discriminator, event::EVENT_IX_TAG_LE},
    borsh::BorshDeserialize,
    earnout::events::*,
};

macro_rules! events {
    ($($name:ident),+ $(,)?) => {
        /// An event of the program.
        #[derive(Clone, Debug)]
        pub enum Event {
            $(#[doc = concat!("See [`earnout::events::", stringify!($name), "`].")] $name(Box<$name>)),+
        }

        impl Event {
            /// Reads the data of an instruction that the program sent to itself; `None` if it is no event of this release.
            pub fn decode(data: &[u8]) -> Option<Self> {
                let event = data.strip_prefix(EVENT_IX_TAG_LE)?;
                $(if let Some(body) = event.strip_prefix($name::DISCRIMINATOR) {
                    return $name::try_from_slice(body).ok().map(|event| Self::$name(Box::new(event)));
                })+
                None
            }

            /// Number of the event in its plan's sequence.
            pub fn sequence(&self) -> u64 {
                match self { $(Self::$name(event) => event.sequence),+ }
            }
        }
    };
}

events!(
    PlanCreated,
    KpiAdded,
    PlanActivated,
    PlanFunded,
    SurplusWithdrawn,
    GrantCreated,
    ValueAttested,
    GrantSettled,
    BonusCollected,
    GrantClaimed,
    ValueDisputed,
    DisputeRuled,
    AuthorityProposed,
    AuthorityAccepted,
    OraclesProposed,
    OracleChangeCancelled,
    TreasurySet,
    BeneficiaryProposed,
    BeneficiaryAccepted,
    ClaimLockSet,
    GrantEnded,
    AttestationClosed,
    PeriodClosed,
    GrantClosed,
    PlanClosed,
);
