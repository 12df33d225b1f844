//! One rollout as it moves.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use shipway_api::view::rollout::{AnalysisView, Waiting};
use shipway_api::view::traffic::{TargetCondition, TargetView, TrafficView};
use shipway_api::view::{Phase, RolloutView, StepState, StepView};
use shipway_model::RolloutId;
use shipway_model::analysis::Decision;

use super::document;
use super::session::SignedIn;
use super::words::{self, Badge, Ledger};
use crate::app::App;
use crate::routes::rollout::shown;

#[derive(Template)]
#[template(path = "rollout.html")]
struct Shown {
    release: String,
    environment: String,
    badge: Badge,
    done: u32,
    total: u32,
    facts: Vec<(&'static str, String)>,
    /// Why it is not simply going on.
    notice: Option<String>,
    waiting: Vec<Waiting>,
    bars: Vec<Bar>,
    /// The newest first.
    verdicts: Vec<Verdict>,
    stages: Vec<Stage>,
    zones: BTreeMap<String, Vec<Target>>,
    ledger: Ledger,
}

/// The split of one service's traffic.
pub(super) struct Bar {
    pub(super) service: String,
    pub(super) parts: Vec<Part>,
}

/// Positions and widths in basis points of the whole bar.
pub(super) struct Part {
    pub(super) version: String,
    pub(super) share: String,
    pub(super) start: u32,
    pub(super) width: u16,
    /// 0 for the first version, then 1, …
    pub(super) shade: usize,
}

struct Verdict {
    title: String,
    tone: &'static str,
    word: &'static str,
    requests: u64,
    errors: u64,
    reasons: Vec<String>,
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
    remark: String,
    length: String,
    mark: &'static str,
}

struct Target {
    host: String,
    service: String,
    version: String,
    badge: Badge,
    detail: String,
}

pub(super) async fn page(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: Result<Path<RolloutId>, PathRejection>,
) -> Response {
    let Some((id, content)) = content(&app, path).await else {
        let nothing = "<p class=\"notice bad\">There is no such rollout. <a href=\"/\">All rollouts</a></p>";
        return document::page(StatusCode::NOT_FOUND, "No such rollout", Some(&caller.name), None, nothing);
    };
    let live = format!("/fragments/rollouts/{id}");
    document::page(StatusCode::OK, "Rollout", Some(&caller.name), Some(&live), &content)
}

pub(super) async fn fragment(
    State(app): State<App>,
    _: SignedIn,
    path: Result<Path<RolloutId>, PathRejection>,
) -> Response {
    match content(&app, path).await {
        Some((_, content)) => document::html(StatusCode::OK, content),
        None => document::html(StatusCode::NOT_FOUND, String::new()),
    }
}

async fn content(app: &App, path: Result<Path<RolloutId>, PathRejection>) -> Option<(RolloutId, String)> {
    let Path(id) = path.ok()?;
    let view = shown(app, None, id).await.ok()?;
    let shown = Shown::new(view, app.runtime.head().into(), app.runtime.clock().now());
    Some((id, shown.render().expect("texts take everything")))
}

impl Shown {
    fn new(view: RolloutView, ledger: Ledger, now: Timestamp) -> Self {
        let summary = &view.summary;
        let progress = summary.progress.unwrap_or_default();
        Self {
            release: format!("{} {}", summary.release.name, summary.release.version),
            environment: summary.environment.to_string(),
            badge: words::of_phase(&summary.phase),
            done: progress.steps_done,
            total: progress.steps_total,
            facts: facts(&view, now),
            notice: notice(&summary.phase),
            bars: bars(&view.traffic),
            verdicts: view.analyses.iter().rev().map(|it| verdict(it, &view.steps)).collect(),
            stages: stages(&view.steps, summary.phase.is_ended(), now),
            zones: zones(&view.targets),
            waiting: held_up(&view),
            ledger,
        }
    }
}

/// What keeps it from going on. A step that is at work shows that itself.
fn held_up(view: &RolloutView) -> Vec<Waiting> {
    let at_work = |waiting: &Waiting| {
        let step = view.steps.iter().find(|it| Some(it.id) == waiting.step);
        step.is_some_and(|it| matches!(it.undo.as_ref().unwrap_or(&it.state), StepState::Running { .. }))
    };
    view.waiting_for.iter().filter(|it| !at_work(it)).cloned().collect()
}

fn facts(view: &RolloutView, now: Timestamp) -> Vec<(&'static str, String)> {
    let summary = &view.summary;
    let mut facts =
        vec![("asked for by", summary.requested_by.clone()), ("queued", words::moment(summary.queued_at))];
    if let Some(started) = summary.started_at {
        facts.push(("started", words::moment(started)));
        facts.push(("took", words::length(started, summary.ended_at.unwrap_or(now))));
    }
    if view.paused_total.0 > 0 {
        facts.push(("of that paused", view.paused_total.to_string()));
    }
    facts.push(("plan", view.plan_digest.short()));
    facts.push(("release digest", summary.release.digest.short()));
    facts
}

fn notice(phase: &Phase) -> Option<String> {
    use shipway_model::event::End;
    match phase {
        Phase::Queued { position } => Some(format!("Number {position} in the queue.")),
        Phase::Running {} => None,
        Phase::Paused { reason } => Some(format!("Paused: {reason}")),
        Phase::Halted { step, reason } => Some(format!("Halted at step {step}: {reason}")),
        Phase::Unwinding { cause } => Some(format!("Being taken back, because {}", words::cause(cause))),
        Phase::Aborting { reason } | Phase::Ended { end: End::Aborted { reason } } => {
            Some(format!("Aborted: {reason}"))
        }
        Phase::Ended { end: End::Cancelled { reason } } => Some(format!("Cancelled: {reason}")),
        Phase::Ended { end: End::Succeeded { failed_targets: 0 } } => None,
        Phase::Ended { end: End::Succeeded { failed_targets } } => {
            Some(format!("Shipped, with {failed_targets} targets that failed within tolerance."))
        }
        Phase::Ended { end: End::RolledBack {} } => {
            Some("Taken back: what ran before runs again.".to_owned())
        }
    }
}

pub(super) fn bars(traffic: &[TrafficView]) -> Vec<Bar> {
    let bar = |it: &TrafficView| {
        let mut start = 0;
        let parts = it.pools.iter().enumerate().map(|(idx, pool)| {
            let width = pool.weight_bp.get();
            start += u32::from(width);
            Part {
                version: pool.version.to_string(),
                share: pool.weight_bp.to_string(),
                start: start - u32::from(width),
                width,
                shade: idx.min(3),
            }
        });
        Bar { service: it.service.to_string(), parts: parts.collect() }
    };
    traffic.iter().map(bar).collect()
}

fn verdict(analysis: &AnalysisView, steps: &[StepView]) -> Verdict {
    let step = steps.iter().find(|it| it.id == analysis.step);
    let (tone, word) = match analysis.verdict.decision {
        Decision::Harmful => ("bad", "✕ harmful"),
        Decision::Healthy => ("good", "✓ healthy"),
        Decision::Undecided => ("busy", "… undecided"),
        Decision::NoVerdict => ("hold", "△ nothing to judge by"),
    };
    Verdict {
        title: step.map(|it| it.title.clone()).unwrap_or_default(),
        tone,
        word,
        requests: analysis.verdict.canary_requests,
        errors: analysis.verdict.canary_errors,
        reasons: analysis.verdict.reasons.clone(),
    }
}

/// Steps in the plan's order, put together while stage and wave stay the same.
fn stages(steps: &[StepView], ended: bool, now: Timestamp) -> Vec<Stage> {
    let waves = |steps: &[StepView]| {
        let wave = |steps: &[StepView]| Wave {
            name: steps[0].wave.clone(),
            steps: steps.iter().map(|it| row(it, ended, now)).collect(),
        };
        steps.chunk_by(|a, b| a.wave == b.wave).map(wave).collect()
    };
    let stage = |steps: &[StepView]| Stage { name: steps[0].stage.to_string(), waves: waves(steps) };
    steps.chunk_by(|a, b| a.stage == b.stage).map(stage).collect()
}

fn row(step: &StepView, ended: bool, now: Timestamp) -> Row {
    use shipway_model::plan::Reversibility;
    let length = step.started_at.map(|it| words::length(it, step.ended_at.unwrap_or(now)));
    Row {
        id: step.id.0,
        badge: words::of_step(step, ended),
        title: step.title.clone(),
        remark: words::remark(step).unwrap_or_default().to_owned(),
        length: length.unwrap_or_default(),
        mark: match step.reversibility {
            Reversibility::Reversible => "",
            Reversibility::ForwardOnly => "forward only",
            Reversibility::PointOfNoReturn => "point of no return",
        },
    }
}

fn zones(targets: &[TargetView]) -> BTreeMap<String, Vec<Target>> {
    let mut zones = BTreeMap::<String, Vec<Target>>::new();
    for target in targets {
        let (tone, symbol) = match target.condition {
            TargetCondition::Planned => ("idle", "○"),
            TargetCondition::Starting => ("busy", "▶"),
            TargetCondition::Healthy => ("good", "✓"),
            TargetCondition::Unhealthy | TargetCondition::Failed => ("bad", "✕"),
            TargetCondition::Stopping => ("undo", "▽"),
        };
        zones.entry(target.zone.clone()).or_default().push(Target {
            host: target.target.to_string(),
            service: target.service.to_string(),
            version: target.version.to_string(),
            badge: Badge { tone, symbol, word: target.condition.word() },
            detail: target.detail.clone(),
        });
    }
    for targets in zones.values_mut() {
        targets.sort_by(|a, b| (&a.host, &a.service, &a.version).cmp(&(&b.host, &b.service, &b.version)));
    }
    zones
}
