//! The events of a plan, from the transactions that made them, and what of them an endpoint leaves out.
//!
//! Anybody can name a plan in a transaction and put bytes into it that look like an event. An event is only what the
//! program itself reported: it calls itself and signs with its event authority, which no other program can. The program
//! numbers the events of each plan from 1 without a gap, and the plan's account says how many there are; so it is seen
//! if the endpoint leaves one out, tells it twice or late, or tells two of one number.

use {
    super::{Client, ClientError, NEWEST_VERSION, found::Found, read::REQUESTS_AT_ONCE},
    crate::{
        report::books::Ledger,
        wire::{events::Event, pda},
    },
    anchor_lang::event::EVENT_IX_TAG_LE,
    earnout::state::{OracleSet, Plan},
    futures_util::{StreamExt, stream},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::{
        config::{RpcSignaturesForAddressConfig, RpcTransactionConfig},
        request::RpcRequest,
    },
    solana_signature::Signature,
    solana_transaction_status_client_types::{
        EncodedConfirmedTransactionWithStatusMeta, EncodedTransaction, TransactionBinaryEncoding,
        UiCompiledInstruction, UiInstruction, UiTransactionEncoding, option_serializer::OptionSerializer,
    },
    std::{
        collections::{BTreeMap, BTreeSet, HashSet},
        fmt::Display,
        ops::RangeInclusive,
        str::FromStr,
        time::Duration,
    },
};

/// Most signatures that one request returns.
const SIGNATURES_A_REQUEST: usize = 1_000;

/// How often the newest events are asked for again, and after which pause: a node knows an account's new state a little
/// before it can list the transaction that made it.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Most characters of the bytes that a program can be called with by another: 10 KiB, which are 13,985 in base 58.
const LONGEST_CALL: usize = 14_000;

/// How many of a kind a complaint names.
const NAMED: usize = 5;

/// An event and the transaction that made it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The event.
    pub event: Event,
    /// The transaction.
    pub signature: Signature,
    /// Its slot.
    pub slot: u64,
    /// The time of its block, Unix seconds, if the endpoint says so.
    pub block_time: Option<i64>,
}

/// A transaction that names a plan, and of which it is not known whether it holds an event of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The transaction.
    pub signature: Signature,
    /// Why it could not be read.
    pub why: String,
    /// Whether the next look may help.
    may_pass: bool,
}

/// All events of one plan, as one endpoint tells them.
#[derive(Clone, Debug)]
pub struct History {
    plan: Pubkey,
    endpoint: String,
    found: Found,
    /// How many events the plan has counted, the most that was ever seen.
    counted: u64,
    /// What was told first under each number.
    told: BTreeMap<u64, Recorded>,
    /// Numbers under which something else was told too.
    contradicted: BTreeSet<u64>,
    /// Numbers of events that several transactions hold.
    repeated: BTreeSet<u64>,
    /// Transactions that one answer listed more than once.
    listed_again: BTreeSet<Signature>,
    /// Entries of lists that are not transactions.
    garbled: usize,
    /// The transaction at which reading was given up, for the endpoint has none of those that it lists there.
    given_up_at: Option<Signature>,
    unreadable: BTreeMap<Signature, Unreadable>,
    /// Transactions that need not be read again.
    seen: HashSet<Signature>,
    /// Numbers that [`History::refresh`] has returned.
    returned: BTreeSet<u64>,
}

/// What a transaction tells.
pub(super) struct Told {
    slot: u64,
    block_time: Option<i64>,
    pub(super) events: Vec<Event>,
    /// Why there may be more.
    trouble: Option<String>,
}

impl Client {
    /// All events of the plan at `plan`, open or closed, that the endpoint tells. What it leaves out is not an error:
    /// [`History::is_complete`] and [`History::complaints`] say so.
    ///
    /// # Errors
    /// If the endpoint does not list transactions, or there is and was no plan of this program at the address.
    pub async fn history(&self, plan: &Pubkey) -> Result<History, ClientError> {
        let found = self.find_plan(plan).await?;
        let mut history = History {
            plan: *plan,
            endpoint: self.endpoint().to_owned(),
            counted: found.counted(),
            found,
            told: BTreeMap::new(),
            contradicted: BTreeSet::new(),
            repeated: BTreeSet::new(),
            listed_again: BTreeSet::new(),
            garbled: 0,
            given_up_at: None,
            unreadable: BTreeMap::new(),
            seen: HashSet::new(),
            returned: BTreeSet::new(),
        };
        history.look(self).await?;
        for _ in 1..LOOKS {
            if !history.lacks_the_newest() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            history.look(self).await?;
        }
        history.news();
        Ok(history)
    }

    /// All events of the plan at `plan`, in order, where nothing less will do.
    ///
    /// # Errors
    /// As [`Client::history`], and if the history is not complete.
    pub async fn events(&self, plan: &Pubkey) -> Result<Vec<Recorded>, ClientError> {
        let history = self.history(plan).await?;
        match history.is_complete() {
            true => Ok(history.told.into_values().collect()),
            false => Err(ClientError::Incomplete(history.complaints().join("; "))),
        }
    }

    /// Whether a transaction failed, and what its programs logged; none if the endpoint does not have it.
    pub(super) async fn logs(&self, signature: &Signature) -> Option<(bool, Vec<String>)> {
        let transaction = self.transaction(signature).await.ok()?;
        let transaction: EncodedConfirmedTransactionWithStatusMeta = serde_json::from_value(transaction).ok()?;
        let meta = transaction.transaction.meta?;
        let logs = match meta.log_messages {
            OptionSerializer::Some(logs) => logs,
            _ => Vec::new(),
        };
        Some((meta.err.is_some(), logs))
    }

    /// One list of transactions after `until` and before `before` that name `address`, newest first, as the endpoint
    /// gives it.
    pub(super) async fn list(
        &self,
        address: &Pubkey,
        before: Option<Signature>,
        until: Option<Signature>,
    ) -> Result<Vec<Value>, ClientError> {
        let config = RpcSignaturesForAddressConfig {
            before: before.map(|signature| signature.to_string()),
            until: until.map(|signature| signature.to_string()),
            limit: Some(SIGNATURES_A_REQUEST),
            commitment: Some(self.commitment),
            min_context_slot: None,
        };
        let parameters = json!([address.to_string(), config]);
        let page = self.rpc.send(RpcRequest::GetSignaturesForAddress, parameters).await;
        page.map_err(ClientError::rpc(format!("asking for the transactions of {address}")))
    }

    /// A transaction as the endpoint gives it, null if it has none.
    async fn transaction(&self, signature: &Signature) -> Result<Value, ClientError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.commitment),
            max_supported_transaction_version: Some(NEWEST_VERSION),
        };
        let parameters = json!([signature.to_string(), config]);
        let transaction = self.rpc.send(RpcRequest::GetTransaction, parameters).await;
        transaction.map_err(ClientError::rpc(format!("reading transaction {signature}")))
    }

    pub(super) async fn told(&self, signature: Signature) -> Result<Told, Unreadable> {
        let unreadable = |may_pass, why| Unreadable {
            signature,
            why,
            may_pass,
        };
        match self.transaction(&signature).await {
            Ok(Value::Null) => Err(unreadable(
                true,
                "the endpoint lists it and does not have it".to_owned(),
            )),
            Ok(answer) => told(&signature, answer).map_err(|why| unreadable(false, why)),
            Err(error) => Err(unreadable(true, error.to_string())),
        }
    }
}

impl History {
    /// Looks again: at the plan's count, at what could not be read before, and at the list of transactions from the
    /// last event on before which nothing is missing. Returns what was not known before, in the order of the numbers;
    /// one with a smaller number than others known before is late.
    ///
    /// # Errors
    /// If the endpoint does not answer. What was read by then is kept, and the next look returns it.
    pub async fn refresh(&mut self, client: &Client) -> Result<Vec<Recorded>, ClientError> {
        client.endpoint().clone_into(&mut self.endpoint);
        self.count(client).await?;
        self.look(client).await?;
        Ok(self.news())
    }

    async fn look(&mut self, client: &Client) -> Result<(), ClientError> {
        let again = self.unreadable.values().filter(|unreadable| unreadable.may_pass);
        let again = again.map(|unreadable| unreadable.signature).collect();
        self.read(client, again).await;
        self.list(client).await?;
        if self.told.last_key_value().is_some_and(|(last, _)| *last > self.counted) {
            self.count(client).await?;
        }
        Ok(())
    }

    /// What can be believed and was not returned before.
    fn news(&mut self) -> Vec<Recorded> {
        let new = self
            .events()
            .filter(|recorded| !self.returned.contains(&recorded.event.sequence()));
        let new: Vec<_> = new.cloned().collect();
        self.returned
            .extend(new.iter().map(|recorded| recorded.event.sequence()));
        new
    }

    /// The plan.
    pub fn plan(&self) -> Pubkey {
        self.plan
    }

    /// The endpoint that tells it: scheme, host and port.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The plan's account; none if the plan was closed.
    pub fn open_plan(&self) -> Option<&Plan> {
        match &self.found {
            Found::Open(plan) => Some(plan),
            Found::Closed(_) => None,
        }
    }

    /// How many events the plan has counted.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// The events that can be believed, in the order of their numbers: neither contradicted nor above the plan's count.
    pub fn events(&self) -> impl Iterator<Item = &Recorded> {
        let believed = self.told.range(1..=self.counted.max(1));
        let believed = believed.filter(|(number, _)| **number <= self.counted && !self.contradicted.contains(number));
        believed.map(|(_, recorded)| recorded)
    }

    /// Numbers of the events that the endpoint does not tell.
    pub fn missing(&self) -> Vec<RangeInclusive<u64>> {
        let mut missing = Vec::new();
        let mut next = 1;
        for number in self.told.range(1..).map(|(number, _)| *number) {
            if number > self.counted {
                break;
            }
            if number > next {
                missing.push(next..=number - 1);
            }
            next = number.saturating_add(1);
        }
        if next <= self.counted {
            missing.push(next..=self.counted);
        }
        missing
    }

    /// Numbers under which the endpoint tells different events. None of them is believed.
    pub fn contradicted(&self) -> &BTreeSet<u64> {
        &self.contradicted
    }

    /// Numbers of the events that the endpoint shows in several transactions.
    pub fn repeated(&self) -> &BTreeSet<u64> {
        &self.repeated
    }

    /// Transactions that the endpoint listed more than once.
    pub fn listed_again(&self) -> &BTreeSet<Signature> {
        &self.listed_again
    }

    /// Numbers that the plan has not given out. Such events are not believed.
    pub fn beyond(&self) -> Vec<u64> {
        let zero = self.told.contains_key(&0).then_some(0);
        let above = self.told.keys().copied().filter(|number| *number > self.counted);
        zero.into_iter().chain(above.filter(|number| *number > 0)).collect()
    }

    /// Transactions that name the plan and could not be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Unreadable> {
        self.unreadable.values()
    }

    /// Whether all events are here that the plan has counted, each told in one way.
    pub fn is_complete(&self) -> bool {
        self.has_every_number() && self.contradicted.is_empty() && self.beyond().is_empty()
    }

    /// What is wrong with what the endpoint tells, one sentence for each kind: what is missing, contradicted, repeated
    /// or could not be read, and which endpoint it is. Empty if nothing is.
    pub fn complaints(&self) -> Vec<String> {
        let endpoint = &self.endpoint;
        let mut complaints = Vec::new();
        let missing = self.missing();
        if !missing.is_empty() {
            let ranges = missing.iter().map(|range| match range.start() == range.end() {
                true => range.start().to_string(),
                false => format!("{} to {}", range.start(), range.end()),
            });
            complaints.push(format!(
                "of the {} events that the plan has counted {endpoint} does not tell {}",
                self.counted,
                named(ranges)
            ));
        }
        if !self.contradicted.is_empty() {
            complaints.push(format!(
                "{endpoint} tells different events under the number {}, so none of them is believed",
                named(self.contradicted.iter())
            ));
        }
        let beyond = self.beyond();
        if !beyond.is_empty() {
            complaints.push(format!(
                "{endpoint} tells events that the plan has not counted, which are not believed: {}",
                named(beyond.iter())
            ));
        }
        if !self.repeated.is_empty() {
            complaints.push(format!(
                "{endpoint} tells events in more than one transaction: {}",
                named(self.repeated.iter())
            ));
        }
        if !self.listed_again.is_empty() {
            complaints.push(format!(
                "{endpoint} lists transactions more than once: {}",
                named(self.listed_again.iter())
            ));
        }
        if self.garbled > 0 {
            complaints.push(format!(
                "{endpoint} lists {} entries that are not transactions",
                self.garbled
            ));
        }
        if let Some(signature) = self.given_up_at {
            complaints.push(format!(
                "{endpoint} lists only transactions that it does not have, so reading ended at {signature}"
            ));
        }
        if !self.unreadable.is_empty() {
            let words = self
                .unreadable
                .values()
                .map(|Unreadable { signature, why, .. }| format!("{signature} ({why})"));
            complaints.push(format!(
                "transactions of {endpoint} that name the plan could not be read, {} in number: {}",
                self.unreadable.len(),
                named(words)
            ));
        }
        complaints
    }

    /// The state of the plan and all its accounts from all events.
    ///
    /// # Errors
    /// If the history is not complete, or the events do not follow from each other.
    pub fn ledger(&self) -> Result<Ledger, ClientError> {
        let incomplete = || ClientError::Incomplete(self.complaints().join("; "));
        if !self.is_complete() {
            return Err(incomplete());
        }
        Ledger::of(self.events().map(|recorded| &recorded.event))?.ok_or_else(incomplete)
    }

    /// All oracle sets that the plan ever had: its account keeps only the newest ones. None where the history is not
    /// complete, for a set that is not told would leave its periods to the one before it.
    ///
    /// # Errors
    /// If the plan holds what the program never writes.
    pub fn oracle_sets(&self, plan: &Plan) -> Result<OracleSets, ClientError> {
        let mut sets = BTreeMap::new();
        if !self.is_complete() {
            return Ok(OracleSets(sets));
        }
        let calendar = plan.calendar()?;
        for recorded in self.events() {
            let mut announce = |oracles: &[Pubkey], threshold, first_period| {
                if let Ok(set) = OracleSet::new(oracles, threshold, first_period) {
                    sets.insert(first_period, set);
                }
            };
            match &recorded.event {
                Event::PlanCreated(event) => announce(&event.terms.oracles, event.terms.threshold, 0),
                Event::OraclesProposed(event) => announce(&event.oracles, event.threshold, event.first_period),
                Event::OracleChangeCancelled(event) => drop(sets.remove(&event.first_period)),
                // What was announced and had not begun is void.
                Event::AuthorityAccepted(event) if !event.oracle_change => {
                    sets.retain(|period, _| {
                        calendar.boundary(*period).is_ok_and(|begin| begin <= event.time) || *period == 0
                    });
                }
                _ => {}
            }
        }
        Ok(OracleSets(sets))
    }

    async fn count(&mut self, client: &Client) -> Result<(), ClientError> {
        let found = client.find_plan(&self.plan).await?;
        let counted = found.counted();
        // An endpoint that lags does not undo what was seen.
        if counted >= self.counted {
            (self.counted, self.found) = (counted, found);
        }
        Ok(())
    }

    fn has_every_number(&self) -> bool {
        self.missing().is_empty()
    }

    fn lacks_the_newest(&self) -> bool {
        self.counted > 0 && !self.told.contains_key(&self.counted)
    }

    /// The transaction of the last event before which none is missing: the list is read from there on, so that what
    /// appears late is found.
    fn cursor(&self) -> Option<Signature> {
        let numbers = self.told.range(1..);
        let whole = numbers
            .zip(1..)
            .take_while(|((number, _), expected)| **number == *expected);
        whole.last().map(|((_, recorded), _)| recorded.signature)
    }

    async fn list(&mut self, client: &Client) -> Result<(), ClientError> {
        let until = self.cursor();
        self.given_up_at = None;
        let mut before = None;
        let mut listed = HashSet::new();
        loop {
            let page = client.list(&self.plan, before, until).await?;
            let mut last = None;
            let mut fresh = Vec::new();
            let mut new = Vec::new();
            for entry in &page {
                let signature = entry["signature"]
                    .as_str()
                    .and_then(|text| Signature::from_str(text).ok());
                let Some(signature) = signature else {
                    self.garbled = self.garbled.saturating_add(1);
                    continue;
                };
                if !listed.insert(signature) {
                    self.listed_again.insert(signature);
                    continue;
                }
                last = Some(signature);
                new.push(signature);
                // One that failed changed nothing and told nothing.
                if entry["err"].is_null() && !self.seen.contains(&signature) {
                    fresh.push(signature);
                }
            }
            self.read(client, fresh).await;
            // A page without anything new is the last one, whatever its length. A short one is only if nothing is
            // missing: endpoints may have smaller pages than they are asked for.
            let is_short = page.len() < SIGNATURES_A_REQUEST;
            let Some(last) = last.filter(|_| !(is_short && self.has_every_number())) else {
                return Ok(());
            };
            // An endpoint can make up signatures without end. One that has none of those that it lists is not followed.
            let is_read = |signature| self.seen.contains(signature) && !self.unreadable.contains_key(signature);
            if !new.iter().any(is_read) && client.told(last).await.is_err() {
                self.given_up_at = Some(last);
                return Ok(());
            }
            before = Some(last);
        }
    }

    async fn read(&mut self, client: &Client, signatures: Vec<Signature>) {
        let requests = signatures
            .into_iter()
            .map(|signature| async move { (signature, client.told(signature).await) });
        let mut answers = stream::iter(requests).buffered(REQUESTS_AT_ONCE);
        while let Some((signature, answer)) = answers.next().await {
            self.unreadable.remove(&signature);
            self.seen.insert(signature);
            match answer {
                Ok(told) => self.add(signature, told),
                Err(unreadable) => drop(self.unreadable.insert(signature, unreadable)),
            }
        }
    }

    fn add(&mut self, signature: Signature, told: Told) {
        if let Some(why) = told.trouble {
            let may_pass = false;
            self.unreadable.insert(
                signature,
                Unreadable {
                    signature,
                    why,
                    may_pass,
                },
            );
        }
        for event in told.events.into_iter().filter(|event| event.plan() == self.plan) {
            let number = event.sequence();
            match self.told.get(&number) {
                None => {
                    let (slot, block_time) = (told.slot, told.block_time);
                    self.told.insert(
                        number,
                        Recorded {
                            event,
                            signature,
                            slot,
                            block_time,
                        },
                    );
                }
                Some(known) if known.event.encode() == event.encode() => drop(self.repeated.insert(number)),
                Some(_) => drop(self.contradicted.insert(number)),
            }
        }
    }
}

/// All oracle sets of a plan, by the first period on which they vote.
#[derive(Clone, Debug, Default)]
pub struct OracleSets(BTreeMap<u16, OracleSet>);

impl OracleSets {
    /// The set that votes on `period`.
    pub fn at(&self, period: u16) -> Option<&OracleSet> {
        self.0.range(..=period).next_back().map(|(_, set)| set)
    }
}

/// What an endpoint's answer says that the program reported in the transaction `signature`. The error says why nothing
/// can be learnt from it.
fn told(signature: &Signature, answer: Value) -> Result<Told, String> {
    let answer: EncodedConfirmedTransactionWithStatusMeta = serde_json::from_value(answer)
        .map_err(|error| format!("the answer is not one about a transaction: {error}"))?;
    // The other encoding can take hours to read: what an endpoint sends is as long as it likes.
    let transaction = match &answer.transaction.transaction {
        encoded @ EncodedTransaction::Binary(_, TransactionBinaryEncoding::Base64) => encoded.decode(),
        _ => None,
    };
    let transaction = transaction.ok_or("its bytes are not those of a transaction that this release knows")?;
    if transaction.signatures.first() != Some(signature) {
        return Err("the endpoint answered with another transaction".to_owned());
    }
    let meta = answer.transaction.meta.ok_or("the endpoint does not say what it did")?;
    let mut told = Told {
        slot: answer.slot,
        block_time: answer.block_time,
        events: Vec::new(),
        trouble: None,
    };
    if meta.err.is_some() {
        return Ok(told);
    }
    let OptionSerializer::Some(inner) = meta.inner_instructions else {
        return Err("the endpoint does not say what its programs called".to_owned());
    };
    // An instruction names accounts by their position: those of the message, then those of lookup tables.
    let mut keys = transaction.message.static_account_keys().to_vec();
    if let OptionSerializer::Some(loaded) = meta.loaded_addresses {
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(Pubkey::from_str(key).map_err(|_| "its loaded addresses cannot be read")?);
        }
    }
    for instruction in inner.into_iter().flat_map(|call| call.instructions) {
        match event(&keys, instruction) {
            Ok(event) => told.events.extend(event),
            Err(why) => told.trouble = Some(why.to_owned()),
        }
    }
    Ok(told)
}

/// The event that the program reported by this inner instruction; none if it is something else.
fn event(keys: &[Pubkey], instruction: UiInstruction) -> Result<Option<Event>, &'static str> {
    let UiInstruction::Compiled(UiCompiledInstruction {
        program_id_index,
        accounts,
        data,
        ..
    }) = instruction
    else {
        return Err("the endpoint does not give the bytes that its programs were called with");
    };
    let key = |index: u8| keys.get(usize::from(index));
    let program = key(program_id_index).ok_or("it calls a program that it does not name")?;
    let authority = pda::event_authority();
    if *program != crate::ID || !accounts.iter().any(|account| key(*account) == Some(&authority)) {
        return Ok(None);
    }
    // Reading them takes the square of their length.
    let data = match data.len() > LONGEST_CALL {
        true => return Err("its programs were called with more bytes than they can be"),
        false => bs58::decode(data).into_vec(),
    };
    let data = data.map_err(|_| "the bytes that its programs were called with cannot be read")?;
    if !data.starts_with(EVENT_IX_TAG_LE) {
        return Ok(None);
    }
    let event = Event::decode(&data);
    event
        .map(Some)
        .ok_or("it holds an event that this release does not know")
}

/// The first few, in words.
fn named(items: impl ExactSizeIterator<Item = impl Display>) -> String {
    let more = items.len().saturating_sub(NAMED);
    let first: Vec<_> = items.take(NAMED).map(|item| item.to_string()).collect();
    match more {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The square of their length is days here.
    const ENDLESS: usize = 8_000_000;

    #[test]
    fn g15_bytes_without_end_are_not_read() {
        let keys = [crate::ID, pda::event_authority()];
        let call = |data: String| {
            event(
                &keys,
                UiInstruction::Compiled(UiCompiledInstruction {
                    program_id_index: 0,
                    accounts: vec![1],
                    data,
                    stack_height: None,
                }),
            )
        };
        let refused = call("z".repeat(ENDLESS)).expect_err("a refusal");
        assert!(refused.contains("more bytes than they can be"), "{refused}");
        // Zeros, which are read at once.
        assert!(call("1".repeat(LONGEST_CALL)).is_ok_and(|event| event.is_none()));
        assert!(call("1".repeat(LONGEST_CALL + 1)).is_err());
    }

    #[test]
    fn g15_a_transaction_is_read_in_the_encoding_that_was_asked_for() {
        let meta = json!({"err": null, "status": {"Ok": null}, "fee": 0, "preBalances": [], "postBalances": []});
        for transaction in [json!("z".repeat(ENDLESS)), json!(["z".repeat(ENDLESS), "base58"])] {
            let answer = json!({"slot": 1, "blockTime": null, "transaction": transaction, "meta": meta});
            let why = told(&Signature::default(), answer).err().expect("a refusal");
            assert!(why.contains("not those of a transaction"), "{why}");
        }
    }
}
