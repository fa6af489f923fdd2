//! From a duty to a value that has passed every check, with its evidence, or to the reason why it is held.

use {
    crate::{
        checks::Hold,
        duties::{Bound, Duty},
        evidence::{Evidence, Measurement, Subject, median},
        sources::{Entry, Manual, Reading, Source, SourceError},
        value,
    },
    earnout_sdk::names::harmless,
};

/// A value with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value, fixed point with the KPI's decimals.
    pub value: i64,
    /// What it follows from.
    pub evidence: Evidence,
}

/// Asks every source of the feed, as often as its checks want, and checks what they say. `entry` is what a person entered,
/// which stands in place of the sources and of the operator's own checks, and `before` the value of the period before.
///
/// # Errors
/// Why the value is held.
pub async fn measure(
    bound: &Bound<'_>,
    duty: &Duty,
    entry: Option<&Entry>,
    before: Option<i64>,
) -> Result<Finding, Hold> {
    let (measurements, readings) = match entry {
        Some(entry) => {
            let source = Source::Manual(Manual::default());
            ask(&source, duty, Some(entry))
                .await
                .map(|(measurement, reading)| (vec![measurement], vec![reading]))
        }
        None => samples(bound, duty).await,
    }
    .map_err(held)?;
    let finding = judge(bound, duty, measurements, &readings, entry.is_some())?;
    if entry.is_none() {
        bound.feed.checks.change(finding.value, before, bound.terms.decimals)?;
    }
    Ok(finding)
}

/// Answers are strangers' text, and reasons go to terminals, logs and alerts.
fn held(error: SourceError) -> Hold {
    Hold::Source(harmless(&error.to_string()))
}

async fn samples(bound: &Bound<'_>, duty: &Duty) -> Result<(Vec<Measurement>, Vec<Reading>), SourceError> {
    let (mut measurements, mut readings) = (Vec::new(), Vec::new());
    for number in 0..bound.feed.checks.samples {
        if number > 0 {
            tokio::time::sleep(bound.feed.checks.sample_pause).await;
        }
        for source in &bound.feed.sources {
            let (measurement, reading) = ask(source, duty, None).await?;
            measurements.push(measurement);
            readings.push(reading);
        }
    }
    Ok((measurements, readings))
}

async fn ask(source: &Source, duty: &Duty, entry: Option<&Entry>) -> Result<(Measurement, Reading), SourceError> {
    let parts = source.fetch(&duty.scope, entry).await?;
    let reading = source.read(&duty.scope, &parts)?;
    let source = source.clone();
    Ok((Measurement { source, parts }, reading))
}

fn judge(
    bound: &Bound<'_>,
    duty: &Duty,
    measurements: Vec<Measurement>,
    readings: &[Reading],
    entered: bool,
) -> Result<Finding, Hold> {
    let (feed, decimals) = (bound.feed, bound.terms.decimals);
    let mut values = Vec::with_capacity(readings.len());
    for reading in readings {
        let fixed = value::to_fixed(reading.value, decimals, feed.rounding);
        values.push(fixed.map_err(|error| held(error.into()))?);
        if !entered {
            feed.checks.age(reading.observed_at, duty.scope.end)?;
        }
    }
    let accepted = (bound.terms.range_min, bound.terms.range_max);
    if entered {
        let none = crate::checks::Checks::default();
        for value in &values {
            none.bounds(*value, accepted, decimals)?;
        }
    } else {
        for value in &values {
            feed.checks.bounds(*value, accepted, decimals)?;
        }
        feed.checks.agreement(&values, decimals)?;
    }
    let name = crate::duties::name(&bound.terms);
    let subject = Subject {
        feed: &feed.id,
        plan: feed.plan,
        kpi: bound.kpi,
        kpi_name: &name,
        decimals,
        rounding: feed.rounding,
        scope: &duty.scope,
    };
    Ok(Finding {
        value: median(values).ok_or_else(|| Hold::Source("nothing was measured".to_owned()))?,
        evidence: Evidence::new(&subject, measurements),
    })
}
