//! `earnout attest`.

use {
    super::hash,
    crate::{
        context::{
            app::App,
            reference::{GrantRef, KpiRef, PlanRef, kpi_name, period_times},
        },
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::instructions::AttestArgs,
    earnout_sdk::{text::amount, wire::instructions},
    std::path::PathBuf,
};

/// Report the value of a KPI for a period, as one of the plan's oracles
///
/// The vote can be changed until enough oracles agree.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attest PLAN revenue 0 125_000.50 --evidence report.pdf -k oracle.json
  $ earnout attest PLAN tasks 0 12 --grant PLAN/3 --evidence-hash $(sha256sum tasks.json | cut -c-64)")]
pub struct Attest {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    /// What was measured, exact, in the KPI's unit
    #[arg(allow_negative_numbers = true)]
    value: String,
    #[command(flatten)]
    evidence: Evidence,
    /// The grant that is measured, for an individual KPI
    #[arg(long)]
    grant: Option<GrantRef>,
    /// The oracle [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    oracle: Option<String>,
    /// Who pays the rent if this is the first vote [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Evidence {
    /// File with the evidence, of which the hash is recorded
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// SHA-256 of the evidence, hexadecimal
    #[arg(long, value_name = "HASH")]
    evidence_hash: Option<String>,
}

impl Attest {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let evidence = hash::of(
            "evidence",
            self.evidence.evidence.as_deref(),
            self.evidence.evidence_hash.as_deref(),
        )?;
        let plan = outgoing.plan(&address).await?;
        let number = self.kpi.number(&plan)?;
        let kpi = plan.kpi(number)?;
        period_times(&plan, self.period)?;
        let value = amount::parse_value(&self.value, kpi.decimals).map_err(|error| {
            Fault::new(format!("the value {} {error}", self.value)).why(format!(
                "the KPI {} has {} decimals",
                kpi_name(kpi),
                kpi.decimals
            ))
        })?;
        if !kpi.accepts(value) {
            let [min, max] = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
            return Err(Fault::new(format!(
                "the value {} is outside the range of {}",
                self.value,
                kpi_name(kpi)
            ))
            .why(format!(
                "ValueOutOfRange: it accepts {min} to {max}{}; nothing was sent",
                amount::hint(&self.value)
            ))
            .advice("check unit and decimals"));
        }
        let oracle = outgoing.signer(self.oracle.as_deref(), "oracle")?;
        let set = plan.oracle_set(self.period);
        if set.position(&oracle.pubkey()).is_none() {
            let keys: Vec<_> = set.oracles().iter().map(ToString::to_string).collect();
            return Err(Fault::new(format!(
                "{} is not an oracle of period {}",
                oracle.pubkey(),
                self.period
            ))
            .why(format!(
                "NotAnOracle: its oracles are {}; nothing was sent",
                keys.join(", ")
            ))
            .advice("sign with an oracle's key: --oracle SIGNER, or -k SIGNER"));
        }
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        let args = AttestArgs {
            kpi: number,
            period: self.period,
            value,
            evidence,
        };
        let grant = outgoing.subject_grant(&address, kpi, self.grant.as_ref()).await?;
        let attest = instructions::attest(&payer.pubkey(), &oracle.pubkey(), &address, grant, args);
        let mut action = Action::new("Report a value", vec![attest])
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", self.period)
            .fact("value", amount::fixed(value, kpi.decimals));
        if let Some(grant) = grant {
            action = action.address(app, "grant", grant);
        }
        let action = action
            .fact("evidence hash", hex::encode(evidence))
            .address(app, "oracle", oracle.pubkey())
            .signed_by(oracle)
            .signed_by(payer);
        outgoing.execute(action).await
    }
}
