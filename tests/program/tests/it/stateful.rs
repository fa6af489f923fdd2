//! Random sequences of all instructions against an independent model of the design.
//!
//! After every step: G1, G2, G3, G12 and equality with the model. At the end strangers bring the plan to its end (G7),
//! and every beneficiary has exactly what the model says. Sequences take turns with a mint of SPL Token, one of
//! Token-2022, and one with a transfer fee that its authority changes at will, up to everything.
//!
//! `EARNOUT_SEQUENCES` (2,000) and `EARNOUT_STEPS` (60) set the length, `EARNOUT_SEED` (0) the first seed. Sequences
//! that failed are kept in `tests/program/seeds/stateful.txt` and are replayed first.

mod actions;
mod chain;
mod check;
mod model;

use {
    crate::rng::Rng,
    actions::{
        Action, Claim, CloseAttestation, CloseGrant, ClosePage, ClosePeriod, ClosePlan, CollectBonus, CreateGrant,
        KINDS, Kind, Settle, WithdrawSurplus,
    },
    chain::{PEOPLE, Stage, TOKENS},
    check::Seen,
    earnout_tests::GENESIS,
    model::{Model, PAGE, Place, Status, Who},
    std::{
        fmt::Write as _,
        io::Write as _,
        panic::{AssertUnwindSafe, catch_unwind},
        path::{Path, PathBuf},
        rc::Rc,
        sync::{
            Mutex,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        time::Instant,
    },
};

/// Someone without a role.
const STRANGER: Who = PEOPLE - 1;

/// A time and what is done then.
type Step = (i64, Action);

/// How often each kind was tried and done, and what else was seen.
struct Coverage {
    tried: [u64; KINDS.len()],
    done: [u64; KINDS.len()],
    /// Of each of [`SEEN`].
    seen: [u64; SEEN.len()],
}

const SEEN: [&str; 27] = [
    "plans drained",
    "grants paid",
    "bonuses above 0",
    "cut tranches",
    "forfeits",
    "claims with a fee",
    "claims only by the beneficiary because of the fee",
    "plans only the authority closed because of the fee",
    "agreed",
    "at least the default",
    "at most the default",
    "silent",
    "ruled otherwise",
    "upheld",
    "dispute lapsed",
    "on both sides of the default",
    "own votes that did not count",
    "late votes",
    "values changed after an agreement",
    "several disputed at once",
    "several ruled on at once",
    "measured grants handed over",
    "values in second pages",
    "grants in another unit settled",
    "caps reached",
    "feeds that counted",
    "updates replaced",
];

impl Default for Coverage {
    fn default() -> Self {
        Self {
            tried: [0; KINDS.len()],
            done: [0; KINDS.len()],
            seen: [0; SEEN.len()],
        }
    }
}

impl Coverage {
    fn add(&mut self, other: &Self) {
        for kind in 0..KINDS.len() {
            self.tried[kind] += other.tried[kind];
            self.done[kind] += other.done[kind];
        }
        for (sum, more) in self.seen.iter_mut().zip(&other.seen) {
            *sum += more;
        }
    }
}

/// One sequence.
struct Play<'a> {
    stage: &'a mut Stage,
    model: Model,
    seen: Seen,
    steps: Vec<Step>,
    coverage: Coverage,
}

impl<'a> Play<'a> {
    fn new(stage: &'a mut Stage, seed: u64) -> Self {
        stage.reset(seed as usize % TOKENS);
        let model = Model::new(stage.balances(), stage.charges());
        Self {
            stage,
            model,
            seen: Seen::default(),
            steps: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    /// Does it on the chain and in the model, and compares.
    fn step(&mut self, now: i64, action: Action, kind: Option<usize>) -> Result<bool, String> {
        self.stage.chain.set_time(now);
        self.steps.push((now, action.clone()));
        let old = self.model.clone();
        let instruction = self.stage.prepare(&*action, &old);
        let before = self.stage.snapshot();
        let expected = self.model.apply(&*action, now);
        // Each instruction of the program leaves one.
        let is_own = instruction.as_ref().is_some_and(|sent| sent.program_id == earnout::ID);
        self.model.events += u64::from(expected && is_own);
        let done = self.stage.perform(&*action, &self.model, instruction, &before)?;
        if let Some(kind) = kind {
            self.coverage.tried[kind] += 1;
            self.coverage.done[kind] += u64::from(done);
        }
        if done != expected {
            let said = |done| if done { "does it" } else { "refuses" };
            return Err(format!("the program {}, the model {}", said(done), said(expected)));
        }
        if done {
            check::rent(self.stage, &before, &*action, &old)?;
        }
        check::all(self.stage, &self.model, &mut self.seen)?;
        Ok(done)
    }

    fn random(&mut self, rng: &mut Rng, steps: u64) -> Result<(), String> {
        let mut now = GENESIS;
        for _ in 0..steps {
            // A closed plan refuses everything, which a few tries show.
            if self.model.status == Status::Closed && rng.chance(20) {
                break;
            }
            if rng.chance(40) {
                now = actions::later(rng, &self.model, now);
            }
            let (kind, action) = actions::next(rng, &self.model, now);
            if self.step(now, action, Some(kind))? && KINDS[kind].name == "create_grant" {
                self.fill(now)?;
            }
        }
        Ok(())
    }

    /// Makes more grants where the plan takes more than a page holds, up to the page's last one: what comes then is in
    /// two pages.
    fn fill(&mut self, now: i64) -> Result<(), String> {
        while self.model.terms().max_grants > PAGE as u32 && self.model.grants.len() < PAGE - 1 {
            let more = CreateGrant::like_the_last(&self.model).map(|grant| self.step(now, Rc::new(grant), None));
            if !more.transpose()?.unwrap_or(false) {
                break;
            }
        }
        Ok(())
    }

    /// G7: from the last deadline on strangers bring everything to its end.
    fn drain(&mut self) -> Result<(), String> {
        if self.model.status != Status::Active {
            return Ok(());
        }
        let now = self.steps.last().map_or(GENESIS, |step| step.0);
        let now = now.max(self.model.last_deadline());
        let all = 0..self.model.grants.len();
        loop {
            let mut moved = false;
            for grant in all.clone() {
                let settle: Action = Rc::new(Settle { payer: STRANGER, grant });
                if self.model.allows(&*settle, now) {
                    moved |= self.step(now, settle, None)?;
                }
                let period = self.model.grants[grant].next().saturating_sub(1);
                let collect: Action = Rc::new(CollectBonus { grant, period });
                if self.model.allows(&*collect, now) {
                    moved |= self.step(now, collect, None)?;
                }
            }
            if !moved {
                break;
            }
        }
        // What was earned last may still stream.
        let now = now.max(self.model.boundary(self.model.periods() + 1));
        for grant in all.clone() {
            let state = &self.model.grants[grant];
            if state.next() != state.end {
                return Err(format!("G7: grant {grant} is not settled"));
            }
            let (to, owed) = (state.beneficiary, state.owed());
            if owed > 0 {
                let dear = !self.model.is_fee_within(owed) || self.model.is_crumb(owed);
                self.coverage.seen[5] += u64::from(self.model.fee(owed) > 0);
                self.coverage.seen[6] += u64::from(!state.locked && dear);
                let by_stranger = !state.locked && !dear;
                // A stranger first; where it is refused for a lock or a fee, the beneficiary.
                let mut paid = false;
                for by in [STRANGER, to] {
                    let claim = Claim {
                        by,
                        grant,
                        to: Place::Associated(to),
                        amount: None,
                        least: 0,
                    };
                    paid = paid || self.step(now, Rc::new(claim), None)?;
                    if by == STRANGER && to != STRANGER && paid != by_stranger {
                        return Err(format!("G7: a stranger's claim for grant {grant} came out wrong"));
                    }
                }
                if !paid {
                    return Err(format!("G7: the beneficiary of grant {grant} cannot claim {owed}"));
                }
            }
            let state = &self.model.grants[grant];
            let due = if state.forfeited {
                0
            } else {
                state.earned() + state.bonus()
            };
            if state.claimed != due {
                return Err(format!("G7: grant {grant} was paid {} of {due}", state.claimed));
            }
            self.coverage.seen[1] += u64::from(due > 0);
            self.coverage.seen[2] += u64::from(state.bonus() > 0);
            self.coverage.seen[3] += u64::from(state.was_cut());
            self.coverage.seen[4] += u64::from(state.forfeited && state.earned() > 0);
        }
        let vault = self.model.balance(Place::Vault);
        if self.model.surplus() != vault {
            return Err(format!(
                "G7: of {vault} in the vault only {} is surplus",
                self.model.surplus()
            ));
        }
        let treasury = self.model.treasury(now);
        let mut closings: Vec<Action> = Vec::new();
        for &(kpi, period, page) in self.model.accounts.keys() {
            closings.push(match page {
                None => Rc::new(CloseAttestation { kpi, period, treasury }),
                Some(page) => Rc::new(ClosePage {
                    kpi,
                    period,
                    page,
                    treasury,
                }),
            });
        }
        for &period in self.model.pools.keys() {
            closings.push(Rc::new(ClosePeriod { period, treasury }));
        }
        for grant in all.filter(|grant| self.model.grants[*grant].open) {
            closings.push(Rc::new(CloseGrant { grant, treasury }));
        }
        let owner = match treasury {
            Place::Associated(who) | Place::Other(who) => who,
            Place::Foreign(_) | Place::Vault => return Err("a treasury that cannot be one".to_owned()),
        };
        // Where a fee takes too much of what is left, the authority decides.
        let home = Place::Associated(owner);
        let half = u64::try_from(vault / 2).unwrap_or(0);
        let part = WithdrawSurplus {
            by: STRANGER,
            to: home,
            amount: Some(half),
        };
        self.step(now, Rc::new(part), None)?;
        let dear = !self.model.is_fee_within(self.model.balance(Place::Vault));
        self.coverage.seen[7] += u64::from(dear && self.model.authority != STRANGER);
        let by_stranger = Rc::new(ClosePlan { by: STRANGER, to: home });
        let close = Rc::new(ClosePlan {
            by: if dear { self.model.authority } else { STRANGER },
            to: home,
        });
        for action in closings {
            if !self.step(now, action, None)? {
                return Err("G7: a stranger cannot close it".to_owned());
            }
        }
        if !self.step(now, by_stranger, None)? && !self.step(now, close, None)? {
            return Err("G7: the plan cannot be closed".to_owned());
        }
        self.coverage.seen[0] += 1;
        self.coverage.seen[8..].copy_from_slice(&self.model.outcomes);
        Ok(())
    }
}

fn caught<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}

/// Plays the sequence of a seed; what it covered, or its steps and what is wrong.
fn play(stage: &mut Stage, seed: u64, steps: u64) -> Result<Coverage, (Vec<Step>, String)> {
    let mut play = Play::new(stage, seed);
    let mut rng = Rng(seed.wrapping_mul(0x9e6c_63d0_876a_46cd) ^ 0xea51);
    let result = caught(|| {
        play.random(&mut rng, steps)?;
        play.drain()
    });
    match result {
        Ok(()) => Ok(play.coverage),
        Err(problem) => Err((play.steps, problem)),
    }
}

/// Plays these steps; what is wrong, if anything.
fn replay(stage: &mut Stage, seed: u64, steps: &[Step], drain: bool) -> Option<(Vec<Step>, String)> {
    let mut play = Play::new(stage, seed);
    let result = caught(|| {
        for (now, action) in steps {
            play.step(*now, action.clone(), None)?;
        }
        if drain { play.drain() } else { Ok(()) }
    });
    result.err().map(|problem| (play.steps, problem))
}

/// Leaves out every step without which the sequence still fails.
fn shrink(stage: &mut Stage, seed: u64, mut steps: Vec<Step>, mut problem: String) -> (Vec<Step>, String) {
    // The first words say which difference it is.
    let class = |problem: &str| {
        problem
            .split([':', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .next()
            .map(str::to_owned)
    };
    let wanted = class(&problem);
    let mut at = steps.len();
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        fewer.remove(at);
        if let Some((shorter, same)) = replay(stage, seed, &fewer, false)
            && class(&same) == wanted
        {
            (steps, problem) = (shorter, same);
            at = at.min(steps.len());
        }
    }
    (steps, problem)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn seeds_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/stateful.txt")
}

/// Seeds that failed once, with the number of their steps: one a line, then a note.
fn stored() -> Vec<(u64, u64)> {
    let text = std::fs::read_to_string(seeds_file()).unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut numbers = line
                .split_whitespace()
                .map(|number| number.parse().expect("a seed and its steps"));
            (numbers.next().expect("a seed"), numbers.next().expect("its steps"))
        })
        .collect()
}

/// Stores a seed that failed, and says all about it.
fn report(stage: &mut Stage, seed: u64, steps: u64, trace: Vec<Step>, problem: String) -> String {
    let mut text = format!("seed {seed}, {steps} steps: {problem}\nall {} steps:\n", trace.len());
    for (now, action) in &trace {
        let _ = writeln!(text, "  {now} {action:?}");
    }
    let (fewer, same) = shrink(stage, seed, trace, problem.clone());
    let _ = writeln!(text, "the {} steps that suffice: {same}", fewer.len());
    for (now, action) in &fewer {
        let _ = writeln!(text, "  {now} {action:?}");
    }
    if !stored().contains(&(seed, steps)) && number("EARNOUT_STORE", 1) == 1 {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(seeds_file());
        let note = problem.lines().next().unwrap_or_default();
        let _ = file.and_then(|mut file| writeln!(file, "{seed} {steps} # {note}"));
    }
    text
}

#[test]
fn g1_g2_g3_g7_g12_random_sequences_agree_with_the_model() {
    let (sequences, steps, first) = (
        number("EARNOUT_SEQUENCES", 2_000),
        number("EARNOUT_STEPS", 60),
        number("EARNOUT_SEED", 0),
    );
    let begun = Instant::now();
    let mut jobs = stored();
    jobs.extend((first..first.saturating_add(sequences)).map(|seed| (seed, steps)));
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let (total, failures) = (Mutex::new(Coverage::default()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut stage = Stage::new();
                let mut coverage = Coverage::default();
                while !failed.load(Ordering::Relaxed) {
                    let job = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some(&(seed, steps)) = jobs.get(job) else { break };
                    match play(&mut stage, seed, steps) {
                        Ok(more) => coverage.add(&more),
                        Err((trace, problem)) => {
                            failed.store(true, Ordering::Relaxed);
                            let text = report(&mut stage, seed, steps, trace, problem);
                            failures.lock().unwrap().push(text);
                        }
                    }
                }
                total.lock().unwrap().add(&coverage);
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    let (total, secs) = (total.into_inner().unwrap(), begun.elapsed().as_secs_f64());
    println!(
        "{} sequences in {secs:.1} s: {:.2} a second",
        jobs.len(),
        jobs.len() as f64 / secs
    );
    for (kind, Kind { name, .. }) in KINDS.iter().enumerate() {
        let (tried, done) = (total.tried[kind], total.done[kind]);
        println!(
            "{name:>22}: tried {tried:>7}, done {done:>7}, {:.1}%",
            100.0 * done as f64 / tried.max(1) as f64
        );
    }
    for (name, count) in SEEN.iter().zip(&total.seen) {
        println!("{name:>22}: {count}");
    }
    if sequences >= 500 {
        for (kind, Kind { name, .. }) in KINDS.iter().enumerate() {
            let (tried, done) = (total.tried[kind], total.done[kind]);
            assert!(
                done > 0 && done * 50 >= tried,
                "{name}: {done} of {tried} tries were done, which shows little"
            );
        }
        for (name, count) in SEEN.iter().zip(&total.seen) {
            assert!(*count > 0, "{name}: never");
        }
    }
}
