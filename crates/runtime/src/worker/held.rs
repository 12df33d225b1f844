//! What the worker holds: effects under a lease, and how to call their performance off.

use std::collections::HashMap;

use shipway_model::effect::EffectKey;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
pub(super) struct Held {
    effects: HashMap<EffectKey, (u32, CancellationToken)>,
}

impl Held {
    pub(super) fn insert(&mut self, key: EffectKey, generation: u32, cancelled: CancellationToken) {
        if let Some((_, before)) = self.effects.insert(key, (generation, cancelled)) {
            before.cancel();
        }
    }

    /// Lets go of an effect that was reported, unless it is held anew by now.
    pub(super) fn remove(&mut self, key: &EffectKey, generation: u32) {
        if self.effects.get(key).is_some_and(|it| it.0 == generation) {
            self.effects.remove(key);
        }
    }

    /// Calls off everything else: those leases are lost.
    pub(super) fn keep_only(&mut self, kept: &[EffectKey]) {
        self.effects.retain(|key, (_, cancelled)| {
            let is_kept = kept.contains(key);
            if !is_kept {
                cancelled.cancel();
            }
            is_kept
        });
    }

    pub(super) fn all(&self) -> Vec<(EffectKey, u32)> {
        self.effects.iter().map(|(key, (generation, _))| (*key, *generation)).collect()
    }
}
