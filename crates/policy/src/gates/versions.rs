//! Versions that mean something: of the services, and of everything that they are built from.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::evidence::{Component, Kind};
use shipway_model::resource::policy::{Deprecated, Versions};

use super::{CutShort, listed, missing};
use crate::counting::View;
use crate::found::Found;

/// Words that stand where a version should, and change their meaning over time.
const FLOATING: [&str; 8] = ["latest", "stable", "main", "master", "head", "next", "snapshot", "nightly"];

pub(crate) fn judge(rule: &Versions, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Components);
    let needs_components = rule.pinned || !rule.aligned.is_empty() || !rule.deprecated.is_empty();
    let components: Vec<&Component> =
        counted.documents.iter().flat_map(|(_, it)| it.components.iter().flatten()).collect();
    if needs_components && components.is_empty() {
        return missing("bill of materials with components", &counted, view);
    }
    let mut faults = Vec::new();
    let mut remarks = Vec::new();
    let mut until = None;
    if rule.semantic {
        faults.extend(of_service(view));
    }
    if rule.pinned {
        faults.extend(listed(components.iter().filter_map(|it| unpinned(it)).collect()));
    }
    faults.extend(listed(unaligned(&rule.aligned, &components, view)));
    for deprecated in &rule.deprecated {
        for it in components.iter().filter(|it| is_deprecated(it, deprecated)) {
            let told = told_deprecated(it, deprecated);
            if deprecated.from <= view.facts.at {
                faults.push(told);
            } else {
                until = [until, Some(deprecated.from)].into_iter().flatten().min();
                remarks.push(told);
            }
        }
    }
    let cut = match needs_components {
        true => CutShort::of(&counted.documents, "components", view),
        false => CutShort::default(),
    };
    faults.extend(cut.faults);
    let well = format!("the versions of {} components are as asked", components.len());
    let mut found = Found::unless(faults, well).shown_by(counted.ids()).helped_by(cut.next);
    found.reasons.extend(listed(remarks));
    found.until = found.status.passes().then_some(until).flatten();
    found
}

/// A semantic version that is above what it replaces.
fn of_service(view: &View<'_>) -> Option<String> {
    let service = view.facts.services.get(view.service)?;
    let Ok(own) = semver::Version::parse(service.version.as_str()) else {
        return Some(format!("{} {} is not a semantic version", view.service, service.version));
    };
    let running = service.running.as_ref()?;
    // The same bytes again, or a service that the release leaves as it is.
    if running.version == service.version {
        let same = running.artifacts == service.artifacts;
        return (!same)
            .then(|| format!("another build of {} {} runs already", view.service, running.version));
    }
    let runs = semver::Version::parse(running.version.as_str()).ok()?;
    (own < runs).then(|| format!("{} {own} is below {runs}, which runs", view.service))
}

/// A range, a word that moves, or nothing at all in place of one version.
fn unpinned(component: &Component) -> Option<String> {
    // What is built itself has the version of the release.
    if matches!(component.kind.as_deref(), Some("application" | "file" | "operating-system")) {
        return None;
    }
    let name = &component.name;
    let Some(version) = component.version.as_deref().map(str::trim).filter(|it| !it.is_empty()) else {
        return Some(format!("{name} has no version"));
    };
    let is_range = version.starts_with(['^', '~', '>', '<', '=', '*'])
        || version.contains("||")
        || version.contains(" - ")
        || version.contains(',')
        || version.split('.').any(|it| matches!(it, "x" | "X" | "*" | "+"));
    let lower = version.to_ascii_lowercase();
    let floats = FLOATING.contains(&lower.as_str()) || lower.ends_with("-snapshot");
    (is_range || floats).then(|| format!("{name} {version} is not one exact version"))
}

/// Components that other services of the release have in other versions.
fn unaligned(aligned: &BTreeSet<String>, own: &[&Component], view: &View<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for pattern in aligned {
        let of = |all: &mut dyn Iterator<Item = &Component>| {
            let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for it in all.filter(|it| names(pattern, it)) {
                let version = it.version.clone().unwrap_or_default();
                found.entry(identity(it)).or_default().insert(version);
            }
            found
        };
        let mine = of(&mut own.iter().copied());
        for other in view.facts.services.keys().filter(|it| *it != view.service) {
            let there = View { service: other, ..*view };
            let counted = there.evidence(Kind::Components);
            let theirs = of(&mut counted.documents.iter().flat_map(|(_, it)| it.components.iter().flatten()));
            for (name, versions) in &mine {
                let Some(others) = theirs.get(name).filter(|it| *it != versions) else { continue };
                let shown = |it: &BTreeSet<String>| it.iter().cloned().collect::<Vec<_>>().join(" and ");
                let (here, there) = (shown(versions), shown(others));
                faults.push(format!("{name} is {here} here and {there} in {other}"));
            }
        }
        if mine.values().any(|it| it.len() > 1) {
            let several = mine.iter().filter(|(_, it)| it.len() > 1);
            faults.extend(several.map(|(name, it)| format!("{name} is there in {} versions", it.len())));
        }
    }
    faults
}

fn is_deprecated(component: &Component, rule: &Deprecated) -> bool {
    let is_below = |bound: &String| {
        let version = component.version.as_deref().unwrap_or_default();
        order(version, bound) == Ordering::Less
    };
    names(&rule.component, component) && rule.below.as_ref().is_none_or(is_below)
}

fn told_deprecated(component: &Component, rule: &Deprecated) -> String {
    let version = component.version.as_deref().unwrap_or("without a version");
    let reason = if rule.reason.is_empty() { String::new() } else { format!(": {}", rule.reason) };
    format!("{} {version} may not be used from {} on{reason}", component.name, day(rule.from))
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// By name, or by package URL without a version.
fn names(pattern: &str, component: &Component) -> bool {
    let own = [Some(component.name.as_str()), component.purl.as_deref().map(unversioned)];
    own.into_iter().flatten().any(|own| match pattern.strip_suffix('*') {
        Some(prefix) => own.starts_with(prefix),
        None => own == pattern,
    })
}

fn identity(component: &Component) -> String {
    component.purl.as_deref().map_or(component.name.as_str(), unversioned).to_owned()
}

fn unversioned(purl: &str) -> &str {
    let bare = purl.split(['?', '#']).next().unwrap_or(purl);
    // The `@` of an npm scope is encoded, so the last one stands before the version.
    match bare.rfind('@') {
        Some(at) if !bare[at..].contains('/') => &bare[..at],
        _ => bare,
    }
}

/// Semantic where both are, else number by number and word by word.
fn order(a: &str, b: &str) -> Ordering {
    if let (Ok(a), Ok(b)) = (semver::Version::parse(a), semver::Version::parse(b)) {
        return a.cmp(&b);
    }
    let parts = |it: &str| -> Vec<(u64, String)> {
        let pieces = it.split(['.', '-', '+', '_']);
        pieces
            .map(|it| (it.parse().unwrap_or(0), it.parse::<u64>().map_or(it.to_owned(), |_| String::new())))
            .collect()
    };
    let (mut a, mut b) = (parts(a), parts(b));
    let n = a.len().max(b.len());
    a.resize(n, (0, String::new()));
    b.resize(n, (0, String::new()));
    a.cmp(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(version: &str) -> Component {
        Component { name: "left-pad".to_owned(), version: Some(version.to_owned()), ..Component::default() }
    }

    #[test]
    fn ranges_and_moving_words_are_no_versions() {
        for good in ["1.2.3", "1.2.3-rc.1", "2026.11.1", "v1.2", "0.0.0-20260101-abcdef", "1:2.3-4+deb12u1"] {
            assert_eq!(unpinned(&component(good)), None, "{good}");
        }
        for bad in
            ["^1.2.3", "~1.2", ">=1, <2", "1.x", "*", "latest", "1.2-SNAPSHOT", "", "1 || 2", "1.0 - 2.0"]
        {
            assert!(unpinned(&component(bad)).is_some(), "{bad}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert_eq!(order("1.9.0", "1.10.0"), Ordering::Less);
        assert_eq!(order("1.10", "1.9"), Ordering::Greater);
        assert_eq!(order("1.0.0-rc.1", "1.0.0"), Ordering::Less);
        assert_eq!(order("2.0", "2.0.0"), Ordering::Equal);
    }

    #[test]
    fn package_urls_lose_their_version_alone() {
        assert_eq!(unversioned("pkg:npm/%40babel/core@7.1.0?x=y"), "pkg:npm/%40babel/core");
        assert_eq!(unversioned("pkg:maven/org.x/y@1.0"), "pkg:maven/org.x/y");
        assert_eq!(unversioned("pkg:npm/@babel/core"), "pkg:npm/@babel/core");
    }
}
