//! Documents that travel with the release.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::evidence::{Case, CaseResult, Kind};
use shipway_model::gate::Status;
use shipway_model::release::{Document, ROWS_BEFORE, ROWS_WRITTEN, rehearsal_suite};
use shipway_model::resource::policy::{Documents, Gate};

use super::listed;
use crate::counting::{Index, View};
use crate::facts::{Evidence, Facts};
use crate::found::Found;

pub(crate) fn judge(
    rule: &Documents,
    gate: &Gate,
    senders: &BTreeMap<Kind, BTreeSet<String>>,
    (facts, index): (&Facts, &Index<'_>),
) -> Found {
    let missing: Vec<&str> = rule.all.difference(&facts.documents).map(word).collect();
    if missing.is_empty() {
        let mut found = Found::unless(Vec::new(), "every document that is asked for travels with it");
        if rule.rollback_fits {
            found = way_back(facts);
        }
        if rule.rollback_tried && found.status == Status::Satisfied {
            let tried = tried(gate, senders, (facts, index));
            let fits = std::mem::take(&mut found.reasons);
            found = tried;
            if rule.rollback_fits && found.status == Status::Satisfied {
                found.reasons.extend(fits);
            }
        }
        return found;
    }
    let arguments: Vec<String> = missing.iter().map(|it| format!("--document {it}=FILE")).collect();
    Found::missing(
        format!("the release was sealed without: {}", missing.join(", ")),
        format!("shipway release create {} VERSION … {}", facts.release.name, arguments.join(" ")),
    )
}

/// Whether the latest rehearsal with exactly this package went well, to its end.
fn tried(
    gate: &Gate,
    senders: &BTreeMap<Kind, BTreeSet<String>>,
    (facts, index): (&Facts, &Index<'_>),
) -> Found {
    let release = format!("{}@{}", facts.release.name, facts.release.version);
    let next = format!(
        "shipway rollback-package try FILE --out rehearsal.xml && \
         shipway evidence attach rehearsal.xml --subject {release}"
    );
    let Some(content) = facts.contents.get(&Document::RollbackPackage) else {
        return Found::missing("the release was sealed without: rollback-package", next);
    };
    let suite = rehearsal_suite(&content.digest);
    let mut set_aside = Vec::new();
    let mut latest: Option<(&Evidence, Vec<&Case>)> = None;
    for it in &facts.evidence {
        let all = it.normal.iter().filter_map(|it| it.tests.as_ref()).flat_map(|it| &it.cases);
        let cases: Vec<&Case> = all.filter(|it| it.suite == suite).collect();
        if cases.is_empty() {
            continue;
        }
        // It is about the whole release, so whoever made any part of it stands against it.
        let mut views = facts.services.keys().map(|service| View { facts, index, gate, senders, service });
        match views.find_map(|view| view.refusal(it, Kind::Tests).or_else(|| view.objection(it))) {
            Some(why) => set_aside.push(format!("{} does not count: {why}", it.id)),
            None if latest.as_ref().is_none_or(|(known, _)| (known.at, known.id) <= (it.at, it.id)) => {
                latest = Some((it, cases));
            }
            None => {}
        }
    }
    let Some((evidence, cases)) = latest else {
        let mut found = Found::missing("nobody has tried the way back with this rollback package", next);
        found.reasons.extend(set_aside);
        return found;
    };
    let mut faults: Vec<String> = cases
        .iter()
        .filter(|it| it.result != CaseResult::Passed)
        .map(|it| {
            let why = it.message.as_deref().and_then(|it| it.lines().next()).unwrap_or("it did not pass");
            format!("{}: {why}", it.name)
        })
        .collect();
    for needed in [ROWS_BEFORE, ROWS_WRITTEN] {
        if !cases.iter().any(|it| it.name == needed) {
            faults.push(format!("the rehearsal does not say whether {needed}"));
        }
    }
    let well = format!("the way back was tried with this package: {} steps and checks passed", cases.len());
    Found::unless(listed(faults), well).shown_by([evidence.id])
}

/// Whether the package names, for every service that would be replaced, the version and the artifact that runs.
fn way_back(facts: &Facts) -> Found {
    let Some(content) = facts.contents.get(&Document::RollbackPackage) else {
        return Found::missing(
            "the release was sealed without: rollback-package",
            format!(
                "shipway release create {} VERSION … --document rollback-package=FILE",
                facts.release.name
            ),
        );
    };
    let Some(package) = &content.rollback else {
        let why = content.fault.as_deref().unwrap_or("it names no service");
        return Found::unless(vec![format!("the rollback package cannot be read: {why}")], "");
    };
    let mut faults = Vec::new();
    let mut n_named = 0;
    for (name, service) in &facts.services {
        let Some(running) = &service.running else { continue };
        if running.artifacts == service.artifacts {
            continue;
        }
        let runs = running.artifacts.first().map(ToString::to_string).unwrap_or_default();
        match package.services.get(name) {
            None => faults.push(format!("it does not name {name}, of which {} runs", running.version)),
            Some(part) if part.version != running.version => {
                faults.push(format!("it goes back to {name} {}, and {} runs", part.version, running.version))
            }
            Some(part) if !running.artifacts.contains(&part.artifact) => faults.push(format!(
                "it goes back to {} of {name} {}, and {runs} runs",
                part.artifact, part.version
            )),
            Some(_) => n_named += 1,
        }
    }
    let well = match n_named {
        0 => "nothing that runs would be replaced, so there is nothing to go back to".to_owned(),
        n => format!("the rollback package names the builds that run: {n} services"),
    };
    Found::unless(faults, well)
}

fn word(document: &Document) -> &'static str {
    match document {
        Document::Runbook => "runbook",
        Document::Notes => "notes",
        Document::RollbackPackage => "rollback-package",
        Document::Migrations => "migrations",
        Document::Flags => "flags",
    }
}
