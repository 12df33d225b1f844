//! Many comparisons at once.

/// Which of these p-values are discoveries, so that of all discoveries at most the share `rate` is expected to be false
/// (Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995). It holds for independent tests and
/// for those that rise and fall together (Benjamini & Yekutieli 2001); a p-value that is no number is none.
pub fn discoveries(p_values: &[f64], rate: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = p_values.iter().copied().filter(|it| !it.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let is_under = |&(idx, p): &(usize, &f64)| *p <= rate * (idx + 1) as f64 / n;
    let limit = sorted.iter().enumerate().rfind(is_under).map(|(_, p)| *p);
    p_values.iter().map(|p| limit.is_some_and(|limit| *p <= limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_the_example_of_the_paper() {
        // Section 3.2: 15 comparisons, of which the first four are discoveries at 5 %.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0000,
        ];
        let found = discoveries(&p_values, 0.05);
        assert_eq!(found.iter().filter(|it| **it).count(), 4);
        assert!(found[..4].iter().all(|it| *it));
    }

    #[test]
    fn a_step_up_takes_along_what_is_above_its_own_line() {
        assert_eq!(discoveries(&[0.04, 0.03, f64::NAN], 0.05), [true, true, false]);
        assert!(discoveries(&[], 0.05).is_empty());
    }
}
