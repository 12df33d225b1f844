//! One hour, seen by every judge.

use std::collections::BTreeMap;

use shipway_model::analysis::Decision;

use crate::canary::{Analysis, Arm, Latency, Observation};
use crate::kayenta::{self, AnalysisConfig, CanaryConfig, CanaryMetric, Direction, Verdict};
use crate::threshold::{Argo, ArgoLimits, Flagger, Measurement, Phase};

use super::scenario::Scenario;
use super::traffic::{Batch, Generator};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JudgeName {
    Shipway,
    /// Kayenta on all minutes so far, every ten minutes.
    KayentaEvery10,
    KayentaEvery5,
    /// Success at least 99 %, p99 at most 500 ms, every minute, five breaches.
    Flagger,
    /// Success at least 95 %, every five minutes, more than three failures.
    Argo,
}

/// What a judge did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcome {
    pub taken_back: Option<Moment>,
    /// When there was no verdict to be had.
    pub no_verdict: Option<Moment>,
    /// When the canary was shown to be healthy, unless it was taken back before.
    pub promoted: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub at_s: f64,
    /// Requests of canary that were reported by then.
    pub canary_requests: u64,
    /// Requests that failed on account of canary's own fault by then, as expected.
    pub harmed: f64,
}

/// What every judge did with the same lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub outcomes: Vec<(JudgeName, Outcome)>,
}

impl Scenario {
    /// One hour with every judge.
    pub fn run(&self, seed: u64) -> Trial {
        // The others know no watch.
        if self.config.watch.is_some() {
            return Trial { outcomes: vec![(JudgeName::Shipway, self.run_own(seed))] };
        }
        let mut judges = vec![
            (JudgeName::Shipway, Judge::Shipway(Box::new(self.analysis())), Outcome::default()),
            (JudgeName::KayentaEvery10, Judge::Other(Other::Kayenta { every_min: 10 }), Outcome::default()),
            (JudgeName::KayentaEvery5, Judge::Other(Other::Kayenta { every_min: 5 }), Outcome::default()),
            (JudgeName::Flagger, Judge::Other(Other::Flagger(Flagger::new(5))), Outcome::default()),
            (
                JudgeName::Argo,
                Judge::Other(Other::Argo(Argo::new(ArgoLimits { failures: 3, ..ArgoLimits::default() }))),
                Outcome::default(),
            ),
        ];
        self.play(seed, &mut judges, Some(Minutes::new(self.traffic.block_s)));
        Trial { outcomes: judges.into_iter().map(|(name, _, outcome)| (name, outcome)).collect() }
    }

    /// One hour with our judge alone.
    pub fn run_own(&self, seed: u64) -> Outcome {
        let mut judges =
            [(JudgeName::Shipway, Judge::Shipway(Box::new(self.analysis())), Outcome::default())];
        self.play(seed, &mut judges, None);
        judges[0].2
    }

    fn analysis(&self) -> Analysis {
        Analysis::new(self.config.clone()).expect("the configuration of a scenario was checked")
    }

    /// Judges other than ours read `minutes`.
    fn play(&self, seed: u64, judges: &mut [(JudgeName, Judge, Outcome)], mut minutes: Option<Minutes>) {
        // Time counts from when the harm begins.
        let mut now = Moment { at_s: -self.onset_s(), canary_requests: 0, harmed: 0.0 };
        for batch in Generator::new(self, seed) {
            now.at_s += self.traffic.block_s;
            now.harmed += batch.harmed;
            let canary = batch.observations.iter().filter(|it| it.arm == Arm::Canary);
            now.canary_requests += canary.filter_map(|it| it.requests).sum::<u64>();
            if let Some(minutes) = &mut minutes {
                minutes.observe(&batch);
            }
            for (_, judge, outcome) in judges.iter_mut() {
                if outcome.taken_back.is_some() || outcome.no_verdict.is_some() {
                    continue;
                }
                match (judge, &mut minutes) {
                    (Judge::Shipway(analysis), _) => own(analysis, &batch, now, outcome),
                    (Judge::Other(other), Some(minutes)) => {
                        let takes_back = minutes.just_closed && other.takes_back(minutes);
                        outcome.taken_back = takes_back.then_some(now);
                    }
                    (Judge::Other(_), None) => {}
                }
            }
            if judges.iter().all(|(_, _, it)| it.taken_back.is_some() || it.no_verdict.is_some()) {
                break;
            }
        }
    }
}

enum Judge {
    Shipway(Box<Analysis>),
    Other(Other),
}

/// Those that look at the end of a minute.
enum Other {
    Kayenta { every_min: usize },
    Flagger(Flagger),
    Argo(Argo),
}

impl Other {
    fn takes_back(&mut self, minutes: &mut Minutes) -> bool {
        match self {
            Self::Kayenta { every_min } => {
                minutes.n_closed.is_multiple_of(*every_min) && minutes.fails_kayenta()
            }
            Self::Flagger(flagger) => flagger.observe(minutes.flagger()),
            Self::Argo(argo) => {
                minutes.n_closed.is_multiple_of(5) && argo.observe(minutes.argo()) == Phase::Failed
            }
        }
    }
}

fn own(analysis: &mut Analysis, batch: &Batch, now: Moment, outcome: &mut Outcome) {
    for observation in &batch.observations {
        let answer = analysis.observe(observation.clone()).expect("simulated lines make sense");
        let Some(answer) = answer else { continue };
        match answer.decision {
            Decision::Harmful => outcome.taken_back = Some(now),
            Decision::NoVerdict => outcome.no_verdict = Some(now),
            Decision::Healthy | Decision::Undecided => {}
        }
        return;
    }
    if outcome.promoted.is_none() && analysis.healthy_at().is_some() {
        outcome.promoted = Some(now);
    }
}

/// What the other judges read: per arm and minute the error rate, the median, the 99th percentile, and further metrics.
struct Minutes {
    blocks_per_minute: usize,
    n_blocks: usize,
    just_closed: bool,
    n_closed: usize,
    open: [Minute; 2],
    /// By metric, control first.
    series: [BTreeMap<String, Vec<f64>>; 2],
    /// What Kayenta said after so many minutes: it is asked by several.
    kayenta: Option<(usize, bool)>,
}

#[derive(Default)]
struct Minute {
    requests: u64,
    errors: u64,
    latency: Vec<f64>,
    /// Hits of further metrics.
    more: BTreeMap<String, u64>,
}

impl Minutes {
    fn new(block_s: f64) -> Self {
        Self {
            blocks_per_minute: ((60.0 / block_s).round() as usize).max(1),
            n_blocks: 0,
            just_closed: false,
            n_closed: 0,
            open: [Minute::default(), Minute::default()],
            series: [BTreeMap::new(), BTreeMap::new()],
            kayenta: None,
        }
    }

    fn observe(&mut self, batch: &Batch) {
        for Observation { arm, requests, errors, latency_ms, metrics, .. } in &batch.observations {
            let minute = &mut self.open[usize::from(*arm == Arm::Canary)];
            minute.requests += requests.unwrap_or(0);
            minute.errors += errors.unwrap_or(0);
            if let Some(Latency::Values(values)) = latency_ms {
                minute.latency.extend(values);
            }
            for (name, sample) in metrics {
                *minute.more.entry(name.clone()).or_default() += sample.x.unwrap_or(0);
            }
        }
        self.n_blocks += 1;
        self.just_closed = self.n_blocks.is_multiple_of(self.blocks_per_minute);
        if self.just_closed {
            self.n_closed += 1;
            for (minute, series) in self.open.iter_mut().zip(&mut self.series) {
                for (name, value) in std::mem::take(minute).close() {
                    series.entry(name).or_default().push(value);
                }
            }
        }
    }

    fn last(&self, metric: &str) -> f64 {
        self.series[1].get(metric).and_then(|it| it.last()).copied().unwrap_or(f64::NAN)
    }

    fn fails_kayenta(&mut self) -> bool {
        let known = self.kayenta.filter(|(n_closed, _)| *n_closed == self.n_closed);
        let fails = known.map_or_else(|| self.ask_kayenta(), |(_, fails)| fails);
        self.kayenta = Some((self.n_closed, fails));
        fails
    }

    fn ask_kayenta(&self) -> bool {
        let metric = |name: &str| {
            let analysis = AnalysisConfig {
                direction: Direction::Increase,
                critical: name == "errors",
                ..Default::default()
            };
            CanaryMetric {
                name: name.to_owned(),
                groups: vec![name.to_owned()],
                analysis_configurations: [("canary".to_owned(), analysis)].into(),
            }
        };
        let config = CanaryConfig {
            metrics: self.series[0].keys().map(|it| metric(it)).collect(),
            ..CanaryConfig::default()
        };
        kayenta::judge(&config, &self.series[0], &self.series[1]).classification == Verdict::Fail
    }

    fn flagger(&self) -> Measurement {
        let (errors, p99) = (self.last("errors"), self.last("p99"));
        if errors.is_nan() || p99.is_nan() {
            Measurement::Error
        } else if errors <= 0.01 && p99 <= 500.0 {
            Measurement::Success
        } else {
            Measurement::Failure
        }
    }

    fn argo(&self) -> Measurement {
        let errors = self.last("errors");
        Argo::measure(Some(errors), Some(|it: f64| it <= 0.05), None::<fn(f64) -> bool>)
    }
}

impl Minute {
    /// NaN where there was nothing.
    fn close(mut self) -> Vec<(String, f64)> {
        let share =
            |hits: u64| if self.requests == 0 { f64::NAN } else { hits as f64 / self.requests as f64 };
        let more: Vec<_> = self.more.iter().map(|(name, hits)| (name.clone(), share(*hits))).collect();
        let rate = share(self.errors);
        let always = [("errors", rate), ("p50", self.quantile(0.5)), ("p99", self.quantile(0.99))];
        always.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(more).collect()
    }

    fn quantile(&mut self, share: f64) -> f64 {
        let n = self.latency.len();
        if n == 0 {
            return f64::NAN;
        }
        let place = ((n as f64 * share).ceil() as usize).clamp(1, n) - 1;
        *self.latency.select_nth_unstable_by(place, f64::total_cmp).1
    }
}
