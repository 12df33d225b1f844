//! Whom to call about a rollout: who decides, who is on call now, and who owns what ships. A part of several pages.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::Timestamp;
use shipway_engine::rollout::closing;
use shipway_engine::{Rollout, State};
use shipway_model::effect::Direction;
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{Name, event};

use super::moment::{Clock, Moment};

#[derive(Template)]
#[template(path = "people.html")]
pub(super) struct People {
    decider: Option<String>,
    on_call: Vec<Watch>,
    owners: Vec<Owner>,
}

impl HtmlSafe for People {}

struct Watch {
    people: String,
    rule: String,
    until: Moment,
}

/// A Team that owns some of what ships: who is asked next when nobody on call answers.
struct Owner {
    team: String,
    services: String,
    contact: String,
    members: String,
}

impl People {
    pub(super) fn of(state: &State, rollout: &Rollout, clock: &Clock) -> Self {
        Self {
            decider: rollout.decider.clone(),
            on_call: on_call(state, rollout, clock.now)
                .into_iter()
                .map(|it| Watch {
                    people: it.people.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                    rule: it.rule,
                    until: clock.moment(it.until),
                })
                .collect(),
            owners: owners(state, rollout),
        }
    }
}

fn on_call(
    state: &State,
    rollout: &Rollout,
    now: Timestamp,
) -> Vec<shipway_engine::calendar::on_call::Watch> {
    let subjects = closing::subjects(state, &rollout.plan, Direction::Do);
    state.calendars.on_call(&subjects, now)
}

fn owners(state: &State, rollout: &Rollout) -> Vec<Owner> {
    let mut owned: BTreeMap<Name, BTreeSet<&str>> = BTreeMap::new();
    for service in &rollout.plan.services {
        if let Some(declared) = state.catalogue.service(&service.service) {
            owned.entry(declared.owner.clone()).or_default().insert(service.service.as_str());
        }
    }
    let owner = |(name, services): (Name, BTreeSet<&str>)| {
        let declared = state.catalogue.get(&Key { kind: Kind::Team, name: name.clone() });
        let (contact, members) = match declared.map(|it| &it.spec) {
            Some(Spec::Team(team)) => (team.contact.clone(), Vec::from_iter(team.members.iter().cloned())),
            _ => (None, Vec::new()),
        };
        Owner {
            team: name.to_string(),
            services: services.into_iter().collect::<Vec<_>>().join(", "),
            contact: contact.unwrap_or_default(),
            members: members.join(", "),
        }
    };
    owned.into_iter().map(owner).collect()
}

/// Who was called about it through a Channel.
pub(super) fn called(channel: &Name, people: &BTreeSet<String>) -> String {
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    match names[..] {
        [] => format!("{channel} was told; nobody is on call"),
        _ => format!("{}, through {channel}", names.join(", ")),
    }
}

/// Why a Channel did not take what it was to tell.
pub(super) fn not_called(channel: &Name, reason: &str, given_up: bool) -> String {
    let then = if given_up { "it was given up" } else { "it is tried again" };
    format!("{channel}: {reason}; {then}")
}

/// Whoever acts, as people are named.
pub(super) fn named(actor: &str) -> &str {
    match actor.strip_prefix(event::AGENT_PREFIX) {
        Some(host) => host,
        None if actor == event::CONTROL_PLANE => "Shipway",
        None => actor,
    }
}
