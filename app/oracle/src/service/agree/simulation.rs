//! Whether honest operators agree: three Prometheus servers that look at the same gauge, each when it is its turn.
//!
//! The model: every second the gauge changes a little; each server scrapes it once a minute, at a phase of its own that
//! its restarts decide, up to a second late, and one scrape of a thousand fails, after which the series is gone until
//! the next one, as Prometheus does it. A server answers with the newest scrape before the time it is asked for. What
//! is read out of the answers, and how it is rounded, is the daemon's own code.

use {
    super::compare::{rounded, steps},
    crate::measure::{Part, Scope, Source, testing},
    rust_decimal::prelude::ToPrimitive,
    std::{collections::BTreeMap, fs, path::Path},
};

/// Periods that are counted, after those that the step is taken from.
const PERIODS: usize = 100;
const BEFORE: usize = 10;

/// Servers, and how many have to say the same.
const SERVERS: usize = 3;
const THRESHOLD: usize = 2;

/// Seconds between two scrapes.
const SCRAPES: i64 = 60;

/// What is simulated before the end of a period, seconds.
const HISTORY: i64 = 3_600;

const INSTANT: &str = "type = 'prometheus'\nurl = 'http://p.test'\nquery = 'users'";
const SAMPLED: &str = "type = 'prometheus'\nurl = 'http://p.test'\nquery = 'users'\n\
                       samples_at = { last = '30m', every = '1m', at_least = 20 }";

/// SplitMix64: the same numbers for the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 on, below `end`.
    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() >> 1).unwrap() % end
    }
}

/// How a gauge moves.
struct Gauge {
    name: &'static str,
    /// Most by which it changes in a second.
    noise: i64,
    /// By how much it falls in a minute beside that.
    falls: i64,
}

const GAUGES: [Gauge; 3] = [
    Gauge {
        name: "quiet: up to 3 a second",
        noise: 3,
        falls: 0,
    },
    Gauge {
        name: "busy: up to 30 a second",
        noise: 30,
        falls: 0,
    },
    Gauge {
        name: "evening: up to 3 a second, and 60 less a minute",
        noise: 3,
        falls: 60,
    },
];

/// The gauge by the second, the last one being the one before the end.
fn history(gauge: &Gauge, random: &mut Random) -> Vec<i64> {
    let mut value = 50_000 + random.below(2_000);
    let mut history = Vec::new();
    for second in 0..HISTORY {
        value += random.below(2 * gauge.noise + 1) - gauge.noise;
        if second % 60 < gauge.falls {
            value -= 1;
        }
        history.push(value);
    }
    history
}

/// What one server has, by the second of the scrape; none where one failed.
fn scrapes(history: &[i64], random: &mut Random) -> BTreeMap<i64, Option<i64>> {
    let mut scrapes = BTreeMap::new();
    let mut time = random.below(SCRAPES);
    while time < HISTORY {
        let late = (time + random.below(2)).min(HISTORY - 1);
        let value = history[usize::try_from(late).unwrap()];
        scrapes.insert(late, (random.below(1_000) > 0).then_some(value));
        time += SCRAPES;
    }
    scrapes
}

/// What the server answers for a time: the newest scrape, if it did not fail.
fn sample(scrapes: &BTreeMap<i64, Option<i64>>, second: i64) -> Option<i64> {
    scrapes.range(..=second).next_back().and_then(|(_, value)| *value)
}

/// What an operator reads from that server, whole numbers.
fn read(source: &str, scope: &Scope, scrapes: &BTreeMap<i64, Option<i64>>) -> Option<i64> {
    let source: Source = toml::from_str(source).unwrap();
    let begin = scope.end - HISTORY;
    let at = |time: i64| sample(scrapes, time - begin).map(|value| format!("[{time},\"{value}\"]"));
    let series = |name: &str, values: Option<String>| {
        let kind = if name == "value" { "vector" } else { "matrix" };
        let series = values
            .map(|values| format!("{{\"metric\":{{}},\"{name}\":{values}}}"))
            .unwrap_or_default();
        format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":[{series}]}}}}")
    };
    let Source::Prometheus(asked) = &source else {
        panic!("it is Prometheus");
    };
    let answer = match asked.samples_at {
        None => series("value", at(scope.end - 1)),
        Some(_) => {
            let times = (scope.end - 1_800..scope.end).filter(|time| time % 60 == 0);
            let values: Vec<String> = times.filter_map(at).collect();
            series("values", Some(format!("[{}]", values.join(","))))
        }
    };
    let parts: Vec<Part> = testing::answer(&answer);
    let observed = source.read(scope, &parts).ok()?;
    observed.value.to_i64()
}

/// How many of the servers' operators say what most of them say.
fn most(values: &[Option<i64>], step: i64) -> usize {
    let mut count: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *count.entry(rounded(*value, step).unwrap()).or_default() += 1;
    }
    count.into_values().max().unwrap_or_default()
}

/// How the periods of one gauge went.
struct Outcome {
    /// Periods in which enough agree, and in which all do.
    enough: usize,
    all: usize,
    /// 1, or the smallest step that is no smaller than the distance of the values in the periods before.
    step: i64,
    /// The distance of the values that half of the periods stay within, and that 95 of 100 do.
    half: i64,
    most: i64,
}

fn simulated(gauge: &Gauge, source: &str, with_step: bool, seed: u64) -> Outcome {
    let scope = testing::scope();
    let mut random = Random(seed);
    let periods: Vec<Vec<Option<i64>>> = (0..BEFORE + PERIODS)
        .map(|_| {
            let history = history(gauge, &mut random);
            (0..SERVERS)
                .map(|_| read(source, &scope, &scrapes(&history, &mut random)))
                .collect()
        })
        .collect();
    let (before, counted) = periods.split_at(BEFORE);
    let distance = |values: &Vec<Option<i64>>| {
        let values = || values.iter().flatten();
        values().max().unwrap_or(&0) - values().min().unwrap_or(&0)
    };
    let known = before.iter().map(distance).max().unwrap_or_default();
    let step = match with_step {
        true => steps().find(|step| *step >= known).unwrap(),
        false => 1,
    };
    let agree = |count: usize| counted.iter().filter(|values| most(values, step) >= count).count();
    let mut distances: Vec<i64> = counted.iter().map(distance).collect();
    distances.sort_unstable();
    Outcome {
        enough: agree(THRESHOLD),
        all: agree(SERVERS),
        step,
        half: distances[PERIODS / 2 - 1],
        most: distances[PERIODS * 95 / 100 - 1],
    }
}

#[test]
fn honest_operators_agree_when_they_sample_at_fixed_times_and_round() {
    let ways = [
        ("one sample at the end", INSTANT, false),
        ("median of 30 samples", SAMPLED, false),
        ("one sample, common step", INSTANT, true),
        ("median of 30 samples, common step", SAMPLED, true),
    ];
    let mut table = String::from(
        "| gauge | how it is read | distance: half, 95 % | step | two of three | all |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for (gauge, seed) in GAUGES.iter().zip([14, 15, 16]) {
        let mut shares = Vec::new();
        for (name, source, with_step) in ways {
            let outcome = simulated(gauge, source, with_step, seed);
            let Outcome {
                enough,
                all,
                step,
                half,
                most,
            } = outcome;
            table.push_str(&format!(
                "| {} | {name} | {half}, {most} | {step} | {enough} | {all} |\n",
                gauge.name
            ));
            shares.push(enough);
        }
        let [today, _, _, agreed] = shares[..] else {
            panic!("four ways");
        };
        assert!(agreed >= 95, "{}: {agreed}", gauge.name);
        assert!(today < 50, "{}: nothing would have to be done", gauge.name);
    }
    println!("{table}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/oracle.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(&table), "docs/oracle.md has other figures than:\n{table}");
}
