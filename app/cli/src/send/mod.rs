//! The one way on which the transaction of a command goes out: what it reads from the chain, summary, question, and
//! then sent, simulated, exported or only signed.

mod action;
mod args;
mod dry_run;
mod export;
mod funds;
mod lookup;
pub mod many;
mod sign;
mod snapshot;
mod submit;

pub use {action::Action, args::SendArgs, submit::Sent};

use {
    crate::{
        context::{app::App, time::Moment, token::Token},
        fault::Fault,
    },
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        client,
        wire::accounts::{self, Addressed},
    },
    snapshot::Snapshot,
    solana_account::Account,
    solana_program::{pubkey::Pubkey, sysvar},
    solana_signature::Signature,
    solana_signer::Signer,
    std::{cell::RefCell, rc::Rc},
};

/// A transaction in the making: where a command reads what it needs, and then sends its [`Action`].
pub struct Outgoing<'a> {
    app: &'a App,
    args: &'a SendArgs,
    presigned: Vec<(Pubkey, Signature)>,
    /// What was read, or what `--accounts` brings.
    known: RefCell<Snapshot>,
}

impl SendArgs {
    /// Begins a transaction.
    ///
    /// # Errors
    /// If the options contradict each other, or a file that they name cannot be read.
    pub fn begin<'a>(&'a self, app: &'a App) -> Result<Outgoing<'a>, Fault> {
        self.check()?;
        let known = match &self.accounts {
            Some(file) => Snapshot::read(file)?,
            None => Snapshot::default(),
        };
        Ok(Outgoing {
            app,
            args: self,
            presigned: self
                .signer
                .iter()
                .map(|presigned| (presigned.key, presigned.signature))
                .collect(),
            known: RefCell::new(known),
        })
    }
}

impl Outgoing<'_> {
    /// The signer of `role` that `chosen` names, or else the `--keypair`.
    ///
    /// # Errors
    /// If there is none.
    pub fn signer(&self, chosen: Option<&str>, role: &str) -> Result<Rc<dyn Signer>, Fault> {
        self.app.signer_or_presigned(chosen, role, &self.presigned)
    }

    /// The plan at `address`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub async fn plan(&self, address: &Pubkey) -> Result<Plan, Fault> {
        let closed = self.account(address).await?;
        let closed = closed.filter(|account| account.owner == earnout_sdk::ID);
        if let Some(closed) = closed.and_then(|account| accounts::closed_plan(&account.data).ok()) {
            return Err(Fault::new(format!("the plan {address} was closed"))
                .why(format!("it was closed permanently on {}", Moment(closed.closed_at)))
                .advice("`earnout plan statement PLAN` shows what it paid"));
        }
        self.of_program(address).await
    }

    /// The plan at `address`; none if it is not known without a connection and there must be none.
    ///
    /// # Errors
    /// As [`Outgoing::plan`].
    pub async fn plan_if_known(&self, address: &Pubkey) -> Result<Option<Plan>, Fault> {
        match self.is_known(address) {
            true => Ok(Some(self.plan(address).await?)),
            false => Ok(None),
        }
    }

    /// The grant at `address`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub async fn grant(&self, address: &Pubkey) -> Result<Grant, Fault> {
        self.of_program(address).await
    }

    /// The grant at `address`; none if it is not known without a connection and there must be none.
    ///
    /// # Errors
    /// As [`Outgoing::grant`].
    pub async fn grant_if_known(&self, address: &Pubkey) -> Result<Option<Grant>, Fault> {
        match self.is_known(address) {
            true => Ok(Some(self.grant(address).await?)),
            false => Ok(None),
        }
    }

    /// The token of `plan`.
    ///
    /// # Errors
    /// If its mint cannot be read.
    pub async fn token_of(&self, plan: &Plan) -> Result<Token, Fault> {
        Token::of_account(&plan.mint, self.account(&plan.mint).await?.as_ref())
    }

    /// The time by the chain's clock, Unix seconds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn now(&self) -> Result<i64, Fault> {
        let clock = self.account(&sysvar::clock::ID).await?;
        let clock = clock.as_ref().and_then(client::clock);
        let clock = clock.ok_or_else(|| Fault::new("the chain's clock cannot be read"))?;
        Ok(clock.unix_timestamp)
    }

    /// The account at `address`, whoever owns it.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there must be no connection and the account is not known.
    pub async fn account(&self, address: &Pubkey) -> Result<Option<Account>, Fault> {
        let known = self.known.borrow().get(address);
        if let Some(account) = known {
            return Ok(account);
        }
        if self.args.sign_only {
            return Err(Fault::new(format!(
                "--sign-only makes no connection, and this command needs the account {address}"
            ))
            .advice(
                "run the command with --dry-run --save-accounts FILE on a machine with a connection, and with \
                     --accounts FILE on this one",
            ));
        }
        let account = self.app.client()?.account(address).await?;
        self.known.borrow_mut().insert(*address, account.clone());
        Ok(account)
    }

    fn is_known(&self, address: &Pubkey) -> bool {
        !self.args.sign_only || self.known.borrow().get(address).is_some()
    }

    async fn of_program<T: Addressed>(&self, address: &Pubkey) -> Result<T, Fault> {
        Ok(client::owned(address, self.account(address).await?)?)
    }
}
