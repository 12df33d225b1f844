//! Ten years of a calendar, looked through for what nobody means: windows that vanish, double or move where the clock
//! is changed, and quarters without any slot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use shipway_model::Name;
use shipway_model::resource::calendar::{Coverage, Lane, OnFold, OnGap};

use super::later;
use super::rule::{Clash, Rule, RuleRef, TEN_YEARS};
use super::subject::Subject;
use super::timeline::Timeline;

/// Instants that are named of one finding; the rest are counted.
const EXAMPLES_MAX: usize = 3;
/// Ways of covering that are looked at two by two; more would be looked at for minutes.
const PAIRED_MAX: usize = 40;
/// Quarters in ten years.
const QUARTERS: i32 = 40;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// How often in the ten years.
    pub count: usize,
    /// The first of them: local starts, or quarters.
    pub examples: Vec<String>,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// A quarter has no slot at all.
    NoSlot,
    /// The rule never occurs.
    Never,
    /// An occurrence is left out because the clock skips its start.
    Vanishes,
    /// The start is moved out of a gap, or the end is another than by the wall clock.
    Moves,
    /// The clock shows the start twice; one of the two is taken.
    Doubles,
    /// The first start is not one that the recurrence gives, so it is no occurrence.
    FirstStart,
    /// An occurrence begins before the one before it has ended.
    Overlaps,
}

/// What is odd about the rules in the ten years from `from` on, the gravest first.
pub fn lint(rules: &[Arc<Rule>], from: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| of_rule(rule, from)).collect();
    findings.extend(empty_quarters(rules, from));
    findings.sort_by_key(|it| it.problem);
    findings
}

fn of_rule(rule: &Rule, from: Timestamp) -> Vec<Finding> {
    let to = later(from, TEN_YEARS);
    let finding = |problem, examples: Vec<String>, text: String| Finding {
        problem,
        rule: Some(rule.reference()),
        count: examples.len().max(1),
        examples: examples.into_iter().take(EXAMPLES_MAX).collect(),
        text: format!("{}: {text}", rule.title()),
    };
    let mut findings = Vec::new();
    let occurrences = match rule.occurrences(from, to) {
        Ok(occurrences) => occurrences,
        Err(too_many) => return vec![finding(Problem::Overlaps, Vec::new(), too_many.to_string())],
    };
    if occurrences.is_empty() {
        let text = "it does not occur in the ten years looked at";
        findings.push(finding(Problem::Never, Vec::new(), text.to_owned()));
    }
    if !rule.begins_with_its_own_start() {
        let text = format!("the rule gives no start at its own dtstart {}", rule.declared.dtstart);
        findings.push(finding(Problem::FirstStart, Vec::new(), text));
    }
    let clashes = rule.clashes(from, to).unwrap_or_default();
    let starts =
        |clash| clashes.iter().filter(|it| it.1 == clash).map(|it| it.0.to_string()).collect::<Vec<_>>();
    let (gaps, folds) = (starts(Clash::Gap), starts(Clash::Fold));
    if !gaps.is_empty() {
        let (problem, does) = match rule.declared.gap {
            OnGap::Skip => (Problem::Vanishes, "is left out"),
            OnGap::Shift | OnGap::Reject => (Problem::Moves, "begins later by the length of the gap"),
        };
        let text = format!("where the clock skips its start it {does} (`gap`)");
        findings.push(finding(problem, gaps, text));
    }
    if !folds.is_empty() {
        let taken = if rule.declared.fold == OnFold::Shift { "second" } else { "first" };
        let text = format!("the clock shows its start twice; the {taken} one is taken (`fold`)");
        findings.push(finding(Problem::Doubles, folds, text));
    }
    let lengths: Vec<SignedDuration> =
        occurrences.iter().map(|it| it.until.datetime().duration_since(it.from.datetime())).collect();
    let usual = usual(&lengths);
    let moved = occurrences.iter().zip(&lengths).filter(|it| Some(*it.1) != usual);
    let moved: Vec<String> = moved.map(|it| it.0.local.to_string()).collect();
    if !moved.is_empty() {
        let text = "it ends at another local time than usual, because the clock is changed meanwhile";
        findings.push(finding(Problem::Moves, moved, text.to_owned()));
    }
    let overlaps = occurrences.windows(2).filter(|it| it[1].from.timestamp() < it[0].until.timestamp());
    let overlaps: Vec<String> = overlaps.map(|it| it[1].local.to_string()).collect();
    if !overlaps.is_empty() {
        let text = "an occurrence begins before the one before it has ended";
        findings.push(finding(Problem::Overlaps, overlaps, text.to_owned()));
    }
    findings
}

fn usual(lengths: &[SignedDuration]) -> Option<SignedDuration> {
    let mut counts: BTreeMap<SignedDuration, usize> = BTreeMap::new();
    for length in lengths {
        *counts.entry(*length).or_default() += 1;
    }
    counts.into_iter().max_by_key(|it| it.1).map(|it| it.0)
}

/// For everything that a rule covers differently: quarters of a year, in UTC, without an instant that is open.
fn empty_quarters(rules: &[Arc<Rule>], from: Timestamp) -> Vec<Finding> {
    if !rules.iter().any(|it| it.declared.binds.contains(&Lane::Releases)) {
        return Vec::new();
    }
    let first = first_quarter(from);
    let quarters: Vec<(DateTime, Timestamp)> = (0..=QUARTERS)
        .filter_map(|idx| {
            let start = first.checked_add((3 * idx).months()).ok()?;
            Some((start, TimeZone::UTC.to_timestamp(start).ok()?))
        })
        .collect();
    let (Some(begin), Some(end)) = (quarters.first(), quarters.last()) else { return Vec::new() };
    let timeline = Timeline::new(rules.to_vec(), begin.1, end.1);
    let empty = |subject: &Subject| -> BTreeSet<String> {
        let closed = quarters.windows(2).filter(|quarter| {
            let slot = timeline.slot(std::slice::from_ref(subject), &[], quarter[0].1, SignedDuration::ZERO);
            slot.is_none_or(|it| it.from >= quarter[1].1)
        });
        closed.map(|it| quarter_name(it[0].0.date())).collect()
    };
    let coverages = coverages(rules);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut alone: Vec<BTreeSet<String>> = Vec::with_capacity(coverages.len());
    for coverage in &coverages {
        let (subject, who) = smallest(coverage);
        let closed = empty(&subject);
        alone.push(closed.clone());
        found.entry(who).or_insert(closed);
    }
    for (one, other) in pairs(coverages.len()) {
        let Some(shared) = both(coverages[one], coverages[other]) else { continue };
        let (subject, who) = smallest(&shared);
        // What either leaves closed by itself is told already.
        found.entry(who).or_insert_with(|| &(&empty(&subject) - &alone[one]) - &alone[other]);
    }
    found.into_iter().filter(|it| !it.1.is_empty()).map(|(who, empty)| no_slot(&who, &empty)).collect()
}

fn no_slot(who: &str, empty: &BTreeSet<String>) -> Finding {
    let first = empty.first().map_or("", String::as_str);
    Finding {
        problem: Problem::NoSlot,
        rule: None,
        count: empty.len(),
        text: format!("{who} has no slot in {} of {QUARTERS} quarters, the first is {first}", empty.len()),
        examples: empty.iter().take(EXAMPLES_MAX).cloned().collect(),
    }
}

fn first_quarter(from: Timestamp) -> DateTime {
    let today = TimeZone::UTC.to_datetime(from).date();
    let month = (today.month() - 1) / 3 * 3 + 1;
    Date::new(today.year(), month, 1)
        .expect("January, April, July and October have a first day")
        .at(0, 0, 0, 0)
}

fn quarter_name(first: Date) -> String {
    format!("{}-Q{}", first.year(), (first.month() - 1) / 3 + 1)
}

/// Each way in which rules that bind releases cover, once.
fn coverages(rules: &[Arc<Rule>]) -> Vec<&Coverage> {
    let binding = rules.iter().filter(|it| it.declared.binds.contains(&Lane::Releases));
    let mut found: Vec<&Coverage> = Vec::new();
    for rule in binding {
        if !found.contains(&&rule.coverage) {
            found.push(&rule.coverage);
        }
    }
    found
}

/// Each two of the first of so many: a freeze and a window that leave a slot each may leave none together.
fn pairs(n_coverages: usize) -> impl Iterator<Item = (usize, usize)> {
    let n = n_coverages.min(PAIRED_MAX);
    (0..n).flat_map(move |one| (one + 1..n).map(move |other| (one, other)))
}

/// What two coverages have in common; None when nothing can be covered by both.
fn both(one: &Coverage, other: &Coverage) -> Option<Coverage> {
    fn common<T: Ord + Clone>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> Option<BTreeSet<T>> {
        if one.is_empty() || other.is_empty() {
            return Some(one.union(other).cloned().collect());
        }
        let common: BTreeSet<T> = one.intersection(other).cloned().collect();
        (!common.is_empty()).then_some(common)
    }
    Some(Coverage {
        tiers: common(&one.tiers, &other.tiers)?,
        services: common(&one.services, &other.services)?,
        teams: common(&one.teams, &other.teams)?,
        vendors: common(&one.vendors, &other.vendors)?,
        environments: common(&one.environments, &other.environments)?,
        regions: common(&one.regions, &other.regions)?,
        classes: common(&one.classes, &other.classes)?,
    })
}

fn smallest(coverage: &Coverage) -> (Subject, String) {
    let first = |names: &std::collections::BTreeSet<Name>| names.first().cloned();
    let subject = Subject {
        service: first(&coverage.services),
        tier: coverage.tiers.first().copied(),
        team: first(&coverage.teams),
        vendors: coverage.vendors.clone(),
        environment: first(&coverage.environments),
        regions: coverage.regions.iter().take(1).cloned().collect(),
        class: coverage.classes.first().copied().unwrap_or_default(),
        is_rollback: false,
    };
    let mut words = vec![format!("a {} release", subject.class.as_str())];
    words.extend(subject.service.iter().map(|it| format!("of service {it}")));
    words.extend(subject.tier.iter().map(|it| format!("of tier {it}")));
    words.extend(subject.team.iter().map(|it| format!("of team {it}")));
    words.extend(subject.vendors.first().map(|it| format!("that depends on vendor {it}")));
    words.extend(subject.regions.first().map(|it| format!("in region {it}")));
    words.extend(subject.environment.iter().map(|it| format!("into {it}")));
    (subject, words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shipway_model::resource::Calendar;

    use super::super::compile;
    use super::*;

    #[test]
    fn a_freeze_and_a_window_that_leave_a_slot_each_may_leave_none_together() {
        let weekly = |day: &str, more: serde_json::Value| {
            let mut rule = json!({
                "name": format!("on-{}", day.to_lowercase()), "dtstart": "2026-01-01", "duration": "1d",
                "rrule": format!("FREQ=WEEKLY;BYDAY={day}"),
            });
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            rule
        };
        let found = |frozen: &str| -> Vec<String> {
            let window =
                weekly("TH", json!({ "kind": "allow", "scope": { "environments": ["production"] } }));
            let freeze = weekly(
                frozen,
                json!({ "kind": "deny", "scope": { "tiers": [1] }, "binds": ["releases", "emergencies"], "name": "freeze" }),
            );
            let calendar: Calendar = serde_json::from_value(json!({ "rules": [window, freeze] })).unwrap();
            let rules: Vec<Arc<Rule>> =
                compile(&"shop".parse().unwrap(), &calendar).unwrap().into_iter().map(Arc::new).collect();
            let all = lint(&rules, "2026-01-01T00:00:00Z".parse().unwrap());
            all.into_iter().filter(|it| it.problem == Problem::NoSlot).map(|it| it.text).collect()
        };
        assert!(found("FR").is_empty());
        let together = found("TH");
        assert_eq!(together.len(), 1, "{together:?}");
        assert!(
            together[0]
                .starts_with("a normal release of tier 1 into production has no slot in 40 of 40 quarters"),
            "{together:?}"
        );
    }
}
