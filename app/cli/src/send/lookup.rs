//! What commands look up before they build their instructions, and the checks that need no transaction.

use {
    super::{Action, Outgoing},
    crate::{
        context::{powers::powers, reference::GrantRef, time::Moment, token::Token},
        fault::Fault,
    },
    earnout::{
        state::{FORFEITED, Grant, Plan, PlanStatus, Termination},
        token::Holding,
    },
    earnout_sdk::{
        client::{
            is_vacant,
            token::{Transfer, holding, holding_of},
        },
        wire::{Evaluation, instructions, pda},
    },
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signer::Signer,
    std::rc::Rc,
};

impl Outgoing<'_> {
    /// Checks that `signer` has the role that it is about to use.
    ///
    /// # Errors
    /// If `needed` has it.
    pub fn require(&self, role: &str, of: &Pubkey, needed: &Pubkey, signer: &dyn Signer) -> Result<(), Fault> {
        match signer.pubkey() == *needed {
            true => Ok(()),
            false => Err(Fault::wrong_signer(role, of, needed, &signer.pubkey())),
        }
    }

    /// Who pays the fee, and with it the rent of token accounts that a command makes on the way.
    ///
    /// # Errors
    /// If there is no such signer.
    pub fn payer(&self) -> Result<Rc<dyn Signer>, Fault> {
        self.signer(self.args.fees.fee_payer.as_deref(), "fee payer")
    }

    /// Addresses of a grant and its plan.
    ///
    /// # Errors
    /// If the account has to be read and cannot be.
    pub async fn grant_and_plan(&self, grant: &GrantRef) -> Result<(Pubkey, Pubkey), Fault> {
        let address = grant.address();
        Ok(match grant {
            GrantRef::OfPlan(plan, _) => (address, plan.address()),
            GrantRef::Address(_) => (address, self.grant(&address).await?.plan),
        })
    }

    /// Address and number of a grant that must be one of `plan`.
    ///
    /// # Errors
    /// If it is of another plan, or the account has to be read and cannot be.
    pub async fn grant_of(&self, plan: &Pubkey, grant: &GrantRef) -> Result<(Pubkey, u32), Fault> {
        let address = grant.address();
        let (of, number) = match grant {
            GrantRef::OfPlan(of, number) => (of.address(), *number),
            GrantRef::Address(_) => {
                let state = self.grant(&address).await?;
                (state.plan, state.index)
            }
        };
        match of == *plan {
            true => Ok((address, number)),
            false => {
                Err(Fault::new(format!("the grant {address} is not of the plan {plan}")).why(format!("it is of {of}")))
            }
        }
    }

    /// The attestation or page at `address`; none if nobody voted and nobody disputed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn evaluation_if_any(&self, address: &Pubkey) -> Result<Option<Evaluation>, Fault> {
        // Lamports that somebody sent to the address do not make an account of the program.
        match self.account(address).await? {
            Some(account) if account.owner == earnout_sdk::ID => Ok(Some(self.of_program(address).await?)),
            _ => Ok(None),
        }
    }

    /// Whether the endpoint leaves out the page at `page`; not asked where there must be no connection.
    ///
    /// # Errors
    /// If it does, or does not answer.
    pub async fn require_absent(&self, plan: &Pubkey, state: &Plan, page: Pubkey) -> Result<(), Fault> {
        match self.args.sign_only {
            true => Ok(()),
            false => Ok(self.app.client()?.require_absent(plan, state, &[page]).await?),
        }
    }

    /// Whether an account can be made at `address`: there is none, or only lamports that somebody sent there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn is_vacant(&self, address: &Pubkey) -> Result<bool, Fault> {
        let account = self.account(address).await?;
        Ok(account.as_ref().is_none_or(is_vacant))
    }

    /// A token account of `token`. `role` says what it is.
    ///
    /// # Errors
    /// If there is none, or it is of another token.
    pub async fn token_account(&self, token: &Token, address: &Pubkey, role: &'static str) -> Result<Holding, Fault> {
        let account = self.account(address).await?;
        Ok(holding_of(&token.mint, address, account.as_ref(), role)?)
    }

    /// The same `fund`, `claim`, `withdraw_surplus` or `close_plan`, with what its transfer needs beyond its own
    /// accounts.
    ///
    /// # Errors
    /// As [`Transfer::complete`].
    pub async fn with_transfer_accounts(
        &self,
        instruction: Instruction,
        transfer: Transfer<'_>,
    ) -> Result<Instruction, Fault> {
        let read = async |address: Pubkey| self.account(&address).await;
        Ok(transfer.complete(instruction, read).await?)
    }

    /// The balance of a token account of `token`, base units. `role` says what it is.
    ///
    /// # Errors
    /// As [`Outgoing::token_account`].
    pub async fn balance(&self, token: &Token, address: &Pubkey, role: &'static str) -> Result<u64, Fault> {
        Ok(self.token_account(token, address, role).await?.amount)
    }

    /// `action` with whose power over the token's transfers there is.
    ///
    /// # Errors
    /// If the mint cannot be read.
    pub async fn power_facts(&self, action: Action, token: &Token) -> Result<Action, Fault> {
        let mint = self.account(&token.mint).await?.unwrap_or_default();
        let powers = powers(&mint.data).into_iter();
        Ok(powers.fold(action, |action, (label, words)| action.fact(label, words)))
    }

    /// Where surplus goes if `caller` sends it, and what has to be done first: for the authority the treasury, from the
    /// last deadline on for anybody the associated account of its owner, which is made if it is missing.
    ///
    /// # Errors
    /// If the caller may not yet, or the treasury was handed to somebody else.
    pub async fn surplus_destination(
        &self,
        address: &Pubkey,
        plan: &Plan,
        caller: &dyn Signer,
    ) -> Result<(Pubkey, Vec<Instruction>), Fault> {
        let now = self.now().await?;
        let (treasury, owner) = plan.treasury_at(now);
        let token = self.token_of(plan).await?;
        let deadline = plan.last_deadline()?;
        let over = plan.status()? == PlanStatus::Active && now >= deadline;
        if caller.pubkey() == plan.authority {
            let held = self.account(&treasury).await?.as_ref().and_then(holding);
            if held.is_some_and(|held| held.mint == token.mint && held.owner == owner) {
                return Ok((treasury, Vec::new()));
            }
            if !over {
                return Err(Fault::new(format!("the treasury {treasury} is not what it was"))
                    .why(format!(
                        "WrongTreasury: it counts only while it exists and {owner} owns it; nothing was sent"
                    ))
                    .advice("name another one with `earnout plan treasury`"));
            }
        } else if !over {
            return Err(
                Fault::wrong_signer("authority", address, &plan.authority, &caller.pubkey()).advice(format!(
                    "sign with that key: --authority SIGNER, or -k SIGNER; from {} on anybody may",
                    Moment(deadline)
                )),
            );
        }
        let associated = pda::associated_token_account(&owner, &token.mint, &token.program);
        let payer = self.payer()?.pubkey();
        let create = instructions::create_associated_token_account(&payer, &owner, &token.mint, &token.program);
        let missing = self.is_vacant(&associated).await?;
        Ok((associated, if missing { vec![create] } else { Vec::new() }))
    }

    /// `action` with what ending `grant` now would leave of it.
    ///
    /// # Errors
    /// If it can no longer be ended.
    pub async fn end_facts(&self, action: Action, plan_address: &Pubkey, grant: &Grant) -> Result<Action, Fault> {
        let mut plan = self.plan(plan_address).await?;
        let token = self.token_of(&plan).await?;
        let mut ended = *grant;
        ended.end(&mut plan, Termination::Terminated, self.now().await?)?;
        let last = ended
            .end_period
            .checked_sub(1)
            .filter(|last| *last >= ended.first_period);
        let action = action
            .address(self.app, "beneficiary", grant.beneficiary)
            .fact("allocation", token.amount(grant.allocation))
            .fact("earned so far", token.amount(grant.earned.saturating_add(grant.bonus)))
            .fact("claimed", token.amount(grant.claimed))
            .fact("forfeits what it earned", ended.has(FORFEITED));
        Ok(match last {
            Some(last) => action.fact("last period", last),
            None => action,
        })
    }
}
