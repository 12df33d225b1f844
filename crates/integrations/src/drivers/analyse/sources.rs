//! Metrics that the router does not count: asked for both arms over one and the same stretch of time, block by block.
//!
//! A source is asked for what happened until its lag ago, so its numbers stand in a later block than the router's do.
//! Both arms of a metric are always of one stretch, and metrics are judged each by themselves, so nothing is compared
//! with what it does not belong to. When a question fails, its stretch is asked for again with the next block; one arm
//! without an answer leaves out both.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::analysis::Block;
use shipway_model::effect::MetricsSource;
use shipway_model::resource::metric::{Metric, Query, Source};
use shipway_model::resource::strategy::Analysis;
use shipway_model::{Millis, Name, Version};
use tokio::task::JoinSet;

use super::past::{before, name_of};
use crate::asking::{AskError, Question, ask};
use crate::otlp::Telemetry;
use crate::outbound::Outbound;

/// A stretch that could not be asked for is given up beyond this: the answer would be too large.
const STRETCH_MAX: Millis = Millis::from_secs(600);

/// Every metric of a rule that has a source of its own.
pub(super) struct Sources {
    asked: Vec<Asked>,
    /// Where control is out of the past, how long ago each period is.
    periods: Vec<Millis>,
}

struct Asked {
    metric: Metric,
    query: Query,
    source: Source,
    /// What happened before this is asked for already.
    since: Timestamp,
    /// In the time of the analysis: when both arms were last told of, or the beginning.
    reported_at: Millis,
    fault: Option<String>,
}

impl Sources {
    /// # Errors
    /// A sentence: which source is missing.
    pub(super) fn new(
        rule: &Analysis,
        sources: &BTreeMap<Name, Source>,
        now: Timestamp,
        elapsed: Millis,
    ) -> Result<Self, String> {
        let mut asked = Vec::new();
        for metric in &rule.metrics {
            let Some(query) = &metric.from else { continue };
            let name = query.source();
            let source = sources.get(name).ok_or_else(|| format!("there is no metric source {name}"))?;
            asked.push(Asked {
                metric: metric.clone(),
                query: query.clone(),
                source: source.clone(),
                since: before(now, source.lag()),
                reported_at: elapsed,
                fault: None,
            });
        }
        Ok(Self { asked, periods: rule.periods.clone() })
    }

    /// Asks everybody at once for what came since the last time, and puts it into the block. Answers with what is new
    /// about who cannot be asked.
    pub(super) async fn fill(
        &mut self,
        (outbound, telemetry): (&Outbound, &Arc<Telemetry>),
        metrics: &MetricsSource,
        (control, canary): (&Version, &Version),
        now: Timestamp,
        block: &mut Block,
    ) -> Vec<String> {
        let mut asking = JoinSet::new();
        // Control runs now, or has run in each of the periods.
        let ago = if self.periods.is_empty() { vec![Millis::ZERO] } else { self.periods.clone() };
        for (idx, it) in self.asked.iter_mut().enumerate() {
            let to = before(now, it.source.lag());
            it.since = it.since.max(before(to, STRETCH_MAX));
            if to <= it.since {
                continue;
            }
            let question = |version: &Version, ago: Millis| Question {
                source: it.source.clone(),
                query: it.query.clone(),
                metric: it.metric.clone(),
                environment: metrics.environment.clone(),
                service: metrics.service.clone(),
                version: version.clone(),
                from: before(it.since, ago),
                to: before(to, ago),
            };
            let controls: Vec<Question> = ago.iter().map(|ago| question(control, *ago)).collect();
            let (outbound, telemetry) = (outbound.clone(), Arc::clone(telemetry));
            let canary = question(canary, Millis::ZERO);
            asking.spawn(async move {
                let asked = (&outbound, &*telemetry);
                let ask_controls = async {
                    let mut answers = Vec::new();
                    for control in controls {
                        answers.push(ask(asked, control).await?);
                    }
                    Ok(answers)
                };
                let answers: (Result<_, AskError>, _) = tokio::join!(ask_controls, ask(asked, canary));
                (idx, to, answers)
            });
        }
        let end = block.start.saturating_add(block.length);
        let mut told = Vec::new();
        while let Some(ended) = asking.join_next().await {
            let (idx, to, answers) = ended.expect("asking does not panic");
            let it = &mut self.asked[idx];
            match answers {
                (Ok(of_controls), Ok(of_canary)) => {
                    it.since = to;
                    it.fault = None;
                    let name = it.metric.name.to_string();
                    if of_controls.iter().any(Option::is_some) && of_canary.is_some() {
                        it.reported_at = end;
                    }
                    // Of one arm alone the judge makes a silence.
                    for (idx, of_control) in of_controls.into_iter().enumerate() {
                        let Some(sample) = of_control else { continue };
                        let metrics = match self.periods.get(idx) {
                            None => &mut block.control.metrics,
                            Some(period) => {
                                &mut block.control.instances.entry(name_of(*period)).or_default().metrics
                            }
                        };
                        metrics.insert(name.clone(), sample);
                    }
                    block.canary.metrics.extend(of_canary.map(|it| (name, it)));
                }
                (Err(error), _) | (_, Err(error)) => told.extend(it.failed(&error)),
            }
        }
        told
    }

    /// The sentence on a metric that has not been told of for the rule's `silence`; on critical ones alone, unless time
    /// is up.
    pub(super) fn silent(&self, rule: &Analysis, elapsed: Millis, is_time_up: bool) -> Option<String> {
        let is_silent = |it: &&Asked| {
            let seconds = Millis(elapsed.0.saturating_sub(it.reported_at.0));
            let is_never = is_time_up && it.reported_at.is_zero();
            (it.metric.critical || is_time_up) && (seconds >= rule.silence || is_never)
        };
        let it = self.asked.iter().find(is_silent)?;
        let (name, silence) = (&it.metric.name, Millis(elapsed.0.saturating_sub(it.reported_at.0)));
        let why =
            it.fault.as_ref().map_or("the source has no number of both versions".to_owned(), Clone::clone);
        Some(format!("{name} has not been told of for {silence}: {why}"))
    }
}

impl Asked {
    /// The sentence, if it is another than the last time.
    fn failed(&mut self, error: &AskError) -> Option<String> {
        let said = error.to_string();
        if self.fault.as_ref() == Some(&said) {
            return None;
        }
        self.fault = Some(said.clone());
        Some(format!("{} is not known: {said}", self.metric.name))
    }
}
