//! What the program makes of mints and token accounts: the same as the token programs do, and every extension of a mint
//! that is not on the allow-list is refused.

use {
    anchor_lang::{error::Error, prelude::AccountInfo, solana_program::program_pack::Pack},
    anchor_spl::compat::{
        spl_token_2022_interface::{
            extension::{
                BaseStateWithExtensions, StateWithExtensions, group_member_pointer, group_pointer,
                interest_bearing_mint, metadata_pointer, scaled_ui_amount,
            },
            state::{Account as TokenAccount, Mint},
        },
        spl_token_interface, spl_token_metadata_interface,
    },
    earnout::{
        state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK},
        token::{self, Holding},
    },
    earnout_tests::{
        extensions::{ALL_FLAGS, SetUp, TOKEN_2022, before, forbidden},
        *,
    },
    proptest::{collection::vec, prelude::*},
};

fn point_to_metadata(mint: &Pubkey, authority: &Pubkey) -> [Vec<Instruction>; 2] {
    let (authority, address) = (Some(*authority), Some(*mint));
    before(metadata_pointer::instruction::initialize(
        &TOKEN_2022,
        mint,
        authority,
        address,
    ))
}

fn point_to_group(mint: &Pubkey, authority: &Pubkey) -> [Vec<Instruction>; 2] {
    let (authority, address) = (Some(*authority), Some(*mint));
    before(group_pointer::instruction::initialize(
        &TOKEN_2022,
        mint,
        authority,
        address,
    ))
}

fn point_to_member(mint: &Pubkey, authority: &Pubkey) -> [Vec<Instruction>; 2] {
    let (authority, address) = (Some(*authority), Some(*mint));
    before(group_member_pointer::instruction::initialize(
        &TOKEN_2022,
        mint,
        authority,
        address,
    ))
}

/// A plan takes a mint with these extensions in without a flag, holds it and pays it out to the last unit.
fn is_held(extensions: &[ExtensionType], set_up: SetUp) {
    let mut world = World::with_mint(TokenProgram::Token2022, |chain| {
        extended_mint(chain, extensions, set_up)
    });
    world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], 1_000);
    let (beneficiary, grant) = world.grant(1_000, &[]);
    world.after_period(3, 0);
    for _ in 0..4 {
        world.settled(&grant);
    }
    world.claim(&grant).unwrap();
    let account = world.associated_address(&beneficiary.pubkey());
    assert_eq!((world.chain.balance(&account), world.vault_balance()), (1_000, 0));
}

/// One test for each.
macro_rules! held {
    ($($name:ident: $extensions:expr, $set_up:expr;)*) => {
        mod held {
            use super::{ExtensionType::*, *};

            $(
                #[test]
                fn $name() {
                    is_held(&$extensions, $set_up);
                }
            )*
        }
    };
}

held! {
    metadata_pointer: [MetadataPointer], point_to_metadata;
    token_metadata: [MetadataPointer], |mint, authority| {
        let [before, _] = point_to_metadata(mint, authority);
        let text = || "Earnout".to_owned();
        let initialize = spl_token_metadata_interface::instruction::initialize;
        let metadata = initialize(&TOKEN_2022, mint, authority, mint, authority, text(), text(), text());
        [before, vec![metadata]]
    };
    group_pointer: [GroupPointer], point_to_group;
    token_group: [GroupPointer], |mint, authority| {
        let [before, _] = point_to_group(mint, authority);
        let initialize = spl_token_group_interface::instruction::initialize_group;
        [
            before,
            vec![initialize(&TOKEN_2022, mint, mint, authority, Some(*authority), 9)],
        ]
    };
    group_member_pointer: [GroupMemberPointer], point_to_member;
    group_and_member_pointer: [GroupPointer, GroupMemberPointer], |mint, authority| {
        let mut before = point_to_group(mint, authority)[0].clone();
        before.extend(point_to_member(mint, authority)[0].clone());
        [before, vec![]]
    };
    interest_bearing: [InterestBearingConfig], |mint, authority| {
        before(interest_bearing_mint::instruction::initialize(
            &TOKEN_2022,
            mint,
            Some(*authority),
            30_000,
        ))
    };
    scaled_ui_amount: [ScaledUiAmount], |mint, authority| {
        before(scaled_ui_amount::instruction::initialize(
            &TOKEN_2022,
            mint,
            Some(*authority),
            1_000.5,
        ))
    };
}

#[test]
fn a_member_of_a_token_group_is_accepted() {
    let program = TokenProgram::Token2022;
    let mut world = World::with_mint(program, |chain| {
        let group = extended_mint(chain, &[ExtensionType::GroupPointer], |mint, authority| {
            let [before, _] = point_to_group(mint, authority);
            let initialize = spl_token_group_interface::instruction::initialize_group;
            [
                before,
                vec![initialize(&TOKEN_2022, mint, mint, authority, Some(*authority), 9)],
            ]
        });
        extended_mint(chain, &[ExtensionType::GroupMemberPointer], |mint, authority| {
            let [before, _] = point_to_member(mint, authority);
            let initialize = spl_token_group_interface::instruction::initialize_member;
            [
                before,
                vec![initialize(&TOKEN_2022, mint, mint, authority, &group, authority)],
            ]
        })
    });
    world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], 1_000);
    assert_eq!(world.vault_balance(), 1_000);
}

/// `create_plan` with every flag, which a mint that is no more than that would get.
fn with_all_flags() -> (World, Instruction) {
    let world = World::new(TokenProgram::Token2022);
    let create = world.create_plan(world.manned(CreatePlanArgs {
        token_flags: ALL_FLAGS,
        ..terms()
    }));
    (world, create)
}

fn is_refused(name: &str) {
    let (mut world, create) = with_all_flags();
    let plain = world.token.mint;
    let forbidden = forbidden();
    let (_, extensions, set_up) = forbidden.iter().find(|(of, ..)| *of == name).unwrap();
    let mint = extended_mint(&mut world.chain, extensions, *set_up);
    world.refuses(&swapped(&create, &plain, &mint), EarnoutError::ExtensionNotAllowed);
    // It was the mint.
    world.run(create);
}

/// One test for each of `extensions::forbidden`.
macro_rules! refused {
    ($($name:ident)*) => {
        mod refused {
            use super::*;

            $(
                #[test]
                fn $name() {
                    is_refused(stringify!($name));
                }
            )*

            #[test]
            fn every_forbidden_mint_has_its_test() {
                assert_eq!(forbidden().map(|(name, ..)| name), [$(stringify!($name)),*]);
            }
        }
    };
}

refused! {
    permanent_delegate
    mint_close_authority
    non_transferable
    default_account_state_frozen
    default_account_state_initialized
    pausable
    confidential_transfer
    confidential_transfer_fee
    confidential_mint_burn
    permanent_delegate_among_those_that_a_flag_allows
}

#[test]
fn mints_with_any_other_extension_are_refused_whatever_the_flags() {
    let (mut world, create) = with_all_flags();
    let plain = world.token.mint;
    // One that this release does not know, in the place of one that it does.
    let mint = extended_mint(&mut world.chain, &[ExtensionType::MetadataPointer], point_to_metadata);
    let mut unknown = world.chain.account(&mint).unwrap();
    assert_eq!(unknown.data[166..168], [18, 0]);
    for kind in [28u16, 100, 60_000, u16::MAX] {
        unknown.data[166..168].copy_from_slice(&kind.to_le_bytes());
        world.chain.replace(&mint, unknown.clone());
        world.refuses(&swapped(&create, &plain, &mint), EarnoutError::ExtensionNotAllowed);
    }
    world.run(create);
}

// Every extension there is, by number.

#[test]
fn the_allow_list_has_eight_extensions_and_no_other() {
    let mint = Mint {
        is_initialized: true,
        decimals: 3,
        ..Mint::default()
    };
    let mut accepted = Vec::new();
    for kind in 1..=100u16 {
        let mut data = vec![0; 165];
        mint.pack_into_slice(&mut data[..82]);
        data.push(1);
        data.extend_from_slice(&kind.to_le_bytes());
        data.extend_from_slice(&[0, 0]);
        match check_mint(&TOKEN_2022, &mut data, 0) {
            Ok(3) => accepted.push(kind),
            other => assert_eq!(other, Err(refusal(kind, 0).unwrap().into()), "{kind}"),
        }
    }
    use ExtensionType::*;
    let allowed = [
        InterestBearingConfig,
        MetadataPointer,
        TokenMetadata,
        GroupPointer,
        TokenGroup,
        GroupMemberPointer,
        TokenGroupMember,
        ScaledUiAmount,
    ];
    assert_eq!(accepted, allowed.map(u16::from));
}

/// What a plan with these flags refuses a mint with this extension with.
fn refusal(kind: u16, flags: u8) -> Option<EarnoutError> {
    match kind {
        1 => (flags & ALLOW_TRANSFER_FEE == 0).then_some(EarnoutError::TransferFeeNotAllowed),
        14 => (flags & ALLOW_TRANSFER_HOOK == 0).then_some(EarnoutError::TransferHookNotAllowed),
        kind => (!ALLOWED.contains(&kind)).then_some(EarnoutError::ExtensionNotAllowed),
    }
}

fn with_info<T>(owner: &Pubkey, data: &mut [u8], read: impl FnOnce(&AccountInfo) -> T) -> T {
    let (key, mut lamports) = (Pubkey::default(), 1);
    read(&AccountInfo::new(&key, false, false, &mut lamports, data, owner, false))
}

fn check_mint(owner: &Pubkey, data: &mut [u8], flags: u8) -> Result<u8, u32> {
    with_info(owner, data, |info| token::check_mint(info, owner, flags)).map_err(|error| match error {
        Error::AnchorError(error) => error.error_code_number,
        Error::ProgramError(error) => panic!("{error:?}"),
    })
}

/// What the token program's own library makes of a token account.
fn library_holding(owner: &Pubkey, data: &[u8]) -> Option<Holding> {
    let holding = |mint, owner, amount| Holding { mint, owner, amount };
    if owner == &TOKEN_2022 {
        let state = StateWithExtensions::<TokenAccount>::unpack(data).ok()?.base;
        Some(holding(state.mint, state.owner, state.amount))
    } else {
        let state = spl_token_interface::state::Account::unpack(data).ok()?;
        Some(holding(state.mint, state.owner, state.amount))
    }
}

/// And of a mint: decimals, freeze authority and numbers of its extensions; nothing if those cannot be read.
fn library_mint(owner: &Pubkey, data: &[u8]) -> Option<(u8, bool, Option<Vec<u16>>)> {
    if owner == &TOKEN_2022 {
        let state = StateWithExtensions::<Mint>::unpack(data).ok()?;
        let extensions = state.get_extension_types().ok();
        let extensions = extensions.map(|kinds| kinds.into_iter().map(u16::from).collect());
        Some((state.base.decimals, state.base.freeze_authority.is_some(), extensions))
    } else {
        let state = spl_token_interface::state::Mint::unpack(data).ok()?;
        Some((state.decimals, state.freeze_authority.is_some(), Some(Vec::new())))
    }
}

/// Bytes of `length` in which the bytes at `options` and the three after each are an option's tag, as token programs
/// write it.
fn base(length: usize, options: &'static [usize]) -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), length), vec(0..2u8, options.len())).prop_map(move |(mut bytes, tags)| {
        for (&position, tag) in options.iter().zip(tags) {
            bytes[position..position + 4].copy_from_slice(&[tag, 0, 0, 0]);
        }
        bytes
    })
}

/// What may follow: nothing; the type of account and entries of extensions, well-formed or not; anything.
fn tail(kinds: std::ops::Range<u16>) -> impl Strategy<Value = Vec<u8>> {
    let entry = (kinds, vec(any::<u8>(), 0..70)).prop_map(|(kind, body)| {
        let length = u16::try_from(body.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), &body].concat()
    });
    let entries = (0..4u8, vec(entry, 0..3)).prop_map(|(kind, entries)| [vec![kind], entries.concat()].concat());
    prop_oneof![3 => Just(Vec::new()), 5 => entries, 2 => vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        rng_seed: prop::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn token_accounts_are_read_as_the_token_programs_read_them(
        mut data in base(165, &[72, 109, 129]),
        state in 0..4u8,
        extensions in tail(0..30),
        cut in prop_oneof![9 => Just(usize::MAX), 1 => 0..400usize],
    ) {
        data[108] = state;
        // SPL Token has accounts of this one length only.
        let spl = spl_token_interface::ID;
        let read = with_info(&spl, &mut data, |info| token::holding(info, &spl));
        prop_assert_eq!(read, library_holding(&spl, &data));
        data.extend(extensions);
        data.truncate(cut);
        let read = with_info(&TOKEN_2022, &mut data, |info| token::holding(info, &TOKEN_2022));
        prop_assert_eq!(read, library_holding(&TOKEN_2022, &data));
        // An account of another program is none.
        prop_assert_eq!(with_info(&spl, &mut data, |info| token::holding(info, &TOKEN_2022)), None);
    }

    #[test]
    fn mints_are_read_as_the_token_programs_read_them(
        mut data in base(82, &[0, 46]),
        initialized in 0..2u8,
        padding in prop_oneof![9 => Just(0u8), 1 => any::<u8>()],
        extensions in tail(0..30),
        flags in 0..=ALL_FLAGS,
        cut in prop_oneof![9 => Just(usize::MAX), 1 => 0..400usize],
    ) {
        data[45] = initialized;
        let spl = spl_token_interface::ID;
        for program in [spl, TOKEN_2022] {
            if program == TOKEN_2022 && !extensions.is_empty() {
                data.resize(165, padding);
                data.extend(&extensions);
                data.truncate(cut);
            }
            let expected = match library_mint(&program, &data) {
                None => Err(EarnoutError::WrongMint),
                Some((_, _, None)) => Err(EarnoutError::ExtensionNotAllowed),
                Some((decimals, freezable, Some(kinds))) => {
                    let refused = kinds.iter().find_map(|&kind| refusal(kind, flags));
                    let freezable = freezable && flags & ALLOW_FREEZE_AUTHORITY == 0;
                    let freezable = freezable.then_some(EarnoutError::FreezeAuthorityNotAllowed);
                    refused.or(freezable).map_or(Ok(decimals), Err)
                }
            };
            prop_assert_eq!(check_mint(&program, &mut data, flags), expected.map_err(u32::from));
        }
    }
}

/// Numbers of the allowed extensions: interest-bearing; metadata pointer and metadata; group pointer and group; member
/// pointer and member; scaled UI amount.
const ALLOWED: [u16; 8] = [10, 18, 19, 20, 21, 22, 23, 25];
