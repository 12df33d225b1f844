//! People: they ship, hold, take back and try again; and once nothing breaks any more, one of them puts things right.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shipway_engine::{Command, Phase, Progress, Rollout, gate, review};
use shipway_model::effect::Direction;
use shipway_model::event::Scope;
use shipway_model::evidence::{Attachment, Kind};
use shipway_model::plan::Action;
use shipway_model::review::Review;
use shipway_model::{ChangeId, Digest, EvidenceId, RolloutId};

use super::agenda::Due;
use super::scenario::Scenario;
use super::wire::{Answer, Call, Who};
use super::word::{self, Pen};
use super::world::World;
use crate::runtime::Submission;

/// Who helps looks this often.
const HELPED_EVERY_MS: u64 = 15_000;
/// Rollouts that people have waiting; above that they ship nothing more.
const OPEN_MAX: usize = 6;
/// How often a halted rollout is tried again before it is taken back, and after that given up.
const RETRIES_MAX: u32 = 3;
/// How often one person says yes to the same: it may have been void when it came.
const WORDS_MAX: u32 = 10;
/// How often a rollout is found waiting for a word before it is given up.
const GIVEN_UP_AFTER: u32 = 60;
/// Why gates are asked again that nothing in the ledger speaks against.
pub(super) const TAKEN_BACK: &str = "a tool took back what it had said";

pub(super) struct Person {
    name: String,
    /// What is still to be asked, one after the other.
    pub(super) script: VecDeque<Command>,
    asking: Option<Asking>,
    n_asked: u64,
    /// How often each rollout was tried again.
    retried: BTreeMap<RolloutId, u32>,
    pen: Pen,
    /// How often each rollout was said yes to, or found waiting for others' words.
    said: BTreeMap<RolloutId, u32>,
}

struct Asking {
    command: Command,
    key: String,
    /// 0 while nobody has been asked.
    call: u64,
}

impl Person {
    pub(super) fn new(nth: usize, name: &str) -> Self {
        let (pen, script, retried) = (Pen::new(nth as u8), VecDeque::new(), BTreeMap::new());
        Self { name: name.to_owned(), script, asking: None, n_asked: 0, retried, pen, said: BTreeMap::new() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.script.is_empty() && self.asking.is_none()
    }
}

impl World<'_> {
    pub(super) fn go_on_with_person(&mut self, of: usize) {
        if self.people[of].asking.is_none() && self.people[of].script.is_empty() {
            let script = if self.is_calm { self.help(of) } else { self.invent(of) };
            if script.is_empty() {
                let delay_ms =
                    if self.is_calm { HELPED_EVERY_MS } else { self.random.between(5_000, 120_000) };
                return self.agenda.enter(delay_ms, Due::Person { person: of });
            }
            self.people[of].script = script.into();
        }
        let person = &mut self.people[of];
        let asking = match person.asking.take().or_else(|| person.next()) {
            Some(asking) if asking.call == 0 => asking,
            waiting => return person.asking = waiting,
        };
        let submission = Submission {
            actor: person.name.clone(),
            key: Some(asking.key.clone()),
            command: asking.command.clone(),
            generation: None,
        };
        let call = self.send(Who::Person(of), Call::Submit(Box::new(submission)));
        self.people[of].asking = Some(Asking { call, ..asking });
    }

    pub(super) fn answer_person(&mut self, of: usize, call: u64, answer: Answer) {
        let person = &mut self.people[of];
        let Some(asking) = person.asking.take_if(|it| it.call == call) else { return };
        let delay_ms = match answer {
            again if again.is_to_be_repeated() => {
                person.asking = Some(Asking { call: 0, ..asking });
                self.random.between(200, 3_000)
            }
            Answer::Submitted(Ok(_)) => self.random.between(1, 100),
            other => {
                self.trace.line(format_args!("person {of} is refused: {other:?}"));
                self.counts.refusals += 1;
                self.people[of].script.clear();
                self.random.between(1_000, 60_000)
            }
        };
        self.agenda.enter(delay_ms, Due::Person { person: of });
    }

    /// Something that a person may come to do at any moment.
    fn invent(&mut self, of: usize) -> Vec<Command> {
        let at = self.watch.at();
        if !self.people[of].pen.is_known(&self.watch.state) {
            return vec![self.people[of].pen.register()];
        }
        let environment = self.random.pick(&self.scenario.environments).cloned();
        let environment = environment.expect("there are environments");
        let live: Vec<&Rollout> = self.watch.state.rollouts.live.values().collect();
        let rollout = self.random.pick(&live).map(|it| it.id);
        let n_open = live.iter().filter(|it| !it.has_ended()).count();
        let reason = || "by a person".to_owned();
        let of_rollout = |command: fn(RolloutId, String) -> Command| {
            rollout.map(|id| command(id, reason())).into_iter().collect::<Vec<_>>()
        };
        match self.random.between(0, 99) {
            0..=29 | 74..=84 if n_open >= OPEN_MAX => Vec::new(),
            0..=29 => self.scenario.release(&environment, &mut self.random),
            30..=34 => of_rollout(|id, reason| Command::PauseRollout { id, reason }),
            35..=39 => of_rollout(|id, _| Command::ResumeRollout { id }),
            40..=43 => of_rollout(|id, reason| Command::AbortRollout { id, reason }),
            44..=49 => of_rollout(|id, reason| Command::RollBack { id, reason }),
            50..=56 => of_rollout(|id, _| Command::Retry { id }),
            57..=62 => {
                let scope = self.scope();
                vec![Command::PauseScope { scope, reason: reason() }]
            }
            63..=69 => {
                let scope = self.watch.state.pauses.iter().next().map(|it| it.scope.clone());
                scope.map(|scope| Command::ResumeScope { scope }).into_iter().collect()
            }
            70..=73 => vec![Command::ApplyResources { resources: self.scenario.change(&mut self.random) }],
            74..=84 => {
                // What runs already, once more: mostly there is nothing to do.
                let sealed: Vec<_> = self.watch.state.releases.iter().map(|it| it.id).collect();
                let again = self.random.pick(&sealed).copied();
                again
                    .map(|it| super::scenario::start(it, &environment, &mut self.random))
                    .into_iter()
                    .collect()
            }
            85..=86 => {
                vec![Command::ApplyResources { resources: vec![Scenario::freeze(at, &mut self.random)] }]
            }
            87..=88 => rollout.and_then(|id| self.evidence_for(id)).into_iter().collect(),
            89 => of_rollout(|id, reason| Command::WithdrawApproval { id: ChangeId::of(id), reason }),
            90..=94 => {
                let (pen, state) = (&self.people[of].pen, &self.watch.state);
                rollout.and_then(|id| pen.say_yes(state, id, at, &mut self.random)).into_iter().collect()
            }
            95..=97 => self.tool_takes_back(),
            _ => rollout
                .and_then(|id| self.watch.state.rollouts.live.get(&id))
                .and_then(step_word)
                .into_iter()
                .collect(),
        }
    }

    /// Something that gates want to see, of what a rollout ships.
    fn evidence_for(&mut self, rollout: RolloutId) -> Option<Command> {
        let state = &self.watch.state;
        let release = state.releases.get(state.rollouts.live.get(&rollout)?.plan.release.id)?;
        let id = EvidenceId::from_uuid(self.random.uuid());
        let original = Digest::of(id.to_string().as_bytes());
        let evidence = Attachment {
            subject: release.bundle.parts.values().map(|it| it.artifact).collect(),
            original,
            size_bytes: 1,
            format: "junit".to_owned(),
            normal: Some(original),
            kinds: BTreeSet::from([Kind::Tests]),
            file_name: None,
            statement: None,
            seal: None,
            ran: None,
        };
        Some(Command::AttachEvidence { id, evidence })
    }

    /// A tool outside no longer says what it told some gates, and whoever looks at it has these asked again. Several may look,
    /// and each asks.
    fn tool_takes_back(&mut self) -> Vec<Command> {
        let answered: Vec<_> =
            gate::standing(&self.watch.state).map(|(it, step, last)| (it.id, step, last.attempt)).collect();
        let Some(&(id, step, attempt)) = self.random.pick(&answered) else { return Vec::new() };
        let reopen = Command::ReopenGates { id, step, attempt, reason: TAKEN_BACK.to_owned() };
        vec![reopen; if self.random.percent(50) { 2 } else { 1 }]
    }

    fn scope(&mut self) -> Scope {
        match self.random.between(0, 4) {
            0 => Scope::Everything,
            1 | 2 => {
                let environment = self.random.pick(&self.scenario.environments).cloned();
                Scope::Environment(environment.expect("there are environments"))
            }
            _ => Scope::Service(self.scenario.service(&mut self.random)),
        }
    }

    /// What brings the next thing that waits for a person to an end.
    fn help(&mut self, of: usize) -> Vec<Command> {
        if self.options.is_planted(super::Plant::NobodyHelps) {
            return Vec::new();
        }
        if let Some(command) = self.word_on_a_change(of) {
            return vec![command];
        }
        if of != 0 {
            return Vec::new();
        }
        let state = &self.watch.state;
        if let Some(pause) = state.pauses.iter().next() {
            return vec![Command::ResumeScope { scope: pause.scope.clone() }];
        }
        let open: Vec<&Rollout> = state.rollouts.live.values().filter(|it| !it.has_ended()).collect();
        for rollout in open {
            let id = rollout.id;
            if rollout.paused.is_some() {
                return vec![Command::ResumeRollout { id }];
            }
            if matches!(rollout.phase, Phase::Halted { .. }) {
                let n_retried = self.people[of].retried.entry(id).or_default();
                *n_retried += 1;
                let reason = "nobody waits any more".to_owned();
                let may_go_back =
                    rollout.direction() == Direction::Do && rollout.passed_no_return().is_none();
                return vec![match *n_retried {
                    0..=RETRIES_MAX => Command::Retry { id },
                    _ if may_go_back => Command::RollBack { id, reason },
                    _ => Command::AbortRollout { id, reason },
                }];
            }
            if let Some(word) = step_word(rollout) {
                return vec![word];
            }
            if is_missing_something(rollout) {
                return self.evidence_for(id).into_iter().collect();
            }
        }
        Vec::new()
    }

    /// A yes to a rollout that waits for one, or a review that is owed. What nobody may say yes to is given up in the end.
    fn word_on_a_change(&mut self, of: usize) -> Option<Command> {
        let (state, now) = (&self.watch.state, self.watch.at());
        let person = &mut self.people[of];
        if !person.pen.is_known(state) {
            return Some(person.pen.register());
        }
        // What failed is looked at, for which the next change waits.
        if let Some(owed) =
            state.changes.iter().find(|it| review::debt(state, it).is_some()).filter(|_| of == 0)
        {
            let summary = "it went badly".to_owned();
            let review =
                Review { summary, causes: String::new(), actions: Vec::new(), runbooks: Default::default() };
            return Some(Command::HoldReview { id: owed.id, review });
        }
        // Only those that stand still: words are looked at under their signatures.
        let waits = |it: &&Rollout| !it.has_ended() && (it.started.is_none() || it.held.is_some());
        let open = state.rollouts.live.values().filter(waits);
        for id in open.map(|it| it.id).filter(|it| word::is_awaited(state, *it, now)) {
            let n_said = person.said.entry(id).or_default();
            let asked = state.changes.of(id).is_some_and(|it| it.requested_by == person.name);
            *n_said += 1;
            if *n_said > GIVEN_UP_AFTER && of == 0 {
                return Some(Command::AbortRollout { id, reason: "nobody may say yes to it".to_owned() });
            }
            if !asked && *n_said <= WORDS_MAX {
                return person.pen.say_yes(state, id, now, &mut self.random);
            }
        }
        None
    }
}

impl Person {
    fn next(&mut self) -> Option<Asking> {
        let command = self.script.pop_front()?;
        self.n_asked += 1;
        Some(Asking { command, key: format!("{}-{}", self.name, self.n_asked), call: 0 })
    }
}

/// Whether gates of the rollout have said that something is missing, and wait for it.
fn is_missing_something(rollout: &Rollout) -> bool {
    rollout.plan.steps.iter().filter(|it| matches!(it.action, Action::Gates { .. })).any(|step| {
        rollout.step(step.id).is_some_and(|it| match it.forward {
            Progress::Running { attempt, .. } => it.answered.as_ref().is_some_and(|it| it.attempt == attempt),
            _ => false,
        })
    })
}

/// The word for which a step of the rollout waits.
fn step_word(rollout: &Rollout) -> Option<Command> {
    let id = rollout.id;
    rollout.plan.steps.iter().find_map(|step| {
        let Progress::Running { .. } = rollout.step(step.id)?.forward else { return None };
        match step.action {
            Action::Approval { .. } => Some(Command::ApproveStep { id, step: step.id, note: String::new() }),
            Action::Pause {} => Some(Command::ResumeRollout { id }),
            _ => None,
        }
    })
}
