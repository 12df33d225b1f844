//! What readers see: the state after the newest durable batch, and nothing that is not durable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use shipway_engine::State;
use shipway_model::Digest;
use shipway_model::effect::Performer;
use shipway_model::event::Event;
use tokio::sync::{Notify, watch};

use crate::as_of::Folds;

/// The ledger's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of records.
    pub size: u64,
    pub root: Digest,
    /// The signed note over both (C2SP `tlog-checkpoint`).
    pub checkpoint: String,
}

/// Committed state, shared between the writer and all readers.
pub(crate) struct Published {
    state: RwLock<State>,
    head: RwLock<Head>,
    size: watch::Sender<u64>,
    /// Why nothing newer will ever be shown: a newer version has written what this one cannot read.
    outrun: watch::Sender<Option<Arc<str>>>,
    /// Those who wait for effects to perform.
    waiting: Mutex<HashMap<Performer, Arc<Notify>>>,
    /// Of earlier instants.
    pub(crate) folds: Folds,
}

/// Above this many performers, those for whom nobody waits are forgotten.
const WAITING_MAX: usize = 1024;

impl Published {
    pub(crate) fn new() -> Self {
        let head = Head { size: 0, root: shipway_ledger::empty_root(), checkpoint: String::new() };
        Self {
            state: RwLock::default(),
            head: RwLock::new(head),
            size: watch::Sender::new(0),
            outrun: watch::Sender::new(None),
            waiting: Mutex::default(),
            folds: Folds::new(),
        }
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn head(&self) -> Head {
        self.head.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.size.subscribe()
    }

    /// The ledger cannot be followed from here on, and `why`. This cannot be undone: a process learns nothing new.
    pub(crate) fn stop_short(&self, why: &str) {
        self.outrun.send_if_modified(|it| it.is_none() && it.replace(why.into()).is_none());
    }

    /// Why nothing newer will ever be shown, if that is so.
    pub(crate) fn outrun(&self) -> Option<Arc<str>> {
        self.outrun.borrow().clone()
    }

    /// Waits until nothing newer will ever be shown.
    pub(crate) async fn until_outrun(&self) -> Arc<str> {
        let mut outrun = self.outrun.subscribe();
        let stopped = outrun.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        match stopped {
            Some(why) => why,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }

    /// Folds durable events. [`Published::announce`] follows.
    pub(crate) fn apply(&self, events: &[Arc<Event>]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        events.iter().for_each(|event| state.apply(event));
    }

    /// Shows another state, read from the store. [`Published::announce`] follows.
    pub(crate) fn replace(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.folds.forget();
    }

    pub(crate) fn announce(&self, head: Head) {
        let size = head.size;
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        self.size.send_if_modified(|it| std::mem::replace(it, size) != size);
    }

    /// What tells that there may be something to perform, or that a held effect is gone.
    pub(crate) fn waiting(&self, performer: &Performer) -> Arc<Notify> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            waiting.retain(|_, it| Arc::strong_count(it) > 1);
        }
        waiting.entry(performer.clone()).or_default().clone()
    }

    pub(crate) fn wake<'a>(&self, performers: impl IntoIterator<Item = &'a Performer>) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for performer in performers {
            if let Some(notify) = waiting.get(performer) {
                notify.notify_waiters();
            }
        }
    }
}
