//! Arguments and events have borsh's bytes, and what borsh refuses is refused.

use {
    anchor_lang::{AnchorDeserialize as _, prelude::Pubkey},
    earnout_frame::{
        Decode, Encode,
        raw::{Buffer, ROOM},
        with_event_data,
    },
    proptest::{collection::vec, option, prelude::*},
};

/// Everything that arguments and events are made of.
#[derive(
    Clone,
    Debug,
    PartialEq,
    anchor_lang::AnchorSerialize,
    anchor_lang::AnchorDeserialize,
    earnout_frame::AnchorSerialize,
    earnout_frame::AnchorDeserialize,
)]
struct All {
    small: u8,
    short: u16,
    middle: u32,
    long: u64,
    signed: i64,
    flag: bool,
    key: Pubkey,
    hash: [u8; 32],
    list: Vec<u16>,
    keys: Vec<Pubkey>,
    text: String,
    choice: Choice,
    maybe: Option<Choice>,
    inner: Vec<Inner>,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    anchor_lang::AnchorSerialize,
    anchor_lang::AnchorDeserialize,
    earnout_frame::AnchorSerialize,
    earnout_frame::AnchorDeserialize,
)]
enum Choice {
    Nothing,
    Number(u32),
    Other(u16),
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    anchor_lang::AnchorSerialize,
    anchor_lang::AnchorDeserialize,
    earnout_frame::AnchorSerialize,
    earnout_frame::AnchorDeserialize,
)]
struct Inner {
    value: i64,
    score: u16,
}

/// An event, of which Anchor makes the same bytes.
mod anchors {
    use anchor_lang::prelude::*;

    #[event]
    #[derive(Clone)]
    pub struct Reported {
        pub value: i64,
        pub name: String,
    }
}

#[earnout_frame::event]
#[derive(Clone)]
struct Reported {
    value: i64,
    name: String,
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::Nothing),
        any::<u32>().prop_map(Choice::Number),
        any::<u16>().prop_map(Choice::Other)
    ]
}

prop_compose! {
    fn all()(
        numbers in any::<(u8, u16, u32, u64, i64, bool)>(),
        key in any::<[u8; 32]>(),
        hash in any::<[u8; 32]>(),
        list in vec(any::<u16>(), 0..20),
        keys in vec(any::<[u8; 32]>(), 0..4),
        text in ".{0,20}",
        choice in choice(),
        maybe in option::of(self::choice()),
        inner in vec(any::<(i64, u16)>(), 0..4),
    ) -> All {
        let (small, short, middle, long, signed, flag) = numbers;
        All {
            small, short, middle, long, signed, flag,
            key: key.into(),
            hash, list,
            keys: keys.into_iter().map(Pubkey::from).collect(),
            text, choice, maybe,
            inner: inner.into_iter().map(|(value, score)| Inner { value, score }).collect(),
        }
    }
}

/// What the frame reads, and what is left.
fn read(mut data: &[u8]) -> Option<(All, usize)> {
    All::decode(&mut data).map(|value| (value, data.len()))
}

/// What borsh reads, and what is left.
fn read_by_borsh(mut data: &[u8]) -> Option<(All, usize)> {
    All::deserialize(&mut data).ok().map(|value| (value, data.len()))
}

proptest! {
    #[test]
    fn bytes_are_borshs(value in all(), more in vec(any::<u8>(), 0..5)) {
        let mut buffer = Buffer::new();
        value.encode(&mut buffer);
        prop_assert_eq!(&*buffer, &anchor_lang::prelude::borsh::to_vec(&value).unwrap());
        let mut bytes = buffer.to_vec();
        bytes.extend(&more);
        prop_assert_eq!(read(&bytes), Some((value, more.len())));
    }

    #[test]
    fn broken_bytes_are_read_alike(
        value in all(), cut in any::<usize>(), changes in vec((any::<usize>(), any::<u8>()), 0..4)
    ) {
        let mut bytes = anchor_lang::prelude::borsh::to_vec(&value).unwrap();
        bytes.truncate(cut % (bytes.len() + 1));
        for (at, by) in changes {
            let length = bytes.len();
            if let Some(byte) = bytes.get_mut(at % length.max(1)) {
                *byte = by;
            }
        }
        prop_assert_eq!(read(&bytes), read_by_borsh(&bytes));
    }

    #[test]
    fn any_bytes_are_read_alike(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(read(&bytes), read_by_borsh(&bytes));
    }

    #[test]
    fn events_are_anchors(value in any::<i64>(), name in ".{0,40}") {
        let anchors = anchor_lang::Event::data(&anchors::Reported { value, name: name.clone() });
        let expected = [anchor_lang::event::EVENT_IX_TAG_LE, &anchors].concat();
        with_event_data(&Reported { value, name }, |data| assert_eq!(data, expected));
    }
}

#[test]
fn a_length_that_the_data_cannot_fill_reserves_nothing() {
    let mut data: &[u8] = &[0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    assert_eq!(Vec::<Pubkey>::decode(&mut data), None);
    let mut data: &[u8] = &[0xff, 0xff, 0xff, 0xff];
    assert_eq!(String::decode(&mut data), None);
}

#[test]
fn a_buffer_takes_what_fits_and_nothing_more() {
    let mut buffer = Buffer::new();
    assert!(buffer.is_empty());
    buffer.put(&[]);
    buffer.put(&[7; ROOM - 1]);
    buffer.put(&[8]);
    buffer.put(&[]);
    assert_eq!(buffer.len(), ROOM);
    assert_eq!(buffer[ROOM - 2..], [7, 8]);
    let over = std::panic::catch_unwind(move || buffer.put(&[1]));
    assert!(over.is_err());
}
