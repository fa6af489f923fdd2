//! `earnout grant statement`.

use {
    super::show::Shown,
    crate::{
        commands::plan::statement::{Form, by_period},
        context::{
            app::App,
            document::DocumentArgs,
            reference::{GrantRef, plan_name},
            time::Moment,
        },
        fault::Fault,
        shown::{
            fields::Fields,
            grant::{GrantView, grant_of, measured, status, weights},
            measurement::{by, outcome, worth},
            names::Names,
            plan::{findings, merge, require_agreement, require_complete, stage_text},
            sheet::{Cell, Sheet, csv, plain},
            text::{cell, quoted},
            units,
        },
    },
    clap::{Args, ValueEnum},
    earnout_sdk::{
        client::Payments,
        report::{
            priced::units_text,
            statement::{GrantReport, Line, Statement as Report},
        },
        text::amount::{fixed, tokens},
    },
    serde_json::json,
    std::io::{self, Write},
};

/// A contributor's statement: what each period paid and why, and every payment with its transaction
///
/// Every settlement is computed again from the attested values and compared with what the grant has recorded; what
/// differs or is missing stands at the end and makes the exit code 2. The payments are read from the transactions that
/// made them, and together they must be what the grant has claimed. Times are UTC.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant statement PLAN/3
  $ earnout grant statement PLAN/3 --format markdown > PAY.md
  $ earnout grant statement PLAN/3 --format csv --by payment > payments.csv")]
pub struct Statement {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    /// Form of the statement [default: table, or json with --output json]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    /// What a line of CSV is about
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Period)]
    by: By,
    #[command(flatten)]
    beside: DocumentArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// A period that has ended
    Period,
    /// A payment
    Payment,
}

impl Statement {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let output = app.output();
        let Shown {
            report,
            number,
            decimals,
            beside,
        } = Shown::read(app, &self.grant, &self.beside).await?;
        let labels = &beside.labels;
        let grant = grant_of(&report, number)?;
        let claimed = grant.state.claimed;
        let payments = app.client()?.payments(&grant.address, claimed).await;
        // What the grant earned is known without them.
        let (payments, trouble) = match payments {
            Ok(payments) => (payments, None),
            Err(error) => (
                Payments {
                    missing: claimed,
                    ..Payments::default()
                },
                Some(error.to_string()),
            ),
        };
        let form = self.format.unwrap_or(Form::default_of(output));
        let page = Page {
            report: &report,
            grant,
            payments: &payments,
            trouble: trouble.as_deref(),
            decimals,
            names: match form {
                Form::Markdown => Names::default().with(labels.clone()),
                _ => Names::of(app).with(labels.clone()),
            },
        };
        match form {
            Form::Json => {
                let view = GrantView::new(report.clone(), number, decimals, Names::of(app).with(labels.clone()))?;
                let mut all = serde_json::to_value(&view).map_err(|error| Fault::new(error.to_string()))?;
                merge(
                    &mut all,
                    json!({ "payments": page.payments_json(), "unexplained": payments.missing.to_string() }),
                );
                output.json(&all, !output.is_compact())?;
            }
            Form::Csv => output.stream(|out| match self.by {
                By::Period => by_period(out, &report, decimals, labels, None),
                By::Payment => page.payments_csv(out),
            })?,
            Form::Table => output.stream(|out| page.terminal(out))?,
            Form::Markdown => output.stream(|out| page.markdown(out))?,
        }
        require_agreement(&report)?;
        beside.require_agreement()?;
        require_complete(&page.complaints(app.client()?.endpoint()))
    }
}

/// What is shown of one grant.
struct Page<'a> {
    report: &'a Report,
    grant: &'a GrantReport,
    payments: &'a Payments,
    /// Why they could not be read.
    trouble: Option<&'a str>,
    decimals: u8,
    names: Names,
}

impl Page<'_> {
    fn terminal(&self, out: &mut impl Write) -> io::Result<()> {
        let sources = &self.report.sources;
        writeln!(
            out,
            "Statement of grant {} ({}) on {}",
            self.grant.state.index,
            self.grant.address,
            Moment(sources.now)
        )?;
        writeln!(out, "{}", self.facts().indented())?;
        for line in &self.grant.lines {
            writeln!(out, "\n{}\n{}", self.heading(line), self.receipt(line))?;
        }
        writeln!(out, "\nPayments")?;
        match self.payments.found.is_empty() {
            true => writeln!(out, "  none")?,
            false => writeln!(out, "{}", self.paid())?,
        }
        let mut end = String::new();
        findings(&mut end, self.report).map_err(io::Error::other)?;
        writeln!(out, "{end}")
    }

    fn markdown(&self, out: &mut impl Write) -> io::Result<()> {
        let sources = &self.report.sources;
        writeln!(out, "# Statement of grant {}\n", self.grant.state.index)?;
        writeln!(
            out,
            "On {}. Times are UTC, amounts are tokens of `{}`.\n",
            Moment(sources.now),
            sources.plan.mint
        )?;
        write!(out, "{}", self.facts().sheet().markdown())?;
        for line in &self.grant.lines {
            write!(out, "\n## {}\n\n{}", self.heading(line), self.receipt(line).markdown())?;
        }
        writeln!(out, "\n## Payments\n")?;
        match self.payments.found.is_empty() {
            true => writeln!(out, "None.")?,
            false => write!(out, "{}", self.paid().markdown())?,
        }
        let mut end = String::new();
        findings(&mut end, self.report).map_err(io::Error::other)?;
        writeln!(out, "{end}")
    }

    fn tokens(&self, amount: u64) -> String {
        tokens(amount, self.decimals)
    }

    fn facts(&self) -> Fields {
        let (sources, state) = (&self.report.sources, &self.grant.state);
        let mut facts = Fields::default();
        facts.say(
            "plan",
            format!("{} {}", sources.address, quoted(&plan_name(&sources.plan))),
        );
        facts.say("beneficiary", self.names.beneficiary(state.index, &state.beneficiary));
        facts.say("mint", sources.plan.mint);
        facts.say("status", status(self.grant));
        facts.say("weights", weights(&sources.plan, state));
        match units::value(&sources.plan, state) {
            Some(value) => {
                facts.say("value", format!("{value} for full scores, at the price of each period"));
                facts.say("cap", format!("{} for full scores", self.tokens(state.allocation)));
                let reach = units::reach(&sources.plan, state).unwrap_or_default();
                facts.say("cap reaches", format!("down to {reach}"));
            }
            None => facts.say("allocated", self.tokens(state.allocation)),
        }
        facts.say("earned", self.tokens(state.earned));
        facts.say("bonus", self.tokens(state.bonus));
        if self.grant.is_forfeited() {
            facts.say("forfeited", self.tokens(self.grant.forfeited));
        }
        facts.say("paid", self.tokens(state.claimed));
        facts.say("claimable", self.tokens(self.grant.claimable));
        facts
    }

    fn heading(&self, line: &Line) -> String {
        let period = self.report.periods.get(usize::from(line.period));
        match period {
            Some(period) => format!(
                "Period {}: {} to {}, {}",
                line.period,
                Moment(period.times.start),
                Moment(period.times.end),
                match line.settlement {
                    Some(_) => "settled",
                    None => stage_text(period.stage),
                }
            ),
            None => format!("Period {}", line.period),
        }
    }

    /// What the period pays, and from what that follows.
    fn receipt(&self, line: &Line) -> Sheet {
        let plan = &self.report.sources.plan;
        let state = &self.grant.state;
        let mut sheet = Sheet::new(["", ">value", ">score or price", ">weight", ">tokens", "by"]);
        let amount = |what: &'static str, amount: String| {
            let none = || Cell::from("");
            [what.into(), none(), none(), none(), Cell::Own(amount), none()]
        };
        if let Some(priced) = &line.priced {
            let [units, price] = [units_text(plan, priced.units), units::price(plan, priced.price)];
            let worth = priced.worth.map_or("too many".to_owned(), |worth| self.tokens(worth));
            let none = || Cell::from("");
            sheet.row([
                "units at the price".into(),
                units.into(),
                price.into(),
                none(),
                Cell::Own(worth),
                none(),
            ]);
            if priced.is_capped() {
                sheet.row(amount(
                    "cut off by the cap",
                    units::cut_off(Some(priced), self.decimals, "-"),
                ));
            }
        }
        sheet.row(amount("share of the period", self.tokens(line.tranche)));
        for (number, measurement) in measured(self.report, self.grant, line.period) {
            let Some(kpi) = plan.kpis().get(usize::from(number)) else {
                continue;
            };
            let weight = state.kpi_weights.get(usize::from(number)).copied().unwrap_or_default();
            sheet.row([
                crate::context::reference::kpi_name(kpi).into(),
                outcome(kpi, &measurement).into(),
                worth(kpi, &measurement).into(),
                Cell::Own(match kpi.is_price() {
                    true => String::new(),
                    false => percent(weight),
                }),
                "".into(),
                Cell::Own(by(&measurement)),
            ]);
        }
        if state.time_weight > 0 {
            let none = || Cell::from("");
            sheet.row([
                "time".into(),
                none(),
                none(),
                Cell::Own(percent(state.time_weight)),
                none(),
                none(),
            ]);
        }
        let Some(settled) = line.settlement else {
            sheet.row(amount("earned", "not settled".to_owned()));
            return sheet;
        };
        let before = self.grant.lines.iter().rev().find(|before| before.period < line.period);
        let carried = before
            .and_then(|before| before.settlement)
            .map_or(0, |before| before.carry);
        for (what, of) in [
            ("carried over from before", carried),
            ("carried over to the next", settled.carry),
            ("into the period's pool", settled.pooled),
            ("returned", line.returned),
        ] {
            if of > 0 {
                sheet.row(amount(what, self.tokens(of)));
            }
        }
        sheet.row(amount("earned", self.tokens(settled.earned)));
        if let Some(bonus) = line.bonus {
            sheet.row(amount("bonus", self.tokens(bonus)));
        }
        sheet.row(amount("paid of it", self.tokens(line.claimed)));
        sheet
    }

    fn paid(&self) -> Sheet {
        let mut sheet = Sheet::new(["time", ">paid", ">arrived", "to account", "transaction"]);
        for payment in &self.payments.found {
            let claim = &payment.claim;
            sheet.row([
                Cell::Own(Moment(claim.time).to_string()),
                Cell::Own(self.tokens(claim.amount)),
                Cell::Own(self.tokens(claim.received)),
                Cell::Keys(vec![claim.destination.to_string()]),
                Cell::Keys(vec![payment.signature.to_string()]),
            ]);
        }
        sheet
    }

    fn payments_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let head = [
            "time",
            "paid",
            "arrived",
            "beneficiary",
            "account",
            "asked for by",
            "transaction",
        ];
        let rows = self.payments.found.iter().map(|payment| {
            let claim = &payment.claim;
            vec![
                Moment(claim.time).to_string(),
                plain(claim.amount, self.decimals),
                plain(claim.received, self.decimals),
                cell(&claim.beneficiary.to_string()),
                cell(&claim.destination.to_string()),
                cell(&claim.claimant.to_string()),
                payment.signature.to_string(),
            ]
        });
        csv(out, &head, rows)
    }

    fn payments_json(&self) -> Vec<serde_json::Value> {
        let payment = |payment: &earnout_sdk::client::Payment| {
            let claim = &payment.claim;
            json!({
                "time": claim.time,
                "amount": claim.amount.to_string(),
                "received": claim.received.to_string(),
                "beneficiary": claim.beneficiary.to_string(),
                "destination": claim.destination.to_string(),
                "claimant": claim.claimant.to_string(),
                "signature": payment.signature.to_string(),
            })
        };
        self.payments.found.iter().map(payment).collect()
    }

    /// What the payments that `endpoint` shows do not explain.
    fn complaints(&self, endpoint: &str) -> Vec<String> {
        let missing = self.payments.missing;
        let text = || {
            let why = self.trouble.map_or(String::new(), |trouble| format!(": {trouble}"));
            format!(
                "{endpoint} does not show the transactions that paid {} of {}{why}",
                self.tokens(missing),
                self.tokens(self.grant.state.claimed)
            )
        };
        (missing > 0).then(text).into_iter().collect()
    }
}

fn percent(bps: u16) -> String {
    format!("{} %", fixed(bps.into(), 2))
}
