//! Debian Policy 5.6.12: `[epoch:]upstream[-revision]`, each part compared in turns of text and number, with `~` before
//! everything.

use std::cmp::Ordering;

use super::compare_digits;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version<'a> {
    epoch: u32,
    upstream: &'a str,
    revision: &'a str,
}

pub(super) fn parse(text: &str) -> Option<Version<'_>> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok()?, rest),
        None => (0, text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || ".+-~:".contains(it);
    (upstream.starts_with(|it: char| it.is_ascii_alphanumeric()) && rest.chars().all(is_allowed))
        .then_some(Version { epoch, upstream, revision })
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.upstream, other.upstream))
            .then_with(|| compare(self.revision, other.revision))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Text up to the first digit, then digits, and so on.
fn compare(mut one: &str, mut other: &str) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        let ((text, rest), (other_text, other_rest)) = (split(one, false), split(other, false));
        let ((digits, rest), (other_digits, other_rest)) = (split(rest, true), split(other_rest, true));
        let order = compare_text(text, other_text).then_with(|| compare_digits(digits, other_digits));
        if order.is_ne() {
            return order;
        }
        (one, other) = (rest, other_rest);
    }
    Ordering::Equal
}

fn split(text: &str, is_digits: bool) -> (&str, &str) {
    let end = text.find(|it: char| it.is_ascii_digit() != is_digits).unwrap_or(text.len());
    text.split_at(end)
}

/// `~` before the end, the end before letters, letters before everything else.
fn compare_text(one: &str, other: &str) -> Ordering {
    let weight = |it: Option<char>| match it {
        Some('~') => -1,
        None => 0,
        Some(it) if it.is_ascii_alphabetic() => i64::from(u32::from(it)),
        Some(it) => i64::from(u32::from(it)) + 256,
    };
    let (mut one, mut other) = (one.chars(), other.chars());
    loop {
        let (a, b) = (one.next(), other.next());
        let order = weight(a).cmp(&weight(b));
        if order.is_ne() || (a.is_none() && b.is_none()) {
            return order;
        }
    }
}
