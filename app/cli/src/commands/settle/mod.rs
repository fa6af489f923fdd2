//! `earnout settle`.

mod all;

use {
    crate::{
        context::{
            app::App,
            reference::{GrantRef, PlanRef, kpi_name, period_times},
            time::Moment,
        },
        fault::Fault,
        send::{Action, Outgoing, SendArgs, many::Sending},
        shown::units,
    },
    clap::Args,
    earnout::state::{Grant, Plan, Results, Scope, Tally},
    earnout_core::quorum::Finality,
    earnout_sdk::{
        report::{
            priced::{Priced, units_text},
            projection,
        },
        wire::{instructions, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// Compute what a grant earned in its next period, once, permanently. Anybody may
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout settle PLAN/3
  $ earnout settle --all PLAN")]
pub struct Settle {
    /// The grant: its address, or PLAN/INDEX
    #[arg(required_unless_present = "all")]
    grant: Option<GrantRef>,
    /// Settle every grant of this plan whose next period is final, in as few transactions as they fit in
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["grant", "payer"])]
    all: Option<PlanRef>,
    /// Who pays the rent of the period's pool, under redistribution [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Settle {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match (&self.all, &self.grant) {
            (Some(plan), _) => {
                let sending = Sending::of_many(app, &self.send, "--all").await?;
                all::run(app, plan.address(), sending).await
            }
            (None, Some(grant)) => self.one(app, grant).await,
            // Refused with the arguments.
            (None, None) => Ok(()),
        }
    }

    async fn one(&self, app: &App, grant: &GrantRef) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        let (address, plan_address) = outgoing.grant_and_plan(grant).await?;
        let grant = outgoing.grant(&address).await?;
        let plan = outgoing.plan(&plan_address).await?;
        let token = outgoing.token_of(&plan).await?;
        let results = results(&outgoing, &plan_address, &plan, &address, &grant).await?;
        let mut steps = Vec::new();
        // The bonus of a period is collected before the next one is settled.
        if !grant.has_collected(&plan)? {
            steps.push(instructions::collect_bonus(
                &plan_address,
                &address,
                grant.collected_through,
            ));
        }
        steps.push(instructions::settle(
            &payer.pubkey(),
            &plan_address,
            &plan,
            &address,
            &grant,
        ));
        let mut settled = grant;
        let priced = Priced::of_period(&plan, &grant, grant.next_period, results.price)?;
        let settlement = settled.settle(&plan, &results)?;
        let mut action = Action::new("Settle the grant's next period", steps)
            .address(app, "plan", plan_address)
            .address(app, "grant", address)
            .fact("period", grant.next_period);
        if let Some(priced) = &priced {
            let cut = units::cut_off(Some(priced), token.decimals, "nothing");
            action = action
                .shown("units", units_text(&plan, priced.units), priced.units.to_string())
                .shown("price", units::price(&plan, priced.price), priced.price.to_string())
                .shown("cut off", cut, priced.cut_off().map(|amount| token.amount(amount)));
        }
        let action = action
            .fact("tranche", token.amount(settled.last_tranche))
            .fact("earned", token.amount(settlement.earned))
            .signed_by(payer);
        outgoing.execute(action).await
    }
}

/// The results of the grant's next period, all of them final.
///
/// # Errors
/// If the grant has no such period, or a KPI is not final.
async fn results(
    outgoing: &Outgoing<'_>,
    plan_address: &Pubkey,
    plan: &Plan,
    address: &Pubkey,
    grant: &Grant,
) -> Result<Results, Fault> {
    let period = grant.next_period;
    if grant.is_settled() {
        return Err(Fault::new(format!("the grant {address} has settled all its periods"))
            .why("AllSettled: nothing was sent")
            .advice("`earnout claim` pays what is vested"));
    }
    let now = outgoing.now().await?;
    let times = period_times(plan, period)?;
    if now < times.end {
        return Err(Fault::new(format!("period {period} has not ended"))
            .why(format!(
                "PeriodNotEnded: it ends {}, and the chain's time is {}",
                Moment(times.end),
                Moment(now)
            ))
            .advice(format!(
                "settle from {} on, as soon as its values are final",
                Moment(times.end)
            )));
    }
    let mut results = Results::default();
    for (number, kpi) in grant.paid_by(plan) {
        let individual = kpi.scope()? == Scope::Individual;
        let evaluation = pda::evaluation(plan_address, number, period, individual.then_some(grant.index));
        let tally = match outgoing.evaluation_if_any(&evaluation).await? {
            Some(evaluation) => evaluation.tally(grant)?,
            None => Tally::default(),
        };
        let reading = projection::reading(plan, number, period, &tally, now)?;
        if let Finality::NotBefore(time) = reading.finality {
            return Err(Fault::new(format!("{} of period {period} is not final", kpi_name(kpi)))
                .why(format!(
                    "NotFinal: it can still change, until {} at the earliest; nothing was sent",
                    Moment(time)
                ))
                .advice(format!(
                    "settle from then on; whatever happens the period settles from {} on",
                    Moment(times.settle_deadline)
                )));
        }
        results.scores[usize::from(number)] = reading.score;
        results.price = results.price.or(reading.price);
    }
    Ok(results)
}
