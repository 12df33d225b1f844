//! What a rehearsal is, and what it measured: how long things waited for people, and how soon those on call answered, read off
//! the events of its rollouts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_api::selector::ReleaseSelector;
use shipway_model::event::{Body, End, Event};
use shipway_model::plan::{Action, StepId};
use shipway_model::release::ReleaseRef;
use shipway_model::{Millis, Name, RolloutId};

/// The kind of statement as which a report is attached.
pub(crate) const KIND: &str = "rehearsal";

/// What is rehearsed, as people write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rehearsal {
    pub(crate) name: Name,
    /// Where it runs: like the one it prepares for, and not that one.
    pub(crate) environment: Name,
    /// The plans of several teams, in the order in which one hands over to the next.
    pub(crate) releases: Vec<ReleaseSelector>,
    /// Who is called when it begins, and answers with a note on one of its rollouts.
    #[serde(default)]
    pub(crate) people: Vec<String>,
    #[serde(default = "answer_within_default")]
    pub(crate) answer_within: Millis,
    /// A command that makes production's load, from the first rollout's beginning to the last one's end.
    #[serde(default)]
    pub(crate) load: Vec<String>,
}

const fn answer_within_default() -> Millis {
    Millis::from_secs(15 * 60)
}

/// What came of it. Attached to exactly the digests that it shipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) rehearsal: Name,
    /// So that nobody takes it for the real thing.
    pub(crate) exercise: bool,
    pub(crate) environment: Name,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) passed: bool,
    pub(crate) under_load: bool,
    pub(crate) legs: Vec<Leg>,
    pub(crate) calls: Vec<Call>,
}

/// One rollout of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Leg {
    pub(crate) release: ReleaseRef,
    pub(crate) rollout: RolloutId,
    pub(crate) succeeded: bool,
    /// Of one that was not waited for any longer: when something happened last.
    pub(crate) ended: Timestamp,
    /// Of the plan, without people.
    pub(crate) expected: Millis,
    /// From being asked for until its end.
    pub(crate) took: Millis,
    pub(crate) handoffs: Vec<Handoff>,
}

/// A time in which it waited for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Handoff {
    pub(crate) what: String,
    pub(crate) asked: Timestamp,
    pub(crate) took: Millis,
    /// Absent where the word of several let it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// Somebody who was called.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    pub(crate) person: String,
    pub(crate) called: Timestamp,
    /// Absent when nobody answered in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) took: Option<Millis>,
}

/// Of the events of one rollout, from the first on. One that has not ended did not arrive, and took until what happened last.
pub(crate) fn leg(events: &[Event]) -> Option<Leg> {
    let first = events.first()?;
    let Body::RolloutQueued { id, plan, .. } = &first.body else { return None };
    let titles: BTreeMap<StepId, &str> = plan
        .steps
        .iter()
        .filter(|it| matches!(it.action, Action::Approval { .. } | Action::Pause {}))
        .map(|it| (it.id, it.title.as_str()))
        .collect();
    let mut held: Option<(&str, Timestamp)> = None;
    let mut asked: BTreeMap<StepId, Timestamp> = BTreeMap::new();
    let (mut handoffs, mut ended) = (Vec::new(), None);
    let mut hand = |what: &str, asked: Timestamp, event: &Event, by: Option<String>| {
        handoffs.push(Handoff { what: what.to_owned(), asked, took: between(asked, event.at), by });
    };
    for event in events {
        match &event.body {
            // It is told again when the reason changes; it waits since the first.
            Body::RolloutHeld { reason, .. } => held = Some(held.unwrap_or((reason, event.at))),
            Body::RolloutFreed { .. } => {
                if let Some((reason, since)) = held.take() {
                    hand(reason, since, event, None);
                }
            }
            Body::StepStarted { step, .. } if titles.contains_key(step) => {
                asked.insert(*step, event.at);
            }
            Body::StepApproved { step, .. } => {
                if let Some(since) = asked.remove(step) {
                    hand(titles[step], since, event, Some(event.actor.clone()));
                }
            }
            Body::RolloutEnded { end, .. } => {
                ended = Some((matches!(end, End::Succeeded { .. }), event.at));
            }
            _ => {}
        }
    }
    let (succeeded, at) = ended.or_else(|| Some((false, events.last()?.at)))?;
    Some(Leg {
        release: plan.release.clone(),
        rollout: *id,
        succeeded,
        ended: at,
        expected: plan.expected,
        took: between(first.at, at),
        handoffs,
    })
}

/// Each with the first note of theirs after the call.
pub(crate) fn calls(
    people: &[String],
    called: Timestamp,
    notes: &[(String, Timestamp)],
    within: Millis,
) -> Vec<Call> {
    let took = |person: &String| {
        let theirs = notes.iter().filter(|(by, at)| named(by) == named(person) && *at >= called);
        theirs.map(|(_, at)| between(called, *at)).min().filter(|it| *it <= within)
    };
    people.iter().map(|it| Call { person: it.clone(), called, took: took(it) }).collect()
}

/// Whoever signs in by an identity provider is told apart by a prefix, which nobody writes.
fn named(person: &str) -> &str {
    person.rsplit(':').next().unwrap_or(person)
}

fn between(from: Timestamp, to: Timestamp) -> Millis {
    Millis(u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn whoever_is_called_answers_with_the_first_note_after_it() {
        let people = ["grace", "eva", "linus"].map(str::to_owned);
        let notes = [("grace", -5), ("grace", 30), ("grace", 90), ("eva", 700)];
        let notes = notes.map(|(by, seconds)| (by.to_owned(), at(seconds)));
        let told = calls(&people, at(0), &notes, Millis::from_secs(600));
        let took: Vec<Option<Millis>> = told.iter().map(|it| it.took).collect();
        assert_eq!(took, [Some(Millis::from_secs(30)), None, None]);
    }

    #[test]
    fn a_file_says_what_is_rehearsed_and_nothing_else() {
        let read = |text: &str| serde_saphyr::from_str::<Rehearsal>(text);
        let it =
            read("{ name: friday, environment: staging, releases: [shop@1.2.0, billing@3.1.0] }").unwrap();
        assert_eq!((it.releases.len(), it.answer_within), (2, Millis::from_secs(900)));
        assert!(read("{ name: friday, environment: staging, releases: [], loud: true }").is_err());
    }
}
