//! Asking gates: the facts from the ledger and from the documents beside it, the answer from whoever knows the gates.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use jiff::{Timestamp, TimestampRound, Unit};
use shipway_engine::gate::{self, Outline};
use shipway_engine::{Rejection, State};
use shipway_model::evidence::Normal;
use shipway_model::gate::facts::{Content, Facts};
use shipway_model::gate::{Decision, Requirement};
use shipway_model::release::Document;
use shipway_model::resource::Policy;
use shipway_model::{Digest, Name};
use tokio::io::AsyncReadExt;

use crate::blob::{BlobStore, PutError};
use crate::config::{DocumentReader, GateAsker, ToolReader};

pub(crate) mod backtest;
mod driver;
pub(crate) mod erasure;
pub(crate) mod first;
mod tools;
pub(crate) mod watch;

pub(crate) use driver::GateDriver;
pub use tools::{Seen, Tools};

/// Knows the documents and whoever asks the gates.
pub(crate) struct Gates {
    pub(crate) blobs: Arc<BlobStore>,
    pub(crate) ask: GateAsker,
    pub(crate) read_document: DocumentReader,
    pub(crate) look_at_tools: ToolReader,
}

/// Facts of an earlier decision.
pub(crate) enum Kept {
    Whole(Box<Facts>),
    /// Something of them was deleted since.
    Lost,
}

/// Normal forms that are held at once.
const NORMALS_MAX: usize = 1_000;

/// Why gates cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Rejected(Rejection),
    /// What was attached is gone, so nothing can be said of it.
    #[error("{what} {digest} is not there any more")]
    Missing { what: &'static str, digest: Digest },
    #[error("{what} {digest} cannot be understood")]
    Damaged { what: &'static str, digest: Digest, source: serde_json::Error },
    #[error("what is kept beside the ledger cannot be read")]
    Unreadable(#[from] io::Error),
    #[error("the facts cannot be kept")]
    Unwritable(#[from] PutError),
}

impl Fault {
    /// Whether asking again may help by itself.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::Unwritable(_))
    }
}

impl Gates {
    /// Puts into the facts what only the tools outside know, as far as any gate asks for it: from then on it is kept with
    /// them, and whoever decides again decides on the same.
    pub(crate) async fn look_up(&self, outline: &mut Outline, tools: Tools) {
        if !tools.is_empty() {
            let seen = (self.look_at_tools)(tools.about(outline)).await;
            seen.put(&mut outline.facts.surroundings);
        }
    }

    /// The normal form of an attached document.
    pub(crate) async fn normal(&self, digest: &Digest) -> Result<Normal, Fault> {
        self.read("the normal form", digest).await
    }

    /// The facts with what every document says.
    pub(crate) async fn fill(&self, outline: &Outline) -> Result<Facts, Fault> {
        // Each is handed on where it is needed last: normal forms may be large.
        let mut normals: HashMap<Digest, (Normal, usize)> = HashMap::new();
        for digest in outline.normals.values() {
            match normals.get_mut(digest) {
                Some((_, n_uses)) => *n_uses += 1,
                None => drop(normals.insert(*digest, (self.read("the normal form", digest).await?, 1))),
            }
        }
        let hand_on = |digest: &Digest| {
            let (normal, n_uses) = normals.get_mut(digest)?;
            *n_uses = n_uses.saturating_sub(1);
            match n_uses {
                0 => normals.remove(digest).map(|it| it.0),
                _ => Some(normal.clone()),
            }
        };
        let mut contents: HashMap<Digest, Content> = HashMap::new();
        for (kind, digest) in &outline.documents {
            let bytes = self.bytes("the document", digest).await?;
            contents.insert(*digest, (self.read_document)(*kind, &bytes));
        }
        let content = |_: Document, digest: &Digest| contents.get(digest).cloned();
        Ok(outline.filled(hand_on, content))
    }

    /// What the policies ask of the facts. Off the threads that answer requests: Rego may take its time.
    pub(crate) async fn ask(&self, policies: BTreeMap<Name, Policy>, facts: Facts) -> Vec<Requirement> {
        let ask = self.ask;
        let asking = tokio::task::spawn_blocking(move || ask(&policies, &facts));
        asking.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
    }

    /// Facts as they were kept.
    pub(crate) async fn kept(&self, digest: &Digest) -> Result<Outline, Fault> {
        self.read("the facts document", digest).await
    }

    /// The same, at once and here: for whoever asks about many facts on a thread of their own.
    pub(crate) fn ask_here(&self, policies: &BTreeMap<Name, Policy>, facts: &Facts) -> Vec<Requirement> {
        (self.ask)(policies, facts)
    }

    /// Facts as they were kept, with what the documents say. Blocks. `normals` holds what was read before: documents are
    /// shared by many decisions.
    pub(crate) fn facts_kept(
        &self,
        digest: &Digest,
        normals: &mut HashMap<Digest, Normal>,
    ) -> Result<Kept, Fault> {
        let Some(outline) = self.read_here::<Outline>("the facts document", digest)? else {
            return Ok(Kept::Lost);
        };
        if normals.len() >= NORMALS_MAX {
            normals.clear();
        }
        for digest in outline.normals.values() {
            if !normals.contains_key(digest) {
                let Some(normal) = self.read_here("the normal form", digest)? else { return Ok(Kept::Lost) };
                normals.insert(*digest, normal);
            }
        }
        let mut contents: HashMap<Digest, Content> = HashMap::new();
        for (kind, digest) in &outline.documents {
            let Some(bytes) = self.blobs.read_here(digest)? else { return Ok(Kept::Lost) };
            contents.insert(*digest, (self.read_document)(*kind, &bytes));
        }
        let content = |_: Document, digest: &Digest| contents.get(digest).cloned();
        Ok(Kept::Whole(Box::new(outline.filled(|digest| normals.get(digest).cloned(), content))))
    }

    fn read_here<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        digest: &Digest,
    ) -> Result<Option<T>, Fault> {
        let Some(bytes) = self.blobs.read_here(digest)? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|source| Fault::Damaged { what, digest: *digest, source })
    }

    /// Keeps the facts, so that anyone can decide on them again.
    async fn keep(&self, outline: &Outline) -> Result<(), Fault> {
        let digest = outline.digest();
        if self.blobs.size(&digest).is_some() {
            return Ok(());
        }
        let json = serde_json::to_vec(outline).expect("facts have string keys and finite numbers");
        let bytes = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(json.into())]);
        Ok(self.blobs.put(&digest, bytes, crate::config::BODY_SILENCE_MAX).await?)
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        digest: &Digest,
    ) -> Result<T, Fault> {
        let bytes = self.bytes(what, digest).await?;
        serde_json::from_slice(&bytes).map_err(|source| Fault::Damaged { what, digest: *digest, source })
    }

    async fn bytes(&self, what: &'static str, digest: &Digest) -> Result<Vec<u8>, Fault> {
        let (mut file, size) =
            self.blobs.get(digest).await?.ok_or(Fault::Missing { what, digest: *digest })?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    /// What gates say about an outline, as it is recorded. The facts are kept first.
    async fn decide(
        &self,
        outline: &Outline,
        digests: &BTreeMap<Name, Digest>,
        policies: BTreeMap<Name, Policy>,
    ) -> Result<Decision, Fault> {
        self.keep(outline).await?;
        let requirements = self.ask(policies, self.fill(outline).await?).await;
        let facts = &outline.facts;
        Ok(Decision {
            release: facts.release.clone(),
            environment: facts.environment.clone(),
            policies: digests.clone(),
            facts: outline.digest(),
            at: facts.at,
            passes: passes(&requirements),
            requirements,
        })
    }
}

/// No requirement at all passes nothing.
pub(crate) fn passes(requirements: &[Requirement]) -> bool {
    !requirements.is_empty() && requirements.iter().all(|it| it.status.passes())
}

/// The policies of these revisions.
pub(crate) fn policies(state: &State, digests: &BTreeMap<Name, Digest>) -> BTreeMap<Name, Policy> {
    let known =
        digests.iter().filter_map(|(name, it)| Some((name.clone(), gate::policy(state, it)?.clone())));
    known.collect()
}

/// Facts are about whole milliseconds, as the ledger's times are.
pub(crate) fn instant(now: Timestamp) -> Timestamp {
    let rounding = TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Floor);
    now.round(rounding).unwrap_or(now)
}
