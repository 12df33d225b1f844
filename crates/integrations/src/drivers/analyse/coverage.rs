//! The canary's way through the critical journeys. Until it has passed each of them once, it is not healthy, however
//! little harm the numbers show: what nobody has exercised, nobody has seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_model::plan::Coverage;
use shipway_model::{Name, Version};
use shipway_runtime::driver::StepLog;
use tokio::task::JoinSet;

use super::super::journey::{Destination, Stop, walk};
use crate::outbound::Outbound;

/// From the end of a walk that did not pass to the next one.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Those that have not passed yet. Dropped, it walks no further.
pub(super) struct Journeys {
    outbound: Outbound,
    service: Name,
    canary: Version,
    log: StepLog,
    left: Vec<Left>,
    /// Each ends with the journey's name, and why it did not pass.
    walking: JoinSet<(Name, Result<(), String>)>,
}

struct Left {
    coverage: Arc<Coverage>,
    is_walked: bool,
    not_before: Instant,
    fault: Option<String>,
}

impl Journeys {
    pub(super) fn new(
        outbound: &Outbound,
        (service, canary): (&Name, &Version),
        journeys: &[Coverage],
        log: &StepLog,
    ) -> Self {
        let left = |it: &Coverage| Left {
            coverage: Arc::new(it.clone()),
            is_walked: false,
            not_before: Instant::now(),
            fault: None,
        };
        Self {
            outbound: outbound.clone(),
            service: service.clone(),
            canary: canary.clone(),
            log: log.clone(),
            left: journeys.iter().map(left).collect(),
            walking: JoinSet::new(),
        }
    }

    /// Takes in what has passed since, and sets out again on what has not. Never waits.
    pub(super) fn go_on(&mut self) {
        while let Some(ended) = self.walking.try_join_next() {
            let (name, result) = ended.expect("walking does not panic");
            match result {
                Ok(()) => {
                    self.log.line(&format!("journey {name} passed through {}", self.canary));
                    self.left.retain(|it| it.coverage.name != name);
                }
                Err(reason) => {
                    self.log.line(&format!("journey {name} did not pass through {}: {reason}", self.canary));
                    for it in self.left.iter_mut().filter(|it| it.coverage.name == name) {
                        it.is_walked = false;
                        it.not_before = Instant::now() + RETRY_PAUSE;
                        it.fault = Some(reason.clone());
                    }
                }
            }
        }
        for it in &mut self.left {
            if it.is_walked || it.not_before > Instant::now() {
                continue;
            }
            it.is_walked = true;
            let (outbound, canary, log) = (self.outbound.clone(), self.canary.clone(), self.log.clone());
            let (coverage, service) = (Arc::clone(&it.coverage), self.service.clone());
            self.walking.spawn(async move {
                let Coverage { name, journey, base_url } = &*coverage;
                let destination = Destination {
                    base_url,
                    version: Some(&canary),
                    // Who answers further on, the first one's answer does not say.
                    is_proven: journey.service == service,
                };
                let limit = journey.timeout.duration();
                let result = walk(&outbound, (name, journey), destination, limit, &log).await;
                let reason = |stop| match stop {
                    Stop::Unmet(reason) | Stop::Impossible(reason) => reason,
                };
                (name.clone(), result.map_err(reason))
            });
        }
    }

    /// The sentence on what the canary has not passed; nothing when it has passed everything.
    pub(super) fn missing(&self) -> Option<String> {
        let missing = self.left.iter().map(|it| match &it.fault {
            Some(fault) => {
                format!("journey {} has not passed through {}: {fault}", it.coverage.name, self.canary)
            }
            None => format!("journey {} has not passed through {} yet", it.coverage.name, self.canary),
        });
        let all: Vec<String> = missing.collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
