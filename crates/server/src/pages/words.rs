//! States as people read them: a symbol and a word, never a colour alone.

use std::fmt;

use askama::filters::HtmlSafe;
use shipway_api::view::traffic::TargetCondition;
use shipway_api::view::{Phase, StepState, StepView};
use shipway_model::Digest;
use shipway_model::analysis::Decision;
use shipway_model::event::End;

/// A state in three forms: for the style sheet, for the eye, for the ear. It writes itself as an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) tone: Tone,
    pub(super) symbol: &'static str,
    pub(super) word: &'static str,
}

/// What a state means to whoever looks on. The style sheet gives each its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Good,
    Bad,
    Busy,
    Hold,
    Undo,
    Idle,
}

impl Tone {
    pub(super) const ALL: [Self; 6] = [Self::Good, Self::Busy, Self::Hold, Self::Undo, Self::Bad, Self::Idle];

    /// The class.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Hold => "hold",
            Self::Undo => "undo",
            Self::Idle => "idle",
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Busy => "▶",
            Self::Hold => "◷",
            Self::Undo => "↺",
            Self::Idle => "–",
        }
    }

    pub(super) const fn badge(self, word: &'static str) -> Badge {
        badge(self, self.symbol(), word)
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HtmlSafe for Tone {}

pub(super) const fn badge(tone: Tone, symbol: &'static str, word: &'static str) -> Badge {
    Badge { tone, symbol, word }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tone, symbol, word } = self;
        write!(f, "<span class=\"badge {tone}\"><i aria-hidden=\"true\">{symbol}</i> {word}</span>")
    }
}

/// Made of constants alone.
impl HtmlSafe for Badge {}

/// A digest: its beginning, with the whole on hover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(pub(super) Digest);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<code class=\"hash\" title=\"{}\">{}</code>", self.0, self.0.short())
    }
}

/// Hexadecimal digits.
impl HtmlSafe for Hash {}

pub(super) fn of_phase(phase: &Phase) -> Badge {
    let word = phase.word();
    match phase {
        Phase::Queued { .. } => badge(Tone::Hold, "◷", word),
        Phase::Running {} => badge(Tone::Busy, "▶", word),
        Phase::Paused { .. } => badge(Tone::Hold, "❙❙", word),
        Phase::Halted { .. } | Phase::Aborting { .. } => badge(Tone::Bad, "■", word),
        Phase::Unwinding { .. } => badge(Tone::Undo, "↩", "rolling back"),
        Phase::Ended { end: End::Succeeded { .. } } => badge(Tone::Good, "✓", word),
        Phase::Ended { end: End::RolledBack {} } => badge(Tone::Undo, "↺", "rolled back"),
        Phase::Ended { end: End::Aborted { .. } | End::Cancelled { .. } } => badge(Tone::Idle, "–", word),
    }
}

/// `ended`: nothing more will happen to the rollout.
pub(super) fn of_step(step: &StepView, ended: bool) -> Badge {
    match &step.undo {
        Some(StepState::Running { .. } | StepState::Waiting { .. }) => badge(Tone::Undo, "↩", "undoing"),
        Some(StepState::Succeeded {} | StepState::Skipped { .. }) => badge(Tone::Undo, "↺", "undone"),
        Some(StepState::Failed { .. } | StepState::Tolerated { .. }) => badge(Tone::Bad, "✕", "undo failed"),
        Some(StepState::Pending {}) => badge(Tone::Undo, "↩", "to be undone"),
        None => match &step.state {
            StepState::Pending {} if ended => badge(Tone::Idle, "·", "not begun"),
            StepState::Pending {} => badge(Tone::Idle, "○", "pending"),
            StepState::Waiting { .. } => badge(Tone::Hold, "◷", "waiting"),
            StepState::Running { .. } => badge(Tone::Busy, "▶", "running"),
            StepState::Succeeded {} => badge(Tone::Good, "✓", "done"),
            StepState::Failed { .. } => badge(Tone::Bad, "✕", "failed"),
            StepState::Tolerated { .. } => badge(Tone::Hold, "△", "failed, tolerated"),
            StepState::Skipped { .. } => badge(Tone::Idle, "–", "skipped"),
        },
    }
}

pub(super) fn of_target(condition: TargetCondition) -> Badge {
    let word = condition.word();
    match condition {
        TargetCondition::Planned => badge(Tone::Idle, "○", word),
        TargetCondition::Starting => badge(Tone::Busy, "▶", word),
        TargetCondition::Healthy => badge(Tone::Good, "✓", word),
        TargetCondition::Unhealthy | TargetCondition::Failed => badge(Tone::Bad, "✕", word),
        TargetCondition::Stopping => badge(Tone::Undo, "▽", word),
    }
}

pub(super) fn of_decision(decision: Decision) -> Badge {
    match decision {
        Decision::Harmful => badge(Tone::Bad, "✕", "harmful"),
        Decision::Healthy => badge(Tone::Good, "✓", "healthy"),
        Decision::Undecided => badge(Tone::Busy, "…", "undecided"),
        Decision::NoVerdict => badge(Tone::Hold, "△", "nothing to judge by"),
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

/// Why a rollout is not simply going on, or how it ended.
pub(super) fn notice(phase: &Phase) -> Option<String> {
    match phase {
        Phase::Queued { position } => Some(format!("Number {position} in the queue.")),
        Phase::Running {} | Phase::Ended { end: End::Succeeded { failed_targets: 0 } } => None,
        Phase::Paused { reason } => Some(format!("Paused: {reason}")),
        Phase::Halted { step, reason } => Some(format!("Halted at step {step}: {reason}")),
        Phase::Unwinding { cause: why } => Some(format!("Being taken back, because {why}")),
        Phase::Aborting { reason } | Phase::Ended { end: End::Aborted { reason } } => {
            Some(format!("Aborted: {reason}"))
        }
        Phase::Ended { end: End::Cancelled { reason } } => Some(format!("Cancelled: {reason}")),
        Phase::Ended { end: End::Succeeded { failed_targets } } => {
            Some(format!("Shipped, with {failed_targets} targets that failed within tolerance."))
        }
        Phase::Ended { end: End::RolledBack {} } => {
            Some("Taken back: what ran before runs again.".to_owned())
        }
    }
}

/// The first of several reasons, for a line among others; the rollout's own page has them all.
pub(super) fn brief(reasons: &str) -> String {
    const CHARS_MAX: usize = 180;
    let first = reasons.split("; ").next().unwrap_or_default().trim_end_matches('.');
    if first.chars().count() <= CHARS_MAX {
        first.to_owned()
    } else {
        first.chars().take(CHARS_MAX - 1).chain(['…']).collect()
    }
}

/// `1 event`, `2 events`; thousands are set apart.
pub(super) fn count(n: impl Into<u64>, noun: &str) -> String {
    let n = n.into();
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n))
}

/// `1 234 567`, with spaces that do not break.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `512 B`, `1.4 kB`, `23 MB`.
pub(super) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            let precision = usize::from(value < 10.0 && unit != "B");
            return format!("{value:.precision$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
        assert_eq!(
            [12, 1400, 23_000_000, 5_000_000_000_000].map(bytes),
            ["12 B", "1.4 kB", "23 MB", "5.0 TB"]
        );
        assert_eq!(
            (count(1u64, "event"), count(2u64, "event")),
            ("1 event".to_owned(), "2 events".to_owned())
        );
    }

    #[test]
    fn a_line_has_room_for_the_first_reason() {
        assert_eq!(brief("step 3 failed: 19 of 20; errors: 19 units."), "step 3 failed: 19 of 20");
        assert_eq!(brief(&"x".repeat(400)).chars().count(), 180);
    }

    #[test]
    fn a_badge_says_its_state_in_words() {
        let shown = Tone::Bad.badge("failed").to_string();
        assert_eq!(shown, "<span class=\"badge bad\"><i aria-hidden=\"true\">✕</i> failed</span>");
    }
}
