//! The ways to break one account of a valid call.

use {super::Role, anchor_lang::Discriminator, earnout::state::ClosedPlan, earnout_tests::*};

/// A call with one account broken.
pub struct Broken {
    /// The account.
    pub role: String,
    /// What was done to it.
    pub name: &'static str,
    /// What was put in its place, where there is a choice.
    pub with: String,
    /// The call.
    pub instruction: Instruction,
    /// An account that is replaced on the chain before.
    pub tampered: Option<(Pubkey, Account)>,
}

/// What must be tried somewhere with this account.
pub fn required(instruction: &str, role: &Role) -> Vec<&'static str> {
    let name = role.name.as_str();
    let mut required = vec!["foreign", "other owner", "absent", "twice", "missing"];
    if role.signer {
        required.push("unsigned");
    }
    if role.writable {
        required.push("readonly");
    }
    if name.ends_with("program") {
        required.push("wrong program");
    }
    let holds_tokens = ["source", "destination", "vault"].contains(&name)
        || (name == "treasury" && ["create_plan", "set_treasury"].contains(&instruction));
    let is_created = match instruction {
        "create_plan" => ["plan", "vault"].contains(&name),
        "create_grant" => name == "grant",
        _ => false,
    };
    if (holds_tokens || name == "mint") && !is_created {
        required.push("wrong mint");
    }
    let is_own = ["plan", "grant", "attestation", "page", "evaluation", "period"].contains(&name);
    let has_data = holds_tokens || is_own || name == "mint";
    if is_created {
        required.push("occupied");
    } else if has_data {
        required.extend(["reowned", "closed"]);
    }
    if is_own && !is_created {
        required.extend(["sibling", "version"]);
    }
    required
}

/// What is behind the accounts of the IDL: grants in a ruling, attestations and pages in a settlement.
fn behind(world: &World, address: &Pubkey) -> &'static str {
    let account = world.chain.account(address);
    let is_attestation = |kpi| (0..4).any(|period| *address == pda::attestation(&world.token.plan, kpi, period));
    if account.is_some_and(|account| is::<Grant>(&account)) {
        "disputing grant"
    } else if (0..2).any(is_attestation) {
        "attestation"
    } else {
        "page"
    }
}

/// All ways to break each account of this call, those after the IDL's included.
pub fn all(world: &mut World, valid: &Instruction, roles: &[Role]) -> Vec<Broken> {
    let name = |(index, meta): (usize, &AccountMeta)| {
        let role = roles.get(index).map(|role| role.name.as_str());
        role.unwrap_or_else(|| behind(world, &meta.pubkey)).to_owned()
    };
    let names = valid.accounts.iter().enumerate().map(name).collect();
    let mut breaks = Breaks {
        world,
        valid,
        names,
        all: Vec::new(),
    };
    for index in 0..valid.accounts.len() {
        breaks.of(index);
    }
    let extra = breaks.world.key();
    breaks.push(0, "extra", "", |instruction| {
        instruction.accounts.push(AccountMeta::new(extra, true))
    });
    breaks.all.last_mut().unwrap().role = "remaining".to_owned();
    breaks.all
}

struct Breaks<'a> {
    world: &'a mut World,
    valid: &'a Instruction,
    names: Vec<String>,
    all: Vec<Broken>,
}

impl Breaks<'_> {
    fn push(&mut self, index: usize, name: &'static str, with: &str, change: impl FnOnce(&mut Instruction)) {
        let mut instruction = self.valid.clone();
        change(&mut instruction);
        self.all.push(Broken {
            role: self.names.get(index).cloned().unwrap_or_default(),
            name,
            with: with.to_owned(),
            instruction,
            tampered: None,
        });
    }

    /// Puts another address there.
    fn swap(&mut self, index: usize, name: &'static str, with: &str, by: Pubkey) {
        self.push(index, name, with, |instruction| instruction.accounts[index].pubkey = by);
    }

    /// Puts this account at another address there; who must sign does.
    fn put(&mut self, index: usize, name: &'static str, with: &str, account: Account) {
        let address = self.world.key();
        self.world.chain.replace(&address, account);
        self.swap(index, name, with, address);
    }

    /// Changes the account at its address.
    fn tamper(&mut self, index: usize, name: &'static str, account: Account) {
        self.push(index, name, "", |_| {});
        let address = self.valid.accounts[index].pubkey;
        self.all.last_mut().unwrap().tampered = Some((address, account));
    }

    fn of(&mut self, index: usize) {
        let meta = self.valid.accounts[index].clone();
        let role = self.names[index].clone();
        let account = self.world.chain.account(&meta.pubkey).unwrap_or_default();
        if meta.is_signer {
            self.push(index, "unsigned", "", |instruction| {
                instruction.accounts[index].is_signer = false
            });
        }
        if meta.is_writable {
            self.push(index, "readonly", "", |instruction| {
                instruction.accounts[index].is_writable = false
            });
        }
        self.push(index, "missing", "", |instruction| instruction.accounts.truncate(index));
        let stranger = self
            .world
            .chain
            .account(&self.world.authority.pubkey())
            .unwrap_or_default();
        let other_owner = if account.owner == earnout::ID {
            self.world.program.id()
        } else {
            earnout::ID
        };
        self.foreign(index, &account, &stranger);
        if meta.is_signer {
            self.somebody_else(index);
        }
        let copy = if account.data.is_empty() || account.executable {
            Account {
                data: vec![1; 64],
                ..stranger.clone()
            }
        } else {
            account.clone()
        };
        self.put(
            index,
            "other owner",
            "",
            Account {
                owner: other_owner,
                ..copy
            },
        );
        self.put(index, "absent", "", Account::default());
        let is_data = !account.data.is_empty() && !account.executable;
        if is_data {
            self.tamper(
                index,
                "reowned",
                Account {
                    owner: other_owner,
                    ..account.clone()
                },
            );
            self.tamper(index, "closed", Account::default());
            if is::<Plan>(&account) {
                self.tamper(
                    index,
                    "closed",
                    Account {
                        data: closed_plan(),
                        ..account.clone()
                    },
                );
                self.all.last_mut().unwrap().with = "its mark".to_owned();
            }
            let is_versioned = [is::<Plan>, is::<Grant>, is::<Attestation>, is::<Page>, is::<Period>];
            if is_versioned.iter().any(|is| is(&account)) {
                // Of a later release, and of none.
                for (with, version) in [("2", 2), ("0", 0)] {
                    let mut unknown = account.clone();
                    unknown.data[Plan::DISCRIMINATOR.len()] = version;
                    self.tamper(index, "version", unknown);
                    self.all.last_mut().unwrap().with = with.to_owned();
                }
            }
        } else if meta.pubkey != earnout::ID
            && account.owner == system_program::ID
            && meta.is_writable
            && !meta.is_signer
        {
            let occupied = Account {
                owner: earnout::ID,
                data: vec![0; 64],
                lamports: 10_000_000,
                ..Account::default()
            };
            self.tamper(index, "occupied", occupied);
        }
        self.twice(index);
        let tokens = TOKEN_PROGRAMS.map(TokenProgram::id);
        if role.ends_with("program") {
            for other in tokens.into_iter().chain([system_program::ID]) {
                if other != meta.pubkey {
                    let with = if tokens.contains(&other) {
                        "a token program"
                    } else {
                        "the system program"
                    };
                    self.swap(index, "wrong program", with, other);
                }
            }
        }
    }

    /// Every account of the call in the place of every other.
    fn twice(&mut self, index: usize) {
        for other in 0..self.valid.accounts.len() {
            let by = self.valid.accounts[other].clone();
            if by.pubkey == self.valid.accounts[index].pubkey {
                continue;
            }
            let is_none = by.pubkey == earnout::ID;
            if is_none && self.names[other] != "program" {
                continue;
            }
            let with = self.names[other].clone();
            self.push(index, "twice", &with, |instruction| {
                let meta = &mut instruction.accounts[index];
                meta.pubkey = by.pubkey;
                meta.is_signer &= by.is_signer;
            });
        }
    }

    /// Everyone who signs for something else.
    fn somebody_else(&mut self, index: usize) {
        let people = [
            ("the authority", self.world.authority.pubkey()),
            ("the arbiter", self.world.arbiter.pubkey()),
            ("another oracle", self.world.oracles[2].pubkey()),
            ("the treasury's owner", self.world.treasury_owner),
        ];
        for (who, key) in people {
            if !self.valid.accounts.iter().any(|meta| meta.pubkey == key) {
                self.swap(index, "foreign", who, key);
            }
        }
    }

    /// Accounts of the same type.
    fn foreign(&mut self, index: usize, account: &Account, stranger: &Account) {
        let [first, second, third] = [self.world.key(), self.world.key(), self.world.key()];
        if is::<Plan>(account) {
            let vault = self.world.token_account(&first);
            let foreign = edited::<Plan>(account, |plan| {
                (plan.creator, plan.authority, plan.arbiter, plan.vault) = (first, first, second, vault);
                (plan.treasury_owner, plan.treasury, plan.rent_payer) = (second, vault, third);
                plan.pending_authority = second;
                plan.oracles.keys = [third; 8];
                plan.plan_id += 5;
            });
            self.put(index, "foreign", "", foreign);
            let sibling = edited::<Plan>(account, |plan| (plan.vault, plan.plan_id) = (vault, plan.plan_id + 5));
            self.put(index, "sibling", "", sibling);
        } else if is::<Grant>(account) {
            let foreign = edited::<Grant>(account, |grant| grant.plan = first);
            self.put(index, "foreign", "", foreign);
            let sibling = edited::<Grant>(account, |grant| {
                (grant.beneficiary, grant.pending_beneficiary, grant.rent_payer) = (first, second, third);
                grant.index += 1;
            });
            self.put(index, "sibling", "", sibling);
        } else if is::<Attestation>(account) {
            let foreign = edited::<Attestation>(account, |attestation| {
                attestation.plan = first;
            });
            self.put(index, "foreign", "", foreign);
            let sibling = edited::<Attestation>(account, |attestation| {
                (attestation.period, attestation.rent_payer) = (attestation.period + 1, third);
            });
            self.put(index, "sibling", "another period", sibling);
            let sibling = edited::<Attestation>(account, |attestation| attestation.kpi += 1);
            self.put(index, "sibling", "another KPI", sibling);
        } else if is::<Page>(account) {
            let foreign = edited::<Page>(account, |page| page.plan = first);
            self.put(index, "foreign", "", foreign);
            let sibling = edited::<Page>(account, |page| {
                (page.period, page.rent_payer) = (page.period + 1, third);
            });
            self.put(index, "sibling", "another period", sibling);
            let sibling = edited::<Page>(account, |page| {
                (page.page, page.rent_payer) = (page.page + 1, third);
            });
            self.put(index, "sibling", "another page", sibling);
            let sibling = edited::<Page>(account, |page| page.kpi += 1);
            self.put(index, "sibling", "another KPI", sibling);
            let mut shorter = account.clone();
            shorter.data.truncate(account.data.len() - 1);
            self.tamper(index, "length", shorter);
        } else if is::<Period>(account) {
            let foreign = edited::<Period>(account, |period| period.plan = first);
            self.put(index, "foreign", "", foreign);
            let sibling = edited::<Period>(account, |period| {
                (period.period, period.rent_payer) = (period.period + 1, third);
            });
            self.put(index, "sibling", "", sibling);
        } else if TOKEN_PROGRAMS.iter().any(|program| program.id() == account.owner) && account.data.len() == 82 {
            let mint = self.world.chain.mint(self.world.program, 6, None).unwrap();
            self.swap(index, "foreign", "", mint);
            self.swap(index, "wrong mint", "", mint);
        } else if TOKEN_PROGRAMS.iter().any(|program| program.id() == account.owner) && !account.executable {
            let edited = |range: std::ops::Range<usize>, by: &Pubkey| {
                let mut copy = account.clone();
                copy.data[range].copy_from_slice(by.as_ref());
                copy
            };
            let mint = self.world.chain.mint(self.world.program, 6, None).unwrap();
            self.put(index, "foreign", "another owner's", edited(32..64, &first));
            self.put(index, "foreign", "the same owner's", account.clone());
            self.put(index, "wrong mint", "", edited(0..32, &mint));
            self.tamper(index, "wrong mint", edited(0..32, &mint));
            self.all.last_mut().unwrap().with = "in place".to_owned();
        } else {
            // A wallet, a program or an account that does not exist yet.
            self.put(index, "foreign", "", stranger.clone());
        }
    }
}

/// What stays at the address of a plan that was closed.
fn closed_plan() -> Vec<u8> {
    [ClosedPlan::DISCRIMINATOR, &[1; size_of::<ClosedPlan>()]].concat()
}

fn is<T: Discriminator>(account: &Account) -> bool {
    account.owner == earnout::ID && account.data.starts_with(T::DISCRIMINATOR)
}

fn edited<T: anchor_lang::ZeroCopy>(account: &Account, change: impl FnOnce(&mut T)) -> Account {
    let mut account = account.clone();
    let body = T::DISCRIMINATOR.len()..space::<T>();
    let mut state: T = bytemuck::pod_read_unaligned(&account.data[body.clone()]);
    change(&mut state);
    account.data[body].copy_from_slice(bytemuck::bytes_of(&state));
    account
}
