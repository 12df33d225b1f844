//! Semantic Versioning 2.0.0, section 11, for as many numeric parts as there are: NuGet has four, others leave some out.

use std::cmp::Ordering;

use super::compare_digits;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version<'a> {
    parts: Vec<&'a str>,
    /// Empty for a release.
    pre: Vec<&'a str>,
}

pub(super) fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split('+').next()?;
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, pre.split('.').collect()),
        None => (text, Vec::new()),
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    let are_digits = parts.iter().all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()));
    (are_digits && pre.iter().all(|it| !it.is_empty())).then_some(Version { parts, pre })
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let n_parts = self.parts.len().max(other.parts.len());
        let part = |it: &Self, idx: usize| it.parts.get(idx).copied().unwrap_or("0").to_owned();
        let numbers = (0..n_parts).map(|idx| compare_digits(&part(self, idx), &part(other, idx)));
        let by_numbers = numbers.fold(Ordering::Equal, Ordering::then);
        by_numbers.then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_pre(one: &[&str], other: &[&str]) -> Ordering {
    let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let pairs = one.iter().zip(other).map(|(one, other)| match (is_number(one), is_number(other)) {
        (true, true) => compare_digits(one, other),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => one.cmp(other),
    });
    pairs.fold(Ordering::Equal, Ordering::then).then(one.len().cmp(&other.len()))
}
