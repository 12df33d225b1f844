//! The handle that everything above works with: submit, lease, read, prove.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use shipway_engine::{Command, Rejection, State};
use shipway_ledger::{SigningKey, VerifierKey};
use shipway_model::effect::{EffectKey, Lease, Performer};
use shipway_model::event::{Event, Stream, TextRef};
use shipway_model::{
    AccountId, AlertId, DecisionId, Digest, EvidenceId, ExceptionId, GrantId, LateId, Millis, Name,
    QuarantineId, ReleaseId, RolloutId, TokenId, WaiverId,
};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::as_of::{AsOfError, Past, StateRef};
use crate::clock::Clock;
use crate::entropy::{Entropy, draw_secret, draw_uuid};
use crate::inbox::{self, Inbox, Refusal};
use crate::kernel::{Accepted, Kernel, LEASE_TTL_MAX, LEASES_MAX, Reply, Request};
use crate::open::OpenError;
use crate::peers::Peers;
use crate::proof::{self, ProofError};
use crate::published::{Head, Published};
use crate::sharing::{Claim, Granted};
use crate::store::{AppendError, Disclosure, Record, Store, StoreError, StoreReader};
use crate::writer::{self, Written};
use crate::{erasure, personal};

/// Records read at once.
pub const RECORDS_MAX: usize = 1000;
/// The longest wait for something to perform.
const LEASE_WAIT_MAX: Duration = Duration::from_secs(60);

/// What a runtime needs beside its store.
pub struct Config {
    pub tenant: Name,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Signs the ledger's checkpoints. Its name is the ledger's origin.
    pub signer: SigningKey,
}

/// A command and who gives it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The name on the token, `agent:HOST`, or `shipway` itself.
    pub actor: String,
    /// Repeats of the actor's with the same key get the first answer, for 24 hours.
    pub key: Option<String>,
    pub command: Command,
    /// Of a `Report` or `Observe`, and required there: the effect and the generation under which it is held.
    pub generation: Option<(EffectKey, u32)>,
}

/// What must be so for a command to be meant.
pub type Condition = Box<dyn Fn(&State) -> bool + Send>;

/// What became of a command. It is durable.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The ledger's size after the command and what followed from it.
    pub position: u64,
    /// What happened: the command's own events first, then what followed at once.
    pub events: Vec<Arc<Event>>,
    /// It had been done before; nothing has happened now.
    pub repeated: bool,
}

/// Why nothing has happened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    #[error("{0}")]
    Rejected(Rejection),
    /// The effect is not wanted any more (`current` is nothing), or somebody else holds it by now.
    #[error("the effect is not held under this generation")]
    Fenced { current: Option<u32> },
    /// Its condition does not hold.
    #[error("it was meant for another state than there is")]
    Changed,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Too many requests wait: try again shortly.
    #[error("too many requests are waiting to be written")]
    Overloaded,
    /// The ledger cannot be written now, for example because the disk is full: try again later.
    #[error("the ledger cannot be written: {0}")]
    Unavailable(String),
    /// The line to the store broke while it was writing: whether anything has happened shows when it answers again.
    /// Repeat it, under the same key.
    #[error("it is not known whether this was written: {0}")]
    Unsure(String),
    /// What would happen has no form in the ledger, for example because it is too large.
    #[error("the command cannot be recorded: {0}")]
    Unrecordable(String),
}

/// Asks for effects to perform.
#[derive(Debug, Clone, Default)]
pub struct LeaseRequest {
    /// At most 64.
    pub max: usize,
    /// How long to wait until there is something, at most a minute.
    pub wait: Duration,
    /// How long leases, new and renewed, are to hold, at most 5 minutes.
    pub ttl: Duration,
    /// Which of the performer's processes asks, if it can tell. What it holds and does not ask to keep, it has not
    /// heard of: it is given that again, under the same generation.
    pub holder: Option<Arc<str>>,
    /// What is held, under which generation, and should be kept.
    pub renew: Vec<(EffectKey, u32)>,
}

/// What was leased. It is durable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leased {
    pub leases: Vec<Lease>,
    /// Of those to be kept, the ones that are still held; the others are lost.
    pub renewed: Vec<EffectKey>,
}

/// One ledger, open for business. Clones share it.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    inbox: Arc<Inbox<Written>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    published: Arc<Published>,
    reader: Arc<dyn StoreReader>,
    /// Where others write to the store too.
    peers: Option<Peers>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    key: VerifierKey,
    tenant: Name,
}

/// With the last handle gone, the writer ends by itself.
impl Drop for Inner {
    fn drop(&mut self) {
        self.inbox.stop();
    }
}

impl Runtime {
    /// Reads the whole ledger, checks every record against its hash and the whole against the signed checkpoint, and
    /// starts the writer. Blocks meanwhile.
    pub fn open(mut store: Box<dyn Store>, config: Config) -> Result<Self, OpenError> {
        let Config { tenant, clock, entropy, signer } = config;
        let (published, reader, key) =
            (Arc::new(Published::new()), store.reader(), signer.verifier().clone());
        let mut kernel =
            Kernel::open(store.as_mut(), tenant.clone(), signer, entropy.clone(), published.clone())?;
        write_what_is_due(&mut kernel, store.as_mut(), clock.now())?;
        let inbox = Arc::new(Inbox::new());
        let peers = store.sharing().map(|it| Peers::meet(it, &published, &inbox));
        let writer = Mutex::new(Some(writer::start(kernel, store, clock.clone(), inbox.clone())));
        let inner = Inner { inbox, writer, published, reader, peers, clock, entropy, key, tenant };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether other control planes may be at work on the same store.
    pub fn is_shared(&self) -> bool {
        self.inner.peers.is_some()
    }

    /// Waits until everything is shown that was durable when this was called, also what others wrote.
    ///
    /// # Errors
    /// When the store cannot be asked in time, or holds what a newer version has written and this one cannot read.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        match &self.inner.peers {
            Some(peers) => peers.catch_up(&self.inner.published, &self.inner.inbox).await,
            None => Ok(()),
        }
    }

    /// Decides the command and answers once everything that follows is durable. The decision stands even if the
    /// caller stops waiting.
    pub async fn submit(&self, submission: Submission) -> Result<Receipt, SubmitError> {
        self.submit_request(Request::Submit(Box::new(submission), None)).await
    }

    /// The same, if `condition` holds for the state on which it is decided. A repeat under its key gets the first answer
    /// whether or not it still holds.
    pub async fn submit_if(
        &self,
        submission: Submission,
        condition: Condition,
    ) -> Result<Receipt, SubmitError> {
        self.submit_request(Request::Submit(Box::new(submission), Some(condition))).await
    }

    async fn submit_request(&self, request: Request) -> Result<Receipt, SubmitError> {
        let Reply::Submit(reply) = self.ask(request).await? else {
            unreachable!("the kernel answers each request in kind");
        };
        match reply? {
            Accepted::Now(receipt) => Ok(receipt),
            Accepted::Before { first, last } => {
                let events = self.events(first, last).await;
                let events = events.map_err(|error| SubmitError::Unavailable(error.to_string()))?;
                Ok(Receipt { position: last, events, repeated: true })
            }
        }
    }

    /// Hands out effects for `performer` and keeps those it holds. Waits for something to perform for as long as
    /// asked, keeps what is held meanwhile, and ends early when something held is lost.
    pub async fn lease(&self, performer: Performer, request: LeaseRequest) -> Result<Leased, SubmitError> {
        let LeaseRequest { max, wait, ttl, holder, renew } = request;
        let (max, ttl) = (max.min(LEASES_MAX), ttl.min(LEASE_TTL_MAX));
        let deadline = Instant::now() + wait.min(LEASE_WAIT_MAX);
        let claim = Claim { performer: performer.clone(), holder, max, ttl, renew };
        let waiting = self.inner.published.waiting(&performer);
        loop {
            let mut notified = std::pin::pin!(waiting.notified());
            // From here on nothing is missed, also between the answer and the wait.
            notified.as_mut().enable();
            let granted = self.claim(claim.clone()).await?;
            let lost = granted.renewed.len() < claim.renew.len();
            if lost || !granted.leases.is_empty() || Instant::now() >= deadline {
                return Ok(leased(granted, ttl));
            }
            let renew_at = if claim.renew.is_empty() { deadline } else { Instant::now() + ttl / 3 };
            // Whether told or not, the next step is to ask again.
            let _ = timeout_at(deadline.min(renew_at), notified).await;
        }
    }

    /// Committed state only. Hold it briefly: the writer waits for it to be let go.
    pub fn state(&self) -> StateRef<'_> {
        StateRef::Now(self.inner.published.state())
    }

    /// What was known at `at`: the state after the last event that was recorded by then.
    ///
    /// # Errors
    /// [`AsOfError::Future`] when that instant is not over, since events may still be recorded in it.
    pub async fn as_of(&self, at: Timestamp) -> Result<Past, AsOfError> {
        let now = self.inner.clock.now();
        if at > now {
            return Err(AsOfError::Future { at, now });
        }
        let (inner, size) = (self.inner.clone(), self.head().size);
        let turn = inner.published.folds.turn().acquire_owned().await.expect("the semaphore is never closed");
        // The turn ends with the fold, also when nobody waits for it any more.
        let fold = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            inner.published.folds.fold(&inner.reader, &inner.tenant, at, size)
        });
        let past = fold.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?;
        Ok(past)
    }

    pub fn head(&self) -> Head {
        self.inner.published.head()
    }

    /// The committed ledger's size, as it grows.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.published.subscribe()
    }

    /// Waits until the ledger holds what a newer version has written and this one cannot read: nothing newer is shown from
    /// then on.
    pub async fn until_outrun(&self) {
        self.inner.published.until_outrun().await;
    }

    /// What checks this ledger's checkpoints.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.inner.key
    }

    pub fn tenant(&self) -> &Name {
        &self.inner.tenant
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// At most `limit` records, never more than [`RECORDS_MAX`], from position `from` on.
    pub async fn records(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.read(move |reader| reader.read(from, limit.min(RECORDS_MAX))).await
    }

    /// At most `limit` records of one stream, never more than [`RECORDS_MAX`], from ledger position `from` on.
    pub async fn stream(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let stream = stream.to_string();
        self.read(move |reader| reader.read_stream(&stream, from, limit.min(RECORDS_MAX))).await
    }

    /// The texts that are kept beside these records.
    pub async fn disclosures(&self, records: &[Record]) -> Result<Vec<Disclosure>, StoreError> {
        // Cheap: the bytes are shared.
        let records = records.to_vec();
        self.read(move |reader| personal::disclosures(reader, &records)).await
    }

    /// The records' events, with their personal texts where these are still kept.
    pub async fn open_records(&self, records: &[Record]) -> Result<Vec<Event>, StoreError> {
        let disclosures = self.disclosures(records).await?;
        records.iter().map(|record| personal::open(record, &disclosures)).collect()
    }

    /// What is kept about `subject`: what an erasure would delete.
    pub async fn texts_about(&self, subject: &str) -> Result<Vec<TextRef>, StoreError> {
        let subject = subject.to_owned();
        self.read(move |reader| erasure::find(reader, &subject)).await
    }

    /// The proof that record `position` is in the ledger of the first `size` records.
    pub async fn inclusion_proof(&self, position: u64, size: u64) -> Result<Vec<Digest>, ProofError> {
        self.read(move |reader| proof::inclusion(reader, position, size)).await
    }

    /// The proof that the ledger of `size2` records begins with that of `size1`.
    pub async fn consistency_proof(&self, size1: u64, size2: u64) -> Result<Vec<Digest>, ProofError> {
        self.read(move |reader| proof::consistency(reader, size1, size2)).await
    }

    pub fn new_rollout_id(&self) -> RolloutId {
        RolloutId::from_uuid(self.draw_uuid())
    }

    pub fn new_release_id(&self) -> ReleaseId {
        ReleaseId::from_uuid(self.draw_uuid())
    }

    pub fn new_evidence_id(&self) -> EvidenceId {
        EvidenceId::from_uuid(self.draw_uuid())
    }

    pub fn new_alert_id(&self) -> AlertId {
        AlertId::from_uuid(self.draw_uuid())
    }

    pub fn new_late_id(&self) -> LateId {
        LateId::from_uuid(self.draw_uuid())
    }

    pub fn new_waiver_id(&self) -> WaiverId {
        WaiverId::from_uuid(self.draw_uuid())
    }

    pub fn new_quarantine_id(&self) -> QuarantineId {
        QuarantineId::from_uuid(self.draw_uuid())
    }

    pub fn new_decision_id(&self) -> DecisionId {
        DecisionId::from_uuid(self.draw_uuid())
    }

    pub fn new_exception_id(&self) -> ExceptionId {
        ExceptionId::from_uuid(self.draw_uuid())
    }

    pub fn new_account_id(&self) -> AccountId {
        AccountId::from_uuid(self.draw_uuid())
    }

    pub fn new_grant_id(&self) -> GrantId {
        GrantId::from_uuid(self.draw_uuid())
    }

    pub fn new_token_id(&self) -> TokenId {
        TokenId::from_uuid(self.draw_uuid())
    }

    /// Tells one process of a performer's from others, in [`LeaseRequest::holder`].
    pub fn new_holder(&self) -> Arc<str> {
        self.draw_uuid().simple().to_string().into()
    }

    /// Tells one signed word from another.
    pub fn new_nonce(&self) -> String {
        self.draw_uuid().simple().to_string()
    }

    /// A secret of 256 random bits, as text.
    pub fn random_secret(&self) -> String {
        draw_secret(self.inner.entropy.as_ref())
    }

    /// Writes and answers what was asked before, closes the store and ends. Reading still works.
    pub async fn shutdown(self) {
        let inner = self.inner;
        let join = move || {
            let writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
            inner.inbox.stop();
            if writer.is_some_and(|it| it.join().is_err()) {
                tracing::error!("the writer ended by a panic");
            }
        };
        tokio::task::spawn_blocking(join).await.expect("waiting for the writer does not panic");
    }

    async fn claim(&self, claim: Claim) -> Result<Granted, SubmitError> {
        // Whoever cannot report must not hold anything either.
        if let Some(why) = self.inner.published.outrun() {
            return Err(SubmitError::Unavailable(why.to_string()));
        }
        if let Some(peers) = &self.inner.peers {
            return peers.claim(claim).await;
        }
        let Reply::Lease(granted) = self.ask(Request::Lease(claim)).await? else {
            unreachable!("the kernel answers each request in kind");
        };
        granted
    }

    fn draw_uuid(&self) -> uuid::Uuid {
        draw_uuid(self.inner.entropy.as_ref(), self.inner.clock.now())
    }

    async fn ask(&self, request: Request) -> Result<Reply, SubmitError> {
        let (sender, reply) = oneshot::channel();
        let ended = || SubmitError::Unavailable("the control plane is shutting down".to_owned());
        self.inner.inbox.ask(inbox::Ask { request, reply: sender }).map_err(|refusal| match refusal {
            Refusal::Full => SubmitError::Overloaded,
            Refusal::Closed => ended(),
        })?;
        reply.await.map_err(|_| ended())
    }

    async fn events(&self, first: u64, last: u64) -> Result<Vec<Arc<Event>>, StoreError> {
        let count = usize::try_from(last - first).unwrap_or(usize::MAX);
        let records = self.read(move |reader| reader.read(first, count)).await?;
        Ok(self.open_records(&records).await?.into_iter().map(Arc::new).collect())
    }

    /// Runs a blocking read beside the async ones.
    async fn read<T, E>(
        &self,
        read: impl FnOnce(&dyn StoreReader) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let reader = self.inner.reader.clone();
        let read = tokio::task::spawn_blocking(move || read(reader.as_ref()));
        read.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
    }
}

/// Opens a fresh ledger, and records what has become due meanwhile.
pub(crate) fn write_what_is_due(
    kernel: &mut Kernel,
    store: &mut dyn Store,
    now: Timestamp,
) -> Result<(), OpenError> {
    loop {
        let draft = kernel.draft(now);
        let Some(sealed) = kernel.seal(draft) else { return Ok(()) };
        match store.append(sealed.batch()) {
            Ok(()) => {
                kernel.commit(sealed);
                return Ok(());
            }
            // Another control plane was opening it too.
            Err(AppendError::Stale) => {
                kernel.abandon(sealed);
                kernel.catch_up(store)?;
            }
            Err(error) => return Err(OpenError::Unwritable(error)),
        }
    }
}

pub(crate) fn leased(granted: Granted, ttl: Duration) -> Leased {
    let expires_in = Millis(ttl.as_millis() as u64);
    let leases = granted.leases.into_iter();
    let leases = leases.map(|(effect, generation)| Lease { effect, generation, expires_in });
    Leased { leases: leases.collect(), renewed: granted.renewed }
}
