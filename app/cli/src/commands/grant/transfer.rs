//! `earnout grant transfer`.

use {
    crate::{
        context::{app::App, reference::GrantRef},
        fault::Fault,
        send::{Action, Outgoing, SendArgs},
    },
    clap::Args,
    earnout::{
        instructions::AcceptBeneficiaryArgs,
        state::{DISPUTE_BARRED, Grant, TRANSFERABLE},
    },
    earnout_sdk::wire::instructions,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

/// Hand a transferable grant to another key: one side proposes, the other accepts
///
/// Whoever accepts states what was claimed so far and how the grant stands, so that nothing can change in between.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant transfer PLAN/3 --propose 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU
  $ earnout grant transfer PLAN/3 --accept -k new-wallet.json
  $ earnout grant transfer PLAN/3 --cancel")]
pub struct Transfer {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    #[command(flatten)]
    step: Step,
    /// Who acts: the beneficiary, or with --accept the proposed one [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    beneficiary: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Step {
    /// Offer the grant to this key
    #[arg(long, value_name = "KEY")]
    propose: Option<Pubkey>,
    /// Take the offer back
    #[arg(long)]
    cancel: bool,
    /// Take the grant over
    #[arg(long)]
    accept: bool,
}

impl Transfer {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let beneficiary = outgoing.signer(self.beneficiary.as_deref(), "beneficiary")?;
        let (address, plan_address) = outgoing.grant_and_plan(&self.grant).await?;
        let key = beneficiary.pubkey();
        let action = if self.step.accept {
            let grant = outgoing.grant(&address).await?;
            self.accept(&outgoing, &address, &plan_address, &grant, beneficiary.as_ref())
                .await?
        } else {
            if let Some(grant) = outgoing.grant_if_known(&address).await? {
                outgoing.require("beneficiary", &address, &grant.beneficiary, beneficiary.as_ref())?;
                if !grant.has(TRANSFERABLE) {
                    return Err(
                        Fault::new(format!("the grant {address} cannot be handed to another key"))
                            .why("NotTransferable: it was made so; nothing was sent"),
                    );
                }
            }
            let propose = instructions::propose_beneficiary(&key, &plan_address, &address, self.step.propose);
            match self.step.propose {
                Some(new) => Action::new("Offer the grant to another beneficiary", vec![propose]).address(
                    app,
                    "new beneficiary",
                    new,
                ),
                None => Action::new("Take back the offer of the grant", vec![propose]),
            }
        };
        let action = action
            .address(app, "plan", plan_address)
            .address(app, "grant", address)
            .address(app, "beneficiary", key);
        outgoing.execute(action.signed_by(beneficiary).asking()).await
    }

    async fn accept(
        &self,
        outgoing: &Outgoing<'_>,
        address: &Pubkey,
        plan_address: &Pubkey,
        grant: &Grant,
        new: &dyn Signer,
    ) -> Result<Action, Fault> {
        let pending = grant.pending_beneficiary;
        if pending != new.pubkey() {
            let why = match pending == Pubkey::default() {
                true => "nobody is offered the grant".to_owned(),
                false => format!("it is offered to {pending}"),
            };
            return Err(
                Fault::new(format!("the grant {address} is not offered to {}", new.pubkey()))
                    .why(format!("{why}; nothing was sent"))
                    .advice("sign with the key that it is offered to, or have its beneficiary propose this one"),
            );
        }
        let plan = outgoing.plan(plan_address).await?;
        let token = outgoing.token_of(&plan).await?;
        let args = AcceptBeneficiaryArgs {
            claimed: grant.claimed,
            termination: grant.termination,
            dispute_barred: grant.has(DISPUTE_BARRED),
        };
        let accept = instructions::accept_beneficiary(&new.pubkey(), plan_address, address, args);
        Ok(Action::new("Take over the grant", vec![accept])
            .fact("allocation", token.amount(grant.allocation))
            .fact("earned", token.amount(grant.earned))
            .fact("claimed", token.amount(grant.claimed))
            .fact("ended early", grant.was_ended())
            .fact("barred from disputes", args.dispute_barred))
    }
}
