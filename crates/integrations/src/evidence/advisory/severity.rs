//! The words that tools have for how bad something is.

use shipway_model::evidence::Severity;

/// Reads a rating in words, in any case.
///
/// `important` and `moderate` are the words of Red Hat and npm. `negligible` is Debian's and Ubuntu's: an issue all
/// the same, so it is low. `info` rates what is no vulnerability. Whatever is not known is
/// [`Severity::Unknown`], which no gate takes for harmless.
pub(crate) fn of_word(word: &str) -> Severity {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "important" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" | "negligible" | "minor" => Severity::Low,
        "none" | "info" | "informational" => Severity::None,
        _ => Severity::Unknown,
    }
}

/// The words where they say something, else the band of the score.
pub(crate) fn of(word: Option<&str>, score: Option<f64>) -> Severity {
    match (word.map(of_word), score) {
        (Some(Severity::Unknown) | None, Some(score)) => Severity::of_score(score),
        (rated, _) => rated.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_before_scores() {
        assert_eq!(of(Some("MODERATE"), Some(9.8)), Severity::Medium);
        assert_eq!(of(Some("UNKNOWN"), Some(9.8)), Severity::Critical);
        assert_eq!(of(None, Some(0.0)), Severity::None);
        assert_eq!(of(Some("fatal"), None), Severity::Unknown);
        assert_eq!(of(None, None), Severity::Unknown);
    }
}
