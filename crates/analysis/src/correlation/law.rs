//! How a count is distributed over rearrangements.

/// The chance of each count from zero on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Law {
    chances: Vec<f64>,
}

/// Sums of chances are compared with that much room for rounding: rearrangements that are as extreme as the record must
/// not be lost.
const ROUNDING: f64 = 1e-12;

impl Law {
    /// Nothing but zero.
    pub(super) fn zero() -> Self {
        Self { chances: vec![1.0] }
    }

    /// Each of these counts is as likely as any other.
    pub(super) fn of(counts: &[u64]) -> Self {
        let greatest = counts.iter().copied().max().unwrap_or(0);
        let mut chances = vec![0.0; greatest as usize + 1];
        for count in counts {
            chances[*count as usize] += 1.0 / counts.len() as f64;
        }
        Self { chances }
    }

    /// The sum of two independent counts.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut chances = vec![0.0; self.chances.len() + other.chances.len() - 1];
        for (count, chance) in self.chances.iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
            for (more, other) in other.chances.iter().enumerate() {
                chances[count + more] += chance * other;
            }
        }
        Self { chances }
    }

    pub(super) fn mean(&self) -> f64 {
        self.chances.iter().enumerate().map(|(count, chance)| count as f64 * chance).sum()
    }

    pub(super) fn at_least(&self, count: u64) -> f64 {
        let tail: f64 = self.chances.iter().skip(count as usize).sum();
        (tail + ROUNDING).min(1.0)
    }

    pub(super) fn at_most(&self, count: u64) -> f64 {
        let tail: f64 = self.chances.iter().take(count as usize + 1).sum();
        (tail + ROUNDING).min(1.0)
    }

    /// Twice the smaller tail.
    pub(super) fn either_way(&self, count: u64) -> f64 {
        (2.0 * self.at_least(count).min(self.at_most(count))).min(1.0)
    }

    /// The chance of the greatest count, which is the least that the upper tail can be.
    pub(super) fn least_upper_tail(&self) -> f64 {
        self.chances.iter().rev().copied().find(|it| *it > 0.0).unwrap_or(1.0)
    }

    pub(super) fn least_lower_tail(&self) -> f64 {
        self.chances.iter().copied().find(|it| *it > 0.0).unwrap_or(1.0)
    }

    /// ln E[ratio^count].
    pub(super) fn log_moment(&self, ratio: f64) -> f64 {
        let log_ratio = ratio.ln();
        crate::evidence::log_mean(
            self.chances.iter().enumerate().map(|(count, chance)| (*chance, count as f64 * log_ratio)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_dice_are_as_everybody_knows() {
        let die = Law::of(&[1, 2, 3, 4, 5, 6]);
        let two = die.plus(&die);
        assert!((two.at_least(11) - 3.0 / 36.0).abs() < 1e-9 && (two.at_most(2) - 1.0 / 36.0).abs() < 1e-9);
        assert!((two.mean() - 7.0).abs() < 1e-12 && (two.either_way(12) - 2.0 / 36.0).abs() < 1e-9);
        assert!((two.least_upper_tail() - 1.0 / 36.0).abs() < 1e-12);
        // (2 + 4 + 8 + 16 + 32 + 64) / 6 = 21.
        assert!((die.log_moment(2.0) - 21.0_f64.ln()).abs() < 1e-12);
        assert_eq!(Law::zero().plus(&die), die);
    }
}
