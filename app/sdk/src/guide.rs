//! What each role does with this library, one example that runs for each. None of them needs a chain: what a client
//! would read from one is made here by [`terms`](crate::terms), which writes the same accounts as the program. Feature
//! `client` reads and sends: see its `Client`.
//!
//! # The project
//!
//! States terms, sees what they can cost before anything is sent, and makes grants.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout_sdk::wire::args::CreateGrantArgs;
//! use earnout_sdk::{wire::{instructions, pda}, terms};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Terms as the program takes them; `setup` has them in full.
//! let (creator, payer, mint, treasury, token_program) = (key(1), key(2), key(3), key(4), key(5));
//! let (plan_args, kpi_args) = (plan_args(), kpi_args());
//! let draft = terms::draft(&creator, &plan_args, std::slice::from_ref(&kpi_args))?;
//! terms::check(&draft, &plan_args, NOW)?; // what the program would refuse, in its own words
//!
//! let plan = pda::plan(&creator, plan_args.plan_id);
//! let first = [
//!     instructions::create_plan(&payer, &creator, &mint, &treasury, &token_program, plan_args),
//!     instructions::add_kpi(&creator, &plan, kpi_args),
//!     instructions::activate_plan(&creator, &plan, &mint),
//! ];
//! assert_eq!(first[0].accounts[2].pubkey, plan);
//!
//! // 1,200 tokens over 4 periods, 40 % for time served and 60 % for the KPI, whose best score is 15,000: the vault
//! // must hold 0.4 + 0.6 · 1.5 = 1.3 times that.
//! let grant_args = CreateGrantArgs { grant_index: 0, beneficiary: key(9), ..grant_args() };
//! let grant = terms::grant(&draft, &grant_args, NOW)?;
//! assert_eq!(grant.reserved, 1_560_000_000);
//! let create = instructions::create_grant(&payer, &creator, &plan, &mint, grant_args);
//! assert_eq!(create.accounts[3].pubkey, pda::grant(&plan, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # The contributor
//!
//! Sees what is earned, what can be claimed and what is to come, and claims.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout::state::Results;
//! use earnout_sdk::{wire::{instructions::{self, PlanToken}, pda}, report::projection};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // With feature `client`: `client.plan(&address)` and `client.grant(&address)`.
//! let (address, plan, mut grant) = plan_and_grant()?;
//! // Every period at target, and the first one settled.
//! let all = projection::project(&plan, &grant, |_| Results { scores: [10_000; 16], price: None })?;
//! assert_eq!(all.iter().map(|period| period.settlement.earned).sum::<u64>(), 1_200_000_000);
//! grant.settle(&plan, &Results { scores: [5_000; 16], price: None })?;
//!
//! let amounts = projection::amounts(&plan, &grant, NOW + 40 * DAY)?;
//! assert_eq!(amounts.claimable, 210_000_000); // 300 · (0.4 + 0.6 · 0.5)
//! let token = PlanToken { plan: address, mint: key(3), token_program: key(5) };
//! let account = pda::associated_token_account(&grant.beneficiary, &token.mint, &token.token_program);
//! let claim = instructions::claim(&grant.beneficiary, &token, &pda::grant(&address, 0), &account, None);
//! assert_eq!(claim.accounts[4].pubkey, account);
//! # Ok(())
//! # }
//! ```
//!
//! # The oracle
//!
//! Reports a value, exact, with the hash of its evidence. Values of an individual KPI go out by the page:
//! [`uploads`](crate::wire::uploads) splits them.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout_sdk::wire::args::{AttestArgs, AttestPageArgs};
//! use earnout_sdk::{text::amount, wire::{instructions, pda, uploads}, report::projection};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (address, plan, _) = plan_and_grant()?;
//! let (kpi, period, oracle) = (0, 0, key(11));
//! let terms = plan.kpi(kpi)?;
//! // `41.55` would have to be rounded to one decimal, which is refused.
//! assert!(amount::parse_value("41.55", terms.decimals).is_err());
//! let value = amount::parse_value("41.5", terms.decimals)?;
//! assert!(terms.accepts(value) && plan.oracle_set(period).position(&oracle).is_some());
//!
//! let times = projection::period_times(&plan, period)?;
//! assert!(times.end < times.attest_deadline); // votes are accepted in between
//! let args = AttestArgs { kpi, period, value, evidence: [0xE5; 32] };
//! let vote = instructions::attest(&oracle, &oracle, &address, args);
//! assert_eq!(vote.accounts[3].pubkey, pda::attestation(&address, kpi, period));
//!
//! // If the KPI were individual: grants 3, 62 and 64 are in two pages.
//! let values = [(3, 415), (62, 380), (64, 500)].into();
//! let votes: Vec<_> = uploads(&values)
//!     .into_iter()
//!     .map(|(first, values)| {
//!         let args = AttestPageArgs { kpi, period, first, values, evidence: [0xE5; 32] };
//!         instructions::attest_page(&oracle, &oracle, &address, args)
//!     })
//!     .collect();
//! let pages: Vec<_> = votes.iter().map(|vote| vote.accounts[3].pubkey).collect();
//! assert_eq!(pages, [0, 1].map(|page| pda::page(&address, kpi, period, page)));
//! # Ok(())
//! # }
//! ```
//!
//! # The arbiter
//!
//! Sees what stands and until when it can rule, and rules.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout_sdk::wire::args::RuleArgs;
//! use earnout_core::quorum::Finality;
//! use earnout_sdk::{wire::{instructions, pda}, report::projection};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (address, plan, _) = plan_and_grant()?;
//! // Two oracles agreed on 41.5 an hour after the period, and somebody disputed it another hour later.
//! let attestation = disputed(&plan, 415);
//! let reading = projection::reading(&plan, 0, 0, &attestation.tally()?, attestation.disputed_at)?;
//! assert_eq!(reading.score, 4_150);
//! let until = attestation.disputed_at + i64::from(plan.ruling_secs);
//! assert_eq!(reading.finality, Finality::NotBefore(until)); // it stands if the arbiter says nothing
//!
//! let args = RuleArgs { kpi: 0, period: 0, grants: None, value: Some(400), reason_hash: [0xA4; 32] };
//! let rule = instructions::rule(&plan.arbiter, &address, &[], args);
//! assert!(rule.accounts[0].is_signer && rule.accounts[0].pubkey == plan.arbiter);
//! assert_eq!(rule.accounts[2].pubkey, pda::attestation(&address, 0, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # The auditor
//!
//! Computes everything again and compares. With feature `client`, `client.statement_sources(&address)` reads what a
//! statement needs, from events where accounts were closed.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout_sdk::report::{books::Ledger, statement::{Sources, Statement}};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The plan's events, here one settlement, in order.
//! let events = events();
//! let Some(ledger) = Ledger::of(&events)? else { panic!("the plan has events") };
//! let statement = Statement::of(Sources::of_ledger(&ledger, None, NOW + 40 * DAY)?)?;
//! assert!(statement.findings.is_empty());
//! let line = &statement.grants[&0].lines[0];
//! assert_eq!((line.results.scores[0], line.settlement.map(|settled| settled.earned)), (4_150, Some(194_700_000)));
//! assert_eq!(statement.vault.surplus, 635_300_000); // 2,000 − 1,170 reserved − 194.7 owed
//!
//! // An oracle's vote that is missing is noticed.
//! let missing = Ledger::of(events.iter().filter(|event| event.sequence() != 6));
//! assert_eq!(missing.unwrap_err().to_string(), "event 6 is missing: the next one here is event 7");
//! # Ok(())
//! # }
//! ```
//!
//! # Whoever cranks
//!
//! Anyone can settle, collect and close; nobody's amounts depend on who does.
//!
//! ```
//! # mod setup { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/setup.rs")); }
//! use earnout_sdk::{todo::due::{Due, PlanAccounts}, wire::{instructions, pda}, report::projection};
//! # use setup::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (address, plan, state) = plan_and_grant()?;
//! let grant = pda::grant(&address, 0);
//! // With feature `client`: `client.plan_accounts(&address)`.
//! let mut accounts = PlanAccounts {
//!     address,
//!     plan,
//!     grants: [(grant, state)].into(),
//!     evaluations: Default::default(), // nobody voted
//!     periods: Default::default(),
//!     updates: Default::default(), // no KPI has a feed
//!     now: projection::period_times(&plan, 0)?.attest_deadline,
//! };
//! assert_eq!(accounts.settlements()?, []); // the silence can still be disputed
//! accounts.now += i64::from(plan.challenge_secs);
//! assert_eq!(accounts.settlements()?, [Due::Settle { grant, period: 0 }]);
//! let settle = instructions::settle(&key(2), &address, &plan, &grant, &state);
//! assert_eq!(settle.accounts.last().map(|meta| meta.pubkey), Some(pda::attestation(&address, 0, 0)));
//! # Ok(())
//! # }
//! ```
