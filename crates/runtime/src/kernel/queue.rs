//! The queue of effects: what should be under way, who holds it and until when.
//!
//! [`Queue::take_changes`] says what a batch changed; [`Queue::revert`] takes it back when the batch was not written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::RolloutId;
use shipway_model::effect::{Direction, Effect, EffectKey, Performer};
use shipway_model::plan::StepId;

use crate::sharing::Claim;
use crate::store::{EffectChange, EffectRow};

#[derive(Debug, Default)]
pub(super) struct Queue {
    rows: BTreeMap<EffectKey, EffectRow>,
    by_performer: HashMap<Performer, BTreeSet<EffectKey>>,
    /// Leases by their end; those that ended and were told of are gone from here.
    expiries: BTreeSet<(Timestamp, EffectKey)>,
    touched: Touched,
}

/// What stood under each key before a batch touched it.
pub(super) type Touched = BTreeMap<EffectKey, Option<EffectRow>>;

impl Queue {
    pub(super) fn load(rows: Vec<EffectRow>) -> Self {
        let mut queue = Self::default();
        for row in rows {
            queue.place(row.effect.key, Some(row));
        }
        queue
    }

    /// The generation of the effect's newest lease; nothing when no such effect is wanted.
    pub(super) fn generation(&self, key: &EffectKey) -> Option<u32> {
        self.rows.get(key).map(|it| it.generation)
    }

    /// Makes `wanted` all that is under way for the rollout. What stays keeps its lease.
    pub(super) fn sync(&mut self, rollout: RolloutId, wanted: Vec<Effect>) {
        let unwanted: Vec<_> =
            self.keys_of(rollout).filter(|key| !wanted.iter().any(|effect| effect.key == *key)).collect();
        for key in unwanted {
            self.set(key, None);
        }
        for effect in wanted {
            let (generation, leased_until, holder) = match self.rows.get_mut(&effect.key) {
                Some(row) if *row.effect == effect => {
                    // The same, but sharing with the plan what the one that was read from the store has of its own.
                    row.effect = Arc::new(effect);
                    continue;
                }
                Some(row) => (row.generation, row.leased_until, row.holder.clone()),
                None => (0, None, None),
            };
            let key = effect.key;
            self.set(key, Some(EffectRow { effect: Arc::new(effect), generation, leased_until, holder }));
        }
    }

    /// The store, which gives the leases, says that this is the newest lease's generation.
    pub(super) fn know_generation(&mut self, key: EffectKey, generation: u32) {
        if let Some(row) = self.rows.get_mut(&key) {
            row.generation = generation;
        }
    }

    /// Leases are the store's to give: nothing is known of them here.
    pub(super) fn forget_leases(&mut self) {
        self.expiries.clear();
        for row in self.rows.values_mut() {
            (row.leased_until, row.holder) = (None, None);
        }
    }

    /// All rollouts that have effects here.
    pub(super) fn rollouts(&self) -> BTreeSet<RolloutId> {
        self.rows.keys().map(|it| it.rollout).collect()
    }

    /// Hands out at most `max` effects: those that are free, each under its next generation, and those that the holder
    /// has without knowing, because the answer was lost.
    pub(super) fn lease(
        &mut self,
        claim: &Claim,
        max: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Vec<EffectRow> {
        let Some(keys) = self.by_performer.get(&claim.performer) else { return Vec::new() };
        let given = keys.iter().filter_map(|key| {
            let row = self.rows.get(key)?;
            let is_free = row.leased_until.is_none_or(|end| end <= now);
            let is_unheard = claim.holder.is_some()
                && row.holder == claim.holder
                && !claim.renew.contains(&(*key, row.generation));
            let generation = match (is_free, is_unheard) {
                (true, _) => row.generation.checked_add(1)?,
                (false, true) => row.generation,
                (false, false) => return None,
            };
            let (effect, holder) = (row.effect.clone(), claim.holder.clone());
            Some(EffectRow { effect, generation, leased_until: Some(until), holder })
        });
        let given: Vec<_> = given.take(max).collect();
        for row in &given {
            self.set(row.effect.key, Some(row.clone()));
        }
        given
    }

    /// Prolongs a lease. False when it is lost: the effect is gone, or held under another generation.
    pub(super) fn renew(
        &mut self,
        performer: &Performer,
        key: EffectKey,
        generation: u32,
        until: Timestamp,
    ) -> bool {
        let held = |row: &&EffectRow| {
            row.effect.performer == *performer && row.generation == generation && generation > 0
        };
        let Some(row) = self.rows.get(&key).filter(held) else { return false };
        let row = EffectRow { leased_until: row.leased_until.max(Some(until)), ..row.clone() };
        self.set(key, Some(row));
        true
    }

    /// Ends all leases of a performer that is gone. Their generations stay: if it is not gone, it is fenced.
    pub(super) fn release(&mut self, performer: &Performer) {
        let keys: Vec<_> = self.by_performer.get(performer).into_iter().flatten().copied().collect();
        for key in keys {
            if let Some(row) = self.rows.get(&key).filter(|it| it.leased_until.is_some()) {
                let row = EffectRow { leased_until: None, holder: None, ..row.clone() };
                self.set(key, Some(row));
            }
        }
    }

    /// When the next lease ends that has not been told of.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.expiries.first().map(|it| it.0)
    }

    /// Those whose effects have become free again because a lease ended by `now`; each end is told once.
    pub(super) fn expire(&mut self, now: Timestamp) -> BTreeSet<Performer> {
        let mut performers = BTreeSet::new();
        while let Some((end, key)) = self.expiries.pop_first() {
            if end > now {
                self.expiries.insert((end, key));
                break;
            }
            performers.extend(self.rows.get(&key).map(|it| it.effect.performer.clone()));
        }
        performers
    }

    /// What has changed in total since this was asked last, and what stood there before.
    pub(super) fn take_changes(&mut self) -> (Vec<EffectChange>, Touched) {
        let touched = std::mem::take(&mut self.touched);
        let change = |(key, before): (&EffectKey, &Option<EffectRow>)| match (before, self.rows.get(key)) {
            (None, None) => None,
            (Some(_), None) => Some(EffectChange::Remove(*key)),
            (Some(before), Some(after)) if before == after => None,
            (Some(before), Some(after)) if before.effect == after.effect => Some(EffectChange::Lease {
                key: *key,
                generation: after.generation,
                leased_until: after.leased_until,
                holder: after.holder.clone(),
            }),
            (_, Some(after)) => Some(EffectChange::Put(after.clone())),
        };
        (touched.iter().filter_map(change).collect(), touched)
    }

    /// Those who have something new to perform, or have lost something, since a batch.
    pub(super) fn concerned(&self, touched: &Touched) -> BTreeSet<Performer> {
        let concerned = touched.iter().filter_map(|(key, before)| match (before, self.rows.get(key)) {
            (None, Some(row)) => Some(row.effect.performer.clone()),
            (Some(row), None) => Some(row.effect.performer.clone()),
            (None, None) | (Some(_), Some(_)) => None,
        });
        concerned.collect()
    }

    /// Puts back what stood there before a batch. Newer batches are reverted first.
    pub(super) fn revert(&mut self, touched: Touched) {
        for (key, before) in touched {
            self.place(key, before);
        }
    }

    fn keys_of(&self, rollout: RolloutId) -> impl Iterator<Item = EffectKey> + '_ {
        let first = EffectKey { rollout, step: StepId(0), direction: Direction::Do, attempt: 0 };
        self.rows.range(first..).map(|it| *it.0).take_while(move |it| it.rollout == rollout)
    }

    fn set(&mut self, key: EffectKey, row: Option<EffectRow>) {
        let before = self.place(key, row);
        self.touched.entry(key).or_insert(before);
    }

    /// Puts a row in its place with the indexes kept, and answers with what stood there.
    fn place(&mut self, key: EffectKey, row: Option<EffectRow>) -> Option<EffectRow> {
        let before = self.rows.remove(&key);
        if let Some(before) = &before {
            if let Some(keys) = self.by_performer.get_mut(&before.effect.performer) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by_performer.remove(&before.effect.performer);
                }
            }
            before.leased_until.map(|end| self.expiries.remove(&(end, key)));
        }
        if let Some(row) = row {
            self.by_performer.entry(row.effect.performer.clone()).or_default().insert(key);
            self.expiries.extend(row.leased_until.map(|end| (end, key)));
            self.rows.insert(key, row);
        }
        before
    }
}
