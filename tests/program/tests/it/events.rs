//! The whole state of a plan can be rebuilt from its events: every field of every account, byte by byte, after every
//! single transaction of a long mixed life, by the SDK's ledger. And after each of them the SDK's statement, which
//! computes every settlement again from the attested values, agrees with every recorded amount.
//!
//! What events leave out by design, because addresses and layout give it: bumps, discriminators and the layout version.
//! Nothing else had to be taken from anywhere but the events.

use {
    anchor_lang::ZeroCopy,
    bytemuck::Zeroable,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, DisputeArgs, ProposeOraclesArgs},
        state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE},
    },
    earnout_sdk::{
        report::{
            books::Ledger,
            statement::{PeriodReport, Sources, Statement},
        },
        wire::Evaluation,
    },
    earnout_tests::{
        extensions::fee_mint,
        leaving::{Leave, policy},
        prices::{Update, fed_price_kpi},
        scenes::CASES,
        *,
    },
    std::{
        collections::{BTreeMap, BTreeSet},
        fmt::Debug,
    },
};

/// Everything that the events of all plans tell, by plan.
#[derive(Default)]
struct Books(BTreeMap<Pubkey, Ledger>);

impl Books {
    fn apply(&mut self, event: &Event) {
        match (self.0.get_mut(&event.plan()), event) {
            (Some(ledger), event) => ledger.apply(event).unwrap(),
            (None, Event::PlanCreated(event)) => {
                self.0.insert(event.plan, Ledger::begin(event).unwrap());
            }
            (None, _) => panic!("the first event creates the plan"),
        }
    }

    /// The plan that is not closed, of which there is at most one.
    fn open(&self) -> Option<&Ledger> {
        self.0.values().find(|ledger| ledger.closing.is_none())
    }

    /// Compares every account with the chain.
    #[track_caller]
    fn assert_equal(&self, chain: &Chain) {
        for (address, ledger) in &self.0 {
            match &ledger.closing {
                None => {
                    // Whole structures first, because they can be read.
                    assert_eq!(chain.plan(address).as_ref(), Some(&ledger.plan));
                    assert_eq!(chain.balance(&ledger.plan.vault), ledger.vault_balance);
                    assert_bytes(chain, address, &ledger.plan);
                }
                Some(closing) => {
                    assert_bytes(chain, address, &closing.mark);
                    assert_eq!(chain.account(&ledger.plan.vault), None);
                }
            }
            for (address, grant) in &ledger.grants {
                assert_account(chain, address, &grant.state, grant.closed, chain.grant(address));
            }
            for (address, record) in &ledger.evaluations {
                match &record.state {
                    Evaluation::Attestation(state) => {
                        assert_account(chain, address, &**state, record.closed, chain.attestation(address));
                    }
                    Evaluation::Page(state) => {
                        let data = chain.account(address).map(|account| account.data);
                        assert_eq!(data, (!record.closed).then(|| state.to_bytes()));
                    }
                }
            }
            for (address, period) in &ledger.periods {
                assert_account(chain, address, &period.state, period.closed, chain.period(address));
            }
        }
    }

    /// The report on every plan agrees with what the accounts have recorded, and its sums with each other.
    #[track_caller]
    fn assert_accounted_for(&self, chain: &Chain) {
        for ledger in self.0.values() {
            let sources = Sources::of_ledger(ledger, None, chain.now()).unwrap();
            let statement = Statement::of(sources).unwrap();
            assert_eq!(statement.findings, []);
            let (totals, vault) = (statement.totals, statement.vault);
            assert_eq!((vault.surplus < 0, vault.donated), (false, 0));
            let periods = statement.periods.iter();
            let sum = |amount: fn(&PeriodReport) -> u128| periods.clone().map(amount).sum::<u128>();
            assert_eq!(sum(|period| period.earned), totals.earned);
            assert_eq!(sum(|period| period.bonus), totals.bonus);
            assert_eq!(sum(|period| period.returned), totals.returned);
            assert_eq!(
                totals.earned + totals.bonus - totals.forfeited,
                totals.owed + totals.claimed
            );
            assert!(totals.claimed <= totals.vested && totals.vested - totals.claimed == totals.claimable);
            for grant in statement.grants.values() {
                let tranches: u64 = (grant.state.first_period..grant.state.end_period)
                    .map(|period| grant.state.cap(period).unwrap())
                    .sum();
                assert_eq!(tranches + grant.cancelled, grant.state.allocation);
            }
        }
    }
}

#[track_caller]
fn assert_account<T: ZeroCopy + Debug + PartialEq>(
    chain: &Chain,
    address: &Pubkey,
    state: &T,
    closed: bool,
    account: Option<T>,
) {
    if closed {
        assert_eq!(chain.account(address), None);
    } else {
        assert_eq!(account.as_ref(), Some(state));
        assert_bytes(chain, address, state);
    }
}

#[track_caller]
fn assert_bytes<T: ZeroCopy>(chain: &Chain, address: &Pubkey, state: &T) {
    let bytes = [T::DISCRIMINATOR, bytemuck::bytes_of(state)].concat();
    assert_eq!(chain.account(address).unwrap().data, bytes);
}

/// A world whose transactions are all written into books.
struct Life {
    world: World,
    books: Books,
    /// Fields that once held something else than zero.
    filled: BTreeSet<String>,
}

/// The fields of a structure that hold something else than zero, as `Type.field`.
fn filled<T: Debug + Zeroable>(state: &T) -> Vec<String> {
    let fields = |state: &T| -> Vec<String> {
        let text = format!("{state:#?}");
        // A field begins with a line that is indented once.
        let fields = text.split("\n    ").collect::<Vec<_>>();
        let mut joined: Vec<String> = Vec::new();
        for line in fields {
            match joined.last_mut() {
                Some(field) if line.starts_with([' ', ']', '}']) => field.push_str(line),
                _ => joined.push(line.to_owned()),
            }
        }
        joined
    };
    let of = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    let changed = fields(state)
        .into_iter()
        .zip(fields(&T::zeroed()))
        .filter(|(field, zero)| field != zero);
    changed
        .map(|(field, _)| format!("{of}.{}", field.split(':').next().unwrap_or_default()))
        .collect()
}

/// All fields of a structure, as [`filled`] names them.
fn all_fields<T: Debug + Zeroable>() -> Vec<String> {
    let of = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    let text = format!("{:#?}", T::zeroed());
    let lines = text
        .split("\n    ")
        .skip(1)
        .filter(|line| !line.starts_with([' ', ']', '}']));
    lines
        .map(|line| format!("{of}.{}", line.split(':').next().unwrap_or_default()))
        .collect()
}

const SHARED: u8 = 0;
const INDIVIDUAL: u8 = 1;
const SECOND_SHARED: u8 = 2;
const PRICE: u8 = 3;

impl Life {
    /// Sends one instruction of the program that must succeed, writes its event down, and compares all accounts.
    #[track_caller]
    fn run(&mut self, instruction: Instruction) {
        let receipt = self.world.run(instruction);
        let events: Vec<&Event> = receipt.events().collect();
        assert_eq!(events.len(), 1);
        self.books.apply(events[0]);
        self.books.assert_equal(&self.world.chain);
        self.books.assert_accounted_for(&self.world.chain);
        if let Some(ledger) = self.books.open() {
            self.filled.extend(filled(&ledger.plan));
            self.filled
                .extend(ledger.grants.values().flat_map(|record| filled(&record.state)));
            for record in ledger.evaluations.values() {
                self.filled.extend(match &record.state {
                    Evaluation::Attestation(state) => filled(&**state),
                    Evaluation::Page(state) => filled(state.head()),
                });
            }
            self.filled
                .extend(ledger.periods.values().flat_map(|record| filled(&record.state)));
        }
    }

    /// A key that can sign.
    fn keypair(&mut self) -> Keypair {
        let key = self.world.chain.key();
        self.world.remember(key.insecure_clone());
        key
    }

    /// `create_plan`, the KPIs, and some funds, with a payer of its own.
    fn draft(&mut self, args: CreatePlanArgs) -> Pubkey {
        let payer = self.world.key();
        let authority = self.world.authority.pubkey();
        let plan = pda::plan(&authority, args.plan_id);
        self.world.token.plan = plan;
        let PlanToken {
            mint, token_program, ..
        } = self.world.token;
        let args = self.world.manned(args);
        self.run(instructions::create_plan(
            &payer,
            &authority,
            &mint,
            &self.world.treasury,
            &token_program,
            args,
        ));
        let tasks = KpiArgs {
            unit: "Aufgaben".to_owned(),
            decimals: 2,
            range_min: -5,
            interpolation: Interpolation::Step,
            default_score: 2_500,
            ..kpi("tâches", Scope::Individual)
        };
        for terms in [
            stretch_kpi("revenue", Scope::Shared),
            tasks,
            kpi("uptime", Scope::Shared),
            fed_price_kpi(),
        ] {
            self.run(instructions::add_kpi(&authority, &plan, terms));
        }
        self.run(self.world.fund(5_000_000));
        plan
    }

    /// A grant of these terms, for a new key.
    fn grant(&mut self, change: impl FnOnce(&mut CreateGrantArgs)) -> Pubkey {
        let (payer, beneficiary) = (self.world.key(), self.world.key());
        self.world.associated(&beneficiary);
        let mut args = self.world.grant_args(&beneficiary, 100_003, &[4_000, 3_000]);
        args.periods = 6;
        change(&mut args);
        let PlanToken { plan, mint, .. } = self.world.token;
        let grant = pda::grant(&plan, args.grant_index);
        self.run(instructions::create_grant(
            &payer,
            &self.world.authority.pubkey(),
            &plan,
            &mint,
            args,
        ));
        grant
    }

    /// Votes of these oracles on one KPI.
    fn votes(&mut self, kpi: u8, period: u16, grant: Option<Pubkey>, votes: &[(usize, i64)]) {
        for (oracle, value) in votes {
            self.run(self.world.vote(*oracle, kpi, period, grant, *value));
        }
    }

    fn dispute(&mut self, disputer: &Pubkey, kpi: u8, period: u16, grant: Option<Pubkey>) {
        let reason_hash = [4; 32];
        let grants = grant.filter(|_| kpi == INDIVIDUAL).map(|grant| self.world.one(&grant));
        let args = DisputeArgs {
            kpi,
            period,
            grants,
            reason_hash,
        };
        let (plan, payer) = (self.world.token.plan, self.world.chain.fee_payer().pubkey());
        self.run(instructions::dispute(&payer, disputer, &plan, grant, args));
    }

    fn rule(&mut self, kpi: u8, period: u16, grants: Option<PageGrants>, disputed_for: &[Pubkey], value: Option<i64>) {
        self.run(self.world.rules_on(kpi, period, grants, disputed_for, value));
    }

    /// Settles the period for all of its grants, and collects where the plan redistributes.
    fn settle(&mut self, period: u16) {
        self.world.after_windows(period);
        let grants = self
            .books
            .open()
            .unwrap()
            .grants
            .iter()
            .filter(|(_, record)| !record.closed);
        let due = grants.filter(|(_, record)| record.state.next_period == period && record.state.end_period > period);
        let due: Vec<Pubkey> = due.map(|(address, _)| *address).collect();
        for grant in &due {
            self.run(self.world.settle_instruction(grant));
        }
        if self.world.plan().redistributes().unwrap() {
            for grant in due {
                self.run(instructions::collect_bonus(&self.world.token.plan, &grant, period));
            }
        }
    }

    /// Claims `amount`, or all, by the beneficiary.
    fn claim(&mut self, grant: &Pubkey, amount: Option<u64>) {
        let beneficiary = self.world.grant_state(grant).beneficiary;
        let destination = self.world.associated_address(&beneficiary);
        self.run(instructions::claim(
            &beneficiary,
            &self.world.token,
            grant,
            &destination,
            amount,
        ));
    }

    fn set_treasury(&mut self) -> Pubkey {
        let owner = self.world.key();
        let treasury = self.world.associated(&owner);
        self.run(instructions::set_treasury(
            &self.world.authority.pubkey(),
            &self.world.token.plan,
            &treasury,
        ));
        treasury
    }

    fn propose_oracles(&mut self, oracles: &[Keypair], threshold: u8, first_period: u16) {
        let args = ProposeOraclesArgs {
            oracles: oracles.iter().map(Signer::pubkey).collect(),
            threshold,
            first_period,
        };
        self.run(instructions::propose_oracles(
            &self.world.authority.pubkey(),
            &self.world.token.plan,
            args,
        ));
    }

    /// Offers the plan to another key, which takes it after `in_between`.
    fn hand_over(&mut self, in_between: impl FnOnce(&mut Self)) {
        let (old, plan, new) = (self.world.authority.pubkey(), self.world.token.plan, self.keypair());
        for offered in [Some(self.world.treasury_owner), None, Some(new.pubkey())] {
            self.run(instructions::propose_authority(&old, &plan, offered));
        }
        in_between(self);
        self.run(instructions::accept_authority(&new.pubkey(), &plan));
        self.world.authority = new;
    }
}

/// A life with every instruction in it, under these terms.
fn live(world: World, args: CreatePlanArgs) -> Life {
    let mut life = Life {
        world,
        books: Books::default(),
        filled: BTreeSet::new(),
    };
    // A draft that comes to nothing.
    let draft = CreatePlanArgs {
        plan_id: 77,
        ..args.clone()
    };
    life.draft(draft);
    let withdraw = |world: &World, amount| {
        instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, amount)
    };
    life.run(withdraw(&life.world, Some(1_000)));
    life.run(life.world.close_plan());
    // Tells nothing and changes nothing.
    let before = instructions::require_before(life.world.chain.now());
    assert_eq!(life.world.run(before).events().count(), 0);
    life.books.assert_equal(&life.world.chain);

    let plan = life.draft(args);
    life.run(life.world.activate());
    for uri in ["https://example.org/old", "", "https://example.org/plan"] {
        let authority = life.world.authority.pubkey();
        life.run(instructions::set_uri(&authority, &plan, uri.to_owned()));
    }
    life.run(withdraw(&life.world, Some(500)));
    let first = life.grant(|args| args.transferable = true);
    let second = life.grant(|args| (args.revocable, args.cliff_periods) = (false, 3));
    // In US dollars, 3 cents a period and then 4.
    let third = life.grant(|args| (args.first_period, args.periods, args.unit_allocation) = (1, 3, 10));
    let timed = life.grant(|args| (args.time_weight, args.kpi_weights) = (10_000, vec![]));
    let early = life.grant(|_| ());
    life.run(life.world.leave(Leave::Terminate, &early));
    life.run(life.world.close_grant(&early));

    // Announcements, some of them taken back.
    let old_oracles: Vec<Keypair> = life.world.oracles.iter().map(Keypair::insecure_clone).collect();
    let new_oracles: Vec<Keypair> = vec![old_oracles[2].insecure_clone(), life.keypair()];
    life.propose_oracles(&new_oracles, 2, 3);
    life.run(instructions::cancel_oracle_change(
        &life.world.authority.pubkey(),
        &plan,
    ));
    life.propose_oracles(&new_oracles, 2, 2);
    life.set_treasury();
    life.world.treasury = life.set_treasury();

    // Period 0: a changed vote, a median, a silence with a vote, and one without any.
    life.world.after_period(0, 0);
    life.votes(SHARED, 0, None, &[(0, 50), (1, 60), (0, 70), (2, 70)]);
    life.world.after_period(0, 100);
    life.votes(INDIVIDUAL, 0, Some(first), &[(0, 10), (1, 20), (2, 30)]);
    let [first_owner, second_owner] = [first, second].map(|grant| life.world.grant_state(&grant).beneficiary);
    life.dispute(&first_owner, SHARED, 0, Some(first));
    life.rule(SHARED, 0, None, &[first], None);
    life.world.after_period(0, DAY);
    life.dispute(&second_owner, INDIVIDUAL, 0, Some(second));
    // The second of the two is disputed already and stays the beneficiary's.
    life.run(life.world.disputes_of_page(INDIVIDUAL, 0, 0, 0b11));
    life.world.after_period(0, DAY + 50);
    let both = PageGrants { first: 0, mask: 0b11 };
    life.rule(INDIVIDUAL, 0, Some(both), &[second], Some(-5));
    life.settle(0);
    life.claim(&first, Some(3));
    life.run(life.world.close_page(INDIVIDUAL, 0, &second));

    // Handed over: the treasury's time has come, the change of oracles is void.
    life.hand_over(|_| ());
    life.propose_oracles(&new_oracles, 2, 2);
    life.set_treasury();
    life.grant(|args| (args.first_period, args.periods, args.allocation) = (2, 4, 7));

    // People change.
    let heir = life.world.key();
    life.world.associated(&heir);
    life.run(instructions::set_claim_lock(&first_owner, &plan, &first, true));
    for offered in [Some(second_owner), None, Some(heir)] {
        life.run(instructions::propose_beneficiary(&first_owner, &plan, &first, offered));
    }
    let expected = AcceptBeneficiaryArgs {
        claimed: 3,
        termination: 0,
        dispute_barred: true,
    };
    life.run(instructions::accept_beneficiary(&heir, &plan, &first, expected));
    for locked in [true, false] {
        life.run(instructions::set_claim_lock(&second_owner, &plan, &second, locked));
    }
    // One is dismissed, one leaves before its cliff.
    life.world.after_period(0, 15 * DAY);
    life.run(life.world.leave(Leave::Terminate, &third));
    life.world.after_period(0, 20 * DAY);
    life.run(life.world.leave(Leave::Resign, &second));

    // Period 1: nobody agrees. Period 2: the new oracles do, on an address that holds lamports already.
    life.world.after_period(1, 5);
    life.votes(SHARED, 1, None, &[(0, 150), (1, 10), (2, 200)]);
    life.votes(PRICE, 1, None, &[(1, 20_000), (0, 20_000)]);
    // The second update takes the place of the first.
    for (after, before) in [(4, 3), (2, -1)] {
        let end = life.world.plan().calendar().unwrap().period_end(1).unwrap();
        let update = Update {
            at: end + after,
            previous: end + before,
            ..Update::first(end)
        };
        let account = life.world.publish(&update);
        let observe = life.world.observe(PRICE, 1, &account);
        life.run(observe);
    }
    life.votes(PRICE, 1, None, &[(2, 30_000), (1, 30_000)]);
    life.votes(INDIVIDUAL, 1, Some(third), &[(1, 100), (0, 100)]);
    // A late vote for the third, a changed one for it, and new ones for the others.
    life.run(life.world.upload(2, INDIVIDUAL, 1, 0, &[70, NO_VALUE, 90]));
    life.run(life.world.upload(0, INDIVIDUAL, 1, 0, &[70, 80, 90]));
    life.world.after_period(1, DAY);
    let authority = life.world.authority.pubkey();
    life.dispute(&authority, SHARED, 1, None);
    life.dispute(&authority, SECOND_SHARED, 1, None);
    life.rule(SECOND_SHARED, 1, None, &[], Some(9));
    life.settle(1);
    life.world.oracles = new_oracles;
    life.world.after_period(2, 9);
    life.world.chain.give(&pda::attestation(&plan, SHARED, 2), 1_234);
    life.votes(SHARED, 2, None, &[(1, 120), (0, 120)]);
    life.settle(2);
    life.claim(&timed, None);

    // The change of oracles has begun and so outlives this handover; the next one makes it the first set.
    life.hand_over(|life| {
        life.set_treasury();
        life.world.after_period(2, 10 * DAY);
    });
    life.world.treasury = life.world.plan().treasury;
    life.propose_oracles(&old_oracles, 3, 5);
    life.run(life.world.leave(Leave::Terminate, &timed));
    for period in [3, 4, 5] {
        life.settle(period);
    }

    // The end, beyond the last release.
    life.world.after_period(5, 40 * DAY);
    let ledger = life.books.open().unwrap().clone();
    for grant in ledger
        .grants
        .iter()
        .filter_map(|(address, record)| (!record.closed).then_some(*address))
    {
        let now = life.world.chain.now();
        if life
            .world
            .grant_state(&grant)
            .claimable(&life.world.plan(), now)
            .unwrap()
            > 0
        {
            life.claim(&grant, None);
        }
        life.run(life.world.close_grant(&grant));
    }
    let treasury = life.world.treasury;
    let mut closings = Vec::new();
    for (address, record) in ledger.evaluations.iter().filter(|(_, record)| !record.closed) {
        closings.push(match &record.state {
            Evaluation::Attestation(state) => instructions::close_attestation(address, state, &treasury),
            Evaluation::Page(state) => instructions::close_page(address, state.head(), &treasury),
        });
    }
    for record in ledger.periods.values() {
        closings.push(instructions::close_period(&record.state, &treasury));
    }
    for closing in closings {
        life.run(closing);
    }
    life.run(withdraw(&life.world, Some(10)));
    let stranger = life.world.chain.fee_payer().pubkey();
    life.run(life.world.close_plan_as(&stranger, &treasury));
    life
}

#[test]
fn a_plan_can_be_rebuilt_from_its_events() {
    let months = CreatePlanArgs {
        cadence: Cadence::Months(1),
        release: Release::Linear,
        ..policy(UnearnedPolicy::Redistribute)
    };
    let weakest = CreatePlanArgs {
        combination: Combination::Weakest,
        ..policy(UnearnedPolicy::CarryOver)
    };
    // 1 % of every transfer is kept, so that another amount arrives than was sent.
    let fee = World::with_mint(TokenProgram::Token2022, |chain| fee_mint(chain, 100, u64::MAX));
    let lives = [
        (World::new(TokenProgram::Spl), policy(UnearnedPolicy::Return)),
        (fee, weakest),
        (World::new(TokenProgram::Spl), months),
    ];
    let mut told = BTreeSet::new();
    for (world, terms) in lives {
        let args = CreatePlanArgs {
            period_count: 6,
            unit: "USD".to_owned(),
            unit_decimals: 2,
            token_flags: ALLOW_FREEZE_AUTHORITY | ALLOW_TRANSFER_FEE,
            max_fee_bps: 300,
            ..terms
        };
        let life = live(world, args);
        assert_eq!(life.books.0.len(), 2);
        for ledger in life.books.0.values() {
            assert!(ledger.closing.is_some());
            assert!(ledger.grants.values().all(|record| record.closed));
            assert!(ledger.evaluations.values().all(|record| record.closed));
            assert!(ledger.periods.values().all(|record| record.closed));
        }
        told.extend(life.filled);
    }
    // No field was equal only because it was never written.
    let fields = [
        all_fields::<Plan>(),
        all_fields::<Grant>(),
        all_fields::<Attestation>(),
        all_fields::<Page>(),
        all_fields::<Period>(),
    ];
    let untold: Vec<String> = fields
        .concat()
        .into_iter()
        .filter(|field| !told.contains(field))
        .collect();
    let spare = [
        "Plan.spare_terms",
        "Plan.spare",
        "Grant.spare_terms",
        "Grant.spare",
        "Attestation.spare",
        "Page.page",
        "Page.spare",
    ];
    assert_eq!(untold, spare);
}

/// Every instruction is among them.
#[test]
fn every_state_can_be_rebuilt_from_its_events() {
    for case in CASES {
        let (mut world, call) = (case.build)();
        world.run(call);
        let mut books = Books::default();
        world.chain.events().iter().for_each(|event| books.apply(event));
        books.assert_equal(&world.chain);
        books.assert_accounted_for(&world.chain);
    }
}
