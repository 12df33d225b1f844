//! A batch in the making: events that have been decided, and what will be written for them.

use std::sync::Arc;

use jiff::Timestamp;
use shipway_ledger::{Checkpoint, Frontier, SigningKey, canonical, leaf_hash, to_canonical};
use shipway_model::event::{Body, Event};

use super::Tip;
use crate::entropy::Entropy;
use crate::personal;
use crate::published::Head;
use crate::store::{Batch, Disclosure, NODE_LEVEL_MIN, Node, Record};

pub(crate) struct Draft {
    /// Of every event in it.
    pub(super) at: Timestamp,
    pub(super) events: Vec<Arc<Event>>,
    pub(super) frontier: Frontier,
    pub(super) batch: Batch,
    /// The ledger's size before it.
    base: u64,
}

/// An event whose record is made but that has not been recorded yet.
pub(super) struct Written {
    pub(super) event: Event,
    bytes: Arc<[u8]>,
    disclosures: Vec<Disclosure>,
}

/// Makes the event's record, which will have the number `position`.
pub(super) fn write(event: Event, position: u64, entropy: &dyn Entropy) -> Result<Written, canonical::Error> {
    let (sealed, disclosures) = personal::seal(&event, position, entropy);
    let bytes = to_canonical(sealed.as_ref())?.into();
    Ok(Written { event, bytes, disclosures })
}

impl Draft {
    pub(super) fn new(tip: &Tip, at: Timestamp) -> Self {
        let Tip { frontier, revision } = tip.clone();
        let size = frontier.size();
        let base = if size == 0 { Vec::new() } else { frontier.to_bytes() };
        let batch = Batch { revision, base, ..Batch::default() };
        Self { at, events: Vec::new(), frontier, batch, base: size }
    }

    /// The ledger's size with everything recorded so far.
    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub(super) fn record(&mut self, written: Written) {
        let Written { event, bytes, disclosures } = written;
        self.batch.disclosures.extend(disclosures);
        if let Body::TextsErased { texts, .. } = &event.body {
            self.batch.erased.extend(texts.iter().cloned());
        }
        let leaf = leaf_hash(&bytes);
        let record = Record { position: self.size(), bytes, leaf };
        self.batch.records.push((event.body.stream().to_string(), record));
        let nodes = &mut self.batch.nodes;
        self.frontier.push_with(leaf, |level, index, hash| {
            if level >= NODE_LEVEL_MIN {
                nodes.push(Node { level, index, hash });
            }
        });
        self.events.push(Arc::new(event));
    }

    /// The events of the records from `first` on, which lie in this draft.
    pub(super) fn events_from(&self, first: u64) -> Vec<Arc<Event>> {
        self.events[(first - self.base) as usize..].to_vec()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.batch.effects.is_empty() && self.batch.answers.is_empty()
    }

    /// Signs what the ledger will be after it; `head` stays as it is when there is nothing new in the ledger.
    pub(super) fn seal(&mut self, signer: &SigningKey, head: Head) -> Head {
        let head = if self.events.is_empty() {
            head
        } else {
            let origin = signer.verifier().name().clone();
            let (size, root) = (self.size(), self.frontier.root());
            Head { size, root, checkpoint: Checkpoint { origin, size, root }.sign(signer) }
        };
        self.batch.size = head.size;
        self.batch.frontier = self.frontier.to_bytes();
        self.batch.checkpoint.clone_from(&head.checkpoint);
        head
    }
}
