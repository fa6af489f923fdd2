//! `earnout plan simulate`.

mod curve;
mod report;

use {
    crate::{
        context::{app::App, time::Moment},
        fault::Fault,
        shown::mistakes,
    },
    clap::{Args, ValueEnum},
    earnout::state::{Grant, Plan},
    earnout_sdk::terms::plan_file::{Check, PlanFile, Values},
    std::path::PathBuf,
};

/// What each contributor of a plan file would earn under given values, without any chain
///
/// The values are a CSV file with the columns period, kpi, value and, for individual KPIs, grant. A period is its name
/// (2027-Q1, 2027-01, 2027-01-01) or its number from 0; a value that is missing was never reported, and the KPI's
/// default score counts. A period counts as settled from its last deadline on, at which it settles without anyone's
/// goodwill.
///
/// With --curve: the payout curve. For a grid of values of one KPI, what each contributor would earn in all periods
/// together if it had this value in each of them, the other KPIs being as the values file says. For a grid of prices,
/// how many tokens full scores pay for one period, and what the cap makes of it.
///
/// JSON has amounts as decimal strings of base units; the other forms have tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan simulate plan.toml --values values.csv
  $ earnout plan simulate plan.toml --values values.csv --at 2027-08-01 --format csv
  $ earnout plan simulate plan.toml --curve \"team satisfaction\" --svg curve.svg
  $ earnout plan simulate plan.toml --curve \"token price\" --from 0.01 --to 0.20")]
pub struct Simulate {
    /// The plan file
    file: PathBuf,
    /// The values, a CSV file
    #[arg(long, value_name = "FILE", required_unless_present = "curve")]
    values: Option<PathBuf>,
    /// Count only what is settled by this time, and show what has vested [default: all periods]
    #[arg(long, value_name = "TIME", conflicts_with = "curve")]
    at: Option<Moment>,
    /// Form of the result [default: table, or json with --output json]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    #[command(flatten)]
    curve: curve::CurveArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Tables, or a chart, for a terminal
    Table,
    /// One line for each period and grant, or for each value and grant, for spreadsheets
    Csv,
    /// Everything, for programs
    Json,
    /// Tables for a web page or a repository
    Markdown,
}

/// A plan file with its values, ready to be settled.
struct Scene {
    file: PlanFile,
    values: Values,
    plan: Plan,
    grants: Vec<Grant>,
}

impl Scene {
    /// What a KPI's value is, by period, number of the KPI and position of the grant.
    fn value(&self, period: u16, kpi: u8, grant: usize) -> Option<i64> {
        self.values.value(period, kpi, grant)
    }
}

impl Simulate {
    pub fn run(&self, app: &App) -> Result<(), Fault> {
        let output = app.output();
        let refused = |found| mistakes::refused(output, found);
        let file = PlanFile::read(&self.file, &Check::offline()).map_err(refused)?;
        let values = match &self.values {
            Some(path) => Values::read(path, &file).map_err(refused)?,
            None => Values::default(),
        };
        if file.grants.is_empty() {
            return Err(Fault::new(format!("{} has no grants to simulate", self.file.display()))
                .advice("add a [[grant]] for each contributor whose pay you want to see"));
        }
        let authority = file.roles.authority.as_ref().map(|authority| authority.stand_in());
        let plan = file.draft(&authority.unwrap_or_default())?;
        let grants = file.grant_states(&plan, file.terms.start_ts.saturating_sub(1))?;
        let scene = Scene {
            file,
            values,
            plan,
            grants,
        };
        let form = self.format.unwrap_or(match output.is_json() {
            true => Form::Json,
            false => Form::Table,
        });
        super::create::caution(app, &scene.file)?;
        if self.curve.is_asked_for() {
            return self.curve.run(output, &scene, form);
        }
        report::show(output, &scene, self.at, form)
    }
}
