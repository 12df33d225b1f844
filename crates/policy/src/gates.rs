//! One file per kind of gate. Each is a plain function from a rule and a view of the facts to what was found.

mod changed;
pub(crate) mod contracts;
pub(crate) mod coverage;
pub(crate) mod debt;
pub(crate) mod documents;
pub(crate) mod finding;
pub(crate) mod findings;
pub(crate) mod flakiness;
pub(crate) mod known_errors;
pub(crate) mod licences;
pub(crate) mod load;
pub(crate) mod monitoring;
pub(crate) mod mutation;
pub(crate) mod parity;
pub(crate) mod provenance;
mod quarantine;
pub(crate) mod readiness;
pub(crate) mod rego;
pub(crate) mod secrets;
pub(crate) mod statement;
pub(crate) mod tests;
pub(crate) mod versions;
pub(crate) mod vulnerabilities;

use shipway_model::EvidenceId;
use shipway_model::evidence::Normal;

use crate::counting::{Counted, View};
use crate::found::Found;

/// Most single faults that one answer lists; the rest is a number.
const LISTED_MAX: usize = 20;

/// Nothing counts: what is asked for, what was set aside, and the command that brings it.
fn missing(what: &str, counted: &Counted<'_>, view: &View<'_>) -> Found {
    let service = view.service;
    let artifact = view.facts.services.get(service).and_then(|it| it.artifacts.first());
    let subject = artifact.map(ToString::to_string).unwrap_or_default();
    let mut found = Found::missing(
        format!("no {what} of {service} that counts is attached"),
        format!("shipway evidence attach FILE --subject {subject}"),
    );
    found.reasons.extend(counted.set_aside.iter().cloned());
    found
}

/// The first faults and how many more there are.
fn listed(mut faults: Vec<String>) -> Vec<String> {
    if faults.len() > LISTED_MAX {
        let more = faults.len() - LISTED_MAX;
        faults.truncate(LISTED_MAX);
        faults.push(format!("and {more} more"));
    }
    faults
}

/// A share in percent, for people: two decimals at most, and never rounded up to what was asked for.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 10_000.0).floor() / 100.0 }
}

/// The documents that were cut short while they were read: what is left out cannot be judged.
fn cut_short(documents: &[(EvidenceId, &Normal)], part: &str) -> Vec<String> {
    let cut = documents.iter().filter_map(|(id, it)| Some((id, *it.omitted.get(part)?)));
    cut.map(|(id, n)| format!("{id} holds {n} more {part} than are kept, so it cannot be judged as a whole"))
        .collect()
}
