//! Any bytes read as each account: what is accepted has the type's discriminator and its length, and says the same
//! bytes.

#![no_main]

use {
    anchor_lang::ZeroCopy,
    earnout_sdk::wire::accounts::{self, DecodeError},
    libfuzzer_sys::fuzz_target,
};

fuzz_target!(|data: &[u8]| {
    check(data, accounts::plan, VERSIONED);
    check(data, accounts::grant, VERSIONED);
    check(data, accounts::attestation, VERSIONED);
    check(data, accounts::period, VERSIONED);
    check(data, accounts::closed_plan, |_| true);
});

/// Behind the discriminator stands the version of the layout, of which there is one.
const VERSIONED: fn(&[u8]) -> bool = |body| body[0] == 1;

fn check<T: ZeroCopy>(data: &[u8], decode: fn(&[u8]) -> Result<T, DecodeError>, is_known: fn(&[u8]) -> bool) {
    let space = accounts::space::<T>();
    let is_of_type = data.get(..8) == Some(T::DISCRIMINATOR);
    let body = data.get(8..space).filter(|_| is_of_type);
    match decode(data) {
        // What the reader was given is what it holds, every field included.
        Ok(account) => assert_eq!(body.filter(|body| is_known(body)), Some(bytemuck::bytes_of(&account))),
        Err(DecodeError::WrongType(_)) => assert!(!is_of_type),
        Err(DecodeError::TooShort(_, length, needed)) => {
            assert!(is_of_type && length == data.len() && needed == space && length < needed);
        }
        Err(DecodeError::UnknownVersion(_, version)) => {
            let body = body.expect("a version in bytes of the type");
            assert!(!is_known(body) && version == body[0]);
        }
        Err(DecodeError::WrongAddress(..)) => panic!("no address was given"),
    }
}
