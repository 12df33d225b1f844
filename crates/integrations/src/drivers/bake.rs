//! Waits until a version has had its time and its requests.
//!
//! Both are counted from when the driver took up the task: after a restart of the control plane they count anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_model::Version;
use shipway_model::effect::{MetricsSource, Order, Outcome};
use shipway_runtime::driver::{BoxFuture, Driver, Task};

use super::{Kind, Tools, completed, failed, unless_called_off};
use crate::metrics::router::{self, MetricsError};
use crate::spec::Spec;

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "bake", summary: "Waits until a version has answered a number of requests." },
    build: |tools| Arc::new(Oven(tools.clone())),
};

const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// The log says how far it is no more often than this.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

struct Oven(Tools);

/// Requests that a version has answered since the first look, also when its counter begins anew on the way.
#[derive(Default)]
struct Answered {
    last: Option<u64>,
    total: u64,
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
        let (started, mut logged) = (Instant::now(), None::<Instant>);
        let mut answered = Answered::default();
        loop {
            let looked = self.look(metrics, version).await;
            let passed = started.elapsed();
            let said = match &looked {
                Ok(count) => {
                    answered.take(*count);
                    format!("{version} has answered {} of {requests} requests", answered.total)
                }
                Err(error) => error.to_string(),
            };
            let is_baked = looked.is_ok() && passed >= duration.duration() && answered.total >= *requests;
            if is_baked || logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
                task.log.line(&format!("after {} s: {said}", passed.as_secs()));
                logged = Some(Instant::now());
            }
            if is_baked {
                return completed(format!("{said} in {} s", passed.as_secs()));
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
