//! What a simulated agent does with the effects in its hands.

use shipway_model::effect::{Effect, EffectKey, Lease, Order, Outcome, Success};
use shipway_model::plan::Instance;

use super::{Hand, Kept, Noted, Progress};
use crate::sim::Plant;
use crate::sim::agenda::Due;
use crate::sim::scenario::{Quality, address_of};
use crate::sim::wire::Life;
use crate::sim::worker::{completed, failed, pace};
use crate::sim::world::World;

/// A lease is lost when this many answers in a row leave it out.
const MISSED_MAX: u32 = 2;

impl World<'_> {
    pub(super) fn accept(&mut self, host: usize, lease: Lease) {
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

    pub(super) fn take_up(&mut self, host: usize, key: EffectKey) {
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

    pub(super) fn let_go(&mut self, host: usize, renewed: &[EffectKey]) {
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
        let is_stubborn = self.options.is_planted(Plant::StubbornAgent);
        let agent = &mut self.agents[host];
        let Some(Noted { progress: Progress::Begun { effect, .. }, .. }) = agent.effects.get(&key) else {
            return;
        };
        let placed = match &effect.order {
            // Not given up half-way.
            Order::Retire { .. } if is_stubborn => return,
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

    pub(in crate::sim) fn go_on_with_hand(&mut self, life: Life, key: EffectKey) {
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
        let is_hasty = self.options.is_planted(Plant::HastyAgent);
        let agent = &mut self.agents[host];
        let generation = agent.effects.get(&key).map_or(0, |it| it.generation);
        match &effect.order {
            Order::Place { instance, artifact, .. } => {
                let is_so = agent.instances.get(instance).is_some_and(|it| it.artifact == *artifact);
                if !is_so {
                    let kept = Kept { artifact: *artifact, is_running: true, crashes: 0 };
                    agent.instances.insert(instance.clone(), kept);
                    agent.retired.remove(instance);
                    if is_hasty {
                        let place = |it: &Instance| (it.environment.clone(), it.service.clone());
                        agent.instances.retain(|it, _| it == instance || place(it) != place(instance));
                    }
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
}

pub(super) const fn instance_of(order: &Order) -> Option<&Instance> {
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
