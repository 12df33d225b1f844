//! When releases can go everywhere: the earliest times that calendars, order and other changes leave, or why there are none.
//!
//! Each [`Leg`] is one release on its way into one environment. Legs are placed one after another, each at the first
//! instant at which its whole expected time meets no closed calendar, no other change and no leg placed before it,
//! and not before the legs that it needs are over. With their order given that is the earliest for each of them.
//!
//! A leg that fits nowhere before the deadline gets a smallest set of what stands in its way: take any one of them
//! away and it fits. See [`obstacle`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;

use crate::calendar::conflict::{self, Change, Surroundings};
use crate::calendar::{Lift, Rule, Subject, Timeline, later};
use crate::catalogue::graph::Graph;

mod gather;
pub mod obstacle;

pub use gather::{Wanted, change, gather, under_way};
pub use obstacle::{Obstacle, ObstacleKind};

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
    let earliest = ends.iter().map(|it| it.0).fold(begin, Timestamp::max);
    let around = Surroundings {
        others: placed,
        graph: setting.graph,
        timeline,
        lifts: &leg.lifts,
        subjects: &leg.subjects,
    };
    let wanted = moved(&leg.change, earliest);
    let slot = conflict::free(&wanted, &around);
    match slot.map(|it| (it.from, later(it.from, leg.length()))) {
        Some((from, until)) if setting.by.is_none_or(|by| until <= by) => {
            let order = ends
                .iter()
                .filter(|it| it.0 > begin)
                .map(|(at, why)| format!("{why}, which is over at {at}"));
            let met = if from == earliest { Vec::new() } else { conflict::conflicts(&wanted, &around) };
            let met = met.into_iter().map(|it| format!("{}: {}", it.with, it.why));
            Fate::Fits { from, until, waits: order.chain(met).collect() }
        }
        _ => Fate::Impossible(obstacle::smallest(leg, &ends, placed, setting)),
    }
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

    pub fn environment(&self) -> &Name {
        &self.change.environment
    }
}

/// The same change, begun at another time.
pub(crate) fn moved(change: &Change, from: Timestamp) -> Change {
    let length = change.until.duration_since(change.from);
    Change { from, until: later(from, length), ..change.clone() }
}
