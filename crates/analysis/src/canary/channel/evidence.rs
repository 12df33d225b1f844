//! One view of one question: what the blocks so far say about it.

use crate::evidence::log_mean;
use crate::grid::Chances;

use super::super::absolute::{self, Difference};
use super::super::alternatives::{Alternatives, POINTS_MAX};
use super::super::ratios::{Ratios, log_sum};
use super::Start;

/// Likelihood ratios per alternative ratio, and their logarithms per alternative difference.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) ratios: Ratios,
    differences: Vec<f64>,
    /// Since when the evidence of each ratio has gathered, in a watch.
    pub(super) since: Vec<f64>,
}

impl Evidence {
    /// About these ratios, and about the difference if one is declared.
    pub(super) fn none(ratios: &Alternatives, difference: Option<&Difference>, is_watch: bool) -> Self {
        // A watch has spent nothing yet; a test has started.
        let log = if is_watch { f64::NEG_INFINITY } else { 0.0 };
        let (n_ratios, n_differences) = (ratios.len(), difference.map_or(0, Difference::len));
        let since = if is_watch { vec![0.0; n_ratios] } else { Vec::new() };
        Self { ratios: Ratios::new(n_ratios, log), differences: vec![log; n_differences], since }
    }

    /// Adds a block: its chances under the null and the alternatives, and the logarithms of the ratios of differences.
    pub(super) fn add(
        &mut self,
        chances: Chances,
        alternatives: &Alternatives,
        differences: &[f64],
        start: Start,
    ) {
        if let Start::Anytime { log_share, t } = start {
            let since = &mut self.since;
            self.ratios.restart(log_share, alternatives, |idx| since[idx] = t);
            for sum in &mut self.differences {
                *sum = log_sum(*sum, log_share);
            }
        }
        self.ratios.add(chances, alternatives);
        for (sum, it) in self.differences.iter_mut().zip(differences) {
            *sum += it;
        }
    }

    /// Logarithm of the e-value against "within the ratio, or within the difference": both have to be ruled out.
    pub(super) fn log_against_both(&self, alternatives: &Alternatives) -> f64 {
        let of_ratio = self.log_of_ratio(alternatives);
        if self.differences.is_empty() {
            return of_ratio;
        }
        of_ratio.min(absolute::log_e_value(&self.differences))
    }

    /// Logarithm of the e-value against "great in ratio, and in difference": what speaks against either speaks against it, and
    /// so does an average.
    pub(super) fn log_against_either(&self, alternatives: &Alternatives) -> f64 {
        let of_ratio = self.log_of_ratio(alternatives);
        if self.differences.is_empty() {
            return of_ratio;
        }
        log_mean([(0.5, of_ratio), (0.5, absolute::log_e_value(&self.differences))].into_iter())
    }

    /// A number that the latter does not exceed, and that costs next to nothing; none where a difference is declared.
    pub(super) fn ceiling(&self, alternatives: &Alternatives) -> f64 {
        if self.differences.is_empty() { self.ratios.ceiling(alternatives) } else { f64::INFINITY }
    }

    /// Logarithm of the mixture over the ratios.
    fn log_of_ratio(&self, alternatives: &Alternatives) -> f64 {
        let mut room = [0.0; POINTS_MAX];
        alternatives.log_e_value(self.ratios.logs(alternatives, &mut room))
    }
}
