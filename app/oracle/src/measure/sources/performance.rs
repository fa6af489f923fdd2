//! A strategy's record: what became of its capital, and what its trades came to.
//!
//! The definitions, with `E` the equity of a row, `F` what was paid in (above 0) or out (below 0) since the row before,
//! and the step from each row to the next:
//!
//! - return of a step: `r = (E − F) / E₀ − 1` where flows arrive at its end, `r = E / (E₀ + F) − 1` where they arrive
//!   at its beginning; `E₀` is the row before;
//! - index: 1 at the opening row, times `1 + r` at each row. The return is the last index less 1: time-weighted, so
//!   neither deposits nor withdrawals change it (CFA Institute, Global Investment Performance Standards, 2020);
//! - drawdown: the largest fall of the index below its highest point so far, as a part of that point (Magdon-Ismail and
//!   Atiya, "Maximum drawdown", Risk 17, 2004);
//! - Sharpe ratio: `√Y · mean(x) / s`, `x = r − rate / Y` the excess of a step, `s` the standard deviation of the
//!   sample (divisor `n − 1`), `Y` the steps of a year (Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21,
//!   1994);
//! - Sortino ratio: the same with `√(Σ min(x, 0)² / n)` in the place of `s` (Sortino and Price, "Performance
//!   Measurement in a Downside Risk Framework", Journal of Investing 3, 1994);
//! - profit factor: the sum of all profits divided by the sum of all losses; win rate: the part of trades with a profit
//!   (Kaufman, "Trading Systems and Methods"). Of fills a trade of an instrument is everything from no position to no
//!   position, and one that is open at the end of the period is an error or counts when it ends (`open_positions`); of
//!   an equity curve a step: `E − E₀ − F`.
//!
//! **Rounding.** The index has 30 digits behind the point and is rounded to the nearest, halves to even, at each row,
//! and so are `r` and `rate / Y`. What follows from them is exact, up to the result, which is rounded to the nearest
//! with 18 digits. Before that, `n` rows put an index that was never below `m` at most `n / (2m) · 10⁻³⁰` of itself
//! beside the exact one: with 250,000 rows and no loss beyond 99.9 % less than `1.3 · 10⁻²²`. A ratio of return and
//! risk is less than
//! `√Y / s · (1 + 2·|ratio| / √Y) · 10⁻³⁰` beside it: with a risk of a step of at least `10⁻⁸`, 10,000 steps a year and
//! a ratio up to 100 less than `3 · 10⁻²⁰`. Profit factor and win rate are the exact quotients, which no later rounding
//! rounds twice. The feed's `rounding` is applied to that.

use {
    super::{
        Observation, Part, SourceError, ambiguous, no_data,
        rows::{Name, Row, Rows},
        unexpected,
    },
    crate::measure::{
        Scope, ValueError, duration,
        exact::{self, Number, PLACES},
    },
    earnout_sdk::text::{
        names::{harmless, is_hidden, shortened},
        time,
    },
    num_bigint::BigInt,
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{
        collections::{HashMap, HashSet},
        time::Duration,
    },
};

/// Digits of the index and of the returns of steps.
const DIGITS: u32 = 30;

/// Digits that every number of a row has room for.
const SCALE: u32 = 28;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A strategy's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performance {
    /// Where the record is.
    pub rows: Rows,
    /// What its rows are.
    #[serde(default)]
    pub record: Record,
    /// What is computed.
    pub measure: Measure,
    /// The names of its columns.
    #[serde(default)]
    pub columns: Columns,
    /// From one row of an equity curve to the next, at least.
    #[serde(default = "day", with = "duration")]
    pub step: Duration,
    /// From one row of an equity curve to the next, at the most; a step if left out.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub max_gap: Option<Duration>,
    /// Whether a row of an equity curve names the beginning of the step at whose end it was so.
    #[serde(default)]
    pub closes: bool,
    /// When deposits and withdrawals of a step arrive.
    #[serde(default)]
    pub flows: Flows,
    /// What rows outside the period are.
    #[serde(default)]
    pub outside: Outside,
    /// What fills are that leave something held at the end of the period.
    #[serde(default)]
    pub open_positions: OpenPositions,
    /// The smallest capital that a step may begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_capital: Option<Number>,
    /// Days of a year, for the ratios of return and risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_days: Option<Number>,
    /// What capital earns in a year without risk, percent, for the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_free_pct: Option<Number>,
    /// The largest ratio that is reported, also in the place of one that has no bound: profits without a loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Number>,
    /// How many trades or steps there have to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
}

/// What the rows of a record are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The worth of everything at points in time, with what was paid in and out between them.
    #[default]
    Equity,
    /// Every execution of an order.
    Fills,
    /// Every trade that was closed, with its profit.
    Trades,
}

/// What is computed of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Time-weighted return, percent.
    Return,
    /// Largest drawdown, percent.
    Drawdown,
    /// Sharpe ratio of a year.
    Sharpe,
    /// Sortino ratio of a year.
    Sortino,
    /// Profits divided by losses.
    ProfitFactor,
    /// Trades with a profit, percent of all.
    WinRate,
    /// Number of trades.
    Trades,
}

/// When deposits and withdrawals arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flows {
    /// At the end of the step: they earned nothing in it.
    #[default]
    End,
    /// At its beginning: they earned what the rest earned.
    Begin,
}

/// What rows outside the period are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// A sign that the answer is to another question.
    #[default]
    Refuse,
    /// The rest of a record of which each period takes its part. Fills before the period still say what was held.
    Ignore,
}

/// What is said of an instrument of which something is held at the end of the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenPositions {
    /// A reason to give no value: whoever never closes a trade, or all of it but a crumb, never has its loss.
    #[default]
    Refuse,
    /// Nothing: its trade is of the period in which it ends.
    Ignore,
}

/// The names of a record's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// When it was so or was done.
    pub time: String,
    /// Equity: worth of everything.
    pub equity: String,
    /// Equity: paid in since the row before; below 0 what was paid out. Nothing was if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// Equity: trades closed since the row before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trades: Option<String>,
    /// Fills and trades: what tells them apart.
    pub id: String,
    /// Fills: what was traded.
    pub instrument: String,
    /// Fills: `buy` or `sell`.
    pub side: String,
    /// Fills: how much of it.
    pub quantity: String,
    /// Fills: for how much each.
    pub price: String,
    /// Trades: what came of it; below 0 a loss.
    pub profit: String,
    /// Fills and trades: what it cost beside that. Nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<String>,
}

impl Default for Columns {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            time: name("time"),
            equity: name("equity"),
            flow: None,
            trades: None,
            id: name("id"),
            instrument: name("instrument"),
            side: name("side"),
            quantity: name("quantity"),
            price: name("price"),
            profit: name("profit"),
            fee: None,
        }
    }
}

fn day() -> Duration {
    Duration::from_secs(DAY)
}

mod optional {
    use {
        crate::measure::duration,
        serde::{Deserializer, Serializer},
        std::time::Duration,
    };

    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => duration::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        duration::optional(deserializer)
    }
}

impl Performance {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        self.rows.fetch(scope).await
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let value = match self.record {
            Record::Equity => self.of_curve(&self.curve(scope, parts)?)?,
            Record::Fills => self.of_trades(&self.round_trips(scope, parts)?)?,
            Record::Trades => self.of_trades(&self.closed_trades(scope, parts)?)?,
        };
        let value = match &self.at_most {
            Some(Number(most)) => value.min(*most),
            None => value,
        };
        Ok(Observation {
            value,
            observed_at: self.rows.changed_at(parts),
        })
    }

    /// The points of the curve from the opening to the closing one, and nothing else.
    fn curve(&self, scope: &Scope, parts: &[Part]) -> Result<Vec<Point>, SourceError> {
        let names = [Some(&self.columns.time), Some(&self.columns.equity)];
        let names = names
            .into_iter()
            .chain([self.columns.flow.as_ref(), self.columns.trades.as_ref()]);
        let names: Vec<&str> = names.flatten().map(String::as_str).collect();
        let rows = self.rows.read(scope, parts, &names)?;
        let mut points = Vec::with_capacity(rows.len());
        for row in &rows {
            points.push(self.point(row)?);
        }
        let step = duration::seconds(self.step);
        let most = self.max_gap.map_or(step, duration::seconds);
        for ((before, row), point) in points.iter().zip(rows.iter().skip(1)).zip(points.iter().skip(1)) {
            let apart = point.at.saturating_sub(before.at);
            if apart <= 0 {
                return Err(row.wrong(format_args!(
                    "its time, {}, is not after that of the row before, {}: rows are sorted, and each time stands once",
                    time::text(point.at),
                    time::text(before.at)
                )));
            }
            if apart < step {
                return Err(row.wrong(format_args!(
                    "it is {} after the row before; a step is {}",
                    length(apart),
                    length(step)
                )));
            }
        }
        let opening = points.iter().rposition(|point| point.at <= scope.start);
        let closing = points.iter().rposition(|point| point.at <= scope.end);
        if self.outside == Outside::Refuse {
            let before = opening.filter(|opening| *opening > 0).map(|_| 0);
            let after = points.iter().position(|point| point.at > scope.end);
            if let Some(place) = before.or(after) {
                let at = points.get(place).map_or_else(String::new, |point| time::text(point.at));
                let row = rows.get(place).map_or_else(String::new, |row| row.name.to_string());
                return Err(unexpected(format!(
                    "{row} is of {at}, outside the period; if the record goes further, say `outside = \"ignore\"`"
                )));
            }
        }
        // How far a boundary may be behind the last row.
        let late = most.saturating_sub(step);
        let missing = |at: i64, what: &str| {
            no_data(format!(
                "there is no {what} row: none from {} to {}",
                time::text(at.saturating_sub(late)),
                time::text(at)
            ))
        };
        let found = |place: Option<usize>, at: i64| {
            place.filter(|place| {
                let row = points.get(*place);
                row.is_some_and(|point| at.saturating_sub(point.at) <= late)
            })
        };
        let opening = found(opening, scope.start).ok_or_else(|| missing(scope.start, "opening"))?;
        let closing = found(closing, scope.end).ok_or_else(|| missing(scope.end, "closing"))?;
        let taken = points.get(opening..=closing).unwrap_or_default();
        for (before, after) in taken.iter().zip(taken.iter().skip(1)) {
            if after.at.saturating_sub(before.at) > most {
                return Err(no_data(format!(
                    "there is a gap: no row between {} and {}, and `max_gap` is {}",
                    time::text(before.at),
                    time::text(after.at),
                    length(most)
                )));
            }
        }
        match taken.len() {
            0 | 1 => Err(no_data(
                "the period has no step: its opening and closing row are the same",
            )),
            _ => Ok(taken.to_vec()),
        }
    }

    fn point(&self, row: &Row) -> Result<Point, SourceError> {
        let names = &self.columns;
        let at = row.time(0, &names.time)?;
        let at = match self.closes {
            true => at.saturating_add(duration::seconds(self.step)),
            false => at,
        };
        let equity = row.number(1, &names.equity)?;
        if equity.is_sign_negative() {
            return Err(row.wrong(format_args!("{} is below 0: {equity}", names.equity)));
        }
        let flow = match &names.flow {
            Some(name) => row.number(2, name)?,
            None => Decimal::ZERO,
        };
        let trades = match &names.trades {
            Some(name) => {
                let count = row.number(if names.flow.is_some() { 3 } else { 2 }, name)?;
                u32::try_from(count)
                    .ok()
                    .filter(|whole| Decimal::from(*whole) == count)
                    .ok_or_else(|| row.wrong(format_args!("{name} is {count}, not a number of trades")))?
            }
            None => 0,
        };
        Ok(Point {
            at,
            equity: scaled(equity)?,
            flow: scaled(flow)?,
            trades,
        })
    }

    fn of_curve(&self, points: &[Point]) -> Result<Decimal, SourceError> {
        let steps = points.len().saturating_sub(1);
        if self.measure == Measure::Trades {
            self.enough(steps, "steps")?;
            let trades = points.iter().skip(1).map(|point| u64::from(point.trades)).sum::<u64>();
            return Ok(Decimal::from(trades));
        }
        if matches!(self.measure, Measure::ProfitFactor | Measure::WinRate) {
            let pairs = points.iter().zip(points.iter().skip(1));
            let profits: Vec<BigInt> = pairs
                .map(|(before, point)| &point.equity - &before.equity - &point.flow)
                .collect();
            return self.of_trades(&profits);
        }
        self.enough(steps, "steps")?;
        let least = self
            .min_capital
            .map_or(Ok(BigInt::from(1u8)), |Number(least)| scaled(least))?;
        let one = exact::power(DIGITS);
        let (mut index, mut peak) = (one.clone(), one.clone());
        // The deepest fall, and from where.
        let (mut fall, mut from) = (BigInt::ZERO, one.clone());
        let mut returns = Vec::with_capacity(steps);
        for (before, point) in points.iter().zip(points.iter().skip(1)) {
            let (base, worth) = match self.flows {
                Flows::End => (before.equity.clone(), &point.equity - &point.flow),
                Flows::Begin => (&before.equity + &point.flow, point.equity.clone()),
            };
            if base < least || base <= BigInt::ZERO {
                return Err(unexpected(format!(
                    "the step that ends at {} begins with a capital of {}, below the least, {}",
                    time::text(point.at),
                    shown(&base),
                    shown(&least)
                )));
            }
            if worth < BigInt::ZERO {
                return Err(unexpected(format!(
                    "at {} more was paid in than there is: without it the equity is {}",
                    time::text(point.at),
                    shown(&worth)
                )));
            }
            let too_large = || unexpected("a return is too large");
            index = exact::nearest(&(&index * &worth), &base).ok_or_else(too_large)?;
            returns.push(exact::nearest(&((&worth - &base) * &one), &base).ok_or_else(too_large)?);
            peak = peak.max(index.clone());
            let fallen = &peak - &index;
            if &fallen * &from > &fall * &peak {
                (fall, from) = (fallen, peak.clone());
            }
        }
        match self.measure {
            Measure::Return => percent(&(index - &one), &one),
            Measure::Drawdown => percent(&fall, &from),
            _ => self.ratio(&returns),
        }
    }

    /// Sharpe or Sortino ratio of the returns of steps.
    fn ratio(&self, returns: &[BigInt]) -> Result<Decimal, SourceError> {
        let missing = |name: &str| unexpected(format!("`{name}` is missing"));
        let days = self.year_days.ok_or_else(|| missing("year_days"))?.0;
        let rate = self.risk_free_pct.ok_or_else(|| missing("risk_free_pct"))?.0;
        // Steps of a year as a fraction.
        let year = scaled(days)? * DAY;
        let step = exact::power(SCALE) * self.step.as_secs();
        let one = exact::power(DIGITS);
        let too_large = || SourceError::from(ValueError::OutOfRange(rate));
        // rate / 100 / (year / step), with the digits of the returns.
        let of_step = exact::nearest(&(scaled(rate)? * &step * &one), &(&year * exact::power(SCALE) * 100u8))
            .ok_or_else(too_large)?;
        let count = BigInt::from(returns.len());
        let excess: Vec<BigInt> = returns.iter().map(|earned| earned - &of_step).collect();
        let sum: BigInt = excess.iter().sum();
        let square = |number: &BigInt| number * number;
        // The square of the ratio: year / step · mean² / risk².
        let (number, divisor) = match self.measure {
            Measure::Sharpe => {
                let squares: BigInt = excess.iter().map(square).sum();
                // n · Σx² − (Σx)² is n · (n − 1) times the variance of the sample.
                let spread = &count * squares - square(&sum);
                (square(&sum) * (&count - 1u8), &count * spread)
            }
            _ => {
                let below = excess.iter().filter(|excess| **excess < BigInt::ZERO);
                let squares: BigInt = below.map(square).sum();
                (square(&sum), &count * squares)
            }
        };
        if divisor <= BigInt::ZERO {
            return self.unbounded(
                sum > BigInt::ZERO,
                match self.measure {
                    Measure::Sharpe => "all steps have the same return: the ratio has no bound",
                    _ => "no step has a return below the rate: the ratio has no bound",
                },
            );
        }
        let root = exact::root(&(number * year), &(divisor * step))
            .ok_or_else(|| unexpected("the ratio is too large to be kept exactly"))?;
        Ok(if sum < BigInt::ZERO { -root } else { root })
    }

    /// The profits, at [`SCALE`], of trades that were closed in the period.
    fn closed_trades(&self, scope: &Scope, parts: &[Part]) -> Result<Vec<BigInt>, SourceError> {
        let columns = &self.columns;
        let mut names = vec![columns.time.as_str(), columns.id.as_str(), columns.profit.as_str()];
        names.extend(columns.fee.as_deref());
        let mut order = Order::default();
        let mut profits = Vec::new();
        for row in self.rows.read(scope, parts, &names)? {
            let at = order.next(&row, columns)?;
            let profit = scaled(row.number(2, &columns.profit)?)?;
            let fee = match &columns.fee {
                Some(name) => scaled(row.number(3, name)?)?,
                None => BigInt::ZERO,
            };
            if self.is_within(scope, &row, at)? {
                profits.push(profit - fee);
            }
        }
        Ok(profits)
    }

    /// The profits of what was bought and sold again, or sold and bought back, until nothing was held: of what ended in
    /// the period.
    fn round_trips(&self, scope: &Scope, parts: &[Part]) -> Result<Vec<BigInt>, SourceError> {
        let columns = &self.columns;
        let mut names = vec![columns.time.as_str(), columns.id.as_str(), columns.instrument.as_str()];
        names.extend([columns.side.as_str(), columns.quantity.as_str(), columns.price.as_str()]);
        names.extend(columns.fee.as_deref());
        let mut order = Order::default();
        let mut held: HashMap<String, Holding> = HashMap::new();
        let mut spelled: HashMap<String, (String, Name)> = HashMap::new();
        let mut profits = Vec::new();
        for row in self.rows.read(scope, parts, &names)? {
            let at = order.next(&row, columns)?;
            let instrument = name(&row, 2, &columns.instrument)?;
            let quantity = row.number(4, &columns.quantity)?;
            if quantity <= Decimal::ZERO {
                return Err(row.wrong(format_args!("{} is {quantity}, not above 0", columns.quantity)));
            }
            let signed = match row.text(3).to_ascii_lowercase().as_str() {
                "buy" => scaled(quantity)?,
                "sell" => -scaled(quantity)?,
                _ => {
                    let text = harmless(&shortened(row.text(3), 20));
                    return Err(row.wrong(format_args!("{} is {text:?}, neither buy nor sell", columns.side)));
                }
            };
            let price = row.number(5, &columns.price)?;
            if price.is_sign_negative() {
                return Err(row.wrong(format_args!("{} is below 0: {price}", columns.price)));
            }
            let price = scaled(price)?;
            let fee = match &columns.fee {
                Some(name) => scaled(row.number(6, name)?)? * exact::power(SCALE),
                None => BigInt::ZERO,
            };
            let within = self.is_within(scope, &row, at)?;
            if at >= scope.end {
                continue;
            }
            let (before, first) = spelled
                .entry(bare(&instrument))
                .or_insert_with(|| (instrument.clone(), row.name));
            if *before != instrument {
                return Err(row.wrong(format_args!(
                    "{} {:?} differs from {:?} of {first} in upper and lower case or spaces only: it would be another \
                     instrument, and its trade never end",
                    columns.instrument,
                    harmless(&shortened(&instrument, 40)),
                    harmless(&shortened(before, 40))
                )));
            }
            let holding = held.entry(instrument).or_default();
            let after = &holding.quantity + &signed;
            let is_closed = holding.quantity != BigInt::ZERO
                && (after == BigInt::ZERO || (after > BigInt::ZERO) != (holding.quantity > BigInt::ZERO));
            // What goes beyond nothing opens the next trade, at the same price; the fee is of the one that ends.
            let rest = if is_closed { after.clone() } else { BigInt::ZERO };
            holding.cash -= (signed - &rest) * &price + fee;
            if is_closed {
                if within {
                    profits.push(holding.cash.clone());
                }
                holding.cash = -(&rest * &price);
            }
            holding.quantity = after;
        }
        let open = held.iter().filter(|(_, holding)| holding.quantity != BigInt::ZERO);
        // The same one on every machine.
        match open.min_by_key(|(instrument, _)| *instrument) {
            Some((instrument, holding)) if self.open_positions == OpenPositions::Refuse => Err(unexpected(format!(
                "at the end of the period {} of {:?} are held; if a trade counts in the period in which it ends, \
                     say `open_positions = \"ignore\"`",
                shown(&holding.quantity),
                harmless(&shortened(instrument, 40))
            ))),
            _ => Ok(profits),
        }
    }

    /// Whether a row counts in the period; one outside of it may not be there.
    fn is_within(&self, scope: &Scope, row: &Row, at: i64) -> Result<bool, SourceError> {
        let within = (scope.start..scope.end).contains(&at);
        match within || self.outside == Outside::Ignore {
            true => Ok(within),
            false => Err(row.wrong(format_args!(
                "it is of {}, outside the period; if the record goes further, say `outside = \"ignore\"`",
                time::text(at)
            ))),
        }
    }

    fn of_trades(&self, profits: &[BigInt]) -> Result<Decimal, SourceError> {
        self.enough(
            profits.len(),
            if self.record == Record::Equity {
                "steps"
            } else {
                "trades"
            },
        )?;
        let too_large = || unexpected("the result is too large to be kept exactly");
        let won = || profits.iter().filter(|profit| **profit > BigInt::ZERO);
        match self.measure {
            Measure::Trades => Ok(Decimal::from(profits.len())),
            Measure::WinRate if profits.is_empty() => Err(no_data("there is no trade")),
            Measure::WinRate => {
                let won = BigInt::from(won().count()) * 100u8;
                exact::quotient(&won, &profits.len().into()).ok_or_else(too_large)
            }
            _ => {
                let profit: BigInt = won().sum();
                let loss: BigInt = profits.iter().filter(|profit| **profit < BigInt::ZERO).sum();
                match loss == BigInt::ZERO {
                    true => self.unbounded(
                        profit > BigInt::ZERO,
                        "there is no loss: the profit factor has no bound",
                    ),
                    false => exact::quotient(&profit, &-loss).ok_or_else(too_large),
                }
            }
        }
    }

    /// What is reported of a ratio that would be divided by 0.
    fn unbounded(&self, is_gain: bool, what: &str) -> Result<Decimal, SourceError> {
        match self.at_most.filter(|_| is_gain) {
            Some(Number(most)) => Ok(most),
            None if is_gain => Err(no_data(format!("{what}; `at_most` says what is reported then"))),
            None => Err(no_data("there is neither gain nor loss: the ratio is not defined")),
        }
    }

    fn enough(&self, found: usize, what: &str) -> Result<(), SourceError> {
        match self.at_least.filter(|least| found < *least) {
            Some(least) => Err(no_data(format!(
                "the period has {found} {what}, and at least {least} are needed"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.rows.mistakes();
        let of_curve = matches!(
            self.measure,
            Measure::Return | Measure::Drawdown | Measure::Sharpe | Measure::Sortino
        );
        let of_risk = matches!(self.measure, Measure::Sharpe | Measure::Sortino);
        let mut wrong = |is_wrong: bool, text: &str| {
            if is_wrong {
                mistakes.push(text.to_owned());
            }
        };
        let is_curve = self.record == Record::Equity;
        wrong(
            of_curve && !is_curve,
            "`measure`: only an equity curve says this; fills and trades do not know what is held is worth",
        );
        let positive = |number: &Option<Number>| number.is_some_and(|Number(number)| number > Decimal::ZERO);
        wrong(
            of_curve && !positive(&self.min_capital),
            "`min_capital` is needed, above 0: from next to nothing every gain is enormous",
        );
        wrong(
            of_risk && !positive(&self.year_days),
            "`year_days` is needed, above 0: 365, or 252 trading days",
        );
        wrong(
            of_risk && self.risk_free_pct.is_none(),
            "`risk_free_pct` is needed: percent a year, 0 if nothing is taken off",
        );
        wrong(
            of_risk && self.at_least.is_none_or(|least| least < 2),
            "`at_least` is needed, 2 or more: a ratio of few steps says nothing",
        );
        wrong(
            self.measure == Measure::Trades && is_curve && self.columns.trades.is_none(),
            "`columns.trades` is needed: the column with the number of trades of each row",
        );
        wrong(
            self.at_most.is_some() && !of_risk && self.measure != Measure::ProfitFactor,
            "`at_most` is of the measures `sharpe`, `sortino` and `profit-factor`",
        );
        wrong(
            self.open_positions == OpenPositions::Ignore && self.record != Record::Fills,
            "`open_positions` is of fills",
        );
        wrong(
            self.at_most.is_some_and(|Number(most)| most <= Decimal::ZERO),
            "`at_most` is not above 0",
        );
        wrong(self.step.as_secs() == 0, "`step` is shorter than a second");
        wrong(
            self.step.subsec_nanos() != 0 || self.max_gap.is_some_and(|gap| gap.subsec_nanos() != 0),
            "`step` and `max_gap` are whole seconds",
        );
        wrong(
            self.max_gap.is_some_and(|gap| gap < self.step),
            "`max_gap` is shorter than `step`",
        );
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        self.rows.templates()
    }
}

/// A row of an equity curve, its amounts at [`SCALE`].
#[derive(Clone, Debug)]
struct Point {
    at: i64,
    equity: BigInt,
    flow: BigInt,
    trades: u32,
}

/// What is held of an instrument, at [`SCALE`], and what it brought in so far, at twice that.
#[derive(Default)]
struct Holding {
    quantity: BigInt,
    cash: BigInt,
}

/// What came before: rows are sorted by time, and each is there once.
#[derive(Default)]
struct Order {
    last: Option<i64>,
    ids: HashSet<String>,
}

impl Order {
    /// The time of the next row, whose first two columns are time and id.
    fn next(&mut self, row: &Row, columns: &Columns) -> Result<i64, SourceError> {
        let at = row.time(0, &columns.time)?;
        if let Some(last) = self.last.filter(|last| at < *last) {
            return Err(row.wrong(format_args!(
                "its time, {}, is before that of the row before, {}: rows are sorted",
                time::text(at),
                time::text(last)
            )));
        }
        self.last = Some(at);
        let id = name(row, 1, &columns.id)?;
        match self.ids.insert(id) {
            true => Ok(at),
            false => {
                let id = harmless(&shortened(row.text(1), 40));
                Err(ambiguous(format!(
                    "{}: {} {id:?} stands there twice",
                    row.name, columns.id
                )))
            }
        }
    }
}

/// An instrument's name without spaces and without the difference of upper and lower case.
fn bare(instrument: &str) -> String {
    let letters = instrument.chars().filter(|letter| !letter.is_whitespace());
    letters
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// A text that names something.
fn name(row: &Row, place: usize, column: &str) -> Result<String, SourceError> {
    let text = row.text(place);
    if text.is_empty() {
        return Err(row.wrong(format_args!("{column} is empty")));
    }
    match text.chars().find(|letter| is_hidden(*letter)) {
        None => Ok(text.to_owned()),
        Some(unseen) => Err(row.wrong(format_args!(
            "{column} holds U+{:04X}, which nobody sees",
            u32::from(unseen)
        ))),
    }
}

fn scaled(number: Decimal) -> Result<BigInt, SourceError> {
    exact::scaled(number, SCALE).ok_or_else(|| ValueError::TooPrecise(number.to_string()).into())
}

/// An amount at [`SCALE`], for people.
fn shown(amount: &BigInt) -> String {
    exact::decimal(amount, SCALE).map_or_else(|| "more than can be shown".to_owned(), |amount| amount.to_string())
}

/// `number / divisor`, percent, to the nearest with [`PLACES`] digits.
fn percent(number: &BigInt, divisor: &BigInt) -> Result<Decimal, SourceError> {
    let rounded = exact::nearest(&(number * 100u8 * exact::power(PLACES)), divisor);
    let percent = rounded.and_then(|rounded| exact::decimal(&rounded, PLACES));
    percent.ok_or_else(|| unexpected("the result is too large to be kept exactly"))
}

/// Seconds as people say them.
fn length(seconds: i64) -> String {
    humantime::format_duration(Duration::from_secs(seconds.unsigned_abs())).to_string()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Source, sources::testing},
        num_rational::BigRational,
        proptest::prelude::*,
    };

    /// Seven days from 2027-04-01 on.
    fn scope() -> Scope {
        let start = testing::scope().start;
        Scope {
            end: start + 7 * 86_400,
            ..testing::scope()
        }
    }

    const RATIO: &str = "year_days = 365\nrisk_free_pct = 4\nat_least = 2";

    fn source(more: &str) -> Performance {
        let text = format!("rows = {{ csv = {{ file = 'x.csv' }} }}\nmin_capital = 1000\n{more}");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn value(source: &Performance, rows: &str) -> Result<String, String> {
        let read = source.read(&scope(), &testing::answer(rows));
        read.map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    fn curve(amounts: &[(&str, &str)]) -> String {
        let mut text = "time,equity,flow\n".to_owned();
        for (day, (equity, flow)) in (1..).zip(amounts) {
            text.push_str(&format!("2027-04-{day:02},{equity},{flow}\n"));
        }
        text
    }

    const WEEK: [(&str, &str); 8] = [
        ("10000", "0"),
        ("10250.50", "0"),
        ("10100", "0"),
        ("12600.25", "2500"),
        ("12400", "0"),
        ("11900.125", "-300"),
        ("12650", "0"),
        ("12650", "0"),
    ];

    /// Computed with Python's `fractions` and `decimal`, by the formulas of the module.
    #[test]
    fn every_measure_of_a_curve() {
        for (measure, at_end, at_begin) in [
            ("return", "3.957599872449182074", "3.914862914862914863"),
            ("drawdown", "4.594768003633153703", "4.6339890837498493"),
            ("sharpe", "3.810269713677435457", "3.765737311694945443"),
            ("sortino", "10.797438003660942583", "10.596096969247498821"),
            // What a step earned is the same whenever its flow came.
            (
                "profit-factor",
                "1.8172531214528944381384790011",
                "1.8172531214528944381384790011",
            ),
            (
                "win-rate",
                "42.857142857142857142857142851",
                "42.857142857142857142857142851",
            ),
        ] {
            for (flows, expected) in [("end", at_end), ("begin", at_begin)] {
                let more = format!("measure = '{measure}'\nflows = '{flows}'\ncolumns = {{ flow = 'flow' }}\n{RATIO}");
                let source = source(&more);
                assert_eq!(source.mistakes(), Vec::<String>::new());
                assert_eq!(value(&source, &curve(&WEEK)).unwrap(), expected, "{measure} {flows}");
            }
        }
    }

    #[test]
    fn ratios_by_hand() {
        // Returns of 1 %, −1 %, 2 % and so on: mean 3/700, and no rate is taken off.
        let mut amounts = vec![("10000".to_owned(), "0".to_owned())];
        let mut equity: Decimal = "10000".parse().unwrap();
        for pct in [1, -1, 2, 0, 1, -1, 1] {
            equity = equity * Decimal::from(100 + pct) / Decimal::ONE_HUNDRED;
            amounts.push((equity.to_string(), "0".to_owned()));
        }
        let amounts: Vec<(&str, &str)> = amounts.iter().map(|(e, f)| (e.as_str(), f.as_str())).collect();
        let more = "year_days = 365\nrisk_free_pct = 0\nat_least = 7";
        // Σx = 0.03, Σx² = 0.0009, s² = (0.0009 − 0.0009/7) / 6, downside² = 0.0002 / 7.
        // Sharpe² = 365 · (0.03/7)² / s² = 365 · 6 / (7 · 6) = 365 / 7; Sortino² = 365 · (0.03/7)² · 7 / 0.0002.
        let sharpe = value(&source(&format!("measure = 'sharpe'\n{more}")), &curve(&amounts)).unwrap();
        assert_eq!(sharpe, "7.221001117771492414");
        let sortino = value(&source(&format!("measure = 'sortino'\n{more}")), &curve(&amounts)).unwrap();
        assert_eq!(sortino, "15.31805657199558533");
        let too_few = value(
            &source(&format!("measure = 'sharpe'\n{}", more.replace('7', "8"))),
            &curve(&amounts),
        );
        assert!(too_few.unwrap_err().contains("7 steps, and at least 8"));
    }

    #[test]
    fn neither_deposits_nor_withdrawals_are_a_return() {
        let flows = source("measure = 'return'\ncolumns = { flow = 'flow' }");
        let amounts = [
            ("10000", "5"),
            ("60000", "50000"),
            ("60000", "0"),
            ("2000", "-58000"),
            ("2000", "0"),
            ("2200", "0"),
            ("2200", "0"),
            ("2200", "0"),
        ];
        assert_eq!(value(&flows, &curve(&amounts)).unwrap(), "10");
        let drawdown = source("measure = 'drawdown'\ncolumns = { flow = 'flow' }");
        assert_eq!(value(&drawdown, &curve(&amounts)).unwrap(), "0");
    }

    #[test]
    fn a_loss_that_is_made_good_leaves_nothing() {
        let amounts = ["7000", "3000", "7000", "1100", "1300", "1900", "2300", "7000"].map(|amount| (amount, "0"));
        assert_eq!(value(&source("measure = 'return'"), &curve(&amounts)).unwrap(), "0");
        let drawdown = value(&source("measure = 'drawdown'"), &curve(&amounts)).unwrap();
        assert_eq!(drawdown, "84.285714285714285714");
    }

    #[test]
    fn what_is_no_whole_curve_is_refused() {
        let good = curve(&WEEK);
        let flows = "columns = { flow = 'flow' }";
        for (from, to, part) in [
            (
                "2027-04-03,",
                "2027-04-05,",
                "line 5: its time, 2027-04-04T00:00:00Z, is not after",
            ),
            (
                "2027-04-03,",
                "2027-04-02,",
                "line 4: its time, 2027-04-02T00:00:00Z, is not after",
            ),
            (
                "2027-04-03,10100,0\n",
                "",
                "there is a gap: no row between 2027-04-02T00:00:00Z and 2027-04-04T00:00:00Z",
            ),
            (
                "2027-04-03,10100,0\n",
                "2027-04-03,1e4,0\n2027-04-03T12:00:00Z,1e4,0\n",
                "line 5: it is 12h after",
            ),
            ("2027-04-01,10000,0\n", "", "there is no opening row"),
            ("2027-04-08,12650,0\n", "", "there is no closing row"),
            (
                "2027-04-01,",
                "2027-03-31,9000,0\n2027-04-01,",
                "line 2 is of 2027-03-31T00:00:00Z, outside",
            ),
            (
                "2027-04-08,12650,0",
                "2027-04-08,12650,0\n2027-04-09,1e4,0",
                "line 10 is of 2027-04-09",
            ),
            (
                "10100,0",
                "999.99,0",
                "ends at 2027-04-04T00:00:00Z begins with a capital of 999.99, below the least, 1000",
            ),
            ("10100,0", "-1,0", "line 4: equity is below 0: -1"),
            ("10100,0", "$10100,0", "line 4: equity is \"$10100\", not a number"),
            (
                "10100,0",
                "\"10,100.00\",0",
                "line 4: equity is \"10,100.00\", not a number",
            ),
            (
                "10100,0",
                "10100 USD,0",
                "line 4: equity is \"10100 USD\", not a number",
            ),
            (
                "10100,0",
                "=SUM(B2:B3),0",
                "line 4: equity is \"=SUM(B2:B3)\", not a number",
            ),
            ("10100,0", "+10100,0", "not a number"),
            ("10100,0", "NaN,0", "not a number"),
            ("10100,0", "-inf,0", "not a number"),
            ("10100,0", ",0", "line 4: equity is empty"),
            ("10100,0", "10100,", "line 4: flow is empty"),
            ("10100,0", "10100,-0.0", "line 4: flow is \"-0.0\": zero has no sign"),
            (
                "10100,0",
                "1e999999999,0",
                "line 4: equity: 1e999999999 has more digits than can be kept",
            ),
            ("10100,0", "1e-40,0", "more digits"),
            (
                "10100,0",
                "10100,99999",
                "at 2027-04-03T00:00:00Z more was paid in than there is",
            ),
            ("2027-04-03,", "3 April,", "line 4: time: \"3 April\" is not a time"),
            ("2027-04-03,", "2027-04-03 12:00,", "line 4: time"),
            ("2027-04-03,", ",", "line 4: time is empty"),
            ("2027-04-03,10100,0", "2027-04-03,10100", "not CSV"),
            ("2027-04-03,10100,0", "2027-04-03,\"10100,0", "quote"),
            ("equity", "nav", "no column \"equity\""),
            ("time,", "flow,", "no column \"time\""),
        ] {
            assert!(good.contains(from), "{from}");
            let source = source(&format!("measure = 'return'\n{flows}"));
            let error = value(&source, &good.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{from} → {to}: {error}");
        }
        assert!(
            value(&source("measure = 'return'"), "time,equity\n")
                .unwrap_err()
                .contains("no opening row")
        );
        assert!(
            value(&source("measure = 'return'"), "")
                .unwrap_err()
                .contains("no column")
        );
    }

    #[test]
    fn line_ends_marks_and_spaces_change_nothing() {
        let source = source("measure = 'return'\ncolumns = { flow = 'flow' }");
        let good = curve(&WEEK);
        for text in [
            good.replace('\n', "\r\n"),
            good.replace('\n', "\r"),
            good.replacen('\n', "\r\n", 3),
            format!("\u{feff}{good}"),
            good.replace(',', " , "),
            format!("{good},,\n , ,\n\n"),
        ] {
            assert_eq!(value(&source, &text).unwrap(), "3.957599872449182074", "{text:?}");
        }
    }

    #[test]
    fn each_period_takes_its_part_of_a_longer_record() {
        let longer =
            format!("{}2027-04-09,1,0\n", curve(&WEEK)).replace("flow\n", "flow\n2027-03-30,5,0\n2027-03-31,6,0\n");
        let more = "measure = 'return'\ncolumns = { flow = 'flow' }";
        assert!(
            value(&source(more), &longer)
                .unwrap_err()
                .contains("outside the period")
        );
        let whole = source(&format!("{more}\noutside = 'ignore'"));
        assert_eq!(value(&whole, &longer).unwrap(), "3.957599872449182074");
        // What is outside is sorted and stands once too.
        let doubled = longer.replace("2027-03-31,6,0\n", "2027-03-31,6,0\n2027-03-31,6,0\n");
        assert!(value(&whole, &doubled).unwrap_err().contains("is not after"));
    }

    #[test]
    fn rows_may_name_the_day_whose_close_they_are_and_leave_out_weekends() {
        // 2027-04-03 and 04 are a weekend; the period begins on Thursday and ends with Wednesday's close.
        let closes = "time,equity\n2027-03-31,1000\n2027-04-01,1100\n2027-04-02,1050\n2027-04-05,1200\n2027-04-06,1250\n\
                      2027-04-07,1300\n";
        let open = source("measure = 'return'\ncloses = true\nmax_gap = '3d'");
        assert_eq!(value(&open, closes).unwrap(), "30");
        let every_day = value(&source("measure = 'return'\ncloses = true"), closes);
        assert!(every_day.unwrap_err().contains("there is a gap"));
        let gone = closes.replace("2027-04-05,1200\n", "");
        assert!(value(&open, &gone).unwrap_err().contains("there is a gap"));
    }

    #[test]
    fn trades_of_a_curve_are_those_of_its_steps() {
        let source = source("measure = 'trades'\ncolumns = { trades = 'flow' }");
        let amounts = ["9", "1", "0", "2", "0", "0", "4", "0"].map(|count| ("10000", count));
        assert_eq!(value(&source, &curve(&amounts)).unwrap(), "7");
        for wrong in ["-1", "1.5", "99999999999"] {
            let mut amounts = amounts;
            amounts[3].1 = wrong;
            let error = value(&source, &curve(&amounts)).unwrap_err();
            assert!(error.contains("not a number of trades"), "{error}");
        }
    }

    const FILLS: &str = "time,id,instrument,side,quantity,price,fee\n\
        2027-03-30T10:00:00Z,1,ETH,buy,2,100,1\n\
        2027-04-02T10:00:00Z,2,ETH,sell,1,120,1\n\
        2027-04-02T10:00:00Z,3,BTC,sell,0.5,1000,0\n\
        2027-04-03T10:00:00Z,4,ETH,sell,1,110,1\n\
        2027-04-03T11:00:00Z,5,BTC,buy,0.75,1100,2\n\
        2027-04-04T10:00:00Z,6,BTC,sell,0.25,1500,0.5\n\
        2027-04-05T10:00:00Z,7,SOL,buy,3,10,0\n\
        2027-04-06T10:00:00Z,8,SOL,sell,3,10,0\n\
        2027-04-07T10:00:00Z,9,SOL,buy,3,10,0\n\
        2027-04-08T00:00:00Z,10,SOL,sell,3,99,0\n";

    /// ETH: −200 − 1 + 120 − 1 + 110 − 1 = 27. BTC: 500 − 550 − 2 = −52, then 0.25 from 1,100 to 1,500 less 0.5: 99.5.
    /// SOL: 0; its last trade ends with the next period.
    #[test]
    fn a_trade_of_fills_goes_from_nothing_to_nothing() {
        let more = "record = 'fills'\noutside = 'ignore'\nopen_positions = 'ignore'\ncolumns = { fee = 'fee' }";
        for (measure, expected) in [
            ("trades", "4"),
            ("win-rate", "50"),
            ("profit-factor", "2.4326923076923076923076923071"),
        ] {
            let source = source(&format!("measure = '{measure}'\n{more}"));
            assert_eq!(source.mistakes(), Vec::<String>::new());
            assert_eq!(value(&source, FILLS).unwrap(), expected, "{measure}");
        }
        // Fees left out: 30, −50, 100, 0.
        let free = source("measure = 'profit-factor'\nrecord = 'fills'\noutside = 'ignore'\nopen_positions = 'ignore'");
        assert_eq!(value(&free, FILLS).unwrap(), "2.6");
    }

    /// Without this a win rate is 100 %, whatever was lost.
    #[test]
    fn a_loss_cannot_hide_in_a_position() {
        let rate = |more: &str, rows: &str| {
            let head = "time,id,instrument,side,quantity,price\n2027-04-02,1,B,buy,1,10\n2027-04-02,2,B,sell,1,11\n";
            let source = source(&format!("measure = 'win-rate'\nrecord = 'fills'\n{more}"));
            assert_eq!(source.mistakes(), Vec::<String>::new());
            value(&source, &format!("{head}2027-04-03,3,A x,buy,1,10\n{rows}"))
        };
        assert_eq!(rate("", "2027-04-04,4,A x,sell,1,5\n").unwrap(), "50");
        for spelled in ["a X", "Ax", "A  x"] {
            for more in ["", "open_positions = 'ignore'"] {
                let error = rate(more, &format!("2027-04-04,4,{spelled},sell,1,5\n")).unwrap_err();
                assert!(error.contains("line 5: instrument"), "{error}");
                assert!(error.contains("differs from \"A x\" of line 4"), "{error}");
            }
        }
        for (rows, left) in [("", "1"), ("2027-04-04,4,A x,sell,0.9999999,5\n", "0.0000001")] {
            let error = rate("", rows).unwrap_err();
            let part = format!("at the end of the period {left} of \"A x\" are held");
            assert!(error.contains(&part), "{error}");
            assert_eq!(rate("open_positions = 'ignore'", rows).unwrap(), "100");
        }
    }

    #[test]
    fn fills_that_cannot_be_are_refused() {
        let source = source("measure = 'trades'\nrecord = 'fills'\noutside = 'ignore'\ncolumns = { fee = 'fee' }");
        for (from, to, part) in [
            (
                "03-30T10:00:00Z,1,",
                "05-30T10:00:00Z,1,",
                "line 3: its time, 2027-04-02T10:00:00Z, is before",
            ),
            ("Z,3,BTC", "Z,2,BTC", "line 4: id \"2\" stands there twice"),
            ("Z,3,BTC", "Z,,BTC", "line 4: id is empty"),
            ("Z,3,BTC", "Z,3,B\u{200b}TC", "line 4: instrument holds U+200B"),
            (
                "BTC,sell,0.5",
                "BTC,short,0.5",
                "line 4: side is \"short\", neither buy nor sell",
            ),
            ("BTC,sell,0.5", "BTC,sell,-0.5", "line 4: quantity is -0.5, not above 0"),
            ("BTC,sell,0.5", "BTC,sell,0", "line 4: quantity is 0, not above 0"),
            ("0.5,1000", "0.5,-1000", "line 4: price is below 0"),
            ("0.5,1000", "0.5,€1000", "line 4: price is \"€1000\", not a number"),
        ] {
            let error = value(&source, &FILLS.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
        let inside = value(
            &Performance {
                outside: Outside::Refuse,
                ..source
            },
            FILLS,
        );
        assert!(
            inside
                .unwrap_err()
                .contains("line 2: it is of 2027-03-30T10:00:00Z, outside")
        );
    }

    #[test]
    fn closed_trades_have_their_profit_and_fees() {
        let rows = "time,id,profit,fee\n2027-04-01,a,10,1\n2027-04-01,b,-4,1\n2027-04-07T23:59:59Z,c,1,1\n";
        for (measure, expected) in [
            ("trades", "3"),
            ("win-rate", "33.333333333333333333333333331"),
            ("profit-factor", "1.8"),
        ] {
            let source = source(&format!(
                "measure = '{measure}'\nrecord = 'trades'\ncolumns = {{ fee = 'fee' }}"
            ));
            assert_eq!(value(&source, rows).unwrap(), expected, "{measure}");
        }
        let later = format!("{rows}2027-04-08,d,5,0\n");
        let all = source("measure = 'trades'\nrecord = 'trades'");
        assert!(value(&all, &later).unwrap_err().contains("line 5: it is of 2027-04-08"));
        let ignoring = source("measure = 'trades'\nrecord = 'trades'\noutside = 'ignore'\nat_least = 4");
        assert!(
            value(&ignoring, &later)
                .unwrap_err()
                .contains("3 trades, and at least 4")
        );
    }

    #[test]
    fn a_ratio_without_bound_is_an_error_or_what_the_configuration_says() {
        let won = "time,id,profit\n2027-04-01,a,10\n";
        let factor = |more: &str, rows: &str| {
            let more = format!("measure = 'profit-factor'\nrecord = 'trades'\n{more}");
            value(&source(&more), rows)
        };
        assert!(factor("", won).unwrap_err().contains("`at_most` says"));
        assert_eq!(factor("at_most = 5", won).unwrap(), "5");
        assert_eq!(factor("at_most = 5", &format!("{won}2027-04-01,b,-1\n")).unwrap(), "5");
        assert_eq!(
            factor("at_most = 50", &format!("{won}2027-04-01,b,-1\n")).unwrap(),
            "10"
        );
        for rows in ["time,id,profit\n", "time,id,profit\n2027-04-01,a,0\n"] {
            assert!(
                factor("at_most = 5", rows)
                    .unwrap_err()
                    .contains("neither gain nor loss"),
                "{rows}"
            );
        }
        let flat = curve(&[("10000", "0"); 8]);
        for measure in ["sharpe", "sortino"] {
            let none = source(&format!(
                "measure = '{measure}'\nyear_days = 365\nrisk_free_pct = 0\nat_least = 2\nat_most = 3"
            ));
            assert!(
                value(&none, &flat).unwrap_err().contains("neither gain nor loss"),
                "{measure}"
            );
        }
        let rising = curve(
            &[
                "1000",
                "1100",
                "1210",
                "1331",
                "1464.1",
                "1610.51",
                "1771.561",
                "1948.7171",
            ]
            .map(|e| (e, "0")),
        );
        for measure in ["sharpe", "sortino"] {
            let none = source(&format!(
                "measure = '{measure}'\nyear_days = 365\nrisk_free_pct = 0\nat_least = 2\nat_most = 3"
            ));
            assert_eq!(value(&none, &rising).unwrap(), "3", "{measure}");
        }
    }

    #[test]
    fn rows_of_json_are_read_as_they_are_written() {
        let source: Performance = toml::from_str(
            "measure = 'return'\nmin_capital = 1000\nrows = { http = { url = 'https://api.test/{start_date}', items = '$.data', \
             require = { '$.who' = '{identity}' } } }",
        )
        .unwrap();
        assert_eq!(source.mistakes(), Vec::<String>::new());
        let rows: Vec<String> = (1..=8)
            .map(|day| {
                format!(
                    "{{\"time\": \"2027-04-0{day}\", \"note\": null, \"equity\": {}.00000000000001}}",
                    1_000 * day
                )
            })
            .collect();
        let document = format!("{{\"who\": \"ann\", \"data\": [{}]}}", rows.join(", "));
        let exact = value(&source, &document).unwrap();
        assert_eq!(exact, "699.999999999999993", "no digit is lost");
        for (from, to, part) in [
            ("ann", "bob", "does not fit the question"),
            ("\"data\"", "\"incomplete_results\": true, \"data\"", "not whole"),
            (
                "\"note\": null, \"equity\": 2",
                "\"equity\": 1, \"equity\": 2",
                "\"equity\" stands twice",
            ),
            ("\"equity\": 2000", "\"nav\": 2000", "row 2 has no \"equity\""),
            ("2000.00000000000001", "null", "row 2: equity is empty"),
            ("2000.00000000000001", "[1]", "neither text nor a number"),
            ("2000.00000000000001", "true", "row 2: equity is \"true\", not a number"),
            (
                "2000.00000000000001",
                "\"NaN\"",
                "row 2: equity is \"NaN\", not a number",
            ),
            ("2000.00000000000001", "-0", "zero has no sign"),
            ("[{", "[7, {", "row 1 is not an object"),
            ("\"data\"", "\"data\": [], \"data\"", "twice"),
            ("}]}", "}]", "not complete JSON"),
        ] {
            let error = value(&source, &document.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
        let listed: Performance = toml::from_str(
            "measure = 'return'\nmin_capital = 1000\nrows = { http = { url = 'https://api.test/', items = '$.data' } }",
        )
        .unwrap();
        assert_eq!(value(&listed, &document).unwrap(), exact);
        assert!(value(&listed, "{}").unwrap_err().contains("nothing at $.data"));
        let asked: Performance = toml::from_str(
            "measure = 'return'\nmin_capital = 1000\nrows = { postgres = { query = 'select 1', connection = 'env:DB' } }",
        )
        .unwrap();
        assert_eq!(value(&asked, &format!("[{}]", rows.join(", "))).unwrap(), exact);
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        for (more, part) in [
            ("measure = 'return'\nrecord = 'fills'", "only an equity curve"),
            (
                "measure = 'trades'\nrecord = 'trades'\nopen_positions = 'ignore'",
                "is of fills",
            ),
            ("measure = 'sharpe'\nrisk_free_pct = 0\nat_least = 5", "`year_days`"),
            ("measure = 'sortino'\nyear_days = 365\nat_least = 5", "`risk_free_pct`"),
            ("measure = 'sharpe'\nyear_days = 365\nrisk_free_pct = 0", "`at_least`"),
            ("measure = 'trades'", "`columns.trades`"),
            ("measure = 'return'\nat_most = 5", "`at_most` is of"),
            ("measure = 'profit-factor'\nat_most = 0", "not above 0"),
            ("measure = 'return'\nstep = '0s'", "`step`"),
            ("measure = 'return'\nstep = '500ms'", "shorter than a second"),
            ("measure = 'return'\nmax_gap = '1h'", "`max_gap`"),
        ] {
            let mistakes = source(more).mistakes();
            assert!(
                mistakes.iter().any(|mistake| mistake.contains(part)),
                "{more}: {mistakes:?}"
            );
        }
        let dust: Performance =
            toml::from_str("measure = 'return'\nrows = { csv = { file = 'x' } }\nmin_capital = 0").unwrap();
        assert!(dust.mistakes()[0].contains("`min_capital`"));
        for wrong in [
            "measure = 'cagr'",
            "measure = 'return'\nyear_days = 365.25",
            "measure = 'return'\nbest = 1",
        ] {
            assert!(
                toml::from_str::<Performance>(&format!("rows = {{ csv = {{}} }}\n{wrong}")).is_err(),
                "{wrong}"
            );
        }
        let individual: Source = toml::from_str(
            "type = 'performance'\nmeasure = 'return'\nmin_capital = 1\nrows = { csv = { file = 'x' } }",
        )
        .unwrap();
        assert!(individual.mistakes(true)[0].contains("nothing in the source differs from grant to grant"));
    }

    /// What the evidence keeps gives the same value, and names no file.
    #[tokio::test]
    async fn the_evidence_holds_the_rows_of_one_strategy() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("curves.csv");
        let mut text = "strategy,time,equity,flow\n".to_owned();
        for (strategy, factor) in [("ann", 1), ("bob", 3)] {
            for (day, (equity, flow)) in (1..).zip(WEEK) {
                let equity = equity.parse::<Decimal>().unwrap() * Decimal::from(factor);
                text.push_str(&format!("{strategy},2027-04-{day:02},{equity},{flow}\n"));
            }
        }
        std::fs::write(&file, &text).unwrap();
        let more = "measure = 'return'\nmin_capital = 1000\ncolumns = { flow = 'flow' }";
        let rows = format!("rows = {{ csv = {{ file = {file:?}, where = {{ strategy = '{{identity}}' }} }} }}");
        let source: Source = toml::from_str(&format!("type = 'performance'\n{more}\n{rows}")).unwrap();
        assert_eq!(source.mistakes(true), Vec::<String>::new());
        let parts = source.fetch(&scope(), None).await.unwrap();
        let body = parts[0].body.text().unwrap();
        assert!(body.contains("ann,2027-04-08") && !body.contains("bob"), "{body}");
        let observed = source.read(&scope(), &parts).unwrap();
        assert_eq!(observed.value.to_string(), "3.957599872449182074");
        assert!(observed.observed_at.is_some() && source.says_its_age());
        let kept = serde_json::to_string(&source).unwrap();
        assert!(!kept.contains("curves"), "{kept}");
        let again: Source = serde_json::from_str(&kept).unwrap();
        assert_eq!(again.read(&scope(), &parts).unwrap(), observed);
        let broken = body.replacen("10100", "ten", 1);
        let error = source
            .read(&scope(), &testing::answer(&broken))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("row 3: equity is \"ten\""), "{error}");
    }

    #[test]
    fn more_rows_than_fit_are_one_error() {
        let mut text = "time,id,profit\n".to_owned();
        for number in 0..=super::super::rows::MOST_ROWS {
            text.push_str(&format!("2027-04-01,{number},1\n"));
        }
        let source = source("measure = 'trades'\nrecord = 'trades'");
        assert!(value(&source, &text).unwrap_err().contains("more than 250000 rows"));
    }

    fn ratio(number: &BigInt, scale: u32) -> BigRational {
        BigRational::new(number.clone(), exact::power(scale))
    }

    fn decimal(text: &str) -> BigRational {
        let number: Decimal = text.parse().unwrap();
        BigRational::new(number.mantissa().into(), exact::power(number.scale()))
    }

    /// What the formulas say, in fractions: return, drawdown, Sharpe² and Sortino² with the sign of the mean.
    fn expected(steps: &[(u32, u32, i32)], begin: bool) -> Option<(BigRational, BigRational, Squares, Squares)> {
        let whole = |number: i64| BigRational::from_integer(number.into());
        let (one, zero) = (whole(1), whole(0));
        let (mut index, mut peak, mut drawdown) = (one.clone(), one.clone(), zero.clone());
        let mut returns = Vec::new();
        for (before, after, flow) in steps {
            let (before, after, flow) = (whole((*before).into()), whole((*after).into()), whole((*flow).into()));
            let earned = match begin {
                true => &after / (&before + &flow) - &one,
                false => (&after - &flow) / &before - &one,
            };
            index *= &one + &earned;
            peak = peak.max(index.clone());
            drawdown = drawdown.max((&peak - &index) / &peak);
            returns.push(earned - whole(4) / whole(36_500));
        }
        let count = whole(i64::try_from(returns.len()).ok()?);
        let mean = returns.iter().sum::<BigRational>() / &count;
        let spread = returns.iter().map(|x| (x - &mean) * (x - &mean)).sum::<BigRational>() / (&count - &one);
        let below = returns.iter().filter(|x| **x < zero);
        let below = below.map(|x| x * x).sum::<BigRational>() / &count;
        let squared = |risk: BigRational| (risk > zero).then(|| (mean > zero, whole(365) * &mean * &mean / risk));
        Some((
            (index - &one) * whole(100),
            drawdown * whole(100),
            squared(spread),
            squared(below),
        ))
    }

    type Squares = Option<(bool, BigRational)>;

    fn close(found: &BigRational, exact: &BigRational) -> bool {
        let apart = found - exact;
        let apart = if apart < ratio(&BigInt::ZERO, 0) { -apart } else { apart };
        apart <= ratio(&BigInt::from(1u8), PLACES)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_computed_is_what_the_formulas_say(
            equities in prop::collection::vec(1_000u32..50_000, 8),
            flows in prop::collection::vec(-900i32..900, 7),
            begin: bool,
        ) {
            let mut rows = format!("time,equity,flow\n2027-04-01,{},0\n", equities[0]);
            let mut steps = Vec::new();
            for (day, (pair, flow)) in (2..).zip(equities.windows(2).zip(&flows)) {
                rows.push_str(&format!("2027-04-{day:02},{},{flow}\n", pair[1]));
                steps.push((pair[0], pair[1], *flow));
            }
            let (returned, drawdown, sharpe, sortino) = expected(&steps, begin).unwrap();
            let said = |measure: &str| {
                let flows = if begin { "begin" } else { "end" };
                let more = format!("measure = '{measure}'\nflows = '{flows}'\ncolumns = {{ flow = 'flow' }}\n{RATIO}");
                let more = format!("rows = {{ csv = {{ file = 'x.csv' }} }}\nmin_capital = 1\n{more}");
                value(&toml::from_str(&more).unwrap(), &rows)
            };
            prop_assert!(close(&decimal(&said("return").unwrap()), &returned));
            prop_assert!(close(&decimal(&said("drawdown").unwrap()), &drawdown));
            for (measure, expected) in [("sharpe", sharpe), ("sortino", sortino)] {
                match (said(measure), expected) {
                    (Ok(found), Some((positive, square))) => {
                        let found = decimal(&found);
                        let zero = ratio(&BigInt::ZERO, 0);
                        prop_assert!(found == zero || (found > zero) == positive);
                        let unit = ratio(&BigInt::from(1u8), PLACES);
                        let size = if found < zero { -found } else { found };
                        let (low, high) = ((&size - &unit).max(zero), &size + &unit);
                        prop_assert!(&low * &low <= square && square <= &high * &high, "{}", measure);
                    }
                    (Err(_), None) => {}
                    (found, expected) => prop_assert!(false, "{measure}: {found:?} {expected:?}"),
                }
            }
        }

        #[test]
        fn any_text_is_a_record_or_an_error(text in ".{0,200}", json in "[\\[\\]{}:,\"a-z0-9.e-]{0,80}", record in 0usize..3) {
            let record = ["equity", "fills", "trades"][record];
            let files = source(&format!("measure = 'trades'\nrecord = '{record}'\ncolumns = {{ trades = 'trades' }}"));
            let _ = value(&files, &text);
            let head = "time,equity,trades,id,instrument,side,quantity,price,profit\n";
            let _ = value(&files, &format!("{head}{text}"));
            let listed = Performance {
                rows: toml::from_str("http = { url = 'https://a.test/', items = '$.rows' }").unwrap(),
                ..files
            };
            let _ = value(&listed, &json);
        }
    }
}
