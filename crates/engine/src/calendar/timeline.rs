//! The occurrences of many rules over some months, laid out to be asked quickly.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;
use shipway_model::resource::calendar::{Coverage, RuleKind, WhenClosed};

use super::answer::{Answer, Reason, Slot};
use super::later;
use super::rule::Rule;
use super::subject::Subject;

/// As far as the next slot is looked for.
pub const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);
/// A timeline reaches further than that, so that it need not be made again at once.
const SLACK: SignedDuration = SignedDuration::from_hours(24 * 32);

/// Asked for times before `from` or after `to` it knows nothing.
#[derive(Debug, Clone)]
pub struct Timeline {
    from: Timestamp,
    to: Timestamp,
    rules: Vec<Arc<Rule>>,
    /// Of each rule, in order and apart from one another, where they lie in `spans`.
    places: Vec<(u32, u32)>,
    spans: Vec<Span>,
    index: Index,
}

/// Where to look for the rules that may cover a subject, so that ten thousand need not be asked. Each rule is in one place:
/// by the narrowest of what it names.
#[derive(Debug, Clone, Default)]
struct Index {
    services: BTreeMap<Name, Vec<u32>>,
    teams: BTreeMap<Name, Vec<u32>>,
    vendors: BTreeMap<Name, Vec<u32>>,
    environments: BTreeMap<Name, Vec<u32>>,
    /// Those that name none of these.
    others: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

/// A stretch in which a calendar, or all of them, do not bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lift {
    pub calendar: Option<Name>,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Timeline {
    /// From a day before `at` until a month after the [`LOOK_AHEAD`].
    pub fn around(rules: Vec<Arc<Rule>>, at: Timestamp) -> Self {
        let from = at.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        Self::new(rules, from, later(later(at, LOOK_AHEAD), SLACK))
    }

    pub fn new(rules: Vec<Arc<Rule>>, from: Timestamp, to: Timestamp) -> Self {
        let mut timeline = Self {
            from,
            to,
            places: Vec::with_capacity(rules.len()),
            spans: Vec::new(),
            index: Index::default(),
            rules: Vec::new(),
        };
        for (idx, rule) in rules.iter().enumerate() {
            let begin = timeline.spans.len();
            // Rules are limited to far fewer starts than what would be too many in this time.
            for it in rule.occurrences(from, to).unwrap_or_default() {
                let span = Span { from: it.from.timestamp(), until: it.until.timestamp() };
                match timeline.spans[begin..].last_mut() {
                    Some(last) if last.until >= span.from => last.until = last.until.max(span.until),
                    _ => timeline.spans.push(span),
                }
            }
            timeline.places.push((index(begin), index(timeline.spans.len())));
            timeline.index.add(&rule.coverage, index(idx));
        }
        timeline.rules = rules;
        timeline
    }

    /// Whether it can say what holds at `at` and for the [`LOOK_AHEAD`] after it.
    pub fn reaches(&self, at: Timestamp) -> bool {
        self.from <= at && later(at, LOOK_AHEAD) <= self.to
    }

    /// Whether all of `subjects` may go at `at`.
    pub fn check(&self, subjects: &[Subject], lifts: &[Lift], at: Timestamp) -> Answer {
        self.constraints(subjects, lifts).answer(at)
    }

    /// The first slot at or after `at` that is at least as long as `length`.
    pub fn slot(
        &self,
        subjects: &[Subject],
        lifts: &[Lift],
        at: Timestamp,
        length: SignedDuration,
    ) -> Option<Slot> {
        self.constraints(subjects, lifts).slot(at, length)
    }

    /// The rules of which some occurrence lies between `from` and `to`, whomever they cover, with that occurrence.
    pub fn overlapping(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (&Rule, (Timestamp, Timestamp))> {
        (0..self.rules.len()).filter_map(move |idx| {
            let (now, next) = self.around_of(index(idx), from);
            let span = now.or(next).filter(|it| it.from < to)?;
            Some((&*self.rules[idx], (span.from, span.until)))
        })
    }

    fn constraints<'t>(&'t self, subjects: &[Subject], lifts: &'t [Lift]) -> Constraints<'t> {
        let (mut denies, mut windows) = (Vec::new(), Vec::new());
        for subject in subjects {
            let mut allows: BTreeMap<&Name, Vec<u32>> = BTreeMap::new();
            for idx in self.index.about(subject) {
                let rule = &self.rules[idx as usize];
                if !rule.declared.binds.contains(&subject.lane()) || !rule.covers(subject) {
                    continue;
                }
                match rule.declared.kind {
                    RuleKind::Deny => denies.push(idx),
                    RuleKind::Allow => allows.entry(&rule.calendar).or_default().push(idx),
                }
            }
            windows.extend(allows.into_values());
        }
        denies.sort_unstable();
        denies.dedup();
        windows.sort_unstable();
        windows.dedup();
        Constraints { timeline: self, lifts, denies, windows }
    }

    fn spans_of(&self, idx: u32) -> &[Span] {
        let (begin, end) = self.places[idx as usize];
        &self.spans[begin as usize..end as usize]
    }

    /// The span at `at`, and the next one after it.
    fn around_of(&self, idx: u32, at: Timestamp) -> (Option<Span>, Option<Span>) {
        let spans = self.spans_of(idx);
        let after = spans.partition_point(|it| it.from <= at);
        let now = after.checked_sub(1).map(|it| spans[it]).filter(|it| it.until > at);
        (now, spans.get(after).copied())
    }
}

impl Index {
    fn add(&mut self, coverage: &Coverage, idx: u32) {
        let Coverage { services, teams, vendors, environments, .. } = coverage;
        let named = [
            (&mut self.services, services),
            (&mut self.teams, teams),
            (&mut self.vendors, vendors),
            (&mut self.environments, environments),
        ];
        match named.into_iter().find(|(_, names)| !names.is_empty()) {
            Some((place, names)) => {
                for name in names {
                    place.entry(name.clone()).or_default().push(idx);
                }
            }
            None => self.others.push(idx),
        }
    }

    /// Rules that may cover the subject, each once, in their order.
    fn about(&self, subject: &Subject) -> Vec<u32> {
        let one = |place: &'_ BTreeMap<Name, Vec<u32>>, name: Option<&Name>| {
            name.and_then(|it| place.get(it)).cloned().unwrap_or_default()
        };
        let mut found = self.others.clone();
        found.extend(one(&self.services, subject.service.as_ref()));
        found.extend(one(&self.teams, subject.team.as_ref()));
        found.extend(one(&self.environments, subject.environment.as_ref()));
        for vendor in &subject.vendors {
            found.extend(one(&self.vendors, Some(vendor)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn index(of: usize) -> u32 {
    u32::try_from(of).expect("rules and their occurrences are limited to fewer")
}

/// The rules that have a say about some subjects.
struct Constraints<'t> {
    timeline: &'t Timeline,
    lifts: &'t [Lift],
    denies: Vec<u32>,
    /// Of each list one must be open.
    windows: Vec<Vec<u32>>,
}

/// How one constraint stands at an instant, and until when at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    open: bool,
    until: Timestamp,
}

impl Constraints<'_> {
    fn rule(&self, idx: u32) -> &Rule {
        &self.timeline.rules[idx as usize]
    }

    fn lifted(&self, idx: u32, at: Timestamp) -> Option<Timestamp> {
        let calendar = &self.rule(idx).calendar;
        let lifts = self.lifts.iter().filter(|it| it.calendar.as_ref().is_none_or(|it| it == calendar));
        lifts.filter(|it| it.from <= at && at < it.until).map(|it| it.until).max()
    }

    fn next_lift(&self, idx: u32, at: Timestamp) -> Timestamp {
        let calendar = &self.rule(idx).calendar;
        let lifts = self.lifts.iter().filter(|it| it.calendar.as_ref().is_none_or(|it| it == calendar));
        lifts.filter(|it| it.from > at).map(|it| it.from).min().unwrap_or(Timestamp::MAX)
    }

    fn deny(&self, idx: u32, at: Timestamp) -> Standing {
        let (now, next) = self.timeline.around_of(idx, at);
        match now {
            Some(_) if let Some(until) = self.lifted(idx, at) => Standing { open: true, until },
            Some(span) => Standing { open: false, until: span.until.min(self.next_lift(idx, at)) },
            None => Standing { open: true, until: next.map_or(Timestamp::MAX, |it| it.from) },
        }
    }

    fn window(&self, rules: &[u32], at: Timestamp) -> Standing {
        if let Some(until) = rules.first().and_then(|idx| self.lifted(*idx, at)) {
            return Standing { open: true, until };
        }
        let (mut open_until, mut next_open) = (None, Timestamp::MAX);
        for &idx in rules {
            let (now, next) = self.timeline.around_of(idx, at);
            open_until = open_until.max(now.map(|it| it.until));
            next_open = next.map_or(next_open, |it| next_open.min(it.from));
        }
        match open_until {
            Some(until) => Standing { open: true, until },
            None => {
                let lift = rules.first().map_or(Timestamp::MAX, |idx| self.next_lift(*idx, at));
                Standing { open: false, until: next_open.min(lift) }
            }
        }
    }

    fn standings(&self, at: Timestamp) -> impl Iterator<Item = Standing> + '_ {
        let denies = self.denies.iter().map(move |idx| self.deny(*idx, at));
        denies.chain(self.windows.iter().map(move |rules| self.window(rules, at)))
    }

    /// Until when something is against it for sure; None when nothing is.
    fn closed_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.standings(at).filter(|it| !it.open).map(|it| it.until).max()
    }

    fn horizon(&self, at: Timestamp) -> Timestamp {
        later(at, LOOK_AHEAD).min(self.timeline.to)
    }

    /// The first instant at or after `at` that nothing is against, before `horizon`.
    fn opens(&self, mut at: Timestamp, horizon: Timestamp) -> Option<Timestamp> {
        while at < horizon {
            match self.closed_until(at) {
                None => return Some(at),
                Some(until) => at = until,
            }
        }
        None
    }

    /// The first instant after `at`, which is open, that something is against, before `horizon`.
    fn closes(&self, mut at: Timestamp, horizon: Timestamp) -> Option<Timestamp> {
        loop {
            let edge = self.standings(at).map(|it| it.until).min().unwrap_or(Timestamp::MAX);
            if edge >= horizon {
                return None;
            }
            if self.closed_until(edge).is_some() {
                return Some(edge);
            }
            at = edge;
        }
    }

    fn slot(&self, at: Timestamp, length: SignedDuration) -> Option<Slot> {
        let horizon = self.horizon(at);
        let mut from = self.opens(at, horizon)?;
        loop {
            let until = self.closes(from, horizon);
            match until {
                Some(until) if until.duration_since(from) < length => from = self.opens(until, horizon)?,
                _ => return Some(Slot { from, until }),
            }
        }
    }

    fn answer(&self, at: Timestamp) -> Answer {
        let horizon = self.horizon(at);
        let next = self.slot(at, SignedDuration::ZERO);
        let allowed = next.is_some_and(|it| it.from == at);
        let until = if allowed { next.and_then(|it| it.until) } else { next.map(|it| it.from) };
        let mut reasons: Vec<(Reason, u32)> = Vec::new();
        for &idx in &self.denies {
            reasons.extend(self.said_by_deny(idx, at).map(|it| (it, idx)));
        }
        for rules in &self.windows {
            reasons.extend(self.said_by_window(rules, at, horizon));
        }
        // Those that say no come first, the one that holds longest at their head.
        reasons.sort_by_key(|(it, _)| (it.allows, std::cmp::Reverse(it.until.unwrap_or(Timestamp::MAX))));
        reasons.dedup_by(|a, b| a.0 == b.0);
        let against = || reasons.iter().filter(|it| !it.0.allows).map(|it| &self.rule(it.1).declared);
        Answer {
            at,
            allowed,
            by: reasons.first().filter(|it| it.0.allows == allowed).map(|it| it.0.rule.clone()),
            until,
            next,
            caught: against().map(|it| it.caught).min(),
            closed: if against().any(|it| it.closed == WhenClosed::Refuse) {
                WhenClosed::Refuse
            } else {
                WhenClosed::Queue
            },
            reasons: reasons.into_iter().map(|it| it.0).collect(),
        }
    }

    fn said_by_deny(&self, idx: u32, at: Timestamp) -> Option<Reason> {
        let span = self.timeline.around_of(idx, at).0?;
        let rule = self.rule(idx);
        let why = because(rule);
        Some(match self.lifted(idx, at) {
            Some(until) => Reason {
                rule: rule.reference(),
                allows: true,
                until: Some(until),
                text: format!("an exception lifts {} until {until}", rule.title()),
            },
            None => Reason {
                rule: rule.reference(),
                allows: false,
                until: Some(span.until),
                text: format!("{} holds until {}{why}", rule.title(), span.until),
            },
        })
    }

    fn said_by_window(&self, rules: &[u32], at: Timestamp, horizon: Timestamp) -> Option<(Reason, u32)> {
        let standing = self.window(rules, at);
        let until = Some(standing.until).filter(|it| *it < horizon);
        let open = rules.iter().find(|idx| self.timeline.around_of(**idx, at).0.is_some());
        let next = || {
            let starts = rules.iter().map(|idx| (self.timeline.around_of(*idx, at).1.map(|it| it.from), idx));
            starts.filter(|it| it.0.is_some()).min().map_or(rules.first(), |it| Some(it.1))
        };
        let idx = *open.or_else(next)?;
        let rule = self.rule(idx);
        let text = match (standing.open, open, until) {
            (true, Some(_), Some(until)) => format!("{} is open until {until}", rule.title()),
            (true, Some(_), None) => format!("{} is open", rule.title()),
            (true, None, _) => format!("an exception lifts calendar {}", rule.calendar),
            (false, _, Some(until)) => {
                format!(
                    "calendar {} is closed; {} opens at {until}{}",
                    rule.calendar,
                    rule.title(),
                    because(rule)
                )
            }
            (false, _, None) => {
                format!("calendar {} is closed, and no window of it opens again", rule.calendar)
            }
        };
        Some((Reason { rule: rule.reference(), allows: standing.open, until, text }, idx))
    }
}

fn because(rule: &Rule) -> String {
    let reason = rule.declared.reason.trim_end_matches('.');
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}
