//! The release can be run: its runbook says what to do, its alerts say when, its vendors can be called, and who has to has
//! signed off.

use std::collections::BTreeSet;

use shipway_model::gate::Status;
use shipway_model::release::Document;
use shipway_model::resource::policy::{Readiness, Statement};

use super::statement;
use crate::counting::View;
use crate::found::Found;

/// Each item of the list is looked at, and all that is open is told at once.
pub(crate) fn judge(rule: &Readiness, view: &View<'_>) -> Found {
    let mut open = Vec::new();
    let mut well = Vec::new();
    let mut next = None;
    let mut evidence = Vec::new();
    if !rule.runbook.is_empty() {
        let faults = runbook(rule, view);
        if faults.is_empty() {
            well.push(format!("the runbook has {}", shown(&rule.runbook)));
        } else {
            next.get_or_insert_with(|| {
                format!(
                    "shipway release create {} VERSION … --document runbook=FILE",
                    view.facts.release.name
                )
            });
        }
        open.extend(faults);
    }
    if rule.thresholds {
        match thresholds(view) {
            Ok(said) => well.push(said),
            Err(faults) => open.extend(faults),
        }
    }
    if rule.vendors {
        let faults = vendors(view);
        if faults.is_empty() {
            well.push("every vendor can be called".to_owned());
        }
        open.extend(faults);
    }
    for kind in &rule.statements {
        let asked = Statement { kind: kind.clone(), issuers: BTreeSet::new(), signed: false };
        let found = statement::judge(&asked, view);
        match found.status {
            Status::Satisfied => {
                evidence.extend(found.evidence);
                well.extend(found.reasons);
            }
            _ => {
                open.extend(found.reasons);
                next = next.or(found.next);
            }
        }
    }
    if open.is_empty() {
        return Found::new(Status::Satisfied, well).shown_by(evidence);
    }
    // What is there is told too: a list is read as a whole.
    let reasons = open.into_iter().chain(well.into_iter().map(|it| format!("ready: {it}"))).collect();
    Found { next, ..Found::new(Status::Missing, reasons).shown_by(evidence) }
}

fn runbook(rule: &Readiness, view: &View<'_>) -> Vec<String> {
    let Some(content) = view.facts.contents.get(&Document::Runbook) else {
        return vec!["the release was sealed without: runbook".to_owned()];
    };
    if let Some(fault) = &content.fault {
        return vec![format!("the runbook cannot be read: {fault}")];
    }
    let plain = |it: &str| it.trim().to_lowercase();
    let has: BTreeSet<String> = content.headings.iter().map(|it| plain(it)).collect();
    let lacks = rule.runbook.iter().filter(|it| !has.contains(&plain(it)));
    lacks.map(|it| format!("the runbook says nothing under `{it}`")).collect()
}

fn thresholds(view: &View<'_>) -> Result<String, Vec<String>> {
    let declared = view.facts.services.get(view.service).and_then(|it| it.monitoring.as_ref());
    let alerts = declared.map(|it| it.alerts.as_slice()).unwrap_or_default();
    if alerts.is_empty() {
        return Err(vec![format!("{} declares no alert", view.service)]);
    }
    let mute = alerts.iter().filter(|it| it.threshold.as_ref().is_none_or(|it| it.trim().is_empty()));
    let faults: Vec<String> = mute.map(|it| format!("the alert {} has no threshold", it.name)).collect();
    if faults.is_empty() { Ok(format!("{} alerts have thresholds", alerts.len())) } else { Err(faults) }
}

fn vendors(view: &View<'_>) -> Vec<String> {
    let vendors = view.facts.services.get(view.service).into_iter().flat_map(|it| &it.vendors);
    let mute = vendors.filter(|(_, can_be_called)| !**can_be_called);
    mute.map(|(name, _)| format!("the vendor {name} is declared without a contact")).collect()
}

fn shown(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
