//! The judge: folds blocks in their order and answers after any of them.

use shipway_model::Millis;
use shipway_model::analysis::{Block, Decision, Verdict};

use crate::block::{InvalidBlock, check};
use crate::evidence::{Evidence, log_mean};
use crate::kernel::Table;
use crate::latency::{Latency, Place};
use crate::metric::Metric;
use crate::reasons;
use crate::rule::Rule;

/// Folds `blocks` in their order and answers after the last one. Blocks that are invalid are left out, and the reasons
/// say so.
pub fn judge(rule: &Rule, blocks: &[Block]) -> Verdict {
    let mut judge = Judge::new(*rule);
    let mut left_out = Vec::new();
    for (idx, block) in blocks.iter().enumerate() {
        if let Err(error) = judge.observe(block) {
            left_out.push((idx, error));
        }
    }
    let mut verdict = judge.verdict();
    verdict.reasons.extend(reasons::left_out(&left_out, blocks.len()));
    verdict
}

/// An analysis under way.
#[derive(Debug, Clone)]
pub struct Judge {
    pub(crate) rule: Rule,
    pub(crate) errors: Metric,
    pub(crate) latency: Latency,
    /// End of the last block.
    end: Millis,
    /// Whether control had requests in the last block and canary had none.
    pub(crate) canary_silent: bool,
    /// The first verdict that called the canary harmful. It is final: somebody may have acted on it.
    harmful: Option<Verdict>,
}

impl Judge {
    pub fn new(rule: Rule) -> Self {
        let rule = rule.confined();
        let errors = Metric::new(
            "errors".to_owned(),
            Evidence::of_more_errors(rule.error_margin),
            Evidence::of_less_than(rule.harm_odds),
        );
        Self {
            rule,
            errors,
            latency: Latency::Unreported,
            end: Millis::ZERO,
            canary_silent: false,
            harmful: None,
        }
    }

    /// Takes in the next block. An invalid one changes nothing. After the canary was found harmful, blocks are still
    /// checked but no longer counted.
    pub fn observe(&mut self, block: &Block) -> Result<(), InvalidBlock> {
        check(block, self.end, self.latency.bounds_ms())?;
        self.end = block.start.saturating_add(block.length);
        if self.harmful.is_some() {
            return Ok(());
        }
        self.canary_silent = block.canary.requests == 0 && block.control.requests > 0;
        self.errors.observe(&Table {
            canary_total: block.canary.requests,
            canary_hits: block.canary.errors,
            control_total: block.control.requests,
            control_hits: block.control.errors,
        });
        self.latency.observe(&self.rule, block);
        if self.log_harm() >= self.log_harm_needed() {
            self.harmful = Some(self.verdict_of(Decision::Harmful));
        }
        Ok(())
    }

    /// What the blocks so far say.
    pub fn verdict(&self) -> Verdict {
        match &self.harmful {
            Some(verdict) => verdict.clone(),
            None => self.verdict_of(self.decision_short_of_harm()),
        }
    }

    fn decision_short_of_harm(&self) -> Decision {
        let seen = &self.errors.seen;
        if seen.canary_total == 0 || seen.control_total == 0 {
            Decision::NoVerdict
        } else if self.is_healthy() {
            Decision::Healthy
        } else {
            Decision::Undecided
        }
    }

    /// Every metric alone has to rule out harm. No share of `beta` is lost by that: a harmful canary is harmful on at
    /// least one of them, and that one errs with a probability of at most `beta`.
    fn is_healthy(&self) -> bool {
        self.errors.seen.canary_total >= self.rule.requests_min
            && !self.canary_silent
            && self.unproven().next().is_none()
            && self.is_latency_compared_if_reported()
    }

    /// The metrics that have not ruled out harm yet.
    pub(crate) fn unproven(&self) -> impl Iterator<Item = &Metric> {
        let within = self.latency.thresholds().iter().filter(|it| it.place == Place::Within);
        std::iter::once(&self.errors)
            .chain(within.map(|it| &it.metric))
            .filter(|it| it.log_health() < self.log_health_needed())
    }

    pub(crate) fn is_latency_compared_if_reported(&self) -> bool {
        matches!(self.latency, Latency::Unreported)
            || self.latency.thresholds().iter().any(|it| it.place == Place::Within)
    }

    /// Logarithm of the combined e-value against "no metric is worse than its margin". Errors weigh one half, and the
    /// thresholds of latency share the other; until they are set, their half is the one that every e-value starts at.
    pub(crate) fn log_harm(&self) -> f64 {
        let thresholds = self.latency.thresholds();
        let errors = std::iter::once((0.5, self.errors.log_harm()));
        if thresholds.is_empty() {
            return log_mean(errors.chain([(0.5, 0.0)]));
        }
        let share = 0.5 / thresholds.len() as f64;
        log_mean(errors.chain(thresholds.iter().map(|it| (share, it.metric.log_harm()))))
    }

    /// Ville's inequality: an e-process reaches 1/α with a probability of at most α.
    pub(crate) fn log_harm_needed(&self) -> f64 {
        -self.rule.alpha.ln()
    }

    pub(crate) fn log_health_needed(&self) -> f64 {
        -self.rule.beta.ln()
    }

    pub(crate) fn metrics(&self) -> impl Iterator<Item = &Metric> {
        std::iter::once(&self.errors).chain(self.latency.thresholds().iter().map(|it| &it.metric))
    }

    fn verdict_of(&self, decision: Decision) -> Verdict {
        Verdict {
            decision,
            decided_at: self.end,
            canary_requests: self.errors.seen.canary_total,
            canary_errors: self.errors.seen.canary_hits,
            metrics: self.metrics().map(Metric::verdict).collect(),
            reasons: reasons::of(self, decision),
        }
    }
}
