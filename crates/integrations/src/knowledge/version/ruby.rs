//! `Gem::Version`: segments of digits or letters, where letters make a prerelease.

use std::cmp::Ordering;

use super::compare_digits;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    segments: Vec<String>,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.trim().replace('-', ".pre.");
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || it == '.';
    if !text.starts_with(|it: char| it.is_ascii_digit()) || !text.chars().all(is_allowed) {
        return None;
    }
    let mut segments: Vec<String> = Vec::new();
    for part in text.split('.') {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|it: char| it.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (segment, after) = rest.split_at(end);
            segments.push(segment.to_owned());
            rest = after;
        }
    }
    Some(Version { segments: canonical(segments) })
}

/// Without zeros before the first letters, and at the end.
fn canonical(segments: Vec<String>) -> Vec<String> {
    let is_zero = |it: &String| it.bytes().all(|it| it == b'0');
    let start = segments.iter().position(|it| !is_number(it)).unwrap_or(segments.len());
    let (numbers, rest) = segments.split_at(start);
    let trimmed = |part: &[String]| {
        let end = part.iter().rposition(|it| !is_zero(it)).map_or(0, |it| it + 1);
        part[..end].to_vec()
    };
    [trimmed(numbers), trimmed(rest)].concat()
}

fn is_number(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit())
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let n_segments = self.segments.len().max(other.segments.len());
        let segment = |it: &Self, idx: usize| it.segments.get(idx).cloned().unwrap_or_else(|| "0".to_owned());
        let orders = (0..n_segments).map(|idx| {
            let (one, other) = (segment(self, idx), segment(other, idx));
            match (is_number(&one), is_number(&other)) {
                (true, true) => compare_digits(&one, &other),
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => one.cmp(&other),
            }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
