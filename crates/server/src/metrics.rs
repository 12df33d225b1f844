//! What the control plane says of itself, as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shipway_engine::State;
use shipway_model::effect::Performer;

use crate::app::App;
use crate::views;

/// Upper bounds of the buckets, in seconds. Long polls fill the last ones.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Requests that were answered, by operation and status.
#[derive(Default)]
pub(crate) struct Requests {
    series: Mutex<BTreeMap<(&'static str, u16), Series>>,
}

#[derive(Clone, Default)]
struct Series {
    count: u64,
    seconds: f64,
    /// At most as long as the bound, each including those before it.
    buckets: [u64; BOUNDS.len()],
}

impl Requests {
    pub(crate) fn count(&self, operation: &'static str, status: u16, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry((operation, status)).or_default();
        series.count += 1;
        series.seconds += seconds;
        for (bucket, _) in series.buckets.iter_mut().zip(BOUNDS).filter(|(_, bound)| seconds <= *bound) {
            *bucket += 1;
        }
    }

    fn render(&self, text: &mut Text) {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
        text.family(
            "shipway_http_request_seconds",
            "histogram",
            "Time to answer requests, by operation and status.",
        );
        for ((operation, status), series) in all {
            let labels = format!("operation=\"{operation}\",status=\"{status}\"");
            let finite = BOUNDS.map(|it| it.to_string()).into_iter().zip(series.buckets);
            for (bound, count) in finite.chain([("+Inf".to_owned(), series.count)]) {
                text.sample(
                    "shipway_http_request_seconds_bucket",
                    &format!("{labels},le=\"{bound}\""),
                    count,
                );
            }
            text.sample("shipway_http_request_seconds_sum", &labels, series.seconds);
            text.sample("shipway_http_request_seconds_count", &labels, series.count);
        }
    }
}

/// The whole page.
pub(crate) fn render(app: &App) -> String {
    let mut text = Text::default();
    text.gauge("shipway_ledger_events", "Events in the ledger.", app.runtime.head().size);
    {
        let state = app.runtime.state();
        render_rollouts(&state, &mut text);
        render_effects(&state, &mut text);
    }
    let streams = app.streams.available_permits();
    text.gauge("shipway_event_streams_free", "Event streams that may still be opened.", streams);
    if let Some(bytes) = resident_bytes() {
        text.gauge("process_resident_memory_bytes", "Memory of the process.", bytes);
    }
    app.requests.render(&mut text);
    text.0
}

fn render_rollouts(state: &State, text: &mut Text) {
    let mut phases = BTreeMap::<_, u64>::new();
    for rollout in state.rollouts.live.values().filter(|it| !it.has_ended()) {
        *phases.entry(views::rollout::phase(state, rollout).word()).or_default() += 1;
    }
    text.family("shipway_rollouts", "gauge", "Rollouts that have not ended, by phase.");
    for (phase, count) in phases {
        text.sample("shipway_rollouts", &format!("phase=\"{phase}\""), count);
    }
}

fn render_effects(state: &State, text: &mut Text) {
    let mut wanted = BTreeMap::from([("agent", 0_u64), ("server", 0)]);
    for rollout in shipway_engine::live_rollouts(state) {
        for effect in shipway_engine::effects(state, rollout) {
            let performer = match effect.performer {
                Performer::Server => "server",
                Performer::Agent(_) => "agent",
            };
            *wanted.entry(performer).or_default() += 1;
        }
    }
    text.family("shipway_effects", "gauge", "Effects that are to be performed now, by who performs them.");
    for (performer, count) in wanted {
        text.sample("shipway_effects", &format!("performer=\"{performer}\""), count);
    }
}

/// From `/proc`; nothing where there is none.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("texts take everything");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        writeln!(self.0, "{name}{{{labels}}} {value}").expect("texts take everything");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        writeln!(self.0, "{name} {value}").expect("texts take everything");
    }
}
