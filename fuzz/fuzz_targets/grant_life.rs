//! A grant's whole life, event by event, through the program's own state: settlements, bonuses from a pool that others
//! share, claims, an early end. After each event every amount is compared with design section 5 kept in unbounded
//! integers, and the books with the tokens that came in.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout::state::{FORFEITED, Grant, Period, Plan, Results, Termination},
    earnout_core::FULL_CREDIT,
    earnout_fuzz::{
        civil,
        exact::{big, ceil, fitted, floor},
        fixtures,
        shapes::{Amount, Weights},
    },
    libfuzzer_sys::fuzz_target,
    num_bigint::BigUint,
};

#[derive(Arbitrary, Debug)]
struct Input {
    start_ts: i32,
    in_months: bool,
    length: u32,
    period_count: u8,
    weakest: bool,
    policy: u8,
    linear: bool,
    bonus_cap_bps: u32,
    allocation: Amount,
    /// In another unit, and by which power of ten it becomes tokens.
    units: Option<(Amount, i8)>,
    first_period: u8,
    periods: u8,
    cliff_periods: u8,
    weights: Weights,
    best: [u16; 16],
    steps: Vec<Step>,
}

/// One event, in few bytes, so that a short input is a long life.
#[derive(Arbitrary, Debug)]
struct Step {
    when: u8,
    what: u8,
    scores: [u16; 4],
    price: Amount,
    others: [Other; 2],
}

/// Another grant of the period: what it leaves to the pool and what its results earned, in 255ths of what there can be,
/// and the magnitude of its tranche.
#[derive(Arbitrary, Clone, Copy, Debug, Default)]
struct Other {
    unearned: u8,
    results: u8,
    tranche: u8,
}

impl Other {
    fn tranche(self) -> u64 {
        u64::MAX >> (self.tranche % 64)
    }
}

fuzz_target!(|input: Input| {
    let mut plan = plan(&input);
    let Some(mut life) = Life::begin(&input, &mut plan) else {
        return;
    };
    for step in input.steps.iter().take(64) {
        life.wait(step.when);
        match step.what % 16 {
            0..8 => life.settle(&step.scores, step.price.0, &step.others),
            8..11 => life.collect(step.what < 128),
            11..14 => life.claim(step.others[0].results),
            14 => life.end(Termination::Terminated),
            _ => life.end(Termination::Resigned),
        }
        life.check();
    }
    life.finish();
});

/// A plan of the input's terms in which nothing has happened.
fn plan(input: &Input) -> Plan {
    let mut plan = fixtures::plan(&[]);
    plan.start_ts = i64::from(input.start_ts);
    plan.cadence_kind = u8::from(input.in_months);
    plan.cadence_length = if input.in_months {
        input.length % 24 + 1
    } else {
        input.length.max(1)
    };
    plan.period_count = u16::from(input.period_count % 120) + 1;
    plan.combination = u8::from(input.weakest);
    plan.unearned_policy = input.policy % 3;
    plan.release = u8::from(input.linear);
    plan.bonus_cap_bps = input.bonus_cap_bps % 1_000_001;
    plan.unit_exponent = input.units.as_ref().map_or(0, |(_, exponent)| exponent % 19);
    (plan.reserved, plan.owed, plan.pooled) = (0, 0, 0);
    plan.unsettled_grants = [0; 120];
    plan.kpi_count = u8::try_from(input.weights.kpis.len()).expect("at most 16 KPIs");
    for (kpi, best) in plan.kpis.iter_mut().zip(input.best) {
        (kpi.point_count, kpi.interpolation) = (1, 0);
        kpi.curve_scores[0] = best % 20_001;
        kpi.default_score = 0;
    }
    plan
}

/// The grant, and what the design says about it.
struct Life<'a> {
    input: &'a Input,
    plan: &'a mut Plan,
    grant: Grant,
    pool: Option<Period>,
    /// Result-based part and tranche of the others that share the pool.
    others: [(u64, u64); 2],
    others_left: usize,
    now: i64,
    /// Tokens that came in and did not go out.
    vault: BigUint,
    first: u16,
    periods: u16,
    /// First period that is not covered, and the cap and the units of the one before it if they were cut.
    end: u16,
    cut: Option<(BigUint, BigUint)>,
    ended: bool,
    forfeited: bool,
    /// Amounts by settled period.
    earned: Vec<BigUint>,
    carry: BigUint,
    bonuses: BigUint,
    claimed: BigUint,
    /// Tranche and result-based part of the last settled period.
    last: (BigUint, BigUint),
    collected: u16,
    most: BigUint,
    vested: u64,
}

impl<'a> Life<'a> {
    /// As `create_grant` makes it; none if no tokens could fund it.
    fn begin(input: &'a Input, plan: &'a mut Plan) -> Option<Self> {
        let first = u16::from(input.first_period) % plan.period_count;
        let periods = u16::from(input.periods) % (plan.period_count - first) + 1;
        let mut grant = fixtures::grant(&[]);
        grant.flags = 0;
        grant.allocation = input.allocation.0;
        grant.unit_allocation = input.units.as_ref().map_or(0, |(units, _)| units.0);
        (grant.first_period, grant.next_period, grant.collected_through) = (first, first, first);
        (grant.periods, grant.end_period) = (periods, first + periods);
        grant.cliff_periods = u16::from(input.cliff_periods) % (periods + 1);
        grant.time_weight = input.weights.time;
        grant.kpi_weights = [0; 16];
        grant.kpi_weights[..input.weights.kpis.len()].copy_from_slice(&input.weights.kpis);
        (grant.termination, grant.ended_at) = (0, 0);
        (grant.cut_cap, grant.cut_units) = (0, 0);
        (grant.earned, grant.carry, grant.bonus, grant.claimed) = (0, 0, 0, 0);
        (grant.last_earned, grant.last_tranche, grant.last_kpi_amount) = (0, 0, 0);
        grant.max_credit = Grant::max_credit(plan, grant.time_weight, &grant.kpi_weights).expect("a largest credit");
        for period in first..first + periods {
            plan.unsettled_grants[usize::from(period)] = 1;
        }

        let best = |index: usize| u64::from(input.best[index] % 20_001);
        let most = credit(input, best).1.max(big(FULL_CREDIT));
        let reserve = ceil(input.allocation.0, most.clone(), FULL_CREDIT);
        assert_eq!(grant.reserve_from(first).ok(), fitted(&reserve));
        grant.reserved = fitted(&reserve)?;
        plan.reserved = grant.reserved;
        Some(Self {
            now: i64::from(input.start_ts) - 1,
            pool: None,
            others: [(0, 0); 2],
            others_left: 0,
            vault: reserve,
            first,
            periods,
            end: first + periods,
            cut: None,
            ended: false,
            forfeited: false,
            earned: Vec::new(),
            carry: big(0u8),
            bonuses: big(0u8),
            claimed: big(0u8),
            last: (big(0u8), big(0u8)),
            collected: first,
            most,
            vested: 0,
            input,
            plan,
            grant,
        })
    }

    fn boundary(&self, index: u16) -> i64 {
        let start = i64::from(self.input.start_ts);
        let exact = if self.input.in_months {
            civil::add_months(start, self.plan.cadence_length * u32::from(index))
        } else {
            i128::from(start) + i128::from(self.plan.cadence_length) * i128::from(index)
        };
        i64::try_from(exact).expect("a time in the next few thousand years")
    }

    /// Time moves on, never back: to one of the next boundaries or a second beside it, or by a part of a period.
    fn wait(&mut self, when: u8) {
        let part = when / 8;
        let boundary = |life: &Self| {
            let last = life.plan.period_count + 1;
            life.boundary((life.next() + u16::from(part % 3)).min(last))
        };
        let time = match when % 8 {
            0 | 1 => self.now,
            2 | 3 => boundary(self),
            4 => boundary(self) - 1,
            5 => boundary(self) + 1,
            _ => {
                let length = self.boundary(1) - self.boundary(0);
                self.now + length * i64::from(part) / 31
            }
        };
        self.now = self.now.max(time);
    }

    fn next(&self) -> u16 {
        self.first + u16::try_from(self.earned.len()).expect("at most 120 periods")
    }

    /// `floor(A·(i+1)/n) − floor(A·i/n)` of the allocation and of the units, or what was left of it.
    fn parts(&self, period: u16) -> (BigUint, BigUint) {
        let index = period - self.first;
        let part = |all: u64| floor(all, index + 1, self.periods) - floor(all, index, self.periods);
        match &self.cut {
            Some(cut) if period + 1 == self.end => cut.clone(),
            _ => (part(self.input.allocation.0), part(self.grant.unit_allocation)),
        }
    }

    /// What full scores pay at this price.
    fn tranche(&self, period: u16, price: u64) -> BigUint {
        let (cap, units) = self.parts(period);
        if !self.grant.is_in_units() {
            return cap;
        }
        let exponent = self.plan.unit_exponent;
        let power = big(10u8).pow(exponent.unsigned_abs().into());
        let worth = if exponent >= 0 {
            units * power / price
        } else {
            units / (power * price)
        };
        worth.min(cap)
    }

    /// `settle`, as its handler books it.
    fn settle(&mut self, scores: &[u16; 4], price: u64, others: &[Other; 2]) {
        let period = self.next();
        let redistributes = self.input.policy % 3 == 2;
        if period >= self.end {
            assert!(
                self.grant.settle(self.plan, &Results::default()).is_err(),
                "a settlement after the last"
            );
            return;
        }
        if self.now < self.boundary(period + 1) || (redistributes && self.collected < period) {
            return;
        }
        let score = |index: usize| scores[index % 4] % (self.input.best[index] % 20_001 + 1);
        let mut given = [0; 16];
        for (index, given) in given.iter_mut().enumerate().take(self.input.weights.kpis.len()) {
            *given = score(index);
        }
        let reserved_before = self.grant.reserved;
        let price = (price >> 1).max(1);
        let results = Results {
            scores: given,
            price: i64::try_from(price).ok(),
        };
        let settled = self
            .grant
            .settle(self.plan, &results)
            .expect("a period that was waiting");
        self.plan
            .change_reserve(reserved_before, self.grant.reserved)
            .expect("a reserve that was counted");
        self.plan.unsettled_grants[usize::from(period)] -= 1;
        if !self.grant.has(FORFEITED) {
            self.plan.owed += settled.earned;
        }

        let (results, credit) = credit(self.input, |index| u64::from(score(index)));
        let tranche = self.tranche(period, price);
        let from_carry = &self.carry * credit.clone().min(big(FULL_CREDIT));
        let earned = (&tranche * credit + from_carry) / FULL_CREDIT;
        let at_stake = &tranche + &self.carry;
        let unearned = if at_stake > earned {
            at_stake - &earned
        } else {
            big(0u8)
        };
        let is_last = period + 1 == self.end;
        let carry = if self.input.policy % 3 == 1 && !is_last {
            unearned.clone()
        } else {
            big(0u8)
        };
        let pooled = if redistributes { unearned.clone() } else { big(0u8) };
        let of_results = &tranche * results / FULL_CREDIT;
        assert_eq!(
            [
                settled.earned,
                settled.unearned,
                settled.carry,
                settled.pooled,
                settled.kpi_amount
            ]
            .map(big),
            [earned.clone(), unearned, carry.clone(), pooled, of_results.clone()]
        );
        (self.carry, self.last) = (carry, (tranche, of_results));
        self.earned.push(earned);
        if redistributes {
            self.open_pool(period, settled.pooled, settled.kpi_amount, others);
        }
    }

    /// The pool of a period that all its grants have settled.
    fn open_pool(&mut self, period: u16, pooled: u64, of_results: u64, others: &[Other; 2]) {
        let mut pool = fixtures::period(&[]);
        (pool.period, pool.expected) = (period, 3);
        (pool.settled, pool.collected, pool.kpi_total, pool.pool, pool.paid) = (0, 0, 0, 0, 0);
        self.plan.pooled += pooled;
        pool.add_settled(pooled, of_results).expect("the first of three");
        for (place, other) in self.others.iter_mut().zip(others) {
            // There are never more tokens than an amount can hold, and results earn some of them.
            let room = fitted(&(big(u64::MAX) - &self.vault)).expect("a vault's balance") / 3;
            let part = |of: u64, share: u8| fitted(&floor(of, share, 255u8)).expect("a part of an amount");
            let unearned = part(room, other.unearned);
            let results = part((u64::MAX - pool.kpi_total) / 2, other.results);
            *place = (results, other.tranche());
            self.vault += unearned;
            self.plan.pooled += unearned;
            pool.add_settled(unearned, results).expect("one of three grants");
        }
        assert!(pool.add_settled(0, 0).is_err(), "a fourth grant of three");
        // The refusal left its count behind, as in a transaction that fails and is undone.
        pool.settled = 3;
        self.pool = Some(pool);
        self.others_left = 2;
    }

    /// `collect_bonus`, as its handler books it.
    fn collect(&mut self, others_first: bool) {
        let Some(mut pool) = self.pool.take() else { return };
        let others = if others_first { self.others_left } else { 0 };
        for _ in 0..others {
            self.collect_other(&mut pool);
        }
        let shares = big(pool.kpi_total);
        let expected = share(
            &pool,
            self.last.1.clone(),
            &shares,
            self.last.0.clone(),
            self.plan.bonus_cap_bps,
        );
        let taken = self.earned.iter().sum::<BigUint>() + &self.bonuses + self.grant.reserved;
        let most = big(u64::MAX);
        let room = if taken < most { most - taken } else { big(0u8) };
        let bonus = self.grant.collect(self.plan, &pool).expect("a share of the pool");
        assert_eq!(big(bonus), expected.min(room));
        let left_over = pool.add_collected(bonus).expect("a bonus that the pool holds");
        self.plan.pooled -= bonus + left_over;
        if !self.grant.has(FORFEITED) {
            self.plan.owed += bonus;
        }
        self.bonuses += bonus;
        self.collected = self.next();
        while self.others_left > 0 {
            self.collect_other(&mut pool);
        }
        assert_eq!(
            self.plan.pooled, 0,
            "nothing stays in a pool that all have collected from"
        );
    }

    /// Another grant of the pool collects; its bonus leaves the vault.
    fn collect_other(&mut self, pool: &mut Period) {
        self.others_left -= 1;
        let (results, tranche) = self.others[self.others_left];
        let shares = big(pool.kpi_total);
        let bonus = share(pool, big(results), &shares, big(tranche), self.plan.bonus_cap_bps);
        let bonus = fitted(&bonus).expect("a part of the pool");
        let left_over = pool.add_collected(bonus).expect("bonuses within the pool");
        let is_last = pool.is_collected();
        assert_eq!(left_over, if is_last { pool.pool - pool.paid } else { 0 });
        self.plan.pooled -= bonus + left_over;
        self.vault -= bonus;
    }

    /// `claim` of a part of what is claimable, as its handler books it.
    fn claim(&mut self, part: u8) {
        let claimable = self.grant.claimable(self.plan, self.now).expect("a claimable amount");
        let amount = fitted(&floor(claimable, u64::from(part) + 1, 256u64)).expect("a part of an amount");
        self.grant.claimed += amount;
        self.plan.owed -= amount;
        self.claimed += amount;
        self.vault -= amount;
    }

    /// `terminate_grant` or `resign_grant`.
    fn end(&mut self, way: Termination) {
        let before = self.grant;
        let result = self.grant.end(self.plan, way, self.now);
        if self.ended || self.now >= self.boundary(self.end) {
            assert!(result.is_err(), "{before:?} ended at {}", self.now);
            assert_eq!(self.grant, before);
            return;
        }
        result.expect("an end in time");
        let running = (self.first..self.end)
            .rev()
            .find(|period| self.now > self.boundary(*period));
        (self.end, self.cut) = match running {
            // Only ended periods are past their second boundary.
            Some(period) if self.now < self.boundary(period + 1) => {
                let served = self.now.abs_diff(self.boundary(period));
                let length = self.boundary(period + 1).abs_diff(self.boundary(period));
                let (cap, units) = self.parts(period);
                (period + 1, Some((cap * served / length, units * served / length)))
            }
            Some(period) => (period + 1, None),
            None => (self.first, None),
        };
        self.ended = true;
        self.forfeited = self.now < self.boundary(self.first + self.grant.cliff_periods);
        if self.next() == self.end {
            self.carry = big(0u8);
        }
    }

    /// What the design says is vested.
    fn expected_vested(&self) -> BigUint {
        if self.forfeited || self.now < self.boundary(self.first + self.grant.cliff_periods) {
            return big(0u8);
        }
        let all = self.earned.iter().sum::<BigUint>() + &self.bonuses;
        let Some(last) = self.earned.last().filter(|_| self.input.linear) else {
            return all;
        };
        let (from, to) = (self.boundary(self.next()), self.boundary(self.next() + 1));
        let elapsed = self.now.clamp(from, to).abs_diff(from);
        all - last + last * elapsed / to.abs_diff(from)
    }

    /// Every amount of the grant, and the books.
    fn check(&mut self) {
        let grant = &self.grant;
        assert_eq!((grant.next_period, grant.end_period), (self.next(), self.end));
        assert_eq!((grant.was_ended(), grant.has(FORFEITED)), (self.ended, self.forfeited));
        let earned: BigUint = self.earned.iter().sum();
        assert_eq!(big(grant.earned), earned);
        assert_eq!(
            [big(grant.carry), big(grant.bonus), big(grant.claimed)],
            [self.carry.clone(), self.bonuses.clone(), self.claimed.clone()]
        );
        let left: BigUint = (self.next()..self.end).map(|period| self.parts(period).0).sum();
        let is_over = self.next() == self.end;
        let reserve = if is_over {
            big(0u8)
        } else {
            ceil(left, self.most.clone(), FULL_CREDIT) + &self.carry
        };
        assert_eq!(big(grant.reserved), reserve);
        assert_eq!(self.plan.reserved, grant.reserved);
        let owed = if self.forfeited {
            big(0u8)
        } else {
            earned + &self.bonuses - &self.claimed
        };
        assert_eq!((big(self.plan.owed), grant.owed().ok()), (owed.clone(), fitted(&owed)));
        for period in 0..self.plan.period_count {
            let waits = (self.next()..self.end).contains(&period);
            assert_eq!(self.plan.unsettled_grants[usize::from(period)], u32::from(waits));
        }
        grant.invariant().expect("sound books of the grant");

        let obligations = big(self.plan.reserved) + self.plan.owed + self.plan.pooled;
        assert!(
            obligations <= self.vault,
            "{obligations} are due from a vault of {}",
            self.vault
        );
        let vested = grant.vested(self.plan, self.now).expect("a vested amount");
        assert_eq!(big(vested), self.expected_vested());
        assert!(vested >= self.vested, "vested {} and then {vested}", self.vested);
        self.vested = vested;
    }

    /// Whatever happened, it ends by itself: everything settles, and everything earned is paid.
    fn finish(&mut self) {
        self.now = self.now.max(self.boundary(self.plan.period_count + 1));
        loop {
            self.collect(true);
            if self.next() == self.end {
                break;
            }
            self.settle(&[10_000; 4], 1, &[Other::default(); 2]);
            self.check();
        }
        self.check();
        self.claim(u8::MAX);
        self.check();
        assert_eq!((self.plan.reserved, self.plan.owed, self.plan.pooled), (0, 0, 0));
        assert!(self.forfeited || self.grant.claimed == self.grant.earned + self.grant.bonus);
    }
}

/// What results count, and the whole credit, of these scores.
fn credit(input: &Input, score: impl Fn(usize) -> u64) -> (BigUint, BigUint) {
    let Weights { time, kpis } = &input.weights;
    let counted = || kpis.iter().enumerate().filter(|(_, weight)| **weight > 0);
    let results = if input.weakest {
        let lowest = counted().map(|(index, _)| score(index)).min().unwrap_or(0);
        big(10_000 - u64::from(*time)) * lowest
    } else {
        counted().map(|(index, weight)| big(*weight) * score(index)).sum()
    };
    let whole = big(*time) * 10_000u64 + &results;
    (results, whole)
}

/// `min(floor(pool·kpi / Σ kpi), floor(cap·tranche / 10,000))`, 0 if nobody's results earned anything.
fn share(pool: &Period, of_results: BigUint, shares: &BigUint, tranche: BigUint, cap: u32) -> BigUint {
    if *shares == big(0u8) {
        return big(0u8);
    }
    floor(pool.pool, of_results, shares.clone()).min(floor(cap, tranche, 10_000u32))
}
