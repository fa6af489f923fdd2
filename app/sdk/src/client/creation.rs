//! Creating the plan of a plan file: what the chain has is compared with what the file says, and what is missing is
//! sent. What is left is always read from the chain, so that a creation that was interrupted goes on where it stopped.

use {
    super::{
        ClientError, owned, read,
        token::{Mint, TokenError, Transfer, TransferError, holding, holding_of},
    },
    crate::{
        send::{
            Version,
            packing::{self, Cost, Envelope, Group, TooLarge},
        },
        terms::{
            self,
            plan_file::{Check, Difference, Mistake, Mistakes, PlanFile, read_text},
        },
        text::amount,
        wire::{accounts, instructions, pda},
    },
    anchor_lang::error::Error as ProgramError,
    earnout::{
        state::{Plan, PlanStatus},
        token::{check_mint, check_treasury, require_token_program},
    },
    solana_account::Account,
    solana_program::{instruction::Instruction, pubkey::Pubkey, sysvar},
    solana_system_interface::program::ID as SYSTEM_PROGRAM,
    std::{
        fmt::Display,
        path::{Path, PathBuf},
    },
    thiserror::Error,
};

/// More than any instruction of a plan's creation takes of a transaction (`docs/compute-units.md`).
const COST: Cost = Cost {
    units: 100_000,
    calls: 8,
};

/// A plan that shall be on the chain as its file says.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The file, as far as it can be checked without a chain.
    pub file: PlanFile,
    /// Who creates the plan and is its authority.
    pub authority: Pubkey,
    /// Who pays fees and rent.
    pub payer: Pubkey,
    /// Whether the terms are frozen when all KPIs are there.
    pub activate: bool,
    /// What is to be moved into the vault.
    pub fund: Option<Funding>,
    /// Form of the transactions.
    pub version: Version,
    path: PathBuf,
    text: String,
}

/// Tokens for the vault of a plan that is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funding {
    /// How much has to have been funded in all, base units; none for all that the source holds.
    pub amount: Option<u64>,
    /// Token account that pays; none for the authority's associated account.
    pub source: Option<Pubkey>,
}

/// How far a creation is.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The plan's address.
    pub address: Pubkey,
    /// The plan as the chain has it, if it does.
    pub plan: Option<Plan>,
    /// The plan's token.
    pub mint: Mint,
    /// The treasury's token account.
    pub treasury: Pubkey,
    /// What is left to be done, as orders for people.
    pub steps: Vec<String>,
    /// The same, in as few transactions as it fits into.
    pub transactions: Vec<Transaction>,
}

/// Steps that go out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What it does, for people.
    pub what: String,
    /// How it does that.
    pub instructions: Vec<Instruction>,
}

/// Why a plan cannot be created. Nothing was sent because of it. `E` is why an account could not be read.
#[derive(Debug, Error)]
pub enum CreationError<E: Display> {
    /// An account cannot be read.
    #[error("{0}")]
    Read(E),
    /// An account holds something else.
    #[error(transparent)]
    Account(#[from] ClientError),
    /// The program refuses the terms, although they were checked.
    #[error("{}", terms::message(.0))]
    Program(ProgramError),
    /// What the file says is not so on the chain.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// There was such a plan once.
    #[error("the plan number {plan_id} was closed: its address {address} can never be used again")]
    Closed {
        /// Number of the plan.
        plan_id: u64,
        /// Its address.
        address: Pubkey,
    },
    /// There is such a plan, and this file does not make it.
    #[error("the plan number {plan_id} exists with other terms: {}", told(.differences))]
    Differs {
        /// Number of the plan.
        plan_id: u64,
        /// At least one.
        differences: Vec<Difference>,
    },
    /// The token, or the source of the funds.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The source holds less than it should pay.
    #[error("{source_account} holds less than {missing}: its balance is {balance}")]
    TooLittle {
        /// The token account.
        source_account: Pubkey,
        /// What it should pay, as it is shown.
        missing: String,
        /// What it holds, as it is shown.
        balance: String,
    },
    /// The funding transfer.
    #[error(transparent)]
    Transfer(#[from] TransferError<E>),
    /// The plan does not fit into transactions.
    #[error("the plan does not fit into a transaction: {0}")]
    TooLarge(#[from] TooLarge),
}

impl<E: Display> From<ProgramError> for CreationError<E> {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

/// The first difference in full, and the names of the others.
pub fn told(differences: &[Difference]) -> String {
    let [first, others @ ..] = differences else {
        return String::new();
    };
    let Difference {
        field,
        line,
        on_chain,
        in_file,
    } = first;
    let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
    let names: Vec<&str> = others.iter().map(|difference| difference.field.as_str()).collect();
    let others = match others.len() {
        0 => String::new(),
        1 => format!("; 1 more differs: {}", names.join(", ")),
        count => format!("; {count} more differ: {}", names.join(", ")),
    };
    format!("{field}{line} is {on_chain} on the chain and {in_file} in the file{others}")
}

/// Steps with what they take, while they are collected.
#[derive(Default)]
struct Left {
    steps: Vec<String>,
    groups: Vec<Group>,
}

impl Left {
    fn add(&mut self, what: impl ToString, instructions: Vec<Instruction>) {
        self.steps.push(what.to_string());
        self.groups.push(Group {
            instructions,
            cost: COST,
        });
    }

    /// The steps in as few transactions as they fit in.
    fn transactions(&self, version: Version, payer: &Pubkey) -> Result<Vec<Transaction>, TooLarge> {
        let envelope = Envelope {
            version,
            payer: *payer,
            // Whether they have a price is for the sender to say.
            priced: true,
            spare: 0,
        };
        let packed = packing::pack(&envelope, &self.groups)?.into_iter().map(|packed| {
            let groups = self.groups.get(packed.groups.clone()).unwrap_or_default();
            Transaction {
                what: self.steps.get(packed.groups).unwrap_or_default().join(", "),
                instructions: groups.iter().flat_map(|group| group.instructions.clone()).collect(),
            }
        });
        Ok(packed.collect())
    }
}

impl Creation {
    /// The plan of the file at `path`, made and paid by `authority`, which stays an unfunded draft. Everything that
    /// needs no chain is checked.
    ///
    /// # Errors
    /// All mistakes in the file.
    pub fn read(path: &Path, authority: Pubkey) -> Result<Self, Mistakes> {
        let text = read_text(path)?;
        Ok(Self {
            file: PlanFile::parse(&text, path, &Check::comparison(authority))?,
            authority,
            payer: authority,
            activate: false,
            fund: None,
            version: Version::Zero,
            path: path.to_path_buf(),
            text,
        })
    }

    /// Reads the chain, compares it with the file, and says what is left to be done. `read` reads the account at an
    /// address.
    ///
    /// # Errors
    /// If the chain does not let the plan become as the file says.
    pub async fn look<E: Display>(
        &self,
        read: impl AsyncFn(Pubkey) -> Result<Option<Account>, E>,
    ) -> Result<Standing, CreationError<E>> {
        let file = &self.file;
        let account = async |address: Pubkey| read(address).await.map_err(CreationError::Read);
        let address = pda::plan(&self.authority, file.terms.plan_id);
        let plan = self.plan(&address, account(address).await?)?;
        let is_active = match &plan {
            Some(plan) => plan.status()? == PlanStatus::Active,
            None => false,
        };
        if !is_active {
            // What has begun can never be activated.
            let clock = account(sysvar::clock::ID).await?.as_ref().and_then(read::clock);
            let clock = clock.ok_or_else(|| ClientError::Unreadable("the clock".to_owned()))?;
            let check = Check::creation(self.authority, clock.unix_timestamp);
            PlanFile::parse(&self.text, &self.path, &check)?;
        }
        let mint = file.token.mint.unwrap_or_default();
        let mint = self.mint(&mint, account(mint).await?)?;
        let stated = file.roles.treasury.as_ref().and_then(|treasury| treasury.key);
        let stated = stated.unwrap_or_default();
        let is_held = account(stated).await?;
        let is_held = is_held.is_some_and(|account| require_token_program(&account.owner).is_ok());
        let treasury = match is_held {
            true => stated,
            false => pda::associated_token_account(&stated, &mint.address, &mint.program),
        };
        let is_missing = self.is_treasury_missing(&address, &mint, &treasury, account(treasury).await?.as_ref())?;
        if let Some(plan) = &plan {
            self.compare(plan, &mint, &treasury)?;
        } else {
            self.check_supply(&mint)?;
        }
        let wallet = (is_missing && !is_held).then_some(stated);
        let mut left = self.terms_left(plan.as_ref(), &mint, &treasury, wallet);
        if let Some(fund) = &self.fund {
            let funded = plan.as_ref().map_or(0, |plan| plan.funded_total);
            self.funding(fund, funded, &mint, &read, &mut left).await?;
        }
        Ok(Standing {
            address,
            plan,
            mint,
            treasury,
            transactions: left.transactions(self.version, &self.payer)?,
            steps: left.steps,
        })
    }

    /// A mistake of the file that only the chain shows.
    fn mistake(&self, field: &str, what: String) -> Mistakes {
        Mistakes {
            file: self.path.clone(),
            mistakes: vec![Mistake {
                line: self.file.line(field),
                field: field.to_owned(),
                what,
            }],
        }
    }

    /// The plan of this number, if there is one already.
    fn plan<E: Display>(&self, address: &Pubkey, account: Option<Account>) -> Result<Option<Plan>, CreationError<E>> {
        // Lamports that somebody sent to the address are not a plan.
        let Some(account) = account.filter(|account| account.owner != SYSTEM_PROGRAM) else {
            return Ok(None);
        };
        if accounts::closed_plan(&account.data).is_ok() {
            return Err(CreationError::Closed {
                plan_id: self.file.terms.plan_id,
                address: *address,
            });
        }
        Ok(Some(owned(address, Some(account))?))
    }

    /// The file's mint as the chain has it, if the program accepts it.
    fn mint<E: Display>(&self, address: &Pubkey, account: Option<Account>) -> Result<Mint, CreationError<E>> {
        let mint = Mint::of_account(address, account.as_ref())?;
        let accepted = read::as_info(address, &account.unwrap_or_default(), |info| {
            check_mint(info, &mint.program, self.file.terms.token_flags)
        });
        accepted.map_err(|error| self.mistake("token.mint", terms::message(&error)))?;
        if mint.decimals != self.file.token.decimals {
            let what = format!("the mint has {} decimals; expected the same", mint.decimals);
            return Err(self.mistake("token.decimals", what).into());
        }
        Ok(mint)
    }

    /// Percentages are parts of what the file says that exists.
    fn check_supply(&self, mint: &Mint) -> Result<(), Mistakes> {
        if self.file.token.supply.is_none_or(|stated| stated == mint.supply) {
            return Ok(());
        }
        let shown = amount::tokens(mint.supply, mint.decimals);
        let what = format!("{shown} tokens exist; expected the same, since percentages are parts of it");
        Err(self.mistake("token.supply", what))
    }

    /// Whether the treasury's token account has to be made.
    fn is_treasury_missing(
        &self,
        plan: &Pubkey,
        mint: &Mint,
        treasury: &Pubkey,
        account: Option<&Account>,
    ) -> Result<bool, Mistakes> {
        let Some(account) = account.filter(|account| !read::is_vacant(account)) else {
            return Ok(true);
        };
        let usable = read::as_info(treasury, account, |info| {
            check_treasury(info, plan, &mint.address, &mint.program)
        });
        if usable.is_ok() {
            return Ok(false);
        }
        let why = match holding(account) {
            Some(holding) if holding.mint != mint.address => format!("is a token account of the mint {}", holding.mint),
            Some(_) => "cannot be the treasury: it is the plan's own, or a vault".to_owned(),
            None => "is not a token account".to_owned(),
        };
        let what = format!("{treasury} {why}; expected a token account of the plan's mint, or a wallet");
        Err(self.mistake("roles.treasury", what))
    }

    /// Refuses a plan on the chain that this file does not make.
    fn compare<E: Display>(&self, plan: &Plan, mint: &Mint, treasury: &Pubkey) -> Result<(), CreationError<E>> {
        let file = &self.file;
        let mut differences = file.differences(plan, &self.authority)?;
        let keys = [
            ("token.mint", plan.mint, mint.address),
            ("roles.treasury", plan.treasury, *treasury),
            ("roles.authority", plan.authority, self.authority),
        ];
        let differing = keys.into_iter().filter(|(_, on_chain, in_file)| on_chain != in_file);
        differences.extend(differing.map(|(field, on_chain, in_file)| Difference {
            field: field.to_owned(),
            line: file.line(field),
            on_chain: on_chain.to_string(),
            in_file: in_file.to_string(),
        }));
        match differences.is_empty() {
            true => Ok(()),
            false => Err(CreationError::Differs {
                plan_id: file.terms.plan_id,
                differences,
            }),
        }
    }

    /// What is left but the funding. `wallet` is for whom the treasury's token account has to be made.
    fn terms_left(&self, plan: Option<&Plan>, mint: &Mint, treasury: &Pubkey, wallet: Option<Pubkey>) -> Left {
        let (file, authority) = (&self.file, &self.authority);
        let address = pda::plan(authority, file.terms.plan_id);
        let mut left = Left::default();
        if plan.is_none() {
            let make = |wallet: Pubkey| {
                instructions::create_associated_token_account(&self.payer, &wallet, &mint.address, &mint.program)
            };
            let terms = file.terms.clone();
            let create =
                instructions::create_plan(&self.payer, authority, &mint.address, treasury, &mint.program, terms);
            let instructions = wallet.map(make).into_iter().chain([create]);
            left.add("create the plan and its vault", instructions.collect());
        }
        let present = plan.map_or(0, |plan| plan.kpis().len());
        for kpi in file.kpis.iter().skip(present) {
            let add = instructions::add_kpi(authority, &address, kpi.clone());
            left.add(format!("add the KPI {:?}", kpi.name), vec![add]);
        }
        if self.activate && plan.is_none_or(|plan| plan.status != PlanStatus::Active.to_byte()) {
            let activate = instructions::activate_plan(authority, &address, &mint.address);
            left.add("freeze the terms permanently", vec![activate]);
        }
        left
    }

    /// The transfer that is still needed to have funded so much.
    async fn funding<E: Display>(
        &self,
        fund: &Funding,
        funded: u64,
        mint: &Mint,
        read: &impl AsyncFn(Pubkey) -> Result<Option<Account>, E>,
        left: &mut Left,
    ) -> Result<(), CreationError<E>> {
        let funder = &self.authority;
        let associated = || pda::associated_token_account(funder, &mint.address, &mint.program);
        let source = fund.source.unwrap_or_else(associated);
        let account = read(source).await.map_err(CreationError::Read)?;
        let balance = holding_of(&mint.address, &source, account.as_ref(), "source")?.amount;
        let missing = match fund.amount {
            Some(wanted) => wanted.saturating_sub(funded),
            None => balance,
        };
        if missing == 0 {
            return Ok(());
        }
        let shown = |units: u64| amount::short(units, mint.decimals);
        if missing > balance {
            return Err(CreationError::TooLittle {
                source_account: source,
                missing: shown(missing),
                balance: shown(balance),
            });
        }
        let plan = pda::plan(funder, self.file.terms.plan_id);
        let transfer = Transfer {
            mint: &mint.address,
            source: &source,
            destination: &pda::vault(&plan),
            authority: funder,
            amount: missing,
        };
        let fund = transfer.complete(instructions::fund(funder, &mint.of_plan(&plan), &source, missing), read);
        left.add(format!("fund it with {}", shown(missing)), vec![fund.await?]);
        Ok(())
    }
}

impl Standing {
    /// Sends what is left and looks again after each transaction, until nothing is. `send` is given which transaction
    /// it is, counted from 1, of how many.
    ///
    /// # Errors
    /// What `look` or `send` refuses. What was done until then stays, and another run goes on from there.
    pub async fn finish<E>(
        mut self,
        look: impl AsyncFn() -> Result<Self, E>,
        mut send: impl AsyncFnMut(usize, usize, Transaction) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut number: usize = 0;
        while !self.transactions.is_empty() {
            let total = number.saturating_add(self.transactions.len());
            number = number.saturating_add(1);
            send(number, total, self.transactions.swap_remove(0)).await?;
            self = look().await?;
        }
        Ok(self)
    }
}
