//! Static thresholds, after the documented rules of Argo Rollouts and Flagger.

/// How one measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measurement {
    Success,
    Failure,
    /// Neither condition held.
    Inconclusive,
    /// The query failed, or there was no data.
    Error,
}

/// What an analysis has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Running,
    Successful,
    Failed,
    Inconclusive,
    Error,
}

/// Argo Rollouts' limits on the number of bad measurements.
#[derive(Debug, Clone, Copy)]
pub struct ArgoLimits {
    /// More failures than this fail; 0.
    pub failures: u32,
    /// More inconclusive measurements than this are inconclusive; 0.
    pub inconclusive: u32,
    /// More errors in a row than this are an error; 4.
    pub consecutive_errors: u32,
    /// So many measurements without a violation succeed; none goes on.
    pub count: Option<u32>,
}

impl Default for ArgoLimits {
    fn default() -> Self {
        Self { failures: 0, inconclusive: 0, consecutive_errors: 4, count: None }
    }
}

/// Argo Rollouts' count of measurements.
#[derive(Debug, Clone, Copy)]
pub struct Argo {
    limits: ArgoLimits,
    n_taken: u32,
    n_failed: u32,
    n_inconclusive: u32,
    n_errors_in_a_row: u32,
}

impl Argo {
    pub fn new(limits: ArgoLimits) -> Self {
        Self { limits, n_taken: 0, n_failed: 0, n_inconclusive: 0, n_errors_in_a_row: 0 }
    }

    /// Judges a value by the conditions that are declared: failure wins; without a failure condition, failure is not to
    /// succeed; when both are declared and neither holds, the measurement is inconclusive.
    pub fn measure(
        value: Option<f64>,
        success: Option<impl Fn(f64) -> bool>,
        failure: Option<impl Fn(f64) -> bool>,
    ) -> Measurement {
        let Some(value) = value.filter(|it| !it.is_nan()) else { return Measurement::Error };
        match (success.map(|it| it(value)), failure.map(|it| it(value))) {
            (_, Some(true)) | (Some(false), None) => Measurement::Failure,
            (Some(true), _) | (None, Some(false) | None) => Measurement::Success,
            (Some(false), Some(false)) => Measurement::Inconclusive,
        }
    }

    /// Takes in a measurement. Errors go before inconclusive ones, and those before failures.
    pub fn observe(&mut self, measurement: Measurement) -> Phase {
        self.n_taken += u32::from(measurement != Measurement::Error);
        self.n_errors_in_a_row =
            if measurement == Measurement::Error { self.n_errors_in_a_row + 1 } else { 0 };
        self.n_failed += u32::from(measurement == Measurement::Failure);
        self.n_inconclusive += u32::from(measurement == Measurement::Inconclusive);
        if self.n_errors_in_a_row > self.limits.consecutive_errors {
            Phase::Error
        } else if self.n_inconclusive > self.limits.inconclusive {
            Phase::Inconclusive
        } else if self.n_failed > self.limits.failures {
            Phase::Failed
        } else if self.limits.count.is_some_and(|count| self.n_taken >= count) {
            Phase::Successful
        } else {
            Phase::Running
        }
    }
}

/// Flagger: every interval with a breach, a failed query or no data counts; so many of them take the canary back.
#[derive(Debug, Clone, Copy)]
pub struct Flagger {
    pub threshold: u32,
    n_failed: u32,
}

impl Flagger {
    pub fn new(threshold: u32) -> Self {
        Self { threshold, n_failed: 0 }
    }

    /// Whether the canary is to be taken back.
    pub fn observe(&mut self, measurement: Measurement) -> bool {
        self.n_failed += u32::from(measurement != Measurement::Success);
        self.n_failed >= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::Measurement::{Error, Failure, Inconclusive, Success};
    use super::*;

    fn check(limits: ArgoLimits, measurements: &[Measurement], expect: Phase) {
        let mut argo = Argo::new(limits);
        let last = measurements.iter().fold(Phase::Running, |_, &it| argo.observe(it));
        assert_eq!(last, expect, "{measurements:?}");
    }

    #[test]
    fn argo_counts_to_its_limits() {
        check(
            ArgoLimits { failures: 2, ..ArgoLimits::default() },
            &[Failure, Success, Failure],
            Phase::Running,
        );
        check(
            ArgoLimits { failures: 2, ..ArgoLimits::default() },
            &[Failure, Failure, Failure],
            Phase::Failed,
        );
        check(ArgoLimits::default(), &[Inconclusive], Phase::Inconclusive);
        check(ArgoLimits::default(), &[Error, Error, Error, Error, Success, Error], Phase::Running);
        check(ArgoLimits::default(), &[Error; 5], Phase::Error);
        check(
            ArgoLimits { count: Some(2), ..ArgoLimits::default() },
            &[Success, Error, Success],
            Phase::Successful,
        );
    }

    #[test]
    fn argo_measures_by_what_is_declared() {
        let least = |it: f64| it >= 0.95;
        let worst = |it: f64| it < 0.90;
        let none = None::<fn(f64) -> bool>;
        assert_eq!(Argo::measure(Some(0.94), Some(least), none), Failure);
        assert_eq!(Argo::measure(Some(0.94), none, Some(worst)), Success);
        assert_eq!(Argo::measure(Some(0.94), Some(least), Some(worst)), Inconclusive);
        assert_eq!(Argo::measure(Some(0.5), Some(least), Some(worst)), Failure);
        assert_eq!(Argo::measure(None, Some(least), none), Error);
    }

    #[test]
    fn flagger_counts_whatever_is_no_success() {
        let mut flagger = Flagger::new(3);
        let taken_back: Vec<bool> =
            [Failure, Success, Error, Success, Failure].map(|it| flagger.observe(it)).to_vec();
        assert_eq!(taken_back, [false, false, false, false, true]);
    }
}
