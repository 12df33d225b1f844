//! What happens in control planes: requests, turns of the writer, and the work of their own performers.

use shipway_engine::Command;
use shipway_model::DecisionId;
use shipway_model::effect::{EffectKey, Order, Outcome, Performer, Success};
use shipway_model::gate::{Decision, Status};

use super::agenda::Due;
use super::scenario::{Quality, address_of};
use super::watch::Invariant;
use super::wire::{Answer, Call, Caller, Life, Who};
use super::worker::{self, Stage, completed, failed};
use super::world::{World, signer};
use crate::runtime::Submission;
use crate::worker::{RETRY_PAUSE, TASKS_MAX};

/// The writer's pause after the store refused a batch, and the worker's between requests.
const PAUSE_MS: u64 = RETRY_PAUSE.as_millis() as u64;
/// Turns of one control plane at one instant; more is going round in circles.
const TURNS_MAX: u32 = 10_000;
/// Turns between two comparisons of everything that a control plane shows.
const COMPARED_EVERY: u64 = 200;

impl World<'_> {
    pub(super) fn start_replica(&mut self, of: usize) {
        if self.replicas[of].process.is_some() {
            return;
        }
        let started = self.replicas[of].start(&self.disk, self.database_clock.as_ref(), signer());
        // What was written before the answer was lost, or the process killed, stands.
        self.read_on(of);
        let was_killed = self.replicas[of].faults.take_killed();
        match started {
            Ok(()) if !was_killed => {
                let process = self.replicas[of].life;
                self.trace.line(format_args!("control plane {of} starts, life {}", process.number));
                self.compare(of);
                self.agenda.enter(10, Due::Worker { process });
                self.plan_wake(of);
            }
            Ok(()) => self.kill_replica(of, "while it started"),
            Err(
                crate::OpenError::Store(crate::StoreError::Unavailable(_)) | crate::OpenError::Unwritable(_),
            ) => {
                self.trace.line(format_args!("control plane {of} cannot start yet"));
                let delay_ms = self.random.between(500, 3_000);
                self.agenda.enter(delay_ms, Due::StartReplica { replica: of });
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                let what = format!("control plane {of} cannot be opened: {error}: {source}");
                self.watch.report(Invariant::Ledger, what);
            }
        }
    }

    /// Ends a control plane at once; it is started again.
    pub(super) fn kill_replica(&mut self, of: usize, when: &str) {
        if self.replicas[of].process.take().is_none() {
            return;
        }
        self.counts.kills += 1;
        self.trace.line(format_args!("control plane {of} is killed {when}"));
        self.replicas[of].stopped_until_ms = 0;
        let delay_ms = if self.random.percent(20) {
            self.random.between(15_000, 90_000)
        } else {
            self.random.between(100, 5_000)
        };
        self.agenda.enter(delay_ms, Due::StartReplica { replica: of });
    }

    pub(super) fn request(&mut self, of: usize, call: Call, caller: Caller) {
        if let Some(until_ms) = self.stands_still(of) {
            return self.agenda.enter_at(until_ms, Due::Request { replica: of, call, caller });
        }
        let Some(process) = &mut self.replicas[of].process else {
            return self.send_back(caller, &Answer::Refused);
        };
        match process.ask(&call, caller) {
            Some(answer) => {
                self.look_at(caller, &call, &answer);
                self.send_back(caller, &answer);
                if self.database_clock.is_some() {
                    // It may have taken a turn to know the newest.
                    self.turn(of);
                }
            }
            None => self.turn(of),
        }
    }

    /// Reads what has come into the ledger, and has the others hear of it.
    fn read_on(&mut self, by: usize) {
        let size = self.watch.n_events;
        self.watch.read_on(&mut self.trace);
        if self.watch.n_events > size {
            (0..self.replicas.len()).filter(|it| *it != by).for_each(|it| self.tell_of_news(it));
        }
    }

    /// News of the store are on their way to a control plane.
    pub(super) fn tell_of_news(&mut self, of: usize) {
        if self.database_clock.is_none() {
            return;
        }
        let is_late = !self.is_calm && self.random.percent(4);
        let delay_ms = if is_late { self.random.between(100, 8_000) } else { self.random.between(1, 20) };
        self.agenda.enter(delay_ms, Due::Moved { process: self.replicas[of].life });
    }

    pub(super) fn hear_news(&mut self, life: Life) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Moved { process: life });
        }
        // Whoever cannot reach the store is told when it can again.
        let is_out = self.replicas[life.of].faults.is_out();
        if let Some(process) = self.replicas[life.of].alive(life).filter(|_| !is_out) {
            process.hear_news();
            self.turn(life.of);
        }
    }

    pub(super) fn write(&mut self, life: Life) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Disk { process: life });
        }
        if let Some(process) = self.replicas[life.of].alive(life) {
            process.write();
            self.turn(life.of);
        }
    }

    pub(super) fn wake(&mut self, life: Life, ticket: u64) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Wake { process: life, ticket });
        }
        if self.replicas[life.of].alive(life).is_some_and(|it| it.ticket == ticket) {
            self.turn(life.of);
        }
    }

    /// One turn of a control plane's writer, and what comes of it.
    fn turn(&mut self, of: usize) {
        self.counts.turns += 1;
        let Some(process) = &mut self.replicas[of].process else { return };
        let turned = process.turn();
        let life = self.replicas[of].life;
        self.read_on(of);
        if self.replicas[of].faults.take_killed() {
            return self.kill_replica(of, "while it wrote");
        }
        for (caller, call, answer) in turned.answers {
            self.look_at(caller, &call, &answer);
            self.send_back(caller, &answer);
        }
        if turned.wrote {
            let delay_ms = if self.random.percent(3) {
                self.random.between(50, 3_000)
            } else {
                self.random.between(1, 8)
            };
            self.agenda.enter(delay_ms, Due::Disk { process: life });
        }
        if self.counts.turns.is_multiple_of(COMPARED_EVERY) {
            self.compare(of);
        }
        self.count_turn(of);
        self.plan_wake(of);
    }

    fn look_at(&mut self, caller: Caller, call: &Call, answer: &Answer) {
        match (call, answer) {
            (Call::Submit(submission), Answer::Submitted(answer)) => self.watch.answered(submission, answer),
            (Call::Lease { .. }, Answer::Leased(Ok(leased))) => self.watch.leased(caller.who, leased),
            _ => {}
        }
    }

    fn compare(&mut self, of: usize) {
        if let Some(process) = &self.replicas[of].process {
            let published = process.published.clone();
            self.watch.compare(&published, &mut self.trace);
        }
    }

    fn count_turn(&mut self, of: usize) {
        let now_ms = self.agenda.now_ms;
        let replica = &mut self.replicas[of];
        let (at_ms, n_turns) = replica.turns;
        replica.turns = if at_ms == now_ms { (now_ms, n_turns + 1) } else { (now_ms, 1) };
        if replica.turns.1 > TURNS_MAX {
            self.watch.report(
                Invariant::Rest,
                format!("control plane {of} takes more than {TURNS_MAX} turns at once"),
            );
        }
    }

    /// Has the control plane look again when something is due.
    pub(super) fn plan_wake(&mut self, of: usize) {
        let replica = &mut self.replicas[of];
        let (clock, is_out) = (replica.clock.clone(), replica.faults.is_out());
        let Some(process) = &mut replica.process else { return };
        process.ticket += 1;
        let (life, ticket) = (replica.life, process.ticket);
        if let Some(at) = process.wake_at() {
            let earliest_ms = self.agenda.now_ms + if is_out { PAUSE_MS } else { 0 };
            let due_ms = clock.virtual_ms(at);
            let is_early = self.options.is_planted(super::Plant::EarlyAlarm);
            let at_ms = if is_early { due_ms.saturating_sub(2) } else { due_ms }.max(earliest_ms);
            self.agenda.enter_at(at_ms, Due::Wake { process: life, ticket });
        }
    }

    fn stands_still(&self, of: usize) -> Option<u64> {
        let until_ms = self.replicas[of].stopped_until_ms;
        (until_ms > self.agenda.now_ms).then_some(until_ms)
    }

    /// The worker asks for effects and renews what it holds.
    pub(super) fn work(&mut self, life: Life) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Worker { process: life });
        }
        let Some(process) = self.replicas[life.of].alive(life) else { return };
        let (renew, max) = (process.worker.renewals(), TASKS_MAX.saturating_sub(process.worker.held.len()));
        let call = Call::Lease { performer: Performer::Server, max, renew };
        let call = self.send(Who::Worker(life), call);
        if let Some(process) = self.replicas[life.of].alive(life) {
            process.worker.call = call;
        }
    }

    pub(super) fn answer_worker(&mut self, life: Life, call: u64, answer: Answer) {
        let Some(process) = self.replicas[life.of].alive(life).filter(|it| it.worker.call == call) else {
            return;
        };
        process.worker.call = 0;
        if let Answer::Leased(Ok(leased)) = answer {
            let taken = process.worker.take(leased.leases, &leased.renewed);
            for (key, generation) in taken {
                self.enter_task(life, key, generation);
            }
        }
        let delay_ms = self.random.between(100, 1_500);
        self.agenda.enter(delay_ms, Due::Worker { process: life });
    }

    fn enter_task(&mut self, life: Life, key: EffectKey, generation: u32) {
        let Some(process) = self.replicas[life.of].alive(life) else { return };
        let Some(task) = process.worker.held.get(&key) else { return };
        let delay_ms = worker::pace(&task.effect.order, &mut self.random, !self.is_calm);
        self.agenda.enter(delay_ms, Due::Task { process: life, key, generation });
    }

    pub(super) fn go_on_with_task(&mut self, life: Life, key: EffectKey, generation: u32) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Task { process: life, key, generation });
        }
        let Some(process) = self.replicas[life.of].alive(life) else { return };
        let Some(task) = process.worker.held.get_mut(&key).filter(|it| it.generation == generation) else {
            return;
        };
        let effect = task.effect.clone();
        match &mut task.stage {
            Stage::Ended(_) | Stage::Deciding(..) => return,
            Stage::Watching { blocks } if *blocks > 0 => {
                *blocks -= 1;
                let left = *blocks;
                self.observe(life, key, generation, left);
                return self.enter_task(life, key, generation);
            }
            Stage::Watching { .. } => {}
        }
        let stage = match self.ask_gates(&effect.order) {
            Some((id, decision)) => Stage::Deciding(id, Box::new(decision)),
            None => Stage::Ended(self.act(key, generation, &effect.order)),
        };
        if let Some(process) = self.replicas[life.of].alive(life)
            && let Some(task) = process.worker.held.get_mut(&key)
        {
            task.stage = stage;
        }
        let delay_ms = self.random.between(1, 200);
        self.agenda.enter(delay_ms, Due::Report { process: life, key });
    }

    /// What gates say, unless whoever asks them breaks down. While things break they mostly miss something at first.
    fn ask_gates(&mut self, order: &Order) -> Option<(DecisionId, Decision)> {
        let at = self.watch.at();
        let is_content = self.is_calm || self.random.percent(40);
        let status = if is_content { Status::Satisfied } else { Status::Missing };
        let decision =
            worker::decision(order, at, status).filter(|_| self.is_calm || !self.random.percent(4))?;
        Some((DecisionId::from_uuid(self.random.uuid()), decision))
    }

    /// What a driver does in the world.
    fn act(&mut self, key: EffectKey, generation: u32, order: &Order) -> Outcome {
        if !self.is_calm && self.random.percent(4) {
            return failed("the driver failed", true, None);
        }
        match order {
            Order::Route { route, .. } => {
                let place = (route.environment.clone(), route.service.clone());
                let held = self.routes.get(&place).map_or(0, |it| it.revision);
                if route.revision < held {
                    return failed(&format!("revision {held} is held"), false, None);
                }
                if route.revision > held {
                    self.watch.deed(key, generation, "route");
                }
                let instances = self.agents.iter().flat_map(|it| it.instances.keys());
                let addresses: Vec<_> = instances.map(address_of).collect();
                let backends = route.pools.iter().flat_map(|it| &it.backends);
                let missing = backends.filter(|it| !addresses.contains(&it.address));
                let missing: Vec<String> = missing.map(|it| it.target.to_string()).collect();
                self.watch.routed(key, &missing);
                self.routes.insert(place, route.clone());
                Outcome::Succeeded { result: Success::Routed { revision: route.revision } }
            }
            Order::Analyse { metrics, canary, .. } | Order::Watch { metrics, canary, .. } => {
                worker::judged(self.scenario.quality_of(&metrics.service, canary))
            }
            Order::Http { .. } | Order::Journey { .. } => {
                self.watch.deed(key, generation, "call");
                completed()
            }
            Order::Bake { .. } => completed(),
            Order::Gates { .. } => failed("the policies cannot be read", true, None),
            Order::Place { .. } | Order::Retire { .. } | Order::Verify { .. } | Order::Command { .. } => {
                failed("only agents do this", false, None)
            }
        }
    }

    /// Tells what the judge saw on the way.
    fn observe(&mut self, life: Life, key: EffectKey, generation: u32, left: u64) {
        let seen = worker::BLOCKS - 1 - left;
        let (block, verdict) = worker::block(seen, Quality::Good);
        let submission = Submission {
            actor: crate::ACTOR.to_owned(),
            key: None,
            command: Command::Observe { key, block, verdict },
            generation: Some((key, generation)),
        };
        // Nobody waits for this answer; the observation is made again from the blocks that arrived.
        self.send(Who::Reporter(life, EffectKey { attempt: 0, ..key }), Call::Submit(Box::new(submission)));
    }

    pub(super) fn report_task(&mut self, life: Life, key: EffectKey) {
        if let Some(until_ms) = self.stands_still(life.of) {
            return self.agenda.enter_at(until_ms, Due::Report { process: life, key });
        }
        let Some(process) = self.replicas[life.of].alive(life) else { return };
        let Some(task) = process.worker.held.get(&key) else { return };
        let command = match &task.stage {
            Stage::Watching { .. } => return,
            Stage::Deciding(id, decision) => Command::Decide { key, id: *id, decision: (**decision).clone() },
            Stage::Ended(outcome) => Command::Report { key, outcome: outcome.clone() },
        };
        let submission = Submission {
            actor: crate::ACTOR.to_owned(),
            key: None,
            command,
            generation: Some((key, task.generation)),
        };
        let call = self.send(Who::Reporter(life, key), Call::Submit(Box::new(submission)));
        if let Some(process) = self.replicas[life.of].alive(life)
            && let Some(task) = process.worker.held.get_mut(&key)
        {
            task.call = call;
        }
    }

    pub(super) fn answer_reporter(&mut self, life: Life, key: EffectKey, call: u64, answer: &Answer) {
        let Some(process) = self.replicas[life.of].alive(life) else { return };
        let Some(task) = process.worker.held.get_mut(&key).filter(|it| it.call == call) else { return };
        task.call = 0;
        if answer.is_to_be_repeated() {
            return self.agenda.enter(PAUSE_MS, Due::Report { process: life, key });
        }
        if matches!(task.stage, Stage::Deciding(..)) {
            task.stage = Stage::Ended(completed());
            return self.agenda.enter(1, Due::Report { process: life, key });
        }
        process.worker.held.remove(&key);
    }
}
