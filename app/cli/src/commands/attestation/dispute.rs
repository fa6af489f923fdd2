//! `earnout attestation dispute`.

use {
    super::{super::hash, Whose, named, numbers_text, require_fit},
    crate::{
        context::{
            app::App,
            reference::{KpiRef, PlanRef, kpi_name, period_times},
        },
        fault::Fault,
        send::{Action, Outgoing, SendArgs},
    },
    clap::Args,
    earnout::{
        instructions::DisputeArgs,
        state::{PageGrants, Scope, place},
    },
    earnout_sdk::{
        text::amount::ranges,
        wire::{Evaluation, by_page, instructions, pda},
    },
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeSet, path::PathBuf},
};

/// Dispute a reported value, or that nobody reported one
///
/// The authority may, and the beneficiary of a grant that the KPI pays in the period, which names it with --grant. A
/// dispute that is decided against a grant bars it from further ones. The authority can dispute the values of an
/// individual KPI for many grants at once: those that are disputed already are passed over, and named.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout attestation dispute PLAN revenue 0 --reason reason.md --grant PLAN/3 -k me.json
  $ earnout attestation dispute PLAN revenue 0 --reason-hash HASH
  $ earnout attestation dispute PLAN tasks 0 --grants 3,7-12 --reason reason.md")]
pub struct Dispute {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The KPI: its name, or its number
    kpi: KpiRef,
    /// The period, counted from 0
    period: u16,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    whose: Whose,
    /// Who disputes: the authority, or the grant's beneficiary [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    disputer: Option<String>,
    /// Who pays the rent if nobody voted [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    payer: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Reason {
    /// File with the published reason, of which the hash is recorded
    #[arg(long, value_name = "FILE")]
    reason: Option<PathBuf>,
    /// SHA-256 of the reason, hexadecimal
    #[arg(long, value_name = "HASH")]
    reason_hash: Option<String>,
}

impl Reason {
    /// # Errors
    /// If the file cannot be read, or the hash is none.
    pub fn hash(&self) -> Result<[u8; 32], Fault> {
        hash::of("reason", self.reason.as_deref(), self.reason_hash.as_deref())
    }
}

impl Dispute {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let reason_hash = self.reason.hash()?;
        let plan = outgoing.plan(&address).await?;
        let number = self.kpi.number(&plan)?;
        let kpi = plan.kpi(number)?;
        period_times(&plan, self.period)?;
        let disputer = outgoing.signer(self.disputer.as_deref(), "disputer")?;
        let payer = outgoing.signer(self.payer.as_deref(), "payer")?;
        let by_authority = disputer.pubkey() == plan.authority;
        let of_shared = kpi.scope()? == Scope::Shared;
        // For a shared KPI a beneficiary names the grant for which it disputes.
        let pages = match of_shared && self.whose.grants.is_none() {
            true => vec![None],
            false => self.whose.pages(&outgoing, &address, &plan, kpi).await?,
        };
        let disputed = self.disputed(&outgoing, &address, number, &pages).await?;
        // The program passes them over too, but refuses those of a page if none is left.
        let pages = without(pages, &disputed);
        if pages.is_empty() {
            let are = if disputed.len() == 1 { "is" } else { "are" };
            return Err(Fault::new(format!("{} {are} disputed already", named(disputed)))
                .why("AlreadyDisputed: nothing was sent")
                .advice("`earnout attestation show PLAN KPI PERIOD` shows how it stands"));
        }
        let grant = match (&self.whose.grant, pages.as_slice()) {
            (Some(grant), _) => Some(outgoing.grant_of(&address, &grant.of(&address)).await?.0),
            // With it the votes of its beneficiary do not count.
            (None, [Some(grants)]) if by_authority && *grants == PageGrants::one(grants.first) => {
                Some(pda::grant(&address, grants.first))
            }
            _ => None,
        };
        if !by_authority {
            let Some(grant) = grant else {
                let how = match self.whose.grants {
                    Some(_) => "with --grants",
                    None => "without a grant",
                };
                return Err(Fault::new(format!("{} may not dispute {how}", disputer.pubkey()))
                    .why(format!(
                        "NotEntitled: only the authority {} may; nothing was sent",
                        plan.authority
                    ))
                    .advice("a beneficiary names its own grant with --grant"));
            };
            let beneficiary = outgoing.grant(&grant).await?.beneficiary;
            outgoing.require("disputer", &grant, &beneficiary, disputer.as_ref())?;
        }
        let (payer_key, key) = (payer.pubkey(), disputer.pubkey());
        let steps = pages.iter().map(|grants| {
            let args = DisputeArgs {
                kpi: number,
                period: self.period,
                grants: *grants,
                reason_hash,
            };
            instructions::dispute(&payer_key, &key, &address, grant, args)
        });
        let steps: Vec<_> = steps.collect();
        require_fit(&outgoing, &steps).await?;
        let title = match numbers_text(&pages) {
            several if several.contains([',', '-']) => "Dispute values",
            _ => "Dispute a value",
        };
        let mut action = Action::new(title, steps)
            .address(app, "plan", address)
            .fact("KPI", kpi_name(kpi))
            .fact("period", self.period);
        if !of_shared {
            action = action.fact("grants", numbers_text(&pages));
        }
        if !disputed.is_empty() {
            action = action.fact("disputed already", ranges(disputed));
        }
        if let Some(grant) = grant {
            action = action.address(app, "grant", grant);
        }
        let action = action
            .fact("reason hash", hex::encode(reason_hash))
            .address(app, "disputer", disputer.pubkey())
            .signed_by(disputer)
            .signed_by(payer)
            .asking();
        outgoing.execute(action).await
    }

    /// Those of the named grants whose values, or silences, are disputed; none of a shared KPI.
    async fn disputed(
        &self,
        outgoing: &Outgoing<'_>,
        plan: &Pubkey,
        kpi: u8,
        pages: &[Option<PageGrants>],
    ) -> Result<BTreeSet<u32>, Fault> {
        let mut disputed = BTreeSet::new();
        for grants in pages.iter().flatten() {
            let address = pda::evaluation(plan, kpi, self.period, Some(grants.first));
            let evaluation = outgoing.evaluation_if_any(&address).await?;
            if let Some(page) = evaluation.as_ref().and_then(Evaluation::page) {
                let view = page.view();
                let is_disputed = |number: &u32| {
                    let standing = view.standing(place(*number).1);
                    standing.is_ok_and(|standing| standing.disputed_at.is_some())
                };
                disputed.extend(grants.indices().filter(is_disputed));
            }
        }
        Ok(disputed)
    }
}

/// What of the pages is not among these grants. A shared KPI, which has none, stays.
fn without(pages: Vec<Option<PageGrants>>, grants: &BTreeSet<u32>) -> Vec<Option<PageGrants>> {
    if grants.is_empty() {
        return pages;
    }
    let left = pages.into_iter().flatten().flat_map(PageGrants::indices);
    let left = left.filter(|number| !grants.contains(number)).collect();
    by_page(&left).into_iter().map(Some).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_disputed_is_left_out_with_its_page() {
        let pages = |grants: &[u32]| -> Vec<_> {
            let grants = grants.iter().copied().collect();
            by_page(&grants).into_iter().map(Some).collect()
        };
        let left = |grants, disputed: &[u32]| without(pages(grants), &disputed.iter().copied().collect());
        assert_eq!(left(&[3, 5, 64], &[]), pages(&[3, 5, 64]));
        assert_eq!(left(&[3, 5, 64], &[3, 64]), pages(&[5]));
        assert_eq!(left(&[3], &[3]), []);
        assert_eq!(without(vec![None], &BTreeSet::new()), [None]);
    }
}
