//! `earnout grant list`.

use {
    crate::{
        context::{
            app::App,
            document::{Beside, DocumentArgs},
            reference::{PlanRef, plan_name},
            token::Token,
        },
        fault::Fault,
        shown::{grant::ended, names::Names, plan::require_complete, sheet::Sheet, units},
    },
    clap::Args,
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        report::projection::{Amounts, amounts},
        text::amount,
        wire::accounts,
    },
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeMap, fmt},
};

/// List the open grants of a plan, or those of a beneficiary in all plans
///
/// Amounts in JSON are decimal strings of base units.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant list PLAN
  $ earnout grant list --beneficiary 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU
  $ earnout grant list PLAN --claimable
  $ earnout grant list PLAN --labels contributors.csv")]
pub struct List {
    /// The plan: its address, or CREATOR/ID
    #[arg(required_unless_present = "beneficiary")]
    plan: Option<PlanRef>,
    /// Only grants of this beneficiary
    #[arg(long, value_name = "KEY")]
    beneficiary: Option<Pubkey>,
    /// Only grants that can claim something now
    #[arg(long)]
    claimable: bool,
    #[command(flatten)]
    beside: DocumentArgs,
}

impl List {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let client = app.client()?;
        let mut plans: BTreeMap<Pubkey, (Plan, Token)> = BTreeMap::new();
        let mut complaints = Vec::new();
        let mut names = Names::default();
        let mut beside = Beside::default();
        let mut grants = match &self.plan {
            Some(plan) => {
                let state = client.plan(&plan.address()).await?;
                beside = self.beside.load(app, &plan.address(), &state).await?;
                names = names.with(beside.labels.clone());
                let found = client.open_grants(&plan.address(), &state).await?;
                complaints.extend(client.lacks_grants(&plan.address(), &state, &found).await?);
                found
            }
            None if !self.beside.is_empty() => {
                return Err(Fault::new("a document and labels are of one plan").advice("name the plan"));
            }
            None => match &self.beneficiary {
                Some(beneficiary) => client.grants_of_beneficiary(beneficiary).await?,
                None => Vec::new(),
            },
        };
        grants.retain(|(_, grant)| self.beneficiary.is_none_or(|key| grant.beneficiary == key));
        grants.sort_by_key(|(_, grant)| (grant.plan, grant.index));
        let now = client.now().await?;
        let mut rows = Vec::with_capacity(grants.len());
        for (address, grant) in grants {
            let (plan, token) = match plans.get(&grant.plan) {
                Some(known) => known,
                None => {
                    let plan = client.plan(&grant.plan).await?;
                    let token = app.token_of(&plan).await?;
                    plans.entry(grant.plan).or_insert((plan, token))
                }
            };
            let amounts = amounts(plan, &grant, now)?;
            let decimals = token.decimals;
            let label = names.label(grant.index, &grant.beneficiary).map(str::to_owned);
            let (value, reach) = (units::value(plan, &grant), units::reach(plan, &grant));
            let in_units = value.is_some().then(|| {
                json!({
                    "unitAllocation": grant.unit_allocation.to_string(),
                    "unit": accounts::padded_text(&plan.unit),
                    "unitDecimals": plan.unit_decimals,
                    "lowestPrice": units::lowest_json(plan, &grant),
                    "priceDecimals": plan.price().map(|(_, kpi)| kpi.decimals),
                })
            });
            rows.push(Row {
                label,
                value,
                reach,
                in_units,
                address,
                grant,
                amounts,
                decimals,
                plan_name: plan_name(plan),
            });
        }
        rows.retain(|row| !self.claimable || row.amounts.claimable > 0);
        app.output().show(&Grants(rows))?;
        require_complete(&complaints)?;
        beside.require_agreement()
    }
}

struct Row {
    address: Pubkey,
    grant: Grant,
    amounts: Amounts,
    decimals: u8,
    plan_name: String,
    /// What the document or the file calls it.
    label: Option<String>,
    /// Of a grant in another unit its value.
    value: Option<String>,
    /// Down to which price its cap reaches.
    reach: Option<String>,
    /// The same for programs.
    in_units: Option<Value>,
}

impl Row {
    fn status(&self) -> &'static str {
        match ended(&self.grant) {
            Some(how) => how,
            None if self.grant.is_settled() => "settled",
            None => "running",
        }
    }

    fn json(&self) -> Value {
        let (grant, amounts) = (&self.grant, &self.amounts);
        json!({
            "grant": self.address.to_string(),
            "plan": grant.plan.to_string(),
            "planName": self.plan_name,
            "number": grant.index,
            "beneficiary": grant.beneficiary.to_string(),
            "label": self.label,
            "status": self.status(),
            "decimals": self.decimals,
            "firstPeriod": grant.first_period,
            "endPeriod": grant.end_period,
            "nextPeriod": grant.next_period,
            "allocated": amounts.allocation.to_string(),
            "inUnits": self.in_units,
            "earned": amounts.earned.to_string(),
            "bonus": amounts.bonus.to_string(),
            "vested": amounts.vested.to_string(),
            "claimed": amounts.claimed.to_string(),
            "claimable": amounts.claimable.to_string(),
            "reserved": amounts.reserved.to_string(),
        })
    }
}

struct Grants(Vec<Row>);

impl fmt::Display for Grants {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return write!(out, "No open grants.");
        };
        let one_plan = self.0.iter().all(|row| row.grant.plan == first.grant.plan);
        let mut headings = vec![">#", "grant", "beneficiary", "status", ">settled"];
        let in_units = self.0.iter().any(|row| row.value.is_some());
        if in_units {
            headings.extend([">value", ">cap reaches"]);
        }
        headings.extend([">allocated", ">earned", ">bonus", ">claimed", ">claimable"]);
        let labels = self.0.iter().any(|row| row.label.is_some());
        if labels {
            headings.push("label that is given");
        }
        if !one_plan {
            headings.extend(["plan", "its name"]);
        }
        let mut sheet = Sheet::new(headings);
        for row in &self.0 {
            let (grant, amounts) = (&row.grant, &row.amounts);
            let settled = grant.next_period.saturating_sub(grant.first_period);
            let periods = grant.end_period.saturating_sub(grant.first_period);
            let tokens = |amount| amount::tokens(amount, row.decimals);
            let mut cells = vec![
                grant.index.to_string(),
                row.address.to_string(),
                grant.beneficiary.to_string(),
                row.status().to_owned(),
                format!("{settled}/{periods}"),
            ];
            if in_units {
                let or = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
                cells.extend([or(&row.value), or(&row.reach)]);
            }
            cells.extend([
                tokens(amounts.allocation),
                tokens(amounts.earned),
                tokens(amounts.bonus),
                tokens(amounts.claimed),
                tokens(amounts.claimable),
            ]);
            if labels {
                cells.push(row.label.clone().unwrap_or_default());
            }
            if !one_plan {
                cells.extend([grant.plan.to_string(), row.plan_name.clone()]);
            }
            sheet.row(cells);
        }
        write!(out, "{sheet}")
    }
}

impl Serialize for Grants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row::json))
    }
}
