//! One step of a rollout, with what it printed.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use shipway_api::Code;
use shipway_engine::{Rollout, State};
use shipway_model::RolloutId;
use shipway_model::effect::{Direction, EffectKey};
use shipway_model::plan::StepId;

use super::document::{Area, Motion};
use super::moment::{self, Moment};
use super::rollout::{look, mark};
use super::visit::{self, Shown, Visit};
use super::words::{self, Badge};
use crate::problem::Failure;
use crate::routes::rollout::read_log;
use crate::views;

/// Of a log, as much of its end as is shown; the API and `shipway rollout logs` give the whole.
const LOG_BYTES_MAX: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "step.html")]
struct Step {
    rollout: String,
    release: String,
    environment: String,
    id: u32,
    title: String,
    badge: Badge,
    why: String,
    remark: String,
    mark: &'static str,
    started: Option<Moment>,
    length: String,
    expected: String,
    after: Vec<(u32, String)>,
    /// Of the way forward, and of the way back.
    logs: Vec<Log>,
}

struct Log {
    title: &'static str,
    text: String,
}

pub(super) async fn page(visit: Visit, path: Result<Path<(RolloutId, u32)>, PathRejection>) -> Response {
    visit::answer(&visit, shown(&visit, path).await)
}

async fn shown(
    visit: &Visit,
    path: Result<Path<(RolloutId, u32)>, PathRejection>,
) -> Result<Response, Failure> {
    let Path((id, step)) =
        path.map_err(|_| Failure::new(Code::UnknownStep, "the address names no step of a rollout"))?;
    let step = StepId(step);
    let content = look(visit, id, |state, rollout| Step::new(visit, state, rollout, step)).await?;
    let mut content =
        content.ok_or_else(|| Failure::new(Code::UnknownStep, format!("rollout {id} has no step {step}")))?;
    for (title, direction) in
        [("What it printed", Direction::Do), ("What taking it back printed", Direction::Undo)]
    {
        let first = EffectKey { rollout: id, step, direction, attempt: 1 };
        let text = read_log::latest(&visit.app, first, LOG_BYTES_MAX).await?;
        if !text.is_empty() {
            content.logs.push(Log { title, text: String::from_utf8_lossy(&text).into_owned() });
        }
    }
    let title = format!("Step {step} of {}", content.release);
    Ok(visit.show(&Shown {
        title: title.as_str().into(),
        area: Area::Rollouts,
        motion: Motion::Live,
        content,
    }))
}

impl Step {
    fn new(visit: &Visit, state: &State, rollout: &Rollout, id: StepId) -> Option<Self> {
        let (plan, clock) = (&rollout.plan, &visit.clock);
        let planned = plan.step(id)?;
        let view = views::rollout::view(state, rollout);
        let view = view.steps.iter().find(|it| it.id == id)?;
        let title = |id: &StepId| (id.0, plan.step(*id).map(|it| it.title.clone()).unwrap_or_default());
        Some(Self {
            rollout: rollout.id.to_string(),
            release: format!("{} {}", plan.release.name, plan.release.version),
            environment: plan.environment.to_string(),
            id: id.0,
            title: planned.title.clone(),
            badge: words::of_step(view, rollout.has_ended()),
            why: planned.why.clone(),
            remark: words::remark(view).unwrap_or_default().to_owned(),
            mark: mark(planned.reversibility),
            started: view.started_at.map(|it| clock.full(it)),
            length: view.started_at.map(|it| clock.length(it, view.ended_at)).unwrap_or_default(),
            expected: moment::length(planned.expected),
            after: planned.after.iter().map(title).collect(),
            logs: Vec::new(),
        })
    }
}
