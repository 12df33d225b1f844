//! The world: everything that there is, and the loop in which it happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shipway_engine::environment::Status;
use shipway_engine::rollout::waiting::waiting;
use shipway_ledger::SigningKey;
use shipway_model::Name;
use shipway_model::routing::Route;

use super::agenda::{Agenda, Due};
use super::agent::Agent;
use super::clock::SkewedClock;
use super::person::Person;
use super::random::Random;
use super::replica::Replica;
use super::scenario::{PEOPLE, Scenario};
use super::trace::Trace;
use super::watch::{Breach, Invariant, Watch};
use super::wire::{Answer, Call, Caller, Weather, Who};
use super::{Counts, Found, Options, Outcome};
use crate::memory::MemoryDisk;

/// How long callers wait for an answer.
const PATIENCE_MS: u64 = 5_000;
/// Events of the ledger between two folds from nothing.
const FOLD_EVERY: u64 = 500;
/// After the faults have stopped: until then everything must have come to an end.
const ENDS_WITHIN_MS: u64 = 96 * 3_600_000;
/// After the last rollout has ended: until then what runs must be what the ledger says.
const SETTLES_WITHIN_MS: u64 = 15 * 60_000;

pub(super) struct World<'a> {
    pub(super) options: &'a Options,
    pub(super) random: Random,
    pub(super) agenda: Agenda,
    pub(super) trace: Trace<'a>,
    pub(super) scenario: Scenario,
    pub(super) disk: MemoryDisk,
    /// Of the database on which the control planes are, when there are several.
    pub(super) database_clock: Option<SkewedClock>,
    pub(super) replicas: Vec<Replica>,
    pub(super) agents: Vec<Agent>,
    /// What each router holds, by environment and service.
    pub(super) routes: BTreeMap<(Name, Name), Route>,
    pub(super) people: Vec<Person>,
    pub(super) watch: Watch,
    pub(super) counts: Counts,
    /// Nothing breaks any more, and people help.
    pub(super) is_calm: bool,
    now_ms: Arc<AtomicI64>,
    n_calls: u64,
    folded_at: u64,
}

impl<'a> World<'a> {
    pub(super) fn new(options: &'a Options, show: &'a mut dyn FnMut(&str)) -> Self {
        let mut random = Random::new(options.seed);
        let scenario = Scenario::new(&mut random);
        let (disk, now_ms) = (MemoryDisk::default(), Arc::new(AtomicI64::new(0)));
        let clock = || SkewedClock { now_ms: now_ms.clone(), skew_ms: Arc::default() };
        let replicas: Vec<_> = (0..options.replicas.max(1)).map(|it| Replica::new(it, clock())).collect();
        let database_clock = (replicas.len() > 1).then(clock);
        #[cfg(test)]
        replicas.iter().for_each(|it| it.faults.plant(options.store_plant));
        let agents = scenario.hosts.iter().cloned().zip(0..).map(|(it, of)| Agent::new(of, it)).collect();
        let watch = Watch::new(&disk, signer());
        let people = PEOPLE.iter().enumerate().map(|(nth, it)| Person::new(nth, it)).collect();
        Self {
            options,
            random,
            agenda: Agenda::default(),
            trace: Trace::new(show),
            scenario,
            disk,
            database_clock,
            replicas,
            agents,
            routes: BTreeMap::new(),
            people,
            watch,
            counts: Counts::default(),
            is_calm: false,
            now_ms,
            n_calls: 0,
            folded_at: 0,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), Breach> {
        for replica in 0..self.replicas.len() {
            self.agenda.enter(replica as u64 * 10, Due::StartReplica { replica });
        }
        for host in 0..self.agents.len() {
            self.agenda.enter(500, Due::StartAgent { host });
        }
        self.people[0].script.push_back(self.scenario.declaration());
        for person in 0..self.people.len() {
            self.agenda.enter(1_000 + person as u64 * 60_000, Due::Person { person });
        }
        self.agenda.enter(60_000, Due::Fault);
        let until_ms = u64::from(self.options.hours) * 3_600_000;
        self.run_while(|it| it.agenda.now_ms < until_ms)?;
        self.calm();
        let until_ms = self.agenda.now_ms + ENDS_WITHIN_MS;
        self.run_while(|it| it.agenda.now_ms < until_ms && !it.is_at_rest())?;
        self.all_have_ended()?;
        let until_ms = self.agenda.now_ms + SETTLES_WITHIN_MS;
        self.run_while(|it| it.agenda.now_ms < until_ms)?;
        self.watch.fold_again(&self.disk);
        self.standing_is_as_recorded();
        self.watch.breach.take().map_or(Ok(()), Err)
    }

    pub(super) fn outcome(mut self, result: Result<(), Breach>) -> Outcome {
        self.counts.events = self.watch.n_events;
        self.counts.deeds = self.watch.n_deeds;
        self.counts.gates_closed = self.watch.reopened.n_closed;
        self.counts.rollouts = self.watch.state.rollouts.summaries.len() as u64;
        let found = |breach| Found { breach, tail: self.trace.tail().map(str::to_owned).collect() };
        Outcome { counts: self.counts.clone(), digest: self.trace.digest(), breach: result.err().map(found) }
    }

    fn run_while(&mut self, goes_on: impl Fn(&Self) -> bool) -> Result<(), Breach> {
        while goes_on(self) {
            let Some(due) = self.agenda.pop() else { break };
            self.trace.now_ms = self.agenda.now_ms;
            self.now_ms.store(self.agenda.now_ms.cast_signed(), Ordering::Relaxed);
            self.counts.happenings += 1;
            self.happen(due);
            if self.watch.n_events >= self.folded_at + FOLD_EVERY {
                self.folded_at = self.watch.n_events;
                self.watch.fold_again(&self.disk);
            }
            if let Some(breach) = self.watch.breach.take() {
                return Err(breach);
            }
        }
        Ok(())
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Request { replica, call, caller } => self.request(replica, call, caller),
            Due::Answer { caller, answer } => self.answer(caller, answer),
            Due::GiveUp { caller } => self.answer(caller, Answer::Refused),
            Due::Disk { process } => self.write(process),
            Due::Moved { process } => self.hear_news(process),
            Due::Wake { process, ticket } => self.wake(process, ticket),
            Due::Worker { process } => self.work(process),
            Due::Task { process, key, generation } => self.go_on_with_task(process, key, generation),
            Due::Report { process, key } => self.report_task(process, key),
            Due::Agent { host } => self.go_on_with_agent(host),
            Due::Tell { host } => self.tell(host),
            Due::Hand { host, key } => self.go_on_with_hand(host, key),
            Due::Crash { instance } => self.crash_instance(&instance),
            Due::Revive { host, instance } => self.revive(host, &instance),
            Due::Person { person } => self.go_on_with_person(person),
            Due::Fault => self.fault(),
            Due::StartReplica { replica } => self.start_replica(replica),
            Due::StartAgent { host } => self.start_agent(host),
        }
    }

    /// Sends a request to any of the control planes, and gives up when no answer comes.
    pub(super) fn send(&mut self, who: Who, call: Call) -> u64 {
        self.n_calls += 1;
        let caller = Caller { who, call: self.n_calls };
        let replica = match who {
            Who::Worker(life) | Who::Reporter(life, _) => life.of,
            Who::Person(_) | Who::Agent(_) | Who::Teller(_) => self.random.index(self.replicas.len()),
        };
        for delay_ms in self.carry(who) {
            self.agenda.enter(delay_ms, Due::Request { replica, call: call.clone(), caller });
        }
        self.agenda.enter(PATIENCE_MS, Due::GiveUp { caller });
        caller.call
    }

    /// Sends an answer back to whoever asked.
    pub(super) fn send_back(&mut self, caller: Caller, answer: &Answer) {
        for delay_ms in self.carry(caller.who) {
            self.agenda.enter(delay_ms, Due::Answer { caller, answer: answer.clone() });
        }
    }

    fn carry(&mut self, who: Who) -> Vec<u64> {
        let weather = match who {
            // These live in one program.
            Who::Worker(_) | Who::Reporter(..) => return vec![0],
            Who::Person(_) | Who::Agent(_) | Who::Teller(_) => self.weather(),
        };
        if self.is_cut_off(who) { Vec::new() } else { weather.carry(&mut self.random) }
    }

    fn weather(&self) -> Weather {
        if self.is_calm { Weather::CALM } else { Weather { lost: 2, doubled: 2, late: 4 } }
    }

    fn is_cut_off(&self, who: Who) -> bool {
        match who {
            Who::Agent(life) | Who::Teller(life) => {
                self.agents[life.of].cut_off_until_ms > self.agenda.now_ms
            }
            Who::Person(_) | Who::Worker(_) | Who::Reporter(..) => false,
        }
    }

    fn answer(&mut self, caller: Caller, answer: Answer) {
        match caller.who {
            Who::Person(person) => self.answer_person(person, caller.call, answer),
            Who::Agent(life) => self.answer_agent(life, caller.call, answer),
            Who::Teller(life) => self.answer_teller(life, caller.call, &answer),
            Who::Worker(life) => self.answer_worker(life, caller.call, answer),
            Who::Reporter(life, key) => self.answer_reporter(life, key, caller.call, &answer),
        }
    }

    fn is_at_rest(&self) -> bool {
        let state = &self.watch.state;
        state.rollouts.live.values().all(shipway_engine::Rollout::has_ended)
            && state.pauses.iter().next().is_none()
            && self.people.iter().all(Person::is_idle)
    }

    fn all_have_ended(&mut self) -> Result<(), Breach> {
        let state = &self.watch.state;
        let Some(open) = state.rollouts.live.values().find(|it| !it.has_ended()) else { return Ok(()) };
        let waits: Vec<_> =
            waiting(state, open).into_iter().map(|it| format!("{} until {}", it.why, it.until)).collect();
        let what = format!(
            "rollout {} is still {:?}, direction {:?}; it waits for: [{}]",
            open.id,
            open.phase,
            open.direction(),
            waits.join("; ")
        );
        Err(Breach { invariant: Invariant::Ends, what })
    }

    /// Compares what runs on the hosts with what the ledger says.
    fn standing_is_as_recorded(&mut self) {
        let known: BTreeMap<_, _> =
            self.watch.state.environments.iter().flat_map(|(_, it)| &it.instances).collect();
        let mut faults = Vec::new();
        for instance in self.agents.iter().flat_map(|it| it.instances.keys()) {
            match known.get(instance).map(|it| &it.status) {
                None => faults.push(format!("{instance} runs, and nothing is recorded of it")),
                Some(Status::Failed { .. }) => {
                    faults.push(format!("{instance} runs, and counts as taken away"))
                }
                Some(_) => {}
            }
        }
        for (instance, state) in known {
            let agent = self.agents.iter().find(|it| it.name == instance.target);
            let is_there = agent.is_some_and(|it| it.instances.contains_key(instance));
            if state.status.address().is_some() && !is_there {
                faults.push(format!("{instance} is recorded as {}, and does not run", state.status.word()));
            }
        }
        if let Some(fault) = faults.into_iter().next() {
            self.watch.report(Invariant::Standing, fault);
        }
    }
}

/// Of the simulated ledger.
pub(super) fn signer() -> SigningKey {
    let origin = "shipway.test/simulated".parse().expect("is an origin");
    SigningKey::from_seed(origin, &[7; 32])
}
