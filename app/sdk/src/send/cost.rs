//! Upper bounds of what the program's instructions cost, for packing them. The measured figures are in
//! `docs/compute-units.md`; searching an address costs about 300 units more for each bump that does not lead to one, so
//! a bound is above the figure, and every transaction has [`SPARE_UNITS`] besides.

use {
    crate::send::packing::{Cost, Group},
    earnout::state::{ALLOW_TRANSFER_HOOK, Grant, Plan},
    solana_program::instruction::Instruction,
};

/// Units of a transaction on top of those of its instructions: for addresses that are searched long.
pub const SPARE_UNITS: u32 = 10_000;

/// `create_grant`: creates an account, which may have been funded before, and reports.
pub const CREATE_GRANT: Cost = Cost {
    units: 20_000,
    calls: 5,
};

/// `attest`: the first vote creates the account, which may have been funded before.
pub const ATTEST: Cost = Cost {
    units: 16_000,
    calls: 5,
};

/// `observe`: where nobody has voted it creates the account, which may have been funded before.
pub const OBSERVE: Cost = Cost {
    units: 16_000,
    calls: 5,
};

/// `attest_page` of 64 values: the first vote creates the account, which may have been funded before.
pub const ATTEST_PAGE: Cost = Cost {
    units: 40_000,
    calls: 5,
};

/// `collect_bonus`.
pub const COLLECT_BONUS: Cost = Cost { units: 8_000, calls: 2 };

/// `close_attestation`, `close_page`, `close_period` and `close_grant`.
pub const CLOSE: Cost = Cost { units: 8_000, calls: 2 };

/// Creating an associated token account, if it is not there.
pub const CREATE_ASSOCIATED: Cost = Cost {
    units: 30_000,
    calls: 8,
};

/// `settle` of the grant's next period. The first one under `Redistribute` creates the pool.
pub fn settle(plan: &Plan, grant: &Grant) -> Cost {
    let mut units: u32 = 14_000;
    for _ in grant.paid_by(plan) {
        // A silent KPI: its address is searched.
        units = units.saturating_add(3_000);
    }
    // Itself, its event, and what creates an account that may have been funded before.
    let creates = plan.redistributes().unwrap_or(true);
    Cost {
        units,
        calls: if creates { 5 } else { 2 },
    }
}

/// `claim`: with a memo at most, and whatever a transfer hook does.
pub fn claim(plan: &Plan) -> Cost {
    if plan.token_flags & ALLOW_TRANSFER_HOOK != 0 {
        return Cost {
            units: 200_000,
            calls: 8,
        };
    }
    Cost {
        units: 18_000,
        calls: 4,
    }
}

/// One instruction that costs `cost`.
pub fn alone(instruction: Instruction, cost: Cost) -> Group {
    Group {
        instructions: vec![instruction],
        cost,
    }
}
