//! `earnout plan document show`.

use {
    super::{
        Named,
        check::{rubrics, rubrics_json},
    },
    crate::{
        context::{
            app::App,
            document::Loaded,
            reference::{kpi_name, plan_name},
        },
        fault::Fault,
        shown::{
            names::Names,
            sheet::{Cell, Sheet},
            text::{either, quoted, safe},
        },
    },
    clap::Args,
    earnout::state::Plan,
    earnout_sdk::{document::RubricState, text::amount::counted},
    serde::{Serialize, Serializer},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Show a plan document: what it says, and which rubrics are the ones that the plan was made with
///
/// Without --document it fetches what lies under the plan's uri. Lines that begin with | are the document's own words.
/// Of those only rubrics that match their hash on the chain are what the plan's authority agreed to; everything else is
/// the word of whoever wrote the document. The exit code is 2 if something does not agree with the chain.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan document show PLAN
  $ earnout plan document show PLAN --document plan-document.json --output json | jq -r '.rubrics[0].text'")]
pub struct Show {
    #[command(flatten)]
    document: Named,
}

impl Show {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let (address, plan, loaded) = self.document.load(app).await?;
        app.output().show(&View {
            address,
            plan: &plan,
            loaded: &loaded,
            names: Names::of(app),
        })?;
        loaded.require_agreement()
    }
}

struct View<'a> {
    address: Pubkey,
    plan: &'a Plan,
    loaded: &'a Loaded,
    names: Names,
}

impl View<'_> {
    /// Whether the plan knows an oracle, now or from a coming period on.
    fn knows(&self, oracle: &Pubkey) -> bool {
        let sets = [&self.plan.oracles, &self.plan.next_oracles];
        sets.iter().any(|set| set.oracles().contains(oracle))
    }
}

/// What a stranger wrote, so that no line of it can be taken for one of ours.
fn foreign(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("  | {}", safe(&line.replace('\t', "    "))));
    lines.collect::<Vec<_>>().join("\n")
}

/// A rubric as text, or what it is instead.
fn rubric_text(rubric: &[u8]) -> String {
    match str::from_utf8(rubric) {
        Ok(text) => foreign(text),
        Err(_) => {
            let are = either(rubric.len(), "is", "are");
            format!("  {} that {are} no text", counted(rubric.len(), "byte"))
        }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (document, loaded) = (&self.loaded.document, self.loaded);
        let name = quoted(&plan_name(self.plan));
        writeln!(out, "Document of plan {} {name}", self.address)?;
        writeln!(out, "from {}", quoted(&loaded.source))?;
        if !document.description.is_empty() {
            writeln!(out, "\n{}", foreign(&document.description))?;
        }
        writeln!(out, "\nRubrics\n{}", rubrics(self.plan, loaded))?;
        for ((number, kpi), state) in (0u8..).zip(self.plan.kpis()).zip(&loaded.checked.rubrics) {
            let Some(rubric) = loaded.rubric(number) else {
                continue;
            };
            let verdict = match state {
                RubricState::Matches => "matches its hash on the chain",
                _ => "DOES NOT MATCH its hash on the chain: nobody agreed to this text",
            };
            writeln!(out, "\nKPI {number} {}: {verdict}", quoted(&kpi_name(kpi)))?;
            writeln!(out, "{}", rubric_text(rubric))?;
        }
        if !document.evidence.is_empty() {
            let mut sheet = Sheet::new(["oracle", "evidence lies under", "votes on the plan"]);
            for (oracle, base) in &document.evidence {
                sheet.row([
                    Cell::Own(safe(&self.names.full(oracle))),
                    base.clone().into(),
                    Cell::Own(if self.knows(oracle) { "yes" } else { "not now" }.to_owned()),
                ]);
            }
            writeln!(out, "\nEvidence\n{sheet}")?;
        }
        if !document.labels.is_empty() {
            let mut sheet = Sheet::new(["of", "label that the document gives"]);
            for (grant, label) in &document.labels.grants {
                sheet.row([format!("grant {grant}"), label.clone()]);
            }
            for (key, label) in &document.labels.beneficiaries {
                sheet.row([key.to_string(), label.clone()]);
            }
            writeln!(out, "\nLabels\n{sheet}")?;
        }
        match loaded.findings.is_empty() {
            true => write!(out, "\nEverything that the chain has a hash of agrees."),
            false => write!(out, "\nMISMATCH\n  {}", loaded.findings.join("\n  ")),
        }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (document, loaded) = (&self.loaded.document, self.loaded);
        let mut rubrics = rubrics_json(self.plan, loaded);
        for (number, rubric) in (0u8..).zip(&mut rubrics) {
            let text = loaded.rubric(number).and_then(|bytes| str::from_utf8(bytes).ok());
            if let Some(fields) = rubric.as_object_mut() {
                fields.insert("text".to_owned(), json!(text));
            }
        }
        let evidence = document
            .evidence
            .iter()
            .map(|(oracle, base)| json!({ "oracle": oracle.to_string(), "base": base, "votes": self.knows(oracle) }));
        let grants = document.labels.grants.iter();
        let grants = grants.map(|(grant, label)| json!({ "grant": grant, "label": label }));
        let keys = document.labels.beneficiaries.iter();
        let keys = keys.map(|(key, label)| json!({ "beneficiary": key.to_string(), "label": label }));
        let value = json!({
            "plan": self.address.to_string(),
            "planName": plan_name(self.plan),
            "source": loaded.source,
            "description": document.description,
            "rubrics": rubrics,
            "evidence": evidence.collect::<Vec<Value>>(),
            "labels": grants.chain(keys).collect::<Vec<Value>>(),
            "findings": loaded.findings,
        });
        value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_stranger_looks_like_ours() {
        let text = "Pay\r\n\tall\nEverything that the chain has a hash of agrees.\u{1b}[2J\u{2028}x";
        assert_eq!(
            foreign(text),
            "  | Pay\n  |     all\n  | Everything that the chain has a hash of agrees.\\u{1b}[2J\\u{2028}x"
        );
        assert_eq!(rubric_text(b"\xff\x00"), "  2 bytes that are no text");
    }
}
