//! `earnout attestation rule`.

use {
    super::{Whose, dispute::Reason, named, numbers_text, require_fit},
    crate::{
        context::{
            app::App,
            reference::{KpiRef, PlanRef, kpi_name, period_times},
        },
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::{
        instructions::RuleArgs,
        state::{Disputer, PageGrants, Scope, place},
    },
    earnout_sdk::{
        text::amount,
        wire::{Evaluation, instructions, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// Decide a dispute, as the plan's arbiter
///
/// Disputes about an individual KPI can be decided for many grants at once. All of them must be disputed and not
/// decided yet.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attestation rule PLAN revenue 0 --value 120_000 --reason ruling.md -k arbiter.json
  $ earnout attestation rule PLAN revenue 0 --uphold --reason ruling.md
  $ earnout attestation rule PLAN tasks 0 --grants 3,7-12 --uphold --reason ruling.md")]
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
    #[command(flatten)]
    whose: Whose,
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
        let pages = self.whose.pages(&outgoing, &address, &plan, kpi).await?;
        let (mut steps, mut disputed_for) = (Vec::new(), Vec::new());
        for grants in &pages {
            let args = RuleArgs {
                kpi: number,
                period: self.period,
                grants: *grants,
                value,
                reason_hash,
            };
            let place = pda::evaluation(&address, number, self.period, grants.map(|grants| grants.first));
            let evaluation = outgoing.evaluation_if_any(&place).await?;
            if evaluation.is_none() && grants.is_some() {
                outgoing.require_absent(&address, &plan, place).await?;
            }
            let ruled = ruled(evaluation.as_ref(), *grants);
            if !ruled.is_empty() {
                return Err(Fault::new(format!("the arbiter has ruled on {} already", named(ruled)))
                    .why("AlreadyRuled: a ruling is final; nothing was sent")
                    .advice("leave out what is decided; `earnout attestation show --page` shows it"));
            }
            let disputes = disputes(&address, evaluation.as_ref(), *grants).map_err(|undisputed| {
                let of = if undisputed.is_empty() {
                    String::new()
                } else {
                    format!(" of {}", named(undisputed))
                };
                Fault::new(format!(
                    "nobody disputed {}{of} in period {}",
                    kpi_name(kpi),
                    self.period
                ))
                .why("NotDisputed: the arbiter rules on disputes only; nothing was sent")
                .advice("`earnout attestation show` shows what is disputed")
            })?;
            steps.push(instructions::rule(&arbiter.pubkey(), &address, &disputes, args));
            disputed_for.extend(disputes);
        }
        require_fit(&outgoing, &steps).await?;
        let ruling = value.map_or_else(|| "upheld".to_owned(), |value| amount::fixed(value, kpi.decimals));
        let title = if steps.len() > 1 || pages.iter().flatten().any(|grants| grants.mask.count_ones() > 1) {
            "Decide disputes"
        } else {
            "Decide a dispute"
        };
        let mut action = Action::new(title, steps)
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", self.period);
        if kpi.scope()? == Scope::Individual {
            action = action.fact("grants", numbers_text(&pages));
        }
        action = action
            .fact("ruling", ruling)
            .fact("reason hash", hex::encode(reason_hash));
        action = match disputed_for.as_slice() {
            [] => action,
            [grant] => action.address(app, "disputer grant", *grant),
            grants => {
                let grants: Vec<_> = grants.iter().map(ToString::to_string).collect();
                action.fact("disputer grants", grants.join(", "))
            }
        };
        let action = action.address(app, "arbiter", arbiter.pubkey());
        outgoing.execute(action.signed_by(arbiter).asking()).await
    }
}

/// Those of the grants on which the arbiter has ruled; none of a shared KPI.
fn ruled(evaluation: Option<&Evaluation>, grants: Option<PageGrants>) -> Vec<u32> {
    let (Some(page), Some(grants)) = (evaluation.and_then(Evaluation::page), grants) else {
        return Vec::new();
    };
    let view = page.view();
    let is_ruled = |number: &u32| {
        let standing = view.standing(place(*number).1);
        standing.is_ok_and(|standing| standing.ruling.is_some())
    };
    grants.indices().filter(is_ruled).collect()
}

/// The grants for which beneficiaries disputed, in the order of their numbers.
///
/// Errors: the numbers of the grants that nobody disputed; empty for a shared KPI.
fn disputes(
    plan: &Pubkey,
    evaluation: Option<&Evaluation>,
    grants: Option<PageGrants>,
) -> Result<Vec<Pubkey>, Vec<u32>> {
    let Some(grants) = grants else {
        let attestation = evaluation.and_then(Evaluation::attestation);
        let disputed = attestation.filter(|attestation| attestation.disputed_at != 0);
        let grant = disputed.ok_or(Vec::new())?.disputer_grant;
        return Ok(Some(grant)
            .filter(|grant| *grant != Pubkey::default())
            .into_iter()
            .collect());
    };
    let page = evaluation.and_then(Evaluation::page);
    let disputer = |number: &u32| {
        let (disputer, standing) = page?.view().entry(place(*number).1).ok()?;
        standing.disputed_at.and(Some(disputer))
    };
    let is_disputed = |number: &u32| disputer(number).is_some();
    let (disputed, undisputed): (Vec<u32>, Vec<u32>) = grants.indices().partition(is_disputed);
    if !undisputed.is_empty() {
        return Err(undisputed);
    }
    let by_beneficiary = |number: &u32| disputer(number) == Some(Disputer::Beneficiary);
    let grants = disputed.into_iter().filter(by_beneficiary);
    Ok(grants.map(|number| pda::grant(plan, number)).collect())
}
