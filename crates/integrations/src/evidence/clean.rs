//! The one place where the texts of a document are made safe to show and short enough to keep.
//!
//! Whoever writes a test's name or a message can write anything: escape sequences that steer a terminal, characters
//! that turn the direction of writing, a megabyte of log. A page escapes HTML itself, so that stays as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem::take;

use shipway_model::attestation::{Attestation, Build, Subject, VerificationSummary};
use shipway_model::evidence::{
    Case, Component, Cvss, FileCoverage, Finding, Location, Mutant, Normal, Package, Statement, Vex,
};

use super::{Fault, MESSAGE_CHARS_MAX};

/// Makes every text of it safe and short.
pub(super) fn document(mut normal: Normal) -> Normal {
    let it = &mut normal;
    for text in
        [&mut it.format_version, &mut it.tool, &mut it.tool_version, &mut it.created_at, &mut it.about]
    {
        maybe(text);
    }
    it.tests.iter_mut().flat_map(|it| &mut it.cases).for_each(case);
    it.coverage.iter_mut().flat_map(|it| &mut it.files).for_each(|FileCoverage { path, .. }| one(path));
    it.findings.iter_mut().flatten().for_each(finding);
    it.components.iter_mut().flatten().for_each(component);
    if let Some(dependencies) = &mut it.dependencies {
        *dependencies = keys(take(dependencies));
        dependencies.values_mut().for_each(|it| all(it));
    }
    it.statements.iter_mut().flatten().for_each(statement);
    if let Some(load) = &mut it.load {
        load.thresholds = keys(take(&mut load.thresholds));
    }
    for Mutant { location: place, mutation } in it.mutation.iter_mut().flat_map(|it| &mut it.survivors) {
        location(place);
        one(mutation);
    }
    it.attestations.iter_mut().flatten().for_each(attestation);
    it.remarks.iter_mut().for_each(one);
    normal
}

/// The same for what a fault says, which quotes the document.
pub(super) fn fault(mut fault: Fault) -> Fault {
    one(&mut fault.message);
    fault
}

fn case(it: &mut Case) {
    one(&mut it.suite);
    one(&mut it.name);
    [&mut it.class, &mut it.message, &mut it.file].into_iter().for_each(maybe);
}

pub(crate) fn finding(it: &mut Finding) {
    one(&mut it.id);
    all(&mut it.aliases);
    all(&mut it.taxa);
    let texts = [&mut it.title, &mut it.suppression, &mut it.fingerprint, &mut it.published_at];
    texts.into_iter().for_each(maybe);
    if let Some(Cvss { version, vector, .. }) = &mut it.cvss {
        one(version);
        maybe(vector);
    }
    if let Some(Package { purl, name, version, fixed_in, path }) = &mut it.package {
        one(name);
        maybe(purl);
        maybe(version);
        all(fixed_in);
        all(path);
    }
    it.location.iter_mut().for_each(location);
    it.vex.iter_mut().for_each(vex);
}

fn location(it: &mut Location) {
    one(&mut it.file);
}

fn vex(it: &mut Vex) {
    maybe(&mut it.justification);
    maybe(&mut it.detail);
}

fn statement(it: &mut Statement) {
    one(&mut it.vulnerability);
    all(&mut it.aliases);
    all(&mut it.products);
    all(&mut it.subcomponents);
    vex(&mut it.vex);
    maybe(&mut it.at);
}

fn component(it: &mut Component) {
    one(&mut it.name);
    [&mut it.reference, &mut it.purl, &mut it.version, &mut it.kind, &mut it.supplier]
        .into_iter()
        .for_each(maybe);
    all(&mut it.licenses);
    let digests = take(&mut it.digests).into_iter().map(|(mut algorithm, mut hex)| {
        one(&mut algorithm);
        one(&mut hex);
        (algorithm, hex)
    });
    it.digests = digests.collect();
}

pub(crate) fn attestation(it: &mut Attestation) {
    one(&mut it.predicate_type);
    for Subject { name, digests } in &mut it.subjects {
        maybe(name);
        *digests = keys(take(digests));
        digests.values_mut().for_each(one);
    }
    if let Some(Build { builder, build_type, repository, reference, commit, invocation, finished_at }) =
        &mut it.build
    {
        one(builder);
        [build_type, repository, reference, commit, invocation, finished_at].into_iter().for_each(maybe);
    }
    if let Some(VerificationSummary { verifier, levels, resource_uri, policy_uri, verified_at, .. }) =
        &mut it.summary
    {
        one(verifier);
        all(levels);
        [resource_uri, policy_uri, verified_at].into_iter().for_each(maybe);
    }
    all(&mut it.refused);
}

fn all(texts: &mut [String]) {
    texts.iter_mut().for_each(one);
}

fn maybe(text: &mut Option<String>) {
    text.iter_mut().for_each(one);
}

fn one(text: &mut String) {
    if let Cow::Owned(cleaned) = cleaned(text) {
        *text = cleaned;
    }
}

fn keys<T>(map: BTreeMap<String, T>) -> BTreeMap<String, T> {
    if map.keys().all(|it| matches!(cleaned(it), Cow::Borrowed(_))) {
        return map;
    }
    map.into_iter().map(|(key, value)| (cleaned(&key).into_owned(), value)).collect()
}

/// Without escape sequences, other control characters and changes of direction, and no longer than a message may be.
/// Tabs and line ends stay: messages have them.
fn cleaned(text: &str) -> Cow<'_, str> {
    let is_short = text.len() <= MESSAGE_CHARS_MAX || text.chars().nth(MESSAGE_CHARS_MAX).is_none();
    if is_short && !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::new();
    let mut rest = text.chars().peekable();
    let mut n_chars = 0;
    while let Some(it) = rest.next() {
        if n_chars == MESSAGE_CHARS_MAX {
            cleaned.pop();
            cleaned.push('…');
            break;
        }
        match it {
            '\u{1b}' => skip_sequence(&mut rest),
            '\r' if rest.peek() == Some(&'\n') => {}
            it => {
                cleaned.push(if is_harmful(it) { char::REPLACEMENT_CHARACTER } else { it });
                n_chars += 1;
            }
        }
    }
    Cow::Owned(cleaned)
}

pub(super) fn is_harmful(it: char) -> bool {
    let steers = it.is_control() && !matches!(it, '\t' | '\n');
    steers || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// The rest of what an ESC begins (ECMA-48): `[ … letter`, `] … BEL or ESC \`, or a single character.
fn skip_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next_if(|it| !is_harmful(*it) && *it != '\n') {
        Some('[') => {
            while rest.next_if(|it| matches!(it, '\u{20}'..='\u{3f}')).is_some() {}
            rest.next_if(|it| matches!(it, '\u{40}'..='\u{7e}'));
        }
        Some(']') => {
            while rest.next_if(|it| !is_harmful(*it) && *it != '\n').is_some() {}
            rest.next_if_eq(&'\u{7}');
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(cleaned(text), expect);
        assert_eq!(cleaned(expect), expect, "cleaning twice changes nothing");
    }

    #[test]
    fn nothing_that_steers_is_left() {
        check("plain <b>&amp; naïve 😀\n\tas it is", "plain <b>&amp; naïve 😀\n\tas it is");
        check("\u{1b}[31;1mred\u{1b}[0m", "red");
        check("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}", "link");
        check("one\r\ntwo\rthree\0\u{8}", "one\ntwo\u{fffd}three\u{fffd}\u{fffd}");
        check("user\u{202e}gnp.exe\u{9b}1m", "user\u{fffd}gnp.exe\u{fffd}1m");
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        let cut = cleaned(&"é".repeat(MESSAGE_CHARS_MAX + 1)).into_owned();
        assert_eq!(cut.chars().count(), MESSAGE_CHARS_MAX);
        assert!(cut.ends_with("é…"));
        check(&"é".repeat(MESSAGE_CHARS_MAX), &"é".repeat(MESSAGE_CHARS_MAX));
    }
}
