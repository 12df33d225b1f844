//! The judge of one proportion in its plainest form: every term of every likelihood is summed, every view is looked at
//! after every block, and nothing is given up. The one that is used has to decide alike.

use proptest::prelude::*;
use shipway_model::analysis::Decision;

use super::alternatives::Alternatives;
use super::config::{Config, Kind, MetricConfig};
use super::judge::Analysis;
use super::observation::{Arm, Observation};
use crate::kernel::Table;

/// Requests and errors of each control instance, and of each canary instance.
type Block = [Vec<(u64, u64)>; 2];

/// Logarithms of likelihood ratios, per alternative.
#[derive(Clone)]
struct Evidence(Vec<f64>);

impl Evidence {
    fn none(alternatives: &Alternatives) -> Self {
        Self(vec![0.0; alternatives.len()])
    }

    fn add(&mut self, alternatives: &Alternatives, table: &Table) {
        let points = alternatives.points();
        for (sum, odds) in self.0.iter_mut().zip(&points[1..]) {
            *sum += table.log_probability(*odds) - table.log_probability(points[0]);
        }
    }
}

/// The decision and the number of the block that made it.
fn judge(config: &Config, blocks: &[Block]) -> (Decision, usize) {
    let metric = &config.metrics[0];
    let harm =
        Alternatives::new(metric.margin(), (1.15, 60.0), 15, |it| (1.0 + (it / 0.7).powi(2)).powf(-1.5));
    let health = Alternatives::even(metric.harm(), (0.95, 0.25), 7);
    let severe = Alternatives::even(config.severe_margin, (1.15, 60.0), 7);
    let sound = Alternatives::even(config.severe_margin, (0.95, 0.25), 7);
    let [n_control, n_canary] = [0, 1].map(|arm| blocks[0][arm].len());
    let (mut whole, mut healthy) = (Evidence::none(&harm), Evidence::none(&health));
    let mut without = vec![Evidence::none(&harm); n_control + n_canary];
    let mut instances = vec![Evidence::none(&severe); n_canary];
    let mut rests = vec![Evidence::none(&health); n_canary];
    let mut alone = vec![Evidence::none(&sound); n_canary];
    let mut units = 0;
    let mut units_of = vec![0; n_canary];
    for (block_idx, [control, canary]) in blocks.iter().enumerate() {
        let sum = |cells: &[(u64, u64)]| cells.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let (of_control, of_canary) = (sum(control), sum(canary));
        units += of_canary.0;
        let all = table(of_canary, of_control);
        whole.add(&harm, &all);
        healthy.add(&health, &all);
        for (slot, it) in control.iter().enumerate() {
            let rest = (of_control.0 - it.0, of_control.1 - it.1);
            without[slot].add(&harm, &table(of_canary, rest));
        }
        for (slot, it) in canary.iter().enumerate() {
            let rest = (of_canary.0 - it.0, of_canary.1 - it.1);
            without[n_control + slot].add(&harm, &table(rest, of_control));
            rests[slot].add(&health, &table(rest, of_control));
            instances[slot].add(&severe, &table(*it, of_control));
            alone[slot].add(&sound, &table(*it, of_control));
            units_of[slot] += it.0;
        }
        let is_enough = |evidence: &Evidence, share: f64| {
            let log = harm.log_e_value(&evidence.0);
            units >= metric.min_samples() && log >= -(config.alpha * share).ln()
        };
        let is_main = is_enough(&whole, Config::MAIN_SHARE);
        let is_robust = |views: &[Evidence]| {
            views.len() < 2 || views.iter().all(|it| is_enough(it, Config::ONE_OFF_SHARE))
        };
        let is_broken = n_canary > 1
            && instances.iter().enumerate().any(|(slot, it)| {
                let share = Config::INSTANCE_SHARE / ((slot + 1) * (slot + 2)) as f64;
                severe.log_e_value(&it.0) >= -(config.alpha * share).ln()
            });
        if (is_main && is_robust(&without[..n_control]) && is_robust(&without[n_control..])) || is_broken {
            return (Decision::Harmful, block_idx);
        }
        let is_small = |slot: usize| units_of[slot] as f64 <= config.noisy_share * units as f64;
        let e_value_without = |slot: usize| {
            let (rest, it) = (health.log_e_value(&rests[slot].0), sound.log_e_value(&alone[slot].0));
            if is_small(slot) { rest.min(it).exp() } else { 0.0 }
        };
        let of_whole = health.log_e_value(&healthy.0).exp();
        let of_health = if n_canary < 3 {
            of_whole
        } else {
            0.8 * of_whole + 0.2 / n_canary as f64 * (0..n_canary).map(e_value_without).sum::<f64>()
        };
        let is_noisy = |slot: usize| {
            is_small(slot)
                && harm.log_e_value(&without[n_control + slot].0) <= 0.0
                && sound.log_e_value(&alone[slot].0) >= -config.beta.ln()
        };
        let is_excused = n_canary >= 3 && (0..n_canary).any(is_noisy);
        let is_healthy = of_health >= 1.0 / config.beta && (!is_main || is_excused);
        if units >= metric.min_samples() && is_healthy {
            return (Decision::Healthy, block_idx);
        }
    }
    (Decision::Undecided, blocks.len())
}

fn table(canary: (u64, u64), control: (u64, u64)) -> Table {
    Table { canary_total: canary.0, canary_hits: canary.1, control_total: control.0, control_hits: control.1 }
}

/// The same by the judge that is used.
fn judge_quickly(config: &Config, blocks: &[Block]) -> (Decision, usize) {
    let mut analysis = Analysis::new(config.clone()).expect("a good configuration");
    for (block_idx, block) in blocks.iter().enumerate() {
        for (arm, cells) in [Arm::Control, Arm::Canary].into_iter().zip(block) {
            for (instance, (requests, errors)) in cells.iter().enumerate() {
                let line = Observation {
                    t: block_idx as f64 * 10.0,
                    dt_s: 10.0,
                    arm,
                    instance: instance.to_string(),
                    requests: Some(*requests),
                    errors: Some(*errors),
                    latency_ms: None,
                    metrics: Default::default(),
                };
                analysis.observe(line).expect("makes sense");
            }
        }
    }
    let answer = analysis.finish();
    let block_idx = answer.decided_at_s.map_or(blocks.len(), |it| (it / 10.0) as usize - 1);
    (answer.decision, block_idx)
}

/// A stream of blocks: base rate, how many times as bad canary is and from which block on, one instance that is worse.
fn any_stream() -> impl Strategy<Value = Vec<Block>> {
    let traffic = (20..400_u64, 1..4_usize, 1..4_usize, 4..30_usize);
    let rates = (0.002..0.6_f64, prop_oneof![Just(1.0), 1.0..8.0_f64], 0..10_usize, 1.0..6.0_f64);
    (traffic, rates, any::<u64>()).prop_map(|((requests, n_control, n_canary, n_blocks), rates, seed)| {
        let (base, times, from, noise) = rates;
        let mut random = crate::simulation::Random::new(seed);
        let mut cell = |rate: f64| {
            let requests = 1 + random.poisson(requests as f64);
            (requests, random.binomial(requests, rate.min(0.95)))
        };
        let block = |block_idx: usize| {
            let worse = if block_idx >= from { times } else { 1.0 };
            let control = (0..n_control).map(|_| cell(base)).collect();
            let canary = (0..n_canary).map(|it| cell(base * if it == 0 { noise } else { worse })).collect();
            [control, canary]
        };
        (0..n_blocks).map(block).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_quick_judge_decides_as_the_plain_one(blocks in any_stream(), harm in 1.2..4.0_f64) {
        let metric = MetricConfig { harm: Some(harm), ..MetricConfig::new("errors", Kind::Proportion) };
        let config = Config { metrics: vec![metric], ..Config::default() };
        prop_assert_eq!(judge_quickly(&config, &blocks), judge(&config, &blocks));
    }
}
