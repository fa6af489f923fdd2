//! A plan for many grants: four periods of 30 days, no arbiter.

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

/// The authority's number for the plan.
const PLAN_ID: u64 = 77;

/// Length of a period, seconds.
const MONTH: u32 = 30 * 86_400;

/// What a grant earns for its KPIs together, ten thousandths. The rest is for time.
const KPI_WEIGHT: u16 = 6_000;

/// An active plan whose authority is the chain's key `authority` and whose oracles are `oracle-1` to `-3`. Of each of
/// its KPIs 0 scores nothing, 100 and more 10,000. Votes are accepted for a day after a period.
#[derive(Clone, Copy, Debug)]
pub struct BigPlan {
    pub address: Pubkey,
    pub token: Token,
    /// Beginning of the first period, Unix seconds: a day after the plan was made.
    pub start: i64,
    /// Their names, by their numbers.
    pub kpis: &'static [&'static str],
}

impl BigPlan {
    /// Makes it with one KPI for all, `users`, and so many tokens in the vault. The policy is that of what is not
    /// earned.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create(chain: &Chain, unearned: UnearnedPolicy, funded: u64) -> Self {
        Self::create_with(chain, unearned, funded, &["users"], Scope::Shared).await
    }

    /// The same with these KPIs, of each of which there is one value for the plan or one for each grant.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create_with(
        chain: &Chain,
        unearned: UnearnedPolicy,
        funded: u64,
        kpis: &'static [&'static str],
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
            plan_id: PLAN_ID,
            name: "Design guild".to_owned(),
            unit: String::new(),
            unit_decimals: 0,
            start_ts: start,
            challenge_secs: 0,
            ruling_secs: 0,
            unearned_policy: unearned,
            bonus_cap_bps: 10_000,
            min_allocation: 1_000_000,
            max_allocation: 1_000_000_000,
            max_grants: 1_000_000,
            enrolment_end: start + i64::from(MONTH),
            oracles: oracles.to_vec(),
            arbiter: None,
            ..file.terms
        };
        let template = file.kpis.remove(0);
        let key = authority.pubkey();
        let create = instructions::create_plan(&payer.pubkey(), &key, &token.mint, &treasury, &token.program, terms);
        let plan = Self {
            address: pda::plan(&key, PLAN_ID),
            token,
            start,
            kpis,
        };
        let add = kpis.iter().map(|name| {
            let kpi = KpiArgs {
                name: (*name).to_owned(),
                unit: "".to_owned(),
                decimals: 0,
                scope,
                points: [(0, 0), (100, 10_000)]
                    .map(|(value, score)| CurvePoint { value, score })
                    .to_vec(),
                range_max: 1_000,
                ..template.clone()
            };
            instructions::add_kpi(&key, &plan.address, kpi)
        });
        let activate = instructions::activate_plan(&key, &plan.address, &token.mint);
        let make: Vec<_> = std::iter::once(create).chain(add).chain([activate]).collect();
        chain.send(&make, &[&payer, &authority]).await;
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

    /// Two oracles report the value of the first KPI, which is for all, for a period that has ended.
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

    /// A file of contributors for `earnout grant import`: 100 tokens each, 40 % for time and the rest for the KPIs. The
    /// first is number `from`.
    pub fn contributors(&self, from: u32, count: u32) -> String {
        let mut file = String::from("beneficiary,allocation,first_period,periods,cliff,time_weight,");
        for name in self.kpis {
            write!(file, "weight:{name},").expect("memory");
        }
        file.push_str("revocable,transferable\n");
        let weights: Vec<String> = self.kpi_weights().iter().map(u16::to_string).collect();
        let weights = weights.join(",");
        for number in from..from + count {
            let key = Self::contributor(number).pubkey();
            writeln!(file, "{key},100,0,4,0,{},{weights},true,false", 10_000 - KPI_WEIGHT).expect("memory");
        }
        file
    }

    /// What each KPI weighs in a grant.
    pub fn kpi_weights(&self) -> Vec<u16> {
        let count = u16::try_from(self.kpis.len()).expect("a few KPIs");
        vec![KPI_WEIGHT / count; self.kpis.len()]
    }

    /// The key of a contributor.
    pub fn contributor(number: u32) -> Keypair {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        Keypair::new_from_array(seed)
    }
}
