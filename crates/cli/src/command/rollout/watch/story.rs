//! A rollout's events as something to read: pure, so that it can be tested and shown anywhere.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::RolloutId;
use shipway_model::analysis::{Decision, Verdict};
use shipway_model::effect::{Direction, Outcome, Success};
use shipway_model::event::{Body, End, Event};
use shipway_model::gate;
use shipway_model::plan::{Action, Plan, StepId};

use super::super::show::decision;
use crate::command::plan::{describe, split};
use crate::exit::Exit;
use crate::output::{Paint, plain};

/// A step's way forward or back.
pub(super) type Act = (StepId, Direction);

/// What is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beat {
    /// Stays.
    Line(String),
    /// Goes when the next line comes.
    Note(String),
    Begin {
        act: Act,
        text: String,
    },
    Progress {
        act: Act,
        text: String,
    },
    /// The act has ended; the line stays.
    End {
        act: Act,
        line: String,
    },
    Done {
        done: usize,
        total: usize,
    },
    Over(Exit),
}

pub(super) struct Story {
    paint: Paint,
    plan: Option<Arc<Plan>>,
    started: HashMap<Act, Timestamp>,
    n_done: usize,
    /// The last decision told of each analysis.
    told: HashMap<StepId, Decision>,
}

/// How the rollout ended, if this event ends it.
pub(super) fn exit(event: &Event) -> Option<Exit> {
    match &event.body {
        Body::RolloutEnded { end: End::Succeeded { .. }, .. } => Some(Exit::Ok),
        Body::RolloutEnded { .. } => Some(Exit::TakenBack),
        _ => None,
    }
}

impl Story {
    pub(super) fn new(paint: Paint) -> Self {
        Self { paint, plan: None, started: HashMap::new(), n_done: 0, told: HashMap::new() }
    }

    pub(super) fn tell(&mut self, event: &Event) -> Vec<Beat> {
        let paint = self.paint;
        match &event.body {
            Body::RolloutQueued { plan, id, .. } => {
                self.plan = Some(Arc::clone(plan));
                let release = format!("{}@{}", plan.release.name, plan.release.version);
                let line = format!(
                    "{} into {}: {} steps, expected {}\n{}",
                    paint.strong(&release),
                    paint.strong(plan.environment.as_str()),
                    plan.steps.len(),
                    plan.expected,
                    paint.dim(&format!("  {id}"))
                );
                vec![Beat::Line(line), self.progress()]
            }
            Body::RolloutReplanned { plan, .. } => {
                self.plan = Some(Arc::clone(plan));
                vec![
                    Beat::Line(paint.warn("planned again: what runs has changed meanwhile")),
                    self.progress(),
                ]
            }
            Body::RolloutStarted { .. } => vec![Beat::Line("started".to_owned())],
            Body::RolloutPaused { reason, .. } => vec![Beat::Line(paint.warn(&reasoned("paused", reason)))],
            Body::RolloutResumed { .. } => vec![Beat::Line("goes on".to_owned())],
            Body::RolloutHeld { reason, next, .. } => {
                let until = next.map_or_else(String::new, |it| format!("; it goes on by itself at {it}"));
                vec![Beat::Line(paint.warn(&format!("held by the calendar: {}{until}", plain(reason))))]
            }
            Body::RolloutFreed { .. } => vec![Beat::Line("the calendar lets it go on".to_owned())],
            Body::RolloutHalted { id, step, reason } => {
                let line = paint.bad(&format!("halted at step {step}: {}", plain(reason)));
                let next = format!("  next: shipway rollout retry {id}, or shipway rollout rollback {id}");
                vec![Beat::Line(line), Beat::Line(paint.dim(&next))]
            }
            Body::RolloutUnwinding { cause: why, .. } => {
                vec![Beat::Line(paint.bad(&format!("is being taken back: {}", plain(&why.to_string()))))]
            }
            Body::RolloutEnded { end, id } => self.ended(end, &id.to_string()),
            Body::StepStarted { id, step, direction, attempt, .. } => {
                self.step_started(*id, (*step, *direction), *attempt, event.at)
            }
            Body::StepEnded { step, direction, outcome, .. } => {
                self.step_ended((*step, *direction), outcome, event.at)
            }
            Body::StepRetried { step, direction, .. } => {
                vec![Beat::Line(format!(
                    "{} {}  will be tried again",
                    paint.warn("↻"),
                    self.name((*step, *direction))
                ))]
            }
            Body::StepTolerated { step, .. } => {
                self.n_done += 1;
                let line = format!(
                    "{} {}  failed, which is tolerated",
                    paint.warn("✗"),
                    self.name((*step, Direction::Do))
                );
                vec![Beat::Line(line), self.progress()]
            }
            Body::StepSkipped { step, direction, reason, .. } => {
                self.n_done += usize::from(*direction == Direction::Do);
                let line = format!("- {}  skipped: {}", self.name((*step, *direction)), plain(reason));
                vec![Beat::Line(paint.dim(&line)), self.progress()]
            }
            // Who it was is in the step's end; the note is not.
            Body::StepApproved { note, .. } if note.is_empty() => Vec::new(),
            Body::StepApproved { note, .. } => {
                vec![Beat::Line(format!("      {}: {}", plain(&event.actor), plain(note)))]
            }
            Body::StepReopened { step, reason, .. } => {
                let name = self.name((*step, Direction::Do));
                vec![Beat::Note(paint.dim(&format!("↻ {name}  asked again: {}", plain(reason))))]
            }
            Body::GateDecided { decision, .. } => self.decided(decision),
            Body::StepObserved { step, verdict, .. } => self.observed(*step, verdict),
            Body::StepSilenced { silenced, .. } => {
                let n_quiet = silenced.alerts.len();
                let alert = plain(&silenced.silence.alert);
                vec![Beat::Line(format!(
                    "  the silence of {alert} has ended; it kept {n_quiet} alerts quiet"
                ))]
            }
            Body::RolloutNoted { note, .. } => {
                vec![Beat::Line(format!("      {}: {}", plain(&event.actor), plain(note)))]
            }
            Body::DeciderNamed { decider, .. } => {
                vec![Beat::Line(format!("{} decides from now on", plain(decider)))]
            }
            Body::ChannelTold { channel, people, rollout: Some(_), .. } => {
                let names: Vec<&str> = people.iter().map(String::as_str).collect();
                let line = match names[..] {
                    [] => format!("{channel} was told; nobody is on call"),
                    _ => format!("called through {channel}: {}", names.join(", ")),
                };
                vec![Beat::Line(plain(&line))]
            }
            Body::ChannelFailed { channel, reason, rollout: Some(_), .. } => {
                let line = format!("{channel} could not be told: {}", plain(reason));
                vec![Beat::Line(paint.warn(&line))]
            }
            Body::RolloutAborting { reason, .. } => {
                let line = reasoned("is being stopped where it stands", reason);
                vec![Beat::Line(paint.warn(&line))]
            }
            // Of other things than this rollout.
            Body::LedgerOpened { .. }
            | Body::TokenIssued { .. }
            | Body::TokenRevoked { .. }
            | Body::AccountAdded { .. }
            | Body::PasswordSet { .. }
            | Body::AccountDisabled { .. }
            | Body::AccountEnabled { .. }
            | Body::GrantRequested { .. }
            | Body::GrantApproved { .. }
            | Body::GrantEnded { .. }
            | Body::GrantUsed { .. }
            | Body::AccessRefused { .. }
            | Body::CommitsRecorded { .. }
            | Body::KnownErrorsAccepted { .. }
            | Body::VulnerabilitiesImported { .. }
            | Body::VulnerabilitiesChanged { .. }
            | Body::ResourceApplied { .. }
            | Body::ArtifactRegistered { .. }
            | Body::ReleaseCreated { .. }
            | Body::ReleaseSealed { .. }
            | Body::EvidenceAttached { .. }
            | Body::AgentRegistered { .. }
            | Body::InstanceChanged { .. }
            | Body::AlertFired { .. }
            | Body::AlertResolved { .. }
            | Body::MarkerSet { .. }
            | Body::ExceptionRequested { .. }
            | Body::ExceptionApproved { .. }
            | Body::ExceptionWithdrawn { .. }
            | Body::WaiverRequested { .. }
            | Body::WaiverApproved { .. }
            | Body::WaiverWithdrawn { .. }
            | Body::QuarantineBegun { .. }
            | Body::QuarantineEnded { .. }
            | Body::ScopePaused { .. }
            | Body::ScopeResumed { .. }
            | Body::TextsErased { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldReleased { .. }
            | Body::ArchivePruned { .. }
            | Body::AgentLost { .. }
            | Body::AgentFound { .. }
            | Body::StrayFound { .. }
            | Body::StrayGone { .. }
            | Body::KeyRegistered { .. }
            | Body::KeyRevoked { .. }
            | Body::DelegationGranted { .. }
            | Body::DelegationEnded { .. }
            | Body::ChangeOpened { .. }
            | Body::ApprovalGiven { .. }
            | Body::ApprovalWithdrawn { .. }
            | Body::ReviewHeld { .. }
            | Body::ActionDone { .. }
            | Body::ConditionMet { .. }
            | Body::ChangeReminded { .. }
            | Body::ChangeEscalated { .. }
            | Body::ReviewOverdue { .. }
            | Body::GatesNoted { .. }
            | Body::SourcesRecorded { .. }
            | Body::MergedBack { .. }
            | Body::ConsumersNotified { .. }
            | Body::LibraryUsesNoted { .. }
            | Body::ChannelTold { rollout: None, .. }
            | Body::ChannelFailed { rollout: None, .. }
            | Body::ScopeFrozen { .. }
            | Body::ItemAdded { .. }
            | Body::LateRequested { .. }
            | Body::LateApproved { .. }
            | Body::ItemDeferred { .. }
            | Body::ChangeMirrored { .. }
            | Body::MirrorFailed { .. }
            | Body::CiReported { .. }
            | Body::ChangeAnswered { .. }
            | Body::FeedFetched { .. }
            | Body::TrainDeparted { .. }
            | Body::TrainEndangered { .. }
            | Body::TrainMoved { .. }
            | Body::RunbookReviewed { .. }
            | Body::RunbookOutdated { .. } => Vec::new(),
        }
    }

    /// What gates miss; what they are content with is in the step's end.
    fn decided(&self, decision: &gate::Decision) -> Vec<Beat> {
        let line = |it: &gate::Requirement| {
            let of = it.service.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
            let why = it.reasons.first().map(|it| format!(": {}", plain(it))).unwrap_or_default();
            Beat::Line(format!("{} {}{of} is {}{why}", self.paint.warn("·"), it.gate, it.status.as_str()))
        };
        let mut beats: Vec<Beat> = decision.unmet().map(line).collect();
        if !beats.is_empty() {
            let (release, environment) = (&decision.release, &decision.environment);
            let next =
                format!("  next: shipway explain {}@{} --env {environment}", release.name, release.version);
            beats.push(Beat::Line(self.paint.dim(&next)));
        }
        beats
    }

    fn step_started(&mut self, id: RolloutId, act: Act, attempt: u32, at: Timestamp) -> Vec<Beat> {
        self.started.insert(act, at);
        let again = if attempt > 1 { format!("  attempt {attempt}") } else { String::new() };
        let asks = match self.action(act) {
            Some(Action::Approval { .. }) => format!("  next: shipway rollout approve {id} {}", act.0),
            Some(Action::Pause {}) => format!("  next: shipway rollout resume {id}"),
            _ => String::new(),
        };
        vec![Beat::Begin { act, text: format!("{}{again}{asks}", self.name(act)) }]
    }

    fn step_ended(&mut self, act: Act, outcome: &Outcome, at: Timestamp) -> Vec<Beat> {
        let paint = self.paint;
        let took = self.started.remove(&act).map(|start| seconds(start, at)).unwrap_or_default();
        let name = self.name(act);
        let line = match outcome {
            Outcome::Succeeded { result } => {
                let note = self.result_note(act, result);
                format!("{} {name}{note}{}", paint.good("✓"), paint.dim(&took))
            }
            Outcome::Failed { reason, verdict, .. } => {
                let mut line = format!("{} {name}  {}{}", paint.bad("✗"), plain(reason), paint.dim(&took));
                for reason in verdict.iter().flat_map(|it| &it.reasons) {
                    line += &format!("\n      {}", plain(reason));
                }
                line
            }
        };
        if matches!(outcome, Outcome::Succeeded { .. }) && act.1 == Direction::Do {
            self.n_done += 1;
        }
        vec![Beat::End { act, line }, self.progress()]
    }

    fn result_note(&self, act: Act, result: &Success) -> String {
        match result {
            Success::Placed { address } => format!("  at {address}"),
            Success::Judged { verdict } => format!("  {}", judged(verdict)),
            Success::Completed { summary } if !summary.is_empty() => format!("  {}", plain(summary)),
            Success::Routed { .. } => match self.action(act) {
                Some(Action::Route { pools, .. }) if act.1 == Direction::Do => format!("  {}", split(pools)),
                _ => String::new(),
            },
            Success::Completed { .. } | Success::Retired {} | Success::Verified {} => String::new(),
        }
    }

    fn observed(&mut self, step: StepId, verdict: &Verdict) -> Vec<Beat> {
        let act = (step, Direction::Do);
        let text = format!("{}  {}", self.name(act), judged(verdict));
        let mut beats = vec![Beat::Progress { act, text: text.clone() }];
        if self.told.insert(step, verdict.decision) != Some(verdict.decision) {
            beats.push(Beat::Line(self.paint.dim(&format!("  {text}"))));
        }
        beats
    }

    fn ended(&self, end: &End, id: &str) -> Vec<Beat> {
        let paint = self.paint;
        let (line, exit) = match end {
            End::Succeeded { failed_targets: 0 } => (paint.good("succeeded"), Exit::Ok),
            End::Succeeded { failed_targets } => (
                paint.good(&format!("succeeded; {failed_targets} targets failed, which is tolerated")),
                Exit::Ok,
            ),
            End::RolledBack {} => (paint.bad("taken back: what ran before runs again"), Exit::TakenBack),
            End::Aborted { reason } => {
                (paint.bad(&reasoned("aborted; what was done stays", reason)), Exit::TakenBack)
            }
            End::Cancelled { reason } => (paint.bad(&reasoned("cancelled", reason)), Exit::TakenBack),
        };
        let mut beats = vec![Beat::Line(line)];
        if exit != Exit::Ok {
            beats.push(Beat::Line(paint.dim(&format!("next: shipway rollout show {id}"))));
        }
        beats.push(Beat::Over(exit));
        beats
    }

    fn progress(&self) -> Beat {
        Beat::Done { done: self.n_done, total: self.plan.as_ref().map_or(0, |it| it.steps.len()) }
    }

    fn action(&self, (step, direction): Act) -> Option<&Action> {
        let step = self.plan.as_ref()?.step(step)?;
        match direction {
            Direction::Do => Some(&step.action),
            Direction::Undo => step.undo.as_ref(),
        }
    }

    /// The number and what is done.
    fn name(&self, act: Act) -> String {
        let what = match act.1 {
            Direction::Do => self.plan.as_ref().and_then(|it| it.step(act.0)).map(|it| it.title.clone()),
            Direction::Undo => self.action(act).map(|it| format!("↺ {}", describe(it))),
        };
        format!("{:>3} {}", act.0, plain(&what.unwrap_or_default()))
    }
}

/// The verdict's weight in a few words.
fn judged(verdict: &Verdict) -> String {
    let decision = decision(verdict.decision);
    let reason = verdict.reasons.first().map(|it| format!("; {}", plain(it))).unwrap_or_default();
    format!("{decision}: {} requests, {} failed{reason}", verdict.canary_requests, verdict.canary_errors)
}

fn reasoned(word: &str, reason: &str) -> String {
    if reason.is_empty() { word.to_owned() } else { format!("{word}: {}", plain(reason)) }
}

fn seconds(start: Timestamp, end: Timestamp) -> String {
    format!("  {:.1}s", end.duration_since(start).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored events of every kind, told in an order that could be. They are of one rollout with four steps.
    #[test]
    fn every_event_of_a_rollout_is_told() {
        let kinds = [
            "rollout.queued",
            "rollout.replanned",
            "rollout.started",
            "step.started",
            "step.observed",
            "step.observed",
            "step.retried",
            "step.tolerated",
            "step.skipped",
            "step.approved",
            "step.ended",
            "step.ended--routed",
            "step.ended--judged",
            "step.ended--retired",
            "step.ended--verified",
            "step.ended--completed",
            "step.ended--failed",
            "rollout.paused",
            "rollout.resumed",
            "rollout.halted",
            "rollout.unwinding",
            "rollout.unwinding--asked",
            "rollout.unwinding--instance-failed",
            "rollout.noted",
            "rollout.decider-named",
            "rollout.aborting",
            "rollout.ended",
            "rollout.ended--rolled-back",
            "rollout.ended--aborted",
            "rollout.ended--cancelled",
        ];
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/events");
        let mut story = Story::new(Paint::Plain);
        let mut told = String::new();
        for kind in kinds {
            let text =
                std::fs::read_to_string(folder.join(format!("{kind}.json"))).expect("the event is stored");
            let event: Event = serde_json::from_str(&text).expect("it is an event");
            told += &format!("[{kind}]\n");
            for beat in story.tell(&event) {
                told += &match beat {
                    Beat::Line(text) | Beat::Note(text) => format!("{text}\n"),
                    Beat::Begin { text, .. } => format!("begin: {text}\n"),
                    Beat::Progress { text, .. } => format!("progress: {text}\n"),
                    Beat::End { line, .. } => format!("{line}\n"),
                    Beat::Done { done, total } => format!("done: {done}/{total}\n"),
                    Beat::Over(exit) => format!("exit: {}\n", exit.code()),
                };
            }
        }
        insta::assert_snapshot!(told);
    }
}
