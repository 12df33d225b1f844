//! The writing half: everything of a batch is sent at once and committed, under the lock of the ledger's end, which is taken
//! before or with it.

use std::sync::Arc;
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
        let locked = self.locked.take();
        // Where there is no line nothing was sent, and nothing needs to be found out.
        let session = self.line.session().map_err(|fault| AppendError::Unavailable(fault.to_string()))?;
        let has_begun = in_its_session(locked.as_ref(), &session).map_err(|_| AppendError::Stale)?;
        drop(locked);
        let statements = statements::of(batch, &self.id, &self.channel);
        let committed =
            self.line.call_in(session, |session| async move { statements.commit(&session, has_begun).await });
        match committed {
            Ok(()) => Ok(()),
            Err(fault) if fault.is_stale() => Err(AppendError::Stale),
            Err(fault) => {
                self.line.hang_up();
                match fault {
                    Fault::Refused(_) | Fault::Damaged(_) | Fault::LockLost => {
                        Err(AppendError::Unavailable(fault.to_string()))
                    }
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
    /// Finds out whether the batch that led to `revision` was committed before the line broke. If not, it never will be.
    fn resolve(&mut self, revision: u64, fault: &Fault) -> Result<(), AppendError> {
        let began = Instant::now();
        loop {
            let id = self.id.clone();
            let was_written = self.line.call(move |session| async move {
                session.client.batch_execute("BEGIN").await?;
                // Behind the session that broke, should it be about to commit.
                let head = row::head(&session.row(include_str!("sql/lock_head.sql"), &[]).await?)?;
                let rows = session.rows(include_str!("sql/find_writer.sql"), &[&id]).await?;
                let newest = rows.first().map(|it| row::unsigned(it, 0)).transpose()?;
                if newest != Some(revision) && head.revision < revision {
                    // It may still be on its way: from here on it comes too late.
                    session.execute(include_str!("sql/pass_revision.sql"), &[]).await?;
                }
                session.client.batch_execute("COMMIT").await?;
                Ok(newest == Some(revision))
            });
            match was_written {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(AppendError::Unavailable(fault.to_string())),
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
        let locked = self.line.call(|session| async move { Ok((lock(&session).await?, session)) });
        match locked {
            Ok((head, session)) => {
                self.locked = Some(session);
                Ok(head)
            }
            Err(fault) => {
                self.line.hang_up();
                Err(fault.into())
            }
        }
    }

    fn unlock(&mut self) {
        if self.locked.take().is_none() {
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
        let locked = self.locked.clone();
        let held = self.line.call(|session| async move {
            in_its_session(locked.as_ref(), &session)?;
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
        self.driver.spawn(watch(ear, tell, self.watching.clone()));
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

/// Whether a transaction with the lock is open in this session. None of it may be done in another one, which was made when
/// the first broke.
fn in_its_session(locked: Option<&Arc<Session>>, session: &Arc<Session>) -> Result<bool, Fault> {
    match locked {
        None => Ok(false),
        Some(it) if Arc::ptr_eq(it, session) => Ok(true),
        Some(_) => Err(Fault::LockLost),
    }
}

async fn lock(session: &Session) -> Result<StoredHead, Fault> {
    let lock = session.statement(include_str!("sql/lock_head.sql")).await?;
    // Both on one way there and back.
    let (begun, locked) =
        tokio::join!(session.client.batch_execute("BEGIN"), session.client.query_one(&lock, &[]));
    begun?;
    row::head(&locked?)
}
