//! `earnout attestation dispute`.

use {
    super::{super::hash, Whose, numbers_text, require_fit},
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
        instructions::DisputeArgs,
        state::{PageGrants, Scope},
    },
    earnout_sdk::wire::{instructions, pda},
    std::path::PathBuf,
};

/// Dispute a reported value, or that nobody reported one
///
/// The authority may, and the beneficiary of a grant that the KPI pays in the period, which names it with --grant. A
/// dispute that is decided against a grant bars it from further ones. The authority can dispute the values of an
/// individual KPI for many grants at once: those that are disputed already are passed over.
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
        let grant = match (&self.whose.grant, pages.as_slice()) {
            (Some(grant), _) => Some(outgoing.grant_of(&address, grant).await?.0),
            // With it the votes of its beneficiary do not count.
            (None, [Some(grants)]) if by_authority && *grants == PageGrants::one(grants.first) => {
                Some(pda::grant(&address, grants.first))
            }
            _ => None,
        };
        if !by_authority {
            let Some(grant) = grant else {
                return Err(
                    Fault::new(format!("{} may not dispute without a grant", disputer.pubkey()))
                        .why(format!(
                            "NotEntitled: only the authority {} may; nothing was sent",
                            plan.authority
                        ))
                        .advice("a beneficiary names its grant with --grant"),
                );
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
        require_fit(&outgoing, &steps)?;
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
}
