//! Reading accounts, many at a time.

use {
    super::{Client, ClientError},
    crate::{
        accounts::{self, DecodeError},
        pda,
    },
    anchor_lang::Discriminator,
    earnout::state::{Attestation, Grant, OracleSet, Period, Plan},
    earnout_core::MAX_ORACLES,
    futures_util::{StreamExt, TryStreamExt, stream},
    solana_account::Account,
    solana_account_decoder_client_types::{UiAccount, UiAccountEncoding},
    solana_program::{clock::Clock, pubkey::Pubkey, sysvar},
    solana_rpc_client_api::{
        config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
        filter::{Memcmp, RpcFilterType},
    },
    std::{collections::BTreeMap, mem::offset_of},
};

/// Most accounts that one request may ask for.
const ACCOUNTS_A_REQUEST: usize = 100;

/// Requests that are under way at the same time.
const REQUESTS_AT_ONCE: usize = 8;

impl Client {
    /// The plan at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no plan of this program.
    pub async fn plan(&self, address: &Pubkey) -> Result<Plan, ClientError> {
        self.one(address, "plan", accounts::plan).await
    }

    /// The grant at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no grant of this program.
    pub async fn grant(&self, address: &Pubkey) -> Result<Grant, ClientError> {
        self.one(address, "grant", accounts::grant).await
    }

    /// The attestation at `address`.
    ///
    /// # Errors
    /// If the endpoint does not answer, or there is no attestation of this program.
    pub async fn attestation(&self, address: &Pubkey) -> Result<Attestation, ClientError> {
        self.one(address, "attestation", accounts::attestation).await
    }

    /// The attestations at `addresses`, none where no oracle ever voted or the account was closed.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn attestations(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Attestation>>, ClientError> {
        self.many(addresses, accounts::attestation).await
    }

    /// The pools of the periods at `addresses`, none where there is none yet or it was closed.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn periods(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Period>>, ClientError> {
        self.many(addresses, accounts::period).await
    }

    /// The grants at `addresses`, none where there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account of this program there is something else.
    pub async fn grants(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Grant>>, ClientError> {
        self.many(addresses, accounts::grant).await
    }

    /// All open grants of a plan in the order of their numbers. `state` is what the plan holds; the addresses follow from
    /// it, so any endpoint can answer, also one that refuses to search.
    ///
    /// # Errors
    /// If the endpoint does not answer, or an account cannot be read.
    pub async fn grants_of_plan(&self, plan: &Pubkey, state: &Plan) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        let addresses: Vec<_> = (0..state.grant_counter).map(|index| pda::grant(plan, index)).collect();
        let grants = self.grants(&addresses).await?;
        Ok(addresses
            .into_iter()
            .zip(grants)
            .filter_map(|(address, grant)| Some((address, grant?)))
            .collect())
    }

    /// All open grants of a beneficiary, in any plan. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn grants_of_beneficiary(&self, beneficiary: &Pubkey) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        let field = Grant::DISCRIMINATOR.len() + offset_of!(Grant, beneficiary);
        self.search(Grant::DISCRIMINATOR, field, beneficiary, accounts::grant)
            .await
    }

    /// All plans of an authority. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn plans_of_authority(&self, authority: &Pubkey) -> Result<Vec<(Pubkey, Plan)>, ClientError> {
        let field = Plan::DISCRIMINATOR.len() + offset_of!(Plan, authority);
        self.search(Plan::DISCRIMINATOR, field, authority, accounts::plan).await
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
            self.search(Plan::DISCRIMINATOR, field, oracle, accounts::plan)
        });
        let found: Vec<_> = stream::iter(searches).buffered(REQUESTS_AT_ONCE).try_collect().await?;
        // A key can be in both sets.
        let plans: BTreeMap<_, _> = found.into_iter().flatten().collect();
        Ok(plans.into_iter().collect())
    }

    /// All open attestations of a plan. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn attestations_of_plan(&self, plan: &Pubkey) -> Result<Vec<(Pubkey, Attestation)>, ClientError> {
        let field = Attestation::DISCRIMINATOR.len() + offset_of!(Attestation, plan);
        self.search(Attestation::DISCRIMINATOR, field, plan, accounts::attestation)
            .await
    }

    /// The accounts at `addresses`, whoever owns them, none where there is none.
    ///
    /// # Errors
    /// If the endpoint does not answer or its answer cannot be read.
    pub async fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, ClientError> {
        let requests = addresses.chunks(ACCOUNTS_A_REQUEST).map(|chunk| self.chunk(chunk));
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
        clock(&account.data).ok_or_else(|| ClientError::Unreadable("the clock".to_owned()))
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

    async fn one<T>(
        &self,
        address: &Pubkey,
        what: &'static str,
        decode: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, ClientError> {
        owned(address, what, self.account(address).await?, decode)
    }

    async fn many<T>(
        &self,
        addresses: &[Pubkey],
        decode: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Vec<Option<T>>, ClientError> {
        let accounts = self.accounts(addresses).await?;
        addresses
            .iter()
            .zip(accounts)
            // Lamports that somebody sent to an address do not make it an account of this program.
            .map(
                |(address, account)| match account.filter(|account| account.owner == crate::ID) {
                    None => Ok(None),
                    Some(account) => decode(&account.data).map(Some).map_err(|source| ClientError::Decode {
                        address: *address,
                        source,
                    }),
                },
            )
            .collect()
    }

    async fn search<T>(
        &self,
        discriminator: &[u8],
        offset: usize,
        key: &Pubkey,
        decode: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Vec<(Pubkey, T)>, ClientError> {
        let what = format!("accounts of {key}");
        self.search_fields(discriminator, &[(offset, key.as_ref())], &what, decode)
            .await
    }

    /// The accounts of the program whose bytes at all these offsets are these.
    pub(super) async fn search_fields<T>(
        &self,
        discriminator: &[u8],
        fields: &[(usize, &[u8])],
        what: &str,
        decode: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Vec<(Pubkey, T)>, ClientError> {
        let kind = std::iter::once((0, discriminator));
        let filters = kind.chain(fields.iter().copied());
        let filters = filters.map(|(offset, bytes)| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(offset, bytes)));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters.collect()),
            account_config: self.account_config(),
            ..Default::default()
        };
        let found = self.rpc.get_program_ui_accounts_with_config(&crate::ID, config).await;
        let found = found.map_err(ClientError::rpc(format!("the search for the {what}")))?;
        found
            .into_iter()
            .map(|(address, account)| {
                let account = bytes(&account).ok_or_else(|| ClientError::Unreadable(address.to_string()))?;
                let state = decode(&account.data).map_err(|source| ClientError::Decode { address, source })?;
                Ok((address, state))
            })
            .collect()
    }

    async fn chunk(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, ClientError> {
        let answer = self
            .rpc
            .get_multiple_ui_accounts_with_config(addresses, self.account_config())
            .await
            .map_err(ClientError::rpc("reading accounts"))?;
        if answer.value.len() != addresses.len() {
            return Err(ClientError::Unreadable("accounts".to_owned()));
        }
        addresses
            .iter()
            .zip(answer.value)
            .map(|(address, account)| match account {
                None => Ok(None),
                Some(account) => bytes(&account)
                    .map(Some)
                    .ok_or_else(|| ClientError::Unreadable(address.to_string())),
            })
            .collect()
    }

    fn account_config(&self) -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.commitment),
            ..Default::default()
        }
    }
}

/// What the account at `address` holds, which must be one of the program.
pub(super) fn owned<T>(
    address: &Pubkey,
    what: &'static str,
    account: Option<Account>,
    decode: fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<T, ClientError> {
    let address = *address;
    let account = account.ok_or(ClientError::NotFound { what, address })?;
    if account.owner != crate::ID {
        let owner = account.owner;
        return Err(ClientError::ForeignAccount { what, address, owner });
    }
    decode(&account.data).map_err(|source| ClientError::Decode { address, source })
}

fn bytes(account: &UiAccount) -> Option<Account> {
    account.to_account()
}

/// The clock as its account holds it: five little-endian numbers of 8 bytes.
pub(super) fn clock(data: &[u8]) -> Option<Clock> {
    let word = |position: usize| data.get(position * 8..)?.first_chunk::<8>().copied();
    Some(Clock {
        slot: u64::from_le_bytes(word(0)?),
        epoch_start_timestamp: i64::from_le_bytes(word(1)?),
        epoch: u64::from_le_bytes(word(2)?),
        leader_schedule_epoch: u64::from_le_bytes(word(3)?),
        unix_timestamp: i64::from_le_bytes(word(4)?),
    })
}
