//! What people read: symbols, words and times.

use jiff::Timestamp;
use shipway_api::view::{Phase, StepState, StepView};
use shipway_model::event::Cause;
use shipway_runtime::Head;

/// A state in three forms: for the style sheet, for the eye, for the ear.
#[derive(Clone, Copy)]
pub(super) struct Badge {
    /// `good`, `bad`, `busy`, `hold`, `undo` or `idle`.
    pub(super) tone: &'static str,
    pub(super) symbol: &'static str,
    pub(super) word: &'static str,
}

const fn badge(tone: &'static str, symbol: &'static str, word: &'static str) -> Badge {
    Badge { tone, symbol, word }
}

pub(super) fn of_phase(phase: &Phase) -> Badge {
    let word = phase.word();
    match word {
        "queued" => badge("hold", "◷", word),
        "running" => badge("busy", "▶", word),
        "paused" => badge("hold", "❙❙", word),
        "halted" => badge("bad", "■", word),
        "unwinding" => badge("undo", "↩", "rolling back"),
        "aborting" => badge("bad", "■", word),
        "succeeded" => badge("good", "✓", word),
        "rolled-back" => badge("undo", "↺", "rolled back"),
        _ => badge("idle", "–", word),
    }
}

/// `ended`: nothing more will happen to the rollout.
pub(super) fn of_step(step: &StepView, ended: bool) -> Badge {
    match &step.undo {
        Some(StepState::Running { .. } | StepState::Waiting { .. }) => badge("undo", "↩", "undoing"),
        Some(StepState::Succeeded {} | StepState::Skipped { .. }) => badge("undo", "↺", "undone"),
        Some(StepState::Failed { .. } | StepState::Tolerated { .. }) => badge("bad", "✕", "undo failed"),
        Some(StepState::Pending {}) => badge("undo", "↩", "to be undone"),
        None => match &step.state {
            StepState::Pending {} if ended => badge("idle", "·", "not begun"),
            StepState::Pending {} => badge("idle", "○", "pending"),
            StepState::Waiting { .. } => badge("hold", "◷", "waiting"),
            StepState::Running { .. } => badge("busy", "▶", "running"),
            StepState::Succeeded {} => badge("good", "✓", "done"),
            StepState::Failed { .. } => badge("bad", "✕", "failed"),
            StepState::Tolerated { .. } => badge("hold", "△", "failed, tolerated"),
            StepState::Skipped { .. } => badge("idle", "–", "skipped"),
        },
    }
}

/// What is to be said about the step beside its state.
pub(super) fn remark(step: &StepView) -> Option<&str> {
    let state =
        step.undo.as_ref().filter(|it| !matches!(it, StepState::Pending {} | StepState::Succeeded {}));
    match state.unwrap_or(&step.state) {
        StepState::Waiting { why } => Some(why),
        StepState::Failed { reason } | StepState::Tolerated { reason } | StepState::Skipped { reason } => {
            Some(reason)
        }
        StepState::Pending {} | StepState::Running { .. } | StepState::Succeeded {} => None,
    }
}

pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Asked { by, reason } if reason.is_empty() => format!("{by} asked for it"),
        Cause::Asked { by, reason } => format!("{by} asked for it: {reason}"),
        Cause::StepFailed { step, reason } => format!("step {step} failed: {reason}"),
        Cause::InstanceFailed { instance, reason } => format!("{instance} failed: {reason}"),
        Cause::CalendarClosed { reason } | Cause::TargetLost { reason, .. } => reason.clone(),
    }
}

/// `2026-11-21 08:30:05 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `45 s`, `3 min 05 s`, `2 h 10 min`.
pub(super) fn length(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The ledger in one line.
pub(super) struct Ledger {
    pub(super) size: u64,
    pub(super) root: String,
}

impl From<Head> for Ledger {
    fn from(head: Head) -> Self {
        Self { size: head.size, root: head.root.short() }
    }
}
