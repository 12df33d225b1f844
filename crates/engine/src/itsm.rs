//! Mirrors of changes in ITSM tools: what each should show, what it shows, and what it has answered.
//!
//! [`wanted`] says what is to be brought up to date; it follows from the events alone, so that a mirror which was away, or a
//! control plane that died in between, ends with the same. What the tool answers may hold a change and never lets it go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::event::{Body, End, Event};
use shipway_model::itsm::{Answer, Mirrored};
use shipway_model::resource::{Key, Kind, Mirror, Spec, digest_of};
use shipway_model::{ChangeId, Digest, Name};

mod heard;

pub use heard::{Heard, heard};

use crate::change::{Case, services, standing};
use crate::{Code, Rejection, State};

/// Deliveries of one change that are remembered, so that one which comes twice counts once.
const DELIVERIES_MAX: usize = 1000;

#[derive(Debug, Clone, Default)]
pub struct Mirrors {
    kept: BTreeMap<(ChangeId, Name), Kept>,
}

/// One change in one tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What it shows.
    pub mirrored: Option<Mirrored>,
    /// Why it could not be brought up to date, and since when.
    pub fault: Option<(String, Timestamp)>,
    /// The last thing that the tool said.
    pub answer: Option<(Answer, Timestamp)>,
    deliveries: BTreeSet<String>,
}

/// What a tool is to show of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub change: ChangeId,
    pub mirror: Name,
    /// By name, for the templates of its fields.
    pub words: BTreeMap<&'static str, String>,
    /// Of the words and the mirror's declaration.
    pub digest: Digest,
    /// What the tool calls it, once it has it.
    pub mirrored: Option<Mirrored>,
}

impl Mirrors {
    /// By tool, in the order of their names.
    pub fn of(&self, change: ChangeId) -> impl Iterator<Item = (&Name, &Kept)> {
        self.kept.iter().filter(move |(key, _)| key.0 == change).map(|(key, kept)| (&key.1, kept))
    }

    pub fn get(&self, change: ChangeId, mirror: &Name) -> Option<&Kept> {
        self.kept.get(&(change, mirror.clone()))
    }

    /// The change that a tool calls so.
    pub fn find(&self, mirror: &Name, reference: &str) -> Option<ChangeId> {
        let is_it = |it: &Mirrored| it.reference == reference || it.number == reference;
        let mut of_mirror = self.kept.iter().filter(|(key, _)| key.1 == *mirror);
        of_mirror.find(|(_, kept)| kept.mirrored.as_ref().is_some_and(is_it)).map(|(key, _)| key.0)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ChangeMirrored { id, mirrored } => {
                let kept = self.kept.entry((*id, mirrored.mirror.clone())).or_default();
                kept.mirrored = Some(mirrored.clone());
                kept.fault = None;
            }
            Body::MirrorFailed { id, mirror, reason } => {
                let kept = self.kept.entry((*id, mirror.clone())).or_default();
                kept.fault = Some((reason.clone(), event.at));
            }
            Body::ChangeAnswered { id, answer } => {
                let kept = self.kept.entry((*id, answer.mirror.clone())).or_default();
                if kept.deliveries.len() >= DELIVERIES_MAX {
                    kept.deliveries.pop_first();
                }
                kept.deliveries.insert(answer.delivery.clone());
                kept.answer = Some((answer.clone(), event.at));
            }
            _ => {}
        }
    }
}

/// Why a tool keeps the change from beginning, a sentence for each that does.
pub(crate) fn against(state: &State, change: ChangeId) -> Vec<String> {
    let answered = state.mirrors.of(change).filter_map(|(name, kept)| Some((name, &kept.answer.as_ref()?.0)));
    let holding = answered.filter(|(name, answer)| answer.holds && declared(state, name).is_some());
    holding.map(|(name, answer)| format!("{name} shows it as `{}`, which holds it", answer.state)).collect()
}

pub fn declared<'s>(state: &'s State, name: &Name) -> Option<&'s Mirror> {
    match &state.catalogue.get(&Key { kind: Kind::Mirror, name: name.clone() })?.spec {
        Spec::Mirror(mirror) => Some(mirror),
        _ => None,
    }
}

/// What is to be brought up to date, the oldest change first.
pub fn wanted(state: &State, now: Timestamp) -> Vec<Wanted> {
    let mirrors: Vec<(&Name, &Mirror)> = state
        .catalogue
        .of_kind(Kind::Mirror)
        .filter_map(|(key, resource)| match &resource.spec {
            Spec::Mirror(mirror) => Some((&key.name, &**mirror)),
            _ => None,
        })
        .collect();
    if mirrors.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for case in state.changes.iter() {
        let summary = state.rollouts.summaries.get(&case.change.rollout);
        let is_over = summary.is_none_or(|it| it.ended.is_some());
        for (name, mirror) in mirrors.iter().filter(|it| it.1.covers(&case.change.protected)) {
            // What was over before the tool was told of it is history, not a change to open.
            if is_over && state.mirrors.get(case.id, name).is_none_or(|it| it.mirrored.is_none()) {
                continue;
            }
            let words = words(state, case, now);
            let digest = digest_of(&(&words, mirror));
            let mirrored = state.mirrors.get(case.id, name).and_then(|it| it.mirrored.clone());
            if mirrored.as_ref().is_none_or(|it| it.digest != digest) {
                let (change, mirror) = (case.id, (*name).clone());
                found.push(Wanted { change, mirror, words, digest, mirrored });
            }
        }
    }
    found
}

fn words(state: &State, case: &Case, now: Timestamp) -> BTreeMap<&'static str, String> {
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let release = summary.map(|it| format!("{}@{}", it.release.name, it.release.version));
    let services: Vec<&str> = services(state, case).into_iter().map(Name::as_str).collect();
    BTreeMap::from([
        ("change", case.id.to_string()),
        ("release", release.unwrap_or_default()),
        ("environment", case.change.protected.to_string()),
        ("class", case.change.class.as_str().to_owned()),
        ("risk", case.change.risk.score.to_string()),
        ("services", services.join(", ")),
        ("requester", case.requested_by.clone()),
        ("state", current(state, case, now)),
    ])
}

/// The state of the workflow; how it ended when it is closed.
fn current(state: &State, case: &Case, now: Timestamp) -> String {
    if let Some(name) = standing(state, case, now).state {
        return name.to_string();
    }
    let end = state.rollouts.summaries.get(&case.change.rollout).and_then(|it| it.end.as_ref());
    let word = match end {
        Some(End::Succeeded { .. }) | None => "closed",
        Some(End::RolledBack {}) => "rolled-back",
        Some(End::Aborted { .. }) => "aborted",
        Some(End::Cancelled { .. }) => "cancelled",
    };
    word.to_owned()
}

/// The tool shows the change as it stood when that was asked for.
pub(crate) fn note_mirrored(
    state: &State,
    id: ChangeId,
    mirrored: &Mirrored,
) -> Result<Vec<Body>, Rejection> {
    state.changes.known(id)?;
    let known = state.mirrors.get(id, &mirrored.mirror);
    if known.is_some_and(|it| it.fault.is_none() && it.mirrored.as_ref() == Some(mirrored)) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::ChangeMirrored { id, mirrored: mirrored.clone() }])
}

/// Once for each reason, however often it is tried.
pub(crate) fn note_failure(
    state: &State,
    id: ChangeId,
    mirror: &Name,
    reason: &str,
) -> Result<Vec<Body>, Rejection> {
    state.changes.known(id)?;
    let known = state.mirrors.get(id, mirror).and_then(|it| it.fault.as_ref());
    if known.is_some_and(|it| it.0 == reason) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::MirrorFailed { id, mirror: mirror.clone(), reason: reason.to_owned() }])
}

/// What a tool says about a change.
///
/// # Errors
/// When there is no such mirror or change.
pub(crate) fn hear(state: &State, id: ChangeId, answer: &Answer) -> Result<Vec<Body>, Rejection> {
    state.changes.known(id)?;
    if declared(state, &answer.mirror).is_none() {
        let message = format!("there is no Mirror {}", answer.mirror);
        return Err(
            Rejection::new(Code::UnknownMirror, message).hint("`shipway get mirror` shows those there are")
        );
    }
    let known = state.mirrors.get(id, &answer.mirror);
    if known.is_some_and(|it| it.deliveries.contains(&answer.delivery)) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::ChangeAnswered { id, answer: answer.clone() }])
}
