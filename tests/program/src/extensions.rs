//! Mints and token accounts with extensions of Token-2022.

use {
    crate::*,
    anchor_lang::prelude::ProgramError,
    anchor_spl::compat::spl_token_2022_interface::{
        extension::{
            BaseStateWithExtensions, PodStateWithExtensions, confidential_mint_burn, confidential_transfer,
            confidential_transfer_fee, cpi_guard, default_account_state, memo_transfer, pausable,
            transfer_fee::{self, TransferFeeAmount, TransferFeeConfig},
            transfer_hook,
        },
        pod::PodAccount,
        state::AccountState,
    },
    earnout_test_hook::{self as hook, Extra, Mode, Rules},
};

/// Gets a mint and its authority; returns the instructions before the mint's own and those after it.
pub type SetUp = fn(&Pubkey, &Pubkey) -> [Vec<Instruction>; 2];

/// Token-2022.
pub const TOKEN_2022: Pubkey = token_interface::ID;

/// Every flag that a plan knows.
pub const ALL_FLAGS: u8 = 7;

/// The instructions that set up one extension before the mint.
pub fn before(instruction: Result<Instruction, ProgramError>) -> [Vec<Instruction>; 2] {
    [vec![instruction.unwrap()], vec![]]
}

/// A new mint with this transfer fee, basis points and largest fee.
pub fn fee_mint(chain: &mut Chain, basis_points: u16, maximum: u64) -> Pubkey {
    extended_mint(chain, &[ExtensionType::TransferFeeConfig], |mint, authority| {
        let initialize = transfer_fee::instruction::initialize_transfer_fee_config;
        before(initialize(
            &TOKEN_2022,
            mint,
            Some(authority),
            Some(authority),
            basis_points,
            maximum,
        ))
    })
}

/// A new mint with this transfer hook.
pub fn hook_mint(chain: &mut Chain, program: Option<Pubkey>) -> Pubkey {
    extended_mint(chain, &[ExtensionType::TransferHook], |mint, authority| {
        before(transfer_hook::instruction::initialize(
            &TOKEN_2022,
            mint,
            Some(*authority),
            program,
        ))
    })
}

/// A mint that no flag makes acceptable: what it is called, its extensions and what sets them up.
pub type Forbidden = (&'static str, &'static [ExtensionType], SetUp);

/// All of them.
pub fn forbidden() -> [Forbidden; 10] {
    use ExtensionType::*;
    [
        ("permanent_delegate", &[PermanentDelegate], |mint, authority| {
            before(token_instruction::initialize_permanent_delegate(
                &TOKEN_2022,
                mint,
                authority,
            ))
        }),
        ("mint_close_authority", &[MintCloseAuthority], |mint, authority| {
            before(token_instruction::initialize_mint_close_authority(
                &TOKEN_2022,
                mint,
                Some(authority),
            ))
        }),
        ("non_transferable", &[NonTransferable], |mint, _| {
            before(token_instruction::initialize_non_transferable_mint(&TOKEN_2022, mint))
        }),
        ("default_account_state_frozen", &[DefaultAccountState], |mint, _| {
            let initialize = default_account_state::instruction::initialize_default_account_state;
            before(initialize(&TOKEN_2022, mint, &AccountState::Frozen))
        }),
        (
            "default_account_state_initialized",
            &[DefaultAccountState],
            |mint, _| {
                let initialize = default_account_state::instruction::initialize_default_account_state;
                before(initialize(&TOKEN_2022, mint, &AccountState::Initialized))
            },
        ),
        ("pausable", &[Pausable], |mint, authority| {
            before(pausable::instruction::initialize(&TOKEN_2022, mint, authority))
        }),
        (
            "confidential_transfer",
            &[ConfidentialTransferMint],
            |mint, authority| {
                let initialize = confidential_transfer::instruction::initialize_mint;
                before(initialize(&TOKEN_2022, mint, Some(*authority), true, None))
            },
        ),
        (
            "confidential_transfer_fee",
            &[
                TransferFeeConfig,
                ConfidentialTransferMint,
                ConfidentialTransferFeeConfig,
            ],
            |mint, authority| {
                let fee = transfer_fee::instruction::initialize_transfer_fee_config;
                let transfer = confidential_transfer::instruction::initialize_mint;
                let initialize = confidential_transfer_fee::instruction::initialize_confidential_transfer_fee_config;
                let all = [
                    fee(&TOKEN_2022, mint, Some(authority), None, 1, 1),
                    transfer(&TOKEN_2022, mint, Some(*authority), true, None),
                    initialize(&TOKEN_2022, mint, Some(*authority), &Default::default()),
                ];
                [all.map(Result::unwrap).to_vec(), vec![]]
            },
        ),
        (
            "confidential_mint_burn",
            &[ConfidentialTransferMint, ConfidentialMintBurn],
            |mint, authority| {
                let initialize = confidential_transfer::instruction::initialize_mint;
                let transfer = initialize(&TOKEN_2022, mint, Some(*authority), true, None).unwrap();
                let initialize = confidential_mint_burn::instruction::initialize_mint;
                let burn = initialize(&TOKEN_2022, mint, &Default::default(), &Default::default()).unwrap();
                [vec![transfer, burn], vec![]]
            },
        ),
        (
            "permanent_delegate_among_those_that_a_flag_allows",
            &[TransferFeeConfig, TransferHook, PermanentDelegate],
            |mint, authority| {
                let initialize = transfer_fee::instruction::initialize_transfer_fee_config;
                let all = [
                    initialize(&TOKEN_2022, mint, Some(authority), None, 1, 1),
                    transfer_hook::instruction::initialize(&TOKEN_2022, mint, Some(*authority), None),
                    token_instruction::initialize_permanent_delegate(&TOKEN_2022, mint, authority),
                ];
                [all.map(Result::unwrap).to_vec(), vec![]]
            },
        ),
    ]
}

/// Withheld fees in a token account, or of a mint, on this chain; base units.
pub fn withheld(chain: &Chain, address: &Pubkey) -> u64 {
    let data = chain.account(address).unwrap().data;
    if let Ok(account) = PodStateWithExtensions::<PodAccount>::unpack(&data) {
        return account
            .get_extension::<TransferFeeAmount>()
            .unwrap()
            .withheld_amount
            .into();
    }
    let mint = PodStateWithExtensions::<PodMint>::unpack(&data).unwrap();
    mint.get_extension::<TransferFeeConfig>()
        .unwrap()
        .withheld_amount
        .into()
}

impl World {
    /// Everyone on a fresh chain with a mint of Token-2022, and an active plan of the usual terms with these flags and
    /// this largest fee, funded with 1,000,000 base units that all arrived.
    pub fn flagged(token_flags: u8, max_fee_bps: u16, mint: impl FnOnce(&mut Chain) -> Pubkey) -> Self {
        let mut world = Self::with_mint(TokenProgram::Token2022, mint);
        let args = CreatePlanArgs {
            token_flags,
            max_fee_bps,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &[kpi("revenue", Scope::Shared)], 1_000_000);
        assert_eq!(world.vault_balance(), 1_000_000);
        world
    }

    /// Lets two epochs pass, after which this transfer fee is in force.
    pub fn set_fee(&mut self, epoch: u64, basis_points: u16, maximum: u64) {
        self.announce_fee(basis_points, maximum);
        self.chain.set_epoch(epoch + 2);
    }

    /// The mint's fee authority sets a fee that is in force two epochs later.
    pub fn announce_fee(&mut self, basis_points: u16, maximum: u64) {
        let (mint, authority) = (self.token.mint, self.chain.fee_payer().pubkey());
        let set = transfer_fee::instruction::set_transfer_fee;
        self.run(set(&TOKEN_2022, &mint, &authority, &[], basis_points, maximum).unwrap());
    }

    /// The mint's hook authority puts another program, or none, in the place of the hook.
    pub fn set_hook(&mut self, program: Option<Pubkey>) {
        let (mint, authority) = (self.token.mint, self.chain.fee_payer().pubkey());
        self.run(transfer_hook::instruction::update(&TOKEN_2022, &mint, &authority, &[], program).unwrap());
    }

    /// Deploys the hook of `tests/programs/hook` with these accounts in its list, lets it pass everything, and makes it
    /// the mint's.
    pub fn install_hook(&mut self, wanted: &[Extra]) {
        programs::deploy(&mut self.chain, "hook", &hook::ID);
        let (mint, authority) = (self.token.mint, self.chain.fee_payer().pubkey());
        self.run(hook::set_list(&authority, &mint, wanted));
        self.rule_hook(Mode::Pass);
        self.set_hook(Some(hook::ID));
    }

    /// Tells that hook what to do from here on, and lets it count from zero.
    pub fn rule_hook(&mut self, mode: Mode) {
        let (mint, authority) = (self.token.mint, self.chain.fee_payer().pubkey());
        self.run(hook::set_rules(&authority, &mint, mode));
    }

    /// What that hook knows of the mint.
    pub fn hook_rules(&self) -> Rules {
        let address = hook::rules_address(&self.token.mint);
        Rules::read(&self.chain.account(&address).unwrap().data).unwrap()
    }

    /// What that hook needs in every instruction that moves tokens: these accounts, itself and its list.
    pub fn hook_accounts(&self, wanted: &[Extra]) -> Vec<AccountMeta> {
        let mint = &self.token.mint;
        let wanted = wanted.iter().map(|extra| match extra {
            Extra::At(meta) => meta.clone(),
            Extra::Rules => AccountMeta::new(hook::rules_address(mint), false),
        });
        let own = [hook::ID, hook::list_address(mint)].map(|key| AccountMeta::new_readonly(key, false));
        wanted.chain(own).collect()
    }

    /// Withheld fees in a token account, or of a mint.
    pub fn withheld(&self, address: &Pubkey) -> u64 {
        withheld(&self.chain, address)
    }

    /// Whether a token account has this extension.
    pub fn has_extension(&self, account: &Pubkey, extension: ExtensionType) -> bool {
        let data = self.chain.account(account).unwrap().data;
        let state = PodStateWithExtensions::<PodAccount>::unpack(&data).unwrap();
        state.get_extension_types().unwrap().contains(&extension)
    }

    /// Lets the owner of a token account demand a memo with every transfer to it.
    pub fn require_memos(&mut self, account: &Pubkey, owner: &Pubkey) {
        self.make_room(account, owner, ExtensionType::MemoTransfer);
        let enable = memo_transfer::instruction::enable_required_transfer_memos;
        self.run(enable(&TOKEN_2022, account, owner, &[]).unwrap());
    }

    /// Lets the owner of a token account forbid other programs to act on it in the owner's name.
    pub fn guard(&mut self, account: &Pubkey, owner: &Pubkey) {
        self.make_room(account, owner, ExtensionType::CpiGuard);
        self.run(cpi_guard::instruction::enable_cpi_guard(&TOKEN_2022, account, owner, &[]).unwrap());
    }

    fn make_room(&mut self, account: &Pubkey, owner: &Pubkey, extension: ExtensionType) {
        let reallocate = token_instruction::reallocate(&TOKEN_2022, account, owner, owner, &[], &[extension]);
        self.run(reallocate.unwrap());
    }

    /// Freezes a token account, or thaws it. The fee payer must be the freeze authority.
    pub fn freeze(&mut self, account: &Pubkey, frozen: bool) {
        let PlanToken {
            mint, token_program, ..
        } = self.token;
        let authority = self.chain.fee_payer().pubkey();
        let change = if frozen {
            token_instruction::freeze_account
        } else {
            token_instruction::thaw_account
        };
        self.run(change(&token_program, account, &mint, &authority, &[]).unwrap());
    }

    /// `claim` of everything by a stranger, to the associated account of the beneficiary.
    pub fn claim_as_stranger(&self, grant: &Pubkey) -> Instruction {
        let destination = self.associated_address(&self.grant_state(grant).beneficiary);
        let stranger = self.chain.fee_payer().pubkey();
        instructions::claim(&stranger, &self.token, grant, &destination, None)
    }

    /// `withdraw_surplus` by the authority.
    pub fn withdraw_surplus(&self, amount: Option<u64>) -> Instruction {
        instructions::withdraw_surplus(&self.authority.pubkey(), &self.token, &self.treasury, amount)
    }

    /// Vault, reserved, owed, surplus: base units.
    pub fn books(&self) -> [u64; 4] {
        let plan = self.plan();
        [self.vault_balance(), plan.reserved, plan.owed, self.surplus()]
    }

    /// Sends one instruction that must fail with this word in the runtime's error or the logs, and checks that no
    /// account it names has changed.
    #[track_caller]
    pub fn breaks(&mut self, instruction: &Instruction, word: &str) {
        let payer = self.chain.fee_payer().pubkey();
        let named = instruction.accounts.iter().map(|meta| meta.pubkey);
        let named: Vec<Pubkey> = named.filter(|address| address != &payer).collect();
        let snapshot = |world: &Self| -> Vec<_> { named.iter().map(|address| world.chain.account(address)).collect() };
        let before = snapshot(self);
        let failure = self
            .send(std::slice::from_ref(instruction))
            .expect_err("the transaction succeeded");
        assert!(format!("{:?}", failure.error).contains(word), "{word}: {failure}");
        assert_eq!(snapshot(self), before, "a failed instruction changed an account");
    }
}
