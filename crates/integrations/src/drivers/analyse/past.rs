//! Control out of the past: what the service did in the same stretch of earlier periods, each of which counts as an
//! instance of control.

use jiff::{SignedDuration, Timestamp};
use shipway_model::analysis::{Arm, Block, Histogram, Part};
use shipway_model::effect::MetricsSource;
use shipway_model::resource::strategy::Analysis;
use shipway_model::{Millis, Version};

use crate::history::History;

/// The periods of a rule, and where the router's numbers of then are kept.
pub(super) struct Past<'o> {
    periods: &'o [Millis],
    history: Option<&'o History>,
    metrics: &'o MetricsSource,
    canary: &'o Version,
}

impl<'o> Past<'o> {
    /// Nothing for a rule whose control runs now.
    pub(super) fn new(
        rule: &'o Analysis,
        history: Option<&'o History>,
        metrics: &'o MetricsSource,
        canary: &'o Version,
    ) -> Option<Self> {
        (!rule.periods.is_empty()).then_some(Self { periods: &rule.periods, history, metrics, canary })
    }

    /// Puts what there was into the block that ends now. Answers with what cannot be read.
    pub(super) async fn fill(&self, now: Timestamp, block: &mut Block) -> Vec<String> {
        block.control = Arm::default();
        let Some(history) = self.history else { return Vec::new() };
        let mut faults = Vec::new();
        for period in self.periods {
            let to = before(now, *period);
            let from = before(to, block.length);
            let read = history.read(self.metrics, self.canary, from, to).await;
            match read {
                Ok(Some(seen)) => add(&mut block.control, &name_of(*period), seen),
                Ok(None) => {}
                Err(error) => faults.push(format!("what was {period} ago cannot be read: {error}")),
            }
        }
        faults
    }
}

/// The instance of control that stands for a period.
pub(super) fn name_of(period: Millis) -> String {
    format!("{period} ago")
}

fn add(control: &mut Arm, name: &str, seen: Arm) {
    // A period whose buckets are others cannot be set beside the rest.
    if !control.latency.is_empty() && control.latency.bounds_ms != seen.latency.bounds_ms {
        return;
    }
    let Arm { requests, errors, latency, .. } = seen;
    control.requests = control.requests.saturating_add(requests);
    control.errors = control.errors.saturating_add(errors);
    let part = Part { requests, errors, latency_counts: latency.counts.clone(), ..Part::default() };
    merge(&mut control.latency, latency);
    control.instances.insert(name.to_owned(), part);
}

fn merge(sum: &mut Histogram, more: Histogram) {
    if sum.is_empty() {
        *sum = more;
        return;
    }
    for (sum, more) in sum.counts.iter_mut().zip(more.counts) {
        *sum = sum.saturating_add(more);
    }
}

pub(super) fn before(time: Timestamp, by: Millis) -> Timestamp {
    time.checked_sub(SignedDuration::from_millis(by.0.cast_signed())).unwrap_or(Timestamp::MIN)
}
