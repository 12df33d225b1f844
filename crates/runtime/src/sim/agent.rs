//! A simulated agent: what the real one keeps in its journal, and how it leases, performs, reports and reconciles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use shipway_engine::Command;
use shipway_model::effect::{Effect, EffectKey, Lease, Order, Outcome, Performer, Success};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::{Digest, Name};

use super::Plant;
use super::agenda::Due;
use super::scenario::{Quality, address_of};
use super::wire::{Answer, Call, Life, Who};
use super::worker::{completed, failed, pace};
use super::world::World;
use crate::runtime::{Leased, Submission, SubmitError};

/// Effects performed at once.
const HANDS_MAX: usize = 16;
/// A lease is lost when this many answers in a row leave it out.
const MISSED_MAX: u32 = 2;
/// The wait before an instance that ended by itself is started again; it doubles up to the longest.
const REVIVE_MS: u64 = 1_000;
const REVIVE_MS_MAX: u64 = 600_000;

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

    fn reconcile(&mut self, life: Life, orders: &[(Instance, Digest)]) {
        let agent = &mut self.agents[life.of];
        let ordered: BTreeSet<&Instance> = orders.iter().map(|it| &it.0).collect();
        let in_hand: BTreeSet<Instance> = agent
            .effects
            .values()
            .filter_map(|it| match &it.progress {
                Progress::Begun { effect, .. } => instance_of(&effect.order).cloned(),
                _ => None,
            })
            .collect();
        let strays: Vec<Instance> = agent
            .instances
            .keys()
            .filter(|it| !ordered.contains(it) && !in_hand.contains(it))
            .cloned()
            .collect();
        let missing: Vec<_> = orders
            .iter()
            .filter(|(it, _)| {
                !agent.instances.contains_key(it) && !in_hand.contains(it) && !agent.retired.contains(it)
            })
            .cloned()
            .collect();
        for stray in &strays {
            agent.remove(stray);
        }
        for (instance, artifact) in &missing {
            agent
                .instances
                .insert(instance.clone(), Kept { artifact: *artifact, is_running: true, crashes: 0 });
        }
        if !strays.is_empty() || !missing.is_empty() {
            let n_missing = missing.len();
            self.trace.line(format_args!("agent {}: {} strays, {n_missing} missing", life.of, strays.len()));
        }
    }

    fn accept(&mut self, host: usize, lease: Lease) {
        let Lease { effect, generation, .. } = lease;
        let key = effect.key;
        let agent = &mut self.agents[host];
        let life = agent.life;
        let known = agent.effects.get_mut(&key);
        if known.as_ref().is_some_and(|it| it.generation > generation) {
            return;
        }
        match known {
            Some(noted) if matches!(noted.progress, Progress::Ended { .. }) => {
                noted.generation = generation;
                self.agenda.enter(0, Due::Tell { host: life });
            }
            Some(noted) if agent.hands.contains_key(&key) => {
                noted.generation = generation;
                if let Some(hand) = agent.hands.get_mut(&key) {
                    hand.missed = 0;
                }
            }
            Some(noted) => {
                noted.generation = generation;
                self.begin(host, effect);
            }
            None => {
                agent.effects.insert(key, Noted { generation, progress: Progress::Leased });
                self.begin(host, effect);
            }
        }
    }

    fn begin(&mut self, host: usize, effect: Effect) {
        let key = effect.key;
        if let Some(noted) = self.agents[host].effects.get_mut(&key)
            && !matches!(noted.progress, Progress::Begun { .. })
        {
            noted.progress = Progress::Begun { effect: Box::new(effect), ran: false };
        }
        self.take_up(host, key);
    }

    fn take_up(&mut self, host: usize, key: EffectKey) {
        let since_ms = self.agenda.now_ms;
        let agent = &mut self.agents[host];
        let Some(Noted { progress: Progress::Begun { effect, .. }, .. }) = agent.effects.get(&key) else {
            return;
        };
        let delay_ms = pace(&effect.order, &mut self.random, !self.is_calm);
        let changes = changes(&effect.order).cloned();
        let superseded = agent.hands.keys().filter(|other| {
            let other = agent.effects.get(other).map(|it| &it.progress);
            matches!(other, Some(Progress::Begun { effect, .. }) if effect.key != key
                && changes.is_some() && self::changes(&effect.order) == changes.as_ref())
        });
        let superseded: Vec<EffectKey> = superseded.copied().collect();
        agent.hands.insert(key, Hand { since_ms, missed: 0, has_acted: false });
        self.agenda.enter(delay_ms, Due::Hand { host: agent.life, key });
        superseded.into_iter().for_each(|it| self.lose(host, it));
    }

    fn let_go(&mut self, host: usize, renewed: &[EffectKey]) {
        let agent = &mut self.agents[host];
        let mut lost = Vec::new();
        for key in std::mem::take(&mut agent.asked) {
            let Some(hand) = agent.hands.get_mut(&key) else { continue };
            hand.missed = if renewed.contains(&key) { 0 } else { hand.missed + 1 };
            if hand.missed == MISSED_MAX {
                lost.push(key);
            }
        }
        for key in lost {
            self.lose(host, key);
        }
    }

    /// The lease is lost: gives up what can be given up.
    fn lose(&mut self, host: usize, key: EffectKey) {
        let agent = &mut self.agents[host];
        let Some(Noted { progress: Progress::Begun { effect, .. }, .. }) = agent.effects.get(&key) else {
            return;
        };
        let placed = match &effect.order {
            // Not given up half-way.
            Order::Retire { .. } if agent.hands.get(&key).is_none_or(|it| it.has_acted) => return,
            Order::Place { instance, .. } => Some(instance.clone()),
            _ => None,
        };
        if let Some(instance) = placed {
            agent.remove(&instance);
        }
        agent.end(key, failed("given up: the control plane took the lease back", true, None));
        let life = agent.life;
        self.agenda.enter(0, Due::Tell { host: life });
    }

    pub(super) fn go_on_with_hand(&mut self, life: Life, key: EffectKey) {
        let now_ms = self.agenda.now_ms;
        let lies = self.options.is_planted(Plant::LyingAgent);
        let Some(agent) = self.agent(life) else { return };
        let Some(hand) = agent.hands.get_mut(&key) else { return };
        let Some(Noted { progress: Progress::Begun { effect, .. }, .. }) = agent.effects.get(&key) else {
            return;
        };
        let effect = effect.clone();
        if !hand.has_acted {
            hand.has_acted = true;
            let is_late = now_ms - hand.since_ms > effect.timeout.0;
            if !is_late && !lies {
                self.act_on_host(life.of, &effect);
            }
            let delay_ms = self.random.between(10, 2_000);
            return self.agenda.enter(delay_ms, Due::Hand { host: life, key });
        }
        let is_late = now_ms - hand.since_ms > effect.timeout.0;
        let outcome = self.outcome_on_host(life.of, &effect, is_late);
        self.agents[life.of].end(key, outcome);
        self.agenda.enter(0, Due::Tell { host: life });
    }

    fn act_on_host(&mut self, host: usize, effect: &Effect) {
        let key = effect.key;
        let agent = &mut self.agents[host];
        let generation = agent.effects.get(&key).map_or(0, |it| it.generation);
        match &effect.order {
            Order::Place { instance, artifact, .. } => {
                let is_so = agent.instances.get(instance).is_some_and(|it| it.artifact == *artifact);
                if !is_so {
                    let kept = Kept { artifact: *artifact, is_running: true, crashes: 0 };
                    agent.instances.insert(instance.clone(), kept);
                    agent.retired.remove(instance);
                    self.watch.deed(key, generation, "start");
                    self.watch.started(key, instance);
                }
            }
            Order::Retire { instance, .. } if agent.remove(instance) => {
                self.watch.deed(key, generation, "stop");
            }
            Order::Command { .. } => {
                if let Some(Noted { progress: Progress::Begun { ran, .. }, .. }) = agent.effects.get_mut(&key)
                    && !std::mem::replace(ran, true)
                {
                    self.watch.deed(key, generation, "program");
                }
            }
            _ => {}
        }
    }

    fn outcome_on_host(&mut self, host: usize, effect: &Effect, is_late: bool) -> Outcome {
        let fails = !self.is_calm && self.random.percent(4);
        let lies = self.options.is_planted(Plant::LyingAgent);
        let agent = &mut self.agents[host];
        match &effect.order {
            Order::Place { instance, .. } => {
                let quality = self.scenario.quality(instance);
                if !lies && (is_late || fails || quality == Quality::NeverHealthy) {
                    agent.remove(instance);
                    return failed("not healthy in time", true, None);
                }
                if quality == Quality::Crashing {
                    let delay_ms = self.random.between(2_000, 60_000);
                    self.agenda.enter(delay_ms, Due::Crash { instance: instance.clone() });
                }
                Outcome::Succeeded { result: Success::Placed { address: address_of(instance) } }
            }
            Order::Retire { .. } => Outcome::Succeeded { result: Success::Retired {} },
            Order::Verify { instance } => match agent.instances.get(instance) {
                Some(kept) if kept.is_running => Outcome::Succeeded { result: Success::Verified {} },
                _ => failed("it does not run", true, None),
            },
            Order::Command { .. } if is_late || fails => failed("ended with 1", true, None),
            Order::Command { .. } => completed(),
            _ => failed("agents do not do this", false, None),
        }
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
        let again = matches!(
            answer,
            Answer::Refused | Answer::Submitted(Err(SubmitError::Unavailable(_) | SubmitError::Overloaded))
        );
        if again {
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

    /// An instance ends by itself; its agent finds out, now or when it is back.
    pub(super) fn crash_instance(&mut self, instance: &Instance) {
        let Some(agent) = self.agents.iter_mut().find(|it| it.name == instance.target) else { return };
        let Some(kept) = agent.instances.get_mut(instance).filter(|it| it.is_running) else { return };
        kept.is_running = false;
        kept.crashes += 1;
        let delay_ms = (REVIVE_MS << kept.crashes.min(10)).min(REVIVE_MS_MAX);
        if agent.is_up {
            agent.note_change(instance, Condition::Crashed);
            let host = agent.life;
            self.agenda.enter(0, Due::Tell { host });
            self.agenda.enter(delay_ms, Due::Revive { host, instance: instance.clone() });
        }
    }

    pub(super) fn revive(&mut self, life: Life, instance: &Instance) {
        let is_crashing = self.scenario.quality(instance) == Quality::Crashing;
        let Some(agent) = self.agent(life) else { return };
        let Some(kept) = agent.instances.get_mut(instance).filter(|it| !it.is_running) else { return };
        kept.is_running = true;
        agent.note_change(instance, Condition::Healthy);
        self.agenda.enter(0, Due::Tell { host: life });
        if is_crashing {
            let delay_ms = self.random.between(5_000, 60_000);
            self.agenda.enter(delay_ms, Due::Crash { instance: instance.clone() });
        }
    }
}

const fn instance_of(order: &Order) -> Option<&Instance> {
    match order {
        Order::Place { instance, .. } | Order::Retire { instance, .. } | Order::Verify { instance } => {
            Some(instance)
        }
        _ => None,
    }
}

/// The instance that an order changes.
const fn changes(order: &Order) -> Option<&Instance> {
    match order {
        Order::Place { .. } | Order::Retire { .. } => instance_of(order),
        _ => None,
    }
}
