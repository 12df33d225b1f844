//! The fresh control: instances of the old version that are started with the canary's, on the same hosts and as many, and
//! are given the same share of the traffic. Caches, pools of connections and compilers are then as cold on both sides, and
//! both sides are as small.
//!
//! They stand under a version of their own ([`Version::control`](shipway_model::Version::control)), so that routers, metrics,
//! logs and traces tell them from those that stood before. They begin with the weight ahead of the first analysis that asks
//! for them, grow as the canary does, so that each is as old as its counterpart, and go when the last such analysis is over.
//! Nothing brings them back: on the way back they are only taken away.

use std::ops::RangeInclusive;

use shipway_model::plan::Deployed;
use shipway_model::resource::strategy::{Baseline, Canary, CanaryStep};

use super::Walk;
use crate::plan::build::Builder;
use crate::plan::strategy::as_left;
use crate::{Code, Rejection};

pub(super) struct Control {
    pub(super) deployed: Deployed,
    /// Steps of the strategy, from the weight with which it starts to the last analysis that asks for it.
    span: RangeInclusive<usize>,
}

const WHY: &str = "it stood for the comparison alone, and is not brought back";

impl Control {
    /// That of a strategy that asks for one.
    ///
    /// # Errors
    /// The version replaced is too long for another one to be named after it.
    pub(super) fn of(canary: &Canary, from: &Deployed) -> Result<Option<Self>, Rejection> {
        let asks =
            |step: &CanaryStep| matches!(step, CanaryStep::Analysis(it) if it.baseline == Baseline::Fresh);
        let Some(first) = canary.steps.iter().position(asks) else { return Ok(None) };
        let last = canary.steps.iter().rposition(asks).unwrap_or(first);
        let is_weight = |step: &CanaryStep| matches!(step, CanaryStep::Weight(_));
        let begin = canary.steps[..first].iter().rposition(is_weight).unwrap_or(first);
        let version = from.version.control().map_err(|_| {
            let message =
                format!("no fresh control can be named after {}: the version is too long", from.version);
            Rejection::new(Code::Unplannable, message).hint("judge against `concurrent`")
        })?;
        Ok(Some(Self { deployed: Deployed { version, ..from.clone() }, span: begin..=last }))
    }

    pub(super) fn stands_at(&self, step_idx: usize) -> bool {
        self.span.contains(&step_idx)
    }

    pub(super) fn ends_with(&self, step_idx: usize) -> bool {
        step_idx == *self.span.end()
    }
}

impl Walk<'_> {
    /// What an aborted comparison has left is as warm as anything by now: out of the route with it, and away.
    pub(super) fn clear_leftovers(&mut self, builder: &mut Builder<'_>, control: &Control) {
        let ground = builder.ground;
        let instances = ground.running.iter().flat_map(|it| &it.instances);
        let left: Vec<_> = instances
            .filter(|(it, _)| it.service == *self.service && it.version == control.deployed.version)
            .filter(|(_, state)| ground.contracts.contains_key(&state.contract))
            .collect();
        if left.is_empty() {
            return;
        }
        builder.enter_wave("left over");
        let title = format!("give all of {} to {}", self.service, self.from.version);
        let after = std::mem::take(&mut self.previous);
        let alone = builder.route(self.service, title, self.baseline(), self.baseline(), after);
        for (instance, state) in left {
            let deployed = as_left(instance, state);
            self.previous.push(builder.dismiss(self.service, &deployed, &instance.target, WHY, &alone));
        }
    }

    /// The comparison is over: the old version has its share back, and nothing of the control stays.
    pub(super) fn dismiss(&mut self, builder: &mut Builder<'_>, control: &Control) {
        let title = format!("take {} {} out of the route", self.service, control.deployed.version);
        let after = std::mem::take(&mut self.previous);
        self.route(builder, title, None, after);
        let controls = std::mem::take(&mut self.controls);
        let mut gone = Vec::new();
        for (placed, host) in controls.into_iter().zip(&self.hosts) {
            // Behind its start too: where that was given up, there is nothing to take away.
            let after: Vec<_> = self.previous.iter().copied().chain([placed]).collect();
            gone.push(builder.dismiss(self.service, &control.deployed, host, WHY, &after));
        }
        if !gone.is_empty() {
            self.previous = gone;
        }
    }
}
