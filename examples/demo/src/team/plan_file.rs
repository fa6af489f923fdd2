//! The plan file: a plan as people write it.

use {
    crate::{
        amount,
        dates::{self, DAY},
        fault::{InputFault, line_of, read_text},
        programme::{GrantTerms, Programme},
        quarter::Quarter,
    },
    anchor_lang::error::Error as ProgramError,
    earnout::{
        constants::{MAX_PERIOD_MONTHS, MAX_PERIOD_SECS, MAX_WINDOW_SECS, MIN_WINDOW_SECS},
        instructions::CreatePlanArgs,
        state::{
            Cadence, Combination, CurvePoint, Interpolation, Kpi, KpiArgs, OracleSet, Release, Scope, UnearnedPolicy,
        },
    },
    earnout_core::{FULL_SCORE, calendar::Calendar, credit},
    serde::Deserialize,
    sha2::{Digest, Sha256},
    std::{collections::BTreeMap, path::Path},
    toml::{Spanned, value::Datetime},
};

/// A plan file that was read and checked.
pub struct PlanFile {
    pub programme: Programme,
    /// Names of the oracles, in the order of the set.
    pub oracles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    token: Token,
    plan: Spanned<PlanTable>,
    windows: Windows,
    limits: Spanned<Limits>,
    roles: Spanned<Roles>,
    kpi: Vec<Spanned<KpiTable>>,
    grant: Vec<Spanned<GrantTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    decimals: u8,
    supply: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanTable {
    id: u64,
    start: Spanned<Datetime>,
    cadence: Spanned<String>,
    periods: u16,
    combination: CombinationName,
    unearned: UnearnedName,
    bonus_cap: u32,
    release: ReleaseName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    attest: Spanned<String>,
    challenge: Spanned<String>,
    ruling: Spanned<String>,
    notice: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    min_allocation: Spanned<String>,
    max_allocation: Spanned<String>,
    max_grants: u32,
    enrolment_end: Spanned<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    oracles: Vec<String>,
    threshold: u8,
    arbiter: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KpiTable {
    name: String,
    unit: String,
    decimals: u8,
    scope: ScopeName,
    range: Range,
    interpolation: InterpolationName,
    curve: Vec<Point>,
    default_score: u16,
    rubric: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    min: Spanned<Value>,
    max: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    value: Spanned<Value>,
    score: u16,
}

/// A whole number, or a decimal one as text so that it is exact.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a whole number, or a decimal one in quotation marks")]
enum Value {
    Whole(i64),
    Decimal(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantTable {
    name: String,
    allocation: Spanned<String>,
    weights: Spanned<BTreeMap<String, u16>>,
    time_weight: u16,
    cliff: u16,
    revocable: bool,
    transferable: bool,
}

/// Declares the names that a choice of the program has in a plan file.
macro_rules! names {
    ($name:ident for $choice:ident { $($variant:ident),+ }) => {
        #[derive(Clone, Copy, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $name { $($variant),+ }

        impl From<$name> for $choice {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

names!(CombinationName for Combination { WeightedSum, Weakest });
names!(UnearnedName for UnearnedPolicy { Return, CarryOver, Redistribute });
names!(ReleaseName for Release { AtSettlement, Linear });
names!(ScopeName for Scope { Shared, Individual });
names!(InterpolationName for Interpolation { Linear, Step });

impl PlanFile {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self, InputFault> {
        let text = read_text(file)?;
        let fault = |Wrong { at, what }: Wrong| InputFault::of_line(file, line_of(text.as_bytes(), at), what);
        let document = toml::from_str::<Document>(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fault(Wrong::at(at, error.message()))
        })?;
        document.check().map_err(fault)
    }
}

/// Something wrong at a byte of the file.
struct Wrong {
    at: usize,
    what: String,
}

impl Wrong {
    fn at(at: usize, what: impl ToString) -> Self {
        let what = what.to_string();
        Self { at, what }
    }

    fn of<T>(part: &Spanned<T>, what: impl ToString) -> Self {
        Self::at(part.span().start, what)
    }
}

/// Amounts of a token.
struct Amounts {
    decimals: u8,
    supply: u64,
}

impl Document {
    fn check(&self) -> Result<PlanFile, Wrong> {
        let token = self.token.amounts()?;
        let roles = self.roles.as_ref();
        check_oracles(roles).map_err(|what| Wrong::of(&self.roles, what))?;
        let terms = self.terms(&token)?;
        let kpis = self.kpi.iter().map(checked_kpi).collect::<Result<Vec<_>, _>>()?;
        for (index, kpi) in kpis.iter().enumerate() {
            if kpis.iter().take(index).any(|other| other.name == kpi.name) {
                let at = self.kpi.get(index).map_or(0, |table| table.span().start);
                return Err(Wrong::at(at, format!("there are two KPIs named {:?}", kpi.name)));
            }
        }
        let grants = self.grant.iter().map(|table| grant(table, &token, &kpis, &terms));
        let grants = grants.collect::<Result<Vec<_>, _>>()?;
        if grants.is_empty() || kpis.is_empty() {
            return Err(Wrong::of(
                &self.plan,
                "the plan needs at least one [[kpi]] and one [[grant]]",
            ));
        }
        if u32::try_from(grants.len()).is_ok_and(|count| count > terms.max_grants) {
            let what = format!(
                "max_grants is {}, but there are {} grants",
                terms.max_grants,
                grants.len()
            );
            return Err(Wrong::of(&self.limits, what));
        }
        let reserves = grants.iter().map(|grant| grant.reserve(&terms, &kpis).map(u128::from));
        let most: Result<u128, _> = reserves.sum();
        if !most.is_ok_and(|most| most <= token.supply.into()) {
            let what = "the grants together can earn more than the supply";
            return Err(Wrong::of(&self.token.supply, what));
        }
        let periods = labels(&terms).map_err(|what| Wrong::of(&self.plan, what))?;
        Ok(PlanFile {
            oracles: roles.oracles.clone(),
            programme: Programme {
                decimals: token.decimals,
                supply: token.supply,
                oracles: roles.oracles.len(),
                terms,
                kpis,
                grants,
                periods,
            },
        })
    }

    fn terms(&self, token: &Amounts) -> Result<CreatePlanArgs, Wrong> {
        let (plan, limits, roles) = (self.plan.as_ref(), self.limits.as_ref(), self.roles.as_ref());
        let start_ts = time(&plan.start)?;
        let enrolment_end = time(&limits.enrolment_end)?;
        let terms = CreatePlanArgs {
            plan_id: plan.id,
            start_ts,
            cadence: cadence(&plan.cadence)?,
            period_count: plan.periods,
            attest_secs: window(&self.windows.attest)?,
            challenge_secs: window(&self.windows.challenge)?,
            ruling_secs: window(&self.windows.ruling)?,
            notice_secs: window(&self.windows.notice)?,
            combination: plan.combination.into(),
            unearned_policy: plan.unearned.into(),
            release: plan.release.into(),
            bonus_cap_bps: plan.bonus_cap,
            min_allocation: token.amount(&limits.min_allocation)?,
            max_allocation: token.amount(&limits.max_allocation)?,
            max_grants: limits.max_grants,
            enrolment_end,
            token_flags: 0,
            max_fee_bps: 0,
            // Their keys do not exist yet.
            oracles: Vec::new(),
            threshold: roles.threshold,
            arbiter: None,
        };
        let calendar = calendar(&terms);
        let valid = calendar.validate().and_then(|()| calendar.end());
        let end = valid.map_err(|error| Wrong::of(&self.plan, format!("the calendar is not possible: {error}")))?;
        if terms.bonus_cap_bps > earnout::constants::MAX_BONUS_CAP_BPS {
            let most = earnout::constants::MAX_BONUS_CAP_BPS;
            return Err(Wrong::of(&self.plan, format!("bonus_cap is above {most}")));
        }
        if enrolment_end > end || enrolment_end < start_ts {
            let what = "enrolment_end lies outside the calendar; the demo makes all grants before the start";
            return Err(Wrong::of(&limits.enrolment_end, what));
        }
        Ok(terms)
    }
}

/// The calendar of these terms.
pub fn calendar(terms: &CreatePlanArgs) -> Calendar {
    Calendar {
        start_ts: terms.start_ts,
        cadence: terms.cadence.into(),
        period_count: terms.period_count,
    }
}

/// A name for each period: its quarter, or its first day.
fn labels(terms: &CreatePlanArgs) -> Result<Vec<String>, String> {
    let calendar = calendar(terms);
    let quarterly = terms.cadence == Cadence::Months(crate::quarter::MONTHS);
    let label = |period: u16| {
        let start = calendar.period_start(period).map_err(|error| error.to_string())?;
        let quarter = Quarter::beginning_at(start).filter(|_| quarterly);
        Ok(quarter.map_or_else(|| dates::date(start), |quarter| quarter.to_string()))
    };
    (0..terms.period_count).map(label).collect()
}

fn check_oracles(roles: &Roles) -> Result<(), String> {
    let mut names: Vec<&String> = roles.oracles.iter().chain([&roles.arbiter]).collect();
    names.sort();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err("oracles and arbiter must be different".to_owned());
    }
    // Stand-ins for the keys, which do not exist yet: number and threshold are what is checked.
    let keys = (1u8..).take(roles.oracles.len());
    let keys: Vec<_> = keys.map(|number| [number; 32].into()).collect();
    OracleSet::new(&keys, roles.threshold, 0).map_err(message).map(drop)
}

impl Token {
    fn amounts(&self) -> Result<Amounts, Wrong> {
        let supply = amount::parse(self.supply.as_ref(), self.decimals).and_then(|supply| u64::try_from(supply).ok());
        match supply {
            Some(supply) if supply > 0 => Ok(Amounts {
                decimals: self.decimals,
                supply,
            }),
            _ => Err(Wrong::of(
                &self.supply,
                "supply must be a number of tokens that fits 64 bits of base units",
            )),
        }
    }
}

impl Amounts {
    /// Tokens, or a part of the supply.
    fn amount(&self, text: &Spanned<String>) -> Result<u64, Wrong> {
        let amount = match text.as_ref().strip_suffix('%') {
            Some(percent) => amount::parse(percent.trim_end(), 2).and_then(|part| self.part(part)),
            None => amount::parse(text.as_ref(), self.decimals).and_then(|amount| u64::try_from(amount).ok()),
        };
        amount.filter(|amount| *amount > 0).ok_or_else(|| {
            let what = "expected an amount of tokens, like \"250_000.5\", or a part of the supply, like \"10 %\"";
            Wrong::of(text, format!("{:?}: {what}", text.as_ref()))
        })
    }

    /// A part of the supply in basis points; `None` if it is no whole number of base units.
    fn part(&self, basis_points: i64) -> Option<u64> {
        let product = u128::from(self.supply).checked_mul(u128::try_from(basis_points).ok()?)?;
        product
            .is_multiple_of(10_000)
            .then(|| u64::try_from(product / 10_000).ok())?
    }
}

fn time(datetime: &Spanned<Datetime>) -> Result<i64, Wrong> {
    let wrong = || Wrong::of(datetime, "expected a date and time in UTC, like 2027-01-01T00:00:00Z");
    let Datetime {
        date: Some(date),
        time: Some(time),
        offset: Some(toml::value::Offset::Z),
    } = datetime.as_ref()
    else {
        return Err(wrong());
    };
    let day = dates::timestamp(date.year.into(), date.month.into(), date.day.into());
    let seconds = i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(time.second);
    Ok(day + seconds)
}

/// A number and a unit.
fn split(text: &str) -> Option<(u32, &str)> {
    let (number, unit) = text.split_once(' ')?;
    Some((
        number.parse().ok()?,
        unit.trim().strip_suffix('s').unwrap_or(unit.trim()),
    ))
}

fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "minute" => 60,
        "hour" => 3_600,
        "day" => u32::try_from(DAY).ok()?,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn cadence(text: &Spanned<String>) -> Result<Cadence, Wrong> {
    let months = split(text.as_ref()).filter(|(_, unit)| *unit == "month");
    let cadence = match months {
        Some((months, _)) => u16::try_from(months)
            .ok()
            .filter(|months| (1..=MAX_PERIOD_MONTHS).contains(months))
            .map(Cadence::Months),
        None => seconds(text.as_ref())
            .filter(|secs| (MIN_WINDOW_SECS..=MAX_PERIOD_SECS).contains(secs))
            .map(Cadence::Seconds),
    };
    let what = "expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\"";
    cadence.ok_or_else(|| Wrong::of(text, format!("{:?}: {what}", text.as_ref())))
}

fn window(text: &Spanned<String>) -> Result<u32, Wrong> {
    let secs = seconds(text.as_ref()).filter(|secs| (MIN_WINDOW_SECS..=MAX_WINDOW_SECS).contains(secs));
    secs.ok_or_else(|| {
        let what = "expected 10 minutes to 90 days, like \"14 days\" or \"36 hours\"";
        Wrong::of(text, format!("{:?}: {what}", text.as_ref()))
    })
}

fn checked_kpi(table: &Spanned<KpiTable>) -> Result<KpiArgs, Wrong> {
    let kpi = table.as_ref();
    let args = KpiArgs {
        name: kpi.name.clone(),
        unit: kpi.unit.clone(),
        rubric_hash: Sha256::digest(&kpi.rubric).into(),
        decimals: kpi.decimals,
        scope: kpi.scope.into(),
        range_min: value(&kpi.range.min, kpi.decimals)?,
        range_max: value(&kpi.range.max, kpi.decimals)?,
        interpolation: kpi.interpolation.into(),
        points: kpi
            .curve
            .iter()
            .map(|point| curve_point(point, kpi.decimals))
            .collect::<Result<_, _>>()?,
        default_score: kpi.default_score,
    };
    let checked = Kpi::new(&args);
    checked.map_err(|error| {
        Wrong::of(
            table,
            format!("the KPI {:?} is not possible: {}", kpi.name, message(error)),
        )
    })?;
    Ok(args)
}

fn curve_point(point: &Point, decimals: u8) -> Result<CurvePoint, Wrong> {
    Ok(CurvePoint {
        value: value(&point.value, decimals)?,
        score: point.score,
    })
}

fn value(value: &Spanned<Value>, decimals: u8) -> Result<i64, Wrong> {
    let read = match value.as_ref() {
        Value::Whole(whole) => amount::parse(&whole.to_string(), decimals),
        Value::Decimal(text) => amount::parse(text, decimals),
    };
    read.ok_or_else(|| Wrong::of(value, format!("expected a number with at most {decimals} decimals")))
}

fn grant(
    table: &Spanned<GrantTable>,
    token: &Amounts,
    kpis: &[KpiArgs],
    plan: &CreatePlanArgs,
) -> Result<GrantTerms, Wrong> {
    let grant = table.as_ref();
    let weights = grant.weights.as_ref();
    let known = |name: &String| kpis.iter().any(|kpi| &kpi.name == name);
    if let Some(unknown) = weights.keys().find(|name| !known(name)) {
        return Err(Wrong::of(&grant.weights, format!("there is no KPI named {unknown:?}")));
    }
    let weight_of = |kpi: &KpiArgs| weights.get(&kpi.name).copied().unwrap_or_default();
    let kpi_weights: Vec<u16> = kpis.iter().map(weight_of).collect();
    credit::check_weights(grant.time_weight, &kpi_weights).map_err(|_| {
        let what = format!("weights and time_weight of {:?} must sum to {FULL_SCORE}", grant.name);
        Wrong::of(&grant.weights, what)
    })?;
    let allocation = token.amount(&grant.allocation)?;
    if !(plan.min_allocation..=plan.max_allocation).contains(&allocation) {
        let what = "the allocation is outside min_allocation and max_allocation of [limits]";
        return Err(Wrong::of(&grant.allocation, what));
    }
    if grant.cliff > plan.period_count {
        let what = format!(
            "the cliff of {:?} lies beyond its {} periods",
            grant.name, plan.period_count
        );
        return Err(Wrong::of(table, what));
    }
    Ok(GrantTerms {
        name: grant.name.clone(),
        allocation,
        first_period: 0,
        periods: plan.period_count,
        cliff_periods: grant.cliff,
        time_weight: grant.time_weight,
        kpi_weights,
        revocable: grant.revocable,
        transferable: grant.transferable,
    })
}

/// What the program says about an error of its own.
fn message(error: ProgramError) -> String {
    match error {
        ProgramError::AnchorError(error) => error.error_msg,
        other => other.to_string(),
    }
}
