//! The war room of a release: all its rollouts on one page, who decides and whom to call, and what was done, said and
//! seen, by whom, in one line of time.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use shipway_api::operations::rollout::{NameDecider, NoteRollout};
use shipway_api::{Code, Operation};
use shipway_engine::{Command, Rollout, State};
use shipway_model::effect::Outcome;
use shipway_model::event::{Body, Event, Stream};
use shipway_model::{Name, ReleaseId, RolloutId};
use shipway_runtime::RECORDS_MAX;

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::{self, Moment};
use super::people::{self, People, named};
use super::prose::Prose;
use super::release;
use super::releases::{path, title};
use super::rollouts::{self, Row};
use super::visit::{self, Shown, Visit};
use super::words::{Badge, Tone, badge, brief};
use crate::problem::Failure;

/// Rollouts whose events are told, the newest.
const ROLLOUTS_MAX: usize = 6;
/// Entries that are told, the newest; the ledger has all.
const ENTRIES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "war_room.html")]
struct Room {
    title: String,
    release_path: String,
    selector: String,
    rows: Vec<Row>,
    /// By rollout, as far as it is at hand.
    people: Vec<(String, People)>,
    entries: Vec<Entry>,
    /// Rollouts that take notes: the id and where to.
    open: Vec<(RolloutId, String)>,
    may_note: bool,
    may_name: bool,
    csrf: String,
    key: String,
}

struct Entry {
    at: Moment,
    badge: Badge,
    by: String,
    /// Whether whoever did it was named to decide.
    decides: bool,
    place: String,
    text: Prose,
}

pub(super) async fn page(visit: Visit, Path(text): Path<String>) -> Response {
    visit::answer(&visit, shown(&visit, &text).await)
}

async fn shown(visit: &Visit, text: &str) -> Result<Response, Failure> {
    let rollouts = {
        let state = visit.state();
        newest(&state, release::named(&state, text)?.id)
    };
    let size = visit.past().map_or(u64::MAX, shipway_runtime::Past::size);
    let mut told = Vec::new();
    for (id, place) in &rollouts {
        let records = visit.app.runtime.stream(&Stream::Rollout(*id), 0, RECORDS_MAX).await?;
        let n_known = records.partition_point(|it| it.position < size);
        let events = visit.app.runtime.open_records(&records[..n_known]).await?;
        let mut decider = None;
        for event in &events {
            if let Some((badge, text)) = tell(event) {
                let decides = decider.as_deref() == Some(event.actor.as_str());
                told.push((event.at, badge, event.actor.clone(), decides, place.clone(), text));
            }
            if let Body::DeciderNamed { decider: named, .. } = &event.body {
                decider = Some(named.clone());
            }
        }
    }
    // What is said again in the same words, in whichever detail it differs, is told once: since when.
    told.dedup_by(|again, it| (again.1, &again.2, &again.4, &again.5) == (it.1, &it.2, &it.4, &it.5));
    // The latest first, also among those of one instant.
    told.reverse();
    told.sort_by_key(|it| std::cmp::Reverse(it.0));
    let entry =
        |(at, badge, by, decides, place, text): (Timestamp, Badge, String, bool, Name, String)| Entry {
            at: visit.clock.moment(at),
            badge,
            by: named(&by).to_owned(),
            decides,
            place: place.to_string(),
            text: visit.clock.prose(&text),
        };
    let entries = told.into_iter().take(ENTRIES_MAX).map(entry).collect();
    let content = draw(visit, &visit.state(), text, &rollouts, entries)?;
    let title = format!("War room of {}", content.title);
    Ok(visit.show(&Shown {
        title: title.as_str().into(),
        area: Area::Releases,
        motion: Motion::Live,
        content,
    }))
}

fn newest(state: &State, release: ReleaseId) -> Vec<(RolloutId, Name)> {
    let of_it = state.rollouts.summaries.values().rev().filter(|it| it.release.id == release);
    of_it.take(ROLLOUTS_MAX).map(|it| (it.id, it.environment.clone())).collect()
}

fn draw(
    visit: &Visit,
    state: &State,
    text: &str,
    rollouts: &[(RolloutId, Name)],
    entries: Vec<Entry>,
) -> Result<Room, Failure> {
    let release = release::named(state, text)?;
    let live: Vec<&Rollout> = rollouts.iter().filter_map(|(id, _)| state.rollouts.live.get(id)).collect();
    let summaries = rollouts.iter().filter_map(|(id, _)| state.rollouts.summaries.get(id));
    Ok(Room {
        title: title(release),
        release_path: path(release),
        selector: format!("{}@{}", release.bundle.name, release.bundle.version),
        rows: summaries.map(|it| rollouts::row(state, it, &visit.clock)).collect(),
        people: live
            .iter()
            .filter(|it| !it.has_ended())
            .map(|it| (it.plan.environment.to_string(), People::of(state, it, &visit.clock)))
            .collect(),
        entries,
        open: live.iter().map(|it| (it.id, it.plan.environment.to_string())).collect(),
        may_note: visit.is_now() && !live.is_empty() && NoteRollout::PERMISSION.allows(visit.caller.role),
        may_name: visit.is_now() && !live.is_empty() && NameDecider::PERMISSION.allows(visit.caller.role),
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    })
}

/// What is worth telling of an event to people who decide: turns, words and failures, and not each step that went well.
fn tell(event: &Event) -> Option<(Badge, String)> {
    Some(match &event.body {
        Body::RolloutQueued { plan, .. } => (
            Tone::Busy.badge("asked for"),
            format!("{} steps, about {}", plan.steps.len(), moment::length(plan.expected)),
        ),
        Body::RolloutStarted { .. } => (Tone::Busy.badge("begun"), String::new()),
        Body::RolloutPaused { reason, .. } => (badge(Tone::Hold, "❙❙", "paused"), reason.clone()),
        Body::RolloutResumed { .. } => (Tone::Busy.badge("goes on"), String::new()),
        Body::RolloutHeld { reason, .. } => (Tone::Hold.badge("held"), brief(reason)),
        Body::RolloutFreed { .. } => (Tone::Busy.badge("let go"), "nothing holds it any more".to_owned()),
        Body::RolloutHalted { step, reason, .. } => {
            (badge(Tone::Bad, "■", "halted"), format!("step {step}: {}", brief(reason)))
        }
        Body::RolloutUnwinding { cause: why, .. } => {
            (badge(Tone::Undo, "↩", "taken back"), brief(&why.to_string()))
        }
        Body::RolloutAborting { reason, .. } => (badge(Tone::Bad, "■", "stopped"), reason.clone()),
        Body::RolloutEnded { end, .. } => {
            use shipway_model::event::End;
            match end {
                End::Succeeded { .. } => (Tone::Good.badge("arrived"), String::new()),
                End::RolledBack {} => (Tone::Undo.badge("is back"), "what ran before runs again".to_owned()),
                End::Aborted { reason } | End::Cancelled { reason } => {
                    (Tone::Idle.badge("ended"), reason.clone())
                }
            }
        }
        Body::RolloutNoted { note, .. } => (badge(Tone::Idle, "✎", "noted"), note.clone()),
        Body::DeciderNamed { decider, .. } => {
            (badge(Tone::Idle, "✎", "decider"), format!("{decider} decides"))
        }
        Body::ChannelTold { channel, people, .. } => {
            (badge(Tone::Busy, "✆", "called"), people::called(channel, people))
        }
        Body::ChannelFailed { channel, reason, given_up, .. } => {
            (badge(Tone::Bad, "✆", "not reached"), people::not_called(channel, reason, *given_up))
        }
        Body::StepApproved { step, note, .. } => {
            (Tone::Good.badge("approved"), format!("step {step} {note}"))
        }
        Body::StepEnded { step, outcome: Outcome::Failed { reason, .. }, .. } => {
            (Tone::Bad.badge("failed"), format!("step {step}: {}", brief(reason)))
        }
        Body::StepTolerated { step, .. } => (badge(Tone::Hold, "△", "tolerated"), format!("step {step}")),
        Body::GateDecided { decision, .. } => {
            let n_unmet = decision.unmet().count();
            match decision.passes {
                true => (Tone::Good.badge("gates pass"), String::new()),
                false => (Tone::Hold.badge("gates wait"), format!("{n_unmet} do not pass")),
            }
        }
        Body::StepSilenced { silenced, .. } => (
            Tone::Idle.badge("silence over"),
            format!("{} kept {} alerts quiet", silenced.silence.alert, silenced.alerts.len()),
        ),
        _ => return None,
    })
}

/// Writes the reader's note down, and shows the room again.
pub(super) async fn note(Path(text): Path<String>, sent: Sent) -> Response {
    visit::answer(&sent.visit, noted(&text, &sent).await)
}

async fn noted(text: &str, sent: &Sent) -> Result<Response, Failure> {
    let back = back(text, sent)?;
    let note = sent.field("note").to_owned();
    submit(sent, Command::NoteRollout { id: rollout(sent)?, note }).await?;
    Ok(see(&back))
}

/// Says who decides, and shows the room again.
pub(super) async fn name_decider(Path(text): Path<String>, sent: Sent) -> Response {
    visit::answer(&sent.visit, decider_named(&text, &sent).await)
}

async fn decider_named(text: &str, sent: &Sent) -> Result<Response, Failure> {
    let back = back(text, sent)?;
    let decider = sent.field("decider").to_owned();
    submit(sent, Command::NameDecider { id: rollout(sent)?, decider }).await?;
    Ok(see(&back))
}

fn rollout(sent: &Sent) -> Result<RolloutId, Failure> {
    sent.field("rollout").parse().map_err(|_| {
        Failure::new(Code::InvalidRequest, "the form names no rollout").hint("open the page again")
    })
}

/// Where the form was: on the board of the rollout, or in the room.
fn back(text: &str, sent: &Sent) -> Result<String, Failure> {
    match sent.field("from") {
        "board" => Ok(format!("/rollouts/{}", rollout(sent)?)),
        _ => Ok(format!("{}/war-room", path(release::named(&sent.visit.state(), text)?))),
    }
}
