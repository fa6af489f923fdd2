//! One instruction, one file: its accounts, its arguments and its handler.

pub mod activate_plan;
pub mod add_kpi;
pub mod attest;
pub mod claim;
pub mod collect_bonus;
pub mod create_grant;
pub mod create_plan;
pub mod fund;
pub mod settle;
pub mod withdraw_surplus;

pub use {
    activate_plan::*, add_kpi::*, attest::*, claim::*, collect_bonus::*, create_grant::*, create_plan::*, fund::*,
    settle::*, withdraw_surplus::*,
};
