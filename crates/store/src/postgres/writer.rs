//! The writing half: the ledger's end is locked, then everything of a batch is sent at once and committed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use shipway_model::effect::EffectKey;
use shipway_runtime::sharing::{Shared, Sharing};
use shipway_runtime::store::{AppendError, Batch, Loaded, Store, StoreError, StoreReader, StoredHead};

use super::fault::Fault;
use super::open::PostgresStore;
use super::session::Session;
use super::watch::{Ear, Tell, watch};
use super::{row, statements};

/// How long it is tried to find out whether a batch was written whose commit was not answered.
const RESOLVE_MAX: Duration = Duration::from_secs(10);
const RESOLVE_PAUSE: Duration = Duration::from_millis(100);

impl Store for PostgresStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let loaded = self.line.call(|session| async move { load(&session).await });
        if loaded.is_err() {
            self.line.hang_up();
        }
        Ok(loaded?)
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let goes_on = std::mem::take(&mut self.goes_on);
        let revision = match self.locked {
            Some(revision) => revision,
            None => self.lock().map_err(|error| AppendError::Unavailable(error.to_string()))?.revision,
        };
        if revision != batch.revision {
            self.unlock();
            return Err(AppendError::Stale);
        }
        self.locked = None;
        let statements = statements::of(batch, &self.id, &self.channel);
        let goes_on = goes_on && statements.are_few();
        let committed = self.line.call(|session| async move {
            let then = || goes_on.then(|| NextLock::ask(session.clone()));
            statements.commit(&session, then).await
        });
        match committed {
            Ok(next) => {
                self.next = next;
                Ok(())
            }
            Err(fault) => {
                self.line.hang_up();
                match fault {
                    Fault::Refused(_) | Fault::Damaged(_) => Err(AppendError::Unavailable(fault.to_string())),
                    Fault::Broken(_) | Fault::Late => self.resolve(batch.revision + 1, &fault),
                }
            }
        }
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.reader.clone()
    }

    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        Some(self)
    }
}

impl PostgresStore {
    /// Finds out whether the batch that led to `revision` was committed before the line broke.
    fn resolve(&mut self, revision: u64, fault: &Fault) -> Result<(), AppendError> {
        let began = Instant::now();
        loop {
            let id = self.id.clone();
            let newest = self.line.call(|session| async move {
                session.client.batch_execute("BEGIN").await?;
                // Behind the session that broke, should it still be about to commit.
                session.row(include_str!("sql/lock_head.sql"), &[]).await?;
                let rows = session.rows(include_str!("sql/find_writer.sql"), &[&id]).await?;
                session.client.batch_execute("ROLLBACK").await?;
                rows.first().map(|it| row::unsigned(it, 0)).transpose()
            });
            match newest {
                Ok(Some(newest)) if newest == revision => return Ok(()),
                Ok(_) => return Err(AppendError::Unavailable(fault.to_string())),
                Err(_) if began.elapsed() < RESOLVE_MAX => {
                    self.line.hang_up();
                    sleep(RESOLVE_PAUSE);
                }
                Err(still) => {
                    self.line.hang_up();
                    return Err(AppendError::Unsure(format!("{fault}; then: {still}")));
                }
            }
        }
    }
}

impl Sharing for PostgresStore {
    fn lock(&mut self) -> Result<StoredHead, StoreError> {
        let head = match self.next.take().filter(|it| self.line.is_in(&it.session)) {
            Some(next) => self.line.wait(&next.granted),
            None => self.line.call(|session| async move { lock(&session).await }),
        };
        match head {
            Ok(head) => {
                self.locked = Some(head.revision);
                Ok(head)
            }
            Err(fault) => {
                self.line.hang_up();
                Err(fault.into())
            }
        }
    }

    fn lock_again(&mut self) {
        self.goes_on = true;
    }

    fn unlock(&mut self) {
        self.goes_on = false;
        let (locked, next) = (self.locked.take(), self.next.take());
        if locked.is_none() && next.is_none() {
            return;
        }
        let ended = self.line.call(|session| async move {
            session.client.batch_execute("ROLLBACK").await?;
            Ok(())
        });
        if ended.is_err() {
            self.line.hang_up();
        }
    }

    fn head(&mut self) -> Result<StoredHead, StoreError> {
        let head = self.line.call(|session| async move {
            row::head(&session.row(include_str!("sql/load_head.sql"), &[]).await?)
        });
        Ok(head?)
    }

    fn hold(&mut self, keys: &[EffectKey]) -> Result<Vec<(EffectKey, u32)>, StoreError> {
        let keys: Vec<_> = keys.iter().map(EffectKey::to_string).collect();
        let held = self.line.call(|session| async move {
            let rows = session.rows(include_str!("sql/hold_effects.sql"), &[&keys]).await?;
            rows.iter().map(|it| Ok((row::key(row::get(it, 0)?)?, row::generation(it, 1)?))).collect()
        });
        if held.is_err() {
            // The transaction is of no use any more.
            self.locked = None;
            self.line.hang_up();
        }
        Ok(held?)
    }

    fn shared(&mut self) -> Arc<dyn Shared> {
        self.leases.clone()
    }

    fn watch(&mut self, tell: Tell) {
        let (target, channel, id) = (self.target.clone(), self.channel.clone(), self.id.clone());
        let ear = Ear { target, channel, id };
        self.line.driver.spawn(watch(ear, tell, self.watching.clone()));
    }
}

/// The lock, asked for before its turn: behind a commit, so that it may be there when the next batch wants it.
pub(super) struct NextLock {
    /// Under which it is given; it is of no use in another.
    session: Arc<Session>,
    granted: Receiver<Result<StoredHead, Fault>>,
}

impl NextLock {
    /// Sends the question, and waits for the answer beside what is going on.
    fn ask(session: Arc<Session>) -> Self {
        let (sender, granted) = sync_channel(1);
        tokio::spawn({
            let session = session.clone();
            async move {
                // Whoever has given it up does not hear it.
                let _ = sender.send(lock(&session).await);
            }
        });
        Self { session, granted }
    }
}

pub(super) async fn load(session: &Session) -> Result<Loaded, Fault> {
    // One snapshot: the head and the effects belong together.
    session.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    let head = row::head(&session.row(include_str!("sql/load_head.sql"), &[]).await?)?;
    let effects = session.rows(include_str!("sql/load_effects.sql"), &[]).await?;
    session.client.batch_execute("COMMIT").await?;
    let effects = effects.iter().map(row::effect).collect::<Result<_, _>>()?;
    Ok(Loaded { head, effects })
}

async fn lock(session: &Session) -> Result<StoredHead, Fault> {
    let lock = session.statement(include_str!("sql/lock_head.sql")).await?;
    // Both on one way there and back.
    let (begun, locked) =
        tokio::join!(session.client.batch_execute("BEGIN"), session.client.query_one(&lock, &[]));
    begun?;
    row::head(&locked?)
}
