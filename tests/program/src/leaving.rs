//! Ending grants and closing accounts.

use crate::*;

/// Who ends a grant. The effect is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The authority, by `terminate_grant`.
    Terminate,
    /// The beneficiary, by `resign_grant`.
    Resign,
}

/// Both ways.
pub const LEAVES: [Leave; 2] = [Leave::Terminate, Leave::Resign];

impl Leave {
    /// What the grant records.
    pub fn recorded(self) -> u8 {
        match self {
            Self::Terminate => 1,
            Self::Resign => 2,
        }
    }
}

/// Terms with this policy.
pub fn policy(unearned_policy: UnearnedPolicy) -> CreatePlanArgs {
    CreatePlanArgs {
        unearned_policy,
        ..terms()
    }
}

impl World {
    /// The instruction that ends the grant this way.
    pub fn leave(&self, way: Leave, grant: &Pubkey) -> Instruction {
        let plan = &self.token.plan;
        match way {
            Leave::Terminate => instructions::terminate_grant(&self.authority.pubkey(), plan, grant),
            Leave::Resign => instructions::resign_grant(&self.grant_state(grant).beneficiary, plan, grant),
        }
    }

    /// Ends the grant, which must succeed, and returns what the event says.
    #[track_caller]
    pub fn left(&mut self, way: Leave, grant: &Pubkey) -> GrantEnded {
        let leave = self.leave(way, grant);
        let receipt = self.run(leave);
        the_event!(receipt, GrantEnded)
    }

    /// A grant of `allocation` over all periods, revocable, that depends on time alone.
    pub fn timed_grant(&mut self, allocation: u64) -> Pubkey {
        self.grant(allocation, &[]).1
    }

    /// Lamports at an address.
    pub fn lamports(&self, address: &Pubkey) -> u64 {
        self.chain.account(address).map_or(0, |account| account.lamports)
    }

    /// `close_attestation`.
    pub fn close_attestation(&self, kpi: u8, period: u16) -> Instruction {
        let address = self.evaluation(kpi, period, None);
        instructions::close_attestation(&address, &self.attestation(kpi, period), &self.treasury)
    }

    /// `close_page` of the page with this grant.
    pub fn close_page(&self, kpi: u8, period: u16, grant: &Pubkey) -> Instruction {
        let address = self.evaluation(kpi, period, Some(*grant));
        instructions::close_page(&address, self.page(kpi, period, grant).head(), &self.treasury)
    }

    /// `close_period`.
    pub fn close_period(&self, period: u16) -> Instruction {
        instructions::close_period(&self.pool(period), &self.treasury)
    }

    /// `close_grant`.
    pub fn close_grant(&self, grant: &Pubkey) -> Instruction {
        instructions::close_grant(grant, &self.grant_state(grant), &self.treasury)
    }

    /// `close_plan` by the authority, surplus to the treasury.
    pub fn close_plan(&self) -> Instruction {
        self.close_plan_as(&self.authority.pubkey(), &self.treasury)
    }

    /// `close_plan` by `caller`, surplus to `destination`.
    pub fn close_plan_as(&self, caller: &Pubkey, destination: &Pubkey) -> Instruction {
        instructions::close_plan(caller, &self.token, destination, &self.plan().rent_payer)
    }

    /// Runs the closing of `account` and checks where its lamports go: `paid` to `payer`, the others to the treasury.
    #[track_caller]
    pub fn closed(&mut self, closing: Instruction, account: &Pubkey, payer: &Pubkey, paid: u64) -> Receipt {
        let treasury = self.treasury;
        let balances = |world: &Self| [*account, *payer, treasury].map(|address| world.lamports(&address));
        let [held, had, treasury_had] = balances(self);
        let receipt = self.run(closing);
        assert_eq!(balances(self), [0, had + paid, treasury_had + held - paid]);
        assert_eq!(self.chain.account(account), None);
        receipt
    }

    /// The treasury in force counts for a closing: the old one until the notice of a new one is over, from then on the
    /// new one. Moves the clock past the notice and returns the closing that is right then.
    #[track_caller]
    pub fn refuses_wrong_treasury(&mut self, closing: &Instruction) -> Instruction {
        let owner = self.key();
        let (old, new) = (self.treasury, self.token_account(&owner));
        let later = swapped(closing, &old, &new);
        self.refuses(&later, EarnoutError::WrongTreasury);
        self.run(instructions::set_treasury(
            &self.authority.pubkey(),
            &self.token.plan,
            &new,
        ));
        let effective_at = self.plan().pending_treasury_at;
        self.chain.set_time(effective_at - 1);
        self.refuses(&later, EarnoutError::WrongTreasury);
        self.chain.set_time(effective_at);
        self.refuses(closing, EarnoutError::WrongTreasury);
        self.treasury = new;
        later
    }
}

/// Lamports that strangers send to an address before and after an account of this rent is created there.
pub fn donations(rent: u64) -> [(u64, u64); 6] {
    [(0, 0), (0, 1), (1, 0), (1_000, 77), (rent, 5), (rent + 10, 0)]
}
