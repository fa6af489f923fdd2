//! `earnout attestation show`.

use {
    crate::{
        context::{
            app::App,
            reference::{GrantRef, KpiRef, PlanRef, kpi_name},
            time::Moment,
        },
        fault::Fault,
        shown::{
            fields::Fields,
            measurement::{self, basis, outcome, state, voter},
            names::Names,
            plan::{merge, require_complete},
            sheet::Sheet,
            text::safe,
        },
    },
    clap::Args,
    earnout::state::{Kpi, Plan, Scope},
    earnout_core::quorum::Finality,
    earnout_sdk::{
        client::Client,
        report::{
            books::AttestationRecord,
            projection::{PeriodTimes, period_times},
            statement::{Measurement, ValueKey},
        },
        text::amount,
        wire::pda,
    },
    serde::{Serialize, Serializer},
    serde_json::json,
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Show what the oracles reported about a KPI for a period, whether it was disputed, and what counts
///
/// An attestation that was closed is shown from its events. What of the plan's events the endpoint leaves out, repeats
/// or cannot give is said, and makes the exit code 2.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attestation show PLAN revenue 0
  $ earnout attestation show PLAN tasks 0 --grant PLAN/3 --output json")]
pub struct Show {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    /// The grant that is measured, for an individual KPI
    #[arg(long)]
    grant: Option<GrantRef>,
}

impl Show {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let client = app.client()?;
        let plan_address = self.plan.address();
        // The attestations of a closed plan are closed too: all of it is told by events.
        let told = match client.is_closed_plan(&plan_address).await? {
            true => Some(client.statement_sources(&plan_address).await?),
            false => None,
        };
        let plan = match &told {
            Some(sources) => sources.plan,
            None => client.plan(&plan_address).await?,
        };
        let number = self.kpi.number(&plan)?;
        let kpi = *plan.kpi(number)?;
        let times = period_times(&plan, self.period).map_err(|_| {
            let last = plan.period_count.saturating_sub(1);
            Fault::new(format!("the plan has no period {}", self.period)).why(format!("its periods are 0 to {last}"))
        })?;
        let subject = match (kpi.scope()?, &self.grant) {
            (Scope::Shared, None) => plan_address,
            (Scope::Individual, Some(grant)) => grant.address(),
            (Scope::Shared, Some(_)) => {
                return Err(
                    Fault::new(format!("KPI `{}` has one value for all grants", safe(&kpi_name(&kpi))))
                        .advice("leave out --grant"),
                );
            }
            (Scope::Individual, None) => {
                return Err(
                    Fault::new(format!("KPI `{}` has a value for each grant", safe(&kpi_name(&kpi))))
                        .advice("name the grant: --grant GRANT"),
                );
            }
        };
        let address = pda::attestation(&plan_address, number, self.period, &subject);
        let mut complaints = told.as_ref().map(|sources| sources.missing.clone()).unwrap_or_default();
        let measurement = match &told {
            Some(sources) => {
                let grant = sources.grants.values().find(|grant| grant.address == subject);
                let grant = grant.map(|grant| grant.state.index);
                let period = self.period;
                let known = sources.measurements.get(&ValueKey {
                    period,
                    kpi: number,
                    grant,
                });
                match known {
                    Some(measurement) => measurement.clone(),
                    None => Measurement::silent(&plan, number, period, sources.now)?,
                }
            }
            None => {
                self.read(client, &plan_address, &plan, number, &address, &mut complaints)
                    .await?
            }
        };
        app.output().show(&View {
            address,
            plan,
            plan_address,
            number,
            kpi,
            subject,
            times,
            measurement,
            complaints: complaints.clone(),
            names: Names::of(app),
        })?;
        require_complete(&complaints)
    }
}

impl Show {
    /// From the account, or if it was closed from its events. What of them the endpoint leaves out is added to the
    /// complaints.
    async fn read(
        &self,
        client: &Client,
        plan_address: &Pubkey,
        plan: &Plan,
        number: u8,
        address: &Pubkey,
        complaints: &mut Vec<String>,
    ) -> Result<Measurement, Fault> {
        let now = client.now().await?;
        let attestation = client.attestations(&[*address]).await?.pop().flatten();
        // The plan has forgotten the oracles before those in force; events have not.
        let known = (self.period >= plan.oracles.first_period).then(|| *plan.oracle_set(self.period));
        let has_ended = plan.calendar()?.period_end(self.period).is_ok_and(|end| end <= now);
        match (&attestation, known) {
            (Some(attestation), Some(set)) => return Ok(Measurement::of(plan, attestation, Some(&set), false, now)?),
            // Nobody can have voted yet.
            (None, _) if !has_ended => return Ok(Measurement::silent(plan, number, self.period, now)?),
            _ => {}
        }
        let history = client.history(plan_address).await?;
        complaints.extend(history.complaints());
        let set = match known {
            Some(set) => Some(set),
            None => history.oracle_sets(plan)?.at(self.period).copied(),
        };
        if let Some(attestation) = attestation {
            return Ok(Measurement::of(plan, &attestation, set.as_ref(), false, now)?);
        }
        let events = history.events().map(|recorded| &recorded.event);
        // An event that does not follow from those before it shows that one is missing, which was said.
        let record = set.and_then(|set| AttestationRecord::of(address, &set, events).ok().flatten());
        let Some(record) = record else {
            return Ok(Measurement::silent(plan, number, self.period, now)?);
        };
        if !record.closed {
            complaints.push(format!(
                "{} has no account of attestation {address}, which was not closed",
                client.endpoint()
            ));
        }
        Ok(Measurement::of(plan, &record.state, set.as_ref(), record.closed, now)?)
    }
}

struct View {
    address: Pubkey,
    plan: Plan,
    plan_address: Pubkey,
    number: u8,
    kpi: Kpi,
    subject: Pubkey,
    times: PeriodTimes,
    measurement: Measurement,
    complaints: Vec<String>,
    names: Names,
}

impl View {
    /// From when and until when it can be disputed.
    fn challenge(&self) -> Option<(i64, i64)> {
        let since = self.measurement.agreed_at.unwrap_or(self.times.attest_deadline);
        let length = i64::from(self.plan.challenge_secs);
        (length > 0).then(|| (since, since.saturating_add(length)))
    }
}

impl fmt::Display for View {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measurement = &self.measurement;
        let mut facts = Fields::default();
        facts.say("KPI", format!("{} {}", self.number, kpi_name(&self.kpi)));
        facts.say("period", self.times.period);
        match self.subject == self.plan_address {
            true => facts.say("subject", "the plan"),
            false => facts.say("subject", format!("grant {}", self.subject)),
        }
        facts.say(
            "votes",
            format!("{} to {}", Moment(self.times.end), Moment(self.times.attest_deadline)),
        );
        if let Some((from, to)) = self.challenge() {
            facts.say("disputes", format!("{} to {}", Moment(from), Moment(to)));
        }
        facts.say("value", outcome(&self.kpi, measurement));
        let so_far = match measurement.reading.finality {
            Finality::Final(_) => "",
            Finality::NotBefore(_) => ", so far",
        };
        facts.say("by", format!("{}{so_far}", basis(measurement)));
        facts.say("score", amount::count(measurement.reading.score));
        facts.say("state", state(measurement));
        if measurement.closed {
            facts.say("account", "closed; this is from its events");
        }
        write!(out, "Attestation {}\n{}", self.address, facts.indented())?;
        if let Some(dispute) = &measurement.dispute {
            let mut facts = Fields::default();
            facts.say("by", self.names.full(&dispute.disputer));
            if let Some(grant) = dispute.grant {
                facts.say("for grant", grant);
            }
            facts.say("reason SHA-256", hex::encode(dispute.reason_hash));
            if let Some(ruling) = dispute.ruling {
                let value = ruling
                    .value
                    .map_or("stands".to_owned(), |value| measurement::value(&self.kpi, value));
                facts.say("ruling", value);
                facts.say("its SHA-256", hex::encode(ruling.reason_hash));
            }
            write!(out, "\n\nDispute\n{}", facts.indented())?;
        }
        let mut sheet = Sheet::new(["oracle", ">value", "evidence SHA-256"]);
        for vote in &measurement.votes {
            sheet.row([
                voter(vote, &self.names),
                measurement::value(&self.kpi, vote.value),
                hex::encode(vote.evidence),
            ]);
        }
        let count = measurement.votes.len();
        let (of, needed) = (measurement.oracle_count, measurement.threshold);
        write!(out, "\n\n{count} of {of} oracles have voted, {needed} must agree")?;
        match measurement.votes.is_empty() {
            true => Ok(()),
            false => write!(out, "\n{sheet}"),
        }
    }
}

impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = measurement::json(self.number, &self.kpi, &self.measurement);
        merge(
            &mut value,
            json!({
                "attestation": self.address.to_string(),
                "plan": self.plan_address.to_string(),
                "name": kpi_name(&self.kpi),
                "decimals": self.kpi.decimals,
                "period": self.times.period,
                "subject": self.subject.to_string(),
                "votesFrom": self.times.end,
                "votesUntil": self.times.attest_deadline,
                "disputesFrom": self.challenge().map(|(from, _)| from),
                "disputesUntil": self.challenge().map(|(_, to)| to),
                "complaints": self.complaints,
            }),
        );
        value.serialize(serializer)
    }
}
