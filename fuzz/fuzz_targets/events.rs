//! Any bytes read as an event of the program: what is accepted is what the interface description says, and says the
//! same bytes again.

#![no_main]

use {
    anchor_lang::event::EVENT_IX_TAG_LE,
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
    assert_eq!(event.encode(), data);
    let body = body.unwrap_or_default();
    assert_eq!(reading, Reading::Complete(event.name(), body.len()));
    // Behind what it is, the plan and the time.
    assert_eq!(Some(event.sequence().to_le_bytes().as_slice()), body.get(48..56));
}
