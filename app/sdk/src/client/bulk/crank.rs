//! Whatever is due for a plan: settling, collecting, closing, and claiming for others.

use {
    super::{Bulk, Journal, Options, Progress, Task, TaskError, TaskReport},
    crate::{
        client::{Client, ClientError, Failure},
        send::{cost, packing::Group},
        todo::due::{Due, Kinds, PlanAccounts},
        wire::{
            instructions::{self, PlanToken, create_associated_token_account as create_associated},
            pda,
        },
    },
    earnout::{
        state::{ALLOW_TRANSFER_FEE, Plan},
        token::{self, is_crumb},
    },
    serde::{Deserialize, Serialize, de::DeserializeOwned},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        collections::{HashMap, HashSet},
        hash::Hash,
    },
};

/// How often something is tried that the program refuses: somebody else may have done it in between, and then it is not
/// due any more when the accounts are read again.
const TRIES: u32 = 2;

/// What was done, and what was refused.
#[derive(Clone, Debug)]
pub struct Done<I> {
    /// Done, by these transactions.
    pub done: Vec<(I, Signature)>,
    /// Refused by the program, again and again.
    pub refused: Vec<(I, Box<Failure>)>,
    /// May have been done, or may still be: by these transactions. Nothing was done after them.
    pub unknown: Vec<(I, Signature)>,
    /// How many things the network took no transaction for.
    pub left: usize,
    /// Why the endpoint did not search for attestations and pages: some may be left that can be closed.
    pub unsearched: Option<String>,
}

/// A claim for a beneficiary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The grant.
    pub grant: Pubkey,
    /// Who is paid.
    pub beneficiary: Pubkey,
    /// Its associated token account.
    pub destination: Pubkey,
    /// Base units that were claimable when the accounts were read.
    pub amount: u64,
}

/// Why a claim is not made for a beneficiary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It has no associated token account.
    NoAccount,
    /// The mint's transfer fee would be rounded up from below one base unit, which the program refuses to strangers.
    FeeOnCrumbs,
}

impl Client {
    /// Does whatever is due for a plan, until nothing is: what is done makes other things due. The plan's accounts are
    /// the journal; nothing that is done can be done again. Only closing attestations and pages that no grant needs
    /// takes an endpoint that searches; without one everything else is done.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account holds what the program never writes.
    pub async fn crank(
        &self,
        plan: &Pubkey,
        kinds: Kinds,
        payer: &dyn Signer,
        options: Options,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Done<Due>, TaskError> {
        let mut rounds = Rounds::new(self, payer, options, |due: &Due| *due);
        loop {
            let (accounts, unsearched) = match kinds.close {
                true => self.plan_accounts_found(plan).await?,
                false => (self.plan_accounts(plan, false).await?, None),
            };
            let due = accounts.due(kinds).map_err(ClientError::from)?;
            let tasks = due.into_iter().filter_map(|due| {
                let group = accounts.group(&due, &payer.pubkey())?;
                Some(Task { item: due, group })
            });
            let tasks = tasks.collect();
            if !rounds.go(tasks, progress, watch).await? {
                let unsearched = unsearched.map(|error| error.to_string());
                return Ok(Done {
                    unsearched,
                    ..rounds.finish()
                });
            }
        }
    }

    /// Claims everything that anyone can claim for the beneficiaries of `grants`, or of all grants of a plan, to their
    /// associated token accounts, and says what it passes over: a beneficiary that has none, unless `creating_accounts`
    /// at the cost of `payer`, and what is so little that only its beneficiary can claim it. A mint with a transfer
    /// hook is not served: its claims need accounts that only the hook can name.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account holds what the program never writes.
    pub async fn claim_for_all(
        &self,
        plan: &Pubkey,
        creating_accounts: bool,
        payer: &dyn Signer,
        options: Options,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<(Done<Claim>, Vec<(Claim, Obstacle)>), TaskError> {
        let mut rounds = Rounds::new(self, payer, options, |claim: &Claim| claim.grant);
        loop {
            let accounts = self.plan_accounts(plan, false).await?;
            let (tasks, passed_over) = self.claims(&accounts, creating_accounts, &payer.pubkey()).await?;
            // What streams is claimable again a second later; once is enough.
            let tasks = tasks
                .into_iter()
                .filter(|task| !rounds.has_done(&task.item.grant))
                .collect();
            if !rounds.go(tasks, progress, watch).await? {
                return Ok((rounds.finish(), passed_over));
            }
        }
    }

    /// What [`Client::claim_for_all`] would do now: the claims, how many of them need an account made, and those that
    /// it would pass over.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account holds what the program never writes.
    pub async fn claims_for_all(
        &self,
        plan: &Pubkey,
        creating_accounts: bool,
        payer: &Pubkey,
    ) -> Result<(Vec<Claim>, usize, Vec<(Claim, Obstacle)>), ClientError> {
        let accounts = self.plan_accounts(plan, false).await?;
        let (tasks, passed_over) = self.claims(&accounts, creating_accounts, payer).await?;
        let created = tasks.iter().filter(|task| task.group.instructions.len() > 1).count();
        Ok((tasks.into_iter().map(|task| task.item).collect(), created, passed_over))
    }

    /// The claims that can be made, and those that cannot.
    async fn claims(
        &self,
        accounts: &PlanAccounts,
        creating_accounts: bool,
        payer: &Pubkey,
    ) -> Result<(Vec<Task<Claim>>, Vec<(Claim, Obstacle)>), ClientError> {
        let plan = &accounts.plan;
        let token = PlanToken {
            plan: accounts.address,
            mint: plan.mint,
            token_program: plan.token_program,
        };
        let claimable = accounts.claimable()?;
        let claims: Vec<Claim> = claimable
            .into_iter()
            .map(|(grant, state, amount)| Claim {
                grant,
                beneficiary: state.beneficiary,
                destination: pda::associated_token_account(&state.beneficiary, &plan.mint, &plan.token_program),
                amount,
            })
            .collect();
        let addresses: Vec<_> = claims.iter().map(|claim| claim.destination).collect();
        let destinations = self.accounts(&addresses).await?;
        let fee_rate = self.fee_rate(plan).await?;
        let (mut tasks, mut passed_over) = (Vec::new(), Vec::new());
        for (claim, destination) in claims.into_iter().zip(destinations) {
            if claim.beneficiary != *payer && fee_rate.is_some_and(|rate| is_crumb(claim.amount, rate)) {
                passed_over.push((claim, Obstacle::FeeOnCrumbs));
                continue;
            }
            let instruction = instructions::claim(payer, &token, &claim.grant, &claim.destination, None);
            let exists = destination.is_some_and(|account| account.owner == plan.token_program);
            let group = match (exists, creating_accounts) {
                (true, _) => cost::alone(instruction, cost::claim(plan)),
                (false, true) => Group {
                    instructions: vec![
                        create_associated(payer, &claim.beneficiary, &token.mint, &token.token_program),
                        instruction,
                    ],
                    cost: cost::claim(plan).plus(cost::CREATE_ASSOCIATED),
                },
                (false, false) => {
                    passed_over.push((claim, Obstacle::NoAccount));
                    continue;
                }
            };
            tasks.push(Task { item: claim, group });
        }
        Ok((tasks, passed_over))
    }

    /// The transfer fee that the plan's mint takes now, basis points; none if it takes none.
    async fn fee_rate(&self, plan: &Plan) -> Result<Option<u16>, ClientError> {
        if plan.token_flags & ALLOW_TRANSFER_FEE == 0 {
            return Ok(None);
        }
        let mint = self.account(&plan.mint).await?;
        let mint = mint.ok_or(ClientError::NotFound {
            what: "mint",
            address: plan.mint,
        })?;
        let epoch = self.clock().await?.epoch;
        token::fee_rate(&mint.data, epoch).map_err(|_| ClientError::Unreadable(format!("the mint {}", plan.mint)))
    }
}

/// What was done in all rounds, and how often something was refused.
struct Rounds<'a, I, K> {
    bulk: Bulk<'a, Client>,
    /// What an item is known by from one round to the next.
    key: fn(&I) -> K,
    done: Vec<(I, Signature)>,
    done_keys: HashSet<K>,
    refused: HashMap<K, (u32, I, Box<Failure>)>,
    unknown: Vec<(I, Signature)>,
    left: usize,
}

impl<'a, I: Clone + Serialize + DeserializeOwned, K: Copy + Eq + Hash> Rounds<'a, I, K> {
    fn new(client: &'a Client, payer: &'a dyn Signer, options: Options, key: fn(&I) -> K) -> Self {
        Self {
            bulk: Bulk {
                endpoint: client,
                fee_payer: payer,
                signers: Vec::new(),
                options,
            },
            key,
            done: Vec::new(),
            done_keys: HashSet::new(),
            refused: HashMap::new(),
            unknown: Vec::new(),
            left: 0,
        }
    }

    fn has_done(&self, key: &K) -> bool {
        self.done_keys.contains(key)
    }

    /// Does `tasks`, but not what was refused too often. False if nothing is to be done, or the network takes nothing.
    async fn go(
        &mut self,
        tasks: Vec<Task<I>>,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<bool, TaskError> {
        let key = self.key;
        let due: HashSet<K> = tasks.iter().map(|task| key(&task.item)).collect();
        // What is not due any more was done by somebody else.
        self.refused.retain(|key, _| due.contains(key));
        let tries = |item: &I| self.refused.get(&key(item)).map_or(0, |(tries, ..)| *tries);
        let tasks: Vec<_> = tasks.into_iter().filter(|task| tries(&task.item) < TRIES).collect();
        if tasks.is_empty() {
            return Ok(false);
        }
        progress.total = progress.items.saturating_add(tasks.len());
        let mut journal = Journal::nowhere();
        let TaskReport {
            done,
            refused,
            unknown,
            left,
        } = self.bulk.do_tasks(&mut journal, tasks, progress, watch).await?;
        // What is unknown may still be due, and may not be signed again: the accounts cannot tell.
        let goes_on = unknown.is_empty() && (!done.is_empty() || !refused.is_empty());
        self.unknown.extend(unknown);
        self.left = if goes_on { 0 } else { left.len() };
        self.done_keys.extend(done.iter().map(|(item, _)| key(item)));
        self.done.extend(done);
        for (item, failure) in refused {
            let tries = self.refused.get(&key(&item)).map_or(0, |(tries, ..)| *tries);
            self.refused
                .insert(key(&item), (tries.saturating_add(1), item, failure));
        }
        Ok(goes_on)
    }

    fn finish(self) -> Done<I> {
        let refused = self.refused.into_values().map(|(_, item, failure)| (item, failure));
        Done {
            done: self.done,
            refused: refused.collect(),
            unknown: self.unknown,
            left: self.left,
            unsearched: None,
        }
    }
}
