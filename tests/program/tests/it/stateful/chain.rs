//! The built program on the embedded chain: does what the model predicts, and is put back for the next sequence.

use {
    super::{
        actions::Act,
        model::{Kpi, Model, Place, Target, Who},
    },
    bytemuck::Zeroable,
    earnout::state::{Feed, Receiver},
    earnout_tests::{
        extensions::{fee_mint, withheld},
        prices::{Update, feed},
        *,
    },
    std::collections::BTreeMap,
};

/// Keys of a sequence.
pub const PEOPLE: usize = 16;
/// Tokens of everyone in each account at the beginning of a sequence.
pub const PURSE: u64 = u64::MAX / 64;

/// A mint of SPL Token, one of Token-2022, and one of Token-2022 with a transfer fee.
pub const TOKENS: usize = 3;

/// Accounts by their addresses, there or not.
pub type Accounts = BTreeMap<Pubkey, Option<Account>>;

/// The accounts of one mint.
struct Token {
    program: TokenProgram,
    charges: bool,
    mint: Pubkey,
    places: BTreeMap<Place, Pubkey>,
}

/// A chain with people and mints, and the plan of one sequence.
pub struct Stage {
    pub chain: Chain,
    people: Vec<Keypair>,
    tokens: Vec<Token>,
    /// Number of the sequence's token.
    pub token: usize,
    /// Accounts that the sequence named, as they were before it.
    before: Accounts,
}

pub fn kpi_args(kpi: &Kpi) -> KpiArgs {
    KpiArgs {
        name: kpi.name.clone(),
        unit: "points".to_owned(),
        rubric_hash: [7; 32],
        decimals: 2,
        scope: if kpi.shared { Scope::Shared } else { Scope::Individual },
        range_min: kpi.min,
        range_max: kpi.max,
        interpolation: if kpi.step {
            Interpolation::Step
        } else {
            Interpolation::Linear
        },
        points: kpi
            .points
            .iter()
            .map(|&(value, score)| CurvePoint { value, score })
            .collect(),
        default_score: kpi.default,
        default_price: kpi.price,
        feed: kpi.feed.map(|max_delay_secs| Feed {
            max_delay_secs,
            ..feed()
        }),
    }
}

impl Stage {
    pub fn new() -> Self {
        let mut chain = Chain::start(&Chain::built_program()).unwrap();
        let people: Vec<Keypair> = (0..PEOPLE).map(|_| chain.key()).collect();
        let mut tokens = Vec::new();
        for (program, charges) in [
            (TokenProgram::Spl, false),
            (TokenProgram::Token2022, false),
            (TokenProgram::Token2022, true),
        ] {
            let mint = if charges {
                fee_mint(&mut chain, 0, 0)
            } else {
                chain.mint(program, 6, None).unwrap()
            };
            let foreign = chain.mint(program, 6, None).unwrap();
            let mut places = BTreeMap::new();
            for (who, key) in people.iter().enumerate() {
                let key = key.pubkey();
                let associated = chain.associated(program, &mint, &key).unwrap();
                let other = chain.token_account(program, &mint, &key).unwrap();
                let foreign_account = chain.associated(program, &foreign, &key).unwrap();
                for (account, mint) in [(associated, mint), (other, mint), (foreign_account, foreign)] {
                    chain.mint_to(program, &mint, &account, PURSE).unwrap();
                }
                places.insert(Place::Associated(who), associated);
                places.insert(Place::Other(who), other);
                places.insert(Place::Foreign(who), foreign_account);
            }
            tokens.push(Token {
                program,
                charges,
                mint,
                places,
            });
        }
        let before = BTreeMap::new();
        Self {
            chain,
            people,
            tokens,
            token: 0,
            before,
        }
    }

    /// Puts everything back as it was before the first sequence.
    pub fn reset(&mut self, token: usize) {
        for (address, account) in std::mem::take(&mut self.before) {
            self.chain.replace(&address, account.unwrap_or_default());
        }
        self.chain.set_time(GENESIS);
        self.chain.set_epoch(0);
        self.token = token;
    }

    /// Whether the sequence's mint has a transfer fee.
    pub fn charges(&self) -> bool {
        self.tokens[self.token].charges
    }

    /// What an account withholds, base units.
    pub fn withheld(&self, place: Place) -> u64 {
        withheld(&self.chain, &self.place(place))
    }

    /// What the mint has been given of that, base units.
    pub fn harvested(&self) -> u64 {
        withheld(&self.chain, &self.mint())
    }

    /// What everyone holds at the beginning.
    pub fn balances(&self) -> BTreeMap<Place, i128> {
        let places = self.tokens[self.token].places.keys();
        places.map(|place| (*place, PURSE.into())).collect()
    }

    pub fn key(&self, who: Who) -> Pubkey {
        self.people[who].pubkey()
    }

    pub fn plan(&self) -> Pubkey {
        // A sequence has one plan; whoever creates it first is person 0 or 1.
        pda::plan(&self.key(0), 1)
    }

    pub fn mint(&self) -> Pubkey {
        self.tokens[self.token].mint
    }

    pub fn plan_token(&self) -> PlanToken {
        let Token { program, mint, .. } = self.tokens[self.token];
        PlanToken {
            plan: self.plan(),
            mint,
            token_program: program.id(),
        }
    }

    /// The plan's account, or an empty one.
    pub fn plan_state(&self) -> Plan {
        self.chain.plan(&self.plan()).unwrap_or_else(Plan::zeroed)
    }

    pub fn place(&self, place: Place) -> Pubkey {
        match self.tokens[self.token].places.get(&place) {
            Some(address) => *address,
            None => pda::vault(&self.plan()),
        }
    }

    pub fn grant(&self, grant: usize) -> Pubkey {
        pda::grant(&self.plan(), grant as u32)
    }

    /// The attestation of a shared KPI, or the page with a grant.
    pub fn evaluation(&self, kpi: u8, period: u16, grant: Option<usize>) -> Pubkey {
        pda::evaluation(&self.plan(), kpi, period, grant.map(|grant| grant as u32))
    }

    pub fn period(&self, period: u16) -> Pubkey {
        pda::period(&self.plan(), period)
    }

    fn target(&self, target: Target) -> Pubkey {
        match target {
            Target::Plan => self.plan(),
            Target::Vault => pda::vault(&self.plan()),
            Target::Grant(grant) => self.grant(grant),
            Target::Evaluation(kpi, period, grant) => self.evaluation(kpi, period, grant),
            Target::Period(period) => self.period(period),
        }
    }

    /// Adds to an account, there or not.
    pub fn give(&mut self, to: Target, lamports: u64) {
        let address = self.target(to);
        self.track([address]);
        self.chain.give(&address, lamports);
    }

    /// Where the feed of all KPIs publishes.
    pub fn feed(&self) -> Pubkey {
        Pubkey::new_from_array([77; 32])
    }

    /// Puts an update there.
    pub fn publish(&mut self, update: &Update) {
        let address = self.feed();
        self.track([address]);
        let account = Account {
            lamports: 1_823_520,
            data: update.bytes(),
            owner: Receiver::Pyth.program(),
            ..Account::default()
        };
        self.chain.replace(&address, account);
    }

    /// Remembers how these accounts were before the sequence.
    fn track(&mut self, addresses: impl IntoIterator<Item = Pubkey>) {
        let payer = self.chain.fee_payer().pubkey();
        for address in addresses {
            if address != payer && !self.before.contains_key(&address) {
                self.before.insert(address, self.chain.account(&address));
            }
        }
    }

    /// All accounts that the sequence named so far.
    pub fn snapshot(&self) -> Accounts {
        self.before
            .keys()
            .map(|address| (*address, self.chain.account(address)))
            .collect()
    }

    /// The instruction that does it, if one does; the accounts that it changes count as named from here on.
    pub fn prepare(&mut self, action: &dyn Act, model: &Model) -> Option<Instruction> {
        action.prepare(self);
        let instruction = action.instruction(self, model);
        let writable = instruction.iter().flat_map(|instruction| &instruction.accounts);
        let writable = writable.filter(|meta| meta.is_writable).map(|meta| meta.pubkey);
        self.track(writable);
        instruction
    }

    /// Does it: whether the program did, or what is wrong with the way it refused. `before` is the snapshot before it,
    /// `model` what is expected after it.
    pub fn perform(
        &mut self,
        action: &dyn Act,
        model: &Model,
        instruction: Option<Instruction>,
        before: &Accounts,
    ) -> Result<bool, String> {
        action.befall(self, model);
        let Some(instruction) = instruction else {
            return Ok(true);
        };
        let needed = instruction
            .accounts
            .iter()
            .filter(|meta| meta.is_signer)
            .map(|meta| meta.pubkey);
        let needed: Vec<Pubkey> = needed.collect();
        let signers = self.people.iter().filter(|key| needed.contains(&key.pubkey()));
        let signers: Vec<&Keypair> = signers.collect();
        let Err(failure) = self.chain.send(&[instruction], &signers) else {
            return Ok(true);
        };
        if &self.snapshot() != before {
            return Err("G12: a refused instruction changed an account".to_owned());
        }
        let broken = [
            EarnoutError::Overflow,
            EarnoutError::CorruptAccount,
            EarnoutError::InvariantViolated,
            EarnoutError::TransferMismatch,
        ];
        match failure.code {
            Some(code) if broken.map(u32::from).contains(&code) => Err(format!("books out of balance: {failure}")),
            Some(_) => Ok(false),
            None if format!("{failure}").contains("Unbalanced") => Err(failure.to_string()),
            None => Ok(false),
        }
    }
}
