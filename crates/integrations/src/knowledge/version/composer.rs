//! Versions of Composer's packages: up to four numbers and a stability, compared as PHP's `version_compare` does with what Composer
//! makes of them. Branches (`dev-main`) have no order.

use std::cmp::Ordering;

use super::compare_digits;

/// In their order; a stable version stands before its patches.
const STABILITIES: [(&str, i8); 9] = [
    ("alpha", -3),
    ("a", -3),
    ("beta", -2),
    ("b", -2),
    ("rc", -1),
    ("stable", 0),
    ("patch", 1),
    ("pl", 1),
    ("p", 1),
];
const NUMBERS_MAX: usize = 4;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    numbers: Vec<String>,
    stability: i8,
    /// Of the stability: `RC2`.
    rounds: Vec<String>,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    // Metadata tells builds apart, and not versions.
    let text = text.split('+').next()?.to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let end = text.find(|it: char| it != '.' && !it.is_ascii_digit()).unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    let head = head.strip_suffix('.').filter(|_| !tail.is_empty()).unwrap_or(head);
    let mut numbers: Vec<String> = head.split('.').map(str::to_owned).collect();
    if numbers.iter().any(String::is_empty) || numbers.len() > NUMBERS_MAX {
        return None;
    }
    numbers.resize(NUMBERS_MAX, "0".to_owned());
    let tail = tail.trim_start_matches(['-', '_']);
    if tail.is_empty() {
        return Some(Version { numbers, stability: 0, rounds: Vec::new() });
    }
    let end = tail.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(tail.len());
    let stability = STABILITIES.iter().find(|it| it.0 == &tail[..end])?.1;
    let rounds: Vec<String> =
        tail[end..].split(['.', '-']).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let are_digits = rounds.iter().all(|it| it.bytes().all(|it| it.is_ascii_digit()));
    are_digits.then_some(Version { numbers, stability, rounds })
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let digits = |one: &[String], other: &[String]| {
            let mut pairs = one.iter().zip(other).map(|(one, other)| compare_digits(one, other));
            pairs.find(|it| it.is_ne()).unwrap_or_else(|| one.len().cmp(&other.len()))
        };
        digits(&self.numbers, &other.numbers)
            .then_with(|| self.stability.cmp(&other.stability))
            .then_with(|| digits(&self.rounds, &other.rounds))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
