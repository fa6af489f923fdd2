//! Work whose parts do not depend on each other, and what is due for a plan among it.

use {
    super::{Bulk, BulkError, Finished, Job, Journal, Outcome, Progress},
    crate::{
        client::{Client, ClientError, Endpoint, Failure, read},
        send::{
            cost,
            packing::{self, Envelope, Group, TooLarge},
        },
        todo::{
            due::PlanAccounts,
            observing::{self, UpdateAccount},
        },
    },
    earnout::state::{Plan, Scope, first_of, place},
    serde::{Serialize, de::DeserializeOwned},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::collections::{BTreeMap, BTreeSet, HashMap},
    thiserror::Error,
};

/// Something to be done.
#[derive(Clone, Debug)]
pub struct Task<I> {
    /// What it is, as the journal and the report name it.
    pub item: I,
    /// How.
    pub group: Group,
}

/// What became of tasks.
#[derive(Clone, Debug)]
pub struct TaskReport<I> {
    /// Done, by this transaction.
    pub done: Vec<(I, Signature)>,
    /// Refused by the program.
    pub refused: Vec<(I, Box<Failure>)>,
    /// May have been done, or may still be: by these transactions.
    pub unknown: Vec<(I, Signature)>,
    /// Not done, because another task of the same transaction was refused, or the network took none of its
    /// transactions.
    pub left: Vec<I>,
}

/// Why tasks could not be done.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The endpoint or the journal.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// A task fits no transaction.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl From<ClientError> for TaskError {
    fn from(error: ClientError) -> Self {
        Self::Bulk(error.into())
    }
}

/// Packs tasks in their order, each transaction as full as it may be.
pub(super) fn jobs<I: Clone>(envelope: &Envelope, items: &[I], groups: &[Group]) -> Result<Vec<Job<I>>, TooLarge> {
    let packed = packing::pack(envelope, groups)?;
    let jobs = packed.into_iter().map(|packed| Job {
        items: items[packed.groups.clone()].to_vec(),
        instructions: groups[packed.groups]
            .iter()
            .flat_map(|group| group.instructions.iter().cloned())
            .collect(),
        units: packed
            .cost
            .units
            .saturating_add(cost::SPARE_UNITS)
            .min(packing::MOST_UNITS),
    });
    Ok(jobs.collect())
}

impl<E: Endpoint> Bulk<'_, E> {
    /// Does tasks in as few transactions as they fit in. One that is refused takes the others of its transaction along:
    /// those are left, and can be done again without it.
    ///
    /// # Errors
    /// If the endpoint does not answer, the journal cannot be written, or a task fits no transaction.
    pub async fn do_tasks<I: Clone + Serialize + DeserializeOwned>(
        &self,
        journal: &mut Journal<I>,
        tasks: Vec<Task<I>>,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<TaskReport<I>, TaskError> {
        let (items, groups): (Vec<_>, Vec<_>) = tasks.into_iter().map(|task| (task.item, task.group)).unzip();
        let jobs = jobs(&self.options.envelope(&self.fee_payer.pubkey()), &items, &groups)?;
        let mut report = TaskReport {
            done: Vec::new(),
            refused: Vec::new(),
            unknown: Vec::new(),
            left: Vec::new(),
        };
        // Instructions of each item, to find the one that was refused.
        let mut lengths = groups.iter().map(|group| group.instructions.len());
        for Finished { items, outcome } in self.run(journal, &jobs, progress, watch).await? {
            let lengths: Vec<_> = lengths.by_ref().take(items.len()).collect();
            match outcome {
                Outcome::Executed(confirmed) => {
                    report
                        .done
                        .extend(items.into_iter().map(|item| (item, confirmed.signature)));
                }
                Outcome::Failed { failure, .. } => {
                    let refused = self.options.failed_instruction(&failure);
                    let refused = refused.and_then(|instruction| place_of(instruction, &lengths));
                    for (place, item) in items.into_iter().enumerate() {
                        // A failure that is nobody's own is everybody's.
                        if refused.is_none_or(|refused| refused == place) {
                            report.refused.push((item, failure.clone()));
                        } else {
                            report.left.push(item);
                        }
                    }
                }
                Outcome::Unknown { signature, .. } => {
                    report.unknown.extend(items.into_iter().map(|item| (item, signature)));
                }
                Outcome::Expired | Outcome::NotReached => report.left.extend(items),
            }
        }
        Ok(report)
    }
}

/// In which of consecutive groups of these lengths an instruction stands.
fn place_of(instruction: usize, lengths: &[usize]) -> Option<usize> {
    let mut end = 0usize;
    lengths.iter().position(|length| {
        end = end.saturating_add(*length);
        instruction < end
    })
}

impl Client {
    /// A plan and all its accounts. The attestations and pages are those that its grants' next periods need, or into
    /// which a feed can be read now, and with `searching` all that are open: the endpoint has to search for these.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn plan_accounts(&self, address: &Pubkey, searching: bool) -> Result<PlanAccounts, ClientError> {
        let plan = self.plan(address).await?;
        let grants: HashMap<_, _> = self.grants_of_plan(address, &plan).await?.into_iter().collect();
        let (updates, open) = self.updates(&plan).await?;
        let evaluations = if searching {
            self.evaluations_of_plan(address).await?.into_iter().collect()
        } else {
            let mut needed = BTreeSet::new();
            for state in grants.values().filter(|state| !state.is_settled()) {
                for (number, kpi) in state.paid_by(&plan) {
                    let individual = kpi.scope == Scope::Individual.to_byte();
                    // Grants of a page need the same account.
                    let first = individual.then(|| first_of(place(state.index).0));
                    needed.insert((number, state.next_period, first));
                }
            }
            for period in open {
                needed.extend(updates.keys().map(|kpi| (*kpi, period, None)));
            }
            let addresses: Vec<_> = needed
                .iter()
                .map(|(kpi, period, grant)| crate::wire::pda::evaluation(address, *kpi, *period, *grant))
                .collect();
            let evaluations = self.evaluations(&addresses).await?;
            let found = addresses.into_iter().zip(evaluations);
            found.filter_map(|(address, state)| Some((address, state?))).collect()
        };
        Ok(PlanAccounts {
            address: *address,
            periods: self.pools(address, &plan).await?,
            plan,
            grants,
            evaluations,
            updates,
            // The last thing that is read: no account is of a later time.
            now: self.now().await?,
        })
    }

    /// What sponsors publish of the feeds that can be read now, by the number of the KPI, and for which periods.
    async fn updates(&self, plan: &Plan) -> Result<(BTreeMap<u8, UpdateAccount>, Vec<u16>), ClientError> {
        let (kpis, addresses): (Vec<_>, Vec<_>) = observing::sponsored(plan)?.into_iter().unzip();
        if kpis.is_empty() {
            return Ok((BTreeMap::new(), Vec::new()));
        }
        let open: Vec<_> = observing::periods(plan, self.now().await?).collect();
        if open.is_empty() {
            return Ok((BTreeMap::new(), open));
        }
        let found = kpis.into_iter().zip(self.update_accounts(&addresses).await?);
        let found = found.filter_map(|(kpi, account)| Some((kpi, account?)));
        Ok((found.collect(), open))
    }

    /// As [`Client::plan_accounts`] with all open attestations and pages; where the endpoint refuses to search, those
    /// that can be read without. Then also why, if the plan has others.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account cannot be read.
    pub async fn plan_accounts_found(
        &self,
        address: &Pubkey,
    ) -> Result<(PlanAccounts, Option<ClientError>), ClientError> {
        match self.plan_accounts(address, true).await {
            Err(error) if error.is_of_search() => {
                let accounts = self.plan_accounts(address, false).await?;
                let there = accounts.evaluations.values();
                let there = there.map(|evaluation| evaluation.page().is_some());
                let missed = read::short_of(&accounts.plan, there);
                Ok((accounts, missed.and(Some(error))))
            }
            accounts => Ok((accounts?, None)),
        }
    }

    /// The pools of a plan's periods that exist.
    async fn pools(&self, address: &Pubkey, plan: &Plan) -> Result<BTreeMap<u16, earnout::state::Period>, ClientError> {
        if plan.open_periods == 0 {
            return Ok(BTreeMap::new());
        }
        let addresses: Vec<_> = (0..plan.period_count)
            .map(|period| crate::wire::pda::period(address, period))
            .collect();
        let pools = self.periods(&addresses).await?;
        Ok((0..)
            .zip(pools)
            .filter_map(|(period, pool)| Some((period, pool?)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_of_an_instruction_is_found_among_groups_of_any_length() {
        let places: Vec<_> = (0..7).map(|instruction| place_of(instruction, &[1, 2, 0, 3])).collect();
        assert_eq!(places, [Some(0), Some(1), Some(1), Some(3), Some(3), Some(3), None]);
    }
}
