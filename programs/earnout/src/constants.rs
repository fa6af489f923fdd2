//! Seeds, versions and limits. Limits are part of the terms a contributor relies on: none can be changed by a plan.

use anchor_lang::prelude::*;

/// Seed of a plan: `[PLAN_SEED, creator, plan_id as u64 little-endian]`.
#[constant]
pub const PLAN_SEED: &[u8] = b"plan";
/// Seed of a plan's vault: `[VAULT_SEED, plan]`.
#[constant]
pub const VAULT_SEED: &[u8] = b"vault";
/// Seed of a grant: `[GRANT_SEED, plan, grant_index as u32 little-endian]`.
#[constant]
pub const GRANT_SEED: &[u8] = b"grant";
/// Seed of an attestation: `[ATTESTATION_SEED, plan, kpi as u8, period as u16 little-endian]`.
#[constant]
pub const ATTESTATION_SEED: &[u8] = b"attestation";
/// Seed of a page: `[PAGE_SEED, plan, kpi as u8, period as u16 little-endian, page as u32 little-endian]`.
#[constant]
pub const PAGE_SEED: &[u8] = b"page";
/// Seed of a period: `[PERIOD_SEED, plan, period as u16 little-endian]`.
#[constant]
pub const PERIOD_SEED: &[u8] = b"period";

/// Layout version written into every account created by this release.
pub const ACCOUNT_VERSION: u8 = 1;

/// The plan accepts a mint whose freeze authority could stop payouts.
pub const ALLOW_FREEZE_AUTHORITY: u8 = 1;
/// The plan accepts a mint with a transfer fee, which its fee authority can change.
pub const ALLOW_TRANSFER_FEE: u8 = 2;
/// The plan accepts a mint with a transfer hook, a program that can refuse any transfer.
pub const ALLOW_TRANSFER_HOOK: u8 = 4;

/// Pyth's first receiver: owner of the accounts with its price updates.
pub const PYTH_RECEIVER: Pubkey = pubkey!("rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ");
/// The receiver of Pyth Pro.
pub const PYTH_PRO_RECEIVER: Pubkey = pubkey!("rec2HHDDnjLfj4kE7VyEtFA1HPGQLK33259532cRyHp");

/// Most KPIs a plan can have.
#[constant]
pub const MAX_KPIS: u8 = 16;
/// Most oracles in a set.
#[constant]
pub const MAX_ORACLES: u8 = 8;
/// Most grants of a page.
#[constant]
pub const PAGE_GRANTS: u8 = 64;
/// In the values of a page: the oracle's vote stays what it was. No KPI's range contains it.
#[constant]
pub const NO_VALUE: i64 = i64::MIN;
/// Most periods of a calendar.
#[constant]
pub const MAX_PERIODS: u16 = 120;
/// Most points of a curve.
#[constant]
pub const MAX_CURVE_POINTS: u8 = 8;
/// Longest name of a plan or a KPI, in bytes of UTF-8.
#[constant]
pub const MAX_NAME_LEN: u8 = 32;
/// Longest unit of a KPI, in bytes of UTF-8.
#[constant]
pub const MAX_UNIT_LEN: u8 = 16;
/// Most decimals of a KPI's fixed-point values; `i64` holds 18 whole digits.
#[constant]
pub const MAX_KPI_DECIMALS: u8 = 18;
/// Longest unit of account of a plan, in bytes of UTF-8.
#[constant]
pub const MAX_ACCOUNT_UNIT_LEN: u8 = 8;
/// Most decimals of a plan's unit of account.
#[constant]
pub const MAX_UNIT_DECIMALS: u8 = 9;
/// Longest address of a plan's documents, in bytes of UTF-8.
#[constant]
pub const MAX_URI_LEN: u8 = 96;
/// Largest bonus cap, in basis points of a tranche (100 times the tranche).
#[constant]
pub const MAX_BONUS_CAP_BPS: u32 = 1_000_000;

/// Shortest period and shortest window, in seconds. Long enough that clock drift of the cluster and a short outage of
/// an oracle or arbiter cannot decide about pay.
#[constant]
pub const MIN_WINDOW_SECS: u32 = 600;
/// Longest attestation, challenge, ruling and notice window, in seconds (90 days): nobody's pay waits longer for a
/// step.
#[constant]
pub const MAX_WINDOW_SECS: u32 = 90 * 86_400;
/// Longest `Seconds` period (366 days).
#[constant]
pub const MAX_PERIOD_SECS: u32 = 366 * 86_400;
/// Longest `Months` period.
#[constant]
pub const MAX_PERIOD_MONTHS: u16 = 12;
/// How far in the future a calendar may begin, in seconds (5 years).
#[constant]
pub const MAX_START_DELAY_SECS: u32 = 5 * 366 * 86_400;

// The arithmetic counts with the same limits.
const _: () = assert!(
    MAX_KPIS as usize == earnout_core::MAX_KPIS
        && MAX_ORACLES as usize == earnout_core::MAX_ORACLES
        && MAX_PERIODS == earnout_core::MAX_PERIODS
        && MAX_CURVE_POINTS as usize == earnout_core::MAX_CURVE_POINTS
);
