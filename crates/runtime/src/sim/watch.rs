//! The watch: looks at everything that happens, and knows what must never be.
//!
//! It reads the ledger as soon as something is in it, folds it with a state of its own, and is told what is done in the
//! world. The first breach ends the simulation.

mod reopened;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_engine::{Command, State, effects, live_rollouts};
use shipway_ledger::{Checkpoint, Frontier, SigningKey, leaf_hash};
use shipway_model::Digest;
use shipway_model::effect::{Effect, EffectKey};
use shipway_model::event::Event;
use shipway_model::plan::{Action, Instance};

pub(super) use self::reopened::Reopened;

use super::trace::Trace;
use super::wire::Who;
use crate::kernel::Accepted;
use crate::memory::MemoryDisk;
use crate::personal;
use crate::published::Published;
use crate::runtime::{Leased, Submission, SubmitError};
use crate::store::{Record, Store, StoreReader};

/// What must hold, in the words of ARCHITECTURE.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// An effect is acted upon at most once under one generation.
    OneDeed,
    /// One generation of an effect has one holder, and only the newest one's outcome counts.
    OneHolder,
    /// Rollouts come to an end, or wait for something that has a name, once nothing breaks any more.
    Ends,
    /// Folding the ledger from nothing gives the same state and wants the same effects.
    Fold,
    /// What runs is what the ledger says, and nothing that no plan lists.
    Standing,
    /// Traffic is sent only where something runs.
    Routed,
    /// What takes a step back finds what it needs.
    Undo,
    /// Nothing starts in a scope that is paused.
    Paused,
    /// Nothing that touches the world starts while a freeze is on.
    Frozen,
    /// Nothing starts before the gates on the way to it are content, nor while these are asked again.
    Gated,
    /// Nothing that needs somebody else's word starts without it.
    Word,
    /// Positions have no gaps, records keep their hashes, and checkpoints sign what is there.
    Ledger,
    /// What was acknowledged stays; what was asked for once is done once.
    Acknowledged,
    /// The control plane comes to rest when nothing happens.
    Rest,
}

/// What was found, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub invariant: Invariant,
    /// What is so and must not be, with the values.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// A command's place in the ledger, by its idempotency key.
type Place = (u64, u64);

pub(super) struct Watch {
    pub(super) state: State,
    pub(super) breach: Option<Breach>,
    pub(super) n_events: u64,
    pub(super) n_deeds: u64,
    reader: Arc<dyn StoreReader>,
    signer: SigningKey,
    frontier: Frontier,
    /// By the ledger's size, from 0.
    roots: Vec<Digest>,
    at: Timestamp,
    /// The newest generation of each effect that was handed out, and to whom.
    granted: BTreeMap<EffectKey, (u32, Who)>,
    deeds: BTreeMap<(EffectKey, u32), String>,
    answered: BTreeMap<String, Place>,
    pub(super) reopened: Reopened,
}

impl Watch {
    pub(super) fn new(disk: &MemoryDisk, signer: SigningKey) -> Self {
        Self {
            state: State::default(),
            breach: None,
            n_events: 0,
            n_deeds: 0,
            reader: disk.open().reader(),
            signer,
            frontier: Frontier::default(),
            roots: vec![shipway_ledger::empty_root()],
            at: Timestamp::UNIX_EPOCH,
            granted: BTreeMap::new(),
            deeds: BTreeMap::new(),
            answered: BTreeMap::new(),
            reopened: Reopened::default(),
        }
    }

    /// Of the newest event.
    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) fn report(&mut self, invariant: Invariant, what: impl Into<String>) {
        self.breach.get_or_insert(Breach { invariant, what: what.into() });
    }

    /// Reads what has come into the ledger.
    pub(super) fn read_on(&mut self, trace: &mut Trace) {
        let records = self.reader.read(self.n_events, usize::MAX).expect("memory can be read");
        for record in records {
            self.read(&record, trace);
        }
    }

    fn read(&mut self, record: &Record, trace: &mut Trace) {
        let expected = self.n_events;
        self.n_events += 1;
        if record.position != expected {
            let what = format!("record {} stands where {expected} comes next", record.position);
            return self.report(Invariant::Ledger, what);
        }
        if leaf_hash(&record.bytes) != record.leaf {
            return self.report(Invariant::Ledger, format!("record {expected} has been changed"));
        }
        self.frontier.push(record.leaf);
        self.roots.push(self.frontier.root());
        match opened(self.reader.as_ref(), record) {
            Some(event) => self.see(&event, trace),
            None => self.report(Invariant::Ledger, format!("record {expected} is unreadable")),
        }
    }

    /// Looks at an event on top of what came before, then folds it.
    pub(super) fn see(&mut self, event: &Event, trace: &mut Trace) {
        trace.event(event);
        if event.at < self.at {
            self.report(Invariant::Ledger, format!("time runs backwards to {}", event.at));
        }
        self.at = event.at;
        let checked = [step::check(&self.state, event), self.reopened.see(&self.state, event)];
        if let Some(breach) = checked.into_iter().find_map(Result::err) {
            self.breach.get_or_insert(breach);
        }
        self.state.apply(event);
    }

    /// Something was done in the world for an effect.
    pub(super) fn deed(&mut self, key: EffectKey, generation: u32, what: &str) {
        self.n_deeds += 1;
        if let Some(before) = self.deeds.insert((key, generation), what.to_owned()) {
            let what = format!("{key} under generation {generation}: first {before}, and again {what}");
            self.report(Invariant::OneDeed, what);
        }
    }

    /// Effects were handed out. The same holder may be handed the same again.
    pub(super) fn leased(&mut self, who: Who, leased: &Leased) {
        for lease in &leased.leases {
            let (key, generation) = (lease.effect.key, lease.generation);
            match self.granted.get(&key) {
                Some((newest, holder)) if *newest == generation && *holder != who => {
                    let what = format!("{key}, generation {generation}: {holder:?} and {who:?}");
                    self.report(Invariant::OneHolder, what);
                }
                Some((newest, _)) if *newest > generation => {
                    let what = format!("{key}: generation {generation} after {newest}");
                    self.report(Invariant::OneHolder, what);
                }
                _ => drop(self.granted.insert(key, (generation, who))),
            }
        }
    }

    /// A control plane has answered a command.
    pub(super) fn answered(&mut self, submission: &Submission, answer: &Result<Accepted, SubmitError>) {
        let place = match answer {
            Ok(Accepted::Now(receipt)) => {
                let last = receipt.position;
                let place = (last - receipt.events.len() as u64, last);
                let is_there = receipt.events.iter().zip(place.0..).all(|(event, position)| {
                    let records = self.reader.read(position, 1).expect("memory can be read");
                    let stored = records.first().and_then(|it| opened(self.reader.as_ref(), it));
                    stored.is_some_and(|it| it == **event)
                });
                if !is_there {
                    let what = format!("{} was answered with events that are not there", submission.actor);
                    self.report(Invariant::Acknowledged, what);
                }
                if !receipt.repeated {
                    self.counted(submission);
                }
                place
            }
            Ok(Accepted::Before { first, last }) => (*first, *last),
            Err(_) => return,
        };
        let Some(key) = &submission.key else { return };
        // What followed from a command is not part of what it is answered with later, so only the beginning counts.
        match self.answered.insert(key.clone(), place) {
            Some(before) if before.0 != place.0 => {
                let what = format!("the command {key} stands at {} and at {}", before.0, place.0);
                self.report(Invariant::Acknowledged, what);
            }
            _ => {}
        }
    }

    /// A report was taken.
    fn counted(&mut self, submission: &Submission) {
        let Command::Report { key, .. } = &submission.command else { return };
        let newest = self.granted.get(key).map(|it| it.0);
        let reported = submission.generation.map(|it| it.1);
        if newest > reported {
            let what = format!("{key}: the outcome of {reported:?} counted after {newest:?} was handed out");
            self.report(Invariant::OneHolder, what);
        }
    }

    /// A router has taken a route; nothing stands on the `missing` hosts to which it leads.
    pub(super) fn routed(&mut self, key: EffectKey, missing: &[String]) {
        if !missing.is_empty() {
            let what = format!("{key} routes to {}, where nothing runs", missing.join(", "));
            self.report(Invariant::Routed, what);
        }
    }

    /// Something was started that may run only where a plan, or what it takes back, lists it.
    pub(super) fn started(&mut self, key: EffectKey, instance: &Instance) {
        let listed = self.state.rollouts.live.get(&key.rollout).is_none_or(|rollout| {
            let places =
                |action: &Action| matches!(action, Action::Place { instance: it, .. } if it == instance);
            rollout.plan.steps.iter().any(|it| places(&it.action) || it.undo.as_ref().is_some_and(places))
        });
        if !listed {
            self.report(
                Invariant::Standing,
                format!("{key} starts {instance}, which its plan does not list"),
            );
        }
    }

    /// Compares a control plane that has just read the ledger with what was folded event by event.
    pub(super) fn compare(&mut self, published: &Published, trace: &mut Trace) {
        self.read_on(trace);
        let head = published.head();
        if head.size != self.n_events {
            return;
        }
        if head.size > 0 {
            let signed = Checkpoint::verify(&head.checkpoint, self.signer.verifier());
            let root = self.roots[self.n_events as usize];
            if !signed.is_ok_and(|it| it.size == head.size && it.root == root) {
                self.report(Invariant::Ledger, format!("the checkpoint at {} signs another tree", head.size));
            }
        }
        let difference = difference(&published.state(), &self.state);
        if let Some(what) = difference {
            self.report(Invariant::Fold, what);
        }
    }

    /// Folds everything from nothing and compares, and the stored queue with what is wanted.
    pub(super) fn fold_again(&mut self, disk: &MemoryDisk) {
        let mut again = State::default();
        for record in self.reader.read(0, usize::MAX).expect("memory can be read") {
            if let Some(event) = opened(self.reader.as_ref(), &record) {
                again.apply(&event);
            }
        }
        if let Some(what) = difference(&again, &self.state) {
            self.report(Invariant::Fold, what);
        }
        let stored = disk.open().load().expect("memory can be read").effects;
        let wanted: Vec<Effect> = live_rollouts(&again).flat_map(|it| effects(&again, it)).collect();
        let stored: BTreeMap<EffectKey, &Effect> =
            stored.iter().map(|it| (it.effect.key, it.effect.as_ref())).collect();
        let wanted: BTreeMap<EffectKey, &Effect> = wanted.iter().map(|it| (it.key, it)).collect();
        if stored != wanted {
            let differing = stored.keys().chain(wanted.keys()).find(|it| stored.get(it) != wanted.get(it));
            self.report(Invariant::Fold, format!("the stored queue is not what is wanted: {differing:?}"));
        }
    }
}

/// The event of a record, with the personal texts to which the record only commits.
fn opened(reader: &dyn StoreReader, record: &Record) -> Option<Event> {
    let disclosures = personal::disclosures(reader, std::slice::from_ref(record)).ok()?;
    personal::open(record, &disclosures).ok()
}

/// The first part in which two states differ.
fn difference(one: &State, other: &State) -> Option<String> {
    macro_rules! differing {
        ($($part:ident),*) => {
            [$((stringify!($part), format!("{:?}", one.$part), format!("{:?}", other.$part))),*]
        };
    }
    let parts = differing![
        access,
        catalogue,
        artifacts,
        releases,
        evidence,
        decisions,
        agents,
        pauses,
        custody,
        environments,
        rollouts,
        keys,
        changes
    ];
    let (part, one, other) = parts.into_iter().find(|(_, one, other)| one != other)?;
    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let excerpt = |text: &str| {
        text.get(at.saturating_sub(80)..(at + 80).min(text.len())).unwrap_or_default().to_owned()
    };
    Some(format!("the {part} differ: …{}… and …{}…", excerpt(&one), excerpt(&other)))
}
