//! RPM's `rpmvercmp`: `[epoch:]version[-release]`, each in turns of letters and digits, where digits are later than letters, `~` is
//! before everything and `^` after the end alone.

use std::cmp::Ordering;

use super::compare_digits;

#[derive(Debug)]
pub(super) struct Version<'a> {
    epoch: &'a str,
    version: &'a str,
    /// Absent where only the version is named: then it is not compared, as RPM does with dependencies.
    release: Option<&'a str>,
}

pub(super) fn parse(text: &str) -> Option<Version<'_>> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || "._+~^".contains(it);
    let is_part =
        |it: &str| it.starts_with(|it: char| it.is_ascii_alphanumeric()) && it.chars().all(is_allowed);
    let is_epoch = !epoch.is_empty() && epoch.bytes().all(|it| it.is_ascii_digit());
    (is_epoch && is_part(version) && release.is_none_or(is_part)).then_some(Version {
        epoch,
        version,
        release,
    })
}

pub(super) fn compare(one: &Version<'_>, other: &Version<'_>) -> Ordering {
    let releases = || match (one.release, other.release) {
        (Some(one), Some(other)) => part(one, other),
        _ => Ordering::Equal,
    };
    compare_digits(one.epoch, other.epoch).then_with(|| part(one.version, other.version)).then_with(releases)
}

fn part(mut one: &str, mut other: &str) -> Ordering {
    let is_sign = |it: char| !it.is_ascii_alphanumeric() && it != '~' && it != '^';
    loop {
        (one, other) = (one.trim_start_matches(is_sign), other.trim_start_matches(is_sign));
        match (one.strip_prefix('~'), other.strip_prefix('~')) {
            (Some(rest), Some(other_rest)) => {
                (one, other) = (rest, other_rest);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        match (one.strip_prefix('^'), other.strip_prefix('^')) {
            (Some(rest), Some(other_rest)) => {
                (one, other) = (rest, other_rest);
                continue;
            }
            (Some(_), None) => return if other.is_empty() { Ordering::Greater } else { Ordering::Less },
            (None, Some(_)) => return if one.is_empty() { Ordering::Less } else { Ordering::Greater },
            (None, None) => {}
        }
        if one.is_empty() || other.is_empty() {
            // Whoever has something left is the later.
            return one.len().cmp(&other.len());
        }
        let (segment, rest) = segment(one);
        let (other_segment, other_rest) = self::segment(other);
        let are_digits = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
        let order = match (are_digits(segment), are_digits(other_segment)) {
            (true, true) => compare_digits(segment, other_segment),
            (false, false) => segment.cmp(other_segment),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
        };
        if order.is_ne() {
            return order;
        }
        (one, other) = (rest, other_rest);
    }
}

/// Digits or letters, whichever it begins with.
fn segment(text: &str) -> (&str, &str) {
    let is_digits = text.starts_with(|it: char| it.is_ascii_digit());
    let is_in = |it: char| if is_digits { it.is_ascii_digit() } else { it.is_ascii_alphabetic() };
    text.split_at(text.find(|it: char| !is_in(it)).unwrap_or(text.len()))
}
