//! Any bytes read as each account: what is accepted has the type's discriminator and its length, and says the same
//! bytes.

#![no_main]

use {
    anchor_lang::{Discriminator, ZeroCopy},
    earnout::state::Page,
    earnout_sdk::wire::accounts::{self, DecodeError},
    libfuzzer_sys::fuzz_target,
};

fuzz_target!(|data: &[u8]| {
    check(data, accounts::plan, VERSIONED);
    check(data, accounts::grant, VERSIONED);
    check(data, accounts::attestation, VERSIONED);
    check(data, accounts::period, VERSIONED);
    check_page(data);
    check(data, accounts::closed_plan, |_| true);
});

/// Behind the discriminator stands the version of the layout, of which there is one.
const VERSIONED: fn(&[u8]) -> bool = |body| body[0] == 1;

/// A page is as long as it says.
fn check_page(data: &[u8]) {
    let is_page = data.starts_with(Page::DISCRIMINATOR);
    match accounts::page(data) {
        Ok(page) => assert_eq!(page.to_bytes(), data),
        Err(DecodeError::WrongType(_)) => assert!(!is_page),
        Err(DecodeError::TooShort(_, length, needed)) => assert!(is_page && length == data.len() && length != needed),
        Err(DecodeError::UnknownVersion(_, version)) => assert!(is_page && version == data[8] && version != 1),
        Err(DecodeError::WrongAddress(..)) => panic!("no address was given"),
    }
}

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
