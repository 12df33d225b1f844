//! The known word that a writer most likely meant.

/// The nearest of `known`, when it is near enough to be a slip of the keys or of upper and lower case.
pub(super) fn nearest<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Longer than any word we know, and the comparison is quadratic.
    if written.len() > 64 {
        return None;
    }
    let folded = fold(written);
    let distance_max = (folded.chars().count() / 3).max(1);
    known
        .map(|it| (strsim::damerau_levenshtein(&folded, &fold(it)), it))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

/// `depends_on`, `depends-on` and `DependsOn` are all meant as `dependsOn`.
fn fold(word: &str) -> String {
    word.chars().filter(|it| !matches!(it, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["dependsOn", "drain", "owner", "tier"];
        for (written, meant) in [
            ("depends_on", Some("dependsOn")),
            ("onwer", Some("owner")),
            ("teir", Some("tier")),
            ("replicas", None),
        ] {
            assert_eq!(nearest(written, known.into_iter()), meant, "{written}");
        }
    }
}
