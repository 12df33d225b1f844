//! A writer's lock in object storage, which knows none.
//!
//! It is an object that is only ever replaced on the condition that it is what was read (`If-Match`). Its holder writes it anew
//! every few seconds. Whoever finds it held looks at it for a while: if it changes, its holder lives; if it stays as it is for
//! longer than a holder goes without renewing, the holder is dead, and it is taken over. So no two machines' clocks are compared.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};
use serde::{Deserialize, Serialize};
use shipway_model::Digest;
use shipway_runtime::{Entropy as _, OsEntropy};
use tokio_util::sync::CancellationToken;

use crate::driver::Driver;

/// How quickly things happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two renewals.
    pub(super) renew: Duration,
    /// After the last renewal, its holder is sure of it for so long, and writes nothing later.
    pub(super) sure: Duration,
    /// One that does not change for so long is taken over. A request that the old holder sent when it was still sure has come
    /// to its end by then.
    pub(super) stale: Duration,
    /// Between two looks at somebody else's.
    pub(super) look: Duration,
}

impl Pace {
    pub(super) const USUAL: Self = Self {
        renew: Duration::from_secs(5),
        sure: Duration::from_secs(15),
        stale: Duration::from_secs(30),
        look: Duration::from_millis(500),
    };
}

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    driver: Arc<Driver>,
    held: Arc<Object>,
    stop: CancellationToken,
}

/// Why it was not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// By somebody who lives.
    Held,
    Failed(Error),
}

/// What the object says.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    /// Nobody, when it was let go.
    holder: Option<String>,
    /// Makes each content another one: entity tags are digests of it.
    renewal: u64,
}

#[derive(Debug)]
struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    pace: Pace,
    holder: String,
    /// What was last written, by one at a time.
    written: tokio::sync::Mutex<Written>,
    /// When the newest renewal that succeeded was begun; nothing once the object was found to be another's.
    renewed: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Written {
    version: UpdateVersion,
    renewal: u64,
}

impl Lease {
    /// Blocks while somebody's is looked at.
    pub(super) fn take(
        driver: &Arc<Driver>,
        store: &Arc<dyn ObjectStore>,
        path: Path,
        pace: Pace,
    ) -> Result<Self, NotTaken> {
        let (store, stop) = (store.clone(), CancellationToken::new());
        let held = Arc::new(driver.block(Object::claim(store, path, pace))?);
        let (object, stopped) = (held.clone(), stop.clone());
        driver.spawn(async move {
            let until_next = || stopped.run_until_cancelled(tokio::time::sleep(object.pace.renew));
            // A renewal under way comes to its end: what it has written must be known when the lease is let go.
            while until_next().await.is_some() {
                object.renew().await;
            }
        });
        Ok(Self { driver: driver.clone(), held, stop })
    }

    /// Whether nobody else can have taken it yet.
    pub(super) fn is_sure(&self) -> bool {
        self.held.renewed().is_some_and(|it| it.elapsed() < self.held.pace.sure)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.cancel();
        let held = self.held.clone();
        self.driver.block(async move { held.let_go().await });
    }
}

impl Object {
    async fn claim(store: Arc<dyn ObjectStore>, path: Path, pace: Pace) -> Result<Self, NotTaken> {
        let mut bytes = [0; 32];
        OsEntropy.fill(&mut bytes);
        let holder = Digest::from_bytes(bytes).hex();
        let mut looked_at: Option<(UpdateVersion, Instant)> = None;
        loop {
            let found = match store.get(&path).await {
                Ok(found) => Some(found),
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(NotTaken::Failed(error)),
            };
            let mode = match found {
                None => PutMode::Create,
                Some(found) => {
                    let version = UpdateVersion {
                        e_tag: found.meta.e_tag.clone(),
                        version: found.meta.version.clone(),
                    };
                    let content = found.bytes().await.map_err(NotTaken::Failed)?;
                    // What cannot be read is somebody's too.
                    let is_free =
                        serde_json::from_slice::<Claim>(&content).is_ok_and(|it| it.holder.is_none());
                    let since = match &looked_at {
                        Some((before, since)) if *before == version => *since,
                        Some(_) if !is_free => return Err(NotTaken::Held),
                        _ => Instant::now(),
                    };
                    if !is_free && since.elapsed() < pace.stale {
                        looked_at = Some((version, since));
                        tokio::time::sleep(pace.look).await;
                        continue;
                    }
                    PutMode::Update(version)
                }
            };
            let begun = Instant::now();
            let claim = Claim { holder: Some(holder.clone()), renewal: 0 };
            match put(store.as_ref(), &path, &claim, mode).await {
                Ok(version) => {
                    let written = tokio::sync::Mutex::new(Written { version, renewal: 0 });
                    return Ok(Self { store, path, pace, holder, written, renewed: Mutex::new(Some(begun)) });
                }
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => return Err(NotTaken::Held),
                Err(error) => return Err(NotTaken::Failed(error)),
            }
        }
    }

    async fn renew(&self) {
        let mut written = self.written.lock().await;
        if self.renewed().is_none() {
            return;
        }
        let begun = Instant::now();
        let claim = Claim { holder: Some(self.holder.clone()), renewal: written.renewal + 1 };
        let mode = PutMode::Update(written.version.clone());
        match put(self.store.as_ref(), &self.path, &claim, mode).await {
            Ok(version) => {
                *written = Written { version, renewal: claim.renewal };
                self.set_renewed(Some(begun));
            }
            Err(Error::Precondition { .. } | Error::NotFound { .. }) => self.set_renewed(None),
            // An outage: it is tried again, and meanwhile the time for which the holder is sure runs out.
            Err(_) => {}
        }
    }

    async fn let_go(&self) {
        let written = self.written.lock().await;
        if self.renewed().is_none() {
            return;
        }
        let claim = Claim { holder: None, renewal: written.renewal + 1 };
        // If this fails, whoever comes next looks at it until it is stale.
        let _ = put(self.store.as_ref(), &self.path, &claim, PutMode::Update(written.version.clone())).await;
        self.set_renewed(None);
    }

    fn renewed(&self) -> Option<Instant> {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_renewed(&self, at: Option<Instant>) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

async fn put(
    store: &dyn ObjectStore,
    path: &Path,
    claim: &Claim,
    mode: PutMode,
) -> Result<UpdateVersion, Error> {
    let content = serde_json::to_vec(claim).expect("a claim has string keys");
    let options = PutOptions { mode, ..PutOptions::default() };
    let PutResult { e_tag, version, .. } = store.put_opts(path, PutPayload::from(content), options).await?;
    Ok(UpdateVersion { e_tag, version })
}
