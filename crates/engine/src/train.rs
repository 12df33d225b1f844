//! Release trains: what leaves with the next departure, what stays behind and why, and whom an open promise is told to.
//!
//! A [`Manifest`] is worked out from what is known, as often as anybody asks. When a departure is due, [`depart`] starts a
//! rollout for each coach and records it; a departure leaves once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, Event};
use shipway_model::plan::Plan;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, Lane, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};
use shipway_model::resource::train::{Promise, Train};
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{Name, ReleaseId, RolloutId};

use crate::calendar::{LOOK_AHEAD, Rule, compile, later};
use crate::catalogue::graph;
use crate::rollout::start;
use crate::{Code, Context, Rejection, Release, State, change, plan};

pub mod place;

/// A departure that the control plane missed by more than this does not leave any more: it would come as a surprise.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone, Default)]
pub struct Trains {
    departed: BTreeMap<Name, Departed>,
    /// Of each train: promise, departure and whom.
    told: BTreeSet<(Name, Name, Timestamp, String)>,
    /// By train and member, the departure with which it was last said to go, where vendors have moved it.
    places: BTreeMap<(Name, Name), Option<Timestamp>>,
}

/// The last departure of a train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    pub departure: Timestamp,
    pub rollouts: Vec<RolloutId>,
    pub left: BTreeMap<Name, String>,
}

/// What one departure takes and leaves.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub train: Name,
    pub environment: Name,
    pub departure: Timestamp,
    /// What is sealed later takes the next one.
    pub boarding_ends: Timestamp,
    /// Providers before consumers.
    pub coaches: Vec<Coach>,
    /// Members that stay behind, each with why.
    pub left: BTreeMap<Name, String>,
    /// Open promises that members of it wait for.
    pub open: Vec<Promise>,
}

/// One release on the train.
#[derive(Debug, Clone)]
pub struct Coach {
    pub release: ReleaseId,
    /// For example `shop@1.4.0`.
    pub title: String,
    pub services: BTreeSet<Name>,
    /// Points.
    pub risk: u32,
    pub plan: Plan,
}

impl Trains {
    pub fn last(&self, train: &Name) -> Option<&Departed> {
        self.departed.get(train)
    }

    /// The departure with which a member was last said to go, where a vendor has moved it; None within where there is none.
    pub fn place(&self, train: &Name, service: &Name) -> Option<Option<Timestamp>> {
        self.places.get(&(train.clone(), service.clone())).copied()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::TrainMoved { train, service, to, .. } => {
                self.places.insert((train.clone(), service.clone()), *to);
            }
            Body::TrainDeparted { train, departure, rollouts, left } => {
                let departed =
                    Departed { departure: *departure, rollouts: rollouts.clone(), left: left.clone() };
                self.departed.insert(train.clone(), departed);
            }
            Body::TrainEndangered { train, promise, departure, to, .. } => {
                self.told.insert((train.clone(), promise.clone(), *departure, to.clone()));
            }
            _ => {}
        }
    }
}

/// The declared train.
///
/// # Errors
/// When there is none of that name.
pub fn known<'s>(state: &'s State, name: &Name) -> Result<&'s Train, Rejection> {
    let key = Key { kind: Kind::Train, name: name.clone() };
    match state.catalogue.get(&key).map(|it| &it.spec) {
        Some(Spec::Train(train)) => Ok(train),
        _ => Err(Rejection::new(Code::UnknownTrain, format!("there is no train {name}"))
            .hint("`shipway train list` shows those there are")),
    }
}

/// What is wrong with a train's timetable: the field, what it says there, a sentence, and what to write instead.
pub(crate) fn faults(name: &Name, train: &Train) -> Vec<crate::calendar::Fault> {
    timetable(name, train).err().unwrap_or_default()
}

fn timetable(name: &Name, train: &Train) -> Result<Rule, Vec<crate::calendar::Fault>> {
    let departures = CalendarRule {
        name: name.clone(),
        kind: RuleKind::Allow,
        purpose: Purpose::Window,
        reason: String::new(),
        dtstart: train.dtstart.clone(),
        time_zone: None,
        duration: "1m".to_owned(),
        rrule: train.rrule.clone(),
        rdate: Vec::new(),
        exdate: train.exdate.clone(),
        gap: OnGap::default(),
        fold: OnFold::default(),
        scope: None,
        binds: [Lane::Releases].into(),
        caught: Caught::default(),
        closed: WhenClosed::default(),
        people: [].into(),
    };
    let scope = Coverage::default();
    let calendar = Calendar { time_zone: train.time_zone.clone(), scope, rules: vec![departures] };
    compile(name, &calendar).map(|mut it| it.remove(0))
}

/// Departures at or after `from`, the next ones first; none when there are none within a year.
pub fn departures(name: &Name, train: &Train, from: Timestamp) -> Vec<Timestamp> {
    let Ok(rule) = timetable(name, train) else { return Vec::new() };
    let all = rule.occurrences(from, later(from, LOOK_AHEAD)).unwrap_or_default();
    all.into_iter().map(|it| it.from.timestamp()).filter(|it| *it >= from).collect()
}

/// What the departure takes, as far as is known at `now`. `fits` are the releases that fit what stands there by their
/// contracts: they do not need what is uncoupled.
pub fn manifest(
    state: &State,
    name: &Name,
    train: &Train,
    departure: Timestamp,
    fits: &BTreeSet<ReleaseId>,
    now: Timestamp,
) -> Manifest {
    let mut manifest = boarded(state, name, train, departure, now);
    uncouple(state, train, fits, &mut manifest);
    in_order(state, &mut manifest.coaches);
    manifest
}

/// Whether a coach of it is too risky, so that it matters which others fit what stands there by themselves.
pub fn uncouples(train: &Train, manifest: &Manifest) -> bool {
    train.risk_from.is_some_and(|limit| manifest.coaches.iter().any(|it| it.risk >= limit))
}

/// What would leave if nothing were uncoupled.
pub fn boarded(state: &State, name: &Name, train: &Train, departure: Timestamp, now: Timestamp) -> Manifest {
    let boarding = SignedDuration::from_millis(i64::try_from(train.boarding.0).unwrap_or(i64::MAX));
    let boarding_ends = departure.checked_sub(boarding).unwrap_or(Timestamp::MIN);
    let mut manifest = Manifest {
        train: name.clone(),
        environment: train.environment.clone(),
        departure,
        boarding_ends,
        coaches: Vec::new(),
        left: BTreeMap::new(),
        open: open_promises(train, departure, now),
    };
    let mut boarded: BTreeSet<ReleaseId> = BTreeSet::new();
    for service in &train.services {
        match board(state, train, service, &manifest, now) {
            Ok(coach) if boarded.insert(coach.release) => manifest.coaches.push(coach),
            Ok(_) => {}
            Err(why) => drop(manifest.left.insert(service.clone(), why)),
        }
    }
    manifest
}

/// Promises without which a member cannot go: not kept, or kept only after boarding has ended.
fn open_promises(train: &Train, departure: Timestamp, now: Timestamp) -> Vec<Promise> {
    let is_kept = |it: &Promise| it.kept.is_some_and(|kept| kept <= now && kept <= departure);
    train.promises.iter().filter(|it| it.by <= departure && !is_kept(it)).cloned().collect()
}

/// The coach that takes a member, or why it stays behind.
fn board(
    state: &State,
    train: &Train,
    service: &Name,
    manifest: &Manifest,
    now: Timestamp,
) -> Result<Coach, String> {
    if let Some(promise) = manifest.open.iter().find(|it| it.concerns(service)) {
        return Err(format!(
            "it waits for {} of vendor {}, promised for {}",
            promise.name, promise.vendor, promise.by
        ));
    }
    if let Some(away) = place::away(state, service, manifest.departure) {
        return Err(away);
    }
    let running = state.environments.get(&train.environment);
    let of_it = |it: &&Release| it.bundle.parts.contains_key(service) && it.sealed.is_some();
    let sealed_at = |it: &Release| it.sealed.as_ref().map(|it| it.at);
    let all = state.releases.iter().filter(of_it);
    let in_time = all.filter(|it| sealed_at(it).is_some_and(|at| at <= manifest.boarding_ends));
    let Some(newest) = in_time.max_by_key(|it| sealed_at(it)) else {
        return Err(format!(
            "no release of it was sealed before boarding ended at {}",
            manifest.boarding_ends
        ));
    };
    let title = format!("{}@{}", newest.bundle.name, newest.bundle.version);
    let digest = newest.sealed.as_ref().map(|it| it.digest);
    let is_there = running.is_some_and(|it| digest.is_some_and(|digest| it.shipped.contains_key(&digest)));
    if is_there {
        return Err(format!("{title}, its newest release, is there already"));
    }
    if let Some(other) = newest.bundle.parts.keys().find(|it| !train.services.contains(*it)) {
        return Err(format!("{title} brings {other} too, which is no member of the train"));
    }
    let plan = plan::make(state, newest.id, &train.environment)
        .map_err(|rejection| format!("{title} is not ready: {}", rejection.message))?;
    let risk = change::assess(state, &plan, now).score;
    let services = newest.bundle.parts.keys().cloned().collect();
    Ok(Coach { release: newest.id, title, services, risk, plan })
}

/// A coach whose risk differs waits, and with it what aboard needs it; those who do not need it leave without it: by the
/// graph, or because their contracts say that they fit what stands there.
fn uncouple(state: &State, train: &Train, fits: &BTreeSet<ReleaseId>, manifest: &mut Manifest) {
    let Some(limit) = train.risk_from else { return };
    let mut off: BTreeMap<ReleaseId, String> = BTreeMap::new();
    for coach in manifest.coaches.iter().filter(|it| it.risk >= limit) {
        let why = format!(
            "uncoupled: the risk of {} is {}, and the train takes less than {limit}",
            coach.title, coach.risk
        );
        off.insert(coach.release, why);
    }
    let order = |coaches: &[Coach]| {
        let all: BTreeSet<Name> = coaches.iter().flat_map(|it| it.services.clone()).collect();
        graph::order(&state.catalogue, &all)
    };
    loop {
        let needs = order(&manifest.coaches);
        let stays = |it: &&Coach| !off.contains_key(&it.release) && !fits.contains(&it.release);
        let next = manifest.coaches.iter().filter(stays).find_map(|coach| {
            let needed = needs.iter().filter(|(name, _)| coach.services.contains(name)).flat_map(|it| &it.1);
            let of_others = needed.filter(|it| !coach.services.contains(*it));
            let gone = of_others.filter_map(|service| {
                let other = manifest.coaches.iter().find(|it| it.services.contains(service))?;
                off.contains_key(&other.release).then(|| (service.clone(), other.title.clone()))
            });
            let (service, title) = gone.into_iter().next()?;
            Some((coach.release, format!("it needs {service} of {title}, which is uncoupled")))
        });
        match next {
            Some((release, why)) => drop(off.insert(release, why)),
            None => break,
        }
    }
    for coach in manifest.coaches.iter().filter(|it| off.contains_key(&it.release)) {
        for service in &coach.services {
            manifest.left.insert(service.clone(), off[&coach.release].clone());
        }
    }
    manifest.coaches.retain(|it| !off.contains_key(&it.release));
}

fn in_order(state: &State, coaches: &mut [Coach]) {
    let all: BTreeSet<Name> = coaches.iter().flat_map(|it| it.services.clone()).collect();
    let order: Vec<Name> = graph::order(&state.catalogue, &all).into_iter().map(|it| it.0).collect();
    let place = |coach: &Coach| order.iter().position(|it| coach.services.contains(it)).unwrap_or(usize::MAX);
    coaches.sort_by_key(|it| (place(it), it.title.clone()));
}

/// Departures that are due and have not left.
pub fn due(state: &State, now: Timestamp) -> Vec<(Name, Timestamp)> {
    let trains = state.catalogue.of_kind(Kind::Train).filter_map(|(key, resource)| match &resource.spec {
        Spec::Train(train) => Some((&key.name, train)),
        _ => None,
    });
    let from = now.checked_sub(LATE_MAX).unwrap_or(Timestamp::MIN);
    trains
        .flat_map(|(name, train)| {
            let last = state.trains.last(name).map(|it| it.departure);
            let all = departures(name, train, from).into_iter().take_while(move |it| *it <= now);
            all.filter(move |it| last.is_none_or(|last| last < *it)).map(|it| (name.clone(), it))
        })
        .collect()
}

/// A rollout for each coach, under ids of its own, and the record that it left. What cannot be started stays behind.
pub(crate) fn depart(
    state: &State,
    name: &Name,
    departure: Timestamp,
    (ids, fits): (&[RolloutId], &BTreeSet<ReleaseId>),
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let train = known(state, name)?;
    if !due(state, ctx.now).contains(&(name.clone(), departure)) {
        return Ok(Vec::new());
    }
    let mut manifest = manifest(state, name, train, departure, fits, ctx.now);
    let (mut events, mut rollouts) = (Vec::new(), Vec::new());
    for (idx, coach) in manifest.coaches.iter().enumerate() {
        let started = match ids.get(idx) {
            Some(id) => start::start(state, *id, coach.release, &train.environment, None, None, ctx)
                .map(|it| (*id, it)),
            None => Err(Rejection::new(Code::InvalidChange, "there is no place for it".to_owned())),
        };
        match started {
            Ok((id, started)) => {
                events.extend(started);
                rollouts.push(id);
            }
            Err(rejection) => {
                for service in &coach.services {
                    manifest.left.insert(service.clone(), rejection.message.clone());
                }
            }
        }
    }
    events.push(Body::TrainDeparted { train: name.clone(), departure, rollouts, left: manifest.left });
    Ok(events)
}

/// Open promises that endanger the next departure of some train, and were not told yet to whom it is time to tell.
pub fn endangered(state: &State, now: Timestamp) -> Vec<Body> {
    let mut found = Vec::new();
    for (key, resource) in state.catalogue.of_kind(Kind::Train) {
        let Spec::Train(train) = &resource.spec else { continue };
        for promise in train.promises.iter().filter(|it| it.kept.is_none_or(|kept| kept > now)) {
            // The first departure that needs it.
            let Some(departure) = departures(&key.name, train, now).into_iter().find(|it| *it >= promise.by)
            else {
                continue;
            };
            for step in &promise.escalate {
                let before = SignedDuration::from_millis(i64::try_from(step.before.0).unwrap_or(i64::MAX));
                let is_time = promise.by.checked_sub(before).is_ok_and(|at| at <= now);
                let told = (key.name.clone(), promise.name.clone(), departure, step.to.clone());
                if is_time && !state.trains.told.contains(&told) {
                    let (train, promise_name, departure, to) = told;
                    let reason = format!(
                        "vendor {} has not kept {}, due at {}, and the departure at {departure} needs it: {}",
                        promise.vendor, promise.name, promise.by, promise.what
                    );
                    found.push(Body::TrainEndangered { train, promise: promise_name, departure, to, reason });
                }
            }
        }
    }
    found
}
