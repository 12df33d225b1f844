//! CVSS 2.0 to 4.0: scores as documents give them, else computed from their vectors.

use cvss::Cvss as Vector;
use shipway_model::evidence::Cvss;

/// What a vector says. A vector that cannot be read is kept without a score.
pub(crate) fn of_vector(vector: &str) -> Option<Cvss> {
    of(None, Some(vector), None)
}

/// Puts together what a document gives; `None` if that is neither a vector nor a score.
///
/// A score outside of 0 to 10 is none. The version is read from the vector and only else taken from `version`.
pub(crate) fn of(version: Option<&str>, vector: Option<&str>, score: Option<f64>) -> Option<Cvss> {
    // Red Hat's and Debian's version 2 vectors come in parentheses, some with the score before them.
    let vector =
        vector.map(|it| it.trim().trim_start_matches('(').trim_end_matches(')')).filter(|it| !it.is_empty());
    let stated = score.filter(|it| (0.0..=10.0).contains(it));
    if vector.is_none() && stated.is_none() {
        return None;
    }
    let parsed = vector.and_then(|it| it.parse::<Vector>().ok());
    let version = match &parsed {
        Some(Vector::CvssV20(_)) => "2.0",
        Some(Vector::CvssV30(_)) => "3.0",
        Some(Vector::CvssV31(_)) => "3.1",
        Some(Vector::CvssV40(_)) => "4.0",
        _ => version.unwrap_or_default(),
    };
    Some(Cvss {
        version: version.to_owned(),
        vector: vector.map(str::to_owned),
        score: stated.or_else(|| parsed.map(|it| it.score())),
    })
}

/// The one with the highest version, and among equals the first; one without a score only where no other is.
pub(crate) fn newest(candidates: impl IntoIterator<Item = Cvss>) -> Option<Cvss> {
    candidates.into_iter().reduce(|best, next| {
        let rank = |it: &Cvss| (it.score.is_some(), it.version.clone());
        if rank(&next) > rank(&best) { next } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of FIRST's published examples: CVE-2002-0392 of the version 2 guide, CVE-2014-0160 and CVE-2014-6271
    /// of the 3.x examples, CVE-2022-41741 and CVE-2021-44228 of the 4.0 examples.
    #[test]
    fn scores_are_those_of_the_published_examples() {
        let check = |vector: &str, version: &str, score: f64| {
            let read = of_vector(vector).unwrap();
            assert_eq!((read.version.as_str(), read.score), (version, Some(score)), "{vector}");
        };
        check("AV:N/AC:L/Au:N/C:N/I:N/A:C", "2.0", 7.8);
        check("(AV:N/AC:L/Au:N/C:N/I:N/A:C)", "2.0", 7.8);
        check("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "3.0", 7.5);
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", 9.8);
        check("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.3);
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "4.0", 10.0);
    }

    #[test]
    fn what_the_document_states_stands() {
        let stated =
            of(Some("3.1"), Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), Some(9.1)).unwrap();
        assert_eq!(stated.score, Some(9.1));
        assert_eq!(of(None, Some("CVSS:3.1/AV:broken"), None).unwrap().score, None);
        assert_eq!(of(Some("3.1"), None, Some(1e300)), None);
        assert_eq!(of(Some("3.1"), Some(" "), None), None);
    }

    #[test]
    fn the_newest_version_with_a_score_is_taken() {
        let two = of_vector("AV:N/AC:L/Au:N/C:N/I:N/A:C").unwrap();
        let three = of_vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").unwrap();
        let broken = of(Some("4.0"), Some("CVSS:4.0/AV:broken"), None).unwrap();
        assert_eq!(newest([two, three.clone(), broken]).unwrap(), three);
    }
}
