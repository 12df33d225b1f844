//! What a review board sees of a change: which rules were followed, which were bypassed, and what was let through by
//! exception.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::effect::Direction;
use shipway_model::event::Body;
use shipway_model::gate::Decision;

use crate::calendar::Permit;
use crate::change::{Case, standing};
use crate::rollout::closing;
use crate::{Release, State};

/// Sentences that name what was asked for and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub followed: Vec<String>,
    pub bypassed: Vec<String>,
    pub excepted: Vec<String>,
}

/// The record of a change as far as it has come.
pub fn record(state: &State, case: &Case, now: Timestamp) -> Record {
    let mut record = Record::default();
    let standing = standing::standing(state, case, now);
    for requirement in standing.requirements.iter().filter(|it| it.is_satisfied()) {
        let (given, needed) = (requirement.given.len(), requirement.needed);
        record.followed.push(format!("{}: {given} of {needed} words", requirement.name));
    }
    for tally in standing.boards.iter().filter(|it| it.is_carried()) {
        record.followed.push(format!("the board {} approved it", tally.board));
    }
    if let Some(release) = super::release(state, case) {
        of_release(release, &mut record);
        late_items(state, release, &mut record);
    }
    if let Some(decision) = case.gates.as_ref().map(|it| &it.decision) {
        of_gates(decision, &mut record);
    }
    if case.change.emergency.is_some() {
        record
            .bypassed
            .push("boards and owed reviews, as an emergency; it owes a review of its own".to_owned());
    }
    if let Some(template) = &case.change.template {
        record.followed.push(format!("agreed to beforehand by the template {template}"));
    }
    for permit in permits(state, case, now) {
        let calendar = permit.exception.calendar.as_ref();
        let calendar = calendar.map_or("every calendar".to_owned(), |it| format!("the calendar {it}"));
        record.excepted.push(format!("{}: {calendar} until {}", permit.id, permit.exception.until));
    }
    record
}

fn of_release(release: &Release, record: &mut Record) {
    for document in release.bundle.documents.keys() {
        record.followed.push(format!("it brings the {}", standing::document(*document)));
    }
    match release.commits.len() {
        0 => record.bypassed.push("nobody recorded who wrote it".to_owned()),
        n => record.followed.push(format!("the authors of {n} commits are known")),
    }
    if release.bundle.touches.is_none() {
        record.bypassed.push("it does not say what it touches".to_owned());
    }
}

/// What came into the scope after its freeze.
fn late_items(state: &State, release: &Release, record: &mut Record) {
    let planned = crate::scope::planned(&release.bundle);
    let late = state.scopes.of(&planned).into_iter().flat_map(|it| it.late_items());
    for (id, item) in late {
        record.excepted.push(format!("{id}: {item} came in after the freeze of the scope"));
    }
}

/// Of gates that were asked: those that pass, those that do not yet, and those that somebody waived.
fn of_gates(decision: &Decision, record: &mut Record) {
    let mut seen = BTreeSet::new();
    for requirement in &decision.requirements {
        let of = requirement.service.as_ref().map_or(String::new(), |it| format!(" of {it}"));
        let line = format!("gate {}{of}: {}", requirement.gate, requirement.status.as_str());
        if !seen.insert(line.clone()) {
            continue;
        }
        if !requirement.waivers.is_empty() {
            let waivers: Vec<String> = requirement.waivers.iter().map(ToString::to_string).collect();
            record.excepted.push(format!("{line} by {}", waivers.join(", ")));
        } else if requirement.status.passes() {
            record.followed.push(line);
        }
    }
}

fn permits<'a>(state: &'a State, case: &Case, now: Timestamp) -> Vec<&'a Permit> {
    let Some(rollout) = state.rollouts.live.get(&case.change.rollout) else { return Vec::new() };
    let subjects = closing::subjects(state, &rollout.plan, Direction::Do);
    let release = Some(&rollout.plan.release.name);
    let in_force = |it: &&Permit| it.standing(now) == "in force" && it.covers(&subjects, release);
    state.calendars.exceptions.iter().filter(in_force).collect()
}

/// What gates said about a change, as it was noted.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    pub at: Timestamp,
    pub decision: std::sync::Arc<Decision>,
}

impl Noted {
    pub(crate) fn of(body: &Body, at: Timestamp) -> Option<Self> {
        match body {
            Body::GatesNoted { decision, .. } => Some(Self { at, decision: decision.clone() }),
            _ => None,
        }
    }
}
