//! `earnout attestation rule`.

use {
    super::dispute::Reason,
    crate::{
        context::{
            app::App,
            reference::{GrantRef, KpiRef, PlanRef, kpi_name, period_times},
        },
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::instructions::RuleArgs,
    earnout_sdk::{
        text::amount,
        wire::{instructions, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// Decide a dispute, as the plan's arbiter
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attestation rule PLAN revenue 0 --value 120_000 --reason ruling.md -k arbiter.json
  $ earnout attestation rule PLAN revenue 0 --uphold --reason ruling.md")]
pub struct Rule {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    #[command(flatten)]
    decision: Decision,
    #[command(flatten)]
    reason: Reason,
    /// The grant that is measured, for an individual KPI
    #[arg(long)]
    grant: Option<GrantRef>,
    /// The plan's arbiter [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    arbiter: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Decision {
    /// What counts instead, exact, in the KPI's unit
    #[arg(long, allow_negative_numbers = true)]
    value: Option<String>,
    /// Let the value or the silence stand
    #[arg(long)]
    uphold: bool,
}

impl Rule {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let reason_hash = self.reason.hash()?;
        let plan = outgoing.plan(&address).await?;
        let number = self.kpi.number(&plan)?;
        let kpi = plan.kpi(number)?;
        period_times(&plan, self.period)?;
        let value = match &self.decision.value {
            None => None,
            Some(text) => {
                let value = amount::parse_value(text, kpi.decimals);
                let value = value.map_err(|error| Fault::new(format!("the value {text} {error}")))?;
                if !kpi.accepts(value) {
                    let [min, max] = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
                    return Err(
                        Fault::new(format!("the value {text} is outside the range of {}", kpi_name(kpi))).why(format!(
                            "ValueOutOfRange: it accepts {min} to {max}{}; nothing was sent",
                            amount::hint(text)
                        )),
                    );
                }
                Some(value)
            }
        };
        let arbiter = outgoing.signer(self.arbiter.as_deref(), "arbiter")?;
        if plan.arbiter == Pubkey::default() {
            return Err(
                Fault::new(format!("the plan {address} has no arbiter")).why("so it has no disputes; nothing was sent")
            );
        }
        outgoing.require("arbiter", &address, &plan.arbiter, arbiter.as_ref())?;
        let grant = outgoing.subject_grant(&address, kpi, self.grant.as_ref()).await?;
        let attestation_address = pda::attestation(&address, number, self.period, &grant.unwrap_or(address));
        let attestation = outgoing.attestation(&attestation_address).await?;
        if attestation.disputed_at == 0 {
            return Err(
                Fault::new(format!("nobody disputed {} of period {}", kpi_name(kpi), self.period))
                    .why("NotDisputed: nothing was sent"),
            );
        }
        let disputer_grant = (attestation.disputer_grant != Pubkey::default()).then_some(attestation.disputer_grant);
        let args = RuleArgs { value, reason_hash };
        let rule = instructions::rule(&arbiter.pubkey(), &address, &attestation_address, disputer_grant, args);
        let ruling = value.map_or_else(|| "upheld".to_owned(), |value| amount::fixed(value, kpi.decimals));
        let mut action = Action::new("Decide a dispute", vec![rule])
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", self.period)
            .fact("ruling", ruling)
            .fact("reason hash", hex::encode(reason_hash));
        if let Some(grant) = disputer_grant {
            action = action.address(app, "disputer grant", grant);
        }
        let action = action.address(app, "arbiter", arbiter.pubkey());
        outgoing.execute(action.signed_by(arbiter).asking()).await
    }
}
