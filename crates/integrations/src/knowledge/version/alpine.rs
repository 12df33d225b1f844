//! Versions of Alpine's packages, as apk-tools 2.14 compares them: numbers, a letter, suffixes such as `_rc1` and `_p2`, `-r` and a
//! revision.

use std::cmp::Ordering;

use super::compare_digits;

/// In their order; nothing at all stands between `_rc` and `_cvs`.
const SUFFIXES: [(&str, i8); 9] = [
    ("alpha", -4),
    ("beta", -3),
    ("pre", -2),
    ("rc", -1),
    ("cvs", 1),
    ("svn", 2),
    ("git", 3),
    ("hg", 4),
    ("p", 5),
];

#[derive(Debug)]
pub(super) struct Version<'a> {
    numbers: Vec<&'a str>,
    letter: Option<u8>,
    suffixes: Vec<(i8, &'a str)>,
    revision: &'a str,
}

pub(super) fn parse(text: &str) -> Option<Version<'_>> {
    let are_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let (text, revision) = match text.rsplit_once("-r") {
        Some((text, revision)) => (text, revision),
        None => (text, "0"),
    };
    if revision.is_empty() || !are_digits(revision) {
        return None;
    }
    let mut parts = text.split('_');
    let head = parts.next().unwrap_or_default();
    let (head, letter) = match head.as_bytes().last() {
        Some(last) if last.is_ascii_lowercase() => (&head[..head.len() - 1], Some(*last)),
        _ => (head, None),
    };
    let numbers: Vec<&str> = head.split('.').collect();
    if numbers.iter().any(|it| it.is_empty() || !are_digits(it)) {
        return None;
    }
    let suffix = |part: &'_ str| {
        let end = part.find(|it: char| it.is_ascii_digit()).unwrap_or(part.len());
        let rank = SUFFIXES.iter().find(|it| it.0 == &part[..end])?.1;
        are_digits(&part[end..]).then_some((rank, end))
    };
    let suffixes = parts.map(|part| suffix(part).map(|(rank, end)| (rank, &part[end..])));
    Some(Version { numbers, letter, suffixes: suffixes.collect::<Option<_>>()?, revision })
}

pub(super) fn compare(one: &Version<'_>, other: &Version<'_>) -> Ordering {
    numbers(&one.numbers, &other.numbers)
        .then_with(|| one.letter.cmp(&other.letter))
        .then_with(|| suffixes(&one.suffixes, &other.suffixes))
        .then_with(|| compare_digits(one.revision, other.revision))
}

fn numbers(one: &[&str], other: &[&str]) -> Ordering {
    for (idx, (one, other)) in one.iter().zip(other).enumerate() {
        // After the first, a number that begins with 0 is a fraction: 1.05 is before 1.1.
        let is_fraction = idx > 0 && (one.starts_with('0') || other.starts_with('0'));
        let order = if is_fraction { one.cmp(other) } else { compare_digits(one, other) };
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

fn suffixes(one: &[(i8, &str)], other: &[(i8, &str)]) -> Ordering {
    let nothing = (0, "");
    for idx in 0..one.len().max(other.len()) {
        let (one, other) = (one.get(idx).unwrap_or(&nothing), other.get(idx).unwrap_or(&nothing));
        let order = one.0.cmp(&other.0).then_with(|| compare_digits(one.1, other.1));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
