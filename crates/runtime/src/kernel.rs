//! The deterministic heart: commands and lease requests in, one durable batch out.
//!
//! A [`Kernel`] holds a working state that runs ahead of what is durable: by the batch that is being written and the
//! one that is being decided. When the store does not take a batch, everything goes back to what is durable, and
//! nobody has been told otherwise.

mod answers;
mod draft;
mod queue;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use shipway_engine as engine;
use shipway_engine::{Command, Context, State};
use shipway_ledger::{Checkpoint, Frontier, SigningKey};
use shipway_model::effect::{EffectKey, Performer};
use shipway_model::event::{Body, Event, Schema, Stream};
use shipway_model::{Name, RolloutId};

pub(crate) use self::draft::Draft;

use self::answers::Answers;
use self::queue::{Queue, Touched};
use crate::entropy::Entropy;
use crate::open::OpenError;
use crate::published::{Head, Published};
use crate::replay::replay;
use crate::runtime::{Condition, Receipt, Submission, SubmitError};
use crate::sharing::{Claim, Granted};
use crate::store::{Batch, Loaded, Store, StoreError, StoreReader, StoredAnswer, StoredHead, UNFINISHED};

/// Effects given at once.
pub const LEASES_MAX: usize = 64;
/// The longest lease.
pub const LEASE_TTL_MAX: Duration = Duration::from_secs(300);

pub(crate) enum Request {
    Submit(Box<Submission>, Option<Condition>),
    /// Where the writer gives the leases.
    Lease(Claim),
}

pub(crate) enum Reply {
    Submit(Result<Accepted, SubmitError>),
    Lease(Result<Granted, SubmitError>),
}

#[derive(Debug, Clone)]
pub(crate) enum Accepted {
    Now(Receipt),
    /// Answered before: its events are the records `first..last`.
    Before {
        first: u64,
        last: u64,
    },
}

pub(crate) struct Kernel {
    tenant: Name,
    signer: SigningKey,
    /// Draws the salts of personal texts.
    entropy: Arc<dyn Entropy>,
    published: Arc<Published>,
    reader: Arc<dyn StoreReader>,
    /// The published state and everything decided since.
    working: State,
    queue: Queue,
    answers: Answers,
    durable: Tip,
    /// On which the next draft builds: durable, or being written.
    sealed: Tip,
    /// Of the newest draft.
    at: Timestamp,
    /// The queue may differ from what the state calls for, after reading from the store.
    resync: bool,
}

/// Where the ledger ends.
#[derive(Debug, Clone, Default)]
struct Tip {
    frontier: Frontier,
    revision: u64,
}

/// A batch that is ready to be written, and what to do when it was or was not.
pub(crate) struct Sealed {
    batch: Batch,
    events: Vec<Arc<Event>>,
    head: Head,
    frontier: Frontier,
    /// What the queue held before it.
    touched: Touched,
}

impl Sealed {
    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Whether texts are deleted with it, which memory must forget too.
    pub(crate) fn erases(&self) -> bool {
        !self.batch.erased.is_empty()
    }
}

impl Kernel {
    /// Reads the store and publishes what it holds.
    pub(crate) fn open(
        store: &mut dyn Store,
        tenant: Name,
        signer: SigningKey,
        entropy: Arc<dyn Entropy>,
        published: Arc<Published>,
    ) -> Result<Self, OpenError> {
        let mut kernel = Self {
            tenant,
            signer,
            entropy,
            published,
            reader: store.reader(),
            working: State::default(),
            queue: Queue::default(),
            answers: Answers::default(),
            durable: Tip::default(),
            sealed: Tip::default(),
            at: Timestamp::UNIX_EPOCH,
            resync: true,
        };
        kernel.catch_up(store)?;
        if store.is_exclusive() {
            kernel.queue.release(&Performer::Server);
        }
        Ok(kernel)
    }

    /// Why nothing can be decided any more: a newer version has written what this one cannot read.
    pub(crate) fn outrun(&self) -> Option<Arc<str>> {
        self.published.outrun()
    }

    /// When something is due without anybody asking.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        [engine::wake_at(&self.working), self.queue.expires_at()].into_iter().flatten().min()
    }

    /// Begins a batch with what is due by `now`.
    pub(crate) fn draft(&mut self, now: Timestamp) -> Draft {
        self.at = self.time_of(now);
        let mut draft = Draft::new(&self.sealed, self.at);
        if draft.size() == 0 {
            let origin = self.signer.verifier().name().to_string();
            let opened = self.record(&mut draft, crate::ACTOR, vec![Body::LedgerOpened { origin }]);
            opened.expect("a ledger's name has a canonical form");
        }
        self.settle(&mut draft);
        if std::mem::take(&mut self.resync) {
            let live: BTreeSet<_> = engine::live_rollouts(&self.working).collect();
            self.sync_queue(self.queue.rollouts().union(&live).copied().collect());
        }
        draft
    }

    /// Does what is asked for. The answer holds once the draft is durable.
    pub(crate) fn answer(&mut self, draft: &mut Draft, request: &Request) -> Reply {
        match request {
            Request::Submit(submission, condition) => {
                Reply::Submit(self.submit(draft, submission, condition.as_ref()))
            }
            Request::Lease(claim) => Reply::Lease(Ok(self.lease(draft.at, claim))),
        }
    }

    /// Ends a batch; the next one builds on it. Nothing when there is nothing to write.
    pub(crate) fn seal(&mut self, mut draft: Draft) -> Option<Sealed> {
        let (changes, touched) = self.queue.take_changes();
        draft.batch.effects = changes;
        if draft.is_empty() {
            return None;
        }
        if !draft.batch.answers.is_empty() {
            draft.batch.forget_answers_before = self.answers.forget_before(draft.at);
        }
        let head = draft.seal(&self.signer, self.published.head());
        let Draft { batch, events, frontier, .. } = draft;
        self.sealed = Tip { frontier: frontier.clone(), revision: batch.revision + 1 };
        Some(Sealed { batch, events, head, frontier, touched })
    }

    /// The batch is durable: shows it to everybody.
    pub(crate) fn commit(&mut self, sealed: Sealed) {
        let Sealed { batch, events, head, frontier, touched } = sealed;
        self.durable = Tip { frontier, revision: batch.revision + 1 };
        self.answers.settle(&batch.answers);
        self.published.apply(&events);
        self.published.announce(head);
        self.published.wake(&self.queue.concerned(&touched));
    }

    /// The batch was not written: goes back to what is durable, also from what was decided on top of it.
    pub(crate) fn abandon(&mut self, sealed: Sealed) {
        let (_, newest) = self.queue.take_changes();
        self.queue.revert(newest);
        self.queue.revert(sealed.touched);
        self.working = self.published.state().clone();
        self.sealed = self.durable.clone();
        self.answers.abandon();
        // A draft that was abandoned may have taken the mark with it.
        self.resync = true;
    }

    /// Has memory forget what was deleted from the store, by [`Kernel::refold`].
    pub(crate) fn forget_erased(&mut self) {
        if let Err(error) = self.refold() {
            // The store has forgotten; this process shows names until it starts again.
            tracing::error!(error = %error, "what was erased stays in memory until the next start");
        }
    }

    /// Folds everything again, so that nothing in memory shows what was erased. What was decided and is not durable is
    /// undone, and nothing may be in flight.
    fn refold(&mut self) -> Result<(), OpenError> {
        let mut state = State::default();
        let size = self.durable.frontier.size();
        replay(&self.reader, Frontier::default(), size, &self.tenant, |events| {
            events.iter().for_each(|event| state.apply(event));
        })?;
        let (_, newest) = self.queue.take_changes();
        self.queue.revert(newest);
        self.published.replace(state.clone());
        self.working = state;
        self.sealed = self.durable.clone();
        self.answers.abandon();
        self.resync = true;
        Ok(())
    }

    /// Takes over what stands in the store beyond what is published. Nothing may be in flight.
    pub(crate) fn catch_up(&mut self, store: &mut dyn Store) -> Result<(), OpenError> {
        let Loaded { head: stored, effects } = store.load()?;
        if stored.checkpoint == UNFINISHED {
            return Err(OpenError::Unfinished);
        }
        let (mut state, mut at) = (self.published.state().clone(), self.at);
        let from = self.durable.frontier.clone();
        // What was folded before an erasure may still name somebody.
        let (is_open, mut erased) = (from.size() > 0, false);
        let frontier = replay(&self.reader, from, stored.size, &self.tenant, |events| {
            events.iter().for_each(|event| state.apply(event));
            erased |= events.iter().any(erases);
            at = events.last().map_or(at, |it| it.at.max(at));
        })?;
        let revision = stored.revision;
        if !stored.frontier.is_empty() {
            let head = agreed_head(&frontier, stored, &self.signer)?;
            self.published.replace(state.clone());
            self.published.announce(head);
        }
        (self.working, self.at) = (state, at);
        self.durable = Tip { frontier, revision };
        self.sealed = self.durable.clone();
        self.queue = Queue::load(effects);
        if store.sharing().is_some() {
            self.queue.forget_leases();
        }
        self.answers = Answers::default();
        self.resync = true;
        if is_open && erased { self.refold() } else { Ok(()) }
    }

    /// The same where the store gives the leases, and for little news: folds what others have appended up to `stored`
    /// onto what is published. Nothing may be in flight.
    ///
    /// What a newer version has written and this one cannot read ends all of it: nothing is taken over from there on,
    /// and everybody is told.
    pub(crate) fn follow(&mut self, stored: StoredHead) -> Result<(), OpenError> {
        let followed = self.fold_news(stored);
        if let Err(error @ OpenError::Unreadable { .. }) = &followed {
            self.published.stop_short(&error.to_string());
            tracing::error!(%error, "this control plane is too old for its database: replace it");
        }
        followed
    }

    fn fold_news(&mut self, stored: StoredHead) -> Result<(), OpenError> {
        if !self.is_behind(&stored) {
            return Ok(());
        }
        let (from, revision) = (self.durable.frontier.clone(), stored.revision);
        let mut events = Vec::new();
        let frontier = replay(&self.reader, from, stored.size, &self.tenant, |it| {
            events.extend(it.iter().cloned().map(Arc::new));
        })?;
        let head = agreed_head(&frontier, stored, &self.signer)?;
        let mut concerned = BTreeSet::new();
        for event in &events {
            self.working.apply(event);
            self.at = self.at.max(event.at);
            concerned.append(&mut self.concerned_by(event));
        }
        self.sync_queue(concerned);
        // Whoever appended the events has stored what they call for.
        let (_, touched) = self.queue.take_changes();
        self.durable = Tip { frontier, revision };
        self.sealed = self.durable.clone();
        self.published.apply(&events);
        self.published.announce(head);
        self.published.wake(&self.queue.concerned(&touched));
        if events.iter().any(|it| erases(it)) { self.refold() } else { Ok(()) }
    }

    /// Whether a batch on top of what is known would be stale. The tree is compared too: a database that has lost what
    /// was acknowledged, by a failover, comes to the same revision with another history.
    pub(crate) fn is_behind(&self, stored: &StoredHead) -> bool {
        let Tip { frontier, revision } = &self.durable;
        let is_known = if stored.frontier.is_empty() {
            frontier.size() == 0
        } else {
            stored.frontier == frontier.to_bytes()
        };
        stored.revision != *revision || !is_known
    }

    /// Takes the store's word for the generations under which effects are held.
    pub(crate) fn know_generations(&mut self, held: &[(EffectKey, u32)]) {
        for (key, generation) in held {
            self.queue.know_generation(*key, *generation);
        }
    }

    /// Wakes those who wait for effects whose leases have ended.
    pub(crate) fn tell_of_expired(&mut self, now: Timestamp) {
        let performers = self.queue.expire(now);
        self.published.wake(&performers);
    }

    fn submit(
        &mut self,
        draft: &mut Draft,
        submission: &Submission,
        condition: Option<&Condition>,
    ) -> Result<Accepted, SubmitError> {
        let Submission { actor, key, command, generation } = submission;
        let holds = |state: &State| condition.is_none_or(|holds| holds(state));
        let Some(key) = key else {
            if !holds(&self.working) {
                return Err(SubmitError::Changed);
            }
            return self.decide(draft, actor, command, *generation).map(Accepted::Now);
        };
        let (key, request) = (answers::scoped_key(actor, key), answers::request_digest(actor, command));
        if let Some(answer) = self.earlier_answer(&key)? {
            return if answer.request == request {
                Ok(Accepted::Before { first: answer.first, last: answer.last })
            } else {
                Err(SubmitError::KeyReused)
            };
        }
        // Only now: a repeat gets its answer, whatever has changed since.
        if !holds(&self.working) {
            return Err(SubmitError::Changed);
        }
        let first = draft.size();
        let receipt = self.decide(draft, actor, command, *generation)?;
        let answer = StoredAnswer { request, first, last: draft.size(), at: draft.at };
        self.answers.add(&key, answer);
        draft.batch.answers.push((key, answer));
        Ok(Accepted::Now(receipt))
    }

    fn earlier_answer(&mut self, key: &str) -> Result<Option<StoredAnswer>, SubmitError> {
        match self.answers.get(key) {
            Some(answer) => Ok(Some(answer)),
            None => self.reader.answer(key).map_err(|error| SubmitError::Unavailable(error.to_string())),
        }
    }

    fn decide(
        &mut self,
        draft: &mut Draft,
        actor: &str,
        command: &Command,
        generation: Option<(EffectKey, u32)>,
    ) -> Result<Receipt, SubmitError> {
        let fence = fence(&self.queue, command, generation)?;
        let decided = engine::decide(&self.working, command, &Context { actor, now: draft.at });
        let bodies = match (fence, decided) {
            // Gone because this very outcome was recorded: that is no error. Anything else comes too late.
            (Fence::Gone, Ok(bodies)) if bodies.is_empty() => bodies,
            (Fence::Gone, _) => return Err(SubmitError::Fenced { current: None }),
            (Fence::Passed, decided) => decided.map_err(SubmitError::Rejected)?,
        };
        let (first, repeated) = (draft.size(), bodies.is_empty());
        self.record(draft, actor, bodies)?;
        self.settle(draft);
        Ok(Receipt { position: draft.size(), events: draft.events_from(first), repeated })
    }

    /// Records all of `bodies` or, when one of them has no canonical form, none.
    fn record(&mut self, draft: &mut Draft, actor: &str, bodies: Vec<Body>) -> Result<(), SubmitError> {
        let (tenant, at) = (&self.tenant, draft.at);
        let event =
            |body| Event { schema: Schema::V1, tenant: tenant.clone(), actor: actor.to_owned(), at, body };
        let (entropy, positions) = (self.entropy.as_ref(), draft.size()..);
        let written: Result<Vec<_>, _> = positions
            .zip(bodies)
            .map(|(position, body)| draft::write(event(body), position, entropy))
            .collect();
        let written = written.map_err(|error| SubmitError::Unrecordable(error.to_string()))?;
        let mut concerned = BTreeSet::new();
        for written in written {
            self.working.apply(&written.event);
            concerned.append(&mut self.concerned_by(&written.event));
            draft.record(written);
        }
        self.sync_queue(concerned);
        Ok(())
    }

    /// The rollouts whose effects an event that was applied may have changed.
    fn concerned_by(&self, event: &Event) -> BTreeSet<RolloutId> {
        match event.body.rollout() {
            Some(rollout) => BTreeSet::from([rollout]),
            // A pause concerns whatever is under way.
            None if event.body.stream() == Stream::Pauses => engine::live_rollouts(&self.working).collect(),
            None => BTreeSet::new(),
        }
    }

    /// Records what follows from what has been recorded, and what is due.
    fn settle(&mut self, draft: &mut Draft) {
        while let Some(bodies) = engine::advance(&mut self.working, draft.at) {
            if let Err(error) = self.record(draft, crate::ACTOR, bodies) {
                // The rollout stays where it is until something else happens to it; the others go on.
                tracing::error!(error = %error, "a rollout's next step cannot be recorded");
            }
        }
    }

    fn sync_queue(&mut self, rollouts: BTreeSet<RolloutId>) {
        for rollout in rollouts {
            self.queue.sync(rollout, engine::effects(&self.working, rollout));
        }
    }

    fn lease(&mut self, now: Timestamp, claim: &Claim) -> Granted {
        let until = now.saturating_add(claim.ttl).expect("a duration of minutes can be added");
        let renewed = claim
            .renew
            .iter()
            .filter(|(key, generation)| self.queue.renew(&claim.performer, *key, *generation, until));
        let renewed = renewed.map(|it| it.0).collect();
        let rows = self.queue.lease(claim, claim.max, now, until);
        let leases = rows.into_iter().map(|it| (it.effect.as_ref().clone(), it.generation));
        Granted { leases: leases.collect(), renewed }
    }

    /// Time in the ledger is whole milliseconds and never runs backwards.
    fn time_of(&self, now: Timestamp) -> Timestamp {
        let rounding = jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Floor);
        now.round(rounding).unwrap_or(now).max(self.at)
    }
}

fn erases(event: &Event) -> bool {
    matches!(event.body, Body::TextsErased { .. })
}

/// Whether who reports holds the effect.
enum Fence {
    /// They do, or the command reports nothing.
    Passed,
    /// There is no such effect (any more).
    Gone,
}

/// The effect that whoever says this must hold, where one must be held.
pub(crate) const fn spoken_for(command: &Command) -> Option<EffectKey> {
    match command {
        Command::Report { key, .. } | Command::Observe { key, .. } | Command::Decide { key, .. } => {
            Some(*key)
        }
        _ => None,
    }
}

fn fence(
    queue: &Queue,
    command: &Command,
    generation: Option<(EffectKey, u32)>,
) -> Result<Fence, SubmitError> {
    let Some(key) = spoken_for(command) else { return Ok(Fence::Passed) };
    match (queue.generation(&key), generation) {
        (None, _) if matches!(command, Command::Report { .. }) => Ok(Fence::Gone),
        (None, _) => Err(SubmitError::Fenced { current: None }),
        (Some(current), Some((held, generation))) if held == key && generation == current && current > 0 => {
            Ok(Fence::Passed)
        }
        (Some(current), _) => Err(SubmitError::Fenced { current: Some(current) }),
    }
}

/// The stored end of the ledger, if everything that was read leads to it.
fn agreed_head(frontier: &Frontier, stored: StoredHead, signer: &SigningKey) -> Result<Head, OpenError> {
    let StoredHead { frontier: bytes, checkpoint, .. } = stored;
    let stored = Frontier::from_bytes(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let signed = Checkpoint::verify(&checkpoint, signer.verifier())
        .map_err(|source| OpenError::Checkpoint { source })?;
    let (size, root) = (frontier.size(), frontier.root());
    if signed.size != size || signed.root != root || stored != *frontier {
        return Err(OpenError::Differs { signed_size: signed.size, signed_root: signed.root, size, root });
    }
    Ok(Head { size, root, checkpoint })
}
