//! `earnout attestation show`.

use {
    crate::{
        app::App,
        fault::Fault,
        reference::{GrantRef, KpiRef, PlanRef, kpi_name},
        time::Moment,
        view::{
            measurement::{self, basis, outcome, state, voter},
            names::Names,
            plan::merge,
            table::{Facts, Table},
            text::{hex, safe},
        },
    },
    clap::Args,
    earnout::state::{Kpi, OracleSet, Plan, Scope},
    earnout_core::quorum::Finality,
    earnout_sdk::{
        amount,
        client::{Client, ClientError},
        ledger::AttestationRecord,
        pda,
        projection::{PeriodTimes, period_times},
        statement::{Measurement, ValueKey},
    },
    serde::{Serialize, Serializer},
    serde_json::json,
    solana_program::pubkey::Pubkey,
    std::fmt,
};

/// Show what the oracles reported about a KPI for a period, whether it was disputed, and what counts
///
/// An attestation that was closed is shown from its events.
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
            None => self.read(client, &plan_address, &plan, number, &address).await?,
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
            names: Names::of(app),
        })
    }
}

impl Show {
    /// From the account, or if it was closed from its events.
    async fn read(
        &self,
        client: &Client,
        plan_address: &Pubkey,
        plan: &Plan,
        number: u8,
        address: &Pubkey,
    ) -> Result<Measurement, Fault> {
        let now = client.now().await?;
        let set = oracle_set(client, plan_address, plan, self.period).await?;
        if let Some(attestation) = client.attestations(&[*address]).await?.pop().flatten() {
            return Ok(Measurement::of(plan, &attestation, set.as_ref(), false, now)?);
        }
        let events = client.events(address).await?;
        let events = events.iter().map(|recorded| &recorded.event);
        let record = match &set {
            Some(set) => AttestationRecord::of(address, set, events).map_err(ClientError::from)?,
            None => None,
        };
        Ok(match record {
            Some(record) => Measurement::of(plan, &record.state, set.as_ref(), record.closed, now)?,
            None => Measurement::silent(plan, number, self.period, now)?,
        })
    }
}

/// The oracles that vote on a period. The plan has forgotten sets before the one in force; events have not.
async fn oracle_set(client: &Client, address: &Pubkey, plan: &Plan, period: u16) -> Result<Option<OracleSet>, Fault> {
    if period >= plan.oracles.first_period {
        return Ok(Some(*plan.oracle_set(period)));
    }
    Ok(client.earlier_oracle_sets(address, plan).await?.at(period).copied())
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
        let mut facts = Facts::default();
        facts.add("KPI", format!("{} {}", self.number, safe(&kpi_name(&self.kpi))));
        facts.add("period", self.times.period);
        match self.subject == self.plan_address {
            true => facts.add("subject", "the plan"),
            false => facts.add("subject", format!("grant {}", self.subject)),
        }
        facts.add(
            "votes",
            format!("{} to {}", Moment(self.times.end), Moment(self.times.attest_deadline)),
        );
        if let Some((from, to)) = self.challenge() {
            facts.add("disputes", format!("{} to {}", Moment(from), Moment(to)));
        }
        facts.add("value", outcome(&self.kpi, measurement));
        let so_far = match measurement.reading.finality {
            Finality::Final(_) => "",
            Finality::NotBefore(_) => ", so far",
        };
        facts.add("by", format!("{}{so_far}", basis(measurement)));
        facts.add("score", amount::count(measurement.reading.score));
        facts.add("state", state(measurement));
        if measurement.closed {
            facts.add("account", "closed; this is from its events");
        }
        write!(out, "Attestation {}\n{facts}", self.address)?;
        if let Some(dispute) = &measurement.dispute {
            let mut facts = Facts::default();
            facts.add("by", self.names.full(&dispute.disputer));
            if let Some(grant) = dispute.grant {
                facts.add("for grant", grant);
            }
            facts.add("reason SHA-256", hex(&dispute.reason_hash));
            if let Some(ruling) = dispute.ruling {
                let value = ruling
                    .value
                    .map_or("stands".to_owned(), |value| measurement::value(&self.kpi, value));
                facts.add("ruling", value);
                facts.add("its SHA-256", hex(&ruling.reason_hash));
            }
            write!(out, "\n\nDispute\n{facts}")?;
        }
        let mut table = Table::new(["oracle", ">value", "evidence SHA-256"]);
        for vote in &measurement.votes {
            table.row([
                voter(vote, &self.names),
                measurement::value(&self.kpi, vote.value),
                hex(&vote.evidence),
            ]);
        }
        let count = measurement.votes.len();
        let (of, needed) = (measurement.oracle_count, measurement.threshold);
        write!(out, "\n\n{count} of {of} oracles have voted, {needed} must agree")?;
        match measurement.votes.is_empty() {
            true => Ok(()),
            false => write!(out, "\n{table}"),
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
            }),
        );
        value.serialize(serializer)
    }
}
