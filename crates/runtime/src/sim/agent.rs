//! A simulated agent: what the real one keeps in its journal, and how it registers, leases and reports.

mod hand;
mod instance;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use shipway_engine::Command;
use shipway_model::effect::{Effect, EffectKey, Outcome, Performer};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::{Digest, Name};

use self::instance::REVIVE_MS;
use super::Plant;
use super::agenda::Due;
use super::wire::{Answer, Call, Life, Who};
use super::world::World;
use crate::runtime::{Leased, Submission};

/// Effects performed at once.
const HANDS_MAX: usize = 16;

/// A host, its agent, and what runs there.
pub(super) struct Agent {
    pub(super) life: Life,
    pub(super) is_up: bool,
    pub(super) name: Name,
    address: IpAddr,
    labels: BTreeMap<String, String>,
    /// No message passes until then.
    pub(super) cut_off_until_ms: u64,
    /// On its disk, as the rest down to `changes`.
    effects: BTreeMap<EffectKey, Noted>,
    pub(super) instances: BTreeMap<Instance, Kept>,
    retired: BTreeSet<Instance>,
    changes: VecDeque<(Instance, Condition, String)>,
    /// In memory, as the rest.
    hands: BTreeMap<EffectKey, Hand>,
    phase: Phase,
    call: u64,
    asked: Vec<EffectKey>,
    tell_call: u64,
    telling: Option<Told>,
}

struct Noted {
    /// Of the newest lease.
    generation: u32,
    progress: Progress,
}

enum Progress {
    Leased,
    Begun {
        effect: Box<Effect>,
        /// The program of a command was started; it is not started again.
        ran: bool,
    },
    /// Reported under the generation, 0 before.
    Ended {
        outcome: Outcome,
        reported: u32,
    },
}

/// An instance that shall run.
pub(super) struct Kept {
    artifact: Digest,
    pub(super) is_running: bool,
    crashes: u32,
}

struct Hand {
    since_ms: u64,
    missed: u32,
    has_acted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Registering,
    /// What waits is reported before anything is put right.
    Reporting,
    Ordering,
    Serving,
}

enum Told {
    Outcome(EffectKey, u32),
    Change,
}

impl Agent {
    pub(super) fn new(of: usize, (name, address, labels): (Name, IpAddr, BTreeMap<String, String>)) -> Self {
        Self {
            life: Life { of, number: 0 },
            is_up: false,
            name,
            address,
            labels,
            cut_off_until_ms: 0,
            effects: BTreeMap::new(),
            instances: BTreeMap::new(),
            retired: BTreeSet::new(),
            changes: VecDeque::new(),
            hands: BTreeMap::new(),
            phase: Phase::Registering,
            call: 0,
            asked: Vec::new(),
            tell_call: 0,
            telling: None,
        }
    }

    fn note_change(&mut self, instance: &Instance, condition: Condition) {
        self.changes.push_back((instance.clone(), condition, format!("{condition:?}")));
    }

    /// Stops an instance and forgets that it shall run. False when it is not there.
    fn remove(&mut self, instance: &Instance) -> bool {
        let was_there = self.instances.remove(instance).is_some();
        if was_there {
            self.retired.insert(instance.clone());
        }
        was_there
    }

    fn unreported(&self) -> Option<(EffectKey, u32, Outcome)> {
        self.effects.iter().find_map(|(key, noted)| match &noted.progress {
            Progress::Ended { outcome, reported } if *reported < noted.generation => {
                Some((*key, noted.generation, outcome.clone()))
            }
            _ => None,
        })
    }

    fn end(&mut self, key: EffectKey, outcome: Outcome) {
        self.hands.remove(&key);
        if let Some(noted) = self.effects.get_mut(&key) {
            noted.progress = Progress::Ended { outcome, reported: 0 };
        }
    }

    fn submission(&self, command: Command, generation: Option<(EffectKey, u32)>) -> Call {
        let actor = format!("agent:{}", self.name);
        Call::Submit(Box::new(Submission { actor, key: None, command, generation }))
    }
}

impl World<'_> {
    pub(super) fn start_agent(&mut self, host: usize) {
        let agent = &mut self.agents[host];
        if agent.is_up {
            return;
        }
        agent.life.number += 1;
        (agent.is_up, agent.phase, agent.call, agent.tell_call) = (true, Phase::Registering, 0, 0);
        let life = agent.life;
        let begun = |(key, noted): (&EffectKey, &Noted)| {
            matches!(noted.progress, Progress::Begun { .. }).then_some(*key)
        };
        let unfinished: Vec<EffectKey> = agent.effects.iter().filter_map(begun).collect();
        let ended = agent.instances.iter().filter(|it| !it.1.is_running).map(|it| it.0.clone());
        for instance in ended.collect::<Vec<_>>() {
            self.agenda.enter(REVIVE_MS, Due::Revive { host: life, instance });
        }
        self.trace.line(format_args!("agent {host} starts, life {}", life.number));
        for key in unfinished {
            self.take_up(host, key);
        }
        self.agenda.enter(0, Due::Agent { host: life });
        self.agenda.enter(0, Due::Tell { host: life });
    }

    pub(super) fn kill_agent(&mut self, host: usize) {
        let agent = &mut self.agents[host];
        if !std::mem::take(&mut agent.is_up) {
            return;
        }
        agent.hands.clear();
        self.counts.kills += 1;
        self.trace.line(format_args!("agent {host} is killed"));
        let delay_ms = self.random.between(100, 60_000);
        self.agenda.enter(delay_ms, Due::StartAgent { host });
    }

    /// The machine starts again: its agent, and with it what should run.
    pub(super) fn reboot(&mut self, host: usize) {
        self.kill_agent(host);
        for kept in self.agents[host].instances.values_mut() {
            kept.is_running = false;
        }
    }

    fn agent(&mut self, life: Life) -> Option<&mut Agent> {
        Some(&mut self.agents[life.of]).filter(|it| it.is_up && it.life == life)
    }

    pub(super) fn go_on_with_agent(&mut self, life: Life) {
        let Some(agent) = self.agent(life) else { return };
        let call = match agent.phase {
            Phase::Registering => {
                let (host, address, labels) = (agent.name.clone(), agent.address, agent.labels.clone());
                agent.submission(Command::RegisterAgent { host, address, labels }, None)
            }
            Phase::Reporting if agent.unreported().is_some() => {
                return self.agenda.enter(200, Due::Agent { host: life });
            }
            Phase::Reporting | Phase::Ordering => {
                agent.phase = Phase::Ordering;
                Call::Orders(agent.name.clone())
            }
            Phase::Serving => {
                let missed = agent.hands.values().filter(|it| it.missed > 0).count();
                let max = HANDS_MAX.saturating_sub(agent.hands.len()) + missed;
                let renewal = |key: &EffectKey| Some((*key, agent.effects.get(key)?.generation));
                let renew: Vec<_> = agent.hands.keys().filter_map(renewal).collect();
                agent.asked = renew.iter().map(|it| it.0).collect();
                Call::Lease { performer: Performer::Agent(agent.name.clone()), max, renew }
            }
        };
        let call = self.send(Who::Agent(life), call);
        self.agents[life.of].call = call;
    }

    pub(super) fn answer_agent(&mut self, life: Life, call: u64, answer: Answer) {
        let Some(agent) = self.agent(life).filter(|it| it.call == call) else { return };
        agent.call = 0;
        let mut delay_ms = 0;
        match (agent.phase, answer) {
            (Phase::Registering, Answer::Submitted(Ok(_))) => agent.phase = Phase::Reporting,
            (Phase::Ordering, Answer::Orders(orders)) => {
                agent.phase = Phase::Serving;
                self.reconcile(life, &orders);
            }
            (Phase::Serving, Answer::Leased(Ok(Leased { leases, renewed }))) => {
                let is_idle = leases.is_empty();
                for lease in leases {
                    self.accept(life.of, lease);
                }
                self.let_go(life.of, &renewed);
                let is_busy = !self.agents[life.of].hands.is_empty();
                delay_ms = match (is_idle, is_busy) {
                    (false, _) => 0,
                    (true, true) => self.random.between(300, 3_000),
                    (true, false) => self.random.between(500, 5_000),
                };
            }
            // Whatever else it is, the line is cut.
            _ => {
                agent.phase = Phase::Registering;
                delay_ms = self.random.between(200, 3_000);
            }
        }
        self.agenda.enter(delay_ms, Due::Agent { host: life });
    }

    pub(super) fn tell(&mut self, life: Life) {
        let is_deaf = self.options.is_planted(Plant::SilentAgent);
        let Some(agent) = self.agent(life) else { return };
        if agent.tell_call != 0 || is_deaf {
            return;
        }
        let call = if let Some((key, generation, outcome)) = agent.unreported() {
            agent.telling = Some(Told::Outcome(key, generation));
            agent.submission(Command::Report { key, outcome }, Some((key, generation)))
        } else if let Some((instance, condition, detail)) = agent.changes.front().cloned() {
            agent.telling = Some(Told::Change);
            agent.submission(Command::ReportInstance { instance, condition, detail }, None)
        } else {
            return;
        };
        let call = self.send(Who::Teller(life), call);
        self.agents[life.of].tell_call = call;
    }

    pub(super) fn answer_teller(&mut self, life: Life, call: u64, answer: &Answer) {
        let forgets = self.options.is_planted(Plant::ForgetfulAgent);
        let Some(agent) = self.agent(life).filter(|it| it.tell_call == call) else { return };
        agent.tell_call = 0;
        if answer.is_to_be_repeated() {
            if let (true, Some(Told::Outcome(key, generation))) = (forgets, agent.telling.take()) {
                self.watch.deed(key, generation, "again");
            }
            let delay_ms = self.random.between(200, 3_000);
            return self.agenda.enter(delay_ms, Due::Tell { host: life });
        }
        match agent.telling.take() {
            Some(Told::Outcome(key, generation)) => {
                if let Some(Noted { progress: Progress::Ended { reported, .. }, .. }) =
                    agent.effects.get_mut(&key)
                {
                    *reported = generation.max(*reported);
                }
            }
            Some(Told::Change) => drop(agent.changes.pop_front()),
            None => {}
        }
        self.agenda.enter(0, Due::Tell { host: life });
    }
}
