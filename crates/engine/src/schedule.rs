//! When releases can go everywhere: the earliest times that calendars, order and other changes leave, or why there are none.
//!
//! Each [`Leg`] is one release on its way into one environment. Legs are placed one after another, each at the first
//! instant at which its whole expected time meets no closed calendar, no other change and no leg placed before it,
//! not before the legs that it needs are over, and not before whoever has to give their word has been there. With their order given that is the earliest for each of them.
//!
//! A leg that fits nowhere before the deadline gets a smallest set of what stands in its way: take any one of them
//! away and it fits. See [`obstacle`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;

use crate::calendar::conflict::{self, Change, Surroundings};
use crate::calendar::{LOOK_AHEAD, Lift, Rule, Subject, Timeline, later};
use crate::catalogue::graph::Graph;

mod gather;
pub mod obstacle;
mod word;

pub use gather::{Dates, Wanted, change, gather, under_way};
pub use obstacle::{Obstacle, ObstacleKind};
pub use word::{Timing, Word};

/// One release on its way into one environment. `change.from` is not before when, `change.until` that much later.
#[derive(Debug, Clone)]
pub struct Leg {
    pub change: Change,
    /// One for each service.
    pub subjects: Vec<Subject>,
    /// The exceptions that it has from calendars.
    pub lifts: Vec<Lift>,
    /// The legs before it in the list that have to be over first, each with why.
    pub after: Vec<(usize, String)>,
    /// Whose word it needs, as far as their hours matter.
    pub words: Vec<Word>,
    /// From when on its environment was promised, where it is not there yet.
    pub promised: Option<Timestamp>,
    /// It is to be over by then, whatever the others are given.
    pub by: Option<Timestamp>,
}

/// What legs are placed among.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub rules: &'a [Arc<Rule>],
    pub graph: &'a Graph,
    /// Changes that are under way or wait already.
    pub others: &'a [Change],
    pub now: Timestamp,
    /// Everything is to be over by then.
    pub by: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// With what it waits for, in sentences; none when it may start at once.
    Fits { from: Timestamp, until: Timestamp, waits: Vec<String> },
    /// With a smallest set of what stands in its way.
    Impossible(Vec<Obstacle>),
    /// A leg that it needs is impossible, directly or by way of others.
    Behind(usize),
}

/// Where each leg goes, in their order.
pub fn schedule(legs: &[Leg], setting: &Setting<'_>) -> Vec<Fate> {
    let timeline = Timeline::around(setting.rules.to_vec(), setting.now);
    let mut placed = setting.others.to_vec();
    let mut fates: Vec<Fate> = Vec::with_capacity(legs.len());
    for leg in legs {
        let blocked = leg.after.iter().map(|it| it.0).find(|it| !matches!(fates[*it], Fate::Fits { .. }));
        let fate = match blocked {
            Some(before) => Fate::Behind(before),
            None => place(leg, &fates, &placed, &timeline, setting),
        };
        if let Fate::Fits { from, until, .. } = fate {
            placed.push(Change { from, until, ..leg.change.clone() });
        }
        fates.push(fate);
    }
    fates
}

fn place(leg: &Leg, fates: &[Fate], placed: &[Change], timeline: &Timeline, setting: &Setting<'_>) -> Fate {
    let ends: Vec<(Timestamp, &str)> =
        leg.after.iter().filter_map(|it| Some((end(&fates[it.0])?, &*it.1))).collect();
    let begin = leg.change.from.max(setting.now);
    let words: Vec<&Word> = leg.words.iter().collect();
    let Some(asked) = heard(&words, setting.now) else {
        return Fate::Impossible(obstacle::smallest(leg, &ends, placed, setting));
    };
    let earliest = ends.iter().map(|it| it.0).chain(leg.promised).fold(begin.max(asked), Timestamp::max);
    let around = Surroundings {
        others: placed,
        graph: setting.graph,
        timeline,
        lifts: &leg.lifts,
        subjects: &leg.subjects,
    };
    let wanted = moved(&leg.change, earliest);
    let slot = first(&wanted, &words, &around);
    match slot.map(|it| (it, later(it, leg.length()))) {
        Some((from, until)) if leg.by(setting).is_none_or(|by| until <= by) => {
            let order = ends
                .iter()
                .filter(|it| it.0 > begin)
                .map(|(at, why)| format!("{why}, which is over at {at}"));
            let hours = leg.words.iter().filter_map(|it| {
                let had = it.had(if it.timing == Timing::Before { setting.now } else { begin })?;
                (had > begin).then(|| format!("{}, which cannot be given before {had}", it.title))
            });
            let promised = leg.promised.filter(|it| *it > begin);
            let promised = promised.map(|at| format!("{} is promised for {at}", leg.environment()));
            let met = if from == earliest { Vec::new() } else { conflict::conflicts(&wanted, &around) };
            let met = met.into_iter().map(|it| format!("{}: {}", it.with, it.why));
            Fate::Fits {
                from,
                until,
                waits: promised.into_iter().chain(order).chain(hours).chain(met).collect(),
            }
        }
        _ => Fate::Impossible(obstacle::smallest(leg, &ends, placed, setting)),
    }
}

/// When every word that may be given beforehand can have been; None when one never can.
pub(crate) fn heard(words: &[&Word], now: Timestamp) -> Option<Timestamp> {
    let before = words.iter().filter(|it| it.timing == Timing::Before);
    before.map(|it| it.had(now)).try_fold(now, |latest, it| it.map(|it| latest.max(it)))
}

/// The first instant from the wanted one on at which the change meets nothing, and those are there who are asked within it.
pub(crate) fn first(wanted: &Change, words: &[&Word], around: &Surroundings<'_>) -> Option<Timestamp> {
    let horizon = later(wanted.from, LOOK_AHEAD);
    let mut at = wanted.from;
    while at < horizon {
        let from = conflict::free(&moved(wanted, at), around)?.from;
        let within = words.iter().filter(|it| it.timing == Timing::Within);
        let there = within.map(|it| it.had(from)).try_fold(from, |latest, it| it.map(|it| latest.max(it)))?;
        if there == from {
            return Some(from);
        }
        at = there;
    }
    None
}

fn end(fate: &Fate) -> Option<Timestamp> {
    match fate {
        Fate::Fits { until, .. } => Some(*until),
        Fate::Impossible(_) | Fate::Behind(_) => None,
    }
}

impl Leg {
    pub fn length(&self) -> SignedDuration {
        self.change.until.duration_since(self.change.from)
    }

    /// By when it is to be over.
    pub(crate) fn by(&self, setting: &Setting<'_>) -> Option<Timestamp> {
        self.by.into_iter().chain(setting.by).min()
    }

    pub fn environment(&self) -> &Name {
        &self.change.environment
    }
}

/// The same change, begun at another time.
pub(crate) fn moved(change: &Change, from: Timestamp) -> Change {
    let length = change.until.duration_since(change.from);
    Change { from, until: later(from, length), ..change.clone() }
}
