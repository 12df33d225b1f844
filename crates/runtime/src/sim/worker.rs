//! The simulated performer inside a control plane: its leases, and drivers that are slow, fail and stand still.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::analysis::{self, Arm, Block, Verdict};
use shipway_model::effect::{Effect, EffectKey, Lease, Order, Outcome, Success};
use shipway_model::gate::{Decision, Requirement, Status};
use shipway_model::{DecisionId, Digest, Millis, Name};

use super::random::Random;
use super::scenario::Quality;

/// Blocks that the simulated judge looks at before it decides.
pub(super) const BLOCKS: u64 = 3;
const BLOCK_MS: u64 = 10_000;

#[derive(Default)]
pub(super) struct Worker {
    pub(super) held: BTreeMap<EffectKey, Task>,
    /// The newest call for leases; answers to earlier ones count no more.
    pub(super) call: u64,
}

pub(super) struct Task {
    pub(super) effect: Effect,
    pub(super) generation: u32,
    pub(super) stage: Stage,
    /// The report that waits for an answer; 0 when none does.
    pub(super) call: u64,
}

pub(super) enum Stage {
    /// What is left to look at before the deed.
    Watching { blocks: u64 },
    /// What gates said is to be recorded, before it is told that they were asked.
    Deciding(DecisionId, Box<Decision>),
    /// The deed is done; the outcome is to be reported.
    Ended(Outcome),
}

impl Worker {
    /// Takes what was leased, and lets go of what was not renewed.
    pub(super) fn take(&mut self, leases: Vec<Lease>, renewed: &[EffectKey]) -> Vec<(EffectKey, u32)> {
        self.held.retain(|key, _| renewed.contains(key));
        let taken = leases.iter().map(|it| (it.effect.key, it.generation)).collect();
        for Lease { effect, generation, .. } in leases {
            let blocks = match &effect.order {
                // From the beginning: what was seen before is not recorded again.
                Order::Analyse { .. } | Order::Watch { .. } => BLOCKS,
                _ => 0,
            };
            let stage = Stage::Watching { blocks };
            self.held.insert(effect.key, Task { effect, generation, stage, call: 0 });
        }
        taken
    }

    pub(super) fn renewals(&self) -> Vec<(EffectKey, u32)> {
        self.held.iter().map(|(key, task)| (*key, task.generation)).collect()
    }
}

/// How long a stage of an effect takes, in milliseconds.
pub(super) fn pace(order: &Order, random: &mut Random, is_slow: bool) -> u64 {
    let usual = match order {
        Order::Bake { duration, .. } => duration.0 + random.between(0, 5_000),
        Order::Analyse { .. } | Order::Watch { .. } => BLOCK_MS,
        Order::Place { .. } => random.between(200, 3_000),
        Order::Retire { .. } => random.between(50, 8_000),
        Order::Verify { .. } | Order::Route { .. } | Order::Gates { .. } => random.between(5, 300),
        Order::Command { .. } | Order::Http { .. } | Order::Journey { .. } => random.between(50, 4_000),
    };
    if is_slow && random.percent(10) { usual + random.between(10_000, 200_000) } else { usual }
}

/// What the judge saw of the block after `seen` others.
pub(super) fn block(seen: u64, quality: Quality) -> (Block, Verdict) {
    let arm = |errors| Arm { requests: 100, errors, ..Arm::default() };
    let (start, length) = (Millis(seen * BLOCK_MS), Millis(BLOCK_MS));
    let canary = arm(if quality == Quality::Harmful { 20 } else { 0 });
    let block = Block { start, length, control: arm(0), canary };
    (block, verdict(analysis::Decision::Undecided, seen + 1))
}

/// The outcome of the judge's work.
pub(super) fn judged(quality: Quality) -> Outcome {
    match quality {
        Quality::Harmful => failed("harmful", false, Some(verdict(analysis::Decision::Harmful, BLOCKS))),
        Quality::Unclear => {
            failed("nobody can tell", false, Some(verdict(analysis::Decision::NoVerdict, BLOCKS)))
        }
        Quality::Good | Quality::NeverHealthy | Quality::Crashing => Outcome::Succeeded {
            result: Success::Judged { verdict: Box::new(verdict(analysis::Decision::Healthy, BLOCKS)) },
        },
    }
}

pub(super) fn failed(reason: &str, retryable: bool, verdict: Option<Verdict>) -> Outcome {
    Outcome::Failed { reason: reason.to_owned(), retryable, verdict: verdict.map(Box::new) }
}

pub(super) fn completed() -> Outcome {
    Outcome::Succeeded { result: Success::Completed { summary: "done".to_owned() } }
}

/// What the gates say that an order asks: that they are content, or that something is missing.
pub(super) fn decision(order: &Order, at: Timestamp, status: Status) -> Option<Decision> {
    let Order::Gates { release, environment, policies } = order else { return None };
    let requirement = |policy: &Name| Requirement {
        policy: policy.clone(),
        gate: policy.clone(),
        kind: "tests".to_owned(),
        service: None,
        status,
        reasons: Vec::new(),
        evidence: Vec::new(),
        waivers: Vec::new(),
        who: None,
        next: None,
        until: None,
    };
    Some(Decision {
        release: release.clone(),
        environment: environment.clone(),
        policies: policies.clone(),
        facts: Digest::of(b"facts"),
        at,
        passes: status.passes(),
        requirements: policies.keys().map(requirement).collect(),
    })
}

fn verdict(decision: analysis::Decision, blocks: u64) -> Verdict {
    Verdict {
        decision,
        decided_at: Millis(blocks * BLOCK_MS),
        canary_requests: 100 * blocks,
        canary_errors: 0,
        metrics: Vec::new(),
        evidence: None,
        sensitivity: None,
        findings: Vec::new(),
        reasons: Vec::new(),
    }
}
