//! Walks a journey: HTTP steps one after the other, as a user would take them.
//!
//! Paths are relative to the journey's base URL, so cookies are of one host and are sent back to it alone. Redirects
//! are not followed: a step that expects one says so by its status.

mod cookies;
mod expectation;
mod extracted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header};
use shipway_model::effect::{Order, Outcome};
use shipway_model::resource::Journey;
use shipway_model::resource::journey::JourneyStep;
use shipway_model::routing::VERSION_HEADER;
use shipway_model::{Name, Version};
use shipway_runtime::driver::{BoxFuture, Driver, StepLog, Task};

use self::cookies::Cookies;
use self::extracted::Extracted;
use super::http::{header_of, method_of};
use super::{Kind, Tools, completed, failed, time_limit, unless_called_off};
use crate::outbound::{Answer, Call, CallError, Outbound, excerpt};
use crate::spec::Spec;

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "journey", summary: "Walks a journey of HTTP steps and checks what comes." },
    build: |tools| Arc::new(Guide(tools.clone())),
};

/// Of one answer; nothing is found or extracted behind that.
const BODY_BYTES_MAX: usize = 1 << 20;

struct Guide(Tools);

/// Where a journey leads.
#[derive(Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) base_url: &'a str,
    /// Asked for by header.
    pub(super) version: Option<&'a Version>,
    /// Whether every answer has to say that it is from that version, as the router's do.
    pub(super) is_proven: bool,
}

/// A journey under way.
struct Walk<'a> {
    outbound: &'a Outbound,
    destination: Destination<'a>,
    /// The end of the journey's time.
    deadline: Instant,
    cookies: Cookies,
    extracted: Extracted,
}

/// Why a step did not pass. Each has a sentence that does not name the step.
pub(super) enum Stop {
    /// Walking again may go better.
    Unmet(String),
    /// It cannot be walked.
    Impossible(String),
}

impl Driver for Guide {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Journey { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { unless_called_off(&task, self.walk(&task)).await })
    }
}

impl Guide {
    async fn walk(&self, task: &Task) -> Outcome {
        let Order::Journey { name, journey, base_url, version } = &task.effect.order else {
            return failed("this is not a journey".to_owned(), false);
        };
        let started = Instant::now();
        let limit = journey.timeout.duration().min(time_limit(task));
        let destination = Destination { base_url, version: version.as_ref(), is_proven: false };
        let (reason, retryable) =
            match walk(&self.0.outbound, (name, journey), destination, limit, &task.log).await {
                Ok(()) => return completed(told(journey, started.elapsed())),
                Err(Stop::Unmet(reason)) => (reason, true),
                Err(Stop::Impossible(reason)) => (reason, false),
            };
        task.log.line(&reason);
        failed(reason, retryable)
    }
}

/// Walks a journey to its end, within `limit`.
///
/// # Errors
/// The step that did not pass and why, as a sentence.
pub(super) async fn walk(
    outbound: &Outbound,
    (name, journey): (&Name, &Journey),
    destination: Destination<'_>,
    limit: Duration,
    log: &StepLog,
) -> Result<(), Stop> {
    let base_url = destination.base_url.trim_end_matches('/');
    let mut walk = Walk {
        outbound,
        destination: Destination { base_url, ..destination },
        deadline: Instant::now() + limit,
        cookies: Cookies::default(),
        extracted: Extracted::default(),
    };
    for step in &journey.steps {
        let named = |reason: String| format!("step `{}` of journey {name}: {reason}", step.name);
        walk.step(step, log).await.map_err(|stop| match stop {
            Stop::Unmet(reason) => Stop::Unmet(named(reason)),
            Stop::Impossible(reason) => Stop::Impossible(named(reason)),
        })?;
    }
    Ok(())
}

impl Walk<'_> {
    async fn step(&mut self, step: &JourneyStep, log: &StepLog) -> Result<(), Stop> {
        let path = self.extracted.insert_into(&step.path);
        if !path.starts_with('/') {
            return Err(Stop::Impossible(format!("the path `{}` does not begin with `/`", excerpt(&path))));
        }
        let url = format!("{}{path}", self.destination.base_url);
        let method = method_of(step.method);
        let call = Call {
            method: method.clone(),
            url: &url,
            headers: self.headers(step)?,
            body: step
                .json
                .as_ref()
                .map(|json| self.extracted.insert_into_json(json).to_string().into_bytes()),
            timeout: self.deadline.saturating_duration_since(Instant::now()),
            body_bytes_max: BODY_BYTES_MAX,
        };
        let answer = self.outbound.call(call).await.map_err(stop)?;
        let by = answer.headers.get(VERSION_HEADER).and_then(|it| it.to_str().ok());
        let by = by.map_or(String::new(), |version| format!(" by {}", excerpt(version)));
        log.line(&format!(
            "{}: {method} {}: {}{by} after {} ms",
            step.name,
            excerpt(&path),
            answer.status,
            answer.duration.as_millis()
        ));
        self.cookies.keep(&answer.headers);
        self.check(step, &answer)
    }

    fn check(&mut self, step: &JourneyStep, answer: &Answer) -> Result<(), Stop> {
        let mut faults = expectation::faults(&step.expect, answer);
        if self.destination.is_proven {
            faults.extend(self.stranger(answer));
        }
        if faults.is_empty() {
            faults = self.extracted.extract(&step.extract, answer);
        }
        if faults.is_empty() {
            return Ok(());
        }
        let cut = if answer.is_cut { format!(" (cut at {BODY_BYTES_MAX} bytes)") } else { String::new() };
        Err(Stop::Unmet(format!(
            "{}; the answer was {}{cut}: {}",
            faults.join("; "),
            answer.status,
            answer.excerpt()
        )))
    }

    /// What is wrong with who answered.
    fn stranger(&self, answer: &Answer) -> Option<String> {
        let wanted = self.destination.version?.as_str();
        let by = answer.headers.get(VERSION_HEADER).and_then(|it| it.to_str().ok());
        (by != Some(wanted)).then(|| match by {
            Some(by) => format!("{} answered instead of {wanted}", excerpt(by)),
            None => format!("the answer does not say that it is from {wanted}"),
        })
    }

    fn headers(&self, step: &JourneyStep) -> Result<HeaderMap, Stop> {
        let mut headers = HeaderMap::new();
        headers.extend(self.cookies.header().map(|value| (header::COOKIE, value)));
        if step.json.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &step.headers {
            let (name, value) =
                header_of(name, &self.extracted.insert_into(value)).map_err(Stop::Impossible)?;
            headers.insert(name, value);
        }
        if let Some(version) = self.destination.version {
            let (name, value) = header_of(VERSION_HEADER, version.as_str()).map_err(Stop::Impossible)?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn stop(error: CallError) -> Stop {
    match error {
        CallError::TimedOut { .. } => {
            Stop::Unmet("the journey's time was up before the answer came".to_owned())
        }
        error if error.is_passing() => Stop::Unmet(error.to_string()),
        error => Stop::Impossible(error.to_string()),
    }
}

fn told(journey: &Journey, duration: Duration) -> String {
    let plural = if journey.steps.len() == 1 { "" } else { "s" };
    format!("{} step{plural} passed in {} ms", journey.steps.len(), duration.as_millis())
}
