//! Judges a canary against the version that it replaces, block by block, until the judge's word is enough.
//!
//! Each block and what the judge said of it is recorded on the way, so that an analysis goes on where it was after a
//! restart of the control plane. Its time is that of its blocks: what passes while nobody measures does not count.
//!
//! A watch after the end of a rollout is the same, with control taken from the past ([`past`]), and without an end in
//! health: it ends by harm, or when its time is up.
//!
//! Time is up after the rule's timeout. A step that is tried again, because a person wants to look on, keeps its
//! blocks and has the timeout once more.

mod conclusion;
mod coverage;
mod gauge;
mod past;
mod signals;
mod sources;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::effect::{MetricsSource, Order, Outcome};
use shipway_model::plan::Coverage;
use shipway_model::resource::metric::Source;
use shipway_model::resource::strategy::{Analysis, Watch};
use shipway_model::{Millis, Name, Version};
use shipway_runtime::driver::{Assessment, BoxFuture, Driver, Task};

use self::conclusion::{
    conclude, conclude_at_the_end, conclude_in_silence, conclude_watch, conclude_watch_at_the_end,
    withhold_health,
};
use self::coverage::Journeys;
use self::gauge::{Gauge, Seen};
use self::past::Past;
use self::signals::Signals;
use self::sources::Sources;
use super::{Kind, Tools, failed, record, unless_called_off};
use crate::asking::now;
use crate::metrics::router;
use crate::spec::Spec;

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "analyse", summary: "Judges a new version against the one that it replaces." },
    build: |tools| Arc::new(Analyst(tools.clone())),
};

/// The most blocks that one analysis holds, over all attempts; then its time is up. A rule whose timeout would take
/// more gets longer blocks.
const BLOCKS_MAX: u64 = 10_000;
/// The router is not asked more often than this.
const INTERVAL_MIN: Millis = Millis(100);

struct Analyst(Tools);

impl Driver for Analyst {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Analyse { .. } | Order::Watch { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { unless_called_off(&task, self.analyse(&task)).await })
    }
}

/// What is judged, by which rule.
struct Case<'o> {
    metrics: &'o MetricsSource,
    control: &'o Version,
    canary: &'o Version,
    rule: Cow<'o, Analysis>,
    sources: &'o BTreeMap<Name, Source>,
    journeys: &'o [Coverage],
    watch: Option<&'o Watch>,
}

impl<'o> Case<'o> {
    fn of(order: &'o Order) -> Option<Self> {
        Some(match order {
            Order::Analyse { metrics, control, canary, rule, sources, journeys } => {
                Self { metrics, control, canary, rule: Cow::Borrowed(rule), sources, journeys, watch: None }
            }
            Order::Watch { metrics, control, canary, rule, sources } => Self {
                metrics,
                control,
                canary,
                rule: Cow::Owned(rule.rule()),
                sources,
                journeys: &[],
                watch: Some(rule),
            },
            _ => return None,
        })
    }

    /// How the step ends on this assessment, if it does.
    fn conclude(&self, elapsed: Millis, assessment: &Assessment) -> Option<Outcome> {
        match self.watch {
            Some(_) => conclude_watch(assessment),
            None => conclude(&self.rule, elapsed, assessment),
        }
    }

    /// The wait before the next block.
    fn interval(&self, elapsed: Millis) -> Millis {
        let Some(watch) = self.watch else {
            return interval(self.rule.interval, self.rule.timeout, BLOCKS_MAX);
        };
        // Half of the blocks for the window, half for what is behind it.
        let stretch = if elapsed < watch.window { watch.window } else { watch.duration };
        interval(watch.interval_at(elapsed), stretch, BLOCKS_MAX / 2)
    }
}

impl Analyst {
    async fn analyse(&self, task: &Task) -> Outcome {
        let Some(case) = Case::of(&task.effect.order) else {
            return failed("this is not an analysis".to_owned(), false);
        };
        let Case { metrics, control, canary, sources, journeys, .. } = case;
        let rule = &*case.rule;
        let mut judging = match (task.judge)(rule) {
            Ok(judging) => judging,
            Err(reason) => return failed(format!("the rule cannot be followed: {reason}"), false),
        };
        if let Err(error) = task.replay(|block| judging.take(&block)).await {
            return failed(format!("what was seen before cannot be read: {error}"), true);
        }
        let (resumed_at, started) = (task.track().end, Instant::now());
        let mut n_blocks = task.track().n_blocks;
        let elapsed = || resumed_at.saturating_add(Millis::of(started.elapsed()));
        // A watch that is tried again ends when it would have ended.
        let deadline = match case.watch {
            Some(watch) => watch.duration,
            None => deadline(rule, task.effect.key.attempt, resumed_at),
        };
        task.log.line(&match n_blocks {
            0 => format!("compares {canary} with {control}"),
            _ => format!("compares {canary} with {control}, and goes on after {n_blocks} blocks"),
        });
        let mut sources = match Sources::new(rule, sources, now(), resumed_at) {
            Ok(sources) => sources,
            Err(reason) => return failed(reason, false),
        };
        let past = Past::new(rule, self.0.history.as_ref(), metrics, canary);
        let arms = (&metrics.service, canary);
        let mut journeys = Journeys::new(&self.0.outbound, arms, journeys, &task.log);
        let mut gauge = Gauge::default();
        let found = task.track().verdict.map(|it| it.findings).unwrap_or_default();
        let of_both = (control, canary);
        let mut signals = Signals::new(&self.0.telemetry, rule, metrics, of_both, resumed_at, found);
        let mut pause = Millis::ZERO;
        // What was recorded may be enough: whoever recorded it may not have come to say so.
        let mut assessment = judging.assess();
        signals.weigh(&mut assessment);
        loop {
            journeys.go_on();
            let missing = journeys.missing();
            withhold_health(&mut assessment.verdict, missing.as_ref());
            if let Some(outcome) = case.conclude(elapsed(), &assessment) {
                return outcome;
            }
            let is_time_up = elapsed() >= deadline || n_blocks >= BLOCKS_MAX;
            if case.watch.is_none()
                && let Some(silence) = sources.silent(rule, elapsed(), is_time_up)
            {
                return conclude_in_silence(silence, assessment.verdict);
            }
            let at_the_end = || {
                let mut last = Assessment { verdict: judging.conclude(), is_final: true };
                signals.weigh(&mut last);
                last.verdict
            };
            if is_time_up && case.watch.is_some() {
                return conclude_watch_at_the_end(elapsed(), at_the_end());
            }
            if is_time_up {
                let verdict = at_the_end();
                return match missing.filter(|_| verdict.decision != Decision::Harmful) {
                    Some(missing) => conclude_in_silence(missing, verdict),
                    None => conclude_at_the_end(rule, elapsed(), verdict),
                };
            }
            tokio::time::sleep(pause.duration()).await;
            match router::read(&self.0.outbound, metrics).await {
                Ok(reading) => match gauge.take(reading, control, canary, elapsed()) {
                    Seen::Start => {}
                    Seen::Restart => task.log.line("the router's counters began anew: a block is left out"),
                    Seen::Block(mut block) => {
                        let arms = (control, canary);
                        if let Some(past) = &past {
                            let read = past.fill(now(), &mut block).await;
                            read.iter().for_each(|it| task.log.line(it));
                        }
                        let faults = sources
                            .fill((&self.0.outbound, &self.0.telemetry), metrics, arms, now(), &mut block)
                            .await;
                        faults.iter().for_each(|it| task.log.line(it));
                        n_blocks += 1;
                        judging.take(&block);
                        assessment = judging.assess();
                        let looked = signals.take(elapsed());
                        looked.iter().for_each(|it| task.log.line(it));
                        signals.weigh(&mut assessment);
                        withhold_health(&mut assessment.verdict, journeys.missing().as_ref());
                        task.log.line(&told(n_blocks, &block, &assessment.verdict));
                        if let Err(reason) = record(task, *block, &assessment.verdict).await {
                            return failed(reason, false);
                        }
                    }
                },
                // The next block is longer for it.
                Err(error) => task.log.line(&error.to_string()),
            }
            let left = Millis(deadline.0.saturating_sub(elapsed().0));
            pause = case.interval(elapsed()).min(left);
        }
    }
}

/// When time is up, in the time of the analysis. An attempt that is cut short leaves nothing of its time to the next.
fn deadline(rule: &Analysis, attempt: u32, resumed_at: Millis) -> Millis {
    let of_all_attempts = Millis(rule.timeout.0.saturating_mul(attempt.into()));
    of_all_attempts.min(resumed_at.saturating_add(rule.timeout))
}

fn interval(wanted: Millis, stretch: Millis, blocks_max: u64) -> Millis {
    wanted.max(INTERVAL_MIN).max(Millis(stretch.0.div_ceil(blocks_max)))
}

fn told(number: u64, block: &Block, verdict: &Verdict) -> String {
    let Block { start, length, control, canary } = block;
    let reason = verdict.reasons.first().map_or(String::new(), |it| format!(", because {it}"));
    format!(
        "block {number}, {length} from {start} on: control failed {} of {}, canary {} of {}: {:?}{reason}",
        control.errors, control.requests, canary.errors, canary.requests, verdict.decision
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_has_the_timeout_once_more_at_the_most() {
        let rule = Analysis { timeout: Millis::from_secs(100), ..Analysis::default() };
        let check = |attempt, resumed_at, expect| {
            let found = deadline(&rule, attempt, Millis::from_secs(resumed_at));
            assert_eq!(found, Millis::from_secs(expect), "attempt {attempt} at {resumed_at} s");
        };
        check(1, 0, 100);
        check(1, 60, 100);
        check(2, 100, 200);
        check(2, 150, 200);
        check(2, 30, 130);
    }

    #[test]
    fn blocks_are_never_more_than_the_limit() {
        assert_eq!(
            interval(Millis::from_secs(10), Millis::from_secs(3600), BLOCKS_MAX),
            Millis::from_secs(10)
        );
        assert_eq!(interval(Millis(1), Millis(1000), BLOCKS_MAX), INTERVAL_MIN);
        let month = Millis::from_secs(30 * 24 * 3600);
        assert!(month.0 / interval(Millis::from_secs(10), month, BLOCKS_MAX).0 <= BLOCKS_MAX);
        assert_eq!(interval(Millis::from_secs(10), month, BLOCKS_MAX), Millis(259_200));
    }
}
