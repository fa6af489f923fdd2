//! A plan for many grants: one KPI, four periods of 30 days, no arbiter.

use {
    crate::{Chain, DAY, Token},
    earnout::{
        instructions::{AttestArgs, CreatePlanArgs},
        state::{CurvePoint, KpiArgs, Scope, UnearnedPolicy},
    },
    earnout_sdk::{
        terms::plan_file::{Check, PlanFile},
        wire::{
            instructions::{self, PlanToken},
            pda,
        },
    },
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::fmt::Write,
};

/// The authority's number for the plan, unless the caller has another.
const PLAN_ID: u64 = 77;

/// Length of a period, seconds.
const MONTH: u32 = 30 * 86_400;

/// An active plan whose authority is the chain's key `authority` and whose oracles are `oracle-1` to `-3`. Its KPI is
/// `users`: 0 scores nothing, 100 and more 10,000. Votes are accepted for a day after a period.
#[derive(Clone, Copy, Debug)]
pub struct BigPlan {
    pub address: Pubkey,
    pub token: Token,
    /// Beginning of the first period, Unix seconds: a day after the plan was made.
    pub start: i64,
}

impl BigPlan {
    /// Makes it, with so many tokens in the vault. The policy is that of what is not earned.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create(chain: &Chain, unearned: UnearnedPolicy, funded: u64) -> Self {
        Self::create_numbered(chain, PLAN_ID, unearned, funded, Scope::Shared).await
    }

    /// As [`BigPlan::create`], with another number, since an authority has each number once, and with one value of the
    /// KPI for the plan or one for each grant.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create_numbered(
        chain: &Chain,
        plan_id: u64,
        unearned: UnearnedPolicy,
        funded: u64,
        scope: Scope,
    ) -> Self {
        let [payer, authority, owner] = ["payer", "authority", "treasury-owner"].map(|name| chain.key(name));
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        let source = chain
            .mint_to(&token, &authority, &authority.pubkey(), funded * 1_000_000)
            .await;
        let treasury = chain.mint_to(&token, &authority, &owner.pubkey(), 0).await;
        let start = chain.now().await + DAY;
        let oracles = ["oracle-1", "oracle-2", "oracle-3"].map(|name| chain.key(name).pubkey());
        let text = include_str!("../../../examples/one-kpi/plan.toml");
        let mut file = PlanFile::parse(text, "plan.toml".as_ref(), &Check::offline()).expect("a plan");
        let terms = CreatePlanArgs {
            plan_id,
            start_ts: start,
            challenge_secs: 0,
            ruling_secs: 0,
            unearned_policy: unearned,
            bonus_cap_bps: 10_000,
            min_allocation: 1_000_000,
            max_allocation: 1_000_000_000,
            max_grants: 20_000,
            enrolment_end: start + i64::from(MONTH),
            oracles: oracles.to_vec(),
            arbiter: None,
            ..file.terms
        };
        let kpi = KpiArgs {
            name: "users".to_owned(),
            unit: "".to_owned(),
            decimals: 0,
            scope,
            points: [(0, 0), (100, 10_000)]
                .map(|(value, score)| CurvePoint { value, score })
                .to_vec(),
            range_max: 1_000,
            ..file.kpis.remove(0)
        };
        let key = authority.pubkey();
        let create = instructions::create_plan(&payer.pubkey(), &key, &token.mint, &treasury, &token.program, terms);
        let plan = Self {
            address: pda::plan(&key, plan_id),
            token,
            start,
        };
        let add = instructions::add_kpi(&key, &plan.address, kpi);
        let activate = instructions::activate_plan(&key, &plan.address, &token.mint);
        chain.send(&[create, add, activate], &[&payer, &authority]).await;
        let fund = instructions::fund(&key, &plan.plan_token(), &source, funded * 1_000_000);
        chain.send(&[fund], &[&payer, &authority]).await;
        plan
    }

    /// The plan and its token, as instructions name them.
    pub fn plan_token(&self) -> PlanToken {
        PlanToken {
            plan: self.address,
            mint: self.token.mint,
            token_program: self.token.program,
        }
    }

    /// End of a period, Unix seconds.
    pub fn end(&self, period: i64) -> i64 {
        self.start + i64::from(MONTH) * (period + 1)
    }

    /// Two oracles report the value of `users` for a period that has ended.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn attest(&self, chain: &Chain, period: u16, value: i64) {
        let payer = chain.key("payer");
        for name in ["oracle-1", "oracle-2"] {
            let oracle = chain.key(name);
            let vote = AttestArgs {
                kpi: 0,
                period,
                value,
                evidence: [7; 32],
            };
            let attest = instructions::attest(&payer.pubkey(), &oracle.pubkey(), &self.address, vote);
            chain.send(&[attest], &[&payer, &oracle]).await;
        }
    }

    /// A file of contributors for `earnout grant import`: 100 tokens each, 40 % for time and 60 % for `users`. The
    /// first is number `from`.
    pub fn contributors(&self, from: u32, count: u32) -> String {
        let mut file = String::from("beneficiary,allocation,first_period,periods,cliff,time_weight,weight:users,");
        file.push_str("revocable,transferable\n");
        for number in from..from + count {
            let key = Self::contributor(number).pubkey();
            writeln!(file, "{key},100,0,4,0,4000,6000,true,false").expect("memory");
        }
        file
    }

    /// The key of a contributor.
    pub fn contributor(number: u32) -> Keypair {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        Keypair::new_from_array(seed)
    }
}
