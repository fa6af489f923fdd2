//! `earnout claim`.

mod all;

use {
    crate::{
        context::{
            app::App,
            reference::{GrantRef, PlanRef},
        },
        fault::Fault,
        send::{Action, SendArgs, many::Sending},
    },
    clap::Args,
    earnout::state::CLAIM_LOCKED,
    earnout_sdk::{
        client::token::Transfer,
        report::projection,
        text::amount::AmountArg,
        wire::{instructions, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// Pay what a grant has vested to its beneficiary. Anybody may, unless the beneficiary has locked claiming
///
/// Only the beneficiary may claim a part, or to another account than its associated one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout claim PLAN/3
  $ earnout claim PLAN/3 1_000 --to TOKEN_ACCOUNT -k me.json
  $ earnout claim --all PLAN --create-accounts")]
pub struct Claim {
    /// The grant: its address, or PLAN/INDEX
    #[arg(required_unless_present = "all")]
    grant: Option<GrantRef>,
    /// Claim for every grant of this plan whose beneficiary has not locked claiming, in as few transactions as fit
    #[arg(
        long,
        value_name = "PLAN",
        conflicts_with_all = ["grant", "to", "min_received", "claimant"]
    )]
    all: Option<PlanRef>,
    /// With --all: make token accounts that are missing, and pay their rent
    #[arg(long, requires = "all")]
    create_accounts: bool,
    /// Tokens, exact: `1_250.5`, or ALL that is claimable
    #[arg(default_value = "ALL")]
    amount: AmountArg,
    /// Token account that is paid [default: the beneficiary's associated one, made if it is missing]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Pubkey>,
    /// Least amount that must arrive, for a token with a transfer fee
    #[arg(long, value_name = "AMOUNT")]
    min_received: Option<AmountArg>,
    /// Who claims [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    claimant: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Claim {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match (&self.all, &self.grant) {
            (Some(plan), _) => {
                let sending = Sending::of_many(app, &self.send, "--all").await?;
                all::run(app, plan.address(), self.create_accounts, sending).await
            }
            (None, Some(grant)) => self.one(app, grant).await,
            // Refused with the arguments.
            (None, None) => Ok(()),
        }
    }

    async fn one(&self, app: &App, grant: &GrantRef) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let claimant = outgoing.signer(self.claimant.as_deref(), "claimant")?;
        let (address, plan_address) = outgoing.grant_and_plan(grant).await?;
        let grant = outgoing.grant(&address).await?;
        let plan = outgoing.plan(&plan_address).await?;
        let token = outgoing.token_of(&plan).await?;
        let now = outgoing.now().await?;
        let amounts = projection::amounts(&plan, &grant, now)?;
        let amount = token.base_units(&self.amount)?;
        let taken = amount.unwrap_or(amounts.claimable);
        if taken == 0 || taken > amounts.claimable {
            return Err(Fault::new(match taken {
                0 => format!("the grant {address} has nothing to claim"),
                _ => format!("the grant {address} cannot pay {} now", token.amount(taken)),
            })
            .why(format!(
                "{} are vested and {} were claimed, so {} are claimable; nothing was sent",
                token.amount(amounts.vested),
                token.amount(amounts.claimed),
                token.amount(amounts.claimable)
            ))
            .advice("`earnout grant show` says what can be claimed next and when"));
        }
        let associated = pda::associated_token_account(&grant.beneficiary, &token.mint, &token.program);
        let destination = self.to.unwrap_or(associated);
        if claimant.pubkey() != grant.beneficiary {
            let beneficiary = grant.beneficiary;
            if grant.has(CLAIM_LOCKED) {
                return Err(
                    Fault::new(format!("only the beneficiary {beneficiary} may claim this grant"))
                        .why("ClaimLocked: it has reserved claiming for itself; nothing was sent")
                        .advice("sign with its key: --claimant SIGNER, or -k SIGNER"),
                );
            }
            if amount.is_some() || destination != associated {
                return Err(Fault::new(format!(
                    "only the beneficiary {beneficiary} may claim a part, or to another account"
                ))
                .why(format!(
                    "OnlyBeneficiary: {} signs; nothing was sent",
                    claimant.pubkey()
                ))
                .advice("leave out amount and --to, or sign with the beneficiary's key"));
            }
        }
        let mut steps = Vec::new();
        let mut foreign_owner = None;
        if destination == associated && outgoing.is_vacant(&destination).await? {
            let payer = outgoing.payer()?.pubkey();
            steps.push(instructions::create_associated_token_account(
                &payer,
                &grant.beneficiary,
                &token.mint,
                &token.program,
            ));
        } else {
            let owner = outgoing.token_account(&token, &destination, "destination").await?.owner;
            // The owner of an associated account can hand it to another key, who would be paid.
            if self.to.is_none() && owner != grant.beneficiary {
                return Err(Fault::new(format!(
                    "the associated token account {destination} does not belong to the beneficiary {} any more",
                    grant.beneficiary
                ))
                .why(format!("WrongDestination: its owner is {owner}; nothing was sent"))
                .advice("the beneficiary can name another token account with --to"));
            }
            foreign_owner = Some(owner).filter(|owner| *owner != grant.beneficiary);
        }
        let min_received = match &self.min_received {
            Some(least) => token.base_units(least)?.unwrap_or(taken),
            None => 0,
        };
        let of_plan = token.of_plan(&plan_address);
        let claim = instructions::claim_at_least(
            &claimant.pubkey(),
            &of_plan,
            &address,
            &destination,
            amount,
            min_received,
        );
        let transfer = Transfer {
            mint: &plan.mint,
            source: &plan.vault,
            destination: &destination,
            authority: &plan_address,
            amount: taken,
        };
        steps.push(outgoing.with_transfer_accounts(claim, transfer).await?);
        let action = Action::new("Pay what the grant has vested", steps)
            .address(app, "plan", plan_address)
            .address(app, "grant", address)
            .fact("amount", token.amount(taken))
            .fact("claimed before", token.amount(amounts.claimed))
            .address(app, "beneficiary", grant.beneficiary)
            .address(app, "destination", destination);
        let action = match foreign_owner {
            Some(owner) => action.address(app, "owner of the destination", owner),
            None => action,
        };
        let action = action
            .address(app, "claimant", claimant.pubkey())
            .signed_by(claimant)
            .asking();
        outgoing.execute(action).await
    }
}
