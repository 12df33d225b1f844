//! How e-values are put together.

/// `ln Σ share·exp(log)`. E-values that speak about the same null may be averaged however they depend on each other
/// (Vovk & Wang, "E-values: calibration, combination and applications", 2021).
pub(crate) fn log_mean(weighted: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let greatest = weighted.clone().fold(f64::NEG_INFINITY, |max, (_, log)| max.max(log));
    if greatest == f64::NEG_INFINITY {
        return greatest;
    }
    greatest + weighted.map(|(share, log)| share * (log - greatest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_e_values_of_any_size() {
        assert!(
            (log_mean([(0.5, 2.0_f64.ln()), (0.5, 4.0_f64.ln())].into_iter()) - 3.0_f64.ln()).abs() < 1e-12
        );
        assert!(
            (log_mean([(0.5, 5000.0), (0.5, -5000.0)].into_iter()) - (5000.0 - 2.0_f64.ln())).abs() < 1e-9
        );
    }
}
