//! What is asked to be placed, and what is under way already, from what is known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::effect::Direction;
use shipway_model::plan::{Action, Plan};
use shipway_model::{Millis, Name, ReleaseId};

use super::{Leg, word};
use crate::calendar::conflict::Change;
use crate::calendar::later;
use crate::catalogue::graph;
use crate::rollout::closing;
use crate::{Code, Rejection, Rollout, State, plan, queue};

/// Which releases are to go where.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub releases: Vec<ReleaseId>,
    /// Everywhere that has hosts and does not have the release yet, when none is named.
    pub environments: Vec<Name>,
    pub from: Timestamp,
    /// What is said of one release by itself.
    pub dates: BTreeMap<ReleaseId, Dates>,
}

/// When people want a release, and when it is too late: an audit, a law.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// Not before.
    pub wanted: Option<Timestamp>,
    /// Over by then.
    pub latest: Option<Timestamp>,
}

/// The legs, in an order in which each comes after those that it needs: environments in the order of promotion, and
/// in each of them releases of providers before those of consumers, otherwise as they were named.
///
/// # Errors
/// When a release cannot be planned, or when two need one another.
pub fn gather(state: &State, wanted: &Wanted) -> Result<Vec<Leg>, Rejection> {
    let mut legs: Vec<(ReleaseId, Leg)> = Vec::new();
    for environment in environments(state, wanted) {
        for release in ordered(state, &wanted.releases)? {
            if wanted.environments.is_empty() && has(state, &environment, release) {
                continue;
            }
            let plan = plan::foresee(state, release, &environment)?;
            let dates = wanted.dates.get(&release).copied().unwrap_or_default();
            let from = dates.wanted.into_iter().fold(wanted.from, Timestamp::max);
            let mut leg = Leg { by: dates.latest, ..leg(state, &plan, from) };
            leg.after = before(state, &legs, release, &leg);
            legs.push((release, leg));
        }
    }
    Ok(legs.into_iter().map(|it| it.1).collect())
}

/// What a rollout of the plan would be, begun at `from`.
pub fn change(state: &State, plan: &Plan, from: Timestamp) -> Change {
    let members = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Approval { team: Some(team), .. } => state.catalogue.team(team),
        _ => None,
    });
    // A team of which any member may speak needs nobody in particular.
    let alone = members.filter(|it| it.members.len() == 1).flat_map(|it| &it.members).cloned();
    Change {
        title: format!("{}@{} into {}", plan.release.name, plan.release.version, plan.environment),
        services: plan.services.iter().map(|it| it.service.clone()).collect(),
        environment: plan.environment.clone(),
        from,
        until: later(from, length(plan.expected)),
        people: alone.collect(),
        targets: queue::touched(plan).into_iter().cloned().collect(),
    }
}

/// Every rollout that waits or runs, as long as it is expected to take from now on.
pub fn under_way(state: &State, now: Timestamp) -> Vec<Change> {
    let rollouts = state.rollouts.live.values();
    rollouts
        .map(|it| Change { title: titled(it), until: expected_end(it, now), ..change(state, &it.plan, now) })
        .collect()
}

fn titled(rollout: &Rollout) -> String {
    let plan = &rollout.plan;
    format!(
        "rollout {} of {}@{} into {}",
        rollout.id, plan.release.name, plan.release.version, plan.environment
    )
}

/// One that is late already is expected to take as long as a minute still.
fn expected_end(rollout: &Rollout, now: Timestamp) -> Timestamp {
    let begun = rollout.started.unwrap_or(now);
    later(begun, length(rollout.plan.expected)).max(later(now, SignedDuration::from_mins(1)))
}

fn length(of: Millis) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(of.0).unwrap_or(i64::MAX))
}

fn leg(state: &State, plan: &Plan, from: Timestamp) -> Leg {
    let subjects = closing::subjects(state, plan, Direction::Do);
    Leg {
        change: change(state, plan, from),
        lifts: state.calendars.exceptions.lifts(&subjects, Some(&plan.release.name)),
        subjects,
        after: Vec::new(),
        words: word::words(state, plan, from),
        promised: state.catalogue.environment(&plan.environment).and_then(|it| it.available_from),
        by: None,
    }
}

/// What has to be over before: the same release where it is promoted from, and in the same environment the releases
/// of what its services need.
fn before(state: &State, legs: &[(ReleaseId, Leg)], release: ReleaseId, leg: &Leg) -> Vec<(usize, String)> {
    let environment = state.catalogue.environment(leg.environment());
    let from = environment.and_then(|it| it.promotes_from);
    let mut after = Vec::new();
    for (idx, (other_release, other)) in legs.iter().enumerate() {
        if *other_release == release && Some(other.environment()) == from.as_ref() {
            after.push((
                idx,
                format!("{} takes only what was shipped to {}", leg.environment(), other.environment()),
            ));
        } else if other.environment() == leg.environment()
            && let Some((needing, needed)) = need(state, &leg.change.services, &other.change.services)
        {
            after.push((idx, format!("{needing} needs {needed} of {}", other.change.title)));
        }
    }
    after
}

/// A service of `these` that needs one of `those`, directly or by way of others.
fn need(state: &State, these: &BTreeSet<Name>, those: &BTreeSet<Name>) -> Option<(Name, Name)> {
    let all: BTreeSet<Name> = these.union(those).cloned().collect();
    let ordered = graph::order(&state.catalogue, &all);
    ordered.into_iter().filter(|(name, _)| these.contains(name) && !those.contains(name)).find_map(
        |(name, needs)| {
            let needed = needs.into_iter().find(|it| those.contains(it) && !these.contains(it))?;
            Some((name, needed))
        },
    )
}

/// # Errors
/// When releases need one another, so that neither can go first.
fn ordered(state: &State, releases: &[ReleaseId]) -> Result<Vec<ReleaseId>, Rejection> {
    let mut services: BTreeMap<ReleaseId, BTreeSet<Name>> = BTreeMap::new();
    for id in releases {
        services.insert(*id, state.releases.known(*id)?.bundle.parts.keys().cloned().collect());
    }
    let mut rest: Vec<ReleaseId> = Vec::with_capacity(releases.len());
    for id in releases {
        if !rest.contains(id) {
            rest.push(*id);
        }
    }
    let mut done = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let waits_for = |id: &ReleaseId| {
            rest.iter()
                .find(|other| *other != id && need(state, &services[id], &services[other]).is_some())
                .copied()
        };
        match rest.iter().position(|id| waits_for(id).is_none()) {
            Some(idx) => done.push(rest.remove(idx)),
            None => {
                let names: Vec<String> = rest.iter().map(|id| named(state, *id)).collect();
                return Err(Rejection::new(
                    Code::Unplannable,
                    format!("{} need one another, so none of them can go first", names.join(" and ")),
                )
                .hint(
                    "seal them as one release, whose services are shipped in the order of what they need",
                ));
            }
        }
    }
    Ok(done)
}

fn named(state: &State, release: ReleaseId) -> String {
    let bundle = state.releases.get(release).map(|it| &it.bundle);
    bundle.map_or_else(|| release.to_string(), |it| format!("{}@{}", it.name, it.version))
}

/// Those asked for, or all with hosts, those that are promoted from before those that they are promoted to.
fn environments(state: &State, wanted: &Wanted) -> Vec<Name> {
    let declared = |name: &Name| state.catalogue.environment(name);
    let has_hosts = |name: &&Name| declared(name).is_some_and(|it| !it.targets.is_empty());
    let mut rest: Vec<Name> = match wanted.environments.is_empty() {
        true => state.catalogue.environments().filter(has_hosts).cloned().collect(),
        false => wanted.environments.clone(),
    };
    let mut done: Vec<Name> = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let free = rest.iter().position(|name| {
            declared(name)
                .and_then(|it| it.promotes_from)
                .is_none_or(|from| !rest.contains(&from) || from == *name)
        });
        let name = rest.remove(free.unwrap_or(0));
        if !done.contains(&name) {
            done.push(name);
        }
    }
    done
}

fn has(state: &State, environment: &Name, release: ReleaseId) -> bool {
    let digest = state.releases.get(release).and_then(|it| it.sealed.as_ref()).map(|it| it.digest);
    digest
        .is_some_and(|it| state.environments.get(environment).is_some_and(|at| at.shipped.contains_key(&it)))
}
