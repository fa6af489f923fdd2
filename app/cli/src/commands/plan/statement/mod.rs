//! `earnout plan statement`.

mod csv;
mod json;
mod report;

pub use csv::by_period;

use {
    crate::{
        context::{
            app::App,
            evidence::{EvidenceArgs, require_found},
            reference::PlanRef,
        },
        fault::Fault,
        shown::{names::Names, output::Output, plan::require_agreement},
    },
    clap::{Args, ValueEnum},
    earnout_sdk::report::statement::{GrantReport, Line, PeriodReport, Statement as Report},
};

/// The transparency report: what was measured, who attested it, what everyone earned and was paid, whether the vault
/// covers it
///
/// Every settlement is computed again from the attested values and compared with what the accounts have recorded. What
/// differs or cannot be found stands at the end and makes the exit code 2. Attestations and grants that were closed are
/// read from their events, for which the endpoint must keep the whole history. Claims are counted against the oldest
/// earnings first.
///
/// --evidence looks for every document that a vote, the manifest of a page or a price feed names as evidence, and says
/// whether it is found, missing, or differs from its hash. Unless all are found the exit code is 2.
///
/// JSON has amounts as decimal strings of base units; the other forms have tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan statement PLAN
  $ earnout plan statement PLAN --document uri --evidence evidence
  $ earnout plan statement PLAN --format csv > statement.csv
  $ earnout plan statement PLAN --format csv --by grant > grants.csv
  $ earnout plan statement PLAN --format markdown > STATEMENT.md")]
pub struct Statement {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Form of the report [default: table, or json with --output json]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    /// What a line of CSV is about
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Period)]
    by: By,
    #[command(flatten)]
    beside: EvidenceArgs,
}

/// Form of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Tables for a terminal
    Table,
    /// One line for each period and grant, for spreadsheets
    Csv,
    /// Everything, for programs
    Json,
    /// Tables for a web page or a repository
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// A grant in a period that has ended
    Period,
    /// A grant
    Grant,
}

impl Form {
    /// The one that fits what the program was asked to write.
    pub fn default_of(output: &Output) -> Self {
        match output.is_json() {
            true => Self::Json,
            false => Self::Table,
        }
    }
}

impl Statement {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let output = app.output();
        let sources = app.client()?.statement_sources(&self.plan.address()).await?;
        let token = app.token_of(&sources.plan).await?;
        let (beside, finder) = self.beside.load(app, &sources.address, &sources.plan).await?;
        let report = Report::of(sources)?;
        let evidence = match finder {
            Some(mut finder) => Some(finder.find_all(app, &report.sources.plan, report.evidence()).await?),
            None => None,
        };
        let evidence = evidence.as_deref();
        let decimals = token.decimals;
        let form = self.format.unwrap_or(Form::default_of(output));
        let view = |names| report::View {
            report: &report,
            decimals,
            names,
            beside: &beside,
            evidence,
        };
        match form {
            Form::Json => output.json(
                &json::View {
                    report: &report,
                    decimals,
                    beside: &beside,
                    evidence,
                },
                !output.is_compact(),
            )?,
            Form::Csv => output.stream(|out| match self.by {
                By::Period => by_period(out, &report, decimals, &beside.labels, evidence),
                By::Grant => csv::by_grant(out, &report, decimals, &beside.labels),
            })?,
            Form::Table => output.stream(|out| view(Some(Names::of(app).with(beside.labels.clone()))).terminal(out))?,
            Form::Markdown => output.stream(|out| view(None).markdown(out))?,
        }
        require_agreement(&report)?;
        beside.require_agreement()?;
        require_found(evidence.unwrap_or_default())
    }
}

/// The grants that cover a period which has ended, with their line of it.
fn lines<'a>(report: &'a Report, period: &PeriodReport) -> impl Iterator<Item = (&'a GrantReport, &'a Line)> {
    let number = period.times.period;
    report.grants.values().filter_map(move |grant| {
        let position = number.checked_sub(grant.state.first_period)?;
        Some((grant, grant.lines.get(usize::from(position))?))
    })
}
