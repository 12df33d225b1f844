//! Looking before deciding: at a store that others may have written to.

use std::time::{Duration, Instant};

use super::{BATCH_MAX, Writer, refuse, reply};
use crate::inbox::Ask;
use crate::kernel::{Request, spoken_for};
use crate::runtime::SubmitError;

/// Whoever was not alone looks before deciding, until nobody else has written for this long: being wrong costs everything
/// that was decided, and a copy of the state.
const CROWDED_FOR: Duration = Duration::from_secs(5);

impl Writer {
    /// Whether anything that is decided now would be decided in the dark.
    pub(super) fn looks_first(&self) -> bool {
        self.is_unsure || self.is_crowded() || self.kernel.outrun().is_some()
    }

    fn is_crowded(&self) -> bool {
        let now = self.clock.now();
        let ends = |at: jiff::Timestamp| at.checked_add(CROWDED_FOR).is_ok_and(|it| now < it);
        // A clock that was set back meanwhile says nothing of how long ago that was.
        self.others.may_write && self.others.wrote_at.is_some_and(|at| at <= now && ends(at))
    }

    /// Whether only the store can tell what is decided: under which generation an effect is held, where it gives the leases.
    pub(super) fn needs_look(&self, request: &Request) -> bool {
        self.others.may_write && reported(request).is_some()
    }

    /// Looks where the ledger ends, decides there what is asked and due, and writes it. The store is free, and nothing else
    /// is decided.
    pub(super) fn look_and_write(&mut self, mut asks: Vec<Ask>) {
        if let Err(error) = self.look(&mut asks) {
            self.unlock();
            tracing::error!(%error, requests = asks.len(), "nothing can be decided");
            self.refused_at = Some(self.clock.now());
            return refuse(asks, &error);
        }
        let mut open = self.begin();
        asks.into_iter().for_each(|ask| self.answer(&mut open, ask));
        match self.kernel.seal(open.draft) {
            Some(sealed) => self.write(sealed, open.asks),
            None => {
                self.unlock();
                self.kernel.tell_of_expired(self.clock.now());
                reply(open.asks);
            }
        }
    }

    /// Makes sure of the ledger's end. Where it is shared it is locked from then on, and what has come meanwhile is taken too.
    fn look(&mut self, asks: &mut Vec<Ask>) -> Result<(), SubmitError> {
        if let Some(why) = self.kernel.outrun() {
            // The lock is left to those who can use it.
            return Err(SubmitError::Unavailable(why.to_string()));
        }
        let Some(store) = self.store.as_deref_mut() else { unreachable!("the store is free") };
        let Some(sharing) = store.sharing() else {
            self.kernel.catch_up(store).map_err(unavailable)?;
            self.is_unsure = false;
            return Ok(());
        };
        let stored = sharing.lock().map_err(unavailable)?;
        if self.kernel.is_behind(&stored) {
            self.others.wrote_at = Some(self.clock.now());
            self.kernel.follow(stored).map_err(unavailable)?;
        }
        (self.is_unsure, self.others.have_news) = (false, false);
        let more = self.inbox.take(BATCH_MAX.saturating_sub(asks.len()), Some(Instant::now()));
        self.is_stopping |= more.stopping;
        asks.extend(more.asks);
        let reported: Vec<_> = asks.iter().filter_map(|it| reported(&it.request)).collect();
        if !reported.is_empty() {
            let held = sharing.hold(&reported).map_err(unavailable)?;
            self.kernel.know_generations(&held);
        }
        Ok(())
    }

    /// Shows what others have appended, if they may have. Nothing is under way.
    pub(super) fn follow(&mut self) {
        if !std::mem::take(&mut self.others.have_news) || self.kernel.outrun().is_some() {
            return;
        }
        let Some(sharing) = self.store.as_deref_mut().and_then(|it| it.sharing()) else { return };
        let followed = sharing.head().map_err(|error| error.to_string()).and_then(|stored| {
            if self.kernel.is_behind(&stored) {
                self.others.wrote_at = Some(self.clock.now());
            }
            self.kernel.follow(stored).map_err(|error| error.to_string())
        });
        match followed {
            Ok(()) => self.is_unsure = false,
            Err(reason) => tracing::warn!(reason, "what others have written cannot be read"),
        }
    }

    /// Nothing is appended after all.
    pub(super) fn unlock(&mut self) {
        if let Some(sharing) = self.store.as_deref_mut().and_then(|it| it.sharing()) {
            sharing.unlock();
        }
    }
}

/// The effect for which somebody speaks who says to hold it.
fn reported(request: &Request) -> Option<shipway_model::effect::EffectKey> {
    match request {
        Request::Submit(it, _) => spoken_for(&it.command),
        Request::Lease(_) => None,
    }
}

fn unavailable(error: impl std::error::Error) -> SubmitError {
    SubmitError::Unavailable(error.to_string())
}
