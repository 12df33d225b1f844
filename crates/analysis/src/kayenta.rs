//! The classical judge: Kayenta's configuration and metrics in, its classifications and scores out.
//!
//! It follows Kayenta's NetflixACAJudge figure by figure, faults included, so that teams can move and compare. The
//! faults that it keeps: it is not invariant to scale (its root finder stops at an absolute 1e-4), metrics that fail to
//! classify and up to half of them without data count as passed, nothing is paired in time, and looking often or at many
//! metrics inflates its false alarms. The judge of [`crate::canary`] has none of them.

mod brent;
mod classify;
mod mann_whitney;
mod score;
mod statistics;

pub use classify::{Classification, Label, Test, classify};
pub use mann_whitney::{Interval, shift_interval, wilcoxon_difference};
pub use score::{Group, Judgement, MetricResult, Verdict, judge, score};
pub use shipway_model::resource::kayenta::{
    AnalysisConfig, CanaryConfig, CanaryMetric, Classifier, Direction, EffectSize, Measure, NanStrategy,
    OutlierStrategy, Outliers, ScoreThresholds,
};
pub use statistics::{Summary, cles, mean_ratio, percentile, remove_outliers};
