//! Interfaces that break nobody who kept to what runs.

use shipway_model::contract::{Contract, Fit, FitReason};
use shipway_model::evidence::{Kind, Normal};
use shipway_model::gate::Status;
use shipway_model::resource::policy::Contracts;
use shipway_model::{EvidenceId, Version};

use super::{listed, missing};
use crate::contracts::deploy::pacts;
use crate::contracts::{Change, Severity, announces_a_break, compare};
use crate::counting::{Counted, View};
use crate::found::Found;

pub(crate) fn judge(rule: &Contracts, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Contracts);
    if counted.documents.is_empty() {
        return missing("contract", &counted, view);
    }
    let found = interfaces(rule, view, &counted);
    if rule.pacts { with_pacts(found, pacts(view, &counted.documents)) } else { found }
}

/// What pacts say beside what the interfaces say: a no before a question before a yes.
fn with_pacts(mut found: Found, reasons: Vec<FitReason>) -> Found {
    let told = |it: &FitReason| match &it.meets {
        Some(met) => format!("{} ({met})", it.why),
        None => it.why.clone(),
    };
    let of = |answer: Fit| reasons.iter().filter(move |it| it.answer == answer);
    let (broken, open) = (of(Fit::False).map(told).collect::<Vec<_>>(), of(Fit::Unknown).collect::<Vec<_>>());
    if !broken.is_empty() {
        if found.status.passes() {
            found.reasons.clear();
        }
        found.status = Status::Failed;
        found.reasons.extend(listed(broken));
    } else if !open.is_empty() {
        if found.status.passes() {
            found.status = Status::Missing;
            found.reasons.clear();
            found.next = open.iter().find_map(|it| it.next.clone());
        }
        found.reasons.extend(listed(open.into_iter().map(told).collect()));
    } else {
        found.reasons.extend(listed(of(Fit::True).map(told).collect()));
    }
    for id in reasons.iter().flat_map(|it| &it.evidence) {
        if !found.evidence.contains(id) {
            found.evidence.push(*id);
        }
    }
    found
}

fn interfaces(rule: &Contracts, view: &View<'_>, counted: &Counted<'_>) -> Found {
    let after = contracts(&counted.documents);
    let service = view.facts.services.get(view.service);
    let Some(running) = service.and_then(|it| it.running.as_ref()) else {
        if after.is_empty() {
            return Found::unless(Vec::new(), "it promises nothing itself").shown_by(counted.ids());
        }
        let said = format!(
            "nothing of {} runs in {}, so nobody relies on it yet",
            view.service, view.facts.environment
        );
        return Found::unless(Vec::new(), said).shown_by(counted.ids());
    };
    let baseline = view.baseline(Kind::Contracts);
    let before = contracts(&baseline);
    if before.is_empty() && after.is_empty() {
        return Found::unless(Vec::new(), "neither it nor what runs promises anything")
            .shown_by(counted.ids());
    }
    if before.is_empty() {
        let said = format!(
            "no contract of {} {}, which runs, is attached: what would break is not known",
            view.service, running.version
        );
        let mut found = Found::missing(said, "shipway evidence attach FILE --subject DIGEST-OF-WHAT-RUNS");
        found.evidence = counted.ids();
        return found;
    }
    let counts = |it: &Change| match it.severity {
        Severity::Error => true,
        Severity::Warning => rule.warnings_block,
        Severity::Info => false,
    };
    let changes = compare(&before, &after);
    let broken: Vec<String> = changes
        .iter()
        .filter(|it| counts(it) && !rule.ignore.contains(&it.rule))
        .map(|it| format!("{} at {}: {}", it.rule, it.place, it.message))
        .collect();
    let version = service.map(|it| &it.version);
    let found = match version.filter(|_| !broken.is_empty()) {
        None => Found::unless(broken, format!("nothing that {} promises is broken", running.version)),
        Some(version) => of_broken(rule, broken, &running.version, version),
    };
    let shown_by: Vec<EvidenceId> = counted.ids().into_iter().chain(baseline.iter().map(|it| it.0)).collect();
    found.shown_by(shown_by)
}

/// A break is refused, unless the version announces it and may.
fn of_broken(rule: &Contracts, broken: Vec<String>, from: &Version, to: &Version) -> Found {
    let n_broken = broken.len();
    match announces_a_break(from, to) {
        Ok(true) if rule.major_may_break => Found::unless(
            Vec::new(),
            format!("{n_broken} changes break {from}, and {to} is a new major version, which announces it"),
        ),
        Ok(true) => Found::unless(listed(broken), ""),
        Ok(false) if rule.major_may_break => {
            let step = format!("{from} → {to} announces no break: take a new major version, or mend these");
            Found::unless([vec![step], listed(broken)].concat(), "")
        }
        Ok(false) => Found::unless(listed(broken), ""),
        Err(why) => Found::unless([vec![why], listed(broken)].concat(), ""),
    }
}

fn contracts<'a>(documents: &[(EvidenceId, &'a Normal)]) -> Vec<&'a Contract> {
    let all = documents.iter().flat_map(|(_, it)| it.contracts.iter().flatten());
    // What it expects of others breaks nobody who relies on it.
    all.filter(|it| !matches!(it, Contract::Pact(_) | Contract::PactVerification(_))).collect()
}
