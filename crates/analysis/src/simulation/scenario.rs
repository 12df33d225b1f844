//! What happens in the hour after a deployment.

use serde::{Deserialize, Serialize};

use crate::canary::{Arm, Config, Kind, MetricConfig, Watch};

/// One world: usual traffic, what both sides share, how instances differ, and what canary does worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub summary: String,
    pub traffic: Traffic,
    pub weather: Weather,
    /// Standard deviations between instances of the logarithms of their error rate and latency.
    pub spread: (f64, f64),
    /// The side of which one instance has three times the errors and one and a half the latency.
    pub noisy: Option<Arm>,
    /// So many seconds canary starts cold: five times the errors, and latency that falls from three times.
    pub cold_s: f64,
    pub regression: Regression,
    /// Chance of each line to be lost.
    pub lost: f64,
    /// Seconds after which canary reports no more.
    pub silent_from_s: Option<f64>,
    /// Whether lines tell latency.
    pub times: bool,
    /// So many further metrics, each of which counts [`MORE_SHARE`] of the requests on both sides.
    pub more: u32,
    /// Our judge's configuration.
    pub config: Config,
}

/// Both arms while nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    pub control_per_s: f64,
    pub canary_per_s: f64,
    pub control_instances: u32,
    pub canary_instances: u32,
    /// Share of requests that fail.
    pub errors: f64,
    pub latency_p50_ms: f64,
    pub latency_p99_ms: f64,
    pub duration_s: f64,
    pub block_s: f64,
}

/// What both sides share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Steady,
    /// Over the hour traffic rises 2.5 times, errors 3 times, latency 1.3 times.
    Drift,
    /// Twice for two minutes 2 % errors and double latency.
    Incident,
    /// Once a day traffic rises 2.5 times, errors 3 times, latency 1.3 times, and back.
    Day,
    /// The same, and after the first day a weekend with two fifths of the traffic.
    Week,
}

/// What canary does worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Regression {
    None,
    /// Share of requests that fail.
    Errors(f64),
    /// The same, of one instance alone.
    BrokenInstance(f64),
    /// Everything takes so many times as long.
    Whole(f64),
    /// The slowest twentieth takes so many times as long.
    Tail(f64),
    /// This share of requests takes eight times as long.
    Bimodal(f64),
    /// Over the whole time errors rise to this share, latency to so many times.
    Leak(f64, f64),
    /// From so many seconds on errors rise to this share, over so many seconds.
    Later {
        errors: f64,
        from_s: f64,
        over_s: f64,
    },
}

/// How one instance behaves at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conditions {
    pub(super) errors: f64,
    /// What of `errors` is canary's own fault.
    pub(super) errors_beyond_usual: f64,
    pub(super) slower: f64,
    pub(super) tail_slower: f64,
    pub(super) bimodal: f64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            control_per_s: 50.0,
            canary_per_s: 50.0,
            control_instances: 5,
            canary_instances: 5,
            errors: 0.001,
            latency_p50_ms: 80.0,
            latency_p99_ms: 386.0,
            duration_s: 3600.0,
            block_s: 10.0,
        }
    }
}

impl Traffic {
    /// # Errors
    /// The first field that is out of its range, in words.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, least: f64, greatest: f64| {
            if (least..=greatest).contains(&value) {
                Ok(())
            } else {
                Err(format!("`{name}` is {value}; it goes from {least} to {greatest}"))
            }
        };
        within("control_per_s", self.control_per_s, 0.001, 1e5)?;
        within("canary_per_s", self.canary_per_s, 0.001, 1e5)?;
        within("control_instances", self.control_instances.into(), 1.0, 1000.0)?;
        within("canary_instances", self.canary_instances.into(), 1.0, 1000.0)?;
        within("errors", self.errors, 0.0, 0.5)?;
        within("latency_p50_ms", self.latency_p50_ms, 0.001, 1e6)?;
        within("latency_p99_ms", self.latency_p99_ms, self.latency_p50_ms, 1e7)?;
        within("block_s", self.block_s, 1.0, 3600.0)?;
        within("duration_s", self.duration_s, self.block_s, 7.0 * 86_400.0)
    }
}

impl Scenario {
    pub fn new(name: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            summary: summary.to_owned(),
            traffic: Traffic::default(),
            weather: Weather::Steady,
            spread: (0.0, 0.0),
            noisy: None,
            cold_s: 0.0,
            regression: Regression::None,
            lost: 0.0,
            silent_from_s: None,
            times: true,
            more: 0,
            config: Config { early_promotion: false, ..Config::default() },
        }
    }

    fn worse(name: &str, summary: &str, regression: Regression) -> Self {
        Self { regression, ..Self::new(name, summary) }
    }

    /// Whether a rollback would be wrong.
    pub fn is_null(&self) -> bool {
        self.regression == Regression::None && self.silent_from_s.is_none()
    }

    /// When the harm, or the silence, begins.
    pub(super) fn onset_s(&self) -> f64 {
        if let Regression::Later { from_s, .. } = self.regression {
            return from_s;
        }
        self.silent_from_s.unwrap_or(0.0)
    }

    /// How many times the usual traffic there is.
    pub(super) fn busier(&self, t_s: f64) -> f64 {
        match self.weather {
            Weather::Drift => 1.0 + 1.5 * self.progress(t_s),
            Weather::Day => 1.0 + 1.5 * noon(t_s),
            Weather::Week if t_s >= DAY_S => 0.4 * (1.0 + 1.5 * noon(t_s)),
            Weather::Week => 1.0 + 1.5 * noon(t_s),
            Weather::Steady | Weather::Incident => 1.0,
        }
    }

    fn progress(&self, t_s: f64) -> f64 {
        t_s / self.traffic.duration_s
    }

    pub(super) fn conditions(&self, t_s: f64, arm: Arm, instance: u32) -> Conditions {
        let (mut errors, mut slower) = (self.traffic.errors, 1.0);
        match self.weather {
            Weather::Steady => {}
            Weather::Drift | Weather::Day | Weather::Week => {
                let height = if self.weather == Weather::Drift { self.progress(t_s) } else { noon(t_s) };
                errors *= 1.0 + 2.0 * height;
                slower *= 1.0 + 0.3 * height;
            }
            Weather::Incident => {
                if [(900.0, 1020.0), (2400.0, 2520.0)].iter().any(|(from, to)| (*from..*to).contains(&t_s)) {
                    (errors, slower) = (0.02, 2.0);
                }
            }
        }
        let usual = Conditions { errors, errors_beyond_usual: 0.0, slower, tail_slower: 1.0, bimodal: 0.0 };
        if arm == Arm::Control {
            return usual;
        }
        if t_s < self.cold_s {
            return Conditions {
                errors: 5.0 * errors,
                slower: slower * (3.0 - 2.0 * t_s / self.cold_s),
                ..usual
            };
        }
        let failing = |share: f64| Conditions { errors: share, errors_beyond_usual: share - errors, ..usual };
        match self.regression {
            Regression::None => usual,
            Regression::Errors(share) => failing(share),
            Regression::BrokenInstance(share) if instance == 0 => failing(share),
            Regression::BrokenInstance(_) => usual,
            Regression::Whole(times) => Conditions { slower: slower * times, ..usual },
            Regression::Tail(times) => Conditions { tail_slower: times, ..usual },
            Regression::Bimodal(share) => Conditions { bimodal: share, ..usual },
            Regression::Later { errors: share, from_s, over_s } => {
                let progress = if t_s < from_s { 0.0 } else { ((t_s - from_s) / over_s.max(1.0)).min(1.0) };
                failing(errors + (share - errors) * progress)
            }
            Regression::Leak(share, times) => {
                let progress = self.progress(t_s);
                let leaking = failing(errors + (share - errors) * progress);
                Conditions { slower: slower * (1.0 + (times - 1.0) * progress), ..leaking }
            }
        }
    }
}

/// Of the requests that one of the further metrics counts.
pub(super) const MORE_SHARE: f64 = 0.01;

/// The name of the further metric of this number.
pub(super) fn more_name(idx: u32) -> String {
    format!("more-{idx}")
}

const DAY_S: f64 = 86_400.0;

/// From zero at midnight, when time begins, to one at noon.
fn noon(t_s: f64) -> f64 {
    (1.0 - (std::f64::consts::TAU * t_s / DAY_S).cos()) / 2.0
}

/// The table: harmless canaries first, then harmful ones.
pub fn scenarios() -> Vec<Scenario> {
    use Regression::{Bimodal, BrokenInstance, Errors, Leak, Tail, Whole};
    let new = Scenario::new;
    let worse = Scenario::worse;
    let low = Traffic {
        control_per_s: 0.5,
        canary_per_s: 0.5,
        control_instances: 1,
        canary_instances: 1,
        errors: 0.005,
        ..Traffic::default()
    };
    let small = Traffic { control_per_s: 47.5, canary_per_s: 2.5, canary_instances: 1, ..Traffic::default() };
    let warm = Config { warm_up_s: 300.0, early_promotion: false, ..Config::default() };
    vec![
        new("steady", "both sides alike"),
        Scenario {
            weather: Weather::Drift,
            ..new("drift", "traffic, errors and latency rise on both sides")
        },
        Scenario {
            weather: Weather::Incident,
            ..new("incident", "twice two minutes of trouble on both sides")
        },
        Scenario {
            spread: (0.15, 0.02),
            ..new("differing", "instances differ by 15 % in errors, 2 % in latency")
        },
        Scenario {
            noisy: Some(Arm::Control),
            ..new("noisy-control", "one of control's five instances is worse")
        },
        Scenario {
            noisy: Some(Arm::Canary),
            ..new("noisy-canary", "one of canary's five instances is worse")
        },
        Scenario { traffic: low, ..new("low-traffic", "half a request per second and side, 0.5 % errors") },
        Scenario { cold_s: 180.0, config: warm, ..new("cold-start", "canary starts cold for three minutes") },
        many_metrics(20),
        worse("errors-0.15", "0.1 % to 0.15 % errors", Errors(0.0015)),
        worse("errors-0.2", "0.1 % to 0.2 % errors", Errors(0.002)),
        worse("errors-0.5", "0.1 % to 0.5 % errors", Errors(0.005)),
        worse("errors-1", "0.1 % to 1 % errors", Errors(0.01)),
        worse("errors-5", "0.1 % to 5 % errors", Errors(0.05)),
        worse("tail-1.10", "the slowest twentieth 1.1 times slower", Tail(1.1)),
        worse("tail-1.25", "the slowest twentieth 1.25 times slower", Tail(1.25)),
        worse("whole-1.05", "everything 1.05 times slower", Whole(1.05)),
        worse("whole-1.10", "everything 1.1 times slower", Whole(1.1)),
        worse("bimodal", "0.5 % of requests eight times slower", Bimodal(0.005)),
        worse("leak", "errors to 1 %, latency to 1.3 times, over the hour", Leak(0.01, 1.3)),
        Scenario {
            traffic: low,
            ..worse("low-traffic-5", "half a request per second, 0.5 % to 5 %", Errors(0.05))
        },
        Scenario {
            traffic: small,
            ..worse("small-canary", "5 % of the traffic, 0.1 % to 1 %", Errors(0.01))
        },
        Scenario { lost: 0.3, ..worse("scrapes-lost", "30 % of lines lost, 0.1 % to 1 %", Errors(0.01)) },
        worse("broken-instance", "one canary instance of five with 5 % errors", BrokenInstance(0.05)),
        Scenario {
            silent_from_s: Some(60.0),
            ..new("telemetry-lost", "canary reports nothing after the first minute")
        },
    ]
}

/// Whoever looks at many metrics finds one of them worse by chance, unless all of them share one bound.
fn many_metrics(more: u32) -> Scenario {
    let further = (0..more).map(|idx| MetricConfig::new(&more_name(idx), Kind::Proportion));
    let metrics = Config::default().metrics.into_iter().chain(further).collect();
    let config = Config { early_promotion: false, metrics, ..Config::default() };
    let summary = format!("both sides alike, {more} further metrics of 1 % of the requests");
    Scenario { more, config, ..Scenario::new("many-metrics", &summary) }
}

/// Watches of 72 hours beside a holdback of 5 % of the traffic, on errors alone; whatever goes wrong does so after a day.
pub fn watches() -> Vec<Scenario> {
    let later = |errors, hours| Regression::Later { errors, from_s: 86_400.0, over_s: hours * 3600.0 };
    let watch = |name: &str, summary: &str, regression| Scenario {
        traffic: Traffic {
            control_per_s: 2.5,
            canary_per_s: 47.5,
            control_instances: 1,
            duration_s: 72.0 * 3600.0,
            block_s: 60.0,
            ..Traffic::default()
        },
        regression,
        times: false,
        config: Config {
            watch: Some(Watch::default()),
            metrics: vec![MetricConfig { critical: true, ..MetricConfig::new("errors", Kind::Proportion) }],
            ..Config::default()
        },
        ..Scenario::new(name, summary)
    };
    vec![
        watch("watch-quiet", "72 hours in which nothing happens", Regression::None),
        Scenario {
            weather: Weather::Incident,
            ..watch("watch-incident", "72 hours with incidents on both sides", Regression::None)
        },
        Scenario {
            weather: Weather::Day,
            ..watch("watch-day", "72 hours with days and nights", Regression::None)
        },
        Scenario {
            weather: Weather::Week,
            ..watch("watch-week", "72 hours, a weekend of less traffic among them", Regression::None)
        },
        Scenario {
            weather: Weather::Drift,
            ..watch("watch-drift", "72 hours in which everything rises", Regression::None)
        },
        watch("watch-step-1.5", "after a day errors are 1.5 times as many", later(0.0015, 0.0)),
        watch("watch-step", "after a day errors double", later(0.002, 0.0)),
        watch("watch-step-10", "after a day errors are ten times as many", later(0.01, 0.0)),
        watch("watch-leak-2", "after a day errors double over 12 hours", later(0.002, 12.0)),
        watch(
            "watch-leak",
            "after a day errors rise to five times as many over 12 hours",
            later(0.005, 12.0),
        ),
        watch(
            "watch-creep",
            "after a day errors rise to three times as many over two days",
            later(0.003, 48.0),
        ),
    ]
}
