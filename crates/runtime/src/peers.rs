//! Other control planes on the same store, as readers and performers meet them: news, leases, and reading what any of
//! them has acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shipway_ledger::{Frontier, empty_root};
use shipway_model::Digest;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::inbox::Inbox;
use crate::published::Published;
use crate::runtime::SubmitError;
use crate::sharing::{Claim, Granted, News, Shared, Sharing};
use crate::store::{StoreError, StoredHead};
use crate::writer::Written;

/// How long reading waits for what others have written before it gives up.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);

pub(crate) struct Peers {
    shared: Arc<dyn Shared>,
    /// How often the store was asked where the ledger ends.
    rounds: AtomicU64,
    /// The newest round's answer. Held while the store is asked: those who come meanwhile share the next round.
    newest: Mutex<Result<End, StoreError>>,
}

/// How long the ledger in the store is, and over what.
#[derive(Debug, Clone, Copy)]
struct End {
    size: u64,
    root: Digest,
}

impl Peers {
    /// Listens to the others from now on.
    pub(crate) fn meet(
        sharing: &mut dyn Sharing,
        published: &Arc<Published>,
        inbox: &Arc<Inbox<Written>>,
    ) -> Self {
        let (told, moved) = (published.clone(), inbox.clone());
        sharing.watch(Arc::new(move |news| match news {
            News::Moved => moved.moved(),
            News::Expired(performers) => told.wake(&performers),
        }));
        Self {
            shared: sharing.shared(),
            rounds: AtomicU64::new(0),
            newest: Mutex::new(Ok(End { size: 0, root: empty_root() })),
        }
    }

    /// Waits until what is durable now is published.
    pub(crate) async fn catch_up(
        &self,
        published: &Published,
        inbox: &Inbox<Written>,
    ) -> Result<(), StoreError> {
        let caught_up = async {
            if let Some(why) = published.outrun() {
                return Err(StoreError::Outrun(why.to_string()));
            }
            let mut shown = published.subscribe();
            let before = *shown.borrow();
            let End { size, root } = self.end().await?;
            // After a failover without synchronous replication nothing here is to be believed any more.
            if size < before {
                let lost =
                    format!("the store has lost {} events that were shown: start again", before - size);
                return Err(StoreError::Damaged(lost));
            }
            let head = published.head();
            if head.size == size && head.root != root {
                let forked = format!("the store has other events than were shown, of {size}: start again");
                return Err(StoreError::Damaged(forked));
            }
            if *shown.borrow_and_update() < size {
                inbox.moved();
            }
            tokio::select! {
                biased;
                // The sender lives as long as `published`.
                _ = shown.wait_for(|it| *it >= size) => Ok(()),
                why = published.until_outrun() => Err(StoreError::Outrun(why.to_string())),
            }
        };
        let late = || StoreError::Unavailable("the newest events cannot be read in time".to_owned());
        timeout(CATCH_UP_MAX, caught_up).await.unwrap_or_else(|_| Err(late()))
    }

    pub(crate) async fn claim(&self, claim: Claim) -> Result<Granted, SubmitError> {
        let shared = self.shared.clone();
        let granted = blocking(move || shared.lease(&claim)).await;
        granted.map_err(|error| SubmitError::Unavailable(error.to_string()))
    }

    /// The ledger's end at some moment after this was called.
    async fn end(&self) -> Result<End, StoreError> {
        let begun = self.rounds.load(Ordering::SeqCst);
        let mut newest = self.newest.lock().await;
        if self.rounds.load(Ordering::SeqCst) > begun {
            return newest.clone();
        }
        self.rounds.fetch_add(1, Ordering::SeqCst);
        let shared = self.shared.clone();
        *newest = blocking(move || end_of(&shared.head()?)).await;
        newest.clone()
    }
}

fn end_of(head: &StoredHead) -> Result<End, StoreError> {
    if head.frontier.is_empty() {
        return Ok(End { size: 0, root: empty_root() });
    }
    let frontier = Frontier::from_bytes(&head.frontier);
    let frontier = frontier.map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(End { size: head.size, root: frontier.root() })
}

async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    let asked = tokio::task::spawn_blocking(ask);
    asked.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}
