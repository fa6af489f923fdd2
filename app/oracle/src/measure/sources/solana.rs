//! What accounts of the chain hold. An endpoint knows only what is so now, so the value is sampled while the end of the
//! period passes, at fixed times and from several endpoints that have to agree; the median of the samples counts, so
//! that what is so for a few blocks does not.

use {
    super::{
        Observation, Part, SourceError, Surroundings,
        chain::{self, Account, accounts_and_clock, clients},
        no_data, unexpected,
    },
    crate::measure::{Scope, duration, fill, template},
    earnout_sdk::{
        client::Client,
        text::{endpoint, names::shortened, time},
    },
    futures_util::future::join_all,
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::{Value, json},
    sha2::{Digest, Sha256},
    solana_program::{pubkey, pubkey::Pubkey},
    std::{
        collections::{BTreeMap, BTreeSet},
        fs::{DirBuilder, File, OpenOptions},
        io::{self, Read, Seek, SeekFrom, Write},
        os::unix::fs::{DirBuilderExt, OpenOptionsExt},
        path::PathBuf,
        time::Duration,
    },
};

/// The programs of tokens.
const TOKEN_PROGRAMS: [Pubkey; 2] = [
    pubkey!("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
    pubkey!("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
];
/// The program of stake pools.
const STAKE_POOL_PROGRAM: Pubkey = pubkey!("SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy");
/// Length of a token account without extensions; behind it stands the kind of the account.
const TOKEN_ACCOUNT: usize = 165;
/// Length of a mint without extensions.
const MINT: usize = 82;
/// Where a stake pool has its total of lamports.
const POOL_TOTAL: usize = 258;
/// Most token accounts of one owner for one mint.
const MOST_TOKEN_ACCOUNTS: usize = 256;
/// Most samples.
const MOST_SAMPLES: u32 = 240;
/// Shortest time between two samples, seconds.
const SHORTEST_STEP: i64 = 10;
/// How often endpoints that do not agree are asked again, and after which pause.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// Longest file of samples.
const LONGEST_FILE: u64 = 64 << 20;

/// What accounts of the chain hold, sampled while the end of the period passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solana {
    /// What is measured.
    pub measure: Measure,
    /// How many digits of the number are behind the point: 9 makes SOL of lamports.
    #[serde(default)]
    pub decimals: u8,
    /// RPC endpoints, at least two; those of the chain if left out. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub endpoints: Vec<String>,
    /// How many samples are taken.
    #[serde(default = "twelve")]
    pub samples: u32,
    /// How many of them there must be; three quarters of them if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
    /// For how long, until the end of the period.
    #[serde(default = "one_hour", with = "crate::measure::duration")]
    pub window: Duration,
    /// How the chain is reached, and where samples are kept.
    #[serde(skip)]
    pub around: Surroundings,
}

fn twelve() -> u32 {
    12
}

fn one_hour() -> Duration {
    Duration::from_secs(3_600)
}

/// What is measured. Addresses have placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Measure {
    /// What a token account holds, base units.
    TokenAccount(String),
    /// What all token accounts of an owner hold of a mint, base units.
    Tokens { owner: String, mint: String },
    /// How much of a mint there is, base units.
    Supply(String),
    /// The total of a stake pool, lamports.
    StakePool(String),
    /// The lamports of an account.
    Lamports(String),
    /// An integer in the data of an account.
    Field {
        account: String,
        /// Where it begins, bytes.
        offset: usize,
        kind: Integer,
        /// The program that has to own the account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
    /// How many accounts of a program there are.
    Accounts {
        program: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        filters: Vec<Filter>,
    },
}

/// An integer, its lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integer {
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
}

impl Integer {
    fn width(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 => 4,
            Self::U64 | Self::I64 => 8,
            Self::U128 | Self::I128 => 16,
        }
    }

    /// The number in `bytes`, which are as many as it has; none if it is too large.
    fn read(self, bytes: &[u8]) -> Option<i128> {
        Some(match self {
            Self::U8 => u8::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U16 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U64 => u64::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U128 => u128::from_le_bytes(bytes.try_into().ok()?).try_into().ok()?,
            Self::I8 => i8::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I16 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I32 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I64 => i64::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I128 => i128::from_le_bytes(bytes.try_into().ok()?),
        })
    }
}

/// What an account has to be to be counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Filter {
    /// So many bytes of data.
    Size(u64),
    /// These bytes, base58, at this place of the data. An address is written so.
    Bytes { offset: u64, bytes: String },
}

/// What the endpoints that agree said at one of the times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// The number of its time, from 0.
    number: u32,
    seen: Vec<Seen>,
}

/// What one endpoint said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// Scheme, host and port.
    endpoint: String,
    slot: u64,
    /// By the chain's clock, Unix seconds.
    time: i64,
    found: Found,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Found {
    /// Accounts, as far as they are needed.
    Accounts(Vec<Excerpt>),
    /// How many accounts passed the filters, and the SHA-256 of their addresses, sorted.
    Count { count: u64, sha256: String },
}

/// An account, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Excerpt {
    #[serde(with = "crate::measure::text")]
    address: Pubkey,
    #[serde(with = "crate::measure::text")]
    owner: Pubkey,
    lamports: u64,
    /// How many bytes of data it has.
    len: usize,
    /// From where on these are the first.
    offset: usize,
    /// Hexadecimal.
    data: String,
}

impl Solana {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let samples = self.taken(scope)?;
        let minimum = self.minimum();
        if u32::try_from(samples.len()).unwrap_or(u32::MAX) < minimum {
            let now = match self.ask(scope, None).await {
                Ok((value, _)) => format!("it is {value}"),
                Err(error) => format!("it cannot be measured: {error}"),
            };
            return Err(no_data(format!(
                "{} of {} samples were taken between {} and the end of the period, {minimum} are needed; now {now}",
                samples.len(),
                self.samples,
                time::text(self.begin(scope)),
            )));
        }
        let part = |sample: &Sample| {
            let (value, at) = self.agreed(scope, sample)?;
            let text = serde_json::to_vec(sample)
                .map_err(|error| unexpected(format!("the sample cannot be written: {error}")))?;
            let request = format!(
                "{} at {}",
                self.question(scope)?,
                time::text(self.time_of(scope, sample.number))
            );
            Ok(Part {
                answered_at: at,
                number: Some(value.to_string()),
                ..Part::new(request, text)
            })
        };
        samples.values().map(part).collect()
    }

    /// The median of the samples. Pure: the same samples give the same value.
    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let mut values = BTreeMap::new();
        let mut last = None;
        for part in parts {
            let text = part.body.text()?;
            let sample: Sample =
                serde_json::from_str(text).map_err(|error| unexpected(format!("{text:.80?} is no sample: {error}")))?;
            let (value, at) = self.agreed(scope, &sample)?;
            if part.number.as_ref().is_some_and(|number| *number != value.to_string()) {
                return Err(unexpected("the number beside a sample is not the one in it"));
            }
            if values.insert(sample.number, value).is_some() {
                return Err(unexpected(format!("the sample {} stands there twice", sample.number)));
            }
            last = last.max(Some(at));
        }
        let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let minimum = self.minimum();
        if count < minimum {
            return Err(no_data(format!("there are {count} samples, {minimum} are needed")));
        }
        let mut values: Vec<Decimal> = values.into_values().collect();
        values.sort_unstable();
        // Of an even number the lower of the middle two.
        let middle = values.len().saturating_sub(1) / 2;
        let value = values
            .get(middle)
            .copied()
            .ok_or_else(|| no_data("there is no sample"))?;
        Ok(Observation {
            value,
            observed_at: last,
        })
    }

    /// Takes the sample that is due at `now`, by the chain's clock in Unix seconds, if it was not taken yet. Says
    /// whether it took one. When this returns, the sample survives a loss of power.
    ///
    /// # Errors
    /// If the endpoints do not answer or do not agree, or the sample cannot be written.
    pub async fn sample(&self, scope: &Scope, now: i64) -> Result<bool, SourceError> {
        let Some(number) = self.due(scope, now) else {
            return Ok(false);
        };
        if self.taken(scope)?.contains_key(&number) {
            return Ok(false);
        }
        let (_, seen) = self.ask(scope, Some(number)).await?;
        self.keep(scope, &Sample { number, seen })?;
        Ok(true)
    }

    /// The number of the sample that is due at `now`.
    pub fn due(&self, scope: &Scope, now: i64) -> Option<u32> {
        if now < self.begin(scope) || now >= scope.end {
            return None;
        }
        let passed = now.checked_sub(self.begin(scope))?.checked_div(self.step(scope))?;
        u32::try_from(passed).ok().filter(|number| *number < self.samples)
    }

    /// How long the time of a sample lasts, in a period that is longer than all of them together.
    pub fn time_of_a_sample(&self) -> Duration {
        self.window.checked_div(self.samples).unwrap_or_default()
    }

    fn begin(&self, scope: &Scope) -> i64 {
        scope
            .end
            .saturating_sub(duration::seconds(self.window))
            .max(scope.start)
    }

    /// Seconds between two samples, at least one.
    fn step(&self, scope: &Scope) -> i64 {
        let length = scope.end.saturating_sub(self.begin(scope));
        length.checked_div(i64::from(self.samples)).unwrap_or_default().max(1)
    }

    /// When the sample of this number is due.
    fn time_of(&self, scope: &Scope, number: u32) -> i64 {
        let offset = self.step(scope).saturating_mul(number.into());
        self.begin(scope).saturating_add(offset)
    }

    fn minimum(&self) -> u32 {
        let most = self.samples.saturating_mul(3).div_ceil(4);
        self.minimum.unwrap_or(most).max(1)
    }

    /// The value that a majority of the endpoints that answer, and at least two, agree on, with what they said. Of a
    /// sample, they must have said it in its time.
    async fn ask(&self, scope: &Scope, number: Option<u32>) -> Result<(Decimal, Vec<Seen>), SourceError> {
        let endpoints = match self.endpoints.is_empty() {
            true => &self.around.endpoints,
            false => &self.endpoints,
        };
        let clients = clients(endpoints, self.around.commitment);
        let mut last = no_data("there is no endpoint");
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let asked = clients.iter().map(|client| self.ask_one(client, scope));
            let (mut answers, mut troubles) = (Vec::new(), Vec::new());
            for (client, answer) in clients.iter().zip(join_all(asked).await) {
                let value = answer.and_then(|seen| {
                    self.timely(scope, number, &seen)?;
                    Ok((self.value(scope, &seen.found)?, seen))
                });
                match value {
                    Ok(answer) => answers.push(answer),
                    Err(error) => {
                        troubles.push(format!("{}: {}", client.endpoint(), shortened(&error.to_string(), 200)))
                    }
                }
            }
            let count = answers.len();
            let mut groups: BTreeMap<Decimal, Vec<Seen>> = BTreeMap::new();
            for (value, seen) in answers {
                groups.entry(value).or_default().push(seen);
            }
            let values: Vec<String> = groups.keys().map(ToString::to_string).collect();
            let agreed = groups
                .into_iter()
                .find(|(_, seen)| seen.len() >= 2 && seen.len().saturating_mul(2) > count);
            if let Some(agreed) = agreed {
                return Ok(agreed);
            }
            last = match count {
                0 | 1 => no_data(format!(
                    "two endpoints have to agree, and {count} answered: {}",
                    troubles.join("; ")
                )),
                _ => unexpected(format!("the endpoints do not agree: {}", values.join(", "))),
            };
        }
        Err(last)
    }

    async fn ask_one(&self, client: &Client, scope: &Scope) -> Result<Seen, SourceError> {
        let key = |text: &str| address(text, scope);
        let seen = |slot: u64, time: i64, found: Found| Seen {
            endpoint: client.endpoint().to_owned(),
            slot,
            time,
            found,
        };
        let (account, range) = match &self.measure {
            Measure::Tokens { owner, mint } => {
                let answer = chain::token_accounts(client, &key(owner)?, &key(mint)?).await?;
                if answer.found.len() > MOST_TOKEN_ACCOUNTS {
                    return Err(unexpected(format!(
                        "there are more than {MOST_TOKEN_ACCOUNTS} token accounts"
                    )));
                }
                let (_, time) = accounts_and_clock(client, &[]).await?;
                let excerpts = answer.found.iter();
                let mut excerpts: Vec<Excerpt> = excerpts
                    .map(|(address, account)| excerpt(*address, account, 0, TOKEN_ACCOUNT + 1))
                    .collect();
                excerpts.sort_unstable_by_key(|excerpt| excerpt.address);
                return Ok(seen(answer.slot, time, Found::Accounts(excerpts)));
            }
            Measure::Accounts { program, filters } => {
                let program = key(program)?;
                let filters = filters
                    .iter()
                    .map(|filter| filter.json(scope))
                    .collect::<Result<Vec<_>, _>>()?;
                let answer = chain::program_accounts(client, &program, &Value::from(filters)).await?;
                let (_, time) = accounts_and_clock(client, &[]).await?;
                let addresses: BTreeSet<Pubkey> = answer
                    .found
                    .iter()
                    .filter(|(_, account)| account.owner == program)
                    .map(|(address, _)| *address)
                    .collect();
                let mut hash = Sha256::new();
                addresses.iter().for_each(|address| hash.update(address));
                let count = Found::Count {
                    count: u64::try_from(addresses.len()).unwrap_or(u64::MAX),
                    sha256: hex::encode(hash.finalize()),
                };
                return Ok(seen(answer.slot, time, count));
            }
            Measure::TokenAccount(account) => (account, (0, TOKEN_ACCOUNT + 1)),
            Measure::Supply(account) => (account, (0, TOKEN_ACCOUNT + 1)),
            Measure::StakePool(account) => (account, (0, POOL_TOTAL + 8)),
            Measure::Lamports(account) => (account, (0, 0)),
            Measure::Field {
                account, offset, kind, ..
            } => (account, (*offset, kind.width())),
        };
        let account = key(account)?;
        let (answer, time) = accounts_and_clock(client, &[account]).await?;
        let found = answer.found.first().and_then(Option::as_ref);
        let excerpts = found.map(|found| excerpt(account, found, range.0, range.1));
        Ok(seen(answer.slot, time, Found::Accounts(excerpts.into_iter().collect())))
    }

    /// The value and the time of a sample, whose endpoints have to be several, timely and of one mind.
    fn agreed(&self, scope: &Scope, sample: &Sample) -> Result<(Decimal, i64), SourceError> {
        let wrong = |what: &str| unexpected(format!("the sample {}: {what}", sample.number));
        if sample.number >= self.samples {
            return Err(wrong("there is no such time"));
        }
        let endpoints: BTreeSet<&str> = sample.seen.iter().map(|seen| seen.endpoint.as_str()).collect();
        if endpoints.len() < 2 || endpoints.len() != sample.seen.len() {
            return Err(wrong("it is not from several endpoints"));
        }
        let mut agreed = None;
        for seen in &sample.seen {
            self.timely(scope, Some(sample.number), seen)?;
            let value = self.value(scope, &seen.found)?;
            if agreed.is_some_and(|(other, _)| other != value) {
                return Err(wrong("the endpoints do not agree"));
            }
            let at = agreed.map_or(seen.time, |(_, at): (Decimal, i64)| at.max(seen.time));
            agreed = Some((value, at));
        }
        agreed.ok_or_else(|| wrong("it is empty"))
    }

    fn timely(&self, scope: &Scope, number: Option<u32>, seen: &Seen) -> Result<(), SourceError> {
        let Some(number) = number else {
            return Ok(());
        };
        let from = self.time_of(scope, number);
        let until = from.saturating_add(self.step(scope));
        match (from..until).contains(&seen.time) {
            true => Ok(()),
            false => Err(unexpected(format!(
                "the chain's clock is {} there, which is not within the time of the sample {number}, from {} to {}",
                time::text(seen.time),
                time::text(from),
                time::text(until)
            ))),
        }
    }

    /// The value that follows from what was found. Pure.
    fn value(&self, scope: &Scope, found: &Found) -> Result<Decimal, SourceError> {
        let key = |text: &str| address(text, scope);
        let number = match (&self.measure, found) {
            (Measure::Accounts { .. }, Found::Count { count, .. }) => i128::from(*count),
            (Measure::Tokens { owner, mint }, Found::Accounts(accounts)) => {
                let (owner, mint) = (key(owner)?, key(mint)?);
                let mut sum = 0i128;
                let mut before = None;
                for account in accounts {
                    // Sorted, so that none counts twice.
                    if before.is_some_and(|before| before >= account.address) {
                        return Err(unexpected("the token accounts are not in their order"));
                    }
                    before = Some(account.address);
                    let data = account.token_account()?;
                    if data.get(..32) != Some(mint.as_ref()) || data.get(32..64) != Some(owner.as_ref()) {
                        return Err(unexpected(format!("{} is of another owner or mint", account.address)));
                    }
                    sum = sum.saturating_add(integer(&data, 64, Integer::U64)?);
                }
                sum
            }
            (Measure::TokenAccount(account), Found::Accounts(accounts)) => {
                integer(&only(key(account)?, accounts)?.token_account()?, 64, Integer::U64)?
            }
            (Measure::Supply(mint), Found::Accounts(accounts)) => {
                integer(&only(key(mint)?, accounts)?.mint()?, 36, Integer::U64)?
            }
            (Measure::StakePool(pool), Found::Accounts(accounts)) => {
                let account = only(key(pool)?, accounts)?;
                let data = account.bytes()?;
                if account.owner != STAKE_POOL_PROGRAM || account.offset != 0 || data.first() != Some(&1) {
                    return Err(unexpected(format!(
                        "{} is no stake pool of {STAKE_POOL_PROGRAM}",
                        account.address
                    )));
                }
                integer(&data, POOL_TOTAL, Integer::U64)?
            }
            (Measure::Lamports(account), Found::Accounts(accounts)) => {
                i128::from(only(key(account)?, accounts)?.lamports)
            }
            (
                Measure::Field {
                    account,
                    offset,
                    kind,
                    owner,
                },
                Found::Accounts(accounts),
            ) => {
                let account = only(key(account)?, accounts)?;
                if let Some(owner) = owner
                    && key(owner)? != account.owner
                {
                    return Err(unexpected(format!("{} is owned by {}", account.address, account.owner)));
                }
                let data = account.bytes()?;
                if account.offset != *offset || data.len() != kind.width() {
                    return Err(unexpected(format!(
                        "{} has {} bytes: the field does not end within them",
                        account.address, account.len
                    )));
                }
                integer(&data, 0, *kind)?
            }
            _ => return Err(unexpected("the sample is of something else")),
        };
        let number = Decimal::try_from_i128_with_scale(number, self.decimals.into());
        let number = number.map_err(|_| unexpected("the number has more digits than can be kept"))?;
        Ok(number.normalize())
    }

    /// What is asked, for people.
    fn question(&self, scope: &Scope) -> Result<String, SourceError> {
        let key = |text: &str| address(text, scope);
        Ok(match &self.measure {
            Measure::TokenAccount(account) => format!("tokens in {}", key(account)?),
            Measure::Tokens { owner, mint } => format!("tokens {} of {}", key(mint)?, key(owner)?),
            Measure::Supply(mint) => format!("supply of {}", key(mint)?),
            Measure::StakePool(pool) => format!("total of the stake pool {}", key(pool)?),
            Measure::Lamports(account) => format!("lamports of {}", key(account)?),
            Measure::Field {
                account, offset, kind, ..
            } => format!("{kind:?} at {offset} of {}", key(account)?),
            Measure::Accounts { program, .. } => format!("number of accounts of {}", key(program)?),
        })
    }

    /// The file of the samples for `scope`: named by what is sampled and when.
    fn file(&self, scope: &Scope) -> Result<PathBuf, SourceError> {
        let grant = scope.grant.as_ref();
        let about = json!([
            serde_json::to_value(&self.measure).unwrap_or_default(),
            self.samples,
            duration::seconds(self.window),
            scope.start,
            scope.end,
            grant.map(|grant| grant.address.to_string()),
            grant.and_then(|grant| grant.identity.clone()),
        ]);
        let name = hex::encode(Sha256::digest(about.to_string()));
        Ok(self.around.state.join("samples").join(format!("{name}.jsonl")))
    }

    /// The samples that were taken and are good, by their number. What was cut short by a loss of power is none.
    fn taken(&self, scope: &Scope) -> Result<BTreeMap<u32, Sample>, SourceError> {
        let file = self.file(scope)?;
        let failed = |error| SourceError::Io {
            what: format!("cannot read the samples in {}", file.display()),
            error,
        };
        let mut text = String::new();
        match File::open(&file) {
            Ok(file) => file.take(LONGEST_FILE).read_to_string(&mut text).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(failed(error)),
        };
        let samples = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Sample>(line).ok());
        let good = samples.filter(|sample| self.agreed(scope, sample).is_ok());
        let mut taken = BTreeMap::new();
        for sample in good {
            taken.entry(sample.number).or_insert(sample);
        }
        Ok(taken)
    }

    fn keep(&self, scope: &Scope, sample: &Sample) -> Result<(), SourceError> {
        let file = self.file(scope)?;
        let write = || {
            let folder = file.parent().unwrap_or(&file);
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let is_new = !file.exists();
            let mut out = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&file)?;
            let mut line = serde_json::to_string(sample)?;
            line.push('\n');
            // What was cut short must not spoil what follows.
            let mut last = [b'\n'];
            if out.seek(SeekFrom::End(0))? > 0 {
                out.seek(SeekFrom::End(-1))?;
                out.read_exact(&mut last)?;
            }
            if last != *b"\n" {
                line.insert(0, '\n');
            }
            out.write_all(line.as_bytes())?;
            out.sync_all()?;
            match is_new {
                true => File::open(folder)?.sync_all(),
                false => Ok(()),
            }
        };
        write().map_err(|error| SourceError::Io {
            what: format!("cannot write the sample to {}", file.display()),
            error,
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let endpoints = match self.endpoints.is_empty() {
            true => &self.around.endpoints,
            false => &self.endpoints,
        };
        let distinct: BTreeSet<String> = endpoints.iter().map(|url| endpoint::shown(url)).collect();
        if distinct.len() < 2 || distinct.len() < endpoints.len() {
            mistakes.push(
                "two endpoints have to agree: name at least two, of different servers, in `endpoints` or in `chain`"
                    .to_owned(),
            );
        }
        if !(1..=MOST_SAMPLES).contains(&self.samples) {
            mistakes.push(format!(
                "`samples`: {} is not within 1 and {MOST_SAMPLES}",
                self.samples
            ));
        } else if duration::seconds(self.window) < SHORTEST_STEP.saturating_mul(self.samples.into()) {
            mistakes.push(format!(
                "`window` is too short for {} samples: they are at least {SHORTEST_STEP} s apart",
                self.samples
            ));
        }
        if self.minimum() > self.samples || self.minimum == Some(0) {
            mistakes.push(format!("`minimum` is not within 1 and the {} samples", self.samples));
        }
        if self.decimals > 28 {
            mistakes.push("`decimals`: a number has at most 28".to_owned());
        }
        for text in self.addresses() {
            // Whose identity it is is not known yet.
            let unknown = template::names(text).iter().any(|name| name == "identity");
            if !unknown && address(text, &template::example()).is_err() {
                mistakes.push(format!("{text:?} is not an address"));
            }
        }
        if let Measure::Accounts { filters, .. } = &self.measure {
            if filters.is_empty() {
                mistakes.push("`filters`: without one every endpoint refuses to count".to_owned());
            }
            let wrong =
                |filter: &&Filter| matches!(filter, Filter::Bytes { bytes, .. } if !is_base58(&super::example(bytes)));
            mistakes.extend(
                filters
                    .iter()
                    .find(wrong)
                    .map(|_| "`bytes` of a filter are base58".to_owned()),
            );
        }
        mistakes
    }

    fn addresses(&self) -> Vec<&str> {
        match &self.measure {
            Measure::TokenAccount(text)
            | Measure::Supply(text)
            | Measure::StakePool(text)
            | Measure::Lamports(text)
            | Measure::Accounts { program: text, .. } => vec![text],
            Measure::Tokens { owner, mint } => vec![owner, mint],
            Measure::Field { account, owner, .. } => [account].into_iter().chain(owner).map(String::as_str).collect(),
        }
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        let mut templates = self.addresses();
        if let Measure::Accounts { filters, .. } = &self.measure {
            templates.extend(filters.iter().filter_map(|filter| match filter {
                Filter::Bytes { bytes, .. } => Some(bytes.as_str()),
                Filter::Size(_) => None,
            }));
        }
        templates
    }
}

impl Filter {
    fn json(&self, scope: &Scope) -> Result<Value, SourceError> {
        Ok(match self {
            Self::Size(size) => json!({ "dataSize": size }),
            Self::Bytes { offset, bytes } => {
                let bytes = fill(bytes, scope)?;
                if !is_base58(&bytes) {
                    return Err(unexpected(format!("{bytes:?} is not base58")));
                }
                json!({ "memcmp": { "offset": offset, "bytes": bytes, "encoding": "base58" } })
            }
        })
    }
}

impl Excerpt {
    fn bytes(&self) -> Result<Vec<u8>, SourceError> {
        hex::decode(&self.data).map_err(|_| unexpected(format!("the data of {} are not hexadecimal", self.address)))
    }

    /// The beginning of a token account.
    fn token_account(&self) -> Result<Vec<u8>, SourceError> {
        let data = self.bytes()?;
        // Behind an account with extensions its kind stands: 2.
        let is_one = self.is_of_tokens() && (self.len == TOKEN_ACCOUNT || data.get(TOKEN_ACCOUNT) == Some(&2));
        // Initialized, or frozen.
        match is_one && matches!(data.get(108), Some(1 | 2)) {
            true => Ok(data),
            false => Err(unexpected(format!("{} is no token account", self.address))),
        }
    }

    /// The beginning of a mint.
    fn mint(&self) -> Result<Vec<u8>, SourceError> {
        let data = self.bytes()?;
        // Behind a mint with extensions its kind stands: 1.
        let is_one = self.is_of_tokens() && (self.len == MINT || data.get(TOKEN_ACCOUNT) == Some(&1));
        match is_one && data.get(45) == Some(&1) {
            true => Ok(data),
            false => Err(unexpected(format!("{} is no mint", self.address))),
        }
    }

    fn is_of_tokens(&self) -> bool {
        TOKEN_PROGRAMS.contains(&self.owner) && self.offset == 0
    }
}

fn excerpt(address: Pubkey, account: &Account, offset: usize, most: usize) -> Excerpt {
    let data = account.data.get(offset..).unwrap_or_default();
    Excerpt {
        address,
        owner: account.owner,
        lamports: account.lamports,
        len: account.data.len(),
        offset,
        data: hex::encode(data.get(..most).unwrap_or(data)),
    }
}

/// The one account, which has to be there.
fn only(address: Pubkey, accounts: &[Excerpt]) -> Result<&Excerpt, SourceError> {
    match accounts {
        [account] if account.address == address => Ok(account),
        [] => Err(no_data(format!("there is no account {address}"))),
        _ => Err(unexpected("the sample is of another account")),
    }
}

fn integer(data: &[u8], offset: usize, kind: Integer) -> Result<i128, SourceError> {
    let end = offset.saturating_add(kind.width());
    let number = data.get(offset..end).and_then(|bytes| kind.read(bytes));
    number.ok_or_else(|| unexpected("the account does not hold such a number"))
}

fn address(text: &str, scope: &Scope) -> Result<Pubkey, SourceError> {
    let text = fill(text, scope)?;
    text.parse()
        .map_err(|_| unexpected(format!("{:?} is not an address", shortened(&text, 60))))
}

fn is_base58(text: &str) -> bool {
    let letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    (1..=175).contains(&text.len()) && text.chars().all(|letter| letters.contains(letter))
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing,
        axum::{Router, extract::State, routing::post},
        base64::{Engine, prelude::BASE64_STANDARD},
        proptest::prelude::*,
        solana_commitment_config::CommitmentLevel,
        solana_program::sysvar,
        std::{
            collections::HashMap,
            fs,
            sync::{Arc, Mutex},
        },
        tokio::net::TcpListener,
    };

    const ACCOUNT: Pubkey = Pubkey::new_from_array([7; 32]);
    const OTHER: Pubkey = Pubkey::new_from_array([8; 32]);
    const OWNER: Pubkey = Pubkey::new_from_array([9; 32]);
    const THE_MINT: Pubkey = Pubkey::new_from_array([10; 32]);

    /// What an endpoint shows, and what it says in the place of its answer.
    #[derive(Default)]
    struct World {
        time: i64,
        accounts: HashMap<Pubkey, Account>,
        instead: Option<&'static str>,
    }

    type Node = Arc<Mutex<World>>;

    fn shown(account: &Account) -> Value {
        json!({
            "owner": account.owner.to_string(), "lamports": account.lamports, "executable": false, "rentEpoch": 0,
            "data": [BASE64_STANDARD.encode(&account.data), "base64"],
        })
    }

    async fn answer(State(node): State<Node>, body: String) -> String {
        let asked: Value = serde_json::from_str(&body).unwrap();
        let world = node.lock().unwrap();
        if let Some(instead) = world.instead {
            return instead.replace("ID", &asked["id"].to_string());
        }
        let filters = asked["params"][1]["filters"].as_array().cloned().unwrap_or_default();
        let passes = |account: &Account| {
            filters.iter().all(|filter| match filter["dataSize"].as_u64() {
                Some(size) => account.data.len() as u64 == size,
                None => {
                    let offset = usize::try_from(filter["memcmp"]["offset"].as_u64().unwrap()).unwrap();
                    let bytes: Pubkey = filter["memcmp"]["bytes"].as_str().unwrap().parse().unwrap();
                    account.data.get(offset..offset + 32) == Some(bytes.as_ref())
                }
            })
        };
        let keyed = |wanted: &dyn Fn(&Account) -> bool| {
            let found = world.accounts.iter().filter(|(_, account)| wanted(account));
            found
                .map(|(key, account)| json!({ "pubkey": key.to_string(), "account": shown(account) }))
                .collect::<Vec<_>>()
        };
        let value = match asked["method"].as_str().unwrap() {
            "getMultipleAccounts" => {
                let keys = asked["params"][0].as_array().unwrap();
                let found = keys.iter().map(|key| {
                    let key: Pubkey = key.as_str().unwrap().parse().unwrap();
                    if key == sysvar::clock::ID {
                        let mut data = vec![0; 40];
                        data[32..].copy_from_slice(&world.time.to_le_bytes());
                        let clock = Account {
                            owner: sysvar::ID,
                            lamports: 1,
                            data,
                        };
                        return shown(&clock);
                    }
                    world.accounts.get(&key).map_or(Value::Null, shown)
                });
                found.collect::<Vec<_>>()
            }
            "getTokenAccountsByOwner" => {
                let owner: Pubkey = asked["params"][0].as_str().unwrap().parse().unwrap();
                keyed(&|account| account.data.get(32..64) == Some(owner.as_ref()))
            }
            "getProgramAccounts" => {
                assert_eq!(asked["params"][1]["withContext"], true);
                let program: Pubkey = asked["params"][0].as_str().unwrap().parse().unwrap();
                keyed(&|account| account.owner == program && passes(account))
            }
            method => panic!("{method}"),
        };
        let result = json!({ "context": { "slot": world.time / 2 }, "value": value });
        json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }).to_string()
    }

    async fn node() -> (String, Node) {
        let node = Node::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a-key-of-the-operator", listener.local_addr().unwrap());
        let router = Router::new().fallback(post(answer)).with_state(node.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, node)
    }

    /// Endpoints of the same chain, and a folder for the samples.
    struct Chain {
        urls: Vec<String>,
        nodes: Vec<Node>,
        folder: tempfile::TempDir,
    }

    impl Chain {
        async fn new(count: usize) -> Self {
            let mut chain = Self {
                urls: Vec::new(),
                nodes: Vec::new(),
                folder: tempfile::tempdir().unwrap(),
            };
            for _ in 0..count {
                let (url, node) = node().await;
                chain.urls.push(url);
                chain.nodes.push(node);
            }
            chain
        }

        fn source(&self, more: &str) -> Solana {
            let mut source: Solana = toml::from_str(more).unwrap();
            source.around = Surroundings {
                state: self.folder.path().to_owned(),
                endpoints: self.urls.clone(),
                ..Surroundings::default()
            };
            source
        }

        fn at(&self, time: i64) {
            self.nodes.iter().for_each(|node| node.lock().unwrap().time = time);
        }

        fn set(&self, address: Pubkey, owner: Pubkey, lamports: u64, data: &[u8]) {
            self.nodes
                .iter()
                .for_each(|node| set(node, address, owner, lamports, data));
        }
    }

    fn set(node: &Node, address: Pubkey, owner: Pubkey, lamports: u64, data: &[u8]) {
        let account = Account {
            owner,
            lamports,
            data: data.to_vec(),
        };
        node.lock().unwrap().accounts.insert(address, account);
    }

    fn lamports(more: &str) -> String {
        format!("measure = {{ lamports = '{ACCOUNT}' }}\ndecimals = 9\n{more}")
    }

    fn scope() -> Scope {
        Scope {
            grant: None,
            ..testing::scope()
        }
    }

    /// When the sample of this number is due, of twelve in the last hour.
    fn time_of(number: i64) -> i64 {
        scope().end - 3_600 + number * 300
    }

    fn text(observed: Result<Observation, SourceError>) -> Result<String, String> {
        observed
            .map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_median_of_samples_at_fixed_times_counts_and_survives_a_restart() {
        let chain = Chain::new(2).await;
        for number in 0..12 {
            // A process of its own each time.
            let source = chain.source(&lamports(""));
            // A loan in the block of one sample.
            let amount = if number == 5 {
                900
            } else {
                100 + u64::try_from(number).unwrap()
            };
            chain.set(ACCOUNT, OWNER, amount * 1_000_000_000, &[]);
            for late in [0, 17, 299] {
                let now = time_of(number) + late;
                chain.at(now);
                assert_eq!(
                    source.sample(&scope(), now).await.unwrap(),
                    late == 0,
                    "{number} {late}"
                );
            }
        }
        let source = chain.source(&lamports(""));
        for outside in [time_of(0) - 1, scope().end, 0] {
            assert!(!source.sample(&scope(), outside).await.unwrap());
        }
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(parts.len(), 12);
        assert_eq!(text(source.read(&scope(), &parts)).unwrap(), "106");
        let read = source.read(&scope(), &parts).unwrap();
        assert_eq!(read.observed_at, Some(time_of(11)));
        // From the evidence alone, which names no key of the operator's.
        let stored = serde_json::to_string(&(&source, &parts)).unwrap();
        assert!(!stored.contains("a-key"), "{stored}");
        let (again, parts): (Solana, Vec<Part>) = serde_json::from_str(&stored).unwrap();
        assert_eq!(text(again.read(&scope(), &parts)).unwrap(), "106");
        // Another period, another grant or another question has samples of its own.
        let other = Scope {
            end: scope().end + 1,
            ..scope()
        };
        assert!(source.taken(&other).unwrap().is_empty());
        assert!(source.taken(&testing::scope()).unwrap().is_empty());
        let supply = chain.source(&format!("measure = {{ supply = '{ACCOUNT}' }}"));
        assert!(supply.taken(&scope()).unwrap().is_empty());
    }

    #[tokio::test]
    async fn without_enough_samples_the_value_is_held() {
        let chain = Chain::new(2).await;
        let source = chain.source(&lamports(""));
        chain.set(ACCOUNT, OWNER, 5_000_000_000, &[]);
        let error = source.fetch(&scope()).await.unwrap_err().to_string();
        assert!(
            error.contains("0 of 12 samples") && error.contains("now it is 5"),
            "{error}"
        );
        for number in 0..8 {
            chain.at(time_of(number));
            assert!(source.sample(&scope(), time_of(number)).await.unwrap());
        }
        let error = source.fetch(&scope()).await.unwrap_err().to_string();
        assert!(
            error.contains("8 of 12 samples") && error.contains("9 are needed"),
            "{error}"
        );
        let fewer = chain.source(&lamports("minimum = 8"));
        let parts = fewer.fetch(&scope()).await.unwrap();
        assert_eq!(text(fewer.read(&scope(), &parts)).unwrap(), "5");
        assert!(
            text(source.read(&scope(), &parts))
                .unwrap_err()
                .contains("9 are needed")
        );
    }

    #[tokio::test]
    async fn endpoints_that_do_not_agree_give_no_sample() {
        let chain = Chain::new(3).await;
        let source = chain.source(&lamports(""));
        chain.at(time_of(0));
        for (node, amount) in chain.nodes.iter().zip([1, 2, 3]) {
            set(node, ACCOUNT, OWNER, amount, &[]);
        }
        let error = source.sample(&scope(), time_of(0)).await.unwrap_err().to_string();
        assert!(error.contains("do not agree"), "{error}");
        assert!(source.taken(&scope()).unwrap().is_empty());
        // Two of three do.
        set(&chain.nodes[2], ACCOUNT, OWNER, 1, &[]);
        assert!(source.sample(&scope(), time_of(0)).await.unwrap());
        let taken = source.taken(&scope()).unwrap();
        assert_eq!(taken[&0].seen.len(), 2);
        // One that shows nothing is no second one, nor is one that is behind.
        chain.nodes[2].lock().unwrap().accounts.clear();
        chain.at(time_of(1));
        chain.nodes[1].lock().unwrap().time = time_of(1) - 1;
        let error = source.sample(&scope(), time_of(1)).await.unwrap_err().to_string();
        assert!(
            error.contains("there is no account") && error.contains("not within the time"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_hostile_endpoint_decides_nothing() {
        let clock =
            "{\"owner\":\"Sysvar1111111111111111111111111111111111111\",\"lamports\":1,\"data\":[\"AAAA\",\"base64\"]}";
        let clock: &'static str = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{{\"context\":{{\"slot\":5}},\"value\":[null,{clock}]}}}}"
        )
        .leak();
        let all = [
            "<html>busy</html>",
            "",
            "{}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":null}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"error\":{\"code\":-32005,\"message\":\"behind\"}}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"value\":[null,null]}}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"context\":{\"slot\":-1},\"value\":[null,null]}}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"context\":{\"slot\":5},\"value\":[]}}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"context\":{\"slot\":5},\"value\":[null,null]}}",
            "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"context\":{\"slot\":5},\"value\":[7,7]}}",
            clock,
        ];
        let chain = Chain::new(1).await;
        chain.set(ACCOUNT, OWNER, 5, &[]);
        chain.at(time_of(0));
        // All at once, because some of them are asked again for a while.
        let asked = all.map(|instead| async move {
            let (url, hostile) = node().await;
            hostile.lock().unwrap().instead = Some(instead);
            let source: Solana = toml::from_str(&lamports("")).unwrap();
            let clients = clients(&[url], CommitmentLevel::Confirmed);
            let error = source.ask_one(&clients[0], &scope()).await.unwrap_err().to_string();
            assert!(
                error.contains("http://127.0.0.1:") && !error.contains("a-key"),
                "{instead}: {error}"
            );
        });
        join_all(asked).await;
        let (url, hostile) = node().await;
        hostile.lock().unwrap().instead = Some(all[5]);
        let mut source = chain.source(&lamports(""));
        source.around.endpoints.push(url);
        let error = source.sample(&scope(), time_of(0)).await.unwrap_err().to_string();
        assert!(error.contains("two endpoints have to agree, and 1 answered"), "{error}");
    }

    /// `docs/recipes/solana-treasury.toml`.
    #[tokio::test]
    async fn the_recipe_measures_a_treasury_and_a_supply() {
        #[derive(Deserialize)]
        struct Configuration {
            feed: Vec<crate::measure::Feed>,
        }
        let chain = Chain::new(3).await;
        let mut token = [0; TOKEN_ACCOUNT];
        token[..32].copy_from_slice(THE_MINT.as_ref());
        token[32..64].copy_from_slice(OWNER.as_ref());
        token[64..72].copy_from_slice(&1_234_567_890_000u64.to_le_bytes());
        token[108] = 1;
        let mut mint = [0; MINT];
        mint[36..44].copy_from_slice(&987_654_321_000_000_000u64.to_le_bytes());
        mint[45] = 1;
        let [classic, _] = TOKEN_PROGRAMS;
        chain.set(ACCOUNT, classic, 1, &token);
        chain.set(THE_MINT, classic, 1, &mint);
        let text = include_str!("../../../../../docs/recipes/solana-treasury.toml")
            .replace("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", &THE_MINT.to_string())
            .replace(
                "owner = \"REPLACE-WITH-THE-ADDRESS-OF-AN-ACCOUNT",
                &format!("owner = \"{OWNER}"),
            )
            .replace("REPLACE-WITH-THE-ADDRESS-OF-AN-ACCOUNT", &THE_MINT.to_string())
            .replace("REPLACE-WITH-THE-ADDRESS-OF-THE-PLAN", &OTHER.to_string());
        let feeds = toml::from_str::<Configuration>(&text).unwrap().feed;
        for (feed, expected) in feeds.into_iter().zip(["1234567.89", "987.654321"]) {
            let Some(crate::measure::Source::Solana(source)) = feed.sources.into_iter().next() else {
                panic!("{} is of another type", feed.id);
            };
            let mut source = source;
            assert_eq!(source.endpoints.len(), 3);
            source.endpoints.clear();
            source.around = chain.source(&lamports("")).around;
            let error = source
                .fetch(&scope())
                .await
                .and_then(|parts| source.read(&scope(), &parts));
            assert!(error.is_err(), "nothing was sampled");
            let step = i64::try_from(source.window.as_secs()).unwrap() / 12;
            for number in 0..12 {
                let now = scope().end - (12 - number) * step;
                chain.at(now);
                assert!(source.sample(&scope(), now).await.unwrap(), "{number}");
            }
            let parts = source.fetch(&scope()).await.unwrap();
            assert_eq!(self::text(source.read(&scope(), &parts)).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn every_measure_reads_what_it_says() {
        let chain = Chain::new(2).await;
        let token = |amount: u64, state: u8, more: &[u8]| {
            let mut data = [0; TOKEN_ACCOUNT];
            data[..32].copy_from_slice(THE_MINT.as_ref());
            data[32..64].copy_from_slice(OWNER.as_ref());
            data[64..72].copy_from_slice(&amount.to_le_bytes());
            data[108] = state;
            [&data, more].concat()
        };
        let mut mint = [0; MINT];
        mint[36..44].copy_from_slice(&u64::MAX.to_le_bytes());
        mint[45] = 1;
        let mut pool = [0; 611];
        pool[0] = 1;
        pool[POOL_TOTAL..POOL_TOTAL + 8].copy_from_slice(&7_250_000_000u64.to_le_bytes());
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        let [classic, extended] = TOKEN_PROGRAMS;
        chain.set(ACCOUNT, classic, 1, &token(1_500_000, 1, &[]));
        chain.set(OTHER, extended, 1, &token(250_000, 2, &[2, 0, 0]));
        chain.set(THE_MINT, classic, 1, &mint);
        chain.set(key(20), STAKE_POOL_PROGRAM, 1, &pool);
        chain.set(key(21), OWNER, 3_000_000_000, &(-5i64).to_le_bytes());
        // What only looks like one.
        chain.set(key(30), OWNER, 1, &token(1, 1, &[]));
        chain.set(key(31), classic, 1, &token(1, 0, &[]));
        chain.set(key(32), extended, 1, &token(1, 1, &[1, 0]));
        chain.set(key(33), OWNER, 1, &pool);
        let value = |measure: String| {
            let source = chain.source(&measure);
            async move {
                let asked = source.ask(&scope(), None).await;
                asked
                    .map(|(value, _)| value.to_string())
                    .map_err(|error| error.to_string())
            }
        };
        for (measure, number) in [
            (format!("measure.token-account = '{ACCOUNT}'\ndecimals = 6"), "1.5"),
            (format!("measure.token-account = '{OTHER}'"), "250000"),
            (
                format!("measure.supply = '{THE_MINT}'\ndecimals = 9"),
                "18446744073.709551615",
            ),
            (format!("measure.stake-pool = '{}'\ndecimals = 9", key(20)), "7.25"),
            (format!("measure.lamports = '{}'\ndecimals = 9", key(21)), "3"),
            (
                format!(
                    "measure.field = {{ account = '{}', offset = 0, kind = 'i64', owner = '{OWNER}' }}",
                    key(21)
                ),
                "-5",
            ),
            (
                format!("measure.field = {{ account = '{}', offset = 1, kind = 'u8' }}", key(21)),
                "255",
            ),
            (
                format!("measure.accounts = {{ program = '{classic}', filters = [{{ size = {TOKEN_ACCOUNT} }}] }}"),
                "2",
            ),
            (
                format!(
                    "measure.accounts = {{ program = '{extended}', filters = [{{ bytes = {{ offset = 0, bytes = '{THE_MINT}' }} }}] }}"
                ),
                "2",
            ),
        ] {
            assert_eq!(value(measure.clone()).await.unwrap(), number, "{measure}");
        }
        for address in [THE_MINT, key(30), key(31), key(32)] {
            let error = value(format!("measure.token-account = '{address}'")).await.unwrap_err();
            assert!(error.contains("is no token account"), "{address}: {error}");
        }
        for (measure, part) in [
            (format!("measure.supply = '{ACCOUNT}'"), "no mint"),
            (format!("measure.stake-pool = '{}'", key(33)), "no stake pool"),
            (format!("measure.lamports = '{}'", key(99)), "there is no account"),
            (
                format!(
                    "measure.field = {{ account = '{}', offset = 1, kind = 'i64' }}",
                    key(21)
                ),
                "does not end within",
            ),
            (
                format!(
                    "measure.field = {{ account = '{}', offset = 0, kind = 'i64', owner = '{OTHER}' }}",
                    key(21)
                ),
                "is owned by",
            ),
            // The endpoint lists what is no token account of the owner for the mint.
            (
                format!("measure.tokens = {{ owner = '{OWNER}', mint = '{THE_MINT}' }}"),
                "no token account",
            ),
        ] {
            let error = value(measure.clone()).await.unwrap_err();
            assert!(error.contains(part), "{measure}: {error}");
        }
        for node in &chain.nodes {
            let mut world = node.lock().unwrap();
            for byte in [30, 31, 32] {
                world.accounts.remove(&key(byte));
            }
        }
        let tokens = format!("measure.tokens = {{ owner = '{OWNER}', mint = '{THE_MINT}' }}");
        assert_eq!(value(tokens).await.unwrap(), "1750000");
        let nobody = format!("measure.tokens = {{ owner = '{OTHER}', mint = '{THE_MINT}' }}");
        assert_eq!(
            value(nobody).await.unwrap(),
            "0",
            "who has no token account has no tokens"
        );
        let another = format!("measure.tokens = {{ owner = '{OWNER}', mint = '{OTHER}' }}");
        assert!(value(another).await.unwrap_err().contains("another owner or mint"));
    }

    #[tokio::test]
    async fn what_was_cut_short_is_no_sample_and_spoils_no_other() {
        let chain = Chain::new(2).await;
        let source = chain.source(&lamports(""));
        chain.set(ACCOUNT, OWNER, 5, &[]);
        for number in 0..2 {
            chain.at(time_of(number));
            source.sample(&scope(), time_of(number)).await.unwrap();
        }
        let file = source.file(&scope()).unwrap();
        let whole = fs::read_to_string(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 20]).unwrap();
        assert_eq!(source.taken(&scope()).unwrap().len(), 1);
        assert!(source.sample(&scope(), time_of(1)).await.unwrap());
        assert_eq!(source.taken(&scope()).unwrap().len(), 2);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn evidence_that_was_changed_gives_no_value() {
        let chain = Chain::new(2).await;
        let source = chain.source(&lamports("samples = 2\nminimum = 2\nwindow = '10m'"));
        chain.set(ACCOUNT, OWNER, 5, &[]);
        for time in [scope().end - 600, scope().end - 300] {
            chain.at(time);
            assert!(source.sample(&scope(), time).await.unwrap());
        }
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(text(source.read(&scope(), &parts)).unwrap(), "0.000000005");
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut parts = parts.clone();
            let mut sample: Value = serde_json::from_str(parts[0].body.text().unwrap()).unwrap();
            change(&mut sample);
            parts[0].body = super::super::Body::Text(sample.to_string());
            parts[0].number = None;
            text(source.read(&scope(), &parts))
        };
        assert!(changed(&|_| ()).is_ok());
        type Change<'a> = &'a dyn Fn(&mut Value);
        let all: [(Change<'_>, &str); 8] = [
            (&|sample| sample["number"] = 1.into(), "not within the time"),
            (&|sample| sample["number"] = 2.into(), "no such time"),
            (
                &|sample| sample["seen"][1]["time"] = scope().end.into(),
                "not within the time",
            ),
            (
                &|sample| sample["seen"][1]["endpoint"] = sample["seen"][0]["endpoint"].clone(),
                "several endpoints",
            ),
            (
                &|sample| drop(sample["seen"].as_array_mut().unwrap().pop()),
                "several endpoints",
            ),
            (
                &|sample| sample["seen"][1]["found"]["accounts"][0]["lamports"] = 6.into(),
                "do not agree",
            ),
            (
                &|sample| sample["seen"][1]["found"]["accounts"][0]["address"] = OTHER.to_string().into(),
                "of another account",
            ),
            (
                &|sample| sample["seen"][1]["found"] = json!({ "count": { "count": 5, "sha256": "" } }),
                "something else",
            ),
        ];
        for (change, part) in all {
            let error = changed(change).unwrap_err();
            assert!(error.contains(part), "{part}: {error}");
        }
        let twice = [parts[0].clone(), parts[0].clone()];
        assert!(text(source.read(&scope(), &twice)).unwrap_err().contains("twice"));
        let mut number = parts.clone();
        number[0].number = Some("7".to_owned());
        assert!(
            text(source.read(&scope(), &number))
                .unwrap_err()
                .contains("number beside")
        );
    }

    /// What an endpoint, or somebody who publishes evidence, can write.
    fn found() -> impl Strategy<Value = Found> {
        let key = prop_oneof![Just(ACCOUNT), Just(OTHER)];
        let owner = prop_oneof![Just(TOKEN_PROGRAMS[0]), Just(STAKE_POOL_PROGRAM), Just(OWNER)];
        let len = prop_oneof![Just(TOKEN_ACCOUNT), Just(MINT), any::<usize>()];
        let data = prop_oneof![
            "[0-9a-fg]{0,20}",
            prop::collection::vec(any::<u8>(), 0..300).prop_map(hex::encode),
        ];
        let excerpt = (key, owner, any::<u64>(), len, any::<usize>(), data);
        let excerpt = excerpt.prop_map(|(address, owner, lamports, len, offset, data)| Excerpt {
            address,
            owner,
            lamports,
            len,
            offset: if offset % 2 == 0 { 0 } else { offset },
            data,
        });
        prop_oneof![
            prop::collection::vec(excerpt, 0..3).prop_map(Found::Accounts),
            any::<u64>().prop_map(|count| Found::Count {
                count,
                sha256: String::new()
            }),
        ]
    }

    fn measures() -> Vec<Solana> {
        let measure = |text: String| toml::from_str(&format!("measure = {{ {text} }}\ndecimals = 6")).unwrap();
        [
            format!("token-account = '{ACCOUNT}'"),
            format!("tokens = {{ owner = '{OWNER}', mint = '{THE_MINT}' }}"),
            format!("supply = '{ACCOUNT}'"),
            format!("stake-pool = '{ACCOUNT}'"),
            format!("lamports = '{ACCOUNT}'"),
            format!("field = {{ account = '{ACCOUNT}', offset = 3, kind = 'u128' }}"),
            format!("accounts = {{ program = '{OWNER}' }}"),
        ]
        .map(measure)
        .to_vec()
    }

    proptest! {
        #[test]
        fn whatever_was_found_is_a_number_or_an_error(found in found()) {
            for source in measures() {
                let _ = source.value(&scope(), &found);
            }
        }

        #[test]
        fn whatever_stands_in_evidence_is_a_number_or_an_error(text in ".{0,200}", number: u32, time: i64, found in found()) {
            let seen = |endpoint: &str| Seen { endpoint: endpoint.to_owned(), slot: 1, time, found: found.clone() };
            let sample = Sample { number, seen: vec![seen("a"), seen("b")] };
            let parts = [testing::answer(&text), testing::answer(&serde_json::to_string(&sample).unwrap())].concat();
            let scopes = [scope(), Scope { start: i64::MIN, end: i64::MAX, ..scope() }, Scope { start: 5, end: 5, ..scope() }];
            for source in measures() {
                for scope in &scopes {
                    prop_assert!(source.read(scope, &parts[..1]).is_err());
                    let _ = source.read(scope, &parts[1..]);
                    let _ = source.due(scope, time);
                }
            }
        }
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        let of = |text: &str| {
            let mut source: Solana = toml::from_str(text).unwrap();
            source.around.endpoints = vec!["https://a.test".to_owned()];
            source.mistakes()
        };
        let two = "endpoints = ['https://a.test/key', 'https://b.test']\n";
        let good = format!("{two}measure.lamports = '{ACCOUNT}'");
        assert_eq!(of(&good), Vec::<String>::new());
        for (text, part) in [
            (format!("measure.lamports = '{ACCOUNT}'"), "name at least two"),
            (
                format!("endpoints = ['https://a.test/1', 'https://a.test/2']\nmeasure.lamports = '{ACCOUNT}'"),
                "of different servers",
            ),
            (format!("{good}\nsamples = 0\nminimum = 0"), "`samples`"),
            (format!("{good}\nsamples = 241\nwindow = '1d'"), "`samples`"),
            (format!("{good}\nwindow = '119s'"), "`window`"),
            (format!("{good}\nminimum = 13"), "`minimum`"),
            (format!("{good}\ndecimals = 29"), "`decimals`"),
            (format!("{two}measure.lamports = 'abc'"), "not an address"),
            (
                format!("{two}measure.accounts = {{ program = '{ACCOUNT}' }}"),
                "`filters`",
            ),
            (
                format!(
                    "{two}measure.accounts = {{ program = '{ACCOUNT}', filters = [{{ bytes = {{ offset = 0, bytes = '0' }} }}] }}"
                ),
                "base58",
            ),
        ] {
            let mistakes = of(&text);
            assert!(
                !mistakes.is_empty() && mistakes[0].contains(part),
                "{text}: {mistakes:?}"
            );
        }
        for text in [
            "measure.lamports = '{beneficiary}'",
            "measure.lamports = '{identity}'",
            "measure.tokens = { owner = '{beneficiary}', mint = '11111111111111111111111111111111' }",
        ] {
            assert_eq!(of(&format!("{two}{text}")), Vec::<String>::new(), "{text}");
        }
        for wrong in [
            "measure.colour = 'a'",
            "measure.field = { account = 'a', offset = 0, kind = 'f64' }",
            "",
        ] {
            assert!(toml::from_str::<Solana>(wrong).is_err(), "{wrong}");
        }
    }
}
