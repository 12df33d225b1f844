//! The alternatives of one test, and how much each of them counts.

/// Ratios on one side of a null, each with the logarithm of its share in the mixture.
#[derive(Debug, Clone)]
pub(super) struct Alternatives {
    null: f64,
    odds: Vec<f64>,
    /// ln(odds/null).
    log_distances: Vec<f64>,
    log_shares: Vec<f64>,
}

/// No test has more alternatives.
pub(super) const POINTS_MAX: usize = 16;

impl Alternatives {
    /// `n_points` between the multiples `from` and `to` of `null`, whose distances to the null grow by one factor: the
    /// evidence that a point loses by standing beside the truth depends on how far beside in parts of that distance.
    /// `share` is the density that the mixture has at a distance, in the logarithm of the ratio.
    pub(super) fn new(
        null: f64,
        (from, to): (f64, f64),
        n_points: usize,
        share: impl Fn(f64) -> f64,
    ) -> Self {
        let (nearest, farthest) = (from.ln().abs(), to.ln().abs());
        let growth = (farthest / nearest).powf(1.0 / (n_points - 1) as f64);
        let distances = (0..n_points).map(|idx| nearest * growth.powi(idx as i32));
        let shares: Vec<f64> = distances.clone().map(|it| it * share(it)).collect();
        let sum: f64 = shares.iter().sum();
        let log_distances: Vec<f64> = distances.map(|it| it * from.ln().signum()).collect();
        Self {
            null,
            odds: log_distances.iter().map(|it| null * it.exp()).collect(),
            log_distances,
            log_shares: shares.into_iter().map(|it| (it / sum).ln()).collect(),
        }
    }

    /// Every point with the same share.
    pub(super) fn even(null: f64, range: (f64, f64), n_points: usize) -> Self {
        Self::new(null, range, n_points, |distance| 1.0 / distance)
    }

    pub(super) fn len(&self) -> usize {
        self.odds.len()
    }

    pub(super) fn log_distances(&self) -> &[f64] {
        &self.log_distances
    }

    /// The null, then the alternatives.
    pub(super) fn points(&self) -> Vec<f64> {
        std::iter::once(self.null).chain(self.odds.iter().copied()).collect()
    }

    /// Logarithm of the mixture of the alternatives' likelihood ratios.
    pub(super) fn log_e_value(&self, log_ratios: &[f64]) -> f64 {
        let greatest = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if greatest == f64::NEG_INFINITY {
            return greatest;
        }
        let sum: f64 =
            self.log_shares.iter().zip(log_ratios).map(|(share, it)| (share + it - greatest).exp()).sum();
        greatest + sum.ln()
    }

    /// Which points are within reach of the best one; rough logarithms are good enough.
    pub(super) fn are_hopeful(log_ratios: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = bool> {
        let best = log_ratios.clone().fold(f64::NEG_INFINITY, f64::max);
        log_ratios.map(move |it| it >= best - HOPELESS)
    }

    /// Where each point of `all` still stands here, if it was not given up.
    pub(super) fn places_of(&self, all: &Self) -> Vec<Option<usize>> {
        // Points are given up, and never moved.
        let place = |odds: &f64| self.odds.iter().position(|it| it.to_bits() == odds.to_bits());
        all.odds.iter().map(place).collect()
    }

    /// Gives up the other points. Their share is lost: what is left of a mixture is still an e-process.
    pub(super) fn keep(&mut self, is_kept: &[bool]) {
        keep(&mut self.odds, is_kept);
        keep(&mut self.log_distances, is_kept);
        keep(&mut self.log_shares, is_kept);
    }
}

/// Keeps the items whose mark is set.
pub(super) fn keep(items: &mut Vec<f64>, is_kept: &[bool]) {
    let mut marks = is_kept.iter();
    items.retain(|_| marks.next().copied().unwrap_or(true));
}

/// An alternative that is exp(100) times less likely than the best one is given up: it costs as much time as any other,
/// and by the time it could matter again its neighbours have decided.
const HOPELESS: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_from_end_to_end_on_their_side_of_the_null() {
        for (null, range) in [(1.1, (1.15, 60.0)), (2.0, (0.95, 0.25))] {
            let points = Alternatives::even(null, range, 7).points();
            assert_eq!(points.len(), 8);
            assert!((points[0] - null).abs() < 1e-12 && (points[1] - null * range.0).abs() < 1e-12);
            assert!((points[7] - null * range.1).abs() < 1e-9, "{points:?}");
        }
    }

    #[test]
    fn start_as_no_evidence_and_lose_the_share_of_what_is_given_up() {
        let mut alternatives = Alternatives::even(1.0, (1.5, 6.0), 4);
        assert!(alternatives.log_e_value(&[0.0; 4]).abs() < 1e-12);
        let logs = [0.0, -1.0, -101.0, -102.0];
        let hopeful: Vec<bool> = Alternatives::are_hopeful(logs.into_iter()).collect();
        assert_eq!(hopeful, [true, true, false, false]);
        let before = alternatives.log_e_value(&logs);
        alternatives.keep(&hopeful);
        let after = alternatives.log_e_value(&logs[..2]);
        assert!(after <= before && before - after < 1e-12, "{before} {after}");
    }
}
