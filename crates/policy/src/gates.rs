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
    let mut found = Found::missing(
        format!("no {what} of {} that counts is attached", view.service),
        format!("shipway evidence attach FILE --subject {}", subject(view)),
    );
    found.reasons.extend(counted.set_aside.iter().cloned());
    found
}

/// What evidence about the service is attached to.
fn subject(view: &View<'_>) -> String {
    let artifact = view.facts.services.get(view.service).and_then(|it| it.artifacts.first());
    artifact.map(ToString::to_string).unwrap_or_default()
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

/// Documents of which more was read than was kept, so that some gate cannot judge them as a whole.
#[derive(Default)]
struct CutShort {
    /// One sentence for each.
    faults: Vec<String>,
    /// The command that brings them in parts.
    next: Option<String>,
}

impl CutShort {
    /// As far as this list of theirs goes.
    fn of(documents: &[(EvidenceId, &Normal)], part: &str, view: &View<'_>) -> Self {
        let mut cut = Self::default();
        for (id, n) in documents.iter().filter_map(|(id, it)| Some((id, *it.omitted.get(part)?))) {
            cut.note(&format!("{id} holds {n} more {part} than are kept"), view);
        }
        cut
    }

    fn note(&mut self, what: &str, view: &View<'_>) {
        // A report that is attached stays: only another of its name takes its place.
        self.faults.push(format!(
            "{what}, so it cannot be judged as a whole: attach it in parts, the first of them under its own file name"
        ));
        self.next = Some(format!("shipway evidence attach PART… --subject {}", subject(view)));
    }
}
