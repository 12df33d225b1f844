//! Waits until a version has had its time and its requests.
//!
//! How far it is gets recorded every ten seconds, so that a bake goes on about where it was after a restart of the
//! control plane. What passes while nobody looks does not count.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_model::analysis::{Arm, Block, Decision, Verdict};
use shipway_model::effect::{MetricsSource, Order, Outcome};
use shipway_model::{Millis, Version};
use shipway_runtime::driver::{BoxFuture, Driver, Task};

use super::{Kind, Tools, completed, failed, record, unless_called_off};
use crate::metrics::router::{self, MetricsError};
use crate::spec::Spec;

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "bake", summary: "Waits until a version has answered a number of requests." },
    build: |tools| Arc::new(Oven(tools.clone())),
};

const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// The log and the ledger are told how far it is no more often than this.
const TELL_INTERVAL: Duration = Duration::from_secs(10);

struct Oven(Tools);

/// Requests that a version has answered since the first look, also when its counter begins anew on the way.
#[derive(Default)]
struct Answered {
    last: Option<u64>,
    total: u64,
}

/// How far a bake is, over all who performed it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Progress {
    passed: Millis,
    total: u64,
}

impl Progress {
    /// What came since, as it is recorded.
    fn until(self, now: Self, said: String) -> (Block, Verdict) {
        let canary = Arm { requests: now.total - self.total, ..Arm::default() };
        let length = Millis(now.passed.0.saturating_sub(self.passed.0));
        let verdict = Verdict {
            decision: Decision::Undecided,
            decided_at: now.passed,
            canary_requests: now.total,
            canary_errors: 0,
            metrics: Vec::new(),
            reasons: vec![said],
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        };
        (Block { start: self.passed, length, control: Arm::default(), canary }, verdict)
    }
}

impl Driver for Oven {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Bake { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { unless_called_off(&task, self.bake(&task)).await })
    }
}

impl Oven {
    /// Ends when the version is baked. That it takes too long is for the step's timeout to say.
    async fn bake(&self, task: &Task) -> Outcome {
        let Order::Bake { metrics, version, duration, requests } = &task.effect.order else {
            return failed("this is not a bake".to_owned(), false);
        };
        let (track, started) = (task.track(), Instant::now());
        let mut recorded = Progress { passed: track.end, total: track.canary_requests };
        let mut answered = Answered { last: None, total: track.canary_requests };
        let mut told_at = None::<Instant>;
        loop {
            let looked = self.look(metrics, version).await;
            let passed = track.end.saturating_add(Millis::of(started.elapsed()));
            let said = match &looked {
                Ok(count) => {
                    answered.take(*count);
                    format!("{version} has answered {} of {requests} requests", answered.total)
                }
                Err(error) => error.to_string(),
            };
            let is_baked = looked.is_ok() && passed >= *duration && answered.total >= *requests;
            if is_baked || told_at.is_none_or(|at| at.elapsed() >= TELL_INTERVAL) {
                task.log.line(&format!("after {} s: {said}", passed.0 / 1000));
                // At first there is nothing to be recorded yet.
                if told_at.is_some() {
                    let progress = Progress { passed, total: answered.total };
                    let (block, verdict) = recorded.until(progress, said.clone());
                    if let Err(reason) = record(task, block, &verdict).await {
                        return failed(reason, false);
                    }
                    recorded = progress;
                }
                told_at = Some(Instant::now());
            }
            if is_baked {
                return completed(format!("{said} in {} s", passed.0 / 1000));
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    async fn look(&self, metrics: &MetricsSource, version: &Version) -> Result<u64, MetricsError> {
        let reading = router::read(&self.0.outbound, metrics).await?;
        Ok(reading.get(version).map_or(0, |it| it.answered))
    }
}

impl Answered {
    fn take(&mut self, count: u64) {
        // A counter that fell began anew at zero.
        let grown = self.last.map_or(0, |last| count.checked_sub(last).unwrap_or(count));
        self.total = self.total.saturating_add(grown);
        self.last = Some(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_from_the_first_look_and_over_restarts_of_the_router() {
        let mut answered = Answered::default();
        let totals = [100, 104, 104, 3, 5].map(|count| {
            answered.take(count);
            answered.total
        });
        assert_eq!(totals, [0, 4, 4, 7, 9]);
    }
}
