//! Counters and histograms that services push as OTLP ([`crate::otlp`]).

use jiff::Timestamp;
use shipway_model::analysis::{Histogram, Sample};
use shipway_model::resource::metric::{Instrument, InstrumentQuery};

use crate::asking::{AskError, Question, whole};
use crate::otlp::{Amount, Speaker, Telemetry, Wanted};
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "otlp", summary: "Counters and histograms that services push to `/v1/metrics`." };

/// Nothing when the version has pushed none of the instruments.
pub(crate) fn ask(
    telemetry: &Telemetry,
    query: &InstrumentQuery,
    question: &Question,
) -> Result<Option<Sample>, AskError> {
    let speaker = Speaker {
        environment: question.environment.clone(),
        service: question.service.clone(),
        version: question.version.clone(),
    };
    let (from, to) = (nanoseconds(question.from), nanoseconds(question.to));
    let grown = |instrument: &Option<Instrument>| -> Result<Option<Amount>, AskError> {
        let Some(instrument) = instrument else { return Ok(None) };
        let found = telemetry.growth(&speaker, &Wanted(instrument), from, to);
        found.map_err(|it| AskError::Invalid(format!("{}: {it}", instrument.name)))
    };
    let (n, mut x) = (grown(&query.n)?, grown(&query.x)?);
    // Failures that never happened are not pushed, while units are.
    if x.is_none() && n.is_some() && query.x.is_some() {
        x = Some(Amount::default());
    }
    let (sum, sum_sq, latency) = (grown(&query.sum)?, grown(&query.sum_sq)?, grown(&query.latency)?);
    if [&n, &x, &sum, &sum_sq, &latency].iter().all(|it| it.is_none()) {
        return Ok(None);
    }
    let counted = |it: Option<Amount>| it.map(|it| whole(it.count)).transpose();
    let (n, x) = (counted(n)?, counted(x)?);
    // Points of two instruments are not pushed in one instant, so a hit may be ahead of its unit.
    let x = x.map(|x| n.map_or(x, |n| x.min(n)));
    let in_ms = question.metric.unit.as_deref() == Some("ms");
    Ok(Some(Sample {
        n,
        x,
        sum: sum.map(|it| it.sum),
        sum_sq: sum_sq.map(|it| it.sum),
        values: None,
        latency: latency.map(|it| durations(it, in_ms)).transpose()?,
    }))
}

fn durations(amount: Amount, in_ms: bool) -> Result<Histogram, AskError> {
    let buckets =
        amount.buckets.ok_or_else(|| AskError::Invalid("it is no histogram with buckets".to_owned()))?;
    let factor = if in_ms { 1.0 } else { 1000.0 };
    Ok(Histogram { bounds_ms: buckets.bounds.iter().map(|it| it * factor).collect(), counts: buckets.counts })
}

fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or(0)
}
