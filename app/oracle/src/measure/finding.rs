//! From a feed to a value that has passed every check, with its evidence, or to the reason why it is held.

use {
    crate::measure::{
        Answer, Bound, Checks, Entry, Evidence, Hold, Manual, Observation, Scope, Source, SourceError, median, step,
    },
    earnout_sdk::text::names::harmless,
};

/// A value with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value, fixed point with the KPI's decimals.
    pub value: i64,
    /// What it follows from.
    pub evidence: Evidence,
}

/// Asks every source of the feed, as often as its checks want, and checks what they say. `entry` is what a person
/// entered, which stands in place of the sources and of the operator's own checks, and `before` the value of the period
/// before.
///
/// # Errors
/// Why the value is held.
pub async fn measure(
    bound: &Bound<'_>,
    scope: &Scope,
    entry: Option<&Entry>,
    before: Option<i64>,
) -> Result<Finding, Hold> {
    let answered = match entry {
        Some(entry) => ask(&Source::Manual(Manual::default()), scope, Some(entry))
            .await
            .map(|answered| vec![answered]),
        None => samples(bound, scope).await,
    };
    let (answers, observed) = answered.map_err(held)?.into_iter().unzip();
    let finding = judge(bound, scope, answers, observed, entry.is_some())?;
    if entry.is_none() {
        bound.feed.checks.change(finding.value, before, bound.terms.decimals)?;
    }
    Ok(finding)
}

/// Answers are strangers' text, and reasons go to terminals, logs and alerts.
fn held(error: SourceError) -> Hold {
    Hold::Source(harmless(&error.to_string()))
}

async fn samples(bound: &Bound<'_>, scope: &Scope) -> Result<Vec<(Answer, Observation)>, SourceError> {
    let mut answered = Vec::new();
    for number in 0..bound.feed.checks.samples {
        if number > 0 {
            tokio::time::sleep(bound.feed.checks.sample_pause).await;
        }
        for source in &bound.feed.sources {
            answered.push(ask(source, scope, None).await?);
        }
    }
    Ok(answered)
}

async fn ask(source: &Source, scope: &Scope, entry: Option<&Entry>) -> Result<(Answer, Observation), SourceError> {
    let parts = source.fetch(scope, entry).await?;
    let observed = source.read(scope, &parts)?;
    let source = source.clone();
    Ok((Answer { source, parts }, observed))
}

fn judge(
    bound: &Bound<'_>,
    scope: &Scope,
    answers: Vec<Answer>,
    observed: Vec<Observation>,
    entered: bool,
) -> Result<Finding, Hold> {
    let (feed, decimals) = (bound.feed, bound.terms.decimals);
    // A person who has looked overrules every check but the KPI's own range.
    let none = Checks::default();
    let checks = if entered { &none } else { &feed.checks };
    let mut values = Vec::with_capacity(observed.len());
    for observed in observed {
        let fixed = step::rounded(observed.value, feed.round_to, decimals, feed.rounding);
        values.push(fixed.map_err(|error| held(error.into()))?);
        checks.age(observed.observed_at, scope.end)?;
    }
    for value in &values {
        checks.bounds(*value, (bound.terms.range_min, bound.terms.range_max), decimals)?;
    }
    checks.agreement(&values, decimals)?;
    Ok(Finding {
        value: median(values).ok_or_else(|| Hold::Source("nothing was measured".to_owned()))?,
        evidence: Evidence::new(bound, scope, answers),
    })
}
