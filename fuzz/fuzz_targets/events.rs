//! Any bytes read as an event of the program: what is accepted is what the interface description says, and says the
//! same bytes again.

#![no_main]

use {
    anchor_lang::{Event as _, event::EVENT_IX_TAG_LE},
    earnout_fuzz::{
        interface::{self, Reading},
        memory,
    },
    earnout_sdk::wire::events::Event,
    libfuzzer_sys::fuzz_target,
};

#[global_allocator]
static ALLOCATOR: memory::Watched = memory::Watched;

fuzz_target!(|data: &[u8]| {
    check(data);
    // Most bytes fail at the tag: so they are also tried behind it.
    check(&[EVENT_IX_TAG_LE, data].concat());
});

fn check(data: &[u8]) {
    let body = data.strip_prefix(EVENT_IX_TAG_LE);
    let reading = body.map_or(Reading::Unknown, interface::event);
    let (event, largest) = memory::largest(|| Event::decode(data));
    assert!(
        largest <= memory::MOST,
        "{} bytes made the reader ask for {largest}",
        data.len()
    );
    let Some(event) = event else {
        // Nothing may follow an event.
        let whole = matches!(reading, Reading::Complete(_, length) if Some(length) == body.map(<[u8]>::len));
        assert!(!whole, "{reading:?} was refused");
        return;
    };
    let (name, sequence, encoded) = told(&event);
    assert_eq!(Some(encoded.as_slice()), body);
    assert_eq!(reading, Reading::Complete(name, encoded.len()));
    assert_eq!(event.sequence(), sequence);
}

macro_rules! events {
    ($($name:ident),+ $(,)?) => {
        /// The event's name, its number, and what it says in bytes.
        fn told(event: &Event) -> (&'static str, u64, Vec<u8>) {
            match event {
                $(Event::$name(event) => (stringify!($name), event.sequence, event.data())),+
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
