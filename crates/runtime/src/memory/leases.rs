//! Leases that the disk itself gives, by one clock for all its writers: what a database does for replicas.

use jiff::Timestamp;
use shipway_model::effect::EffectKey;

use super::MemoryDisk;
use crate::sharing::{Claim, Granted};
use crate::store::StoredHead;

impl MemoryDisk {
    /// The ledger's end as it is now.
    pub(crate) fn head(&self) -> StoredHead {
        self.read().head()
    }

    /// The generation of each effect's newest lease; those that are not wanted are left out.
    pub(crate) fn generations(&self, keys: &[EffectKey]) -> Vec<(EffectKey, u32)> {
        let content = self.read();
        keys.iter().filter_map(|key| Some((*key, content.effects.get(key)?.generation))).collect()
    }

    /// Gives what is free and what the holder has without knowing, and prolongs what is to be kept.
    pub(crate) fn lease(&self, claim: &Claim, now: Timestamp) -> Granted {
        let until = now.saturating_add(claim.ttl).expect("a duration of minutes can be added");
        let mut granted = Granted::default();
        let mut content = self.write();
        let rows = content.effects.values_mut().filter(|it| it.effect.performer == claim.performer);
        for row in rows {
            let key = row.effect.key;
            let is_free = row.leased_until.is_none_or(|end| end <= now);
            if row.generation > 0 && claim.renew.contains(&(key, row.generation)) {
                row.leased_until = row.leased_until.max(Some(until));
                granted.renewed.push(key);
            } else if granted.leases.len() < claim.max
                && (is_free || (claim.holder.is_some() && row.holder == claim.holder))
            {
                row.generation += u32::from(is_free);
                row.leased_until = Some(until);
                row.holder.clone_from(&claim.holder);
                granted.leases.push((row.effect.as_ref().clone(), row.generation));
            }
        }
        granted
    }

    /// A bug to be found: these were never handed out.
    #[cfg(test)]
    pub(crate) fn forget_leases(&self, keys: &[EffectKey]) {
        let mut content = self.write();
        for row in content.effects.values_mut().filter(|it| keys.contains(&it.effect.key)) {
            (row.generation, row.leased_until) = (row.generation.saturating_sub(1), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::SignedDuration;
    use shipway_model::effect::{Direction, Effect, Order, Performer};
    use shipway_model::plan::StepId;
    use shipway_model::{Millis, RolloutId};

    use super::*;
    use crate::memory::MemoryStore;
    use crate::store::{Batch, EffectChange, EffectRow, Store};

    fn effect() -> Effect {
        let rollout = RolloutId::from_uuid(uuid::Uuid::from_u128(1));
        let request = serde_json::json!({"url": "http://127.0.0.1:9/"});
        Effect {
            key: EffectKey { rollout, step: StepId(1), direction: Direction::Do, attempt: 1 },
            performer: Performer::Server,
            timeout: Millis(1000),
            order: Order::Http { request: serde_json::from_value(request).expect("is a request") },
        }
    }

    fn put(store: &mut MemoryStore, revision: u64) {
        let row = EffectRow { effect: Arc::new(effect()), generation: 0, leased_until: None, holder: None };
        let effects = vec![EffectChange::Put(row)];
        store.append(&Batch { revision, effects, ..Batch::default() }).expect("is written");
    }

    fn claim(holder: &str, renew: Vec<(EffectKey, u32)>) -> Claim {
        let (performer, ttl) = (Performer::Server, Duration::from_secs(10));
        Claim { performer, holder: Some(holder.into()), max: 8, ttl, renew }
    }

    #[test]
    fn an_effect_has_one_holder_until_its_lease_ends() {
        let disk = MemoryDisk::default();
        let mut store = disk.open_shared();
        put(&mut store, 0);
        let (key, now) = (effect().key, Timestamp::UNIX_EPOCH);
        let generations = |granted: &Granted| granted.leases.iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(generations(&disk.lease(&claim("one", Vec::new()), now)), [1]);
        assert_eq!(generations(&disk.lease(&claim("two", Vec::new()), now)), [0; 0]);
        // The answer was lost: the holder is told again.
        assert_eq!(generations(&disk.lease(&claim("one", Vec::new()), now)), [1]);
        let kept = disk.lease(&claim("one", vec![(key, 1)]), now);
        assert_eq!((kept.leases.len(), kept.renewed), (0, vec![key]));
        let later = now + SignedDuration::from_secs(10);
        assert_eq!(generations(&disk.lease(&claim("two", Vec::new()), later)), [2]);
        assert_eq!(disk.lease(&claim("one", vec![(key, 1)]), later).renewed, []);
        assert_eq!(disk.generations(&[key]), [(key, 2)]);
    }

    #[test]
    fn a_writer_who_knows_nothing_of_a_lease_leaves_it_as_it_is() {
        let disk = MemoryDisk::default();
        let mut store = disk.open_shared();
        put(&mut store, 0);
        disk.lease(&claim("one", Vec::new()), Timestamp::UNIX_EPOCH);
        put(&mut store, 1);
        assert_eq!(disk.generations(&[effect().key]), [(effect().key, 1)]);
    }
}
