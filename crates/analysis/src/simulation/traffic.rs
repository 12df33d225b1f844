//! Lines as instances of a scenario would report them.

use crate::canary::{Arm, Latency, Observation, Sample};

use super::random::Random;
use super::scenario::{Conditions, MORE_SHARE, Scenario, more_name};

/// The lines of a scenario, block after block.
#[derive(Debug, Clone)]
pub struct Generator<'a> {
    scenario: &'a Scenario,
    random: Random,
    /// Factors on errors and latency, control's instances first.
    instances: Vec<(Arm, u32, f64, f64)>,
    block_idx: u32,
    log_p50: f64,
    sigma: f64,
}

/// One block.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What arrives.
    pub observations: Vec<Observation>,
    /// Requests of canary that failed on account of its own fault, as expected; also those that nobody reported.
    pub harmed: f64,
}

/// The 99th percentile of the standard normal distribution.
const Z_99: f64 = 2.326_348;
/// The 95th, beyond which the tail begins.
const Z_95: f64 = 1.644_854;

impl<'a> Generator<'a> {
    pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let traffic = &scenario.traffic;
        let (errors_sd, latency_sd) = scenario.spread;
        let arms = [(Arm::Control, traffic.control_instances), (Arm::Canary, traffic.canary_instances)];
        let mut instances: Vec<_> = arms
            .into_iter()
            .flat_map(|(arm, n)| (0..n).map(move |instance| (arm, instance)))
            .map(|(arm, instance)| {
                let factor = |z: f64, sd: f64| (sd * z).exp();
                (arm, instance, factor(random.normal(), errors_sd), factor(random.normal(), latency_sd))
            })
            .collect();
        if let Some((_, _, errors, slower)) =
            instances.iter_mut().find(|(arm, instance, ..)| Some(*arm) == scenario.noisy && *instance == 0)
        {
            *errors *= 3.0;
            *slower *= 1.5;
        }
        let log_p50 = traffic.latency_p50_ms.ln();
        let sigma = (traffic.latency_p99_ms / traffic.latency_p50_ms).ln() / Z_99;
        Self { scenario, random, instances, block_idx: 0, log_p50, sigma }
    }

    fn line(&mut self, t: f64, arm: Arm, instance: u32, it: Conditions) -> Observation {
        let traffic = &self.scenario.traffic;
        let (per_s, n_instances) = match arm {
            Arm::Control => (traffic.control_per_s, traffic.control_instances),
            Arm::Canary => (traffic.canary_per_s, traffic.canary_instances),
        };
        let mean = per_s * self.scenario.busier(t) * traffic.block_s / f64::from(n_instances);
        let requests = self.random.poisson(mean);
        let errors = self.random.binomial(requests, it.errors);
        let times = self.scenario.times;
        let metrics = (0..self.scenario.more).map(|idx| {
            let x = self.random.binomial(requests, MORE_SHARE);
            (more_name(idx), Sample { n: Some(requests), x: Some(x), ..Sample::default() })
        });
        let metrics = metrics.collect();
        let latency = times.then(|| (0..requests).map(|_| self.latency(it)).collect());
        Observation {
            t,
            dt_s: traffic.block_s,
            arm,
            instance: instance.to_string(),
            requests: Some(requests),
            errors: Some(errors),
            latency_ms: latency.map(Latency::Values),
            metrics,
        }
    }

    /// Log-normal, with canary's faults.
    fn latency(&mut self, it: Conditions) -> f64 {
        let z = self.random.normal();
        let tail = if z > Z_95 { it.tail_slower } else { 1.0 };
        let second_mode = if it.bimodal > 0.0 && self.random.share() < it.bimodal { 8.0 } else { 1.0 };
        (self.log_p50 + self.sigma * z).exp() * it.slower * tail * second_mode
    }
}

impl Iterator for Generator<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let t = f64::from(self.block_idx) * self.scenario.traffic.block_s;
        if t >= self.scenario.traffic.duration_s {
            return None;
        }
        self.block_idx += 1;
        let mut batch = Batch::default();
        for (arm, instance, errors, slower) in self.instances.clone() {
            let mut conditions = self.scenario.conditions(t, arm, instance);
            conditions.errors = (conditions.errors * errors).min(1.0);
            conditions.slower *= slower;
            let line = self.line(t, arm, instance, conditions);
            batch.harmed += line.requests.unwrap_or(0) as f64 * conditions.errors_beyond_usual.max(0.0);
            let is_silent = arm == Arm::Canary && self.scenario.silent_from_s.is_some_and(|from| t >= from);
            let is_lost = self.scenario.lost > 0.0 && self.random.share() < self.scenario.lost;
            if !is_silent && !is_lost {
                batch.observations.push(line);
            }
        }
        Some(batch)
    }
}
