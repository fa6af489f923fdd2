//! Reading the program's events from the inner instructions of a transaction.

mod describe;

use {
    crate::wire::pda,
    anchor_lang::{Discriminator, Event as _, event::EVENT_IX_TAG_LE},
    borsh::BorshDeserialize,
    earnout::events::*,
    solana_program::pubkey::Pubkey,
};

/// The field `grant` among an event's, if it has one.
macro_rules! grant {
    ($event:ident) => {{ let _ = $event; None }};
    ($event:ident grant $($rest:ident)*) => { Option::<Pubkey>::from($event.grant) };
    ($event:ident $other:ident $($rest:ident)*) => { grant!($event $($rest)*) };
}

macro_rules! events {
    ($($name:ident($($field:ident)*))+) => {
        /// An event of the program.
        #[derive(Clone, Debug)]
        pub enum Event {
            $(#[doc = concat!("See [`earnout::events::", stringify!($name), "`].")] $name(Box<$name>)),+
        }

        impl Event {
            /// Reads the data of an instruction that the program sent to itself; `None` if it is not an event of this
            /// release.
            pub fn decode(data: &[u8]) -> Option<Self> {
                let event = data.strip_prefix(EVENT_IX_TAG_LE)?;
                $(if let Some(body) = event.strip_prefix($name::DISCRIMINATOR) {
                    return $name::try_from_slice(body).ok().map(|event| Self::$name(Box::new(event)));
                })+
                None
            }

            /// The event's bytes, as [`Event::decode`] reads them.
            pub fn encode(&self) -> Vec<u8> {
                let body = match self { $(Self::$name(event) => event.data()),+ };
                [EVENT_IX_TAG_LE, &body].concat()
            }

            /// The event's name, as in the interface description.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),+ }
            }

            /// The names of all events.
            pub const fn names() -> &'static [&'static str] {
                &[$(stringify!($name)),+]
            }

            /// The plan.
            pub fn plan(&self) -> Pubkey {
                match self { $(Self::$name(event) => event.plan),+ }
            }

            /// Time of the slot, Unix seconds.
            pub fn time(&self) -> i64 {
                match self { $(Self::$name(event) => event.time),+ }
            }

            /// Number of the event in its plan's sequence.
            pub fn sequence(&self) -> u64 {
                match self { $(Self::$name(event) => event.sequence),+ }
            }

            /// The grant that the event names; none if it names none.
            pub fn grant(&self) -> Option<Pubkey> {
                match self { $(Self::$name(event) => grant!(event $($field)*)),+ }
            }
        }
    };
}

earnout::every_event!(events);

impl Event {
    /// The grants whose accounts the event changes.
    pub fn grants(&self) -> impl Iterator<Item = Pubkey> + '_ {
        let (several, one): (&[Pubkey], _) = match self {
            Self::DisputeRuled(event) => (&event.disputed_for, None),
            event => (&[], event.grant()),
        };
        several.iter().copied().chain(one)
    }

    /// Address of the attestation or page that the event changes; none if it changes none.
    pub fn evaluation(&self) -> Option<Pubkey> {
        let (plan, kpi, period, grant) = match self {
            Self::ValueAttested(event) => (&event.plan, event.kpi, event.period, None),
            Self::ValueObserved(event) => (&event.plan, event.kpi, event.period, None),
            Self::PageAttested(event) => (&event.plan, event.kpi, event.period, Some(event.first)),
            Self::ValueDisputed(event) => {
                let grant = event.grants.map(|grants| grants.first);
                (&event.plan, event.kpi, event.period, grant)
            }
            Self::DisputeRuled(event) => {
                let grant = event.grants.map(|grants| grants.first);
                (&event.plan, event.kpi, event.period, grant)
            }
            Self::AttestationClosed(event) => (&event.plan, event.kpi, event.period, None),
            Self::PageClosed(event) => return Some(pda::page(&event.plan, event.kpi, event.period, event.page)),
            _ => return None,
        };
        Some(pda::evaluation(plan, kpi, period, grant))
    }
}
