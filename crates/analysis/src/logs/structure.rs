//! Lines held against what they are declared to look like.

use std::collections::BTreeMap;

use serde::Serialize;
use shipway_model::resource::strategy::{FieldType, Structure};

use super::record::Record;
use crate::canary::Arm;
use crate::compare::{Share, discoveries, shares};

/// One way in which lines break their declared structure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Breach {
    /// What is wrong, in words: `no JSON object`, `no level`, `status is no number`.
    pub what: String,
    /// Lines that have it, of all.
    pub control: Share,
    pub canary: Share,
    /// Chance of so many in the new version if it breaks the structure no more often than the old one.
    pub p_value: f64,
    /// Whether the new version breaks it more often, at the rate of false discoveries.
    pub is_worse: bool,
    /// A line of the new version that has it, else of the old one.
    pub example: String,
}

/// Lines that break a structure, counted by what is wrong. There are at most two ways per declared field, and one more.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    structure: Structure,
    broken: BTreeMap<String, Broken>,
}

#[derive(Debug, Clone, Default)]
struct Broken {
    counts: [u64; 2],
    example: String,
    is_of_canary: bool,
}

/// Level of the exact tests.
const LEVEL: f64 = 0.95;

impl Checked {
    pub(super) fn new(structure: Structure) -> Self {
        Self { structure, broken: BTreeMap::new() }
    }

    pub(super) fn read(&mut self, arm: Arm, record: &Record<'_>, line: impl FnOnce() -> String) {
        let faults = faults(&self.structure, record);
        if faults.is_empty() {
            return;
        }
        let (is_canary, example) = (arm == Arm::Canary, line());
        for fault in faults {
            let broken = self.broken.entry(fault).or_default();
            broken.counts[usize::from(is_canary)] += 1;
            if broken.example.is_empty() || (is_canary && !broken.is_of_canary) {
                broken.example.clone_from(&example);
                broken.is_of_canary = is_canary;
            }
        }
    }

    /// Every way in which lines were broken, those of which the new version has more first.
    pub(super) fn breaches(&self, lines: [u64; 2], false_discoveries: f64) -> Vec<Breach> {
        let breach = |(what, broken): (&String, &Broken)| {
            let share = |side: usize| Share { total: lines[side], hits: broken.counts[side] };
            // A declaration needs no margin: what keeps to it breaks it never.
            let p_value = shares(share(0), share(1), 1.0, LEVEL).p_more;
            let (what, example) = (what.clone(), broken.example.clone());
            Breach { what, control: share(0), canary: share(1), p_value, is_worse: false, example }
        };
        let mut all: Vec<Breach> = self.broken.iter().map(breach).collect();
        let p_values: Vec<f64> = all.iter().map(|it| it.p_value).collect();
        for (breach, is_found) in all.iter_mut().zip(discoveries(&p_values, false_discoveries)) {
            breach.is_worse = is_found;
        }
        all.sort_by(|one, other| {
            (!one.is_worse).cmp(&!other.is_worse).then(other.canary.hits.cmp(&one.canary.hits))
        });
        all
    }
}

/// Whether the line breaks the structure in the way that a [`Breach`] names.
pub fn is_in_breach(structure: &Structure, what: &str, line: &str) -> bool {
    faults(structure, &Record::read(line)).iter().any(|it| it == what)
}

fn faults(structure: &Structure, record: &Record<'_>) -> Vec<String> {
    let Some(fields) = &record.fields else { return vec!["no JSON object".to_owned()] };
    let fault = |name: &String, kind: FieldType, is_required: bool| match fields.get(name) {
        None if is_required => Some(format!("no {name}")),
        None => None,
        Some(value) if kind.admits(value) => None,
        Some(_) => Some(format!("{name} is no {}", kind.name())),
    };
    let required = structure.required.iter().filter_map(|(name, kind)| fault(name, *kind, true));
    let optional = structure.optional.iter().filter_map(|(name, kind)| fault(name, *kind, false));
    required.chain(optional).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &[&str]) {
        let required = [("level", FieldType::Level), ("at", FieldType::Instant)];
        let optional = [("status", FieldType::Number)];
        let named =
            |all: &[(&str, FieldType)]| all.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        let structure = Structure { required: named(&required), optional: named(&optional) };
        assert_eq!(faults(&structure, &Record::read(line)), expect, "{line}");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named() {
        check(r#"{"level":"warn","at":"2026-01-01T00:00:00Z","more":1}"#, &[]);
        check(r#"{"level":"loud","at":"2026-01-01T00:00:00Z"}"#, &["level is no level"]);
        check(
            r#"{"at":"yesterday","status":"200"}"#,
            &["at is no instant", "no level", "status is no number"],
        );
        check("listening on 8080", &["no JSON object"]);
        check(r#"{"level":"warn","#, &["no JSON object"]);
    }

    #[test]
    fn a_breach_that_both_versions_have_is_told_and_is_no_fault() {
        let mut checked = Checked::new(Structure::default());
        let record = Record::read("plain");
        for arm in [Arm::Control, Arm::Canary] {
            (0..50).for_each(|_| checked.read(arm, &record, || "plain".to_owned()));
        }
        let breaches = checked.breaches([100, 100], 0.05);
        assert_eq!((breaches.len(), breaches[0].is_worse, breaches[0].canary.hits), (1, false, 50));
        (0..50).for_each(|_| checked.read(Arm::Canary, &record, || "plain".to_owned()));
        assert!(checked.breaches([100, 150], 0.05)[0].is_worse);
    }
}
