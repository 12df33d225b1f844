//! One act: a release goes into an environment, and is watched until it has ended.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use shipway_api::operations::rollout::{NewRollout, RolloutPath, ShowRollout, StartRollout};
use shipway_api::view::rollout::{Phase, RolloutView};
use shipway_api::view::step::StepState;
use shipway_model::RolloutId;
use shipway_model::event::End;

use super::shoppers::{Seen, Shoppers};
use super::site::Site;
use super::{Failure, PATIENCE};

/// How often a rollout is looked at.
const INTERVAL: Duration = Duration::from_millis(150);

/// What came of it.
pub(super) struct Act {
    pub(super) rollout: RolloutId,
    pub(super) release: String,
    pub(super) environment: String,
    pub(super) strategy: String,
    pub(super) outcome: String,
    pub(super) took: Duration,
    pub(super) seen: Seen,
    pub(super) note: String,
    pub(super) view: RolloutView,
}

/// Starts the rollout and returns its id.
pub(super) async fn start(site: &Site, release: &str, environment: &str) -> Result<RolloutId, Failure> {
    let doing = format!("starting {release} in {environment}");
    let new = NewRollout {
        release: release.parse().map_err(|it| Failure::new(&doing, it))?,
        environment: environment.parse().map_err(|it| Failure::new(&doing, it))?,
        plan_digest: None,
    };
    let call = site.client()?.call::<StartRollout>((), (), new);
    Ok(call.await.map_err(|it| Failure::new(&doing, it))?.value.summary.id)
}

/// Watches a rollout to its end, showing every step as it ends. `meanwhile` is called with each look at it.
pub(super) async fn watch(
    site: &mut Site,
    shoppers: &Shoppers,
    id: RolloutId,
    mut meanwhile: impl AsyncFnMut(&mut Site, &RolloutView) -> Result<(), Failure>,
) -> Result<Act, Failure> {
    let before = shoppers.seen();
    let bar = bar();
    let mut told = Told::default();
    let mut answered = Instant::now();
    let began = Instant::now();
    let view = loop {
        match site.client()?.call::<ShowRollout>(RolloutPath { rollout: id }, (), ()).await {
            Ok(answer) => {
                answered = Instant::now();
                let view = answer.value;
                told.tell(&bar, &view, shoppers.seen().since(before));
                if view.summary.phase.is_ended() {
                    break view;
                }
                if let Phase::Halted { reason, .. } = &view.summary.phase {
                    return Err(Failure::because(format!("rollout {id} halted: {reason}")));
                }
                meanwhile(site, &view).await?;
            }
            // The control plane may be away for a moment; nothing depends on it meanwhile.
            Err(_) if answered.elapsed() < PATIENCE => {}
            Err(error) => return Err(Failure::new("watching the rollout", error)),
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::because(format!(
                "rollout {id} has not ended within {} s",
                PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(INTERVAL).await;
    };
    bar.finish_and_clear();
    Ok(concluded(view, began.elapsed(), shoppers.seen().since(before)))
}

fn concluded(view: RolloutView, took: Duration, seen: Seen) -> Act {
    let outcome = match &view.summary.phase {
        Phase::Ended { end: End::Succeeded { failed_targets: 0 } } => "shipped".to_owned(),
        Phase::Ended { end: End::Succeeded { failed_targets } } => {
            format!("shipped, {failed_targets} failed")
        }
        Phase::Ended { end: End::RolledBack {} } => "taken back".to_owned(),
        other => other.word().to_owned(),
    };
    Act {
        rollout: view.summary.id,
        release: view.summary.release.version.to_string(),
        environment: view.summary.environment.to_string(),
        strategy: String::new(),
        outcome,
        took,
        seen,
        note: String::new(),
        view,
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("  {spinner} {pos}/{len} {bar:24} {wide_msg}");
    bar.set_style(style.expect("a valid template").progress_chars("━╸ "));
    bar
}

/// What was shown already.
#[derive(Default)]
struct Told {
    done: std::collections::BTreeSet<u32>,
    undone: std::collections::BTreeSet<u32>,
    verdicts: std::collections::BTreeSet<u32>,
}

impl Told {
    fn tell(&mut self, bar: &ProgressBar, view: &RolloutView, seen: Seen) {
        bar.set_length(view.steps.len() as u64);
        let mut under_way = String::new();
        for step in &view.steps {
            let number = step.id.0;
            if step.state.is_done() && self.done.insert(number) {
                let wave = if step.wave.is_empty() { String::new() } else { format!("  ({})", step.wave) };
                say(bar, &format!("  ✓ {:>2} {}{wave}", number, step.title));
            }
            if let StepState::Failed { reason } = &step.state
                && self.done.insert(number)
            {
                let reason = reason.split("; ").next().unwrap_or(reason);
                say(bar, &format!("  ✗ {number:>2} {}: {reason}", step.title));
            }
            if let Some(undo) = &step.undo
                && undo.is_done()
                && self.undone.insert(number)
            {
                say(bar, &format!("  ↺ {number:>2} taken back: {}", step.title));
            }
            let running = |state: &StepState| matches!(state, StepState::Running { .. });
            if running(&step.state) || step.undo.as_ref().is_some_and(running) {
                under_way.clone_from(&step.title);
            }
        }
        for analysis in &view.analyses {
            let done = view
                .steps
                .iter()
                .any(|it| it.id == analysis.step && !matches!(it.state, StepState::Running { .. }));
            if done
                && self.verdicts.insert(analysis.step.0)
                && let Some(reason) = analysis.verdict.reasons.first()
            {
                say(bar, &format!("       the judge: {reason}"));
            }
        }
        bar.set_position(self.done.len() as u64);
        bar.set_message(format!(
            "{under_way} · shoppers: {} requests, {} failed",
            seen.requests, seen.failed
        ));
    }
}

/// A line above the bar; plain lines where there is no terminal.
fn say(bar: &ProgressBar, line: &str) {
    bar.suspend(|| println!("{line}"));
}
