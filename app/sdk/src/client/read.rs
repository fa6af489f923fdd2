//! Reading accounts, many at a time.

use {
    super::{Client, ClientError},
    crate::wire::{
        Evaluation,
        accounts::{Addressed, DecodeError},
        pda,
    },
    anchor_lang::{Discriminator, prelude::AccountInfo},
    earnout::state::{Attestation, Grant, OracleSet, Page, Period, Plan},
    earnout_core::MAX_ORACLES,
    futures_util::{StreamExt, TryStreamExt, stream},
    solana_account::Account,
    solana_account_decoder_client_types::{UiAccount, UiAccountData, UiAccountEncoding},
    solana_program::{clock::Clock, pubkey::Pubkey, sysvar},
    solana_rpc_client_api::{
        config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
        filter::{Memcmp, RpcFilterType},
    },
    solana_system_interface::program::ID as SYSTEM_PROGRAM,
    std::{collections::BTreeMap, mem::offset_of, time::Instant},
    tokio::time::sleep,
};

/// Most accounts that one request may ask for.
const ACCOUNTS_A_REQUEST: usize = 100;

/// Requests that are under way at the same time.
pub(super) const REQUESTS_AT_ONCE: usize = 8;

impl Client {
    /// The plan at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no plan of this program.
    pub async fn plan(&self, address: &Pubkey) -> Result<Plan, ClientError> {
        owned(address, self.account(address).await?)
    }

    /// The grant at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no grant of this program.
    pub async fn grant(&self, address: &Pubkey) -> Result<Grant, ClientError> {
        owned(address, self.account(address).await?)
    }

    /// The attestation or page at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no such account of this program.
    pub async fn evaluation(&self, address: &Pubkey) -> Result<Evaluation, ClientError> {
        owned(address, self.account(address).await?)
    }

    /// The attestations and pages at `addresses`, none where no oracle ever voted or the account was closed.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn evaluations(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Evaluation>>, ClientError> {
        self.many(addresses).await
    }

    /// The attestation or page at `address` as a node has it that has got to `slot`, in which a transaction was
    /// executed: what that, or something after it, left there. None if there is none. A node that is behind is asked
    /// again, as long as the [`Policy`](super::Policy) waits for proof.
    ///
    /// # Errors
    /// `Behind` if the endpoint does not get there; if it does not answer, or the account is something else.
    pub async fn evaluation_since(&self, address: &Pubkey, slot: u64) -> Result<Option<Evaluation>, ClientError> {
        let begun = Instant::now();
        loop {
            let (at_slot, mut found) = self.chunk_at(&[*address]).await?;
            if at_slot >= slot {
                let account = found.pop().flatten().filter(|account| account.owner == crate::ID);
                return account.map(|account| at(address, &account)).transpose();
            }
            if begun.elapsed() >= self.policy.patience {
                return Err(ClientError::Behind {
                    slot: at_slot,
                    wanted: slot,
                });
            }
            sleep(self.policy.poll).await;
        }
    }

    /// The pools of the periods at `addresses`, none where there is none yet or it was closed.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn periods(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Period>>, ClientError> {
        self.many(addresses).await
    }

    /// The grants at `addresses`, none where there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn grants(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Grant>>, ClientError> {
        self.many(addresses).await
    }

    /// All open grants of a plan in the order of their numbers. `state` is what the plan holds; the addresses follow
    /// from it, so any endpoint can answer, also one that refuses to search.
    ///
    /// # Errors
    /// If the endpoint does not answer, an account cannot be read, or there are fewer than the plan has counted.
    pub async fn grants_of_plan(&self, plan: &Pubkey, state: &Plan) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        let found = self.open_grants(plan, state).await?;
        match self.lacks_grants(plan, state, &found).await? {
            Some(shortfall) => Err(ClientError::Incomplete(shortfall)),
            None => Ok(found),
        }
    }

    /// What to say if these are not all open grants of the plan: the endpoint has left some out.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no plan of this program.
    pub async fn lacks_grants(
        &self,
        plan: &Pubkey,
        state: &Plan,
        found: &[(Pubkey, Grant)],
    ) -> Result<Option<String>, ClientError> {
        if !is_short(found.len(), state.open_grants) {
            return Ok(None);
        }
        // Some may have been closed since the plan was read; those that were made since are not among the found.
        let now = self.plan(plan).await?;
        let made = now.grant_counter.saturating_sub(state.grant_counter);
        let open = now.open_grants.saturating_sub(made);
        Ok(is_short(found.len(), open).then(|| self.shortfall("grants", found.len(), open)))
    }

    /// The same without a look at how many the plan has counted.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account cannot be read.
    pub async fn open_grants(&self, plan: &Pubkey, state: &Plan) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        // An endpoint can claim billions of them: no address is made before it is asked for.
        let firsts = (0..state.grant_counter).step_by(ACCOUNTS_A_REQUEST);
        let requests = firsts.map(|first| async move {
            let numbers = (first..state.grant_counter).take(ACCOUNTS_A_REQUEST);
            let addresses: Vec<_> = numbers.map(|index| pda::grant(plan, index)).collect();
            let grants = self.grants(&addresses).await?.into_iter();
            let found = addresses.into_iter().zip(grants);
            let open: Vec<_> = found.filter_map(|(address, grant)| Some((address, grant?))).collect();
            Ok(open)
        });
        stream::iter(requests).buffered(REQUESTS_AT_ONCE).try_concat().await
    }

    /// That the endpoint has given fewer accounts than the plan has counted.
    pub(super) fn shortfall(&self, what: &str, found: usize, counted: u32) -> String {
        let endpoint = self.endpoint();
        format!("{endpoint} gives {found} of the {counted} open {what} that the plan has counted")
    }

    /// All open grants of a beneficiary, in any plan. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn grants_of_beneficiary(&self, beneficiary: &Pubkey) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        let field = Grant::DISCRIMINATOR.len() + offset_of!(Grant, beneficiary);
        self.search(Grant::DISCRIMINATOR, field, beneficiary).await
    }

    /// All plans of an authority. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn plans_of_authority(&self, authority: &Pubkey) -> Result<Vec<(Pubkey, Plan)>, ClientError> {
        let field = Plan::DISCRIMINATOR.len() + offset_of!(Plan, authority);
        self.search(Plan::DISCRIMINATOR, field, authority).await
    }

    /// All plans in whose oracle set, the one in force or the next one, a key is. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn plans_of_oracle(&self, oracle: &Pubkey) -> Result<Vec<(Pubkey, Plan)>, ClientError> {
        let sets = [offset_of!(Plan, oracles), offset_of!(Plan, next_oracles)];
        let positions = sets.into_iter().flat_map(|set| {
            let keys = set.saturating_add(offset_of!(OracleSet, keys));
            (0..MAX_ORACLES).map(move |position| keys.saturating_add(position.saturating_mul(size_of::<Pubkey>())))
        });
        let searches = positions.map(|field| {
            let field = Plan::DISCRIMINATOR.len().saturating_add(field);
            self.search(Plan::DISCRIMINATOR, field, oracle)
        });
        let found: Vec<_> = stream::iter(searches).buffered(REQUESTS_AT_ONCE).try_collect().await?;
        // A key can be in both sets.
        let plans: BTreeMap<_, _> = found.into_iter().flatten().collect();
        Ok(plans.into_iter().collect())
    }

    /// All open attestations and pages of a plan. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, an account cannot be read, or there are fewer than the
    /// plan has counted.
    pub async fn evaluations_of_plan(&self, plan: &Pubkey) -> Result<Vec<(Pubkey, Evaluation)>, ClientError> {
        let kinds = [
            (Attestation::DISCRIMINATOR, offset_of!(Attestation, plan)),
            (Page::DISCRIMINATOR, offset_of!(Page, plan)),
        ];
        let before = self.plan(plan).await?;
        let mut found: Vec<(Pubkey, Evaluation)> = Vec::new();
        for (discriminator, field) in kinds {
            let field = discriminator.len().saturating_add(field);
            found.extend(self.search(discriminator, field, plan).await?);
        }
        let there = || found.iter().map(|(_, evaluation)| evaluation.page().is_some());
        // Some may have been closed in between.
        if short_of(&before, there()).is_some()
            && let Some((what, found, counted)) = short_of(&self.plan(plan).await?, there())
        {
            return Err(ClientError::Incomplete(self.shortfall(what, found, counted)));
        }
        Ok(found)
    }

    /// The accounts at `addresses`, whoever owns them, none where there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, ClientError> {
        let chunks = addresses.chunks(ACCOUNTS_A_REQUEST);
        let requests = chunks.map(|chunk| self.chunk(chunk));
        let chunks: Vec<_> = stream::iter(requests).buffered(REQUESTS_AT_ONCE).try_collect().await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The account at `address`, whoever owns it, or none.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn account(&self, address: &Pubkey) -> Result<Option<Account>, ClientError> {
        Ok(self.chunk(&[*address]).await?.pop().flatten())
    }

    /// The time by the chain's clock, Unix seconds: the one that counts.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn now(&self) -> Result<i64, ClientError> {
        Ok(self.clock().await?.unix_timestamp)
    }

    /// The chain's clock.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn clock(&self) -> Result<Clock, ClientError> {
        let account = self.account(&sysvar::clock::ID).await?;
        let account = account.ok_or(ClientError::NotFound {
            what: "clock",
            address: sysvar::clock::ID,
        })?;
        clock(&account).ok_or_else(|| ClientError::Unreadable("the clock".to_owned()))
    }

    /// What transactions of the last blocks that write to all of `accounts` (at most 128) paid for a compute unit,
    /// micro-lamports, one figure a block.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn recent_unit_prices(&self, accounts: &[Pubkey]) -> Result<Vec<u64>, ClientError> {
        let fees = self.rpc.get_recent_prioritization_fees(accounts).await;
        let fees = fees.map_err(ClientError::rpc("asking for recent priority fees"))?;
        Ok(fees.into_iter().map(|fee| fee.prioritization_fee).collect())
    }

    /// Lamports of the account at `address`, 0 if there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn balance(&self, address: &Pubkey) -> Result<u64, ClientError> {
        let balance = self.rpc.get_balance_with_commitment(address, self.commitment).await;
        Ok(balance
            .map_err(ClientError::rpc(format!("asking for the balance of {address}")))?
            .value)
    }

    async fn many<T: Addressed>(&self, addresses: &[Pubkey]) -> Result<Vec<Option<T>>, ClientError> {
        let accounts = self.accounts(addresses).await?;
        addresses
            .iter()
            .zip(accounts)
            // Lamports that somebody sent to an address do not make it an account of this program.
            .map(|(address, account)| {
                let account = account.filter(|account| account.owner == crate::ID);
                account.map(|account| at(address, &account)).transpose()
            })
            .collect()
    }

    async fn search<T: Addressed>(
        &self,
        discriminator: &[u8],
        offset: usize,
        key: &Pubkey,
    ) -> Result<Vec<(Pubkey, T)>, ClientError> {
        let what = format!("accounts of {key}");
        self.search_fields(discriminator, &[(offset, key.as_ref())], &what)
            .await
    }

    /// The accounts of the program whose bytes at all these offsets are these. What else the endpoint answers is passed
    /// over: it is asked to filter, and not believed that it has.
    pub(super) async fn search_fields<T: Addressed>(
        &self,
        discriminator: &[u8],
        fields: &[(usize, &[u8])],
        what: &str,
    ) -> Result<Vec<(Pubkey, T)>, ClientError> {
        let kind = std::iter::once((0, discriminator));
        let wanted: Vec<_> = kind.chain(fields.iter().copied()).collect();
        let filters = wanted.iter();
        let filters = filters.map(|(offset, bytes)| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(*offset, bytes)));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters.collect()),
            account_config: self.account_config(),
            ..Default::default()
        };
        let found = self.rpc.get_program_ui_accounts_with_config(&crate::ID, config).await;
        let found = found.map_err(ClientError::rpc(format!("the search for the {what}")))?;
        let mut states = BTreeMap::new();
        for (address, account) in found {
            let account = bytes(&account).ok_or_else(|| ClientError::Unreadable(address.to_string()))?;
            let has = |(offset, bytes): &(usize, &[u8])| {
                let found = account.data.get(*offset..);
                found.is_some_and(|found| found.starts_with(bytes))
            };
            if account.owner != crate::ID || !wanted.iter().all(has) {
                continue;
            }
            match T::at(&address, &account.data) {
                Ok(state) => drop(states.insert(address, state)),
                Err(DecodeError::WrongAddress(..)) => {}
                Err(source) => return Err(ClientError::Decode { address, source }),
            }
        }
        Ok(states.into_iter().collect())
    }

    async fn chunk(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, ClientError> {
        Ok(self.chunk_at(addresses).await?.1)
    }

    /// Accounts, and the slot as of which they are so.
    async fn chunk_at(&self, addresses: &[Pubkey]) -> Result<(u64, Vec<Option<Account>>), ClientError> {
        let answer = self
            .rpc
            .get_multiple_ui_accounts_with_config(addresses, self.account_config())
            .await
            .map_err(ClientError::rpc("reading accounts"))?;
        if answer.value.len() != addresses.len() {
            return Err(ClientError::Unreadable("accounts".to_owned()));
        }
        let accounts = addresses
            .iter()
            .zip(answer.value)
            .map(|(address, account)| match account {
                None => Ok(None),
                Some(account) => bytes(&account)
                    .map(Some)
                    .ok_or_else(|| ClientError::Unreadable(address.to_string())),
            });
        Ok((answer.context.slot, accounts.collect::<Result<_, _>>()?))
    }

    fn account_config(&self) -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.commitment),
            ..Default::default()
        }
    }
}

/// If these are not all attestations and pages that the plan has counted: of which kind some are missing, how many were
/// found, and how many there are. Each is told by whether it is a page. The kinds are counted apart, so that an
/// attestation too many, closed long ago, does not stand for a page that is left out.
pub(super) fn short_of(plan: &Plan, found: impl Iterator<Item = bool>) -> Option<(&'static str, usize, u32)> {
    let (pages, attestations): (Vec<bool>, Vec<bool>) = found.partition(|is_page| *is_page);
    let kinds = [
        ("attestations", attestations.len(), plan.open_attestations),
        ("pages", pages.len(), plan.open_pages),
    ];
    kinds.into_iter().find(|(_, found, counted)| is_short(*found, *counted))
}

/// Whether fewer were found than counted.
pub(super) fn is_short(found: usize, counted: u32) -> bool {
    usize::try_from(counted).is_ok_and(|counted| found < counted)
}

/// What the account at `address` holds, which must be one of the program, at the address that follows from what it
/// holds.
///
/// # Errors
/// If there is none, or it is not such an account.
pub fn owned<T: Addressed>(address: &Pubkey, account: Option<Account>) -> Result<T, ClientError> {
    let (what, address) = (T::NAME, *address);
    let account = account.ok_or(ClientError::NotFound { what, address })?;
    if account.owner != crate::ID {
        let owner = account.owner;
        return Err(ClientError::ForeignAccount { what, address, owner });
    }
    at(&address, &account)
}

fn at<T: Addressed>(address: &Pubkey, account: &Account) -> Result<T, ClientError> {
    T::at(address, &account.data).map_err(|source| ClientError::Decode {
        address: *address,
        source,
    })
}

/// The account, if it is in the encoding that is asked for. The others can take hours to read, or grow: what an
/// endpoint sends is as long as it likes.
pub(super) fn bytes(account: &UiAccount) -> Option<Account> {
    let asked = matches!(account.data, UiAccountData::Binary(_, UiAccountEncoding::Base64));
    asked.then(|| account.to_account()).flatten()
}

/// The clock as its account holds it. None if the account is not the system's.
pub fn clock(account: &Account) -> Option<Clock> {
    let data = Some(&account.data).filter(|_| account.owner == sysvar::ID)?;
    bincode::deserialize(data).ok()
}

/// Whether an account can be made where this one is: it is nothing but lamports that somebody sent there.
pub fn is_vacant(account: &Account) -> bool {
    account.owner == SYSTEM_PROGRAM && account.data.is_empty()
}

/// Asks the program's own code about an account.
pub(super) fn as_info<T>(address: &Pubkey, account: &Account, ask: impl FnOnce(&AccountInfo) -> T) -> T {
    let (mut lamports, mut data) = (account.lamports, account.data.clone());
    let owner = account.owner;
    let info = AccountInfo::new(address, false, false, &mut lamports, &mut data, &owner, false);
    ask(&info)
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn an_attestation_too_many_does_not_stand_for_a_page() {
        let mut plan = Plan::zeroed();
        (plan.open_attestations, plan.open_pages) = (1, 2);
        let short = |found: [usize; 2]| {
            let found = [vec![false; found[0]], vec![true; found[1]]].concat();
            short_of(&plan, found.into_iter())
        };
        assert_eq!(short([1, 2]), None);
        assert_eq!(short([2, 3]), None);
        assert_eq!(short([2, 1]), Some(("pages", 1, 2)));
        assert_eq!(short([0, 3]), Some(("attestations", 0, 1)));
    }

    #[test]
    fn an_account_is_read_in_the_encoding_that_was_asked_for() {
        let account = |data| UiAccount {
            lamports: 1,
            data,
            owner: crate::ID.to_string(),
            executable: false,
            rent_epoch: 0,
            space: None,
        };
        let binary = |text: &str, encoding| bytes(&account(UiAccountData::Binary(text.to_owned(), encoding)));
        assert_eq!(
            binary("AQI=", UiAccountEncoding::Base64).map(|account| account.data),
            Some(vec![1, 2])
        );
        // Reading this takes minutes.
        let endless = "z".repeat(1_000_000);
        assert_eq!(binary(&endless, UiAccountEncoding::Base58), None);
        assert_eq!(bytes(&account(UiAccountData::LegacyBinary(endless))), None);
        assert_eq!(binary("KLUv/SAAAQAA", UiAccountEncoding::Base64Zstd), None);
    }
}
