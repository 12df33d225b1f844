//! The watch after a deployment: the same evidence, of changes that may begin at any time.
//!
//! While a canary runs, the question is whether it has been worse from the start. Afterwards it is whether anything
//! became worse at some time. So each alternative's likelihood ratio may start with every block, the block being given a
//! part of the budget (Shin, Ramdas & Rinaldo, "E-detectors", 2023; Shiryaev's and Roberts's sum, with weights):
//! S ← (S + π)·LR. As the parts π add up to one, S and the parts not spent yet together are an e-process, and the chance
//! of any false alarm during the whole watch is at most alpha.
//!
//! The written rule by which sensitivity adapts: [`SPENDING`]. A change that begins while a greater part of the budget is
//! spent per second needs less evidence.

use serde::{Deserialize, Serialize};

/// A watch instead of a canary: nothing is promoted by it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Seconds from the first block to the end of the watch: 60 to 2,592,000; 259,200, which are 72 hours.
    pub duration_s: f64,
}

/// How sensitive a watch is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Seconds since the watch began, and until it ends.
    pub elapsed_s: f64,
    pub duration_s: f64,
    /// The chance of a false alarm that the whole watch may have, and what of it was spent on changes that began by now.
    pub budget: f64,
    pub spent: f64,
    /// Part of the budget per hour, spent on changes that begin now.
    pub budget_per_hour: f64,
}

/// Parts of the watch's first hours, and the part of the budget spent evenly until each: half of it in the 60 minutes of
/// the rollback window, half of the rest until six hours, what is left until the end. A shorter watch spends the same
/// parts within the same fractions of 72 hours.
const SPENDING: [(f64, f64); 3] = [(1.0 / 72.0, 0.5), (6.0 / 72.0, 0.75), (1.0, 1.0)];

impl Default for Watch {
    fn default() -> Self {
        Self { duration_s: 72.0 * 3600.0 }
    }
}

impl Watch {
    /// Logarithm of the part of the budget for changes that begin between these seconds of the watch.
    pub(super) fn log_share(&self, from_s: f64, to_s: f64) -> f64 {
        (self.spent(to_s) - self.spent(from_s)).max(0.0).ln()
    }

    pub(super) fn sensitivity(&self, alpha: f64, elapsed_s: f64) -> Sensitivity {
        let per_hour = self.spent(elapsed_s + 1.0) - self.spent(elapsed_s);
        Sensitivity {
            elapsed_s,
            duration_s: self.duration_s,
            budget: alpha,
            spent: alpha * self.spent(elapsed_s),
            budget_per_hour: alpha * per_hour * 3600.0,
        }
    }

    /// The part of the budget spent by so many seconds of the watch.
    fn spent(&self, elapsed_s: f64) -> f64 {
        let progress = (elapsed_s / self.duration_s).clamp(0.0, 1.0);
        let (mut from, mut spent) = (0.0, 0.0);
        for (to, spent_then) in SPENDING {
            if progress <= to {
                return spent + (spent_then - spent) * (progress - from) / (to - from);
            }
            (from, spent) = (to, spent_then);
        }
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_spent_by_the_written_rule_and_not_beyond() {
        let watch = Watch::default();
        for (hours, spent) in
            [(0.0, 0.0), (0.5, 0.25), (1.0, 0.5), (6.0, 0.75), (39.0, 0.875), (72.0, 1.0), (99.0, 1.0)]
        {
            assert!(
                (watch.spent(hours * 3600.0) - spent).abs() < 1e-12,
                "{hours}: {}",
                watch.spent(hours * 3600.0)
            );
        }
        let shares: f64 = (0..30_000)
            .map(|idx| watch.log_share(f64::from(idx) * 10.0, f64::from(idx + 1) * 10.0).exp())
            .sum();
        assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    }

    #[test]
    fn sensitivity_falls_after_the_first_hour() {
        let at = |hours: f64| Watch::default().sensitivity(0.01, hours * 3600.0).budget_per_hour;
        assert!((at(0.5) - 0.005).abs() < 1e-9 && (at(3.0) - 0.0005).abs() < 1e-9 && at(40.0) < 0.0001);
    }
}
