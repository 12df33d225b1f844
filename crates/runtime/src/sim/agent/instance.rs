//! What runs on a simulated host, whatever is asked of its agent: it is put right, ends by itself and comes back.

use std::collections::BTreeSet;

use shipway_model::Digest;
use shipway_model::event::Condition;
use shipway_model::plan::Instance;

use super::hand::instance_of;
use super::{Kept, Progress};
use crate::sim::agenda::Due;
use crate::sim::scenario::Quality;
use crate::sim::wire::Life;
use crate::sim::world::World;

/// The wait before an instance that ended by itself is started again; it doubles up to the longest.
pub(super) const REVIVE_MS: u64 = 1_000;
const REVIVE_MS_MAX: u64 = 600_000;

impl World<'_> {
    pub(super) fn reconcile(&mut self, life: Life, orders: &[(Instance, Digest)]) {
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

    /// An instance ends by itself; its agent finds out, now or when it is back.
    pub(in crate::sim) fn crash_instance(&mut self, instance: &Instance) {
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

    pub(in crate::sim) fn revive(&mut self, life: Life, instance: &Instance) {
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
