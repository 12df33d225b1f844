//! Deciding about a rollout: what each decision would do is shown before it is taken.
//!
//! A decision has a page of its own rather than a window over the board: it works without a script, it can be linked to
//! from an alert, and nothing moves under the hand that reads it.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shipway_api::operations::rollout::{
    AbortRollout, ApproveStep, PauseRollout, ResumeRollout, RetryRollout, RollBack,
};
use shipway_api::view::traffic::TrafficView;
use shipway_api::{Code, Operation, Permission};
use shipway_engine::{Command, Context, Progress, Rollout, State};
use shipway_model::RolloutId;
use shipway_model::plan::{Action, Plan, StepId};
use shipway_runtime::Submission;

use super::csrf::Sent;
use super::document::{Area, Motion};
use super::drawing::split::{Split, splits};
use super::moment;
use super::prose::Prose;
use super::rollout::{known, look};
use super::visit::{self, Asked, Shown, Visit};
use super::words::count;
use crate::access::authorise::allow_command;
use crate::problem::Failure;
use crate::views;

/// Something that can be decided about a rollout.
pub(super) struct Verb {
    /// The end of its address.
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    /// How its button looks.
    pub(super) weight: &'static str,
    /// What a reason is asked for, if one is.
    asks: Option<&'static str>,
    permission: Permission,
    command: fn(RolloutId, &Given<'_>) -> Command,
}

/// What the form says.
struct Given<'a> {
    reason: &'a str,
    step: StepId,
}

/// In the order of their buttons.
static VERBS: [Verb; 6] = [
    Verb {
        path: "approve",
        title: "Approve",
        weight: "primary",
        asks: Some("Note for the record (may be empty)"),
        permission: ApproveStep::PERMISSION,
        command: |id, given| Command::ApproveStep { id, step: given.step, note: given.reason.to_owned() },
    },
    Verb {
        path: "retry",
        title: "Try again",
        weight: "primary",
        asks: None,
        permission: RetryRollout::PERMISSION,
        command: |id, _| Command::Retry { id },
    },
    Verb {
        path: "resume",
        title: "Resume",
        weight: "primary",
        asks: None,
        permission: ResumeRollout::PERMISSION,
        command: |id, _| Command::ResumeRollout { id },
    },
    Verb {
        path: "pause",
        title: "Pause",
        weight: "even",
        asks: Some("Why"),
        permission: PauseRollout::PERMISSION,
        command: |id, given| Command::PauseRollout { id, reason: given.reason.to_owned() },
    },
    Verb {
        path: "roll-back",
        title: "Roll back",
        weight: "even",
        asks: Some("Why"),
        permission: RollBack::PERMISSION,
        command: |id, given| Command::RollBack { id, reason: given.reason.to_owned() },
    },
    Verb {
        path: "abort",
        title: "Abort",
        weight: "danger",
        asks: Some("Why"),
        permission: AbortRollout::PERMISSION,
        command: |id, given| Command::AbortRollout { id, reason: given.reason.to_owned() },
    },
];

impl Verb {
    /// What this reader could decide now. The core is asked, so that nothing is offered that it would refuse.
    pub(super) fn possible(visit: &Visit, state: &State, rollout: &Rollout) -> Vec<&'static Self> {
        let step = asked_step(rollout).unwrap_or(StepId(0));
        let ctx = Context { actor: &visit.caller.actor(), now: visit.now() };
        let would = |verb: &&Self| {
            let command = (verb.command)(rollout.id, &Given { reason: "", step });
            let is_new = shipway_engine::decide(state, &command, &ctx).is_ok_and(|events| !events.is_empty());
            is_new && verb.permission.allows(visit.caller.role)
        };
        VERBS.iter().filter(would).collect()
    }

    fn find(path: &str) -> Result<&'static Self, Failure> {
        VERBS.iter().find(|it| it.path == path).ok_or_else(|| {
            Failure::new(
                Code::NotFound,
                format!("a rollout cannot be asked to `{}`", crate::problem::shown(path)),
            )
        })
    }

    /// What it would do, in sentences.
    fn consequences(&self, state: &State, rollout: &Rollout, step: StepId) -> Vec<String> {
        let under_way = rollout
            .steps
            .iter()
            .filter(|it| matches!(it.progress(rollout.direction()), Progress::Running { .. }));
        let finish = match under_way.count() {
            0 => "No step is under way.".to_owned(),
            1 => "The step under way finishes.".to_owned(),
            n => format!("The {n} steps under way finish."),
        };
        match self.path {
            "pause" => vec![
                finish,
                "No further step starts until somebody resumes.".to_owned(),
                "Traffic stays as it is split now.".to_owned(),
            ],
            "resume" => vec!["It goes on from where it stands.".to_owned()],
            "retry" => vec!["The steps that failed are tried again; nothing else is repeated.".to_owned()],
            "abort" => vec![
                finish,
                "Then the rollout ends where it stands: what was done stays, and nothing is taken back."
                    .to_owned(),
                "Traffic stays as it is split now. It can still be rolled back afterwards.".to_owned(),
            ],
            "approve" => {
                let title = rollout.plan.step(step).map(|it| it.title.clone()).unwrap_or_default();
                vec![
                    format!("Step {step} ({title}) counts as approved, in your name."),
                    format!(
                        "Your word is bound to the plan with the digest {}.",
                        rollout.plan_digest.short()
                    ),
                ]
            }
            _ => {
                let back = undone(rollout).len();
                let mut told = vec![
                    finish,
                    format!(
                        "{} taken back, the latest first.",
                        count(back as u64, "step") + if back == 1 { " is" } else { " are" }
                    ),
                    format!(
                        "The way back from the end of the plan is expected to take {}.",
                        moment::length(rollout.plan.unwind.expected)
                    ),
                ];
                let kept = kept(rollout);
                if kept > 0 {
                    told.push(format!("{} cannot be undone and stays as it is.", count(kept as u64, "step")));
                }
                if state.environments.get(&rollout.plan.environment).is_some_and(|it| it.running.len() > 1) {
                    told.push("Other rollouts in this environment go on.".to_owned());
                }
                told
            }
        }
    }
}

/// The first step that waits for somebody's word.
fn asked_step(rollout: &Rollout) -> Option<StepId> {
    let asks = |step: &&shipway_model::plan::Step| {
        let progress = rollout.step(step.id).map(|it| &it.forward);
        matches!((&step.action, progress), (Action::Approval { .. }, Some(Progress::Running { .. })))
    };
    rollout.plan.steps.iter().find(asks).map(|it| it.id)
}

/// The steps that would be taken back, in the order in which they would be.
fn undone(rollout: &Rollout) -> Vec<String> {
    let touched = |step: &&shipway_model::plan::Step| {
        step.undo.is_some()
            && rollout.step(step.id).is_some_and(|it| it.forward.is_touched() && !it.back.is_settled())
    };
    rollout.plan.steps.iter().rev().filter(touched).map(|it| it.title.clone()).collect()
}

/// Steps that were done and have no way back.
fn kept(rollout: &Rollout) -> usize {
    use shipway_model::plan::Reversibility::Reversible;
    let done = rollout.plan.steps.iter().filter(|step| {
        step.reversibility != Reversible && rollout.step(step.id).is_some_and(|it| it.forward.is_touched())
    });
    done.count()
}

#[derive(Template)]
#[template(path = "decide.html")]
struct Decision {
    id: String,
    release: String,
    environment: String,
    path: &'static str,
    title: &'static str,
    weight: &'static str,
    asks: Option<&'static str>,
    step: u32,
    consequences: Vec<String>,
    undone: Vec<String>,
    /// The split as it is, and as it was before, where that is known.
    now: Vec<Split>,
    before: Vec<Split>,
    /// Why it is not possible.
    refusal: Option<(Prose, Option<Prose>)>,
    csrf: String,
    key: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    step: Option<u32>,
}

pub(super) async fn page(
    visit: Visit,
    path: Result<Path<(RolloutId, String)>, PathRejection>,
    Asked(about): Asked<About>,
) -> Response {
    visit::answer(&visit, shown(&visit, path, about.step).await)
}

async fn shown(
    visit: &Visit,
    path: Result<Path<(RolloutId, String)>, PathRejection>,
    asked: Option<u32>,
) -> Result<Response, Failure> {
    let (id, verb) = parts(path)?;
    let content = look(visit, id, |state, rollout| Decision::new(visit, state, rollout, verb, asked)).await?;
    let title = format!("{} {}", verb.title, content.release);
    Ok(visit.show(&Shown {
        title: title.as_str().into(),
        area: Area::Rollouts,
        motion: Motion::Still,
        content,
    }))
}

fn parts(
    path: Result<Path<(RolloutId, String)>, PathRejection>,
) -> Result<(RolloutId, &'static Verb), Failure> {
    let Ok(Path((id, verb))) = path else {
        return known(path.map(|Path((id, _))| Path(id))).map(|id| (id, &VERBS[0]));
    };
    Ok((id, Verb::find(&verb)?))
}

impl Decision {
    fn new(visit: &Visit, state: &State, rollout: &Rollout, verb: &'static Verb, asked: Option<u32>) -> Self {
        let plan = &rollout.plan;
        let step = asked.map(StepId).or_else(|| asked_step(rollout)).unwrap_or(StepId(0));
        let ctx = Context { actor: &visit.caller.actor(), now: visit.now() };
        let command = (verb.command)(rollout.id, &Given { reason: "", step });
        let refused = shipway_engine::decide(state, &command, &ctx).err();
        let prose = |text: String| visit.clock.prose(&text);
        let refusal = refused.map(|it| (prose(it.message), it.hint.map(prose)));
        let may = verb.permission.allows(visit.caller.role);
        let forbidden =
            || (prose(format!("your role does not allow it: it takes a{}", article(verb.permission))), None);
        let view = views::rollout::view(state, rollout);
        let is_back = verb.path == "roll-back";
        let traffic_before = if is_back { before(plan, &view.traffic) } else { Vec::new() };
        let mut traffic_now = view.traffic;
        if is_back {
            traffic_now.retain(|it| traffic_before.iter().any(|before| before.service == it.service));
        }
        Self {
            id: rollout.id.to_string(),
            release: format!("{} {}", plan.release.name, plan.release.version),
            environment: plan.environment.to_string(),
            path: verb.path,
            title: verb.title,
            weight: verb.weight,
            asks: verb.asks,
            step: step.0,
            consequences: verb.consequences(state, rollout, step),
            undone: if is_back { undone(rollout) } else { Vec::new() },
            now: splits(&traffic_now),
            before: splits(&traffic_before),
            refusal: refusal.or_else(|| (!may).then(forbidden)),
            csrf: visit.csrf.as_str().to_owned(),
            key: visit.app.runtime.random_secret(),
        }
    }
}

fn article(permission: Permission) -> String {
    let word = permission.as_str();
    if word.starts_with(['a', 'o']) { format!("n {word}") } else { format!(" {word}") }
}

/// The split to which the first route of each service goes back.
fn before(plan: &Plan, now: &[TrafficView]) -> Vec<TrafficView> {
    let back = |traffic: &TrafficView| {
        let mut undos = plan.steps.iter().filter_map(|it| it.undo.as_ref());
        let pools = undos.find_map(|undo| match undo {
            Action::Route { service, pools } if *service == traffic.service => Some(pools),
            _ => None,
        })?;
        let pool = |it: &shipway_model::plan::PlannedPool| shipway_api::view::traffic::PoolView {
            version: it.version.clone(),
            weight_bp: it.weight_bp,
            targets: it.targets.clone(),
        };
        Some(TrafficView { pools: pools.iter().map(pool).collect(), ..traffic.clone() })
    };
    now.iter().filter_map(back).collect()
}

/// Takes the decision, and goes back to the board.
pub(super) async fn act(path: Result<Path<(RolloutId, String)>, PathRejection>, sent: Sent) -> Response {
    visit::answer(&sent.visit, taken(path, &sent).await)
}

async fn taken(
    path: Result<Path<(RolloutId, String)>, PathRejection>,
    sent: &Sent,
) -> Result<Response, Failure> {
    let (id, verb) = parts(path)?;
    let step = StepId(sent.field("step").parse().unwrap_or(0));
    let command = (verb.command)(id, &Given { reason: sent.field("reason"), step });
    submit(sent, command).await?;
    Ok(see(&format!("/rollouts/{id}")))
}

/// Has the command decided and recorded in the reader's name, if the policies let them; the form's key keeps a second
/// click from doing it twice.
pub(super) async fn submit(sent: &Sent, command: Command) -> Result<shipway_runtime::Receipt, Failure> {
    allow_command(&sent.visit.app, &sent.visit.caller, &command).await?;
    let key = Some(sent.field("key").to_owned()).filter(|it| (1..=100).contains(&it.len()));
    let submission = Submission { actor: sent.visit.caller.actor(), key, command, generation: None };
    Ok(sent.visit.app.runtime.submit(submission).await?)
}

/// On to another page.
pub(super) fn see(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path.to_owned())]).into_response()
}
