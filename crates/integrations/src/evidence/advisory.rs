//! What the formats about vulnerabilities have in common: names, severities, scores and packages.

pub(crate) mod cvss;
pub(super) mod purl;
pub(crate) mod severity;

/// Most names of one vulnerability that are looked at.
const NAMES_MAX: usize = 100;

/// The most widely known of several names of one vulnerability, and the others in their order.
///
/// A CVE before a GHSA before any other; the first among equals. Names given twice count once.
pub(crate) fn name(names: impl IntoIterator<Item = String>) -> (String, Vec<String>) {
    let mut distinct: Vec<String> = Vec::new();
    for name in names.into_iter().take(NAMES_MAX) {
        if !name.is_empty() && !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    let known = |name: &String| match name {
        name if name.starts_with("CVE-") => 0,
        name if name.starts_with("GHSA-") => 1,
        _ => 2,
    };
    match (0..distinct.len()).min_by_key(|&idx| known(&distinct[idx])) {
        Some(idx) => (distinct.remove(idx), distinct),
        None => (String::new(), distinct),
    }
}

/// `CWE-79`, from the number or any of its spellings.
pub(crate) fn cwe(text: &str) -> Option<String> {
    let digits = text.trim().trim_start_matches(|it: char| !it.is_ascii_digit());
    let digits = &digits[..digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len())];
    (!digits.is_empty()).then(|| format!("CWE-{}", digits.trim_start_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_widely_known_name_comes_first() {
        let check = |names: &[&str], id: &str, aliases: &[&str]| {
            assert_eq!(
                name(names.iter().map(|it| (*it).to_owned())),
                (id.to_owned(), aliases.iter().map(|it| (*it).to_owned()).collect())
            );
        };
        check(&["RUSTSEC-2021-0003", "GHSA-x", "CVE-2021-1"], "CVE-2021-1", &["RUSTSEC-2021-0003", "GHSA-x"]);
        check(&["GHSA-x", "GHSA-x", "PYSEC-1"], "GHSA-x", &["PYSEC-1"]);
        check(&["TEMP-1"], "TEMP-1", &[]);
        check(&[], "", &[]);
    }

    #[test]
    fn classes_are_spelt_one_way() {
        for text in ["79", "CWE-79", "cwe-079", "CWE-79: Cross-site Scripting", "external/cwe/cwe-079"] {
            assert_eq!(cwe(text).as_deref(), Some("CWE-79"), "{text}");
        }
        assert_eq!(cwe("NVD-CWE-noinfo"), None);
    }
}
