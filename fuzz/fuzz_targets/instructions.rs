//! Any bytes sent to the program as an instruction: it accepts what the interface description says, refuses the rest
//! with the right error, and says again what it has read.

#![no_main]

use {
    anchor_lang::{
        AnchorDeserialize, InstructionData, error::ErrorCode, event::EVENT_IX_TAG_LE, prelude::ProgramError,
    },
    earnout::instruction,
    earnout_fuzz::{
        interface::{self, Reading},
        memory,
    },
    libfuzzer_sys::fuzz_target,
};

#[global_allocator]
static ALLOCATOR: memory::Watched = memory::Watched;

fuzz_target!(|data: &[u8]| {
    let reading = interface::instruction(data);
    let (answer, largest) = memory::largest(|| dispatch(data));
    assert!(
        largest <= memory::MOST,
        "{} bytes made the program ask for {largest}",
        data.len()
    );
    let expected = match reading {
        // The only one that needs no account needs a clock, and there is none here.
        Reading::Complete("require_before", _) => u64::from(ProgramError::UnsupportedSysvar),
        // The arguments are read before the accounts, of which there are none here.
        Reading::Complete(..) => number(ErrorCode::AccountNotEnoughKeys),
        Reading::Malformed(_) => number(ErrorCode::InstructionDidNotDeserialize),
        Reading::Unknown => number(ErrorCode::InstructionFallbackNotFound),
    };
    if !data.starts_with(EVENT_IX_TAG_LE) {
        assert_eq!(answer, expected, "{reading:?}");
    }
    if let Some((name, read)) = read(data) {
        let (encoded, used) = read.unzip();
        match reading {
            Reading::Complete(_, length) => {
                assert_eq!(used, Some(length), "{name}");
                assert_eq!(encoded.as_deref(), Some(&data[..length]), "{name}");
            }
            _ => assert_eq!(encoded, None, "{name}"),
        }
    } else {
        assert_eq!(
            reading,
            Reading::Unknown,
            "an instruction of the interface that this target does not know"
        );
    }
});

fn number(error: ErrorCode) -> u64 {
    u64::from(u32::from(error))
}

/// The number of the error with which the program answers a call without accounts.
fn dispatch(data: &[u8]) -> u64 {
    let answer = earnout::entry(&earnout::ID, &[], data);
    u64::from(answer.expect_err("nothing works without accounts"))
}

/// What a decoded instruction says, encoded again, and the bytes it was read from.
type Read = Option<(Vec<u8>, usize)>;

macro_rules! instructions {
    ($($name:ident),+ $(,)?) => {
        /// The instruction's name and what was read; none for an unknown one.
        fn read(data: &[u8]) -> Option<(&'static str, Read)> {
            $(if let Some(mut rest) = data.strip_prefix(<instruction::$name as anchor_lang::Discriminator>::DISCRIMINATOR) {
                let decoded = instruction::$name::deserialize(&mut rest).ok();
                let used = data.len() - rest.len();
                return Some((stringify!($name), decoded.map(|decoded| (decoded.data(), used))));
            })+
            None
        }
    };
}

instructions!(
    CreatePlan,
    AddKpi,
    ActivatePlan,
    Fund,
    WithdrawSurplus,
    CreateGrant,
    Attest,
    AttestPage,
    Settle,
    CollectBonus,
    Claim,
    Dispute,
    Rule,
    ProposeAuthority,
    AcceptAuthority,
    ProposeOracles,
    CancelOracleChange,
    SetTreasury,
    ProposeBeneficiary,
    AcceptBeneficiary,
    SetClaimLock,
    TerminateGrant,
    ResignGrant,
    CloseAttestation,
    ClosePage,
    ClosePeriod,
    CloseGrant,
    ClosePlan,
    RequireBefore,
);
