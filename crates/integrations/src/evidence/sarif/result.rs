//! Results, kept until the rules of their run are known: tools write the two in either order.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use shipway_model::evidence::{Finding, Location, Severity};

use super::rule::{Properties, Reference, Rule, Rules};
use crate::evidence::gathered::{Findings, Gather, excerpt};
use crate::evidence::remarks::remark;
use crate::evidence::weight::{Weigh, allocation};
use crate::evidence::{ENTRIES_MAX, LIST_BYTES_MAX, advisory};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<Reference>,
    kind: Option<String>,
    level: Option<String>,
    message: Option<Message>,
    locations: Option<Vec<Place>>,
    suppressions: Option<Vec<Suppression>>,
    fingerprints: Option<BTreeMap<String, String>>,
    partial_fingerprints: Option<BTreeMap<String, String>>,
    baseline_state: Option<String>,
    taxa: Option<Vec<Reference>>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    markdown: Option<String>,
    id: Option<String>,
    arguments: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    index: Option<i64>,
}

/// Only numbers: the snippet of a secret's region is the secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
    start_column: Option<u64>,
    end_line: Option<u64>,
}

#[derive(Deserialize)]
struct Suppression {
    kind: Option<String>,
    status: Option<String>,
    justification: Option<String>,
}

/// A result without what its rule has to say.
pub(super) struct Pending {
    title: Option<String>,
    location: Option<Location>,
    file_index: Option<i64>,
    suppression: Option<String>,
    fingerprint: Option<String>,
    grounds: Grounds,
    /// Rare, all of it.
    more: Option<Box<More>>,
}

/// What decides on a result's severity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Grounds {
    rule: Reference,
    standing: Standing,
    /// By its own level.
    severity: Option<Severity>,
    /// Its own score, as bits: 0 to 10.
    score_bits: Option<u64>,
    suppressed: bool,
}

/// By the result's `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Standing {
    Failing,
    /// Nobody has decided yet.
    Undecided,
    Informing,
}

/// What few results have.
#[derive(Default)]
struct More {
    message_id: Option<String>,
    message_arguments: Vec<String>,
    taxa: Vec<Reference>,
    tags: Vec<String>,
}

/// The results of one run.
#[derive(Default)]
pub(super) struct Results {
    /// In pieces, so that what is settled is given back while the findings grow.
    pending: Vec<Vec<Pending>>,
    n_bytes: usize,
    n_pending: usize,
    /// What is beyond the limit, by what decides on its severity.
    beyond: HashMap<Grounds, u64>,
    n_bytes_beyond: usize,
    /// What differs too much for that, by whether it is suppressed: its severity is not known, as its rule may say another.
    scattered: HashMap<bool, u64>,
    passed: u64,
    absent: u64,
}

/// Results in one piece.
const PIECE: usize = 1024;
/// Most memory for the different grounds of results beyond the limit, in bytes: rules are few, and have short names.
const GROUNDS_BYTES_MAX: usize = 2 << 20;

impl Gather for Results {
    type Item = Written;

    fn gather(&mut self, written: Written) {
        if written.baseline_state.as_deref() == Some("absent") {
            self.absent += 1;
        } else if matches!(written.kind.as_deref(), Some("pass" | "notApplicable")) {
            self.passed += 1;
        } else {
            self.take(Pending::of(written));
        }
    }
}

impl Results {
    fn take(&mut self, pending: Pending) {
        let n_bytes = self.n_bytes + pending.weight_bytes();
        let is_whole = self.beyond.is_empty() && self.scattered.is_empty();
        if is_whole && self.n_pending < ENTRIES_MAX && n_bytes <= LIST_BYTES_MAX {
            (self.n_bytes, self.n_pending) = (n_bytes, self.n_pending + 1);
            match self.pending.last_mut().filter(|it| it.len() < PIECE) {
                Some(piece) => piece.push(pending),
                None => {
                    let mut piece = Vec::with_capacity(PIECE);
                    piece.push(pending);
                    self.pending.push(piece);
                }
            }
            return;
        }
        let grounds = pending.grounds;
        let n_bytes = self.n_bytes_beyond + size_of::<Grounds>() + grounds.rule.heap_bytes();
        match self.beyond.get_mut(&grounds) {
            Some(n) => *n += 1,
            None if n_bytes <= GROUNDS_BYTES_MAX => {
                self.n_bytes_beyond = n_bytes;
                self.beyond.insert(grounds, 1);
            }
            None => *self.scattered.entry(grounds.suppressed).or_default() += 1,
        }
    }

    /// Whether the run said nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.passed == 0 && self.absent == 0
    }

    /// Completes the results by the rules of their run. `files` are the run's artifacts by index.
    pub(super) fn settle(
        self,
        rules: &Rules<'_>,
        files: &[String],
        findings: &mut Findings,
        remarks: &mut Vec<String>,
    ) {
        for piece in self.pending {
            findings.extend(piece.into_iter().map(|it| it.settle(rules, files)));
        }
        for (grounds, n) in self.beyond {
            let severity = grounds.severity(rules, rules.of(&grounds.rule));
            findings.count(&Finding { severity, suppressed: grounds.suppressed, ..Finding::default() }, n);
        }
        for (suppressed, n) in self.scattered {
            findings.count(&Finding { suppressed, ..Finding::default() }, n);
        }
        if self.passed > 0 {
            remark(remarks, || {
                format!("{} results say that nothing is wrong; they are no findings", self.passed)
            });
        }
        if self.absent > 0 {
            remark(remarks, || {
                format!("{} results are gone since the baseline; they are no findings", self.absent)
            });
        }
    }
}

impl Grounds {
    fn severity(&self, rules: &Rules<'_>, rule: Option<&Rule>) -> Severity {
        let score = self.score_bits.map(f64::from_bits).or(rule.and_then(Rule::security_severity));
        match (score, self.severity, self.standing) {
            (Some(score), ..) => Severity::of_score(score),
            (None, Some(own), _) => own,
            (None, None, Standing::Undecided) => Severity::Unknown,
            (None, None, Standing::Informing) => Severity::None,
            (None, None, Standing::Failing) => severity(rules.level(&self.rule, rule)),
        }
    }
}

impl Weigh for Pending {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.title, &self.suppression, &self.fingerprint];
        let more = self.more.as_ref().map_or(0, |it| {
            let arguments = it.message_arguments.heap_bytes();
            allocation(size_of::<More>())
                + it.message_id.heap_bytes()
                + arguments
                + it.taxa.heap_bytes()
                + it.tags.heap_bytes()
        });
        texts.into_iter().map(Weigh::heap_bytes).sum::<usize>()
            + self.location.heap_bytes()
            + self.grounds.rule.heap_bytes()
            + more
    }
}

impl Weigh for Reference {
    fn heap_bytes(&self) -> usize {
        let component = self.tool_component.as_ref();
        self.id.heap_bytes() + component.map_or(0, |it| allocation(size_of_val(&**it)) + it.name.heap_bytes())
    }
}

impl Pending {
    fn of(written: Written) -> Self {
        let mut rule = written.rule.unwrap_or_default();
        rule.id = written.rule_id.or(rule.id);
        rule.index = written.rule_index.or(rule.index).filter(|it| *it >= 0);
        let place = written.locations.into_iter().flatten().find_map(|it| it.physical_location);
        let (location, file_index) = place.map_or((None, None), PhysicalLocation::location);
        let suppression = suppression(written.suppressions);
        let message = written.message;
        let text = message.as_ref().and_then(|it| it.text.as_deref().or(it.markdown.as_deref()));
        let properties = written.properties.unwrap_or_default();
        Self {
            title: text.map(excerpt),
            location,
            file_index,
            grounds: Grounds {
                rule,
                standing: match written.kind.as_deref().unwrap_or("fail") {
                    "fail" => Standing::Failing,
                    "open" | "review" => Standing::Undecided,
                    _ => Standing::Informing,
                },
                severity: written.level.as_deref().map(severity),
                score_bits: properties.security_severity.map(f64::to_bits),
                suppressed: suppression.is_some(),
            },
            suppression: suppression.filter(|it| !it.is_empty()),
            fingerprint: fingerprint(written.fingerprints)
                .or_else(|| fingerprint(written.partial_fingerprints)),
            more: More::of(message, written.taxa, properties.tags),
        }
    }

    fn settle(self, rules: &Rules<'_>, files: &[String]) -> Finding {
        let rule = rules.of(&self.grounds.rule);
        let severity = self.grounds.severity(rules, rule);
        let more = self.more.map(|it| *it).unwrap_or_default();
        let id = self.grounds.rule.id.clone().filter(|it| !it.is_empty());
        let id = id.or_else(|| rule.and_then(|it| it.id.clone())).unwrap_or_default();
        let message =
            || rules.message(&self.grounds.rule, rule, more.message_id.as_ref()?, &more.message_arguments);
        let title = self.title.or_else(message).or_else(|| rule?.description());

        let of_rule = rule.into_iter().flat_map(|it| it.tags());
        let tags: Vec<&str> = more.tags.iter().map(String::as_str).chain(of_rule).collect();
        let own = more.taxa.iter().chain(rule.into_iter().flat_map(|it| it.classes()));
        let tagged = tags
            .iter()
            .filter(|it| it.to_ascii_lowercase().contains("cwe"))
            .filter_map(|it| advisory::cwe(it));
        let mut taxa: Vec<String> = own.filter_map(|it| rules.class(it)).chain(tagged).collect();
        taxa.sort();
        taxa.dedup();
        taxa.shrink_to_fit();

        let mut location = self.location;
        if let Some(location) = location.as_mut().filter(|it| it.file.is_empty()) {
            let file = self.file_index.and_then(|it| files.get(usize::try_from(it).ok()?));
            location.file = file.cloned().unwrap_or_default();
        }
        Finding {
            kind: rules.kind(&id, &tags),
            id,
            severity,
            title,
            location: location.filter(|it| !it.file.is_empty()),
            suppressed: self.grounds.suppressed,
            suppression: self.suppression,
            fingerprint: self.fingerprint,
            taxa,
            ..Finding::default()
        }
    }
}

impl More {
    fn of(
        message: Option<Message>,
        taxa: Option<Vec<Reference>>,
        tags: Option<Vec<String>>,
    ) -> Option<Box<Self>> {
        let (message_id, arguments) = message.map_or((None, None), |it| (it.id, it.arguments));
        let (taxa, tags) = (taxa.unwrap_or_default(), tags.unwrap_or_default());
        let is_something = message_id.is_some() || !taxa.is_empty() || !tags.is_empty();
        let message_arguments = arguments.unwrap_or_default();
        is_something.then(|| Box::new(Self { message_id, message_arguments, taxa, tags }))
    }
}

impl PhysicalLocation {
    fn location(self) -> (Option<Location>, Option<i64>) {
        let file = self.artifact_location;
        let index = file.as_ref().and_then(|it| it.index);
        let region = self.region;
        let location = Location {
            file: file.and_then(|it| it.uri).unwrap_or_default(),
            line: region.as_ref().and_then(|it| it.start_line),
            column: region.as_ref().and_then(|it| it.start_column),
            end_line: region.as_ref().and_then(|it| it.end_line),
        };
        (Some(location), index)
    }
}

/// A result is suppressed if it has suppressions and each of them is accepted, which is what one without a status
/// is (3.27.23, 3.35.3).
fn suppression(suppressions: Option<Vec<Suppression>>) -> Option<String> {
    let suppressions = suppressions.filter(|it| !it.is_empty())?;
    let accepted = |it: &Suppression| matches!(it.status.as_deref(), None | Some("accepted"));
    suppressions.iter().all(accepted).then(|| {
        let reasons = suppressions.iter().filter_map(|it| {
            let justification = it.justification.as_ref().filter(|it| !it.is_empty());
            justification.or(it.kind.as_ref())
        });
        reasons.map(|it| excerpt(it)).collect::<Vec<_>>().join("; ")
    })
}

/// The first that is one: Semgrep writes `requires login` into every result where nobody has signed in, and what all results share
/// would make each new one pass for an old one.
fn fingerprint(given: Option<BTreeMap<String, String>>) -> Option<String> {
    let is_one = |it: &String| !it.is_empty() && !it.contains(char::is_whitespace);
    let (name, value) = given?.into_iter().find(|(_, value)| is_one(value))?;
    Some(format!("{name}:{value}"))
}

fn severity(level: &str) -> Severity {
    match level {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::None,
        _ => Severity::Unknown,
    }
}
