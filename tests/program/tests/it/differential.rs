//! The two builds of the program, on `earnout-frame` and on Anchor's runtime, do the same: random calls, valid or
//! broken in one to three places, are sent to both, and result, error, all bytes of all accounts, calls and events must
//! be equal.
//!
//! Needs both files: `cargo xtask test --only runtimes` builds them and runs this. `EARNOUT_SO` and `EARNOUT_SO_ANCHOR`
//! name others, `EARNOUT_DIFFERENTIAL=1000000` sends as many calls.

use {
    crate::rng::Rng,
    earnout::token,
    earnout_embedded::Rehearsal,
    earnout_tests::{
        scenes::{CASES, Case},
        *,
    },
    std::{
        collections::BTreeMap,
        env,
        path::{Path, PathBuf},
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    },
};

/// Calls that are sent where the environment does not say how many.
const CALLS: usize = 100_000;

/// Differences that are told.
const TOLD: usize = 10;

impl Rng {
    fn one_of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        list.get(self.index(list.len())).copied()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// How many calls came to what.
#[derive(Default)]
struct Tally {
    calls: usize,
    succeeded: usize,
    results: BTreeMap<String, usize>,
    differences: Vec<String>,
}

/// The same state twice, and who is in it.
struct Pair {
    frame: Chain,
    anchor: Chain,
    valid: Instruction,
    /// Addresses that a call can be broken with.
    others: Vec<Pubkey>,
}

#[test]
#[ignore = "needs both builds: `cargo xtask test --only runtimes`"]
fn both_builds_do_the_same() {
    let calls = env::var("EARNOUT_DIFFERENTIAL").map_or(CALLS, |calls| calls.parse().unwrap());
    let anchor = env::var_os("EARNOUT_SO_ANCHOR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/earnout_anchor.so"),
        PathBuf::from,
    );
    let frame = Chain::built_program();
    let other = std::fs::read(&anchor).expect("`cargo xtask build --runtime anchor` makes it");
    assert!(
        std::fs::read(&frame).unwrap() != other,
        "one build is compared with itself"
    );
    let (next, tallies) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = CASES.get(number) else { break };
            // What is left over goes to the first ones.
            let share = calls / CASES.len() + usize::from(number < calls % CASES.len());
            let tally = compare(case, u64::try_from(number).unwrap(), share, &anchor);
            tallies.lock().unwrap().push(tally);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let tallies = tallies.into_inner().unwrap();
    let mut results: BTreeMap<&str, usize> = BTreeMap::new();
    for (result, count) in tallies.iter().flat_map(|tally| &tally.results) {
        *results.entry(result).or_default() += count;
    }
    let sent: usize = tallies.iter().map(|tally| tally.calls).sum();
    let succeeded: usize = tallies.iter().map(|tally| tally.succeeded).sum();
    println!(
        "{sent} calls in {} states: {succeeded} succeeded, {} different results",
        CASES.len(),
        results.len()
    );
    for (result, count) in &results {
        println!("{count:8} {result}");
    }
    let differences: Vec<&String> = tallies.iter().flat_map(|tally| &tally.differences).collect();
    assert!(
        differences.is_empty(),
        "{} differences, the first of them:\n{}",
        differences.len(),
        differences
            .iter()
            .take(TOLD)
            .map(|text| text.as_str())
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    assert_eq!(sent, calls);
    // Else the calls were broken so badly that nothing was compared.
    assert!(succeeded > calls / 20, "only {succeeded} of {calls} calls succeeded");
    assert!(
        results.len() > 60 || calls < CALLS,
        "only {} different results",
        results.len()
    );
}

/// Sends so many variants of a case to both builds.
fn compare(case: &Case, seed: u64, calls: usize, anchor: &Path) -> Tally {
    let (world, valid) = (case.build)();
    let mut pair = Pair {
        frame: world.chain.with_program(&Chain::built_program()).unwrap(),
        anchor: world.chain.with_program(anchor).unwrap(),
        others: others(&world, &valid),
        valid,
    };
    let mut numbers = Rng(seed);
    let mut tally = Tally::default();
    for call in 0..calls {
        // The first one is valid, and one of ten.
        let breaks = if call % 10 == 0 { 0 } else { 1 + numbers.index(3) };
        let mut instruction = pair.valid.clone();
        let mut tampered = Vec::new();
        let mut done = Vec::new();
        for _ in 0..breaks {
            done.push(pair.break_one(&mut numbers, &mut instruction, &mut tampered));
        }
        let (on_frame, on_anchor) = (pair.frame.rehearse(&instruction), pair.anchor.rehearse(&instruction));
        tally.calls += 1;
        tally.succeeded += usize::from(on_frame.result.is_ok());
        *tally.results.entry(format!("{:?}", on_frame.result)).or_default() += 1;
        if !are_alike(&on_frame, &on_anchor) {
            tally.differences.push(format!(
                "{} | {} | call {call} | {}\non the frame: {:?}\non Anchor: {:?}",
                case.instruction,
                case.state,
                done.join(", "),
                on_frame.result,
                on_anchor.result
            ));
        }
        for (address, account) in tampered.into_iter().rev() {
            pair.replace(&address, account);
        }
    }
    tally
}

/// Whether two builds did the same. Of a text that says it is longer than the heap borsh makes room before it looks
/// whether there is so much data, and the instruction is broken off; the frame looks first and says that the data are
/// wrong.
fn are_alike(on_frame: &Rehearsal, on_anchor: &Rehearsal) -> bool {
    let of = |rehearsal: &Rehearsal| format!("{:?}", rehearsal.result);
    let broken_off = "Err(InstructionError(0, ProgramFailedToComplete))";
    let malformed = format!(
        "Err(InstructionError(0, Custom({})))",
        u32::from(AnchorError::InstructionDidNotDeserialize)
    );
    on_frame == on_anchor || (of(on_frame) == malformed && of(on_anchor) == broken_off)
}

/// Everyone and everything of the world that a call could name.
fn others(world: &World, valid: &Instruction) -> Vec<Pubkey> {
    let mut others = vec![
        earnout::ID,
        system_program::ID,
        Pubkey::default(),
        Pubkey::from([7; 32]),
        token::MEMO_PROGRAM,
        world.token.plan,
        world.token.mint,
        world.source,
        world.treasury,
        world.treasury_owner,
        world.authority.pubkey(),
        world.arbiter.pubkey(),
        world.chain.fee_payer().pubkey(),
        pda::vault(&world.token.plan),
    ];
    others.extend(TOKEN_PROGRAMS.map(TokenProgram::id));
    others.extend(world.oracles.iter().map(Signer::pubkey));
    others.extend((0..3).map(|index| pda::grant(&world.token.plan, index)));
    others.extend((0..2).map(|period| pda::period(&world.token.plan, period)));
    others.extend((0..2).map(|kpi| pda::attestation(&world.token.plan, kpi, 0)));
    others.extend((0..2).map(|kpi| pda::page(&world.token.plan, kpi, 0, 0)));
    others.extend(valid.accounts.iter().map(|meta| meta.pubkey));
    others
}

impl Pair {
    fn replace(&mut self, address: &Pubkey, account: Account) {
        self.frame.replace(address, account.clone());
        self.anchor.replace(address, account);
    }

    /// Breaks the call in one place and says how.
    fn break_one(
        &mut self,
        numbers: &mut Rng,
        instruction: &mut Instruction,
        tampered: &mut Vec<(Pubkey, Account)>,
    ) -> String {
        let (accounts, data) = (&mut instruction.accounts, &mut instruction.data);
        let index = numbers.index(accounts.len());
        let other = numbers.one_of(&self.others).unwrap_or_default();
        match numbers.index(16) {
            0..=3 if !accounts.is_empty() => {
                accounts[index].pubkey = other;
                format!("account {index} is {other}")
            }
            4 if !accounts.is_empty() => {
                let by = numbers.index(accounts.len());
                accounts[index] = accounts[by].clone();
                format!("account {index} is account {by} again")
            }
            5 if !accounts.is_empty() => {
                accounts[index].is_signer ^= true;
                format!("account {index} signs: {}", accounts[index].is_signer)
            }
            6 if !accounts.is_empty() => {
                accounts[index].is_writable ^= true;
                format!("account {index} is written: {}", accounts[index].is_writable)
            }
            7 if !accounts.is_empty() => {
                accounts.truncate(index);
                format!("{index} accounts")
            }
            8 if !accounts.is_empty() => {
                accounts.remove(index);
                format!("without account {index}")
            }
            9 => {
                // Seldom as many as the runtime takes.
                let more = if numbers.index(20) == 0 {
                    60
                } else {
                    1 + numbers.index(3)
                };
                for _ in 0..more {
                    let pubkey = numbers.one_of(&self.others).unwrap_or_default();
                    let (is_signer, is_writable) = (numbers.index(4) == 0, numbers.index(2) == 0);
                    accounts.push(AccountMeta {
                        pubkey,
                        is_signer,
                        is_writable,
                    });
                }
                format!("{more} accounts more")
            }
            10 => {
                let length = numbers.index(data.len() + 1);
                data.truncate(length);
                format!("{length} bytes of data")
            }
            11 => {
                let most = if numbers.index(20) == 0 { 2_000 } else { 16 };
                let more = 1 + numbers.index(most);
                data.extend(numbers.bytes(more));
                format!("{more} bytes of data more")
            }
            12 | 13 if data.len() > 8 => {
                // Small values and large ones are where ranges end.
                let (at, by) = (8 + numbers.index(data.len() - 8), numbers.next().to_le_bytes()[0]);
                data[at] = *[0, 1, 2, 255, by].get(numbers.index(5)).unwrap_or(&by);
                format!("byte {at} of the data is {}", data[at])
            }
            14 => {
                let address = accounts.get(index).map_or(other, |meta| meta.pubkey);
                self.tamper(numbers, address, tampered)
            }
            _ => {
                let at = numbers.index(data.len().min(8));
                let Some(byte) = data.get_mut(at) else {
                    return "no data".to_owned();
                };
                *byte ^= 1 << numbers.index(8);
                format!("byte {at} of the name is {byte}")
            }
        }
    }

    /// Changes an account on both chains.
    fn tamper(&mut self, numbers: &mut Rng, address: Pubkey, tampered: &mut Vec<(Pubkey, Account)>) -> String {
        let original = self.frame.account(&address).unwrap_or_default();
        // The runtime looks into programs, and the fee payer must be able to pay.
        if original.executable
            || address == self.frame.fee_payer().pubkey()
            || address.as_ref().starts_with(b"\x06\xa7\xd5")
        {
            return "nothing".to_owned();
        }
        let mut account = original.clone();
        let what = match numbers.index(6) {
            0 => {
                account.owner = numbers.one_of(&self.others).unwrap_or_default();
                format!("owner is {}", account.owner)
            }
            1 => {
                let length = numbers.index(account.data.len() + 1);
                account.data.truncate(length);
                format!("has {length} bytes")
            }
            2 => {
                let more = 1 + numbers.index(64);
                account.data.extend(numbers.bytes(more));
                format!("has {more} bytes more")
            }
            3 => {
                account.lamports = account.lamports.saturating_add(numbers.next() >> 40);
                "has other lamports".to_owned()
            }
            4 => {
                account = Account::default();
                "does not exist".to_owned()
            }
            _ => {
                let at = numbers.index(account.data.len());
                match account.data.get_mut(at) {
                    Some(byte) => {
                        *byte = numbers.next().to_le_bytes()[0];
                        format!("byte {at} is {byte}")
                    }
                    None => "no byte".to_owned(),
                }
            }
        };
        tampered.push((address, original));
        self.replace(&address, account);
        format!("{address}: {what}")
    }
}
