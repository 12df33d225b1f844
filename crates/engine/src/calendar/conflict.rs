//! What would get in a change's way: other changes at the same time, and people and vendors who are away. Each conflict
//! says why it matters, and when the next slot without any is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use shipway_model::Name;
use shipway_model::resource::calendar::{Purpose, RuleKind};
use shipway_model::resource::{Key, Kind};

use super::answer::Slot;
use super::later;
use super::rule::Rule;
use super::subject::Subject;
use super::timeline::{LOOK_AHEAD, Lift, Timeline};
use crate::catalogue::graph::Graph;

/// Something that is to happen, or happens, to services in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// For people, for example `rollout rol_… of shop@1.2.0`.
    pub title: String,
    pub services: BTreeSet<Name>,
    pub environment: Name,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Who is needed for it.
    pub people: BTreeSet<String>,
    /// The hosts that it touches.
    pub targets: BTreeSet<Name>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    pub kind: ConflictKind,
    /// The other change, or the rule.
    pub with: String,
    /// Why it matters.
    pub why: String,
    /// When both happen.
    pub overlap: Slot,
    /// The next slot that is long enough, open, and free of every conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Slot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    SameService,
    /// The other changes what this one's services need.
    Dependency,
    /// The other changes what needs this one's services.
    Dependant,
    /// What fails of the other may fail these services, by way of several others.
    BlastRadius,
    SharedEnvironment,
    People,
    VendorWindow,
    /// The calendar is closed.
    Closed,
}

impl ConflictKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameService => "same-service",
            Self::Dependency => "dependency",
            Self::Dependant => "dependant",
            Self::BlastRadius => "blast-radius",
            Self::SharedEnvironment => "shared-environment",
            Self::People => "people",
            Self::VendorWindow => "vendor-window",
            Self::Closed => "closed",
        }
    }
}

/// What conflicts are looked for against.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub others: &'a [Change],
    pub graph: &'a Graph,
    pub timeline: &'a Timeline,
    pub lifts: &'a [Lift],
    /// One for each service of the change.
    pub subjects: &'a [Subject],
}

/// Everything in the way of `change`, the gravest kind first.
pub fn conflicts(change: &Change, around: &Surroundings<'_>) -> Vec<Conflict> {
    let mut found = found(change, around);
    if !found.is_empty() {
        let next = free(change, around);
        found.iter_mut().for_each(|it| it.next = next);
    }
    found.sort_by_key(|it| (it.kind, it.overlap.from));
    found
}

fn found(change: &Change, around: &Surroundings<'_>) -> Vec<Conflict> {
    let mut found = Vec::new();
    for other in around.others {
        let (from, until) = (change.from.max(other.from), change.until.min(other.until));
        if from >= until {
            continue;
        }
        let overlap = Slot { from, until: Some(until) };
        found.extend(between(change, other, around.graph).into_iter().map(|(kind, why)| Conflict {
            kind,
            with: other.title.clone(),
            why,
            overlap,
            next: None,
        }));
    }
    for (rule, span) in around.timeline.overlapping(change.from, change.until) {
        let overlap = Slot { from: span.0.max(change.from), until: Some(span.1.min(change.until)) };
        found.extend(of_rule(change, rule, around.subjects).map(|(kind, why)| Conflict {
            kind,
            with: rule.title(),
            why,
            overlap,
            next: None,
        }));
    }
    let answer = around.timeline.check(around.subjects, around.lifts, change.from);
    let closes = answer.until.filter(|it| answer.allowed && *it < change.until);
    if !answer.allowed || closes.is_some() {
        let why = match closes {
            Some(at) => format!("the window closes at {at}, before the change ends"),
            None => answer.refusal(),
        };
        let from = closes.unwrap_or(change.from);
        let with =
            answer.by.map_or_else(|| "the calendar".to_owned(), |it| format!("calendar {}", it.calendar));
        let overlap = Slot { from, until: Some(change.until) };
        found.push(Conflict { kind: ConflictKind::Closed, with, why, overlap, next: None });
    }
    found
}

/// Why two changes at the same time get in each other's way.
fn between(change: &Change, other: &Change, graph: &Graph) -> Vec<(ConflictKind, String)> {
    let mut found = Vec::new();
    let mut people: Vec<&str> = change.people.intersection(&other.people).map(String::as_str).collect();
    people.sort_unstable();
    if !people.is_empty() {
        found.push((ConflictKind::People, format!("{} is needed for both", people.join(", "))));
    }
    if change.environment != other.environment {
        let shared: Vec<&str> = change.targets.intersection(&other.targets).map(Name::as_str).collect();
        if !shared.is_empty() {
            let why = format!("both touch {}, although in different environments", shared.join(", "));
            found.push((ConflictKind::SharedEnvironment, why));
        }
        return found;
    }
    if let Some(service) = change.services.intersection(&other.services).next() {
        let why = format!("both change {service}: neither could be taken back without the other");
        found.push((ConflictKind::SameService, why));
        return found;
    }
    let related = |from: &BTreeSet<Name>, to: &BTreeSet<Name>| {
        let mut ways: Vec<Vec<Name>> = from.iter().filter_map(|it| way(graph, it, to)).collect();
        ways.sort_by_key(Vec::len);
        ways.into_iter().next()
    };
    if let Some(way) = related(&change.services, &other.services) {
        found.push(match way.as_slice() {
            [mine, theirs] => (
                ConflictKind::Dependency,
                format!("{mine} needs {theirs}, which changes at the same time: a fault could be either's"),
            ),
            _ => {
                (ConflictKind::BlastRadius, format!("a fault of the other reaches this one: {}", path(&way)))
            }
        });
    }
    if let Some(way) = related(&other.services, &change.services) {
        found.push(match way.as_slice() {
            [theirs, mine] => (
                ConflictKind::Dependant,
                format!(
                    "{theirs} needs {mine} and changes at the same time: its verdict would be about both"
                ),
            ),
            _ => {
                (ConflictKind::BlastRadius, format!("a fault of this one reaches the other: {}", path(&way)))
            }
        });
    }
    if found.iter().all(|it| it.0 == ConflictKind::People) {
        let why = format!("both change {}: a fault there could be either's", change.environment);
        found.push((ConflictKind::SharedEnvironment, why));
    }
    found
}

fn path(way: &[Name]) -> String {
    way.iter().map(Name::as_str).collect::<Vec<_>>().join(" needs ")
}

/// The shortest way along dependencies from a service to one of `to`.
fn way(graph: &Graph, from: &Name, to: &BTreeSet<Name>) -> Option<Vec<Name>> {
    let start = Key { kind: Kind::Service, name: from.clone() };
    let mut before: BTreeMap<&Key, &Key> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([&start]);
    while let Some(node) = open.pop_front() {
        for next in graph.get(node).into_iter().flatten() {
            if *next == start || before.contains_key(next) {
                continue;
            }
            before.insert(next, node);
            if next.kind == Kind::Service && to.contains(&next.name) {
                let mut way = vec![next.name.clone()];
                let mut here = next;
                while let Some(previous) = before.get(here) {
                    way.push(previous.name.clone());
                    here = previous;
                }
                way.reverse();
                return Some(way);
            }
            open.push_back(next);
        }
    }
    None
}

/// Why a rule that holds meanwhile gets in the way, where it is about people or vendors.
fn of_rule(change: &Change, rule: &Rule, subjects: &[Subject]) -> Option<(ConflictKind, String)> {
    let declared = &rule.declared;
    if declared.kind != RuleKind::Deny {
        return None;
    }
    let away: Vec<&str> = change.people.intersection(&declared.people).map(String::as_str).collect();
    if !away.is_empty() {
        return Some((ConflictKind::People, format!("{} is away", away.join(", "))));
    }
    let covered = subjects.iter().find(|it| rule.covers(it));
    match (declared.purpose, covered) {
        (Purpose::Vendor, Some(subject)) => {
            let vendors: Vec<&str> =
                subject.vendors.intersection(&rule.coverage.vendors).map(Name::as_str).collect();
            let service = subject.service.as_ref().map_or("it", Name::as_str);
            let whom = if vendors.is_empty() { "a vendor".to_owned() } else { vendors.join(", ") };
            Some((ConflictKind::VendorWindow, format!("{service} depends on {whom}, which is away")))
        }
        _ => None,
    }
}

/// The first slot at or after the wanted start in which the change would meet nothing; None within [`LOOK_AHEAD`].
pub(crate) fn free(change: &Change, around: &Surroundings<'_>) -> Option<Slot> {
    let length = change.until.duration_since(change.from);
    let horizon = later(change.from, LOOK_AHEAD);
    let mut at = change.from;
    while at < horizon {
        let slot = around.timeline.slot(around.subjects, around.lifts, at, length)?;
        let moved = Change { from: slot.from, until: later(slot.from, length), ..change.clone() };
        // Begun later, it would meet each of them just the same until that one is over.
        match found(&moved, around).iter().filter_map(|it| it.overlap.until).max() {
            None => return Some(slot),
            Some(until) => at = until,
        }
    }
    None
}
