//! Why a leg fits nowhere: a smallest set of constraints that cannot all be kept.
//!
//! Found by deletion: each constraint is left out in turn, and stays out when the leg fits nowhere even so. What is
//! left cannot lose one more without the leg fitting. There may be other such sets; this one is found by looking at
//! rules first, so that what is named last, order and other changes, is named only when it matters.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::resource::calendar::{Purpose, RuleKind};

use super::{Leg, Setting, Word, moved};
use crate::calendar::conflict::{Change, Surroundings};
use crate::calendar::{LOOK_AHEAD, Rule, Subject, Timeline, later};

/// One of the things that cannot all be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub kind: ObstacleKind,
    /// For people: the rule, the change, or what comes before.
    pub with: String,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObstacleKind {
    /// A freeze, or the windows of a calendar.
    Calendar,
    /// A leg that has to be over before.
    Order,
    /// Another change at the same time.
    Change,
    /// When those work whose word it needs.
    Hours,
    /// There is less time left than it takes.
    Deadline,
    /// The environment is not there before.
    Environment,
}

/// One thing to leave out.
enum Constraint<'a> {
    Calendar { title: String, rules: Vec<&'a Arc<Rule>>, why: String },
    Order { end: Timestamp, why: &'a str },
    Change(&'a Change),
    Word(&'a Word),
    Promised(&'a Name, Timestamp),
}

pub(super) fn smallest(
    leg: &Leg,
    ends: &[(Timestamp, &str)],
    placed: &[Change],
    setting: &Setting<'_>,
) -> Vec<Obstacle> {
    let by = leg.by(setting).unwrap_or_else(|| later(setting.now, LOOK_AHEAD));
    let mut kept = calendars(leg, setting);
    kept.extend(ends.iter().map(|(end, why)| Constraint::Order { end: *end, why }));
    kept.extend(placed.iter().filter(|it| it.until > setting.now && it.from < by).map(Constraint::Change));
    kept.extend(leg.words.iter().map(Constraint::Word));
    kept.extend(leg.promised.map(|at| Constraint::Promised(leg.environment(), at)));
    let begin = leg.change.from.max(setting.now);
    if later(begin, leg.length()) > by {
        let why = format!("it takes {:#} and would have to be over by {by}", leg.length());
        return vec![Obstacle { kind: ObstacleKind::Deadline, with: "the deadline".to_owned(), why }];
    }
    let mut idx = 0;
    while idx < kept.len() {
        let left_out = kept.remove(idx);
        if fits(leg, &kept, setting, begin, by) {
            kept.insert(idx, left_out);
            idx += 1;
        }
    }
    kept.iter().map(Constraint::tell).collect()
}

/// Each freeze that covers the leg, and the windows of each calendar that cover it, which count as one: leaving out a
/// single window only closes more.
fn calendars<'a>(leg: &Leg, setting: &Setting<'a>) -> Vec<Constraint<'a>> {
    let covered = |rule: &&Arc<Rule>| {
        // A vendor who is away binds nobody, and is in the way all the same.
        let is_away = rule.declared.purpose == Purpose::Vendor && rule.declared.kind == RuleKind::Deny;
        let matters = |it: &Subject| is_away || rule.declared.binds.contains(&it.lane());
        leg.subjects.iter().any(|it| matters(it) && rule.covers(it))
            || !leg.change.people.is_disjoint(&rule.declared.people)
    };
    let rules: Vec<&Arc<Rule>> = setting.rules.iter().filter(covered).collect();
    let (denies, allows): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|it| it.declared.kind == RuleKind::Deny);
    let names: BTreeSet<&Name> = allows.iter().map(|it| &it.calendar).collect();
    let of_deny = |rule: &'a Arc<Rule>| Constraint::Calendar {
        title: rule.title(),
        rules: vec![rule],
        why: rule.declared.reason.clone(),
    };
    let of_windows = |name: &Name| Constraint::Calendar {
        title: format!("calendar {name}"),
        rules: allows.iter().copied().filter(|it| it.calendar == *name).collect(),
        why: "releases go only within its windows".to_owned(),
    };
    denies.into_iter().map(of_deny).chain(names.iter().map(|it| of_windows(it))).collect()
}

fn fits(leg: &Leg, kept: &[Constraint<'_>], setting: &Setting<'_>, begin: Timestamp, by: Timestamp) -> bool {
    let (mut rules, mut others, mut words, mut earliest) = (Vec::new(), Vec::new(), Vec::new(), begin);
    for constraint in kept {
        match constraint {
            Constraint::Calendar { rules: of, .. } => rules.extend(of.iter().map(|it| Arc::clone(it))),
            Constraint::Order { end, .. } => earliest = earliest.max(*end),
            Constraint::Change(change) => others.push((*change).clone()),
            Constraint::Word(word) => words.push(*word),
            Constraint::Promised(_, at) => earliest = earliest.max(*at),
        }
    }
    let timeline = Timeline::around(rules, setting.now);
    let around = Surroundings {
        others: &others,
        graph: setting.graph,
        timeline: &timeline,
        lifts: &leg.lifts,
        subjects: &leg.subjects,
    };
    let Some(asked) = super::heard(&words, setting.now) else { return false };
    super::first(&moved(&leg.change, earliest.max(asked)), &words, &around)
        .is_some_and(|it| later(it, leg.length()) <= by)
}

impl Constraint<'_> {
    fn tell(&self) -> Obstacle {
        match self {
            Self::Calendar { title, why, .. } => {
                Obstacle { kind: ObstacleKind::Calendar, with: title.clone(), why: why.clone() }
            }
            Self::Order { end, why } => Obstacle {
                kind: ObstacleKind::Order,
                with: (*why).to_owned(),
                why: format!("it is over at {end}"),
            },
            Self::Change(change) => Obstacle {
                kind: ObstacleKind::Change,
                with: change.title.clone(),
                why: format!("from {} to {}", change.from, change.until),
            },
            Self::Promised(environment, at) => Obstacle {
                kind: ObstacleKind::Environment,
                with: format!("environment {environment}"),
                why: format!("it is promised for {at}"),
            },
            Self::Word(word) => Obstacle {
                kind: ObstacleKind::Hours,
                with: word.title.clone(),
                why: "it is given in the hours in which those work who can give it".to_owned(),
            },
        }
    }
}
