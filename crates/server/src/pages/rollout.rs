//! One rollout as it moves: the live board.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use shipway_api::operations::rollout::NoteRollout;
use shipway_api::view::rollout::Waiting;
use shipway_api::view::traffic::TargetView;
use shipway_api::view::{RolloutView, StepState, StepView};
use shipway_api::{Code, Operation, ReleaseSelector};
use shipway_engine::alert::{Received, environment_of, service_of};
use shipway_engine::rollout::{Call, CallOutcome};
use shipway_engine::{Phase, Rollout, State};
use shipway_model::RolloutId;
use shipway_model::alert::Culprit;
use shipway_model::effect::{Outcome, Success};
use shipway_model::plan::Reversibility;

use self::trial::Trial;
use super::alerts::{self, Told};
use super::decide::Verb;
use super::document::{Area, Motion};
use super::drawing::split::{Split, splits};
use super::moment::{self, Clock, Moment};
use super::people::{self, People};
use super::prose::Prose;
use super::rollouts::Waits;
use super::visit::{self, Shown, Visit};
use super::words::{self, Badge, Hash, Tone};
use crate::problem::Failure;
use crate::{recall, views};

mod trial;

/// Notes on the board.
const NOTES_MAX: usize = 5;
const CALLS_MAX: usize = 3;
const ALERTS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "rollout.html")]
struct Board {
    id: String,
    release: String,
    release_path: String,
    environment: String,
    by: String,
    badge: Badge,
    done: u32,
    total: u32,
    queued: Moment,
    started: Option<Moment>,
    length: String,
    expected: String,
    facts: Vec<(String, String)>,
    plan: Hash,
    digest: Hash,
    /// What can be done now.
    verbs: Vec<&'static Verb>,
    /// Why it is not simply going on.
    notice: Option<Prose>,
    waiting: Vec<Waits>,
    splits: Vec<Split>,
    /// The newest first.
    trials: Vec<Trial>,
    stages: Vec<Stage>,
    zones: BTreeMap<String, Vec<Target>>,
    people: People,
    /// Who was called about it, the latest first; the war room has all.
    calls: Vec<Called>,
    /// The latest first; the war room has all.
    notes: Vec<Note>,
    may_note: bool,
    /// Journeys and single calls, with what came of each.
    journeys: Vec<Journey>,
    silences: Vec<Silence>,
    /// What monitoring told while it went on, about what it ships or with it among the suspects.
    alerts: Vec<Told>,
    /// Its change, where it opened one.
    change: Option<String>,
    csrf: String,
    key: String,
}

struct Note {
    by: String,
    at: Moment,
    text: String,
}

/// A Channel was told of it, or could not be.
struct Called {
    at: Moment,
    badge: Badge,
    text: Prose,
}

/// What somebody outside would see.
struct Journey {
    id: u32,
    title: String,
    badge: Badge,
    result: String,
}

/// Alerts that a step keeps quiet, or kept.
struct Silence {
    alert: String,
    kept: String,
}

struct Stage {
    name: String,
    waves: Vec<Wave>,
}

struct Wave {
    name: String,
    steps: Vec<Row>,
}

struct Row {
    id: u32,
    badge: Badge,
    title: String,
    remark: Prose,
    /// How long it took, or is expected to take.
    length: String,
    /// Its word is told by the sign alone, so that what moves stands out.
    is_to_come: bool,
    mark: &'static str,
}

struct Target {
    host: String,
    service: String,
    version: String,
    badge: Badge,
    detail: String,
}

pub(super) async fn page(visit: Visit, path: Result<Path<RolloutId>, PathRejection>) -> Response {
    visit::answer(&visit, shown(&visit, path).await)
}

async fn shown(visit: &Visit, path: Result<Path<RolloutId>, PathRejection>) -> Result<Response, Failure> {
    let id = known(path)?;
    if let Some(verbs) = offered(visit, id) {
        return visit.try_show_alike(&verbs, || {
            let state = visit.state();
            let rollout = state.rollouts.live.get(&id).ok_or_else(|| unknown(id))?;
            Ok(Board::new(visit, &state, rollout).shown())
        });
    }
    let content = look(visit, id, |state, rollout| Board::new(visit, state, rollout)).await?;
    Ok(visit.show(&content.shown()))
}

/// What the reader may decide about a rollout that is at hand. Nothing for whoever may write on its board: a form is theirs
/// alone.
fn offered(visit: &Visit, id: RolloutId) -> Option<Vec<&'static str>> {
    let state = visit.state();
    let rollout = state.rollouts.live.get(&id)?;
    let verbs = || Verb::possible(visit, &state, rollout).iter().map(|it| it.path).collect();
    (!NoteRollout::PERMISSION.allows(visit.caller.role)).then(verbs)
}

fn unknown(id: RolloutId) -> Failure {
    Failure::new(Code::UnknownRollout, format!("there is no rollout {id}"))
        .hint("the list of rollouts shows those there are")
}

/// The rollout that an address names.
pub(super) fn known(path: Result<Path<RolloutId>, PathRejection>) -> Result<RolloutId, Failure> {
    path.map(|Path(id)| id).map_err(|_| Failure::new(Code::UnknownRollout, "the address names no rollout"))
}

/// Draws the rollout as it stands, or stood then, also when the state has let go of it.
///
/// # Errors
/// When there is no such rollout, or the store does not answer.
pub(super) async fn look<T>(
    visit: &Visit,
    id: RolloutId,
    draw: impl FnOnce(&State, &Rollout) -> T,
) -> Result<T, Failure> {
    {
        let state = visit.state();
        if let Some(rollout) = state.rollouts.live.get(&id) {
            return Ok(draw(&state, rollout));
        }
        if !state.rollouts.summaries.contains_key(&id) {
            return Err(unknown(id));
        }
    }
    let size = visit.past().map_or(u64::MAX, shipway_runtime::Past::size);
    let rollout = recall::rollout(&visit.app.runtime, id, size).await?.ok_or_else(|| unknown(id))?;
    Ok(draw(&visit.state(), &rollout))
}

impl Board {
    fn shown(self) -> Shown<'static, Self> {
        let still = self.verbs.is_empty() || self.badge.word == "succeeded";
        let motion = if still { Motion::Live } else { Motion::Ticking };
        let title = format!("{} → {}", self.release, self.environment);
        Shown { title: title.into(), area: Area::Rollouts, motion, content: self }
    }

    fn new(visit: &Visit, state: &State, rollout: &Rollout) -> Self {
        let (view, clock) = (views::rollout::view(state, rollout), &visit.clock);
        let summary = &view.summary;
        let progress = summary.progress.unwrap_or_default();
        let release = &summary.release;
        let selector = ReleaseSelector::Version(release.name.clone(), release.version.clone());
        let trials = views::analysis::view(rollout).steps;
        Self {
            id: rollout.id.to_string(),
            release: format!("{} {}", release.name, release.version),
            release_path: format!("/releases/{selector}"),
            environment: summary.environment.to_string(),
            by: summary.requested_by.clone(),
            badge: words::of_phase(&summary.phase),
            done: progress.steps_done,
            total: progress.steps_total,
            queued: clock.moment(summary.queued_at),
            started: summary.started_at.map(|it| clock.moment(it)),
            length: clock.length(summary.started_at.unwrap_or(summary.queued_at), summary.ended_at),
            expected: moment::length(rollout.plan.expected),
            facts: facts(&view),
            plan: Hash(view.plan_digest),
            digest: Hash(release.digest),
            verbs: if visit.is_now() { Verb::possible(visit, state, rollout) } else { Vec::new() },
            notice: words::notice(&summary.phase).map(|it| clock.prose(&it)),
            // Why it is halted is the notice.
            waiting: if matches!(rollout.phase, Phase::Halted { .. }) {
                Vec::new()
            } else {
                held_up(&view, clock)
            },
            splits: splits(&view.traffic),
            trials: trials.iter().rev().filter_map(|it| Trial::new(it, &view.steps, clock)).collect(),
            stages: stages(&view.steps, rollout, clock),
            zones: zones(&view.targets),
            people: People::of(state, rollout, clock),
            calls: rollout.calls.iter().rev().take(CALLS_MAX).map(|it| call(it, clock)).collect(),
            notes: rollout.notes.iter().rev().take(NOTES_MAX).map(|it| note(it, clock)).collect(),
            may_note: visit.is_now()
                && state.rollouts.live.contains_key(&rollout.id)
                && NoteRollout::PERMISSION.allows(visit.caller.role),
            journeys: journeys(rollout, &view.steps),
            silences: view.steps.iter().flat_map(|it| &it.silenced).map(silence).collect(),
            alerts: alerts(state, rollout, clock),
            change: state.changes.of(rollout.id).map(|it| format!("/changes/{}", it.id)),
            csrf: visit.csrf.as_str().to_owned(),
            key: visit.app.runtime.random_secret(),
        }
    }
}

fn note(it: &shipway_engine::rollout::Note, clock: &Clock) -> Note {
    Note { by: it.by.clone(), at: clock.moment(it.at), text: it.text.clone() }
}

fn call(it: &Call, clock: &Clock) -> Called {
    let (badge, text) = match &it.outcome {
        CallOutcome::Taken { people } => {
            (words::badge(Tone::Busy, "✆", "called"), people::called(&it.channel, people))
        }
        CallOutcome::Failed { reason, given_up } => {
            (words::badge(Tone::Bad, "✆", "not reached"), people::not_called(&it.channel, reason, *given_up))
        }
    };
    Called { at: clock.moment(it.at), badge, text: clock.prose(&text) }
}

fn journeys(rollout: &Rollout, steps: &[StepView]) -> Vec<Journey> {
    let ended = rollout.has_ended();
    let is_one = |it: &&StepView| matches!(it.action.as_str(), "journey" | "http");
    let journey = |it: &StepView| {
        let result = match rollout.step(it.id).and_then(|it| it.result.as_deref()) {
            Some(Outcome::Succeeded { result: Success::Completed { summary } }) => summary.clone(),
            Some(Outcome::Failed { reason, .. }) => words::brief(reason),
            _ => String::new(),
        };
        Journey { id: it.id.0, title: it.title.clone(), badge: words::of_step(it, ended), result }
    };
    steps.iter().filter(is_one).map(journey).collect()
}

fn silence(it: &shipway_model::plan::Silenced) -> Silence {
    Silence {
        alert: it.silence.alert.clone(),
        kept: match it.alerts.len() {
            0 => "it kept nothing quiet".to_owned(),
            n => format!("it kept {} quiet", words::count(n as u64, "alert")),
        },
    }
}

fn alerts(state: &State, rollout: &Rollout, clock: &Clock) -> Vec<Told> {
    let plan = &rollout.plan;
    let ships = |name| plan.services.iter().any(|it| it.service == name);
    let is_here = |it: &&Received| {
        let suspects =
            it.suspects.iter().any(|it| matches!(&it.what, Culprit::Rollout { id, .. } if *id == rollout.id));
        let meanwhile = rollout.ended.is_none_or(|ended| it.at <= ended);
        suspects
            || (meanwhile
                && environment_of(state, &it.alert).is_some_and(|it| it == plan.environment)
                && service_of(state, &it.alert).is_some_and(ships))
    };
    let since = state.alerts.iter().rev().take_while(|it| it.at >= rollout.queued);
    since.filter(is_here).take(ALERTS_MAX).map(|it| alerts::told(state, it, clock)).collect()
}

/// What keeps it from going on. A step that is at work shows that itself.
fn held_up(view: &RolloutView, clock: &Clock) -> Vec<Waits> {
    let at_work = |waiting: &Waiting| {
        let step = view.steps.iter().find(|it| Some(it.id) == waiting.step);
        step.is_some_and(|it| matches!(it.undo.as_ref().unwrap_or(&it.state), StepState::Running { .. }))
    };
    let waits = |it: &Waiting| Waits {
        what: it.what.clone(),
        why: clock.prose(&it.why),
        until: clock.prose(&it.until),
    };
    view.waiting_for.iter().filter(|it| !at_work(it)).map(waits).collect()
}

/// Where its time went: a word for each, and how long.
fn facts(view: &RolloutView) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if view.paused_total.0 > 0 {
        facts.push(("paused".to_owned(), moment::length(view.paused_total)));
    }
    if view.busy.0 > 0 {
        facts.push(("agents worked".to_owned(), moment::length(view.busy)));
    }
    facts.extend(view.waited.iter().map(|it| (format!("waited for {}", it.cause), moment::length(it.total))));
    facts
}

/// Steps in the plan's order, put together while stage and wave stay the same.
fn stages(steps: &[StepView], rollout: &Rollout, clock: &Clock) -> Vec<Stage> {
    let waves = |steps: &[StepView]| {
        let wave = |steps: &[StepView]| Wave {
            name: steps[0].wave.clone(),
            steps: steps.iter().map(|it| row(it, rollout, clock)).collect(),
        };
        steps.chunk_by(|a, b| a.wave == b.wave).map(wave).collect()
    };
    let stage = |steps: &[StepView]| Stage { name: steps[0].stage.to_string(), waves: waves(steps) };
    steps.chunk_by(|a, b| a.stage == b.stage).map(stage).collect()
}

fn row(step: &StepView, rollout: &Rollout, clock: &Clock) -> Row {
    let ended = rollout.has_ended();
    let expected = rollout.plan.step(step.id).filter(|_| !ended).map(|it| it.expected);
    let length = match step.started_at {
        Some(it) => Some(clock.length(it, step.ended_at)),
        None => expected.map(|it| format!("≈ {}", moment::length(it))),
    };
    Row {
        id: step.id.0,
        badge: words::of_step(step, ended),
        is_to_come: step.started_at.is_none(),
        title: step.title.clone(),
        remark: clock.prose(&words::brief(words::remark(step).unwrap_or_default())),
        length: length.unwrap_or_default(),
        mark: mark(step.reversibility),
    }
}

/// What is said of a step that cannot simply be taken back.
pub(super) const fn mark(reversibility: Reversibility) -> &'static str {
    match reversibility {
        Reversibility::Reversible => "",
        Reversibility::ForwardOnly => "forward only",
        Reversibility::PointOfNoReturn => "point of no return",
    }
}

fn zones(targets: &[TargetView]) -> BTreeMap<String, Vec<Target>> {
    let mut zones = BTreeMap::<String, Vec<Target>>::new();
    for target in targets {
        zones.entry(target.zone.clone()).or_default().push(Target {
            host: target.target.to_string(),
            service: target.service.to_string(),
            version: target.version.to_string(),
            badge: words::of_target(target.condition),
            detail: target.detail.clone(),
        });
    }
    for targets in zones.values_mut() {
        targets.sort_by(|a, b| (&a.host, &a.service, &a.version).cmp(&(&b.host, &b.service, &b.version)));
    }
    zones
}
