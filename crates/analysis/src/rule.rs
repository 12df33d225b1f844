//! What a canary has to be, and how sure the judge must be of it.

/// The settings of the simple rule. Values outside of their range are moved to its nearest end, and those that are no
/// number count as the default, so that a judge always answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Chance of calling a canary harmful that is not worse than the margins, over the whole analysis: 1e-12 to 0.5.
    pub alpha: f64,
    /// Chance of calling a canary healthy that is as bad as `harm_odds`, over the whole analysis: 1e-12 to 0.5.
    pub beta: f64,
    /// Odds ratio (canary to control) of failing up to which a canary is not worse: 1 to 100.
    pub error_margin: f64,
    /// The same for the odds of exceeding a latency threshold: 1 to 100.
    pub latency_margin: f64,
    /// Odds ratio that a canary must be shown to stay under before it is called healthy: 1.01 to 1000.
    pub harm_odds: f64,
    /// Under so many canary requests a canary is never called healthy.
    pub requests_min: u64,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            beta: 0.05,
            error_margin: 1.1,
            latency_margin: 1.1,
            harm_odds: 2.0,
            requests_min: 50,
        }
    }
}

impl Rule {
    pub(crate) fn confined(self) -> Self {
        let default = Self::default();
        Self {
            alpha: confine(self.alpha, 1e-12, 0.5, default.alpha),
            beta: confine(self.beta, 1e-12, 0.5, default.beta),
            error_margin: confine(self.error_margin, 1.0, 100.0, default.error_margin),
            latency_margin: confine(self.latency_margin, 1.0, 100.0, default.latency_margin),
            harm_odds: confine(self.harm_odds, 1.01, 1000.0, default.harm_odds),
            requests_min: self.requests_min,
        }
    }
}

fn confine(value: f64, min: f64, max: f64, default: f64) -> f64 {
    if value.is_nan() { default } else { value.clamp(min, max) }
}
