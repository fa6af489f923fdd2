//! The accounts that the program sees are those that the loader passed, and nothing written to one touches another.
//!
//! Run natively, so that memory checkers see every access: `cargo xtask test --only frame` runs it with
//! AddressSanitizer.

use {
    anchor_lang::{
        Discriminator,
        error::ErrorCode,
        prelude::{ProgramError, Pubkey},
    },
    earnout_frame::{
        AccountLoader, AccountView, Fault, check,
        input::{Entry, Input, Shape},
        raw,
    },
    proptest::{collection::vec, prelude::*},
};

const PROGRAM: Pubkey = Pubkey::new_from_array([9; 32]);

fn shape(number: u8, length: usize) -> Shape {
    Shape {
        address: Pubkey::from([number; 32]),
        owner: Pubkey::from([number ^ 0xff; 32]),
        lamports: u64::from(number) << 40,
        data: vec![number; length],
        is_signer: number.is_multiple_of(2),
        is_writable: number.is_multiple_of(3),
        executable: number.is_multiple_of(5),
    }
}

/// What a view shows.
fn seen(view: &AccountView) -> Shape {
    Shape {
        address: *view.address(),
        owner: owner_of(view),
        lamports: view.lamports(),
        data: view.try_borrow().unwrap().to_vec(),
        is_signer: view.is_signer(),
        is_writable: view.is_writable(),
        executable: view.executable(),
    }
}

/// The owner, found by asking: the frame takes no reference to it.
fn owner_of(view: &AccountView) -> Pubkey {
    (0..=u8::MAX)
        .map(|byte| Pubkey::from([byte; 32]))
        .find(|owner| raw::is_owned_by(view, owner))
        .unwrap()
}

/// The shape behind each place.
fn expected(entries: &[Entry]) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for entry in Input::possible(entries) {
        let shape = match entry {
            Entry::First(shape) => shape,
            Entry::Again(place) => shapes[usize::from(place)].clone(),
        };
        shapes.push(shape);
    }
    shapes
}

fn check_all(entries: &[Entry], data: &[u8]) {
    let mut input = Input::new(&PROGRAM, entries, data);
    raw::walk(&mut input, |program, views, found| {
        assert_eq!(program, &PROGRAM);
        assert_eq!(found, data);
        let shapes: Vec<Shape> = views.iter().map(seen).collect();
        assert_eq!(shapes, expected(entries));
    });
}

#[test]
fn no_account_one_and_many() {
    check_all(&[], &[]);
    check_all(&[], &[1, 2, 3]);
    for count in [1, 2, 5, 6, 7, 10, 11, 63, 64, 128, 255] {
        let entries: Vec<Entry> = (0..count)
            .map(|number| Entry::First(shape(number, usize::from(number % 17))))
            .collect();
        check_all(&entries, &vec![count; usize::from(count)]);
    }
}

#[test]
fn accounts_of_any_length() {
    for length in [0, 1, 7, 8, 9, 165, 4_920, 10_240, 100_001] {
        let entries = [
            Entry::First(shape(6, length)),
            Entry::First(shape(7, 1)),
            Entry::First(shape(8, 0)),
        ];
        check_all(&entries, &[5]);
    }
}

#[test]
fn what_is_named_twice_is_one_account() {
    let entries = [
        Entry::First(shape(6, 16)),
        Entry::Again(0),
        Entry::First(shape(12, 0)),
        Entry::Again(2),
        Entry::Again(0),
    ];
    check_all(&entries, &[]);
    let mut input = Input::new(&PROGRAM, &entries, &[]);
    raw::walk(&mut input, |_, views, _| {
        {
            let mut data = views[0].try_borrow_mut().unwrap();
            data[15] = 1;
            let busy = ProgramError::AccountBorrowFailed;
            assert_eq!(views[1].try_borrow().err(), Some(busy.clone()));
            assert_eq!(views[4].try_borrow_mut().err(), Some(busy));
        }
        assert_eq!(views[4].try_borrow().unwrap()[15], 1);
        let (one, two) = (views[0].try_borrow().unwrap(), views[1].try_borrow().unwrap());
        assert_eq!(*one, *two);
        assert_eq!(views[4].try_borrow_mut().err(), Some(ProgramError::AccountBorrowFailed));
        drop((one, two));
        views[3].set_lamports(77);
        assert_eq!(views[2].lamports(), 77);
        raw::assign(&views[1], &PROGRAM);
        assert!(raw::is_owned_by(&views[0], &PROGRAM));
    });
}

#[test]
fn accounts_shrink_and_grow_within_what_the_loader_left() {
    let entries = [Entry::First(shape(6, 24)), Entry::First(shape(12, 8))];
    let mut input = Input::new(&PROGRAM, &entries, &[3]);
    raw::walk(&mut input, |_, views, data| {
        views[0].resize(0).unwrap();
        assert!(views[0].is_data_empty());
        assert!(views[0].try_borrow().unwrap().is_empty());
        views[0].resize(10_240 + 24).unwrap();
        views[0].try_borrow_mut().unwrap().fill(0xaa);
        assert_eq!(views[0].resize(10_240 + 25), Err(ProgramError::InvalidRealloc));
        assert_eq!(seen(&views[1]), shape(12, 8));
        assert_eq!(data, [3]);
        let held = views[0].try_borrow().unwrap();
        assert_eq!(views[0].resize(1), Err(ProgramError::AccountBorrowFailed));
        drop(held);
    });
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
struct State {
    number: u64,
    key: [u8; 32],
}

impl Discriminator for State {
    const DISCRIMINATOR: &'static [u8] = &[1, 2, 3, 4, 5, 6, 7, 8];
}

fn state(length: usize, owner: Pubkey, is_writable: bool) -> Shape {
    let mut data = [State::DISCRIMINATOR, &[7; 48]].concat();
    data.resize(length, 9);
    Shape {
        data,
        owner,
        is_writable,
        ..shape(1, 0)
    }
}

#[test]
fn a_structure_is_loaded_only_from_what_holds_one() {
    let good = state(48, PROGRAM, true);
    let mut other = good.clone();
    other.data[7] = 0;
    let cases = [
        (
            state(48, Pubkey::default(), true),
            Some(ErrorCode::AccountOwnedByWrongProgram),
        ),
        (state(0, PROGRAM, true), Some(ErrorCode::AccountDiscriminatorNotFound)),
        (state(7, PROGRAM, true), Some(ErrorCode::AccountDiscriminatorNotFound)),
        (other, Some(ErrorCode::AccountDiscriminatorMismatch)),
        (state(8, PROGRAM, true), None),
        (good.clone(), None),
    ];
    for (shape, error) in cases {
        let mut input = Input::new(&PROGRAM, &[Entry::First(shape)], &[]);
        raw::walk(&mut input, |_, views, _| {
            assert_eq!(check::state::<State>(&views[0], &PROGRAM).err(), error.map(Fault::from));
        });
    }
    for length in [8, 47] {
        let mut input = Input::new(&PROGRAM, &[Entry::First(state(length, PROGRAM, true))], &[]);
        raw::walk(&mut input, |_, views, _| {
            let loader = AccountLoader::<State>::new(&views[0]);
            let short = Some(Fault::from(ErrorCode::AccountDidNotDeserialize));
            assert_eq!(loader.load().err(), short);
            assert_eq!(loader.load_mut().err(), short);
            // A failed load gives the bytes back.
            assert!(views[0].try_borrow_mut().is_ok());
        });
    }
    let entries = [Entry::First(good), Entry::First(state(56, PROGRAM, false))];
    let mut input = Input::new(&PROGRAM, &entries, &[]);
    raw::walk(&mut input, |_, views, _| {
        let [first, second] = [&views[0], &views[1]].map(AccountLoader::<State>::new);
        let readonly = Some(Fault::from(ErrorCode::AccountNotMutable));
        assert_eq!(second.load_mut().err(), readonly);
        {
            let mut written = first.load_mut().unwrap();
            assert_eq!(written.number, u64::from_le_bytes([7; 8]));
            (written.number, written.key) = (5, [6; 32]);
            let busy = Some(Fault::from(ProgramError::AccountBorrowFailed));
            assert_eq!(first.load().err(), busy);
            assert_eq!(second.load().unwrap().key, [7; 32]);
        }
        let (one, two) = (first.load().unwrap(), first.load().unwrap());
        assert_eq!((one.number, two.key), (5, [6; 32]));
        let bytes = views[0].try_borrow().unwrap();
        assert_eq!(&bytes[..8], State::DISCRIMINATOR);
        assert_eq!(bytes[8], 5);
    });
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let first = (any::<u8>(), 0usize..40).prop_map(|(number, length)| Entry::First(shape(number, length)));
    let again = (0u8..20).prop_map(Entry::Again);
    vec(prop_oneof![3 => first, 1 => again], 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_list_of_accounts_is_seen_as_it_is(entries in entries(), data in vec(any::<u8>(), 0..50)) {
        check_all(&entries, &data);
    }

    #[test]
    fn writing_one_account_leaves_the_others(entries in entries(), at in any::<usize>()) {
        let mut shapes = expected(&entries);
        let mut input = Input::new(&PROGRAM, &entries, &[]);
        raw::walk(&mut input, |_, views, _| {
            if views.is_empty() {
                return;
            }
            let at = at % views.len();
            views[at].try_borrow_mut().unwrap().fill(0xee);
            views[at].set_lamports(1);
            let possible = Input::possible(&entries);
            let first = match possible[at] {
                Entry::Again(place) => usize::from(place),
                Entry::First(_) => at,
            };
            for (place, shape) in shapes.iter_mut().enumerate() {
                let is_same = place == first || possible[place] == Entry::Again(u8::try_from(first).unwrap());
                if is_same {
                    shape.data.fill(0xee);
                    shape.lamports = 1;
                }
            }
            let found: Vec<Shape> = views.iter().map(seen).collect();
            assert_eq!(found, shapes);
        });
    }
}
