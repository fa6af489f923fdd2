//! One instruction, one file: its accounts, its arguments and its handler.

pub mod accept_authority;
pub mod accept_beneficiary;
pub mod activate_plan;
pub mod add_kpi;
pub mod attest;
pub mod attest_page;
pub mod cancel_oracle_change;
pub mod claim;
pub mod close_attestation;
pub mod close_grant;
pub mod close_page;
pub mod close_period;
pub mod close_plan;
pub mod collect_bonus;
pub mod create_grant;
pub mod create_plan;
pub mod dispute;
pub mod fund;
pub mod observe;
pub mod propose_authority;
pub mod propose_beneficiary;
pub mod propose_oracles;
pub mod require_before;
pub mod resign_grant;
pub mod rule;
pub mod set_claim_lock;
pub mod set_treasury;
pub mod set_uri;
pub mod settle;
pub mod terminate_grant;
pub mod withdraw_surplus;

pub use {
    accept_authority::*, accept_beneficiary::*, activate_plan::*, add_kpi::*, attest::*, attest_page::*,
    cancel_oracle_change::*, claim::*, close_attestation::*, close_grant::*, close_page::*, close_period::*,
    close_plan::*, collect_bonus::*, create_grant::*, create_plan::*, dispute::*, fund::*, observe::*,
    propose_authority::*, propose_beneficiary::*, propose_oracles::*, require_before::*, resign_grant::*, rule::*,
    set_claim_lock::*, set_treasury::*, set_uri::*, settle::*, terminate_grant::*, withdraw_surplus::*,
};
