//! The judge of a canary over several metrics and instances: observation lines in, one answer out.
//!
//! Start at [`Analysis`]. The method is described in `docs/analysis.md`; in short:
//!
//! - Every metric is one or several *channels*, each the share of one arm's units that were hit (requests that failed,
//!   took longer than a frozen threshold, converted) or a count of events. A channel gathers an e-process block by block
//!   with the kernel of [`crate`], against "not worse than `margin`".
//! - The e-values are averaged by weight over channels and metrics, which needs no assumption on how they depend on each
//!   other, and compared with one over alpha's share. So alpha bounds the chance of a false rollback for the whole
//!   family of metrics, over all looks.
//! - Of alpha, [`MAIN_SHARE`](Config::MAIN_SHARE) goes to that, the rest in equal parts to the catastrophic test during
//!   warm-up and to the test of every single canary instance.

mod absolute;
mod alternatives;
mod answer;
mod assembly;
mod channel;
mod config;
mod distribution;
mod effect;
mod judge;
mod measure;
mod metric;
mod moments;
mod observation;
#[cfg(test)]
mod plain;
mod ratios;
mod reasons;
mod roster;
mod silence;
mod thresholds;
mod watch;

pub use answer::{Answer, Effect, MetricAnswer};
pub use config::{Baseline, Config, Direction, Exposure, InvalidConfig, Kind, MetricConfig};
pub use distribution::{Bounds, QuantileAnswer};
pub use judge::{Analysis, LineError};
pub use observation::{Arm, Buckets, InvalidObservation, Latency, Observation, Sample};
pub use watch::{Sensitivity, Watch};
