//! `earnout plan list`.

use {
    crate::{
        context::{app::App, reference::plan_name, time::Moment, token::Token},
        fault::Fault,
        shown::sheet::Sheet,
    },
    clap::Args,
    earnout::state::{Plan, PlanStatus},
    earnout_sdk::{
        report::projection::{PeriodTimes, schedule},
        text::amount,
    },
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeMap, fmt},
};

/// List the plans of an authority, a beneficiary or an oracle
///
/// The endpoint has to search for them, which some refuse. Closed plans are not found. Anybody can give a plan any
/// name, also one that another plan has: only the address says which plan it is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan list
  $ earnout plan list --beneficiary 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU")]
pub struct List {
    /// Plans of this authority [default: the key of the --keypair]
    #[arg(long, value_name = "KEY", conflicts_with_all = ["beneficiary", "oracle"])]
    authority: Option<Pubkey>,
    /// Plans with open grants of this beneficiary
    #[arg(long, value_name = "KEY", conflicts_with = "oracle")]
    beneficiary: Option<Pubkey>,
    /// Plans whose oracle set, the one in force or the next one, has this key
    #[arg(long, value_name = "KEY")]
    oracle: Option<Pubkey>,
}

impl List {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let client = app.client()?;
        let found = if let Some(beneficiary) = &self.beneficiary {
            let mut plans = BTreeMap::new();
            for (_, grant) in client.grants_of_beneficiary(beneficiary).await? {
                if let std::collections::btree_map::Entry::Vacant(plan) = plans.entry(grant.plan) {
                    plan.insert(client.plan(&grant.plan).await?);
                }
            }
            plans.into_iter().collect()
        } else if let Some(oracle) = &self.oracle {
            client.plans_of_oracle(oracle).await?
        } else {
            let authority = match self.authority {
                Some(key) => key,
                None => app.signer(None, "authority")?.pubkey(),
            };
            client.plans_of_authority(&authority).await?
        };
        let now = client.now().await?;
        let mut tokens: BTreeMap<Pubkey, Token> = BTreeMap::new();
        let mut plans = Vec::new();
        for (address, plan) in found {
            let token = match tokens.get(&plan.mint) {
                Some(token) => *token,
                None => app.token_of(&plan).await?,
            };
            tokens.insert(plan.mint, token);
            let times = schedule(&plan)?;
            plans.push(Row {
                address,
                plan,
                decimals: token.decimals,
                times,
                now,
            });
        }
        plans.sort_by_key(|row| (row.plan.creator, row.plan.plan_id));
        app.output().show(&Plans(plans))
    }
}

struct Row {
    address: Pubkey,
    plan: Plan,
    decimals: u8,
    times: Vec<PeriodTimes>,
    now: i64,
}

impl Row {
    fn status(&self) -> &'static str {
        match self.plan.status() {
            Ok(PlanStatus::Draft) => "draft",
            Ok(PlanStatus::Active) => "active",
            _ => "unknown",
        }
    }

    /// How many periods have ended.
    fn ended(&self) -> usize {
        self.times.iter().filter(|times| times.end <= self.now).count()
    }

    /// The next end of a period, of voting, or of a period's evaluation.
    fn next(&self) -> Option<i64> {
        let times = self.times.iter();
        let all = times.flat_map(|times| [times.start, times.end, times.attest_deadline, times.settle_deadline]);
        all.filter(|time| *time > self.now).min()
    }

    fn json(&self) -> Value {
        let plan = &self.plan;
        json!({
            "plan": self.address.to_string(),
            "name": plan_name(plan),
            "creator": plan.creator.to_string(),
            "planId": plan.plan_id.to_string(),
            "status": self.status(),
            "authority": plan.authority.to_string(),
            "mint": plan.mint.to_string(),
            "decimals": self.decimals,
            "periodCount": plan.period_count,
            "periodsEnded": self.ended(),
            "openGrants": plan.open_grants,
            "reserved": plan.reserved.to_string(),
            "owed": plan.owed.to_string(),
            "pooled": plan.pooled.to_string(),
            "nextDate": self.next(),
        })
    }
}

struct Plans(Vec<Row>);

impl fmt::Display for Plans {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(out, "No plans.");
        }
        let mut sheet = Sheet::new([
            "plan",
            "name",
            ">number",
            "status",
            "token",
            ">periods ended",
            ">open grants",
            ">reserved",
            ">owed",
            "next date",
        ]);
        for row in &self.0 {
            let plan = &row.plan;
            sheet.row([
                row.address.to_string(),
                plan_name(plan),
                plan.plan_id.to_string(),
                row.status().to_owned(),
                plan.mint.to_string(),
                format!("{}/{}", row.ended(), plan.period_count),
                amount::count(plan.open_grants),
                amount::tokens(plan.reserved, row.decimals),
                amount::tokens(plan.owed, row.decimals),
                row.next().map_or("-".to_owned(), |time| Moment(time).to_string()),
            ]);
        }
        write!(out, "{sheet}")
    }
}

impl Serialize for Plans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row::json))
    }
}
