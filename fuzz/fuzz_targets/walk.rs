//! Any accounts laid out as the loader does it: the program sees those and no others, and whatever is done to some of
//! them (borrowed, written, made shorter and longer, given away) is seen in them and nowhere else.

#![no_main]

use {
    anchor_lang::prelude::{ProgramError, Pubkey},
    arbitrary::Arbitrary,
    earnout_frame::{
        AccountView,
        input::{Entry, Input, Shape},
        raw,
    },
    libfuzzer_sys::fuzz_target,
};

const PROGRAM: Pubkey = Pubkey::new_from_array([9; 32]);

/// What the loader leaves behind an account's bytes.
const GROWTH: usize = 10_240;

/// Accounts of an instruction, its data, and what is done.
#[derive(Debug, Arbitrary)]
struct Life {
    places: Vec<Place>,
    data: Vec<u8>,
    acts: Vec<(u8, Act)>,
}

#[derive(Debug, Arbitrary)]
enum Place {
    First { number: u8, length: u16, flags: u8 },
    Again(u8),
}

#[derive(Debug, Arbitrary)]
enum Act {
    Write { at: u16, byte: u8 },
    Lamports(u64),
    Resize(u16),
    Assign(u8),
    Hold,
}

fuzz_target!(|life: Life| {
    let entries: Vec<Entry> = life.places.iter().map(entry).collect();
    let entries = Input::possible(&entries);
    let mut input = Input::new(&PROGRAM, &entries, &life.data);
    raw::walk(&mut input, |program, views, data| {
        assert_eq!(program, &PROGRAM);
        assert_eq!(data, life.data);
        assert_eq!(views.len(), entries.len());
        let firsts: Vec<usize> = entries.iter().enumerate().map(first).collect();
        // What is in each place that is not a repetition, and how long it was.
        let mut model: Vec<Option<(Shape, usize)>> = entries.iter().map(shape).collect();
        for (at, act) in &life.acts {
            let Some(place) = usize::from(*at).checked_rem(views.len()) else {
                break;
            };
            let (shape, original) = model[firsts[place]].as_mut().unwrap();
            perform(&views[place], act, shape, *original);
        }
        for (view, first) in views.iter().zip(firsts) {
            let (shape, _) = model[first].as_ref().unwrap();
            assert_eq!(view.address(), &shape.address);
            assert!(raw::is_owned_by(view, &shape.owner));
            assert_eq!(view.lamports(), shape.lamports);
            assert_eq!(*view.try_borrow().unwrap(), *shape.data);
            let flags = (view.is_signer(), view.is_writable(), view.executable());
            assert_eq!(flags, (shape.is_signer, shape.is_writable, shape.executable));
        }
    });
});

fn perform(view: &AccountView, act: &Act, shape: &mut Shape, original: usize) {
    match act {
        Act::Write { at, byte } => {
            let mut data = view.try_borrow_mut().unwrap();
            let busy = Some(ProgramError::AccountBorrowFailed);
            assert_eq!(view.try_borrow().err(), busy);
            assert_eq!(view.try_borrow_mut().err(), busy);
            if let Some(at) = usize::from(*at).checked_rem(data.len()) {
                data[at] = *byte;
                shape.data[at] = *byte;
            }
        }
        Act::Lamports(lamports) => {
            view.set_lamports(*lamports);
            shape.lamports = *lamports;
        }
        Act::Resize(length) => {
            let length = usize::from(*length);
            let resized = view.resize(length);
            if length > original + GROWTH {
                assert_eq!(resized, Err(ProgramError::InvalidRealloc));
            } else {
                assert_eq!(resized, Ok(()));
                shape.data.resize(length, 0);
            }
        }
        Act::Assign(number) => {
            let owner = Pubkey::from([*number; 32]);
            raw::assign(view, &owner);
            shape.owner = owner;
        }
        Act::Hold => {
            let (one, two) = (view.try_borrow().unwrap(), view.try_borrow().unwrap());
            assert_eq!(*one, *two);
            assert_eq!(view.resize(0), Err(ProgramError::AccountBorrowFailed));
        }
    }
}

fn entry(place: &Place) -> Entry {
    match place {
        Place::Again(place) => Entry::Again(*place),
        Place::First { number, length, flags } => Entry::First(Shape {
            address: Pubkey::from([*number; 32]),
            owner: Pubkey::from([!number; 32]),
            lamports: u64::from(*number),
            data: vec![*number; usize::from(*length % 2_048)],
            is_signer: flags & 1 != 0,
            is_writable: flags & 2 != 0,
            executable: flags & 4 != 0,
        }),
    }
}

fn first((place, entry): (usize, &Entry)) -> usize {
    match entry {
        Entry::First(_) => place,
        Entry::Again(first) => usize::from(*first),
    }
}

fn shape(entry: &Entry) -> Option<(Shape, usize)> {
    match entry {
        Entry::First(shape) => Some((shape.clone(), shape.data.len())),
        Entry::Again(_) => None,
    }
}
