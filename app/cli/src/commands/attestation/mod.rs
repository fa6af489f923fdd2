//! `earnout attestation …`.

mod dispute;
mod rule;
mod show;

use {
    crate::{
        commands::attest::{for_each_grant, once_for_all},
        context::{
            app::App,
            reference::{GrantBeside, GrantList},
        },
        fault::Fault,
        send::Outgoing,
    },
    clap::{Args, Subcommand},
    earnout::state::{Kpi, PageGrants, Plan, Scope},
    earnout_sdk::{
        send::packing::{self, Cost, Envelope, Group},
        text::amount::ranges,
        wire::by_page,
    },
    solana_program::{instruction::Instruction, pubkey::Pubkey},
};

// A new command is one line here and one in `run`.
/// Attestations and pages.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout attestation dispute PLAN revenue 0 --reason reason.md")]
pub enum AttestationCommand {
    Dispute(dispute::Dispute),
    Rule(rule::Rule),
    Show(show::Show),
}

impl AttestationCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Dispute(command) => command.run(app).await,
            Self::Rule(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
        }
    }
}

/// Whose value of an individual KPI is meant.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Whose {
    /// The grant that is measured, for an individual KPI; for a shared one the grant of who disputes: its number, its
    /// address, or PLAN/INDEX
    #[arg(long)]
    grant: Option<GrantBeside>,
    /// More than one, by their numbers, for example 3,7-12
    #[arg(long, value_name = "NUMBERS")]
    grants: Option<GrantList>,
}

impl Whose {
    /// The grants, once for each page; none, once, for a shared KPI.
    ///
    /// # Errors
    /// If some are named for a shared KPI, none for an individual one, or they are not the plan's.
    async fn pages(
        &self,
        outgoing: &Outgoing<'_>,
        address: &Pubkey,
        plan: &Plan,
        kpi: &Kpi,
    ) -> Result<Vec<Option<PageGrants>>, Fault> {
        match (kpi.scope()?, &self.grant, &self.grants) {
            (Scope::Shared, None, None) => Ok(vec![None]),
            (Scope::Shared, Some(_), _) => Err(once_for_all(kpi).advice("leave out --grant")),
            (Scope::Shared, None, Some(_)) => Err(once_for_all(kpi).advice("leave out --grants")),
            (Scope::Individual, None, None) => {
                Err(for_each_grant(kpi).advice("say for which one with --grant, for more with --grants"))
            }
            (Scope::Individual, Some(grant), _) => {
                let (_, number) = outgoing.grant_of(address, &grant.of(address)).await?;
                Ok(vec![Some(PageGrants::one(number))])
            }
            (Scope::Individual, None, Some(grants)) => {
                Ok(by_page(&grants.numbers(plan)?).into_iter().map(Some).collect())
            }
        }
    }
}

/// The grants of all pages in words; empty for a shared KPI.
fn numbers_text(pages: &[Option<PageGrants>]) -> String {
    ranges(pages.iter().flatten().copied().flat_map(PageGrants::indices))
}

/// `grant 3`, or `grants 3, 7-12`.
fn named(grants: impl IntoIterator<Item = u32>) -> String {
    match ranges(grants) {
        several if several.contains([',', '-']) => format!("grants {several}"),
        one => format!("grant {one}"),
    }
}

/// Errors: if the instructions do not fit into one transaction.
async fn require_fit(outgoing: &Outgoing<'_>, instructions: &[Instruction]) -> Result<(), Fault> {
    let group = Group {
        instructions: instructions.to_vec(),
        cost: Cost::default(),
    };
    let payer = outgoing.payer()?;
    let envelope = Envelope {
        version: outgoing.version(&[&*payer]).await?,
        payer: payer.pubkey(),
        priced: true,
        spare: 0,
    };
    match packing::pack(&envelope, &[group]) {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::new("these are too many grants for one transaction")
            .why(error)
            .advice("name fewer of them at once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_grant_or_several() {
        assert_eq!(named([9]), "grant 9");
        assert_eq!(named([3, 7, 8]), "grants 3, 7-8");
    }
}
