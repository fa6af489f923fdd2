//! Disputes and rulings, and every change of a key: authority, oracles, treasury, beneficiary.

pub use earnout::{
    instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
    state::{CLAIM_LOCKED, DISPUTE_BARRED, OracleSet, Termination},
};

use crate::*;

/// Hash of the reason of all disputes here.
pub const REASON: [u8; 32] = [4; 32];
/// Hash of the reason of all rulings here.
pub const RULING_REASON: [u8; 32] = [6; 32];
/// Challenge window of [`Disputable`], seconds.
pub const CHALLENGE: i64 = HOUR;
/// Ruling window of [`Disputable`], seconds.
pub const RULING: i64 = 2 * HOUR;

/// What the oracles leave behind for a period, which a dispute can be about.
#[derive(Debug)]
pub struct Standing {
    /// Oracle, seconds after the end of the period, value.
    pub votes: &'static [(usize, i64, i64)],
    /// Since when it stands, seconds after the end of the period.
    pub since: i64,
    /// What it scores if it stands, basis points.
    pub score: u16,
}

/// An agreement before the end of voting, medians of three and of two votes, a lonely vote, and nobody's vote.
pub const STANDINGS: [Standing; 5] = [
    Standing {
        votes: &[(0, 10, 70), (2, 100, 70)],
        since: 100,
        score: 7_000,
    },
    Standing {
        votes: &[(0, 10, 50), (1, 20, 90), (2, 30, 60)],
        since: DAY,
        score: 6_000,
    },
    Standing {
        votes: &[(0, 10, 80), (1, 20, 40)],
        since: DAY,
        score: 4_000,
    },
    Standing {
        votes: &[(1, 0, 90)],
        since: DAY,
        score: 2_500,
    },
    Standing {
        votes: &[],
        since: DAY,
        score: 2_500,
    },
];

/// The early agreement of [`STANDINGS`].
pub const AGREED: &Standing = &STANDINGS[0];
/// The silence of [`STANDINGS`] that has no account.
pub const SILENT: &Standing = &STANDINGS[4];

/// KPI 0 shared, KPI 1 individual; silence counts 2,500.
pub fn disputable_kpis() -> [KpiArgs; 2] {
    [("revenue", Scope::Shared), ("tasks", Scope::Individual)].map(|(name, scope)| KpiArgs {
        default_score: 2_500,
        ..kpi(name, scope)
    })
}

/// Terms with a challenge window of [`CHALLENGE`] and a ruling window of [`RULING`].
pub fn disputable_terms() -> CreatePlanArgs {
    CreatePlanArgs {
        challenge_secs: 3_600,
        ruling_secs: 7_200,
        ..terms()
    }
}

/// A grant of 400,000 that depends on one KPI only, of which something stands for period 0.
pub struct Disputable {
    /// The plan with [`disputable_kpis`] and [`disputable_terms`].
    pub world: World,
    /// Beneficiary of the grant.
    pub beneficiary: Pubkey,
    /// The grant.
    pub grant: Pubkey,
    /// The KPI: 0 shared, 1 individual.
    pub kpi: u8,
    /// When what stands does so, Unix seconds.
    pub since: i64,
}

impl Disputable {
    /// At the first second of the challenge window.
    pub fn new(kpi: u8, standing: &Standing) -> Self {
        let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 1_000_000);
        let mut weights = [0, 0];
        weights[usize::from(kpi)] = 10_000;
        let (beneficiary, grant) = world.grant(400_000, &weights);
        let mut disputable = Self {
            world,
            beneficiary: beneficiary.pubkey(),
            grant,
            kpi,
            since: boundary(1) + standing.since,
        };
        disputable.stands(0, standing);
        disputable
    }

    /// Makes this stand for a period, and moves to the first second of its challenge window.
    pub fn stands(&mut self, period: u16, standing: &Standing) {
        for (oracle, secs, value) in standing.votes {
            self.world.after_period(period, *secs);
            let vote = self.world.vote(*oracle, self.kpi, period, self.individual(), *value);
            self.world.run(vote);
        }
        self.world.after_period(period, standing.since);
    }

    /// The grant if the KPI is measured for it.
    pub fn individual(&self) -> Option<Pubkey> {
        (self.kpi == 1).then_some(self.grant)
    }

    /// The attestation or page of period 0.
    pub fn evaluation(&self) -> Pubkey {
        self.world.evaluation(self.kpi, 0, self.individual())
    }

    /// How far the evaluation of the KPI for the grant and a period has come.
    pub fn standing(&self, period: u16) -> earnout::state::Standing {
        if self.kpi == 0 {
            return self.world.attestation(0, period).standing().unwrap();
        }
        self.world.page(1, period, &self.grant).view().standing(0).unwrap()
    }

    /// A dispute of period 0 by the grant's beneficiary.
    pub fn by_beneficiary(&self) -> Instruction {
        self.world.disputes(&self.beneficiary, self.kpi, 0, Some(self.grant))
    }

    /// A dispute of period 0 by the authority.
    pub fn by_authority(&self) -> Instruction {
        self.world
            .disputes(&self.world.authority.pubkey(), self.kpi, 0, self.individual())
    }

    /// The ruling on what the beneficiary disputed.
    pub fn ruling(&self, value: Option<i64>) -> Instruction {
        self.world.rules(self.kpi, 0, self.individual(), &[self.grant], value)
    }

    /// The ruling on what the authority disputed.
    pub fn ruling_for_authority(&self, value: Option<i64>) -> Instruction {
        self.world.rules(self.kpi, 0, self.individual(), &[], value)
    }

    /// Settles the grant's next period, which must be refused as not final.
    #[track_caller]
    pub fn is_not_final(&mut self) {
        let settle = self.world.settle_instruction(&self.grant);
        self.world.refuses(&settle, EarnoutError::NotFinal);
    }
}

impl World {
    /// Sends one instruction that must change the plan in just this way, and count one event.
    #[track_caller]
    pub fn changes_plan(&mut self, instruction: Instruction, change: impl FnOnce(&mut Plan)) -> Receipt {
        let mut expected = self.plan();
        let receipt = self.run(instruction);
        expected.event_sequence += 1;
        change(&mut expected);
        assert_eq!(self.plan(), expected);
        receipt
    }

    /// Sends one instruction that must change the grant in just this way, and of the plan only the count of events.
    #[track_caller]
    pub fn changes_grant(
        &mut self,
        instruction: Instruction,
        grant: &Pubkey,
        change: impl FnOnce(&mut Grant),
    ) -> Receipt {
        let mut expected = self.grant_state(grant);
        let receipt = self.changes_plan(instruction, |_| {});
        change(&mut expected);
        assert_eq!(self.grant_state(grant), expected);
        receipt
    }

    /// In the place of `role` a stranger and everyone who has another role must be refused with this error.
    #[track_caller]
    pub fn refuses_others(&mut self, instruction: &Instruction, role: &Pubkey, error: impl Refusal) {
        let mut others: Vec<Pubkey> = self.oracles.iter().map(Signer::pubkey).collect();
        others.extend([self.authority.pubkey(), self.arbiter.pubkey(), self.treasury_owner]);
        others.push(self.key());
        others.retain(|other| other != role);
        let cases: Vec<_> = others.into_iter().map(|other| (*role, other, error.clone())).collect();
        self.refuses_swapped(instruction, &cases);
    }

    /// The instruction must be refused with `PlanNotActive` while the plan has this status.
    #[track_caller]
    pub fn refuses_while(&mut self, status: PlanStatus, instruction: &Instruction) {
        let plan = self.token.plan;
        let before = self.chain.account(&plan).unwrap();
        self.tamper::<Plan>(&plan, |plan| plan.status = status.to_byte());
        self.refuses(instruction, EarnoutError::PlanNotActive);
        self.chain.replace(&plan, before);
    }

    /// Another active plan with these KPIs and, for the same beneficiary, a grant of 400 that can be handed on; returns
    /// both.
    pub fn twin(&mut self, kpis: &[KpiArgs], beneficiary: &Pubkey, kpi_weights: &[u16]) -> (Pubkey, Pubkey) {
        let now = self.chain.now();
        self.chain.set_time(GENESIS);
        let args = CreatePlanArgs {
            plan_id: 2,
            ..disputable_terms()
        };
        let plan = self.active_plan(args, kpis, 400);
        let grant = self.in_plan(plan, |world| {
            let (_, grant) = world.grant_with(|args| {
                (args.beneficiary, args.allocation, args.transferable) = (*beneficiary, 400, true);
                args.kpi_weights = kpi_weights.to_vec();
                args.time_weight -= kpi_weights.iter().sum::<u16>();
            });
            grant
        });
        self.chain.set_time(now);
        (plan, grant)
    }

    /// `dispute` by this key, which pays too. `grant` is the one whose value of an individual KPI this is, and the
    /// disputer's.
    pub fn disputes(&self, disputer: &Pubkey, kpi: u8, period: u16, grant: Option<Pubkey>) -> Instruction {
        let kpis = self.plan().kpis;
        let terms = kpis.get(usize::from(kpi));
        let individual = terms.is_some_and(|kpi| kpi.scope == Scope::Individual.to_byte());
        let args = DisputeArgs {
            kpi,
            period,
            grants: grant.filter(|_| individual).map(|grant| self.one(&grant)),
            reason_hash: REASON,
        };
        instructions::dispute(disputer, disputer, &self.token.plan, grant, args)
    }

    /// `dispute` of values of an individual KPI by the authority, which pays too and names no grant's account.
    pub fn disputes_of_page(&self, kpi: u8, period: u16, first: u32, mask: u64) -> Instruction {
        let args = DisputeArgs {
            kpi,
            period,
            grants: Some(PageGrants { first, mask }),
            reason_hash: REASON,
        };
        let authority = self.authority.pubkey();
        instructions::dispute(&authority, &authority, &self.token.plan, None, args)
    }

    /// `rule` by the arbiter, of an individual KPI on the value of `grant`; `disputed_for` as in
    /// [`instructions::rule`].
    pub fn rules(
        &self,
        kpi: u8,
        period: u16,
        grant: Option<Pubkey>,
        disputed_for: &[Pubkey],
        value: Option<i64>,
    ) -> Instruction {
        let grants = grant.map(|grant| self.one(&grant));
        self.rules_on(kpi, period, grants, disputed_for, value)
    }

    /// The same, of an individual KPI on the values of these grants.
    pub fn rules_on(
        &self,
        kpi: u8,
        period: u16,
        grants: Option<PageGrants>,
        disputed_for: &[Pubkey],
        value: Option<i64>,
    ) -> Instruction {
        let args = RuleArgs {
            kpi,
            period,
            grants,
            value,
            reason_hash: RULING_REASON,
        };
        let arbiter = self.arbiter.pubkey();
        instructions::rule(&arbiter, &self.token.plan, disputed_for, args)
    }

    /// This grant and no other of its page.
    pub fn one(&self, grant: &Pubkey) -> PageGrants {
        PageGrants::one(self.grant_state(grant).index)
    }

    /// `propose_authority` by the authority.
    pub fn offers_plan(&self, new: Option<Pubkey>) -> Instruction {
        instructions::propose_authority(&self.authority.pubkey(), &self.token.plan, new)
    }

    /// `accept_authority` by this key.
    pub fn takes_plan(&self, new: &Pubkey) -> Instruction {
        instructions::accept_authority(new, &self.token.plan)
    }

    /// `propose_oracles` by the authority.
    pub fn announces(&self, oracles: &[Pubkey], threshold: u8, first_period: u16) -> Instruction {
        let args = ProposeOraclesArgs {
            oracles: oracles.to_vec(),
            threshold,
            first_period,
        };
        instructions::propose_oracles(&self.authority.pubkey(), &self.token.plan, args)
    }

    /// `cancel_oracle_change` by the authority.
    pub fn cancels(&self) -> Instruction {
        instructions::cancel_oracle_change(&self.authority.pubkey(), &self.token.plan)
    }

    /// `set_treasury` by the authority.
    pub fn sets_treasury(&self, treasury: &Pubkey) -> Instruction {
        instructions::set_treasury(&self.authority.pubkey(), &self.token.plan, treasury)
    }

    /// `attest` by this key for a shared KPI.
    pub fn vote_of(&self, oracle: &Pubkey, kpi: u8, period: u16, value: i64) -> Instruction {
        swapped(
            &self.vote(0, kpi, period, None, value),
            &self.oracles[0].pubkey(),
            oracle,
        )
    }

    /// `propose_beneficiary` by the grant's beneficiary.
    pub fn offers_grant(&self, grant: &Pubkey, new: Option<Pubkey>) -> Instruction {
        let beneficiary = self.grant_state(grant).beneficiary;
        instructions::propose_beneficiary(&beneficiary, &self.token.plan, grant, new)
    }

    /// `accept_beneficiary` by this key, which expects what is.
    pub fn takes_grant(&self, grant: &Pubkey, new: &Pubkey) -> Instruction {
        let Grant {
            claimed, termination, ..
        } = self.grant_state(grant);
        let args = AcceptBeneficiaryArgs {
            claimed,
            termination,
            dispute_barred: self.grant_state(grant).has(DISPUTE_BARRED),
        };
        instructions::accept_beneficiary(new, &self.token.plan, grant, args)
    }

    /// Hands the grant to this key.
    pub fn hand_on(&mut self, grant: &Pubkey, new: &Pubkey) {
        self.run(self.offers_grant(grant, Some(*new)));
        self.run(self.takes_grant(grant, new));
    }

    /// Makes a grant of 400,000 that can be handed on, weighted with these basis points; returns its beneficiary and
    /// address.
    pub fn transferable_grant(&mut self, kpi_weights: &[u16]) -> (Pubkey, Pubkey) {
        let (beneficiary, grant) = self.grant_with(|args| {
            (args.allocation, args.transferable) = (400_000, true);
            args.kpi_weights = kpi_weights.to_vec();
            args.time_weight -= kpi_weights.iter().sum::<u16>();
        });
        (beneficiary.pubkey(), grant)
    }

    /// `set_claim_lock` by the grant's beneficiary.
    pub fn locks(&self, grant: &Pubkey, locked: bool) -> Instruction {
        let beneficiary = self.grant_state(grant).beneficiary;
        instructions::set_claim_lock(&beneficiary, &self.token.plan, grant, locked)
    }
}
