//! `earnout plan document check`.

use {
    super::Named,
    crate::{
        context::{
            app::App,
            document::Loaded,
            reference::{kpi_name, plan_name},
        },
        fault::Fault,
        shown::{sheet::Sheet, text::quoted},
    },
    clap::Args,
    earnout::state::Plan,
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Compare a plan document with the chain: every rubric must have the hash that the plan was made with
///
/// Without --document it fetches what lies under the plan's uri. The exit code is 0 if all of it agrees, 2 if something
/// does not or a file is missing, and 1 if there is no document of the plan to compare.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan document check PLAN --document plan-document.json
  $ earnout plan document check PLAN")]
pub struct Check {
    #[command(flatten)]
    document: Named,
}

impl Check {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let (address, plan, loaded) = self.document.load(app).await?;
        app.output().show(&View {
            address,
            plan: &plan,
            loaded: &loaded,
        })?;
        loaded.require_agreement()
    }
}

struct View<'a> {
    address: Pubkey,
    plan: &'a Plan,
    loaded: &'a Loaded,
}

/// The rubrics and what is known about them.
pub fn rubrics(plan: &Plan, loaded: &Loaded) -> Sheet {
    let mut sheet = Sheet::new([">#", "KPI", "SHA-256 on the chain", "rubric"]);
    for (number, (kpi, state)) in plan.kpis().iter().zip(&loaded.checked.rubrics).enumerate() {
        let hash = hex::encode(kpi.rubric_hash);
        sheet.row([number.to_string(), kpi_name(kpi), hash, state.to_string()]);
    }
    sheet
}

/// The same for programs.
pub fn rubrics_json(plan: &Plan, loaded: &Loaded) -> Vec<Value> {
    let kpis = (0u8..).zip(plan.kpis()).zip(&loaded.checked.rubrics);
    let all = kpis.map(|((number, kpi), state)| {
        json!({
            "kpi": number,
            "name": kpi_name(kpi),
            "rubricHash": hex::encode(kpi.rubric_hash),
            "rubric": state.to_string(),
        })
    });
    all.collect()
}

impl fmt::Display for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = quoted(&plan_name(self.plan));
        writeln!(out, "Document of plan {} {name}", self.address)?;
        writeln!(out, "from {}\n", quoted(&self.loaded.source))?;
        writeln!(out, "{}", rubrics(self.plan, self.loaded))?;
        match self.loaded.findings.is_empty() {
            true => write!(out, "\nEverything that the chain has a hash of agrees."),
            false => write!(out, "\nMISMATCH\n  {}", self.loaded.findings.join("\n  ")),
        }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = json!({
            "plan": self.address.to_string(),
            "planName": plan_name(self.plan),
            "source": self.loaded.source,
            "rubrics": rubrics_json(self.plan, self.loaded),
            "findings": self.loaded.findings,
        });
        value.serialize(serializer)
    }
}
