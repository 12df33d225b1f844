//! What the journal's lines add up to.

use std::collections::{BTreeMap, VecDeque};

use shipway_model::effect::{Effect, EffectKey, Outcome};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, Name, RolloutId};

use super::Entry;
use crate::process::ProcessId;

/// Ended and reported effects that are remembered. The control plane's generations fence what is older.
const EFFECTS_MAX: usize = 10_000;
/// Condition changes that wait to be reported; the oldest go first.
const CHANGES_MAX: usize = 1_000;
/// Retired versions of a service whose folders are kept, so that going back to them is quick.
const RETIRED_MAX: usize = 3;

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) effects: BTreeMap<EffectKey, EffectRecord>,
    /// Keys of ended effects, oldest first.
    ended: VecDeque<EffectKey>,
    pub(crate) instances: BTreeMap<Instance, InstanceRecord>,
    /// Oldest first.
    pub(crate) retired: Vec<(Instance, Digest)>,
    pub(crate) changes: VecDeque<Change>,
    sequence: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EffectRecord {
    /// The highest that was seen.
    pub(crate) generation: u32,
    pub(crate) progress: Progress,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    Leased,
    Begun { effect: Box<Effect>, process: Option<ProcessId> },
    Ended { outcome: Outcome, reported: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InstanceRecord {
    pub(crate) artifact: Digest,
    pub(crate) contract: Deployment,
    pub(crate) ports: BTreeMap<Name, u16>,
    /// The rollout that placed it; nothing of what earlier agents noted.
    pub(crate) rollout: Option<RolloutId>,
    /// How often its process was started.
    pub(crate) run: u32,
    /// Of that run; nothing when the agent died before it could note it.
    pub(crate) process: Option<ProcessId>,
    /// As the control plane knows it; nothing before it became healthy for the first time.
    pub(crate) condition: Option<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) sequence: u64,
    pub(crate) instance: Instance,
    pub(crate) condition: Condition,
    pub(crate) detail: String,
}

impl State {
    /// Total: a line about something unknown changes nothing.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Leased { key, generation } => self.lease(key, generation),
            Entry::Begun { effect } => {
                let key = effect.key;
                if let Some(record) = self.effects.get_mut(&key) {
                    record.progress = Progress::Begun { effect, process: None };
                }
            }
            Entry::Ran { key, process: it } => {
                if let Some(Progress::Begun { process, .. }) = self.progress(&key) {
                    *process = Some(it);
                }
            }
            Entry::Ended { key, outcome } => {
                if let Some(progress) = self.progress(&key) {
                    *progress = Progress::Ended { outcome, reported: false };
                    self.ended.push_back(key);
                    self.forget();
                }
            }
            Entry::Reported { key, generation } => {
                let record = self.effects.get_mut(&key).filter(|it| it.generation == generation);
                if let Some(Progress::Ended { reported, .. }) = record.map(|it| &mut it.progress) {
                    *reported = true;
                }
            }
            Entry::Desired { instance, artifact, contract, ports, rollout, condition } => {
                let contract = *contract;
                self.retired.retain(|(it, _)| *it != instance);
                let record =
                    InstanceRecord { artifact, contract, ports, rollout, run: 0, process: None, condition };
                self.instances.insert(instance, record);
            }
            Entry::Starting { instance, run } => {
                if let Some(it) = self.instances.get_mut(&instance) {
                    (it.run, it.process) = (run, None);
                }
            }
            Entry::Started { instance, run, process } => {
                if let Some(it) = self.instances.get_mut(&instance) {
                    (it.run, it.process) = (run, Some(process));
                }
            }
            Entry::Placed { instance } => {
                if let Some(it) = self.instances.get_mut(&instance) {
                    it.condition = Some(Condition::Healthy);
                }
            }
            Entry::Changed { sequence, instance, condition, detail } => {
                if let Some(it) = self.instances.get_mut(&instance) {
                    it.condition = Some(condition);
                }
                self.sequence = self.sequence.max(sequence);
                self.changes.push_back(Change { sequence, instance, condition, detail });
                if self.changes.len() > CHANGES_MAX {
                    self.changes.pop_front();
                }
            }
            Entry::Told { through } => {
                self.sequence = self.sequence.max(through);
                self.changes.retain(|it| it.sequence > through);
            }
            Entry::Retired { instance, artifact } => self.retire(instance, artifact),
        }
    }

    /// The number of the next condition change.
    pub(crate) fn sequence_next(&self) -> u64 {
        self.sequence + 1
    }

    /// Outcomes that the control plane does not have yet.
    pub(crate) fn unreported(&self) -> impl Iterator<Item = (EffectKey, u32, &Outcome)> {
        self.effects.iter().filter_map(|(key, it)| match &it.progress {
            Progress::Ended { outcome, reported: false } => Some((*key, it.generation, outcome)),
            Progress::Ended { reported: true, .. } | Progress::Leased | Progress::Begun { .. } => None,
        })
    }

    /// Effects that were begun and have not ended.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = (&Effect, u32)> {
        self.effects.values().filter_map(|it| match &it.progress {
            Progress::Begun { effect, .. } => Some((&**effect, it.generation)),
            Progress::Leased | Progress::Ended { .. } => None,
        })
    }

    /// Every process that orders have started, of instances and of effects under way.
    pub(crate) fn processes(&self) -> impl Iterator<Item = &ProcessId> {
        let of_effects = self.effects.values().filter_map(|it| match &it.progress {
            Progress::Begun { process, .. } => process.as_ref(),
            Progress::Leased | Progress::Ended { .. } => None,
        });
        self.instances.values().filter_map(|it| it.process.as_ref()).chain(of_effects)
    }

    /// The fewest lines that add up to this state.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::Told { through: self.sequence }];
        // Before the instances: what waits to be told is older than what is known of them.
        entries.extend(self.changes.iter().cloned().map(|it| Entry::Changed {
            sequence: it.sequence,
            instance: it.instance,
            condition: it.condition,
            detail: it.detail,
        }));
        let retired = self.retired.iter().cloned();
        entries.extend(retired.map(|(instance, artifact)| Entry::Retired { instance, artifact }));
        for (instance, it) in &self.instances {
            entries.extend(it.entries(instance));
        }
        let is_open = |it: &EffectRecord| !matches!(it.progress, Progress::Ended { .. });
        let open = self.effects.iter().filter(|(_, it)| is_open(it)).map(|(key, _)| key);
        for key in open.chain(&self.ended) {
            entries.extend(self.effects[key].entries(*key));
        }
        entries
    }

    fn lease(&mut self, key: EffectKey, generation: u32) {
        let record =
            self.effects.entry(key).or_insert(EffectRecord { generation, progress: Progress::Leased });
        record.generation = record.generation.max(generation);
        if let Progress::Ended { reported, .. } = &mut record.progress {
            *reported = false;
        }
    }

    fn progress(&mut self, key: &EffectKey) -> Option<&mut Progress> {
        let progress = &mut self.effects.get_mut(key)?.progress;
        (!matches!(progress, Progress::Ended { .. })).then_some(progress)
    }

    fn forget(&mut self) {
        let is_reported = |it: &EffectRecord| matches!(it.progress, Progress::Ended { reported: true, .. });
        while self.ended.len() > EFFECTS_MAX && self.effects.get(&self.ended[0]).is_none_or(is_reported) {
            if let Some(key) = self.ended.pop_front() {
                self.effects.remove(&key);
            }
        }
    }

    fn retire(&mut self, instance: Instance, artifact: Digest) {
        self.instances.remove(&instance);
        self.retired.retain(|(it, _)| *it != instance);
        self.retired.push((instance.clone(), artifact));
        let same = |it: &Instance| it.environment == instance.environment && it.service == instance.service;
        let mut surplus = self.retired.iter().filter(|(it, _)| same(it)).count().saturating_sub(RETIRED_MAX);
        self.retired.retain(|(it, _)| {
            let goes = surplus > 0 && same(it);
            surplus -= usize::from(goes);
            !goes
        });
    }
}

impl EffectRecord {
    fn entries(&self, key: EffectKey) -> Vec<Entry> {
        let mut entries = vec![Entry::Leased { key, generation: self.generation }];
        match &self.progress {
            Progress::Leased => {}
            Progress::Begun { effect, process } => {
                entries.push(Entry::Begun { effect: effect.clone() });
                entries.extend(process.clone().map(|process| Entry::Ran { key, process }));
            }
            Progress::Ended { outcome, reported } => {
                entries.push(Entry::Ended { key, outcome: outcome.clone() });
                entries.extend(reported.then_some(Entry::Reported { key, generation: self.generation }));
            }
        }
        entries
    }
}

impl InstanceRecord {
    fn entries(&self, instance: &Instance) -> Vec<Entry> {
        let instance = || instance.clone();
        let mut entries = vec![Entry::Desired {
            instance: instance(),
            artifact: self.artifact,
            contract: Box::new(self.contract.clone()),
            ports: self.ports.clone(),
            rollout: self.rollout,
            condition: self.condition,
        }];
        let run = self.run;
        entries.extend((run > 0).then(|| match self.process.clone() {
            Some(process) => Entry::Started { instance: instance(), run, process },
            None => Entry::Starting { instance: instance(), run },
        }));
        entries
    }
}
