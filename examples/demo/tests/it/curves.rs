//! Makes the equity curves of `examples/strategies`, in whole numbers: the same on every machine.

/// The first row of each curve: the close of the day before the plan begins, days since 1970-01-01.
const FIRST_DAY: i64 = 20_818;

/// Rows of each curve: that close and those of six months.
const ROWS: i64 = 182;

/// What capital every strategy begins with, in cents.
const CAPITAL: i64 = 10_000_000;

/// Days of a stretch, its drift and its noise in millionths a day.
type Stretch = (std::ops::Range<i64>, i64, i64);

struct Strategy {
    name: &'static str,
    seed: u64,
    /// Drift and noise outside of the stretches.
    usual: (i64, i64),
    stretches: &'static [Stretch],
    /// Paid in, below 0 paid out, at the end of days, in cents.
    flows: &'static [(i64, i64)],
    /// Trades of 100 days.
    trades: u64,
}

const STRATEGIES: [Strategy; 5] = [
    Strategy {
        name: "Trend",
        seed: 11,
        usual: (1_500, 7_000),
        stretches: &[(60..90, -1_100, 7_000)],
        // More capital after a good start: no return.
        flows: &[(46, 5_000_000)],
        trades: 140,
    },
    Strategy {
        name: "Mean reversion",
        seed: 23,
        usual: (800, 3_000),
        stretches: &[(32..59, -1_800, 4_500)],
        flows: &[],
        trades: 210,
    },
    Strategy {
        name: "Market making",
        seed: 31,
        usual: (900, 1_100),
        stretches: &[],
        flows: &[(130, -2_500_000)],
        trades: 2_600,
    },
    Strategy {
        name: "Breakout",
        seed: 47,
        usual: (700, 9_000),
        // The drawdown, and a deposit in the middle of it that hides it in the equity but not in the return.
        stretches: &[(78..94, -14_000, 11_000), (120..181, 2_600, 6_000)],
        flows: &[(88, 4_000_000)],
        trades: 95,
    },
    Strategy {
        name: "Carry",
        seed: 59,
        usual: (350, 500),
        stretches: &[],
        flows: &[],
        // Hardly ever does anything.
        trades: 30,
    },
];

/// The next number of a generator (SplitMix64), whose state is `state`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number around 0, in millionths: twelve even ones together are nearly normal, with a deviation of 1.
fn noise(state: &mut u64) -> i64 {
    let sum: u64 = (0..12).map(|_| next(state) % 1_000_000).sum();
    i64::try_from(sum).unwrap() - 6_000_000
}

/// The day as `2027-01-31`.
fn date(day: i64) -> String {
    earnout_sdk::text::time::date(day * 86_400)
}

/// All curves, one after the other, as a CSV file.
pub fn curves() -> String {
    let mut text = "strategy,day,equity,flow,trades\n".to_owned();
    for strategy in STRATEGIES {
        let (mut state, mut equity) = (strategy.seed, CAPITAL);
        for row in 0..ROWS {
            let (mut flow, mut trades) = (0, 0);
            if row > 0 {
                let stretch = strategy.stretches.iter().find(|(days, ..)| days.contains(&row));
                let (drift, deviation) = stretch.map_or(strategy.usual, |(_, drift, noise)| (*drift, *noise));
                let moved = drift + deviation * noise(&mut state) / 1_000_000;
                let paid = strategy.flows.iter().find(|(day, _)| *day == row);
                flow = paid.map_or(0, |(_, cents)| *cents);
                equity += equity * moved / 1_000_000 + flow;
                trades = strategy.trades / 100 + u64::from(next(&mut state) % 100 < strategy.trades % 100);
            }
            let amount = |cents: i64| {
                let sign = if cents < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
            };
            text.push_str(&format!(
                "{},{},{},{},{trades}\n",
                strategy.name,
                date(FIRST_DAY + row),
                amount(equity),
                amount(flow)
            ));
        }
    }
    text
}
