//! Golden vectors: inputs and results of the arithmetic as JSON, which the web app's TypeScript must reproduce, amounts
//! and errors alike. They are committed; `UPDATE_EXPECT=1 cargo test -p earnout-core golden::` writes them.

use {
    earnout_core::{
        Error, FULL_CREDIT, FULL_SCORE, FULL_WEIGHT,
        calendar::{Cadence, Calendar, Windows, add_months},
        credit::{Combination, check_weights, credit, kpi_credit, max_credit},
        curve::{Curve, Interpolation},
        feed::{Published, Quote, Rounding},
        name::{check, ranges},
        quorum::{
            Evaluation, Finality, Outcome, Ruling, agreed, at_deadline, finality, price_at_deadline, price_of, score_of,
        },
        redistribution::bonus,
        release::{Earnings, Release, vested},
        tranche::{UnearnedPolicy, cut, reserve, settle, tranche, unsettled},
        unit,
    },
    expect_test::expect_file,
    serde_json::{Value, json},
};

/// A reproducible stream of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn small(&mut self, end: u16) -> u16 {
        u16::try_from(self.below(end.into())).unwrap()
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    /// Dust, the usual, anything, the largest.
    fn amount(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(1_000),
            1 => self.below(1_000_000_000_000_000),
            2 => self.next(),
            _ => self.pick(&[0, 1, FULL_CREDIT - 1, FULL_CREDIT, u64::MAX / 2, u64::MAX - 1, u64::MAX]),
        }
    }

    /// Values of every size, the ends of the type included.
    fn value(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::from(self.small(41)) - 20,
            1 => i64::try_from(self.below(2_000_001)).unwrap() - 1_000_000,
            2 => self.next().cast_signed(),
            _ => self.pick(&[i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]),
        }
    }

    /// Times of our centuries, and any.
    fn time(&mut self) -> i64 {
        match self.below(4) {
            0 => self.value(),
            _ => i64::try_from(self.below(8_000_000_000)).unwrap() - 2_000_000_000,
        }
    }

    fn score(&mut self) -> u16 {
        let any = self.small(20_001);
        self.pick(&[0, 1, 5_000, FULL_SCORE, 20_000, any, any])
    }

    fn curve(&mut self) -> (Vec<i64>, Vec<u16>, Interpolation) {
        let points = 1 + self.below(8);
        let mut values: Vec<i64> = (0..points).map(|_| self.value()).collect();
        values.sort_unstable();
        values.dedup();
        let scores = values.iter().map(|_| self.score()).collect();
        (values, scores, self.pick(&[Interpolation::Linear, Interpolation::Step]))
    }

    /// Weights of time and KPIs that sum to the whole.
    fn weights(&mut self) -> (u16, Vec<u16>) {
        let mut left = FULL_WEIGHT;
        let time = self.small(left + 1);
        left -= time;
        let kpis = 1 + self.below(4);
        let mut weights = Vec::new();
        for _ in 1..kpis {
            let weight = self.small(left + 1);
            left -= weight;
            weights.push(weight);
        }
        weights.push(left);
        (time, weights)
    }
}

/// Numbers beyond 2^53 as text; errors by name.
fn result<T: ToString>(result: Result<T, Error>) -> Value {
    match result {
        Ok(value) => json!(value.to_string()),
        Err(error) => failure(error),
    }
}

fn failure(error: Error) -> Value {
    json!({ "error": format!("{error:?}") })
}

fn kebab(name: impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for (index, letter) in format!("{name:?}").chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn outcome(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Value(value) => json!({ "kind": "value", "value": value.to_string() }),
        Outcome::Silent => json!({ "kind": "silent" }),
    }
}

fn calendars(numbers: &mut Numbers) -> Value {
    let boundaries = (0..150).map(|_| {
        let length = 1 + numbers.small(13);
        let (cadence, kind, length) = match numbers.below(2) {
            0 => (Cadence::Months(length), "months", u32::from(length)),
            _ => {
                let secs = 600 + u32::from(numbers.small(60_000)) * 500;
                (Cadence::Seconds(secs), "seconds", secs)
            }
        };
        let period_count = 1 + numbers.small(120);
        let start_ts = numbers.time();
        let calendar = Calendar { start_ts, cadence, period_count };
        let index = numbers.small(period_count + 3);
        let windows = Windows {
            attest_secs: 600 + u32::from(numbers.small(10_000)),
            challenge_secs: u32::from(numbers.small(10_000)),
            ruling_secs: u32::from(numbers.small(10_000)),
        };
        let inside = calendar.boundary(index.min(period_count)).unwrap_or(start_ts);
        let now = inside.saturating_add(i64::from(numbers.small(3)) - 1);
        let end = calendar.period_end(index);
        let period = calendar.validate().is_ok().then(|| calendar.period_at(now)).flatten();
        json!({
            "start": start_ts.to_string(), "kind": kind, "length": length, "periodCount": period_count, "index": index,
            "attestSecs": windows.attest_secs, "challengeSecs": windows.challenge_secs, "rulingSecs": windows.ruling_secs,
            "now": now.to_string(),
            "valid": result(calendar.validate().map(|()| true)),
            "boundary": result(calendar.boundary(index)),
            "periodEnd": result(end),
            "attestDeadline": result(end.and_then(|end| windows.attest_deadline(end))),
            "settleDeadline": result(end.and_then(|end| windows.settle_deadline(end))),
            "periodAt": period,
        })
    });
    let boundaries: Vec<Value> = boundaries.collect();
    let months = (0..150).map(|_| {
        let (time, months) = (numbers.time(), u32::from(numbers.small(2_000)));
        json!({ "time": time.to_string(), "months": months, "later": result(add_months(time, months)) })
    });
    json!({ "boundaries": boundaries, "months": months.collect::<Vec<_>>() })
}

fn curves(numbers: &mut Numbers) -> Value {
    let cases = (0..60).map(|_| {
        let (values, scores, interpolation) = numbers.curve();
        let curve = Curve {
            values: &values,
            scores: &scores,
            interpolation,
        };
        let readings: Vec<Value> = (0..8)
            .map(|_| {
                let near = numbers.pick(&values).saturating_add(i64::from(numbers.small(5)) - 2);
                let value = if numbers.below(2) == 0 { near } else { numbers.value() };
                json!({ "value": value.to_string(), "score": curve.score(value).unwrap() })
            })
            .collect();
        json!({
            "values": values.iter().map(ToString::to_string).collect::<Vec<_>>(), "scores": scores,
            "interpolation": kebab(interpolation), "maxScore": curve.max_score(), "readings": readings,
            "valid": result(curve.validate().map(|()| true)),
        })
    });
    let valid: Vec<Value> = cases.collect();
    let wrong: [(&[i64], &[u16]); 5] = [
        (&[], &[]),
        (&[1, 1], &[0, 1]),
        (&[2, 1], &[0, 1]),
        (&[1], &[20_001]),
        (&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[0; 9]),
    ];
    let wrong = wrong.map(|(values, scores)| {
        let curve = Curve {
            values,
            scores,
            interpolation: Interpolation::Linear,
        };
        json!({ "values": values.iter().map(ToString::to_string).collect::<Vec<_>>(), "scores": scores,
            "valid": result(curve.validate().map(|()| true)) })
    });
    json!({ "cases": valid, "wrong": wrong })
}

fn credits(numbers: &mut Numbers) -> Value {
    let cases = (0..120).map(|_| {
        let (time_weight, weights) = numbers.weights();
        let scores: Vec<u16> = weights.iter().map(|_| numbers.score()).collect();
        let combination = numbers.pick(&[Combination::WeightedSum, Combination::Weakest]);
        let for_results = kpi_credit(combination, time_weight, &weights, &scores);
        json!({
            "timeWeight": time_weight, "weights": weights, "scores": scores, "combination": kebab(combination),
            "sums": result(check_weights(time_weight, &weights).map(|()| true)),
            "kpiCredit": result(for_results),
            "credit": result(for_results.and_then(|kpi| credit(time_weight, kpi))),
            "maxCredit": result(max_credit(combination, time_weight, &weights, &scores)),
        })
    });
    let cases: Vec<Value> = cases.collect();
    let wrong = [(0, vec![9_999]), (10_001, vec![0]), (0, vec![0; 17])].map(|(time_weight, weights)| {
        json!({ "timeWeight": time_weight, "weights": weights,
            "sums": result(check_weights(time_weight, &weights).map(|()| true)) })
    });
    json!({ "cases": cases, "wrong": wrong })
}

fn tranches(numbers: &mut Numbers) -> Value {
    let cases = (0..150).map(|_| {
        let (allocation, periods) = (numbers.amount(), numbers.small(121));
        let index = numbers.small(periods + 2);
        let (served, length) = (numbers.amount(), numbers.amount());
        let (left, most, carry) = (
            numbers.amount(),
            FULL_CREDIT + numbers.below(FULL_CREDIT),
            numbers.amount(),
        );
        json!({
            "allocation": allocation.to_string(), "index": index, "periods": periods,
            "tranche": result(tranche(allocation, index, periods)),
            "unsettled": result(unsettled(allocation, index, periods)),
            "served": served.to_string(), "length": length.to_string(), "cut": result(cut(allocation, served, length)),
            "left": left.to_string(), "maxCredit": most.to_string(), "carry": carry.to_string(),
            "reserve": result(reserve(left, most, carry)),
        })
    });
    let cases: Vec<Value> = cases.collect();
    let settlements = (0..200).map(|_| {
        let (amount, carry) = (numbers.amount(), numbers.amount());
        let for_results = numbers.below(2 * FULL_CREDIT);
        let credit = for_results + numbers.below(FULL_CREDIT);
        let policy = numbers.pick(&[
            UnearnedPolicy::Return,
            UnearnedPolicy::CarryOver,
            UnearnedPolicy::Redistribute,
        ]);
        let last = numbers.below(2) == 0;
        let settled = match settle(amount, carry, credit, for_results, policy, last) {
            Ok(settled) => json!({
                "earned": settled.earned.to_string(), "unearned": settled.unearned.to_string(),
                "carry": settled.carry.to_string(), "pooled": settled.pooled.to_string(),
                "kpiAmount": settled.kpi_amount.to_string(),
            }),
            Err(error) => failure(error),
        };
        json!({ "tranche": amount.to_string(), "carry": carry.to_string(), "credit": credit.to_string(),
            "kpiCredit": for_results.to_string(), "policy": kebab(policy), "last": last, "settled": settled })
    });
    json!({ "cases": cases, "settlements": settlements.collect::<Vec<_>>() })
}

fn bonuses(numbers: &mut Numbers) -> Value {
    let cases = (0..120).map(|_| {
        let (pool, total, amount) = (numbers.amount(), numbers.amount(), numbers.amount());
        let kpi = if numbers.below(8) == 0 {
            numbers.amount()
        } else {
            total / (1 + numbers.below(9))
        };
        let cap = u32::try_from(numbers.below(1_000_001)).unwrap();
        json!({ "pool": pool.to_string(), "kpiAmount": kpi.to_string(), "kpiTotal": total.to_string(),
            "tranche": amount.to_string(), "capBps": cap, "bonus": result(bonus(pool, kpi, total, amount, cap)) })
    });
    json!(cases.collect::<Vec<_>>())
}

fn releases(numbers: &mut Numbers) -> Value {
    let cases = (0..150).map(|_| {
        let (earned, extra) = (numbers.amount(), numbers.amount());
        let last_earned = if numbers.below(8) == 0 {
            numbers.amount()
        } else {
            earned / (1 + numbers.below(5))
        };
        let (start, end) = (numbers.time(), numbers.time());
        let (cliff, now) = (numbers.time(), numbers.time());
        let release = numbers.pick(&[Release::AtSettlement, Release::Linear]);
        let earnings = Earnings {
            earned,
            last_earned,
            bonus: extra,
        };
        json!({ "release": kebab(release), "earned": earned.to_string(), "lastEarned": last_earned.to_string(),
            "bonus": extra.to_string(), "start": start.to_string(), "end": end.to_string(), "cliff": cliff.to_string(),
            "now": now.to_string(), "vested": result(vested(release, earnings, start, end, cliff, now)) })
    });
    json!(cases.collect::<Vec<_>>())
}

fn quorums(numbers: &mut Numbers) -> Value {
    let votes = (0..150).map(|_| {
        let (values, scores, interpolation) = numbers.curve();
        let curve = Curve {
            values: &values,
            scores: &scores,
            interpolation,
        };
        let oracles = 1 + numbers.below(8);
        let few: Vec<i64> = (0..3).map(|_| numbers.value()).collect();
        let votes: Vec<Option<i64>> = (0..oracles)
            .map(|_| (numbers.below(5) > 0).then(|| numbers.pick(&few)))
            .collect();
        let threshold = u8::try_from(oracles / 2 + numbers.below(oracles)).unwrap();
        let default_score = numbers.pick(&[0, 4_000, 10_000, 10_001]);
        let at_end = at_deadline(&votes, threshold, &curve, default_score);
        json!({
            "values": values.iter().map(ToString::to_string).collect::<Vec<_>>(), "scores": scores,
            "interpolation": kebab(interpolation), "threshold": threshold, "defaultScore": default_score,
            "votes": votes.iter().map(|vote| vote.map(|vote| vote.to_string())).collect::<Vec<_>>(),
            "agreed": match agreed(&votes, threshold) {
                Ok(value) => json!(value.map(|value| value.to_string())),
                Err(error) => failure(error),
            },
            "atDeadline": at_end.map_or_else(failure, outcome),
            "score": result(at_end.and_then(|outcome| score_of(outcome, &curve, default_score))),
        })
    });
    let votes: Vec<Value> = votes.collect();
    let finalities = (0..200).map(|_| {
        let deadline = 1_000;
        let windows = Windows {
            attest_secs: 100,
            challenge_secs: u32::from(numbers.small(100)),
            ruling_secs: u32::from(numbers.small(200)),
        };
        let resolved = (numbers.below(2) == 0).then(|| (numbers.value(), 900 + i64::from(numbers.small(100))));
        let disputed_at = (numbers.below(2) == 0).then(|| 900 + i64::from(numbers.small(200)));
        let ruling = match numbers.below(4) {
            0 => Some(Ruling::Uphold),
            1 => Some(Ruling::Value(numbers.value())),
            _ => None,
        };
        let evaluation = Evaluation { resolved, disputed_at, ruling };
        let standing = if numbers.below(2) == 0 { Outcome::Silent } else { Outcome::Value(numbers.value()) };
        let now = 850 + i64::from(numbers.small(500));
        let found = match finality(&evaluation, standing, deadline, &windows, now) {
            Ok(Finality::Final(found)) => json!({ "kind": "final", "outcome": outcome(found) }),
            Ok(Finality::NotBefore(time)) => json!({ "kind": "not-before", "time": time.to_string() }),
            Err(error) => failure(error),
        };
        json!({
            "deadline": deadline.to_string(), "challengeSecs": windows.challenge_secs, "rulingSecs": windows.ruling_secs,
            "resolved": resolved.map(|(value, at)| json!({ "value": value.to_string(), "at": at.to_string() })),
            "disputedAt": disputed_at.map(|at| at.to_string()),
            "ruling": ruling.map(|ruling| match ruling {
                Ruling::Uphold => json!({ "kind": "uphold" }),
                Ruling::Value(value) => json!({ "kind": "value", "value": value.to_string() }),
            }),
            "standing": outcome(standing), "now": now.to_string(), "finality": found,
        })
    });
    json!({ "votes": votes, "finalities": finalities.collect::<Vec<_>>() })
}

/// Grants from the first period to the last, as the program settles them: for projections.
fn lives(numbers: &mut Numbers) -> Value {
    let cases = (0..40).map(|_| {
        let (time_weight, weights) = numbers.weights();
        let allocation = numbers.below(1 << 62);
        let periods = 1 + numbers.small(8);
        let combination = numbers.pick(&[Combination::WeightedSum, Combination::Weakest]);
        let policy = numbers.pick(&[
            UnearnedPolicy::Return,
            UnearnedPolicy::CarryOver,
            UnearnedPolicy::Redistribute,
        ]);
        let best: Vec<u16> = weights.iter().map(|_| 20_000).collect();
        let most = max_credit(combination, time_weight, &weights, &best).unwrap();
        let mut carry = 0;
        let mut steps = Vec::new();
        for index in 0..periods {
            let scores: Vec<u16> = weights.iter().map(|_| numbers.score()).collect();
            let kpi = kpi_credit(combination, time_weight, &weights, &scores).unwrap();
            let whole = credit(time_weight, kpi).unwrap();
            let amount = tranche(allocation, index, periods).unwrap();
            let settled = settle(amount, carry, whole, kpi, policy, index + 1 == periods).unwrap();
            carry = settled.carry;
            let held = reserve(unsettled(allocation, index + 1, periods).unwrap(), most, carry);
            steps.push(
                json!({ "scores": scores, "tranche": amount.to_string(), "earned": settled.earned.to_string(),
                "carry": carry.to_string(), "pooled": settled.pooled.to_string(), "reserved": result(held) }),
            );
        }
        json!({ "allocation": allocation.to_string(), "periods": periods, "timeWeight": time_weight, "weights": weights,
            "combination": kebab(combination), "policy": kebab(policy), "maxCredit": most.to_string(), "steps": steps })
    });
    json!(cases.collect::<Vec<_>>())
}

/// Shares in another unit, and what they are worth at a price.
fn units(numbers: &mut Numbers) -> Value {
    let exponents = (0..60).map(|_| {
        let decimals: [u8; 3] = std::array::from_fn(|_| u8::try_from(numbers.below(20)).unwrap());
        let [mint, price, unit] = decimals;
        json!({ "mint": mint, "price": price, "unit": unit, "exponent": result(unit::exponent(mint, price, unit)) })
    });
    let exponents: Vec<Value> = exponents.collect();
    let cases = (0..200).map(|_| {
        let (cap, units) = (numbers.amount(), numbers.amount());
        let any = numbers.value();
        let price = numbers.pick(&[any, any.saturating_abs(), 1, 41, i64::MAX, 0]);
        let power = i8::try_from(numbers.below(41)).unwrap() - 20;
        let worth = unit::worth(units, price, power).map(|worth| worth.map(|worth| worth.to_string()));
        let lowest = unit::lowest_price(cap, units, power).map(|price| price.map(|price| price.to_string()));
        json!({
            "cap": cap.to_string(), "units": units.to_string(), "price": price.to_string(), "power": power,
            "worth": worth.map_or_else(failure, |worth| json!(worth)),
            "capped": result(unit::tranche(cap, units, price, power)),
            "lowestPrice": lowest.map_or_else(failure, |price| json!(price)),
        })
    });
    json!({ "exponents": exponents, "cases": cases.collect::<Vec<_>>() })
}

/// What feeds publish, and which of two updates counts.
fn feeds(numbers: &mut Numbers) -> Value {
    let quotes = (0..150).map(|_| {
        let quote = Quote {
            price: numbers.value(),
            confidence: numbers.amount(),
            exponent: 1 - i32::from(numbers.small(21)),
        };
        let decimals = u8::try_from(numbers.below(20)).unwrap();
        json!({
            "price": quote.price.to_string(), "confidence": quote.confidence.to_string(), "exponent": quote.exponent,
            "decimals": decimals,
            "down": result(quote.value(decimals, Rounding::Down)), "up": result(quote.value(decimals, Rounding::Up)),
            "confidenceBps": result(quote.confidence_bps()),
        })
    });
    let quotes: Vec<Value> = quotes.collect();
    let pairs = (0..150).map(|_| {
        let end = 100;
        let published = |numbers: &mut Numbers| {
            let at = end + i64::from(numbers.small(4));
            let previous = at - i64::from(numbers.small(5));
            Published { at, previous }
        };
        let (update, standing) = (published(numbers), published(numbers));
        let text = |published: &Published| {
            json!({ "at": published.at.to_string(), "previous": published.previous.to_string() })
        };
        json!({
            "end": end.to_string(), "update": text(&update), "standing": text(&standing),
            "first": update.is_first(end), "replaces": update.replaces(&standing, end),
        })
    });
    json!({ "quotes": quotes, "pairs": pairs.collect::<Vec<_>>() })
}

/// Votes on the price, and what counts.
fn prices(numbers: &mut Numbers) -> Value {
    let cases = (0..150).map(|_| {
        let oracles = 1 + numbers.below(8);
        let few: Vec<i64> = (0..3).map(|_| numbers.value()).collect();
        let votes: Vec<Option<i64>> = (0..oracles)
            .map(|_| (numbers.below(5) > 0).then(|| numbers.pick(&few)))
            .collect();
        let threshold = u8::try_from(oracles / 2 + numbers.below(oracles)).unwrap();
        let other = numbers.value();
        let default_price = numbers.pick(&[few[0], few[1], other]);
        let at_end = price_at_deadline(&votes, threshold, default_price);
        json!({
            "threshold": threshold, "defaultPrice": default_price.to_string(),
            "votes": votes.iter().map(|vote| vote.map(|vote| vote.to_string())).collect::<Vec<_>>(),
            "atDeadline": at_end.map_or_else(failure, outcome),
            "price": result(at_end.map(|outcome| price_of(outcome, default_price))),
        })
    });
    json!(cases.collect::<Vec<_>>())
}

/// The hidden characters, and texts that are names or are not.
fn names(_: &mut Numbers) -> Value {
    let hidden: Vec<[u32; 2]> = ranges()
        .iter()
        .map(|(first, last)| [(*first).into(), (*last).into()])
        .collect();
    let plain = ["", "a", "Net revenue, %", "日本 語", "étape", "a  b", "🏆", "\u{2800}"].map(str::to_owned);
    let outer = [" ", " a", "a "].map(str::to_owned);
    let edges = ranges().iter().flat_map(|(first, last)| [first, last]);
    let texts = plain
        .into_iter()
        .chain(outer)
        .chain(edges.map(|hidden| format!("a{hidden}b")));
    let texts: Vec<Value> = texts
        .map(|text| json!({ "accepted": check(&text).is_ok(), "text": text }))
        .collect();
    json!({ "hidden": hidden, "texts": texts })
}

#[test]
fn the_committed_vectors_are_current() {
    type Maker = fn(&mut Numbers) -> Value;
    let files: [(&str, Maker); 12] = [
        ("calendar", calendars),
        ("curve", curves),
        ("credit", credits),
        ("tranche", tranches),
        ("redistribution", bonuses),
        ("release", releases),
        ("quorum", quorums),
        ("life", lives),
        ("name", names),
        ("unit", units),
        ("feed", feeds),
        ("price", prices),
    ];
    for (seed, (name, make)) in (1..).zip(files) {
        let file = expect_file![format!("../../../../app/web/src/core/golden/{name}.json")];
        file.assert_eq(&format!("{:#}\n", make(&mut Numbers(seed))));
    }
}
