//! `shipway rollout show`

use clap::Args;
use shipway_api::operations::rollout::{RolloutPath, ShowRollout};
use shipway_api::view::{Phase, RolloutView, StepState, StepView};
use shipway_model::RolloutId;
use shipway_model::analysis::Decision;
use shipway_model::event::End;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain, targets, time, traffic};
use crate::settings::ConnectionArgs;

/// Show a rollout: its phase, what it waits for, every step, every target, the traffic and the verdicts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout show rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway rollout show rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json
  shipway rollout show rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --as-of 2026-03-01T12:00:00Z")]
pub(crate) struct Show {
    /// The rollout's id
    rollout: RolloutId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = RolloutPath { rollout: self.rollout };
        let view = connect(connection)?.call::<ShowRollout>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

pub(crate) fn render(view: &RolloutView, paint: Paint) -> String {
    let mut text = header(view, paint);
    for waiting in &view.waiting_for {
        let (what, why, until) = (plain(&waiting.what), plain(&waiting.why), plain(&waiting.until));
        text += &format!("  {} {what}: {why}; until {until}\n", paint.warn("waits"));
    }
    text += "\n";
    view.steps.iter().for_each(|step| text += &step_line(step, paint));
    for analysis in &view.analyses {
        let verdict = &analysis.verdict;
        let (service, canary, control) = (&analysis.service, &analysis.canary, &analysis.control);
        text += &format!("\nstep {}: {service} {canary} against {control}: ", analysis.step);
        text += &format!("{} after {}\n", decision(verdict.decision), verdict.decided_at);
        verdict.reasons.iter().for_each(|it| text += &format!("  {}\n", plain(it)));
    }
    if !view.targets.is_empty() {
        text += &format!("\n{}", targets(&view.targets, paint));
    }
    if !view.traffic.is_empty() {
        text += &format!("\n{}", traffic(&view.traffic, paint));
    }
    for note in &view.notes {
        text += &format!("\n{} {}: {}", time(note.at), paint.strong(&plain(&note.by)), plain(&note.note));
    }
    if !view.notes.is_empty() {
        text += "\n";
    }
    text
}

fn header(view: &RolloutView, paint: Paint) -> String {
    let it = &view.summary;
    let release = paint.strong(&format!("{}@{}", it.release.name, it.release.version));
    let mut text =
        format!("{release} into {}: {}\n", paint.strong(it.environment.as_str()), phase(&it.phase, paint));
    text += &format!("  id       {}\n  plan     {}\n", it.id, view.plan_digest);
    text += &format!("  asked    {} by {}\n", time(it.queued_at), plain(&it.requested_by));
    if let Some(at) = it.started_at {
        text += &format!("  started  {}\n", time(at));
    }
    if let Some(at) = it.ended_at {
        let took = it.started_at.map(|start| at.duration_since(start).as_secs());
        text += &format!(
            "  ended    {}{}\n",
            time(at),
            took.map(|it| format!(" after {it}s")).unwrap_or_default()
        );
    }
    if view.busy.0 > 0 {
        text += &format!("  runners  busy for {}, all hosts together\n", view.busy);
    }
    for wait in &view.waited {
        text += &format!("  waited   {} for {}\n", wait.total, plain(&wait.cause));
    }
    if let Some(decider) = &view.decider {
        text += &format!("  decides  {}\n", plain(decider));
    }
    if view.paused_total.0 > 0 {
        text += &format!("  paused   {}\n", view.paused_total);
    }
    text
}

/// The phase with its reason.
pub(super) fn phase(phase: &Phase, paint: Paint) -> String {
    let word = phase.word();
    match phase {
        Phase::Queued { position } => format!("{}, number {position}", paint.warn(word)),
        Phase::Running {} => paint.warn(word),
        Phase::Paused { reason } | Phase::Aborting { reason } => reasoned(&paint.warn(word), reason),
        Phase::Halted { step, reason } => format!("{} at step {step}: {}", paint.bad(word), plain(reason)),
        Phase::Unwinding { cause } => reasoned(&paint.bad(word), &cause.to_string()),
        Phase::Ended { end: End::Succeeded { failed_targets: 0 } } => paint.good(word),
        Phase::Ended { end: End::Succeeded { failed_targets } } => {
            format!("{}, {failed_targets} targets failed within what is tolerated", paint.good(word))
        }
        Phase::Ended { end: End::RolledBack {} } => paint.bad(word),
        Phase::Ended { end: End::Aborted { reason } | End::Cancelled { reason } } => {
            reasoned(&paint.bad(word), reason)
        }
    }
}

fn reasoned(word: &str, reason: &str) -> String {
    if reason.is_empty() { word.to_owned() } else { format!("{word}: {}", plain(reason)) }
}

/// What the judge said, in words.
pub(super) const fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Harmful => "harmful",
        Decision::Healthy => "healthy",
        Decision::Undecided => "undecided",
        Decision::NoVerdict => "nothing to judge by",
    }
}

fn step_line(step: &StepView, paint: Paint) -> String {
    let (mark, note) = state(&step.state, paint);
    let undo = match &step.undo {
        None | Some(StepState::Pending {}) => String::new(),
        Some(undo) => {
            let (mark, note) = state(undo, paint);
            format!("  ↺ {mark} {}{note}", undo.word())
        }
    };
    format!("  {mark} {:>3}  {}{note}{undo}\n", step.id, plain(&step.title))
}

/// A mark, and what there is to say about it.
fn state(state: &StepState, paint: Paint) -> (String, String) {
    let note = |text: &str| paint.dim(&format!("  {}", plain(text)));
    match state {
        StepState::Pending {} => (paint.dim("·"), String::new()),
        StepState::Waiting { why } => (paint.warn("◌"), note(why)),
        StepState::Running { attempt: 1, .. } => (paint.warn("▸"), String::new()),
        StepState::Running { attempt, .. } => (paint.warn("▸"), note(&format!("attempt {attempt}"))),
        StepState::Succeeded {} => (paint.good("✓"), String::new()),
        StepState::Failed { reason } => (paint.bad("✗"), note(reason)),
        StepState::Tolerated { reason } => (paint.warn("✗"), note(&format!("tolerated: {reason}"))),
        StepState::Skipped { reason } => (paint.dim("-"), note(&format!("skipped: {reason}"))),
    }
}
