//! The logs of two versions against each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Structure;
use super::field::{Fields, MissingField};
use super::miner::{Miner, TemplateId};
use super::record::{Level, Record};
use super::signature::{Match, Signatures};
use super::structure::{Breach, Checked};
use crate::canary::Arm;
use crate::compare::{Comparison, Count, Share, counts, discoveries, shares};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Share of the findings that may be false, on average; 0.05.
    pub false_discoveries: f64,
    /// Ratio of rates up to which a template is not more frequent; 2, because lines come in bursts.
    pub margin: f64,
    /// What rates are relative to; lines of the version when left out.
    pub control_requests: Option<u64>,
    pub canary_requests: Option<u64>,
}

/// Lines of both versions, gathered one by one. Memory does not grow with them.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    signatures: Signatures,
    miner: Miner,
    seen: BTreeMap<TemplateId, Seen>,
    lines: [u64; 2],
    broken: [u64; 2],
    errors: [u64; 2],
    fields: [Fields; 2],
    matched: Vec<([u64; 2], Option<String>)>,
    checked: Option<Checked>,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    counts: [u64; 2],
    level: Option<Level>,
    /// The first line of canary, else of control.
    example: String,
    is_of_canary: bool,
}

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub control_lines: u64,
    pub canary_lines: u64,
    pub templates: usize,
    /// Whether something speaks against the new version: a known failure more often, or lines of level warn and above (or
    /// none) that are new or more frequent, more lines of level error, fields or whole objects that broke.
    pub is_worse: bool,
    /// The gravest first.
    pub findings: Vec<Finding>,
    pub signatures: Vec<Match>,
    /// Lines of level error and fatal among all.
    pub errors: Comparison,
    /// Lines that start like a JSON object and are none.
    pub broken: Comparison,
    pub missing_fields: Vec<MissingField>,
    /// Lines that are not as declared, by what is wrong with them; empty without a declaration.
    pub breaches: Vec<Breach>,
    /// Sentences for people.
    pub reasons: Vec<String>,
}

/// A template whose rate changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub change: Change,
    pub template: String,
    pub level: Option<Level>,
    pub control: u64,
    pub canary: u64,
    /// Ratio of rates, with its exact interval at 95 %.
    pub ratio: Option<f64>,
    pub low: f64,
    pub high: Option<f64>,
    pub p_value: f64,
    pub example: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    New,
    MoreOften,
    LessOften,
    Gone,
}

/// Bytes of an example that are kept.
const EXAMPLE_BYTES_MAX: usize = 300;

/// Level of the exact intervals.
const LEVEL: f64 = 0.95;

impl Default for Rule {
    fn default() -> Self {
        Self { false_discoveries: 0.05, margin: 2.0, control_requests: None, canary_requests: None }
    }
}

impl Logs {
    pub fn new(signatures: Signatures) -> Self {
        let matched = vec![([0, 0], None); signatures.signatures.len()];
        Self { signatures, matched, ..Self::default() }
    }

    /// Holds every line against this as well.
    #[must_use]
    pub fn declared(mut self, structure: Structure) -> Self {
        self.checked = Some(Checked::new(structure));
        self
    }

    /// Takes in one line; an empty one says nothing.
    pub fn read_line(&mut self, arm: Arm, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let side = side(arm);
        let record = Record::read(line);
        self.lines[side] += 1;
        self.broken[side] += u64::from(record.is_broken);
        self.errors[side] += u64::from(record.level >= Some(Level::Error));
        if let Some(fields) = &record.fields {
            self.fields[side].count(fields);
        }
        for (signature, (counts, example)) in self.signatures.signatures.iter().zip(&mut self.matched) {
            if signature.matches(line) {
                counts[side] += 1;
                if arm == Arm::Canary && example.is_none() {
                    *example = Some(shortened(line));
                }
            }
        }
        if let Some(checked) = &mut self.checked {
            checked.read(arm, &record, || shortened(line));
        }
        let id = self.miner.learn(&record.message);
        let seen = self.seen.entry(id).or_default();
        seen.counts[side] += 1;
        seen.level = seen.level.max(record.level);
        if seen.example.is_empty() || (arm == Arm::Canary && !seen.is_of_canary) {
            seen.example = shortened(line);
            seen.is_of_canary = arm == Arm::Canary;
        }
    }

    /// What all the lines say.
    pub fn report(&self, rule: &Rule) -> Report {
        let count = |arm: Arm, events: [u64; 2]| {
            let side = side(arm);
            let requests = if arm == Arm::Control { rule.control_requests } else { rule.canary_requests };
            Count { exposure: requests.unwrap_or(self.lines[side]), events: events[side] }
        };
        let rates = |events: [u64; 2], margin: f64| {
            counts(count(Arm::Control, events), count(Arm::Canary, events), margin, LEVEL)
        };
        let findings = self.findings(rule, rates);
        let signatures = self.matches(|events| rates(events, 1.0).p_more);
        let of_lines = |hits: [u64; 2]| {
            let share = |side: usize| Share { total: self.lines[side], hits: hits[side] };
            shares(share(0), share(1), rule.margin, LEVEL)
        };
        let mut report = Report {
            control_lines: self.lines[0],
            canary_lines: self.lines[1],
            templates: self.seen.len(),
            is_worse: false,
            findings,
            signatures,
            errors: of_lines(self.errors),
            broken: of_lines(self.broken),
            missing_fields: self.missing_fields(rule),
            breaches: self.breaches(rule),
            reasons: Vec::new(),
        };
        report.reasons = report.explain(rule.false_discoveries);
        report.is_worse = !report.reasons.is_empty();
        report
    }

    fn findings(&self, rule: &Rule, rates: impl Fn([u64; 2], f64) -> Comparison) -> Vec<Finding> {
        let compared: Vec<(TemplateId, &Seen, Comparison, Change, f64)> = self
            .seen
            .iter()
            .map(|(id, seen)| {
                // Something that was never there before needs no margin to be new.
                let is_one_sided = seen.counts.contains(&0);
                let found = rates(seen.counts, if is_one_sided { 1.0 } else { rule.margin });
                let change = match seen.counts {
                    [0, _] => Change::New,
                    [_, 0] => Change::Gone,
                    _ if found.p_more < found.p_fewer => Change::MoreOften,
                    _ => Change::LessOften,
                };
                // Both directions are looked at.
                let p_value = (2.0 * found.p_more.min(found.p_fewer)).min(1.0);
                (*id, seen, found, change, p_value)
            })
            .collect();
        let p_values: Vec<f64> = compared.iter().map(|it| it.4).collect();
        let are_found = discoveries(&p_values, rule.false_discoveries);
        let mut findings: Vec<Finding> = compared
            .into_iter()
            .zip(are_found)
            .filter(|(_, is_found)| *is_found)
            .map(|((id, seen, found, change, p_value), _)| Finding {
                change,
                template: self.miner.text(id),
                level: seen.level,
                control: seen.counts[0],
                canary: seen.counts[1],
                ratio: found.estimate,
                low: found.low,
                high: found.high,
                p_value,
                example: seen.example.clone(),
            })
            .collect();
        findings.sort_by(|one, other| {
            let rank = |it: &Finding| (!it.speaks_against(), std::cmp::Reverse(it.level), it.change);
            rank(one).cmp(&rank(other)).then(one.p_value.total_cmp(&other.p_value))
        });
        findings
    }

    fn matches(&self, p_more: impl Fn([u64; 2]) -> f64) -> Vec<Match> {
        let pairs = self.signatures.signatures.iter().zip(&self.matched);
        let matches = pairs.filter(|(_, (counts, _))| *counts != [0, 0]);
        matches
            .map(|(signature, (counts, example))| Match {
                name: signature.name.clone(),
                level: signature.level,
                control: counts[0],
                canary: counts[1],
                p_value: p_more(*counts),
                advice: signature.advice.clone(),
                example: example.clone(),
            })
            .collect()
    }

    fn breaches(&self, rule: &Rule) -> Vec<Breach> {
        let found = self.checked.as_ref().map(|it| it.breaches(self.lines, rule.false_discoveries));
        found.unwrap_or_default()
    }

    fn missing_fields(&self, rule: &Rule) -> Vec<MissingField> {
        let [control, canary] = &self.fields;
        let all: Vec<MissingField> = control
            .usual()
            .map(|field| {
                let (control, canary) = (control.missing(field), canary.missing(field));
                let p_value = shares(control, canary, rule.margin, LEVEL).p_more;
                MissingField { field: field.to_owned(), control, canary, p_value }
            })
            .collect();
        let p_values: Vec<f64> = all.iter().map(|it| it.p_value).collect();
        let are_found = discoveries(&p_values, rule.false_discoveries);
        all.into_iter().zip(are_found).filter(|(_, is_found)| *is_found).map(|(it, _)| it).collect()
    }
}

impl Finding {
    /// Whether it speaks against the new version.
    pub fn speaks_against(&self) -> bool {
        matches!(self.change, Change::New | Change::MoreOften)
            && self.level.is_none_or(|level| level >= Level::Warn)
    }
}

impl Report {
    fn explain(&self, false_discoveries: f64) -> Vec<String> {
        let mut reasons = Vec::new();
        for it in &self.signatures {
            if it.speaks_against(false_discoveries) {
                let advice = it.advice.as_ref().map(|it| format!(" Advice: {it}")).unwrap_or_default();
                reasons.push(format!(
                    "Known failure `{}`: {} lines of the canary, {} of control.{advice}",
                    it.name, it.canary, it.control
                ));
            }
        }
        for it in self.findings.iter().filter(|it| it.speaks_against()) {
            let change = if it.change == Change::New { "New" } else { "More often" };
            reasons.push(format!(
                "{change}: `{}`: {} lines of the canary, {} of control (p = {:.1e}).",
                it.template, it.canary, it.control, it.p_value
            ));
        }
        if self.errors.p_more <= false_discoveries {
            reasons.push(format!("More lines are of level error (p = {:.1e}).", self.errors.p_more));
        }
        if self.broken.p_more <= false_discoveries {
            reasons.push(format!("More lines are broken JSON objects (p = {:.1e}).", self.broken.p_more));
        }
        for it in &self.missing_fields {
            reasons.push(format!(
                "The field `{}` is missing in {} of {} lines of the canary, {} of {} of control.",
                it.field, it.canary.hits, it.canary.total, it.control.hits, it.control.total
            ));
        }
        for it in self.breaches.iter().filter(|it| it.is_worse) {
            reasons.push(format!(
                "Not as declared, {}: {} of {} lines of the canary, {} of {} of control.",
                it.what, it.canary.hits, it.canary.total, it.control.hits, it.control.total
            ));
        }
        reasons
    }
}

const fn side(arm: Arm) -> usize {
    match arm {
        Arm::Control => 0,
        Arm::Canary => 1,
    }
}

fn shortened(line: &str) -> String {
    let line = line.trim();
    let mut end = line.len().min(EXAMPLE_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}
